#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "recorder/http_get.h"
#include "recorder/net_fetch.h"
#include "tests/unit/raw_server.h"
#include "tests/unit/unit.h"

#include <unistd.h>

static const char *answer; /* what the server of the present test says */
static char request[4096]; /* what it was asked; after raw_server_stop() */
static int pause_ms;       /* before it closes */
static bool byte_by_byte;
static bool stays; /* until the client has gone */

static void say_it(int fd)
{
    if (!raw_read_request(fd, request, sizeof request))
        return;
    size_t size = strlen(answer);
    for (size_t i = 0; byte_by_byte && i < size; i++)
        raw_send(fd, answer + i, 1);
    if (!byte_by_byte)
        raw_send(fd, answer, size);
    if (stays)
        raw_wait_end(fd);
    usleep((useconds_t)pause_ms * 1000);
}

struct got {
    enum err err;
    int status;
    int64_t retry_after_ns;
    char body[256];
};

static struct got ask(const char *text, const char *method, int cancel_fd)
{
    struct raw_server server;
    struct http_session *session;
    struct ws_url url;
    struct buf body;
    struct got got = {0};
    char base[64];
    answer = text;
    raw_server_start(&server, say_it);
    snprintf(base, sizeof base, "http://127.0.0.1:%d", server.port);
    assert_ok(ws_url_parse_http(&url, base));
    assert_ok(http_session_open(&session, NULL));
    buf_init(&body, 1000000);
    assert_ok(buf_append_text(&body, "of before"));
    got.err = http_get(session, method, &url, "/api/v3/time?x=1", cancel_fd, &got.status,
                       &got.retry_after_ns, &body);
    snprintf(got.body, sizeof got.body, "%.*s", (int)body.size, (const char *)body.data);
    buf_release(&body);
    http_session_close(session);
    raw_server_stop(&server);
    return got;
}

static const struct {
    const char *answer;
    int status;
    const char *body;
} good[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""},
    {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200,
     "hello"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00005\r\nhello\r\n0\r\n\r\n", 200,
     "hello"},
    {"HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello"}, /* ends with the connection */
    {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\nno", 302,
     "no"},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", 404, "nope"},
    {"HTTP/1.1 503 x\r\nContent-Length: 1\r\n\r\n!", 503, "!"},
    {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
};

static void whole_answers_are_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0] * 2; i++) {
        byte_by_byte = i % 2 == 1;
        struct got got = ask(good[i / 2].answer, "GET", -1);
        assert_ok(got.err);
        assert_int_equal(got.status, good[i / 2].status);
        assert_string_equal(got.body, good[i / 2].body);
        assert_true(got.retry_after_ns == 0);
    }
    byte_by_byte = false;
}

static void what_is_not_whole_is_no_answer(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *reason;
    } bad[] = {
        {"", "ended before the answer"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "ended before the answer"},
        {"nonsense\r\n\r\n", "ended before the answer"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "cut short"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", "cut short"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n", "cut short"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhelXX", "cut short"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff0\r\nhello", "more than"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", "coding"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello",
         "coding"},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello", "length"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello", "length"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 16773121\r\n\r\nhello", "at most 16773120"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
         "at most 16773120"},
        {"HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello", "HTTP status 99"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (pause_ms = 0; pause_ms < 100; pause_ms += 50) {
            struct got got = ask(bad[i].answer, "GET", -1);
            assert_err(ERR_NET, got.err);
            if (!strstr(err_text(got.err), bad[i].reason))
                fail_msg("case %zu: '%s' without '%s'", i, err_text(got.err), bad[i].reason);
            assert_string_equal(got.body, "");
        }
    pause_ms = 0;
}

static bool asked(const char *line)
{
    return strstr(request, line) != NULL;
}

static void the_request_says_who_asks(void **state)
{
    (void)state;
    ask(good[0].answer, "GET", -1);
    assert_memory_equal(request, "GET /api/v3/time?x=1 HTTP/1.1\r\n", 31);
    assert_true(asked("\r\nHost: 127.0.0.1:"));
    assert_true(asked("\r\nAccept: application/json\r\n"));
    assert_true(asked("\r\nUser-Agent: rewick/" REWICK_VERSION "\r\n"));
    assert_false(asked("Content-Length"));
    ask(good[0].answer, "POST", -1);
    assert_memory_equal(request, "POST /api/v3/time?x=1 HTTP/1.1\r\n", 32);
    assert_true(asked("\r\nContent-Length: 0\r\n"));
}

static void retry_after_is_given(void **state)
{
    (void)state;
    struct got got =
        ask("HTTP/1.1 429 x\r\nRetry-After: 17\r\nContent-Length: 4\r\n\r\nwait", "GET", -1);
    assert_ok(got.err);
    assert_int_equal(got.status, 429);
    assert_string_equal(got.body, "wait");
    assert_true(got.retry_after_ns == 17 * NS_PER_S);
}

