#include "engine/venue/venue.h"

#include "engine/venue/binance/binance.h"
#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/kraken/kraken.h"

#include <stdio.h>
#include <string.h>

static const struct venue *const venues[] = {
    &venue_binance,           &venue_binance_usdm, &venue_binance_coinm, &venue_coinbase,
    &venue_coinbase_advanced, &venue_kraken,       &venue_kraken_v1,     NULL,
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

/* Where `channel` is served when it is not where the others are, else NULL. */
static const struct venue_endpoint *find_endpoint(const struct venue_recording *recording,
                                                  const char *channel)
{
    const struct venue_endpoint *endpoint = recording->elsewhere;
    while (endpoint && endpoint->channel) {
        if (strcmp(endpoint->channel, channel) == 0) {
            return endpoint;
        }
        endpoint++;
    }
    return NULL;
}

const char *venue_recording_url(const struct venue_recording *recording, const char *channel)
{
    const struct venue_endpoint *endpoint = find_endpoint(recording, channel);
    return endpoint ? endpoint->url : recording->url;
}

const char *venue_recording_path(const struct venue_recording *recording, const char *channel)
{
    const struct venue_endpoint *endpoint = find_endpoint(recording, channel);
    return endpoint ? endpoint->path : recording->path;
}
