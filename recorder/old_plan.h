/*
 * old_plan: what `rewick record` was asked to capture, checked and resolved: venues, endpoints,
 * channels, instruments with the venue's own spelling, and how they are spread over connections.
 * Fixed once it is made; threads share it read only.
 */
#ifndef REWICK_RECORDER_OLD_PLAN_H
#define REWICK_RECORDER_OLD_PLAN_H

#include "engine/base/options.h"
#include "engine/engine.h"
#include "engine/venue/venue.h"
#include "recorder/ws_url.h"

#define OLD_VENUES_MAX      32
#define OLD_INSTRUMENTS_MAX 4096 /* per venue */
#define OLD_LINKS_MAX       64   /* connections in all */

struct old_instrument {
    char instrument[INSTRUMENT_MAX];
    char symbol[SYMBOL_MAX];
};

struct old_venue {
    const struct venue *venue;
    const char *channel; /* borrowed from the venue or argv */
    struct ws_url url;
    size_t count;
    struct old_instrument *instruments; /* owned */
    const char **symbols;                /* owned; into `instruments` */
};

/* One connection: some of a venue's symbols. */
struct old_link {
    const struct old_venue *venue;
    size_t first, count; /* in venue->symbols */
};

struct old_plan {
    size_t venue_count, link_count;
    struct old_venue venues[OLD_VENUES_MAX];
    struct old_link links[OLD_LINKS_MAX];
};

/* From "binance:BTC-USDT,ETH-USDT" (several times for more venues or instruments),
 * "binance=aggTrade" and "binance=ws://127.0.0.1:9101". ERR_USAGE or ERR_UNKNOWN with a text that
 * names what exists. `out` is released by the caller in any case. */
enum err old_plan_make(struct old_plan *out, const struct option_list *venues,
                          const struct option_list *channels,
                          const struct option_list *urls) ERR_MUST_CHECK;
void old_plan_release(struct old_plan *plan); /* accepts a zeroed plan */

/* The data of RECORD_CONFIG. */
enum err old_plan_config(const struct old_plan *plan, const struct engine_config *config,
                            struct buf *out) ERR_MUST_CHECK;

#endif
