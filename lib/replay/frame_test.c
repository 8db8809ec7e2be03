/*
 * Signal frames, against those that this kernel makes: the registers that are taken from a frame are those that libc's
 * <sys/ucontext.h> finds in it.
 */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "lib/replay/frame.h"
#include "lib/testing/assert.h"

enum { FRAME_MAX = 16 << 10 };

static const struct isa *isa;
static struct state regs, back;

static void set_up(void)
{
	isa = isa_by_name("x86_64");
	ck_assert_ptr_null(state_init(&regs, isa));
	ck_assert_ptr_null(state_init(&back, isa));
}

static void tear_down(void)
{
	state_deinit(&regs);
	state_deinit(&back);
}

static uint32_t reg_of(const char *name)
{
	uint32_t reg = 0;

	ck_assert_msg(isa_find_reg(isa, name, strlen(name), &reg), "no register %s", name);
	return reg;
}

#ifdef __x86_64__
#include <sys/ucontext.h>

static struct seen {
	uint8_t bytes[FRAME_MAX];
	size_t len;
	uint64_t address;
	greg_t gregs[NGREG];
	struct _libc_fpstate fp;
} seen;

/* The frame starts with the return address, right below the ucontext; the floating-point state is its end. */
static void look(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *uc = context;
	const uint8_t *start = (const uint8_t *)context - 8, *fp = (const uint8_t *)uc->uc_mcontext.fpregs;
	uint32_t extended;

	(void)signal;
	(void)info;
	memcpy(&extended, fp + 464 + 4, sizeof extended);
	seen.len = (size_t)(fp - start) + (extended ? extended : sizeof seen.fp);
	if (seen.len > sizeof seen.bytes)
		seen.len = sizeof seen.bytes;
	memcpy(seen.bytes, start, seen.len);
	seen.address = (uint64_t)(uintptr_t)start;
	memcpy(seen.gregs, uc->uc_mcontext.gregs, sizeof seen.gregs);
	memcpy(&seen.fp, fp, sizeof seen.fp);
}

static struct frame get_frame(void)
{
	struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};

	sigaction(SIGUSR1, &action, NULL);
	__asm__ volatile("pcmpeqb %%xmm5, %%xmm5\n psrlq $7, %%xmm5" ::: "xmm5");
	raise(SIGUSR1);
	ck_assert_uint_ge(seen.len, isa->frame->size);
	return (struct frame){.isa = isa, .bytes = seen.bytes, .len = seen.len, .address = seen.address};
}

static const struct {
	const char *name;
	int greg;
} general[] = {
	{"rax", REG_RAX}, {"rbx", REG_RBX}, {"rcx", REG_RCX}, {"rdx", REG_RDX}, {"rsi", REG_RSI}, {"rdi", REG_RDI},
	{"rbp", REG_RBP}, {"rsp", REG_RSP}, {"rip", REG_RIP}, {"r8", REG_R8},   {"r9", REG_R9},   {"r10", REG_R10},
	{"r11", REG_R11}, {"r12", REG_R12}, {"r13", REG_R13}, {"r14", REG_R14}, {"r15", REG_R15},
};

START_TEST(a_frame_of_this_kernel)
{
	struct frame f = get_frame();

	frame_load(&f, &regs);
	for (size_t i = 0; i < sizeof general / sizeof *general; i++)
		ck_assert_msg(state_get(&regs, reg_of(general[i].name)) == (uint64_t)seen.gregs[general[i].greg], "%s",
			      general[i].name);
	static const struct {
		const char *name;
		unsigned low;
	} flags[] = {{"cf", 0}, {"pf", 2}, {"af", 4}, {"zf", 6}, {"sf", 7}, {"df", 10}, {"of", 11}, {"ac", 18}};
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		ck_assert_uint_eq(state_get(&regs, reg_of(flags[i].name)),
				  (uint64_t)seen.gregs[REG_EFL] >> flags[i].low & 1);
	ck_assert_uint_eq(state_get(&regs, reg_of("mxcsr")), seen.fp.mxcsr);
	ck_assert_uint_eq(state_get(&regs, reg_of("fctrl")), seen.fp.cwd);
	for (unsigned i = 0; i < 16; i++) {
		const struct reg_desc *desc = &isa->regs[reg_of("xmm0") + i];
		ck_assert_mem_eq(regs.value + desc->word, &seen.fp._xmm[i], 16);
	}
}
END_TEST

/* What is saved over it comes back, the upper halves of the vectors included, and nothing else has changed. */
START_TEST(registers_come_back)
{
	struct frame f = get_frame();
	uint8_t before[FRAME_MAX];
	uint64_t seed = 0x9e3779b97f4a7c15;

	frame_load(&f, &regs);
	memcpy(before, f.bytes, f.len);
	frame_save(&f, &regs);
	frame_load(&f, &back);
	ck_assert_mem_eq(back.value, regs.value, isa->num_words * sizeof *regs.value);
	for (uint32_t i = 0; i < isa->frame->num_regs; i++) {
		uint32_t reg = isa->frame->regs[i].reg;
		uint64_t value[EXPR_MAX_WORDS];
		if (isa->frame->regs[i].offset >= 576 && !__builtin_cpu_supports("avx"))
			continue;
		for (unsigned w = 0; w < EXPR_MAX_WORDS; w++)
			value[w] = seed = seed * 6364136223846793005u + 1442695040888963407u;
		state_set_words(&regs, reg, value);
	}
	frame_save(&f, &regs);
	frame_load(&f, &back);
	ck_assert_mem_eq(back.value, regs.value, isa->num_words * sizeof *regs.value);
	/* The signal mask and siginfo_t. */
	ck_assert_mem_eq(f.bytes + 304, before + 304, 8 + 128);
}
END_TEST
#endif

