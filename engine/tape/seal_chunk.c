#include "engine/tape/seal_chunk.h"

#include "engine/base/buf.h"
#include "engine/base/crc32c.h"
#include "engine/tape/sealed_format.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LANES_MIN 64u

/* A lane's entries are [first, first + count) of the sorted ones. */
struct lane_slot {
    struct tape_lane lane;
    uint32_t first, count;
    uint32_t hash;
};

struct seal_chunk {
    uint64_t first_seq;
    bool behind_hole;
    struct buf bytes; /* payloads in order of arrival */

    uint32_t count;
    struct seal_entry *entries; /* SEALED_CHUNK_RECORDS_MAX, in order of arrival */
    struct seal_entry *sorted;  /* as many, by lane */

    uint32_t lane_count, lane_capacity;
    struct lane_slot *lanes; /* in order of appearance */
    uint32_t *order;         /* lane_capacity, filled by sort */
    uint32_t *table;         /* 2 * lane_capacity: lane + 1 by hash, 0 = free */
};

enum err seal_chunk_new(struct seal_chunk **out)
{
    struct seal_chunk *chunk = calloc(1, sizeof *chunk);
    if (!chunk)
        return err_fail(ERR_NOMEM, "out of memory for a chunk of records");
    buf_init(&chunk->bytes, SEALED_CHUNK_BYTES_MAX);
    chunk->entries = calloc(SEALED_CHUNK_RECORDS_MAX, sizeof *chunk->entries);
    chunk->sorted = calloc(SEALED_CHUNK_RECORDS_MAX, sizeof *chunk->sorted);
    if (!chunk->entries || !chunk->sorted) {
        seal_chunk_free(chunk);
        return err_fail(ERR_NOMEM, "out of memory for a chunk of records");
    }
    *out = chunk;
    return ERR_OK;
}

void seal_chunk_free(struct seal_chunk *chunk)
{
    if (!chunk)
        return;
    buf_release(&chunk->bytes);
    free(chunk->entries);
    free(chunk->sorted);
    free(chunk->lanes);
    free(chunk->order);
    free(chunk->table);
    free(chunk);
}

void seal_chunk_begin(struct seal_chunk *chunk, uint64_t first_seq, bool behind_hole)
{
    buf_clear(&chunk->bytes);
    chunk->first_seq = first_seq;
    chunk->behind_hole = behind_hole;
    chunk->count = chunk->lane_count = 0;
    if (chunk->table)
        memset(chunk->table, 0, 2 * (size_t)chunk->lane_capacity * sizeof *chunk->table);
}

bool seal_chunk_has_room(const struct seal_chunk *chunk, size_t size)
{
    bool thin = chunk->count < SEAL_LANE_RECORDS * (size_t)chunk->lane_count;
    size_t records_max = thin ? SEALED_CHUNK_RECORDS_MAX : SEAL_CHUNK_RECORDS;
    size_t bytes_max = thin ? SEALED_CHUNK_BYTES_MAX : SEAL_CHUNK_BYTES;
    bool fits = chunk->count == 0 || chunk->bytes.size + size <= bytes_max;
    return chunk->count < records_max && chunk->lane_count < SEALED_CHUNK_BLOCKS_MAX && fits;
}

/* ---- finding the lane ----------------------------------------------------------------------- */

static uint32_t hash_lane(const struct tape_lane *lane)
{
    const uint32_t kind[3] = {(uint32_t)lane->type, (uint32_t)lane->role, lane->rules};
    uint32_t hash = crc32c(0, kind, sizeof kind);
    hash = crc32c(hash, lane->venue, strlen(lane->venue) + 1);
    hash = crc32c(hash, lane->channel, strlen(lane->channel) + 1);
    return crc32c(hash, lane->symbol, strlen(lane->symbol) + 1);
}

static int compare_numbers(unsigned left, unsigned right)
{
    return left < right ? -1 : left > right;
}

static int compare_lanes(const struct tape_lane *left, const struct tape_lane *right)
{
    int order = compare_numbers(left->role, right->role);
    if (order == 0)
        order = strcmp(left->venue, right->venue);
    if (order == 0)
        order = strcmp(left->channel, right->channel);
    if (order == 0)
        order = strcmp(left->symbol, right->symbol);
    if (order == 0)
        order = compare_numbers(left->type, right->type);
    return order == 0 ? compare_numbers(left->rules, right->rules) : order;
}

static void put_in_table(struct seal_chunk *chunk, uint32_t index)
{
    const uint32_t mask = 2 * chunk->lane_capacity - 1;
    uint32_t at = chunk->lanes[index].hash & mask;
    while (chunk->table[at] != 0)
        at = (at + 1) & mask;
    chunk->table[at] = index + 1;
}

