/* The loop over a target that is made of the model itself and can be told to go wrong: what it does wrong must be
 * found, once for each form and location, and nothing else. */
#include "lib/lockstep/lockstep.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/run/verdict.h"
#include "lib/testing/assert.h"
#include "lib/testing/fake.h"
#include "lib/testing/logs.h"
#include "lib/testing/regs.h"
#include "lib/testing/scratch.h"

enum { CODE = FAKE_CODE, SP = FAKE_SP };

/*
 * 401000  mov ecx, 10
 * 401005  mov eax, ecx          loop:
 * 401007  blsi edx, eax
 * 40100c  mov [rsp - 8], rdx
 * 401011  adc rbx, [rsp - 8]
 * 401016  dec ecx
 * 401018  jnz loop
 * 40101a  mov edi, 0
 * 40101f  mov eax, 231
 * 401024  syscall               exit_group(0)
 */
static const uint8_t program[] = {
	0xb9, 10,   0,    0,    0,    0x89, 0xc8, 0xc4, 0xe2, 0x68, 0xf3, 0xd8, 0x48,
	0x89, 0x54, 0x24, 0xf8, 0x48, 0x13, 0x5c, 0x24, 0xf8, 0xff, 0xc9, 0x75, 0xeb,
	0xbf, 0,    0,    0,    0,    0xb8, 0xe7, 0,    0,    0,    0x0f, 0x05,
};
enum { LOOPS = 10, LOOP_INSNS = 6, INSNS = 1 + LOOPS * LOOP_INSNS + 3 };
enum { PC_BLSI = 0x401007, PC_STORE = 0x40100c, PC_JNZ = 0x401018, PC_AFTER = 0x40101a };

static char log_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("run.json", log_path);
	log_of_exit(log_path, "x86_64", 231, 0x401024);
}

/* on_request: a register, or NULL. */
static void run_showing(const char *on_request, int (*damage)(struct fake *, uint64_t), size_t max_ahead,
			struct lockstep_options options, struct run *ret)
{
	const struct isa *isa = isa_by_name("x86_64");
	struct fake *f = fake_create(isa, program, sizeof program, max_ahead);

	f->damage = damage;
	if (on_request)
		fake_show_on_request(f, test_reg(isa, on_request));
	options.judge.fail_on = SEVERITY_MODEL;
	log_judge(log_path, &f->base, &f->regs, &options, ret);
	target_destroy(&f->base);
}

static void run(int (*damage)(struct fake *, uint64_t), size_t max_ahead, struct lockstep_options options,
		struct run *ret)
{
	run_showing(NULL, damage, max_ahead, options, ret);
}

static const size_t aheads[] = {1, 2, 3, 7, 64};
enum { NUM_AHEADS = sizeof aheads / sizeof *aheads };

static uint32_t reg(const char *name)
{
	return test_reg(isa_by_name("x86_64"), name);
}

static void flip(struct fake *f, const char *name, uint64_t bits)
{
	state_set(&f->regs, reg(name), state_get(&f->regs, reg(name)) ^ bits);
}

/* ---- Tests ---- */

