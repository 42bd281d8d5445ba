#include "recorder/repair_plan.h"

#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "recorder/market_ids.h"
#include "recorder/name_map.h"
#include "recorder/repair_hole.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far the clocks of venue and recorder may differ where one stands in for the other. */
#define SKEW_NS (10 * NS_PER_S)
/* A trade further ahead of the wall clock than this says nothing about time. */
#define AHEAD_MAX_NS NS_PER_HOUR
/* Waits double so often at most. */
#define DOUBLINGS_MAX 5
/* Holes of older sessions before the first look at which of them were filled. */
#define RECALLED_HOLES 64
/* How often holes are looked through. */
#define LOOK_NS (50 * NS_PER_MS)

struct market {
    const struct instrument *instrument; /* of the newest plan that has it */
    struct market_ids ids;
    bool kind_known, aggregated; /* which rows belong to its numbering */
    bool uncovered, was_covered;
    int64_t uncovered_wall_ns;
    struct open_hole *newest; /* of its holes */
    struct open_hole *tail;   /* the one that no live trade has ended yet */
    struct open_hole *beyond; /* the one that stands for all for which there was no room */
};

struct open_hole {
    struct open_hole *next, *before;
    struct market *market;
    struct repair_hole hole;
    int64_t due_ns;
    bool over; /* nothing more is asked for: it is to be told */
};

struct repair_venue {
    const struct plan_venue *plan; /* the newest that has it */
    struct name_map names;         /* numbers of markets; the channel is "" */
    struct market **markets;       /* owned; by number */
    uint32_t last_market;          /* found last */
    struct open_hole *first, *last;
    struct open_hole *asked; /* under way */
    char target[ORDER_TEXT_MAX];
    int64_t asked_ns, wait_until_ns;
    unsigned fails; /* in a row */
    struct repair_stats stats;
};

struct repair_plan {
    size_t count;
    struct repair_venue venues[PLAN_VENUES_MAX];
    size_t hole_count;
    size_t forget_at; /* while older sessions are recalled: so many holes are looked through */
    int64_t looked_ns;
    order_give_fn *give;
    void *give_arg;
    struct buf text;
    struct order order;
};

/* ---- life ----------------------------------------------------------------------------------- */

enum err repair_plan_new(struct repair_plan **out, const struct record_plan *plan,
                         order_give_fn *give, void *give_arg)
{
    struct repair_plan *repair = calloc(1, sizeof *repair);
    if (!repair)
        return err_fail(ERR_NOMEM, "out of memory for repairs");
    repair->give = give;
    repair->give_arg = give_arg;
    repair->looked_ns = INT64_MIN;
    buf_init(&repair->text, ORDER_TEXT_MAX - 1);
    repair_plan_plan(repair, plan);
    *out = repair;
    return ERR_OK;
}

static void free_market(struct market *market)
{
    market_ids_release(&market->ids);
    free(market);
}

static void release_venue(struct repair_venue *venue)
{
    struct open_hole *next;
    for (struct open_hole *hole = venue->first; hole; hole = next) {
        next = hole->next;
        free(hole);
    }
    for (size_t i = 0; i < venue->names.count; i++)
        free_market(venue->markets[i]);
    free(venue->markets);
    name_map_release(&venue->names);
}

void repair_plan_free(struct repair_plan *repair)
{
    if (!repair)
        return;
    for (size_t i = 0; i < repair->count; i++)
        release_venue(&repair->venues[i]);
    buf_release(&repair->text);
    free(repair);
}

/* repair->count when there is none. */
static size_t venue_index(const struct repair_plan *repair, const struct venue *venue)
{
    size_t i = 0;
    while (i < repair->count && repair->venues[i].plan->venue != venue)
        i++;
    return i;
}

static struct repair_venue *find_venue(struct repair_plan *repair, const struct venue *venue)
{
    size_t index = venue_index(repair, venue);
    return index < repair->count ? &repair->venues[index] : NULL;
}

