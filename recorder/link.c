#include "recorder/link.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/conductor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Replacing a connection younger than this is doing it often. */
#define LINK_OFTEN_NS (5 * NS_PER_MIN)

#define TALK_MORE_MAX 64
#define TALK_FREE     6
#define TALK_GAP_NS   NS_PER_MIN

/* Age at which a changeover begins, in thousandths of the venue's limit. */
#define AGE_FROM 800
#define AGE_TO   970
/* The rest of the limit's 144 parts, ten minutes of a day, is never waited for. */
#define AGE_LAST 143

/* ---- life ----------------------------------------------------------------------------------- */

enum err link_new(struct link **out, uint32_t number, struct shard *shard, struct link_host *host,
                  uint64_t seed)
{
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        return err_fail(ERR_NOMEM, "out of memory for a connection");
    link->number = number;
    link->shard = shard;
    link->host = host;
    link->random = seed;
    backoff_init(&link->present.backoff, seed);
    backoff_init(&link->successor.backoff, ~seed);
    link->present.due_ns = INT64_MIN;
    link->successor.due_ns = INT64_MAX;
    *out = link;
    return ERR_OK;
}

void link_free(struct link *link)
{
    free(link);
}

/* ---- talk ----------------------------------------------------------------------------------- */

/* Whether a line is to be said; `more` then tells how many were not. */
static bool may_talk(struct link_talk *talk, int64_t now_ns, char more[TALK_MORE_MAX])
{
    more[0] = '\0';
    if (talk->said >= TALK_FREE && now_ns < talk->next_ns) {
        talk->unsaid++;
        return false;
    }
    if (talk->unsaid > 0)
        snprintf(more, TALK_MORE_MAX, " (%" PRIu64 " more lines like this left out)", talk->unsaid);
    talk->said++;
    talk->unsaid = 0;
    talk->next_ns = now_ns + TALK_GAP_NS;
    return true;
}

/* "0.4 s": for people. */
static const char *wait_text(char text[32], int64_t wait_ns)
{
    snprintf(text, 32, "%" PRId64 ".%d s", wait_ns / NS_PER_S,
             (int)(wait_ns % NS_PER_S / (NS_PER_S / 10)));
    return text;
}

static void say_opened(struct link *link, const struct wire *wire, int64_t now_ns)
{
    char more[TALK_MORE_MAX];
    if (!may_talk(&link->talk, now_ns, more))
        return;
    log_info("%s: %s to %s (%zu subscription%s)%s", wire->venue->name,
             link->connected_before ? "connected again" : "connected", link->shard->url->text,
             link->shard->wanted.count, link->shard->wanted.count == 1 ? "" : "s", more);
}

static void say_ended(struct link *link, const struct wire *wire, struct stamp now)
{
    char wait[32], more[TALK_MORE_MAX];
    int64_t due_ns = link->present.due_ns;
    bool next = !link->present.wire && due_ns != INT64_MAX;
    if (!may_talk(&link->talk, now.mono_ns, more))
        return;
    int64_t wait_ns = next && due_ns > now.mono_ns ? due_ns - now.mono_ns : 0;
    if (wire->was_open)
        log_warn("%s: connection closed: %s; %s%s%s", wire->venue->name, wire->reason,
                 next ? "next try in " : "another one carries on",
                 next ? wait_text(wait, wait_ns) : "", more);
    else
        log_warn("%s: cannot connect to %s: %s; %s%s%s", wire->venue->name, link->shard->url->text,
                 wire->reason, next ? "next try in " : "the old connection carries on",
                 next ? wait_text(wait, wait_ns) : "", more);
}

/* ---- age ------------------------------------------------------------------------------------ */

/* A venue that says nothing is taken to cut after a day, as those do that say it: a changeover a
 * day costs nothing, a cut does. */
static int64_t age_max_ns(const struct wire *wire)
{
    int64_t said_ns = wire->venue->recording->age_max_ns;
    return said_ns > 0 ? said_ns : LINK_AGE_NS;
}

static void draw_age(struct link *link, struct wire *wire)
{
    int64_t part_ns = age_max_ns(wire) / 1000;
    uint64_t range = (uint64_t)(part_ns * (AGE_TO - AGE_FROM)) + 1;
    wire->renew_ns =
        wire->opened_ns + part_ns * AGE_FROM + (int64_t)(backoff_random(&link->random) % range);
    snprintf(wire->renew_reason, sizeof wire->renew_reason, "before the venue's limit of age");
}

