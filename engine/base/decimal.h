/*
 * decimal: exact decimal numbers. value = mantissa * 10^-scale.
 *
 * Prices and quantities keep the digits that the venue sent, trailing zeros included, so that a
 * candle prints them as the venue does: "61837.63000000" stays that. Sums take the larger scale of
 * their operands, products the sum of the scales; nothing is ever rounded except by the one
 * division, decimal_div(), whose rounding is an argument. Everything that does not fit is
 * ERR_RANGE, and the result is then untouched.
 *
 * Pure functions; no allocation; any thread.
 */
#ifndef REWICK_ENGINE_BASE_DECIMAL_H
#define REWICK_ENGINE_BASE_DECIMAL_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/* Text forms accepted by decimal_parse(): at most this many significant digits and fraction digits.
 * 28 digits hold the largest quantity seen with eight decimals (1.25e11) with room to spare, and
 * the product of a price and a quantity still fits 128 bits in practice; where it does not, the
 * arithmetic says so. */
#define DECIMAL_DIGITS_MAX 28
#define DECIMAL_SCALE_MAX  36 /* of results; parsed numbers have at most DECIMAL_DIGITS_MAX */

/* Sign, 39 digits, "0.", up to 36 leading zeros, NUL. */
#define DECIMAL_TEXT_MAX 84

/* Plain data. */
struct decimal {
    int128 mantissa;
    uint8_t scale; /* 0 .. DECIMAL_SCALE_MAX */
};

#define DECIMAL_ZERO ((struct decimal){0, 0})

/* Reads JSON-number-like text: optional sign, digits with at most one point (".5" and "5." too),
 * optional exponent. The whole of text[0..size) must be the number. Leading zeros are dropped,
 * trailing ones kept; an exponent moves the point ("1e-10" is mantissa 1, scale 10; "2e3" is 2000,
 * scale 0; "0E-8" is 0, scale 8). ERR_DAMAGED: not a number. ERR_RANGE: too many digits. Sets no
 * error text: callers count. */
enum err decimal_parse(struct decimal *out, const char *text, size_t size) ERR_MUST_CHECK;

/* Writes exact text with `scale` fraction digits and NUL; returns its length. `text` must hold
 * DECIMAL_TEXT_MAX bytes. Never an exponent. */
size_t decimal_format(char *text, struct decimal value);

/* -1, 0, 1 by value: 1.0 equals 1.00. Exact for any two valid decimals. */
int decimal_compare(struct decimal a, struct decimal b);

enum err decimal_add(struct decimal *out, struct decimal a, struct decimal b) ERR_MUST_CHECK;
enum err decimal_sub(struct decimal *out, struct decimal a, struct decimal b) ERR_MUST_CHECK;
enum err decimal_mul(struct decimal *out, struct decimal a, struct decimal b) ERR_MUST_CHECK;

/* a / b rounded half to even to `scale` fraction digits. b must not be 0 (ERR_RANGE). Exact up to
 * that one rounding for all operands that are in range; ERR_RANGE when the quotient does not fit.
 */
enum err decimal_div(struct decimal *out, struct decimal a, struct decimal b,
                     uint8_t scale) ERR_MUST_CHECK;

/* The same value with another scale; digits are cut toward zero when it shrinks (the way venues cut
 * the quote volume of their klines). ERR_RANGE when growing overflows. */
enum err decimal_rescale(struct decimal *out, struct decimal value, uint8_t scale) ERR_MUST_CHECK;

bool decimal_is_zero(struct decimal value);
bool decimal_is_negative(struct decimal value);

#endif
