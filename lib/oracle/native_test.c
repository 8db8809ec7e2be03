/* The native oracle against known facts of x86-64 and of Linux; skipped where the host is something else. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/codec.h"
#include "lib/base/rng.h"
#include "lib/oracle/oracle.h"
#include "lib/state/memory.h"
#include "lib/testing/assert.h"
#include "lib/testing/native.h"
#include "lib/testing/regs.h"

enum { DATA_LEN = 2 * MEMORY_PAGE };

static const uint64_t code_address = 0x401000, data_address = 0x7fff12345000;

/* One oracle, one case and its outcome. */
static const struct isa *isa;
static struct oracle *oracle;
static struct state before;
static struct oracle_outcome out;
static uint8_t data[DATA_LEN];
static struct oracle_range range;
static uint64_t pc;

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
	ck_no_error(oracle_create_native(isa, &oracle));
	ck_no_error(state_init(&before, isa));
	ck_no_error(oracle_outcome_init(&out, isa));
	for (uint32_t r = 0; r < isa->num_regs; r++)
		state_set(&before, r, 0);
	set("mxcsr", 0x1f80);
	set("fctrl", 0x37f);
	memset(data, 0, sizeof data);
	range = (struct oracle_range){.address = data_address, .len = sizeof data, .data = data, .writable = true};
	pc = code_address;
}

static void teardown(void)
{
	oracle_outcome_deinit(&out);
	state_deinit(&before);
	oracle_destroy(oracle);
}

/* Behind the instruction is an INT3, on the same page. */
static struct error *try_way(const char *hex, enum oracle_way way)
{
	static const uint8_t stop = ORACLE_STOP;
	uint8_t bytes[ISA_MAX_INSN_LEN];
	size_t len = strlen(hex) / 2;

	ck_assert(codec_decode_hex(hex, 2 * len, bytes));
	set("rip", pc);
	struct oracle_range ranges[] = {range, {.address = pc + len, .len = 1, .data = &stop}};
	struct oracle_case c = {.way = way,
				.stop = way == ORACLE_STRAIGHT ? pc + len : 0,
				.pc = pc,
				.bytes = bytes,
				.len = len,
				.before = &before,
				.ranges = ranges,
				.num_ranges = way == ORACLE_STRAIGHT ? 2 : 1};
	return oracle_run(oracle, &c, &out);
}

static struct error *try(const char *hex)
{
	return try_way(hex, ORACLE_TRACED);
}

static void run(const char *hex)
{
	ck_no_error(try(hex));
}

static void expect_signal(int signal, int code)
{
	ck_assert_int_eq(out.end, ORACLE_SIGNAL);
	ck_assert_int_eq(out.signal, signal);
	ck_assert_int_eq(out.code, code);
}

static void expect_step(unsigned len)
{
	ck_assert_int_eq(out.signal, 0);
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_uint_eq(after("rip"), pc + len);
}

static bool is_left_open(const char *reason)
{
	return out.end == ORACLE_OPEN && !strcmp(out.reason, reason);
}

static uint64_t stored(uint64_t address)
{
	uint8_t bytes[8];
	uint64_t value;

	ck_assert(oracle_outcome_read(&out, address, bytes, sizeof bytes));
	memcpy(&value, bytes, sizeof value);
	return value;
}

START_TEST(add)
{
	set("rax", UINT64_MAX);
	set("rbx", 1);
	set("r13", 0x123456789abcdef0);
	run("4801d8");
	expect_step(3);
	ck_assert_uint_eq(after("rax"), 0);
	ck_assert_uint_eq(after("rbx"), 1);
	ck_assert_uint_eq(after("r13"), 0x123456789abcdef0);
	ck_assert_uint_eq(after("cf"), 1);
	ck_assert_uint_eq(after("zf"), 1);
	ck_assert_uint_eq(after("af"), 1);
	ck_assert_uint_eq(after("pf"), 1);
	ck_assert_uint_eq(after("sf"), 0);
	ck_assert_uint_eq(after("of"), 0);
	ck_assert_uint_eq(after("tf"), 0);
}
END_TEST

