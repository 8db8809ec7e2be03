/* Floating point of SSE and SSE2, and its VEX encodings: arithmetic, comparisons, scalar conversions (SDM vol. 2). */
#include "arch/fp.h"
#include "arch/x86_64/simd.h"

/* The parameter of a row: the format; all lanes or the lowest one; what conversions and comparisons need to know. */
enum {
	FP_DOUBLE = 1,
	FP_PACKED = 2,
	FP_TRUNCATE = 4,
	FP_QUIET = 8,
};

/* Bits of MXCSR (SDM vol. 1, 10.2.3); its flags are those of a result. */
enum {
	MXCSR_DAZ = 6,
	MXCSR_MASKS = 7,
	MXCSR_RC = 13,
	MXCSR_FTZ = 15,
	RC_NEAREST = 0,
	RC_DOWN = 1,
	RC_UP = 2,
};

static expr_id mxcsr_bit(struct x86_ctx *c, unsigned bit)
{
	return expr_bit(c->pool, expr_reg(c->pool, 32, X86_mxcsr), bit);
}

static expr_id rounds(struct x86_ctx *c, unsigned how)
{
	expr_id rc = expr_extract(c->pool, expr_reg(c->pool, 32, X86_mxcsr), MXCSR_RC, 2);

	return expr_eq(c->pool, rc, x86_const(c, 2, how));
}

/* SDM vol. 1, 4.8.3.5, 4.8.3.7, 4.9.1.5, 10.2.3: a masked underflow can be flushed, one that is not masked is told
 * always. */
static struct fp_env environment(struct x86_ctx *c)
{
	expr_id masked = mxcsr_bit(c, MXCSR_MASKS + FP_UNDERFLOW);

	return (struct fp_env){
		.pool = c->pool,
		.nearest = rounds(c, RC_NEAREST),
		.up = rounds(c, RC_UP),
		.down = rounds(c, RC_DOWN),
		.flush_operands = mxcsr_bit(c, MXCSR_DAZ),
		.flush_results = expr_and(c->pool, masked, mxcsr_bit(c, MXCSR_FTZ)),
		.exact_underflow = expr_not(c->pool, masked),
		.default_nan = x86_const(c, 1, 0),
		.negative_nan = true,
	};
}

/* The flags are set in MXCSR; an exception that is not masked there is a fault instead. */
static void finish(struct x86_ctx *c, expr_id flags)
{
	struct expr_pool *p = c->pool;
	expr_id mxcsr = expr_reg(p, 32, X86_mxcsr);
	expr_id masks = expr_extract(p, mxcsr, MXCSR_MASKS, FP_NUM_FLAGS);
	expr_id unmasked = expr_and(p, flags, expr_not(p, masks));

	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, unmasked)), FAULT_FLOAT);
	transfer_set_reg(c->t, X86_mxcsr, expr_or(p, mxcsr, expr_zext(p, flags, 32)));
}

/* ---- Minimum and maximum: the second source wherever the first is not ordered before it (SDM vol. 2, MINSD) ---- */

static struct fp_result choose(const struct fp_env *e, const struct fp_format *f, expr_id less, expr_id flags,
			       expr_id a, expr_id b)
{
	return (struct fp_result){expr_ite(e->pool, less, fp_operand(e, f, a), fp_operand(e, f, b)), flags};
}

static struct fp_result minimum(const struct fp_env *e, const struct fp_format *f, expr_id a, expr_id b)
{
	struct fp_order o = fp_compare(e, f, false, a, b);

	return choose(e, f, o.less, o.flags, a, b);
}

static struct fp_result maximum(const struct fp_env *e, const struct fp_format *f, expr_id a, expr_id b)
{
	struct fp_order o = fp_compare(e, f, false, b, a);

	return choose(e, f, o.less, o.flags, a, b);
}

/* ---- Arithmetic ---- */

static const struct fp_format *format_of(const struct x86_form *f)
{
	return f->param & FP_DOUBLE ? &fp_double : &fp_single;
}

/* destination = a op b, in the lowest lane, the others being the first source's; or in each lane. */
static void build(struct x86_ctx *c, const struct x86_form *f, fp_operation *operation)
{
	struct expr_pool *p = c->pool;
	const struct fp_format *format = format_of(f);
	const struct fp_env e = environment(c);
	unsigned lane = fp_width(format), first = simd_first(c);
	bool packed = f->param & FP_PACKED;
	unsigned width = packed ? simd_width(c) : SIMD_BLOCK;
	expr_id b = packed ? simd_b(c) : simd_read(c, first + 1, lane);
	expr_id result = simd_read(c, first, width), a = result, flags = EXPR_NONE;

	if (!a || !b)
		return;
	for (unsigned low = 0; low < (packed ? width : lane); low += lane) {
		struct fp_result r = operation(&e, format, expr_extract(p, a, low, lane),
					       expr_extract(p, b, low, lane));
		result = simd_insert(c, result, low, r.value);
		flags = flags ? expr_or(p, flags, r.flags) : r.flags;
	}
	x86_write(c, 0, result);
	finish(c, flags);
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
	build(c, f, minimum);
}

static void build_max(struct x86_ctx *c, const struct x86_form *f)
{
	build(c, f, maximum);
}

