/*
 * Random records with everything in them: trades of two venues in and out of order, again, missing
 * and repaired, suspect and refused, connections, lost frames, steps of the clock, new sessions.
 * However an engine is asked, the candles are the same in every column:
 *
 *   - without forming candles, where longer bars are rolled up, the closed and corrected ones;
 *   - with fewer bars, those of the bars that are left;
 *   - with frames decoded ahead, market data of other channels unread or not, passed in runs.
 *
 * REWICK_TEST_SEEDS sets the number of seeds.
 */
#include "engine/base/buf.h"
#include "engine/base/time_text.h"
#include "engine/engine.h"
#include "tests/unit/unit.h"

#ifdef __SANITIZE_ADDRESS__
#define SEEDS 100
#else
#define SEEDS 1000
#endif

#define T0_NS       (INT64_C(1700006400) * NS_PER_S)
#define RECORDS     300
#define DATA_MAX    420
#define SYMBOLS     3
#define CONNECTIONS 5
#define ROWS_MAX    (64u << 20)

/* ---- random records -------------------------------------------------------------------------- */

struct tape {
    uint64_t random;
    int64_t mono_ns, skew_ns;
    uint64_t next_id[SYMBOLS];
    int64_t cents[SYMBOLS];
    uint64_t held[SYMBOLS]; /* an id that is still to come; 0: none */
    struct record records[RECORDS];
    char data[RECORDS][DATA_MAX];
};

static bool chance(struct tape *tape, uint64_t percent)
{
    return unit_below(&tape->random, 100) < percent;
}

static uint64_t pick_id(struct tape *tape, size_t symbol)
{
    uint64_t id = ++tape->next_id[symbol];
    if (tape->held[symbol] != 0 && chance(tape, 30)) { /* repairs */
        tape->next_id[symbol]--;
        id = tape->held[symbol];
        tape->held[symbol] = 0;
    } else if (chance(tape, 10)) { /* leaves a hole */
        tape->held[symbol] = id;
        id = ++tape->next_id[symbol];
    } else if (chance(tape, 8)) { /* again */
        tape->next_id[symbol]--;
        id = tape->next_id[symbol];
    }
    return id;
}

/* In cents; sometimes suspect, seldom absurd. */
static int64_t pick_price(struct tape *tape, size_t symbol)
{
    tape->cents[symbol] += (int64_t)unit_below(&tape->random, 21) - 10;
    if (tape->cents[symbol] < 100)
        tape->cents[symbol] = 100;
    if (chance(tape, 1))
        return 0;
    return chance(tape, 2) ? tape->cents[symbol] * 3 : tape->cents[symbol];
}

static int64_t pick_time_ns(struct tape *tape)
{
    int64_t time_ns = T0_NS + tape->mono_ns - (int64_t)unit_below(&tape->random, 800) * NS_PER_MS;
    if (chance(tape, 4))
        time_ns -= (int64_t)unit_below(&tape->random, 90) * NS_PER_S;
    if (chance(tape, 1))
        time_ns += 700 * NS_PER_S;
    if (chance(tape, 1))
        time_ns /= 1000;
    return time_ns;
}

static void write_trade(struct tape *tape, struct record *record, char data[DATA_MAX])
{
    static const char *const symbols[] = {"BTCUSDT", "ETHUSDT", "BTC-USD"};
    size_t symbol = (size_t)unit_below(&tape->random, SYMBOLS);
    uint64_t id = pick_id(tape, symbol);
    int64_t cents = pick_price(tape, symbol), time_ns = pick_time_ns(tape);
    unsigned size = 1 + (unsigned)unit_below(&tape->random, chance(tape, 1) ? 10000000 : 900);
    if (symbol < 2) {
        record->venue = "binance";
        snprintf(data, DATA_MAX,
                 "{\"e\":\"trade\",\"E\":1,\"s\":\"%s\",\"t\":%llu,\"p\":\"%lld.%02lld\","
                 "\"q\":\"%u.%03u\",\"T\":%lld,\"m\":%s,\"M\":true}",
                 symbols[symbol], (unsigned long long)id, (long long)cents / 100,
                 (long long)cents % 100, size / 1000, size % 1000, (long long)(time_ns / NS_PER_MS),
                 chance(tape, 50) ? "true" : "false");
        return;
    }
    char time[TIME_TEXT_MAX];
    time_format(time, time_ns);
    record->venue = "coinbase";
    snprintf(data, DATA_MAX,
             "{\"type\":\"match\",\"trade_id\":%llu,\"maker_order_id\":\"a\","
             "\"taker_order_id\":\"b\",\"side\":\"sell\",\"size\":\"%u.%04u\","
             "\"price\":\"%lld.%02lld\",\"product_id\":\"%s\",\"sequence\":1,\"time\":\"%s\"}",
             (unsigned long long)id, size / 10000, size % 10000, (long long)cents / 100,
             (long long)cents % 100, symbols[symbol], time);
}

