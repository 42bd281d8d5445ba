#include "engine/candle/composite_group.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- group ----------------------------------------------------------------------------------- */

struct composite_group *composite_group_new(const struct composite_rules *rules, const char *name,
                                            enum composite_method method)
{
    size_t windows_bytes = rules->bar_count * sizeof(struct composite_windows);
    struct composite_group *group = calloc(1, sizeof *group + windows_bytes);
    if (group == NULL)
        return NULL;
    assert(strlen(name) < sizeof group->name);
    memcpy(group->name, name, strlen(name) + 1);
    group->method = method;
    group->deadline_ns = INT64_MAX;
    group->closed_until_ns = INT64_MIN;
    for (size_t bar = 0; bar < rules->bar_count; bar++)
        composite_windows_init(&group->windows[bar]);
    return group;
}

void composite_group_free(struct composite_group *group, const struct composite_rules *rules)
{
    for (size_t bar = 0; bar < rules->bar_count; bar++)
        composite_windows_release(&group->windows[bar]);
    free(group);
}

struct composite_member *composite_group_join(struct composite_group *group,
                                              const struct composite_market *market)
{
    if (group->member_count == CONTRIBUTIONS_MAX)
        return NULL;
    struct composite_member *member = &group->members[group->member_count];
    *member = (struct composite_member){
        .group = group,
        .index = group->member_count++,
        .venue = market->venue,
        .symbol = market->symbol,
        .market = market->market,
        .held_ns = INT64_MIN,
        .lead_ns = INT64_MIN,
    };
    return member;
}

/* ---- time ------------------------------------------------------------------------------------ */

static int64_t add_saturated(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

static int64_t sub_saturated(int64_t a, int64_t b)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return difference;
}

static bool has_watermark(const struct composite_member *member)
{
    return member->held_ns != INT64_MIN;
}

static int64_t watermark_at(const struct composite_member *member, int64_t clock_ns)
{
    if (member->lead_ns == INT64_MIN)
        return member->held_ns;
    int64_t moving_ns = add_saturated(clock_ns, member->lead_ns);
    return moving_ns > member->held_ns ? moving_ns : member->held_ns;
}

/* The clock at which the member's watermark reaches it; INT64_MIN when it has. */
static int64_t reaches(const struct composite_member *member, int64_t watermark_ns)
{
    if (member->held_ns >= watermark_ns)
        return INT64_MIN;
    return member->lead_ns == INT64_MIN ? INT64_MAX : sub_saturated(watermark_ns, member->lead_ns);
}

/* INT64_MIN when no member has a watermark. */
static int64_t lowest_watermark(const struct composite_group *group, int64_t clock_ns)
{
    int64_t lowest_ns = INT64_MAX;
    bool any = false;
    for (size_t i = 0; i < group->member_count; i++) {
        const struct composite_member *member = &group->members[i];
        if (!has_watermark(member))
            continue;
        int64_t watermark_ns = watermark_at(member, clock_ns);
        lowest_ns = watermark_ns < lowest_ns ? watermark_ns : lowest_ns;
        any = true;
    }
    return any ? lowest_ns : INT64_MIN;
}

static void move_time(struct composite_group *group, int64_t clock_ns)
{
    int64_t lowest_ns = lowest_watermark(group, clock_ns);
    if (lowest_ns > group->closed_until_ns)
        group->closed_until_ns = lowest_ns;
}

void composite_group_begin(struct composite_group *group, int64_t before_ns)
{
    move_time(group, before_ns);
}

static bool beyond_horizon(int64_t close_ns, int64_t watermark_ns, int64_t horizon_ns)
{
    return close_ns < sub_saturated(watermark_ns, horizon_ns);
}

/* Asks those that have moved. One nanosecond above its watermark is the first that it has yet to
 * reach; from there on it goes with the clock. */
static void look_at_members(struct composite_group *group, const struct composite_clock *clock)
{
    for (size_t i = 0; i < group->member_count; i++) {
        struct composite_member *member = &group->members[i];
        if (!member->moved)
            continue;
        member->moved = false;
        member->held_ns = clock->watermark(member->market, clock->arg);
        if (!has_watermark(member) || member->held_ns == INT64_MAX)
            continue;
        int64_t next_ns = member->held_ns + 1;
        int64_t when_ns = clock->reaches(member->market, next_ns, clock->arg);
        member->lead_ns = when_ns == INT64_MAX ? INT64_MIN : sub_saturated(next_ns, when_ns);
    }
}

static void set_deadline(struct composite_group *group, const struct composite_rules *rules)
{
    int64_t close_ns = INT64_MAX;
    for (size_t bar = 0; bar < rules->bar_count; bar++) {
        const struct composite_windows *windows = &group->windows[bar];
        if (windows->closed == windows->count)
            continue;
        int64_t next_ns = composite_windows_at(windows, windows->closed)->close_ns;
        close_ns = next_ns < close_ns ? next_ns : close_ns;
    }
    group->deadline_ns = INT64_MAX;
    if (close_ns == INT64_MAX)
        return;
    group->deadline_ns = INT64_MIN;
    for (size_t i = 0; i < group->member_count; i++) {
        if (!has_watermark(&group->members[i]))
            continue;
        int64_t when_ns = reaches(&group->members[i], close_ns);
        group->deadline_ns = when_ns > group->deadline_ns ? when_ns : group->deadline_ns;
    }
    if (group->deadline_ns == INT64_MIN)
        group->deadline_ns = INT64_MAX; /* nobody has a watermark */
}

/* ---- taking ---------------------------------------------------------------------------------- */

