/*
 * decode_equal: each frame decoded three times, and what the three say differently.
 *
 *     decode()                      the fast single pass
 *     decode_general()              the walk over all of the JSON
 *     decode_general() once more    compiled against json_scan_jansson.c: the reference
 *
 * The second and third must say the same of every frame: the same kind, and unless that is
 * VENUE_MALFORMED the same in every member. The first must say what they say; where they say
 * VENUE_MALFORMED it may say VENUE_DATA too (see venue.h).
 *
 * The texts of malformed frames are for people and may differ.
 */
#ifndef REWICK_TESTS_REFERENCE_DECODER_DECODE_EQUAL_H
#define REWICK_TESTS_REFERENCE_DECODER_DECODE_EQUAL_H

#include "engine/venue/venue.h"

#include <stdio.h>

/* What the reference puts where it would quote the text of an array or object, which it does not
 * have: such an `error` is not compared. No frame's own text holds that byte. */
#define REFERENCE_UNKNOWN "\x01"

/* Like venue_find(), with the reference's decode_general(). All that engine/venue exports stands in
 * libreference.a a second time, with "ref_" in front. */
const struct venue *ref_venue_find(const char *name);

struct decode_equal {
    const struct venue *venue, *reference;
    struct venue_frame fast, general, referred;
    char difference[160]; /* of the last frame, as a sentence; "" when there was none */
};

void decode_equal_init(struct decode_equal *equal, const struct venue *venue);
void decode_equal_release(struct decode_equal *equal);
/* Another connection: what decoders remember of earlier frames goes. */
void decode_equal_restart(struct decode_equal *equal);
/* Decodes one frame of the connection; false when there is a difference. */
bool decode_equal_frame(struct decode_equal *equal, const uint8_t *data, size_t size);
/* The difference of that frame for people: the bytes, and each result in a few lines. */
void decode_equal_print(const struct decode_equal *equal, const uint8_t *data, size_t size,
                        FILE *out);

#endif
