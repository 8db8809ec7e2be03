/* Compare-and-exchange, exchange-and-add. */
#include "arch/x86_64/x86_64.h"

/*
 * Either the destination or the accumulator is written. The manual's "Operation" writes a different destination back to
 * itself; that holds for memory, but processors leave a register alone and do not even zero-extend it.
 */
static void finish_cmpxchg(struct x86_ctx *c, expr_id equal, expr_id source, expr_id dest)
{
	struct expr_pool *p = c->pool;
	uint32_t reg = c->op[0].reg;
	expr_id rax = expr_reg(p, 64, X86_rax), different = x86_with_gpr(c, X86_rax, 0, dest);

	if (c->op[0].kind == X86_OPERAND_MEM) {
		transfer_set_reg(c->t, X86_rax, expr_ite(p, equal, rax, different));
		x86_write(c, 0, expr_ite(p, equal, source, dest));
		return;
	}
	expr_id written = x86_with_gpr(c, reg, c->op[0].low, source);
	if (reg == X86_rax) { /* AH, or the accumulator itself */
		transfer_set_reg(c->t, X86_rax, expr_ite(p, equal, written, different));
		return;
	}
	transfer_set_reg(c->t, X86_rax, expr_ite(p, equal, rax, different));
	transfer_set_reg(c->t, reg, expr_ite(p, equal, written, expr_reg(p, 64, reg)));
}

static void build_cmpxchg(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id accumulator = x86_gpr(c, X86_rax, c->op[0].width), dest = x86_read(c, 0);

	(void)f;
	x86_set_compare(c, accumulator, dest);
	finish_cmpxchg(c, expr_eq(c->pool, accumulator, dest), x86_read(c, 1), dest);
}

/* reg = equal ? reg : value, zero-extended */
static void load_unless(struct x86_ctx *c, expr_id equal, uint32_t reg, expr_id value)
{
	struct expr_pool *p = c->pool;

	transfer_set_reg(c->t, reg, expr_ite(p, equal, expr_reg(p, 64, reg), expr_zext(p, value, 64)));
}

/* CMPXCHG8B and CMPXCHG16B; param is the width of a half. The latter's operand must be aligned. */
static void build_cmpxchg_pair(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned half = f->param;

	if (half == 64)
		x86_require_alignment(c, 16);
	expr_id address = x86_address(c), old = transfer_load(c->t, 2 * half, address);
	expr_id expected = expr_concat(p, x86_gpr(c, X86_rdx, half), x86_gpr(c, X86_rax, half));
	expr_id wanted = expr_concat(p, x86_gpr(c, X86_rcx, half), x86_gpr(c, X86_rbx, half));
	expr_id equal = expr_eq(p, expected, old);

	x86_set_flag(c, X86_zf, equal);
	load_unless(c, equal, X86_rax, expr_extract(p, old, 0, half));
	load_unless(c, equal, X86_rdx, expr_extract(p, old, half, half));
	transfer_add_store(c->t, EXPR_NONE, address, expr_ite(p, equal, wanted, old));
}

/* The sum is written last: it wins where both operands are one register. */
static void build_xadd(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id dest = x86_read(c, 0), source = x86_read(c, 1);
	expr_id sum = expr_add(c->pool, dest, source);

	(void)f;
	x86_set_szp(c, sum);
	x86_set_add_ao(c, dest, source, sum);
	x86_set_flag(c, X86_cf, expr_ult(c->pool, sum, dest));
	x86_write(c, 1, dest);
	x86_write(c, 0, sum);
}

/* clang-format off */
static const struct x86_form x86_atomic[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("cmpxchg",    "0F B0 /r",       "Eb Gb", BASE,       "WWWWWW-", X86_LOCK, build_cmpxchg,      0),
	ROW("cmpxchg",    "0F B1 /r",       "Ev Gv", BASE,       "WWWWWW-", X86_LOCK, build_cmpxchg,      0),
	ROW("cmpxchg8b",  "W0 0F C7 /1",    "Mq",    BASE,       "--W----", X86_LOCK, build_cmpxchg_pair, 32),
	ROW("cmpxchg16b", "REX.W 0F C7 /1", "Mdq",   CMPXCHG16B, "--W----", X86_LOCK, build_cmpxchg_pair, 64),
	ROW("xadd",       "0F C0 /r",       "Eb Gb", BASE,       "WWWWWW-", X86_LOCK, build_xadd,         0),
	ROW("xadd",       "0F C1 /r",       "Ev Gv", BASE,       "WWWWWW-", X86_LOCK, build_xadd,         0),
};
/* clang-format on */

X86_TABLE(x86_atomic);