static enum err add_market(struct repair_venue *venue, const struct instrument *instrument)
{
    uint32_t number = name_map_find(&venue->names, "", instrument->symbol);
    if (number != NAME_MAP_NONE) {
        venue->markets[number]->instrument = instrument;
        return ERR_OK;
    }
    size_t count = venue->names.count;
    struct market **grown = realloc(venue->markets, (count + 1) * sizeof(struct market *));
    if (!grown)
        return err_fail(ERR_NOMEM, "out of memory for markets");
    venue->markets = grown;
    struct market *market = calloc(1, sizeof *market);
    if (!market)
        return err_fail(ERR_NOMEM, "out of memory for markets");
    market->instrument = instrument;
    enum err err = market_ids_init(&market->ids, venue->plan->venue->ids);
    err = err ? err : name_map_add(&venue->names, "", instrument->symbol, &number);
    if (err)
        free_market(market);
    else
        venue->markets[number] = market;
    return err;
}

static enum err add_venue(struct repair_plan *repair, const struct plan_venue *plan)
{
    struct repair_venue *venue = find_venue(repair, plan->venue);
    if (!venue && repair->count == PLAN_VENUES_MAX)
        return err_fail(ERR_LIMIT, "more than %d venues", PLAN_VENUES_MAX);
    if (!venue) {
        venue = &repair->venues[repair->count++];
        *venue = (struct repair_venue){.wait_until_ns = INT64_MIN};
    }
    venue->plan = plan;
    enum err err = ERR_OK;
    for (size_t i = 0; i < plan->count && !err; i++)
        err = add_market(venue, &plan->instruments[i]);
    return err;
}

void repair_plan_plan(struct repair_plan *repair, const struct record_plan *plan)
{
    for (size_t i = 0; i < plan->venue_count; i++) {
        enum err err = add_venue(repair, &plan->venues[i]);
        if (err)
            log_error("%s: not all trades can be repaired: %s", plan->venues[i].venue->name,
                      err_text(err));
    }
}

/* Markets of one frame are mostly one. */
static struct market *find_market(struct repair_venue *venue, const char *symbol)
{
    if (venue->last_market < venue->names.count &&
        strcmp(venue->names.pairs[venue->last_market].symbol, symbol) == 0)
        return venue->markets[venue->last_market];
    uint32_t number = name_map_find(&venue->names, "", symbol);
    if (number == NAME_MAP_NONE)
        return NULL;
    venue->last_market = number;
    return venue->markets[number];
}

static const char *trade_channel(const struct repair_venue *venue)
{
    return venue->plan->stream_count > 0 ? venue->plan->streams[0].channel->name : "";
}

static bool has_source(const struct repair_venue *venue)
{
    const struct venue_rest *rest = venue->plan->venue->rest;
    return rest && rest->trades && *venue->plan->rest.host;
}

/* ---- holes ---------------------------------------------------------------------------------- */

static void unlink_hole(struct repair_plan *repair, struct repair_venue *venue,
                        struct open_hole *open)
{
    struct market *market = open->market;
    *(open->before ? &open->before->next : &venue->first) = open->next;
    *(open->next ? &open->next->before : &venue->last) = open->before;
    market->newest = market->newest == open ? NULL : market->newest;
    market->tail = market->tail == open ? NULL : market->tail;
    market->beyond = market->beyond == open ? NULL : market->beyond;
    repair->hole_count--;
    venue->stats.open--;
    free(open);
}

static void link_hole(struct repair_plan *repair, struct repair_venue *venue,
                      struct open_hole *open)
{
    open->before = venue->last;
    *(venue->last ? &venue->last->next : &venue->first) = open;
    venue->last = open;
    repair->hole_count++;
    venue->stats.open++;
}

static const char *no_proof(enum venue_ids kind)
{
    return kind == IDS_CONTIGUOUS ? "no trade before it is known"
                                  : "the venue's ids do not show gaps";
}

