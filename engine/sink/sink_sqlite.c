#include "engine/sink/sink_sqlite.h"

#include "engine/base/clock.h"
#include "engine/sink/candle_schema.h"
#include "engine/sink/health_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEALTH_SWEEP_NS (INT64_C(3600) * 1000000000) /* of reports, between two sweeps */
/* A power of two, twice the candles it leads to. */
#define FORMING_SLOTS      (2u * SINK_SQLITE_FORMING_MAX)
#define CONFIGURATION_MAX  65536
#define LOCK_TRIES_MAX     16
#define TAPE_ID_TEXT_BYTES 33

/* A place on the tape: all records up to `seq` gave all updates up to `update`. */
struct place {
    uint64_t seq, update;
    uint64_t trail; /* checksum over the updates up to here */
};

/* What of a candle is valid during the call only: copies of its contributions and, behind them, of
 * its packed histogram. */
struct kept {
    uint8_t *data;
    size_t capacity, histogram_size;
};

/* Last states of forming candles, in the order in which they came first. */
struct forming {
    uint32_t count;
    struct candle *candles; /* update 0: closed since */
    struct kept *kept;      /* of each; memory stays for the next candle in the place */
    size_t kept_bytes;
    uint32_t *slots; /* index + 1 into candles; 0 = free */
};

struct sink_sqlite {
    struct sink sink;
    char *path, *lock_path;
    int lock_fd;
    int64_t commit_ns;
    char tape[TAPE_ID_TEXT_BYTES];
    struct buf configuration;

    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *upsert, *position, *health, *sweep;
    bool in_transaction;
    int64_t commit_no, committed_mono_ns;
    enum err
        failed; /* after a failure nothing is known about the transaction: all further calls fail */

    struct place stored, now;
    uint64_t waiting; /* updates and reports since the last commit */
    struct forming forming;
    int64_t health_ns, swept_ns; /* newest report; that of the last sweep */
    uint8_t packed[LATENCY_PACKED_MAX];
};

/* ---- forming candles ------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ (hash >> 29);
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = mix(hash, (unsigned char)*text);
    return hash;
}

static uint64_t identity_hash(const struct candle *candle)
{
    uint64_t hash = mix_text(mix_text(0, candle->venue), candle->instrument);
    hash = mix(hash, (uint64_t)candle->bar.kind);
    hash = mix(mix(hash, (uint64_t)candle->bar.size), candle->bar.scale);
    return mix(hash, (uint64_t)candle->open_ns);
}

static bool same_identity(const struct candle *a, const struct candle *b)
{
    return a->open_ns == b->open_ns && bar_equal(a->bar, b->bar) &&
           strcmp(a->instrument, b->instrument) == 0 && strcmp(a->venue, b->venue) == 0;
}

/* The slot of this candle, or the free one where it belongs. Never full: see FORMING_SLOTS. */
static uint32_t *forming_slot(struct forming *forming, const struct candle *candle)
{
    uint64_t slot = identity_hash(candle);
    for (;; slot++) {
        uint32_t *found = &forming->slots[slot % FORMING_SLOTS];
        if (*found == 0 || same_identity(&forming->candles[*found - 1], candle))
            return found;
    }
}

static void forming_drop(struct forming *forming, const struct candle *candle)
{
    if (forming->count == 0)
        return;
    const uint32_t *slot = forming_slot(forming, candle);
    if (*slot != 0)
        forming->candles[*slot - 1].update = 0;
}

static void forming_clear(struct forming *forming)
{
    if (forming->count > 0)
        memset(forming->slots, 0, FORMING_SLOTS * sizeof *forming->slots);
    forming->count = 0;
}

static void forming_forget_memory(struct forming *forming)
{
    for (size_t i = 0; i < SINK_SQLITE_FORMING_MAX && forming->kept; i++) {
        free(forming->kept[i].data);
        forming->kept[i] = (struct kept){0};
    }
    forming->kept_bytes = 0;
}

/* Room for `size` bytes, a piece more than asked for: windows grow. */
static enum err kept_reserve(struct forming *forming, struct kept *kept, size_t size)
{
    if (size <= kept->capacity)
        return ERR_OK;
    size_t capacity = size + size / 2;
    uint8_t *data = realloc(kept->data, capacity);
    if (!data)
        return err_fail(ERR_NOMEM, "out of memory for forming candles");
    forming->kept_bytes += capacity - kept->capacity;
    kept->data = data;
    kept->capacity = capacity;
    return ERR_OK;
}

