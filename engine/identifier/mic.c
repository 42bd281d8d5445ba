#include "engine/identifier/mic.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool mic_has_form(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == MIC_SIZE - 1 &&
           text[MIC_SIZE - 1] == '\0';
}

static int compare(const void *code, const void *entry)
{
    return strcmp(code, ((const struct mic *)entry)->code);
}

const struct mic *mic_find(const char *code)
{
    assert(mic_table_count > 0);
    return bsearch(code, mic_table, mic_table_count, sizeof mic_table[0], compare);
}
