/*
 * rewick record: live capture -> tape, and candles from it.
 *
 *     sockets --> capture queue --> tape --> engine queue --> candles --> outputs
 *     capture_net                   capture_writer            live_engine
 *
 * Three threads, data flows one way, and nothing on the right can hold up anything on its left.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/options.h"
#include "engine/base/time_text.h"
#include "engine/sink/outputs.h"
#include "recorder/ca_file.h"
#include "recorder/capture_net.h"
#include "recorder/capture_writer.h"
#include "recorder/live_engine.h"
#include "recorder/record_config.h"
#include "recorder/old_plan.h"
#include "recorder/recorder_commands.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CAPTURE_QUEUE_BYTES (64u * 1024 * 1024)
#define ENGINE_QUEUE_BYTES  (16u * 1024 * 1024)

/* What the command line says. */
struct record_call {
    const char *out, *ca_file;
    struct option_list venues, channels, urls;
    struct engine_options wish;
    int64_t flush_ms, sync_ms, segment_bytes, for_ns, until_silent_ns;
    struct outputs_options outputs;
};

/* What runs. */
struct recording {
    const struct record_call *call;
    struct old_plan plan;
    struct engine_config config;
    struct record_control control;
    int signal_fd;
    struct record_queue *capture_queue, *engine_queue;
    struct outputs *outputs;
    struct capture_net *net;
    struct capture_writer *writer;
    struct live_engine *live;
    enum err err; /* the first failure */
    char err_text[ERR_TEXT_MAX];
};

static void keep_failure(struct recording *rec, enum err err)
{
    if (!err || err == ERR_STOP || rec->err)
        return;
    rec->err = err;
    snprintf(rec->err_text, sizeof rec->err_text, "%s", err_text(err));
}

/* ---- the call ------------------------------------------------------------------------------- */

#define OWN_OPTIONS 14

static void fill_options(struct record_call *call, struct option *table)
{
    const struct option own[OWN_OPTIONS] = {
        {"out", "TAPE", "folder of the tape; made when missing, continued when there",
         OPTION_STRING, &call->out, 0, 0},
        {"venue", "VENUE:INSTRUMENT,...",
         "what to record, e.g. kraken:BTC-USD,ETH-USD; may be repeated", OPTION_LIST, &call->venues,
         0, 0},
        {"channel", "VENUE=CHANNEL", "another trade channel, e.g. binance=aggTrade", OPTION_LIST,
         &call->channels, 0, 0},
        {"url", "VENUE=URL", "another endpoint, e.g. binance=ws://127.0.0.1:9101", OPTION_LIST,
         &call->urls, 0, 0},
        {"ca-file", "FILE", "trust the certificates in this PEM file instead of the system's",
         OPTION_STRING, &call->ca_file, 0, 0},
        {"bar", "BAR,...", "candles to make: 1s, 1m, 4h, 1d (default 1m)", OPTION_LIST,
         &call->wish.bars, 0, 0},
        {"lateness-ms", "N", "how long a window waits for late trades (default 500)",
         OPTION_INTEGER, &call->wish.lateness_ms, 0, 86400000},
        {"horizon-ms", "N",
         "how long after closing a late trade corrects a candle (default 600000)", OPTION_INTEGER,
         &call->wish.horizon_ms, 0, 86400000},
        {"empty", "none|carry",
         "windows without trades: no candle, or the last close (default none)", OPTION_STRING,
         &call->wish.empty, 0, 0},
        {"flush-ms", "N", "write records at most this late; a kill loses no more (default 100)",
         OPTION_INTEGER, &call->flush_ms, 1, 60000},
        {"sync-ms", "N", "then sync at most this late; a power loss loses both (default 1000)",
         OPTION_INTEGER, &call->sync_ms, 1, 600000},
        {"segment-bytes", "N", "begin a new file at this size (default 268435456)", OPTION_INTEGER,
         &call->segment_bytes, 4096, INT64_C(1) << 40},
        {"for", "DURATION", "stop after this time, e.g. 60s (default: run until Ctrl-C)",
         OPTION_DURATION, &call->for_ns, 1, INT64_MAX},
        {"until-silent", "DURATION", "stop when no market data came for this long after the first",
         OPTION_DURATION, &call->until_silent_ns, 1, INT64_MAX},
    };
    memcpy(table, own, sizeof own);
    outputs_option_table(&call->outputs, table + OWN_OPTIONS);
    table[OWN_OPTIONS + OUTPUTS_OPTION_COUNT] = (struct option){0};
}

