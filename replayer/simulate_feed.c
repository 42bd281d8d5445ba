#include "replayer/simulate_feed.h"

#include "engine/base/bytes.h"

#include <stdlib.h>
#include <string.h>

#define NEVER INT64_MAX

/* ---- life ----------------------------------------------------------------------------------- */

static bool knows_channel(const struct venue_recording *recording, const char *channel)
{
    return channel && venue_channel_find(recording, channel);
}

static void schedule_change(struct simulate_feed *feed, int64_t now_ns)
{
    int64_t mean = feed->options.faults->change_ns;
    feed->change_ns = mean == 0 ? NEVER : now_ns + mean / 2 + rng_wait(&feed->rng, mean / 2);
}

enum err simulate_feed_init(struct simulate_feed *feed, const struct simulate_feed_options *options,
                            int64_t start_ns)
{
    memset(feed, 0, sizeof *feed);
    feed->options = *options;
    rng_init(&feed->rng, options->seed, options->stream);
    feed->latency_ns = rng_between(&feed->rng, 4 * NS_PER_MS, 45 * NS_PER_MS);
    feed->channels[feed->channel_count++] = options->channel;
    if (knows_channel(options->venue->recording, options->style->book_channel))
        feed->channels[feed->channel_count++] = options->style->book_channel;
    for (size_t i = 0; i < SIMULATE_CONNECTIONS_MAX; i++)
        venue_subscriptions_init(&feed->connections[i].subs);
    buf_init(&feed->frame, RECORD_DATA_MAX);
    buf_init(&feed->message, RECORD_DATA_MAX);
    buf_init(&feed->replies, RECORD_DATA_MAX);
    feed->holds = calloc(SIMULATE_HOLDS_MAX, sizeof *feed->holds);
    feed->batches = calloc(options->market_count, sizeof *feed->batches);
    if (!feed->holds || !feed->batches) {
        simulate_feed_release(feed);
        return err_fail(ERR_NOMEM, "no memory for the simulation of '%s'", options->venue->name);
    }
    for (size_t i = 0; i < options->market_count; i++)
        feed->batches[i].market = &options->markets[i];
    feed->open_ns = start_ns + rng_between(&feed->rng, 1, 20) * NS_PER_MS;
    feed->retire_ns = NEVER;
    feed->outage_next = rng_chance(&feed->rng, 500);
    schedule_change(feed, start_ns);
    feed->heartbeat_ns = options->style->heartbeat ? start_ns + NS_PER_S : NEVER;
    feed->batch_ns = options->style->batch_ns > 0 ? start_ns + options->style->batch_ns : NEVER;
    return ERR_OK;
}

void simulate_feed_release(struct simulate_feed *feed)
{
    for (size_t i = 0; i < SIMULATE_CONNECTIONS_MAX; i++)
        venue_subscriptions_release(&feed->connections[i].subs);
    buf_release(&feed->frame);
    buf_release(&feed->message);
    buf_release(&feed->replies);
    free(feed->holds);
    free(feed->batches);
    memset(feed, 0, sizeof *feed);
}

/* ---- the wire ------------------------------------------------------------------------------- */

/* Mostly close to the base, now and then far off. */
static int64_t draw_latency(struct simulate_feed *feed)
{
    int64_t jitter = rng_wait(&feed->rng, rng_chance(&feed->rng, 8) ? 60 * NS_PER_MS : NS_PER_MS);
    return feed->latency_ns + (jitter > 400 * NS_PER_MS ? 400 * NS_PER_MS : jitter);
}

/* A frame from the venue; a connection keeps their order. */
static enum err push_received(struct simulate_feed *feed, struct simulate_connection *connection,
                              int64_t now_ns, struct simulate_item *item, const uint64_t *ids,
                              const void *data)
{
    int64_t wall_ns = now_ns + draw_latency(feed);
    int64_t earliest = connection->wall_ns + rng_between(&feed->rng, 3, 30) * NS_PER_US;
    item->wall_ns = wall_ns > earliest ? wall_ns : earliest;
    item->type = RECORD_RECEIVED;
    item->venue = feed->options.venue;
    item->connection = connection->number;
    item->source_ns = RECORD_NO_TIME;
    connection->wall_ns = item->wall_ns;
    connection->busy_ns = now_ns;
    return simulate_queue_push(feed->options.queue, item, ids, data);
}

