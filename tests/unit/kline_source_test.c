/* The venues' own candles among the records of a tape. */
#include "replayer/kline_source.h"
#include "tests/unit/unit.h"

#define SAID INT64_C(1700000000000000000)

struct seen {
    size_t count;
    char venue[32];
    struct venue_kline kline; /* the last one */
    int64_t said_ns;
};

static enum err see(const struct venue *venue, const struct venue_kline *kline, int64_t said_ns,
                    void *arg)
{
    struct seen *seen = arg;
    seen->count++;
    snprintf(seen->venue, sizeof seen->venue, "%s", venue->name);
    seen->kline = *kline;
    seen->said_ns = said_ns;
    return ERR_OK;
}

static enum err refuse(const struct venue *venue, const struct venue_kline *kline, int64_t said_ns,
                       void *arg)
{
    (void)venue;
    (void)kline;
    (void)said_ns;
    (void)arg;
    return ERR_LIMIT;
}

static struct record record_of(enum record_type type, const char *venue, uint32_t connection,
                               const char *text)
{
    return (struct record){.type = type,
                           .venue = venue,
                           .connection = connection,
                           .source_ns = SAID,
                           .data = (const uint8_t *)text,
                           .size = strlen(text)};
}

static size_t take(struct kline_source *source, enum record_type type, const char *venue,
                   uint32_t connection, const char *text, struct seen *seen)
{
    const struct record record = record_of(type, venue, connection, text);
    seen->count = 0;
    assert_ok(kline_source_take(source, &record, see, seen));
    return seen->count;
}

#define CANDLE                                                                                     \
    "{\"topic\":\"/market/candles:A-B_1min\",\"data\":{\"candles\":"                               \
    "[\"1619378280\",\"2\",\"2\",\"3\",\"1\",\"5\",\"6\"]}}"

static void frames_are_read(void **state)
{
    struct kline_source *source;
    struct seen seen;
    (void)state;
    assert_ok(kline_source_new(&source));
    assert_int_equal(take(source, RECORD_RECEIVED, "kucoin", 1, CANDLE, &seen), 1);
    assert_string_equal(seen.venue, "kucoin");
    assert_string_equal(seen.kline.symbol, "A-B");
    assert_int_equal(seen.said_ns, SAID);
    /* Not those that were sent, of other venues, or that are none. */
    assert_int_equal(take(source, RECORD_SENT, "kucoin", 1, CANDLE, &seen), 0);
    assert_int_equal(take(source, RECORD_RECEIVED, "nobody", 1, CANDLE, &seen), 0);
    assert_int_equal(take(source, RECORD_RECEIVED, "gemini", 1, CANDLE, &seen), 0);
    assert_int_equal(take(source, RECORD_RECEIVED, "kucoin", 1, "{}", &seen), 0);
    assert_int_equal(take(source, RECORD_RECEIVED, "kucoin", 1, "", &seen), 0);
    const struct record record = record_of(RECORD_RECEIVED, "kucoin", 1, CANDLE);
    assert_err(ERR_LIMIT, kline_source_take(source, &record, refuse, NULL));
    kline_source_free(source);
    kline_source_free(NULL);
}

/* Numbers of channels belong to their connection. */
static void routes_are_remembered(void **state)
{
    static const char subscribed[] = "{\"event\":\"subscribed\",\"channel\":\"candles\","
                                     "\"chanId\":7,\"key\":\"trade:1m:tBTCUSD\"}";
    static const char candle[] = "[7,[1654076100000,31672,31673,31674,31667,0.5]]";
    struct kline_source *source;
    struct seen seen;
    (void)state;
    assert_ok(kline_source_new(&source));
    assert_int_equal(take(source, RECORD_RECEIVED, "bitfinex", 1, candle, &seen), 0);
    assert_int_equal(take(source, RECORD_RECEIVED, "bitfinex", 1, subscribed, &seen), 0);
    assert_int_equal(take(source, RECORD_RECEIVED, "bitfinex", 1, candle, &seen), 1);
    assert_string_equal(seen.kline.symbol, "tBTCUSD");
    assert_int_equal(take(source, RECORD_RECEIVED, "bitfinex", 2, candle, &seen), 0);
    kline_source_free(source);
}

/* Answers name their market in the request, by the instrument list where there is one. */
static void answers_are_read(void **state)
{
    static const char list[] =
        "{\"method\":\"GET\",\"url\":\"https://api.kraken.com/0/public/AssetPairs\",\"status\":200}"
        "\n{\"error\":[],\"result\":{\"ODDBTC\":{\"altname\":\"ODDBTC\",\"wsname\":\"ODD/XBT\","
        "\"base\":\"ODD\",\"quote\":\"XXBT\",\"status\":\"online\"}}}";
#define ANSWER(status)                                                                             \
    "{\"method\":\"GET\",\"url\":\"https://api.kraken.com/0/public/"                               \
    "OHLC?pair=ODDBTC\",\"status\":" status                                                        \
    "}\n{\"error\":[],\"result\":{\"ODDXXBT\":[[1688671200,\"2\",\"3\",\"1\",\"2\",\"2\","         \
    "\"5\",23]],\"last\":1}}"
    struct kline_source *source;
    struct seen seen;
    (void)state;
    assert_ok(kline_source_new(&source));
    assert_int_equal(take(source, RECORD_HTTP, "kraken", 0, list, &seen), 0);
    assert_int_equal(take(source, RECORD_HTTP, "kraken", 0, ANSWER("500"), &seen), 0);
    assert_int_equal(take(source, RECORD_HTTP, "kraken", 0, ANSWER("200"), &seen), 1);
    assert_string_equal(seen.kline.symbol, "ODD/BTC");
    assert_int_equal(seen.said_ns, RECORD_NO_TIME);
    assert_int_equal(take(source, RECORD_HTTP, "kraken", 0, "no line", &seen), 0);
    assert_int_equal(take(source, RECORD_HTTP, "gemini", 0, ANSWER("200"), &seen), 0);
    kline_source_free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_read),
        cmocka_unit_test(routes_are_remembered),
        cmocka_unit_test(answers_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
