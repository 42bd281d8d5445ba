#include "engine/sink/candle_hub.h"

#include "engine/base/clock.h"
#include "engine/sink/candle_message.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH_MAX 512

_Static_assert((HUB_EVENTS_MAX & (HUB_EVENTS_MAX - 1)) == 0, "a power of two");

struct candle_hub {
    /* The queue: one producer, one consumer. */
    struct candle_event *events[HUB_EVENTS_MAX];
    _Atomic uint64_t head, tail; /* next to take; next to fill */
    _Atomic uint64_t bytes;
    atomic_bool overrun;

    /* put() raises `announced`, looks whether anybody has joined, queues the update, and raises
     * `pushed`. Joining counts the listener and then reads `announced`. One of the two sees the
     * other: an update is either queued for the listener or not above its number. */
    _Atomic uint64_t announced, pushed, handled;
    atomic_uint member_total, member_forming;

    sem_t wake;
    atomic_bool asleep, poked, stopping;
    pthread_t thread;

    pthread_mutex_t lock;
    bool closed;
    size_t member_count;
    struct candle_listener *members[HUB_LISTENERS_MAX];
};

static void *fan_out(void *arg);

enum err candle_hub_open(struct candle_hub **out)
{
    *out = NULL;
    struct candle_hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL)
        return err_fail(ERR_NOMEM, "no memory for the queue of candle updates");
    pthread_mutex_init(&hub->lock, NULL);
    sem_init(&hub->wake, 0, 0);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&hub->thread, NULL, fan_out, hub);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        candle_hub_close(hub);
        return err_fail(ERR_NOMEM,
                        "cannot start a thread; raise the limit of processes (ulimit -u)");
    }
    *out = hub;
    return ERR_OK;
}

void candle_hub_close(struct candle_hub *hub)
{
    if (hub == NULL)
        return;
    sem_destroy(&hub->wake);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

/* ---- events -----------------------------------------------------------------------------------
 */

static struct candle_event *new_event(const struct candle *candle)
{
    struct candle_event *event = malloc(sizeof *event);
    if (event == NULL)
        return NULL;
    atomic_init(&event->refs, 1);
    event->number = candle->update;
    event->packed = candle_message_update(candle, candle->update);
    event->candle = *candle;
    snprintf(event->venue, sizeof event->venue, "%s", candle->venue);
    snprintf(event->instrument, sizeof event->instrument, "%s", candle->instrument);
    event->candle.venue = event->venue;
    event->candle.instrument = event->instrument;
    event->candle.channel = event->candle.symbol = "";
    event->candle.tape = NULL;
    event->candle.identity = NULL;
    event->candle.latency_values = NULL;
    event->candle.contributions = NULL;
    event->candle.contribution_count = 0;
    return event;
}

struct candle_event *candle_event_ref(struct candle_event *event)
{
    atomic_fetch_add(&event->refs, 1);
    return event;
}

void candle_event_unref(struct candle_event *event)
{
    if (atomic_fetch_sub(&event->refs, 1) != 1)
        return;
    grpc_slice_unref(event->packed);
    free(event);
}

static uint64_t event_bytes(const struct candle_event *event)
{
    return sizeof *event + GRPC_SLICE_LENGTH(event->packed);
}

/* ---- the engine's thread ----------------------------------------------------------------------
 */

static void wake(struct candle_hub *hub)
{
    if (atomic_load(&hub->asleep) && atomic_exchange(&hub->asleep, false))
        sem_post(&hub->wake);
}

static bool push(struct candle_hub *hub, const struct candle *candle)
{
    uint64_t tail = atomic_load(&hub->tail);
    if (tail - atomic_load(&hub->head) == HUB_EVENTS_MAX ||
        atomic_load(&hub->bytes) > HUB_BYTES_MAX)
        return false;
    struct candle_event *event = new_event(candle);
    if (event == NULL)
        return false;
    atomic_fetch_add(&hub->bytes, event_bytes(event));
    hub->events[tail % HUB_EVENTS_MAX] = event;
    atomic_store(&hub->tail, tail + 1);
    return true;
}

void candle_hub_put(struct candle_hub *hub, const struct candle *candle)
{
    atomic_store(&hub->announced, candle->update);
    bool forming = candle->state == CANDLE_FORMING;
    if (atomic_load(forming ? &hub->member_forming : &hub->member_total) > 0) {
        /* After a loss nothing more is queued until everybody who would miss it has been ended. */
        if (!atomic_load(&hub->overrun) && !push(hub, candle))
            atomic_store(&hub->overrun, true);
        wake(hub);
    }
    atomic_store(&hub->pushed, candle->update);
}

/* ---- members ----------------------------------------------------------------------------------
 */

enum hub_join candle_hub_join(struct candle_hub *hub, struct candle_listener *listener)
{
    enum hub_join result = HUB_JOINED;
    pthread_mutex_lock(&hub->lock);
    if (hub->closed) {
        result = HUB_CLOSED;
    } else if (hub->member_count == HUB_LISTENERS_MAX) {
        result = HUB_FULL;
    } else {
        listener->calls->ref(listener);
        listener->is_member = true;
        hub->members[hub->member_count++] = listener;
        atomic_fetch_add(&hub->member_total, 1);
        atomic_fetch_add(&hub->member_forming, listener->forming ? 1 : 0);
        listener->joined = atomic_load(&hub->announced);
    }
    pthread_mutex_unlock(&hub->lock);
    if (result == HUB_JOINED)
        wake(hub); /* ticks are due from now on */
    return result;
}

void candle_hub_leave(struct candle_hub *hub, struct candle_listener *listener)
{
    pthread_mutex_lock(&hub->lock);
    bool was_member = listener->is_member;
    if (was_member) {
        size_t i = 0;
        while (hub->members[i] != listener)
            i++;
        hub->members[i] = hub->members[--hub->member_count];
        listener->is_member = false;
        atomic_fetch_sub(&hub->member_total, 1);
        atomic_fetch_sub(&hub->member_forming, listener->forming ? 1 : 0);
    }
    pthread_mutex_unlock(&hub->lock);
    if (was_member)
        listener->calls->unref(listener);
}

uint64_t candle_hub_handled(struct candle_hub *hub)
{
    return atomic_load(&hub->handled);
}

void candle_hub_poke(struct candle_hub *hub)
{
    atomic_store(&hub->poked, true);
    wake(hub);
}

/* ---- the fan-out thread -----------------------------------------------------------------------
 */

/* A copy with references, so that listeners can come and go while it is used. */
struct members {
    size_t count;
    struct candle_listener *list[HUB_LISTENERS_MAX];
};

static void members_copy(struct candle_hub *hub, struct members *out, bool close)
{
    pthread_mutex_lock(&hub->lock);
    hub->closed = hub->closed || close;
    out->count = hub->member_count;
    for (size_t i = 0; i < out->count; i++) {
        out->list[i] = hub->members[i];
        out->list[i]->calls->ref(out->list[i]);
    }
    pthread_mutex_unlock(&hub->lock);
}

static void members_release(struct members *members)
{
    for (size_t i = 0; i < members->count; i++)
        members->list[i]->calls->unref(members->list[i]);
}

static void members_end(struct members *members, enum hub_end why)
{
    for (size_t i = 0; i < members->count; i++)
        members->list[i]->calls->end(members->list[i], why);
}

static size_t take_batch(struct candle_hub *hub, struct candle_event *batch[BATCH_MAX])
{
    uint64_t head = atomic_load(&hub->head);
    uint64_t waiting = atomic_load(&hub->tail) - head;
    size_t count = waiting < BATCH_MAX ? (size_t)waiting : BATCH_MAX;
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        batch[i] = hub->events[(head + i) % HUB_EVENTS_MAX];
        bytes += event_bytes(batch[i]);
    }
    atomic_fetch_sub(&hub->bytes, bytes);
    atomic_store(&hub->head, head + count);
    return count;
}

