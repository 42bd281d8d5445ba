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
#include "engine/venue/instrument.h"
#include "engine/venue/venue_routes.h"

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

/* One decoded frame, and what its decoder remembers of the frames before. Make it once with
 * venue_frame_init() and use it again and again. */
struct venue_frame {
    /* Whoever decodes sets it before: frames of some venues mean something only together with
     * earlier ones of their connection. */
    uint32_t connection;
    struct venue_routes routes; /* owned; venue_frame_clear() keeps it */
    /* How many frames decode() has left to decode_general(); venue_frame_clear() keeps it. */
    uint64_t general_count;

    enum venue_frame_kind kind;
    /* The venue's word, as one subscribes to it: "trade", "aggTrade", "matches"; "" if none. */
    char channel[CHANNEL_MAX];
    char symbol[SYMBOL_MAX]; /* the venue's spelling; "" when none or several */
    int64_t source_ns;       /* the frame's own time, or the newest trade's, or RECORD_NO_TIME */
    char error[VENUE_ERROR_MAX];
    bool has_request_id; /* VENUE_ACK: the answer names the message that it answers */
    uint64_t request_id;
    bool leave;     /* VENUE_ACK: of unsubscribing */
    bool reconnect; /* the venue asks to connect anew: it is about to close */
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

/* ---- the venue's own candles ------------------------------------------------------------------
 */

enum kline_state { KLINE_UNSAID, KLINE_FORMING, KLINE_FINAL };

/* One candle as the venue itself reports it. What it does not report is not `has_...`; of what the
 * takers bought it reports the money when has_quote_volume is set too. */
struct venue_kline {
    char symbol[SYMBOL_MAX]; /* as in trades */
    int64_t size_ns, open_ns;
    enum kline_state state; /* KLINE_UNSAID: final when a later window of it has come */
    struct decimal open, high, low, close;
    struct decimal volume; /* in the unit of the venue's trades */
    bool has_quote_volume, has_trades, has_taker_buy, has_ids, has_vwap;
    struct decimal quote_volume, taker_buy_volume, taker_buy_quote_volume, vwap;
    uint64_t trades;
    uint64_t first_id, last_id;
};
#define VENUE_KLINES_MAX 2048 /* in one frame or answer */

/* ---- recording ------------------------------------------------------------------------------ */

/* What a channel is for. */
enum venue_role { ROLE_TRADES, ROLE_TOP, ROLE_DEPTH, ROLE_KLINES };
#define VENUE_ROLES 4

/* A channel that can be recorded. Trades become candles; all others are kept as raw frames. */
struct venue_channel {
    const char *name;     /* the venue's word, as decoded frames say it: "trade", "depth@100ms" */
    enum venue_role role; /* the first channel of a role is what the user's word for it means */
    const char *url;      /* where it is served, wss://host[:port]/path; NULL: the venue's url */
    const char *path;     /* the path there when the user gives another host; NULL: the venue's */
};

/* What a subscription is answered with. */
enum venue_ack {
    ACK_NONE,    /* nothing: data are the answer */
    ACK_MESSAGE, /* one VENUE_ACK frame per message of ours */
    ACK_SYMBOL,  /* one VENUE_ACK frame per symbol of it */
};

/* A change of subscriptions: these symbols of one channel. */
struct venue_change {
    bool leave; /* unsubscribe */
    const char *channel;
    const char *const *symbols; /* the venue's spelling */
    size_t count;
    uint64_t first_id; /* message number i of the change carries the id first_id + i, where the
                          venue's messages carry one */
};

/* Where the address of a connection comes from an HTTP answer (a token handshake). */
struct venue_handshake {
    const char *method, *target; /* "POST", "/api/v1/bullet-public", on the host of rest->url */
    /* The address to connect to. `number` differs from connection to connection. *out_keepalive_ns
     * is set when the answer says how often to ping. ERR_DAMAGED with text. */
    enum err (*address)(const uint8_t *answer, size_t size, uint64_t number, struct buf *out_url,
                        int64_t *out_keepalive_ns);
};

struct venue_recording {
    const char *url;  /* the real endpoint, wss://host[:port]/path, path complete; with a handshake
                         only for show */
    const char *path; /* the path to use when the user gives another host and port only */
    const struct venue_channel *channels; /* ended by name NULL; the first is the trade channel used
                                             unless the user says otherwise */
    const struct venue_handshake *handshake; /* NULL: none */
    bool greets; /* the venue speaks first (a VENUE_STATUS frame); subscribe after that */
    enum venue_ack ack;

