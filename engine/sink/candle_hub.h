/*
 * candle_hub: carries candle updates from the engine's thread to the listeners that have joined.
 *
 *     engine's thread: candle_hub_put() -> bounded queue -> fan-out thread -> update(), flush() of
 * each listener
 *
 * put() never waits. It packs the candle once, and only when somebody who wants it has joined; else
 * it costs two atomic operations. When the queue is full (HUB_EVENTS_MAX updates, HUB_BYTES_MAX
 * bytes: the fan-out thread is that far behind), the update is dropped and every listener that has
 * joined is ended with HUB_OVERRUN: nobody sees a stream with a hole in it.
 *
 * Joining. A listener that joins at update M (listener.joined) is given every update with a higher
 * number that it wants, in order, until it leaves or is ended.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_HUB_H
#define REWICK_ENGINE_SINK_CANDLE_HUB_H

#include "engine/candle/candle.h"
#include "engine/tape/record.h"

#include <grpc/slice.h>
#include <stdatomic.h>

#define HUB_EVENTS_MAX    65536 /* a power of two */
#define HUB_BYTES_MAX     (64 * 1024 * 1024)
#define HUB_LISTENERS_MAX 256 /* joined at once */
#define HUB_TICK_NS       (INT64_C(1000) * 1000000)

struct candle_hub;

/* One update, shared by all that wait for it. */
struct candle_event {
    atomic_uint refs;
    uint64_t number;
    grpc_slice packed;    /* one StreamCandlesResponse.updates */
    struct candle candle; /* identity, state and update only; the strings are those below */
    char venue[RECORD_VENUE_MAX];
    char instrument[INSTRUMENT_MAX];
};

struct candle_event *candle_event_ref(struct candle_event *event);
void candle_event_unref(struct candle_event *event);

enum hub_end {
    HUB_OVERRUN,  /* updates were lost before they reached the listener */
    HUB_STOPPING, /* the hub is closing; all updates were given */
};

struct candle_listener;

/* Called by the fan-out thread, one at a time; they must not block. A call may still come while
 * leaving runs on another thread, so a listener is reference counted. */
struct candle_listener_calls {
    void (*update)(struct candle_listener *listener,
                   struct candle_event *event);      /* refs the event to keep it */
    void (*flush)(struct candle_listener *listener); /* after some updates: send them now */
    void (*end)(struct candle_listener *listener, enum hub_end why);
    void (*tick)(struct candle_listener *listener, int64_t now_ns); /* about once in HUB_TICK_NS */
    void (*ref)(struct candle_listener *listener);
    void (*unref)(struct candle_listener *listener);
};

struct candle_listener {
    const struct candle_listener_calls *calls;
    bool forming;    /* wants forming candles */
    uint64_t joined; /* set on joining: the last update before it */
    bool is_member;  /* the hub's */
};

enum err candle_hub_open(struct candle_hub **out) ERR_MUST_CHECK;
/* Gives out what is queued, ends all listeners with HUB_STOPPING, and stops the thread. */
void candle_hub_stop(struct candle_hub *hub);
/* After stop, when all listeners have left; accepts NULL. */
void candle_hub_close(struct candle_hub *hub);

/* One thread only, until stop. Numbers (candle.update) must grow. */
void candle_hub_put(struct candle_hub *hub, const struct candle *candle);

enum hub_join { HUB_JOINED, HUB_FULL, HUB_CLOSED };
/* Any thread. The hub holds a reference until the listener leaves. */
enum hub_join candle_hub_join(struct candle_hub *hub, struct candle_listener *listener);
void candle_hub_leave(struct candle_hub *hub,
                      struct candle_listener *listener); /* does nothing a second time */

/* All updates up to this number were given to whoever wanted them. poke() makes the thread look. */
uint64_t candle_hub_handled(struct candle_hub *hub);
void candle_hub_poke(struct candle_hub *hub);

#endif