static void give_up(struct repair_venue *venue, struct open_hole *open, const char *why)
{
    struct market *market = open->market;
    char *text = open->hole.why;
    if (open->hole.kind == HOLE_TIME)
        snprintf(text, REPAIR_HOLE_WHY_MAX, "%s; trades fetched for it: %" PRIu64 "; %.120s",
                 no_proof(venue->plan->venue->ids), open->hole.fetched, why);
    else
        snprintf(text, REPAIR_HOLE_WHY_MAX, "%.*s", REPAIR_HOLE_WHY_MAX - 1, why);
    open->over = true;
    market->newest = market->newest == open ? NULL : market->newest;
    market->tail = market->tail == open ? NULL : market->tail;
    if (open->hole.kind == HOLE_TIME)
        venue->stats.possible++;
    else if (open->hole.kind == HOLE_IDS)
        venue->stats.given_up++;
}

/* There is no room for it: one hole of the market stands for all of those. */
static bool widen_beyond(struct market *market, const struct repair_hole *hole)
{
    if (hole->kind == HOLE_TAIL)
        return true; /* ids will show it */
    if (!market->beyond || market->beyond->hole.kind != hole->kind)
        return false;
    struct repair_hole *beyond = &market->beyond->hole;
    if (hole->ids.first < beyond->ids.first)
        beyond->ids.first = hole->ids.first;
    if (hole->ids.last > beyond->ids.last)
        beyond->ids.last = hole->ids.last;
    if (hole->to_ns > beyond->to_ns)
        beyond->to_ns = hole->to_ns;
    if (hole->from_ns < beyond->from_ns)
        beyond->from_ns = hole->from_ns;
    return true;
}

/* *out is NULL when there was no room. */
static enum err open_hole(struct repair_plan *repair, struct repair_venue *venue,
                          struct market *market, const struct repair_hole *hole,
                          struct open_hole **out, int64_t due_ns)
{
    bool room = repair->hole_count < REPAIR_HOLES_MAX;
    *out = NULL;
    venue->stats.holes++;
    if (!room && widen_beyond(market, hole))
        return ERR_OK;
    struct open_hole *open = calloc(1, sizeof *open);
    if (!open)
        return err_fail(ERR_NOMEM, "out of memory for missing trades");
    *open = (struct open_hole){.market = market, .hole = *hole, .due_ns = due_ns};
    link_hole(repair, venue, open);
    if (room) {
        *out = market->newest = open;
        return ERR_OK;
    }
    market->beyond = open;
    give_up(venue, open, "too many holes at once");
    return ERR_OK;
}

static bool is_untouched(const struct open_hole *open)
{
    return open->hole.pages == 0 && open->hole.rounds == 0;
}

/* Holes that came since the last one was seen and before it is asked for are asked for with it. */
static bool join_newest(struct market *market, const struct repair_hole *hole)
{
    struct open_hole *open = market->newest;
    if (!open || open->hole.kind != HOLE_IDS || !is_untouched(open) ||
        hole->ids.first < open->hole.ids.first)
        return false;
    repair_hole_ids(&open->hole, (struct id_range){open->hole.ids.first, hole->ids.last},
                    open->hole.from_ns, hole->to_ns);
    return true;
}

static bool is_known_hole(const struct repair_venue *venue, const struct market *market,
                          struct id_range ids)
{
    if (market->tail && repair_hole_has(&market->tail->hole, ids))
        return true;
    const struct open_hole *asked = venue->asked;
    return asked && asked->market == market && repair_hole_has(&asked->hole, ids);
}

/* ---- trades --------------------------------------------------------------------------------- */

struct sighting {
    struct repair_plan *repair;
    struct repair_venue *venue;
    bool answer; /* of the venue's REST, else live */
    struct stamp now;
};

