#include "replayer/simulate_list.h"

#include "engine/engine_answer.h"

#include <stdio.h>
#include <string.h>

#define TARGET_MAX 4096

/* What the spelling says, and the smallest steps of the market's numbers. */
static struct instrument describe(const struct simulate_market *market)
{
    const struct simulate_market_options *options = &market->options;
    struct instrument instrument = {0};
    options->venue->describe(market->symbol, &instrument);
    instrument.trading = true;
    instrument.price_tick = (struct decimal){options->digits.tick, (uint8_t)options->digits.price};
    instrument.quantity_step = (struct decimal){1, (uint8_t)options->digits.quantity};
    if (options->contract_micros > 0)
        instrument.contract_size = (struct decimal){options->contract_micros / 1000000, 0};
    snprintf(instrument.contract_asset, sizeof instrument.contract_asset, "%s",
             options->contract_micros > 0 ? instrument.quote : "");
    return instrument;
}

static enum err answer(const struct simulate_feed_options *feed, const char *target,
                       int64_t wall_ns, struct buf *body)
{
    struct instrument instruments[SIMULATE_MARKETS_MAX];
    struct venue_past past = {.instrument_count = feed->market_count, .instruments = instruments};
    for (size_t i = 0; i < feed->market_count; i++)
        instruments[i] = describe(&feed->markets[i]);
    int status = 200;
    const char *url = feed->venue->rest->url, *host = strstr(url, "://");
    enum err err = feed->venue->serving->answer("GET", target, host ? host + 3 : url,
                                                wall_ns + feed->skew_ns, &past, &status, body);
    if (err == ERR_UNKNOWN || (err == ERR_OK && status != 200))
        return err_fail(ERR_UNKNOWN, "venue '%s' does not answer its own request '%s'",
                        feed->venue->name, target);
    return err;
}

enum err simulate_list_page(const struct simulate_feed_options *feed, int64_t wall_ns, size_t index,
                            struct buf *body, struct buf *out)
{
    const struct venue_rest *rest = feed->venue->rest;
    if (!rest || !feed->venue->serving->answer || index == SIMULATE_PAGES_MAX)
        return ERR_END;
    char url[2 * TARGET_MAX];
    struct buf target;
    buf_init(&target, TARGET_MAX);
    enum err err = rest->list(index, index > 0 ? body->data : NULL, body->size, &target);
    if (err == ERR_OK)
        err = buf_terminate(&target);
    if (err == ERR_OK)
        err = answer(feed, (const char *)target.data, wall_ns, body);
    if (err == ERR_OK) {
        snprintf(url, sizeof url, "%s%s", rest->url, (const char *)target.data);
        err = engine_answer_write(out, url, body->data, body->size);
    }
    buf_release(&target);
    return err;
}
