#include "replayer/replay_report.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "engine/tape/tape_losses.h"
#include "replayer/replay_progress.h"
#include "replayer/replay_stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Names listed in an error text. */
#define NAMES_TEXT_MAX 512

struct amount {
    uint64_t count;
    const char *one, *many;
};

static void append(char text[REPLAY_REPORT_MAX], const struct amount *amount, const char *before)
{
    size_t used = strlen(text);
    snprintf(text + used, REPLAY_REPORT_MAX - used, "%s%" PRIu64 " %s", before, amount->count,
             amount->count == 1 ? amount->one : amount->many);
}

/* Appends those that are not zero, `first` before the first and a comma before the others. */
static void append_all(char text[REPLAY_REPORT_MAX], const struct amount *amounts, size_t count,
                       const char *first)
{
    for (size_t i = 0; i < count; i++)
        if (amounts[i].count > 0) {
            append(text, &amounts[i], first);
            first = ", ";
        }
}

bool replay_report_troubles(char text[REPLAY_REPORT_MAX], const struct engine_stats *stats)
{
    const struct amount amounts[] = {
        {stats->malformed, "malformed frame", "malformed frames"},
        {stats->refused, "refused request", "refused requests"},
        {stats->gap_records, "record lost while recording", "records lost while recording"},
        {stats->dropped, "dropped frame", "dropped frames"},
        {stats->missing, "missing trade", "missing trades"},
        {stats->lost_late, "trade too late for any candle", "trades too late for any candle"},
        {stats->overflow, "trade too large to add", "trades too large to add"},
        {stats->oversized, "trade too large for its bars", "trades too large for their bars"},
        {stats->time_unit, "trade with a time in another unit",
         "trades with a time in another unit"},
        {stats->absurd_time, "trade with an absurd time", "trades with an absurd time"},
        {stats->bad_price, "trade without a price above 0", "trades without a price above 0"},
        {stats->bad_size, "trade without a size above 0", "trades without a size above 0"},
        {stats->suspect_time, "suspect time", "suspect times"},
        {stats->suspect_price, "suspect price", "suspect prices"},
        {stats->suspect_size, "suspect size", "suspect sizes"},
        {stats->suspect_excluded, "suspect trade left out", "suspect trades left out"},
        {stats->clock_steps, "step of the recorder's clock", "steps of the recorder's clock"},
        {stats->no_room, "trade of a market too many", "trades of markets too many"},
        {stats->carry_skipped, "empty window left out", "empty windows left out"},
    };
    text[0] = '\0';
    append_all(text, amounts, sizeof amounts / sizeof amounts[0], "");
    return text[0] != '\0';
}

void replay_report_summary(char text[REPLAY_REPORT_MAX], const struct engine_stats *stats,
                           uint64_t candles, int64_t elapsed_ns)
{
    char rate[24];
    replay_rate_format(rate, stats->records, elapsed_ns);
    const struct amount main[] = {
        {stats->records, "record", "records"},
        {stats->counted, "trade", "trades"},
        {candles, "candle", "candles"},
    };
    const struct amount more[] = {
        {stats->duplicates, "duplicate", "duplicates"},
        {stats->repeated, "second report ignored", "second reports ignored"},
        {stats->snapshot, "snapshot trade not counted", "snapshot trades not counted"},
        {stats->excluded, "off-book row", "off-book rows"},
        {stats->other_channel, "trade of a second channel", "trades of a second channel"},
        {stats->late, "late trade", "late trades"},
        {stats->out_of_order, "trade out of order", "trades out of order"},
        {stats->other, "frame of unknown kind", "frames of unknown kind"},
    };
    text[0] = '\0';
    for (size_t i = 0; i < 3; i++)
        append(text, &main[i], i > 0 ? ", " : "");
    size_t used = strlen(text);
    snprintf(text + used, REPLAY_REPORT_MAX - used,
             " in %" PRId64 ".%02" PRId64 " s (%s records/s)", elapsed_ns / NS_PER_S,
             elapsed_ns % NS_PER_S / (NS_PER_S / 100), rate);
    append_all(text, more, sizeof more / sizeof more[0], "; ");
}

void replay_report_loss(char text[REPLAY_REPORT_MAX], const struct tape_loss *loss)
{
    int used =
        snprintf(text, REPLAY_REPORT_MAX, "%s at byte %" PRIu64 ": ", loss->file, loss->offset);
    if (loss->size > 0)
        used += snprintf(text + used, REPLAY_REPORT_MAX - (size_t)used,
                         "%" PRIu64 " bytes cannot be used: ", loss->size);
    char missing[TAPE_MISSING_TEXT_MAX];
    tape_loss_missing(missing, loss);
    snprintf(text + used, REPLAY_REPORT_MAX - (size_t)used, "%s%s%s", loss->reason,
             missing[0] ? "; " : "", missing);
}

