#include "recorder/plan_keeper.h"

#include "engine/base/log.h"

#include <stdlib.h>
#include <string.h>

struct plan_keeper {
    struct http_session *http;
    struct record_plan *plans[PLANS_MAX]; /* owned; the last one is in use */
    size_t plan_count;
    struct record_wish wish; /* of the present plan */
    struct buf answers;      /* struct answer, its bytes, ... */
    int64_t retry_ns;
    uint32_t unfit; /* a bit for each venue of the plan whose list does not have all names */
};

_Static_assert(PLAN_VENUES_MAX <= 32, "a bit each");

struct answer {
    const struct venue *venue;
    size_t size;
};

enum err plan_keeper_new(struct plan_keeper **out, struct http_session *http)
{
    struct plan_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return err_fail(ERR_NOMEM, "out of memory for the plan");
    keeper->http = http;
    buf_init(&keeper->answers, PLAN_VENUES_MAX * (size_t)RECORD_DATA_MAX);
    *out = keeper;
    return ERR_OK;
}

static void free_plan(struct record_plan *plan)
{
    if (plan)
        record_plan_release(plan);
    free(plan);
}

void plan_keeper_free(struct plan_keeper *keeper)
{
    if (!keeper)
        return;
    while (keeper->plan_count > 0)
        free_plan(keeper->plans[--keeper->plan_count]);
    record_wish_release(&keeper->wish);
    buf_release(&keeper->answers);
    free(keeper);
}

