/*
 * String instructions. With a repeat prefix the transfer is one iteration: RIP stays where it is until the count is
 * used up or the comparison ends the loop. Both repeat prefixes repeat MOVS, STOS and LODS, as processors do though the
 * manual defines only F3 for them.
 */
#include "arch/x86_64/x86_64.h"

/* What the loop works on. */
struct loop {
	unsigned width;      /* of an element, bits */
	unsigned count_bits; /* of the address size */
	expr_id runs;        /* 1 bit: there is an iteration; a constant without prefix */
	expr_id left;        /* the count after it */
};

static struct loop start(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct loop loop = {.width = c->raw.opcode & 1 ? c->width : 8, .count_bits = c->raw.addrsize ? 32 : 64};
	expr_id count = x86_gpr(c, X86_rcx, loop.count_bits);

	loop.runs = c->raw.rep ? expr_not(p, expr_is_zero(p, count)) : x86_const(c, 1, 1);
	loop.left = expr_sub(p, count, x86_const(c, loop.count_bits, 1));
	return loop;
}

static expr_id pointer(struct x86_ctx *c, const struct loop *loop, uint32_t reg)
{
	return expr_zext(c->pool, x86_gpr(c, reg, loop->count_bits), 64);
}

/* The linear address of an element: an override moves the source at RSI, never the destination at RDI. */
static expr_id element(struct x86_ctx *c, const struct loop *loop, uint32_t reg)
{
	expr_id offset = pointer(c, loop, reg);

	return reg == X86_rsi ? x86_linear(c, offset) : offset;
}

/* With a count of 0 the instruction touches no memory and cannot fault. */
static expr_id load(struct x86_ctx *c, const struct loop *loop, uint32_t reg)
{
	return x86_load_if(c, loop->runs, loop->width, element(c, loop, reg));
}

static void store(struct x86_ctx *c, const struct loop *loop, expr_id value)
{
	expr_id guard = c->raw.rep ? loop->runs : EXPR_NONE;

	transfer_add_store(c->t, guard, element(c, loop, X86_rdi), value);
}

/* Sets the low bits of a register if the iteration takes place. */
static void set_if_runs(struct x86_ctx *c, const struct loop *loop, uint32_t reg, expr_id value)
{
	expr_id after = x86_with_gpr(c, reg, 0, value);

	transfer_set_reg(c->t, reg, expr_ite(c->pool, loop->runs, after, expr_reg(c->pool, 64, reg)));
}

/*
 * Sets a pointer or the count. With 32-bit addresses and a count of 0, the manual does not say whether the upper halves
 * are cleared, as they are by an iteration: Intel's processors clear those of the pointers of MOVS and STOS.
 */
static void set_index(struct x86_ctx *c, const struct loop *loop, uint32_t reg, expr_id value)
{
	struct expr_pool *p = c->pool;
	expr_id otherwise = expr_reg(p, 64, reg);

	if (loop->count_bits == 32)
		otherwise = expr_concat(p, expr_undef(p, 32), expr_extract(p, otherwise, 0, 32));
	transfer_set_reg(c->t, reg, expr_ite(p, loop->runs, x86_with_gpr(c, reg, 0, value), otherwise));
}

/* Moves a pointer to the next element: up, or down if DF is set. */
static void advance(struct x86_ctx *c, const struct loop *loop, uint32_t reg)
{
	struct expr_pool *p = c->pool;
	uint64_t bytes = loop->width / 8;
	expr_id step = expr_ite(p, x86_flag(c, X86_df), x86_const(c, loop->count_bits, -bytes),
				x86_const(c, loop->count_bits, bytes));

	set_index(c, loop, reg, expr_add(p, x86_gpr(c, reg, loop->count_bits), step));
}

/* There is another iteration after this one: elements are left and `more` holds. */
static expr_id goes_on(struct x86_ctx *c, const struct loop *loop, expr_id more)
{
	struct expr_pool *p = c->pool;
	expr_id left = expr_not(p, expr_is_zero(p, loop->left));

	if (c->repeat == REPEAT_LINGER)
		left = x86_const(c, 1, 1);
	return expr_and(p, expr_and(p, loop->runs, left), more);
}

