#include "engine/base/decimal.h"

#include <string.h>

#define INT128_MAX ((int128)(~(uint128)0 >> 1))
#define INT128_MIN (-INT128_MAX - 1)

/* 10^38 is the largest power of ten below 2^127. */
#define POWER_MAX 38

static int128 power_of_ten(unsigned exponent)
{
    int128 power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

static uint128 magnitude(int128 value)
{
    return value < 0 ? (uint128)0 - (uint128)value : (uint128)value;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* What decimal_parse() has read so far. */
struct parsed {
    uint128 digits;
    int digit_count;    /* significant ones */
    int fraction_count; /* digits behind the point */
    bool any_digit, point;
};

static enum err parse_digit(struct parsed *parsed, char c)
{
    parsed->any_digit = true;
    if (parsed->point && ++parsed->fraction_count > DECIMAL_SCALE_MAX)
        return ERR_RANGE;
    if (parsed->digits == 0 && c == '0')
        return ERR_OK;
    if (++parsed->digit_count > DECIMAL_DIGITS_MAX)
        return ERR_RANGE;
    parsed->digits = parsed->digits * 10 + (unsigned)(c - '0');
    return ERR_OK;
}

/* "[+-]digits" up to the end; bounded, since an exponent out of range can never be used. */
static enum err parse_exponent(int *out, const char *text, size_t size)
{
    size_t i = 0;
    bool negative = false;
    if (i < size && (text[i] == '+' || text[i] == '-'))
        negative = text[i++] == '-';
    if (i == size)
        return ERR_DAMAGED;
    int value = 0;
    for (; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return ERR_DAMAGED;
        if (value < 1000)
            value = value * 10 + (text[i] - '0');
    }
    *out = negative ? -value : value;
    return ERR_OK;
}

/* Moves the point by the exponent: mantissa and a scale within 0 .. DECIMAL_SCALE_MAX. */
static enum err apply_exponent(struct decimal *out, const struct parsed *parsed, bool negative,
                               int exponent)
{
    int scale = parsed->fraction_count - exponent;
    uint128 digits = parsed->digits;
    if (scale > DECIMAL_SCALE_MAX)
        return ERR_RANGE;
    if (scale < 0) {
        if (digits != 0 && parsed->digit_count - scale > DECIMAL_DIGITS_MAX)
            return ERR_RANGE;
        if (digits != 0)
            digits *= (uint128)power_of_ten((unsigned)-scale);
        scale = 0;
    }
    out->mantissa = negative ? -(int128)digits : (int128)digits;
    out->scale = (uint8_t)scale;
    return ERR_OK;
}

enum err decimal_parse(struct decimal *out, const char *text, size_t size)
{
    struct parsed parsed = {0};
    size_t i = 0;
    bool negative = false;
    int exponent = 0;
    enum err err = ERR_OK;
    if (size > 0 && (text[0] == '-' || text[0] == '+'))
        negative = text[i++] == '-';
    for (; i < size && err == ERR_OK; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            err = parse_digit(&parsed, c);
        } else if (c == '.' && !parsed.point) {
            parsed.point = true;
        } else if ((c == 'e' || c == 'E') && parsed.any_digit) {
            err = parse_exponent(&exponent, text + i + 1, size - i - 1);
            break;
        } else {
            return ERR_DAMAGED;
        }
    }
    if (err != ERR_OK)
        return err;
    return parsed.any_digit ? apply_exponent(out, &parsed, negative, exponent) : ERR_DAMAGED;
}

size_t decimal_format(char *text, struct decimal value)
{
    char digits[DECIMAL_TEXT_MAX];
    size_t count = 0;
    uint128 rest = magnitude(value.mantissa);
    /* 64-bit division is several times faster than 128-bit; take 19 digits at a time. */
    const uint64_t chunk = UINT64_C(10000000000000000000);
    while (rest > UINT64_MAX) {
        uint64_t low = (uint64_t)(rest % chunk);
        rest /= chunk;
        for (int i = 0; i < 19; i++, low /= 10)
            digits[count++] = (char)('0' + low % 10);
    }
    for (uint64_t low = (uint64_t)rest; low != 0; low /= 10)
        digits[count++] = (char)('0' + low % 10);
    while (count <= value.scale)
        digits[count++] = '0';
    char *to = text;
    if (value.mantissa < 0)
        *to++ = '-';
    while (count > 0) {
        *to++ = digits[--count];
        if (count == value.scale && count > 0)
            *to++ = '.';
    }
    *to = '\0';
    return (size_t)(to - text);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

/* mantissa * 10^by; false when that does not fit. */
static bool scale_up(int128 *mantissa, unsigned by)
{
    if (*mantissa == 0)
        return true;
    if (by > POWER_MAX)
        return false;
    return !__builtin_mul_overflow(*mantissa, power_of_ten(by), mantissa);
}

static int compare_int128(int128 a, int128 b)
{
    return (a > b) - (a < b);
}

int decimal_compare(struct decimal a, struct decimal b)
{
    bool swapped = a.scale > b.scale;
    if (swapped) {
        struct decimal t = a;
        a = b;
        b = t;
    }
    /* a has the smaller scale. When it cannot be scaled up its magnitude is the larger one. */
    int128 scaled = a.mantissa;
    int result = scale_up(&scaled, (unsigned)(b.scale - a.scale))
                     ? compare_int128(scaled, b.mantissa)
                 : a.mantissa > 0 ? 1
                                  : -1;
    return swapped ? -result : result;
}

/* Brings both to the larger scale. */
static enum err align(struct decimal *a, struct decimal *b)
{
    struct decimal *lower = a->scale < b->scale ? a : b;
    uint8_t scale = a->scale < b->scale ? b->scale : a->scale;
    if (!scale_up(&lower->mantissa, (unsigned)(scale - lower->scale)))
        return ERR_RANGE;
    lower->scale = scale;
    return ERR_OK;
}

enum err decimal_add(struct decimal *out, struct decimal a, struct decimal b)
{
    int128 sum;
    if (align(&a, &b) != ERR_OK || __builtin_add_overflow(a.mantissa, b.mantissa, &sum))
        return ERR_RANGE;
    *out = (struct decimal){sum, a.scale};
    return ERR_OK;
}

enum err decimal_sub(struct decimal *out, struct decimal a, struct decimal b)
{
    int128 difference;
    if (align(&a, &b) != ERR_OK || __builtin_sub_overflow(a.mantissa, b.mantissa, &difference))
        return ERR_RANGE;
    *out = (struct decimal){difference, a.scale};
    return ERR_OK;
}

enum err decimal_mul(struct decimal *out, struct decimal a, struct decimal b)
{
    int128 product;
    unsigned scale = (unsigned)a.scale + b.scale;
    if (scale > DECIMAL_SCALE_MAX || __builtin_mul_overflow(a.mantissa, b.mantissa, &product))
        return ERR_RANGE;
    *out = (struct decimal){product, (uint8_t)scale};
    return ERR_OK;
}

/* The digit of 10 * rest / divisor, for rest < divisor; the new rest. */
static unsigned next_digit(uint128 *rest, uint128 divisor)
{
    uint128 ten_times;
    if (!__builtin_mul_overflow(*rest, (uint128)10, &ten_times)) {
        *rest = ten_times % divisor;
        return (unsigned)(ten_times / divisor);
    }
    /* Ten times it does not fit: add it up, taking the divisor off whenever it is reached. */
    unsigned digit = 0;
    uint128 sum = 0;
    for (int step = 0; step < 10; step++) {
        if (sum >= divisor - *rest) {
            sum -= divisor - *rest;
            digit++;
        } else {
            sum += *rest;
        }
    }
    *rest = sum;
    return digit;
}

/*
 * Long division: the integer quotient first, then one decimal digit after another, so that nothing
 * larger than divisor * 10 is ever formed. Then half to even by what is left.
 */
static enum err divide_magnitudes(uint128 *out, uint128 dividend, uint128 divisor, unsigned digits)
{
    uint128 quotient = dividend / divisor;
    uint128 rest = dividend % divisor;
    for (unsigned i = 0; i < digits; i++) {
        if (__builtin_mul_overflow(quotient, (uint128)10, &quotient))
            return ERR_RANGE;
        unsigned digit = next_digit(&rest, divisor);
        if (__builtin_add_overflow(quotient, (uint128)digit, &quotient))
            return ERR_RANGE;
    }
    bool above_half = rest > divisor - rest;
    bool at_half = rest == divisor - rest;
    if ((above_half || (at_half && (quotient & 1))) &&
        __builtin_add_overflow(quotient, (uint128)1, &quotient))
        return ERR_RANGE;
    *out = quotient;
    return ERR_OK;
}

enum err decimal_div(struct decimal *out, struct decimal a, struct decimal b, uint8_t scale)
{
    if (b.mantissa == 0 || scale > DECIMAL_SCALE_MAX)
        return ERR_RANGE;
    /* quotient * 10^scale = |a| * 10^(scale + b.scale - a.scale) / |b| */
    int shift = (int)scale + b.scale - a.scale;
    uint128 divisor = magnitude(b.mantissa);
    if (shift < 0) {
        uint128 power = (uint128)power_of_ten((unsigned)-shift > POWER_MAX ? 0 : (unsigned)-shift);
        if ((unsigned)-shift > POWER_MAX || __builtin_mul_overflow(divisor, power, &divisor))
            return ERR_RANGE;
        shift = 0;
    }
    uint128 quotient;
    enum err err = divide_magnitudes(&quotient, magnitude(a.mantissa), divisor, (unsigned)shift);
    if (err != ERR_OK || quotient > (uint128)INT128_MAX)
        return ERR_RANGE;
    bool negative = (a.mantissa < 0) != (b.mantissa < 0);
    *out = (struct decimal){negative ? -(int128)quotient : (int128)quotient, scale};
    return ERR_OK;
}

enum err decimal_rescale(struct decimal *out, struct decimal value, uint8_t scale)
{
    if (scale > DECIMAL_SCALE_MAX)
        return ERR_RANGE;
    if (scale >= value.scale) {
        if (!scale_up(&value.mantissa, (unsigned)(scale - value.scale)))
            return ERR_RANGE;
    } else {
        value.mantissa /= power_of_ten((unsigned)(value.scale - scale));
    }
    *out = (struct decimal){value.mantissa, scale};
    return ERR_OK;
}

bool decimal_is_zero(struct decimal value)
{
    return value.mantissa == 0;
}

bool decimal_is_negative(struct decimal value)
{
    return value.mantissa < 0;
}
