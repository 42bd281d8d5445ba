#include "tests/sim/sim_run.h"

#include "engine/base/time_text.h"
#include "engine/candle/candle_digest.h"
#include "engine/engine.h"
#include "engine/engine_answer.h"
#include "engine/tape/tape_reader.h"
#include "recorder/capture_intake.h"
#include "recorder/conductor.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_NS (100 * NS_PER_MS)

static void must(enum err err, const char *what)
{
    if (err == ERR_OK)
        return;
    fprintf(stderr, "sim: %s: %s\n", what, err_text(err));
    abort();
}

/* ---- candles ----------------------------------------------------------------------------------
 */

struct candles {
    struct engine *engine;
    struct candle_digest *digest;
    struct sim_world *world;
    uint64_t closed;
};

static void on_candle(const struct candle *candle, void *arg)
{
    struct candles *candles = arg;
    candles->closed += candle->state == CANDLE_CLOSED;
    must(candle_digest_add(candles->digest, candle), "digest");
}

static void on_trade(const struct venue *venue, const char *instrument, const struct trade *trade,
                     const struct record *record, void *arg)
{
    (void)instrument;
    (void)record;
    struct candles *candles = arg;
    sim_world_counted(candles->world, venue, trade);
}

static void candles_open(struct candles *candles, struct sim_world *world)
{
    struct engine_config config;
    *candles = (struct candles){.world = world};
    struct engine_outlet outlet = {
        .candle = on_candle, .forming = true, .trade = on_trade, .arg = candles};
    engine_config_default(&config);
    must(engine_new(&candles->engine, &config, NULL, &outlet), "engine");
    must(candle_digest_new(&candles->digest), "digest");
}

static void candles_close(struct candles *candles, char digest[65])
{
    must(candle_digest_text(candles->digest, digest), "digest");
    candle_digest_free(candles->digest);
    engine_free(candles->engine);
}

/* ---- the recorder -----------------------------------------------------------------------------
 */

struct recorder {
    const struct sim_run_options *options;
    struct sim_world *world;
    struct record_plan plan;
    struct record_queue *queue;
    struct tape_keeper *tape;
    struct capture_watch *watch;
    struct conductor *conductor;
    struct capture_intake intake;
    struct candles candles;
    int64_t look_ns, stalled_until_ns;
    uint64_t random;
};

/* A sync takes no virtual time. */
struct at_once {
    const struct io *io;
    struct io_file *file;
};

static void sync_begin(void *arg, const struct io *io, struct io_file *file)
{
    *(struct at_once *)arg = (struct at_once){io, file};
}

static enum err sync_wait(void *arg)
{
    const struct at_once *sync = arg;
    return sync->io->sync(sync->file);
}

static bool sync_poll(void *arg, enum err *out)
{
    *out = sync_wait(arg);
    return true;
}

static struct at_once at_once;
static const struct tape_syncer syncer = {sync_begin, sync_poll, sync_wait, &at_once};

static enum err give(const struct order *order, void *arg)
{
    struct recorder *recorder = arg;
    conductor_order(recorder->conductor, order, sim_world_now(recorder->world));
    return ERR_OK;
}

static void push(struct recorder *recorder, enum record_type type, const char *venue,
                 const struct buf *data)
{
    struct stamp now = sim_world_now(recorder->world);
    struct record record = {.type = type,
                            .venue = venue,
                            .wall_ns = now.wall_ns,
                            .mono_ns = now.mono_ns,
                            .source_ns = RECORD_NO_TIME,
                            .data = data->data,
                            .size = data->size};
    if (!record_queue_push(recorder->queue, &record))
        must(ERR_LIMIT, "queue");
}

