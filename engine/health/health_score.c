#include "engine/health/health_score.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  (1000 * NS_PER_MS)

#define SILENCE_POINTS   20 /* for each limit that it has lasted */
#define SILENCE_MAX      40
#define LOST_POINTS      40 /* if all were */
#define RATE_POINTS      20 /* for none at all */
#define RATE_USUAL_MIN   12
#define RATE_PART        4 /* below this part of the usual rate */
#define REFUSED_POINTS   5
#define RECONNECT_POINTS 5
#define ERROR_POINTS     2
#define LATENCY_POINT_NS (500 * NS_PER_MS)
#define LATENCY_MAX      10
#define OTHER_MAX        20

struct verdict {
    struct health_report *report;
    unsigned points; /* lost so far */
    size_t used;     /* of why */
};

static unsigned at_most(uint64_t value, unsigned max)
{
    return value < max ? (unsigned)value : max;
}

/* "1 frame", "2 frames" */
static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* A reason that does not fit is left out whole. */
static void deduct(struct verdict *verdict, unsigned points, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void deduct(struct verdict *verdict, unsigned points, const char *format, ...)
{
    char reason[HEALTH_WHY_MAX], item[HEALTH_WHY_MAX + 16];
    va_list args;
    if (points == 0)
        return;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    verdict->points += points;
    int size =
        snprintf(item, sizeof item, "%s%s (-%u)", verdict->used > 0 ? ", " : "", reason, points);
    if (size < 0 || verdict->used + (size_t)size >= HEALTH_WHY_MAX)
        return;
    memcpy(verdict->report->why + verdict->used, item, (size_t)size + 1);
    verdict->used += (size_t)size;
}

/* "2 reconnects and 1 failed attempt"; only the one that is there. */
static const char *pair_text(char out[96], uint64_t a, const char *a_name, uint64_t b,
                             const char *b_name)
{
    int size = 0;
    if (a > 0)
        size = snprintf(out, 96, "%" PRIu64 " %s%s%s", a, a_name, plural(a), b > 0 ? " and " : "");
    if (b > 0)
        snprintf(out + size, 96 - (size_t)size, "%" PRIu64 " %s%s", b, b_name, plural(b));
    return out;
}

/* One for each part in a thousand, begun ones too. */
static unsigned share_points(uint64_t part, uint64_t whole)
{
    return part == 0 ? 0 : at_most((1000 * part + whole - 1) / whole, OTHER_MAX);
}

/* ---- the deductions -------------------------------------------------------------------------- */

static void judge_silence(struct verdict *verdict, const struct health_signs *signs)
{
    if (signs->limit_ns == 0)
        return;
    unsigned times = at_most((uint64_t)(signs->silence_ns / signs->limit_ns), 2);
    deduct(verdict, at_most(times * SILENCE_POINTS, SILENCE_MAX),
           "no market data for %" PRId64 " s", signs->silence_ns / NS_PER_S);
}

static void judge_lost(struct verdict *verdict)
{
    uint64_t lost = verdict->report->lost, all = lost + verdict->report->connections;
    if (lost > 0)
        deduct(verdict,
               LOST_POINTS * lost >= all ? at_most(LOST_POINTS * lost / all, LOST_POINTS) : 1,
               "%" PRIu64 " lost connection%s not replaced", lost, plural(lost));
}

static void judge_rate(struct verdict *verdict, const struct health_signs *signs)
{
    uint64_t rate = verdict->report->frames_per_min, usual = verdict->report->usual_per_min;
    if (signs->was_whole && usual >= RATE_USUAL_MIN && RATE_PART * rate < usual)
        deduct(verdict, at_most(RATE_POINTS * (usual - RATE_PART * rate) / usual, RATE_POINTS),
               "%" PRIu64 " frames/min, usually %" PRIu64, rate, usual);
}

static void judge_connecting(struct verdict *verdict)
{
    char text[96] = "";
    const struct health_report *report = verdict->report;
    uint64_t refused = report->refused;
    deduct(verdict, at_most(refused < OTHER_MAX ? refused * REFUSED_POINTS : OTHER_MAX, OTHER_MAX),
           "%" PRIu64 " subscription%s refused", refused, plural(refused));
    uint64_t points = report->reconnects * RECONNECT_POINTS + report->errors * ERROR_POINTS;
    deduct(verdict, at_most(points, OTHER_MAX), "%s",
           pair_text(text, report->reconnects, "reconnect", report->errors, "failed attempt"));
}

static void judge_losses(struct verdict *verdict)
{
    char text[96] = "";
    const struct health_report *report = verdict->report;
    uint64_t faults = report->malformed + report->dropped;
    deduct(verdict, share_points(faults, report->frames + report->dropped), "%s",
           pair_text(text, report->malformed, "malformed frame", report->dropped, "dropped frame"));
    deduct(verdict, share_points(report->missing, report->trades + report->missing),
           "%" PRIu64 " missing trade%s", report->missing, plural(report->missing));
}

static void judge_latency(struct verdict *verdict)
{
    int64_t p99_ns = verdict->report->latency.p99;
    if (verdict->report->clock_untrusted)
        deduct(verdict, LATENCY_MAX, "clocks not to be trusted");
    else if (p99_ns > 0)
        deduct(verdict, at_most((uint64_t)(p99_ns / LATENCY_POINT_NS), LATENCY_MAX),
               "latency p99 %" PRId64 " ms", p99_ns / NS_PER_MS);
}

void health_judge(struct health_report *report, const struct health_signs *signs)
{
    struct verdict verdict = {.report = report};
    report->why[0] = '\0';
    if (signs->down) {
        report->state = HEALTH_DOWN;
        report->score = 0;
        snprintf(report->why, sizeof report->why, "%s",
                 report->connection > 0 ? "the connection has ended" : "no connection is open");
        return;
    }
    judge_silence(&verdict, signs);
    judge_lost(&verdict);
    judge_rate(&verdict, signs);
    judge_connecting(&verdict);
    judge_losses(&verdict);
    judge_latency(&verdict);
    bool silent = signs->limit_ns > 0 && signs->silence_ns >= signs->limit_ns;
    bool degraded = signs->trouble || silent || report->refused > 0 || report->lost > 0;
    report->state = degraded ? HEALTH_DEGRADED : HEALTH_UP;
    report->score = verdict.points < 99 ? (uint8_t)(100 - verdict.points) : 1;
}

const char *health_state_name(enum health_state state)
{
    static const char *const names[] = {"up", "degraded", "down"};
    return names[state];
}
