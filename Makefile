# cyclebench. `make help` lists the targets.
VERSION := 0.1.0
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
DESTDIR ?=
PYTHON3 ?= /usr/bin/python3

TRIPLET := $(shell $(CC) -dumpmachine 2>/dev/null)
MACHINE := $(firstword $(subst -, ,$(TRIPLET)))
ISAS := $(if $(filter x86_64,$(MACHINE)),avx2 avx512 avx512bf16,$(if $(filter aarch64 arm64,$(MACHINE)),neon))

BUILD ?= build$(if $(SANITIZE),/sanitize)$(if $(TSAN),/thread)$(if $(findstring clang,$(CC)),/clang)$(if $(CROSS),/$(MACHINE))

WARNINGS := -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wcast-align -Wpointer-arith
CLANG := $(findstring clang,$(CC))
# An unrolling that clang declines is no defect of the source; gcc's flow analysis raises false alarms in instrumented code.
# The one C++ file: the back end of the benchmarks.
CXX_FLAGS := -std=c++17 $(filter-out -Wstrict-prototypes -Wmissing-prototypes,$(WARNINGS)) -fno-semantic-interposition
WARNINGS += $(if $(CLANG),-Wno-pass-failed,$(if $(SANITIZE),-Wno-format-truncation -Wno-maybe-uninitialized))

# Numerics contract: no contraction, no fast-math, no -march=native; 16-lane code gets its ISA per file below.
# -g1: lines and functions, for profiles and backtraces. To say where the variables of unrolled tiles are, -g, takes gcc
# another half of the time, for NEON as much again. Debian's valgrind cannot read what clang writes by default, DWARF 5.
CFLAGS ?= $(if $(TSAN),-O1,$(if $(SANITIZE),-O2,-O3)) $(if $(CLANG),-gdwarf-4) -g1
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) -ffp-contract=off -fno-math-errno -fopenmp -fno-semantic-interposition

# The unrolled kernel bodies would take minutes to compile with all checks in line: in SIMD files address checks are calls, and undefined
# behaviour is left to the scalar reference.
SANITIZERS := -fsanitize=address,undefined
SANITIZED_ISA_FLAGS := -fno-sanitize=undefined -fno-sanitize-address-use-after-scope \
  $(if $(CLANG),-mllvm,--param) $(if $(CLANG),-)asan-instrumentation-with-call-threshold=0
BASE_CFLAGS += $(if $(SANITIZE),$(SANITIZERS) -fno-sanitize-recover=all -fno-omit-frame-pointer -DCB_SANITIZED)
# ThreadSanitizer knows OpenMP's barriers only from libomp's tool archer (ci/run-tests): clang builds these. Drivers and
# reference are watched; the unrolled kernel bodies, which share out the work as the reference does, would take too long.
BASE_CFLAGS += $(if $(TSAN),-fsanitize=thread)
INCLUDES := -Ikernels -Ibench/instruments -Ibench/peers -Ibench/harness -Itrain -isystem $(BUILD)/generated
# `override`: what is given as an argument of make is added to, as that of the environment.
override LDFLAGS += -fopenmp $(if $(SANITIZE),$(SANITIZERS)) $(if $(TSAN),-fsanitize=thread) -Wl,--as-needed
override LDLIBS += -ljansson -linih -lhwloc -lpapi -lcurl -larchive -lcrypto -lm

# gcc's predictive commoning keeps loaded values for the next iteration, for which register tiles have no registers. On
# lines of the cache of their own, functions are as fast wherever the linker puts them: up to 4 % otherwise.
TILE_FLAGS := -falign-functions=64 $(if $(CLANG),,-fno-predictive-commoning)
ISA_FLAGS_avx2 := -mavx2 -mfma
ISA_FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
ISA_FLAGS_avx512bf16 := $(ISA_FLAGS_avx512) -mavx512bf16
ISA_FLAGS_neon :=
# The reference stays scalar: the compiler must not make it a SIMD variant.
REF_FLAGS := -fno-tree-vectorize -fno-tree-slp-vectorize
# It chooses its fma at run time where gcc builds it; elsewhere each fma is a call, and long tests take hours. REF_FMA=1 (implied by SANITIZE)
# builds it for this very machine instead.
REF_FLAGS += $(if $(SANITIZE)$(REF_FMA),$(if $(shell grep -m 1 -wo fma /proc/cpuinfo),-mfma))

