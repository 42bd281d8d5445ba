/*
 * capture_status: what `rewick status` tells, as JSON. Times are RFC 3339, durations in ms.
 *
 *   {"rewick":"0.1.0","pid":1,"started":"...",
 *    "tape":{"path":"...","next_seq":N,"written_seq":N,"durable_seq":N,"bytes":N,"flush_ms":N,
 *            "sync_ms":N,"segments_sealed":N,"segments_live":N,
 *            "interrupted":false,"why":"","disk":"ok","disk_left_min":N},
 *    "candles":{"behind":N},
 *    "network":{"opened":N,"failed":N,"lost":N,"changeovers":N,"dropped":N,...},
 *    "venues":[{"venue":"binance","health":"up","why":"","score":100,...,"repair":{...},
 *               "report":{"score":100,"why":"","frame_age_ms":N,...,"latency":{...}},
 *               "connections":[{...,"health":"up","why":"","score":100,"report":{...}}]}]}
 *
 * "report" is what the records say (engine/health/health.h); null before there is one.
 */
#ifndef REWICK_RECORDER_CAPTURE_STATUS_H
#define REWICK_RECORDER_CAPTURE_STATUS_H

#include "recorder/capture_watch.h"
#include "recorder/conductor.h"
#include "recorder/tape_keeper.h"

#define CAPTURE_STATUS_BYTES_MAX (16u * 1024 * 1024)

/* "tape":{...} but for its path and bounds, which the caller has put in front, and the closing
 * brace. */
enum err capture_status_tape(const struct tape_keeper *tape, struct buf *out) ERR_MUST_CHECK;
/* "venues":[...] */
enum err capture_status_venues(struct capture_watch *watch, struct stamp now,
                               struct buf *out) ERR_MUST_CHECK;
/* "network":{...} */
enum err capture_status_network(const struct conductor_stats *stats,
                                struct buf *out) ERR_MUST_CHECK;

#endif
