#include "replayer/simulate_run.h"

#include "engine/base/io.h"
#include "engine/base/options.h"
#include "engine/tape/tape_writer.h"
#include "replayer/simulate_list.h"
#include "replayer/simulate_truth.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A silent recorder notes that time passes. */
#define TICK_NS NS_PER_S
/* Blocks of a few seconds, as a recorder's would be too small for a tape that is kept. */
#define BLOCK_NS (5 * NS_PER_S)
/* Markets live a little before the recorder comes, so that there is something to put into
 * snapshots. */
#define WARM_UP_NS (10 * NS_PER_S)

struct simulate_run {
    const struct simulate_options *options;
    const struct simulate_faults *faults;
    struct rng rng;
    struct simulate_fair fairs[SIMULATE_BASES_MAX];
    size_t fair_count;
    int64_t fair_ns; /* next step of the fair prices */
    struct simulate_market *markets[SIMULATE_VENUES_MAX];
    struct simulate_feed feeds[SIMULATE_VENUES_MAX];
    size_t feed_count;
    struct simulate_queue queue;
    uint32_t next_connection;
    struct tape_writer *writer;
    struct venue_frame frame;
    struct simulate_truth truth;
    struct simulate_result result;
    int64_t wall_ns; /* of the last record */
};

static const struct simulate_faults fault_levels[] = {
    {.name = "none"},
    {.name = "some",
     .withheld_permille = 6,
     .disorder_permille = 10,
     .late_permille = 250,
     .late_gap_ns = 4 * NS_PER_S,
     .change_ns = 16 * NS_PER_S},
    {.name = "many",
     .withheld_permille = 50,
     .disorder_permille = 80,
     .late_permille = 500,
     .change_ns = 5 * NS_PER_S},
};

static enum err find_faults(const char *name, const struct simulate_faults **out)
{
    for (size_t i = 0; i < sizeof fault_levels / sizeof fault_levels[0]; i++) {
        if (strcmp(fault_levels[i].name, name) == 0) {
            *out = &fault_levels[i];
            return ERR_OK;
        }
    }
    return err_fail(ERR_USAGE, "unknown --faults '%s'; choose none, some or many", name);
}

/* ---- markets and feeds ---------------------------------------------------------------------- */

/* The fair price of a currency; NULL for dollars and what stands for them. */
static enum err find_fair(struct simulate_run *run, const char *name, size_t length,
                          struct simulate_fair **out)
{
    static const char *const dollars[] = {"USD", "USDT", "USDC", "FDUSD", "EUR", "GBP"};
    char base[sizeof run->fairs[0].base];
    if (length >= sizeof base)
        return err_fail(ERR_USAGE, "currency '%.*s' is too long to be simulated", (int)length,
                        name);
    memcpy(base, name, length);
    base[length] = '\0';
    *out = NULL;
    for (size_t i = 0; i < sizeof dollars / sizeof dollars[0]; i++)
        if (strcmp(base, dollars[i]) == 0)
            return ERR_OK;
    for (size_t i = 0; i < run->fair_count; i++)
        if (strcmp(run->fairs[i].base, base) == 0)
            *out = &run->fairs[i];
    if (*out)
        return ERR_OK;
    if (run->fair_count == SIMULATE_BASES_MAX)
        return err_fail(ERR_USAGE, "more than %d currencies; simulate fewer", SIMULATE_BASES_MAX);
    *out = &run->fairs[run->fair_count++];
    simulate_fair_init(*out, base, run->options->seed);
    return ERR_OK;
}

/* A stream for all that a venue draws (FNV-1a of its name, the low bits free for its markets): the
 * same seed gives it the same market whatever other venues are simulated beside it. */
static uint64_t stream_of(const char *venue)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *venue; venue++)
        hash = (hash ^ (uint8_t)*venue) * UINT64_C(0x100000001B3);
    return hash << 8;
}

