#include "recorder/fetcher.h"

#include "engine/engine_answer.h"

#include <stdio.h>
#include <string.h>

/* ---- answers -------------------------------------------------------------------------------- */

static void note_answer(struct fetcher *fetcher, const struct fetch *fetch, struct stamp now,
                        const struct fetch_answer *answer)
{
    struct wire_world *world = fetcher->world;
    struct feed_source source =
        capture_feed_venue(&world->feed, fetch->venue->name, fetch->connection);
    const char *reason = answer->status == 0 ? answer->reason : NULL;
    if (reason && (*reason == '\0' || !buf_is_utf8(reason, strlen(reason))))
        reason = "no answer";
    struct engine_asked asked = {.method = fetch->method,
                                 .host = fetch->host->text,
                                 .target = fetch->target,
                                 .status = answer->status,
                                 .error = reason};
    enum err err = engine_answer_tell(&world->text, &asked, answer->body, answer->size);
    if (err)
        capture_feed_lost(&world->feed, &source, DROP_TOO_LARGE, now);
    else
        capture_feed_push(&world->feed, &source, RECORD_HTTP, 0, now, world->text.data,
                          world->text.size);
}

static void no_address(struct fetcher *fetcher, const struct fetch *fetch, struct wire *wire,
                       struct stamp now, const struct fetch_answer *answer)
{
    char reason[2 * WIRE_REASON_MAX];
    if (answer->status == 0)
        snprintf(reason, sizeof reason, "%s gives no address: %.*s", fetch->host->authority, 200,
                 answer->reason);
    else
        snprintf(reason, sizeof reason, "%s gives no address: HTTP status %d",
                 fetch->host->authority, answer->status);
    fetcher->fail(fetcher->arg, wire, now, reason);
}

static void give_address(struct fetcher *fetcher, const struct fetch *fetch, struct stamp now,
                         const struct fetch_answer *answer)
{
    struct wire *wire = wire_set_living(fetcher->wires, fetch->connection);
    if (!wire || wire->state != WIRE_ASKING)
        return;
    if (answer->status != 200) {
        no_address(fetcher, fetch, wire, now, answer);
        return;
    }
    enum err err = wire_address(wire, answer->body, answer->size, fetch->host->tls, now.mono_ns);
    if (err)
        fetcher->fail(fetcher->arg, wire, now, err_text(err));
}

static void take_answer(struct fetcher *fetcher, struct fetch *fetch, struct stamp now,
                        const struct fetch_answer *answer)
{
    if (fetch_queue_answer(&fetcher->queue, fetch, answer, now.mono_ns) == FETCH_AGAIN)
        return;
    fetcher->failed += answer->status != 200;
    note_answer(fetcher, fetch, now, answer);
    if (fetch->connection > 0)
        give_address(fetcher, fetch, now, answer);
    fetch_queue_done(fetch);
}

void fetcher_answered(struct fetcher *fetcher, uint32_t number, struct stamp now,
                      const struct fetch_answer *answer)
{
    struct fetch *fetch = fetch_queue_find(&fetcher->queue, number);
    if (fetch)
        take_answer(fetcher, fetch, now, answer);
}

/* ---- requests ------------------------------------------------------------------------------- */

static enum err add(struct fetcher *fetcher, const struct fetch *fetch, struct stamp now)
{
    if (fetch->host->host[0] == '\0')
        return err_fail(ERR_USAGE, "the venue has no host for requests");
    return fetch_queue_add(&fetcher->queue, fetch, now.mono_ns);
}

void fetcher_order(struct fetcher *fetcher, const struct plan_venue *venue, const char *target,
                   struct stamp now)
{
    struct fetch fetch = {.venue = venue->venue, .host = &venue->rest, .method = "GET"};
    snprintf(fetch.target, sizeof fetch.target, "%s", target);
    enum err err = add(fetcher, &fetch, now);
    if (err == ERR_STOP) /* it is under way already */
        return;
    fetcher->fetches++;
    if (!err)
        return;
    struct fetch_answer none = {.body = "", .reason = err_text(err)};
    fetcher->failed++;
    note_answer(fetcher, &fetch, now, &none);
}

enum err fetcher_ask(struct fetcher *fetcher, const struct wire *wire, const struct ws_url *host,
                     struct stamp now)
{
    const struct venue_handshake *handshake = wire->venue->recording->handshake;
    struct fetch fetch = {.venue = wire->venue,
                          .host = host,
                          .method = handshake->method,
                          .connection = wire->connection};
    snprintf(fetch.target, sizeof fetch.target, "%s", handshake->target);
    fetcher->fetches++;
    return add(fetcher, &fetch, now);
}

int64_t fetcher_work(struct fetcher *fetcher, struct stamp now)
{
    const struct transport *transport = fetcher->world->transport;
    struct fetch *fetch;
    int64_t due_ns;
    while ((fetch = fetch_queue_take(&fetcher->queue, now.mono_ns, &due_ns))) {
        enum err err = transport->fetch(transport->arg, fetch->number, fetch->method, fetch->host,
                                        fetch->target);
        if (!err)
            continue;
        struct fetch_answer none = {.body = "", .reason = err_text(err)};
        take_answer(fetcher, fetch, now, &none);
    }
    return due_ns;
}
