/*
 * connection_record: the JSON texts of RECORD_CONNECTION (recorder/conductor.h has the list). Each
 * replaces what `out` holds. Pure.
 */
#ifndef REWICK_RECORDER_CONNECTION_RECORD_H
#define REWICK_RECORDER_CONNECTION_RECORD_H

#include "recorder/shard.h"

/* Subscriptions one after the other; borrowed. */
struct item_span {
    const struct shard_item *items;
    size_t count;
};

struct connection_open {
    const char *url;
    uint32_t link;
    uint32_t replaces; /* 0: none */
    struct item_span wanted;
};

enum err connection_record_open(struct buf *out, const struct connection_open *open) ERR_MUST_CHECK;
enum err connection_record_change(struct buf *out, struct item_span add,
                                  struct item_span leave) ERR_MUST_CHECK;
enum err connection_record_close(struct buf *out, const char *reason, bool planned) ERR_MUST_CHECK;
enum err connection_record_error(struct buf *out, const char *reason) ERR_MUST_CHECK;
enum err connection_record_clock(struct buf *out, int64_t step_ns) ERR_MUST_CHECK;

/* The first channel of `items` at or behind *at; moves *at on; NULL when there are no more. For
 * going through a span channel by channel: each is given once. */
const struct venue_channel *item_span_channel(struct item_span items, size_t *at);

#endif
