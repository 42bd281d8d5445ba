#include "replayer/candle_frames.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "engine/engine_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAMES_TEXT_MAX 512
#define WANTED_MAX     (RECORD_VENUE_MAX + INSTRUMENT_MAX + BAR_TEXT_MAX + TIME_TEXT_MAX)

struct member {
    char venue[RECORD_VENUE_MAX], symbol[SYMBOL_MAX];
};

struct frames {
    const char *tape;
    const struct candle_address *address;
    const struct candle_frames_options *options;
    struct engine_config config;
    bool composite;

    /* what is known of the candle: its last state, and its neighbours */
    bool found;
    uint64_t trades, first_seq, last_seq;
    size_t member_count; /* used */
    struct member members[CONTRIBUTIONS_MAX];
    int64_t before_ns, after_ns; /* INT64_MIN, INT64_MAX: none */

    bool giving;      /* records are given out in this reading */
    uint64_t end_seq; /* that reading ends with this record */
    bool touched;     /* by a trade of the record that is being fed */
};

/* ---- the candle ------------------------------------------------------------------------------ */

static bool is_composite(const struct candle_address *address)
{
    return strcmp(address->venue, COMPOSITE_VENUE) == 0;
}

enum err candle_address_parse(struct candle_address *out, char *const words[CANDLE_ADDRESS_WORDS],
                              int64_t now_ns)
{
    const struct venue *venue;
    *out = (struct candle_address){.venue = words[0], .instrument = words[1]};
    enum err err = is_composite(out) ? ERR_OK : venue_get(&venue, out->venue);
    if (err == ERR_OK)
        err = bar_parse(&out->bar, words[2]);
    if (err == ERR_OK && is_composite(out) && out->bar.kind != BAR_TIME)
        return err_fail(ERR_USAGE, "composites have no bar '%s'; they have time bars, like 1m",
                        words[2]);
    return err == ERR_OK ? time_parse_user(&out->open_ns, words[3], now_ns) : err;
}

static void keep_members(struct frames *frames, const struct candle *candle)
{
    frames->member_count = 0;
    for (size_t i = 0; i < candle->contribution_count; i++) {
        const struct contribution *from = &candle->contributions[i];
        struct member *to = &frames->members[frames->member_count];
        if (from->state != CONTRIBUTION_USED)
            continue;
        snprintf(to->venue, sizeof to->venue, "%s", from->venue);
        snprintf(to->symbol, sizeof to->symbol, "%s", from->symbol);
        frames->member_count++;
    }
}

static void on_candle(const struct candle *candle, void *arg)
{
    struct frames *frames = arg;
    const struct candle_address *address = frames->address;
    if (strcmp(candle->venue, address->venue) != 0 || !bar_equal(candle->bar, address->bar) ||
        strcmp(candle->instrument, address->instrument) != 0)
        return;
    if (candle->open_ns < address->open_ns && candle->open_ns > frames->before_ns)
        frames->before_ns = candle->open_ns;
    if (candle->open_ns > address->open_ns && candle->open_ns < frames->after_ns)
        frames->after_ns = candle->open_ns;
    if (candle->open_ns != address->open_ns)
        return;
    frames->found = true;
    frames->trades = candle->trades;
    frames->first_seq = candle->first_seq;
    frames->last_seq = candle->last_seq;
    keep_members(frames, candle);
}

/* ---- its trades ------------------------------------------------------------------------------ */

static bool is_used(const struct frames *frames, const char *venue, const char *symbol)
{
    for (size_t i = 0; i < frames->member_count; i++)
        if (strcmp(frames->members[i].venue, venue) == 0 &&
            strcmp(frames->members[i].symbol, symbol) == 0)
            return true;
    return false;
}

static bool is_of_market(const struct frames *frames, const struct venue *venue,
                         const char *instrument, const struct trade *trade)
{
    if (frames->composite)
        return is_used(frames, venue->name, trade->symbol);
    return strcmp(venue->name, frames->address->venue) == 0 &&
           strcmp(instrument, frames->address->instrument) == 0;
}

