#include "tests/reference_decoder/decode_equal.h"

#include <inttypes.h>
#include <string.h>

/* The connection that frames are of. */
#define CONNECTION 7

/* ---- comparing ------------------------------------------------------------------------------- */

static bool same_decimal(struct decimal a, struct decimal b)
{
    return a.mantissa == b.mantissa && a.scale == b.scale;
}

/* The first member that differs, or NULL. */
static const char *compare_trades(const struct trade *a, const struct trade *b)
{
    return strcmp(a->symbol, b->symbol) != 0         ? "symbol"
           : a->source_ns != b->source_ns            ? "source_ns"
           : a->has_id != b->has_id                  ? "has_id"
           : a->id != b->id                          ? "id"
           : a->folded != b->folded                  ? "folded"
           : a->first_id != b->first_id              ? "first_id"
           : a->last_id != b->last_id                ? "last_id"
           : a->count != b->count                    ? "count"
           : !same_decimal(a->price, b->price)       ? "price"
           : !same_decimal(a->quantity, b->quantity) ? "quantity"
           : a->taker != b->taker                    ? "taker"
           : a->flags != b->flags                    ? "flags"
                                                     : NULL;
}

static const char *compare_heads(const struct venue_frame *a, const struct venue_frame *b)
{
    bool known = !strstr(b->error, REFERENCE_UNKNOWN);
    return a->kind != b->kind                         ? "kind"
           : strcmp(a->channel, b->channel) != 0      ? "channel"
           : strcmp(a->symbol, b->symbol) != 0        ? "symbol"
           : a->source_ns != b->source_ns             ? "source_ns"
           : known && strcmp(a->error, b->error) != 0 ? "error"
           : a->has_request_id != b->has_request_id   ? "has_request_id"
           : a->request_id != b->request_id           ? "request_id"
           : a->leave != b->leave                     ? "leave"
           : a->reconnect != b->reconnect             ? "reconnect"
           : a->connection != b->connection           ? "connection"
           : a->trade_count != b->trade_count         ? "trade_count"
                                                      : NULL;
}

static bool same_routes(const struct venue_routes *a, const struct venue_routes *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        const struct venue_route *one = &a->items[i], *other = &b->items[i];
        if (one->connection != other->connection || one->number != other->number ||
            strcmp(one->channel, other->channel) != 0 || strcmp(one->symbol, other->symbol) != 0) {
            return false;
        }
    }
    return a->count == b->count;
}

static bool differ(struct decode_equal *equal, const char *which, const char *member)
{
    snprintf(equal->difference, sizeof equal->difference, "%s: %s", which, member);
    return false;
}

/* What holds for any frame. */
static bool check_frame(struct decode_equal *equal, const char *which,
                        const struct venue_frame *frame)
{
    if (frame->kind != VENUE_TRADES && frame->trade_count > 0) {
        return differ(equal, which, "trades in a frame of another kind");
    }
    return frame->kind != VENUE_MALFORMED || frame->error[0] != '\0' ||
           differ(equal, which, "no reason");
}

static bool compare(struct decode_equal *equal, const char *which, const struct venue_frame *a,
                    const struct venue_frame *b)
{
    const char *member = compare_heads(a, b);
    char text[96];
    if (member) {
        return differ(equal, which, member);
    }
    for (size_t i = 0; i < a->trade_count; i++) {
        member = compare_trades(&a->trades[i], &b->trades[i]);
        if (member) {
            snprintf(text, sizeof text, "trades[%zu].%s", i, member);
            return differ(equal, which, text);
        }
    }
    return true;
}

static bool compare_all(struct decode_equal *equal)
{
    const struct venue_frame *fast = &equal->fast, *general = &equal->general,
                             *referred = &equal->referred;
    if (!check_frame(equal, "decode", fast) || !check_frame(equal, "decode_general", general) ||
        !check_frame(equal, "reference", referred)) {
        return false;
    }
    if (!same_routes(&general->routes, &referred->routes)) {
        return differ(equal, "decode_general against reference", "routes");
    }
    if (!same_routes(&fast->routes, &general->routes)) {
        return differ(equal, "decode against decode_general", "routes");
    }
    if (general->kind == VENUE_MALFORMED && referred->kind == VENUE_MALFORMED) {
        return fast->kind == VENUE_MALFORMED || fast->kind == VENUE_DATA ||
               differ(equal, "decode against decode_general", "kind");
    }
    return compare(equal, "decode_general against reference", general, referred) &&
           compare(equal, "decode against decode_general", fast, general);
}

