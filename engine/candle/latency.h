/*
 * latency: how late things were: exact count, sum, minimum and maximum, and a histogram for
 * percentiles.
 *
 * Buckets, for a = |value| in ns and q = a / 1000 (us, cut): width 1 us for q < 32; for
 * 2^e <= q < 2^(e+1), e >= 5, width 2^(e-5) us; negative values have buckets of their own,
 * mirrored. A percentile is the middle of the bucket that holds the value of rank ceil(p * n /
 * 100), moved into [min, max]: off by at most 1/64 of itself, or half a us.
 *
 * Only buckets that hold something are kept, in ascending order, in pieces of a pool: a window with
 * a few trades costs a few bytes, and adding allocates nothing once the pool has grown. The result
 * of adding and merging does not depend on the order.
 *
 * Not thread safe.
 */
#ifndef REWICK_ENGINE_CANDLE_LATENCY_H
#define REWICK_ENGINE_CANDLE_LATENCY_H

#include "engine/base/decimal.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Buckets for values up to 2^63 ns, per sign. */
#define LATENCY_BUCKETS 1569
/* Most values in one. */
#define LATENCY_COUNT_MAX ((UINT64_C(1) << 48) - 1)

/* Zeroed: empty. */
struct latency {
    uint64_t count;
    int128 sum;
    int64_t min, max;
    struct latency_bucket *buckets; /* the pool's; ascending by index */
    uint16_t bucket_count;
    uint16_t last;      /* place of the bucket that was added to last: most values are near it */
    uint8_t size_class; /* of the piece; the pool knows */
};

struct latency_bucket {
    int64_t index : 16;  /* >= 0: of values >= 0; -1 - i: bucket i mirrored */
    uint64_t count : 48; /* not 0 */
};

/* Pieces for buckets, by size: 4, 8, 16, ... 4096. Zeroed: empty. */
#define LATENCY_CLASSES 11
struct latency_pool {
    void *free[LATENCY_CLASSES];
    void *blocks;
    uint8_t *rest; /* of the newest block */
    size_t rest_bytes;
};

void latency_pool_init(struct latency_pool *pool);
void latency_pool_release(struct latency_pool *pool); /* all pieces go too */

/* ERR_NOMEM, or ERR_LIMIT beyond LATENCY_COUNT_MAX: nothing changed. */
enum err latency_add(struct latency *latency, struct latency_pool *pool,
                     int64_t value_ns) ERR_MUST_CHECK;
/* Adds all of `from`, another one, which keeps what it has. Fails like latency_add(). */
enum err latency_merge(struct latency *latency, struct latency_pool *pool,
                       const struct latency *from) ERR_MUST_CHECK;
/* Gives its piece back; empty then. */
void latency_clear(struct latency *latency, struct latency_pool *pool);

/* Plain data; all 0 when count is 0. */
struct latency_figures {
    uint64_t count;
    int64_t min, mean, p50, p90, p99, max; /* ns; mean rounded down */
};
void latency_figures(const struct latency *latency, struct latency_figures *out);
/* Percentile p, 1 .. 100; count must not be 0. */
int64_t latency_percentile(const struct latency *latency, unsigned p);

int16_t latency_bucket_of(int64_t value_ns);
int64_t latency_bucket_middle(int16_t index); /* ns */

/* As bytes, to be kept and merged later; LEB128 varints, those marked z in zigzag:
 *
 *     count | mean z, rounded down | sum - mean * count | min z | max z | first bucket z, its count
 * | difference to the next bucket, its count | ...
 *
 * Empty: no bytes. `out` holds LATENCY_PACKED_MAX. Returns the size. */
#define LATENCY_PACKED_MAX (5 * 10 + 2 * LATENCY_BUCKETS * 9)
size_t latency_pack(const struct latency *latency, uint8_t *out);
/* Adds what was packed. ERR_DAMAGED: not such bytes; else it fails like latency_add(). In both
 * cases nothing changed. */
enum err latency_unpack(struct latency *latency, struct latency_pool *pool, const uint8_t *data,
                        size_t size) ERR_MUST_CHECK;

#endif
