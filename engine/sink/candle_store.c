#include "engine/sink/candle_store.h"

#include "engine/base/buf.h"
#include "engine/sink/candle_schema.h"

#include <stdlib.h>
#include <string.h>

#define STORE_BUSY_MS 5000
#define SQL_MAX       65536

/* Two parameters for times, two for the page; names follow. */
enum { PARAMETER_FROM = 1, PARAMETER_TO, PARAMETER_LIMIT, PARAMETER_OFFSET, PARAMETER_NAMES };

struct candle_store {
    char *path;
    sqlite3 *db;
    struct candle_schema_scratch scratch; /* of the row that is being given */
    struct latency_pool pool;
    struct latency values; /* of that row */
};

/* ---- the query's text ------------------------------------------------------------------------ */

/* " AND column IN (?5, ?6)", counting *next on; nothing for an empty list. */
static enum err append_names(struct buf *sql, const char *column, size_t count, int *next)
{
    if (count == 0)
        return ERR_OK;
    if (count > CANDLE_STORE_NAMES_MAX)
        return err_fail(ERR_LIMIT, "a query names %zu of %s; at most %d are allowed", count, column,
                        CANDLE_STORE_NAMES_MAX);
    enum err err = buf_printf(sql, " AND s.%s IN (", column);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = buf_printf(sql, "%s?%d", i ? ", " : "", (*next)++);
    return err == ERR_OK ? buf_append_text(sql, ")") : err;
}

/* CROSS JOIN fixes the order: the few series first, then their candles by primary key. */
static enum err append_select(struct buf *sql, const struct candle_query *query, const char *table)
{
    int next = PARAMETER_NAMES;
    enum err err = buf_printf(
        sql, "SELECT %supdate_no%s FROM (SELECT venue, instrument, bar FROM series AS s WHERE 1",
        candle_schema_columns, query->histograms ? ", latency_histogram" : "");
    if (err == ERR_OK)
        err = append_names(sql, "venue", query->venue_count, &next);
    if (err == ERR_OK)
        err = append_names(sql, "instrument", query->instrument_count, &next);
    if (err == ERR_OK)
        err = append_names(sql, "bar", query->bar_count, &next);
    if (err == ERR_OK)
        err = buf_printf(sql,
                         ") CROSS JOIN %s USING (venue, instrument, bar) "
                         "WHERE open_time >= ?%d AND open_time %s ?%d%s",
                         table, PARAMETER_FROM, query->to_ns == INT64_MAX ? "<=" : "<",
                         PARAMETER_TO, query->forming ? "" : " AND state <> 'forming'");
    return err;
}

static enum err append_query(struct buf *sql, const struct candle_query *query)
{
    enum err err = append_select(sql, query, "candle");
    if (err == ERR_OK && query->revisions) {
        err = buf_append_text(sql, " UNION ALL ");
        if (err == ERR_OK)
            err = append_select(sql, query, "candle_revision");
    }
    if (err == ERR_OK)
        err = buf_printf(sql,
                         " ORDER BY open_time, venue, instrument, "
                         "bar COLLATE " CANDLE_SCHEMA_BAR_ORDER ", revision LIMIT ?%d OFFSET ?%d",
                         PARAMETER_LIMIT, PARAMETER_OFFSET);
    return err == ERR_OK ? buf_terminate(sql) : err;
}

static int bind_names(sqlite3_stmt *rows, const char *const *names, size_t count, int *next)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < count && rc == SQLITE_OK; i++)
        rc = sqlite3_bind_text(rows, (*next)++, names[i], -1, SQLITE_STATIC);
    return rc;
}

static int bind_bars(sqlite3_stmt *rows, const struct bar *bars, size_t count, int *next)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
        char text[BAR_TEXT_MAX];
        bar_format(text, bars[i]);
        rc = sqlite3_bind_text(rows, (*next)++, text, -1, SQLITE_TRANSIENT);
    }
    return rc;
}