/* Something that the recorder does or notices itself. */
static enum err push_own(struct simulate_feed *feed, enum record_type type, uint32_t connection,
                         int64_t now_ns, const void *data, size_t size)
{
    struct simulate_item item = {
        .wall_ns = now_ns,
        .type = type,
        .venue = feed->options.venue,
        .connection = connection,
        .source_ns = RECORD_NO_TIME,
        .size = size,
    };
    return simulate_queue_push(feed->options.queue, &item, NULL, data);
}

static enum err push_event(struct simulate_feed *feed, uint32_t connection, int64_t now_ns,
                           const char *event, const char *member, const char *text)
{
    buf_clear(&feed->message);
    enum err err =
        buf_printf(&feed->message, "{\"event\":\"%s\",\"%s\":\"%s\"}", event, member, text);
    if (err != ERR_OK)
        return err;
    return push_own(feed, RECORD_CONNECTION, connection, now_ns, feed->message.data,
                    feed->message.size);
}

/* Writes and sends one frame on one connection. */
static enum err send_frame(struct simulate_feed *feed, struct simulate_connection *connection,
                           simulate_write_fn *write, struct simulate_frame *frame, int64_t now_ns)
{
    frame->combined = connection->subs.combined;
    frame->sequence = connection->sequence++;
    frame->venue_ns = now_ns + feed->options.skew_ns + rng_between(&feed->rng, 0, 2 * NS_PER_MS);
    frame->rng = &feed->rng;
    buf_clear(&feed->frame);
    enum err err = write(frame, &feed->frame);
    if (err != ERR_OK)
        return err;
    uint64_t ids[SIMULATE_FRAME_TRADES_MAX];
    for (size_t i = 0; i < frame->count; i++)
        ids[i] = frame->trades[i]->id;
    struct simulate_item item = {
        .market = frame->count > 0 ? frame->market : NULL,
        .snapshot = frame->snapshot,
        .id_count = frame->count,
        .size = feed->frame.size,
    };
    return push_received(feed, connection, now_ns, &item, ids, feed->frame.data);
}

/* The same on every connection that has subscribed to it. */
static enum err send_to_all(struct simulate_feed *feed, simulate_write_fn *write,
                            struct simulate_frame *frame, int64_t now_ns)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < SIMULATE_CONNECTIONS_MAX; i++) {
        struct simulate_connection *connection = &feed->connections[i];
        if (connection->number != 0 &&
            venue_subscriptions_has(&connection->subs, frame->channel, frame->market->symbol))
            err = send_frame(feed, connection, write, frame, now_ns);
    }
    return err;
}

/* ---- trades --------------------------------------------------------------------------------- */

static enum err send_trades(struct simulate_feed *feed, const struct simulate_group *group,
                            int64_t now_ns)
{
    struct simulate_frame frame = {.market = group->market, .channel = feed->options.channel};
    for (size_t i = 0; i < group->count; i++) {
        const struct simulate_trade *trade = simulate_market_trade(group->market, group->ids[i]);
        if (trade)
            frame.trades[frame.count++] = trade;
    }
    if (frame.count == 0)
        return ERR_OK;
    return send_to_all(feed, feed->options.style->trades, &frame, now_ns);
}

static struct simulate_group *batch_of(struct simulate_feed *feed,
                                       const struct simulate_market *market)
{
    return &feed->batches[market - feed->options.markets];
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The trades of a frame are in order of their ids, whenever they came to it. */
static enum err flush_batches(struct simulate_feed *feed, int64_t now_ns)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < feed->options.market_count; i++) {
        struct simulate_group *batch = &feed->batches[i];
        if (batch->count == 0)
            continue;
        qsort(batch->ids, batch->count, sizeof batch->ids[0], by_id);
        err = send_trades(feed, batch, now_ns);
        batch->count = 0;
    }
    return err;
}

static enum err release_group(struct simulate_feed *feed, const struct simulate_group *group,
                              int64_t now_ns)
{
    if (feed->options.style->grouping != GROUP_BATCH)
        return send_trades(feed, group, now_ns);
    struct simulate_group *batch = batch_of(feed, group->market);
    enum err err = ERR_OK;
    if (batch->count + group->count > SIMULATE_FRAME_TRADES_MAX)
        err = flush_batches(feed, now_ns);
    memcpy(batch->ids + batch->count, group->ids, group->count * sizeof group->ids[0]);
    batch->count += group->count;
    return err;
}

