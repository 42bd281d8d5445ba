#include "engine/sink/outputs.h"

#include "engine/base/log.h"
#include "engine/candle/candle_digest.h"
#include "engine/sink/candle_store.h"
#include "tests/unit/candle_sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

static const uint8_t tape_id[16] = {7};
static char folder[] = "/tmp/outputs_test.XXXXXX";
static char db[256];

/* ---- helpers --------------------------------------------------------------------------------- */

static int make_folder(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    log_set_quiet(1);
    if (!mkdtemp(folder))
        return -1;
    snprintf(db, sizeof db, "%s/x.db", folder);
    return setenv("TMPDIR", folder, 1);
}

/* Removes what is in the folder and says how much that was. */
static int clear_folder(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char name[600];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        remove(name);
        count++;
    }
    closedir(dir);
    return count;
}

static int fresh(void **state)
{
    (void)state;
    clear_folder();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    clear_folder();
    return rmdir(folder);
}

/* stdout goes to a file or a pipe meanwhile. */
static int real_stdout = -1;

static void redirect(int fd)
{
    fflush(stdout);
    real_stdout = dup(STDOUT_FILENO);
    assert_true(dup2(fd, STDOUT_FILENO) >= 0);
}

static void restore(void)
{
    fflush(stdout);
    clearerr(stdout);
    assert_true(dup2(real_stdout, STDOUT_FILENO) >= 0);
    close(real_stdout);
}

static enum err open_outputs(struct outputs **out, const struct outputs_options *options)
{
    struct engine_config config;
    engine_config_default(&config);
    return outputs_open(out, options, &config, tape_id);
}

/* Two forming updates of a candle, then it closes; another one is left forming. */
static void feed(struct outputs *outputs)
{
    for (uint64_t update = 1; update <= 3; update++) {
        struct candle candle = candle_sample(update);
        candle.state = update < 3 ? CANDLE_FORMING : CANDLE_CLOSED;
        outputs_candle(&candle, outputs);
    }
    struct candle candle = candle_sample(4);
    candle.state = CANDLE_FORMING;
    candle.open_ns += NS_PER_MIN;
    candle.close_ns += NS_PER_MIN;
    outputs_candle(&candle, outputs);
}

static void finish(struct outputs *outputs, uint64_t seq)
{
    assert_ok(outputs_commit(outputs, seq, true));
    struct candle candle = candle_sample(0);
    candle.state = CANDLE_FORMING;
    candle.open_ns += NS_PER_MIN;
    candle.close_ns += NS_PER_MIN;
    outputs_forming(&candle, outputs);
    assert_ok(outputs_close(outputs));
}

/* What a whole run prints; caller frees. */
static char *run(const struct outputs_options *options)
{
    struct outputs *outputs = NULL;
    FILE *file = tmpfile();
    redirect(fileno(file));
    enum err err = open_outputs(&outputs, options);
    if (err == ERR_OK) {
        feed(outputs);
        finish(outputs, 40);
    }
    restore();
    assert_ok(err);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = calloc(1, (size_t)size + 1);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    fclose(file);
    return text;
}

static char *csv_of(const char *columns)
{
    return run(&(struct outputs_options){.format = "csv", .columns = columns});
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static enum err count_row(const struct candle *candle, void *arg)
{
    size_t *counts = arg;
    counts[candle->state]++;
    return ERR_OK;
}

static void assert_stored(size_t closed, size_t forming)
{
    struct candle_store *store;
    const struct candle_query query = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .forming = true};
    size_t counts[3] = {0};
    uint64_t update;
    assert_ok(candle_store_open(&store, db));
    assert_ok(candle_store_query(store, &query, count_row, counts, &update));
    candle_store_close(store);
    assert_int_equal(counts[CANDLE_CLOSED], closed);
    assert_int_equal(counts[CANDLE_FORMING], forming);
    assert_int_equal(update, 4);
}

/* ---- what is printed ------------------------------------------------------------------------- */

static void the_digest_is_over_all_updates_and_printed_last(void **state)
{
    (void)state;
    struct candle_digest *digest;
    char text[CANDLE_DIGEST_TEXT_MAX], expected[128];
    assert_ok(candle_digest_new(&digest));
    for (uint64_t update = 1; update <= 4; update++) {
        struct candle candle = candle_sample(update);
        candle.state = update == 3 ? CANDLE_CLOSED : CANDLE_FORMING;
        if (update == 4) {
            candle.open_ns += NS_PER_MIN;
            candle.close_ns += NS_PER_MIN;
        }
        assert_ok(candle_digest_add(digest, &candle));
    }
    assert_ok(candle_digest_text(digest, text));
    candle_digest_free(digest);
    snprintf(expected, sizeof expected, "candle digest %s\n", text);

    char *quiet = run(&(struct outputs_options){.quiet = true, .digest = true});
    assert_string_equal(quiet, expected);
    char *csv = run(&(struct outputs_options){.format = "csv", .digest = true});
    assert_int_equal(count_lines(csv), 1 + 1 + 1 + 1); /* header, closed, left forming, digest */
    assert_string_equal(csv + strlen(csv) - strlen(expected), expected);
    free(quiet);
    free(csv);
}

