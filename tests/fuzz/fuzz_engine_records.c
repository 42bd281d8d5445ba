/*
 * Fuzzes what is read from records: heads of HTTP records, settings, connections, gaps, and all of
 * it in the engine, live (engine_feed) and before it (engine_prime). Input: see fuzz_records.h; the
 * engine is set up as the first settings say that can be used.
 *
 * Beyond crashes: what an HTTP record gives lies within it, only good answers are decoded, settings
 * that were read are settings that can be used, and without forming candles the closed and
 * corrected ones are the same.
 */
#include "engine/engine.h"
#include "engine/engine_answer.h"
#include "tests/fuzz/fuzz_records.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct record *record, const struct venue *venue)
{
    struct engine_answer answer;
    struct venue_frame frame;
    bool decoded = false;
    bool good = engine_answer_read(&answer, record);
    if (good) {
        const uint8_t *end = record->data + record->size;
        assert(answer.body > record->data && answer.body + answer.size == end && answer.url);
    }
    bool list = good && engine_answer_is_list(&answer, venue);
    venue_frame_init(&frame);
    enum err err = engine_answer_decode(record, venue, NULL, &frame, &decoded);
    assert(!err && (!decoded || (good && answer.status == 200 && !list)));
    venue_frame_release(&frame);
    engine_answer_release(&answer);
}

static void check_config(const struct record *record)
{
    struct engine_config config, before;
    bool found = false;
    engine_config_default(&config);
    before = config;
    if (engine_config_read(&config, record->data, record->size, &found) == ERR_OK)
        assert(engine_config_check(&config) == ERR_OK);
    else
        assert(engine_config_equal(&config, &before));
}

/* One run over the records, and its closed and corrected candles. */
struct run {
    struct engine *engine;
    uint64_t digest;
};

static void take_candle(const struct candle *candle, void *arg)
{
    static char row[CANDLE_ROW_MAX];
    struct run *run = arg;
    size_t size = candle_row(candle, row);
    assert(size == strlen(row));
    assert(candle->score <= 100 && candle->open_ns < candle->close_ns);
    if (candle->state == CANDLE_FORMING)
        return;
    for (size_t i = 0; i < size; i++)
        run->digest = (run->digest ^ (unsigned char)row[i]) * UINT64_C(1099511628211);
}

static void take_health(const struct health_report *report, void *arg)
{
    (void)arg;
    assert(report->score <= 100 && report->venue && memchr(report->why, '\0', HEALTH_WHY_MAX));
}

static void take_note(const char *text, void *arg)
{
    (void)arg;
    assert(*text && !strchr(text, '\n'));
}

/* As a replay does: from the tape. */
static void find_config(const uint8_t *data, size_t size, struct engine_config *config)
{
    struct fuzz_records in;
    bool found = false;
    engine_config_default(config);
    if (!fuzz_records_open(&in, data, size))
        return;
    while (!found && fuzz_records_next(&in))
        if (in.record.type == RECORD_CONFIG &&
            engine_config_read(config, in.record.data, in.record.size, &found) != ERR_OK)
            found = false;
    if (engine_config_check(config) != ERR_OK)
        engine_config_default(config);
}

static void feed(struct run *run, const struct fuzz_records *in)
{
    bool prime = in->type == 'p'; /* a received frame that lies before */
    enum err err =
        prime ? engine_prime(run->engine, &in->record) : engine_feed(run->engine, &in->record);
    assert(!err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_records in;
    struct engine_config config;
    struct run runs[2] = {{0}};
    uint64_t fed = 0;
    if (!fuzz_records_open(&in, data, size))
        return 0;
    find_config(data, size, &config);
    for (int i = 0; i < 2; i++) {
        const struct engine_outlet outlet = {.candle = take_candle,
                                             .forming = i == 0,
                                             .health = i == 0 ? take_health : NULL,
                                             .note = take_note,
                                             .arg = &runs[i]};
        enum err err = engine_new(&runs[i].engine, &config, NULL, &outlet);
        assert(!err);
    }
    while (fuzz_records_next(&in)) {
        if (in.record.type == RECORD_HTTP)
            check_answer(&in.record, in.venue);
        if (in.record.type == RECORD_CONFIG)
            check_config(&in.record);
        for (int i = 0; i < 2; i++)
            feed(&runs[i], &in);
        fed += in.type != 'p';
    }
    assert(engine_stats(runs[0].engine)->records == fed && runs[0].digest == runs[1].digest);
    for (int i = 0; i < 2; i++)
        engine_free(runs[i].engine);
    return 0;
}
