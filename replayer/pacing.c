#include "replayer/pacing.h"

#include "engine/base/decimal.h"

#include <string.h>

#define SPEED_SCALE 3
#define SPEED_UNIT  1000
#define SPEED_MAX   1000000

enum err pacing_parse(struct pacing_speed *out, const char *text)
{
    if (strcmp(text, "max") == 0) {
        *out = PACING_MAX;
        return ERR_OK;
    }
    size_t size = strlen(text);
    if (size > 1 && text[size - 1] == 'x')
        size--;
    struct decimal value, exact;
    if (decimal_parse(&value, text, size) != ERR_OK ||
        decimal_rescale(&exact, value, SPEED_SCALE) != ERR_OK ||
        decimal_compare(exact, value) != 0 || exact.mantissa < 1 ||
        exact.mantissa > (int128)SPEED_MAX * SPEED_UNIT)
        return err_fail(ERR_USAGE, "speed '%s' is not 'max' or a factor from 0.001 to 1000000",
                        text);
    *out = (struct pacing_speed){SPEED_UNIT, (uint64_t)exact.mantissa};
    return ERR_OK;
}

bool pacing_is_max(struct pacing_speed speed)
{
    return speed.denominator == 0;
}

void pacing_init(struct pacing *pacing, struct pacing_speed speed)
{
    *pacing = (struct pacing){.speed = speed};
}

void pacing_restart(struct pacing *pacing)
{
    pacing_init(pacing, pacing->speed);
}

static int64_t clamp(int128 value)
{
    if (value > INT64_MAX)
        return INT64_MAX;
    return value < 0 ? 0 : (int64_t)value;
}

/* Time on the tape between the newest record and this one. */
static int64_t elapsed(const struct pacing *pacing, const struct record *record)
{
    bool session = record->type == RECORD_CONFIG;
    int64_t from = session ? pacing->wall_ns : pacing->mono_ns;
    int64_t to = session ? record->wall_ns : record->mono_ns;
    return clamp((int128)to - from);
}

int64_t pacing_deadline(struct pacing *pacing, const struct record *record, int64_t now_ns)
{
    if (pacing_is_max(pacing->speed))
        return INT64_MIN;
    if (pacing->begun)
        pacing->tape_ns = clamp((int128)pacing->tape_ns + elapsed(pacing, record));
    else
        pacing->start_ns = now_ns;
    /* A clock that went back within a session gives no time, and what it regains gives none either.
     */
    if (!pacing->begun || record->type == RECORD_CONFIG || record->mono_ns > pacing->mono_ns)
        pacing->mono_ns = record->mono_ns;
    pacing->wall_ns = record->wall_ns;
    pacing->begun = true;
    int128 real = (int128)pacing->tape_ns * (int128)pacing->speed.numerator;
    return clamp((int128)pacing->start_ns + real / (int128)pacing->speed.denominator);
}
