#include "engine/sink/sink_text.h"

#include "engine/tape/record.h"
#include "tests/unit/candle_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* ---- helpers --------------------------------------------------------------------------------- */

/* A stream into memory with a sink on it. */
struct capture {
    char *text;
    size_t size;
    FILE *out;
    struct sink *sink;
};

static void start(struct capture *capture, struct sink_text_options options)
{
    *capture = (struct capture){0};
    capture->out = open_memstream(&capture->text, &capture->size);
    assert_non_null(capture->out);
    assert_ok(sink_text_open(&capture->sink, capture->out, &options));
}

static void put(struct capture *capture, const struct candle *candle)
{
    assert_ok(capture->sink->put(capture->sink, candle));
}

static void commit(struct capture *capture, bool final)
{
    assert_ok(capture->sink->commit(capture->sink, 1, 1, final));
}

static void stop(struct capture *capture)
{
    assert_ok(capture->sink->close(capture->sink));
    fclose(capture->out);
}

static void wait_longer_than(int64_t ns)
{
    ns += NS_PER_MS;
    nanosleep(&(struct timespec){ns / NS_PER_S, (long)(ns % NS_PER_S)}, NULL);
}

static struct candle forming_sample(uint64_t update)
{
    struct candle candle = candle_sample(update);
    candle.state = CANDLE_FORMING;
    return candle;
}

/* ---- CSV and NDJSON -------------------------------------------------------------------------- */

#define CSV_HEADER                                                                                 \
    "venue,instrument,bar,open_time,close_time,state,revision,open,high,low,close,volume,"         \
    "quote_volume,trades,taker_buy_volume,taker_buy_quote_volume,vwap,volume_unit,channel,symbol," \
    "connections,first_trade_id,last_trade_id,first_trade_time,last_trade_time,first_seq,"         \
    "last_seq,missing,duplicates,late,out_of_order,backfilled,malformed,dropped,suspect,"          \
    "connected,score,flags,latency_count,latency_min,latency_mean,latency_p50,latency_p90,"        \
    "latency_p99,latency_max,clock_offset,mic,operating_mic,base_currency,quote_currency,"         \
    "base_dti,quote_dti,cfi,contributions,tape,emit_count,emit_min,emit_mean,emit_p50,emit_p90,"   \
    "emit_p99,emit_max\n"

#define CSV_SAMPLE                                                                                 \
    "binance,BTC-USDT,1m,2024-08-08T23:55:00Z,2024-08-08T23:56:00Z,closed,0,61837.63000000,"       \
    "61850.00000000,61830.10000000,61844.02000000,12.34567000,763457.1234567800000000,1234,"       \
    "6.10000000,377200.0000000000000000,61840.071234567891,base,trade,BTCUSDT,3|4|9|12+,"          \
    "3700000001,3700001234,2024-08-08T23:55:00.012Z,2024-08-08T23:55:59.993Z,17,1250,1,2,3,4,5,"   \
    "6,7,8,0.983333,80,partial,1229,-1500,2100000,1900000,4700000,9100000,12000000,-1270000000,"   \
    "BNCX,XOFF,none,USD,4H95J0R2X,none,unknown,"                                                   \
    "binance BTCUSDT used 61844.02 61840.0712 12.34567|"                                           \
    "kraken XBT/USDT outlier 70000 70000.1 0.00000001,"                                            \
    "000102030405060708090a0b0c0d0e0f,3,40000,50000,48000,62000,62000,62000\n"

static void csv_has_a_header_and_exact_rows(void **state)
{
    (void)state;
    struct capture capture;
    struct candle candle = candle_sample(1), forming = forming_sample(2);
    start(&capture, (struct sink_text_options){.format = TEXT_CSV});
    put(&capture, &candle);
    put(&capture, &forming);
    stop(&capture);
    assert_string_equal(capture.text, CSV_HEADER CSV_SAMPLE);
    free(capture.text);
}

static void csv_without_candles_is_the_header(void **state)
{
    (void)state;
    struct capture capture;
    start(&capture, (struct sink_text_options){.format = TEXT_CSV});
    stop(&capture);
    assert_string_equal(capture.text, CSV_HEADER);
    free(capture.text);
}

