#include "recorder/link_set.h"

#include <stdlib.h>
#include <string.h>

/* ---- hosts ---------------------------------------------------------------------------------- */

static struct link_host *host_of(struct link_set *set, const struct shard *shard)
{
    const struct venue_recording *recording = shard->venue->recording;
    struct link_host **at = &set->hosts;
    while (*at && strcmp((*at)->authority, shard->url->authority) != 0)
        at = &(*at)->next;
    if (!*at) {
        *at = calloc(1, sizeof **at);
        if (!*at)
            return NULL;
        memcpy((*at)->authority, shard->url->authority, sizeof(*at)->authority);
        connect_budget_init(&(*at)->budget);
        (*at)->closed_until_ns = INT64_MIN;
    }
    struct connect_limit venue = {recording->connects, recording->connects_span_ns};
    struct connect_limit spread = {1, LINK_SPREAD_NS};
    enum err err = connect_budget_limit(&(*at)->budget, spread);
    err = err ? err : connect_budget_limit(&(*at)->budget, venue);
    return err ? NULL : *at;
}

bool link_set_is_changing(const struct link_set *set, const struct link *link)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct link *other = set->links[i];
        if (other != link && other->host == link->host && other->successor.wire)
            return true;
    }
    return false;
}

/* ---- what changes --------------------------------------------------------------------------- */

static struct item_span added_of(const struct shard *shard)
{
    return (struct item_span){shard->wanted.items + (shard->wanted.count - shard->added),
                              shard->added};
}

/* True: the wire carries, or will carry, what is wanted now. */
static bool change_wire(struct wire_world *world, struct wire *wire, const struct shard *shard,
                        struct stamp now)
{
    struct item_span left = {shard->left.items, shard->left.count};
    return !wire || wire->state != WIRE_OPEN ||
           wire_change(wire, world, added_of(shard), left, now);
}

static void change_link(struct link *link, struct wire_world *world, struct stamp now)
{
    static const char reason[] = "what it carries cannot be changed";
    struct wire *present = link->present.wire, *successor = link->successor.wire;
    if (!change_wire(world, present, link->shard, now))
        link_renew(present, reason, now);
    if (change_wire(world, successor, link->shard, now))
        return;
    link_renew(successor, reason, now);
    if (successor->lacks)
        link_hold_successor(link, world, now);
}

static void change_links(struct link_set *set, struct wire_world *world, struct stamp now)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct shard *shard = set->links[i]->shard;
        if (shard->wanted.count > 0 && shard->added + shard->left.count > 0)
            change_link(set->links[i], world, now);
    }
}

/* ---- links ---------------------------------------------------------------------------------- */

/* Links of shards that are empty, and those beyond the redundancy. */
static void remove_links(struct link_set *set, struct wire_world *world)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct link *link = set->links[i];
        unsigned before = 0;
        for (size_t k = 0; k < kept; k++)
            before += set->links[k]->shard == link->shard;
        if (link->shard->wanted.count > 0 && before < link->shard->redundancy) {
            set->links[kept++] = link;
            continue;
        }
        link_close(link, world, "not wanted any more");
        link_free(link);
    }
    set->count = kept;
}

static unsigned links_of(const struct link_set *set, const struct shard *shard)
{
    unsigned count = 0;
    for (size_t i = 0; i < set->count; i++)
        count += set->links[i]->shard == shard;
    return count;
}

static enum err add_link(struct link_set *set, struct shard *shard)
{
    if (set->count == LINK_SET_MAX)
        return err_fail(ERR_LIMIT,
                        "%s: more than %d connections are needed; record fewer instruments or "
                        "channels, or with a second recorder",
                        shard->venue->name, LINK_SET_MAX);
    struct link_host *host = host_of(set, shard);
    if (!host)
        return err_fail(ERR_NOMEM, "out of memory for a connection");
    uint32_t number = set->numbers + 1;
    uint64_t seed = set->seed ^ number * UINT64_C(0xD1B54A32D192ED03);
    enum err err = link_new(&set->links[set->count], number, shard, host, seed);
    if (err)
        return err;
    set->numbers = number;
    set->count++;
    return ERR_OK;
}

static enum err add_links(struct link_set *set)
{
    for (size_t i = 0; i < set->shards.count; i++) {
        struct shard *shard = set->shards.shards[i];
        unsigned count = shard->wanted.count > 0 ? links_of(set, shard) : shard->redundancy;
        for (; count < shard->redundancy; count++) {
            enum err err = add_link(set, shard);
            if (err)
                return err;
        }
    }
    return ERR_OK;
}

enum err link_set_update(struct link_set *set, const struct record_plan *plan,
                         struct wire_world *world, struct stamp now)
{
    enum err err = shard_set_update(&set->shards, plan);
    change_links(set, world, now);
    remove_links(set, world);
    shard_set_prune(&set->shards);
    return err ? err : add_links(set);
}

void link_set_close(struct link_set *set, struct wire_world *world, const char *reason)
{
    for (size_t i = 0; i < set->count; i++)
        link_close(set->links[i], world, reason);
}

void link_set_release(struct link_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        link_free(set->links[i]);
    while (set->hosts) {
        struct link_host *host = set->hosts;
        set->hosts = host->next;
        connect_budget_release(&host->budget);
        free(host);
    }
    shard_set_release(&set->shards);
    memset(set, 0, sizeof *set);
}
