#include "recorder/old_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one --venue ---------------------------------------------------------------------------- */

static struct old_venue *find_venue(struct old_plan *plan, const struct venue *venue)
{
    for (size_t i = 0; i < plan->venue_count; i++)
        if (plan->venues[i].venue == venue)
            return &plan->venues[i];
    return NULL;
}

static enum err add_venue(struct old_plan *plan, const char *name, struct old_venue **out)
{
    const struct venue *venue;
    enum err err = venue_get(&venue, name);
    if (err)
        return err;
    *out = find_venue(plan, venue);
    if (*out)
        return ERR_OK;
    if (!venue->recording)
        return err_fail(ERR_USAGE, "venue '%s' can be imported, not recorded", name);
    if (plan->venue_count == OLD_VENUES_MAX)
        return err_fail(ERR_USAGE, "more than %d venues; run a second recorder", OLD_VENUES_MAX);
    struct old_venue *added = &plan->venues[plan->venue_count++];
    added->venue = venue;
    added->channel = venue->recording->channels[0].name;
    *out = added;
    return ERR_OK;
}

static enum err add_instrument(struct old_venue *to, const char *instrument)
{
    struct old_instrument item = {0};
    int size = snprintf(item.instrument, sizeof item.instrument, "%s", instrument);
    if (size < 0 || (size_t)size >= sizeof item.instrument)
        return err_fail(ERR_USAGE, "instrument '%s' is too long", instrument);
    enum err err = to->venue->symbol(instrument, item.symbol);
    if (err)
        return err;
    for (size_t i = 0; i < to->count; i++)
        if (strcmp(to->instruments[i].symbol, item.symbol) == 0)
            return err_fail(ERR_USAGE, "%s: '%s' is named twice", to->venue->name, instrument);
    if (to->count == OLD_INSTRUMENTS_MAX)
        return err_fail(ERR_USAGE, "%s: more than %d instruments; run a second recorder",
                        to->venue->name, OLD_INSTRUMENTS_MAX);
    struct old_instrument *grown = realloc(to->instruments, (to->count + 1) * sizeof *grown);
    if (!grown)
        return err_fail(ERR_NOMEM, "out of memory for instruments");
    to->instruments = grown;
    to->instruments[to->count++] = item;
    return ERR_OK;
}

static enum err add_instruments(struct old_venue *to, const char *list, const char *text)
{
    char item[INSTRUMENT_MAX + 1];
    for (const char *p = list;; p++) {
        size_t size = strcspn(p, ",");
        if (size == 0)
            return err_fail(
                ERR_USAGE, "--venue '%s' has an empty instrument; give VENUE:BASE-QUOTE,...", text);
        snprintf(item, sizeof item, "%.*s", size < sizeof item ? (int)size : (int)sizeof item - 1,
                 p);
        enum err err = add_instrument(to, item);
        if (err)
            return err;
        p += size;
        if (*p == '\0')
            return ERR_OK;
    }
}

static enum err add_spec(struct old_plan *plan, const char *text)
{
    char name[RECORD_VENUE_MAX];
    const char *colon = strchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : strlen(text);
    snprintf(name, sizeof name, "%.*s", size < sizeof name ? (int)size : (int)sizeof name - 1,
             text);
    struct old_venue *venue;
    enum err err = add_venue(plan, name, &venue);
    if (err)
        return err;
    if (!colon)
        return err_fail(ERR_USAGE, "--venue '%s' names no instruments; give '%s:BTC-USD,...'", text,
                        name);
    return add_instruments(venue, colon + 1, text);
}

/* ---- --channel and --url ----------------------------------------------------------------------
 */

/* "binance=VALUE" -> the venue and the value. */
static enum err split_setting(struct old_plan *plan, const char *option, const char *text,
                              struct old_venue **out_venue, const char **out_value)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals[1] == '\0')
        return err_fail(ERR_USAGE, "--%s '%s' is not of the form VENUE=%s", option, text,
                        strcmp(option, "url") == 0 ? "URL" : "CHANNEL");
    *out_value = equals + 1;
    for (size_t i = 0; i < plan->venue_count; i++) {
        const char *name = plan->venues[i].venue->name;
        if (strlen(name) == (size_t)(equals - text) && memcmp(name, text, strlen(name)) == 0) {
            *out_venue = &plan->venues[i];
            return ERR_OK;
        }
    }
    return err_fail(ERR_USAGE, "--%s '%s' is for a venue that no --venue names", option, text);
}

static enum err set_channel(struct old_venue *venue, const char *channel)
{
    char known[256] = "";
    size_t used = 0;
    for (const struct venue_channel *p = venue->venue->recording->channels; p->name; p++) {
        if (strcmp(p->name, channel) == 0) {
            venue->channel = p->name;
            return ERR_OK;
        }
        int size = snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", p->name);
        used = size > 0 && used + (size_t)size < sizeof known ? used + (size_t)size : used;
    }
    return err_fail(ERR_UNKNOWN, "%s has no channel '%s' to record; it has %s", venue->venue->name,
                    channel, known);
}

