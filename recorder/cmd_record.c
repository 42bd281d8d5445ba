/*
 * rewick record: live capture -> tape, and candles from it.
 *
 *     sockets --> capture queue --> tape --> engine queue --> candles --> outputs
 *     capture_net                   capture_writer            live_engine
 *         ^------- orders ----------'
 *
 * Three threads (one that waits for the disk, and one that seals finished segments when nobody else
 * wants the processor), data flows one way, and nothing on the right can hold up anything on its
 * left.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/options.h"
#include "engine/base/time_text.h"
#include "engine/sink/outputs.h"
#include "recorder/ca_file.h"
#include "recorder/capture_net.h"
#include "recorder/capture_status.h"
#include "recorder/capture_writer.h"
#include "recorder/live_engine.h"
#include "recorder/plan_keeper.h"
#include "recorder/record_call.h"
#include "recorder/record_config.h"
#include "recorder/recorder_commands.h"
#include "recorder/retention.h"
#include "recorder/status_server.h"
#include "recorder/tape_recall.h"
#include "recorder/tape_sealer.h"

#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define CAPTURE_QUEUE_BYTES (64u * 1024 * 1024)
#define ENGINE_QUEUE_BYTES  (16u * 1024 * 1024)
/* How long a record may wait to be looked at by the next thread. */
#define QUEUE_PATIENCE_NS (3 * NS_PER_MS)
/* Lines of one kind on stderr per minute; more are counted. */
#define LOG_LINES_PER_MINUTE 30
/* Memory blocks from this size on go back to the system when they are freed; the C library would
 * raise the limit after the first large one and keep an instrument list's room for months. */
#define LARGE_BLOCK_BYTES (256 * 1024)

/* What runs. */
struct recording {
    const struct command *command;
    int word_count;
    char *const *words;
    const struct record_call *call;
    struct plan_keeper *plans;
    struct engine_config config;
    struct record_control control;
    int64_t started_wall_ns;
    int signal_fd;
    int stop_fd; /* readable when a signal to stop has come; nobody reads it before signal_fd is
                    read */
    unsigned stop_signals;
    bool reload; /* SIGHUP came */
    int64_t retain_ns;
    struct http_session *http;
    struct record_queue *capture_queue, *engine_queue;
    struct tape_keeper *tape; /* until the writer has it */
    struct outputs *outputs;
    struct capture_watch *watch;
    struct capture_net *net;
    struct capture_writer *writer;
    struct live_engine *live;
    struct tape_sealer *sealer; /* NULL: nothing is sealed */
    struct status_server status;
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

static const struct record_plan *plan_of(const struct recording *rec)
{
    return plan_keeper_plan(rec->plans);
}

/* ---- signals -------------------------------------------------------------------------------- */

static enum err open_signals(struct recording *rec)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread is made: all inherit it */
    rec->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (rec->call->config) /* else it means the same */
        sigdelset(&set, SIGHUP);
    rec->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return rec->signal_fd >= 0 && rec->stop_fd >= 0 ? ERR_OK : err_errno("cannot make a signalfd");
}

/* SIGHUP reads the configuration file again; without one it ends the recording, as a terminal that
 * goes away means it. */
static void take_signals(struct recording *rec)
{
    struct signalfd_siginfo info;
    while (read(rec->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP && rec->call->config)
            rec->reload = true;
        else
            rec->stop_signals++;
    }
    if (rec->stop_signals > 0)
        record_control_stop(&rec->control, STOP_SIGNAL);
}

/* ---- the tape ------------------------------------------------------------------------------- */

static bool disk_space(void *arg, uint64_t *out_free, uint64_t *out_total)
{
    struct statvfs disk;
    if (statvfs(arg, &disk) != 0)
        return false;
    *out_free = (uint64_t)disk.f_bavail * disk.f_frsize;
    *out_total = (uint64_t)disk.f_blocks * disk.f_frsize;
    return true;
}