/* The first live trade after a time without: where the hole ends is known. */
static void end_tail(struct market *market, const struct market_news *news, int64_t time_ns)
{
    struct open_hole *tail = market->tail;
    bool before = tail->hole.kind == HOLE_TAIL ? news->ids.first < tail->hole.ids.first
                                               : !news->is_new || time_ns < tail->hole.from_ns;
    if (before)
        return;
    if (tail->hole.kind == HOLE_TAIL && news->ids.first - tail->hole.ids.first > ID_CHECK_HOLE_MAX)
        tail->hole.ids.first = tail->hole.ask.first = news->ids.first; /* another numbering */
    repair_hole_end(&tail->hole, news->ids, time_ns);
    market->tail = NULL;
}

static enum err note_missing(const struct sighting *sighting, struct market *market,
                             const struct market_news *news, int64_t time_ns)
{
    struct repair_hole hole;
    struct open_hole *open;
    repair_hole_ids(&hole, news->missing_ids, news->below_ns, time_ns);
    if (join_newest(market, &hole))
        return ERR_OK;
    return open_hole(sighting->repair, sighting->venue, market, &hole, &open,
                     sighting->now.mono_ns + REPAIR_GRACE_NS);
}

/* There is no memory of these ids any more; they will never be repaired. */
static enum err note_lost(const struct sighting *sighting, struct market *market,
                          const struct market_news *news, int64_t time_ns)
{
    struct repair_hole hole;
    struct open_hole *open;
    repair_hole_ids(&hole, news->lost_ids, time_ns, time_ns);
    enum err err =
        open_hole(sighting->repair, sighting->venue, market, &hole, &open, sighting->now.mono_ns);
    if (!err && open)
        give_up(sighting->venue, open, "too many ids are missing to keep track of them");
    return err;
}

/* Only contiguous ids say for good what is new; of all others counts what lies in the hole. */
static void note_fetched(struct repair_venue *venue, const struct market *market, int64_t time_ns)
{
    struct repair_hole *hole =
        venue->asked && venue->asked->market == market ? &venue->asked->hole : NULL;
    bool inside = hole && time_ns >= hole->from_ns && time_ns <= hole->to_ns;
    if (!market->ids.contiguous && !inside)
        return;
    venue->stats.fetched++;
    if (hole)
        hole->fetched++;
}

static enum err take_news(const struct sighting *sighting, struct market *market,
                          const struct trade *trade, const struct market_news *news)
{
    struct repair_venue *venue = sighting->venue;
    bool live = !sighting->answer && (trade->flags & TRADE_SNAPSHOT) == 0;
    bool known = news->missing > 0 && is_known_hole(venue, market, news->missing_ids);
    venue->stats.missing += news->missing;
    venue->stats.filled += news->filled;
    if (sighting->answer && news->is_new)
        note_fetched(venue, market, trade->source_ns);
    bool ends = live || (!sighting->answer && market->ids.contiguous);
    if (market->tail && ends)
        end_tail(market, news, trade->source_ns);
    enum err err = ERR_OK;
    if (news->missing > 0 && !known)
        err = note_missing(sighting, market, news, trade->source_ns);
    if (!err && news->lost > 0)
        err = note_lost(sighting, market, news, trade->source_ns);
    return err;
}

/* Rows of the other kind of channel have another numbering. */
static bool belongs(struct market *market, const struct trade *trade, bool answer)
{
    bool aggregated = (trade->flags & TRADE_AGGREGATED) != 0;
    if (!market->kind_known && !answer) {
        market->kind_known = true;
        market->aggregated = aggregated;
    }
    return !market->kind_known || market->aggregated == aggregated;
}

static enum err see_trade(const struct sighting *sighting, const struct trade *trade)
{
    struct market *market = find_market(sighting->venue, trade->symbol);
    struct market_news news;
    struct trade sane;
    if (!market || !belongs(market, trade, sighting->answer))
        return ERR_OK;
    if (trade->source_ns < 0 || trade->source_ns > sighting->now.wall_ns + AHEAD_MAX_NS) {
        sane = *trade;
        sane.source_ns = sighting->now.wall_ns;
        trade = &sane;
    }
    enum err err = market_ids_see(&market->ids, trade, &news);
    return err ? err : take_news(sighting, market, trade, &news);
}

