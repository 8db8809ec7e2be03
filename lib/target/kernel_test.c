/* The calls of the embedded kernel against those of the real one, which makes the same on memory of this process. */
#include "lib/target/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/testing/assert.h"

/* Where nothing else is, in this process and under the sanitizers. */
#define BASE UINT64_C(0x200000000000)
enum { PAGES = 24, ROUNDS = 4000 };

static const struct isa *isa;
static struct kernel kernel;

/* An engine that only checks what it is told. */
static unsigned shown;

static struct error *engine_map(void *ctx, uint64_t start, uint64_t len, int prot, void *host)
{
	(void)ctx;
	ck_assert(prot && host && len && start % SPACE_PAGE == 0 && len % SPACE_PAGE == 0);
	shown++;
	return NULL;
}

static struct error *engine_unmap(void *ctx, uint64_t start, uint64_t len)
{
	int prot;

	(void)ctx;
	ck_assert(space_rights(kernel.space, start, &prot) && space_mapped(kernel.space, start, len) == len);
	ck_assert_uint_gt(shown, 0);
	shown--;
	return NULL;
}

static struct error *engine_changed(void *ctx, uint64_t start, uint64_t len)
{
	int prot;

	(void)ctx;
	ck_assert(len && space_rights(kernel.space, start, &prot) && prot & PROT_EXEC);
	return NULL;
}

static void setup(void)
{
	const struct space_engine engine = {NULL, engine_map, engine_unmap, engine_changed};

	shown = 0;
	kernel = (struct kernel){.isa = isa, .heap = BASE, .brk = BASE, .map_top = SPACE_END};
	ck_no_error(space_create(&engine, &kernel.space));
}

static void teardown(void)
{
	space_destroy(kernel.space);
}

/* ---- The same call to both ---- */

static int64_t call(const char *name, const uint64_t arg[6])
{
	struct kernel_result result;
	struct state s;
	uint32_t i = 0;

	ck_no_error(state_init(&s, isa));
	while (strcmp(isa->sys.table[i].name, name) != 0)
		i++;
	state_set(&s, isa->sys.number, isa->sys.table[i].number);
	for (unsigned k = 0; k < 6; k++)
		state_set(&s, isa->sys.arg[k], arg[k]);
	ck_no_error(kernel_call(&kernel, &s, &result));
	int64_t ret = (int64_t)state_get(&s, isa->sys.result);
	state_deinit(&s);
	return ret;
}

static int64_t real_call(long number, const uint64_t arg[6])
{
	long ret = syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);

	return ret == -1 ? -errno : ret;
}

static void both(const char *name, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	const uint64_t arg[6] = {a, b, c, d, e, 0};
	int64_t real = real_call(number, arg), ours = call(name, arg);

	ck_assert_msg(real == ours, "%s(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx): %ld, the kernel says %ld", name, a, b, c, d,
		      e, ours, real);
}

static bool real_read(uint64_t address, void *ret, size_t len)
{
	struct iovec local = {ret, len}, remote = {(void *)(uintptr_t)address, len};

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len;
}

/* Every page is there or not, readable or not, and has the same contents. */
static void compare_pages(void)
{
	for (uint64_t at = BASE; at < BASE + PAGES * SPACE_PAGE; at += SPACE_PAGE) {
		static uint8_t ours[SPACE_PAGE], real[SPACE_PAGE];
		bool there = syscall(SYS_msync, at, SPACE_PAGE, MS_ASYNC) == 0;

		ck_assert_msg(there == !space_is_free(kernel.space, at, SPACE_PAGE), "page 0x%lx", at);
		bool readable = real_read(at, real, sizeof real);
		size_t got = space_read(kernel.space, at, ours, sizeof ours);
		ck_assert_msg(got == (readable ? sizeof ours : 0), "page 0x%lx: %zu bytes", at, got);
		if (readable)
			ck_bytes(ours, real, sizeof ours);
	}
}

/* Marks a page, if it can be written. */
static void mark(uint64_t address, uint64_t value)
{
	int prot;

	if (!space_rights(kernel.space, address, &prot) || !(prot & PROT_WRITE) ||
	    space_is_beyond(kernel.space, address))
		return;
	ck_no_error(space_write(kernel.space, address, &value, sizeof value));
	memcpy((void *)(uintptr_t)address, &value, sizeof value);
}

static uint64_t pick(struct rng *rng, const uint64_t *from, size_t num)
{
	return from[rng_next(rng) % num];
}