static uint64_t segment_bytes(const struct record_call *call)
{
    return call->segment_bytes ? (uint64_t)call->segment_bytes : 256u * 1024 * 1024;
}

static enum err open_tape(struct recording *rec)
{
    const struct record_call *call = rec->call;
    /* The writer's thread looks at the clock a few times per bound; what it may be late is taken
     * off here. */
    int64_t flush_ns = call->flush_ms * NS_PER_MS, look_ns = flush_ns / CAPTURE_WRITER_LOOKS;
    int64_t sync_ns = call->sync_ms * NS_PER_MS;
    struct tape_keeper_options options = {
        .io = io_posix(),
        .path = call->out,
        .tape =
            {
                .flush_ns = flush_ns - 2 * look_ns,
                .sync_ns = sync_ns > 4 * look_ns ? sync_ns - 2 * look_ns : (sync_ns + 1) / 2,
                .segment_bytes = segment_bytes(call),
                .wall_ns = clock_wall_ns(),
            },
        .space = disk_space,
        .arg = (void *)(uintptr_t)call->out,
    };
    uint64_t *random = options.tape.random;
    if (getrandom(random, sizeof options.tape.random, 0) != (ssize_t)sizeof options.tape.random)
        return err_errno("cannot get random numbers");
    return tape_keeper_open(&rec->tape, &options);
}

static enum err push(struct recording *rec, enum record_type type, const char *venue,
                     const void *data, size_t size)
{
    struct record record = {
        .type = type,
        .venue = venue,
        .wall_ns = clock_wall_ns(),
        .mono_ns = clock_mono_ns(),
        .source_ns = RECORD_NO_TIME,
        .data = data,
        .size = size,
    };
    return record_queue_push(rec->capture_queue, &record)
               ? ERR_OK
               : err_fail(ERR_LIMIT, "configuration and instrument lists are too large");
}

static enum err push_list(const struct venue *venue, const void *data, size_t size, void *arg)
{
    return push(arg, RECORD_HTTP, venue->name, data, size);
}

/* The first record of the session, and the instrument lists. */
static enum err push_start(struct recording *rec)
{
    struct buf json;
    buf_init(&json, RECORD_DATA_MAX);
    enum err err = record_plan_config(plan_of(rec), &rec->config, &json);
    err = err ? err : push(rec, RECORD_CONFIG, "", json.data, json.size);
    buf_release(&json);
    return err ? err : plan_keeper_answers(rec->plans, push_list, rec);
}

/* ---- starting ------------------------------------------------------------------------------- */

static enum err start_net(struct recording *rec)
{
    struct capture_net_options options = {
        .plan = plan_of(rec),
        .queue = rec->capture_queue,
        .first_connection = tape_keeper_next_connection(rec->tape),
        .ca_file = rec->call->ca_file,
    };
    if (getrandom(&options.seed, sizeof options.seed, 0) != (ssize_t)sizeof options.seed)
        return err_errno("cannot get random numbers");
    return capture_net_new(&rec->net, &options);
}

static enum err start_watch(struct recording *rec)
{
    struct capture_watch_options options = {
        .plan = plan_of(rec), .give = capture_net_give, .give_arg = rec->net};
    enum err err = capture_watch_new(&rec->watch, &options);
    return err ? err
               : tape_recall(io_posix(), rec->call->out, tape_keeper_next_seq(rec->tape),
                             plan_of(rec), rec->watch);
}

