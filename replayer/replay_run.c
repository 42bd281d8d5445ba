#include "replayer/replay_run.h"

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/lane_rules.h"
#include "replayer/replay_progress.h"
#include "replayer/replay_report.h"
#include "replayer/replay_stop.h"
#include "replayer/replay_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How often the end of a growing tape is looked at. */
#define FOLLOW_NS (INT64_C(20) * 1000000)
/* Losses told one by one. */
#define LOSSES_TOLD_MAX 20

struct replay {
    const struct replay_settings *settings;
    const char *tape;
    struct replay_stream *stream;
    struct replay_batch batch;
    size_t at; /* the batch's next record */
    struct engine *engine;
    struct outputs *outputs;
    struct pacing pacing;
    struct replay_progress progress;
    int64_t start_ns;
    uint64_t seq;     /* of the newest record fed */
    uint64_t candles; /* closed and corrected */
    uint64_t losses;  /* torn tails not counted */
    bool begun;       /* a record at or after --from was met */
    bool gave;        /* the outputs got something since they were last committed */
    enum err tap_err; /* of the tap, kept until the record is done */
};

/* ---- the tap --------------------------------------------------------------------------------- */

static void tap_candle(const struct candle *candle, void *arg)
{
    struct replay *replay = arg;
    const struct replay_tap *tap = replay->settings->tap;
    if (tap && tap->candle && replay->tap_err == ERR_OK)
        replay->tap_err = tap->candle(candle, tap->arg);
}

static enum err tap_record(struct replay *replay, const struct record *record)
{
    const struct replay_tap *tap = replay->settings->tap;
    if (tap && tap->record && replay->tap_err == ERR_OK)
        replay->tap_err = tap->record(record, tap->arg);
    return replay->tap_err;
}

static enum err tap_end(struct replay *replay)
{
    const struct replay_tap *tap = replay->settings->tap;
    if (!tap)
        return ERR_OK;
    enum err err = engine_each_forming(replay->engine, tap_candle, replay);
    if (err != ERR_OK)
        return err;
    if (tap->end)
        tap->end(replay->engine, tap->arg);
    return replay->tap_err;
}

/* ---- what the engine and the reader tell ---------------------------------------------------- */

static void on_candle(const struct candle *candle, void *arg)
{
    struct replay *replay = arg;
    replay->candles += candle->state != CANDLE_FORMING;
    replay->gave = true;
    outputs_candle(candle, replay->outputs);
    tap_candle(candle, replay);
}

static void on_health(const struct health_report *report, void *arg)
{
    struct replay *replay = arg;
    replay->gave = true;
    outputs_health(report, replay->outputs);
}

static void on_note(const char *text, void *arg)
{
    struct replay *replay = arg;
    if (!replay->settings->verbose)
        return;
    replay_progress_clear(&replay->progress);
    log_warn("%s", text);
}

static void on_loss(const struct tape_loss *loss, void *arg)
{
    struct replay *replay = arg;
    char text[REPLAY_REPORT_MAX];
    if (loss->torn)
        return;
    replay_progress_clear(&replay->progress);
    if (replay->losses < LOSSES_TOLD_MAX) {
        replay_report_loss(text, loss);
        log_warn("%s", text);
    } else if (replay->losses == LOSSES_TOLD_MAX) {
        log_warn("more damage is only counted; 'rewick tape verify' lists it");
    }
    replay->losses++;
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum err open_engine(struct replay *replay)
{
    struct engine_outlet outlet = {
        .candle = on_candle,
        .forming = outputs_want_forming(replay->outputs) ||
                   (replay->settings->tap && replay->settings->tap->forming),
        .tape = outputs_tape(replay->outputs),
        .health = outputs_want_health(replay->outputs) ? on_health : NULL,
        .note = on_note,
        .arg = replay,
    };
    return engine_new(&replay->engine, &replay->settings->config, &replay->settings->filter,
                      &outlet);
}

/* A bar on the terminal that candles are printed on would end up between them. */
static bool wants_progress(const struct replay_settings *settings)
{
    return !settings->follow && (settings->outputs.quiet || !isatty(STDOUT_FILENO));
}

/* Health looks at every frame, and so may a tap. */
static bool wants_whole_frames(const struct replay *replay)
{
    const struct replay_tap *tap = replay->settings->tap;
    return outputs_want_health(replay->outputs) || (tap && tap->record);
}

static bool wants_all(const struct tape_lane *lane, bool before, void *arg)
{
    return !before || lane_rules_for_candles(lane, before, arg);
}

static enum err open_stream(struct replay *replay)
{
    const struct replay_settings *settings = replay->settings;
    bool whole = wants_whole_frames(replay);
    struct replay_stream_options options = {
        .tape = {.salvage = settings->salvage,
                 .wants = whole ? wants_all : lane_rules_for_candles,
                 .each_loss = on_loss,
                 .arg = replay},
        .threads = (unsigned)settings->threads,
        .decode = !outputs_want_health(replay->outputs),
        .rows = !whole,
    };
    /* A tap learns from all that lies before. */
    if (settings->from_ns > 0 && !(settings->tap && settings->tap->record))
        options.tape.from_ns = settings->from_ns;
    return replay_stream_open(&replay->stream, io_posix(), replay->tape, &options);
}

/* The outputs want the tape's id. */
static enum err read_id(const struct replay *replay, uint8_t out[16])
{
    struct tape_reader *reader = NULL;
    struct tape_reader_options options = {.salvage = replay->settings->salvage};
    enum err err = tape_reader_open(&reader, io_posix(), replay->tape, &options);
    if (err == ERR_OK)
        memcpy(out, tape_reader_id(reader), 16);
    tape_reader_close(reader);
    return err;
}

static enum err open_all(struct replay *replay)
{
    const struct replay_settings *settings = replay->settings;
    uint8_t id[16] = {0};
    enum err err = read_id(replay, id);
    if (err == ERR_OK)
        err = outputs_open(&replay->outputs, &settings->outputs, &settings->config, id);
    if (err == ERR_OK)
        err = open_engine(replay);
    if (err == ERR_OK)
        err = open_stream(replay);
    pacing_init(&replay->pacing, settings->pace);
    replay->start_ns = clock_mono_ns();
    replay_progress_init(&replay->progress, "replay", wants_progress(settings), replay->start_ns);
    return err;
}

/* ---- records -------------------------------------------------------------------------------- */

static void show_progress(struct replay *replay)
{
    if (!replay->progress.out)
        return;
    struct replay_amount amount = {.records = engine_stats(replay->engine)->records};
    replay_stream_progress(replay->stream, &amount.done, &amount.total);
    replay_progress_show(&replay->progress, amount, clock_mono_ns());
}

/* Candles go out while nothing else is to be done. */
static enum err wait_until(struct replay *replay, int64_t deadline_ns)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && clock_mono_ns() < deadline_ns && !replay_stop_asked()) {
        err = outputs_commit(replay->outputs, replay->seq, false);
        show_progress(replay);
        replay_stop_wait(deadline_ns);
    }
    return err;
}

