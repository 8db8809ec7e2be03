/* The list of what the guest has mapped, against an array of pages. */
#include "lib/replay/guest_map.h"

#include <string.h>
#include <sys/mman.h>

#include "lib/base/rng.h"
#include "lib/state/memory.h"
#include "lib/testing/assert.h"

enum { PAGE = MEMORY_PAGE, PAGES = 200, ROUNDS = 2000, LOOK_EVERY = 16 };

struct model_page {
	bool mapped, fresh, asked, code;
	int prot;
};

static struct guest_map list;
static struct model_page model[PAGES];

static void model_code(uint64_t first, uint64_t num)
{
	for (uint64_t i = first; i < first + num; i++)
		model[i].code |= model[i].mapped && model[i].prot & PROT_EXEC;
}

static void list_set(uint64_t first, uint64_t num, int prot, bool fresh)
{
	ck_no_error(guest_map_set(&list, first * PAGE, num * PAGE, prot, fresh ? GUEST_MAP_FRESH : GUEST_MAP_OTHER));
	model_code(first, num);
	for (uint64_t i = first; i < first + num; i++)
		model[i] = (struct model_page){true, fresh, model[i].asked || !fresh, model[i].code, prot};
	model_code(first, num);
}

static void list_unset(uint64_t first, uint64_t num)
{
	ck_no_error(guest_map_unset(&list, first * PAGE, num * PAGE));
	model_code(first, num);
	for (uint64_t i = first; i < first + num; i++)
		model[i] = (struct model_page){.asked = model[i].asked, .code = model[i].code};
}

static void list_protect(uint64_t first, uint64_t num, int prot)
{
	ck_no_error(guest_map_protect(&list, first * PAGE, num * PAGE, prot));
	model_code(first, num);
	for (uint64_t i = first; i < first + num; i++) {
		model[i].asked |= model[i].mapped && prot & PROT_READ && !(model[i].prot & PROT_READ);
		model[i].prot = model[i].mapped ? prot : 0;
	}
	model_code(first, num);
}

static void list_lose(uint64_t first, uint64_t num)
{
	guest_map_lost(&list, first * PAGE + 5, (first + num) * PAGE - 5);
	for (uint64_t i = first; i < first + num; i++) {
		model[i].asked = true;
		model[i].fresh = false;
	}
}

static void list_clear(uint64_t first, uint64_t num)
{
	ck_no_error(guest_map_clear(&list, first * PAGE, num * PAGE));
	model_code(first, num);
	for (uint64_t i = first; i < first + num; i++)
		model[i].fresh = model[i].mapped;
}

static bool in_runs(const struct page_runs *runs, uint64_t page)
{
	for (size_t i = 0; i < runs->list.len; i++)
		if (page - runs->list.at[i].first < runs->list.at[i].num)
			return true;
	return false;
}

static void list_is_the_model(void)
{
	for (uint64_t i = 0; i < PAGES; i++) {
		struct guest_map_range r;
		bool there = guest_map_at(&list, i * PAGE + 7, &r);

		ck_assert_msg(there == model[i].mapped && guest_map_is_fresh(&list, i) == model[i].fresh &&
				      in_runs(&list.asked, i) == model[i].asked &&
				      in_runs(&list.code, i) == model[i].code,
			      "page %lu", (unsigned long)i);
		ck_assert(!there || (r.prot == model[i].prot && i * PAGE - r.start < r.len));
	}
}

START_TEST(list_agrees_with_an_array_of_pages)
{
	struct rng rng = {.state = (uint64_t)_i};

	list = (struct guest_map){.known = true};
	memset(model, 0, sizeof model);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t first = rng_below(&rng, PAGES), num = 1 + rng_below(&rng, PAGES - first);
		int prot = (int)rng_below(&rng, 8);

		switch (rng_below(&rng, 8)) {
		case 0: list_set(first, num / 4 + 1, prot, true); break;
		case 1: list_set(first, num / 4 + 1, prot, false); break;
		case 2: list_unset(first, num / 4 + 1); break;
		case 3: list_protect(first, num / 4 + 1, prot); break;
		case 4: list_lose(first, num); break;
		case 5: list_clear(first, num / 4 + 1); break;
		case 6:
			ck_no_error(guest_map_take(&list, first));
			model[first].fresh = false;
			break;
		default: page_runs_order(rng_below(&rng, 2) ? &list.asked : &list.code); break;
		}
		if (i % LOOK_EVERY == 0)
			list_is_the_model();
	}
	guest_map_deinit(&list);
}
END_TEST

START_TEST(large_list_costs_nothing)
{
	const uint64_t start = UINT64_C(1) << 40, len = UINT64_C(1) << 40;

	list = (struct guest_map){.known = true};
	ck_no_error(guest_map_set(&list, start, len, PROT_READ | PROT_WRITE, GUEST_MAP_FRESH));
	ck_assert(guest_map_is_fresh(&list, (start + len / 2) / PAGE));
	ck_assert_uint_eq(list.asked.list.len, 0);
	guest_map_lost(&list, 0, UINT64_MAX);
	ck_assert(!guest_map_is_fresh(&list, (start + len / 2) / PAGE));
	ck_assert_uint_eq(list.asked.list.len, 0);
	ck_assert_uint_eq(guest_map_num(&list), 1);
	guest_map_deinit(&list);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("guest_map");
	TCase *tc = tcase_create("list");

	tcase_add_loop_test(tc, list_agrees_with_an_array_of_pages, 0, 4);
	tcase_add_test(tc, large_list_costs_nothing);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return test_main(suite());
}
