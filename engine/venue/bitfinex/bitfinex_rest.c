#include "engine/base/time_text.h"
#include "engine/venue/bitfinex/bitfinex.h"
#include "engine/venue/venue_field.h"
#include "engine/venue/venue_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- trades and other answers ---------------------------------------------------------------- */

/* "/v2/trades/tBTCUSD/hist" -> the symbol; false for another path. */
static bool read_trades_path(struct venue_path path, char symbol[SYMBOL_MAX])
{
    static const char head[] = "/v2/trades/", tail[] = "/hist";
    const char *at = path.size > 0 ? memmem(path.text, path.size, head, sizeof head - 1) : NULL;
    if (!at || !venue_path_ends(path, tail)) {
        return false;
    }
    at += sizeof head - 1;
    const char *end = path.text + path.size - (sizeof tail - 1);
    return at < end && !memchr(at, '/', (size_t)(end - at)) &&
           venue_path_decode(at, (size_t)(end - at), symbol, SYMBOL_MAX);
}

/* ["error", 10020, "symbol: invalid"] */
static bool is_refusal(struct venue_frame *frame, struct json_span document)
{
    static const char *const names[] = {"error", "code", "message"};
    struct field_set set;
    if (field_pick_row(frame, &set, document, names, 3) || !field_is(&set, 0, "error")) {
        return false;
    }
    field_refusal(frame, set.values[2], (struct json_span){0});
    return true;
}

static enum err decode_answer(struct venue_frame *frame, struct venue_path path,
                              struct json_span document)
{
    static const char *const data[] = {"/v2/book/", "/v2/candles/", "/v2/ticker", "/v2/status/",
                                       "/v2/stats1/"};
    uint32_t flags = TRADE_BACKFILL;
    char symbol[SYMBOL_MAX];
    bool refused = is_refusal(frame, document);
    if (refused || frame->kind == VENUE_MALFORMED) {
        return refused ? ERR_OK : ERR_DAMAGED;
    }
    if (read_trades_path(path, symbol) && symbol[0] == 't') {
        frame->kind = VENUE_TRADES;
        memcpy(frame->channel, "trades", sizeof "trades");
        memcpy(frame->symbol, symbol, sizeof symbol);
        return field_each(frame, document, "answer", bitfinex_decode_row, &flags);
    }
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        if (path.size > 0 && memmem(path.text, path.size, data[i], strlen(data[i]))) {
            frame->kind = VENUE_DATA;
        }
    }
    return ERR_OK;
}

enum err bitfinex_decode_http(const char *url, const uint8_t *data, size_t size,
                              const struct instrument_list *list, struct venue_frame *out)
{
    (void)list; /* REST and WebSocket share their symbols */
    venue_frame_clear(out);
    return field_finish(out,
                        decode_answer(out, venue_path_of(url), json_scan_document(data, size)));
}

