#include "engine/base/time_text.h"
#include "engine/venue/okx/okx.h"
#include "engine/venue/venue_kline.h"
#include "engine/venue/venue_text.h"

#include <string.h>

enum {
    ROW_TIME,
    ROW_OPEN,
    ROW_HIGH,
    ROW_LOW,
    ROW_CLOSE,
    ROW_VOLUME,   /* in the unit of trades: contracts, base currency of spot */
    ROW_CURRENCY, /* quote currency of spot, base currency of contracts */
    ROW_QUOTE,
    ROW_CONFIRM,
    ROW_COUNT
};
static const char *const row_names[ROW_COUNT] = {
    "ts", "o", "h", "l", "c", "vol", "volCcy", "volCcyQuote", "confirm",
};

static enum err read_row(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE, ROW_VOLUME};
    struct kline_reader *reader = arg;
    struct venue_kline kline = reader->common;
    struct field_set row;
    if (field_pick_row(scratch, &row, element, row_names, ROW_COUNT) ||
        kline_time(reader, &row, ROW_TIME, NS_PER_MS, &kline.open_ns) ||
        kline_values(reader, &row, &places, &kline)) {
        return ERR_DAMAGED;
    }
    /* Rows of 2022 ended before the last two. */
    kline.has_quote_volume = field_is_set(&row, ROW_QUOTE);
    if (kline.has_quote_volume && kline_decimal(reader, &row, ROW_QUOTE, &kline.quote_volume)) {
        return ERR_DAMAGED;
    }
    if (field_is(&row, ROW_CONFIRM, "1")) {
        kline.state = KLINE_FINAL;
    } else if (field_is(&row, ROW_CONFIRM, "0")) {
        kline.state = KLINE_FORMING;
    }
    return kline_keep(reader, &kline);
}

static enum err read_frame(struct kline_reader *reader, struct json_span document)
{
    static const char *const names[] = {"arg", "data"};
    static const char *const arg_names[] = {"channel", "instId"};
    static const char head[] = "candle";
    struct venue_frame *scratch = &reader->scratch;
    char channel[CHANNEL_MAX];
    struct field_set set, about;
    if (field_pick(scratch, &set, document, names, 2) ||
        field_pick(scratch, &about, set.values[0], arg_names, 2) ||
        field_text(scratch, &about, 0, channel, sizeof channel) ||
        strncmp(channel, head, sizeof head - 1) != 0 ||
        kline_size(reader, channel + sizeof head - 1, &reader->common.size_ns) ||
        field_text(scratch, &about, 1, reader->common.symbol, SYMBOL_MAX)) {
        return ERR_DAMAGED;
    }
    return field_each(scratch, set.values[1], "data", read_row, reader);
}

size_t okx_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                  struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    (void)frame;
    kline_reader_init(&reader, out, max);
    return kline_reader_finish(&reader, read_frame(&reader, json_scan_document(data, size)));
}

size_t okx_klines_http(const char *url, const uint8_t *data, size_t size,
                       const struct instrument_list *list, struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    struct venue_path path = venue_path_of(url);
    char interval[16] = "1m";
    (void)list;
    kline_reader_init(&reader, out, max);
    (void)venue_path_param(path, "bar", interval, sizeof interval);
    if (!(venue_path_ends(path, "/market/candles") ||
          venue_path_ends(path, "/market/history-candles")) ||
        !venue_path_param(path, "instId", reader.common.symbol, SYMBOL_MAX) ||
        kline_size(&reader, interval, &reader.common.size_ns)) {
        return kline_reader_finish(&reader, ERR_DAMAGED);
    }
    return kline_reader_finish(&reader,
                               kline_data_rows(&reader, json_scan_document(data, size), read_row));
}
