/*
 * simulate_market: one instrument of a simulated venue, and the truth about it: what was traded,
 * when, at what price, and what a recorder saw of it.
 *
 *     fair price (one per base, all venues) -> orders in bursts and quiet stretches -> TRADES
 *
 * All integers: prices and quantities count units of their last digit, times are nanoseconds of the
 * one true clock; a venue's own clock is that plus its skew. The trades of the last
 * SIMULATE_WINDOW_NS are kept, so that memory does not grow with the length of the tape;
 * simulate_market_oldest() and _forget() hand them on to the truth file in order.
 */
#ifndef REWICK_REPLAYER_SIMULATE_MARKET_H
#define REWICK_REPLAYER_SIMULATE_MARKET_H

#include "engine/base/time_text.h"
#include "engine/venue/venue.h"
#include "replayer/rng.h"

#define SIMULATE_WINDOW_NS (120 * NS_PER_S)
#define SIMULATE_KEPT_MAX  (UINT64_C(1) << 22) /* trades of one market inside the window */
#define SIMULATE_BASES_MAX 64
#define SIMULATE_FAIR_STEP (250 * NS_PER_MS)
#define SIMULATE_FILLS_MAX 12 /* trades that one order makes */

/* ---- the fair price ------------------------------------------------------------------------- */

struct simulate_fair {
    char base[16];
    int64_t micros; /* price in millionths of a dollar */
    int64_t trend_ppm;
    struct rng rng;
};

void simulate_fair_init(struct simulate_fair *fair, const char *base, uint64_t seed);
/* Goes on by SIMULATE_FAIR_STEP. */
void simulate_fair_step(struct simulate_fair *fair);

/* How a venue writes numbers of a base currency: digits behind the point that are in use, and the
 * step. */
struct simulate_digits {
    int price, quantity;
    int64_t tick; /* smallest price step, in units of the last price digit */
};

/* Spot books use fine prices and lots; those of contracts (and Kraken's prices) are coarser.
 * Tick 1. */
struct simulate_digits simulate_digits_of(const char *base, bool coarse_price,
                                          bool coarse_quantity);

/* ---- trades --------------------------------------------------------------------------------- */

enum simulate_fate {
    FATE_UNSEEN,   /* no frame with it has reached the recorder */
    FATE_NOTED,    /* only in a snapshot, from before the subscription */
    FATE_RECEIVED, /* reached the recorder while it followed the market */
};

struct simulate_trade {
    uint64_t id;
    uint64_t aggregate; /* fills of one order at one price share it */
    int64_t true_ns;
    int64_t source_ns; /* the venue's stamp, as exact as its frames say */
    int64_t price, quantity;
    bool taker_buy;
    const char *off_book; /* NULL, or why it is no trade of the book: "INSURANCE_FUND", "NA" */
    enum simulate_fate fate;
};

struct simulate_market_options {
    const struct venue *venue;
    const char *symbol;
    struct simulate_digits digits;
    int64_t contract_micros; /* what one contract is worth; 0: quantities are in the base */
    int64_t precision_ns;    /* of the venue's stamps */
    int64_t skew_ns;         /* venue's clock minus the true one */
    int64_t rate;            /* trades per second, about */
    bool off_book;           /* some rows are no trades of the book */
    uint64_t seed, stream;
};

struct simulate_market {
    struct simulate_market_options options;
    char symbol[SYMBOL_MAX];
    char instrument[INSTRUMENT_MAX];
    struct rng rng;
    const struct simulate_fair *fair, *quote; /* borrowed; quote is NULL for dollars */

    int64_t mid; /* price between bid and ask, in last digits */
    int64_t last_price, last_quantity;
    bool last_taker_buy;
    unsigned pace; /* index of the stretch the market is in */
    int64_t pace_end_ns;
    int64_t next_ns; /* when the next order comes */
    uint64_t next_id, next_aggregate;
    uint64_t sequence; /* the venue's message number for this instrument */

    struct simulate_trade *kept; /* owned ring, index id % capacity */
    uint64_t capacity, oldest_id;

    bool live; /* a trade was received outside a snapshot */
    uint64_t first_live_id;
};

enum err simulate_market_init(struct simulate_market *market,
                              const struct simulate_market_options *options,
                              const struct simulate_fair *fair, const struct simulate_fair *quote,
                              int64_t start_ns) ERR_MUST_CHECK;
void simulate_market_release(struct simulate_market *market);

/* Makes the trades of the order that is due at market->next_ns (ids *out_first .. next_id - 1) and
 * sets the next. Forget first what left the window. */
enum err simulate_market_order(struct simulate_market *market, uint64_t *out_first) ERR_MUST_CHECK;

/* The kept trade with this id, or NULL. */
struct simulate_trade *simulate_market_trade(const struct simulate_market *market, uint64_t id);
/* The oldest kept trade, or NULL; and leave it behind. */
const struct simulate_trade *simulate_market_oldest(const struct simulate_market *market);
void simulate_market_forget(struct simulate_market *market);

/* A frame with this trade reached the recorder. Returns false when it had been received before. */
bool simulate_market_received(struct simulate_market *market, uint64_t id, bool snapshot);
/* Whether a candle must hold it. */
bool simulate_trade_counts(const struct simulate_trade *trade);

int64_t simulate_market_bid(const struct simulate_market *market);
int64_t simulate_market_ask(const struct simulate_market *market);

#endif
