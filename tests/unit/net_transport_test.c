#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "engine/tape/record.h"
#include "recorder/net_transport.h"
#include "tests/unit/raw_server.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#define WAIT_NS (20 * NS_PER_S)

#define EVENTS_MAX 32

/* What came: "open", "text:hi", "binary:..", "large", "sendable", "closed:why", "failed:why",
 * "answered:200:body", "answered:0:why". */
struct event {
    char text[256];
    size_t size;  /* of a message */
    uint64_t sum; /* of all its bytes, each times its place */
};

struct events {
    struct net_transport *net;
    struct transport_events table;
    struct event log[EVENTS_MAX];
    size_t count, seen;
    size_t heard;
    struct stamp stamp;
};

static struct event *keep(struct events *events, struct stamp now, const char *kind,
                          const char *data, size_t size)
{
    assert_true(now.mono_ns >= events->stamp.mono_ns);
    assert_true(now.wall_ns > INT64_C(1500000000) * NS_PER_S);
    assert_true(events->count < EVENTS_MAX);
    events->stamp = now;
    struct event *event = &events->log[events->count++];
    snprintf(event->text, sizeof event->text, "%s%.*s", kind, (int)(size < 200 ? size : 200), data);
    return event;
}

static void on_opened(void *arg, uint32_t connection, struct stamp now)
{
    assert_int_equal(connection, 7);
    keep(arg, now, "open", "", 0);
}

static void on_message(void *arg, uint32_t connection, struct stamp now, const void *data,
                       size_t size, bool binary)
{
    assert_int_equal(connection, 7);
    struct event *event = keep(arg, now, binary ? "binary:" : "text:", data, size);
    event->size = size;
    for (size_t i = 0; i < size; i++)
        event->sum += (i + 1) * ((const uint8_t *)data)[i];
}

static void on_too_large(void *arg, uint32_t connection, struct stamp now)
{
    assert_int_equal(connection, 7);
    keep(arg, now, "large", "", 0);
}

static void on_heard(void *arg, uint32_t connection, struct stamp now)
{
    struct events *events = arg;
    (void)now;
    assert_int_equal(connection, 7);
    events->heard++;
}

static void on_sendable(void *arg, uint32_t connection, struct stamp now)
{
    assert_int_equal(connection, 7);
    keep(arg, now, "sendable", "", 0);
}

static void on_closed(void *arg, uint32_t connection, struct stamp now, const char *reason)
{
    assert_int_equal(connection, 7);
    keep(arg, now, "closed:", reason, strlen(reason));
}

static void on_failed(void *arg, uint32_t connection, struct stamp now, const char *reason)
{
    assert_int_equal(connection, 7);
    keep(arg, now, "failed:", reason, strlen(reason));
}

static void on_answered(void *arg, uint32_t fetch, struct stamp now,
                        const struct fetch_answer *answer)
{
    char kind[64];
    assert_int_equal(fetch, 9);
    snprintf(kind, sizeof kind, "answered:%d:", answer->status);
    if (answer->status == 0)
        keep(arg, now, kind, answer->reason, strlen(answer->reason));
    else
        keep(arg, now, kind, answer->body, answer->size);
}

static void start(struct events *events)
{
    *events = (struct events){
        .table =
            {
                .opened = on_opened,
                .message = on_message,
                .too_large = on_too_large,
                .heard = on_heard,
                .sendable = on_sendable,
                .closed = on_closed,
                .failed = on_failed,
                .answered = on_answered,
                .arg = events,
            },
    };
    assert_ok(net_transport_new(&events->net, NULL));
    net_transport_listen(events->net, &events->table);
}

static void stop(struct events *events)
{
    net_transport_free(events->net);
    events->net = NULL;
}

static const struct transport *body(const struct events *events)
{
    return net_transport_body(events->net);
}

/* The next event. */
static const struct event *next(struct events *events)
{
    int64_t until_ns = clock_mono_ns() + WAIT_NS;
    while (events->seen == events->count && clock_mono_ns() < until_ns)
        net_transport_service(events->net, until_ns);
    assert_true(events->seen < events->count);
    return &events->log[events->seen++];
}

