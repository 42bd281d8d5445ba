#include "replayer/replay_stream.h"

#include "engine/tape/tape_scan.h"
#include "engine/trade/trade.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Losses that wait to be told. */
#define PENDING_MAX 64

struct bench;

/* A unit under way. It goes back to the thread that filled it: its memory is in that one's cache.
 */
struct slot {
    struct bench *home;
    bool done; /* decoded */
    struct tape_unit unit;
    struct tape_records records;
    struct decoded decoded;
    size_t bytes; /* about what it takes */
    uint64_t done_bytes, total_bytes;
    enum err err; /* of decoding it */
    char text[ERR_TEXT_MAX];
};

/* What a thread works with. */
struct bench {
    struct tape_unit_decoder *units;
    struct decoder *frames;
    /* Its slots that are not under way. The last one used comes first, so that few become large. */
    struct slot *idle[REPLAY_STREAM_UNITS];
    size_t idle_count;
};

struct replay_stream {
    struct replay_stream_options options;
    struct tape_scan *scan;
    pthread_mutex_t lock; /* over all below but where said */
    pthread_cond_t changed;

    /* The units under way, in order, from `first` on. */
    struct slot *ring[REPLAY_STREAM_UNITS];
    size_t first, count;
    size_t bytes;

    bool scanning; /* somebody has the scan */
    bool stopping;
    bool ended;               /* the scan had no more when it was last asked ... */
    uint64_t ended_at, calls; /* ... which was in this call of replay_stream_next() */
    enum err err;             /* the scan's failure; comes out when all before it is out */
    bool judged_bad;          /* and at once when it is that of a unit that was to come out */
    char text[ERR_TEXT_MAX];

    struct tape_loss pending[PENDING_MAX];
    size_t pending_count;

    /* Of the owner alone. */
    pthread_t owner;
    bool given; /* ring[first] is what the last batch is made of */
    uint64_t done_bytes, total_bytes;
    struct bench bench;

    size_t helper_count;
    struct helper *helpers[REPLAY_THREADS_MAX];
};

/* ---- work: lock held on entry and exit ------------------------------------------------------ */

static struct slot *slot_at(const struct replay_stream *stream, size_t index)
{
    return stream->ring[(stream->first + index) % REPLAY_STREAM_UNITS];
}

static size_t size_of(const struct tape_unit *unit)
{
    size_t size = unit->bytes.size + unit->record_count * sizeof(struct record);
    if (!unit->sealed)
        return size + unit->block.content_size;
    for (size_t i = 0; i < unit->part_count; i++) {
        const struct sealed_lane_header *header = &unit->parts[i].header;
        if (unit->parts[i].wanted)
            size += header->payloads_bytes;
        if (unit->parts[i].wanted && header->lane.role == LANE_TRADES)
            size += header->record_count * sizeof(struct trade);
    }
    return size;
}

static bool can_scan(const struct replay_stream *stream)
{
    return !stream->scanning && !stream->ended && stream->err == ERR_OK &&
           stream->count < REPLAY_STREAM_UNITS &&
           (stream->count == 0 || stream->bytes < REPLAY_STREAM_BYTES);
}

static void fail(struct replay_stream *stream, enum err err)
{
    stream->err = err;
    snprintf(stream->text, sizeof stream->text, "%s", err_text(err));
}

static struct slot *take_slot(struct bench *bench)
{
    if (bench->idle_count > 0)
        return bench->idle[--bench->idle_count];
    struct slot *slot = calloc(1, sizeof *slot);
    if (slot != NULL)
        slot->home = bench;
    return slot;
}

static void leave_slot(struct slot *slot)
{
    struct bench *home = slot->home;
    assert(home->idle_count < REPLAY_STREAM_UNITS);
    home->idle[home->idle_count++] = slot;
}

