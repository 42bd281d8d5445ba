/* venue_past: what played venues share when they answer over HTTP from a struct venue_past. Pure.
 */
#ifndef REWICK_ENGINE_VENUE_VENUE_PAST_H
#define REWICK_ENGINE_VENUE_VENUE_PAST_H

#include "engine/venue/venue.h"

/* All there is: narrow it. */
#define VENUE_SPAN_ALL                                                                             \
    ((struct venue_span){.last_id = UINT64_MAX, .from_ns = INT64_MIN, .to_ns = INT64_MAX})

/* By its spelling in requests, else in frames; NULL when there is none. */
const struct instrument *venue_past_find(const struct venue_past *past, const char *symbol);

/* At most `max` trades of the span, ascending. *out: free() it; NULL when there are none. */
enum err venue_past_trades(const struct venue_past *past, const char *symbol,
                           const struct venue_span *span, size_t max, struct trade **out,
                           size_t *out_count) ERR_MUST_CHECK;

#endif
