/* Where registers live natively: the table against the headers of the kernel's interface and this CPU. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "lib/testing/assert.h"
#include "lib/testing/regs.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <sys/user.h>

enum { NUM_VECTORS = 16 };

static const struct {
	const char *name;
	size_t offset;
} general[] = {
#define USER(name) \
	{ \
#name, offsetof(struct user_regs_struct, name) \
	}
	USER(r15), USER(r14), USER(r13),     USER(r12),     USER(rbp), USER(rbx), USER(r11), USER(r10), USER(r9),
	USER(r8),  USER(rax), USER(rcx),     USER(rdx),     USER(rsi), USER(rdi), USER(rip), USER(cs),  USER(rsp),
	USER(ss),  USER(ds),  USER(fs_base), USER(gs_base), USER(es),  USER(fs),  USER(gs),
#undef USER
};

static const struct {
	const char *name;
	size_t offset;
} legacy[] = {
#define USER(name, field) \
	{ \
#name, offsetof(struct user_fpregs_struct, field) \
	}
	USER(fctrl, cwd),
	USER(fstat, swd),
	USER(fop, fop),
	USER(mxcsr, mxcsr),
#undef USER
};

static const struct isa *isa;

static void setup(void)
{
	isa = isa_by_name("x86_64");
	ck_assert_ptr_nonnull(isa);
}

/* The register PREFIX, N (-1: none), SUFFIX: "ymm", 3, "h". */
static const struct reg_desc *reg_of(const char *prefix, int n, const char *suffix)
{
	char name[32], number[12] = "";

	if (n >= 0)
		snprintf(number, sizeof number, "%d", n);
	snprintf(name, sizeof name, "%s%s%s", prefix, number, suffix);
	return &isa->regs[test_reg(isa, name)];
}

static void assert_place(const struct reg_desc *desc, enum native_set set, size_t offset)
{
	ck_assert_msg(desc->native_set == set && desc->native_offset == offset, "%s: register set %d, offset %u",
		      desc->name, (int)desc->native_set, desc->native_offset);
	ck_assert_uint_eq(desc->native_low, 0);
}

START_TEST(general_registers)
{
	for (size_t i = 0; i < sizeof general / sizeof *general; i++)
		assert_place(reg_of(general[i].name, -1, ""), NATIVE_GENERAL, general[i].offset);
}
END_TEST

/* Nothing of the register set is missing from the table but orig_rax, which is no register. */
START_TEST(general_is_complete)
{
	size_t eflags = offsetof(struct user_regs_struct, eflags), bytes = 0;

	for (uint32_t reg = 0; reg < isa->num_regs; reg++)
		if (isa->regs[reg].native_set == NATIVE_GENERAL && isa->regs[reg].native_offset != eflags)
			bytes += 8;
	ck_assert_uint_eq(bytes, sizeof(struct user_regs_struct) - 8 - 8);
}
END_TEST

/* Flags are the bits that PUSHF shows: those of the CPU's EFLAGS, at the same place for the stub and the kernel. */
START_TEST(flag_bits)
{
	static const char *const names[] = {
		[0] = "cf", [2] = "pf", [4] = "af", [6] = "zf", [7] = "sf", [10] = "df", [11] = "of"};

	for (int i = 0; i < 12; i++) {
		if (!names[i])
			continue;
		const struct reg_desc *desc = reg_of(names[i], -1, "");

		ck_assert_uint_eq(desc->native_offset, offsetof(struct user_regs_struct, eflags));
		ck_assert_uint_eq(desc->native_low, i);
		ck_assert_uint_eq(desc->gdb_low, i);
		ck_assert_str_eq(desc->gdb_name, "eflags");
	}
}
END_TEST

/* The legacy part of the XSAVE area is struct user_fpregs_struct. */
START_TEST(legacy_area)
{
	for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++)
		assert_place(reg_of(legacy[i].name, -1, ""), NATIVE_XSAVE, legacy[i].offset);
	for (int i = 0; i < 8; i++)
		assert_place(reg_of("st", i, ""), NATIVE_XSAVE,
			     offsetof(struct user_fpregs_struct, st_space) + 16 * (size_t)i);
	for (int i = 0; i < NUM_VECTORS; i++)
		assert_place(reg_of("xmm", i, ""), NATIVE_XSAVE,
			     offsetof(struct user_fpregs_struct, xmm_space) + 16 * (size_t)i);
}
END_TEST

/* Where the upper halves are, as this CPU tells (SDM vol. 1, 13.2: CPUID.(0DH,2):EBX). */
START_TEST(upper_halves)
{
	unsigned size, offset, c, d;

	if (!__get_cpuid_count(0xd, 2, &size, &offset, &c, &d) || !size)
		return;
	ck_assert_uint_eq(size, 16 * NUM_VECTORS);
	for (int i = 0; i < NUM_VECTORS; i++)
		assert_place(reg_of("ymm", i, "h"), NATIVE_XSAVE, offset + 16 * (size_t)i);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("x86_64 regs");
	TCase *tc = tcase_create("native");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, general_registers);
	tcase_add_test(tc, general_is_complete);
	tcase_add_test(tc, flag_bits);
	tcase_add_test(tc, legacy_area);
	tcase_add_test(tc, upper_halves);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return test_main(suite());
}

#else

int main(void)
{
	puts("skipped: the kernel's headers here are not those of x86-64");
	return TEST_SKIP;
}

#endif
