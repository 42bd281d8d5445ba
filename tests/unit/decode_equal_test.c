/* The three decoders of each venue agree (decode_equal.h): on the frames of the fuzzer's corpus, on
 * the fixtures, and on seeded changes of the corpus. The fuzzer goes on from here. */
#include "engine/tape/tape_reader.h"
#include "tests/reference_decoder/decode_equal.h"
#include "tests/reference_decoder/frame_mutate.h"
#include "tests/unit/decode_corpus.h"

#define CHANGES     10000 /* of each venue */
#define CHANGES_MAX 6     /* of one frame */

/* From memory that ends where the frame ends. */
static void assert_equal(struct decode_equal *equal, const void *data, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, data, size);
    if (!decode_equal_frame(equal, exact, size)) {
        decode_equal_print(equal, exact, size, stderr);
        fail_msg("%s: %s", equal->venue->name, equal->difference);
    }
    free(exact);
}

static void corpus_is_decoded_equally(void **state)
{
    (void)state;
    static struct corpus corpus;
    for (const struct venue *const *venue = venue_all(); *venue; venue++) {
        struct decode_equal equal;
        size_t trades = 0, malformed = 0;
        decode_equal_init(&equal, *venue);
        corpus_read(&corpus, (*venue)->name);
        for (size_t i = 0; i < corpus.count; i++) {
            assert_equal(&equal, corpus.frames[i].text, corpus.frames[i].size);
            trades += equal.fast.trade_count;
            malformed += equal.fast.kind == VENUE_MALFORMED;
        }
        /* They are frames as the venue sends them. */
        assert_true(trades >= 2 && malformed <= 1);
        decode_equal_release(&equal);
    }
}

static void changed_frames_are_decoded_equally(void **state)
{
    (void)state;
    static struct corpus corpus;
    static uint8_t frame[FRAME_MAX];
    uint64_t random = 20260101;
    for (const struct venue *const *venue = venue_all(); *venue; venue++) {
        struct decode_equal equal;
        size_t kinds[VENUE_MALFORMED + 1] = {0};
        decode_equal_init(&equal, *venue);
        corpus_read(&corpus, (*venue)->name);
        for (size_t change = 0; change < CHANGES; change++) {
            size_t i = change % corpus.count, size = corpus.frames[i].size;
            if (i == 0) {
                decode_equal_restart(&equal);
            }
            memcpy(frame, corpus.frames[i].text, size);
            /* Half of them stay, so that subscriptions hold for what comes behind. */
            size_t left = frame_random(&random, 2) * (1 + frame_random(&random, CHANGES_MAX));
            for (; left > 0; left--) {
                size = frame_mutate(&random, frame, size, sizeof frame);
            }
            assert_equal(&equal, frame, size);
            kinds[equal.general.kind]++;
        }
        /* Enough stays sound, enough does not. */
        if (kinds[VENUE_TRADES] < CHANGES / 100 || kinds[VENUE_MALFORMED] < CHANGES / 100) {
            fail_msg("%s: only %zu of %d are trades, %zu malformed", (*venue)->name,
                     kinds[VENUE_TRADES], CHANGES, kinds[VENUE_MALFORMED]);
        }
        decode_equal_release(&equal);
    }
}

/* ---- fixtures -------------------------------------------------------------------------------- */

static void assert_tape_equal(const char *venue, const char *path)
{
    struct tape_reader *reader = NULL;
    struct record record;
    struct decode_equal equal;
    struct tape_reader_options options = {.salvage = false};
    size_t frames = 0;
    enum err err;
    decode_equal_init(&equal, venue_find(venue));
    assert_ok(tape_reader_open(&reader, io_posix(), path, &options));
    while (!(err = tape_reader_next(reader, &record))) {
        if (record.type == RECORD_RECEIVED) {
            assert_string_equal(record.venue, venue);
            assert_equal(&equal, record.data, record.size);
            frames++;
        }
    }
    assert_err(ERR_END, err);
    assert_true(frames > 100);
    tape_reader_close(reader);
    decode_equal_release(&equal);
}