START_TEST(flags_are_inputs)
{
	set("cf", 1);
	set("df", 1);
	set("of", 1);
	set("nt", 1);
	run("11c0"); /* adc eax, eax */
	expect_step(2);
	ck_assert_uint_eq(after("rax"), 1);
	ck_assert_uint_eq(after("df"), 1);
	ck_assert_uint_eq(after("of"), 0);
	ck_assert_uint_eq(after("nt"), 1);
}
END_TEST

START_TEST(divide_by_zero)
{
	set("rax", 7);
	run("f7f1");
	expect_signal(SIGFPE, FPE_INTDIV);
	ck_assert_uint_eq(after("rip"), pc);
	ck_assert_uint_eq(after("rax"), 7);
}
END_TEST

START_TEST(undefined_and_privileged)
{
	run("0f0b"); /* ud2 */
	expect_signal(SIGILL, ILL_ILLOPN);
	run("f4"); /* hlt */
	expect_signal(SIGSEGV, SI_KERNEL);
	ck_assert_uint_eq(after("rip"), pc);
	run("90");
	expect_step(1);
}
END_TEST

START_TEST(breakpoints)
{
	run("cc");
	expect_signal(SIGTRAP, SI_KERNEL);
	ck_assert_uint_eq(after("rip"), pc + 1);
	run("90");
	expect_step(1);
}
END_TEST

START_TEST(page_faults)
{
	set("rbx", 0x123456789abc);
	run("488b03"); /* mov rax, [rbx] */
	expect_signal(SIGSEGV, SEGV_MAPERR);
	ck_assert_uint_eq(out.address, 0x123456789abc);

	/* The first byte behind the data, of an access that begins inside. */
	set("rbx", data_address + DATA_LEN - 4);
	run("488903"); /* mov [rbx], rax */
	expect_signal(SIGSEGV, SEGV_MAPERR);
	ck_assert_uint_eq(out.address, data_address + DATA_LEN);

	range.writable = false;
	set("rbx", data_address + 8);
	run("488903");
	expect_signal(SIGSEGV, SEGV_ACCERR);
	ck_assert_uint_eq(out.address, data_address + 8);
	run("488b03");
	expect_step(3);

	/* Mapped in the last case, but not in this one. */
	range.address += 16 * MEMORY_PAGE;
	run("488b03");
	expect_signal(SIGSEGV, SEGV_MAPERR);

	set("rbx", 0x8000000000000000);
	run("488b03");
	expect_signal(SIGSEGV, SI_KERNEL);
}
END_TEST

START_TEST(memory)
{
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	set("rax", 0x1122334455667788);
	set("rbx", data_address + MEMORY_PAGE - 3);
	run("488703"); /* xchg [rbx], rax */
	expect_step(3);
	uint64_t expected;
	memcpy(&expected, data + MEMORY_PAGE - 3, 8);
	ck_assert_uint_eq(after("rax"), expected);
	uint64_t value = 0x1122334455667788;
	memcpy(data + MEMORY_PAGE - 3, &value, 8);
	ck_bytes(out.memory.at[0].data, data, sizeof data);

	/* The next case begins with its own contents. */
	memset(data, 0x5a, sizeof data);
	run("90");
	ck_bytes(out.memory.at[0].data, data, sizeof data);
}
END_TEST

START_TEST(ranges_read_back)
{
	uint8_t byte;

	run("90");
	ck_assert(oracle_outcome_read(&out, data_address + DATA_LEN - 1, &byte, 1));
	ck_assert(!oracle_outcome_read(&out, data_address + DATA_LEN, &byte, 1));
	ck_assert(!oracle_outcome_read(&out, data_address - 1, &byte, 1));
}
END_TEST

