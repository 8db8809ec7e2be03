/* The stack. Addresses are 64 bits wide; operands are 64 bits, or 16 with a 66 prefix (SDM vol. 1, 6.2.2). */
#include "arch/x86_64/x86_64.h"

static expr_id stack_pointer(struct x86_ctx *c)
{
	expr_id rsp = transfer_get_reg(c->t, X86_rsp);

	return rsp == EXPR_NONE ? expr_reg(c->pool, 64, X86_rsp) : rsp;
}

void x86_push(struct x86_ctx *c, expr_id value)
{
	unsigned bytes = expr_width(c->pool, value) / 8;
	expr_id rsp = expr_sub(c->pool, stack_pointer(c), x86_const(c, 64, bytes));

	c->two_operands |= c->raw.is_mem;
	transfer_set_reg(c->t, X86_rsp, rsp);
	transfer_add_store(c->t, EXPR_NONE, x86_on_stack(c, rsp), value);
}

expr_id x86_pop(struct x86_ctx *c, unsigned width)
{
	expr_id rsp = stack_pointer(c);
	expr_id value = transfer_load(c->t, width, x86_on_stack(c, rsp));

	transfer_set_reg(c->t, X86_rsp, expr_add(c->pool, rsp, x86_const(c, 64, width / 8)));
	return value;
}

static unsigned operand_width(const struct x86_ctx *c)
{
	return c->width == 16 ? 16 : 64;
}

/* A selector is zero-extended, an immediate sign-extended. */
static void build_push(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	if (c->op[0].kind == X86_OPERAND_IMM)
		c->op[0].width = (uint16_t)operand_width(c);
	x86_push(c, expr_fit(c->pool, x86_read(c, 0), operand_width(c)));
}

/* The address of a memory operand is formed after RSP has been raised (SDM vol. 2, POP); POP RSP keeps what it popped.
 */
static void build_pop(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned width = operand_width(c);
	expr_id value = x86_pop(c, width);

	(void)f;
	if (c->op[0].kind == X86_OPERAND_REG && c->op[0].bank == X86_BANK_SEGMENT) {
		x86_load_selector(c, c->op[0].reg, expr_extract(c->pool, value, 0, 16));
		return;
	}
	c->popped = width / 8;
	c->two_operands = true;
	x86_write(c, 0, value);
}

static void build_pushf(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_push(c, expr_fit(c->pool, x86_rflags(c), operand_width(c)));
}

/* The flags that POPF sets at any privilege, and their bits; of the others, IF needs an IOPL of 3, and RF is cleared.
 */
static const struct {
	uint32_t reg;
	unsigned bit;
} popped_flags[] = {
	{X86_cf, 0},  {X86_pf, 2},  {X86_af, 4},  {X86_zf, 6},  {X86_sf, 7},  {X86_tf, 8},
	{X86_df, 10}, {X86_of, 11}, {X86_nt, 14}, {X86_ac, 18}, {X86_id, 21},
};

void x86_set_rflags(struct x86_ctx *c, expr_id image)
{
	struct expr_pool *p = c->pool;
	expr_id may_set_if = expr_eq(p, expr_reg(p, 2, X86_iopl), x86_const(c, 2, 3));

	for (size_t i = 0; i < sizeof popped_flags / sizeof *popped_flags; i++)
		if (popped_flags[i].bit < expr_width(p, image))
			x86_set_flag(c, popped_flags[i].reg, expr_bit(p, image, popped_flags[i].bit));
	x86_set_flag_if(c, may_set_if, X86_if, expr_bit(p, image, 9));
	x86_set_flag(c, X86_rf, x86_const(c, 1, 0));
}

static void build_popf(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_set_rflags(c, x86_pop(c, operand_width(c)));
}

static void build_leave(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	transfer_set_reg(c->t, X86_rsp, expr_reg(c->pool, 64, X86_rbp));
	x86_set_gpr(c, X86_rbp, x86_pop(c, operand_width(c)));
}

/*
 * ENTER size, level: level - 1 frame pointers of outer procedures are copied from the old frame (SDM vol. 2, ENTER).
 * The page fault of a frame that reaches unmapped memory below what is pushed is not modelled.
 */
static void build_enter(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned level = c->raw.imm2 % 32, width = operand_width(c);
	expr_id rbp = expr_reg(p, 64, X86_rbp);

	c->own_accesses = true;
	(void)f;
	x86_push(c, expr_extract(p, rbp, 0, width));
	expr_id frame = stack_pointer(c);
	c->two_operands = true;
	for (unsigned i = 1; i < level; i++) {
		rbp = expr_sub(p, rbp, x86_const(c, 64, width / 8));
		x86_push(c, transfer_load(c->t, width, x86_on_stack(c, rbp)));
	}
	if (level > 0)
		x86_push(c, expr_extract(p, frame, 0, width));
	expr_id top = expr_sub(p, stack_pointer(c), x86_const(c, 64, (uint16_t)c->raw.imm));
	/* A page fault too if a write at the new top would fault: stores what is there. */
	transfer_add_store(c->t, EXPR_NONE, x86_on_stack(c, top), transfer_load(c->t, width, top));
	x86_set_gpr(c, X86_rbp, expr_extract(p, frame, 0, width));
	transfer_set_reg(c->t, X86_rsp, top);
}

/* clang-format off */
static const struct x86_form x86_stack[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("push",   "50+r d64",  "Zv",    BASE, "-------", 0, build_push,  0),
	ROW("push",   "FF /6 d64", "Ev",    BASE, "-------", 0, build_push,  0),
	ROW("push",   "68 d64",    "Iz",    BASE, "-------", 0, build_push,  0),
	ROW("push",   "6A d64",    "Ibs",    BASE, "-------", 0, build_push,  0),
	ROW("push",   "0F A0",     "FS",    BASE, "-------", 0, build_push,  0),
	ROW("push",   "0F A8",     "GS",    BASE, "-------", 0, build_push,  0),
	ROW("pop",    "58+r d64",  "Zv",    BASE, "-------", 0, build_pop,   0),
	ROW("pop",    "8F /0 d64", "Ev",    BASE, "-------", 0, build_pop,   0),
	ROW("pop",    "0F A1",     "FS",    BASE, "-------", 0, build_pop,   0),
	ROW("pop",    "0F A9",     "GS",    BASE, "-------", 0, build_pop,   0),
	ROW("pushf",  "9C o16",    "",      BASE, "RRRRRRR", 0, build_pushf, 0),
	ROW("pushfq", "9C",        "",      BASE, "RRRRRRR", 0, build_pushf, 0),
	ROW("popf",   "9D o16",    "",      BASE, "WWWWWWW", 0, build_popf,  0),
	ROW("popfq",  "9D",        "",      BASE, "WWWWWWW", 0, build_popf,  0),
	ROW("leave",  "C9",        "",      BASE, "-------", 0, build_leave, 0),
	ROW("enter",  "C8",        "Iw Ib", BASE, "-------", 0, build_enter, 0),
};
/* clang-format on */

X86_TABLE(x86_stack);
