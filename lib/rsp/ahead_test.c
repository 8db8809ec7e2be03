#include "lib/rsp/ahead.h"

#include "lib/testing/assert.h"

static const char resume[] = "$vCont;s#b8", regs[] = "$g#67";

static void add(struct rsp_ahead *a, const char *packet)
{
	ck_no_error(rsp_ahead_request(a, packet, strlen(packet)));
}

static void add_resume(struct rsp_ahead *a)
{
	ck_no_error(rsp_ahead_resume(a, resume, sizeof resume - 1));
}

/*
 * QEMU's stub, as far as it matters: reads of 256 bytes, packets executed in a read, one reply each, whose ack is the
 * next byte behind the read. Returns what it executes, a letter a packet ("s" for the resume), with a bar between
 * reads, and fails where a resume is not the last packet of its read or an ack is missing.
 */
static void execute(const struct rsp_ahead *a, char *ret)
{
	const char *at = a->text.at, *end = at + a->text.len;

	while (at < end) {
		unsigned replies = 0;
		const char *read_end = at + RSP_READ_SIZE;

		ck_assert(read_end <= end);
		while (at < read_end) {
			if (*at == '+') {
				at++;
				continue;
			}
			ck_assert_int_eq(*at, '$');
			bool resumes = at[1] == 'v';
			*ret++ = resumes ? 's' : at[1];
			at = strchr(at, '#') + 3;
			ck_assert(at <= read_end);
			if (resumes)
				ck_assert_ptr_eq(at, read_end);
			replies++;
		}
		for (; replies; replies--) {
			ck_assert(at < end);
			ck_assert_int_eq(*at++, '+');
		}
		*ret++ = '|';
	}
	*ret = '\0';
}

static void check(struct rsp_ahead *a, const char *expected)
{
	char seen[4096];
	size_t replies = 0, start = 0;

	ck_no_error(rsp_ahead_finish(a));
	execute(a, seen);
	ck_assert_str_eq(seen, expected);
	for (size_t i = 0; i < a->units.len; i++) {
		ck_assert_uint_eq(a->units.at[i].end - start, RSP_READ_SIZE + a->units.at[i].num_replies);
		start = a->units.at[i].end;
		replies += a->units.at[i].num_replies;
	}
	ck_assert_uint_eq(start, a->text.len);
	size_t packets = 0;
	for (const char *c = seen; *c; c++)
		packets += *c != '|';
	ck_assert_uint_eq(replies, packets);
	rsp_ahead_clear(a);
	ck_assert_uint_eq(a->text.len, 0);
}

START_TEST(a_resume_ends_its_read)
{
	struct rsp_ahead a = {0};

	add_resume(&a);
	add(&a, regs);
	check(&a, "s|g|");
	for (unsigned i = 0; i < 3; i++) {
		add_resume(&a);
		add(&a, regs);
		add(&a, "$m1000,8#8e");
	}
	check(&a, "s|gms|gms|gm|");
	check(&a, "");
	rsp_ahead_deinit(&a);
}
END_TEST

/* Every number of reads, so that a read is left with every amount of room for the next packet. */
START_TEST(requests_that_do_not_fit)
{
	struct rsp_ahead a = {0};

	for (unsigned n = 1; n < 100; n++) {
		char seen[4096], plain[4096], *to = plain;

		for (unsigned step = 0; step < 2; step++) {
			add_resume(&a);
			for (unsigned i = 0; i < n; i++)
				add(&a, i % 3 ? "$m7ffff7dd5000,40#00" : regs);
		}
		ck_no_error(rsp_ahead_finish(&a));
		execute(&a, seen);
		for (const char *c = seen; *c; c++)
			if (*c != '|')
				*to++ = *c;
		ck_assert_uint_eq((size_t)(to - plain), 2 * (n + 1));
		for (unsigned i = 0; i < 2 * (n + 1); i++) {
			unsigned k = i % (n + 1);

			ck_assert_int_eq(plain[i], !k ? 's' : (k - 1) % 3 ? 'm' : 'g');
		}
		rsp_ahead_clear(&a);
	}
	rsp_ahead_deinit(&a);
}
END_TEST

START_TEST(a_packet_larger_than_a_read_is_refused)
{
	struct rsp_ahead a = {0};
	char large[RSP_READ_SIZE + 1];

	memset(large, 'x', sizeof large);
	ck_error(rsp_ahead_request(&a, large, sizeof large), ERROR_BUG, "257");
	rsp_ahead_deinit(&a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ahead");
	TCase *tests = tcase_create("ahead");

	tcase_add_test(tests, a_resume_ends_its_read);
	tcase_add_test(tests, requests_that_do_not_fit);
	tcase_add_test(tests, a_packet_larger_than_a_read_is_refused);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
