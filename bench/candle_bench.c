/*
 * candle_bench: what a trade costs the engine, from decoded trade to closed candles of all bars, on
 * one core.
 *
 *   candle_bench [--case TEXT] [--trades N] [--slices N]
 *
 * Trades are made in small batches outside of the measured time, so that they lie in the cache as
 * they do behind a decoder. Measured is the processor time of the thread. Before measuring, trades
 * are fed until as much market time has passed as the correction horizon holds, so that windows
 * come and go as they do after hours. Every candle is then compared with what was generated: volume
 * and trades of each window. Instructions are counted where the kernel allows it; without that,
 *
 *   valgrind --tool=callgrind --toggle-collect=run_batch candle_bench --case "one instrument" \
 *       --slices 1 --trades 100000
 *
 * counts them.
 */
#include "bench/bench.h"
#include "engine/candle/market_set.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define SEED          UINT64_C(0x5eed5eed5eed5eed)
#define START_NS      (INT64_C(1723075200) * NS_PER_S)
#define BATCH_TRADES  512
#define RECORD_TRADES 16
#define HELD_MAX      1024
#define SLICES_MAX    64
#define TIME_BARS     3
#define BARS_MAX      6
#define PRICE_SCALE   8
#define VOLUME_SCALE  16 /* notional bars split quantities that finely */

/* ---- allocations (the linker leads malloc() and its kin here) -------------------------------- */

static uint64_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}

/* ---- cases ----------------------------------------------------------------------------------- */

struct bench_case {
    const char *name;
    uint32_t instruments;
    uint32_t rate;       /* trades a second of each instrument */
    uint32_t per_record; /* trades in a record, all of one instrument */
    int64_t horizon_ns;
    bool forming;    /* updates of forming candles are given, too */
    bool other_bars; /* tick, volume and notional bars as well */
    bool composites; /* each two are one instrument on two venues, and there is a composite of it */
};

static const struct bench_case cases[] = {
    {"one instrument", 1, 1000, 1, 600 * NS_PER_S, false, false, false},
    {"one instrument, 10 trades a record", 1, 1000, 10, 600 * NS_PER_S, false, false, false},
    {"one instrument, forming", 1, 1000, 1, 600 * NS_PER_S, true, false, false},
    {"one instrument, all kinds of bars", 1, 1000, 1, 600 * NS_PER_S, false, true, false},
    {"one instrument on two venues, composite", 2, 1000, 1, 600 * NS_PER_S, false, false, true},
    {"1,000 instruments", 1000, 1000, 1, 3 * NS_PER_S, false, false, false},
    {"1,000 instruments, 10 trades a record", 1000, 1000, 10, 3 * NS_PER_S, false, false, false},
    {"1,000 instruments, forming", 1000, 1000, 1, 3 * NS_PER_S, true, false, false},
    {"1,000 instruments, all kinds of bars", 1000, 1000, 1, 3 * NS_PER_S, false, true, false},
    {"500 instruments on two venues, composites", 1000, 1000, 1, 3 * NS_PER_S, false, false, true},
    {"1,000 quiet instruments", 1000, 10, 1, 600 * NS_PER_S, false, false, false},
};

static const char *const bar_texts[BARS_MAX] = {"1s", "1m", "1h", "100t", "20v", "1000000n"};

/* Two venues that number trades without holes, and spell T0042-USDT each in its way. */
static const char *const spellings[2] = {"T0000USDT", "T0000-USDT"};
static const struct venue *venues[2];

static void find_venues(void)
{
    for (size_t i = 0; i < 2; i++)
        for (const struct venue *const *venue = venue_all(); *venue && !venues[i]; venue++) {
            struct instrument instrument = {0};
            (*venue)->describe(spellings[i], &instrument);
            if ((*venue)->ids == IDS_CONTIGUOUS && instrument.volume_unit == VOLUME_BASE &&
                strcmp(instrument.name, spellings[1]) == 0 && *venue != venues[0])
                venues[i] = *venue;
        }
    if (!venues[0] || !venues[1])
        bench_fail("no two venues of that kind");
}

/* ---- trades ---------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t below(uint64_t *state, uint64_t bound)
{
    return bench_random(state) % bound;
}

struct made_trade {
    int64_t source_ns, price, quantity; /* both of 8 decimals */
    uint64_t id;
    enum trade_taker taker;
};

