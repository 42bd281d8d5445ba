#include "engine/base/time_text.h"
#include "engine/venue/binance/binance.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
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

/* Base and quote of symbol[0..size); false when nothing divides it. */
static bool divide(const char *symbol, size_t size, struct instrument *out)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (strlen(exceptions[i].symbol) == size &&
            memcmp(exceptions[i].symbol, symbol, size) == 0) {
            memcpy(out->base, exceptions[i].base, strlen(exceptions[i].base) + 1);
            memcpy(out->quote, exceptions[i].quote, strlen(exceptions[i].quote) + 1);
            return out->base[0] != '\0';
        }
    }
    const char *quote = find_quote(symbol, size);
    return quote && venue_text_asset(symbol, size - strlen(quote), out->base) &&
           venue_text_asset(quote, strlen(quote), out->quote);
}

/* Contracts are delivered at 08:00 UTC of the day that their symbol names as YYMMDD. */
static bool read_expiry(const char *text, int64_t *out_ns)
{
    char time[32];
    if (strspn(text, "0123456789") != 6 || text[6] != '\0') {
        return false;
    }
    int size = snprintf(time, sizeof time, "20%.2s-%.2s-%.2sT08:00:00Z", text, text + 2, text + 4);
    return time_parse_rfc3339(out_ns, time, (size_t)size) == ERR_OK;
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

void binance_describe(const char *symbol, struct instrument *out)
{
    venue_describe_symbol(symbol, out);
    if (!divide(out->symbol, strlen(out->symbol), out)) {
        out->base[0] = '\0';
    }
    instrument_name(out, out->name);
}

/* BTC-USDT and BTC-USDT-PERP are `perpetual`, BTC-USDT-20210625 is delivered on that day. */
static enum err contract_symbol(const char *instrument, const char *perpetual, char out[SYMBOL_MAX])
{
    struct venue_name name;
    int64_t expiry_ns = 0;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    bool perp = name.suffix[0] == '\0' || strcmp(name.suffix, "PERP") == 0;
    bool dated = strncmp(name.suffix, "20", 2) == 0 && read_expiry(name.suffix + 2, &expiry_ns);
    if (!perp && !dated) {
        return err_fail(ERR_UNKNOWN,
                        "instrument '%s' is no contract; write it like BTC-USDT-PERP or "
                        "BTC-USDT-20210625",
                        instrument);
    }
    const char *const dated_parts[] = {name.base, name.quote, "_", name.suffix + 2, NULL};
    const char *const endless_parts[] = {name.base, name.quote, perpetual, NULL};
    return venue_name_join(out, SYMBOL_MAX, perp ? endless_parts : dated_parts);
}

enum err binance_usdm_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    return contract_symbol(instrument, "", out);
}

enum err binance_coinm_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    return contract_symbol(instrument, "_PERP", out);
}

void binance_usdm_describe(const char *symbol, struct instrument *out)
{
    venue_describe_symbol(symbol, out);
    const char *mark = strchr(out->symbol, '_');
    size_t size = mark ? (size_t)(mark - out->symbol) : strlen(out->symbol);
    out->kind = !mark                                    ? INSTRUMENT_PERPETUAL
                : read_expiry(mark + 1, &out->expiry_ns) ? INSTRUMENT_FUTURE
                                                         : INSTRUMENT_OTHER;
    if (!divide(out->symbol, size, out)) {
        out->base[0] = '\0';
    }
    instrument_name(out, out->name);
}

/* All COIN-M contracts are quoted in plain USD and counted in contracts. */
void binance_coinm_describe(const char *symbol, struct instrument *out)
{
    venue_describe_symbol(symbol, out);
    out->volume_unit = VOLUME_CONTRACT;
    const char *mark = strchr(out->symbol, '_');
    size_t size = mark ? (size_t)(mark - out->symbol) : 0;
    out->kind = !mark                                    ? INSTRUMENT_OTHER
                : strcmp(mark + 1, "PERP") == 0          ? INSTRUMENT_PERPETUAL
                : read_expiry(mark + 1, &out->expiry_ns) ? INSTRUMENT_FUTURE
                                                         : INSTRUMENT_OTHER;
    if (size > 3 && memcmp(mark - 3, "USD", 3) == 0 &&
        venue_text_asset(out->symbol, size - 3, out->base)) {
        memcpy(out->quote, "USD", sizeof "USD");
    }
    instrument_name(out, out->name);
}