static enum err see_trades(const struct sighting *sighting, const struct venue_frame *frame)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < frame->trade_count && !err; i++)
        err = see_trade(sighting, &frame->trades[i]);
    return err;
}

/* A channel that is recorded beside the one that makes candles. */
static bool is_other_channel(const struct repair_venue *venue, const struct venue_frame *frame)
{
    for (size_t i = 1; i < venue->plan->stream_count; i++)
        if (strcmp(venue->plan->streams[i].channel->name, frame->channel) == 0)
            return true;
    return false;
}

enum err repair_plan_trades(struct repair_plan *repair, const struct venue *venue,
                            const struct venue_frame *frame, struct stamp now)
{
    struct sighting sighting = {repair, find_venue(repair, venue), false, now};
    if (!sighting.venue || is_other_channel(sighting.venue, frame))
        return ERR_OK;
    return see_trades(&sighting, frame);
}

/* Holes that were filled since, by another connection or an answer. */
static void forget_filled(struct repair_plan *repair, struct repair_venue *venue)
{
    struct open_hole *next;
    for (struct open_hole *open = venue->first; open; open = next) {
        next = open->next;
        if (repair_hole_is_filled(&open->hole, &open->market->ids))
            unlink_hole(repair, venue, open);
    }
}

/* What contiguous ids show to be missing is a hole of this session too. */
static enum err recall_trade(const struct sighting *sighting, struct market *market,
                             const struct trade *trade)
{
    enum err err = ERR_OK;
    if (market->ids.contiguous && has_source(sighting->venue))
        err = see_trade(sighting, trade);
    market_ids_recall(&market->ids, trade);
    return err;
}

enum err repair_plan_recall(struct repair_plan *repair, const struct venue *venue,
                            const struct venue_frame *frame)
{
    struct sighting sighting = {.repair = repair, .venue = find_venue(repair, venue)};
    struct repair_venue *found = sighting.venue;
    enum err err = ERR_OK;
    if (!found || is_other_channel(found, frame))
        return ERR_OK;
    for (size_t i = 0; i < frame->trade_count && !err; i++) {
        const struct trade *trade = &frame->trades[i];
        struct market *market = find_market(found, trade->symbol);
        sighting.answer = (trade->flags & TRADE_BACKFILL) != 0;
        sighting.now.wall_ns = trade->source_ns;
        if (market && belongs(market, trade, sighting.answer))
            err = recall_trade(&sighting, market, trade);
    }
    if (sighting.answer || repair->hole_count >= repair->forget_at) {
        forget_filled(repair, found);
        repair->forget_at = 2 * repair->hole_count + RECALLED_HOLES;
    }
    /* What an older session saw is not counted again, but what it left is. */
    found->stats = (struct repair_stats){.holes = found->stats.open,
                                         .open = found->stats.open,
                                         .missing = found->stats.missing - found->stats.filled};
    return err;
}

/* ---- coverage ------------------------------------------------------------------------------- */

static struct market *covered_market(struct repair_venue *venue, const char *channel,
                                     const char *symbol)
{
    return venue && strcmp(channel, trade_channel(venue)) == 0 ? find_market(venue, symbol) : NULL;
}

enum err repair_plan_uncovered(struct repair_plan *repair, const struct venue *venue,
                               const char *channel, const char *symbol, struct stamp now)
{
    struct market *market = covered_market(find_venue(repair, venue), channel, symbol);
    if (!market || market->uncovered)
        return ERR_OK;
    market->uncovered = true;
    market->uncovered_wall_ns = now.wall_ns;
    return ERR_OK;
}

/* Contiguous ids show a hole by themselves as soon as a trade comes; asking at once finds it in a
 * market where none comes for long. */
