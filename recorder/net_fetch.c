#include "recorder/net_fetch.h"

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_AFTER_MAX_S (24 * 60 * 60)

/* How the end of a body is known. */
enum body_end { BODY_NONE, BODY_LENGTH, BODY_CHUNKED, BODY_CUT };

struct net_fetch {
    struct net_peer peer; /* first */
    uint32_t number;
    int status;
    int64_t retry_after_ns;
    enum body_end body_end;
    bool whole; /* the answer is complete */
    struct buf body;
    /* While lws_http_client_read() runs: where it has got to in `block`. */
    char *read_at;
    char block[NET_READ_BYTES];
};

static const struct net_kind http;

static struct net_fetch *fetch_of(struct net_peer *peer)
{
    return (struct net_fetch *)peer;
}

/* ---- Retry-After ---------------------------------------------------------------------------- */

/* "Sun, 06 Nov 1994 08:49:37 GMT" -> seconds since 1970; -1 when it is none. */
static int64_t parse_date(const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4];
    struct tm tm = {0};
    int end = 0;
    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &tm.tm_mday, month,
               &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 6 ||
        end == 0 || text[end] != '\0' || strlen(month) != 3)
        return -1;
    const char *found = strstr(months, month);
    if (!found || (found - months) % 3 != 0)
        return -1;
    tm.tm_mon = (int)((found - months) / 3);
    tm.tm_year -= 1900;
    return (int64_t)timegm(&tm);
}

int64_t net_retry_after_ns(const char *text, int64_t wall_ns)
{
    size_t digits = strspn(text, "0123456789");
    int64_t seconds;
    if (digits > 0 && text[digits] == '\0')
        seconds = digits > 9 ? RETRY_AFTER_MAX_S : strtoll(text, NULL, 10);
    else
        seconds = parse_date(text) - wall_ns / NS_PER_S;
    if (seconds <= 0)
        return 0;
    return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * NS_PER_S;
}

/* ---- the request ---------------------------------------------------------------------------- */

static bool is_target(const char *target)
{
    size_t size = strlen(target);
    if (*target != '/' || size >= WS_URL_PATH_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)target[i] <= ' ' || target[i] == 0x7f || target[i] == '#')
            return false;
    return true;
}

static enum err start(struct net_fetch *fetch, struct net_core *core, const struct ws_url *url)
{
    enum err err = net_peer_start(&fetch->peer, core, &http, url);
    if (err)
        return err;
    fetch->peer.deadline_ns = clock_mono_ns() + FETCH_TIMEOUT_NS;
    fetch->peer.too_late = "no answer within 30 s";
    return ERR_OK;
}

enum err net_fetch_start(struct net_core *core, uint32_t number, const char *method,
                         const struct ws_url *url, const char *target)
{
    bool post = strcmp(method, "POST") == 0;
    if (!post && strcmp(method, "GET") != 0)
        return err_fail(ERR_USAGE, "HTTP method '%s' is not GET or POST", method);
    if (!is_target(target))
        return err_fail(ERR_USAGE, "'%s' cannot be asked for: no path, or over %d bytes", target,
                        WS_URL_PATH_MAX - 1);
    struct net_fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch)
        return err_fail(ERR_NOMEM, "out of memory for a request");
    fetch->number = number;
    fetch->peer.method = post ? "POST" : "GET";
    buf_init(&fetch->body, NET_BODY_MAX);
    struct ws_url whole = *url;
    snprintf(whole.path, sizeof whole.path, "%s", target);
    enum err err = start(fetch, core, &whole);
    if (err)
        free(fetch);
    return err;
}

/* in: where the headers go; size: the room there. */
static int add_headers(const struct net_peer *peer, void *in, size_t size)
{
    static const char text[] = "Accept: application/json\r\n"
                               "User-Agent: rewick/" REWICK_VERSION "\r\n";
    static const char empty[] = "Content-Length: 0\r\n";
    char **at = in;
    if (size < sizeof text + sizeof empty)
        return -1;
    memcpy(*at, text, sizeof text - 1);
    *at += sizeof text - 1;
    if (strcmp(peer->method, "POST") != 0)
        return 0;
    memcpy(*at, empty, sizeof empty - 1);
    *at += sizeof empty - 1;
    return 0;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* Copies a header; false when there is none or it does not fit. */
static bool header(struct lws *wsi, enum lws_token_indexes token, char *text, int size)
{
    return lws_hdr_total_length(wsi, token) > 0 && lws_hdr_copy(wsi, text, size, token) > 0;
}

/* libwebsockets reads a length with atoll() and knows "chunked" only by that spelling; what it
 * would take for something else is refused. */
static bool find_body_end(struct net_fetch *fetch, struct lws *wsi)
{
    char length[32] = "", coding[32] = "";
    bool has_length = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;
    bool has_coding = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
    fetch->body_end = has_coding ? BODY_CHUNKED : has_length ? BODY_LENGTH : BODY_CUT;
    if (fetch->status == 204 || fetch->status == 304)
        fetch->body_end = BODY_NONE;
    if (has_coding &&
        (has_length || !header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, coding, sizeof coding) ||
         strcmp(coding, "chunked") != 0)) {
        net_peer_say(&fetch->peer, "an answer in a coding other than chunked");
        return false;
    }
    if (has_length && (!header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length, sizeof length) ||
                       strspn(length, "0123456789") != strlen(length))) {
        net_peer_say(&fetch->peer, "an answer without a usable length");
        return false;
    }
    if (has_length && (strlen(length) > 9 || strtol(length, NULL, 10) > (long)NET_BODY_MAX)) {
        net_peer_say(&fetch->peer, "an answer of %s bytes; at most %u are taken", length,
                     NET_BODY_MAX);
        return false;
    }
    /* libwebsockets would wait for the first byte of nothing. */
    if (has_length && strtol(length, NULL, 10) == 0)
        fetch->body_end = BODY_NONE;
    return true;
}