static void fixtures_are_decoded_equally(void **state)
{
    (void)state;
    assert_tape_equal("binance", "fixtures/binance-trade/tape");
    assert_tape_equal("binance-usdm", "fixtures/binance-usdm-trade/tape");
    assert_tape_equal("binance-usdm", "fixtures/binance-usdm-aggtrade/tape");
    assert_tape_equal("binance-coinm", "fixtures/binance-coinm/tape");
    assert_tape_equal("coinbase", "fixtures/coinbase-matches/tape");
    assert_tape_equal("coinbase-advanced", "fixtures/coinbase-advanced/tape");
    assert_tape_equal("kraken", "fixtures/kraken-trade/tape");
}

/* ---- the comparison itself ------------------------------------------------------------------- */

#define TRADE                                                                                      \
    "{\"arg\":{\"channel\":\"trades\",\"instId\":\"A-B\"},\"data\":[{\"instId\":\"A-B\","          \
    "\"tradeId\":\"7\",\"px\":\"1.50\",\"sz\":\"2\",\"side\":\"buy\",\"ts\":\"1630048897897\"}]}"
#define BROKEN "{\"arg\":{"

static enum err decode_one_off(const uint8_t *data, size_t size, struct venue_frame *out)
{
    enum err err = venue_find("okx")->decode_general(data, size, out);
    if (out->trade_count > 0) {
        out->trades[0].price.mantissa++;
    }
    return err;
}

static enum err decode_as_data(const uint8_t *data, size_t size, struct venue_frame *out)
{
    (void)data;
    (void)size;
    venue_frame_clear(out);
    out->kind = VENUE_DATA;
    return ERR_OK;
}

static enum err decode_as_other(const uint8_t *data, size_t size, struct venue_frame *out)
{
    (void)data;
    (void)size;
    venue_frame_clear(out);
    return ERR_OK;
}

static void assert_difference(const struct venue *venue, const char *frame, const char *difference)
{
    struct decode_equal equal;
    decode_equal_init(&equal, venue);
    assert_int_equal(decode_equal_frame(&equal, (const uint8_t *)frame, strlen(frame)),
                     difference[0] == '\0');
    assert_string_equal(equal.difference, difference);
    decode_equal_release(&equal);
}

static void a_difference_is_found(void **state)
{
    (void)state;
    struct venue odd = *venue_find("okx");
    assert_difference(&odd, TRADE, "");
    assert_difference(&odd, BROKEN, "");
    odd.decode = decode_one_off;
    assert_difference(&odd, TRADE, "decode against decode_general: trades[0].price");
    odd.decode = decode_as_data;
    assert_difference(&odd, TRADE, "decode against decode_general: kind");
    /* Of what is no JSON a fast pass may not see it. */
    assert_difference(&odd, BROKEN, "");
    odd.decode = decode_as_other;
    assert_difference(&odd, BROKEN, "decode against decode_general: kind");
    odd.decode = venue_find("okx")->decode;
    odd.decode_general = decode_one_off;
    assert_difference(&odd, TRADE, "decode_general against reference: trades[0].price");
    odd.decode_general = decode_as_data;
    assert_difference(&odd, BROKEN, "decode_general against reference: kind");
}

/* The third one reads with jansson, not with json_scan.c. */
static void the_reference_is_another_parser(void **state)
{
    (void)state;
    struct decode_equal equal;
    decode_equal_init(&equal, venue_find("okx"));
    assert_equal(&equal, BROKEN, strlen(BROKEN));
    assert_non_null(strstr(equal.referred.error, "jansson"));
    assert_null(strstr(equal.general.error, "jansson"));
    decode_equal_release(&equal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus_is_decoded_equally),
        cmocka_unit_test(changed_frames_are_decoded_equally),
        cmocka_unit_test(fixtures_are_decoded_equally),
        cmocka_unit_test(a_difference_is_found),
        cmocka_unit_test(the_reference_is_another_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
