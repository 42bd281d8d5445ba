#include "recorder/tape_keeper.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/record_store.h"
#include "recorder/sync_thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE_TRIES_MAX 2

struct tape_keeper {
    struct tape_keeper_options options;
    char *path;
    struct sync_thread *sync;
    struct tape_writer *tape; /* NULL: interrupted by a failure */
    struct record_store *store;

    /* of the tape, kept while there is none */
    uint64_t next_seq, written_seq, durable_seq;
    uint32_t next_connection;
    uint64_t bytes; /* of the tapes before this one */
    uint8_t id[16];

    struct disk_guard guard;
    bool guarded;
    bool full; /* takes nothing: the guard says so */
    int64_t look_ns;

    unsigned tries; /* of going on, since it last worked */
    int64_t retry_ns;
    int64_t now_ns;
    bool given_up;
    char first_why[ERR_TEXT_MAX]; /* what interrupted it */
    char why[ERR_TEXT_MAX];       /* what keeps it interrupted */
};

/* ---- what the tape says -----------------------------------------------------------------------
 */

static void copy_state(struct tape_keeper *keeper)
{
    keeper->next_seq = tape_writer_next_seq(keeper->tape);
    keeper->written_seq = tape_writer_written_seq(keeper->tape);
    keeper->durable_seq = tape_writer_durable_seq(keeper->tape);
    keeper->next_connection = tape_writer_next_connection(keeper->tape);
}

static void release_durable(struct tape_keeper *keeper)
{
    uint64_t durable = tape_writer_durable_seq(keeper->tape);
    if (durable == keeper->durable_seq)
        return;
    keeper->durable_seq = durable;
    record_store_release(keeper->store, durable);
}

/* ---- failing and going on ---------------------------------------------------------------------
 */

static int64_t wait_after(unsigned tries)
{
    int64_t wait_ns = tries == 0 ? 0 : NS_PER_S << (tries > 6 ? 6 : tries - 1);
    return wait_ns < KEEPER_WAIT_MAX_NS ? wait_ns : KEEPER_WAIT_MAX_NS;
}

/* The tape failed with the thread's text. */
static void interrupt(struct tape_keeper *keeper, enum err err)
{
    snprintf(keeper->why, sizeof keeper->why, "%s", err_text(err));
    memcpy(keeper->first_why, keeper->why, sizeof keeper->why);
    copy_state(keeper);
    record_store_release(keeper->store, keeper->durable_seq);
    keeper->bytes += tape_writer_bytes(keeper->tape);
    keeper->given_up = !tape_writer_can_go_on(keeper->tape);
    tape_writer_abandon(keeper->tape);
    keeper->tape = NULL;
    keeper->retry_ns = keeper->now_ns + wait_after(keeper->tries);
    if (keeper->tries == 0)
        log_warn(
            "tape '%s' is interrupted, and gone on with as soon as the disk lets it; nothing is "
            "lost yet (%.*s)",
            keeper->path, (int)strcspn(keeper->why, ";"), keeper->why);
}

static enum err append_again(struct record *record, void *arg)
{
    struct tape_keeper *keeper = arg;
    uint64_t seq = record->seq;
    enum err err = tape_writer_append(keeper->tape, record);
    if (!err && record->seq != seq)
        err = err_fail(ERR_DAMAGED, "record %" PRIu64 " became %" PRIu64, seq, record->seq);
    return err;
}

static enum err open_tape(struct tape_keeper *keeper)
{
    struct tape_writer_options *options = &keeper->options.tape;
    if (keeper->sync)
        options->syncer = sync_thread_syncer(keeper->sync);
    options->random[2] += UINT64_C(0x9E3779B97F4A7C15); /* other salts */
    return tape_writer_open(&keeper->tape, keeper->options.io, keeper->path, options);
}

static enum err write_again(struct tape_keeper *keeper)
{
    uint64_t next = tape_writer_next_seq(keeper->tape);
    uint64_t first = record_store_first(keeper->store), last = record_store_last(keeper->store);
    if (first == 0 ? next != keeper->next_seq : next < first || next > last + 1)
        return err_fail(ERR_DAMAGED,
                        "tape '%s' has other records than before; see 'rewick tape verify'",
                        keeper->path);
    enum err err = tape_writer_work(keeper->tape, keeper->now_ns);
    err = err ? err : record_store_each(keeper->store, next, append_again, keeper);
    return err ? err : tape_writer_sync(keeper->tape);
}

