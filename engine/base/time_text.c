#include "engine/base/time_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ---- calendar --------------------------------------------------------------------------------
 * Days from civil and back, by eras of 400 years (Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms"). */

static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    unsigned year_of_era = (unsigned)(year - era * 400);
    unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + (int64_t)day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = (int64_t)year_of_era + era * 400 + (*month <= 2);
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* seconds * 1e9 + ns, checked. */
static enum err join(int64_t *out, int64_t seconds, int64_t ns)
{
    int64_t whole;
    /* Keep both of one sign, or the earliest second would overflow before its fraction is added. */
    if (seconds < 0 && ns > 0) {
        seconds++;
        ns -= NS_PER_S;
    }
    if (__builtin_mul_overflow(seconds, NS_PER_S, &whole) || __builtin_add_overflow(whole, ns, out))
        return ERR_RANGE;
    return ERR_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Text being read; every take_* moves `at` and returns false when the text is otherwise. */
struct cursor {
    const char *at, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(struct cursor *cursor, const char *any_of)
{
    if (cursor->at == cursor->end || *cursor->at == '\0' || !strchr(any_of, *cursor->at))
        return false;
    cursor->at++;
    return true;
}

static bool take_number(struct cursor *cursor, int digits, unsigned *out)
{
    unsigned value = 0;
    for (int i = 0; i < digits; i++) {
        if (cursor->at == cursor->end || !is_digit(*cursor->at))
            return false;
        value = value * 10 + (unsigned)(*cursor->at++ - '0');
    }
    *out = value;
    return true;
}

/* Digits behind a point, as ns; digits behind the ninth are cut when `cut`, else refused. */
static bool take_fraction(struct cursor *cursor, bool cut, int64_t *out_ns)
{
    int64_t ns = 0;
    int digits = 0;
    for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++, digits++) {
        if (digits < 9)
            ns = ns * 10 + (*cursor->at - '0');
        else if (!cut)
            return false;
    }
    for (int i = digits; i < 9; i++)
        ns *= 10;
    *out_ns = ns;
    return digits > 0;
}

static bool take_date(struct cursor *cursor, int64_t *out_days)
{
    unsigned year, month, day;
    if (!take_number(cursor, 4, &year) || !take(cursor, "-") || !take_number(cursor, 2, &month) ||
        !take(cursor, "-") || !take_number(cursor, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *out_days = days_from_civil(year, month, day);
    return true;
}

static bool take_clock(struct cursor *cursor, int64_t *out_seconds, int64_t *out_ns)
{
    unsigned hour, minute, second;
    if (!take_number(cursor, 2, &hour) || !take(cursor, ":") || !take_number(cursor, 2, &minute) ||
        !take(cursor, ":") || !take_number(cursor, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *out_ns = 0;
    if (take(cursor, ".") && !take_fraction(cursor, false, out_ns))
        return false;
    *out_seconds = hour * 3600 + minute * 60 + second;
    return true;
}

/* "Z" or "+hh:mm", as seconds to take away. */
static bool take_offset(struct cursor *cursor, int64_t *out_seconds)
{
    *out_seconds = 0;
    if (take(cursor, "Zz"))
        return true;
    bool west = cursor->at < cursor->end && *cursor->at == '-';
    unsigned hour, minute;
    if (!take(cursor, "+-") || !take_number(cursor, 2, &hour) || !take(cursor, ":") ||
        !take_number(cursor, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *out_seconds = (int64_t)(hour * 3600 + minute * 60) * (west ? -1 : 1);
    return true;
}

enum err time_parse_rfc3339(int64_t *out_ns, const char *text, size_t size)
{
    struct cursor cursor = {text, text + size};
    int64_t days, seconds, ns, offset;
    if (!take_date(&cursor, &days) || !take(&cursor, "Tt ") ||
        !take_clock(&cursor, &seconds, &ns) || !take_offset(&cursor, &offset) ||
        cursor.at != cursor.end)
        return ERR_DAMAGED;
    return join(out_ns, days * 86400 + seconds - offset, ns);
}

/* Decimal digits up to the first other character; false on overflow or when there is none. */
static bool take_integer(struct cursor *cursor, int64_t *out)
{
    int64_t value = 0;
    const char *from = cursor->at;
    for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *cursor->at - '0', &value))
            return false;
    *out = value;
    return cursor->at != from;
}

enum err time_parse_seconds(int64_t *out_ns, const char *text, size_t size)
{
    struct cursor cursor = {text, text + size};
    bool negative = take(&cursor, "-");
    int64_t seconds, ns = 0;
    if (cursor.at == cursor.end || !is_digit(*cursor.at))
        return ERR_DAMAGED;
    if (!take_integer(&cursor, &seconds))
        return ERR_RANGE;
    if (take(&cursor, ".") && !take_fraction(&cursor, true, &ns))
        return ERR_DAMAGED;
    if (cursor.at != cursor.end)
        return ERR_DAMAGED;
    return negative ? join(out_ns, -seconds, -ns) : join(out_ns, seconds, ns);
}

enum err time_from_epoch(int64_t *out_ns, int64_t value)
{
    int64_t size = value < 0 ? -(value + 1) : value;
    int64_t unit = size < INT64_C(100000000000)         ? NS_PER_S
                   : size < INT64_C(100000000000000)    ? NS_PER_MS
                   : size < INT64_C(100000000000000000) ? NS_PER_US
                                                        : 1;
    return __builtin_mul_overflow(value, unit, out_ns) ? ERR_RANGE : ERR_OK;
}

/* ---- durations ------------------------------------------------------------------------------- */

static const struct unit {
    const char *name;
    int64_t ns;
} units[] = {
    {"w", NS_PER_WEEK}, {"d", NS_PER_DAY}, {"h", NS_PER_HOUR}, {"m", NS_PER_MIN},
    {"s", NS_PER_S},    {"ms", NS_PER_MS}, {"us", NS_PER_US},  {"ns", 1},
};

#define UNIT_COUNT (sizeof units / sizeof units[0])

static bool parse_duration(int64_t *out_ns, const char *text)
{
    struct cursor cursor = {text, text + strlen(text)};
    int64_t count;
    if (!take_integer(&cursor, &count))
        return false;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (strcmp(cursor.at, units[i].name) == 0)
            return !__builtin_mul_overflow(count, units[i].ns, out_ns);
    return false;
}

enum err duration_parse(int64_t *out_ns, const char *text)
{
    if (parse_duration(out_ns, text))
        return ERR_OK;
    return err_fail(ERR_USAGE,
                    "'%s' is not a duration; give a whole number and ns, us, ms, s, m, h, d or w, "
                    "such as 90s",
                    text);
}

size_t duration_format(char *text, int64_t duration_ns)
{
    size_t i = 0;
    while (duration_ns % units[i].ns != 0 || (duration_ns == 0 && units[i].ns != NS_PER_S))
        i++;
    return (size_t)snprintf(text, TIME_TEXT_MAX, "%lld%s", (long long)(duration_ns / units[i].ns),
                            units[i].name);
}

/* ---- the command line's times ---------------------------------------------------------------- */

static bool parse_relative(int64_t *out_ns, const char *text, int64_t now_ns)
{
    int64_t back;
    if (strcmp(text, "now") == 0) {
        *out_ns = now_ns;
        return true;
    }
    return text[0] == '-' && parse_duration(&back, text + 1) &&
           !__builtin_sub_overflow(now_ns, back, out_ns);
}

static bool parse_date_only(int64_t *out_ns, const char *text)
{
    struct cursor cursor = {text, text + strlen(text)};
    int64_t days;
    return take_date(&cursor, &days) && cursor.at == cursor.end &&
           join(out_ns, days * 86400, 0) == ERR_OK;
}

static bool parse_epoch(int64_t *out_ns, const char *text)
{
    struct cursor cursor = {text, text + strlen(text)};
    int64_t value;
    return take_integer(&cursor, &value) && cursor.at == cursor.end &&
           time_from_epoch(out_ns, value) == ERR_OK;
}

enum err time_parse_user(int64_t *out_ns, const char *text, int64_t now_ns)
{
    if (parse_relative(out_ns, text, now_ns) || parse_date_only(out_ns, text) ||
        parse_epoch(out_ns, text) || time_parse_rfc3339(out_ns, text, strlen(text)) == ERR_OK ||
        time_parse_seconds(out_ns, text, strlen(text)) == ERR_OK)
        return ERR_OK;
    return err_fail(ERR_USAGE,
                    "'%s' is not a time; give RFC 3339 (2024-08-08T23:55:00Z), a date, an epoch in "
                    "s, ms, us or ns, or a time back from now (-2h)",
                    text);
}

/* ---- writing --------------------------------------------------------------------------------- */

static char *put_digits(char *to, unsigned value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + digits;
}

size_t time_format(char *text, int64_t time_ns)
{
    int64_t ns = time_ns % NS_PER_S;
    int64_t seconds = time_ns / NS_PER_S;
    if (ns < 0) {
        ns += NS_PER_S;
        seconds--;
    }
    int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
    unsigned of_day = (unsigned)(seconds - days * 86400);
    int64_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    char *to = put_digits(text, (unsigned)year, 4);
    *to++ = '-';
    to = put_digits(to, month, 2);
    *to++ = '-';
    to = put_digits(to, day, 2);
    *to++ = 'T';
    to = put_digits(to, of_day / 3600, 2);
    *to++ = ':';
    to = put_digits(to, of_day / 60 % 60, 2);
    *to++ = ':';
    to = put_digits(to, of_day % 60, 2);
    if (ns != 0) {
        *to++ = '.';
        if (ns % 1000000 == 0)
            to = put_digits(to, (unsigned)(ns / 1000000), 3);
        else if (ns % 1000 == 0)
            to = put_digits(to, (unsigned)(ns / 1000), 6);
        else
            to = put_digits(to, (unsigned)ns, 9);
    }
    *to++ = 'Z';
    *to = '\0';
    return (size_t)(to - text);
}
