#include "engine/venue/venue_field.h"

#include "engine/base/time_text.h"
#include "engine/tape/record.h"

#include <stdio.h>
#include <string.h>

/* "member 'p' <what>": the one form of all reasons. */
static enum err wrong(struct venue_frame *frame, const struct field_set *set, size_t index,
                      const char *what)
{
    venue_frame_malformed(frame, "member '%s' %s", set->names[index], what);
    return ERR_DAMAGED;
}

enum err field_pick(struct venue_frame *frame, struct field_set *set, struct json_span object,
                    const char *const *names, size_t count)
{
    set->names = names;
    set->count = count;
    if (object.kind != SPAN_OBJECT) {
        venue_frame_malformed(frame, "not a JSON object");
        return ERR_DAMAGED;
    }
    const char *fault = json_scan_pick(object, names, count, set->values);
    if (fault) {
        venue_frame_malformed(frame, "not JSON: %s", fault);
    }
    return fault ? ERR_DAMAGED : ERR_OK;
}

enum err field_pick_row(struct venue_frame *frame, struct field_set *set, struct json_span array,
                        const char *const *names, size_t count)
{
    set->names = names;
    set->count = count;
    memset(set->values, 0, count * sizeof set->values[0]);
    if (array.kind != SPAN_ARRAY) {
        venue_frame_malformed(frame, "a row is not a JSON array");
        return ERR_DAMAGED;
    }
    struct json_scan scan;
    struct json_span key, value;
    json_scan_open(&scan, array);
    for (size_t i = 0; json_scan_next(&scan, &key, &value); i++) {
        if (i < count) {
            set->values[i] = value;
        }
    }
    if (scan.fault) {
        venue_frame_malformed(frame, "not JSON: %s", scan.fault);
    }
    return scan.fault ? ERR_DAMAGED : ERR_OK;
}

bool field_has(const struct field_set *set, size_t index)
{
    return set->values[index].kind != SPAN_NONE;
}

bool field_is_set(const struct field_set *set, size_t index)
{
    return set->values[index].kind > SPAN_NULL;
}

bool field_is(const struct field_set *set, size_t index, const char *text)
{
    return json_scan_is(set->values[index], text);
}

enum err field_want(struct venue_frame *frame, const struct field_set *set, size_t index,
                    enum json_span_kind kind)
{
    static const char *const wanted[] = {
        [SPAN_NONE] = "is not allowed",    [SPAN_NULL] = "is not null",
        [SPAN_FALSE] = "is not a boolean", [SPAN_TRUE] = "is not a boolean",
        [SPAN_NUMBER] = "is not a number", [SPAN_STRING] = "is not a string",
        [SPAN_ARRAY] = "is not an array",  [SPAN_OBJECT] = "is not an object",
    };
    if (set->values[index].kind == kind) {
        return ERR_OK;
    }
    return wrong(frame, set, index, field_has(set, index) ? wanted[kind] : "is missing");
}

