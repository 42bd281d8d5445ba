#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_text.h"

#include <string.h>

/*
 * Binance writes BTCUSDT and tells base and quote only in exchangeInfo. Until that is on the tape,
 * symbols are divided by the assets that have been quotes (as of mid 2026), longest first, so that
 * BTCBUSD is BTC-BUSD and BTCFDUSD is BTC-FDUSD. What divides wrongly by that rule is listed below
 * it, or kept whole.
 */
static const char *const quotes[] = {
    "FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USDS", "USD1", "EURI", "BIDR", "IDRT",
    "BKRW",  "BVND", "DOGE", "BTC",  "ETH",  "BNB",  "TRY",  "EUR",  "BRL",  "GBP",  "AUD",
    "RUB",   "UAH",  "JPY",  "PLN",  "RON",  "ARS",  "ZAR",  "NGN",  "DAI",  "VAI",  "PAX",
    "XRP",   "TRX",  "DOT",  "SOL",  "MXN",  "CZK",  "COP",  "USD",
};

static const struct {
    const char *symbol, *base, *quote;
} exceptions[] = {
    /* Binance.US quotes in plain USD; bases that end in B or T look like BUSD and TUSD pairs. */
    {"BNBUSD", "BNB", "USD"},
    {"SHIBUSD", "SHIB", "USD"},
    {"USDTUSD", "USDT", "USD"},
    {"BATUSD", "BAT", "USD"},
    {"ANTUSD", "ANT", "USD"},
    {"FETUSD", "FET", "USD"},
    {"GRTUSD", "GRT", "USD"},
    {"LPTUSD", "LPT", "USD"},
    {"OXTUSD", "OXT", "USD"},
    {"QNTUSD", "QNT", "USD"},
    {"APTUSD", "APT", "USD"},
    {"VETUSD", "VET", "USD"},
    {"HNTUSD", "HNT", "USD"},
    /* AR-BUSD on Binance, ARB-USD on Binance.US: the text alone does not tell. */
    {"ARBUSD", "", ""},
    /* AEUR was quote of these only; ADAEUR is ADA-EUR. */
    {"BTCAEUR", "BTC", "AEUR"},
    {"ETHAEUR", "ETH", "AEUR"},
    {"EURAEUR", "EUR", "AEUR"},
};

/* The quote that ends `symbol`, or NULL. */
static const char *find_quote(const char *symbol, size_t size)
{
    return venue_text_ending(symbol, size, quotes, sizeof quotes / sizeof quotes[0]);
}

/* BASE-QUOTE of symbol[0..size), then "-suffix" unless that is NULL; false when nothing divides it.
 */
static bool divide(const char *symbol, size_t size, const char *suffix, char out[INSTRUMENT_MAX])
{
    char base[SYMBOL_MAX] = "";
    const char *quote = NULL;
    if (size >= SYMBOL_MAX) {
        return false;
    }
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (strlen(exceptions[i].symbol) == size &&
            memcmp(exceptions[i].symbol, symbol, size) == 0) {
            memcpy(base, exceptions[i].base, strlen(exceptions[i].base) + 1);
            quote = exceptions[i].quote;
        }
    }
    if (!quote) {
        quote = find_quote(symbol, size);
        if (!quote) {
            return false;
        }
        memcpy(base, symbol, size - strlen(quote));
    }
    const char *const parts[] = {base, "-", quote, suffix ? "-" : NULL, suffix, NULL};
    return base[0] != '\0' && venue_name_join(out, INSTRUMENT_MAX, parts) == ERR_OK;
}

static void keep(const char *symbol, char out[INSTRUMENT_MAX])
{
    size_t size = strlen(symbol);
    size = size < INSTRUMENT_MAX ? size : INSTRUMENT_MAX - 1;
    memcpy(out, symbol, size);
    out[size] = '\0';
}

/* Delivery dates are YYMMDD. */
static bool is_date(const char *text)
{
    return strspn(text, "0123456789") == 6 && text[6] == '\0';
}

enum err binance_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    struct venue_name name;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    if (name.suffix[0] != '\0') {
        return err_fail(ERR_UNKNOWN, "instrument '%s' is no spot pair; write it like BTC-USDT",
                        instrument);
    }
    const char *const parts[] = {name.base, name.quote, NULL};
    return venue_name_join(out, SYMBOL_MAX, parts);
}

void binance_instrument(const char *symbol, char out[INSTRUMENT_MAX])
{
    if (!divide(symbol, strlen(symbol), NULL, out)) {
        keep(symbol, out);
    }
}

/* BTC-USDT and BTC-USDT-PERP are `perpetual`, BTC-USDT-210625 is delivered on that day. */
static enum err contract_symbol(const char *instrument, const char *perpetual, char out[SYMBOL_MAX])
{
    struct venue_name name;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    bool perp = name.suffix[0] == '\0' || strcmp(name.suffix, "PERP") == 0;
    if (!perp && !is_date(name.suffix)) {
        return err_fail(ERR_UNKNOWN,
                        "instrument '%s' is no contract; write it like BTC-USDT-PERP or "
                        "BTC-USDT-210625",
                        instrument);
    }
    const char *const dated[] = {name.base, name.quote, "_", name.suffix, NULL};
    const char *const endless[] = {name.base, name.quote, perpetual, NULL};
    return venue_name_join(out, SYMBOL_MAX, perp ? endless : dated);
}

enum err binance_usdm_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    return contract_symbol(instrument, "", out);
}

enum err binance_coinm_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    return contract_symbol(instrument, "_PERP", out);
}

void binance_usdm_instrument(const char *symbol, char out[INSTRUMENT_MAX])
{
    const char *mark = strchr(symbol, '_');
    size_t size = mark ? (size_t)(mark - symbol) : strlen(symbol);
    bool known = !mark || is_date(mark + 1);
    if (!known || !divide(symbol, size, mark ? mark + 1 : "PERP", out)) {
        keep(symbol, out);
    }
}

/* All COIN-M contracts are quoted in plain USD. */
void binance_coinm_instrument(const char *symbol, char out[INSTRUMENT_MAX])
{
    const char *mark = strchr(symbol, '_');
    size_t size = mark ? (size_t)(mark - symbol) : 0;
    bool known = size > 3 && size < SYMBOL_MAX && memcmp(mark - 3, "USD", 3) == 0 &&
                 (strcmp(mark + 1, "PERP") == 0 || is_date(mark + 1));
    if (known) {
        char base[SYMBOL_MAX] = "";
        memcpy(base, symbol, size - 3);
        const char *const parts[] = {base, "-USD-", mark + 1, NULL};
        known = venue_name_join(out, INSTRUMENT_MAX, parts) == ERR_OK;
    }
    if (!known) {
        keep(symbol, out);
    }
}
