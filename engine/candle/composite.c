#include "engine/candle/composite.h"

#include "engine/candle/composite_group.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS_FIRST 16

struct composite_set {
    struct composite_rules rules;
    int64_t clock_ns;       /* of the record before; INT64_MIN: none */
    size_t count, capacity; /* of the arrays; groups are in the order they were seen */
    struct composite_group **groups, **heap; /* heap: the earliest deadline first */
    struct composite_group **touched;        /* have something to do after this record */
    size_t touched_count;
    struct composite_group **table; /* by name; at most half full */
    size_t table_size;
    struct composite_pool pool;
};

/* ---- set ------------------------------------------------------------------------------------- */

enum err composite_set_new(struct composite_set **out, const struct composite_config *config,
                           const struct bar *bars, size_t bar_count, int64_t horizon_ns)
{
    struct composite_set *set = malloc(sizeof *set);
    struct bar *copy = calloc(bar_count + 1, sizeof *copy);
    if (set == NULL || copy == NULL) {
        free(set);
        free(copy);
        return err_fail(ERR_NOMEM, "out of memory for composites");
    }
    if (bar_count > 0)
        memcpy(copy, bars, bar_count * sizeof *copy);
    *set = (struct composite_set){.rules = {*config, bar_count, copy, horizon_ns},
                                  .clock_ns = INT64_MIN};
    *out = set;
    return ERR_OK;
}

void composite_set_free(struct composite_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++)
        composite_group_free(set->groups[i], &set->rules);
    composite_pool_release(&set->pool);
    free(set->groups);
    free(set->heap);
    free(set->touched);
    free(set->table);
    free(set->rules.bars);
    free(set);
}

/* ---- heap of deadlines ----------------------------------------------------------------------- */

static void heap_put(struct composite_set *set, size_t at, struct composite_group *group)
{
    set->heap[at] = group;
    group->heap_at = at;
}

static void heap_up(struct composite_set *set, struct composite_group *group)
{
    size_t at = group->heap_at;
    for (; at > 0 && set->heap[(at - 1) / 2]->deadline_ns > group->deadline_ns; at = (at - 1) / 2)
        heap_put(set, at, set->heap[(at - 1) / 2]);
    heap_put(set, at, group);
}

static void heap_down(struct composite_set *set, struct composite_group *group)
{
    size_t at = group->heap_at;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < set->count &&
            set->heap[child + 1]->deadline_ns < set->heap[child]->deadline_ns)
            child++;
        if (child >= set->count || set->heap[child]->deadline_ns >= group->deadline_ns)
            break;
        heap_put(set, at, set->heap[child]);
        at = child;
    }
    heap_put(set, at, group);
}

/* ---- joining --------------------------------------------------------------------------------- */

/* FNV-1a. The group's place in the table, or the free one where it would go. */
static struct composite_group **table_place(const struct composite_set *set, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *c = name; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    size_t mask = set->table_size - 1;
    size_t at = (size_t)(hash ^ (hash >> 32)) & mask;
    while (set->table[at] != NULL && strcmp(set->table[at]->name, name) != 0)
        at = (at + 1) & mask;
    return &set->table[at];
}

static enum err grow_array(struct composite_group ***array, size_t capacity)
{
    struct composite_group **grown = realloc(*array, capacity * sizeof(struct composite_group *));
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for composites");
    *array = grown;
    return ERR_OK;
}

static enum err grow_table(struct composite_set *set, size_t size)
{
    struct composite_group **table = calloc(size, sizeof(struct composite_group *));
    if (table == NULL)
        return err_fail(ERR_NOMEM, "out of memory for composites");
    free(set->table);
    set->table = table;
    set->table_size = size;
    for (size_t i = 0; i < set->count; i++)
        *table_place(set, set->groups[i]->name) = set->groups[i];
    return ERR_OK;
}

