/*
 * replay_report: what a replay has to say on stderr: damage of the tape, what went wrong, a
 * summary, and names that are not on the tape.
 */
#ifndef REWICK_REPLAYER_REPLAY_REPORT_H
#define REWICK_REPLAYER_REPLAY_REPORT_H

#include "engine/engine.h"
#include "engine/tape/tape_reader.h"

#define REPLAY_REPORT_MAX 1024

/* "3 malformed frames, 1 missing trade id": all of it that makes candles worth less. False: nothing
 * is wrong. */
bool replay_report_troubles(char text[REPLAY_REPORT_MAX], const struct engine_stats *stats);

/* "93955 records, 34567 trades, 5 candles in 0.31 s (300 k records/s); 2 duplicates, ..." */
void replay_report_summary(char text[REPLAY_REPORT_MAX], const struct engine_stats *stats,
                           uint64_t candles, int64_t elapsed_ns);

/* "00000001.rwk.zst at byte 4096: 300 bytes cannot be used (reason); records 7 to 9 are missing" */
void replay_report_loss(char text[REPLAY_REPORT_MAX], const struct tape_loss *loss);

/* After a replay of all that was asked for: the names of the filter that no trade had. ERR_UNKNOWN,
 * with a text that lists the names that there are, when one is nowhere on the tape. Reads the tape
 * once more if it must. */
enum err replay_report_unknown(const struct engine *engine, const struct engine_filter *filter,
                               const char *tape, bool salvage) ERR_MUST_CHECK;

#endif