static enum err parse_call(struct record_call *call, const struct command *command, int argc,
                           char **argv)
{
    struct option table[OWN_OPTIONS + OUTPUTS_OPTION_COUNT + 1];
    int operands;
    call->wish = ENGINE_OPTIONS_NOT_SAID;
    call->flush_ms = 100;
    call->sync_ms = 1000;
    fill_options(call, table);
    enum err err = options_parse(command, table, argc, argv, clock_wall_ns(), &operands);
    if (!err && !call->out)
        err = err_fail(ERR_USAGE,
                       "no place for the tape; give --out TAPE (see 'rewick record --help')");
    return err;
}

/* ---- starting ------------------------------------------------------------------------------- */

static enum err open_signals(struct recording *rec)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread is made: all inherit it */
    rec->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return rec->signal_fd >= 0 ? ERR_OK : err_errno("cannot make a signalfd");
}

static enum err open_tape(struct recording *rec, struct tape_writer **out)
{
    const struct record_call *call = rec->call;
    /* The writer's thread looks at the clock a few times per bound; what it may be late is taken
     * off here. */
    int64_t flush_ns = call->flush_ms * NS_PER_MS, look_ns = flush_ns / CAPTURE_WRITER_LOOKS;
    int64_t sync_ns = call->sync_ms * NS_PER_MS;
    struct tape_writer_options options = {
        .flush_ns = flush_ns - 2 * look_ns,
        .sync_ns = sync_ns > 4 * look_ns ? sync_ns - 2 * look_ns : (sync_ns + 1) / 2,
        .segment_bytes = (uint64_t)call->segment_bytes,
        .wall_ns = clock_wall_ns(),
    };
    if (getrandom(options.random, sizeof options.random, 0) != (ssize_t)sizeof options.random)
        return err_errno("cannot get random numbers");
    return tape_writer_open(out, io_posix(), call->out, &options);
}

/* The first record of the session. */
static enum err push_config(struct recording *rec)
{
    struct buf json;
    buf_init(&json, RECORD_DATA_MAX);
    enum err err = old_plan_config(&rec->plan, &rec->config, &json);
    struct record record = {
        .type = RECORD_CONFIG,
        .venue = "",
        .wall_ns = clock_wall_ns(),
        .mono_ns = clock_mono_ns(),
        .source_ns = RECORD_NO_TIME,
        .data = json.data,
        .size = json.size,
    };
    if (!err && !record_queue_push(rec->capture_queue, &record))
        err = err_fail(ERR_LIMIT, "the configuration is too large");
    buf_release(&json);
    return err;
}

static enum err start_writer(struct recording *rec, struct tape_writer *tape)
{
    struct capture_writer_options options = {
        .tape = tape,
        .in = rec->capture_queue,
        .engine = rec->engine_queue,
        .plan = &rec->plan,
        .control = &rec->control,
        .flush_ns = rec->call->flush_ms * NS_PER_MS,
        .until_silent_ns = rec->call->until_silent_ns,
    };
    return capture_writer_start(&rec->writer, &options);
}

static enum err start_live(struct recording *rec)
{
    int64_t flush_ns = rec->call->flush_ms * NS_PER_MS;
    struct live_engine_options options = {
        .io = io_posix(),
        .tape_path = rec->call->out,
        .config = &rec->config,
        .outputs = rec->outputs,
        .queue = rec->engine_queue,
        .writer = rec->writer,
        .commit_ns = flush_ns > LIVE_ENGINE_COMMIT_NS ? flush_ns : LIVE_ENGINE_COMMIT_NS,
        /* With every change shown, the last ones were too. */
        .forming_last = !rec->call->outputs.forming,
    };
    return live_engine_start(&rec->live, &options);
}

static enum err start_net(struct recording *rec, uint32_t first_connection)
{
    struct capture_net_options options = {
        .plan = &rec->plan,
        .queue = rec->capture_queue,
        .first_connection = first_connection,
        .ca_file = rec->call->ca_file,
    };
    if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed)
        return err_errno("cannot get random numbers");
    return capture_net_start(&rec->net, &options);
}