enum err field_text(struct venue_frame *frame, const struct field_set *set, size_t index, char *out,
                    size_t out_size)
{
    if (field_want(frame, set, index, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    if (set->values[index].size == 0) {
        return wrong(frame, set, index, "is empty");
    }
    if (!json_scan_name(set->values[index], out, out_size)) {
        return wrong(frame, set, index, "is too long or has control characters");
    }
    return ERR_OK;
}

void field_text_maybe(const struct field_set *set, size_t index, char *out, size_t out_size)
{
    if (set->values[index].kind != SPAN_STRING ||
        !json_scan_name(set->values[index], out, out_size)) {
        out[0] = '\0';
    }
}

enum err field_bool(struct venue_frame *frame, const struct field_set *set, size_t index, bool *out)
{
    *out = set->values[index].kind == SPAN_TRUE;
    return *out ? ERR_OK : field_want(frame, set, index, SPAN_FALSE);
}

enum err field_id(struct venue_frame *frame, const struct field_set *set, size_t index,
                  enum json_span_kind kind, uint64_t *out)
{
    if (field_want(frame, set, index, kind)) {
        return ERR_DAMAGED;
    }
    if (!json_scan_u64(set->values[index], out)) {
        return wrong(frame, set, index, "is not a whole number from 0 to 2^64 - 1");
    }
    return ERR_OK;
}

enum err field_decimal(struct venue_frame *frame, const struct field_set *set, size_t index,
                       enum json_span_kind kind, struct decimal *out)
{
    if (field_want(frame, set, index, kind)) {
        return ERR_DAMAGED;
    }
    enum err err = decimal_parse(out, set->values[index].text, set->values[index].size);
    if (err) {
        return wrong(frame, set, index, err == ERR_RANGE ? "has too many digits" : "is no decimal");
    }
    return ERR_OK;
}

struct decimal field_decimal_maybe(const struct field_set *set, size_t index)
{
    struct json_span value = set->values[index];
    struct decimal number;
    bool fine = (value.kind == SPAN_NUMBER || value.kind == SPAN_STRING) &&
                decimal_parse(&number, value.text, value.size) == ERR_OK &&
                !decimal_is_negative(number);
    return fine ? number : DECIMAL_ZERO;
}

void field_request_id(struct venue_frame *frame, const struct field_set *set, size_t index)
{
    frame->has_request_id = set->values[index].kind == SPAN_NUMBER &&
                            json_scan_u64(set->values[index], &frame->request_id);
}

/* Binance: ms, or us on request. 1e14 us is 1973, 1e14 ms the year 5138. */
static enum err parse_epoch(int64_t *out, struct json_span value)
{
    uint64_t number = 0;
    if (!json_scan_u64(value, &number)) {
        return ERR_DAMAGED;
    }
    uint64_t unit_ns = number < 100000000000000u ? NS_PER_MS : NS_PER_US;
    return __builtin_mul_overflow(number, unit_ns, out) ? ERR_RANGE : ERR_OK;
}

static enum err parse_time(int64_t *out, struct json_span value, enum field_time_form form)
{
    enum err err = ERR_OK;
    if (form == FIELD_TIME_RFC3339) {
        err = time_parse_rfc3339(out, value.text, value.size);
    } else if (form == FIELD_TIME_EPOCH) {
        err = parse_epoch(out, value);
    } else {
        err = time_parse_seconds(out, value.text, value.size);
    }
    return err || *out > 0 ? err : ERR_RANGE;
}

static enum json_span_kind time_kind(enum field_time_form form)
{
    return form == FIELD_TIME_EPOCH || form == FIELD_TIME_FLOAT ? SPAN_NUMBER : SPAN_STRING;
}

enum err field_time(struct venue_frame *frame, const struct field_set *set, size_t index,
                    enum field_time_form form, int64_t *out)
{
    if (field_want(frame, set, index, time_kind(form))) {
        return ERR_DAMAGED;
    }
    enum err err = parse_time(out, set->values[index], form);
    if (err) {
        return wrong(frame, set, index, err == ERR_RANGE ? "is out of range" : "is no time");
    }
    return ERR_OK;
}

enum err field_time_maybe(struct venue_frame *frame, const struct field_set *set, size_t index,
                          enum field_time_form form, int64_t *out)
{
    *out = RECORD_NO_TIME;
    if (!field_is_set(set, index)) {
        return ERR_OK;
    }
    if (field_want(frame, set, index, time_kind(form))) {
        return ERR_DAMAGED;
    }
    int64_t time_ns = 0;
    if (!parse_time(&time_ns, set->values[index], form)) {
        *out = time_ns;
    }
    return ERR_OK;
}

enum err field_taker(struct venue_frame *frame, const struct field_set *set, size_t index,
                     const char *buy, const char *sell, enum trade_taker *out)
{
    if (field_want(frame, set, index, SPAN_STRING)) {
        return ERR_DAMAGED;
    }
    bool bought = field_is(set, index, buy);
    if (!bought && !field_is(set, index, sell)) {
        return wrong(frame, set, index, "is no side");
    }
    *out = bought ? TAKER_BUY : TAKER_SELL;
    return ERR_OK;
}

enum err field_check_trade(struct venue_frame *frame, struct trade *trade)
{
    if (decimal_is_negative(trade->price) || decimal_is_negative(trade->quantity)) {
        venue_frame_malformed(frame, "a trade's price or quantity is below zero");
        return ERR_DAMAGED;
    }
    if (decimal_is_zero(trade->price) || decimal_is_zero(trade->quantity)) {
        trade->flags |= TRADE_EXCLUDED;
    }
    if (!(trade->flags & TRADE_AGGREGATED)) {
        trade->first_id = trade->id;
        trade->last_id = trade->id;
        trade->count = 1;
    }
    return ERR_OK;
}

enum err field_each(struct venue_frame *frame, struct json_span array, const char *name,
                    field_each_fn *each, void *arg)
{
    if (array.kind != SPAN_ARRAY) {
        venue_frame_malformed(frame, "member '%s' is %s", name,
                              array.kind == SPAN_NONE ? "missing" : "not an array");
        return ERR_DAMAGED;
    }
    struct json_scan scan;
    struct json_span key, value;
    json_scan_open(&scan, array);
    while (json_scan_next(&scan, &key, &value)) {
        enum err err = each(frame, value, arg);
        if (err) {
            return err;
        }
    }
    if (scan.fault) {
        venue_frame_malformed(frame, "not JSON: %s", scan.fault);
    }
    return scan.fault ? ERR_DAMAGED : ERR_OK;
}

enum err field_entries(struct instrument_list *list, struct json_span entries, field_entry_fn *read,
                       void *arg)
{
    struct json_scan scan;
    struct json_span key, value;
    struct venue_frame scratch;
    enum err err = ERR_OK;
    venue_frame_init(&scratch);
    json_scan_open(&scan, entries);
    while (!err && json_scan_next(&scan, &key, &value)) {
        struct instrument instrument = {0};
        err = read(&scratch, key, value, &instrument, arg);
        if (!err) {
            err = instrument_list_add(list, &instrument);
        } else if (err == ERR_DAMAGED) {
            err = ERR_OK;
        }
    }
    venue_frame_release(&scratch);
    return err;
}

enum err field_no_list(const struct venue_frame *scratch, const char *url)
{
    return err_fail(ERR_DAMAGED, "answer of '%s' holds no instrument list: %s", url,
                    scratch->error[0] != '\0' ? scratch->error : "it is none");
}

void field_refusal(struct venue_frame *frame, struct json_span text, struct json_span detail)
{
    char head[VENUE_ERROR_MAX / 2] = "refused", tail[VENUE_ERROR_MAX / 2 - 2];
    frame->kind = VENUE_ACK;
    if (text.kind == SPAN_STRING && text.size > 0) {
        json_scan_excerpt(text, head, sizeof head);
    }
    if (detail.kind == SPAN_STRING && detail.size > 0) {
        json_scan_excerpt(detail, tail, sizeof tail);
        snprintf(frame->error, sizeof frame->error, "%s: %s", head, tail);
    } else {
        snprintf(frame->error, sizeof frame->error, "%s", head);
    }
}

void field_common_symbol(struct venue_frame *frame)
{
    frame->symbol[0] = '\0';
    for (size_t i = 1; i < frame->trade_count; i++) {
        if (strcmp(frame->trades[i].symbol, frame->trades[0].symbol) != 0) {
            return;
        }
    }
    if (frame->trade_count > 0) {
        memcpy(frame->symbol, frame->trades[0].symbol, sizeof frame->symbol);
    }
}

static void finish_trades(struct venue_frame *frame)
{
    venue_frame_sort(frame);
    field_common_symbol(frame);
    if (frame->trade_count > 0) {
        frame->source_ns = frame->trades[frame->trade_count - 1].source_ns;
    }
}

enum err field_finish(struct venue_frame *frame, enum err err)
{
    if (err == ERR_LIMIT) {
        venue_frame_malformed(frame, "more than %d trades", VENUE_TRADES_MAX);
    }
    if (err && err != ERR_DAMAGED && err != ERR_LIMIT) {
        venue_frame_clear(frame);
        return err;
    }
    if (frame->kind == VENUE_TRADES) {
        finish_trades(frame);
    }
    return ERR_OK;
}
