/* The initial stack of this very process, as the kernel made it; and stacks that are none. */
#include "lib/sys/initial_stack.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "lib/testing/assert.h"

static char **first_argv;
static int first_argc;

static struct error *read_own(void *ctx, uint64_t address, void *ret, size_t len)
{
	unsigned *reads = ctx;

	++*reads;
	ck_assert_uint_eq(address / 4096, (address + len - 1) / 4096);
	memcpy(ret, (const void *)(uintptr_t)address, len);
	return NULL;
}

START_TEST(this_process)
{
	struct initial_stack s;
	unsigned reads = 0;
	uint64_t at = (uint64_t)(uintptr_t)(first_argv - 1);

	ck_no_error(initial_stack_read(read_own, &reads, at, &s));
	ck_assert_uint_eq(s.argv.len, (size_t)first_argc);
	ck_assert_str_eq((const char *)(uintptr_t)s.argv.at[0], first_argv[0]);
	ck_assert_uint_gt(s.env.len, 0);
	ck_assert_ptr_nonnull(strchr((const char *)(uintptr_t)s.env.at[0], '='));
	ck_assert_uint_gt(s.auxv.len, 10);
	/* getauxval() makes some values up, the kernel does not. */
	uint64_t kernel[2 * 64] = {0};
	int fd = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, kernel, sizeof kernel), (ssize_t)(16 * s.auxv.len + 16));
	close(fd);
	for (size_t i = 0; i < s.auxv.len; i++) {
		const struct auxv_entry *e = &s.auxv.at[i];
		ck_assert_int_eq(memcmp(kernel + 2 * i, &e->type, 16), 0);
		ck_assert_int_eq(memcmp((const void *)(uintptr_t)e->address, &e->type, 16), 0);
	}
	const struct auxv_entry *entry = initial_stack_auxv(&s, AT_ENTRY);
	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->value, getauxval(AT_ENTRY));
	ck_assert_ptr_null(initial_stack_auxv(&s, 0x12345));
	ck_assert_uint_eq(s.end, s.auxv.at[s.auxv.len - 1].address + 24);
	ck_assert_uint_le(reads, (s.end - at) / 4096 + 2);
	initial_stack_deinit(&s);
}
END_TEST

enum { SP = 0x7ffff00 };

static const uint64_t whole[] = {2, 0x10, 0x20, 0, 0x30, 0, AT_PAGESZ, 4096, AT_UID, 7, AT_NULL, 0};
enum { WHOLE = sizeof whole / sizeof *whole };

START_TEST(a_copy)
{
	struct initial_stack s;

	ck_no_error(initial_stack_parse(whole, sizeof whole, SP, &s));
	ck_assert_uint_eq(s.argv.len, 2);
	ck_assert_uint_eq(s.argv.at[1], 0x20);
	ck_assert_uint_eq(s.env.len, 1);
	ck_assert_uint_eq(s.env.at[0], 0x30);
	ck_assert_uint_eq(s.auxv.len, 2);
	ck_assert_uint_eq(s.auxv.at[1].address, SP + 64);
	ck_assert_uint_eq(initial_stack_auxv(&s, AT_UID)->value, 7);
	ck_assert_uint_eq(s.end, SP + 88);
	initial_stack_deinit(&s);
}
END_TEST

/* Cut off anywhere before AT_NULL, it has no end. */
START_TEST(a_copy_that_is_cut_off)
{
	struct initial_stack s;
	struct error *err = initial_stack_parse(whole, (size_t)_i, SP, &s);

	if (_i >= (WHOLE - 1) * 8) {
		ck_no_error(err);
		initial_stack_deinit(&s);
	} else {
		ck_error(err, ERROR_TARGET, "has no end");
	}
}
END_TEST

START_TEST(arguments_that_are_not_there)
{
	uint64_t words[WHOLE];
	struct initial_stack s;

	memcpy(words, whole, sizeof words);
	words[0] = _i ? UINT64_MAX : 1;
	ck_error(initial_stack_parse(words, sizeof words, SP, &s), ERROR_TARGET, "arguments, but has 2");
}
END_TEST

/* As long as memory shows pointers, they are read, but not for ever. */
static struct error *read_ones(void *ctx, uint64_t address, void *ret, size_t len)
{
	(void)address;
	*(uint64_t *)ctx += len;
	memset(ret, 1, len);
	return NULL;
}

static struct error *read_nothing(void *ctx, uint64_t address, void *ret, size_t len)
{
	(void)ctx;
	memset(ret, 0, len);
	return error_fault(address);
}

START_TEST(memory_without_an_end)
{
	uint64_t bytes = 0;
	struct initial_stack s;

	ck_error(initial_stack_read(read_ones, &bytes, SP, &s), ERROR_TARGET, "has no end");
	ck_assert_uint_eq(bytes, 8 << 20);
	bytes = 0;
	ck_error(initial_stack_read(read_ones, &bytes, UINT64_MAX - 4095, &s), ERROR_TARGET, "has no end");
	ck_assert_uint_lt(bytes, 4096);
	ck_error(initial_stack_read(read_nothing, NULL, SP, &s), ERROR_FAULT, "0x7ffff00");
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("initial_stack");
	TCase *t = tcase_create("initial_stack");

	first_argc = argc;
	first_argv = argv;
	tcase_add_test(t, this_process);
	tcase_add_test(t, a_copy);
	tcase_add_loop_test(t, a_copy_that_is_cut_off, 0, WHOLE * 8 + 1);
	tcase_add_loop_test(t, arguments_that_are_not_there, 0, 2);
	tcase_add_test(t, memory_without_an_end);
	suite_add_tcase(s, t);
	return test_main(s);
}
