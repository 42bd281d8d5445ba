#include "engine/venue/instrument.h"

#include "engine/base/time_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ITEMS_FIRST   64
#define NEAREST_SHOWN 3
/* Symbols that are already another's name get a number; so many are tried. */
#define NUMBERS_MAX 16

const char *instrument_kind_name(enum instrument_kind kind)
{
    static const char *const names[] = {
        [INSTRUMENT_SPOT] = "spot",     [INSTRUMENT_PERPETUAL] = "perpetual",
        [INSTRUMENT_FUTURE] = "future", [INSTRUMENT_OPTION] = "option",
        [INSTRUMENT_OTHER] = "other",
    };
    return names[kind];
}

const char *volume_unit_name(enum volume_unit unit)
{
    static const char *const names[] = {
        [VOLUME_BASE] = "base",
        [VOLUME_CONTRACT] = "contract",
        [VOLUME_QUOTE] = "quote",
    };
    return names[unit];
}

/* ---- names ----------------------------------------------------------------------------------- */

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void make_upper(char *text)
{
    for (; *text != '\0'; text++)
        *text = upper(*text);
}

/* Nothing that divides a name or needs quotes anywhere. */
static bool is_asset(const char *asset)
{
    for (const char *c = asset; *c != '\0'; c++) {
        bool plain = (*c >= '0' && *c <= '9') || (upper(*c) >= 'A' && upper(*c) <= 'Z') ||
                     *c == '.' || *c == '_' || (unsigned char)*c >= 0x80;
        if (!plain)
            return false;
    }
    return asset[0] != '\0';
}

/* "-YYYYMMDD", "" for a time that no date is for. */
static void put_expiry(char *text, size_t size, int64_t expiry_ns)
{
    char time[TIME_TEXT_MAX];
    text[0] = '\0';
    if (expiry_ns > 0 && time_format(time, expiry_ns) > 10)
        snprintf(text, size, "-%.4s%.2s%.2s", time, time + 5, time + 8);
}

/* Without trailing zeros: venues of one list write 60000 and 60000.0. */
static void put_strike(char text[DECIMAL_TEXT_MAX], struct decimal strike)
{
    while (strike.scale > 0 && strike.mantissa % 10 == 0) {
        strike.mantissa /= 10;
        strike.scale--;
    }
    decimal_format(text, strike);
}

/* What stands behind BASE-QUOTE; false when something of it is not said. */
static bool put_ending(const struct instrument *instrument, char *text, size_t size)
{
    char expiry[16], strike[DECIMAL_TEXT_MAX];
    put_expiry(expiry, sizeof expiry, instrument->expiry_ns);
    switch (instrument->kind) {
    case INSTRUMENT_SPOT:
        text[0] = '\0';
        return true;
    case INSTRUMENT_PERPETUAL:
        snprintf(text, size, "-PERP");
        return true;
    case INSTRUMENT_FUTURE:
        snprintf(text, size, "%s", expiry);
        return expiry[0] != '\0';
    case INSTRUMENT_OPTION:
        put_strike(strike, instrument->strike);
        snprintf(text, size, "%s-%s-%c", expiry, strike, instrument->call ? 'C' : 'P');
        return expiry[0] != '\0' && instrument->strike.mantissa > 0;
    case INSTRUMENT_OTHER:
        break;
    }
    return false;
}

/* What lies between dashes, at most three parts. */
static size_t split_name(const char *name, char parts[3][ASSET_MAX])
{
    size_t count = 0;
    for (const char *p = name; count < 3; p++) {
        size_t size = strcspn(p, "-");
        if (size == 0 || size >= ASSET_MAX)
            return 0;
        memcpy(parts[count], p, size);
        parts[count++][size] = '\0';
        p += size;
        if (*p == '\0')
            return count;
    }
    return 0;
}

bool instrument_from_name(const char *name, struct instrument *out)
{
    char parts[3][ASSET_MAX];
    size_t count = split_name(name, parts);
    enum instrument_kind kind = INSTRUMENT_SPOT;
    int64_t expiry_ns = 0;
    if (count == 3 && strcmp(parts[2], "PERP") == 0) {
        kind = INSTRUMENT_PERPETUAL;
    } else if (count == 3) {
        char day[TIME_TEXT_MAX];
        kind = INSTRUMENT_FUTURE;
        if (strlen(parts[2]) != 8 || strspn(parts[2], "0123456789") != 8)
            return false;
        snprintf(day, sizeof day, "%.4s-%.2s-%.2sT00:00:00Z", parts[2], parts[2] + 4, parts[2] + 6);
        if (time_parse_rfc3339(&expiry_ns, day, strlen(day)) != ERR_OK || expiry_ns <= 0)
            return false;
    } else if (count != 2) {
        return false;
    }
    if (!is_asset(parts[0]) || !is_asset(parts[1]))
        return false;
    memcpy(out->base, parts[0], sizeof out->base);
    memcpy(out->quote, parts[1], sizeof out->quote);
    out->kind = kind;
    out->expiry_ns = expiry_ns;
    return true;
}

