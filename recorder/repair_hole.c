#include "recorder/repair_hole.h"

#include <inttypes.h>
#include <string.h>

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- making --------------------------------------------------------------------------------- */

static void begin_round(struct repair_hole *hole)
{
    hole->ask = hole->ids;
    hole->ask_from_ns = hole->from_ns;
    hole->ask_to_ns = hole->to_ns;
}

/* Trades that are late or early by the venue's clock turn times around. */
static void make(struct repair_hole *hole, enum hole_kind kind, int64_t from_ns, int64_t to_ns)
{
    hole->kind = kind;
    hole->from_ns = earlier(from_ns, to_ns);
    hole->to_ns = later(from_ns, to_ns);
    begin_round(hole);
}

void repair_hole_ids(struct repair_hole *hole, struct id_range ids, int64_t from_ns, int64_t to_ns)
{
    *hole = (struct repair_hole){.ids = ids};
    make(hole, HOLE_IDS, from_ns, to_ns);
}

void repair_hole_tail(struct repair_hole *hole, uint64_t first_id, int64_t from_ns, int64_t to_ns)
{
    *hole = (struct repair_hole){.ids = {first_id, UINT64_MAX}};
    make(hole, HOLE_TAIL, from_ns, to_ns);
}

void repair_hole_time(struct repair_hole *hole, int64_t from_ns, int64_t to_ns)
{
    *hole = (struct repair_hole){0};
    make(hole, HOLE_TIME, from_ns, to_ns);
}

void repair_hole_end(struct repair_hole *hole, struct id_range ids, int64_t time_ns)
{
    if (hole->kind == HOLE_TAIL) {
        hole->kind = HOLE_IDS;
        hole->ids.last = hole->ask.last = ids.first > 0 ? ids.first - 1 : 0;
    }
    hole->to_ns = later(hole->from_ns, time_ns);
    hole->ask_to_ns = later(hole->ask_from_ns, time_ns);
}

bool repair_hole_has(const struct repair_hole *hole, struct id_range ids)
{
    return hole->kind != HOLE_TIME && hole->ids.first <= ids.first && ids.last <= hole->ids.last;
}

bool repair_hole_is_filled(const struct repair_hole *hole, const struct market_ids *ids)
{
    uint64_t id;
    return hole->kind == HOLE_IDS && !market_ids_lowest(ids, hole->ids, &id);
}

/* ---- asking --------------------------------------------------------------------------------- */

bool repair_hole_question(const struct repair_hole *hole, const struct market_ids *ids,
                          struct venue_hole *out)
{
    out->from_ns = hole->ask_from_ns;
    out->to_ns = hole->ask_to_ns;
    out->first_id = out->last_id = 0;
    return hole->kind == HOLE_TIME || (market_ids_lowest(ids, hole->ask, &out->first_id) &&
                                       market_ids_highest(ids, hole->ask, &out->last_id));
}

void hole_page_add(struct hole_page *page, const struct trade *trade)
{
    bool first = page->rows++ == 0;
    page->first_ns = first ? trade->source_ns : earlier(page->first_ns, trade->source_ns);
    page->last_ns = first ? trade->source_ns : later(page->last_ns, trade->source_ns);
    if (!trade->has_id)
        return;
    struct id_range ids = id_range_of(trade->id, trade->folded);
    first = page->numbered++ == 0;
    page->ids.first = first || ids.first < page->ids.first ? ids.first : page->ids.first;
    page->ids.last = first || ids.last > page->ids.last ? ids.last : page->ids.last;
}

/* Takes off what the page covers; false: it covers nothing of it. */
static bool take_up(struct repair_hole *hole, const struct hole_page *page)
{
    int64_t reached_ns = earlier(page->last_ns, hole->ask_to_ns);
    bool on = reached_ns > hole->ask_from_ns;
    hole->ask_from_ns = later(hole->ask_from_ns, reached_ns);
    if (hole->kind == HOLE_TIME || page->numbered == 0 || page->ids.last < hole->ask.first)
        return on;
    hole->ask.first = page->ids.last < UINT64_MAX ? page->ids.last + 1 : UINT64_MAX;
    return true;
}

static bool take_down(struct repair_hole *hole, const struct hole_page *page)
{
    int64_t reached_ns = later(page->first_ns, hole->ask_from_ns);
    bool on = reached_ns < hole->ask_to_ns;
    hole->ask_to_ns = earlier(hole->ask_to_ns, reached_ns);
    if (hole->kind == HOLE_TIME || page->numbered == 0 || page->ids.first > hole->ask.last)
        return on;
    hole->ask.last = page->ids.first > 0 ? page->ids.first - 1 : 0;
    return true;
}