static void csv_quotes_what_would_break_a_row(void **state)
{
    (void)state;
    struct capture capture;
    struct candle candle = candle_sample(1);
    candle.instrument = "A,B";
    candle.symbol = "say \"hi\"";
    candle.channel = "two\nlines";
    start(&capture, (struct sink_text_options){.format = TEXT_CSV});
    put(&capture, &candle);
    stop(&capture);
    assert_non_null(strstr(capture.text, "\nbinance,\"A,B\",1m,"));
    assert_non_null(
        strstr(capture.text, ",base,\"two\nlines\",\"say \"\"hi\"\"\",3|4|9|12+,3700000001,"));
    free(capture.text);
}

static void missing_values_are_empty_in_csv_and_null_in_ndjson(void **state)
{
    (void)state;
    struct capture csv, ndjson;
    struct candle candle = candle_sample(1);
    candle.trades = 0;
    candle.first_trade_ns = candle.last_trade_ns = RECORD_NO_TIME;
    candle.has_ids = false;
    candle.volume_unit = VOLUME_CONTRACT;
    candle.connections.count = 0;
    candle.flags = 0;
    candle.latency.count = 0;
    candle.contribution_count = 0;
    start(&csv, (struct sink_text_options){.format = TEXT_CSV});
    start(&ndjson, (struct sink_text_options){.format = TEXT_NDJSON});
    put(&csv, &candle);
    put(&ndjson, &candle);
    stop(&csv);
    stop(&ndjson);
    assert_non_null(
        strstr(csv.text, ",12.34567000,,0,6.10000000,,,contract,trade,BTCUSDT,,,,,,,,1,"));
    assert_non_null(strstr(ndjson.text, "\"quote_volume\":null,\"trades\":0,"));
    assert_non_null(strstr(ndjson.text, "\"first_trade_id\":null,\"last_trade_id\":null,"
                                        "\"first_trade_time\":null,\"last_trade_time\":null,"
                                        "\"first_seq\":null,\"last_seq\":null,\"missing\":1,"));
    assert_non_null(strstr(csv.text, ",80,,0,,,,,,,-1270000000,"));
    assert_non_null(strstr(ndjson.text, "\"symbol\":\"BTCUSDT\",\"connections\":null,"));
    assert_non_null(strstr(ndjson.text, "\"flags\":[],\"latency_count\":0,\"latency_min\":null,"));
    assert_non_null(strstr(ndjson.text, "\"contributions\":null,\"tape\":\"0001"));
    free(csv.text);
    free(ndjson.text);
}

