#include "engine/venue/venue.h"

#include "engine/venue/binance/binance.h"
#include "engine/venue/bitfinex/bitfinex.h"
#include "engine/venue/bitstamp/bitstamp.h"
#include "engine/venue/bybit/bybit.h"
#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/deribit/deribit.h"
#include "engine/venue/gemini/gemini.h"
#include "engine/venue/kraken/kraken.h"
#include "engine/venue/kucoin/kucoin.h"
#include "engine/venue/okx/okx.h"

#include <stdio.h>
#include <string.h>

static const struct venue *const venues[] = {
    &venue_binance,       &venue_binance_us,    &venue_binance_usdm,
    &venue_binance_coinm, &venue_coinbase,      &venue_coinbase_advanced,
    &venue_kraken,        &venue_kraken_v1,     &venue_bitfinex,
    &venue_deribit,       &venue_okx,           &venue_bybit,
    &venue_bybit_linear,  &venue_bybit_inverse, &venue_bitstamp,
    &venue_gemini,        &venue_kucoin,        NULL,
};

const struct venue *const *venue_all(void)
{
    return venues;
}

const struct venue *venue_find(const char *name)
{
    for (size_t i = 0; venues[i]; i++) {
        if (strcmp(venues[i]->name, name) == 0) {
            return venues[i];
        }
    }
    return NULL;
}

enum err venue_get(const struct venue **out, const char *name)
{
    *out = venue_find(name);
    if (*out) {
        return ERR_OK;
    }
    char names[512] = "";
    size_t used = 0;
    for (size_t i = 0; venues[i] && used < sizeof names; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                 venues[i]->name);
    }
    return err_fail(ERR_UNKNOWN, "unknown venue '%s'; give one of: %s", name, names);
}

const char *venue_role_name(enum venue_role role)
{
    static const char *const names[VENUE_ROLES] = {
        [ROLE_TRADES] = "trades",
        [ROLE_TOP] = "top",
        [ROLE_DEPTH] = "depth",
        [ROLE_KLINES] = "klines",
    };
    return names[role];
}

const struct venue_channel *venue_channel_find(const struct venue_recording *recording,
                                               const char *name)
{
    const struct venue_channel *of_role = NULL;
    for (const struct venue_channel *at = recording->channels; at->name; at++) {
        if (strcmp(at->name, name) == 0) {
            return at;
        }
        if (!of_role && strcmp(venue_role_name(at->role), name) == 0) {
            of_role = at;
        }
    }
    return of_role;
}

const char *venue_channel_url(const struct venue_recording *recording,
                              const struct venue_channel *channel)
{
    return channel->url ? channel->url : recording->url;
}

const char *venue_channel_path(const struct venue_recording *recording,
                               const struct venue_channel *channel)
{
    return channel->path ? channel->path : recording->path;
}