START_TEST(undamaged_run_is_clean)
{
	struct run r;

	run(NULL, aheads[_i], (struct lockstep_options){0}, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_eq(r.instructions, INSNS);
	ck_assert_uint_eq(r.checked, INSNS);
	ck_assert_uint_eq(r.unseen, 0);
	ck_assert(r.exited);

	uint64_t judged[NUM_JUDGED] = {0};
	for (size_t i = 0; i < r.coverage.forms.len; i++)
		for (unsigned k = 0; k < NUM_JUDGED; k++)
			judged[k] += r.coverage.forms.at[i].count[k];
	ck_assert_uint_eq(judged[JUDGED_FULLY], INSNS);
	ck_assert_uint_eq(judged[JUDGED_PARTLY] + judged[JUDGED_NOT], 0);
	ck_assert_uint_eq(r.timeline.instructions, INSNS);
	ck_assert_uint_eq(r.timeline.num_events, 1);
	ck_assert_uint_eq(r.timeline.event[0].number, 231);
	ck_assert_uint_eq(r.timeline.event[0].instruction, INSNS);
	run_deinit(&r);
}
END_TEST

static void cause_is(const struct finding *f, const char *place, const char *cause)
{
	struct strbuf text = {0};

	finding_place(&text, f, isa_by_name("x86_64"));
	ck_assert_str_eq(strbuf_text(&text), place);
	strbuf_clear(&text);
	finding_cause(&text, f, isa_by_name("x86_64"));
	ck_assert_str_eq(strbuf_text(&text), cause);
	strbuf_deinit(&text);
}

static int wrong_carry(struct fake *f, uint64_t pc)
{
	if (pc == PC_BLSI)
		flip(f, "cf", 1);
	return 0;
}

/* The carry is added up in RBX: a cascade would show there. */
START_TEST(wrong_flag_is_one_finding)
{
	struct run r;

	run(wrong_carry, aheads[_i], (struct lockstep_options){0}, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_DIVERGENT);
	ck_assert_uint_eq(r.findings.list.len, 1);
	ck_assert_uint_eq(r.instructions, INSNS);

	const struct finding *f = &r.findings.list.at[0];
	ck_assert_uint_eq(f->insn.pc, PC_BLSI);
	ck_assert_int_eq(f->kind, LOCATION_REG);
	ck_assert_uint_eq(f->reg, reg("cf"));
	ck_assert_uint_eq(f->count, LOOPS);
	ck_assert_uint_eq(f->first_instruction, 3);
	ck_assert_uint_eq(f->expected[0], 1);
	ck_assert_uint_eq(f->observed[0], 0);
	ck_contains(f->formula, "rax");
	cause_is(f, "eflags", "cf");
	run_deinit(&r);
}
END_TEST

/* Other flags at other times, the result, and a register that the instruction does not write. */
static int wrong_everywhere(struct fake *f, uint64_t pc)
{
	if (pc != PC_BLSI)
		return 0;
	switch (state_get(&f->regs, reg("rcx"))) {
	case 9: flip(f, "zf", 1); break;
	case 8: flip(f, "cf", 1); break;
	case 7: flip(f, "rdx", 4); break;
	case 6: flip(f, "rbx", 4); break;
	default: break;
	}
	return 0;
}

START_TEST(causes_are_kept_apart)
{
	struct run r;

	run(wrong_everywhere, aheads[_i], (struct lockstep_options){0}, &r);
	ck_assert_uint_eq(r.findings.list.len, 3);
	ck_assert_uint_eq(r.findings.list.at[0].count, 2);
	cause_is(&r.findings.list.at[0], "eflags", "cf+zf");
	cause_is(&r.findings.list.at[1], "general register", "value");
	cause_is(&r.findings.list.at[2], "general register", "stray");
	run_deinit(&r);
}
END_TEST

static int wrong_store(struct fake *f, uint64_t pc)
{
	uint8_t byte = 0x80;

	if (pc == PC_STORE)
		ck_no_error(memory_write(f->memory, SP - 1, &byte, NULL, 1));
	return 0;
}

/* The next instruction loads what was stored: it must be judged on what memory really holds. */
START_TEST(wrong_memory_is_one_finding)
{
	struct run r;

	run(wrong_store, aheads[_i], (struct lockstep_options){0}, &r);
	ck_assert_uint_eq(r.findings.list.len, 1);
	ck_assert_int_eq(r.findings.list.at[0].kind, LOCATION_MEMORY);
	ck_assert_uint_eq(r.findings.list.at[0].address, SP - 8);
	ck_assert_uint_eq(r.findings.list.at[0].count, LOOPS);
	ck_assert_uint_eq(r.findings.list.at[0].observed[0], (uint64_t)0x80 << 56 | 2);
	run_deinit(&r);
}
END_TEST

static int wrong_way(struct fake *f, uint64_t pc)
{
	if (pc == PC_JNZ)
		state_set(&f->regs, f->base.isa->pc, PC_AFTER);
	return 0;
}

START_TEST(wrong_branch_is_one_finding)
{
	struct run r;

	run(wrong_way, 1, (struct lockstep_options){0}, &r);
	ck_assert_ptr_null(r.error);
	ck_assert_uint_eq(r.findings.list.len, 1);
	ck_assert_uint_eq(r.findings.list.at[0].reg, isa_by_name("x86_64")->pc);
	ck_assert_uint_eq(r.findings.list.at[0].observed[0], PC_AFTER);
	ck_assert_uint_eq(r.instructions, 1 + LOOP_INSNS + 3);
	run_deinit(&r);
}
END_TEST

/* Steps sent ahead lead the target over a system call before anybody knows: the run ends with its finding, and says so.
 */
START_TEST(wrong_branch_to_a_call_ends_the_run)
{
	struct run r;

	run(wrong_way, 64, (struct lockstep_options){0}, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_DIVERGENT);
	ck_assert_uint_eq(r.findings.list.len, 1);
	ck_error(r.error, ERROR_TARGET, "ran a system call of its own");
	r.error = NULL;
	run_deinit(&r);
}
END_TEST

/* A register that the instruction has nothing to do with. */
static int stray_change(struct fake *f, uint64_t pc)
{
	if (pc == PC_STORE && state_get(&f->regs, reg("rcx")) == 5)
		flip(f, "xmm3", 1 << 7);
	return 0;
}

START_TEST(stray_change_is_found)
{
	struct run r;

	run(stray_change, aheads[_i], (struct lockstep_options){0}, &r);
	ck_assert_uint_eq(r.findings.list.len, 1);
	ck_assert_uint_eq(r.findings.list.at[0].reg, reg("xmm3"));
	ck_assert_uint_eq(r.findings.list.at[0].insn.pc, PC_STORE);
	ck_assert_uint_eq(r.findings.list.at[0].count, 1);
	ck_assert_str_eq(r.findings.list.at[0].formula, "unchanged");
	run_deinit(&r);
}
END_TEST

/* dec ecx goes wrong, where it does no harm. */
static int wrong_counter(struct fake *f, uint64_t pc)
{
	if (pc == 0x401016 && state_get(&f->regs, reg("rcx")) == 5)
		flip(f, "rcx", UINT64_C(1) << 40);
	return 0;
}

/* The same in one that is shown on request: it is found at the next look, and dated to the time since the one before.
 */
static void check_dated(const struct run *r, uint64_t first, uint64_t last)
{
	enum { WHEN = 1 + 5 * LOOP_INSNS + 3 }; /* rcx is 5 in the sixth round */

	ck_assert_int_eq(run_verdict(r), VERDICT_DIVERGENT);
	ck_assert_uint_eq(r->instructions, INSNS);
	ck_assert_uint_eq(r->findings.list.len, 1);
	const struct finding *f = &r->findings.list.at[0];
	ck_assert_uint_eq(f->reg, reg("xmm3"));
	ck_assert(f->unwritten);
	ck_assert_uint_eq(f->count, 1);
	ck_assert_uint_eq(f->since, first);
	ck_assert_uint_eq(f->first_instruction, last);
	ck_assert(first <= WHEN && WHEN <= last);
	ck_assert_str_eq(f->insn.form, "(unknown)");
}

START_TEST(a_change_of_what_is_shown_on_request_is_dated)
{
	struct run r;

	run_showing("xmm3", stray_change, aheads[_i], (struct lockstep_options){.sweep_interval = 10}, &r);
	check_dated(&r, 31, 40);
	run_deinit(&r);
	/* Looked at before the system call alone. */
	run_showing("xmm3", stray_change, aheads[_i], (struct lockstep_options){0}, &r);
	check_dated(&r, 1, INSNS - 1);
	run_deinit(&r);
	run_showing("xmm3", stray_change, aheads[_i], (struct lockstep_options){.sweep_interval = 1}, &r);
	ck_assert_uint_eq(r.findings.list.len, 1);
	ck_assert_uint_eq(r.findings.list.at[0].insn.pc, PC_STORE);
	ck_assert_uint_eq(r.findings.list.at[0].since, r.findings.list.at[0].first_instruction);
	run_deinit(&r);
	run_showing("rdx", NULL, aheads[_i], (struct lockstep_options){0}, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_eq(r.checked, INSNS);
	run_deinit(&r);
	/* What an instruction writes is looked at when it does. */
	run_showing("rcx", wrong_counter, aheads[_i], (struct lockstep_options){0}, &r);
	ck_assert_uint_ge(r.findings.list.len, 1);
	ck_assert_uint_eq(r.findings.list.at[0].insn.pc, 0x401016);
	/* ... or its input has changed since it was written in the round before. */
	ck_assert_uint_eq(r.findings.list.at[0].since, r.findings.list.at[0].first_instruction - (LOOP_INSNS - 1));
	run_deinit(&r);
}
END_TEST

START_TEST(limits_end_the_run)
{
	struct run r;

	run(NULL, aheads[_i], (struct lockstep_options){.max_instructions = 20}, &r);
	ck_assert_uint_eq(r.instructions, 20);
	ck_assert(r.limit == RUN_LIMIT_INSTRUCTIONS && !r.exited);
	ck_assert_int_eq(run_verdict(&r), VERDICT_INCOMPLETE);
	run_deinit(&r);

	run(NULL, aheads[_i], (struct lockstep_options){.have_until = true, .until = PC_AFTER}, &r);
	ck_assert_uint_eq(r.instructions, INSNS - 3);
	ck_assert_int_eq(r.limit, RUN_LIMIT_UNTIL);
	run_deinit(&r);

	run(wrong_carry, aheads[_i], (struct lockstep_options){.judge.stop_on_first = true}, &r);
	ck_assert_uint_eq(r.findings.list.at[0].count, 1);
	ck_assert_int_eq(r.limit, RUN_LIMIT_FINDINGS);
	run_deinit(&r);

	run(wrong_carry, aheads[_i], (struct lockstep_options){.have_from = true, .from = PC_AFTER}, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_eq(r.instructions, INSNS);
	ck_assert_uint_eq(r.passed_over, INSNS - 3);
	run_deinit(&r);
}
END_TEST

/* What is judged is counted, not what is executed on the way there. */
START_TEST(a_limit_counts_what_is_judged)
{
	struct lockstep_options o = {.have_from = true, .from = PC_AFTER, .max_instructions = 2};
	struct run r;

	run(NULL, aheads[_i], o, &r);
	ck_assert_uint_eq(r.instructions, INSNS - 1);
	ck_assert_uint_eq(r.checked, 2);
	ck_assert_int_eq(r.limit, RUN_LIMIT_INSTRUCTIONS);
	run_deinit(&r);

	/* As many as there are: the run comes to its end. */
	o.max_instructions = 3;
	run(NULL, aheads[_i], o, &r);
	ck_assert(r.exited && !r.limit);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	run_deinit(&r);

	o.from = 0x10;
	run(NULL, aheads[_i], o, &r);
	ck_assert(r.exited && r.unreached && !r.checked);
	ck_assert_uint_eq(r.passed_over, INSNS);
	ck_assert_int_eq(run_verdict(&r), VERDICT_INCOMPLETE);
	ck_assert(run_has_gap(&r, GAP_NOTHING_JUDGED) && run_has_gap(&r, GAP_START_NOT_REACHED));
	run_deinit(&r);
}
END_TEST

/* ---- The memory audit ---- */

enum { ASIDE = FAKE_CODE + 0x7fe }; /* on the code's page, which is known, and far from what is executed */

/* Once, behind the second BLSI: instruction 9. */
static int stray_store(struct fake *f, uint64_t pc)
{
	if (pc == PC_BLSI && fake_get(f, "rcx") == LOOPS - 1)
		ck_no_error(memory_write(f->memory, ASIDE, "\x11\x22\x33", NULL, 3));
	return 0;
}

static void audited(int (*damage)(struct fake *, uint64_t), size_t ahead, uint64_t interval, struct run *ret)
{
	run(damage, ahead, (struct lockstep_options){.audit_interval = interval}, ret);
	ck_assert_uint_eq(ret->instructions, INSNS);
	ck_assert_uint_eq(ret->checked, INSNS);
	ck_assert_uint_ge(ret->audit.bytes, MEMORY_PAGE * ret->audit.audits);
	ck_assert_uint_eq(ret->audit.unreadable, 0);
}

/* The run is short: it is audited at its end, unasked, before the guest is gone. */
START_TEST(stray_store_is_found_at_the_end)
{
	struct run r;

	audited(stray_store, aheads[_i], 0, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_DIVERGENT);
	ck_assert_uint_eq(r.audit.audits, 1);
	ck_assert_uint_eq(r.audit.differing, 3);
	ck_assert_uint_eq(r.findings.list.len, 1); /* of one kind */

	const struct finding *f = &r.findings.list.at[0];
	ck_assert_str_eq(f->insn.form, "(memory audit)");
	cause_is(f, "memory", "value");
	ck_assert_uint_eq(f->address, FAKE_CODE + 0x7e0);
	ck_assert_uint_eq(f->expected[3] >> 48, 0);
	ck_assert_uint_eq(f->observed[3] >> 48, 0x2211);
	ck_assert_uint_eq(f->first_instruction, INSNS - 1);
	ck_assert_uint_eq(f->since, 1);
	ck_assert_uint_eq(f->count, 2); /* two rows of 32 bytes */
	run_deinit(&r);
}
END_TEST

/* Audits date it: between instructions 9 and 16. */
START_TEST(audits_date_a_stray_store)
{
	struct run r;

	audited(stray_store, aheads[_i], 8, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_DIVERGENT);
	ck_assert_uint_eq(r.audit.differing, 3);
	ck_assert_uint_eq(r.audit.audits, (INSNS - 1 + 7) / 8);
	ck_assert_uint_eq(r.findings.list.at[0].since, 9);
	ck_assert_uint_eq(r.findings.list.at[0].first_instruction, 16);
	ck_assert(strstr(r.findings.list.at[0].formula, "since instruction 8"));
	run_deinit(&r);
	audited(NULL, aheads[_i], 1, &r);
	ck_assert_int_eq(run_verdict(&r), VERDICT_CLEAN);
	ck_assert_uint_eq(r.audit.audits, INSNS - 1);
	run_deinit(&r);
}
END_TEST

/* ---- What the model knows of memory ---- */

/*
 * 401000  mov ecx, 10
 * 401005  mov rax, [rsp]        loop:
 * 401009  dec ecx
 * 40100b  jnz loop
 * 40100d  mov edi, 0
 * 401012  mov eax, 231
 * 401017  syscall               exit_group(0)
 */
static const uint8_t loads[] = {
	0xb9, 10, 0, 0, 0, 0x48, 0x8b, 0x04, 0x24, 0xff, 0xc9, 0x75, 0xf8,
	0xbf, 0,  0, 0, 0, 0xb8, 0xe7, 0,    0,    0,    0x0f, 0x05,
};
enum { PC_LOAD = 0x401005, PC_DEC = 0x401009, LOADS_INSNS = 1 + 3 * LOOPS + 3 };

static void run_loads(int (*damage)(struct fake *, uint64_t), size_t max_ahead, struct run *ret)
{
	struct fake *f = fake_create(isa_by_name("x86_64"), loads, sizeof loads, max_ahead);
	const struct lockstep_options options = {0};

	log_of_exit(log_path, "x86_64", 231, 0x401017);
	f->damage = damage;
	log_judge(log_path, &f->base, &f->regs, &options, ret);
	target_destroy(&f->base);
}

static const uint64_t stray = 0x1234;

/* Behind the fifth DEC, memory changes that no instruction has written. */
static int change_unseen(struct fake *f, uint64_t pc)
{
	if (pc == PC_DEC && fake_get(f, "rcx") == LOOPS - 5)
		ck_no_error(memory_write(f->memory, SP, &stray, NULL, sizeof stray));
	return 0;
}

static void is_changed_unseen(const struct finding *f)
{
	cause_is(f, "memory", "changed unseen");
	ck_assert_uint_eq(f->insn.pc, PC_LOAD);
	ck_assert_uint_eq(f->address, SP);
	ck_assert_uint_eq(f->expected[0], 1);
	ck_assert_uint_eq(f->observed[0], stray);
	ck_assert_int_eq(f->severity, SEVERITY_MODEL);
	ck_assert_uint_eq(f->count, 1);
}

/* The load did right: the difference is one of memory, and from then on it is known. */
START_TEST(memory_that_changed_unseen_is_no_fault_of_the_load)
{
	struct run r;

	run_loads(change_unseen, aheads[_i], &r);
	ck_assert_uint_eq(r.findings.list.len, 1);
	is_changed_unseen(&r.findings.list.at[0]);
	ck_assert_uint_eq(r.instructions, LOADS_INSNS);
	run_deinit(&r);
}
END_TEST

static int change_unseen_and_load_wrongly(struct fake *f, uint64_t pc)
{
	if (pc == PC_LOAD)
		flip(f, "rax", 1);
	return change_unseen(f, pc);
}

/* What memory holds does not explain it. */
START_TEST(a_wrong_load_of_changed_memory_is_two_findings)
{
	struct run r;

	run_loads(change_unseen_and_load_wrongly, aheads[_i], &r);
	ck_assert_uint_eq(r.findings.list.len, 2);
	/* Which is first depends on when memory is looked at. */
	unsigned first = r.findings.list.at[0].kind == LOCATION_MEMORY;
	cause_is(&r.findings.list.at[first], "general register", "value");
	ck_assert_uint_eq(r.findings.list.at[first].expected[0], 1);
	ck_assert_uint_eq(r.findings.list.at[first].observed[0], 0);
	ck_assert_uint_eq(r.findings.list.at[first].count, LOOPS);
	is_changed_unseen(&r.findings.list.at[!first]);
	ck_assert_uint_eq(r.instructions, LOADS_INSNS);
	run_deinit(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lockstep");
	TCase *t = tcase_create("loop");

	tcase_add_checked_fixture(t, setup, scratch_teardown);
	tcase_add_loop_test(t, undamaged_run_is_clean, 0, NUM_AHEADS);
	tcase_add_loop_test(t, wrong_flag_is_one_finding, 0, NUM_AHEADS);
	tcase_add_loop_test(t, causes_are_kept_apart, 0, NUM_AHEADS);
	tcase_add_loop_test(t, wrong_memory_is_one_finding, 0, NUM_AHEADS);
	tcase_add_test(t, wrong_branch_is_one_finding);
	tcase_add_test(t, wrong_branch_to_a_call_ends_the_run);
	tcase_add_loop_test(t, stray_change_is_found, 0, NUM_AHEADS);
	tcase_add_loop_test(t, a_change_of_what_is_shown_on_request_is_dated, 0, NUM_AHEADS);
	tcase_add_loop_test(t, limits_end_the_run, 0, NUM_AHEADS);
	tcase_add_loop_test(t, a_limit_counts_what_is_judged, 0, NUM_AHEADS);
	tcase_add_loop_test(t, stray_store_is_found_at_the_end, 0, NUM_AHEADS);
	tcase_add_loop_test(t, audits_date_a_stray_store, 0, NUM_AHEADS);
	tcase_add_loop_test(t, memory_that_changed_unseen_is_no_fault_of_the_load, 0, NUM_AHEADS);
	tcase_add_loop_test(t, a_wrong_load_of_changed_memory_is_two_findings, 0, NUM_AHEADS);
	suite_add_tcase(s, t);
	return test_main(s);
}
