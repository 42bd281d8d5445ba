#include "engine/trade/row_check.h"

#include <string.h>

struct row_shown {
    uint32_t connection;
    uint32_t count;
};

struct row {
    int64_t source_ns;
    struct decimal price, quantity; /* without trailing zeros */
    enum trade_taker taker;
    uint32_t counted;
    struct row_shown shown[ROW_CHECK_CONNECTIONS];
    uint32_t oldest; /* of `shown`: given up next */
    uint32_t batch_count;
    uint64_t batch; /* the last one that held it, and how often */
};

void row_check_init(struct row_check *check)
{
    recent_init(&check->rows, sizeof(struct row), ROW_CHECK_ROWS_MAX);
}

void row_check_release(struct row_check *check)
{
    recent_release(&check->rows);
}

/* WebSocket and REST write the same number with different digits. */
static struct decimal plain(struct decimal value)
{
    while (value.scale > 0 && value.mantissa % 10 == 0) {
        value.mantissa /= 10;
        value.scale--;
    }
    return value;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0xBF58476D1CE4E5B9);
    return hash ^ (hash >> 29);
}

static uint64_t hash_of(const struct row *row)
{
    uint64_t hash = mix((uint64_t)row->taker, (uint64_t)row->source_ns);
    hash = mix(mix(hash, (uint64_t)row->price.mantissa), row->price.scale);
    return mix(mix(hash, (uint64_t)row->quantity.mantissa), row->quantity.scale);
}

static bool same_decimal(struct decimal a, struct decimal b)
{
    return a.mantissa == b.mantissa && a.scale == b.scale;
}

static bool same_row(const struct row *a, const struct row *b)
{
    return a->source_ns == b->source_ns && a->taker == b->taker &&
           same_decimal(a->price, b->price) && same_decimal(a->quantity, b->quantity);
}

static struct row *find(const struct row_check *check, const struct row *wanted, uint64_t hash)
{
    const struct recent *rows = &check->rows;
    for (uint32_t at = recent_first(rows, hash); at != RECENT_NONE; at = recent_next(rows, at)) {
        struct row *row = recent_item(rows, at);
        if (same_row(row, wanted))
            return row;
    }
    return NULL;
}

static uint32_t *shown_by(struct row *row, uint32_t connection)
{
    for (size_t i = 0; i < ROW_CHECK_CONNECTIONS; i++)
        if (row->shown[i].count > 0 && row->shown[i].connection == connection)
            return &row->shown[i].count;
    struct row_shown *shown = &row->shown[row->oldest];
    row->oldest = (row->oldest + 1) % ROW_CHECK_CONNECTIONS;
    *shown = (struct row_shown){connection, 0};
    return &shown->count;
}

/* How often the source has shown the row, this time included. */
static uint32_t show(struct row *row, const struct row_source *source)
{
    if (source->batch == 0)
        return ++*shown_by(row, source->connection);
    if (row->batch != source->batch)
        row->batch_count = 0;
    row->batch = source->batch;
    uint32_t count = ++row->batch_count;
    if (source->connection != 0) {
        uint32_t *shown = shown_by(row, source->connection);
        *shown = count > *shown ? count : *shown;
    }
    return count;
}

enum err row_check_see(struct row_check *check, const struct trade *trade,
                       const struct row_source *source, bool *out_new)
{
    struct row wanted = {
        .source_ns = trade->source_ns,
        .price = plain(trade->price),
        .quantity = plain(trade->quantity),
        .taker = trade->taker,
    };
    uint64_t hash = hash_of(&wanted);
    struct row *row = find(check, &wanted, hash);
    if (row == NULL) {
        void *item;
        enum err err = recent_add(&check->rows, hash, &item);
        if (err != ERR_OK)
            return err;
        row = item;
        *row = wanted;
    }
    *out_new = show(row, source) > row->counted;
    row->counted += *out_new;
    return ERR_OK;
}
