/* The configuration as members of a RECORD_CONFIG, out and in. */
#include "engine/engine_config_add.h"

#include <jansson.h>

#include <string.h>

/* ---- writing --------------------------------------------------------------------------------- */

static enum err write_bars(const struct engine_config *config, struct buf *out)
{
    enum err err = buf_append_text(out, "\"bars\":[");
    for (size_t i = 0; i < config->bar_count && err == ERR_OK; i++) {
        char text[BAR_TEXT_MAX];
        bar_format(text, config->bars[i]);
        err = buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", text);
    }
    return err == ERR_OK ? buf_append_byte(out, ']') : err;
}

/* Member number `index` of ,"name":{ ... */
static enum err write_pair(struct buf *out, const char *name, size_t index, const char *key,
                           const char *value)
{
    enum err err = index == 0 ? buf_printf(out, ",\"%s\":{", name) : buf_append_byte(out, ',');
    if (err == ERR_OK)
        err = buf_append_json(out, key, strlen(key));
    if (err == ERR_OK)
        err = buf_append_byte(out, ':');
    return err == ERR_OK ? buf_append_json(out, value, strlen(value)) : err;
}

static enum err end_pairs(struct buf *out, size_t count)
{
    return count > 0 ? buf_append_byte(out, '}') : ERR_OK;
}

static enum err write_mics(const struct engine_config *config, struct buf *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < config->mic_count && err == ERR_OK; i++)
        err = write_pair(out, "mics", i, config->mics[i].venue, config->mics[i].mic);
    return err == ERR_OK ? end_pairs(out, config->mic_count) : err;
}

static enum err write_rules(const struct composite_config *config, struct buf *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < config->rule_count && err == ERR_OK; i++)
        err = write_pair(out, "composites", i, config->rules[i].instrument,
                         composite_method_name(config->rules[i].method));
    return err == ERR_OK ? end_pairs(out, config->rule_count) : err;
}

static enum err write_quotes(const struct composite_config *config, struct buf *out)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < config->quote_count && err == ERR_OK; i++)
        err = write_pair(out, "same_quotes", i, config->quotes[i].from, config->quotes[i].to);
    return err == ERR_OK ? end_pairs(out, config->quote_count) : err;
}

static enum err write_number(struct buf *out, const char *name, int64_t value, int64_t usual)
{
    return value == usual ? ERR_OK : buf_printf(out, ",\"%s\":%lld", name, (long long)value);
}

static enum err write_composite(const struct composite_config *config, struct buf *out)
{
    struct composite_config usual;
    composite_config_default(&usual);
    enum err err = write_rules(config, out);
    if (err == ERR_OK)
        err = write_quotes(config, out);
    if (err == ERR_OK)
        err = write_number(out, "composite_stale_ns", config->stale_ns, usual.stale_ns);
    if (err == ERR_OK)
        err = write_number(out, "composite_score", config->score_min, usual.score_min);
    if (err == ERR_OK)
        err = write_number(out, "composite_outlier_ppm", config->outlier_ppm, usual.outlier_ppm);
    if (err == ERR_OK)
        err = write_number(out, "composite_venues", config->venues_min, usual.venues_min);
    return err;
}

enum err engine_config_write(const struct engine_config *config, struct buf *out)
{
    enum err err = write_bars(config, out);
    if (err == ERR_OK)
        err = buf_printf(out, ",\"lateness_ns\":%lld,\"horizon_ns\":%lld,\"empty\":\"%s\"%s",
                         (long long)config->lateness_ns, (long long)config->horizon_ns,
                         config->empty == EMPTY_CARRY ? "carry" : "none",
                         config->exclude_suspect ? ",\"exclude\":[\"suspect\"]" : "");
    if (err == ERR_OK)
        err = write_mics(config, out);
    return err == ERR_OK ? write_composite(&config->composite, out) : err;
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

static enum err read_count(uint32_t *out, const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    if (value == NULL)
        return ERR_OK;
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > UINT32_MAX)
        return err_fail(ERR_DAMAGED, "'%s' is not a whole number that can be; " CHECK_TAPE, name);
    *out = (uint32_t)number;
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

static enum err read_exclude(bool *out_suspect, const json_t *root)
{
    const json_t *list = json_object_get(root, "exclude");
    if (list == NULL)
        return ERR_OK;
    size_t count = json_array_size(list);
    const char *text = json_string_value(json_array_get(list, 0));
    if (!json_is_array(list) || count > 1 ||
        (count == 1 && (text == NULL || strcmp(text, "suspect") != 0)))
        return err_fail(ERR_DAMAGED, "'exclude' is neither [] nor [\"suspect\"]; " CHECK_TAPE);
    *out_suspect = count == 1;
    return ERR_OK;
}

typedef enum err add_fn(struct engine_config *config, const char *key, const char *value);

/* The object `name` of texts replaces what a list holds. */
static enum err read_pairs(struct engine_config *config, const json_t *root, const char *name,
                           size_t *list_count, add_fn *add)
{
    json_t *pairs = json_object_get(root, name);
    if (pairs == NULL)
        return ERR_OK;
    if (!json_is_object(pairs))
        return err_fail(ERR_DAMAGED, "'%s' is not an object; " CHECK_TAPE, name);
    *list_count = 0;
    const char *key;
    json_t *value;
    json_object_foreach(pairs, key, value)
    {
        if (!json_is_string(value))
            return err_fail(ERR_DAMAGED, "'%s' holds what is no text; " CHECK_TAPE, name);
        if (add(config, key, json_string_value(value)) != ERR_OK)
            return ERR_DAMAGED;
    }
    return ERR_OK;
}

static enum err read_composite(struct engine_config *config, const json_t *root)
{
    struct composite_config *composite = &config->composite;
    enum err err =
        read_pairs(config, root, "composites", &composite->rule_count, engine_config_add_composite);
    if (err == ERR_OK)
        err = read_pairs(config, root, "same_quotes", &composite->quote_count,
                         engine_config_add_quote);
    if (err == ERR_OK)
        err = read_duration(&composite->stale_ns, root, "composite_stale_ns");
    if (err == ERR_OK)
        err = read_count(&composite->score_min, root, "composite_score");
    if (err == ERR_OK)
        err = read_count(&composite->outlier_ppm, root, "composite_outlier_ppm");
    if (err == ERR_OK)
        err = read_count(&composite->venues_min, root, "composite_venues");
    return err;
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
    if (err == ERR_OK)
        err = read_exclude(&config->exclude_suspect, root);
    if (err == ERR_OK)
        err = read_pairs(config, root, "mics", &config->mic_count, engine_config_add_mic);
    if (err == ERR_OK)
        err = read_composite(config, root);
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
