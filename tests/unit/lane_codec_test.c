#include "engine/base/buf.h"
#include "engine/tape/lane_codec.h"
#include "engine/tape/lane_form.h"
#include "engine/tape/lane_number.h"
#include "engine/tape/lane_split.h"
#include "tests/unit/unit.h"

#include <zstd.h>

#define LEVEL 3

struct codec {
    struct lane_encoder *encoder;
    struct lane_decoder *decoder;
};

static int make(void **state)
{
    static struct codec codec;
    assert_ok(lane_encoder_new(&codec.encoder, LEVEL));
    assert_ok(lane_decoder_new(&codec.decoder));
    *state = &codec;
    return 0;
}

static int release(void **state)
{
    struct codec *codec = *state;
    lane_encoder_free(codec->encoder);
    lane_decoder_free(codec->decoder);
    return 0;
}

/* Memory with bytes behind it that nobody may touch. */
static uint8_t *decode(struct codec *codec, const uint8_t *frame, size_t size,
                       struct lane_text *back, size_t count, size_t byte_count)
{
    const char *reason = NULL;
    uint8_t *bytes = malloc(byte_count + LANE_SLACK);
    enum err err =
        lane_decode(codec->decoder, frame, size, back, count, bytes, byte_count, &reason);
    if (err == ERR_OK)
        return bytes;
    assert_int_equal(err, ERR_DAMAGED);
    assert_non_null(reason);
    free(bytes);
    return NULL;
}

static size_t bytes_of(const struct lane_text *texts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += texts[i].size;
    return bytes;
}

/* Encodes, decodes and compares; gives the size of the frame. */
static size_t round_trip(struct codec *codec, const struct lane_text *texts, size_t count)
{
    const uint8_t *frame;
    size_t size;
    assert_ok(lane_encode(codec->encoder, texts, count, &frame, &size));
    struct lane_text *back = calloc(count, sizeof *back);
    uint8_t *bytes = decode(codec, frame, size, back, count, bytes_of(texts, count));
    assert_non_null(bytes);
    const uint8_t *next = bytes;
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(back[i].data, next);
        assert_int_equal(back[i].size, texts[i].size);
        if (texts[i].size > 0)
            assert_memory_equal(back[i].data, texts[i].data, texts[i].size);
        next += back[i].size;
    }
    free(back);
    free(bytes);
    return size;
}

static struct lane_text text_of(const char *text)
{
    return (struct lane_text){(const uint8_t *)text, strlen(text)};
}

static void strings(struct codec *codec, const char *const *lines, size_t count)
{
    struct lane_text texts[64] = {0};
    for (size_t i = 0; i < count; i++)
        texts[i] = text_of(lines[i]);
    round_trip(codec, texts, count);
    for (size_t i = 0; i < count; i++)
        round_trip(codec, &texts[i], 1);
}

/* ---- what comes back ------------------------------------------------------------------------ */

static const char *const numbers[] = {"0",
                                      "1",
                                      "-1",
                                      "-0",
                                      "-0.0",
                                      "0.0",
                                      "00",
                                      "007",
                                      "1.",
                                      ".5",
                                      "-.5",
                                      "1e5",
                                      "1E-10",
                                      "0E-8",
                                      "-1.50",
                                      "1.2.3",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "-9223372036854775808",
                                      "18446744073709551616",
                                      "1234567890123456789012345678901234567890",
                                      "0.000000000000000001",
                                      "0.0000000000000000001",
                                      "123456789012345678.9",
                                      "99999999",
                                      "100000000",
                                      "9999999999999999",
                                      "10000000000000000",
                                      "0.1234567",
                                      "0.12345678",
                                      "0.123456789",
                                      "12345678.12345678",
                                      "99999999.99999999",
                                      "1.000000000000000",
                                      "-61837.63000000",
                                      "+1",
                                      "1-2",
                                      "0x10",
                                      "NaN",
                                      "null",
                                      "true",
                                      "-",
                                      "1 ",
                                      "",
                                      "5,6",
                                      "5-",
                                      "--5",
                                      "61837",
                                      "61837.6",
                                      "61837.60"};

#define NUMBERS (sizeof numbers / sizeof numbers[0])

