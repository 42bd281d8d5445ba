#include "engine/tape/lane_unpack.h"

#include "engine/tape/column.h"
#include "engine/tape/lane_form.h"
#include "engine/tape/lane_number.h"
#include "engine/tape/varint.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WIDE 16 /* bytes copied at once */
/* Steps of all payloads together, repeats counted once: values, BEGIN and STOP of repeats that have
 * a value each, ENDs. */
#define STEPS_RUN_MAX (4 * (uint64_t)LANE_VALUES_MAX)
_Static_assert(LANE_SLACK >= LANE_TIME_SIZE_MAX && LANE_SLACK >= 2 * WIDE, "room to write over");

struct values {
    uint8_t kind;
    uint8_t decimals, cut, least;
    uint32_t count;
    uint32_t text_max; /* longest of words or texts */
    int64_t *numbers;  /* of words and texts: place and size */
    uint8_t *listed;   /* LANE_LISTED: decimals of each */
    /* While writing. */
    const int64_t *next;
    const uint8_t *next_listed;
};

struct step {
    const uint8_t *literal;
    uint32_t literal_size;
    uint32_t what;         /* enum lane_step; LANE_VALUE stands for all values */
    uint32_t column;       /* of LANE_BEGIN and LANE_VALUE */
    uint32_t stop;         /* of LANE_BEGIN: the LANE_STOP */
    uint64_t total;        /* of LANE_BEGIN: how often all payloads together repeat it */
    size_t most;           /* bytes that the literal and a value take at most */
    struct values *values; /* of LANE_VALUE, when the columns are known */
};

struct shape {
    uint32_t first, count; /* steps */
    uint32_t uses;
    bool repeats;
};

struct lane_unpacker {
    const uint8_t *content; /* of this call */
    const uint8_t *end;
    const char *reason;

    struct step *steps; /* LANE_STEPS_MAX */
    struct shape *shapes;
    struct values *columns; /* LANE_COLUMNS_MAX, repeats first */
    int64_t *shape_of;      /* LANE_TEXTS_MAX */
    uint32_t step_count, shape_count, column_count, repeats_count;

    int64_t *numbers; /* memory of all columns */
    uint8_t *listed;
    size_t number_count, listed_count, capacity;

    size_t text_count; /* payloads */
    size_t row;        /* the next one */
};

enum err lane_unpacker_new(struct lane_unpacker **out)
{
    struct lane_unpacker *unpacker = calloc(1, sizeof *unpacker);
    if (unpacker) {
        unpacker->steps = calloc(LANE_STEPS_MAX, sizeof *unpacker->steps);
        unpacker->shapes = calloc(LANE_STEPS_MAX, sizeof *unpacker->shapes);
        unpacker->columns = calloc(LANE_COLUMNS_MAX, sizeof *unpacker->columns);
        unpacker->shape_of = calloc(LANE_TEXTS_MAX, sizeof *unpacker->shape_of);
    }
    if (!unpacker || !unpacker->steps || !unpacker->shapes || !unpacker->columns ||
        !unpacker->shape_of) {
        lane_unpacker_free(unpacker);
        return err_fail(ERR_NOMEM, "out of memory for decoding lanes");
    }
    *out = unpacker;
    return ERR_OK;
}

void lane_unpacker_free(struct lane_unpacker *unpacker)
{
    if (!unpacker)
        return;
    free(unpacker->steps);
    free(unpacker->shapes);
    free(unpacker->columns);
    free(unpacker->shape_of);
    free(unpacker->numbers);
    free(unpacker->listed);
    free(unpacker);
}

static const uint8_t *bad(struct lane_unpacker *unpacker, const char *reason)
{
    unpacker->reason = reason;
    return NULL;
}

/* A number that is at most `max`. */
static const uint8_t *get_small(struct lane_unpacker *unpacker, const uint8_t *p, uint64_t max,
                                uint32_t *out)
{
    uint64_t value = 0;
    p = varint_get(p, unpacker->end, &value);
    if (!p || value > max)
        return bad(unpacker, "payloads have a number out of range");
    *out = (uint32_t)value;
    return p;
}

