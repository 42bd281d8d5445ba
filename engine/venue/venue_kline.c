#include "engine/venue/venue_kline.h"

#include "engine/base/time_text.h"

#include <string.h>

void kline_reader_init(struct kline_reader *reader, struct venue_kline *out, size_t max)
{
    memset(reader, 0, sizeof *reader);
    venue_frame_init(&reader->scratch);
    reader->out = out;
    reader->max = max < VENUE_KLINES_MAX ? max : VENUE_KLINES_MAX;
}

size_t kline_reader_finish(struct kline_reader *reader, enum err err)
{
    venue_frame_release(&reader->scratch);
    return err ? 0 : reader->count;
}

static enum err fail(struct kline_reader *reader, const char *what)
{
    venue_frame_malformed(&reader->scratch, "%s", what);
    return ERR_DAMAGED;
}

enum err kline_data_rows(struct kline_reader *reader, struct json_span document,
                         field_each_fn *each)
{
    static const char *const names[] = {"data"};
    struct field_set set;
    if (field_pick(&reader->scratch, &set, document, names, 1))
        return ERR_DAMAGED;
    return field_each(&reader->scratch, set.values[0], "data", each, reader);
}

/* ---- lengths --------------------------------------------------------------------------------- */

static int64_t unit_of(const char *text)
{
    static const struct {
        const char *word;
        int64_t ns;
    } units[] = {
        {"", NS_PER_MIN},   {"s", NS_PER_S},      {"m", NS_PER_MIN},     {"min", NS_PER_MIN},
        {"h", NS_PER_HOUR}, {"H", NS_PER_HOUR},   {"hour", NS_PER_HOUR}, {"d", NS_PER_DAY},
        {"D", NS_PER_DAY},  {"Dutc", NS_PER_DAY}, {"Hutc", NS_PER_HOUR}, {"day", NS_PER_DAY},
        {"w", NS_PER_WEEK}, {"W", NS_PER_WEEK},   {"Wutc", NS_PER_WEEK}, {"week", NS_PER_WEEK},
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(units[i].word, text) == 0) {
            return units[i].ns;
        }
    }
    return 0;
}

enum err kline_size(struct kline_reader *reader, const char *text, int64_t *out_ns)
{
    int64_t number = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits > 6 || text[0] == '\0') {
        return fail(reader, "the length of a candle is none");
    }
    for (size_t i = 0; i < digits; i++) {
        number = 10 * number + (text[i] - '0');
    }
    number = digits > 0 ? number : 1;
    if (__builtin_mul_overflow(number, unit_of(text + digits), out_ns)) {
        return fail(reader, "the length of a candle is out of range");
    }
    return *out_ns > 0 ? ERR_OK : fail(reader, "the length of a candle is none that is fixed");
}

/* ---- members --------------------------------------------------------------------------------- */

static enum json_span_kind kind_of(const struct field_set *row, size_t index)
{
    return row->values[index].kind == SPAN_STRING ? SPAN_STRING : SPAN_NUMBER;
}

enum err kline_decimal(struct kline_reader *reader, const struct field_set *row, size_t index,
                       struct decimal *out)
{
    return field_decimal(&reader->scratch, row, index, kind_of(row, index), out);
}

enum err kline_count(struct kline_reader *reader, const struct field_set *row, size_t index,
                     uint64_t *out)
{
    return field_id(&reader->scratch, row, index, kind_of(row, index), out);
}

enum err kline_time(struct kline_reader *reader, const struct field_set *row, size_t index,
                    int64_t unit_ns, int64_t *out_ns)
{
    uint64_t number = 0;
    if (kline_count(reader, row, index, &number)) {
        return ERR_DAMAGED;
    }
    if (number == 0 || number > (uint64_t)(INT64_MAX / unit_ns)) {
        return fail(reader, "the time of a candle is out of range");
    }
    *out_ns = (int64_t)number * unit_ns;
    return ERR_OK;
}

enum err kline_values(struct kline_reader *reader, const struct field_set *row,
                      const struct kline_places *places, struct venue_kline *out)
{
    if (kline_decimal(reader, row, places->open, &out->open) ||
        kline_decimal(reader, row, places->high, &out->high) ||
        kline_decimal(reader, row, places->low, &out->low) ||
        kline_decimal(reader, row, places->close, &out->close) ||
        kline_decimal(reader, row, places->volume, &out->volume)) {
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

static bool is_price(struct decimal value)
{
    return !decimal_is_negative(value) && !decimal_is_zero(value);
}

enum err kline_keep(struct kline_reader *reader, const struct venue_kline *kline)
{
    bool fine = is_price(kline->open) && is_price(kline->high) && is_price(kline->low) &&
                is_price(kline->close) && decimal_compare(kline->low, kline->high) <= 0 &&
                !decimal_is_negative(kline->volume) && kline->symbol[0] != '\0' &&
                kline->size_ns > 0 && kline->open_ns > 0 &&
                kline->open_ns <= INT64_MAX - kline->size_ns;
    if (!fine) {
        return fail(reader, "the values are those of no candle");
    }
    if (reader->count < reader->max) {
        reader->out[reader->count++] = *kline;
    }
    return ERR_OK;
}
