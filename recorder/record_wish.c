#include "recorder/record_wish.h"

#include <stdlib.h>
#include <string.h>

/* ---- parts ---------------------------------------------------------------------------------- */

static enum err copy(char **out, const char *text, size_t size)
{
    free(*out);
    *out = strndup(text, size);
    return *out ? ERR_OK : err_fail(ERR_NOMEM, "out of memory for what is to be recorded");
}

static struct wish_venue *find(struct record_wish *wish, const char *name, size_t size)
{
    for (size_t i = 0; i < wish->venue_count; i++) {
        struct wish_venue *venue = &wish->venues[i];
        if (strlen(venue->name) == size && memcmp(venue->name, name, size) == 0)
            return venue;
    }
    return NULL;
}

static enum err add_venue(struct record_wish *wish, const char *name, size_t size,
                          struct wish_venue **out)
{
    *out = find(wish, name, size);
    if (*out)
        return ERR_OK;
    if (wish->venue_count == WISH_VENUES_MAX)
        return err_fail(ERR_USAGE, "more than %d venues; run a second recorder", WISH_VENUES_MAX);
    struct wish_venue *added = &wish->venues[wish->venue_count];
    added->redundancy = 1;
    enum err err = copy(&added->name, name, size);
    if (err)
        return err;
    wish->venue_count++;
    *out = added;
    return ERR_OK;
}

static enum err add_instrument(struct wish_venue *venue, const char *text, size_t size)
{
    for (size_t i = 0; i < venue->instrument_count; i++)
        if (strlen(venue->instruments[i]) == size && memcmp(venue->instruments[i], text, size) == 0)
            return err_fail(ERR_USAGE, "%s: '%.*s' is named twice", venue->name, (int)size, text);
    if (venue->instrument_count == WISH_INSTRUMENTS_MAX)
        return err_fail(ERR_USAGE, "%s: more than %d instruments; run a second recorder",
                        venue->name, WISH_INSTRUMENTS_MAX);
    if (venue->instrument_count == venue->instrument_capacity) {
        size_t capacity = venue->instrument_capacity ? venue->instrument_capacity * 2 : 8;
        char **grown = realloc(venue->instruments, capacity * sizeof *grown);
        if (!grown)
            return err_fail(ERR_NOMEM, "out of memory for instruments");
        venue->instruments = grown;
        venue->instrument_capacity = capacity;
    }
    venue->instruments[venue->instrument_count] = NULL;
    enum err err = copy(&venue->instruments[venue->instrument_count], text, size);
    if (!err)
        venue->instrument_count++;
    return err;
}

static enum err add_channel(struct wish_venue *venue, const char *text, size_t size)
{
    if (venue->channel_count == WISH_CHANNELS_MAX)
        return err_fail(ERR_USAGE, "%s: more than %d channels; run a second recorder", venue->name,
                        WISH_CHANNELS_MAX);
    enum err err = copy(&venue->channels[venue->channel_count], text, size);
    if (!err)
        venue->channel_count++;
    return err;
}

/* Calls `add` for the items of "a,b,c". */
static enum err each_item(struct wish_venue *venue, const char *list, const char *option,
                          enum err (*add)(struct wish_venue *, const char *, size_t))
{
    bool instruments = strcmp(option, "venue") == 0;
    const char *what = instruments ? "instrument" : "channel";
    const char *form = instruments ? "VENUE:BASE-QUOTE,..." : "[VENUE=]CHANNEL,...";
    for (const char *p = list;; p++) {
        size_t size = strcspn(p, ",");
        if (size == 0)
            return err_fail(ERR_USAGE, "--%s '%s' of %s has an empty %s; give %s", option, list,
                            venue->name, what, form);
        enum err err = add(venue, p, size);
        if (err)
            return err;
        p += size;
        if (*p == '\0')
            return ERR_OK;
    }
}

/* ---- options -------------------------------------------------------------------------------- */

