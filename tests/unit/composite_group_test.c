/* The updates of composites over random markets, late trades, silence and members that join late,
 * against a model that looks at everything after every record. */
#include "engine/candle/composite_blend.h"
#include "engine/tape/record.h"
#include "tests/unit/composite_sample.h"

#define SEEDS       1000
#define RECORDS     120
#define MARKETS_MAX 8
#define BARS        2
#define WINDOWS_MAX 512 /* per composite and bar, of the model */
#define UPDATES_MAX 4096

static const struct bar bars[BARS] = {{.kind = BAR_TIME, .size = NS_PER_S},
                                      {.kind = BAR_TIME, .size = 5 * NS_PER_S}};
static const char *const names[] = {"BTC-USDT", "ETH-USDT", "BTC-USD"};

/* An update as a number: of its row, with its state. */
struct update {
    uint64_t hash;
    enum candle_state state;
};
struct updates {
    size_t count;
    struct update items[UPDATES_MAX];
};

static void put_update(struct updates *updates, const struct candle *candle)
{
    static char row[CANDLE_ROW_MAX];
    size_t size = candle_digest_row(candle, row);
    uint64_t hash = 1;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)row[i]) * UINT64_C(1099511628211);
    assert_true(updates->count < UPDATES_MAX);
    updates->items[updates->count++] = (struct update){hash, candle->state};
}

/* ---- markets --------------------------------------------------------------------------------- */

/* A window of a market: its candle, made up anew with every trade. */
struct own_window {
    struct candle candle;
    bool changed, closed;
};
struct market {
    struct sample_market time;
    size_t name;
    char symbol[2];
    bool joined;
    int64_t skew_ns;   /* of its source times */
    int64_t before_ns; /* watermark after the record before */
    size_t count[BARS];
    struct own_window windows[BARS][WINDOWS_MAX];
    struct composite_member *member;
};

struct world {
    uint64_t random;
    struct sample_clock clock;
    int64_t horizon_ns;
    struct composite_config config;
    enum composite_method methods[3];
    size_t market_count, joined_count;
    struct market markets[MARKETS_MAX];
    size_t joined[MARKETS_MAX]; /* markets in the order in which they were first seen */
};

/* The window of an open time, in order. */
static struct own_window *own_window(struct market *market, size_t bar, int64_t open_ns)
{
    struct own_window *windows = market->windows[bar];
    size_t i = market->count[bar];
    while (i > 0 && windows[i - 1].candle.open_ns >= open_ns)
        i--;
    if (i < market->count[bar] && windows[i].candle.open_ns == open_ns)
        return &windows[i];
    assert_true(market->count[bar] < WINDOWS_MAX);
    memmove(&windows[i + 1], &windows[i], (market->count[bar]++ - i) * sizeof *windows);
    windows[i] = (struct own_window){.candle.open_ns = open_ns};
    return &windows[i];
}

static void make_up(struct world *world, struct candle *out, int64_t source_ns)
{
    uint64_t *random = &world->random;
    char price[32], volume[32];
    snprintf(price, sizeof price, "%d.%d", (int)(100 + unit_below(random, 3)),
             (int)unit_below(random, 100));
    snprintf(volume, sizeof volume, "%d", (int)(1 + unit_below(random, 9)));
    struct candle made = member_candle(price, volume);
    made.open_ns = out->open_ns;
    made.revision = out->revision;
    made.trades = out->trades + 1;
    made.first_trade_ns =
        out->trades > 0 && out->first_trade_ns < source_ns ? out->first_trade_ns : source_ns;
    made.last_trade_ns =
        out->trades > 0 && out->last_trade_ns > source_ns ? out->last_trade_ns : source_ns;
    made.score = (uint8_t)(unit_below(random, 8) == 0 ? 10 : 100);
    *out = made;
}

static void own_trade(struct world *world, struct market *market, int64_t source_ns)
{
    for (size_t bar = 0; bar < BARS; bar++) {
        int64_t open_ns = bar_open(bars[bar], source_ns), close_ns = open_ns + bars[bar].size;
        if (market->before_ns != INT64_MIN && market->before_ns - close_ns > world->horizon_ns)
            continue;
        struct own_window *window = own_window(market, bar, open_ns);
        make_up(world, &window->candle, source_ns);
        window->candle.bar = bars[bar];
        window->candle.close_ns = close_ns;
        window->closed = market->before_ns >= close_ns;
        window->changed = true;
    }
    sample_trade(&market->time, &world->clock, source_ns);
}

