/* SSE4a of AMD's processors: bit fields of the low half of a register, and stores of scalars (APM vol. 4). */
#include "arch/x86_64/simd.h"

/* A field: bits [index, index + length), 6 bits each; a length of 0 stands for 64. */
struct field {
	expr_id length, index;
};

/* By the two immediates from operand i on, or by the low bits of two bytes of 16 bits. */
static struct field field_of(struct x86_ctx *c, unsigned i, expr_id bytes)
{
	if (bytes)
		return (struct field){expr_extract(c->pool, bytes, 0, 6), expr_extract(c->pool, bytes, 8, 6)};
	return (struct field){x86_const(c, 6, c->op[i].imm), x86_const(c, 6, c->op[i + 1].imm)};
}

/* Ones in the lowest bits, as many as the field is long. */
static expr_id ones(struct x86_ctx *c, struct field field)
{
	struct expr_pool *p = c->pool;
	expr_id rest = expr_sub(p, x86_const(c, 6, 0), field.length);

	return expr_lshr(p, x86_const(c, 64, UINT64_MAX), rest);
}

/* The low half is the value, undefined where the field ends beyond it; the upper half is undefined in any case. */
static void write_field(struct x86_ctx *c, struct field field, expr_id value)
{
	struct expr_pool *p = c->pool;
	expr_id all = expr_is_zero(p, field.length), index = expr_zext(p, field.index, 8);
	expr_id length = expr_concat(p, x86_const(c, 1, 0), expr_concat(p, all, field.length));
	expr_id beyond = expr_ult(p, x86_const(c, 8, 64), expr_add(p, index, length));

	value = expr_ite(p, beyond, expr_undef(p, 64), value);
	x86_write(c, 0, expr_concat(p, expr_undef(p, 64), value));
}

static void build_extrq(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	bool immediate = c->op[1].kind == X86_OPERAND_IMM;
	struct field field = field_of(c, 1, immediate ? EXPR_NONE : simd_read(c, 1, 16));

	(void)f;
	write_field(c, field, expr_and(p, expr_lshr(p, simd_read(c, 0, 64), field.index), ones(c, field)));
}

/* The field is in the upper half of the source, if not immediate. */
static void build_insertq(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id source = simd_read(c, 1, SIMD_BLOCK);
	struct field field = field_of(c, 2, c->num_ops > 2 ? EXPR_NONE : expr_extract(p, source, 64, 16));
	expr_id mask = expr_shl(p, ones(c, field), field.index);
	expr_id value = expr_shl(p, expr_extract(p, source, 0, 64), field.index);

	(void)f;
	write_field(c, field, simd_select(c, mask, simd_read(c, 0, 64), value));
}

/* MOVNTSS, MOVNTSD: param is how many bits. */
static void build_store_scalar(struct x86_ctx *c, const struct x86_form *f)
{
	x86_write(c, 0, simd_read(c, 1, f->param));
}

/* clang-format off */
static const struct x86_form x86_sse4a[] = {
	SSE_ROW("extrq",   "66 0F 78 /0", "Udq Ib Ib",     SSE4A, build_extrq,        0),
	SSE_ROW("extrq",   "66 0F 79 /r", "Vdq Udq",       SSE4A, build_extrq,        0),
	SSE_ROW("insertq", "F2 0F 78 /r", "Vdq Udq Ib Ib", SSE4A, build_insertq,      0),
	SSE_ROW("insertq", "F2 0F 79 /r", "Vdq Udq",       SSE4A, build_insertq,      0),
	SSE_ROW("movntss", "F3 0F 2B /r", "Md Vd",         SSE4A, build_store_scalar, 32),
	SSE_ROW("movntsd", "F2 0F 2B /r", "Mq Vq",         SSE4A, build_store_scalar, 64),
};
/* clang-format on */

X86_TABLE(x86_sse4a);
