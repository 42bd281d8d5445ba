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
#include "engine/candle/contribution.h"
#include "engine/candle/latency.h"
#include "engine/identifier/identity.h"
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

/* Flags: the reasons behind a score, see docs/candles.md. name, text; the order is that of the
 * text.
 */
#define CANDLE_FLAGS(X)                                                                            \
    X(PARTIAL, partial)           /* the market was not followed from the window's start */        \
    X(CARRIED, carried)           /* no trade: flat at the last close (empty windows "carry") */   \
    X(DISCONNECTED, disconnected) /* connected share below 1 */                                    \
    X(NO_DATA, no_data)           /* no trade, and never connected */                              \
    X(MISSING, missing)                                                                            \
    X(MALFORMED, malformed)                                                                        \
    X(DROPPED, dropped)                                                                            \
    X(BACKFILLED, backfilled)                                                                      \
    X(SUSPECT_TIME, suspect_time)                                                                  \
    X(SUSPECT_PRICE, suspect_price)                                                                \
    X(SUSPECT_SIZE, suspect_size)                                                                  \
    X(CLOCK, clock)       /* latency cannot be trusted */                                          \
    X(OVERFLOW, overflow) /* a sum has no value: volumes and vwap are left out */                  \
    X(FEW_VENUES, few_venues)

enum candle_flag_bit {
#define CANDLE_FLAG_BIT(name, text) CANDLE_BIT_##name,
    CANDLE_FLAGS(CANDLE_FLAG_BIT)
#undef CANDLE_FLAG_BIT
        CANDLE_FLAG_COUNT
};
enum candle_flag {
#define CANDLE_FLAG(name, text) CANDLE_##name = 1 << CANDLE_BIT_##name,
    CANDLE_FLAGS(CANDLE_FLAG)
#undef CANDLE_FLAG
};

#define CANDLE_PPM 1000000u /* connected share 1 */

/* The lowest numbers of a set of connections. */
#define CANDLE_CONNECTIONS_MAX 4
struct candle_connections {
    uint32_t ids[CANDLE_CONNECTIONS_MAX]; /* ascending */
    uint8_t count;
    bool more;
};

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
    const char *channel; /* of the trades: "trade", "aggTrade", "matches"; a composite's method */
    const char *symbol;  /* venue's spelling */
    struct candle_connections connections;
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
    uint64_t malformed;    /* frames of the venue, before a trade of this window */
    uint64_t dropped;      /* frames that the recorder had no room for, likewise */
    uint64_t suspect;      /* trades with a suspect time, price or size */
    bool has_connected;
    uint32_t connected_ppm; /* 0 .. CANDLE_PPM */
    uint8_t score;          /* 0 .. 100 */
    uint32_t flags;         /* enum candle_flag */
    /* From a store that was filled before candles had them: malformed, dropped, suspect, score and
     * latency are not known and have no value. */
    bool ungraded;

    /* latency; source -> receive, and receive -> emit where it was measured */
    struct latency_figures latency, emit;
    /* What the figures of `latency` come from; NULL: not known. Valid during the call only that
     * hands the candle out. */
    const struct latency *latency_values;
    bool has_clock_offset;
    int64_t clock_offset_ns; /* receiver's clock minus source's */

    const struct identity *identity; /* NULL: no columns of it have a value (composites) */

    /* composites; valid during the call only that hands the candle out */
    size_t contribution_count;
    const struct contribution *contributions;

    /* about this update; not part of the digest */
    uint64_t update;  /* number of this update, from 1, over all candles of the engine */
    uint64_t seq;     /* record that caused it */
    int64_t wall_ns;  /* receive time of that record */
    const char *tape; /* its id, 32 hex digits; NULL: not said */
};

const char *candle_state_name(enum candle_state state); /* "forming", "closed", "corrected" */

/*
 * The columns: one list for CSV, NDJSON, SQLite, documentation. Kinds: T text, N time (RFC 3339 in
 * text, ns in SQLite), D exact decimal, Q exact decimal that may have no value, I integer, S signed
 * integer, P parts per million as a decimal share, F flags ("partial|carried"), L list
 * (connections, contributions).
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
    X(volume, Q)                                                                                   \
    X(quote_volume, Q)                                                                             \
    X(trades, I)                                                                                   \
    X(taker_buy_volume, Q)                                                                         \
    X(taker_buy_quote_volume, Q)                                                                   \
    X(vwap, Q)                                                                                     \
    X(volume_unit, T)                                                                              \
    X(channel, T)                                                                                  \
    X(symbol, T)                                                                                   \
    X(connections, L)                                                                              \
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
    X(malformed, I)                                                                                \
    X(dropped, I)                                                                                  \
    X(suspect, I)                                                                                  \
    X(connected, P)                                                                                \
    X(score, I)                                                                                    \
    X(flags, F)                                                                                    \
    X(latency_count, I)                                                                            \
    X(latency_min, S)                                                                              \
    X(latency_mean, S)                                                                             \
    X(latency_p50, S)                                                                              \
    X(latency_p90, S)                                                                              \
    X(latency_p99, S)                                                                              \
    X(latency_max, S)                                                                              \
    X(clock_offset, S)                                                                             \
    X(mic, T)                                                                                      \
    X(operating_mic, T)                                                                            \
    X(base_currency, T)                                                                            \
    X(quote_currency, T)                                                                           \
    X(base_dti, T)                                                                                 \
    X(quote_dti, T)                                                                                \
    X(cfi, T)                                                                                      \
    X(contributions, L)                                                                            \
    X(tape, T)                                                                                     \
    X(emit_count, I)                                                                               \
    X(emit_min, S)                                                                                 \
    X(emit_mean, S)                                                                                \
    X(emit_p50, S)                                                                                 \
    X(emit_p90, S)                                                                                 \
    X(emit_p99, S)                                                                                 \
    X(emit_max, S)

enum candle_column {
#define CANDLE_COLUMN_ENUM(name, kind) COLUMN_##name,
    CANDLE_COLUMNS(CANDLE_COLUMN_ENUM)
#undef CANDLE_COLUMN_ENUM
        CANDLE_COLUMN_COUNT
};
/* The columns of the digest are those in front of this one. */
#define CANDLE_DIGEST_COLUMNS COLUMN_tape

const char *candle_column_name(enum candle_column column);
char candle_column_kind(enum candle_column column); /* 'T', 'N', 'D', ... */

/* Bytes of the longest field, the contributions; of any other. Both with a NUL. */
#define CANDLE_FIELD_MAX 8192
#define CANDLE_SHORT_MAX 256
/* The field as text (times as RFC 3339), NUL-terminated, never quoted. False: it has no value
 * (empty in CSV, null in NDJSON and SQLite). */
bool candle_field(const struct candle *candle, enum candle_column column,
                  char text[CANDLE_FIELD_MAX]);

#define CANDLE_ROW_MAX (CANDLE_COLUMN_COUNT * CANDLE_SHORT_MAX + 2 * CANDLE_FIELD_MAX)
/* All fields with commas between them, a line feed and a NUL: the row of CSV. Returns its length
 * without the NUL. No field needs quotes. */
size_t candle_row(const struct candle *candle, char text[CANDLE_ROW_MAX]);
/* The same with the columns of the digest only. */
size_t candle_digest_row(const struct candle *candle, char text[CANDLE_ROW_MAX]);

/* "partial|carried" and NUL; returns its length. */
size_t candle_flags_format(char text[CANDLE_SHORT_MAX], uint32_t flags);

#endif
