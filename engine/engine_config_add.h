/*
 * engine_config_add: entries of the configuration's lists from their texts, as the command line and
 * a RECORD_CONFIG give them; and the limits of its numbers.
 *
 * Each fails with ERR_USAGE and a text when a text has no place in the list or names nothing that
 * there is. What entries say of each other (given twice) engine_config_check() finds.
 */
#ifndef REWICK_ENGINE_ENGINE_CONFIG_ADD_H
#define REWICK_ENGINE_ENGINE_CONFIG_ADD_H

#include "engine/engine.h"

#define ENGINE_STALE_MAX_NS    BAR_SIZE_MAX
#define ENGINE_OUTLIER_MAX_PPM 1000000

enum err engine_config_add_mic(struct engine_config *config, const char *venue,
                               const char *mic) ERR_MUST_CHECK;
enum err engine_config_add_composite(struct engine_config *config, const char *instrument,
                                     const char *method) ERR_MUST_CHECK;
enum err engine_config_add_quote(struct engine_config *config, const char *from,
                                 const char *to) ERR_MUST_CHECK;

#endif
