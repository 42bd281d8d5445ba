#include "engine/tape/chunk_decoder.h"

#include "engine/base/crc32c.h"
#include "engine/tape/column.h"
#include "engine/tape/lane_codec.h"
#include "engine/tape/varint.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define COLUMN_CONSTANT 0 /* a column's first byte, when it is one number (column.h) */

#define BITS  64
#define WORDS (SEALED_CHUNK_RECORDS_MAX / BITS)

enum column { POSITION, WALL, MONO, CONNECTION, FLAGS, SOURCE, SIZE, COLUMNS };

struct chunk_decoder {
    ZSTD_DCtx *zstd;
    struct lane_decoder *lanes;
    struct buf content;      /* of the columns of one block */
    int64_t *columns;        /* of one block, one behind the other */
    struct lane_text *texts; /* of one block */
    size_t capacity;         /* records that `columns` and `texts` have room for */
    /* Sets of positions. */
    uint64_t taken[WORDS];  /* some block has a record there */
    uint64_t lost[WORDS];   /* of these, those whose payloads are lost */
    uint64_t before[WORDS]; /* of lanes that are wanted of the time before */
    bool some_lost;
};

/* The columns of one block. One that is the same number all over is that number alone: number i is
 * at of[i * step], and step is 0. */
struct columns {
    const int64_t *of[COLUMNS];
    size_t step[COLUMNS];
    int64_t constant[COLUMNS];
};

enum err chunk_decoder_new(struct chunk_decoder **out)
{
    struct chunk_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return err_fail(ERR_NOMEM, "out of memory for a decoder of sealed segments");
    buf_init(&decoder->content, SEALED_COLUMNS_MAX);
    decoder->zstd = ZSTD_createDCtx();
    enum err err = decoder->zstd ? lane_decoder_new(&decoder->lanes)
                                 : err_fail(ERR_NOMEM, "out of memory for zstd");
    if (err != ERR_OK) {
        chunk_decoder_free(decoder);
        return err;
    }
    *out = decoder;
    return ERR_OK;
}

void chunk_decoder_free(struct chunk_decoder *decoder)
{
    if (!decoder)
        return;
    ZSTD_freeDCtx(decoder->zstd);
    lane_decoder_free(decoder->lanes);
    buf_release(&decoder->content);
    free(decoder->columns);
    free(decoder->texts);
    free(decoder);
}

void chunk_records_release(struct chunk_records *records)
{
    free(records->records);
    buf_release(&records->payloads);
    buf_release(&records->venues);
    free(records->faults);
    *records = (struct chunk_records){0};
}

/* ---- memory --------------------------------------------------------------------------------- */

static enum err reserve_block(struct chunk_decoder *decoder, size_t count)
{
    if (count <= decoder->capacity)
        return ERR_OK;
    free(decoder->columns);
    free(decoder->texts);
    decoder->capacity = 0;
    decoder->columns = malloc(count * COLUMNS * sizeof *decoder->columns);
    decoder->texts = malloc(count * sizeof *decoder->texts);
    if (!decoder->columns || !decoder->texts)
        return err_fail(ERR_NOMEM, "out of memory for a block of %zu records", count);
    decoder->capacity = count;
    return ERR_OK;
}

static enum err reserve_records(struct chunk_records *memory, size_t count)
{
    if (count <= memory->capacity)
        return ERR_OK;
    free(memory->records);
    memory->capacity = 0;
    memory->records = malloc(count * sizeof *memory->records);
    if (!memory->records)
        return err_fail(ERR_NOMEM, "out of memory for %zu records", count);
    memory->capacity = count;
    return ERR_OK;
}

/* Room for the payloads and venues of all parts, so that nothing moves while records point to
 * them. */
static enum err reserve_texts(struct chunk_records *memory, const struct tape_unit *unit)
{
    size_t payloads = LANE_SLACK;
    for (size_t i = 0; i < unit->part_count; i++)
        if (!unit->parts[i].reason && unit->parts[i].wanted)
            payloads += unit->parts[i].header.payloads_bytes;
    enum err err =
        tape_unit_make_room(&memory->payloads, payloads, SEALED_CHUNK_BYTES_MAX + LANE_SLACK);
    return err == ERR_OK ? tape_unit_make_room(&memory->venues, unit->part_count * RECORD_VENUE_MAX,
                                               SEALED_CHUNK_BLOCKS_MAX * 2 * RECORD_VENUE_MAX)
                         : err;
}

