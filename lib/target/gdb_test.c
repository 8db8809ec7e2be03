/* The GDB target on a real QEMU: the one of VALIDATE_QEMU_X86_64, or qemu-x86_64. */
#include "lib/target/gdb.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/target/child.h"
#include "lib/target/qemu.h"
#include "lib/testing/assert.h"
#include "lib/testing/emulator.h"
#include "lib/testing/regs.h"

static const char program[] = "/bin/busybox";

enum { TIMEOUT_MS = 60000, GUEST_SIGSEGV = 11 };

static const struct isa *isa;

static struct target *start(enum gdb_ahead ahead)
{
	/* The seed fixes the random bytes on the initial stack. */
	static const char *const seed[] = {"-seed", "1", NULL}, *const argv[] = {"busybox", "true", NULL};
	struct qemu_options o = {
		.program = program, .argv = argv, .extra_args = seed, .timeout_ms = TIMEOUT_MS, .ahead = ahead};
	struct target *t = NULL;

	ck_no_error(target_qemu_create(isa, &o, &t));
	return t;
}

/* A port that nobody listens on, for the moment. */
static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

/* The same guest, whose QEMU listens on a port. */
static struct target *start_over_tcp(struct child **ret_child)
{
	char port[16], address[32], *emulator;
	struct gdb_options options = {.identity = NULL};
	struct rsp_client *client = NULL;
	struct target *t = NULL;
	struct error *err = NULL;

	ck_no_error(qemu_find_emulator(isa, NULL, &emulator));
	snprintf(port, sizeof port, "%d", free_port());
	snprintf(address, sizeof address, "localhost:%s", port);
	const char *const argv[] = {emulator, "-B", "0x100000000", "-seed", "1",    "-g",
				    port,     "-0", "busybox",     program, "true", NULL};
	ck_no_error(child_start(argv, (const char *const[]){NULL}, true, NULL, ret_child));
	for (unsigned tries = 0; !client && tries < 1000; tries++) {
		error_destroy(err);
		err = rsp_client_connect(address, TIMEOUT_MS, &client);
		usleep(10000);
	}
	ck_no_error(err);
	ck_no_error(target_gdb_create(isa, client, &options, &t));
	free(emulator);
	return t;
}

static void read_state(struct target *t, struct state *ret)
{
	ck_no_error(state_init(ret, isa));
	ck_no_error(target_read_regs(t, ret));
}

static void write_regs(struct target *t, const char *const *names, const uint64_t *values)
{
	struct state s;
	uint32_t regs[8];
	size_t n = 0;

	read_state(t, &s);
	for (; names[n]; n++) {
		regs[n] = test_reg(isa, names[n]);
		state_set(&s, regs[n], values[n]);
	}
	ck_no_error(target_write_regs(t, &s, regs, n));
	state_deinit(&s);
}

static uint64_t read_reg(struct target *t, const char *name)
{
	struct state s;

	read_state(t, &s);
	uint64_t value = test_get(&s, name);
	state_deinit(&s);
	return value;
}

static void set_pc(struct target *t, uint64_t pc)
{
	write_regs(t, (const char *[]){"rip", NULL}, &pc);
}

/* The address of a system call instruction of the program. */
static uint64_t find_syscall(struct target *t)
{
	static uint8_t code[1 << 18];
	uint64_t pc = read_reg(t, "rip");
	size_t got;

	ck_no_error(target_read_memory(t, pc, code, sizeof code, &got));
	const uint8_t *at = memmem(code, got, isa->sys.insn, isa->sys.insn_len);
	ck_assert_ptr_nonnull(at);
	return pc + (uint64_t)(at - code);
}

