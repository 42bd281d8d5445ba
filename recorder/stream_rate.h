/*
 * stream_rate: how long a stream is usually silent at most, from the silences between its frames.
 *
 *     frame . . frame . . . . . frame .      usual: the longest silence, fading over hours
 *            2 s         5 s
 *
 * Pure; plain data; a zeroed one is new.
 */
#ifndef REWICK_RECORDER_STREAM_RATE_H
#define REWICK_RECORDER_STREAM_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* Nothing is said of a stream that has given fewer frames. */
#define STREAM_RATE_FRAMES_MIN 100
/* A silence is suspicious when it is longer than three times the usual longest and this. */
#define STREAM_RATE_SLACK_NS (INT64_C(30) * 1000000000)
/* What was usual counts half after about this time, unless it happens again. */
#define STREAM_RATE_FADE_NS (INT64_C(6) * 3600 * 1000000000)

struct stream_rate {
    uint64_t frames;
    int64_t longest_ns;
    int64_t unfaded_ns; /* time seen that has not faded anything yet */
};

/* A frame came after `silence_ns`; < 0 counts as 0. */
void stream_rate_see(struct stream_rate *rate, int64_t silence_ns);
/* The longest that is usual; 0 = not known yet. */
int64_t stream_rate_usual_ns(const struct stream_rate *rate);
/* Is it suspicious that nothing has come for `silence_ns`? */
bool stream_rate_is_silent(const struct stream_rate *rate, int64_t silence_ns);

#endif
