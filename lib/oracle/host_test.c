/*
 * Hosts of other kinds, forced upon this one: the canaries notice, and no case ends otherwise than on this host as it
 * is, unless it is left open.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/codec.h"
#include "lib/base/rng.h"
#include "lib/oracle/host.h"
#include "lib/oracle/kind.h"
#include "lib/state/memory.h"
#include "lib/testing/assert.h"
#include "lib/testing/native.h"
#include "lib/testing/regs.h"

#define WILD (UINT64_C(1) << 63) /* not canonical */

enum { ROUNDS = 12, TIMEOUT_S = 60 };

static const uint64_t code_address = 0x401000, data_address = 0x7fff12345000;

static const struct isa *isa;
static struct oracle *oracle, *plain;
static struct state before;
static struct oracle_outcome out, expected;
static uint8_t data[2 * MEMORY_PAGE];
static uint64_t pc, shift; /* of the data, to have pages that are not mapped yet */

static void set(const char *name, uint64_t value)
{
	state_set(&before, test_reg(isa, name), value);
}

static uint64_t after(const char *name)
{
	return state_get(&out.after, test_reg(isa, name));
}

static void setup(void)
{
	ck_no_error(oracle_create_native(isa, &plain));
	ck_no_error(state_init(&before, isa));
	ck_no_error(oracle_outcome_init(&out, isa));
	ck_no_error(oracle_outcome_init(&expected, isa));
	oracle_initial_state(plain, &before);
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		if (isa->regs[r].class == REG_GENERAL || isa->regs[r].class == REG_FLAG)
			state_set(&before, r, 0);
	}
	memset(data, 0x5a, sizeof data);
	pc = code_address;
	shift = 0;
}

static void teardown(void)
{
	oracle_outcome_deinit(&expected);
	oracle_outcome_deinit(&out);
	state_deinit(&before);
	oracle_destroy(oracle);
	oracle_destroy(plain);
	oracle = plain = NULL;
}

static void force(const char *list)
{
	unsigned bits = 0;

	oracle_destroy(oracle);
	ck_no_error(oracle_force_parse(list, &bits));
	ck_no_error(oracle_create_forced(isa, bits, &oracle));
}

/* `behind` is what stands behind the instruction: with ORACLE_STRAIGHT an INT3, where it stops. */
static void run_on(struct oracle *o, const char *hex, const char *behind, enum oracle_way way,
		   struct oracle_outcome *ret)
{
	uint8_t bytes[2 * ISA_MAX_INSN_LEN];
	size_t len = strlen(hex) / 2, all = len + strlen(behind) / 2;
	bool straight = way == ORACLE_STRAIGHT;

	ck_assert(codec_decode_hex(hex, 2 * len, bytes));
	ck_assert(codec_decode_hex(straight ? "cc" : behind, straight ? 2 : strlen(behind), bytes + len));
	set("rip", pc);
	struct oracle_range ranges[] = {{data_address + shift, sizeof data, data, true},
					{pc, straight ? len + 1 : all, bytes, false}};
	struct oracle_case c = {.way = way,
				.stop = straight ? pc + len : 0,
				.pc = pc,
				.bytes = bytes,
				.len = len,
				.before = &before,
				.ranges = ranges,
				.num_ranges = 2};
	ck_no_error(oracle_run(o, &c, ret));
}

static void run(const char *hex)
{
	run_on(oracle, hex, "9090", ORACLE_TRACED, &out);
}

static void expect_step(unsigned len)
{
	ck_assert_int_eq(out.signal, 0);
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_uint_eq(after("rip"), pc + len);
}

/* Nothing is known, and it is counted. */
static void expect_open(enum host_trait trait)
{
	struct oracle_gap gap;
	uint8_t byte;

	ck_assert_int_eq(out.end, ORACLE_OPEN);
	ck_assert_str_eq(out.reason, host_reason(trait));
	ck_assert(!state_known(&out.after, test_reg(isa, "rax")));
	ck_assert(!oracle_outcome_read(&out, data_address, &byte, 1));
	ck_assert(oracle_gap(oracle, trait, &gap));
	ck_assert_str_eq(gap.reason, out.reason);
	ck_assert_uint_gt(gap.count, 0);
}

static void expect_described(const char *part)
{
	struct strbuf text = {0};

	oracle_describe_host(oracle, false, &text);
	ck_contains(strbuf_text(&text), part);
	strbuf_deinit(&text);
}

/* ---- Each kind, and what follows from it ---- */

