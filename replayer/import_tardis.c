/* tardis.dev raw data: `ISO-time frame`, one a line. An empty line, or a time with nothing behind
 * it, marks that the connection broke. */
#include "engine/base/time_text.h"
#include "replayer/import_format.h"

#include <string.h>

static const char broken[] =
    "{\"event\":\"close\",\"reason\":\"disconnect marked in the capture\"}";

/* A mark where nothing is open says nothing new; an empty line has no time of its own. */
static enum err disconnect(struct import_parser *parser, struct import_entry *out)
{
    if (!parser->open)
        return ERR_END;
    parser->open = false;
    out->type = RECORD_CONNECTION;
    out->connection = parser->connections;
    out->data = (const uint8_t *)broken;
    out->size = strlen(broken);
    return ERR_OK;
}

static enum err parse(struct import_parser *parser, const uint8_t *line, size_t size,
                      struct import_entry *out)
{
    if (size == 0)
        return disconnect(parser, out);
    size_t blank = import_find(line, size, ' ');
    if (time_parse_rfc3339(&out->wall_ns, (const char *)line, blank) != ERR_OK)
        return err_fail(ERR_DAMAGED, "no receive time like 2019-06-01T00:00:10.426Z in front");
    if (blank + 1 >= size)
        return disconnect(parser, out);
    parser->connections += !parser->open;
    parser->open = true;
    out->type = RECORD_RECEIVED;
    out->connection = parser->connections;
    out->data = line + blank + 1;
    out->size = size - blank - 1;
    return ERR_OK;
}

const struct import_format import_format_tardis = {
    .name = "tardis", .empty_lines = true, .parse = parse};
