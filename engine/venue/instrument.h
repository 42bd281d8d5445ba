/*
 * instrument: what a venue trades, as its own instrument list says, and the list itself.
 *
 *     GET instrument list -> RECORD_HTTP on the tape -> venue's decode_list() -> INSTRUMENT_LIST
 *
 * The list is the only source of canonical names: the recorder fetches it at start and puts it on
 * the tape, so that a replay years later names everything as the recording did.
 *
 * Canonical names: BASE-QUOTE for spot, BASE-QUOTE-PERP, BASE-QUOTE-YYYYMMDD for a future,
 * BASE-QUOTE-YYYYMMDD-STRIKE-C (or -P) for an option; all upper case. Two symbols of one venue
 * never share a name: the later one keeps its own spelling as its name.
 *
 * Pure. A list is owned by one thread; reading it from several is fine while nobody adds.
 */
#ifndef REWICK_ENGINE_VENUE_INSTRUMENT_H
#define REWICK_ENGINE_VENUE_INSTRUMENT_H

#include "engine/base/decimal.h"
#include "engine/base/err.h"
#include "engine/trade/trade.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSET_MAX       32    /* bytes of a currency's or token's code, NUL included */
#define INSTRUMENTS_MAX 65536 /* in one list */

enum instrument_kind {
    INSTRUMENT_SPOT,
    INSTRUMENT_PERPETUAL,
    INSTRUMENT_FUTURE, /* ends at expiry_ns */
    INSTRUMENT_OPTION, /* ends at expiry_ns */
    INSTRUMENT_OTHER,  /* combinations, indexes: named as the venue names it */
};

/* What the quantities of trades count. */
enum volume_unit {
    VOLUME_BASE,     /* base currency: price * quantity is an amount of quote currency */
    VOLUME_CONTRACT, /* contracts: price * quantity is no amount of money */
    VOLUME_QUOTE,    /* quote currency (inverse contracts quoted in coins) */
};

/* Plain data. */
struct instrument {
    char symbol[SYMBOL_MAX];         /* the venue's spelling in trades and subscriptions: the key */
    char request_symbol[SYMBOL_MAX]; /* its spelling in REST requests */
    char name[INSTRUMENT_MAX];       /* canonical; instrument_list_add() makes it */
    char base[ASSET_MAX]; /* upper case, the venue's aliases (XBT) resolved; "" = not said */
    char quote[ASSET_MAX];
    enum instrument_kind kind;
    int64_t expiry_ns; /* since 1970; 0 = none */
    struct decimal strike;
    bool call; /* an option: else a put */

    struct decimal price_tick;    /* smallest step of a price; 0 = not said */
    struct decimal quantity_step; /* and of a quantity */
    enum volume_unit volume_unit;
    struct decimal contract_size;   /* one contract is so much of ... ; 0 = not said */
    char contract_asset[ASSET_MAX]; /* ... this asset */
    bool trading;                   /* open for trading when the list was made */
};

const char *instrument_kind_name(
    enum instrument_kind kind);                      /* "spot", "perpetual", "future", ... */
const char *volume_unit_name(enum volume_unit unit); /* "base", "contract", "quote" */

/* The canonical name from base, quote, kind, expiry and strike; the symbol where those do not give
 * one. */
void instrument_name(const struct instrument *instrument, char out[INSTRUMENT_MAX]);

/* The other way: base, quote, kind and expiry of a canonical name of spot, perpetual or future.
 * False, and nothing changed: it is of no such form. */
bool instrument_from_name(const char *name, struct instrument *out);

struct instrument_list {
    size_t count, capacity;
    struct instrument *items; /* owned; in the order of adding */
    uint32_t *by_symbol;      /* owned; hash tables of index + 1 */
    uint32_t *by_name;
    size_t table_size;
};

void instrument_list_init(struct instrument_list *list);
void instrument_list_release(struct instrument_list *list); /* accepts a zeroed one */

/* Copies it, with upper-case base and quote, request_symbol = symbol when that is "", and its name.
 * A symbol that is there already is replaced and keeps its name. ERR_LIMIT over INSTRUMENTS_MAX. */
enum err instrument_list_add(struct instrument_list *list,
                             const struct instrument *instrument) ERR_MUST_CHECK;

/* NULL when there is none. Valid until the next add. */
const struct instrument *instrument_list_symbol(const struct instrument_list *list,
                                                const char *symbol);
const struct instrument *instrument_list_name(const struct instrument_list *list, const char *name);
/* By REST spelling: a scan. */
const struct instrument *instrument_list_request_symbol(const struct instrument_list *list,
                                                        const char *symbol);
/* What the user wrote: a canonical name in any case, else the venue's own symbol exactly.
 * ERR_UNKNOWN with a text that names the nearest ones: "binance has no instrument 'BTC-USDR';
 * nearest: BTC-USDT, BTC-USDC, BTC-USD1 (see 'rewick instruments --venue binance')". */
enum err instrument_list_find(const struct instrument_list *list, const char *venue,
                              const char *text, const struct instrument **out) ERR_MUST_CHECK;
/* Those whose name or symbol is nearest to `text` (edit distance, then order), best first; returns
 * how many, at most `max`. */
size_t instrument_list_nearest(const struct instrument_list *list, const char *text,
                               const struct instrument **out, size_t max);

#endif