/* Bars that are not of time are filled in the order of arrival, so all that counted from the first
 * to the last record is in the candle. */
static bool is_in_window(const struct frames *frames, const struct trade *trade,
                         const struct record *record)
{
    const struct candle_address *address = frames->address;
    if (address->bar.kind == BAR_TIME)
        return bar_open(address->bar, trade->source_ns) == address->open_ns;
    return record->seq >= frames->first_seq && record->seq <= frames->last_seq;
}

static void on_trade(const struct venue *venue, const char *instrument, const struct trade *trade,
                     const struct record *record, void *arg)
{
    struct frames *frames = arg;
    if (is_of_market(frames, venue, instrument, trade) && is_in_window(frames, trade, record))
        frames->touched = true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void on_loss(const struct tape_loss *loss, void *arg)
{
    const struct frames *frames = arg;
    if (frames->giving)
        frames->options->each_loss(loss, frames->options->arg);
}

/* ERR_STOP behind the last record that can be of the candle. */
static enum err take_record(struct frames *frames, struct engine *engine,
                            const struct record *record)
{
    if (record->seq > frames->end_seq)
        return ERR_STOP;
    frames->touched = false;
    enum err err = engine_feed(engine, record);
    if (err == ERR_OK && frames->giving && frames->touched)
        err = frames->options->each(record, frames->options->arg);
    return err;
}

static enum err feed_all(struct frames *frames, struct engine *engine)
{
    const struct tape_reader_options options = {
        .salvage = frames->options->salvage, .each_loss = on_loss, .arg = frames};
    struct tape_reader *reader = NULL;
    struct record record;
    enum err err = tape_reader_open(&reader, io_posix(), frames->tape, &options);
    while (err == ERR_OK && (err = tape_reader_next(reader, &record)) == ERR_OK)
        err = take_record(frames, engine, &record);
    if (err == ERR_END && tape_reader_tail(reader) != NULL)
        on_loss(tape_reader_tail(reader), frames);
    tape_reader_close(reader);
    return err == ERR_END ? ERR_OK : err;
}

/* One reading of the tape by an engine that builds what the filter lets through. */
static enum err read_tape(struct frames *frames, const struct engine_filter *filter,
                          struct engine **out)
{
    const struct engine_outlet outlet = {.candle = on_candle, .trade = on_trade, .arg = frames};
    enum err err = engine_new(out, &frames->config, filter, &outlet);
    if (err == ERR_OK)
        err = feed_all(frames, *out);
    if (err == ERR_OK || err == ERR_DAMAGED) {
        enum err last = engine_each_forming(*out, on_candle, frames);
        err = last != ERR_OK ? last : err;
    }
    return err;
}

/* Members of a composite can be any market. */
static enum err read_market(struct frames *frames, bool giving)
{
    struct engine *engine = NULL;
    struct engine_filter filter = {.venue_count = 1,
                                   .instrument_count = 1,
                                   .venues = {frames->address->venue},
                                   .instruments = {frames->address->instrument}};
    frames->giving = giving;
    enum err err = read_tape(frames, frames->composite ? NULL : &filter, &engine);
    engine_free(engine);
    return err;
}

/* ---- a candle that is not there -------------------------------------------------------------- */

static void list_markets(char text[NAMES_TEXT_MAX], const struct engine *engine)
{
    struct engine_market market;
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; engine_market_at(engine, i, &market); i++) {
        if (used + RECORD_VENUE_MAX + INSTRUMENT_MAX + 8 > NAMES_TEXT_MAX) {
            snprintf(text + used, NAMES_TEXT_MAX - used, ", ...");
            return;
        }
        used += (size_t)snprintf(text + used, NAMES_TEXT_MAX - used, "%s%s %s",
                                 used > 0 ? ", " : "", market.venue->name, market.instrument);
    }
}

