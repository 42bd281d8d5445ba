/*
 * health_table: reports of health as rows of the store's table `health` (made in candle_schema.c).
 * A part of sink_sqlite.
 *
 * One row per report; times are ns, rates and counts those of struct health_report. What is not
 * known (no frame yet, no latency, no usual rate) is NULL. Connection 0 is the whole venue.
 */
#ifndef REWICK_ENGINE_SINK_HEALTH_TABLE_H
#define REWICK_ENGINE_SINK_HEALTH_TABLE_H

#include "engine/health/health.h"

#include <sqlite3.h>

/* Reports older than this, counted back from the newest, are deleted now and then. */
#define HEALTH_TABLE_KEEP_NS (INT64_C(7) * 24 * 3600 * 1000000000)

/* One report; of two for one time, venue and connection the last stays. */
extern const char health_table_upsert[];
/* SQLite's own codes: SQLITE_OK or what the failing bind said. */
int health_table_bind(sqlite3_stmt *upsert, const struct health_report *report);

/* Deletes the reports before the time of parameter 1, in ns. */
extern const char health_table_delete[];

#endif
