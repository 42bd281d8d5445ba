/*
 * venue: what rewick knows about an exchange endpoint. One folder per exchange, one `struct venue`
 * per endpoint; no venue's name stands anywhere else.
 *
 * Everything here is pure: bytes and names in, trades, names and messages out. Sockets belong to
 * the recorder (which connects to venues) and the replayer (which plays them).
 */
#ifndef REWICK_ENGINE_VENUE_VENUE_H
#define REWICK_ENGINE_VENUE_VENUE_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/trade/trade.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- decoding ------------------------------------------------------------------------------- */

enum venue_frame_kind {
    VENUE_TRADES,    /* `trades` holds what the frame reports, oldest first */
    VENUE_DATA,      /* market data of another channel: books, tickers, klines */
    VENUE_ACK,       /* an answer to a message or request of ours; `error` set when it refuses */
    VENUE_HEARTBEAT, /* heartbeat or pong */
    VENUE_STATUS,    /* talk of the venue: system status, notices */
    VENUE_OTHER,     /* well formed but not known: kept on the tape, ignored, counted */
    VENUE_MALFORMED, /* not what the venue's protocol allows; `error` says why */
};

#define VENUE_ERROR_MAX  160
#define VENUE_TRADES_MAX 100000 /* in one frame or HTTP answer */

/* One decoded frame. Make it once with venue_frame_init() and use it again and again. */
struct venue_frame {
    enum venue_frame_kind kind;
    /* The venue's word, as one subscribes to it: "trade", "aggTrade", "matches"; "" if none. */
    char channel[CHANNEL_MAX];
    char symbol[SYMBOL_MAX]; /* the venue's spelling; "" when none or several */
    int64_t source_ns;       /* the frame's own time, or the newest trade's, or RECORD_NO_TIME */
    char error[VENUE_ERROR_MAX];
    size_t trade_count, trade_capacity;
    struct trade *trades; /* owned */
};

void venue_frame_init(struct venue_frame *frame);
void venue_frame_release(struct venue_frame *frame);
void venue_frame_clear(struct venue_frame *frame);
/* A zeroed trade at the end of the list, to be filled; ERR_LIMIT over VENUE_TRADES_MAX. */
enum err venue_frame_add(struct venue_frame *frame, struct trade **out) ERR_MUST_CHECK;
/* Oldest first: source time, then id; trades that compare equal keep their order. Stable, without
 * allocating: venue_frame_add() keeps room for it. */
