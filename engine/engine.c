#include "engine/engine.h"

#include "engine/candle/market_set.h"
#include "engine/engine_answer.h"

#include <jansson.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(ENGINE_BARS_MAX == MARKET_BARS_MAX && ENGINE_MARKETS_MAX == MARKET_SET_MAX &&
                   ENGINE_WINDOWS_MAX == SERIES_WINDOWS_MAX &&
                   ENGINE_CARRIED_MAX == SERIES_CARRIED_MAX,
               "the engine promises what its parts keep");

/* Kinds of trouble; the first of each is told, per venue. */
enum trouble {
    TROUBLE_MALFORMED,
    TROUBLE_UNKNOWN_VENUE,
    TROUBLE_OTHER_FRAME,
    TROUBLE_REFUSED,
    TROUBLE_HTTP,
    TROUBLE_MISSING,
    TROUBLE_OTHER_CHANNEL,
    TROUBLE_LOST_LATE,
    TROUBLE_OVERFLOW,
    TROUBLE_ABSURD_TIME,
    TROUBLE_SYMBOL,
    TROUBLE_NO_ROOM,
    TROUBLE_NO_LIST,
};

#define NOTE_MAX   512
#define VENUES_MAX 128 /* more than there are */

/* What is kept of a venue whose records were seen. */
struct venue_state {
    const struct venue *venue; /* NULL: records of no known venue */
    bool wanted;
    uint32_t told;                      /* a bit per enum trouble */
    struct instrument_list instruments; /* as the records said so far */
};

struct engine {
    struct engine_config config;
    struct engine_filter filter;
    struct engine_outlet outlet;
    struct engine_stats stats;
    struct market_set markets;
    struct venue_frame frame;

    /* clock */
    bool started;
    int64_t mono_ns; /* highest of the session */
    int64_t wall_ns; /* of the last record */

    struct venue_state nowhere;
    struct venue_state *last; /* of the last record that had a known venue */
    size_t venue_count;
    struct venue_state venues[VENUES_MAX];
};

static void give_candle(const struct candle *candle, void *arg)
{
    const struct engine *engine = arg;
    engine->outlet.candle(candle, engine->outlet.arg);
}

static bool listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

static bool instrument_wanted(const char *instrument, void *arg)
{
    const struct engine *engine = arg;
    return listed(engine->filter.instruments, engine->filter.instrument_count, instrument);
}

static void init_markets(struct engine *engine)
{
    struct market_set_options options = {
        .bar_count = engine->config.bar_count,
        .lateness_ns = engine->config.lateness_ns,
        .horizon_ns = engine->config.horizon_ns,
        .carry = engine->config.empty == EMPTY_CARRY,
        .candle = give_candle,
        .wanted = instrument_wanted,
        .arg = engine,
    };
    memcpy(options.bars, engine->config.bars, sizeof options.bars);
    market_set_init(&engine->markets, &options);
}

enum err engine_new(struct engine **out, const struct engine_config *config,
                    const struct engine_filter *filter, const struct engine_outlet *outlet)
{
    assert(outlet->candle != NULL);
    struct engine_config checked = *config;
    enum err err = engine_config_check(&checked);
    if (err != ERR_OK)
        return err;
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return err_fail(ERR_NOMEM, "out of memory for the engine");
    engine->config = checked;
    engine->outlet = *outlet;
    if (filter != NULL)
        engine->filter = *filter;
    init_markets(engine);
    venue_frame_init(&engine->frame);
    *out = engine;
    return ERR_OK;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    for (size_t i = 0; i < engine->venue_count; i++)
        instrument_list_release(&engine->venues[i].instruments);
    market_set_release(&engine->markets);
    venue_frame_release(&engine->frame);
    free(engine);
}

const struct engine_stats *engine_stats(const struct engine *engine)
{
    return &engine->stats;
}

bool engine_market_at(const struct engine *engine, size_t index, struct engine_market *out)
{
    if (index >= engine->markets.market_count)
        return false;
    const struct market *market = engine->markets.markets[index];
    *out = (struct engine_market){market->venue, market->instrument, market->symbol};
    return true;
}