START_TEST(names)
{
	unsigned bits = 0;

	ck_no_error(oracle_force_parse("", &bits));
	ck_assert_uint_eq(bits, 0);
	ck_no_error(oracle_force_parse("no-nt,no-runner", &bits));
	ck_assert_uint_eq(bits, ORACLE_FORCE_NO_NT | ORACLE_FORCE_NO_RUNNER);
	ck_error(oracle_force_parse("no-nt,no-run", &bits), ERROR_USAGE, "'no-run' is no kind of host");
	ck_error(oracle_force_parse("no-nt,,", &bits), ERROR_USAGE, "'' is no kind of host");
}
END_TEST

START_TEST(what_an_instruction_needs)
{
	static const struct {
		const char *hex;
		enum host_trait need;
	} table[] = {
		{"cd80", HOST_CALLS_32},      {"66cd80", HOST_CALLS_32},
		{"cd81", HOST_BASICS},        {"f1", HOST_INT1},
		{"2ef1", HOST_INT1},          {"90", HOST_BASICS},
		{"f30faec0", HOST_FSGSBASE},  {"f3480faed9", HOST_FSGSBASE},
		{"f30fae00", HOST_BASICS},    {"0fae38", HOST_BASICS},
		{"0fae18", HOST_BASICS},      {"0faee8", HOST_BASICS},
		{"0f0103", HOST_DESCRIPTORS}, {"0f010b", HOST_DESCRIPTORS},
		{"0f0113", HOST_BASICS},      {"0f01c8", HOST_BASICS},
		{"0f01d0", HOST_BASICS},      {"0f01f9", HOST_BASICS},
		{"0f01e0", HOST_DESCRIPTORS}, {"0f0123", HOST_DESCRIPTORS},
		{"0f01f0", HOST_BASICS},      {"66480f00c0", HOST_DESCRIPTORS},
		{"0f000b", HOST_DESCRIPTORS}, {"0f00d0", HOST_BASICS},
		{"66", HOST_BASICS},          {"0f", HOST_BASICS},
		{"cd", HOST_BASICS},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint8_t bytes[ISA_MAX_INSN_LEN];
		size_t len = strlen(table[i].hex) / 2;
		ck_assert(codec_decode_hex(table[i].hex, 2 * len, bytes));
		ck_assert_msg(host_need(isa, bytes, len) == table[i].need, "%s", table[i].hex);
	}
}
END_TEST

START_TEST(cpu_has_a_name)
{
	force("");
	ck_assert_uint_eq(strlen(oracle->host->vendor), 12);
	ck_contains(oracle_cpu(oracle), ", family ");
	expect_described(oracle->host->vendor);
}
END_TEST

/* The next instruction would have changed RBX. */
START_TEST(lost_behind_cpuid)
{
	force("lose-step-cpuid");
	expect_described("  a step over CPUID: no fault, PC moved by 3: an INT3 stands behind each instruction");
	for (enum oracle_way way = ORACLE_TRACED; way <= ORACLE_STRAIGHT; way++) {
		run_on(oracle, "0fa2", "bb11223344", way, &out);
		expect_step(2);
		ck_assert_uint_ne(after("rbx"), 0x44332211);
	}
	/* There is nothing behind it. */
	pc = code_address + MEMORY_PAGE - 2;
	run_on(oracle, "0fa2", "", ORACLE_TRACED, &out);
	expect_step(2);
	/* The guard is taken away again, also where the instruction reads or writes it. */
	pc = code_address;
	run_on(oracle, "8a0500000000", "77", ORACLE_TRACED, &out);
	expect_step(6);
	ck_assert_uint_eq(after("rax"), 0x77);
	ck_assert_uint_eq(out.memory.at[1].data[6], 0x77);
}
END_TEST

START_TEST(lost_at_first_touch)
{
	force("lose-step-touch");
	expect_described("  the first load from a page: ");
	for (unsigned i = 0; i < ROUNDS; i++) {
		shift = i * 16 * MEMORY_PAGE;
		pc = code_address + shift;
		set("rsi", data_address + shift);
		run_on(oracle, "ac", "ac", ORACLE_TRACED, &out); /* lodsb */
		expect_step(1);
		ck_assert_uint_eq(after("rsi"), data_address + shift + 1);
		run_on(oracle, "ac", "ac", ORACLE_STEP, &out);
		expect_step(1);
	}
}
END_TEST

