/* unicorn's AArch64. */
#include <elf.h>
#include <signal.h>

#include "lib/target/unicorn_machine.h"

#define GPR(name, id) \
	{ \
		name, UC_ARM64_REG_##id, 8, 0 \
	}
#define X(n) GPR("x" #n, X##n)
#define V(n) \
	{ \
		"v" #n, UC_ARM64_REG_Q##n, 16, 0 \
	}

/* clang-format off */
static const struct unicorn_reg regs[] = {
	X(0), X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8), X(9), X(10), X(11), X(12), X(13), X(14), X(15),
	X(16), X(17), X(18), X(19), X(20), X(21), X(22), X(23), X(24), X(25), X(26), X(27), X(28), X(29), X(30),
	GPR("sp", SP), GPR("pc", PC), GPR("nzcv", NZCV),
	V(0), V(1), V(2), V(3), V(4), V(5), V(6), V(7), V(8), V(9), V(10), V(11), V(12), V(13), V(14), V(15),
	V(16), V(17), V(18), V(19), V(20), V(21), V(22), V(23), V(24), V(25), V(26), V(27), V(28), V(29), V(30), V(31),
	GPR("fpsr", FPSR), GPR("fpcr", FPCR), GPR("TPIDR_EL0", TPIDR_EL0),
};
/* clang-format on */

static const struct unicorn_model models[] = {
	{"max", UC_CPU_ARM64_MAX},
	{"cortex-a57", UC_CPU_ARM64_A57},
	{"cortex-a53", UC_CPU_ARM64_A53},
	{"cortex-a72", UC_CPU_ARM64_A72},
};

/* What all of these models have: FP, ASIMD, AES, PMULL, SHA1, SHA2, CRC32 (asm/hwcap.h). */
static const struct evlog_auxv auxv[] = {{AT_HWCAP, 0xfb}, {AT_HWCAP2, 0}};

/* ---- User mode ---- */

enum { PAGE = 0x1000, USER = PAGE + 0x100 };

/*
 * unicorn starts at EL1. What Linux lets programs do at EL0 (arch/arm64/kernel: INIT_SCTLR_EL1_MMU_ON, cpu_setup,
 * arch_timer_set_cntkctl): floating point, DC ZVA, cache maintenance, CTR_EL0, WFE and WFI, the virtual counter.
 */
static struct error *set_up(uc_engine *uc)
{
	static const uint32_t code[] = {
		0xd5381005, /* mrs x5, sctlr_el1 */
		0xaa050000, /* orr x0, x0, x5 */
		0xd5181000, /* msr sctlr_el1, x0 */
		0xd5181041, /* msr cpacr_el1, x1 */
		0xd518e102, /* msr cntkctl_el1, x2 */
		0xd5184023, /* msr elr_el1, x3 */
		0xd5184004, /* msr spsr_el1, x4 */
		0xd5033fdf, /* isb */
		0xd69f03e0, /* eret */
	};
	static const uint64_t initial[] = {1 << 26 | 1 << 18 | 1 << 16 | 1 << 15 | 1 << 14, 3 << 20, 1 << 1, USER, 0};
	const uint64_t zero = 0;
	uc_err e = uc_mem_map(uc, PAGE, PAGE, UC_PROT_ALL);

	if (!e)
		e = uc_mem_write(uc, PAGE, code, sizeof code);
	for (size_t i = 0; !e && i < sizeof initial / sizeof initial[0]; i++)
		e = uc_reg_write(uc, UC_ARM64_REG_X0 + (int)i, &initial[i]);
	if (!e)
		e = uc_emu_start(uc, PAGE, USER, 0, 0);
	for (int i = 0; !e && i < 6; i++)
		e = uc_reg_write(uc, UC_ARM64_REG_X0 + i, &zero);
	if (e)
		return unicorn_error(e, "go to user mode");
	uc_ctl_remove_cache(uc, (uint64_t)PAGE, (uint64_t)2 * PAGE);
	return unicorn_error(uc_mem_unmap(uc, PAGE, PAGE), "unmap the way to user mode");
}

/* ---- Exceptions ---- */

/* By the emulator's own numbers (its target/arm/cpu.h: EXCP_UDEF, EXCP_PREFETCH_ABORT, ...). */
static int signal_of(uint32_t exception)
{
	switch (exception) {
	case 1: return SIGILL;
	case 3: return SIGBUS; /* a misaligned PC: what is not mapped has errors of its own */
	case 4: return SIGBUS;
	case 7: return SIGTRAP;
	default: return 0;
	}
}

const struct unicorn_machine unicorn_aarch64 = {
	.isa = "aarch64",
	.arch = UC_ARCH_ARM64,
	.mode = UC_MODE_ARM,
	.regs = regs,
	.num_regs = sizeof regs / sizeof regs[0],
	.models = models,
	.num_models = sizeof models / sizeof models[0],
	.auxv = auxv,
	.num_auxv = sizeof auxv / sizeof auxv[0],
	.set_up = set_up,
	.signal = signal_of,
};
