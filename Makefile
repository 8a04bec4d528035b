# cyclebench. `make help` lists the targets.
VERSION := 0.3.0
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
DESTDIR ?=
PYTHON3 ?= /usr/bin/python3

TRIPLET := $(shell $(CC) -dumpmachine 2>/dev/null)
MACHINE := $(firstword $(subst -, ,$(TRIPLET)))

# None of make's own rules: for each foo.d that is included they would try to make a program of foo.d.c.
MAKEFLAGS += --no-builtin-rules

# The rows of kernels/isas.def for this machine, each a word: id|name|architecture|base|builds|vectors|bf16|flags...
ISA_ROWS := $(shell sed -e ':a' -e '/,$$/N' -e 's/,\n */, /' -e 'ta' kernels/isas.def | \
  sed -n '/^CB_ISA./{s/^CB_ISA.\(.*\), [^,]*, "\(.*\)".$$/\1 \2/;s/,* /|/gp}')
ISA_ROWS := $(foreach row,$(ISA_ROWS),$(if $(findstring |$(MACHINE:arm64=aarch64)|,$(row)),$(row)))
ISA_IDS := $(foreach row,$(ISA_ROWS),$(firstword $(subst |, ,$(row))))
isa_columns = $(subst |, ,$(filter $(1)|%,$(ISA_ROWS)))
isa_name = $(word 2,$(call isa_columns,$(1)))
isa_flags = $(if $(filter $(1)|%,$(ISA_ROWS)),$(call isa_flags,$(word 4,$(call isa_columns,$(1)))) $(wordlist 8,99,$(call isa_columns,$(1))))

BUILD ?= build$(if $(SANITIZE),/sanitize)$(if $(TSAN),/thread)$(if $(findstring clang,$(CC)),/clang)$(if $(CROSS),/$(MACHINE))

WARNINGS := -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wcast-align -Wpointer-arith
CLANG := $(findstring clang,$(CC))
# The one C++ file: the back end of the benchmarks.
CXX_FLAGS := -std=c++17 $(filter-out -Wstrict-prototypes -Wmissing-prototypes,$(WARNINGS)) -fno-semantic-interposition
# clang warns where it declines to unroll; gcc's flow analysis raises false alarms in instrumented code.
WARNINGS += $(if $(CLANG),-Wno-pass-failed,$(if $(SANITIZE),-Wno-format-truncation -Wno-maybe-uninitialized))

# Numerics contract: no contraction, no fast-math, no -march=native; a template gets its flags per instruction set below.
# -g1: lines and functions, for profiles and backtraces; variables of unrolled tiles (-g) would take gcc much longer.
# Debian's valgrind cannot read DWARF 5, clang's default.
CFLAGS ?= $(if $(TSAN),-O1,$(if $(SANITIZE),-O2,-O3)) $(if $(CLANG),-gdwarf-4) -g1
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARNINGS) -ffp-contract=off -fno-math-errno -fopenmp -fno-semantic-interposition

# Unrolled kernels would take minutes to compile with inline checks: in SIMD objects address checks are calls, and undefined
# behaviour is left to the scalar reference.
SANITIZERS := -fsanitize=address,undefined
SANITIZED_ISA_FLAGS := -fno-sanitize=undefined -fno-sanitize-address-use-after-scope \
  $(if $(CLANG),-mllvm,--param) $(if $(CLANG),-)asan-instrumentation-with-call-threshold=0
BASE_CFLAGS += $(if $(SANITIZE),$(SANITIZERS) -fno-sanitize-recover=all -fno-omit-frame-pointer -DCB_SANITIZED)
# ThreadSanitizer knows OpenMP's barriers only from libomp's tool archer (ci/run-tests): clang builds these. Drivers and
# reference are watched; the unrolled kernel bodies, which share out the work as the reference does, would take too long.
BASE_CFLAGS += $(if $(TSAN),-fsanitize=thread)
INCLUDES := -Ikernels -Ibench/instruments -Ibench/peers -Ibench/harness -Ibench/score -Itrain -isystem $(BUILD)/generated
# `override`: what is given as an argument of make is added to, as that of the environment.
override LDFLAGS += -fopenmp $(if $(SANITIZE),$(SANITIZERS)) $(if $(TSAN),-fsanitize=thread) -Wl,--as-needed
override LDLIBS += -ljansson -linih -lhwloc -lpapi -lcurl -larchive -lcrypto -lm

