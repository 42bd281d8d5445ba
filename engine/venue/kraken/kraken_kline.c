#include "engine/base/time_text.h"
#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_kline.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* Never said to be final: a candle is when the next one has begun. Empty minutes of REST are flat,
 * and their vwap is 0. */
static enum err read_average(struct kline_reader *reader, const struct field_set *row, size_t vwap,
                             size_t trades, struct venue_kline *kline)
{
    kline->has_trades = true;
    if (kline_decimal(reader, row, vwap, &kline->vwap) ||
        kline_count(reader, row, trades, &kline->trades)) {
        return ERR_DAMAGED;
    }
    kline->has_vwap = kline->trades > 0;
    return ERR_OK;
}

/* ---- v2 -------------------------------------------------------------------------------------- */

enum {
    V2_SYMBOL,
    V2_OPEN,
    V2_HIGH,
    V2_LOW,
    V2_CLOSE,
    V2_TRADES,
    V2_VOLUME,
    V2_VWAP,
    V2_BEGIN,
    V2_INTERVAL,
    V2_COUNT
};
static const char *const v2_names[V2_COUNT] = {
    "symbol", "open", "high",           "low",      "close", "trades",
    "volume", "vwap", "interval_begin", "interval",
};

static enum err read_v2(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {V2_OPEN, V2_HIGH, V2_LOW, V2_CLOSE, V2_VOLUME};
    struct kline_reader *reader = arg;
    struct venue_kline kline = reader->common;
    struct field_set row;
    if (field_pick(scratch, &row, element, v2_names, V2_COUNT) ||
        field_text(scratch, &row, V2_SYMBOL, kline.symbol, sizeof kline.symbol) ||
        field_time(scratch, &row, V2_BEGIN, FIELD_TIME_RFC3339, &kline.open_ns) ||
        kline_time(reader, &row, V2_INTERVAL, NS_PER_MIN, &kline.size_ns) ||
        kline_values(reader, &row, &places, &kline) ||
        read_average(reader, &row, V2_VWAP, V2_TRADES, &kline)) {
        return ERR_DAMAGED;
    }
    return kline_keep(reader, &kline);
}

static enum err read_v2_frame(struct kline_reader *reader, struct json_span document)
{
    static const char *const names[] = {"channel", "data"};
    struct field_set set;
    if (field_pick(&reader->scratch, &set, document, names, 2) || !field_is(&set, 0, "ohlc")) {
        return ERR_DAMAGED;
    }
    return field_each(&reader->scratch, set.values[1], "data", read_v2, reader);
}

size_t kraken_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                     struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    (void)frame;
    kline_reader_init(&reader, out, max);
    return kline_reader_finish(&reader, read_v2_frame(&reader, json_scan_document(data, size)));
}

/* ---- v1 -------------------------------------------------------------------------------------- */

/* [number,[time,end,open,high,low,close,vwap,volume,count],"ohlc-1","XBT/USD"] */
enum {
    V1_TIME,
    V1_END,
    V1_OPEN,
    V1_HIGH,
    V1_LOW,
    V1_CLOSE,
    V1_VWAP,
    V1_VOLUME,
    V1_TRADES,
    V1_COUNT
};
static const char *const v1_names[V1_COUNT] = {
    "time", "etime", "open", "high", "low", "close", "vwap", "volume", "count",
};

static enum err read_v1_row(struct kline_reader *reader, struct json_span element)
{
    static const struct kline_places places = {V1_OPEN, V1_HIGH, V1_LOW, V1_CLOSE, V1_VOLUME};
    struct venue_frame *scratch = &reader->scratch;
    struct venue_kline kline = reader->common;
    struct field_set row;
    int64_t end_ns = 0;
    if (field_pick_row(scratch, &row, element, v1_names, V1_COUNT) ||
        field_time(scratch, &row, V1_END, FIELD_TIME_SECONDS, &end_ns) ||
        kline_values(reader, &row, &places, &kline) ||
        read_average(reader, &row, V1_VWAP, V1_TRADES, &kline)) {
        return ERR_DAMAGED;
    }
    kline.open_ns = end_ns - kline.size_ns;
    return kline_keep(reader, &kline);
}

