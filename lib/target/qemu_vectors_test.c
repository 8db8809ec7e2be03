#include "lib/target/qemu_vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/target/qemu.h"
#include "lib/testing/assert.h"

enum { TIMEOUT_MS = 60000 };

static const struct isa *isa;

static struct qemu_vectors *start(void)
{
	const struct qemu_vectors_options options = {.timeout_ms = TIMEOUT_MS};
	struct qemu_vectors *q = NULL;

	ck_no_error(qemu_vectors_create(isa, &options, &q));
	return q;
}

static void run(struct qemu_vectors *q, struct vectors_trial *trials, unsigned num)
{
	ck_no_error(qemu_vectors_submit(q, trials, num));
	ck_no_error(qemu_vectors_collect(q, trials, num));
}

/* Everything that can be told of a state, but for what FPCR keeps. */
static void make_state(struct vectors_state *ret)
{
	struct rng rng = {.state = 5};

	*ret = (struct vectors_state){.nzcv = 0x90000000, .fpsr = 0x8000015, .fpcr = 0x07c00000};
	for (unsigned i = 0; i < 31; i++)
		ret->x[i] = rng_next(&rng);
	for (unsigned i = 0; i < 64; i++)
		ret->v[i / 2][i % 2] = rng_next(&rng);
	for (unsigned i = 0; i < VECTOR_WINDOW; i++)
		ret->memory[i] = (uint8_t)rng_next(&rng);
	ret->sp = rng_next(&rng);
}

START_TEST(a_nop_changes_nothing)
{
	struct qemu_vectors *q = start();
	struct vectors_trial t = {.word = 0xd503201f};

	make_state(&t.before);
	run(q, &t, 1);
	ck_assert_int_eq(t.end, VECTORS_ENDED);
	ck_assert_uint_eq(t.before.fpcr, 0x07c00000);
	t.before.pc += 4;
	ck_assert_mem_eq(&t.after, &t.before, sizeof t.after);
	qemu_vectors_destroy(q);
}
END_TEST

/* Words, with X1 as given and X2 = 5, and what becomes of them. */
static const struct {
	uint32_t word;
	uint64_t x1;
	enum vectors_end end;
	enum fault_kind fault;
	uint64_t x0; /* VECTORS_ENDED */
} words[] = {
	{0x8b020020, 7, VECTORS_ENDED, FAULT_NONE, 12},                         /* add x0, x1, x2 */
	{0xf9400020, VECTORS_WINDOW + 0x3000, VECTORS_ENDED, FAULT_NONE, 0},    /* ldr x0, [x1] */
	{0xf9400020, 0x30000ffc, VECTORS_ENDED, FAULT_NONE, 0},                 /* ... of two pages */
	{0xf9400020, UINT64_C(1) << 47, VECTORS_LEFT_OUT, FAULT_NONE, 0},       /* ... of none */
	{0x00000000, 0, VECTORS_FAULTED, FAULT_UNDEFINED, 0},                   /* udf #0 */
	{0xd4200000, 0, VECTORS_FAULTED, FAULT_BREAKPOINT, 0},                  /* brk #0 */
	{0x88dffc20, VECTORS_WINDOW + 15, VECTORS_FAULTED, FAULT_ALIGNMENT, 0}, /* ldar w0, [x1] */
	{0xd4000001, 0, VECTORS_LEFT_OUT, FAULT_NONE, 0},                       /* svc #0 */
	{0x14000000, 0, VECTORS_LEFT_OUT, FAULT_NONE, 0},                       /* b . */
	{0x14000004, 0, VECTORS_LEFT_OUT, FAULT_NONE, 0},                       /* b, to the next slot */
	{0x14ffe000, 0, VECTORS_LEFT_OUT, FAULT_NONE, 0},                       /* b, into the program */
	{0x58000020, 0, VECTORS_LEFT_OUT, FAULT_NONE, 0},                       /* ldr x0, .+4 */
	{0x58100000, 0, VECTORS_ENDED, FAULT_NONE, 0},                          /* ldr x0, .+0x20000 */
	{0xc8007c22, VECTORS_WINDOW, VECTORS_ENDED, FAULT_NONE, 1},             /* stxr w0, x2, [x1] */
	{0xd51bd041, 3, VECTORS_ENDED, FAULT_NONE, 0},                          /* msr tpidr_el0, x1 */
	{0x1ac00820, 6, VECTORS_ENDED, FAULT_NONE, 0},                          /* udiv w0, w1, w0, by 0 */
};

enum { NUM_WORDS = sizeof words / sizeof *words };

START_TEST(words_end_as_they_should)
{
	struct qemu_vectors *q = start();
	struct vectors_trial trials[NUM_WORDS];

	for (unsigned i = 0; i < NUM_WORDS; i++) {
		trials[i] = (struct vectors_trial){.word = words[i].word, .before = {.sp = 8}};
		trials[i].before.x[1] = words[i].x1;
		trials[i].before.x[2] = 5;
	}
	run(q, trials, NUM_WORDS);
	for (unsigned i = 0; i < NUM_WORDS; i++) {
		ck_assert_msg(trials[i].end == words[i].end, "%08x ends as %d", words[i].word, trials[i].end);
		if (words[i].end == VECTORS_FAULTED)
			ck_assert_int_eq(trials[i].fault, words[i].fault);
		if (words[i].end == VECTORS_ENDED)
			ck_assert_uint_eq(trials[i].after.x[0], words[i].x0);
	}
	qemu_vectors_destroy(q);
}
END_TEST