/* ---- model ----------------------------------------------------------------------------------- */

struct model_window {
    int64_t open_ns;
    bool changed;
    uint32_t revision;
    bool has[MARKETS_MAX];
    struct candle candles[MARKETS_MAX];
};
struct model {
    size_t count[3][BARS];
    struct model_window windows[3][BARS][WINDOWS_MAX];
    int64_t until_ns[3];
};

static struct model_window *model_window(struct model *model, size_t name, size_t bar,
                                         int64_t open_ns)
{
    struct model_window *windows = model->windows[name][bar];
    size_t *count = &model->count[name][bar], i = *count;
    while (i > 0 && windows[i - 1].open_ns >= open_ns)
        i--;
    if (i < *count && windows[i].open_ns == open_ns)
        return &windows[i];
    assert_true(*count < WINDOWS_MAX);
    memmove(&windows[i + 1], &windows[i], ((*count)++ - i) * sizeof *windows);
    windows[i] = (struct model_window){.open_ns = open_ns};
    return &windows[i];
}

static void model_take(struct model *model, const struct world *world, size_t index,
                       const struct candle *candle)
{
    size_t name = world->markets[index].name;
    int64_t until_ns = model->until_ns[name];
    size_t bar = candle->bar.size == bars[0].size ? 0 : 1;
    bool closed = candle->close_ns <= until_ns;
    if ((closed && candle->state == CANDLE_FORMING) ||
        (until_ns != INT64_MIN && until_ns - candle->close_ns > world->horizon_ns))
        return;
    struct model_window *window = model_window(model, name, bar, candle->open_ns);
    window->changed = true;
    window->has[index] = true;
    window->candles[index] = *candle;
}

static void model_give(const struct world *world, size_t name, size_t bar,
                       const struct model_window *window, enum candle_state state,
                       struct updates *out)
{
    struct composite_part parts[MARKETS_MAX];
    const struct composite_part *list[MARKETS_MAX];
    size_t count = 0;
    for (size_t joined = 0; joined < world->joined_count; joined++) {
        size_t i = world->joined[joined];
        if (!window->has[i])
            continue;
        parts[count] = (struct composite_part){
            .member = i, .venue = "venue", .symbol = world->markets[i].symbol};
        composite_part_set(&parts[count], &window->candles[i]);
        list[count] = &parts[count];
        count++;
    }
    struct contribution contributions[CONTRIBUTIONS_MAX];
    struct candle candle = {.venue = "composite",
                            .instrument = names[name],
                            .symbol = names[name],
                            .channel = composite_method_name(world->methods[name]),
                            .bar = bars[bar],
                            .open_ns = window->open_ns,
                            .close_ns = window->open_ns + bars[bar].size,
                            .state = state,
                            .revision = window->revision};
    composite_blend(&world->config, world->methods[name], list, count, &candle, contributions);
    put_update(out, &candle);
}

/* The lowest watermark, which never goes back. */
static int64_t model_until(const struct model *model, struct world *world, size_t name)
{
    int64_t lowest_ns = INT64_MAX;
    for (size_t i = 0; i < world->market_count; i++) {
        const struct market *market = &world->markets[i];
        int64_t watermark_ns = sample_watermark(&market->time, &world->clock);
        if (market->name == name && watermark_ns != INT64_MIN && watermark_ns < lowest_ns)
            lowest_ns = watermark_ns;
    }
    int64_t before_ns = model->until_ns[name];
    return lowest_ns != INT64_MAX && lowest_ns > before_ns ? lowest_ns : before_ns;
}

