#include "engine/lane_trades.h"

#include "engine/tape/lane_form.h"
#include "engine/tape/lane_number.h"

#include <stdlib.h>
#include <string.h>

/* What of a trade a number is for. */
enum part {
    PART_PRICE = 1,
    PART_QUANTITY = 2,
    PART_TIME = 4,
    PART_ID = 8,
    PART_FIRST_ID = 16,
    PART_LAST_ID = 32,
};
#define PARTS_DECIMAL (PART_PRICE | PART_QUANTITY)

/* One cell of all rows of a form. */
struct use {
    uint8_t parts;
    uint8_t shown;     /* decimals, unless it is a decimal itself */
    int64_t low, high; /* likewise: numbers with as many digits */
    int64_t unit_ns;   /* of PART_TIME */
};

struct lane_form_of_trades {
    bool usable;
    uint32_t shape, count;
    int64_t words[LANE_CELLS_MAX];
    struct use uses[LANE_CELLS_MAX];
    struct trade trade; /* of the row that it was learned from */
    char channel[CHANNEL_MAX];
};

struct lane_trades {
    const struct venue *venue;
    struct lane_unpacker *rows;
    struct venue_frame frame;
    uint8_t text[LANE_ROW_TEXT_MAX];
    size_t count;
    struct lane_form_of_trades forms[LANE_FORMS_MAX];
};

enum err lane_trades_new(struct lane_trades **out)
{
    struct lane_trades *trades = calloc(1, sizeof *trades);
    if (trades == NULL)
        return err_fail(ERR_NOMEM, "out of memory for decoding lanes of trades");
    venue_frame_init(&trades->frame);
    *out = trades;
    return ERR_OK;
}

void lane_trades_free(struct lane_trades *trades)
{
    if (trades == NULL)
        return;
    venue_frame_release(&trades->frame);
    free(trades);
}

void lane_trades_begin(struct lane_trades *trades, const struct venue *venue,
                       struct lane_unpacker *rows)
{
    trades->venue = venue;
    trades->rows = rows;
    trades->count = 0;
}

const char *lane_form_channel(const struct lane_form_of_trades *form)
{
    return form->channel;
}

