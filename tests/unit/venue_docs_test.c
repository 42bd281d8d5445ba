/* The tables of docs/recording.md say what the code says: each venue's rows, made from its struct,
 * stand in the page. A failure prints the row that is missing. */
#include "engine/base/buf.h"
#include "engine/base/io.h"
#include "engine/base/time_text.h"
#include "engine/venue/venue.h"
#include "tests/unit/unit.h"

#define PAGE      "docs/recording.md"
#define PAGE_MAX  (1024u * 1024)
#define ROW_BYTES 4096

static char *page;

static int read_page(void **state)
{
    size_t size;
    (void)state;
    return io_read_file(PAGE, PAGE_MAX, &page, &size) == ERR_OK ? 0 : -1;
}

static int release_page(void **state)
{
    (void)state;
    free(page);
    return 0;
}

/* "250ms", or a dash for 0. */
static void append_span(struct buf *row, int64_t span_ns)
{
    char text[TIME_TEXT_MAX] = "–";
    if (span_ns > 0)
        duration_format(text, span_ns);
    assert_ok(buf_printf(row, " %s |", text));
}

static const char *ids_name(enum venue_ids ids)
{
    static const char *const names[] = {"none", "contiguous", "ascending", "without order"};
    return names[ids];
}

/* Names of a role, the one that the user's word means first. */
static void append_channels(struct buf *row, const struct venue *venue, enum venue_role role)
{
    size_t before = row->size;
    for (const struct venue_channel *at = venue->recording->channels; at->name; at++)
        if (at->role == role)
            assert_ok(buf_printf(row, "%s`%s`", row->size == before ? " " : ", ", at->name));
    assert_ok(buf_append_text(row, row->size == before ? " – |" : " |"));
}

static void write_channels(const struct venue *venue, struct buf *row)
{
    assert_ok(
        buf_printf(row, "| `%s` | %s | `%s` |", venue->name, venue->title, venue->recording->url));
    for (int role = 0; role < VENUE_ROLES; role++)
        append_channels(row, venue, (enum venue_role)role);
}

static void write_limits(const struct venue *venue, struct buf *row)
{
    const struct venue_recording *recording = venue->recording;
    char span[TIME_TEXT_MAX];
    duration_format(span, recording->connects_span_ns);
    assert_ok(buf_printf(row, "| `%s` | %zu |", venue->name, recording->symbols_max));
    append_span(row, recording->send_gap_ns);
    assert_ok(buf_printf(row, " %u in %s |", recording->connects, span));
    append_span(row, recording->age_max_ns);
    append_span(row, recording->silence_ns);
    append_span(row, recording->keepalive_ns);
    append_span(row, venue->rest ? venue->rest->gap_ns : 0);
    assert_ok(buf_printf(row, " %s |", ids_name(venue->ids)));
}

static void every_venue_has_its_row(void (*write)(const struct venue *venue, struct buf *row))
{
    struct buf row;
    int missing = 0;
    buf_init(&row, ROW_BYTES);
    for (const struct venue *const *at = venue_all(); *at; at++) {
        if (!(*at)->recording)
            continue;
        buf_clear(&row);
        write(*at, &row);
        assert_ok(buf_terminate(&row));
        if (strstr(page, (const char *)row.data))
            continue;
        print_error("%s lacks this row:\n%s\n", PAGE, (const char *)row.data);
        missing++;
    }
    buf_release(&row);
    assert_int_equal(missing, 0);
}

static void channels_are_as_the_code_says(void **state)
{
    (void)state;
    every_venue_has_its_row(write_channels);
}

static void limits_are_as_the_code_says(void **state)
{
    (void)state;
    every_venue_has_its_row(write_limits);
}

/* What a hole is filled from is told in words. */
static void every_repair_source_is_told(void **state)
{
    (void)state;
    const char *table = strstr(page, "| venue | what fills a hole |");
    assert_non_null(table);
    for (const struct venue *const *at = venue_all(); *at; at++) {
        char cell[64];
        snprintf(cell, sizeof cell, "`%s`", (*at)->name);
        if ((*at)->recording && !strstr(table, cell))
            fail_msg("%s says nothing of what fills the holes of %s", PAGE, (*at)->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_are_as_the_code_says),
        cmocka_unit_test(limits_are_as_the_code_says),
        cmocka_unit_test(every_repair_source_is_told),
    };
    return cmocka_run_group_tests(tests, read_page, release_page);
}