START_TEST(vectors)
{
	const uint64_t low[2] = {0x0123456789abcdef, 0xfedcba9876543210}, high[2] = {0x1111, 0x2222};

	state_set_words(&before, test_reg(isa, "xmm3"), low);
	state_set_words(&before, test_reg(isa, "ymm3h"), high);
	set("rdi", data_address + 1);
	run("0f111f"); /* movups [rdi], xmm3 */
	expect_step(3);
	ck_assert_uint_eq(stored(data_address + 1), low[0]);
	ck_assert_uint_eq(stored(data_address + 9), low[1]);
	ck_bits(&out.after.value[isa->regs[test_reg(isa, "xmm3")].word], low, 128);
	ck_bits(&out.after.value[isa->regs[test_reg(isa, "ymm3h")].word], high, 128);

	/* Written by the instruction, then the same inputs again: nothing may be left of the first run. */
	for (int i = 0; i < 2; i++) {
		run("660fefdb"); /* pxor xmm3, xmm3 */
		expect_step(4);
		ck_assert_uint_eq(after("xmm3"), 0);
		run("0f111f");
		ck_assert_uint_eq(stored(data_address + 1), low[0]);
	}
}
END_TEST

START_TEST(control_words)
{
	set("rdi", data_address);
	set("mxcsr", 0x9fc0);
	set("fctrl", 0x27f);
	run("0fae1f"); /* stmxcsr [rdi] */
	ck_assert_uint_eq(stored(data_address), 0x9fc0);
	run("d93f"); /* fnstcw [rdi] */
	ck_assert_uint_eq(stored(data_address), 0x27f);

	const uint32_t mxcsr = 0x1fa0;
	memcpy(data, &mxcsr, sizeof mxcsr);
	run("0fae17"); /* ldmxcsr [rdi] */
	ck_assert_uint_eq(after("mxcsr"), mxcsr);
}
END_TEST

START_TEST(float_stack)
{
	const uint64_t one_and_half[2] = {0xc000000000000000, 0x3fff}, three[2] = {0xc000000000000000, 0x4000};

	state_set_words(&before, test_reg(isa, "st0"), one_and_half);
	set("ftag", 0); /* none is empty */
	run("d8c0");    /* fadd st0, st0 */
	expect_step(2);
	ck_bits(&out.after.value[isa->regs[test_reg(isa, "st0")].word], three, 80);
	ck_assert_uint_eq(after("fstat") & 0x41, 0);

	set("ftag", 0xffff); /* all are: invalid, stack fault */
	run("d8c0");
	ck_assert_uint_eq(after("fstat") & 0x41, 0x41);

	const uint64_t second_is_empty = 0xc, all_but_two_unknown = 0xfff0;
	state_set_masked(&before, test_reg(isa, "ftag"), &second_is_empty, &all_but_two_unknown);
	run("d8c0"); /* fadd st0, st0 */
	expect_step(2);
	ck_bits(&out.after.value[isa->regs[test_reg(isa, "st0")].word], three, 80);
	ck_assert_uint_eq(after("fstat") & 0x41, 0);
	run("d8c1"); /* fadd st0, st1 */
	ck_assert_uint_eq(after("fstat") & 0x41, 0x41);
}
END_TEST

START_TEST(segment_bases)
{
	const uint64_t value = 0xdeadbeefcafe;

	memcpy(data + 16, &value, sizeof value);
	set("fs_base", data_address);
	set("gs_base", data_address + 8);
	run("64488b042510000000"); /* mov rax, fs:[16] */
	expect_step(9);
	ck_assert_uint_eq(after("rax"), value);
	run("65488b042508000000"); /* mov rax, gs:[8] */
	ck_assert_uint_eq(after("rax"), value);
	ck_assert_uint_eq(after("fs_base"), data_address);
}
END_TEST

