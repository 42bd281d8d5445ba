#include "replayer/serve_http.h"

#include "engine/base/clock.h"

#include <string.h>

#define CHUNK_MAX (16u * 1024)
#define HOST_MAX  256

static int token_of(struct lws *wsi)
{
    return lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0 ? WSI_TOKEN_POST_URI
                                                             : WSI_TOKEN_GET_URI;
}

bool serve_http_target(struct lws *wsi, char *target, size_t target_size)
{
    int length = lws_hdr_copy(wsi, target, (int)target_size, (enum lws_token_indexes)token_of(wsi));
    if (length <= 0)
        return false;
    size_t at = (size_t)length;
    for (int i = 0;; i++) {
        if (at + 2 >= target_size)
            return false;
        int part = lws_hdr_copy_fragment(wsi, target + at + 1, (int)(target_size - at - 1),
                                         WSI_TOKEN_HTTP_URI_ARGS, i);
        if (part < 0)
            break;
        target[at] = i == 0 ? '?' : '&';
        at += 1 + (size_t)part;
    }
    target[at] = '\0';
    return true;
}

void serve_answer_release(struct serve_answer *answer)
{
    if (answer->count)
        --*answer->count;
    buf_release(&answer->body);
    memset(answer, 0, sizeof *answer);
}

static int refuse(struct lws *wsi, unsigned status)
{
    lws_return_http_status(wsi, status, NULL);
    return -1;
}

/* What the venue says; ERR_UNKNOWN: it has no such path. */
static enum err ask(const struct serve_market *market, struct lws *wsi, int *out_status,
                    struct buf *out)
{
    char target[SERVE_TARGET_MAX], host[HOST_MAX];
    if (!market->venue->serving->answer || !serve_http_target(wsi, target, sizeof target))
        return ERR_UNKNOWN;
    if (lws_hdr_copy(wsi, host, sizeof host, WSI_TOKEN_HOST) <= 0)
        host[0] = '\0';
    struct venue_past past = {
        .instrument_count = market->instruments.count,
        .instruments = market->instruments.items,
        .trades = serve_past_trades,
        .arg = market->past,
    };
    const char *method = token_of(wsi) == WSI_TOKEN_POST_URI ? "POST" : "GET";
    return market->venue->serving->answer(method, target, host, clock_wall_ns(), &past, out_status,
                                          out);
}

static int send_head(const struct serve_answer *answer, struct lws *wsi, int status)
{
    uint8_t head[LWS_PRE + 1024], *start = head + LWS_PRE, *at = start;
    uint8_t *end = head + sizeof head - 1;
    if (lws_add_http_common_headers(wsi, (unsigned)status, "application/json", answer->body.size,
                                    &at, end) ||
        lws_finalize_write_http_header(wsi, start, &at, end))
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

static int answer_request(struct serve_answer *answer, struct lws *wsi,
                          const struct serve_market *market, size_t *count)
{
    int status = 200;
    if (*count == SERVE_ANSWERS_MAX)
        return refuse(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE);
    serve_answer_release(answer);
    answer->count = count;
    ++*count;
    buf_init(&answer->body, SERVE_ANSWER_MAX);
    enum err err = ask(market, wsi, &status, &answer->body);
    if (err == ERR_OK)
        return send_head(answer, wsi, status);
    serve_answer_release(answer);
    return refuse(wsi,
                  err == ERR_UNKNOWN ? HTTP_STATUS_NOT_FOUND : HTTP_STATUS_INTERNAL_SERVER_ERROR);
}

static bool has_body(struct lws *wsi)
{
    char length[24];
    return token_of(wsi) == WSI_TOKEN_POST_URI &&
           lws_hdr_copy(wsi, length, sizeof length, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;
}

int serve_http_begin(struct serve_answer *answer, struct lws *wsi,
                     const struct serve_market *market, size_t *count)
{
    return has_body(wsi) ? 0 : answer_request(answer, wsi, market, count);
}

int serve_http_body(struct serve_answer *answer, size_t size)
{
    answer->asked += size;
    return answer->asked > SERVE_QUESTION_MAX ? -1 : 0;
}

int serve_http_body_end(struct serve_answer *answer, struct lws *wsi,
                        const struct serve_market *market, size_t *count)
{
    return has_body(wsi) ? answer_request(answer, wsi, market, count) : 0;
}

int serve_http_writeable(struct serve_answer *answer, struct lws *wsi)
{
    uint8_t chunk[LWS_PRE + CHUNK_MAX];
    if (!answer->count)
        return 0;
    size_t left = answer->body.size - answer->sent;
    size_t size = left < CHUNK_MAX ? left : CHUNK_MAX;
    if (size > 0)
        memcpy(chunk + LWS_PRE, answer->body.data + answer->sent, size);
    enum lws_write_protocol how = size == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP;
    if (lws_write(wsi, chunk + LWS_PRE, size, how) < (int)size)
        return -1;
    answer->sent += size;
    if (size < left) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    serve_answer_release(answer);
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}
