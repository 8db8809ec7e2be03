#include "lib/base/cursor.h"

#include <elf.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/testing/assert.h"

START_TEST(numbers_are_little_endian)
{
	static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
					0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0xff};
	struct cursor c;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	cursor_init(&c, "test", bytes, sizeof bytes);
	ck_no_error(cursor_u8(&c, &u8));
	ck_assert_uint_eq(u8, 0x01);
	ck_no_error(cursor_u16(&c, &u16));
	ck_assert_uint_eq(u16, 0x0302);
	ck_no_error(cursor_u32(&c, &u32));
	ck_assert_uint_eq(u32, 0x07060504);
	ck_no_error(cursor_u64(&c, &u64));
	ck_assert_uint_eq(u64, 0xff0e0d0c0b0a0908);
	ck_assert_uint_eq(cursor_left(&c), 0);
}
END_TEST

START_TEST(reads_stop_at_the_end)
{
	uint64_t u64 = 42;
	uint8_t u8 = 42;
	struct cursor c;

	cursor_init(&c, "run.bin", "1234567", 7);
	ck_no_error(cursor_skip(&c, 3));
	ck_error(cursor_u64(&c, &u64), ERROR_INPUT, "run.bin: offset 0x3: 8 bytes wanted, 4 left");
	ck_assert_uint_eq(u64, 42);
	ck_assert_uint_eq(c.at, 3);
	ck_error(cursor_skip(&c, UINT64_MAX), ERROR_INPUT, "18446744073709551615 bytes wanted, 4 left");
	ck_no_error(cursor_skip(&c, 4));
	ck_error(cursor_u8(&c, &u8), ERROR_INPUT, "offset 0x7: 1 bytes wanted, 0 left");
	ck_assert_uint_eq(u8, 42);
}
END_TEST

START_TEST(errors_carry_path_and_place)
{
	struct cursor c;

	cursor_init(&c, "run.bin", "1234", 4);
	ck_no_error(cursor_skip(&c, 2));
	struct error *err = cursor_error(&c, "bad kind %d", 9);
	ck_assert_int_eq(err->code, ERROR_INPUT);
	ck_assert_str_eq(err->path, "run.bin");
	ck_assert_uint_eq(err->place, 2);
	ck_assert_str_eq(err->message, "run.bin: offset 0x2: bad kind 9");
	error_destroy(err);
}
END_TEST

START_TEST(bytes_are_in_place)
{
	static const char bytes[] = "abcdef";
	const uint8_t *at = NULL;
	struct cursor c;

	cursor_init(&c, "test", bytes, 6);
	ck_no_error(cursor_bytes(&c, 4, &at));
	ck_assert_ptr_eq(at, bytes);
	ck_error(cursor_bytes(&c, 3, &at), ERROR_INPUT, "3 bytes wanted, 2 left");
	ck_no_error(cursor_bytes(&c, 2, &at));
	ck_assert_ptr_eq(at, bytes + 4);
	ck_no_error(cursor_bytes(&c, 0, &at));
}
END_TEST

START_TEST(texts_need_an_end)
{
	const char *text = NULL;
	struct cursor c;

	cursor_init(&c, "test", "ab\0\0cd", 6);
	ck_no_error(cursor_cstring(&c, &text));
	ck_assert_str_eq(text, "ab");
	ck_no_error(cursor_cstring(&c, &text));
	ck_assert_str_eq(text, "");
	ck_error(cursor_cstring(&c, &text), ERROR_INPUT, "offset 0x4: a text has no end");
	ck_assert_uint_eq(cursor_left(&c), 2);
	ck_no_error(cursor_skip(&c, 2));
	ck_error(cursor_cstring(&c, &text), ERROR_INPUT, "offset 0x6");
}
END_TEST

START_TEST(seek_stays_inside)
{
	uint8_t u8;
	struct cursor c;

	cursor_init(&c, "test", "abc", 3);
	ck_no_error(cursor_seek(&c, 3));
	ck_assert_uint_eq(cursor_left(&c), 0);
	ck_error(cursor_seek(&c, 4), ERROR_INPUT, "points to 0x4, behind the end (0x3)");
	ck_error(cursor_seek(&c, UINT64_MAX), ERROR_INPUT, "behind the end");
	ck_no_error(cursor_seek(&c, 1));
	ck_no_error(cursor_u8(&c, &u8));
	ck_assert_uint_eq(u8, 'b');
}
END_TEST

START_TEST(parts_keep_the_offsets_of_the_whole)
{
	uint16_t u16;
	struct cursor c, part, inner;

	cursor_init(&c, "note", "0123456789", 10);
	ck_no_error(cursor_skip(&c, 2));
	ck_error(cursor_part(&c, 9, &part), ERROR_INPUT, "offset 0x2: 9 bytes wanted, 8 left");
	ck_no_error(cursor_part(&c, 5, &part));
	ck_assert_uint_eq(c.at, 7);
	ck_no_error(cursor_skip(&part, 1));
	ck_no_error(cursor_part(&part, 3, &inner));
	ck_no_error(cursor_u16(&inner, &u16));
	ck_assert_uint_eq(u16, '3' | '4' << 8);
	ck_error(cursor_u16(&inner, &u16), ERROR_INPUT, "note: offset 0x5: 2 bytes wanted, 1 left");
}
END_TEST

/* The bytes end at a page that cannot be read: one byte too many is a signal, not luck. */
START_TEST(never_reads_behind_the_end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *text;
	uint64_t u64;

	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mprotect(map + page, page, PROT_NONE), 0);
	for (size_t len = 0; len <= 8; len++) {
		struct cursor c;
		memset(map + page - len, 'x', len);
		cursor_init(&c, "page", map + page - len, len);
		ck_error(cursor_cstring(&c, &text), ERROR_INPUT, "no end");
		if (len < 8)
			ck_error(cursor_u64(&c, &u64), ERROR_INPUT, "bytes wanted");
		else
			ck_no_error(cursor_u64(&c, &u64));
	}
	munmap(map, 2 * page);
}
END_TEST

/* The kernel's words: this process's auxiliary vector, against what libc makes of it. */
START_TEST(reads_the_auxiliary_vector)
{
	uint8_t bytes[8192];
	FILE *f = fopen("/proc/self/auxv", "rb");

	ck_assert_ptr_nonnull(f);
	size_t len = fread(bytes, 1, sizeof bytes, f);
	fclose(f);

	struct cursor c;
	uint64_t type, value;
	unsigned entries = 0;
	cursor_init(&c, "/proc/self/auxv", bytes, len);
	for (;;) {
		ck_no_error(cursor_u64(&c, &type));
		ck_no_error(cursor_u64(&c, &value));
		if (type == AT_NULL)
			break;
		if (type != AT_HWCAP) /* x86-64's glibc answers with its own */
			ck_assert_uint_eq(value, getauxval(type));
		entries++;
	}
	ck_assert_uint_gt(entries, 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cursor");
	TCase *tcase = tcase_create("cursor");

	tcase_add_test(tcase, numbers_are_little_endian);
	tcase_add_test(tcase, reads_stop_at_the_end);
	tcase_add_test(tcase, errors_carry_path_and_place);
	tcase_add_test(tcase, bytes_are_in_place);
	tcase_add_test(tcase, texts_need_an_end);
	tcase_add_test(tcase, seek_stays_inside);
	tcase_add_test(tcase, parts_keep_the_offsets_of_the_whole);
	tcase_add_test(tcase, never_reads_behind_the_end);
	tcase_add_test(tcase, reads_the_auxiliary_vector);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
