#include "engine/sink/candle_stream.h"

#include "engine/base/clock.h"
#include "engine/sink/candle_cursor.h"
#include "engine/sink/candle_message.h"
#include "engine/sink/candle_queue.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNKS_MAX                                                                                 \
    (CANDLE_STREAM_PAGE_ROWS * CANDLE_MESSAGE_BYTES_MAX / CANDLE_STREAM_CHUNK_BYTES + 1)
#define STORE_POLL_NS  (INT64_C(5) * 1000000)
#define HUB_POLL_NS    (INT64_C(1) * 1000000)
#define LIVE_BATCH_MAX RPC_SLICES_MAX
#define SHUTTING_DOWN  "server is shutting down"
#define RECONNECT      "connect again with history = true"

/* Rows of one page, packed; each chunk is one message. */
struct chunks {
    size_t next, count;
    grpc_slice list[CHUNKS_MAX];
};

/* A page that was read and waits for the hub to have handled its update. */
struct page {
    bool ready;
    struct candle_cursor start, cursor; /* in front of its first row, behind its last */
    bool more;
    uint64_t update;
    struct chunks chunks;
};

struct candle_stream {
    struct candle_listener listener;
    struct store_job job;
    struct rpc_call *call;
    struct candle_hub *hub;
    struct store_pool *pool;
    Rewick__V1__StreamCandlesRequest *request;
    struct candle_filter filter;

    /* The job's own. */
    struct page page;
    int64_t waiting_since; /* 0: not waiting */

    pthread_mutex_t lock; /* all below */
    bool history;         /* not all pages were read */
    bool job_posted;      /* or running */
    bool first_page_read;
    uint64_t floor; /* updates up to here are in every page */
    struct candle_cursor cursor;
    bool page_under_way; /* from asking for a page to delivering it, when `reach` stays */
    uint64_t reach;      /* the next page must show this update */
    struct chunks chunks;
    struct candle_queue queue;
    bool closed;   /* the call is over */
    bool stopping; /* end when the queue is empty */
    bool ended;    /* end now, with: */
    grpc_status_code status;
    char text[RPC_TEXT_MAX];
    int64_t ended_ns;
};

static const struct candle_listener_calls listener_calls;
static const struct rpc_stream_events stream_events;
static void run_history(struct store_job *job, struct candle_store *store, const char *error);
static void stream_release(void *state);

/* ---- opening ----------------------------------------------------------------------------------
 */

static struct candle_stream *new_stream(struct rpc_call *call,
                                        Rewick__V1__StreamCandlesRequest *request,
                                        struct candle_hub *hub, struct store_pool *pool)
{
    struct candle_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->listener.calls = &listener_calls;
    stream->listener.forming = request->forming;
    stream->job.run = run_history;
    stream->call = call;
    stream->hub = hub;
    stream->pool = pool;
    stream->request = request;
    stream->history = request->history;
    stream->queue.count_max = CANDLE_STREAM_UPDATES_MAX;
    stream->queue.bytes_max = CANDLE_STREAM_BYTES_MAX;
    pthread_mutex_init(&stream->lock, NULL);
    return stream;
}

static bool set_filter(struct candle_stream *stream)
{
    if (candle_filter_init(&stream->filter, stream->request->filter) != ERR_OK)
        return false;
    if (stream->request->from_ns != 0)
        stream->filter.from_ns = stream->request->from_ns;
    stream->filter.forming = stream->request->forming;
    return true;
}

void candle_stream_serve(struct rpc_call *call, Rewick__V1__StreamCandlesRequest *request,
                         struct candle_hub *hub, struct store_pool *pool)
{
    struct candle_stream *stream = new_stream(call, request, hub, pool);
    if (stream == NULL) {
        rewick__v1__stream_candles_request__free_unpacked(request, NULL);
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    if (!set_filter(stream)) {
        rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT, "%s", err_text(ERR_USAGE));
        stream_release(stream);
        return;
    }
    enum hub_join joined = candle_hub_join(hub, &stream->listener);
    if (joined == HUB_JOINED) {
        rpc_stream_open(call, &stream_events, stream);
        return;
    }
    if (joined == HUB_FULL)
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED,
                 "%d streams are open, the most this server takes; close one", HUB_LISTENERS_MAX);
    else
        rpc_fail(call, GRPC_STATUS_UNAVAILABLE, SHUTTING_DOWN);
    stream_release(stream);
}

/* ---- ending -----------------------------------------------------------------------------------
 */

static void chunks_clear(struct chunks *chunks)
{
    while (chunks->next < chunks->count)
        grpc_slice_unref(chunks->list[chunks->next++]);
    chunks->next = chunks->count = 0;
}

static void drop_all(struct candle_stream *stream)
{
    candle_queue_release(&stream->queue);
    chunks_clear(&stream->chunks);
}

