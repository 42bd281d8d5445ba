/*
 * list_fetch: gets a venue's instrument list, from the venue or from a file, and keeps what came as
 * records for the tape.
 */
#ifndef REWICK_RECORDER_LIST_FETCH_H
#define REWICK_RECORDER_LIST_FETCH_H

#include "recorder/http_get.h"
#include "recorder/record_plan.h"

/* Attempts for each request that a venue answers with "later"; between them waits of 1, 2 s, or
 * what Retry-After says up to 30 s. A host that gives no answer is asked twice: capture waits for
 * this. */
#define LIST_FETCH_TRIES 3
/* Requests for one list. */
#define LIST_FETCH_PAGES_MAX 64

/* Takes the data of one RECORD_HTTP of the venue; borrowed during the call. */
typedef enum err list_answer_fn(const struct venue *venue, const void *data, size_t size,
                                void *arg);

struct list_fetch {
    struct http_session *session;
    int cancel_fd;          /* readable: give up; -1 = none */
    list_answer_fn *answer; /* NULL: nobody wants the records */
    void *arg;
};

/* Fills venue->list. `list_file` (may be NULL) is read instead of asking. ERR_NET, ERR_DAMAGED,
 * ERR_MISSING with a text that names venue and address; the list is then empty. */
enum err list_fetch_get(const struct list_fetch *fetch, struct plan_venue *venue,
                        const char *list_file) ERR_MUST_CHECK;

#endif
