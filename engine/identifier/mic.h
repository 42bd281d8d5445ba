/*
 * mic: market identifier codes, ISO 10383: who operates a market. A segment has an operating MIC
 * other than its own.
 *
 * A code names a legal entity's market; being in the list is no proof that the market is open
 * (expired codes are kept, and the registry is slow). Pure; everything static.
 */
#ifndef REWICK_ENGINE_IDENTIFIER_MIC_H
#define REWICK_ENGINE_IDENTIFIER_MIC_H

#include <stdbool.h>
#include <stddef.h>

#define MIC_SIZE 5 /* bytes, NUL included */

struct mic {
    char code[MIC_SIZE];
    char operating[MIC_SIZE];
};

extern const struct mic mic_table[]; /* ascending by code */
extern const size_t mic_table_count;
extern const char mic_table_date[]; /* "2026-10-12": release of the list */

/* Four capital letters or digits. */
bool mic_has_form(const char *text);
/* NULL: not in the table. */
const struct mic *mic_find(const char *code);

#endif
