#include "engine/base/time_text.h"
#include "engine/venue/bybit/bybit.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

/*
 * spot      BTCUSDT                  nothing divides it: quotes are many
 * linear    BTCUSDT, BTCPERP         perpetuals in USDT, in USDC: there are no others
 *           BTCUSDT-29DEC23          futures in USDT
 *           BTC-29DEC23              futures in USDC
 *           BTC-29DEC23-50000-C      options in USDC; in USDT with "-USDT" behind it
 * inverse   BTCUSD, BTCUSDH26        all in USD; quarters end on the last Friday of March (H), June
 *                                    (M), September (U), December (Z)
 * All end at 08:00 UTC.
 */
static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
static const char quarters[] = "HMUZ";

static bool read_day(unsigned year, unsigned month, unsigned day, int64_t *out_ns)
{
    char text[32];
    int size =
        snprintf(text, sizeof text, "20%02u-%02u-%02uT08:00:00Z", year % 100, month, day % 100);
    return time_parse_rfc3339(out_ns, text, (size_t)size) == ERR_OK;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static unsigned two_digits(const char *text)
{
    return (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
}

/* "29DEC23", "3JAN23" */
static bool read_date(const char *text, size_t size, int64_t *out_ns)
{
    size_t days = size == 7 ? 2 : 1;
    if (size != days + 5 || !is_digit(text[0]) || !is_digit(text[days - 1]) ||
        !is_digit(text[size - 2]) || !is_digit(text[size - 1])) {
        return false;
    }
    unsigned day = days == 2 ? two_digits(text) : (unsigned)(text[0] - '0');
    for (unsigned month = 1; month <= 12; month++) {
        if (memcmp(months + 3 * (month - 1), text + days, 3) == 0) {
            return read_day(two_digits(text + size - 2), month, day, out_ns);
        }
    }
    return false;
}

/* The last Friday of a quarter's last month; 1970-01-01 was a Thursday. */
static bool read_quarter(unsigned year, unsigned month, int64_t *out_ns)
{
    int64_t last_ns = 0;
    if (!read_day(year, month, month == 3 || month == 12 ? 31 : 30, &last_ns)) {
        return false;
    }
    int64_t day = last_ns / NS_PER_DAY;
    *out_ns = last_ns - (day - 1) % 7 * NS_PER_DAY;
    return true;
}

static bool ends_with(const char *text, size_t size, const char *ending)
{
    size_t ending_size = strlen(ending);
    return size > ending_size && memcmp(text + size - ending_size, ending, ending_size) == 0;
}

/* Base and quote of text[0..size), which ends with `ending`. */
static bool divide(const char *text, size_t size, const char *ending, const char *quote,
                   struct instrument *out)
{
    if (!ends_with(text, size, ending) ||
        !venue_text_asset(text, size - strlen(ending), out->base)) {
        out->base[0] = '\0';
        return false;
    }
    return venue_text_asset(quote, strlen(quote), out->quote);
}

void bybit_spot_describe(const char *symbol, struct instrument *out)
{
    venue_describe_symbol(symbol, out);
}

/* "-50000-C" or "-50000-C-USDT" */
static bool read_option(const char *text, struct instrument *out)
{
    size_t size = strcspn(text + 1, "-");
    const char *side = text + 1 + size;
    bool tether = ends_with(side, strlen(side), "-USDT");
    out->call = strncmp(side, "-C", 2) == 0;
    return (out->call || strncmp(side, "-P", 2) == 0) && strlen(side) == (tether ? 7 : 2) &&
           decimal_parse(&out->strike, text + 1, size) == ERR_OK &&
           venue_text_asset(tether ? "USDT" : "USDC", 4, out->quote);
}

static enum instrument_kind read_dated(const char *symbol, const char *mark, struct instrument *out)
{
    size_t size = (size_t)(mark - symbol), date_size = strcspn(mark + 1, "-");
    const char *behind = mark + 1 + date_size;
    if (!read_date(mark + 1, date_size, &out->expiry_ns)) {
        return INSTRUMENT_OTHER;
    }
    if (*behind == '\0') {
        bool fine =
            divide(symbol, size, "USDT", "USDT", out) || divide(symbol, size, "", "USDC", out);
        return fine ? INSTRUMENT_FUTURE : INSTRUMENT_OTHER;
    }
    return venue_text_asset(symbol, size, out->base) && read_option(behind, out) ? INSTRUMENT_OPTION
                                                                                 : INSTRUMENT_OTHER;
}

void bybit_linear_describe(const char *symbol, struct instrument *out)
{
    venue_describe_symbol(symbol, out);
    const char *mark = strchr(out->symbol, '-');
    size_t size = strlen(out->symbol);
    if (mark) {
        out->kind = read_dated(out->symbol, mark, out);
    } else {
        bool known = divide(out->symbol, size, "USDT", "USDT", out) ||
                     divide(out->symbol, size, "PERP", "USDC", out);
        out->kind = known ? INSTRUMENT_PERPETUAL : INSTRUMENT_OTHER;
    }
    instrument_name(out, out->name);
}

void bybit_inverse_describe(const char *symbol, struct instrument *out)
{
    venue_describe_symbol(symbol, out);
    size_t size = strlen(out->symbol);
    const char *end = out->symbol + size;
    const char *quarter = size > 3 ? strchr(quarters, end[-3]) : NULL;
    out->volume_unit = VOLUME_QUOTE;
    out->kind = INSTRUMENT_OTHER;
    if (divide(out->symbol, size, "USD", "USD", out)) {
        out->kind = INSTRUMENT_PERPETUAL;
    } else if (quarter && is_digit(end[-2]) && is_digit(end[-1]) &&
               divide(out->symbol, size - 3, "USD", "USD", out) &&
               read_quarter(two_digits(end - 2), 3 * (unsigned)(quarter - quarters + 1),
                            &out->expiry_ns)) {
        out->kind = INSTRUMENT_FUTURE;
    }
    instrument_name(out, out->name);
}

/* ---- the other way ----------------------------------------------------------------------------
 */

static enum err unknown(const char *instrument, const char *forms)
{
    return err_fail(ERR_UNKNOWN, "instrument '%s' is not known; write it like %s", instrument,
                    forms);
}

enum err bybit_spot_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    struct venue_name name;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    const char *const parts[] = {name.base, name.quote, NULL};
    return name.suffix[0] != '\0' ? unknown(instrument, "BTC-USDT")
                                  : venue_name_join(out, SYMBOL_MAX, parts);
}

struct ending {
    bool perpetual; /* "PERP", or nothing at all */
    unsigned year, month, day;
    int64_t expiry_ns;
};

/* "PERP" or "20231229" */
static bool read_ending(const char *suffix, struct ending *out)
{
    *out = (struct ending){.perpetual = suffix[0] == '\0' || strcmp(suffix, "PERP") == 0};
    if (out->perpetual) {
        return true;
    }
    if (strlen(suffix) != 8 || strspn(suffix, "0123456789") != 8 || strncmp(suffix, "20", 2) != 0) {
        return false;
    }
    out->year = two_digits(suffix + 2);
    out->month = two_digits(suffix + 4);
    out->day = two_digits(suffix + 6);
    return read_day(out->year, out->month, out->day, &out->expiry_ns);
}

enum err bybit_linear_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    static const char forms[] = "BTC-USDT-PERP, BTC-USDC-PERP or BTC-USDT-20261225";
    struct venue_name name;
    struct ending ending;
    char date[16] = "";
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    bool tether = strcmp(name.quote, "USDT") == 0;
    if ((!tether && strcmp(name.quote, "USDC") != 0) || !read_ending(name.suffix, &ending)) {
        return unknown(instrument, forms);
    }
    if (!ending.perpetual) {
        snprintf(date, sizeof date, "-%u%.3s%02u", ending.day % 100,
                 months + 3 * (ending.month - 1), ending.year % 100);
    }
    const char *const parts[] = {name.base,
                                 tether             ? "USDT"
                                 : ending.perpetual ? "PERP"
                                                    : "",
                                 date, NULL};
    return venue_name_join(out, SYMBOL_MAX, parts);
}

enum err bybit_inverse_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    static const char forms[] = "BTC-USD-PERP or, for a quarter's last Friday, BTC-USD-20261225";
    struct venue_name name;
    struct ending ending;
    char quarter[8] = "";
    int64_t friday_ns = 0;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    if (strcmp(name.quote, "USD") != 0 || !read_ending(name.suffix, &ending)) {
        return unknown(instrument, forms);
    }
    if (!ending.perpetual) {
        if (ending.month % 3 != 0 || !read_quarter(ending.year, ending.month, &friday_ns) ||
            friday_ns != ending.expiry_ns) {
            return unknown(instrument, forms);
        }
        snprintf(quarter, sizeof quarter, "%c%02u", quarters[ending.month / 3 - 1],
                 ending.year % 100);
    }
    const char *const parts[] = {name.base, "USD", quarter, NULL};
    return venue_name_join(out, SYMBOL_MAX, parts);
}
