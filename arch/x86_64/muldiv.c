/* Multiplication and division. */
#include "arch/x86_64/x86_64.h"

enum { UNSIGNED, SIGNED };

static expr_id extend(struct x86_ctx *c, uint32_t sign, expr_id a, unsigned width)
{
	return sign == SIGNED ? expr_sext(c->pool, a, width) : expr_zext(c->pool, a, width);
}

/* Both halves of a product or dividend: in AX for bytes, else in DX:AX, EDX:EAX, RDX:RAX. */
static void write_pair(struct x86_ctx *c, expr_id high, expr_id low)
{
	if (expr_width(c->pool, low) == 8) {
		x86_set_gpr(c, X86_rax, expr_concat(c->pool, high, low));
		return;
	}
	x86_set_gpr(c, X86_rax, low);
	x86_set_gpr(c, X86_rdx, high);
}

/* MUL, and IMUL with one operand. CF and OF: the product does not fit its lower half. */
static void build_mul(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;
	expr_id a = extend(c, f->param, x86_gpr(c, X86_rax, width), 2 * width);
	expr_id product = expr_mul(p, a, extend(c, f->param, x86_read(c, 0), 2 * width));
	expr_id low = expr_extract(p, product, 0, width);
	expr_id too_large = expr_ne(p, product, extend(c, f->param, low, 2 * width));

	x86_set_flag(c, X86_cf, too_large);
	x86_set_flag(c, X86_of, too_large);
	write_pair(c, expr_extract(p, product, width, width), low);
}

/* IMUL r, r/m and IMUL r, r/m, imm */
static void build_imul(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width, last = c->num_ops - 1;

	(void)f;
	c->op[last].width = (uint16_t)width;
	expr_id a = x86_read(c, last - 1), b = x86_read(c, last);
	expr_id product = expr_mul(p, expr_sext(p, a, 2 * width), expr_sext(p, b, 2 * width));
	expr_id low = expr_extract(p, product, 0, width);
	expr_id too_large = expr_ne(p, product, expr_sext(p, low, 2 * width));

	x86_set_flag(c, X86_cf, too_large);
	x86_set_flag(c, X86_of, too_large);
	x86_write(c, 0, low);
}

/* The high half is written last: it wins where both destinations are one register (SDM vol. 2, MULX). */
static void build_mulx(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;
	expr_id a = expr_zext(p, x86_gpr(c, X86_rdx, width), 2 * width);
	expr_id product = expr_mul(p, a, expr_zext(p, x86_read(c, 2), 2 * width));

	(void)f;
	x86_write(c, 1, expr_extract(p, product, 0, width));
	x86_write(c, 0, expr_extract(p, product, width, width));
}

static expr_id dividend(struct x86_ctx *c, unsigned width)
{
	if (width == 8)
		return x86_gpr(c, X86_rax, 16);
	return expr_concat(c->pool, x86_gpr(c, X86_rdx, width), x86_gpr(c, X86_rax, width));
}

/* DIV and IDIV: #DE for a divisor of 0 and for a quotient that does not fit. */
static void build_div(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;
	bool sign = f->param == SIGNED;
	expr_id a = dividend(c, width), divisor = x86_read(c, 0);
	expr_id b = extend(c, f->param, divisor, 2 * width);
	expr_id quotient = expr_binary(p, sign ? EXPR_SDIV : EXPR_UDIV, a, b);
	expr_id remainder = expr_binary(p, sign ? EXPR_SREM : EXPR_UREM, a, b);
	expr_id low = expr_extract(p, quotient, 0, width);

	transfer_add_fault(c->t, expr_is_zero(p, divisor), FAULT_DIVIDE);
	transfer_add_fault(c->t, expr_ne(p, quotient, extend(c, f->param, low, 2 * width)), FAULT_DIVIDE);
	write_pair(c, expr_extract(p, remainder, 0, width), low);
}

/* clang-format off */
static const struct x86_form x86_muldiv[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("mul",  "F6 /4",                "Eb",       BASE, "WUUUUW-", 0, build_mul,  UNSIGNED),
	ROW("mul",  "F7 /4",                "Ev",       BASE, "WUUUUW-", 0, build_mul,  UNSIGNED),
	ROW("imul", "F6 /5",                "Eb",       BASE, "WUUUUW-", 0, build_mul,  SIGNED),
	ROW("imul", "F7 /5",                "Ev",       BASE, "WUUUUW-", 0, build_mul,  SIGNED),
	ROW("div",  "F6 /6",                "Eb",       BASE, "UUUUUU-", 0, build_div,  UNSIGNED),
	ROW("div",  "F7 /6",                "Ev",       BASE, "UUUUUU-", 0, build_div,  UNSIGNED),
	ROW("idiv", "F6 /7",                "Eb",       BASE, "UUUUUU-", 0, build_div,  SIGNED),
	ROW("idiv", "F7 /7",                "Ev",       BASE, "UUUUUU-", 0, build_div,  SIGNED),
	ROW("imul", "0F AF /r",             "Gv Ev",    BASE, "WUUUUW-", 0, build_imul, 0),
	ROW("imul", "69 /r",                "Gv Ev Iz", BASE, "WUUUUW-", 0, build_imul, 0),
	ROW("imul", "6B /r",                "Gv Ev Ibs", BASE, "WUUUUW-", 0, build_imul, 0),
	ROW("mulx", "VEX.LZ.F2.0F38 F6 /r", "Gy By Ey", BMI2, "-------", 0, build_mulx, 0),
};
/* clang-format on */

X86_TABLE(x86_muldiv);
