/* rewick tape cat: the records of a tape as lines. */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "engine/tape/tape_losses.h"
#include "engine/tape/tape_reader.h"
#include "replayer/candle_frames.h"
#include "replayer/replayer_commands.h"
#include "replayer/tape_line.h"

#include <errno.h>
#include <string.h>

#define NAMES_MAX   64
#define NAMES_BYTES 4096
#define FOLLOW_NS   (50 * NS_PER_MS) /* between two looks at a growing tape */
#define OUT_GOAL    (256u * 1024)
#define OUT_MAX     (OUT_GOAL + TAPE_LINE_MAX)

struct names {
    char storage[NAMES_BYTES];
    const char *items[NAMES_MAX];
    size_t count;
};

struct cat {
    bool raw, follow, salvage;
    bool candle; /* only what is behind `address` */
    struct candle_address address;
    const char *venue_list, *type_list;
    struct names venues;
    uint32_t types; /* a bit for each; 0 = all */
    int64_t from_ns, to_ns;
    bool has_end; /* --to was given: any time at all can stand on a tape */
    int64_t from_seq, to_seq;
    const char *path;
    struct buf out;
};

static enum err split(struct names *names, const char *list)
{
    return list ? options_split(list, names->storage, sizeof names->storage, names->items,
                                NAMES_MAX, &names->count)
                : ERR_OK;
}

static enum err parse_types(struct cat *cat)
{
    struct names names = {.count = 0};
    enum err err = split(&names, cat->type_list);
    for (size_t i = 0; i < names.count && err == ERR_OK; i++) {
        int type = 1;
        while (type <= RECORD_TYPE_MAX &&
               strcmp(record_type_name((enum record_type)type), names.items[i]) != 0)
            type++;
        if (type > RECORD_TYPE_MAX)
            err = err_fail(ERR_USAGE,
                           "unknown record type '%s'; there are received, sent, connection, tick, "
                           "http, gap and config",
                           names.items[i]);
        cat->types |= UINT32_C(1) << type;
    }
    return err;
}

static bool is_wanted(const struct cat *cat, const struct record *record)
{
    if (record->wall_ns < cat->from_ns || (cat->has_end && record->wall_ns >= cat->to_ns))
        return false;
    if (cat->types && (record->type > RECORD_TYPE_MAX || !(cat->types >> record->type & 1)))
        return false;
    for (size_t i = 0; i < cat->venues.count; i++)
        if (strcmp(cat->venues.items[i], record->venue) == 0)
            return true;
    return cat->venues.count == 0;
}

static enum err write_out(struct cat *cat)
{
    size_t size = cat->out.size;
    buf_clear(&cat->out);
    if ((size == 0 || fwrite(cat->out.data, 1, size, stdout) == size) && fflush(stdout) == 0)
        return ERR_OK;
    /* Whoever read our lines has had enough, as 'head' does. */
    if (errno == EPIPE)
        return ERR_STOP;
    return err_errno("cannot write to stdout");
}

static enum err print_record(struct cat *cat, const struct record *record)
{
    enum err err = cat->raw ? tape_line_raw(&cat->out, record) : tape_line_json(&cat->out, record);
    return err == ERR_OK && cat->out.size >= OUT_GOAL ? write_out(cat) : err;
}

static void tell_tail(const struct tape_loss *tail)
{
    log_info("%s, offset %llu: torn tail, the trace of a crash or of a writer at work: %s",
             tail->file, (unsigned long long)tail->offset, tail->reason);
}

static void tell_loss(const struct tape_loss *loss, void *arg)
{
    (void)arg;
    char missing[TAPE_MISSING_TEXT_MAX];
    if (loss->torn) {
        tell_tail(loss);
        return;
    }
    tape_loss_missing(missing, loss);
    log_warn("%s, offset %llu: %s%s%s", loss->file, (unsigned long long)loss->offset, loss->reason,
             missing[0] ? "; " : "", missing);
}

/* ERR_STOP behind the last record wanted. */
static enum err print_next(struct cat *cat, struct tape_reader *reader)
{
    struct record record;
    enum err err = tape_reader_next(reader, &record);
    if (err == ERR_END && cat->follow) {
        err = write_out(cat);
        clock_sleep_until(clock_mono_ns() + FOLLOW_NS);
        return err;
    }
    if (err != ERR_OK)
        return err;
    if (record.seq > (uint64_t)cat->to_seq)
        return ERR_STOP;
    err = is_wanted(cat, &record) ? print_record(cat, &record) : ERR_OK;
    return err == ERR_OK && record.seq == (uint64_t)cat->to_seq ? ERR_STOP : err;
}

static enum err print_tape(struct cat *cat)
{
    struct tape_reader *reader = NULL;
    const struct tape_reader_options options = {
        .salvage = cat->salvage,
        .from_seq = (uint64_t)cat->from_seq,
        .each_loss = tell_loss,
    };
    enum err err = tape_reader_open(&reader, io_posix(), cat->path, &options);
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK)
        err = print_next(cat, reader);
    if (err == ERR_END && tape_reader_tail(reader))
        tell_tail(tape_reader_tail(reader));
    tape_reader_close(reader);
    return err == ERR_END || err == ERR_STOP ? ERR_OK : err;
}

