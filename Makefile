# validate: `make help` lists the targets.

MODE ?= rel
B := build/$(MODE)

PREFIX ?= /usr/local
DESTDIR ?=

CC ?= gcc
PKG_CONFIG ?= pkg-config
PACKAGES := capstone unicorn jansson nettle libelf
TEST_PACKAGES := check

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough -Wnull-dereference
ifdef CI
warnings += -Werror
endif

flags_rel := -O2 -g
flags_dbg := -O0 -g -DVALIDATE_DEBUG
flags_asan := -O1 -g -DVALIDATE_DEBUG -fsanitize=address -fno-omit-frame-pointer
flags_ubsan := -O1 -g -DVALIDATE_DEBUG -fsanitize=undefined -fno-sanitize-recover=all
flags_cov := -O0 -g --coverage
mode_flags := $(flags_$(MODE))
ifeq ($(mode_flags),)
$(error MODE=$(MODE): one of rel dbg asan ubsan cov)
endif

CFLAGS ?=
all_cflags = -std=c11 -D_GNU_SOURCE -iquote . $(warnings) $(mode_flags) $(shell $(PKG_CONFIG) --cflags $(PACKAGES)) $(CFLAGS)
libs = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lpthread
test_libs = $(shell $(PKG_CONFIG) --libs $(TEST_PACKAGES))
# Asked once, and only by rules that compile.
all_cflags := $(all_cflags)
libs := $(libs)

sources := $(wildcard lib/*/*.c lib/*/*/*.c arch/*.c arch/*/*.c)
test_sources := $(filter %_test.c,$(sources))
testing_sources := $(filter-out %_test.c,$(filter lib/testing/%,$(sources)))
lib_sources := $(filter-out $(test_sources) $(testing_sources),$(sources))
cmd_sources := $(wildcard cmd/validate/*.c)
headers := $(wildcard lib/*/*.h lib/*/*/*.h arch/*.h arch/*/*.h cmd/validate/*.h)

lib_objects := $(lib_sources:%.c=$B/%.o)
cmd_objects := $(cmd_sources:%.c=$B/%.o)
testing_objects := $(testing_sources:%.c=$B/%.o)
tests := $(test_sources:%.c=$B/%)

.PHONY: all
all: $(if $(cmd_sources),$B/validate,$B/libvalidate.a)

$B/validate: $(cmd_objects) $B/libvalidate.a
	$(CC) $(mode_flags) $(LDFLAGS) -o $@ $^ $(libs)

$B/libvalidate.a: $(lib_objects)
	rm -f $@
	$(AR) rcs $@ $^

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(all_cflags) -MMD -MP -c -o $@ $<

.PHONY: tests
tests: $(tests)

$(tests): $B/%: $B/%.o $(testing_objects) $B/libvalidate.a
	$(CC) $(mode_flags) $(LDFLAGS) -o $@ $^ $(test_libs) $(libs)

.PRECIOUS: $B/%.o

.PHONY: clean
clean:
	rm -rf build

-include $(wildcard $B/*/*/*.d $B/*/*/*/*.d)
