#include "replayer/lane_table.h"

#include "engine/base/buf.h"
#include "replayer/size_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lane_table_release(struct lane_table *table)
{
    free(table->rows);
    *table = (struct lane_table){0};
}

/* Lanes judged by other rules are one lane for people. */
static bool is_same(const struct tape_lane *a, const struct tape_lane *b)
{
    return a->type == b->type && a->role == b->role && strcmp(a->symbol, b->symbol) == 0 &&
           strcmp(a->channel, b->channel) == 0 && strcmp(a->venue, b->venue) == 0;
}

/* Chunks repeat the order of their lanes, so that the next is mostly the one behind the last. */
static struct lane_row *find(struct lane_table *table, const struct tape_lane *lane)
{
    for (size_t i = 0; i < table->count; i++) {
        const size_t at = (table->last + 1 + i) % table->count;
        if (is_same(&table->rows[at].lane, lane)) {
            table->last = at;
            return &table->rows[at];
        }
    }
    return NULL;
}

static enum err add_row(struct lane_table *table, const struct tape_lane *lane,
                        struct lane_row **out)
{
    if (table->count == table->capacity) {
        size_t capacity = table->capacity ? 2 * table->capacity : 64;
        struct lane_row *rows = realloc(table->rows, capacity * sizeof *rows);
        if (!rows)
            return err_fail(ERR_NOMEM, "out of memory for a list of lanes");
        table->rows = rows;
        table->capacity = capacity;
    }
    table->last = table->count++;
    *out = &table->rows[table->last];
    **out = (struct lane_row){.lane = *lane};
    return ERR_OK;
}

enum err lane_table_add(const struct tape_lane *lane, uint64_t records, uint64_t bytes,
                        uint64_t stored, void *arg)
{
    static const struct tape_lane live = {.role = LANE_UNJUDGED};
    struct lane_table *table = arg;
    if (!lane)
        lane = &live;
    struct lane_row *row = find(table, lane);
    enum err err = row ? ERR_OK : add_row(table, lane, &row);
    if (err != ERR_OK)
        return err;
    row->records += records;
    row->bytes += bytes;
    row->stored += stored;
    return ERR_OK;
}

static int compare_texts(const struct tape_lane *a, const struct tape_lane *b)
{
    int order = strcmp(a->venue, b->venue);
    if (order == 0)
        order = strcmp(a->channel, b->channel);
    return order != 0 ? order : strcmp(a->symbol, b->symbol);
}

static int compare_rows(const void *a, const void *b)
{
    const struct lane_row *left = a, *right = b;
    if (left->stored != right->stored)
        return left->stored < right->stored ? 1 : -1;
    return compare_texts(&left->lane, &right->lane);
}

static uint64_t sort_rows(struct lane_table *table)
{
    uint64_t stored = 0;
    for (size_t i = 0; i < table->count; i++)
        stored += table->rows[i].stored;
    if (table->count > 0)
        qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
    return stored;
}

static const char *role_of(const struct tape_lane *lane)
{
    return lane->role == LANE_UNJUDGED ? "live segments" : lane_role_name(lane->role);
}

/* Of control records their type stands for the channel. */
static const char *channel_of(const struct tape_lane *lane)
{
    return lane->role == LANE_CONTROL ? record_type_name(lane->type) : lane->channel;
}

static const char *or_dash(const char *text)
{
    return text[0] ? text : "-";
}

void lane_table_print(struct lane_table *table)
{
    const uint64_t all = sort_rows(table);
    printf("\n%-20s %-13s %-20s %-20s %12s %10s %10s %7s\n", "venue", "role", "channel", "symbol",
           "records", "data", "on disk", "share");
    for (size_t i = 0; i < table->count; i++) {
        const struct lane_row *row = &table->rows[i];
        char bytes[SIZE_TEXT_MAX], stored[SIZE_TEXT_MAX];
        const uint64_t share = all > 0 ? row->stored * 1000 / all : 0;
        size_format(bytes, row->bytes);
        size_format(stored, row->stored);
        printf("%-20s %-13s %-20s %-20s %12" PRIu64 " %10s %10s %4" PRIu64 ".%" PRIu64 " %%\n",
               or_dash(row->lane.venue), role_of(&row->lane), or_dash(channel_of(&row->lane)),
               or_dash(row->lane.symbol), row->records, bytes, stored, share / 10, share % 10);
    }
}

static enum err put_member(struct buf *out, const char *name, const char *text)
{
    enum err err = buf_printf(out, "%s\"%s\":", out->data[out->size - 1] == '{' ? "" : ",", name);
    /* Names come from frames: what is no text there is none here. */
    if (!buf_is_utf8(text, strlen(text)))
        text = "?";
    return err == ERR_OK ? buf_append_json(out, text, strlen(text)) : err;
}

static enum err put_row(struct buf *out, const struct lane_row *row)
{
    enum err err = buf_append_byte(out, '{');
    if (err == ERR_OK)
        err = put_member(out, "venue", row->lane.venue);
    if (err == ERR_OK)
        err = put_member(out, "role", lane_role_name(row->lane.role));
    if (err == ERR_OK)
        err = put_member(out, "channel", channel_of(&row->lane));
    if (err == ERR_OK)
        err = put_member(out, "symbol", row->lane.symbol);
    if (err == ERR_OK)
        err = buf_printf(out,
                         ",\"records\":%" PRIu64 ",\"data_bytes\":%" PRIu64
                         ",\"stored_bytes\":%" PRIu64 "}",
                         row->records, row->bytes, row->stored);
    return err;
}

enum err lane_table_print_json(struct lane_table *table)
{
    struct buf row;
    enum err err = ERR_OK;
    buf_init(&row, 16u * 1024);
    sort_rows(table);
    printf("[");
    for (size_t i = 0; i < table->count && err == ERR_OK; i++) {
        buf_clear(&row);
        err = put_row(&row, &table->rows[i]);
        if (err == ERR_OK)
            printf("%s%.*s", i ? "," : "", (int)row.size, (const char *)row.data);
    }
    printf("]");
    buf_release(&row);
    return err;
}
