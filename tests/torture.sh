#!/usr/bin/env bash
# The long sweeps, for before a release: about 90 minutes on 2 cores. All of them, or those that are named:
#
#   tests/torture.sh [asan|tsan|seeds|sim|fuzz]...
#
#   asan    behaviour tests with the sanitizer build      REWICK_ARGS    words for pytest ("-x tests/e2e/test_tape.py")
#   tsan    unit tests under ThreadSanitizer              REWICK_TESTS   their names ("wire_*_test shard_test")
#   seeds   many seeds and kills                          REWICK_SEEDS, REWICK_KILLS, REWICK_TEST_SEEDS
#   sim     many unlucky lives, and a month of days       SIM_SEEDS, SIM_DAYS; SIM_SEED is the first seed
#   fuzz    each fuzzer                                   FUZZ_SECONDS
#
# SIM_SEED is drawn unless it is given, so that each run sees something new; it is told, and repeats the run.
set -euo pipefail
cd "$(dirname "$0")/.."
make() { command make --no-print-directory -j2 "$@"; }

asan() {
    make CONFIG=asan all
    # shellcheck disable=SC2086 # words
    REWICK=$PWD/build/asan/rewick ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
        /usr/bin/python3 -m pytest -q ${REWICK_ARGS:-tests/e2e}
}

tsan() {
    local tests=() names name file log
    read -ra names <<<"${REWICK_TESTS:-*_test}"
    for name in "${names[@]}"; do
        for file in tests/unit/$name.c; do
            [ -f "$file" ] || { echo "torture.sh: no test '$name'" >&2; return 2; }
            tests+=("build/tsan/tests/$(basename "$file" .c)")
        done
    done
    make CONFIG=tsan "${tests[@]}"
    local test
    for test in "${tests[@]}"; do
        log=build/tsan/$(basename "$test").log
        TSAN_OPTIONS="suppressions=tests/tsan.supp ignore_noninstrumented_modules=1" "$test" >"$log" 2>&1 ||
            { tail -60 "$log"; echo "FAIL tsan $test"; return 1; }
    done
    echo "ok   ${#tests[@]} unit tests under ThreadSanitizer"
}

seeds() {
    export REWICK_TEST_SEEDS=${REWICK_TEST_SEEDS:-5000}
    local test
    make all build/release/tests/{candle_reference,engine_equal}_test
    for test in candle_reference engine_equal; do "build/release/tests/${test}_test"; done
    /usr/bin/python3 -m pytest -q tests/e2e/test_reference.py
    REWICK_SEEDS=${REWICK_SEEDS:-400} REWICK_KILLS=${REWICK_KILLS:-500} \
        /usr/bin/python3 -m pytest -q tests/e2e/test_simulate.py tests/e2e/test_record.py
}

sim() {
    local seed=${SIM_SEED:-$RANDOM$RANDOM}
    echo "SIM_SEED=$seed"
    make build/release/sim
    build/release/sim faults "${SIM_SEEDS:-10000}" "$seed"
    build/release/sim week "${SIM_DAYS:-30}" "$seed"
}

fuzz() {
    tests/fuzz/run.sh "${FUZZ_SECONDS:-600}"
}

[ $# -gt 0 ] || set -- asan tsan seeds sim fuzz
for section in "$@"; do
    case $section in
    asan | tsan | seeds | sim | fuzz) ;;
    *) echo "torture.sh: '$section' is no section; there are asan, tsan, seeds, sim, fuzz" >&2; exit 2 ;;
    esac
done
for section in "$@"; do
    echo "== $section"
    "$section"
done
