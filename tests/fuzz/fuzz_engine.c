/*
 * Fuzzes windows, watermark and corrections with trades and times that the input chooses: the first
 * three bytes say the configuration, then each 8 bytes are an event.
 *
 * Beyond crashes, for every update: what a candle may turn into (forming, closed, then corrections
 * numbered one by one), in what order updates come, and that its values can be true together.
 */
#include "engine/candle/market_set.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND    INT64_C(1000000000)
#define EPOCH     (INT64_C(1700006400) * SECOND)
#define EVENT     8
#define SLOTS     65536 /* power of two */
#define SLOTS_MAX 20000

/* The last update of each candle. */
struct slot {
    uint64_t input; /* the slot is free when it is of another input */
    char market;
    int64_t bar, open_ns;
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

static struct slot *find_slot(const struct candle *c)
{
    uint64_t hash = (uint64_t)c->open_ns * 31 + (uint64_t)c->bar.size + (uint64_t)c->symbol[0];
    for (size_t i = (hash * UINT64_C(0x9E3779B97F4A7C15)) >> 48;; i = (i + 1) % SLOTS) {
        struct slot *s = &slots[i];
        if (s->input != input ||
            (s->market == c->symbol[0] && s->bar == c->bar.size && s->open_ns == c->open_ns))
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
    *s = (struct slot){input, c->symbol[0], c->bar.size, c->open_ns, c->state, c->revision};
}

static void check_order(const struct candle *c)
{
    assert(c->update == ++seen.updates && c->seq == seen.seq);
    const struct candle *b = &seen.before;
    if (b->symbol != NULL && b->seq == c->seq && b->symbol == c->symbol &&
        b->bar.size == c->bar.size)
        assert(b->open_ns < c->open_ns);
    seen.before = *c;
}

static void check_values(const struct candle *c)
{
    bool carried = (c->flags & CANDLE_CARRIED) != 0;
    assert(c->close_ns - c->open_ns == c->bar.size && carried == (c->trades == 0));
    assert(decimal_compare(c->low, c->open) <= 0 && decimal_compare(c->low, c->close) <= 0);
    assert(decimal_compare(c->high, c->open) >= 0 && decimal_compare(c->high, c->close) >= 0);
    assert(decimal_compare(c->taker_buy_volume, c->volume) <= 0);
    assert(decimal_compare(c->taker_buy_quote_volume, c->quote_volume) <= 0);
    assert(decimal_is_zero(c->volume) == carried && c->backfilled <= c->trades);
    if (carried)
        return;
    assert(c->open_ns <= c->first_trade_ns && c->first_trade_ns <= c->last_trade_ns);
    assert(c->last_trade_ns < c->close_ns && c->first_seq <= c->last_seq);
    assert(decimal_compare(c->low, c->vwap) <= 0 && decimal_compare(c->vwap, c->high) <= 0);
    char row[CANDLE_ROW_MAX];
    assert(candle_row(c, row) == strlen(row));
}

static void take_candle(const struct candle *c, void *arg)
{
    (void)arg;
    if (seen.used > SLOTS_MAX)
        return;
    check_order(c);
    check_history(c);
    check_values(c);
}

static void describe_plain(const char *symbol, struct instrument *out)
{
    *out = (struct instrument){.kind = INSTRUMENT_OTHER};
    snprintf(out->symbol, sizeof out->symbol, "%s", symbol);
    memcpy(out->name, out->symbol, sizeof out->name);
}

static const struct venue venues[] = {
    {.name = "test", .ids = IDS_CONTIGUOUS, .describe = describe_plain},
    {.name = "test", .ids = IDS_ASCENDING, .describe = describe_plain},
    {.name = "test", .ids = IDS_OPAQUE, .describe = describe_plain},
    {.name = "test", .ids = IDS_NONE, .describe = describe_plain},
};
static const struct venue *venue;

static struct market_set_options options_of(const uint8_t *data)
{
    static const int64_t seconds[] = {1, 7, 60, 3600};
    struct market_set_options options = {
        .bar_count = 1 + data[0] % 3,
        .lateness_ns = (data[1] & 15) * SECOND / 4,
        .horizon_ns = (data[1] >> 4) * 7 * SECOND,
        .carry = data[2] & 1,
        .candle = take_candle,
    };
    for (size_t i = 0; i < options.bar_count; i++)
        options.bars[i] = (struct bar){BAR_TIME, seconds[i] * SECOND};
    return options;
}

static struct trade trade_of(const uint8_t *event, int64_t wall_ns)
{
    static const uint8_t scales[] = {2, 2, 2, 0, 8, 28};
    bool huge = event[7] == 0xff;
    struct trade trade = {
        .symbol = {(char)('A' + event[0] % 3)},
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

/* event[1] says how time moves; bit 5 of event[0] puts the trade into the record before. */
static void feed(struct market_set *set, const uint8_t *event, int64_t *wall_ns, bool *open)
{
    static const int64_t steps[] = {0, 1, 10, 100, 1000, 5000, 60000, 120000};
    if (!*open || (event[0] & 0x20) == 0) {
        if (*open && market_set_end(set) != ERR_OK)
            abort();
        int64_t step_ns = steps[event[1] % 8] * (1 + event[1] / 8) * (SECOND / 1000);
        *wall_ns += step_ns;
        market_set_begin(set, ++seen.seq, *wall_ns, step_ns);
        *open = true;
    }
    struct trade trade = trade_of(event, *wall_ns);
    enum market_set_verdict verdict;
    struct market_finding finding;
    const struct market *market;
    struct market_source source = {venue, NULL, "trade", 1u + (event[0] >> 3 & 3)};
    if (market_set_trade(set, &source, &trade, &verdict, &finding, &market) != ERR_OK)
        abort();
    assert(verdict == MARKET_SET_DONE && market != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 + EVENT || size > 2000)
        return 0;
    memset(&seen, 0, sizeof seen);
    input++;
    venue = &venues[data[2] >> 1 & 3];
    struct market_set_options options = options_of(data);
    struct market_set set;
    market_set_init(&set, &options);
    int64_t wall_ns = EPOCH;
    bool open = false;
    for (size_t at = 3; at + EVENT <= size && seen.used <= SLOTS_MAX; at += EVENT)
        feed(&set, data + at, &wall_ns, &open);
    if (market_set_end(&set) != ERR_OK)
        abort();
    market_set_release(&set);
    return 0;
}