/* The next unit, put behind those that are under way; NULL when there is none. */
static struct slot *scan(struct replay_stream *stream, struct bench *bench)
{
    struct slot *slot = take_slot(bench);
    if (slot == NULL) {
        fail(stream, err_fail(ERR_NOMEM, "out of memory for a replay"));
        return NULL;
    }
    uint64_t call = stream->calls;
    stream->scanning = true;
    pthread_mutex_unlock(&stream->lock);
    enum err err = tape_scan_next(stream->scan, &slot->unit);
    tape_scan_progress(stream->scan, &slot->done_bytes, &slot->total_bytes);
    pthread_mutex_lock(&stream->lock);
    stream->scanning = false;
    pthread_cond_broadcast(&stream->changed);
    if (err != ERR_OK) {
        leave_slot(slot);
        stream->ended = err == ERR_END;
        stream->ended_at = call;
        if (err != ERR_END)
            fail(stream, err);
        return NULL;
    }
    slot->done = false;
    slot->bytes = size_of(&slot->unit);
    stream->bytes += slot->bytes;
    stream->ring[(stream->first + stream->count++) % REPLAY_STREAM_UNITS] = slot;
    return slot;
}

/* Where the rows of a unit go. */
struct taker {
    struct decoded *decoded;
    struct decoder *frames;
};

static uint32_t take_rows(void *arg, const struct tape_lane *lane, struct lane_unpacker *rows,
                          size_t count)
{
    struct taker *taker = arg;
    return decoded_take_rows(taker->decoded, taker->frames, lane, rows, count);
}

static void decode(struct replay_stream *stream, struct bench *bench, struct slot *slot)
{
    pthread_mutex_unlock(&stream->lock);
    struct taker taker = {&slot->decoded, bench->frames};
    decoded_clear(&slot->decoded);
    if (stream->options.rows)
        slot->unit.rows = (struct tape_rows){take_rows, &taker};
    enum err err = tape_unit_decode(bench->units, &slot->unit, &slot->records);
    if (err == ERR_OK && stream->options.decode)
        err =
            decoded_fill(&slot->decoded, bench->frames, slot->records.records, slot->records.count);
    slot->err = err;
    if (err != ERR_OK)
        snprintf(slot->text, sizeof slot->text, "%s", err_text(err));
    pthread_mutex_lock(&stream->lock);
    slot->done = true;
    pthread_cond_broadcast(&stream->changed);
}

/* One unit; false when there is none to be had now. */
static bool work(struct replay_stream *stream, struct bench *bench)
{
    if (!can_scan(stream))
        return false;
    struct slot *slot = scan(stream, bench);
    if (slot != NULL)
        decode(stream, bench, slot);
    return true;
}

/* ---- threads -------------------------------------------------------------------------------- */

static enum err bench_init(struct bench *bench)
{
    enum err err = tape_unit_decoder_new(&bench->units);
    return err == ERR_OK ? decoder_new(&bench->frames) : err;
}

static void slot_free(struct slot *slot)
{
    tape_unit_release(&slot->unit);
    tape_records_release(&slot->records);
    decoded_release(&slot->decoded);
    free(slot);
}

static void bench_release(struct bench *bench)
{
    tape_unit_decoder_free(bench->units);
    decoder_free(bench->frames);
    while (bench->idle_count > 0)
        slot_free(bench->idle[--bench->idle_count]);
}

/* A thread that helps. */
struct helper {
    struct replay_stream *stream;
    pthread_t thread;
    struct bench bench;
};

/* Without memory for a bench, its work is the others'. */
static void *run(void *arg)
{
    struct helper *helper = arg;
    struct replay_stream *stream = helper->stream;
    bool fine = bench_init(&helper->bench) == ERR_OK;
    pthread_mutex_lock(&stream->lock);
    while (fine && !stream->stopping)
        if (!work(stream, &helper->bench))
            pthread_cond_wait(&stream->changed, &stream->lock);
    pthread_mutex_unlock(&stream->lock);
    return NULL;
}

static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}

