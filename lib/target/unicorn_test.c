/* The unicorn target against this CPU: the same guest stepped by ptrace(2), the same bytes executed by both. */
#include "lib/target/unicorn.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/record/record.h"
#include "lib/target/native.h"
#include "lib/testing/assert.h"
#include "lib/testing/regs.h"
#include "lib/testing/scratch.h"

enum { TIMEOUT_MS = 60000 };

static const struct isa *isa;

/* A recorded run, and the unicorn target for it. */
static char log_path[SCRATCH_PATH_LEN], program[4096];
static struct evlog_reader *reader;
static struct target *t;

static void open_guest(const char *name, const char *arg)
{
	const char *build = getenv("BUILD");
	char *argv[] = {program, (char *)(uintptr_t)arg, NULL}, *env[] = {NULL};
	struct record_options options = {.log = log_path, .recorder = "test", .argv = argv, .env = env};
	struct record_result result;
	int saved = fcntl(1, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* The recorder starts a program by its real path, which is on its stack too. */
	char path[4096];
	snprintf(path, sizeof path, "%s/guests/%s", build ? build : "build/rel", name);
	ck_assert_msg(realpath(path, program), "no guest %s: make guests", path);
	scratch_path("run.json", log_path);
	dup2(null, 1);
	struct error *err = record_run(&options, &result);
	dup2(saved, 1);
	close(saved);
	close(null);
	ck_no_error(err);
	ck_no_error(evlog_reader_open(log_path, &reader));
}

static struct error *create(const char *cpu)
{
	const struct unicorn_options options = {.log = evlog_reader_header(reader),
						.program = program,
						.cpu = cpu,
						.timeout_ms = TIMEOUT_MS};

	return target_unicorn_create(isa, &options, &t);
}

static void start(const char *name, const char *arg)
{
	open_guest(name, arg);
	ck_no_error(create(NULL));
}

static void setup(void)
{
	scratch_setup();
	reader = NULL;
	t = NULL;
}

static void teardown(void)
{
	target_destroy(t);
	evlog_reader_destroy(reader);
	scratch_teardown();
}

static uint64_t get(const char *name)
{
	struct state s;

	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	uint64_t value = test_get(&s, name);
	state_deinit(&s);
	return value;
}

static void set(const char *name, uint64_t value)
{
	const uint32_t which = test_reg(isa, name);
	struct state s;

	ck_no_error(state_init(&s, isa));
	state_set(&s, which, value);
	ck_no_error(target_write_regs(t, &s, &which, 1));
	state_deinit(&s);
}

/* ---- The same guest on the CPU ---- */

static struct native *spawn_native(const char *arg)
{
	char *argv[] = {program, (char *)(uintptr_t)arg, NULL}, *env[] = {NULL};
	const struct native_options options = {.path = program, .argv = argv, .env = env};
	struct native *n;

	ck_no_error(native_spawn(&options, &n));
	return n;
}

/* One instruction; the signal that the process then has, SIGTRAP for a step. */
static int step_native(struct native *n, struct user_regs_struct *ret)
{
	int status;

	ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, native_pid(n), 0, 0), 0);
	ck_assert_int_eq(waitpid(native_pid(n), &status, 0), native_pid(n));
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(ptrace(PTRACE_GETREGS, native_pid(n), 0, ret), 0);
	return WSTOPSIG(status);
}

/* All general registers and the PC. Flags may differ where instructions leave them undefined. */
static void compare_regs(const struct state *ours, const struct user_regs_struct *real, uint64_t count)
{
	for (uint32_t i = 0; i < isa->num_regs; i++) {
		const struct reg_desc *desc = &isa->regs[i];
		uint64_t raw;

		if (desc->class != REG_GENERAL && desc->class != REG_PC)
			continue;
		memcpy(&raw, (const uint8_t *)real + desc->native_offset, sizeof raw);
		ck_assert_msg(state_get(ours, i) == raw,
			      "%s after %lu instructions, at pc 0x%llx: 0x%lx, the CPU 0x%lx", desc->name, count,
			      real->rip, state_get(ours, i), raw);
	}
}