/* Lets the guest make a system call; returns its result. */
static uint64_t do_syscall(struct target *t, uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
			   uint64_t e)
{
	static const char *const names[] = {"rax", "rdi", "rsi", "rdx", "r10", "r8", "rip", NULL};
	uint64_t insn = find_syscall(t);
	struct stop stop;

	write_regs(t, names, (const uint64_t[]){number, a, b, c, d, e, insn});
	ck_no_error(target_run_to(t, insn + isa->sys.insn_len, &stop));
	ck_assert_int_eq(stop.kind, STOP_STEPPED);
	ck_assert_uint_eq(read_reg(t, "rip"), insn + isa->sys.insn_len);
	return read_reg(t, "rax");
}

/* Puts code into a page of its own and the PC on it. */
static void load_code(struct target *t, const uint8_t *code, size_t len)
{
	uint64_t page = do_syscall(t, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX);

	ck_assert_uint_eq(page % 4096, 0);
	ck_no_error(target_write_memory(t, page, code, len));
	set_pc(t, page);
}

/* Reads of every size, of which one must fail. */
static void plan_reads(struct target_plan *plan, uint64_t sp, unsigned seed)
{
	plan->num_reads = seed % (OBSERVED_MAX_READS + 1);
	for (unsigned i = 0; i < plan->num_reads; i++) {
		plan->read[i].address = sp - 200 + 8 * i + seed;
		plan->read[i].len = (uint16_t)(1 + (seed * 7 + i * 13) % 64);
	}
	if (plan->num_reads > 2)
		plan->read[1].address = 16;
}

/* What one step of the reference must have shown, asked for by single requests. */
static void check_against(struct target *reference, const struct target_plan *plan, const struct state *regs,
			  const struct observed *seen, unsigned step)
{
	struct stop stop;
	struct state expected;

	ck_no_error(target_step(reference, 0, &stop));
	ck_assert_int_eq(stop.kind, seen->stop.kind);
	read_state(reference, &expected);
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];

		ck_assert_msg(!memcmp(regs->value + reg->word, expected.value + reg->word, reg_words(reg) * 8) &&
				      !memcmp(regs->unknown + reg->word, expected.unknown + reg->word,
					      reg_words(reg) * 8),
			      "step %u: %s differs", step, reg->name);
	}
	for (unsigned i = 0; i < plan->num_reads; i++) {
		uint8_t bytes[64];
		size_t got;

		ck_no_error(target_read_memory(reference, plan->read[i].address, bytes, plan->read[i].len, &got));
		ck_assert_int_eq(seen->memory_ok[i], got == plan->read[i].len);
		if (seen->memory_ok[i])
			ck_bytes(seen->memory[i], bytes, plan->read[i].len);
	}
	state_deinit(&expected);
}

/* A second guest at the same addresses: QEMU's own threads may map something in between. */
static struct target *start_with_stack(uint64_t sp)
{
	for (unsigned tries = 0; tries < 50; tries++) {
		struct target *t = start(GDB_AHEAD_NEVER);

		if (read_reg(t, "rsp") == sp)
			return t;
		target_destroy(t);
	}
	ck_abort_msg("no two guests with the same stack");
	return NULL;
}

/* Submissions of every length, one or two outstanding, against a second QEMU that is stepped by single requests. */
START_TEST(running_ahead_shows_what_single_steps_show)
{
	enum { STEPS = 2500 };
	struct child *child = NULL;
	struct target *ahead = _i ? start_over_tcp(&child) : start(GDB_AHEAD_AUTO);
	struct target_plan plans[64] = {0};
	struct state regs;
	unsigned submitted = 0, collected = 0, length = 1;

	read_state(ahead, &regs);
	uint64_t sp = state_get(&regs, isa->sp);
	struct target *reference = start_with_stack(sp);
	while (collected < STEPS) {
		unsigned first = submitted;

		for (unsigned i = 0; i < length; i++)
			plan_reads(&plans[i], sp, submitted++);
		ck_no_error(target_submit(ahead, plans, length));
		/* Of every third submission nothing is collected before the next. */
		for (unsigned keep = first % 3 ? 0 : length; collected < submitted - keep; collected++) {
			struct target_plan plan = {0};
			struct observed seen;

			plan_reads(&plan, sp, collected);
			ck_no_error(target_collect(ahead, &regs, &seen));
			ck_assert(seen.have_regs);
			check_against(reference, &plan, &regs, &seen, collected);
		}
		length = length % (unsigned)ahead->max_ahead + 1;
	}
	ck_assert(target_gdb_runs_ahead(ahead));
	ck_assert(!target_gdb_runs_ahead(reference));
	state_deinit(&regs);
	target_destroy(ahead);
	target_destroy(reference);
	child_destroy(child);
}
END_TEST

