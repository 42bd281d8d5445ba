#include "recorder/market_ids.h"

#include <stdlib.h>

enum err market_ids_init(struct market_ids *ids, enum venue_ids kind)
{
    *ids = (struct market_ids){.contiguous = kind == IDS_CONTIGUOUS};
    id_check_init(&ids->check, ids->contiguous);
    if (ids->contiguous)
        return ERR_OK;
    ids->last = calloc(MARKET_IDS_LAST, sizeof *ids->last);
    return ids->last ? ERR_OK : err_fail(ERR_NOMEM, "out of memory for trade ids");
}

void market_ids_release(struct market_ids *ids)
{
    id_check_release(&ids->check);
    free(ids->last);
    *ids = (struct market_ids){0};
}

/* ---- the newest ----------------------------------------------------------------------------- */

/* A jump larger than any hole is another numbering. */
static bool is_newer_id(const struct market_ids *ids, uint64_t id)
{
    if (id > ids->newest_id)
        return true;
    return ids->newest_id - id > ID_CHECK_HOLE_MAX;
}

static void note_newest(struct market_ids *ids, const struct trade *trade)
{
    bool newer =
        !ids->known || (ids->contiguous && trade->has_id ? is_newer_id(ids, trade->id)
                                                         : trade->source_ns >= ids->newest_ns);
    ids->known = true;
    if (!newer)
        return;
    ids->newest_id = trade->has_id ? trade->id : ids->newest_id;
    ids->newest_ns = trade->source_ns;
}

void market_ids_recall(struct market_ids *ids, const struct trade *trade)
{
    if (ids->contiguous && !trade->has_id)
        return;
    note_newest(ids, trade);
    ids->recalled = true;
}

/* ---- seeing --------------------------------------------------------------------------------- */

/* What a trade is known by where ids say nothing about their neighbours. */
static uint64_t key_of(const struct trade *trade)
{
    if (trade->has_id)
        return trade->id;
    uint64_t hash = (uint64_t)trade->source_ns;
    uint64_t parts[] = {(uint64_t)trade->price.mantissa, (uint64_t)trade->price.scale,
                        (uint64_t)trade->quantity.mantissa, (uint64_t)trade->quantity.scale,
                        (uint64_t)trade->taker};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        hash = (hash ^ parts[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void see_key(struct market_ids *ids, const struct trade *trade, struct market_news *out)
{
    uint64_t key = key_of(trade);
    size_t filled = ids->last_count < MARKET_IDS_LAST ? ids->last_count : MARKET_IDS_LAST;
    out->is_new = true;
    for (size_t i = 0; i < filled && out->is_new; i++)
        out->is_new = ids->last[i] != key;
    if (out->is_new)
        ids->last[ids->last_count++ % MARKET_IDS_LAST] = key;
}

static const struct id_interval *intervals_of(const struct id_check *check)
{
    return check->count > 0 ? check->intervals + check->head : NULL;
}

/* The hole that goes when id_check has no room for another one. */
static struct id_range lowest_hole(const struct id_check *check)
{
    const struct id_interval *at = intervals_of(check);
    return check->count < 2 ? (struct id_range){1, 0}
                            : (struct id_range){at[0].last + 1, at[1].first - 1};
}

static enum err begin_with_recalled(struct market_ids *ids)
{
    struct id_finding finding;
    struct id_range newest = {ids->newest_id, ids->newest_id};
    if (!ids->recalled || ids->check.count > 0)
        return ERR_OK;
    return id_check_see(&ids->check, newest, ids->newest_ns, false, &finding);
}

static enum err see_id(struct market_ids *ids, const struct trade *trade, struct market_news *out)
{
    struct id_finding finding;
    bool snapshot = (trade->flags & TRADE_SNAPSHOT) != 0;
    enum err err = begin_with_recalled(ids);
    if (err)
        return err;
    struct id_check *check = &ids->check;
    struct id_range lowest = lowest_hole(check);
    uint64_t given_up = check->given_up;
    out->ids = id_range_of(trade->id, trade->folded);
    err = id_check_see(check, out->ids, trade->source_ns, snapshot, &finding);
    if (err)
        return err;
    bool before_recalled = ids->recalled && out->ids.last <= check->first_live_id;
    out->is_new = (finding.verdict == ID_NEW || finding.verdict == ID_FILL) && !before_recalled;
    out->filled = finding.filled;
    out->missing = finding.missing;
    out->missing_ids = (struct id_range){out->ids.first - finding.missing, out->ids.first - 1};
    out->below_ns = ids->newest_ns;
    out->lost = check->given_up - given_up;
    out->lost_ids = lowest;
    return ERR_OK;
}

enum err market_ids_see(struct market_ids *ids, const struct trade *trade, struct market_news *out)
{
    enum err err = ERR_OK;
    *out = (struct market_news){0};
    if (!ids->contiguous)
        see_key(ids, trade, out);
    else if (trade->has_id)
        err = see_id(ids, trade, out);
    if (!err)
        note_newest(ids, trade);
    return err;
}

/* ---- what is missing ------------------------------------------------------------------------ */

/* The first interval that ends at or above id; count when there is none. */
static size_t interval_at(const struct market_ids *ids, uint64_t id)
{
    const struct id_interval *intervals = intervals_of(&ids->check);
    size_t low = 0, high = ids->check.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (intervals[middle].last < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first piece of the range that has not been seen. */
static bool next_piece(const struct market_ids *ids, struct id_range range, struct id_range *out)
{
    if (ids->recalled && ids->check.count == 0 && range.first <= ids->newest_id) {
        if (ids->newest_id >= range.last)
            return false;
        range.first = ids->newest_id + 1;
    }
    if (range.first > range.last)
        return false;
    const struct id_interval *intervals = intervals_of(&ids->check);
    size_t at = interval_at(ids, range.first);
    if (at < ids->check.count && intervals[at].first <= range.first) {
        if (intervals[at].last >= range.last)
            return false;
        range.first = intervals[at].last + 1;
        at++;
    }
    bool ends = at < ids->check.count && intervals[at].first <= range.last;
    *out = (struct id_range){range.first, ends ? intervals[at].first - 1 : range.last};
    return true;
}

bool market_ids_lowest(const struct market_ids *ids, struct id_range range, uint64_t *out)
{
    struct id_range piece;
    bool found = next_piece(ids, range, &piece);
    *out = found ? piece.first : 0;
    return found;
}

bool market_ids_highest(const struct market_ids *ids, struct id_range range, uint64_t *out)
{
    const struct id_interval *intervals = intervals_of(&ids->check);
    size_t at = range.first <= range.last ? interval_at(ids, range.last) : ids->check.count;
    *out = range.last;
    if (range.first > range.last)
        return false;
    if (ids->recalled && ids->check.count == 0)
        return range.last > ids->newest_id;
    if (at < ids->check.count && intervals[at].first <= range.last) {
        if (intervals[at].first <= range.first)
            return false;
        *out = intervals[at].first - 1;
    }
    return true;
}

uint64_t market_ids_count(const struct market_ids *ids, struct id_range range)
{
    struct id_range piece;
    uint64_t count = 0;
    while (next_piece(ids, range, &piece)) {
        count += piece.last - piece.first + 1;
        if (piece.last == range.last)
            break;
        range.first = piece.last + 1;
    }
    return count;
}
