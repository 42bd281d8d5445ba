/*
 * watched_venue: one venue as the watch sees it: who carries which subscription, its connections,
 * and its health in one word and one line. Plain data. Part of capture_watch.
 */
#ifndef REWICK_RECORDER_WATCHED_VENUE_H
#define REWICK_RECORDER_WATCHED_VENUE_H

#include "recorder/name_map.h"
#include "recorder/watched_connection.h"

/* A subscription of the venue, on however many connections. */
struct coverage {
    char channel[CHANNEL_MAX], symbol[SYMBOL_MAX];
    size_t stream;
    unsigned wanted, carriers; /* open connections that it is wanted of; that carry it */
    bool heard, warned;        /* something has come; that nothing comes has been said */
    bool refused;              /* that has been said */
    bool recalled;             /* an older session had it */
    int64_t since_ns;          /* first carried; 0 = not yet */
};

#define WATCH_MALFORMED_KINDS 8

struct watched_venue {
    const struct plan_venue *plan; /* the newest that has it */
    size_t stream_count;
    const char *streams[WATCH_STREAMS_MAX]; /* channels */
    struct name_map names;                  /* numbers of coverages */
    struct coverage **coverages;            /* owned; by number */
    size_t count, capacity;
    struct watched_connection **connections; /* owned; ascending by number; the last of links that
                                                were cut stay until there is a next one */
    struct watched_link *links;              /* owned */
    struct watch_connection *told;           /* owned; capacity + 1 */
    uint32_t failed;                         /* connection of the attempt that failed last; 0 */

    uint64_t frames, trades, malformed, reconnects, errors, refused;
    int64_t last_data_wall_ns;
    bool accepted;          /* something was accepted, or data came */
    int64_t refused_ns;     /* last refusal; 0 = none */
    unsigned refusals_said; /* lines */
    int64_t recalled_wall_ns;
    uint64_t missing, filled; /* as health knows them */
    size_t malformed_kinds;
    uint64_t malformed_hashes[WATCH_MALFORMED_KINDS];
};

void watched_venue_release(struct watched_venue *venue); /* accepts a zeroed one */

/* WATCH_STREAMS_MAX: too many. */
size_t watched_venue_stream(struct watched_venue *venue, const char *channel);
/* NAME_MAP_NONE: none. */
uint32_t watched_venue_find(const struct watched_venue *venue, const char *channel,
                            const char *symbol);
enum err watched_venue_add(struct watched_venue *venue, const char *channel, const char *symbol,
                           uint32_t *out) ERR_MUST_CHECK;

/* NULL: none. */
struct watched_connection *watched_venue_connection(const struct watched_venue *venue,
                                                    uint32_t number);
/* A zeroed one with its number, not open; replaces one of that number. ERR_NOMEM. */
enum err watched_venue_connect(struct watched_venue *venue, uint32_t number, uint32_t link,
                               struct watched_connection **out) ERR_MUST_CHECK;
void watched_venue_forget(struct watched_venue *venue, struct watched_connection *connection);
/* An attempt to connect has failed. ERR_NOMEM. */
enum err watched_venue_fail(struct watched_venue *venue, uint32_t number) ERR_MUST_CHECK;
/* Connections that were lost need no successor any more. */
void watched_venue_forget_lost(struct watched_venue *venue);

void watched_venue_tell(const struct watched_venue *venue, const struct repair_stats *repair,
                        int64_t mono_ns, struct watch_venue *out);

#endif
