# rewick: one Makefile for everything. `make help` lists the targets.
#
#   CONFIG=release|debug|asan|tsan   how to build (objects lie in build/<config>/)
#   CC=gcc|clang  OPT=-O2  WERROR=1  V=1

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

VERSION := 0.4.0
CONFIG  ?= release
ifeq ($(origin CC),default)
CC := gcc
endif
# Warnings are errors unless a packager with another compiler says WERROR=0.
WERROR  ?= 1
BUILD   ?= build/$(CONFIG)$(if $(filter-out gcc,$(notdir $(CC))),-$(notdir $(CC)))
Q       := $(if $(V),,@)

# Debian packages: what the build needs, then what the tests need. docs/architecture.md says why.
PACKAGES := gcc make libc6-dev libwebsockets-dev libssl-dev libzstd-dev zlib1g-dev \
	libsqlite3-dev libprotobuf-c-dev protobuf-c-compiler protobuf-compiler libjansson-dev libgrpc-dev \
	grpc-proto xxd zstd sqlite3
PACKAGES_TEST := clang clang-format libclang-rt-14-dev libcmocka-dev python3 python3-pytest python3-grpcio \
	python3-protobuf python3-zstandard protobuf-compiler-grpc openssl procps systemd

# ---- flags ------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wformat=2 -Wundef -Wvla -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wimplicit-fallthrough $(if $(filter 1,$(WERROR)),-Werror)
OPT_release := -O2 -D_FORTIFY_SOURCE=2
OPT_debug   := -O0
OPT_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT_tsan    := -O1 -fsanitize=thread -fno-omit-frame-pointer
OPT         ?= $(OPT_$(CONFIG))

# The shipped program is optimised over all files at once, which the path of a trade through the engine
# gains most from; objects hold both forms, so that tests link fast.
LTO       := $(and $(filter release,$(CONFIG)),$(filter gcc,$(notdir $(CC))))
LTO_FLAGS := $(if $(LTO),-flto -ffat-lto-objects)
LTO_NONE  := $(if $(LTO),-fno-lto)
LTO_LINK  := $(if $(LTO),-flto=auto $(OPT_release))
CPPFLAGS += -I. -I$(BUILD)/gen -D_GNU_SOURCE -DREWICK_VERSION='"$(VERSION)"'
CFLAGS   += -std=c17 -g $(OPT) $(LTO_FLAGS) $(WARNINGS) -fPIE -fstack-protector-strong
LDFLAGS  += $(filter -fsanitize=%,$(OPT)) -pie -Wl,-z,relro,-z,now
LDLIBS   += -lwebsockets -lgrpc -lgpr -lprotobuf-c -lsqlite3 -lzstd -lz -ljansson -lssl -lcrypto \
	-lpthread

# ---- sources ----------------------------------------------------------------------------------