void engine_each_forming(const struct engine *engine,
                         void (*each)(const struct candle *candle, void *arg), void *arg)
{
    market_set_each_forming(&engine->markets, each, arg);
}

/* ---- notes ----------------------------------------------------------------------------------- */

static bool is_first(struct venue_state *state, enum trouble trouble)
{
    uint32_t bit = UINT32_C(1) << trouble;
    bool first = (state->told & bit) == 0;
    state->told |= bit;
    return first;
}

/* What a frame said is quoted in notes; it must not become lines or terminal commands. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static void note(struct engine *engine, struct venue_state *state, enum trouble trouble,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

static void note(struct engine *engine, struct venue_state *state, enum trouble trouble,
                 const char *format, ...)
{
    if (engine->outlet.note == NULL || !is_first(state, trouble))
        return;
    char text[NOTE_MAX];
    int length = state->venue != NULL ? snprintf(text, sizeof text, "%s: ", state->venue->name) : 0;
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, args);
    va_end(args);
    make_printable(text);
    engine->outlet.note(text, engine->outlet.arg);
}

/* ---- trades ---------------------------------------------------------------------------------- */

static void note_missing(struct engine *engine, const struct record *record,
                         const struct trade *trade, uint64_t missing)
{
    note(engine, engine->last, TROUBLE_MISSING,
         "%llu trade ids of %s are missing before %llu, record %llu", (unsigned long long)missing,
         trade->symbol, (unsigned long long)trade->id, (unsigned long long)record->seq);
}

/* What became of a trade that did not count, or not wholly. */
static void note_finding(struct engine *engine, const struct record *record,
                         const struct market *market, const struct trade *trade,
                         const struct market_finding *finding)
{
    struct venue_state *state = engine->last;
    unsigned long long seq = record->seq;
    if (finding->missing > 0)
        note_missing(engine, record, trade, finding->missing);
    if (finding->lost)
        note(engine, state, TROUBLE_LOST_LATE,
             "trade of %s came after the correction horizon, record %llu", trade->symbol, seq);
    if (finding->verdict == MARKET_OTHER_CHANNEL)
        note(engine, state, TROUBLE_OTHER_CHANNEL,
             "%s trades of %s are ignored beside channel '%s', record %llu",
             market->aggregated ? "single" : "aggregated", trade->symbol, market->channel, seq);
    if (finding->verdict == MARKET_OVERFLOW)
        note(engine, state, TROUBLE_OVERFLOW,
             "trade of %s is left out since a sum would not fit, record %llu", trade->symbol, seq);
    if (finding->verdict == MARKET_ABSURD_TIME)
        note(engine, state, TROUBLE_ABSURD_TIME,
             "trade of %s is refused for its time of %lld ns, record %llu", trade->symbol,
             (long long)trade->source_ns, seq);
}

static void count_finding(struct engine_stats *stats, const struct market_finding *finding)
{
    uint64_t *const counts[] = {
        [MARKET_COUNTED] = &stats->counted,
        [MARKET_DUPLICATE] = &stats->duplicates,
        [MARKET_REPEATED] = &stats->repeated,
        [MARKET_EXCLUDED] = &stats->excluded,
        [MARKET_SNAPSHOT] = &stats->snapshot,
        [MARKET_OTHER_CHANNEL] = &stats->other_channel,
        [MARKET_LOST_LATE] = NULL, /* counted by what was lost */
        [MARKET_OVERFLOW] = &stats->overflow,
        [MARKET_ABSURD_TIME] = &stats->absurd_time,
    };
    if (counts[finding->verdict] != NULL)
        ++*counts[finding->verdict];
    stats->late += finding->late;
    stats->lost_late += finding->lost;
    stats->out_of_order += finding->out_of_order;
    stats->missing += finding->missing;
    stats->missing -= finding->filled;
}