/* A stub that somebody else has started: without its debugger, it would let the guest run on. */
START_TEST(a_guest_that_is_left_is_ended)
{
	struct child *child = NULL;
	struct target *t = start_over_tcp(&child);
	int status;

	target_destroy(t);
	ck_assert(child_ended(child, TIMEOUT_MS, &status));
	char *words = child_last_words(child);
	ck_contains(words, "Terminated via GDBstub");
	free(words);
	child_destroy(child);
}
END_TEST

START_TEST(single_requests_and_running_ahead_take_turns)
{
	struct target *t = start(GDB_AHEAD_AUTO), *reference = start_with_stack(read_reg(t, "rsp"));
	struct target_plan plans[16] = {0};
	struct state regs;
	struct stop stop;
	size_t steps = 0;

	for (size_t round = 0; round < 30; round++) {
		size_t n = round % 16 + 1;

		ck_no_error(target_submit(t, plans, n));
		for (size_t i = 0; i < n; i++) {
			struct observed seen;

			ck_no_error(target_collect(t, NULL, &seen));
		}
		ck_no_error(target_step(t, 0, &stop));
		steps += n + 1;
		read_state(t, &regs);
		for (; steps; steps--)
			ck_no_error(target_step(reference, 0, &stop));
		ck_assert_uint_eq(state_get(&regs, isa->pc), read_reg(reference, "rip"));
		state_deinit(&regs);
	}
	target_destroy(t);
	target_destroy(reference);
}
END_TEST

START_TEST(nothing_else_while_steps_are_outstanding)
{
	struct target *t = start(GDB_AHEAD_AUTO);
	struct target_plan plans[64] = {0};
	struct observed seen;
	struct stop stop;

	ck_error(target_collect(t, NULL, &seen), ERROR_BUG, "not submitted");
	ck_no_error(target_submit(t, plans, 64));
	ck_no_error(target_submit(t, plans, 64));
	ck_error(target_submit(t, plans, 1), ERROR_BUG, "128 to be collected");
	ck_error(target_step(t, 0, &stop), ERROR_BUG, "128 submitted steps");
	target_destroy(t);
}
END_TEST

START_TEST(the_end_of_the_guest)
{
	struct target *t = start(_i ? GDB_AHEAD_AUTO : GDB_AHEAD_NEVER);
	struct target_plan plans[8] = {0};
	struct observed seen;
	uint64_t insn = find_syscall(t);
	struct stop stop;

	/* Once in the first submission, once behind one that has shown that it works. */
	ck_no_error(target_submit(t, plans, 4));
	for (unsigned i = 0; i < 4; i++)
		ck_no_error(target_collect(t, NULL, &seen));
	write_regs(t, (const char *[]){"rax", "rdi", "rip", NULL}, (const uint64_t[]){SYS_exit_group, 7, insn});
	ck_no_error(target_submit(t, plans, 5));
	ck_no_error(target_submit(t, plans, 3));
	for (unsigned i = 0; i < 8; i++) {
		ck_no_error(target_collect(t, NULL, &seen));
		ck_assert_int_eq(seen.stop.kind, STOP_EXITED);
		ck_assert_int_eq(seen.stop.status, 7);
		ck_assert(!seen.have_regs);
	}
	ck_error(target_step(t, 0, &stop), ERROR_TARGET, "the guest has ended");
	ck_error(target_submit(t, plans, 1), ERROR_TARGET, "the guest has ended");
	target_destroy(t);
}
END_TEST

