#include "engine/tape/record.h"

const char *record_type_name(enum record_type type)
{
    switch (type) {
    case RECORD_RECEIVED:
        return "received";
    case RECORD_SENT:
        return "sent";
    case RECORD_CONNECTION:
        return "connection";
    case RECORD_TICK:
        return "tick";
    case RECORD_HTTP:
        return "http";
    case RECORD_GAP:
        return "gap";
    case RECORD_CONFIG:
        return "config";
    }
    return "unknown";
}