static void go_on(struct tape_keeper *keeper)
{
    enum err err = open_tape(keeper);
    if (!err) {
        err = write_again(keeper);
        keeper->given_up = keeper->given_up || (err && !tape_writer_can_go_on(keeper->tape));
    }
    if (err) {
        snprintf(keeper->why, sizeof keeper->why, "%s", err_text(err));
        tape_writer_abandon(keeper->tape);
        keeper->tape = NULL;
        keeper->tries++;
        keeper->given_up = keeper->given_up || err == ERR_DAMAGED || err == ERR_LOCKED;
        keeper->retry_ns = keeper->now_ns + wait_after(keeper->tries);
        return;
    }
    keeper->tries = 0;
    copy_state(keeper);
    record_store_release(keeper->store, keeper->durable_seq);
    log_info("tape '%s' goes on in a new segment; nothing was lost", keeper->path);
}

static bool no_room(const struct tape_keeper *keeper)
{
    return strstr(keeper->why, "no space left on device") != NULL;
}

static enum err give_up(const struct tape_keeper *keeper)
{
    return err_fail(no_room(keeper) ? ERR_NOSPACE : ERR_IO, "%s", keeper->first_why);
}

/* ---- space ------------------------------------------------------------------------------------
 */

static void tell_disk(struct tape_keeper *keeper, enum disk_state before, uint64_t free_bytes)
{
    enum disk_state now = keeper->guard.state;
    if (now == before)
        return;
    if (now == DISK_FULL)
        log_error("the disk of tape '%s' is nearly full (%" PRIu64 " MiB left): nothing more is "
                  "written until there is room; what comes is kept as long as memory allows, then "
                  "counted as lost",
                  keeper->path, free_bytes >> 20);
    else if (before == DISK_FULL)
        log_info("there is room on the disk again: tape '%s' goes on", keeper->path);
    else if (now == DISK_LOW)
        log_warn("the disk of tape '%s' is full in %" PRId64 " min at the rate of late; free space",
                 keeper->path, keeper->guard.left_ns / (60 * NS_PER_S));
}

static void look_at_disk(struct tape_keeper *keeper)
{
    uint64_t free_bytes, total_bytes;
    if (!keeper->options.space || keeper->now_ns < keeper->look_ns ||
        !keeper->options.space(keeper->options.arg, &free_bytes, &total_bytes))
        return;
    keeper->look_ns = keeper->now_ns + KEEPER_LOOK_NS;
    if (!keeper->guarded)
        disk_guard_init(&keeper->guard, keeper->options.tape.segment_bytes, total_bytes);
    keeper->guarded = true;
    enum disk_state before = keeper->guard.state;
    disk_guard_look(&keeper->guard, free_bytes, tape_keeper_bytes(keeper), keeper->now_ns);
    keeper->full = keeper->guard.state == DISK_FULL;
    tell_disk(keeper, before, free_bytes);
}

/* ---- work -------------------------------------------------------------------------------------
 */

enum err tape_keeper_append(struct tape_keeper *keeper, struct record *record)
{
    if (!keeper->tape || keeper->full || !record_store_has_room(keeper->store, record))
        return ERR_STOP;
    enum err err = tape_writer_append(keeper->tape, record);
    if (err == ERR_LIMIT || err == ERR_RANGE)
        return err; /* of the record, not of the tape */
    if (err) {
        interrupt(keeper, err);
        return ERR_STOP;
    }
    keeper->options.tape.wall_ns = record->wall_ns; /* for the tape after the next interruption */
    return record_store_add(keeper->store, record);
}

void tape_keeper_flush(struct tape_keeper *keeper)
{
    enum err err = keeper->tape ? tape_writer_flush(keeper->tape) : ERR_OK;
    if (err)
        interrupt(keeper, err);
}

