/*
 * decoded: what the frames of a stretch of records hold, found out ahead of the engine, so that
 * decoding and building candles can be done by two threads.
 *
 *     records -> DECODED (any thread) -> engine_feed_decoded(), engine_pass()
 *
 * Only what one frame says by itself is decoded ahead. Frames of routed venues (venue.h), HTTP
 * answers, and all that is neither trades nor market data of another channel are left to the
 * engine, which decodes them in their turn: the candles are the same with and without. Trades of
 * sealed lanes are taken from the columns where that is possible (lane_trades.h).
 */
#ifndef REWICK_ENGINE_DECODED_H
#define REWICK_ENGINE_DECODED_H

#include "engine/base/err.h"
#include "engine/tape/lane_unpack.h"
#include "engine/tape/record.h"
#include "engine/tape/tape_lane.h"
#include "engine/trade/trade.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One per record. */
enum decoded_code {
    DECODED_NOT = 0,    /* the engine decodes it, if there is anything to decode */
    DECODED_MARKET = 1, /* market data of another channel, or unread */
    DECODED_TRADES = 2, /* and up: trades, in frames[code - DECODED_TRADES] */
};
/* Set beside a number: market data, and the first of several in passes[number]. */
#define DECODED_PASS 0x80000000u

static inline bool decoded_is_market(uint32_t code)
{
    return code == DECODED_MARKET || (code & DECODED_PASS) != 0;
}

/* Market data of one venue and connection in a row: all that the engine wants to know of them, so
 * that it need not look at the records. */
struct decoded_pass {
    uint32_t count;
    uint32_t steps; /* of the wall clock between them (receive_clock.h) */
    int64_t first_wall_ns, first_mono_ns;
    int64_t last_wall_ns, last_mono_ns, mono_max_ns;
};

struct decoded_frame {
    const char *channel; /* points into the decoded */
    size_t first, count; /* of its trades */
};

/* Trades decoded ahead at a time; the frames behind are DECODED_NOT. */
#define DECODED_TRADES_MAX   32768
#define DECODED_CHANNELS_MAX 32 /* likewise */

struct decoder; /* what a thread needs to decode */

/* Plain data but for what it owns; zeroed is empty. For reading. */
struct decoded {
    uint32_t *codes;
    struct decoded_pass *passes;
    struct decoded_frame *frames;
    struct trade *trades;
    size_t code_capacity, pass_capacity, frame_capacity, trade_capacity;
    size_t pass_count, frame_count, trade_count, channel_count;
    char channels[DECODED_CHANNELS_MAX][CHANNEL_MAX];
};

enum err decoder_new(struct decoder **out) ERR_MUST_CHECK;
void decoder_free(struct decoder *decoder); /* accepts NULL */

/* Empties it for another stretch of records. */
void decoded_clear(struct decoded *decoded);
/* Trades of the rows of a lane's block (tape_rows.take): the records that come of it have the
 * numbers from the one that it gives on as their `row`. 0: the payloads are needed after all. */
uint32_t decoded_take_rows(struct decoded *out, struct decoder *decoder,
                           const struct tape_lane *lane, struct lane_unpacker *rows, size_t count);
/* What records[0..count) hold; those with a `row` had it taken since the clearing. ERR_NOMEM. */
enum err decoded_fill(struct decoded *out, struct decoder *decoder, const struct record *records,
                      size_t count) ERR_MUST_CHECK;
void decoded_release(struct decoded *decoded); /* accepts a zeroed one */

#endif
