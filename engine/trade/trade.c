#include "engine/trade/trade.h"

int trade_compare(const struct trade *a, const struct trade *b)
{
    if (a->source_ns != b->source_ns)
        return a->source_ns < b->source_ns ? -1 : 1;
    if (((a->flags | b->flags) & TRADE_OPAQUE) != 0)
        return 0;
    return (a->id > b->id) - (a->id < b->id);
}