static int64_t clamp(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static int bind_query(sqlite3_stmt *rows, const struct candle_query *query)
{
    int next = PARAMETER_NAMES;
    int rc = sqlite3_bind_int64(rows, PARAMETER_FROM, query->from_ns);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(rows, PARAMETER_TO, query->to_ns);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(rows, PARAMETER_LIMIT, query->limit ? clamp(query->limit) : -1);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(rows, PARAMETER_OFFSET, clamp(query->offset));
    if (rc == SQLITE_OK)
        rc = bind_names(rows, query->venues, query->venue_count, &next);
    if (rc == SQLITE_OK)
        rc = bind_names(rows, query->instruments, query->instrument_count, &next);
    if (rc == SQLITE_OK)
        rc = bind_bars(rows, query->bars, query->bar_count, &next);
    return rc;
}

/* ---- running it ------------------------------------------------------------------------------ */

static enum err read_update(struct candle_store *store, uint64_t *out)
{
    sqlite3_stmt *row = NULL;
    enum err err = candle_schema_prepare(
        store->db, store->path, &row,
        "SELECT update_no FROM tape_position ORDER BY commit_no DESC LIMIT 1");
    if (err != ERR_OK)
        return err;
    int rc = sqlite3_step(row);
    *out = rc == SQLITE_ROW ? candle_schema_u64(row, 0) : 0;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = candle_schema_fail(store->db, store->path);
    sqlite3_finalize(row);
    return err;
}

/* The histogram stands behind update_no. */
static enum err read_values(struct candle_store *store, sqlite3_stmt *row, struct candle *candle)
{
    const int column = CANDLE_COLUMN_COUNT + 1;
    const void *data = sqlite3_column_blob(row, column);
    latency_clear(&store->values, &store->pool);
    if (data == NULL)
        return ERR_OK;
    enum err err = latency_unpack(&store->values, &store->pool, data,
                                  (size_t)sqlite3_column_bytes(row, column));
    candle->latency_values = &store->values;
    return err == ERR_DAMAGED
               ? err_fail(err, "database '%s' has a latency_histogram that is none", store->path)
               : err;
}

static enum err each_candle(struct candle_store *store, sqlite3_stmt *rows, bool histograms,
                            enum err (*each)(const struct candle *candle, void *arg), void *arg)
{
    for (;;) {
        int rc = sqlite3_step(rows);
        if (rc == SQLITE_DONE)
            return ERR_OK;
        if (rc != SQLITE_ROW)
            return candle_schema_fail(store->db, store->path);
        struct candle candle;
        enum err err = candle_schema_row(rows, store->path, &store->scratch, &candle);
        if (err == ERR_OK && histograms)
            err = read_values(store, rows, &candle);
        if (err == ERR_OK)
            err = each(&candle, arg);
        if (err != ERR_OK)
            return err;
    }
}

static enum err read_rows(struct candle_store *store, const struct candle_query *query,
                          enum err (*each)(const struct candle *candle, void *arg), void *arg)
{
    sqlite3_stmt *rows = NULL;
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    enum err err = append_query(&sql, query);
    if (err == ERR_OK)
        err = candle_schema_prepare(store->db, store->path, &rows, (const char *)sql.data);
    if (err == ERR_OK && bind_query(rows, query) != SQLITE_OK)
        err = candle_schema_fail(store->db, store->path);
    if (err == ERR_OK)
        err = each_candle(store, rows, query->histograms, each, arg);
    sqlite3_finalize(rows);
    buf_release(&sql);
    return err;
}

enum err candle_store_query(struct candle_store *store, const struct candle_query *query,
                            enum err (*each)(const struct candle *candle, void *arg), void *arg,
                            uint64_t *out_update)
{
    /* The first read of the transaction fixes what the others see. */
    enum err err = candle_schema_run(store->db, store->path, "BEGIN");
    if (err != ERR_OK)
        return err;
    uint64_t update;
    err = read_update(store, &update);
    if (err == ERR_OK && out_update)
        *out_update = update;
    if (err == ERR_OK)
        err = read_rows(store, query, each, arg);
    sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
    return err;
}

static enum err each_text3(struct candle_store *store, const char *sql,
                           enum err (*each)(const char *, const char *, const char *, void *),
                           void *arg)
{
    sqlite3_stmt *rows = NULL;
    enum err err = candle_schema_prepare(store->db, store->path, &rows, sql);
    while (err == ERR_OK) {
        int rc = sqlite3_step(rows);
        if (rc == SQLITE_DONE)
            break;
        if (rc != SQLITE_ROW) {
            err = candle_schema_fail(store->db, store->path);
            break;
        }
        const char *text[3];
        for (int i = 0; i < 3; i++) {
            text[i] = (const char *)sqlite3_column_text(rows, i);
            text[i] = text[i] ? text[i] : "";
        }
        err = each(text[0], text[1], text[2], arg);
    }
    sqlite3_finalize(rows);
    return err;
}

enum err candle_store_instruments(struct candle_store *store,
                                  enum err (*each)(const char *venue, const char *instrument,
                                                   const char *symbol, void *arg),
                                  void *arg)
{
    return each_text3(
        store,
        "SELECT venue, instrument, min(symbol) FROM series GROUP BY venue, instrument "
        "ORDER BY venue, instrument",
        each, arg);
}

enum err candle_store_series(struct candle_store *store,
                             enum err (*each)(const char *venue, const char *instrument,
                                              const char *bar, void *arg),
                             void *arg)
{
    return each_text3(store,
                      "SELECT venue, instrument, bar FROM series ORDER BY venue, instrument, bar",
                      each, arg);
}

/* ---- opening --------------------------------------------------------------------------------- */

enum err candle_store_open(struct candle_store **out, const char *path)
{
    *out = NULL;
    struct candle_store *store = calloc(1, sizeof *store);
    if (store) {
        latency_pool_init(&store->pool);
        store->path = strdup(path);
    }
    if (!store || !store->path) {
        free(store);
        return err_fail(ERR_NOMEM, "out of memory for database '%s'", path);
    }
    enum err err = candle_schema_open(&store->db, path, CANDLE_SCHEMA_READ, STORE_BUSY_MS);
    if (err == ERR_OK)
        *out = store;
    else
        candle_store_close(store);
    return err;
}

void candle_store_close(struct candle_store *store)
{
    if (!store)
        return;
    sqlite3_close_v2(store->db);
    latency_pool_release(&store->pool);
    free(store->path);
    free(store);
}
