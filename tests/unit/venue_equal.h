/*
 * venue_equal: decode() and decode_general() of a venue say the same of a frame, and of all frames
 * that differ from it by one byte (see struct venue for what may differ).
 */
#ifndef REWICK_TESTS_UNIT_VENUE_EQUAL_H
#define REWICK_TESTS_UNIT_VENUE_EQUAL_H

#include "tests/unit/venue_odd.h"

/* Two readers of one connection. */
struct equal {
    const struct venue *venue;
    struct venue_frame fast, general;
    size_t trades, data; /* frames of them so far */
};

static inline void equal_init(struct equal *equal, const char *venue)
{
    *equal = (struct equal){.venue = venue_find(venue)};
    assert_non_null(equal->venue);
    venue_frame_init(&equal->fast);
    venue_frame_init(&equal->general);
}

static inline void equal_release(struct equal *equal)
{
    venue_frame_release(&equal->fast);
    venue_frame_release(&equal->general);
}

static inline bool equal_decimals(struct decimal a, struct decimal b)
{
    return a.mantissa == b.mantissa && a.scale == b.scale;
}

static inline bool equal_trades(const struct trade *a, const struct trade *b)
{
    return strcmp(a->symbol, b->symbol) == 0 && a->source_ns == b->source_ns &&
           a->has_id == b->has_id && a->id == b->id && a->folded == b->folded &&
           a->first_id == b->first_id && a->last_id == b->last_id && a->count == b->count &&
           equal_decimals(a->price, b->price) && equal_decimals(a->quantity, b->quantity) &&
           a->taker == b->taker && a->flags == b->flags;
}

static inline bool equal_frames(const struct venue_frame *a, const struct venue_frame *b)
{
    bool same = a->kind == b->kind && strcmp(a->channel, b->channel) == 0 &&
                strcmp(a->symbol, b->symbol) == 0 && a->source_ns == b->source_ns &&
                strcmp(a->error, b->error) == 0 && a->has_request_id == b->has_request_id &&
                a->request_id == b->request_id && a->leave == b->leave &&
                a->reconnect == b->reconnect && a->trade_count == b->trade_count &&
                a->routes.count == b->routes.count;
    for (size_t i = 0; i < a->trade_count && same; i++) {
        same = equal_trades(&a->trades[i], &b->trades[i]);
    }
    return same;
}

/* One frame, from memory that ends where the frame ends. */
static inline void equal_decode(struct equal *equal, const char *text, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, text, size);
    assert_ok(equal->venue->decode(exact, size, &equal->fast));
    assert_ok(equal->venue->decode_general(exact, size, &equal->general));
    free(exact);
    bool unseen = equal->general.kind == VENUE_MALFORMED && equal->fast.kind == VENUE_DATA;
    if (!unseen && !equal_frames(&equal->fast, &equal->general)) {
        fail_msg("%s: kinds %d and %d, errors '%s' and '%s': %.*s", equal->venue->name,
                 equal->fast.kind, equal->general.kind, equal->fast.error, equal->general.error,
                 (int)size, text);
    }
    equal->trades += equal->general.kind == VENUE_TRADES;
    equal->data += equal->general.kind == VENUE_DATA;
}

/* All frames with another byte in the place of one of it, without one, with one twice, and all of
 * its beginnings. */
static inline void equal_decode_changed(struct equal *equal, const char *text)
{
    static const char bytes[] = "{}[]\",:\\0159-.eEaZ_ \n\x7f\xc3";
    char changed[2048];
    size_t size = strlen(text);
    assert_true(size < sizeof changed);
    for (size_t at = 0; at < size; at++) {
        memcpy(changed, text, size);
        for (size_t i = 0; i < sizeof bytes; i++) { /* with the NUL */
            changed[at] = bytes[i];
            equal_decode(equal, changed, size);
        }
        memcpy(changed + at, text + at + 1, size - at - 1);
        equal_decode(equal, changed, size - 1);
        memcpy(changed + at, text + at, 1);
        memcpy(changed + at + 1, text + at, size - at);
        equal_decode(equal, changed, size + 1);
        equal_decode(equal, text, at);
    }
}

/* Frames of one connection, in their order; only those of trades and market data are changed: an
 * answer that was changed would name other channels. */
static inline void equal_decode_all(const char *venue, const char *const *frames, size_t count)
{
    struct equal equal;
    equal_init(&equal, venue);
    for (size_t i = 0; i < count; i++) {
        equal_decode(&equal, frames[i], strlen(frames[i]));
        assert_int_not_equal(equal.general.kind, VENUE_MALFORMED);
        if (equal.general.kind == VENUE_TRADES || equal.general.kind == VENUE_DATA ||
            equal.general.kind == VENUE_HEARTBEAT) {
            equal_decode_changed(&equal, frames[i]);
        }
    }
    equal_release(&equal);
}

/* A frame of market data that is no JSON between the places that are read: decode() does not see
 * it, so it has not gone to decode_general(). */
static inline void assert_unseen(const char *venue, const char *const *frames, size_t count)
{
    struct equal equal;
    equal_init(&equal, venue);
    for (size_t i = 0; i < count; i++) {
        equal_decode(&equal, frames[i], strlen(frames[i]));
    }
    if (equal.fast.kind != VENUE_DATA || equal.general.kind != VENUE_MALFORMED) {
        fail_msg("%s: kinds %d and %d: %s", venue, equal.fast.kind, equal.general.kind,
                 frames[count - 1]);
    }
    equal_release(&equal);
}

static inline void equal_line(char *line, void *arg)
{
    const char *frame = capture_frame(line);
    if (frame) {
        equal_decode(arg, frame, strlen(frame));
    }
}

/* A recording, where it is there: at least so many frames of trades and of market data are in it.
 */
static inline void equal_recording(const char *venue, const char *file, size_t trades, size_t data)
{
    struct equal equal;
    equal_init(&equal, venue);
    bool there = capture_lines(file, equal_line, &equal);
    if (there && (equal.trades < trades || equal.data < data)) {
        fail_msg("%s: %zu frames of trades, %zu of market data", file, equal.trades, equal.data);
    }
    equal_release(&equal);
    if (!there) {
        skip();
    }
}

#endif