/* The endpoint depends on the channel. */
static enum err set_url(struct old_venue *venue, const char *url)
{
    const struct venue_recording *recording = venue->venue->recording;
    const struct venue_channel *channel = venue_channel_find(recording, venue->channel);
    if (!url)
        url = venue_channel_url(recording, channel);
    return ws_url_parse(&venue->url, url, venue_channel_path(recording, channel));
}

static enum err apply_settings(struct old_plan *plan, const struct option_list *channels,
                               const struct option_list *urls)
{
    struct old_venue *venue;
    const char *value;
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < channels->count; i++) {
        err = split_setting(plan, "channel", channels->items[i], &venue, &value);
        err = err ? err : set_channel(venue, value);
    }
    for (size_t i = 0; !err && i < plan->venue_count; i++)
        err = set_url(&plan->venues[i], NULL);
    for (size_t i = 0; !err && i < urls->count; i++) {
        err = split_setting(plan, "url", urls->items[i], &venue, &value);
        err = err ? err : set_url(venue, value);
    }
    return err;
}

/* ---- connections ---------------------------------------------------------------------------- */

static enum err spread(struct old_plan *plan, struct old_venue *venue)
{
    venue->symbols = calloc(venue->count, sizeof *venue->symbols);
    if (!venue->symbols)
        return err_fail(ERR_NOMEM, "out of memory for instruments");
    for (size_t i = 0; i < venue->count; i++)
        venue->symbols[i] = venue->instruments[i].symbol;
    size_t each = venue->venue->recording->symbols_max;
    for (size_t first = 0; first < venue->count; first += each) {
        if (plan->link_count == OLD_LINKS_MAX)
            return err_fail(ERR_USAGE, "more than %d connections are needed; run a second recorder",
                            OLD_LINKS_MAX);
        size_t left = venue->count - first;
        plan->links[plan->link_count++] =
            (struct old_link){.venue = venue, .first = first, .count = left < each ? left : each};
    }
    return ERR_OK;
}

enum err old_plan_make(struct old_plan *out, const struct option_list *venues,
                       const struct option_list *channels, const struct option_list *urls)
{
    memset(out, 0, sizeof *out);
    if (venues->count == 0)
        return err_fail(ERR_USAGE, "nothing to record; give --venue VENUE:BASE-QUOTE,...");
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < venues->count; i++)
        err = add_spec(out, venues->items[i]);
    if (!err)
        err = apply_settings(out, channels, urls);
    for (size_t i = 0; !err && i < out->venue_count; i++)
        err = spread(out, &out->venues[i]);
    return err;
}

void old_plan_release(struct old_plan *plan)
{
    for (size_t i = 0; i < plan->venue_count; i++) {
        free(plan->venues[i].instruments);
        free(plan->venues[i].symbols);
    }
    memset(plan, 0, sizeof *plan);
}

/* ---- what goes on the tape ------------------------------------------------------------------ */

static enum err append_member(struct buf *out, const char *name, const char *value)
{
    enum err err = buf_printf(out, "\"%s\":", name);
    return err ? err : buf_append_json(out, value, strlen(value));
}

static enum err append_names(struct buf *out, const struct old_venue *venue, bool symbols)
{
    enum err err = buf_printf(out, ",\"%s\":[", symbols ? "symbols" : "instruments");
    for (size_t i = 0; !err && i < venue->count; i++) {
        const struct old_instrument *item = &venue->instruments[i];
        const char *text = symbols ? item->symbol : item->instrument;
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : buf_append_json(out, text, strlen(text));
    }
    return err ? err : buf_append_byte(out, ']');
}

static enum err append_venue(struct buf *out, const struct old_venue *venue)
{
    enum err err = buf_append_byte(out, '{');
    err = err ? err : append_member(out, "venue", venue->venue->name);
    err = err ? err : buf_append_byte(out, ',');
    err = err ? err : append_member(out, "url", venue->url.text);
    err = err ? err : buf_append_byte(out, ',');
    err = err ? err : append_member(out, "channel", venue->channel);
    err = err ? err : append_names(out, venue, false);
    err = err ? err : append_names(out, venue, true);
    return err ? err : buf_append_byte(out, '}');
}

enum err old_plan_config(const struct old_plan *plan, const struct engine_config *config,
                         struct buf *out)
{
    enum err err = buf_append_text(out, "{\"rewick\":\"" REWICK_VERSION "\",");
    err = err ? err : engine_config_write(config, out);
    err = err ? err : buf_append_text(out, ",\"venues\":[");
    for (size_t i = 0; !err && i < plan->venue_count; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_venue(out, &plan->venues[i]);
    }
    return err ? err : buf_append_text(out, "]}");
}