static const uint8_t *get_byte(struct lane_unpacker *unpacker, const uint8_t *p, uint8_t max,
                               uint8_t *out)
{
    if (p == unpacker->end || *p > max)
        return bad(unpacker, "payloads have a number out of range");
    *out = *p;
    return p + 1;
}

static const uint8_t *get_column(struct lane_unpacker *unpacker, const uint8_t *p, int64_t *numbers,
                                 size_t count)
{
    p = column_get(p, unpacker->end, numbers, count);
    return p ? p : bad(unpacker, "payloads have a column that is none");
}

/* ---- shapes --------------------------------------------------------------------------------- */

struct literals {
    const uint8_t *next, *end;
};

static const uint8_t *get_literals(struct lane_unpacker *unpacker, const uint8_t *p,
                                   struct literals *out)
{
    uint32_t size;
    p = get_small(unpacker, p, LANE_CONTENT_MAX, &size);
    if (!p || size > (size_t)(unpacker->end - p))
        return bad(unpacker, "payloads have literals that are cut off");
    *out = (struct literals){p, p + size};
    return p + size;
}

static const uint8_t *get_step(struct lane_unpacker *unpacker, const uint8_t *p,
                               struct literals *literals)
{
    if (unpacker->step_count == LANE_STEPS_MAX)
        return bad(unpacker, "payloads have too many steps");
    struct step *step = &unpacker->steps[unpacker->step_count++];
    uint32_t size, what;
    p = get_small(unpacker, p, (uint64_t)(literals->end - literals->next), &size);
    if (!p || !(p = get_small(unpacker, p, LANE_VALUE + LANE_COLUMNS_MAX - 1, &what)))
        return NULL;
    *step = (struct step){.literal = literals->next, .literal_size = size, .what = what};
    literals->next += size;
    if (what >= LANE_VALUE) {
        step->what = LANE_VALUE;
        step->column = what - LANE_VALUE;
    } else if (what == LANE_BEGIN) {
        return get_small(unpacker, p, LANE_COLUMNS_MAX - 1, &step->column);
    }
    return p;
}

static const uint8_t *get_shape(struct lane_unpacker *unpacker, const uint8_t *p,
                                struct literals *literals, struct shape *shape)
{
    *shape = (struct shape){.first = unpacker->step_count};
    struct step *begin = NULL;
    for (;;) {
        const uint32_t index = unpacker->step_count;
        p = get_step(unpacker, p, literals);
        if (!p)
            return NULL;
        struct step *step = &unpacker->steps[index];
        if ((step->what == LANE_STOP) != (begin != NULL) && step->what != LANE_VALUE)
            return bad(unpacker, "payloads have repeats that are no pair");
        shape->count++;
        if (step->what == LANE_END)
            return p;
        if (step->what == LANE_STOP) {
            begin->stop = index;
            begin = NULL;
        } else if (step->what == LANE_BEGIN) {
            begin = step;
            shape->repeats = true;
        }
    }
}

static const uint8_t *get_shapes(struct lane_unpacker *unpacker, const uint8_t *p, size_t count)
{
    struct literals literals;
    p = get_literals(unpacker, p, &literals);
    unpacker->step_count = 0;
    if (!p || !(p = get_small(unpacker, p, LANE_STEPS_MAX, &unpacker->shape_count)))
        return NULL;
    for (uint32_t i = 0; i < unpacker->shape_count; i++)
        if (!(p = get_shape(unpacker, p, &literals, &unpacker->shapes[i])))
            return NULL;
    p = get_column(unpacker, p, unpacker->shape_of, count);
    uint64_t steps = 0;
    for (size_t i = 0; i < count && p; i++) {
        if ((uint64_t)unpacker->shape_of[i] >= unpacker->shape_count)
            return bad(unpacker, "payloads have a shape that is not there");
        struct shape *shape = &unpacker->shapes[unpacker->shape_of[i]];
        shape->uses++;
        steps += shape->count;
    }
    return steps <= STEPS_RUN_MAX ? p : bad(unpacker, "payloads take too many steps");
}

