/*
 * tape_check: the whole of a tape looked at once: `rewick tape info`, `verify` and `repair`.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_CHECK_H
#define REWICK_ENGINE_TAPE_TAPE_CHECK_H

#include "engine/base/err.h"
#include "engine/base/io.h"
#include "engine/tape/record.h"
#include "engine/tape/tape_lane.h"

#include <stdbool.h>
#include <stdio.h>

/* Counts of one venue's records, indexed by enum record_type. */
struct tape_venue_summary {
    char venue[RECORD_VENUE_MAX];
    uint64_t records[RECORD_TYPE_MAX + 1];
    uint64_t bytes; /* of received frames */
};
#define TAPE_SUMMARY_VENUES_MAX 64

struct tape_summary {
    uint8_t id[16];
    uint32_t segments;
    uint32_t sealed; /* of them */
    bool closed;     /* the last segment has its end mark */
    uint64_t records, first_seq, last_seq;
    uint64_t file_bytes, content_bytes;
    int64_t first_wall_ns, last_wall_ns; /* RECORD_NO_TIME when empty */
    uint64_t gap_records;                /* records that RECORD_GAP entries say were lost */
    size_t venue_count;
    struct tape_venue_summary venues[TAPE_SUMMARY_VENUES_MAX];
    uint64_t damage_count, torn_count, missing_seqs;
};

/* What can be watched of a check; each may be NULL. */
struct tape_loss;
struct tape_check_watch {
    void (*loss)(const struct tape_loss *loss, void *arg); /* all that is wrong */
    /* Numbers that are missing, ascending: all those that the losses count. */
    void (*missing)(uint64_t first_seq, uint64_t last_seq, void *arg);
    /* What was read of a lane: `bytes` of payloads in `stored` bytes of the file. NULL: a block of
     * a live segment, which has no lanes. */
    enum err (*lane)(const struct tape_lane *lane, uint64_t records, uint64_t bytes,
                     uint64_t stored, void *arg);
    void *arg;
};

/* Reads everything in salvage mode and fills the summary. ERR_OK also for damaged tapes:
 * damage_count tells. `watch` may be NULL. */
enum err tape_check_watched(const struct io *io, const char *path, struct tape_summary *out,
                            const struct tape_check_watch *watch) ERR_MUST_CHECK;
/* The same with `each_loss` (may be NULL) alone. */
enum err tape_check(const struct io *io, const char *path, struct tape_summary *out,
                    void (*each_loss)(const struct tape_loss *loss, void *arg),
                    void *arg) ERR_MUST_CHECK;

/* Writes every whole record of `from` to a new tape `to`, of live segments, with the number it had.
 * A hole in the numbers is closed by a RECORD_GAP that takes the last missing number and says how
 * many records are lost. Never touches `from`; `to` must not exist. */
enum err tape_repair(const struct io *io, const char *from, const char *to,
                     struct tape_summary *out_before, uint64_t *out_kept) ERR_MUST_CHECK;

#endif
