#include "engine/sink/candle_filter.h"

#include "engine/base/crc32c.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_bars(const void *a, const void *b)
{
    return bar_compare(*(const struct bar *)a, *(const struct bar *)b);
}

static enum err check_count(const char *field, size_t count)
{
    if (count <= CANDLE_FILTER_LIST_MAX)
        return ERR_OK;
    return err_fail(ERR_LIMIT, "%s: %zu entries, %d are the most; leave the list empty for all",
                    field, count, CANDLE_FILTER_LIST_MAX);
}

static enum err copy_texts(const char ***out, size_t *out_count, char *const *texts, size_t count,
                           const char *field)
{
    enum err err = check_count(field, count);
    if (err != ERR_OK || count == 0)
        return err;
    *out = calloc(count, sizeof **out);
    if (*out == NULL)
        return err_fail(ERR_NOMEM, "out of memory");
    *out_count = count;
    for (size_t i = 0; i < count; i++) {
        (*out)[i] = texts[i];
        if (texts[i][0] == '\0')
            return err_fail(ERR_USAGE, "%s: entry %zu is empty", field, i);
    }
    qsort(*out, count, sizeof **out, compare_texts);
    return ERR_OK;
}

static enum err check_venues(const struct candle_filter *filter)
{
    for (size_t i = 0; i < filter->venue_count; i++) {
        const struct venue *venue;
        if (strcmp(filter->venues[i], COMPOSITE_VENUE) == 0)
            continue;
        enum err err = venue_get(&venue, filter->venues[i]);
        if (err != ERR_OK)
            return err_context(err, "filter.venues");
    }
    return ERR_OK;
}

static enum err parse_bars(struct candle_filter *filter, char *const *texts, size_t count)
{
    enum err err = check_count("filter.bars", count);
    if (err != ERR_OK || count == 0)
        return err;
    filter->bars = calloc(count, sizeof *filter->bars);
    if (filter->bars == NULL)
        return err_fail(ERR_NOMEM, "out of memory");
    filter->bar_count = count;
    for (size_t i = 0; i < count; i++) {
        err = bar_parse(&filter->bars[i], texts[i]);
        if (err != ERR_OK)
            return err_context(err, "filter.bars");
    }
    qsort(filter->bars, count, sizeof *filter->bars, compare_bars);
    return ERR_OK;
}

static enum err fill(struct candle_filter *filter, const Rewick__V1__CandleFilter *message)
{
    enum err err = copy_texts(&filter->venues, &filter->venue_count, message->venues,
                              message->n_venues, "filter.venues");
    if (err == ERR_OK)
        err = check_venues(filter);
    if (err == ERR_OK)
        err = copy_texts(&filter->instruments, &filter->instrument_count, message->instruments,
                         message->n_instruments, "filter.instruments");
    if (err == ERR_OK)
        err = parse_bars(filter, message->bars, message->n_bars);
    return err;
}

enum err candle_filter_init(struct candle_filter *filter, const Rewick__V1__CandleFilter *message)
{
    *filter = (struct candle_filter){.from_ns = INT64_MIN, .to_ns = INT64_MAX};
    if (message == NULL)
        return ERR_OK;
    enum err err = fill(filter, message);
    if (err != ERR_OK)
        candle_filter_release(filter);
    return err;
}

void candle_filter_release(struct candle_filter *filter)
{
    free(filter->venues);
    free(filter->instruments);
    free(filter->bars);
    *filter = (struct candle_filter){0};
}

static bool has_text(const char *const *texts, size_t count, const char *text)
{
    return count == 0 || bsearch(&text, texts, count, sizeof *texts, compare_texts) != NULL;
}

bool candle_filter_has(const struct candle_filter *filter, const struct candle *candle)
{
    return (filter->forming || candle->state != CANDLE_FORMING) &&
           candle->open_ns >= filter->from_ns && candle->open_ns < filter->to_ns &&
           (filter->bar_count == 0 || bsearch(&candle->bar, filter->bars, filter->bar_count,
                                              sizeof *filter->bars, compare_bars) != NULL) &&
           has_text(filter->venues, filter->venue_count, candle->venue) &&
           has_text(filter->instruments, filter->instrument_count, candle->instrument);
}

void candle_filter_query(const struct candle_filter *filter, struct candle_query *out)
{
    *out = (struct candle_query){
        .venues = filter->venues,
        .venue_count = filter->venue_count,
        .instruments = filter->instruments,
        .instrument_count = filter->instrument_count,
        .bars = filter->bars,
        .bar_count = filter->bar_count,
        .from_ns = filter->from_ns,
        .to_ns = filter->to_ns,
        .forming = filter->forming,
    };
}

static uint32_t add_texts(uint32_t crc, const char *const *texts, size_t count)
{
    crc = crc32c(crc, &count, sizeof count);
    for (size_t i = 0; i < count; i++)
        crc = crc32c(crc, texts[i], strlen(texts[i]) + 1);
    return crc;
}

uint32_t candle_filter_fingerprint(const struct candle_filter *filter)
{
    uint32_t crc = add_texts(0, filter->venues, filter->venue_count);
    crc = add_texts(crc, filter->instruments, filter->instrument_count);
    for (size_t i = 0; i < filter->bar_count; i++) {
        char text[BAR_TEXT_MAX];
        bar_format(text, filter->bars[i]);
        crc = crc32c(crc, text, strlen(text) + 1);
    }
    crc = crc32c(crc, &filter->from_ns, sizeof filter->from_ns);
    crc = crc32c(crc, &filter->to_ns, sizeof filter->to_ns);
    return crc32c(crc, &filter->forming, sizeof filter->forming);
}