enum err tape_keeper_work(struct tape_keeper *keeper, int64_t mono_ns)
{
    keeper->now_ns = mono_ns;
    look_at_disk(keeper);
    if (keeper->tape) {
        enum err err = tape_writer_work(keeper->tape, mono_ns);
        if (err)
            interrupt(keeper, err);
        else
            release_durable(keeper);
    }
    if (keeper->tape)
        return ERR_OK;
    if (keeper->given_up || (keeper->tries >= KEEPER_TRIES_MAX && !no_room(keeper)))
        return give_up(keeper);
    if (!keeper->full && mono_ns >= keeper->retry_ns)
        go_on(keeper);
    return ERR_OK;
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void free_keeper(struct tape_keeper *keeper)
{
    tape_writer_abandon(keeper->tape);
    sync_thread_stop(keeper->sync);
    record_store_free(keeper->store);
    free(keeper->path);
    free(keeper);
}

enum err tape_keeper_open(struct tape_keeper **out, const struct tape_keeper_options *options)
{
    struct tape_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper || !(keeper->path = strdup(options->path))) {
        free(keeper);
        return err_fail(ERR_NOMEM, "out of memory for the tape");
    }
    keeper->options = *options;
    enum err err = record_store_new(&keeper->store, KEEPER_STORE_BYTES);
    if (!err && !options->tape.syncer)
        err = sync_thread_start(&keeper->sync);
    err = err ? err : open_tape(keeper);
    if (err) {
        free_keeper(keeper);
        return err;
    }
    copy_state(keeper);
    memcpy(keeper->id, tape_writer_id(keeper->tape), sizeof keeper->id);
    *out = keeper;
    return ERR_OK;
}

/* All that is open becomes durable before the end is written, while it can still be written again
 * when the disk fails. */
static enum err end_tape(struct tape_keeper *keeper)
{
    enum err err = tape_writer_sync(keeper->tape);
    if (err) {
        interrupt(keeper, err);
        return give_up(keeper);
    }
    copy_state(keeper);
    record_store_release(keeper->store, keeper->durable_seq);
    err = tape_writer_close(keeper->tape);
    keeper->tape = NULL;
    return err;
}

enum err tape_keeper_close(struct tape_keeper *keeper)
{
    if (!keeper)
        return ERR_OK;
    enum err err = ERR_IO;
    for (int tries = 0; err && tries < CLOSE_TRIES_MAX; tries++) {
        if (!keeper->tape && !keeper->given_up)
            go_on(keeper);
        err = keeper->tape ? end_tape(keeper) : give_up(keeper);
    }
    free_keeper(keeper);
    return err;
}

/* ---- looking ----------------------------------------------------------------------------------
 */

uint64_t tape_keeper_next_seq(const struct tape_keeper *keeper)
{
    return keeper->tape ? tape_writer_next_seq(keeper->tape) : keeper->next_seq;
}

uint64_t tape_keeper_written_seq(const struct tape_keeper *keeper)
{
    return keeper->tape ? tape_writer_written_seq(keeper->tape) : keeper->written_seq;
}

uint64_t tape_keeper_durable_seq(const struct tape_keeper *keeper)
{
    return keeper->durable_seq;
}

uint32_t tape_keeper_next_connection(const struct tape_keeper *keeper)
{
    return keeper->tape ? tape_writer_next_connection(keeper->tape) : keeper->next_connection;
}

uint64_t tape_keeper_bytes(const struct tape_keeper *keeper)
{
    return keeper->bytes + (keeper->tape ? tape_writer_bytes(keeper->tape) : 0);
}

const uint8_t *tape_keeper_id(const struct tape_keeper *keeper)
{
    return keeper->id;
}

void tape_keeper_state(const struct tape_keeper *keeper, struct tape_keeper_state *out)
{
    *out = (struct tape_keeper_state){
        .interrupted = !keeper->tape || keeper->full,
        .disk = keeper->guard.state,
        .disk_left_ns = keeper->guarded ? keeper->guard.left_ns : INT64_MAX,
        .why = keeper->full   ? "the disk is full"
               : keeper->tape ? ""
                              : keeper->why,
    };
}
