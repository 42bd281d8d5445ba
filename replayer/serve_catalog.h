/*
 * serve_catalog: what the tapes hold: the venues that can be played, and the symbols of each. Made
 * by reading every tape once, so damage shows before the first client connects.
 */
#ifndef REWICK_REPLAYER_SERVE_CATALOG_H
#define REWICK_REPLAYER_SERVE_CATALOG_H

#include "engine/venue/venue.h"
#include "replayer/serve_past.h"

#define SERVE_VENUES_MAX  64
#define SERVE_SYMBOLS_MAX 65536 /* per venue; more are played, but not known as symbols */

struct serve_market {
    const struct venue *venue;
    const char *tape; /* borrowed */
    uint64_t frames;  /* received ones */
    size_t symbol_count, symbol_capacity;
    char (*symbols)[SYMBOL_MAX]; /* owned, ascending */
    /* As the tape's list has them, else what the spelling of the symbols says. */
    struct instrument_list instruments;
    struct serve_past *past; /* owned */
};

struct serve_catalog {
    size_t count;
    struct serve_market markets[SERVE_VENUES_MAX];
};

/* ERR_USAGE: nothing can be played, or a venue is on two tapes. Warns about venues that cannot. */
enum err serve_catalog_read(struct serve_catalog *catalog, char *const *tapes,
                            size_t tape_count) ERR_MUST_CHECK;
void serve_catalog_release(struct serve_catalog *catalog);

bool serve_market_has(const struct serve_market *market, const char *symbol);
/* For tests and the reader: notes a symbol. */
enum err serve_market_add(struct serve_market *market, const char *symbol) ERR_MUST_CHECK;

#endif
