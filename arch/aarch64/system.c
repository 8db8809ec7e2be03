/*
 * Exceptions, hints, barriers, cache maintenance, system registers. What EL0 may do is up to the kernel, and is taken
 * as Linux sets it up (arch/arm64/include/asm/sysreg.h, INIT_SCTLR_EL1_MMU_ON: DZE, UCT, UCI, nTWE are 1, UMA, EnRCTX,
 * TME0 are 0, TSCXT is 1): caches may be cleaned, CTR_EL0 and DCZID_EL0 read, and the kernel emulates reads of
 * identification registers. Whatever is not in the table is UNDEFINED at EL0, or trapped, which Linux makes a SIGILL
 * of too (arch/arm64/kernel/traps.c, do_el0_sys).
 */
#include "arch/aarch64/aarch64.h"
#include "arch/aarch64/cpu.h"

void a64_build_fault(struct a64_ctx *c)
{
	transfer_add_fault(c->t, a64_const(c, 1, 1), c->row->param);
}

/* Hints, barriers and cleaning of caches: nothing that shows in the registers or memory of one thread. */
void a64_build_nop(struct a64_ctx *c)
{
	(void)c;
}

/* Linux looks at no immediate. Returning from the kernel clears the local monitor (Arm ARM D1.5.6). */
static void build_svc(struct a64_ctx *c)
{
	c->t->kind = TRANSFER_SYSCALL;
	transfer_set_reg(c->t, A64_monitor, a64_const(c, 1, 0));
}

static void build_clrex(struct a64_ctx *c)
{
	transfer_set_reg(c->t, A64_monitor, a64_const(c, 1, 0));
}

/* CHKFEAT: clears the bits of X16 whose features are enabled; so far the guarded control stack alone has one. */
static void build_chkfeat(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id features = expr_zext(p, expr_env(p, 1, ENV_SYSREG), 64);

	a64_set_x(c, 16, expr_and(p, a64_x(c, 16, 64), expr_not(p, features)));
}

/* ---- System registers ---- */

/* MRS of a register of the state, param. */
static void build_mrs(struct a64_ctx *c)
{
	expr_id value = expr_reg(c->pool, isa_aarch64.regs[c->row->param].width, c->row->param);

	a64_write(c, 't', expr_zext(c->pool, value, 64));
	if (!isa_aarch64.regs[c->row->param].gdb_name)
		c->reveals = (uint16_t)c->row->param;
}

static void build_msr(struct a64_ctx *c)
{
	transfer_set_reg(c->t, c->row->param, a64_read(c, 't'));
}

/* MRS of a bit of PSTATE, which stands there as in SPSR_EL1. */
static void build_mrs_bit(struct a64_ctx *c)
{
	unsigned low = isa_aarch64.regs[c->row->param].gdb_low;
	expr_id bit = expr_zext(c->pool, expr_reg(c->pool, 1, c->row->param), 64);

	a64_write(c, 't', expr_shl(c->pool, bit, a64_const(c, 64, low)));
}

static void build_msr_bit(struct a64_ctx *c)
{
	unsigned low = isa_aarch64.regs[c->row->param].gdb_low;

	transfer_set_reg(c->t, c->row->param, expr_bit(c->pool, a64_read(c, 't'), low));
}

/* MSR of an immediate, of which the lowest bit counts. */
static void build_msr_bit_imm(struct a64_ctx *c)
{
	transfer_set_reg(c->t, c->row->param, a64_const(c, 1, a64_field(c, 'i') & 1));
}

/* MRS of something outside; param is the input. */
static void build_mrs_env(struct a64_ctx *c)
{
	a64_write(c, 't', expr_env(c->pool, 64, c->row->param));
}

/* IMPLEMENTATION DEFINED: UNDEFINED, or of an effect that shows in the destination alone. */
static void build_own(struct a64_ctx *c)
{
	c->may_fault |= 1u << FAULT_UNDEFINED;
	if (a64_field(c, 'l'))
		a64_write(c, 't', expr_env(c->pool, 64, ENV_SYSREG));
}