struct made_record {
    uint32_t instrument;
    size_t count;
    int64_t wall_ns, due_ns;
    struct made_trade trades[RECORD_TRADES];
};

struct feed {
    const struct bench_case *plan;
    uint64_t random;
    int64_t now_ns;  /* source time */
    int64_t wall_ns; /* of the newest record */
    int64_t *prices;
    uint64_t *ids;
    size_t held_first, held_count; /* kept back, to come late */
    struct made_record *held;
};

static void feed_init(struct feed *feed, const struct bench_case *plan)
{
    *feed = (struct feed){.plan = plan, .random = SEED, .now_ns = START_NS, .wall_ns = START_NS};
    feed->prices = bench_take(plan->instruments, sizeof *feed->prices);
    feed->ids = bench_take(plan->instruments, sizeof *feed->ids);
    feed->held = bench_take(HELD_MAX, sizeof *feed->held);
    for (uint32_t i = 0; i < plan->instruments; i++) {
        feed->prices[i] = INT64_C(1000000) * (int64_t)(1000 + below(&feed->random, 6000000));
        feed->ids[i] = below(&feed->random, UINT64_C(4000000000));
    }
}

static void feed_release(struct feed *feed)
{
    free(feed->prices);
    free(feed->ids);
    free(feed->held);
}

/* Prices walk in ticks of 0.01, sizes are mostly small, times are those of a venue that stamps in
 * ms. */
static void make_trade(struct feed *feed, uint32_t instrument, struct made_trade *out)
{
    uint64_t random = bench_random(&feed->random);
    int64_t *price = &feed->prices[instrument];
    *price += ((int64_t)(random % 7) - 3) * 1000000;
    if (*price < 1000000)
        *price = 1000000;
    uint64_t size = 1 + (random >> 8) % (UINT64_C(1) << (random >> 4 & 15) % 12);
    *out = (struct made_trade){
        .source_ns = feed->now_ns - feed->now_ns % NS_PER_MS,
        .price = *price,
        .quantity = (int64_t)size * 100000,
        .id = ++feed->ids[instrument],
        .taker = random >> 63 ? TAKER_BUY : TAKER_SELL,
    };
}

/* From 5 ms to 50 ms, mostly little; nothing overtakes. */
static void receive(struct feed *feed, struct made_record *record)
{
    int64_t latency_ns = 5 * NS_PER_MS + (int64_t)below(&feed->random, 3 * NS_PER_MS);
    if (below(&feed->random, 1000) == 0)
        latency_ns += (int64_t)below(&feed->random, 42 * NS_PER_MS);
    if (feed->wall_ns < feed->now_ns + latency_ns)
        feed->wall_ns = feed->now_ns + latency_ns;
    record->wall_ns = feed->wall_ns;
}

static void make_record(struct feed *feed, struct made_record *out)
{
    const struct bench_case *plan = feed->plan;
    uint64_t gap_ns =
        (uint64_t)NS_PER_S * plan->per_record / ((uint64_t)plan->rate * plan->instruments);
    feed->now_ns += (int64_t)below(&feed->random, 2 * gap_ns + 1);
    out->instrument = (uint32_t)below(&feed->random, plan->instruments);
    out->count = plan->per_record;
    out->due_ns = feed->now_ns + 2 * NS_PER_S;
    for (size_t i = 0; i < out->count; i++)
        make_trade(feed, out->instrument, &out->trades[i]);
}

/* One record in 5,000 comes two seconds late. */
static void feed_next(struct feed *feed, struct made_record *out)
{
    struct made_record *first = &feed->held[feed->held_first % HELD_MAX];
    if (feed->held_count > 0 && first->due_ns <= feed->now_ns) {
        *out = *first;
        feed->held_first++;
        feed->held_count--;
        receive(feed, out);
        return;
    }
    make_record(feed, out);
    while (feed->held_count < HELD_MAX && below(&feed->random, 5000) == 0) {
        feed->held[(feed->held_first + feed->held_count++) % HELD_MAX] = *out;
        make_record(feed, out);
    }
    receive(feed, out);
}

/* ---- what must come out ---------------------------------------------------------------------- */

struct window_truth {
    int128 volume, given_volume; /* of VOLUME_SCALE decimals */
    uint64_t trades, given_trades;
};

