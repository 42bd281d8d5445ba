#include "engine/engine_config_add.h"

#include <string.h>

/* False: too long. */
static bool put(char *out, size_t room, const char *text)
{
    size_t length = strlen(text);
    if (length >= room)
        return false;
    memcpy(out, text, length + 1);
    return true;
}

enum err engine_config_add_mic(struct engine_config *config, const char *venue, const char *mic)
{
    if (config->mic_count == ENGINE_MICS_MAX)
        return err_fail(ERR_USAGE, "more than %d MICs are not possible", ENGINE_MICS_MAX);
    struct engine_mic *entry = &config->mics[config->mic_count];
    if (!put(entry->venue, sizeof entry->venue, venue))
        return err_fail(ERR_USAGE, "'%.40s...' is no venue; give VENUE=MIC", venue);
    if (!put(entry->mic, sizeof entry->mic, mic))
        return err_fail(ERR_USAGE, "'%.40s' is no MIC; give four capital letters or digits", mic);
    config->mic_count++;
    return ERR_OK;
}

enum err engine_config_add_composite(struct engine_config *config, const char *instrument,
                                     const char *method)
{
    struct composite_config *composite = &config->composite;
    if (composite->rule_count == COMPOSITE_RULES_MAX)
        return err_fail(ERR_USAGE, "more than %d composites are not possible; '*' stands for all",
                        COMPOSITE_RULES_MAX);
    struct composite_rule *rule = &composite->rules[composite->rule_count];
    if (!put(rule->instrument, sizeof rule->instrument, instrument))
        return err_fail(ERR_USAGE, "'%.40s...' is too long for an instrument", instrument);
    if (!composite_method_parse(&rule->method, method))
        return err_fail(ERR_USAGE,
                        "composite '%s' by '%.40s' is not known; give vwap, median, mean or "
                        "consolidated",
                        instrument, method);
    composite->rule_count++;
    return ERR_OK;
}

enum err engine_config_add_quote(struct engine_config *config, const char *from, const char *to)
{
    struct composite_config *composite = &config->composite;
    if (composite->quote_count == COMPOSITE_QUOTES_MAX)
        return err_fail(ERR_USAGE, "more than %d pairs of quotes are not possible",
                        COMPOSITE_QUOTES_MAX);
    struct composite_quote *quote = &composite->quotes[composite->quote_count];
    if (!put(quote->from, sizeof quote->from, from) || !put(quote->to, sizeof quote->to, to))
        return err_fail(ERR_USAGE, "'%.40s=%.40s' is too long for two assets", from, to);
    composite->quote_count++;
    return ERR_OK;
}
