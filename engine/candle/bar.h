/*
 * bar: how trades are cut into candles. "1s", "90s", "1m", "4h", "1d", "1w".
 *
 * Time bars are windows [open, close) of source time, aligned to 1970-01-01 00:00 UTC; whole weeks
 * are aligned to Monday (1970-01-05). Pure.
 */
#ifndef REWICK_ENGINE_CANDLE_BAR_H
#define REWICK_ENGINE_CANDLE_BAR_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define BAR_TEXT_MAX 24
#define BAR_SIZE_MIN INT64_C(1000000000)
#define BAR_SIZE_MAX (INT64_C(7) * 24 * 3600 * 1000000000)

enum bar_kind { BAR_TIME };

struct bar {
    enum bar_kind kind;
    int64_t size; /* BAR_TIME: ns, whole seconds, BAR_SIZE_MIN .. BAR_SIZE_MAX */
};

/* Sets the error text. */
enum err bar_parse(struct bar *out, const char *text) ERR_MUST_CHECK;
/* Canonical text in the largest unit: 60s is "1m", 90s is "90s". */
void bar_format(char text[BAR_TEXT_MAX], struct bar bar);
bool bar_equal(struct bar a, struct bar b);

/* Open time of the window that holds source_ns (also for times before 1970). */
int64_t bar_open(struct bar bar, int64_t source_ns);

#endif
