#include "lib/state/memory.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/testing/assert.h"

static struct memory *mem;
static uint64_t seed;

static uint64_t next_random(void)
{
	return hash_u64(seed++);
}

static void ok(struct error *err)
{
	if (err)
		ck_abort_msg("%s", err->message);
}

static void setup(void)
{
	seed = 1;
	ok(memory_create(&mem));
}

static void teardown(void)
{
	memory_destroy(mem);
}

/*
 * The naive model: NAIVE bytes from address `base`, known or not. Two windows: one in the middle of the address space,
 * one around its end, where addresses wrap.
 */
enum { NAIVE = 5 * MEMORY_PAGE };

struct naive {
	uint8_t bytes[NAIVE];
	bool known[NAIVE];
};

static const uint64_t windows[] = {0x7fff12345000, (uint64_t)-2 * MEMORY_PAGE};

static void naive_set(struct naive *n, size_t at, uint8_t byte, bool known)
{
	n->bytes[at] = known ? byte : 0;
	n->known[at] = known;
}

/* Short accesses most of the time, as instructions make them; pages and more now and then. */
static size_t random_len(size_t at)
{
	static const size_t limits[] = {17, 17, 17, 65, 300, 2 * MEMORY_PAGE + 100};
	size_t len = next_random() % limits[next_random() % (sizeof limits / sizeof *limits)];

	return len < NAIVE - at ? len : NAIVE - at;
}

static void random_write(struct naive *naive, uint64_t base)
{
	static uint8_t bytes[NAIVE], unknown[NAIVE];
	size_t at = next_random() % NAIVE, len = random_len(at);
	bool masked = next_random() % 3 == 0;

	for (size_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)next_random();
		unknown[i] = next_random() % 4 ? 0 : (uint8_t)next_random();
		naive_set(naive, at + i, bytes[i], !masked || !unknown[i]);
	}
	ok(memory_write(mem, base + at, bytes, masked ? unknown : NULL, len));
}

static void random_fill(struct naive *naive, uint64_t base)
{
	static uint8_t bytes[NAIVE];
	size_t at = next_random() % NAIVE, len = random_len(at);

	for (size_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)next_random();
		if (!naive->known[at + i])
			naive_set(naive, at + i, bytes[i], true);
	}
	ok(memory_fill(mem, base + at, bytes, len));
}

static void random_forget(struct naive *naive, uint64_t base)
{
	size_t at = next_random() % NAIVE, len = random_len(at);

	for (size_t i = 0; i < len; i++)
		naive_set(naive, at + i, 0, false);
	ok(memory_forget(mem, base + at, len));
}

static void compare(const struct naive *naive, uint64_t base, size_t at, size_t len)
{
	static uint8_t bytes[NAIVE], unknown[NAIVE];
	bool known = memory_read(mem, base + at, bytes, unknown, len), expected = true;

	/* Every ck_assert is a message to the parent process: only failures ask for one. */
	for (size_t i = 0; i < len; i++) {
		bool right = bytes[i] == naive->bytes[at + i] && unknown[i] == (naive->known[at + i] ? 0 : 0xff);

		if (!right)
			ck_abort_msg("byte %zu: %02x, unknown %02x; should be %02x, %s", at + i, bytes[i], unknown[i],
				     naive->bytes[at + i], naive->known[at + i] ? "known" : "unknown");
		expected &= naive->known[at + i];
	}
	ck_assert_int_eq(known, expected);
}

static void compare_pages(const struct naive *naive, uint64_t base)
{
	size_t pages = 0;

	for (size_t at = 0; at < NAIVE; at += MEMORY_PAGE) {
		size_t num_known = 0;
		const uint8_t *page = memory_page(mem, base + at + next_random() % MEMORY_PAGE);

		for (size_t i = 0; i < MEMORY_PAGE; i++)
			num_known += naive->known[at + i];
		ck_assert_int_eq(page != NULL, num_known == MEMORY_PAGE);
		ck_assert(!page || !memcmp(page, naive->bytes + at, MEMORY_PAGE));
		pages += num_known != 0;
	}
	/* A write of nothing but unknown bytes makes a page of which nothing is known, so there can be more. */
	ck_assert_uint_ge(memory_pages(mem), pages);
	ck_assert_uint_le(memory_pages(mem), NAIVE / MEMORY_PAGE);
}