static void formats_and_forming_are_as_asked_for(void **state)
{
    (void)state;
    static const struct {
        struct outputs_options options;
        size_t lines;
        const char *contains;
    } cases[] = {
        {{.format = NULL}, 3, "time (UTC) "},
        {{.format = "table", .forming = true}, 4, "time (UTC) "}, /* one a second */
        {{.format = "csv"}, 3, "venue,instrument,bar,"},
        {{.format = "csv", .forming = true}, 6, "venue,instrument,bar,"},
        {{.format = "ndjson"}, 2, "{\"venue\":\"binance\","},
        {{.format = "ndjson", .forming = true}, 5, "{\"venue\":\"binance\","},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = run(&cases[i].options);
        assert_int_equal(count_lines(text), cases[i].lines);
        assert_int_equal(strncmp(text, cases[i].contains, strlen(cases[i].contains)), 0);
        assert_null(strchr(text, '\033')); /* not a terminal */
        free(text);
    }
    char *text = run(&(struct outputs_options){.quiet = true});
    assert_string_equal(text, "");
    free(text);
}

static void options_write_to_their_targets(void **state)
{
    (void)state;
    struct outputs_options options = {0};
    struct option table[OUTPUTS_OPTION_COUNT + 1] = {0};
    outputs_option_table(&options, table);
    static const struct command command = {.name = "test", .operands = "", .summary = ""};
    static char words[][16] = {"--format", "csv",        "--no-candles", "--forming",
                               "--db=a",   "--grpc=b:1", "--digest",     "--columns=c"};
    char *argv[8];
    int operands;
    for (size_t i = 0; i < 8; i++)
        argv[i] = words[i];
    assert_ok(options_parse(&command, table, 8, argv, 0, &operands));
    assert_string_equal(options.format, "csv");
    assert_true(options.quiet && options.forming && options.digest);
    assert_string_equal(options.db, "a");
    assert_string_equal(options.grpc, "b:1");
    assert_string_equal(options.columns, "c");
}

/* ---- the store ------------------------------------------------------------------------------- */

static void the_store_gets_updates_but_no_last_forming_rows(void **state)
{
    (void)state;
    char *text = run(&(struct outputs_options){.db = db, .quiet = true});
    assert_string_equal(text, "");
    assert_stored(1, 1);
    free(text);
}

static void a_store_without_a_name_goes_away(void **state)
{
    (void)state;
    struct outputs *outputs;
    assert_ok(
        open_outputs(&outputs, &(struct outputs_options){.grpc = "127.0.0.1:0", .quiet = true}));
    DIR *dir = opendir(folder);
    size_t count = 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    assert_int_equal(count, 3); /* ".", "..", and the store's folder */
    feed(outputs);
    finish(outputs, 40);
    assert_int_equal(clear_folder(), 0);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void what_cannot_be_opened_is_told_and_leaves_nothing(void **state)
{
    (void)state;
    struct outputs *outputs;
    assert_err(ERR_USAGE,
               open_outputs(&outputs, &(struct outputs_options){.format = "xml", .db = db}));
    assert_null(outputs);
    assert_string_equal(err_text(ERR_USAGE), "unknown format 'xml'; choose table, csv or ndjson");
    assert_int_equal(clear_folder(), 0);
    char name[300];
    snprintf(name, sizeof name, "%s/none/x.db", folder);
    assert_err(ERR_MISSING, open_outputs(&outputs, &(struct outputs_options){.db = name}));
    assert_non_null(strstr(err_text(ERR_MISSING), "/none/x.db' does not exist; make it or choose"));
    assert_err(ERR_USAGE, open_outputs(&outputs, &(struct outputs_options){.grpc = "192.0.2.1:1",
                                                                           .quiet = true}));
    assert_int_equal(clear_folder(), 0);
}

static void the_first_failure_stays(void **state)
{
    (void)state;
    struct outputs *outputs;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full >= 0);
    redirect(full);
    enum err opened =
        open_outputs(&outputs, &(struct outputs_options){.format = "csv", .digest = true});
    feed(outputs);
    enum err first = outputs_commit(outputs, 1, false);
    err_clear();
    enum err second = outputs_commit(outputs, 2, true);
    char text[ERR_TEXT_MAX];
    snprintf(text, sizeof text, "%s", err_text(second));
    enum err closed = outputs_close(outputs);
    restore();
    close(full);
    assert_ok(opened);
    assert_err(ERR_NOSPACE, first);
    assert_err(ERR_NOSPACE, second);
    assert_err(ERR_NOSPACE, closed);
    assert_non_null(strstr(text, "cannot write candles: "));
}

/* A pipe whose reader is gone. */
static int broken_pipe(void)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    return ends[1];
}

