/* venue_rest_sample: what tests of instrument lists, repair and played REST share: a past with
 * instruments and trades, and the way out and back through a venue's own forms. */
#ifndef REWICK_TESTS_UNIT_VENUE_REST_SAMPLE_H
#define REWICK_TESTS_UNIT_VENUE_REST_SAMPLE_H

#include "engine/base/time_text.h"
#include "tests/unit/venue_sample.h"

/* ---- instrument lists ------------------------------------------------------------------------ */

/* Decodes from memory that ends where the answer ends. */
static inline enum err rest_list(const char *venue, const char *url, const char *text,
                                 struct instrument_list *list)
{
    size_t size = strlen(text);
    uint8_t *exact = malloc(size + 1);
    memcpy(exact, text, size);
    enum err err = venue_find(venue)->rest->decode_list(url, exact, size, list);
    free(exact);
    return err;
}

static inline void assert_decimal(struct decimal value, const char *expected)
{
    char text[DECIMAL_TEXT_MAX];
    decimal_format(text, value);
    assert_string_equal(text, expected);
}

static inline void assert_same_instrument(const struct instrument *a, const struct instrument *b)
{
    assert_string_equal(a->symbol, b->symbol);
    assert_string_equal(a->request_symbol, b->request_symbol);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->base, b->base);
    assert_string_equal(a->quote, b->quote);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->expiry_ns, b->expiry_ns);
    assert_int_equal(decimal_compare(a->price_tick, b->price_tick), 0);
    assert_int_equal(decimal_compare(a->quantity_step, b->quantity_step), 0);
    assert_int_equal(a->volume_unit, b->volume_unit);
    assert_int_equal(decimal_compare(a->contract_size, b->contract_size), 0);
    assert_string_equal(a->contract_asset, b->contract_asset);
    assert_int_equal(a->trading, b->trading);
}

/* Request `index` for the list is that target; NULL: there is none. */
static inline void assert_list_target(const char *venue, size_t index, const char *expected)
{
    const struct venue_rest *rest = venue_find(venue)->rest;
    struct buf out;
    buf_init(&out, 4096);
    assert_ok(buf_append_text(&out, "stale"));
    enum err err = rest->list(index, NULL, 0, &out);
    if (!expected) {
        assert_int_equal(err, ERR_END);
    } else {
        assert_ok(err);
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, expected);
        char url[512];
        snprintf(url, sizeof url, "http://127.0.0.1:8080%s", expected);
        assert_true(rest->is_list(url));
    }
    buf_release(&out);
}

/* ---- repair ---------------------------------------------------------------------------------- */

static inline void assert_repair(const char *venue, const struct venue_hole *hole,
                                 const char *expected)
{
    struct buf out;
    buf_init(&out, 4096);
    assert_ok(buf_append_text(&out, "stale"));
    enum err err = venue_find(venue)->rest->trades(hole, &out);
    if (!expected) {
        assert_int_equal(err, ERR_UNKNOWN);
    } else {
        assert_ok(err);
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, expected);
        char url[512];
        snprintf(url, sizeof url, "%s%s", venue_find(venue)->rest->url, expected);
        assert_false(venue_find(venue)->rest->is_list(url));
    }
    buf_release(&out);
}

/* ---- a past ---------------------------------------------------------------------------------- */

#define REST_TRADES_MAX 3000

struct rest_past {
    struct instrument instruments[8];
    size_t trade_count;
    struct trade trades[REST_TRADES_MAX]; /* ascending */
    struct venue_past past;
};

static inline size_t rest_trades(const char *symbol, const struct venue_span *span, size_t max,
                                 struct trade *out, void *arg)
{
    const struct rest_past *past = arg;
    size_t fitting = 0, skip = 0, count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < past->trade_count; i++) {
            const struct trade *trade = &past->trades[i];
            if (strcmp(trade->symbol, symbol) != 0 || trade->id < span->first_id ||
                trade->id > span->last_id || trade->source_ns < span->from_ns ||
                trade->source_ns > span->to_ns) {
                continue;
            }
            if (pass == 0) {
                fitting++;
            } else if (skip > 0) {
                skip--;
            } else if (count < max) {
                out[count++] = *trade;
            }
        }
        skip = span->newest && fitting > max ? fitting - max : 0;
    }
    return count;
}

/* Of instruments that the venue describes by their spelling, filled in by the test. */
static inline struct rest_past *rest_past_new(const char *venue, const char *const *symbols,
                                              size_t count)
{
    struct rest_past *past = calloc(1, sizeof *past);
    for (size_t i = 0; i < count; i++) {
        venue_find(venue)->describe(symbols[i], &past->instruments[i]);
    }
    past->past = (struct venue_past){count, past->instruments, rest_trades, past};
    return past;
}