static void start(struct replay_stream *stream)
{
    unsigned threads = stream->options.threads > 0 ? stream->options.threads : processors();
    if (threads > REPLAY_THREADS_MAX)
        threads = REPLAY_THREADS_MAX;
    while (stream->helper_count + 1 < threads) {
        struct helper *helper = calloc(1, sizeof *helper);
        if (helper == NULL)
            return;
        helper->stream = stream;
        if (pthread_create(&helper->thread, NULL, run, helper) != 0) {
            free(helper);
            return;
        }
        stream->helpers[stream->helper_count++] = helper;
    }
}

/* ---- losses --------------------------------------------------------------------------------- */

/* Called by the scan, without the lock. */
static void on_loss(const struct tape_loss *loss, void *arg)
{
    struct replay_stream *stream = arg;
    const struct tape_reader_options *tape = &stream->options.tape;
    if (tape->each_loss == NULL)
        return;
    pthread_mutex_lock(&stream->lock);
    if (pthread_equal(pthread_self(), stream->owner)) {
        for (size_t i = 0; i < stream->pending_count; i++)
            tape->each_loss(&stream->pending[i], tape->arg);
        stream->pending_count = 0;
        tape->each_loss(loss, tape->arg);
    } else {
        while (stream->pending_count == PENDING_MAX && !stream->stopping)
            pthread_cond_wait(&stream->changed, &stream->lock);
        if (stream->pending_count < PENDING_MAX)
            stream->pending[stream->pending_count++] = *loss;
        pthread_cond_broadcast(&stream->changed);
    }
    pthread_mutex_unlock(&stream->lock);
}

static bool wants(const struct tape_lane *lane, bool before, void *arg)
{
    const struct tape_reader_options *tape = &((struct replay_stream *)arg)->options.tape;
    return tape->wants(lane, before, tape->arg);
}

/* Lock held. */
static void tell_losses(struct replay_stream *stream)
{
    const struct tape_reader_options *tape = &stream->options.tape;
    if (stream->pending_count == 0)
        return;
    for (size_t i = 0; i < stream->pending_count; i++)
        tape->each_loss(&stream->pending[i], tape->arg);
    stream->pending_count = 0;
    pthread_cond_broadcast(&stream->changed);
}

/* ---- opening -------------------------------------------------------------------------------- */

enum err replay_stream_open(struct replay_stream **out, const struct io *io, const char *path,
                            const struct replay_stream_options *options)
{
    struct replay_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return err_fail(ERR_NOMEM, "out of memory for a replay");
    stream->options = *options;
    stream->owner = pthread_self();
    pthread_mutex_init(&stream->lock, NULL);
    pthread_cond_init(&stream->changed, NULL);
    struct tape_reader_options tape = options->tape;
    tape.each_loss = on_loss;
    tape.arg = stream;
    if (tape.wants != NULL)
        tape.wants = wants;
    enum err err = bench_init(&stream->bench);
    if (err == ERR_OK)
        err = tape_scan_open(&stream->scan, io, path, &tape);
    if (err != ERR_OK) {
        replay_stream_close(stream);
        return err;
    }
    tape_scan_progress(stream->scan, &stream->done_bytes, &stream->total_bytes);
    start(stream);
    *out = stream;
    return ERR_OK;
}