static enum err init_market(struct simulate_run *run, const struct simulate_feed_options *feed,
                            const char *instrument)
{
    const struct simulate_style *style = feed->style;
    struct simulate_market *market = &feed->markets[feed->market_count];
    const char *dash = strchr(instrument, '-');
    if (!dash)
        return err_fail(ERR_USAGE, "'%s' is no instrument; write BASE-QUOTE, such as BTC-USDT",
                        instrument);
    const char *quote_name = dash + 1;
    struct simulate_fair *base = NULL, *quote = NULL;
    char symbol[SYMBOL_MAX];
    enum err err = find_fair(run, instrument, (size_t)(dash - instrument), &base);
    if (err == ERR_OK)
        err = find_fair(run, quote_name, strcspn(quote_name, "-"), &quote);
    if (err == ERR_OK && !base)
        err =
            err_fail(ERR_USAGE, "'%s' has no price to simulate; its base is a dollar", instrument);
    if (err == ERR_OK)
        err = feed->venue->symbol(instrument, symbol);
    if (err != ERR_OK)
        return err;
    bool is_btc = strcmp(base->base, "BTC") == 0;
    struct simulate_market_options options = {
        .venue = feed->venue,
        .symbol = symbol,
        .digits = simulate_digits_of(base->base, style->coarse_price, style->coarse_quantity),
        .contract_micros = !style->contracts ? 0
                           : is_btc          ? 100 * 1000000
                                             : 10 * 1000000,
        .precision_ns = style->precision_ns,
        .skew_ns = feed->skew_ns,
        .rate = run->options->rate,
        .off_book = style->off_book_channel && strcmp(style->off_book_channel, feed->channel) == 0,
        .seed = feed->seed,
        .stream = feed->stream + feed->market_count + 1,
    };
    options.digits.tick = is_btc ? style->tick : 1;
    if (style->fine_quantity || quote)
        options.digits.quantity = 8;
    if (quote)
        options.digits.price = 8;
    if (style->contracts)
        options.digits.quantity = 0;
    return simulate_market_init(market, &options, base, quote, run->options->start_ns - WARM_UP_NS);
}

/* Exchange clocks are off by some tens of milliseconds, some by more than a second. */
static int64_t draw_skew(struct rng *rng)
{
    if (rng_chance(rng, 250))
        return rng_between(rng, 900, 1300) * NS_PER_MS;
    return rng_between(rng, -40000, 90000) * NS_PER_US;
}

/* Whether the venue has this channel of trades. */
static bool has_channel(const struct venue *venue, const struct simulate_style *style,
                        const char *channel)
{
    if (!channel || (style->book_channel && strcmp(style->book_channel, channel) == 0))
        return false;
    const struct venue_channel *known = venue_channel_find(venue->recording, channel);
    if (known && known->role == ROLE_TRADES && strcmp(known->name, channel) == 0)
        return true;
    return style->off_book_channel && strcmp(style->off_book_channel, channel) == 0;
}

static enum err find_venue(const char *name, const struct venue **out,
                           const struct simulate_style **out_style)
{
    enum err err = venue_get(out, name);
    if (err != ERR_OK)
        return err;
    *out_style = simulate_style_find(name);
    if (*out_style && (*out)->recording && (*out)->serving)
        return ERR_OK;
    char names[256] = "";
    for (size_t i = 0; simulate_style_at(i); i++) {
        size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                 simulate_style_at(i)->venue);
    }
    return err_fail(ERR_USAGE, "venue '%s' cannot be simulated; choose of %s", name, names);
}

static enum err init_markets(struct simulate_run *run, struct simulate_feed_options *feed)
{
    char storage[256];
    const char *usual[SIMULATE_MARKETS_MAX];
    const char *const *names = run->options->instruments;
    size_t count = run->options->instrument_count;
    if (count == 0) {
        enum err err = options_split(feed->style->instruments, storage, sizeof storage, usual,
                                     SIMULATE_MARKETS_MAX, &count);
        if (err != ERR_OK)
            return err;
        names = usual;
    }
    if (count > SIMULATE_MARKETS_MAX)
        return err_fail(ERR_USAGE, "more than %d instruments; simulate fewer",
                        SIMULATE_MARKETS_MAX);
    feed->markets = calloc(count, sizeof *feed->markets);
    if (!feed->markets)
        return err_fail(ERR_NOMEM, "no memory for the simulation");
    run->markets[run->feed_count] = feed->markets;
    for (size_t i = 0; i < count; i++) {
        enum err err = init_market(run, feed, names[i]);
        if (err != ERR_OK)
            return err;
        feed->market_count++;
    }
    return ERR_OK;
}