static void say_bounds(const struct record_call *call)
{
    log_info("flush %" PRId64 " ms, sync %" PRId64 " ms: kill -9 loses at most %" PRId64
             " ms, power loss at most %" PRId64 ".%" PRId64 " s",
             call->flush_ms, call->sync_ms, call->flush_ms, (call->flush_ms + call->sync_ms) / 1000,
             (call->flush_ms + call->sync_ms) % 1000 / 100);
}

/* From right to left, so that whoever gives finds who takes. */
static enum err start_threads(struct recording *rec, struct tape_writer *tape)
{
    uint32_t first_connection = tape_writer_next_connection(tape);
    enum err err = start_writer(rec, tape);
    if (err)
        return err;
    say_bounds(rec->call);
    err = start_live(rec);
    return err ? err : start_net(rec, first_connection);
}

static enum err start(struct recording *rec)
{
    struct tape_writer *tape;
    enum err err = open_signals(rec);
    err = err ? err : record_control_open(&rec->control);
    err = err ? err : record_queue_new(&rec->capture_queue, CAPTURE_QUEUE_BYTES);
    err = err ? err : record_queue_new(&rec->engine_queue, ENGINE_QUEUE_BYTES);
    err = err ? err : push_config(rec);
    err = err ? err : open_tape(rec, &tape);
    if (err)
        return err;
    err = outputs_open(&rec->outputs, &rec->call->outputs, &rec->config, tape_writer_id(tape));
    if (err) {
        tape_writer_abandon(tape);
        return err;
    }
    return start_threads(rec, tape);
}

/* ---- running -------------------------------------------------------------------------------- */