/* ---- how many values each column has -------------------------------------------------------- */

/* The steps of a shape, but for its end. */
#define FOR_STEPS(unpacker, shape, step)                                                           \
    for (struct step *step = &(unpacker)->steps[(shape)->first]; step->what != LANE_END; step++)

static bool add_count(struct lane_unpacker *unpacker, uint32_t column, uint64_t count)
{
    struct values *values = &unpacker->columns[column];
    if (count > LANE_VALUES_MAX - values->count)
        return false;
    values->count += (uint32_t)count;
    return true;
}

/* Repeats are known from the shapes alone. */
static bool count_repeats(struct lane_unpacker *unpacker)
{
    for (uint32_t i = 0; i < unpacker->shape_count; i++)
        FOR_STEPS(unpacker, &unpacker->shapes[i], step)
        {
            if (step->what == LANE_BEGIN &&
                (step->column >= unpacker->repeats_count ||
                 !add_count(unpacker, step->column, unpacker->shapes[i].uses)))
                return false;
        }
    return true;
}

static bool count_values(struct lane_unpacker *unpacker)
{
    for (uint32_t i = 0; i < unpacker->shape_count; i++) {
        uint64_t uses = unpacker->shapes[i].uses;
        FOR_STEPS(unpacker, &unpacker->shapes[i], step)
        {
            if (step->what == LANE_BEGIN)
                uses = step->total;
            else if (step->what == LANE_STOP)
                uses = unpacker->shapes[i].uses;
            else if (step->column >= unpacker->column_count - unpacker->repeats_count ||
                     !add_count(unpacker, unpacker->repeats_count + step->column, uses))
                return false;
        }
    }
    return true;
}

/* Adds up how often each BEGIN repeats. */
static bool total_repeats(struct lane_unpacker *unpacker, size_t count)
{
    uint64_t all = 0;
    for (size_t i = 0; i < count; i++) {
        const struct shape *shape = &unpacker->shapes[unpacker->shape_of[i]];
        if (!shape->repeats)
            continue;
        FOR_STEPS(unpacker, shape, step)
        {
            if (step->what != LANE_BEGIN)
                continue;
            const uint64_t times = (uint64_t)*unpacker->columns[step->column].next++;
            if (times > LANE_VALUES_MAX - all)
                return false;
            all += times;
            step->total += times;
        }
    }
    return true;
}

/* ---- columns -------------------------------------------------------------------------------- */

/* Room for `count` values, the decimals of all, and words (get_words) behind them. */
static bool reserve_values(struct lane_unpacker *unpacker, size_t count)
{
    if (count < unpacker->capacity)
        return true;
    int64_t *numbers =
        realloc(unpacker->numbers, (count + 1 + LANE_TEXTS_MAX) * sizeof *unpacker->numbers);
    if (numbers)
        unpacker->numbers = numbers;
    uint8_t *listed = realloc(unpacker->listed, count + 1);
    if (listed)
        unpacker->listed = listed;
    if (!numbers || !listed)
        return false;
    unpacker->capacity = count + 1;
    return true;
}

/* Gives columns [first, first + count) their memory. */
static bool place_columns(struct lane_unpacker *unpacker, uint32_t first, uint32_t count,
                          enum err *out_err)
{
    uint64_t total = unpacker->number_count;
    for (uint32_t i = first; i < first + count; i++)
        total += unpacker->columns[i].count;
    if (total > LANE_VALUES_MAX)
        return false;
    if (!reserve_values(unpacker, (size_t)total)) {
        *out_err = err_fail(ERR_NOMEM, "out of memory for the values of a lane");
        return false;
    }
    size_t at = 0;
    for (uint32_t i = 0; i < first + count; i++) {
        struct values *values = &unpacker->columns[i];
        values->numbers = unpacker->numbers + at;
        values->next = values->numbers;
        at += values->count;
    }
    unpacker->number_count = (size_t)total;
    return true;
}

