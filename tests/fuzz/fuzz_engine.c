/*
 * Fuzzes windows, bars of all kinds, composites, watermark, connections and corrections with trades
 * and times that the input chooses: the first four bytes say the configuration, then each 8 bytes
 * are an event.
 *
 * Beyond crashes, for every update: what a candle may turn into (forming, closed, then corrections
 * numbered one by one), in what order updates come, and that its values can be true together. And
 * of the whole: without forming candles the closed and corrected ones are the same, byte for byte.
 */
#include "engine/candle/market_set.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND    INT64_C(1000000000)
#define EPOCH     (INT64_C(1700006400) * SECOND)
#define HEAD      4
#define EVENT     8
#define SLOTS     65536 /* power of two */
#define SLOTS_MAX 20000

/* The last update of each candle. */
struct slot {
    uint64_t input;    /* the slot is free when it is of another input */
    const char *venue; /* "composite", or that of all markets */
    char market;
    struct bar bar;
    int64_t open_ns;
    enum candle_state state;
    uint32_t revision;
};

static struct slot slots[SLOTS];
static uint64_t input;

static struct {
    size_t used;
    uint64_t updates, seq;
    struct candle before;
} seen;

/* The closed and corrected candles of a run. */
static uint64_t digests[2];

static struct slot *find_slot(const struct candle *c)
{
    uint64_t hash = (uint64_t)c->open_ns * 31 + (uint64_t)c->bar.size + (uint64_t)c->symbol[0];
    for (size_t i = (hash * UINT64_C(0x9E3779B97F4A7C15)) >> 48;; i = (i + 1) % SLOTS) {
        struct slot *s = &slots[i];
        if (s->input != input || (s->venue == c->venue && s->market == c->symbol[0] &&
                                  bar_equal(s->bar, c->bar) && s->open_ns == c->open_ns))
            return s;
    }
}

static void check_history(const struct candle *c)
{
    struct slot *s = find_slot(c);
    bool known = s->input == input;
    if (c->state == CANDLE_CORRECTED)
        assert(c->revision == (known ? s->revision : 0) + 1 &&
               (!known || s->state != CANDLE_FORMING));
    else
        assert(c->revision == 0 && (!known || s->state == CANDLE_FORMING));
    if (!known && ++seen.used > SLOTS_MAX)
        return; /* a table that is too full: this input is not followed further */
    *s = (struct slot){input, c->venue, c->symbol[0], c->bar, c->open_ns, c->state, c->revision};
    assert(c->bar.kind == BAR_TIME || c->state != CANDLE_CORRECTED);
}

static void check_order(const struct candle *c)
{
    assert(c->update == ++seen.updates && c->seq == seen.seq);
    const struct candle *b = &seen.before;
    if (b->symbol != NULL && b->seq == c->seq && b->symbol == c->symbol && b->venue == c->venue &&
        bar_equal(b->bar, c->bar))
        assert(b->open_ns < c->open_ns);
    seen.before = *c;
}

static void check_sums(const struct candle *c, bool traded)
{
    assert(decimal_compare(c->taker_buy_volume, c->volume) <= 0);
    assert(decimal_compare(c->taker_buy_quote_volume, c->quote_volume) <= 0);
    if (c->bar.kind != BAR_TIME)
        return; /* a part that is all money may have no quantity */
    assert(decimal_is_zero(c->volume) == !traded);
    bool plain = traded && c->volume_unit == VOLUME_BASE && strcmp(c->venue, "composite") != 0;
    assert(!plain ||
           (decimal_compare(c->low, c->vwap) <= 0 && decimal_compare(c->vwap, c->high) <= 0));
}

static void check_values(const struct candle *c)
{
    bool carried = (c->flags & CANDLE_CARRIED) != 0;
    assert(c->close_ns > c->open_ns && c->score <= 100 && c->connected_ppm <= CANDLE_PPM);
    assert(c->bar.kind != BAR_TIME ||
           (c->close_ns - c->open_ns == c->bar.size && carried == (c->trades == 0)));
    assert(decimal_compare(c->low, c->open) <= 0 && decimal_compare(c->low, c->close) <= 0);
    assert(decimal_compare(c->high, c->open) >= 0 && decimal_compare(c->high, c->close) >= 0);
    assert(c->backfilled <= c->trades);
    if ((c->flags & CANDLE_OVERFLOW) != 0)
        assert(c->score == 0);
    else
        check_sums(c, !carried);
    if (carried || c->bar.kind != BAR_TIME)
        return;
    assert(c->open_ns <= c->first_trade_ns && c->first_trade_ns <= c->last_trade_ns);
    assert(c->last_trade_ns < c->close_ns && c->first_seq <= c->last_seq);
}