/* A repeated instruction that is done with, at which unicorn stops once more before it goes on. */
static bool lingers(const struct state *s, const struct user_regs_struct *real, uint64_t last_pc)
{
	return state_get(s, isa->pc) == last_pc && !state_get(s, test_reg(isa, "rcx")) && !real->rcx &&
	       real->rip != last_pc;
}

/* Every state of a whole run up to its first system call, many steps at a time. */
START_TEST(steps_of_loop)
{
	static struct target_plan plans[64];
	struct user_regs_struct real;
	struct observed seen = {0};
	struct state s;
	uint64_t count = 0, last_pc = 0;
	bool lingering = false;

	start("loop", "500");
	ck_assert_uint_le(sizeof plans / sizeof plans[0], t->max_ahead);
	struct native *n = spawn_native("500");
	ck_no_error(state_init(&s, isa));
	while (seen.stop.kind != STOP_SYSCALL) {
		ck_no_error(target_submit(t, plans, 64));
		ck_no_error(target_submit(t, plans, 1));
		for (unsigned i = 0; i < 65; i++) {
			ck_no_error(target_collect(t, &s, &seen));
			ck_assert(seen.have_regs);
			if (seen.stop.kind == STOP_SYSCALL)
				continue;
			ck_assert_int_eq(seen.stop.kind, STOP_STEPPED);
			if (!lingering)
				ck_assert_int_eq(step_native(n, &real), SIGTRAP);
			lingering = !lingering && lingers(&s, &real, last_pc);
			if (!lingering)
				compare_regs(&s, &real, ++count);
			last_pc = state_get(&s, isa->pc);
		}
	}
	ck_assert_uint_gt(count, 2000);
	ck_assert_uint_eq(get("rax"), SYS_write);
	state_deinit(&s);
	native_destroy(n);
}
END_TEST

/* What the CPU does not show in its registers: rights and contents of memory at the start. */
START_TEST(initial_memory)
{
	static uint8_t ours[4096], real[4096];
	uint64_t compared = 0;

	open_guest("hello", NULL);
	ck_no_error(create(NULL));
	struct native *n = spawn_native(NULL);
	const struct evlog_header *h = evlog_reader_header(reader);
	for (size_t i = 0; i < h->mappings.len; i++) {
		const struct evlog_mapping *m = &h->mappings.at[i];

		if (strstr(m->name, "[v"))
			continue;
		for (uint64_t at = m->start; at < m->end; at += sizeof ours, compared++) {
			size_t got;

			ck_no_error(target_read_memory(t, at, ours, sizeof ours, &got));
			ck_assert_msg(got == sizeof ours, "0x%lx of %s is not there", at, m->name);
			ck_no_error(native_read(n, at, real, sizeof real));
			/* The second run has random bytes of its own, at AT_RANDOM. */
			if (strcmp(m->name, "[stack]") != 0)
				ck_bytes(ours, real, sizeof ours);
		}
	}
	ck_assert_uint_gt(compared, 4);
	ck_assert_uint_eq(get("rip"), h->entry);
	ck_assert_uint_eq(get("rsp"), h->stack_pointer);
	native_destroy(n);
}
END_TEST

START_TEST(initial_registers)
{
	start("hello", NULL);
	ck_assert_int_eq(fnmatch("unicorn [0-9]*.[0-9]*.[0-9]* (embedded)", t->identity, 0), 0);
	struct native *n = spawn_native(NULL);
	struct user_regs_struct real;
	ck_assert_int_eq(ptrace(PTRACE_GETREGS, native_pid(n), 0, &real), 0);
	struct state s;
	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	compare_regs(&s, &real, 0);
	ck_assert_uint_eq(test_get(&s, "if"), 1);
	ck_assert_uint_eq(test_get(&s, "cf") | test_get(&s, "zf") | test_get(&s, "df"), 0);
	ck_assert_uint_eq(test_get(&s, "cs"), real.cs);
	ck_assert_uint_eq(test_get(&s, "ss"), real.ss);
	ck_assert_uint_eq(test_get(&s, "mxcsr"), 0x1f80);
	ck_assert_uint_eq(test_get(&s, "fctrl"), 0x37f);
	ck_assert(state_all_known(&s));
	state_deinit(&s);
	native_destroy(n);
}
END_TEST

