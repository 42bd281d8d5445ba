#include "replayer/serve_catalog.h"

#include "engine/base/io.h"
#include "engine/base/log.h"
#include "engine/engine_answer.h"
#include "engine/tape/tape_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- symbols -------------------------------------------------------------------------------- */

/* Where the symbol stands or would stand. */
static size_t place(const struct serve_market *market, const char *symbol)
{
    size_t low = 0, high = market->symbol_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(market->symbols[middle], symbol) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool serve_market_has(const struct serve_market *market, const char *symbol)
{
    size_t at = place(market, symbol);
    return at < market->symbol_count && strcmp(market->symbols[at], symbol) == 0;
}

static enum err grow(struct serve_market *market)
{
    size_t capacity = market->symbol_capacity ? market->symbol_capacity * 2 : 16;
    char(*symbols)[SYMBOL_MAX] = realloc(market->symbols, capacity * sizeof *symbols);
    if (!symbols)
        return err_fail(ERR_NOMEM, "no memory for the symbols of '%s'", market->tape);
    market->symbols = symbols;
    market->symbol_capacity = capacity;
    return ERR_OK;
}

enum err serve_market_add(struct serve_market *market, const char *symbol)
{
    size_t length = strlen(symbol);
    size_t at = place(market, symbol);
    if (length == 0 || length >= SYMBOL_MAX || market->symbol_count == SERVE_SYMBOLS_MAX ||
        (at < market->symbol_count && strcmp(market->symbols[at], symbol) == 0))
        return ERR_OK;
    if (market->symbol_count == market->symbol_capacity) {
        enum err err = grow(market);
        if (err != ERR_OK)
            return err;
    }
    memmove(market->symbols + at + 1, market->symbols + at,
            (market->symbol_count - at) * sizeof *market->symbols);
    memcpy(market->symbols[at], symbol, length + 1);
    market->symbol_count++;
    return ERR_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum err find_market(struct serve_catalog *catalog, const struct venue *venue,
                            const char *tape, struct serve_market **out)
{
    for (size_t i = 0; i < catalog->count; i++) {
        struct serve_market *market = &catalog->markets[i];
        if (market->venue != venue)
            continue;
        if (strcmp(market->tape, tape) != 0)
            return err_fail(ERR_USAGE,
                            "venue '%s' is on two tapes, '%s' and '%s'; give one of them",
                            venue->name, market->tape, tape);
        *out = market;
        return ERR_OK;
    }
    if (catalog->count == SERVE_VENUES_MAX)
        return err_fail(ERR_LIMIT, "more than %d venues; serve fewer tapes", SERVE_VENUES_MAX);
    struct serve_past *past = calloc(1, sizeof *past);
    if (!past)
        return err_fail(ERR_NOMEM, "no memory for venue '%s'", venue->name);
    *out = &catalog->markets[catalog->count++];
    **out = (struct serve_market){.venue = venue, .tape = tape, .past = past};
    return ERR_OK;
}

static enum err note_symbols(struct serve_market *market, const struct venue_frame *frame)
{
    enum err err = ERR_OK;
    if (frame->kind == VENUE_DATA)
        err = serve_market_add(market, frame->symbol);
    for (size_t i = 0; err == ERR_OK && i < frame->trade_count; i++)
        err = serve_market_add(market, frame->trades[i].symbol);
    return err;
}

/* Venues of a tape that cannot be played are named once. */
struct misfits {
    size_t count;
    char names[SERVE_VENUES_MAX][RECORD_VENUE_MAX];
};

static void note_misfit(struct misfits *misfits, const char *name, const char *tape)
{
    for (size_t i = 0; i < misfits->count; i++)
        if (strcmp(misfits->names[i], name) == 0)
            return;
    if (misfits->count == SERVE_VENUES_MAX)
        return;
    snprintf(misfits->names[misfits->count++], RECORD_VENUE_MAX, "%s", name);
    log_warn("venue '%s' on '%s' cannot be played; it is left out", name, tape);
}

/* Pages of the venue's instrument list; one that is damaged is left out. */
static enum err read_answer(struct serve_market *market, const struct record *record)
{
    const struct venue *venue = market->venue;
    struct engine_answer answer;
    enum err err = ERR_OK;
    if (engine_answer_read(&answer, record) && engine_answer_is_list(&answer, venue))
        err = venue->rest->decode_list(answer.url, answer.body, answer.size, &market->instruments);
    engine_answer_release(&answer);
    if (err == ERR_OK || err == ERR_NOMEM)
        return err;
    log_warn("instrument list of '%s', record %llu: %s", venue->name,
             (unsigned long long)record->seq, err_text(err));
    err_clear();
    return ERR_OK;
}

/* Without a list on the tape the spelling of the symbols speaks. */
static enum err describe(struct serve_market *market)
{
    enum err err = ERR_OK;
    bool listed = market->instruments.count > 0;
    for (size_t i = 0; !listed && i < market->symbol_count && err == ERR_OK; i++) {
        struct instrument instrument = {.trading = true};
        market->venue->describe(market->symbols[i], &instrument);
        instrument.trading = true;
        err = instrument_list_add(&market->instruments, &instrument);
    }
    return err;
}

static enum err read_frame(struct serve_market *market, const struct record *record,
                           struct venue_frame *frame)
{
    frame->connection = record->connection;
    enum err err = market->venue->decode(record->data, record->size, frame);
    if (err == ERR_OK)
        err = note_symbols(market, frame);
    if (err == ERR_OK)
        market->frames++;
    return err;
}

static enum err read_record(struct serve_catalog *catalog, const char *tape,
                            const struct record *record, struct venue_frame *frame,
                            struct misfits *misfits)
{
    if (record->type != RECORD_RECEIVED && record->type != RECORD_HTTP)
        return ERR_OK;
    const struct venue *venue = venue_find(record->venue);
    if (!venue || !venue->serving) {
        note_misfit(misfits, record->venue, tape);
        return ERR_OK;
    }
    struct serve_market *market = NULL;
    enum err err = find_market(catalog, venue, tape, &market);
    if (err != ERR_OK)
        return err;
    return record->type == RECORD_HTTP ? read_answer(market, record)
                                       : read_frame(market, record, frame);
}

static void release_market(struct serve_market *market)
{
    free(market->symbols);
    instrument_list_release(&market->instruments);
    serve_past_release(market->past);
    free(market->past);
    *market = (struct serve_market){0};
}

/* Venues that only answered over HTTP have nothing to play. */
static enum err complete(struct serve_catalog *catalog, size_t before)
{
    enum err err = ERR_OK;
    size_t kept = before;
    for (size_t i = before; i < catalog->count && err == ERR_OK; i++) {
        struct serve_market market = catalog->markets[i];
        catalog->markets[i] = (struct serve_market){0};
        if (market.frames == 0) {
            release_market(&market);
            continue;
        }
        catalog->markets[kept] = market;
        err = describe(&catalog->markets[kept++]);
    }
    if (err == ERR_OK)
        catalog->count = kept;
    return err;
}

static enum err read_tape(struct serve_catalog *catalog, const char *tape,
                          struct venue_frame *frame)
{
    struct tape_reader *reader = NULL;
    struct misfits *misfits = calloc(1, sizeof *misfits);
    if (!misfits)
        return err_fail(ERR_NOMEM, "no memory to read '%s'", tape);
    size_t before = catalog->count;
    enum err err = tape_reader_open(&reader, io_posix(), tape, NULL);
    while (err == ERR_OK) {
        struct record record;
        err = tape_reader_next(reader, &record);
        if (err == ERR_OK)
            err = read_record(catalog, tape, &record, frame, misfits);
    }
    if (err == ERR_END)
        err = complete(catalog, before);
    if (err == ERR_OK && catalog->count == before)
        err = err_fail(ERR_USAGE, "no frames of a venue that can be played are on '%s'", tape);
    tape_reader_close(reader);
    free(misfits);
    return err;
}

static size_t rank(const struct venue *venue)
{
    size_t i = 0;
    while (venue_all()[i] && venue_all()[i] != venue)
        i++;
    return i;
}

static int by_rank(const void *a, const void *b)
{
    size_t x = rank(((const struct serve_market *)a)->venue);
    size_t y = rank(((const struct serve_market *)b)->venue);
    return (x > y) - (x < y);
}

enum err serve_catalog_read(struct serve_catalog *catalog, char *const *tapes, size_t tape_count)
{
    memset(catalog, 0, sizeof *catalog);
    struct venue_frame frame;
    venue_frame_init(&frame);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < tape_count; i++)
        err = read_tape(catalog, tapes[i], &frame);
    /* The same ports whatever frame came first. */
    qsort(catalog->markets, catalog->count, sizeof catalog->markets[0], by_rank);
    venue_frame_release(&frame);
    return err;
}

void serve_catalog_release(struct serve_catalog *catalog)
{
    for (size_t i = 0; i < catalog->count; i++)
        release_market(&catalog->markets[i]);
    memset(catalog, 0, sizeof *catalog);
}