static void model_end(struct model *model, struct world *world, size_t name, struct updates *out)
{
    int64_t before_ns = model->until_ns[name], now_ns = model_until(model, world, name);
    for (size_t bar = 0; bar < BARS; bar++) {
        for (size_t i = 0; i < model->count[name][bar]; i++) {
            struct model_window *window = &model->windows[name][bar][i];
            int64_t close_ns = window->open_ns + bars[bar].size;
            bool changed = window->changed;
            window->changed = false;
            if (close_ns <= before_ns && changed) {
                window->revision++;
                model_give(world, name, bar, window, CANDLE_CORRECTED, out);
            } else if (close_ns > before_ns && close_ns <= now_ns) {
                model_give(world, name, bar, window, CANDLE_CLOSED, out);
            } else if (changed) {
                model_give(world, name, bar, window, CANDLE_FORMING, out);
            }
        }
    }
    model->until_ns[name] = now_ns;
}

/* ---- both ------------------------------------------------------------------------------------ */

struct run {
    struct world world;
    struct model model;
    struct composite_set *set, *silent; /* with forming candles, and without */
    struct composite_member *silent_members[MARKETS_MAX];
    struct updates expected, given, given_silent;
    size_t order[3], order_count; /* of the composites, as they were first seen */
};

static int64_t watermark(const void *market, void *arg)
{
    struct run *run = arg;
    return sample_watermark(market, &run->world.clock);
}

static int64_t reaches(const void *market, int64_t watermark_ns, void *arg)
{
    struct run *run = arg;
    return sample_reaches(market, watermark_ns, &run->world.clock);
}

static void give(struct candle *candle, void *arg)
{
    struct run *run = arg;
    put_update(&run->given, candle);
}

static void give_silent(struct candle *candle, void *arg)
{
    struct run *run = arg;
    assert_int_not_equal(candle->state, CANDLE_FORMING);
    put_update(&run->given_silent, candle);
}

static void join(struct run *run, size_t index)
{
    struct market *market = &run->world.markets[index];
    bool seen = false;
    struct composite_market joining = {"venue", market->symbol, names[market->name],
                                       "",      VOLUME_BASE,    &market->time};
    market->joined = true;
    run->world.joined[run->world.joined_count++] = index;
    assert_ok(composite_set_join(run->set, &joining, &market->member));
    assert_ok(composite_set_join(run->silent, &joining, &run->silent_members[index]));
    for (size_t i = 0; i < run->order_count; i++)
        seen |= run->order[i] == market->name;
    if (!seen)
        run->order[run->order_count++] = market->name;
}

/* A market gives an update of a window. */
static void pass_on(struct run *run, size_t index, struct own_window *window,
                    enum candle_state state)
{
    struct market *market = &run->world.markets[index];
    window->candle.state = state;
    window->candle.revision += state == CANDLE_CORRECTED;
    window->changed = false;
    window->closed = state != CANDLE_FORMING;
    model_take(&run->model, &run->world, index, &window->candle);
    assert_ok(composite_set_take(run->set, market->member, &window->candle));
    if (state != CANDLE_FORMING)
        assert_ok(composite_set_take(run->silent, run->silent_members[index], &window->candle));
}

static void advance_market(struct run *run, size_t index)
{
    struct market *market = &run->world.markets[index];
    market->before_ns = sample_watermark(&market->time, &run->world.clock);
    for (size_t bar = 0; bar < BARS; bar++) {
        for (size_t i = 0; i < market->count[bar]; i++) {
            struct own_window *window = &market->windows[bar][i];
            if (window->closed && window->changed)
                pass_on(run, index, window, CANDLE_CORRECTED);
            else if (!window->closed && window->candle.close_ns <= market->before_ns)
                pass_on(run, index, window, CANDLE_CLOSED);
            else if (window->changed)
                pass_on(run, index, window, CANDLE_FORMING);
        }
    }
}

/* A few trades of one market or of none, mostly new ones; then time moves. */
static void record(struct run *run)
{
    struct world *world = &run->world;
    uint64_t *random = &world->random;
    uint64_t step = unit_below(random, 10) == 0 ? 8000 : 400;
    world->clock.clock_ns += (int64_t)unit_below(random, step) * NS_PER_MS;
    for (uint64_t trades = unit_below(random, 4); trades > 0; trades--) {
        size_t index = unit_below(random, world->market_count);
        struct market *market = &world->markets[index];
        uint64_t late = unit_below(random, 5) == 0 ? 20000 : 300;
        int64_t source_ns =
            world->clock.clock_ns + market->skew_ns - (int64_t)unit_below(random, late) * NS_PER_MS;
        if (!market->joined)
            join(run, index);
        if (unit_below(random, 20) == 0)
            continue; /* it is seen with a trade that does not count */
        own_trade(world, market, source_ns);
        composite_set_moved(run->set, market->member);
        composite_set_moved(run->silent, run->silent_members[index]);
    }
}

