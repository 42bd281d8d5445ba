#include "engine/candle/composite_blend.h"

#include <assert.h>

/* The parts that are used. */
struct used {
    const struct composite_part *parts[CONTRIBUTIONS_MAX];
    size_t count;
    unsigned scale; /* of averages */
};

static bool has_volumes(const struct composite_part *part)
{
    return (part->flags & CANDLE_OVERFLOW) == 0;
}

void composite_part_set(struct composite_part *part, const struct candle *candle)
{
    part->prices[PART_OPEN] = candle->open;
    part->prices[PART_HIGH] = candle->high;
    part->prices[PART_LOW] = candle->low;
    part->prices[PART_CLOSE] = candle->close;
    part->volumes[PART_VOLUME] = candle->volume;
    part->volumes[PART_QUOTE_VOLUME] = candle->quote_volume;
    part->volumes[PART_TAKER_BUY_VOLUME] = candle->taker_buy_volume;
    part->volumes[PART_TAKER_BUY_QUOTE_VOLUME] = candle->taker_buy_quote_volume;
    part->vwap = candle->vwap;
    part->counts[PART_TRADES] = candle->trades;
    part->counts[PART_MISSING] = candle->missing;
    part->counts[PART_DUPLICATES] = candle->duplicates;
    part->counts[PART_LATE] = candle->late;
    part->counts[PART_OUT_OF_ORDER] = candle->out_of_order;
    part->counts[PART_BACKFILLED] = candle->backfilled;
    part->counts[PART_MALFORMED] = candle->malformed;
    part->counts[PART_DROPPED] = candle->dropped;
    part->counts[PART_SUSPECT] = candle->suspect;
    part->first_trade_ns = candle->first_trade_ns;
    part->last_trade_ns = candle->last_trade_ns;
    part->first_seq = candle->first_seq;
    part->last_seq = candle->last_seq;
    part->has_connected = candle->has_connected;
    part->connected_ppm = candle->connected_ppm;
    part->score = candle->score;
    part->flags = candle->flags;
}

/* ---- order of prices ------------------------------------------------------------------------- */

/* Ascending by value, equal ones in the order of members. */
static void sort_prices(struct decimal *prices, const struct composite_part *const *parts,
                        size_t count, enum part_price which)
{
    for (size_t i = 0; i < count; i++) {
        struct decimal price = parts[i]->prices[which];
        size_t at = i;
        for (; at > 0 && decimal_compare(prices[at - 1], price) > 0; at--)
            prices[at] = prices[at - 1];
        prices[at] = price;
    }
}

static struct decimal lower_middle(const struct composite_part *const *parts, size_t count,
                                   enum part_price which)
{
    struct decimal prices[CONTRIBUTIONS_MAX];
    sort_prices(prices, parts, count, which);
    return prices[(count - 1) / 2];
}

/* ---- who takes part -------------------------------------------------------------------------- */

/* In 64 bits without overflow: times are anything. */
static bool is_stale(int64_t last_ns, int64_t newest_ns, int64_t stale_ns)
{
    return (uint64_t)newest_ns - (uint64_t)last_ns > (uint64_t)stale_ns;
}

/* Price times a millionth of `ppm`, as price * ppm; false when that does not fit, which no number
 * of a venue (DECIMAL_DIGITS_MAX) gets to. */
static bool times_ppm(struct decimal *out, struct decimal price, int64_t ppm)
{
    return decimal_mul(out, price, (struct decimal){ppm, 0}) == ERR_OK;
}

/* |close - median| > median * outlier_ppm / 10^6, without a division. */
static bool is_outlier(struct decimal close, struct decimal median, uint32_t outlier_ppm)
{
    struct decimal value, low, high;
    if (!times_ppm(&value, close, CANDLE_PPM) ||
        !times_ppm(&low, median, (int64_t)CANDLE_PPM - outlier_ppm) ||
        !times_ppm(&high, median, (int64_t)CANDLE_PPM + outlier_ppm))
        return false;
    return decimal_compare(value, low) < 0 || decimal_compare(value, high) > 0;
}

