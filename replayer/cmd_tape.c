/* rewick tape info, verify and repair. */
#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "engine/tape/tape_check.h"
#include "engine/tape/tape_losses.h"
#include "replayer/lane_table.h"
#include "replayer/replayer_commands.h"
#include "replayer/size_text.h"

#include <inttypes.h>
#include <string.h>

#define PLURAL(n) ((n) == 1 ? "" : "s")

/* A writer needs this long at most for a block that it has begun to write. */
#define SECOND_LOOK_NS (300 * NS_PER_MS)

/* ---- texts ---------------------------------------------------------------------------------- */

static void format_id(char text[33], const uint8_t id[16])
{
    for (int i = 0; i < 16; i++)
        snprintf(text + 2 * (ptrdiff_t)i, 3, "%02x", id[i]);
}

static enum err parse_path(const struct command *command, const struct option *options, int argc,
                           char **argv)
{
    int operands = 0;
    return options_parse(command, options, argc, argv, clock_wall_ns(), &operands);
}

/* ---- info ----------------------------------------------------------------------------------- */

static void print_times(const struct tape_summary *summary)
{
    char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX], length[TIME_TEXT_MAX];
    if (summary->first_wall_ns == RECORD_NO_TIME)
        return;
    time_format(first, summary->first_wall_ns);
    time_format(last, summary->last_wall_ns);
    printf("received    %s to %s", first, last);
    /* To the second, and only where the difference fits its type. */
    int64_t span = 0;
    if (!__builtin_sub_overflow(summary->last_wall_ns, summary->first_wall_ns, &span)) {
        duration_format(length, span / NS_PER_S * NS_PER_S);
        printf(" (%s)", length);
    }
    printf("\n");
}

static void print_venues(const struct tape_summary *summary)
{
    printf("\n%-20s", "venue");
    for (int type = 1; type <= RECORD_TYPE_MAX; type++)
        printf(" %10s", record_type_name((enum record_type)type));
    printf(" %12s\n", "frame bytes");
    for (size_t i = 0; i < summary->venue_count; i++) {
        const struct tape_venue_summary *venue = &summary->venues[i];
        printf("%-20s", venue->venue[0] ? venue->venue : "-");
        for (int type = 1; type <= RECORD_TYPE_MAX; type++)
            printf(" %10" PRIu64, venue->records[type]);
        printf(" %12" PRIu64 "\n", venue->bytes);
    }
}

static void print_damage(const char *path, const struct tape_summary *summary)
{
    if (summary->gap_records)
        printf("lost        %" PRIu64 " record%s, as gap records tell\n", summary->gap_records,
               PLURAL(summary->gap_records));
    if (summary->torn_count)
        printf("torn tails  %" PRIu64 ", the trace of crashes\n", summary->torn_count);
    if (summary->damage_count || summary->missing_seqs)
        printf("damage      %" PRIu64 " place%s, %" PRIu64 " record%s missing; see 'rewick tape "
               "verify %s'\n",
               summary->damage_count, PLURAL(summary->damage_count), summary->missing_seqs,
               PLURAL(summary->missing_seqs), path);
}

static void print_info(const char *path, const struct tape_summary *summary)
{
    char id[33], file_bytes[SIZE_TEXT_MAX], content_bytes[SIZE_TEXT_MAX];
    format_id(id, summary->id);
    size_format(file_bytes, summary->file_bytes);
    size_format(content_bytes, summary->content_bytes);
    printf("tape        %s\nid          %s\nsegments    %" PRIu32, path, id, summary->segments);
    if (summary->sealed)
        printf(" (%" PRIu32 " sealed)", summary->sealed);
    printf(", the last one %s\n",
           summary->closed ? "closed" : "open (its writer is at work or was killed)");
    if (summary->records)
        printf("records     %" PRIu64 ", numbers %" PRIu64 " to %" PRIu64 "\n", summary->records,
               summary->first_seq, summary->last_seq);
    else
        printf("records     none\n");
    print_times(summary);
    printf("size        %s on disk, %s of data\n", file_bytes, content_bytes);
    print_damage(path, summary);
    if (summary->venue_count)
        print_venues(summary);
}

static void print_json_time(const char *name, int64_t time_ns)
{
    if (time_ns == RECORD_NO_TIME)
        printf(",\"%s\":null", name);
    else
        printf(",\"%s\":%" PRId64, name, time_ns);
}

