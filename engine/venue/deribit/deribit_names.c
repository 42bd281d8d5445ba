#include "engine/base/time_text.h"
#include "engine/venue/deribit/deribit.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

/* ---- channels -------------------------------------------------------------------------------- */

/* Bytes of the word in front of the instrument. */
static size_t head_of(const char *word)
{
    static const char chart[] = "chart.trades";
    size_t size = sizeof chart - 1;
    if (strncmp(word, chart, size) == 0 && (word[size] == '.' || word[size] == '\0')) {
        return size;
    }
    return strcspn(word, ".");
}

/* Instruments are in capitals; kinds, intervals and indexes ("future", "raw", "btc_usd") are not.
 */
static bool is_instrument(const char *text)
{
    return text[0] >= 'A' && text[0] <= 'Z';
}

bool deribit_split(const char *word, char channel[CHANNEL_MAX], char symbol[SYMBOL_MAX])
{
    size_t head = head_of(word), size = strlen(word), cut = 0;
    symbol[0] = '\0';
    if (word[head] == '.' && is_instrument(word + head + 1)) {
        cut = 1 + strcspn(word + head + 1, ".");
        if (cut > SYMBOL_MAX) {
            return false;
        }
        memcpy(symbol, word + head + 1, cut - 1);
        symbol[cut - 1] = '\0';
    }
    if (size - cut >= CHANNEL_MAX) {
        return false;
    }
    memcpy(channel, word, head);
    memcpy(channel + head, word + head + cut, size - head - cut + 1);
    return true;
}

bool deribit_join(const char *channel, const char *symbol, char word[DERIBIT_WORD_MAX])
{
    int head = (int)head_of(channel);
    int size = symbol[0] == '\0' ? snprintf(word, DERIBIT_WORD_MAX, "%s", channel)
                                 : snprintf(word, DERIBIT_WORD_MAX, "%.*s.%s%s", head, channel,
                                            symbol, channel + head);
    return size > 0 && size < DERIBIT_WORD_MAX;
}

/* ---- instruments ----------------------------------------------------------------------------- */

static const char months[12][4] = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                   "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

/* "27DEC24", "5AUG23": contracts end at 08:00 UTC. */
static bool read_date(const char *text, size_t size, int64_t *out_ns)
{
    char form[TIME_TEXT_MAX];
    size_t day = size - 5; /* digits of it */
    if (size < 6 || size > 7) {
        return false;
    }
    for (size_t month = 0; month < 12; month++) {
        if (memcmp(text + day, months[month], 3) == 0) {
            int length = snprintf(form, sizeof form, "20%.2s-%02zu-%s%.*sT08:00:00Z",
                                  text + day + 3, month + 1, day == 1 ? "0" : "", (int)day, text);
            return time_parse_rfc3339(out_ns, form, (size_t)length) == ERR_OK;
        }
    }
    return false;
}

/* Strikes have "d" for the point: 0d625. */
static bool read_strike(const char *text, size_t size, struct decimal *out)
{
    char form[32];
    if (size == 0 || size >= sizeof form || strspn(text, "0123456789d") < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        form[i] = text[i] == 'd' ? '.' : text[i];
    }
    return decimal_parse(out, form, size) == ERR_OK && out->mantissa > 0;
}

/* "BTC" or "BTC_USDC"; without a quote that is USD, of options the base. */
static bool read_currencies(const char *text, size_t size, struct instrument *out)
{
    const char *mark = memchr(text, '_', size);
    size_t base = mark ? (size_t)(mark - text) : size;
    return venue_text_asset(text, base, out->base) &&
           venue_text_asset(mark ? mark + 1 : "USD", mark ? size - base - 1 : 3, out->quote);
}

/* What stands behind the currencies: "PERPETUAL", "27DEC24", "27DEC24-50000-C". */
static bool read_terms(const char *text, struct instrument *out)
{
    size_t date = strcspn(text, "-");
    if (strcmp(text, "PERPETUAL") == 0) {
        out->kind = INSTRUMENT_PERPETUAL;
        return true;
    }
    if (!read_date(text, date, &out->expiry_ns)) {
        return false;
    }
    out->kind = INSTRUMENT_FUTURE;
    if (text[date] == '\0') {
        return true;
    }
    const char *strike = text + date + 1;
    size_t size = strcspn(strike, "-");
    out->kind = INSTRUMENT_OPTION;
    out->call = strcmp(strike + size, "-C") == 0;
    return (out->call || strcmp(strike + size, "-P") == 0) &&
           read_strike(strike, size, &out->strike);
}

