/*
 * venue_field: the members that a decoder takes out of a JSON object, and their checks.
 *
 *     static const char *const names[] = {"p", "q"};
 *     struct field_set set;
 *     if (field_pick(frame, &set, object, names, 2) || field_decimal(frame, &set, 0,
 * &trade->price)) return ERR_DAMAGED;
 *
 * Every reader that finds something else than it wants makes the frame VENUE_MALFORMED with a
 * reason that names the member, and returns ERR_DAMAGED; that is all it ever returns but ERR_OK.
 * field_finish() turns ERR_DAMAGED back into ERR_OK at the end of decoding.
 */
#ifndef REWICK_ENGINE_VENUE_VENUE_FIELD_H
#define REWICK_ENGINE_VENUE_VENUE_FIELD_H

#include "engine/venue/json_scan.h"
#include "engine/venue/venue.h"

#define FIELD_SET_MAX 16

struct field_set {
    const char *const *names; /* borrowed; of the elements of a row, what they mean */
    size_t count;
    struct json_span values[FIELD_SET_MAX]; /* SPAN_NONE: not there */
};

/* The members of an object; others are ignored. */
enum err field_pick(struct venue_frame *frame, struct field_set *set, struct json_span object,
                    const char *const *names, size_t count) ERR_MUST_CHECK;
/* The elements of an array by position; more are ignored. */
enum err field_pick_row(struct venue_frame *frame, struct field_set *set, struct json_span array,
                        const char *const *names, size_t count) ERR_MUST_CHECK;

bool field_has(const struct field_set *set, size_t index);
/* There and not null. */
bool field_is_set(const struct field_set *set, size_t index);
/* A string equal to `text`. */
bool field_is(const struct field_set *set, size_t index, const char *text);

enum err field_want(struct venue_frame *frame, const struct field_set *set, size_t index,
                    enum json_span_kind kind) ERR_MUST_CHECK;
/* Text that is not empty, fits, and has no control characters. */
enum err field_text(struct venue_frame *frame, const struct field_set *set, size_t index, char *out,
                    size_t out_size) ERR_MUST_CHECK;
/* The same where it may be missing: then, and when it is empty or bad, "". */
void field_text_maybe(const struct field_set *set, size_t index, char *out, size_t out_size);
enum err field_bool(struct venue_frame *frame, const struct field_set *set, size_t index,
                    bool *out) ERR_MUST_CHECK;
/* `kind`: as a number or as a string of digits, what the venue sends. */
enum err field_id(struct venue_frame *frame, const struct field_set *set, size_t index,
                  enum json_span_kind kind, uint64_t *out) ERR_MUST_CHECK;
enum err field_decimal(struct venue_frame *frame, const struct field_set *set, size_t index,
                       enum json_span_kind kind, struct decimal *out) ERR_MUST_CHECK;

/* What an instrument list says about steps and sizes: a number or a string that is a decimal, 0 for
 * all else. */
struct decimal field_decimal_maybe(const struct field_set *set, size_t index);
/* A VENUE_ACK that names the message it answers: anything but a whole number is none of ours. */
void field_request_id(struct venue_frame *frame, const struct field_set *set, size_t index);

/* Forms in which venues write times. */
enum field_time_form {
    FIELD_TIME_RFC3339, /* a string */
    FIELD_TIME_EPOCH,   /* a number of ms, or of us when it has 15 digits or more */
    FIELD_TIME_SECONDS, /* "secs.fraction" as a string */
    FIELD_TIME_FLOAT,   /* secs.fraction as a number; read as text */
};
/* The time of a trade: must be there and after 1970. */
enum err field_time(struct venue_frame *frame, const struct field_set *set, size_t index,
                    enum field_time_form form, int64_t *out) ERR_MUST_CHECK;
/* The time of any other frame: what is not there, null, no time or out of range (venues have sent
 * 0001-01-01) gives RECORD_NO_TIME; only another JSON type is a fault. */
enum err field_time_maybe(struct venue_frame *frame, const struct field_set *set, size_t index,
                          enum field_time_form form, int64_t *out) ERR_MUST_CHECK;
/* Two words, compared exactly. */
enum err field_taker(struct venue_frame *frame, const struct field_set *set, size_t index,
                     const char *buy, const char *sell, enum trade_taker *out) ERR_MUST_CHECK;

/* Price and quantity of a decoded trade: below zero is a fault, zero makes it TRADE_EXCLUDED (its
 * id still counts). A plain trade gets first_id, last_id and count. */
enum err field_check_trade(struct venue_frame *frame, struct trade *trade) ERR_MUST_CHECK;

/* Calls `each` for the elements of an array, which `name` names, until one fails. */
typedef enum err field_each_fn(struct venue_frame *frame, struct json_span element, void *arg);
enum err field_each(struct venue_frame *frame, struct json_span array, const char *name,
                    field_each_fn *each, void *arg) ERR_MUST_CHECK;

/* Reads one entry of an instrument list into a zeroed instrument; ERR_DAMAGED leaves it out. `arg`
 * is field_entries()'s, `scratch` is there for the readers above. */
typedef enum err field_entry_fn(struct venue_frame *scratch, struct json_span key,
                                struct json_span entry, struct instrument *out, void *arg);
/* Adds the entries of an array or object that is known to be well formed. ERR_NOMEM, ERR_LIMIT. */
enum err field_entries(struct instrument_list *list, struct json_span entries, field_entry_fn *read,
                       void *arg) ERR_MUST_CHECK;
/* ERR_DAMAGED: an answer that holds no instrument list; `scratch` says why. */
enum err field_no_list(const struct venue_frame *scratch, const char *url);

/* Makes the frame an answer that refuses; `detail` is a string or SPAN_NONE. */
void field_refusal(struct venue_frame *frame, struct json_span text, struct json_span detail);
/* frame->symbol = what all trades have in common, "" when they differ. */
void field_common_symbol(struct venue_frame *frame);

/* The end of decoding: a frame of trades is sorted and gets the time of its newest one; ERR_DAMAGED
 * and ERR_LIMIT become a malformed frame. */
enum err field_finish(struct venue_frame *frame, enum err err) ERR_MUST_CHECK;

#endif
