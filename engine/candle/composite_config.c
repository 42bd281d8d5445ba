#include "engine/candle/composite.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const names[COMPOSITE_METHODS] = {
    [COMPOSITE_VWAP] = "vwap",
    [COMPOSITE_MEDIAN] = "median",
    [COMPOSITE_MEAN] = "mean",
    [COMPOSITE_CONSOLIDATED] = "consolidated",
};

void composite_config_default(struct composite_config *config)
{
    *config = (struct composite_config){
        .stale_ns = INT64_C(60) * 1000000000,
        .score_min = 50,
        .outlier_ppm = 10000,
        .venues_min = 2,
    };
}

const char *composite_method_name(enum composite_method method)
{
    assert((unsigned)method < COMPOSITE_METHODS);
    return names[method];
}

bool composite_method_parse(enum composite_method *out, const char *text)
{
    for (unsigned i = 0; i < COMPOSITE_METHODS; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum composite_method)i;
            return true;
        }
    }
    return false;
}

/* Whether the text [at, at + size) is the code. */
static bool is_code(const char *at, size_t size, const char *code)
{
    return strlen(code) == size && memcmp(at, code, size) == 0;
}

/* What the quote asset is replaced by; NULL: nothing. The first that fits counts, once. */
static const char *same_quote(const struct composite_config *config, const char *quote, size_t size)
{
    for (size_t i = 0; i < config->quote_count; i++) {
        if (is_code(quote, size, config->quotes[i].from))
            return config->quotes[i].to;
    }
    return NULL;
}

/* BASE-QUOTE, BASE-QUOTE-PERP, ... False: the name would be too long. */
static bool place_name(const struct composite_config *config, const struct composite_market *market,
                       char out[INSTRUMENT_MAX])
{
    const char *name = market->instrument;
    const char *dash = strchr(name, '-');
    const char *quote = dash != NULL ? dash + 1 : name + strlen(name);
    size_t size = strcspn(quote, "-");
    bool known = market->quote[0] == '\0' || is_code(quote, size, market->quote);
    const char *to = known ? same_quote(config, quote, size) : NULL;
    int written = to == NULL ? snprintf(out, INSTRUMENT_MAX, "%s", name)
                             : snprintf(out, INSTRUMENT_MAX, "%.*s%s%s", (int)(quote - name), name,
                                        to, quote + size);
    return written > 0 && written < INSTRUMENT_MAX;
}

bool composite_config_place(const struct composite_config *config,
                            const struct composite_market *market, char name[INSTRUMENT_MAX],
                            enum composite_method *method)
{
    const struct composite_rule *rule = NULL;
    if (market->volume_unit != VOLUME_BASE || !place_name(config, market, name))
        return false;
    for (size_t i = 0; i < config->rule_count; i++) {
        const struct composite_rule *one = &config->rules[i];
        if (strcmp(one->instrument, name) == 0) {
            rule = one;
            break;
        }
        if (strcmp(one->instrument, "*") == 0)
            rule = one;
    }
    if (rule != NULL)
        *method = rule->method;
    return rule != NULL;
}
