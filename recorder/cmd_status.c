/* rewick status: the health of a running recorder. */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/options.h"
#include "engine/base/time_text.h"
#include "recorder/capture_status.h"
#include "recorder/recorder_commands.h"
#include "recorder/status_server.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

/* "3.2 s ago" */
static const char *ago(char text[32], const json_t *object, const char *name, int64_t now_ns)
{
    int64_t time_ns;
    const char *time = text_of(object, name);
    if (*time == '\0' || time_parse_user(&time_ns, time, now_ns) != ERR_OK)
        return "never";
    int64_t tenths = now_ns > time_ns ? (now_ns - time_ns) / (NS_PER_S / 10) : 0;
    if (tenths < 600)
        snprintf(text, 32, "%lld.%lld s ago", (long long)(tenths / 10), (long long)(tenths % 10));
    else
        snprintf(text, 32, "%lld min ago", (long long)(tenths / 600));
    return text;
}

/* "12.3 ms" */
static void print_ms(const char *before, long long ns)
{
    printf("%s%s%lld.%lld ms", before, ns < 0 ? "-" : "", llabs(ns) / NS_PER_MS,
           llabs(ns) / (NS_PER_MS / 10) % 10);
}

/* Times of the last minute, and the clock. */
static void print_latency(const json_t *report)
{
    const json_t *latency = json_object_get(report, "latency");
    const json_t *offset = json_object_get(report, "clock_offset_ns");
    if (json_is_object(latency)) {
        print_ms("; latency p50 ", number_of(latency, "p50_ns"));
        print_ms(", p99 ", number_of(latency, "p99_ns"));
    }
    if (json_is_integer(offset))
        print_ms(", clock offset ", json_integer_value(offset));
}

/* What the records say: the figures, then the score and what it comes from. */
static void print_figures(const json_t *report)
{
    if (!json_is_object(report))
        return;
    printf("    %lld frames/min", number_of(report, "frames_per_min"));
    if (number_of(report, "usual_per_min") > 0)
        printf(", usually %lld", number_of(report, "usual_per_min"));
    print_latency(report);
    printf("; in 10 min: reconnects %lld, failed attempts %lld, malformed %lld, dropped %lld, "
           "missing %lld\n",
           number_of(report, "reconnects"), number_of(report, "errors"),
           number_of(report, "malformed"), number_of(report, "dropped"),
           number_of(report, "missing"));
}

/* `said`: what stands on the line already. */
static void print_score(const json_t *object, const char *said)
{
    const char *why = text_of(json_object_get(object, "report"), "why");
    bool more = *why && strcmp(why, said) != 0;
    printf("; score %lld%s%s\n", number_of(object, "score"), more ? ": " : "", more ? why : "");
}

static void print_connections(const json_t *venue, int64_t now_ns)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(venue, "connections"), i, item)
    {
        char data[32];
        printf(
            "    connection %-6lld %-9s %-9s %lld of %lld confirmed%s, %lld frames/min, last data "
            "%s",
            number_of(item, "connection"), text_of(item, "health"),
            !json_is_true(json_object_get(item, "open"))     ? "closed"
            : json_is_true(json_object_get(item, "settled")) ? "open"
                                                             : "settling",
            number_of(item, "confirmed"), number_of(item, "wanted"),
            number_of(item, "refused") > 0 ? " (some refused)" : "",
            number_of(item, "frames_per_min"), ago(data, item, "last_data", now_ns));
        print_latency(json_object_get(item, "report"));
        print_score(item, "");
    }
}

static void print_venue(const json_t *venue, int64_t now_ns)
{
    char data[32];
    const json_t *repair = json_object_get(venue, "repair");
    const char *why = text_of(venue, "why");
    printf("%-18s %-9s %12lld frames %12lld trades  last data %-12s  reconnects %lld%s%s",
           text_of(venue, "venue"), text_of(venue, "health"), number_of(venue, "frames"),
           number_of(venue, "trades"), ago(data, venue, "last_data", now_ns),
           number_of(venue, "reconnects"), *why ? "  " : "", why);
    print_score(venue, why);
    print_figures(json_object_get(venue, "report"));
    if (number_of(repair, "holes") > 0)
        printf("    %lld holes: %lld open, %lld trades fetched, %lld not repaired, %lld possibly "
               "incomplete\n",
               number_of(repair, "holes"), number_of(repair, "open"), number_of(repair, "fetched"),
               number_of(repair, "given_up"), number_of(repair, "possible"));
    print_connections(venue, now_ns);
}

