/* rewick tape cut: a part of a tape as a tape of its own. */
#include "engine/base/clock.h"
#include "engine/lane_rules.h"
#include "engine/tape/tape_reader.h"
#include "engine/venue/venue.h"
#include "replayer/replay_progress.h"
#include "replayer/replay_stop.h"
#include "replayer/replayer_commands.h"
#include "replayer/tape_out.h"

#include <inttypes.h>
#include <string.h>

#define LIST_BYTES 8192
#define LIST_MAX   256

struct list {
    const char *text; /* as given; NULL: all */
    char bytes[LIST_BYTES];
    const char *items[LIST_MAX];
    size_t count;
};

struct cut {
    const char *from, *to; /* tapes */
    int64_t from_ns, to_ns;
    bool salvage, seal;
    struct list venues, instruments, channels;
    struct tape_reader *reader;
    struct lane_rules *rules;
    struct tape_out *out;
    struct replay_progress progress;
    uint64_t read;
    bool begun;
};

static enum err split(struct list *list)
{
    return list->text ? options_split(list->text, list->bytes, sizeof list->bytes, list->items,
                                      LIST_MAX, &list->count)
                      : ERR_OK;
}

static bool listed(const struct list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return true;
    return list->count == 0;
}

/* By its name or by the user's word for it ("trades"). */
static bool channel_listed(const struct cut *cut, const struct venue *venue, const char *channel)
{
    if (listed(&cut->channels, channel))
        return true;
    for (size_t i = 0; venue && venue->recording && i < cut->channels.count; i++) {
        const struct venue_channel *found =
            venue_channel_find(venue->recording, cut->channels.items[i]);
        if (found && strcmp(found->name, channel) == 0)
            return true;
    }
    return false;
}

/* By the venue's spelling or by what that says; frames of several go with each. */
static bool instrument_listed(const struct cut *cut, const struct venue *venue, const char *symbol)
{
    struct instrument instrument = {0};
    if (symbol[0] == '\0' || listed(&cut->instruments, symbol))
        return true;
    if (!venue)
        return false;
    venue->describe(symbol, &instrument);
    return listed(&cut->instruments, instrument.name);
}

static enum err is_kept(struct cut *cut, const struct record *record, bool *out)
{
    struct tape_lane lane;
    *out = record->venue[0] == '\0' || listed(&cut->venues, record->venue);
    if (!*out || record->type != RECORD_RECEIVED)
        return ERR_OK;
    enum err err = lane_rules_judge(record, &lane, cut->rules);
    if (err != ERR_OK || (lane.role != LANE_TRADES && lane.role != LANE_MARKET))
        return err;
    const struct venue *venue = venue_find(record->venue);
    *out = channel_listed(cut, venue, lane.channel) && instrument_listed(cut, venue, lane.symbol);
    return ERR_OK;
}

static bool wants(const struct tape_lane *lane, bool before, void *arg)
{
    return !before || lane_rules_for_candles(lane, before, arg);
}

static void show(struct cut *cut)
{
    struct replay_amount amount = {.records = cut->read};
    if (!cut->progress.out || cut->read % 1024 != 0)
        return;
    tape_reader_progress(cut->reader, &amount.done, &amount.total);
    replay_progress_show(&cut->progress, amount, clock_mono_ns());
}

/* ERR_END: --to is reached. */
static enum err take(struct cut *cut, const struct record *record)
{
    bool kept;
    enum err err = ERR_OK;
    cut->begun = cut->begun || record->wall_ns >= cut->from_ns;
    if (cut->begun && record->wall_ns >= cut->to_ns)
        return ERR_END;
    cut->read++;
    if (!cut->out)
        err = tape_out_open(&cut->out, cut->to, tape_reader_id(cut->reader), record->wall_ns);
    if (err == ERR_OK)
        err = is_kept(cut, record, &kept);
    return err == ERR_OK && kept ? tape_out_append(cut->out, record) : err;
}

