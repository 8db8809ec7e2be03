/* AArch64 as an ISA: the tables of registers and conventions. */
#include "arch/aarch64/aarch64.h"

#include <elf.h>

#include "arch/aarch64/cpu.h"
#include "arch/aarch64/regs.h"
#include "arch/aarch64/syscalls.h"
#include "arch/arch.h"

/* Where each register starts in a state, in words: one after the other. */
enum {
#define REG(name, alias, class, width, gdb_name, gdb_other, gdb_low) \
	WORD_##name, LAST_WORD_##name = WORD_##name + (width + 63) / 64 - 1,
#include "arch/aarch64/regs.def"
#undef REG
	NUM_WORDS
};

static const struct reg_desc regs[] = {
#define REG(name, alias, class, width, gdb_name, gdb_other, gdb_low) \
	{#name, alias, class, width, WORD_##name, gdb_name, gdb_other, gdb_low, NATIVE_NONE, 0, 0},
#include "arch/aarch64/regs.def"
#undef REG
};

static const uint16_t reg_words[] = {
#define REG(name, alias, class, width, gdb_name, gdb_other, gdb_low) WORD_##name,
#include "arch/aarch64/regs.def"
#undef REG
};

static const uint16_t reg_widths[] = {
#define REG(name, alias, class, width, gdb_name, gdb_other, gdb_low) width,
#include "arch/aarch64/regs.def"
#undef REG
};

static const char *reg_name(uint32_t reg)
{
	return reg < A64_NUM_REGS ? regs[reg].name : "?";
}

static bool reg_find(const char *name, size_t len, uint32_t *ret_reg, unsigned *ret_width)
{
	uint32_t reg;
	if (!isa_find_reg(&isa_aarch64, name, len, &reg))
		return false;
	*ret_reg = reg;
	*ret_width = regs[reg].width;
	return true;
}

const uint32_t a64_flag_regs[A64_NUM_FLAGS] = {A64_nf, A64_zf, A64_cf, A64_vf};

static const uint32_t monitor[] = {A64_monitor, A64_monitor_address, A64_monitor_bytes, A64_monitor_value};

/* Nothing is marked. Linux leaves SCTLR_EL1.nAA 0 (arch/arm64/include/asm/sysreg.h, INIT_SCTLR_EL1_MMU_ON), and sets
 * TCR_EL1.TBI0 (arch/arm64/mm/proc.S). */
static const struct reg_value initial[] = {
	{A64_monitor, 0}, {A64_monitor_address, 0}, {A64_monitor_bytes, 0}, {A64_monitor_value, 0}, {A64_naa, 0},
	{A64_tbi0, 1},
};

static const struct isa_overrun overruns[] = {
	{"yield", {0x3f, 0x20, 0x03, 0xd5}, 0, 4, true},
	{"wfe", {0x5f, 0x20, 0x03, 0xd5}, 0, 4, true},
	{"wfi", {0x7f, 0x20, 0x03, 0xd5}, 0, 4, false},
};

static const uint8_t syscall_insn[] = {0x01, 0x00, 0x00, 0xd4}; /* SVC #0 */

const struct isa isa_aarch64 = {
	.name = "aarch64",
	.gdb_name = "aarch64",
	.qemu_name = "qemu-aarch64",
	.elf_machine = EM_AARCH64,
	.max_insn_len = 4,
	.insn_align = 4,
	.regs = regs,
	.num_regs = A64_NUM_REGS,
	.num_words = NUM_WORDS,
	.layout = {reg_words, reg_widths, A64_NUM_REGS},
	.pc = A64_pc,
	.sp = A64_sp,
	.flag_regs = a64_flag_regs,
	.flag_letters = "nzcv",
	.num_flags = A64_NUM_FLAGS,
	/* The monitor is a means of the model: what it is for shows in what a store-exclusive does. */
	.unjudged = monitor,
	.num_unjudged = sizeof monitor / sizeof *monitor,
	.reset = monitor,
	.num_reset = sizeof monitor / sizeof *monitor,
	.initial = initial,
	.num_initial = sizeof initial / sizeof *initial,
	.overruns = overruns,
	.num_overruns = sizeof overruns / sizeof *overruns,
	.overrun_scratch = -16,
	.nop = {0x1f, 0x20, 0x03, 0xd5},
	.names = {reg_name, reg_find},
	.sys =
		{
			.number = A64_x8,
			.arg = {A64_x0, A64_x1, A64_x2, A64_x3, A64_x4, A64_x5},
			.result = A64_x0,
			.insn = syscall_insn,
			.insn_len = sizeof syscall_insn,
			.table = a64_syscalls,
			.num_rows = A64_NUM_SYSCALLS,
			.entry = a64_entry,
		},
	.flow = a64_flow,
	.undetermined = a64_undetermined,
	.frame = &a64_frame,
	.outside = &a64_without,
	.lifter_create = a64_lifter_create,
	.lifter_destroy = a64_lifter_destroy,
	.features = a64_features,
	.num_features = A64_NUM_FEATURES,
	.questions = a64_questions,
	.num_questions = A64_NUM_QUESTIONS,
	.lifter_cpu = a64_lifter_cpu,
	.lifter_set_cpu = a64_lifter_set_cpu,
	.lifter_observe = a64_lifter_observe,
	.lifter_encoding = a64_lifter_encoding,
	.lift = a64_lift,
};
