#include "engine/sink/descriptor_set.h"

#include <stdio.h>
#include <string.h>

/* Field numbers of google/protobuf/descriptor.proto. */
enum {
    SET_FILE = 1,
    FILE_NAME = 1,
    FILE_PACKAGE = 2,
    FILE_DEPENDENCY = 3,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6,
    MESSAGE_FIELD = 2,
    MESSAGE_MESSAGE = 3,
    MESSAGE_ENUM = 4,
    ENUM_VALUE = 2,
    SERVICE_METHOD = 2,
    ANY_NAME = 1, /* of messages, fields, enums, values, services, methods */
};

#define NESTING_MAX 32

/* ---- the wire format --------------------------------------------------------------------------
 */

static bool read_varint(struct span *rest, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && rest->size > 0; shift += 7) {
        uint8_t byte = *rest->data;
        rest->data++;
        rest->size--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool take(struct span *rest, uint64_t size, struct span *out)
{
    if (size > rest->size)
        return false;
    *out = (struct span){rest->data, (size_t)size};
    rest->data += size;
    rest->size -= (size_t)size;
    return true;
}

/* The next field; only those with a length (wire type 2) have a value here. */
static bool next_field(struct span *rest, uint64_t *out_number, struct span *out_value)
{
    uint64_t key, size;
    *out_value = (struct span){NULL, 0};
    if (!read_varint(rest, &key))
        return false;
    *out_number = key >> 3;
    switch (key & 7) {
    case 0:
        return read_varint(rest, &size);
    case 1:
        return take(rest, 8, out_value);
    case 2:
        return read_varint(rest, &size) && take(rest, size, out_value);
    case 5:
        return take(rest, 4, out_value);
    default:
        return false;
    }
}

/* Value number `index` of a field. */
static bool find_field(struct span message, uint64_t wanted, size_t index, struct span *out)
{
    uint64_t number;
    struct span value;
    while (next_field(&message, &number, &value)) {
        if (number == wanted && index-- == 0) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool equals(struct span span, struct span other)
{
    return span.size == other.size && memcmp(span.data, other.data, other.size) == 0;
}

static struct span text_span(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

/* ---- names ------------------------------------------------------------------------------------
 */

/* Takes "head." off the front of a dotted name. */
static bool strip_head(struct span *name, struct span head)
{
    if (name->size <= head.size || memcmp(name->data, head.data, head.size) != 0 ||
        name->data[head.size] != '.')
        return false;
    name->data += head.size + 1;
    name->size -= head.size + 1;
    return true;
}

/* Is `name` the name of one of the children in this field? */
static bool has_child(struct span parent, uint64_t field, struct span name)
{
    struct span child, child_name;
    for (size_t i = 0; find_field(parent, field, i, &child); i++)
        if (find_field(child, ANY_NAME, 0, &child_name) && equals(child_name, name))
            return true;
    return false;
}

/* The values of an enum are named in the scope around it. */
static bool declares_enum(struct span scope, uint64_t field, struct span name)
{
    struct span item;
    if (has_child(scope, field, name))
        return true;
    for (size_t i = 0; find_field(scope, field, i, &item); i++)
        if (has_child(item, ENUM_VALUE, name))
            return true;
    return false;
}

static bool declares_service(struct span file, struct span name)
{
    struct span service, service_name;
    if (has_child(file, FILE_SERVICE, name))
        return true;
    for (size_t i = 0; find_field(file, FILE_SERVICE, i, &service); i++) {
        struct span rest = name;
        if (find_field(service, ANY_NAME, 0, &service_name) && strip_head(&rest, service_name) &&
            has_child(service, SERVICE_METHOD, rest))
            return true;
    }
    return false;
}

static bool declares_message(struct span scope, uint64_t field, struct span name, int depth)
{
    struct span message, message_name;
    if (depth == NESTING_MAX)
        return false;
    for (size_t i = 0; find_field(scope, field, i, &message); i++) {
        struct span rest = name;
        if (!find_field(message, ANY_NAME, 0, &message_name))
            continue;
        if (equals(message_name, name))
            return true;
        if (strip_head(&rest, message_name) &&
            (has_child(message, MESSAGE_FIELD, rest) ||
             declares_enum(message, MESSAGE_ENUM, rest) ||
             declares_message(message, MESSAGE_MESSAGE, rest, depth + 1)))
            return true;
    }
    return false;
}

static bool file_declares(struct span file, struct span symbol)
{
    struct span package;
    if (find_field(file, FILE_PACKAGE, 0, &package) && package.size > 0 &&
        !strip_head(&symbol, package))
        return false;
    return declares_service(file, symbol) || declares_enum(file, FILE_ENUM, symbol) ||
           declares_message(file, FILE_MESSAGE, symbol, 0);
}

/* ---- public -----------------------------------------------------------------------------------
 */

bool descriptor_set_next(struct span set, struct span from, struct span *out_file)
{
    if (from.data != NULL) {
        const uint8_t *end = from.data + from.size;
        set.size -= (size_t)(end - set.data);
        set.data = end;
    }
    return find_field(set, SET_FILE, 0, out_file);
}

bool descriptor_set_file(struct span set, const char *name, struct span *out_file)
{
    struct span file = {NULL, 0}, file_name;
    while (descriptor_set_next(set, file, &file))
        if (find_field(file, FILE_NAME, 0, &file_name) && equals(file_name, text_span(name))) {
            *out_file = file;
            return true;
        }
    return false;
}

bool descriptor_set_symbol(struct span set, const char *symbol, struct span *out_file)
{
    struct span file = {NULL, 0};
    while (descriptor_set_next(set, file, &file))
        if (file_declares(file, text_span(symbol))) {
            *out_file = file;
            return true;
        }
    return false;
}

bool descriptor_file_dependency(struct span file, size_t index, struct span *out_name)
{
    return find_field(file, FILE_DEPENDENCY, index, out_name);
}

bool descriptor_file_service(struct span file, size_t index, char *out, size_t size)
{
    struct span service, name, package = {NULL, 0};
    if (!find_field(file, FILE_SERVICE, index, &service) ||
        !find_field(service, ANY_NAME, 0, &name))
        return false;
    find_field(file, FILE_PACKAGE, 0, &package);
    int length = snprintf(out, size, "%.*s%s%.*s", (int)package.size, (const char *)package.data,
                          package.size > 0 ? "." : "", (int)name.size, (const char *)name.data);
    return length >= 0 && (size_t)length < size;
}
