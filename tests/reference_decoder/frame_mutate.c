#include "tests/reference_decoder/frame_mutate.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ---- pieces of JSON -------------------------------------------------------------------------- */

#define TOKENS_MAX 512

enum token_kind { TOKEN_STRING, TOKEN_NUMBER, TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_BETWEEN };

struct token {
    enum token_kind kind;
    size_t at, size;
};

struct frame {
    uint64_t *random;
    char *text;
    size_t size, max;
    size_t count;
    struct token tokens[TOKENS_MAX];
};

uint64_t frame_random(uint64_t *random, uint64_t below)
{
    uint64_t z = (*random += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % below;
}

static size_t draw(struct frame *frame, size_t below)
{
    return (size_t)frame_random(frame->random, below);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_of_word(char c)
{
    return c != '\0' && !strchr("\"{}[],: \t\r\n", c);
}

static size_t string_size(const char *text, size_t size)
{
    size_t at = 1;
    while (at < size && text[at] != '"') {
        at += text[at] == '\\' ? 2 : 1;
    }
    return at < size ? at + 1 : size;
}

static struct token token_at(const struct frame *frame, size_t at)
{
    const char *text = frame->text + at;
    size_t left = frame->size - at, size = 1;
    if (*text == '"') {
        return (struct token){TOKEN_STRING, at, string_size(text, left)};
    }
    if (*text == '{' || *text == '[') {
        return (struct token){TOKEN_OPEN, at, 1};
    }
    if (*text == '}' || *text == ']') {
        return (struct token){TOKEN_CLOSE, at, 1};
    }
    if (!is_of_word(*text)) {
        return (struct token){TOKEN_BETWEEN, at, 1};
    }
    while (size < left && is_of_word(text[size])) {
        size++;
    }
    bool number = is_digit(*text) || *text == '-';
    return (struct token){number ? TOKEN_NUMBER : TOKEN_WORD, at, size};
}

static void find_tokens(struct frame *frame)
{
    for (size_t at = 0; at < frame->size && frame->count < TOKENS_MAX;) {
        struct token token = token_at(frame, at);
        frame->tokens[frame->count++] = token;
        at += token.size;
    }
}

/* The token behind the value that begins with token `i`. */
static size_t value_end(const struct frame *frame, size_t i)
{
    size_t depth = 0;
    for (; i < frame->count; i++) {
        depth += frame->tokens[i].kind == TOKEN_OPEN;
        if (frame->tokens[i].kind == TOKEN_CLOSE) {
            if (depth == 0) {
                return i;
            }
            depth--;
        }
        if (depth == 0) {
            return i + 1;
        }
    }
    return i;
}

/* One of that kind, or NULL. */
static const struct token *some_token(struct frame *frame, enum token_kind kind)
{
    size_t first = frame->count > 0 ? draw(frame, frame->count) : 0;
    for (size_t i = 0; i < frame->count; i++) {
        const struct token *token = &frame->tokens[(first + i) % frame->count];
        if (token->kind == kind) {
            return token;
        }
    }
    return NULL;
}

/* A place in the text. */
struct part {
    size_t at, size;
};

/* A value: a scalar, or a container whole. Names of members are such values too. */
static struct part some_value(struct frame *frame)
{
    static const enum token_kind kinds[] = {TOKEN_STRING, TOKEN_NUMBER, TOKEN_WORD, TOKEN_OPEN};
    const struct token *token = some_token(frame, kinds[draw(frame, 4)]);
    if (!token) {
        return (struct part){0, 0};
    }
    const struct token *last =
        &frame->tokens[value_end(frame, (size_t)(token - frame->tokens)) - 1];
    return (struct part){token->at, last->at + last->size - token->at};
}

/* ---- changing -------------------------------------------------------------------------------- */

/* Nothing when there is no room. */
static void replace(struct frame *frame, struct part part, const char *text, size_t size)
{
    if (frame->size - part.size + size > frame->max) {
        return;
    }
    size_t behind = part.at + part.size;
    memmove(frame->text + part.at + size, frame->text + behind, frame->size - behind);
    memcpy(frame->text + part.at, text, size);
    frame->size = frame->size - part.size + size;
}

static void insert(struct frame *frame, size_t at, const char *text, size_t size)
{
    replace(frame, (struct part){at, 0}, text, size);
}

#define PIECE_MAX 4096

/* Writes a copy of `from` over, or in front of, `to`. */
static void copy_part(struct frame *frame, struct part from, struct part to)
{
    char piece[PIECE_MAX];
    if (from.size <= sizeof piece) {
        memcpy(piece, frame->text + from.at, from.size);
        replace(frame, to, piece, from.size);
    }
}

#define PICK(frame, list) (list)[draw((frame), sizeof(list) / sizeof(list)[0])]

struct piece {
    const char *text;
    size_t size;
};

/* One of a list that is divided by '|'. */
static struct piece some_piece(struct frame *frame, const char *list)
{
    size_t count = 1;
    for (const char *at = list; *at; at++) {
        count += *at == '|';
    }
    for (size_t left = draw(frame, count); left > 0; left--) {
        list = strchr(list, '|') + 1;
    }
    return (struct piece){list, strcspn(list, "|")};
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* A number, in quotes or not; without the quotes. */
static struct part some_number(struct frame *frame)
{
    size_t first = frame->count > 0 ? draw(frame, frame->count) : 0;
    for (size_t i = 0; i < frame->count; i++) {
        const struct token *token = &frame->tokens[(first + i) % frame->count];
        const char *text = frame->text + token->at;
        if (token->kind == TOKEN_NUMBER) {
            return (struct part){token->at, token->size};
        }
        if (token->kind == TOKEN_STRING && token->size > 2 &&
            (is_digit(text[1]) || text[1] == '-')) {
            return (struct part){token->at + 1, token->size - 2};
        }
    }
    return (struct part){0, 0};
}

static void replace_number(struct frame *frame)
{
    static const char numbers[] =
        "0|-0|0.0|-1|1|00|01|-|+1|.5|5.|1e|1e5|1E+5|1e-10|0E-8|-0.0|1e400|1e-400|1e18|1e-18|"
        "9007199254740993|4294967296|9223372036854775807|9223372036854775808|"
        "18239578009413566319|18446744073709551615|18446744073709551616|99999999999999999999|"
        "170141183460469231731687303715884105728|0.000000000000000001|"
        "0.00000000000000000000000000000000000001|"
        "123456789012345678901234567890.12345678901234567|"
        "1.0000000000000000000000000000000000000000000000|0000000000000000000000000000000001|"
        "1723161255342|1723161255342123|1723161255342123456|99999999999999|100000000000000|"
        "1723161255|1723161255.342|1723161255.3421234567|9223372036854|9223372036855|"
        "9223372036.854775807|9223372036.854775808|2024-08-08T23:54:15.342Z|2024-08-08T23:54:15Z|"
        "2024-08-08T23:54:15.123456789Z|2024-08-08T23:54:15.1234567891Z|2024-02-30T00:00:00Z|"
        "2024-08-08T24:00:00Z|2024-08-08T23:59:60Z|0001-01-01T00:00:00Z|"
        "2024-08-08T23:54:15.342+00:00|2024-08-08t23:54:15z|2262-04-12T00:00:00Z|"
        "1970-01-01T00:00:00Z|2024-08-08 23:54:15|Infinity|NaN|0x10|1_000|1 ";
    struct piece number = some_piece(frame, numbers);
    replace(frame, some_number(frame), number.text, number.size);
}

static void change_digit(struct frame *frame)
{
    static const char bytes[] = "0123456789012345678901234567890123456789..--+eEeZT: x,";
    struct part number = some_number(frame);
    if (number.size == 0) {
        return;
    }
    size_t at = number.at + draw(frame, number.size + 1);
    size_t gone = at < number.at + number.size ? draw(frame, 2) : 0;
    size_t size = gone == 0 || draw(frame, 3) > 0;
    replace(frame, (struct part){at, gone}, &bytes[draw(frame, sizeof bytes - 1)], size);
}

/* Makes it longer by digits, or shorter. */
static void stretch_number(struct frame *frame)
{
    static const char digits[] = "0000000000000000000000123456789012345678901234567890";
    struct part number = some_number(frame);
    if (number.size == 0) {
        return;
    }
    size_t at = number.at + draw(frame, number.size + 1), size = draw(frame, 24);
    if (draw(frame, 2) == 0) {
        insert(frame, at, digits + draw(frame, sizeof digits - 24), size);
    } else {
        size_t left = number.at + number.size - at;
        replace(frame, (struct part){at, size < left ? size : left}, "", 0);
    }
}

/* 12 becomes "12", and the other way. */
static void quote_value(struct frame *frame)
{
    struct part value = some_value(frame);
    if (value.size >= 2 && frame->text[value.at] == '"') {
        replace(frame, (struct part){value.at + value.size - 1, 1}, "", 0);
        replace(frame, (struct part){value.at, 1}, "", 0);
    } else if (frame->size + 2 <= frame->max) {
        insert(frame, value.at + value.size, "\"", 1);
        insert(frame, value.at, "\"", 1);
    }
}

/* ---- strings --------------------------------------------------------------------------------- */

/* Strings that were met: names of members, channels, symbols. */
#define WORDS_MAX     512
#define WORD_SIZE_MAX 40
static struct {
    size_t size;
    char text[WORD_SIZE_MAX];
} words[WORDS_MAX];

static void remember_word(struct frame *frame)
{
    const struct token *token = some_token(frame, TOKEN_STRING);
    if (token && token->size <= WORD_SIZE_MAX) {
        size_t at = draw(frame, WORDS_MAX);
        words[at].size = token->size;
        memcpy(words[at].text, frame->text + token->at, token->size);
    }
}

static void replace_word(struct frame *frame)
{
    const struct token *token = some_token(frame, TOKEN_STRING);
    size_t at = draw(frame, WORDS_MAX);
    if (token && words[at].size > 0) {
        replace(frame, (struct part){token->at, token->size}, words[at].text, words[at].size);
    }
}

/* A place inside a string, between the quotes; size says how much of it is behind. */
static struct part inside_string(struct frame *frame)
{
    const struct token *token = some_token(frame, TOKEN_STRING);
    if (!token || token->size < 2) {
        return (struct part){0, 0};
    }
    size_t skipped = draw(frame, token->size - 1);
    return (struct part){token->at + 1 + skipped, token->size - 2 - skipped};
}

static void insert_piece(struct frame *frame)
{
    static const char pieces[] =
        "\\n|\\\"|\\\\|\\/|\\b\\f\\r\\t|\\u0041|\\u0000|\\u001f|\\u007f|\\u00e9|\\u20ac|"
        "\\ud83d\\ude00|\\ud83d|\\ude00|\\ud83d\\u0041|\\u12|\\uD83D\\uDE00|\\x|\\|\"|'| |\t|\n|"
        "\x01|\x1f|\x7f|\x80|\xc3\xa9|\xe2\x82\xac|\xf0\x9f\x98\x80|\xc0\x80|\xed\xa0\x80|"
        "\xf4\x90\x80\x80|\xff|\xe2\x82|/|@|.|-|_|:|,|{|}|[|]|a|A|0";
    struct part inside = inside_string(frame);
    struct piece piece = some_piece(frame, pieces);
    insert(frame, inside.at, piece.text, piece.size);
}

static void escape_byte(struct frame *frame)
{
    struct part inside = inside_string(frame);
    char piece[8];
    if (inside.size > 0) {
        unsigned char byte = (unsigned char)frame->text[inside.at];
        snprintf(piece, sizeof piece, draw(frame, 2) ? "\\u%04x" : "\\u%04X", byte);
        replace(frame, (struct part){inside.at, 1}, piece, 6);
    }
}

static void change_byte(struct frame *frame)
{
    struct part inside = inside_string(frame);
    char byte = (char)draw(frame, 256);
    if (inside.size > 0) {
        if (draw(frame, 2) == 0) {
            byte = frame->text[inside.at] ^ 0x20; /* the other case */
        }
        replace(frame, (struct part){inside.at, 1}, &byte, draw(frame, 4) > 0);
    }
}

/* Strings as long as the places for them, and around that. */
static void stretch_string(struct frame *frame)
{
    static const size_t sizes[] = {0,  1,  7,  8,  9,  15, 16, 30, 31,
                                   32, 33, 47, 62, 63, 64, 65, 95, 160};
    const struct token *token = some_token(frame, TOKEN_STRING);
    char filler[160];
    if (!token || token->size < 2) {
        return;
    }
    size_t wanted = PICK(frame, sizes), inside = token->size - 2;
    memset(filler, 'A' + (int)draw(frame, 26), sizeof filler);
    if (wanted < inside) {
        replace(frame, (struct part){token->at + 1 + wanted, inside - wanted}, "", 0);
    } else {
        insert(frame, token->at + 1 + draw(frame, inside + 1), filler, wanted - inside);
    }
}

/* ---- values and members ---------------------------------------------------------------------- */

static void replace_value(struct frame *frame)
{
    static const char values[] =
        "null|true|false|0|-1|1.5|\"\"|\"0\"|\"buy\"|\"sell\"|[]|{}|[[]]|[{}]|{\"a\":1}|[1,2]|"
        "nul|True|[1,]|{\"a\":}|{,}|[|{||[null]|\"snapshot\"|\"update\"|-|\"\\u0030\"";
    struct piece value = some_piece(frame, values);
    replace(frame, some_value(frame), value.text, value.size);
}

static void copy_value(struct frame *frame)
{
    struct part from = some_value(frame);
    copy_part(frame, from, some_value(frame));
}

/* As deep as it may go, and a little deeper. */
static void nest_value(struct frame *frame)
{
    char open[70], close[sizeof open];
    struct part value = some_value(frame);
    size_t depth = draw(frame, 2) == 0 ? draw(frame, 4) : 58 + draw(frame, 12);
    memset(open, '[', sizeof open);
    memset(close, ']', sizeof close);
    if (frame->size + 2 * depth <= frame->max) {
        insert(frame, value.at + value.size, close, depth);
        insert(frame, value.at, open, depth);
    }
}

#define CHILDREN_MAX 64

/* The members or elements of one container. */
struct children {
    size_t count;
    struct part parts[CHILDREN_MAX];
};

static struct children some_children(struct frame *frame)
{
    struct children children = {0};
    const struct token *open = some_token(frame, TOKEN_OPEN);
    if (!open) {
        return children;
    }
    size_t at = (size_t)(open - frame->tokens) + 1, first = at;
    bool over = at >= frame->count || frame->tokens[at].kind == TOKEN_CLOSE;
    while (!over && children.count < CHILDREN_MAX) {
        at = value_end(frame, at);
        over = at >= frame->count || frame->tokens[at].kind == TOKEN_CLOSE;
        if (at > first && (over || frame->text[frame->tokens[at].at] == ',')) {
            const struct token *last = &frame->tokens[at - 1];
            size_t begin = frame->tokens[first].at;
            children.parts[children.count++] = (struct part){begin, last->at + last->size - begin};
            first = ++at;
            over |= at >= frame->count;
        }
    }
    return children;
}

static void swap_children(struct frame *frame)
{
    struct children children = some_children(frame);
    char text[PIECE_MAX];
    if (children.count < 2) {
        return;
    }
    size_t i = draw(frame, children.count - 1), j = i + 1 + draw(frame, children.count - 1 - i);
    struct part a = children.parts[i], b = children.parts[j];
    if (a.size <= sizeof text && b.size <= sizeof text && frame->size + b.size <= frame->max) {
        memcpy(text, frame->text + a.at, a.size);
        copy_part(frame, b, a);
        replace(frame, (struct part){b.at + b.size - a.size, b.size}, text, a.size);
    }
}

/* Twice, side by side or at the end. */
static void double_child(struct frame *frame)
{
    struct children children = some_children(frame);
    if (children.count == 0) {
        return;
    }
    struct part child = children.parts[draw(frame, children.count)];
    struct part to = children.parts[draw(frame, children.count)];
    if (frame->size + child.size + 1 <= frame->max && child.size < PIECE_MAX) {
        char text[PIECE_MAX];
        memcpy(text, frame->text + child.at, child.size);
        text[child.size] = ',';
        insert(frame, to.at, text, child.size + 1);
    }
}

static void drop_child(struct frame *frame)
{
    struct children children = some_children(frame);
    if (children.count == 0) {
        return;
    }
    struct part child = children.parts[draw(frame, children.count)];
    size_t behind = child.at + child.size;
    bool comma_behind = behind < frame->size && frame->text[behind] == ',';
    bool comma_before = !comma_behind && child.at > 0 && frame->text[child.at - 1] == ',';
    child.at -= comma_before;
    child.size += comma_before || comma_behind;
    replace(frame, child, "", 0);
}

/* A member that nobody asked for. */
static void add_member(struct frame *frame)
{
    static const char members[] =
        "\"zz\":1,|\"zz\":null,|\"\":\"\",|\"zz\":[1,{\"a\":\"b\"}],|\"zz\":\"\\n\",|"
        "\"z\\u0000\":0,|1,|\"zz\":{\"price\":\"1\",\"s\":\"x\"},|,|\"zz\":01,";
    const struct token *open = some_token(frame, TOKEN_OPEN);
    struct piece member = some_piece(frame, members);
    if (open) {
        insert(frame, open->at + 1, member.text, member.size);
    }
}

/* ---- what stands between, and all of it ------------------------------------------------------ */

static void insert_blank(struct frame *frame)
{
    static const char blanks[] = "    \t\r\n\v\f\xa0";
    size_t i = draw(frame, frame->count + 1);
    size_t at = i < frame->count ? frame->tokens[i].at : frame->size;
    insert(frame, at, &blanks[draw(frame, sizeof blanks - 1)], 1);
}

static void change_token(struct frame *frame)
{
    static const char others[] = "|,|:|{|}|[|]|\"|-|t|/**/";
    const struct token *token = frame->count > 0 ? &frame->tokens[draw(frame, frame->count)] : NULL;
    if (!token) {
        return;
    }
    struct part part = {token->at, token->size};
    if (draw(frame, 3) == 0) {
        copy_part(frame, part, (struct part){part.at, 0});
    } else {
        struct piece other = some_piece(frame, others);
        replace(frame, part, other.text, other.size);
    }
}

static void truncate_frame(struct frame *frame)
{
    frame->size = draw(frame, frame->size + 1);
}

static void append_junk(struct frame *frame)
{
    static const char junk[] = " |\n|x|}|]|,|{}|[]|null|\"|0|\x80";
    struct piece piece = some_piece(frame, junk);
    insert(frame, draw(frame, 2) ? frame->size : 0, piece.text, piece.size);
}

static void flip_bit(struct frame *frame)
{
    if (frame->size > 0) {
        frame->text[draw(frame, frame->size)] ^= (char)(1 << draw(frame, 8));
    }
}

size_t frame_mutate(uint64_t *random, uint8_t *data, size_t size, size_t max)
{
    /* Often enough what stays JSON. */
    static void (*const changes[])(struct frame *) = {
        change_digit,   change_digit, change_digit, replace_number, replace_number, stretch_number,
        stretch_number, quote_value,  replace_word, replace_word,   replace_word,   insert_piece,
        insert_piece,   escape_byte,  change_byte,  stretch_string, replace_value,  replace_value,
        copy_value,     copy_value,   nest_value,   swap_children,  swap_children,  double_child,
        double_child,   drop_child,   drop_child,   add_member,     insert_blank,   change_token,
        truncate_frame, append_junk,  flip_bit,
    };
    struct frame frame = {.random = random, .text = (char *)data, .size = size, .max = max};
    find_tokens(&frame);
    remember_word(&frame);
    PICK(&frame, changes)(&frame);
    return frame.size;
}