static void ndjson_is_an_object_a_line(void **state)
{
    (void)state;
    struct capture capture;
    struct candle candle = candle_sample(1);
    candle.last_trade_id = UINT64_MAX;
    candle.channel = "a\"\\\x01";
    candle.symbol = "\xff\xfe";
    candle.flags = CANDLE_PARTIAL | CANDLE_CLOCK;
    start(&capture, (struct sink_text_options){.format = TEXT_NDJSON});
    put(&capture, &candle);
    stop(&capture);
    assert_string_equal(
        capture.text,
        "{\"venue\":\"binance\",\"instrument\":\"BTC-USDT\",\"bar\":\"1m\","
        "\"open_time\":\"2024-08-08T23:55:00Z\",\"close_time\":\"2024-08-08T23:56:00Z\","
        "\"state\":\"closed\",\"revision\":0,\"open\":\"61837.63000000\",\"high\":\"61850."
        "00000000\","
        "\"low\":\"61830.10000000\",\"close\":\"61844.02000000\",\"volume\":\"12.34567000\","
        "\"quote_volume\":\"763457.1234567800000000\",\"trades\":1234,"
        "\"taker_buy_volume\":\"6.10000000\","
        "\"taker_buy_quote_volume\":\"377200.0000000000000000\",\"vwap\":\"61840.071234567891\","
        "\"volume_unit\":\"base\",\"channel\":\"a\\\"\\\\\\u0001\",\"symbol\":\"?\?\","
        "\"connections\":[\"3\",\"4\",\"9\",\"12+\"],"
        "\"first_trade_id\":3700000001,\"last_trade_id\":18446744073709551615,"
        "\"first_trade_time\":\"2024-08-08T23:55:00.012Z\","
        "\"last_trade_time\":\"2024-08-08T23:55:59.993Z\",\"first_seq\":17,\"last_seq\":1250,"
        "\"missing\":1,\"duplicates\":2,\"late\":3,\"out_of_order\":4,\"backfilled\":5,"
        "\"malformed\":6,\"dropped\":7,\"suspect\":8,\"connected\":\"0.983333\",\"score\":80,"
        "\"flags\":[\"partial\",\"clock\"],\"latency_count\":1229,\"latency_min\":-1500,"
        "\"latency_mean\":2100000,\"latency_p50\":1900000,\"latency_p90\":4700000,"
        "\"latency_p99\":9100000,\"latency_max\":12000000,\"clock_offset\":-1270000000,"
        "\"mic\":\"BNCX\",\"operating_mic\":\"XOFF\",\"base_currency\":\"none\","
        "\"quote_currency\":\"USD\",\"base_dti\":\"4H95J0R2X\",\"quote_dti\":\"none\","
        "\"cfi\":\"unknown\",\"contributions\":["
        "\"binance BTCUSDT used 61844.02 61840.0712 12.34567\","
        "\"kraken XBT/USDT outlier 70000 70000.1 0.00000001\"],"
        "\"tape\":\"000102030405060708090a0b0c0d0e0f\",\"emit_count\":3,\"emit_min\":40000,"
        "\"emit_mean\":50000,\"emit_p50\":48000,\"emit_p90\":62000,\"emit_p99\":62000,"
        "\"emit_max\":62000}\n");
    free(capture.text);
}

static void columns_can_be_chosen(void **state)
{
    (void)state;
    for (enum text_format format = TEXT_CSV; format <= TEXT_NDJSON; format++) {
        struct capture capture;
        struct candle candle = candle_sample(1);
        struct sink_text_options options = {.format = format};
        assert_ok(text_columns_parse(&options.columns, "score,flags,open", format));
        start(&capture, options);
        put(&capture, &candle);
        stop(&capture);
        assert_string_equal(
            capture.text,
            format == TEXT_CSV
                ? "score,flags,open\n80,partial,61837.63000000\n"
                : "{\"score\":80,\"flags\":[\"partial\"],\"open\":\"61837.63000000\"}\n");
        free(capture.text);
    }
}

static void wrong_columns_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err code;
        const char *want;
    } cases[] = {
        {"open,volum", ERR_UNKNOWN,
         "unknown column 'volum'; the first line of --format csv names all columns"},
        {"", ERR_UNKNOWN, "unknown column ''; "},
        {"open,", ERR_UNKNOWN, "unknown column ''; "},
        {"open,score,open", ERR_USAGE, "column 'open' is named twice; name it once"},
    };
    struct text_columns columns;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_err(cases[i].code, text_columns_parse(&columns, cases[i].text, TEXT_CSV));
        assert_non_null(strstr(err_text(cases[i].code), cases[i].want));
    }
    assert_err(ERR_USAGE, text_columns_parse(&columns, "open", TEXT_TABLE));
    assert_string_equal(err_text(ERR_USAGE),
                        "a table has its own columns; give --format csv or ndjson too");
    char all[4096] = "";
    for (enum candle_column i = 0; i < CANDLE_COLUMN_COUNT; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? "," : "",
                 candle_column_name(i));
    assert_ok(text_columns_parse(&columns, all, TEXT_NDJSON));
    assert_int_equal(columns.count, CANDLE_COLUMN_COUNT);
}

static void forming_updates_come_when_asked_for(void **state)
{
    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        struct capture capture;
        start(&capture, (struct sink_text_options){.format = TEXT_NDJSON, .forming = asked == 1});
        for (uint64_t update = 1; update <= 5; update++) {
            struct candle candle = forming_sample(update);
            put(&capture, &candle);
        }
        struct candle last = forming_sample(0); /* no update, a row in any case */
        put(&capture, &last);
        stop(&capture);
        size_t rows = 0;
        for (const char *c = capture.text; *c; c++)
            rows += *c == '\n';
        assert_int_equal(rows, asked ? 6 : 1);
        free(capture.text);
    }
}