/* Random calls on a few pages. */
START_TEST(random_calls)
{
	static const uint64_t prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC, 0x80};
	static const uint64_t fixed[] = {MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE};
	struct rng rng = {12345};

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t from = rng_below(&rng, PAGES), most = PAGES - from;
		uint64_t start = BASE + from * SPACE_PAGE, len = rng_next(&rng) % (most * SPACE_PAGE + 1);
		uint64_t prot = pick(&rng, prots, sizeof prots / sizeof prots[0]);

		if (rng_next(&rng) % 64 == 0)
			start += 8;
		switch (rng_next(&rng) % 5) {
		case 0:
		case 1:
			/* The real kernel does not look at bits of prot that it does not know here, ours has none. */
			both("mmap", SYS_mmap, start, len, prot & 7, MAP_PRIVATE | MAP_ANONYMOUS | pick(&rng, fixed, 3),
			     UINT64_MAX);
			break;
		case 2: both("munmap", SYS_munmap, start, len, 0, 0, 0); break;
		case 3: both("mprotect", SYS_mprotect, start, len, prot, 0, 0); break;
		default: both("madvise", SYS_madvise, start, len, MADV_DONTNEED, 0, 0); break;
		}
		mark(BASE + rng_next(&rng) % PAGES * SPACE_PAGE, rng_next(&rng));
		compare_pages();
	}
}
END_TEST

static uint64_t page(uint64_t n)
{
	return BASE + n * SPACE_PAGE;
}

/* ---- Files in memory ---- */

enum { FILES = 2, FILE_PAGES = 6 };

static int real_fd[FILES];
static int64_t our_fd[FILES];

static void make_files(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		real_fd[i] = memfd_create("file", 0);
		ck_assert_int_ge(real_fd[i], 0);
		our_fd[i] = call("memfd_create", (uint64_t[6]){0});
		ck_assert_int_gt(our_fd[i], 0);
	}
}

/* A call on a file: its descriptor is argument `where`. */
static void both_on_file(const char *name, long number, unsigned where, unsigned file, const uint64_t arg[6])
{
	uint64_t real_arg[6], our_arg[6];

	memcpy(real_arg, arg, sizeof real_arg);
	memcpy(our_arg, arg, sizeof our_arg);
	real_arg[where] = (uint64_t)real_fd[file];
	our_arg[where] = (uint64_t)our_fd[file];
	int64_t real = real_call(number, real_arg), ours = call(name, our_arg);
	ck_assert_msg(real == ours, "%s(0x%lx, 0x%lx, 0x%lx, 0x%lx, .., 0x%lx): %ld, the kernel says %ld", name, arg[0],
		      arg[1], arg[2], arg[3], arg[5], ours, real);
}

static void file_call(struct rng *rng, uint64_t start, uint64_t len)
{
	static const uint64_t prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE};
	unsigned file = (unsigned)rng_below(rng, FILES);
	uint64_t offset = rng_below(rng, FILE_PAGES) * SPACE_PAGE;
	uint64_t to = BASE + rng_below(rng, PAGES) * SPACE_PAGE;

	switch (rng_next(rng) % 8) {
	case 0:
	case 1:
	case 2:
		both_on_file("mmap", SYS_mmap, 4, file,
			     (uint64_t[6]){start, len, pick(rng, prots, 4),
					   MAP_FIXED | (rng_next(rng) % 2 ? MAP_SHARED : MAP_PRIVATE), 0,
					   offset + (rng_next(rng) % 16 == 0)});
		break;
	case 3:
		both_on_file("ftruncate", SYS_ftruncate, 0, file,
			     (uint64_t[6]){0, rng_below(rng, FILE_PAGES * SPACE_PAGE)});
		break;
	case 4: both("munmap", SYS_munmap, start, len, 0, 0, 0); break;
	case 5: both("madvise", SYS_madvise, start, len, MADV_DONTNEED, 0, 0); break;
	case 6:
		both_on_file("fallocate", SYS_fallocate, 0, file,
			     (uint64_t[6]){0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, len});
		break;
	default:
		/* One page: what is remapped is one mapping. */
		if (to != start)
			both("mremap", SYS_mremap, start, SPACE_PAGE, SPACE_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	}
}

/* Random calls on mappings of files, shared and private, and stores: each view has what the kernel's has. */
START_TEST(random_files)
{
	struct rng rng = {777};

	make_files();
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t from = rng_below(&rng, PAGES), most = rng_below(&rng, PAGES - from) + 1;
		if (most > FILE_PAGES)
			most = FILE_PAGES;
		file_call(&rng, BASE + from * SPACE_PAGE, rng_next(&rng) % (most * SPACE_PAGE) + 1);
		for (unsigned k = 0; k < 3; k++)
			mark(BASE + rng_next(&rng) % PAGES * SPACE_PAGE + 8 * (rng_next(&rng) % 512), rng_next(&rng));
		compare_pages();
	}
	for (unsigned i = 0; i < FILES; i++)
		close(real_fd[i]);
}
END_TEST