static void make_plan(struct recorder *recorder)
{
    static char texts[SIM_VENUES_MAX][256], urls[SIM_VENUES_MAX][64], rests[SIM_VENUES_MAX][64];
    struct record_wish_options options = {0};
    struct record_wish wish;
    char redundant[2] = {(char)('0' + recorder->options->redundancy), 0};
    size_t count = recorder->options->world.venue_count;
    for (size_t i = 0; i < count; i++) {
        sim_world_wish(recorder->world, i, texts[i], urls[i], rests[i]);
        options.venues.items[options.venues.count++] = texts[i];
        options.urls.items[options.urls.count++] = urls[i];
        options.rest_urls.items[options.rest_urls.count++] = rests[i];
    }
    options.redundant.items[options.redundant.count++] = redundant;
    must(record_wish_make(&wish, &options), "wish");
    must(record_plan_make(&recorder->plan, &wish), "plan");
    struct buf config, target, body, record;
    buf_init(&config, RECORD_DATA_MAX);
    buf_init(&target, 4096);
    buf_init(&body, RECORD_DATA_MAX);
    buf_init(&record, RECORD_DATA_MAX);
    struct engine_config engine;
    engine_config_default(&engine);
    must(record_plan_config(&recorder->plan, &engine, &config), "config");
    push(recorder, RECORD_CONFIG, "", &config);
    for (size_t i = 0; i < count; i++) {
        struct plan_venue *venue = &recorder->plan.venues[i];
        const struct venue_rest *rest = venue->venue->rest;
        for (size_t page = 0; rest && rest->list && page < 16; page++) {
            enum err err = rest->list(page, page ? body.data : NULL, page ? body.size : 0, &target);
            if (err == ERR_END)
                break;
            must(err, "list");
            must(buf_terminate(&target), "list");
            sim_world_answer(recorder->world, i, (const char *)target.data, &body);
            must(rest->decode_list((const char *)target.data, body.data, body.size, &venue->list),
                 "list");
            struct engine_asked asked = {.method = "GET",
                                         .host = venue->rest.text,
                                         .target = (const char *)target.data,
                                         .status = 200};
            must(engine_answer_tell(&record, &asked, body.data, body.size), "list");
            push(recorder, RECORD_HTTP, venue->venue->name, &record);
        }
        must(record_plan_resolve(&recorder->plan, i, &wish), "instruments");
    }
    buf_release(&config);
    buf_release(&target);
    buf_release(&body);
    buf_release(&record);
    record_wish_release(&wish);
}

static void open_recorder(struct recorder *recorder)
{
    const struct sim_run_options *options = recorder->options;
    must(record_queue_new(&recorder->queue, options->queue_bytes), "queue");
    make_plan(recorder);
    struct tape_keeper_options tape = {
        .io = options->io,
        .path = options->path,
        .tape = {.flush_ns = 100 * NS_PER_MS,
                 .sync_ns = NS_PER_S,
                 .segment_bytes = options->segment_bytes,
                 .wall_ns = sim_world_now(recorder->world).wall_ns,
                 .random = {options->world.seed, 2, 3, 4},
                 .syncer = &syncer},
    };
    must(tape_keeper_open(&recorder->tape, &tape), "tape");
    struct conductor_options conductor = {.plan = &recorder->plan,
                                          .transport = sim_world_transport(recorder->world),
                                          .queue = recorder->queue,
                                          .first_connection = 1,
                                          .seed = options->world.seed};
    must(conductor_new(&recorder->conductor, &conductor), "conductor");
    sim_world_listen(recorder->world, conductor_events(recorder->conductor));
    struct capture_watch_options watch = {
        .plan = &recorder->plan, .give = give, .give_arg = recorder};
    must(capture_watch_new(&recorder->watch, &watch), "watch");
    capture_intake_init(&recorder->intake, recorder->tape, recorder->watch, &recorder->plan);
    candles_open(&recorder->candles, recorder->world);
}

/* Records from the queue to tape, watch and engine, as the tape's thread does it. */
static void drain(struct recorder *recorder)
{
    struct record record;
    while (record_queue_peek(recorder->queue, &record, 0) == QUEUE_RECORD) {
        enum err err = capture_intake_take(&recorder->intake, &record);
        if (err == ERR_STOP)
            return;
        must(err, "record");
        must(engine_feed(recorder->candles.engine, &record), "engine");
        record_queue_pop(recorder->queue);
    }
}

/* Now and then the tape's side does not get on for some seconds. */
static bool is_stalled(struct recorder *recorder, int64_t now_ns)
{
    if (recorder->options->stall == 0)
        return false;
    recorder->random = recorder->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    if ((recorder->random >> 33) % 1000000 < recorder->options->stall)
        recorder->stalled_until_ns = now_ns + (int64_t)((recorder->random >> 20) % 8) * NS_PER_S;
    return now_ns < recorder->stalled_until_ns;
}

static void look(struct recorder *recorder, struct stamp now)
{
    recorder->look_ns = now.mono_ns + LOOK_NS;
    if (is_stalled(recorder, now.mono_ns))
        return;
    drain(recorder);
    must(tape_keeper_work(recorder->tape, now.mono_ns), "tape");
    capture_watch_work(recorder->watch, now);
}