/* Room for one composite more in everything. */
static enum err make_room(struct composite_set *set)
{
    if (set->count < set->capacity)
        return ERR_OK;
    size_t capacity = set->capacity > 0 ? 2 * set->capacity : GROUPS_FIRST;
    struct composite_group ***arrays[] = {&set->groups, &set->heap, &set->touched};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        enum err err = grow_array(arrays[i], capacity);
        if (err != ERR_OK)
            return err;
    }
    enum err err = grow_table(set, 2 * capacity);
    if (err == ERR_OK)
        set->capacity = capacity;
    return err;
}

static enum err need_group(struct composite_set *set, const char *name,
                           enum composite_method method, struct composite_group **out)
{
    enum err err = make_room(set);
    if (err != ERR_OK)
        return err;
    struct composite_group **place = table_place(set, name);
    if (*place == NULL) {
        struct composite_group *group = composite_group_new(&set->rules, name, method);
        if (group == NULL)
            return err_fail(ERR_NOMEM, "out of memory for composites");
        *place = group;
        group->index = set->count;
        heap_put(set, set->count, group); /* its deadline is the latest: never */
        set->groups[set->count++] = group;
    }
    *out = *place;
    return ERR_OK;
}

static void touch(struct composite_set *set, struct composite_group *group)
{
    if (group->touched)
        return;
    group->touched = true;
    composite_group_begin(group, set->clock_ns);
    set->touched[set->touched_count++] = group;
}

enum err composite_set_join(struct composite_set *set, const struct composite_market *market,
                            struct composite_member **out)
{
    char name[INSTRUMENT_MAX];
    enum composite_method method;
    struct composite_group *group = NULL;
    *out = NULL;
    if (!composite_config_place(&set->rules.config, market, name, &method))
        return ERR_OK;
    enum err err = need_group(set, name, method, &group);
    if (err == ERR_OK)
        *out = composite_group_join(group, market);
    if (*out != NULL)
        composite_set_moved(set, *out);
    return err;
}

/* ---- records --------------------------------------------------------------------------------- */

enum err composite_set_take(struct composite_set *set, struct composite_member *member,
                            const struct candle *candle)
{
    size_t bar = 0;
    if (candle->trades == 0)
        return ERR_OK;
    while (bar < set->rules.bar_count && !bar_equal(set->rules.bars[bar], candle->bar))
        bar++;
    if (bar == set->rules.bar_count)
        return ERR_OK;
    touch(set, member->group);
    return composite_group_take(member->group, &set->rules, &set->pool, member, bar, candle);
}

void composite_set_moved(struct composite_set *set, struct composite_member *member)
{
    member->moved = true;
    touch(set, member->group);
}

int64_t composite_set_deadline(const struct composite_set *set)
{
    return set->count > 0 ? set->heap[0]->deadline_ns : INT64_MAX;
}

/* Those that time alone has something to do for. */
static void touch_due(struct composite_set *set, int64_t clock_ns)
{
    while (composite_set_deadline(set) <= clock_ns) {
        struct composite_group *group = set->heap[0];
        touch(set, group);
        group->deadline_ns = INT64_MAX; /* set again when it has been processed */
        heap_down(set, group);
    }
}

static int compare_index(const void *a, const void *b)
{
    size_t left = (*(struct composite_group *const *)a)->index;
    size_t right = (*(struct composite_group *const *)b)->index;
    return (left > right) - (left < right);
}

enum err composite_set_end(struct composite_set *set, const struct composite_clock *clock)
{
    touch_due(set, clock->clock_ns);
    if (set->touched_count > 1)
        qsort(set->touched, set->touched_count, sizeof(struct composite_group *), compare_index);
    for (size_t i = 0; i < set->touched_count; i++) {
        struct composite_group *group = set->touched[i];
        group->touched = false;
        composite_group_advance(group, &set->rules, &set->pool, clock);
        heap_up(set, group);
        heap_down(set, group);
    }
    set->touched_count = 0;
    set->clock_ns = clock->clock_ns;
    return ERR_OK;
}

void composite_set_each_forming(const struct composite_set *set,
                                void (*each)(const struct candle *candle, void *arg), void *arg)
{
    for (size_t i = 0; i < set->count; i++)
        composite_group_each_forming(set->groups[i], &set->rules, each, arg);
}