    /* limits */
    size_t symbols_max;       /* subscriptions (channel and symbol) per connection */
    int64_t send_gap_ns;      /* at least this long between two messages of ours */
    uint32_t connects;        /* at most so many attempts to connect to its host ... */
    int64_t connects_span_ns; /* ... in any span of this length */
    int64_t silence_ns; /* nothing at all (pings included) for this long: connection is dead */
    int64_t age_max_ns; /* the venue cuts connections of this age; 0 = never */

    /* Message number `index` (from 0) of the change; ERR_END when there are no more. It replaces
     * what `out` holds, and so do keepalive() and respond(). */
    enum err (*subscribe)(const struct venue_change *change, size_t index, struct buf *out);
    int64_t keepalive_ns; /* send keepalive() this often; 0 = never */
    enum err (*keepalive)(uint64_t number, struct buf *out); /* NULL when keepalive_ns is 0 */
    /* The answer that a received frame demands (a test of the venue's); ERR_END when it demands
     * none. Called for every frame, so it looks at little. NULL: no frame ever does. */
    enum err (*respond)(const uint8_t *data, size_t size, struct buf *out);
};

/* The channel of that name, or the first of the role of that name ("trades", "top", "depth",
 * "klines"); NULL when the venue has none. */
const struct venue_channel *venue_channel_find(const struct venue_recording *recording,
                                               const char *name);
const char *venue_channel_url(const struct venue_recording *recording,
                              const struct venue_channel *channel);
const char *venue_channel_path(const struct venue_recording *recording,
                               const struct venue_channel *channel);
const char *venue_role_name(enum venue_role role);

/* ---- asking over HTTP ------------------------------------------------------------------------ */

/* Trades that are missing or may be. */
struct venue_hole {
    const struct instrument *instrument;
    const char *channel; /* of the trades that are to be repaired */
    /* Ids that are missing; both 0 where ids do not show it. */
    uint64_t first_id, last_id;
    /* Source times of what is known on both sides of the hole; what is missing lies between,
     * inclusive. */
    int64_t from_ns, to_ns;
    int64_t now_ns; /* wall clock */
};

struct venue_rest {
    const char *url; /* https://host[:port], no path */
    int64_t gap_ns;  /* at least this long between two requests to it */

    /* Target ("/api/v3/exchangeInfo?a=b") of request number `index` (from 0) for the instrument
     * list; `previous` is the body of the answer before, NULL for index 0. ERR_END: that was all.
     * It replaces what `out` holds. */
    enum err (*list)(size_t index, const uint8_t *previous, size_t size, struct buf *out);
    /* Is that URL (any host) one of those? */
    bool (*is_list)(const char *url);
    /* Adds what the answer lists. ERR_DAMAGED with text: not such an answer. Single entries that
     * cannot be understood are left out. */
    enum err (*decode_list)(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out);

    /* Target of the next request for the trades of a hole; answers go through decode_http(). What
     * answers have filled is taken off the hole before the next call: ids from the side from which
     * they came, from_ns moved up to the newest time that an ascending answer reached, to_ns down
     * to the oldest time of a descending one. ERR_UNKNOWN: the venue has no source for that. NULL:
     * it has none at all. */
    enum err (*trades)(const struct venue_hole *hole, struct buf *out);
    bool trades_ascending; /* answers begin at the old end of the hole (else at the new one) */
    bool trades_once;      /* only the newest are to be had: asking again gives nothing more */
};

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

struct venue_span;

/* What a played venue can tell of its past. */
struct venue_past {
    size_t instrument_count;
    const struct instrument *instruments; /* borrowed */
    /* Trades of a symbol, ascending, copied to `out`, at most `max` of those with first_id <= id <=
     * last_id and from_ns <= time <= to_ns: the newest of them, or the oldest. NULL: none. */
    size_t (*trades)(const char *symbol, const struct venue_span *span, size_t max,
                     struct trade *out, void *arg);
    void *arg;
};

struct venue_span {
    uint64_t first_id, last_id; /* 0 .. UINT64_MAX: all */
    int64_t from_ns, to_ns;     /* INT64_MIN .. INT64_MAX: all */
    bool aggregated;
    bool newest;
};

/* How trades are to be written. */
struct venue_writing {
    const char *channel;
    int64_t venue_ns;                       /* the venue's clock */
    uint64_t sequence;                      /* number of the frame on its connection, from 0 */
    bool snapshot;                          /* sent because the client subscribed */
    const struct venue_subscriptions *subs; /* of the client */
};

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
     * (binance raw against combined, channel numbers of the recorded connection); `frame` is what
     * they decode to. They replace what `out` holds. NULL: always send as it is. */
    enum err (*reframe)(const struct venue_frame *frame, const uint8_t *data, size_t size,
                        const struct venue_subscriptions *subs, struct buf *out);
    /* A frame of trades of one symbol, oldest first, as the venue writes it; replaces what `out`
     * holds. Of venues with one trade a frame the first is written. *out_count: how many went in.
     */
    enum err (*write_trades)(const struct venue_writing *writing, const struct trade *trades,
                             size_t count, size_t *out_count, struct buf *out);
    /* The answer to an HTTP request: instrument list, trades, handshake (`host` is what the Host
     * header says, for addresses in the answer). Replaces what `out` holds; *out_status is 200 or
     * what the venue says. ERR_UNKNOWN: no such path (404). */
    enum err (*answer)(const char *method, const char *target, const char *host, int64_t wall_ns,
                       const struct venue_past *past, int *out_status, struct buf *out);
};

