#include "engine/engine.h"

#include <jansson.h>

#include <string.h>

void engine_config_default(struct engine_config *config)
{
    *config = (struct engine_config){
        .bar_count = 1,
        .bars = {{BAR_TIME, INT64_C(60) * 1000000000}},
        .lateness_ns = ENGINE_LATENESS_DEFAULT_NS,
        .horizon_ns = ENGINE_HORIZON_DEFAULT_NS,
        .empty = EMPTY_NONE,
    };
}

static enum err check_bars(const struct engine_config *config)
{
    if (config->bar_count == 0 || config->bar_count > ENGINE_BARS_MAX)
        return err_fail(ERR_USAGE, "%zu bars are not possible; give 1 to %d", config->bar_count,
                        ENGINE_BARS_MAX);
    for (size_t i = 0; i < config->bar_count; i++) {
        struct bar bar = config->bars[i];
        if (bar.kind != BAR_TIME || bar.size < BAR_SIZE_MIN || bar.size > BAR_SIZE_MAX ||
            bar.size % BAR_SIZE_MIN != 0)
            return err_fail(ERR_USAGE,
                            "bar of %lld ns is not possible; give whole seconds, 1s to 1w",
                            (long long)bar.size);
        for (size_t j = 0; j < i; j++) {
            char text[BAR_TEXT_MAX];
            bar_format(text, bar);
            if (bar_equal(config->bars[j], bar))
                return err_fail(ERR_USAGE, "bar '%s' is given twice; give each once", text);
        }
    }
    return ERR_OK;
}

enum err engine_config_check(struct engine_config *config)
{
    enum err err = check_bars(config);
    if (err != ERR_OK)
        return err;
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

enum err engine_config_write(const struct engine_config *config, struct buf *out)
{
    enum err err = buf_append_text(out, "\"bars\":[");
    for (size_t i = 0; i < config->bar_count && err == ERR_OK; i++) {
        char text[BAR_TEXT_MAX];
        bar_format(text, config->bars[i]);
        err = buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", text);
    }
    if (err != ERR_OK)
        return err;
    return buf_printf(out, "],\"lateness_ns\":%lld,\"horizon_ns\":%lld,\"empty\":\"%s\"",
                      (long long)config->lateness_ns, (long long)config->horizon_ns,
                      config->empty == EMPTY_CARRY ? "carry" : "none");
}

bool engine_config_equal(const struct engine_config *a, const struct engine_config *b)
{
    if (a->bar_count != b->bar_count || a->lateness_ns != b->lateness_ns ||
        a->horizon_ns != b->horizon_ns || a->empty != b->empty)
        return false;
    for (size_t i = 0; i < a->bar_count; i++)
        if (!bar_equal(a->bars[i], b->bars[i]))
            return false;
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

#define CHECK_TAPE "check the tape with 'rewick tape verify'"

static enum err read_bars(struct engine_config *config, const json_t *root, bool *out_found)
{
    const json_t *bars = json_object_get(root, "bars");
    *out_found = bars != NULL;
    if (bars == NULL)
        return ERR_OK;
    size_t count = json_array_size(bars);
    if (!json_is_array(bars) || count == 0 || count > ENGINE_BARS_MAX)
        return err_fail(ERR_DAMAGED, "'bars' is not a list of 1 to %d bars; " CHECK_TAPE,
                        ENGINE_BARS_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(bars, i));
        if (text == NULL)
            return err_fail(ERR_DAMAGED, "'bars' holds what is no text; " CHECK_TAPE);
        if (bar_parse(&config->bars[i], text) != ERR_OK)
            return ERR_DAMAGED;
    }
    config->bar_count = count;
    return ERR_OK;
}

static enum err read_duration(int64_t *out_ns, const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    if (value == NULL)
        return ERR_OK;
    if (!json_is_integer(value))
        return err_fail(ERR_DAMAGED, "'%s' is not a number of nanoseconds; " CHECK_TAPE, name);
    *out_ns = json_integer_value(value);
    return ERR_OK;
}

static enum err read_empty(enum engine_empty *out, const json_t *root)
{
    const json_t *value = json_object_get(root, "empty");
    if (value == NULL)
        return ERR_OK;
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (strcmp(text, "none") != 0 && strcmp(text, "carry") != 0)
        return err_fail(ERR_DAMAGED, "'empty' is neither \"none\" nor \"carry\"; " CHECK_TAPE);
    *out = strcmp(text, "carry") == 0 ? EMPTY_CARRY : EMPTY_NONE;
    return ERR_OK;
}

static enum err read_members(struct engine_config *config, const json_t *root, bool *out_found)
{
    if (!json_is_object(root))
        return err_fail(ERR_DAMAGED, "it is not a JSON object; " CHECK_TAPE);
    enum err err = read_bars(config, root, out_found);
    if (err == ERR_OK)
        err = read_duration(&config->lateness_ns, root, "lateness_ns");
    if (err == ERR_OK)
        err = read_duration(&config->horizon_ns, root, "horizon_ns");
    if (err == ERR_OK)
        err = read_empty(&config->empty, root);
    if (err == ERR_OK && engine_config_check(config) != ERR_OK)
        err = ERR_DAMAGED;
    return err;
}

enum err engine_config_read(struct engine_config *config, const uint8_t *data, size_t size,
                            bool *out_found)
{
    struct engine_config read = *config;
    json_t *root = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    enum err err = read_members(&read, root, out_found);
    json_decref(root);
    if (err != ERR_OK)
        return err_context(err, "configuration record of the tape is damaged");
    *config = read;
    return ERR_OK;
}
