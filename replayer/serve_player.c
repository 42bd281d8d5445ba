#include "replayer/serve_player.h"

#include "engine/base/io.h"

#include <string.h>

bool serve_wants(const struct venue_frame *frame, const struct venue_subscriptions *subs)
{
    if (frame->channel[0] == '\0')
        return false;
    switch (frame->kind) {
    case VENUE_TRADES:
        for (size_t i = 0; i < frame->trade_count; i++)
            if (venue_subscriptions_has(subs, frame->channel, frame->trades[i].symbol))
                return true;
        return false;
    case VENUE_DATA:
    case VENUE_HEARTBEAT:
    case VENUE_OTHER:
        return venue_subscriptions_has(subs, frame->channel, frame->symbol);
    case VENUE_ACK:
    case VENUE_STATUS:
    case VENUE_MALFORMED:
        break;
    }
    return false;
}

enum err serve_player_open(struct serve_player *player, const struct serve_market *market,
                           struct pacing_speed speed)
{
    memset(player, 0, sizeof *player);
    player->market = market;
    pacing_init(&player->pacing, speed);
    venue_frame_init(&player->frame);
    return tape_reader_open(&player->reader, io_posix(), market->tape, NULL);
}

void serve_player_close(struct serve_player *player)
{
    tape_reader_close(player->reader);
    venue_frame_release(&player->frame);
    memset(player, 0, sizeof *player);
}

/* Time on the tape runs from the venue's first frame on; a new session matters to it, too. */
static bool moves_time(struct serve_player *player, const struct record *record)
{
    if (record->type == RECORD_CONFIG)
        return player->started;
    bool frame =
        record->type == RECORD_RECEIVED && strcmp(record->venue, player->market->venue->name) == 0;
    player->started = player->started || frame;
    return frame;
}

/* An HTTP answer of the venue: trades that no frame brought. */
static enum err note_answer(struct serve_player *player)
{
    const struct serve_market *market = player->market;
    if (player->record.type != RECORD_HTTP || !market->past ||
        strcmp(player->record.venue, market->venue->name) != 0)
        return ERR_OK;
    return serve_past_add_answer(market->past, market->venue, &market->instruments, &player->record,
                                 &player->frame);
}

/* Takes the next record that is a frame of the venue into `player->record`, ERR_STOP after
 * SERVE_LOOK_MAX others. */
static enum err hold_frame(struct serve_player *player, int64_t now_ns)
{
    for (int looked = 0; looked < SERVE_LOOK_MAX; looked++) {
        enum err err = tape_reader_next(player->reader, &player->record);
        if (err != ERR_OK)
            return err;
        err = note_answer(player);
        if (err != ERR_OK)
            return err;
        if (!moves_time(player, &player->record))
            continue;
        player->due_ns = pacing_deadline(&player->pacing, &player->record, now_ns);
        if (player->record.type != RECORD_RECEIVED)
            continue;
        player->held = true;
        return ERR_OK;
    }
    return ERR_STOP;
}

enum err serve_player_next(struct serve_player *player, const struct venue_subscriptions *subs,
                           int64_t now_ns, enum serve_step *out_step, const struct record **out,
                           int64_t *out_due_ns)
{
    const struct venue *venue = player->market->venue;
    *out_step = SERVE_WAIT;
    *out_due_ns = now_ns;
    for (int looked = 0; looked < SERVE_LOOK_MAX; looked++) {
        enum err err = player->held ? ERR_OK : hold_frame(player, now_ns);
        if (err == ERR_END)
            *out_step = SERVE_END;
        if (err == ERR_END || err == ERR_STOP)
            return ERR_OK;
        if (err != ERR_OK)
            return err;
        if (player->due_ns > now_ns) {
            *out_due_ns = player->due_ns;
            return ERR_OK;
        }
        player->held = false;
        player->frame.connection = player->record.connection;
        err = venue->decode(player->record.data, player->record.size, &player->frame);
        if (err == ERR_OK && player->market->past)
            err = serve_past_add(player->market->past, &player->frame, player->record.seq);
        if (err != ERR_OK)
            return err;
        if (serve_wants(&player->frame, subs)) {
            *out_step = SERVE_FRAME;
            *out = &player->record;
            return ERR_OK;
        }
    }
    return ERR_OK;
}
