#include "engine/compare/kline_judge.h"

#include <inttypes.h>
#include <stdio.h>

void kline_ours_fill(struct kline_ours *out, const struct candle *candle)
{
    *out = (struct kline_ours){
        .state = candle->state,
        .volume_unit = candle->volume_unit,
        .flags = candle->flags,
        .open = candle->open,
        .high = candle->high,
        .low = candle->low,
        .close = candle->close,
        .volume = candle->volume,
        .quote_volume = candle->quote_volume,
        .taker_buy_volume = candle->taker_buy_volume,
        .taker_buy_quote_volume = candle->taker_buy_quote_volume,
        .vwap = candle->vwap,
        .trades = candle->trades,
        .missing = candle->missing,
        .has_ids = candle->has_ids && candle->trades > 0,
        .first_id = candle->first_trade_id,
        .last_id = candle->last_trade_id,
        .last_trade_ns = candle->last_trade_ns,
    };
}

/* ---- values ---------------------------------------------------------------------------------- */

static struct kline_difference *add(struct kline_verdict *out, const char *field)
{
    struct kline_difference *difference = &out->differences[out->difference_count++];
    difference->field = field;
    return difference;
}

static void differ(struct kline_verdict *out, const char *field, struct decimal ours,
                   struct decimal theirs)
{
    struct kline_difference *difference = add(out, field);
    decimal_format(difference->ours, ours);
    decimal_format(difference->theirs, theirs);
}

static void see_decimal(struct kline_verdict *out, const char *field, struct decimal ours,
                        struct decimal theirs)
{
    if (decimal_compare(ours, theirs) != 0) {
        differ(out, field, ours, theirs);
    }
}

static void see_count(struct kline_verdict *out, const char *field, uint64_t ours, uint64_t theirs)
{
    if (ours != theirs) {
        struct kline_difference *difference = add(out, field);
        snprintf(difference->ours, sizeof difference->ours, "%" PRIu64, ours);
        snprintf(difference->theirs, sizeof difference->theirs, "%" PRIu64, theirs);
    }
}

/* Money: venues keep fewer digits of it than a product has, and cut the rest. */
static void see_money(struct kline_verdict *out, const char *field, struct decimal ours,
                      struct decimal theirs)
{
    struct decimal cut;
    if (decimal_compare(ours, theirs) == 0) {
        return;
    }
    if (theirs.scale < ours.scale && !decimal_rescale(&cut, ours, theirs.scale) &&
        decimal_compare(cut, theirs) == 0) {
        out->notes |= KLINE_NOTE_CUT;
        return;
    }
    differ(out, field, ours, theirs);
}

/* Within one unit of the venue's last digit: how it rounds is not said. */
static void see_average(struct kline_verdict *out, struct decimal ours, struct decimal theirs)
{
    struct decimal off, unit = {1, theirs.scale};
    if (decimal_compare(ours, theirs) == 0) {
        return;
    }
    if (!decimal_sub(&off, ours, theirs)) {
        off.mantissa = off.mantissa < 0 ? -off.mantissa : off.mantissa;
        if (decimal_compare(off, unit) < 0) {
            out->notes |= KLINE_NOTE_ROUNDED;
            return;
        }
    }
    differ(out, "vwap", ours, theirs);
}

static void see_volumes(struct kline_verdict *out, const struct kline_ours *ours,
                        const struct venue_kline *kline)
{
    bool money = ours->volume_unit == VOLUME_BASE && kline->has_quote_volume;
    see_decimal(out, "volume", ours->volume, kline->volume);
    if (money) {
        see_money(out, "quote_volume", ours->quote_volume, kline->quote_volume);
    }
    if (kline->has_taker_buy) {
        see_decimal(out, "taker_buy_volume", ours->taker_buy_volume, kline->taker_buy_volume);
    }
    if (kline->has_taker_buy && money) {
        see_money(out, "taker_buy_quote_volume", ours->taker_buy_quote_volume,
                  kline->taker_buy_quote_volume);
    }
    if (kline->has_vwap && ours->volume_unit == VOLUME_BASE) {
        see_average(out, ours->vwap, kline->vwap);
    }
}

static void see_all(struct kline_verdict *out, const struct kline_ours *ours,
                    const struct venue_kline *kline)
{
    see_decimal(out, "open", ours->open, kline->open);
    see_decimal(out, "high", ours->high, kline->high);
    see_decimal(out, "low", ours->low, kline->low);
    see_decimal(out, "close", ours->close, kline->close);
    if (ours->flags & CANDLE_OVERFLOW) {
        decimal_format(add(out, "volume")->theirs, kline->volume);
    } else {
        see_volumes(out, ours, kline);
    }
    if (kline->has_trades) {
        see_count(out, "trades", ours->trades, kline->trades);
    }
    if (kline->has_ids && ours->has_ids) {
        see_count(out, "first_trade_id", ours->first_id, kline->first_id);
        see_count(out, "last_trade_id", ours->last_id, kline->last_id);
    }
}

/* ---- reasons --------------------------------------------------------------------------------- */

static bool is_final(const struct kline_case *window)
{
    if (window->kline->state != KLINE_UNSAID) {
        return window->kline->state == KLINE_FINAL;
    }
    bool trades_followed = window->ours && window->ours->trades > 0 &&
                           window->said_ns != KLINE_NO_TIME &&
                           window->said_ns < window->ours->last_trade_ns;
    return window->has_later && !trades_followed;
}