static void make_hole(const struct market *market, struct stamp now, struct repair_hole *out)
{
    const struct market_ids *ids = &market->ids;
    int64_t from_ns = ids->known ? ids->newest_ns : market->uncovered_wall_ns - SKEW_NS;
    if (ids->contiguous && ids->known && ids->newest_id < UINT64_MAX)
        repair_hole_tail(out, ids->newest_id + 1, from_ns, now.wall_ns + SKEW_NS);
    else
        repair_hole_time(out, from_ns, now.wall_ns + SKEW_NS);
}

/* A hole that nothing has ended yet goes on. */
static bool prolong_tail(struct market *market, struct stamp now)
{
    struct open_hole *tail = market->tail;
    if (!tail)
        return false;
    tail->hole.to_ns = tail->hole.ask_to_ns = now.wall_ns + SKEW_NS;
    tail->due_ns = now.mono_ns + REPAIR_GRACE_NS;
    return true;
}

enum err repair_plan_covered(struct repair_plan *repair, const struct venue *venue,
                             const char *channel, const char *symbol, struct stamp now)
{
    struct repair_venue *found = find_venue(repair, venue);
    struct market *market = covered_market(found, channel, symbol);
    if (!market)
        return ERR_OK;
    bool hole_before = market->uncovered || (!market->was_covered && market->ids.recalled);
    market->uncovered = false;
    market->was_covered = true;
    if (!hole_before || prolong_tail(market, now))
        return ERR_OK;
    struct repair_hole hole;
    struct open_hole *open;
    make_hole(market, now, &hole);
    if (hole.kind == HOLE_TAIL && !has_source(found))
        return ERR_OK;
    enum err err = open_hole(repair, found, market, &hole, &open, now.mono_ns + REPAIR_GRACE_NS);
    market->tail = open;
    return err;
}

/* ---- asking --------------------------------------------------------------------------------- */

static int64_t wait_ns(unsigned fails)
{
    unsigned doublings = fails > 0 ? fails - 1 : 0;
    return REPAIR_RETRY_NS << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
}

/* A tail of which nothing is known to be missing needs no word: ids will show it. */
static void end_without(struct repair_plan *repair, struct repair_venue *venue,
                        struct open_hole *open, const char *why)
{
    if (open->hole.kind == HOLE_TAIL)
        unlink_hole(repair, venue, open);
    else
        give_up(venue, open, why);
}

static void step(struct repair_plan *repair, struct repair_venue *venue, struct open_hole *open,
                 enum hole_step step, int64_t now_ns)
{
    bool by_time = open->hole.kind == HOLE_TIME;
    switch (step) {
    case HOLE_MORE:
        if (open->hole.pages >= REPAIR_PAGES_MAX)
            end_without(repair, venue, open, "it is longer than is fetched for one hole");
        break;
    case HOLE_AGAIN:
        open->due_ns = now_ns + REPAIR_RETRY_NS;
        break;
    case HOLE_DONE:
        unlink_hole(repair, venue, open);
        break;
    case HOLE_GIVE_UP:
        end_without(repair, venue, open,
                    by_time ? "the venue has no more" : "the venue does not give them");
        break;
    }
}

static void failed(struct repair_plan *repair, struct repair_venue *venue, struct open_hole *open,
                   const char *why, int64_t now_ns)
{
    venue->wait_until_ns = now_ns + wait_ns(++venue->fails);
    open->due_ns = now_ns + wait_ns(++open->hole.tries);
    if (open->hole.tries >= REPAIR_TRIES_MAX || open->hole.pages >= REPAIR_PAGES_MAX)
        end_without(repair, venue, open, why);
}

/* Puts the target of the next question into `text`. */
static enum err question(struct repair_plan *repair, const struct repair_venue *venue,
                         const struct open_hole *open, struct stamp now)
{
    const struct market *market = open->market;
    struct venue_hole hole = {
        .instrument = market->instrument, .channel = trade_channel(venue), .now_ns = now.wall_ns};
    if (!has_source(venue))
        return err_fail(ERR_UNKNOWN, "there is no source of trades");
    if (!repair_hole_question(&open->hole, &market->ids, &hole))
        return ERR_END;
    buf_clear(&repair->text);
    enum err err = venue->plan->venue->rest->trades(&hole, &repair->text);
    return err ? err : buf_terminate(&repair->text);
}

