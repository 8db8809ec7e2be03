/*
 * Instructions whose results come from outside, or that enter the kernel, and those that do nothing. Privileged ones
 * are in privileged.c.
 */
#include "arch/x86_64/x86_64.h"

static void build_nop(struct x86_ctx *c, const struct x86_form *f)
{
	(void)c;
	(void)f;
}

/* Sets EAX and EDX to the halves of an outside value of 64 bits. */
static void set_edx_eax(struct x86_ctx *c, enum env_input input)
{
	expr_id value = expr_env(c->pool, 64, input);

	x86_set_gpr(c, X86_rax, expr_extract(c->pool, value, 0, 32));
	x86_set_gpr(c, X86_rdx, expr_extract(c->pool, value, 32, 32));
}

static void build_cpuid(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_set_gpr(c, X86_rax, expr_env(c->pool, 32, ENV_CPUID_A));
	x86_set_gpr(c, X86_rbx, expr_env(c->pool, 32, ENV_CPUID_B));
	x86_set_gpr(c, X86_rcx, expr_env(c->pool, 32, ENV_CPUID_C));
	x86_set_gpr(c, X86_rdx, expr_env(c->pool, 32, ENV_CPUID_D));
}

static void build_rdtsc(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	set_edx_eax(c, ENV_TSC);
}

static void build_rdtscp(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	set_edx_eax(c, ENV_TSC);
	x86_set_gpr(c, X86_rcx, expr_env(c->pool, 32, ENV_TSC_AUX));
}

static void build_rdpid(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, expr_zext(c->pool, expr_env(c->pool, 32, ENV_TSC_AUX), 64));
}

/* Registers 0 and 1 can be read (SDM vol. 2, XGETBV). */
static void build_xgetbv(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id ecx = x86_gpr(c, X86_rcx, 32);

	(void)f;
	transfer_add_fault(c->t, expr_ult(c->pool, x86_const(c, 32, 1), ecx), FAULT_PROTECTION);
	set_edx_eax(c, ENV_XCR0);
}

/* RDRAND and RDSEED: CF tells whether there was a number; without one the destination is 0. */
static void build_random(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_set_flag(c, X86_cf, expr_env(c->pool, 1, ENV_RANDOM));
	x86_write(c, 0, expr_env(c->pool, c->op[0].width, ENV_RANDOM));
}

/* Up to the kernel's entry (SDM vol. 2, SYSCALL): where to return to, and the flags. */
static void build_syscall(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	c->t->kind = TRANSFER_SYSCALL;
	x86_set_gpr(c, X86_rcx, x86_const(c, 64, c->next));
	x86_set_gpr(c, X86_r11, x86_rflags(c));
}

/* On AMD's processors an invalid opcode; on Intel's what the kernel makes of it is not this program's any more. */
static void build_sysenter(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	if (!x86_by_amd(c, VENDOR_SYSENTER))
		x86_unmodelled(c);
	transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
}

/* 0F 0D: a hint. With a register operand AMD's processors refuse it. */
static void build_prefetchw(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	if (!c->raw.is_mem && x86_by_amd(c, VENDOR_PREFETCH_REGISTER))
		transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
}

/* UD0, UD1, UD2, INT1, INT3; param is the fault. */
static void build_fault(struct x86_ctx *c, const struct x86_form *f)
{
	transfer_add_fault(c->t, x86_const(c, 1, 1), f->param);
}

/* RDFSBASE, RDGSBASE; param is the base's register. */
static void build_read_base(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id base = expr_reg(c->pool, 64, f->param);

	x86_write(c, 0, expr_fit(c->pool, base, c->op[0].width));
}

/* WRFSBASE, WRGSBASE: #GP unless bits 63-47 are alike. */
static void build_write_base(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id base = expr_zext(p, x86_read(c, 0), 64);
	expr_id canonical = expr_sext(p, expr_extract(p, base, 0, 48), 64);

	transfer_add_fault(c->t, expr_ne(p, base, canonical), FAULT_PROTECTION);
	transfer_set_reg(c->t, f->param, base);
}