const struct record_plan *plan_keeper_plan(const struct plan_keeper *keeper)
{
    return keeper->plan_count > 0 ? keeper->plans[keeper->plan_count - 1] : NULL;
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static enum err keep_answer(const struct venue *venue, const void *data, size_t size, void *arg)
{
    struct plan_keeper *keeper = arg;
    struct answer head = {venue, size};
    size_t before = keeper->answers.size;
    enum err err = buf_append(&keeper->answers, &head, sizeof head);
    err = err ? err : buf_append(&keeper->answers, data, size);
    if (err)
        keeper->answers.size = before;
    return err;
}

enum err plan_keeper_answers(struct plan_keeper *keeper, list_answer_fn *take, void *arg)
{
    struct buf *answers = &keeper->answers;
    enum err err = ERR_OK;
    for (size_t at = 0; !err && at < answers->size;) {
        struct answer head;
        memcpy(&head, answers->data + at, sizeof head);
        at += sizeof head;
        err = take(head.venue, answers->data + at, head.size, arg);
        at += head.size;
    }
    buf_release(answers);
    return err;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

/* Lists are large and plans stay: the later ones borrow those of the earlier ones. */
static void borrow_list(struct plan_venue *venue, const struct plan_venue *from)
{
    venue->list = from->list;
    venue->list_borrowed = true;
}

static void give_back_list(struct plan_venue *venue)
{
    instrument_list_init(&venue->list);
    venue->list_borrowed = false;
}

/* True: the list that is known names all that is wanted. */
static bool use_known_list(const struct plan_keeper *keeper, struct record_plan *plan, size_t index,
                           const struct record_wish *wish)
{
    struct plan_venue *venue = &plan->venues[index];
    const struct record_plan *before = plan_keeper_plan(keeper);
    const struct plan_venue *known = before ? record_plan_venue(before, venue->venue->name) : NULL;
    if (!known || known->list.count == 0)
        return false;
    borrow_list(venue, known);
    if (record_plan_resolve(plan, index, wish) == ERR_OK)
        return true;
    give_back_list(venue);
    return false;
}

static enum err fetch_list(struct plan_keeper *keeper, struct plan_venue *venue,
                           const char *list_file, int cancel_fd)
{
    size_t before = keeper->answers.size;
    struct list_fetch fetch = {
        .session = keeper->http, .cancel_fd = cancel_fd, .answer = keep_answer, .arg = keeper};
    enum err err = list_fetch_get(&fetch, venue, list_file);
    if (err) /* a part of a list names nothing */
        keeper->answers.size = before;
    return err;
}

static enum err find_list(struct plan_keeper *keeper, struct plan_venue *venue,
                          const struct wish_venue *wish, int cancel_fd)
{
    enum err err = fetch_list(keeper, venue, wish->list_file, cancel_fd);
    if (!err || wish->list_file || err == ERR_STOP || err == ERR_NOMEM)
        return err;
    log_warn("%s; symbols are made from the names as given, and names are not checked until the "
             "venue answers",
             err_text(err));
    return ERR_OK;
}

/* ---- plans ------------------------------------------------------------------------------------
 */

static enum err new_plan(const struct plan_keeper *keeper, struct record_plan **out)
{
    if (keeper->plan_count == PLANS_MAX)
        return err_fail(ERR_LIMIT, "subscriptions were changed %d times; start the recorder anew",
                        PLANS_MAX);
    *out = calloc(1, sizeof **out);
    return *out ? ERR_OK : err_fail(ERR_NOMEM, "out of memory for the plan");
}

static enum err fill_plan(struct plan_keeper *keeper, struct record_plan *plan,
                          const struct record_wish *wish, int cancel_fd)
{
    enum err err = record_plan_make(plan, wish);
    for (size_t i = 0; !err && i < plan->venue_count; i++) {
        if (use_known_list(keeper, plan, i, wish))
            continue;
        err = find_list(keeper, &plan->venues[i], &wish->venues[i], cancel_fd);
        err = err ? err : record_plan_resolve(plan, i, wish);
    }
    return err;
}

enum err plan_keeper_make(struct plan_keeper *keeper, const struct record_wish_options *options,
                          int cancel_fd)
{
    struct record_plan *plan = NULL;
    struct record_wish wish;
    enum err err = record_wish_make(&wish, options);
    err = err ? err : new_plan(keeper, &plan);
    err = err ? err : fill_plan(keeper, plan, &wish, cancel_fd);
    if (err) {
        free_plan(plan);
        record_wish_release(&wish);
        return err;
    }
    record_wish_release(&keeper->wish);
    keeper->wish = wish;
    keeper->unfit = 0;
    keeper->plans[keeper->plan_count++] = plan;
    return ERR_OK;
}

/* ---- asking again -----------------------------------------------------------------------------
 */

static bool lacks_list(const struct plan_venue *venue)
{
    return venue->list.count == 0 && venue->venue->rest && venue->venue->rest->list;
}

/* The present plan with one more list, which it takes. */
static enum err plan_with_list(struct plan_keeper *keeper, size_t index,
                               struct instrument_list *list)
{
    const struct record_plan *before = plan_keeper_plan(keeper);
    struct record_plan *plan = NULL;
    enum err err = new_plan(keeper, &plan);
    err = err ? err : record_plan_make(plan, &keeper->wish);
    for (size_t i = 0; !err && i < plan->venue_count; i++) {
        if (i != index) {
            borrow_list(&plan->venues[i], &before->venues[i]);
        } else {
            plan->venues[i].list = *list;
            instrument_list_init(list);
        }
        err = record_plan_resolve(plan, i, &keeper->wish);
    }
    if (err)
        free_plan(plan);
    else
        keeper->plans[keeper->plan_count++] = plan;
    return err;
}

static bool ask_again(struct plan_keeper *keeper, size_t index, int cancel_fd)
{
    const struct plan_venue *present = &plan_keeper_plan(keeper)->venues[index];
    struct plan_venue asked = {.venue = present->venue, .rest = present->rest};
    size_t before = keeper->answers.size;
    instrument_list_init(&asked.list);
    enum err err = fetch_list(keeper, &asked, NULL, cancel_fd);
    bool found = !err;
    err = err ? err : plan_with_list(keeper, index, &asked.list);
    instrument_list_release(&asked.list);
    if (found && err) {
        keeper->answers.size = before;
        keeper->unfit |= UINT32_C(1) << index;
        log_error("%s; it is captured as it is until that is put right", err_text(err));
    } else if (found) {
        log_info("%s: the instrument list has come; the names are right", present->venue->name);
    }
    return !err;
}

bool plan_keeper_retry(struct plan_keeper *keeper, int64_t mono_ns, int cancel_fd)
{
    bool changed = false;
    if (keeper->retry_ns == 0)
        keeper->retry_ns = mono_ns + PLAN_RETRY_NS;
    if (mono_ns < keeper->retry_ns)
        return false;
    keeper->retry_ns = mono_ns + PLAN_RETRY_NS;
    for (size_t i = 0; i < plan_keeper_plan(keeper)->venue_count; i++)
        if (lacks_list(&plan_keeper_plan(keeper)->venues[i]) && !(keeper->unfit >> i & 1))
            changed |= ask_again(keeper, i, cancel_fd);
    return changed;
}