/* ---- the venue ------------------------------------------------------------------------------ */

/* What the trade ids of a venue are good for. */
enum venue_ids {
    IDS_NONE,       /* there are none: rows are told apart by all they hold */
    IDS_CONTIGUOUS, /* go up by one per instrument: gaps show */
    IDS_ASCENDING,  /* go up, with holes: duplicates show, gaps do not */
    IDS_OPAQUE,     /* have no order (UUIDs; trade.id is a hash): duplicates show */
};

/* One frame or HTTP answer; what comes of it replaces what `out` holds. */
typedef enum err venue_decode_fn(const uint8_t *data, size_t size, struct venue_frame *out);

struct venue {
    const char *name;  /* "binance" */
    const char *title; /* "Binance spot" */
    enum venue_ids ids;
    bool routed; /* data frames mean something only after an acknowledgement of their connection
                    (venue_routes) */

    /* Decodes one received frame. Clears `out` first. Never fails because of what the frame holds
     * (then kind is VENUE_MALFORMED or VENUE_OTHER); ERR_NOMEM otherwise.
     *
     * Frames of the usual form take a single pass over the bytes (venue_fast.h). Trades are read to
     * the last byte. Of market data without trades (VENUE_DATA) only those places are read where
     * channel, symbol and time stand: what lies between is not looked at. Everything else, however
     * little it differs from the usual form, goes to decode_general(). */
    venue_decode_fn *decode;
    /* The same by a walk over all of the JSON. Where neither says VENUE_MALFORMED the two are equal
     * in every member; where this one does, decode() says so too or says VENUE_DATA. */
    venue_decode_fn *decode_general;
    /* The same for the body of an HTTP answer to `url` that is no instrument list; `list` (may be
     * NULL) has the names that REST uses. NULL: the venue has none. */
    enum err (*decode_http)(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *list, struct venue_frame *out);

    /* The candles in a received frame, at most `max`; 0 when it is no frame of klines or cannot be
     * read. `frame` is what decode() made of it: a routed venue needs its channel and symbol, for
     * all others it may be NULL. NULL: the venue has none. */
    size_t (*klines)(const struct venue_frame *frame, const uint8_t *data, size_t size,
                     struct venue_kline *out, size_t max);
    /* The same for an HTTP answer; NULL: none. `list` as for decode_http(). */
    size_t (*klines_http)(const char *url, const uint8_t *data, size_t size,
                          const struct instrument_list *list, struct venue_kline *out, size_t max);
    bool has_no_mic; /* the registry of market identifiers lists none for it (identity.h) */

    /* What the spelling alone says, for tapes that hold no instrument list; name included. Parts
     * that the venue's own grammar does not divide stay undivided: then the symbol is the name. */
    void (*describe)(const char *symbol, struct instrument *out);
    /* BASE-QUOTE... -> the venue's spelling, by the same grammar: for playing and simulating. Never
     * for recording: there the instrument list says it. ERR_UNKNOWN with text. */
    enum err (*symbol)(const char *instrument, char out[SYMBOL_MAX]);

    const struct venue_recording *recording; /* NULL: cannot be recorded, only imported */
    const struct venue_rest *rest;           /* NULL: none */
    const struct venue_serving *serving;     /* NULL: cannot be played */
};

/* By name; NULL when unknown. */
const struct venue *venue_find(const char *name);
/* Like venue_find(), but an unknown name is ERR_UNKNOWN with a text that lists the names. */
enum err venue_get(const struct venue **out, const char *name) ERR_MUST_CHECK;
/* All, NULL-terminated. */
const struct venue *const *venue_all(void);

#endif
