/*
 * repair_source: a tiny venue for tests of repairs: one trade channel, targets that say the hole.
 *
 *     /trades?s=SYMBOL&f=FIRST_ID&l=LAST_ID&a=FROM_NS&b=TO_NS
 */
#ifndef REWICK_TESTS_UNIT_REPAIR_SOURCE_H
#define REWICK_TESTS_UNIT_REPAIR_SOURCE_H

#include "recorder/record_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static inline enum err source_trades(const struct venue_hole *hole, struct buf *out)
{
    buf_clear(out);
    return buf_printf(out, "/trades?s=%s&f=%" PRIu64 "&l=%" PRIu64 "&a=%" PRId64 "&b=%" PRId64,
                      hole->instrument->request_symbol, hole->first_id, hole->last_id,
                      hole->from_ns, hole->to_ns);
}

static inline enum err source_none(const struct venue_hole *hole, struct buf *out)
{
    (void)hole;
    (void)out;
    return err_fail(ERR_UNKNOWN, "nothing is kept");
}

static inline bool source_is_list(const char *url)
{
    return strstr(url, "/list") != NULL;
}

/* Two symbols a message, {"id":N,"C":["A","B"]}. */
static inline enum err source_subscribe(const struct venue_change *change, size_t index,
                                        struct buf *out)
{
    size_t first = 2 * index;
    if (first >= change->count)
        return ERR_END;
    buf_clear(out);
    return buf_printf(out, "{\"id\":%" PRIu64 ",\"%s%s\":[\"%s\",\"%s\"]}",
                      change->first_id + index, change->leave ? "-" : "", change->channel,
                      change->symbols[first],
                      first + 1 < change->count ? change->symbols[first + 1] : "");
}

struct source {
    struct venue venue;
    struct venue_rest rest;
    struct venue_recording recording;
    struct instrument instruments[4];
    struct record_plan plan;
};

static const struct venue_channel source_channels[] = {
    {.name = "trade", .role = ROLE_TRADES},
    {.name = "book", .role = ROLE_DEPTH},
    {.name = NULL},
};

static inline void source_init(struct source *source, enum venue_ids ids, bool ascending, bool once)
{
    static const char *const symbols[4] = {"AAA", "BBB", "CCC", "DDD"};
    memset(source, 0, sizeof *source);
    source->rest = (struct venue_rest){.url = "https://rest.test",
                                       .is_list = source_is_list,
                                       .trades = source_trades,
                                       .trades_ascending = ascending,
                                       .trades_once = once};
    source->recording = (struct venue_recording){.channels = source_channels,
                                                 .subscribe = source_subscribe,
                                                 .ack = ACK_MESSAGE,
                                                 .symbols_max = 100};
    source->venue = (struct venue){
        .name = "testing", .ids = ids, .recording = &source->recording, .rest = &source->rest};
    for (int i = 0; i < 4; i++) {
        struct instrument *instrument = &source->instruments[i];
        snprintf(instrument->symbol, SYMBOL_MAX, "%s", symbols[i]);
        snprintf(instrument->request_symbol, SYMBOL_MAX, "%s", symbols[i]);
        snprintf(instrument->name, INSTRUMENT_MAX, "%s-USD", symbols[i]);
    }
    struct plan_venue *plan = &source->plan.venues[0];
    source->plan.venue_count = 1;
    *plan = (struct plan_venue){.venue = &source->venue,
                                .redundancy = 1,
                                .stream_count = 2,
                                .count = 4,
                                .instruments = source->instruments};
    snprintf(plan->rest.host, sizeof plan->rest.host, "rest.test");
    plan->streams[0].channel = &source_channels[0];
    plan->streams[1].channel = &source_channels[1];
}

#endif
