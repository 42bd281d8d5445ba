/*
 * engine_answer: an HTTP answer as it stands on a tape (RECORD_HTTP in engine/tape/record.h): a
 * line that says what was asked, then the body byte for byte.
 */
#ifndef REWICK_ENGINE_ENGINE_ANSWER_H
#define REWICK_ENGINE_ENGINE_ANSWER_H

#include "engine/base/buf.h"
#include "engine/tape/record.h"
#include "engine/venue/venue.h"

struct engine_answer {
    void *line;      /* owned */
    const char *url; /* belongs to it */
    int64_t status;
    const uint8_t *body; /* of the record */
    size_t size;
};

/* False: the record is not of that form; release it all the same. */
bool engine_answer_read(struct engine_answer *answer, const struct record *record);
void engine_answer_release(struct engine_answer *answer);

/* Whether it is a page of the venue's instrument list. */
bool engine_answer_is_list(const struct engine_answer *answer, const struct venue *venue);

/* What a good answer that is no such page decodes to; *out_decoded: it is in `frame`. */
enum err engine_answer_decode(const struct record *record, const struct venue *venue,
                              const struct instrument_list *instruments, struct venue_frame *frame,
                              bool *out_decoded) ERR_MUST_CHECK;

/* What was asked and how it ended. */
struct engine_asked {
    const char *method;        /* "GET" */
    const char *host, *target; /* the URL in two parts */
    int status;                /* 0: no answer came ... */
    const char *error;         /* ... and why; else NULL or "" */
};

/* Replaces what `out` holds with a record's data. */
enum err engine_answer_tell(struct buf *out, const struct engine_asked *asked, const void *body,
                            size_t size) ERR_MUST_CHECK;
/* The same for a good answer to a GET. */
enum err engine_answer_write(struct buf *out, const char *url, const uint8_t *body,
                             size_t size) ERR_MUST_CHECK;

#endif