/* With the lock held. The first reason stays. */
__attribute__((format(printf, 3, 4))) static void end_locked(struct candle_stream *stream,
                                                             grpc_status_code status,
                                                             const char *format, ...)
{
    if (stream->ended)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(stream->text, sizeof stream->text, format, args);
    va_end(args);
    stream->ended = true;
    stream->status = status;
    stream->ended_ns = clock_mono_ns();
    drop_all(stream);
}

static void end(struct candle_stream *stream, grpc_status_code status, const char *text)
{
    pthread_mutex_lock(&stream->lock);
    end_locked(stream, status, "%s", text);
    pthread_mutex_unlock(&stream->lock);
}

static bool is_over(struct candle_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool over = stream->ended || stream->closed;
    pthread_mutex_unlock(&stream->lock);
    return over;
}

/* ---- live updates -----------------------------------------------------------------------------
 */

static struct candle_stream *stream_of_listener(struct candle_listener *listener)
{
    return (struct candle_stream *)((char *)listener - offsetof(struct candle_stream, listener));
}

static void queue_locked(struct candle_stream *stream, struct candle_event *event)
{
    switch (candle_queue_push(&stream->queue, event)) {
    case ERR_OK:
        return;
    case ERR_NOMEM:
        end_locked(stream, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    default:
        end_locked(stream, GRPC_STATUS_RESOURCE_EXHAUSTED,
                   "client reads too slowly: %zu updates (%" PRIu64
                   " bytes) were waiting for it and update %" PRIu64 " found no room; " RECONNECT,
                   stream->queue.count, stream->queue.bytes, event->number);
    }
}

/* The pages that are not read yet will show the candle: its update need not wait for them. */
static bool leave_to_pages(struct candle_stream *stream, const struct candle_event *event)
{
    if (!stream->history || stream->page_under_way ||
        !candle_cursor_before(&stream->cursor, &event->candle))
        return false;
    if (event->number > stream->reach)
        stream->reach = event->number;
    return true;
}

static void listener_update(struct candle_listener *listener, struct candle_event *event)
{
    struct candle_stream *stream = stream_of_listener(listener);
    if (!candle_filter_has(&stream->filter, &event->candle))
        return;
    pthread_mutex_lock(&stream->lock);
    if (!stream->ended && !stream->closed && event->number > stream->floor &&
        !leave_to_pages(stream, event))
        queue_locked(stream, event);
    pthread_mutex_unlock(&stream->lock);
}

static void listener_flush(struct candle_listener *listener)
{
    rpc_stream_kick(stream_of_listener(listener)->call);
}

static void listener_end(struct candle_listener *listener, enum hub_end why)
{
    struct candle_stream *stream = stream_of_listener(listener);
    pthread_mutex_lock(&stream->lock);
    if (why == HUB_OVERRUN)
        end_locked(stream, GRPC_STATUS_RESOURCE_EXHAUSTED,
                   "server could not hand out updates fast enough and lost some; " RECONNECT);
    else if (stream->history)
        end_locked(stream, GRPC_STATUS_UNAVAILABLE, SHUTTING_DOWN);
    else
        stream->stopping = true;
    pthread_mutex_unlock(&stream->lock);
    rpc_stream_kick(stream->call);
}

static void listener_tick(struct candle_listener *listener, int64_t now_ns)
{
    struct candle_stream *stream = stream_of_listener(listener);
    pthread_mutex_lock(&stream->lock);
    bool stuck =
        stream->ended && !stream->closed && now_ns - stream->ended_ns > CANDLE_STREAM_END_NS;
    pthread_mutex_unlock(&stream->lock);
    if (stuck)
        rpc_stream_cancel(stream->call);
}

static void listener_ref(struct candle_listener *listener)
{
    rpc_call_ref(stream_of_listener(listener)->call);
}

static void listener_unref(struct candle_listener *listener)
{
    rpc_call_unref(stream_of_listener(listener)->call);
}

static const struct candle_listener_calls listener_calls = {
    .update = listener_update,
    .flush = listener_flush,
    .end = listener_end,
    .tick = listener_tick,
    .ref = listener_ref,
    .unref = listener_unref,
};

/* ---- sending ----------------------------------------------------------------------------------
 */

/* With the lock held. */
static void post_history(struct candle_stream *stream)
{
    if (stream->job_posted)
        return;
    rpc_call_ref(stream->call);
    stream->job_posted = store_pool_post(stream->pool, &stream->job, 0);
    if (!stream->job_posted) {
        rpc_call_unref(stream->call); /* never the last: the caller has one */
        end_locked(stream, GRPC_STATUS_UNAVAILABLE, "server is busy or shutting down; " RECONNECT);
    }
}

static void take_chunk(struct candle_stream *stream, struct rpc_outgoing *out)
{
    out->slices[out->count++] = stream->chunks.list[stream->chunks.next++];
    if (stream->chunks.next == stream->chunks.count && stream->history)
        post_history(stream); /* reads the next page while this one travels */
}

static void take_updates(struct candle_stream *stream, struct rpc_outgoing *out)
{
    while (out->count < LIVE_BATCH_MAX && stream->queue.count > 0) {
        struct candle_event *event = candle_queue_pop(&stream->queue);
        out->slices[out->count++] = grpc_slice_ref(event->packed);
        candle_event_unref(event);
    }
}

static enum rpc_next status(const struct candle_stream *stream, struct rpc_outgoing *out)
{
    out->status = stream->ended ? stream->status : GRPC_STATUS_UNAVAILABLE;
    snprintf(out->text, sizeof out->text, "%s", stream->ended ? stream->text : SHUTTING_DOWN);
    return RPC_NEXT_STATUS;
}

static enum rpc_next next_locked(struct candle_stream *stream, struct rpc_outgoing *out)
{
    if (stream->closed)
        return RPC_NEXT_NOTHING;
    if (stream->chunks.next < stream->chunks.count)
        take_chunk(stream, out);
    else if (stream->history && !stream->ended)
        post_history(stream);
    else
        take_updates(stream, out);
    if (out->count > 0)
        return RPC_NEXT_MESSAGE;
    if (stream->ended || (stream->stopping && !stream->history))
        return status(stream, out);
    return RPC_NEXT_NOTHING;
}

static enum rpc_next stream_next(void *state, struct rpc_outgoing *out)
{
    struct candle_stream *stream = state;
    pthread_mutex_lock(&stream->lock);
    enum rpc_next next = next_locked(stream, out);
    pthread_mutex_unlock(&stream->lock);
    return next;
}

static void stream_closed(void *state)
{
    struct candle_stream *stream = state;
    pthread_mutex_lock(&stream->lock);
    stream->closed = true;
    drop_all(stream);
    pthread_mutex_unlock(&stream->lock);
    candle_hub_leave(stream->hub, &stream->listener);
}

static void stream_release(void *state)
{
    struct candle_stream *stream = state;
    drop_all(stream);
    chunks_clear(&stream->page.chunks);
    candle_filter_release(&stream->filter);
    rewick__v1__stream_candles_request__free_unpacked(stream->request, NULL);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

static const struct rpc_stream_events stream_events = {
    .next = stream_next,
    .closed = stream_closed,
    .release = stream_release,
};

/* ---- history, on a thread of the pool ---------------------------------------------------------
 */

enum step { STEP_DONE, STEP_WAIT_STORE, STEP_WAIT_HUB };

static enum err ignore_row(const struct candle *candle, void *arg)
{
    (void)candle, (void)arg;
    return ERR_OK;
}

/* Asks for rows that no venue has: only the update comes back. */
static enum err committed_update(struct candle_store *store, uint64_t *out)
{
    static const char *const no_venue[] = {""};
    struct candle_query query = {
        .venues = no_venue, .venue_count = 1, .from_ns = INT64_MIN, .to_ns = INT64_MAX, .limit = 1};
    return candle_store_query(store, &query, ignore_row, NULL, out);
}

struct page_reader {
    struct candle_stream *stream;
    struct buf rows;
};

static void finish_chunk(struct page_reader *reader)
{
    struct chunks *chunks = &reader->stream->page.chunks;
    if (reader->rows.size > 0)
        chunks->list[chunks->count++] =
            grpc_slice_from_copied_buffer((const char *)reader->rows.data, reader->rows.size);
    buf_clear(&reader->rows);
}

static enum err read_row(const struct candle *candle, void *arg)
{
    struct page_reader *reader = arg;
    if (store_pool_stopping(reader->stream->pool))
        return err_fail(ERR_STOP, SHUTTING_DOWN);
    enum err err = candle_message_append_update(&reader->rows, candle, 0);
    if (err == ERR_OK && reader->rows.size >= CANDLE_STREAM_CHUNK_BYTES)
        finish_chunk(reader);
    return err;
}

static enum err read_page(struct candle_stream *stream, struct candle_store *store)
{
    struct page *page = &stream->page;
    struct page_reader reader = {.stream = stream};
    buf_init(&reader.rows, CANDLE_STREAM_CHUNK_BYTES + CANDLE_MESSAGE_BYTES_MAX);
    page->start = page->cursor = stream->cursor; /* only this job writes it */
    enum err err =
        candle_cursor_read(&page->cursor, store, &stream->filter, CANDLE_STREAM_PAGE_ROWS, read_row,
                           &reader, &page->more, &page->update);
    finish_chunk(&reader);
    buf_release(&reader.rows);
    if (err == ERR_OK && store_pool_stopping(stream->pool))
        err = err_fail(ERR_STOP, SHUTTING_DOWN);
    if (err != ERR_OK)
        chunks_clear(&page->chunks);
    page->ready = err == ERR_OK;
    return err;
}

static enum step fail_step(struct candle_stream *stream, enum err err)
{
    end(stream, err == ERR_NOMEM ? GRPC_STATUS_RESOURCE_EXHAUSTED : GRPC_STATUS_UNAVAILABLE,
        err_text(err));
    return STEP_DONE;
}

/* From here to the delivery, updates are queued whatever candle they are for. */
static uint64_t begin_page(struct candle_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->page_under_way = true;
    if (stream->reach < stream->listener.joined)
        stream->reach = stream->listener.joined;
    uint64_t reach = stream->reach;
    pthread_mutex_unlock(&stream->lock);
    return reach;
}

/* Reads the next page as soon as the store is far enough. */
static enum step step_read(struct candle_stream *stream, struct candle_store *store)
{
    struct page *page = &stream->page;
    enum err err = ERR_OK;
    uint64_t reach = begin_page(stream);
    if (page->update < reach) /* of the last page, or of the last look */
        err = committed_update(store, &page->update);
    if (err == ERR_OK && page->update < reach)
        return STEP_WAIT_STORE;
    if (err == ERR_OK)
        err = read_page(stream, store);
    return err == ERR_OK ? STEP_DONE : fail_step(stream, err);
}

/* What of the queue has the client not seen, and will not see in a page to come? */
static bool keep_unseen(const struct candle_event *event, void *arg)
{
    struct candle_stream *stream = arg;
    const struct page *page = &stream->page;
    if (event->number <= stream->floor || leave_to_pages(stream, event))
        return false;
    bool in_page = candle_cursor_before(&page->start, &event->candle);
    return !in_page || event->number > page->update;
}

/* Gives the page to the client, with the queue in step. */
static void deliver_page(struct candle_stream *stream)
{
    struct page *page = &stream->page;
    pthread_mutex_lock(&stream->lock);
    if (!stream->first_page_read)
        stream->floor = page->update;
    stream->first_page_read = true;
    stream->cursor = page->cursor;
    stream->history = page->more;
    stream->page_under_way = false;
    candle_queue_keep(&stream->queue, keep_unseen, stream);
    if (stream->ended || stream->closed)
        chunks_clear(&page->chunks);
    else
        stream->chunks =
            page->chunks; /* the one before was taken, or this job would not have been posted */
    page->chunks.count = page->chunks.next = 0;
    page->ready = false;
    pthread_mutex_unlock(&stream->lock);
}

static enum step step(struct candle_stream *stream, struct candle_store *store, const char *error)
{
    if (store == NULL) {
        end(stream, GRPC_STATUS_UNAVAILABLE, error);
        return STEP_DONE;
    }
    if (is_over(stream))
        return STEP_DONE;
    struct page *page = &stream->page;
    if (!page->ready) {
        enum step result = step_read(stream, store);
        if (result != STEP_DONE || !page->ready)
            return result;
    }
    if (stream->first_page_read && page->update > stream->floor &&
        candle_hub_handled(stream->hub) < page->update)
        return STEP_WAIT_HUB;
    deliver_page(stream);
    return STEP_DONE;
}

/* True: the job was posted again. */
static bool wait_and_repeat(struct candle_stream *stream, enum step wait)
{
    int64_t now_ns = clock_mono_ns();
    if (stream->waiting_since == 0)
        stream->waiting_since = now_ns;
    if (now_ns - stream->waiting_since > CANDLE_STREAM_STORE_NS) {
        end(stream, GRPC_STATUS_UNAVAILABLE,
            wait == STEP_WAIT_STORE ? "the store is too far behind the live updates; " RECONNECT
                                    : "the live updates are too far behind the store; " RECONNECT);
        return false;
    }
    if (wait == STEP_WAIT_HUB)
        candle_hub_poke(stream->hub);
    if (store_pool_post(stream->pool, &stream->job,
                        wait == STEP_WAIT_HUB ? HUB_POLL_NS : STORE_POLL_NS))
        return true;
    end(stream, GRPC_STATUS_UNAVAILABLE, "server is busy or shutting down; " RECONNECT);
    return false;
}

static void run_history(struct store_job *job, struct candle_store *store, const char *error)
{
    struct candle_stream *stream =
        (struct candle_stream *)((char *)job - offsetof(struct candle_stream, job));
    enum step result = step(stream, store, error);
    if (result != STEP_DONE && wait_and_repeat(stream, result))
        return;
    pthread_mutex_lock(&stream->lock);
    stream->waiting_since = 0;
    stream->job_posted = false;
    pthread_mutex_unlock(&stream->lock);
    rpc_stream_kick(stream->call);
    rpc_call_unref(stream->call);
}