static void random_change(struct naive *naive, uint64_t base)
{
	switch (next_random() % 8) {
	case 0: random_fill(naive, base); break;
	case 1: random_forget(naive, base); break;
	default: random_write(naive, base); break;
	}
}

START_TEST(random_operations)
{
	static struct naive naive;

	for (int i = 0; i < 20000; i++) {
		size_t at = next_random() % NAIVE;

		random_change(&naive, windows[_i]);
		compare(&naive, windows[_i], at, random_len(at));
		if (i % 256 == 0) {
			compare(&naive, windows[_i], 0, NAIVE);
			compare_pages(&naive, windows[_i]);
		}
	}
}
END_TEST

START_TEST(random_rollback)
{
	static struct naive now, before;
	uint64_t base = windows[_i];

	memory_journal_start(mem);
	for (int round = 0; round < 500; round++) {
		memory_mark mark = memory_journal_mark(mem);

		before = now;
		for (uint64_t n = next_random() % 20; n; n--)
			random_change(&now, base);
		if (next_random() % 2) {
			ok(memory_journal_rollback(mem, mark));
			now = before;
		}
		compare(&now, base, 0, NAIVE);
		if (next_random() % 4 == 0)
			memory_journal_discard(mem, next_random() % 2 ? mark : memory_journal_mark(mem));
	}
	compare_pages(&now, base);
}
END_TEST

START_TEST(rollback_past_a_discard_is_a_bug)
{
	memory_journal_start(mem);
	memory_mark start = memory_journal_mark(mem);
	ok(memory_write(mem, 0x1000, "abc", NULL, 3));
	memory_mark middle = memory_journal_mark(mem);
	ok(memory_write(mem, 0x1000, "def", NULL, 3));
	ok(memory_write(mem, 0x1000, "ghi", NULL, 3));
	memory_journal_discard(mem, middle);

	ck_error(memory_journal_rollback(mem, start), ERROR_BUG, "not in the journal");
	ck_error(memory_journal_rollback(mem, memory_journal_mark(mem) + 1), ERROR_BUG, "not in the journal");

	uint8_t bytes[3], unknown[3];
	ok(memory_journal_rollback(mem, middle));
	ck_assert(memory_read(mem, 0x1000, bytes, unknown, 3));
	ck_assert_mem_eq(bytes, "abc", 3);
}
END_TEST

/* All changes but the last few are discarded again and again, as a model that runs ahead does. */
START_TEST(discard_keeps_the_tail)
{
	static struct naive now, states[8];
	memory_mark marks[8];

	memory_journal_start(mem);
	for (size_t i = 0; i < 400; i++) {
		marks[i % 8] = memory_journal_mark(mem);
		states[i % 8] = now;
		random_change(&now, windows[0]);
		if (i >= 7)
			memory_journal_discard(mem, marks[(i + 1) % 8]);
	}
	for (size_t i = 399; i > 392; i--) {
		ok(memory_journal_rollback(mem, marks[i % 8]));
		compare(&states[i % 8], windows[0], 0, NAIVE);
	}
}
END_TEST

static const uint8_t page_of_ones[MEMORY_PAGE] = {[0 ... MEMORY_PAGE - 1] = 1};

START_TEST(forgets_more_than_it_holds)
{
	uint8_t byte, unknown;

	for (uint64_t i = 0; i < 100; i++)
		ok(memory_write(mem, i << 32, page_of_ones, NULL, MEMORY_PAGE));
	ck_assert_uint_eq(memory_pages(mem), 100);
	ok(memory_forget(mem, 1, UINT64_MAX));
	ck_assert_uint_eq(memory_pages(mem), 1);
	ck_assert(memory_read(mem, 0, &byte, &unknown, 1));
	ck_assert_uint_eq(byte, 1);
	ck_assert(!memory_read(mem, 1, &byte, &unknown, 1));
	ck_assert_uint_eq(byte, 0);
	ok(memory_forget(mem, 0, 0));
	ck_assert_uint_eq(memory_pages(mem), 1);
}
END_TEST