void replay_stream_close(struct replay_stream *stream)
{
    if (stream == NULL)
        return;
    pthread_mutex_lock(&stream->lock);
    stream->stopping = true;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
    for (size_t i = 0; i < stream->helper_count; i++)
        pthread_join(stream->helpers[i]->thread, NULL);
    for (size_t i = 0; i < stream->count; i++)
        slot_free(slot_at(stream, i));
    for (size_t i = 0; i < stream->helper_count; i++) {
        bench_release(&stream->helpers[i]->bench);
        free(stream->helpers[i]);
    }
    tape_scan_close(stream->scan);
    bench_release(&stream->bench);
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

/* ---- batches: lock held --------------------------------------------------------------------- */

static void give_back(struct replay_stream *stream)
{
    if (!stream->given)
        return;
    struct slot *slot = slot_at(stream, 0);
    stream->bytes -= slot->bytes;
    leave_slot(slot);
    stream->first = (stream->first + 1) % REPLAY_STREAM_UNITS;
    stream->count--;
    stream->given = false;
    pthread_cond_broadcast(&stream->changed);
}

/* Until the oldest unit is decoded, or there is none. */
static void wait_for_first(struct replay_stream *stream)
{
    for (;;) {
        tell_losses(stream);
        struct slot *slot = stream->count > 0 ? slot_at(stream, 0) : NULL;
        if (slot != NULL && slot->done)
            return;
        if (slot == NULL && !stream->scanning && stream->ended && stream->ended_at != stream->calls)
            stream->ended = false; /* the tape may have grown since */
        else if (slot == NULL && !stream->scanning && !can_scan(stream))
            return;
        else if (!work(stream, &stream->bench))
            pthread_cond_wait(&stream->changed, &stream->lock);
    }
}

/* The scan keeps account of what is missing, and says whether to go on. */
static enum err judge(struct replay_stream *stream, const struct slot *slot)
{
    while (stream->scanning) {
        tell_losses(stream);
        if (stream->scanning)
            pthread_cond_wait(&stream->changed, &stream->lock);
    }
    stream->scanning = true;
    pthread_mutex_unlock(&stream->lock);
    enum err err = tape_scan_judge(stream->scan, &slot->unit, &slot->records);
    pthread_mutex_lock(&stream->lock);
    stream->scanning = false;
    if (err != ERR_OK) {
        fail(stream, err);
        stream->judged_bad = true;
    }
    pthread_cond_broadcast(&stream->changed);
    return err;
}

static size_t count_before(const struct tape_records *records, uint64_t seq)
{
    size_t count = 0;
    while (count < records->count && records->records[count].seq < seq)
        count++;
    return count;
}

/* What the oldest unit holds; *out_count may be 0. */
static enum err take(struct replay_stream *stream, struct replay_batch *out)
{
    const struct slot *slot = slot_at(stream, 0);
    stream->given = true;
    stream->done_bytes = slot->done_bytes;
    stream->total_bytes = slot->total_bytes;
    if (slot->err != ERR_OK)
        return err_fail(slot->err, "%s", slot->text);
    *out = (struct replay_batch){
        .records = slot->records.records,
        .count = slot->records.count,
        .decoded = stream->options.decode ? &slot->decoded : NULL,
    };
    if (slot->records.missing == 0 || judge(stream, slot) == ERR_OK)
        return ERR_OK;
    out->count = count_before(&slot->records, slot->records.missing_first);
    return out->count > 0 ? ERR_OK : err_fail(stream->err, "%s", stream->text);
}

/* Behind a failure of judging nothing more comes out. */
static bool failed(const struct replay_stream *stream)
{
    return stream->err != ERR_OK && (stream->count == 0 || stream->judged_bad);
}

static enum err next(struct replay_stream *stream, struct replay_batch *out)
{
    enum err err = ERR_OK;
    out->count = 0;
    while (err == ERR_OK && out->count == 0) {
        give_back(stream);
        if (!failed(stream))
            wait_for_first(stream);
        if (failed(stream))
            return err_fail(stream->err, "%s", stream->text);
        if (stream->count > 0) {
            err = take(stream, out);
        } else {
            assert(stream->ended);
            return ERR_END;
        }
    }
    return err;
}

enum err replay_stream_next(struct replay_stream *stream, struct replay_batch *out)
{
    pthread_mutex_lock(&stream->lock);
    stream->calls++;
    enum err err = next(stream, out);
    pthread_mutex_unlock(&stream->lock);
    return err;
}

void replay_stream_progress(const struct replay_stream *stream, uint64_t *out_done,
                            uint64_t *out_total)
{
    *out_done = stream->done_bytes;
    *out_total = stream->total_bytes;
}

const uint8_t *replay_stream_id(const struct replay_stream *stream)
{
    return tape_scan_id(stream->scan);
}

const struct tape_loss *replay_stream_tail(const struct replay_stream *stream)
{
    return tape_scan_tail(stream->scan);
}