static enum err print_json_text(const char *text)
{
    struct buf buf;
    buf_init(&buf, 8 * (size_t)RECORD_VENUE_MAX);
    enum err err = buf_append_json(&buf, text, strlen(text));
    if (err == ERR_OK)
        fwrite(buf.data, 1, buf.size, stdout);
    buf_release(&buf);
    return err;
}

static enum err print_json_venues(const struct tape_summary *summary)
{
    enum err err = ERR_OK;
    printf(",\"venues\":[");
    for (size_t i = 0; i < summary->venue_count && err == ERR_OK; i++) {
        const struct tape_venue_summary *venue = &summary->venues[i];
        printf("%s{\"venue\":", i ? "," : "");
        err = print_json_text(venue->venue);
        for (int type = 1; type <= RECORD_TYPE_MAX; type++)
            printf(",\"%s\":%" PRIu64, record_type_name((enum record_type)type),
                   venue->records[type]);
        printf(",\"frame_bytes\":%" PRIu64 "}", venue->bytes);
    }
    printf("]");
    return err;
}

static enum err print_info_json(const struct tape_summary *summary, struct lane_table *lanes)
{
    char id[33];
    format_id(id, summary->id);
    printf("{\"id\":\"%s\",\"segments\":%" PRIu32 ",\"sealed\":%" PRIu32
           ",\"closed\":%s,\"records\":%" PRIu64 ",\"first_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64
           ",\"file_bytes\":%" PRIu64 ",\"data_bytes\":%" PRIu64,
           id, summary->segments, summary->sealed, summary->closed ? "true" : "false",
           summary->records, summary->first_seq, summary->last_seq, summary->file_bytes,
           summary->content_bytes);
    print_json_time("first_wall_ns", summary->first_wall_ns);
    print_json_time("last_wall_ns", summary->last_wall_ns);
    printf(",\"gap_records\":%" PRIu64 ",\"damage_count\":%" PRIu64 ",\"torn_count\":%" PRIu64
           ",\"missing_records\":%" PRIu64,
           summary->gap_records, summary->damage_count, summary->torn_count, summary->missing_seqs);
    enum err err = print_json_venues(summary);
    if (err == ERR_OK && lanes) {
        printf(",\"lanes\":");
        err = lane_table_print_json(lanes);
    }
    printf("}\n");
    return err;
}

static enum err print_tape(const char *path, bool as_json, struct lane_table *lanes)
{
    const struct tape_check_watch watch = {.lane = lanes ? lane_table_add : NULL, .arg = lanes};
    struct tape_summary summary;
    enum err err = tape_check_watched(io_posix(), path, &summary, &watch);
    if (err != ERR_OK)
        return err;
    if (as_json)
        return print_info_json(&summary, lanes);
    print_info(path, &summary);
    if (lanes)
        lane_table_print(lanes);
    return ERR_OK;
}

