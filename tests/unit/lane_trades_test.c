/* Trades made from the columns of a lane are those that the venue's decoder makes of its texts:
 * frames of every venue's corpus, a block of each with its numbers changed in every way. */
#include "engine/decoded.h"
#include "engine/lane_trades.h"
#include "engine/tape/lane_codec.h"
#include "engine/venue/venue.h"
#include "tests/unit/decode_corpus.h"

#include <ctype.h>

#define ROWS     400
#define SPARE    64
#define TEXT_MAX (FRAME_MAX + SPARE)
#ifdef __SANITIZE_ADDRESS__
#define SEEDS 3
#else
#define SEEDS 20
#endif

struct block {
    uint64_t random;
    char bytes[ROWS][TEXT_MAX];
    struct lane_text texts[ROWS];
    uint8_t *back;
    size_t byte_count;

    struct lane_encoder *encoder;
    struct lane_decoder *decoder;
    struct lane_trades *trades;
    struct venue_frame frame;
    uint64_t made, told; /* rows that a form made; rows that are one trade */
};

static struct block *block_new(uint64_t seed)
{
    struct block *block = calloc(1, sizeof *block);
    assert_non_null(block);
    block->random = seed;
    block->back = malloc((size_t)ROWS * TEXT_MAX + LANE_SLACK);
    assert_ok(lane_encoder_new(&block->encoder, 1));
    assert_ok(lane_decoder_new(&block->decoder));
    assert_ok(lane_trades_new(&block->trades));
    venue_frame_init(&block->frame);
    return block;
}

static void block_free(struct block *block)
{
    venue_frame_release(&block->frame);
    lane_trades_free(block->trades);
    lane_decoder_free(block->decoder);
    lane_encoder_free(block->encoder);
    free(block->back);
    free(block);
}

/* ---- changed frames -------------------------------------------------------------------------- */

/* Other digits: mostly as many as there were; seldom a few more or less, or none but zeros. */
static size_t put_digits(struct block *block, char *out, const char *digits, size_t count)
{
    const uint64_t kind = unit_below(&block->random, 100);
    size_t size = count;
    if (kind < 55) {
        memcpy(out, digits, count);
        if (kind < 50) /* the next ones */
            out[count - 1] = (char)('0' + unit_below(&block->random, 10));
        return count;
    }
    if (kind < 75 && count < SPARE / 4)
        size = 1 + unit_below(&block->random, count + 2);
    for (size_t i = 0; i < size; i++)
        out[i] = kind > 97 ? '0' : (char)('0' + unit_below(&block->random, 10));
    for (size_t i = size; kind >= 90 && i > size / 2; i--)
        out[i - 1] = '0';
    return size;
}

/* A copy of the frame with at most SPARE bytes more. `odds`: of 100 numbers, so many are changed.
 */
static size_t change(struct block *block, char *out, const char *text, size_t size, uint64_t odds)
{
    size_t length = 0, at = 0;
    while (at < size) {
        size_t count = 0;
        while (at + count < size && isdigit((unsigned char)text[at + count]))
            count++;
        if (count == 0) {
            out[length++] = text[at++];
            continue;
        }
        const bool room = length + count + 4 < at + SPARE;
        if (room && unit_below(&block->random, 100) < odds) {
            length += put_digits(block, out + length, text + at, count);
        } else {
            memcpy(out + length, text + at, count);
            length += count;
        }
        at += count;
    }
    return length;
}

/* One frame again and again, with as many words as it has: true for false, buy for sell. */
static void fill(struct block *block, const char *text, size_t size)
{
    block->byte_count = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const uint64_t odds = i < ROWS / 4 ? 0 : unit_below(&block->random, 60);
        block->texts[i].data = (uint8_t *)block->bytes[i];
        block->texts[i].size = change(block, block->bytes[i], text, size, odds);
        char *word = memmem(block->bytes[i], block->texts[i].size, "\"buy\"", 5);
        if (word != NULL && i % 3 == 0)
            memcpy(word + 1, "Buy", 3);
        block->byte_count += block->texts[i].size;
    }
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void assert_same(const struct trade *a, const struct trade *b, const struct lane_text *text)
{
    const bool same =
        strcmp(a->symbol, b->symbol) == 0 && a->source_ns == b->source_ns &&
        a->has_id == b->has_id && a->id == b->id && a->folded == b->folded &&
        a->first_id == b->first_id && a->last_id == b->last_id && a->count == b->count &&
        a->price.mantissa == b->price.mantissa && a->price.scale == b->price.scale &&
        a->quantity.mantissa == b->quantity.mantissa && a->quantity.scale == b->quantity.scale &&
        a->taker == b->taker && a->flags == b->flags;
    if (!same)
        fail_msg("another trade than that of %.*s", (int)text->size, (const char *)text->data);
}

