#include "recorder/capture_status.h"

#include "engine/base/time_text.h"

#include <inttypes.h>
#include <string.h>

static enum err append_text(struct buf *out, const char *name, const char *text)
{
    enum err err = buf_printf(out, "\"%s\":", name);
    return err ? err : buf_append_json(out, text, strlen(text));
}

/* ,"name":"time" or null */
static enum err append_time(struct buf *out, const char *name, int64_t time_ns)
{
    char text[TIME_TEXT_MAX];
    if (time_ns <= 0)
        return buf_printf(out, ",\"%s\":null", name);
    time_format(text, time_ns);
    return buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

/* ---- tape -------------------------------------------------------------------------------------
 */

enum err capture_status_tape(const struct tape_keeper *tape, struct buf *out)
{
    static const char *const disks[] = {"ok", "low", "full"};
    struct tape_keeper_state state;
    tape_keeper_state(tape, &state);
    enum err err = buf_printf(
        out,
        "\"next_seq\":%" PRIu64 ",\"written_seq\":%" PRIu64 ",\"durable_seq\":%" PRIu64
        ",\"bytes\":%" PRIu64 ",\"interrupted\":%s,\"disk\":\"%s\",",
        tape_keeper_next_seq(tape), tape_keeper_written_seq(tape), tape_keeper_durable_seq(tape),
        tape_keeper_bytes(tape), state.interrupted ? "true" : "false", disks[state.disk]);
    err = err ? err : append_text(out, "why", state.why);
    if (!err && state.disk_left_ns != INT64_MAX)
        err = buf_printf(out, ",\"disk_left_min\":%" PRId64, state.disk_left_ns / (60 * NS_PER_S));
    return err ? err : buf_append_byte(out, '}');
}

/* ---- network ----------------------------------------------------------------------------------
 */

enum err capture_status_network(const struct conductor_stats *stats, struct buf *out)
{
    return buf_printf(out,
                      "\"network\":{\"links\":%zu,\"open\":%zu,\"opened\":%" PRIu64
                      ",\"failed\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"changeovers\":%" PRIu64
                      ",\"dropped\":%" PRIu64 ",\"fetches\":%" PRIu64 ",\"fetches_failed\":%" PRIu64
                      "}",
                      stats->links, stats->open, stats->opened, stats->failed, stats->lost,
                      stats->changeovers, stats->dropped, stats->fetches, stats->fetches_failed);
}

/* ---- health -----------------------------------------------------------------------------------
 */

/* ,"name":N or null */
static enum err append_known(struct buf *out, const char *name, bool known, int64_t value)
{
    return known ? buf_printf(out, ",\"%s\":%" PRId64, name, value)
                 : buf_printf(out, ",\"%s\":null", name);
}

static enum err append_latency(struct buf *out, const struct latency_figures *latency)
{
    if (latency->count == 0)
        return buf_append_text(out, ",\"latency\":null");
    return buf_printf(out,
                      ",\"latency\":{\"count\":%" PRIu64 ",\"min_ns\":%" PRId64
                      ",\"mean_ns\":%" PRId64 ",\"p50_ns\":%" PRId64 ",\"p90_ns\":%" PRId64
                      ",\"p99_ns\":%" PRId64 ",\"max_ns\":%" PRId64 "}",
                      latency->count, latency->min, latency->mean, latency->p50, latency->p90,
                      latency->p99, latency->max);
}

static enum err append_figures(struct buf *out, const struct health_report *report)
{
    enum err err = append_known(out, "frame_age_ms", report->frame_age_ns >= 0,
                                report->frame_age_ns / NS_PER_MS);
    err = err ? err
              : append_known(out, "data_age_ms", report->data_age_ns >= 0,
                             report->data_age_ns / NS_PER_MS);
    err = err ? err
              : append_known(out, "silence_limit_ms", report->silence_limit_ns > 0,
                             report->silence_limit_ns / NS_PER_MS);
    if (!err)
        err = buf_printf(
            out,
            ",\"frames_per_min\":%" PRIu64 ",\"usual_per_min\":%" PRIu64 ",\"connections\":%" PRIu32
            ",\"lost\":%" PRIu32 ",\"refused\":%" PRIu64 ",\"reconnects\":%" PRIu64
            ",\"errors\":%" PRIu64 ",\"frames\":%" PRIu64 ",\"malformed\":%" PRIu64
            ",\"dropped\":%" PRIu64 ",\"trades\":%" PRIu64 ",\"missing\":%" PRIu64,
            report->frames_per_min, report->usual_per_min, report->connections, report->lost,
            report->refused, report->reconnects, report->errors, report->frames, report->malformed,
            report->dropped, report->trades, report->missing);
    err = err ? err : append_latency(out, &report->latency);
    if (!err)
        err =
            buf_printf(out, ",\"clock_untrusted\":%s", report->clock_untrusted ? "true" : "false");
    return err ? err
               : append_known(out, "clock_offset_ns", report->has_clock_offset,
                              report->clock_offset_ns);
}

/* ,"report":{...} or null */
static enum err append_report(struct buf *out, const struct health_report *report, bool known)
{
    if (!known)
        return buf_append_text(out, ",\"report\":null");
    enum err err = buf_printf(out, ",\"report\":{\"health\":\"%s\",\"score\":%u,",
                              health_state_name(report->state), report->score);
    err = err ? err : append_text(out, "why", report->why);
    err = err ? err : append_figures(out, report);
    return err ? err : buf_append_byte(out, '}');
}

/* ---- venues -----------------------------------------------------------------------------------
 */

static enum err append_connection(struct buf *out, const struct watch_connection *connection)
{
    enum err err = buf_printf(
        out,
        "{\"connection\":%" PRIu32 ",\"link\":%" PRIu32
        ",\"open\":%s,\"settled\":%s,\"wanted\":%zu,\"confirmed\":%zu,\"refused\":%zu,"
        "\"frames\":%" PRIu64 ",\"trades\":%" PRIu64 ",\"malformed\":%" PRIu64
        ",\"frames_per_min\":%" PRIu64 ",\"usual_silence_ms\":%" PRId64,
        connection->connection, connection->link, connection->open ? "true" : "false",
        connection->settled ? "true" : "false", connection->wanted, connection->confirmed,
        connection->refused, connection->frames, connection->trades, connection->malformed,
        connection->frames_per_min, connection->usual_silence_ns / NS_PER_MS);
    err = err ? err : append_time(out, "opened", connection->opened_wall_ns);
    err = err ? err : append_time(out, "last_frame", connection->last_frame_wall_ns);
    err = err ? err : append_time(out, "last_data", connection->last_data_wall_ns);
    const struct health_report *report = &connection->report;
    enum health_state health = connection->has_report ? report->state : HEALTH_DOWN;
    if (!err)
        err = buf_printf(out, ",\"health\":\"%s\",\"score\":%u,", health_state_name(health),
                         report->score);
    err = err ? err : append_text(out, "why", health == HEALTH_UP ? "" : report->why);
    err = err ? err : append_report(out, report, connection->has_report);
    return err ? err : buf_append_byte(out, '}');
}

static enum err append_repair(struct buf *out, const struct repair_stats *repair)
{
    return buf_printf(out,
                      ",\"repair\":{\"holes\":%" PRIu64 ",\"open\":%" PRIu64 ",\"missing\":%" PRIu64
                      ",\"filled\":%" PRIu64 ",\"fetched\":%" PRIu64 ",\"given_up\":%" PRIu64
                      ",\"possible\":%" PRIu64 "}",
                      repair->holes, repair->open, repair->missing, repair->filled, repair->fetched,
                      repair->given_up, repair->possible);
}

static enum err append_venue(struct buf *out, const struct watch_venue *venue)
{
    enum err err = buf_append_byte(out, '{');
    err = err ? err : append_text(out, "venue", venue->venue->name);
    err = err ? err : buf_printf(out, ",\"health\":\"%s\",", health_state_name(venue->health));
    err = err ? err : append_text(out, "why", venue->why);
    if (!err)
        err = buf_printf(out,
                         ",\"score\":%u,\"frames\":%" PRIu64 ",\"trades\":%" PRIu64
                         ",\"malformed\":%" PRIu64 ",\"reconnects\":%" PRIu64 ",\"errors\":%" PRIu64
                         ",\"refused\":%" PRIu64,
                         venue->score, venue->frames, venue->trades, venue->malformed,
                         venue->reconnects, venue->errors, venue->refused);
    err = err ? err : append_time(out, "last_data", venue->last_data_wall_ns);
    err = err ? err : append_repair(out, &venue->repair);
    err = err ? err : append_report(out, &venue->report, venue->report.venue != NULL);
    err = err ? err : buf_append_text(out, ",\"connections\":[");
    for (size_t i = 0; !err && i < venue->connection_count; i++) {
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_connection(out, &venue->connections[i]);
    }
    return err ? err : buf_append_text(out, "]}");
}

enum err capture_status_venues(struct capture_watch *watch, struct stamp now, struct buf *out)
{
    enum err err = buf_append_text(out, "\"venues\":[");
    for (size_t i = 0; !err && i < capture_watch_venue_count(watch); i++) {
        struct watch_venue venue;
        capture_watch_venue(watch, i, now, &venue);
        err = i > 0 ? buf_append_byte(out, ',') : ERR_OK;
        err = err ? err : append_venue(out, &venue);
    }
    return err ? err : buf_append_byte(out, ']');
}
