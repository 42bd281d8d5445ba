#include "engine/candle/contribution.h"

const char *contribution_state_name(enum contribution_state state)
{
    switch (state) {
    case CONTRIBUTION_USED:
        return "used";
    case CONTRIBUTION_STALE:
        return "stale";
    case CONTRIBUTION_UNHEALTHY:
        return "unhealthy";
    case CONTRIBUTION_OUTLIER:
        return "outlier";
    }
    return "unknown";
}