/* A wrapping range that ends in the page where it starts leaves a hole of known bytes in it. */
START_TEST(forgets_around_the_end)
{
	uint8_t bytes[MEMORY_PAGE], unknown[MEMORY_PAGE];

	ok(memory_write(mem, 0x5000, page_of_ones, NULL, MEMORY_PAGE));
	ok(memory_forget(mem, 0x5010, UINT64_MAX - 7));
	ck_assert(!memory_read(mem, 0x5000, bytes, unknown, MEMORY_PAGE));
	for (size_t i = 0; i < MEMORY_PAGE; i++)
		ck_assert_uint_eq(bytes[i], i >= 8 && i < 16);
}
END_TEST

START_TEST(forgets_all)
{
	uint8_t byte, unknown;

	if (_i)
		memory_journal_start(mem);
	memory_mark mark = memory_journal_mark(mem);
	for (uint64_t i = 0; i < 1000; i++)
		ok(memory_write(mem, i * MEMORY_PAGE, page_of_ones, NULL, MEMORY_PAGE));
	ok(memory_forget_all(mem));
	ck_assert_uint_eq(memory_pages(mem), 0);
	ck_assert(!memory_read(mem, 5 * MEMORY_PAGE, &byte, &unknown, 1));
	ck_assert_ptr_null(memory_page(mem, 5 * MEMORY_PAGE));
	ok(memory_write(mem, 5 * MEMORY_PAGE, "x", NULL, 1));
	ck_assert(memory_read(mem, 5 * MEMORY_PAGE, &byte, &unknown, 1));
	ck_assert_uint_eq(byte, 'x');
	if (_i) {
		ok(memory_journal_rollback(mem, mark));
		ck_assert_uint_eq(memory_pages(mem), 0);
	}
}
END_TEST

/* ---- Views ---- */

/*
 * The naive model: an object of OBJECT_PAGES pages, and windows onto it, of which each byte is known if the object's
 * is. Private windows know what they were told since the object last changed there.
 */
enum { OBJECT_PAGES = 4, WINDOWS = 5, OBJECT = OBJECT_PAGES * MEMORY_PAGE };

struct window {
	bool mapped, private;
	size_t at; /* in the object, bytes; the window goes on to the object's end */
	struct naive own;
};

static struct naive object;
static struct window shown[WINDOWS];

static uint64_t window_base(size_t w)
{
	return 0x10000000 + w * 0x100000;
}

static struct naive *window_bytes(size_t w, size_t *ret_at)
{
	*ret_at = shown[w].private ? 0 : shown[w].at;
	return shown[w].private ? &shown[w].own : &object;
}

/* Bytes of the object change: private windows may show them or not. */
static void object_changes(size_t from, size_t len)
{
	for (size_t w = 0; w < WINDOWS; w++)
		for (size_t i = from; shown[w].mapped && shown[w].private && i < from + len; i++)
			if (i >= shown[w].at)
				naive_set(&shown[w].own, i - shown[w].at, 0, false);
}

/* Without private windows of what is shared, or with: then the last two are. */
static void map_window(size_t w, bool any_private)
{
	struct memory_view view = {.object = 7, .offset = next_random() % OBJECT_PAGES * MEMORY_PAGE};
	bool mapped = next_random() % 4;

	view.private = any_private && w >= WINDOWS - 2;
	ok(memory_map(mem, window_base(w), OBJECT - view.offset, NULL));
	if (mapped)
		ok(memory_map(mem, window_base(w), OBJECT - view.offset - next_random() % 100, &view));
	memset(&shown[w], 0, sizeof shown[w]);
	shown[w].mapped = mapped;
	shown[w].private = view.private;
	shown[w].at = view.offset;
}