/* ---- decoding -------------------------------------------------------------------------------- */

void decode_equal_init(struct decode_equal *equal, const struct venue *venue)
{
    *equal = (struct decode_equal){.venue = venue, .reference = ref_venue_find(venue->name)};
    venue_frame_init(&equal->fast);
    venue_frame_init(&equal->general);
    venue_frame_init(&equal->referred);
    equal->fast.connection = equal->general.connection = equal->referred.connection = CONNECTION;
}

void decode_equal_release(struct decode_equal *equal)
{
    venue_frame_release(&equal->fast);
    venue_frame_release(&equal->general);
    venue_frame_release(&equal->referred);
}

void decode_equal_restart(struct decode_equal *equal)
{
    venue_routes_release(&equal->fast.routes);
    venue_routes_release(&equal->general.routes);
    venue_routes_release(&equal->referred.routes);
}

bool decode_equal_frame(struct decode_equal *equal, const uint8_t *data, size_t size)
{
    equal->difference[0] = '\0';
    enum err fast = equal->venue->decode(data, size, &equal->fast);
    enum err general = equal->venue->decode_general(data, size, &equal->general);
    enum err referred = equal->reference->decode_general(data, size, &equal->referred);
    if (fast || general || referred) {
        return differ(equal, "an error",
                      fast      ? "decode"
                      : general ? "decode_general"
                                : "reference");
    }
    return compare_all(equal);
}

/* ---- showing --------------------------------------------------------------------------------- */

static const char *kind_word(enum venue_frame_kind kind)
{
    static const char *const words[] = {
        [VENUE_TRADES] = "TRADES",       [VENUE_DATA] = "DATA",           [VENUE_ACK] = "ACK",
        [VENUE_STATUS] = "STATUS",       [VENUE_HEARTBEAT] = "HEARTBEAT", [VENUE_OTHER] = "OTHER",
        [VENUE_MALFORMED] = "MALFORMED",
    };
    return words[kind];
}

/* What is not printable in a form that C and Python read. */
static void print_bytes(const uint8_t *data, size_t size, FILE *out)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] < 0x20 || data[i] >= 0x7f) {
            fprintf(out, "\\x%02x", data[i]);
        } else {
            fputc(data[i], out);
        }
    }
    fputc('\n', out);
}

static void print_trade(const struct trade *trade, FILE *out)
{
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    decimal_format(price, trade->price);
    decimal_format(quantity, trade->quantity);
    fprintf(out,
            "    trade symbol='%s' source_ns=%" PRId64 " id=%" PRIu64 "%s folded=%" PRIu64
            " ids=%" PRIu64 "..%" PRIu64 " count=%" PRIu64
            " price=%s quantity=%s taker=%d flags=%#x\n",
            trade->symbol, trade->source_ns, trade->id, trade->has_id ? "" : " (none)",
            trade->folded, trade->first_id, trade->last_id, trade->count, price, quantity,
            (int)trade->taker, (unsigned)trade->flags);
}

/* More trades say no more. */
#define PRINTED_TRADES 4

static void print_frame(const char *which, const struct venue_frame *frame, FILE *out)
{
    fprintf(out,
            "  %-14s %s channel='%s' symbol='%s' source_ns=%" PRId64
            " error='%s' request=%s%" PRIu64 "%s%s trades=%zu routes=%zu\n",
            which, kind_word(frame->kind), frame->channel, frame->symbol, frame->source_ns,
            frame->error, frame->has_request_id ? "" : "none ", frame->request_id,
            frame->leave ? " leave" : "", frame->reconnect ? " reconnect" : "", frame->trade_count,
            frame->routes.count);
    for (size_t i = 0; i < frame->trade_count && i < PRINTED_TRADES; i++) {
        print_trade(&frame->trades[i], out);
    }
}

void decode_equal_print(const struct decode_equal *equal, const uint8_t *data, size_t size,
                        FILE *out)
{
    fprintf(out, "%s: %s\n  frame          ", equal->venue->name, equal->difference);
    print_bytes(data, size, out);
    print_frame("decode", &equal->fast, out);
    print_frame("decode_general", &equal->general, out);
    print_frame("reference", &equal->referred, out);
}
