/* venue_past_sample: random trades, bodies of answers, and frames cut short, for the tests of
 * venues. */
#ifndef REWICK_TESTS_UNIT_VENUE_PAST_SAMPLE_H
#define REWICK_TESTS_UNIT_VENUE_PAST_SAMPLE_H

#include "tests/unit/venue_rest_sample.h"

/* The body of the answer to GET target, with a NUL. Release it. */
static inline struct buf past_get(const char *venue, const struct venue_past *past,
                                  const char *target, int status)
{
    struct buf out;
    int got = 0;
    buf_init(&out, 64 << 20);
    assert_ok(venue_find(venue)->serving->answer("GET", target, "localhost", SAMPLE_WALL_NS, past,
                                                 &got, &out));
    assert_ok(buf_terminate(&out));
    assert_int_equal(got, status);
    return out;
}

/* 1 .. 10^digits - 1 with up to `scale` of the digits behind the point. */
static inline struct decimal past_decimal(uint64_t *state, unsigned digits, unsigned scale)
{
    uint64_t limit = 1;
    for (uint64_t i = unit_below(state, digits) + 1; i > 0; i--) {
        limit *= 10;
    }
    return (struct decimal){.mantissa = (int128)(1 + unit_below(state, limit - 1)),
                            .scale = (uint8_t)unit_below(state, scale + 1)};
}

/* The trade that comes after the one that *trade holds: later or at the same ms, a higher id. */
static inline void past_next(uint64_t *state, struct trade *trade)
{
    trade->source_ns += (int64_t)unit_below(state, 3) * 1000000;
    trade->id += 1 + unit_below(state, 2);
    trade->first_id = trade->last_id = trade->id;
    trade->has_id = true;
    trade->count = 1;
    trade->price = past_decimal(state, 12, 8);
    trade->quantity = past_decimal(state, 15, 8);
    trade->taker = unit_below(state, 2) ? TAKER_BUY : TAKER_SELL;
}

/* Every beginning of a frame decodes to no trade, and so does the frame with any one byte gone. */
static inline void assert_cut_frames(const char *venue, const char *text)
{
    size_t size = strlen(text);
    char *cut = malloc(size + 1);
    for (size_t i = 0; i < size; i++) {
        memcpy(cut, text, i);
        cut[i] = '\0';
        struct venue_frame frame = sample_decode(venue, cut);
        assert_int_equal(frame.trade_count, 0);
        assert_int_equal(frame.kind, VENUE_MALFORMED);
        venue_frame_release(&frame);
        memcpy(cut + i, text + i + 1, size - i);
        frame = sample_decode(venue, cut);
        assert_true(frame.trade_count == 0 || frame.kind == VENUE_TRADES);
        venue_frame_release(&frame);
    }
    free(cut);
}

#endif