/*
 * One outside bit, of the descriptor that the selector names. The selector takes part in the value, so that the operand
 * is loaded and can fault.
 */
static expr_id descriptor_bit(struct x86_ctx *c, unsigned i)
{
	struct expr_pool *p = c->pool;

	c->op[i].width = 16;
	return expr_bit(p, expr_xor(p, expr_env(p, 16, ENV_SELECTOR), x86_read(c, i)), 0);
}

/* LAR and LSL: the destination is written only if the descriptor can be seen, which ZF tells. */
static void build_descriptor(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id seen = descriptor_bit(c, 1);
	uint32_t reg = c->op[0].reg;

	(void)f;
	x86_set_flag(c, X86_zf, seen);
	x86_write(c, 0, expr_env(p, c->op[0].width, ENV_SELECTOR));
	transfer_set_reg(c->t, reg, expr_ite(p, seen, transfer_get_reg(c->t, reg), x86_gpr(c, reg, 64)));
}

/* VERR and VERW */
static void build_verify(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_set_flag(c, X86_zf, descriptor_bit(c, 0));
}

/* With UMIP the kernel emulates them (arch/x86/kernel/umip.c), but for prefixes of which one overrules another. */
static void may_be_emulated(struct x86_ctx *c)
{
	c->emulated = true;
	if (c->raw.overruled)
		x86_open(c, x86_const(c, 1, 1), ENV_SYSTEM);
}

/*
 * SLDT, STR, SMSW: 16 bits, or all of the register: emulation leaves upper bits of it that the processor would clear.
 */
static void build_store_system(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	may_be_emulated(c);
	if (c->op[0].kind == X86_OPERAND_REG && c->op[0].width == 32)
		c->op[0].width = 64;
	x86_write(c, 0, expr_env(c->pool, c->op[0].width, ENV_SYSTEM));
}

/* SGDT, SIDT: a limit of 16 bits, and an address of 64; likewise. */
static void build_store_table(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	may_be_emulated(c);
	transfer_add_store(c->t, EXPR_NONE, x86_address(c), expr_env(c->pool, 80, ENV_SYSTEM));
}

/*
 * A transaction that is stepped through, or debugged, aborts at once (SDM vol. 1, 16.3.7): execution goes on at the
 * other place, with the reason in EAX.
 */
static void build_xbegin(struct x86_ctx *c, const struct x86_form *f)
{
	uint64_t back = 0 - c->raw.imm;

	(void)f;
	/* Into itself it may go on for ever. */
	x86_open(c, x86_const(c, 1, back > 0 && back <= c->raw.len), ENV_SYSTEM);
	x86_set_gpr(c, X86_rax, expr_env(c->pool, 32, ENV_SYSTEM));
	x86_goto(c, x86_const(c, 64, c->next + c->raw.imm));
}

/* To a hypervisor, which may be there and answer programs, or not (#UD). */
static void build_hypercall(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_open(c, x86_const(c, 1, 1), ENV_SYSTEM);
	x86_set_gpr(c, X86_rax, expr_env(c->pool, 64, ENV_SYSTEM));
}

/* CLFLUSH, CLFLUSHOPT, CLWB: a byte of the line must be readable. */
static void build_flush(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	transfer_load(c->t, 8, x86_address(c));
}

/* CLZERO: a line of zeros at RAX, by whatever address size (APM vol. 3). */
static void build_clzero(struct x86_ctx *c, const struct x86_form *f)
{
	enum { LINE = 64 };
	struct expr_pool *p = c->pool;
	expr_id offset = expr_zext(p, x86_gpr(c, X86_rax, c->raw.addrsize ? 32 : 64), 64);
	expr_id address = expr_and(p, x86_linear(c, offset), x86_const(c, 64, -(uint64_t)LINE));

	(void)f;
	transfer_add_store(c->t, EXPR_NONE, address, expr_const(p, 8 * LINE, 0));
}

