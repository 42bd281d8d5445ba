/*
 * wire_set: all wires of a recorder by connection number: those that live, and those that have
 * ended but whose last gap is still to be told. Owns them. One thread.
 */
#ifndef REWICK_RECORDER_WIRE_SET_H
#define REWICK_RECORDER_WIRE_SET_H

#include "recorder/wire.h"

#define WIRE_SET_MAX 4096 /* a power of two */

struct wire_set {
    uint32_t next_connection;
    size_t count;
    struct wire *wires[WIRE_SET_MAX];   /* owned; the first `count`, in no order */
    struct wire *by_slot[WIRE_SET_MAX]; /* the same, by the low bits of the number */
};

void wire_set_init(struct wire_set *set, uint32_t first_connection);
void wire_set_release(struct wire_set *set);

/* With the next number whose place is free. ERR_LIMIT with text: there are WIRE_SET_MAX. */
enum err wire_set_add(struct wire_set *set, const struct venue *venue, const struct ws_url *url,
                      struct wire **out) ERR_MUST_CHECK;
/* NULL when there is none. */
struct wire *wire_set_find(const struct wire_set *set, uint32_t connection);
/* One that has not ended. */
struct wire *wire_set_living(const struct wire_set *set, uint32_t connection);

/* Puts the gaps that are due on the tape; true when none is left. */
bool wire_set_tell(struct wire_set *set, struct wire_world *world, struct stamp now);
/* Frees those that have ended and have nothing to tell. */
void wire_set_reap(struct wire_set *set, struct wire_world *world, struct stamp now);

#endif
