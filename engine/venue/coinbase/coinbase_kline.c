#include "engine/base/time_text.h"
#include "engine/venue/coinbase/coinbase.h"
#include "engine/venue/venue_kline.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* ---- candles of the Advanced feed ------------------------------------------------------------ */

enum { C_START, C_HIGH, C_LOW, C_OPEN, C_CLOSE, C_VOLUME, C_PRODUCT, C_COUNT };
static const char *const c_names[C_COUNT] = {
    "start", "high", "low", "open", "close", "volume", "product_id",
};

static enum err read_candle(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {C_OPEN, C_HIGH, C_LOW, C_CLOSE, C_VOLUME};
    struct kline_reader *reader = arg;
    struct venue_kline kline = reader->common;
    struct field_set row;
    if (field_pick(scratch, &row, element, c_names, C_COUNT) ||
        kline_time(reader, &row, C_START, NS_PER_S, &kline.open_ns) ||
        kline_values(reader, &row, &places, &kline) ||
        field_text(scratch, &row, C_PRODUCT, kline.symbol, sizeof kline.symbol)) {
        return ERR_DAMAGED;
    }
    return kline_keep(reader, &kline);
}

static enum err read_event(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const char *const names[] = {"candles"};
    struct field_set set;
    if (field_pick(scratch, &set, element, names, 1)) {
        return ERR_DAMAGED;
    }
    return field_each(scratch, set.values[0], "candles", read_candle, arg);
}

/* Buckets of five minutes, the only ones there are. */
size_t coinbase_advanced_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                                struct venue_kline *out, size_t max)
{
    static const char *const names[] = {"channel", "events"};
    struct kline_reader reader;
    struct field_set set;
    (void)frame;
    kline_reader_init(&reader, out, max);
    reader.common.size_ns = 5 * NS_PER_MIN;
    if (field_pick(&reader.scratch, &set, json_scan_document(data, size), names, 2) ||
        !field_is(&set, 0, "candles")) {
        return kline_reader_finish(&reader, ERR_DAMAGED);
    }
    return kline_reader_finish(
        &reader, field_each(&reader.scratch, set.values[1], "events", read_event, &reader));
}

/* ---- REST of the Exchange -------------------------------------------------------------------- */

/* Low before high, and minutes without trades left out. */
enum { ROW_TIME, ROW_LOW, ROW_HIGH, ROW_OPEN, ROW_CLOSE, ROW_VOLUME, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "time", "low", "high", "open", "close", "volume",
};

static enum err read_row(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE, ROW_VOLUME};
    struct kline_reader *reader = arg;
    struct venue_kline kline = reader->common;
    struct field_set row;
    if (field_pick_row(scratch, &row, element, row_names, ROW_COUNT) ||
        kline_time(reader, &row, ROW_TIME, NS_PER_S, &kline.open_ns) ||
        kline_values(reader, &row, &places, &kline)) {
        return ERR_DAMAGED;
    }
    return kline_keep(reader, &kline);
}

/* ".../products/BTC-USD/candles" -> "BTC-USD" */
static bool read_product(struct venue_path path, char symbol[SYMBOL_MAX])
{
    static const char tail[] = "/candles";
    if (!venue_path_ends(path, tail)) {
        return false;
    }
    size_t end = path.size - (sizeof tail - 1), begin = end;
    while (begin > 0 && path.text[begin - 1] != '/') {
        begin--;
    }
    return venue_path_decode(path.text + begin, end - begin, symbol, SYMBOL_MAX);
}

size_t coinbase_klines_http(const char *url, const uint8_t *data, size_t size,
                            const struct instrument_list *list, struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    struct venue_path path = venue_path_of(url);
    uint64_t seconds = 60;
    (void)list;
    kline_reader_init(&reader, out, max);
    (void)venue_path_u64(path, "granularity", &seconds);
    if (!read_product(path, reader.common.symbol) || seconds == 0 ||
        seconds > (uint64_t)(NS_PER_WEEK / NS_PER_S)) {
        return kline_reader_finish(&reader, ERR_DAMAGED);
    }
    reader.common.size_ns = (int64_t)seconds * NS_PER_S;
    return kline_reader_finish(&reader, field_each(&reader.scratch, json_scan_document(data, size),
                                                   "rows", read_row, &reader));
}