START_TEST(the_end_in_the_first_submission)
{
	struct target *t = start(GDB_AHEAD_AUTO);
	struct target_plan plans[8] = {0};
	struct observed seen;
	uint64_t insn = find_syscall(t);

	write_regs(t, (const char *[]){"rax", "rdi", "rip", NULL}, (const uint64_t[]){SYS_exit_group, 9, insn});
	ck_no_error(target_submit(t, plans, 2));
	for (unsigned i = 0; i < 2; i++) {
		ck_no_error(target_collect(t, NULL, &seen));
		ck_assert_int_eq(seen.stop.kind, STOP_EXITED);
		ck_assert_int_eq(seen.stop.status, 9);
	}
	target_destroy(t);
}
END_TEST

START_TEST(a_fault_ends_the_run)
{
	/* mov [0], eax behind two NOPs; the guest would go on behind it. */
	static const uint8_t code[] = {0x90, 0x90, 0x89, 0x04, 0x25, 0, 0, 0, 0, 0x90, 0x90};
	struct target *t = start(_i ? GDB_AHEAD_AUTO : GDB_AHEAD_NEVER);
	struct target_plan plans[8] = {0};
	struct observed seen;
	struct state regs;
	struct stop stop;

	load_code(t, code, sizeof code);
	uint64_t start_pc = read_reg(t, "rip");
	read_state(t, &regs);
	for (unsigned i = 0; i < 8; i++)
		plans[i] = (struct target_plan){.num_reads = 1, .read[0] = {.address = start_pc, .len = 1}};
	ck_no_error(target_submit(t, plans, 4));
	ck_no_error(target_submit(t, plans, 4));
	for (unsigned i = 0; i < 8; i++) {
		ck_no_error(target_collect(t, &regs, &seen));
		ck_assert_int_eq(seen.stop.kind, i < 2 ? STOP_STEPPED : STOP_SIGNAL);
		ck_assert_int_eq(seen.stop.signal, i < 2 ? 0 : GUEST_SIGSEGV);
		ck_assert(seen.have_regs);
		ck_assert_uint_eq(state_get(&regs, isa->pc), start_pc + (i < 2 ? i + 1 : 2));
	}
	/* Not before its signal is delivered does it have an effect. */
	ck_no_error(target_step(t, 0, &stop));
	ck_assert_int_eq(stop.kind, STOP_SIGNAL);
	ck_no_error(target_step(t, GUEST_SIGSEGV, &stop));
	ck_assert_int_eq(stop.kind, STOP_KILLED);
	ck_assert_int_eq(stop.signal, GUEST_SIGSEGV);
	state_deinit(&regs);
	target_destroy(t);
}
END_TEST

START_TEST(writes_registers)
{
	struct target *t = start(GDB_AHEAD_NEVER);
	struct state before, after;
	uint32_t regs[128];
	size_t n = 0;
	uint64_t bits = 0x0123456789abcdef;

	/* Those whose every value is a valid one; of the flags, those that arithmetic sets. */
	read_state(t, &before);
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		bool any = reg->class == REG_GENERAL || reg->class == REG_VECTOR || reg->class == REG_PC ||
			   !strncmp(reg->name, "st", 2) || !strcmp(reg->name, "fs_base") ||
			   (reg->class == REG_FLAG && strchr("cf pf af zf sf of", reg->name[0]) && reg->width == 1 &&
			    strlen(reg->name) == 2 && strstr("cf pf af zf sf of", reg->name));
		uint64_t words[2];

		if (!any || t->hidden[reg->word])
			continue;
		for (unsigned i = 0; i < 2; i++)
			words[i] = bits = bits * 6364136223846793005u + 1442695040888963407u;
		/* An x87 value whose leading bit is not set may be changed on the way. */
		if (reg->width == 80)
			words[0] |= UINT64_C(1) << 63;
		/* Bases are addresses: not above what user space has. */
		if (!strcmp(reg->name, "fs_base"))
			words[0] &= 0x7fffffffffff;
		state_set_words(&before, r, words);
		ck_assert_uint_lt(n, 128);
		regs[n++] = r;
	}
	ck_assert_uint_ge(n, 16 + 1 + 6 + 16 + 8 + 1);
	ck_no_error(target_write_regs(t, &before, regs, n));
	read_state(t, &after);
	for (uint32_t r = 0; r < isa->num_regs; r++)
		ck_assert_msg(!memcmp(after.value + isa->regs[r].word, before.value + isa->regs[r].word,
				      reg_words(&isa->regs[r]) * 8),
			      "%s is %llx, was set to %llx", isa->regs[r].name,
			      (unsigned long long)state_get(&after, r), (unsigned long long)state_get(&before, r));
	state_deinit(&before);
	state_deinit(&after);
	target_destroy(t);
}
END_TEST

