#include "engine/venue/venue_fast.h"

#include "engine/venue/venue_field.h"

/* Digits up to the first other byte, at most `max` of them; how many, 0 when there are none or
 * more.
 */
static unsigned take_digits(struct fast *fast, unsigned max, uint64_t *out)
{
    const char *first = fast->at;
    uint64_t value = 0;
    while (fast->at < fast->end && *fast->at >= '0' && *fast->at <= '9') {
        if ((size_t)(fast->at - first) == max) {
            return 0;
        }
        value = value * 10 + (uint64_t)(*fast->at++ - '0');
    }
    *out = value;
    return (unsigned)(fast->at - first);
}

bool fast_digits_long(struct fast *fast, uint64_t *out)
{
    return take_digits(fast, FAST_DIGITS_MAX, out) > 0;
}

bool fast_decimal_long(struct fast *fast, struct decimal *out)
{
    uint64_t whole = 0, fraction = 0;
    unsigned digits = take_digits(fast, FAST_DIGITS_MAX, &whole), scale = 0;
    if (digits > 0 && fast_peek(fast) == '.') {
        fast->at++;
        scale = take_digits(fast, FAST_DIGITS_MAX - digits, &fraction);
        digits = scale > 0 ? digits : 0;
    }
    *out = (struct decimal){(int128)(whole * fast_power(scale) + fraction), (uint8_t)scale};
    return digits > 0;
}

void fast_finish_trades(struct venue_frame *frame)
{
    frame->kind = VENUE_TRADES;
    if (frame->trade_count != 1) {
        venue_frame_sort(frame);
        field_common_symbol(frame);
    } else {
        memcpy(frame->symbol, frame->trades[0].symbol, sizeof frame->symbol);
    }
    if (frame->trade_count > 0) {
        frame->source_ns = frame->trades[frame->trade_count - 1].source_ns;
    }
}
