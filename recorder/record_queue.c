#include "recorder/record_queue.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Each entry begins with this; `bytes` includes it and the data, rounded up. A pad is no record: it
 * fills the rest of the ring, so that entries lie in one piece, and has only the first two members.
 */
struct entry {
    uint64_t bytes;
    uint64_t is_pad;
    struct record record;
};

#define ALIGN 16u
_Static_assert(offsetof(struct entry, record) <= ALIGN,
               "the shortest rest of the ring holds a pad");
/* When the reader has caught up, start again at the front instead of touching ever more memory. */
#define REWIND_BYTES (256u * 1024)
/* Memory behind this is given back when the queue is empty again: one large record, an instrument
 * list, must not cost its size for months. */
#define KEPT_BYTES (4u * 1024 * 1024)
#define PAGE_BYTES 4096u
/* A patient reader is woken when this much waits. */
#define WAKE_BYTES (1024u * 1024)

struct record_queue {
    uint8_t *ring;
    uint64_t capacity;                  /* power of two */
    uint64_t touched;                   /* of the ring, from its front; the pushing thread's */
    _Alignas(64) _Atomic uint64_t head; /* bytes ever pushed; written by the pushing thread */
    /* Where the pushing thread went on at the front although there was room behind; the reader goes
     * there when it comes to this place. Nothing lies between, so it takes no room. */
    _Atomic uint64_t rewound_at;
    _Alignas(64) _Atomic uint64_t tail; /* bytes ever taken; written by the taking thread */
    _Alignas(64) atomic_bool sleeping;
    atomic_bool woken;
    atomic_bool ended;
    int64_t patience_ns;   /* 0: every push wakes the reader */
    pthread_mutex_t mutex; /* only for sleeping */
    pthread_cond_t cond;
};

enum err record_queue_new(struct record_queue **out, size_t bytes)
{
    assert(bytes <= RECORD_QUEUE_BYTES_MAX);
    struct record_queue *queue = aligned_alloc(64, sizeof *queue);
    if (!queue)
        return err_fail(ERR_NOMEM, "out of memory for a record queue");
    memset(queue, 0, sizeof *queue);
    atomic_init(&queue->rewound_at, UINT64_MAX);
    queue->capacity = RECORD_QUEUE_BYTES_MIN;
    while (queue->capacity < bytes)
        queue->capacity *= 2;
    queue->ring = aligned_alloc(PAGE_BYTES, queue->capacity);
    if (!queue->ring) {
        free(queue);
        return err_fail(ERR_NOMEM, "out of memory for a record queue of %zu bytes", bytes);
    }
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->cond, &attr);
    pthread_condattr_destroy(&attr);
    *out = queue;
    return ERR_OK;
}

void record_queue_set_patience(struct record_queue *queue, int64_t patience_ns)
{
    queue->patience_ns = patience_ns;
}

void record_queue_free(struct record_queue *queue)
{
    if (!queue)
        return;
    pthread_cond_destroy(&queue->cond);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->ring);
    free(queue);
}

/* ---- pushing -------------------------------------------------------------------------------- */

static void rouse(struct record_queue *queue)
{
    if (!atomic_load(&queue->sleeping))
        return;
    pthread_mutex_lock(&queue->mutex);
    pthread_cond_signal(&queue->cond);
    pthread_mutex_unlock(&queue->mutex);
}

static struct entry *entry_at(const struct record_queue *queue, uint64_t position)
{
    return (struct entry *)(void *)(queue->ring + (position & (queue->capacity - 1)));
}

static uint64_t to_the_end(const struct record_queue *queue, uint64_t position)
{
    return queue->capacity - (position & (queue->capacity - 1));
}

/* Where the reader really is: it does not know of a rewinding before it wakes up. */
static uint64_t real_tail(struct record_queue *queue, uint64_t head, uint64_t tail)
{
    bool before_rewinding =
        tail != head && tail == atomic_load_explicit(&queue->rewound_at, memory_order_relaxed);
    return before_rewinding ? tail + to_the_end(queue, tail) : tail;
}

/* An entry lies in one piece: the rest of the ring, when it is too short, is marked and left out.
 */
static uint64_t skip_short_rest(const struct record_queue *queue, uint64_t head, uint64_t need)
{
    uint64_t rest = to_the_end(queue, head);
    return need > rest ? rest : 0;
}

/* Of an empty queue: to touch no more memory than is needed, or because the rest is too short. */
static bool should_rewind(const struct record_queue *queue, uint64_t head, uint64_t need)
{
    uint64_t offset = head & (queue->capacity - 1);
    return offset > 0 && need <= queue->capacity &&
           (offset >= REWIND_BYTES || need > queue->capacity - offset);
}

static void write_pad(struct record_queue *queue, uint64_t head, uint64_t skip)
{
    struct entry *pad = entry_at(queue, head);
    pad->bytes = skip;
    pad->is_pad = 1;
}

