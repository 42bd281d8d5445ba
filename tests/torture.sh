#!/usr/bin/env bash
# The long sweeps, for before a release: everything under sanitizers, many seeds, long fuzzing. About an hour on 2 cores.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory -j2 all build/release/tests/candle_reference_test
make --no-print-directory -j2 CONFIG=asan all
echo "== behaviour tests with the sanitizer build"
REWICK=build/asan/rewick ASAN_OPTIONS=detect_leaks=1 /usr/bin/python3 -m pytest -q tests/e2e
echo "== unit tests under ThreadSanitizer"
make --no-print-directory -j2 CONFIG=tsan all $(ls tests/unit/*_test.c | sed 's,tests/unit/\(.*\)\.c,build/tsan/tests/\1,')
for test in build/tsan/tests/*_test; do
    TSAN_OPTIONS="suppressions=tests/tsan.supp ignore_noninstrumented_modules=1" "$test" >/dev/null 2>&1 || { echo "FAIL tsan $test"; exit 1; }
done
echo "== many seeds and kills"
REWICK_TEST_SEEDS=5000 build/release/tests/candle_reference_test
REWICK_SEEDS=400 REWICK_KILLS=500 /usr/bin/python3 -m pytest -q tests/e2e/test_simulate.py tests/e2e/test_record.py
echo "== fuzzing"
tests/fuzz/run.sh "${FUZZ_SECONDS:-600}"
