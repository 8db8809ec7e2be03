/* What all x87 instructions share: stack, tags, exceptions, status. */
#include "arch/x86_64/x87.h"

#include "arch/x86_64/xstate.h"

enum { ST_WIDTH = 80, EMPTY = 3 };

static expr_id bit(struct x86_ctx *c, bool value)
{
	return x86_const(c, 1, value);
}

static expr_id either(struct expr_pool *p, expr_id a, expr_id b)
{
	return a && b ? expr_or(p, a, b) : a ? a : b;
}

/* ---- The state before ---- */

bool x87_is_16bit(const struct x86_raw *raw)
{
	return raw->opsize && !raw->w;
}

unsigned x87_memory_len(const struct x86_ctx *c)
{
	for (unsigned i = 0; i < c->num_ops; i++)
		if (c->op[i].kind == X86_OPERAND_MEM)
			return c->op[i].width / 8u;
	return 0;
}

void x87_wait(struct x86_ctx *c)
{
	transfer_add_fault(c->t, expr_bit(c->pool, expr_reg(c->pool, 16, X86_fstat), X87_ES), FAULT_FLOAT);
}

/* TOP as a number of bits in the tag word. */
static expr_id tag_shift(struct expr_pool *p, expr_id top)
{
	return expr_concat(p, top, expr_const(p, 1, 0));
}

static expr_id top_of(struct expr_pool *p, expr_id fsw)
{
	return expr_extract(p, fsw, X87_TOP, 3);
}

struct x87 x87_begin(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	struct x87 x = {.c = c, .p = p};

	x87_wait(c);
	x.fcw = expr_reg(p, 16, X86_fctrl);
	x.fsw = expr_reg(p, 16, X86_fstat);
	x.tags = expr_ror(p, expr_reg(p, 16, X86_ftag), tag_shift(p, top_of(p, x.fsw)));
	return x;
}

expr_id x87_value(struct x87 *x, unsigned i)
{
	return expr_reg(x->p, ST_WIDTH, X86_st0 + (i & 7));
}

expr_id x87_is_empty(struct x87 *x, unsigned i)
{
	return expr_eq(x->p, expr_extract(x->p, x->tags, 2 * (i & 7), 2), x86_const(x->c, 2, EMPTY));
}

expr_id x87_read(struct x87 *x, unsigned i)
{
	x->under = either(x->p, x->under, x87_is_empty(x, i));
	return x87_value(x, i);
}

expr_id x87_number(struct x87 *x, uint16_t sign_exponent, uint64_t significand)
{
	const uint64_t words[2] = {significand, sign_exponent};

	return expr_const_wide(x->p, ST_WIDTH, words);
}

expr_id x87_indefinite(struct x87 *x)
{
	return x87_number(x, 0xffff, UINT64_C(0xc000000000000000));
}

void x87_refuse_wrap(struct x86_ctx *c)
{
	unsigned len = x87_memory_len(c);

	if (c->raw.addrsize && len > 8)
		x86_open(c, expr_ult(c->pool, x86_const(c, 64, UINT32_MAX - len + 1), x86_offset(c)), ENV_XSTATE);
}

/* ---- What is written ---- */

void x87_put(struct x87 *x, unsigned i, expr_id value)
{
	x->st[i & 7] = value;
	x->tag[i & 7] = x86_x87_tag(x->c, value);
}

expr_id x87_stack_fault(struct x87 *x)
{
	expr_id fault = either(x->p, x->under, x->over);

	return fault ? fault : bit(x->c, false);
}

void x87_write(struct x87 *x, unsigned i, expr_id value)
{
	x87_put(x, i, expr_ite(x->p, x87_stack_fault(x), x87_indefinite(x), value));
}

void x87_free(struct x87 *x, unsigned i)
{
	x->st[i & 7] = EXPR_NONE;
	x->tag[i & 7] = x86_const(x->c, 2, EMPTY);
}

void x87_make_room(struct x87 *x)
{
	x->over = either(x->p, x->over, expr_not(x->p, x87_is_empty(x, 7)));
	x->shift--;
}

void x87_push(struct x87 *x, expr_id value)
{
	x87_make_room(x);
	x87_write(x, 7, value);
}

void x87_pop(struct x87 *x)
{
	x->tag[x->shift & 7] = x86_const(x->c, 2, EMPTY);
	x->shift++;
}

void x87_raise(struct x87 *x, expr_id flags)
{
	x->flags = either(x->p, x->flags, flags);
}

void x87_raise_if(struct x87 *x, expr_id cond, unsigned flag)
{
	expr_id flags = expr_zext(x->p, cond, FP_NUM_FLAGS);

	x87_raise(x, expr_shl(x->p, flags, x86_const(x->c, 8, flag)));
}