/* ERR_STOP: asked to stop before the record's time had come. */
static enum err pace(struct replay *replay, const struct record *record)
{
    if (pacing_is_max(replay->settings->pace))
        return ERR_OK;
    int64_t deadline_ns = pacing_deadline(&replay->pacing, record, clock_mono_ns());
    enum err err = wait_until(replay, deadline_ns);
    if (err == ERR_OK && replay_stop_asked() && clock_mono_ns() < deadline_ns)
        return ERR_STOP;
    return err;
}

static enum err feed(struct replay *replay, const struct record *record)
{
    enum err err = replay->batch.decoded ? engine_feed_decoded(replay->engine, record,
                                                               replay->batch.decoded, replay->at)
                                         : engine_feed(replay->engine, record);
    if (err != ERR_OK)
        return err;
    replay->seq = record->seq;
    err = tap_record(replay, record);
    if (err != ERR_OK || !replay->gave)
        return err;
    replay->gave = false;
    return outputs_commit(replay->outputs, record->seq, false);
}

/* How many of the batch's next records lie before --to. */
static size_t count_before_to(const struct replay *replay)
{
    const struct replay_batch *batch = &replay->batch;
    size_t end = replay->at;
    if (replay->settings->to_ns == INT64_MAX)
        return batch->count - replay->at;
    while (end < batch->count && batch->records[end].wall_ns < replay->settings->to_ns)
        end++;
    return end - replay->at;
}

/* The fast way over records that only let time pass. */
static bool pass(struct replay *replay)
{
    const struct replay_batch *batch = &replay->batch;
    const struct replay_tap *tap = replay->settings->tap;
    if (!batch->decoded || !pacing_is_max(replay->settings->pace) || (tap && tap->record) ||
        (batch->decoded->codes[replay->at] & DECODED_PASS) == 0)
        return false;
    size_t passed = engine_pass(replay->engine, batch->records + replay->at,
                                count_before_to(replay), batch->decoded, replay->at);
    if (passed == 0)
        return false;
    replay->at += passed;
    return true;
}

/* One record of the batch, or several that nothing comes of. ERR_END: --to is reached. */
static enum err step(struct replay *replay)
{
    const struct record *record = &replay->batch.records[replay->at];
    replay->begun = replay->begun || record->wall_ns >= replay->settings->from_ns;
    if (!replay->begun) {
        enum err err = engine_prime(replay->engine, record);
        replay->at++;
        return err == ERR_OK ? tap_record(replay, record) : err;
    }
    if (record->wall_ns >= replay->settings->to_ns)
        return ERR_END;
    if (pass(replay))
        return ERR_OK;
    enum err err = pace(replay, record);
    if (err == ERR_OK)
        err = feed(replay, record);
    replay->at++;
    return err;
}