static enum err add_fault(struct chunk_records *memory, const struct tape_unit_fault *fault)
{
    if (memory->fault_count == memory->fault_capacity) {
        size_t capacity = memory->fault_capacity ? 2 * memory->fault_capacity : 16;
        struct tape_unit_fault *faults = realloc(memory->faults, capacity * sizeof *faults);
        if (!faults)
            return err_fail(ERR_NOMEM, "out of memory for a list of faults");
        memory->faults = faults;
        memory->fault_capacity = capacity;
    }
    memory->faults[memory->fault_count++] = *fault;
    return ERR_OK;
}

/* ---- sets of positions ---------------------------------------------------------------------- */

static inline bool has(const uint64_t *set, uint64_t position)
{
    return set[position / BITS] >> position % BITS & 1;
}

static inline void put(uint64_t *set, uint64_t position)
{
    set[position / BITS] |= UINT64_C(1) << position % BITS;
}

static void clear(uint64_t *set, uint32_t count)
{
    memset(set, 0, (count + BITS - 1) / BITS * sizeof *set);
}

/* Whether a record is there. */
static inline bool is_present(const struct chunk_decoder *decoder, uint32_t position)
{
    return has(decoder->taken, position) && !(decoder->some_lost && has(decoder->lost, position));
}

/* ---- one block ------------------------------------------------------------------------------ */

static const char *open_columns(struct chunk_decoder *decoder,
                                const struct sealed_lane_header *header, const uint8_t *frame)
{
    if (crc32c(0, frame, header->columns_size) != header->columns_crc)
        return "columns do not match their checksum";
    if (ZSTD_findFrameCompressedSize(frame, header->columns_size) != header->columns_size)
        return "columns are not one zstd frame";
    size_t size = ZSTD_decompressDCtx(decoder->zstd, decoder->content.data, header->columns_content,
                                      frame, header->columns_size);
    return size == header->columns_content ? NULL
                                           : "columns do not decompress to the stated length";
}

/* Passes over a column (column.h) whose numbers nobody asks for. */
static const uint8_t *skip_column(const uint8_t *p, const uint8_t *end)
{
    uint64_t size = 0;
    if (p == end || !(p = varint_get(p + 1, end, &size)) || size > (uint64_t)(end - p))
        return NULL;
    return p + size;
}

static bool read_columns(struct chunk_decoder *decoder, const struct sealed_lane_header *header,
                         bool wanted, struct columns *out)
{
    const uint8_t *p = decoder->content.data, *end = p + header->columns_content;
    const size_t count = header->record_count;
    for (unsigned i = 0; i < COLUMNS; i++) {
        int64_t *numbers = decoder->columns + i * count;
        out->of[i] = &out->constant[i];
        out->step[i] = 0;
        if (!wanted && (i == SIZE || i == SOURCE)) {
            p = skip_column(p, end);
            out->constant[i] = RECORD_NO_TIME;
        } else if (p < end && *p == COLUMN_CONSTANT) {
            p = column_get(p, end, &out->constant[i], 1);
        } else {
            p = column_get(p, end, numbers, count);
            out->of[i] = numbers;
            out->step[i] = 1;
        }
        if (!p)
            return false;
    }
    return p == end;
}

static inline int64_t number_of(const struct columns *columns, enum column column, uint32_t i)
{
    return columns->of[column][i * columns->step[column]];
}

/* Ascending, in the chunk, and nobody else's. */
static bool positions_are_free(const struct chunk_decoder *decoder, const struct columns *columns,
                               const struct sealed_lane_header *header)
{
    const int64_t *positions = columns->of[POSITION];
    const uint32_t count = header->record_count;
    uint64_t taken = 0, next = 0;
    if (columns->step[POSITION] == 0)
        return count == 1 && (uint64_t)columns->constant[POSITION] < header->chunk_count &&
               !has(decoder->taken, (uint64_t)columns->constant[POSITION]);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t position = (uint64_t)positions[i];
        if (position < next || position >= header->chunk_count)
            return false;
        next = position + 1;
        taken |= decoder->taken[position / BITS] >> position % BITS;
    }
    return !(taken & 1);
}

/* All bits that any number of the column has. */
static uint64_t bits_of(const struct columns *columns, enum column column, uint32_t count)
{
    uint64_t bits = (uint64_t)columns->of[column][0];
    for (uint32_t i = 1; i < count && columns->step[column] > 0; i++)
        bits |= (uint64_t)columns->of[column][i];
    return bits;
}

