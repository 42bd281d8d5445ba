#include "recorder/wire_set.h"

#include <string.h>

void wire_set_init(struct wire_set *set, uint32_t first_connection)
{
    memset(set, 0, sizeof *set);
    set->next_connection = first_connection;
}

void wire_set_release(struct wire_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        wire_free(set->wires[i]);
    set->count = 0;
}

enum err wire_set_add(struct wire_set *set, const struct venue *venue, const struct ws_url *url,
                      struct wire **out)
{
    if (set->count == WIRE_SET_MAX)
        return err_fail(ERR_LIMIT, "too many connections wait for room in the capture queue");
    while (set->next_connection == 0 || set->by_slot[set->next_connection % WIRE_SET_MAX])
        set->next_connection++;
    enum err err = wire_new(out, venue, url, set->next_connection);
    if (err)
        return err;
    set->wires[set->count++] = *out;
    set->by_slot[set->next_connection++ % WIRE_SET_MAX] = *out;
    return ERR_OK;
}

struct wire *wire_set_find(const struct wire_set *set, uint32_t connection)
{
    struct wire *wire = set->by_slot[connection % WIRE_SET_MAX];
    return wire && wire->connection == connection ? wire : NULL;
}

struct wire *wire_set_living(const struct wire_set *set, uint32_t connection)
{
    struct wire *wire = wire_set_find(set, connection);
    return wire && wire->state != WIRE_ENDED ? wire : NULL;
}

/* When one gap finds no room, no other does. */
bool wire_set_tell(struct wire_set *set, struct wire_world *world, struct stamp now)
{
    for (size_t i = 0; i < set->count; i++)
        if (!wire_tell(set->wires[i], world, now))
            return false;
    return true;
}

void wire_set_reap(struct wire_set *set, struct wire_world *world, struct stamp now)
{
    for (size_t i = set->count; i-- > 0;) {
        struct wire *wire = set->wires[i];
        if (wire->state != WIRE_ENDED)
            continue;
        if (!wire_tell(wire, world, now))
            return;
        set->by_slot[wire->connection % WIRE_SET_MAX] = NULL;
        set->wires[i] = set->wires[--set->count];
        wire_free(wire);
    }
}
