/*
 * candle_digest: one hash over all candle updates in order. Live and replay print the same one; it
 * is the proof that a tape reproduces what was seen.
 *
 * Definition (docs/candles.md has it with an example): SHA-256 (FIPS 180-4) over, for every update
 * in the order the engine made them, the columns of CANDLE_COLUMNS in front of `tape`, each as its
 * text from candle_field() ("" when it has no value), with a comma between columns and a line feed
 * behind the last: the CSV rows that `rewick replay --forming --format csv` prints, without the
 * header and the columns that belong to the place and the run. No text there needs CSV quotes.
 */
#ifndef REWICK_ENGINE_CANDLE_CANDLE_DIGEST_H
#define REWICK_ENGINE_CANDLE_CANDLE_DIGEST_H

#include "engine/candle/candle.h"

struct candle_digest;

#define CANDLE_DIGEST_TEXT_MAX 65 /* 64 hex digits and NUL */

enum err candle_digest_new(struct candle_digest **out) ERR_MUST_CHECK;
void candle_digest_free(struct candle_digest *digest); /* accepts NULL */
enum err candle_digest_add(struct candle_digest *digest,
                           const struct candle *candle) ERR_MUST_CHECK;
/* The digest so far; adding may go on. */
enum err candle_digest_text(const struct candle_digest *digest,
                            char text[CANDLE_DIGEST_TEXT_MAX]) ERR_MUST_CHECK;

#endif
