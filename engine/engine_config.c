#include "engine/engine_config_add.h"
#include "engine/identifier/identity.h"
#include "engine/venue/venue.h"

#include <stdlib.h>
#include <string.h>

void engine_config_default(struct engine_config *config)
{
    *config = (struct engine_config){
        .bar_count = 1,
        .bars = {{BAR_TIME, INT64_C(60) * 1000000000, 0}},
        .lateness_ns = ENGINE_LATENESS_DEFAULT_NS,
        .horizon_ns = ENGINE_HORIZON_DEFAULT_NS,
        .empty = EMPTY_NONE,
    };
    composite_config_default(&config->composite);
}

/* ---- checking: each part in its order, then what neighbours say of each other -----------------
 */

static int order_bars(const void *a, const void *b)
{
    return bar_compare(*(const struct bar *)a, *(const struct bar *)b);
}

static enum err check_bars(struct engine_config *config)
{
    char text[BAR_TEXT_MAX];
    if (config->bar_count == 0 || config->bar_count > ENGINE_BARS_MAX)
        return err_fail(ERR_USAGE, "%zu bars are not possible; give 1 to %d", config->bar_count,
                        ENGINE_BARS_MAX);
    for (size_t i = 0; i < config->bar_count; i++)
        if (!bar_is_valid(config->bars[i]))
            return err_fail(ERR_USAGE,
                            "bar %zu is not possible; give bars like 1s, 1m, 100t, 50v or 1000000n",
                            i + 1);
    qsort(config->bars, config->bar_count, sizeof config->bars[0], order_bars);
    for (size_t i = 1; i < config->bar_count; i++)
        if (bar_equal(config->bars[i - 1], config->bars[i])) {
            bar_format(text, config->bars[i]);
            return err_fail(ERR_USAGE, "bar '%s' is given twice; give each once", text);
        }
    return ERR_OK;
}

static enum err check_windows(const struct engine_config *config)
{
    if (config->lateness_ns < 0 || config->lateness_ns > ENGINE_LATENESS_MAX_NS)
        return err_fail(ERR_USAGE, "lateness of %lld ns is not possible; give 0 to a week",
                        (long long)config->lateness_ns);
    if (config->horizon_ns < 0 || config->horizon_ns > ENGINE_HORIZON_MAX_NS)
        return err_fail(ERR_USAGE, "horizon of %lld ns is not possible; give 0 to 366 days",
                        (long long)config->horizon_ns);
    if (config->empty != EMPTY_NONE && config->empty != EMPTY_CARRY)
        return err_fail(ERR_USAGE, "unknown treatment of empty windows; give none or carry");
    return ERR_OK;
}

static int order_mics(const void *a, const void *b)
{
    return strcmp(((const struct engine_mic *)a)->venue, ((const struct engine_mic *)b)->venue);
}

static enum err check_mics(struct engine_config *config)
{
    if (config->mic_count > ENGINE_MICS_MAX)
        return err_fail(ERR_USAGE, "more than %d MICs are not possible", ENGINE_MICS_MAX);
    for (size_t i = 0; i < config->mic_count; i++) {
        const struct venue *venue;
        const char *mic, *operating;
        if (venue_get(&venue, config->mics[i].venue) != ERR_OK ||
            identity_mic(config->mics[i].mic, &mic, &operating) != ERR_OK)
            return ERR_USAGE;
    }
    qsort(config->mics, config->mic_count, sizeof config->mics[0], order_mics);
    for (size_t i = 1; i < config->mic_count; i++)
        if (order_mics(&config->mics[i - 1], &config->mics[i]) == 0)
            return err_fail(ERR_USAGE, "venue '%s' is given two MICs; give one",
                            config->mics[i].venue);
    return ERR_OK;
}

/* Names are what options and JSON can carry and people can see. */
static bool is_name(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (*at <= ' ' || *at == 0x7f || *at == ',' || *at == '=')
            return false;
    return text[0] != '\0' && buf_is_utf8(text, strlen(text));
}

static int order_rules(const void *a, const void *b)
{
    return strcmp(((const struct composite_rule *)a)->instrument,
                  ((const struct composite_rule *)b)->instrument);
}

static enum err check_rules(struct composite_config *config)
{
    if (config->rule_count > COMPOSITE_RULES_MAX)
        return err_fail(ERR_USAGE, "more than %d composites are not possible", COMPOSITE_RULES_MAX);
    for (size_t i = 0; i < config->rule_count; i++) {
        if (!is_name(config->rules[i].instrument))
            return err_fail(ERR_USAGE,
                            "composite '%s' has no instrument's name; give one like BTC-USDT, or *",
                            config->rules[i].instrument);
        if ((unsigned)config->rules[i].method >= COMPOSITE_METHODS)
            return err_fail(ERR_USAGE, "composite '%s' has no method", config->rules[i].instrument);
    }
    qsort(config->rules, config->rule_count, sizeof config->rules[0], order_rules);
    for (size_t i = 1; i < config->rule_count; i++)
        if (order_rules(&config->rules[i - 1], &config->rules[i]) == 0)
            return err_fail(ERR_USAGE, "composite '%s' is given twice; give each once",
                            config->rules[i].instrument);
    return ERR_OK;
}