struct truth {
    const struct bench_case *plan;
    uint32_t markets; /* and composites behind them */
    struct bar bars[BARS_MAX];
    size_t bar_count;
    size_t lengths[TIME_BARS]; /* windows of an instrument */
    struct window_truth *windows[TIME_BARS];
    struct window_truth totals[BARS_MAX]; /* the given ones of time bars stay 0 */
    uint64_t candles[BARS_MAX];
};

static struct window_truth *truth_at(struct truth *truth, uint32_t instrument, size_t bar,
                                     int64_t source_ns)
{
    int64_t size = truth->bars[bar].size;
    int64_t at = (source_ns - bar_open(truth->bars[bar], START_NS)) / size;
    if (at < 0 || (size_t)at >= truth->lengths[bar] || instrument >= truth->markets)
        bench_fail("a time that was not generated");
    return &truth->windows[bar][instrument * truth->lengths[bar] + (size_t)at];
}

static void add_to(struct window_truth *window, const struct made_trade *trade)
{
    window->volume += (int128)trade->quantity * 100000000;
    window->trades++;
}

static void truth_add(struct truth *truth, const struct made_record *record)
{
    const struct bench_case *plan = truth->plan;
    for (size_t i = 0; i < record->count; i++)
        for (size_t bar = 0; bar < truth->bar_count; bar++) {
            const struct made_trade *trade = &record->trades[i];
            int64_t at_ns = trade->source_ns;
            add_to(&truth->totals[bar], trade);
            if (bar < TIME_BARS)
                add_to(truth_at(truth, record->instrument, bar, at_ns), trade);
            if (bar < TIME_BARS && plan->composites)
                add_to(truth_at(truth, plan->instruments + record->instrument / 2, bar, at_ns),
                       trade);
        }
}

/* Generates all that will be fed. */
static void truth_init(struct truth *truth, const struct bench_case *plan, uint64_t trades)
{
    *truth = (struct truth){.plan = plan, .bar_count = plan->other_bars ? BARS_MAX : TIME_BARS};
    truth->markets = plan->instruments + (plan->composites ? plan->instruments / 2 : 0);
    int64_t span_ns = (int64_t)(trades / plan->instruments / plan->rate * 2 + 60) * NS_PER_S;
    for (size_t i = 0; i < truth->bar_count; i++)
        bench_must(bar_parse(&truth->bars[i], bar_texts[i]));
    for (size_t i = 0; i < TIME_BARS; i++) {
        truth->lengths[i] = (size_t)(span_ns / truth->bars[i].size + 2);
        truth->windows[i] =
            bench_take(truth->markets * truth->lengths[i], sizeof truth->windows[i][0]);
    }
    struct feed feed;
    struct made_record record;
    feed_init(&feed, plan);
    for (uint64_t done = 0; done < trades; done += record.count) {
        feed_next(&feed, &record);
        truth_add(truth, &record);
    }
    feed_release(&feed);
}

static void truth_release(struct truth *truth)
{
    for (size_t i = 0; i < TIME_BARS; i++)
        free(truth->windows[i]);
}

/* ---- what comes out -------------------------------------------------------------------------- */

struct given {
    uint32_t market, bar;
    int64_t open_ns;
    struct decimal volume;
    uint64_t trades;
};

#define GIVEN_MAX (8 * BATCH_TRADES * BARS_MAX)

/* Closed and corrected candles of a batch, looked at when it is done. */
struct catcher {
    const struct truth *truth;
    size_t count;
    uint64_t updates, forming;
    struct given *given; /* grows outside of batches only */
    size_t capacity;
};

/* From venue and symbol, which fill_trade() wrote; composites stand behind the markets. */
static uint32_t market_of(const struct candle *candle, const struct bench_case *plan)
{
    const char *symbol = candle->symbol;
    uint32_t number = (uint32_t)(symbol[1] - '0') * 1000 + (uint32_t)(symbol[2] - '0') * 100 +
                      (uint32_t)(symbol[3] - '0') * 10 + (uint32_t)(symbol[4] - '0');
    if (!plan->composites)
        return number;
    if (candle->venue[0] == COMPOSITE_VENUE[0])
        return plan->instruments + number;
    return 2 * number + (strcmp(candle->venue, venues[1]->name) == 0);
}

