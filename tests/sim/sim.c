/*
 * sim: long and unlucky lives of the recorder on a virtual clock.
 *
 *   sim week [DAYS [SEED]]           all venues, every connection ended once a day: nothing may be
 *                                    missing, nothing doubled, no limit of a venue broken
 *   sim faults [COUNT [FIRST]]       COUNT seeds of random faults, some minutes each: every frame
 *                                    is on the tape or counted, and the replay makes the same
 *                                    candles
 *
 * Exit status 1 when a promise was broken; the seed repeats it. SIM_TALK=1 shows what the recorder
 * says.
 */
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "tests/sim/sim_run.h"

#include "tests/unit/io_fault.c"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void choose_venues(struct sim_world_options *world)
{
    const struct venue *const *all = venue_all();
    for (size_t i = 0; all[i]; i++)
        if (all[i]->recording && all[i]->serving && all[i]->serving->write_trades &&
            all[i]->serving->answer && world->venue_count < SIM_VENUES_MAX)
            world->venues[world->venue_count++] = all[i];
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- a week -----------------------------------------------------------------------------------
 */

static enum err no_sync(struct io_file *file)
{
    (void)file;
    return ERR_OK;
}

static int drop(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
    (void)stat;
    (void)kind;
    (void)at;
    return remove(path);
}

static int week(int days, uint64_t seed)
{
    struct io io = *io_posix();
    io.sync = no_sync; /* nothing loses power here, and 600,000 syncs would take hours */
    char path[] = "/tmp/rewick-sim-XXXXXX";
    if (!mkdtemp(path))
        return 1;
    struct sim_run_options options = {
        .world = {.seed = seed,
                  .markets_per_venue = 2,
                  .trade_gap_ns = 10 * NS_PER_S,
                  .age_ns = 24 * NS_PER_HOUR},
        .io = &io,
        .path = path,
        .length_ns = days * 24 * NS_PER_HOUR,
        .calm_ns = 60 * NS_PER_S,
        .redundancy = 1,
        .queue_bytes = 32u << 20,
        .segment_bytes = 64u << 20,
    };
    choose_venues(&options.world);
    double begin = seconds();
    struct sim_result result;
    sim_run(&options, &result);
    if (nftw(path, drop, 8, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "sim: '%s' stays\n", path);
    bool same = strcmp(result.live_digest, result.replay_digest) == 0;
    printf("%d simulated days, %zu venues, seed %" PRIu64 ": %" PRIu64 " trades, %" PRIu64
           " missing, %" PRIu64 " duplicate, %" PRIu64 " unknown; %" PRIu64 " connections, %" PRIu64
           " changeovers, %" PRIu64 " lost; limits broken: %s; live digest %s replay digest; "
           "%.0f s\n",
           days, options.world.venue_count, seed, result.live.trades, result.live.missing,
           result.live.twice, result.live.unknown, result.opened, result.changeovers, result.lost,
           result.live.broken[0] ? result.live.broken : "none", same ? "=" : "differs from",
           seconds() - begin);
    bool good = result.live.missing == 0 && result.live.twice == 0 && result.live.unknown == 0 &&
                result.replay.missing == 0 && result.live.broken[0] == '\0' && same &&
                result.live.trades > 0;
    return good ? 0 : 1;
}

/* ---- faults -----------------------------------------------------------------------------------
 */

/* A random part of all that can go wrong, with random odds. */
static struct sim_faults draw_faults(uint64_t seed)
{
    uint64_t z = seed * UINT64_C(0x9E3779B97F4A7C15) ^ UINT64_C(0xD1B54A32D192ED03);
    unsigned odds[8];
    for (int i = 0; i < 8; i++) {
        z ^= z << 13;
        z ^= z >> 7;
        z ^= z << 17;
        odds[i] = z % 3 == 0 ? 0 : (unsigned)((z >> 8) % 1000);
    }
    return (struct sim_faults){.cut = odds[0] * 30,
                               .stall = odds[1] * 10,
                               .refuse = odds[2] * 300,
                               .duplicate = odds[3] * 200,
                               .garbage = odds[4] * 100,
                               .lose = odds[5] * 20,
                               .http_fail = odds[6] * 300,
                               .http_limit = odds[7] * 100,
                               .early_cut = z & 1};
}

static bool check(const struct sim_result *result, uint64_t seed)
{
    const char *fault = NULL;
    if (result->live.messages != result->frames + result->gap_frames)
        fault = "frames sent are not frames on the tape and in gaps";
    else if (result->dropped != result->gap_records)
        fault = "records dropped are not those that gaps tell of";
    else if (strcmp(result->live_digest, result->replay_digest) != 0)
        fault = "live and replay make different candles";
    else if (result->live.twice > 0 || result->live.unknown > 0)
        fault = "a trade was counted twice or never made";
    else if (result->live.broken[0])
        fault = result->live.broken;
    if (fault)
        printf("seed %" PRIu64 ": %s (sent %" PRIu64 ", on tape %" PRIu64 ", in gaps %" PRIu64
               "; dropped %" PRIu64 " of %" PRIu64 " told; twice %" PRIu64 ")\n",
               seed, fault, result->live.messages, result->frames, result->gap_frames,
               result->dropped, result->gap_records, result->live.twice);
    return !fault;
}

static int faults(uint64_t count, uint64_t first)
{
    struct sim_world_options all = {0};
    choose_venues(&all);
    uint64_t bad = 0, frames = 0, gaps = 0, trades = 0, missing = 0, lost = 0, disk = 0;
    double begin = seconds();
    for (uint64_t seed = first; seed < first + count; seed++) {
        struct io_fault *fault = io_fault_new();
        struct sim_run_options options = {
            .world = {.seed = seed,
                      .markets_per_venue = 1 + seed % 2,
                      .trade_gap_ns = (int64_t)(1 + seed % 20) * 50 * NS_PER_MS,
                      .age_ns = (2 + (int64_t)(seed % 5)) * 60 * NS_PER_S,
                      .faults = draw_faults(seed)},
            .io = io_fault_io(fault),
            .path = "tape",
            .length_ns = 120 * NS_PER_S,
            .calm_ns = 60 * NS_PER_S,
            .redundancy = seed % 3 == 2 ? 2 : 1,
            .queue_bytes = seed % 4 == 0 ? 64u << 10 : 1u << 20,
            .stall = seed % 4 == 0 ? 3000 : 0,
            .segment_bytes = 256u << 10,
        };
        /* Three venues a seed. */
        for (size_t i = 0; i < 3; i++)
            options.world.venues[i] = all.venues[(seed + i * (1 + seed % 5)) % all.venue_count];
        options.world.venue_count = options.world.venues[1] == options.world.venues[0] ||
                                            options.world.venues[2] == options.world.venues[0] ||
                                            options.world.venues[2] == options.world.venues[1]
                                        ? 1
                                        : 3;
        if (seed % 5 == 0)
            io_fault_arm(fault, seed % 2 ? CALL_SYNC : CALL_WRITE, 20 + seed % 300, FAULT_IO,
                         false);
        struct sim_result result;
        sim_run(&options, &result);
        disk += io_fault_has_hit(fault);
        io_fault_free(fault);
        bad += !check(&result, seed);
        frames += result.frames;
        gaps += result.gap_frames;
        trades += result.live.trades;
        missing += result.live.missing;
        lost += result.lost;
    }
    printf("%" PRIu64 " seeds of random faults: %" PRIu64 " frames on tape, %" PRIu64
           " counted in gaps, %" PRIu64 " connections lost, %" PRIu64 " disk faults; of %" PRIu64
           " trades %" PRIu64 " missing; %" PRIu64 " seeds broke a promise; %.0f s\n",
           count, frames, gaps, lost, disk, trades, missing, bad, seconds() - begin);
    return bad == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    uint64_t second = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    log_set_quiet(!getenv("SIM_TALK"));
    log_set_limit(getenv("SIM_TALK") ? 0 : 1);
    if (argc > 1 && strcmp(argv[1], "week") == 0)
        return week(first ? (int)first : 7, second);
    if (argc > 1 && strcmp(argv[1], "faults") == 0)
        return faults(first ? first : 1000, second);
    fprintf(stderr, "usage: sim week [DAYS [SEED]] | sim faults [COUNT [FIRST]]\n");
    return 2;
}
