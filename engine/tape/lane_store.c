#include "engine/tape/lane_store.h"

#include "engine/tape/column.h"
#include "engine/tape/lane_split.h"
#include "engine/tape/varint.h"

#include <stdlib.h>
#include <string.h>

/* So many columns before one are looked at as its base, by so many of their values. */
#define BESIDE_MAX 8u
#define SAMPLE_MAX 2048u

#define TEXTS_BYTES_MAX (LANE_CONTENT_MAX)
/* Columns of fewer bytes are not compressed by themselves. */
#define END_MIN 4096u

bool lane_store_init(struct lane_store *store)
{
    *store = (struct lane_store){0};
    store->columns = calloc(LANE_COLUMNS_MAX, sizeof *store->columns);
    store->order = calloc(LANE_COLUMNS_MAX, sizeof *store->order);
    buf_init(&store->bytes, TEXTS_BYTES_MAX);
    return store->columns && store->order;
}

void lane_store_release(struct lane_store *store)
{
    free(store->columns);
    free(store->values);
    free(store->column_of);
    free(store->decimals);
    free(store->sorted);
    free(store->sorted_decimals);
    free(store->rests);
    free(store->indices);
    free(store->order);
    lane_index_release(&store->index);
    lane_index_release(&store->words);
    buf_release(&store->bytes);
}

void lane_store_begin(struct lane_store *store, const struct lane_text *payloads)
{
    store->payloads = payloads;
    store->column_count = 0;
    store->count = 0;
    lane_index_clear(&store->index);
}

bool lane_store_column(struct lane_store *store, uint64_t key, enum lane_content content,
                       uint32_t *out)
{
    size_t at = lane_index_start(&store->index, key);
    while (lane_index_next(&store->index, key, &at, out))
        if (store->columns[*out].content == content)
            return true;
    if (store->column_count == LANE_COLUMNS_MAX)
        return false;
    *out = store->column_count++;
    store->columns[*out] = (struct lane_column){.key = key, .content = content};
    return lane_index_add(&store->index, key, *out);
}

static void *resized(void *memory, size_t bytes, bool *ok)
{
    void *bigger = realloc(memory, bytes);
    *ok &= bigger != NULL;
    return bigger ? bigger : memory;
}

static bool grow(struct lane_store *store)
{
    const size_t n = store->capacity ? 2 * store->capacity : 1024;
    bool ok = true;
    store->values = resized(store->values, n * sizeof *store->values, &ok);
    store->column_of = resized(store->column_of, n * sizeof *store->column_of, &ok);
    store->decimals = resized(store->decimals, n, &ok);
    store->sorted = resized(store->sorted, n * sizeof *store->sorted, &ok);
    store->sorted_decimals = resized(store->sorted_decimals, n, &ok);
    store->rests = resized(store->rests, n * sizeof *store->rests, &ok);
    store->indices = resized(store->indices, n * sizeof *store->indices, &ok);
    store->capacity = ok ? n : store->capacity;
    return ok;
}

bool lane_store_add(struct lane_store *store, uint32_t column, struct lane_number value)
{
    if (store->count == LANE_VALUES_MAX || (store->count == store->capacity && !grow(store)))
        return false;
    store->values[store->count] = value.value;
    store->column_of[store->count] = (uint16_t)column;
    store->decimals[store->count++] = value.decimals;
    store->columns[column].count++;
    return true;
}

int64_t lane_store_text(uint32_t payload, size_t offset, size_t size)
{
    return (int64_t)((uint64_t)payload << 48 | (uint64_t)offset << 16 | size);
}

static struct lane_text text_of(const struct lane_store *store, int64_t value)
{
    const uint64_t bits = (uint64_t)value;
    return (struct lane_text){store->payloads[bits >> 48].data + (uint32_t)(bits >> 16),
                              bits & LANE_STORE_TEXT_MAX};
}