static enum err init_feed(struct simulate_run *run, const char *name)
{
    size_t index = run->feed_count;
    struct simulate_feed_options feed = {
        .faults = run->faults,
        .seed = run->options->seed,
        .stream = stream_of(name),
        .queue = &run->queue,
        .next_connection = &run->next_connection,
    };
    for (size_t i = 0; i < index; i++)
        if (strcmp(run->feeds[i].options.venue->name, name) == 0)
            return err_fail(ERR_USAGE, "venue '%s' is given twice", name);
    enum err err = find_venue(name, &feed.venue, &feed.style);
    if (err != ERR_OK)
        return err;
    bool asked = has_channel(feed.venue, feed.style, run->options->channel);
    feed.channel = asked ? run->options->channel : feed.venue->recording->channels[0].name;
    struct rng rng;
    rng_init(&rng, feed.seed, feed.stream + SIMULATE_MARKETS_MAX + 1);
    feed.skew_ns = draw_skew(&rng);
    err = init_markets(run, &feed);
    if (err == ERR_OK)
        err = simulate_feed_init(&run->feeds[index], &feed, run->options->start_ns);
    if (err == ERR_OK)
        run->feed_count++;
    return err;
}

/* ---- the recorder --------------------------------------------------------------------------- */

static enum err append(struct simulate_run *run, struct record *record)
{
    /* Some uptime of the machine lies before the start. */
    record->mono_ns = record->wall_ns - run->options->start_ns + NS_PER_HOUR;
    run->wall_ns = record->wall_ns;
    run->result.records++;
    enum err err = tape_writer_append(run->writer, record);
    if (err == ERR_OK)
        err = tape_writer_work(run->writer, record->mono_ns);
    return err;
}

static enum err append_config(struct simulate_run *run)
{
    struct buf text;
    buf_init(&text, RECORD_DATA_MAX);
    enum err err = buf_append_text(&text, "{\"program\":\"rewick simulate\",");
    if (err == ERR_OK)
        err = engine_config_write(&run->options->engine, &text);
    if (err == ERR_OK)
        err = buf_append_byte(&text, '}');
    struct record record = {
        .type = RECORD_CONFIG,
        .venue = "",
        .wall_ns = run->options->start_ns,
        .source_ns = RECORD_NO_TIME,
        .data = text.data,
        .size = text.size,
    };
    if (err == ERR_OK)
        err = append(run, &record);
    buf_release(&text);
    return err;
}

/* What the recorder asked for before it connected. */
static enum err append_list(struct simulate_run *run, const struct simulate_feed_options *feed)
{
    struct buf body, data;
    buf_init(&body, RECORD_DATA_MAX);
    buf_init(&data, RECORD_DATA_MAX);
    enum err err = ERR_OK;
    for (size_t page = 0; err == ERR_OK; page++) {
        err = simulate_list_page(feed, run->options->start_ns, page, &body, &data);
        struct record record = {
            .type = RECORD_HTTP,
            .venue = feed->venue->name,
            .wall_ns = run->options->start_ns,
            .source_ns = RECORD_NO_TIME,
            .data = data.data,
            .size = data.size,
        };
        if (err == ERR_OK)
            err = append(run, &record);
    }
    buf_release(&body);
    buf_release(&data);
    return err == ERR_END ? ERR_OK : err;
}

static enum err append_ticks(struct simulate_run *run, int64_t until_ns)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && until_ns - run->wall_ns > TICK_NS) {
        struct record record = {
            .type = RECORD_TICK,
            .venue = "",
            .wall_ns = run->wall_ns + TICK_NS,
            .source_ns = RECORD_NO_TIME,
        };
        err = append(run, &record);
    }
    return err;
}

static struct simulate_feed *feed_of(struct simulate_run *run, const struct venue *venue)
{
    size_t i = 0;
    while (run->feeds[i].options.venue != venue)
        i++;
    return &run->feeds[i];
}

