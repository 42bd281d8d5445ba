#include "recorder/record_call.h"

#include "engine/base/clock.h"

#include <stdlib.h>
#include <string.h>

#define OWN_OPTIONS   18
#define TABLE_OPTIONS (OWN_OPTIONS + ENGINE_OPTION_COUNT + OUTPUTS_OPTION_COUNT)

static void fill_options(struct record_call *call, struct option *table)
{
    struct record_wish_options *venues = &call->venues;
    const struct option own[OWN_OPTIONS] = {
        {"config", "FILE", "read options from this JSON file; words here go over it", OPTION_STRING,
         &call->config, 0, 0},
        {"out", "TAPE", "folder of the tape; made when missing, continued when there",
         OPTION_STRING, &call->out, 0, 0},
        {"venue", "VENUE:INSTRUMENT,...",
         "what to record, e.g. kraken:BTC-USD,ETH-USD; may be repeated", OPTION_LIST,
         &venues->venues, 0, 0},
        {"channel", "[VENUE=]CHANNEL,...",
         "another trade channel (binance=aggTrade), and raw channels to keep: top, depth, klines",
         OPTION_LIST, &venues->channels, 0, 0},
        {"redundant", "[VENUE=]N",
         "connections that carry each subscription, merged by trade id (default 1)", OPTION_LIST,
         &venues->redundant, 0, 0},
        {"url", "VENUE=URL", "another endpoint, e.g. binance=ws://127.0.0.1:9101", OPTION_LIST,
         &venues->urls, 0, 0},
        {"rest-url", "VENUE=URL",
         "another host for HTTP requests (default: the host of --url, else the venue's)",
         OPTION_LIST, &venues->rest_urls, 0, 0},
        {"instruments", "VENUE=FILE",
         "read the instrument list from a saved answer instead of asking the venue", OPTION_LIST,
         &venues->lists, 0, 0},
        {"ca-file", "FILE", "trust the certificates in this PEM file instead of the system's",
         OPTION_STRING, &call->ca_file, 0, 0},
        {"flush-ms", "N", "write records at most this late; a kill loses no more (default 100)",
         OPTION_INTEGER, &call->flush_ms, 1, 60000},
        {"sync-ms", "N", "then sync at most this late; a power loss loses both (default 1000)",
         OPTION_INTEGER, &call->sync_ms, 1, 600000},
        {"segment-bytes", "N", "begin a new file at this size (default 268435456)", OPTION_INTEGER,
         &call->segment_bytes, 4096, INT64_C(1) << 40},
        {"keep-age", "DURATION",
         "remove whole files of the tape that are older (default: keep all)", OPTION_DURATION,
         &call->keep_age_ns, 1, INT64_MAX},
        {"keep-bytes", "N",
         "remove the oldest files of the tape beyond this size (default: keep all)", OPTION_INTEGER,
         &call->keep_bytes, 1, INT64_MAX},
        {"no-seal", NULL,
         "leave finished files of the tape as they were written, larger and slower to read",
         OPTION_FLAG, &call->no_seal, 0, 0},
        {"for", "DURATION", "stop after this time, e.g. 60s (default: run until Ctrl-C)",
         OPTION_DURATION, &call->for_ns, 1, INT64_MAX},
        {"until-silent", "DURATION", "stop when no market data came for this long after the first",
         OPTION_DURATION, &call->until_silent_ns, 1, INT64_MAX},
        {"log", "text|json", "form of the lines on stderr (default text)", OPTION_STRING,
         &call->log, 0, 0},
    };
    memcpy(table, own, sizeof own);
    engine_options_table(&call->engine, table + OWN_OPTIONS);
    outputs_option_table(&call->outputs, table + OWN_OPTIONS + ENGINE_OPTION_COUNT);
    table[TABLE_OPTIONS] = (struct option){0};
}

static enum err check(const struct record_call *call)
{
    if (!call->out)
        return err_fail(ERR_USAGE,
                        "no place for the tape; give --out TAPE (see 'rewick record --help')");
    if (call->log && strcmp(call->log, "text") != 0 && strcmp(call->log, "json") != 0)
        return err_fail(ERR_USAGE, "--log '%s' is not possible; give text or json", call->log);
    return ERR_OK;
}

enum err record_call_parse(struct record_call *call, const struct command *command, int count,
                           char *const *words)
{
    struct option table[TABLE_OPTIONS + 1];
    int operands;
    memset(call, 0, sizeof *call);
    call->engine = ENGINE_OPTIONS_NOT_SAID;
    call->flush_ms = 100;
    call->sync_ms = 1000;
    fill_options(call, table);
    const char *file = config_file_named(count, words);
    enum err err = ERR_OK;
    if (file)
        err = config_file_apply(&call->file, file, command, table, &call->venues);
    if (err)
        return err;
    /* Parsing reorders its words. */
    char **copy = calloc((size_t)count + 1, sizeof *copy);
    if (!copy)
        return err_fail(ERR_NOMEM, "out of memory");
    memcpy(copy, words, (size_t)count * sizeof *copy);
    err = options_parse(command, table, count, copy, clock_wall_ns(), &operands);
    free(copy);
    return err ? err : check(call);
}

void record_call_release(struct record_call *call)
{
    config_file_release(&call->file);
}