START_TEST(a_hidden_register_cannot_be_written)
{
	struct target *t = start(GDB_AHEAD_NEVER);
	struct state s;
	uint32_t reg = test_reg(isa, "ymm0h");

	read_state(t, &s);
	ck_assert(!state_known(&s, reg));
	ck_error(target_write_regs(t, &s, &reg, 1), ERROR_UNSUPPORTED, "does not show the register ymm0h");
	state_deinit(&s);
	target_destroy(t);
}
END_TEST

/* fld1; fldz; fldpi: the stack's order, whatever the stub's (SDM vol. 2, FLD1 and others). */
START_TEST(x87_registers_are_in_the_order_of_the_stack)
{
	static const uint8_t code[] = {0xd9, 0xe8, 0xd9, 0xee, 0xd9, 0xeb};
	static const uint64_t pi[2] = {0xc90fdaa22168c235, 0x4000}, zero[2] = {0, 0},
			      one[2] = {UINT64_C(1) << 63, 0x3fff};
	struct target *t = start(GDB_AHEAD_NEVER);
	struct state s;
	struct stop stop;

	load_code(t, code, sizeof code);
	for (unsigned i = 0; i < 3; i++)
		ck_no_error(target_step(t, 0, &stop));
	read_state(t, &s);
	ck_assert_uint_eq(test_get(&s, "fstat") >> 11 & 7, 5);
	ck_bits(s.value + isa->regs[test_reg(isa, "st0")].word, pi, 80);
	ck_bits(s.value + isa->regs[test_reg(isa, "st1")].word, zero, 80);
	ck_bits(s.value + isa->regs[test_reg(isa, "st2")].word, one, 80);
	/* A write goes to the register that is meant, too. */
	uint32_t reg = test_reg(isa, "st2");
	state_set_words(&s, reg, pi);
	ck_no_error(target_write_regs(t, &s, &reg, 1));
	ck_no_error(target_read_regs(t, &s));
	ck_bits(s.value + isa->regs[test_reg(isa, "st1")].word, zero, 80);
	ck_bits(s.value + isa->regs[reg].word, pi, 80);
	state_deinit(&s);
	target_destroy(t);
}
END_TEST