/* Copies the candle to its place with all that it points to. */
static enum err forming_copy(struct forming *forming, uint32_t place, const struct candle *candle,
                             const struct candle_histogram *histogram)
{
    struct kept *kept = &forming->kept[place];
    size_t members_size = candle->contribution_count * sizeof *candle->contributions;
    enum err err = kept_reserve(forming, kept, members_size + histogram->size);
    if (err != ERR_OK)
        return err;
    struct candle *copy = &forming->candles[place];
    *copy = *candle;
    copy->latency_values = NULL;
    copy->contributions = NULL;
    if (members_size > 0) {
        memcpy(kept->data, candle->contributions, members_size);
        copy->contributions = (const struct contribution *)(const void *)kept->data;
    }
    if (histogram->size > 0)
        memcpy(kept->data + members_size, histogram->data, histogram->size);
    kept->histogram_size = histogram->size;
    return ERR_OK;
}

static struct candle_histogram forming_histogram(const struct forming *forming, uint32_t place)
{
    const struct kept *kept = &forming->kept[place];
    size_t members_size = forming->candles[place].contribution_count * sizeof(struct contribution);
    return (struct candle_histogram){kept->histogram_size > 0 ? kept->data + members_size : NULL,
                                     kept->histogram_size};
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum err fail(struct sink_sqlite *sink)
{
    enum err err = candle_schema_fail(sink->db, sink->path);
    if (!sqlite3_get_autocommit(sink->db))
        sqlite3_exec(sink->db, "ROLLBACK", NULL, NULL, NULL);
    sink->in_transaction = false;
    sink->failed = err;
    return err;
}

static enum err fail_again(const struct sink_sqlite *sink)
{
    return err_fail(sink->failed, "database '%s' failed before", sink->path);
}

/* Runs a statement that is kept. The error is read before resetting loses it. */
static enum err step(struct sink_sqlite *sink, sqlite3_stmt *statement)
{
    enum err err = ERR_OK;
    if (sqlite3_step(statement) != SQLITE_DONE)
        err = fail(sink);
    sqlite3_reset(statement);
    return err;
}

static enum err begin(struct sink_sqlite *sink)
{
    if (sink->in_transaction)
        return ERR_OK;
    enum err err = step(sink, sink->begin);
    sink->in_transaction = err == ERR_OK;
    return err;
}

/* Packed, in the sink's own memory. */
static struct candle_histogram pack(struct sink_sqlite *sink, const struct candle *candle)
{
    if (!candle->latency_values || candle->latency.count == 0)
        return (struct candle_histogram){0};
    return (struct candle_histogram){sink->packed,
                                     latency_pack(candle->latency_values, sink->packed)};
}

static enum err write_candle(struct sink_sqlite *sink, const struct candle *candle,
                             struct candle_histogram histogram)
{
    enum err err = begin(sink);
    if (err != ERR_OK)
        return err;
    if (candle_schema_bind(sink->upsert, candle, &histogram) != SQLITE_OK)
        return fail(sink);
    return step(sink, sink->upsert);
}

static enum err write_forming(struct sink_sqlite *sink)
{
    struct forming *forming = &sink->forming;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < forming->count && err == ERR_OK; i++)
        if (forming->candles[i].update != 0)
            err = write_candle(sink, &forming->candles[i], forming_histogram(forming, i));
    forming_clear(forming);
    if (forming->kept_bytes > SINK_SQLITE_FORMING_BYTES_MAX)
        forming_forget_memory(forming);
    return err;
}

static enum err keep_forming(struct sink_sqlite *sink, const struct candle *candle)
{
    struct forming *forming = &sink->forming;
    if (forming->count == SINK_SQLITE_FORMING_MAX ||
        forming->kept_bytes > SINK_SQLITE_FORMING_BYTES_MAX) {
        enum err err = write_forming(sink);
        if (err != ERR_OK)
            return err;
    }
    uint32_t *slot = forming_slot(forming, candle);
    if (*slot == 0)
        *slot = ++forming->count;
    struct candle_histogram histogram = pack(sink, candle);
    enum err err = forming_copy(forming, *slot - 1, candle, &histogram);
    if (err != ERR_OK)
        sink->failed = err;
    return err;
}

static enum err write_position(struct sink_sqlite *sink)
{
    sqlite3_stmt *position = sink->position;
    int rc = candle_schema_bind_u64(position, 3, sink->now.seq);
    if (rc == SQLITE_OK)
        rc = candle_schema_bind_u64(position, 4, sink->now.update);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(position, 5, (int64_t)sink->now.trail);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(position, 6, sink->commit_no + 1);
    return rc == SQLITE_OK ? step(sink, position) : fail(sink);
}

