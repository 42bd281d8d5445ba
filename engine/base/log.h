/*
 * log: talk on stderr. One line a call, "rewick: text" (a warning says "rewick: warning: text"),
 * or, for machines, {"time":"...","level":"warning","text":"..."}. Results never come this way. Any
 * thread.
 */
#ifndef REWICK_ENGINE_BASE_LOG_H
#define REWICK_ENGINE_BASE_LOG_H

#include "engine/base/err.h"

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2))); /* silent if quiet */
void log_set_quiet(int quiet);
void log_set_json(int json);

/* At most so many warnings and infos of one kind (of one format) in a minute; how many more there
 * were is told with the next one. 0, the default: no limit. Errors have none. */
void log_set_limit(unsigned lines_per_minute);

#endif