START_TEST(remapped_files_grow)
{
	make_files();
	both_on_file("ftruncate", SYS_ftruncate, 0, 0, (uint64_t[6]){0, 3 * SPACE_PAGE + 5});
	both_on_file("mmap", SYS_mmap, 4, 0, (uint64_t[6]){page(1), 100, 3, MAP_SHARED | MAP_FIXED, 0, SPACE_PAGE});
	both_on_file("mmap", SYS_mmap, 4, 0, (uint64_t[6]){page(12), 4 * SPACE_PAGE, 1, MAP_SHARED | MAP_FIXED, 0, 0});
	both("mremap", SYS_mremap, page(1), SPACE_PAGE, 5 * SPACE_PAGE, 0, 0);
	for (uint64_t i = 1; i < 4; i++)
		mark(page(i), i);
	compare_pages();
	both("mremap", SYS_mremap, page(1), 5 * SPACE_PAGE, 6 * SPACE_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page(17));
	mark(page(18), 12);
	compare_pages();
	both_on_file("ftruncate", SYS_ftruncate, 0, 0, (uint64_t[6]){0, SPACE_PAGE + 1});
	compare_pages();
	ck_assert(space_is_beyond(kernel.space, page(14)) && !space_is_beyond(kernel.space, page(13)));
	ck_assert_int_eq(call("ftruncate", (uint64_t[6]){99, 0}), -EBADF);
	ck_assert_int_eq(call("mmap", (uint64_t[6]){page(1), 100, 3, MAP_SHARED, 99, 0}), -EBADF);
}
END_TEST

START_TEST(remapping)
{
	const uint64_t kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, both_ways = MREMAP_MAYMOVE | MREMAP_FIXED;

	both("mmap", SYS_mmap, page(2), 3 * SPACE_PAGE, PROT_READ | PROT_WRITE, kind, UINT64_MAX);
	for (uint64_t i = 2; i < 5; i++)
		mark(page(i), 0x1111 * i);
	both("mremap", SYS_mremap, page(2), 3 * SPACE_PAGE, 5 * SPACE_PAGE, 0, 0);
	mark(page(6), 77);
	compare_pages();
	both("mremap", SYS_mremap, page(2), 5 * SPACE_PAGE, 4 * SPACE_PAGE, MREMAP_MAYMOVE, 0);
	compare_pages();
	both("mremap", SYS_mremap, page(2), 4 * SPACE_PAGE, 6 * SPACE_PAGE, both_ways, page(10));
	compare_pages();
	both("mremap", SYS_mremap, page(10), 6 * SPACE_PAGE, 2 * SPACE_PAGE, both_ways, page(1));
	compare_pages();
	both("mmap", SYS_mmap, page(3), SPACE_PAGE, PROT_READ, kind, UINT64_MAX);
	both("mremap", SYS_mremap, page(1), 2 * SPACE_PAGE, 3 * SPACE_PAGE, 0, 0);
	both("mremap", SYS_mremap, page(1), 2 * SPACE_PAGE, 2 * SPACE_PAGE, both_ways, page(2));
	both("mremap", SYS_mremap, page(20), SPACE_PAGE, 2 * SPACE_PAGE, MREMAP_MAYMOVE, 0);
	both("mremap", SYS_mremap, page(1), SPACE_PAGE, 0, MREMAP_MAYMOVE, 0);
	both("mremap", SYS_mremap, page(1) + 1, SPACE_PAGE, SPACE_PAGE, MREMAP_MAYMOVE, 0);
	compare_pages();
	/* A part of a map, with more of it behind. */
	both("mmap", SYS_mmap, page(10), 4 * SPACE_PAGE, PROT_READ | PROT_WRITE, kind, UINT64_MAX);
	for (uint64_t i = 10; i < 14; i++)
		mark(page(i), 0x1111 * i);
	both("mremap", SYS_mremap, page(11), SPACE_PAGE, 3 * SPACE_PAGE, both_ways, page(15));
	mark(page(17), 78);
	compare_pages();
}
END_TEST

