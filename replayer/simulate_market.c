#include "replayer/simulate_market.h"

#include "engine/base/decimal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- the fair price ------------------------------------------------------------------------- */

/* Price in millionths of a dollar to start from, and the digits that books of it use. */
static const struct base {
    const char *name;
    int64_t micros;
    int price, coarse_price, lot, coarse_lot;
} bases[] = {
    {"BTC", INT64_C(61837630000), 2, 1, 5, 3}, {"ETH", INT64_C(2683420000), 2, 2, 4, 3},
    {"SOL", INT64_C(154870000), 2, 2, 3, 1},   {"BNB", INT64_C(508300000), 2, 2, 3, 2},
    {"LTC", INT64_C(61450000), 2, 2, 3, 1},    {"XRP", INT64_C(612300), 4, 4, 1, 1},
    {"ADA", INT64_C(336500), 4, 4, 1, 0},      {"DOGE", INT64_C(101230), 5, 5, 0, 0},
};
static const struct base other_base = {"", INT64_C(10000000), 4, 4, 2, 1};

static const struct base *find_base(const char *name)
{
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
        if (strcmp(bases[i].name, name) == 0)
            return &bases[i];
    return &other_base;
}

void simulate_fair_init(struct simulate_fair *fair, const char *base, uint64_t seed)
{
    memset(fair, 0, sizeof *fair);
    strncpy(fair->base, base, sizeof fair->base - 1);
    uint64_t name = 0;
    memcpy(&name, fair->base, sizeof name);
    rng_init(&fair->rng, seed, name);
    fair->micros = find_base(base)->micros;
    fair->micros += fair->micros / 1000 * rng_between(&fair->rng, -15, 15);
}

void simulate_fair_step(struct simulate_fair *fair)
{
    const int64_t ppm = 1000000;
    if (rng_chance(&fair->rng, 60))
        fair->trend_ppm = rng_between(&fair->rng, -40, 40);
    int64_t move = fair->trend_ppm + rng_between(&fair->rng, -70, 70);
    /* Walks stay within what int64 and the books' digits hold. */
    int64_t home = find_base(fair->base)->micros;
    if (fair->micros > 4 * home)
        move = -100;
    if (fair->micros < home / 4)
        move = 100;
    fair->micros += (int64_t)((int128)fair->micros * move / ppm);
}

struct simulate_digits simulate_digits_of(const char *base, bool coarse_price, bool coarse_quantity)
{
    const struct base *found = find_base(base);
    return (struct simulate_digits){.price = coarse_price ? found->coarse_price : found->price,
                                    .quantity = coarse_quantity ? found->coarse_lot : found->lot,
                                    .tick = 1};
}

/* ---- pace ----------------------------------------------------------------------------------- */

/* Stretches that a market goes through: how often one comes (per mille), how long it lasts on
 * average and how many times the usual rate it has, in hundredths. */
static const struct pace {
    unsigned permille;
    int64_t length_ns;
    int64_t percent;
} paces[] = {
    {80, 2500 * NS_PER_MS, 0},    /* silence */
    {270, 4000 * NS_PER_MS, 20},  /* quiet */
    {500, 4000 * NS_PER_MS, 100}, /* usual */
    {150, 400 * NS_PER_MS, 1400}, /* burst */
};

static unsigned draw_pace(struct rng *rng)
{
    unsigned draw = (unsigned)rng_below(rng, 1000);
    unsigned pace = 0;
    while (draw >= paces[pace].permille)
        draw -= paces[pace++].permille;
    return pace;
}

/* Waiting for an order has no memory, so a wait that outlasts its stretch is drawn anew in the
 * next. */
static void schedule_order(struct simulate_market *market)
{
    const int64_t fills_percent = 175; /* trades per order, on average, in hundredths */
    int64_t now = market->next_ns;
    for (;;) {
        const struct pace *pace = &paces[market->pace];
        if (pace->percent > 0) {
            int64_t mean = NS_PER_S * fills_percent / (market->options.rate * pace->percent);
            int64_t next = now + rng_wait(&market->rng, mean < 1 ? 1 : mean);
            if (next <= market->pace_end_ns) {
                market->next_ns = next;
                return;
            }
        }
        now = market->pace_end_ns;
        market->pace = draw_pace(&market->rng);
        market->pace_end_ns += rng_wait(&market->rng, paces[market->pace].length_ns);
    }
}

