/*
 * tape_keeper: the tape of a recorder that must go on. It keeps what is not durable yet in memory
 * (record_store), and when a write or a sync fails it opens the tape anew and writes that again,
 * into a new segment: nothing is lost as long as the disk comes back before the queues are full.
 *
 *     record -> KEEPER -> tape_writer -> disk
 *                 |-> record_store (until durable)
 *
 * A full disk is seen before it is full (disk_guard): the keeper then takes nothing more until
 * there is room. Other faults are tried again KEEPER_TRIES_MAX times with growing waits; then it
 * gives up.
 *
 * Time is an argument; one thread.
 */
#ifndef REWICK_RECORDER_TAPE_KEEPER_H
#define REWICK_RECORDER_TAPE_KEEPER_H

#include "engine/tape/tape_writer.h"
#include "recorder/disk_guard.h"

/* Records not durable yet, in memory; when they are more, records wait in the queue in front. */
#define KEEPER_STORE_BYTES (256u * 1024 * 1024)
#define KEEPER_TRIES_MAX   8
#define KEEPER_WAIT_MAX_NS (INT64_C(30) * 1000000000)
#define KEEPER_LOOK_NS     (INT64_C(1) * 1000000000) /* at the free space */

struct tape_keeper;

struct tape_keeper_options {
    const struct io *io;
    const char *path;                /* copied */
    struct tape_writer_options tape; /* its syncer NULL: a thread of the keeper's own syncs */
    /* Free and total bytes of the disk; false: not known. NULL: never looked at. */
    bool (*space)(void *arg, uint64_t *out_free, uint64_t *out_total);
    void *arg;
};

enum err tape_keeper_open(struct tape_keeper **out,
                          const struct tape_keeper_options *options) ERR_MUST_CHECK;

/* ERR_OK: it has a number and will be on the tape. ERR_STOP: not now (the disk is full or failing,
 * or too much waits to be durable); offer the same record again later. Other errors: a record that
 * no tape can hold. */
enum err tape_keeper_append(struct tape_keeper *keeper, struct record *record) ERR_MUST_CHECK;
/* Bounds, syncs, the look at the disk, going on after a failure. Call often. An error: the tape
 * cannot be written any more; the text says why and what is not on it. */
enum err tape_keeper_work(struct tape_keeper *keeper, int64_t mono_ns) ERR_MUST_CHECK;
/* Writes what is open now. Failures come out of tape_keeper_work(). */
void tape_keeper_flush(struct tape_keeper *keeper);
/* Ends and frees it in any case; accepts NULL. Tries once more when it was interrupted or the end
 * cannot be written. */
enum err tape_keeper_close(struct tape_keeper *keeper) ERR_MUST_CHECK;

uint64_t tape_keeper_next_seq(const struct tape_keeper *keeper);
uint64_t tape_keeper_written_seq(const struct tape_keeper *keeper);
uint64_t tape_keeper_durable_seq(const struct tape_keeper *keeper);
uint32_t tape_keeper_next_connection(const struct tape_keeper *keeper);
uint64_t tape_keeper_bytes(const struct tape_keeper *keeper);
const uint8_t *tape_keeper_id(const struct tape_keeper *keeper);

struct tape_keeper_state {
    bool interrupted; /* takes nothing at the moment */
    enum disk_state disk;
    int64_t disk_left_ns; /* INT64_MAX: no end in sight */
    const char *why;      /* borrowed; "" when all is well */
};
void tape_keeper_state(const struct tape_keeper *keeper, struct tape_keeper_state *out);

#endif