/* ---- Faults ---- */

/* Instructions and the signal that this CPU and kernel answer them with; 0: it is executed. */
static const struct {
	const char *name;
	uint8_t len, bytes[8];
	bool behind; /* the signal comes with the next instruction: a jump to where nothing is */
} faults[] = {
	{"nop", 1, {0x90}, false},
	{"ud2", 2, {0x0f, 0x0b}, false},
	{"int3", 1, {0xcc}, false},
	{"hlt", 1, {0xf4}, false},
	{"cli", 1, {0xfa}, false},
	{"rdmsr", 2, {0x0f, 0x32}, false},
	{"mov rax, cr0", 3, {0x0f, 0x20, 0xc0}, false},
	{"div ecx", 2, {0xf7, 0xf1}, false},
	{"mov rax, [rcx]", 3, {0x48, 0x8b, 0x01}, false},
	{"mov [rcx], rax", 3, {0x48, 0x89, 0x01}, false},
	{"mov [rip], rax", 7, {0x48, 0x89, 0x05, 0, 0, 0, 0}, false},
	{"jmp rcx", 2, {0xff, 0xe1}, true},
	{"jmp rsp", 2, {0xff, 0xe4}, true},
};

/* The CPU's signal, after as many steps as it takes; 0: none. */
static int real_signal(const uint8_t *bytes, uint8_t len, bool behind, struct user_regs_struct *ret)
{
	struct native *n = spawn_native(NULL);

	ck_assert_int_eq(ptrace(PTRACE_GETREGS, native_pid(n), 0, ret), 0);
	ck_no_error(native_write(n, ret->rip, bytes, len));
	ret->rcx = 0;
	ck_assert_int_eq(ptrace(PTRACE_SETREGS, native_pid(n), 0, ret), 0);
	uint64_t pc = ret->rip;
	int signal = step_native(n, ret);
	if (behind && signal == SIGTRAP)
		signal = step_native(n, ret);
	native_destroy(n);
	bool stepped = signal == SIGTRAP && ret->rip != pc && bytes[0] != 0xcc;
	return stepped ? 0 : signal;
}

START_TEST(faults_like_the_cpu)
{
	struct user_regs_struct real;
	struct stop stop;

	start("hello", NULL);
	int expected = real_signal(faults[_i].bytes, faults[_i].len, faults[_i].behind, &real);
	set("rcx", 0);
	ck_no_error(target_write_memory(t, get("rip"), faults[_i].bytes, faults[_i].len));
	ck_no_error(target_step(t, 0, &stop));
	if (faults[_i].behind) {
		ck_assert_int_eq(stop.kind, STOP_STEPPED);
		ck_no_error(target_step(t, 0, &stop));
	}
	ck_assert_msg(stop.kind == (expected ? STOP_SIGNAL : STOP_STEPPED) && stop.signal == expected,
		      "%s: signal %d, on the CPU %d", faults[_i].name, stop.signal, expected);
	ck_assert_uint_eq(get("rip"), real.rip);
}
END_TEST

static void write_code(const uint8_t *bytes, size_t len)
{
	ck_no_error(target_write_memory(t, get("rip"), bytes, len));
}

/*
 * Two exceptions of certain kinds in turn are a double fault to unicorn 2.0.1, which is SIGSEGV; what comes behind that
 * is as at first. None changes a register.
 */