void x87_set_codes(struct x87 *x, expr_id c3, expr_id c2, expr_id c1, expr_id c0)
{
	x->codes[0] = c0;
	x->codes[1] = c1;
	x->codes[2] = c2;
	x->codes[3] = c3;
}

/* ---- Exceptions ---- */

/* All flags, FP_NUM_FLAGS bits: of a stack fault none but that of invalid operation. */
static expr_id raised(struct x87 *x)
{
	expr_id none = x86_const(x->c, FP_NUM_FLAGS, 0), invalid = x86_const(x->c, FP_NUM_FLAGS, 1 << FP_INVALID);

	return expr_ite(x->p, x87_stack_fault(x), invalid, x->flags ? x->flags : none);
}

/* Those of `which` that are raised and not masked. */
static expr_id unmasked(struct x87 *x, expr_id flags, unsigned which)
{
	struct expr_pool *p = x->p;
	expr_id open = expr_and(p, expr_extract(p, flags, 0, X87_FLAGS), x86_const(x->c, X87_FLAGS, which));

	return expr_and(p, open, expr_not(p, expr_extract(p, x->fcw, 0, X87_FLAGS)));
}

enum {
	BEFORE = 1 << FP_INVALID | 1 << FP_DENORMAL |
		 1 << FP_DIVIDE, /* found before the operation (SDM vol. 1, 4.9.3) */
	AFTER = 1 << FP_OVERFLOW | 1 << FP_UNDERFLOW,
};

/* Which exceptions forbid a result if they are not masked. */
static unsigned stopping(const struct x87 *x)
{
	return x->stores ? BEFORE | AFTER : x->loads ? BEFORE & ~(1u << FP_DENORMAL) : BEFORE;
}

expr_id x87_stopped(struct x87 *x)
{
	return expr_not(x->p, expr_is_zero(x->p, unmasked(x, raised(x), stopping(x))));
}

void x87_store(struct x87 *x, expr_id value, expr_id other)
{
	struct expr_pool *p = x->p;

	x->stores = true;
	x87_refuse_wrap(x->c);
	transfer_add_store(x->c->t, expr_not(p, x87_stopped(x)), x86_address(x->c),
			   expr_ite(p, x87_stack_fault(x), other, value));
}

/* What the operation would have raised later is not told where it did not take place; of a store that is not made,
 * neither is that the result is inexact. */
static expr_id final_flags(struct x87 *x)
{
	struct expr_pool *p = x->p;
	expr_id flags = raised(x), before = expr_not(p, expr_is_zero(p, unmasked(x, flags, BEFORE)));
	expr_id first = expr_and(p, flags, x86_const(x->c, FP_NUM_FLAGS, BEFORE));

	if (x->stores) {
		expr_id exact = expr_and(p, flags, x86_const(x->c, FP_NUM_FLAGS, BEFORE | AFTER));
		flags = expr_ite(p, x87_stopped(x), exact, flags);
	}
	return expr_ite(p, before, first, flags);
}

/* ---- The state after ---- */

static expr_id code_after(struct x87 *x, unsigned i, expr_id flags)
{
	struct expr_pool *p = x->p;
	expr_id code = x->codes[i];

	if (i != 1)
		return code ? code : expr_undef(p, 1);
	expr_id up = code ? code : expr_bit(p, flags, FP_ROUNDED_UP), of_fault = bit(x->c, x->over != EXPR_NONE);
	/* Overflow and underflow at once: the manuals do not say which is told. */
	if (x->over && x->under)
		of_fault = expr_ite(p, expr_and(p, x->over, x->under), expr_undef(p, 1), x->over);
	return expr_ite(p, x87_stack_fault(x), of_fault, up);
}

static expr_id status_after(struct x87 *x, expr_id top)
{
	struct expr_pool *p = x->p;
	expr_id flags = final_flags(x);
	expr_id sf = expr_or(p, expr_bit(p, x->fsw, X87_SF), x87_stack_fault(x));
	expr_id sticky = expr_or(p, expr_extract(p, x->fsw, 0, X87_FLAGS), expr_extract(p, flags, 0, X87_FLAGS));
	expr_id es = expr_not(p,
			      expr_is_zero(p, expr_and(p, sticky, expr_not(p, expr_extract(p, x->fcw, 0, X87_FLAGS)))));
	expr_id all = expr_concat(p, es, expr_concat(p, sf, sticky));

	all = expr_concat(p, code_after(x, 0, flags), all);
	all = expr_concat(p, code_after(x, 1, flags), all);
	all = expr_concat(p, code_after(x, 2, flags), all);
	all = expr_concat(p, top, all);
	all = expr_concat(p, code_after(x, 3, flags), all);
	return expr_concat(p, es, all);
}

/*
 * The last opcode: processors keep that of the last instruction, or of the last that raised an exception that is not
 * masked (SDM vol. 1, 8.1.9.1; X87_POINTERS in vendor.def).
 */
