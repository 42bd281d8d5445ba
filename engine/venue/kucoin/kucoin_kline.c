#include "engine/base/time_text.h"
#include "engine/venue/kucoin/kucoin.h"
#include "engine/venue/venue_kline.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* Close before high. */
enum { ROW_TIME, ROW_OPEN, ROW_CLOSE, ROW_HIGH, ROW_LOW, ROW_VOLUME, ROW_TURNOVER, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "time", "open", "close", "high", "low", "volume", "turnover",
};

static enum err read_row(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE, ROW_VOLUME};
    struct kline_reader *reader = arg;
    struct venue_kline kline = reader->common;
    struct field_set row;
    kline.has_quote_volume = true;
    if (field_pick_row(scratch, &row, element, row_names, ROW_COUNT) ||
        kline_time(reader, &row, ROW_TIME, NS_PER_S, &kline.open_ns) ||
        kline_values(reader, &row, &places, &kline) ||
        kline_decimal(reader, &row, ROW_TURNOVER, &kline.quote_volume)) {
        return ERR_DAMAGED;
    }
    return kline_keep(reader, &kline);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* "/market/candles:BTC-USDT_1min". False: another topic, which is no fault. */
static bool read_topic(struct kline_reader *reader, struct json_span span)
{
    static const char head[] = "/market/candles";
    char topic[KUCOIN_TOPIC_MAX], channel[CHANNEL_MAX];
    char *mark = json_scan_name(span, topic, sizeof topic) ? strchr(topic, ':') : NULL;
    if (!mark) {
        return false;
    }
    *mark = '\0';
    if (strcmp(topic, head) != 0 || !kucoin_name(topic, mark + 1, channel, reader->common.symbol)) {
        return false;
    }
    const char *interval = channel + kucoin_interval_at(channel);
    return interval[0] == '_' && !kline_size(reader, interval + 1, &reader->common.size_ns);
}

/* A candle that was "added" is as little final as one that was "updated". */
static enum err read_frame(struct kline_reader *reader, struct json_span document)
{
    static const char *const names[] = {"topic", "data"};
    static const char *const data_names[] = {"candles"};
    struct venue_frame *scratch = &reader->scratch;
    struct field_set set;
    if (field_pick(scratch, &set, document, names, 2) || !read_topic(reader, set.values[0]) ||
        field_pick(scratch, &set, set.values[1], data_names, 1)) {
        return ERR_DAMAGED;
    }
    return read_row(scratch, set.values[0], reader);
}

size_t kucoin_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                     struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    (void)frame;
    kline_reader_init(&reader, out, max);
    return kline_reader_finish(&reader, read_frame(&reader, json_scan_document(data, size)));
}

/* ---- REST ------------------------------------------------------------------------------------ */

size_t kucoin_klines_http(const char *url, const uint8_t *data, size_t size,
                          const struct instrument_list *list, struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    struct venue_path path = venue_path_of(url);
    char interval[16];
    (void)list;
    kline_reader_init(&reader, out, max);
    if (!venue_path_ends(path, "/api/v1/market/candles") ||
        !venue_path_param(path, "symbol", reader.common.symbol, SYMBOL_MAX) ||
        !venue_path_param(path, "type", interval, sizeof interval) ||
        kline_size(&reader, interval, &reader.common.size_ns)) {
        return kline_reader_finish(&reader, ERR_DAMAGED);
    }
    return kline_reader_finish(&reader,
                               kline_data_rows(&reader, json_scan_document(data, size), read_row));
}
