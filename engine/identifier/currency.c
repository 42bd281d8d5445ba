#include "engine/identifier/currency.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Codes in ISO 4217 that stand for something else on exchanges of tokens: Build on Bitcoin (not the
 * boliviano), Ethernity (nakfa), Mantle (tugrik), Scroll (Seychelles rupee), OpenDAO (Somali
 * shilling), TOP Network (pa'anga). A market of the currency itself could bear the same code, so
 * they are neither. */
static const char *const shared_codes[] = {"BOB", "ERN", "MNT", "SCR", "SOS", "TOP"};

bool currency_has_form(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3 && text[3] == '\0';
}

static int compare(const void *code, const void *entry)
{
    return strcmp(code, ((const struct currency *)entry)->code);
}

const struct currency *currency_find(const char *code)
{
    assert(currency_table_count > 0);
    return bsearch(code, currency_table, currency_table_count, sizeof currency_table[0], compare);
}

enum currency_verdict currency_judge(const char *asset)
{
    const struct currency *found = currency_has_form(asset) ? currency_find(asset) : NULL;
    if (!found)
        return CURRENCY_NO;
    for (size_t i = 0; i < sizeof shared_codes / sizeof shared_codes[0]; i++)
        if (strcmp(asset, shared_codes[i]) == 0)
            return CURRENCY_UNSURE;
    return CURRENCY_YES;
}
