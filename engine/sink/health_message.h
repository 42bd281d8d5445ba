/*
 * health_message: a round of health reports as the protobuf messages of rewick.v1.Health.
 */
#ifndef REWICK_ENGINE_SINK_HEALTH_MESSAGE_H
#define REWICK_ENGINE_SINK_HEALTH_MESSAGE_H

#include "engine/sink/health_board.h"

#include "rewick/v1/health.pb-c.h"

/* Which venues; empty: all. Borrowed. */
struct health_wish {
    size_t count;
    char *const *venues;
};

/* Zeroed: none. */
struct health_message {
    size_t count;
    Rewick__V1__VenueHealth **venues; /* borrow the round */
    void *memory;                     /* owned: all of it */
};

/* `round` may be NULL: no venues. It must outlive the message. ERR_NOMEM. */
enum err health_message_make(struct health_message *out, const struct health_round *round,
                             struct health_wish wish) ERR_MUST_CHECK;
void health_message_release(struct health_message *message);

#endif
