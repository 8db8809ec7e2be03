/* unicorn's x86-64. */
#include <elf.h>
#include <signal.h>
#include <string.h>

#include "lib/sys/signal.h"
#include "lib/target/unicorn_machine.h"

#define GPR(name, id) \
	{ \
		name, UC_X86_REG_##id, 8, 0 \
	}
#define VECTOR(n) \
	{"xmm" #n, UC_X86_REG_YMM##n, 32, 0}, \
	{ \
		"ymm" #n "h", UC_X86_REG_YMM##n, 32, 128 \
	}
#define ST(n) \
	{ \
		"st" #n, UC_X86_REG_ST##n, 10, 0 \
	}

/* clang-format off */
static const struct unicorn_reg regs[] = {
	GPR("rax", RAX), GPR("rbx", RBX), GPR("rcx", RCX), GPR("rdx", RDX),
	GPR("rsi", RSI), GPR("rdi", RDI), GPR("rbp", RBP), GPR("rsp", RSP),
	GPR("r8", R8), GPR("r9", R9), GPR("r10", R10), GPR("r11", R11),
	GPR("r12", R12), GPR("r13", R13), GPR("r14", R14), GPR("r15", R15),
	GPR("rip", RIP), GPR("eflags", EFLAGS),
	GPR("cs", CS), GPR("ss", SS), GPR("ds", DS), GPR("es", ES), GPR("fs", FS), GPR("gs", GS),
	GPR("fs_base", FS_BASE), GPR("gs_base", GS_BASE),
	VECTOR(0), VECTOR(1), VECTOR(2), VECTOR(3), VECTOR(4), VECTOR(5), VECTOR(6), VECTOR(7),
	VECTOR(8), VECTOR(9), VECTOR(10), VECTOR(11), VECTOR(12), VECTOR(13), VECTOR(14), VECTOR(15),
	GPR("mxcsr", MXCSR),
	ST(0), ST(1), ST(2), ST(3), ST(4), ST(5), ST(6), ST(7),
	GPR("fctrl", FPCW), GPR("fstat", FPSW), GPR("ftag", FPTAG), GPR("fop", FOP),
};
/* clang-format on */

#define MODEL(name, id) \
	{ \
		name, UC_CPU_X86_##id \
	}

static const struct unicorn_model models[] = {
	MODEL("Icelake-Server", ICELAKE_SERVER),
	MODEL("Icelake-Client", ICELAKE_CLIENT),
	MODEL("qemu64", QEMU64),
	MODEL("phenom", PHENOM),
	MODEL("core2duo", CORE2DUO),
	MODEL("kvm64", KVM64),
	MODEL("Conroe", CONROE),
	MODEL("Penryn", PENRYN),
	MODEL("Nehalem", NEHALEM),
	MODEL("Westmere", WESTMERE),
	MODEL("SandyBridge", SANDYBRIDGE),
	MODEL("IvyBridge", IVYBRIDGE),
	MODEL("Haswell", HASWELL),
	MODEL("Broadwell", BROADWELL),
	MODEL("Skylake-Client", SKYLAKE_CLIENT),
	MODEL("Skylake-Server", SKYLAKE_SERVER),
	MODEL("Cascadelake-Server", CASCADELAKE_SERVER),
	MODEL("Cooperlake", COOPERLAKE),
	MODEL("Denverton", DENVERTON),
	MODEL("Snowridge", SNOWRIDGE),
	MODEL("KnightsMill", KNIGHTSMILL),
	MODEL("Opteron_G1", OPTERON_G1),
	MODEL("Opteron_G2", OPTERON_G2),
	MODEL("Opteron_G3", OPTERON_G3),
	MODEL("Opteron_G4", OPTERON_G4),
	MODEL("Opteron_G5", OPTERON_G5),
	MODEL("EPYC", EPYC),
	MODEL("EPYC-Rome", EPYC_ROME),
	MODEL("Dhyana", DHYANA),
};

/* FSGSBASE is announced there (asm/hwcap2.h), and unicorn has no such instructions. */
static const struct evlog_auxv auxv[] = {{AT_HWCAP2, 0}};

/* ---- User mode ---- */

enum {
	PAGE = 0x1000,        /* all of the set-up's memory, and its address */
	GDT = PAGE,           /* the table of segment descriptors */
	FRAME = PAGE + 0x100, /* what IRETQ pops */
	CODE = PAGE + 0x200,
	USER = PAGE + 0x300, /* where it goes */
	/* Linux's selectors (arch/x86/include/asm/segment.h), and the flags of a new process: reserved bit 1, and IF.
	 */
	USER_CS = 0x33,
	USER_SS = 0x2b,
	USER_FLAGS = 0x202,
};

/* unicorn starts at privilege level 0. There is no register that says so: only a return from the kernel changes it. */
static struct error *return_to_user(uc_engine *uc)
{
	static const uint8_t iretq[] = {0x48, 0xcf};
	static const uint64_t frame[] = {USER, USER_CS, USER_FLAGS, 0, USER_SS};
	/* Code of 64 bits and data, present, of level 3 (SDM vol. 3, 3.4.5). */
	static const uint64_t gdt[] = {0, 0, 0, 0, 0, UINT64_C(0x00cff3000000ffff), UINT64_C(0x00affb000000ffff)};
	const uint64_t sp = FRAME;
	uc_x86_mmr table = {.base = GDT, .limit = sizeof gdt - 1}, none = {0};
	uint64_t cs = 0;
	uc_err code = uc_mem_map(uc, PAGE, PAGE, UC_PROT_ALL);

	if (!code)
		code = uc_mem_write(uc, GDT, gdt, sizeof gdt);
	if (!code)
		code = uc_mem_write(uc, FRAME, frame, sizeof frame);
	if (!code)
		code = uc_mem_write(uc, CODE, iretq, sizeof iretq);
	if (!code)
		code = uc_reg_write(uc, UC_X86_REG_GDTR, &table);
	if (!code)
		code = uc_reg_write(uc, UC_X86_REG_RSP, &sp);
	if (!code)
		code = uc_emu_start(uc, CODE, USER, 0, 0);
	if (!code)
		code = uc_reg_write(uc, UC_X86_REG_GDTR, &none);
	if (!code)
		code = uc_reg_read(uc, UC_X86_REG_CS, &cs);
	if (code)
		return unicorn_error(code, "go to user mode");
	if ((cs & 0xffff) != USER_CS)
		return error_create(ERROR_TARGET, "unicorn does not go to user mode");
	uc_ctl_remove_cache(uc, (uint64_t)PAGE, (uint64_t)2 * PAGE);
	return unicorn_error(uc_mem_unmap(uc, PAGE, PAGE), "unmap the way to user mode");
}

static struct error *set_up(uc_engine *uc)
{
	/*
	 * Control registers: protected mode with x87 exceptions as such (PE, MP, ET, NE; SDM vol. 3, 2.5), FXSAVE of
	 * the XMM registers and SSE exceptions (OSFXSR, OSXMMEXCPT). The others as exec(2) leaves them
	 * (arch/x86/kernel/fpu/core.c, fpstate_init_fxstate).
	 */
	static const struct {
		int id;
		uint64_t value;
	} initial[] = {
		{UC_X86_REG_CR0, 1 << 0 | 1 << 1 | 1 << 4 | 1 << 5},
		{UC_X86_REG_CR4, 1 << 9 | 1 << 10},
		{UC_X86_REG_MXCSR, 0x1f80},
		{UC_X86_REG_FPCW, 0x37f},
		{UC_X86_REG_FPTAG, 0xffff},
	};
	struct error *err = return_to_user(uc);

	for (size_t i = 0; !err && i < sizeof initial / sizeof initial[0]; i++)
		err = unicorn_error(uc_reg_write(uc, initial[i].id, &initial[i].value), "set a register");
	return err;
}

/* ---- CPUID ---- */

/*
 * unicorn 2.0.1 implements features that its CPUID does not announce, whatever the model: the x87, TSC, MMX and SSE3.
 * The C library does not start without what the ABI's baseline has (x86-64 psABI, table 3.1). Nothing is announced here
 * that is refused on execution; POPCNT is.
 */
static uc_err announce(uc_engine *uc, uint64_t leaf)
{
	enum { FEATURES = 1, FPU_TSC_MMX = 1 << 0 | 1 << 4 | 1 << 23, SSE3 = 1 << 0 };
	uint64_t ecx = 0, edx = 0;
	uc_err code = UC_ERR_OK;

	if ((uint32_t)leaf != FEATURES)
		return UC_ERR_OK;
	code = uc_reg_read(uc, UC_X86_REG_RDX, &edx);
	if (!code)
		code = uc_reg_read(uc, UC_X86_REG_RCX, &ecx);
	edx |= FPU_TSC_MMX;
	ecx |= SSE3;
	if (!code)
		code = uc_reg_write(uc, UC_X86_REG_RDX, &edx);
	return code ? code : uc_reg_write(uc, UC_X86_REG_RCX, &ecx);
}

/* ---- Exceptions ---- */

/* SYSCALL leaves the return address in RCX and the flags in R11 (SDM vol. 2). */
static void enter_kernel(struct state *s, uint64_t next_pc)
{
	uint64_t flags = 2;
	uint32_t reg;

	for (uint32_t i = 0; i < s->isa->num_regs; i++)
		if (s->isa->regs[i].gdb_name && !strcmp(s->isa->regs[i].gdb_name, "eflags"))
			flags |= state_get(s, i) << s->isa->regs[i].gdb_low;
	if (isa_find_reg(s->isa, "rcx", 3, &reg))
		state_set(s, reg, next_pc);
	if (isa_find_reg(s->isa, "r11", 3, &reg))
		state_set(s, reg, flags);
}

/* By vector (SDM vol. 3, table 6-1; arch/x86/kernel/traps.c). unicorn makes a double fault of two in succession. */
static int signal_of(uint32_t exception)
{
	static const enum fault_kind faults[] = {
		[0] = FAULT_DIVIDE,      [1] = FAULT_DEBUG,     [3] = FAULT_BREAKPOINT, [4] = FAULT_OVERFLOW,
		[5] = FAULT_PROTECTION,  [6] = FAULT_UNDEFINED, [7] = FAULT_PROTECTION, [8] = FAULT_PROTECTION,
		[10] = FAULT_PROTECTION, [11] = FAULT_STACK,    [12] = FAULT_STACK,     [13] = FAULT_PROTECTION,
		[14] = FAULT_PAGE,       [16] = FAULT_FLOAT,    [17] = FAULT_ALIGNMENT, [19] = FAULT_FLOAT,
	};

	return exception < sizeof faults / sizeof *faults ? fault_signal(faults[exception])->signal : 0;
}

const struct unicorn_machine unicorn_x86_64 = {
	.isa = "x86_64",
	.arch = UC_ARCH_X86,
	.mode = UC_MODE_64,
	.regs = regs,
	.num_regs = sizeof regs / sizeof regs[0],
	.models = models,
	.num_models = sizeof models / sizeof models[0],
	.auxv = auxv,
	.num_auxv = sizeof auxv / sizeof auxv[0],
	.set_up = set_up,
	.enter_kernel = enter_kernel,
	.corrected_insn = UC_X86_INS_CPUID,
	.asked_reg = UC_X86_REG_RAX,
	.correct = announce,
	.double_fault = 8, /* SDM vol. 3, 6.15 */
	.signal = signal_of,
};