START_TEST(faults_one_after_another)
{
	static const struct {
		uint8_t bytes[2];
		int signal, doubled;
	} in_turn[] = {
		{{0xf7, 0xf1}, SIGFPE, SIGFPE},                                   /* div ecx */
		{{0xf7, 0xf1}, SIGFPE, SIGSEGV},  {{0x0f, 0x0b}, SIGILL, SIGILL}, /* ud2 */
		{{0xf7, 0xf9}, SIGFPE, SIGFPE},                                   /* idiv ecx */
		{{0xf4, 0x90}, SIGSEGV, SIGSEGV},                                 /* hlt */
		{{0xf7, 0xf1}, SIGFPE, SIGFPE},
	};
	/* fld1; fldpi; cvtsi2sd xmm3, rsp; stc */
	static const uint8_t before[] = {0xd9, 0xe8, 0xd9, 0xeb, 0xf2, 0x48, 0x0f, 0x2a, 0xdc, 0xf9};
	struct state was, is;
	struct stop stop;

	start("hello", NULL);
	set("rcx", 0);
	set("mxcsr", 0x7f80);
	set("fctrl", 0xf7f);
	write_code(before, sizeof before);
	for (unsigned i = 0; i < 4; i++)
		ck_no_error(target_step(t, 0, &stop));
	ck_no_error(state_init(&was, isa));
	ck_no_error(state_init(&is, isa));
	ck_no_error(target_read_regs(t, &was));
	for (size_t i = 0; i < sizeof in_turn / sizeof *in_turn; i++) {
		write_code(in_turn[i].bytes, sizeof in_turn[i].bytes);
		ck_no_error(target_step(t, 0, &stop));
		ck_assert_int_eq(stop.kind, STOP_SIGNAL);
		ck_assert_msg(stop.signal == in_turn[i].signal || stop.signal == in_turn[i].doubled, "%zu: signal %d",
			      i, stop.signal);
		ck_no_error(target_read_regs(t, &is));
		for (uint32_t reg = 0; reg < isa->num_regs; reg++)
			ck_assert_msg(!memcmp(is.value + isa->regs[reg].word, was.value + isa->regs[reg].word,
					      8 * reg_words(&isa->regs[reg])),
				      "%zu: %s", i, isa->regs[reg].name);
	}
	state_deinit(&was);
	state_deinit(&is);
}
END_TEST

/* ---- The target's own contract ---- */

/* Memory is read right after its step, and code that was executed can be replaced. */
START_TEST(reads_after_steps)
{
	/* mov [rsp], rax; inc rax; mov [rsp], rax; nop */
	static const uint8_t code[] = {0x48, 0x89, 0x04, 0x24, 0x48, 0xff, 0xc0, 0x48, 0x89, 0x04, 0x24, 0x90};
	static struct target_plan plans[3];
	struct observed seen;
	struct state s;

	start("hello", NULL);
	uint64_t pc = get("rip"), sp = get("rsp");
	ck_no_error(state_init(&s, isa));
	for (uint64_t round = 0; round < 3; round++) {
		ck_no_error(target_write_memory(t, pc, code, sizeof code));
		set("rip", pc);
		set("rax", 0x1234 + round);
		for (unsigned i = 0; i < 3; i++) {
			plans[i].num_reads = 2;
			plans[i].read[0] = (struct target_read){sp, 8};
			plans[i].read[1] = (struct target_read){16, 1};
		}
		ck_no_error(target_submit(t, plans, 3));
		for (uint64_t i = 0; i < 3; i++) {
			uint64_t value;

			ck_no_error(target_collect(t, &s, &seen));
			memcpy(&value, seen.memory[0], sizeof value);
			ck_assert(seen.memory_ok[0] && !seen.memory_ok[1]);
			ck_assert_uint_eq(value, 0x1234 + round + (i == 2));
			ck_assert_uint_eq(test_get(&s, "rax"), 0x1234 + round + (i >= 1));
		}
		/* Another instruction in the same place: dec rax. */
		ck_no_error(target_write_memory(t, pc + 4, (uint8_t[]){0x48, 0xff, 0xc8}, 3));
		set("rip", pc + 4);
		struct stop stop;
		ck_no_error(target_step(t, 0, &stop));
		ck_assert_uint_eq(get("rax"), 0x1234 + round);
	}
	state_deinit(&s);
}
END_TEST

/* Runs the guest rewritten behind its mmap(), for memory that may be written and executed; returns where that is. */
static uint64_t get_writable_code(void)
{
	struct target_plan plan = {0};
	struct observed seen = {0};
	struct stop stop;

	start("rewritten", NULL);
	for (unsigned i = 0; seen.stop.kind != STOP_SYSCALL; i++) {
		ck_assert_uint_lt(i, 1000);
		ck_no_error(target_submit(t, &plan, 1));
		ck_no_error(target_collect(t, NULL, &seen));
	}
	ck_assert_uint_eq(get("rax"), SYS_mmap);
	ck_no_error(target_step(t, 0, &stop));
	return get("rax");
}