static void add_to_digest(uint64_t *digest, const struct candle *c)
{
    static char row[CANDLE_ROW_MAX];
    size_t size = candle_row(c, row);
    assert(size == strlen(row));
    if (c->state == CANDLE_FORMING)
        return;
    for (size_t i = 0; i < size; i++)
        *digest = (*digest ^ (unsigned char)row[i]) * UINT64_C(1099511628211);
    *digest = (*digest ^ c->seq) * UINT64_C(1099511628211);
}

/* Of the run without forming ones. */
static void take_plain(const struct candle *c, void *arg)
{
    assert(c->state != CANDLE_FORMING);
    add_to_digest(arg, c);
}

static void take_candle(const struct candle *c, void *arg)
{
    add_to_digest(arg, c);
    if (seen.used > SLOTS_MAX)
        return;
    check_order(c);
    check_history(c);
    check_values(c);
}

/* A and B are one instrument, so that they meet in a composite; C counts contracts, D is inverse.
 */
static void describe_plain(const char *symbol, struct instrument *out)
{
    static const enum volume_unit units[] = {VOLUME_BASE, VOLUME_BASE, VOLUME_CONTRACT,
                                             VOLUME_QUOTE};
    *out = (struct instrument){.kind = INSTRUMENT_SPOT, .volume_unit = units[symbol[0] - 'A']};
    snprintf(out->symbol, sizeof out->symbol, "%s", symbol);
    snprintf(out->name, sizeof out->name, "%s", symbol[0] < 'C' ? "BTC-USD" : symbol);
    snprintf(out->base, sizeof out->base, "BTC");
    snprintf(out->quote, sizeof out->quote, "USD");
}

static const struct venue venues[] = {
    {.name = "test", .ids = IDS_CONTIGUOUS, .describe = describe_plain},
    {.name = "test", .ids = IDS_ASCENDING, .describe = describe_plain},
    {.name = "test", .ids = IDS_OPAQUE, .describe = describe_plain},
    {.name = "test", .ids = IDS_NONE, .describe = describe_plain},
};
static const struct venue *venue;

/* In the order of bars; which are taken is said by the bits of a byte. */
static const struct bar all_bars[] = {
    {BAR_TIME, 1 * SECOND, 0},    {BAR_TIME, 7 * SECOND, 0}, {BAR_TIME, 60 * SECOND, 0},
    {BAR_TIME, 3600 * SECOND, 0}, {BAR_TICK, 3, 0},          {BAR_VOLUME, 5, 1},
    {BAR_VOLUME, 40, 0},          {BAR_NOTIONAL, 333, 2},
};

static void choose_bars(struct market_set_options *options, uint8_t bits)
{
    for (size_t i = 0; i < sizeof all_bars / sizeof all_bars[0]; i++)
        if (bits >> i & 1)
            options->bars[options->bar_count++] = all_bars[i];
    if (options->bar_count == 0)
        options->bars[options->bar_count++] = all_bars[0];
}

static struct market_set_options options_of(const uint8_t *data, struct composite_config *composite)
{
    struct market_set_options options = {
        .lateness_ns = (data[1] & 15) * SECOND / 4,
        .horizon_ns = (data[1] >> 4) * 7 * SECOND,
        .carry = data[2] & 1,
        .exclude_suspect = data[2] >> 3 & 1,
    };
    choose_bars(&options, data[0]);
    composite_config_default(composite);
    if (data[3] & 1) {
        composite->rule_count = 1;
        composite->rules[0].method = (enum composite_method)(data[3] >> 1 & 3);
        memcpy(composite->rules[0].instrument, "*", 2);
        options.composite = composite;
    }
    return options;
}

static struct trade trade_of(const uint8_t *event, int64_t wall_ns)
{
    static const uint8_t scales[] = {2, 2, 2, 0, 8, 28};
    bool huge = event[7] == 0xff;
    struct trade trade = {
        .symbol = {(char)('A' + event[0] % 4)},
        .source_ns = wall_ns - ((int8_t)event[2]) * SECOND / 8,
        .has_id = (event[0] & 0x40) == 0,
        .id = 1000 + event[3] + (uint64_t)(event[4] & 3) * 256,
        .count = 1,
        .price = {1 + event[5], scales[event[6] % 6]},
        .quantity = {1 + (event[6] >> 2), scales[event[7] % 6]},
        .taker = event[7] & 1 ? TAKER_BUY : TAKER_SELL,
        .flags = event[0] >> 7 ? event[4] >> 3 : 0,
        .folded = event[4] & 4 ? event[5] & 7 : 0,
    };
    if (huge)
        trade.price.mantissa <<= 110;
    trade.first_id = trade.last_id = trade.id;
    return trade;
}

