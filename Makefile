# validate: `make help` lists the targets.

MODE ?= rel
B := build/$(MODE)

DESTDIR ?=
PREFIX ?= /usr/local

PKG_CONFIG ?= pkg-config
export PKG_CONFIG
# Older ones (before 16) do not heed returns_nonnull and take every failed call for a successful one.
CLANG_TIDY ?= clang-tidy-19
# Has libFuzzer.
FUZZ_CC ?= clang-19
# Guests for AArch64 are made with it.
A64_CC ?= aarch64-linux-gnu-gcc

# What each job needs from the system, as testdata/bin/deps.sh takes it: a probe and Debian's package.
build_needs := command/pkg-config:pkg-config module/capstone:libcapstone-dev module/unicorn:libunicorn-dev \
	module/jansson:libjansson-dev module/nettle:nettle-dev module/libelf:libelf-dev module/expat:libexpat1-dev \
	module/liblzma:liblzma-dev module/libzstd:libzstd-dev module/libseccomp:libseccomp-dev
test_needs := module/check:check module/mpfr:libmpfr-dev
a64_needs := command/$(A64_CC):gcc-aarch64-linux-gnu libc/$(A64_CC):libc6-dev-arm64-cross
check_needs := $(build_needs) $(test_needs) command/qemu-x86_64:qemu-user command/busybox:busybox-static \
	command/strace:strace command/gdb:gdb command/gdbserver:gdbserver command/jq:jq \
	command/jsonschema:python3-jsonschema command/xz:xz-utils command/pgrep:procps command/groff:groff-base $(a64_needs)
# What a part of the tests alone needs: without it that part is skipped. CI has all.
ci_needs := command/chromium:chromium python/yaml:python3-yaml command//usr/sbin/munged:munge \
	command//usr/sbin/slurmctld:slurmctld command//usr/sbin/slurmd:slurmd command/sbatch:slurm-client
demo_needs := $(build_needs) command/qemu-x86_64:qemu-user $(a64_needs)
bench_needs := $(demo_needs) command/gdb:gdb
fuzz_needs := $(demo_needs) command/gdb:gdb command/$(FUZZ_CC):$(FUZZ_CC) \
	fuzzer/$(FUZZ_CC):$(FUZZ_CC:clang%=libclang-rt%)-dev
lint_needs := $(build_needs) $(test_needs) command/clang-format:clang-format command/$(CLANG_TIDY):$(CLANG_TIDY) \
	command/shellcheck:shellcheck

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
	-Wcast-qual -Wcast-align -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference \
	-Wredundant-decls -Wnested-externs
gcc_warnings := -Wlogical-op -Wduplicated-cond -Wcast-align=strict
ifneq ($(CI),)
warnings += -Werror
endif

# -U first: some compilers define it themselves.
flags_rel := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
flags_dbg := -O0 -g -DVALIDATE_DEBUG
flags_asan := -O1 -g -DVALIDATE_DEBUG -fsanitize=address -fno-omit-frame-pointer
flags_ubsan := -O1 -g -DVALIDATE_DEBUG -fsanitize=undefined -fno-sanitize-recover=all
flags_cov := -O0 -g --coverage
# For the fuzzers alone, by FUZZ_CC.
flags_fuzz := -O1 -g -DVALIDATE_DEBUG -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
ifeq ($(MODE),fuzz)
CC := $(FUZZ_CC)
endif
mode_flags := $(flags_$(MODE))
ifeq ($(mode_flags),)
$(error MODE=$(MODE): one of rel dbg asan ubsan cov)
endif

# ---- Asked of the system once, and only by rules that compile: pkg-config may be yet to be installed ----

# The name of a variable, and how to get its value: $(call once,NAME,$(shell ..)) within the definition of NAME.
once = $(eval $1 := $2)$($1)
modules = $(foreach need,$(filter module/%,$1),$(patsubst module/%,%,$(firstword $(subst :, ,$(need)))))
ask = $(shell $(PKG_CONFIG) $1 $(call modules,$2) 2>/dev/null)$(if $(filter-out 0,$(.SHELLSTATUS)),$(call lacking,$2))
lacking = $(error Missing: $(shell testdata/bin/deps.sh missing $1). Run `make deps`, or install them by hand)

build_cflags = $(call once,build_cflags,$(call ask,--cflags,$(build_needs)))
build_libs = $(call once,build_libs,$(call ask,--libs,$(build_needs)))
test_cflags = $(call once,test_cflags,$(call ask,--cflags,$(test_needs)))
test_libs = $(call once,test_libs,$(call ask,--libs,$(test_needs)))
cc_warnings = $(call once,cc_warnings,$(warnings) $(if $(shell $(CC) --version | grep clang),,$(gcc_warnings)))

