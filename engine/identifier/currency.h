/*
 * currency: codes of money, ISO 4217. BTC, XBT and USDT are none.
 *
 * Pure; everything static.
 */
#ifndef REWICK_ENGINE_IDENTIFIER_CURRENCY_H
#define REWICK_ENGINE_IDENTIFIER_CURRENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct currency {
    char code[4];
    uint16_t number;
    int8_t minor_units; /* decimal places of the coins, no tick size; -1: has none */
};

extern const struct currency currency_table[]; /* ascending by code */
extern const size_t currency_table_count;
extern const char currency_table_date[]; /* "2026-01-01": publication of the list */

/* Three capital letters. */
bool currency_has_form(const char *text);
/* NULL: not in the table. */
const struct currency *currency_find(const char *code);

/* What an asset of that code is on a market. A venue says "MNT" and nothing else: it is taken for
 * the currency wherever ISO 4217 has the code, except the few codes that venues gave to tokens. */
enum currency_verdict {
    CURRENCY_NO,
    CURRENCY_YES,
    CURRENCY_UNSURE, /* a currency's code that a token has, too */
};
enum currency_verdict currency_judge(const char *asset);

#endif