static int on_answer(struct net_fetch *fetch, struct lws *wsi)
{
    char text[64];
    fetch->peer.wsi = wsi;
    fetch->peer.state = NET_UP;
    fetch->status = (int)lws_http_client_http_response(wsi);
    if (fetch->status < 200 || fetch->status > 599) {
        net_peer_say(&fetch->peer, "an answer with HTTP status %d", fetch->status);
        return -1;
    }
    if (header(wsi, WSI_TOKEN_HTTP_RETRY_AFTER, text, sizeof text))
        fetch->retry_after_ns = net_retry_after_ns(text, clock_wall_ns());
    if (!find_body_end(fetch, wsi))
        return -1;
    if (fetch->body_end != BODY_NONE)
        return 0;
    fetch->whole = true;
    net_peer_end(&fetch->peer);
    return -1;
}

static int on_readable(struct net_fetch *fetch, struct lws *wsi)
{
    int size = sizeof fetch->block;
    fetch->read_at = fetch->block;
    int rc = lws_http_client_read(wsi, &fetch->read_at, &size);
    return rc < 0 ? -1 : 0;
}

static int on_part(struct net_fetch *fetch, const void *data, size_t size)
{
    /* A hostile chunk length comes out of libwebsockets as a negative number. */
    if (size > INT32_MAX || buf_append(&fetch->body, data, size) != ERR_OK) {
        net_peer_say(&fetch->peer, "an answer of more than %u bytes", NET_BODY_MAX);
        return -1;
    }
    return 0;
}

/* libwebsockets calls an answer without a length complete also when the connection is cut, from
 * within the read that found that out and so moved nowhere. */
static int on_complete(struct net_fetch *fetch)
{
    bool cut = fetch->read_at == fetch->block;
    const SSL *ssl = fetch->peer.url.tls ? lws_get_ssl(fetch->peer.wsi) : NULL;
    bool cut_in_tls = ssl && !(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);
    fetch->whole = fetch->body_end == BODY_LENGTH || (fetch->body_end == BODY_CHUNKED && !cut) ||
                   (fetch->body_end == BODY_CUT && !cut_in_tls);
    net_peer_say(&fetch->peer, "the answer was cut short");
    net_peer_end(&fetch->peer);
    return -1;
}

static int on_event(struct net_peer *peer, struct lws *wsi, enum lws_callback_reasons reason,
                    void *in, size_t size, struct stamp now)
{
    (void)now;
    switch ((int)reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_headers(peer, in, size);
    case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
        return on_answer(fetch_of(peer), wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
        return on_readable(fetch_of(peer), wsi);
    case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
        return on_part(fetch_of(peer), in, size);
    case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
        return on_complete(fetch_of(peer));
    default:
        return 0;
    }
}

static void on_ended(struct net_peer *peer, struct stamp now, bool was_up)
{
    struct net_fetch *fetch = fetch_of(peer);
    const struct transport_events *events = peer->core->events;
    struct fetch_answer answer = {.body = "", .reason = ""};
    (void)was_up;
    if (fetch->whole) {
        answer.status = fetch->status;
        answer.retry_after_ns = fetch->retry_after_ns;
        answer.body = fetch->body.size > 0 ? (const char *)fetch->body.data : "";
        answer.size = fetch->body.size;
    } else {
        answer.reason = peer->reason;
    }
    events->answered(events->arg, fetch->number, now, &answer);
}

static void no_work(struct net_peer *peer, struct stamp now)
{
    (void)peer;
    (void)now;
}

static void release(struct net_peer *peer)
{
    buf_release(&fetch_of(peer)->body);
}

static const struct net_kind http = {
    .protocol = "http",
    .fate = "the answer was cut short",
    .event = on_event,
    .ended = on_ended,
    .work = no_work,
    .release = release,
};