/* Records that were passed over count as fed. */
static void note_seq(struct replay *replay)
{
    if (replay->begun && replay->at > 0)
        replay->seq = replay->batch.records[replay->at - 1].seq;
}

/* The next batch, or a moment's wait for one. ERR_END: that was all. */
static enum err next_batch(struct replay *replay)
{
    note_seq(replay);
    enum err err = outputs_commit(replay->outputs, replay->seq, false);
    replay->at = 0;
    replay->batch.count = 0;
    if (err == ERR_OK)
        err = replay_stream_next(replay->stream, &replay->batch);
    show_progress(replay);
    if (err == ERR_END && replay->settings->follow)
        return wait_until(replay, clock_mono_ns() + FOLLOW_NS);
    return err;
}

static enum err read_tape(struct replay *replay)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && !replay_stop_asked())
        err = replay->at < replay->batch.count ? step(replay) : next_batch(replay);
    note_seq(replay);
    replay_progress_clear(&replay->progress);
    return err == ERR_END || (err == ERR_STOP && replay_stop_asked()) ? ERR_OK : err;
}

/* ---- the end -------------------------------------------------------------------------------- */

static void report(const struct replay *replay)
{
    char text[REPLAY_REPORT_MAX];
    const struct engine_stats *stats = engine_stats(replay->engine);
    if (replay_report_troubles(text, stats))
        log_warn("%s%s", text, replay->settings->verbose ? "" : " (--verbose says more)");
    const struct tape_loss *tail = replay_stream_tail(replay->stream);
    if (tail)
        log_warn("the tape ends inside a block (%" PRIu64
                 " bytes): a crash, or a recorder that is still running",
                 tail->size);
    if (!replay->settings->verbose && !isatty(STDERR_FILENO))
        return;
    replay_report_summary(text, stats, replay->candles, clock_mono_ns() - replay->start_ns);
    log_info("%s", text);
}

/* The store has the history that clients ask for. */
static enum err serve(struct replay *replay)
{
    enum err err = outputs_commit(replay->outputs, replay->seq, true);
    if (err != ERR_OK || replay_stop_asked())
        return err;
    log_info("the tape is at its end; gRPC goes on until Ctrl-C");
    while (!replay_stop_asked())
        replay_stop_wait(INT64_MAX);
    return ERR_OK;
}

/* All that the records up to here gave: also when the next one was damaged. */
static enum err finish(struct replay *replay)
{
    enum err err = outputs_commit(replay->outputs, replay->seq, true);
    if (err != ERR_OK)
        return err;
    /* With every change shown, theirs were too. */
    if (!replay->settings->outputs.forming)
        err = engine_each_forming(replay->engine, outputs_forming, replay->outputs);
    if (err == ERR_OK)
        err = outputs_commit(replay->outputs, replay->seq, true);
    if (err == ERR_OK)
        err = tap_end(replay);
    if (err == ERR_OK)
        report(replay);
    return err;
}

static enum err check_filter(const struct replay *replay)
{
    const struct replay_settings *settings = replay->settings;
    if (replay_stop_asked())
        return ERR_OK;
    return replay_report_unknown(replay->engine, &settings->filter, replay->tape,
                                 settings->salvage);
}

static enum err count_damage(const struct replay *replay)
{
    if (replay->losses == 0)
        return ERR_OK;
    return err_fail(ERR_DAMAGED,
                    "tape '%s' is damaged in %" PRIu64 " %s; the candles come from what is whole",
                    replay->tape, replay->losses, replay->losses == 1 ? "place" : "places");
}

/* The first failure counts; later steps must not lose its text. */
struct outcome {
    enum err err;
    char text[ERR_TEXT_MAX];
};

static void keep(struct outcome *outcome, enum err err)
{
    if (outcome->err != ERR_OK || err == ERR_OK)
        return;
    outcome->err = err;
    snprintf(outcome->text, sizeof outcome->text, "%s", err_text(err));
}

static enum err close_all(struct replay *replay, struct outcome *outcome)
{
    keep(outcome, outputs_close(replay->outputs));
    engine_free(replay->engine);
    replay_stream_close(replay->stream);
    if (outcome->err != ERR_OK && outcome->err != ERR_STOP)
        err_fail(outcome->err, "%s", outcome->text);
    return outcome->err;
}

enum err replay_run(const struct replay_settings *settings, const char *tape)
{
    struct replay replay = {.settings = settings, .tape = tape};
    struct outcome outcome = {.err = ERR_OK};
    keep(&outcome, open_all(&replay));
    if (outcome.err != ERR_OK)
        return close_all(&replay, &outcome);
    keep(&outcome, read_tape(&replay));
    if (outcome.err == ERR_OK || outcome.err == ERR_DAMAGED)
        keep(&outcome, finish(&replay));
    if (outcome.err == ERR_OK)
        keep(&outcome, check_filter(&replay));
    if (outcome.err == ERR_OK && settings->outputs.grpc)
        keep(&outcome, serve(&replay));
    keep(&outcome, count_damage(&replay));
    return close_all(&replay, &outcome);
}
