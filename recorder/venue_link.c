#include "recorder/venue_link.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/backoff.h"
#include "recorder/net_log.h"
#include "recorder/resolver.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define REASON_MAX        256
#define SEND_BYTES_MAX    (1024u * 1024)
#define MESSAGE_ROOM_KEPT (1024u * 1024) /* a larger reassembly buffer is given back */

enum link_state { LINK_IDLE, LINK_RESOLVING, LINK_CONNECTING, LINK_OPEN };

struct venue_link {
    struct link_shared *shared;
    const struct old_link *plan;
    const struct venue *venue;
    const struct venue_recording *recording;
    const struct ws_url *url;
    struct old_budget *budget;

    enum link_state state;
    bool stopping;
    struct lws *wsi;
    uint32_t connection;
    char close_reason[REASON_MAX]; /* why it is going to be closed; "" = not known yet */

    /* connecting */
    struct backoff backoff;
    int64_t attempt_ns; /* monotonic: not before */
    struct resolver *resolver;
    size_t address_turn; /* which address of the host comes next */

    /* open */
    int64_t opened_ns, heard_ns, sent_ns, kept_alive_ns; /* monotonic */
    size_t subscribe_index;
    bool subscribed; /* all messages are sent */
    uint64_t keepalive_number;
    struct buf out;     /* the message to send */
    struct buf padded;  /* the same with the room in front that libwebsockets wants */
    struct buf message; /* parts of a message so far */
    bool message_binary, message_too_large;

    struct capture_drops drops;
    struct link_stats stats;
};

struct stamp {
    int64_t wall_ns, mono_ns;
};

static struct stamp stamp_now(void)
{
    return (struct stamp){.wall_ns = clock_wall_ns(), .mono_ns = clock_mono_ns()};
}

/* ---- records -------------------------------------------------------------------------------- */

static struct record record_of(const struct venue_link *link, enum record_type type,
                               struct stamp stamp)
{
    return (struct record){
        .type = type,
        .venue = link->venue->name,
        .connection = link->connection,
        .wall_ns = stamp.wall_ns,
        .mono_ns = stamp.mono_ns,
        .source_ns = RECORD_NO_TIME,
    };
}

static void push(struct venue_link *link, struct record *record, const void *data, size_t size)
{
    record->data = data;
    record->size = size;
    link->shared->pushed_mono_ns = record->mono_ns;
    capture_drops_push(&link->drops, link->shared->queue, record);
}

/* {"event":"close","reason":"..."} */
static void push_event(struct venue_link *link, const char *event, const char *member,
                       const char *text)
{
    struct buf json;
    buf_init(&json, 16 * 1024);
    enum err err = buf_printf(&json, "{\"event\":\"%s\",\"%s\":", event, member);
    err = err ? err : buf_append_json(&json, text, strlen(text));
    err = err ? err : buf_append_byte(&json, '}');
    struct record record = record_of(link, RECORD_CONNECTION, stamp_now());
    if (err)
        capture_drops_count(&link->drops, DROP_QUEUE_FULL, record.wall_ns);
    else
        push(link, &record, json.data, json.size);
    buf_release(&json);
}

bool venue_link_tell_gaps(struct venue_link *link)
{
    struct record from = record_of(link, RECORD_GAP, stamp_now());
    return capture_drops_tell(&link->drops, link->shared->queue, &from);
}

/* ---- life ----------------------------------------------------------------------------------- */

static struct old_budget *budget_of(struct link_shared *shared, const struct old_venue *venue)
{
    const struct old_plan *plan = shared->plan;
    for (size_t i = 0; i < plan->venue_count; i++)
        if (strcmp(plan->venues[i].url.authority, venue->url.authority) == 0)
            return &shared->budgets[i];
    return &shared->budgets[0];
}

enum err venue_link_new(struct venue_link **out, const struct old_link *plan,
                        struct link_shared *shared, uint64_t seed)
{
    struct venue_link *link = calloc(1, sizeof *link);
    if (!link)
        return err_fail(ERR_NOMEM, "out of memory for a connection");
    link->shared = shared;
    link->plan = plan;
    link->venue = plan->venue->venue;
    link->recording = link->venue->recording;
    link->url = &plan->venue->url;
    link->budget = budget_of(shared, plan->venue);
    backoff_init(&link->backoff, seed);
    buf_init(&link->out, SEND_BYTES_MAX);
    buf_init(&link->padded, SEND_BYTES_MAX + LWS_PRE);
    buf_init(&link->message, RECORD_DATA_MAX);
    *out = link;
    return ERR_OK;
}

void venue_link_free(struct venue_link *link)
{
    if (!link)
        return;
    resolver_free(link->resolver);
    buf_release(&link->out);
    buf_release(&link->padded);
    buf_release(&link->message);
    free(link);
}

