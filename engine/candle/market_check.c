#include "engine/candle/market_check.h"

void market_check_init(struct market_check *check, enum venue_ids kind)
{
    *check = (struct market_check){.kind = kind};
    switch (kind) {
    case IDS_NONE:
        row_check_init(&check->rows);
        break;
    case IDS_CONTIGUOUS:
    case IDS_ASCENDING:
        id_check_init(&check->ids, kind == IDS_CONTIGUOUS);
        break;
    case IDS_OPAQUE:
        recent_init(&check->opaque, 0, MARKET_CHECK_OPAQUE_MAX);
        break;
    }
}

void market_check_release(struct market_check *check)
{
    switch (check->kind) {
    case IDS_NONE:
        row_check_release(&check->rows);
        break;
    case IDS_CONTIGUOUS:
    case IDS_ASCENDING:
        id_check_release(&check->ids);
        break;
    case IDS_OPAQUE:
        recent_release(&check->opaque);
        break;
    }
}

static enum err see_opaque(struct market_check *check, uint64_t id, bool *out_new)
{
    *out_new = recent_first(&check->opaque, id) == RECENT_NONE;
    return *out_new ? recent_add(&check->opaque, id, NULL) : ERR_OK;
}

static enum err see_row(struct market_check *check, const struct trade *trade, uint32_t connection,
                        uint64_t seq, bool *out_new)
{
    bool batch = (trade->flags & (TRADE_SNAPSHOT | TRADE_BACKFILL)) != 0;
    struct row_source source = {connection, batch ? seq : 0};
    return row_check_see(&check->rows, trade, &source, out_new);
}

/* Without an order of ids. */
static enum id_verdict judge(struct market_check *check, const struct trade *trade, bool is_new)
{
    if ((trade->flags & TRADE_SNAPSHOT) == 0) {
        if (!check->live)
            check->first_live_ns = trade->source_ns;
        check->live = true;
        return is_new ? ID_NEW : ID_DUPLICATE;
    }
    bool repairs = is_new && check->live && trade->source_ns > check->first_live_ns;
    return repairs ? ID_NEW : ID_NOTED;
}

enum err market_check_see(struct market_check *check, const struct trade *trade,
                          uint32_t connection, uint64_t seq, struct id_finding *out)
{
    bool snapshot = (trade->flags & TRADE_SNAPSHOT) != 0;
    bool is_new = true;
    enum err err = ERR_OK;
    *out = (struct id_finding){snapshot ? ID_NOTED : ID_NEW, 0, 0, ID_NOT_MISSING};
    if (check->kind != IDS_NONE && !trade->has_id)
        return ERR_OK;
    bool ordered = check->kind == IDS_CONTIGUOUS || check->kind == IDS_ASCENDING;
    if (ordered && trade->folded == 0 && id_check_follow(&check->ids, trade->id, snapshot))
        return ERR_OK;
    switch (check->kind) {
    case IDS_CONTIGUOUS:
    case IDS_ASCENDING:
        return id_check_see(&check->ids, id_range_of(trade->id, trade->folded), trade->source_ns,
                            snapshot, out);
    case IDS_OPAQUE:
        err = see_opaque(check, trade->id, &is_new);
        break;
    case IDS_NONE:
        err = see_row(check, trade, connection, seq, &is_new);
        break;
    }
    if (err == ERR_OK)
        out->verdict = judge(check, trade, is_new);
    return err;
}

void market_check_disown(struct market_check *check)
{
    if (check->kind == IDS_CONTIGUOUS)
        id_check_disown(&check->ids);
}
