#include "recorder/watched_connection.h"

#include "engine/base/time_text.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- frames --------------------------------------------------------------------------------- */

#define PART_NS (10 * NS_PER_S)
#define PARTS   6

static void minute_go(struct frame_minute *minute, int64_t mono_ns)
{
    int64_t part = mono_ns / PART_NS;
    int64_t steps = part - minute->part;
    for (int64_t i = 0; i < steps && i < PARTS; i++)
        minute->counts[(size_t)((part - i) % PARTS)] = 0;
    if (steps > 0)
        minute->part = part;
}

static uint64_t minute_sum(struct frame_minute minute, int64_t mono_ns)
{
    uint64_t sum = 0;
    minute_go(&minute, mono_ns);
    for (size_t i = 0; i < PARTS; i++)
        sum += minute.counts[i];
    return sum;
}

void watched_connection_frame(struct watched_connection *connection, struct stamp now)
{
    connection->frames++;
    connection->last_frame_wall_ns = now.wall_ns;
    minute_go(&connection->minute, now.mono_ns);
    connection->minute.counts[connection->minute.part % PARTS]++;
}

void watched_connection_carries(struct watched_connection *connection, size_t stream,
                                int64_t mono_ns)
{
    struct watched_stream *at = &connection->streams[stream];
    if (at->carried)
        return;
    at->carried = true;
    at->since_ns = at->last_ns = mono_ns;
}

void watched_connection_data(struct watched_connection *connection, size_t stream, struct stamp now)
{
    struct watched_stream *at = &connection->streams[stream];
    watched_connection_carries(connection, stream, now.mono_ns);
    connection->last_data_wall_ns = now.wall_ns;
    if (connection->link) {
        stream_rate_see(&connection->link->streams[stream].rate, now.mono_ns - at->last_ns);
        connection->link->streams[stream].gave = true;
    }
    at->frames++;
    at->last_ns = now.mono_ns;
}

/* ---- silence -------------------------------------------------------------------------------- */

/* "95 s": for people. */
static const char *seconds_text(char out[32], int64_t duration_ns)
{
    if (duration_ns < NS_PER_S)
        snprintf(out, 32, "%" PRId64 " ms", duration_ns / NS_PER_MS);
    else if (duration_ns < 10 * NS_PER_MIN)
        snprintf(out, 32, "%" PRId64 " s", duration_ns / NS_PER_S);
    else
        snprintf(out, 32, "%" PRId64 " min", duration_ns / NS_PER_MIN);
    return out;
}

static bool is_unusual(const struct watched_connection *connection, size_t stream, int64_t mono_ns)
{
    const struct watched_stream *at = &connection->streams[stream];
    return at->carried && connection->link &&
           stream_rate_is_silent(&connection->link->streams[stream].rate, mono_ns - at->last_ns);
}

static void say_silence(const struct watched_connection *connection, size_t stream,
                        const char *channel, int64_t mono_ns, char out[160])
{
    char silence[32], usual[32];
    const struct watched_stream *at = &connection->streams[stream];
    int64_t usual_ns = stream_rate_usual_ns(&connection->link->streams[stream].rate);
    seconds_text(silence, mono_ns - at->last_ns);
    if (usual_ns > 0)
        snprintf(out, 160, "no '%s' for %s, usually at most %s", channel, silence,
                 seconds_text(usual, usual_ns));
    else
        snprintf(out, 160, "no '%s' for %s%s", channel, silence,
                 at->frames == 0 ? ", since it was subscribed" : "");
}

bool watched_connection_is_silent(const struct watched_connection *connection,
                                  const char *const *channels, int64_t mono_ns, char out[160])
{
    for (size_t i = 0; i < WATCH_STREAMS_MAX && connection->open; i++) {
        if (!is_unusual(connection, i, mono_ns))
            continue;
        say_silence(connection, i, channels[i], mono_ns, out);
        return true;
    }
    return false;
}

static int64_t next_wait_ns(int64_t wait_ns, bool gave)
{
    if (gave || wait_ns == 0)
        return RENEW_WAIT_NS;
    return wait_ns < RENEW_WAIT_MAX_NS / 2 ? 2 * wait_ns : RENEW_WAIT_MAX_NS;
}

/* Patience is over with this stream. */
static bool is_due(const struct watched_connection *connection, size_t stream, int64_t mono_ns)
{
    const struct watched_stream *at = &connection->streams[stream];
    const struct watched_link *link = connection->link;
    bool nothing =
        at->carried && stream_rate_usual_ns(&link->streams[stream].rate) == 0 &&
        mono_ns - at->last_ns >= WATCH_NOTHING_NS + 3 * link->streams[stream].rate.longest_ns;
    int64_t wait_ns = link->streams[stream].gave ? RENEW_WAIT_NS : link->streams[stream].wait_ns;
    return (nothing || is_unusual(connection, stream, mono_ns)) &&
           (link->renewed_ns == INT64_MIN || mono_ns - link->renewed_ns >= wait_ns);
}

bool watched_connection_renew(struct watched_connection *connection, const char *const *channels,
                              int64_t mono_ns)
{
    struct watched_link *link = connection->link;
    if (!connection->open || !link || connection->give_renew)
        return false;
    if (link->renewed_ns != INT64_MIN && mono_ns - link->renewed_ns < RENEW_WAIT_NS)
        return false;
    bool any = false;
    for (size_t i = 0; i < WATCH_STREAMS_MAX; i++) {
        if (!is_due(connection, i, mono_ns))
            continue;
        if (!any)
            say_silence(connection, i, channels[i], mono_ns, connection->renew_why);
        any = true;
        link->streams[i].wait_ns = next_wait_ns(link->streams[i].wait_ns, link->streams[i].gave);
        link->streams[i].gave = false;
    }
    if (any)
        link->renewed_ns = mono_ns;
    return any;
}

/* ---- telling -------------------------------------------------------------------------------- */

void watched_connection_tell(const struct watched_connection *connection, int64_t mono_ns,
                             struct watch_connection *out)
{
    const struct connection_watch *subs = &connection->subs;
    int64_t usual_ns = 0;
    for (size_t i = 0; connection->link && i < WATCH_STREAMS_MAX; i++) {
        int64_t stream_ns = stream_rate_usual_ns(&connection->link->streams[i].rate);
        bool shorter = usual_ns == 0 || stream_ns < usual_ns;
        usual_ns = stream_ns > 0 && shorter ? stream_ns : usual_ns;
    }
    *out = (struct watch_connection){
        .connection = connection->number,
        .link = connection->link ? connection->link->number : 0,
        .open = connection->open,
        .settled = connection->settled,
        .wanted = subs->count,
        .confirmed = subs->counts[SUB_CONFIRMED],
        .refused = subs->counts[SUB_REFUSED],
        .frames = connection->frames,
        .trades = connection->trades,
        .malformed = connection->malformed,
        .opened_wall_ns = connection->opened_wall_ns,
        .last_frame_wall_ns = connection->last_frame_wall_ns,
        .last_data_wall_ns = connection->last_data_wall_ns,
        .usual_silence_ns = usual_ns,
        .frames_per_min = minute_sum(connection->minute, mono_ns),
    };
}
