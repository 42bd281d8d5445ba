#include "engine/tape/record.h"
#include "engine/venue/venue_fast.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void venue_frame_init(struct venue_frame *frame)
{
    *frame = (struct venue_frame){.kind = VENUE_OTHER, .source_ns = RECORD_NO_TIME};
}

void venue_frame_release(struct venue_frame *frame)
{
    free(frame->trades);
    venue_routes_release(&frame->routes);
    venue_frame_init(frame);
}

void venue_frame_clear(struct venue_frame *frame)
{
    frame->kind = VENUE_OTHER;
    frame->channel[0] = '\0';
    frame->symbol[0] = '\0';
    frame->error[0] = '\0';
    frame->source_ns = RECORD_NO_TIME;
    frame->has_request_id = false;
    frame->request_id = 0;
    frame->leave = false;
    frame->reconnect = false;
    frame->trade_count = 0;
}

static enum err grow(struct venue_frame *frame)
{
    size_t capacity = frame->trade_capacity > 0 ? frame->trade_capacity * 2 : 16;
    if (capacity > VENUE_TRADES_MAX) {
        capacity = VENUE_TRADES_MAX;
    }
    /* The second half is where venue_frame_sort() merges. */
    struct trade *trades = realloc(frame->trades, 2 * capacity * sizeof *trades);
    if (!trades) {
        return err_fail(ERR_NOMEM, "out of memory for %zu trades", capacity);
    }
    frame->trades = trades;
    frame->trade_capacity = capacity;
    return ERR_OK;
}

enum err venue_frame_add(struct venue_frame *frame, struct trade **out)
{
    if (frame->trade_count == VENUE_TRADES_MAX) {
        return err_fail(ERR_LIMIT, "more than %d trades in a frame", VENUE_TRADES_MAX);
    }
    if (frame->trade_count == frame->trade_capacity) {
        enum err err = grow(frame);
        if (err) {
            return err;
        }
    }
    *out = &frame->trades[frame->trade_count++];
    fast_clear_trade(*out);
    return ERR_OK;
}

/* Merges the ascending runs [0, half) and [half, count) of `from` into `to`. */
static void merge(struct trade *to, const struct trade *from, size_t half, size_t count)
{
    size_t a = 0, b = half;
    for (size_t i = 0; i < count; i++) {
        bool left = b == count || (a < half && trade_compare(&from[a], &from[b]) <= 0);
        to[i] = left ? from[a++] : from[b++];
    }
}

static bool is_sorted(const struct venue_frame *frame)
{
    for (size_t i = 1; i < frame->trade_count; i++) {
        if (trade_compare(&frame->trades[i - 1], &frame->trades[i]) > 0) {
            return false;
        }
    }
    return true;
}

void venue_frame_sort(struct venue_frame *frame)
{
    if (is_sorted(frame)) {
        return;
    }
    size_t count = frame->trade_count;
    struct trade *from = frame->trades, *to = frame->trades + frame->trade_capacity;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t first = 0; first < count; first += 2 * run) {
            size_t left = count - first;
            size_t size = left < 2 * run ? left : 2 * run;
            merge(to + first, from + first, run < size ? run : size, size);
        }
        struct trade *swap = from;
        from = to;
        to = swap;
    }
    if (from != frame->trades) {
        memcpy(frame->trades, from, count * sizeof *from);
    }
}

void venue_frame_malformed(struct venue_frame *frame, const char *format, ...)
{
    venue_frame_clear(frame);
    frame->kind = VENUE_MALFORMED;
    va_list args;
    va_start(args, format);
    vsnprintf(frame->error, sizeof frame->error, format, args);
    va_end(args);
}
