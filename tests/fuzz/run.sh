#!/usr/bin/env bash
# Builds every fuzzer in this folder with clang, ASan and UBSan, and runs them, two at a time:
#
#   tests/fuzz/run.sh [SECONDS]                  each over its corpus for so long (default 60)
#   tests/fuzz/run.sh decode [EXECS [SECONDS]]   fuzz_decode_equal alone, on each venue EXECS times (default 10
#                                                million) or for so long, and a table: executions and differences
#
# New inputs, logs and findings lie in build/fuzz and build/fuzz-decode; a finding fails the run. VENUES="okx kraken"
# names those of the second form; EXECS counts calls of the fuzzer, each with one frame or several.
set -euo pipefail
cd "$(dirname "$0")/../.."
fuzz=build/fuzz decode=${DECODE_BUILD:-build/fuzz-decode}
sanitize="-fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all"

make_with() {
    make --no-print-directory -j2 CC=clang CONFIG=asan "$@"
}

# Without the recording of comparisons, which costs it a third: frame_mutate.h knows more of frames than they tell.
build_decode() {
    make_with BUILD="$decode" OPT="-O2 $sanitize -fno-sanitize-coverage=trace-cmp \
-fsanitize-coverage-ignorelist=tests/fuzz/decode_equal.ignore" "$decode/fuzz_decode_equal"
    rm -rf "$decode/seeds"
    tests/fuzz/capture_seeds.py "$decode/seeds"
}

build_all() {
    make_with BUILD=$fuzz OPT="-O1 $sanitize" $fuzz/librewick.a $fuzz/libapp.a
    local flags=(-std=c17 -g -O1 -D_GNU_SOURCE -I. -I$fuzz/gen '-DREWICK_VERSION="fuzz"' -fno-sanitize-recover=all
        -fsanitize=address,undefined,fuzzer)
    local libs=($fuzz/libapp.a $fuzz/librewick.a -lwebsockets -lgrpc -lgpr -lprotobuf-c -lsqlite3 -lzstd -lz -ljansson
        -lssl -lcrypto -lcmocka -lpthread)
    local source name
    for source in tests/fuzz/fuzz_*.c; do
        name=$(basename "$source" .c)
        [ "$name" = fuzz_decode_equal ] || clang "${flags[@]}" -o "$fuzz/$name" "$source" "${libs[@]}"
    done
    ln -sf "$(realpath "$decode/fuzz_decode_equal")" $fuzz/
}

stat_of() { sed -n "s/.*stat::$2: *//p" "$1" | tail -1; }

# One fuzzer for $seconds.
one() {
    local name=$1 log=$fuzz/$1.log seeds=()
    mkdir -p "$fuzz/$name.new" "tests/fuzz/corpus/$name"
    [ "$name" != decode_equal ] || seeds=("$decode"/seeds/*)
    "$fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$fuzz/$name." "$fuzz/$name.new" "tests/fuzz/corpus/$name" "${seeds[@]}" >"$log" 2>&1 ||
        { tail -60 "$log"; echo "FAIL fuzz $name"; return 1; }
    echo "ok   fuzz $name: $(stat_of "$log" number_of_executed_units) executions"
}

# fuzz_decode_equal on one venue: counts differences, and goes on.
one_venue() {
    local venue=$1 log=$decode/$1.log found=$decode/$1.differences failed=0
    rm -f "$found"
    printf '%s\n' "$decode/seeds/$venue"/* | paste -sd, >"$decode/$venue.seeds"
    # Little is freed: few megabytes keep it from being used again.
    ASAN_OPTIONS=quarantine_size_mb=2:malloc_context_size=1 FUZZ_VENUE=$venue FUZZ_DIFFERENCES=$found \
        "$decode/fuzz_decode_equal" -runs="$execs" -max_total_time="$seconds" -max_len=1024 -reduce_inputs=0 \
        -detect_leaks=0 -timeout=20 -print_final_stats=1 -artifact_prefix="$decode/$venue." \
        -seed_inputs=@"$decode/$venue.seeds" >"$log" 2>&1 || failed=1
    printf '%-18s %12s %12s\n' "$venue" "$(stat_of "$log" number_of_executed_units)" "$(stat_of "$log" differences)"
    [ $failed -eq 0 ] || { tail -60 "$log" >&2; echo "FAIL $venue: $log" >&2; return 1; }
    [ ! -s "$found" ] || { head -8 "$found" | cut -c1-600 >&2; echo "FAIL $venue: $found" >&2; return 1; }
}

# Calls $1 with each of the others, two at a time.
in_pairs() {
    local call=$1 word status=0
    shift
    for word; do
        "$call" "$word" &
        while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || status=1; done
    done
    while [ "$(jobs -rp | wc -l)" -gt 0 ]; do wait -n || status=1; done
    return $status
}

build_decode
if [ "${1:-}" = decode ]; then
    execs=${2:-10000000} seconds=${3:-0}
    read -ra venues <<<"${VENUES:-$(ls "$decode/seeds" | paste -sd ' ')}"
    printf '%-18s %12s %12s\n' venue executions differences
    in_pairs one_venue "${venues[@]}"
else
    seconds=${1:-60}
    build_all
    names=(tests/fuzz/fuzz_*.c)
    names=("${names[@]#tests/fuzz/fuzz_}")
    in_pairs one "${names[@]%.c}"
fi