/* How long the venue holds a group back; 0 for most. */
static int64_t draw_delay(struct simulate_feed *feed, const struct simulate_group *group)
{
    const struct simulate_faults *faults = feed->options.faults;
    const struct simulate_trade *trade = simulate_market_trade(group->market, group->ids[0]);
    const int64_t bar = 5 * NS_PER_S;
    if (trade->true_ns >= feed->late_ns && bar - trade->source_ns % bar <= 250 * NS_PER_MS &&
        rng_chance(&feed->rng, faults->late_permille)) {
        feed->late_ns = trade->true_ns + faults->late_gap_ns;
        feed->counts.late += group->count;
        return rng_between(&feed->rng, 400, 2600) * NS_PER_MS;
    }
    if (rng_chance(&feed->rng, faults->disorder_permille)) {
        feed->counts.disordered += group->count;
        return rng_between(&feed->rng, 5, 80) * NS_PER_MS;
    }
    return 0;
}

/* A market's first trades come through as they are, so that it is plain where following it began.
 */
static bool is_steady(const struct simulate_market *market)
{
    return market->live && market->next_id - market->first_live_id > 16;
}

static enum err dispatch(struct simulate_feed *feed, struct simulate_group *group, int64_t now_ns)
{
    if (is_steady(group->market)) {
        if (rng_chance(&feed->rng, feed->options.faults->withheld_permille)) {
            feed->counts.withheld += group->count;
            return ERR_OK;
        }
        int64_t delay = draw_delay(feed, group);
        if (delay > 0 && feed->hold_count < SIMULATE_HOLDS_MAX) {
            group->send_ns = now_ns + delay;
            feed->holds[feed->hold_count++] = *group;
            return ERR_OK;
        }
    }
    return release_group(feed, group, now_ns);
}

/* Whether two neighbouring trades of one order share a group. */
static bool joins(const struct simulate_feed *feed, const struct simulate_trade *a,
                  const struct simulate_trade *b)
{
    if (feed->options.style->grouping == GROUP_ORDER)
        return true;
    return feed->options.style->grouping == GROUP_SINGLE &&
           simulate_channel_aggregates(feed->options.channel) && a->aggregate == b->aggregate;
}

static enum err send_book(struct simulate_feed *feed, struct simulate_market *market,
                          int64_t now_ns)
{
    if (!feed->options.style->book || !rng_chance(&feed->rng, 300))
        return ERR_OK;
    struct simulate_frame frame = {.market = market, .channel = feed->options.style->book_channel};
    return send_to_all(feed, feed->options.style->book, &frame, now_ns);
}

static enum err trade_market(struct simulate_feed *feed, struct simulate_market *market,
                             int64_t now_ns)
{
    uint64_t first = 0;
    enum err err = simulate_market_order(market, &first);
    struct simulate_group group = {.market = market};
    for (uint64_t id = first; err == ERR_OK && id < market->next_id; id++) {
        const struct simulate_trade *trade = simulate_market_trade(market, id);
        feed->counts.trades++;
        feed->counts.off_book += trade->off_book != NULL;
        group.ids[group.count++] = id;
        const struct simulate_trade *next = simulate_market_trade(market, id + 1);
        if (next && joins(feed, trade, next))
            continue;
        err = dispatch(feed, &group, now_ns);
        group.count = 0;
    }
    if (err == ERR_OK)
        err = send_book(feed, market, now_ns);
    return err;
}

static enum err release_holds(struct simulate_feed *feed, int64_t now_ns)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < feed->hold_count;) {
        if (feed->holds[i].send_ns > now_ns) {
            i++;
            continue;
        }
        struct simulate_group group = feed->holds[i];
        feed->holds[i] = feed->holds[--feed->hold_count];
        err = release_group(feed, &group, now_ns);
    }
    return err;
}

/* ---- heartbeats ----------------------------------------------------------------------------- */

