#include "tests/unit/fake_transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fake_kind {
    FAKE_OPEN,
    FAKE_FAIL,
    FAKE_MESSAGE, /* to the conductor */
    FAKE_ARRIVED, /* from it */
    FAKE_PING,
    FAKE_LARGE,
    FAKE_SENDABLE,
    FAKE_CLOSED,
    FAKE_ANSWER,
    FAKE_CALL,
};

struct fake_event {
    int64_t at_ns;
    uint64_t order;
    enum fake_kind kind;
    uint32_t number; /* of the connection or fetch */
    int status;
    int64_t retry_after_ns;
    char *text; /* owned */
    void (*call)(struct fake_net *net, uint64_t number, void *arg);
    void *arg;
    uint64_t call_number;
};

enum fake_state { FAKE_UNKNOWN, FAKE_CONNECTING, FAKE_IS_OPEN, FAKE_CLOSING, FAKE_GONE };

struct fake_net {
    int64_t mono_ns, wall_ns;
    uint64_t orders;
    size_t event_count, event_capacity;
    struct fake_event *events; /* a heap, soonest first */
    size_t state_count;
    uint8_t *states; /* by connection number */
    size_t open_count;
    unsigned jam;
    const struct transport_events *to;
    struct fake_peer peer;
    struct transport transport;
};

#define FAKE_LATENCY_NS INT64_C(20000000)

static void fake_demand(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fake_transport: %s\n", what);
    abort();
}

/* ---- events --------------------------------------------------------------------------------- */

static bool fake_sooner(const struct fake_event *a, const struct fake_event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void fake_swap(struct fake_event *a, struct fake_event *b)
{
    struct fake_event kept = *a;
    *a = *b;
    *b = kept;
}

static void fake_push(struct fake_net *net, int64_t delay_ns, struct fake_event event)
{
    if (net->event_count == net->event_capacity) {
        net->event_capacity = net->event_capacity ? net->event_capacity * 2 : 256;
        net->events = realloc(net->events, net->event_capacity * sizeof *net->events);
        fake_demand(net->events != NULL, "out of memory");
    }
    event.at_ns = net->mono_ns + (delay_ns > 0 ? delay_ns : 0);
    event.order = net->orders++;
    size_t i = net->event_count++;
    net->events[i] = event;
    for (; i > 0 && fake_sooner(&net->events[i], &net->events[(i - 1) / 2]); i = (i - 1) / 2)
        fake_swap(&net->events[i], &net->events[(i - 1) / 2]);
}

static struct fake_event fake_pop(struct fake_net *net)
{
    struct fake_event first = net->events[0];
    net->events[0] = net->events[--net->event_count];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < net->event_count; k++)
            if (fake_sooner(&net->events[k], &net->events[least]))
                least = k;
        if (least == i)
            return first;
        fake_swap(&net->events[i], &net->events[least]);
        i = least;
    }
}

static void fake_push_text(struct fake_net *net, int64_t delay_ns, enum fake_kind kind,
                           uint32_t number, const char *text)
{
    struct fake_event event = {.kind = kind, .number = number, .text = strdup(text)};
    fake_demand(event.text != NULL, "out of memory");
    fake_push(net, delay_ns, event);
}

static uint8_t *fake_state(struct fake_net *net, uint32_t connection)
{
    if (connection >= net->state_count) {
        size_t count = (size_t)connection * 2 + 64;
        net->states = realloc(net->states, count);
        fake_demand(net->states != NULL, "out of memory");
        memset(net->states + net->state_count, FAKE_UNKNOWN, count - net->state_count);
        net->state_count = count;
    }
    return &net->states[connection];
}

/* ---- the transport -------------------------------------------------------------------------- */

static enum err fake_connect(void *arg, uint32_t connection, const struct ws_url *url)
{
    struct fake_net *net = arg;
    uint8_t *state = fake_state(net, connection);
    fake_demand(connection > 0 && *state == FAKE_UNKNOWN, "a connection number was used twice");
    *state = FAKE_CONNECTING;
    if (net->peer.connect)
        net->peer.connect(net, connection, url, net->peer.arg);
    else
        fake_net_open(net, connection, FAKE_LATENCY_NS);
    return ERR_OK;
}