void instrument_name(const struct instrument *instrument, char out[INSTRUMENT_MAX])
{
    char ending[16 + DECIMAL_TEXT_MAX + 4];
    if (is_asset(instrument->base) && is_asset(instrument->quote) &&
        put_ending(instrument, ending, sizeof ending)) {
        int size =
            snprintf(out, INSTRUMENT_MAX, "%s-%s%s", instrument->base, instrument->quote, ending);
        make_upper(out);
        if (size < INSTRUMENT_MAX)
            return;
    }
    _Static_assert(INSTRUMENT_MAX >= SYMBOL_MAX, "every symbol can be a name");
    memcpy(out, instrument->symbol, SYMBOL_MAX);
}

/* ---- hash tables ----------------------------------------------------------------------------- */

/* FNV-1a, the same for both cases. */
static size_t hash_of(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)upper(*text)) * UINT64_C(1099511628211);
    return (size_t)(hash ^ (hash >> 32));
}

/* Symbols differ in case (some venues have one of each); names do not. */
static uint32_t *symbol_place(const struct instrument_list *list, const char *symbol)
{
    size_t mask = list->table_size - 1;
    for (size_t i = hash_of(symbol) & mask;; i = (i + 1) & mask) {
        uint32_t *place = &list->by_symbol[i];
        if (*place == 0 || strcmp(list->items[*place - 1].symbol, symbol) == 0)
            return place;
    }
}

static uint32_t *name_place(const struct instrument_list *list, const char *name)
{
    size_t mask = list->table_size - 1;
    for (size_t i = hash_of(name) & mask;; i = (i + 1) & mask) {
        uint32_t *place = &list->by_name[i];
        if (*place == 0 || strcasecmp(list->items[*place - 1].name, name) == 0)
            return place;
    }
}

static const struct instrument *item_at(const struct instrument_list *list, const uint32_t *place)
{
    return *place != 0 ? &list->items[*place - 1] : NULL;
}

const struct instrument *instrument_list_symbol(const struct instrument_list *list,
                                                const char *symbol)
{
    return list->count > 0 ? item_at(list, symbol_place(list, symbol)) : NULL;
}

const struct instrument *instrument_list_name(const struct instrument_list *list, const char *name)
{
    return list->count > 0 ? item_at(list, name_place(list, name)) : NULL;
}

const struct instrument *instrument_list_request_symbol(const struct instrument_list *list,
                                                        const char *symbol)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].request_symbol, symbol) == 0)
            return &list->items[i];
    return NULL;
}

/* ---- adding ---------------------------------------------------------------------------------- */

void instrument_list_init(struct instrument_list *list)
{
    *list = (struct instrument_list){0};
}

void instrument_list_release(struct instrument_list *list)
{
    free(list->items);
    free(list->by_symbol);
    free(list->by_name);
    instrument_list_init(list);
}

/* The tables stay at most half full. */
static enum err grow(struct instrument_list *list)
{
    size_t capacity = list->capacity > 0 ? 2 * list->capacity : ITEMS_FIRST;
    struct instrument *items = realloc(list->items, capacity * sizeof *items);
    if (items != NULL)
        list->items = items;
    uint32_t *by_symbol = calloc(2 * capacity, sizeof *by_symbol);
    uint32_t *by_name = calloc(2 * capacity, sizeof *by_name);
    if (items == NULL || by_symbol == NULL || by_name == NULL) {
        free(by_symbol);
        free(by_name);
        return err_fail(ERR_NOMEM, "out of memory for %zu instruments", capacity);
    }
    free(list->by_symbol);
    free(list->by_name);
    list->by_symbol = by_symbol;
    list->by_name = by_name;
    list->capacity = capacity;
    list->table_size = 2 * capacity;
    for (uint32_t i = 0; i < list->count; i++) {
        *symbol_place(list, list->items[i].symbol) = i + 1;
        *name_place(list, list->items[i].name) = i + 1;
    }
    return ERR_OK;
}

/* The canonical name, or the symbol when that name is taken; a symbol that is another's name is
 * numbered. */