static bool numbers_are_possible(const struct columns *columns, uint32_t count)
{
    return bits_of(columns, CONNECTION, count) <= UINT32_MAX &&
           bits_of(columns, FLAGS, count) <= UINT8_MAX;
}

/* Where `size` more bytes of payloads go: there is room for all. */
static uint8_t *take_bytes(struct chunk_records *memory, size_t size)
{
    uint8_t *bytes = memory->payloads.data + memory->payloads.size;
    memory->payloads.size += size;
    return bytes;
}

static const char *take_venue(struct chunk_records *memory, const char *venue)
{
    char *text = (char *)memory->venues.data + memory->venues.size;
    memcpy(text, venue, RECORD_VENUE_MAX);
    memory->venues.size += RECORD_VENUE_MAX;
    return text;
}

/* The texts of a block whose payloads are open. */
static enum err read_texts(struct chunk_decoder *decoder, const struct sealed_lane_header *header,
                           const struct columns *columns, struct chunk_records *memory,
                           const char **out_reason)
{
    struct lane_text *texts = decoder->texts;
    enum err err =
        lane_decode_texts(decoder->lanes, texts, take_bytes(memory, header->payloads_bytes),
                          header->payloads_bytes, out_reason);
    for (uint32_t i = 0; err == ERR_OK && i < header->record_count; i++)
        if ((uint64_t)number_of(columns, SIZE, i) != texts[i].size) {
            *out_reason = "payloads have other lengths than the columns say";
            break;
        }
    return err;
}

/* No block is without payloads unless all of them are empty. */
static void read_empty(struct chunk_decoder *decoder, const struct sealed_lane_header *header,
                       const struct columns *columns, const struct chunk_records *memory,
                       const char **out_reason)
{
    for (uint32_t i = 0; i < header->record_count; i++) {
        decoder->texts[i] = (struct lane_text){memory->payloads.data, 0};
        if (number_of(columns, SIZE, i) != 0)
            *out_reason = "payloads have other lengths than the columns say";
    }
}

/* The payloads of a wanted block: as rows, when somebody takes them (*out_row), or as texts. */
static enum err read_payloads(struct chunk_decoder *decoder, const struct tape_unit *unit,
                              const struct tape_unit_part *part, const struct columns *columns,
                              struct chunk_records *memory, uint32_t *out_row,
                              const char **out_reason)
{
    const struct sealed_lane_header *header = &part->header;
    const uint8_t *frame = unit->bytes.data + part->payloads;
    struct lane_unpacker *rows;
    if (header->payloads_size == 0) {
        read_empty(decoder, header, columns, memory, out_reason);
        return ERR_OK;
    }
    if (crc32c(0, frame, header->payloads_size) != header->payloads_crc) {
        *out_reason = "payloads do not match their checksum";
        return ERR_OK;
    }
    enum err err = lane_decode_open(decoder->lanes, frame, header->payloads_size,
                                    header->record_count, &rows, out_reason);
    if (err == ERR_OK && rows && unit->rows.take && header->lane.role == LANE_TRADES)
        *out_row = unit->rows.take(unit->rows.arg, &header->lane, rows, header->record_count);
    if (err == ERR_OK && *out_row == 0)
        err = read_texts(decoder, header, columns, memory, out_reason);
    return err == ERR_DAMAGED ? ERR_OK : err;
}

/* Flags and connections that are not the same all over. */
static void scatter_rest(const struct columns *columns, uint32_t count, struct record *records)
{
    for (uint32_t i = 0; i < count && columns->step[CONNECTION] > 0; i++)
        records[number_of(columns, POSITION, i)].connection =
            (uint32_t)number_of(columns, CONNECTION, i);
    for (uint32_t i = 0; i < count && columns->step[FLAGS] > 0; i++) {
        const uint8_t flags = (uint8_t)number_of(columns, FLAGS, i);
        struct record *out = &records[number_of(columns, POSITION, i)];
        out->flags = (uint8_t)(flags & ~TAPE_ROW_HAS_SOURCE_TIME);
        if (!(flags & TAPE_ROW_HAS_SOURCE_TIME))
            out->source_ns = RECORD_NO_TIME;
    }
}