ENGINE_SRC := $(wildcard engine/*.c engine/*/*.c engine/*/*/*.c)
APP_SRC    := $(wildcard recorder/*.c replayer/*.c)
UNIT_SRC   := $(wildcard tests/unit/*_test.c)
HEADERS    := $(wildcard engine/*.h engine/*/*.h engine/*/*/*.h recorder/*.h replayer/*.h tests/unit/*.h \
	tests/sim/*.h tests/fuzz/*.h tests/reference_decoder/*.h)
FORMATTED  := main.c $(ENGINE_SRC) $(APP_SRC) $(wildcard tests/unit/*.c tests/sim/*.c tests/fuzz/*.c \
	tests/reference_decoder/*.c bench/*.c) $(HEADERS)

PROTOS    := $(wildcard proto/rewick/v1/*.proto)
GRPC_DIR  := /usr/share/grpc-proto
GEN_C     := $(PROTOS:proto/%.proto=$(BUILD)/gen/%.pb-c.c) \
	$(BUILD)/gen/grpc/health/v1/health.pb-c.c \
	$(BUILD)/gen/grpc/reflection/v1alpha/reflection.pb-c.c
GEN_DESC  := $(BUILD)/gen/descriptors.h

object = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
ENGINE_OBJ := $(call object,$(ENGINE_SRC)) $(GEN_C:.c=.o)
APP_OBJ    := $(call object,$(APP_SRC))
UNIT_BIN   := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/%)
BINARY     := $(BUILD)/rewick
# What the whole benchmark runs besides.
BENCH_TOOLS := $(addprefix $(BUILD)/,flood_venue candle_bench tape_bench decode_bench)

# ---- targets ----------------------------------------------------------------------------------

.PHONY: all help deps deps-test run test check unit e2e format format-check headers-check lint fuzz fuzz-decode sim \
	bench bench-size bench-candle-replay bench-seal bench-seek bench-capture bench-candles bench-decode bench-tape torture fixtures man install clean

## all: build build/rewick
all: $(BINARY)
	$(if $(filter build/release,$(BUILD)),$(Q)ln -sf release/rewick build/rewick)

## run: install what is missing, build, and show the whole path on fixtures (VENUES=live: real exchanges)
run: deps
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)fixtures/demo.sh build/rewick $(VENUES)

## test: install what is missing, build, and run all tests
test: deps deps-test
	$(Q)tests/run.py

## check: format, headers, lint and unit tests; fast, before every commit
check: format-check headers-check lint unit

## unit: unit tests (one: build/release/tests/decimal_test)
unit: $(UNIT_BIN)
	$(Q)tests/run.py --unit-only $(UNIT_BIN)

## e2e: behaviour tests through the command line and sockets (ARGS="-k import")
e2e: all
	$(Q)/usr/bin/python3 -m pytest -q tests/e2e $(ARGS)

## fuzz: build the fuzzers and run each for SECONDS (default 60) over its corpus
fuzz:
	$(Q)tests/fuzz/run.sh $(or $(SECONDS),60)

## fuzz-decode: EXECS (default 10 million) changed frames per venue through three decoders (VENUES="okx kraken")
fuzz-decode:
	$(Q)tests/fuzz/run.sh decode $(or $(EXECS),10000000)

## sim: a simulated week on all venues and 1,000 seeds of faults (ARGS="week 7 2", "faults 1 SEED")
sim: $(BUILD)/sim
ifdef ARGS
	$(Q)$(BUILD)/sim $(ARGS)
else
	$(Q)$(BUILD)/sim week
	$(Q)$(BUILD)/sim faults
endif

## bench: what everything costs beside its peers, into docs/benchmarks.md; about 10 minutes (ARGS="size candles")
BENCH := bench/run_bench.py --build $(BUILD)
bench: all $(BENCH_TOOLS)
	-$(Q).ci/deps xz-utils python3-venv python3-dev
	$(Q)$(BENCH) $(ARGS)

## bench-size: tapes beside gzip, zstd, xz and Parquet
bench-size: all
	$(Q)$(BENCH) size $(ARGS)

## bench-candle-replay: tapes to candles beside tardis-dev, ccxt, cryptofeed, nautilus_trader and polars
bench-candle-replay: all
	$(Q)$(BENCH) candles $(ARGS)

## bench-seal: how fast tapes are sealed, and what a capture notices of it
bench-seal: all $(BUILD)/flood_venue
	$(Q)$(BENCH) seal capture $(ARGS)

## bench-seek: replay of the end of a tape with 10 GB of frames (ARGS="--seek-gb 1")
bench-seek: all
	$(Q)$(BENCH) seek --seek-gb 10 $(ARGS)

## bench-capture: what recording costs and how much it takes; about 6 minutes (ARGS="--seconds 30")
bench-capture: all $(BUILD)/flood_venue $(BUILD)/slow_sync.so
	$(Q)bench/capture.py $(BINARY) $(BUILD)/flood_venue $(ARGS)

## bench-decode: what decoding a frame costs, per venue and channel, beside jansson (ARGS="--venue kraken")
bench-decode: $(BUILD)/decode_bench
	$(Q)$(BUILD)/decode_bench $(ARGS)

## bench-candles: what a trade costs the engine, with all its candles; about 3 minutes (ARGS="--case one")
bench-candles: $(BUILD)/candle_bench
	$(Q)$(BUILD)/candle_bench $(ARGS)

## bench-tape: what a frame costs on its way to a live tape and back; about half a minute (ARGS="--runs 3")
bench-tape: $(BUILD)/tape_bench
	$(Q)$(BUILD)/tape_bench $(ARGS)

## bench-lanes: how small payloads become in sealed lanes and how fast they come back (ARGS="FILE ...")
bench-lanes: $(BUILD)/lane_bench
	$(Q)for file in $(or $(ARGS),$(wildcard ../shared/captures/hftbacktest/*/*.gz)); do \
		echo $$file && zcat -f $$file | $(BUILD)/lane_bench -; done