static void expect(struct events *events, const char *expected)
{
    assert_string_equal(next(events)->text, expected);
}

static void connect_to(struct events *events, const struct raw_server *server)
{
    struct ws_url url;
    char text[64];
    snprintf(text, sizeof text, "ws://127.0.0.1:%d/x", server->port);
    assert_ok(ws_url_parse(&url, text, "/"));
    assert_ok(body(events)->connect(body(events)->arg, 7, &url));
}

static enum err send_text(struct events *events, const char *text)
{
    return body(events)->send(body(events)->arg, 7, text, strlen(text));
}

static void close_it(struct events *events, enum close_way way, const char *reason)
{
    body(events)->close(body(events)->arg, 7, way, reason);
}

/* ---- messages ------------------------------------------------------------------------------- */

static void talk_in_odd_frames(int fd)
{
    static const char frames[] = "\x81\x02hi"       /* whole */
                                 "\x82\x02\x01\x02" /* binary */
                                 "\x81\x00"         /* empty */
                                 "\x01\x00"         /* an empty first part */
                                 "\x00\x01"
                                 "a"         /* a part */
                                 "\x89\x01p" /* a ping in between */
                                 "\x00\x00"  /* an empty part */
                                 "\x80\x01"
                                 "b" /* the end */
                                 "\x81\x7e\x00\x03"
                                 "abc"; /* a length longer than need be */
    raw_upgrade(fd);
    for (size_t i = 0; i < sizeof frames - 1; i++)
        raw_send(fd, frames + i, 1);
    raw_wait_end(fd);
}

static void frames_of_every_shape_become_messages(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    raw_server_start(&server, talk_in_odd_frames);
    start(&events);
    connect_to(&events, &server);
    expect(&events, "open");
    expect(&events, "text:hi");
    expect(&events, "binary:\x01\x02");
    expect(&events, "text:");
    expect(&events, "text:ab");
    expect(&events, "text:abc");
    assert_true(events.heard >= 3); /* the parts */
    stop(&events);
    raw_server_stop(&server);
}

#define LARGE_BYTES 3000000u

static void send_large(int fd)
{
    uint8_t *data = malloc(LARGE_BYTES);
    assert_non_null(data);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        data[i] = (uint8_t)(i * 31 >> 3);
    raw_upgrade(fd);
    raw_send_frame(fd, 0x81, data, LARGE_BYTES);
    raw_send_frame(fd, 0x01, data, 1000000);
    raw_send_frame(fd, 0x00, data + 1000000, 70000);
    raw_send_frame(fd, 0x80, data + 1070000, LARGE_BYTES - 1070000);
    raw_send_frame(fd, 0x81, "end", 3);
    raw_wait_end(fd);
    free(data);
}

static void large_messages_come_whole(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    uint64_t sum = 0;
    for (size_t i = 0; i < LARGE_BYTES; i++)
        sum += (i + 1) * (uint8_t)(i * 31 >> 3);
    raw_server_start(&server, send_large);
    start(&events);
    connect_to(&events, &server);
    expect(&events, "open");
    for (size_t i = 0; i < 2; i++) {
        const struct event *event = next(&events);
        assert_memory_equal(event->text, "text:", 5);
        assert_int_equal(event->size, LARGE_BYTES);
        assert_true(event->sum == sum);
    }
    expect(&events, "text:end");
    stop(&events);
    raw_server_stop(&server);
}

static void send_too_large(int fd)
{
    size_t size = RECORD_DATA_MAX + 1;
    uint8_t *data = calloc(1, size);
    assert_non_null(data);
    raw_upgrade(fd);
    raw_send_frame(fd, 0x81, data, size);
    raw_send_frame(fd, 0x81, data, size - 1);
    raw_send_frame(fd, 0x81, "end", 3);
    raw_wait_end(fd);
    free(data);
}