static void give(struct candle_listener *listener, struct candle_event *const *batch, size_t count)
{
    bool given = false;
    for (size_t i = 0; i < count; i++) {
        if (batch[i]->number <= listener->joined)
            continue;
        if (batch[i]->candle.state == CANDLE_FORMING && !listener->forming)
            continue;
        listener->calls->update(listener, batch[i]);
        given = true;
    }
    if (given)
        listener->calls->flush(listener);
}

/* Hands out one batch. False: there was none. */
static bool hand_out(struct candle_hub *hub)
{
    struct candle_event *batch[BATCH_MAX];
    uint64_t pushed =
        atomic_load(&hub->pushed); /* what stands below it is queued, or nobody wanted it */
    size_t count = take_batch(hub, batch);
    if (count > 0) {
        /* After the batch was taken: whoever joins later joins above its numbers. */
        struct members members;
        members_copy(hub, &members, false);
        for (size_t i = 0; i < members.count; i++)
            give(members.list[i], batch, count);
        members_release(&members);
        if (count == BATCH_MAX || pushed < batch[count - 1]->number)
            pushed = batch[count - 1]->number;
        for (size_t i = 0; i < count; i++)
            candle_event_unref(batch[i]);
    }
    atomic_store(&hub->handled, pushed);
    return count > 0;
}

static void end_after_overrun(struct candle_hub *hub)
{
    if (!atomic_exchange(&hub->overrun, false))
        return;
    struct members members;
    members_copy(hub, &members, false);
    members_end(&members, HUB_OVERRUN);
    members_release(&members);
}

static void tick(struct candle_hub *hub, int64_t now_ns)
{
    struct members members;
    members_copy(hub, &members, false);
    for (size_t i = 0; i < members.count; i++)
        members.list[i]->calls->tick(members.list[i], now_ns);
    members_release(&members);
}

static bool has_work(struct candle_hub *hub)
{
    return atomic_load(&hub->head) != atomic_load(&hub->tail) || atomic_load(&hub->overrun) ||
           atomic_load(&hub->stopping) || atomic_exchange(&hub->poked, false);
}

static void sleep_until_work(struct candle_hub *hub, int64_t tick_ns)
{
    atomic_store(&hub->asleep, true);
    if (!has_work(hub)) {
        struct timespec until = {.tv_sec = tick_ns / 1000000000, .tv_nsec = tick_ns % 1000000000};
        if (atomic_load(&hub->member_total) > 0)
            sem_clockwait(&hub->wake, CLOCK_MONOTONIC, &until);
        else
            sem_wait(&hub->wake);
    }
    atomic_store(&hub->asleep, false);
}

static void *fan_out(void *arg)
{
    struct candle_hub *hub = arg;
    int64_t tick_ns = clock_mono_ns();
    while (!atomic_load(&hub->stopping)) {
        bool busy = hand_out(hub);
        end_after_overrun(hub);
        int64_t now_ns = clock_mono_ns();
        if (now_ns >= tick_ns) {
            tick(hub, now_ns);
            tick_ns = now_ns + HUB_TICK_NS;
        }
        if (!busy)
            sleep_until_work(hub, tick_ns);
    }
    while (hand_out(hub))
        ;
    end_after_overrun(hub);
    struct members members;
    members_copy(hub, &members, true);
    members_end(&members, HUB_STOPPING);
    members_release(&members);
    return NULL;
}

void candle_hub_stop(struct candle_hub *hub)
{
    atomic_store(&hub->stopping, true);
    sem_post(&hub->wake);
    pthread_join(hub->thread, NULL);
}