static enum err run_info(const struct command *command, int argc, char **argv)
{
    const char *format = "text";
    bool with_lanes = false;
    const struct option options[] = {
        {"format", "FORMAT", "text or json (default text)", OPTION_STRING, &format, 0, 0},
        {"lanes", NULL, "one row per lane of the sealed segments too: what is in it, what it takes",
         OPTION_FLAG, &with_lanes, 0, 0},
        {0},
    };
    struct lane_table lanes = {0};
    enum err err = parse_path(command, options, argc, argv);
    if (err == ERR_OK && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        err = err_fail(ERR_USAGE, "unknown format '%s'; there are text and json", format);
    if (err == ERR_OK)
        err = print_tape(argv[0], strcmp(format, "json") == 0, with_lanes ? &lanes : NULL);
    lane_table_release(&lanes);
    return err;
}

const struct command command_tape_info = {
    .name = "tape info",
    .operands = "TAPE",
    .summary = "say what is on a tape",
    .examples = "rewick tape info my-tape\n"
                "rewick tape info my-tape --lanes\n"
                "rewick tape info my-tape --format json | jq .records\n",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_info,
};

/* ---- verify --------------------------------------------------------------------------------- */

static void print_loss(const struct tape_loss *loss, void *arg)
{
    char missing[TAPE_MISSING_TEXT_MAX];
    (void)arg;
    tape_loss_missing(missing, loss);
    printf("%s: offset %" PRIu64 ", %" PRIu64 " byte%s: %s%s%s%s\n", loss->file, loss->offset,
           loss->size, PLURAL(loss->size), loss->torn ? "torn tail, the trace of a crash: " : "",
           loss->reason, missing[0] ? "; " : "", missing);
}

static void print_numbers(uint64_t first_seq, uint64_t last_seq, void *arg)
{
    (void)arg;
    printf("%" PRIu64 " %" PRIu64 "\n", first_seq, last_seq);
}

static bool is_whole(const struct tape_summary *summary)
{
    return summary->damage_count == 0 && summary->missing_seqs == 0;
}

static enum err fail_damaged(const char *path, const struct tape_summary *summary)
{
    char missing[64] = "no record is known to be missing";
    uint64_t places = summary->damage_count + summary->torn_count;
    if (summary->missing_seqs)
        snprintf(missing, sizeof missing, "%" PRIu64 " record%s missing", summary->missing_seqs,
                 PLURAL(summary->missing_seqs));
    return err_fail(ERR_DAMAGED,
                    "tape '%s' is damaged: %" PRIu64
                    " place%s, %s; 'rewick tape repair %s --out NEW' keeps the rest",
                    path, places, PLURAL(places), missing, path);
}

static enum err verify(const char *path, bool numbers)
{
    const struct tape_check_watch watch = {.loss = numbers ? NULL : print_loss,
                                           .missing = numbers ? print_numbers : NULL};
    struct tape_summary summary;
    enum err err = tape_check(io_posix(), path, &summary, NULL, NULL);
    if (err != ERR_OK)
        return err;
    /* A writer may be in the middle of a block just now: look again before calling that a loss. */
    if (summary.damage_count == 0 && summary.missing_seqs > 0)
        clock_sleep_until(clock_mono_ns() + SECOND_LOOK_NS);
    if (summary.damage_count || summary.torn_count)
        err = tape_check_watched(io_posix(), path, &summary, &watch);
    if (err != ERR_OK)
        return err;
    if (!is_whole(&summary))
        return fail_damaged(path, &summary);
    if (numbers)
        return ERR_OK;
    printf("whole: %" PRIu64 " record%s in %" PRIu32 " segment%s", summary.records,
           PLURAL(summary.records), summary.segments, PLURAL(summary.segments));
    if (summary.records)
        printf(", numbers %" PRIu64 " to %" PRIu64, summary.first_seq, summary.last_seq);
    if (summary.gap_records)
        printf(", %" PRIu64 " told as lost", summary.gap_records);
    printf("%s\n", summary.closed ? "" : ", not closed (its writer is at work or was killed)");
    return ERR_OK;
}

static enum err run_verify(const struct command *command, int argc, char **argv)
{
    bool numbers = false;
    const struct option options[] = {
        {"numbers", NULL, "print the missing numbers alone: a line 'FIRST LAST' for each stretch",
         OPTION_FLAG, &numbers, 0, 0},
        {0},
    };
    enum err err = parse_path(command, options, argc, argv);
    return err == ERR_OK ? verify(argv[0], numbers) : err;
}

const struct command command_tape_verify = {
    .name = "tape verify",
    .operands = "TAPE",
    .summary = "check every byte of a tape and say what is missing; exit 3 when it is damaged",
    .examples = "rewick tape verify my-tape\n"
                "rewick tape verify my-tape/00000002.rwk.zst\n"
                "rewick tape verify my-tape --numbers\n",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_verify,
};

/* ---- repair --------------------------------------------------------------------------------- */

static enum err run_repair(const struct command *command, int argc, char **argv)
{
    const char *to = NULL;
    const struct option options[] = {
        {"out", "NEW", "folder of the repaired tape; it must not exist", OPTION_STRING, &to, 0, 0},
        {0},
    };
    struct tape_summary before;
    uint64_t kept = 0;
    enum err err = parse_path(command, options, argc, argv);
    if (err == ERR_OK && !to)
        err = err_fail(ERR_USAGE, "'tape repair' needs --out NEW, a folder for the repaired tape; "
                                  "see 'rewick tape repair --help'");
    if (err == ERR_OK)
        err = tape_repair(io_posix(), argv[0], to, &before, &kept);
    if (err != ERR_OK)
        return err;
    printf("kept %" PRIu64 " record%s in '%s'; %" PRIu64 " missing, %" PRIu64
           " damaged place%s, %" PRIu64 " torn tail%s\n",
           kept, PLURAL(kept), to, before.missing_seqs, before.damage_count,
           PLURAL(before.damage_count), before.torn_count, PLURAL(before.torn_count));
    return ERR_OK;
}

const struct command command_tape_repair = {
    .name = "tape repair",
    .operands = "TAPE",
    .summary = "copy all that is whole to a new tape; the damaged one is not touched",
    .examples = "rewick tape repair my-tape --out repaired-tape\n",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_repair,
};
