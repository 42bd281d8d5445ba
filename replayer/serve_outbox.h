/*
 * serve_outbox: frames on their way to one client, first in, first out, with a ceiling in bytes. A
 * client that reads more slowly than its frames fall due fills it; what happens then is the owner's
 * affair. Not thread safe.
 */
#ifndef REWICK_REPLAYER_SERVE_OUTBOX_H
#define REWICK_REPLAYER_SERVE_OUTBOX_H

#include "engine/base/buf.h"

#include <stdbool.h>

struct serve_outbox {
    struct buf bytes; /* u32 size, u8 binary, data; again and again */
    size_t head;      /* where the first frame begins */
};

void serve_outbox_init(struct serve_outbox *outbox, size_t size_max);
void serve_outbox_release(struct serve_outbox *outbox);

/* ERR_LIMIT when it does not fit; nothing changes then. */
enum err serve_outbox_push(struct serve_outbox *outbox, const void *data, size_t size,
                           bool binary) ERR_MUST_CHECK;
/* The first frame, valid until the next push; false when there is none. */
bool serve_outbox_first(const struct serve_outbox *outbox, const uint8_t **out_data,
                        size_t *out_size, bool *out_binary);
void serve_outbox_pop(struct serve_outbox *outbox);
/* Bytes waiting, headers included. */
size_t serve_outbox_bytes(const struct serve_outbox *outbox);

#endif
