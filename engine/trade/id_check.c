#include "engine/trade/id_check.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define INTERVALS_FIRST 8 /* most markets never have a hole */

void id_check_init(struct id_check *check, bool contiguous)
{
    *check = (struct id_check){.contiguous = contiguous};
}

void id_check_release(struct id_check *check)
{
    free(check->intervals);
    *check = (struct id_check){0};
}

/* Room for one interval more, behind the last. Once the set is at its maximum the array moves down
 * only every ID_CHECK_INTERVALS_MAX given-up holes. */
static enum err make_room(struct id_check *check)
{
    if (check->head + check->count < check->capacity)
        return ERR_OK;
    if (check->head > 0 && check->head >= check->capacity / 2) {
        memmove(check->intervals, check->intervals + check->head,
                check->count * sizeof *check->intervals);
        check->head = 0;
        return ERR_OK;
    }
    size_t capacity = check->capacity > 0 ? 2 * check->capacity : INTERVALS_FIRST;
    struct id_interval *grown = realloc(check->intervals, capacity * sizeof *grown);
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for trade ids");
    check->intervals = grown;
    check->capacity = capacity;
    return ERR_OK;
}

/* How many intervals begin at or below id. */
static size_t count_below(const struct id_check *check, uint64_t id)
{
    const struct id_interval *intervals = check->intervals + check->head;
    size_t low = 0, high = check->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (intervals[middle].first <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The lowest hole is closed as if its ids had been seen. */
static void give_up_lowest_hole(struct id_check *check)
{
    struct id_interval *lowest = check->intervals + check->head;
    if (lowest[1].revealed_ns != ID_NOT_MISSING)
        check->given_up += lowest[1].first - lowest[0].last - 1;
    lowest[1].first = lowest[0].first;
    lowest[1].revealed_ns = ID_NOT_MISSING;
    check->head++;
    check->count--;
}

/* Puts ids, none of which is in an interval, in front of interval `at`. */
static void insert(struct id_check *check, size_t at, struct id_range ids, int64_t revealed_ns)
{
    struct id_interval *intervals = check->intervals + check->head;
    struct id_interval *below = at > 0 ? &intervals[at - 1] : NULL;
    struct id_interval *above = at < check->count ? &intervals[at] : NULL;
    bool joins_below = below != NULL && ids.first - below->last == 1;
    bool joins_above = above != NULL && above->first - ids.last == 1;
    if (joins_below && joins_above) {
        below->last = above->last;
        memmove(above, above + 1, (check->count - at - 1) * sizeof *above);
        check->count--;
    } else if (joins_below) {
        below->last = ids.last;
    } else if (joins_above) {
        above->first = ids.first;
    } else {
        memmove(intervals + at + 1, intervals + at, (check->count - at) * sizeof *intervals);
        intervals[at] = (struct id_interval){ids.first, ids.last, revealed_ns};
        check->count++;
        if (check->count > ID_CHECK_INTERVALS_MAX)
            give_up_lowest_hole(check);
    }
}

/* The hole that ids above all others leave below themselves; 0 when it is not missing. */
static uint64_t hole_below(const struct id_check *check, uint64_t id)
{
    if (!check->contiguous || check->count == 0)
        return 0;
    uint64_t hole = id - check->intervals[check->head + check->count - 1].last - 1;
    return hole <= ID_CHECK_HOLE_MAX ? hole : 0;
}

struct id_range id_range_of(uint64_t id, uint64_t folded)
{
    bool possible = folded < ID_CHECK_RANGE_MAX && folded <= id;
    return (struct id_range){possible ? id - folded : id, id};
}

/* Whether any of the ids is in interval at - 1, the last that begins at or below ids.first, or in
 * the one behind it. */
static bool any_seen(const struct id_check *check, size_t at, struct id_range ids)
{
    const struct id_interval *intervals = check->intervals + check->head;
    return (at > 0 && ids.first <= intervals[at - 1].last) ||
           (at < check->count && ids.last >= intervals[at].first);
}

enum err id_check_see(struct id_check *check, struct id_range ids, int64_t source_ns, bool snapshot,
                      struct id_finding *out)
{
    assert(source_ns != ID_NOT_MISSING && ids.first <= ids.last);
    *out = (struct id_finding){ID_NEW, 0, 0, ID_NOT_MISSING};
    enum err err = make_room(check);
    if (err != ERR_OK)
        return err;
    struct id_interval *intervals = check->intervals + check->head;
    size_t at = check->count;
    if (at > 0 && ids.first <= intervals[at - 1].last)
        at = count_below(check, ids.first);
    bool counts = !snapshot || (check->live && ids.first > check->first_live_id);
    if (!snapshot && !check->live) {
        check->live = true;
        check->first_live_id = ids.first;
    }
    if (any_seen(check, at, ids)) {
        out->verdict = snapshot ? ID_NOTED : ID_DUPLICATE;
        return ERR_OK;
    }
    int64_t revealed_ns = ID_NOT_MISSING;
    if (at == check->count) {
        out->missing = counts ? hole_below(check, ids.first) : 0;
        check->missing += out->missing;
        revealed_ns = out->missing > 0 ? source_ns : ID_NOT_MISSING;
    } else if (at > 0 && intervals[at].revealed_ns != ID_NOT_MISSING) {
        revealed_ns = intervals[at].revealed_ns;
        *out = (struct id_finding){ID_FILL, 0, ids.last - ids.first + 1, revealed_ns};
        check->missing -= out->filled;
        counts = true;
    }
    if (!counts)
        out->verdict = ID_NOTED;
    insert(check, at, ids, revealed_ns);
    return ERR_OK;
}

void id_check_disown(struct id_check *check)
{
    struct id_interval *newest = check->intervals + check->head + check->count - 1;
    if (check->count > 0 && newest->revealed_ns != ID_NOT_MISSING)
        newest->revealed_ns = ID_NOWHERE;
}
