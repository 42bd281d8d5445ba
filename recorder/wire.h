/*
 * wire: one connection to a venue, from the decision to make it to its end. It subscribes at the
 * pace that the venue bears, answers its tests, keeps alive and notices silence; what happens on it
 * becomes records. It never comes back: the next attempt is another wire.
 *
 *     ASKING --address--> READY --> CONNECTING --> OPEN --> CLOSING --> ENDED
 *     (handshake)                        |           +--------------------^
 *                                        +--------------------------------+
 *
 * Messages go out one at a time, send_gap_ns apart, whatever they are: answers to tests first (only
 * the newest counts), then keepalives, then changes of subscriptions in the order in which they
 * came. A message counts as sent, and is on the tape, when the transport has taken it.
 *
 * Pure but for the transport and the queue. One thread. Strings of subscriptions are borrowed from
 * plans.
 */
#ifndef REWICK_RECORDER_WIRE_H
#define REWICK_RECORDER_WIRE_H

#include "recorder/capture_feed.h"
#include "recorder/connection_record.h"
#include "recorder/shard.h"
#include "recorder/transport.h"

/* How long a venue that speaks first is waited for. */
#define WIRE_GREET_NS (INT64_C(10) * 1000000000)
/* Changes of subscriptions that may wait on a wire; with more it is to be replaced. */
#define WIRE_CHANGES_MAX 256
#define WIRE_MESSAGE_MAX (1024u * 1024) /* bytes of a message of ours */
#define WIRE_REASON_MAX  256

struct link;

/* What all wires share. */
struct wire_world {
    const struct transport *transport;
    struct capture_feed feed;
    struct buf text; /* of a record */
};

enum wire_state {
    WIRE_ASKING,
    WIRE_READY,
    WIRE_CONNECTING,
    WIRE_OPEN,
    WIRE_CLOSING,
    WIRE_ENDED,
};

/* Symbols of one channel that are to be asked for or left. */
struct wire_change {
    bool leave;
    const struct venue_channel *channel;
    size_t count;
    const char **symbols; /* owned; the strings are borrowed */
};

struct wire {
    uint32_t connection;
    enum wire_state state;
    const struct venue *venue;
    const struct ws_url *url;
    struct ws_url *own_url; /* owned: the answer of a handshake, else NULL */
    struct link *link;      /* whom it serves; NULL: nobody any more */
    struct capture_drops drops;
    char reason[WIRE_REASON_MAX]; /* why it is closed, once it is known */
    bool planned;                 /* closing it leaves no hole */

    /* monotonic */
    int64_t ready_ns, opened_ns, heard_ns;
    int64_t sent_ns;       /* INT64_MIN: nothing yet */
    int64_t kept_alive_ns; /* the last keepalive, or the opening */
    int64_t changed_ns;    /* the last message of a change, or the opening */
    int64_t settled_ns;

    bool was_open, greeted, settled;
    bool lacks; /* something that is wanted was never asked for on it */
    /* When and why it should be replaced; INT64_MAX: not. Urgent: without waiting for others. */
    int64_t renew_ns;
    bool renew_urgent;
    char renew_reason[WIRE_REASON_MAX];

    /* sending */
    int64_t keepalive_ns; /* 0 = never */
    uint64_t keepalive_number;
    size_t carried;   /* subscriptions asked for and not left */
    uint64_t next_id; /* of messages of changes */
    size_t change_count, change_at, change_index;
    struct wire_change *changes; /* owned; those before change_at are done */
    struct buf out;              /* the message to send */
    bool out_full, out_is_change, blocked, answered_last;
    struct buf answer; /* to the newest test */
    bool answer_due;
};

/* `url` is borrowed. */
enum err wire_new(struct wire **out, const struct venue *venue, const struct ws_url *url,
                  uint32_t connection) ERR_MUST_CHECK;
void wire_free(struct wire *wire); /* accepts NULL */

/* ---- what the conductor does with it ---- */

/* READY, or ASKING when the venue has a handshake: then wire_address() must follow. */
void wire_start(struct wire *wire, int64_t now_ns);
/* The answer of the handshake, by a host that was reached over TLS or not. ERR_DAMAGED with text:
 * no address in it, or one that is less safe. */
enum err wire_address(struct wire *wire, const void *answer, size_t size, bool tls,
                      int64_t now_ns) ERR_MUST_CHECK;
/* ERR_NET, ERR_NOMEM with text: it has ended; else events follow, perhaps within the call. */
enum err wire_connect(struct wire *wire, struct wire_world *world) ERR_MUST_CHECK;
/* Changes subscriptions while it is open; leaves first. What cannot be left it goes on carrying,
 * what there is no room for it lacks from now on; in both cases, and when the change did not get on
 * the tape, false: it is to be replaced. */
bool wire_change(struct wire *wire, struct wire_world *world, struct item_span add,
                 struct item_span leave, struct stamp now);
/* OPEN or CONNECTING: its end follows, perhaps within the call. Before: it ends at once. */
void wire_close(struct wire *wire, struct wire_world *world, enum close_way way, const char *reason,
                bool planned);
/* Does what is due and says when something will be (monotonic; INT64_MAX: never). */
int64_t wire_work(struct wire *wire, struct wire_world *world, struct stamp now);
/* What was dropped has been told. */
bool wire_tell(struct wire *wire, struct wire_world *world, struct stamp now);
void wire_note(struct wire *wire, struct wire_world *world, enum record_type type, struct stamp now,
               const void *data, size_t size);

/* ---- what happens to it ---- */

void wire_opened(struct wire *wire, struct wire_world *world, const struct connection_open *open,
                 struct stamp now);
/* True: there is something to send now. */
bool wire_message(struct wire *wire, struct wire_world *world, struct stamp now, const void *data,
                  size_t size, bool binary);
void wire_too_large(struct wire *wire, struct wire_world *world, struct stamp now);
/* `covered`: another wire carries all that this one did. True: what it carried may have a hole. */
bool wire_closed(struct wire *wire, struct wire_world *world, struct stamp now, const char *reason,
                 bool covered);
void wire_failed(struct wire *wire, struct wire_world *world, struct stamp now, const char *reason);

/* All that is wanted has been asked for. */
bool wire_has_asked(const struct wire *wire);

#endif