static struct lane_unpacker *open_rows(struct block *block)
{
    const uint8_t *frame;
    size_t size;
    const char *reason = NULL;
    struct lane_unpacker *rows;
    assert_ok(lane_encode(block->encoder, block->texts, ROWS, &frame, &size));
    assert_ok(lane_decode_open(block->decoder, frame, size, ROWS, &rows, &reason));
    return rows != NULL && lane_rows_begin(rows) ? rows : NULL;
}

/* Each row by itself: its text is the payload; what a form makes of it is what the text is. */
static void check_rows(struct block *block, const struct venue *venue, struct lane_unpacker *rows)
{
    lane_trades_begin(block->trades, venue, rows);
    for (size_t i = 0; i < ROWS; i++) {
        const struct lane_text *text = &block->texts[i];
        struct lane_row row;
        struct trade made;
        static uint8_t back[TEXT_MAX + 8 * LANE_SLACK];
        lane_rows_next(rows, &row);
        size_t size = lane_row_text(rows, &row, back, sizeof back);
        assert_int_equal(size, text->size);
        assert_memory_equal(back, text->data, size);
        assert_ok(venue->decode(text->data, text->size, &block->frame));
        const bool one = block->frame.kind == VENUE_TRADES && block->frame.trade_count == 1;
        block->told += one;
        const struct lane_form_of_trades *form = lane_trades_form(block->trades, &row);
        if (form == NULL || !lane_form_make(form, &row, &made))
            continue;
        block->made++;
        if (!one)
            fail_msg("a trade of %.*s", (int)size, (const char *)back);
        assert_same(&made, &block->frame.trades[0], text);
        assert_string_equal(lane_form_channel(form), block->frame.channel);
    }
}

/* The block as a whole: all of its trades, or none. */
static void check_block(struct block *block, const struct venue *venue, struct lane_unpacker *rows)
{
    struct tape_lane lane = {.type = RECORD_RECEIVED, .role = LANE_TRADES};
    struct decoded decoded = {0};
    struct decoder *decoder = NULL;
    snprintf(lane.venue, sizeof lane.venue, "%s", venue->name);
    assert_ok(decoder_new(&decoder));
    decoded_clear(&decoded);
    const uint32_t first = decoded_take_rows(&decoded, decoder, &lane, rows, ROWS);
    bool trades = true;
    for (size_t i = 0; i < ROWS; i++) {
        assert_ok(venue->decode(block->texts[i].data, block->texts[i].size, &block->frame));
        trades = trades && block->frame.kind == VENUE_TRADES;
        if (first == 0 || !trades)
            continue;
        const struct decoded_frame *frame = &decoded.frames[first - 1 + i];
        assert_int_equal(frame->count, block->frame.trade_count);
        assert_string_equal(frame->channel, block->frame.channel);
        for (size_t k = 0; k < frame->count; k++)
            assert_same(&decoded.trades[frame->first + k], &block->frame.trades[k],
                        &block->texts[i]);
    }
    assert_int_equal(first != 0, trades);
    decoded_release(&decoded);
    decoder_free(decoder);
}

static void check_venue(struct block *block, const struct venue *venue)
{
    static struct corpus corpus;
    corpus_read(&corpus, venue->name);
    for (size_t i = 0; i < corpus.count; i++) {
        const char *text = corpus.frames[i].text;
        const size_t size = corpus.frames[i].size;
        assert_ok(venue->decode((const uint8_t *)text, size, &block->frame));
        if (block->frame.kind != VENUE_TRADES || size > FRAME_MAX)
            continue;
        fill(block, text, size);
        struct lane_unpacker *rows = open_rows(block);
        if (rows == NULL)
            continue;
        check_rows(block, venue, rows);
        check_block(block, venue, rows);
    }
}

static void trades_of_rows_are_those_of_their_texts(void **state)
{
    (void)state;
    /* Of these at least, most are made without a text. */
    static const char *const quick[] = {"binance", "binance-us", "binance-usdm", "binance-coinm"};
    for (const struct venue *const *venue = venue_all(); *venue; venue++) {
        if ((*venue)->routed)
            continue;
        struct block *block = block_new(1);
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            block->random = seed;
            check_venue(block, *venue);
        }
        print_message("%s: %llu of %llu rows made\n", (*venue)->name,
                      (unsigned long long)block->made, (unsigned long long)block->told);
        for (size_t i = 0; i < sizeof quick / sizeof *quick; i++)
            if (strcmp((*venue)->name, quick[i]) == 0)
                assert_true(block->made > block->told / 2);
        block_free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trades_of_rows_are_those_of_their_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