int64_t link_patience_ns(const struct link *link)
{
    const struct wire *wire = link->present.wire;
    if (!wire || wire->renew_urgent)
        return INT64_MIN;
    return wire->opened_ns + age_max_ns(wire) / 144 * AGE_LAST;
}

/* ---- changeover ----------------------------------------------------------------------------- */

static bool is_open(const struct link_seat *seat)
{
    return seat->wire && seat->wire->state == WIRE_OPEN;
}

/* A venue that asks for a new connection over and over is given one less and less often. */
static int64_t successor_wait_ns(struct link *link, int64_t now_ns)
{
    if (now_ns - link->present.wire->opened_ns < LINK_OFTEN_NS)
        return backoff_next(&link->successor.backoff);
    backoff_reset(&link->successor.backoff);
    return 0;
}

static void begin(struct link *link, struct stamp now)
{
    const struct wire *wire = link->present.wire;
    char more[TALK_MORE_MAX];
    link->renewing = true;
    link->successor.due_ns = now.mono_ns + successor_wait_ns(link, now.mono_ns);
    if (may_talk(&link->talk, now.mono_ns, more))
        log_info("%s: connection %" PRIu32 " is to be replaced: %s%s", wire->venue->name,
                 wire->connection, wire->renew_reason, more);
}

static void vacate(struct link *link)
{
    link->renewing = false;
    link->successor.wire = NULL;
    link->successor.due_ns = INT64_MAX;
}

static void take_over(struct link *link, struct wire_world *world, struct link_counts *counts,
                      struct stamp now)
{
    struct wire *old = link->present.wire, *successor = link->successor.wire;
    char reason[WIRE_REASON_MAX], more[TALK_MORE_MAX];
    link->present.wire = successor;
    vacate(link);
    counts->changeovers++;
    if (may_talk(&link->talk, now.mono_ns, more))
        log_info("%s: connection %" PRIu32 " has taken over from connection %" PRIu32 "%s",
                 old->venue->name, successor->connection, old->connection, more);
    snprintf(reason, sizeof reason, "connection %" PRIu32 " has taken over", successor->connection);
    old->link = NULL;
    old->planned = true; /* even if it was about to be closed for another reason */
    wire_close(old, world, CLOSE_POLITE, reason, true);
}

void link_renew(struct wire *wire, const char *why, struct stamp now)
{
    wire->renew_ns = now.mono_ns;
    wire->renew_urgent = true;
    snprintf(wire->renew_reason, sizeof wire->renew_reason, "%.*s", WIRE_REASON_MAX - 1, why);
}

void link_hold_successor(struct link *link, struct wire_world *world, struct stamp now)
{
    struct wire *wire = link->successor.wire;
    if (link->held_count == LINK_HELD_MAX) {
        wire_close(wire, world, CLOSE_POLITE, "there are too many changes of plans", false);
        return;
    }
    link->held[link->held_count++] = wire;
    link->successor.wire = NULL;
    link->successor.due_ns = now.mono_ns + backoff_next(&link->successor.backoff);
}

/* Detaches those that are held. */
static void close_held(struct link *link, struct wire_world *world, const char *reason)
{
    while (link->held_count > 0) {
        struct wire *wire = link->held[--link->held_count];
        wire->link = NULL;
        wire->planned = true;
        wire_close(wire, world, CLOSE_POLITE, reason, true);
    }
}

static int64_t work_held(struct link *link, struct wire_world *world, struct stamp now)
{
    const struct wire *wire = link->present.wire;
    if (link->held_count == 0 || !is_open(&link->present) || wire->lacks || !wire->settled)
        return INT64_MAX;
    if (now.mono_ns < wire->settled_ns + LINK_OVERLAP_NS)
        return wire->settled_ns + LINK_OVERLAP_NS;
    close_held(link, world, "another connection carries all of it");
    return INT64_MAX;
}

/* Until then the successor has time to settle; as long as it is still asking, it has. */
static int64_t settle_by_ns(const struct wire *wire)
{
    return wire_has_asked(wire) ? wire->changed_ns + LINK_SETTLE_NS : INT64_MAX;
}