/* A pointer to the floating-point state that leads out of the frame, or none: its registers are as at a start. */
START_TEST(a_frame_without_vectors)
{
	static const uint64_t pointers[] = {0, 1, 0x7000 - 1, 0x7000 + 440, UINT64_MAX};
	uint8_t bytes[440] = {0};
	struct frame f = {.isa = isa, .bytes = bytes, .len = sizeof bytes, .address = 0x7000};

	ck_assert_uint_eq(isa->frame->size, sizeof bytes);
	memcpy(bytes + 232, &pointers[_i], sizeof *pointers);
	state_set(&regs, reg_of("xmm3"), 5);
	frame_save(&f, &regs);
	frame_load(&f, &regs);
	ck_assert_uint_eq(state_get(&regs, reg_of("xmm3")), 0);
	ck_assert_uint_eq(state_get(&regs, reg_of("mxcsr")), 0x1f80);
	ck_assert_uint_eq(state_get(&regs, reg_of("fctrl")), 0x37f);
}
END_TEST

/* The records of AArch64's frame: sizes that lead nowhere end the search. */
START_TEST(records_of_any_size)
{
	static const uint32_t sizes[] = {0, 7, 8, 16, 527, 528, 536, 537, UINT32_MAX};
	enum { RECORDS = 592, LEN = RECORDS + 536 };
	uint8_t bytes[LEN] = {0};
	const uint32_t head[2] = {0x46508001, sizes[_i]};
	const struct isa *arm = isa_by_name("aarch64");
	struct frame f = {.isa = arm, .bytes = bytes, .len = sizeof bytes};
	struct state s;
	uint32_t v0;

	ck_assert_uint_eq(arm->frame->size, LEN);
	ck_assert(isa_find_reg(arm, "v0", 2, &v0));
	ck_assert_ptr_null(state_init(&s, arm));
	memcpy(bytes + RECORDS, head, sizeof head);
	memset(bytes + RECORDS + 16, 0x5a, 16);
	frame_load(&f, &s);
	bool whole = sizes[_i] >= 528 && sizes[_i] <= 536;
	ck_assert_uint_eq(state_get(&s, v0), whole ? 0x5a5a5a5a5a5a5a5a : 0);
	state_deinit(&s);
}
END_TEST

/* struct tpidr2_context (arch/arm64/include/uapi/asm/sigcontext.h), which frames have on processors with SME alone. */
START_TEST(a_record_that_may_be_missing)
{
	enum { RECORDS = 592, NEXT = RECORDS + 528, LEN = NEXT + 16 + 8 };
	uint8_t bytes[LEN] = {0};
	const uint32_t vectors[2] = {0x46508001, 528}, tpidr2[4] = {0x54504902, 16, 0x12345678, 0x9abcdef0};
	const struct isa *arm = isa_by_name("aarch64");
	struct frame f = {.isa = arm, .bytes = bytes, .len = sizeof bytes};
	struct state s;
	uint32_t reg;

	ck_assert(isa_find_reg(arm, "tpidr2_el0", 10, &reg));
	ck_assert_ptr_null(state_init(&s, arm));
	state_set(&s, reg, 77);
	memcpy(bytes + RECORDS, vectors, sizeof vectors);
	frame_load(&f, &s);
	ck_assert_uint_eq(state_get(&s, reg), 77);
	memcpy(bytes + NEXT, tpidr2, sizeof tpidr2);
	frame_load(&f, &s);
	ck_assert_uint_eq(state_get(&s, reg), 0x9abcdef012345678);
	state_deinit(&s);
}
END_TEST

START_TEST(what_a_handler_starts_with)
{
	state_set(&regs, reg_of("df"), 1);
	state_set(&regs, reg_of("cf"), 1);
	state_set(&regs, reg_of("mxcsr"), 0x3f80);
	state_set(&regs, reg_of("xmm9"), 77);
	frame_reset_regs(&regs);
	ck_assert_uint_eq(state_get(&regs, reg_of("df")), 0);
	ck_assert_uint_eq(state_get(&regs, reg_of("cf")), 1);
	ck_assert_uint_eq(state_get(&regs, reg_of("mxcsr")), 0x1f80);
	ck_assert_uint_eq(state_get(&regs, reg_of("xmm9")), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("frame");
	TCase *t = tcase_create("frame");

	tcase_add_checked_fixture(t, set_up, tear_down);
#ifdef __x86_64__
	tcase_add_test(t, a_frame_of_this_kernel);
	tcase_add_test(t, registers_come_back);
#endif
	tcase_add_loop_test(t, a_frame_without_vectors, 0, 5);
	tcase_add_loop_test(t, records_of_any_size, 0, 9);
	tcase_add_test(t, a_record_that_may_be_missing);
	tcase_add_test(t, what_a_handler_starts_with);
	suite_add_tcase(s, t);
	return test_main(s);
}