/* A store into what comes next, alone or with others, is made once; so is a jump to itself. */
START_TEST(stores_into_the_running_code)
{
	/* mov byte ptr [rip + 1], 7; mov eax, 1; jmp to itself */
	static const uint8_t code[] = {0xc6, 0x05, 1, 0, 0, 0, 7, 0xb8, 1, 0, 0, 0, 0xeb, 0xfe};
	static const uint64_t pc_behind[] = {7, 12, 12, 12};
	static struct target_plan plans[4];
	uint64_t at = get_writable_code();
	struct observed seen;
	struct state s;

	ck_no_error(state_init(&s, isa));
	for (size_t together = 1; together <= 4; together++) {
		ck_no_error(target_write_memory(t, at, code, sizeof code));
		set("rip", at);
		for (size_t i = 0; i < 4; i++)
			plans[i] = (struct target_plan){.num_reads = 1, .read = {{at + 8, 1}}};
		for (size_t i = 0; i < 4; i++) {
			if (i % together == 0)
				ck_no_error(target_submit(t, plans + i, 4 - i < together ? 4 - i : together));
			ck_no_error(target_collect(t, &s, &seen));
			ck_assert_int_eq(seen.stop.kind, STOP_STEPPED);
			ck_assert_uint_eq(state_get(&s, isa->pc), at + pc_behind[i]);
			ck_assert_uint_eq(seen.memory[0][0], 7);
			ck_assert(i < 1 || test_get(&s, "rax") == 7);
		}
	}
	state_deinit(&s);
}
END_TEST

START_TEST(a_signal_ends_the_submitted_steps)
{
	static struct target_plan plans[4];
	struct observed seen;
	struct state s;

	start("hello", NULL);
	uint64_t pc = get("rip");
	ck_no_error(target_write_memory(t, pc, (uint8_t[]){0x90, 0x0f, 0x0b}, 3));
	ck_no_error(state_init(&s, isa));
	ck_no_error(target_submit(t, plans, 4));
	struct stop stop;
	ck_error(target_step(t, 0, &stop), ERROR_BUG, "not collected");
	for (unsigned i = 0; i < 4; i++) {
		ck_no_error(target_collect(t, &s, &seen));
		ck_assert_int_eq(seen.stop.kind, i ? STOP_SIGNAL : STOP_STEPPED);
		ck_assert_int_eq(seen.stop.signal, i ? SIGILL : 0);
		ck_assert_uint_eq(state_get(&s, isa->pc), pc + 1);
	}
	ck_error(target_collect(t, &s, &seen), ERROR_BUG, "not submitted");
	state_deinit(&s);
}
END_TEST

/* The guest's own calls, up to its end: those that the log answers are refused. */
START_TEST(calls)
{
	struct stop stop = {0};

	start("hello", NULL);
	uint64_t pc;
	do {
		pc = get("rip");
		struct error *err = target_step(t, 0, &stop);
		if (!err)
			continue;
		ck_error(err, ERROR_UNSUPPORTED, "write (1)");
		/* An anonymous map in its place, through the guest's own instruction. */
		set("rax", SYS_mmap);
		set("rdi", 0);
		set("rsi", 4096);
		set("rdx", 3);
		set("r10", 0x22);
		ck_no_error(target_run_to(t, pc + 2, &stop));
		ck_assert_int_eq(stop.kind, STOP_STEPPED);
		ck_assert_uint_eq(get("rip"), pc + 2);
		ck_assert_uint_eq(get("rcx"), pc + 2);
		ck_assert_uint_eq(get("r11") & 0x202, 0x202);
		ck_no_error(target_write_memory(t, get("rax"), "x", 1));
	} while (stop.kind == STOP_STEPPED);
	ck_assert_int_eq(stop.kind, STOP_EXITED);
	ck_assert_int_eq(stop.status, 0);
	ck_error(target_step(t, 0, &stop), ERROR_TARGET, "ended");
}
END_TEST

