/* Exclusive sequences over a target that forgets its monitor at each stop, and can be told to go wrong. */
#include "lib/lockstep/lockstep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/run/verdict.h"
#include "lib/testing/assert.h"
#include "lib/testing/fake.h"
#include "lib/testing/logs.h"
#include "lib/testing/regs.h"
#include "lib/testing/scratch.h"

/*
 * 401000  mov x1, #0x7ffe0000
 * 401004  mov w5, #3
 * 401008  ldaxr w0, [x1]       retry:
 * 40100c  cmp w0, w6
 * 401010  b.ne 401028
 * 401014  add w6, w0, #7
 * 401018  stlxr w2, w6, [x1]
 * 40101c  cbnz w2, retry
 * 401020  sub w5, w5, #1
 * 401024  cbnz w5, retry
 * 401028  mov x0, #0
 * 40102c  mov x8, #94
 * 401030  svc #0               exit_group(0)
 */
static const uint32_t program[] = {
	0xd2afffc1, 0x52800065, 0x885ffc20, 0x6b06001f, 0x540000c1, 0x11001c06, 0x8802fc26,
	0x35ffff62, 0x510004a5, 0x35ffff25, 0xd2800000, 0xd2800bc8, 0xd4000001,
};
enum { ROUNDS = 3, GROUP = 5, INSNS = 2 + ROUNDS * (GROUP + 3) + 3 };
enum { PC_RETRY = 0x401008, PC_BNE = 0x401010, PC_ADD = 0x401014, PC_STLXR = 0x401018 };

static char log_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("run.json", log_path);
	log_of_exit(log_path, "aarch64", 94, 0x401030);
}

static uint64_t run(int (*damage)(struct fake *, uint64_t), struct lockstep_options options, struct run *ret)
{
	struct fake *f = fake_create(isa_by_name("aarch64"), program, sizeof program, 7);

	f->base.stops_reset = true;
	f->damage = damage;
	options.judge.fail_on = SEVERITY_MODEL;
	log_judge(log_path, &f->base, &f->regs, &options, ret);
	ck_assert_uint_eq(f->num_breaks, 0);
	uint64_t resumed = f->resumed;
	target_destroy(&f->base);
	return resumed;
}

START_TEST(sequences_run_without_a_stop)
{
	struct run r;

	ck_assert_uint_eq(run(NULL, (struct lockstep_options){0}, &r), ROUNDS);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_eq(r.instructions, INSNS);
	ck_assert_uint_eq(r.checked, INSNS);
	ck_assert_uint_eq(r.grouped, ROUNDS * GROUP);
	run_deinit(&r);
}
END_TEST

static int wrong_sum(struct fake *f, uint64_t pc)
{
	if (pc == PC_ADD && fake_get(f, "x5") == 2)
		fake_set(f, "x6", fake_get(f, "x6") ^ 4);
	return 0;
}

static const struct finding *find(const struct run *r, enum location_kind kind)
{
	for (size_t i = 0; i < r->findings.list.len; i++)
		if (r->findings.list.at[i].kind == kind)
			return &r->findings.list.at[i];
	return NULL;
}

/* Register and memory each are charged to the instruction that wrote them last, with its formula and number. */
START_TEST(a_difference_is_charged_to_its_writer)
{
	struct run r;

	run(wrong_sum, (struct lockstep_options){0}, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_DIVERGENT);
	const struct finding *reg = find(&r, LOCATION_REG), *memory = find(&r, LOCATION_MEMORY);
	ck_assert_uint_eq(r.findings.list.len, 2);
	ck_assert_ptr_nonnull(reg);
	ck_assert_ptr_nonnull(memory);
	ck_assert_uint_eq(reg->insn.pc, PC_ADD);
	ck_assert_uint_eq(reg->reg, test_reg(isa_by_name("aarch64"), "x6"));
	ck_assert_uint_eq(reg->expected[0], 14);
	ck_assert_uint_eq(reg->observed[0], 10);
	ck_assert_uint_eq(reg->first_instruction, 2 + GROUP + 3 + 4);
	ck_contains(reg->formula, "x6 = ");
	ck_assert_uint_eq(memory->insn.pc, PC_STLXR);
	ck_assert_uint_eq(memory->address, FAKE_STACK);
	ck_assert_uint_eq(memory->expected[0], 14);
	ck_assert_uint_eq(memory->observed[0], 10);
	/* What was seen is what goes on: the run comes to its end, and compares with 10. */
	ck_assert_uint_eq(r.instructions, INSNS);
	ck_assert(r.exited);
	run_deinit(&r);
}
END_TEST