static enum err start_writer(struct recording *rec)
{
    struct capture_writer_options options = {
        .tape = rec->tape,
        .watch = rec->watch,
        .in = rec->capture_queue,
        .engine = rec->engine_queue,
        .plan = plan_of(rec),
        .control = &rec->control,
        .flush_ns = rec->call->flush_ms * NS_PER_MS,
        .until_silent_ns = rec->call->until_silent_ns,
    };
    rec->tape = NULL;
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

static void say_bounds(const struct record_call *call)
{
    log_info("flush %" PRId64 " ms, sync %" PRId64 " ms: kill -9 loses at most %" PRId64
             " ms, power loss at most %" PRId64 ".%" PRId64 " s",
             call->flush_ms, call->sync_ms, call->flush_ms, (call->flush_ms + call->sync_ms) / 1000,
             (call->flush_ms + call->sync_ms) % 1000 / 100);
}

static void open_status(struct recording *rec)
{
    enum err err = status_server_open(&rec->status, rec->call->out);
    if (err)
        log_warn("no status: %s", err_text(err));
}

/* Without it all is as good, only larger. */
static void start_sealer(struct recording *rec)
{
    const struct record_call *call = rec->call;
    const struct tape_sealer_options options = {
        .io = io_posix(),
        .path = call->out,
        .segment_bytes = segment_bytes(call),
        .space = disk_space,
        .arg = (void *)(uintptr_t)call->out,
    };
    enum err err = call->no_seal ? ERR_OK : tape_sealer_start(&rec->sealer, &options);
    if (err)
        log_warn("finished segments stay as they are: %s", err_text(err));
}

/* From right to left, so that whoever gives finds who takes. */
static enum err start_threads(struct recording *rec)
{
    enum err err = start_net(rec);
    err = err ? err : start_watch(rec);
    err = err ? err : start_writer(rec);
    if (err)
        return err;
    say_bounds(rec->call);
    err = start_live(rec);
    err = err ? err : capture_net_run(rec->net);
    if (err)
        return err;
    open_status(rec);
    start_sealer(rec);
    return ERR_OK;
}

/* The store counts updates from where the tape begins. */
static enum err open_outputs(struct recording *rec)
{
    struct outputs_options options = rec->call->outputs;
    char scope[48];
    uint64_t first_seq;
    enum err err = retention_first_seq(io_posix(), rec->call->out, &first_seq);
    if (err)
        return err;
    snprintf(scope, sizeof scope, "from record %" PRIu64, first_seq);
    options.scope = first_seq > 1 ? scope : NULL;
    return outputs_open(&rec->outputs, &options, &rec->config, tape_keeper_id(rec->tape));
}

static enum err start(struct recording *rec)
{
    enum err err = record_queue_new(&rec->capture_queue, CAPTURE_QUEUE_BYTES);
    err = err ? err : record_queue_new(&rec->engine_queue, ENGINE_QUEUE_BYTES);
    if (err)
        return err;
    record_queue_set_patience(rec->capture_queue, QUEUE_PATIENCE_NS);
    record_queue_set_patience(rec->engine_queue, QUEUE_PATIENCE_NS);
    err = push_start(rec);
    err = err ? err : open_tape(rec);
    err = err ? err : open_outputs(rec);
    return err ? err : start_threads(rec);
}

/* ---- status --------------------------------------------------------------------------------- */

static enum err write_head(const struct recording *rec, struct buf *out)
{
    const struct record_call *call = rec->call;
    char started[TIME_TEXT_MAX];
    time_format(started, rec->started_wall_ns);
    enum err err = buf_printf(out,
                              "{\"rewick\":\"" REWICK_VERSION "\",\"pid\":%ld,\"started\":\"%s\","
                              "\"tape\":{\"path\":",
                              (long)getpid(), started);
    err = err ? err : buf_append_json(out, call->out, strlen(call->out));
    return err ? err
               : buf_printf(out, ",\"flush_ms\":%" PRId64 ",\"sync_ms\":%" PRId64 ",",
                            call->flush_ms, call->sync_ms);
}

/* How many segments of the tape are sealed, when this run seals. */
static enum err write_segments(const struct recording *rec, struct buf *out)
{
    if (!rec->sealer)
        return ERR_OK;
    const struct tape_sealer_stats stats = tape_sealer_stats(rec->sealer);
    return buf_printf(out, "\"segments_sealed\":%" PRIu32 ",\"segments_live\":%" PRIu32 ",",
                      stats.sealed, stats.live);
}

static enum err write_status(struct buf *out, void *arg)
{
    struct recording *rec = arg;
    struct conductor_stats net;
    capture_net_stats(rec->net, &net);
    enum err err = write_head(rec, out);
    err = err ? err : write_segments(rec, out);
    if (!err && capture_writer_status(rec->writer, 2 * NS_PER_S, out) != ERR_OK)
        err = buf_append_text(out, "\"why\":\"the tape's thread does not answer\"}");
    err = err ? err
              : buf_printf(out, ",\"candles\":{\"behind\":%" PRIu64 "},",
                           live_engine_behind(rec->live));
    err = err ? err : capture_status_network(&net, out);
    return err ? err : buf_append_text(out, "}\n");
}

/* ---- reading the configuration again -------------------------------------------------------- */

/* The network thread takes orders within milliseconds; a plan must not get lost. */
static enum err give_order(struct recording *rec, const struct order *order)
{
    enum err err = capture_net_give(order, rec->net);
    for (int i = 0; err == ERR_LIMIT && i < 100; i++) {
        clock_sleep_until(clock_mono_ns() + 10 * NS_PER_MS);
        err = capture_net_give(order, rec->net);
    }
    return err;
}

/* Instrument lists that came while capturing. */
static enum err give_list(const struct venue *venue, const void *data, size_t size, void *arg)
{
    struct recording *rec = arg;
    struct order order = {.kind = ORDER_NOTE, .venue = venue->name, .record = RECORD_HTTP};
    order.data = malloc(size);
    order.size = size;
    if (!order.data)
        return err_fail(ERR_NOMEM, "out of memory for an instrument list");
    memcpy(order.data, data, size);
    enum err err = give_order(rec, &order);
    if (err)
        free(order.data);
    return err;
}

/* The lists first: they are on the tape before the first frame that needs them. */
static enum err use_plan(struct recording *rec)
{
    struct order order = {.kind = ORDER_PLAN, .plan = plan_of(rec)};
    enum err err = plan_keeper_answers(rec->plans, give_list, rec);
    capture_writer_plan(rec->writer, plan_of(rec));
    return err ? err : give_order(rec, &order);
}

static enum err change_plan(struct recording *rec)
{
    struct record_call *call = calloc(1, sizeof *call);
    if (!call)
        return err_fail(ERR_NOMEM, "out of memory for the configuration");
    enum err err = record_call_parse(call, rec->command, rec->word_count, rec->words);
    err = err ? err : plan_keeper_make(rec->plans, &call->venues, rec->stop_fd);
    record_call_release(call);
    free(call);
    return err ? err : use_plan(rec);
}

static void reload(struct recording *rec)
{
    rec->reload = false;
    enum err err = change_plan(rec);
    if (err)
        log_error("the new configuration is not used: %s", err_text(err));
    else
        log_info("subscriptions changed as '%s' says; other changes in it wait for a restart",
                 rec->call->config);
}

static void keep_plan(struct recording *rec)
{
    if (rec->reload)
        reload(rec);
    if (!plan_keeper_retry(rec->plans, clock_mono_ns(), rec->stop_fd))
        return;
    enum err err = use_plan(rec);
    if (err)
        log_error("%s", err_text(err));
}

/* ---- running -------------------------------------------------------------------------------- */

#define RETAIN_NS (30 * NS_PER_S)

/* Removes what is older or more than is to be kept. */
static void retain(struct recording *rec)
{
    struct retention retention = {.age_ns = rec->call->keep_age_ns,
                                  .bytes = (uint64_t)rec->call->keep_bytes};
    uint32_t removed = 0;
    if ((retention.age_ns == 0 && retention.bytes == 0) || clock_mono_ns() < rec->retain_ns)
        return;
    rec->retain_ns = clock_mono_ns() + RETAIN_NS;
    enum err err =
        retention_apply(&retention, io_posix(), rec->call->out, clock_wall_ns(), &removed);
    if (err)
        log_warn("%s", err_text(err));
    else if (removed > 0)
        log_info("tape '%s': the %" PRIu32 " oldest file%s removed", rec->call->out, removed,
                 removed == 1 ? " was" : "s were");
}

static void wait_for_stop(struct recording *rec)
{
    int64_t for_ns = rec->call->for_ns, end_ns = clock_mono_ns() + for_ns;
    struct pollfd fds[] = {{rec->signal_fd, POLLIN, 0},
                           {rec->control.wake_fd, POLLIN, 0},
                           {rec->status.fd, POLLIN, 0}};
    while (record_control_cause(&rec->control) == STOP_NONE) {
        int64_t left_ns = for_ns > 0 ? end_ns - clock_mono_ns() : RETAIN_NS;
        left_ns = left_ns > RETAIN_NS ? RETAIN_NS : left_ns;
        if (left_ns <= 0)
            record_control_stop(&rec->control, STOP_TIME);
        else
            poll(fds, 3, (int)(left_ns / NS_PER_MS) + 1);
        take_signals(rec);
        if (fds[2].revents & POLLIN)
            status_server_answer(&rec->status, write_status, rec);
        retain(rec);
        if (record_control_cause(&rec->control) == STOP_NONE)
            keep_plan(rec);
    }
}

/* One press of Ctrl-C can bring two signals (timeout(1) sends it to the process and to its group).
 */
#define SECOND_SIGNAL_NS (300 * NS_PER_MS)

static void exit_if_signalled(struct recording *rec, int64_t since_ns)
{
    rec->stop_signals = 0;
    take_signals(rec);
    if (rec->stop_signals == 0 || clock_mono_ns() - since_ns < SECOND_SIGNAL_NS)
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
    status_server_close(&rec->status); /* before the tape may be another recorder's */
    capture_net_stop(rec->net);
    capture_net_join(rec->net);
    if (rec->live)
        wait_for_end(rec);
    if (rec->writer)
        keep_failure(rec, capture_writer_join(rec->writer));
    if (rec->live)
        keep_failure(rec, live_engine_join(rec->live));
}

/* ---- ending --------------------------------------------------------------------------------- */

static void say_venues(const struct recording *rec)
{
    struct stamp now = {.wall_ns = clock_wall_ns(), .mono_ns = clock_mono_ns()};
    for (size_t i = 0; i < capture_watch_venue_count(rec->watch); i++) {
        struct watch_venue venue;
        capture_watch_venue(rec->watch, i, now, &venue);
        char repair[128] = "";
        if (venue.repair.holes > 0)
            snprintf(repair, sizeof repair,
                     ", %" PRIu64 " holes (%" PRIu64 " trades fetched, %" PRIu64 " not repaired)",
                     venue.repair.holes, venue.repair.fetched,
                     venue.repair.given_up + venue.repair.open);
        log_info("%s: %" PRIu64 " frames, %" PRIu64 " trades%s", venue.venue->name, venue.frames,
                 venue.trades, repair);
    }
}

static void say_tape(const struct recording *rec)
{
    struct capture_writer_stats tape;
    struct conductor_stats net;
    capture_writer_stats(rec->writer, &tape);
    capture_net_stats(rec->net, &net);
    log_info("tape '%s': %" PRIu64 " records, %" PRIu64
             " bytes; longest wait to be written %" PRId64 " ms; dropped %" PRIu64
             ", reconnects %" PRIu64 ", changeovers %" PRIu64,
             rec->call->out, tape.records, tape.bytes, tape.wait_max_ns / NS_PER_MS, net.dropped,
             net.lost, net.changeovers);
}

/* And ends it: what it does not come to is left to the next run. */
static void stop_sealer(struct recording *rec)
{
    if (!rec->sealer)
        return;
    const struct tape_sealer_stats stats = tape_sealer_stats(rec->sealer);
    tape_sealer_stop(rec->sealer);
    rec->sealer = NULL;
    if (stats.now > 0)
        log_info("tape '%s': %" PRIu32 " segment%s sealed, %" PRIu64 " bytes became %" PRIu64,
                 rec->call->out, stats.now, stats.now == 1 ? "" : "s", stats.live_bytes,
                 stats.sealed_bytes);
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
    if (!capture_watch_all_refused(rec->watch, INT64_MAX, &text))
        return ERR_OK;
    return err_fail(ERR_USAGE, "no venue accepted a subscription (%s); check --venue and --channel",
                    text);
}

static void release(struct recording *rec)
{
    status_server_close(&rec->status);
    capture_net_free(rec->net);
    live_engine_free(rec->live);
    capture_writer_free(rec->writer);
    capture_watch_free(rec->watch);
    record_queue_free(rec->capture_queue);
    record_queue_free(rec->engine_queue);
}

static void record_all(struct recording *rec)
{
    keep_failure(rec, start(rec));
    bool started = !rec->err;
    if (started)
        wait_for_stop(rec);
    stop_sealer(rec);
    if (rec->net)
        stop_threads(rec);
    if (started && record_control_cause(&rec->control) == STOP_REFUSED)
        keep_failure(rec, refused(rec));
    if (rec->tape)
        keep_failure(rec, tape_keeper_close(rec->tape));
    keep_failure(rec, outputs_close(rec->outputs));
    if (started) {
        say_venues(rec);
        say_tape(rec);
        say_candles(rec);
    }
    release(rec);
}

static enum err prepare(struct recording *rec)
{
    const struct record_call *call = rec->call;
    enum err err = open_signals(rec);
    err = err ? err : record_control_open(&rec->control);
    if (!err && call->ca_file)
        err = ca_file_check(call->ca_file);
    err = err ? err : record_config_make(&rec->config, &call->engine, io_posix(), call->out);
    err = err ? err : http_session_open(&rec->http, call->ca_file);
    err = err ? err : plan_keeper_new(&rec->plans, rec->http);
    return err ? err : plan_keeper_make(rec->plans, &call->venues, rec->stop_fd);
}

static enum err run(struct recording *rec)
{
    enum err err = prepare(rec);
    if (!err) {
        record_all(rec);
        err = rec->err ? err_fail(rec->err, "%s", rec->err_text) : ERR_OK;
    }
    plan_keeper_free(rec->plans);
    http_session_close(rec->http);
    record_control_close(&rec->control);
    if (rec->signal_fd >= 0)
        close(rec->signal_fd);
    if (rec->stop_fd >= 0)
        close(rec->stop_fd);
    return err;
}

static enum err cmd_record(const struct command *command, int argc, char **argv)
{
    struct recording *rec = calloc(1, sizeof *rec);
    struct record_call *call = calloc(1, sizeof *call);
    enum err err = rec && call ? ERR_OK : err_fail(ERR_NOMEM, "out of memory");
    err = err ? err : record_call_parse(call, command, argc, argv);
    if (!err) {
        if (call->log && strcmp(call->log, "json") == 0)
            log_set_json(1);
        log_set_limit(LOG_LINES_PER_MINUTE);
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES);
        *rec = (struct recording){.command = command,
                                  .word_count = argc,
                                  .words = argv,
                                  .call = call,
                                  .signal_fd = -1,
                                  .stop_fd = -1,
                                  .control = {.wake_fd = -1},
                                  .status = {.fd = -1},
                                  .started_wall_ns = clock_wall_ns()};
        err = run(rec);
    }
    if (call)
        record_call_release(call);
    free(call);
    free(rec);
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
        "--until-silent 5s --digest\n"
        "rewick record --out all.tape --venue okx:BTC-USDT --channel top,depth --redundant 2\n"
        "rewick record --config rewick.json",
    .run = cmd_record,
};