/* Puts the block's records into their places; `row` is the first one's, or 0. */
static void scatter(struct chunk_decoder *decoder, const struct tape_unit *unit,
                    const struct tape_unit_part *part, struct columns *columns, uint32_t row,
                    struct chunk_records *memory)
{
    const uint32_t count = part->header.record_count;
    const bool read = part->wanted && row == 0;
    const uint8_t flags = (uint8_t)number_of(columns, FLAGS, 0);
    const struct record start = {
        .type = part->header.lane.type,
        .flags = (uint8_t)(flags & ~TAPE_ROW_HAS_SOURCE_TIME),
        .venue = take_venue(memory, part->header.lane.venue),
        .connection = (uint32_t)number_of(columns, CONNECTION, 0),
        .unread = !read,
    };
    if (columns->step[FLAGS] == 0 && !(flags & TAPE_ROW_HAS_SOURCE_TIME)) {
        columns->of[SOURCE] = &columns->constant[SOURCE];
        columns->step[SOURCE] = 0;
        columns->constant[SOURCE] = RECORD_NO_TIME;
    }
    const int64_t *positions = columns->of[POSITION], *walls = columns->of[WALL];
    const int64_t *monos = columns->of[MONO], *sources = columns->of[SOURCE];
    const size_t mono_step = columns->step[MONO], source_step = columns->step[SOURCE];
    const size_t wall_step = columns->step[WALL];
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t position = (uint64_t)positions[i];
        const uint64_t wall = (uint64_t)*walls;
        struct record *out = &memory->records[position];
        put(decoder->taken, position);
        *out = start;
        out->seq = unit->first_seq + position;
        out->wall_ns = (int64_t)wall;
        out->mono_ns = (int64_t)(wall + (uint64_t)*monos);
        out->source_ns = *sources;
        walls += wall_step;
        monos += mono_step;
        sources += source_step;
    }
    scatter_rest(columns, count, memory->records);
    for (uint32_t i = 0; row > 0 && i < count; i++)
        memory->records[positions[i]].row = row + i;
    for (uint32_t i = 0; read && i < count; i++) {
        struct record *out = &memory->records[positions[i]];
        out->data = decoder->texts[i].data;
        out->size = decoder->texts[i].size;
    }
    for (uint32_t i = 0; part->before && i < count; i++)
        put(decoder->before, (uint64_t)positions[i]);
}

/* Numbers from `from_seq` on that a set of positions holds. */
struct span {
    uint64_t count, first, last;
};

static void extend(struct span *span, uint64_t seq, uint64_t from_seq)
{
    if (seq < from_seq)
        return;
    if (span->count++ == 0)
        span->first = seq;
    span->last = seq;
}

/* A block whose columns are whole and whose payloads are not. */
static struct span lose_block(struct chunk_decoder *decoder, const struct tape_unit *unit,
                              const struct columns *columns, uint32_t count)
{
    struct span span = {0};
    decoder->some_lost = true;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t position = (uint64_t)number_of(columns, POSITION, i);
        put(decoder->taken, position);
        put(decoder->lost, position);
        extend(&span, unit->first_seq + position, unit->from_seq);
    }
    return span;
}

static enum err decode_part(struct chunk_decoder *decoder, const struct tape_unit *unit,
                            const struct tape_unit_part *part, struct chunk_records *memory)
{
    const struct sealed_lane_header *header = &part->header;
    struct columns columns;
    struct span lost = {0};
    const char *reason = part->reason;
    uint32_t row = 0;
    buf_clear(&decoder->content);
    enum err err = ERR_OK;
    if (!reason) {
        err = reserve_block(decoder, header->record_count);
        if (err == ERR_OK)
            err = buf_reserve(&decoder->content, header->columns_content);
        if (err != ERR_OK)
            return err;
        reason = open_columns(decoder, header, unit->bytes.data + part->columns);
    }
    if (!reason && !read_columns(decoder, header, part->wanted, &columns))
        reason = "columns are no columns";
    if (!reason && !positions_are_free(decoder, &columns, header))
        reason = "columns tell impossible places";
    if (!reason && !numbers_are_possible(&columns, header->record_count))
        reason = "columns hold impossible numbers";
    if (!reason && part->wanted) {
        err = read_payloads(decoder, unit, part, &columns, memory, &row, &reason);
        if (reason)
            lost = lose_block(decoder, unit, &columns, header->record_count);
    }
    if (err != ERR_OK)
        return err;
    if (!reason) {
        scatter(decoder, unit, part, &columns, row, memory);
        return ERR_OK;
    }
    const struct tape_unit_fault fault = {.reason = reason,
                                          .part = part,
                                          .missing = lost.count,
                                          .first_seq = lost.first,
                                          .last_seq = lost.last};
    return add_fault(memory, &fault);
}