/* Old reports go now and then. */
static enum err sweep_health(struct sink_sqlite *sink)
{
    int64_t oldest_ns;
    if (sink->health_ns == INT64_MIN ||
        (sink->swept_ns != INT64_MIN && sink->health_ns - sink->swept_ns < HEALTH_SWEEP_NS) ||
        __builtin_sub_overflow(sink->health_ns, HEALTH_TABLE_KEEP_NS, &oldest_ns))
        return ERR_OK;
    sink->swept_ns = sink->health_ns;
    if (sqlite3_bind_int64(sink->sweep, 1, oldest_ns) != SQLITE_OK)
        return fail(sink);
    return step(sink, sink->sweep);
}

static enum err commit_now(struct sink_sqlite *sink)
{
    enum err err = begin(sink);
    if (err == ERR_OK)
        err = write_forming(sink);
    if (err == ERR_OK)
        err = sweep_health(sink);
    if (err == ERR_OK)
        err = write_position(sink);
    if (err == ERR_OK)
        err = step(sink, sink->commit);
    if (err != ERR_OK)
        return err;
    sink->in_transaction = false;
    sink->commit_no++;
    sink->committed_mono_ns = clock_mono_ns();
    sink->stored = sink->now;
    sink->waiting = 0;
    return ERR_OK;
}

/* ---- the sink -------------------------------------------------------------------------------- */

static uint64_t mix_decimal(uint64_t hash, struct decimal value)
{
    hash = mix(hash, (uint64_t)value.mantissa);
    return mix(mix(hash, (uint64_t)((uint128)value.mantissa >> 64)), value.scale);
}

/* Which update this is, by what tells one from another. */
static uint64_t trail_after(uint64_t trail, const struct candle *candle)
{
    uint64_t hash = mix(mix(trail, identity_hash(candle)), candle->update);
    hash = mix(hash, (uint64_t)candle->state << 32 | candle->revision);
    hash = mix_decimal(mix_decimal(hash, candle->open), candle->high);
    hash = mix_decimal(mix_decimal(hash, candle->low), candle->close);
    hash = mix_decimal(mix_decimal(hash, candle->volume), candle->quote_volume);
    hash = mix_decimal(hash, candle->taker_buy_volume);
    hash = mix(mix(hash, candle->trades), candle->first_seq);
    hash = mix(mix(hash, candle->last_seq), candle->missing);
    hash = mix(mix(hash, candle->duplicates), candle->late);
    hash = mix(mix(hash, candle->malformed), candle->dropped);
    hash = mix(mix(hash, candle->connected_ppm), candle->score);
    hash = mix(mix(hash, candle->latency.count), (uint64_t)candle->latency.max);
    return mix(mix(hash, candle->out_of_order), candle->flags);
}

static enum err check_trail(struct sink_sqlite *sink)
{
    if (sink->now.update != sink->stored.update || sink->now.trail == sink->stored.trail)
        return ERR_OK;
    sink->failed = ERR_DAMAGED;
    return err_fail(
        ERR_DAMAGED,
        "database '%s' holds other candles of this tape, made by another rewick; choose "
        "another --db",
        sink->path);
}

static enum err sqlite_put(struct sink *base, const struct candle *candle)
{
    struct sink_sqlite *sink = (struct sink_sqlite *)base;
    if (sink->failed != ERR_OK)
        return fail_again(sink);
    sink->now.update = candle->update;
    sink->now.trail = trail_after(sink->now.trail, candle);
    if (candle->update <= sink->stored.update)
        return check_trail(sink);
    sink->waiting++;
    if (candle->state == CANDLE_FORMING)
        return keep_forming(sink, candle);
    forming_drop(&sink->forming, candle);
    return write_candle(sink, candle, pack(sink, candle));
}

/* Reports up to the stored place are there already. */
static enum err sqlite_health(struct sink *base, const struct health_report *report)
{
    struct sink_sqlite *sink = (struct sink_sqlite *)base;
    if (sink->failed != ERR_OK)
        return fail_again(sink);
    if (report->seq <= sink->stored.seq || sink->now.update < sink->stored.update)
        return ERR_OK;
    enum err err = begin(sink);
    if (err != ERR_OK)
        return err;
    if (health_table_bind(sink->health, report) != SQLITE_OK)
        return fail(sink);
    sink->waiting++;
    if (report->wall_ns > sink->health_ns)
        sink->health_ns = report->wall_ns;
    return step(sink, sink->health);
}