/* ---- prices --------------------------------------------------------------------------------- */

static int64_t power_of_ten(int exponent)
{
    int64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

static int64_t round_to_tick(int64_t price, int64_t tick)
{
    int64_t rounded = (price + tick / 2) / tick * tick;
    return rounded < tick ? tick : rounded;
}

/* The fair price in last digits of this book. */
static int64_t fair_price(const struct simulate_market *market)
{
    int64_t quote = market->quote ? market->quote->micros : 1000000;
    int128 price =
        (int128)market->fair->micros * power_of_ten(market->options.digits.price) / quote;
    return round_to_tick((int64_t)price, market->options.digits.tick);
}

int64_t simulate_market_bid(const struct simulate_market *market)
{
    int64_t tick = market->options.digits.tick;
    return market->mid > tick ? market->mid - tick : tick;
}

int64_t simulate_market_ask(const struct simulate_market *market)
{
    return simulate_market_bid(market) + market->options.digits.tick;
}

/* Most trades are small, some are not. */
static int64_t draw_quantity(struct simulate_market *market, int64_t price)
{
    const struct simulate_market_options *options = &market->options;
    int64_t dollars_micros =
        1000000 * rng_wait(&market->rng, rng_chance(&market->rng, 80) ? 9000 : 350);
    int128 quantity;
    if (options->contract_micros > 0)
        quantity = dollars_micros / options->contract_micros;
    else
        quantity = (int128)dollars_micros *
                   power_of_ten(options->digits.quantity + options->digits.price) / 1000000 / price;
    return quantity < 1 ? 1 : (int64_t)quantity;
}

/* ---- trades --------------------------------------------------------------------------------- */

enum err simulate_market_init(struct simulate_market *market,
                              const struct simulate_market_options *options,
                              const struct simulate_fair *fair, const struct simulate_fair *quote,
                              int64_t start_ns)
{
    memset(market, 0, sizeof *market);
    market->options = *options;
    if (strlen(options->symbol) >= sizeof market->symbol)
        return err_fail(ERR_USAGE, "symbol '%s' is too long", options->symbol);
    memcpy(market->symbol, options->symbol, strlen(options->symbol));
    market->options.symbol = market->symbol;
    struct instrument spelled = {0};
    options->venue->describe(market->symbol, &spelled);
    memcpy(market->instrument, spelled.name, sizeof market->instrument);
    market->fair = fair;
    market->quote = quote;
    rng_init(&market->rng, options->seed, options->stream);
    market->mid = fair_price(market);
    market->last_price = market->mid;
    market->last_quantity = 1;
    market->next_id = 1000000 + rng_below(&market->rng, UINT64_C(4000000000));
    market->next_aggregate = market->next_id / 3;
    market->sequence = 100000 + rng_below(&market->rng, UINT64_C(50000000000));
    market->oldest_id = market->next_id;
    market->pace = 2;
    market->next_ns = start_ns;
    market->pace_end_ns = start_ns + paces[2].length_ns;
    schedule_order(market);
    return ERR_OK;
}

void simulate_market_release(struct simulate_market *market)
{
    free(market->kept);
    memset(market, 0, sizeof *market);
}

static enum err grow(struct simulate_market *market)
{
    uint64_t capacity = market->capacity ? market->capacity * 2 : 256;
    if (capacity > SIMULATE_KEPT_MAX)
        return err_fail(ERR_LIMIT, "too many trades per second for '%s'; ask for a lower --rate",
                        market->symbol);
    struct simulate_trade *kept = calloc((size_t)capacity, sizeof *kept);
    if (!kept)
        return err_fail(ERR_NOMEM, "no memory for the trades of '%s'", market->symbol);
    for (uint64_t id = market->oldest_id; id < market->next_id; id++)
        kept[id % capacity] = market->kept[id % market->capacity];
    free(market->kept);
    market->kept = kept;
    market->capacity = capacity;
    return ERR_OK;
}

static enum err add_trade(struct simulate_market *market, const struct simulate_trade *trade)
{
    if (market->next_id - market->oldest_id >= market->capacity) {
        enum err err = grow(market);
        if (err != ERR_OK)
            return err;
    }
    market->kept[market->next_id++ % market->capacity] = *trade;
    return ERR_OK;
}

/* Ids that the venue spends on rows that are no trades of the book: zero rows, and fund executions
 * away from the market. */
static enum err add_off_book(struct simulate_market *market, const struct simulate_trade *last)
{
    struct simulate_trade row = *last;
    row.id = market->next_id;
    row.aggregate = market->next_aggregate++;
    if (rng_chance(&market->rng, 600)) {
        row.off_book = "NA";
        row.price = row.quantity = 0;
    } else {
        row.off_book = "INSURANCE_FUND";
        row.price = round_to_tick(last->price / 100 * 97, market->options.digits.tick);
        row.quantity = draw_quantity(market, row.price) * 50;
    }
    return add_trade(market, &row);
}

enum err simulate_market_order(struct simulate_market *market, uint64_t *out_first)
{
    const struct simulate_market_options *options = &market->options;
    struct rng *rng = &market->rng;
    *out_first = market->next_id;
    int64_t tick = options->digits.tick;
    int64_t fair = fair_price(market);
    market->mid = round_to_tick(market->mid + (fair - market->mid) / 3, tick);
    int64_t stamp = market->next_ns + options->skew_ns;
    struct simulate_trade trade = {
        .true_ns = market->next_ns,
        .source_ns = stamp - stamp % options->precision_ns,
        .taker_buy = rng_chance(rng, fair > market->mid ? 620 : 380),
    };
    trade.price = trade.taker_buy ? simulate_market_ask(market) : simulate_market_bid(market);
    /* Levels of a book lie about a fifty-thousandth of the price apart, never less than a tick. */
    int64_t level_max = market->mid / tick / 50000 + 3;
    for (int fill = 0; fill < SIMULATE_FILLS_MAX; fill++) {
        trade.id = market->next_id;
        trade.aggregate = market->next_aggregate;
        trade.quantity = draw_quantity(market, trade.price);
        enum err err = add_trade(market, &trade);
        if (err != ERR_OK)
            return err;
        if (!rng_chance(rng, 430))
            break;
        if (rng_chance(rng, 550)) {
            int64_t step = tick * rng_between(rng, 1, level_max);
            int64_t next = trade.taker_buy ? trade.price + step : trade.price - step;
            trade.price = next < tick ? tick : next;
            market->next_aggregate++;
        }
    }
    market->next_aggregate++;
    market->last_price = trade.price;
    market->last_quantity = trade.quantity;
    market->last_taker_buy = trade.taker_buy;
    if (options->off_book && rng_chance(rng, 40)) {
        enum err err = add_off_book(market, &trade);
        if (err != ERR_OK)
            return err;
    }
    schedule_order(market);
    return ERR_OK;
}

struct simulate_trade *simulate_market_trade(const struct simulate_market *market, uint64_t id)
{
    if (id < market->oldest_id || id >= market->next_id)
        return NULL;
    return &market->kept[id % market->capacity];
}

const struct simulate_trade *simulate_market_oldest(const struct simulate_market *market)
{
    return simulate_market_trade(market, market->oldest_id);
}

void simulate_market_forget(struct simulate_market *market)
{
    assert(market->oldest_id < market->next_id);
    market->oldest_id++;
}

bool simulate_market_received(struct simulate_market *market, uint64_t id, bool snapshot)
{
    struct simulate_trade *trade = simulate_market_trade(market, id);
    if (!trade)
        return false;
    bool first = trade->fate == FATE_UNSEEN;
    if (!snapshot && !market->live) {
        market->live = true;
        market->first_live_id = id;
    }
    if (first) {
        bool repairs = market->live && id > market->first_live_id;
        trade->fate = snapshot && !repairs ? FATE_NOTED : FATE_RECEIVED;
    }
    return first;
}

bool simulate_trade_counts(const struct simulate_trade *trade)
{
    return trade->fate == FATE_RECEIVED && !trade->off_book;
}
