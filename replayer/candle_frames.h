/*
 * candle_frames: the way back from a candle to its frames: the records of a tape that hold a trade
 * which is counted in it.
 *
 *     tape -> engine with that one bar -> trades that count -> their RECORDS
 *
 * The engine runs with the configuration that the tape was recorded with, so that the same trades
 * count as did then. Time bars: the trades whose source time lies in the window. Other bars: those
 * from the first to the last record of the candle; a trade that was split belongs to several. For a
 * candle of a composite: the trades of those members that were used for it; where the tape was
 * recorded without composites, the defaults hold.
 *
 * The tape is read once for time bars, twice for all others. Memory does not grow with the tape.
 */
#ifndef REWICK_REPLAYER_CANDLE_FRAMES_H
#define REWICK_REPLAYER_CANDLE_FRAMES_H

#include "engine/candle/bar.h"
#include "engine/tape/tape_reader.h"
#include "engine/trade/trade.h"

/* Which candle. Strings are borrowed. */
struct candle_address {
    const char *venue; /* or "composite" */
    const char *instrument;
    struct bar bar;
    int64_t open_ns;
};

#define CANDLE_ADDRESS_WORDS 4 /* VENUE INSTRUMENT BAR OPEN_TIME */
/* ERR_USAGE, ERR_UNKNOWN. now_ns is for relative times. */
enum err candle_address_parse(struct candle_address *out, char *const words[CANDLE_ADDRESS_WORDS],
                              int64_t now_ns) ERR_MUST_CHECK;

struct candle_frames_options {
    bool salvage; /* go on behind damage */
    /* Losses of the tape, each once, the torn tail at its end too. */
    void (*each_loss)(const struct tape_loss *loss, void *arg);
    /* In order; the record is valid during the call. ERR_STOP: enough, which is no failure. */
    enum err (*each)(const struct record *record, void *arg);
    void *arg;
};

/* ERR_CHECK with text: no such candle, and what there is instead. ERR_DAMAGED: the tape is, and all
 * before that was given. A candle that was carried has no records; that is told on stderr. */
enum err candle_frames_each(const char *tape, const struct candle_address *address,
                            const struct candle_frames_options *options) ERR_MUST_CHECK;

#endif