static enum err grow_lanes(struct seal_chunk *chunk)
{
    const uint32_t capacity = chunk->lane_capacity ? 2 * chunk->lane_capacity : LANES_MIN;
    struct lane_slot *lanes = realloc(chunk->lanes, capacity * sizeof *lanes);
    if (lanes)
        chunk->lanes = lanes;
    uint32_t *order = realloc(chunk->order, capacity * sizeof *order);
    if (order)
        chunk->order = order;
    uint32_t *table = calloc(2 * (size_t)capacity, sizeof *table);
    if (!lanes || !order || !table) {
        free(table);
        return err_fail(ERR_NOMEM, "out of memory for %u lanes", capacity);
    }
    free(chunk->table);
    chunk->table = table;
    chunk->lane_capacity = capacity;
    for (uint32_t i = 0; i < chunk->lane_count; i++)
        put_in_table(chunk, i);
    return ERR_OK;
}

static enum err add_lane(struct seal_chunk *chunk, const struct tape_lane *lane, uint32_t hash)
{
    if (chunk->lane_count == chunk->lane_capacity) {
        enum err err = grow_lanes(chunk);
        if (err != ERR_OK)
            return err;
    }
    chunk->lanes[chunk->lane_count] = (struct lane_slot){.lane = *lane, .hash = hash};
    put_in_table(chunk, chunk->lane_count++);
    return ERR_OK;
}

static enum err find_lane(struct seal_chunk *chunk, const struct tape_lane *lane, uint32_t *out)
{
    const uint32_t hash = hash_lane(lane);
    const uint32_t mask = 2 * chunk->lane_capacity - 1;
    if (chunk->lane_capacity > 0) {
        for (uint32_t at = hash & mask; chunk->table[at] != 0; at = (at + 1) & mask) {
            const struct lane_slot *slot = &chunk->lanes[ *out = chunk->table[at] - 1];
            if (slot->hash == hash && compare_lanes(&slot->lane, lane) == 0)
                return ERR_OK;
        }
    }
    *out = chunk->lane_count;
    return add_lane(chunk, lane, hash);
}

/* ---- adding and sorting --------------------------------------------------------------------- */

enum err seal_chunk_add(struct seal_chunk *chunk, const struct record *record,
                        const struct tape_lane *lane)
{
    assert(seal_chunk_has_room(chunk, record->size));
    assert(record->seq == chunk->first_seq + chunk->count);
    struct seal_entry entry = {
        .position = chunk->count,
        .connection = record->connection,
        .offset = (uint32_t)chunk->bytes.size,
        .size = (uint32_t)record->size,
        .flags = record->flags,
        .wall_ns = record->wall_ns,
        .mono_ns = record->mono_ns,
        .source_ns = record->source_ns,
    };
    enum err err = buf_append(&chunk->bytes, record->data, record->size);
    if (err == ERR_OK)
        err = find_lane(chunk, lane, &entry.lane);
    if (err != ERR_OK)
        return err;
    chunk->lanes[entry.lane].count++;
    chunk->entries[chunk->count++] = entry;
    return ERR_OK;
}

uint64_t seal_chunk_first_seq(const struct seal_chunk *chunk)
{
    return chunk->first_seq;
}

bool seal_chunk_behind_hole(const struct seal_chunk *chunk)
{
    return chunk->behind_hole;
}

uint32_t seal_chunk_count(const struct seal_chunk *chunk)
{
    return chunk->count;
}

uint64_t seal_chunk_bytes(const struct seal_chunk *chunk)
{
    return chunk->bytes.size;
}

static int compare_order(const void *left, const void *right, void *arg)
{
    const struct lane_slot *lanes = arg;
    uint32_t a, b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return compare_lanes(&lanes[a].lane, &lanes[b].lane);
}

void seal_chunk_sort(struct seal_chunk *chunk, uint32_t *out_count)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < chunk->lane_count; i++)
        chunk->order[i] = i;
    if (chunk->lane_count > 1)
        qsort_r(chunk->order, chunk->lane_count, sizeof *chunk->order, compare_order, chunk->lanes);
    for (uint32_t i = 0; i < chunk->lane_count; i++) {
        struct lane_slot *slot = &chunk->lanes[chunk->order[i]];
        slot->first = first;
        first += slot->count;
        slot->count = 0;
    }
    for (uint32_t i = 0; i < chunk->count; i++) {
        struct lane_slot *slot = &chunk->lanes[chunk->entries[i].lane];
        chunk->sorted[slot->first + slot->count++] = chunk->entries[i];
    }
    *out_count = chunk->lane_count;
}

struct seal_block seal_chunk_block(const struct seal_chunk *chunk, uint32_t index)
{
    assert(index < chunk->lane_count);
    const struct lane_slot *slot = &chunk->lanes[chunk->order[index]];
    return (struct seal_block){
        .lane = &slot->lane,
        .entries = chunk->sorted + slot->first,
        .count = slot->count,
        .payloads = chunk->bytes.data,
    };
}