static bool commit_is_due(const struct sink_sqlite *sink, bool final)
{
    if (final)
        return sink->waiting > 0 ||
               (sink->now.update == sink->stored.update && sink->now.seq > sink->stored.seq);
    if (sink->waiting == 0)
        return false;
    return sink->waiting >= SINK_SQLITE_COMMIT_UPDATES ||
           clock_mono_ns() - sink->committed_mono_ns >= sink->commit_ns;
}

static enum err sqlite_commit(struct sink *base, uint64_t seq, uint64_t update, bool final)
{
    struct sink_sqlite *sink = (struct sink_sqlite *)base;
    (void)update; /* what came through put() */
    if (sink->failed != ERR_OK)
        return fail_again(sink);
    sink->now.seq = seq;
    return commit_is_due(sink, final) ? commit_now(sink) : ERR_OK;
}

static void unlock(struct sink_sqlite *sink)
{
    if (sink->lock_fd < 0)
        return;
    unlink(sink->lock_path);
    close(sink->lock_fd);
}

static enum err sqlite_close(struct sink *base)
{
    struct sink_sqlite *sink = (struct sink_sqlite *)base;
    sqlite3_finalize(sink->begin);
    sqlite3_finalize(sink->commit);
    sqlite3_finalize(sink->upsert);
    sqlite3_finalize(sink->position);
    sqlite3_finalize(sink->health);
    sqlite3_finalize(sink->sweep);
    sqlite3_close_v2(sink->db);
    unlock(sink);
    forming_forget_memory(&sink->forming);
    free(sink->forming.kept);
    free(sink->forming.candles);
    free(sink->forming.slots);
    buf_release(&sink->configuration);
    free(sink->lock_path);
    free(sink->path);
    free(sink);
    return ERR_OK;
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum err fail_lock(const struct sink_sqlite *sink)
{
    if (errno == ENOENT || errno == ENOTDIR)
        return err_fail(
            ERR_MISSING,
            "the folder of database '%s' does not exist; make it or choose another --db",
            sink->path);
    return err_errno("cannot write beside database '%s'", sink->path);
}

/* The file that the last writer removed may still be locked by nobody but us: then it is not the
 * one that others see, and the next try makes a new one. */
static enum err try_lock(struct sink_sqlite *sink, bool *out_locked)
{
    int fd = open(sink->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return fail_lock(sink);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum err err =
            errno != EWOULDBLOCK
                ? err_errno("cannot lock database '%s'", sink->path)
                : err_fail(ERR_LOCKED,
                           "database '%s' is locked by another process that writes to it; stop it "
                           "or choose another --db",
                           sink->path);
        close(fd);
        return err;
    }
    struct stat ours, seen;
    *out_locked = fstat(fd, &ours) == 0 && stat(sink->lock_path, &seen) == 0 &&
                  ours.st_ino == seen.st_ino && ours.st_dev == seen.st_dev;
    if (*out_locked)
        sink->lock_fd = fd;
    else
        close(fd);
    return ERR_OK;
}

static enum err lock(struct sink_sqlite *sink)
{
    bool locked = false;
    for (int i = 0; i < LOCK_TRIES_MAX && !locked; i++) {
        enum err err = try_lock(sink, &locked);
        if (err != ERR_OK)
            return err;
    }
    if (!locked)
        return err_fail(ERR_LOCKED, "cannot lock database '%s'; run again", sink->path);
    return ERR_OK;
}

static enum err write_key(struct sink_sqlite *sink, const uint8_t tape_id[16],
                          const struct engine_config *config, const char *scope)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        sink->tape[2 * i] = hex[tape_id[i] >> 4];
        sink->tape[2 * i + 1] = hex[tape_id[i] & 15];
    }
    enum err err = engine_config_write(config, &sink->configuration);
    if (err == ERR_OK && scope && scope[0]) {
        err = buf_append_text(&sink->configuration, ",\"scope\":");
        if (err == ERR_OK)
            err = buf_append_json(&sink->configuration, scope, strlen(scope));
    }
    return err;
}

