#include "engine/venue/venue_past.h"

#include <stdlib.h>
#include <string.h>

const struct instrument *venue_past_find(const struct venue_past *past, const char *symbol)
{
    const struct instrument *found = NULL;
    for (size_t i = 0; i < past->instrument_count; i++) {
        if (strcmp(past->instruments[i].request_symbol, symbol) == 0) {
            return &past->instruments[i];
        }
        if (strcmp(past->instruments[i].symbol, symbol) == 0) {
            found = &past->instruments[i];
        }
    }
    return found;
}

enum err venue_past_trades(const struct venue_past *past, const char *symbol,
                           const struct venue_span *span, size_t max, struct trade **out,
                           size_t *out_count)
{
    *out = NULL;
    *out_count = 0;
    if (!past->trades || max == 0) {
        return ERR_OK;
    }
    struct trade *trades = calloc(max, sizeof *trades);
    if (!trades) {
        return err_fail(ERR_NOMEM, "out of memory for %zu trades", max);
    }
    *out_count = past->trades(symbol, span, max, trades, past->arg);
    *out = trades;
    return ERR_OK;
}
