#include "engine/identifier/dti.h"

#include <assert.h>
#include <string.h>

#define ALPHABET      "0123456789BCDFGHJKLMNPQRSTVWXZ"
#define ALPHABET_SIZE 30

/* Given before the check character was fixed. */
#define GRANDFATHERED "4H95J0R2X"

static int value_of(char character)
{
    return (int)(strchr(ALPHABET, character) - ALPHABET);
}

/* ISO 7064, hybrid system MOD 31,30. */
static int check_value(const char *text)
{
    int product = ALPHABET_SIZE;
    for (size_t i = 0; i < DTI_SIZE - 2; i++) {
        int sum = (product + value_of(text[i])) % ALPHABET_SIZE;
        product = (sum == 0 ? ALPHABET_SIZE : sum) * 2 % (ALPHABET_SIZE + 1);
    }
    return (ALPHABET_SIZE + 1 - product) % ALPHABET_SIZE;
}

bool dti_is_valid(const char *text)
{
    static_assert(sizeof ALPHABET == ALPHABET_SIZE + 1, "every value has its character");
    if (strspn(text, ALPHABET) != DTI_SIZE - 1 || text[DTI_SIZE - 1] != '\0' || text[0] == '0')
        return false;
    return value_of(text[DTI_SIZE - 2]) == check_value(text) || strcmp(text, GRANDFATHERED) == 0;
}

const struct dti *dti_find(const char *asset)
{
    for (size_t i = 0; i < dti_table_count; i++)
        if (strcmp(asset, dti_table[i].asset) == 0) {
            assert(dti_is_valid(dti_table[i].code));
            return &dti_table[i];
        }
    return NULL;
}
