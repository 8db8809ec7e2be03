/* Moves, conversions, conditional moves and sets. */
#include "arch/x86_64/x86_64.h"

enum extension { ZERO_EXTEND, SIGN_EXTEND };

static bool is_selector(const struct x86_operand *op)
{
	return op->kind == X86_OPERAND_REG && op->bank == X86_BANK_SEGMENT;
}

/* MOV, also from a selector: to a register it is zero-extended, to memory it is 16 bits at every operand size. */
static void build_mov(struct x86_ctx *c, const struct x86_form *f)
{
	bool selector = is_selector(&c->op[1]);

	(void)f;
	if (is_selector(&c->op[0]) && c->op[0].reg == X86_cs) { /* #UD, whatever the source (SDM vol. 2, MOV) */
		transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
		return;
	}
	if (is_selector(&c->op[0])) {
		c->op[1].width = 16;
		x86_load_selector(c, c->op[0].reg, x86_read(c, 1));
		return;
	}
	if (selector && c->op[0].kind == X86_OPERAND_MEM)
		c->op[0].width = 16;
	if (!selector)
		c->op[1].width = c->op[0].width;
	x86_write(c, 0, expr_fit(c->pool, x86_read(c, 1), c->op[0].width));
}

/* MOVZX, MOVSX, MOVSXD */
static void build_extend(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id value = x86_read(c, 1);
	unsigned width = c->op[0].width;

	if (c->op[1].width > width) /* VENDOR_MOVSXD_16 */
		value = expr_extract(c->pool, value, 0, width);
	x86_write(c, 0, f->param == SIGN_EXTEND ? expr_sext(c->pool, value, width) : expr_zext(c->pool, value, width));
}

/* MOVSXD of 16 bits, which sign-extends nothing. */
static void build_movsxd_16(struct x86_ctx *c, const struct x86_form *f)
{
	if (c->raw.is_mem && x86_by_amd(c, VENDOR_MOVSXD_16))
		c->op[1].width = 32;
	build_extend(c, f);
}

/* The segment takes no part. */
static void build_lea(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, expr_fit(c->pool, x86_offset(c), c->op[0].width));
}

static void build_xchg(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id a = x86_read(c, 0), b = x86_read(c, 1);

	(void)f;
	x86_write(c, 0, b);
	x86_write(c, 1, a);
}

/* NOP, PAUSE: it does not even clear the upper half of RAX (SDM vol. 2, NOP). */
static void build_nothing(struct x86_ctx *c, const struct x86_form *f)
{
	(void)c;
	(void)f;
}

static void build_bswap(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id value = x86_read(c, 0);

	(void)f;
	/* Undefined for 16-bit registers (SDM vol. 2, BSWAP). */
	if (c->op[0].width == 16)
		x86_write(c, 0, expr_undef(c->pool, 16));
	else
		x86_write(c, 0, expr_unary(c->pool, EXPR_BSWAP, value));
}

static void build_movbe(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, expr_unary(c->pool, EXPR_BSWAP, x86_read(c, 1)));
}

/* CBW, CWDE, CDQE: the accumulator's lower half extended into the whole; param is the half's width. */
static void build_widen(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id half = x86_gpr(c, X86_rax, f->param);

	x86_set_gpr(c, X86_rax, expr_sext(c->pool, half, 2 * f->param));
}

/* CWD, CDQ, CQO: the accumulator's sign into the data register; param is their width. */
static void build_spread_sign(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id sign = expr_msb(c->pool, x86_gpr(c, X86_rax, f->param));

	x86_set_gpr(c, X86_rdx, expr_sext(c->pool, sign, f->param));
}

static void build_xlat(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id offset = expr_add(p, x86_gpr(c, X86_rbx, 64), expr_zext(p, x86_gpr(c, X86_rax, 8), 64));

	(void)f;
	if (c->raw.addrsize)
		offset = expr_zext(p, expr_extract(p, offset, 0, 32), 64);
	x86_set_gpr(c, X86_rax, transfer_load(c->t, 8, x86_linear(c, offset)));
}

/* The source is read, and a 32-bit destination zero-extended, whether or not the condition holds (SDM vol. 2, CMOVcc).
 */
static void build_cmov(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id from = x86_read(c, 1), to = x86_read(c, 0);

	(void)f;
	x86_write(c, 0, expr_ite(c->pool, x86_condition(c, c->raw.opcode & 15), from, to));
}

static void build_setcc(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, expr_zext(c->pool, x86_condition(c, c->raw.opcode & 15), 8));
}

/* clang-format off */
#define CONDITIONAL(cc, digit, flags) \
	ROW("cmov" cc, "0F 4" digit " /r", "Gv Ev", BASE, flags, 0, build_cmov, 0), \
	ROW("set" cc, "0F 9" digit " /r", "Eb", BASE, flags, 0, build_setcc, 0)

