/* simulate_list: the instrument list of a simulated venue, as a recorder would have fetched it. */
#ifndef REWICK_REPLAYER_SIMULATE_LIST_H
#define REWICK_REPLAYER_SIMULATE_LIST_H

#include "replayer/simulate_feed.h"

#define SIMULATE_PAGES_MAX 64

/* Page `index` of it, as the data of a RECORD_HTTP, in `out`. `body` holds the page before and then
 * this one. ERR_END: that was all, or the venue has no list. */
enum err simulate_list_page(const struct simulate_feed_options *feed, int64_t wall_ns, size_t index,
                            struct buf *body, struct buf *out) ERR_MUST_CHECK;

#endif
