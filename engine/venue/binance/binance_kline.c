#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_kline.h"
#include "engine/venue/venue_text.h"

/* COIN-M counts contracts: what stands where others have the quote volume are amounts of the base
 * currency, which no sum of trades is. */
static enum err read_money(struct kline_reader *reader, const struct field_set *row,
                           const size_t places[3], bool coinm, struct venue_kline *kline)
{
    kline->has_taker_buy = true;
    kline->has_quote_volume = !coinm;
    if (kline_decimal(reader, row, places[0], &kline->taker_buy_volume) ||
        (!coinm && (kline_decimal(reader, row, places[1], &kline->quote_volume) ||
                    kline_decimal(reader, row, places[2], &kline->taker_buy_quote_volume)))) {
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

/* ---- frames ---------------------------------------------------------------------------------- */

enum {
    K_OPEN_TIME,
    K_SYMBOL,
    K_INTERVAL,
    K_FIRST,
    K_LAST,
    K_OPEN,
    K_CLOSE,
    K_HIGH,
    K_LOW,
    K_VOLUME,
    K_TRADES,
    K_CLOSED,
    K_QUOTE,
    K_BUY,
    K_BUY_QUOTE,
    K_COUNT
};
static const char *const k_names[K_COUNT] = {
    "t", "s", "i", "f", "L", "o", "c", "h", "l", "v", "n", "x", "q", "V", "Q",
};

static enum err read_k(struct kline_reader *reader, struct json_span object, bool coinm)
{
    static const struct kline_places places = {K_OPEN, K_HIGH, K_LOW, K_CLOSE, K_VOLUME};
    static const size_t money[] = {K_BUY, K_QUOTE, K_BUY_QUOTE};
    struct venue_frame *scratch = &reader->scratch;
    struct venue_kline kline = {.has_trades = true};
    struct field_set set;
    char interval[8];
    bool closed = false;
    if (field_pick(scratch, &set, object, k_names, K_COUNT) ||
        field_time(scratch, &set, K_OPEN_TIME, FIELD_TIME_EPOCH, &kline.open_ns) ||
        field_text(scratch, &set, K_SYMBOL, kline.symbol, sizeof kline.symbol) ||
        field_text(scratch, &set, K_INTERVAL, interval, sizeof interval) ||
        kline_size(reader, interval, &kline.size_ns) ||
        kline_values(reader, &set, &places, &kline) ||
        kline_count(reader, &set, K_TRADES, &kline.trades) ||
        field_bool(scratch, &set, K_CLOSED, &closed) ||
        read_money(reader, &set, money, coinm, &kline)) {
        return ERR_DAMAGED;
    }
    venue_text_upper(kline.symbol);
    kline.state = closed ? KLINE_FINAL : KLINE_FORMING;
    /* Both are -1 where nothing was traded. */
    kline.has_ids = kline.trades > 0 && json_scan_u64(set.values[K_FIRST], &kline.first_id) &&
                    json_scan_u64(set.values[K_LAST], &kline.last_id);
    return kline_keep(reader, &kline);
}

static enum err read_frame(struct kline_reader *reader, struct json_span document, bool coinm)
{
    static const char *const names[] = {"e", "k", "data"};
    struct field_set set;
    if (field_pick(&reader->scratch, &set, document, names, 3)) {
        return ERR_DAMAGED;
    }
    if (set.values[2].kind == SPAN_OBJECT &&
        field_pick(&reader->scratch, &set, set.values[2], names, 2)) {
        return ERR_DAMAGED;
    }
    return field_is(&set, 0, "kline") ? read_k(reader, set.values[1], coinm) : ERR_OK;
}

size_t binance_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                      struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    (void)frame;
    kline_reader_init(&reader, out, max);
    return kline_reader_finish(&reader, read_frame(&reader, json_scan_document(data, size), false));
}

size_t binance_coinm_klines(const struct venue_frame *frame, const uint8_t *data, size_t size,
                            struct venue_kline *out, size_t max)
{
    struct kline_reader reader;
    (void)frame;
    kline_reader_init(&reader, out, max);
    return kline_reader_finish(&reader, read_frame(&reader, json_scan_document(data, size), true));
}

/* ---- REST ------------------------------------------------------------------------------------ */

enum {
    ROW_OPEN_TIME,
    ROW_OPEN,
    ROW_HIGH,
    ROW_LOW,
    ROW_CLOSE,
    ROW_VOLUME,
    ROW_CLOSE_TIME,
    ROW_QUOTE,
    ROW_TRADES,
    ROW_BUY,
    ROW_BUY_QUOTE,
    ROW_COUNT
};
static const char *const row_names[ROW_COUNT] = {
    "open time",        "open",       "high",         "low",    "close",
    "volume",           "close time", "quote volume", "trades", "buy volume",
    "buy quote volume",
};

struct answer {
    struct kline_reader reader;
    bool coinm;
};

static enum err read_row(struct venue_frame *scratch, struct json_span element, void *arg)
{
    static const struct kline_places places = {ROW_OPEN, ROW_HIGH, ROW_LOW, ROW_CLOSE, ROW_VOLUME};
    static const size_t money[] = {ROW_BUY, ROW_QUOTE, ROW_BUY_QUOTE};
    struct answer *answer = arg;
    struct kline_reader *reader = &answer->reader;
    struct venue_kline kline = reader->common;
    struct field_set row;
    kline.has_trades = true;
    if (field_pick_row(scratch, &row, element, row_names, ROW_COUNT) ||
        field_time(scratch, &row, ROW_OPEN_TIME, FIELD_TIME_EPOCH, &kline.open_ns) ||
        kline_values(reader, &row, &places, &kline) ||
        kline_count(reader, &row, ROW_TRADES, &kline.trades) ||
        read_money(reader, &row, money, answer->coinm, &kline)) {
        return ERR_DAMAGED;
    }
    return kline_keep(reader, &kline);
}

static size_t read_answer(const char *url, struct json_span document, bool coinm,
                          struct venue_kline *out, size_t max)
{
    struct answer answer = {.coinm = coinm};
    struct kline_reader *reader = &answer.reader;
    struct venue_path path = venue_path_of(url);
    char interval[8];
    kline_reader_init(reader, out, max);
    if (!venue_path_ends(path, "/klines") ||
        !venue_path_param(path, "symbol", reader->common.symbol, SYMBOL_MAX) ||
        !venue_path_param(path, "interval", interval, sizeof interval) ||
        kline_size(reader, interval, &reader->common.size_ns)) {
        return kline_reader_finish(reader, ERR_DAMAGED);
    }
    venue_text_upper(reader->common.symbol);
    return kline_reader_finish(reader,
                               field_each(&reader->scratch, document, "rows", read_row, &answer));
}

size_t binance_klines_http(const char *url, const uint8_t *data, size_t size,
                           const struct instrument_list *list, struct venue_kline *out, size_t max)
{
    (void)list;
    return read_answer(url, json_scan_document(data, size), false, out, max);
}

size_t binance_coinm_klines_http(const char *url, const uint8_t *data, size_t size,
                                 const struct instrument_list *list, struct venue_kline *out,
                                 size_t max)
{
    (void)list;
    return read_answer(url, json_scan_document(data, size), true, out, max);
}
