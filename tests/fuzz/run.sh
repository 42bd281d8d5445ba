#!/usr/bin/env bash
# Builds every fuzzer in this folder with clang, ASan and UBSan, and runs each for SECONDS over its corpus
# (default 60), two at a time. New inputs go to build/fuzz; a finding is kept there and fails the run.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
sanitize=address,undefined
make --no-print-directory -j2 CC=clang CONFIG=asan BUILD=build/fuzz \
    OPT="-O1 -fno-omit-frame-pointer -fsanitize=$sanitize,fuzzer-no-link -fno-sanitize-recover=all" \
    build/fuzz/librewick.a build/fuzz/libapp.a
flags=(-std=c17 -g -O1 -D_GNU_SOURCE -I. -Ibuild/fuzz/gen '-DREWICK_VERSION="fuzz"'
    -fsanitize=$sanitize,fuzzer -fno-sanitize-recover=all)
libs=(build/fuzz/libapp.a build/fuzz/librewick.a -lwebsockets -lgrpc -lgpr -lprotobuf-c -lsqlite3 -lzstd -lz -ljansson
    -lssl -lcrypto -lcmocka -lpthread)
one() {
    name=$1
    mkdir -p "build/fuzz/$name.new" "tests/fuzz/corpus/$name"
    "build/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$name." "build/fuzz/$name.new" "tests/fuzz/corpus/$name" \
        >"build/fuzz/$name.log" 2>&1 ||
        { tail -60 "build/fuzz/$name.log"; echo "FAIL fuzz $name"; return 1; }
    echo "ok   fuzz $name: $(sed -n 's/.*stat::number_of_executed_units: *//p' "build/fuzz/$name.log") executions"
}
status=0
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    clang "${flags[@]}" -o "build/fuzz/$name" "$source" "${libs[@]}"
done
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    one "${name#fuzz_}" &
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || status=1; done
done
while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n || status=1; done
exit $status
