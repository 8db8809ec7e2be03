/*
 * Floating-point registers moved, selected, and changed in their sign: no arithmetic, so that NaNs are not quieted and
 * no exception is raised.
 */
#include "arch/aarch64/simd_fp.h"

/* The format of a scalar, field t: bits; 0: none. */
static unsigned format_width(struct a64_ctx *c)
{
	static const uint8_t widths[] = {32, 64, 0, 16};
	unsigned width = widths[a64_field(c, 't')];

	if (!width)
		a64_undefined(c);
	return width;
}

/* FMOV of scalars: FPCR.NEP does not matter, as there is no result of an operation. */
static void build_scalar(struct a64_ctx *c)
{
	unsigned width = format_width(c);

	if (width)
		a64_set_v(c, a64_field(c, 'd'), asimd_read(c, 'n', width));
}

enum { SIGN_CLEAR, SIGN_FLIP };

static expr_id change_sign(struct a64_ctx *c, unsigned lane, expr_id value)
{
	if ((c->row->param & SIMD_OP) == SIGN_CLEAR)
		return asimd_fp_absolute(c, lane, value);
	return asimd_fp_negate(c, lane, value, true, true);
}

/* FABS, FNEG of scalars */
static void build_scalar_sign(struct a64_ctx *c)
{
	unsigned width = format_width(c);

	if (width)
		a64_fp_set_scalar(c, change_sign(c, width, asimd_read(c, 'n', width)), 'd');
}

/* FABS, FNEG of vectors */
static void build_vector(struct a64_ctx *c)
{
	struct asimd s;

	if (asimd_begin(c, &s))
		a64_set_v(c, a64_field(c, 'd'), change_sign(c, s.lane, asimd_read(c, 'n', s.width)));
}

static void build_select(struct a64_ctx *c)
{
	unsigned width = format_width(c);

	if (!width)
		return;
	expr_id holds = a64_condition_holds(c, a64_field(c, 'c'));
	a64_set_v(c, a64_field(c, 'd'), expr_ite(c->pool, holds, asimd_read(c, 'n', width), asimd_read(c, 'm', width)));
}

/* FMOV to a general register; param: the width. */
static void build_to_x(struct a64_ctx *c)
{
	a64_set_x(c, a64_field(c, 'd'), asimd_read(c, 'n', c->row->param));
}

static void build_from_x(struct a64_ctx *c)
{
	a64_set_v(c, a64_field(c, 'd'), a64_x(c, a64_field(c, 'n'), c->row->param));
}

/* FMOV of the upper half of a vector, whose lower half is kept. */
static void build_top_to_x(struct a64_ctx *c)
{
	a64_set_x(c, a64_field(c, 'd'), expr_extract(c->pool, asimd_read(c, 'n', 128), 64, 64));
}

static void build_top_from_x(struct a64_ctx *c)
{
	expr_id low = asimd_read(c, 'd', 64);

	a64_set_v(c, a64_field(c, 'd'), expr_concat(c->pool, a64_x(c, a64_field(c, 'n'), 64), low));
}

/* clang-format off */
static const struct a64_row a64_simd_move[] = {
	{"000 11110 tt 1 0000 00 10000 nnnnn ddddd",  build_scalar,      0,                            "----", "fmov scalar"},
	{"000 11110 tt 1 0000 01 10000 nnnnn ddddd",  build_scalar_sign, SIGN_CLEAR,                   "----", "fabs scalar"},
	{"000 11110 tt 1 0000 10 10000 nnnnn ddddd",  build_scalar_sign, SIGN_FLIP,                    "----", "fneg scalar"},
	{"000 11110 tt 1 mmmmm cccc 11 nnnnn ddddd",  build_select,      0,                            "----", "fcsel"},
	{"0 Q 0 01110 zz 10000 01111 10 nnnnn ddddd", build_vector,      SIGN_CLEAR | SIMD_S | SIMD_D, "----", "fabs vector"},
	{"0 Q 0 01110 1 111100 01111 10 nnnnn ddddd", build_vector,      SIGN_CLEAR | SIMD_H,          "----", "fabs vector h"},
	{"0 Q 1 01110 zz 10000 01111 10 nnnnn ddddd", build_vector,      SIGN_FLIP | SIMD_S | SIMD_D,  "----", "fneg vector"},
	{"0 Q 1 01110 1 111100 01111 10 nnnnn ddddd", build_vector,      SIGN_FLIP | SIMD_H,           "----", "fneg vector h"},
	{"0 00 11110 00 1 00 110 000000 nnnnn ddddd", build_to_x,        32,                           "----", "fmov to general 32"},
	{"0 00 11110 00 1 00 111 000000 nnnnn ddddd", build_from_x,      32,                           "----", "fmov from general 32"},
	{"1 00 11110 01 1 00 110 000000 nnnnn ddddd", build_to_x,        64,                           "----", "fmov to general 64"},
	{"1 00 11110 01 1 00 111 000000 nnnnn ddddd", build_from_x,      64,                           "----", "fmov from general 64"},
	{"0 00 11110 11 1 00 110 000000 nnnnn ddddd", build_to_x,        16,                           "----", "fmov to general 16 w"},
	{"0 00 11110 11 1 00 111 000000 nnnnn ddddd", build_from_x,      16,                           "----", "fmov from general 16 w"},
	{"1 00 11110 11 1 00 110 000000 nnnnn ddddd", build_to_x,        16,                           "----", "fmov to general 16 x"},
	{"1 00 11110 11 1 00 111 000000 nnnnn ddddd", build_from_x,      16,                           "----", "fmov from general 16 x"},
	{"1 00 11110 10 1 01 110 000000 nnnnn ddddd", build_top_to_x,    0,                            "----", "fmov to general top"},
	{"1 00 11110 10 1 01 111 000000 nnnnn ddddd", build_top_from_x,  0,                            "----", "fmov from general top"},
};
/* clang-format on */

A64_TABLE(a64_simd_move);