static void set_opcode(struct x87 *x, expr_id fsw)
{
	struct expr_pool *p = x->p;
	uint64_t opcode = (x->c->raw.opcode & 7u) << 8 | x->c->raw.modrm;
	expr_id fop = expr_ite(p, expr_bit(p, fsw, X87_ES), x86_const(x->c, 11, opcode), expr_undef(p, 11));

	transfer_set_reg(x->c->t, X86_fop, expr_zext(p, fop, 16));
}

static void set_registers(struct x87 *x, expr_id keep)
{
	for (unsigned i = 0; i < 8; i++) {
		unsigned from = (i + (unsigned)x->shift) & 7;
		expr_id value = x->st[from] ? x->st[from] : x87_value(x, from), old = x87_value(x, i);
		if (value != old)
			transfer_set_reg(x->c->t, X86_st0 + i, expr_ite(x->p, keep, old, value));
	}
}

static bool writes_tags(const struct x87 *x)
{
	for (unsigned i = 0; i < 8; i++)
		if (x->tag[i])
			return true;
	return false;
}

/* The tags keep their places, whatever TOP becomes. */
static void set_tags(struct x87 *x, expr_id keep)
{
	struct expr_pool *p = x->p;
	expr_id all = EXPR_NONE, old = expr_reg(p, 16, X86_ftag);

	if (!writes_tags(x))
		return;
	for (unsigned i = 0; i < 8; i++) {
		expr_id tag = x->tag[i] ? x->tag[i] : expr_extract(p, x->tags, 2 * i, 2);
		all = i ? expr_concat(p, tag, all) : tag;
	}
	all = expr_rol(p, all, tag_shift(p, top_of(p, x->fsw)));
	transfer_set_reg(x->c->t, X86_ftag, expr_ite(p, keep, old, all));
}

void x87_commit(struct x87 *x)
{
	struct expr_pool *p = x->p;
	expr_id keep = either(p, x87_stopped(x), x->keep), top = top_of(p, x->fsw);
	expr_id moved = expr_add(p, top, x86_const(x->c, 3, (unsigned)x->shift & 7));
	expr_id fsw = status_after(x, expr_ite(p, keep, top, moved));

	transfer_set_reg(x->c->t, X86_fstat, fsw);
	set_opcode(x, fsw);
	set_registers(x, keep);
	set_tags(x, keep);
}

/* ---- Without a result ---- */

expr_id x87_with_summary(struct x86_ctx *c, expr_id fsw, expr_id fcw)
{
	struct expr_pool *p = c->pool;
	expr_id open = expr_and(p, fsw, expr_not(p, fcw));
	expr_id none = expr_is_zero(p, expr_extract(p, open, 0, X87_FLAGS));
	expr_id rest = expr_and(p, fsw, x86_const(c, 16, 0x7f7f));

	return expr_or(p, rest, expr_ite(p, none, x86_const(c, 16, 0), x86_const(c, 16, 1 << X87_B | 1 << X87_ES)));
}

expr_id x87_keep_fcw(struct x86_ctx *c, expr_id value)
{
	struct expr_pool *p = c->pool;

	return expr_or(p, expr_and(p, value, x86_const(c, 16, X87_FCW_USED)), x86_const(c, 16, X87_FCW_ONE));
}

void x87_set_top(struct x86_ctx *c, expr_id top)
{
	struct expr_pool *p = c->pool;
	expr_id up = expr_sub(p, top, top_of(p, expr_reg(p, 16, X86_fstat))), st[8], moved[8];

	for (unsigned i = 0; i < 8; i++)
		st[i] = expr_reg(p, ST_WIDTH, X86_st0 + i);
	for (unsigned k = 0; k < 3; k++) {
		for (unsigned i = 0; i < 8; i++)
			moved[i] = expr_ite(p, expr_bit(p, up, k), st[(i + (1u << k)) & 7], st[i]);
		for (unsigned i = 0; i < 8; i++)
			st[i] = moved[i];
	}
	for (unsigned i = 0; i < 8; i++)
		transfer_set_reg(c->t, X86_st0 + i, st[i]);
}

expr_id x87_tag_word(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id tags = expr_reg(p, 16, X86_ftag), top = top_of(p, expr_reg(p, 16, X86_fstat));
	expr_id contents = EXPR_NONE, empty = EXPR_NONE;

	for (unsigned i = 0; i < 8; i++) {
		expr_id tag = x86_x87_tag(c, expr_reg(p, ST_WIDTH, X86_st0 + i));
		expr_id is_empty = expr_eq(p, expr_extract(p, tags, 2 * i, 2), x86_const(c, 2, EMPTY));
		contents = i ? expr_concat(p, tag, contents) : tag;
		is_empty = expr_concat(p, is_empty, is_empty);
		empty = i ? expr_concat(p, is_empty, empty) : is_empty;
	}
	return expr_or(p, empty, expr_rol(p, contents, tag_shift(p, top)));
}