/* Counts, and decides where to go on. */
static void finish(struct x86_ctx *c, const struct loop *loop, expr_id more)
{
	struct expr_pool *p = c->pool;

	if (!c->raw.rep)
		return;
	c->repeats = true;
	set_index(c, loop, X86_rcx, loop->left);
	x86_goto(c, expr_ite(p, goes_on(c, loop, more), x86_const(c, 64, c->pc), x86_const(c, 64, c->next)));
}

static void build_movs(struct x86_ctx *c, const struct x86_form *f)
{
	struct loop loop = start(c);

	(void)f;
	store(c, &loop, load(c, &loop, X86_rsi));
	advance(c, &loop, X86_rsi);
	advance(c, &loop, X86_rdi);
	finish(c, &loop, x86_const(c, 1, 1));
}

static void build_stos(struct x86_ctx *c, const struct x86_form *f)
{
	struct loop loop = start(c);

	(void)f;
	store(c, &loop, x86_gpr(c, X86_rax, loop.width));
	advance(c, &loop, X86_rdi);
	finish(c, &loop, x86_const(c, 1, 1));
}

static void build_lods(struct x86_ctx *c, const struct x86_form *f)
{
	struct loop loop = start(c);

	(void)f;
	set_if_runs(c, &loop, X86_rax, load(c, &loop, X86_rsi));
	advance(c, &loop, X86_rsi);
	finish(c, &loop, x86_const(c, 1, 1));
}

/*
 * The flags of a - b, unless there was no iteration; then whether REPE or REPNE goes on. If it does, the flags are
 * undefined: the manual says only what they are after the last iteration, and processors that stop before it, as for a
 * single step, show those of before the instruction.
 */
static void compare(struct x86_ctx *c, const struct loop *loop, expr_id a, expr_id b)
{
	struct expr_pool *p = c->pool;
	expr_id equal = expr_eq(p, a, b);
	expr_id more = c->raw.rep == X86_REPNE ? expr_not(p, equal) : equal;
	expr_id again = c->raw.rep ? goes_on(c, loop, more) : x86_const(c, 1, 0);

	x86_set_compare(c, a, b);
	for (unsigned i = 0; i < X86_NUM_FLAGS; i++) {
		uint32_t flag = x86_flag_regs[i];
		if (flag == X86_df)
			continue;
		expr_id last = expr_ite(p, again, expr_undef(p, 1), transfer_get_reg(c->t, flag));
		x86_set_flag_if(c, loop->runs, flag, last);
	}
	finish(c, loop, more);
}

static void build_cmps(struct x86_ctx *c, const struct x86_form *f)
{
	struct loop loop = start(c);

	(void)f;
	advance(c, &loop, X86_rsi);
	advance(c, &loop, X86_rdi);
	expr_id a = load(c, &loop, X86_rsi); /* first: processors look there first */
	compare(c, &loop, a, load(c, &loop, X86_rdi));
}

static void build_scas(struct x86_ctx *c, const struct x86_form *f)
{
	struct loop loop = start(c);

	(void)f;
	advance(c, &loop, X86_rdi);
	compare(c, &loop, x86_gpr(c, X86_rax, loop.width), load(c, &loop, X86_rdi));
}

/* clang-format off */
/* CMPS and SCAS: C, for a repeat count of 0 changes no flag. */
#define STRING(name, byte, other, of_bytes, of_others, build, flags) \
	ROW(name "b", byte,         of_bytes,  BASE, flags, X86_REPEATS, build, 0), \
	ROW(name "w", other " o16", of_others, BASE, flags, X86_REPEATS, build, 0), \
	ROW(name "d", other " o32", of_others, BASE, flags, X86_REPEATS, build, 0), \
	ROW(name "q", other " o64", of_others, BASE, flags, X86_REPEATS, build, 0)

static const struct x86_form x86_string[] = {
	/*     name    opcodes     operands         build       oszapcd */
	STRING("movs", "A4", "A5", "Yb Xb", "Yv Xv", build_movs, "------R"),
	STRING("stos", "AA", "AB", "Yb AL", "Yv rAX",    build_stos, "------R"),
	STRING("lods", "AC", "AD", "AL Xb", "rAX Xv",    build_lods, "------R"),
	STRING("cmps", "A6", "A7", "Xb Yb", "Xv Yv", build_cmps, "CCCCCCR"),
	STRING("scas", "AE", "AF", "AL Yb", "rAX Yv",    build_scas, "CCCCCCR"),
};
/* clang-format on */

X86_TABLE(x86_string);