## torture: the long sweeps: sanitizers, many seeds and kills, long fuzzing (ARGS="sim": one of them)
torture:
	$(Q)tests/torture.sh $(ARGS)

## fixtures: make the fixture tapes again from their seeds
fixtures: all
	$(Q)fixtures/make.sh build/rewick

## format: rewrite all sources with clang-format
format:
	$(Q)clang-format -i $(FORMATTED)

format-check:
	$(Q)clang-format --dry-run -Werror $(FORMATTED)

headers-check: $(HEADERS:%.h=$(BUILD)/headers/%.ok)

lint:
	$(Q)tests/lint.py

## deps: install the Debian packages of the build (root or sudo)
deps:
	$(Q).ci/deps $(PACKAGES)

## deps-test: install those of the tests too
deps-test:
	$(Q).ci/deps $(PACKAGES_TEST)

## man: write the man pages to build/man
man: all
	$(Q)mkdir -p build/man
	$(Q)build/rewick --help=words | while read -r command; do \
		build/rewick $$command --help=man > "build/man/rewick-$$(echo $$command | tr ' ' '-').1"; done

## install: binary, man pages, completion and service under PREFIX (default /usr/local)
PREFIX ?= /usr/local
install: man
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/rewick
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 build/man/*.1
	install -D -m 644 docs/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/rewick
	install -D -m 644 'recorder/systemd/rewick@.service' '$(DESTDIR)$(PREFIX)/lib/systemd/system/rewick@.service'
	sed -i 's,/usr/local/bin/rewick,$(PREFIX)/bin/rewick,' '$(DESTDIR)$(PREFIX)/lib/systemd/system/rewick@.service'

## clean: remove build/
clean:
	$(Q)rm -rf build

## help: this list
help:
	@sed -n 's/^## \([a-z0-9-]*\): /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 28

# ---- rules ------------------------------------------------------------------------------------

$(BINARY): $(BUILD)/obj/main.o $(BUILD)/libapp.a $(BUILD)/librewick.a
	@$(if $(V),,echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) $(LTO_LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/librewick.a: $(ENGINE_OBJ)
$(BUILD)/libapp.a: $(APP_OBJ)
$(BUILD)/librewick.a $(BUILD)/libapp.a:
	@$(if $(V),,echo "  AR    $@")
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libapp.a $(BUILD)/librewick.a
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) $(LTO_NONE) -o $@ $^ -lcmocka $(LDLIBS)

SIM_OBJ := $(patsubst %,$(BUILD)/obj/tests/sim/%.o,sim_world sim_run)
$(BUILD)/sim: $(BUILD)/obj/tests/sim/sim.o $(SIM_OBJ) $(BUILD)/libapp.a $(BUILD)/librewick.a
	$(Q)$(CC) $(LDFLAGS) $(LTO_NONE) -o $@ $^ $(LDLIBS)

# The reference decoders: all of engine/venue once more, on top of jansson. What these objects define gets
# "ref_" in front; what they use (libc, engine/base, engine/trade, jansson) keeps its name.
REFERENCE_SRC := $(filter-out engine/venue/json_scan.c,$(wildcard engine/venue/*.c engine/venue/*/*.c)) \
	tests/reference_decoder/json_scan_jansson.c
REFERENCE_OBJ := $(REFERENCE_SRC:%.c=$(BUILD)/obj/reference/%.o)
REFERENCE_OFF := $(LTO_FLAGS) -fsanitize=% -fsanitize-% -fno-sanitize-%
$(BUILD)/obj/reference/%.o: %.c $(BUILD)/flags
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CC    $< (reference)")
	$(Q)$(CC) $(CPPFLAGS) $(filter-out $(REFERENCE_OFF),$(CFLAGS)) -MMD -MP -c -o $@ $<