static void count_unplaced(struct engine *engine, const struct record *record,
                           enum market_set_verdict verdict)
{
    struct venue_state *state = engine->last;
    unsigned long long seq = record->seq;
    if (verdict == MARKET_SET_UNWANTED) {
        engine->stats.filtered++;
    } else if (verdict == MARKET_SET_FULL) {
        engine->stats.no_room++;
        note(engine, state, TROUBLE_NO_ROOM,
             "more than %d instruments; the rest is ignored, record %llu", ENGINE_MARKETS_MAX, seq);
    } else {
        engine->stats.malformed++;
        note(engine, state, TROUBLE_SYMBOL,
             "symbol with characters that no symbol has; its trades are ignored, record %llu", seq);
    }
}

/* The first market whose name is only a reading of its symbol. */
static void note_guess(struct engine *engine, const struct market *market)
{
    if (market->guessed && engine->last->instruments.count == 0)
        note(engine, engine->last, TROUBLE_NO_LIST,
             "no instrument list on this tape; names come from the spelling alone");
}

static enum err take_trade(struct engine *engine, const struct record *record,
                           const struct trade *trade)
{
    const struct venue *venue = engine->last->venue;
    struct market_source source = {venue, &engine->last->instruments, engine->frame.channel,
                                   record->connection};
    size_t known = engine->markets.market_count;
    enum market_set_verdict verdict;
    struct market_finding finding;
    const struct market *market;
    engine->stats.trades++;
    enum err err = market_set_trade(&engine->markets, &source, trade, &verdict, &finding, &market);
    if (err != ERR_OK)
        return err;
    if (engine->markets.market_count > known)
        note_guess(engine, market);
    if (verdict != MARKET_SET_DONE) {
        count_unplaced(engine, record, verdict);
        return ERR_OK;
    }
    count_finding(&engine->stats, &finding);
    if (finding.verdict != MARKET_COUNTED || finding.lost || finding.missing > 0)
        note_finding(engine, record, market, trade, &finding);
    if (finding.verdict == MARKET_COUNTED && engine->outlet.trade != NULL)
        engine->outlet.trade(venue, market->instrument, trade, record, engine->outlet.arg);
    return ERR_OK;
}

/* ---- records --------------------------------------------------------------------------------- */

static void count_malformed(struct engine *engine, const struct record *record,
                            struct venue_state *state, const char *reason)
{
    engine->stats.malformed++;
    note(engine, state, TROUBLE_MALFORMED, "malformed %s, record %llu: %s",
         record->type == RECORD_RECEIVED ? "frame" : record_type_name(record->type),
         (unsigned long long)record->seq, reason);
}

/* What the decoder made of the record. */
static enum err take_frame(struct engine *engine, const struct record *record)
{
    const struct venue_frame *frame = &engine->frame;
    struct venue_state *state = engine->last;
    unsigned long long seq = record->seq;
    engine->stats.frames++;
    switch (frame->kind) {
    case VENUE_TRADES:
        for (size_t i = 0; i < frame->trade_count; i++) {
            enum err err = take_trade(engine, record, &frame->trades[i]);
            if (err != ERR_OK)
                return err;
        }
        break;
    case VENUE_MALFORMED:
        count_malformed(engine, record, state, frame->error);
        break;
    case VENUE_OTHER:
        engine->stats.other++;
        note(engine, state, TROUBLE_OTHER_FRAME, "unknown kind of frame is ignored, record %llu",
             seq);
        break;
    case VENUE_ACK:
        if (frame->error[0] == '\0')
            break;
        engine->stats.refused++;
        note(engine, state, TROUBLE_REFUSED, "refused, record %llu: %s", seq, frame->error);
        break;
    case VENUE_DATA:
    case VENUE_HEARTBEAT:
    case VENUE_STATUS:
        break;
    }
    return ERR_OK;
}

/* Markets that there are keep their names. */
static enum err take_list(struct engine *engine, const struct record *record,
                          const struct engine_answer *answer)
{
    struct venue_state *state = engine->last;
    enum err err = state->venue->rest->decode_list(answer->url, answer->body, answer->size,
                                                   &state->instruments);
    if (err == ERR_OK || err == ERR_NOMEM)
        return err;
    count_malformed(engine, record, state, err_text(err));
    err_clear();
    return ERR_OK;
}