/* RDPKRU, WRPKRU: the protection keys of pages, which are not in the model's state. ECX must be 0, and EDX is. */
static void build_pkru(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id zeros = x86_gpr(c, X86_rcx, 32);

	if (f->param)
		zeros = expr_concat(p, x86_gpr(c, X86_rdx, 32), zeros);
	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, zeros)), FAULT_PROTECTION);
	if (f->param)
		return;
	x86_set_gpr(c, X86_rax, expr_env(p, 32, ENV_XSTATE));
	x86_set_gpr(c, X86_rdx, x86_const(c, 32, 0));
}

/* PTWRITE: the operand goes to a trace that programs do not see. */
static void build_ptwrite(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	if (c->raw.opsize)
		transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
	x86_read(c, 0);
}

static void build_movdiri(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, x86_read(c, 1));
}

/*
 * The destination is at the register's address, whatever the segment of the source is. The source is read before its
 * alignment is looked at.
 */
static void build_movdir64b(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id to = expr_zext(p, x86_read(c, 0), 64), source = x86_read(c, 1);
	expr_id both = expr_concat(p, expr_extract(p, source, 0, 64), to);

	(void)f;
	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, expr_and(p, both, x86_const(c, 128, 63)))),
			   FAULT_PROTECTION);
	transfer_add_store(c->t, EXPR_NONE, to, source);
}

