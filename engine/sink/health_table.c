#include "engine/sink/health_table.h"

#include "engine/sink/candle_schema.h"

const char health_table_upsert[] =
    "INSERT OR REPLACE INTO health (time_ns, venue, connection, state, score, why, seq, frame_age, "
    "data_age, frames_per_min, usual_per_min, connections, reconnects, errors, malformed, dropped, "
    "missing, trades, latency_count, latency_min, latency_mean, latency_p50, latency_p90, "
    "latency_p99, latency_max, clock_offset) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const char health_table_delete[] = "DELETE FROM health WHERE time_ns < ?";

/* Parameters in order; the first failure stays. */
struct binding {
    sqlite3_stmt *statement;
    int index, rc;
};

static void bind_text(struct binding *to, const char *text)
{
    to->index++;
    if (to->rc == SQLITE_OK)
        to->rc = sqlite3_bind_text(to->statement, to->index, text, -1, SQLITE_TRANSIENT);
}

static void bind_signed(struct binding *to, bool known, int64_t value)
{
    to->index++;
    if (to->rc != SQLITE_OK)
        return;
    to->rc = known ? sqlite3_bind_int64(to->statement, to->index, value)
                   : sqlite3_bind_null(to->statement, to->index);
}

static void bind_count(struct binding *to, uint64_t value)
{
    to->index++;
    if (to->rc == SQLITE_OK)
        to->rc = candle_schema_bind_u64(to->statement, to->index, value);
}

static void bind_latency(struct binding *to, const struct latency_figures *latency)
{
    bool known = latency->count > 0;
    bind_count(to, latency->count);
    bind_signed(to, known, latency->min);
    bind_signed(to, known, latency->mean);
    bind_signed(to, known, latency->p50);
    bind_signed(to, known, latency->p90);
    bind_signed(to, known, latency->p99);
    bind_signed(to, known, latency->max);
}

int health_table_bind(sqlite3_stmt *upsert, const struct health_report *report)
{
    struct binding to = {upsert, 0, SQLITE_OK};
    bind_signed(&to, true, report->wall_ns);
    bind_text(&to, report->venue);
    bind_signed(&to, true, report->connection);
    bind_text(&to, health_state_name(report->state));
    bind_signed(&to, true, report->score);
    bind_text(&to, report->why);
    bind_count(&to, report->seq);
    bind_signed(&to, report->frame_age_ns >= 0, report->frame_age_ns);
    bind_signed(&to, report->data_age_ns >= 0, report->data_age_ns);
    bind_count(&to, report->frames_per_min);
    bind_signed(&to, report->usual_per_min > 0, (int64_t)report->usual_per_min);
    bind_signed(&to, true, report->connections);
    bind_count(&to, report->reconnects);
    bind_count(&to, report->errors);
    bind_count(&to, report->malformed);
    bind_count(&to, report->dropped);
    bind_count(&to, report->missing);
    bind_count(&to, report->trades);
    bind_latency(&to, &report->latency);
    bind_signed(&to, report->has_clock_offset, report->clock_offset_ns);
    return to.rc;
}
