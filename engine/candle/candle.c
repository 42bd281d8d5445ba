#include "engine/candle/candle.h"

#include "engine/base/time_text.h"
#include "engine/tape/record.h"

#include <assert.h>
#include <string.h>

const char *candle_state_name(enum candle_state state)
{
    switch (state) {
    case CANDLE_FORMING:
        return "forming";
    case CANDLE_CLOSED:
        return "closed";
    case CANDLE_CORRECTED:
        return "corrected";
    }
    return "unknown";
}

static const struct {
    const char *name;
    char kind;
} columns[CANDLE_COLUMN_COUNT] = {
#define CANDLE_COLUMN_ROW(name, kind) [COLUMN_##name] = {#name, #kind[0]},
    CANDLE_COLUMNS(CANDLE_COLUMN_ROW)
#undef CANDLE_COLUMN_ROW
};

const char *candle_column_name(enum candle_column column)
{
    assert(column < CANDLE_COLUMN_COUNT);
    return columns[column].name;
}

char candle_column_kind(enum candle_column column)
{
    assert(column < CANDLE_COLUMN_COUNT);
    return columns[column].kind;
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* These write without a NUL and give the length. */

static size_t put_text(char *text, const char *value)
{
    size_t size = strnlen(value, CANDLE_FIELD_MAX - 1);
    memcpy(text, value, size);
    return size;
}

static size_t put_integer(char *text, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    memcpy(text, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

static size_t put_bar(char *text, struct bar bar)
{
    char name[BAR_TEXT_MAX];
    bar_format(name, bar);
    return put_text(text, name);
}

static size_t put_flags(char *text, uint32_t flags)
{
    bool partial = (flags & CANDLE_PARTIAL) != 0, carried = (flags & CANDLE_CARRIED) != 0;
    return put_text(text, partial && carried ? "partial|carried"
                          : partial          ? "partial"
                          : carried          ? "carried"
                                             : "");
}

static bool has_value(const struct candle *candle, enum candle_column column)
{
    switch (column) {
    case COLUMN_quote_volume:
    case COLUMN_taker_buy_quote_volume:
        return candle->volume_unit != VOLUME_CONTRACT;
    case COLUMN_vwap:
        return candle->volume_unit == VOLUME_BASE && candle->trades > 0;
    case COLUMN_first_trade_id:
    case COLUMN_last_trade_id:
        return candle->has_ids && candle->trades > 0;
    case COLUMN_first_trade_time:
    case COLUMN_last_trade_time:
    case COLUMN_first_seq:
    case COLUMN_last_seq:
        return candle->trades > 0;
    default:
        return true;
    }
}

static size_t put_value(const struct candle *c, enum candle_column column, char *text)
{
    switch (column) {
    case COLUMN_venue:
        return put_text(text, c->venue);
    case COLUMN_instrument:
        return put_text(text, c->instrument);
    case COLUMN_bar:
        return put_bar(text, c->bar);
    case COLUMN_open_time:
        return time_format(text, c->open_ns);
    case COLUMN_close_time:
        return time_format(text, c->close_ns);
    case COLUMN_state:
        return put_text(text, candle_state_name(c->state));
    case COLUMN_revision:
        return put_integer(text, c->revision);
    case COLUMN_open:
        return decimal_format(text, c->open);
    case COLUMN_high:
        return decimal_format(text, c->high);
    case COLUMN_low:
        return decimal_format(text, c->low);
    case COLUMN_close:
        return decimal_format(text, c->close);
    case COLUMN_volume:
        return decimal_format(text, c->volume);
    case COLUMN_quote_volume:
        return decimal_format(text, c->quote_volume);
    case COLUMN_trades:
        return put_integer(text, c->trades);
    case COLUMN_taker_buy_volume:
        return decimal_format(text, c->taker_buy_volume);
    case COLUMN_taker_buy_quote_volume:
        return decimal_format(text, c->taker_buy_quote_volume);
    case COLUMN_vwap:
        return decimal_format(text, c->vwap);
    case COLUMN_volume_unit:
        return put_text(text, volume_unit_name(c->volume_unit));
    case COLUMN_channel:
        return put_text(text, c->channel);
    case COLUMN_symbol:
        return put_text(text, c->symbol);
    case COLUMN_first_trade_id:
        return put_integer(text, c->first_trade_id);
    case COLUMN_last_trade_id:
        return put_integer(text, c->last_trade_id);
    case COLUMN_first_trade_time:
        return time_format(text, c->first_trade_ns);
    case COLUMN_last_trade_time:
        return time_format(text, c->last_trade_ns);
    case COLUMN_first_seq:
        return put_integer(text, c->first_seq);
    case COLUMN_last_seq:
        return put_integer(text, c->last_seq);
    case COLUMN_missing:
        return put_integer(text, c->missing);
    case COLUMN_duplicates:
        return put_integer(text, c->duplicates);
    case COLUMN_late:
        return put_integer(text, c->late);
    case COLUMN_out_of_order:
        return put_integer(text, c->out_of_order);
    case COLUMN_backfilled:
        return put_integer(text, c->backfilled);
    case COLUMN_flags:
        return put_flags(text, c->flags);
    case CANDLE_COLUMN_COUNT:
        break;
    }
    return 0;
}

bool candle_field(const struct candle *candle, enum candle_column column,
                  char text[CANDLE_FIELD_MAX])
{
    _Static_assert(CANDLE_FIELD_MAX >= DECIMAL_TEXT_MAX && CANDLE_FIELD_MAX >= SYMBOL_MAX &&
                       CANDLE_FIELD_MAX >= INSTRUMENT_MAX && CANDLE_FIELD_MAX >= TIME_TEXT_MAX,
                   "every field fits");
    bool there = has_value(candle, column);
    text[there ? put_value(candle, column, text) : 0] = '\0';
    return there;
}

size_t candle_row(const struct candle *candle, char text[CANDLE_ROW_MAX])
{
    char *to = text;
    for (int i = 0; i < CANDLE_COLUMN_COUNT; i++) {
        enum candle_column column = (enum candle_column)i;
        if (has_value(candle, column))
            to += put_value(candle, column, to);
        *to++ = ',';
    }
    to[-1] = '\n';
    *to = '\0';
    return (size_t)(to - text);
}
