#include "engine/health/health_flow.h"

void health_flow_init(struct health_flow *flow)
{
    *flow = (struct health_flow){.frame_ns = HEALTH_NEVER,
                                 .data_ns = HEALTH_NEVER,
                                 .fault_ns = HEALTH_NEVER,
                                 .lost_ns = HEALTH_NEVER,
                                 .failed_ns = HEALTH_NEVER};
}

void health_flow_add(uint64_t *count, uint64_t more)
{
    const uint64_t max = (uint64_t)HEALTH_COUNT_MAX;
    *count = more >= max || *count + more > max ? max : *count + more;
}

/* The lower middle one of an even number. */
static uint64_t median(const uint64_t *values, size_t count)
{
    uint64_t sorted[HEALTH_WHOLE_MAX];
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && sorted[at - 1] > values[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = values[i];
    }
    return sorted[(count - 1) / 2];
}

void health_flow_minute(struct health_flow *flow, size_t slot, bool open)
{
    flow->was_whole = flow->began_open && open;
    flow->began_open = open;
    if (flow->was_whole) {
        flow->whole[flow->whole_next] = flow->minutes[slot].frames;
        flow->whole_next = (flow->whole_next + 1) % HEALTH_WHOLE_MAX;
        flow->whole_count += flow->whole_count < HEALTH_WHOLE_MAX;
        if (flow->whole_count >= HEALTH_WHOLE_MIN)
            flow->usual = median(flow->whole, flow->whole_count);
    }
    flow->minutes[(slot + 1) % HEALTH_MINUTES] = (struct health_minute){0};
}

void health_flow_sum(const struct health_flow *flow, struct health_minute *out)
{
    *out = (struct health_minute){0};
    for (size_t i = 0; i < HEALTH_MINUTES; i++) {
        const struct health_minute *minute = &flow->minutes[i];
        out->frames += minute->frames;
        out->trades += minute->trades;
        out->malformed += minute->malformed;
        out->dropped += minute->dropped;
        out->reconnects += minute->reconnects;
        out->errors += minute->errors;
        out->missing += minute->missing;
    }
    out->missing = out->missing > 0 ? out->missing : 0;
}