/* To where nothing is, and to the program's neighbour. */
START_TEST(branches_are_taken)
{
	struct qemu_vectors *q = start();
	struct vectors_trial trials[] = {{.word = 0xd61f0020 /* br x1 */, .before.x[1] = 0x12345678},
					 {.word = 0x97ffffff - 0x4000 /* bl */},
					 {.word = 0x54100001 /* b.ne, not taken */, .before.nzcv = 0x40000000}};

	run(q, trials, 3);
	ck_assert_uint_eq(trials[0].after.pc, 0x12345678);
	ck_assert_uint_eq(trials[1].after.pc, trials[1].before.pc - UINT64_C(0x10004));
	ck_assert_uint_eq(trials[1].after.x[30], trials[1].before.pc + 4);
	ck_assert_uint_eq(trials[2].after.pc, trials[2].before.pc + 4);
	qemu_vectors_destroy(q);
}
END_TEST

/* str x2, [x1]; ldr x0, [x1]: beside the window, on the next page, and on one that appears. */
START_TEST(stores_leave_no_trace)
{
	static const uint64_t addresses[] = {VECTORS_WINDOW - 8, VECTORS_WINDOW + 0x1ffc, 0x30000000};
	struct qemu_vectors *q = start();

	for (unsigned i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct vectors_trial trials[] = {{.word = 0xf9000022}, {.word = 0xf9400020}};
		for (unsigned k = 0; k < 2; k++) {
			trials[k].before.x[1] = addresses[i];
			trials[k].before.x[2] = UINT64_MAX;
		}
		run(q, trials, 2);
		ck_assert_int_eq(trials[0].end, VECTORS_ENDED);
		ck_assert_uint_eq(trials[1].after.x[0], 0);
	}
	qemu_vectors_destroy(q);
}
END_TEST

START_TEST(batches_are_submitted_ahead)
{
	struct qemu_vectors *q = start();
	struct vectors_trial trials[2][QEMU_VECTORS_BATCH];

	for (unsigned i = 0; i < 2 * QEMU_VECTORS_BATCH; i++) {
		struct vectors_trial *t = &trials[i / QEMU_VECTORS_BATCH][i % QEMU_VECTORS_BATCH];
		*t = (struct vectors_trial){.word = 0x91000420 /* add x0, x1, #1 */ | (i / 4 & 7) << 10};
		t->before.x[1] = i;
	}
	for (unsigned round = 0; round < 100; round++) {
		if (!round)
			ck_no_error(qemu_vectors_submit(q, trials[0], QEMU_VECTORS_BATCH));
		ck_no_error(qemu_vectors_submit(q, trials[(round + 1) % 2], QEMU_VECTORS_BATCH));
		ck_no_error(qemu_vectors_collect(q, trials[round % 2], QEMU_VECTORS_BATCH));
		for (unsigned i = 0; i < QEMU_VECTORS_BATCH; i++) {
			const struct vectors_trial *t = &trials[round % 2][i];
			ck_assert_uint_eq(t->after.x[0], t->before.x[1] + (t->word >> 10 & 0xfff));
		}
	}
	qemu_vectors_destroy(q);
}
END_TEST

START_TEST(others_are_refused)
{
	struct qemu_vectors_options options = {.emulator = "/nonexistent/qemu", .timeout_ms = TIMEOUT_MS};
	struct qemu_vectors *q = NULL;

	ck_error(qemu_vectors_create(isa, &options, &q), ERROR_TARGET, "no emulator /nonexistent/qemu");
	options = (struct qemu_vectors_options){.cpu = "nothing", .timeout_ms = TIMEOUT_MS};
	ck_error(qemu_vectors_create(isa, &options, &q), ERROR_UNSUPPORTED, "-cpu help lists the models");
	options = (struct qemu_vectors_options){.emulator = "/bin/true", .timeout_ms = TIMEOUT_MS};
	ck_error(qemu_vectors_create(isa, &options, &q), ERROR_TARGET, "/bin/true ended with status 0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qemu_vectors");
	TCase *tcase = tcase_create("qemu_vectors");
	char *path = NULL;

	isa = isa_by_name("aarch64");
	struct error *err = qemu_find_emulator(isa, NULL, &path);
	free(path);
	if (err) {
		printf("%s\n", err->message);
		error_destroy(err);
		return TEST_SKIP;
	}
	tcase_set_timeout(tcase, TIMEOUT_MS / 1000);
	tcase_add_test(tcase, a_nop_changes_nothing);
	tcase_add_test(tcase, words_end_as_they_should);
	tcase_add_test(tcase, branches_are_taken);
	tcase_add_test(tcase, stores_leave_no_trace);
	tcase_add_test(tcase, batches_are_submitted_ahead);
	tcase_add_test(tcase, others_are_refused);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
