/*
 * Fuzzes the watch and the plan of repairs with records, frames and time that the input chooses.
 * Input: see fuzz_records.h; and pieces of these types:
 *
 *     a   the answer to the request that was ordered last; the data are its body
 *     b   the same with status 500
 *     o   a connection opens and wants everything
 *     l   the connection is lost
 *     f   the queue of orders is full, or no longer
 *     p   a frame of an older session; only before all else
 *
 * Beyond crashes: orders can be carried out (targets without blanks, data that are JSON, one
 * request at a time), lines are lines, numbers agree, and every hole is closed or told in the end.
 */
#include "engine/base/log.h"
#include "engine/engine_answer.h"
#include "recorder/capture_watch.h"
#include "tests/fuzz/fuzz_records.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* After this much time a few holes are closed or told, however the venue behaves. */
#define END_NS    (4 * NS_PER_HOUR)
#define END_HOLES 4

static struct {
    bool full, asked;
    struct stamp now, asked_at;
    char target[ORDER_TEXT_MAX];
} state;

static void check_line(const char *text, size_t size)
{
    assert(memchr(text, '\0', size));
    for (; *text; text++)
        assert((unsigned char)*text >= ' ');
}

static void check_fetch(const struct order *order)
{
    assert(!state.asked || state.now.mono_ns - state.asked_at.mono_ns >= REPAIR_ANSWER_NS);
    assert(order->text[0] == '/' && !strpbrk(order->text, " #"));
    state.asked = true;
    state.asked_at = state.now;
    memcpy(state.target, order->text, sizeof state.target);
}

static void check_note(const struct order *order)
{
    assert(order->record == RECORD_GAP && order->venue);
    json_t *json = json_loadb(order->data ? order->data : order->text,
                              order->data ? order->size : strlen(order->text), 0, NULL);
    assert(json_is_object(json));
    json_decref(json);
    free(order->data);
}

static enum err give(const struct order *order, void *arg)
{
    (void)arg;
    check_line(order->text, sizeof order->text);
    if (state.full)
        return err_fail(ERR_LIMIT, "full");
    if (order->kind == ORDER_FETCH)
        check_fetch(order);
    else if (order->kind == ORDER_NOTE)
        check_note(order);
    else
        assert(order->connection > 0 || order->venue);
    return ERR_OK;
}

/* Two instruments, on two channels where the venue has more than trades. */
static bool make_plan(struct record_plan *plan, const struct venue *venue)
{
    static const char *const names[] = {"BTC-USDT",      "BTC-USD",      "ETH-USDT",     "ETH-USD",
                                        "BTC-USDT-PERP", "BTC-USD-PERP", "ETH-USDT-PERP"};
    if (!venue->recording)
        return false;
    struct plan_venue *at = &plan->venues[0];
    plan->venue_count = 1;
    *at = (struct plan_venue){.venue = venue, .redundancy = 1};
    at->instruments = calloc(2, sizeof *at->instruments);
    assert(at->instruments);
    for (size_t i = 0; i < sizeof names / sizeof names[0] && at->count < 2; i++) {
        struct instrument *instrument = &at->instruments[at->count];
        char symbol[SYMBOL_MAX];
        if (venue->symbol(names[i], symbol) == ERR_OK) {
            venue->describe(symbol, instrument);
            if (!instrument->request_symbol[0])
                memcpy(instrument->request_symbol, instrument->symbol, SYMBOL_MAX);
            at->count++;
        }
    }
    for (size_t i = 0; i < 2 && venue->recording->channels[i].name; i++)
        at->streams[at->stream_count++].channel = &venue->recording->channels[i];
    if (venue->rest && ws_url_parse_http(&at->rest, venue->rest->url) != ERR_OK)
        abort();
    return at->count > 0;
}

static enum err write_open(struct buf *out, const struct plan_venue *plan)
{
    enum err err =
        buf_printf(out, "{\"event\":\"open\",\"url\":\"wss://x\",\"link\":1,\"wanted\":{");
    for (size_t i = 0; !err && i < plan->stream_count; i++) {
        err = buf_printf(out, "%s\"%s\":[", i ? "," : "", plan->streams[i].channel->name);
        for (size_t k = 0; !err && k < plan->count; k++)
            err = buf_printf(out, "%s\"%s\"", k ? "," : "", plan->instruments[k].symbol);
        err = err ? err : buf_append_text(out, "]");
    }
    return err ? err : buf_append_text(out, "}}");
}

