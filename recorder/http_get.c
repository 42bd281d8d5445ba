#include "recorder/http_get.h"

#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "recorder/net_transport.h"

#include <poll.h>
#include <stdlib.h>

/* How soon a cancel is seen. */
#define CANCEL_LOOK_NS (50 * NS_PER_MS)

struct http_session {
    struct net_transport *net;
    struct transport_events events;
    uint32_t number; /* of the last request; answers to others are late and not wanted */
    /* the request under way */
    bool answered;
    enum err err;
    int *out_status;
    int64_t *out_retry_after_ns;
    struct buf *out;
};

static void on_answered(void *arg, uint32_t number, struct stamp now,
                        const struct fetch_answer *answer)
{
    struct http_session *session = arg;
    (void)now;
    if (number != session->number || session->answered)
        return;
    session->answered = true;
    if (answer->status == 0) {
        session->err = err_fail(ERR_NET, "%s", answer->reason);
        return;
    }
    *session->out_status = answer->status;
    *session->out_retry_after_ns = answer->retry_after_ns;
    session->err = buf_append(session->out, answer->body, answer->size);
}

enum err http_session_open(struct http_session **out, const char *ca_file)
{
    struct http_session *session = calloc(1, sizeof *session);
    if (!session)
        return err_fail(ERR_NOMEM, "out of memory for HTTP");
    enum err err = net_transport_new(&session->net, ca_file);
    if (err) {
        free(session);
        return err;
    }
    session->events = (struct transport_events){.answered = on_answered, .arg = session};
    net_transport_listen(session->net, &session->events);
    *out = session;
    return ERR_OK;
}

void http_session_close(struct http_session *session)
{
    if (!session)
        return;
    net_transport_free(session->net);
    free(session);
}

static bool is_cancelled(int cancel_fd)
{
    struct pollfd fd = {cancel_fd, POLLIN, 0};
    return cancel_fd >= 0 && poll(&fd, 1, 0) > 0;
}

static enum err wait_for_answer(struct http_session *session, int cancel_fd)
{
    while (!session->answered) {
        if (is_cancelled(cancel_fd)) {
            session->answered = true; /* what comes later is not looked at */
            return err_fail(ERR_NET, "cancelled");
        }
        net_transport_service(session->net, clock_mono_ns() + CANCEL_LOOK_NS);
    }
    return session->err;
}

enum err http_get(struct http_session *session, const char *method, const struct ws_url *url,
                  const char *target, int cancel_fd, int *out_status, int64_t *out_retry_after_ns,
                  struct buf *out)
{
    const struct transport *body = net_transport_body(session->net);
    session->number++;
    session->answered = false;
    session->err = ERR_OK;
    session->out_status = out_status;
    session->out_retry_after_ns = out_retry_after_ns;
    session->out = out;
    buf_clear(out);
    enum err err = body->fetch(body->arg, session->number, method, url, target);
    return err ? err : wait_for_answer(session, cancel_fd);
}
