#include "engine/lane_rules.h"

#include "engine/venue/venue.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(CHANNEL_MAX <= LANE_TEXT_MAX && SYMBOL_MAX <= LANE_TEXT_MAX,
               "every channel and symbol names a lane");

struct lane_rules {
    const struct venue *venue; /* of the last received frame */
    struct venue_frame frame;
};

enum err lane_rules_new(struct lane_rules **out)
{
    struct lane_rules *rules = calloc(1, sizeof *rules);
    if (rules == NULL)
        return err_fail(ERR_NOMEM, "out of memory for the rules of lanes");
    venue_frame_init(&rules->frame);
    *out = rules;
    return ERR_OK;
}

void lane_rules_free(struct lane_rules *rules)
{
    if (rules == NULL)
        return;
    venue_frame_release(&rules->frame);
    free(rules);
}

/* The symbol of all trades, when they have one in common. */
static void name_trades(const struct venue_frame *frame, struct tape_lane *out)
{
    const char *symbol = frame->trade_count > 0 ? frame->trades[0].symbol : "";
    for (size_t i = 1; i < frame->trade_count; i++)
        if (strcmp(frame->trades[i].symbol, symbol) != 0)
            symbol = "";
    memcpy(out->symbol, symbol, strlen(symbol) + 1);
}

static void name_lane(const struct venue_frame *frame, struct tape_lane *out)
{
    if (frame->kind != VENUE_TRADES && frame->kind != VENUE_DATA)
        return;
    out->role = frame->kind == VENUE_TRADES ? LANE_TRADES : LANE_MARKET;
    memcpy(out->channel, frame->channel, strlen(frame->channel) + 1);
    if (frame->kind == VENUE_TRADES)
        name_trades(frame, out);
    else
        memcpy(out->symbol, frame->symbol, strlen(frame->symbol) + 1);
}

enum err lane_rules_judge(const struct record *record, struct tape_lane *out, void *arg)
{
    struct lane_rules *rules = arg;
    bool received = record->type == RECORD_RECEIVED;
    out->role = received ? LANE_TALK : LANE_CONTROL;
    out->rules = LANE_RULES;
    out->channel[0] = out->symbol[0] = '\0';
    if (!received)
        return ERR_OK;
    if (rules->venue == NULL || strcmp(rules->venue->name, record->venue) != 0)
        rules->venue = venue_find(record->venue);
    if (rules->venue == NULL)
        return ERR_OK;
    rules->frame.connection = record->connection;
    enum err err = rules->venue->decode(record->data, record->size, &rules->frame);
    if (err == ERR_OK)
        name_lane(&rules->frame, out);
    return err;
}

/* What engine_prime() learns from. */
static bool prepares(const struct tape_lane *lane)
{
    const struct venue *venue = venue_find(lane->venue);
    bool known = lane->rules == LANE_RULES || lane->role == LANE_UNJUDGED;
    bool market =
        lane->rules == LANE_RULES && (lane->role == LANE_TRADES || lane->role == LANE_MARKET);
    switch (lane->type) {
    case RECORD_CONFIG:
    case RECORD_CONNECTION:
    case RECORD_HTTP:
        return true;
    case RECORD_RECEIVED:
        return !known || (venue != NULL && venue->routed && !market);
    case RECORD_SENT:
    case RECORD_TICK:
    case RECORD_GAP:
        break;
    }
    return false;
}

bool lane_rules_for_candles(const struct tape_lane *lane, bool before, void *arg)
{
    (void)arg;
    if (before)
        return prepares(lane);
    return lane->role != LANE_MARKET || lane->rules != LANE_RULES;
}
