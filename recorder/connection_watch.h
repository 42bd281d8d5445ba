/*
 * connection_watch: whether one connection gives what was asked for on it.
 *
 *     wanted -> asked (the message went out) -> confirmed by an acknowledgement or by data
 *                                            -> refused, with the venue's text
 *                                            -> overdue: neither, WATCH_ACK_NS after asking
 *
 * Acknowledgements name the symbol, or the number of our message, or nothing: then they answer our
 * messages in their order. Which symbols a message holds is found by making the venue's messages
 * again.
 *
 * Settled: nothing is waiting any more. Subscriptions are known by numbers that the caller gives;
 * strings are borrowed. Pure.
 */
#ifndef REWICK_RECORDER_CONNECTION_WATCH_H
#define REWICK_RECORDER_CONNECTION_WATCH_H

#include "engine/base/buf.h"
#include "engine/venue/venue.h"

#define WATCH_ACK_NS (INT64_C(10) * 1000000000)
/* A message that was not seen to go out counts as sent after this much without any. */
#define WATCH_SEND_NS (INT64_C(60) * 1000000000)
/* Subscriptions followed on one connection; more are not, as if never asked for. */
#define WATCH_SUBS_MAX 65536
/* Messages that may wait for an answer at once. */
#define WATCH_MESSAGES_MAX 65536

enum watched_state { SUB_WAITING, SUB_CONFIRMED, SUB_REFUSED, SUB_OVERDUE };

struct watched_sub {
    uint32_t number;
    const char *channel, *symbol;
    uint32_t message; /* index in messages */
    enum watched_state state;
};

struct watched_message {
    uint64_t hash; /* of its bytes */
    uint64_t id;
    int64_t sent_ns; /* INT64_MIN: not yet */
    bool leave, answered;
};

/* A subscription has come to another state. `text`: what the venue says, "" if nothing. */
typedef void watched_change_fn(const struct watched_sub *sub, enum watched_state before,
                               const char *text, void *arg);

struct connection_watch {
    const struct venue *venue;
    size_t count, capacity;
    struct watched_sub *subs; /* owned; ascending by number */
    size_t counts[4];         /* subscriptions by state */
    size_t message_count, message_capacity;
    struct watched_message *messages;  /* owned */
    size_t sent_count, answered_count; /* all messages below are sent; answered */
    uint64_t next_id;
    int64_t sent_ns; /* our last message, or the opening */
    struct buf text;
    watched_change_fn *changed;
    void *arg;
};

/* Symbols of one channel and their numbers. */
struct watched_list {
    const char *channel;
    size_t count;
    const char *const *symbols;
    const uint32_t *numbers; /* not two alike */
};

void connection_watch_init(struct connection_watch *watch, const struct venue *venue,
                           int64_t mono_ns, watched_change_fn *changed, void *arg);
void connection_watch_release(struct connection_watch *watch); /* accepts a zeroed one */

/* These are to be asked for, or left: what is left is forgotten without a word. In the order in
 * which the connection sends it. ERR_NOMEM. */
enum err connection_watch_want(struct connection_watch *watch,
                               const struct watched_list *list) ERR_MUST_CHECK;
enum err connection_watch_leave(struct connection_watch *watch,
                                const struct watched_list *list) ERR_MUST_CHECK;
/* A message of ours went out. */
void connection_watch_sent(struct connection_watch *watch, const void *data, size_t size,
                           int64_t mono_ns);
/* A VENUE_ACK frame. False: it refuses something, but not what was asked for here. */
bool connection_watch_ack(struct connection_watch *watch, const struct venue_frame *frame);
/* Data of that subscription came. */
void connection_watch_data(struct connection_watch *watch, uint32_t number);
/* What is overdue. */
void connection_watch_work(struct connection_watch *watch, int64_t mono_ns);

/* NULL: it is not subscribed to here. Valid until the next change. */
const struct watched_sub *connection_watch_find(const struct connection_watch *watch,
                                                uint32_t number);
/* Nothing waits, and something is confirmed or all is refused. */
bool connection_watch_settled(const struct connection_watch *watch);

#endif
