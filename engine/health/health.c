#include "engine/health/health.h"

const char *health_state_name(enum health_state state)
{
    static const char *const names[] = {"up", "degraded", "down"};
    return names[state];
}
