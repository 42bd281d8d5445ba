/*
 * venue_odd: single frames of many venues with another project's assertions about them, and the
 * recordings of one venue, when they are there.
 */
#ifndef REWICK_TESTS_UNIT_VENUE_ODD_H
#define REWICK_TESTS_UNIT_VENUE_ODD_H

#include "tests/unit/venue_sample.h"

#include <jansson.h>

#define CAPTURES "../shared/captures/"

/* Calls `each` for every line of a file; false, saying so, when there is no such file. */
static inline bool capture_lines(const char *name, void (*each)(char *line, void *arg), void *arg)
{
    FILE *file = fopen(name, "r");
    char *line = NULL;
    size_t capacity = 0;
    if (!file) {
        print_message("no %s here: not looked at\n", name);
        return false;
    }
    for (ssize_t size = 0; (size = getline(&line, &capacity, file)) >= 0;) {
        line[strcspn(line, "\r\n")] = '\0';
        each(line, arg);
    }
    free(line);
    fclose(file);
    return true;
}

/* The frame in a line "time: frame"; NULL in lines of another kind. */
static inline const char *capture_frame(const char *line)
{
    const char *space = strchr(line, ' ');
    return space && space > line && space[-1] == ':' && line[0] >= '0' && line[0] <= '9' ? space + 1
                                                                                         : NULL;
}

static inline bool odd_same_number(struct decimal value, const char *text)
{
    struct decimal number;
    assert_ok(decimal_parse(&number, text, strspn(text, "0123456789.")));
    return decimal_compare(value, number) == 0;
}

static inline bool odd_starts(const char *text, const char *start, const char **out_rest)
{
    bool fine = strncmp(text, start, strlen(start)) == 0;
    *out_rest = fine ? text + strlen(start) : NULL;
    return fine;
}

/* "1646311839593, extract_timestamp(...)": the frame's time in ms, or "None". */
static inline bool odd_check_time(const struct venue_frame *frame, const char *text)
{
    char *end = NULL;
    long long ms = strtoll(text, &end, 10);
    bool none = frame->source_ns == RECORD_NO_TIME;
    return end == text ? none : !none && frame->source_ns / 1000000 == ms;
}

/* "\"BTC-USDT\", extract_symbol(...)"; NONE and ALL stand for no single one. */
static inline bool odd_check_symbol(const struct venue_frame *frame, const char *text)
{
    char symbol[SYMBOL_MAX] = "";
    const char *quote = strchr(text, '"');
    assert_non_null(quote);
    snprintf(symbol, sizeof symbol, "%.*s", (int)strcspn(quote + 1, "\""), quote + 1);
    bool none = strcmp(symbol, "NONE") == 0 || strcmp(symbol, "ALL") == 0;
    return strcmp(frame->symbol, none ? "" : symbol) == 0;
}

/* Those of its assertions that are about what a frame says here too; *out_checked counts them. */
static inline bool odd_check(const struct venue_frame *frame, const char *text, size_t *out_checked)
{
    const struct trade *trade = frame->trade_count > 0 ? &frame->trades[0] : NULL;
    const char *rest = NULL;
    text += strspn(text, " ");
    (*out_checked)++;
    if (strstr(text, "extract_timestamp")) {
        return odd_check_time(frame, text);
    }
    if (strstr(text, "extract_symbol")) {
        return odd_check_symbol(frame, text);
    }
    if (odd_starts(text, "trades.len(), ", &rest)) {
        return frame->trade_count == strtoull(rest, NULL, 10);
    }
    if (odd_starts(text, "trade.price, ", &rest)) {
        return trade && odd_same_number(trade->price, rest);
    }
    if (odd_starts(text, "trade.quantity_contract, Some(", &rest)) {
        return trade && odd_same_number(trade->quantity, rest);
    }
    if (odd_starts(text, "trade.side, TradeSide::", &rest)) {
        return trade && trade->taker == (strcmp(rest, "Buy") == 0 ? TAKER_BUY : TAKER_SELL);
    }
    (*out_checked)--;
    return true;
}

/* Which decoder a line is for; NULL: none of the test's. */
struct odd_line {
    const char *exchange, *market, *module, *raw;
};
typedef bool odd_decode_fn(const struct odd_line *line, struct venue_frame *out);

struct odd_run {
    odd_decode_fn *decode;
    size_t lines, checked;
};

static inline void odd_line(char *line, void *arg)
{
    struct odd_run *run = arg;
    json_t *root = json_loads(line, 0, NULL), *text = NULL;
    assert_non_null(root);
    struct odd_line odd = {json_string_value(json_object_get(root, "exchange")),
                           json_string_value(json_object_get(root, "market_type")),
                           json_string_value(json_object_get(root, "module")),
                           json_string_value(json_object_get(root, "raw"))};
    struct venue_frame frame;
    size_t i = 0;
    venue_frame_init(&frame);
    if (run->decode(&odd, &frame)) {
        run->lines++;
        assert_int_equal(frame.kind, strcmp(odd.module, "trade") == 0 ? VENUE_TRADES : VENUE_DATA);
        json_array_foreach(json_object_get(root, "asserts"), i, text)
        {
            if (!odd_check(&frame, json_string_value(text), &run->checked)) {
                fail_msg("'%s' does not hold: %s", json_string_value(text), odd.raw);
            }
        }
    }
    venue_frame_release(&frame);
    json_decref(root);
}

/* All lines that `decode` takes; at least so many, or there is something wrong with the test. */
static inline void odd_check_all(odd_decode_fn *decode, size_t lines_min)
{
    struct odd_run run = {.decode = decode};
    if (!capture_lines(CAPTURES "frames-odd.jsonl", odd_line, &run)) {
        skip();
    }
    assert_true(run.lines >= lines_min && run.checked >= run.lines);
}

#endif
