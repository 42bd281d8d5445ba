#include "engine/engine.h"

#include "engine/candle/market_set.h"
#include "engine/engine_answer.h"
#include "engine/receive_clock.h"

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
    TROUBLE_OVERSIZED,
    TROUBLE_ABSURD_TIME,
    TROUBLE_TIME_UNIT,
    TROUBLE_BAD_NUMBER,
    TROUBLE_SUSPECT,
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
    uint64_t malformed, dropped;        /* frames: could not be read; are not on the tape */
};

struct engine {
    struct engine_config config;
    struct engine_filter filter;
    struct engine_outlet outlet;
    struct engine_stats stats;
    struct market_set markets;
    struct venue_frame frame;

    /* clock */
    struct receive_clock time;
    uint64_t dropped; /* frames of no venue in particular */

    struct health *health;         /* NULL: nobody listens */
    int64_t report_ns;             /* clock of the next report */
    bool decoded;                  /* `frame` is what the record holds */
    struct connection *connection; /* of the record; NULL: none */
    uint32_t code;                 /* what is known of the record beforehand: enum decoded_code */
    const struct decoded *ahead;   /* where, when it is trades */

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

static int64_t now(void *arg)
{
    const struct engine *engine = arg;
    return engine->outlet.now(engine->outlet.arg);
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

static enum err init_markets(struct engine *engine)
{
    const struct engine_config *config = &engine->config;
    struct market_set_options options = {
        .bar_count = config->bar_count,
        .lateness_ns = config->lateness_ns,
        .horizon_ns = config->horizon_ns,
        .carry = config->empty == EMPTY_CARRY,
        .exclude_suspect = config->exclude_suspect,
        .composite = &config->composite,
        .forming = engine->outlet.forming,
        .tape = engine->outlet.tape,
        .candle = give_candle,
        .now = engine->outlet.now != NULL ? now : NULL,
        .wanted = instrument_wanted,
        .arg = engine,
    };
    memcpy(options.bars, config->bars, sizeof options.bars);
    return market_set_init(&engine->markets, &options);
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
    venue_frame_init(&engine->frame);
    err = init_markets(engine);
    if (err == ERR_OK && outlet->health != NULL)
        err = health_new(&engine->health);
    if (err == ERR_OK)
        *out = engine;
    else
        engine_free(engine);
    return err;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    for (size_t i = 0; i < engine->venue_count; i++)
        instrument_list_release(&engine->venues[i].instruments);
    health_free(engine->health);
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

enum err engine_each_forming(struct engine *engine,
                             void (*each)(const struct candle *candle, void *arg), void *arg)
{
    return market_set_each_forming(&engine->markets, each, arg);
}

bool engine_clock_offset(const struct engine *engine, uint32_t connection, int64_t *out_ns)
{
    const struct connection *found = market_set_connection(&engine->markets, connection);
    if (found == NULL || !found->offset.known)
        return false;
    *out_ns = found->offset.ns;
    return true;
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

static void note_suspect(struct engine *engine, const struct record *record,
                         const struct trade *trade, uint32_t suspect)
{
    char flags[CANDLE_SHORT_MAX];
    candle_flags_format(flags, suspect);
    note(engine, engine->last, TROUBLE_SUSPECT, "trade of %s is suspect (%s), record %llu",
         trade->symbol, flags, (unsigned long long)record->seq);
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
    if (finding->oversized)
        note(engine, state, TROUBLE_OVERSIZED,
             "trade of %s is larger than its bars can be split into, record %llu", trade->symbol,
             seq);
    if (finding->suspect != 0)
        note_suspect(engine, record, trade, finding->suspect);
    if (finding->verdict == MARKET_BAD_PRICE || finding->verdict == MARKET_BAD_SIZE)
        note(engine, state, TROUBLE_BAD_NUMBER,
             "trade of %s has a %s of zero or less and is in no candle, record %llu", trade->symbol,
             finding->verdict == MARKET_BAD_PRICE ? "price" : "size", seq);
    if (finding->verdict == MARKET_TIME_UNIT)
        note(engine, state, TROUBLE_TIME_UNIT,
             "trade of %s is refused: its time of %lld ns is one in another unit, record %llu",
             trade->symbol, (long long)trade->source_ns, seq);
    if (finding->verdict == MARKET_ABSURD_TIME)
        note(engine, state, TROUBLE_ABSURD_TIME,
             "trade of %s is refused for its time of %lld ns, record %llu", trade->symbol,
             (long long)trade->source_ns, seq);
}

static void count_finding(struct engine_stats *stats, const struct market_finding *finding)
{
    uint64_t *const counts[MARKET_VERDICTS] = {
        [MARKET_COUNTED] = &stats->counted,
        [MARKET_DUPLICATE] = &stats->duplicates,
        [MARKET_REPEATED] = &stats->repeated,
        [MARKET_EXCLUDED] = &stats->excluded,
        [MARKET_SNAPSHOT] = &stats->snapshot,
        [MARKET_OTHER_CHANNEL] = &stats->other_channel,
        [MARKET_LOST_LATE] = NULL, /* counted by what was lost */
        [MARKET_BAD_PRICE] = &stats->bad_price,
        [MARKET_BAD_SIZE] = &stats->bad_size,
        [MARKET_SUSPECT] = &stats->suspect_excluded,
        [MARKET_ABSURD_TIME] = &stats->absurd_time,
        [MARKET_TIME_UNIT] = &stats->time_unit,
    };
    if (counts[finding->verdict] != NULL)
        ++*counts[finding->verdict];
    stats->late += finding->late;
    stats->lost_late += finding->lost;
    stats->out_of_order += finding->out_of_order;
    stats->oversized += finding->oversized;
    stats->suspect_time += (finding->suspect & CANDLE_SUSPECT_TIME) != 0;
    stats->suspect_price += (finding->suspect & CANDLE_SUSPECT_PRICE) != 0;
    stats->suspect_size += (finding->suspect & CANDLE_SUSPECT_SIZE) != 0;
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

static const char *mic_of(const struct engine *engine, const struct venue *venue)
{
    for (size_t i = 0; i < engine->config.mic_count; i++)
        if (strcmp(engine->config.mics[i].venue, venue->name) == 0)
            return engine->config.mics[i].mic;
    return NULL;
}

static enum err take_trade(struct engine *engine, const struct record *record,
                           const struct market_source *source, const struct trade *trade)
{
    size_t known = engine->markets.market_count;
    enum market_set_verdict verdict;
    struct market_finding finding;
    const struct market *market;
    engine->stats.trades++;
    enum err err = market_set_trade(&engine->markets, source, trade, &verdict, &finding, &market);
    if (err != ERR_OK)
        return err;
    if (engine->markets.market_count > known)
        note_guess(engine, market);
    if (verdict != MARKET_SET_DONE) {
        count_unplaced(engine, record, verdict);
        return ERR_OK;
    }
    count_finding(&engine->stats, &finding);
    if (engine->health != NULL && (finding.missing | finding.filled) != 0)
        health_missing(engine->health, source->venue,
                       (int64_t)finding.missing - (int64_t)finding.filled);
    if (finding.verdict != MARKET_COUNTED || finding.lost || finding.oversized ||
        finding.suspect != 0 || finding.missing > 0)
        note_finding(engine, record, market, trade, &finding);
    if (finding.verdict == MARKET_COUNTED && engine->outlet.trade != NULL)
        engine->outlet.trade(source->venue, market->instrument, trade, record, engine->outlet.arg);
    return ERR_OK;
}

/* ---- records --------------------------------------------------------------------------------- */

static void count_malformed(struct engine *engine, const struct record *record,
                            struct venue_state *state, const char *reason)
{
    engine->stats.malformed++;
    state->malformed++;
    note(engine, state, TROUBLE_MALFORMED, "malformed %s, record %llu: %s",
         record->type == RECORD_RECEIVED ? "frame" : record_type_name(record->type),
         (unsigned long long)record->seq, reason);
}

/* All trades of a record have the same source. */
static enum err take_trades(struct engine *engine, const struct record *record, const char *channel,
                            const struct trade *trades, size_t count)
{
    const struct venue_state *state = engine->last;
    struct market_source source = {
        .venue = state->venue,
        .instruments = &state->instruments,
        .channel = channel,
        .connection = engine->connection,
        .received = record->type == RECORD_RECEIVED,
        .mic = mic_of(engine, state->venue),
        .malformed = state->malformed,
        .dropped = state->dropped + engine->dropped,
        .steps = engine->stats.clock_steps,
    };
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = take_trade(engine, record, &source, &trades[i]);
    return err;
}

/* What the decoder made of the record. */
static enum err take_frame(struct engine *engine, const struct record *record)
{
    const struct venue_frame *frame = &engine->frame;
    struct venue_state *state = engine->last;
    unsigned long long seq = record->seq;
    engine->stats.frames++;
    engine->decoded = true;
    switch (frame->kind) {
    case VENUE_TRADES:
        return take_trades(engine, record, frame->channel, frame->trades, frame->trade_count);
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

/* ---- gaps and connections -------------------------------------------------------------------- */

static uint64_t count_member(const json_t *root, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(root, name));
    return value > 0 ? (uint64_t)value : 0;
}

static void take_gap(struct engine *engine, const struct record *record)
{
    json_t *root =
        json_loadb((const char *)record->data, record->size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *count = json_object_get(root, "count");
    if (json_is_integer(count) && json_integer_value(count) >= 0) {
        struct venue_state *state =
            record->venue[0] != '\0' ? state_of(engine, record->venue) : NULL;
        bool told = json_is_integer(json_object_get(root, "frames"));
        uint64_t frames = count_member(root, told ? "frames" : "count");
        engine->stats.gap_records += (uint64_t)json_integer_value(count);
        engine->stats.dropped += frames;
        *(state != NULL ? &state->dropped : &engine->dropped) += frames;
    } else {
        count_malformed(engine, record, &engine->nowhere, "no count of lost records");
    }
    json_decref(root);
}

/* Whether trades come on it. */
static bool brings_trades(const struct venue *venue, const char *channel)
{
    const struct venue_channel *found =
        venue->recording != NULL ? venue_channel_find(venue->recording, channel) : NULL;
    return found == NULL || found->role == ROLE_TRADES;
}

/* {"trade":["BTCUSDT"],"depth":["BTCUSDT"]} */
static enum err each_symbol(struct engine *engine, struct connection *connection, json_t *items,
                            bool leave)
{
    const char *channel;
    json_t *symbols;
    enum err err = ERR_OK;
    json_object_foreach(items, channel, symbols)
    {
        bool trades = brings_trades(connection->venue, channel);
        for (size_t i = 0; trades && err == ERR_OK && i < json_array_size(symbols); i++) {
            const char *symbol = json_string_value(json_array_get(symbols, i));
            if (symbol == NULL || strlen(symbol) >= SYMBOL_MAX)
                continue;
            if (leave)
                market_set_leave(&engine->markets, connection, symbol);
            else
                err = market_set_want(&engine->markets, connection, symbol);
        }
    }
    return err;
}

static enum err take_event(struct engine *engine, const struct venue *venue,
                           const struct record *record, const json_t *root)
{
    struct market_set *markets = &engine->markets;
    const char *event = json_string_value(json_object_get(root, "event"));
    struct connection *connection = market_set_connection(markets, record->connection);
    enum err err = ERR_OK;
    if (event == NULL)
        return ERR_OK;
    if (strcmp(event, "open") == 0) {
        json_t *wanted = json_object_get(root, "wanted");
        err = market_set_open(markets, venue, record->connection, !json_is_object(wanted),
                              &connection);
        return err == ERR_OK ? each_symbol(engine, connection, wanted, false) : err;
    }
    if (connection == NULL)
        return ERR_OK;
    if (strcmp(event, "change") == 0) {
        each_symbol(engine, connection, json_object_get(root, "leave"), true);
        err = each_symbol(engine, connection, json_object_get(root, "add"), false);
    } else if (strcmp(event, "close") == 0 || strcmp(event, "error") == 0) {
        market_set_close(markets, connection);
    }
    return err;
}

static enum err take_connection(struct engine *engine, const struct record *record)
{
    struct venue_state *state = state_of(engine, record->venue);
    if (state == NULL || !state->wanted || record->connection == 0)
        return ERR_OK;
    json_t *root =
        json_loadb((const char *)record->data, record->size, JSON_REJECT_DUPLICATES, NULL);
    enum err err = take_event(engine, state->venue, record, root);
    json_decref(root);
    return err;
}

/* The connection of a frame, also one of which the tape says nothing. */
static enum err know_connection(struct engine *engine, const struct record *record)
{
    engine->connection = record->connection != 0
                             ? market_set_connection(&engine->markets, record->connection)
                             : NULL;
    if (record->type != RECORD_RECEIVED || record->connection == 0 || engine->connection != NULL)
        return ERR_OK;
    return market_set_open(&engine->markets, engine->last->venue, record->connection, true,
                           &engine->connection);
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
    market_set_end_session(&engine->markets);
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

static enum err take_decoded(struct engine *engine, const struct record *record, uint32_t code)
{
    const struct decoded_frame *frame = &engine->ahead->frames[code - DECODED_TRADES];
    return take_trades(engine, record, frame->channel, &engine->ahead->trades[frame->first],
                       frame->count);
}

/* Frames of venues that are filtered out are not even decoded. */
static enum err take_message(struct engine *engine, const struct record *record)
{
    if (!find_venue(engine, record) || !engine->last->wanted)
        return ERR_OK;
    enum err err = know_connection(engine, record);
    if (err != ERR_OK)
        return err;
    if (record->type == RECORD_HTTP)
        return take_http(engine, record);
    uint32_t code = engine->code == DECODED_NOT && record->unread ? DECODED_MARKET : engine->code;
    if (code != DECODED_NOT) {
        engine->stats.frames++;
        return decoded_is_market(code) ? ERR_OK : take_decoded(engine, record, code);
    }
    engine->frame.connection = record->connection;
    err = engine->last->venue->decode(record->data, record->size, &engine->frame);
    return err == ERR_OK ? take_frame(engine, record) : err;
}

enum err engine_prime(struct engine *engine, const struct record *record)
{
    bool message = record->type == RECORD_RECEIVED || record->type == RECORD_HTTP;
    if (record->type == RECORD_CONFIG)
        return take_config(engine, record);
    if (record->type == RECORD_CONNECTION)
        return take_connection(engine, record);
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
    case RECORD_CONNECTION:
        return take_connection(engine, record);
    case RECORD_SENT:
    case RECORD_TICK:
        break;
    default:
        engine->stats.other++;
    }
    return ERR_OK;
}

/* Receive time that has passed since the last record: by the monotonic clock, and by the wall clock
 * from one session to the next. */
static int64_t pass_time(struct engine *engine, const struct record *record)
{
    struct receive_clock *time = &engine->time;
    int64_t passed_ns = 0;
    bool new_session = record->type == RECORD_CONFIG || !time->started;
    if (time->started)
        passed_ns = new_session ? receive_elapsed(time->wall_ns, record->wall_ns)
                                : receive_elapsed(time->mono_ns, record->mono_ns);
    engine->stats.clock_steps +=
        !new_session && receive_is_step(time, record->wall_ns, record->mono_ns);
    if (new_session)
        time->mono_ns = record->mono_ns;
    receive_clock_set(time, record->wall_ns, record->mono_ns);
    time->started = true;
    return passed_ns;
}

/* ---- health ---------------------------------------------------------------------------------- */

static enum err see_health(struct engine *engine, const struct record *record)
{
    int64_t clock_ns = engine->markets.clock_ns;
    bool venued = record->venue[0] != '\0';
    const struct venue_state *state = venued ? state_of(engine, record->venue) : NULL;
    enum err err = health_see(engine->health, record, state != NULL ? state->venue : NULL,
                              engine->decoded ? &engine->frame : NULL, clock_ns);
    if (err != ERR_OK || clock_ns < engine->report_ns)
        return err;
    health_each(engine->health, clock_ns, engine->outlet.health, engine->outlet.arg);
    engine->report_ns = clock_ns - clock_ns % HEALTH_EVERY_NS + HEALTH_EVERY_NS;
    return ERR_OK;
}

static enum err feed(struct engine *engine, const struct record *record)
{
    struct market_set_record at = {record->seq, record->wall_ns, record->mono_ns,
                                   pass_time(engine, record)};
    market_set_begin(&engine->markets, &at);
    engine->decoded = false;
    enum err err = take_record(engine, record);
    enum err end = market_set_end(&engine->markets);
    if (err == ERR_OK && end == ERR_OK && engine->health != NULL)
        err = see_health(engine, record);
    engine->stats.records++;
    engine->stats.updates = engine->markets.outlet.updates;
    engine->stats.carry_skipped = engine->markets.outlet.skipped;
    engine->stats.overflow = engine->markets.outlet.overflows;
    engine->stats.markets = engine->markets.market_count;
    return err != ERR_OK ? err : end;
}

enum err engine_feed(struct engine *engine, const struct record *record)
{
    engine->code = DECODED_NOT;
    return feed(engine, record);
}

enum err engine_feed_decoded(struct engine *engine, const struct record *record,
                             const struct decoded *decoded, size_t index)
{
    assert(engine->health == NULL);
    engine->code = decoded->codes[index];
    engine->ahead = decoded;
    return feed(engine, record);
}

/* A record of market data, of a venue and a connection that the engine knows. */
static bool begins_pass(struct engine *engine, const struct record *record)
{
    return engine->time.started && engine->health == NULL && engine->markets.composite == NULL &&
           record->type == RECORD_RECEIVED && find_venue(engine, record) &&
           (record->connection == 0 ||
            market_set_connection(&engine->markets, record->connection) != NULL);
}

/* All records of a pass at once, when nothing falls due meanwhile. */
static bool pass_all(struct engine *engine, const struct decoded_pass *pass)
{
    struct receive_clock *time = &engine->time;
    int64_t passed_ns = receive_elapsed(time->mono_ns, pass->mono_max_ns);
    if (passed_ns >= market_set_due(&engine->markets) - engine->markets.clock_ns)
        return false;
    engine->markets.clock_ns += passed_ns;
    engine->stats.clock_steps +=
        pass->steps + receive_is_step(time, pass->first_wall_ns, pass->first_mono_ns);
    receive_clock_set(time, pass->last_wall_ns, pass->last_mono_ns);
    if (pass->mono_max_ns > time->mono_ns)
        time->mono_ns = pass->mono_max_ns;
    return true;
}

/* One by one, up to the first at which something falls due. */
static size_t pass_some(struct engine *engine, const struct record *records, size_t count)
{
    struct receive_clock *time = &engine->time;
    int64_t due_ns = market_set_due(&engine->markets);
    size_t passed = 0;
    for (; passed < count; passed++) {
        const struct record *record = &records[passed];
        int64_t passed_ns = receive_elapsed(time->mono_ns, record->mono_ns);
        if (passed_ns >= due_ns - engine->markets.clock_ns)
            break;
        engine->markets.clock_ns += passed_ns;
        engine->stats.clock_steps += receive_is_step(time, record->wall_ns, record->mono_ns);
        receive_clock_set(time, record->wall_ns, record->mono_ns);
    }
    return passed;
}

size_t engine_pass(struct engine *engine, const struct record *records, size_t count,
                   const struct decoded *decoded, size_t first)
{
    uint32_t code = decoded->codes[first];
    if (count == 0 || (code & DECODED_PASS) == 0 || !begins_pass(engine, &records[0]))
        return 0;
    const struct decoded_pass *pass = &decoded->passes[code & ~(uint32_t)DECODED_PASS];
    size_t passed = pass->count;
    if (count < pass->count || !pass_all(engine, pass))
        passed = pass_some(engine, records, count < pass->count ? count : pass->count);
    engine->stats.records += passed;
    if (engine->last->wanted)
        engine->stats.frames += passed;
    return passed;
}
