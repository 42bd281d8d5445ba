#include "recorder/ws_url.h"
#include "tests/unit/unit.h"

static void parts_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool tls;
        const char *host, *authority;
        int port;
        const char *path, *whole;
    } cases[] = {
        {"ws://127.0.0.1:9101", false, "127.0.0.1", "127.0.0.1:9101", 9101, "/stream",
         "ws://127.0.0.1:9101/stream"},
        {"ws://localhost/", false, "localhost", "localhost", 80, "/stream",
         "ws://localhost/stream"},
        {"wss://ws.kraken.com/v2", true, "ws.kraken.com", "ws.kraken.com", 443, "/v2",
         "wss://ws.kraken.com/v2"},
        {"wss://a.b:443/x?y=1", true, "a.b", "a.b", 443, "/x?y=1", "wss://a.b/x?y=1"},
        {"ws://a.b:443?y=1", false, "a.b", "a.b:443", 443, "/?y=1", "ws://a.b:443/?y=1"},
        {"wss://[::1]:9000/p", true, "::1", "[::1]:9000", 9000, "/p", "wss://[::1]:9000/p"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ws_url url;
        assert_ok(ws_url_parse(&url, cases[i].text, "/stream"));
        assert_int_equal(url.tls, cases[i].tls);
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.authority, cases[i].authority);
        assert_int_equal(url.port, cases[i].port);
        assert_string_equal(url.path, cases[i].path);
        assert_string_equal(url.text, cases[i].whole);
    }
}

static void what_is_no_websocket_address_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "127.0.0.1:9101",
        "http://a.b",
        "ws://",
        "ws:///path",
        "ws://:80",
        "ws://a:0",
        "ws://a:65536",
        "ws://a:",
        "ws://a:8x",
        "ws://a b",
        "ws://a/\x7f",
        "ws://a/\n",
        "ws://u@host",
        "ws://[::1",
        "ws://[]:80",
        "ws://[::1]x",
        "ws://[[]:80",
        "ws://[host]:80",
        "ws://ho]st",
        "ws://a/p#piece",
        "ws://a:999999999999999999",
    };
    struct ws_url url;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_err(ERR_USAGE, ws_url_parse(&url, cases[i], "/"));
}

static void too_long_parts_are_refused(void **state)
{
    (void)state;
    char text[4096] = "ws://";
    struct ws_url url;
    memset(text + 5, 'a', WS_URL_HOST_MAX);
    text[5 + WS_URL_HOST_MAX] = '\0';
    assert_err(ERR_USAGE, ws_url_parse(&url, text, "/"));
    text[5 + WS_URL_HOST_MAX - 1] = '\0';
    assert_ok(ws_url_parse(&url, text, "/"));
    memcpy(text, "ws://a/", 7);
    memset(text + 7, 'b', WS_URL_PATH_MAX);
    text[7 + WS_URL_PATH_MAX - 1] = '\0';
    assert_err(ERR_USAGE, ws_url_parse(&url, text, "/"));
    text[7 + WS_URL_PATH_MAX - 2] = '\0';
    assert_ok(ws_url_parse(&url, text, "/"));
}

static void hosts_of_http_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool tls;
        const char *host, *authority;
        int port;
        const char *whole;
    } cases[] = {
        {"https://api.kraken.com", true, "api.kraken.com", "api.kraken.com", 443,
         "https://api.kraken.com"},
        {"https://api.kraken.com/", true, "api.kraken.com", "api.kraken.com", 443,
         "https://api.kraken.com"},
        {"http://127.0.0.1:9101", false, "127.0.0.1", "127.0.0.1:9101", 9101,
         "http://127.0.0.1:9101"},
        {"http://[::1]:80", false, "::1", "[::1]", 80, "http://[::1]"},
        {"https://a.b:80", true, "a.b", "a.b:80", 80, "https://a.b:80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ws_url url;
        assert_ok(ws_url_parse_http(&url, cases[i].text));
        assert_int_equal(url.tls, cases[i].tls);
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.authority, cases[i].authority);
        assert_int_equal(url.port, cases[i].port);
        assert_string_equal(url.path, "");
        assert_string_equal(url.text, cases[i].whole);
    }
}

static void what_is_no_host_of_http_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",          "a.b",         "ws://a.b",    "wss://a.b",        "https://",
        "https:///", "https://a/b", "https://a?b", "https://u:p@host", "https://a:0",
    };
    struct ws_url url;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_err(ERR_USAGE, ws_url_parse_http(&url, cases[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_told_apart),
        cmocka_unit_test(what_is_no_websocket_address_is_refused),
        cmocka_unit_test(too_long_parts_are_refused),
        cmocka_unit_test(hosts_of_http_are_told_apart),
        cmocka_unit_test(what_is_no_host_of_http_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