static void numbers_of_every_kind_come_back(void **state)
{
    char bare_lines[NUMBERS][160], quoted_lines[NUMBERS][160];
    const char *bare[NUMBERS], *quoted[NUMBERS];
    const size_t count = NUMBERS;
    for (size_t i = 0; i < count; i++) {
        snprintf(bare_lines[i], sizeof bare_lines[i], "{\"p\":%s,\"q\":[%s,%s]}", numbers[i],
                 numbers[i], numbers[(i + 7) % count]);
        snprintf(quoted_lines[i], sizeof quoted_lines[i], "{\"p\":\"%s\",\"q\":[[\"%s\",\"%s\"]]}",
                 numbers[i], numbers[i], numbers[(i + 7) % count]);
        bare[i] = bare_lines[i];
        quoted[i] = quoted_lines[i];
    }
    strings(*state, bare, count);
    strings(*state, quoted, count);
    strings(*state, numbers, count);
}

static void times_come_back(void **state)
{
    static const char *const times[] = {"\"2023-09-25T07:49:37.708706Z\"",
                                        "\"2023-09-25T07:49:37.7Z\"",
                                        "\"2023-09-25T07:49:37Z\"",
                                        "\"2023-09-25T07:49:37.714964855Z\"",
                                        "\"2023-09-25T07:49:37+00:00\"",
                                        "\"2023-02-29T07:49:37Z\"",
                                        "\"2024-02-29T23:59:59.999999Z\"",
                                        "\"2023-13-01T00:00:00Z\"",
                                        "\"1969-12-31T23:59:59Z\"",
                                        "\"9999-12-31T23:59:59.999999999Z\"",
                                        "\"2023-09-25T24:00:00Z\"",
                                        "\"2023-09-25T23:59:60Z\"",
                                        "\"2023-09-25 07:49:37\"",
                                        "\"2023-09-25T07:49:37.Z\"",
                                        "\"2000-01-01T00:00:00\"",
                                        "\"2100-02-28T12:00:00.000Z\"",
                                        "\"9999-12-31T23:59:59.9999999999999Z\""};
    strings(*state, times, sizeof times / sizeof times[0]);
}

static void odd_texts_come_back(void **state)
{
    static const char *const lines[] = {
        "",
        "{",
        "}",
        "]]]]",
        "[[[[1",
        "\"",
        "\"\"",
        "\"a",
        "{\"a\":",
        "{\"a\":\"b\\\"c\",\"d\":1}",
        "pong",
        "{\"a\":[]}",
        "{\"a\":[[],[],[]]}",
        "[1,1,1,1,1,1,1,1,1]",
        "[1,2,1,2,1,2,1,2,1]",
        "[[1,2],[1,2],[1,2],[3]]",
        "{\"a\" : 1 , \"b\" : \"c\"}",
        "\xff\xfe\x80",
        "\xc3\xa9\xc3",
        "{\"x\":{\"x\":{\"x\":{\"x\":[{\"x\":1},{\"x\":2},{\"x\":3}]}}}}"};
    strings(*state, lines, sizeof lines / sizeof lines[0]);
    const struct lane_text empty[2] = {{NULL, 0}, {NULL, 0}};
    round_trip(*state, empty, 2);
    static const uint8_t zeros[300];
    const struct lane_text binary[2] = {{zeros, sizeof zeros}, {zeros, 1}};
    round_trip(*state, binary, 2);
}

static void random_texts_come_back(void **state)
{
    static const char letters[] = "{}[]\",:.-0123456789eTZ ab\\\n";
    uint64_t seed = 77;
    uint8_t bytes[4000];
    for (int round = 0; round < 400; round++) {
        struct lane_text texts[40];
        const size_t kinds = 2 + unit_below(&seed, sizeof letters - 3);
        size_t at = 0, count = 1 + unit_below(&seed, 40);
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = round % 8 == 0 ? (uint8_t)unit_random(&seed)
                                      : (uint8_t)letters[unit_below(&seed, kinds)];
        for (size_t i = 0; i < count; i++) {
            texts[i] = (struct lane_text){bytes + at, unit_below(&seed, 100)};
            at += texts[i].size;
        }
        round_trip(*state, texts, count);
    }
}

