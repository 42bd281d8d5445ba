/*
 * compare_text: what `rewick compare` prints: the venues of each instrument side by side, and our
 * candles against the venues' own.
 */
#ifndef REWICK_REPLAYER_COMPARE_TEXT_H
#define REWICK_REPLAYER_COMPARE_TEXT_H

#include "replayer/compare_run.h"
#include "replayer/text_rows.h"

/* As CSV and NDJSON one list with the columns of COMPARE_COLUMNS; as tables one per instrument.
 * *out_count: instruments. */
enum err compare_text_venues(struct compare_run *run, enum text_format format, size_t venues_min,
                             size_t *out_count) ERR_MUST_CHECK;

/* Verdicts as they come. As CSV and NDJSON one row each with the columns venue, instrument, symbol,
 * bar, open_time, outcome, reason, notes, differences ("volume 1.5 2.0", ours first); as a table
 * the differences of those that differ. */
struct compare_verdicts {
    struct text_rows rows;
    enum err err;             /* the first failure */
    uint64_t shown;           /* differences in the table */
    uint64_t not_covered[16]; /* by reason */
};
#define COMPARE_DIFFERENCES_SHOWN 1000 /* in the table; CSV and NDJSON have all */

enum err compare_verdicts_open(struct compare_verdicts *verdicts,
                               enum text_format format) ERR_MUST_CHECK;
/* For compare_wish.verdict with the verdicts as arg. */
void compare_verdicts_add(const struct kline_verdict *verdict, void *arg);
/* Prints the table, behind one line per market that says how many agree. */
enum err compare_verdicts_close(struct compare_verdicts *verdicts,
                                const struct kline_compare *klines) ERR_MUST_CHECK;

/* "klines: 120 compared, 118 equal (12 with digits cut), ...", for below the venues. */
void compare_text_counts(char *text, size_t size, const struct kline_counts *counts);

#endif
