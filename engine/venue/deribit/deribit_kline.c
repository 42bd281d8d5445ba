#include "engine/base/time_text.h"
#include "engine/venue/deribit/deribit.h"
#include "engine/venue/venue_kline.h"

#include <string.h>

enum { ROW_TIME, ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE, ROW_VOLUME, ROW_COST, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "tick", "open", "high", "low", "close", "volume", "cost",
};

/* Inverse contracts count dollars: in a candle these are the cost, while its volume is in coins. */
static enum err read_candle(struct kline_reader *reader, struct json_span object)
{
    struct venue_kline kline = reader->common;
    struct instrument instrument;
    struct field_set row;
    deribit_describe(kline.symbol, &instrument);
    bool dollars = instrument.volume_unit == VOLUME_QUOTE;
    const struct kline_places places = {ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE,
                                        dollars ? ROW_COST : ROW_VOLUME};
    kline.has_quote_volume = !dollars;
    if (field_pick(&reader->scratch, &row, object, row_names, ROW_COUNT) ||
        kline_time(reader, &row, ROW_TIME, NS_PER_MS, &kline.open_ns) ||
        kline_values(reader, &row, &places, &kline) ||
        (!dollars && kline_decimal(reader, &row, ROW_COST, &kline.quote_volume))) {
        return ERR_DAMAGED;
    }
    return kline_keep(reader, &kline);
}

/* "chart.trades.BTC-PERPETUAL.1" */
static enum err read_frame(struct kline_reader *reader, struct json_span document)
{
    static const char *const names[] = {"params"};
    static const char *const param_names[] = {"channel", "data"};
    static const char head[] = "chart.trades.";
    struct venue_frame *scratch = &reader->scratch;
    char word[DERIBIT_WORD_MAX], channel[CHANNEL_MAX];
    struct field_set set;
    if (field_pick(scratch, &set, document, names, 1) ||
        field_pick(scratch, &set, set.values[0], param_names, 2) ||
        field_text(scratch, &set, 0, word, sizeof word) ||
        !deribit_split(word, channel, reader->common.symbol) ||
        strncmp(channel, head, sizeof head - 1) != 0 ||
        kline_size(reader, channel + sizeof head - 1, &reader->common.size_ns)) {
        return ERR_DAMAGED;
    }
    return read_candle(reader, set.values[1]);
}

size_t deribit_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                      struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    (void)frame;
    kline_reader_init(&reader, out, max);
    return kline_reader_finish(&reader, read_frame(&reader, json_scan_document(data, size)));
}