START_TEST(wild_stack)
{
	force("no-wild-stack");
	expect_described("  a load with RSP not canonical: SIGSEGV, code 128, address 0x0, PC moved by 0: ");
	set("rsp", WILD + 8);
	set("rsi", data_address);
	run("ac");
	expect_step(1);
	ck_assert_uint_eq(after("rsp"), WILD + 8);
	run("50"); /* push rax: a fault of its own */
	ck_assert_int_eq(out.end, ORACLE_SIGNAL);
	ck_assert_int_eq(out.signal, SIGBUS);
	set("rbx", WILD);
	run("8a03"); /* one that looks like the kernel's */
	ck_assert_int_eq(out.end, ORACLE_SIGNAL);
	ck_assert_int_eq(out.signal, SIGSEGV);
	ck_assert_int_eq(out.code, SI_KERNEL);

	force("no-wild-stack,no-runner");
	run("ac");
	expect_open(HOST_WILD_STACK);
	set("rsp", data_address);
	run("ac");
	expect_step(1);
}
END_TEST

START_TEST(nested_task)
{
	force("no-nt");
	expect_described("  NT: no fault, PC moved by 1, nt 0x0: such cases are run without ptrace, or left open");
	set("nt", 1);
	run("90");
	expect_step(1);
	ck_assert_uint_eq(after("nt"), 1);
	force("no-nt,no-runner");
	run("90");
	expect_open(HOST_NT);
	set("nt", 0);
	run("90");
	expect_step(1);
}
END_TEST

START_TEST(calls_of_32_bits)
{
	force("no-calls-32");
	expect_described("  INT 80: SIGSEGV, code 128, address 0x0, PC moved by 0: INT 80 is left open");
	run("cd80");
	expect_open(HOST_CALLS_32);
	run("66cd80");
	expect_open(HOST_CALLS_32);
	run("0f05");
	ck_assert_int_eq(out.end, ORACLE_SYSCALL);
}
END_TEST

START_TEST(segment_bases)
{
	force("no-fsgsbase");
	expect_described("  RDFSBASE: SIGILL");
	expect_described("  an addition, untraced: cannot be run so: all cases are traced");
	run("f3480faec0");
	expect_open(HOST_FSGSBASE);
	set("rax", 40);
	set("rdx", 2);
	run_on(oracle, "4801d0", "", ORACLE_STRAIGHT, &out);
	expect_step(3);
	ck_assert_uint_eq(after("rax"), 42);
}
END_TEST

START_TEST(descriptor_tables)
{
	force("no-descriptors");
	expect_described("  SGDT: SIGSEGV, code 128, address 0x0, PC moved by 0: they are left open");
	set("rbx", data_address);
	run("0f0103");
	expect_open(HOST_DESCRIPTORS);
	run("0f01e0");
	expect_open(HOST_DESCRIPTORS);
	/* By the CPU or the kernel, and nothing behind it. */
	force("");
	run_on(oracle, "0f01e0", "ac", ORACLE_TRACED, &out); /* smsw eax */
	if (out.end != ORACLE_OPEN)
		expect_step(3);
}
END_TEST

/* The second iteration, which a lost trap lets run, faults where the first one ended well. */
START_TEST(second_iteration_faults)
{
	force("lose-step-some");
	set("rcx", 4);
	set("rsi", data_address);
	set("rdi", data_address + sizeof data - 1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		run("f3a4");
		expect_step(0);
		ck_assert_uint_eq(after("rcx"), 3);
	}
}
END_TEST

START_TEST(no_runner)
{
	force("no-runner");
	set("rax", 40);
	set("rdx", 2);
	run_on(oracle, "4801d0", "", ORACLE_STRAIGHT, &out);
	expect_step(3);
	ck_assert_uint_eq(after("rax"), 42);
}
END_TEST

/* ---- All kinds, and many cases ---- */

static const char *const kinds[] = {
	"no-runner",
	"no-fsgsbase",
	"lose-step-cpuid",
	"lose-step-touch",
	"lose-step-some",
	"lose-step-some,no-runner",
	"no-wild-stack",
	"no-wild-stack,no-runner",
	"no-nt",
	"no-calls-32,no-descriptors",
	"no-fsgsbase,lose-step-cpuid,lose-step-touch,no-wild-stack,no-nt,no-calls-32",
	"lose-step-cpuid,lose-step-touch,no-wild-stack,no-nt,no-calls-32",
};