static bool is_same_text(struct lane_text a, struct lane_text b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* ---- sorting -------------------------------------------------------------------------------- */

static void place_columns(struct lane_store *store)
{
    size_t at = 0;
    for (uint32_t i = 0; i < store->column_count; i++) {
        struct lane_column *column = &store->columns[i];
        column->values = store->sorted + at;
        column->decimals = store->sorted_decimals + at;
        at += column->count;
        column->count = 0;
    }
    for (size_t i = 0; i < store->count; i++) {
        struct lane_column *column = &store->columns[store->column_of[i]];
        column->values[column->count] = store->values[i];
        column->decimals[column->count++] = store->decimals[i];
    }
}

static bool is_same(const struct lane_store *store, const struct lane_column *column)
{
    if (column->content == CONTENT_REPEATS)
        return false;
    const bool texts = column->content == CONTENT_TEXTS;
    for (uint32_t i = 1; i < column->count; i++) {
        if (texts ? !is_same_text(text_of(store, column->values[0]),
                                  text_of(store, column->values[i]))
                  : column->values[0] != column->values[i] ||
                        column->decimals[0] != column->decimals[i])
            return false;
    }
    return true;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint64_t unit_of(const struct lane_column *column)
{
    uint64_t unit = 0;
    for (uint32_t i = 0; i < column->count && unit != 1; i++) {
        const uint64_t value = (uint64_t)column->values[i];
        unit = common_divisor(value >> 63 ? 0 - value : value, unit);
    }
    return unit ? unit : 1;
}

/* Gives all numbers the decimals that the longest has; false when they do not fit. */
static bool align_decimals(struct lane_column *column)
{
    column->decimals_max = 0;
    for (uint32_t i = 0; i < column->count; i++)
        if (column->decimals[i] > column->decimals_max)
            column->decimals_max = column->decimals[i];
    for (uint32_t i = 0; i < column->count; i++) {
        const uint64_t power = lane_powers[column->decimals_max - column->decimals[i]];
        const int64_t value = column->values[i];
        if ((uint64_t)(value < 0 ? -value : value) > INT64_MAX / power)
            return false;
    }
    for (uint32_t i = 0; i < column->count; i++)
        column->values[i] *= (int64_t)lane_powers[column->decimals_max - column->decimals[i]];
    return true;
}

static void look_at(struct lane_store *store, struct lane_column *column)
{
    column->same = is_same(store, column);
    column->unit = 1;
    if (column->content == CONTENT_NUMBERS || column->content == CONTENT_TIMES) {
        column->as_texts = !align_decimals(column);
        column->unit = column->as_texts ? 1 : unit_of(column);
    }
}

void lane_store_sort(struct lane_store *store)
{
    place_columns(store);
    store->repeats_count = store->order_count = 0;
    for (uint32_t i = 0; i < store->column_count; i++) {
        struct lane_column *column = &store->columns[i];
        look_at(store, column);
        if (column->content == CONTENT_REPEATS) {
            column->number = store->repeats_count++;
        } else if (!column->same) {
            column->number = store->order_count;
            store->order[store->order_count++] = (uint16_t)i;
        }
    }
}

/* ---- writing -------------------------------------------------------------------------------- */

static enum err put_varint(struct buf *out, uint64_t value)
{
    uint8_t bytes[VARINT_SIZE_MAX];
    return buf_append(out, bytes, (size_t)(varint_put(bytes, value) - bytes));
}

/* The number or time at `index`, as its text was. */
static size_t write_number(const struct lane_column *column, uint32_t index, uint8_t *out)
{
    const unsigned decimals = column->decimals[index];
    int64_t value = column->values[index];
    if (!column->as_texts)
        value /= (int64_t)lane_powers[column->decimals_max - decimals];
    const uint8_t *end = column->content == CONTENT_TIMES ? lane_time_write(out, value, decimals)
                                                          : lane_number_write(out, value, decimals);
    return (size_t)(end - out);
}

enum err lane_store_put_same(struct lane_store *store, const struct lane_column *column,
                             struct buf *out)
{
    if (column->content == CONTENT_TEXTS) {
        const struct lane_text text = text_of(store, column->values[0]);
        return buf_append(out, text.data, text.size);
    }
    uint8_t number[LANE_TIME_SIZE_MAX];
    return buf_append(out, number, write_number(column, 0, number));
}

/* Decimals that are needed, at least `least`. */
static uint8_t needed_decimals(int64_t value, uint8_t decimals, uint8_t least)
{
    for (; decimals > least && value % 10 == 0; decimals--)
        value /= 10;
    return decimals;
}

static bool is_trimmed(const struct lane_column *column, uint8_t least)
{
    for (uint32_t i = 0; i < column->count; i++)
        if (column->decimals[i] != needed_decimals(column->values[i], column->decimals_max, least))
            return false;
    return true;
}

static enum err put_decimals(struct lane_store *store, const struct lane_column *column,
                             struct buf *out)
{
    uint8_t least = column->decimals_max;
    for (uint32_t i = 0; i < column->count; i++)
        if (column->decimals[i] < least)
            least = column->decimals[i];
    uint8_t head[] = {column->decimals_max, LANE_ALL, least};
    if (least == column->decimals_max)
        return buf_append(out, head, 2);
    head[1] = is_trimmed(column, least) ? LANE_TRIMMED : LANE_LISTED;
    if (head[1] == LANE_TRIMMED)
        return buf_append(out, head, 3);
    for (uint32_t i = 0; i < column->count; i++)
        store->rests[i] = column->decimals[i];
    enum err err = buf_append(out, head, 2);
    return err == ERR_OK ? column_put(out, store->rests, column->count) : err;
}

/* What is left of the first `count` values beside the other column. */
static void make_rests(struct lane_store *store, const struct lane_column *column,
                       const struct lane_column *other, uint32_t lag, uint32_t count)
{
    const int64_t unit = (int64_t)column->unit, other_unit = (int64_t)other->unit;
    for (uint32_t i = 0; i < count; i++) {
        const int64_t base = i < lag ? 0 : other->values[i - lag];
        store->rests[i] =
            (int64_t)((uint64_t)(column->values[i] / unit) - (uint64_t)(base / other_unit));
    }
}

struct beside {
    const struct lane_column *other; /* NULL: none */
    uint32_t back, lag;
};

static struct beside find_beside(struct lane_store *store, const struct lane_column *column)
{
    const uint32_t count = column->count < SAMPLE_MAX ? column->count : SAMPLE_MAX;
    struct beside best = {0};
    uint64_t least = column_cost(column->values, count);
    for (uint32_t back = 1; back <= BESIDE_MAX && back <= column->number; back++) {
        const struct lane_column *other = &store->columns[store->order[column->number - back]];
        if (other->count != column->count || other->as_texts || other->content == CONTENT_TEXTS)
            continue;
        for (uint32_t lag = 0; lag <= 1; lag++) {
            make_rests(store, column, other, lag, count);
            const uint64_t cost = column_cost(store->rests, count);
            if (cost < least) {
                least = cost;
                best = (struct beside){other, back, lag};
            }
        }
    }
    return best;
}

static enum err put_values(struct lane_store *store, const struct lane_column *column,
                           struct buf *out)
{
    const struct beside beside = find_beside(store, column);
    enum err err = put_varint(out, beside.back);
    if (!beside.other)
        return err == ERR_OK ? column_put(out, column->values, column->count) : err;
    if (err == ERR_OK)
        err = buf_append_byte(out, (uint8_t)beside.lag);
    if (err == ERR_OK)
        err = put_varint(out, column->unit);
    if (err == ERR_OK)
        err = put_varint(out, beside.other->unit);
    make_rests(store, column, beside.other, beside.lag, column->count);
    return err == ERR_OK ? column_put(out, store->rests, column->count) : err;
}

static enum err put_numbers(struct lane_store *store, const struct lane_column *column,
                            struct buf *out)
{
    enum err err = buf_append_byte(out, column->content == CONTENT_TIMES ? LANE_TIME : LANE_NUMBER);
    if (err == ERR_OK)
        err = put_decimals(store, column, out);
    return err == ERR_OK ? put_values(store, column, out) : err;
}

/* Texts with their lengths in rests[], their bytes in store->bytes. */
static enum err put_gathered(struct lane_store *store, uint32_t count, struct buf *out)
{
    enum err err = column_put(out, store->rests, count);
    return err == ERR_OK ? buf_append(out, store->bytes.data, store->bytes.size) : err;
}

static enum err gather(struct lane_store *store, const int64_t *values, uint32_t count)
{
    enum err err = ERR_OK;
    buf_clear(&store->bytes);
    for (uint32_t i = 0; i < count && err == ERR_OK; i++) {
        const struct lane_text text = text_of(store, values[i]);
        store->rests[i] = (int64_t)text.size;
        err = buf_append(&store->bytes, text.data, text.size);
    }
    return err;
}

static enum err gather_numbers(struct lane_store *store, const struct lane_column *column)
{
    enum err err = ERR_OK;
    buf_clear(&store->bytes);
    for (uint32_t i = 0; i < column->count && err == ERR_OK; i++) {
        uint8_t number[LANE_TIME_SIZE_MAX];
        const size_t size = write_number(column, i, number);
        store->rests[i] = (int64_t)size;
        err = buf_append(&store->bytes, number, size);
    }
    return err;
}

/* The number of the text among the words, of which there are *count so far in words[]. */
static bool find_word(struct lane_store *store, int64_t *words, uint32_t *count, int64_t value,
                      int64_t *out)
{
    const struct lane_text text = text_of(store, value);
    const uint64_t hash = lane_hash(text.data, text.size);
    size_t at = lane_index_start(&store->words, hash);
    for (uint32_t found; lane_index_next(&store->words, hash, &at, &found);)
        if (is_same_text(text_of(store, words[found]), text)) {
            *out = found;
            return true;
        }
    *out = *count;
    words[*count] = value;
    return lane_index_add(&store->words, hash, (*count)++);
}

/* Replaces texts by numbers of words, when they come again often enough. */
static bool find_words(struct lane_store *store, struct lane_column *column, int64_t *indices,
                       uint32_t *out_count)
{
    int64_t *words = store->values; /* no longer needed there */
    *out_count = 0;
    lane_index_clear(&store->words);
    for (uint32_t i = 0; i < column->count; i++)
        if (!find_word(store, words, out_count, column->values[i], &indices[i]) ||
            *out_count > column->count / 2 || *out_count > LANE_TEXTS_MAX)
            return false;
    return true;
}

static enum err put_words(struct lane_store *store, struct lane_column *column,
                          const int64_t *indices, uint32_t count, struct buf *out)
{
    enum err err = buf_append_byte(out, LANE_WORDS);
    if (err == ERR_OK)
        err = put_varint(out, count);
    if (err == ERR_OK)
        err = gather(store, store->values, count);
    if (err == ERR_OK)
        err = put_gathered(store, count, out);
    return err == ERR_OK ? column_put(out, indices, column->count) : err;
}

static enum err put_texts(struct lane_store *store, struct lane_column *column, struct buf *out)
{
    uint32_t count;
    int64_t *indices = store->indices;
    if (!column->as_texts && find_words(store, column, indices, &count))
        return put_words(store, column, indices, count, out);
    enum err err = buf_append_byte(out, LANE_TEXTS);
    if (err == ERR_OK)
        err = column->as_texts ? gather_numbers(store, column)
                               : gather(store, column->values, column->count);
    return err == ERR_OK ? put_gathered(store, column->count, out) : err;
}

static enum err put_all_repeats(struct lane_store *store, struct buf *out)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < store->column_count && err == ERR_OK; i++)
        if (store->columns[i].content == CONTENT_REPEATS)
            err = column_put(out, store->columns[i].values, store->columns[i].count);
    return err;
}

static void note_end(struct lane_store *store, size_t from, size_t to)
{
    if (to - from < END_MIN || store->end_count + 2 > LANE_ENDS_MAX)
        return;
    if (store->end_count == 0 || store->ends[store->end_count - 1] < from)
        store->ends[store->end_count++] = from;
    store->ends[store->end_count++] = to;
}

enum err lane_store_put(struct lane_store *store, struct buf *out)
{
    store->end_count = 0;
    enum err err = put_varint(out, store->repeats_count);
    if (err == ERR_OK)
        err = put_varint(out, store->order_count);
    if (err == ERR_OK)
        err = put_all_repeats(store, out);
    for (uint32_t i = 0; i < store->order_count && err == ERR_OK; i++) {
        struct lane_column *column = &store->columns[store->order[i]];
        const size_t from = out->size;
        err = column->content == CONTENT_TEXTS || column->as_texts
                  ? put_texts(store, column, out)
                  : put_numbers(store, column, out);
        note_end(store, from, out->size);
    }
    return err;
}