/* Stepping by the trap flag shows in what pushf stores, and there alone. */
START_TEST(trap_flag)
{
	set("rsp", data_address + 64);
	set("cf", 1);
	run("9c");
	expect_step(1);
	ck_assert_uint_eq(stored(data_address + 56) & ~UINT64_C(0x100), 0x203);
	ck_assert_uint_eq(after("tf"), 0);
}
END_TEST

/* What popf sets and ptrace cannot take back must not reach the next case. */
START_TEST(system_flags_do_not_stay)
{
	const uint64_t flags = 0x240301; /* id, ac, if, tf, cf */

	memcpy(data, &flags, sizeof flags);
	set("rsp", data_address);
	run("9d");
	expect_step(1);
	ck_assert_uint_eq(after("id"), 1);
	ck_assert_uint_eq(after("ac"), 1);
	ck_assert_uint_eq(after("cf"), 1);
	set("rsp", data_address + 64);
	run("9c");
	expect_step(1);
	ck_assert_uint_eq(stored(data_address + 56) & ~UINT64_C(0x100), 0x202);
	ck_assert_uint_eq(after("id"), 0);
}
END_TEST

START_TEST(selectors)
{
	set("es", 0x1234); /* cannot be chosen, and is not touched */
	run("90");
	ck_assert_uint_eq(after("es"), 0x1234);
	set("rax", 0x2b);
	run("8ec0"); /* mov es, eax */
	expect_step(2);
	ck_assert_uint_eq(after("es"), 0x2b);
	run("90");
	ck_assert_uint_eq(after("es"), 0x1234);
}
END_TEST

/* The CPU holds off the trap behind it. */
START_TEST(stack_selector)
{
	set("rax", 0x2b);
	for (enum oracle_way way = ORACLE_TRACED; way <= ORACLE_STRAIGHT; way++) {
		ck_no_error(try_way("8ed0", way)); /* mov ss, eax */
		expect_step(2);
		ck_no_error(try_way("668ed0", way));
		expect_step(3);
	}
}
END_TEST

START_TEST(system_call_is_not_executed)
{
	set("rax", 231); /* exit_group */
	set("rdi", 3);
	run("0f05");
	ck_assert_int_eq(out.end, ORACLE_SYSCALL);
	ck_assert_uint_eq(after("rax"), 231);
	ck_assert_uint_eq(after("rcx"), pc + 2);
	ck_assert_uint_eq(after("rip"), pc + 2);
	set("rax", 1);
	run("cd80"); /* int 0x80: exit(2) of the 32-bit table */
	ck_assert(out.end == ORACLE_SYSCALL || is_left_open("no 32-bit calls on this host"));
	run("90");
	expect_step(1);
}
END_TEST

START_TEST(repeated_string_does_one_iteration)
{
	data[0] = 0xab;
	set("rcx", 3);
	set("rsi", data_address);
	set("rdi", data_address + 100);
	run("f3a4");
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_uint_eq(after("rip"), pc);
	ck_assert_uint_eq(after("rcx"), 2);
	ck_assert_uint_eq(stored(data_address + 100), 0xab);
}
END_TEST

START_TEST(jumps)
{
	set("rax", 0x123456789000); /* not mapped: arriving there is no fault yet */
	run("ffe0");
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_uint_eq(after("rip"), 0x123456789000);
	set("rax", 0xfffffffffffffe00); /* -ERESTARTSYS: no system call was restarted */
	run("90");
	expect_step(1);
	ck_assert_uint_eq(after("rax"), 0xfffffffffffffe00);
}
END_TEST

START_TEST(instruction_pages)
{
	pc = data_address - MEMORY_PAGE - 2; /* from one page into the next, none of them the data's */
	run("48c7c044332211");
	expect_step(7);
	ck_assert_uint_eq(after("rax"), 0x11223344);

	pc = data_address + 0x80; /* within the data, and reads it */
	data[0x90] = 0x77;
	run("8a050a000000"); /* mov al, [rip + 10] */
	expect_step(6);
	ck_assert_uint_eq(after("rax"), 0x77);
	ck_assert_uint_eq(stored(pc) & 0xffff, 0x058a);

	pc = 0x555555554ffe;
	run("488b05f9ffffff"); /* mov rax, [rip - 7]: its own bytes, on pages that no range covers */
	expect_step(7);
	ck_assert_uint_eq(after("rax") & 0xffffffffffffff, 0xfffffff9058b48);
}
END_TEST

