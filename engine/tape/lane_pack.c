#include "engine/tape/lane_pack.h"

#include "engine/tape/column.h"
#include "engine/tape/lane_form.h"
#include "engine/tape/lane_index.h"
#include "engine/tape/lane_split.h"
#include "engine/tape/lane_store.h"
#include "engine/tape/varint.h"

#include <stdlib.h>
#include <string.h>

/* Steps of a shape while it is gathered: a token's number, or one of these. */
#define STEP_BEGIN 0x80000000u /* with the number of a repeats column */
#define STEP_STOP  0x40000000u
#define TOKENS_MAX LANE_STEPS_MAX
#define PERIOD_MAX 64u
#define NO_COLUMN  UINT32_MAX

/* A literal with the column of the slot behind it; NO_COLUMN at the end of a frame. */
struct token {
    const uint8_t *literal;
    uint32_t literal_size;
    uint32_t column;
    /* Where it stood last, in the payload of this number + 1. */
    uint32_t seen_in, seen_at;
};

struct shape {
    uint32_t first, count; /* in steps[] */
};

struct lane_packer {
    struct lane_store store;

    struct token *tokens; /* TOKENS_MAX */
    uint32_t token_count;
    struct lane_index token_index;

    struct shape *shapes; /* LANE_STEPS_MAX */
    uint32_t *steps;      /* LANE_STEPS_MAX */
    uint32_t shape_count, step_count;
    struct lane_index shape_index;
    int64_t *shape_of; /* LANE_TEXTS_MAX */

    uint32_t *sequence; /* tokens of a payload, sequence_capacity */
    uint32_t *draft;    /* its steps, 2 * sequence_capacity */
    size_t sequence_capacity;

    struct buf literals, shape_bytes;
};

enum err lane_packer_new(struct lane_packer **out)
{
    struct lane_packer *packer = calloc(1, sizeof *packer);
    bool ok = packer;
    if (ok) {
        packer->tokens = calloc(TOKENS_MAX, sizeof *packer->tokens);
        packer->shapes = calloc(LANE_STEPS_MAX, sizeof *packer->shapes);
        packer->steps = calloc(LANE_STEPS_MAX, sizeof *packer->steps);
        packer->shape_of = calloc(LANE_TEXTS_MAX, sizeof *packer->shape_of);
        buf_init(&packer->literals, LANE_CONTENT_MAX);
        buf_init(&packer->shape_bytes, LANE_CONTENT_MAX);
        ok = lane_store_init(&packer->store) && packer->tokens && packer->shapes && packer->steps &&
             packer->shape_of;
    }
    if (!ok) {
        lane_packer_free(packer);
        return err_fail(ERR_NOMEM, "out of memory for encoding lanes");
    }
    *out = packer;
    return ERR_OK;
}

void lane_packer_free(struct lane_packer *packer)
{
    if (!packer)
        return;
    lane_store_release(&packer->store);
    lane_index_release(&packer->token_index);
    lane_index_release(&packer->shape_index);
    buf_release(&packer->literals);
    buf_release(&packer->shape_bytes);
    free(packer->tokens);
    free(packer->shapes);
    free(packer->steps);
    free(packer->shape_of);
    free(packer->sequence);
    free(packer->draft);
    free(packer);
}

const size_t *lane_packer_ends(const struct lane_packer *packer, size_t *out_count)
{
    *out_count = packer->store.end_count;
    return packer->store.ends;
}

/* ---- gathering ------------------------------------------------------------------------------ */

static bool is_token(const struct token *token, const struct lane_token *from, uint32_t column)
{
    return token->column == column && token->literal_size == from->literal_size &&
           memcmp(token->literal, from->literal, from->literal_size) == 0;
}

static bool find_token(struct lane_packer *packer, const struct lane_token *from, uint32_t column,
                       uint32_t *out)
{
    const uint64_t hash = lane_mix(lane_hash(from->literal, from->literal_size), column);
    size_t at = lane_index_start(&packer->token_index, hash);
    while (lane_index_next(&packer->token_index, hash, &at, out))
        if (is_token(&packer->tokens[*out], from, column))
            return true;
    if (packer->token_count == TOKENS_MAX)
        return false;
    *out = packer->token_count++;
    packer->tokens[*out] = (struct token){
        .literal = from->literal, .literal_size = (uint32_t)from->literal_size, .column = column};
    return lane_index_add(&packer->token_index, hash, *out);
}