/* Random trades of one symbol: ids ascending by one, times by whole units. */
static inline void rest_past_fill(struct rest_past *past, const char *symbol, size_t count,
                                  int64_t unit_ns, uint32_t flags)
{
    uint64_t random = 7, id = 4000000000, inner = 9000000000;
    int64_t time_ns = INT64_C(1723161255) * NS_PER_S;
    for (size_t i = 0; i < count; i++) {
        struct trade *trade = &past->trades[past->trade_count++];
        time_ns += (int64_t)(unit_random(&random) % 900) * unit_ns;
        *trade = (struct trade){.source_ns = time_ns, .has_id = true, .id = id++, .flags = flags};
        snprintf(trade->symbol, sizeof trade->symbol, "%s", symbol);
        trade->price = (struct decimal){(int128)(unit_random(&random) >> 20) + 1,
                                        (uint8_t)(unit_random(&random) % 9)};
        trade->quantity = (struct decimal){(int128)(unit_random(&random) >> 24) + 1,
                                           (uint8_t)(unit_random(&random) % 9)};
        trade->taker = unit_random(&random) % 2 ? TAKER_BUY : TAKER_SELL;
        trade->count = flags & TRADE_AGGREGATED ? 1 + unit_random(&random) % 5 : 1;
        trade->first_id = flags & TRADE_AGGREGATED ? inner : trade->id;
        trade->last_id = trade->first_id + trade->count - 1;
        inner = trade->last_id + 1;
    }
}

static inline void assert_same_trade(const struct trade *a, const struct trade *b, uint32_t flags)
{
    assert_string_equal(a->symbol, b->symbol);
    assert_int_equal(a->source_ns, b->source_ns);
    assert_int_equal(a->has_id, b->has_id);
    assert_true(a->id == b->id);
    assert_true(a->folded == b->folded);
    assert_true(a->first_id == b->first_id && a->last_id == b->last_id && a->count == b->count);
    assert_true(a->price.mantissa == b->price.mantissa && a->price.scale == b->price.scale);
    assert_true(a->quantity.mantissa == b->quantity.mantissa &&
                a->quantity.scale == b->quantity.scale);
    assert_int_equal(a->taker, b->taker);
    assert_int_equal(a->flags, b->flags | flags);
}

/* ---- out and back ---------------------------------------------------------------------------- */

/* Writes all trades of the past, as many frames as it takes, and decodes them again. */
static inline void assert_written_trades(const char *name, const struct rest_past *past,
                                         const struct venue_writing *writing, uint32_t flags)
{
    const struct venue *venue = venue_find(name);
    struct buf out;
    buf_init(&out, 4u << 20);
    for (size_t i = 0; i < past->trade_count;) {
        size_t left = past->trade_count - i, count = 0, chunk = 1 + i % 40;
        assert_ok(venue->serving->write_trades(writing, &past->trades[i],
                                               left < chunk ? left : chunk, &count, &out));
        assert_ok(buf_terminate(&out));
        struct venue_frame frame = sample_decode(name, (const char *)out.data);
        if (frame.kind != VENUE_TRADES) {
            fail_msg("%s: %s", frame.error, (const char *)out.data);
        }
        assert_true(count > 0);
        assert_int_equal(frame.trade_count, count);
        assert_string_equal(frame.channel, writing->channel);
        for (size_t j = 0; j < count; j++) {
            assert_same_trade(&frame.trades[j], &past->trades[i + j], flags);
        }
        i += count;
        venue_frame_release(&frame);
    }
    buf_release(&out);
}

/* The body of an answer with that status; free() it. */
static inline char *rest_answer(const char *name, const struct rest_past *past, const char *target,
                                int status)
{
    struct buf out;
    int got = 0;
    buf_init(&out, 4u << 20);
    assert_ok(venue_find(name)->serving->answer("GET", target, "h", SAMPLE_WALL_NS, &past->past,
                                                &got, &out));
    assert_ok(buf_terminate(&out));
    assert_int_equal(got, status);
    char *text = strdup((const char *)out.data);
    buf_release(&out);
    return text;
}

/* The answer has exactly the past's trades [first, first + count). */
static inline void assert_answered_trades(const char *name, const struct rest_past *past,
                                          const char *target, size_t first, size_t count)
{
    char url[512];
    char *text = rest_answer(name, past, target, 200);
    snprintf(url, sizeof url, "https://h%s", target);
    struct venue_frame frame;
    venue_frame_init(&frame);
    assert_ok(
        venue_find(name)->decode_http(url, (const uint8_t *)text, strlen(text), NULL, &frame));
    if (frame.kind != VENUE_TRADES) {
        fail_msg("%s: %s", frame.error, text);
    }
    assert_int_equal(frame.trade_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_same_trade(&frame.trades[i], &past->trades[first + i], TRADE_BACKFILL);
    }
    venue_frame_release(&frame);
    free(text);
}

