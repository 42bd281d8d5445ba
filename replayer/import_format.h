/*
 * import_format: what one line of another tool's capture says. One module per format,
 * import_<format>.c; each turns lines into entries and knows nothing of files, venues or tapes.
 *
 *     import_lines -> line -> IMPORT_FORMAT -> entry -> import_file -> record
 */
#ifndef REWICK_REPLAYER_IMPORT_FORMAT_H
#define REWICK_REPLAYER_IMPORT_FORMAT_H

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/tape/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Pointers are borrowed from the line or the parser and valid until the next line. */
struct import_entry {
    enum record_type type;
    uint8_t flags;
    uint32_t connection; /* number in this file, from 1 in the order of connecting; 0: none */
    int64_t wall_ns;     /* receive time; RECORD_NO_TIME when the line has none */
    const uint8_t *data; /* of RECORD_HTTP: the body alone */
    size_t size;
    const uint8_t *url; /* of RECORD_HTTP: what was asked; passed import_url_check() */
    size_t url_size;
};

/* 1973. Below it a receive time is in another unit than the format promises (time_text.h draws the
 * line there too). */
#define IMPORT_TIME_MIN_NS INT64_C(100000000000000000)

/* Connections of one file that have names (JSON lines). */
#define IMPORT_NAMES_MAX 1024
#define IMPORT_NAME_MAX  64
struct import_name {
    char text[IMPORT_NAME_MAX];
    uint32_t connection;
};

/* State between the lines of one file. */
struct import_parser {
    const char *url;      /* --url, or NULL; borrowed */
    uint32_t connections; /* numbers given out so far */
    bool open;            /* the newest of them is open (formats with one at a time) */
    bool begun, json; /* cryptofeed: which of the two forms it is is known, and is it JSON lines */
    size_t name_count;
    struct import_name *names; /* owned */
    struct buf data, other;    /* what entries point to when it is not the line itself */
};

void import_parser_init(struct import_parser *parser, const char *url);
void import_parser_release(struct import_parser *parser);

struct import_format {
    const char *name;
    bool whole;       /* the file is one entry: gets all of it as one line */
    bool empty_lines; /* empty lines mean something; else they are passed over */
    /* ERR_OK: an entry. ERR_END: the line is well formed and holds nothing to record. ERR_DAMAGED,
     * ERR_LIMIT with text: cannot be read. Other codes end the import. */
    enum err (*parse)(struct import_parser *parser, const uint8_t *line, size_t size,
                      struct import_entry *out);
};

extern const struct import_format import_format_hftbacktest;
extern const struct import_format import_format_cryptofeed;
extern const struct import_format import_format_tardis;
extern const struct import_format import_format_http;
extern const struct import_format import_format_frames;

/* ERR_UNKNOWN with a text that lists the names. */
enum err import_format_get(const struct import_format **out, const char *name) ERR_MUST_CHECK;

/* ---- for the formats ------------------------------------------------------------------------ */

/* The cryptofeed form in JSON lines, by import_format_cryptofeed. */
enum err import_cryptofeed_json(struct import_parser *parser, const uint8_t *line, size_t size,
                                struct import_entry *out) ERR_MUST_CHECK;

/* ERR_DAMAGED with text: no url, but something that would break what it is put into. */
enum err import_url_check(const uint8_t *url, size_t size) ERR_MUST_CHECK;

/* A connection opened: takes the next number and fills `out` (all but the time). */
enum err import_entry_open(struct import_parser *parser, const uint8_t *url, size_t url_size,
                           struct import_entry *out) ERR_MUST_CHECK;

/* What the other tool was set to, as a RECORD_CONFIG (all but the time). ERR_DAMAGED: not JSON. */
enum err import_entry_config(const uint8_t *json, size_t size,
                             struct import_entry *out) ERR_MUST_CHECK;

/* Decimal seconds, at least IMPORT_TIME_MIN_NS. ERR_DAMAGED with text. */
enum err import_seconds(int64_t *out_ns, const uint8_t *text, size_t size) ERR_MUST_CHECK;

/* Where `c` stands first in text[0..size), or `size`. */
size_t import_find(const uint8_t *text, size_t size, uint8_t c);

#endif