/* RNDR, RNDRRS: NZCV tells whether there was a number; without one the destination is 0. */
static void build_mrs_random(struct a64_ctx *c)
{
	a64_set_flag(c, A64_zf, expr_env(c->pool, 1, ENV_RANDOM));
	a64_write(c, 't', expr_env(c->pool, 64, ENV_RANDOM));
}

static void build_mrs_nzcv(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id nz = expr_concat(p, a64_flag(c, A64_nf), a64_flag(c, A64_zf));
	expr_id cv = expr_concat(p, a64_flag(c, A64_cf), a64_flag(c, A64_vf));

	a64_write(c, 't', expr_zext(p, expr_concat(p, expr_concat(p, nz, cv), a64_const(c, 28, 0)), 64));
}

static void build_msr_nzcv(struct a64_ctx *c)
{
	a64_set_nzcv(c, expr_extract(c->pool, a64_read(c, 't'), 28, 4));
}

/*
 * FPCR and FPSR (Arm ARM C5.2.8, C5.2.10): bits that exist everywhere; others, which some processors have, may keep
 * what is written to them.
 */
enum {
	FPCR_BITS = 0x07c00000,     /* AHP, DN, FZ, RMode */
	FPCR_HALF = 1 << 19,        /* FZ16, RES0 without FEAT_FP16 */
	FPCR_OPTIONAL = 0x0037bf07, /* Len, Stride, the enabling of traps, EBF, NEP, AH, FIZ */
	FPSR_BITS = 0x0800009f,     /* QC, IDC, IXC, UFC, OFC, DZC, IOC */
};
static const uint32_t fpsr_optional = 0xf0000000; /* NZCV of AArch32 */

static void set_control(struct a64_ctx *c, uint32_t reg, uint64_t bits, uint64_t optional)
{
	struct expr_pool *p = c->pool;
	unsigned width = isa_aarch64.regs[reg].width;
	expr_id value = expr_extract(p, a64_read(c, 't'), 0, width);
	expr_id kept = expr_and(p, expr_and(p, value, a64_const(c, width, optional)), expr_undef(p, width));

	transfer_set_reg(c->t, reg, expr_or(p, expr_and(p, value, a64_const(c, width, bits)), kept));
}

static void build_msr_fpcr(struct a64_ctx *c)
{
	bool half = isa_cpu_knows(c->cpu, FEAT_FP16) && isa_cpu_has(c->cpu, FEAT_FP16);

	set_control(c, A64_fpcr, FPCR_BITS | (half ? FPCR_HALF : 0), FPCR_OPTIONAL | (half ? 0 : FPCR_HALF));
}

static void build_msr_fpsr(struct a64_ctx *c)
{
	set_control(c, A64_fpsr, FPSR_BITS, fpsr_optional);
}

/* Of FPMR: LSCALE2, NSCALE, LSCALE, OSC, OSM, F8D, F8S2, F8S1 (Arm ARM C5.2.9); the rest is RES0. */
static void build_msr_fpmr(struct a64_ctx *c)
{
	const uint64_t bits = 0x3fff7fc1ff;

	set_control(c, A64_fpmr, bits, ~bits);
}

/* ---- DC ZVA and its kin ---- */

enum { ZERO_MAX_BYTES = 2048, ZERO_STORE = 64 };

/*
 * DC ZVA, DC GZVA: clear a block of 4 << DCZID_EL0.BS bytes: of 64 on most processors, of 512 on QEMU's -cpu max. One
 * store for each 64 bytes of the largest block, as far as the block reaches; of smaller blocks, which nobody has,
 * nothing is predicted.
 */
