#include "recorder/fetch_queue.h"

#include <stdlib.h>
#include <string.h>

struct fetch_host {
    struct fetch_host *next;
    char authority[sizeof((struct ws_url *)0)->authority];
    int64_t gap_ns;  /* the longest that a venue of this host asks for */
    int64_t open_ns; /* nothing before */
    unsigned under_way;
    unsigned bans; /* in a row */
};

void fetch_queue_init(struct fetch_queue *queue, uint64_t seed)
{
    memset(queue, 0, sizeof *queue);
    backoff_init(&queue->jitter, seed);
}

void fetch_queue_release(struct fetch_queue *queue)
{
    while (queue->hosts) {
        struct fetch_host *host = queue->hosts;
        queue->hosts = host->next;
        free(host);
    }
}

/* ---- adding --------------------------------------------------------------------------------- */

static struct fetch_host *host_of(struct fetch_queue *queue, const struct fetch *fetch)
{
    struct fetch_host *host = queue->hosts;
    while (host && strcmp(host->authority, fetch->host->authority) != 0)
        host = host->next;
    if (!host) {
        host = calloc(1, sizeof *host);
        if (!host)
            return NULL;
        memcpy(host->authority, fetch->host->authority, sizeof host->authority);
        host->open_ns = INT64_MIN;
        host->next = queue->hosts;
        queue->hosts = host;
    }
    int64_t gap_ns = fetch->venue->rest ? fetch->venue->rest->gap_ns : 0;
    host->gap_ns = gap_ns > host->gap_ns ? gap_ns : host->gap_ns;
    return host;
}

static bool same(const struct fetch *a, const struct fetch *b)
{
    return a->venue == b->venue && a->connection == b->connection &&
           strcmp(a->target, b->target) == 0;
}

enum err fetch_queue_add(struct fetch_queue *queue, const struct fetch *fetch, int64_t now_ns)
{
    struct fetch *free_place = NULL;
    for (size_t i = FETCH_QUEUE_MAX; i-- > 0;) {
        struct fetch *at = &queue->fetches[i];
        if (at->number == 0)
            free_place = at;
        else if (same(at, fetch))
            return ERR_STOP;
    }
    if (!free_place)
        return err_fail(ERR_LIMIT, "%d requests are waiting already", FETCH_QUEUE_MAX);
    struct fetch_host *host = host_of(queue, fetch);
    if (!host)
        return err_fail(ERR_NOMEM, "out of memory for a request");
    *free_place = *fetch;
    queue->numbers = queue->numbers == UINT32_MAX ? 1 : queue->numbers + 1;
    free_place->number = queue->numbers;
    free_place->under_way = false;
    free_place->tries = 0;
    free_place->due_ns = now_ns;
    free_place->at = host;
    return ERR_OK;
}

/* ---- going out ------------------------------------------------------------------------------ */

static int64_t ready_ns(const struct fetch *fetch)
{
    if (fetch->at->under_way >= FETCH_UNDER_WAY_MAX)
        return INT64_MAX;
    return fetch->due_ns > fetch->at->open_ns ? fetch->due_ns : fetch->at->open_ns;
}

/* A handshake stands between a venue and its capture, so it goes before a repair. */
static bool goes_before(const struct fetch *a, const struct fetch *b)
{
    if ((a->connection > 0) != (b->connection > 0))
        return a->connection > 0;
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

struct fetch *fetch_queue_take(struct fetch_queue *queue, int64_t now_ns, int64_t *out_due_ns)
{
    struct fetch *best = NULL;
    *out_due_ns = INT64_MAX;
    for (size_t i = 0; i < FETCH_QUEUE_MAX; i++) {
        struct fetch *fetch = &queue->fetches[i];
        if (fetch->number == 0 || fetch->under_way)
            continue;
        int64_t ready = ready_ns(fetch);
        if (ready > now_ns)
            *out_due_ns = ready < *out_due_ns ? ready : *out_due_ns;
        else if (!best || goes_before(fetch, best))
            best = fetch;
    }
    if (!best)
        return NULL;
    best->under_way = true;
    best->tries++;
    best->at->under_way++;
    best->at->open_ns = now_ns + best->at->gap_ns;
    return best;
}

struct fetch *fetch_queue_find(struct fetch_queue *queue, uint32_t number)
{
    for (size_t i = 0; number > 0 && i < FETCH_QUEUE_MAX; i++)
        if (queue->fetches[i].number == number && queue->fetches[i].under_way)
            return &queue->fetches[i];
    return NULL;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int64_t ban_ns(struct fetch_host *host, const struct fetch_answer *answer)
{
    int64_t wait_ns = FETCH_BAN_NS;
    for (unsigned i = 0; i < host->bans && wait_ns < FETCH_BAN_MAX_NS; i++)
        wait_ns *= 2;
    wait_ns = wait_ns < FETCH_BAN_MAX_NS ? wait_ns : FETCH_BAN_MAX_NS;
    host->bans++;
    if (answer->retry_after_ns <= 0)
        return wait_ns;
    return answer->retry_after_ns < FETCH_RETRY_AFTER_NS ? answer->retry_after_ns
                                                         : FETCH_RETRY_AFTER_NS;
}

enum fetch_outcome fetch_queue_answer(struct fetch_queue *queue, struct fetch *fetch,
                                      const struct fetch_answer *answer, int64_t now_ns)
{
    struct fetch_host *host = fetch->at;
    bool banned = answer->status == 429 || answer->status == 418;
    bool failed = answer->status == 0 || answer->status >= 500;
    int64_t wait_ns = 0;
    host->under_way--;
    if (banned) {
        wait_ns = ban_ns(host, answer);
        if (now_ns + wait_ns > host->open_ns)
            host->open_ns = now_ns + wait_ns;
    } else if (!failed) {
        host->bans = 0;
    }
    bool again = (failed || (banned && wait_ns <= FETCH_PATIENCE_NS)) && fetch->connection == 0 &&
                 fetch->tries < FETCH_TRIES_MAX;
    if (!again)
        return FETCH_DONE;
    if (failed) {
        /* The n-th wait is drawn from twice the range of the one before. */
        queue->jitter.tries = fetch->tries;
        wait_ns = backoff_next(&queue->jitter);
    }
    fetch->under_way = false;
    fetch->due_ns = now_ns + wait_ns;
    return FETCH_AGAIN;
}

void fetch_queue_done(struct fetch *fetch)
{
    fetch->number = 0;
}