static const uint8_t *get_listed(struct lane_unpacker *unpacker, const uint8_t *p,
                                 struct values *values)
{
    /* Read where the values will lie. */
    p = get_column(unpacker, p, values->numbers, values->count);
    if (!p)
        return NULL;
    values->next_listed = values->listed = unpacker->listed + unpacker->listed_count;
    unpacker->listed_count += values->count;
    for (uint32_t i = 0; i < values->count; i++) {
        if ((uint64_t)values->numbers[i] > values->decimals)
            return bad(unpacker, "payloads have more decimals than their column");
        values->listed[i] = (uint8_t)values->numbers[i];
    }
    return p;
}

static const uint8_t *get_beside(struct lane_unpacker *unpacker, const uint8_t *p,
                                 struct values *values, uint32_t back)
{
    const struct values *other = values - back;
    if (back > (size_t)(values - unpacker->columns) - unpacker->repeats_count ||
        other->kind > LANE_TIME || other->count != values->count)
        return bad(unpacker, "payloads have a column beside none");
    uint8_t lag;
    uint64_t unit = 0, other_unit = 0;
    p = get_byte(unpacker, p, 1, &lag);
    if (!p || !(p = varint_get(p, unpacker->end, &unit)) ||
        !(p = varint_get(p, unpacker->end, &other_unit)) || other_unit == 0 ||
        other_unit > INT64_MAX)
        return bad(unpacker, "payloads have a column beside none");
    p = get_column(unpacker, p, values->numbers, values->count);
    if (!p)
        return NULL;
    for (uint32_t i = 0; i < values->count; i++) {
        const int64_t base = i < lag ? 0 : other->numbers[i - lag];
        const uint64_t units = (uint64_t)(other_unit == 1 ? base : base / (int64_t)other_unit);
        values->numbers[i] = (int64_t)(((uint64_t)values->numbers[i] + units) * unit);
    }
    return p;
}

static bool are_times(const struct values *values)
{
    const uint64_t end = (uint64_t)LANE_TIME_END;
    const uint64_t power = lane_powers[values->decimals];
    for (uint32_t i = 0; i < values->count; i++)
        if ((uint64_t)values->numbers[i] / power >= end || values->numbers[i] < 0)
            return false;
    return true;
}

static const uint8_t *get_numbers(struct lane_unpacker *unpacker, const uint8_t *p,
                                  struct values *values)
{
    uint32_t back;
    p = get_byte(unpacker, p, LANE_DECIMALS_MAX, &values->decimals);
    if (!p || !(p = get_byte(unpacker, p, LANE_LISTED, &values->cut)))
        return NULL;
    if (values->cut == LANE_TRIMMED)
        p = get_byte(unpacker, p, values->decimals, &values->least);
    else if (values->cut == LANE_LISTED)
        p = get_listed(unpacker, p, values);
    if (!p || !(p = get_small(unpacker, p, LANE_COLUMNS_MAX, &back)))
        return NULL;
    p = back == 0 ? get_column(unpacker, p, values->numbers, values->count)
                  : get_beside(unpacker, p, values, back);
    if (p && values->kind == LANE_TIME && !are_times(values))
        return bad(unpacker, "payloads have a time that is none");
    return p;
}

/* Lengths in numbers[0..count) become places and sizes of the bytes that follow at p. */
static const uint8_t *place_texts(struct lane_unpacker *unpacker, const uint8_t *p,
                                  int64_t *numbers, size_t count, uint32_t *out_max)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t size = (uint64_t)numbers[i];
        if (size > (size_t)(unpacker->end - p))
            return bad(unpacker, "payloads have a text that is cut off");
        if (size > *out_max)
            *out_max = (uint32_t)size;
        numbers[i] = (int64_t)((uint64_t)(p - unpacker->content) << 32 | size);
        p += size;
    }
    return p;
}

static const uint8_t *get_texts(struct lane_unpacker *unpacker, const uint8_t *p,
                                struct values *values)
{
    p = get_column(unpacker, p, values->numbers, values->count);
    return p ? place_texts(unpacker, p, values->numbers, values->count, &values->text_max) : NULL;
}

