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

/* Takes BASE/QUOTE apart, aliases resolved. */
static bool divide(const char *pair, char base[ASSET_MAX], char quote[ASSET_MAX])
{
    const char *slash = strchr(pair, '/');
    if (!slash || strchr(slash + 1, '/') || !venue_text_asset(pair, (size_t)(slash - pair), base) ||
        !venue_text_asset(slash + 1, strlen(slash + 1), quote)) {
        return false;
    }
    const char *common = common_of(base);
    memmove(base, common, strlen(common) + 1);
    common = common_of(quote);
    memmove(quote, common, strlen(common) + 1);
    return true;
}

bool kraken_pair_common(const char *pair, char out[SYMBOL_MAX])
{
    char base[ASSET_MAX], quote[ASSET_MAX];
    const char *const parts[] = {base, "/", quote, NULL};
    return divide(pair, base, quote) && venue_name_join(out, SYMBOL_MAX, parts) == ERR_OK;
}

bool kraken_pair_own(const char *pair, char out[SYMBOL_MAX])
{
    char base[ASSET_MAX], quote[ASSET_MAX];
    if (!divide(pair, base, quote)) {
        return false;
    }
    const char *const parts[] = {own_of(base), "/", own_of(quote), NULL};
    return venue_name_join(out, SYMBOL_MAX, parts) == ERR_OK;
}

/* REST drops the slash and has v1's codes: XBTUSD. What has no slash stays as it is. */
void kraken_describe(const char *symbol, struct instrument *out)
{
    char base[ASSET_MAX], quote[ASSET_MAX];
    venue_describe_symbol(symbol, out);
    if (!divide(out->symbol, base, quote)) {
        return;
    }
    memcpy(out->base, base, sizeof base);
    memcpy(out->quote, quote, sizeof quote);
    venue_text_upper(out->base);
    venue_text_upper(out->quote);
    const char *const parts[] = {own_of(base), own_of(quote), NULL};
    if (venue_name_join(out->request_symbol, SYMBOL_MAX, parts)) {
        memcpy(out->request_symbol, out->symbol, SYMBOL_MAX);
    }
    instrument_name(out, out->name);
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
