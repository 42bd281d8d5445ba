#include "engine/venue/bitfinex/bitfinex.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* ---- channels -------------------------------------------------------------------------------- */

const char *const bitfinex_word_names[BITFINEX_WORDS] = {
    [WORD_CHANNEL] = "channel", [WORD_SYMBOL] = "symbol", [WORD_KEY] = "key",
    [WORD_PREC] = "prec",       [WORD_PAIR] = "pair",
};

/* "channel:parameter"; false when it does not fit. */
static bool append_parameter(char channel[CHANNEL_MAX], const char *parameter, size_t size)
{
    size_t used = strlen(channel);
    if (used + 1 + size >= CHANNEL_MAX) {
        return false;
    }
    channel[used++] = ':';
    memcpy(channel + used, parameter, size);
    channel[used + size] = '\0';
    return true;
}

/* "trade:1m:tBTCUSD" of candles, "deriv:tBTCF0:USTF0" of status: the symbol comes last and may have
 * a colon itself. */
static bool read_key(const char *key, char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX])
{
    size_t size = strcspn(key, ":");
    if (strcmp(channel, "candles") == 0 && key[size] == ':') {
        size += 1 + strcspn(key + size + 1, ":");
    }
    if (key[size] == '\0' || key[size + 1] == '\0' || strlen(key + size + 1) >= SYMBOL_MAX) {
        return false;
    }
    memcpy(symbol, key + size + 1, strlen(key + size + 1) + 1);
    return append_parameter(channel, key, size);
}

static bool read_names(const struct json_span words[BITFINEX_WORDS], char channel[CHANNEL_MAX],
                       char symbol[SYMBOL_MAX])
{
    char key[CHANNEL_MAX + SYMBOL_MAX], prec[8];
    if (!json_scan_name(words[WORD_CHANNEL], channel, CHANNEL_MAX)) {
        return false;
    }
    if (json_scan_name(words[WORD_KEY], key, sizeof key)) {
        return read_key(key, channel, symbol);
    }
    if (strcmp(channel, "book") == 0 && json_scan_name(words[WORD_PREC], prec, sizeof prec) &&
        strcmp(prec, "P0") != 0 && !append_parameter(channel, prec, strlen(prec))) {
        return false;
    }
    if (!json_scan_name(words[WORD_SYMBOL], symbol, SYMBOL_MAX)) {
        symbol[0] = 't';
        if (!json_scan_name(words[WORD_PAIR], symbol + 1, SYMBOL_MAX - 1)) {
            symbol[0] = '\0';
        }
    }
    return true;
}

bool bitfinex_read_words(const struct json_span words[BITFINEX_WORDS], char channel[CHANNEL_MAX],
                         char symbol[SYMBOL_MAX])
{
    channel[0] = '\0';
    symbol[0] = '\0';
    bool named = read_names(words, channel, symbol);
    if (!named) {
        channel[0] = '\0';
        symbol[0] = '\0';
    }
    return named;
}

/* ---- currencies ------------------------------------------------------------------------------ */

/* Codes are of three letters where they can be. Whole codes only: USTC is no USDTC. */
static const struct bitfinex_code known[] = {
    {"UST", "USDT"},   {"UDC", "USDC"}, {"TSD", "TUSD"}, {"EUT", "EURT"}, {"EUS", "EURS"},
    {"BCHN", "BCH"},   {"DSH", "DASH"}, {"IOT", "IOTA"}, {"QTM", "QTUM"}, {"ATO", "ATOM"},
    {"ALG", "ALGO"},   {"MNA", "MANA"}, {"DAT", "DATA"}, {"QSH", "QASH"}, {"SNG", "SNGLS"},
    {"STJ", "STORJ"},  {"VSY", "VSYS"}, {"XCH", "XCHF"}, {"AMP", "AMPL"}, {"YYW", "YOYOW"},
    {"BCHABC", "XEC"},
};
const struct bitfinex_codes bitfinex_known_codes = {sizeof known / sizeof known[0], known};

static const char *common_of(const struct bitfinex_codes *codes, const char *own)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (strcmp(codes->items[i].own, own) == 0) {
            return codes->items[i].common;
        }
    }
    return NULL;
}

static const char *own_of(const char *common)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].common, common) == 0) {
            return known[i].own;
        }
    }
    return common;
}

/* Contracts are pairs of currencies with "F0" behind them. */
static bool cut_contract(char *code)
{
    size_t size = strlen(code);
    bool contract = size > 2 && strcmp(code + size - 2, "F0") == 0;
    if (contract) {
        code[size - 2] = '\0';
    }
    return contract;
}

/* The common name of a code, in place; says whether it is a contract's. */
static bool name_code(const struct bitfinex_codes *codes, char code[ASSET_MAX])
{
    const char *common = common_of(codes, code);
    bool contract = cut_contract(code);
    if (!common) {
        common = common_of(codes, code);
    }
    if (common) {
        memmove(code, common, strlen(common) + 1);
        cut_contract(code);
    }
    venue_text_upper(code);
    return contract;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* Capital letters and digits only. */
static bool take(char out[ASSET_MAX], const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool fine = (text[i] >= 'A' && text[i] <= 'Z') || (text[i] >= '0' && text[i] <= '9');
        if (!fine) {
            return false;
        }
    }
    return venue_text_asset(text, size, out);
}

bool bitfinex_divide(const char *pair, char base[ASSET_MAX], char quote[ASSET_MAX])
{
    size_t size = strlen(pair), half = strcspn(pair, ":");
    size_t gap = half < size ? 1 : 0;
    if (gap == 0) {
        half = 3;
        if (size != 6) {
            return false;
        }
    }
    return take(base, pair, half) && take(quote, pair + half + gap, size - half - gap);
}

void bitfinex_describe_with(const char *symbol, const struct bitfinex_codes *codes,
                            struct instrument *out)
{
    char base[ASSET_MAX], quote[ASSET_MAX];
    venue_describe_symbol(symbol, out);
    out->kind = INSTRUMENT_OTHER;
    out->quantity_step = (struct decimal){1, 8};
    if (symbol[0] == 't' && bitfinex_divide(out->symbol + 1, base, quote)) {
        bool contract = name_code(codes, base);
        contract |= name_code(codes, quote);
        out->kind = contract ? INSTRUMENT_PERPETUAL : INSTRUMENT_SPOT;
        memcpy(out->base, base, sizeof base);
        memcpy(out->quote, quote, sizeof quote);
    }
    instrument_name(out, out->name);
}

void bitfinex_describe(const char *symbol, struct instrument *out)
{
    bitfinex_describe_with(symbol, &bitfinex_known_codes, out);
}

enum err bitfinex_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    struct venue_name name;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    bool contract = strcmp(name.suffix, "PERP") == 0;
    if (name.suffix[0] != '\0' && !contract) {
        return err_fail(ERR_UNKNOWN,
                        "instrument '%s' is neither spot nor perpetual; write it like BTC-USD or "
                        "BTC-USDT-PERP",
                        instrument);
    }
    const char *base = own_of(name.base), *quote = own_of(name.quote), *end = contract ? "F0" : "";
    bool plain = !contract && strlen(base) == 3 && strlen(quote) == 3;
    const char *const parts[] = {"t", base, end, plain ? "" : ":", quote, end, NULL};
    return venue_name_join(out, SYMBOL_MAX, parts);
}