static enum err receive(struct simulate_run *run, const struct simulate_item *item)
{
    struct simulate_feed *feed = feed_of(run, item->venue);
    struct record record = {
        .type = item->type,
        .venue = item->venue->name,
        .connection = item->connection,
        .wall_ns = item->wall_ns,
        .source_ns = item->source_ns,
        .data = simulate_item_data(item),
        .size = item->size,
    };
    if (item->type == RECORD_RECEIVED) {
        if (!simulate_feed_is_open(feed, item->connection))
            return ERR_OK;
        run->frame.connection = item->connection;
        enum err err = item->venue->decode(record.data, record.size, &run->frame);
        if (err != ERR_OK)
            return err;
        record.source_ns = run->frame.source_ns;
        simulate_feed_received(feed, item);
    }
    enum err err = append_ticks(run, item->wall_ns);
    return err == ERR_OK ? append(run, &record) : err;
}

static enum err drain(struct simulate_run *run, int64_t until_ns)
{
    struct simulate_item item;
    enum err err = ERR_OK;
    while (err == ERR_OK && simulate_queue_pop(&run->queue, until_ns, &item)) {
        err = receive(run, &item);
        free(item.ids);
    }
    return err;
}

/* ---- truth ---------------------------------------------------------------------------------- */

/* The market whose oldest kept trade came first of all; NULL when none is left. */
static struct simulate_market *oldest_market(struct simulate_run *run)
{
    struct simulate_market *oldest = NULL;
    for (size_t i = 0; i < run->feed_count; i++) {
        for (size_t j = 0; j < run->feeds[i].options.market_count; j++) {
            struct simulate_market *market = &run->markets[i][j];
            const struct simulate_trade *trade = simulate_market_oldest(market);
            if (trade && (!oldest || trade->true_ns < simulate_market_oldest(oldest)->true_ns))
                oldest = market;
        }
    }
    return oldest;
}

/* Hands on the trades from before `until_ns`, whose fate is settled. */
static enum err settle(struct simulate_run *run, int64_t until_ns)
{
    struct simulate_market *market;
    while ((market = oldest_market(run)) != NULL) {
        const struct simulate_trade *trade = simulate_market_oldest(market);
        if (trade->true_ns >= until_ns)
            return ERR_OK;
        run->result.trades++;
        run->result.counted += simulate_trade_counts(trade);
        enum err err = simulate_truth_trade(&run->truth, market, trade);
        if (err != ERR_OK)
            return err;
        simulate_market_forget(market);
    }
    return ERR_OK;
}

static enum err finish_truth(struct simulate_run *run)
{
    const struct simulate_options *options = run->options;
    struct buf json;
    buf_init(&json, RECORD_DATA_MAX);
    enum err err = buf_printf(
        &json,
        "{\n  \"seed\": %" PRIu64 ", \"faults\": \"%s\", \"rate\": %" PRId64
        ",\n  \"start_ns\": %" PRId64 ", \"length_ns\": %" PRId64 ",\n  \"records\": %" PRIu64
        ", \"trades\": %" PRIu64 ", \"counted\": %" PRIu64 ",\n  \"venues\": {\n",
        options->seed, options->faults, options->rate, options->start_ns, options->length_ns,
        run->result.records, run->result.trades, run->result.counted);
    for (size_t i = 0; err == ERR_OK && i < run->feed_count; i++) {
        err = simulate_truth_feed(&run->feeds[i], &json);
        if (err == ERR_OK)
            err = buf_append_text(&json, i + 1 < run->feed_count ? ",\n" : "\n  }\n}\n");
    }
    if (err == ERR_OK)
        err = simulate_truth_finish(&run->truth, &json);
    buf_release(&json);
    return err;
}

/* ---- the run -------------------------------------------------------------------------------- */

static enum err step_fairs(struct simulate_run *run)
{
    for (size_t i = 0; i < run->fair_count; i++)
        simulate_fair_step(&run->fairs[i]);
    run->fair_ns += SIMULATE_FAIR_STEP;
    return settle(run, run->fair_ns - SIMULATE_WINDOW_NS);
}