static void write_event(struct tape *tape, struct record *record, char data[DATA_MAX])
{
    static const char *const events[] = {
        "{\"event\":\"open\",\"url\":\"x\",\"wanted\":{\"trade\":[\"BTCUSDT\",\"ETHUSDT\"]}}",
        "{\"event\":\"open\",\"url\":\"x\",\"wanted\":{\"trade\":[\"ETHUSDT\"]}}",
        "{\"event\":\"open\",\"url\":\"x\"}",
        "{\"event\":\"change\",\"add\":{\"trade\":[\"BTCUSDT\"]}}",
        "{\"event\":\"change\",\"leave\":{\"trade\":[\"ETHUSDT\"]}}",
        "{\"event\":\"close\",\"reason\":\"x\"}",
        "{\"event\":\"error\",\"reason\":\"x\"}",
    };
    record->type = RECORD_CONNECTION;
    record->venue = record->connection <= 3 ? "binance" : "coinbase";
    snprintf(data, DATA_MAX, "%s", events[unit_below(&tape->random, 7)]);
}

static void write_answer(struct tape *tape, struct record *record, char data[DATA_MAX])
{
    uint64_t id = tape->held[0] != 0 ? tape->held[0] : tape->next_id[0];
    record->type = RECORD_HTTP;
    record->venue = "binance";
    record->connection = 0;
    tape->held[0] = 0;
    snprintf(data, DATA_MAX,
             "{\"method\":\"GET\",\"url\":\"https://api.binance.com/api/v3/historicalTrades"
             "?symbol=BTCUSDT&limit=2\",\"status\":200}\n[{\"id\":%llu,\"price\":\"50.0\","
             "\"qty\":\"1.0\",\"quoteQty\":\"50\",\"time\":%lld,\"isBuyerMaker\":true,"
             "\"isBestMatch\":true}]",
             (unsigned long long)id, (long long)(pick_time_ns(tape) / NS_PER_MS));
}

/* What candles do not need, often several in a row. */
static void write_market(struct record *record, char data[DATA_MAX])
{
    record->venue = "binance";
    snprintf(data, DATA_MAX,
             "{\"stream\":\"btcusdt@bookTicker\",\"data\":{\"u\":1,\"s\":\"BTCUSDT\","
             "\"b\":\"1.00\",\"B\":\"2.0\",\"a\":\"1.01\",\"A\":\"3.0\"}}");
}

static void write_other(struct tape *tape, struct record *record, char data[DATA_MAX])
{
    static const struct {
        enum record_type type;
        const char *venue, *data;
    } others[] = {{RECORD_RECEIVED, "binance", "nonsense"},
                  {RECORD_RECEIVED, "coinbase", "{}"},
                  {RECORD_GAP, "binance", "{\"reason\":\"x\",\"count\":3,\"frames\":2}"},
                  {RECORD_GAP, "", "{\"reason\":\"x\",\"count\":1}"},
                  {RECORD_TICK, "", ""},
                  {RECORD_CONFIG, "", "{}"}};
    size_t pick = (size_t)unit_below(&tape->random, chance(tape, 20) ? 6 : 5);
    record->type = others[pick].type;
    record->venue = others[pick].venue;
    record->connection = record->type == RECORD_RECEIVED ? record->connection : 0;
    snprintf(data, DATA_MAX, "%s", others[pick].data);
}

static bool is_market(const struct record *record)
{
    return record->type == RECORD_RECEIVED && record->size > 0 &&
           strstr((const char *)record->data, "bookTicker") != NULL;
}

static void write_record(struct tape *tape, size_t i)
{
    struct record *record = &tape->records[i];
    char *data = tape->data[i];
    tape->mono_ns += (int64_t)unit_below(&tape->random, chance(tape, 4) ? 9000 : 500) * NS_PER_MS;
    if (chance(tape, 1))
        tape->skew_ns = (int64_t)unit_below(&tape->random, 1000) * NS_PER_MS;
    *record = (struct record){.seq = i + 1,
                              .type = RECORD_RECEIVED,
                              .connection = 1 + (uint32_t)unit_below(&tape->random, CONNECTIONS),
                              .wall_ns = T0_NS + tape->mono_ns + tape->skew_ns,
                              .mono_ns = tape->mono_ns,
                              .source_ns = RECORD_NO_TIME};
    uint64_t kind = unit_below(&tape->random, 100);
    bool market = i > 0 && is_market(&tape->records[i - 1]) && chance(tape, 60);
    if (market || kind < 6)
        write_market(record, data);
    else if (kind < 75)
        write_trade(tape, record, data);
    else if (kind < 85)
        write_event(tape, record, data);
    else if (kind < 88)
        write_answer(tape, record, data);
    else
        write_other(tape, record, data);
    if (record->type == RECORD_RECEIVED) /* a connection is of one venue */
        record->connection =
            record->venue[0] == 'b' ? record->connection % 3 + 1 : record->connection % 2 + 4;
    record->data = (const uint8_t *)data;
    record->size = strlen(data);
}