enum err lane_trades_decode(struct lane_trades *trades, const struct lane_row *row,
                            const struct venue_frame **out)
{
    size_t size = lane_row_text(trades->rows, row, trades->text, sizeof trades->text);
    if (size == 0)
        return ERR_DAMAGED;
    *out = &trades->frame;
    trades->frame.connection = 0;
    return trades->venue->decode(trades->text, size, &trades->frame);
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool put_decimal(const struct lane_cell *cell, uint8_t parts, struct trade *out)
{
    int64_t digits = cell->number;
    if (cell->kind != LANE_NUMBER)
        return false;
    if (cell->shown < cell->decimals)
        digits /= (int64_t)lane_powers[cell->decimals - cell->shown];
    const struct decimal value = {.mantissa = digits, .scale = cell->shown};
    if (parts & PART_PRICE)
        out->price = value;
    if (parts & PART_QUANTITY)
        out->quantity = value;
    return digits > 0;
}

static void put_whole(int64_t number, const struct use *use, struct trade *out)
{
    if (use->parts & PART_TIME)
        out->source_ns = number * use->unit_ns;
    if (use->parts & PART_ID)
        out->id = (uint64_t)number;
    if (use->parts & PART_FIRST_ID)
        out->first_id = (uint64_t)number;
    if (use->parts & PART_LAST_ID)
        out->last_id = (uint64_t)number;
}

bool lane_form_make(const struct lane_form_of_trades *form, const struct lane_row *row,
                    struct trade *out)
{
    *out = form->trade;
    for (uint32_t i = 0; i < form->count; i++) {
        const struct lane_cell *cell = &row->cells[i];
        const struct use *use = &form->uses[i];
        if (cell->kind >= LANE_WORDS)
            continue;
        if (use->parts & PARTS_DECIMAL) {
            if (!put_decimal(cell, use->parts, out))
                return false;
        } else if (cell->number < use->low || cell->number > use->high ||
                   cell->shown != use->shown) {
            return false;
        }
        put_whole(cell->number, use, out);
    }
    if (out->flags & TRADE_AGGREGATED)
        out->count = out->last_id - out->first_id + 1;
    return out->last_id >= out->first_id;
}

/* ---- learning -------------------------------------------------------------------------------- */

static bool same_decimal(const struct decimal *a, const struct decimal *b)
{
    return a->mantissa == b->mantissa && a->scale == b->scale;
}

/* What of the trade is another; what no number may be for is not looked at. */
static uint8_t difference(const struct trade *a, const struct trade *b)
{
    unsigned parts = 0;
    parts |= same_decimal(&a->price, &b->price) ? 0 : PART_PRICE;
    parts |= same_decimal(&a->quantity, &b->quantity) ? 0 : PART_QUANTITY;
    parts |= a->source_ns == b->source_ns ? 0 : PART_TIME;
    parts |= a->id == b->id ? 0 : PART_ID;
    parts |= a->first_id == b->first_id ? 0 : PART_FIRST_ID;
    parts |= a->last_id == b->last_id ? 0 : PART_LAST_ID;
    return (uint8_t)parts;
}

static bool same_trade(const struct trade *a, const struct trade *b)
{
    return difference(a, b) == 0 && strcmp(a->symbol, b->symbol) == 0 && a->has_id == b->has_id &&
           a->folded == b->folded && a->count == b->count && a->taker == b->taker &&
           a->flags == b->flags;
}

/* The one trade that the text of the row is. */
static bool decode_one(struct lane_trades *trades, const struct lane_row *row, struct trade *out,
                       char channel[CHANNEL_MAX])
{
    const struct venue_frame *frame;
    if (lane_trades_decode(trades, row, &frame) != ERR_OK || frame->kind != VENUE_TRADES ||
        frame->trade_count != 1)
        return false;
    *out = frame->trades[0];
    memcpy(channel, frame->channel, CHANNEL_MAX);
    return true;
}

/* Numbers with as many digits; 0 has none. */
static void set_range(struct use *use, int64_t number)
{
    uint64_t power = 1;
    if (number == 0) {
        use->low = use->high = 0;
        return;
    }
    while ((uint64_t)number / power >= 10)
        power *= 10;
    use->low = (int64_t)power;
    use->high = power > INT64_MAX / 10 ? INT64_MAX : (int64_t)(power * 10 - 1);
}

static bool set_unit(struct use *use, int64_t number, int64_t source_ns)
{
    if (number <= 0 || source_ns < number || source_ns % number != 0)
        return false;
    use->unit_ns = source_ns / number;
    if (use->high > INT64_MAX / use->unit_ns)
        use->high = INT64_MAX / use->unit_ns;
    return true;
}

/* Changes the number of cell `i` by one step, and sees what the decoder makes of it. */
static bool try_step(struct lane_trades *trades, struct lane_form_of_trades *form,
                     const struct lane_row *row, uint32_t i, int64_t step)
{
    struct use *use = &form->uses[i];
    struct lane_row changed = *row;
    struct trade found, made;
    char channel[CHANNEL_MAX];
    int64_t number;
    if (__builtin_add_overflow(row->cells[i].number, step, &number) || number < use->low ||
        number > use->high)
        return false;
    changed.cells[i].number = number;
    if (!decode_one(trades, &changed, &found, channel) || strcmp(channel, form->channel) != 0)
        return false;
    use->parts = difference(&form->trade, &found);
    if ((use->parts & PART_TIME) && !set_unit(use, number, found.source_ns))
        return false;
    return lane_form_make(form, &changed, &made) && same_trade(&made, &found);
}

/* One step of the last digit that is written. A time is only moved back: there is a last one. */
static bool learn_cell(struct lane_trades *trades, struct lane_form_of_trades *form,
                       const struct lane_row *row, uint32_t i)
{
    const struct lane_cell *cell = &row->cells[i];
    const int64_t step = (int64_t)lane_powers[cell->decimals - cell->shown];
    if (cell->number < 0)
        return false;
    return (cell->kind == LANE_NUMBER && try_step(trades, form, row, i, step)) ||
           try_step(trades, form, row, i, -step);
}

static bool learn(struct lane_trades *trades, struct lane_form_of_trades *form,
                  const struct lane_row *row)
{
    struct trade made;
    if (!decode_one(trades, row, &form->trade, form->channel))
        return false;
    for (uint32_t i = 0; i < row->count; i++) {
        form->uses[i] = (struct use){.shown = row->cells[i].shown};
        set_range(&form->uses[i], row->cells[i].number);
    }
    for (uint32_t i = 0; i < row->count; i++)
        if (row->cells[i].kind < LANE_WORDS && !learn_cell(trades, form, row, i))
            return false;
    return lane_form_make(form, row, &made) && same_trade(&made, &form->trade);
}

static bool fits(const struct lane_form_of_trades *form, const struct lane_row *row)
{
    if (form->shape != row->shape)
        return false;
    for (uint32_t i = 0; i < form->count; i++)
        if (row->cells[i].kind >= LANE_WORDS && row->cells[i].number != form->words[i])
            return false;
    return true;
}

static bool has_texts(const struct lane_row *row)
{
    for (uint32_t i = 0; i < row->count; i++)
        if (row->cells[i].kind == LANE_TEXTS)
            return true;
    return false;
}

const struct lane_form_of_trades *lane_trades_form(struct lane_trades *trades,
                                                   const struct lane_row *row)
{
    for (size_t i = 0; i < trades->count; i++)
        if (fits(&trades->forms[i], row))
            return trades->forms[i].usable ? &trades->forms[i] : NULL;
    if (trades->count == LANE_FORMS_MAX || has_texts(row))
        return NULL;
    struct lane_form_of_trades *form = &trades->forms[trades->count++];
    form->shape = row->shape;
    form->count = row->count;
    for (uint32_t i = 0; i < row->count; i++)
        form->words[i] = row->cells[i].number;
    form->usable = learn(trades, form, row);
    return form->usable ? form : NULL;
}
