/* MMX: its registers, and EMMS. What computes is one builder for all vector lengths (simd.h). */
#include "arch/x86_64/mmx.h"

#include "arch/x86_64/simd.h"
#include "arch/x86_64/xstate.h"

enum { NUM_REGS = 8, SIGNIFICAND = 64, EXPONENT = 16 };

/* Bits of the status word (SDM vol. 1, 8.1.3). */
enum { FSTAT_ES = 7, FSTAT_TOP = 11, TOP_WIDTH = 3, TOP_MASK = 7 << FSTAT_TOP };

/* Bits [low, low + width) of all registers, those of physical register 0 lowest; width is 16 or 64. */
static expr_id by_number(struct x86_ctx *c, unsigned low, unsigned width)
{
	struct expr_pool *p = c->pool;
	expr_id all = expr_extract(p, expr_reg(p, 80, X86_st0), low, width);
	expr_id top = expr_extract(p, expr_reg(p, 16, X86_fstat), FSTAT_TOP, TOP_WIDTH);

	for (unsigned i = 1; i < NUM_REGS; i++)
		all = expr_concat(p, expr_extract(p, expr_reg(p, 80, X86_st0 + i), low, width), all);
	return expr_rol(p, all, expr_concat(p, top, x86_const(c, width == SIGNIFICAND ? 6 : 4, 0)));
}

expr_id x86_mmx_read(struct x86_ctx *c, unsigned n)
{
	return expr_extract(c->pool, by_number(c, 0, SIGNIFICAND), n * SIGNIFICAND, SIGNIFICAND);
}

/* The registers by their numbers, which from now on are those in the stack; tags: of all of them. */
static void enter(struct x86_ctx *c, bool empty)
{
	struct expr_pool *p = c->pool;
	expr_id fstat = expr_reg(p, 16, X86_fstat), tags = EXPR_NONE;
	expr_id significands = by_number(c, 0, SIGNIFICAND), exponents = by_number(c, SIGNIFICAND, EXPONENT);

	transfer_add_fault(c->t, expr_bit(p, fstat, FSTAT_ES), FAULT_FLOAT);
	for (unsigned i = 0; i < NUM_REGS; i++) {
		expr_id st = expr_concat(p, expr_extract(p, exponents, i * EXPONENT, EXPONENT),
					 expr_extract(p, significands, i * SIGNIFICAND, SIGNIFICAND));
		transfer_set_reg(c->t, X86_st0 + i, st);
		tags = i ? expr_concat(p, x86_x87_tag(c, st), tags) : x86_x87_tag(c, st);
	}
	transfer_set_reg(c->t, X86_fstat, expr_and(p, fstat, x86_const(c, 16, (uint16_t)~TOP_MASK)));
	transfer_set_reg(c->t, X86_ftag, empty ? x86_const(c, 16, UINT16_MAX) : tags);
}

void x86_mmx_enter(struct x86_ctx *c)
{
	enter(c, false);
}

void x86_mmx_leave(struct x86_ctx *c)
{
	enter(c, true);
}

/* All ones as exponent are no number: the register's tag says "special", 2 (SDM vol. 1, 8.1.7). */
void x86_mmx_write(struct x86_ctx *c, unsigned n, expr_id value)
{
	expr_id tags = transfer_get_reg(c->t, X86_ftag);

	transfer_set_reg(c->t, X86_st0 + n, expr_concat(c->pool, x86_const(c, EXPONENT, UINT16_MAX), value));
	transfer_set_reg(c->t, X86_ftag, simd_insert(c, tags, 2 * n, x86_const(c, 2, 2)));
}

static void build_emms(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_mmx_leave(c);
}

/* clang-format off */
static const struct x86_form x86_mmx[] = {
	SSE_ROW("emms", "NP 0F 77", "", MMX, build_emms, 0),
};
/* clang-format on */

X86_TABLE(x86_mmx);