static void on_candle(const struct candle *candle, void *arg)
{
    struct catcher *catcher = arg;
    catcher->updates++;
    if (candle->state == CANDLE_FORMING) {
        catcher->forming++;
        return;
    }
    if (catcher->count == catcher->capacity)
        bench_fail("more candles than a batch can give");
    uint32_t bar = 0;
    while (!bar_equal(catcher->truth->bars[bar], candle->bar))
        bar++;
    catcher->given[catcher->count++] = (struct given){
        .market = market_of(candle, catcher->truth->plan),
        .bar = bar,
        .open_ns = candle->open_ns,
        .volume = candle->volume,
        .trades = candle->trades,
    };
}

static int128 in_units(struct decimal volume)
{
    if (decimal_rescale(&volume, volume, VOLUME_SCALE) != ERR_OK)
        bench_fail("a volume of too many decimals");
    return volume.mantissa;
}

static void take_given(struct truth *truth, struct catcher *catcher)
{
    for (size_t i = 0; i < catcher->count; i++) {
        const struct given *given = &catcher->given[i];
        truth->candles[given->bar]++;
        struct window_truth *into = &truth->totals[given->bar];
        if (given->bar < TIME_BARS) {
            into = truth_at(truth, given->market, given->bar, given->open_ns);
            into->given_volume = 0;
            into->given_trades = 0;
        }
        into->given_volume += in_units(given->volume);
        into->given_trades += given->trades;
    }
    catcher->count = 0;
}

static void on_rest(const struct candle *candle, void *arg)
{
    struct truth *truth = arg;
    for (size_t bar = TIME_BARS; bar < truth->bar_count; bar++)
        if (bar_equal(truth->bars[bar], candle->bar)) {
            truth->totals[bar].given_volume += in_units(candle->volume);
            truth->totals[bar].given_trades += candle->trades;
        }
}

static void compare(const struct truth *truth)
{
    for (size_t bar = 0; bar < TIME_BARS; bar++)
        for (size_t i = 0; i < truth->markets * truth->lengths[bar]; i++) {
            const struct window_truth *window = &truth->windows[bar][i];
            if (window->volume != window->given_volume || window->trades != window->given_trades)
                bench_fail("a candle is not what was generated");
        }
    for (size_t bar = TIME_BARS; bar < truth->bar_count; bar++) {
        const struct window_truth *total = &truth->totals[bar];
        if (total->volume != total->given_volume || total->trades != total->given_trades)
            bench_fail("the bars together are not what was generated");
    }
}

/* ---- the engine's part ----------------------------------------------------------------------- */

struct batch_record {
    int64_t wall_ns, passed_ns;
    size_t venue, count; /* trades */
};

struct bench {
    const struct bench_case *plan;
    struct feed feed;
    struct market_set set;
    struct market_source sources[2];
    struct catcher catcher;
    int64_t wall_ns; /* of the newest record */
    uint64_t seq;
    uint64_t counted, late;
    size_t record_count, trade_count;
    struct batch_record records[BATCH_TRADES];
    struct trade trades[BATCH_TRADES];
};

static void fill_trade(struct trade *trade, uint32_t number, bool dashed,
                       const struct made_trade *made)
{
    *trade = (struct trade){
        .source_ns = made->source_ns,
        .has_id = true,
        .id = made->id,
        .first_id = made->id,
        .last_id = made->id,
        .count = 1,
        .price = {made->price, PRICE_SCALE},
        .quantity = {made->quantity, PRICE_SCALE},
        .taker = made->taker,
    };
    /* "T0042USDT", and as the other venue spells it. */
    memcpy(trade->symbol, spellings[dashed], strlen(spellings[dashed]) + 1);
    for (size_t place = 4; place > 0; place--, number /= 10)
        trade->symbol[place] = (char)('0' + number % 10);
}

static void fill_batch(struct bench *bench, uint64_t trades)
{
    size_t wanted = trades < BATCH_TRADES ? (size_t)trades : BATCH_TRADES;
    uint32_t per_name = bench->plan->composites ? 2 : 1;
    struct made_record record;
    bench->record_count = bench->trade_count = 0;
    while (bench->trade_count + bench->plan->per_record <= wanted) {
        feed_next(&bench->feed, &record);
        bench->records[bench->record_count++] =
            (struct batch_record){record.wall_ns, record.wall_ns - bench->wall_ns,
                                  record.instrument % per_name, record.count};
        bench->wall_ns = record.wall_ns;
        for (size_t i = 0; i < record.count; i++)
            fill_trade(&bench->trades[bench->trade_count++], record.instrument / per_name,
                       record.instrument % per_name > 0, &record.trades[i]);
    }
}

