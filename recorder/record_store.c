#include "recorder/record_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES (512u * 1024)
#define ALIGN       16u
/* What one sync makes free is needed again before the next one: kept, it need not be got from the
 * system anew. */
#define SPARES_MAX 16

struct entry {
    struct record record; /* data lies behind it */
    size_t bytes;
};

/* Larger than PIECE_BYTES only when one record needs it. */
struct piece {
    struct piece *next;
    uint64_t last_seq;
    size_t capacity, used, start; /* entries lie in [start, used) */
    _Alignas(ALIGN) uint8_t bytes[];
};

struct record_store {
    struct piece *first, *last;
    struct piece *spares; /* SPARES_MAX at most */
    size_t spare_count;
    size_t bytes, bytes_max;
    uint64_t first_seq, last_seq; /* first > last: empty */
};

enum err record_store_new(struct record_store **out, size_t bytes_max)
{
    struct record_store *store = calloc(1, sizeof *store);
    if (!store)
        return err_fail(ERR_NOMEM, "out of memory for records");
    store->bytes_max = bytes_max;
    store->first_seq = 1;
    *out = store;
    return ERR_OK;
}

static void free_pieces(struct piece *piece)
{
    while (piece) {
        struct piece *next = piece->next;
        free(piece);
        piece = next;
    }
}

void record_store_free(struct record_store *store)
{
    if (!store)
        return;
    free_pieces(store->first);
    free_pieces(store->spares);
    free(store);
}

static size_t bytes_of(const struct record *record)
{
    return (sizeof(struct entry) + record->size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static bool is_empty(const struct record_store *store)
{
    return store->first_seq > store->last_seq;
}

bool record_store_has_room(const struct record_store *store, const struct record *record)
{
    return is_empty(store) || store->bytes + bytes_of(record) <= store->bytes_max;
}

static struct piece *take_piece(struct record_store *store, size_t need)
{
    struct piece *piece = store->spares;
    if (piece && need <= piece->capacity) {
        store->spares = piece->next;
        store->spare_count--;
    } else {
        size_t capacity = need > PIECE_BYTES ? need : PIECE_BYTES;
        piece = malloc(sizeof *piece + capacity);
        if (!piece)
            return NULL;
        piece->capacity = capacity;
    }
    piece->next = NULL;
    piece->used = piece->start = 0;
    return piece;
}

static void give_piece(struct record_store *store, struct piece *piece)
{
    if (store->spare_count == SPARES_MAX || piece->capacity != PIECE_BYTES) {
        free(piece);
        return;
    }
    piece->next = store->spares;
    store->spares = piece;
    store->spare_count++;
}

enum err record_store_add(struct record_store *store, const struct record *record)
{
    size_t need = bytes_of(record);
    if (!store->last || need > store->last->capacity - store->last->used) {
        struct piece *piece = take_piece(store, need);
        if (!piece)
            return err_fail(ERR_NOMEM, "out of memory for records that are not durable yet");
        if (store->last)
            store->last->next = piece;
        else
            store->first = piece;
        store->last = piece;
    }
    struct entry *entry = (struct entry *)(void *)(store->last->bytes + store->last->used);
    entry->record = *record;
    entry->bytes = need;
    entry->record.data = (const uint8_t *)(entry + 1);
    if (record->size > 0)
        memcpy(entry + 1, record->data, record->size);
    store->last->used += need;
    store->last->last_seq = record->seq;
    store->bytes += need;
    if (is_empty(store))
        store->first_seq = record->seq;
    assert(is_empty(store) || record->seq == store->last_seq + 1);
    store->last_seq = record->seq;
    return ERR_OK;
}

static void drop_first(struct record_store *store)
{
    struct piece *piece = store->first;
    store->bytes -= piece->used - piece->start;
    store->first_seq = piece->last_seq + 1;
    store->first = piece->next;
    if (!store->first)
        store->last = NULL;
    give_piece(store, piece);
}

void record_store_release(struct record_store *store, uint64_t seq)
{
    while (store->first && store->first->last_seq <= seq)
        drop_first(store);
    while (!is_empty(store) && store->first_seq <= seq) {
        struct piece *piece = store->first;
        const struct entry *entry =
            (const struct entry *)(const void *)(piece->bytes + piece->start);
        piece->start += entry->bytes;
        store->bytes -= entry->bytes;
        store->first_seq++;
    }
}

size_t record_store_bytes(const struct record_store *store)
{
    return store->bytes;
}

uint64_t record_store_first(const struct record_store *store)
{
    return is_empty(store) ? 0 : store->first_seq;
}

uint64_t record_store_last(const struct record_store *store)
{
    return is_empty(store) ? 0 : store->last_seq;
}

enum err record_store_each(const struct record_store *store, uint64_t seq,
                           record_store_each_fn *each, void *arg)
{
    for (const struct piece *piece = store->first; piece; piece = piece->next) {
        for (size_t at = piece->start; at < piece->used;) {
            const struct entry *entry = (const struct entry *)(const void *)(piece->bytes + at);
            struct record record = entry->record;
            at += entry->bytes;
            if (record.seq < seq)
                continue;
            enum err err = each(&record, arg);
            if (err)
                return err;
        }
    }
    return ERR_OK;
}