CFLAGS ?=
language := -std=c11 -D_GNU_SOURCE -iquote .
compile = $(CC) $(language) $(cc_warnings) $(mode_flags) $(build_cflags) $(extra_cflags) $(CPPFLAGS) $(CFLAGS)
link = $(CC) $(mode_flags) $(CFLAGS) $(LDFLAGS) -o $@ $^

# A rule's command is shown by its name and file; V=1 shows all of it.
V ?=
say = $(if $V,,@printf '%-6s %s\n' $1 $2;)

# ---- Found by wildcard ----

sources := $(wildcard lib/*/*.c lib/*/*/*.c arch/*.c arch/*/*.c)
headers := $(wildcard lib/*/*.h lib/*/*/*.h arch/*.h arch/*/*.h cmd/*/*.h)
test_sources := $(filter %_test.c,$(sources))
testing_sources := $(filter-out %_test.c,$(filter lib/testing/%,$(sources)))
lib_sources := $(filter-out $(test_sources) $(testing_sources),$(sources))
cmd_sources := $(wildcard cmd/validate/*.c)
guest_sources := $(wildcard testdata/guests/*.c testdata/guests/*.S)
a64_guest_sources := $(shell grep -l 'guest-archs:.*aarch64' $(guest_sources))
bench_sources := $(wildcard testdata/bench/*.c)
helper_sources := $(wildcard testdata/helpers/*.c testdata/soak/*.c)
# What fuzzers share is called mutate_*.c.
fuzz_sources := $(wildcard testdata/fuzz/*.c)

lib_objects := $(lib_sources:%.c=$B/%.o)
testing_objects := $(testing_sources:%.c=$B/%.o)
test_objects := $(test_sources:%.c=$B/%.o)
cmd_objects := $(cmd_sources:%.c=$B/%.o)
bench_objects := $(bench_sources:%.c=$B/%.o)
helper_objects := $(helper_sources:%.c=$B/%.o)
fuzz_objects := $(fuzz_sources:%.c=$B/%.o)
objects := $(lib_objects) $(testing_objects) $(test_objects) $(cmd_objects) $(bench_objects) $(helper_objects) \
	$(fuzz_objects)

tests := $(test_objects:%.o=%)
test_scripts := $(filter-out $(if $(filter asan,$(MODE)),,%/fuzz.sh),$(wildcard testdata/tests/*.sh))
native_guest_sources := $(filter-out testdata/guests/a64%,$(guest_sources))
guests := $(patsubst testdata/guests/%,$B/guests/%,$(basename $(native_guest_sources)))
a64_guests := $(patsubst testdata/guests/%,$B/guests/aarch64/%,$(basename $(a64_guest_sources)))
benches := $(bench_objects:%.o=%)
helpers := $(helper_objects:%.o=%)
fuzz_shared := $(patsubst %.c,$B/%.o,$(wildcard testdata/fuzz/mutate_*.c))
fuzzers := $(patsubst %.o,%,$(filter-out $(fuzz_shared),$(fuzz_objects)))
bench_scripts := $(wildcard testdata/bench/*.sh)

.PHONY: all
all: $B/validate ## build/rel/validate (the default)

$B/validate: $(cmd_objects) $B/libvalidate.a
	$(call say,LINK,$@)$(link) $(build_libs) -lpthread -lm

$B/libvalidate.a: $(lib_objects)
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

$(test_objects) $(testing_objects): extra_cflags = $(test_cflags)

$(objects): $B/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(compile) -MMD -MP -c -o $@ $<

.PHONY: tests
tests: $(tests)

$(tests): %: %.o $(testing_objects) $B/libvalidate.a
	$(call say,LINK,$@)$(link) $(test_libs) $(build_libs) -lpthread -lm

$(benches) $(helpers): %: %.o $B/libvalidate.a
	$(call say,LINK,$@)$(link) $(build_libs) -lpthread -lm

$(fuzzers): %: %.o $(fuzz_shared) $B/libvalidate.a
	$(call say,LINK,$@)$(link) -fsanitize=fuzzer $(build_libs) -lpthread -lm

# A guest is one static file without libvalidate. A line "guest-flags: FLAGS" in its source adds to the command.
guest_flags = -static -O1 -g -iquote . -Wall -Wextra $(shell sed -n 's/.*guest-flags: *\([^*]*\).*/\1/p' $<)

.PHONY: guests
guests: $(guests) $(a64_guests)

$B/guests/aarch64/%: testdata/guests/%.c
	@mkdir -p $(@D)
	$(call say,GUEST,$@)$(A64_CC) $(guest_flags) -MMD -MP -MF $@.d -o $@ $<

$B/guests/%: testdata/guests/%.c
	@mkdir -p $(@D)
	$(call say,GUEST,$<)$(CC) $(guest_flags) -MMD -MP -MF $@.d -o $@ $<

$B/guests/%: testdata/guests/%.S
	@mkdir -p $(@D)
	$(call say,GUEST,$<)$(CC) $(guest_flags) -MMD -MP -MF $@.d -o $@ $<

# ---- Set-up. The targets that people type install what is missing and start over; the run-* targets do the work ----

deps = @testdata/bin/deps.sh install
# Without them their tests are skipped.
arm64_packages := busybox-static coreutils libc6 libselinux1 libpcre2-8-0 lua5.4 gawk sqlite3 bc perl-base \
	python3.11-minimal libpython3.11-minimal xz-utils openssl libreadline8 libtinfo6 libgmp10 libmpfr6 libsigsegv2 \
	libsqlite3-0 zlib1g libcrypt1 libexpat1 liblzma5 libssl3
arm64_programs = @testdata/bin/foreign.sh arm64 build/arm64 $(arm64_packages) || true
jobs = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
again = @+$(MAKE) --no-print-directory $(jobs)

.PHONY: deps
deps: ## install what building, testing and lint need (apt-get, as root or through sudo)
	$(deps) $(sort $(check_needs) $(demo_needs) $(bench_needs) $(fuzz_needs) $(lint_needs))

.PHONY: check run-check
check: ## install what is missing, build, run all tests
	$(deps) $(check_needs)
	$(if $(CI),$(deps) $(ci_needs) || true)
	$(arm64_programs)
	$(again) run-check

# Limits against a hang, for a busy machine. Sanitizers and coverage counters make programs slower. VALIDATE_CHECK_LONG=1
# adds what takes minutes.
test_seconds := $(if $(VALIDATE_CHECK_LONG),7200,$(if $(filter rel dbg,$(MODE)),1200,3600))

# Programs that test scripts run.
.PHONY: helpers
helpers: $(helpers)

run-check: all tests guests helpers $(if $(filter asan,$(MODE)),fuzzers-if-possible)
	@BUILD=$B VALIDATE=$B/validate TEST_SECONDS=$(test_seconds) \
		testdata/bin/run-tests.sh $(tests) $(test_scripts)

.PHONY: fuzz run-fuzz fuzzers fuzzers-if-possible
fuzz: ## install what is missing, fuzz each reader of files and packets for FUZZ_SECONDS (60); crashes stay in build/fuzz
	$(deps) $(fuzz_needs)
	$(again) run-fuzz

run-fuzz: all guests helpers
	@+$(MAKE) --no-print-directory MODE=fuzz fuzzers
	@BUILD=$B VALIDATE=$B/validate FUZZ_SECONDS=$${FUZZ_SECONDS:-60} testdata/bin/fuzz.sh
	@BUILD=$B VALIDATE=build/fuzz/validate FUZZ_SECONDS=$${FUZZ_SECONDS:-60} testdata/bin/fuzz-remote.sh 0 $$$$

fuzzers: $(fuzzers) $B/validate

# The sanitizers' check takes the fuzzers along where their compiler is; else testdata/tests/fuzz.sh says why not.
fuzzers-if-possible:
	@+[ -n "$$(testdata/bin/deps.sh missing $(fuzz_needs))" ] || $(MAKE) --no-print-directory MODE=fuzz fuzzers

.PHONY: demo run-demo
demo: ## install what is missing, build, record and validate a guest: ends with the report of a real bug of QEMU
	$(deps) $(demo_needs)
	$(again) run-demo

run-demo: all $B/guests/bmi $B/guests/aarch64/loop
	@BUILD=$B VALIDATE=$B/validate testdata/bin/demo.sh

.PHONY: bench run-bench
bench: ## install what is missing, build, run the benchmarks
	$(deps) $(bench_needs)
	$(again) run-bench

run-bench: all guests $(benches)
	@for bench in $(filter-out %/gdb_step.sh,$(bench_scripts)); do \
		echo "==== $$bench"; BUILD=$B VALIDATE=$B/validate $$bench || exit 1; \
	done

.PHONY: soak run-soak
soak: ## install what is missing, judge random and other programs on every emulator found, for SECONDS (60)
	$(deps) $(check_needs)
	$(again) run-soak

run-soak: all guests helpers
	@BUILD=$B VALIDATE=$B/validate SOAK_SECONDS=$(or $(SECONDS),60) testdata/bin/soak.sh

.PHONY: fp-long run-fp-long
fp-long: ## install what is missing, compare soft floating point with this processor and others, CASES (10000000) an operation
	$(deps) $(check_needs)
	$(again) run-fp-long

run-fp-long: $(filter $B/lib/fp/%,$(tests)) $B/guests/aarch64/a64fpu
	@for test in $(filter $B/lib/fp/%,$^); do \
		echo "==== $$test"; BUILD=$B VALIDATE_FP_CASES=$(or $(CASES),10000000) $$test || [ $$? = 77 ] || exit 1; \
	done

.PHONY: known run-known
known: ## install what is missing, run the guests of testdata/known on every QEMU found, print who has which fault
	$(deps) $(check_needs)
	$(again) run-known

run-known: all
	@BUILD=$B VALIDATE=$B/validate testdata/bin/known.sh table

# ---- Checks of the source ----

c_files := $(sort $(sources) $(headers) $(cmd_sources) $(bench_sources) $(wildcard testdata/*/*.[ch]))
scripts := .ci/run $(wildcard testdata/*/*.sh)
tidy_files := $(filter-out $(filter testdata/guests/%,$(c_files)),$(filter %.c,$(c_files)))

.PHONY: check-layers
check-layers: ## prove from the #include lines that layers point one way
	testdata/bin/check-layers.sh

.PHONY: check-headers
check-headers: $(headers:%=$B/%.ok) ## compile each header alone

$B/%.h.ok: %.h
	@mkdir -p $(@D)
	$(call say,HEADER,$<)$(compile) $(test_cflags) -fsyntax-only -MMD -MP -MF $@.d -MT $@ -include $< -x c /dev/null
	@touch $@

.PHONY: lint run-lint lint-format lint-tidy lint-scripts
lint: ## clang-format (check only), clang-tidy, headers, shellcheck
	$(deps) $(lint_needs)
	$(again) -k run-lint

run-lint: lint-format lint-tidy lint-scripts check-headers

lint-format:
	$(call say,FORMAT,.)clang-format --dry-run -Werror $(c_files)

lint-scripts:
	$(call say,SHELL,.)shellcheck -x $(scripts)

lint-tidy: $(tidy_files:%=$B/%.tidy)

# The analyzer takes minutes for the many branches of libcheck's assertions; tests run under the sanitizers instead.
tidy = $(CLANG_TIDY) --quiet $(if $(filter %_test.c,$<),--checks=-clang-analyzer-*) $< -- $(language) $(warnings) -Werror \
	$(build_cflags) $(test_cflags)

$B/%.c.tidy: %.c .clang-tidy
	@mkdir -p $(@D)
	$(call say,TIDY,$<)messages=$$($(tidy) 2>&1) || { echo "$$messages"; exit 1; }
	@$(CC) $(language) $(build_cflags) $(test_cflags) -MM -MP -MF $@.d -MT $@ $<
	@touch $@

# ---- The rest ----

man_pages := $(notdir $(wildcard cmd/validate/*.[1-8]))
man := $(DESTDIR)$(PREFIX)/share/man/man

.PHONY: install uninstall
install: all ## to $(DESTDIR)$(PREFIX)
	install -D -m 755 $B/validate $(DESTDIR)$(PREFIX)/bin/validate
	for page in $(man_pages); do \
		install -D -m 644 "cmd/validate/$$page" "$(man)$${page##*.}/$$page" || exit 1; \
	done

uninstall: ## from $(DESTDIR)$(PREFIX)
	rm -f $(DESTDIR)$(PREFIX)/bin/validate
	for page in $(man_pages); do rm -f "$(man)$${page##*.}/$$page"; done

.PHONY: clean
clean: ## remove build/
	rm -rf build

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1	\2/p' Makefile | expand -t 16
	@echo 'MODE=rel|dbg|asan|ubsan|cov chooses the build, in build/MODE; CI=1 makes warnings errors; V=1 shows commands.'

-include $(objects:.o=.d) $(guests:%=%.d) $(headers:%=$B/%.ok.d) $(tidy_files:%=$B/%.tidy.d)