static void leave_out_stale(const struct composite_config *config,
                            const struct composite_part *const *parts, size_t count,
                            enum contribution_state *states)
{
    int64_t newest_ns = INT64_MIN;
    for (size_t i = 0; i < count; i++)
        newest_ns = parts[i]->last_trade_ns > newest_ns ? parts[i]->last_trade_ns : newest_ns;
    for (size_t i = 0; i < count; i++) {
        bool stale = is_stale(parts[i]->last_trade_ns, newest_ns, config->stale_ns);
        states[i] = stale                                 ? CONTRIBUTION_STALE
                    : parts[i]->score < config->score_min ? CONTRIBUTION_UNHEALTHY
                                                          : CONTRIBUTION_USED;
    }
}

static size_t gather(const struct composite_part *const *parts, size_t count,
                     const enum contribution_state *states, const struct composite_part **out)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (states[i] == CONTRIBUTION_USED)
            out[used++] = parts[i];
    }
    return used;
}

static void leave_out_outliers(const struct composite_config *config,
                               const struct composite_part *const *parts, size_t count,
                               enum contribution_state *states)
{
    const struct composite_part *left[CONTRIBUTIONS_MAX];
    size_t left_count = gather(parts, count, states, left);
    if (left_count < 3)
        return;
    struct decimal median = lower_middle(left, left_count, PART_CLOSE);
    for (size_t i = 0; i < count; i++) {
        if (states[i] == CONTRIBUTION_USED &&
            is_outlier(parts[i]->prices[PART_CLOSE], median, config->outlier_ppm))
            states[i] = CONTRIBUTION_OUTLIER;
    }
}

/* Four decimals more than the longest price. */
static unsigned average_scale(const struct used *used)
{
    unsigned scale = 0;
    for (size_t i = 0; i < used->count; i++) {
        for (size_t price = 0; price < PART_PRICES; price++) {
            unsigned own = used->parts[i]->prices[price].scale;
            scale = own > scale ? own : scale;
        }
    }
    scale += 4;
    return scale < DECIMAL_SCALE_MAX ? scale : DECIMAL_SCALE_MAX;
}

static void choose(const struct composite_config *config, const struct composite_part *const *parts,
                   size_t count, enum contribution_state *states, struct used *out)
{
    leave_out_stale(config, parts, count, states);
    leave_out_outliers(config, parts, count, states);
    out->count = gather(parts, count, states, out->parts);
    if (out->count == 0) {
        for (size_t i = 0; i < count; i++)
            states[i] = CONTRIBUTION_USED;
        out->count = gather(parts, count, states, out->parts);
    }
    out->scale = average_scale(out);
}

/* ---- prices ---------------------------------------------------------------------------------- */

/* All four with the same number of decimals, so that rounding keeps their order: as many as are
 * asked for, or as fit. */
static bool divide(struct decimal out[PART_PRICES], const struct decimal sums[PART_PRICES],
                   struct decimal divisor, unsigned scale)
{
    for (;; scale--) {
        size_t done = 0;
        while (done < PART_PRICES &&
               decimal_div(&out[done], sums[done], divisor, (uint8_t)scale) == ERR_OK)
            done++;
        if (done == PART_PRICES || scale == 0)
            return done == PART_PRICES;
    }
}

static bool add_weighted(struct decimal sums[PART_PRICES], const struct composite_part *part)
{
    for (size_t i = 0; i < PART_PRICES; i++) {
        struct decimal product;
        if (decimal_mul(&product, part->volumes[PART_VOLUME], part->prices[i]) != ERR_OK ||
            decimal_add(&sums[i], sums[i], product) != ERR_OK)
            return false;
    }
    return true;
}

/* False also when nobody has a volume. */
static bool blend_vwap(struct decimal out[PART_PRICES], const struct used *used)
{
    struct decimal sums[PART_PRICES] = {0}, weight = DECIMAL_ZERO;
    for (size_t i = 0; i < used->count; i++) {
        const struct composite_part *part = used->parts[i];
        if (!has_volumes(part))
            continue;
        if (decimal_add(&weight, weight, part->volumes[PART_VOLUME]) != ERR_OK ||
            !add_weighted(sums, part))
            return false;
    }
    return divide(out, sums, weight, used->scale);
}