static enum err copy(struct cut *cut)
{
    struct record record;
    enum err err = ERR_OK;
    while (err == ERR_OK && !replay_stop_asked()) {
        err = tape_reader_next(cut->reader, &record);
        if (err == ERR_OK)
            err = take(cut, &record);
        show(cut);
    }
    if (err == ERR_OK)
        return err_fail(ERR_STOP, "stopped; nothing is left of '%s'", cut->to);
    if (err == ERR_END && !cut->out)
        return err_fail(ERR_USAGE, "no record of '%s' is in that range", cut->from);
    return err == ERR_END ? ERR_OK : err;
}

static enum err open_input(struct cut *cut)
{
    struct tape_reader_options options = {
        .salvage = cut->salvage,
        .from_ns = cut->from_ns > 0 ? cut->from_ns : 0,
        .wants = wants,
    };
    enum err err = lane_rules_new(&cut->rules);
    return err == ERR_OK ? tape_reader_open(&cut->reader, io_posix(), cut->from, &options) : err;
}

static enum err cut_tape(struct cut *cut)
{
    replay_stop_install();
    replay_progress_init(&cut->progress, "cut", true, clock_mono_ns());
    enum err err = open_input(cut);
    if (err == ERR_OK)
        err = copy(cut);
    uint64_t kept = cut->out ? tape_out_count(cut->out) : 0;
    replay_progress_clear(&cut->progress);
    err = tape_out_close(cut->out, err, cut->seal);
    tape_reader_close(cut->reader);
    lane_rules_free(cut->rules);
    if (err == ERR_OK)
        fprintf(stderr, "cut %" PRIu64 " of %" PRIu64 " records read into '%s'\n", kept, cut->read,
                cut->to);
    return err;
}

static enum err run_cut(const struct command *command, int argc, char **argv)
{
    static struct cut cut;
    cut = (struct cut){.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    const struct option options[] = {
        {"out", "NEW", "folder of the new tape; it must not exist", OPTION_STRING, &cut.to, 0, 0},
        {"from", "TIME", "begin with the first record received at TIME or later", OPTION_TIME,
         &cut.from_ns, 0, 0},
        {"to", "TIME", "end before the first record received at TIME or later", OPTION_TIME,
         &cut.to_ns, 0, 0},
        {"venue", "LIST", "only records of these venues, and of none", OPTION_STRING,
         &cut.venues.text, 0, 0},
        {"instrument", "LIST", "only market data of these, as BTC-USDT or as the venue spells it",
         OPTION_STRING, &cut.instruments.text, 0, 0},
        {"channel", "LIST", "only market data of these channels: trades, or the venue's word",
         OPTION_STRING, &cut.channels.text, 0, 0},
        {"seal", NULL, "seal the new tape", OPTION_FLAG, &cut.seal, 0, 0},
        {"salvage", NULL, "go on behind damage", OPTION_FLAG, &cut.salvage, 0, 0},
        {0},
    };
    int operands = 0;
    enum err err = options_parse(command, options, argc, argv, clock_wall_ns(), &operands);
    if (err == ERR_OK && !cut.to)
        err = err_fail(ERR_USAGE, "'tape cut' needs --out NEW, a folder for the new tape; see "
                                  "'rewick tape cut --help'");
    if (err == ERR_OK && cut.from_ns >= cut.to_ns)
        err = err_fail(ERR_USAGE, "'--from' is not before '--to'");
    struct list *const lists[] = {&cut.venues, &cut.instruments, &cut.channels};
    for (size_t i = 0; i < 3 && err == ERR_OK; i++)
        err = split(lists[i]);
    cut.from = argv[0];
    return err == ERR_OK ? cut_tape(&cut) : err;
}

const struct command command_tape_cut = {
    .name = "tape cut",
    .operands = "TAPE",
    .summary = "a part of a tape as a tape of its own, numbered anew; of the time before --from it "
               "keeps configuration, connections and instrument lists",
    .examples = "rewick tape cut my-tape --out an-hour --from 2026-03-01T12:00:00Z --to "
                "2026-03-01T13:00:00Z\n"
                "rewick tape cut my-tape --out btc --venue binance --instrument BTC-USDT "
                "--channel trades --seal\n",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_cut,
};