static const struct {
	const char *hex, *behind;
} insns[] = {
	{"0fa2", "bb11223344"},     /* cpuid */
	{"488b06", "f3a4"},         /* mov rax, [rsi], before a rep movsb, of which a step does one iteration */
	{"488907", "90"},           /* mov [rdi], rax */
	{"f348a5", "ac"},           /* rep movsq */
	{"ffe0", ""},               /* jmp rax */
	{"ebfe", ""},               /* jmp to itself */
	{"7402", "ffc0ffc1"},       /* jz */
	{"c3", ""},                 /* ret */
	{"50", "ffc0"},             /* push rax */
	{"f7f1", "90"},             /* div ecx */
	{"0f0b", "90"},             /* ud2 */
	{"cc", "90"},               /* int3 */
	{"0f05", "90"},             /* syscall */
	{"cd80", "90"},             /* int 0x80 */
	{"f3480faec8", "90"},       /* rdgsbase rax */
	{"9c", "90"},               /* pushf */
	{"8b0500000000", "778899"}, /* mov eax, [rip] */
	{"c60500000000cc", "77"},   /* mov byte [rip], 0xcc: to a page that is read-only */
	{"660fefc1", "ffc0"},       /* pxor xmm0, xmm1 */
};

/* Some registers point to data, or nowhere; RAX to code, for jumps: NOPs, or a page that is not there. */
static void noise(struct rng *r)
{
	for (uint32_t reg = 0; reg < isa->num_regs; reg++) {
		if (isa->regs[reg].class == REG_GENERAL)
			state_set(&before, reg, rng_next(r));
		if (isa->regs[reg].class == REG_FLAG)
			state_set(&before, reg, rng_next(r) & 1);
	}
	shift = rng_below(r, 3) * 16 * MEMORY_PAGE;
	set("gs_base", rng_next(r) >> 20);
	set("rax", rng_below(r, 2) ? pc + 0x100 : rng_next(r) >> 20);
	set("rsi", rng_below(r, 4) ? data_address + shift + 64 * rng_below(r, 64) : 0x123456780000);
	set("rdi", rng_below(r, 4) ? data_address + shift + MEMORY_PAGE + 64 * rng_below(r, 32) : 0x123456780000);
	set("rsp", rng_below(r, 8) ? data_address + shift + 512 : WILD);
	set("rcx", rng_below(r, 4));
	set("nt", rng_below(r, 4) == 0);
	set("ac", 0);
}

/* What the trap flag leaves of PUSHF depends on the way (facts of the CPU, not of the host). */
static void hide_trap_flag(struct oracle_outcome *o)
{
	uint64_t at = state_get(&before, test_reg(isa, "rsp")) - 8 - (data_address + shift);

	if (at < sizeof data)
		o->memory.at[0].data[at + 1] &= 0xfe;
}

START_TEST(never_otherwise)
{
	struct rng r = {.state = (uint64_t)_i + 1};
	unsigned judged = 0, open = 0;

	force(kinds[_i]);
	for (unsigned i = 0; i < ROUNDS * sizeof insns / sizeof *insns; i++) {
		const char *hex = insns[i % (sizeof insns / sizeof *insns)].hex;
		const char *behind = insns[i % (sizeof insns / sizeof *insns)].behind;
		noise(&r);
		enum oracle_way way = rng_below(&r, 2) ? ORACLE_TRACED : ORACLE_STEP;
		run_on(plain, hex, behind, way, &expected);
		run_on(oracle, hex, behind, way, &out);
		open += out.end == ORACLE_OPEN;
		if (out.end == ORACLE_OPEN || expected.end == ORACLE_OPEN)
			continue;
		hide_trap_flag(&out);
		hide_trap_flag(&expected);
		ck_assert_msg(oracle_outcome_same(&out, &expected),
			      "%s: %s, round %u: end %d, signal %d, pc 0x%lx; expected %d, %d, 0x%lx", kinds[_i], hex,
			      i, out.end, out.signal, (unsigned long)after("rip"), expected.end, expected.signal,
			      (unsigned long)state_get(&expected.after, isa->pc));
		judged++;
	}
	ck_assert_uint_gt(judged, open);
}
END_TEST

static Suite *host_suite(void)
{
	Suite *s = suite_create("kinds of host");
	TCase *c = tcase_create("kinds");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, TIMEOUT_S);
	tcase_add_test(c, names);
	tcase_add_test(c, what_an_instruction_needs);
	tcase_add_test(c, cpu_has_a_name);
	tcase_add_test(c, lost_behind_cpuid);
	tcase_add_test(c, lost_at_first_touch);
	tcase_add_test(c, wild_stack);
	tcase_add_test(c, nested_task);
	tcase_add_test(c, calls_of_32_bits);
	tcase_add_test(c, segment_bases);
	tcase_add_test(c, descriptor_tables);
	tcase_add_test(c, second_iteration_faults);
	tcase_add_test(c, no_runner);
	tcase_add_loop_test(c, never_otherwise, 0, sizeof kinds / sizeof *kinds);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	int status;

	isa = test_native_isa("x86_64", "host_test", &status);
	if (!isa)
		return status;
	return test_main(host_suite());
}