static enum err read_v1_frame(struct kline_reader *reader, struct json_span document)
{
    static const char *const names[] = {"number", "data", "channel", "pair"};
    static const char head[] = "ohlc-";
    struct venue_frame *scratch = &reader->scratch;
    char channel[CHANNEL_MAX];
    struct field_set set;
    if (field_pick_row(scratch, &set, document, names, 4) ||
        field_text(scratch, &set, 2, channel, sizeof channel) ||
        strncmp(channel, head, sizeof head - 1) != 0 ||
        kline_size(reader, channel + sizeof head - 1, &reader->common.size_ns) ||
        field_text(scratch, &set, 3, reader->common.symbol, SYMBOL_MAX)) {
        return ERR_DAMAGED;
    }
    return read_v1_row(reader, set.values[1]);
}

size_t kraken_v1_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                        struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    (void)frame;
    kline_reader_init(&reader, out, max);
    return kline_reader_finish(&reader, read_v1_frame(&reader, json_scan_document(data, size)));
}

/* ---- REST ------------------------------------------------------------------------------------ */

enum {
    ROW_TIME,
    ROW_OPEN,
    ROW_HIGH,
    ROW_LOW,
    ROW_CLOSE,
    ROW_VWAP,
    ROW_VOLUME,
    ROW_TRADES,
    ROW_COUNT
};
static const char *const row_names[ROW_COUNT] = {
    "time", "open", "high", "low", "close", "vwap", "volume", "count",
};

static enum err read_row(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE, ROW_VOLUME};
    struct kline_reader *reader = arg;
    struct venue_kline kline = reader->common;
    struct field_set row;
    if (field_pick_row(scratch, &row, element, row_names, ROW_COUNT) ||
        kline_time(reader, &row, ROW_TIME, NS_PER_S, &kline.open_ns) ||
        kline_values(reader, &row, &places, &kline) ||
        read_average(reader, &row, ROW_VWAP, ROW_TRADES, &kline)) {
        return ERR_DAMAGED;
    }
    return kline_keep(reader, &kline);
}

/* {"error":[],"result":{"XBTUSDT":[rows],"last":1762809240}} */
static enum err read_answer(struct kline_reader *reader, struct venue_path path,
                            const struct instrument_list *list, struct json_span document)
{
    static const char *const names[] = {"result"};
    struct venue_frame *scratch = &reader->scratch;
    struct json_scan scan;
    struct json_span key, value;
    struct field_set set;
    if (field_pick(scratch, &set, document, names, 1) ||
        field_want(scratch, &set, 0, SPAN_OBJECT)) {
        return ERR_DAMAGED;
    }
    json_scan_open(&scan, set.values[0]);
    while (json_scan_next(&scan, &key, &value)) {
        char pair[SYMBOL_MAX];
        if (json_scan_is(key, "last")) {
            continue;
        }
        if (!json_scan_name(key, pair, sizeof pair)) {
            return ERR_DAMAGED;
        }
        kraken_answered_pair(path, list, pair, reader->common.symbol);
        if (field_each(scratch, value, pair, read_row, reader)) {
            return ERR_DAMAGED;
        }
    }
    return scan.fault ? ERR_DAMAGED : ERR_OK;
}

size_t kraken_klines_http(const char *url, const uint8_t *data, size_t size,
                          const struct instrument_list *list, struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    struct venue_path path = venue_path_of(url);
    char interval[16] = "1";
    kline_reader_init(&reader, out, max);
    (void)venue_path_param(path, "interval", interval, sizeof interval);
    if (!venue_path_ends(path, "/OHLC") || kline_size(&reader, interval, &reader.common.size_ns)) {
        return kline_reader_finish(&reader, ERR_DAMAGED);
    }
    return kline_reader_finish(&reader,
                               read_answer(&reader, path, list, json_scan_document(data, size)));
}
