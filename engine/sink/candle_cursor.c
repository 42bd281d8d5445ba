#include "engine/sink/candle_cursor.h"

#include "engine/base/crc32c.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_i64(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* The store's order. */
static int compare(const struct candle_cursor *cursor, const struct candle *candle)
{
    int order = compare_i64(cursor->open_ns, candle->open_ns);
    if (order == 0)
        order = strcmp(cursor->venue, candle->venue);
    if (order == 0)
        order = strcmp(cursor->instrument, candle->instrument);
    return order == 0 ? bar_compare(cursor->bar, candle->bar) : order;
}

bool candle_cursor_before(const struct candle_cursor *cursor, const struct candle *candle)
{
    return !cursor->started || compare(cursor, candle) < 0;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

#define SPAN_MIN_NS INT64_C(1000000000)

struct page {
    struct candle_cursor start, *cursor;
    uint64_t seen, skipped, taken, rows_max;
    int64_t first_open_ns;
    bool stopped;
    enum err (*each)(const struct candle *candle, void *arg);
    void *arg;
};

static void move_to_row(struct candle_cursor *cursor, const struct candle *candle)
{
    bool same = cursor->started && cursor->open_ns == candle->open_ns;
    *cursor = (struct candle_cursor){
        .started = true,
        .open_ns = candle->open_ns,
        .bar = candle->bar,
        .same_open = same ? cursor->same_open + 1 : 1,
        .span_ns = cursor->span_ns,
    };
    snprintf(cursor->venue, sizeof cursor->venue, "%s", candle->venue);
    snprintf(cursor->instrument, sizeof cursor->instrument, "%s", candle->instrument);
}

/* In front of all rows of that time: no venue has an empty name. */
static void move_to_time(struct candle_cursor *cursor, int64_t open_ns)
{
    *cursor =
        (struct candle_cursor){.started = true, .open_ns = open_ns, .span_ns = cursor->span_ns};
}

static enum err take_row(const struct candle *candle, void *arg)
{
    struct page *page = arg;
    /* A name that is cut would leave the cursor in front of its own row for ever. */
    if (strlen(candle->venue) >= RECORD_VENUE_MAX || strlen(candle->instrument) >= INSTRUMENT_MAX)
        return err_fail(ERR_DAMAGED, "a candle of the store has a name that is too long");
    page->seen++;
    if (!candle_cursor_before(&page->start, candle)) {
        page->cursor->same_open = ++page->skipped;
        return ERR_OK;
    }
    enum err err = page->taken < page->rows_max ? page->each(candle, page->arg) : ERR_STOP;
    page->stopped = err == ERR_STOP;
    if (err != ERR_OK)
        return err;
    if (page->taken++ == 0)
        page->first_open_ns = candle->open_ns;
    move_to_row(page->cursor, candle);
    return ERR_OK;
}

/* The store sorts whatever lies in the time it is asked for, so a page asks for little more than it
 * can hold: where the rows lie was seen on the pages before. */
static int64_t window_end(const struct candle_cursor *cursor, const struct candle_filter *filter)
{
    int64_t end_ns;
    if (cursor->span_ns == 0 || __builtin_add_overflow(cursor->open_ns, cursor->span_ns, &end_ns) ||
        end_ns > filter->to_ns)
        return filter->to_ns;
    return end_ns;
}

static int64_t next_span(const struct page *page, bool full)
{
    int64_t span_ns = page->start.span_ns;
    if (!full) {
        bool sparse = page->taken == 0 || page->taken < page->rows_max / 2;
        if (sparse)
            span_ns = span_ns > INT64_MAX / 2 ? 0 : span_ns * 2;
        return span_ns;
    }
    if (span_ns != 0)
        span_ns /= 2;
    else if (page->taken == 0 ||
             __builtin_sub_overflow(page->cursor->open_ns, page->first_open_ns, &span_ns))
        return 0;
    return span_ns < SPAN_MIN_NS ? SPAN_MIN_NS : span_ns;
}

enum err candle_cursor_read(struct candle_cursor *cursor, struct candle_store *store,
                            const struct candle_filter *filter, uint64_t rows_max,
                            enum err (*each)(const struct candle *candle, void *arg), void *arg,
                            bool *out_more, uint64_t *out_update)
{
    struct page page = {
        .start = *cursor, .cursor = cursor, .rows_max = rows_max, .each = each, .arg = arg};
    struct candle_query query;
    candle_filter_query(filter, &query);
    query.limit = rows_max + cursor->same_open;
    if (cursor->started) {
        query.from_ns = cursor->open_ns;
        query.to_ns = window_end(cursor, filter);
    }
    enum err err = candle_store_query(store, &query, take_row, &page, out_update);
    if (err != ERR_OK && !page.stopped)
        return err;
    bool full = page.stopped || page.seen >= query.limit;
    cursor->span_ns = next_span(&page, full);
    if (!full && query.to_ns < filter->to_ns)
        move_to_time(cursor, query.to_ns);
    *out_more = full || query.to_ns < filter->to_ns;
    return ERR_OK;
}

/* ---- tokens -----------------------------------------------------------------------------------
 */

/* CRC:OPEN:BAR:SAME:SPAN:VENUE_SIZE:VENUE INSTRUMENT (without the blank), BAR being
 * KIND:SIZE:SCALE; the names come last because a venue's own spelling may hold anything. */

#define CRC_DIGITS    8
#define SAME_OPEN_MAX ((uint64_t)ENGINE_MARKETS_MAX * ENGINE_BARS_MAX)

static uint32_t checksum(const char *body, const struct candle_filter *filter)
{
    return crc32c(candle_filter_fingerprint(filter), body, strlen(body));
}

void candle_cursor_format(char text[CANDLE_CURSOR_TEXT_MAX], const struct candle_cursor *cursor,
                          const struct candle_filter *filter)
{
    char *body = text + CRC_DIGITS + 1;
    snprintf(body, CANDLE_CURSOR_TEXT_MAX - CRC_DIGITS - 1,
             "%" PRId64 ":%d:%" PRId64 ":%u:%" PRIu64 ":%" PRId64 ":%zu:%s%s", cursor->open_ns,
             (int)cursor->bar.kind, cursor->bar.size, cursor->bar.scale, cursor->same_open,
             cursor->span_ns, strlen(cursor->venue), cursor->venue, cursor->instrument);
    snprintf(text, CRC_DIGITS + 1, "%08" PRIx32, checksum(body, filter));
    text[CRC_DIGITS] = ':';
}

static bool copy_name(char *out, size_t out_size, const char *text, size_t size)
{
    if (size >= out_size)
        return false;
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/* A place in front of all rows of a time has no bar. */
static bool set_bar(struct candle_cursor *out, int kind, int64_t size, unsigned scale)
{
    if (kind < BAR_TIME || kind > BAR_NOTIONAL || scale > DECIMAL_SCALE_MAX)
        return false;
    out->bar = (struct bar){(enum bar_kind)kind, size, (uint8_t)scale};
    return bar_is_valid(out->bar) || bar_equal(out->bar, (struct bar){0});
}

static bool parse_body(struct candle_cursor *out, const char *body)
{
    size_t venue_size;
    int kind, used = 0;
    int64_t bar_size;
    unsigned scale;
    if (sscanf(body, "%" SCNd64 ":%d:%" SCNd64 ":%u:%" SCNu64 ":%" SCNd64 ":%zu:%n", &out->open_ns,
               &kind, &bar_size, &scale, &out->same_open, &out->span_ns, &venue_size, &used) != 7 ||
        used == 0 || !set_bar(out, kind, bar_size, scale))
        return false;
    const char *names = body + used;
    size_t size = strlen(names);
    out->started = true;
    return out->same_open <= SAME_OPEN_MAX && out->span_ns >= 0 && venue_size <= size &&
           copy_name(out->venue, sizeof out->venue, names, venue_size) &&
           copy_name(out->instrument, sizeof out->instrument, names + venue_size,
                     size - venue_size);
}

enum err candle_cursor_parse(struct candle_cursor *out, const char *text,
                             const struct candle_filter *filter)
{
    struct candle_cursor cursor = {.started = true};
    char canonical[CANDLE_CURSOR_TEXT_MAX];
    bool valid = strlen(text) > CRC_DIGITS + 1 && parse_body(&cursor, text + CRC_DIGITS + 1);
    if (valid) {
        /* The checksum, and every other character, must be what would be written. */
        candle_cursor_format(canonical, &cursor, filter);
        valid = strcmp(canonical, text) == 0;
    }
    if (!valid)
        return err_fail(ERR_USAGE,
                        "page_token: not a token of this query; repeat the query that gave it");
    *out = cursor;
    return ERR_OK;
}