static enum err take_answer(struct engine *engine, const struct record *record,
                            const struct engine_answer *answer)
{
    const struct venue_state *state = engine->last;
    const struct venue *venue = state->venue;
    if (engine_answer_is_list(answer, venue))
        return take_list(engine, record, answer);
    if (venue->decode_http == NULL) {
        engine->stats.other++;
        return ERR_OK;
    }
    enum err err = venue->decode_http(answer->url, answer->body, answer->size, &state->instruments,
                                      &engine->frame);
    return err == ERR_OK ? take_frame(engine, record) : err;
}

static enum err take_http(struct engine *engine, const struct record *record)
{
    struct venue_state *state = engine->last;
    struct engine_answer answer;
    enum err err = ERR_OK;
    if (!engine_answer_read(&answer, record)) {
        count_malformed(engine, record, state, "no line that says what was asked and the status");
    } else if (answer.status != 200) {
        engine->stats.refused++;
        note(engine, state, TROUBLE_HTTP, "HTTP status %lld for %s, record %llu",
             (long long)answer.status, answer.url, (unsigned long long)record->seq);
    } else {
        err = take_answer(engine, record, &answer);
    }
    engine_answer_release(&answer);
    return err;
}

static enum err prime_http(struct engine *engine, const struct record *record)
{
    struct engine_answer answer;
    enum err err = ERR_OK;
    if (engine_answer_read(&answer, record) && engine_answer_is_list(&answer, engine->last->venue))
        err = take_list(engine, record, &answer);
    engine_answer_release(&answer);
    return err;
}

