#include "replayer/serve_outbox.h"

#include "engine/base/bytes.h"

#include <assert.h>

#define HEADER_SIZE 5

void serve_outbox_init(struct serve_outbox *outbox, size_t size_max)
{
    buf_init(&outbox->bytes, size_max);
    outbox->head = 0;
}

void serve_outbox_release(struct serve_outbox *outbox)
{
    buf_release(&outbox->bytes);
    outbox->head = 0;
}

size_t serve_outbox_bytes(const struct serve_outbox *outbox)
{
    return outbox->bytes.size - outbox->head;
}

/* Moves what waits to the front once more than half is spent, so that each byte moves about once.
 */
static void compact(struct serve_outbox *outbox)
{
    size_t waiting = serve_outbox_bytes(outbox);
    if (outbox->head == 0 || outbox->head < waiting)
        return;
    if (waiting > 0)
        memmove(outbox->bytes.data, outbox->bytes.data + outbox->head, waiting);
    outbox->bytes.size = waiting;
    outbox->head = 0;
}

enum err serve_outbox_push(struct serve_outbox *outbox, const void *data, size_t size, bool binary)
{
    uint8_t header[HEADER_SIZE];
    assert(size <= UINT32_MAX);
    compact(outbox);
    size_t max = outbox->bytes.size_max;
    size_t waiting = serve_outbox_bytes(outbox);
    if (size > max || HEADER_SIZE > max - size || waiting > max - size - HEADER_SIZE)
        return err_fail(ERR_LIMIT, "more than %zu bytes are waiting", max);
    /* The spent bytes in front count in the buffer's own ceiling. */
    if (outbox->bytes.size > max - size - HEADER_SIZE && outbox->head > 0) {
        memmove(outbox->bytes.data, outbox->bytes.data + outbox->head, waiting);
        outbox->bytes.size = waiting;
        outbox->head = 0;
    }
    enum err err = buf_reserve(&outbox->bytes, HEADER_SIZE + size);
    if (err != ERR_OK)
        return err;
    bytes_put_u32(header, (uint32_t)size);
    header[4] = binary;
    err = buf_append(&outbox->bytes, header, sizeof header);
    return err == ERR_OK ? buf_append(&outbox->bytes, data, size) : err;
}

bool serve_outbox_first(const struct serve_outbox *outbox, const uint8_t **out_data,
                        size_t *out_size, bool *out_binary)
{
    if (serve_outbox_bytes(outbox) == 0)
        return false;
    const uint8_t *at = outbox->bytes.data + outbox->head;
    *out_size = bytes_get_u32(at);
    *out_binary = at[4];
    *out_data = at + HEADER_SIZE;
    return true;
}

void serve_outbox_pop(struct serve_outbox *outbox)
{
    assert(serve_outbox_bytes(outbox) > 0);
    outbox->head += HEADER_SIZE + bytes_get_u32(outbox->bytes.data + outbox->head);
}
