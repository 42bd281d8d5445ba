/*
 * record_store: the records that are not durable yet, kept so that they can be written again when
 * the tape fails. First in, first out; memory is taken and given back in pieces, so it holds what
 * is kept and little more.
 *
 * One thread.
 */
#ifndef REWICK_RECORDER_RECORD_STORE_H
#define REWICK_RECORDER_RECORD_STORE_H

#include "engine/base/err.h"
#include "engine/tape/record.h"

#include <stdbool.h>
#include <stddef.h>

struct record_store;

enum err record_store_new(struct record_store **out, size_t bytes_max) ERR_MUST_CHECK;
void record_store_free(struct record_store *store); /* accepts NULL */

/* Would the record go over bytes_max? An empty store takes every record. */
bool record_store_has_room(const struct record_store *store, const struct record *record);
/* Copies it, its data too; its venue must live longer than the store. Numbers go up by one. */
enum err record_store_add(struct record_store *store, const struct record *record) ERR_MUST_CHECK;
/* Forgets those up to `seq`. */
void record_store_release(struct record_store *store, uint64_t seq);

size_t record_store_bytes(const struct record_store *store);
/* 0 when it is empty. */
uint64_t record_store_first(const struct record_store *store);
uint64_t record_store_last(const struct record_store *store);

/* Calls `each` for the records from `seq` on, oldest first, until one fails. */
typedef enum err record_store_each_fn(struct record *record, void *arg);
enum err record_store_each(const struct record_store *store, uint64_t seq,
                           record_store_each_fn *each, void *arg) ERR_MUST_CHECK;

#endif
