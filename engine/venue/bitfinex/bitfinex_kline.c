#include "engine/base/time_text.h"
#include "engine/venue/bitfinex/bitfinex.h"
#include "engine/venue/venue_kline.h"

#include <string.h>

/* Close before high. */
enum { ROW_TIME, ROW_OPEN, ROW_CLOSE, ROW_HIGH, ROW_LOW, ROW_VOLUME, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {"MTS", "OPEN", "CLOSE", "HIGH", "LOW", "VOLUME"};

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
    return kline_keep(reader, &kline);
}

/* A snapshot is a list of rows, an update one. */
static enum err read_rows(struct kline_reader *reader, struct json_span data)
{
    struct json_scan scan;
    struct json_span key, first;
    if (data.kind != SPAN_ARRAY) {
        return ERR_DAMAGED;
    }
    json_scan_open(&scan, data);
    if (!json_scan_next(&scan, &key, &first)) {
        return ERR_DAMAGED;
    }
    return first.kind == SPAN_ARRAY ? field_each(&reader->scratch, data, "data", read_row, reader)
                                    : read_row(&reader->scratch, data, reader);
}

/* [number, rows]; channel and symbol are in the frame: "candles:trade:1m" and "tBTCUSD". */
size_t bitfinex_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                       struct venue_kline *out, size_t max)
{
    static const char *const names[] = {"number", "data"};
    static const char head[] = "candles:trade:";
    struct kline_reader reader;
    struct field_set set;
    kline_reader_init(&reader, out, max);
    if (!frame || frame->kind != VENUE_DATA ||
        strncmp(frame->channel, head, sizeof head - 1) != 0 ||
        kline_size(&reader, frame->channel + sizeof head - 1, &reader.common.size_ns) ||
        field_pick_row(&reader.scratch, &set, json_scan_document(data, size), names, 2)) {
        return kline_reader_finish(&reader, ERR_DAMAGED);
    }
    memcpy(reader.common.symbol, frame->symbol, sizeof reader.common.symbol);
    return kline_reader_finish(&reader, read_rows(&reader, set.values[1]));
}
