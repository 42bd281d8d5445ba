/* hftbacktest: `receive_ns frame`, one a line. */
#include "replayer/import_format.h"

/* Digits, at least IMPORT_TIME_MIN_NS: a smaller number would be in another unit. */
static enum err parse_ns(int64_t *out_ns, const uint8_t *text, size_t size)
{
    int64_t ns = 0;
    for (size_t i = 0; i < size; i++) {
        int64_t digit = text[i] - '0';
        if (digit < 0 || digit > 9 || ns > (INT64_MAX - digit) / 10)
            return err_fail(ERR_DAMAGED, "no receive time in nanoseconds in front");
        ns = ns * 10 + digit;
    }
    if (ns < IMPORT_TIME_MIN_NS)
        return err_fail(ERR_DAMAGED, "no receive time in nanoseconds in front");
    *out_ns = ns;
    return ERR_OK;
}

static enum err parse(struct import_parser *parser, const uint8_t *line, size_t size,
                      struct import_entry *out)
{
    size_t blank = import_find(line, size, ' ');
    enum err err = parse_ns(&out->wall_ns, line, blank);
    if (err != ERR_OK)
        return err;
    if (blank + 1 >= size)
        return err_fail(ERR_DAMAGED, "no frame behind the time");
    parser->connections = 1;
    out->type = RECORD_RECEIVED;
    out->connection = 1;
    out->data = line + blank + 1;
    out->size = size - blank - 1;
    return ERR_OK;
}

const struct import_format import_format_hftbacktest = {.name = "hftbacktest", .parse = parse};
