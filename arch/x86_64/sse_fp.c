/* Floating point of SSE and SSE2, and its VEX encodings: arithmetic, comparisons, scalar conversions (SDM vol. 2). */
#include "arch/x86_64/fp.h"
#include "arch/x86_64/simd.h"

/* The parameter of a row: the format; all lanes or the lowest one; what conversions and comparisons need to know. */
enum {
	FP_DOUBLE = 1,
	FP_PACKED = 2,
	FP_TRUNCATE = 4,
	FP_QUIET = 8,
};

static const struct fp_format *format_of(const struct x86_form *f)
{
	return f->param & FP_DOUBLE ? &fp_double : &fp_single;
}

/* destination = a op b, in the lowest lane, the others being the first source's; or in each lane. */
static void build(struct x86_ctx *c, const struct x86_form *f, fp_operation *operation)
{
	struct expr_pool *p = c->pool;
	const struct fp_format *format = format_of(f);
	unsigned lane = fp_width(format), first = simd_first(c);
	bool packed = f->param & FP_PACKED;
	unsigned width = packed ? simd_width(c) : SIMD_BLOCK;
	expr_id b = packed ? simd_b(c) : simd_read(c, first + 1, lane);
	expr_id result = simd_read(c, first, width), a = result, flags = EXPR_NONE;

	if (!a || !b)
		return;
	for (unsigned low = 0; low < (packed ? width : lane); low += lane) {
		struct fp_result r = operation(c, format, expr_extract(p, a, low, lane), expr_extract(p, b, low, lane));
		result = simd_insert(c, result, low, r.value);
		flags = flags ? expr_or(p, flags, r.flags) : r.flags;
	}
	x86_write(c, 0, result);
	fp_finish(c, flags);
}

static void build_add(struct x86_ctx *c, const struct x86_form *f)
{
	build(c, f, fp_add);
}

static void build_sub(struct x86_ctx *c, const struct x86_form *f)
{
	build(c, f, fp_sub);
}

static void build_mul(struct x86_ctx *c, const struct x86_form *f)
{
	build(c, f, fp_mul);
}

static void build_div(struct x86_ctx *c, const struct x86_form *f)
{
	build(c, f, fp_div);
}

static void build_min(struct x86_ctx *c, const struct x86_form *f)
{
	build(c, f, fp_min);
}

static void build_max(struct x86_ctx *c, const struct x86_form *f)
{
	build(c, f, fp_max);
}

/* COMISS, UCOMISS and the like: there is no destination, so that the first source is operand 0 with VEX, too. */
static void build_compare(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	const struct fp_format *format = format_of(f);
	expr_id b = simd_read(c, 1, fp_width(format)), a = simd_read(c, 0, fp_width(format));

	if (!a || !b)
		return;
	struct fp_order o = fp_compare(c, format, f->param & FP_QUIET, a, b);
	x86_set_flag(c, X86_zf, expr_or(p, o.unordered, o.equal));
	x86_set_flag(c, X86_pf, o.unordered);
	x86_set_flag(c, X86_cf, expr_or(p, o.unordered, o.less));
	fp_finish(c, o.flags);
}

/* The lowest lane of the first source replaced. */
static void write_lowest(struct x86_ctx *c, struct fp_result r)
{
	x86_write(c, 0, simd_insert(c, simd_read(c, simd_first(c), SIMD_BLOCK), 0, r.value));
	fp_finish(c, r.flags);
}

static void build_from_int(struct x86_ctx *c, const struct x86_form *f)
{
	write_lowest(c, fp_from_int(c, format_of(f), x86_read(c, simd_first(c) + 1)));
}

static void build_to_int(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_format *format = format_of(f);
	struct fp_result r = fp_to_int(c, format, c->op[0].width, f->param & FP_TRUNCATE,
				       simd_read(c, 1, fp_width(format)));

	x86_write(c, 0, r.value);
	fp_finish(c, r.flags);
}

/* To the other format. */
static void build_convert(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_format *from = format_of(f), *to = from == &fp_double ? &fp_single : &fp_double;

	write_lowest(c, fp_convert(c, to, from, simd_read(c, simd_first(c) + 1, fp_width(from))));
}

#define ARITHMETIC(name, build) \
	SIMD(name##SS, build, 0), SIMD(name##SD, build, FP_DOUBLE), SIMD(name##PS, build, FP_PACKED), \
		SIMD(name##PD, build, FP_PACKED | FP_DOUBLE)

/* clang-format off */
static const struct x86_form x86_sse_fp[] = {
	ARITHMETIC(ADD, build_add),
	ARITHMETIC(SUB, build_sub),
	ARITHMETIC(MUL, build_mul),
	ARITHMETIC(DIV, build_div),
	ARITHMETIC(MIN, build_min),
	ARITHMETIC(MAX, build_max),

	SIMD_FLAGS(COMISS,  build_compare, 0,                    "00W0WW-"),
	SIMD_FLAGS(COMISD,  build_compare, FP_DOUBLE,            "00W0WW-"),
	SIMD_FLAGS(UCOMISS, build_compare, FP_QUIET,             "00W0WW-"),
	SIMD_FLAGS(UCOMISD, build_compare, FP_QUIET | FP_DOUBLE, "00W0WW-"),

	SIMD(CVTSI2SS,  build_from_int, 0),
	SIMD(CVTSI2SD,  build_from_int, FP_DOUBLE),
	SIMD(CVTSS2SI,  build_to_int,   0),
	SIMD(CVTSD2SI,  build_to_int,   FP_DOUBLE),
	SIMD(CVTTSS2SI, build_to_int,   FP_TRUNCATE),
	SIMD(CVTTSD2SI, build_to_int,   FP_TRUNCATE | FP_DOUBLE),
	SIMD(CVTSS2SD,  build_convert,  0),
	SIMD(CVTSD2SS,  build_convert,  FP_DOUBLE),
};
/* clang-format on */

X86_TABLE(x86_sse_fp);
