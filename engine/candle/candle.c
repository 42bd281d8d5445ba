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
    size_t size = strnlen(value, CANDLE_SHORT_MAX - 1);
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

static size_t put_signed(char *text, int64_t value)
{
    if (value >= 0)
        return put_integer(text, (uint64_t)value);
    text[0] = '-';
    return 1 + put_integer(text + 1, -(uint64_t)value);
}

/* Parts per million as a share: 0.983333. */
static size_t put_share(char *text, uint32_t ppm)
{
    return decimal_format(text, (struct decimal){ppm, 6});
}

static size_t put_flags(char *text, uint32_t flags)
{
    static const char *const names[CANDLE_FLAG_COUNT] = {
#define CANDLE_FLAG_NAME(name, word) [CANDLE_BIT_##name] = #word,
        CANDLE_FLAGS(CANDLE_FLAG_NAME)
#undef CANDLE_FLAG_NAME
    };
    char *to = text;
    for (int i = 0; i < CANDLE_FLAG_COUNT; i++) {
        if ((flags >> i & 1) == 0)
            continue;
        if (to > text)
            *to++ = '|';
        to += put_text(to, names[i]);
    }
    return (size_t)(to - text);
}

size_t candle_flags_format(char text[CANDLE_SHORT_MAX], uint32_t flags)
{
    size_t size = put_flags(text, flags);
    text[size] = '\0';
    return size;
}

/* "3|4|9|12+" */
static size_t put_connections(char *text, const struct candle_connections *connections)
{
    char *to = text;
    for (size_t i = 0; i < connections->count; i++) {
        if (i > 0)
            *to++ = '|';
        to += put_integer(to, connections->ids[i]);
    }
    if (connections->more)
        *to++ = '+';
    return (size_t)(to - text);
}

/* Blanks and bars stand between the parts, so a name may not hold any. */
static size_t put_part(char *text, const char *value)
{
    size_t size = put_text(text, value);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == '|' || text[i] == ',')
            text[i] = '?';
    return size;
}

static size_t put_contribution(char *text, const struct contribution *contribution)
{
    const struct decimal numbers[] = {contribution->close, contribution->vwap,
                                      contribution->volume};
    char *to = text;
    to += put_part(to, contribution->venue);
    *to++ = ' ';
    to += put_part(to, contribution->symbol);
    *to++ = ' ';
    to += put_part(to, contribution_state_name(contribution->state));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        *to++ = ' ';
        to += decimal_format(to, numbers[i]);
    }
    return (size_t)(to - text);
}

/* A sign, 39 digits, a point. */
#define NUMBER_MAX 41

/* Members that do not fit are left out: names longer than a venue's can be. */
static size_t put_contributions(char *text, const struct candle *candle)
{
    _Static_assert(CONTRIBUTIONS_MAX * (RECORD_VENUE_MAX + SYMBOL_MAX + 12 + 3 * (NUMBER_MAX + 1)) <
                       CANDLE_FIELD_MAX,
                   "all members fit");
    char *to = text;
    for (size_t i = 0; i < candle->contribution_count; i++) {
        char one[3 * CANDLE_SHORT_MAX + 3 * (DECIMAL_TEXT_MAX + 1)];
        size_t size = put_contribution(one, &candle->contributions[i]);
        if ((size_t)(to - text) + size + 2 > CANDLE_FIELD_MAX)
            break;
        if (to > text)
            *to++ = '|';
        memcpy(to, one, size);
        to += size;
    }
    return (size_t)(to - text);
}

/* The executions of a split trade belong to the candle in which it begins, so those behind it may
 * hold a trade and count none. */
static bool has_trade(const struct candle *candle)
{
    return candle->first_trade_ns != RECORD_NO_TIME;
}

static bool has_volumes(const struct candle *candle)
{
    return (candle->flags & CANDLE_OVERFLOW) == 0;
}