static void write_tape(struct tape *tape, uint64_t seed)
{
    *tape = (struct tape){.random = seed};
    for (size_t i = 0; i < SYMBOLS; i++) {
        tape->next_id[i] = 1000;
        tape->cents[i] = 5000;
    }
    for (size_t i = 0; i < RECORDS; i++)
        write_record(tape, i);
}

/* ---- runs ------------------------------------------------------------------------------------ */

/* The closed and corrected candles of the bars that are looked at, a row each. */
struct run {
    const struct bar *bars;
    size_t bar_count;
    struct buf rows;
};

static struct {
    uint64_t closed, corrected, rolled, split, composite, suspect, disconnected, carried, passed;
} met;

static void count_met(const struct candle *c)
{
    met.closed += c->state == CANDLE_CLOSED;
    met.corrected += c->state == CANDLE_CORRECTED;
    met.rolled += c->bar.kind == BAR_TIME && c->bar.size > 60 * NS_PER_S;
    met.split += c->bar.kind > BAR_TICK && c->trades == 0;
    met.composite += c->contribution_count > 0;
    met.suspect += c->suspect > 0;
    met.disconnected += (c->flags & CANDLE_DISCONNECTED) != 0;
    met.carried += (c->flags & CANDLE_CARRIED) != 0;
}

static void keep_candle(const struct candle *candle, void *arg)
{
    static char row[CANDLE_ROW_MAX];
    struct run *run = arg;
    bool looked_at = false;
    for (size_t i = 0; i < run->bar_count; i++)
        looked_at = looked_at || bar_equal(run->bars[i], candle->bar);
    if (candle->state == CANDLE_FORMING || !looked_at)
        return;
    count_met(candle);
    char head[40];
    size_t size = (size_t)snprintf(head, sizeof head, "%llu ", (unsigned long long)candle->seq);
    assert_ok(buf_append(&run->rows, head, size));
    assert_ok(buf_append(&run->rows, row, candle_row(candle, row)));
}

static void list_nothing(const struct candle *candle, void *arg)
{
    (void)arg;
    assert_int_equal(candle->update, 0);
}

static void run_engine(const struct tape *tape, const struct engine_config *config, bool forming,
                       bool listed, struct run *run)
{
    struct engine *engine;
    const struct engine_outlet outlet = {.candle = keep_candle, .forming = forming, .arg = run};
    buf_init(&run->rows, ROWS_MAX);
    assert_ok(engine_new(&engine, config, NULL, &outlet));
    for (size_t i = 0; i < RECORDS; i++) {
        assert_ok(engine_feed(engine, &tape->records[i]));
        if (listed && i % 7 == 0)
            assert_ok(engine_each_forming(engine, list_nothing, NULL));
    }
    engine_free(engine);
}

/* As a reader gives them that leaves market data on the tape. */
static void leave_unread(const struct tape *tape, struct record records[RECORDS])
{
    memcpy(records, tape->records, sizeof tape->records);
    for (size_t i = 0; i < RECORDS; i++) {
        if (!is_market(&records[i]))
            continue;
        records[i].unread = true;
        records[i].data = NULL;
        records[i].size = 0;
    }
}

static void run_ahead(const struct record *records, const struct engine_config *config,
                      struct run *run, struct engine_stats *stats)
{
    struct engine *engine;
    struct decoder *decoder;
    struct decoded decoded = {0};
    const struct engine_outlet outlet = {.candle = keep_candle, .arg = run};
    buf_init(&run->rows, ROWS_MAX);
    assert_ok(engine_new(&engine, config, NULL, &outlet));
    assert_ok(decoder_new(&decoder));
    decoded_clear(&decoded);
    assert_ok(decoded_fill(&decoded, decoder, records, RECORDS));
    for (size_t i = 0; i < RECORDS;) {
        size_t passed = engine_pass(engine, &records[i], RECORDS - i, &decoded, i);
        met.passed += passed;
        i += passed;
        if (passed == 0) {
            assert_ok(engine_feed_decoded(engine, &records[i], &decoded, i));
            i++;
        }
    }
    *stats = *engine_stats(engine);
    engine_free(engine);
    decoder_free(decoder);
    decoded_release(&decoded);
}