static enum err name_item(const struct instrument_list *list, struct instrument *item)
{
    instrument_name(item, item->name);
    if (instrument_list_name(list, item->name) == NULL)
        return ERR_OK;
    memcpy(item->name, item->symbol, sizeof item->symbol);
    for (size_t i = 0; instrument_list_name(list, item->name) != NULL; i++) {
        if (i == NUMBERS_MAX)
            return err_fail(ERR_LIMIT, "no name is left for instrument '%s'", item->symbol);
        snprintf(item->name, sizeof item->name, "%.48s~%zu", item->symbol, list->count + i);
    }
    return ERR_OK;
}

static void complete(struct instrument *item)
{
    make_upper(item->base);
    make_upper(item->quote);
    if (item->request_symbol[0] == '\0')
        memcpy(item->request_symbol, item->symbol, sizeof item->symbol);
}

enum err instrument_list_add(struct instrument_list *list, const struct instrument *instrument)
{
    struct instrument item = *instrument;
    complete(&item);
    const struct instrument *known = instrument_list_symbol(list, item.symbol);
    if (known != NULL) {
        memcpy(item.name, known->name, sizeof item.name);
        list->items[known - list->items] = item;
        return ERR_OK;
    }
    if (list->count == INSTRUMENTS_MAX)
        return err_fail(ERR_LIMIT, "more than %d instruments", INSTRUMENTS_MAX);
    enum err err = list->count == list->capacity ? grow(list) : ERR_OK;
    if (err == ERR_OK)
        err = name_item(list, &item);
    if (err != ERR_OK)
        return err;
    uint32_t *by_symbol = symbol_place(list, item.symbol), *by_name = name_place(list, item.name);
    list->items[list->count++] = item;
    *by_symbol = *by_name = (uint32_t)list->count;
    return ERR_OK;
}

/* ---- finding what the user meant ------------------------------------------------------------- */

/* How many letters must be added, dropped or changed, whatever their case; `limit` when it is not
 * less. Both are shorter than SYMBOL_MAX. */
static size_t distance(const char *a, const char *b, size_t limit)
{
    size_t a_size = strlen(a), b_size = strlen(b), row[SYMBOL_MAX];
    if ((a_size > b_size ? a_size - b_size : b_size - a_size) >= limit)
        return limit;
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t corner = row[0], least = row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = corner + (upper(a[i - 1]) != upper(b[j - 1]));
            size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            corner = row[j];
            row[j] = best < step ? best : step;
            least = row[j] < least ? row[j] : least;
        }
        if (least >= limit)
            return limit;
    }
    return row[b_size] < limit ? row[b_size] : limit;
}

size_t instrument_list_nearest(const struct instrument_list *list, const char *text,
                               const struct instrument **out, size_t max)
{
    _Static_assert(INSTRUMENT_MAX == SYMBOL_MAX, "both fit the rows of distance()");
    enum { KEPT_MAX = 16 };
    size_t kept[KEPT_MAX], count = 0;
    char wanted[SYMBOL_MAX];
    snprintf(wanted, sizeof wanted, "%s", text);
    max = max < KEPT_MAX ? max : KEPT_MAX;
    for (size_t i = 0; i < list->count && max > 0; i++) {
        size_t limit = count == max ? kept[count - 1] : SYMBOL_MAX;
        size_t by_name = distance(wanted, list->items[i].name, limit);
        size_t best = distance(wanted, list->items[i].symbol, by_name);
        if (count == max && best >= limit)
            continue;
        size_t at = count < max ? count++ : count - 1;
        for (; at > 0 && kept[at - 1] > best; at--) {
            kept[at] = kept[at - 1];
            out[at] = out[at - 1];
        }
        kept[at] = best;
        out[at] = &list->items[i];
    }
    return count;
}

enum err instrument_list_find(const struct instrument_list *list, const char *venue,
                              const char *text, const struct instrument **out)
{
    *out = instrument_list_name(list, text);
    if (*out == NULL)
        *out = instrument_list_symbol(list, text);
    if (*out != NULL)
        return ERR_OK;
    const struct instrument *nearest[NEAREST_SHOWN];
    char names[NEAREST_SHOWN * (INSTRUMENT_MAX + 2) + 16] = "";
    size_t used = 0, count = instrument_list_nearest(list, text, nearest, NEAREST_SHOWN);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                 i == 0 ? "; nearest: " : ", ", nearest[i]->name);
    return err_fail(ERR_UNKNOWN,
                    "%s has no instrument '%.*s'%s (see 'rewick instruments --venue %s')", venue,
                    SYMBOL_MAX, text, names, venue);
}
