/* The hub with listeners of its own; what gRPC clients see of it is in tests/e2e/test_grpc.py. */
#include "engine/sink/candle_hub.h"

#include "tests/unit/fake_store.h"

#include <semaphore.h>

struct listener {
    struct candle_listener base;
    atomic_uint refs;
    atomic_bool blocked; /* update() waits for `go` */
    sem_t go;
    _Atomic uint64_t last, count, gaps;
    atomic_uint flushes;
    atomic_int ended; /* 1 + why */
};

static void on_update(struct candle_listener *base, struct candle_event *event)
{
    struct listener *listener = (struct listener *)base;
    if (atomic_load(&listener->blocked))
        sem_wait(&listener->go);
    uint64_t last = atomic_exchange(&listener->last, event->number);
    atomic_fetch_add(&listener->gaps, last != 0 && event->number != last + 1 ? 1 : 0);
    atomic_fetch_add(&listener->count, 1);
}

static void on_flush(struct candle_listener *base)
{
    atomic_fetch_add(&((struct listener *)base)->flushes, 1);
}

static void on_end(struct candle_listener *base, enum hub_end why)
{
    atomic_store(&((struct listener *)base)->ended, 1 + (int)why);
}

static void on_tick(struct candle_listener *base, int64_t now_ns)
{
    (void)base, (void)now_ns;
}

static void on_ref(struct candle_listener *base)
{
    atomic_fetch_add(&((struct listener *)base)->refs, 1);
}

static void on_unref(struct candle_listener *base)
{
    atomic_fetch_sub(&((struct listener *)base)->refs, 1);
}

static const struct candle_listener_calls calls = {on_update, on_flush, on_end,
                                                   on_tick,   on_ref,   on_unref};

static void listener_init(struct listener *listener, bool forming)
{
    memset(listener, 0, sizeof *listener);
    listener->base.calls = &calls;
    listener->base.forming = forming;
    sem_init(&listener->go, 0, 0);
}

static void put(struct candle_hub *hub, uint64_t number, enum candle_state state)
{
    struct candle candle =
        fake_candle(&fake.series[0], number % 100, (struct fake_row){number, 0, state});
    candle_hub_put(hub, &candle);
}

static void wait_handled(struct candle_hub *hub, uint64_t number)
{
    for (int i = 0; i < 10000 && candle_hub_handled(hub) < number; i++) {
        candle_hub_poke(hub);
        usleep(1000);
    }
    assert_true(candle_hub_handled(hub) >= number);
}

static int setup(void **state)
{
    fake_init(1);
    return candle_hub_open((struct candle_hub **)state) == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    candle_hub_close(*state);
    fake_release();
    return 0;
}

static void listeners_get_what_comes_after_they_joined(void **state)
{
    struct candle_hub *hub = *state;
    struct listener all, closed;
    listener_init(&all, true);
    listener_init(&closed, false);
    for (uint64_t n = 1; n <= 10; n++)
        put(hub, n, CANDLE_CLOSED);
    assert_int_equal(candle_hub_join(hub, &all.base), HUB_JOINED);
    assert_int_equal(all.base.joined, 10);
    assert_int_equal(candle_hub_join(hub, &closed.base), HUB_JOINED);
    for (uint64_t n = 11; n <= 1010; n++)
        put(hub, n, n % 4 == 0 ? CANDLE_CLOSED : CANDLE_FORMING);
    wait_handled(hub, 1010);
    assert_int_equal(all.count, 1000);
    assert_int_equal(all.gaps, 0);
    assert_int_equal(all.last, 1010);
    assert_int_equal(closed.count, 250);
    assert_true(all.flushes > 0);
    candle_hub_leave(hub, &all.base);
    candle_hub_leave(hub, &all.base);
    put(hub, 1011, CANDLE_CLOSED);
    wait_handled(hub, 1011);
    assert_int_equal(all.count, 1000);
    assert_int_equal(closed.count, 251);
    assert_int_equal(all.refs, 0);
    candle_hub_stop(hub);
    assert_int_equal(closed.ended, 1 + HUB_STOPPING);
    candle_hub_leave(hub, &closed.base);
    assert_int_equal(closed.refs, 0);
}

/* Nobody asked for forming candles: they are not queued, and yet they count as handled. */
static void what_nobody_wants_is_handled(void **state)
{
    struct candle_hub *hub = *state;
    struct listener closed;
    listener_init(&closed, false);
    assert_int_equal(candle_hub_join(hub, &closed.base), HUB_JOINED);
    for (uint64_t n = 1; n <= 3 * HUB_EVENTS_MAX; n++)
        put(hub, n, CANDLE_FORMING);
    wait_handled(hub, 3 * HUB_EVENTS_MAX);
    assert_int_equal(closed.count, 0);
    assert_int_equal(closed.ended, 0);
    candle_hub_stop(hub);
    candle_hub_leave(hub, &closed.base);
}

