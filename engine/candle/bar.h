/*
 * bar: how trades are cut into candles: "1s", "90s", "1m", "4h", "1d", "1w" by time, "100t" by
 * trades, "50v" by quantity, "1000000n" by money.
 *
 * Time bars are windows [open, close) of source time, aligned to 1970-01-01 00:00 UTC; whole weeks
 * are aligned to Monday (1970-01-05). Pure.
 */
#ifndef REWICK_ENGINE_CANDLE_BAR_H
#define REWICK_ENGINE_CANDLE_BAR_H

#include "engine/base/decimal.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define BAR_TEXT_MAX 40
#define BAR_SIZE_MIN INT64_C(1000000000)
#define BAR_SIZE_MAX (INT64_C(7) * 24 * 3600 * 1000000000)
/* Tick bars: trades. Volume and notional bars: significant digits of their size, and decimals. */
#define BAR_TICKS_MAX  1000000000
#define BAR_DIGITS_MAX 18

enum bar_kind { BAR_TIME, BAR_TICK, BAR_VOLUME, BAR_NOTIONAL };

struct bar {
    enum bar_kind kind;
    /* BAR_TIME: ns, whole seconds, BAR_SIZE_MIN .. BAR_SIZE_MAX. BAR_TICK: trades, 1 ..
     * BAR_TICKS_MAX. BAR_VOLUME, BAR_NOTIONAL: size * 10^-scale, above 0, without trailing zeros
     * behind the point. */
    int64_t size;
    uint8_t scale;
};

/* Sets the error text. */
enum err bar_parse(struct bar *out, const char *text) ERR_MUST_CHECK;
/* Canonical text: 60s is "1m", 90s is "90s", 0.50v is "0.5v". */
void bar_format(char text[BAR_TEXT_MAX], struct bar bar);
bool bar_equal(struct bar a, struct bar b);
/* Whether it is one that bar_parse() can give. */
bool bar_is_valid(struct bar bar);
/* The order of bars everywhere: kind, then size. < 0, 0, > 0. */
int bar_compare(struct bar a, struct bar b);
/* Of volume and notional bars. */
struct decimal bar_amount(struct bar bar);

/* Time bars. Open time of the window that holds source_ns (also for times before 1970). */
int64_t bar_open(struct bar bar, int64_t source_ns);
/* Whether every window of `whole` is made of whole windows of `part`, a shorter time bar. */
bool bar_nests(struct bar part, struct bar whole);

#endif
