/*
 * tape_out: a new tape that is there whole or not at all. It is written under "NAME.part" and gets
 * its name when it is closed; a ".part" that a killed run left is removed by the next one.
 */
#ifndef REWICK_REPLAYER_TAPE_OUT_H
#define REWICK_REPLAYER_TAPE_OUT_H

#include "engine/base/err.h"
#include "engine/tape/record.h"

#include <stdbool.h>

struct tape_out;

/* `path` must not exist (ERR_USAGE). Ids and salts are made from `id`, that of the tape that it
 * comes from, and `wall_ns`, so that the same inputs give the same bytes. */
enum err tape_out_open(struct tape_out **out, const char *path, const uint8_t id[16],
                       int64_t wall_ns) ERR_MUST_CHECK;
/* The record gets the next number. */
enum err tape_out_append(struct tape_out *out, const struct record *record) ERR_MUST_CHECK;
uint64_t tape_out_count(const struct tape_out *out);
/* When `outcome` is ERR_OK the tape is closed, sealed when asked for, and named; else it is removed
 * and the outcome is what comes back, with its text. Frees in any case; accepts NULL. */
enum err tape_out_close(struct tape_out *out, enum err outcome, bool seal) ERR_MUST_CHECK;

#endif