static inline void assert_answer_text(const char *name, const struct rest_past *past,
                                      const char *target, int status, const char *expected)
{
    char *text = rest_answer(name, past, target, status);
    assert_string_equal(text, expected);
    free(text);
}

static inline void assert_no_answer(const char *name, const struct rest_past *past,
                                    const char *method, const char *target)
{
    struct buf out;
    int status = 0;
    buf_init(&out, 4096);
    assert_err(ERR_UNKNOWN, venue_find(name)->serving->answer(method, target, "h", SAMPLE_WALL_NS,
                                                              &past->past, &status, &out));
    buf_release(&out);
}

/* Asks the played venue for a hole, page by page, as struct venue_rest says, until it is filled;
 * returns the number of requests. */
static inline size_t assert_repaired(const char *name, const struct rest_past *past,
                                     struct venue_hole hole)
{
    const struct venue *venue = venue_find(name);
    uint64_t first = hole.first_id, missing = hole.last_id - hole.first_id + 1;
    bool *filled = calloc(missing, sizeof *filled);
    struct venue_frame frame;
    struct buf target;
    size_t requests = 0;
    venue_frame_init(&frame);
    buf_init(&target, 4096);
    for (; missing > 0 && requests < 20; requests++) {
        assert_ok(venue->rest->trades(&hole, &target));
        assert_ok(buf_terminate(&target));
        char *text = rest_answer(name, past, (const char *)target.data, 200);
        assert_ok(venue->decode_http((const char *)target.data, (const uint8_t *)text, strlen(text),
                                     NULL, &frame));
        free(text);
        assert_int_equal(frame.kind, VENUE_TRADES);
        assert_true(frame.trade_count > 0);
        for (size_t i = 0; i < frame.trade_count; i++) {
            uint64_t id = frame.trades[i].id;
            if (id >= hole.first_id && id <= hole.last_id && !filled[id - first]) {
                filled[id - first] = true;
                missing--;
            }
        }
        while (missing > 0 && filled[hole.first_id - first]) {
            hole.first_id++;
        }
        while (missing > 0 && filled[hole.last_id - first]) {
            hole.last_id--;
        }
        if (venue->rest->trades_ascending) {
            hole.from_ns = frame.trades[frame.trade_count - 1].source_ns;
        } else {
            hole.to_ns = frame.trades[0].source_ns;
        }
    }
    assert_int_equal(missing, 0);
    free(filled);
    buf_release(&target);
    venue_frame_release(&frame);
    return requests;
}

/* Between trades 10 and 2390 of a past of 2400 all is missing. */
static inline size_t assert_repairs_many(const char *name, const char *symbol, const char *channel,
                                         int64_t unit_ns)
{
    struct rest_past *past = rest_past_new(name, &symbol, 1);
    rest_past_fill(past, symbol, 2400, unit_ns,
                   strcmp(channel, "aggTrade") == 0 ? TRADE_AGGREGATED : 0);
    struct venue_hole hole = {
        .instrument = past->instruments,
        .channel = channel,
        .first_id = past->trades[11].id,
        .last_id = past->trades[2389].id,
        .from_ns = past->trades[10].source_ns,
        .to_ns = past->trades[2390].source_ns,
        .now_ns = past->trades[2399].source_ns,
    };
    size_t requests = assert_repaired(name, past, hole);
    free(past);
    return requests;
}

/* Playing the list answers what decode_list() takes back to the same instruments. */
static inline void assert_answered_list(const char *name, const struct rest_past *past)
{
    const struct venue_rest *rest = venue_find(name)->rest;
    struct instrument_list list;
    struct buf target;
    instrument_list_init(&list);
    buf_init(&target, 4096);
    for (size_t i = 0; rest->list(i, NULL, 0, &target) == ERR_OK; i++) {
        assert_ok(buf_terminate(&target));
        char *text = rest_answer(name, past, (const char *)target.data, 200);
        assert_ok(rest_list(name, (const char *)target.data, text, &list));
        free(text);
    }
    assert_int_equal(list.count, past->past.instrument_count);
    for (size_t i = 0; i < list.count; i++) {
        const struct instrument *found = instrument_list_symbol(&list, past->instruments[i].symbol);
        assert_non_null(found);
        assert_same_instrument(found, &past->instruments[i]);
    }
    buf_release(&target);
    instrument_list_release(&list);
}

#endif