static enum err fake_send(void *arg, uint32_t connection, const void *data, size_t size)
{
    struct fake_net *net = arg;
    char *text;
    fake_demand(*fake_state(net, connection) == FAKE_IS_OPEN, "sent on what is not open");
    if (net->jam > 0) {
        net->jam--;
        fake_push(net, 50000000, (struct fake_event){.kind = FAKE_SENDABLE, .number = connection});
        return err_fail(ERR_LIMIT, "the message before is still on its way");
    }
    text = strndup(data, size);
    fake_demand(text != NULL, "out of memory");
    fake_push(net, FAKE_LATENCY_NS,
              (struct fake_event){.kind = FAKE_ARRIVED, .number = connection, .text = text});
    return ERR_OK;
}

static void fake_close(void *arg, uint32_t connection, enum close_way way, const char *reason)
{
    struct fake_net *net = arg;
    uint8_t *state = fake_state(net, connection);
    fake_demand(*state == FAKE_CONNECTING || *state == FAKE_IS_OPEN, "closed what is not there");
    if (*state == FAKE_CONNECTING) {
        fake_push_text(net, 0, FAKE_FAIL, connection, reason);
        return;
    }
    *state = FAKE_CLOSING;
    fake_push_text(net, way == CLOSE_POLITE ? 2 * FAKE_LATENCY_NS : 0, FAKE_CLOSED, connection,
                   reason);
}

static enum err fake_fetch(void *arg, uint32_t fetch, const char *method, const struct ws_url *url,
                           const char *target)
{
    struct fake_net *net = arg;
    if (net->peer.request)
        net->peer.request(net, fetch, method, url, target, net->peer.arg);
    else
        fake_net_answer(net, fetch, FAKE_LATENCY_NS, 0, 0, "no host");
    return ERR_OK;
}

/* ---- life ----------------------------------------------------------------------------------- */

struct fake_net *fake_net_new(int64_t mono_ns, int64_t wall_ns)
{
    struct fake_net *net = calloc(1, sizeof *net);
    fake_demand(net != NULL, "out of memory");
    net->mono_ns = mono_ns;
    net->wall_ns = wall_ns;
    net->transport = (struct transport){fake_connect, fake_send, fake_close, fake_fetch, net};
    return net;
}

void fake_net_free(struct fake_net *net)
{
    for (size_t i = 0; i < net->event_count; i++)
        free(net->events[i].text);
    free(net->events);
    free(net->states);
    free(net);
}

void fake_net_listen(struct fake_net *net, const struct transport_events *events)
{
    net->to = events;
}

void fake_net_set_peer(struct fake_net *net, const struct fake_peer *peer)
{
    net->peer = *peer;
}

const struct transport *fake_net_transport(struct fake_net *net)
{
    return &net->transport;
}

struct stamp fake_net_now(const struct fake_net *net)
{
    return (struct stamp){.wall_ns = net->wall_ns, .mono_ns = net->mono_ns};
}

void fake_net_step(struct fake_net *net, int64_t step_ns)
{
    net->wall_ns += step_ns;
}

void fake_net_jam(struct fake_net *net, unsigned count)
{
    net->jam = count;
}

/* ---- what the far end does ------------------------------------------------------------------ */

void fake_net_open(struct fake_net *net, uint32_t connection, int64_t delay_ns)
{
    fake_push(net, delay_ns, (struct fake_event){.kind = FAKE_OPEN, .number = connection});
}

void fake_net_fail(struct fake_net *net, uint32_t connection, int64_t delay_ns, const char *reason)
{
    fake_push_text(net, delay_ns, FAKE_FAIL, connection, reason);
}

void fake_net_say(struct fake_net *net, uint32_t connection, int64_t delay_ns, const char *text)
{
    fake_push_text(net, delay_ns, FAKE_MESSAGE, connection, text);
}

void fake_net_ping(struct fake_net *net, uint32_t connection, int64_t delay_ns)
{
    fake_push(net, delay_ns, (struct fake_event){.kind = FAKE_PING, .number = connection});
}

void fake_net_too_large(struct fake_net *net, uint32_t connection, int64_t delay_ns)
{
    fake_push(net, delay_ns, (struct fake_event){.kind = FAKE_LARGE, .number = connection});
}

void fake_net_cut(struct fake_net *net, uint32_t connection, int64_t delay_ns, const char *reason)
{
    fake_push_text(net, delay_ns, FAKE_CLOSED, connection, reason);
}

void fake_net_answer(struct fake_net *net, uint32_t fetch, int64_t delay_ns, int status,
                     int64_t retry_after_ns, const char *body)
{
    struct fake_event event = {.kind = FAKE_ANSWER,
                               .number = fetch,
                               .status = status,
                               .retry_after_ns = retry_after_ns,
                               .text = strdup(body)};
    fake_push(net, delay_ns, event);
}

