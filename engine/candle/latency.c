#include "engine/candle/latency.h"

#include "engine/tape/varint.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_BUCKETS(size_class) ((size_t)4 << (size_class))
#define CLASS_BYTES(size_class)   (CLASS_BUCKETS(size_class) * sizeof(struct latency_bucket))
#define BLOCK_BYTES               ((size_t)64 * 1024)

_Static_assert(sizeof(struct latency) <= 64, "a cache line of each window");
_Static_assert(sizeof(struct latency_bucket) == 8, "sizes of pieces");
_Static_assert(CLASS_BUCKETS(LATENCY_CLASSES - 1) >= 2 * LATENCY_BUCKETS, "all buckets fit");
_Static_assert(CLASS_BYTES(LATENCY_CLASSES - 1) <= BLOCK_BYTES, "the largest piece fits a block");

/* ---- pool ------------------------------------------------------------------------------------ */

struct block {
    _Alignas(64) struct block *next;
    _Alignas(64) uint8_t pieces[BLOCK_BYTES];
};

void latency_pool_init(struct latency_pool *pool)
{
    *pool = (struct latency_pool){0};
}

void latency_pool_release(struct latency_pool *pool)
{
    for (struct block *block = pool->blocks; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    *pool = (struct latency_pool){0};
}

static void give_piece(struct latency_pool *pool, void *piece, unsigned size_class)
{
    *(void **)piece = pool->free[size_class];
    pool->free[size_class] = piece;
}

static void *cut_piece(struct latency_pool *pool, unsigned size_class)
{
    void *piece = pool->rest;
    pool->rest += CLASS_BYTES(size_class);
    pool->rest_bytes -= CLASS_BYTES(size_class);
    return piece;
}

static bool add_block(struct latency_pool *pool)
{
    struct block *block = aligned_alloc(_Alignof(struct block), sizeof *block);
    if (block == NULL)
        return false;
    /* What is left of the old one is smaller than what was asked for, but of use. */
    for (unsigned size_class = LATENCY_CLASSES; size_class-- > 0;)
        while (pool->rest_bytes >= CLASS_BYTES(size_class))
            give_piece(pool, cut_piece(pool, size_class), size_class);
    block->next = pool->blocks;
    pool->blocks = block;
    pool->rest = block->pieces;
    pool->rest_bytes = sizeof block->pieces;
    return true;
}

/* NULL: out of memory. */
static void *take_piece(struct latency_pool *pool, unsigned size_class)
{
    void *piece = pool->free[size_class];
    if (piece != NULL) {
        pool->free[size_class] = *(void **)piece;
        return piece;
    }
    if (pool->rest_bytes < CLASS_BYTES(size_class) && !add_block(pool))
        return NULL;
    return cut_piece(pool, size_class);
}

/* ---- buckets --------------------------------------------------------------------------------- */

static inline int bucket_of(int64_t value_ns)
{
    uint64_t a = value_ns < 0 ? 0 - (uint64_t)value_ns : (uint64_t)value_ns;
    uint64_t q = a / 1000;
    /* Above 32 us the highest six bits, whose first is always 1, and how far they were moved. */
    int moved = 58 - __builtin_clzll(q | 32);
    int bucket = 32 * moved + (int)(q >> moved);
    return value_ns < 0 ? -1 - bucket : bucket;
}

int16_t latency_bucket_of(int64_t value_ns)
{
    return (int16_t)bucket_of(value_ns);
}

int64_t latency_bucket_middle(int16_t index)
{
    int bucket = index < 0 ? -1 - index : index;
    assert(bucket < LATENCY_BUCKETS);
    int moved = bucket < 32 ? 0 : bucket / 32 - 1;
    int64_t low = (int64_t)(bucket - 32 * moved) << moved, width = INT64_C(1) << moved;
    int64_t middle = low * 1000 + width * 500;
    return index < 0 ? -middle : middle;
}

/* Place of the first bucket that is not below `index`; bucket_count when there is none. */
static size_t find_place(const struct latency *latency, int index)
{
    const struct latency_bucket *at = latency->buckets;
    size_t left = latency->bucket_count;
    if (left == 0)
        return 0;
    /* Halving without a branch that could be foretold wrongly. */
    while (left > 1) {
        size_t half = left / 2;
        at += at[half - 1].index < index ? half : 0;
        left -= half;
    }
    return (size_t)(at - latency->buckets) + (at->index < index);
}

/* Room for `needed` buckets. */
static enum err reserve(struct latency *latency, struct latency_pool *pool, size_t needed)
{
    size_t capacity = latency->buckets != NULL ? CLASS_BUCKETS(latency->size_class) : 0;
    if (needed <= capacity)
        return ERR_OK;
    unsigned size_class = 0;
    while (CLASS_BUCKETS(size_class) < needed)
        size_class++;
    assert(size_class < LATENCY_CLASSES);
    struct latency_bucket *grown = take_piece(pool, size_class);
    if (grown == NULL)
        return err_fail(ERR_NOMEM, "out of memory for latencies");
    if (latency->buckets != NULL) {
        memcpy(grown, latency->buckets, latency->bucket_count * sizeof *grown);
        give_piece(pool, latency->buckets, latency->size_class);
    }
    latency->buckets = grown;
    latency->size_class = (uint8_t)size_class;
    return ERR_OK;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static enum err too_many(void)
{
    return err_fail(ERR_LIMIT, "more than %llu latencies in one candle",
                    (unsigned long long)LATENCY_COUNT_MAX);
}

/* The exact figures; `count` values of that sum. */
static inline void count_in(struct latency *latency, uint64_t count, int128 sum, int64_t min,
                            int64_t max)
{
    if (latency->count == 0 || min < latency->min)
        latency->min = min;
    if (latency->count == 0 || max > latency->max)
        latency->max = max;
    latency->count += count;
    latency->sum += sum;
}

static enum err insert_bucket(struct latency *latency, struct latency_pool *pool, size_t place,
                              int index)
{
    enum err err = reserve(latency, pool, latency->bucket_count + 1u);
    if (err != ERR_OK)
        return err;
    struct latency_bucket *at = latency->buckets + place;
    memmove(at + 1, at, (latency->bucket_count - place) * sizeof *at);
    *at = (struct latency_bucket){.index = (int16_t)index, .count = 0};
    latency->bucket_count++;
    return ERR_OK;
}

enum err latency_add(struct latency *latency, struct latency_pool *pool, int64_t value_ns)
{
    if (latency->count == LATENCY_COUNT_MAX)
        return too_many();
    int index = bucket_of(value_ns);
    /* Where buckets lie close together the distance of the indexes is that of the places. */
    size_t place = SIZE_MAX;
    if (latency->bucket_count > 0)
        place = (size_t)(latency->last + index - latency->buckets[latency->last].index);
    if (place >= latency->bucket_count || latency->buckets[place].index != index) {
        place = find_place(latency, index);
        if (place == latency->bucket_count || latency->buckets[place].index != index) {
            enum err err = insert_bucket(latency, pool, place, index);
            if (err != ERR_OK)
                return err;
        }
    }
    latency->last = (uint16_t)place;
    latency->buckets[place].count++;
    count_in(latency, 1, value_ns, value_ns, value_ns);
    return ERR_OK;
}

static size_t count_union(const struct latency *a, const struct latency *b)
{
    size_t i = 0, j = 0, count = 0;
    for (; i < a->bucket_count && j < b->bucket_count; count++) {
        int x = a->buckets[i].index, y = b->buckets[j].index;
        i += x <= y;
        j += y <= x;
    }
    return count + (a->bucket_count - i) + (b->bucket_count - j);
}

/* From behind, so that nothing is overwritten that is still to be moved. */
static void merge_buckets(struct latency *latency, const struct latency *from, size_t count)
{
    size_t i = latency->bucket_count, j = from->bucket_count, out = count;
    while (j > 0) {
        struct latency_bucket bucket = from->buckets[j - 1];
        int highest = i > 0 ? latency->buckets[i - 1].index : INT_MIN;
        if (highest > bucket.index) {
            bucket = latency->buckets[--i];
        } else {
            j--;
            if (highest == bucket.index)
                bucket.count += latency->buckets[--i].count;
        }
        latency->buckets[--out] = bucket;
    }
    assert(out == i);
    latency->bucket_count = (uint16_t)count;
}

enum err latency_merge(struct latency *latency, struct latency_pool *pool,
                       const struct latency *from)
{
    assert(latency != from);
    if (from->count == 0)
        return ERR_OK;
    if (from->count > LATENCY_COUNT_MAX - latency->count)
        return too_many();
    size_t count = count_union(latency, from);
    enum err err = reserve(latency, pool, count);
    if (err != ERR_OK)
        return err;
    merge_buckets(latency, from, count);
    count_in(latency, from->count, from->sum, from->min, from->max);
    return ERR_OK;
}

void latency_clear(struct latency *latency, struct latency_pool *pool)
{
    if (latency->buckets != NULL)
        give_piece(pool, latency->buckets, latency->size_class);
    *latency = (struct latency){0};
}

/* ---- figures --------------------------------------------------------------------------------- */

/* Walks up: `*place` and `*below`, the values in front of it, are those of a lower rank or 0. */
static int64_t value_of_rank(const struct latency *latency, uint64_t rank, size_t *place,
                             uint64_t *below)
{
    while (*below + latency->buckets[*place].count < rank) {
        *below += latency->buckets[*place].count;
        ++*place;
    }
    assert(*place < latency->bucket_count);
    int64_t middle = latency_bucket_middle(latency->buckets[*place].index);
    if (middle < latency->min)
        return latency->min;
    return middle > latency->max ? latency->max : middle;
}

static uint64_t rank_of(const struct latency *latency, unsigned p)
{
    return (latency->count * p + 99) / 100;
}

int64_t latency_percentile(const struct latency *latency, unsigned p)
{
    assert(latency->count > 0 && p >= 1 && p <= 100);
    size_t place = 0;
    uint64_t below = 0;
    return value_of_rank(latency, rank_of(latency, p), &place, &below);
}

static int64_t mean_of(const struct latency *latency)
{
    int128 count = (int128)latency->count;
    return (int64_t)(latency->sum / count - (latency->sum % count < 0));
}

void latency_figures(const struct latency *latency, struct latency_figures *out)
{
    *out = (struct latency_figures){0};
    if (latency->count == 0)
        return;
    size_t place = 0;
    uint64_t below = 0;
    out->count = latency->count;
    out->min = latency->min;
    out->mean = mean_of(latency);
    out->p50 = value_of_rank(latency, rank_of(latency, 50), &place, &below);
    out->p90 = value_of_rank(latency, rank_of(latency, 90), &place, &below);
    out->p99 = value_of_rank(latency, rank_of(latency, 99), &place, &below);
    out->max = latency->max;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static uint8_t *put_signed(uint8_t *p, int64_t value)
{
    return varint_put(p, varint_zigzag((uint64_t)value));
}

size_t latency_pack(const struct latency *latency, uint8_t *out)
{
    if (latency->count == 0)
        return 0;
    int64_t mean = mean_of(latency);
    uint8_t *p = varint_put(out, latency->count);
    p = put_signed(p, mean);
    p = varint_put(p, (uint64_t)(latency->sum - (int128)mean * (int128)latency->count));
    p = put_signed(p, latency->min);
    p = put_signed(p, latency->max);
    int before = 0;
    for (size_t i = 0; i < latency->bucket_count; i++) {
        int index = latency->buckets[i].index;
        p = i == 0 ? put_signed(p, index) : varint_put(p, (uint64_t)(index - before));
        p = varint_put(p, latency->buckets[i].count);
        before = index;
    }
    assert((size_t)(p - out) <= LATENCY_PACKED_MAX);
    return (size_t)(p - out);
}

static enum err damaged(void)
{
    return err_fail(ERR_DAMAGED, "latencies are damaged: not what was packed");
}

/* These take and give NULL when there is nothing to be read any more. */
static const uint8_t *get_number(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    return p != NULL ? varint_get(p, end, out) : NULL;
}

static const uint8_t *get_signed(const uint8_t *p, const uint8_t *end, int64_t *out)
{
    uint64_t value = 0;
    p = get_number(p, end, &value);
    *out = (int64_t)varint_unzigzag(value);
    return p;
}

/* Without buckets. */
static const uint8_t *get_head(const uint8_t *p, const uint8_t *end, struct latency *out)
{
    int64_t mean;
    uint64_t rest = 0;
    p = get_number(p, end, &out->count);
    p = get_signed(p, end, &mean);
    p = get_number(p, end, &rest);
    p = get_signed(p, end, &out->min);
    p = get_signed(p, end, &out->max);
    if (p == NULL || out->count == 0 || out->count > LATENCY_COUNT_MAX || rest >= out->count)
        return NULL;
    out->sum = (int128)mean * (int128)out->count + (int128)rest;
    /* One value is the minimum, one the maximum, the others lie between. */
    int128 others = (int128)out->count - 1;
    bool good = out->min <= out->max && out->sum >= others * out->min + out->max &&
                out->sum <= others * out->max + out->min;
    return good ? p : NULL;
}

/* Of the bucket behind the one at `*index`. */
static const uint8_t *get_bucket(const uint8_t *p, const uint8_t *end, bool first, int *index,
                                 uint64_t *count)
{
    int64_t next = 0;
    uint64_t difference = 0;
    if (first)
        p = get_signed(p, end, &next);
    else
        p = get_number(p, end, &difference);
    p = get_number(p, end, count);
    if (p == NULL || *count == 0 || *count > LATENCY_COUNT_MAX)
        return NULL;
    if (!first && (difference == 0 || difference > 2 * LATENCY_BUCKETS))
        return NULL;
    if (!first)
        next = *index + (int64_t)difference;
    *index = (int)next;
    return next >= -LATENCY_BUCKETS && next < LATENCY_BUCKETS ? p : NULL;
}

/* Whether what follows the head are buckets that agree with it; how many. */
static bool check_buckets(const uint8_t *p, const uint8_t *end, const struct latency *head,
                          size_t *out_count)
{
    int index = 0;
    uint64_t count, total = 0;
    for (*out_count = 0; p < end; ++*out_count) {
        p = get_bucket(p, end, *out_count == 0, &index, &count);
        if (p == NULL || (*out_count == 0 && index != bucket_of(head->min)))
            return false;
        total += count;
    }
    return total == head->count && index == bucket_of(head->max);
}

enum err latency_unpack(struct latency *latency, struct latency_pool *pool, const uint8_t *data,
                        size_t size)
{
    if (size == 0)
        return ERR_OK;
    const uint8_t *end = data + size;
    struct latency from = {0};
    size_t bucket_count;
    const uint8_t *p = get_head(data, end, &from);
    if (p == NULL || !check_buckets(p, end, &from, &bucket_count))
        return damaged();
    enum err err = reserve(&from, pool, bucket_count);
    if (err != ERR_OK)
        return err;
    int index = 0;
    for (uint64_t count; from.bucket_count < bucket_count; from.bucket_count++) {
        p = get_bucket(p, end, from.bucket_count == 0, &index, &count);
        from.buckets[from.bucket_count] =
            (struct latency_bucket){.index = (int16_t)index, .count = count & LATENCY_COUNT_MAX};
    }
    err = latency_merge(latency, pool, &from);
    latency_clear(&from, pool);
    return err;
}
