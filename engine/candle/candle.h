/*
 * candle: one state of one candle, as it goes to the sinks. An update replaces the one before it
 * with the same identity (venue, instrument, bar, open time).
 *
 *     trade -> window -> CANDLE -> digest, SQLite, gRPC, stdout
 *
 * Plain data; the strings are borrowed from the engine (they live as long as it does) or from
 * whoever filled it.
 */
#ifndef REWICK_ENGINE_CANDLE_CANDLE_H
#define REWICK_ENGINE_CANDLE_CANDLE_H

#include "engine/base/decimal.h"
#include "engine/candle/bar.h"
#include "engine/venue/venue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum candle_state {
    CANDLE_FORMING = 0, /* trades may still come; revision 0 */
    CANDLE_CLOSED = 1,  /* the watermark passed its end; revision 0 */
    CANDLE_CORRECTED =
        2, /* a late trade or a repair changed it after closing; revision 1, 2, ... */
};

/* flags */
#define CANDLE_PARTIAL 0x01u /* the market was not followed from the window's start */
#define CANDLE_CARRIED 0x02u /* no trade: flat at the last close (empty windows "carry") */

struct candle {
    /* identity */
    const char *venue;
    const char *instrument;
    struct bar bar;
    int64_t open_ns, close_ns; /* [open_ns, close_ns), source time */

    enum candle_state state;
    uint32_t revision;

    /* values; prices and sums keep the venue's digits (see decimal.h) */
    struct decimal open, high, low, close;
    struct decimal volume, quote_volume;
    uint64_t trades;
    struct decimal taker_buy_volume, taker_buy_quote_volume;
    struct decimal vwap; /* quote_volume / volume, half to even, at the price scale + 4 */

    /* VOLUME_CONTRACT: quote_volume, taker_buy_quote_volume and vwap mean nothing and are left out.
     * VOLUME_QUOTE: quote_volume is volume, and vwap is left out. */
    enum volume_unit volume_unit;

    /* source */
    const char *channel; /* of the trades: "trade", "aggTrade", "matches" */
    const char *symbol;  /* venue's spelling */
    bool has_ids;
    uint64_t first_trade_id, last_trade_id; /* of the first and last trade in the window's order */
    int64_t first_trade_ns, last_trade_ns;  /* their source times; RECORD_NO_TIME when carried */
    uint64_t first_seq, last_seq;           /* lowest and highest record number of its trades */

    /* quality: counts of this window */
    uint64_t missing;      /* ids that are not there, found at a trade of this window */
    uint64_t duplicates;   /* dropped */
    uint64_t late;         /* trades that came after the window had closed */
    uint64_t out_of_order; /* trades that came behind a newer one */
    uint64_t backfilled;   /* of `trades`: those that came by HTTP, to repair */
    uint32_t flags;

    /* about this update; not part of the digest */
    uint64_t update; /* number of this update, from 1, over all candles of the engine */
    uint64_t seq;    /* record that caused it */
    int64_t wall_ns; /* receive time of that record */
};

const char *candle_state_name(enum candle_state state); /* "forming", "closed", "corrected" */

/*
 * The columns: one list for CSV, NDJSON, SQLite, documentation. Kinds: T text, N time (RFC 3339 in
 * text, ns in SQLite), D exact decimal, Q exact decimal that some volume units leave out, I
 * integer, F flags ("partial|carried").
 */
#define CANDLE_COLUMNS(X)                                                                          \
    X(venue, T)                                                                                    \
    X(instrument, T)                                                                               \
    X(bar, T)                                                                                      \
    X(open_time, N)                                                                                \
    X(close_time, N)                                                                               \
    X(state, T)                                                                                    \
    X(revision, I)                                                                                 \
    X(open, D)                                                                                     \
    X(high, D)                                                                                     \
    X(low, D)                                                                                      \
    X(close, D)                                                                                    \
    X(volume, D)                                                                                   \
    X(quote_volume, Q)                                                                             \
    X(trades, I)                                                                                   \
    X(taker_buy_volume, D)                                                                         \
    X(taker_buy_quote_volume, Q)                                                                   \
    X(vwap, Q)                                                                                     \
    X(volume_unit, T)                                                                              \
    X(channel, T)                                                                                  \
    X(symbol, T)                                                                                   \
    X(first_trade_id, I)                                                                           \
    X(last_trade_id, I)                                                                            \
    X(first_trade_time, N)                                                                         \
    X(last_trade_time, N)                                                                          \
    X(first_seq, I)                                                                                \
    X(last_seq, I)                                                                                 \
    X(missing, I)                                                                                  \
    X(duplicates, I)                                                                               \
    X(late, I)                                                                                     \
    X(out_of_order, I)                                                                             \
    X(backfilled, I)                                                                               \
    X(flags, F)

enum candle_column {
#define CANDLE_COLUMN_ENUM(name, kind) COLUMN_##name,
    CANDLE_COLUMNS(CANDLE_COLUMN_ENUM)
#undef CANDLE_COLUMN_ENUM
        CANDLE_COLUMN_COUNT
};

const char *candle_column_name(enum candle_column column);
char candle_column_kind(enum candle_column column); /* 'T', 'N', 'D', 'Q', 'I', 'F' */

#define CANDLE_FIELD_MAX 128
/* The field as text (times as RFC 3339), NUL-terminated, never quoted. False: it has no value
 * (empty in CSV, null in NDJSON and SQLite). */
bool candle_field(const struct candle *candle, enum candle_column column,
                  char text[CANDLE_FIELD_MAX]);

#define CANDLE_ROW_MAX (CANDLE_COLUMN_COUNT * CANDLE_FIELD_MAX)
/* All fields with commas between them, a line feed and a NUL: the row of CSV, and of the digest.
 * Returns its length without the NUL. No field needs quotes. */
size_t candle_row(const struct candle *candle, char text[CANDLE_ROW_MAX]);

#endif