void fake_net_call(struct fake_net *net, int64_t delay_ns,
                   void (*call)(struct fake_net *net, uint64_t number, void *arg), void *arg,
                   uint64_t number)
{
    fake_push(
        net, delay_ns,
        (struct fake_event){.kind = FAKE_CALL, .call = call, .arg = arg, .call_number = number});
}

bool fake_net_is_open(const struct fake_net *net, uint32_t connection)
{
    return connection < net->state_count &&
           (net->states[connection] == FAKE_IS_OPEN || net->states[connection] == FAKE_CLOSING);
}

size_t fake_net_open_count(const struct fake_net *net)
{
    return net->open_count;
}

/* ---- time passes ---------------------------------------------------------------------------- */

static void fake_happen_connection(struct fake_net *net, const struct fake_event *event)
{
    const struct transport_events *to = net->to;
    uint8_t *state = fake_state(net, event->number);
    struct stamp now = fake_net_now(net);
    if (*state != FAKE_CONNECTING)
        return;
    *state = event->kind == FAKE_OPEN ? FAKE_IS_OPEN : FAKE_GONE;
    if (event->kind == FAKE_OPEN) {
        net->open_count++;
        to->opened(to->arg, event->number, now);
    } else {
        to->failed(to->arg, event->number, now, event->text);
    }
}

static void fake_happen_closed(struct fake_net *net, const struct fake_event *event)
{
    net->open_count--;
    *fake_state(net, event->number) = FAKE_GONE;
    net->to->closed(net->to->arg, event->number, fake_net_now(net), event->text);
    if (net->peer.gone)
        net->peer.gone(net, event->number, net->peer.arg);
}

/* On a connection that is open. */
static void fake_happen_open(struct fake_net *net, const struct fake_event *event)
{
    const struct transport_events *to = net->to;
    struct stamp now = fake_net_now(net);
    switch (event->kind) {
    case FAKE_MESSAGE:
        to->message(to->arg, event->number, now, event->text, strlen(event->text), false);
        break;
    case FAKE_ARRIVED:
        if (net->peer.message)
            net->peer.message(net, event->number, event->text, net->peer.arg);
        break;
    case FAKE_PING:
        to->heard(to->arg, event->number, now);
        break;
    case FAKE_LARGE:
        to->too_large(to->arg, event->number, now);
        break;
    case FAKE_SENDABLE:
        to->sendable(to->arg, event->number, now);
        break;
    default:
        fake_happen_closed(net, event);
        break;
    }
}

static void fake_happen(struct fake_net *net, const struct fake_event *event)
{
    const struct transport_events *to = net->to;
    struct fetch_answer answer = {.status = event->status,
                                  .retry_after_ns = event->retry_after_ns,
                                  .body = event->status ? event->text : "",
                                  .reason = event->status ? "" : event->text};
    answer.size = answer.body ? strlen(answer.body) : 0;
    if (event->kind == FAKE_CALL)
        event->call(net, event->call_number, event->arg);
    else if (event->kind == FAKE_ANSWER)
        to->answered(to->arg, event->number, fake_net_now(net), &answer);
    else if (event->kind == FAKE_OPEN || event->kind == FAKE_FAIL)
        fake_happen_connection(net, event);
    else if (fake_net_is_open(net, event->number))
        fake_happen_open(net, event);
}

static void fake_pass(struct fake_net *net, int64_t to_ns)
{
    int64_t step_ns = to_ns > net->mono_ns ? to_ns - net->mono_ns : 0;
    net->mono_ns += step_ns;
    net->wall_ns += step_ns;
}

void fake_net_run(struct fake_net *net, int64_t until_ns,
                  int64_t (*work)(void *arg, struct stamp now), void *arg)
{
    int same = 0;
    int64_t due_ns = work(arg, fake_net_now(net));
    while (net->mono_ns < until_ns) {
        int64_t before_ns = net->mono_ns;
        bool event = net->event_count > 0 && net->events[0].at_ns <= due_ns;
        int64_t next_ns = event ? net->events[0].at_ns : due_ns;
        fake_pass(net, next_ns < until_ns ? next_ns : until_ns);
        if (event && net->events[0].at_ns <= net->mono_ns) {
            struct fake_event happened = fake_pop(net);
            fake_happen(net, &happened);
            free(happened.text);
        }
        due_ns = work(arg, fake_net_now(net));
        same = net->mono_ns == before_ns ? same + 1 : 0;
        fake_demand(same < 1000000, "time stands still");
    }
}