static void the_largest_blocks_come_back(void **state)
{
    struct lane_text *many = calloc(LANE_TEXTS_MAX, sizeof *many);
    for (size_t i = 0; i < LANE_TEXTS_MAX; i++)
        many[i] = (struct lane_text){(const uint8_t *)"", 0};
    assert_true(round_trip(*state, many, LANE_TEXTS_MAX) < 200);
    many[65535] = text_of("{\"t\":1}");
    round_trip(*state, many, LANE_TEXTS_MAX);
    free(many);

    /* All values; one long value; no value at all; a different text everywhere. */
    static const char fill[3][2] = {{',', '1'}, {'x', 'x'}, {'[', '['}};
    uint8_t *large = malloc(LANE_BYTES_MAX);
    uint64_t seed = 3;
    for (int kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < LANE_BYTES_MAX; i++)
            large[i] = kind < 3 ? (uint8_t)fill[kind][i % 2] : (uint8_t)unit_random(&seed);
        const struct lane_text one = {large, LANE_BYTES_MAX};
        round_trip(*state, &one, 1);
    }
    free(large);
}

/* ---- what it is for ------------------------------------------------------------------------- */

#define FRAMES     3000
#define FRAME_SIZE 600

struct frames {
    char (*lines)[FRAME_SIZE];
    struct lane_text texts[FRAMES];
};

static void make_frames(struct frames *frames, const char *kind)
{
    uint64_t seed = 9;
    frames->lines = calloc(FRAMES, sizeof *frames->lines);
    for (int i = 0; i < FRAMES; i++) {
        const int price = 6180000 + (int)unit_below(&seed, 300),
                  quantity = (int)unit_below(&seed, 900);
        const long ms = 1723161255000 + i * 17L;
        char *out = frames->lines[i];
        if (strcmp(kind, "trade") == 0)
            snprintf(out, FRAME_SIZE,
                     "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":%ld,\"T\":%ld,"
                     "\"s\":\"BTCUSDT\",\"t\":%d,\"p\":\"%d.%02d\",\"q\":\"%d.%03d\","
                     "\"X\":\"MARKET\",\"m\":%s}}",
                     ms + (long)unit_below(&seed, 3), ms, 526658393 + i, price / 100, price % 100,
                     quantity / 1000, quantity % 1000, quantity % 2 ? "true" : "false");
        else if (strcmp(kind, "match") == 0)
            snprintf(out, FRAME_SIZE,
                     "{\"type\":\"match\",\"trade_id\":%d,\"side\":\"%s\",\"size\":\"%d.%d\","
                     "\"price\":\"%d.%02d\",\"product_id\":\"BTC-USD\",\"sequence\":%d,"
                     "\"time\":\"2023-09-25T07:%02d:%02d.%06dZ\"}",
                     5000 + i, quantity % 2 ? "buy" : "sell", quantity % 3, 1 + quantity % 9 * 10,
                     price / 100, price % 100, 90000 + i * 3, i / 60 % 60, i % 60, quantity);
        else {
            int at = snprintf(out, FRAME_SIZE, "{\"E\":%ld,\"b\":[", ms);
            for (int level = 0; level < quantity % 20; level++)
                at += snprintf(out + at, FRAME_SIZE - (size_t)at, "%s[\"%d.%02d\",\"0.%03d\"]",
                               level ? "," : "", price / 100 + level, price % 100,
                               (int)unit_below(&seed, 1000));
            snprintf(out + at, FRAME_SIZE - (size_t)at, "]}");
        }
        frames->texts[i] = text_of(out);
    }
}

static size_t plain_size(const struct frames *frames)
{
    const size_t bytes = bytes_of(frames->texts, FRAMES);
    uint8_t *all = malloc(bytes), *out = malloc(ZSTD_compressBound(bytes));
    size_t at = 0;
    for (int i = 0; i < FRAMES; i++) {
        memcpy(all + at, frames->texts[i].data, frames->texts[i].size);
        at += frames->texts[i].size;
    }
    const size_t size = ZSTD_compress(out, ZSTD_compressBound(bytes), all, bytes, LEVEL);
    free(all);
    free(out);
    return size;
}

/* Much smaller than the text itself under the same zstd. */
static void frames_of_a_channel_become_small(void **state)
{
    static const char *const kinds[] = {"trade", "match", "depth"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct frames frames;
        make_frames(&frames, kinds[i]);
        const size_t size = round_trip(*state, frames.texts, FRAMES);
        assert_true(size * 2 < plain_size(&frames));
        free(frames.lines);
    }
}

