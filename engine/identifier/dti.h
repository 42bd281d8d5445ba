/*
 * dti: digital token identifiers, ISO 24165: eight characters and a check character.
 *
 * A ticker is no key to the registry. USDT alone has over a hundred entries, one for each chain,
 * and unrelated tokens share tickers. So the table is curated: tokens that are native to a chain of
 * their own and that every venue means by that code. Stablecoins, wrapped coins and whatever lives
 * on several chains are left out on purpose: which entry a venue's balance is, only the venue
 * knows.
 *
 * Pure; everything static.
 */
#ifndef REWICK_ENGINE_IDENTIFIER_DTI_H
#define REWICK_ENGINE_IDENTIFIER_DTI_H

#include <stdbool.h>
#include <stddef.h>

#define DTI_SIZE 10 /* bytes, NUL included */

struct dti {
    const char *asset; /* upper case: "BTC" */
    char code[DTI_SIZE];
};

extern const struct dti dti_table[];
extern const size_t dti_table_count;
extern const char dti_table_date[];

/* Characters, length and check character (ISO 7064 MOD 31,30; Bitcoin's is older than the rule and
 * an exception to it). */
bool dti_is_valid(const char *text);
/* NULL: not in the table. */
const struct dti *dti_find(const char *asset);

#endif
