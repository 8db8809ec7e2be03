/* x86-64 as an ISA: the tables of registers and conventions. */
#include "arch/x86_64/x86_64.h"

#include <elf.h>

#include "arch/arch.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/syscalls.h"
#include "arch/x86_64/variants.h"

/* Where each register starts in a state, in words: one after the other. */
enum {
#define REG(name, alias, class, width, gdb_name, gdb_low, set, offset, low) \
	WORD_##name, LAST_WORD_##name = WORD_##name + (width + 63) / 64 - 1,
#include "arch/x86_64/regs.def"
#undef REG
	NUM_WORDS
};

static const struct reg_desc regs[] = {
#define REG(name, alias, class, width, gdb_name, gdb_low, set, offset, low) \
	{#name, alias, class, width, WORD_##name, gdb_name, NULL, gdb_low, set, offset, low},
#include "arch/x86_64/regs.def"
#undef REG
};

static const uint16_t reg_words[] = {
#define REG(name, alias, class, width, gdb_name, gdb_low, set, offset, low) WORD_##name,
#include "arch/x86_64/regs.def"
#undef REG
};

static const uint16_t reg_widths[] = {
#define REG(name, alias, class, width, gdb_name, gdb_low, set, offset, low) width,
#include "arch/x86_64/regs.def"
#undef REG
};

static const char *reg_name(uint32_t reg)
{
	return reg < X86_NUM_REGS ? regs[reg].name : "?";
}

static bool reg_find(const char *name, size_t len, uint32_t *ret_reg, unsigned *ret_width)
{
	uint32_t reg;
	if (!isa_find_reg(&isa_x86_64, name, len, &reg))
		return false;
	*ret_reg = reg;
	*ret_width = regs[reg].width;
	return true;
}

/* As FINIT leaves them, and MXCSR's default (SDM vol. 1, 8.1.5, 10.2.3): Linux starts programs so. */
static const struct reg_value initial[] = {{X86_fctrl, 0x37f}, {X86_ftag, 0xffff}, {X86_mxcsr, 0x1f80}};

/* SDM vol. 1, figures 8-4 and 10-3. */
static const struct isa_field fields[] = {
	{X86_fstat, 0, 1, "ie"},  {X86_fstat, 1, 1, "de"},    {X86_fstat, 2, 1, "ze"},  {X86_fstat, 3, 1, "oe"},
	{X86_fstat, 4, 1, "ue"},  {X86_fstat, 5, 1, "pe"},    {X86_fstat, 6, 1, "sf"},  {X86_fstat, 7, 1, "es"},
	{X86_fstat, 8, 1, "c0"},  {X86_fstat, 9, 1, "c1"},    {X86_fstat, 10, 1, "c2"}, {X86_fstat, 11, 3, "top"},
	{X86_fstat, 14, 1, "c3"}, {X86_fstat, 15, 1, "b"},    {X86_mxcsr, 0, 1, "ie"},  {X86_mxcsr, 1, 1, "de"},
	{X86_mxcsr, 2, 1, "ze"},  {X86_mxcsr, 3, 1, "oe"},    {X86_mxcsr, 4, 1, "ue"},  {X86_mxcsr, 5, 1, "pe"},
	{X86_mxcsr, 6, 1, "daz"}, {X86_mxcsr, 7, 6, "masks"}, {X86_mxcsr, 13, 2, "rc"}, {X86_mxcsr, 15, 1, "ftz"},
};

/* RF holds off breakpoints while an instruction is started again, also in the middle of a repeated one; instructions
 * neither read nor compute it (SDM vol. 3, 18.3.1.1). */
static const uint32_t unjudged[] = {X86_rf};

const uint32_t x86_flag_regs[X86_NUM_FLAGS] = {X86_of, X86_sf, X86_zf, X86_af, X86_pf, X86_cf, X86_df};

/* Instructions that a hypervisor or, of UMIP (SDM vol. 3, 2.5, CR4.UMIP), the kernel may emulate; and MOV SS. */
static const struct isa_overrun overruns[] = {
	{"pause", {0xf3, 0x90}, 0, 2, true},
	{"cpuid", {0x0f, 0xa2}, 0, 2, false},
	{"rdtsc", {0x0f, 0x31}, 0, 2, false},
	{"rdtscp", {0x0f, 0x01, 0xf9}, 0, 3, false},
	{"rdpid", {0xf3, 0x0f, 0xc7, 0xf8}, 0, 4, false},
	{"xgetbv", {0x31, 0xc9, 0x0f, 0x01, 0xd0}, 2, 5, false}, /* xor ecx, ecx */
	{"rdrand", {0x0f, 0xc7, 0xf0}, 0, 3, false},
	{"rdseed", {0x0f, 0xc7, 0xf8}, 0, 3, false},
	{"sgdt", {0x0f, 0x01, 0x44, 0x24, 0x80}, 0, 5, false}, /* [rsp - 0x80] */
	{"sidt", {0x0f, 0x01, 0x4c, 0x24, 0x80}, 0, 5, false},
	{"sldt", {0x0f, 0x00, 0xc0}, 0, 3, false},
	{"str", {0x0f, 0x00, 0xc8}, 0, 3, false},
	{"smsw", {0x0f, 0x01, 0xe0}, 0, 3, false},
	{"mov ss", {0x8c, 0xd0, 0x8e, 0xd0}, 2, 4, false}, /* mov eax, ss */
};

static const uint8_t syscall_insn[] = {0x0f, 0x05};
/* SYSCALL itself puts the return address and the flags there. */
static const uint32_t syscall_clobbered[] = {X86_rcx, X86_r11};

/* asm/vsyscall.h: gettimeofday, time, getcpu. */
static const struct isa_gate_entry vsyscalls[] = {{0x000, 96}, {0x400, 201}, {0x800, 309}};
static const struct isa_gate vsyscall_page = {0xffffffffff600000, vsyscalls, sizeof vsyscalls / sizeof *vsyscalls};

const struct isa isa_x86_64 = {
	.name = "x86_64",
	.gdb_name = "i386:x86-64",
	.qemu_name = "qemu-x86_64",
	.elf_machine = EM_X86_64,
	.max_insn_len = 15,
	.insn_align = 1,
	.regs = regs,
	.num_regs = X86_NUM_REGS,
	.num_words = NUM_WORDS,
	.layout = {reg_words, reg_widths, X86_NUM_REGS},
	.pc = X86_rip,
	.sp = X86_rsp,
	.flag_regs = x86_flag_regs,
	.flag_letters = "oszapcd",
	.num_flags = X86_NUM_FLAGS,
	.fields = fields,
	.num_fields = sizeof fields / sizeof *fields,
	.initial = initial,
	.num_initial = sizeof initial / sizeof *initial,
	.faults_whole = true,
	.unjudged = unjudged,
	.num_unjudged = sizeof unjudged / sizeof *unjudged,
	.step_flag = X86_tf,
	.overruns = overruns,
	.num_overruns = sizeof overruns / sizeof *overruns,
	.overrun_scratch = -0x80,
	.nop = {0x90},
	.names = {reg_name, reg_find},
	.sys =
		{
			.number = X86_rax,
			.arg = {X86_rdi, X86_rsi, X86_rdx, X86_r10, X86_r8, X86_r9},
			.result = X86_rax,
			.insn = syscall_insn,
			.insn_len = sizeof syscall_insn,
			.clobbered = syscall_clobbered,
			.num_clobbered = sizeof syscall_clobbered / sizeof *syscall_clobbered,
			.table = x86_syscalls,
			.num_rows = X86_NUM_SYSCALLS,
			.gate = &vsyscall_page,
			.entry = x86_entry,
		},
	.flow = x86_flow,
	.undetermined = x86_undetermined,
	.mode = {X86_cs, X86_USER_CS},
	.frame = &x86_frame,
	.variants = &x86_variants,
	.lifter_create = x86_lifter_create,
	.lifter_set_repeat = x86_lifter_set_repeat,
	.lifter_set_checks = x86_lifter_set_checks,
	.checks_flag = X86_ac,
	.vendor_rows = x86_vendor_rows,
	.num_vendor_rows = X86_NUM_VENDOR_ROWS,
	.features = x86_features,
	.num_features = X86_NUM_FEATURES,
	.questions = x86_questions,
	.num_questions = X86_NUM_QUESTIONS,
	.lifter_cpu = x86_lifter_cpu,
	.control_bits = x86_control_bits,
	.lifter_set_cpu = x86_lifter_set_cpu,
	.lifter_observe = x86_lifter_observe,
	.lifter_destroy = x86_lifter_destroy,
	.lift = x86_lift,
};
