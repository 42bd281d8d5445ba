#include "recorder/capture_drops.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const reason_texts[DROP_REASONS] = {
    [DROP_QUEUE_FULL] = "capture queue full",
    [DROP_TOO_LARGE] = "message too large",
};

static void count(struct capture_drops *drops, enum drop_reason reason, bool is_frame,
                  int64_t wall_ns)
{
    drops->total++;
    drops->pending[reason].frames += is_frame;
    if (drops->pending[reason].count++ == 0)
        drops->pending[reason].first_wall_ns = wall_ns;
    drops->pending[reason].last_wall_ns = wall_ns;
}

void capture_drops_push(struct capture_drops *drops, struct record_queue *queue,
                        const struct record *record)
{
    if (!capture_drops_tell(drops, queue, record) || !record_queue_push(queue, record))
        count(drops, DROP_QUEUE_FULL, record->type == RECORD_RECEIVED, record->wall_ns);
}

void capture_drops_count(struct capture_drops *drops, enum drop_reason reason, int64_t wall_ns)
{
    count(drops, reason, reason == DROP_TOO_LARGE, wall_ns);
}

bool capture_drops_tell(struct capture_drops *drops, struct record_queue *queue,
                        const struct record *from)
{
    for (int i = 0; i < DROP_REASONS; i++) {
        if (drops->pending[i].count == 0)
            continue;
        char text[192];
        int size = snprintf(text, sizeof text,
                            "{\"reason\":\"%s\",\"count\":%" PRIu64 ",\"frames\":%" PRIu64
                            ",\"first_wall_ns\":%" PRId64 ",\"last_wall_ns\":%" PRId64 "}",
                            reason_texts[i], drops->pending[i].count, drops->pending[i].frames,
                            drops->pending[i].first_wall_ns, drops->pending[i].last_wall_ns);
        struct record gap = {
            .type = RECORD_GAP,
            .venue = from->venue,
            .connection = from->connection,
            .wall_ns = from->wall_ns,
            .mono_ns = from->mono_ns,
            .source_ns = RECORD_NO_TIME,
            .data = (const uint8_t *)text,
            .size = (size_t)size,
        };
        if (!record_queue_push(queue, &gap))
            return false;
        drops->pending[i].count = drops->pending[i].frames = 0;
    }
    return true;
}
