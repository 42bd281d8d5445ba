#include "recorder/stream_rate.h"

/* Fading goes in steps of a 64th, 44 of which halve. */
#define STEP_PARTS 64
#define STEP_NS    (STREAM_RATE_FADE_NS / 44)
/* By then nothing of it is left. */
#define STEPS_MAX 4096

/* A silence beyond this is no silence of a living stream; it keeps sums small. */
#define SILENCE_MAX_NS (INT64_C(366) * 24 * 3600 * 1000000000)

void stream_rate_see(struct stream_rate *rate, int64_t silence_ns)
{
    silence_ns = silence_ns < 0 ? 0 : silence_ns;
    silence_ns = silence_ns > SILENCE_MAX_NS ? SILENCE_MAX_NS : silence_ns;
    rate->frames++;
    rate->unfaded_ns += silence_ns;
    int64_t steps = rate->unfaded_ns / STEP_NS;
    rate->unfaded_ns -= steps * STEP_NS;
    for (int64_t i = 0; i < steps && i < STEPS_MAX; i++)
        rate->longest_ns -= rate->longest_ns / STEP_PARTS;
    if (silence_ns > rate->longest_ns)
        rate->longest_ns = silence_ns;
}

int64_t stream_rate_usual_ns(const struct stream_rate *rate)
{
    return rate->frames >= STREAM_RATE_FRAMES_MIN ? rate->longest_ns : 0;
}

bool stream_rate_is_silent(const struct stream_rate *rate, int64_t silence_ns)
{
    return rate->frames >= STREAM_RATE_FRAMES_MIN &&
           silence_ns > 3 * rate->longest_ns + STREAM_RATE_SLACK_NS;
}