static const enum lane_content contents[] = {
    [SLOT_NUMBER] = CONTENT_NUMBERS, [SLOT_TIME] = CONTENT_TIMES, [SLOT_TEXT] = CONTENT_TEXTS};

/* The token's value goes to its column; *out is the token's number. */
static bool add_token(struct lane_packer *packer, const struct lane_text *payload, uint32_t number,
                      const struct lane_token *from, uint32_t *out)
{
    uint32_t column = NO_COLUMN;
    if (from->slot != SLOT_NONE) {
        struct lane_number value = from->number;
        if (from->slot == SLOT_TEXT)
            value = (struct lane_number){
                lane_store_text(number, (size_t)(from->text - payload->data), from->text_size), 0};
        if (!lane_store_column(&packer->store, from->key, contents[from->slot], &column) ||
            !lane_store_add(&packer->store, column, value))
            return false;
    }
    return find_token(packer, from, column, out);
}

static bool grow_sequence(struct lane_packer *packer)
{
    const size_t capacity = packer->sequence_capacity ? 2 * packer->sequence_capacity : 64;
    uint32_t *sequence = realloc(packer->sequence, capacity * sizeof *sequence);
    if (sequence)
        packer->sequence = sequence;
    uint32_t *draft = realloc(packer->draft, 2 * capacity * sizeof *draft);
    if (draft)
        packer->draft = draft;
    if (!sequence || !draft)
        return false;
    packer->sequence_capacity = capacity;
    return true;
}

/* The payload's tokens into the sequence, their values into columns. */
static bool split_payload(struct lane_packer *packer, const struct lane_text *payload,
                          uint32_t number, size_t *out_count)
{
    struct lane_splitter splitter;
    struct lane_token token;
    size_t count = 0;
    lane_split_start(&splitter, payload->data, payload->size);
    do {
        lane_split_next(&splitter, &token);
        if ((count == packer->sequence_capacity && !grow_sequence(packer)) ||
            !add_token(packer, payload, number, &token, &packer->sequence[count++]))
            return false;
    } while (token.slot != SLOT_NONE);
    *out_count = count;
    return true;
}

/* How many tokens from `at` on are those from `from` on. */
static size_t match(const uint32_t *sequence, size_t count, size_t from, size_t at)
{
    const size_t first = at;
    while (at < count && sequence[from] == sequence[at]) {
        from++;
        at++;
    }
    return at - first;
}

static bool add_repeats(struct lane_packer *packer, const uint32_t *sequence, size_t period,
                        size_t times, uint32_t *out_column)
{
    uint64_t key = period;
    for (size_t i = 0; i < period; i++)
        key = lane_mix(key, sequence[i]);
    return lane_store_column(&packer->store, key, CONTENT_REPEATS, out_column) &&
           lane_store_add(&packer->store, *out_column, (struct lane_number){(int64_t)times, 0});
}

/* The payload's tokens as steps, with what follows itself as repeats. */
static bool draft_steps(struct lane_packer *packer, uint32_t number, size_t count,
                        size_t *out_count)
{
    const uint32_t *sequence = packer->sequence;
    uint32_t *draft = packer->draft;
    size_t drafted = 0, free_from = 0; /* tokens before free_from are in repeats already */
    for (size_t i = 0; i < count;) {
        struct token *token = &packer->tokens[sequence[i]];
        const size_t before = token->seen_at;
        const bool again = token->seen_in == number + 1 && before >= free_from;
        const size_t period = again ? i - before : 0;
        const size_t length = again && period <= PERIOD_MAX ? match(sequence, count, before, i) : 0;
        if (!again || length < period || period > PERIOD_MAX) {
            token->seen_in = number + 1;
            token->seen_at = (uint32_t)i;
            draft[drafted++] = sequence[i++];
            continue;
        }
        const size_t times = 1 + length / period;
        uint32_t column;
        if (!add_repeats(packer, sequence + before, period, times, &column))
            return false;
        drafted -= period;
        draft[drafted++] = STEP_BEGIN | column;
        memcpy(draft + drafted, sequence + before, period * sizeof *draft);
        drafted += period;
        draft[drafted++] = STEP_STOP;
        i = free_from = before + times * period;
    }
    *out_count = drafted;
    return true;
}