START_TEST(endless_run)
{
	struct unicorn_options options = {.program = program, .timeout_ms = 50};
	struct stop stop;

	open_guest("hello", NULL);
	options.log = evlog_reader_header(reader);
	ck_no_error(target_unicorn_create(isa, &options, &t));
	uint64_t pc = get("rip");
	ck_no_error(target_write_memory(t, pc, (uint8_t[]){0xeb, 0xfe}, 2));
	ck_error(target_run_to(t, pc + 2, &stop), ERROR_TIMEOUT, "50 ms");
}
END_TEST

/* unicorn 2.0.1 aborts where it translates LOCK CMP; of one that does not, an invalid instruction is to be seen. */
START_TEST(an_emulator_that_aborts)
{
	const uint8_t code[] = {0x90, 0xeb, 0x00, 0xf0,
				0x39, 0x04, 0x24}; /* nop; jmp to the next; lock cmp [rsp], eax */
	struct stop stop;

	start("hello", NULL);
	uint64_t pc = get("rip");
	ck_no_error(target_write_memory(t, pc, code, sizeof code));
	ck_no_error(target_step(t, 0, &stop));
	/* The next block is translated before the jump's step is over. */
	struct error *err = target_step(t, 0, &stop);
	if (!err)
		err = target_step(t, 0, &stop);
	if (!err) {
		ck_assert_int_eq(stop.kind, STOP_SIGNAL);
		ck_assert_int_eq(stop.signal, SIGILL);
		abort();
	}
	ck_error(err, ERROR_TARGET, "unicorn aborted in the code at pc 0x");
	ck_error(target_step(t, 0, &stop), ERROR_TARGET, "the emulator has ended");
	ck_error(target_write_memory(t, pc, code, 1), ERROR_TARGET, "the emulator has ended");
	target_destroy(t);
	t = NULL;
	ck_no_error(create(NULL)); /* another one can be had */
	ck_no_error(target_step(t, 0, &stop));
	abort(); /* is not the emulator's: ends the process */
}
END_TEST

START_TEST(wrong_requests)
{
	struct stop stop;
	size_t got;
	uint8_t byte;

	open_guest("hello", NULL);
	ck_error(create("no-such-cpu"), ERROR_UNSUPPORTED, "no-such-cpu");
	ck_error(create(""), ERROR_UNSUPPORTED, "for x86_64 (--cpu): it has max, Icelake-Server, ");
	ck_no_error(create("max"));
	target_destroy(t);
	ck_no_error(create("haswell"));
	ck_error(target_step(t, SIGUSR1, &stop), ERROR_UNSUPPORTED, "signal 10");
	ck_error(target_write_memory(t, 16, "x", 1), ERROR_FAULT, "10");
	ck_no_error(target_read_memory(t, 16, &byte, 1, &got));
	ck_assert_uint_eq(got, 0);
	target_destroy(t);
	t = NULL;
	snprintf(program, sizeof program, "/bin/sh");
	ck_error(create(NULL), ERROR_INPUT, "");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("unicorn");
	TCase *c = tcase_create("target");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, steps_of_loop);
	tcase_add_test(c, initial_memory);
	tcase_add_test(c, initial_registers);
	tcase_add_loop_test(c, faults_like_the_cpu, 0, (int)(sizeof faults / sizeof faults[0]));
	tcase_add_test(c, faults_one_after_another);
	tcase_add_test(c, reads_after_steps);
	tcase_add_test(c, stores_into_the_running_code);
	tcase_add_test(c, a_signal_ends_the_submitted_steps);
	tcase_add_test(c, calls);
	tcase_add_test(c, endless_run);
	tcase_add_test(c, wrong_requests);
	tcase_add_test_raise_signal(c, an_emulator_that_aborts, SIGABRT);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
#ifndef __x86_64__
	puts("skipped: the guests are for x86-64");
	return TEST_SKIP;
#endif
	isa = isa_by_name("x86_64");
	return test_main(suite());
}