static int64_t work_successor(struct link *link, struct wire_world *world,
                              struct link_counts *counts, struct stamp now)
{
    struct wire *wire = link->successor.wire;
    if (wire->settled && now.mono_ns >= wire->settled_ns + LINK_OVERLAP_NS) {
        take_over(link, world, counts, now);
        return INT64_MAX;
    }
    if (wire->settled)
        return wire->settled_ns + LINK_OVERLAP_NS;
    if (now.mono_ns < settle_by_ns(wire))
        return settle_by_ns(wire);
    wire_close(wire, world, CLOSE_POLITE, "its subscriptions were not confirmed in time", true);
    return INT64_MAX;
}

static int64_t work_changeover(struct link *link, struct wire_world *world,
                               struct link_counts *counts, struct stamp now)
{
    if (!link->renewing && is_open(&link->present)) {
        if (now.mono_ns < link->present.wire->renew_ns)
            return link->present.wire->renew_ns;
        begin(link, now);
    }
    if (is_open(&link->successor) && link->present.wire)
        return work_successor(link, world, counts, now);
    return INT64_MAX;
}

int64_t link_work(struct link *link, struct wire_world *world, struct link_counts *counts,
                  struct stamp now)
{
    int64_t due_ns = work_changeover(link, world, counts, now);
    int64_t held_ns = work_held(link, world, now);
    return held_ns < due_ns ? held_ns : due_ns;
}

void link_close(struct link *link, struct wire_world *world, const char *reason)
{
    struct wire *wires[] = {link->present.wire, link->successor.wire};
    close_held(link, world, reason);
    vacate(link);
    link->present.wire = NULL;
    link->present.due_ns = INT64_MAX;
    for (int i = 0; i < 2; i++) {
        if (!wires[i])
            continue;
        wires[i]->link = NULL;
        wire_close(wires[i], world, CLOSE_POLITE, reason, true);
    }
}

/* ---- what happens to its wires -------------------------------------------------------------- */

void link_opened(struct link *link, struct wire *wire, struct stamp now)
{
    draw_age(link, wire);
    if (wire == link->present.wire)
        say_opened(link, wire, now.mono_ns);
    link->connected_before = true;
}

static void successor_ended(struct link *link, struct stamp now)
{
    link->successor.wire = NULL;
    link->successor.due_ns = now.mono_ns + backoff_next(&link->successor.backoff);
}

/* The successor becomes the present wire at once; one that is still waiting need not wait longer
 * than the present one would have to. */
static void present_ended(struct link *link, int64_t wait_ns, struct stamp now)
{
    int64_t due_ns = now.mono_ns + wait_ns;
    link->present.wire = link->successor.wire;
    if (link->renewing && link->successor.due_ns < due_ns)
        due_ns = link->successor.due_ns;
    link->present.due_ns = due_ns;
    vacate(link);
}

static bool drop_held(struct link *link, struct wire *wire)
{
    for (size_t i = 0; i < link->held_count; i++) {
        if (link->held[i] != wire)
            continue;
        link->held[i] = link->held[--link->held_count];
        wire->link = NULL;
        return true;
    }
    return false;
}

void link_ended(struct link *link, struct wire *wire, struct stamp now)
{
    bool proven = wire->was_open && now.mono_ns - wire->opened_ns >= LINK_PROVEN_NS;
    if (drop_held(link, wire))
        return;
    if (wire == link->successor.wire) {
        successor_ended(link, now);
    } else {
        if (proven)
            backoff_reset(&link->present.backoff);
        present_ended(link, backoff_next(&link->present.backoff), now);
    }
    if (proven)
        link->talk = (struct link_talk){0};
    say_ended(link, wire, now);
    wire->link = NULL;
}

bool link_covers(const struct link *link, const struct wire *wire)
{
    const struct link_seat *other = wire == link->present.wire ? &link->successor : &link->present;
    return is_open(other) && other->wire->settled && !other->wire->lacks;
}

uint32_t link_replaced_by(const struct link *link, const struct wire *wire)
{
    return wire == link->successor.wire && is_open(&link->present) ? link->present.wire->connection
                                                                   : 0;
}
