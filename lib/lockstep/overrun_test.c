/* Steps that run on over a target that loses traps, foreseen and not. */
#include <stdio.h>

#include "lib/run/verdict.h"
#include "lib/testing/assert.h"
#include "lib/testing/fake.h"
#include "lib/testing/logs.h"
#include "lib/testing/regs.h"
#include "lib/testing/scratch.h"

/*
 * 401000  mov ecx, 10
 * 401005  push rcx              loop:
 * 401006  rdtsc
 * 401008  add [rsp], ebx
 * 40100b  pause
 * 40100d  pop rdx
 * 40100e  blsi eax, edx
 * 401013  adc ebx, eax
 * 401015  dec ecx
 * 401017  jnz loop
 * 401019  mov edi, 0
 * 40101e  mov eax, 231
 * 401023  syscall               exit_group(0)
 */
static const uint8_t program[] = {
	0xb9, 10,   0,    0,    0,    0x51, 0x0f, 0x31, 0x01, 0x1c, 0x24, 0xf3, 0x90,
	0x5a, 0xc4, 0xe2, 0x78, 0xf3, 0xda, 0x11, 0xc3, 0xff, 0xc9, 0x75, 0xec, 0xbf,
	0,    0,    0,    0,    0xb8, 0xe7, 0,    0,    0,    0x0f, 0x05,
};
enum { LOOPS = 10, LOOP_INSNS = 9, INSNS = 1 + LOOPS * LOOP_INSNS + 3 };
enum { PC_RDTSC = 0x401006, PC_PAUSE = 0x40100b, PC_BLSI = 0x40100e, PC_LAST = 0x40101e, PC_BEHIND_CALL = 0x401025 };

static const struct isa *isa;
static char log_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	isa = isa_by_name("x86_64");
	scratch_setup();
	scratch_path("run.json", log_path);
	log_of_exit(log_path, "x86_64", 231, 0x401023);
}

static void run(struct fake *f, struct run *ret)
{
	struct lockstep_options options = {.judge.fail_on = SEVERITY_MODEL};

	log_judge(log_path, &f->base, &f->regs, &options, ret);
	target_destroy(&f->base);
}

static bool behind_outside(struct fake *f, uint64_t pc)
{
	(void)f;
	return pc == PC_RDTSC || pc == PC_PAUSE;
}

/* The target knows which of its traps are lost: each such instruction is run to a breakpoint. */
START_TEST(what_is_foreseen_is_run_to_a_breakpoint)
{
	struct fake *f = fake_create(isa, program, sizeof program, 7);
	struct run r;

	f->loses = behind_outside;
	f->base.overruns = 1u << (isa_find_overrun(isa, "rdtsc") - 1) | 1u << (isa_find_overrun(isa, "pause") - 1);
	run(f, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_eq(r.instructions, INSNS);
	ck_assert_uint_eq(r.checked, INSNS);
	ck_assert_uint_eq(r.grouped, 0);
	run_deinit(&r);
}
END_TEST

static unsigned every, steps;

/* Not the one in front of the system call. */
static bool now_and_then(struct fake *f, uint64_t pc)
{
	(void)f;
	return ++steps % every == 0 && pc != PC_LAST;
}

START_TEST(what_is_not_foreseen_is_noticed)
{
	struct fake *f = fake_create(isa, program, sizeof program, 7);
	struct run r;

	every = (unsigned)_i;
	f->loses = now_and_then;
	f->base.loses_traps = true;
	run(f, &r);
	ck_assert_uint_eq(r.findings.list.len, 0);
	ck_assert(!r.error && r.exited);
	ck_assert_uint_eq(r.instructions, INSNS);
	ck_assert_uint_gt(r.grouped, INSNS / (every + 1));
	ck_assert_uint_ge(r.checked + r.grouped / 2, INSNS);
	run_deinit(&r);
}
END_TEST

static int wrong_carry(struct fake *f, uint64_t pc)
{
	uint32_t cf = test_reg(isa, "cf");

	if (pc == PC_BLSI)
		state_set(&f->regs, cf, !state_get(&f->regs, cf));
	return 0;
}

/* What an instruction does wrong within such a step is charged to the step's first. */
START_TEST(a_difference_is_still_found)
{
	struct fake *f = fake_create(isa, program, sizeof program, 7);
	struct run r;

	every = (unsigned)_i;
	f->loses = now_and_then;
	f->damage = wrong_carry;
	f->base.loses_traps = true;
	run(f, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_DIVERGENT);
	ck_assert(!r.error && r.exited);
	run_deinit(&r);
}
END_TEST

/* Without a word about it each lost trap is a finding. */
START_TEST(a_target_that_promises_to_stop_is_held_to_it)
{
	struct fake *f = fake_create(isa, program, sizeof program, 7);
	struct run r;

	f->loses = behind_outside;
	run(f, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_DIVERGENT);
	run_deinit(&r);
}
END_TEST

/* The step in front of it ends behind it. */
static int make_the_call(struct fake *f, uint64_t pc)
{
	if (pc == PC_LAST)
		state_set(&f->regs, isa->pc, PC_BEHIND_CALL);
	return 0;
}

START_TEST(a_call_that_the_guest_made_itself_ends_the_run)
{
	struct fake *f = fake_create(isa, program, sizeof program, 7);
	struct run r;

	f->base.loses_traps = true;
	f->damage = make_the_call;
	run(f, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_ERROR);
	ck_contains(r.error->message, "the guest made the call itself");
	ck_assert_uint_eq(r.findings.list.len, 0);
	run_deinit(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overrun");
	TCase *tests = tcase_create("overrun");

	tcase_add_checked_fixture(tests, setup, scratch_teardown);
	tcase_add_test(tests, what_is_foreseen_is_run_to_a_breakpoint);
	tcase_add_loop_test(tests, what_is_not_foreseen_is_noticed, 2, 12);
	tcase_add_loop_test(tests, a_difference_is_still_found, 2, 12);
	tcase_add_test(tests, a_target_that_promises_to_stop_is_held_to_it);
	tcase_add_test(tests, a_call_that_the_guest_made_itself_ends_the_run);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
