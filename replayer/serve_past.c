#include "replayer/serve_past.h"

#include "engine/engine_answer.h"

#include <stdlib.h>
#include <string.h>

#define TRADES_FIRST 256

void serve_past_release(struct serve_past *past)
{
    if (!past)
        return;
    free(past->trades);
    *past = (struct serve_past){0};
}

static enum err grow(struct serve_past *past)
{
    size_t capacity = past->capacity ? 2 * past->capacity : TRADES_FIRST;
    struct trade *trades = realloc(past->trades, capacity * sizeof *trades);
    if (!trades)
        return err_fail(ERR_NOMEM, "no memory for the trades of the past");
    past->trades = trades;
    past->capacity = capacity;
    return ERR_OK;
}

static enum err add_trade(struct serve_past *past, const struct trade *trade)
{
    if (past->count == SERVE_PAST_MAX) {
        past->trades[past->next] = *trade;
        past->next = (past->next + 1) % SERVE_PAST_MAX;
        return ERR_OK;
    }
    enum err err = past->count == past->capacity ? grow(past) : ERR_OK;
    if (err == ERR_OK)
        past->trades[past->count++] = *trade;
    return err;
}

enum err serve_past_add(struct serve_past *past, const struct venue_frame *frame, uint64_t seq)
{
    if (seq <= past->seq)
        return ERR_OK;
    past->seq = seq;
    enum err err = ERR_OK;
    for (size_t i = 0; i < frame->trade_count && err == ERR_OK; i++)
        err = add_trade(past, &frame->trades[i]);
    return err;
}

enum err serve_past_add_answer(struct serve_past *past, const struct venue *venue,
                               const struct instrument_list *instruments,
                               const struct record *record, struct venue_frame *frame)
{
    if (record->seq <= past->seq || !venue->decode_http)
        return ERR_OK;
    struct engine_answer answer;
    enum err err = ERR_OK;
    if (engine_answer_read(&answer, record) && answer.status == 200 &&
        !engine_answer_is_list(&answer, venue)) {
        err = venue->decode_http(answer.url, answer.body, answer.size, instruments, frame);
        if (err == ERR_OK)
            err = serve_past_add(past, frame, record->seq);
    }
    engine_answer_release(&answer);
    return err;
}

static bool is_within(const struct trade *trade, const struct venue_span *span)
{
    bool aggregated = (trade->flags & TRADE_AGGREGATED) != 0;
    return aggregated == span->aggregated && trade->id >= span->first_id &&
           trade->id <= span->last_id && trade->source_ns >= span->from_ns &&
           trade->source_ns <= span->to_ns;
}

static int compare(const void *a, const void *b)
{
    const struct trade *left = *(const struct trade *const *)a;
    const struct trade *right = *(const struct trade *const *)b;
    int order = trade_compare(left, right);
    return order != 0 ? order : (left > right) - (left < right);
}

static bool same_trade(const struct trade *a, const struct trade *b)
{
    return a->has_id && b->has_id && a->id == b->id && a->source_ns == b->source_ns;
}

/* Pointers to what is asked for, ascending, each once. */
static size_t select_trades(const struct serve_past *past, const char *symbol,
                            const struct venue_span *span, const struct trade **out)
{
    size_t found = 0, kept = 0;
    for (size_t i = 0; i < past->count; i++)
        if (is_within(&past->trades[i], span) && strcmp(past->trades[i].symbol, symbol) == 0)
            out[found++] = &past->trades[i];
    qsort(out, found, sizeof *out, compare);
    for (size_t i = 0; i < found; i++)
        if (kept == 0 || !same_trade(out[kept - 1], out[i]))
            out[kept++] = out[i];
    return kept;
}

size_t serve_past_trades(const char *symbol, const struct venue_span *span, size_t max,
                         struct trade *out, void *arg)
{
    const struct serve_past *past = arg;
    const struct trade **selected = calloc(past->count + 1, sizeof *selected);
    if (!selected)
        return 0;
    size_t count = select_trades(past, symbol, span, selected);
    size_t given = count < max ? count : max;
    size_t first = span->newest ? count - given : 0;
    for (size_t i = 0; i < given; i++)
        out[i] = *selected[first + i];
    free(selected);
    return given;
}