enum err composite_group_take(struct composite_group *group, const struct composite_rules *rules,
                              struct composite_pool *pool, const struct composite_member *member,
                              size_t bar, const struct candle *candle)
{
    struct composite_windows *windows = &group->windows[bar];
    int64_t until_ns = group->closed_until_ns;
    if (candle->open_ns < windows->forgotten_ns ||
        beyond_horizon(candle->close_ns, until_ns, rules->horizon_ns))
        return ERR_OK;
    size_t index = composite_windows_index(windows, candle->open_ns);
    bool closed = candle->close_ns <= until_ns;
    if (closed && candle->state == CANDLE_FORMING)
        return ERR_OK; /* of one that joined behind the others: its closed candle will correct */
    struct composite_window *window;
    struct composite_part *part;
    enum err err = composite_windows_need(windows, pool, index, candle, closed, &window);
    if (err == ERR_OK)
        err = composite_window_part(window, pool, member->index, &part);
    if (err != ERR_OK)
        return err;
    part->venue = member->venue;
    part->symbol = member->symbol;
    composite_part_set(part, candle);
    composite_windows_touch(windows, window);
    return ERR_OK;
}

/* ---- giving ---------------------------------------------------------------------------------- */

/* Who gives what to whom. */
struct turn {
    const struct composite_group *group;
    const struct composite_rules *rules;
    size_t bar;
    const struct composite_clock *clock;
};

static void make_candle(const struct turn *turn, const struct composite_window *window,
                        enum candle_state state, struct candle *out,
                        struct contribution contributions[CONTRIBUTIONS_MAX])
{
    const struct composite_part *parts[CONTRIBUTIONS_MAX];
    size_t count = 0;
    for (const struct composite_part *part = window->parts; part != NULL; part = part->next)
        parts[count++] = part;
    *out = (struct candle){
        .venue = COMPOSITE_VENUE,
        .instrument = turn->group->name,
        .bar = turn->rules->bars[turn->bar],
        .open_ns = window->open_ns,
        .close_ns = window->close_ns,
        .state = state,
        .revision = window->revision,
        .volume_unit = VOLUME_BASE,
        .channel = composite_method_name(turn->group->method),
        .symbol = turn->group->name,
    };
    composite_blend(&turn->rules->config, turn->group->method, parts, count, out, contributions);
}

static void give(const struct turn *turn, struct composite_window *window, enum candle_state state)
{
    struct contribution contributions[CONTRIBUTIONS_MAX];
    struct candle candle;
    window->changed = false;
    if (state == CANDLE_FORMING && !turn->clock->forming)
        return;
    window->revision += state == CANDLE_CORRECTED;
    make_candle(turn, window, state, &candle, contributions);
    turn->clock->give(&candle, turn->clock->arg);
}

static void close_first_forming(const struct turn *turn, struct composite_windows *windows)
{
    struct composite_window *window = composite_windows_at(windows, windows->closed++);
    give(turn, window, CANDLE_CLOSED);
}

static void make_few(const struct turn *turn, struct composite_windows *windows,
                     struct composite_pool *pool)
{
    while (windows->count > COMPOSITE_WINDOWS_MAX) {
        struct composite_window *window = composite_windows_at(windows, 0);
        if (windows->closed == 0)
            close_first_forming(turn, windows);
        else if (window->changed)
            give(turn, window, CANDLE_CORRECTED);
        windows->forgotten_ns = window->close_ns;
        composite_windows_drop_first(windows, pool);
    }
}

/* Of the windows [from, to), in the state given. */
static void give_changed(const struct turn *turn, struct composite_windows *windows, size_t from,
                         size_t to, enum candle_state state)
{
    for (size_t i = from; i < to; i++) {
        struct composite_window *window = composite_windows_at(windows, i);
        if (window->open_ns > windows->changed_to_ns)
            break;
        if (window->changed)
            give(turn, window, state);
    }
}

static void advance_windows(const struct turn *turn, struct composite_windows *windows,
                            struct composite_pool *pool)
{
    int64_t until_ns = turn->group->closed_until_ns;
    make_few(turn, windows, pool);
    size_t from = composite_windows_index(windows, windows->changed_from_ns);
    give_changed(turn, windows, from, windows->closed, CANDLE_CORRECTED);
    while (windows->closed < windows->count &&
           composite_windows_at(windows, windows->closed)->close_ns <= until_ns)
        close_first_forming(turn, windows);
    give_changed(turn, windows, from, windows->count, CANDLE_FORMING);
    windows->changed_from_ns = INT64_MAX;
    windows->changed_to_ns = INT64_MIN;
    while (windows->closed > 0 && beyond_horizon(composite_windows_at(windows, 0)->close_ns,
                                                 until_ns, turn->rules->horizon_ns))
        composite_windows_drop_first(windows, pool);
}

void composite_group_advance(struct composite_group *group, const struct composite_rules *rules,
                             struct composite_pool *pool, const struct composite_clock *clock)
{
    look_at_members(group, clock);
    move_time(group, clock->clock_ns);
    for (size_t bar = 0; bar < rules->bar_count; bar++) {
        struct turn turn = {group, rules, bar, clock};
        advance_windows(&turn, &group->windows[bar], pool);
    }
    set_deadline(group, rules);
}

void composite_group_each_forming(const struct composite_group *group,
                                  const struct composite_rules *rules,
                                  void (*each)(const struct candle *candle, void *arg), void *arg)
{
    struct contribution contributions[CONTRIBUTIONS_MAX];
    struct candle candle;
    for (size_t bar = 0; bar < rules->bar_count; bar++) {
        const struct composite_windows *windows = &group->windows[bar];
        struct turn turn = {group, rules, bar, NULL};
        for (size_t i = windows->closed; i < windows->count; i++) {
            make_candle(&turn, composite_windows_at(windows, i), CANDLE_FORMING, &candle,
                        contributions);
            each(&candle, arg);
        }
    }
}