static void change_window(size_t w)
{
	static uint8_t bytes[OBJECT];
	size_t room = OBJECT - shown[w].at, start = next_random() % room, at, len = random_len(start);
	struct naive *n = window_bytes(w, &at);
	bool forget = next_random() % 6 == 0;

	len = len < room - start ? len : room - start;
	if (!shown[w].private)
		object_changes(at + start, len);
	for (size_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)next_random();
		naive_set(n, at + start + i, bytes[i], !forget);
	}
	if (forget)
		ok(memory_forget(mem, window_base(w) + start, len));
	else
		ok(memory_write(mem, window_base(w) + start, bytes, NULL, len));
}

/* What is known is right. How many bytes that is. */
static size_t compare_window(size_t w)
{
	static uint8_t bytes[OBJECT], unknown[OBJECT];
	size_t at, len = OBJECT - shown[w].at;
	const struct naive *n = window_bytes(w, &at);
	size_t num_known = 0;

	memory_read(mem, window_base(w), bytes, unknown, len);
	for (size_t i = 0; i < len; i++) {
		bool known = n->known[at + i];
		if (!known && !unknown[i])
			ck_abort_msg("window %zu, byte %zu: known, should not be", w, i);
		if (known && !unknown[i] && bytes[i] != n->bytes[at + i])
			ck_abort_msg("window %zu, byte %zu: %02x, should be %02x", w, i, bytes[i], n->bytes[at + i]);
		num_known += !unknown[i];
	}
	return num_known;
}

START_TEST(views_show_the_same)
{
	bool any_private = _i;
	size_t num_known = 0;

	memory_journal_start(mem);
	for (int i = 0; i < 6000; i++) {
		size_t w = next_random() % WINDOWS;
		memory_mark mark = memory_journal_mark(mem);

		if (i % 50 == 0 || !shown[w].mapped)
			map_window(w, any_private);
		else
			change_window(w);
		for (w = 0; w < WINDOWS; w++)
			if (shown[w].mapped && i % 5 == 0)
				num_known += compare_window(w);
		if (next_random() % 8 == 0)
			memory_journal_discard(mem, mark);
	}
	ck_assert_uint_gt(num_known, 10000);
}
END_TEST

/* With views that stay, nothing is forgotten that need not be, and what is taken back is taken back in all. */
START_TEST(views_roll_back_together)
{
	const struct memory_view view = {.object = 3, .offset = MEMORY_PAGE};
	uint8_t bytes[2], unknown[2];

	memory_journal_start(mem);
	ok(memory_map(mem, 0x10000, 2 * MEMORY_PAGE, &view));
	ok(memory_map(mem, 0x50000, 2 * MEMORY_PAGE, &view));
	ok(memory_write(mem, 0x10fff, "ab", NULL, 2));
	memory_mark mark = memory_journal_mark(mem);
	ok(memory_write(mem, 0x50fff, "cd", NULL, 2));
	ck_assert(memory_read(mem, 0x10fff, bytes, unknown, 2));
	ck_assert_mem_eq(bytes, "cd", 2);
	ok(memory_journal_rollback(mem, mark));
	ck_assert(memory_read(mem, 0x50fff, bytes, unknown, 2));
	ck_assert_mem_eq(bytes, "ab", 2);

	memory_addresses list = {0};
	ok(memory_list(mem, &list));
	ck_assert_uint_eq(list.len, 4);
	ck_assert_uint_eq(list.at[0], 0x10000);
	ck_assert_uint_eq(list.at[3], 0x51000);
	vec_deinit(&list);
	ok(memory_forget_object(mem, 3, 2 * MEMORY_PAGE, 1));
	ck_assert(!memory_read(mem, 0x10fff, bytes, unknown, 2));
	ck_assert_uint_eq(unknown[0], 0);
	ck_assert_uint_eq(unknown[1], 0xff);
	ok(memory_map(mem, 0x10000, 1, NULL));
	ck_assert(!memory_read(mem, 0x10fff, bytes, unknown, 1));
}
END_TEST

/* ---- Who watches ---- */

static uint64_t lost_first[64], lost_last[64];
static size_t num_lost;

