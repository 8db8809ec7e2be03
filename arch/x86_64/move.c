/* Moves, conversions, conditional moves and sets. */
#include "arch/x86_64/x86_64.h"

enum extension { ZERO_EXTEND, SIGN_EXTEND };

static bool is_selector(const struct x86_operand *op)
{
	return op->kind == X86_OPERAND_REG && op->reg > X86_r15;
}

/* MOV, also from a selector: to a register it is zero-extended, to memory it is 16 bits at every operand size. */
static void build_mov(struct x86_ctx *c, const struct x86_form *f)
{
	bool selector = is_selector(&c->op[1]);

	(void)f;
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
	/* F2 makes it CRC32, and F3 nothing. */
	if (c->raw.rep)
		transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
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
#define CONDITIONAL(cc, flags) \
	{X86_INS_CMOV##cc, build_cmov, 0, flags, 0, 0}, \
	{X86_INS_SET##cc, build_setcc, 0, flags, 0, 0}

static const struct x86_form x86_move[] = {
	/* id             build               param        oszapcd    props         map */
	{X86_INS_MOV,     build_mov,          0,           "-------", 0,            X86_MAP_1},
	{X86_INS_MOVABS,  build_mov,          0,           "-------", 0,            X86_MAP_1},
	{X86_INS_MOVNTI,  build_mov,          0,           "-------", 0,            X86_MAP_0F},
	{X86_INS_MOVZX,   build_extend,       ZERO_EXTEND, "-------", 0,            0},
	{X86_INS_MOVSX,   build_extend,       SIGN_EXTEND, "-------", 0,            0},
	{X86_INS_MOVSXD,  build_extend,       SIGN_EXTEND, "-------", 0,            0},
	{X86_INS_LEA,     build_lea,          0,           "-------", 0,            0},
	{X86_INS_XCHG,    build_xchg,         0,           "-------", X86_LOCK,     0},
	{X86_INS_BSWAP,   build_bswap,        0,           "-------", 0,            0},
	{X86_INS_MOVBE,   build_movbe,        0,           "-------", 0,            0},
	{X86_INS_CBW,     build_widen,        8,           "-------", X86_IMPLICIT, 0},
	{X86_INS_CWDE,    build_widen,        16,          "-------", X86_IMPLICIT, 0},
	{X86_INS_CDQE,    build_widen,        32,          "-------", X86_IMPLICIT, 0},
	{X86_INS_CWD,     build_spread_sign,  16,          "-------", X86_IMPLICIT, 0},
	{X86_INS_CDQ,     build_spread_sign,  32,          "-------", X86_IMPLICIT, 0},
	{X86_INS_CQO,     build_spread_sign,  64,          "-------", X86_IMPLICIT, 0},
	{X86_INS_XLATB,   build_xlat,         0,           "-------", X86_IMPLICIT, 0},
	CONDITIONAL(O,   "R------"),
	CONDITIONAL(NO,  "R------"),
	CONDITIONAL(B,   "-----R-"),
	CONDITIONAL(AE,  "-----R-"),
	CONDITIONAL(E,   "--R----"),
	CONDITIONAL(NE,  "--R----"),
	CONDITIONAL(BE,  "--R--R-"),
	CONDITIONAL(A,   "--R--R-"),
	CONDITIONAL(S,   "-R-----"),
	CONDITIONAL(NS,  "-R-----"),
	CONDITIONAL(P,   "----R--"),
	CONDITIONAL(NP,  "----R--"),
	CONDITIONAL(L,   "RR-----"),
	CONDITIONAL(GE,  "RR-----"),
	CONDITIONAL(LE,  "RRR----"),
	CONDITIONAL(G,   "RRR----"),
};
/* clang-format on */

X86_TABLE(x86_move);