/* clang-format off */
static const struct x86_form x86_system[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("endbr64", "F3 0F 1E FA", "", BASE, "-------", 0, build_nop, 0),
	ROW("endbr32", "F3 0F 1E FB", "", BASE, "-------", 0, build_nop, 0),
	/* No-operation while shadow stacks are off. */
	ROW("rdsspd", "W0 F3 0F 1E /1",    "Rd", BASE, "-------", 0, build_nop, 0),
	ROW("rdsspq", "REX.W F3 0F 1E /1", "Rq", BASE, "-------", 0, build_nop, 0),
	/* Outside of a transaction, which no single-stepped program ever is in (SDM vol. 1, 16.3.8). */
	ROW("xtest",     "NP 0F 01 D6", "",   RTM,      "001000-", 0, build_nop,    0),
	ROW("xsusldtrk", "F2 0F 01 E8", "",   TSXLDTRK, "-------", 0, build_nop,    0),
	ROW("xresldtrk", "F2 0F 01 E9", "",   TSXLDTRK, "-------", 0, build_nop,    0),
	ROW("xbegin",    "C7 F8 o16",   "Jw", RTM,      "-------", 0, build_xbegin, 0),
	ROW("xbegin",    "C7 F8",       "Jd", RTM,      "-------", 0, build_xbegin, 0),
	ROW("xabort",    "C6 F8",       "Ib", RTM,      "-------", 0, build_nop,    0),
	/* Hints, and the rest of their space (SDM vol. 2, NOP and A.2.4, PREFETCHh). */
	ROW("prefetch",    "0F 0D /0",           "Mb",       BASE,       "-------", 0,             build_nop,          0),
	ROW("prefetchw",   "0F 0D /r",           "Eb",       BASE,       "-------", 0,             build_prefetchw,    0),
	ROW("prefetchnta", "0F 18 /0",           "Mb",       BASE,       "-------", 0,             build_nop,          0),
	ROW("prefetcht0",  "0F 18 /1",           "Mb",       BASE,       "-------", 0,             build_nop,          0),
	ROW("prefetcht1",  "0F 18 /2",           "Mb",       BASE,       "-------", 0,             build_nop,          0),
	ROW("prefetcht2",  "0F 18 /3",           "Mb",       BASE,       "-------", 0,             build_nop,          0),
	ROW("cldemote",    "NP 0F 1C /0",        "Mb",       BASE,       "-------", 0,             build_nop,          0),
	ROW("nop",         "0F 18 /r",           "Ev",       BASE,       "-------", 0,             build_nop,          0),
	ROW("nop",         "0F 19 /r",           "Ev",       BASE,       "-------", 0,             build_nop,          0),
	ROW("nop",         "0F 1A /r",           "Ev",       BASE,       "-------", 0,             build_nop,          0),
	ROW("nop",         "0F 1B /r",           "Ev",       BASE,       "-------", 0,             build_nop,          0),
	ROW("nop",         "0F 1C /r",           "Ev",       BASE,       "-------", 0,             build_nop,          0),
	ROW("nop",         "0F 1D /r",           "Ev",       BASE,       "-------", 0,             build_nop,          0),
	ROW("nop",         "0F 1E /r",           "Ev",       BASE,       "-------", 0,             build_nop,          0),
	ROW("nop",         "0F 1F /r",           "Ev",       BASE,       "-------", 0,             build_nop,          0),
	ROW("clzero",      "NFx 0F 01 FC",       "",         CLZERO,     "-------", 0,             build_clzero,       0),
	ROW("rdpkru",      "NP 0F 01 EE",        "",         OSPKE,      "-------", 0,             build_pkru,         false),
	ROW("wrpkru",      "NP 0F 01 EF",        "",         OSPKE,      "-------", 0,             build_pkru,         true),
	ROW("clflush",     "NP 0F AE /7",        "Mb",       CLFSH,      "-------", 0,             build_flush,        0),
	ROW("clflushopt",  "66 0F AE /7",        "Mb",       CLFLUSHOPT, "-------", 0,             build_flush,        0),
	ROW("clwb",        "66 0F AE /6",        "Mb",       CLWB,       "-------", 0,             build_flush,        0),
	ROW("movdiri",     "NP 0F 38 F9 /r",     "My Gy",    MOVDIRI,    "-------", 0,             build_movdiri,      0),
	ROW("movdir64b",   "66 0F 38 F8 /r a64", "Gq M64",   MOVDIR64B,  "-------", 0,             build_movdir64b,    0),
	ROW("movdir64b",   "66 0F 38 F8 /r a32", "Gd M64",   MOVDIR64B,  "-------", 0,             build_movdir64b,    0),
	ROW("ptwrite",     "F3 0F AE /4",        "Ey",       PTWRITE,    "-------", 0,             build_ptwrite,      0),
	ROW("serialize",   "NP 0F 01 E8",        "",         SERIALIZE,  "-------", 0,             build_nop,          0),
	ROW("lfence",      "NP 0F AE E8+i",      "",         SSE2,       "-------", 0,             build_nop,          0),
	ROW("mfence",      "NP 0F AE F0+i",      "",         SSE2,       "-------", 0,             build_nop,          0),
	ROW("sfence",      "NP 0F AE F8+i",      "",         SSE,        "-------", 0,             build_nop,          0),
	ROW("cpuid",       "0F A2",              "",         BASE,       "-------", 0,             build_cpuid,        0),
	ROW("rdtsc",       "0F 31",              "",         BASE,       "-------", 0,             build_rdtsc,        0),
	ROW("rdtscp",      "0F 01 F9",           "",         RDTSCP,     "-------", 0,             build_rdtscp,       0),
	ROW("rdpid",       "F3 0F C7 /7",        "Rq",       RDPID,      "-------", 0,             build_rdpid,        0),
	ROW("xgetbv",      "NP 0F 01 D0",        "",         OSXSAVE,    "-------", 0,             build_xgetbv,       0),
	ROW("rdrand",      "NFx 0F C7 /6",       "Rv",       RDRAND,     "00000W-", 0,             build_random,       0),
	ROW("rdseed",      "NFx 0F C7 /7",       "Rv",       RDSEED,     "00000W-", 0,             build_random,       0),
	ROW("syscall",     "0F 05",              "",         BASE,       "RRRRRRR", 0,             build_syscall,      0),
	ROW("sysenter",    "0F 34",              "",         BASE,       "-------", 0,             build_sysenter,     0),
	ROW("ud2",         "0F 0B",              "",         BASE,       "-------", 0,             build_fault,        FAULT_UNDEFINED),
	ROW("ud1",         "0F B9 /r",           "Gv Ev",    BASE,       "-------", 0,             build_fault,        FAULT_UNDEFINED),
	ROW("ud0",         "0F FF /r",           "Gv Ev",    BASE,       "-------", 0,             build_fault,        FAULT_UNDEFINED),
	ROW("int1",        "F1",                 "",         BASE,       "-------", 0,             build_fault,        FAULT_DEBUG),
	ROW("int3",        "CC",                 "",         BASE,       "-------", 0,             build_fault,        FAULT_BREAKPOINT),
	ROW("rdfsbase",    "F3 0F AE /0",        "Ry",       FSGSBASE,   "-------", 0,             build_read_base,    X86_fs_base),
	ROW("rdgsbase",    "F3 0F AE /1",        "Ry",       FSGSBASE,   "-------", 0,             build_read_base,    X86_gs_base),
	ROW("wrfsbase",    "F3 0F AE /2",        "Ry",       FSGSBASE,   "-------", 0,             build_write_base,   X86_fs_base),
	ROW("wrgsbase",    "F3 0F AE /3",        "Ry",       FSGSBASE,   "-------", 0,             build_write_base,   X86_gs_base),
	ROW("lar",         "0F 02 /r",           "Gv Rv/Mw", BASE,       "--W----", 0,             build_descriptor,   0),
	ROW("lsl",         "0F 03 /r",           "Gv Rv/Mw", BASE,       "--W----", 0,             build_descriptor,   0),
	ROW("sldt",        "0F 00 /0",           "Rv/Mw",    BASE,       "-------", 0,             build_store_system, 0),
	ROW("str",         "0F 00 /1",           "Rv/Mw",    BASE,       "-------", 0,             build_store_system, 0),
	ROW("smsw",        "0F 01 /4",           "Rv/Mw",    BASE,       "-------", 0,             build_store_system, 0),
	ROW("sgdt",        "0F 01 /0",           "M10",      BASE,       "-------", 0,             build_store_table,  0),
	ROW("sidt",        "0F 01 /1",           "M10",      BASE,       "-------", 0,             build_store_table,  0),
	ROW("vmcall",      "0F 01 C1",           "",         BASE,       "-------", 0,             build_hypercall,    0),
	ROW("vmmcall",     "0F 01 D9",           "",         BASE,       "-------", 0,             build_hypercall,    0),
	ROW("verr",        "0F 00 /4",           "Ew",       BASE,       "--W----", 0,             build_verify,       0),
	ROW("verw",        "0F 00 /5",           "Ew",       BASE,       "--W----", X86_LOCK_VERW, build_verify,       0),
};
/* clang-format on */

X86_TABLE(x86_system);

/*
 * Where a reserved encoding ends no manual says. Processors look for operands behind some of them: near the end of a
 * page, or of the 15 bytes, they may find something else to complain of.
 */
static void build_undefined(struct x86_ctx *c, const struct x86_form *f)
{
	enum { OPERANDS = 6, PAGE = 4096 };
	uint64_t at = c->pc % PAGE, end = at + c->raw.len + OPERANDS;

	(void)f;
	if (c->raw.len + OPERANDS > ISA_MAX_INSN_LEN || end > PAGE)
		x86_open(c, x86_const(c, 1, 1), ENV_SYSTEM);
	transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
}

const struct x86_form x86_undefined = {.name = "(bad)", .flags = "-------", .build = build_undefined};
