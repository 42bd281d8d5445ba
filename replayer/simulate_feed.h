/*
 * simulate_feed: what passes between one simulated venue and the simulated recorder.
 *
 *     markets -> groups of trades -> [withheld | held back] -> frames per connection -> latency ->
 * queue
 *
 * The recorder's side is as `rewick record` does it: connect, subscribe, reconnect after an outage,
 * change over to a second connection while the first still runs. The venue's side sends snapshots
 * on subscribing, heartbeats, and now and then a trade too late, out of order or not at all. Time
 * is an argument: call simulate_feed_step() at the times simulate_feed_next() says.
 */
#ifndef REWICK_REPLAYER_SIMULATE_FEED_H
#define REWICK_REPLAYER_SIMULATE_FEED_H

#include "replayer/simulate_queue.h"
#include "replayer/simulate_style.h"

#define SIMULATE_CONNECTIONS_MAX 2
#define SIMULATE_MARKETS_MAX     64 /* of one venue */
#define SIMULATE_HOLDS_MAX       64 /* groups held back at a time; more are sent at once */

/* How much goes wrong, per mille of the groups of trades; zero: nothing. */
struct simulate_faults {
    const char *name;
    unsigned withheld_permille, disorder_permille;
    unsigned late_permille; /* of the groups just before a whole 5 s of the venue's clock */
    int64_t late_gap_ns;    /* between two of them */
    int64_t change_ns;      /* mean time between outages and changeovers; 0: none */
};

struct simulate_counts {
    uint64_t trades, off_book; /* made */
    uint64_t frames;           /* with trades, received */
    uint64_t repeated;         /* trades received again */
    uint64_t withheld, late, disordered;
    uint64_t snapshots, outages, changeovers;
};

struct simulate_connection {
    uint32_t number; /* 0: not in use */
    struct venue_subscriptions subs;
    size_t channel, message; /* what to subscribe next */
    uint64_t asked;          /* messages of the channels before */
    int64_t next_ns;         /* next step of subscribing; INT64_MAX: done */
    int64_t wall_ns;         /* receive time of the last frame */
    int64_t busy_ns;         /* when the venue last sent something */
    uint64_t sequence;
};

struct simulate_group {
    struct simulate_market *market;
    int64_t send_ns;
    size_t count;
    uint64_t ids[SIMULATE_FRAME_TRADES_MAX];
};

struct simulate_feed_options {
    const struct venue *venue;
    const struct simulate_style *style;
    const char *channel;             /* of the trades */
    struct simulate_market *markets; /* borrowed */
    size_t market_count;
    int64_t skew_ns;
    const struct simulate_faults *faults;
    uint64_t seed, stream;
    struct simulate_queue *queue; /* borrowed */
    uint32_t *next_connection;    /* borrowed; counts over all feeds */
};

struct simulate_feed {
    struct simulate_feed_options options;
    struct rng rng;
    int64_t latency_ns; /* of the way, without jitter */
    const char *channels[2];
    size_t channel_count;
    struct simulate_connection connections[SIMULATE_CONNECTIONS_MAX];
    int64_t open_ns;   /* connect then; INT64_MAX: nothing to do */
    int64_t retire_ns; /* close the older connection then */
    int64_t change_ns; /* next outage or changeover */
    bool outage_next;
    int64_t heartbeat_ns, batch_ns;
    int64_t late_ns; /* no other group comes too late before this; a few at a time are enough */
    size_t hold_count;
    struct simulate_group *holds, *batches; /* owned; a batch per market */
    struct buf frame, message, replies;
    struct simulate_counts counts;
};

enum err simulate_feed_init(struct simulate_feed *feed, const struct simulate_feed_options *options,
                            int64_t start_ns) ERR_MUST_CHECK;
void simulate_feed_release(struct simulate_feed *feed);

int64_t simulate_feed_next(const struct simulate_feed *feed);
enum err simulate_feed_step(struct simulate_feed *feed, int64_t now_ns) ERR_MUST_CHECK;
/* The recorder stops: closes what is open. */
enum err simulate_feed_stop(struct simulate_feed *feed, int64_t now_ns) ERR_MUST_CHECK;

/* Frames that are still on their way when their connection closes are lost. */
bool simulate_feed_is_open(const struct simulate_feed *feed, uint32_t connection);
/* The recorder got this item: settles the fate of the trades in it. */
void simulate_feed_received(struct simulate_feed *feed, const struct simulate_item *item);

#endif