/* The feed that has something to do next; NULL: the fair prices are first. */
static struct simulate_feed *next_feed(struct simulate_run *run, int64_t *out_ns)
{
    struct simulate_feed *next = NULL;
    *out_ns = run->fair_ns;
    for (size_t i = 0; i < run->feed_count; i++) {
        int64_t due_ns = simulate_feed_next(&run->feeds[i]);
        if (due_ns < *out_ns) {
            *out_ns = due_ns;
            next = &run->feeds[i];
        }
    }
    return next;
}

static enum err play(struct simulate_run *run)
{
    int64_t end_ns = run->options->start_ns + run->options->length_ns;
    enum err err = append_config(run);
    for (size_t i = 0; err == ERR_OK && i < run->feed_count; i++)
        err = append_list(run, &run->feeds[i].options);
    while (err == ERR_OK) {
        int64_t now_ns;
        struct simulate_feed *feed = next_feed(run, &now_ns);
        if (now_ns >= end_ns)
            break;
        err = drain(run, now_ns);
        if (err == ERR_OK)
            err = feed ? simulate_feed_step(feed, now_ns) : step_fairs(run);
    }
    if (err == ERR_OK)
        err = drain(run, end_ns - 1);
    for (size_t i = 0; err == ERR_OK && i < run->feed_count; i++)
        err = simulate_feed_stop(&run->feeds[i], end_ns);
    if (err == ERR_OK)
        err = drain(run, end_ns);
    if (err == ERR_OK)
        err = settle(run, INT64_MAX);
    return err;
}

static enum err open_tape(struct simulate_run *run)
{
    struct stat there;
    if (stat(run->options->tape, &there) == 0)
        return err_fail(ERR_USAGE, "'%s' exists already; give a new name with --out",
                        run->options->tape);
    struct tape_writer_options options = {
        .flush_ns = BLOCK_NS,
        .sync_ns = NS_PER_WEEK,
        .level = 12,
        .wall_ns = run->options->start_ns,
    };
    for (size_t i = 0; i < 4; i++)
        options.random[i] = rng_next(&run->rng);
    return tape_writer_open(&run->writer, io_posix(), run->options->tape, &options);
}

static enum err init_run(struct simulate_run *run, const struct simulate_options *options)
{
    run->options = options;
    run->next_connection = 1;
    run->fair_ns = options->start_ns - WARM_UP_NS;
    run->wall_ns = options->start_ns;
    rng_init(&run->rng, options->seed, 0);
    simulate_queue_init(&run->queue);
    venue_frame_init(&run->frame);
    enum err err = find_faults(options->faults, &run->faults);
    for (size_t i = 0; err == ERR_OK && i < options->venue_count; i++)
        err = init_feed(run, options->venues[i]);
    if (err == ERR_OK)
        err = open_tape(run);
    if (err == ERR_OK)
        err = simulate_truth_open(&run->truth, options->truth);
    return err;
}

static void release_run(struct simulate_run *run)
{
    for (size_t i = 0; i < SIMULATE_VENUES_MAX; i++) {
        size_t count = i < run->feed_count ? run->feeds[i].options.market_count : 0;
        for (size_t j = 0; j < count; j++)
            simulate_market_release(&run->markets[i][j]);
        free(run->markets[i]);
        if (i < run->feed_count)
            simulate_feed_release(&run->feeds[i]);
    }
    simulate_queue_release(&run->queue);
    venue_frame_release(&run->frame);
    simulate_truth_release(&run->truth);
}

enum err simulate_run(const struct simulate_options *options, struct simulate_result *out)
{
    struct simulate_run *run = calloc(1, sizeof *run);
    if (!run)
        return err_fail(ERR_NOMEM, "no memory for the simulation");
    enum err err = init_run(run, options);
    if (err == ERR_OK)
        err = play(run);
    if (run->writer && err == ERR_OK) {
        err = tape_writer_close(run->writer);
        run->writer = NULL;
    }
    tape_writer_abandon(run->writer);
    if (err == ERR_OK)
        err = finish_truth(run);
    *out = run->result;
    release_run(run);
    free(run);
    return err;
}