static const struct x86_form x86_move[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("mov",    "88 /r",           "Eb Gb",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "89 /r",           "Ev Gv",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "8A /r",           "Gb Eb",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "8B /r",           "Gv Ev",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "8C /r",           "Rv/Mw Sw", BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "8E /r",           "Sw Rv/Mw", BASE,  "-------", 0,        build_mov,         0),
	ROW("movabs", "A0 a64",          "AL Ob",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "A0 a32",          "AL Ob",    BASE,  "-------", 0,        build_mov,         0),
	ROW("movabs", "A1 a64",          "rAX Ov",   BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "A1 a32",          "rAX Ov",   BASE,  "-------", 0,        build_mov,         0),
	ROW("movabs", "A2 a64",          "Ob AL",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "A2 a32",          "Ob AL",    BASE,  "-------", 0,        build_mov,         0),
	ROW("movabs", "A3 a64",          "Ov rAX",   BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "A3 a32",          "Ov rAX",   BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "B0+r",            "Zb Ib",    BASE,  "-------", 0,        build_mov,         0),
	ROW("movabs", "REX.W B8+r",      "Zv Iv",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "B8+r",            "Zv Iv",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "C6 /0",           "Eb Ib",    BASE,  "-------", 0,        build_mov,         0),
	ROW("mov",    "C7 /0",           "Ev Iz",    BASE,  "-------", 0,        build_mov,         0),
	ROW("movnti", "NP 0F C3 /r",     "My Gy",    SSE2,  "-------", 0,        build_mov,         0),
	ROW("movzx",  "0F B6 /r",        "Gv Eb",    BASE,  "-------", 0,        build_extend,      ZERO_EXTEND),
	ROW("movzx",  "0F B7 /r",        "Gv Ew",    BASE,  "-------", 0,        build_extend,      ZERO_EXTEND),
	ROW("movsx",  "0F BE /r",        "Gv Eb",    BASE,  "-------", 0,        build_extend,      SIGN_EXTEND),
	ROW("movsx",  "0F BF /r",        "Gv Ew",    BASE,  "-------", 0,        build_extend,      SIGN_EXTEND),
	ROW("movsxd", "63 /r o16",       "Gv Ew",    BASE,  "-------", 0,        build_movsxd_16,   0),
	ROW("movsxd", "63 /r",           "Gv Ed",    BASE,  "-------", 0,        build_extend,      SIGN_EXTEND),
	ROW("lea",    "8D /r",           "Gv M",     BASE,  "-------", 0,        build_lea,         0),
	ROW("xchg",   "86 /r",           "Eb Gb",    BASE,  "-------", X86_LOCK, build_xchg,        0),
	ROW("xchg",   "87 /r",           "Ev Gv",    BASE,  "-------", X86_LOCK, build_xchg,        0),
	ROW("pause",  "F3 90",             "",         BASE,  "-------", 0,        build_nothing,     0),
	ROW("nop",    "90 REX.B0",       "",         BASE,  "-------", 0,        build_nothing,     0),
	ROW("xchg",   "90+r",            "rAX Zv",   BASE,  "-------", 0,        build_xchg,        0),
	ROW("bswap",  "0F C8+r",         "Zv",       BASE,  "-------", 0,        build_bswap,       0),
	ROW("movbe",  "NFx 0F 38 F0 /r", "Gv Mv",    MOVBE, "-------", 0,        build_movbe,       0),
	ROW("movbe",  "NFx 0F 38 F1 /r", "Mv Gv",    MOVBE, "-------", 0,        build_movbe,       0),
	ROW("cbw",    "98 o16",          "",         BASE,  "-------", 0,        build_widen,       8),
	ROW("cwde",   "98 o32",          "",         BASE,  "-------", 0,        build_widen,       16),
	ROW("cdqe",   "98 o64",          "",         BASE,  "-------", 0,        build_widen,       32),
	ROW("cwd",    "99 o16",          "",         BASE,  "-------", 0,        build_spread_sign, 16),
	ROW("cdq",    "99 o32",          "",         BASE,  "-------", 0,        build_spread_sign, 32),
	ROW("cqo",    "99 o64",          "",         BASE,  "-------", 0,        build_spread_sign, 64),
	ROW("xlatb",  "D7",              "",         BASE,  "-------", 0,        build_xlat,        0),
	CONDITIONAL("o",  "0", "R------"),
	CONDITIONAL("no", "1", "R------"),
	CONDITIONAL("b",  "2", "-----R-"),
	CONDITIONAL("ae", "3", "-----R-"),
	CONDITIONAL("e",  "4", "--R----"),
	CONDITIONAL("ne", "5", "--R----"),
	CONDITIONAL("be", "6", "--R--R-"),
	CONDITIONAL("a",  "7", "--R--R-"),
	CONDITIONAL("s",  "8", "-R-----"),
	CONDITIONAL("ns", "9", "-R-----"),
	CONDITIONAL("p",  "A", "----R--"),
	CONDITIONAL("np", "B", "----R--"),
	CONDITIONAL("l",  "C", "RR-----"),
	CONDITIONAL("ge", "D", "RR-----"),
	CONDITIONAL("le", "E", "RRR----"),
	CONDITIONAL("g",  "F", "RRR----"),
};
/* clang-format on */

X86_TABLE(x86_move);