static enum err fail_market(struct frames *frames)
{
    char names[NAMES_TEXT_MAX];
    struct engine *engine = NULL;
    frames->giving = false;
    enum err err = read_tape(frames, NULL, &engine);
    if (err == ERR_OK || err == ERR_DAMAGED) {
        list_markets(names, engine);
        err = err_fail(ERR_CHECK, "no candles of '%s %s' on tape '%s'; %s%s",
                       frames->address->venue, frames->address->instrument, frames->tape,
                       names[0] ? "it has trades of " : "it has no trades at all", names);
    }
    engine_free(engine);
    return err;
}

static enum err fail_candle(struct frames *frames)
{
    const struct candle_address *address = frames->address;
    char bar[BAR_TEXT_MAX], open[TIME_TEXT_MAX], before[TIME_TEXT_MAX], after[TIME_TEXT_MAX];
    bool has_before = frames->before_ns != INT64_MIN, has_after = frames->after_ns != INT64_MAX;
    if (!has_before && !has_after)
        return fail_market(frames);
    bar_format(bar, address->bar);
    time_format(open, address->open_ns);
    time_format(before, frames->before_ns);
    time_format(after, frames->after_ns);
    return err_fail(ERR_CHECK, "no candle '%s %s %s %s' on tape '%s'; the nearest %s at %s%s%s",
                    address->venue, address->instrument, bar, open, frames->tape,
                    has_before && has_after ? "open" : "opens", has_before ? before : after,
                    has_before && has_after ? " and " : "", has_before && has_after ? after : "");
}

/* ---- all together ---------------------------------------------------------------------------- */

/* A composite that the tape was recorded without: its method does not change whose trades it takes.
 */
static void add_composite(struct composite_config *config, const char *instrument)
{
    for (size_t i = 0; i < config->rule_count; i++)
        if (strcmp(config->rules[i].instrument, "*") == 0 ||
            strcmp(config->rules[i].instrument, instrument) == 0)
            return;
    if (config->rule_count == COMPOSITE_RULES_MAX)
        return;
    struct composite_rule *rule = &config->rules[config->rule_count++];
    *rule = (struct composite_rule){.method = COMPOSITE_VWAP};
    snprintf(rule->instrument, sizeof rule->instrument, "%s", instrument);
}

static enum err configure(struct frames *frames)
{
    bool found;
    struct engine_config *config = &frames->config;
    engine_config_default(config);
    enum err err = engine_options_from_tape(config, io_posix(), frames->tape,
                                            frames->options->salvage, &found);
    config->bar_count = 1;
    config->bars[0] = frames->address->bar;
    if (frames->composite)
        add_composite(&config->composite, frames->address->instrument);
    else
        config->composite.rule_count = 0;
    return err;
}

/* The candle must be known before its records can be told from others. */
static enum err find_candle(struct frames *frames)
{
    enum err err = read_market(frames, false);
    if (err == ERR_OK && frames->found)
        frames->end_seq = frames->last_seq;
    if (err != ERR_OK && err != ERR_DAMAGED)
        return err;
    if (!frames->found)
        return err == ERR_DAMAGED ? err : fail_candle(frames);
    err_clear(); /* who reads again meets the damage again */
    return ERR_OK;
}

enum err candle_frames_each(const char *tape, const struct candle_address *address,
                            const struct candle_frames_options *options)
{
    struct frames frames = {
        .tape = tape,
        .address = address,
        .options = options,
        .composite = is_composite(address),
        .before_ns = INT64_MIN,
        .after_ns = INT64_MAX,
        .end_seq = UINT64_MAX,
    };
    enum err err = configure(&frames);
    if (err == ERR_OK && (frames.composite || address->bar.kind != BAR_TIME))
        err = find_candle(&frames);
    if (err == ERR_OK)
        err = read_market(&frames, true);
    if (err == ERR_STOP)
        return ERR_OK;
    if (err == ERR_OK && !frames.found)
        return fail_candle(&frames);
    if (err == ERR_OK && frames.trades == 0)
        log_info("the candle is carried: no trade is counted in it, so no record is behind it");
    return err;
}