void venue_frame_sort(struct venue_frame *frame);
/* Clears the frame, makes it VENUE_MALFORMED and keeps the reason. */
void venue_frame_malformed(struct venue_frame *frame, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- recording ------------------------------------------------------------------------------ */

/* Where a channel is served. */
struct venue_endpoint {
    const char *channel;
    const char *url;  /* wss://host[:port]/path, path complete */
    const char *path; /* the path to use when the user gives another host and port only */
};

struct venue_recording {
    const char *url;  /* the real endpoint, wss://host[:port]/path, path complete */
    const char *path; /* the path to use when the user gives another host and port only */
    /* Channels that are not at `url`, ended by channel NULL; NULL when all are. Ask
     * venue_recording_url() and venue_recording_path(). */
    const struct venue_endpoint *elsewhere;
    const char *channel;         /* trade channel subscribed to unless the user says otherwise */
    const char *const *channels; /* all that may be asked for, NULL-terminated */
    size_t symbols_max;          /* per connection */
    int64_t send_gap_ns;         /* at least this long between two messages of ours */
    int64_t silence_ns;   /* nothing at all (pings included) for this long: connection is dead */
    int64_t age_max_ns;   /* the venue cuts connections of this age; 0 = never */
    int64_t keepalive_ns; /* send keepalive() this often; 0 = never */
    /* Subscribe message number `index` (from 0) for these symbols; ERR_END when there are no more.
     * It replaces what `out` holds, and so does keepalive(). */
    enum err (*subscribe)(const char *channel, const char *const *symbols, size_t count,
                          size_t index, struct buf *out);
    enum err (*keepalive)(uint64_t number, struct buf *out); /* NULL when keepalive_ns is 0 */
};

const char *venue_recording_url(const struct venue_recording *recording, const char *channel);
const char *venue_recording_path(const struct venue_recording *recording, const char *channel);

/* ---- playing the venue ---------------------------------------------------------------------- */

#define VENUE_SUBSCRIPTIONS_MAX 4096
struct venue_subscription {
    char channel[CHANNEL_MAX];
    char symbol[SYMBOL_MAX];
};

/* What one client of a played venue has asked for.
 *
 * A frame is for a client when venue_subscriptions_has(subs, frame.channel, frame.symbol). An empty
 * symbol fits all: a frame with symbol "" (a heartbeat, trades of several products) goes to whoever
 * has its channel for any product, and a subscription with symbol "" (Binance's "!bookTicker") gets
 * the channel whole. What a venue sends unasked, heartbeats say, its open() and request() add by
 * themselves. */
struct venue_subscriptions {
    size_t count, capacity;
    struct venue_subscription *items; /* owned; ascending by channel, then symbol */
    bool combined;                    /* binance: frames come in {"stream":...,"data":...} */
};

void venue_subscriptions_init(struct venue_subscriptions *subs);
void venue_subscriptions_release(struct venue_subscriptions *subs);
bool venue_subscriptions_has(const struct venue_subscriptions *subs, const char *channel,
                             const char *symbol);
/* Adding what is there, or removing what is not, is fine. ERR_LIMIT over the maximum. */
enum err venue_subscriptions_add(struct venue_subscriptions *subs, const char *channel,
                                 const char *symbol) ERR_MUST_CHECK;
void venue_subscriptions_remove(struct venue_subscriptions *subs, const char *channel,
                                const char *symbol);

/* Tells whether the played market has this symbol (venue's spelling). */
typedef bool venue_has_symbol_fn(const char *symbol, void *arg);
/* Sends one frame to the client. */
typedef enum err venue_reply_fn(const void *data, size_t size, void *arg);

struct venue_serving {
    /* A client connected with this request target ("/stream?streams=btcusdt@trade"). Subscriptions
     * in it are added. ERR_UNKNOWN: no such path on this venue (the server answers 404). */
    enum err (*open)(const char *target, struct venue_subscriptions *subs);
    /* Frames the venue sends by itself on connecting (kraken's status); may be NULL. */
    enum err (*greet)(int64_t wall_ns, venue_reply_fn *reply, void *arg);
    /* One message of the client: changes `subs`, answers as the venue does, errors included. */
    enum err (*request)(const uint8_t *data, size_t size, int64_t wall_ns,
                        struct venue_subscriptions *subs, venue_has_symbol_fn *has_symbol,
                        venue_reply_fn *reply, void *arg);
    /* The bytes to send for a frame of the tape, when the connection's form differs from the tape's
     * (binance raw against combined); they replace what `out` holds. NULL: always send as it is. */
    enum err (*reframe)(const uint8_t *data, size_t size, const struct venue_subscriptions *subs,
                        struct buf *out);
};

/* ---- the venue ------------------------------------------------------------------------------ */

enum volume_unit {
    VOLUME_BASE,     /* quantities are in the base currency */
    VOLUME_CONTRACT, /* quantities count contracts: price * quantity is no amount of money */
};

struct venue {
    const char *name;  /* "binance" */
    const char *title; /* "Binance spot" */
    enum volume_unit volume_unit;
    bool ids_contiguous; /* trade ids go up by one per instrument: gaps can be seen */

    /* Decodes one received frame. Clears `out` first. Never fails because of what the frame holds
     * (then kind is VENUE_MALFORMED or VENUE_OTHER); ERR_NOMEM otherwise. */
    enum err (*decode)(const uint8_t *data, size_t size, struct venue_frame *out);
    /* The same for the body of an HTTP answer to `url`. NULL: the venue has none. */
    enum err (*decode_http)(const char *url, const uint8_t *data, size_t size,
                            struct venue_frame *out);

    /* BTC-USDT -> the venue's spelling in trades and subscriptions. ERR_UNKNOWN with text when it
     * is not of that form. */
    enum err (*symbol)(const char *instrument, char out[SYMBOL_MAX]);
    /* The venue's spelling -> BASE-QUOTE (with a suffix for contracts: BTC-USDT-PERP). Where
     * nothing that is known divides the symbol, the symbol itself, never a guess. */
    void (*instrument)(const char *symbol, char out[INSTRUMENT_MAX]);

    const struct venue_recording *recording; /* NULL: cannot be recorded, only imported */
    const struct venue_serving *serving;     /* NULL: cannot be played */
};

/* By name; NULL when unknown. */
const struct venue *venue_find(const char *name);
/* Like venue_find(), but an unknown name is ERR_UNKNOWN with a text that lists the names. */
enum err venue_get(const struct venue **out, const char *name) ERR_MUST_CHECK;
/* All, NULL-terminated. */
const struct venue *const *venue_all(void);

#endif