static void assert_same(uint64_t seed, const char *what, const struct run *a, const struct run *b)
{
    const char *left = (const char *)a->rows.data, *right = (const char *)b->rows.data;
    size_t size = a->rows.size < b->rows.size ? a->rows.size : b->rows.size, at = 0, line = 0;
    while (at < size && left[at] == right[at])
        if (left[at++] == '\n')
            line = at;
    if (at < size || a->rows.size != b->rows.size)
        fail_msg("seed %llu, %s:\n%.*s\nis not\n%.*s", (unsigned long long)seed, what,
                 (int)strcspn(left + line, "\n"), left + line, (int)strcspn(right + line, "\n"),
                 right + line);
}

static void random_config(struct engine_config *config, uint64_t *random)
{
    static const char *const bars[] = {"1s", "7s", "30s",  "1m", "5m",
                                       "1h", "4t", "0.5v", "2v", "40n"};
    engine_config_default(config);
    config->bar_count = 0;
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++)
        assert_ok(bar_parse(&config->bars[config->bar_count++], bars[i]));
    config->lateness_ns = (int64_t)unit_below(random, 4) * 500 * NS_PER_MS;
    config->horizon_ns = (int64_t)unit_below(random, 4) * 20 * NS_PER_S;
    config->empty = unit_below(random, 2) ? EMPTY_CARRY : EMPTY_NONE;
    config->exclude_suspect = unit_below(random, 3) == 0;
    if (unit_below(random, 2) == 0)
        return;
    struct composite_config *composite = &config->composite;
    composite->rule_count = composite->quote_count = 1;
    composite->rules[0] =
        (struct composite_rule){"*", (enum composite_method)unit_below(random, 4)};
    composite->quotes[0] = (struct composite_quote){"USDT", "USD"};
}

/* A copy with some of the bars. */
static void leave_out_bars(struct engine_config *some, const struct engine_config *all,
                           uint64_t *random)
{
    *some = *all;
    some->bar_count = 0;
    for (size_t i = 0; i < all->bar_count; i++)
        if (unit_below(random, 2))
            some->bars[some->bar_count++] = all->bars[i];
    if (some->bar_count == 0)
        some->bar_count = 1;
}

static void ahead_is_the_same(uint64_t seed, const struct tape *tape,
                              const struct engine_config *config, const struct run *expected)
{
    static struct record records[RECORDS];
    struct engine_stats whole, unread;
    struct run run = {config->bars, config->bar_count, {0}};
    run_ahead(tape->records, config, &run, &whole);
    assert_same(seed, "decoded ahead", &run, expected);
    buf_release(&run.rows);
    leave_unread(tape, records);
    run_ahead(records, config, &run, &unread);
    assert_same(seed, "market data unread", &run, expected);
    buf_release(&run.rows);
    assert_memory_equal(&whole, &unread, sizeof whole);
}

static void run_seed(uint64_t seed, struct tape *tape)
{
    struct engine_config all, some;
    write_tape(tape, seed);
    uint64_t random = seed * 31;
    random_config(&all, &random);
    leave_out_bars(&some, &all, &random);
    struct run with = {all.bars, all.bar_count, {0}}, without = with, listed = with;
    struct run part = {some.bars, some.bar_count, {0}}, fewer = part, fewer_forming = part;
    run_engine(tape, &all, true, false, &with);
    run_engine(tape, &all, false, false, &without);
    assert_same(seed, "without forming candles", &without, &with);
    run_engine(tape, &all, false, true, &listed);
    assert_same(seed, "listing forming candles", &listed, &with);
    run_engine(tape, &all, false, false, &part);
    run_engine(tape, &some, false, false, &fewer);
    assert_same(seed, "fewer bars", &fewer, &part);
    run_engine(tape, &some, true, false, &fewer_forming);
    assert_same(seed, "fewer bars with forming candles", &fewer_forming, &part);
    ahead_is_the_same(seed, tape, &all, &without);
    struct run *const runs[] = {&with, &without, &listed, &part, &fewer, &fewer_forming};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        buf_release(&runs[i]->rows);
}

static void candles_are_the_same_however_they_are_asked_for(void **state)
{
    (void)state;
    const char *text = getenv("REWICK_TEST_SEEDS");
    uint64_t seeds = text != NULL ? strtoull(text, NULL, 10) : SEEDS;
    struct tape *tape = malloc(sizeof *tape);
    assert_non_null(tape);
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run_seed(seed, tape);
    free(tape);
    const uint64_t *counts = (const uint64_t *)&met;
    for (size_t i = 0; i < sizeof met / sizeof *counts; i++)
        if (counts[i] < seeds)
            fail_msg("case %zu was met %llu times only", i, (unsigned long long)counts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candles_are_the_same_however_they_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