static void formats_are_known_by_name(void **state)
{
    (void)state;
    enum text_format format;
    assert_ok(text_format_parse(&format, "table"));
    assert_int_equal(format, TEXT_TABLE);
    assert_ok(text_format_parse(&format, "csv"));
    assert_int_equal(format, TEXT_CSV);
    assert_ok(text_format_parse(&format, "ndjson"));
    assert_int_equal(format, TEXT_NDJSON);
    assert_err(ERR_USAGE, text_format_parse(&format, "xml"));
    assert_string_equal(err_text(ERR_USAGE), "unknown format 'xml'; choose table, csv or ndjson");
}

/* ---- writing --------------------------------------------------------------------------------- */

static void rows_are_flushed_on_commit(void **state)
{
    (void)state;
    struct capture capture;
    struct candle candle = candle_sample(1);
    start(&capture, (struct sink_text_options){.format = TEXT_CSV});
    put(&capture, &candle);
    assert_int_equal(capture.size, 0);
    commit(&capture, false);
    assert_int_equal(capture.size, strlen(CSV_HEADER CSV_SAMPLE));
    wait_longer_than(SINK_TEXT_FLUSH_NS);
    put(&capture, &candle);
    commit(&capture, false);
    assert_int_equal(capture.size, strlen(CSV_HEADER CSV_SAMPLE CSV_SAMPLE));
    put(&capture, &candle);
    commit(&capture, true);
    assert_int_equal(capture.size, strlen(CSV_HEADER CSV_SAMPLE CSV_SAMPLE CSV_SAMPLE));
    stop(&capture);
    free(capture.text);
}

