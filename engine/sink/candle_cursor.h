/*
 * candle_cursor: a place in the order of the store's rows (open time, venue, instrument, bar),
 * to read a long list in pages. Each page is a read of its own, so that no reader holds the store
 * open while a client dawdles; a row that appears in front of the cursor meanwhile is not seen
 * again, none is given twice.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_CURSOR_H
#define REWICK_ENGINE_SINK_CANDLE_CURSOR_H

#include "engine/sink/candle_filter.h"
#include "engine/sink/candle_store.h"
#include "engine/tape/record.h"

/* Plain data. Zeroed: in front of all rows. */
struct candle_cursor {
    bool started;
    int64_t open_ns; /* the last row that was given, or, without names, a time all before which was
                        given */
    struct bar bar;
    char venue[RECORD_VENUE_MAX];
    char instrument[INSTRUMENT_MAX];
    uint64_t same_open; /* rows known to have this open time, up to here */
    int64_t span_ns;    /* of time that the next page looks at; 0 = all */
};

/* Is the candle behind the cursor, that is, still to come? */
bool candle_cursor_before(const struct candle_cursor *cursor, const struct candle *candle);

/* Gives some of the next rows, none to rows_max, and moves the cursor behind them. `each` ends the
 * page by returning ERR_STOP for a row, which it then has not taken. *out_more: there may be
 * further rows. *out_update (may be NULL): see candle_store_query(); not set when
 * `each` ended the page. */
enum err candle_cursor_read(struct candle_cursor *cursor, struct candle_store *store,
                            const struct candle_filter *filter, uint64_t rows_max,
                            enum err (*each)(const struct candle *candle, void *arg), void *arg,
                            bool *out_more, uint64_t *out_update) ERR_MUST_CHECK;

/* Digits, names, separators, NUL. */
#define CANDLE_CURSOR_TEXT_MAX (RECORD_VENUE_MAX + INSTRUMENT_MAX + 128)
/* A page token for clients. It holds a checksum that the filter is part of. */
void candle_cursor_format(char text[CANDLE_CURSOR_TEXT_MAX], const struct candle_cursor *cursor,
                          const struct candle_filter *filter);
/* ERR_USAGE with text: not a token of this filter. */
enum err candle_cursor_parse(struct candle_cursor *out, const char *text,
                             const struct candle_filter *filter) ERR_MUST_CHECK;

#endif