static void a_message_over_the_limit_is_left_out_and_the_connection_goes_on(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    raw_server_start(&server, send_too_large);
    start(&events);
    connect_to(&events, &server);
    expect(&events, "open");
    expect(&events, "large");
    assert_int_equal(next(&events)->size, RECORD_DATA_MAX);
    expect(&events, "text:end");
    stop(&events);
    raw_server_stop(&server);
}

static void ping_each_300_ms(int fd)
{
    raw_upgrade(fd);
    for (int i = 0; i < 20; i++) {
        raw_send(fd, "\x89\x00", 2);
        usleep(300 * 1000);
    }
}

static void be_silent(int fd)
{
    raw_upgrade(fd);
    raw_wait_end(fd);
}

static size_t heard_within(void (*script)(int fd), int64_t wait_ns)
{
    struct raw_server server;
    struct events events;
    raw_server_start(&server, script);
    start(&events);
    connect_to(&events, &server);
    expect(&events, "open");
    for (int64_t until_ns = clock_mono_ns() + wait_ns; clock_mono_ns() < until_ns;)
        net_transport_service(events.net, until_ns);
    size_t heard = events.heard;
    stop(&events);
    raw_server_stop(&server);
    return heard;
}

static void a_peer_that_only_pings_is_heard_and_a_silent_one_is_not(void **state)
{
    (void)state;
    assert_true(heard_within(ping_each_300_ms, 4500 * NS_PER_MS) >= 2);
    assert_int_equal(heard_within(be_silent, 3500 * NS_PER_MS), 0);
}

/* ---- sending and closing -------------------------------------------------------------------- */

static void echo(int fd)
{
    char text[256];
    raw_upgrade(fd);
    for (int opcode; (opcode = raw_read_frame(fd, text, sizeof text)) >= 0;) {
        raw_send_frame(fd, (uint8_t)(0x80 | opcode), text, strlen(text));
        if (opcode == 8)
            return;
    }
}

static void what_is_sent_arrives_and_a_second_message_waits_for_the_first(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    raw_server_start(&server, echo);
    start(&events);
    assert_err(ERR_NET, send_text(&events, "before"));
    connect_to(&events, &server);
    assert_err(ERR_NET, send_text(&events, "too early"));
    expect(&events, "open");
    assert_ok(send_text(&events, "one"));
    assert_err(ERR_LIMIT, send_text(&events, "two"));
    expect(&events, "sendable");
    assert_ok(send_text(&events, "two"));
    expect(&events, "text:one");
    expect(&events, "text:two");
    stop(&events);
    raw_server_stop(&server);
}

static void closing_politely_says_so_after_what_was_to_be_sent(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    raw_server_start(&server, echo);
    start(&events);
    connect_to(&events, &server);
    expect(&events, "open");
    assert_ok(send_text(&events, "last"));
    close_it(&events, CLOSE_POLITE, "enough");
    assert_err(ERR_NET, send_text(&events, "after"));
    expect(&events, "closed:enough");
    stop(&events);
    raw_server_stop(&server);
    assert_int_equal(server.last_opcode, 8);
}

static void closing_at_once_needs_no_answer_and_a_deaf_peer_has_a_moment(void **state)
{
    (void)state;
    static const enum close_way ways[] = {CLOSE_AT_ONCE, CLOSE_POLITE};
    for (size_t i = 0; i < 2; i++) {
        struct raw_server server;
        struct events events;
        raw_server_start(&server, be_silent);
        start(&events);
        connect_to(&events, &server);
        expect(&events, "open");
        close_it(&events, ways[i], "dead");
        expect(&events, "closed:dead");
        stop(&events);
        raw_server_stop(&server);
    }
}

static void closing_before_it_is_open_makes_it_fail(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    raw_server_start(&server, raw_wait_end); /* never answers the upgrade */
    start(&events);
    connect_to(&events, &server);
    close_it(&events, CLOSE_AT_ONCE, "changed my mind"); /* still looking up */
    expect(&events, "failed:changed my mind");
    connect_to(&events, &server);
    for (int64_t until_ns = clock_mono_ns() + 300 * NS_PER_MS; clock_mono_ns() < until_ns;)
        net_transport_service(events.net, until_ns);
    close_it(&events, CLOSE_POLITE, "again"); /* waiting for the answer */
    expect(&events, "failed:again");
    stop(&events);
    raw_server_stop(&server);
}

