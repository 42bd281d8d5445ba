/*
 * lane_split: a frame as slots with text between them: what changes from frame to frame, and what
 * stays. Knows the look of JSON (values, member names, nesting) and nothing of venues; any bytes
 * can be split, and the pieces in order are the bytes again. Pure; any thread.
 */
#ifndef REWICK_ENGINE_TAPE_LANE_SPLIT_H
#define REWICK_ENGINE_TAPE_LANE_SPLIT_H

#include "engine/tape/lane_number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer values stay in the text between slots. */
#define LANE_SLOT_SIZE_MAX 65535

enum lane_slot { SLOT_NONE, SLOT_NUMBER, SLOT_TIME, SLOT_TEXT };

/* Text, then a slot; the last token of a frame has SLOT_NONE. */
struct lane_token {
    const uint8_t *literal, *text; /* the slot's text lies right behind the literal */
    size_t literal_size, text_size;
    enum lane_slot slot;
    struct lane_number number; /* of SLOT_NUMBER and SLOT_TIME */
    uint64_t key;              /* same place in the frame's structure, same key */
};

#define LANE_DEPTH_MAX 32 /* of nesting that is told apart */

/* Where a split is; plain data, begun with lane_split_start(). */
struct lane_splitter {
    const uint8_t *literal; /* where the text that is not yet in a token begins */
    const uint8_t *next, *end;
    struct lane_level {
        uint64_t place; /* of what is in this object or array */
        uint64_t name;  /* of the member that follows */
        uint32_t index; /* of the item that follows */
        bool is_array;
    } levels[LANE_DEPTH_MAX];
    size_t depth;
};

void lane_split_start(struct lane_splitter *splitter, const uint8_t *text, size_t size);
/* The next token; not to be called after the last. */
void lane_split_next(struct lane_splitter *splitter, struct lane_token *out);

/* A spread of the bits of a and b. */
static inline uint64_t lane_mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * UINT64_C(0x9E3779B97F4A7C15);
    return a ^ a >> 32;
}

uint64_t lane_hash(const uint8_t *data, size_t size);

#endif
