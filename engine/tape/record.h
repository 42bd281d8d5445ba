/*
 * record: one entry of a tape, and the place where live and replay meet.
 *
 *     socket -> frame -> RECORD -> engine -> candles
 *                         ^  |
 *                 replayer|  v
 *                          tape
 *
 * The engine is fed with records and cannot tell who feeds it. Plain data; all pointers are
 * borrowed from whoever hands the record out and are valid only as long as that one says.
 */
#ifndef REWICK_ENGINE_TAPE_RECORD_H
#define REWICK_ENGINE_TAPE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Written to disk: never renumber. */
enum record_type {
    RECORD_RECEIVED = 1, /* a WebSocket message from the venue, whole, byte for byte */
    RECORD_SENT = 2,     /* a WebSocket message to the venue */
    /* A connection opened, closed or failed. JSON: {"event":"open","url":"..."},
     * {"event":"close","reason":"..."}, {"event":"error","reason":"..."}; more members in
     * recorder/conductor.h */
    RECORD_CONNECTION = 3,
    RECORD_TICK = 4, /* time passed in a silent market; no data */
    /* An HTTP answer. One line of JSON that says what was asked and the status,
     * {"method":"GET","url":"...","status":200}, a line feed, then the body byte for byte. */
    RECORD_HTTP = 5,
    /* Something was lost, or may be. JSON: {"reason":"...","count":N,"first_wall_ns":N,
     * "last_wall_ns":N} with the number of records that are not on the tape; "frames" of them were
     * messages of the venue. count 0: the reason names trades that nobody could fetch. */
    RECORD_GAP = 6,
    /* What this stretch of tape was recorded with. JSON; the members that change candles are
     * described in engine/engine.h. Starts a session: the monotonic clock may restart here. */
    RECORD_CONFIG = 7,
};

#define RECORD_TYPE_MAX 7

/* Flags. */
#define RECORD_BINARY 0x01 /* a WebSocket message with opcode 2 (else 1, text) */

/* "No source time". */
#define RECORD_NO_TIME INT64_MIN

#define RECORD_VENUE_MAX 32                  /* bytes of a venue's name, NUL included */
#define RECORD_DATA_MAX  (16u * 1024 * 1024) /* bytes of one record; frames of 5 MB were seen */

struct record {
    uint64_t seq; /* global number on the tape, from 1, without holes unless something is lost */
    enum record_type type;
    uint8_t flags;
    const char *venue;   /* "binance"; "" when it belongs to none */
    uint32_t connection; /* from 1 in the order of connecting, unique on the tape; 0 for none */
    int64_t wall_ns;     /* receive time: wall clock, since 1970 */
    int64_t mono_ns;     /* receive time: monotonic clock; within one session never goes back */
    int64_t source_ns;   /* the venue's own time in the frame, or RECORD_NO_TIME */
    const uint8_t *data;
    size_t size;
    /* The bytes were left on the tape, because its reader wants those of other lanes only
     * (tape_reader_options.wants): data is NULL, size 0, and the source time was left there too.
     * All else is there. */
    bool unread;
    uint32_t row; /* unread, and this is what was made of its lane's row, from 1; else 0 */
};

/* "received", "sent", "connection", "tick", "http", "gap", "config", or "unknown". */
const char *record_type_name(enum record_type type);

#endif
