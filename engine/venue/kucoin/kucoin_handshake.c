#include "engine/base/time_text.h"
#include "engine/venue/kucoin/kucoin.h"

#include <string.h>

#define ADDRESS_MAX 256
#define TOKEN_MAX   768

/* {"code":"200000","data":{"token":"...","instanceServers":[{"endpoint":"wss://...",
 * "pingInterval":18000,...}]}} */
static bool pick_server(struct json_span document, struct json_span *out_token,
                        struct json_span *out_server)
{
    static const char *const answer_names[] = {"code", "data"};
    static const char *const data_names[] = {"token", "instanceServers"};
    struct json_span answer[2] = {0}, data[2] = {0}, key;
    struct json_scan scan;
    if (document.kind != SPAN_OBJECT || json_scan_pick(document, answer_names, 2, answer) ||
        !json_scan_is(answer[0], "200000") || answer[1].kind != SPAN_OBJECT ||
        json_scan_pick(answer[1], data_names, 2, data) || data[1].kind != SPAN_ARRAY) {
        return false;
    }
    *out_token = data[0];
    json_scan_open(&scan, data[1]);
    return json_scan_next(&scan, &key, out_server) && out_server->kind == SPAN_OBJECT;
}

/* Nothing that would end a query parameter or a URL. */
static bool is_plain(const char *text, const char *forbidden)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at >= 0x7f || strchr(forbidden, *at)) {
            return false;
        }
    }
    return text[0] != '\0';
}

/* As often as the venue says, but never so seldom that silence would not show. */
static int64_t ping_of(struct json_span interval)
{
    uint64_t ms = 0;
    if (!json_scan_u64(interval, &ms) || ms < 1000 || ms > (uint64_t)(KUCOIN_PING_NS / NS_PER_MS)) {
        return KUCOIN_PING_NS;
    }
    return (int64_t)ms * NS_PER_MS;
}

static enum err address(const uint8_t *answer, size_t size, uint64_t number, struct buf *out_url,
                        int64_t *out_keepalive_ns)
{
    static const char *const names[] = {"endpoint", "pingInterval"};
    struct json_span token_span = {0}, server = {0}, values[2] = {0};
    char endpoint[ADDRESS_MAX], token[TOKEN_MAX];
    if (!pick_server(json_scan_document(answer, size), &token_span, &server) ||
        json_scan_pick(server, names, 2, values) ||
        !json_scan_name(values[0], endpoint, sizeof endpoint) ||
        !json_scan_name(token_span, token, sizeof token)) {
        return err_fail(ERR_DAMAGED, "the answer of '%s' gives no token and no server",
                        KUCOIN_HANDSHAKE);
    }
    bool socket = strncmp(endpoint, "wss://", 6) == 0 || strncmp(endpoint, "ws://", 5) == 0;
    if (!socket || !is_plain(endpoint, "?#\"\\") || !is_plain(token, "&#\"\\")) {
        return err_fail(ERR_DAMAGED, "the answer of '%s' gives no usable address: '%s'",
                        KUCOIN_HANDSHAKE, endpoint);
    }
    *out_keepalive_ns = ping_of(values[1]);
    buf_clear(out_url);
    return buf_printf(out_url, "%s?token=%s&connectId=%llu", endpoint, token,
                      (unsigned long long)number);
}

const struct venue_handshake kucoin_handshake = {
    .method = "POST",
    .target = KUCOIN_HANDSHAKE,
    .address = address,
};
