/*
 * candle_store: reads candles from the SQLite file that sink_sqlite writes, while it writes. Read
 * only: never checkpoints, never writes. Not thread safe; open one per thread.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_STORE_H
#define REWICK_ENGINE_SINK_CANDLE_STORE_H

#include "engine/candle/candle.h"

struct candle_store;

/* Names in one list of a query; more are ERR_LIMIT. */
#define CANDLE_STORE_NAMES_MAX 1024

/* Empty lists and zero counts mean all. */
struct candle_query {
    const char *const *venues;
    size_t venue_count;
    const char *const *instruments;
    size_t instrument_count;
    const struct bar *bars;
    size_t bar_count;
    int64_t from_ns, to_ns; /* open time in [from, to); INT64_MIN and INT64_MAX = no bound */
    bool forming;           /* forming candles too */
    bool revisions;         /* earlier revisions too, before their last one */
    uint64_t limit;         /* 0 = all */
    uint64_t offset;        /* rows to leave out, for paging */
    bool histograms;        /* latency_values too, where they are stored; not with `revisions` */
};

/* ERR_MISSING, ERR_DAMAGED (not a rewick database, other schema), ERR_LOCKED, ERR_IO. Reading a
 * file that nobody writes leaves an empty PATH-wal and a PATH-shm beside it, which the next writer
 * removes; in a folder that is read-only it is read as a file that nobody changes. */
enum err candle_store_open(struct candle_store **out, const char *path) ERR_MUST_CHECK;
void candle_store_close(struct candle_store *store); /* accepts NULL */

/* Rows ordered by open time, venue, instrument, bar (bar_compare()), revision; all that the candle
 * points to is valid during the call only. *out_update (may be NULL): the number of the last update
 * stored by the newest writer, read in the same transaction, so rows are exactly the state after
 * that update. `each` ends the query by returning another code than ERR_OK, which is passed on. */
enum err candle_store_query(struct candle_store *store, const struct candle_query *query,
                            enum err (*each)(const struct candle *candle, void *arg), void *arg,
                            uint64_t *out_update) ERR_MUST_CHECK;

/* Every venue and instrument that has a candle. */
enum err candle_store_instruments(struct candle_store *store,
                                  enum err (*each)(const char *venue, const char *instrument,
                                                   const char *symbol, void *arg),
                                  void *arg) ERR_MUST_CHECK;

/* The same per bar, by venue, instrument and the bar's text. */
enum err candle_store_series(struct candle_store *store,
                             enum err (*each)(const char *venue, const char *instrument,
                                              const char *bar, void *arg),
                             void *arg) ERR_MUST_CHECK;

#endif