static void send_question(struct repair_plan *repair, struct repair_venue *venue,
                          struct open_hole *open, struct stamp now)
{
    repair->order.kind = ORDER_FETCH;
    repair->order.venue = venue->plan->venue->name;
    repair->order.connection = 0;
    memcpy(repair->order.text, repair->text.data, repair->text.size + 1);
    if (repair->give(&repair->order, repair->give_arg) != ERR_OK)
        return; /* later */
    memcpy(venue->target, repair->order.text, repair->text.size + 1);
    venue->asked = open;
    venue->asked_ns = now.mono_ns;
    open->hole.pages++;
}

static void ask(struct repair_plan *repair, struct repair_venue *venue, struct open_hole *open,
                struct stamp now)
{
    enum err err = question(repair, venue, open, now);
    if (!err)
        send_question(repair, venue, open, now);
    else if (err == ERR_END)
        step(repair, venue, open,
             repair_hole_next_round(&open->hole, &open->market->ids, venue->plan->venue->rest),
             now.mono_ns);
    else
        end_without(repair, venue, open, err_text(err));
}

/* ---- answers -------------------------------------------------------------------------------- */

static void read_page(const struct market *market, const struct venue_frame *frame,
                      struct hole_page *out)
{
    *out = (struct hole_page){0};
    for (size_t i = 0; i < frame->trade_count; i++) {
        const struct trade *trade = &frame->trades[i];
        bool aggregated = (trade->flags & TRADE_AGGREGATED) != 0;
        if ((!market->kind_known || aggregated == market->aggregated) &&
            strcmp(trade->symbol, market->instrument->symbol) == 0)
            hole_page_add(out, trade);
    }
}

static void take_page(struct repair_plan *repair, struct repair_venue *venue,
                      struct open_hole *open, const struct venue_frame *frame, struct stamp now)
{
    struct market *market = open->market;
    struct hole_page page;
    read_page(market, frame, &page);
    venue->fails = 0;
    open->hole.tries = 0;
    enum hole_step next =
        repair_hole_take(&open->hole, &market->ids, &page, venue->plan->venue->rest);
    if (market->tail == open && open->hole.kind == HOLE_IDS)
        market->tail = NULL;
    step(repair, venue, open, next, now.mono_ns);
}

static void describe_failure(int status, const struct venue_frame *frame,
                             char out[REPAIR_HOLE_WHY_MAX])
{
    if (frame && *frame->error)
        snprintf(out, REPAIR_HOLE_WHY_MAX, "the venue answers: %.*s", REPAIR_HOLE_WHY_MAX - 24,
                 frame->error);
    else if (status == 0)
        snprintf(out, REPAIR_HOLE_WHY_MAX, "the venue does not answer");
    else if (status == 200)
        snprintf(out, REPAIR_HOLE_WHY_MAX, "the venue's answer holds no trades");
    else
        snprintf(out, REPAIR_HOLE_WHY_MAX, "the venue answers with HTTP status %d", status);
}

enum err repair_plan_answer(struct repair_plan *repair, const struct venue *venue,
                            const char *target, int status, const struct venue_frame *frame,
                            struct stamp now)
{
    struct sighting sighting = {repair, find_venue(repair, venue), true, now};
    struct repair_venue *found = sighting.venue;
    bool rows = status == 200 && frame && frame->kind == VENUE_TRADES;
    char why[REPAIR_HOLE_WHY_MAX];
    if (!found)
        return ERR_OK;
    bool ours = found->asked && strcmp(found->target, target) == 0;
    /* Whoever asked: the trades are on the tape. */
    enum err err = rows ? see_trades(&sighting, frame) : ERR_OK;
    if (err || !ours)
        return err;
    struct open_hole *open = found->asked;
    found->asked = NULL;
    if (rows) {
        take_page(repair, found, open, frame, now);
        return ERR_OK;
    }
    describe_failure(status, frame, why);
    failed(repair, found, open, why, now.mono_ns);
    return ERR_OK;
}

