/*
 * record_wish: what the user asked `rewick record` to capture, in words, before any venue was asked
 * for its instruments. Made from the options that flags and the configuration file share:
 *
 *     --venue binance:BTC-USDT,ETH-USDT     --channel binance=trade,top     --redundant binance=2
 *     --url binance=wss://HOST              --rest-url binance=https://HOST
 *     --instruments binance=FILE
 *
 * Owns its strings.
 */
#ifndef REWICK_RECORDER_RECORD_WISH_H
#define REWICK_RECORDER_RECORD_WISH_H

#include "engine/base/err.h"
#include "engine/base/options.h"

#include <stddef.h>

#define WISH_VENUES_MAX      32
#define WISH_CHANNELS_MAX    8
#define WISH_INSTRUMENTS_MAX 4096
#define WISH_REDUNDANT_MAX   4

struct wish_venue {
    char *name;
    char *url;            /* NULL: the venue's own; scheme, host and port, path optional */
    char *rest_url;       /* NULL: not said */
    char *list_file;      /* the instrument list is read from this file; NULL: it is fetched */
    unsigned redundancy;  /* connections per subscription, from 1 */
    size_t channel_count; /* channel or role names; trades are always captured */
    char *channels[WISH_CHANNELS_MAX];
    size_t instrument_count, instrument_capacity;
    char **instruments; /* as the user wrote them */
};

struct record_wish {
    size_t venue_count;
    struct wish_venue venues[WISH_VENUES_MAX];
};

/* Targets of the options above. */
struct record_wish_options {
    struct option_list venues, channels, urls, rest_urls, lists, redundant;
};

/* ERR_USAGE with a text that says which option is wrong and how it is written. `out` is released by
 * the caller in any case. */
enum err record_wish_make(struct record_wish *out,
                          const struct record_wish_options *options) ERR_MUST_CHECK;
void record_wish_release(struct record_wish *wish); /* accepts a zeroed wish */

#endif