static void what_is_no_frame_stays_about_as_it_is(void **state)
{
    uint8_t noise[10000];
    uint64_t seed = 1;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)unit_random(&seed);
    const struct lane_text text = {noise, sizeof noise};
    assert_true(round_trip(*state, &text, 1) < sizeof noise + 64);
}

/* ---- what the format says ------------------------------------------------------------------- */

static size_t compress(uint8_t out[4096], const uint8_t *content, size_t size)
{
    const size_t packed = ZSTD_compress(out, 4096, content, size, 1);
    assert_false(ZSTD_isError(packed));
    return packed;
}

static void assert_decodes(struct codec *codec, const uint8_t *content, size_t size,
                           const char *const *expected, size_t count)
{
    struct lane_text back[8];
    uint8_t frame[4096];
    const size_t frame_size = compress(frame, content, size);
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(expected[i]);
    uint8_t *out = decode(codec, frame, frame_size, back, count, bytes);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(back[i].size, strlen(expected[i]));
        assert_memory_equal(back[i].data, expected[i], back[i].size);
    }
    free(out);
    assert_null(decode(codec, frame, frame_size, back, count, bytes + 1));
    assert_null(decode(codec, frame, frame_size, back, count, bytes - 1));
}

/* Written by hand from docs/tape-format.md; tests/e2e/test_lane_reader.py has the same bytes. */
static const uint8_t by_hand[] = {
    1, 21, 'a', '=', ' ', 'b', '=', ' ', 't', '=', ' ', 'w', '=', ' ', 'x', '=', ' ', 'y', '=', '!',
    '<', ',', '>',
    /* shapes */
    2, 2, 3, 3, 4, 3, 5, 3, 6, 3, 7, 3, 8, 1, 0, 1, 1, 0, 0, 3, 1, 2, 1, 0,
    /* shape of each payload; one repeat column, six of values */
    1, 4, 1, 0, 2, 0, 1, 6,
    /* three repeats */
    0, 1, 6,
    /* numbers of two decimals: delta, unit 5 */
    1, 2, 0, 0, 2, 8, 5, 0xD0, 0x0F, 2, 1, 1, 0x8F, 3,
    /* numbers of three decimals, zeros left out but for one decimal: plain, unit 500 */
    1, 3, 1, 1, 0, 1, 4, 0xF4, 3, 6, 8,
    /* times: minutes beside the column before, a value later */
    2, 0, 0, 1, 1, 60, 0xF4, 3, 0, 2, 0xC0, 0x16,
    /* words, texts */
    3, 2, 1, 3, 1, 4, 8, 'u', 'p', 'd', 'o', 'w', 'n', 1, 3, 1, 2, 0, 4, 0, 1, 2, 'x', 'y',
    /* numbers whose decimals are listed */
    1, 2, 2, 1, 3, 1, 0, 4, 0, 0, 2, 0xF8, 0x0A};

static const char *const by_hand_payloads[] = {
    "a=10.00 b=1.5 t=1970-01-02T00:00:00 w=down x=x y=7!", "<10.05,10.00,9.95,>",
    "a=-0.05 b=2.0 t=1970-01-02T00:03:00 w=up x=y y=7.00!"};

static void reads_what_the_format_says(void **state)
{
    static const uint8_t plain[] = {0, 1, 4, 1, 4, 0, 2, 'x', 'y', 'z'};
    static const char *const payloads[] = {"xy", "", "z"};
    assert_decodes(*state, plain, sizeof plain, payloads, 3);
    assert_decodes(*state, by_hand, sizeof by_hand, by_hand_payloads, 3);
}

/* ---- hostile content ------------------------------------------------------------------------ */

static void try_content(struct codec *codec, const uint8_t *content, size_t size, size_t count,
                        size_t byte_count)
{
    struct lane_text back[8];
    uint8_t frame[4096];
    free(decode(codec, frame, compress(frame, content, size), back, count, byte_count));
}

static size_t by_hand_bytes(void)
{
    return strlen(by_hand_payloads[0]) + strlen(by_hand_payloads[1]) + strlen(by_hand_payloads[2]);
}