static enum err beat(struct simulate_feed *feed, struct simulate_connection *connection,
                     int64_t now_ns)
{
    const struct simulate_style *style = feed->options.style;
    struct simulate_frame frame = {.channel = style->heartbeat_channel};
    if (style->heartbeat_when_idle && now_ns - connection->busy_ns < NS_PER_S)
        return ERR_OK;
    enum err err = ERR_OK;
    size_t beats = style->heartbeat_each_symbol ? feed->options.market_count : 1;
    for (size_t i = 0; err == ERR_OK && i < beats; i++) {
        frame.market = &feed->options.markets[i];
        const char *symbol = style->heartbeat_each_symbol ? frame.market->symbol : "";
        if (venue_subscriptions_has(&connection->subs, style->heartbeat_channel, symbol))
            err = send_frame(feed, connection, style->heartbeat, &frame, now_ns);
    }
    return err;
}

static enum err beat_all(struct simulate_feed *feed, int64_t now_ns)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < SIMULATE_CONNECTIONS_MAX; i++)
        if (feed->connections[i].number != 0)
            err = beat(feed, &feed->connections[i], now_ns);
    feed->heartbeat_ns = now_ns + NS_PER_S;
    return err;
}

/* ---- connecting and subscribing ------------------------------------------------------------- */

/* Replies are collected first, so that a snapshot can go before them. */
static enum err keep_reply(const void *data, size_t size, void *arg)
{
    struct simulate_feed *feed = arg;
    uint8_t length[4];
    bytes_put_u32(length, (uint32_t)size);
    enum err err = buf_append(&feed->replies, length, sizeof length);
    if (err == ERR_OK)
        err = buf_append(&feed->replies, data, size);
    return err;
}

static enum err send_replies(struct simulate_feed *feed, struct simulate_connection *connection,
                             int64_t now_ns)
{
    enum err err = ERR_OK;
    for (size_t at = 0; err == ERR_OK && at < feed->replies.size;) {
        struct simulate_item item = {.size = bytes_get_u32(feed->replies.data + at)};
        at += 4;
        err = push_received(feed, connection, now_ns, &item, NULL, feed->replies.data + at);
        at += item.size;
    }
    buf_clear(&feed->replies);
    return err;
}

static bool has_symbol(const char *symbol, void *arg)
{
    const struct simulate_feed *feed = arg;
    for (size_t i = 0; i < feed->options.market_count; i++)
        if (strcmp(feed->options.markets[i].symbol, symbol) == 0)
            return true;
    return false;
}

static enum err send_snapshot(struct simulate_feed *feed, struct simulate_connection *connection,
                              struct simulate_market *market, int64_t now_ns)
{
    size_t max = feed->options.style->snapshot_max;
    struct simulate_frame frame = {
        .market = market, .channel = feed->options.channel, .snapshot = true};
    uint64_t first =
        market->next_id - market->oldest_id > max ? market->next_id - max : market->oldest_id;
    for (uint64_t id = first; id < market->next_id; id++)
        frame.trades[frame.count++] = simulate_market_trade(market, id);
    if (frame.count == 0)
        return ERR_OK;
    feed->counts.snapshots++;
    return send_frame(feed, connection, feed->options.style->trades, &frame, now_ns);
}

static enum err send_snapshots(struct simulate_feed *feed, struct simulate_connection *connection,
                               const bool *had, int64_t now_ns)
{
    const char off[] = "\"snapshot\":false";
    if (feed->options.style->snapshot_max == 0 ||
        memmem(feed->message.data, feed->message.size, off, sizeof off - 1))
        return ERR_OK;
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < feed->options.market_count; i++) {
        struct simulate_market *market = &feed->options.markets[i];
        if (!had[i] &&
            venue_subscriptions_has(&connection->subs, feed->options.channel, market->symbol))
            err = send_snapshot(feed, connection, market, now_ns);
    }
    return err;
}

