/*
 * crc32c: the Castagnoli CRC (RFC 3720 appendix B.4: polynomial 0x1EDC6F41, reflected, initial
 * value and final xor all ones). crc32c(0, "123456789", 9) == 0xE3069283.
 *
 * Uses the SSE4.2 instruction where the processor has it, a table elsewhere.
 */
#ifndef REWICK_ENGINE_BASE_CRC32C_H
#define REWICK_ENGINE_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Pass 0 first, then the last result to go on over split input. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);
/* The portable body, for tests to compare with. */
uint32_t crc32c_table(uint32_t crc, const void *data, size_t size);

#endif
