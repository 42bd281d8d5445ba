/*
 * disk_guard: sees a full disk coming. It warns when the space left lasts less than an hour at the
 * rate of late, says stop before the last reserve is touched, and go again when there is room, so
 * that a write never meets a full disk.
 *
 * Pure: space and time are arguments. Plain data.
 */
#ifndef REWICK_RECORDER_DISK_GUARD_H
#define REWICK_RECORDER_DISK_GUARD_H

#include <stdint.h>

#define DISK_RESERVE_MAX (UINT64_C(64) * 1024 * 1024)
#define DISK_WARN_NS     (INT64_C(3600) * 1000000000)

enum disk_state {
    DISK_OK,
    DISK_LOW,  /* lasts less than DISK_WARN_NS */
    DISK_FULL, /* only the reserve is left: do not write */
};

struct disk_guard {
    enum disk_state state;
    uint64_t reserve;
    uint64_t rate; /* bytes a second, smoothed over minutes */
    uint64_t bytes_before;
    int64_t before_ns; /* 0 = not looked yet */
    int64_t left_ns;   /* how long the space lasts; INT64_MAX = no end in sight */
};

/* The reserve is a segment's size, at most DISK_RESERVE_MAX and 5 % of the disk. */
void disk_guard_init(struct disk_guard *guard, uint64_t segment_bytes, uint64_t disk_bytes);
/* `free_bytes` now, `written_bytes` since the start, monotonic time. */
enum disk_state disk_guard_look(struct disk_guard *guard, uint64_t free_bytes,
                                uint64_t written_bytes, int64_t now_ns);

#endif
