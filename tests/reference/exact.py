"""Exact decimals as the candles keep them: a number is a pair (mantissa, scale), value = mantissa / 10^scale."""

BITS = 2**127 - 1  # what a sum may reach
SCALE_MAX = 36
DIGITS = 10**38

ZERO = (0, 0)


def parse(text):
    """JSON number text, exponent included: "1e-10", "0E-8", "61800.30"."""
    sign = -1 if text.startswith("-") else 1
    mantissa, _, exponent = text.lstrip("+-").lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    scale = len(fraction) - int(exponent or 0)
    value = sign * int(whole + fraction)
    return (value, scale) if scale >= 0 else (value * 10**-scale, 0)


def text(number):
    value, scale = number
    digits = str(abs(value)).rjust(scale + 1, "0")
    sign = "-" if value < 0 else ""
    return sign + (digits[:-scale] + "." + digits[-scale:] if scale else digits)


def at(number, scale):
    """The mantissa at a larger scale."""
    return number[0] * 10 ** (scale - number[1])


def add(a, b):
    scale = max(a[1], b[1])
    return at(a, scale) + at(b, scale), scale


def sub(a, b):
    return add(a, (-b[0], b[1]))


def mul(a, b):
    return a[0] * b[0], a[1] + b[1]


def compare(a, b):
    left, right = a[0] * 10 ** b[1], b[0] * 10 ** a[1]
    return (left > right) - (left < right)


def key(number):
    """A whole number to compare with."""
    return at(number, SCALE_MAX)


def highest(numbers):
    """Of equal ones the one with the most digits."""
    return max(numbers, key=lambda n: (key(n), n[1]))


def lowest(numbers):
    return min(numbers, key=lambda n: (key(n), -n[1]))


def total(numbers):
    sum_ = ZERO
    for number in numbers:
        sum_ = add(sum_, number)
    return sum_


def fits(number):
    return abs(number[0]) <= BITS and number[1] <= SCALE_MAX


def cut(a, b, scale):
    """a / b, cut to `scale` decimals; both positive."""
    return a[0] * 10 ** (b[1] + scale) // (b[0] * 10 ** a[1]), scale


def divide(a, b, scale):
    """a / b, rounded half to even to `scale` decimals, at most 36, or as many as leave 38 digits; None over zero."""
    if b[0] == 0:
        return None
    for places in range(min(scale, SCALE_MAX), -1, -1):
        over, under = a[0] * 10 ** (b[1] + places), b[0] * 10 ** a[1]
        quotient, rest = divmod(over, under)
        if 2 * rest > under or (2 * rest == under and quotient % 2):
            quotient += 1
        if abs(quotient) < DIGITS:
            return quotient, places
    return None
