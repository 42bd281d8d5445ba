#include "engine/base/time_text.h"
#include "engine/venue/bybit/bybit.h"
#include "engine/venue/venue_kline.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* A pass over one frame or answer. */
struct pass {
    struct kline_reader reader;
    bool inverse; /* turnover counts coins, which no sum of trades does */
};

static enum err read_turnover(struct pass *pass, const struct field_set *row, size_t index,
                              struct venue_kline *kline)
{
    kline->has_quote_volume = !pass->inverse;
    return pass->inverse ? ERR_OK : kline_decimal(&pass->reader, row, index, &kline->quote_volume);
}

/* ---- frames ---------------------------------------------------------------------------------- */

enum {
    PUSH_START,
    PUSH_INTERVAL,
    PUSH_OPEN,
    PUSH_CLOSE,
    PUSH_HIGH,
    PUSH_LOW,
    PUSH_VOLUME,
    PUSH_TURNOVER,
    PUSH_CONFIRM,
    PUSH_COUNT
};
static const char *const push_names[PUSH_COUNT] = {
    "start", "interval", "open", "close", "high", "low", "volume", "turnover", "confirm",
};

static enum err read_push(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {PUSH_OPEN, PUSH_HIGH, PUSH_LOW, PUSH_CLOSE,
                                               PUSH_VOLUME};
    struct pass *pass = arg;
    struct kline_reader *reader = &pass->reader;
    struct venue_kline kline = reader->common;
    struct field_set row;
    char interval[8];
    bool confirmed = false;
    if (field_pick(scratch, &row, element, push_names, PUSH_COUNT) ||
        kline_time(reader, &row, PUSH_START, NS_PER_MS, &kline.open_ns) ||
        field_text(scratch, &row, PUSH_INTERVAL, interval, sizeof interval) ||
        kline_size(reader, interval, &kline.size_ns) ||
        kline_values(reader, &row, &places, &kline) ||
        read_turnover(pass, &row, PUSH_TURNOVER, &kline) ||
        field_bool(scratch, &row, PUSH_CONFIRM, &confirmed)) {
        return ERR_DAMAGED;
    }
    kline.state = confirmed ? KLINE_FINAL : KLINE_FORMING;
    return kline_keep(reader, &kline);
}

/* "kline.1.BTCUSDT" -> "BTCUSDT" */
static bool is_kline_topic(const char *topic, char symbol[SYMBOL_MAX])
{
    static const char head[] = "kline.";
    const char *mark = strrchr(topic, '.');
    if (strncmp(topic, head, sizeof head - 1) != 0 || mark < topic + sizeof head - 1 ||
        strlen(mark + 1) >= SYMBOL_MAX) {
        return false;
    }
    memcpy(symbol, mark + 1, strlen(mark + 1) + 1);
    return true;
}

static enum err read_frame(struct pass *pass, struct json_span document)
{
    static const char *const names[] = {"topic", "data"};
    struct kline_reader *reader = &pass->reader;
    char topic[CHANNEL_MAX + SYMBOL_MAX];
    struct field_set set;
    if (field_pick(&reader->scratch, &set, document, names, 2) ||
        field_text(&reader->scratch, &set, 0, topic, sizeof topic)) {
        return ERR_DAMAGED;
    }
    return is_kline_topic(topic, reader->common.symbol)
               ? field_each(&reader->scratch, set.values[1], "data", read_push, pass)
               : ERR_OK;
}

static size_t klines(const uint8_t *data, size_t size, bool inverse, struct venue_kline *out,
                     size_t max)
{
    struct pass pass = {.inverse = inverse};
    kline_reader_init(&pass.reader, out, max);
    return kline_reader_finish(&pass.reader, read_frame(&pass, json_scan_document(data, size)));
}

size_t bybit_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                    struct venue_kline *out, size_t max)
{
    (void)frame;
    return klines(data, size, false, out, max);
}

size_t bybit_inverse_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                            struct venue_kline *out, size_t max)
{
    (void)frame;
    return klines(data, size, true, out, max);
}

/* ---- REST ------------------------------------------------------------------------------------ */

enum { ROW_START, ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE, ROW_VOLUME, ROW_TURNOVER, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "start", "open", "high", "low", "close", "volume", "turnover",
};

static enum err read_row(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE, ROW_VOLUME};
    struct pass *pass = arg;
    struct venue_kline kline = pass->reader.common;
    struct field_set row;
    if (field_pick_row(scratch, &row, element, row_names, ROW_COUNT) ||
        kline_time(&pass->reader, &row, ROW_START, NS_PER_MS, &kline.open_ns) ||
        kline_values(&pass->reader, &row, &places, &kline) ||
        read_turnover(pass, &row, ROW_TURNOVER, &kline)) {
        return ERR_DAMAGED;
    }
    return kline_keep(&pass->reader, &kline);
}

/* {"retCode":0,"result":{"category":"linear","symbol":"BTCUSDT","list":[rows, newest first]}} */
static enum err read_answer(struct pass *pass, struct json_span document)
{
    static const char *const names[] = {"result"};
    static const char *const result_names[] = {"category", "symbol", "list"};
    struct kline_reader *reader = &pass->reader;
    struct venue_frame *scratch = &reader->scratch;
    struct field_set set;
    if (field_pick(scratch, &set, document, names, 1) ||
        field_pick(scratch, &set, set.values[0], result_names, 3) ||
        field_text(scratch, &set, 1, reader->common.symbol, SYMBOL_MAX)) {
        return ERR_DAMAGED;
    }
    pass->inverse = field_is(&set, 0, "inverse");
    return field_each(scratch, set.values[2], "list", read_row, pass);
}

size_t bybit_klines_http(const char *url, const uint8_t *data, size_t size,
                         const struct instrument_list *list, struct venue_kline *out, size_t max)
{
    struct pass pass = {0};
    struct venue_path path = venue_path_of(url);
    char interval[8];
    (void)list;
    kline_reader_init(&pass.reader, out, max);
    if (!venue_path_ends(path, "/v5/market/kline") ||
        !venue_path_param(path, "interval", interval, sizeof interval) ||
        kline_size(&pass.reader, interval, &pass.reader.common.size_ns)) {
        return kline_reader_finish(&pass.reader, ERR_DAMAGED);
    }
    return kline_reader_finish(&pass.reader, read_answer(&pass, json_scan_document(data, size)));
}