/* All that is measured. */
void run_batch(struct bench *bench);
__attribute__((noinline)) void run_batch(struct bench *bench)
{
    struct market_set *set = &bench->set;
    const struct trade *trade = bench->trades;
    enum market_set_verdict verdict;
    struct market_finding finding;
    const struct market *market;
    enum err err = ERR_OK;
    for (size_t i = 0; i < bench->record_count && err == ERR_OK; i++) {
        const struct batch_record *record = &bench->records[i];
        const struct market_set_record at = {++bench->seq, record->wall_ns, record->wall_ns,
                                             record->passed_ns};
        market_set_begin(set, &at);
        for (size_t left = record->count; left > 0 && err == ERR_OK; left--) {
            err = market_set_trade(set, &bench->sources[record->venue], trade++, &verdict, &finding,
                                   &market);
            bench->counted += verdict == MARKET_SET_DONE && finding.verdict == MARKET_COUNTED;
            bench->late += finding.late;
        }
        if (err == ERR_OK)
            err = market_set_end(set);
    }
    bench_must(err);
}

static void begin_record(struct bench *bench, int64_t passed_ns)
{
    bench->wall_ns += passed_ns;
    const struct market_set_record at = {++bench->seq, bench->wall_ns, bench->wall_ns, passed_ns};
    market_set_begin(&bench->set, &at);
}

/* Time passes, so that all windows close. */
static void close_all(struct bench *bench)
{
    begin_record(bench, 2 * 3600 * NS_PER_S);
    bench_must(market_set_end(&bench->set));
}

static void open_connections(struct bench *bench)
{
    begin_record(bench, 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct market_source *source = &bench->sources[i];
        *source = (struct market_source){.venue = venues[i], .channel = "trade", .received = true};
        bench_must(market_set_open(&bench->set, source->venue, i + 1, true, &source->connection));
    }
    bench_must(market_set_end(&bench->set));
}

static void bench_init(struct bench *bench, const struct truth *truth)
{
    const struct bench_case *plan = truth->plan;
    *bench = (struct bench){.plan = plan, .wall_ns = START_NS};
    size_t capacity = GIVEN_MAX + (size_t)truth->markets * BARS_MAX * 8;
    bench->catcher = (struct catcher){
        .truth = truth, .given = bench_take(capacity, sizeof(struct given)), .capacity = capacity};
    static struct composite_config composite;
    composite_config_default(&composite);
    composite.rules[0] = (struct composite_rule){.instrument = "*", .method = COMPOSITE_VWAP};
    composite.rule_count = plan->composites;
    struct market_set_options options = {
        .bar_count = truth->bar_count,
        .lateness_ns = 500 * NS_PER_MS,
        .horizon_ns = plan->horizon_ns,
        .composite = plan->composites ? &composite : NULL,
        .forming = plan->forming,
        .candle = on_candle,
        .arg = &bench->catcher,
    };
    memcpy(options.bars, truth->bars, sizeof truth->bars);
    bench_must(market_set_init(&bench->set, &options));
    open_connections(bench);
    feed_init(&bench->feed, plan);
}

static void bench_release(struct bench *bench)
{
    feed_release(&bench->feed);
    market_set_release(&bench->set);
    free(bench->catcher.given);
}

/* ---- measuring ------------------------------------------------------------------------------- */

struct amounts {
    uint64_t slice_trades;
    size_t slices;
};

struct measured {
    double ns[SLICES_MAX]; /* per trade */
    uint64_t trades, allocations, instructions, updates;
    bool has_instructions;
};

/* Returns the trades done. */
static uint64_t run_some(struct bench *bench, struct truth *truth, uint64_t trades, int counter,
                         int64_t *spent_ns)
{
    fill_batch(bench, trades);
    bench_instructions_count(counter, true);
    int64_t begin_ns = bench_cpu_ns();
    run_batch(bench);
    *spent_ns += bench_cpu_ns() - begin_ns;
    bench_instructions_count(counter, false);
    take_given(truth, &bench->catcher);
    return bench->trade_count;
}

static void run_slices(struct bench *bench, struct truth *truth, const struct amounts *amounts,
                       struct measured *out)
{
    int counter = bench_instructions_open();
    uint64_t allocations_before = allocations, updates_before = bench->catcher.updates;
    for (size_t i = 0; i < amounts->slices; i++) {
        int64_t spent_ns = 0;
        uint64_t done = 0;
        while (done < amounts->slice_trades)
            done += run_some(bench, truth, amounts->slice_trades - done, counter, &spent_ns);
        out->ns[i] = (double)spent_ns / (double)done;
        out->trades += done;
    }
    out->allocations = allocations - allocations_before;
    out->updates = bench->catcher.updates - updates_before;
    out->has_instructions = counter >= 0;
    out->instructions = bench_instructions_read(counter);
    if (counter >= 0)
        close(counter);
}