/* What the letters of this fuzzer make of a piece. */
static void rewrite(struct fuzz_records *in, const struct plan_venue *plan, struct buf *out)
{
    enum err err = ERR_OK;
    buf_clear(out);
    if (in->type == 'a' || in->type == 'b') {
        struct engine_asked asked = {.method = "GET",
                                     .host = plan->rest.text,
                                     .target = state.target,
                                     .status = in->type == 'a' ? 200 : 500};
        err = engine_answer_tell(out, &asked, in->record.data, in->record.size);
        in->record.type = RECORD_HTTP;
        in->record.connection = 0;
    } else if (in->type == 'o') {
        err = write_open(out, plan);
        in->record.type = RECORD_CONNECTION;
    } else if (in->type == 'l') {
        err = buf_append_text(out, "{\"event\":\"close\",\"reason\":\"cut\",\"planned\":false}");
        in->record.type = RECORD_CONNECTION;
    } else {
        return;
    }
    assert(!err);
    in->record.data = out->data;
    in->record.size = out->size;
}

/* As capture_intake does it. */
static const struct venue_frame *decode(const struct fuzz_records *in, struct venue_frame *frame)
{
    const struct venue *venue = in->venue;
    enum err err = ERR_OK;
    bool decoded = in->record.type == RECORD_RECEIVED;
    frame->connection = in->record.connection;
    if (decoded)
        err = venue->decode(in->record.data, in->record.size, frame);
    else if (in->record.type == RECORD_HTTP)
        err = engine_answer_decode(&in->record, venue, NULL, frame, &decoded);
    assert(!err);
    return decoded ? frame : NULL;
}

static void check_health(struct capture_watch *watch)
{
    struct watch_venue venue;
    const char *text = NULL;
    assert(capture_watch_venue_count(watch) == 1);
    capture_watch_venue(watch, 0, state.now, &venue);
    check_line(venue.why, sizeof venue.why);
    assert((venue.health == HEALTH_UP) == (venue.why[0] == '\0'));
    assert((venue.health == HEALTH_DOWN) == (venue.score == 0) && venue.score <= 100);
    assert(venue.repair.open <= venue.repair.holes && venue.repair.given_up <= venue.repair.holes);
    assert(venue.repair.filled <= venue.repair.missing);
    for (size_t i = 0; i < venue.connection_count; i++) {
        const struct watch_connection *at = &venue.connections[i];
        assert(at->confirmed + at->refused <= at->wanted);
    }
    if (capture_watch_all_refused(watch, state.now.mono_ns, &text) && text)
        check_line(text, 1024);
}

static void work(struct capture_watch *watch, int64_t step_ns)
{
    state.now.mono_ns += step_ns;
    state.now.wall_ns += step_ns;
    capture_watch_work(watch, state.now);
}

/* Nobody answers any more. */
static void end(struct capture_watch *watch)
{
    struct watch_venue venue;
    capture_watch_venue(watch, 0, state.now, &venue);
    bool few = venue.repair.open <= END_HOLES;
    state.full = false;
    for (int64_t passed = 0; venue.repair.open && few && passed < END_NS; passed += 20 * NS_PER_S) {
        work(watch, 20 * NS_PER_S);
        capture_watch_venue(watch, 0, state.now, &venue);
    }
    assert(!few || venue.repair.open == 0);
    work(watch, 400 * NS_PER_S);
    check_health(watch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record_plan plan;
    struct fuzz_records in;
    struct capture_watch *watch = NULL;
    struct venue_frame frame;
    struct buf out;
    bool live = false; /* the older session is over */
    log_set_quiet(1);
    log_set_limit(1);
    if (size > 8192 || !fuzz_records_open(&in, data, size) || !make_plan(&plan, in.venue))
        return 0;
    memset(&state, 0, sizeof state);
    struct capture_watch_options options = {.plan = &plan, .give = give};
    enum err err = capture_watch_new(&watch, &options);
    assert(!err);
    venue_frame_init(&frame);
    buf_init(&out, 1 << 16);
    while (fuzz_records_next(&in)) {
        state.now = (struct stamp){in.record.wall_ns, in.record.mono_ns};
        rewrite(&in, &plan.venues[0], &out);
        if (in.type == 'f') {
            state.full = !state.full;
            continue;
        }
        const struct venue_frame *seen = decode(&in, &frame);
        if (in.record.type == RECORD_HTTP)
            state.asked = false;
        live |= in.type != 'p';
        err = live ? capture_watch_see(watch, &in.record, seen)
                   : capture_watch_recall(watch, &in.record, seen);
        assert(!err);
        work(watch, 0);
        check_health(watch);
    }
    end(watch);
    capture_watch_free(watch);
    venue_frame_release(&frame);
    buf_release(&out);
    record_plan_release(&plan);
    plan = (struct record_plan){0};
    return 0;
}
