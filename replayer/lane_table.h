/*
 * lane_table: what the lanes of a tape hold and what they take, as rows: `rewick tape info
 * --lanes`.
 */
#ifndef REWICK_REPLAYER_LANE_TABLE_H
#define REWICK_REPLAYER_LANE_TABLE_H

#include "engine/base/err.h"
#include "engine/tape/tape_lane.h"

#include <stddef.h>
#include <stdint.h>

struct lane_row {
    struct tape_lane lane; /* with LANE_UNJUDGED all that lies in live segments, not in lanes */
    uint64_t records;
    uint64_t bytes;  /* of data */
    uint64_t stored; /* of the file */
};

/* Zeroed is empty. */
struct lane_table {
    struct lane_row *rows; /* owned */
    size_t count, capacity;
    size_t last; /* where the lane last added was found */
};

void lane_table_release(struct lane_table *table);

/* tape_check_watch.lane, with a lane_table as `arg`. */
enum err lane_table_add(const struct tape_lane *lane, uint64_t records, uint64_t bytes,
                        uint64_t stored, void *arg) ERR_MUST_CHECK;

/* Prints the rows, those that take most first, as text or as a JSON array. */
void lane_table_print(struct lane_table *table);
enum err lane_table_print_json(struct lane_table *table) ERR_MUST_CHECK;

#endif