/* The venue gets the message in feed->message. */
static enum err request(struct simulate_feed *feed, struct simulate_connection *connection,
                        int64_t now_ns)
{
    const struct venue_serving *serving = feed->options.venue->serving;
    bool had[SIMULATE_MARKETS_MAX];
    for (size_t i = 0; i < feed->options.market_count; i++)
        had[i] = venue_subscriptions_has(&connection->subs, feed->options.channel,
                                         feed->options.markets[i].symbol);
    /* What was traded before belongs into the snapshot, not into a batch behind it. */
    enum err err = flush_batches(feed, now_ns);
    if (err == ERR_OK)
        err =
            serving->request(feed->message.data, feed->message.size, now_ns + feed->options.skew_ns,
                             &connection->subs, has_symbol, keep_reply, feed);
    if (err == ERR_OK && feed->options.style->snapshot_before_ack)
        err = send_snapshots(feed, connection, had, now_ns);
    if (err == ERR_OK)
        err = send_replies(feed, connection, now_ns);
    if (err == ERR_OK && !feed->options.style->snapshot_before_ack)
        err = send_snapshots(feed, connection, had, now_ns);
    return err;
}

/* One message of subscribing, or the end of it. */
static enum err subscribe(struct simulate_feed *feed, struct simulate_connection *connection,
                          int64_t now_ns)
{
    const struct venue_recording *recording = feed->options.venue->recording;
    const char *symbols[SIMULATE_MARKETS_MAX];
    for (size_t i = 0; i < feed->options.market_count; i++)
        symbols[i] = feed->options.markets[i].symbol;
    while (connection->channel < feed->channel_count) {
        struct venue_change change = {
            .channel = feed->channels[connection->channel],
            .symbols = symbols,
            .count = feed->options.market_count,
            .first_id = connection->asked + 1,
        };
        enum err err = recording->subscribe(&change, connection->message, &feed->message);
        if (err == ERR_END) {
            connection->asked += connection->message;
            connection->channel++;
            connection->message = 0;
            continue;
        }
        connection->message++;
        int64_t gap = recording->send_gap_ns;
        connection->next_ns = now_ns + (gap > NS_PER_MS ? gap : NS_PER_MS);
        if (err == ERR_OK)
            err = push_own(feed, RECORD_SENT, connection->number, now_ns, feed->message.data,
                           feed->message.size);
        return err == ERR_OK ? request(feed, connection, now_ns) : err;
    }
    connection->next_ns = NEVER;
    /* Both run side by side for a while; then the older one goes. */
    for (size_t i = 0; i < SIMULATE_CONNECTIONS_MAX; i++)
        if (feed->connections[i].number != 0 && &feed->connections[i] != connection)
            feed->retire_ns = now_ns + rng_between(&feed->rng, 150, 700) * NS_PER_MS;
    return ERR_OK;
}

static struct simulate_connection *find_connection(struct simulate_feed *feed, uint32_t number)
{
    for (size_t i = 0; i < SIMULATE_CONNECTIONS_MAX; i++)
        if (feed->connections[i].number == number)
            return &feed->connections[i];
    return NULL;
}

static enum err connect(struct simulate_feed *feed, int64_t now_ns)
{
    feed->open_ns = NEVER;
    struct simulate_connection *connection = find_connection(feed, 0);
    if (!connection)
        return ERR_OK;
    const struct venue *venue = feed->options.venue;
    venue_subscriptions_release(&connection->subs);
    *connection = (struct simulate_connection){
        .number = (*feed->options.next_connection)++,
        .next_ns = now_ns + 2 * NS_PER_MS,
        .wall_ns = now_ns,
        .busy_ns = now_ns,
    };
    venue_subscriptions_init(&connection->subs);
    enum err err =
        push_event(feed, connection->number, now_ns, "open", "url", venue->recording->url);
    if (err == ERR_OK)
        err = venue->serving->open(venue->recording->path, &connection->subs);
    if (err == ERR_OK && venue->serving->greet)
        err = venue->serving->greet(now_ns + feed->options.skew_ns, keep_reply, feed);
    if (err == ERR_OK)
        err = send_replies(feed, connection, now_ns);
    return err;
}

static enum err disconnect(struct simulate_feed *feed, struct simulate_connection *connection,
                           int64_t now_ns, const char *reason)
{
    uint32_t number = connection->number;
    connection->number = 0;
    connection->next_ns = NEVER;
    return push_event(feed, number, now_ns, "close", "reason", reason);
}

/* The connection that was opened first. */
static struct simulate_connection *oldest_connection(struct simulate_feed *feed)
{
    struct simulate_connection *oldest = NULL;
    for (size_t i = 0; i < SIMULATE_CONNECTIONS_MAX; i++) {
        struct simulate_connection *at = &feed->connections[i];
        if (at->number != 0 && (!oldest || at->number < oldest->number))
            oldest = at;
    }
    return oldest;
}

