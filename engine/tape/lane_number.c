#include "engine/tape/lane_number.h"

#include <assert.h>
#include <string.h>

const uint64_t lane_powers[LANE_DECIMALS_MAX + 2] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
    10000000000000000000u,
};

#define DAY_SECONDS 86400

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Digits from *p on into *value; false when they do not fit. */
static bool take_digits(const uint8_t **p, const uint8_t *end, uint64_t *value)
{
    for (; *p < end && is_digit(**p); (*p)++) {
        if (*value > (INT64_MAX - 9) / 10)
            return false;
        *value = *value * 10 + (uint64_t)(**p - '0');
    }
    return true;
}

/* Digits behind a point; 0 of them when there is no point. */
static bool take_fraction(const uint8_t **p, const uint8_t *end, uint64_t *value, uint8_t *decimals)
{
    *decimals = 0;
    if (end - *p < 2 || **p != '.' || !is_digit((*p)[1]))
        return true;
    const uint8_t *first = ++*p;
    if (!take_digits(p, end, value) || *p - first > LANE_DECIMALS_MAX)
        return false;
    *decimals = (uint8_t)(*p - first);
    return true;
}

bool lane_number_parse(struct lane_number *out, const uint8_t *text, size_t size)
{
    const uint8_t *p = text, *end = text + size;
    const bool negative = p < end && *p == '-';
    p += negative;
    if (p == end || !is_digit(*p) || (*p == '0' && end - p > 1 && p[1] != '.'))
        return false;
    uint64_t value = 0;
    if (!take_digits(&p, end, &value) || !take_fraction(&p, end, &value, &out->decimals))
        return false;
    if (p != end || (negative && value == 0))
        return false;
    out->value = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* ---- times ---------------------------------------------------------------------------------- */

static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01, for years from 1970 on. */
static unsigned days_of(unsigned year, unsigned month, unsigned day)
{
    /* The year begins in March, so that the leap day is its last. */
    const unsigned y = month <= 2 ? year - 1 : year;
    const unsigned m = month <= 2 ? month + 9 : month - 3;
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool two_digits(const uint8_t *p, unsigned *out)
{
    *out = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
    return is_digit(p[0]) && is_digit(p[1]);
}

static bool take_day(const uint8_t *p, uint64_t *out_days)
{
    unsigned century, year, month, day;
    if (!two_digits(p, &century) || !two_digits(p + 2, &year) || p[4] != '-' ||
        !two_digits(p + 5, &month) || p[7] != '-' || !two_digits(p + 8, &day))
        return false;
    year += century * 100;
    if (year < 1970 || month < 1 || month > 12 || day < 1)
        return false;
    if (day > month_days[month - 1] + (unsigned)(month == 2 && is_leap(year)))
        return false;
    *out_days = days_of(year, month, day);
    return true;
}

static bool take_clock(const uint8_t *p, uint64_t *out_seconds)
{
    unsigned hour, minute, second;
    if (!two_digits(p, &hour) || p[2] != ':' || !two_digits(p + 3, &minute) || p[5] != ':' ||
        !two_digits(p + 6, &second) || hour > 23 || minute > 59 || second > 59)
        return false;
    *out_seconds = (hour * 60 + minute) * 60 + second;
    return true;
}

size_t lane_time_parse(struct lane_number *out, const uint8_t *text, size_t size)
{
    uint64_t days, seconds;
    if (size < 19 || text[10] != 'T' || !take_day(text, &days) || !take_clock(text + 11, &seconds))
        return 0;
    uint64_t value = days * DAY_SECONDS + seconds;
    const uint8_t *p = text + 19;
    if (!take_fraction(&p, text + size, &value, &out->decimals))
        return 0;
    out->value = (int64_t)value;
    return (size_t)(p - text);
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Eight digits of a value below 10^8 as text, the first in the lowest byte. */
static inline uint64_t eight_digits(uint64_t value)
{
    /* Halves of four digits, then pairs, then single ones, all at once in the lanes of one word. */
    uint64_t x = value / 10000 | (value % 10000) << 32;
    const uint64_t hundreds = (x * 10486 >> 20) & UINT64_C(0x0000007F0000007F);
    x = hundreds | (x - hundreds * 100) << 16;
    const uint64_t tens = (x * 103 >> 10) & UINT64_C(0x000F000F000F000F);
    return (tens | (x - tens * 10) << 8) + UINT64_C(0x3030303030303030);
}

static inline uint8_t *put_eight(uint8_t *out, uint64_t value)
{
    const uint64_t digits = eight_digits(value);
    memcpy(out, &digits, sizeof digits);
    return out + 8;
}

/* Without leading zeros, for a value below 10^8. */
static inline uint8_t *put_short(uint8_t *out, uint64_t value)
{
    uint64_t digits = eight_digits(value);
    const unsigned zeros =
        (unsigned)__builtin_ctzll((digits - UINT64_C(0x3030303030303030)) | UINT64_C(1) << 56) / 8;
    digits >>= zeros * 8;
    memcpy(out, &digits, sizeof digits);
    return out + 8 - zeros;
}

#define E8  UINT64_C(100000000)
#define E16 (E8 * E8)

static inline uint8_t *put_whole(uint8_t *out, uint64_t value)
{
    if (value < E8)
        return put_short(out, value);
    if (value < E16)
        return put_eight(put_short(out, value / E8), value % E8);
    out = put_short(out, value / E16);
    value %= E16;
    return put_eight(put_eight(out, value / E8), value % E8);
}

/* `count` of the digits in the word, with a point in front of the last `decimals`, 1 to 7. */
static inline uint8_t *put_pointed(uint8_t *out, uint64_t digits, unsigned count, unsigned decimals)
{
    const unsigned whole = count - decimals;
    memcpy(out, &digits, sizeof digits);
    digits >>= whole * 8;
    out[whole] = '.';
    memcpy(out + whole + 1, &digits, sizeof digits);
    return out + count + 1;
}

/* A value below 10^8 with 1 to 7 decimals: one digit at least stands before the point. */
static inline uint8_t *put_short_pointed(uint8_t *out, uint64_t value, unsigned decimals)
{
    const uint64_t digits = eight_digits(value);
    const uint64_t present = (digits - UINT64_C(0x3030303030303030)) | UINT64_C(1)
                                                                           << (56 - 8 * decimals);
    const unsigned zeros = (unsigned)__builtin_ctzll(present) / 8;
    return put_pointed(out, digits >> zeros * 8, 8 - zeros, decimals);
}

/* A value below 10^16 with 1 to 15 decimals. */
static inline uint8_t *put_long_pointed(uint8_t *out, uint64_t value, unsigned decimals)
{
    const uint64_t high = value / E8, low = value % E8;
    if (decimals < 8)
        return put_pointed(put_short(out, high), eight_digits(low), 8, decimals);
    if (decimals > 8)
        return put_eight(put_short_pointed(out, high, decimals - 8), low);
    out = put_short(out, high);
    *out++ = '.';
    return put_eight(out, low);
}

/* Exactly `decimals` digits. */
static inline uint8_t *put_fraction(uint8_t *out, uint64_t value, unsigned decimals)
{
    if (decimals <= 8) {
        put_eight(out, value * lane_powers[8 - decimals]);
        return out + decimals;
    }
    const uint64_t rest = lane_powers[decimals - 8];
    put_eight(out, value / rest);
    value %= rest;
    if (decimals <= 16) {
        put_eight(out + 8, value * lane_powers[16 - decimals]);
        return out + decimals;
    }
    put_eight(out + 8, value / lane_powers[decimals - 16]);
    put_eight(out + 16, value % lane_powers[decimals - 16] * lane_powers[24 - decimals]);
    return out + decimals;
}

uint8_t *lane_number_write(uint8_t *out, int64_t number, unsigned decimals)
{
    uint64_t value = (uint64_t)number;
    if (number < 0) {
        *out++ = '-';
        value = 0 - value;
    }
    if (decimals == 0)
        return put_whole(out, value);
    if (value < E8 && decimals < 8)
        return put_short_pointed(out, value, decimals);
    if (value < E16 && decimals < 16)
        return put_long_pointed(out, value, decimals);
    const uint64_t power = lane_powers[decimals];
    out = put_whole(out, value / power);
    *out++ = '.';
    return put_fraction(out, value % power, decimals);
}

static inline uint8_t *put_two(uint8_t *out, unsigned value, uint8_t behind)
{
    out[0] = (uint8_t)('0' + value / 10);
    out[1] = (uint8_t)('0' + value % 10);
    out[2] = behind;
    return out + 3;
}

static uint8_t *put_day(uint8_t *out, unsigned days)
{
    /* Years begin in March, eras of 400 years in the year 0. */
    const unsigned z = days + 719468;
    const unsigned era = z / 146097, in_era = z % 146097;
    const unsigned year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    const unsigned in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned m = (5 * in_year + 2) / 153;
    const unsigned day = in_year - (153 * m + 2) / 5 + 1;
    const unsigned month = m < 10 ? m + 3 : m - 9;
    const unsigned year = era * 400 + year_of_era + (month <= 2);
    put_two(out, year / 100, 0);
    out = put_two(out + 2, year % 100, '-');
    out = put_two(out, month, '-');
    return put_two(out, day, 'T');
}

uint8_t *lane_time_write(uint8_t *out, int64_t time, unsigned decimals)
{
    const uint64_t power = lane_powers[decimals];
    const uint64_t seconds = (uint64_t)time / power;
    assert(time >= 0 && seconds < (uint64_t)LANE_TIME_END);
    const unsigned clock = (unsigned)(seconds % DAY_SECONDS);
    out = put_day(out, (unsigned)(seconds / DAY_SECONDS));
    out = put_two(out, clock / 3600, ':');
    out = put_two(out, clock / 60 % 60, ':');
    out = put_two(out, clock % 60, '.');
    if (decimals == 0)
        return out - 1;
    return put_fraction(out, (uint64_t)time - seconds * power, decimals);
}