/* ---- the chunk ------------------------------------------------------------------------------ */

/* Position of the first record that was received at `from_ns` or later; the chunk's length when
 * there is none. */
static uint32_t find_time(const struct chunk_decoder *decoder, const struct tape_unit *unit,
                          const struct record *records)
{
    uint32_t position = 0;
    while (position < unit->record_count &&
           (!is_present(decoder, position) || records[position].wall_ns < unit->from_ns))
        position++;
    return position;
}

/* Moves the records that are wanted together. */
static size_t gather(const struct chunk_decoder *decoder, const struct tape_unit *unit,
                     struct record *records)
{
    const uint32_t start = unit->from_ns ? find_time(decoder, unit, records) : 0;
    size_t count = 0;
    for (uint32_t position = 0; position < unit->record_count; position++) {
        if (!is_present(decoder, position) || unit->first_seq + position < unit->from_seq ||
            (position < start && !has(decoder->before, position)))
            continue;
        if (count != position)
            records[count] = records[position];
        count++;
    }
    return count;
}

/* Numbers that no block is known to have held. When some blocks were left out only how many. */
static struct span find_missing(const struct chunk_decoder *decoder, const struct tape_unit *unit,
                                uint64_t left_out)
{
    struct span span = {0};
    for (uint32_t position = 0; position < unit->record_count; position++)
        if (!has(decoder->taken, position))
            extend(&span, unit->first_seq + position, unit->from_seq);
    if (span.count <= left_out)
        return (struct span){0};
    span.count -= left_out;
    return span;
}

/* They are told with the first bad place that does not know its own. */
static enum err tell_missing(struct chunk_records *memory, const struct span *missing)
{
    if (missing->count == 0)
        return ERR_OK;
    const struct tape_unit_fault all = {.reason = "chunk lacks a block",
                                        .missing = missing->count,
                                        .first_seq = missing->first,
                                        .last_seq = missing->last};
    for (size_t i = 0; i < memory->fault_count; i++) {
        struct tape_unit_fault *fault = &memory->faults[i];
        if (fault->missing > 0)
            continue;
        fault->missing = all.missing;
        fault->first_seq = all.first_seq;
        fault->last_seq = all.last_seq;
        return ERR_OK;
    }
    return add_fault(memory, &all);
}

static void sum_up(const struct chunk_records *memory, struct tape_records *out)
{
    out->faults = memory->faults;
    out->fault_count = memory->fault_count;
    for (size_t i = 0; i < memory->fault_count; i++) {
        const struct tape_unit_fault *fault = &memory->faults[i];
        if (fault->missing == 0)
            continue;
        if (out->missing == 0 || fault->first_seq < out->missing_first)
            out->missing_first = fault->first_seq;
        if (fault->last_seq > out->missing_last)
            out->missing_last = fault->last_seq;
        out->missing += fault->missing;
    }
}

enum err chunk_decoder_decode(struct chunk_decoder *decoder, const struct tape_unit *unit,
                              struct chunk_records *memory, struct tape_records *out)
{
    uint64_t present = 0, left_out = 0;
    memory->fault_count = 0;
    decoder->some_lost = false;
    clear(decoder->taken, unit->record_count);
    clear(decoder->lost, unit->record_count);
    clear(decoder->before, unit->record_count);
    enum err err = reserve_records(memory, unit->record_count);
    if (err == ERR_OK)
        err = reserve_texts(memory, unit);
    for (size_t i = 0; i < unit->part_count && err == ERR_OK; i++) {
        const struct tape_unit_part *part = &unit->parts[i];
        if (!part->reason && part->left_out) {
            left_out += part->header.record_count;
            continue;
        }
        const size_t faults = memory->fault_count;
        err = decode_part(decoder, unit, part, memory);
        if (memory->fault_count == faults)
            present += part->header.record_count;
    }
    if (err != ERR_OK)
        return err;
    if (present + left_out < unit->record_count && !unit->partial) {
        const struct span missing = find_missing(decoder, unit, left_out);
        err = tell_missing(memory, &missing);
    }
    const bool all =
        present == unit->record_count && unit->from_seq <= unit->first_seq && unit->from_ns == 0;
    out->records = memory->records;
    out->count = all ? unit->record_count : gather(decoder, unit, memory->records);
    sum_up(memory, out);
    return err;
}
