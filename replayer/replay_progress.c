#include "replayer/replay_progress.h"

#include "engine/base/decimal.h"
#include "engine/base/time_text.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 20

void replay_progress_init(struct replay_progress *progress, const char *what, bool wanted,
                          int64_t mono_ns)
{
    *progress = (struct replay_progress){.what = what, .start_ns = mono_ns, .drawn_ns = mono_ns};
    if (wanted && isatty(STDERR_FILENO))
        progress->out = stderr;
}

void replay_progress_show(struct replay_progress *progress, struct replay_amount amount,
                          int64_t mono_ns)
{
    if (!progress->out || mono_ns - progress->drawn_ns < REPLAY_PROGRESS_GAP_NS)
        return;
    char text[REPLAY_PROGRESS_TEXT_MAX];
    replay_progress_format(text, progress->what, amount, mono_ns - progress->start_ns);
    fprintf(progress->out, "\r%s\033[K", text);
    fflush(progress->out);
    progress->drawn_ns = mono_ns;
    progress->drawn = true;
}

void replay_progress_clear(struct replay_progress *progress)
{
    if (!progress->drawn)
        return;
    fputs("\r\033[K", progress->out);
    fflush(progress->out);
    progress->drawn = false;
}

/* value * factor / divisor without overflow; 0 for a divisor of 0. */
static uint64_t scale(uint64_t value, uint64_t factor, uint64_t divisor)
{
    if (divisor == 0)
        return 0;
    uint128 wide = (uint128)value * factor / divisor;
    return wide > UINT64_MAX ? UINT64_MAX : (uint64_t)wide;
}

void replay_rate_format(char text[24], uint64_t count, int64_t elapsed_ns)
{
    uint64_t rate = scale(count, NS_PER_S, elapsed_ns > 0 ? (uint64_t)elapsed_ns : 1);
    if (rate < 10000)
        snprintf(text, 24, "%" PRIu64, rate);
    else if (rate < 10000000)
        snprintf(text, 24, "%" PRIu64 " k", rate / 1000);
    else
        snprintf(text, 24, "%" PRIu64 ".%" PRIu64 " M", rate / 1000000, rate / 100000 % 10);
}

static void format_left(char *text, size_t size, struct replay_amount amount, int64_t elapsed_ns)
{
    uint64_t s = scale((uint64_t)elapsed_ns, amount.total - amount.done, amount.done) / NS_PER_S;
    if (s < 3600)
        snprintf(text, size, ", %" PRIu64 ":%02" PRIu64 " left", s / 60, s % 60);
    else if (s < 100 * 3600)
        snprintf(text, size, ", %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left", s / 3600,
                 s / 60 % 60, s % 60);
}

void replay_progress_format(char text[REPLAY_PROGRESS_TEXT_MAX], const char *what,
                            struct replay_amount amount, int64_t elapsed_ns)
{
    char rate[24], left[32] = "";
    replay_rate_format(rate, amount.records, elapsed_ns);
    if (amount.total == 0 || amount.done > amount.total) {
        snprintf(text, REPLAY_PROGRESS_TEXT_MAX, "%s  %s records/s", what, rate);
        return;
    }
    char bar[BAR_WIDTH + 1];
    uint64_t filled = scale(amount.done, BAR_WIDTH, amount.total);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    if (amount.done > 0)
        format_left(left, sizeof left, amount, elapsed_ns);
    snprintf(text, REPLAY_PROGRESS_TEXT_MAX, "%s %3" PRIu64 "%% [%s]  %s records/s%s", what,
             scale(amount.done, 100, amount.total), bar, rate, left);
}