static void print_segments(const json_t *tape)
{
    if (json_object_get(tape, "segments_sealed"))
        printf("; %lld segments sealed, %lld live", number_of(tape, "segments_sealed"),
               number_of(tape, "segments_live"));
}

static void print_status(const json_t *root)
{
    const json_t *tape = json_object_get(root, "tape"), *net = json_object_get(root, "network");
    int64_t now_ns = clock_wall_ns();
    printf("tape '%s': record %lld, durable to %lld, %lld bytes; started %s, process %lld\n",
           text_of(tape, "path"), number_of(tape, "next_seq") - 1, number_of(tape, "durable_seq"),
           number_of(tape, "bytes"), text_of(root, "started"), number_of(root, "pid"));
    printf("kill -9 loses at most %lld ms, power loss %lld ms; disk %s%s%s",
           number_of(tape, "flush_ms"), number_of(tape, "flush_ms") + number_of(tape, "sync_ms"),
           text_of(tape, "disk"), *text_of(tape, "why") ? ": " : "", text_of(tape, "why"));
    print_segments(tape);
    printf("\n");
    printf(
        "connections %lld of %lld open, %lld lost, %lld changeovers; %lld records dropped; candles "
        "%lld records behind\n",
        number_of(net, "open"), number_of(net, "links"), number_of(net, "lost"),
        number_of(net, "changeovers"), number_of(net, "dropped"),
        number_of(json_object_get(root, "candles"), "behind"));
    size_t i;
    const json_t *venue;
    json_array_foreach(json_object_get(root, "venues"), i, venue) print_venue(venue, now_ns);
}

static enum err bad(const char *what, const char *why)
{
    log_error("%s: %s", what, why);
    return ERR_CHECK;
}

/* What is wrong decides the exit status, so that a script can watch. */
static enum err judge(const json_t *root)
{
    const json_t *tape = json_object_get(root, "tape");
    if (json_is_true(json_object_get(tape, "interrupted")))
        return bad("the tape is not being written", text_of(tape, "why"));
    if (!json_object_get(root, "venues"))
        return bad("no answer", text_of(tape, "why"));
    size_t i;
    const json_t *venue;
    json_array_foreach(json_object_get(root, "venues"), i, venue)
    {
        if (strcmp(text_of(venue, "health"), "down") == 0) {
            char what[64];
            snprintf(what, sizeof what, "%s is down", text_of(venue, "venue"));
            return bad(what, text_of(venue, "why"));
        }
    }
    return ERR_OK;
}

static enum err show(const struct buf *text, const char *format)
{
    json_t *root = json_loadb((const char *)text->data, text->size, 0, NULL);
    if (!root)
        return err_fail(ERR_IO, "the recorder's answer cannot be read");
    if (strcmp(format, "json") == 0)
        fwrite(text->data, 1, text->size, stdout);
    else
        print_status(root);
    enum err err = fflush(stdout) == 0 ? judge(root) : err_errno("cannot write to stdout");
    json_decref(root);
    return err;
}

static enum err cmd_status(const struct command *command, int argc, char **argv)
{
    const char *format = "table";
    struct option table[] = {{"format", "table|json", "form of the output (default table)",
                              OPTION_STRING, &format, 0, 0},
                             {0}};
    int operands;
    enum err err = options_parse(command, table, argc, argv, clock_wall_ns(), &operands);
    if (!err && strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
        err = err_fail(ERR_USAGE, "--format '%s' is not possible; give table or json", format);
    if (err)
        return err;
    struct buf text;
    buf_init(&text, CAPTURE_STATUS_BYTES_MAX);
    err = status_ask(argv[0], &text);
    err = err ? err : show(&text, format);
    buf_release(&text);
    return err;
}

const struct command command_status = {
    .name = "status",
    .operands = "TAPE",
    .summary = "health of a running recorder",
    .examples = "rewick status btc.tape\n"
                "rewick status btc.tape --format json",
    .operands_min = 1,
    .operands_max = 1,
    .run = cmd_status,
};