static enum err print_frame(const struct record *record, void *arg)
{
    struct cat *cat = arg;
    if (record->seq < (uint64_t)cat->from_seq || record->seq > (uint64_t)cat->to_seq ||
        !is_wanted(cat, record))
        return ERR_OK;
    return print_record(cat, record);
}

static enum err print_candle(struct cat *cat)
{
    const struct candle_frames_options options = {
        .salvage = cat->salvage, .each_loss = tell_loss, .each = print_frame, .arg = cat};
    return candle_frames_each(cat->path, &cat->address, &options);
}

/* What is whole goes out even when what follows is not; that is then the failure to tell. */
static enum err print_all(struct cat *cat)
{
    char text[ERR_TEXT_MAX];
    enum err err = cat->candle ? print_candle(cat) : print_tape(cat);
    snprintf(text, sizeof text, "%s", err_text(err));
    enum err write_err = write_out(cat);
    if (err == ERR_CHECK)
        log_error("%s", text);
    return err == ERR_OK ? write_err : err_fail(err, "%s", text);
}

/* The operands behind TAPE. */
static enum err parse_candle(struct cat *cat, int count, char **words, int64_t now_ns)
{
    if (!cat->candle && count > 0)
        return err_fail(ERR_USAGE, "one operand too many: '%s'; see 'rewick tape cat --help'",
                        words[0]);
    if (!cat->candle)
        return ERR_OK;
    if (count != CANDLE_ADDRESS_WORDS)
        return err_fail(ERR_USAGE, "'--candle' needs VENUE INSTRUMENT BAR OPEN_TIME behind TAPE; "
                                   "see 'rewick tape cat --help'");
    if (cat->follow)
        return err_fail(ERR_USAGE, "'--candle' and '--follow' do not go together: a candle is "
                                   "known when the tape has been read");
    return candle_address_parse(&cat->address, words, now_ns);
}

static enum err parse(struct cat *cat, const struct command *command, int argc, char **argv)
{
    const struct option options[] = {
        {"raw", NULL, "print only each record's bytes and a line feed", OPTION_FLAG, &cat->raw, 0,
         0},
        {"venue", "LIST", "only these venues, separated by commas", OPTION_STRING, &cat->venue_list,
         0, 0},
        {"type", "LIST", "only these: received,sent,connection,tick,http,gap,config", OPTION_STRING,
         &cat->type_list, 0, 0},
        {"from", "TIME", "only records received at this wall clock time or later", OPTION_TIME,
         &cat->from_ns, 0, 0},
        {"to", "TIME", "only records received before this wall clock time", OPTION_TIME,
         &cat->to_ns, 0, 0},
        {"from-seq", "NUMBER", "begin with this record", OPTION_INTEGER, &cat->from_seq, 1,
         INT64_MAX},
        {"to-seq", "NUMBER", "end with this record", OPTION_INTEGER, &cat->to_seq, 1, INT64_MAX},
        {"candle", NULL, "only the records behind the candle that the operands behind TAPE name",
         OPTION_FLAG, &cat->candle, 0, 0},
        {"follow", NULL, "wait for more at the end of the tape", OPTION_FLAG, &cat->follow, 0, 0},
        {"salvage", NULL, "go on behind damage, with a warning", OPTION_FLAG, &cat->salvage, 0, 0},
        {0},
    };
    int operands = 0;
    int64_t now_ns = clock_wall_ns();
    enum err err = options_parse(command, options, argc, argv, now_ns, &operands);
    if (err == ERR_OK)
        err = parse_candle(cat, operands - 1, argv + 1, now_ns);
    if (err == ERR_OK)
        err = split(&cat->venues, cat->venue_list);
    if (err == ERR_OK)
        err = parse_types(cat);
    if (err == ERR_OK)
        cat->path = argv[0];
    cat->has_end = cat->to_ns != INT64_MAX;
    return err;
}

static enum err run(const struct command *command, int argc, char **argv)
{
    struct cat cat = {
        .from_ns = INT64_MIN,
        .to_ns = INT64_MAX,
        .from_seq = 1,
        .to_seq = INT64_MAX,
    };
    buf_init(&cat.out, OUT_MAX);
    enum err err = parse(&cat, command, argc, argv);
    if (err == ERR_OK)
        err = print_all(&cat);
    buf_release(&cat.out);
    return err;
}

const struct command command_tape_cat = {
    .name = "tape cat",
    .operands = "TAPE [VENUE INSTRUMENT BAR OPEN_TIME]",
    .summary = "print the records of a tape, one line of JSON each",
    .examples = "rewick tape cat my-tape\n"
                "rewick tape cat my-tape --raw --venue binance --type received | head\n"
                "rewick tape cat my-tape --from 2024-08-08T12:00:00Z --to 2024-08-08T12:05:00Z\n"
                "rewick tape cat my-tape --from-seq 1000 --to-seq 1010\n"
                "rewick tape cat my-tape --candle binance BTC-USDT 1m 2024-08-08T12:00:00Z\n"
                "rewick tape cat my-tape --follow | jq -r .data\n",
    .operands_min = 1,
    .operands_max = 1 + CANDLE_ADDRESS_WORDS,
    .run = run,
};
