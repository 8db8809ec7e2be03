/* Items arrive whole and in order, however fast either side is, and a failure is told once. */
#include "lib/trace/relay.h"

#include <string.h>
#include <unistd.h>

#include "lib/testing/assert.h"

enum { NUM_ITEMS = 20000, LONG = 1 << 20 };

struct sink {
	unsigned num, fail_at; /* fail_at: number of the item, from 1; 0: none */
	unsigned pause;        /* microseconds every 1000 items */
	size_t bytes;
};

static size_t len_of(unsigned number)
{
	return number % 5000 == 4999 ? LONG : number % 300;
}

static struct error *take(void *arg, unsigned kind, void *item, size_t len)
{
	struct sink *s = arg;

	ck_assert_uint_eq(kind, s->num % 7);
	ck_assert_uint_eq(len, len_of(s->num));
	ck_assert_uint_eq((uintptr_t)item % 8, 0);
	for (size_t i = 0; i<len; i += len> 300 ? 4096 : 1)
		ck_assert_uint_eq(((uint8_t *)item)[i], s->num % 251);
	s->bytes += len;
	if (s->pause && s->num % 1000 == 0)
		usleep(s->pause);
	return ++s->num == s->fail_at ? error_create(ERROR_INPUT, "item %u", s->fail_at) : NULL;
}

static struct error *put(struct relay *r, unsigned number)
{
	void *item = NULL;
	struct error *err = relay_item(r, number % 7, len_of(number), &item);

	if (!err)
		memset(item, (int)(number % 251), len_of(number));
	return err;
}

START_TEST(items_arrive_in_order)
{
	struct sink s = {.pause = _i ? 2000 : 0};
	struct relay *r;
	size_t bytes = 0;

	ck_no_error(relay_create(take, &s, &r));
	for (unsigned i = 0; i < NUM_ITEMS; i++) {
		ck_no_error(put(r, i));
		bytes += len_of(i);
	}
	ck_no_error(relay_finish(r));
	ck_assert_uint_eq(s.num, NUM_ITEMS);
	ck_assert_uint_eq(s.bytes, bytes);
}
END_TEST

START_TEST(a_failure_is_told_once)
{
	struct sink s = {.fail_at = 3};
	struct error *err = NULL;
	struct relay *r;

	ck_no_error(relay_create(take, &s, &r));
	for (unsigned i = 0; i < NUM_ITEMS; i++) {
		struct error *now = put(r, i);
		ck_assert(!err || !now);
		err = err ? err : now;
	}
	struct error *last = relay_finish(r);
	ck_assert(!err || !last);
	ck_error(err ? err : last, ERROR_INPUT, "item 3");
	ck_assert_uint_eq(s.num, 3);
}
END_TEST

START_TEST(a_failure_at_the_end_is_told_at_the_end)
{
	struct sink s = {.fail_at = 1};
	struct relay *r;

	ck_no_error(relay_create(take, &s, &r));
	ck_no_error(put(r, 0));
	ck_error(relay_finish(r), ERROR_INPUT, "item 1");
	ck_no_error(relay_finish(NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("relay");
	TCase *tcase = tcase_create("relay");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, items_arrive_in_order, 0, 2);
	tcase_add_test(tcase, a_failure_is_told_once);
	tcase_add_test(tcase, a_failure_at_the_end_is_told_at_the_end);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