/* Wherever the oracle keeps its own page: a case may have one there. */
START_TEST(own_page_gives_way)
{
	const uint64_t homes[] = {0x2d5a17c33000, 0x2d5a17c33000 + 16 * MEMORY_PAGE, 0x2d5a17c33000};

	data[5] = 0x66;
	for (size_t i = 0; i < 3; i++) {
		range.address = homes[i];
		set("rbx", homes[i] + 5);
		run("8a03"); /* mov al, [rbx] */
		expect_step(2);
		ck_assert_uint_eq(after("rax"), 0x66);
		pc = homes[i] + 0x100;
		run("8a03");
		expect_step(2);
		pc = code_address;
	}
}
END_TEST

START_TEST(impossible_cases)
{
	const uint64_t addresses[] = {0x7ffffffff000, 0x800000000000, UINT64_MAX - MEMORY_PAGE, 0xffffffffff600000};

	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		range.address = addresses[i];
		ck_error(try("90"), ERROR_UNSUPPORTED, "");
	}
	uint8_t *large = calloc(ORACLE_MAX_PAGES, MEMORY_PAGE);
	ck_assert_ptr_nonnull(large);
	range = (struct oracle_range){.address = data_address, .len = ORACLE_MAX_PAGES * MEMORY_PAGE, .data = large};
	ck_error(try("90"), ERROR_UNSUPPORTED, "more than 64 pages");
	range.len -= MEMORY_PAGE;
	run("90");
	expect_step(1);
	free(large);
}
END_TEST

/* ---- Without tracing ---- */

static void noise_state(struct rng *r)
{
	for (uint32_t reg = 0; reg < isa->num_regs; reg++) {
		uint64_t value[8];
		for (unsigned i = 0; i < 8; i++)
			value[i] = rng_next(r);
		if (isa->regs[reg].class == REG_GENERAL || isa->regs[reg].class == REG_VECTOR)
			state_set_words(&before, reg, value);
	}
	for (uint32_t i = 0; i < isa->num_flags; i++)
		state_set(&before, isa->flag_regs[i], rng_next(r) & 1);
	set("nt", rng_next(r) & 1);
	set("fs_base", data_address + 64);
	set("gs_base", rng_next(r) >> 20);
	set("rsp", data_address + 512);
	set("rbx", data_address + 1024);
	set("rdi", data_address + 64 * (rng_next(r) % 32));
	set("rsi", rng_next(r) % 4 ? data_address + MEMORY_PAGE : 0x123456780000);
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)rng_next(r);
}

/* What the instruction does is the same however it is run. */
static void expect_same(const char *hex, enum oracle_way way)
{
	struct state traced;
	uint8_t contents[DATA_LEN];

	ck_no_error(state_init(&traced, isa));
	ck_no_error(try(hex));
	if (out.end == ORACLE_OPEN) {
		ck_no_error(try_way(hex, way));
		ck_assert_int_eq(out.end, ORACLE_OPEN);
		state_deinit(&traced);
		return;
	}
	state_copy(&traced, &out.after);
	memcpy(contents, out.memory.at[0].data, sizeof contents);
	const struct oracle_outcome expected = out;
	ck_no_error(try_way(hex, way));
	ck_assert_int_eq(out.end, expected.end);
	ck_assert_int_eq(out.signal, expected.signal);
	ck_assert_int_eq(out.code, expected.code);
	ck_assert_uint_eq(out.address, expected.address);
	ck_bytes(out.memory.at[0].data, contents, sizeof contents);
	for (uint32_t reg = 0; reg < isa->num_regs; reg++) {
		ck_assert_msg(state_known(&out.after, reg) == state_known(&traced, reg), "%s", isa->regs[reg].name);
		ck_bits(&out.after.value[isa->regs[reg].word], &traced.value[isa->regs[reg].word],
			isa->regs[reg].width);
	}
	state_deinit(&traced);
}

