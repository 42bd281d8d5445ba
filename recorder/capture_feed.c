#include "recorder/capture_feed.h"

#include <stdlib.h>
#include <string.h>

static struct feed_account *account_new(const char *venue)
{
    struct feed_account *account = calloc(1, sizeof *account);
    if (account)
        account->venue = venue;
    return account;
}

enum err capture_feed_init(struct capture_feed *feed, struct record_queue *queue)
{
    *feed = (struct capture_feed){.queue = queue, .pushed_mono_ns = INT64_MIN};
    feed->accounts = account_new("");
    return feed->accounts ? ERR_OK : err_fail(ERR_NOMEM, "out of memory for the capture queue");
}

void capture_feed_release(struct capture_feed *feed)
{
    while (feed->accounts) {
        struct feed_account *account = feed->accounts;
        feed->accounts = account->next;
        free(account);
    }
}

/* Falls back on the account of no venue when there is no memory for another. */
struct feed_source capture_feed_venue(struct capture_feed *feed, const char *venue,
                                      uint32_t connection)
{
    struct feed_account **at = &feed->accounts;
    while (*at && strcmp((*at)->venue, venue) != 0)
        at = &(*at)->next;
    if (!*at)
        *at = account_new(venue);
    struct feed_account *account = *at ? *at : feed->accounts;
    return (struct feed_source){venue, connection, &account->drops};
}

bool capture_feed_tell_venues(struct capture_feed *feed, struct stamp stamp)
{
    for (struct feed_account *at = feed->accounts; at; at = at->next) {
        struct feed_source source = {at->venue, 0, &at->drops};
        if (!capture_feed_tell(feed, &source, stamp))
            return false;
    }
    return true;
}

/* Stamps are taken at several places, so one may be older than a record that is already there. */
static int64_t not_before(struct capture_feed *feed, int64_t mono_ns)
{
    if (mono_ns > feed->pushed_mono_ns)
        feed->pushed_mono_ns = mono_ns;
    return feed->pushed_mono_ns;
}

static struct record record_of(struct capture_feed *feed, const struct feed_source *source,
                               struct stamp stamp)
{
    return (struct record){
        .venue = source->venue,
        .connection = source->connection,
        .wall_ns = stamp.wall_ns,
        .mono_ns = not_before(feed, stamp.mono_ns),
        .source_ns = RECORD_NO_TIME,
    };
}

void capture_feed_push(struct capture_feed *feed, const struct feed_source *source,
                       enum record_type type, uint8_t flags, struct stamp stamp, const void *data,
                       size_t size)
{
    uint64_t before = source->drops->total;
    struct record record = record_of(feed, source, stamp);
    record.type = type;
    record.flags = flags;
    record.data = data;
    record.size = size;
    capture_drops_push(source->drops, feed->queue, &record);
    feed->dropped += source->drops->total - before;
}

void capture_feed_lost(struct capture_feed *feed, const struct feed_source *source,
                       enum drop_reason reason, struct stamp stamp)
{
    capture_drops_count(source->drops, reason, stamp.wall_ns);
    feed->dropped++;
}

bool capture_feed_tell(struct capture_feed *feed, const struct feed_source *source,
                       struct stamp stamp)
{
    bool due = false;
    for (int i = 0; i < DROP_REASONS; i++)
        due = due || source->drops->pending[i].count > 0;
    if (!due)
        return true;
    struct record from = record_of(feed, source, stamp);
    return capture_drops_tell(source->drops, feed->queue, &from);
}

int64_t capture_feed_tick(struct capture_feed *feed, struct stamp stamp)
{
    if (feed->pushed_mono_ns == INT64_MIN)
        feed->pushed_mono_ns = stamp.mono_ns;
    if (stamp.mono_ns - feed->pushed_mono_ns < CAPTURE_TICK_NS)
        return feed->pushed_mono_ns + CAPTURE_TICK_NS;
    struct record tick = {
        .type = RECORD_TICK,
        .venue = "",
        .wall_ns = stamp.wall_ns,
        .mono_ns = stamp.mono_ns,
        .source_ns = RECORD_NO_TIME,
        .data = (const uint8_t *)"",
    };
    /* Without room there are records waiting that tell the time as well. */
    (void)record_queue_push(feed->queue, &tick);
    feed->pushed_mono_ns = stamp.mono_ns;
    return stamp.mono_ns + CAPTURE_TICK_NS;
}