/* COMISS, UCOMISS and the like: there is no destination, so that the first source is operand 0 with VEX, too. */
static void build_compare(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	const struct fp_format *format = format_of(f);
	expr_id b = simd_read(c, 1, fp_width(format)), a = simd_read(c, 0, fp_width(format));

	if (!a || !b)
		return;
	const struct fp_env e = environment(c);
	struct fp_order o = fp_compare(&e, format, f->param & FP_QUIET, a, b);
	x86_set_flag(c, X86_zf, expr_or(p, o.unordered, o.equal));
	x86_set_flag(c, X86_pf, o.unordered);
	x86_set_flag(c, X86_cf, expr_or(p, o.unordered, o.less));
	finish(c, o.flags);
}

/* The lowest lane of the first source replaced. */
static void write_lowest(struct x86_ctx *c, struct fp_result r)
{
	x86_write(c, 0, simd_insert(c, simd_read(c, simd_first(c), SIMD_BLOCK), 0, r.value));
	finish(c, r.flags);
}

static void build_from_int(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_env e = environment(c);

	write_lowest(c, fp_from_int(&e, format_of(f), true, x86_read(c, simd_first(c) + 1)));
}

static void build_to_int(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_format *format = format_of(f);
	const struct fp_env e = environment(c);
	const struct fp_integer to = {.width = (uint8_t)c->op[0].width,
				      .is_signed = true,
				      .truncate = f->param & FP_TRUNCATE};
	struct fp_result r = fp_to_int(&e, format, &to, simd_read(c, 1, fp_width(format)));

	x86_write(c, 0, r.value);
	finish(c, r.flags);
}

/* To the other format. */
static void build_convert(struct x86_ctx *c, const struct x86_form *f)
{
	const struct fp_format *from = format_of(f), *to = from == &fp_double ? &fp_single : &fp_double;

	const struct fp_env e = environment(c);

	write_lowest(c, fp_convert(&e, to, from, simd_read(c, simd_first(c) + 1, fp_width(from))));
}

/* clang-format off */
#define ARITHMETIC(name, opcode, build) \
	SIMD_ROW(name "ps", "NP 0F " opcode " /r", "WIG",     "Vps Hps Wps", SSE,  AVX, AVX, build, FP_PACKED), \
	SIMD_ROW(name "pd", "66 0F " opcode " /r", "WIG",     "Vpd Hpd Wpd", SSE2, AVX, AVX, build, FP_PACKED | FP_DOUBLE), \
	SIMD_ROW(name "ss", "F3 0F " opcode " /r", "LIG.WIG", "Vss Hss Wss", SSE,  AVX, AVX, build, 0), \
	SIMD_ROW(name "sd", "F2 0F " opcode " /r", "LIG.WIG", "Vsd Hsd Wsd", SSE2, AVX, AVX, build, FP_DOUBLE)

static const struct x86_form x86_sse_fp[] = {
	/*         name   opcode   build */
	ARITHMETIC("add", "58", build_add),
	ARITHMETIC("mul", "59", build_mul),
	ARITHMETIC("sub", "5C", build_sub),
	ARITHMETIC("min", "5D", build_min),
	ARITHMETIC("div", "5E", build_div),
	ARITHMETIC("max", "5F", build_max),
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW_FLAGS("ucomiss", "NP 0F 2E /r", "LIG.WIG", "Vss Wss", SSE,  AVX, AVX, "00W0WW-", build_compare, FP_QUIET),
	SIMD_ROW_FLAGS("ucomisd", "66 0F 2E /r", "LIG.WIG", "Vsd Wsd", SSE2, AVX, AVX, "00W0WW-", build_compare, FP_QUIET | FP_DOUBLE),
	SIMD_ROW_FLAGS("comiss",  "NP 0F 2F /r", "LIG.WIG", "Vss Wss", SSE,  AVX, AVX, "00W0WW-", build_compare, 0),
	SIMD_ROW_FLAGS("comisd",  "66 0F 2F /r", "LIG.WIG", "Vsd Wsd", SSE2, AVX, AVX, "00W0WW-", build_compare, FP_DOUBLE),
	SIMD_ROW("cvtsi2ss",  "F3 0F 2A /r", "LIG.WIG", "Vss Hss Ey",  SSE,  AVX, AVX, build_from_int, 0),
	SIMD_ROW("cvtsi2sd",  "F2 0F 2A /r", "LIG.WIG", "Vsd Hsd Ey",  SSE2, AVX, AVX, build_from_int, FP_DOUBLE),
	SIMD_ROW("cvttss2si", "F3 0F 2C /r", "LIG.WIG", "Gy Wss",      SSE,  AVX, AVX, build_to_int,   FP_TRUNCATE),
	SIMD_ROW("cvttsd2si", "F2 0F 2C /r", "LIG.WIG", "Gy Wsd",      SSE2, AVX, AVX, build_to_int,   FP_TRUNCATE | FP_DOUBLE),
	SIMD_ROW("cvtss2si",  "F3 0F 2D /r", "LIG.WIG", "Gy Wss",      SSE,  AVX, AVX, build_to_int,   0),
	SIMD_ROW("cvtsd2si",  "F2 0F 2D /r", "LIG.WIG", "Gy Wsd",      SSE2, AVX, AVX, build_to_int,   FP_DOUBLE),
	SIMD_ROW("cvtss2sd",  "F3 0F 5A /r", "LIG.WIG", "Vsd Hsd Wss", SSE2, AVX, AVX, build_convert,  0),
	SIMD_ROW("cvtsd2ss",  "F2 0F 5A /r", "LIG.WIG", "Vss Hss Wsd", SSE2, AVX, AVX, build_convert,  FP_DOUBLE),
};
/* clang-format on */

X86_TABLE(x86_sse_fp);
