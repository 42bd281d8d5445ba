#include "engine/sink/rpc_compare.h"

#include "engine/sink/candle_message.h"
#include "engine/sink/compare_store.h"

#include "rewick/v1/market_data.pb-c.h"

#include <stdlib.h>
#include <string.h>

/* One request under way. */
struct question {
    struct store_job job;
    struct rpc_call *call;
    struct store_pool *pool;
    Rewick__V1__CompareVenuesRequest *request;
    struct compare_store_query query;
    struct buf response;
};

static void free_question(struct question *question)
{
    buf_release(&question->response);
    rewick__v1__compare_venues_request__free_unpacked(question->request, NULL);
    free(question);
}

static void refuse(struct question *question, grpc_status_code status, const char *text)
{
    rpc_fail(question->call, status, "%s", text);
    free_question(question);
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* What one venue's message points to. */
struct venue_texts {
    char venue[64], symbol[2 * SYMBOL_MAX], channel[2 * CHANNEL_MAX];
    char close[COMPARE_FIELD_MAX], vwap[COMPARE_FIELD_MAX], volume[COMPARE_FIELD_MAX];
    char last[COMPARE_FIELD_MAX], mean[COMPARE_FIELD_MAX], size[COMPARE_FIELD_MAX];
    char score[COMPARE_FIELD_MAX];
    Rewick__V1__Spread spread;
    Rewick__V1__Lead lead;
    Rewick__V1__LatencyMetrics latency;
    Rewick__V1__ComparedVenue message;
};

static char *field(const struct venue_comparison *comparison, const struct compare_row *row,
                   enum compare_column column, char text[COMPARE_FIELD_MAX])
{
    if (!compare_field(comparison, row, column, text))
        text[0] = '\0';
    return text;
}

static void fill_values(struct venue_texts *texts, const struct venue_comparison *comparison,
                        const struct compare_row *row)
{
    Rewick__V1__ComparedVenue *message = &texts->message;
    candle_message_name(texts->venue, sizeof texts->venue, row->venue);
    candle_message_name(texts->symbol, sizeof texts->symbol, row->symbol);
    candle_message_name(texts->channel, sizeof texts->channel, row->channel);
    message->venue = texts->venue;
    message->symbol = texts->symbol;
    message->channel = texts->channel;
    message->volume_unit = (Rewick__V1__VolumeUnit)((int)row->volume_unit + 1);
    message->close = field(comparison, row, COMPARE_close, texts->close);
    message->vwap = field(comparison, row, COMPARE_vwap, texts->vwap);
    message->volume = field(comparison, row, COMPARE_volume, texts->volume);
    message->score = field(comparison, row, COMPARE_score, texts->score);
    if (row->has_share) {
        message->optional_share_case = REWICK__V1__COMPARED_VENUE__OPTIONAL_SHARE_SHARE_PPM;
        message->share_ppm = row->share_ppm;
    }
    if (row->has_uptime) {
        message->optional_uptime_case = REWICK__V1__COMPARED_VENUE__OPTIONAL_UPTIME_UPTIME_PPM;
        message->uptime_ppm = row->uptime_ppm;
    }
}

static void fill_counts(Rewick__V1__ComparedVenue *message, const struct compare_row *row)
{
    message->candles = row->candles;
    message->trades = row->trades;
    message->missing = row->missing;
    message->no_data = row->no_data;
    message->duplicates = row->duplicates;
    message->late = row->late;
    message->malformed = row->malformed;
    message->dropped = row->dropped;
    message->suspect = row->suspect;
}

static void fill_against(struct venue_texts *texts, const struct venue_comparison *comparison,
                         const struct compare_row *row)
{
    rewick__v1__spread__init(&texts->spread);
    texts->spread.last_bps = field(comparison, row, COMPARE_spread_last_bps, texts->last);
    texts->spread.mean_bps = field(comparison, row, COMPARE_spread_mean_bps, texts->mean);
    texts->spread.size_bps = field(comparison, row, COMPARE_spread_size_bps, texts->size);
    texts->spread.windows = row->spread_windows;
    texts->message.spread = row->has_spread ? &texts->spread : NULL;
    rewick__v1__lead__init(&texts->lead);
    texts->lead.bars = row->lag.lead;
    texts->lead.correlation_permille = row->lag.permille;
    texts->lead.pairs = row->lag.pairs;
    texts->message.lead = row->lag.found ? &texts->lead : NULL;
}

static void fill_latency(struct venue_texts *texts, const struct latency_figures *figures)
{
    Rewick__V1__LatencyMetrics *latency = &texts->latency;
    rewick__v1__latency_metrics__init(latency);
    latency->count = figures->count;
    latency->min_ns = figures->min;
    latency->mean_ns = figures->mean;
    latency->p50_ns = figures->p50;
    latency->p90_ns = figures->p90;
    latency->p99_ns = figures->p99;
    latency->max_ns = figures->max;
    texts->message.latency = figures->count > 0 ? latency : NULL;
}

/* CompareVenuesResponse.comparisons: packed as a response of one, of which there may be several one
 * behind the other. */
static enum err append(struct buf *out, Rewick__V1__VenueComparison *comparison)
{
    Rewick__V1__CompareVenuesResponse response;
    rewick__v1__compare_venues_response__init(&response);
    response.n_comparisons = 1;
    response.comparisons = &comparison;
    enum err err = buf_reserve(out, protobuf_c_message_get_packed_size(&response.base));
    if (err == ERR_OK)
        out->size += protobuf_c_message_pack(&response.base, out->data + out->size);
    return err;
}

static enum err append_comparison(struct buf *out, const struct venue_comparison *comparison,
                                  Rewick__V1__ComparedVenue **venues)
{
    char instrument[2 * INSTRUMENT_MAX], reference[64], bar[BAR_TEXT_MAX], lag_bar[BAR_TEXT_MAX];
    Rewick__V1__VenueComparison message;
    rewick__v1__venue_comparison__init(&message);
    candle_message_name(instrument, sizeof instrument, comparison->instrument);
    candle_message_name(reference, sizeof reference, comparison->reference);
    bar_format(bar, comparison->bar);
    bar_format(lag_bar, comparison->lag_bar);
    message.instrument = instrument;
    message.reference = reference;
    message.bar = bar;
    message.lag_bar = lag_bar;
    message.from_ns = comparison->from_ns;
    message.to_ns = comparison->to_ns;
    message.windows = comparison->windows;
    message.n_venues = comparison->row_count;
    message.venues = venues;
    return append(out, &message);
}

static enum err add_comparison(const struct venue_comparison *comparison, void *arg)
{
    struct question *question = arg;
    size_t count = comparison->row_count;
    struct venue_texts *texts = calloc(count, sizeof *texts);
    Rewick__V1__ComparedVenue **venues = calloc(count, sizeof *venues);
    enum err err = texts && venues ? ERR_OK : err_fail(ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        const struct compare_row *row = &comparison->rows[i];
        rewick__v1__compared_venue__init(&texts[i].message);
        fill_values(&texts[i], comparison, row);
        fill_counts(&texts[i].message, row);
        fill_against(&texts[i], comparison, row);
        fill_latency(&texts[i], &row->latency);
        venues[i] = &texts[i].message;
    }
    if (err == ERR_OK)
        err = append_comparison(&question->response, comparison, venues);
    free(venues);
    free(texts);
    return err == ERR_LIMIT ? err_fail(err, "the answer is larger than %d bytes; ask for less",
                                       RPC_RESPONSE_BYTES_MAX)
                            : err;
}

/* ---- asking the store ------------------------------------------------------------------------ */

static bool is_stopping(void *arg)
{
    struct question *question = arg;
    return store_pool_stopping(question->pool);
}

static enum err answer(struct question *question, struct candle_store *store)
{
    struct venue_compare *compare = NULL;
    enum err err = compare_store_read(&compare, store, &question->query);
    if (err == ERR_OK)
        err = venue_compare_each(compare, question->query.instrument_count > 0 ? 1 : 2,
                                 add_comparison, question);
    venue_compare_free(compare);
    return err;
}

static void finish(struct question *question, enum err err)
{
    static const struct {
        enum err err;
        grpc_status_code status;
    } statuses[] = {
        {ERR_UNKNOWN, GRPC_STATUS_NOT_FOUND},
        {ERR_LIMIT, GRPC_STATUS_RESOURCE_EXHAUSTED},
        {ERR_DAMAGED, GRPC_STATUS_DATA_LOSS},
    };
    grpc_status_code status = GRPC_STATUS_UNAVAILABLE;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        status = statuses[i].err == err ? statuses[i].status : status;
    if (err == ERR_STOP) {
        refuse(question, status, "server is shutting down");
    } else if (err != ERR_OK) {
        refuse(question, status, err_text(err));
    } else {
        rpc_reply_slice(question->call,
                        grpc_slice_from_copied_buffer((const char *)question->response.data,
                                                      question->response.size));
        free_question(question);
    }
}

static void run(struct store_job *job, struct candle_store *store, const char *error)
{
    struct question *question = (struct question *)((char *)job - offsetof(struct question, job));
    if (store == NULL)
        refuse(question, GRPC_STATUS_UNAVAILABLE, error);
    else
        finish(question, answer(question, store));
}

/* ---- the request ----------------------------------------------------------------------------- */

static enum err parse_bar(struct bar *out, const char *text, const char *member)
{
    enum err err = bar_parse(out, text);
    if (err == ERR_OK && out->kind != BAR_TIME)
        err = err_fail(ERR_USAGE, "'%s' is no length of time; write it like 1m", text);
    return err == ERR_OK ? err : err_context(err, "%s", member);
}

static enum err check(struct question *question)
{
    const Rewick__V1__CompareVenuesRequest *request = question->request;
    struct compare_store_query *query = &question->query;
    query->instruments = (const char *const *)request->instruments;
    query->instrument_count = request->n_instruments;
    query->options.from_ns = request->from_ns ? request->from_ns : INT64_MIN;
    query->options.to_ns = request->to_ns ? request->to_ns : INT64_MAX;
    query->lag_bar_said = request->lag_bar[0] != '\0';
    query->rows_max = RPC_COMPARE_ROWS_MAX;
    query->stop = is_stopping;
    query->arg = question;
    if (request->n_instruments > CANDLE_STORE_NAMES_MAX)
        return err_fail(ERR_USAGE, "instruments: %zu, %d is the most", request->n_instruments,
                        CANDLE_STORE_NAMES_MAX);
    enum err err =
        parse_bar(&query->options.bar, request->bar[0] != '\0' ? request->bar : "1m", "bar");
    return err == ERR_OK ? parse_bar(&query->options.lag_bar,
                                     query->lag_bar_said ? request->lag_bar : "1s", "lag_bar")
                         : err;
}

void rpc_compare_serve(struct rpc_call *call, const uint8_t *data, size_t size, void *pool)
{
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL) {
        rpc_fail(call, GRPC_STATUS_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    question->call = call;
    question->pool = pool;
    question->job.run = run;
    buf_init(&question->response, RPC_RESPONSE_BYTES_MAX);
    question->request = rewick__v1__compare_venues_request__unpack(NULL, size, data);
    if (question->request == NULL) {
        rpc_fail(call, GRPC_STATUS_INVALID_ARGUMENT,
                 "the request is not a rewick.v1.CompareVenuesRequest");
        free_question(question);
        return;
    }
    if (check(question) != ERR_OK)
        refuse(question, GRPC_STATUS_INVALID_ARGUMENT, err_text(ERR_USAGE));
    else if (!store_pool_post(question->pool, &question->job, 0))
        refuse(question, GRPC_STATUS_UNAVAILABLE, "server is busy or shutting down; try again");
}