static const char *const straight[] = {
	"4801d8",           /* add rax, rbx */
	"480306",           /* add rax, [rsi] */
	"488907",           /* mov [rdi], rax */
	"48f7f1",           /* div rcx */
	"6a05",             /* push 5 */
	"55",               /* push rbp */
	"648b042508000000", /* mov eax, fs:[8] */
	"658b042508000000", /* mov eax, gs:[8] */
	"f30faed0",         /* wrfsbase eax */
	"660fefdb",         /* pxor xmm3, xmm3 */
	"c5fdfec2",         /* vpaddd ymm0, ymm0, ymm2 */
	"c5f877",           /* vzeroupper */
	"0f2907",           /* movaps [rdi], xmm0 */
	"0fae17",           /* ldmxcsr [rdi] */
	"d9e8",             /* fld1 */
	"0f0b",             /* ud2 */
	"f4",               /* hlt */
	"cc",               /* int3 */
	"f1",               /* int1 */
	"48a5",             /* movsq */
	"fd",               /* std */
};

START_TEST(straight_line)
{
	struct rng r = {.state = (uint64_t)_i};

	for (int i = 0; i < 20; i++) {
		noise_state(&r);
		expect_same(straight[_i], ORACLE_STRAIGHT);
		expect_same(straight[_i], ORACLE_STEP);
	}
}
END_TEST

static const char *const jumping[] = {
	"ffe0",   /* jmp rax */
	"ebfe",   /* jmp to itself */
	"7502",   /* jnz */
	"c3",     /* ret */
	"ffd0",   /* call rax */
	"f348a5", /* rep movsq */
	"e302",   /* jrcxz */
};

START_TEST(stepping)
{
	struct rng r = {.state = (uint64_t)_i};

	for (int i = 0; i < 20; i++) {
		noise_state(&r);
		set("rax", rng_next(&r) >> 20);
		expect_same(jumping[_i], ORACLE_STEP);
	}
}
END_TEST

/* What the caller says is not believed: system calls are caught, and a jump is traced again. */
START_TEST(wrong_way)
{
	set("rax", 231); /* exit_group */
	ck_no_error(try_way("0f05", ORACLE_STRAIGHT));
	ck_assert_int_eq(out.end, ORACLE_SYSCALL);
	ck_assert_uint_eq(after("rax"), 231);
	ck_assert_uint_eq(after("rip"), pc + 2);
	ck_no_error(try_way("cd80", ORACLE_STEP));
	ck_assert(out.end == ORACLE_SYSCALL || is_left_open("no 32-bit calls on this host"));
	set("rax", 0x123456789000);
	ck_no_error(try_way("ffe0", ORACLE_STRAIGHT));
	ck_assert_int_eq(out.end, ORACLE_STEPPED);
	ck_assert_uint_eq(after("rip"), 0x123456789000);
	ck_no_error(try_way("90", ORACLE_STRAIGHT));
	expect_step(1);
}
END_TEST

/* No INT3 is behind it, and nothing that could be run. */
START_TEST(no_stop_behind)
{
	ck_no_error(try_way("90", ORACLE_STEP));
	expect_step(1);
	pc = code_address + MEMORY_PAGE - 1;
	ck_no_error(try_way("90", ORACLE_STEP));
	expect_step(1);
}
END_TEST

/* The only child of this process. */
static pid_t child_pid(void)
{
	char path[64];
	int pid = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%d", &pid), 1);
	fclose(f);
	return pid;
}