/* ---- names that are not there --------------------------------------------------------------- */

enum name_kind { VENUE_NAME, INSTRUMENT_NAME };

static const char *name_of(const struct engine_market *market, enum name_kind kind)
{
    return kind == VENUE_NAME ? market->venue->name : market->instrument;
}

static bool has_name(const struct engine *engine, enum name_kind kind, const char *name)
{
    struct engine_market market;
    for (size_t i = 0; engine_market_at(engine, i, &market); i++)
        if (strcmp(name_of(&market, kind), name) == 0)
            return true;
    return false;
}

static bool seen_before(const struct engine *engine, enum name_kind kind, size_t index)
{
    struct engine_market market, earlier;
    if (!engine_market_at(engine, index, &market))
        return false;
    for (size_t i = 0; i < index && engine_market_at(engine, i, &earlier); i++)
        if (strcmp(name_of(&market, kind), name_of(&earlier, kind)) == 0)
            return true;
    return false;
}

static void list_names(char text[NAMES_TEXT_MAX], const struct engine *engine, enum name_kind kind)
{
    struct engine_market market;
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; engine_market_at(engine, i, &market); i++) {
        if (seen_before(engine, kind, i))
            continue;
        if (used + INSTRUMENT_MAX + 8 > NAMES_TEXT_MAX) {
            snprintf(text + used, NAMES_TEXT_MAX - used, ", ...");
            return;
        }
        used += (size_t)snprintf(text + used, NAMES_TEXT_MAX - used, "%s%s", used > 0 ? ", " : "",
                                 name_of(&market, kind));
    }
}

static void ignore_candle(const struct candle *candle, void *arg)
{
    (void)candle;
    (void)arg;
}

/* An engine that has seen the whole tape, for its markets. */
static enum err scan(struct engine **out, const char *tape, bool salvage)
{
    struct engine_config config;
    engine_config_default(&config);
    config.bars[0].size = BAR_SIZE_MAX;
    struct engine_outlet outlet = {.candle = ignore_candle};
    struct tape_reader *reader = NULL;
    struct tape_reader_options options = {.salvage = salvage};
    struct record record;
    enum err err = engine_new(out, &config, NULL, &outlet);
    if (err == ERR_OK)
        err = tape_reader_open(&reader, io_posix(), tape, &options);
    while (err == ERR_OK && !replay_stop_asked() &&
           (err = tape_reader_next(reader, &record)) == ERR_OK)
        err = engine_feed(*out, &record);
    tape_reader_close(reader);
    return err == ERR_END ? ERR_OK : err;
}

static enum err judge(const struct engine *all, enum name_kind kind, const char *name,
                      const char *tape)
{
    char names[NAMES_TEXT_MAX];
    if (has_name(all, kind, name)) {
        log_warn("no trades of '%s' between '--from' and '--to'", name);
        return ERR_OK;
    }
    list_names(names, all, kind);
    if (names[0] == '\0')
        return err_fail(ERR_UNKNOWN, "no trades of '%s' on tape '%s'; it has no trades at all",
                        name, tape);
    return err_fail(ERR_UNKNOWN, "%s '%s' on tape '%s'; it has %s",
                    kind == VENUE_NAME ? "no trades of venue" : "unknown instrument", name, tape,
                    names);
}

struct unknown_search {
    const struct engine *engine; /* saw what the filter let through */
    struct engine *all;          /* saw everything; made when it is needed */
    const char *tape;
    bool salvage;
};

static enum err check_names(struct unknown_search *search, enum name_kind kind,
                            const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_name(search->engine, kind, names[i]))
            continue;
        enum err err = search->all ? ERR_OK : scan(&search->all, search->tape, search->salvage);
        if (err == ERR_OK && !replay_stop_asked())
            err = judge(search->all, kind, names[i], search->tape);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err replay_report_unknown(const struct engine *engine, const struct engine_filter *filter,
                               const char *tape, bool salvage)
{
    struct unknown_search search = {.engine = engine, .tape = tape, .salvage = salvage};
    enum err err = check_names(&search, VENUE_NAME, filter->venues, filter->venue_count);
    if (err == ERR_OK)
        err = check_names(&search, INSTRUMENT_NAME, filter->instruments, filter->instrument_count);
    engine_free(search.all);
    return err;
}
