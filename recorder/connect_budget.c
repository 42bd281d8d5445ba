#include "recorder/connect_budget.h"

#include <stdlib.h>
#include <string.h>

void connect_budget_init(struct connect_budget *budget)
{
    memset(budget, 0, sizeof *budget);
}

void connect_budget_release(struct connect_budget *budget)
{
    free(budget->times);
    memset(budget, 0, sizeof *budget);
}

/* Room for the last `capacity` attempts; those that are known move along. */
static enum err grow(struct connect_budget *budget, size_t capacity)
{
    if (capacity <= budget->capacity)
        return ERR_OK;
    int64_t *times = calloc(capacity, sizeof *times);
    if (!times)
        return err_fail(ERR_NOMEM, "out of memory for a budget of connections");
    uint64_t known = budget->taken < budget->capacity ? budget->taken : budget->capacity;
    for (uint64_t i = budget->taken - known; i < budget->taken; i++)
        times[i % capacity] = budget->times[i % budget->capacity];
    free(budget->times);
    budget->times = times;
    budget->capacity = capacity;
    return ERR_OK;
}

/* Keeping the stricter part of each keeps both. */
static void fold(struct connect_limit *into, struct connect_limit limit)
{
    if (limit.attempts < into->attempts)
        into->attempts = limit.attempts;
    if (limit.span_ns > into->span_ns)
        into->span_ns = limit.span_ns;
}

enum err connect_budget_limit(struct connect_budget *budget, struct connect_limit limit)
{
    if (limit.attempts == 0 || limit.span_ns <= 0)
        return ERR_OK;
    if (limit.attempts > CONNECT_BUDGET_ATTEMPTS_MAX)
        limit.attempts = CONNECT_BUDGET_ATTEMPTS_MAX;
    for (size_t i = 0; i < budget->limit_count; i++)
        if (budget->limits[i].attempts == limit.attempts &&
            budget->limits[i].span_ns == limit.span_ns)
            return ERR_OK;
    enum err err = grow(budget, limit.attempts);
    if (err)
        return err;
    if (budget->limit_count == CONNECT_BUDGET_LIMITS_MAX)
        fold(&budget->limits[CONNECT_BUDGET_LIMITS_MAX - 1], limit);
    else
        budget->limits[budget->limit_count++] = limit;
    return ERR_OK;
}

static int64_t wait_for(const struct connect_budget *budget, const struct connect_limit *limit,
                        int64_t now_ns)
{
    if (budget->taken < limit->attempts)
        return 0;
    int64_t oldest_ns = budget->times[(budget->taken - limit->attempts) % budget->capacity];
    int64_t wait_ns = oldest_ns + limit->span_ns - now_ns;
    return wait_ns > 0 ? wait_ns : 0;
}

int64_t connect_budget_take(struct connect_budget *budget, int64_t now_ns)
{
    int64_t longest_ns = 0;
    for (size_t i = 0; i < budget->limit_count; i++) {
        int64_t wait_ns = wait_for(budget, &budget->limits[i], now_ns);
        longest_ns = wait_ns > longest_ns ? wait_ns : longest_ns;
    }
    if (longest_ns > 0)
        return longest_ns;
    if (budget->capacity > 0)
        budget->times[budget->taken % budget->capacity] = now_ns;
    budget->taken++;
    return 0;
}