void venue_link_stats(const struct venue_link *link, struct link_stats *out)
{
    *out = link->stats;
    out->dropped = link->drops.total;
}

static void set_state(struct venue_link *link, enum link_state state)
{
    struct link_shared *shared = link->shared;
    if (link->state == LINK_CONNECTING)
        shared->connecting--;
    if (state == LINK_CONNECTING)
        shared->connecting++;
    link->state = state;
    net_log_listen(shared->connecting > 0);
}

/* ---- connecting ----------------------------------------------------------------------------- */

static void schedule(struct venue_link *link, int64_t wait_ns)
{
    set_state(link, LINK_IDLE);
    link->wsi = NULL;
    link->attempt_ns = clock_mono_ns() + wait_ns;
}

/* "0.4 s": for people. */
static const char *wait_text(char text[32], int64_t wait_ns)
{
    snprintf(text, 32, "%" PRId64 ".%d s", wait_ns / NS_PER_S,
             (int)(wait_ns % NS_PER_S / (NS_PER_S / 10)));
    return text;
}

static void fail_attempt(struct venue_link *link, const char *reason)
{
    char wait[32];
    link->stats.failed++;
    push_event(link, "error", "reason", reason);
    int64_t wait_ns = backoff_next(&link->backoff);
    schedule(link, wait_ns);
    if (!link->stopping)
        log_warn("%s: cannot connect to %s: %s; next try in %s", link->venue->name, link->url->text,
                 reason, wait_text(wait, wait_ns));
}

static void wake_loop(void *arg)
{
    lws_cancel_service(arg);
}

static void begin_attempt(struct venue_link *link, int64_t now_ns)
{
    int64_t wait_ns = old_budget_take(link->budget, now_ns);
    if (wait_ns > 0) {
        link->attempt_ns = now_ns + wait_ns;
        return;
    }
    link->connection = link->shared->next_connection++;
    link->close_reason[0] = '\0';
    enum err err =
        resolver_start(&link->resolver, link->url->host, wake_loop, link->shared->context);
    if (err)
        fail_attempt(link, err_text(err));
    else
        set_state(link, LINK_RESOLVING);
}

static void connect_to(struct venue_link *link, const char *address)
{
    struct lws_client_connect_info info = {
        .context = link->shared->context,
        .address = address,
        .port = link->url->port,
        .ssl_connection = (link->url->tls ? LCCSCF_USE_SSL : 0) | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .path = link->url->path,
        .host = link->url->authority, /* the certificate must be for this name */
        .ietf_version_or_minus_one = -1,
        .userdata = link,
        .local_protocol_name = "venue",
        .alpn = "http/1.1",
        .pwsi = &link->wsi,
    };
    net_log_clear();
    set_state(link, LINK_CONNECTING);
    /* On failure the callback may have run already, or not. */
    if (!lws_client_connect_via_info(&info) && link->state == LINK_CONNECTING)
        fail_attempt(link, *net_log_reason() ? net_log_reason() : "cannot connect");
}

static void poll_resolver(struct venue_link *link)
{
    struct resolver_result result;
    enum resolver_state state = resolver_poll(link->resolver, &result);
    if (state == RESOLVER_BUSY)
        return;
    resolver_free(link->resolver);
    link->resolver = NULL;
    if (state == RESOLVER_FAILED)
        fail_attempt(link, result.reason);
    else
        connect_to(link, result.addresses[link->address_turn++ % result.count]);
}

static void on_connect_error(struct venue_link *link, const char *text, size_t size)
{
    char reason[REASON_MAX];
    if (*net_log_reason())
        snprintf(reason, sizeof reason, "%s", net_log_reason());
    else if (text && size > 0 && buf_is_utf8(text, size))
        snprintf(reason, sizeof reason, "%.*s", (int)(size < 200 ? size : 200), text);
    else
        snprintf(reason, sizeof reason, "no answer");
    net_log_clear();
    fail_attempt(link, reason);
}

/* ---- open ----------------------------------------------------------------------------------- */

static void on_open(struct venue_link *link, struct lws *wsi)
{
    set_state(link, LINK_OPEN);
    link->wsi = wsi;
    link->stats.opened++;
    link->opened_ns = link->heard_ns = link->kept_alive_ns = clock_mono_ns();
    link->sent_ns = 0;
    link->subscribe_index = 0;
    link->subscribed = false;
    link->message_too_large = false;
    buf_clear(&link->message);
    push_event(link, "open", "url", link->url->text);
    log_info("%s: %s to %s (%zu instrument%s)", link->venue->name,
             link->stats.opened > 1 ? "connected again" : "connected", link->url->text,
             link->plan->count, link->plan->count == 1 ? "" : "s");
    lws_callback_on_writable(wsi);
}

