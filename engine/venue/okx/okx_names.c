#include "engine/base/time_text.h"
#include "engine/venue/okx/okx.h"
#include "engine/venue/venue_text.h"

#include <stdio.h>
#include <string.h>

/*
 * BTC-USDT, BTC-USDT-SWAP, BTC-USD-220527, BTC-USD-220304-32000-P. The second part can be more than
 * a currency: BTC-USD_UM-SWAP is quoted in USD and settled in stablecoins, where BTC-USD-SWAP is
 * settled in BTC. It stays whole, or the two would have one name.
 */
#define PARTS_MAX 5

/* Contracts end at 08:00 UTC of the day that their symbol names as YYMMDD. */
static bool read_expiry(const char *text, size_t size, int64_t *out_ns)
{
    char time[32];
    if (size != 6 || strspn(text, "0123456789") < 6) {
        return false;
    }
    int used = snprintf(time, sizeof time, "20%.2s-%.2s-%.2sT08:00:00Z", text, text + 2, text + 4);
    return time_parse_rfc3339(out_ns, time, (size_t)used) == ERR_OK;
}

struct parts {
    size_t count;
    const char *text[PARTS_MAX];
    size_t size[PARTS_MAX];
};

/* False when they are too many. */
static bool split(const char *symbol, struct parts *out)
{
    out->count = 0;
    for (const char *at = symbol;; at++) {
        if (out->count == PARTS_MAX) {
            return false;
        }
        size_t size = strcspn(at, "-");
        out->text[out->count] = at;
        out->size[out->count++] = size;
        at += size;
        if (*at == '\0') {
            return true;
        }
    }
}

static bool read_option(const struct parts *parts, struct instrument *out)
{
    char side = *parts->text[4];
    out->call = side == 'C';
    return parts->size[4] == 1 && (side == 'C' || side == 'P') &&
           read_expiry(parts->text[2], parts->size[2], &out->expiry_ns) &&
           decimal_parse(&out->strike, parts->text[3], parts->size[3]) == ERR_OK;
}

static enum instrument_kind read_kind(const struct parts *parts, struct instrument *out)
{
    if (parts->count == 2) {
        return INSTRUMENT_SPOT;
    }
    if (parts->count == 3 && strcmp(parts->text[2], "SWAP") == 0) {
        return INSTRUMENT_PERPETUAL;
    }
    if (parts->count == 3 && read_expiry(parts->text[2], parts->size[2], &out->expiry_ns)) {
        return INSTRUMENT_FUTURE;
    }
    return parts->count == 5 && read_option(parts, out) ? INSTRUMENT_OPTION : INSTRUMENT_OTHER;
}

void okx_describe(const char *symbol, struct instrument *out)
{
    struct parts parts;
    venue_describe_symbol(symbol, out);
    out->kind = split(out->symbol, &parts) ? read_kind(&parts, out) : INSTRUMENT_OTHER;
    out->volume_unit = out->kind == INSTRUMENT_SPOT ? VOLUME_BASE : VOLUME_CONTRACT;
    if (out->kind != INSTRUMENT_OTHER &&
        venue_text_asset(parts.text[0], parts.size[0], out->base) &&
        !venue_text_asset(parts.text[1], parts.size[1], out->quote)) {
        out->base[0] = '\0';
    }
    instrument_name(out, out->name);
}

enum err okx_symbol(const char *instrument, char out[SYMBOL_MAX])
{
    struct venue_name name;
    int64_t expiry_ns = 0;
    enum err err = venue_name_split(instrument, &name);
    if (err) {
        return err;
    }
    const char *ending = name.suffix;
    bool dated = strlen(ending) == 8 && strncmp(ending, "20", 2) == 0 &&
                 read_expiry(ending + 2, 6, &expiry_ns);
    if (ending[0] != '\0' && strcmp(ending, "PERP") != 0 && !dated) {
        return err_fail(ERR_UNKNOWN,
                        "instrument '%s' is not known; write it like BTC-USDT, BTC-USDT-PERP or "
                        "BTC-USDT-20261225",
                        instrument);
    }
    const char *const parts[] = {name.base,
                                 "-",
                                 name.quote,
                                 ending[0] == '\0' ? "" : "-",
                                 dated               ? ending + 2
                                 : ending[0] != '\0' ? "SWAP"
                                                     : "",
                                 NULL};
    return venue_name_join(out, SYMBOL_MAX, parts);
}