static bool find_shape(struct lane_packer *packer, size_t count, int64_t *out)
{
    const size_t size = count * sizeof *packer->draft;
    const uint64_t hash = lane_hash((const uint8_t *)packer->draft, size);
    size_t at = lane_index_start(&packer->shape_index, hash);
    for (uint32_t found; lane_index_next(&packer->shape_index, hash, &at, &found);) {
        const struct shape *shape = &packer->shapes[found];
        *out = found;
        if (shape->count == count && memcmp(packer->steps + shape->first, packer->draft, size) == 0)
            return true;
    }
    if (count > LANE_STEPS_MAX - packer->step_count)
        return false;
    *out = packer->shape_count;
    packer->shapes[packer->shape_count] = (struct shape){packer->step_count, (uint32_t)count};
    memcpy(packer->steps + packer->step_count, packer->draft, size);
    packer->step_count += (uint32_t)count;
    return lane_index_add(&packer->shape_index, hash, packer->shape_count++);
}

static bool add_payload(struct lane_packer *packer, const struct lane_text *payload,
                        uint32_t number)
{
    size_t tokens, steps;
    return split_payload(packer, payload, number, &tokens) &&
           draft_steps(packer, number, tokens, &steps) &&
           find_shape(packer, steps, &packer->shape_of[number]);
}

/* ---- writing -------------------------------------------------------------------------------- */

static enum err put_varint(struct buf *out, uint64_t value)
{
    uint8_t bytes[VARINT_SIZE_MAX];
    return buf_append(out, bytes, (size_t)(varint_put(bytes, value) - bytes));
}

/* A step, with the literal that was gathered since the one before. */
static enum err put_step(struct lane_packer *packer, size_t *literal_from, uint64_t what)
{
    enum err err = put_varint(&packer->shape_bytes, packer->literals.size - *literal_from);
    *literal_from = packer->literals.size;
    return err == ERR_OK ? put_varint(&packer->shape_bytes, what) : err;
}

static enum err put_token(struct lane_packer *packer, size_t *literal_from,
                          const struct token *token)
{
    enum err err = buf_append(&packer->literals, token->literal, token->literal_size);
    if (err != ERR_OK)
        return err;
    if (token->column == NO_COLUMN)
        return put_step(packer, literal_from, LANE_END);
    const struct lane_column *column = &packer->store.columns[token->column];
    if (column->same)
        return lane_store_put_same(&packer->store, column, &packer->literals);
    return put_step(packer, literal_from, LANE_VALUE + (uint64_t)column->number);
}

static enum err put_shape(struct lane_packer *packer, const struct shape *shape)
{
    size_t literal_from = packer->literals.size;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < shape->count && err == ERR_OK; i++) {
        const uint32_t step = packer->steps[shape->first + i];
        if (step & STEP_BEGIN) {
            err = put_step(packer, &literal_from, LANE_BEGIN);
            if (err == ERR_OK)
                err = put_varint(&packer->shape_bytes,
                                 packer->store.columns[step & ~STEP_BEGIN].number);
        } else if (step & STEP_STOP) {
            err = put_step(packer, &literal_from, LANE_STOP);
        } else {
            err = put_token(packer, &literal_from, &packer->tokens[step]);
        }
    }
    return err;
}

static enum err put_shapes(struct lane_packer *packer, size_t count, struct buf *out)
{
    enum err err = ERR_OK;
    buf_clear(&packer->literals);
    buf_clear(&packer->shape_bytes);
    for (uint32_t i = 0; i < packer->shape_count && err == ERR_OK; i++)
        err = put_shape(packer, &packer->shapes[i]);
    if (err == ERR_OK)
        err = put_varint(out, packer->literals.size);
    if (err == ERR_OK)
        err = buf_append(out, packer->literals.data, packer->literals.size);
    if (err == ERR_OK)
        err = put_varint(out, packer->shape_count);
    if (err == ERR_OK)
        err = buf_append(out, packer->shape_bytes.data, packer->shape_bytes.size);
    return err == ERR_OK ? column_put(out, packer->shape_of, count) : err;
}

enum err lane_pack(struct lane_packer *packer, const struct lane_text *texts, size_t count,
                   struct buf *out, bool *out_fits)
{
    lane_store_begin(&packer->store, texts);
    lane_index_clear(&packer->token_index);
    lane_index_clear(&packer->shape_index);
    packer->token_count = packer->shape_count = packer->step_count = 0;
    *out_fits = false;
    for (size_t i = 0; i < count; i++)
        if (!add_payload(packer, &texts[i], (uint32_t)i))
            return ERR_OK;
    lane_store_sort(&packer->store);
    enum err err = put_shapes(packer, count, out);
    if (err == ERR_OK)
        err = lane_store_put(&packer->store, out);
    *out_fits = err == ERR_OK;
    return err == ERR_LIMIT ? ERR_OK : err;
}
