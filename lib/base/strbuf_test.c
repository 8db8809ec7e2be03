#include "lib/base/strbuf.h"

#include <stdlib.h>

#include "lib/testing/assert.h"

START_TEST(empty_buffer_is_an_empty_text)
{
	struct strbuf s = {0};

	ck_assert_str_eq(strbuf_text(&s), "");
	char *text = strbuf_take(&s);
	ck_assert_str_eq(text, "");
	free(text);
	strbuf_clear(&s);
	strbuf_deinit(&s);
}
END_TEST

START_TEST(pieces_add_up)
{
	struct strbuf s = {0};

	strbuf_append(&s, "mov ");
	strbuf_append_char(&s, 'r');
	strbuf_printf(&s, "%c%c, %#x", 'a', 'x', 0x10);
	strbuf_append_bytes(&s, "!?", 1);
	strbuf_append_bytes(&s, NULL, 0);
	ck_assert_str_eq(strbuf_text(&s), "mov rax, 0x10!");
	ck_assert_uint_eq(s.len, 14);
	ck_assert(!strbuf_failed(&s));
	strbuf_deinit(&s);
}
END_TEST

START_TEST(hex_is_in_memory_order)
{
	struct strbuf s = {0};

	strbuf_append_hex(&s, "\x00\x7f\x80\xff\x0a", 5);
	ck_assert_str_eq(strbuf_text(&s), "007f80ff0a");
	strbuf_deinit(&s);
}
END_TEST

START_TEST(long_texts_grow)
{
	struct strbuf s = {0};

	for (int i = 0; i < 10000; i++)
		strbuf_printf(&s, "%04d", i);
	ck_assert_uint_eq(s.len, 40000);
	ck_assert_uint_eq(strlen(strbuf_text(&s)), 40000);
	ck_assert_str_eq(strbuf_text(&s) + 39996, "9999");
	ck_assert_int_eq(strncmp(strbuf_text(&s) + 4 * 1234, "1234", 4), 0);
	strbuf_deinit(&s);
}
END_TEST

START_TEST(bytes_may_be_zero)
{
	struct strbuf s = {0};

	strbuf_append_bytes(&s, "a\0b", 3);
	ck_assert_uint_eq(s.len, 3);
	ck_bytes(s.at, "a\0b\0", 4);
	strbuf_deinit(&s);
}
END_TEST

START_TEST(clear_keeps_memory_and_take_gives_it_away)
{
	struct strbuf s = {0};

	strbuf_append(&s, "first");
	const char *memory = s.at;
	strbuf_clear(&s);
	ck_assert_str_eq(strbuf_text(&s), "");
	strbuf_append(&s, "two");
	ck_assert_ptr_eq(s.at, memory);

	char *text = strbuf_take(&s);
	ck_assert_str_eq(text, "two");
	ck_assert_uint_eq(s.len, 0);
	ck_assert_ptr_null(s.at);
	free(text);
}
END_TEST

/* A length that no allocation can meet, nor any sum with it: the failure stays until the buffer is cleared. */
START_TEST(failure_is_remembered)
{
	static const size_t lens[] = {SIZE_MAX / 2, SIZE_MAX - 8, SIZE_MAX};
	struct strbuf s = {0};

	strbuf_append(&s, "kept until");
	strbuf_append_bytes(&s, "", lens[_i]);
	ck_assert(strbuf_failed(&s));
	strbuf_append(&s, "more");
	ck_assert_ptr_null(strbuf_take(&s));
	ck_assert(!strbuf_failed(&s));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strbuf");
	TCase *tcase = tcase_create("strbuf");

	tcase_add_test(tcase, empty_buffer_is_an_empty_text);
	tcase_add_test(tcase, pieces_add_up);
	tcase_add_test(tcase, hex_is_in_memory_order);
	tcase_add_test(tcase, long_texts_grow);
	tcase_add_test(tcase, bytes_may_be_zero);
	tcase_add_test(tcase, clear_keeps_memory_and_take_gives_it_away);
	tcase_add_loop_test(tcase, failure_is_remembered, 0, 3);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
