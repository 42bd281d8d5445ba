#include "engine/tape/tape_lane.h"

#include <stdio.h>

static const char *what_it_is(const struct tape_lane *lane)
{
    if (lane->channel[0])
        return lane->channel;
    if (lane->type != RECORD_RECEIVED)
        return record_type_name(lane->type);
    return lane_role_name(lane->role);
}

const char *lane_role_name(enum lane_role role)
{
    switch (role) {
    case LANE_CONTROL:
        return "control";
    case LANE_TALK:
        return "talk";
    case LANE_TRADES:
        return "trades";
    case LANE_MARKET:
        return "market";
    case LANE_UNJUDGED:
        break;
    }
    return "unjudged";
}

void tape_lane_text(char out[TAPE_LANE_TEXT_MAX], const struct tape_lane *lane)
{
    snprintf(out, TAPE_LANE_TEXT_MAX, "%s%s%s%s%s", lane->venue, lane->venue[0] ? " " : "",
             what_it_is(lane), lane->symbol[0] ? " " : "", lane->symbol);
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = '?';
}