/* Nothing is promised of what comes out but that it stays in its memory. */
static void every_changed_byte_is_survived(void **state)
{
    uint8_t content[sizeof by_hand];
    for (size_t at = 0; at < sizeof by_hand; at++)
        for (unsigned value = 0; value < 256; value++) {
            memcpy(content, by_hand, sizeof by_hand);
            content[at] = (uint8_t)value;
            try_content(*state, content, sizeof content, 3, by_hand_bytes());
        }
}

static void every_cut_is_refused(void **state)
{
    struct codec *codec = *state;
    struct lane_text back[8];
    uint8_t frame[4096];
    const size_t bytes = by_hand_bytes();
    for (size_t size = 1; size < sizeof by_hand; size++)
        assert_null(decode(codec, frame, compress(frame, by_hand, size), back, 3, bytes));
    const size_t whole = compress(frame, by_hand, sizeof by_hand);
    for (size_t size = 0; size < whole; size++)
        assert_null(decode(codec, frame, size, back, 3, bytes));
    for (size_t count = 0; count < 8; count++)
        if (count != 3)
            assert_null(decode(codec, frame, whole, back, count, bytes));
}

static void refuses(struct codec *codec, const uint8_t *content, size_t size, const char *why)
{
    struct lane_text back;
    uint8_t frame[4096], bytes[100 + LANE_SLACK];
    const char *reason = NULL;
    const size_t packed = compress(frame, content, size);
    assert_err(ERR_DAMAGED,
               lane_decode(codec->decoder, frame, packed, &back, 1, bytes, 100, &reason));
    assert_non_null(strstr(reason, why));
}

/* Numbers that would make it take memory or time without end. */
static void impossible_numbers_are_refused(void **state)
{
    static const uint8_t form[] = {2, 0};
    static const uint8_t repeats[] = {1, 0, 1, 0, 1, 0, 0,    2,    0,    0,    0,
                                      1, 0, 1, 0, 0, 5, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F};
    static const uint8_t columns[] = {1, 0, 1, 0, 0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0x7F};
    static const uint8_t nested[] = {1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 0, 1, 2};
    static const uint8_t negative[] = {1, 0, 1, 0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1};
    static const uint8_t itself[] = {1, 0, 1, 0, 3, 0, 0, 0, 1, 0, 0,
                                     1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0};
    static const uint8_t time[] = {1, 0, 1, 0, 3, 0, 0, 0, 1, 0, 0, 1, 2, 0, 0, 0, 0, 1, 1};
    refuses(*state, form, sizeof form, "form");
    refuses(*state, repeats, sizeof repeats, "too many values");
    refuses(*state, columns, sizeof columns, "out of range");
    refuses(*state, nested, sizeof nested, "no pair");
    refuses(*state, negative, sizeof negative, "too many values");
    refuses(*state, itself, sizeof itself, "beside none");
    refuses(*state, time, sizeof time, "time");
}

static void a_frame_that_is_too_large_is_refused(void **state)
{
    const size_t size = LANE_CONTENT_MAX + 1;
    uint8_t *content = calloc(size, 1), *frame = malloc(ZSTD_compressBound(size));
    const size_t packed = ZSTD_compress(frame, ZSTD_compressBound(size), content, size, 1);
    struct lane_text back;
    assert_null(decode(*state, frame, packed, &back, 1, 100));
    free(content);
    free(frame);
}

/* ---- numbers and times ---------------------------------------------------------------------- */

static void writes_numbers_as_printf_does(void **state)
{
    (void)state;
    uint64_t seed = 21;
    for (int i = 0; i < 300000; i++) {
        const unsigned decimals = (unsigned)unit_below(&seed, LANE_DECIMALS_MAX + 1);
        uint64_t size = unit_random(&seed) >> (1 + unit_below(&seed, 63));
        if (i % 5 == 0)
            size = lane_powers[unit_below(&seed, LANE_DECIMALS_MAX + 1)] - unit_below(&seed, 2);
        const int64_t value = i % 2 ? (int64_t)size : -(int64_t)size;
        char expected[64];
        const unsigned long whole = size / lane_powers[decimals];
        const unsigned long rest = size % lane_powers[decimals];
        int length = snprintf(expected, sizeof expected, "%s%lu", value < 0 ? "-" : "", whole);
        if (decimals > 0)
            length += snprintf(expected + length, sizeof expected - (size_t)length, ".%0*lu",
                               (int)decimals, rest);
        uint8_t *text = malloc(LANE_NUMBER_SIZE_MAX);
        assert_int_equal(lane_number_write(text, value, decimals) - text, length);
        assert_memory_equal(text, expected, (size_t)length);
        free(text);
    }
}

