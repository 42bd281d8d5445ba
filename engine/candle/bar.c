#include "engine/candle/bar.h"

#include "engine/base/time_text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define BAR_EXPECTED                                                                               \
    "give a time from 1s to 1w, like 1m, trades like 100t, a volume like 50v or money like "       \
    "1000000n"

/* 10^BAR_DIGITS_MAX */
#define AMOUNT_LIMIT INT64_C(1000000000000000000)

/* Weeks begin on Monday, and 1970-01-01 was a Thursday. */
#define WEEK_SHIFT (4 * NS_PER_DAY)

/* Largest first: the canonical text of a time takes the first that divides. */
static const struct unit {
    char letter;
    enum bar_kind kind;
    int64_t size;
} units[] = {
    {'w', BAR_TIME, NS_PER_WEEK}, {'d', BAR_TIME, NS_PER_DAY}, {'h', BAR_TIME, NS_PER_HOUR},
    {'m', BAR_TIME, NS_PER_MIN},  {'s', BAR_TIME, NS_PER_S},   {'t', BAR_TICK, 1},
    {'v', BAR_VOLUME, 1},         {'n', BAR_NOTIONAL, 1},
};
#define UNIT_COUNT (sizeof units / sizeof units[0])

/* NULL when there is no such unit. */
static const struct unit *unit_of_letter(char letter)
{
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (units[i].letter == letter)
            return &units[i];
    return NULL;
}

static enum err refuse(const char *text, const char *fault)
{
    return err_fail(ERR_USAGE, "bar '%.40s' %s; " BAR_EXPECTED, text, fault);
}

/* Times and trades: a whole number. */
static enum err parse_whole(struct bar *out, const char *text, size_t digits,
                            const struct unit *unit)
{
    int64_t count = 0, max = unit->kind == BAR_TIME ? BAR_SIZE_MAX / unit->size : BAR_TICKS_MAX;
    for (size_t i = 0; i < digits; i++) {
        if (text[i] == '.')
            return refuse(text, "is not a whole number");
        count = count * 10 + (text[i] - '0');
        if (count > max)
            return refuse(text, unit->kind == BAR_TIME ? "is longer than a week"
                                                       : "holds more than 1000000000 trades");
    }
    if (count == 0)
        return refuse(text, unit->kind == BAR_TIME ? "has no length" : "holds no trade");
    *out = (struct bar){unit->kind, count * unit->size, 0};
    return ERR_OK;
}

static enum err parse_amount(struct bar *out, const char *text, size_t digits, enum bar_kind kind)
{
    struct decimal amount;
    enum err err = decimal_parse(&amount, text, digits);
    if (err == ERR_DAMAGED)
        return refuse(text, "is not a number");
    while (err == ERR_OK && amount.scale > 0 && amount.mantissa % 10 == 0) {
        amount.mantissa /= 10;
        amount.scale--;
    }
    if (err != ERR_OK || amount.mantissa >= AMOUNT_LIMIT || amount.scale > BAR_DIGITS_MAX)
        return refuse(text, "has more than 18 digits");
    if (amount.mantissa == 0)
        return refuse(text, "has no size");
    *out = (struct bar){kind, (int64_t)amount.mantissa, amount.scale};
    return ERR_OK;
}

enum err bar_parse(struct bar *out, const char *text)
{
    /* No more than what can be right is looked at; the text may come from a tape. */
    size_t digits = strspn(text, "0123456789.");
    const struct unit *unit = NULL;
    if (digits > 0 && text[0] != '.' && text[digits - 1] != '.' && text[digits] != '\0' &&
        text[digits + 1] == '\0')
        unit = unit_of_letter(text[digits]);
    if (unit == NULL)
        return refuse(text, "is not a bar");
    if (unit->kind == BAR_TIME || unit->kind == BAR_TICK)
        return parse_whole(out, text, digits, unit);
    return parse_amount(out, text, digits, unit->kind);
}

void bar_format(char text[BAR_TEXT_MAX], struct bar bar)
{
    size_t i = 0;
    while (i + 1 < UNIT_COUNT && (units[i].kind != bar.kind || bar.size % units[i].size != 0))
        i++;
    char number[DECIMAL_TEXT_MAX];
    decimal_format(number, (struct decimal){bar.size / units[i].size, bar.scale});
    snprintf(text, BAR_TEXT_MAX, "%.38s%c", number, units[i].letter);
}

bool bar_equal(struct bar a, struct bar b)
{
    return a.kind == b.kind && a.size == b.size && a.scale == b.scale;
}

bool bar_is_valid(struct bar bar)
{
    switch (bar.kind) {
    case BAR_TIME:
        return bar.size >= BAR_SIZE_MIN && bar.size <= BAR_SIZE_MAX &&
               bar.size % BAR_SIZE_MIN == 0 && bar.scale == 0;
    case BAR_TICK:
        return bar.size >= 1 && bar.size <= BAR_TICKS_MAX && bar.scale == 0;
    case BAR_VOLUME:
    case BAR_NOTIONAL:
        return bar.size >= 1 && bar.size < AMOUNT_LIMIT && bar.scale <= BAR_DIGITS_MAX &&
               (bar.scale == 0 || bar.size % 10 != 0);
    }
    return false;
}

int bar_compare(struct bar a, struct bar b)
{
    if (a.kind != b.kind)
        return a.kind < b.kind ? -1 : 1;
    return decimal_compare(bar_amount(a), bar_amount(b));
}

struct decimal bar_amount(struct bar bar)
{
    return (struct decimal){bar.size, bar.scale};
}

int64_t bar_open(struct bar bar, int64_t source_ns)
{
    assert(bar.kind == BAR_TIME);
    int64_t into = source_ns % bar.size - (bar.size == NS_PER_WEEK ? WEEK_SHIFT : 0);
    while (into < 0)
        into += bar.size;
    int64_t open;
    return __builtin_sub_overflow(source_ns, into, &open) ? INT64_MIN : open;
}

bool bar_nests(struct bar part, struct bar whole)
{
    if (part.kind != BAR_TIME || whole.kind != BAR_TIME || part.size >= whole.size)
        return false;
    return whole.size % part.size == 0 &&
           (whole.size != NS_PER_WEEK || WEEK_SHIFT % part.size == 0);
}
