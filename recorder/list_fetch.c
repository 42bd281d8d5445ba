#include "recorder/list_fetch.h"

#include "engine/base/clock.h"
#include "engine/base/io.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "engine/engine_answer.h"

#include <poll.h>
#include <stdlib.h>

#define RETRY_AFTER_MAX_NS (30 * NS_PER_S)
#define SILENT_WAIT_NS     (300 * NS_PER_MS)
#define SLOW_NS            (5 * NS_PER_S)
#define LIST_BYTES_MAX     (RECORD_DATA_MAX - 4096)

/* False: cancelled. */
static bool wait_ns(const struct list_fetch *fetch, int64_t ns)
{
    struct pollfd fd = {fetch->cancel_fd, POLLIN, 0};
    return poll(&fd, fetch->cancel_fd >= 0 ? 1 : 0, (int)(ns / NS_PER_MS)) == 0;
}

static enum err give(const struct list_fetch *fetch, const struct plan_venue *venue,
                     const struct ws_url *host, const char *target, const struct buf *body)
{
    if (!fetch->answer)
        return ERR_OK;
    struct buf data;
    buf_init(&data, RECORD_DATA_MAX);
    struct engine_asked asked = {
        .method = "GET", .host = host->text, .target = target, .status = 200};
    enum err err = engine_answer_tell(&data, &asked, body->data, body->size);
    err = err ? err : fetch->answer(venue->venue, data.data, data.size, fetch->arg);
    buf_release(&data);
    return err;
}

static enum err take_page(const struct list_fetch *fetch, struct plan_venue *venue,
                          const struct ws_url *host, const char *target, const struct buf *body)
{
    enum err err = venue->venue->rest->decode_list(target, body->data, body->size, &venue->list);
    if (err)
        return err_context(err, "instrument list of %s from %s%s", venue->venue->name, host->text,
                           target);
    return give(fetch, venue, host, target, body);
}

/* One request, again when it fails in a way that may pass. */
static enum err ask(const struct list_fetch *fetch, const struct plan_venue *venue,
                    const struct ws_url *host, const char *target, struct buf *body)
{
    enum err err = ERR_OK;
    for (int i = 0, silences = 0; i < LIST_FETCH_TRIES; i++) {
        int status = 0;
        int64_t retry_ns = 0, begin_ns = clock_mono_ns();
        err = http_get(fetch->session, "GET", host, target, fetch->cancel_fd, &status, &retry_ns,
                       body);
        if (!err && status == 200)
            return ERR_OK;
        if (!err)
            err = err_fail(ERR_NET, "HTTP status %d", status);
        err = err_context(err, "no instrument list of %s from %s%s", venue->venue->name, host->text,
                          target);
        /* A host that is not there, or swallows requests, would hold up the capture's start. */
        bool slow = clock_mono_ns() - begin_ns > SLOW_NS;
        bool silent = status == 0 && silences++ > 0;
        bool passing =
            !slow && !silent && (status == 0 || status == 429 || status == 418 || status >= 500);
        if (status == 0)
            retry_ns = SILENT_WAIT_NS;
        else if (retry_ns == 0)
            retry_ns = (i + 1) * NS_PER_S;
        if (!passing || i + 1 == LIST_FETCH_TRIES ||
            !wait_ns(fetch, retry_ns < RETRY_AFTER_MAX_NS ? retry_ns : RETRY_AFTER_MAX_NS))
            break;
    }
    return err;
}

static enum err ask_pages(const struct list_fetch *fetch, struct plan_venue *venue,
                          const struct ws_url *host, struct buf *target, struct buf *body)
{
    const struct venue_rest *rest = venue->venue->rest;
    for (size_t i = 0; i < LIST_FETCH_PAGES_MAX; i++) {
        enum err err = rest->list(i, i > 0 ? body->data : NULL, i > 0 ? body->size : 0, target);
        if (err == ERR_END)
            return ERR_OK;
        err = err ? err : buf_terminate(target);
        if (!err && i > 0 && !wait_ns(fetch, rest->gap_ns))
            err = err_fail(ERR_STOP, "stopped");
        err = err ? err : ask(fetch, venue, host, (const char *)target->data, body);
        err = err ? err : take_page(fetch, venue, host, (const char *)target->data, body);
        if (err)
            return err;
    }
    return err_fail(ERR_LIMIT, "%s: an instrument list of more than %d pages", venue->venue->name,
                    LIST_FETCH_PAGES_MAX);
}

static enum err from_venue(const struct list_fetch *fetch, struct plan_venue *venue,
                           const struct ws_url *host)
{
    struct buf target, body;
    buf_init(&target, WS_URL_PATH_MAX);
    buf_init(&body, LIST_BYTES_MAX);
    enum err err = ask_pages(fetch, venue, host, &target, &body);
    buf_release(&target);
    buf_release(&body);
    return err;
}

/* The file holds one answer of the venue, as its instrument endpoint gives it. */
static enum err from_file(const struct list_fetch *fetch, struct plan_venue *venue,
                          const char *path)
{
    char *text = NULL;
    size_t size = 0;
    struct buf target;
    buf_init(&target, WS_URL_PATH_MAX);
    enum err err = io_read_file(path, LIST_BYTES_MAX, &text, &size);
    err = err ? err : venue->venue->rest->list(0, NULL, 0, &target);
    err = err ? err : buf_terminate(&target);
    if (!err) {
        struct buf body = {.data = (uint8_t *)text, .size = size};
        err = take_page(fetch, venue, &venue->rest, (const char *)target.data, &body);
        if (err)
            err = err_context(err, "'%s'", path);
    }
    buf_release(&target);
    free(text);
    return err;
}

enum err list_fetch_get(const struct list_fetch *fetch, struct plan_venue *venue,
                        const char *list_file)
{
    if (!venue->venue->rest || !venue->venue->rest->list)
        return err_fail(ERR_MISSING, "%s has no instrument list", venue->venue->name);
    enum err err =
        list_file ? from_file(fetch, venue, list_file) : from_venue(fetch, venue, &venue->rest);
    if (!err && venue->list.count == 0)
        err = err_fail(ERR_DAMAGED, "the instrument list of %s is empty", venue->venue->name);
    if (err) {
        instrument_list_release(&venue->list);
        instrument_list_init(&venue->list);
    }
    return err;
}