$(BUILD)/reference_decoder.o: $(REFERENCE_OBJ)
	$(Q)ld -r -o $@ $^
	$(Q)nm -g --defined-only $@ | awk '{print $$3, "ref_" $$3}' > $@.names
	$(Q)objcopy --redefine-syms=$@.names $@

$(BUILD)/libreference.a: $(patsubst %,$(BUILD)/obj/tests/reference_decoder/%.o,decode_equal frame_mutate) \
		$(BUILD)/reference_decoder.o
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/tests/decode_equal_test: $(BUILD)/obj/tests/unit/decode_equal_test.o $(BUILD)/libreference.a \
		$(BUILD)/librewick.a
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $(LTO_NONE) -o $@ $^ -lcmocka $(LDLIBS)

# tests/fuzz/run.sh makes it, with clang.
DECODING_OBJ := $(call object,$(wildcard engine/base/*.c engine/trade/*.c engine/venue/*.c engine/venue/*/*.c))
$(BUILD)/fuzz_decode_equal: $(BUILD)/obj/tests/fuzz/fuzz_decode_equal.o $(BUILD)/libreference.a $(DECODING_OBJ)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ -ljansson

$(BUILD)/flood_venue: $(BUILD)/obj/bench/flood_venue.o $(BUILD)/obj/tests/sim/sim_world.o $(BUILD)/libapp.a \
		$(BUILD)/librewick.a
	$(Q)$(CC) $(LDFLAGS) $(LTO_NONE) -o $@ $^ $(LDLIBS) -lssl

# It counts the engine's allocations.
WRAPPED := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(BUILD)/candle_bench: $(BUILD)/obj/bench/candle_bench.o $(BUILD)/librewick.a
	$(Q)$(CC) $(LDFLAGS) $(LTO_LINK) $(WRAPPED) -o $@ $^ $(LDLIBS)

$(BUILD)/tape_bench: $(BUILD)/obj/bench/tape_bench.o $(BUILD)/librewick.a
	$(Q)$(CC) $(LDFLAGS) $(LTO_LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/decode_bench: $(BUILD)/obj/bench/decode_bench.o $(BUILD)/librewick.a
	$(Q)$(CC) $(LDFLAGS) $(LTO_LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/lane_bench: $(BUILD)/obj/bench/lane_bench.o $(BUILD)/librewick.a
	$(Q)$(CC) $(LDFLAGS) $(LTO_LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/slow_sync.so: bench/slow_sync.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c17 -O2 -D_GNU_SOURCE -shared -fPIC -o $@ $<

# A change of flags rebuilds everything.
FLAGS_NOW := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
$(BUILD)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || echo '$(subst ','\'',$(FLAGS_NOW))' > $@
.PHONY: FORCE
FORCE:

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(GEN_C) $(GEN_DESC)
	$(Q)mkdir -p $(@D)
	@$(if $(V),,echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Generated code keeps its own style.
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags
	$(Q)$(CC) $(CPPFLAGS) $(filter-out $(WARNINGS),$(CFLAGS)) -MMD -MP -c -o $@ $<

$(BUILD)/gen/rewick/%.pb-c.c: proto/rewick/%.proto
	$(Q)mkdir -p $(@D)
	$(Q)protoc-c --c_out=$(BUILD)/gen -Iproto $<

$(BUILD)/gen/grpc/%.pb-c.c: $(GRPC_DIR)/grpc/%.proto
	$(Q)mkdir -p $(@D)
	$(Q)protoc-c --c_out=$(BUILD)/gen -I$(GRPC_DIR) $<

# What server reflection hands out: unsigned char descriptors[], unsigned int descriptors_len.
$(GEN_DESC): $(PROTOS)
	$(Q)mkdir -p $(@D)
	$(Q)protoc --include_imports --descriptor_set_out=$(BUILD)/gen/descriptors -Iproto -I$(GRPC_DIR) $(PROTOS) \
		$(GRPC_DIR)/grpc/health/v1/health.proto $(GRPC_DIR)/grpc/reflection/v1alpha/reflection.proto
	$(Q)cd $(@D) && xxd -i descriptors > descriptors.h

$(BUILD)/headers/%.ok: %.h | $(GEN_C) $(GEN_DESC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-unused-function -fsyntax-only -x c $< && touch $@

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
