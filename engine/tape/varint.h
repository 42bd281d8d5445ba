/*
 * varint: LEB128 numbers, as the record table of a block uses them (tape_format.h): seven bits a
 * byte, lowest first, bit 7 says that more follow; at most ten bytes.
 */
#ifndef REWICK_ENGINE_TAPE_VARINT_H
#define REWICK_ENGINE_TAPE_VARINT_H

#include <stddef.h>
#include <stdint.h>

#define VARINT_SIZE_MAX 10

/* Writes up to VARINT_SIZE_MAX bytes at p and returns the place behind them. */
static inline uint8_t *varint_put(uint8_t *p, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *p++ = (uint8_t)(value | 0x80);
    *p++ = (uint8_t)value;
    return p;
}

/* Reads one from p .. end and returns the place behind it; NULL when it does not end before `end`
 * or does not fit 64 bits. */
static inline const uint8_t *varint_get(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    if (p < end && *p < 0x80) {
        *out = *p;
        return p + 1;
    }
    uint64_t value = 0;
    for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
        uint64_t byte = *p++;
        if (shift == 63 && byte > 1)
            return NULL;
        value |= (byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = value;
            return p;
        }
    }
    return NULL;
}

/* Signed numbers (as their two's complement bits) with small ones near zero: 0, -1, 1, -2, ... */
static inline uint64_t varint_zigzag(uint64_t value)
{
    return (value << 1) ^ (0 - (value >> 63));
}

static inline uint64_t varint_unzigzag(uint64_t value)
{
    return (value >> 1) ^ (0 - (value & 1));
}

#endif