/* ---- telling -------------------------------------------------------------------------------- */

static void tell_user(const struct repair_venue *venue, const struct open_hole *open)
{
    char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
    const struct repair_hole *hole = &open->hole;
    const struct market *market = open->market;
    const char *name = venue->plan->venue->name;
    time_format(from, hole->from_ns);
    time_format(to, hole->to_ns);
    bool known = hole->kind == HOLE_IDS;
    uint64_t count = known ? market_ids_count(&market->ids, hole->ids) : 0;
    if (known)
        log_warn("%s: %s between %s and %s: %" PRIu64 " missing trade%s cannot be repaired: %s",
                 name, market->instrument->name, from, to, count, count == 1 ? "" : "s", hole->why);
    else
        log_info("%s: trades of %s between %s and %s are possibly incomplete: %s", name,
                 market->instrument->name, from, to, hole->why);
}

/* False: the order was not taken, it must be tried again. */
static bool tell(struct repair_plan *repair, struct repair_venue *venue, struct open_hole *open)
{
    enum err err =
        repair_hole_tell(&open->hole, &open->market->ids, open->market->instrument, &repair->text);
    err = err ? err : buf_terminate(&repair->text);
    if (err) { /* names cannot be so long; if they are, the user knows at least */
        log_error("%s: a hole cannot be told on the tape: %s", venue->plan->venue->name,
                  err_text(err));
    } else {
        repair->order.kind = ORDER_NOTE;
        repair->order.venue = venue->plan->venue->name;
        repair->order.connection = 0;
        repair->order.record = RECORD_GAP;
        memcpy(repair->order.text, repair->text.data, repair->text.size + 1);
        if (repair->give(&repair->order, repair->give_arg) != ERR_OK)
            return false;
    }
    tell_user(venue, open);
    unlink_hole(repair, venue, open);
    return true;
}

/* ---- work ----------------------------------------------------------------------------------- */

static void check_answer(struct repair_plan *repair, struct repair_venue *venue, int64_t now_ns)
{
    struct open_hole *open = venue->asked;
    if (!open || now_ns - venue->asked_ns < REPAIR_ANSWER_NS)
        return;
    venue->asked = NULL;
    failed(repair, venue, open, "the venue does not answer", now_ns);
}

/* Tells what is over, forgets what is filled, and finds what is to be asked for next. */
static struct open_hole *look_through(struct repair_plan *repair, struct repair_venue *venue,
                                      int64_t now_ns)
{
    struct open_hole *best = NULL, *next;
    bool telling = true;
    for (struct open_hole *open = venue->first; open; open = next) {
        next = open->next;
        if (open == venue->asked)
            continue;
        if (open->over) {
            telling = telling && tell(repair, venue, open);
        } else if (open->due_ns <= now_ns) {
            if (repair_hole_is_filled(&open->hole, &open->market->ids))
                unlink_hole(repair, venue, open);
            else if (!best || open->due_ns < best->due_ns)
                best = open;
        }
    }
    return best;
}

void repair_plan_work(struct repair_plan *repair, struct stamp now)
{
    if (repair->looked_ns != INT64_MIN && now.mono_ns - repair->looked_ns < LOOK_NS)
        return;
    repair->looked_ns = now.mono_ns;
    for (size_t i = 0; i < repair->count; i++) {
        struct repair_venue *venue = &repair->venues[i];
        check_answer(repair, venue, now.mono_ns);
        struct open_hole *open = look_through(repair, venue, now.mono_ns);
        if (open && !venue->asked && now.mono_ns >= venue->wait_until_ns)
            ask(repair, venue, open, now);
    }
}

void repair_plan_stats(const struct repair_plan *repair, const struct venue *venue,
                       struct repair_stats *out)
{
    size_t index = venue_index(repair, venue);
    *out = index < repair->count ? repair->venues[index].stats : (struct repair_stats){0};
}
