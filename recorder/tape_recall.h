/*
 * tape_recall: tells the watch what an existing tape ended with, so that the trades that were
 * missed while no recorder ran are fetched like those of any other hole.
 */
#ifndef REWICK_RECORDER_TAPE_RECALL_H
#define REWICK_RECORDER_TAPE_RECALL_H

#include "engine/base/io.h"
#include "recorder/capture_watch.h"

/* So many records from the end are looked at; an instrument that traded in none of them is not
 * remembered. */
#define TAPE_RECALL_MAX 200000

/* The tape is open for writing and `next_seq` is what its next record gets. A part that cannot be
 * read is left out with a warning. */
enum err tape_recall(const struct io *io, const char *path, uint64_t next_seq,
                     const struct record_plan *plan, struct capture_watch *watch) ERR_MUST_CHECK;

#endif