static void finish(struct run *run)
{
    struct composite_clock clock = {.clock_ns = run->world.clock.clock_ns,
                                    .watermark = watermark,
                                    .reaches = reaches,
                                    .forming = true,
                                    .give = give,
                                    .arg = run};
    for (size_t i = 0; i < run->world.market_count; i++)
        advance_market(run, i);
    for (size_t i = 0; i < run->order_count; i++)
        model_end(&run->model, &run->world, run->order[i], &run->expected);
    assert_ok(composite_set_end(run->set, &clock));
    clock.forming = false;
    clock.give = give_silent;
    assert_ok(composite_set_end(run->silent, &clock));
}

static void run_new(struct run *run, uint64_t seed)
{
    struct world *world = &run->world;
    world->random = seed;
    world->clock = (struct sample_clock){SAMPLE_OPEN_NS,
                                         (int64_t)unit_below(&world->random, 3) * NS_PER_S / 2};
    world->horizon_ns = (int64_t)unit_below(&world->random, 30) * NS_PER_S;
    world->market_count = 1 + unit_below(&world->random, MARKETS_MAX);
    composite_config_default(&world->config);
    world->config.stale_ns = 2 * NS_PER_S;
    for (size_t i = 0; i < 3; i++) {
        struct composite_rule *rule = &world->config.rules[world->config.rule_count++];
        rule->method = world->methods[i] =
            (enum composite_method)unit_below(&world->random, COMPOSITE_METHODS);
        snprintf(rule->instrument, sizeof rule->instrument, "%s", names[i]);
        run->model.until_ns[i] = INT64_MIN;
    }
    for (size_t i = 0; i < world->market_count; i++) {
        struct market *market = &world->markets[i];
        market->name = unit_below(&world->random, 3);
        market->symbol[0] = (char)('a' + i);
        market->skew_ns = ((int64_t)unit_below(&world->random, 5) - 2) * 3 * NS_PER_S;
        market->before_ns = INT64_MIN;
    }
    assert_ok(composite_set_new(&run->set, &world->config, bars, BARS, world->horizon_ns));
    assert_ok(composite_set_new(&run->silent, &world->config, bars, BARS, world->horizon_ns));
}

static void assert_same(const struct updates *given, const struct updates *expected)
{
    assert_int_equal(given->count, expected->count);
    for (size_t i = 0; i < expected->count; i++)
        assert_true(given->items[i].hash == expected->items[i].hash);
}

static void remove_forming(struct updates *updates)
{
    size_t kept = 0;
    for (size_t i = 0; i < updates->count; i++) {
        if (updates->items[i].state != CANDLE_FORMING)
            updates->items[kept++] = updates->items[i];
    }
    updates->count = kept;
}

static void same_as_a_model_that_looks_at_everything(void **state)
{
    (void)state;
    size_t met[3] = {0};
    struct run *run = malloc(sizeof *run);
    assert_non_null(run);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        memset(run, 0, sizeof *run);
        run_new(run, seed);
        for (size_t i = 0; i < RECORDS; i++) {
            record(run);
            finish(run);
            assert_same(&run->given, &run->expected);
            for (size_t j = 0; j < run->expected.count; j++)
                met[run->expected.items[j].state]++;
            remove_forming(&run->expected);
            assert_same(&run->given_silent, &run->expected);
            run->expected.count = run->given.count = run->given_silent.count = 0;
        }
        composite_set_free(run->set);
        composite_set_free(run->silent);
    }
    free(run);
    for (size_t i = 0; i < 3; i++)
        assert_true(met[i] > 10 * SEEDS); /* the seeds meet every state */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_a_model_that_looks_at_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