/* Two runs of the same records. */
struct pair {
    struct market_set sets[2]; /* with forming candles, and without */
    int64_t wall_ns, clock_ns;
    bool open; /* a record */
    uint64_t malformed;
};

static void end_record(struct pair *pair)
{
    if (!pair->open)
        return;
    for (int i = 0; i < 2; i++)
        if (market_set_end(&pair->sets[i]) != ERR_OK)
            abort();
    pair->open = false;
    assert(digests[0] == digests[1]);
}

/* event[1] says how time moves. */
static void begin_record(struct pair *pair, const uint8_t *event)
{
    static const int64_t steps[] = {0, 1, 10, 100, 1000, 5000, 10000, 30000};
    int64_t step_ns = steps[event[1] % 8] * (1 + event[1] / 8) * (SECOND / 1000);
    end_record(pair);
    pair->wall_ns += step_ns;
    pair->clock_ns += step_ns;
    struct market_set_record record = {++seen.seq, pair->wall_ns, pair->clock_ns, step_ns};
    for (int i = 0; i < 2; i++)
        market_set_begin(&pair->sets[i], &record);
    pair->open = true;
}

/* Opens it when it is not there. */
static struct connection *link_of(struct market_set *set, uint32_t id)
{
    struct connection *connection = market_set_connection(set, id);
    if (connection == NULL && market_set_open(set, venue, id, id % 2 == 0, &connection) != ERR_OK)
        abort();
    return connection;
}

/* What happens to connections; false: the event is a trade. */
static bool feed_connection(struct market_set *set, const uint8_t *event, uint32_t id)
{
    char symbol[2] = {(char)('A' + event[0] % 4)};
    switch (event[2]) {
    case 0x7f:
        market_set_close(set, link_of(set, id));
        return true;
    case 0x7e:
        market_set_leave(set, link_of(set, id), symbol);
        return true;
    case 0x7d:
        if (market_set_want(set, link_of(set, id), symbol) != ERR_OK)
            abort();
        return true;
    case 0x7c:
        market_set_end_session(set);
        return true;
    default:
        return false;
    }
}

static void feed_trade(struct market_set *set, const struct trade *trade, uint32_t id,
                       uint64_t malformed)
{
    enum market_set_verdict verdict;
    struct market_finding finding;
    const struct market *market;
    struct market_source source = {
        .venue = venue,
        .channel = "trade",
        .connection = id < 4 ? link_of(set, id + 1) : NULL,
        .received = id < 4,
        .malformed = malformed,
        .steps = malformed / 3,
    };
    if (market_set_trade(set, &source, trade, &verdict, &finding, &market) != ERR_OK)
        abort();
    assert(verdict == MARKET_SET_DONE && market != NULL);
}

/* Bit 5 of event[0] puts the event into the record before. */
static void feed(struct pair *pair, const uint8_t *event)
{
    if (!pair->open || (event[0] & 0x20) == 0)
        begin_record(pair, event);
    struct trade trade = trade_of(event, pair->wall_ns);
    uint32_t id = event[0] >> 2 & 7;
    pair->malformed += event[5] == 0xfe;
    for (int i = 0; i < 2; i++)
        if (!feed_connection(&pair->sets[i], event, id + 1))
            feed_trade(&pair->sets[i], &trade, id, pair->malformed);
}

static void listing(const struct candle *candle, void *arg)
{
    (void)arg;
    assert(candle->update == 0 && candle->state == CANDLE_FORMING);
}

static void init_pair(struct pair *pair, struct market_set_options *options)
{
    for (int i = 0; i < 2; i++) {
        options->forming = i == 0;
        options->candle = i == 0 ? take_candle : take_plain;
        options->arg = &digests[i];
        digests[i] = 0;
        if (market_set_init(&pair->sets[i], options) != ERR_OK)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD + EVENT || size > 2000)
        return 0;
    memset(&seen, 0, sizeof seen);
    input++;
    venue = &venues[data[2] >> 1 & 3];
    struct composite_config composite;
    struct market_set_options options = options_of(data, &composite);
    struct pair pair = {.wall_ns = EPOCH};
    init_pair(&pair, &options);
    for (size_t at = HEAD; at + EVENT <= size && seen.used <= SLOTS_MAX; at += EVENT) {
        feed(&pair, data + at);
        /* Listing what is forming changes nothing. */
        if (data[at + 7] % 16 == 3) {
            end_record(&pair);
            if (market_set_each_forming(&pair.sets[1], listing, NULL) != ERR_OK)
                abort();
        }
    }
    end_record(&pair);
    for (int i = 0; i < 2; i++)
        market_set_release(&pair.sets[i]);
    return 0;
}