static void print_measured(const struct bench_case *plan, struct measured *measured, size_t slices)
{
    char instructions[24] = "n/a";
    double median = bench_median(measured->ns, slices), trades = (double)measured->trades;
    if (measured->has_instructions)
        snprintf(instructions, sizeof instructions, "%.0f",
                 (double)measured->instructions / trades);
    printf("%-42s %9.2f %9.1f %7.1f-%-7.1f %7s %12.6f %9.4f\n", plan->name, 1e3 / median, median,
           measured->ns[0], measured->ns[slices - 1], instructions,
           (double)measured->allocations / trades, (double)measured->updates / trades);
    fflush(stdout);
}

static void run_case(const struct bench_case *plan, const struct amounts *amounts)
{
    /* In whole records, as batches are. */
    struct amounts whole = *amounts;
    whole.slice_trades -= whole.slice_trades % plan->per_record;
    uint64_t warm = (uint64_t)(plan->horizon_ns / NS_PER_S + 5) * plan->rate * plan->instruments;
    struct truth truth;
    static struct bench bench;
    struct measured measured = {.trades = 0};
    int64_t unused_ns = 0;
    truth_init(&truth, plan, warm + whole.slices * whole.slice_trades);
    bench_init(&bench, &truth);
    for (uint64_t done = 0; done < warm;)
        done += run_some(&bench, &truth, warm - done, -1, &unused_ns);
    run_slices(&bench, &truth, &whole, &measured);
    close_all(&bench);
    take_given(&truth, &bench.catcher);
    bench_must(market_set_each_forming(&bench.set, on_rest, &truth));
    compare(&truth);
    if (bench.counted != truth.totals[0].trades || bench.late == 0)
        bench_fail("not every trade has counted, or none was late");
    if (plan->forming != (bench.catcher.forming > 0))
        bench_fail("forming candles were not asked for, or did not come");
    bench_release(&bench);
    truth_release(&truth);
    print_measured(plan, &measured, whole.slices);
}

static void print_machine(const struct amounts *amounts)
{
    char line[256], model[256] = "unknown processor";
    FILE *info = fopen("/proc/cpuinfo", "r");
    while (info != NULL && fgets(line, sizeof line, info) != NULL)
        if (sscanf(line, "model name : %255[^\n]", model) == 1)
            break;
    if (info != NULL)
        fclose(info);
    printf("%s, %ld cores, one of them used; " __VERSION__ "\n", model,
           sysconf(_SC_NPROCESSORS_ONLN));
    printf("bars 1s, 1m and 1h (all kinds: and 100t, 20v, 1000000n); median of %zu times %" PRIu64
           " trades, lowest and highest\n\n",
           amounts->slices, amounts->slice_trades);
    printf("%-42s %9s %9s %15s %7s %12s %9s\n", "", "Mtrades/s", "ns/trade", "from-to", "instr",
           "allocations", "updates");
}

static uint64_t parse_count(const char *text, uint64_t max)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > max)
        bench_fail("not a count that can be used");
    return value;
}

/* A name's part asks for all that have it, a whole name for that one. */
static bool is_wanted(const char *name, const char *wanted)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(cases[i].name, wanted) == 0)
            return strcmp(name, wanted) == 0;
    return strstr(name, wanted) != NULL;
}

int main(int argc, char **argv)
{
    struct amounts amounts = {.slice_trades = 1000000, .slices = 7};
    const char *wanted = "";
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--case") == 0)
            wanted = value;
        else if (strcmp(argv[i], "--trades") == 0)
            amounts.slice_trades = parse_count(value, UINT64_C(1000000000));
        else if (strcmp(argv[i], "--slices") == 0)
            amounts.slices = (size_t)parse_count(value, SLICES_MAX);
        else
            bench_fail("usage: candle_bench [--case TEXT] [--trades N] [--slices N]");
    }
    find_venues();
    print_machine(&amounts);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (is_wanted(cases[i].name, wanted))
            run_case(&cases[i], &amounts);
    return 0;
}