static void a_reader_that_went_away_stops_quietly(void **state)
{
    (void)state;
    int ends[2];
    struct sink *sink;
    struct candle candle = candle_sample(1);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    FILE *out = fdopen(ends[1], "w");
    assert_ok(sink_text_open(&sink, out, &(struct sink_text_options){.format = TEXT_CSV}));
    close(ends[0]);
    err_clear();
    assert_ok(sink->put(sink, &candle));
    assert_err(ERR_STOP, sink->commit(sink, 1, 1, false));
    assert_string_equal(err_text(ERR_STOP), "stopped");
    assert_err(ERR_STOP, sink->put(sink, &candle));
    assert_err(ERR_STOP, sink->close(sink));
    fclose(out);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct sink *sink;
    struct candle candle = candle_sample(1);
    FILE *out = fopen("/dev/full", "w");
    assert_non_null(out);
    assert_ok(sink_text_open(&sink, out, &(struct sink_text_options){.format = TEXT_NDJSON}));
    assert_ok(sink->put(sink, &candle));
    assert_err(ERR_NOSPACE, sink->commit(sink, 1, 1, false));
    assert_non_null(strstr(err_text(ERR_NOSPACE), "cannot write candles: "));
    assert_err(ERR_NOSPACE, sink->commit(sink, 1, 1, true));
    assert_err(ERR_NOSPACE, sink->close(sink));
    fclose(out);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void the_table_lines_up_and_drops_needless_zeros(void **state)
{
    (void)state;
    struct capture capture;
    struct candle btc = candle_sample(1), eth = candle_sample(2), day = candle_sample(3);
    eth.venue = "coinbase";
    eth.instrument = "ETH-USD";
    eth.bar.size = NS_PER_S;
    eth.state = CANDLE_CORRECTED;
    eth.open = eth.low = sample_decimal("2650.5");
    eth.high = eth.close = sample_decimal("2651.375");
    eth.volume = sample_decimal("0.00001000");
    eth.trades = 3;
    eth.vwap = sample_decimal("2650.9999961");
    day.bar.size = NS_PER_DAY;
    day.volume = sample_decimal("100");
    day.volume_unit = VOLUME_CONTRACT;
    eth.score = 100;
    eth.flags = 0;
    eth.latency.p50 = 1270005001; /* rounded */
    day.score = 0;
    day.flags = CANDLE_MISSING | CANDLE_CLOCK;
    day.latency.p50 = -500000;
    struct candle ticks = candle_sample(4);
    ticks.bar = (struct bar){BAR_TICK, 9, 0};
    ticks.latency.p50 = 499;
    ticks.ungraded = true;
    start(&capture, (struct sink_text_options){.format = TEXT_TABLE});
    put(&capture, &btc);
    put(&capture, &eth);
    put(&capture, &day);
    put(&capture, &ticks);
    stop(&capture);
    assert_string_equal(
        capture.text,
        "time (UTC)           venue     instrument  bar  state          open      high       low   "
        "  "
        "close    volume  trades        vwap  score   p50 ms  flags\n"
        "2024-08-08 23:55     binance   BTC-USDT    1m   closed     61837.63  61850.00  61830.10  "
        "61844.02  12.34567    1234  61840.0712     80     1.90  partial\n"
        "2024-08-08 23:55:00  coinbase  ETH-USD     1s   corrected    2650.5  2651.375    2650.5  "
        "2651.375   0.00001       3  2651.00000    100  1270.01\n"
        "2024-08-08           binance   BTC-USDT    1d   closed     61837.63  61850.00  61830.10  "
        "61844.02       100    1234                  0    -0.50  missing|clock\n"
        "2024-08-08 23:55:00  binance   BTC-USDT    9t   closed     61837.63  61850.00  61830.10  "
        "61844.02  12.34567    1234  61840.0712            0.00  partial\n");
    free(capture.text);
}

static void a_table_row_keeps_the_digits_its_series_has_shown(void **state)
{
    (void)state;
    struct capture capture;
    struct candle candle = candle_sample(1);
    candle.high = sample_decimal("61850.12300000");
    start(&capture, (struct sink_text_options){.format = TEXT_TABLE});
    put(&capture, &candle);
    candle = candle_sample(2);
    put(&capture, &candle);
    stop(&capture);
    assert_non_null(strstr(capture.text, " 61837.630  61850.123  61830.100  61844.020 "));
    assert_non_null(strstr(capture.text, " 61837.630  61850.000  61830.100  61844.020 "));
    free(capture.text);
}

static void names_cannot_steer_a_terminal(void **state)
{
    (void)state;
    struct capture capture;
    struct candle candle = candle_sample(1);
    candle.instrument = "\033[2JX\xc2\x9b-Y\n";
    start(&capture, (struct sink_text_options){.format = TEXT_TABLE});
    put(&capture, &candle);
    stop(&capture);
    assert_null(strchr(capture.text, '\033'));
    assert_non_null(strstr(capture.text, "  ?[2JX?\?-Y?  "));
    free(capture.text);
}

static void forming_rows_of_a_series_are_a_second_apart(void **state)
{
    (void)state;
    struct capture capture;
    start(&capture, (struct sink_text_options){.format = TEXT_TABLE, .forming = true});
    for (uint64_t i = 0; i < 30; i++) {
        struct candle candle = forming_sample(i + 1);
        candle.wall_ns = SAMPLE_OPEN_NS + (int64_t)i * NS_PER_S / 10;
        candle.instrument = i % 2 ? "ETH-USDT" : "BTC-USDT";
        put(&capture, &candle);
    }
    stop(&capture);
    size_t rows = 0;
    for (const char *c = capture.text; *c; c++)
        rows += *c == '\n';
    assert_int_equal(rows, 1 + 2 * 3);
    free(capture.text);
}

static void more_rows_than_wait_at_once_are_all_printed(void **state)
{
    (void)state;
    struct capture capture;
    start(&capture, (struct sink_text_options){.format = TEXT_TABLE});
    for (uint64_t i = 0; i < 2500; i++) {
        struct candle candle = candle_sample(i + 1);
        put(&capture, &candle);
    }
    stop(&capture);
    size_t rows = 0;
    for (const char *c = capture.text; *c; c++)
        rows += *c == '\n';
    assert_int_equal(rows, 2501);
    free(capture.text);
}

static void colours_tell_up_from_down_unless_not_wanted(void **state)
{
    (void)state;
    for (int wanted = 0; wanted < 2; wanted++) {
        struct capture capture;
        struct candle up = candle_sample(1), down = candle_sample(2);
        down.close = sample_decimal("61830.10");
        if (wanted)
            unsetenv("NO_COLOR");
        else
            setenv("NO_COLOR", "1", 1);
        start(&capture, (struct sink_text_options){.format = TEXT_TABLE, .terminal = true});
        put(&capture, &up);
        put(&capture, &down);
        stop(&capture);
        unsetenv("NO_COLOR");
        assert_int_equal(strstr(capture.text, "\033[32m61844.02\033[0m") != NULL, wanted);
        assert_int_equal(strstr(capture.text, "\033[31m61830.10\033[0m") != NULL, wanted);
        assert_int_equal(strstr(capture.text, "\033[") != NULL, 1); /* what was there is erased */
        free(capture.text);
    }
}

/* ---- a small terminal ------------------------------------------------------------------------ */

#define SCREEN_LINES 200 /* more than any test prints: what scrolls out stays visible */

struct screen {
    size_t width, line, column;
    char cells[SCREEN_LINES][256];
};

static void screen_control(struct screen *screen, const char **text)
{
    size_t number = 0;
    const char *c = *text + 2;
    for (; *c >= '0' && *c <= '9'; c++)
        number = number * 10 + (size_t)(*c - '0');
    if (*c == 'A') {
        assert_true(screen->line >= number);
        screen->line -= number;
    } else if (*c == 'J') {
        memset(screen->cells[screen->line] + screen->column, 0, 256 - screen->column);
        for (size_t line = screen->line + 1; line < SCREEN_LINES; line++)
            memset(screen->cells[line], 0, 256);
    } else {
        assert_int_equal(*c, 'm');
    }
    *text = c;
}

static void screen_write(struct screen *screen, const char *text)
{
    for (; *text; text++) {
        if (*text == '\033') {
            screen_control(screen, &text);
        } else if (*text == '\r') {
            screen->column = 0;
        } else if (*text == '\n') {
            screen->line++;
            screen->column = 0;
        } else {
            if (screen->column == screen->width) {
                screen->line++;
                screen->column = 0;
            }
            screen->cells[screen->line][screen->column++] = *text;
        }
        assert_true(screen->line < SCREEN_LINES);
    }
}

static size_t screen_count(const struct screen *screen, const char *text)
{
    size_t count = 0;
    for (size_t line = 0; line < SCREEN_LINES; line++)
        count += strstr(screen->cells[line], text) != NULL;
    return count;
}

static void the_forming_block_is_redrawn_and_goes_away(void **state)
{
    (void)state;
    static struct screen screen;
    static char names[40][12];
    struct capture capture;
    size_t seen = 0;
    screen = (struct screen){.width = 80};
    start(&capture, (struct sink_text_options){.format = TEXT_TABLE, .terminal = true});
    for (uint64_t round = 0; round < 4; round++) {
        for (uint64_t i = 0; i < 40; i++) {
            struct candle candle = forming_sample(round * 100 + i + 1);
            snprintf(names[i], sizeof names[i], "I%02llu-USD", (unsigned long long)i);
            candle.instrument = names[i];
            candle.high = sample_decimal("77777.77");
            candle.open_ns += (int64_t)round * NS_PER_MIN;
            put(&capture, &candle);
            if (i < 3) {
                candle.update += 50;
                candle.state = CANDLE_CLOSED;
                candle.high = sample_decimal("61850.00");
                put(&capture, &candle);
            }
        }
        wait_longer_than(SINK_TEXT_REDRAW_NS);
        commit(&capture, false);
        screen_write(&screen, capture.text + seen);
        seen = capture.size;
        assert_int_equal(screen_count(&screen, "instrument"), 1);
        assert_int_equal(screen_count(&screen, " 61850.00 "), 3 * (round + 1));
        /* A third of the 24 lines, and one that says that there are more. */
        assert_int_equal(screen_count(&screen, " 77777.77 "), 8);
        assert_int_equal(screen_count(&screen, "and more that are forming"), 1);
        assert_int_equal(screen.column, 0);
    }
    commit(&capture, true);
    struct candle left = forming_sample(0);
    left.high = sample_decimal("77777.77");
    put(&capture, &left);
    stop(&capture);
    screen_write(&screen, capture.text + seen);
    assert_int_equal(screen_count(&screen, "and more that are forming"), 0);
    assert_int_equal(screen_count(&screen, " 77777.77 "), 1);
    assert_int_equal(screen_count(&screen, " 61850.00 "), 12);
    assert_int_equal(screen_count(&screen, "2024-08-08"), 1); /* one date, in a line of its own */
    assert_int_equal(screen.line, 1 + 1 + 12 + 1);
    free(capture.text);
}

/* All that comes out of a terminal: it may come in pieces. */
static size_t read_terminal(int master, char *text, size_t room)
{
    struct pollfd ready = {.fd = master, .events = POLLIN};
    size_t size = 0;
    ssize_t got = 1;
    memset(text, 0, room);
    while (got > 0 && size < room - 1 && poll(&ready, 1, 200) == 1) {
        got = read(master, text + size, room - 1 - size);
        size += got > 0 ? (size_t)got : 0;
    }
    return size;
}

/* A terminal of 60 columns that becomes 40: its lines wrap, and are still erased as a whole. */
static void a_terminal_that_becomes_narrower_is_erased_cleanly(void **state)
{
    (void)state;
    static struct screen screen;
    struct sink *sink;
    struct winsize size = {.ws_row = 24, .ws_col = 60};
    int master, slave;
    char text[8192] = "";
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    FILE *out = fdopen(slave, "w");
    assert_ok(sink_text_open(&sink, out,
                             &(struct sink_text_options){.format = TEXT_TABLE, .terminal = true}));
    struct candle candle = forming_sample(1);
    assert_ok(sink->put(sink, &candle));
    assert_ok(sink->commit(sink, 1, 1, false));
    assert_true(read_terminal(master, text, sizeof text) > 0);
    screen = (struct screen){.width = 60};
    screen_write(&screen, text);
    assert_int_equal(screen_count(&screen, "23:55"), 1);
    assert_null(strstr(text, "vwap"));
    assert_null(strstr(text, "venue"));

    size.ws_col = 40;
    assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
    memset(text, 0, sizeof text);
    assert_ok(sink->commit(sink, 1, 1, true));
    assert_true(read_terminal(master, text, sizeof text) > 0);
    assert_string_equal(text, "\r\033[2A\033[J");
    assert_ok(sink->close(sink));
    fclose(out);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_has_a_header_and_exact_rows),
        cmocka_unit_test(csv_without_candles_is_the_header),
        cmocka_unit_test(csv_quotes_what_would_break_a_row),
        cmocka_unit_test(missing_values_are_empty_in_csv_and_null_in_ndjson),
        cmocka_unit_test(ndjson_is_an_object_a_line),
        cmocka_unit_test(columns_can_be_chosen),
        cmocka_unit_test(wrong_columns_are_told),
        cmocka_unit_test(forming_updates_come_when_asked_for),
        cmocka_unit_test(formats_are_known_by_name),
        cmocka_unit_test(rows_are_flushed_on_commit),
        cmocka_unit_test(a_reader_that_went_away_stops_quietly),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(the_table_lines_up_and_drops_needless_zeros),
        cmocka_unit_test(a_table_row_keeps_the_digits_its_series_has_shown),
        cmocka_unit_test(names_cannot_steer_a_terminal),
        cmocka_unit_test(forming_rows_of_a_series_are_a_second_apart),
        cmocka_unit_test(more_rows_than_wait_at_once_are_all_printed),
        cmocka_unit_test(colours_tell_up_from_down_unless_not_wanted),
        cmocka_unit_test(the_forming_block_is_redrawn_and_goes_away),
        cmocka_unit_test(a_terminal_that_becomes_narrower_is_erased_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