/* put() goes on at once, whoever joined is told, and what they got before has no hole. */
static void an_overrun_ends_all_listeners(void **state)
{
    struct candle_hub *hub = *state;
    struct listener stuck, other, later;
    listener_init(&stuck, true);
    listener_init(&other, true);
    listener_init(&later, true);
    stuck.blocked = true;
    assert_int_equal(candle_hub_join(hub, &stuck.base), HUB_JOINED);
    assert_int_equal(candle_hub_join(hub, &other.base), HUB_JOINED);
    uint64_t n = 0;
    while (n < 2 * HUB_EVENTS_MAX)
        put(hub, ++n, CANDLE_CLOSED);
    stuck.blocked = false;
    sem_post(&stuck.go);
    for (int i = 0; i < 10000 && other.ended == 0; i++)
        usleep(1000);
    assert_int_equal(stuck.ended, 1 + HUB_OVERRUN);
    assert_int_equal(other.ended, 1 + HUB_OVERRUN);
    assert_int_equal(other.gaps, 0);
    assert_true(other.last < n);
    candle_hub_leave(hub, &stuck.base);
    candle_hub_leave(hub, &other.base);
    /* The hub goes on for those who come now. */
    assert_int_equal(candle_hub_join(hub, &later.base), HUB_JOINED);
    put(hub, ++n, CANDLE_CLOSED);
    wait_handled(hub, n);
    assert_int_equal(later.count, 1);
    assert_int_equal(later.ended, 0);
    candle_hub_stop(hub);
    candle_hub_leave(hub, &later.base);
}

static void stopping_gives_out_everything_first(void **state)
{
    struct candle_hub *hub = *state;
    struct listener listener, late;
    listener_init(&listener, true);
    listener_init(&late, true);
    assert_int_equal(candle_hub_join(hub, &listener.base), HUB_JOINED);
    for (uint64_t n = 1; n <= 20000; n++)
        put(hub, n, CANDLE_CLOSED);
    candle_hub_stop(hub);
    assert_int_equal(listener.count, 20000);
    assert_int_equal(listener.gaps, 0);
    assert_int_equal(listener.ended, 1 + HUB_STOPPING);
    assert_int_equal(candle_hub_join(hub, &late.base), HUB_CLOSED);
    assert_int_equal(late.refs, 0);
    candle_hub_leave(hub, &listener.base);
}

static void listeners_are_limited(void **state)
{
    struct candle_hub *hub = *state;
    static struct listener listeners[HUB_LISTENERS_MAX + 1];
    for (size_t i = 0; i <= HUB_LISTENERS_MAX; i++) {
        listener_init(&listeners[i], false);
        assert_int_equal(candle_hub_join(hub, &listeners[i].base),
                         i < HUB_LISTENERS_MAX ? HUB_JOINED : HUB_FULL);
    }
    candle_hub_leave(hub, &listeners[7].base);
    assert_int_equal(candle_hub_join(hub, &listeners[HUB_LISTENERS_MAX].base), HUB_JOINED);
    candle_hub_stop(hub);
    for (size_t i = 0; i <= HUB_LISTENERS_MAX; i++) {
        candle_hub_leave(hub, &listeners[i].base);
        assert_int_equal(listeners[i].refs, 0);
    }
}

struct joiner {
    struct candle_hub *hub;
    atomic_bool *done;
    uint64_t rounds, wrong;
};

/* Joins and leaves at full speed; each stay must begin right behind `joined` and have no gap. */
static void *join_and_leave(void *arg)
{
    struct joiner *joiner = arg;
    while (!atomic_load(joiner->done)) {
        struct listener *listener = calloc(1, sizeof *listener);
        listener_init(listener, true);
        candle_hub_join(joiner->hub, &listener->base);
        uint64_t joined = listener->base.joined;
        usleep(500);
        candle_hub_leave(joiner->hub, &listener->base);
        while (atomic_load(&listener->refs) > 0)
            usleep(10);
        joiner->rounds++;
        uint64_t count = listener->count;
        if (listener->gaps != 0 || (count > 0 && listener->last != joined + count))
            joiner->wrong++;
        free(listener);
    }
    return NULL;
}

static void joining_at_any_moment_misses_nothing(void **state)
{
    struct candle_hub *hub = *state;
    atomic_bool done = false;
    struct joiner joiners[2] = {{.hub = hub, .done = &done}, {.hub = hub, .done = &done}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, join_and_leave, &joiners[i]);
    for (uint64_t n = 1; n <= 200000; n++) {
        put(hub, n, CANDLE_CLOSED);
        if (n % 100 == 0)
            usleep(100);
    }
    atomic_store(&done, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_true(joiners[i].rounds > 10);
        assert_int_equal(joiners[i].wrong, 0);
    }
    candle_hub_stop(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(listeners_get_what_comes_after_they_joined, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_nobody_wants_is_handled, setup, teardown),
        cmocka_unit_test_setup_teardown(an_overrun_ends_all_listeners, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_gives_out_everything_first, setup, teardown),
        cmocka_unit_test_setup_teardown(listeners_are_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(joining_at_any_moment_misses_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
