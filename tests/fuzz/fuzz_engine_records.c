/*
 * Fuzzes what is read from records: heads of HTTP records, settings, gaps, and all of it in the
 * engine, live (engine_feed) and before it (engine_prime). Input: see fuzz_records.h.
 *
 * Beyond crashes: what an HTTP record gives lies within it, only good answers are decoded, and
 * settings that were read are settings that can be used.
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

static void take_candle(const struct candle *candle, void *arg)
{
    char row[CANDLE_ROW_MAX];
    (void)arg;
    assert(candle_row(candle, row) == strlen(row));
}

static void take_note(const char *text, void *arg)
{
    (void)arg;
    assert(*text && !strchr(text, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_records in;
    struct engine *engine;
    struct engine_config config;
    const struct engine_outlet outlet = {.candle = take_candle, .note = take_note};
    if (!fuzz_records_open(&in, data, size))
        return 0;
    engine_config_default(&config);
    enum err err = engine_new(&engine, &config, NULL, &outlet);
    assert(!err);
    uint64_t fed = 0;
    while (fuzz_records_next(&in)) {
        if (in.record.type == RECORD_HTTP)
            check_answer(&in.record, in.venue);
        if (in.record.type == RECORD_CONFIG)
            check_config(&in.record);
        bool prime = in.type == 'p'; /* a received frame that lies before */
        err = prime ? engine_prime(engine, &in.record) : engine_feed(engine, &in.record);
        assert(!err);
        fed += !prime;
    }
    assert(engine_stats(engine)->records == fed);
    engine_free(engine);
    return 0;
}