/* Signals that came; the second one ends the process at once. */
static int take_signals(const struct recording *rec)
{
    struct signalfd_siginfo info;
    int count = 0;
    while (read(rec->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
        count++;
    return count;
}

static void wait_for_stop(struct recording *rec)
{
    int64_t for_ns = rec->call->for_ns, end_ns = clock_mono_ns() + for_ns;
    struct pollfd fds[] = {{rec->signal_fd, POLLIN, 0}, {rec->control.wake_fd, POLLIN, 0}};
    while (record_control_cause(&rec->control) == STOP_NONE) {
        int64_t left_ns = for_ns > 0 ? end_ns - clock_mono_ns() : NS_PER_HOUR;
        left_ns = left_ns > NS_PER_HOUR ? NS_PER_HOUR : left_ns;
        if (left_ns <= 0)
            record_control_stop(&rec->control, STOP_TIME);
        else
            poll(fds, 2, (int)(left_ns / NS_PER_MS) + 1);
        if (take_signals(rec) > 0)
            record_control_stop(&rec->control, STOP_SIGNAL);
    }
}

/* One press of Ctrl-C can bring two signals (timeout(1) sends it to the process and to its group).
 */
#define SECOND_SIGNAL_NS (300 * NS_PER_MS)

static void exit_if_signalled(const struct recording *rec, int64_t since_ns)
{
    if (take_signals(rec) == 0 || clock_mono_ns() - since_ns < SECOND_SIGNAL_NS)
        return;
    log_error("stopped at once; the next run goes on from what the tape has");
    _exit(128 + SIGINT);
}

/* Waits a little. True: the tape is closed and all of it is in candles. */
static bool is_all_done(struct recording *rec)
{
    if (!live_engine_wait(rec->live, 50 * NS_PER_MS))
        return false;
    if (capture_writer_ended(rec->writer))
        return true;
    clock_sleep_until(clock_mono_ns() + 5 * NS_PER_MS);
    return false;
}

/* Candles may have a backlog, which the user may leave to the next run. */
static void wait_for_end(struct recording *rec)
{
    int64_t since_ns = clock_mono_ns(), tell_ns = since_ns + NS_PER_S;
    while (!is_all_done(rec)) {
        exit_if_signalled(rec, since_ns);
        uint64_t behind = live_engine_behind(rec->live);
        if (behind == 0 || clock_mono_ns() < tell_ns)
            continue;
        tell_ns = clock_mono_ns() + 5 * NS_PER_S;
        log_info("%" PRIu64 " records of the tape are not in candles yet; Ctrl-C again leaves them "
                 "to the next run",
                 behind);
    }
}

static void stop_threads(struct recording *rec)
{
    if (rec->net) {
        capture_net_stop(rec->net);
        capture_net_join(rec->net);
    } else {
        record_queue_end(rec->capture_queue);
    }
    if (rec->live)
        wait_for_end(rec);
    if (rec->writer)
        keep_failure(rec, capture_writer_join(rec->writer));
    if (rec->live)
        keep_failure(rec, live_engine_join(rec->live));
}

/* ---- ending --------------------------------------------------------------------------------- */

static void say_tape(const struct recording *rec)
{
    struct capture_writer_stats tape;
    struct link_stats net;
    capture_writer_stats(rec->writer, &tape);
    capture_net_stats(rec->net, &net);
    uint64_t links = rec->plan.link_count;
    for (size_t i = 0; i < rec->plan.venue_count; i++)
        log_info("%s: %" PRIu64 " frames", rec->plan.venues[i].venue->name,
                 subscription_watch_frames(capture_writer_watch(rec->writer), i));
    log_info("tape '%s': %" PRIu64 " records, %" PRIu64
             " bytes; longest wait to be written %" PRId64 " ms; dropped %" PRIu64
             ", reconnects %" PRIu64,
             rec->call->out, tape.records, tape.bytes, tape.wait_max_ns / NS_PER_MS, net.dropped,
             net.opened > links ? net.opened - links : 0);
}

static void say_candles(const struct recording *rec)
{
    struct live_engine_stats live;
    live_engine_stats(rec->live, &live);
    log_info("candles: %" PRIu64 " closed, %" PRIu64 " corrections, from %" PRIu64
             " trades; %" PRIu64 " trades missing, %" PRIu64 " records lost in gaps",
             live.closed, live.corrected, live.engine.counted, live.engine.missing,
             live.engine.gap_records);
}

static enum err refused(const struct recording *rec)
{
    const char *text = "";
    if (!subscription_watch_all_refused(capture_writer_watch(rec->writer), INT64_MAX, &text))
        return ERR_OK;
    return err_fail(ERR_USAGE, "no venue accepted a subscription (%s); check --venue and --channel",
                    text);
}

static void release(struct recording *rec)
{
    capture_net_free(rec->net);
    live_engine_free(rec->live);
    capture_writer_free(rec->writer);
    record_queue_free(rec->capture_queue);
    record_queue_free(rec->engine_queue);
    record_control_close(&rec->control);
    if (rec->signal_fd >= 0)
        close(rec->signal_fd);
}

static void record_all(struct recording *rec)
{
    keep_failure(rec, start(rec));
    bool started = rec->net != NULL;
    if (started)
        wait_for_stop(rec);
    if (rec->writer)
        stop_threads(rec);
    if (started && record_control_cause(&rec->control) == STOP_REFUSED)
        keep_failure(rec, refused(rec));
    keep_failure(rec, outputs_close(rec->outputs));
    if (started) {
        say_tape(rec);
        say_candles(rec);
    }
    release(rec);
}

static enum err run_call(const struct record_call *call)
{
    struct recording rec = {.call = call, .signal_fd = -1, .control = {.wake_fd = -1}};
    enum err err = old_plan_make(&rec.plan, &call->venues, &call->channels, &call->urls);
    if (!err && call->ca_file)
        err = ca_file_check(call->ca_file);
    err = err ? err : record_config_make(&rec.config, &call->wish, io_posix(), call->out);
    if (!err) {
        record_all(&rec);
        err = rec.err ? err_fail(rec.err, "%s", rec.err_text) : ERR_OK;
    }
    old_plan_release(&rec.plan);
    return err;
}

static enum err cmd_record(const struct command *command, int argc, char **argv)
{
    struct record_call *call = calloc(1, sizeof *call);
    if (!call)
        return err_fail(ERR_NOMEM, "out of memory");
    enum err err = parse_call(call, command, argc, argv);
    if (!err)
        err = run_call(call);
    free(call);
    return err;
}

const struct command command_record = {
    .name = "record",
    .operands = "",
    .summary = "live capture -> tape (+ candles to SQLite, gRPC)",
    .examples =
        "rewick record --out btc.tape --venue binance:BTC-USDT --venue kraken:BTC-USD --bar 1s,1m\n"
        "rewick record --out btc.tape --venue coinbase:BTC-USD,ETH-USD --db candles.db --grpc "
        "127.0.0.1:50051\n"
        "rewick record --out agg.tape --venue binance:BTC-USDT --channel binance=aggTrade --for "
        "1h\n"
        "rewick record --out test.tape --venue binance:BTC-USDT --url binance=ws://127.0.0.1:9101 "
        "--until-silent 5s --digest",
    .run = cmd_record,
};