static int order_quotes(const void *a, const void *b)
{
    return strcmp(((const struct composite_quote *)a)->from,
                  ((const struct composite_quote *)b)->from);
}

/* Pairs are not followed from one to the next, so that one look says where a market belongs. */
static enum err check_pair(const struct composite_config *config,
                           const struct composite_quote *pair)
{
    if (!is_name(pair->from) || !is_name(pair->to))
        return err_fail(ERR_USAGE, "'%s=%s' are no two assets; give a pair like USDT=USD",
                        pair->from, pair->to);
    for (size_t i = 0; i < config->quote_count; i++)
        if (strcmp(config->quotes[i].from, pair->to) == 0)
            return err_fail(ERR_USAGE,
                            "quote '%s' takes others and is taken as another; name the last one",
                            pair->to);
    return ERR_OK;
}

static enum err check_quotes(struct composite_config *config)
{
    enum err err = ERR_OK;
    if (config->quote_count > COMPOSITE_QUOTES_MAX)
        return err_fail(ERR_USAGE, "more than %d pairs of quotes are not possible",
                        COMPOSITE_QUOTES_MAX);
    for (size_t i = 0; i < config->quote_count && err == ERR_OK; i++)
        err = check_pair(config, &config->quotes[i]);
    if (err != ERR_OK)
        return err;
    qsort(config->quotes, config->quote_count, sizeof config->quotes[0], order_quotes);
    for (size_t i = 1; i < config->quote_count; i++)
        if (order_quotes(&config->quotes[i - 1], &config->quotes[i]) == 0)
            return err_fail(ERR_USAGE, "quote '%s' is taken as two others; give one",
                            config->quotes[i].from);
    return ERR_OK;
}

static enum err check_composite(struct composite_config *config)
{
    enum err err = check_rules(config);
    if (err == ERR_OK)
        err = check_quotes(config);
    if (err != ERR_OK)
        return err;
    if (config->stale_ns < 1 || config->stale_ns > ENGINE_STALE_MAX_NS)
        return err_fail(ERR_USAGE,
                        "%lld ns to be stale are not possible; give more than 0, to a week",
                        (long long)config->stale_ns);
    if (config->score_min > 100)
        return err_fail(ERR_USAGE, "a lowest score of %u is not possible; give 0 to 100",
                        (unsigned)config->score_min);
    if (config->outlier_ppm < 1 || config->outlier_ppm > ENGINE_OUTLIER_MAX_PPM)
        return err_fail(ERR_USAGE, "outliers from %u ppm are not possible; give 1 to %d",
                        (unsigned)config->outlier_ppm, ENGINE_OUTLIER_MAX_PPM);
    if (config->venues_min < 1 || config->venues_min > CONTRIBUTIONS_MAX)
        return err_fail(ERR_USAGE, "a minimum of %u venues is not possible; give 1 to %d",
                        (unsigned)config->venues_min, CONTRIBUTIONS_MAX);
    return ERR_OK;
}

enum err engine_config_check(struct engine_config *config)
{
    enum err err = check_bars(config);
    if (err == ERR_OK)
        err = check_windows(config);
    if (err == ERR_OK)
        err = check_mics(config);
    return err == ERR_OK ? check_composite(&config->composite) : err;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool equal_mics(const struct engine_config *a, const struct engine_config *b)
{
    if (a->mic_count != b->mic_count)
        return false;
    for (size_t i = 0; i < a->mic_count; i++)
        if (order_mics(&a->mics[i], &b->mics[i]) != 0 ||
            strcmp(a->mics[i].mic, b->mics[i].mic) != 0)
            return false;
    return true;
}

static bool equal_rules(const struct composite_config *a, const struct composite_config *b)
{
    if (a->rule_count != b->rule_count)
        return false;
    for (size_t i = 0; i < a->rule_count; i++)
        if (order_rules(&a->rules[i], &b->rules[i]) != 0 ||
            a->rules[i].method != b->rules[i].method)
            return false;
    return true;
}

static bool equal_quotes(const struct composite_config *a, const struct composite_config *b)
{
    if (a->quote_count != b->quote_count)
        return false;
    for (size_t i = 0; i < a->quote_count; i++)
        if (order_quotes(&a->quotes[i], &b->quotes[i]) != 0 ||
            strcmp(a->quotes[i].to, b->quotes[i].to) != 0)
            return false;
    return true;
}

static bool equal_composites(const struct composite_config *a, const struct composite_config *b)
{
    return equal_rules(a, b) && equal_quotes(a, b) && a->stale_ns == b->stale_ns &&
           a->score_min == b->score_min && a->outlier_ppm == b->outlier_ppm &&
           a->venues_min == b->venues_min;
}

bool engine_config_equal(const struct engine_config *a, const struct engine_config *b)
{
    if (a->bar_count != b->bar_count || a->lateness_ns != b->lateness_ns ||
        a->horizon_ns != b->horizon_ns || a->empty != b->empty ||
        a->exclude_suspect != b->exclude_suspect)
        return false;
    for (size_t i = 0; i < a->bar_count; i++)
        if (!bar_equal(a->bars[i], b->bars[i]))
            return false;
    return equal_mics(a, b) && equal_composites(&a->composite, &b->composite);
}