static bool blend_mean(struct decimal out[PART_PRICES], const struct used *used)
{
    struct decimal sums[PART_PRICES] = {0};
    for (size_t i = 0; i < used->count; i++) {
        for (size_t price = 0; price < PART_PRICES; price++) {
            if (decimal_add(&sums[price], sums[price], used->parts[i]->prices[price]) != ERR_OK)
                return false;
        }
    }
    return divide(out, sums, (struct decimal){(int128)used->count, 0}, used->scale);
}

static bool blend_median(struct decimal out[PART_PRICES], const struct used *used)
{
    struct decimal sums[PART_PRICES];
    bool even = used->count % 2 == 0;
    for (size_t i = 0; i < PART_PRICES; i++) {
        struct decimal prices[CONTRIBUTIONS_MAX];
        sort_prices(prices, used->parts, used->count, (enum part_price)i);
        sums[i] = prices[used->count / 2];
        if (even && decimal_add(&sums[i], sums[i], prices[used->count / 2 - 1]) != ERR_OK)
            return false;
    }
    return divide(out, sums, (struct decimal){even ? 2 : 1, 0}, used->scale);
}

/* What is left where no sum fits. Prices of the venues as they are. */
static void take_lower_middle(struct decimal out[PART_PRICES], const struct used *used)
{
    for (size_t i = 0; i < PART_PRICES; i++)
        out[i] = lower_middle(used->parts, used->count, (enum part_price)i);
}

/* As in a window of trades: of equal prices with different digits the longest stands. */
static bool beats(struct decimal price, struct decimal best, int sign)
{
    int order = decimal_compare(price, best) * sign;
    return order > 0 || (order == 0 && price.scale > best.scale);
}

static void blend_consolidated(struct decimal out[PART_PRICES], const struct used *used)
{
    const struct composite_part *first = used->parts[0], *last = first;
    const struct composite_part *high = first, *low = first;
    for (size_t i = 1; i < used->count; i++) {
        const struct composite_part *part = used->parts[i];
        first = part->first_trade_ns < first->first_trade_ns ? part : first;
        last = part->last_trade_ns >= last->last_trade_ns ? part : last;
        high = beats(part->prices[PART_HIGH], high->prices[PART_HIGH], 1) ? part : high;
        low = beats(part->prices[PART_LOW], low->prices[PART_LOW], -1) ? part : low;
    }
    out[PART_OPEN] = first->prices[PART_OPEN];
    out[PART_HIGH] = high->prices[PART_HIGH];
    out[PART_LOW] = low->prices[PART_LOW];
    out[PART_CLOSE] = last->prices[PART_CLOSE];
}

/* Prices always have a value. False: not that of the method, since a sum does not fit. */
static bool blend_prices(enum composite_method method, const struct used *used, struct candle *out)
{
    struct decimal prices[PART_PRICES];
    bool fits = true;
    if (method == COMPOSITE_CONSOLIDATED)
        blend_consolidated(prices, used);
    else if (method == COMPOSITE_MEDIAN)
        fits = blend_median(prices, used);
    else
        fits = method == COMPOSITE_VWAP ? blend_vwap(prices, used) : blend_mean(prices, used);
    if (!fits && (method != COMPOSITE_VWAP || !blend_mean(prices, used)))
        take_lower_middle(prices, used);
    out->open = prices[PART_OPEN];
    out->high = prices[PART_HIGH];
    out->low = prices[PART_LOW];
    out->close = prices[PART_CLOSE];
    return fits;
}

/* ---- volumes and quality --------------------------------------------------------------------- */

static bool average_price(struct decimal *out, struct decimal money, struct decimal volume,
                          unsigned scale)
{
    while (decimal_div(out, money, volume, (uint8_t)scale) != ERR_OK) {
        if (scale-- == 0)
            return false;
    }
    return true;
}

/* All of them or, when one does not fit, none. */
static bool add_volumes(const struct used *used, struct candle *out)
{
    struct decimal sums[PART_VOLUMES] = {0};
    for (size_t i = 0; i < used->count; i++) {
        if (!has_volumes(used->parts[i]))
            return false;
        for (size_t volume = 0; volume < PART_VOLUMES; volume++) {
            struct decimal more = used->parts[i]->volumes[volume];
            if (decimal_add(&sums[volume], sums[volume], more) != ERR_OK)
                return false;
        }
    }
    if (!average_price(&out->vwap, sums[PART_QUOTE_VOLUME], sums[PART_VOLUME], used->scale))
        return false;
    out->volume = sums[PART_VOLUME];
    out->quote_volume = sums[PART_QUOTE_VOLUME];
    out->taker_buy_volume = sums[PART_TAKER_BUY_VOLUME];
    out->taker_buy_quote_volume = sums[PART_TAKER_BUY_QUOTE_VOLUME];
    return true;
}

