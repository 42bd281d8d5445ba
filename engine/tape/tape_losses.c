#include "engine/tape/tape_losses.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void tape_losses_release(struct tape_losses *losses)
{
    free(losses->items);
    *losses = (struct tape_losses){0};
}

/* Items at and behind the maximum are not kept, but for one place for the tail. */
static enum err keep(struct tape_losses *losses, const struct tape_loss *loss, size_t place)
{
    if (place >= losses->capacity) {
        size_t capacity = losses->capacity ? 2 * losses->capacity : 16;
        struct tape_loss *items = realloc(losses->items, capacity * sizeof *items);
        if (!items)
            return err_fail(ERR_NOMEM, "out of memory for a list of losses");
        losses->items = items;
        losses->capacity = capacity;
    }
    losses->items[place] = *loss;
    return ERR_OK;
}

static size_t kept_count(const struct tape_losses *losses)
{
    return losses->count < TAPE_LOSSES_MAX ? losses->count : TAPE_LOSSES_MAX;
}

enum err tape_losses_note(struct tape_losses *losses, const struct tape_reader_options *options,
                          const struct tape_loss *loss)
{
    if (options->each_loss)
        options->each_loss(loss, options->arg);
    if (losses->count < TAPE_LOSSES_MAX) {
        enum err err = keep(losses, loss, losses->count);
        if (err != ERR_OK)
            return err;
    }
    losses->count++;
    return losses->has_tail ? keep(losses, &losses->tail, kept_count(losses)) : ERR_OK;
}

enum err tape_losses_damage(struct tape_losses *losses, const struct tape_reader_options *options,
                            const char *path, const struct tape_loss *loss)
{
    if (options->salvage)
        return tape_losses_note(losses, options, loss);
    return err_fail(ERR_DAMAGED,
                    "tape '%s' is damaged: %s, offset %llu: %s; 'rewick tape verify' lists all "
                    "that is wrong, 'rewick tape repair' keeps the rest",
                    path, loss->file, (unsigned long long)loss->offset, loss->reason);
}

enum err tape_losses_set_tail(struct tape_losses *losses, const struct tape_loss *tail)
{
    enum err err = keep(losses, tail, kept_count(losses));
    if (err != ERR_OK)
        return err;
    losses->tail = *tail;
    losses->has_tail = true;
    return ERR_OK;
}

void tape_losses_forget_tail(struct tape_losses *losses)
{
    losses->has_tail = false;
}

void tape_loss_name(struct tape_loss *loss, const char *file)
{
    snprintf(loss->file, sizeof loss->file, "%s", file);
}

void tape_loss_because(struct tape_loss *loss, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(loss->reason, sizeof loss->reason, format, args);
    va_end(args);
}

void tape_loss_numbers(struct tape_loss *loss, uint64_t first, uint64_t next)
{
    if (next <= first)
        return;
    loss->first_seq = first;
    loss->last_seq = next - 1;
    loss->missing = next - first;
}

void tape_loss_missing(char out[TAPE_MISSING_TEXT_MAX], const struct tape_loss *loss)
{
    const uint64_t first = loss->first_seq, last = loss->last_seq;
    out[0] = 0;
    if (loss->missing == 0)
        return;
    if (first == last)
        snprintf(out, TAPE_MISSING_TEXT_MAX, "record %" PRIu64 " is missing", first);
    else if (loss->missing == last - first + 1)
        snprintf(out, TAPE_MISSING_TEXT_MAX, "records %" PRIu64 " to %" PRIu64 " are missing",
                 first, last);
    else
        snprintf(out, TAPE_MISSING_TEXT_MAX,
                 "%" PRIu64 " of records %" PRIu64 " to %" PRIu64 " %s missing", loss->missing,
                 first, last, loss->missing == 1 ? "is" : "are");
}
