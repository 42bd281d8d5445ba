/*
 * tape_losses: what a pass over a tape found lost: the list, and what strict readers say of it.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_LOSSES_H
#define REWICK_ENGINE_TAPE_TAPE_LOSSES_H

#include "engine/base/err.h"
#include "engine/tape/tape_reader.h"

#include <stdbool.h>
#include <stddef.h>

/* Plain data but for what it owns; zeroed is empty. */
struct tape_losses {
    struct tape_loss *items; /* owned; the first TAPE_LOSSES_MAX, then the tail when there is one */
    size_t count, capacity;  /* count: without the tail; may exceed TAPE_LOSSES_MAX */
    bool has_tail;
    struct tape_loss tail; /* the torn tail at the end of the tape */
};

void tape_losses_release(struct tape_losses *losses);

/* Keeps the loss and tells `options->each_loss` of it. */
enum err tape_losses_note(struct tape_losses *losses, const struct tape_reader_options *options,
                          const struct tape_loss *loss) ERR_MUST_CHECK;
/* Damage: noted by who salvages, ERR_DAMAGED with a text about the tape `path` for others. */
enum err tape_losses_damage(struct tape_losses *losses, const struct tape_reader_options *options,
                            const char *path, const struct tape_loss *loss) ERR_MUST_CHECK;
/* The torn tail, until tape_losses_forget_tail(). */
enum err tape_losses_set_tail(struct tape_losses *losses,
                              const struct tape_loss *tail) ERR_MUST_CHECK;
void tape_losses_forget_tail(struct tape_losses *losses);

/* Fills parts of a loss. */
void tape_loss_name(struct tape_loss *loss, const char *file);
void tape_loss_because(struct tape_loss *loss, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Numbers first .. next - 1 are missing, all of them, if there are any. */
void tape_loss_numbers(struct tape_loss *loss, uint64_t first, uint64_t next);

/* What of the numbers is missing, for people: "record 7 is missing", "records 7 to 9 are missing",
 * "12 of records 7 to 90 are missing", or "". */
#define TAPE_MISSING_TEXT_MAX 128
void tape_loss_missing(char out[TAPE_MISSING_TEXT_MAX], const struct tape_loss *loss);

#endif
