/*
 * lane_form: the bytes that lane_pack writes and lane_unpack reads: the payloads of a block as
 * shapes and columns. docs/tape-format.md tells the same at length.
 *
 *     content  =  form u8   (plain | shaped)
 *     plain    =  sizes: column   payloads
 *     shaped   =  literals   shapes   shape of each payload: column
 *                 varint count of repeats   varint count of columns   repeats ...   columns ...
 *     literals =  varint count of bytes   bytes
 *     shapes   =  varint count   shape ...
 *     shape    =  step ... the last of which is an END
 *     step     =  varint size of its literal   varint what then
 *
 * A payload is written by the steps of its shape in order: first the step's literal, which is the
 * next so many bytes of the literals, then what `what then` says:
 *
 *     0      END: the payload ends
 *     1      BEGIN, followed by a varint: the steps up to the next STOP are carried out as often as
 *            the next number of that repeats column says. No BEGIN in between.
 *     2      STOP
 *     3 + c  the next value of column c
 *
 * How many numbers a column has is known from the shapes of all payloads and the repeats; it has
 * just so many. Repeats are each a column (column.h) of numbers from 0 up. A column of values:
 *
 *     kind u8: 1 number, 2 time   decimals u8   cut u8   values
 *              3 words            varint count   column of lengths   bytes   column of indices
 *              4 texts            column of lengths   bytes
 *
 *     cut      0  all decimals are written
 *              1  zeros at the end are left out, but for the first `least`: followed by least u8
 *              2  followed by a column: how many decimals are written, of each value
 *     values   varint back, 0: a column
 *              otherwise: lag u8 (0, 1)   varint unit   varint unit of the other   column of rests:
 *              value i = (rest i + value (i - lag) of the column `back` before this / its unit) *
 *              unit, and value -1 is 0. The other is a number or time and has as many values.
 */
#ifndef REWICK_ENGINE_TAPE_LANE_FORM_H
#define REWICK_ENGINE_TAPE_LANE_FORM_H

#include "engine/tape/lane_codec.h"

enum lane_form { LANE_PLAIN, LANE_SHAPED };
enum lane_step { LANE_END, LANE_BEGIN, LANE_STOP, LANE_VALUE };
enum lane_kind { LANE_NUMBER = 1, LANE_TIME, LANE_WORDS, LANE_TEXTS };
enum lane_cut { LANE_ALL, LANE_TRIMMED, LANE_LISTED };

/* Limits of the shaped form; who has more is plain. */
#define LANE_VALUES_MAX  (1024u * 1024)
#define LANE_STEPS_MAX   (64u * 1024)
#define LANE_COLUMNS_MAX 4096u /* repeats included */

/* What a content has besides as many bytes as the payloads. */
#define LANE_HEAD_MAX    (1024u * 1024)
#define LANE_CONTENT_MAX (LANE_BYTES_MAX + LANE_HEAD_MAX)

#endif