static enum err change(struct simulate_feed *feed, int64_t now_ns)
{
    schedule_change(feed, now_ns);
    struct simulate_connection *connection = oldest_connection(feed);
    if (!connection || connection->next_ns != NEVER || feed->retire_ns != NEVER)
        return ERR_OK;
    bool outage = feed->outage_next;
    feed->outage_next = !outage;
    if (!outage) {
        feed->counts.changeovers++;
        feed->open_ns = now_ns;
        return ERR_OK;
    }
    feed->counts.outages++;
    feed->open_ns = now_ns + rng_between(&feed->rng, 300, 1500) * NS_PER_MS;
    return disconnect(feed, connection, now_ns, "connection reset by peer");
}

static enum err retire(struct simulate_feed *feed, int64_t now_ns)
{
    feed->retire_ns = NEVER;
    struct simulate_connection *connection = oldest_connection(feed);
    return connection ? disconnect(feed, connection, now_ns, "changeover") : ERR_OK;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t simulate_feed_next(const struct simulate_feed *feed)
{
    int64_t next = sooner(sooner(feed->open_ns, feed->retire_ns), feed->change_ns);
    next = sooner(next, sooner(feed->heartbeat_ns, feed->batch_ns));
    for (size_t i = 0; i < SIMULATE_CONNECTIONS_MAX; i++)
        if (feed->connections[i].number != 0)
            next = sooner(next, feed->connections[i].next_ns);
    for (size_t i = 0; i < feed->hold_count; i++)
        next = sooner(next, feed->holds[i].send_ns);
    for (size_t i = 0; i < feed->options.market_count; i++)
        next = sooner(next, feed->options.markets[i].next_ns);
    return next;
}

static enum err step_connections(struct simulate_feed *feed, int64_t now_ns)
{
    enum err err = ERR_OK;
    if (feed->change_ns <= now_ns)
        err = change(feed, now_ns);
    if (err == ERR_OK && feed->retire_ns <= now_ns)
        err = retire(feed, now_ns);
    if (err == ERR_OK && feed->open_ns <= now_ns)
        err = connect(feed, now_ns);
    for (size_t i = 0; err == ERR_OK && i < SIMULATE_CONNECTIONS_MAX; i++)
        if (feed->connections[i].number != 0 && feed->connections[i].next_ns <= now_ns)
            err = subscribe(feed, &feed->connections[i], now_ns);
    return err;
}

enum err simulate_feed_step(struct simulate_feed *feed, int64_t now_ns)
{
    enum err err = step_connections(feed, now_ns);
    if (err == ERR_OK)
        err = release_holds(feed, now_ns);
    for (size_t i = 0; err == ERR_OK && i < feed->options.market_count; i++)
        if (feed->options.markets[i].next_ns <= now_ns)
            err = trade_market(feed, &feed->options.markets[i], now_ns);
    if (err == ERR_OK && feed->batch_ns <= now_ns) {
        feed->batch_ns = now_ns + feed->options.style->batch_ns;
        err = flush_batches(feed, now_ns);
    }
    if (err == ERR_OK && feed->heartbeat_ns <= now_ns)
        err = beat_all(feed, now_ns);
    return err;
}

enum err simulate_feed_stop(struct simulate_feed *feed, int64_t now_ns)
{
    enum err err = ERR_OK;
    for (struct simulate_connection *at; err == ERR_OK && (at = oldest_connection(feed)) != NULL;)
        err = disconnect(feed, at, now_ns, "stopped");
    return err;
}

bool simulate_feed_is_open(const struct simulate_feed *feed, uint32_t connection)
{
    for (size_t i = 0; i < SIMULATE_CONNECTIONS_MAX; i++)
        if (feed->connections[i].number == connection)
            return connection != 0;
    return false;
}

void simulate_feed_received(struct simulate_feed *feed, const struct simulate_item *item)
{
    if (!item->market)
        return;
    feed->counts.frames++;
    for (size_t i = 0; i < item->id_count; i++)
        feed->counts.repeated +=
            !simulate_market_received(item->market, item->ids[i], item->snapshot);
}