static const uint8_t *get_words(struct lane_unpacker *unpacker, const uint8_t *p,
                                struct values *values)
{
    uint32_t count;
    p = get_small(unpacker, p, values->count, &count);
    if (!p)
        return NULL;
    /* The words lie behind all columns: there is always room for LANE_TEXTS_MAX. */
    int64_t *words = unpacker->numbers + unpacker->number_count;
    if (count > LANE_TEXTS_MAX)
        return bad(unpacker, "payloads have too many words");
    p = get_column(unpacker, p, words, count);
    if (!p || !(p = place_texts(unpacker, p, words, count, &values->text_max)) ||
        !(p = get_column(unpacker, p, values->numbers, values->count)))
        return NULL;
    for (uint32_t i = 0; i < values->count; i++) {
        if ((uint64_t)values->numbers[i] >= count)
            return bad(unpacker, "payloads have a word that is not there");
        values->numbers[i] = words[values->numbers[i]];
    }
    return p;
}

static const uint8_t *get_values(struct lane_unpacker *unpacker, const uint8_t *p,
                                 struct values *values)
{
    p = get_byte(unpacker, p, LANE_TEXTS, &values->kind);
    if (!p)
        return NULL;
    switch (values->kind) {
    case LANE_NUMBER:
    case LANE_TIME:
        return get_numbers(unpacker, p, values);
    case LANE_WORDS:
        return get_words(unpacker, p, values);
    case LANE_TEXTS:
        return get_texts(unpacker, p, values);
    default:
        return bad(unpacker, "payloads have a column of a kind that is not known");
    }
}