static void on_closed(struct venue_link *link)
{
    const char *reason =
        *link->close_reason ? link->close_reason : "the venue ended it without a close message";
    push_event(link, "close", "reason", reason);
    int64_t lived_ns = clock_mono_ns() - link->opened_ns;
    if (lived_ns >= LINK_PROVEN_NS)
        backoff_reset(&link->backoff);
    int64_t wait_ns = backoff_next(&link->backoff);
    schedule(link, wait_ns);
    char wait[32];
    if (!link->stopping)
        log_warn("%s: connection closed: %s; next try in %s", link->venue->name, reason,
                 wait_text(wait, wait_ns));
}

/* Closes it without waiting for the venue's answer; on_closed() follows. */
static void kill_connection(struct venue_link *link, const char *reason)
{
    snprintf(link->close_reason, sizeof link->close_reason, "%s", reason);
    lws_set_timeout(link->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

static void on_peer_close(struct venue_link *link, const uint8_t *data, size_t size)
{
    if (*link->close_reason)
        return;
    int code = size >= 2 ? data[0] << 8 | data[1] : 1005;
    const char *text = size > 2 && buf_is_utf8(data + 2, size - 2) ? (const char *)data + 2 : "";
    /* libwebsockets turns codes that it does not know, 1012 "service restart" among them, into
     * 1002. */
    char name[48] = "1002, or 1012 and above";
    if (code != 1002)
        snprintf(name, sizeof name, "%d", code);
    snprintf(link->close_reason, sizeof link->close_reason,
             "the venue closed it with code %s%s%.*s", name, *text ? ": " : "",
             *text ? (int)(size - 2) : 0, text);
}

/* ---- receiving ------------------------------------------------------------------------------ */

static void push_message(struct venue_link *link, struct stamp stamp, const void *data, size_t size)
{
    struct record record = record_of(link, RECORD_RECEIVED, stamp);
    record.flags = link->message_binary ? RECORD_BINARY : 0;
    push(link, &record, data, size);
}

/* One part of a message that did not come in one piece. */
static void collect(struct venue_link *link, struct stamp stamp, const void *data, size_t size,
                    bool last)
{
    if (!link->message_too_large && buf_append(&link->message, data, size) != ERR_OK) {
        link->message_too_large = true;
        log_warn("%s: a message of more than %u bytes is left out", link->venue->name,
                 RECORD_DATA_MAX);
    }
    if (!last)
        return;
    if (link->message_too_large)
        capture_drops_count(&link->drops, DROP_TOO_LARGE, stamp.wall_ns);
    else
        push_message(link, stamp, link->message.data, link->message.size);
    if (link->message.capacity > MESSAGE_ROOM_KEPT)
        buf_release(&link->message);
    buf_clear(&link->message);
}

/* The receive time of a message in parts is that of its last part: only then was it there. */
static void on_receive(struct venue_link *link, struct lws *wsi, struct stamp stamp,
                       const void *data, size_t size)
{
    bool first = lws_is_first_fragment(wsi);
    bool last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
    link->heard_ns = stamp.mono_ns;
    if (first) {
        link->message_binary = lws_frame_is_binary(wsi);
        link->message_too_large = false;
        buf_clear(&link->message);
    }
    if (first && last)
        push_message(link, stamp, data, size);
    else
        collect(link, stamp, data, size, last);
}

/* ---- sending -------------------------------------------------------------------------------- */

static bool keepalive_due(const struct venue_link *link, int64_t now_ns)
{
    return link->recording->keepalive_ns > 0 &&
           now_ns - link->kept_alive_ns >= link->recording->keepalive_ns;
}

/* The next message that is due, in link->out; ERR_END when there is none. */
static enum err next_message(struct venue_link *link, int64_t now_ns)
{
    const struct old_link *plan = link->plan;
    if (!link->subscribed) {
        struct venue_change change = {
            .channel = plan->venue->channel,
            .symbols = plan->venue->symbols + plan->first,
            .count = plan->count,
            .first_id = 1,
        };
        enum err err = link->recording->subscribe(&change, link->subscribe_index, &link->out);
        if (err != ERR_END) {
            link->subscribe_index++;
            return err;
        }
        link->subscribed = true;
    }
    if (!keepalive_due(link, now_ns))
        return ERR_END;
    link->kept_alive_ns = now_ns;
    return link->recording->keepalive(link->keepalive_number++, &link->out);
}

static enum err pad(struct venue_link *link)
{
    static const uint8_t room[LWS_PRE];
    buf_clear(&link->padded);
    enum err err = buf_append(&link->padded, room, sizeof room);
    return err ? err : buf_append(&link->padded, link->out.data, link->out.size);
}

/* -1, to close the connection. */
static int give_up(struct venue_link *link, const char *reason)
{
    snprintf(link->close_reason, sizeof link->close_reason, "%s", reason);
    return -1;
}

static bool may_send(const struct venue_link *link, int64_t now_ns)
{
    return link->sent_ns == 0 || now_ns - link->sent_ns >= link->recording->send_gap_ns;
}

/* Returns what the callback returns: -1 closes the connection. */
static int on_writeable(struct venue_link *link, struct lws *wsi)
{
    if (link->stopping) {
        lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
        return -1;
    }
    struct stamp stamp = stamp_now();
    if (!may_send(link, stamp.mono_ns))
        return 0;
    enum err err = next_message(link, stamp.mono_ns);
    if (err == ERR_END)
        return 0;
    err = err ? err : pad(link);
    if (err)
        return give_up(link, err_text(err));
    size_t size = link->out.size;
    link->sent_ns = stamp.mono_ns;
    if (lws_write(wsi, link->padded.data + LWS_PRE, size, LWS_WRITE_TEXT) < (int)size)
        return give_up(link, "cannot send");
    struct record record = record_of(link, RECORD_SENT, stamp);
    push(link, &record, link->out.data, size);
    if (link->recording->send_gap_ns == 0)
        lws_callback_on_writable(wsi);
    return 0;
}

/* ---- the tick ------------------------------------------------------------------------------- */

/* Pings are answered inside libwebsockets and not shown to us, but the kernel knows when the last
 * byte came. */
static int64_t last_byte_age_ns(struct venue_link *link)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    int fd = lws_get_socket_fd(link->wsi);
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return INT64_MAX;
    return (int64_t)info.tcpi_last_data_recv * NS_PER_MS;
}

static bool is_silent(struct venue_link *link, int64_t now_ns)
{
    int64_t limit_ns = link->recording->silence_ns;
    if (limit_ns == 0 || now_ns - link->heard_ns < limit_ns)
        return false;
    int64_t age_ns = last_byte_age_ns(link);
    if (age_ns < limit_ns)
        link->heard_ns = now_ns - age_ns;
    return age_ns >= limit_ns;
}

/* Ahead of the venue's own cut, which would come at a moment of its choice. */
static bool is_too_old(const struct venue_link *link, int64_t now_ns)
{
    int64_t age_max_ns = link->recording->age_max_ns;
    return age_max_ns > 0 && now_ns - link->opened_ns >= age_max_ns - age_max_ns / 144;
}

static void tick_open(struct venue_link *link, int64_t now_ns)
{
    char text[TIME_TEXT_MAX], reason[REASON_MAX];
    if (*link->close_reason)
        return;
    if (is_silent(link, now_ns)) {
        duration_format(text, link->recording->silence_ns);
        snprintf(reason, sizeof reason, "nothing came for %s", text);
        kill_connection(link, reason);
    } else if (is_too_old(link, now_ns)) {
        kill_connection(link, "changed over before the venue's limit of age");
    } else if (may_send(link, now_ns) && (!link->subscribed || keepalive_due(link, now_ns))) {
        lws_callback_on_writable(link->wsi);
    }
}

void venue_link_tick(struct venue_link *link)
{
    int64_t now_ns = clock_mono_ns();
    venue_link_tell_gaps(link);
    switch (link->state) {
    case LINK_IDLE:
        if (!link->stopping && now_ns >= link->attempt_ns)
            begin_attempt(link, now_ns);
        break;
    case LINK_RESOLVING:
        poll_resolver(link);
        break;
    case LINK_CONNECTING:
        break;
    case LINK_OPEN:
        tick_open(link, now_ns);
        break;
    }
}

bool venue_link_stop(struct venue_link *link)
{
    if (!link->stopping && link->state == LINK_OPEN) {
        snprintf(link->close_reason, sizeof link->close_reason, "the recorder stops");
        lws_callback_on_writable(link->wsi);
    }
    link->stopping = true;
    return link->state != LINK_OPEN;
}

void venue_link_abandon(struct venue_link *link)
{
    if (link->state == LINK_OPEN)
        on_closed(link);
    set_state(link, LINK_IDLE);
    resolver_free(link->resolver);
    link->resolver = NULL;
}

int venue_link_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t size)
{
    struct stamp stamp = {0};
    if (reason == LWS_CALLBACK_CLIENT_RECEIVE)
        stamp = stamp_now();
    struct venue_link *link = user;
    if (!link || (link->state != LINK_OPEN && link->state != LINK_CONNECTING))
        return 0;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        on_connect_error(link, in, size);
        break;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        on_open(link, wsi);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        on_receive(link, wsi, stamp, in, size);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writeable(link, wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(link, in, size);
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        on_closed(link);
        break;
    default:
        break;
    }
    return 0;
}
