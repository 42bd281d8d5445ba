#include "engine/candle/candle_outlet.h"

#include "engine/candle/candle_quality.h"

void candle_outlet_begin(struct candle_outlet *outlet, uint64_t seq, int64_t wall_ns,
                         int64_t mono_ns)
{
    outlet->seq = seq;
    outlet->wall_ns = wall_ns;
    outlet->mono_ns = mono_ns;
    outlet->asked = false;
}

void candle_outlet_make(const struct candle_outlet *outlet, const struct market_face *face,
                        struct bar bar, const struct window *window, enum candle_state state,
                        struct candle *out)
{
    *out = *face->blank;
    window_to_candle(window, out);
    out->bar = bar;
    out->state = state;
    out->seq = outlet->seq;
    out->wall_ns = outlet->wall_ns;
    out->tape = outlet->tape;
    out->update = 0;
    out->has_connected = coverage_share(face->coverage, window->open_ns, window->close_ns,
                                        face->now_ns, &out->connected_ppm);
    candle_judge(out);
}

/* How long the record has been here, or OUTLET_NOT_MEASURED. One reading of the clock serves all
 * updates of a record. */
static int64_t emit_latency(struct candle_outlet *outlet)
{
    if (outlet->now == NULL)
        return OUTLET_NOT_MEASURED;
    if (!outlet->asked)
        outlet->now_ns = outlet->now(outlet->arg);
    outlet->asked = true;
    bool known = outlet->now_ns != OUTLET_NOT_MEASURED && outlet->now_ns >= outlet->mono_ns;
    return known ? outlet->now_ns - outlet->mono_ns : OUTLET_NOT_MEASURED;
}

void candle_outlet_pass(struct candle_outlet *outlet, struct candle *candle)
{
    candle->update = ++outlet->updates;
    candle->seq = outlet->seq;
    candle->wall_ns = outlet->wall_ns;
    candle->tape = outlet->tape;
    outlet->candle(candle, outlet->arg);
}

enum err candle_outlet_give(struct candle_outlet *outlet, const struct market_face *face,
                            struct bar bar, struct window *window, enum candle_state state)
{
    struct candle candle;
    int64_t emit_ns = emit_latency(outlet);
    enum err err = ERR_OK;
    if (emit_ns != OUTLET_NOT_MEASURED)
        err = latency_add(&window->emit, outlet->latencies, emit_ns);
    window->changed = false;
    candle_outlet_make(outlet, face, bar, window, state, &candle);
    outlet->overflows += state == CANDLE_CLOSED && (candle.flags & CANDLE_OVERFLOW) != 0;
    candle_outlet_pass(outlet, &candle);
    if (err == ERR_OK && outlet->composite != NULL && face->member != NULL)
        err = composite_set_take(outlet->composite, face->member, &candle);
    return err;
}
