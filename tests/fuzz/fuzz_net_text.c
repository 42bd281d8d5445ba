/*
 * Fuzzes texts of the network that are parsed before anything is done with them: Retry-After
 * headers and addresses, both as a user or a venue's handshake may give them.
 *
 * Beyond crashes: waits lie between nothing and a day, parts of an address have no blanks or
 * control characters, and an address that was put together again is the same address.
 */
#include "recorder/net_fetch.h"
#include "recorder/ws_url.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WALL_NS INT64_C(1700000000000000000)
#define DAY_NS  (INT64_C(86400) * 1000000000)

static void check_plain(const char *text, size_t size)
{
    assert(memchr(text, '\0', size));
    for (; *text; text++)
        assert((unsigned char)*text > ' ' && *text != 0x7f);
}

static void check_url(const struct ws_url *url)
{
    check_plain(url->host, sizeof url->host);
    check_plain(url->authority, sizeof url->authority);
    check_plain(url->path, sizeof url->path);
    check_plain(url->text, sizeof url->text);
    assert(url->host[0] && url->authority[0] && url->port > 0 && url->port < 65536);
}

static void check_same(const struct ws_url *a, const struct ws_url *b)
{
    assert(a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0);
    assert(strcmp(a->authority, b->authority) == 0 && strcmp(a->path, b->path) == 0);
    assert(strcmp(a->text, b->text) == 0);
}

static void parse(const char *text)
{
    struct ws_url url, again;
    if (ws_url_parse(&url, text, "/ws") == ERR_OK) {
        check_url(&url);
        assert(url.path[0] == '/');
        enum err err = ws_url_parse(&again, url.text, "/other");
        assert(!err);
        check_same(&url, &again);
    }
    if (ws_url_parse_http(&url, text) == ERR_OK) {
        check_url(&url);
        enum err err = ws_url_parse_http(&again, url.text);
        assert(!err && url.path[0] == '\0');
        check_same(&url, &again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    assert(text);
    memcpy(text, data, size);
    text[size] = '\0';
    int64_t wait_ns = net_retry_after_ns(text, WALL_NS);
    assert(wait_ns >= 0 && wait_ns <= DAY_NS);
    parse(text);
    free(text);
    return 0;
}
