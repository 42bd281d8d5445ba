#include "engine/venue/kraken/kraken.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/* Kraken's own codes of two assets, in v1 and REST. Nothing else is an alias. */
static const struct {
    const char *own, *common;
} aliases[] = {{"XBT", "BTC"}, {"XDG", "DOGE"}};

/* REST still writes its oldest assets with a letter in front: X for coins, Z for money. */
static const struct {
    const char *legacy, *asset;
} legacies[] = {
    {"XXBT", "XBT"}, {"XETH", "ETH"}, {"XETC", "ETC"}, {"XLTC", "LTC"}, {"XMLN", "MLN"},
    {"XREP", "REP"}, {"XXDG", "XDG"}, {"XXLM", "XLM"}, {"XXMR", "XMR"}, {"XXRP", "XRP"},
    {"XZEC", "ZEC"}, {"XICN", "ICN"}, {"XNMC", "NMC"}, {"XXVN", "XVN"}, {"ZUSD", "USD"},
    {"ZEUR", "EUR"}, {"ZGBP", "GBP"}, {"ZCAD", "CAD"}, {"ZJPY", "JPY"}, {"ZAUD", "AUD"},
    {"ZKRW", "KRW"},
};

/* Assets that have been quotes (as of mid 2026). The longest one that ends the pair counts: no
 * asset ends in what a longer one has more than a shorter one. */
static const char *const quotes[] = {
    "USDT", "USDC", "USDG", "RLUSD", "PYUSD", "EURC", "EURR", "EURQ", "USDR", "USDQ", "USD",
    "EUR",  "GBP",  "CAD",  "JPY",   "AUD",   "CHF",  "DAI",  "XBT",  "ETH",  "DOT",  "SOL",
};

static const char *common_of(const char *asset)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcmp(aliases[i].own, asset) == 0) {
            return aliases[i].common;
        }
    }
    return asset;
}

static const char *own_of(const char *asset)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcmp(aliases[i].common, asset) == 0) {
            return aliases[i].own;
        }
    }
    return asset;
}

static enum err pair_of(const char *instrument, bool own, char out[SYMBOL_MAX])
{
    struct venue_name name;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    if (name.suffix[0] != '\0') {
        return err_fail(ERR_UNKNOWN, "instrument '%s' is no spot pair; write it like BTC-USD",
                        instrument);
    }
    const char *const parts[] = {own ? own_of(name.base) : name.base, "/",
                                 own ? own_of(name.quote) : name.quote, NULL};
    return venue_name_join(out, SYMBOL_MAX, parts);
}

enum err kraken_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    return pair_of(instrument, false, out);
}

enum err kraken_v1_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    return pair_of(instrument, true, out);
}

/* BASE/QUOTE -> BASE-QUOTE; what has no slash stays as it is. Codes of v1 are no names in v2, so
 * both feeds may be read with the same table. */
void kraken_instrument(const char *symbol, char out[INSTRUMENT_MAX])
{
    char base[SYMBOL_MAX] = "";
    const char *slash = strchr(symbol, '/');
    size_t size = slash ? (size_t)(slash - symbol) : 0;
    bool known = size > 0 && size < sizeof base && slash[1] != '\0' && !strchr(slash + 1, '/');
    if (known) {
        memcpy(base, symbol, size);
        const char *const parts[] = {common_of(base), "-", common_of(slash + 1), NULL};
        known = venue_name_join(out, INSTRUMENT_MAX, parts) == ERR_OK;
    }
    if (!known) {
        size = strlen(symbol);
        size = size < INSTRUMENT_MAX ? size : INSTRUMENT_MAX - 1;
        memcpy(out, symbol, size);
        out[size] = '\0';
    }
}

void kraken_v1_instrument(const char *symbol, char out[INSTRUMENT_MAX])
{
    kraken_instrument(symbol, out);
}

/* The asset of a legacy code at text[0..4), or NULL. */
static const char *legacy_of(const char *text)
{
    for (size_t i = 0; i < sizeof legacies / sizeof legacies[0]; i++) {
        if (memcmp(legacies[i].legacy, text, 4) == 0) {
            return legacies[i].asset;
        }
    }
    return NULL;
}

static const char *find_quote(const char *pair, size_t size)
{
    return venue_text_ending(pair, size, quotes, sizeof quotes / sizeof quotes[0]);
}

/* XXBTZUSD and XETHXXBT are two legacy codes, USDTZUSD mixes; all others are BASEQUOTE in short
 * codes. XTZUSD is Tezos in dollars and no legacy code. */
void kraken_rest_symbol(const char *pair, char out[SYMBOL_MAX])
{
    char base[SYMBOL_MAX] = "";
    const char *quote = NULL;
    size_t size = strlen(pair);
    if (size == 8) {
        const char *asset = legacy_of(pair);
        quote = asset || memcmp(pair, "USDT", 4) == 0 ? legacy_of(pair + 4) : NULL;
        if (quote) {
            memcpy(base, asset ? asset : "USDT", strlen(asset ? asset : "USDT") + 1);
        }
    }
    if (!quote && size < sizeof base) {
        quote = find_quote(pair, size);
        memcpy(base, pair, quote ? size - strlen(quote) : 0);
    }
    const char *const parts[] = {common_of(base), "/", quote ? common_of(quote) : "", NULL};
    if (!quote || strchr(pair, '/') || venue_name_join(out, SYMBOL_MAX, parts)) {
        size = size < SYMBOL_MAX ? size : SYMBOL_MAX - 1;
        memcpy(out, pair, size);
        out[size] = '\0';
    }
}
