/*
 * lane_store: the values of a block, gathered in order of appearance, sorted by column, and written
 * as the columns of lane_form.h. A part of lane_pack.
 *
 * Values come with the key of their place; columns are numbered in order of appearance.
 */
#ifndef REWICK_ENGINE_TAPE_LANE_STORE_H
#define REWICK_ENGINE_TAPE_LANE_STORE_H

#include "engine/base/buf.h"
#include "engine/tape/lane_codec.h"
#include "engine/tape/lane_form.h"
#include "engine/tape/lane_index.h"
#include "engine/tape/lane_number.h"

#include <stdbool.h>

#define LANE_ENDS_MAX 128u

enum lane_content { CONTENT_REPEATS, CONTENT_NUMBERS, CONTENT_TIMES, CONTENT_TEXTS };

struct lane_column {
    uint64_t key;
    enum lane_content content;
    uint32_t count;
    /* After lane_store_sort(). */
    int64_t *values; /* borrowed; CONTENT_TEXTS: see lane_store_text() */
    uint8_t *decimals;
    uint8_t decimals_max;
    bool same;       /* all values are the same text */
    bool as_texts;   /* numbers that do not fit 64 bits with so many decimals */
    uint64_t unit;   /* divides all values */
    uint32_t number; /* in the written form: among repeats, or among columns of values */
};

struct lane_store {
    const struct lane_text *payloads; /* borrowed while a block is packed */

    struct lane_column *columns; /* LANE_COLUMNS_MAX */
    uint32_t column_count, repeats_count, order_count;
    uint16_t *order; /* columns of values as they are written; those that are the same are not */
    struct lane_index index;

    int64_t *values; /* as they came; all of the capacity */
    uint16_t *column_of;
    uint8_t *decimals;
    int64_t *sorted;
    uint8_t *sorted_decimals;
    size_t count, capacity;

    /* For one column. */
    int64_t *rests, *indices;
    struct buf bytes;
    struct lane_index words;

    size_t ends[LANE_ENDS_MAX]; /* where large columns begin and end in what was written */
    size_t end_count;
};

bool lane_store_init(struct lane_store *store);
void lane_store_release(struct lane_store *store);
void lane_store_begin(struct lane_store *store, const struct lane_text *payloads);

/* The column of that key; false when there are too many. */
bool lane_store_column(struct lane_store *store, uint64_t key, enum lane_content content,
                       uint32_t *out);
/* False when there are too many values or memory is out. */
bool lane_store_add(struct lane_store *store, uint32_t column, struct lane_number value);
/* A text as a value: bytes of a payload. */
int64_t lane_store_text(uint32_t payload, size_t offset, size_t size);
#define LANE_STORE_TEXT_MAX 65535u

/* Sorts the values by column and looks at them; then the columns can be read and written. */
void lane_store_sort(struct lane_store *store);
/* Appends the one text that all values of the column are. */
enum err lane_store_put_same(struct lane_store *store, const struct lane_column *column,
                             struct buf *out) ERR_MUST_CHECK;
/* Appends the counts of columns, the repeats and the columns; fills ends[]. */
enum err lane_store_put(struct lane_store *store, struct buf *out) ERR_MUST_CHECK;

#endif