START_TEST(reads_and_writes_memory)
{
	enum { LEN = 10000, PAGES = 3 * 4096 };
	static uint8_t out[LEN], in[PAGES + 4096];
	struct target *t = start(GDB_AHEAD_NEVER);
	uint64_t pages = do_syscall(t, SYS_mmap, 0, PAGES + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    UINT64_MAX);
	size_t got;

	/* A hole behind three pages. */
	ck_assert_uint_eq(do_syscall(t, SYS_munmap, pages + PAGES, 4096, 0, 0, 0), 0);
	for (size_t i = 0; i < LEN; i++)
		out[i] = (uint8_t)(i * 31 + i / 256);
	ck_no_error(target_write_memory(t, pages + 100, out, LEN));
	ck_no_error(target_read_memory(t, pages + 100, in, LEN, &got));
	ck_assert_uint_eq(got, LEN);
	ck_bytes(in, out, LEN);
	/* As much as there is, then nothing. */
	ck_no_error(target_read_memory(t, pages, in, sizeof in, &got));
	ck_assert_uint_eq(got, PAGES);
	ck_bytes(in + 100, out, LEN);
	ck_no_error(target_read_memory(t, pages + PAGES - 5, in, 64, &got));
	ck_assert_uint_eq(got, 5);
	ck_no_error(target_read_memory(t, pages + PAGES, in, 64, &got));
	ck_assert_uint_eq(got, 0);
	struct error *err = target_write_memory(t, pages + PAGES - 3, out, 8);
	ck_assert_ptr_nonnull(err);
	ck_assert_uint_eq(err->address, pages + PAGES);
	ck_error(err, ERROR_FAULT, "");
	target_destroy(t);
}
END_TEST

START_TEST(runs_over_a_system_call)
{
	struct target *t = start(GDB_AHEAD_AUTO);
	struct stop stop;

	ck_no_error(target_step(t, 0, &stop));
	ck_assert_uint_eq(do_syscall(t, SYS_getpid, 0, 0, 0, 0, 0), stop.tid);
	/* Already there: nothing happens. */
	uint64_t pc = read_reg(t, "rip");
	ck_no_error(target_run_to(t, pc, &stop));
	ck_assert_int_eq(stop.kind, STOP_STEPPED);
	ck_assert_uint_eq(read_reg(t, "rip"), pc);
	target_destroy(t);
}
END_TEST

START_TEST(a_run_is_ended_by_other_things)
{
	/* int3, then mov [0], eax, which no jump passes by */
	static const uint8_t code[] = {0xcc, 0x89, 0x04, 0x25, 0, 0, 0, 0, 0x90};
	struct target *t = start(GDB_AHEAD_AUTO);
	struct stop stop;

	load_code(t, code, sizeof code);
	uint64_t end = read_reg(t, "rip") + sizeof code - 1;
	ck_no_error(target_run_to(t, end, &stop));
	ck_assert_int_eq(stop.kind, STOP_SIGNAL);
	ck_assert_int_eq(stop.signal, 5);
	ck_no_error(target_run_to(t, end, &stop));
	ck_assert_int_eq(stop.kind, STOP_SIGNAL);
	ck_assert_int_eq(stop.signal, GUEST_SIGSEGV);
	/* On its own, the program runs to its end. */
	target_destroy(t);
	t = start(GDB_AHEAD_AUTO);
	ck_no_error(target_run_to(t, 16, &stop));
	ck_assert_int_eq(stop.kind, STOP_EXITED);
	ck_assert_int_eq(stop.status, 0);
	target_destroy(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gdb");
	TCase *tests = tcase_create("gdb");

	isa = isa_by_name("x86_64");
	if (!test_has_emulator(isa, program))
		return TEST_SKIP;
	tcase_set_timeout(tests, 100);
	tcase_add_loop_test(tests, running_ahead_shows_what_single_steps_show, 0, 2);
	tcase_add_test(tests, a_guest_that_is_left_is_ended);
	tcase_add_test(tests, single_requests_and_running_ahead_take_turns);
	tcase_add_test(tests, nothing_else_while_steps_are_outstanding);
	tcase_add_loop_test(tests, the_end_of_the_guest, 0, 2);
	tcase_add_test(tests, the_end_in_the_first_submission);
	tcase_add_loop_test(tests, a_fault_ends_the_run, 0, 2);
	tcase_add_test(tests, writes_registers);
	tcase_add_test(tests, a_hidden_register_cannot_be_written);
	tcase_add_test(tests, x87_registers_are_in_the_order_of_the_stack);
	tcase_add_test(tests, reads_and_writes_memory);
	tcase_add_test(tests, runs_over_a_system_call);
	tcase_add_test(tests, a_run_is_ended_by_other_things);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
