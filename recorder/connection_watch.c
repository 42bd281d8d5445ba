#include "recorder/connection_watch.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES_MAX (1024u * 1024)

void connection_watch_init(struct connection_watch *watch, const struct venue *venue,
                           int64_t mono_ns, watched_change_fn *changed, void *arg)
{
    *watch = (struct connection_watch){
        .venue = venue, .next_id = 1, .sent_ns = mono_ns, .changed = changed, .arg = arg};
    buf_init(&watch->text, MESSAGE_BYTES_MAX);
}

void connection_watch_release(struct connection_watch *watch)
{
    free(watch->subs);
    free(watch->messages);
    buf_release(&watch->text);
    *watch = (struct connection_watch){0};
}

/* ---- subscriptions -------------------------------------------------------------------------- */

/* How many have a lower number. */
static size_t place_of(const struct connection_watch *watch, uint32_t number)
{
    size_t low = 0, high = watch->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (watch->subs[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct watched_sub *find(const struct connection_watch *watch, uint32_t number)
{
    size_t at = place_of(watch, number);
    return at < watch->count && watch->subs[at].number == number ? &watch->subs[at] : NULL;
}

const struct watched_sub *connection_watch_find(const struct connection_watch *watch,
                                                uint32_t number)
{
    return find(watch, number);
}

static void set_state(struct connection_watch *watch, struct watched_sub *sub,
                      enum watched_state state, const char *text)
{
    enum watched_state before = sub->state;
    if (before == state)
        return;
    watch->counts[before]--;
    watch->counts[state]++;
    sub->state = state;
    watch->changed(sub, before, text, watch->arg);
}

static enum err reserve_subs(struct connection_watch *watch, size_t more)
{
    size_t needed = watch->count + more;
    if (needed <= watch->capacity)
        return ERR_OK;
    struct watched_sub *grown = realloc(watch->subs, needed * sizeof *grown);
    if (!grown)
        return err_fail(ERR_NOMEM, "out of memory for subscriptions");
    watch->subs = grown;
    watch->capacity = needed;
    return ERR_OK;
}

static int by_number(const void *a, const void *b)
{
    const struct watched_sub *left = a, *right = b;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* ---- our messages --------------------------------------------------------------------------- */

static uint64_t hash_of(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static enum err add_message(struct connection_watch *watch, bool leave)
{
    if (watch->message_count == WATCH_MESSAGES_MAX)
        return ERR_END;
    if (watch->message_count == watch->message_capacity) {
        size_t capacity = watch->message_capacity ? 2 * watch->message_capacity : 8;
        struct watched_message *grown = realloc(watch->messages, capacity * sizeof *grown);
        if (!grown)
            return err_fail(ERR_NOMEM, "out of memory for subscriptions");
        watch->messages = grown;
        watch->message_capacity = capacity;
    }
    watch->messages[watch->message_count++] = (struct watched_message){
        .hash = hash_of(watch->text.data, watch->text.size),
        .id = watch->next_id++,
        .sent_ns = INT64_MIN,
        .leave = leave,
    };
    return ERR_OK;
}

/* Makes the messages of the list; ERR_END behind the last. */
static enum err add_messages(struct connection_watch *watch, const struct watched_list *list,
                             bool leave)
{
    struct venue_change change = {
        .leave = leave,
        .channel = list->channel,
        .symbols = list->symbols,
        .count = list->count,
        .first_id = watch->next_id,
    };
    enum err err = ERR_OK;
    for (size_t index = 0; !err; index++) {
        err = watch->venue->recording->subscribe(&change, index, &watch->text);
        err = err ? err : add_message(watch, leave);
    }
    return err == ERR_NOMEM ? err : ERR_OK;
}

/* Message number `index` for the first `count` symbols, in watch->text; false: there is none. */
static bool make_message(struct connection_watch *watch, const struct watched_list *list,
                         size_t count, size_t index)
{
    struct venue_change change = {
        .channel = list->channel, .symbols = list->symbols, .count = count, .first_id = 1};
    return watch->venue->recording->subscribe(&change, index, &watch->text) == ERR_OK;
}

/* How many messages go in front of those with symbols: they do not depend on the symbol. */
static size_t count_leading(struct connection_watch *watch, const struct watched_list *list)
{
    static const char *const another[] = {"-X-"};
    const struct watched_list other = {.channel = list->channel, .count = 1, .symbols = another};
    size_t count = 0;
    while (make_message(watch, list, 1, count)) {
        uint64_t hash = hash_of(watch->text.data, watch->text.size);
        if (!make_message(watch, &other, 1, count) ||
            hash_of(watch->text.data, watch->text.size) != hash)
            break;
        count++;
    }
    return count;
}

static bool was_known(const struct connection_watch *watch, size_t old_count, uint32_t number)
{
    struct watched_sub key = {.number = number};
    return old_count > 0 &&
           bsearch(&key, watch->subs, old_count, sizeof *watch->subs, by_number) != NULL;
}

/* Messages are filled one after the other: a symbol that makes one more necessary is in that. */
static void add_subs(struct connection_watch *watch, const struct watched_list *list, size_t count,
                     size_t first_message)
{
    size_t old_count = watch->count, total = 0;
    size_t message = first_message + count_leading(watch, list);
    while (count > 0 && make_message(watch, list, 1, total))
        total++;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && make_message(watch, list, i + 1, total)) {
            total++;
            message++;
        }
        if (was_known(watch, old_count, list->numbers[i]))
            continue;
        watch->subs[watch->count++] = (struct watched_sub){.number = list->numbers[i],
                                                           .channel = list->channel,
                                                           .symbol = list->symbols[i],
                                                           .message = (uint32_t)message};
        watch->counts[SUB_WAITING]++;
    }
    if (watch->count > 1)
        qsort(watch->subs, watch->count, sizeof *watch->subs, by_number);
}

enum err connection_watch_want(struct connection_watch *watch, const struct watched_list *list)
{
    size_t first = watch->message_count, room = WATCH_SUBS_MAX - watch->count;
    size_t count = list->count < room ? list->count : room;
    enum err err = reserve_subs(watch, count);
    err = err ? err : add_messages(watch, list, false);
    if (!err && count > 0)
        add_subs(watch, list, count, first);
    return err;
}

enum err connection_watch_leave(struct connection_watch *watch, const struct watched_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct watched_sub *sub = find(watch, list->numbers[i]);
        if (!sub)
            continue;
        watch->counts[sub->state]--;
        size_t behind = watch->count - (size_t)(sub - watch->subs) - 1;
        memmove(sub, sub + 1, behind * sizeof *sub);
        watch->count--;
    }
    return add_messages(watch, list, true);
}

void connection_watch_sent(struct connection_watch *watch, const void *data, size_t size,
                           int64_t mono_ns)
{
    uint64_t hash = hash_of(data, size);
    watch->sent_ns = mono_ns;
    for (size_t i = watch->sent_count; i < watch->message_count; i++) {
        if (watch->messages[i].hash != hash)
            continue;
        /* Those before went out too, even if it was not seen. */
        for (; watch->sent_count <= i; watch->sent_count++)
            watch->messages[watch->sent_count].sent_ns = mono_ns;
        return;
    }
}

/* ---- acknowledgements ----------------------------------------------------------------------- */

static void answer_sub(struct connection_watch *watch, struct watched_sub *sub,
                       const struct venue_frame *frame)
{
    set_state(watch, sub, *frame->error ? SUB_REFUSED : SUB_CONFIRMED, frame->error);
}

static bool answer_symbol(struct connection_watch *watch, const struct venue_frame *frame)
{
    bool any = false;
    for (size_t i = 0; i < watch->count; i++) {
        struct watched_sub *sub = &watch->subs[i];
        if (strcmp(sub->symbol, frame->symbol) != 0 ||
            (*frame->channel && strcmp(sub->channel, frame->channel) != 0))
            continue;
        any = true;
        if (!frame->leave)
            answer_sub(watch, sub, frame);
    }
    return any;
}

static void answer_message(struct connection_watch *watch, size_t index,
                           const struct venue_frame *frame)
{
    watch->messages[index].answered = true;
    while (watch->answered_count < watch->message_count &&
           watch->messages[watch->answered_count].answered)
        watch->answered_count++;
    if (watch->messages[index].leave)
        return;
    for (size_t i = 0; i < watch->count; i++) {
        struct watched_sub *sub = &watch->subs[i];
        bool open = sub->state == SUB_WAITING || sub->state == SUB_OVERDUE;
        if (sub->message == index && open)
            answer_sub(watch, sub, frame);
    }
}

/* message_count: none of ours. */
static size_t message_by_id(const struct connection_watch *watch, uint64_t id)
{
    size_t i = 0;
    while (i < watch->message_count && watch->messages[i].id != id)
        i++;
    return i;
}

bool connection_watch_ack(struct connection_watch *watch, const struct venue_frame *frame)
{
    if (*frame->symbol)
        return answer_symbol(watch, frame);
    bool in_order = watch->venue->recording->ack == ACK_MESSAGE;
    size_t index = frame->has_request_id ? message_by_id(watch, frame->request_id)
                   : in_order            ? watch->answered_count
                                         : watch->message_count;
    if (index >= watch->message_count)
        return false;
    answer_message(watch, index, frame);
    return true;
}

void connection_watch_data(struct connection_watch *watch, uint32_t number)
{
    struct watched_sub *sub = find(watch, number);
    if (sub)
        set_state(watch, sub, SUB_CONFIRMED, "");
}

/* ---- work ----------------------------------------------------------------------------------- */

static bool is_due(const struct connection_watch *watch, const struct watched_sub *sub,
                   int64_t now_ns)
{
    bool made = sub->message < watch->message_count;
    int64_t sent_ns = made ? watch->messages[sub->message].sent_ns : INT64_MIN;
    if (sent_ns == INT64_MIN)
        sent_ns = watch->sent_ns + WATCH_SEND_NS;
    return now_ns - sent_ns >= WATCH_ACK_NS;
}

void connection_watch_work(struct connection_watch *watch, int64_t mono_ns)
{
    bool silent = watch->venue->recording->ack == ACK_NONE;
    for (size_t i = 0; i < watch->count && watch->counts[SUB_WAITING] > 0; i++) {
        struct watched_sub *sub = &watch->subs[i];
        if (sub->state == SUB_WAITING && is_due(watch, sub, mono_ns))
            set_state(watch, sub, silent ? SUB_CONFIRMED : SUB_OVERDUE, "");
    }
}

bool connection_watch_settled(const struct connection_watch *watch)
{
    return watch->counts[SUB_WAITING] == 0 &&
           (watch->counts[SUB_CONFIRMED] > 0 || watch->counts[SUB_OVERDUE] == 0);
}
