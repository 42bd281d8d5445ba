/*
 * log: talk on stderr. One line a call, "rewick: text" (a warning says "rewick: warning: text").
 * Results never come this way. Any thread.
 */
#ifndef REWICK_ENGINE_BASE_LOG_H
#define REWICK_ENGINE_BASE_LOG_H

#include "engine/base/err.h"

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2))); /* silent if quiet */
void log_set_quiet(int quiet);

#endif