/* The answer came from the new end: that is where the hole ends. */
static void end_at_newest(struct repair_hole *hole, const struct hole_page *page)
{
    hole->kind = HOLE_IDS;
    hole->ids.last = hole->ask.last = page->ids.last;
    hole->to_ns = hole->ask_to_ns = later(hole->from_ns, page->last_ns);
}

static enum hole_step take_time(struct repair_hole *hole, const struct market_ids *ids,
                                const struct hole_page *page, const struct venue_rest *rest)
{
    bool on =
        page->rows > 0 && (rest->trades_ascending ? take_up(hole, page) : take_down(hole, page));
    hole->whole = hole->whole || (page->rows > 0 && page->first_ns <= hole->from_ns);
    if (on && hole->ask_from_ns < hole->ask_to_ns && !rest->trades_once)
        return HOLE_MORE;
    return hole->whole && ids->contiguous ? HOLE_DONE : HOLE_GIVE_UP;
}

enum hole_step repair_hole_take(struct repair_hole *hole, const struct market_ids *ids,
                                const struct hole_page *page, const struct venue_rest *rest)
{
    if (hole->kind == HOLE_TIME)
        return take_time(hole, ids, page, rest);
    bool up = rest->trades_ascending;
    bool tail = hole->kind == HOLE_TAIL;
    if (tail && (page->numbered == 0 || page->ids.last < hole->ask.first))
        return HOLE_DONE; /* nothing newer */
    if (tail && !up)
        end_at_newest(hole, page);
    bool on = page->rows > 0 && (up ? take_up(hole, page) : take_down(hole, page));
    if (repair_hole_is_filled(hole, ids))
        return HOLE_DONE;
    struct venue_hole question;
    if (on && !rest->trades_once && repair_hole_question(hole, ids, &question))
        return HOLE_MORE;
    return repair_hole_next_round(hole, ids, rest);
}

enum hole_step repair_hole_next_round(struct repair_hole *hole, const struct market_ids *ids,
                                      const struct venue_rest *rest)
{
    if (repair_hole_is_filled(hole, ids))
        return HOLE_DONE;
    if (rest->trades_once || ++hole->rounds >= REPAIR_HOLE_ROUNDS_MAX)
        return HOLE_GIVE_UP;
    begin_round(hole);
    /* A neighbour in the same moment may have hidden it. */
    hole->ask_from_ns -= hole->ask_from_ns > INT64_MIN;
    hole->ask_to_ns += hole->ask_to_ns < INT64_MAX;
    return HOLE_AGAIN;
}

/* ---- telling -------------------------------------------------------------------------------- */

static enum err append_text(struct buf *out, const char *name, const char *text)
{
    size_t size = strlen(text);
    enum err err = buf_printf(out, ",\"%s\":", name);
    if (!buf_is_utf8(text, size))
        return err ? err : buf_append_text(out, "\"?\"");
    return err ? err : buf_append_json(out, text, size);
}

static enum err append_ids(const struct repair_hole *hole, const struct market_ids *ids,
                           struct buf *out)
{
    uint64_t first = hole->ids.first, last = hole->ids.last;
    if (!market_ids_lowest(ids, hole->ids, &first) || !market_ids_highest(ids, hole->ids, &last))
        last = hole->ids.last;
    if (last > INT64_MAX) /* JSON readers take no more */
        return ERR_OK;
    return buf_printf(out, ",\"missing\":%" PRIu64 ",\"first_id\":%" PRIu64 ",\"last_id\":%" PRIu64,
                      market_ids_count(ids, hole->ids), first, last);
}

enum err repair_hole_tell(const struct repair_hole *hole, const struct market_ids *ids,
                          const struct instrument *instrument, struct buf *out)
{
    bool known = hole->kind == HOLE_IDS;
    buf_clear(out);
    enum err err = buf_printf(
        out,
        "{\"reason\":\"%s\",\"count\":0,\"first_wall_ns\":%" PRId64 ",\"last_wall_ns\":%" PRId64,
        known ? "not repaired" : "possibly incomplete", hole->from_ns, hole->to_ns);
    err = err ? err : append_text(out, "symbol", instrument->symbol);
    err = err ? err : append_text(out, "instrument", instrument->name);
    if (!err && known)
        err = append_ids(hole, ids, out);
    err = err ? err : buf_printf(out, ",\"fetched\":%" PRIu64, hole->fetched);
    err = err ? err : append_text(out, "why", hole->why);
    return err ? err : buf_append_byte(out, '}');
}
