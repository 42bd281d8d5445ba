#include "engine/compare/venue_compare.h"

#include "engine/base/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *compare_column_name(enum compare_column column)
{
    static const char *const names[] = {
#define COMPARE_COLUMN_NAME(name, kind) #name,
        COMPARE_COLUMNS(COMPARE_COLUMN_NAME)
#undef COMPARE_COLUMN_NAME
    };
    return names[column];
}

char compare_column_kind(enum compare_column column)
{
    static const char kinds[] = {
#define COMPARE_COLUMN_KIND(name, kind) #kind[0],
        COMPARE_COLUMNS(COMPARE_COLUMN_KIND)
#undef COMPARE_COLUMN_KIND
    };
    return kinds[column];
}

static bool put_text(char text[COMPARE_FIELD_MAX], const char *value)
{
    snprintf(text, COMPARE_FIELD_MAX, "%s", value);
    return value[0] != '\0';
}

static bool put_bar(char text[COMPARE_FIELD_MAX], struct bar bar)
{
    bar_format(text, bar);
    return true;
}

static bool put_time(char text[COMPARE_FIELD_MAX], int64_t time_ns)
{
    time_format(text, time_ns);
    return true;
}

static bool put_count(char text[COMPARE_FIELD_MAX], uint64_t value)
{
    snprintf(text, COMPARE_FIELD_MAX, "%" PRIu64, value);
    return true;
}

static bool put_signed(char text[COMPARE_FIELD_MAX], bool there, int64_t value)
{
    snprintf(text, COMPARE_FIELD_MAX, "%" PRId64, value);
    return there;
}

static bool put_decimal(char text[COMPARE_FIELD_MAX], bool there, struct decimal value)
{
    decimal_format(text, value);
    return there;
}

static bool put_share(char text[COMPARE_FIELD_MAX], bool there, uint32_t ppm)
{
    return put_decimal(text, there, (struct decimal){ppm, 6});
}

static bool put_latency(char text[COMPARE_FIELD_MAX], const struct latency_figures *figures,
                        int64_t value)
{
    return put_signed(text, figures->count > 0, value);
}

static bool identity_field(const struct venue_comparison *comparison, const struct compare_row *row,
                           enum compare_column column, char text[COMPARE_FIELD_MAX])
{
    switch (column) {
    case COMPARE_instrument:
        return put_text(text, comparison->instrument);
    case COMPARE_venue:
        return put_text(text, row->venue);
    case COMPARE_symbol:
        return put_text(text, row->symbol);
    case COMPARE_channel:
        return put_text(text, row->channel);
    case COMPARE_bar:
        return put_bar(text, comparison->bar);
    case COMPARE_from_time:
        return put_time(text, comparison->from_ns);
    case COMPARE_to_time:
        return put_time(text, comparison->to_ns);
    case COMPARE_windows:
        return put_count(text, comparison->windows);
    case COMPARE_volume_unit:
        return put_text(text, volume_unit_name(row->volume_unit));
    case COMPARE_reference:
        return put_text(text, comparison->reference);
    default:
        return put_bar(text, comparison->lag_bar);
    }
}

static bool value_field(const struct compare_row *row, enum compare_column column,
                        char text[COMPARE_FIELD_MAX])
{
    switch (column) {
    case COMPARE_close:
        return put_decimal(text, row->candles > 0, row->close);
    case COMPARE_vwap:
        return put_decimal(text, row->has_vwap, row->vwap);
    case COMPARE_volume:
        return put_decimal(text, row->has_volume, row->volume);
    case COMPARE_volume_share:
        return put_share(text, row->has_share, row->share_ppm);
    case COMPARE_spread_last_bps:
        return put_decimal(text, row->has_spread, row->spread_last);
    case COMPARE_spread_mean_bps:
        return put_decimal(text, row->has_spread, row->spread_mean);
    case COMPARE_spread_size_bps:
        return put_decimal(text, row->has_spread, row->spread_size);
    case COMPARE_lead_bars:
        return put_signed(text, row->lag.found, row->lag.lead);
    case COMPARE_correlation:
        return put_decimal(text, row->lag.found, (struct decimal){row->lag.permille, 3});
    case COMPARE_uptime:
        return put_share(text, row->has_uptime, row->uptime_ppm);
    default:
        return put_decimal(text, row->has_score, row->score);
    }
}

static bool count_field(const struct compare_row *row, enum compare_column column,
                        char text[COMPARE_FIELD_MAX])
{
    const struct latency_figures *latency = &row->latency;
    switch (column) {
    case COMPARE_candles:
        return put_count(text, row->candles);
    case COMPARE_trades:
        return put_count(text, row->trades);
    case COMPARE_lag_pairs:
        return put_count(text, row->lag.pairs);
    case COMPARE_latency_count:
        return put_count(text, latency->count);
    case COMPARE_latency_min:
        return put_latency(text, latency, latency->min);
    case COMPARE_latency_p50:
        return put_latency(text, latency, latency->p50);
    case COMPARE_latency_p90:
        return put_latency(text, latency, latency->p90);
    case COMPARE_latency_p99:
        return put_latency(text, latency, latency->p99);
    case COMPARE_latency_max:
        return put_latency(text, latency, latency->max);
    case COMPARE_missing:
        return put_count(text, row->missing);
    case COMPARE_no_data:
        return put_count(text, row->no_data);
    case COMPARE_duplicates:
        return put_count(text, row->duplicates);
    case COMPARE_late:
        return put_count(text, row->late);
    case COMPARE_malformed:
        return put_count(text, row->malformed);
    case COMPARE_dropped:
        return put_count(text, row->dropped);
    default:
        return put_count(text, row->suspect);
    }
}

bool compare_field(const struct venue_comparison *comparison, const struct compare_row *row,
                   enum compare_column column, char text[COMPARE_FIELD_MAX])
{
    switch (column) {
    case COMPARE_instrument:
    case COMPARE_venue:
    case COMPARE_symbol:
    case COMPARE_channel:
    case COMPARE_bar:
    case COMPARE_from_time:
    case COMPARE_to_time:
    case COMPARE_windows:
    case COMPARE_volume_unit:
    case COMPARE_reference:
    case COMPARE_lag_bar:
        return identity_field(comparison, row, column, text);
    case COMPARE_close:
    case COMPARE_vwap:
    case COMPARE_volume:
    case COMPARE_volume_share:
    case COMPARE_spread_last_bps:
    case COMPARE_spread_mean_bps:
    case COMPARE_spread_size_bps:
    case COMPARE_lead_bars:
    case COMPARE_correlation:
    case COMPARE_uptime:
    case COMPARE_score:
        return value_field(row, column, text);
    default:
        return count_field(row, column, text);
    }
}