static const uint8_t *get_repeats(struct lane_unpacker *unpacker, const uint8_t *p, enum err *err)
{
    p = get_small(unpacker, p, LANE_COLUMNS_MAX, &unpacker->repeats_count);
    uint32_t columns;
    if (!p || !(p = get_small(unpacker, p, LANE_COLUMNS_MAX - unpacker->repeats_count, &columns)))
        return NULL;
    unpacker->column_count = unpacker->repeats_count + columns;
    memset(unpacker->columns, 0, unpacker->column_count * sizeof *unpacker->columns);
    unpacker->number_count = unpacker->listed_count = 0;
    if (!count_repeats(unpacker) || !place_columns(unpacker, 0, unpacker->repeats_count, err))
        return bad(unpacker, "payloads have too many repeats");
    for (uint32_t i = 0; i < unpacker->repeats_count && p; i++)
        p = get_column(unpacker, p, unpacker->columns[i].numbers, unpacker->columns[i].count);
    return p;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* What each step takes at most, now that the columns are known; values of columns in one count. */
static void measure_steps(struct lane_unpacker *unpacker)
{
    for (uint32_t i = 0; i < unpacker->step_count; i++) {
        struct step *step = &unpacker->steps[i];
        step->most = step->literal_size;
        if (step->what != LANE_VALUE)
            continue;
        struct values *values = &unpacker->columns[unpacker->repeats_count + step->column];
        step->values = values;
        step->most += values->kind >= LANE_WORDS  ? values->text_max
                      : values->kind == LANE_TIME ? LANE_TIME_SIZE_MAX
                                                  : LANE_NUMBER_SIZE_MAX;
    }
}

static inline uint8_t *copy_wide(uint8_t *out, const uint8_t *from, size_t size)
{
    memcpy(out, from, WIDE);
    for (size_t done = WIDE; done < size; done += WIDE)
        memcpy(out + done, from + done, WIDE);
    return out + size;
}

/* Takes away decimals that are not to be written, and a point that nothing follows. */
static uint8_t *cut_decimals(uint8_t *out, struct values *values)
{
    unsigned shown = values->decimals;
    if (shown == 0)
        return out;
    if (values->cut == LANE_LISTED) {
        out -= shown - *values->next_listed;
        shown = *values->next_listed++;
    } else {
        for (; shown > values->least && out[-1] == '0'; shown--)
            out--;
    }
    return shown == 0 ? out - 1 : out;
}

static inline uint8_t *put_value(const struct lane_unpacker *unpacker, uint8_t *out,
                                 struct values *values)
{
    const int64_t value = *values->next++;
    if (values->kind == LANE_NUMBER)
        out = lane_number_write(out, value, values->decimals);
    else if (values->kind == LANE_TIME)
        out = lane_time_write(out, value, values->decimals);
    else
        return copy_wide(out, unpacker->content + ((uint64_t)value >> 32), (uint32_t)value);
    return values->cut == LANE_ALL ? out : cut_decimals(out, values);
}

/* A step near the end of the room; NULL when it does not fit. */
static uint8_t *put_step_exactly(const struct lane_unpacker *unpacker, uint8_t *out,
                                 const uint8_t *end, const struct step *step)
{
    if (step->literal_size > (size_t)(end - out))
        return NULL;
    memcpy(out, step->literal, step->literal_size);
    out += step->literal_size;
    if (step->what != LANE_VALUE)
        return out;
    struct values *values = step->values;
    uint8_t number[LANE_TIME_SIZE_MAX];
    const uint8_t *text = number;
    size_t size;
    if (values->kind >= LANE_WORDS) {
        text = unpacker->content + ((uint64_t)*values->next >> 32);
        size = (uint32_t)*values->next++;
    } else {
        size = (size_t)(put_value(unpacker, number, values) - number);
    }
    if (size > (size_t)(end - out))
        return NULL;
    memcpy(out, text, size);
    return out + size;
}

static inline uint8_t *put_step(const struct lane_unpacker *unpacker, uint8_t *out,
                                const uint8_t *end, const struct step *step)
{
    if (step->most > (size_t)(end - out))
        return put_step_exactly(unpacker, out, end, step);
    out = copy_wide(out, step->literal, step->literal_size);
    if (step->what == LANE_VALUE)
        out = put_value(unpacker, out, step->values);
    return out;
}

static uint8_t *put_payload(struct lane_unpacker *unpacker, uint8_t *out, const uint8_t *end,
                            const struct shape *shape)
{
    const struct step *step = &unpacker->steps[shape->first];
    const struct step *begin = step;
    int64_t left = 0;
    for (;; step++) {
        out = put_step(unpacker, out, end, step);
        if (!out || step->what == LANE_END)
            return out;
        if (step->what == LANE_BEGIN) {
            begin = step;
            left = *unpacker->columns[step->column].next++;
            if (left == 0)
                step = &unpacker->steps[step->stop];
        } else if (step->what == LANE_STOP && --left > 0) {
            step = begin;
        }
    }
}

static enum err damaged(const char **out_reason, const char *reason)
{
    *out_reason = reason;
    return ERR_DAMAGED;
}

static const uint8_t *get_all(struct lane_unpacker *unpacker, const uint8_t *p, size_t count,
                              enum err *err)
{
    p = get_shapes(unpacker, p, count);
    if (!p || !(p = get_repeats(unpacker, p, err)))
        return NULL;
    if (!total_repeats(unpacker, count) || !count_values(unpacker) ||
        !place_columns(unpacker, unpacker->repeats_count,
                       unpacker->column_count - unpacker->repeats_count, err))
        return bad(unpacker, "payloads have too many values");
    for (uint32_t i = unpacker->repeats_count; i < unpacker->column_count && p; i++)
        p = get_values(unpacker, p, &unpacker->columns[i]);
    return p;
}

enum err lane_unpack_open(struct lane_unpacker *unpacker, const uint8_t *content, size_t size,
                          size_t count, const char **out_reason)
{
    enum err err = ERR_DAMAGED;
    unpacker->content = content;
    unpacker->end = content + size;
    unpacker->text_count = count;
    const uint8_t *p = get_all(unpacker, content, count, &err);
    if (!p) {
        *out_reason = unpacker->reason;
        return err;
    }
    if (p != unpacker->end)
        return damaged(out_reason, "payloads have bytes behind their columns");
    measure_steps(unpacker);
    return ERR_OK;
}

static void rewind_columns(struct lane_unpacker *unpacker)
{
    for (uint32_t i = 0; i < unpacker->column_count; i++) {
        unpacker->columns[i].next = unpacker->columns[i].numbers;
        unpacker->columns[i].next_listed = unpacker->columns[i].listed;
    }
}

enum err lane_unpack_texts(struct lane_unpacker *unpacker, struct lane_text *texts, uint8_t *bytes,
                           size_t byte_count, const char **out_reason)
{
    uint8_t *out = bytes;
    const uint8_t *end = bytes + byte_count;
    rewind_columns(unpacker);
    for (size_t i = 0; i < unpacker->text_count; i++) {
        uint8_t *first = out;
        out = put_payload(unpacker, out, end, &unpacker->shapes[unpacker->shape_of[i]]);
        if (!out)
            return damaged(out_reason, "payloads are longer than stated");
        texts[i] = (struct lane_text){first, (size_t)(out - first)};
    }
    return out == end ? ERR_OK : damaged(out_reason, "payloads are shorter than stated");
}

/* ---- rows ----------------------------------------------------------------------------------- */

bool lane_rows_begin(struct lane_unpacker *unpacker)
{
    for (uint32_t i = 0; i < unpacker->shape_count; i++) {
        const struct shape *shape = &unpacker->shapes[i];
        if (shape->uses > 0 && (shape->repeats || shape->count > LANE_CELLS_MAX + 1))
            return false;
    }
    rewind_columns(unpacker);
    unpacker->row = 0;
    return true;
}

/* Decimals that are written of the column's next value. */
static uint8_t shown_of(struct values *values, int64_t number)
{
    uint8_t shown = values->decimals;
    if (values->cut == LANE_LISTED)
        return *values->next_listed++;
    if (values->cut == LANE_TRIMMED)
        for (; shown > values->least && number % 10 == 0; shown--)
            number /= 10;
    return shown;
}

void lane_rows_next(struct lane_unpacker *unpacker, struct lane_row *out)
{
    out->shape = (uint32_t)unpacker->shape_of[unpacker->row++];
    const struct shape *shape = &unpacker->shapes[out->shape];
    const struct step *step = &unpacker->steps[shape->first];
    out->count = 0;
    for (; step->what == LANE_VALUE; step++) {
        struct values *values = step->values;
        const int64_t number = *values->next++;
        out->cells[out->count++] = (struct lane_cell){
            .number = number,
            .kind = values->kind,
            .decimals = values->decimals,
            .shown = values->kind <= LANE_TIME ? shown_of(values, number) : 0,
        };
    }
}

/* As put_value(), of a cell. */
static uint8_t *put_cell(const struct lane_unpacker *unpacker, uint8_t *out,
                         const struct lane_cell *cell)
{
    if (cell->kind >= LANE_WORDS)
        return copy_wide(out, unpacker->content + ((uint64_t)cell->number >> 32),
                         (uint32_t)cell->number);
    out = cell->kind == LANE_NUMBER ? lane_number_write(out, cell->number, cell->decimals)
                                    : lane_time_write(out, cell->number, cell->decimals);
    const unsigned hidden = (unsigned)(cell->decimals - cell->shown);
    return out - hidden - (hidden > 0 && cell->shown == 0);
}

size_t lane_row_text(const struct lane_unpacker *unpacker, const struct lane_row *row, uint8_t *out,
                     size_t room)
{
    const struct shape *shape = &unpacker->shapes[row->shape];
    const struct step *step = &unpacker->steps[shape->first];
    uint8_t *at = out;
    for (uint32_t i = 0;; i++, step++) {
        if (step->most + LANE_SLACK > room - (size_t)(at - out))
            return 0;
        at = copy_wide(at, step->literal, step->literal_size);
        if (step->what == LANE_END)
            return (size_t)(at - out);
        at = put_cell(unpacker, at, &row->cells[i]);
    }
}