/* Where there is no place to grow, the map moves, with its contents. */
START_TEST(remap_moves)
{
	const uint64_t kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	uint64_t value = 0;

	ck_assert_int_eq(call("mmap", (uint64_t[6]){page(0), 2 * SPACE_PAGE, 3, kind}), (int64_t)page(0));
	ck_no_error(space_write(kernel.space, page(1), "12345678", 8));
	ck_no_error(space_protect(kernel.space, page(1), SPACE_PAGE, PROT_READ));
	int64_t to = call("mremap", (uint64_t[6]){page(0), SPACE_PAGE, 4 * SPACE_PAGE, MREMAP_MAYMOVE});
	ck_assert_int_gt(to, 0);
	ck_assert(space_is_free(kernel.space, page(0), SPACE_PAGE));
	ck_assert_uint_eq(space_mapped(kernel.space, (uint64_t)to, 5 * SPACE_PAGE), 4 * SPACE_PAGE);
	ck_assert_uint_eq(space_read(kernel.space, page(1), &value, 8), 8);
	ck_bytes(&value, "12345678", 8);
	ck_assert_int_eq(call("mremap", (uint64_t[6]){page(1), SPACE_PAGE, UINT64_C(1) << 47, 0}), -ENOMEM);
}
END_TEST

START_TEST(heap)
{
	ck_assert_int_eq(call("brk", (uint64_t[6]){0}), (int64_t)BASE);
	ck_assert_int_eq(call("brk", (uint64_t[6]){BASE + 100}), (int64_t)BASE + 100);
	ck_assert_uint_eq(space_mapped(kernel.space, BASE, 2 * SPACE_PAGE), SPACE_PAGE);
	ck_assert_int_eq(call("brk", (uint64_t[6]){page(3)}), (int64_t)page(3));
	ck_assert_int_eq(call("brk", (uint64_t[6]){BASE - 1}), (int64_t)page(3));
	ck_no_error(space_map(kernel.space, page(4), SPACE_PAGE, PROT_READ));
	ck_assert_int_eq(call("brk", (uint64_t[6]){page(4) + 1}), (int64_t)page(3));
	ck_assert_int_eq(call("brk", (uint64_t[6]){page(1)}), (int64_t)page(1));
	ck_assert(space_is_free(kernel.space, page(1), 3 * SPACE_PAGE));
}
END_TEST

/* Maps without an address: the hint if it is free, else the highest place. */
START_TEST(placement)
{
	const uint64_t kind = MAP_PRIVATE | MAP_ANONYMOUS;

	kernel.map_top = page(10);
	ck_assert_int_eq(call("mmap", (uint64_t[6]){0, SPACE_PAGE, 3, kind}), (int64_t)page(9));
	ck_assert_int_eq(call("mmap", (uint64_t[6]){0, 1, 3, kind}), (int64_t)page(8));
	ck_assert_int_eq(call("mmap", (uint64_t[6]){page(4) + 1, 1, 3, kind}), (int64_t)page(5));
	ck_assert_int_eq(call("mmap", (uint64_t[6]){page(5), 1, 3, kind}), (int64_t)page(7));
	ck_assert_int_eq(call("mmap", (uint64_t[6]){0, 2 * SPACE_PAGE, 3, kind}), (int64_t)page(3));
	ck_assert_int_eq(call("munmap", (uint64_t[6]){page(8), SPACE_PAGE}), 0);
	ck_assert_int_eq(call("mmap", (uint64_t[6]){page(9), SPACE_PAGE, 3, kind}), (int64_t)page(8));
	ck_assert_int_eq(call("mmap", (uint64_t[6]){0, SPACE_END + SPACE_PAGE, 3, kind}), -ENOMEM);
}
END_TEST

START_TEST(unknown_calls)
{
	struct kernel_result result;
	struct state s;

	ck_no_error(state_init(&s, isa));
	state_set(&s, isa->sys.number, SYS_getpid);
	ck_error(kernel_call(&kernel, &s, &result), ERROR_UNSUPPORTED, "getpid (39)");
	state_set(&s, isa->sys.number, 100000);
	ck_error(kernel_call(&kernel, &s, &result), ERROR_UNSUPPORTED, "? (100000)");
	state_set(&s, isa->sys.number, SYS_arch_prctl);
	state_set(&s, isa->sys.arg[0], 0x3001);
	ck_error(kernel_call(&kernel, &s, &result), ERROR_UNSUPPORTED, "arch_prctl 0x3001");
	state_set(&s, isa->sys.number, SYS_exit_group);
	state_set(&s, isa->sys.arg[0], 0x107);
	ck_no_error(kernel_call(&kernel, &s, &result));
	ck_assert(result.exited);
	ck_assert_int_eq(result.status, 7);
	state_deinit(&s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("kernel");
	TCase *t = tcase_create("calls");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, random_calls);
	tcase_add_test(t, random_files);
	tcase_add_test(t, remapped_files_grow);
	tcase_add_test(t, remapping);
	tcase_add_test(t, remap_moves);
	tcase_add_test(t, heap);
	tcase_add_test(t, placement);
	tcase_add_test(t, unknown_calls);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
#ifndef __x86_64__
	puts("skipped: the numbers of the calls are those of x86-64");
	return TEST_SKIP;
#endif
	isa = isa_by_name("x86_64");
	return test_main(suite());
}