static void take_gap(struct engine *engine, const struct record *record)
{
    json_t *root =
        json_loadb((const char *)record->data, record->size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *count = json_object_get(root, "count");
    if (json_is_integer(count) && json_integer_value(count) >= 0)
        engine->stats.gap_records += (uint64_t)json_integer_value(count);
    else
        count_malformed(engine, record, &engine->nowhere, "no count of lost records");
    json_decref(root);
}

static struct venue_state *state_of(struct engine *engine, const char *name)
{
    for (size_t i = 0; i < engine->venue_count; i++)
        if (strcmp(engine->venues[i].venue->name, name) == 0)
            return &engine->venues[i];
    const struct venue *venue = venue_find(name);
    if (venue == NULL || engine->venue_count == VENUES_MAX)
        return NULL;
    struct venue_state *state = &engine->venues[engine->venue_count++];
    state->venue = venue;
    state->wanted = listed(engine->filter.venues, engine->filter.venue_count, name);
    instrument_list_init(&state->instruments);
    return state;
}

/* ---- names of the configuration ----------------------------------------------------------------
 */

/* A recorder that could not get a venue's list knew the names all the same: the user wrote them. A
 * list that follows on the tape says more of the same instruments and changes no name. */
static enum err take_name(struct venue_state *state, const char *symbol, const char *name)
{
    struct instrument instrument = {0};
    if (symbol == NULL || name == NULL || strlen(symbol) >= SYMBOL_MAX ||
        instrument_list_symbol(&state->instruments, symbol) != NULL)
        return ERR_OK;
    state->venue->describe(symbol, &instrument);
    memcpy(instrument.symbol, symbol, strlen(symbol) + 1);
    if (!instrument_from_name(name, &instrument))
        return ERR_OK;
    enum err err = instrument_list_add(&state->instruments, &instrument);
    return err == ERR_NOMEM ? err : ERR_OK;
}

static enum err take_names(struct engine *engine, const json_t *venue)
{
    const char *name = json_string_value(json_object_get(venue, "venue"));
    const json_t *names = json_object_get(venue, "instruments");
    const json_t *symbols = json_object_get(venue, "symbols");
    struct venue_state *state = name != NULL ? state_of(engine, name) : NULL;
    enum err err = ERR_OK;
    for (size_t i = 0; state != NULL && err == ERR_OK && i < json_array_size(symbols); i++)
        err = take_name(state, json_string_value(json_array_get(symbols, i)),
                        json_string_value(json_array_get(names, i)));
    return err;
}

static enum err take_config(struct engine *engine, const struct record *record)
{
    json_t *root =
        json_loadb((const char *)record->data, record->size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *venues = json_object_get(root, "venues");
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < json_array_size(venues); i++)
        err = take_names(engine, json_array_get(venues, i));
    json_decref(root);
    return err;
}

/* Keeps engine->last; false when the record's venue is unknown. */
static bool find_venue(struct engine *engine, const struct record *record)
{
    if (engine->last != NULL && strcmp(engine->last->venue->name, record->venue) == 0)
        return true;
    struct venue_state *state = state_of(engine, record->venue);
    if (state == NULL) {
        engine->stats.other++;
        note(engine, &engine->nowhere, TROUBLE_UNKNOWN_VENUE,
             "venue '%.*s' is unknown, record %llu", RECORD_VENUE_MAX, record->venue,
             (unsigned long long)record->seq);
        return false;
    }
    engine->last = state;
    return true;
}

/* Frames of venues that are filtered out are not even decoded. */
static enum err take_message(struct engine *engine, const struct record *record)
{
    if (!find_venue(engine, record) || !engine->last->wanted)
        return ERR_OK;
    engine->frame.connection = record->connection;
    if (record->type == RECORD_HTTP)
        return take_http(engine, record);
    enum err err = engine->last->venue->decode(record->data, record->size, &engine->frame);
    return err == ERR_OK ? take_frame(engine, record) : err;
}

enum err engine_prime(struct engine *engine, const struct record *record)
{
    bool message = record->type == RECORD_RECEIVED || record->type == RECORD_HTTP;
    if (record->type == RECORD_CONFIG)
        return take_config(engine, record);
    struct venue_state *state = message ? state_of(engine, record->venue) : NULL;
    if (state == NULL || !state->wanted)
        return ERR_OK;
    engine->last = state;
    if (record->type == RECORD_HTTP)
        return prime_http(engine, record);
    const struct venue *venue = engine->last->venue;
    engine->frame.connection = record->connection;
    return venue->routed ? venue->decode(record->data, record->size, &engine->frame) : ERR_OK;
}

static enum err take_record(struct engine *engine, const struct record *record)
{
    switch (record->type) {
    case RECORD_RECEIVED:
    case RECORD_HTTP:
        return take_message(engine, record);
    case RECORD_GAP:
        take_gap(engine, record);
        break;
    case RECORD_CONFIG:
        return take_config(engine, record);
    case RECORD_SENT:
    case RECORD_CONNECTION:
    case RECORD_TICK:
        break;
    default:
        engine->stats.other++;
    }
    return ERR_OK;
}

static int64_t elapsed(int64_t from_ns, int64_t to_ns)
{
    int64_t passed_ns;
    if (to_ns <= from_ns)
        return 0;
    return __builtin_sub_overflow(to_ns, from_ns, &passed_ns) ? INT64_MAX : passed_ns;
}

/* Receive time that has passed since the last record: by the monotonic clock, and by the wall clock
 * from one session to the next. */
static int64_t pass_time(struct engine *engine, const struct record *record)
{
    int64_t passed_ns = 0;
    bool new_session = record->type == RECORD_CONFIG || !engine->started;
    if (engine->started)
        passed_ns = new_session ? elapsed(engine->wall_ns, record->wall_ns)
                                : elapsed(engine->mono_ns, record->mono_ns);
    if (new_session || record->mono_ns > engine->mono_ns)
        engine->mono_ns = record->mono_ns;
    engine->wall_ns = record->wall_ns;
    engine->started = true;
    return passed_ns;
}

enum err engine_feed(struct engine *engine, const struct record *record)
{
    int64_t passed_ns = pass_time(engine, record);
    market_set_begin(&engine->markets, record->seq, record->wall_ns, passed_ns);
    enum err err = take_record(engine, record);
    enum err end = market_set_end(&engine->markets);
    engine->stats.records++;
    engine->stats.updates = engine->markets.outlet.updates;
    engine->stats.carry_skipped = engine->markets.outlet.skipped;
    engine->stats.markets = engine->markets.market_count;
    return err != ERR_OK ? err : end;
}