static void a_reader_that_went_away_ends_the_run_but_not_the_store(void **state)
{
    (void)state;
    for (int stored = 0; stored < 2; stored++) {
        struct outputs *outputs;
        int fd = broken_pipe();
        redirect(fd);
        enum err opened = open_outputs(
            &outputs, &(struct outputs_options){.format = "csv", .db = stored ? db : NULL});
        feed(outputs);
        enum err committed = outputs_commit(outputs, 40, true);
        enum err closed = outputs_close(outputs);
        restore();
        close(fd);
        assert_ok(opened);
        assert_err(stored ? ERR_OK : ERR_STOP, committed);
        assert_err(stored ? ERR_OK : ERR_STOP, closed);
    }
    assert_stored(1, 1);
}

static void chosen_columns_are_printed(void **state)
{
    (void)state;
    char *text = csv_of("state,score");
    assert_string_equal(text, "state,score\nclosed,80\nforming,80\n");
    free(text);
    struct outputs *outputs;
    assert_err(ERR_USAGE, open_outputs(&outputs, &(struct outputs_options){.columns = "score"}));
    assert_err(ERR_UNKNOWN, open_outputs(&outputs, &(struct outputs_options){.format = "csv",
                                                                             .columns = "scor"}));
    assert_null(outputs);
}

/* The same for live and replay, or their updates would be numbered differently. */
static void forming_updates_are_wanted_by_whoever_keeps_or_counts_them(void **state)
{
    (void)state;
    const struct {
        struct outputs_options options;
        bool forming, health;
    } cases[] = {
        {{.quiet = true}, false, false},
        {{.format = "csv"}, false, false},
        {{.format = "csv", .forming = true}, true, false},
        {{.quiet = true, .digest = true}, true, false},
        {{.quiet = true, .db = db}, true, true},
        {{.quiet = true, .grpc = "127.0.0.1:0"}, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outputs *outputs;
        FILE *file = tmpfile();
        redirect(fileno(file));
        enum err err = open_outputs(&outputs, &cases[i].options);
        bool forming = !err && outputs_want_forming(outputs);
        bool health = !err && outputs_want_health(outputs);
        char tape[64] = "";
        if (!err)
            snprintf(tape, sizeof tape, "%s", outputs_tape(outputs));
        enum err closed = err ? err : outputs_close(outputs);
        restore();
        fclose(file);
        assert_ok(closed);
        assert_int_equal(forming, cases[i].forming);
        assert_int_equal(health, cases[i].health);
        assert_string_equal(tape, "07000000000000000000000000000000");
    }
}

static enum err count_rows(const struct candle *candle, void *arg)
{
    (void)candle;
    ++*(int *)arg;
    return ERR_OK;
}

/* A report alone is a reason to commit, and no candle. */
static void health_goes_to_the_store(void **state)
{
    (void)state;
    struct outputs *outputs;
    const struct health_report report = {
        .wall_ns = SAMPLE_OPEN_NS, .seq = 3, .venue = "binance", .why = ""};
    assert_ok(open_outputs(&outputs, &(struct outputs_options){.quiet = true, .db = db}));
    outputs_health(&report, outputs);
    assert_ok(outputs_commit(outputs, 3, true));
    assert_ok(outputs_close(outputs));
    sqlite3 *store;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open_v2(db, &store, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(store, "SELECT venue, state FROM health", -1, &row, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(row, 0), "binance");
    assert_string_equal((const char *)sqlite3_column_text(row, 1), "up");
    assert_int_equal(sqlite3_step(row), SQLITE_DONE);
    sqlite3_finalize(row);
    sqlite3_close(store);
    struct candle_store *candles;
    const struct candle_query query = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .forming = true};
    int count = 0;
    assert_ok(candle_store_open(&candles, db));
    assert_ok(candle_store_query(candles, &query, count_rows, &count, NULL));
    assert_int_equal(count, 0);
    candle_store_close(candles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_digest_is_over_all_updates_and_printed_last, fresh),
        cmocka_unit_test_setup(formats_and_forming_are_as_asked_for, fresh),
        cmocka_unit_test_setup(chosen_columns_are_printed, fresh),
        cmocka_unit_test_setup(forming_updates_are_wanted_by_whoever_keeps_or_counts_them, fresh),
        cmocka_unit_test_setup(health_goes_to_the_store, fresh),
        cmocka_unit_test_setup(options_write_to_their_targets, fresh),
        cmocka_unit_test_setup(the_store_gets_updates_but_no_last_forming_rows, fresh),
        cmocka_unit_test_setup(a_store_without_a_name_goes_away, fresh),
        cmocka_unit_test_setup(what_cannot_be_opened_is_told_and_leaves_nothing, fresh),
        cmocka_unit_test_setup(the_first_failure_stays, fresh),
        cmocka_unit_test_setup(a_reader_that_went_away_ends_the_run_but_not_the_store, fresh),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
