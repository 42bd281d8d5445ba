/* frames: one raw frame a line, without times. */
#include "replayer/import_format.h"

static enum err parse(struct import_parser *parser, const uint8_t *line, size_t size,
                      struct import_entry *out)
{
    parser->connections = 1;
    out->type = RECORD_RECEIVED;
    out->connection = 1;
    out->data = line;
    out->size = size;
    return ERR_OK;
}

const struct import_format import_format_frames = {.name = "frames", .parse = parse};
