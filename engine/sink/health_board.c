#include "engine/sink/health_board.h"

#include "engine/base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct health_board {
    struct health_round *making; /* the engine's thread's */
    uint64_t number;
    bool overflow_said;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct health_round *newest;
    bool stopped;
};

enum err health_board_new(struct health_board **out)
{
    struct health_board *board = calloc(1, sizeof *board);
    *out = board;
    if (board == NULL)
        return err_fail(ERR_NOMEM, "out of memory for health reports");
    pthread_mutex_init(&board->lock, NULL);
    pthread_cond_init(&board->changed, NULL);
    return ERR_OK;
}

void health_round_unref(struct health_round *round)
{
    if (round == NULL || atomic_fetch_sub(&round->refs, 1) != 1)
        return;
    free(round->reports);
    free(round->names);
    free(round);
}

void health_board_free(struct health_board *board)
{
    if (board == NULL)
        return;
    health_round_unref(board->making);
    health_round_unref(board->newest);
    pthread_cond_destroy(&board->changed);
    pthread_mutex_destroy(&board->lock);
    free(board);
}

/* ---- putting --------------------------------------------------------------------------------- */

static struct health_round *new_round(uint64_t number)
{
    struct health_round *round = calloc(1, sizeof *round);
    if (round != NULL) {
        atomic_init(&round->refs, 1);
        round->number = number;
    }
    return round;
}

static bool reserve(struct health_round *round)
{
    if (round->count < round->capacity)
        return true;
    size_t capacity = round->capacity > 0 ? 2 * round->capacity : 16;
    struct health_report *reports =
        realloc(round->reports, capacity * sizeof(struct health_report));
    if (reports == NULL)
        return false;
    round->reports = reports;
    void *names = realloc(round->names, capacity * sizeof *round->names);
    if (names == NULL)
        return false;
    round->names = names;
    round->capacity = capacity;
    return true;
}

enum err health_board_put(struct health_board *board, const struct health_report *report)
{
    if (board->making == NULL)
        board->making = new_round(board->number + 1);
    struct health_round *round = board->making;
    if (round != NULL && round->count == HEALTH_ROUND_MAX) {
        if (!board->overflow_said)
            log_warn("health: more than %d reports, the rest is left out", HEALTH_ROUND_MAX);
        board->overflow_said = true;
        return ERR_OK;
    }
    if (round == NULL || !reserve(round))
        return err_fail(ERR_NOMEM, "out of memory for health reports");
    snprintf(round->names[round->count], RECORD_VENUE_MAX, "%s", report->venue);
    round->reports[round->count++] = *report;
    return ERR_OK;
}

void health_board_publish(struct health_board *board)
{
    struct health_round *round = board->making;
    if (round == NULL)
        return;
    for (size_t i = 0; i < round->count; i++)
        round->reports[i].venue = round->names[i];
    board->making = NULL;
    board->number = round->number;
    pthread_mutex_lock(&board->lock);
    struct health_round *old = board->newest;
    board->newest = round;
    pthread_cond_broadcast(&board->changed);
    pthread_mutex_unlock(&board->lock);
    health_round_unref(old);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct health_round *health_board_newest(struct health_board *board)
{
    pthread_mutex_lock(&board->lock);
    struct health_round *round = board->newest;
    if (round != NULL)
        atomic_fetch_add(&round->refs, 1);
    pthread_mutex_unlock(&board->lock);
    return round;
}

bool health_board_wait(struct health_board *board, uint64_t number)
{
    pthread_mutex_lock(&board->lock);
    while (!board->stopped && (board->newest == NULL || board->newest->number <= number))
        pthread_cond_wait(&board->changed, &board->lock);
    bool stopped = board->stopped;
    pthread_mutex_unlock(&board->lock);
    return !stopped;
}

void health_board_stop(struct health_board *board)
{
    pthread_mutex_lock(&board->lock);
    board->stopped = true;
    pthread_cond_broadcast(&board->changed);
    pthread_mutex_unlock(&board->lock);
}
