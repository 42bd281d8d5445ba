/*
 * replay_stream: the records of a tape, read, decompressed and decoded ahead by several threads.
 *
 *     tape_scan -> unit -> [ tape_unit_decode, decoded_fill ] -> batch, in the tape's order
 *                            on every thread there is
 *
 * Whoever has nothing better to do reads the next unit and decodes it. The thread that asks for
 * batches does so too, instead of waiting, so that one thread is enough and two are busy at once.
 * What comes out does not depend on how many there are.
 *
 * At most REPLAY_STREAM_BYTES of units are decoded ahead (one unit is always allowed), whatever the
 * size of the tape. All functions are for one thread, the one that opened it; `wants` is called on
 * others too.
 */
#ifndef REWICK_REPLAYER_REPLAY_STREAM_H
#define REWICK_REPLAYER_REPLAY_STREAM_H

#include "engine/decoded.h"
#include "engine/tape/tape_reader.h"

#define REPLAY_THREADS_MAX  64
#define REPLAY_STREAM_UNITS 32 /* ahead, at most */
#define REPLAY_STREAM_BYTES (8u * 1024 * 1024)

struct replay_stream;

struct replay_stream_options {
    struct tape_reader_options tape; /* each_loss is called by replay_stream_next() */
    unsigned threads;                /* this one included; 0 = as many as there are processors */
    bool decode;                     /* frames too: batches have `decoded` */
    bool rows;                       /* then trades may come as rows, without their payloads */
};

/* Borrowed until the next call. */
struct replay_batch {
    const struct record *records;
    size_t count;
    const struct decoded *decoded; /* NULL unless asked for */
};

enum err replay_stream_open(struct replay_stream **out, const struct io *io, const char *path,
                            const struct replay_stream_options *options) ERR_MUST_CHECK;
void replay_stream_close(struct replay_stream *stream); /* accepts NULL */

/* As tape_reader_next(), a batch of one or more records at a time. */
enum err replay_stream_next(struct replay_stream *stream, struct replay_batch *out) ERR_MUST_CHECK;

/* As of tape_reader.h. The progress is that of the last batch; the others are for after opening
 * (the id) and after ERR_END (all). */
void replay_stream_progress(const struct replay_stream *stream, uint64_t *out_done,
                            uint64_t *out_total);
const uint8_t *replay_stream_id(const struct replay_stream *stream);
const struct tape_loss *replay_stream_tail(const struct replay_stream *stream);

#endif