# gcc's predictive commoning keeps loaded values for the next iteration, for which register tiles have no registers; nor
# does it see that a tile has at least one channel block, which initialises its accumulators. Functions that begin on a
# cache line are as fast wherever the linker puts them.
SIMD_FLAGS := -falign-functions=64 $(if $(CLANG),,-fno-predictive-commoning -Wno-maybe-uninitialized)
SIMD_FLAGS += $(if $(SANITIZE),$(SANITIZED_ISA_FLAGS)) $(if $(TSAN),-fno-sanitize=thread)
# The reference stays scalar: the compiler must not make it a SIMD variant.
REF_FLAGS := -fno-tree-vectorize -fno-tree-slp-vectorize
# It chooses its fma at run time where gcc builds it; elsewhere each fma is a call, and long tests take hours. REF_FMA=1 (implied by SANITIZE)
# builds it for this very machine instead.
REF_FLAGS += $(if $(SANITIZE)$(REF_FMA),$(if $(shell grep -m 1 -wo fma /proc/cpuinfo),-mfma))

# *_tmpl.c is compiled once per instruction set and format: see simd_object.
sources = $(filter-out %_tmpl.c,$(sort $(foreach dir,$(1),$(wildcard $(dir)/*.c))))
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

KERNEL_DIRS := kernels/core kernels/ref kernels/gemm kernels/conv kernels/norm kernels/head kernels/update kernels/image
KERNEL_SRC := $(call sources,$(KERNEL_DIRS))
HARNESS_SRC := $(call sources,bench/harness)
INSTRUMENT_SRC := $(call sources,bench/instruments)
PEER_SRC := $(call sources,bench/peers)
SCORE_SRC := $(call sources,bench/score)
# Libraries that ours is compared with are loaded at run time, but LIBXSMM, of which Debian has no shared library. It refers to a
# BLAS, which is never called.
has_header = $(shell echo | $(CC) -E -include $(1) -x c - >/dev/null 2>&1 && echo yes)
PEER_LDLIBS := $(if $(CROSS),,$(if $(call has_header,libxsmm.h),-lxsmm -lxsmmnoblas)) -ldl
# What needs nothing but libkernels; also built for the NEON tests.
TRAIN_CORE_SRC := $(call sources,train/model train/schedule) train/loop/feed.c train/loop/evaluate.c train/data/cifar.c train/data/dataset.c train/data/batches.c train/data/synthetic.c
TRAIN_SRC := $(sort $(TRAIN_CORE_SRC) $(call sources,train/files train/data train/checkpoint train/recipes train/record train/perf train/loop train/finders train/sweep))
REGRESS_SRC := $(call sources,ci/regress)
REPORT_SRC := $(call sources,reports/lib reports/export)
# Pages and pictures; the curves need the recipes and schedules of training.
PAGE_SRC := $(call sources,reports/inputs reports/page reports/picture reports/sections)
PAGE_PROGRAMS := reports/cyclebench-report.c reports/cyclebench-plot.c

PROGRAM_SRC := $(wildcard cyclebench.c bench/cyclebench-*.c train/cyclebench-*.c reports/cyclebench-*.c ci/cyclebench-*.c)
PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(notdir $(PROGRAM_SRC)))
SUITE_SRC := $(call sources,bench/suites)
# Golden numbers and pins are the same under the sanitizers, and test_model trains there.
TEST_SRC := $(filter-out $(if $(SANITIZE),train/test/test_golden.c train/test/test_golden_steps.c train/test/test_pins.c),$(wildcard kernels/test/test_*.c bench/test/test_*.c train/test/test_*.c reports/test/test_*.c ci/test_*.c))
TESTS := $(patsubst %.c,$(BUILD)/test/%,$(notdir $(TEST_SRC)))
# What the tests of exact counts count, and count with.
COUNT_HELPERS := $(BUILD)/count_loop $(BUILD)/count_by
BENCH_VARIANTS := $(foreach variant,wrong-kernels wrong-peer,$(BUILD)/test/$(variant)/cyclebench-bench)
TEST_HARNESS_SRC := $(filter-out kernels/test/test_%.c,$(wildcard kernels/test/*.c))
TEST_HELPER_SRC := $(filter-out train/test/test_%.c train/test/train_steps.c,$(wildcard train/test/*.c))

LIBKERNELS := $(BUILD)/libkernels.a
BENCH_LIBS := $(BUILD)/bench/harness/gbench.o $(BUILD)/libsuites.a $(BUILD)/libharness.a
BENCH_LDLIBS := -lbenchmark -lstdc++
# What a source file links against follows the direction of the rooms: kernels <- instruments <- train; reports stand alone, but for "did you mean".
# The score trains, and reads the records of runs.
SCORE_PROGRAMS := bench/cyclebench-score.c bench/test/test_score.c
ROOM_LDLIBS = $(if $(filter bench/cyclebench-bench.c bench/test/%,$(1)),$(PEER_LDLIBS)) $(if $(filter bench/cyclebench-bench.c,$(1)),$(BENCH_LDLIBS))
ROOM_LIBS = $(strip $(if $(filter reports/%,$(1)),$(if $(filter $(PAGE_PROGRAMS),$(1)),$(BUILD)/libpages.a) $(BUILD)/libreports.a $(BUILD)/bench/instruments/nearest.o \
  $(if $(filter $(PAGE_PROGRAMS),$(1)),$(BUILD)/libtrain.a $(BUILD)/libinstruments.a $(LIBKERNELS)),$(if $(filter kernels/%,$(1)),,\
  $(if $(filter bench/cyclebench-bench.c,$(1)),$(BUILD)/bench/harness/gbench.o) $(if $(filter $(SCORE_PROGRAMS),$(1)),$(BUILD)/libscore.a $(BUILD)/libreports.a) \
  $(if $(filter bench/cyclebench-bench.c bench/test/%,$(1)),$(BUILD)/libsuites.a) $(if $(filter bench/cyclebench-count.c,$(1)),$(BUILD)/bench/count/run_group.o) \
  $(if $(filter bench/cyclebench-bench.c bench/cyclebench-ab.c bench/cyclebench-score.c bench/test/%,$(1)),$(BUILD)/libharness.a) $(if $(filter bench/cyclebench-bench.c bench/test/%,$(1)),$(BUILD)/libpeers.a) \
  $(if $(filter ci/%,$(1)),$(BUILD)/libregress.a) $(if $(filter train/% bench/cyclebench-bench.c $(SCORE_PROGRAMS),$(1)),$(BUILD)/libtrain.a) $(BUILD)/libinstruments.a) $(LIBKERNELS)))

.PHONY: all
all: $(PROGRAMS) $(BUILD)/count-marked $(BUILD)/qemu-count.so ## build/cyclebench and its programs (default)

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

# --- results ------------------------------------------------------------------------------------------------------
.PHONY: results
results: $(BUILD)/cyclebench-report $(BUILD)/cyclebench-compare ## write reports/RESULTS.md, its pictures and the README's answer from reports/results
	@CYCLEBENCH_BUILD=$(BUILD) reports/update-results
.PHONY: screenshots
screenshots: $(BUILD)/cyclebench-report ## take the README's screenshots of a report of reports/results (chromium, selenium)
	@reports/take-screenshots $(BUILD)

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
TO := $(DESTDIR)$(PREFIX)
SHARED := $(TO)/share/cyclebench
COMPLETIONS := $(TO)/share/bash-completion/completions
# kernels.h and what it includes, below kernels/.
KERNEL_HEADERS = $(sort $(patsubst kernels/%,%,$(filter kernels/%,$(shell $(CC) -std=c11 -Ikernels -MM kernels/kernels.h))))
.PHONY: install uninstall
install: all ## install programs, library and headers of the kernels, manual pages under PREFIX; DESTDIR is honoured
	install -d $(TO)/bin $(TO)/libexec/cyclebench $(TO)/lib/pkgconfig $(TO)/share/man/man1 $(COMPLETIONS)
	install -d $(addprefix $(SHARED)/,recipes plans finders shapes notebook)
	install $(BUILD)/cyclebench $(TO)/bin/
	install $(filter-out $(BUILD)/cyclebench,$(PROGRAMS)) $(TO)/libexec/cyclebench/
	install $(BUILD)/count-marked $(TO)/libexec/cyclebench/
	install -m 644 $(BUILD)/qemu-count.so $(TO)/libexec/cyclebench/
	install -m 644 train/recipes/*.ini $(SHARED)/recipes/
	install -m 644 train/plans/*.ini $(SHARED)/plans/
	install -m 644 train/finders/*.ini $(SHARED)/finders/
	install -m 644 bench/suites/*.txt $(SHARED)/shapes/
	install -m 644 reports/notebook/*.tsv $(SHARED)/notebook/
	install -m 644 bench/peers/torch_step.py bench/score/fingerprints.txt $(SHARED)/
	cd reports/results && for file in runs/*/run.jsonl $(patsubst reports/results/%,%,$(wildcard reports/results/scores/*.json)); do install -D -m 644 $$file "$(abspath $(SHARED))/$$file" || exit 1; done
	install -m 644 $(LIBKERNELS) $(TO)/lib/libcyclebench-kernels.a
	cd kernels && for header in $(KERNEL_HEADERS); do install -D -m 644 $$header "$(abspath $(TO))/include/cyclebench-kernels/$$header" || exit 1; done
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' ci/install/cyclebench-kernels.pc.in > $(TO)/lib/pkgconfig/cyclebench-kernels.pc
	install -m 644 ci/install/cyclebench.bash $(COMPLETIONS)/cyclebench
	ci/install/man-pages $(BUILD) $(TO)/share/man/man1 $(VERSION)
uninstall: ## remove what install put under PREFIX
	rm -f $(TO)/bin/cyclebench $(TO)/lib/libcyclebench-kernels.a $(TO)/lib/pkgconfig/cyclebench-kernels.pc $(COMPLETIONS)/cyclebench $(TO)/share/man/man1/cyclebench.1 $(TO)/share/man/man1/cyclebench-*.1
	rm -rf $(TO)/libexec/cyclebench $(SHARED) $(TO)/include/cyclebench-kernels

.PHONY: clean help
clean: ## remove build/
	rm -rf build
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Variables: CC=clang  SANITIZE=1 (ASan, UBSan; build/sanitize)  TSAN=1 (with CC=clang)  WERROR=1  V=1 (show commands)  PREFIX=/usr/local  CFLAGS='-O3 -g1'"

# --- rules --------------------------------------------------------------------------------------------------------
extra_flags = $(if $(filter kernels/ref/% %_scalar.c,$(1)),$(REF_FLAGS))

ALL_FLAGS = $(CC) $(CXX) $(CXX_FLAGS) $(BASE_CFLAGS) $(CFLAGS) $(CPPFLAGS) $(SIMD_FLAGS) $(REF_FLAGS) $(INCLUDES) $(PEER_LDLIBS) $(ISA_ROWS)

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

# Headers of the benchmarks name jansson's types; a program for another architecture calls none of its functions.
JANSSON ?= /usr/include
$(BUILD)/generated/jansson.h:
	@mkdir -p $(@D)
	@ln -sf $(JANSSON)/jansson.h $(JANSSON)/jansson_config.h $(@D)/

$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/generated/Random123 $(BUILD)/generated/build_info.h $(if $(CROSS),$(BUILD)/generated/jansson.h)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(BASE_CFLAGS) $(if $(WERROR),-Werror) $(CFLAGS) $(CPPFLAGS) $(call extra_flags,$<) $(INCLUDES) -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(CXX_FLAGS) $(if $(WERROR),-Werror) $(CFLAGS) $(CPPFLAGS) $(INCLUDES) -MMD -MP -c -o $@ $<

$(BUILD)/bench/instruments/build_info.o: $(BUILD)/generated/build_info.h

# Each template:format is compiled into <template>_<format>_<isa>.o. A format is the products', then _bf16_storage where
# activations are bf16. What takes longest comes first, so that no core waits for it at the end.
KERNEL_TEMPLATES := kernels/conv/winograd:f32 kernels/conv/winograd:bf16 kernels/conv/winograd:bf16_bf16_storage \
  kernels/conv/winograd:f32_bf16_storage kernels/conv/conv:f32 kernels/conv/conv:f32_bf16_storage kernels/gemm/gemm:f32 kernels/gemm/gemm:bf16 \
  kernels/norm/norm:f32 kernels/norm/norm:f32_bf16_storage kernels/head/head:f32 kernels/head/head:f32_bf16_storage \
  kernels/update/update:f32 kernels/image/image:f32 kernels/core/ops:
INSTRUMENT_TEMPLATES := bench/instruments/ceiling:

# 1: template:format, 2: id of an instruction set
template_of = $(firstword $(subst :, ,$(1)))
format_of = $(word 2,$(subst :, ,$(1)))
# An instruction set with bf16 alone builds the formats that have it, and what has no format.
is_built = $(or $(filter all,$(word 5,$(call isa_columns,$(2)))),$(findstring bf16,$(1)),$(filter %:,$(1)))
simd_object_of = $(BUILD)/$(call template_of,$(1))$(addprefix _,$(call format_of,$(1)))_$(call isa_name,$(2)).o
simd_objects = $(foreach template,$(1),$(foreach isa,$(ISA_IDS),$(if $(call is_built,$(template),$(isa)),$(call simd_object_of,$(template),$(isa)))))
simd_macros = -DCB_ISA_SUFFIX=$(call isa_name,$(2)) $(if $(filter bf16,$(word 5,$(call isa_columns,$(2)))),-DCB_BUILDS_BF16_ONLY) \
  '-DCB_VECTORS="vec/vec_$(word 6,$(call isa_columns,$(2))).h"' '-DCB_BF16_VECTORS="vec/bf16_$(word 7,$(call isa_columns,$(2))).h"' \
  $(if $(filter bf16%,$(call format_of,$(1))),-DCB_PRODUCTS_BF16) $(if $(filter %_bf16_storage,$(call format_of,$(1))),-DCB_STORAGE_BF16)
define simd_object
$(call simd_object_of,$(1),$(2)): $(call template_of,$(1))_tmpl.c $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$(@:$(BUILD)/%=%))
	$(Q)$$(CC) $$(BASE_CFLAGS) $$(if $$(WERROR),-Werror) $$(CFLAGS) $$(CPPFLAGS) $$(SIMD_FLAGS) $(call isa_flags,$(2)) $(call simd_macros,$(1),$(2)) $$(INCLUDES) -MMD -MP -c -o $$@ $$<
endef
$(foreach template,$(KERNEL_TEMPLATES) $(INSTRUMENT_TEMPLATES),$(foreach isa,$(ISA_IDS),$(if $(call is_built,$(template),$(isa)),$(eval $(call simd_object,$(template),$(isa))))))

define library
$(BUILD)/$(1).a: $(3) $(call objects,$(2))
	@rm -f $$@
	$$(call say,AR,$$@)
	$(Q)$(if $(CROSS),$(MACHINE)-linux-gnu-)ar rcs $$@ $$^
endef
$(eval $(call library,libkernels,$(KERNEL_SRC),$(call simd_objects,$(KERNEL_TEMPLATES))))
$(eval $(call library,libinstruments,$(INSTRUMENT_SRC),$(call simd_objects,$(INSTRUMENT_TEMPLATES))))
$(eval $(call library,libtrain,$(TRAIN_SRC)))
$(eval $(call library,libtraincore,$(TRAIN_CORE_SRC)))
$(eval $(call library,libreports,$(REPORT_SRC)))
$(eval $(call library,libpages,$(PAGE_SRC)))
$(BUILD)/reports/page/assets.o: reports/page/style.css reports/page/script.js
$(eval $(call library,libregress,$(REGRESS_SRC)))
$(eval $(call library,libharness,$(HARNESS_SRC)))
$(eval $(call library,libsuites,$(SUITE_SRC)))
$(eval $(call library,libpeers,$(PEER_SRC)))
$(eval $(call library,libscore,$(SCORE_SRC)))

define program
$(BUILD)/$(basename $(notdir $(1))): $(call objects,$(1)) $(call ROOM_LIBS,$(1))
	$$(call say,LD,$$@)
	$(Q)$$(CC) $$(LDFLAGS) -o $$@ $$^ $(call ROOM_LDLIBS,$(1)) $$(LDLIBS)
endef
$(foreach src,$(PROGRAM_SRC),$(eval $(call program,$(src))))

define test_program
$(BUILD)/test/$(basename $(notdir $(1))): $(call objects,$(1)) $(call objects,$(if $(filter kernels/test/% bench/test/test_im2col.c,$(1)),$(TEST_HARNESS_SRC)) $(if $(filter train/test/%,$(1)),$(TEST_HELPER_SRC))) \
		$(call ROOM_LIBS,$(1))
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)
	$(Q)$$(CC) $$(LDFLAGS) $$(if $$(CROSS),-static) -o $$@ $$^ $(if $(filter kernels/test/%,$(1)),-lm,$(call ROOM_LDLIBS,$(1)) $$(LDLIBS) -lcmocka)
endef
$(foreach src,$(TEST_SRC),$(eval $(call test_program,$(src))))

# The benchmarks with kernels or a library that are wrong on purpose, to test that these are refused.
BENCH_REST := $(BENCH_LIBS) $(BUILD)/libpeers.a $(BUILD)/libtrain.a $(BUILD)/libinstruments.a $(LIBKERNELS)
$(BUILD)/test/wrong-kernels/cyclebench-bench: $(BUILD)/bench/cyclebench-bench.o $(BUILD)/bench/test/wrong_kernels.o $(BENCH_REST)
$(BUILD)/test/wrong-peer/cyclebench-bench: $(BUILD)/bench/cyclebench-bench.o $(BUILD)/bench/test/wrong_peer.o $(BENCH_REST)
$(BENCH_VARIANTS):
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(PEER_LDLIBS) $(BENCH_LDLIBS) $(LDLIBS)

# train_steps: the pinned steps with nothing but libkernels and the model, so that they also run under qemu.
$(BUILD)/train_steps: $(call objects,train/test/train_steps.c train/test/pinned_steps.c) $(BUILD)/libtraincore.a $(LIBKERNELS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(if $(CROSS),-static) -o $@ $^ -lm

# Under ThreadSanitizer: tests that run teams and do not take long there.
THREAD_TESTS := test_core test_norm test_head test_update test_image test_model test_loop
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

# count-marked: the cases of `cyclebench count`, with nothing but libkernels and the model, so that it also runs under qemu.
COUNT_MARKED_SRC := $(addprefix bench/count/,counted.c marked.c provider.c step_case.c) $(filter-out %/kernels.c %/step_suite.c %/torch_side.c,$(SUITE_SRC)) \
  $(addprefix bench/harness/,case.c cases.c shapes.c) $(addprefix bench/instruments/,count.c exact_marks.c exact_step.c exact_trap.c exact_ptrace.c tensors.c)
$(BUILD)/count-marked: $(call objects,$(COUNT_MARKED_SRC)) $(BUILD)/libtraincore.a $(LIBKERNELS)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) $(if $(CROSS),-static) -o $@ $^ -lm

# A plugin for qemu-user; it runs inside qemu, which brings no sanitizers.
$(BUILD)/qemu-count.so: bench/qemu/count_plugin.c $(BUILD)/flags
	$(call say,LD,$@)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(if $(WERROR),-Werror) -O2 -fPIC -shared -o $@ $<

# NEON: the kernel tests and train_steps, cross-compiled, for qemu-aarch64-static.
NEON_BUILD := $(BUILD)/aarch64
neon-tests: ## cross-compile the NEON tests into build/aarch64
	$(MAKE) --no-print-directory CROSS=1 CC=aarch64-linux-gnu-gcc BUILD=$(NEON_BUILD) \
	  $(patsubst %.c,$(NEON_BUILD)/test/%,$(notdir $(wildcard kernels/test/test_*.c))) $(NEON_BUILD)/train_steps $(NEON_BUILD)/count_loop $(NEON_BUILD)/count-marked

.PHONY: FORCE
FORCE:
# A source that an older build knew, and that is no more.
%.c: ;
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