static void run_until(struct recorder *recorder, int64_t end_ns)
{
    struct sim_world *world = recorder->world;
    while (sim_world_now(world).mono_ns < end_ns) {
        int64_t due_ns = conductor_work(recorder->conductor, sim_world_now(world));
        int64_t next_ns = sim_world_next(world);
        next_ns = next_ns < due_ns ? next_ns : due_ns;
        next_ns = next_ns < recorder->look_ns ? next_ns : recorder->look_ns;
        int64_t now_ns = sim_world_now(world).mono_ns;
        sim_world_go(world, next_ns > now_ns ? next_ns : now_ns);
        if (sim_world_now(world).mono_ns >= recorder->look_ns)
            look(recorder, sim_world_now(world));
    }
}

static void stop(struct recorder *recorder)
{
    struct sim_world *world = recorder->world;
    recorder->stalled_until_ns = 0;
    while (!conductor_stop(recorder->conductor, sim_world_now(world))) {
        int64_t next_ns = sim_world_next(world), now_ns = sim_world_now(world).mono_ns;
        sim_world_go(world, next_ns < now_ns + LOOK_NS ? next_ns : now_ns + LOOK_NS);
        drain(recorder);
    }
    while (!conductor_tell_gaps(recorder->conductor, sim_world_now(world)))
        drain(recorder);
    record_queue_end(recorder->queue);
    drain(recorder);
    must(tape_keeper_close(recorder->tape), "tape");
}

static void close_recorder(struct recorder *recorder, struct sim_result *out)
{
    struct conductor_stats net;
    conductor_stats(recorder->conductor, &net);
    out->dropped = net.dropped;
    out->lost = net.lost;
    out->changeovers = net.changeovers;
    out->opened = net.opened;
    out->fetches = net.fetches;
    for (size_t i = 0; i < capture_watch_venue_count(recorder->watch); i++) {
        struct watch_venue venue;
        capture_watch_venue(recorder->watch, i, sim_world_now(recorder->world), &venue);
        out->not_repaired += venue.repair.given_up + venue.repair.open;
        out->possible += venue.repair.possible;
    }
    out->closed = recorder->candles.closed;
    candles_close(&recorder->candles, out->live_digest);
    capture_intake_release(&recorder->intake);
    capture_watch_free(recorder->watch);
    conductor_free(recorder->conductor);
    record_queue_free(recorder->queue);
    record_plan_release(&recorder->plan);
}

/* ---- the replay -------------------------------------------------------------------------------
 */

static void count_gap(const struct record *record, struct sim_result *out)
{
    json_t *gap = json_loadb((const char *)record->data, record->size, 0, NULL);
    out->gap_records += (uint64_t)json_integer_value(json_object_get(gap, "count"));
    out->gap_frames += (uint64_t)json_integer_value(json_object_get(gap, "frames"));
    json_decref(gap);
}

static void replay(const struct sim_run_options *options, struct sim_world *world,
                   struct sim_result *out)
{
    struct candles candles;
    struct tape_reader *reader = NULL;
    struct tape_reader_options strict = {0};
    struct record record;
    enum err err;
    sim_world_recount(world);
    candles_open(&candles, world);
    must(tape_reader_open(&reader, options->io, options->path, &strict), "tape");
    while ((err = tape_reader_next(reader, &record)) == ERR_OK) {
        out->records++;
        out->frames += record.type == RECORD_RECEIVED;
        if (record.type == RECORD_GAP)
            count_gap(&record, out);
        must(engine_feed(candles.engine, &record), "engine");
    }
    must(err == ERR_END ? ERR_OK : err, "tape");
    tape_reader_close(reader);
    candles_close(&candles, out->replay_digest);
    sim_world_truth(world, &out->replay);
}

void sim_run(const struct sim_run_options *options, struct sim_result *out)
{
    struct recorder recorder = {.options = options, .random = options->world.seed};
    *out = (struct sim_result){0};
    recorder.world = sim_world_new(&options->world);
    open_recorder(&recorder);
    int64_t begin_ns = sim_world_now(recorder.world).mono_ns;
    run_until(&recorder, begin_ns + options->length_ns);
    sim_world_calm(recorder.world);
    run_until(&recorder, begin_ns + options->length_ns + options->calm_ns);
    sim_world_stop_trading(recorder.world);
    run_until(&recorder, begin_ns + options->length_ns + options->calm_ns + 5 * NS_PER_S);
    stop(&recorder);
    sim_world_truth(recorder.world, &out->live);
    close_recorder(&recorder, out);
    replay(options, recorder.world, out);
    sim_world_free(recorder.world);
}