/* Rows from the old end; the bounds are inclusive milliseconds. */
static enum err trades(const struct venue_hole *hole, struct buf *out)
{
    const char *symbol = hole->instrument->request_symbol;
    int64_t from_ms = hole->from_ns > 0 ? hole->from_ns / NS_PER_MS : 0;
    int64_t to_ms = hole->to_ns > 0 ? hole->to_ns / NS_PER_MS : 0;
    to_ms += hole->to_ns > 0 && hole->to_ns % NS_PER_MS > 0;
    if (symbol[0] != 't' || symbol[strspn(symbol, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:t")] != 0) {
        return err_fail(ERR_UNKNOWN, "'%s' is no pair of the venue; there are no trades to ask for",
                        symbol);
    }
    buf_clear(out);
    return buf_printf(out, "/v2/trades/%s/hist?limit=%d&start=%lld&end=%lld&sort=1", symbol,
                      BITFINEX_ROWS_MAX, (long long)from_ms, (long long)to_ms);
}

/* ---- the instrument list ---------------------------------------------------------------------
 */

/* One request asks for several lists; the answer holds them in the order of asking. */
#define CONF_PATH "/v2/conf/"
#define CONF_KEYS "pub:list:pair:exchange,pub:list:pair:futures,pub:map:currency:sym"
#define CODES_MAX 4096
#define KEYS_MAX  16

static enum err list(size_t index, const uint8_t *previous, size_t size, struct buf *out)
{
    (void)previous;
    (void)size;
    return venue_text_one_page(index, CONF_PATH CONF_KEYS, out);
}

enum conf_key { KEY_OTHER, KEY_PAIRS, KEY_CODES };

/* What the parts of an answer are, from the path that was asked for; 0: no such path. */
static size_t read_keys(struct venue_path path, enum conf_key out[KEYS_MAX])
{
    char text[512];
    const char *at =
        path.size > 0 ? memmem(path.text, path.size, CONF_PATH, strlen(CONF_PATH)) : NULL;
    if (!at) {
        return 0;
    }
    at += strlen(CONF_PATH);
    if (!venue_path_decode(at, path.size - (size_t)(at - path.text), text, sizeof text)) {
        return 0;
    }
    size_t count = 0;
    for (const char *key = text; *key != '\0' && count < KEYS_MAX;) {
        size_t size = strcspn(key, ",");
        bool pairs =
            strncmp(key, "pub:list:pair", 13) == 0 || strncmp(key, "pub:info:pair", 13) == 0;
        bool codes = size == 20 && memcmp(key, "pub:map:currency:sym", 20) == 0;
        out[count++] = pairs ? KEY_PAIRS : codes ? KEY_CODES : KEY_OTHER;
        key += size + (key[size] == ',');
    }
    return count;
}

static bool is_list(const char *url)
{
    enum conf_key keys[KEYS_MAX];
    size_t count = read_keys(venue_path_of(url), keys);
    for (size_t i = 0; i < count; i++) {
        if (keys[i] == KEY_PAIRS) {
            return true;
        }
    }
    return false;
}

/* [["UST","USDt"],...]; `items` holds CODES_MAX. */
static void read_codes(struct json_span array, struct bitfinex_code *items, size_t *count)
{
    struct json_scan scan, inner;
    struct json_span key, value, own, common;
    json_scan_open(&scan, array);
    while (json_scan_next(&scan, &key, &value) && *count < CODES_MAX) {
        if (value.kind != SPAN_ARRAY) {
            continue;
        }
        struct bitfinex_code *code = &items[*count];
        json_scan_open(&inner, value);
        *count += json_scan_next(&inner, &key, &own) && json_scan_next(&inner, &key, &common) &&
                  json_scan_name(own, code->own, sizeof code->own) &&
                  json_scan_name(common, code->common, sizeof code->common);
    }
}

/* "BTCUSD", or ["BTCUSD",[...]] where more is told. */
static enum err read_pair(struct venue_frame *scratch, struct json_span key, struct json_span entry,
                          struct instrument *out, void *arg)
{
    (void)scratch;
    (void)key;
    if (entry.kind == SPAN_ARRAY) {
        struct json_scan scan;
        struct json_span none, first = {0};
        json_scan_open(&scan, entry);
        entry = json_scan_next(&scan, &none, &first) ? first : (struct json_span){0};
    }
    char symbol[SYMBOL_MAX] = "t";
    if (!json_scan_name(entry, symbol + 1, SYMBOL_MAX - 1)) {
        return ERR_DAMAGED;
    }
    bitfinex_describe_with(symbol, arg, out);
    return ERR_OK;
}

static enum err add_parts(const struct json_span *parts, const enum conf_key *keys, size_t count,
                          struct instrument_list *out)
{
    struct bitfinex_code *items = calloc(CODES_MAX, sizeof *items);
    size_t code_count = 0;
    if (!items) {
        return err_fail(ERR_NOMEM, "out of memory for %d currency codes", CODES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (keys[i] == KEY_CODES && parts[i].kind == SPAN_ARRAY) {
            read_codes(parts[i], items, &code_count);
        }
    }
    struct bitfinex_codes told = {code_count, items};
    struct bitfinex_codes codes = code_count > 0 ? told : bitfinex_known_codes;
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && !err; i++) {
        if (keys[i] == KEY_PAIRS && parts[i].kind == SPAN_ARRAY) {
            err = field_entries(out, parts[i], read_pair, &codes);
        }
    }
    free(items);
    return err;
}

static enum err decode_list(const char *url, const uint8_t *data, size_t size,
                            struct instrument_list *out)
{
    enum conf_key keys[KEYS_MAX];
    struct json_span document = json_scan_document(data, size), parts[KEYS_MAX], key, value;
    size_t wanted = read_keys(venue_path_of(url), keys), count = 0;
    if (wanted == 0 || document.kind != SPAN_ARRAY) {
        return err_fail(ERR_DAMAGED, "the answer to '%s' is no list of pairs", url);
    }
    struct json_scan scan;
    json_scan_open(&scan, document);
    while (json_scan_next(&scan, &key, &value)) {
        if (count < wanted) {
            parts[count++] = value;
        }
    }
    if (scan.fault || count < wanted || parts[0].kind != SPAN_ARRAY) {
        return err_fail(ERR_DAMAGED, "the answer to '%s' is no list of pairs: %s", url,
                        scan.fault ? scan.fault : "parts of it are missing");
    }
    return add_parts(parts, keys, count, out);
}

/* 15 requests a minute. */
const struct venue_rest bitfinex_rest = {
    .url = "https://api-pub.bitfinex.com",
    .gap_ns = 4100 * NS_PER_MS,
    .list = list,
    .is_list = is_list,
    .decode_list = decode_list,
    .trades = trades,
    .trades_ascending = true,
};
