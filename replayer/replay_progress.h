/*
 * replay_progress: one line on a terminal that says how far a long run is, how fast it goes and how
 * long it will take. Not thread safe; time is an argument.
 *
 *     replay  42% [########............]  1250 k records/s, 0:07 left
 */
#ifndef REWICK_REPLAYER_REPLAY_PROGRESS_H
#define REWICK_REPLAYER_REPLAY_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define REPLAY_PROGRESS_TEXT_MAX 128
/* Redrawn at most this often. */
#define REPLAY_PROGRESS_GAP_NS (INT64_C(100) * 1000000)

struct replay_progress {
    FILE *out;        /* NULL: nothing is shown */
    const char *what; /* "replay" */
    int64_t start_ns, drawn_ns;
    bool drawn;
};

struct replay_amount {
    uint64_t done, total; /* in any unit, for the share; total 0: not known */
    uint64_t records;
};

/* Shows on stderr, and only when that is a terminal and `wanted`. */
void replay_progress_init(struct replay_progress *progress, const char *what, bool wanted,
                          int64_t mono_ns);
void replay_progress_show(struct replay_progress *progress, struct replay_amount amount,
                          int64_t mono_ns);
/* Takes the line away; call it before other text goes to the terminal and at the end. */
void replay_progress_clear(struct replay_progress *progress);

void replay_progress_format(char text[REPLAY_PROGRESS_TEXT_MAX], const char *what,
                            struct replay_amount amount, int64_t elapsed_ns);
/* "950", "1250 k", "31.4 M": a number per second for people. */
void replay_rate_format(char text[24], uint64_t count, int64_t elapsed_ns);

#endif
