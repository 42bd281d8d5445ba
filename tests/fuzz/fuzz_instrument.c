/*
 * Fuzzes names of instruments. Each line of the input is a name, a symbol and what a user wrote;
 * parts between tabs are base, quote, kind and so on of an entry of a list.
 *
 * Beyond crashes: a canonical name that was taken apart is put together the same again, names and
 * symbols in a list lead to their instruments, and what is not found is said in one line.
 */
#include "engine/venue/instrument.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LINES_MAX 64

static void copy(char *out, size_t out_size, const char *text)
{
    snprintf(out, out_size, "%s", text);
}

static void check_name(const char *line)
{
    struct instrument instrument = {0};
    struct instrument untouched = {0};
    char name[INSTRUMENT_MAX];
    if (!instrument_from_name(line, &instrument)) {
        assert(memcmp(&instrument, &untouched, sizeof instrument) == 0);
        return;
    }
    assert(memchr(instrument.base, '\0', ASSET_MAX) && memchr(instrument.quote, '\0', ASSET_MAX));
    assert(instrument.base[0] && instrument.quote[0] && instrument.kind <= INSTRUMENT_FUTURE);
    assert((instrument.expiry_ns > 0) == (instrument.kind == INSTRUMENT_FUTURE));
    copy(instrument.symbol, sizeof instrument.symbol, "SYMBOL");
    instrument_name(&instrument, name);
    if (strlen(line) >= INSTRUMENT_MAX)
        return;
    assert(strlen(name) == strlen(line));
    for (size_t i = 0; line[i]; i++)
        assert(name[i] == (char)toupper((unsigned char)line[i]));
}

/* base TAB quote TAB symbol TAB number */
static void add(struct instrument_list *list, char *line)
{
    struct instrument item = {.trading = true};
    char *save = NULL;
    const char *base = strtok_r(line, "\t", &save), *quote = strtok_r(NULL, "\t", &save);
    const char *symbol = strtok_r(NULL, "\t", &save), *number = strtok_r(NULL, "\t", &save);
    int64_t n = number ? strtoll(number, NULL, 10) : 0;
    copy(item.base, sizeof item.base, base ? base : "");
    copy(item.quote, sizeof item.quote, quote ? quote : "");
    copy(item.symbol, sizeof item.symbol, symbol ? symbol : "S");
    item.kind = (enum instrument_kind)((uint64_t)n % (INSTRUMENT_OTHER + 1));
    item.expiry_ns = n;
    item.strike = (struct decimal){n, (uint8_t)((uint64_t)n % 20)};
    item.call = n & 1;
    enum err err = instrument_list_add(list, &item);
    assert(!err);
}

static void find(const struct instrument_list *list, const char *line)
{
    const struct instrument *item = NULL, *near[8];
    size_t count = instrument_list_nearest(list, line, near, 8);
    assert(count <= 8 && count <= list->count);
    err_clear();
    enum err err = instrument_list_find(list, "venue", line, &item);
    if (!err) {
        assert(item >= list->items && item < list->items + list->count);
        return;
    }
    assert(err == ERR_UNKNOWN);
    assert(!strpbrk(err_text(err), "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct instrument_list list;
    char *text = malloc(size + 1), *save = NULL;
    int lines = 0;
    assert(text);
    memcpy(text, data, size);
    text[size] = '\0';
    instrument_list_init(&list);
    for (char *line = strtok_r(text, "\n", &save); line && lines < LINES_MAX; lines++) {
        check_name(line);
        find(&list, line);
        add(&list, line);
        line = strtok_r(NULL, "\n", &save);
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct instrument *item = &list.items[i];
        assert(item->name[0] && memchr(item->name, '\0', sizeof item->name));
        assert(instrument_list_symbol(&list, item->symbol) == item);
        assert(instrument_list_name(&list, item->name) == item);
        const struct instrument *asked =
            instrument_list_request_symbol(&list, item->request_symbol);
        assert(asked && strcmp(asked->request_symbol, item->request_symbol) == 0);
    }
    instrument_list_release(&list);
    free(text);
    return 0;
}
