#include "recorder/record_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PLAN_VENUES_MAX == WISH_VENUES_MAX && PLAN_INSTRUMENTS_MAX == WISH_INSTRUMENTS_MAX,
               "a plan holds every wish");

/* ---- channels ------------------------------------------------------------------------------- */

static enum err unknown_channel(const struct venue *venue, const char *name)
{
    char known[256] = "";
    size_t used = 0;
    for (const struct venue_channel *at = venue->recording->channels; at->name; at++) {
        int size = snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", at->name);
        used = size > 0 && used + (size_t)size < sizeof known ? used + (size_t)size : used;
    }
    return err_fail(ERR_UNKNOWN,
                    "%s has no channel '%s' to record; it has %s (or trades, top, depth, klines)",
                    venue->name, name, known);
}

static enum err add_stream(struct plan_venue *plan, const struct venue_channel *channel)
{
    for (size_t i = 0; i < plan->stream_count; i++)
        if (plan->streams[i].channel == channel)
            return ERR_OK;
    if (plan->stream_count == PLAN_STREAMS_MAX)
        return err_fail(ERR_USAGE, "%s: more than %d channels", plan->venue->name,
                        PLAN_STREAMS_MAX);
    plan->streams[plan->stream_count++].channel = channel;
    return ERR_OK;
}

/* The trade channel goes first; raw and aggregated trades would make the same candles twice. */
static enum err choose_trades(struct plan_venue *plan, const struct wish_venue *wish)
{
    const struct venue_channel *chosen = NULL;
    for (size_t i = 0; i < wish->channel_count; i++) {
        const struct venue_channel *channel =
            venue_channel_find(plan->venue->recording, wish->channels[i]);
        if (!channel || channel->role != ROLE_TRADES)
            continue;
        if (chosen && chosen != channel)
            return err_fail(ERR_USAGE, "%s: '%s' and '%s' are both trades; give one of them",
                            wish->name, chosen->name, channel->name);
        chosen = channel;
    }
    return add_stream(plan, chosen ? chosen : &plan->venue->recording->channels[0]);
}

static enum err choose_streams(struct plan_venue *plan, const struct wish_venue *wish)
{
    enum err err = choose_trades(plan, wish);
    for (size_t i = 0; !err && i < wish->channel_count; i++) {
        const struct venue_channel *channel =
            venue_channel_find(plan->venue->recording, wish->channels[i]);
        err = channel ? add_stream(plan, channel) : unknown_channel(plan->venue, wish->channels[i]);
    }
    return err;
}

/* ---- addresses ------------------------------------------------------------------------------ */

static enum err set_urls(struct plan_venue *plan, const struct wish_venue *wish)
{
    const struct venue_recording *recording = plan->venue->recording;
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < plan->stream_count; i++) {
        struct plan_stream *stream = &plan->streams[i];
        err = ws_url_parse(&stream->url,
                           wish->url ? wish->url : venue_channel_url(recording, stream->channel),
                           venue_channel_path(recording, stream->channel));
    }
    return err;
}

/* Requests go where the user says, else to the host that stands in for the venue, else to the
 * venue's own. */
static enum err set_rest(struct plan_venue *plan, const struct wish_venue *wish)
{
    char same[WS_URL_TEXT_MAX];
    const struct ws_url *first = &plan->streams[0].url;
    snprintf(same, sizeof same, "%s://%s", first->tls ? "https" : "http", first->authority);
    if (wish->rest_url)
        return ws_url_parse_http(&plan->rest, wish->rest_url);
    if (wish->url)
        return ws_url_parse_http(&plan->rest, same);
    return plan->venue->rest ? ws_url_parse_http(&plan->rest, plan->venue->rest->url) : ERR_OK;
}

static enum err make_venue(struct plan_venue *plan, const struct wish_venue *wish)
{
    enum err err = venue_get(&plan->venue, wish->name);
    if (err)
        return err;
    if (!plan->venue->recording)
        return err_fail(ERR_USAGE, "venue '%s' can be imported, not recorded", wish->name);
    plan->redundancy = wish->redundancy;
    err = choose_streams(plan, wish);
    err = err ? err : set_urls(plan, wish);
    return err ? err : set_rest(plan, wish);
}

enum err record_plan_make(struct record_plan *out, const struct record_wish *wish)
{
    enum err err = ERR_OK;
    out->venue_count = 0;
    for (size_t i = 0; !err && i < wish->venue_count; i++) {
        out->venue_count = i + 1;
        memset(&out->venues[i], 0, sizeof out->venues[i]); /* the others are never touched */
        instrument_list_init(&out->venues[i].list);
        err = make_venue(&out->venues[i], &wish->venues[i]);
    }
    return err;
}

