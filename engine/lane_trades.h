/*
 * lane_trades: trades straight from the columns of a sealed lane, without the text in between.
 *
 *     lane_unpack -> row -> FORM of its shape -> trade
 *
 * A lane's payloads are one text again and again with other numbers in it, so what the venue's
 * decoder reads where is the same in all of them. A form is learned by asking that decoder: it
 * decodes the text of one row, and the same with each number changed by one step in turn. What of
 * the trade changes is what that number is for. A form is used only when it makes of each of those
 * texts just what the decoder makes of it, and for rows only
 *
 *   - with the same shape and the same words as the one that it was learned from;
 *   - whose numbers, other than prices and quantities, have as many digits and decimals as there:
 *     what a number means (ms or us, say) goes by its length, never by its digits;
 *   - whose prices and quantities are more than zero: such a text is its decimal, however long.
 *
 * All else is decoded as text, so the trades are those of the text in every case. Frames of several
 * trades are not rows (they repeat), nor are those whose every id is another text.
 *
 * Keeps its memory. One thread.
 */
#ifndef REWICK_ENGINE_LANE_TRADES_H
#define REWICK_ENGINE_LANE_TRADES_H

#include "engine/base/err.h"
#include "engine/tape/lane_unpack.h"
#include "engine/venue/venue.h"

#include <stdbool.h>

/* Of one block; rows of more are decoded as text. */
#define LANE_FORMS_MAX 16
/* Longest payload of a row. */
#define LANE_ROW_TEXT_MAX 4096

struct lane_trades;
struct lane_form_of_trades;

enum err lane_trades_new(struct lane_trades **out) ERR_MUST_CHECK;
void lane_trades_free(struct lane_trades *trades); /* accepts NULL */

/* Another block: forgets what was learned, since shapes and words are its own. `venue`, which is
 * not routed, and `rows` stay as long as rows of it are asked for. */
void lane_trades_begin(struct lane_trades *trades, const struct venue *venue,
                       struct lane_unpacker *rows);

/* The form that fits, learned when it is not known; NULL when none does. */
const struct lane_form_of_trades *lane_trades_form(struct lane_trades *trades,
                                                   const struct lane_row *row);
const char *lane_form_channel(const struct lane_form_of_trades *form);

/* The row's trade; false: its numbers are not such as the form is for. */
bool lane_form_make(const struct lane_form_of_trades *form, const struct lane_row *row,
                    struct trade *out);

/* The row's frame by way of its text. ERR_DAMAGED: it is too long. The frame is borrowed until the
 * next call. */
enum err lane_trades_decode(struct lane_trades *trades, const struct lane_row *row,
                            const struct venue_frame **out) ERR_MUST_CHECK;

#endif