static bool is_aligned(const struct venue_kline *kline)
{
    struct bar bar = {.kind = BAR_TIME, .size = kline->size_ns};
    return bar_is_valid(bar) && bar_open(bar, kline->open_ns) == kline->open_ns;
}

/* Why it cannot be compared; NONE: it can. */
static enum kline_reason not_covered(const struct kline_case *window)
{
    if (!is_final(window)) {
        return KLINE_REASON_NOT_FINAL;
    }
    if (!is_aligned(window->kline)) {
        return KLINE_REASON_NOT_ALIGNED;
    }
    if (!window->built) {
        return KLINE_REASON_NO_BAR;
    }
    if (!window->inside) {
        return KLINE_REASON_OUTSIDE;
    }
    return window->ours && window->ours->state == CANDLE_FORMING ? KLINE_REASON_NOT_CLOSED
                                                                 : KLINE_REASON_NONE;
}

/* Both have the same range of ids, but not every id of it is a trade of both. */
static bool has_no_trades(const struct kline_ours *ours, const struct venue_kline *kline)
{
    uint64_t others = ours->last_id - ours->first_id; /* of the range, but one */
    return kline->has_ids && kline->has_trades && ours->has_ids && ours->trades != kline->trades &&
           (ours->trades - 1 != others || kline->trades - 1 != others);
}

static bool is_other_range(const struct kline_ours *ours, const struct venue_kline *kline)
{
    return kline->has_ids && ours->has_ids &&
           (ours->first_id != kline->first_id || ours->last_id != kline->last_id);
}

static enum kline_reason explain(const struct kline_case *window)
{
    const struct kline_ours *ours = window->ours;
    if (ours->flags & CANDLE_PARTIAL) {
        return KLINE_REASON_PARTIAL;
    }
    if (ours->flags & CANDLE_DISCONNECTED) {
        return KLINE_REASON_DISCONNECTED;
    }
    if (ours->missing > 0) {
        return KLINE_REASON_MISSING;
    }
    if (ours->flags & (CANDLE_MALFORMED | CANDLE_DROPPED)) {
        return KLINE_REASON_LOST;
    }
    if (is_other_range(ours, window->kline)) {
        return KLINE_REASON_IDS;
    }
    if (has_no_trades(ours, window->kline)) {
        return KLINE_REASON_EXCLUDED;
    }
    if (ours->flags & CANDLE_OVERFLOW) {
        return KLINE_REASON_OVERFLOW;
    }
    return window->lost_late && decimal_compare(ours->volume, window->kline->volume) < 0
               ? KLINE_REASON_LATE
               : KLINE_REASON_NONE;
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* Nothing was traded, by our count: the venue says so too, or something is wrong. */
static void judge_quiet(struct kline_verdict *out, const struct kline_case *window)
{
    if (decimal_is_zero(window->kline->volume)) {
        out->outcome = KLINE_EQUAL;
        out->notes = KLINE_NOTE_QUIET;
        return;
    }
    differ(out, "volume", DECIMAL_ZERO, window->kline->volume);
    out->reason = window->ours ? explain(window) : KLINE_REASON_NONE;
    out->outcome = out->reason == KLINE_REASON_NONE ? KLINE_DIFFERS : KLINE_EXPLAINED;
}

bool kline_agrees(const struct kline_ours *ours, const struct venue_kline *kline)
{
    struct kline_verdict scratch = {.difference_count = 0};
    if (ours->trades == 0 || decimal_compare(ours->volume, kline->volume) != 0) {
        return false;
    }
    see_all(&scratch, ours, kline);
    return scratch.difference_count == 0;
}

static void judge_unfinished(struct kline_verdict *out, const struct kline_case *window)
{
    bool unfinished =
        out->reason == KLINE_REASON_NOT_FINAL || out->reason == KLINE_REASON_NOT_CLOSED;
    out->outcome = KLINE_NOT_COVERED;
    if (unfinished && window->agreed) {
        out->outcome = KLINE_EQUAL;
        out->reason = KLINE_REASON_NONE;
        out->notes = KLINE_NOTE_FORMING;
    }
}

void kline_judge(struct kline_verdict *out, const struct kline_case *window)
{
    out->difference_count = 0;
    out->notes = 0;
    out->reason = not_covered(window);
    if (out->reason != KLINE_REASON_NONE) {
        judge_unfinished(out, window);
        return;
    }
    if (!window->ours || window->ours->trades == 0) {
        judge_quiet(out, window);
        return;
    }
    see_all(out, window->ours, window->kline);
    if (out->difference_count == 0) {
        out->outcome = KLINE_EQUAL;
        return;
    }
    out->reason = explain(window);
    out->outcome = out->reason == KLINE_REASON_NONE ? KLINE_DIFFERS : KLINE_EXPLAINED;
}

const char *kline_outcome_name(enum kline_outcome outcome)
{
    static const char *const names[] = {"equal", "differs", "explained", "not covered"};
    return names[outcome];
}

const char *kline_reason_text(enum kline_reason reason)
{
    static const char *const texts[] = {
#define KLINE_REASON_TEXT(name, text) text,
        KLINE_REASONS(KLINE_REASON_TEXT)
#undef KLINE_REASON_TEXT
    };
    return texts[reason];
}
