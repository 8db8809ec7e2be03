/* Instructions on the flags themselves. */
#include "arch/x86_64/x86_64.h"

/* All the work is in the row. */
static void build_nothing(struct x86_ctx *c, const struct x86_form *f)
{
	(void)c;
	(void)f;
}

static void build_cmc(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_set_flag(c, X86_cf, expr_not(c->pool, x86_flag(c, X86_cf)));
}

static void build_lahf(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id low = expr_extract(p, x86_rflags(c), 0, 8), rax = x86_gpr(c, X86_rax, 64);
	expr_id ax = expr_concat(p, low, expr_extract(p, rax, 0, 8));

	(void)f;
	x86_set_gpr(c, X86_rax, ax);
}

static void build_sahf(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id ah = expr_extract(c->pool, x86_gpr(c, X86_rax, 64), 8, 8);

	(void)f;
	x86_set_flag(c, X86_sf, expr_bit(c->pool, ah, 7));
	x86_set_flag(c, X86_zf, expr_bit(c->pool, ah, 6));
	x86_set_flag(c, X86_af, expr_bit(c->pool, ah, 4));
	x86_set_flag(c, X86_pf, expr_bit(c->pool, ah, 2));
	x86_set_flag(c, X86_cf, expr_bit(c->pool, ah, 0));
}

/* clang-format off */
static const struct x86_form x86_flagops[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("clc",  "F8", "", BASE,   "-----0-", 0, build_nothing, 0),
	ROW("stc",  "F9", "", BASE,   "-----1-", 0, build_nothing, 0),
	ROW("cmc",  "F5", "", BASE,   "-----M-", 0, build_cmc,     0),
	ROW("cld",  "FC", "", BASE,   "------0", 0, build_nothing, 0),
	ROW("std",  "FD", "", BASE,   "------1", 0, build_nothing, 0),
	ROW("lahf", "9F", "", LAHF64, "-RRRRR-", 0, build_lahf,    0),
	ROW("sahf", "9E", "", LAHF64, "-WWWWW-", 0, build_sahf,    0),
};
/* clang-format on */

X86_TABLE(x86_flagops);
