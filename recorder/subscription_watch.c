#include "recorder/subscription_watch.h"

#include "engine/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct watched_venue {
    const struct old_venue *plan;
    size_t quiet_count;
    size_t *quiet;     /* indexes of the instruments from which nothing came yet */
    int64_t opened_ns; /* first connection; 0 = none yet */
    bool accepted;     /* something was accepted, or data came */
    bool warned;
    uint64_t frames, refusals;
    int64_t refused_ns; /* last refusal; 0 = none */
};

struct subscription_watch {
    size_t count;
    struct watched_venue venues[OLD_VENUES_MAX];
    int64_t data_ns;
    char refusal[RECORD_VENUE_MAX + VENUE_ERROR_MAX + 32];
};

enum err subscription_watch_new(struct subscription_watch **out, const struct old_plan *plan)
{
    struct subscription_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return err_fail(ERR_NOMEM, "out of memory for the subscriptions");
    for (size_t i = 0; i < plan->venue_count; i++) {
        struct watched_venue *venue = &watch->venues[watch->count++];
        venue->plan = &plan->venues[i];
        venue->quiet_count = plan->venues[i].count;
        venue->quiet = calloc(venue->quiet_count, sizeof *venue->quiet);
        if (!venue->quiet) {
            subscription_watch_free(watch);
            return err_fail(ERR_NOMEM, "out of memory for the subscriptions");
        }
        for (size_t k = 0; k < venue->quiet_count; k++)
            venue->quiet[k] = k;
    }
    *out = watch;
    return ERR_OK;
}

void subscription_watch_free(struct subscription_watch *watch)
{
    if (!watch)
        return;
    for (size_t i = 0; i < watch->count; i++)
        free(watch->venues[i].quiet);
    free(watch);
}

/* ---- seeing --------------------------------------------------------------------------------- */

static struct watched_venue *find_venue(struct subscription_watch *watch, const char *name)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->venues[i].plan->venue->name, name) == 0)
            return &watch->venues[i];
    return NULL;
}

static void not_quiet(struct watched_venue *venue, const char *symbol)
{
    for (size_t i = 0; *symbol && i < venue->quiet_count; i++) {
        if (strcasecmp(venue->plan->symbols[venue->quiet[i]], symbol) == 0) {
            venue->quiet[i] = venue->quiet[--venue->quiet_count];
            return;
        }
    }
}

static void see_data(struct watched_venue *venue, const struct venue_frame *frame)
{
    venue->accepted = true;
    if (venue->quiet_count == 0)
        return;
    not_quiet(venue, frame->symbol);
    for (size_t i = 0; i < frame->trade_count; i++)
        not_quiet(venue, frame->trades[i].symbol);
}

static void see_refusal(struct subscription_watch *watch, struct watched_venue *venue,
                        const struct venue_frame *frame, int64_t mono_ns)
{
    venue->refused_ns = mono_ns;
    not_quiet(venue, frame->symbol); /* what was refused needs no second warning */
    snprintf(watch->refusal, sizeof watch->refusal, "%s: subscription refused: %s",
             venue->plan->venue->name, frame->error);
    if (venue->refusals++ < WATCH_REFUSALS_MAX)
        log_warn("%s", watch->refusal);
}

void subscription_watch_see(struct subscription_watch *watch, const struct record *record,
                            const struct venue_frame *frame)
{
    struct watched_venue *venue = find_venue(watch, record->venue);
    if (!venue)
        return;
    if (record->type == RECORD_CONNECTION && venue->opened_ns == 0 &&
        memmem(record->data, record->size, "\"open\"", 6))
        venue->opened_ns = record->mono_ns;
    if (record->type != RECORD_RECEIVED)
        return;
    venue->frames++;
    if (!frame)
        return;
    if (frame->kind == VENUE_TRADES || frame->kind == VENUE_DATA) {
        watch->data_ns = record->mono_ns;
        see_data(venue, frame);
    } else if (frame->kind == VENUE_ACK && *frame->error) {
        see_refusal(watch, venue, frame, record->mono_ns);
    } else if (frame->kind == VENUE_ACK) {
        venue->accepted = true;
    }
}

/* ---- telling -------------------------------------------------------------------------------- */

#define NAMES_SHOWN 5

static void warn_quiet(struct watched_venue *venue)
{
    char names[NAMES_SHOWN * INSTRUMENT_MAX + 64] = "";
    size_t used = 0, shown = 0;
    for (; shown < venue->quiet_count && shown < NAMES_SHOWN; shown++) {
        const char *name = venue->plan->instruments[venue->quiet[shown]].instrument;
        used +=
            (size_t)snprintf(names + used, sizeof names - used, "%s%s", shown ? ", " : "", name);
    }
    if (shown < venue->quiet_count)
        snprintf(names + used, sizeof names - used, " and %zu more", venue->quiet_count - shown);
    log_warn("%s: nothing came for %s in %d s; a quiet market, or the venue does not know the name",
             venue->plan->venue->name, names, (int)(WATCH_QUIET_NS / 1000000000));
}

void subscription_watch_work(struct subscription_watch *watch, int64_t mono_ns)
{
    for (size_t i = 0; i < watch->count; i++) {
        struct watched_venue *venue = &watch->venues[i];
        if (venue->warned || venue->opened_ns == 0 || mono_ns - venue->opened_ns < WATCH_QUIET_NS)
            continue;
        venue->warned = true;
        if (venue->quiet_count > 0)
            warn_quiet(venue);
    }
}

bool subscription_watch_all_refused(const struct subscription_watch *watch, int64_t mono_ns,
                                    const char **text)
{
    for (size_t i = 0; i < watch->count; i++) {
        const struct watched_venue *venue = &watch->venues[i];
        if (venue->accepted || venue->refused_ns == 0 ||
            mono_ns - venue->refused_ns < WATCH_REFUSED_NS)
            return false;
    }
    if (text)
        *text = watch->refusal;
    return true;
}

int64_t subscription_watch_data_ns(const struct subscription_watch *watch)
{
    return watch->data_ns;
}

uint64_t subscription_watch_frames(const struct subscription_watch *watch, size_t index)
{
    return watch->venues[index].frames;
}
