/*
 * frame_mutate: changes a JSON frame in the ways in which decoders go wrong. Most changes leave it
 * JSON: digits, points, exponents and lengths of numbers, quotes around them, escapes and lengths
 * in strings, blanks, members swapped, doubled, left out or given another's value, another kind of
 * value; the rest does not.
 *
 * Deterministic but for the words it has met: strings of earlier frames come up in later ones. One
 * thread.
 */
#ifndef REWICK_TESTS_REFERENCE_DECODER_FRAME_MUTATE_H
#define REWICK_TESTS_REFERENCE_DECODER_FRAME_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Makes one change; `random` is the state of the generator. Returns the new size, at most `max`. */
size_t frame_mutate(uint64_t *random, uint8_t *data, size_t size, size_t max);

/* 0 .. below - 1, by splitmix64. */
uint64_t frame_random(uint64_t *random, uint64_t below);

#endif
