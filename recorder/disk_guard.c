#include "recorder/disk_guard.h"

#include "engine/base/decimal.h"

#define RATE_SPAN_NS (INT64_C(120) * 1000000000)
#define NS           INT64_C(1000000000)

void disk_guard_init(struct disk_guard *guard, uint64_t segment_bytes, uint64_t disk_bytes)
{
    *guard = (struct disk_guard){.reserve = segment_bytes, .left_ns = INT64_MAX};
    if (guard->reserve > DISK_RESERVE_MAX)
        guard->reserve = DISK_RESERVE_MAX;
    if (guard->reserve > disk_bytes / 20)
        guard->reserve = disk_bytes / 20;
}

/* An exponential mean over RATE_SPAN_NS, in whole bytes. */
static void follow_rate(struct disk_guard *guard, uint64_t bytes, int64_t span_ns)
{
    uint64_t rate = bytes > UINT64_MAX / NS ? UINT64_MAX / NS : bytes * NS / (uint64_t)span_ns;
    if (span_ns > RATE_SPAN_NS)
        span_ns = RATE_SPAN_NS;
    uint64_t share = (uint64_t)(span_ns / (RATE_SPAN_NS / 1024)); /* of 1024 */
    guard->rate =
        (uint64_t)(((uint128)guard->rate * (1024 - share) + (uint128)rate * share) / 1024);
}

enum disk_state disk_guard_look(struct disk_guard *guard, uint64_t free_bytes,
                                uint64_t written_bytes, int64_t now_ns)
{
    if (guard->before_ns == 0) {
        guard->before_ns = now_ns;
        guard->bytes_before = written_bytes;
    }
    int64_t span_ns = now_ns - guard->before_ns;
    if (span_ns >= NS) {
        follow_rate(guard, written_bytes - guard->bytes_before, span_ns);
        guard->before_ns = now_ns;
        guard->bytes_before = written_bytes;
    }
    /* Once full, some room must come before it goes on: no stuttering at the edge. */
    uint64_t need =
        guard->state == DISK_FULL ? guard->reserve + guard->reserve / 4 : guard->reserve;
    uint64_t usable = free_bytes > guard->reserve ? free_bytes - guard->reserve : 0;
    uint64_t seconds = guard->rate > 0 ? usable / guard->rate : UINT64_MAX;
    guard->left_ns = seconds > (uint64_t)(INT64_MAX / NS) ? INT64_MAX : (int64_t)seconds * NS;
    if (free_bytes <= need)
        guard->state = DISK_FULL;
    else
        guard->state = guard->left_ns < DISK_WARN_NS ? DISK_LOW : DISK_OK;
    return guard->state;
}