static void build_dc_zero(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id id = expr_reg(p, 5, A64_dczid_el0);
	expr_id bytes = expr_shl(p, a64_const(c, 64, 4), expr_extract(p, id, 0, 4));
	expr_id start = expr_and(p, a64_read(c, 't'), expr_neg(p, bytes));
	expr_id small = expr_ult(p, bytes, a64_const(c, 64, ZERO_STORE));

	transfer_add_fault(c->t, expr_msb(p, id), FAULT_UNDEFINED);
	transfer_add_fault(c->t, expr_and(p, small, expr_undef(p, 1)), FAULT_UNDEFINED);
	for (unsigned at = 0; at < ZERO_MAX_BYTES; at += ZERO_STORE) {
		expr_id address = expr_add(p, start, a64_const(c, 64, at));
		expr_id guard = expr_ult(p, a64_const(c, 64, at), bytes);
		a64_store_if(c, guard, address, a64_const(c, 8 * ZERO_STORE, 0));
	}
}

/* DC GVA: stores tags, which are lost (tag.c), where there is memory to store to. */
static void build_dc_tags(struct a64_ctx *c)
{
	c->may_fault |= 1u << FAULT_PAGE;
}

/* clang-format off */
static const struct a64_row a64_system[] = {
	/* Exceptions. HVC, SMC and DCPS are UNDEFINED at EL0.
	   encoding                                  build              param             nzcv    name */
	{"0000000000000000 iiiiiiiiiiiiiiii",        a64_build_fault,   FAULT_UNDEFINED,  "----", "udf"},
	{"11010100 000 iiiiiiiiiiiiiiii 000 01",     build_svc,         0,                "----", "svc"},
	{"11010100 000 iiiiiiiiiiiiiiii 000 10",     a64_build_fault,   FAULT_UNDEFINED,  "----", "hvc"},
	{"11010100 000 iiiiiiiiiiiiiiii 000 11",     a64_build_fault,   FAULT_UNDEFINED,  "----", "smc"},
	{"11010100 001 iiiiiiiiiiiiiiii 000 00",     a64_build_fault,   FAULT_BREAKPOINT, "----", "brk"},
	{"11010100 010 iiiiiiiiiiiiiiii 000 00",     a64_build_fault,   FAULT_UNDEFINED,  "----", "hlt"},
	{"11010100 101 iiiiiiiiiiiiiiii 000 01",     a64_build_fault,   FAULT_UNDEFINED,  "----", "dcps1"},
	{"11010100 101 iiiiiiiiiiiiiiii 000 10",     a64_build_fault,   FAULT_UNDEFINED,  "----", "dcps2"},
	{"11010100 101 iiiiiiiiiiiiiiii 000 11",     a64_build_fault,   FAULT_UNDEFINED,  "----", "dcps3"},
	/* Transactions, which Linux does not enable. */
	{"11010100 011 iiiiiiiiiiiiiiii 000 00",     a64_build_fault,   FAULT_UNDEFINED,  "----", "tcancel"},
	{"1101010100 1 00 011 0011 0000 011 ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "tstart"},
	{"1101010100 1 00 011 0011 0001 011 ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "ttest"},
	{"1101010100 0 00 011 0011 0000 011 11111",  a64_build_fault,   FAULT_UNDEFINED,  "----", "tcommit"},

	/* Hints: those of pointer authentication are in pauth.c. Numbers without a meaning do nothing. */
	{"1101010100 0 00 011 0010 0000 000 11111",  a64_build_nop,     0,                "----", "nop"},
	{"1101010100 0 00 011 0010 0000 001 11111",  a64_build_nop,     0,                "----", "yield"},
	{"1101010100 0 00 011 0010 0000 010 11111",  a64_build_nop,     0,                "----", "wfe"},
	{"1101010100 0 00 011 0010 0000 011 11111",  a64_build_nop,     0,                "----", "wfi"},
	{"1101010100 0 00 011 0010 0000 100 11111",  a64_build_nop,     0,                "----", "sev"},
	{"1101010100 0 00 011 0010 0000 101 11111",  a64_build_nop,     0,                "----", "sevl"},
	{"1101010100 0 00 011 0010 0000 110 11111",  a64_build_nop,     0,                "----", "dgh"},
	{"1101010100 0 00 011 0010 0010 100 11111",  a64_build_nop,     0,                "----", "csdb"},
	{"1101010100 0 00 011 0010 0100 xx0 11111",  a64_build_nop,     0,                "----", "bti"},
	{"1101010100 0 00 011 0010 0101 000 11111",  build_chkfeat,     0,                "----", "chkfeat"},
	{"1101010100 0 00 011 0010 oooo ppp 11111",  a64_build_nop,     0,                "----", "hint"},
	{"1101010100 0 00 011 0001 0000 000 ttttt",  a64_build_nop,     0,                "----", "wfet"},
	{"1101010100 0 00 011 0001 0000 001 ttttt",  a64_build_nop,     0,                "----", "wfit"},

	/* Barriers */
	{"1101010100 0 00 011 0011 xxxx 010 11111",  build_clrex,       0,                "----", "clrex"},
	{"1101010100 0 00 011 0011 xxxx 100 11111",  a64_build_nop,     0,                "----", "dsb"},
	{"1101010100 0 00 011 0011 xx10 001 11111",  a64_build_nop,     0,                "----", "dsb nxs"},
	{"1101010100 0 00 011 0011 xxxx 101 11111",  a64_build_nop,     0,                "----", "dmb"},
	{"1101010100 0 00 011 0011 xxxx 110 11111",  a64_build_nop,     0,                "----", "isb"},
	{"1101010100 0 00 011 0011 0000 111 11111",  a64_build_nop,     0,                "----", "sb"},

	/* Fields of PSTATE. With UMA = 0 DAIFSet and DAIFClr are not for EL0; nor are UAO, PAN, SPSel, ALLINT, PM. */
	{"1101010100 0 00 011 0100 iiii 001 11111",  build_msr_bit_imm, A64_ssbs,         "----", "msr ssbs, imm"},
	{"1101010100 0 00 011 0100 iiii 010 11111",  build_msr_bit_imm, A64_dit,          "----", "msr dit, imm"},
	{"1101010100 0 00 011 0100 iiii 100 11111",  build_msr_bit_imm, A64_tco,          "----", "msr tco, imm"},

	/* Caches. Faults of the address, which processors may report, are not modelled; tags are, in tag.c. */
	{"1101010100 0 01 011 0111 0100 001 ttttt",  build_dc_zero,     0,                "----", "dc zva"},
	{"1101010100 0 01 011 0111 0100 011 ttttt",  build_dc_tags,     0,                "----", "dc gva"},
	{"1101010100 0 01 011 0111 0100 100 ttttt",  build_dc_zero,     0,                "----", "dc gzva"},
	{"1101010100 0 01 011 0111 1010 001 ttttt",  a64_build_nop,     0,                "----", "dc cvac"},
	{"1101010100 0 01 011 0111 1010 011 ttttt",  a64_build_nop,     0,                "----", "dc cgvac"},
	{"1101010100 0 01 011 0111 1010 101 ttttt",  a64_build_nop,     0,                "----", "dc cgdvac"},
	{"1101010100 0 01 011 0111 1011 000 ttttt",  a64_build_nop,     0,                "----", "dc cvaoc"},
	{"1101010100 0 01 011 0111 1011 001 ttttt",  a64_build_nop,     0,                "----", "dc cvau"},
	{"1101010100 0 01 011 0111 1011 111 ttttt",  a64_build_nop,     0,                "----", "dc cgdvaoc"},
	{"1101010100 0 01 011 0111 1100 001 ttttt",  a64_build_nop,     0,                "----", "dc cvap"},
	{"1101010100 0 01 011 0111 1100 011 ttttt",  a64_build_nop,     0,                "----", "dc cgvap"},
	{"1101010100 0 01 011 0111 1100 101 ttttt",  a64_build_nop,     0,                "----", "dc cgdvap"},
	{"1101010100 0 01 011 0111 1101 001 ttttt",  a64_build_nop,     0,                "----", "dc cvadp"},
	{"1101010100 0 01 011 0111 1101 011 ttttt",  a64_build_nop,     0,                "----", "dc cgvadp"},
	{"1101010100 0 01 011 0111 1101 101 ttttt",  a64_build_nop,     0,                "----", "dc cgdvadp"},
	{"1101010100 0 01 011 0111 1110 001 ttttt",  a64_build_nop,     0,                "----", "dc civac"},
	{"1101010100 0 01 011 0111 1110 011 ttttt",  a64_build_nop,     0,                "----", "dc cigvac"},
	{"1101010100 0 01 011 0111 1110 101 ttttt",  a64_build_nop,     0,                "----", "dc cigdvac"},
	{"1101010100 0 01 011 0111 1111 000 ttttt",  a64_build_nop,     0,                "----", "dc civaoc"},
	{"1101010100 0 01 011 0111 1111 111 ttttt",  a64_build_nop,     0,                "----", "dc cigdvaoc"},
	{"1101010100 0 01 011 0111 0101 001 ttttt",  a64_build_nop,     0,                "----", "ic ivau"},

	/* System registers: op0, op1, CRn, CRm, op2 */
	{"1101010100 0 11 011 0100 0010 000 ttttt",  build_msr_nzcv,    0,                "WWWW", "msr nzcv"},
	{"1101010100 1 11 011 0100 0010 000 ttttt",  build_mrs_nzcv,    0,                "RRRR", "mrs nzcv"},
	{"1101010100 0 11 011 0100 0010 101 ttttt",  build_msr_bit,     A64_dit,          "----", "msr dit"},
	{"1101010100 1 11 011 0100 0010 101 ttttt",  build_mrs_bit,     A64_dit,          "----", "mrs dit"},
	{"1101010100 0 11 011 0100 0010 110 ttttt",  build_msr_bit,     A64_ssbs,         "----", "msr ssbs"},
	{"1101010100 1 11 011 0100 0010 110 ttttt",  build_mrs_bit,     A64_ssbs,         "----", "mrs ssbs"},
	{"1101010100 0 11 011 0100 0010 111 ttttt",  build_msr_bit,     A64_tco,          "----", "msr tco"},
	{"1101010100 1 11 011 0100 0010 111 ttttt",  build_mrs_bit,     A64_tco,          "----", "mrs tco"},
	{"1101010100 0 11 011 0100 0100 000 ttttt",  build_msr_fpcr,    0,                "----", "msr fpcr"},
	{"1101010100 1 11 011 0100 0100 000 ttttt",  build_mrs,         A64_fpcr,         "----", "mrs fpcr"},
	{"1101010100 0 11 011 0100 0100 001 ttttt",  build_msr_fpsr,    0,                "----", "msr fpsr"},
	{"1101010100 1 11 011 0100 0100 001 ttttt",  build_mrs,         A64_fpsr,         "----", "mrs fpsr"},
	{"1101010100 0 11 011 0100 0100 010 ttttt",  build_msr_fpmr,    0,                "----", "msr fpmr"},
	{"1101010100 1 11 011 0100 0100 010 ttttt",  build_mrs,         A64_fpmr,         "----", "mrs fpmr"},
	{"1101010100 1 11 011 0100 0010 010 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs svcr"},
	{"1101010100 0 11 011 1101 0000 010 ttttt",  build_msr,         A64_tpidr_el0,    "----", "msr tpidr_el0"},
	{"1101010100 1 11 011 1101 0000 010 ttttt",  build_mrs,         A64_tpidr_el0,    "----", "mrs tpidr_el0"},
	{"1101010100 1 11 011 1101 0000 011 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs tpidrro_el0"},
	{"1101010100 0 11 011 1101 0000 101 ttttt",  build_msr,         A64_tpidr2_el0,   "----", "msr tpidr2_el0"},
	{"1101010100 1 11 011 1101 0000 101 ttttt",  build_mrs,         A64_tpidr2_el0,   "----", "mrs tpidr2_el0"},
	{"1101010100 0 11 011 1010 0010 100 ttttt",  a64_build_unmodelled, 0,             "----", "msr por_el0"},
	{"1101010100 1 11 011 1010 0010 100 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs por_el0"},
	{"1101010100 1 11 011 0010 0101 001 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs gcspr_el0"},
	{"1101010100 1 11 011 0000 0000 001 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs ctr_el0"},
	{"1101010100 1 11 011 0000 0000 111 ttttt",  build_mrs,         A64_dczid_el0,    "----", "mrs dczid_el0"},
	{"1101010100 1 11 011 0010 0100 000 ttttt",  build_mrs_random,  0,                "0W00", "mrs rndr"},
	{"1101010100 1 11 011 0010 0100 001 ttttt",  build_mrs_random,  0,                "0W00", "mrs rndrrs"},
	/* Performance counters, which of these alone EL0 always reads. Linux may let it read others. */
	{"1101010100 1 11 011 1001 1110 000 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs pmuserenr_el0"},
	{"1101010100 1 11 011 1101 0010 011 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs amuserenr_el0"},
	{"1101010100 l 11 011 1001 11xx ppp ttttt",  build_own,         0,                "----", "pm*_el0"},
	{"1101010100 l 11 011 1110 1xxx ppp ttttt",  build_own,         0,                "----", "pmev*_el0"},
	/* Of the timers EL0 gets the virtual count alone (drivers/clocksource/arm_arch_timer.c). */
	{"1101010100 1 11 011 1110 0000 000 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs cntfrq_el0"},
	{"1101010100 1 11 011 1110 0000 010 ttttt",  build_mrs_env,     ENV_COUNTER,      "----", "mrs cntvct_el0"},
	{"1101010100 1 11 011 1110 0000 110 ttttt",  build_mrs_env,     ENV_COUNTER,      "----", "mrs cntvctss_el0"},
	/* Identification registers, which the kernel emulates (arch/arm64/kernel/cpufeature.c, is_emulated()): MIDR, MPIDR,
	   REVIDR, and what has CRm 2 to 7. */
	{"1101010100 1 11 000 0000 0000 000 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs id"},
	{"1101010100 1 11 000 0000 0000 101 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs id"},
	{"1101010100 1 11 000 0000 0000 110 ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs id"},
	{"1101010100 1 11 000 0000 001x ppp ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs id"},
	{"1101010100 1 11 000 0000 01xx ppp ttttt",  build_mrs_env,     ENV_SYSREG,       "----", "mrs id"},

	/* The guarded control stack while it is off: nothing is popped, and nothing can be pushed. */
	{"1101010100 0 01 011 0111 0111 000 ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "gcspushm"},
	{"1101010100 0 01 011 0111 0111 010 ttttt",  a64_build_nop,     0,                "----", "gcsss1"},
	{"1101010100 1 01 011 0111 0111 001 ttttt",  a64_build_nop,     0,                "----", "gcspopm"},
	{"1101010100 1 01 011 0111 0111 011 ttttt",  a64_build_nop,     0,                "----", "gcsss2"},

	/* IMPLEMENTATION DEFINED (Arm ARM D23.3.2). */
	{"1101010100 l 01 ooo 1x11 qqqq rrr ttttt",  build_own,         0,                "----", "sys own"},
	{"1101010100 l 11 ooo 1x11 qqqq rrr ttttt",  build_own,         0,                "----", "msr own"},

	{"1101010100 1 1h ooo pppp qqqq rrr ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "mrs"},
	{"1101010100 0 1h ooo pppp qqqq rrr ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "msr"},
	{"1101010100 1 01 ooo pppp qqqq rrr ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "sysl"},
	{"1101010100 0 01 ooo pppp qqqq rrr ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "sys"},
	/* Pairs of registers (FEAT_D128, FEAT_SYSINSTR128): none is for EL0. */
	{"1101010101 1 1h ooo pppp qqqq rrr ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "mrrs"},
	{"1101010101 0 1h ooo pppp qqqq rrr ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "msrr"},
	{"1101010101 0 01 ooo pppp qqqq rrr ttttt",  a64_build_fault,   FAULT_UNDEFINED,  "----", "sysp"},
};
/* clang-format on */

A64_TABLE(a64_system);