static bool has_value(const struct candle *candle, enum candle_column column)
{
    switch (column) {
    case COLUMN_volume:
    case COLUMN_taker_buy_volume:
        return has_volumes(candle);
    case COLUMN_quote_volume:
    case COLUMN_taker_buy_quote_volume:
        return has_volumes(candle) && candle->volume_unit != VOLUME_CONTRACT;
    case COLUMN_vwap:
        return has_volumes(candle) && candle->volume_unit == VOLUME_BASE && has_trade(candle) &&
               !decimal_is_zero(candle->volume);
    case COLUMN_connections:
        return candle->connections.count > 0;
    case COLUMN_first_trade_id:
    case COLUMN_last_trade_id:
        return candle->has_ids && has_trade(candle);
    case COLUMN_first_trade_time:
    case COLUMN_last_trade_time:
    case COLUMN_first_seq:
    case COLUMN_last_seq:
        return has_trade(candle);
    case COLUMN_connected:
        return candle->has_connected;
    case COLUMN_malformed:
    case COLUMN_dropped:
    case COLUMN_suspect:
    case COLUMN_score:
    case COLUMN_latency_count:
        return !candle->ungraded;
    case COLUMN_latency_min:
    case COLUMN_latency_mean:
    case COLUMN_latency_p50:
    case COLUMN_latency_p90:
    case COLUMN_latency_p99:
    case COLUMN_latency_max:
        return candle->latency.count > 0;
    case COLUMN_clock_offset:
        return candle->has_clock_offset;
    case COLUMN_mic:
    case COLUMN_operating_mic:
    case COLUMN_base_currency:
    case COLUMN_quote_currency:
    case COLUMN_base_dti:
    case COLUMN_quote_dti:
    case COLUMN_cfi:
        return candle->identity != NULL;
    case COLUMN_contributions:
        return candle->contribution_count > 0;
    case COLUMN_tape:
        return candle->tape != NULL;
    case COLUMN_emit_count:
    case COLUMN_emit_min:
    case COLUMN_emit_mean:
    case COLUMN_emit_p50:
    case COLUMN_emit_p90:
    case COLUMN_emit_p99:
    case COLUMN_emit_max:
        return candle->emit.count > 0;
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
    case COLUMN_connections:
        return put_connections(text, &c->connections);
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
    case COLUMN_malformed:
        return put_integer(text, c->malformed);
    case COLUMN_dropped:
        return put_integer(text, c->dropped);
    case COLUMN_suspect:
        return put_integer(text, c->suspect);
    case COLUMN_connected:
        return put_share(text, c->connected_ppm);
    case COLUMN_score:
        return put_integer(text, c->score);
    case COLUMN_flags:
        return put_flags(text, c->flags);
    case COLUMN_latency_count:
        return put_integer(text, c->latency.count);
    case COLUMN_latency_min:
        return put_signed(text, c->latency.min);
    case COLUMN_latency_mean:
        return put_signed(text, c->latency.mean);
    case COLUMN_latency_p50:
        return put_signed(text, c->latency.p50);
    case COLUMN_latency_p90:
        return put_signed(text, c->latency.p90);
    case COLUMN_latency_p99:
        return put_signed(text, c->latency.p99);
    case COLUMN_latency_max:
        return put_signed(text, c->latency.max);
    case COLUMN_clock_offset:
        return put_signed(text, c->clock_offset_ns);
    case COLUMN_mic:
        return put_text(text, c->identity->mic);
    case COLUMN_operating_mic:
        return put_text(text, c->identity->operating_mic);
    case COLUMN_base_currency:
        return put_text(text, c->identity->base_currency);
    case COLUMN_quote_currency:
        return put_text(text, c->identity->quote_currency);
    case COLUMN_base_dti:
        return put_text(text, c->identity->base_dti);
    case COLUMN_quote_dti:
        return put_text(text, c->identity->quote_dti);
    case COLUMN_cfi:
        return put_text(text, c->identity->cfi);
    case COLUMN_contributions:
        return put_contributions(text, c);
    case COLUMN_tape:
        return put_text(text, c->tape);
    case COLUMN_emit_count:
        return put_integer(text, c->emit.count);
    case COLUMN_emit_min:
        return put_signed(text, c->emit.min);
    case COLUMN_emit_mean:
        return put_signed(text, c->emit.mean);
    case COLUMN_emit_p50:
        return put_signed(text, c->emit.p50);
    case COLUMN_emit_p90:
        return put_signed(text, c->emit.p90);
    case COLUMN_emit_p99:
        return put_signed(text, c->emit.p99);
    case COLUMN_emit_max:
        return put_signed(text, c->emit.max);
    case CANDLE_COLUMN_COUNT:
        break;
    }
    return 0;
}

bool candle_field(const struct candle *candle, enum candle_column column,
                  char text[CANDLE_FIELD_MAX])
{
    _Static_assert(CANDLE_SHORT_MAX >= DECIMAL_TEXT_MAX && CANDLE_SHORT_MAX >= SYMBOL_MAX &&
                       CANDLE_SHORT_MAX >= INSTRUMENT_MAX && CANDLE_SHORT_MAX >= TIME_TEXT_MAX,
                   "every field fits");
    bool there = has_value(candle, column);
    text[there ? put_value(candle, column, text) : 0] = '\0';
    return there;
}

static size_t put_row(const struct candle *candle, int columns_end, char *text)
{
    char *to = text;
    for (int i = 0; i < columns_end; i++) {
        enum candle_column column = (enum candle_column)i;
        if (has_value(candle, column))
            to += put_value(candle, column, to);
        *to++ = ',';
    }
    to[-1] = '\n';
    *to = '\0';
    return (size_t)(to - text);
}

size_t candle_row(const struct candle *candle, char text[CANDLE_ROW_MAX])
{
    return put_row(candle, CANDLE_COLUMN_COUNT, text);
}

size_t candle_digest_row(const struct candle *candle, char text[CANDLE_ROW_MAX])
{
    return put_row(candle, CANDLE_DIGEST_COLUMNS, text);
}