static void retry_after_is_seconds_or_a_date(void **state)
{
    (void)state;
    /* date -u -d '2026-01-02 03:04:05' +%s */
    const int64_t wall_ns = INT64_C(1767323045) * NS_PER_S + 999;
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"0", 0},
        {"1", 1},
        {"120", 120},
        {"86400", 86400},
        {"86401", 86400},
        {"99999999999999999999999", 86400},
        {"Fri, 02 Jan 2026 03:04:35 GMT", 30},
        {"Sat, 03 Jan 2026 03:04:04 GMT", 86399},
        {"Fri, 02 Jan 2026 03:04:05 GMT", 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Fri, 02 Jan 2026 03:04:35", 0},
        {"Fri, 02 anF 2026 03:04:35 GMT", 0},
        {"Fri, 02 Jan 9999 03:04:35 GMT", 86400},
        {"", 0},
        {"-5", 0},
        {"5.5", 0},
        {"soon", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (net_retry_after_ns(cases[i].text, wall_ns) != cases[i].seconds * NS_PER_S)
            fail_msg("'%s': %lld ns", cases[i].text,
                     (long long)net_retry_after_ns(cases[i].text, wall_ns));
}

static void large_bodies_come_whole(void **state)
{
    (void)state;
    enum { BODY = 400000 };
    char *text = malloc(BODY + 100);
    assert_non_null(text);
    int head = snprintf(text, 100, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY);
    memset(text + head, 'x', BODY);
    text[head + BODY] = '\0';
    struct got got = ask(text, "GET", -1);
    assert_ok(got.err);
    assert_int_equal(strspn(got.body, "x"), sizeof got.body - 1);
    free(text);
}

static void a_cancel_ends_the_wait(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    pause_ms = 500;
    int64_t begin_ns = clock_mono_ns();
    struct got got = ask("", "GET", fds[0]);
    pause_ms = 0;
    assert_err(ERR_NET, got.err);
    assert_string_equal(err_text(got.err), "cancelled");
    assert_true(clock_mono_ns() - begin_ns < FETCH_TIMEOUT_NS / 2);
    close(fds[0]);
    close(fds[1]);
}

/* Peers need not close: the answer says itself where it ends, also when it holds nothing. */
static void an_answer_ends_where_it_says(void **state)
{
    (void)state;
    stays = true;
    struct got got =
        ask("HTTP/1.1 429 x\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n", "GET", -1);
    assert_ok(got.err);
    assert_int_equal(got.status, 429);
    assert_int_equal(got.retry_after_ns, 30 * NS_PER_S);
    for (size_t i = 0; i < 4; i++) {
        got = ask(good[i].answer, "GET", -1);
        assert_ok(got.err);
        assert_int_equal(got.status, good[i].status);
        assert_string_equal(got.body, good[i].body);
    }
    got = ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET", -1);
    assert_ok(got.err);
    assert_string_equal(got.body, "");
    got = ask("HTTP/1.1 204 No Content\r\n\r\n", "GET", -1);
    assert_ok(got.err);
    stays = false;
}

static void one_session_asks_many_times(void **state)
{
    (void)state;
    struct raw_server server;
    struct http_session *session;
    struct ws_url url;
    struct buf body;
    char base[64];
    answer = good[0].answer;
    raw_server_start(&server, say_it);
    snprintf(base, sizeof base, "http://localhost:%d", server.port);
    assert_ok(ws_url_parse_http(&url, base));
    assert_ok(http_session_open(&session, NULL));
    buf_init(&body, 100);
    for (int i = 0; i < 20; i++) {
        int status;
        int64_t retry_after_ns;
        assert_ok(http_get(session, "GET", &url, "/", -1, &status, &retry_after_ns, &body));
        assert_int_equal(body.size, 5);
    }
    struct buf small;
    int status;
    int64_t retry_after_ns;
    buf_init(&small, 4);
    assert_err(ERR_LIMIT,
               http_get(session, "GET", &url, "/", -1, &status, &retry_after_ns, &small));
    buf_release(&small);
    buf_release(&body);
    http_session_close(session);
    http_session_close(NULL);
    raw_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_answers_are_given),
        cmocka_unit_test(what_is_not_whole_is_no_answer),
        cmocka_unit_test(the_request_says_who_asks),
        cmocka_unit_test(retry_after_is_given),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(large_bodies_come_whole),
        cmocka_unit_test(a_cancel_ends_the_wait),
        cmocka_unit_test(an_answer_ends_where_it_says),
        cmocka_unit_test(one_session_asks_many_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
