/* http: the file is the body of an HTTP answer. */
#include "replayer/import_format.h"

#include <string.h>

static enum err parse(struct import_parser *parser, const uint8_t *line, size_t size,
                      struct import_entry *out)
{
    out->type = RECORD_HTTP;
    out->data = line;
    out->size = size;
    out->url = (const uint8_t *)parser->url;
    out->url_size = strlen(parser->url);
    return import_url_check(out->url, out->url_size);
}

const struct import_format import_format_http = {.name = "http", .whole = true, .parse = parse};