static void note_lost(void *ctx, uint64_t first, uint64_t last)
{
	ck_assert_ptr_eq(ctx, &num_lost);
	ck_assert_uint_lt(num_lost, 64);
	lost_first[num_lost] = first;
	lost_last[num_lost++] = last;
}

/* Was every byte of [first, last] told of since the last time? */
static bool took_lost(uint64_t first, uint64_t last)
{
	bool all = true;

	for (uint64_t at = first; all && at <= last; at++) {
		all = false;
		for (size_t i = 0; i < num_lost; i++)
			all |= at >= lost_first[i] && at <= lost_last[i];
	}
	num_lost = 0;
	return all;
}

START_TEST(tells_what_becomes_unknown)
{
	const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8}, unknown[8] = {0, 0, 1, 0, 0, 0, 0, 0};

	num_lost = 0;
	memory_watch(mem, &(struct memory_watcher){.ctx = &num_lost, .lost = note_lost});
	ok(memory_write(mem, 0x1ffc, bytes, NULL, 8));
	ok(memory_fill(mem, 0x3000, bytes, 8));
	ck_assert_uint_eq(num_lost, 0);
	ok(memory_forget(mem, 0x1ffe, 4));
	ck_assert(took_lost(0x1ffe, 0x2001));
	/* Nobody knew it, but somebody has changed it. */
	ok(memory_forget(mem, 0x7000, 4));
	ck_assert(took_lost(0x7000, 0x7003));
	ok(memory_write(mem, 0x4000, bytes, unknown, 8));
	ck_assert(took_lost(0x4002, 0x4002));
	ok(memory_forget_all(mem));
	ck_assert(took_lost(0x3000, 0x3007));
	memory_watch(mem, NULL);
	ok(memory_forget(mem, 0x3000, 4));
	ck_assert_uint_eq(num_lost, 0);
}
END_TEST

START_TEST(tells_what_is_rolled_back)
{
	const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	num_lost = 0;
	memory_watch(mem, &(struct memory_watcher){.ctx = &num_lost, .lost = note_lost});
	memory_journal_start(mem);
	ok(memory_write(mem, 0x1000, bytes, NULL, 4));
	memory_mark mark = memory_journal_mark(mem);
	ok(memory_write(mem, 0x1000, bytes + 4, NULL, 4));
	ok(memory_write(mem, 0x1004, bytes + 4, NULL, 4));
	ok(memory_journal_rollback(mem, mark));
	ck_assert_uint_eq(num_lost, 1);
	ck_assert(took_lost(0x1004, 0x1007));
}
END_TEST

/* Another view of the same page of an object. */
START_TEST(tells_of_views)
{
	const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	num_lost = 0;
	ok(memory_map(mem, 0x10000, MEMORY_PAGE, &(struct memory_view){.object = 3}));
	ok(memory_map(mem, 0x20000, MEMORY_PAGE, &(struct memory_view){.object = 3, .private = true}));
	ok(memory_fill(mem, 0x20000, bytes, 8));
	memory_watch(mem, &(struct memory_watcher){.ctx = &num_lost, .lost = note_lost});
	ok(memory_write(mem, 0x10000, bytes, NULL, 4));
	ck_assert(took_lost(0x20000, 0x20003));
	ok(memory_forget_object(mem, 3, 4, 4));
	ck_assert(took_lost(0x20004, 0x20007));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("memory");
	TCase *tc = tcase_create("memory");

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, random_operations, 0, 2);
	tcase_add_loop_test(tc, random_rollback, 0, 2);
	tcase_add_test(tc, rollback_past_a_discard_is_a_bug);
	tcase_add_test(tc, discard_keeps_the_tail);
	tcase_add_test(tc, forgets_more_than_it_holds);
	tcase_add_test(tc, forgets_around_the_end);
	tcase_add_loop_test(tc, forgets_all, 0, 2);
	tcase_add_loop_test(tc, views_show_the_same, 0, 2);
	tcase_add_test(tc, views_roll_back_together);
	tcase_add_test(tc, tells_what_becomes_unknown);
	tcase_add_test(tc, tells_what_is_rolled_back);
	tcase_add_test(tc, tells_of_views);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return test_main(suite());
}