static int wrong_branch(struct fake *f, uint64_t pc)
{
	if (pc == PC_BNE && fake_get(f, "x5") == 2)
		fake_set(f, "pc", 0x401028);
	return 0;
}

/* The breakpoint where the branch would go stops what else would run on. */
START_TEST(a_branch_out_of_the_sequence_is_found)
{
	struct run r;

	run(wrong_branch, (struct lockstep_options){0}, &r);
	ck_assert_uint_eq(r.findings.list.len, 1);
	const struct finding *f = &r.findings.list.at[0];
	ck_assert_uint_eq(f->insn.pc, PC_BNE);
	ck_assert_uint_eq(f->expected[0], PC_ADD);
	ck_assert_uint_eq(f->observed[0], 0x401028);
	ck_assert_uint_eq(f->first_instruction, 2 + GROUP + 3 + 3);
	ck_assert_uint_eq(r.instructions, 2 + GROUP + 3 + 3 + 3);
	ck_assert(r.exited);
	run_deinit(&r);
}
END_TEST

static unsigned failures_left;

/* The store-exclusive fails, and leaves memory alone. */
static int lost_monitor(struct fake *f, uint64_t pc)
{
	if (pc == 0x401014 && failures_left) {
		failures_left--;
		fake_set(f, "monitor", 0);
	}
	return 0;
}

/* Which a monitor may do that is lost: the program tries again. */
START_TEST(a_store_may_fail_now_and_then)
{
	struct run r;

	failures_left = 2;
	run(lost_monitor, (struct lockstep_options){0}, &r);
	/* Behind a failure w6 is no more what w0 is compared with: this program gives up. */
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_eq(failures_left, 1);
	ck_assert_uint_eq(r.instructions, 2 + GROUP + 1 + 3 + 3);
	run_deinit(&r);
}
END_TEST

static int always_lost(struct fake *f, uint64_t pc)
{
	if (pc == 0x401014) {
		fake_set(f, "monitor", 0);
		fake_set(f, "x6", 7);
	}
	if (pc == PC_STLXR)
		fake_set(f, "x6", 0);
	return 0;
}

/* ... but not each time. */
START_TEST(a_store_that_never_succeeds_is_found)
{
	struct run r;

	run(always_lost, (struct lockstep_options){.max_instructions = 200}, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_DIVERGENT);
	bool status = false;
	for (size_t i = 0; i < r.findings.list.len; i++)
		status |= r.findings.list.at[i].insn.pc == PC_STLXR && r.findings.list.at[i].observed[0] == 1;
	ck_assert(status);
	run_deinit(&r);
}
END_TEST

static int fault(struct fake *f, uint64_t pc)
{
	return pc == PC_ADD && fake_get(f, "x5") == 3 ? 11 : 0;
}

START_TEST(a_signal_within_is_found)
{
	struct run r;

	run(fault, (struct lockstep_options){0}, &r);
	ck_assert_uint_eq(r.findings.list.len, 1);
	ck_assert_int_eq(r.findings.list.at[0].kind, LOCATION_FAULT);
	ck_assert_uint_eq(r.findings.list.at[0].observed[0], 11);
	run_deinit(&r);
}
END_TEST

/* Where the run is to end within one, the sequence is stepped. */
START_TEST(limits_within_are_kept)
{
	struct run r;

	ck_assert_uint_eq(run(NULL, (struct lockstep_options){.max_instructions = 5}, &r), 0);
	ck_assert_uint_eq(r.instructions, 5);
	ck_assert_uint_eq(r.checked, 5);
	ck_assert_uint_eq(r.grouped, 0);
	ck_assert_int_eq(r.limit, RUN_LIMIT_INSTRUCTIONS);
	run_deinit(&r);
	ck_assert_uint_eq(run(NULL, (struct lockstep_options){.have_until = true, .until = PC_ADD}, &r), 0);
	ck_assert_uint_eq(r.instructions, 5);
	run_deinit(&r);
	ck_assert_uint_eq(run(NULL, (struct lockstep_options){.have_from = true, .from = PC_STLXR}, &r), 0);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_lt(r.checked, r.instructions);
	run_deinit(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("group");
	TCase *t = tcase_create("group");

	tcase_add_checked_fixture(t, setup, scratch_teardown);
	tcase_add_test(t, sequences_run_without_a_stop);
	tcase_add_test(t, a_difference_is_charged_to_its_writer);
	tcase_add_test(t, a_branch_out_of_the_sequence_is_found);
	tcase_add_test(t, a_store_may_fail_now_and_then);
	tcase_add_test(t, a_store_that_never_succeeds_is_found);
	tcase_add_test(t, a_signal_within_is_found);
	tcase_add_test(t, limits_within_are_kept);
	suite_add_tcase(s, t);
	return test_main(s);
}
