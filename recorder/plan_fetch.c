#include "recorder/plan_fetch.h"

#include "engine/base/log.h"

static enum err copy_list(struct instrument_list *to, const struct instrument_list *from)
{
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < from->count; i++)
        err = instrument_list_add(to, &from->items[i]);
    return err;
}

/* True: the list that is known names all that is wanted. */
static bool use_known_list(struct record_plan *plan, size_t index, const struct record_wish *wish,
                           const struct record_plan *before)
{
    struct plan_venue *venue = &plan->venues[index];
    const struct plan_venue *known = before ? record_plan_venue(before, venue->venue->name) : NULL;
    if (!known || known->list.count == 0 || copy_list(&venue->list, &known->list) != ERR_OK)
        return false;
    if (record_plan_resolve(plan, index, wish) == ERR_OK)
        return true;
    instrument_list_release(&venue->list);
    instrument_list_init(&venue->list);
    return false;
}

static enum err fetch_list(struct plan_venue *venue, const struct wish_venue *wish,
                           const struct list_fetch *fetch)
{
    enum err err = list_fetch_get(fetch, venue, wish->list_file);
    if (!err || wish->list_file || err == ERR_STOP || err == ERR_NOMEM)
        return err;
    log_warn("%s; symbols are made from the names as given, and names are not checked",
             err_text(err));
    return ERR_OK;
}

enum err plan_fetch_make(struct record_plan *out, const struct record_wish *wish,
                         const struct record_plan *before, const struct list_fetch *fetch)
{
    enum err err = record_plan_make(out, wish);
    for (size_t i = 0; !err && i < out->venue_count; i++) {
        if (use_known_list(out, i, wish, before))
            continue;
        err = fetch_list(&out->venues[i], &wish->venues[i], fetch);
        err = err ? err : record_plan_resolve(out, i, wish);
    }
    return err;
}
