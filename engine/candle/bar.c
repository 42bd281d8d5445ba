#include "engine/candle/bar.h"

#include "engine/base/time_text.h"

#include <stdio.h>
#include <string.h>

#define BAR_EXPECTED "give a whole number and s, m, h, d or w, from 1s to 1w, like 1m"

/* Largest first: the canonical text takes the first that divides. */
static const struct {
    char letter;
    int64_t ns;
} units[] = {
    {'w', NS_PER_WEEK}, {'d', NS_PER_DAY}, {'h', NS_PER_HOUR}, {'m', NS_PER_MIN}, {'s', NS_PER_S},
};
#define UNIT_COUNT (sizeof units / sizeof units[0])

/* 0 when there is no such unit. */
static int64_t unit_of(char letter)
{
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (units[i].letter == letter)
            return units[i].ns;
    return 0;
}

enum err bar_parse(struct bar *out, const char *text)
{
    /* No more than what can be right is looked at; the text may come from a tape. */
    size_t digits = strspn(text, "0123456789");
    int64_t unit = text[digits] != '\0' && text[digits + 1] == '\0' ? unit_of(text[digits]) : 0;
    if (digits == 0 || unit == 0)
        return err_fail(ERR_USAGE, "bar '%.40s' is not a time bar; " BAR_EXPECTED, text);
    int64_t count = 0;
    for (size_t i = 0; i < digits; i++) {
        count = count * 10 + (text[i] - '0');
        if (count > BAR_SIZE_MAX / unit)
            return err_fail(ERR_USAGE, "bar '%.40s' is longer than a week; " BAR_EXPECTED, text);
    }
    if (count == 0)
        return err_fail(ERR_USAGE, "bar '%.40s' has no length; " BAR_EXPECTED, text);
    *out = (struct bar){BAR_TIME, count * unit, 0};
    return ERR_OK;
}

void bar_format(char text[BAR_TEXT_MAX], struct bar bar)
{
    size_t i = 0;
    while (i + 1 < UNIT_COUNT && bar.size % units[i].ns != 0)
        i++;
    snprintf(text, BAR_TEXT_MAX, "%lld%c", (long long)(bar.size / units[i].ns), units[i].letter);
}

bool bar_equal(struct bar a, struct bar b)
{
    return a.kind == b.kind && a.size == b.size;
}

int64_t bar_open(struct bar bar, int64_t source_ns)
{
    /* 1970-01-01 was a Thursday: weeks begin four days later (or three before). */
    int64_t shift = bar.size % NS_PER_WEEK == 0 ? 4 * NS_PER_DAY : 0;
    int64_t into = source_ns % bar.size - shift % bar.size;
    while (into < 0)
        into += bar.size;
    int64_t open;
    return __builtin_sub_overflow(source_ns, into, &open) ? INT64_MIN : open;
}
