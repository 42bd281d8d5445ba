/*
 * tape_seal: rewrites live segments of a tape as sealed ones (sealed_format.h).
 *
 *     read the live segment -> divide into lanes -> write "NNNNNNNN.rwk.zst.seal" -> sync
 *        -> read it back and compare every record with the live one -> put it in its place
 *
 * Until the last step, one rename, the live segment is what is there; killed at any moment the tape
 * is whole, and a ".seal" that was left is written anew by the next call. A damaged segment is
 * never sealed, nor one that its writer may still append to (the newest one without an end mark).
 * A sealed one is left as it is. Readers that have the live one open go on with it. What a crash
 * left behind the last whole block of a segment is no record of the tape and is not kept.
 *
 * The same segment makes the same bytes, as long as the judge has seen the same before it.
 *
 * Memory: two chunks, below 128 MiB in all. Beside a writer and any number of readers; only one
 * seals a tape at a time (a lock "SEAL" in the folder sees to it).
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_SEAL_H
#define REWICK_ENGINE_TAPE_TAPE_SEAL_H

#include "engine/base/io.h"
#include "engine/tape/tape_lane.h"

#define TAPE_SEAL_LOCK_NAME "SEAL"

/* How far it is; told between chunks. */
struct tape_seal_progress {
    uint64_t done, total; /* bytes of what is sealed now; all is read twice and counts twice */
    uint64_t records;     /* rewritten so far */
};

struct tape_seal_options {
    struct tape_lane_judge judge;
    int level;      /* zstd level; 0 = what the format was measured with */
    bool with_last; /* the newest segment too, when it has its end mark (the tape is finished) */
    /* Asked between chunks: true ends the work early (ERR_STOP), leaving the segment live. May be
     * NULL. The place to wait, too, for who wants to go slowly. */
    bool (*stop)(void *arg);
    void (*progress)(const struct tape_seal_progress *progress, void *arg); /* may be NULL */
    /* Told after each segment; may be NULL. */
    void (*sealed)(uint32_t segment, uint64_t live_bytes, uint64_t sealed_bytes, void *arg);
    void *arg;
};

struct tape_seal_result {
    uint32_t sealed, already, left;    /* segments: now, before, still live */
    uint64_t live_bytes, sealed_bytes; /* of those sealed now */
    uint64_t records, frame_bytes;     /* in those; bytes of payloads */
};

/* All segments of the tape `path` that can be sealed, oldest first. ERR_LOCKED: another one seals
 * it. ERR_DAMAGED: a segment is damaged; it stays as it is, all others are sealed; the text tells
 * of the first and says to repair. *out is filled in any case. */
enum err tape_seal(const struct io *io, const char *path, const struct tape_seal_options *options,
                   struct tape_seal_result *out) ERR_MUST_CHECK;

/* Whether the segment file is sealed, by its header alone; one without a whole header is not. */
enum err tape_segment_is_sealed(const struct io *io, const char *path, bool *out) ERR_MUST_CHECK;

#endif
