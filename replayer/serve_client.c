#include "replayer/serve_client.h"

#include <string.h>

#define NEVER INT64_MAX

/* Replies and the frames of a tape are at most this large. */
#define FRAME_MAX (RECORD_DATA_MAX + 1024u)

/* A client whose outbox is full is not waited for. */
static enum err cut_off(struct serve_client *client)
{
    client->close = SERVE_CLOSE_POLICY;
    client->close_reason = "slow consumer";
    return ERR_OK;
}

static enum err reply(const void *data, size_t size, void *arg)
{
    struct serve_client *client = arg;
    enum err err = serve_outbox_push(&client->outbox, data, size, false);
    return err == ERR_LIMIT ? cut_off(client) : err;
}

static bool has_symbol(const char *symbol, void *arg)
{
    const struct serve_client *client = arg;
    return serve_market_has(client->options.market, symbol);
}

/* Sets when play starts, once there is something to play. */
static void settle(struct serve_client *client, int64_t mono_ns)
{
    if (client->playing || client->subs.count == 0)
        return;
    if (client->subscribed_ns == 0)
        client->subscribed_ns = mono_ns;
    int64_t latest = client->subscribed_ns + SERVE_SETTLE_MAX_NS;
    client->start_ns = mono_ns + SERVE_SETTLE_NS < latest ? mono_ns + SERVE_SETTLE_NS : latest;
}

enum err serve_client_open(struct serve_client *client, const struct serve_client_options *options,
                           const char *target, int64_t wall_ns, int64_t mono_ns)
{
    const struct venue_serving *serving = options->market->venue->serving;
    memset(client, 0, sizeof *client);
    client->options = *options;
    client->start_ns = NEVER;
    venue_subscriptions_init(&client->subs);
    serve_outbox_init(&client->outbox, SERVE_BACKLOG_MAX + FRAME_MAX);
    buf_init(&client->reframed, FRAME_MAX);
    enum err err = serving->open(target, &client->subs);
    if (err == ERR_OK && serving->greet)
        err = serving->greet(wall_ns, reply, client);
    if (err == ERR_OK)
        settle(client, mono_ns);
    else
        serve_client_release(client);
    return err;
}

void serve_client_release(struct serve_client *client)
{
    venue_subscriptions_release(&client->subs);
    serve_outbox_release(&client->outbox);
    buf_release(&client->reframed);
    serve_player_close(&client->player);
    memset(client, 0, sizeof *client);
}

enum err serve_client_request(struct serve_client *client, const uint8_t *data, size_t size,
                              int64_t wall_ns, int64_t mono_ns)
{
    const struct venue_serving *serving = client->options.market->venue->serving;
    enum err err = serving->request(data, size, wall_ns, &client->subs, has_symbol, reply, client);
    if (err == ERR_OK)
        settle(client, mono_ns);
    return err;
}

static enum err start(struct serve_client *client)
{
    client->playing = true;
    return serve_player_open(&client->player, client->options.market, client->options.speed);
}

static enum err push_frame(struct serve_client *client, const struct record *record)
{
    const struct venue_serving *serving = client->options.market->venue->serving;
    const uint8_t *data = record->data;
    size_t size = record->size;
    enum err err = ERR_OK;
    if (serving->reframe) {
        buf_clear(&client->reframed);
        err = serving->reframe(&client->player.frame, data, size, &client->subs, &client->reframed);
        data = client->reframed.data;
        size = client->reframed.size;
    }
    if (err == ERR_OK)
        err = serve_outbox_push(&client->outbox, data, size, record->flags & RECORD_BINARY);
    if (err == ERR_LIMIT || serve_outbox_bytes(&client->outbox) > SERVE_BACKLOG_MAX)
        return cut_off(client);
    return err;
}

static void end(struct serve_client *client)
{
    client->ended = true;
    if (!client->options.close_at_end)
        return;
    client->close = SERVE_CLOSE_GOING_AWAY;
    client->close_reason = "end of tape";
}

enum err serve_client_pump(struct serve_client *client, int64_t mono_ns, int64_t *out_next_ns)
{
    *out_next_ns = NEVER;
    if (client->ended || client->close != SERVE_CLOSE_NONE)
        return ERR_OK;
    if (!client->playing && mono_ns < client->start_ns) {
        *out_next_ns = client->start_ns;
        return ERR_OK;
    }
    enum err err = client->playing ? ERR_OK : start(client);
    bool full_speed = pacing_is_max(client->options.speed);
    for (int moved = 0; err == ERR_OK && moved < SERVE_PUMP_MAX; moved++) {
        if (full_speed && serve_outbox_bytes(&client->outbox) >= SERVE_BACKLOG_GOAL)
            return ERR_OK;
        enum serve_step step;
        const struct record *record;
        err =
            serve_player_next(&client->player, &client->subs, mono_ns, &step, &record, out_next_ns);
        if (err != ERR_OK || step == SERVE_WAIT)
            return err;
        if (step == SERVE_END) {
            *out_next_ns = NEVER;
            end(client);
            return ERR_OK;
        }
        err = push_frame(client, record);
        if (client->close != SERVE_CLOSE_NONE) {
            *out_next_ns = NEVER;
            return err;
        }
    }
    *out_next_ns = mono_ns;
    return err;
}
