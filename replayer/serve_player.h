/*
 * serve_player: one client's way through a tape: which frame belongs to its subscriptions, and when
 * it is due. Streams from the tape; holds one record at a time. Not thread safe; time is an
 * argument.
 */
#ifndef REWICK_REPLAYER_SERVE_PLAYER_H
#define REWICK_REPLAYER_SERVE_PLAYER_H

#include "engine/tape/tape_reader.h"
#include "replayer/pacing.h"
#include "replayer/serve_catalog.h"

/* Records looked at in one call, so that other clients get their turn. */
#define SERVE_LOOK_MAX 4096

struct serve_player {
    const struct serve_market *market; /* borrowed */
    struct tape_reader *reader;        /* owned */
    struct pacing pacing;
    struct record record; /* the next one, when `held` */
    bool held, started;
    int64_t due_ns;
    struct venue_frame frame;
};

enum serve_step {
    SERVE_FRAME, /* a frame is due: in *out */
    SERVE_WAIT,  /* nothing before *out_due_ns */
    SERVE_END,   /* the tape is over */
};

/* The clock starts with the first call of serve_player_next(). */
enum err serve_player_open(struct serve_player *player, const struct serve_market *market,
                           struct pacing_speed speed) ERR_MUST_CHECK;
void serve_player_close(struct serve_player *player); /* accepts a zeroed one */

/* Looks for the next frame that the subscriptions want. What falls due unwanted is passed over. The
 * frame is valid until the next call. */
enum err serve_player_next(struct serve_player *player, const struct venue_subscriptions *subs,
                           int64_t now_ns, enum serve_step *out_step, const struct record **out,
                           int64_t *out_due_ns) ERR_MUST_CHECK;

/* Whether a venue would send this frame to a client with these subscriptions. Answers, status
 * messages and pongs are never wanted: the client gets its own. */
bool serve_wants(const struct venue_frame *frame, const struct venue_subscriptions *subs);

#endif
