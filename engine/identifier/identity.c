#include "engine/identifier/identity.h"

#include "engine/identifier/currency.h"
#include "engine/identifier/dti.h"
#include "engine/identifier/mic.h"

static const char none[] = "none";
static const char unknown[] = "unknown";

static void find_market(struct identity *out, const char *mic, bool venue_has_none)
{
    const struct mic *found = mic ? mic_find(mic) : NULL;
    const char *nothing = !mic && venue_has_none ? none : unknown;
    out->mic = found ? found->code : nothing;
    out->operating_mic = found ? found->operating : nothing;
}

static void find_asset(const char **out_currency, const char **out_dti, const char *asset)
{
    enum currency_verdict verdict = currency_judge(asset);
    *out_currency = *out_dti = unknown;
    if (asset[0] == '\0' || verdict == CURRENCY_UNSURE)
        return;
    if (verdict == CURRENCY_YES) {
        *out_currency = currency_find(asset)->code;
        *out_dti = none;
        return;
    }
    const struct dti *token = dti_find(asset);
    *out_currency = none;
    *out_dti = token ? token->code : unknown;
}

void identity_find(struct identity *out, const char *mic, bool venue_has_none, const char *base,
                   const char *quote)
{
    find_market(out, mic, venue_has_none);
    find_asset(&out->base_currency, &out->base_dti, base);
    find_asset(&out->quote_currency, &out->quote_dti, quote);
    /* No code for spot markets of tokens is known, and venues publish none for the others. */
    out->cfi = unknown;
}

enum err identity_mic(const char *text, const char **out_mic, const char **out_operating)
{
    if (!mic_has_form(text))
        return err_fail(ERR_UNKNOWN, "'%.40s' is no MIC; give four capital letters or digits",
                        text);
    const struct mic *found = mic_find(text);
    if (!found)
        return err_fail(
            ERR_UNKNOWN,
            "MIC '%s' is not in the ISO 10383 list of %s; see iso20022.org for the codes", text,
            mic_table_date);
    *out_mic = found->code;
    *out_operating = found->operating;
    return ERR_OK;
}