static enum err take_venue(struct record_wish *wish, const char *text)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text)
        return err_fail(ERR_USAGE, "--venue '%s' names no instruments; give '%.*s:BTC-USD,...'",
                        text, (int)strcspn(text, ":"), text);
    struct wish_venue *venue;
    enum err err = add_venue(wish, text, (size_t)(colon - text), &venue);
    return err ? err : each_item(venue, colon + 1, "venue", add_instrument);
}

static enum err set_channels(struct wish_venue *venue, const char *value)
{
    return each_item(venue, value, "channel", add_channel);
}

static enum err set_url(struct wish_venue *venue, const char *value)
{
    return copy(&venue->url, value, strlen(value));
}

static enum err set_rest_url(struct wish_venue *venue, const char *value)
{
    return copy(&venue->rest_url, value, strlen(value));
}

static enum err set_list(struct wish_venue *venue, const char *value)
{
    return copy(&venue->list_file, value, strlen(value));
}

static enum err set_redundancy(struct wish_venue *venue, const char *value)
{
    if (value[0] < '1' || value[0] > '0' + WISH_REDUNDANT_MAX || value[1] != '\0')
        return err_fail(ERR_USAGE, "--redundant '%s' is not possible; give 1 to %d connections",
                        value, WISH_REDUNDANT_MAX);
    venue->redundancy = (unsigned)(value[0] - '0');
    return ERR_OK;
}

typedef enum err set_fn(struct wish_venue *venue, const char *value);

static enum err set_all(struct record_wish *wish, const char *value, set_fn *set)
{
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < wish->venue_count; i++)
        err = set(&wish->venues[i], value);
    return err;
}

/* "VENUE=VALUE", or a VALUE for all venues where that makes sense. */
static enum err take_settings(struct record_wish *wish, const char *option, const char *form,
                              const struct option_list *list, bool for_all, set_fn *set)
{
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < list->count; i++) {
        const char *text = list->items[i], *equals = strchr(text, '=');
        if (!equals && for_all) {
            err = set_all(wish, text, set);
            continue;
        }
        if (!equals || equals == text || equals[1] == '\0')
            return err_fail(ERR_USAGE, "--%s '%s' is not of the form %s", option, text, form);
        struct wish_venue *venue = find(wish, text, (size_t)(equals - text));
        if (!venue)
            return err_fail(ERR_USAGE, "--%s '%s' is for a venue that no --venue names", option,
                            text);
        err = set(venue, equals + 1);
    }
    return err;
}

enum err record_wish_make(struct record_wish *out, const struct record_wish_options *options)
{
    memset(out, 0, sizeof *out);
    if (options->venues.count == 0)
        return err_fail(ERR_USAGE, "nothing to record; give --venue VENUE:BASE-QUOTE,...");
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < options->venues.count; i++)
        err = take_venue(out, options->venues.items[i]);
    if (!err)
        err = take_settings(out, "channel", "[VENUE=]CHANNEL,...", &options->channels, true,
                            set_channels);
    if (!err)
        err = take_settings(out, "url", "VENUE=URL", &options->urls, false, set_url);
    if (!err)
        err = take_settings(out, "rest-url", "VENUE=URL", &options->rest_urls, false, set_rest_url);
    if (!err)
        err = take_settings(out, "instruments", "VENUE=FILE", &options->lists, false, set_list);
    if (!err)
        err =
            take_settings(out, "redundant", "[VENUE=]N", &options->redundant, true, set_redundancy);
    return err;
}

static void release_venue(struct wish_venue *venue)
{
    free(venue->name);
    free(venue->url);
    free(venue->rest_url);
    free(venue->list_file);
    for (size_t i = 0; i < venue->channel_count; i++)
        free(venue->channels[i]);
    for (size_t i = 0; i < venue->instrument_count; i++)
        free(venue->instruments[i]);
    free(venue->instruments);
}

void record_wish_release(struct record_wish *wish)
{
    for (size_t i = 0; i < wish->venue_count; i++)
        release_venue(&wish->venues[i]);
    memset(wish, 0, sizeof *wish);
}
