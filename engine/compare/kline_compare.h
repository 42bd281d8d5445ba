/*
 * kline_compare: our candles against the venues' own.
 *
 *     klines of frames and answers  \
 *                                    -> per venue, symbol, length and open time: a verdict
 *     candles of the engine         /
 *
 * Both come in any order, and later ones replace earlier ones of the same window. A verdict is
 * given when the market has gone on by KLINE_COMPARE_WINDOWS_MAX windows, and of what is left at
 * the end: far beyond any correction.
 *
 * What is not final, theirs or ours, is compared with each update: two that were equal at a time
 * held the same trades by then (NOTE_FORMING); two that never were prove nothing.
 *
 * Values are compared exactly, 1.0 equals 1.00. Two are taken for equal although they are not: a
 * venue that cuts the digits of its quote volume (ours cut to as many is the same: NOTE_CUT) and a
 * vwap within one unit of its last digit (NOTE_ROUNDED).
 *
 * Pure; integers only. Not thread safe. It copies what it keeps.
 */
#ifndef REWICK_ENGINE_COMPARE_KLINE_COMPARE_H
#define REWICK_ENGINE_COMPARE_KLINE_COMPARE_H

#include "engine/candle/candle.h"

/* Kept per market and length; the oldest is judged first. */
#define KLINE_COMPARE_WINDOWS_MAX 2048
#define KLINE_COMPARE_MARKETS_MAX 8192 /* markets and lengths; more are ERR_LIMIT */

/* When a kline was said: not known. */
#define KLINE_NO_TIME INT64_MIN

enum kline_outcome {
    KLINE_EQUAL,
    KLINE_DIFFERS,     /* nothing explains it: the venue, or we, are wrong */
    KLINE_EXPLAINED,   /* differs, and the reason is known */
    KLINE_NOT_COVERED, /* cannot be compared */
};

/* name, text. Of several that apply the first counts. */
#define KLINE_REASONS(X)                                                                           \
    X(NONE, "")                                                                                    \
    /* not covered */                                                                              \
    X(NOT_FINAL, "kline not final")                                                                \
    X(NOT_ALIGNED, "windows begin at other times")                                                 \
    X(NO_BAR, "bar not built")                                                                     \
    X(OUTSIDE, "no trade of the market before or after")                                           \
    X(NOT_CLOSED, "candle not closed")                                                             \
    /* explained */                                                                                \
    X(PARTIAL, "not followed from the start")                                                      \
    X(DISCONNECTED, "disconnected")                                                                \
    X(MISSING, "missing ids")                                                                      \
    X(LOST, "frames lost or unreadable")                                                           \
    X(IDS, "other id range")                                                                       \
    X(EXCLUDED, "ids that are no trades")                                                          \
    X(OVERFLOW, "a sum has no value")                                                              \
    X(LATE, "trades beyond the correction horizon")

enum kline_reason {
#define KLINE_REASON_ENUM(name, text) KLINE_REASON_##name,
    KLINE_REASONS(KLINE_REASON_ENUM)
#undef KLINE_REASON_ENUM
};
const char *kline_outcome_name(enum kline_outcome outcome); /* "equal", "differs", ... */
const char *kline_reason_text(enum kline_reason reason);

#define KLINE_NOTE_CUT     0x1u /* the venue cuts digits of the quote volume */
#define KLINE_NOTE_ROUNDED 0x2u /* ... and of the vwap */
#define KLINE_NOTE_FORMING 0x8u /* not final, but both were equal at a time */
#define KLINE_NOTE_QUIET   0x4u /* no trades: we have no candle, the venue a flat or empty one */

#define KLINE_FIELDS_MAX 12
struct kline_difference {
    const char *field; /* name of the candle's column */
    char ours[DECIMAL_TEXT_MAX], theirs[DECIMAL_TEXT_MAX];
};

struct kline_verdict {
    const char *venue, *symbol; /* strings live as long as the compare */
    const char *instrument;     /* "" when we have no candle of the market */
    int64_t size_ns, open_ns;
    enum kline_outcome outcome;
    enum kline_reason reason;
    uint32_t notes;
    size_t difference_count;
    struct kline_difference differences[KLINE_FIELDS_MAX];
};

struct kline_counts {
    uint64_t compared; /* equal + differs + explained */
    uint64_t equal;
    uint64_t cut; /* of the equal ones: those with a note that digits are cut or rounded */
    uint64_t differs, explained, not_covered;
};

struct kline_compare_options {
    /* Bars that are built: a kline of another length is not covered because of that. Borrowed. */
    const struct bar *bars;
    size_t bar_count;
    int64_t from_ns, to_ns; /* open times in [from, to); INT64_MIN and INT64_MAX = no bound */
    bool known_only;        /* no verdicts on markets of which no candle came: not asked for */
    void (*verdict)(const struct kline_verdict *verdict, void *arg); /* may be NULL */
    void *arg;
};

struct kline_compare;

enum err kline_compare_new(struct kline_compare **out,
                           const struct kline_compare_options *options) ERR_MUST_CHECK;
void kline_compare_free(struct kline_compare *compare); /* accepts NULL */

/* said_ns: the time of the frame that held it, KLINE_NO_TIME when not known; a kline of a venue
 * that marks none as final is not when we have a later trade. ERR_NOMEM, ERR_LIMIT with text. */
enum err kline_compare_kline(struct kline_compare *compare, const char *venue,
                             const struct venue_kline *kline, int64_t said_ns) ERR_MUST_CHECK;
/* A candle in any state; other bars than those built by time are ignored, and composites. */
enum err kline_compare_candle(struct kline_compare *compare,
                              const struct candle *candle) ERR_MUST_CHECK;

/* Judges all that is left. `lost_late`: trades were lost to lateness (engine_stats), which may be
 * the reason where nothing else is. */
void kline_compare_end(struct kline_compare *compare, bool lost_late);

/* Of all verdicts so far. */
const struct kline_counts *kline_compare_counts(const struct kline_compare *compare);

/* Per market and length, in the order in which they were seen, those without a kline left out. */
struct kline_market {
    const char *venue, *symbol, *instrument;
    int64_t size_ns;
    struct kline_counts counts;
};
void kline_compare_each_market(const struct kline_compare *compare,
                               void (*each)(const struct kline_market *market, void *arg),
                               void *arg);

#endif
