/* bytes: explicit little-endian reads and writes of unaligned memory. */
#ifndef REWICK_ENGINE_BASE_BYTES_H
#define REWICK_ENGINE_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "big-endian hosts need byte swaps here");

static inline uint16_t bytes_get_u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t bytes_get_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t bytes_get_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline int64_t bytes_get_i64(const uint8_t *p)
{
    return (int64_t)bytes_get_u64(p);
}

static inline void bytes_put_u16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void bytes_put_u32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void bytes_put_u64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void bytes_put_i64(uint8_t *p, int64_t v)
{
    bytes_put_u64(p, (uint64_t)v);
}

#endif
