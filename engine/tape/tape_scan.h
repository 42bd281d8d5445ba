/*
 * tape_scan: walks a tape from unit to unit, in order, without decoding them. It knows what a tape
 * is made of and what is wrong with it; tape_reader.h has the words (torn tail, damage, strict,
 * salvage) and is this with a decoder behind it.
 *
 *     folder -> segments, live and sealed -> SCAN -> units -> (decoders) -> records
 *
 * Sequential, one thread at a time.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_SCAN_H
#define REWICK_ENGINE_TAPE_TAPE_SCAN_H

#include "engine/tape/tape_reader.h"
#include "engine/tape/tape_unit.h"

struct tape_scan;

enum err tape_scan_open(struct tape_scan **out, const struct io *io, const char *path,
                        const struct tape_reader_options *options) ERR_MUST_CHECK;
void tape_scan_close(struct tape_scan *scan); /* accepts NULL */

/* The next unit; `unit` is the caller's, zeroed or used before, and its bytes its own. ERR_END when
 * there is none now (asking again later goes on when the tape has grown). After every other error
 * all later calls fail the same way. */
enum err tape_scan_next(struct tape_scan *scan, struct tape_unit *unit) ERR_MUST_CHECK;

/* What decoding found missing in a unit that was given out; units must be judged in order. ERR_OK
 * when the scan salvages: the loss is noted. Else ERR_DAMAGED with the text; who reads strictly
 * gives out the records before the first that is missing, and no more. */
enum err tape_scan_judge(struct tape_scan *scan, const struct tape_unit *unit,
                         const struct tape_records *records) ERR_MUST_CHECK;

/* As of tape_reader. */
void tape_scan_progress(const struct tape_scan *scan, uint64_t *out_done, uint64_t *out_total);
const uint8_t *tape_scan_id(const struct tape_scan *scan);
uint32_t tape_scan_segments(const struct tape_scan *scan);
uint32_t tape_scan_sealed(const struct tape_scan *scan); /* of those that were begun so far */
bool tape_scan_closed(const struct tape_scan *scan);
const struct tape_loss *tape_scan_losses(const struct tape_scan *scan, size_t *out_count);
const struct tape_loss *tape_scan_tail(const struct tape_scan *scan);

#endif
