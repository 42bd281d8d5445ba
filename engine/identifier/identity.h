/*
 * identity: which identifiers of official registries apply to a market: the columns mic ... cfi of
 * a candle. "none": there is none. "unknown": we do not know. Never NULL, never empty.
 *
 * Sources and dates of the tables stand in their files (mic_table.c, currency_table.c,
 * dti_table.c). Pure; everything static.
 */
#ifndef REWICK_ENGINE_IDENTIFIER_IDENTITY_H
#define REWICK_ENGINE_IDENTIFIER_IDENTITY_H

#include "engine/base/err.h"

#include <stdbool.h>

/* Plain data; the strings are static. */
struct identity {
    const char *mic, *operating_mic;            /* ISO 10383 */
    const char *base_currency, *quote_currency; /* ISO 4217 */
    const char *base_dti, *quote_dti;           /* ISO 24165 */
    const char *cfi;                            /* ISO 10962 */
};

/* `mic`: what the user says of the venue, already checked by identity_mic(); NULL: nothing, then
 * `venue_has_none` decides between none and unknown. `base`, `quote`: codes of the assets, upper
 * case; "" = not known. */
void identity_find(struct identity *out, const char *mic, bool venue_has_none, const char *base,
                   const char *quote);

/* The code as the table has it, and its operating MIC. ERR_UNKNOWN with text: wrong form, or not in
 * the table of that date. */
enum err identity_mic(const char *text, const char **out_mic,
                      const char **out_operating) ERR_MUST_CHECK;

#endif