static enum err prepare(struct sink_sqlite *sink)
{
    const struct {
        sqlite3_stmt **statement;
        const char *sql;
    } all[] = {
        {&sink->begin, "BEGIN IMMEDIATE"},
        {&sink->commit, "COMMIT"},
        {&sink->upsert, candle_schema_upsert},
        {&sink->position,
         "INSERT INTO tape_position (tape, configuration, seq, update_no, trail, commit_no) "
         "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tape, configuration) DO UPDATE SET "
         "seq = excluded.seq, update_no = excluded.update_no, trail = excluded.trail, "
         "commit_no = excluded.commit_no"},
        {&sink->health, health_table_upsert},
        {&sink->sweep, health_table_delete},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        enum err err = candle_schema_prepare(sink->db, sink->path, all[i].statement, all[i].sql);
        if (err != ERR_OK)
            return err;
    }
    if (sqlite3_bind_text(sink->position, 1, sink->tape, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_text(sink->position, 2, (const char *)sink->configuration.data,
                          (int)sink->configuration.size, SQLITE_STATIC) != SQLITE_OK)
        return fail(sink);
    return ERR_OK;
}

static enum err read_position(struct sink_sqlite *sink)
{
    sqlite3_stmt *query = NULL;
    enum err err = candle_schema_prepare(
        sink->db, sink->path, &query,
        "SELECT p.seq, p.update_no, p.trail, (SELECT max(commit_no) FROM tape_position) "
        "FROM (SELECT 1) LEFT JOIN tape_position AS p ON p.tape = ? AND p.configuration = ?");
    if (err != ERR_OK)
        return err;
    if (sqlite3_bind_text(query, 1, sink->tape, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_text(query, 2, (const char *)sink->configuration.data,
                          (int)sink->configuration.size, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_step(query) != SQLITE_ROW) {
        err = fail(sink);
    } else {
        sink->stored = (struct place){candle_schema_u64(query, 0), candle_schema_u64(query, 1),
                                      (uint64_t)sqlite3_column_int64(query, 2)};
        sink->commit_no = sqlite3_column_int64(query, 3);
    }
    sqlite3_finalize(query);
    return err;
}

/* Writes the place as it is, so that readers know at once who is the newest writer. */
static enum err announce(struct sink_sqlite *sink)
{
    sink->now = sink->stored;
    enum err err = commit_now(sink);
    sink->now = (struct place){0};
    return err;
}

static enum err open_all(struct sink_sqlite *sink, const uint8_t tape_id[16],
                         const struct engine_config *config,
                         const struct sink_sqlite_options *options)
{
    int busy_ms = options->busy_ms > 0 ? options->busy_ms : SINK_SQLITE_BUSY_MS;
    enum err err = lock(sink);
    if (err == ERR_OK)
        err = candle_schema_open(&sink->db, sink->path, CANDLE_SCHEMA_WRITE, busy_ms);
    if (err == ERR_OK)
        err = write_key(sink, tape_id, config, options->scope);
    if (err == ERR_OK)
        err = prepare(sink);
    if (err == ERR_OK)
        err = read_position(sink);
    if (err == ERR_OK)
        err = announce(sink);
    return err;
}

static struct sink_sqlite *allocate(const char *path)
{
    struct sink_sqlite *sink = calloc(1, sizeof *sink);
    if (!sink)
        return NULL;
    sink->sink = (struct sink){"sqlite", sqlite_put, sqlite_commit, sqlite_health, sqlite_close};
    sink->lock_fd = -1;
    sink->health_ns = sink->swept_ns = INT64_MIN;
    buf_init(&sink->configuration, CONFIGURATION_MAX);
    sink->path = strdup(path);
    sink->forming.candles = malloc(SINK_SQLITE_FORMING_MAX * sizeof *sink->forming.candles);
    sink->forming.kept = calloc(SINK_SQLITE_FORMING_MAX, sizeof *sink->forming.kept);
    sink->forming.slots = calloc(FORMING_SLOTS, sizeof *sink->forming.slots);
    if (asprintf(&sink->lock_path, "%s-lock", path) < 0)
        sink->lock_path = NULL;
    if (sink->path && sink->lock_path && sink->forming.candles && sink->forming.kept &&
        sink->forming.slots)
        return sink;
    (void)sqlite_close(&sink->sink);
    return NULL;
}

enum err sink_sqlite_open_with(struct sink **out, const char *path, const uint8_t tape_id[16],
                               const struct engine_config *config,
                               const struct sink_sqlite_options *options)
{
    *out = NULL;
    if (path[0] == '\0')
        return err_fail(ERR_USAGE, "the database needs a name; give a file with --db");
    struct sink_sqlite *sink = allocate(path);
    if (!sink)
        return err_fail(ERR_NOMEM, "out of memory for database '%s'", path);
    sink->commit_ns = options->commit_ns > 0 ? options->commit_ns : SINK_SQLITE_COMMIT_NS;
    enum err err = open_all(sink, tape_id, config, options);
    if (err == ERR_OK)
        *out = &sink->sink;
    else
        (void)sqlite_close(&sink->sink);
    return err;
}

enum err sink_sqlite_open(struct sink **out, const char *path, const uint8_t tape_id[16],
                          const struct engine_config *config)
{
    return sink_sqlite_open_with(out, path, tape_id, config, &(struct sink_sqlite_options){0});
}