sources = $(sort $(foreach dir,$(1),$(wildcard $(dir)/*.c)))
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

KERNEL_DIRS := kernels/core kernels/ref kernels/gemm kernels/conv kernels/norm kernels/head kernels/update kernels/image
OTHER_ISAS := $(filter-out $(ISAS),avx2 avx512 avx512bf16 neon)
KERNEL_SRC := $(filter-out $(foreach isa,$(OTHER_ISAS),%_$(isa).c),$(call sources,$(KERNEL_DIRS)))
# What takes longest first, so that no core waits for it at the end.
KERNEL_SRC := $(filter kernels/conv/winograd_%,$(KERNEL_SRC)) $(filter-out kernels/conv/winograd_%,$(KERNEL_SRC))
HARNESS_SRC := $(call sources,bench/harness)
INSTRUMENT_SRC := $(filter-out $(foreach isa,$(OTHER_ISAS),%_$(isa).c),$(call sources,bench/instruments))
# Peers are optional: a library whose header is not found, or is of another major version, has its <peer>_missing.c built instead.
# OpenBLAS is loaded at run time. LIBXSMM refers to a BLAS, which is never called.
OPTIONAL_PEERS := libxsmm blis onednn
PEER_HEADER_libxsmm := libxsmm.h
PEER_HEADER_blis := blis.h
PEER_HEADER_onednn := dnnl.h
PEER_MACRO_libxsmm := LIBXSMM_CONFIG_VERSION_MAJOR 1$$
PEER_MACRO_blis := define BLIS_H
PEER_MACRO_onednn := DNNL_VERSION_MAJOR 2$$
PEER_LDLIBS_libxsmm := -lxsmm -lxsmmnoblas
PEER_LDLIBS_blis := -lblis
PEER_LDLIBS_onednn := -ldnnl
is_here = $(shell $(CC) -E -dM -include $(PEER_HEADER_$(1)) -x c /dev/null 2>/dev/null | grep -q '$(PEER_MACRO_$(1))' && echo $(1))
PEERS := $(if $(CROSS),,$(foreach peer,$(OPTIONAL_PEERS),$(call is_here,$(peer))))
PEER_MISSING_SRC := $(wildcard bench/peers/*_missing.c)
PEER_SRC := $(filter-out $(foreach peer,$(OPTIONAL_PEERS),bench/peers/$(peer)$(if $(filter $(peer),$(PEERS)),_missing).c),$(call sources,bench/peers))
# What needs nothing but libkernels; also built for the NEON tests.
TRAIN_CORE_SRC := $(call sources,train/model train/schedule) train/loop/feed.c train/loop/evaluate.c train/data/cifar.c train/data/dataset.c train/data/batches.c train/data/synthetic.c
TRAIN_SRC := $(sort $(TRAIN_CORE_SRC) $(call sources,train/files train/data train/checkpoint train/recipes train/record train/loop))
REPORT_SRC := $(call sources,reports/lib)

PROGRAM_SRC := $(wildcard cyclebench.c bench/cyclebench-*.c train/cyclebench-*.c reports/cyclebench-*.c ci/cyclebench-*.c)
PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(notdir $(PROGRAM_SRC)))
SUITE_SRC := $(wildcard bench/suites/bench_*.c)
SUITE_HELPER_SRC := $(filter-out $(SUITE_SRC),$(wildcard bench/suites/*.c))
SUITES := $(patsubst %.c,$(BUILD)/%,$(notdir $(SUITE_SRC)))
# Golden numbers and pins are the same under the sanitizers, and test_model trains there.
TEST_SRC := $(filter-out $(if $(SANITIZE),train/test/test_golden.c train/test/test_golden_steps.c train/test/test_pins.c),$(wildcard kernels/test/test_*.c bench/test/test_*.c train/test/test_*.c reports/test/test_*.c ci/test_*.c))
TESTS := $(patsubst %.c,$(BUILD)/test/%,$(notdir $(TEST_SRC)))
# What the tests of exact counts count, and count with.
COUNT_HELPERS := $(BUILD)/count_loop $(BUILD)/count_by
BENCH_VARIANTS := $(foreach variant,without-peers wrong-kernels wrong-peer,$(BUILD)/test/$(variant)/cyclebench-bench)
TEST_HARNESS_SRC := $(filter-out kernels/test/test_%.c,$(wildcard kernels/test/*.c))
TEST_HELPER_SRC := $(filter-out train/test/test_%.c train/test/train_steps.c,$(wildcard train/test/*.c))

LIBKERNELS := $(BUILD)/libkernels.a
BENCH_LIBS := $(BUILD)/bench/harness/gbench.o $(BUILD)/libsuites.a $(BUILD)/libharness.a
PEER_LDLIBS := $(foreach peer,$(PEERS),$(PEER_LDLIBS_$(peer))) -ldl
BENCH_LDLIBS := -lbenchmark -lstdc++
# What a source file links against follows the direction of the rooms: kernels <- instruments <- train; reports stand alone.
ROOM_LDLIBS = $(if $(filter bench/suites/% bench/cyclebench-bench.c,$(1)),$(PEER_LDLIBS)) $(if $(filter bench/cyclebench-bench.c,$(1)),$(BENCH_LDLIBS))
ROOM_LIBS = $(strip $(if $(filter reports/%,$(1)),$(BUILD)/libreports.a,$(if $(filter kernels/%,$(1)),,\
  $(if $(filter bench/cyclebench-bench.c,$(1)),$(BENCH_LIBS)) $(if $(filter bench/test/% bench/suites/% bench/cyclebench-ab.c,$(1)),$(BUILD)/libharness.a) \
  $(if $(filter bench/suites/%,$(1)),$(BUILD)/libsuites.a) $(if $(filter bench/suites/% bench/cyclebench-bench.c,$(1)),$(BUILD)/libpeers.a) \
  $(if $(filter train/% bench/suites/% bench/cyclebench-bench.c,$(1)),$(BUILD)/libtrain.a) $(BUILD)/libinstruments.a) $(LIBKERNELS)))

.PHONY: all
all: $(PROGRAMS) $(SUITES) $(BUILD)/qemu-count.so ## build/cyclebench and its programs (default)

# --- set-up, data, demo -------------------------------------------------------------------------------------------
# One job a CPU where the user did not say.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
.PHONY: setup demo
setup: ## install what the build and the tests need and is not here (apt, as root)
	@ci/setup
demo: ## the main job in about five minutes: ResNet-20, 1cycle against step
	@ci/setup --check --build-only
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@ci/demo $(BUILD)/cyclebench

# --- checks -------------------------------------------------------------------------------------------------------
.PHONY: check tests neon-tests lint format
check: ## build and run every test; the last line is the count
	@ci/setup --check
	@$(MAKE) --no-print-directory $(PARALLEL) all tests WERROR=1
	@ci/run-tests $(BUILD) $(VARIANTS)
tests: $(TESTS) $(BENCH_VARIANTS) $(BUILD)/train_steps $(COUNT_HELPERS) $(BUILD)/qemu-count.so ## build the test programs
lint: ## the gates on structure: include direction, symbols, ISA leaks, headers
	@ci/gates $(BUILD)
format: ## clang-format the C files in place
	clang-format -i $$(git ls-files '*.c' '*.h' '*.cc')

# --- install ------------------------------------------------------------------------------------------------------
.PHONY: install
install: all ## install under PREFIX (default /usr/local); DESTDIR is honoured
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/cyclebench $(DESTDIR)$(PREFIX)/share/cyclebench/recipes $(DESTDIR)$(PREFIX)/share/cyclebench/shapes
	install $(BUILD)/cyclebench $(DESTDIR)$(PREFIX)/bin/
	install $(filter-out $(BUILD)/cyclebench,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/libexec/cyclebench/
	install -m 644 $(BUILD)/qemu-count.so $(DESTDIR)$(PREFIX)/libexec/cyclebench/
	install -m 644 train/recipes/*.ini $(DESTDIR)$(PREFIX)/share/cyclebench/recipes/
	install -m 644 bench/suites/*.txt $(DESTDIR)$(PREFIX)/share/cyclebench/shapes/
	install -m 644 bench/peers/torch_step.py $(DESTDIR)$(PREFIX)/share/cyclebench/

.PHONY: clean help
clean: ## remove build/
	rm -rf build
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Variables: CC=clang  SANITIZE=1 (ASan, UBSan; build/sanitize)  TSAN=1 (with CC=clang)  WERROR=1  V=1 (show commands)  PREFIX=/usr/local  CFLAGS='-O3 -g1'"

# --- rules --------------------------------------------------------------------------------------------------------
# SIMD tiles: gcc cannot see that a tile has at least one channel block, which initialises its accumulators.
ISA_WARNINGS := $(if $(CLANG),,-Wno-maybe-uninitialized)
isa_of = $(strip $(foreach isa,avx2 avx512 avx512bf16 neon,$(if $(filter %_$(isa).c,$(1)),$(isa))))
extra_flags = $(ISA_FLAGS_$(call isa_of,$(1))) $(if $(call isa_of,$(1)),$(ISA_WARNINGS) $(TILE_FLAGS)) $(if $(SANITIZE),$(if $(call isa_of,$(1)),$(SANITIZED_ISA_FLAGS))) $(if $(TSAN),$(if $(call isa_of,$(1)),-fno-sanitize=thread)) $(if $(filter kernels/ref/% %_scalar.c,$(1)),$(REF_FLAGS))

ALL_FLAGS = $(CC) $(CXX) $(CXX_FLAGS) $(BASE_CFLAGS) $(CFLAGS) $(CPPFLAGS) $(TILE_FLAGS) $(REF_FLAGS) $(INCLUDES) $(PEERS)

# V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2))

# Rebuild everything when compiler, flags or the peers that are here change.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' > $@

$(BUILD)/generated/build_info.h: FORCE
	@mkdir -p $(@D)
	@ci/build-info '$(VERSION)' '$(CC)' '$(strip $(filter-out -W%,$(BASE_CFLAGS) $(CFLAGS)))' > $@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv -f $@.new $@

# Random123 is header-only; only its folder is put on the path, so that a cross compiler does not see the host's libc headers.
RANDOM123 ?= /usr/include/Random123
$(BUILD)/generated/Random123:
	@mkdir -p $(@D)
	@ln -sfn $(RANDOM123) $@

$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/generated/Random123 $(BUILD)/generated/build_info.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASE_CFLAGS) $(if $(WERROR),-Werror) $(CFLAGS) $(CPPFLAGS) $(call extra_flags,$<) $(INCLUDES) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(CXX_FLAGS) $(if $(WERROR),-Werror) $(CFLAGS) $(CPPFLAGS) $(INCLUDES) -MMD -MP -c -o $@ $<

$(BUILD)/bench/instruments/build_info.o: $(BUILD)/generated/build_info.h

define library
$(BUILD)/$(1).a: $(call objects,$(2))
	@rm -f $$@
	$$(call say,AR,$$@)
	$(Q)$(if $(CROSS),$(MACHINE)-linux-gnu-)ar rcs $$@ $$^
endef
$(eval $(call library,libkernels,$(KERNEL_SRC)))
$(eval $(call library,libinstruments,$(INSTRUMENT_SRC)))
$(eval $(call library,libtrain,$(TRAIN_SRC)))
$(eval $(call library,libtraincore,$(TRAIN_CORE_SRC)))
$(eval $(call library,libreports,$(REPORT_SRC)))
$(eval $(call library,libharness,$(HARNESS_SRC)))
$(eval $(call library,libsuites,$(SUITE_HELPER_SRC)))
$(eval $(call library,libpeers,$(PEER_SRC)))
$(eval $(call library,libnopeers,$(PEER_MISSING_SRC)))

define program
$(BUILD)/$(basename $(notdir $(1))): $(call objects,$(1)) $(call ROOM_LIBS,$(1))
	$$(call say,LD,$$@)
	$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $(call ROOM_LDLIBS,$(1)) $$(LDLIBS)
endef
$(foreach src,$(PROGRAM_SRC) $(SUITE_SRC),$(eval $(call program,$(src))))

define test_program
$(BUILD)/test/$(basename $(notdir $(1))): $(call objects,$(1)) $(call objects,$(if $(filter kernels/test/%,$(1)),$(TEST_HARNESS_SRC)) $(if $(filter train/test/%,$(1)),$(TEST_HELPER_SRC))) \
		$(call ROOM_LIBS,$(1))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$(Q)$$(CC) $$(LDFLAGS) $$(if $$(CROSS),-static) -o $$@ $$^ $(if $(filter kernels/test/%,$(1)),-lm,$$(LDLIBS) -lcmocka)
endef
$(foreach src,$(TEST_SRC),$(eval $(call test_program,$(src))))

# The benchmarks as they are where no peer's header was found, to test that they say so, and with kernels or a library
# that are wrong on purpose, to test that these are refused.
BENCH_REST := $(BUILD)/libpeers.a $(BUILD)/libtrain.a $(BUILD)/libinstruments.a $(LIBKERNELS)
$(BUILD)/test/without-peers/cyclebench-bench: $(BUILD)/bench/cyclebench-bench.o $(BENCH_LIBS) $(BUILD)/libnopeers.a $(BENCH_REST)
$(BUILD)/test/wrong-kernels/cyclebench-bench: $(BUILD)/bench/cyclebench-bench.o $(BUILD)/bench/test/wrong_kernels.o $(BENCH_LIBS) $(BUILD)/libnopeers.a $(BENCH_REST)
$(BUILD)/test/wrong-peer/cyclebench-bench: $(BUILD)/bench/cyclebench-bench.o $(BUILD)/bench/test/wrong_peer.o $(BENCH_LIBS) $(BUILD)/libnopeers.a $(BENCH_REST)
$(BENCH_VARIANTS):
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PEER_LDLIBS) $(BENCH_LDLIBS) $(LDLIBS)

# train_steps: the pinned steps with nothing but libkernels and the model, so that they also run under qemu.
$(BUILD)/train_steps: $(call objects,train/test/train_steps.c train/test/pinned_steps.c) $(BUILD)/libtraincore.a $(LIBKERNELS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(if $(CROSS),-static) -o $@ $^ -lm

# Under ThreadSanitizer: tests that run teams and do not take long there.
THREAD_TESTS := test_core test_norm test_head test_update test_image
.PHONY: thread-tests
thread-tests: $(patsubst %,$(BUILD)/test/%,$(THREAD_TESTS)) $(BUILD)/races
$(BUILD)/races: $(call objects,kernels/test/races/races.c kernels/core/team.c kernels/core/status.c)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^

# count_loop needs nothing, so that it also runs under qemu.
$(BUILD)/count_loop: $(call objects,bench/test/count_loop.c bench/instruments/exact_marks.c)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(if $(CROSS),-static) -o $@ $^
$(BUILD)/count_by: $(call objects,bench/test/count_by.c) $(BUILD)/libinstruments.a $(LIBKERNELS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# A plugin for qemu-user; it runs inside qemu, which brings no sanitizers.
$(BUILD)/qemu-count.so: bench/qemu/count_plugin.c $(BUILD)/flags
	$(call say,LD,$@)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(if $(WERROR),-Werror) -O2 -fPIC -shared -o $@ $<

# NEON: the kernel tests and train_steps, cross-compiled, for qemu-aarch64-static.
NEON_BUILD := $(BUILD)/aarch64
neon-tests: ## cross-compile the NEON tests into build/aarch64
	$(MAKE) --no-print-directory CROSS=1 CC=aarch64-linux-gnu-gcc BUILD=$(NEON_BUILD) \
	  $(patsubst %.c,$(NEON_BUILD)/test/%,$(notdir $(wildcard kernels/test/test_*.c))) $(NEON_BUILD)/train_steps $(NEON_BUILD)/count_loop

.PHONY: FORCE
FORCE:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
