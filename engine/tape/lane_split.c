#include "engine/tape/lane_split.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
/* Items of an array that are told apart; those further back are one kind. */
#define INDEX_MAX 15

/* An object or array that is open. */
struct level {
    uint64_t place; /* of what is in it */
    uint64_t name;  /* of the member that follows */
    uint32_t index; /* of the item that follows */
    bool is_array;
};

struct splitter {
    struct lane_tokens *out;
    const uint8_t *literal; /* where the text that is not yet in a token begins */
    const uint8_t *end;
    struct level levels[DEPTH_MAX];
    size_t depth;
};

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

void lane_tokens_release(struct lane_tokens *tokens)
{
    free(tokens->items);
    tokens->items = NULL;
    tokens->count = tokens->capacity = 0;
}

static struct lane_token *add_token(struct lane_tokens *tokens)
{
    if (tokens->count == tokens->count_max)
        return NULL;
    if (tokens->count == tokens->capacity) {
        const size_t capacity = tokens->capacity ? 2 * tokens->capacity : 64;
        struct lane_token *items = realloc(tokens->items, capacity * sizeof *items);
        if (!items)
            return NULL;
        tokens->items = items;
        tokens->capacity = capacity;
    }
    return &tokens->items[tokens->count++];
}

static struct level *top(struct splitter *splitter)
{
    const size_t depth = splitter->depth;
    return &splitter->levels[depth < DEPTH_MAX ? depth : DEPTH_MAX - 1];
}

static void enter(struct splitter *splitter, bool is_array)
{
    const struct level outer = *top(splitter);
    splitter->depth++;
    *top(splitter) = (struct level){
        /* All containers in an array are of one kind. */
        .place = lane_mix(outer.place, outer.is_array ? 1 : outer.name),
        .is_array = is_array,
    };
}

static void leave(struct splitter *splitter)
{
    if (splitter->depth > 0)
        splitter->depth--;
}

static uint64_t key_of(struct splitter *splitter, enum lane_slot slot)
{
    const struct level *level = top(splitter);
    const uint64_t place =
        level->is_array ? (level->index < INDEX_MAX ? level->index : INDEX_MAX) : level->name;
    return lane_mix(lane_mix(level->place, place), (uint64_t)slot);
}

/* A value is at p .. end. */
static bool take_value(struct splitter *splitter, const uint8_t *p, const uint8_t *end)
{
    if (end - p > LANE_SLOT_SIZE_MAX)
        return true;
    struct lane_token *token = add_token(splitter->out);
    if (!token)
        return false;
    size_t size = (size_t)(end - p);
    size_t time_size;
    if (lane_number_parse(&token->number, p, size)) {
        token->slot = SLOT_NUMBER;
    } else if ((time_size = lane_time_parse(&token->number, p, size)) > 0) {
        token->slot = SLOT_TIME;
        size = time_size;
    } else {
        token->slot = SLOT_TEXT;
    }
    token->literal = splitter->literal;
    token->literal_size = (uint32_t)(p - splitter->literal);
    token->text = p;
    token->text_size = (uint32_t)size;
    token->key = key_of(splitter, token->slot);
    splitter->literal = p + size;
    return true;
}

static bool ends_bare_value(uint8_t c)
{
    return c == ',' || c == ']' || c == '}' || c == '"' || c == ':' || c == '[' || c == '{' ||
           c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* What begins with the quote at *p: a member's name or a value. */
static bool take_string(struct splitter *splitter, const uint8_t **p)
{
    const uint8_t *first = *p + 1;
    const uint8_t *quote = memchr(first, '"', (size_t)(splitter->end - first));
    if (!quote) {
        *p = splitter->end;
        return true;
    }
    *p = quote + 1;
    if (*p < splitter->end && **p == ':') {
        top(splitter)->name = lane_hash(first, (size_t)(quote - first));
        return true;
    }
    return take_value(splitter, first, quote);
}

static bool take_bare(struct splitter *splitter, const uint8_t **p)
{
    const uint8_t *first = *p;
    while (*p < splitter->end && !ends_bare_value(**p))
        (*p)++;
    return take_value(splitter, first, *p);
}

static bool take_next(struct splitter *splitter, const uint8_t **p)
{
    switch (**p) {
    case '"':
        return take_string(splitter, p);
    case '{':
    case '[':
        enter(splitter, **p == '[');
        break;
    case '}':
    case ']':
        leave(splitter);
        break;
    case ',':
        top(splitter)->index++;
        break;
    default:
        if (!ends_bare_value(**p))
            return take_bare(splitter, p);
        break;
    }
    (*p)++;
    return true;
}

bool lane_split(struct lane_tokens *out, const uint8_t *text, size_t size)
{
    struct splitter splitter = {.out = out, .literal = text, .end = text + size};
    out->count = 0;
    for (const uint8_t *p = text; p < splitter.end;)
        if (!take_next(&splitter, &p))
            return false;
    struct lane_token *token = add_token(out);
    if (!token)
        return false;
    *token = (struct lane_token){
        .literal = splitter.literal,
        .literal_size = (uint32_t)(splitter.end - splitter.literal),
    };
    return true;
}