/* A count stops at the largest number that every sink can hold; only made-up ids get there. */
static uint64_t add_count(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) || sum > INT64_MAX ? INT64_MAX : sum;
}

static void add_counts(const struct used *used, struct candle *out)
{
    uint64_t sums[PART_COUNTS] = {0};
    for (size_t i = 0; i < used->count; i++) {
        for (size_t count = 0; count < PART_COUNTS; count++)
            sums[count] = add_count(sums[count], used->parts[i]->counts[count]);
    }
    out->trades = sums[PART_TRADES];
    out->missing = sums[PART_MISSING];
    out->duplicates = sums[PART_DUPLICATES];
    out->late = sums[PART_LATE];
    out->out_of_order = sums[PART_OUT_OF_ORDER];
    out->backfilled = sums[PART_BACKFILLED];
    out->malformed = sums[PART_MALFORMED];
    out->dropped = sums[PART_DROPPED];
    out->suspect = sums[PART_SUSPECT];
}

/* Trade times and records. */
static void set_extent(const struct used *used, struct candle *out)
{
    const struct composite_part *part = used->parts[0];
    out->first_trade_ns = part->first_trade_ns;
    out->last_trade_ns = part->last_trade_ns;
    out->first_seq = part->first_seq;
    out->last_seq = part->last_seq;
    for (size_t i = 1; i < used->count; i++) {
        part = used->parts[i];
        if (part->first_trade_ns < out->first_trade_ns)
            out->first_trade_ns = part->first_trade_ns;
        if (part->last_trade_ns > out->last_trade_ns)
            out->last_trade_ns = part->last_trade_ns;
        if (part->first_seq < out->first_seq)
            out->first_seq = part->first_seq;
        if (part->last_seq > out->last_seq)
            out->last_seq = part->last_seq;
    }
}

static void set_quality(const struct used *used, uint32_t flags, struct candle *out)
{
    out->flags = flags;
    out->has_connected = false;
    out->connected_ppm = CANDLE_PPM;
    out->score = 100;
    for (size_t i = 0; i < used->count; i++) {
        const struct composite_part *part = used->parts[i];
        out->flags |= part->flags;
        out->has_connected |= part->has_connected;
        if (part->has_connected && part->connected_ppm < out->connected_ppm)
            out->connected_ppm = part->connected_ppm;
        if (part->score < out->score)
            out->score = part->score;
    }
    if ((out->flags & (CANDLE_OVERFLOW | CANDLE_FEW_VENUES)) != 0)
        out->score = 0;
}

static void contribute(struct contribution *out, const struct composite_part *part,
                       enum contribution_state state)
{
    bool volumes = has_volumes(part);
    *out = (struct contribution){
        .venue = part->venue,
        .symbol = part->symbol,
        .state = state,
        .close = part->prices[PART_CLOSE],
        .vwap = volumes ? part->vwap : DECIMAL_ZERO,
        .volume = volumes ? part->volumes[PART_VOLUME] : DECIMAL_ZERO,
    };
}

void composite_blend(const struct composite_config *config, enum composite_method method,
                     const struct composite_part *const *parts, size_t count, struct candle *out,
                     struct contribution contributions[CONTRIBUTIONS_MAX])
{
    assert(count > 0 && count <= CONTRIBUTIONS_MAX);
    enum contribution_state states[CONTRIBUTIONS_MAX];
    struct used used;
    uint32_t flags = 0;
    choose(config, parts, count, states, &used);
    if (!blend_prices(method, &used, out) || !add_volumes(&used, out))
        flags |= CANDLE_OVERFLOW;
    if (used.count < config->venues_min)
        flags |= CANDLE_FEW_VENUES;
    add_counts(&used, out);
    set_extent(&used, out);
    set_quality(&used, flags, out);
    for (size_t i = 0; i < count; i++)
        contribute(&contributions[i], parts[i], states[i]);
    out->contribution_count = count;
    out->contributions = contributions;
}