static void close_1001(int fd)
{
    raw_upgrade(fd);
    raw_send(fd,
             "\x88\x06\x03\xe9"
             "bye\n",
             8);
    raw_wait_end(fd);
}

static void close_1012(int fd)
{
    raw_upgrade(fd);
    raw_send(fd, "\x88\x02\x03\xf4", 4);
    raw_wait_end(fd);
}

static void close_empty(int fd)
{
    raw_upgrade(fd);
    raw_send(fd, "\x88\x00", 2);
    raw_wait_end(fd);
}

static void just_leave(int fd)
{
    raw_upgrade(fd);
}

static void send_reserved_opcode(int fd)
{
    raw_upgrade(fd);
    raw_send(fd, "\x83\x00", 2);
    raw_wait_end(fd);
}

static void continue_nothing(int fd)
{
    raw_upgrade(fd);
    raw_send(fd, "\x80\x01x", 3);
    raw_wait_end(fd);
}

static void send_2_to_the_63(int fd)
{
    raw_upgrade(fd);
    raw_send(fd, "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10);
    raw_wait_end(fd);
}

static void every_end_has_its_reason(void **state)
{
    (void)state;
    static const struct {
        void (*script)(int fd);
        const char *reason;
    } cases[] = {
        {close_1001, "closed:the venue closed it with code 1001: bye?"},
        {close_1012, "closed:the venue closed it with code 1002, or 1012 to 2999"},
        {close_empty, "closed:the venue closed it with code 1005"},
        {just_leave, "closed:the venue ended it without a close message"},
        {send_reserved_opcode, "closed:the venue broke the protocol"},
        {continue_nothing, "closed:the venue broke the protocol"},
        {send_2_to_the_63, "closed:the venue broke the protocol"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_server server;
        struct events events;
        raw_server_start(&server, cases[i].script);
        start(&events);
        connect_to(&events, &server);
        expect(&events, "open");
        expect(&events, cases[i].reason);
        stop(&events);
        raw_server_stop(&server);
    }
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void redirect(int fd)
{
    raw_answer(fd, "HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1/\r\nContent-Length: 0\r\n\r\n");
}

static void wrong_accept(int fd)
{
    raw_answer(fd, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

static void no_http(int fd)
{
    raw_answer(fd, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
}

static void leave_at_once(int fd)
{
    (void)fd;
}

static void every_failure_has_its_reason(void **state)
{
    (void)state;
    static const struct {
        void (*script)(int fd);
        const char *reason;
    } cases[] = {
        {redirect, "failed:the upgrade was answered with HTTP status 301; redirects are not "
                   "followed"},
        {wrong_accept, "failed:the answer has a wrong Sec-WebSocket-Accept"},
        {no_http, "failed:the connection ended before the answer"},
        {leave_at_once, "failed:the connection ended before the answer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_server server;
        struct events events;
        raw_server_start(&server, cases[i].script);
        start(&events);
        connect_to(&events, &server);
        expect(&events, cases[i].reason);
        stop(&events);
        raw_server_stop(&server);
    }
}

static void names_and_ports_that_lead_nowhere_are_said(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    raw_server_start(&server, leave_at_once);
    raw_server_stop(&server);
    start(&events);
    connect_to(&events, &server);
    expect(&events, "failed:Connection refused");
    struct ws_url url;
    char text[300];
    memset(text, 'a', sizeof text);
    memcpy(text, "ws://", 5);
    memcpy(text + 180, ".invalid", 9);
    assert_ok(ws_url_parse(&url, text, "/"));
    assert_err(ERR_NET, body(&events)->connect(body(&events)->arg, 7, &url));
    stop(&events);
}

/* ---- HTTP ----------------------------------------------------------------------------------- */

static void fetch_from(struct events *events, const struct raw_server *server, const char *method)
{
    struct ws_url url;
    char text[64];
    snprintf(text, sizeof text, "http://127.0.0.1:%d", server->port);
    assert_ok(ws_url_parse_http(&url, text));
    assert_ok(body(events)->fetch(body(events)->arg, 9, method, &url, "/a?b=c"));
}

static void answer_with_length(int fd)
{
    raw_answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

static void a_fetch_has_an_answer(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    raw_server_start(&server, answer_with_length);
    start(&events);
    fetch_from(&events, &server, "GET");
    expect(&events, "answered:200:hello");
    struct ws_url url;
    assert_ok(ws_url_parse_http(&url, "http://127.0.0.1:1"));
    const struct transport *t = body(&events);
    assert_err(ERR_USAGE, t->fetch(t->arg, 9, "PUT", &url, "/"));
    assert_err(ERR_USAGE, t->fetch(t->arg, 9, "GET", &url, "/ HTTP/1.1\r\nX: y"));
    assert_err(ERR_USAGE, t->fetch(t->arg, 9, "GET", &url, "nothing"));
    assert_ok(t->fetch(t->arg, 9, "GET", &url, "/"));
    expect(&events, "answered:0:Connection refused");
    stop(&events);
    raw_server_stop(&server);
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void *wake_soon(void *arg)
{
    usleep(100 * 1000);
    net_transport_wake(arg);
    return NULL;
}

static void a_wait_ends_at_its_time_or_when_woken(void **state)
{
    (void)state;
    struct events events;
    pthread_t thread;
    start(&events);
    int64_t begin_ns = clock_mono_ns();
    while (clock_mono_ns() < begin_ns + 50 * NS_PER_MS)
        net_transport_service(events.net, begin_ns + 50 * NS_PER_MS);
    net_transport_service(events.net, 0); /* long past: returns */
    net_transport_wake(events.net);
    net_transport_service(events.net, INT64_MAX); /* the next one */
    assert_int_equal(pthread_create(&thread, NULL, wake_soon, events.net), 0);
    net_transport_service(events.net, INT64_MAX); /* or the present one */
    pthread_join(thread, NULL);
    stop(&events);
}

static void one_that_is_freed_says_nothing_more(void **state)
{
    (void)state;
    struct raw_server server;
    struct events events;
    raw_server_start(&server, be_silent);
    start(&events);
    connect_to(&events, &server);
    expect(&events, "open");
    connect_to(&events, &server); /* one more, which is still looking up */
    size_t count = events.count;
    stop(&events);
    assert_int_equal(events.count, count);
    raw_server_stop(&server);
    net_transport_free(NULL);
}

static void certificates_that_cannot_be_read_are_said(void **state)
{
    (void)state;
    struct net_transport *net = NULL;
    assert_err(ERR_NET, net_transport_new(&net, "/nonexistent/ca.pem"));
    assert_non_null(strstr(err_text(ERR_NET), "/nonexistent/ca.pem"));
    assert_null(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_every_shape_become_messages),
        cmocka_unit_test(large_messages_come_whole),
        cmocka_unit_test(a_message_over_the_limit_is_left_out_and_the_connection_goes_on),
        cmocka_unit_test(a_peer_that_only_pings_is_heard_and_a_silent_one_is_not),
        cmocka_unit_test(what_is_sent_arrives_and_a_second_message_waits_for_the_first),
        cmocka_unit_test(closing_politely_says_so_after_what_was_to_be_sent),
        cmocka_unit_test(closing_at_once_needs_no_answer_and_a_deaf_peer_has_a_moment),
        cmocka_unit_test(closing_before_it_is_open_makes_it_fail),
        cmocka_unit_test(every_end_has_its_reason),
        cmocka_unit_test(every_failure_has_its_reason),
        cmocka_unit_test(names_and_ports_that_lead_nowhere_are_said),
        cmocka_unit_test(a_fetch_has_an_answer),
        cmocka_unit_test(a_wait_ends_at_its_time_or_when_woken),
        cmocka_unit_test(one_that_is_freed_says_nothing_more),
        cmocka_unit_test(certificates_that_cannot_be_read_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