static void write_entry(struct entry *entry, const struct record *record, uint64_t bytes)
{
    entry->bytes = bytes;
    entry->is_pad = 0;
    entry->record = *record;
    entry->record.data = (const uint8_t *)(entry + 1);
    if (record->size > 0)
        memcpy(entry + 1, record->data, record->size);
}

/* Of an empty queue, whose reader looks at nothing. */
static void give_back(struct record_queue *queue)
{
    if (queue->touched <= KEPT_BYTES)
        return;
    madvise(queue->ring + KEPT_BYTES, queue->capacity - KEPT_BYTES, MADV_DONTNEED);
    queue->touched = KEPT_BYTES;
}

bool record_queue_push(struct record_queue *queue, const struct record *record)
{
    assert(record->size <= RECORD_DATA_MAX);
    uint64_t need = (sizeof(struct entry) + record->size + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
    if (head == tail && should_rewind(queue, head, need)) {
        atomic_store_explicit(&queue->rewound_at, head, memory_order_relaxed);
        head += to_the_end(queue, head);
        tail = head;
        give_back(queue);
    }
    uint64_t skip = skip_short_rest(queue, head, need);
    if (head + skip + need - real_tail(queue, head, tail) > queue->capacity)
        return false;
    if (skip > 0)
        write_pad(queue, head, skip);
    head += skip;
    write_entry(entry_at(queue, head), record, need);
    uint64_t end = (head & (queue->capacity - 1)) + need;
    if (end > queue->touched)
        queue->touched = end;
    /* Sequentially consistent, as `sleeping` is: either the reader sees the record before it
     * sleeps, or we see that it sleeps. */
    atomic_store(&queue->head, head + need);
    if (queue->patience_ns == 0 || head + need - tail > WAKE_BYTES)
        rouse(queue);
    return true;
}

void record_queue_end(struct record_queue *queue)
{
    atomic_store(&queue->ended, true);
    rouse(queue);
}

void record_queue_wake(struct record_queue *queue)
{
    atomic_store(&queue->woken, true);
    rouse(queue);
}

/* ---- taking --------------------------------------------------------------------------------- */

static bool is_empty(struct record_queue *queue)
{
    return atomic_load(&queue->head) == atomic_load_explicit(&queue->tail, memory_order_relaxed);
}

/* False: it was woken, or the queue has ended. */
static bool sleep_up_to(struct record_queue *queue, int64_t wait_ns)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nsec = until.tv_nsec + wait_ns % 1000000000;
    until.tv_sec += wait_ns / 1000000000 + nsec / 1000000000;
    until.tv_nsec = nsec % 1000000000;
    pthread_mutex_lock(&queue->mutex);
    atomic_store(&queue->sleeping, true);
    int rc = 0;
    while (rc == 0 && is_empty(queue) && !atomic_load(&queue->ended) && !atomic_load(&queue->woken))
        rc = pthread_cond_timedwait(&queue->cond, &queue->mutex, &until);
    atomic_store(&queue->sleeping, false);
    pthread_mutex_unlock(&queue->mutex);
    bool called = atomic_exchange(&queue->woken, false) || atomic_load(&queue->ended);
    return !called;
}

static void wait_for_record(struct record_queue *queue, int64_t wait_ns)
{
    int64_t step_ns = queue->patience_ns > 0 ? queue->patience_ns : wait_ns;
    int64_t step_max_ns = step_ns * 8;
    while (wait_ns > 0 && is_empty(queue)) {
        step_ns = step_ns < wait_ns ? step_ns : wait_ns;
        if (!sleep_up_to(queue, step_ns))
            return;
        wait_ns -= step_ns;
        step_ns = step_ns * 2 < step_max_ns ? step_ns * 2 : step_max_ns;
    }
}

enum record_queue_state record_queue_peek(struct record_queue *queue, struct record *out,
                                          int64_t wait_ns)
{
    if (wait_ns > 0 && is_empty(queue))
        wait_for_record(queue, wait_ns);
    bool ended =
        atomic_load(&queue->ended); /* before the look: what was pushed before it is seen */
    if (is_empty(queue))
        return ended ? QUEUE_ENDED : QUEUE_EMPTY;
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed), start = tail;
    if (tail == atomic_load_explicit(&queue->rewound_at, memory_order_relaxed))
        tail += to_the_end(queue, tail);
    /* A pad is never the last thing pushed. */
    if (entry_at(queue, tail)->is_pad)
        tail += entry_at(queue, tail)->bytes;
    if (tail != start)
        atomic_store_explicit(&queue->tail, tail, memory_order_release);
    struct entry *entry = entry_at(queue, tail);
    *out = entry->record;
    return QUEUE_RECORD;
}

void record_queue_pop(struct record_queue *queue)
{
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    assert(!is_empty(queue));
    uint64_t bytes = entry_at(queue, tail)->bytes;
    atomic_store_explicit(&queue->tail, tail + bytes, memory_order_release);
}
