#include "engine/tape/lane_split.h"

#include <string.h>

/* Items of an array that are told apart; those further back are one kind. */
#define INDEX_MAX 15

uint64_t lane_hash(const uint8_t *data, size_t size)
{
    uint64_t hash = size;
    for (; size >= 8; data += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        hash = lane_mix(hash, word);
    }
    uint64_t word = 0;
    if (size > 0)
        memcpy(&word, data, size);
    return lane_mix(hash, word);
}

static struct lane_level *top(struct lane_splitter *splitter)
{
    const size_t depth = splitter->depth;
    return &splitter->levels[depth < LANE_DEPTH_MAX ? depth : LANE_DEPTH_MAX - 1];
}

static void enter(struct lane_splitter *splitter, bool is_array)
{
    const struct lane_level outer = *top(splitter);
    splitter->depth++;
    *top(splitter) = (struct lane_level){
        /* All containers in an array are of one kind. */
        .place = lane_mix(outer.place, outer.is_array ? 1 : outer.name),
        .is_array = is_array,
    };
}

static void leave(struct lane_splitter *splitter)
{
    if (splitter->depth > 0)
        splitter->depth--;
}

static uint64_t key_of(struct lane_splitter *splitter, enum lane_slot slot)
{
    const struct lane_level *level = top(splitter);
    const uint64_t place =
        level->is_array ? (level->index < INDEX_MAX ? level->index : INDEX_MAX) : level->name;
    return lane_mix(lane_mix(level->place, place), (uint64_t)slot);
}

/* A value is at p .. end: the token's slot, unless it is too long for one. */
static bool take_value(struct lane_splitter *splitter, const uint8_t *p, const uint8_t *end,
                       struct lane_token *out)
{
    size_t size = (size_t)(end - p);
    if (size > LANE_SLOT_SIZE_MAX)
        return false;
    size_t time_size;
    if (lane_number_parse(&out->number, p, size)) {
        out->slot = SLOT_NUMBER;
    } else if ((time_size = lane_time_parse(&out->number, p, size)) > 0) {
        out->slot = SLOT_TIME;
        size = time_size;
    } else {
        out->slot = SLOT_TEXT;
    }
    out->literal = splitter->literal;
    out->literal_size = (size_t)(p - splitter->literal);
    out->text = p;
    out->text_size = size;
    out->key = key_of(splitter, out->slot);
    splitter->literal = p + size;
    return true;
}

static bool ends_bare_value(uint8_t c)
{
    return c == ',' || c == ']' || c == '}' || c == '"' || c == ':' || c == '[' || c == '{' ||
           c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* What begins with the quote at `next`: a member's name, or a value and thereby a token. */
static bool take_string(struct lane_splitter *splitter, struct lane_token *out)
{
    const uint8_t *first = splitter->next + 1;
    const uint8_t *quote = memchr(first, '"', (size_t)(splitter->end - first));
    if (!quote) {
        splitter->next = splitter->end;
        return false;
    }
    splitter->next = quote + 1;
    if (splitter->next < splitter->end && *splitter->next == ':') {
        top(splitter)->name = lane_hash(first, (size_t)(quote - first));
        return false;
    }
    return take_value(splitter, first, quote, out);
}

static bool take_bare(struct lane_splitter *splitter, struct lane_token *out)
{
    const uint8_t *first = splitter->next;
    while (splitter->next < splitter->end && !ends_bare_value(*splitter->next))
        splitter->next++;
    return take_value(splitter, first, splitter->next, out);
}

/* Goes on by one step; true when that made a token. */
static bool step(struct lane_splitter *splitter, struct lane_token *out)
{
    const uint8_t c = *splitter->next;
    if (c == '"')
        return take_string(splitter, out);
    if (!ends_bare_value(c))
        return take_bare(splitter, out);
    if (c == '{' || c == '[')
        enter(splitter, c == '[');
    else if (c == '}' || c == ']')
        leave(splitter);
    else if (c == ',')
        top(splitter)->index++;
    splitter->next++;
    return false;
}

void lane_split_start(struct lane_splitter *splitter, const uint8_t *text, size_t size)
{
    static const uint8_t nothing[1];
    splitter->literal = splitter->next = size > 0 ? text : nothing;
    splitter->end = splitter->next + size;
    splitter->depth = 0;
    splitter->levels[0] = (struct lane_level){0};
}

void lane_split_next(struct lane_splitter *splitter, struct lane_token *out)
{
    while (splitter->next < splitter->end)
        if (step(splitter, out))
            return;
    *out = (struct lane_token){
        .literal = splitter->literal,
        .literal_size = (size_t)(splitter->end - splitter->literal),
    };
}