void record_plan_release(struct record_plan *plan)
{
    for (size_t i = 0; i < plan->venue_count; i++) {
        free(plan->venues[i].instruments);
        if (!plan->venues[i].list_borrowed)
            instrument_list_release(&plan->venues[i].list);
        memset(&plan->venues[i], 0, sizeof plan->venues[i]);
    }
    plan->venue_count = 0;
}

const struct plan_venue *record_plan_venue(const struct record_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->venue_count; i++)
        if (strcmp(plan->venues[i].venue->name, name) == 0)
            return &plan->venues[i];
    return NULL;
}

/* ---- instruments ---------------------------------------------------------------------------- */

/* Without a list the user's own words are the name. */
static enum err by_grammar(const struct venue *venue, const char *text, struct instrument *out)
{
    memset(out, 0, sizeof *out);
    char symbol[SYMBOL_MAX];
    enum err err = venue->symbol(text, symbol);
    if (err)
        return err;
    venue->describe(symbol, out);
    size_t size = strlen(text);
    if (size >= sizeof out->name)
        return err_fail(ERR_USAGE, "instrument '%s' is too long", text);
    for (size_t i = 0; i <= size; i++)
        out->name[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 32) : text[i];
    memcpy(out->symbol, symbol, sizeof symbol);
    if (out->request_symbol[0] == '\0')
        memcpy(out->request_symbol, symbol, sizeof symbol);
    return ERR_OK;
}

static enum err resolve(struct plan_venue *plan, const char *text)
{
    struct instrument *item = &plan->instruments[plan->count];
    const struct instrument *found = NULL;
    enum err err;
    if (plan->list.count > 0) {
        err = instrument_list_find(&plan->list, plan->venue->name, text, &found);
        if (!err)
            *item = *found;
    } else {
        err = by_grammar(plan->venue, text, item);
    }
    for (size_t i = 0; !err && i < plan->count; i++)
        if (strcmp(plan->instruments[i].symbol, item->symbol) == 0)
            return err_fail(ERR_USAGE, "%s: '%s' is named twice", plan->venue->name, text);
    if (!err)
        plan->count++;
    return err;
}

enum err record_plan_resolve(struct record_plan *plan, size_t index, const struct record_wish *wish)
{
    struct plan_venue *venue = &plan->venues[index];
    const struct wish_venue *wanted = &wish->venues[index];
    free(venue->instruments);
    venue->count = 0;
    venue->instruments = calloc(wanted->instrument_count, sizeof *venue->instruments);
    if (!venue->instruments)
        return err_fail(ERR_NOMEM, "out of memory for instruments");
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < wanted->instrument_count; i++)
        err = resolve(venue, wanted->instruments[i]);
    return err;
}

/* ---- what goes on the tape ------------------------------------------------------------------ */

static enum err append_member(struct buf *out, const char *name, const char *value)
{
    enum err err = buf_printf(out, "\"%s\":", name);
    return err ? err : buf_append_json(out, value, strlen(value));
}

static enum err append_names(struct buf *out, const struct plan_venue *venue, bool symbols)
{
    enum err err = buf_printf(out, ",\"%s\":[", symbols ? "symbols" : "instruments");
    for (size_t i = 0; !err && i < venue->count; i++) {
        const struct instrument *item = &venue->instruments[i];
        const char *text = symbols ? item->symbol : item->name;
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : buf_append_json(out, text, strlen(text));
    }
    return err ? err : buf_append_byte(out, ']');
}

static enum err append_channels(struct buf *out, const struct plan_venue *venue)
{
    enum err err = buf_append_text(out, ",\"channels\":[");
    for (size_t i = 0; !err && i < venue->stream_count; i++) {
        const char *name = venue->streams[i].channel->name;
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : buf_append_json(out, name, strlen(name));
    }
    return err ? err : buf_append_byte(out, ']');
}

static enum err append_venue(struct buf *out, const struct plan_venue *venue)
{
    enum err err = buf_append_byte(out, '{');
    err = err ? err : append_member(out, "venue", venue->venue->name);
    err = err ? err : buf_append_byte(out, ',');
    err = err ? err : append_member(out, "url", venue->streams[0].url.text);
    err = err ? err : append_channels(out, venue);
    err = err ? err : buf_printf(out, ",\"redundant\":%u", venue->redundancy);
    err = err ? err : append_names(out, venue, false);
    err = err ? err : append_names(out, venue, true);
    return err ? err : buf_append_byte(out, '}');
}

enum err record_plan_config(const struct record_plan *plan, const struct engine_config *config,
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