static bool read_symbol(const char *symbol, struct instrument *out)
{
    size_t size = strcspn(symbol, "-");
    bool divided = memchr(symbol, '_', size) != NULL;
    if (!read_currencies(symbol, size, out)) {
        return false;
    }
    if (symbol[size] == '\0') {
        out->kind = INSTRUMENT_SPOT;
        return divided;
    }
    if (!read_terms(symbol + size + 1, out)) {
        return false;
    }
    if (!divided && out->kind == INSTRUMENT_OPTION) {
        memcpy(out->quote, out->base, sizeof out->quote);
    } else if (!divided) {
        out->volume_unit = VOLUME_QUOTE;
    }
    return true;
}

void deribit_describe(const char *symbol, struct instrument *out)
{
    struct instrument read = {0};
    venue_describe_symbol(symbol, &read);
    if (!read_symbol(read.symbol, &read)) {
        /* Combinations (BTC-FS-27DEC24_PERP) keep the venue's name. */
        venue_describe_symbol(symbol, &read);
        read.kind = INSTRUMENT_OTHER;
    }
    instrument_name(&read, read.name);
    *out = read;
}

/* ---- the other way --------------------------------------------------------------------------- */

enum { PARTS_MAX = 5 }; /* BASE-QUOTE-DATE-STRIKE-C */

/* In upper case, in place; 0 when there are too many or too few. */
static size_t divide(char *text, const char *parts[PARTS_MAX])
{
    size_t count = 0;
    venue_text_upper(text);
    for (char *at = text; at;) {
        char *end = strchr(at, '-');
        if (count == PARTS_MAX || *at == '\0' || end == at) {
            return 0;
        }
        parts[count++] = at;
        if (end) {
            *end++ = '\0';
        }
        at = end;
    }
    return count < 2 ? 0 : count;
}

/* "20241227" -> "27DEC24", "20230805" -> "5AUG23" */
static bool write_date(const char *text, char out[8])
{
    int64_t time_ns = 0;
    char form[TIME_TEXT_MAX];
    if (strlen(text) != 8 || memcmp(text, "20", 2) != 0) {
        return false;
    }
    int size = snprintf(form, sizeof form, "%.4s-%.2s-%.2sT08:00:00Z", text, text + 4, text + 6);
    if (time_parse_rfc3339(&time_ns, form, (size_t)size)) {
        return false;
    }
    size_t month = (size_t)(text[4] - '0') * 10 + (size_t)(text[5] - '0') - 1;
    const char *day = text[6] == '0' ? text + 7 : text + 6;
    snprintf(out, 8, "%.*s%s%.2s", (int)(text + 8 - day), day, months[month], text + 2);
    return true;
}

static bool write_strike(const char *text, char out[32])
{
    struct decimal strike;
    size_t size = strlen(text);
    if (size >= 32 || strspn(text, "0123456789.") < size || decimal_parse(&strike, text, size)) {
        return false;
    }
    for (size_t i = 0; i <= size; i++) {
        out[i] = text[i] == '.' ? 'd' : text[i];
    }
    return true;
}

static enum err no_such(const char *instrument)
{
    return err_fail(ERR_UNKNOWN,
                    "instrument '%s' is not of this venue's kinds; write it like BTC-USD-PERP, "
                    "BTC-USD-20241227, BTC-BTC-20241227-50000-C or BTC-USDC",
                    instrument);
}

enum err deribit_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    char text[INSTRUMENT_MAX], date[8], strike[32];
    const char *parts[PARTS_MAX];
    size_t size = strnlen(instrument, sizeof text);
    if (size == sizeof text) {
        return no_such(instrument);
    }
    memcpy(text, instrument, size + 1);
    size_t count = divide(text, parts);
    bool option = count == 5;
    if (count < 2 || count == 4) {
        return no_such(instrument);
    }
    /* Without a quote in its name an option is quoted in its base, anything else in dollars. */
    bool plain = count > 2 && strcmp(parts[1], option ? parts[0] : "USD") == 0;
    char pair[INSTRUMENT_MAX];
    snprintf(pair, sizeof pair, "%s%s%s", parts[0], plain ? "" : "_", plain ? "" : parts[1]);
    if (count == 2) {
        const char *const spot[] = {pair, NULL};
        return venue_name_join(out, SYMBOL_MAX, spot);
    }
    if (count == 3 && strcmp(parts[2], "PERP") == 0) {
        const char *const perpetual[] = {pair, "-PERPETUAL", NULL};
        return venue_name_join(out, SYMBOL_MAX, perpetual);
    }
    if (!write_date(parts[2], date) ||
        (option && (strcmp(parts[1], "USD") == 0 || !write_strike(parts[3], strike) ||
                    (strcmp(parts[4], "C") != 0 && strcmp(parts[4], "P") != 0)))) {
        return no_such(instrument);
    }
    const char *const future[] = {pair,   "-", date,     option ? "-" : NULL,
                                  strike, "-", parts[4], NULL};
    return venue_name_join(out, SYMBOL_MAX, future);
}