START_TEST(process_may_die)
{
	kill(child_pid(), SIGKILL);
	struct error *err = try("90");
	ck_assert_ptr_nonnull(err);
	error_destroy(err);
	run("90");
	expect_step(1);
}
END_TEST

START_TEST(signals_from_others_are_ignored)
{
	kill(child_pid(), SIGSTOP);
	kill(child_pid(), SIGUSR1);
	set("rax", 5);
	run("ffc0");
	expect_step(2);
	ck_assert_uint_eq(after("rax"), 6);
}
END_TEST

START_TEST(destroy_leaves_no_process)
{
	struct oracle *other;

	ck_no_error(oracle_create_native(isa, &other));
	pid_t pid = child_pid();
	ck_assert_int_eq(kill(pid, 0), 0);
	oracle_destroy(other);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

/* An owner that is killed takes its oracle's process along. */
START_TEST(process_dies_with_its_owner)
{
	int status;

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	pid_t owner = fork();
	ck_assert_int_ge(owner, 0);
	if (owner == 0) {
		struct oracle *other;
		if (oracle_create_native(isa, &other))
			_exit(1);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(owner, &status, 0), owner);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* Its process is ours now, if it was not reaped before. */
	deadline_t deadline = deadline_after(60 * CLOCK_S);
	pid_t orphan;
	while ((orphan = waitpid(-1, &status, WNOHANG)) == 0) {
		ck_assert(!deadline_passed(deadline));
		usleep(1000);
	}
	ck_assert(orphan < 0 ? errno == ECHILD : WIFSIGNALED(status));
}
END_TEST

START_TEST(wrong_isa)
{
	struct isa other = *isa;
	struct oracle *none;

	other.name = "vax";
	ck_error(oracle_create_native(&other, &none), ERROR_UNSUPPORTED, "not vax");
}
END_TEST

static Suite *native_suite(void)
{
	Suite *s = suite_create("native oracle");
	TCase *cases = tcase_create("cases"), *life = tcase_create("process");

	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, add);
	tcase_add_test(cases, flags_are_inputs);
	tcase_add_test(cases, divide_by_zero);
	tcase_add_test(cases, undefined_and_privileged);
	tcase_add_test(cases, breakpoints);
	tcase_add_test(cases, page_faults);
	tcase_add_test(cases, memory);
	tcase_add_test(cases, ranges_read_back);
	tcase_add_test(cases, vectors);
	tcase_add_test(cases, control_words);
	tcase_add_test(cases, float_stack);
	tcase_add_test(cases, segment_bases);
	tcase_add_test(cases, trap_flag);
	tcase_add_test(cases, system_flags_do_not_stay);
	tcase_add_test(cases, selectors);
	tcase_add_test(cases, stack_selector);
	tcase_add_test(cases, system_call_is_not_executed);
	tcase_add_test(cases, repeated_string_does_one_iteration);
	tcase_add_test(cases, jumps);
	tcase_add_test(cases, instruction_pages);
	tcase_add_test(cases, own_page_gives_way);
	tcase_add_test(cases, impossible_cases);
	tcase_add_loop_test(cases, straight_line, 0, sizeof straight / sizeof *straight);
	tcase_add_loop_test(cases, stepping, 0, sizeof jumping / sizeof *jumping);
	tcase_add_test(cases, wrong_way);
	tcase_add_test(cases, no_stop_behind);
	tcase_add_test(cases, process_may_die);
	tcase_add_test(cases, signals_from_others_are_ignored);
	tcase_add_test(life, destroy_leaves_no_process);
	tcase_add_test(life, process_dies_with_its_owner);
	tcase_add_test(life, wrong_isa);
	suite_add_tcase(s, cases);
	suite_add_tcase(s, life);
	return s;
}

int main(void)
{
	int status;

	isa = test_native_isa("x86_64", "native_test", &status);
	if (!isa)
		return status;
	return test_main(native_suite());
}