static void counts_time_as_the_calendar_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } times[] = {{"1970-01-01T00:00:00", 0},          {"2000-02-29T12:00:00", 951825600},
                 {"2001-09-09T01:46:40", 1000000000}, {"2023-09-25T07:49:37", 1695628177},
                 {"2100-03-01T00:00:00", 4107542400}, {"9999-12-31T23:59:59", 253402300799}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct lane_number number;
        uint8_t text[LANE_TIME_SIZE_MAX];
        assert_int_equal(lane_time_parse(&number, (const uint8_t *)times[i].text, 19), 19);
        assert_int_equal(number.value, times[i].seconds);
        assert_int_equal(lane_time_write(text, times[i].seconds, 0) - text, 19);
        assert_memory_equal(text, times[i].text, 19);
    }
}

/* ---- splitting ------------------------------------------------------------------------------ */

static void finds_the_values_of_a_frame(void **state)
{
    (void)state;
    static const char text[] = "{\"e\":\"trade\",\"p\":\"1.50\",\"t\":7,\"a\":[[1,2],[3,4]]}";
    static const char *const values[] = {"trade", "1.50", "7", "1", "2", "3", "4"};
    struct lane_splitter splitter;
    struct lane_token token;
    uint64_t keys[7];
    lane_split_start(&splitter, (const uint8_t *)text, sizeof text - 1);
    for (size_t i = 0; i < 7; i++) {
        lane_split_next(&splitter, &token);
        assert_int_equal(token.slot, i == 0 ? SLOT_TEXT : SLOT_NUMBER);
        assert_int_equal(token.text_size, strlen(values[i]));
        assert_memory_equal(token.text, values[i], token.text_size);
        keys[i] = token.key;
    }
    lane_split_next(&splitter, &token);
    assert_int_equal(token.slot, SLOT_NONE);
    assert_int_equal(token.literal_size, 3);
    /* The same place in items of an array, other places elsewhere. */
    assert_true(keys[3] == keys[5] && keys[4] == keys[6] && keys[3] != keys[4]);
    assert_true(keys[1] != keys[2]);
}

/* ---- real frames ---------------------------------------------------------------------------- */

#define CAPTURE "../shared/captures/frames-odd.jsonl"

static void recorded_frames_come_back(void **state)
{
    FILE *file = fopen(CAPTURE, "rb");
    if (!file) {
        print_message("no " CAPTURE ": skipped\n");
        skip();
    }
    struct lane_text *texts = calloc(4096, sizeof *texts);
    size_t count = 0, capacity = 0;
    char *line = NULL;
    for (ssize_t size; count < 4096 && (size = getline(&line, &capacity, file)) > 0; count++) {
        uint8_t *copy = malloc((size_t)size);
        memcpy(copy, line, (size_t)size);
        texts[count] = (struct lane_text){copy, (size_t)size};
    }
    free(line);
    fclose(file);
    assert_true(count > 100);
    round_trip(*state, texts, count);
    for (size_t i = 0; i < count; i++) {
        round_trip(*state, &texts[i], 1);
        free((void *)(uintptr_t)texts[i].data);
    }
    free(texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_every_kind_come_back),
        cmocka_unit_test(times_come_back),
        cmocka_unit_test(odd_texts_come_back),
        cmocka_unit_test(random_texts_come_back),
        cmocka_unit_test(the_largest_blocks_come_back),
        cmocka_unit_test(frames_of_a_channel_become_small),
        cmocka_unit_test(what_is_no_frame_stays_about_as_it_is),
        cmocka_unit_test(reads_what_the_format_says),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(impossible_numbers_are_refused),
        cmocka_unit_test(a_frame_that_is_too_large_is_refused),
        cmocka_unit_test(writes_numbers_as_printf_does),
        cmocka_unit_test(counts_time_as_the_calendar_does),
        cmocka_unit_test(finds_the_values_of_a_frame),
        cmocka_unit_test(recorded_frames_come_back),
    };
    return cmocka_run_group_tests(tests, make, release);
}
