/*
 * Advanced SIMD, for use inside this folder: what the families of vector instructions share.
 *
 * A vector is an expression of 64 or 128 bits, a scalar one of its lane's width. Rows name the sizes of lanes that they
 * have (SIMD_B ..) beside what they compute. Values keep to lane-wise operators of lib/expr over whole vectors.
 */
#ifndef ARCH_AARCH64_SIMD_H
#define ARCH_AARCH64_SIMD_H

#include "arch/aarch64/aarch64.h"
#include "lib/expr/fp_op.h"

/* A row's parameter. */
enum {
	SIMD_OP = 0xff,             /* an operator of lib/expr, or a family's own number */
	SIMD_SIGNED = 1 << 8,       /* lanes are signed numbers */
	SIMD_ROUND = 1 << 9,        /* what is shifted out is rounded, not cut */
	SIMD_SATURATE = 1 << 10,    /* sets QC when it does */
	SIMD_TO_UNSIGNED = 1 << 11, /* signed lanes, saturated to unsigned ones */
	SIMD_ADD = 1 << 12,         /* the result is added to the destination */
	SIMD_SUB = 1 << 13,         /* or subtracted from it */
	SIMD_SWAP = 1 << 14,        /* the operands are exchanged */
	SIMD_INVERT = 1 << 15,      /* the result is inverted */
	SIMD_WIDE = 1 << 16,        /* the first operand has lanes of the result's width */
	SIMD_MIXED = 1 << 17,       /* only one operand is signed: the second, or with SIMD_SWAP the first */

	/* Several, as the mnemonics begin (SQRSHRUN: SQRU) */
	SIMD_SR = SIMD_SIGNED | SIMD_ROUND,
	SIMD_SQ = SIMD_SIGNED | SIMD_SATURATE,
	SIMD_SQR = SIMD_SQ | SIMD_ROUND,
	SIMD_SQU = SIMD_SQ | SIMD_TO_UNSIGNED,
	SIMD_SQRU = SIMD_SQR | SIMD_TO_UNSIGNED,
	SIMD_UQ = SIMD_SATURATE,
	SIMD_UQR = SIMD_UQ | SIMD_ROUND,
	SIMD_SU = SIMD_MIXED | SIMD_SWAP,

	SIMD_B = 1 << 24, /* 8-bit lanes */
	SIMD_H = 1 << 25,
	SIMD_S = 1 << 26,
	SIMD_D = 1 << 27,
	SIMD_BH = SIMD_B | SIMD_H,
	SIMD_HS = SIMD_H | SIMD_S,
	SIMD_BHS = SIMD_BH | SIMD_S,
	SIMD_ALL = SIMD_BHS | SIMD_D,
};

/* The lanes of an instruction, in bits. */
struct asimd {
	unsigned lane;
	unsigned width; /* of all lanes together: 64 or 128 by field Q, the lane's without one */
};

/* The lanes by fields z and Q; without z those that the row names. False if the row has no such size: unallocated. */
bool asimd_begin(struct a64_ctx *c, struct asimd *ret);
/* The same for a size from elsewhere. */
bool asimd_begin_sized(struct a64_ctx *c, unsigned lane, struct asimd *ret);

/* Does the row have the flag? */
static inline bool asimd_is(const struct a64_ctx *c, uint32_t flag)
{
	return c->row->param & flag;
}

/* The row's operator of lib/expr. */
static inline enum expr_op asimd_op(const struct a64_ctx *c)
{
	return (enum expr_op)(c->row->param & SIMD_OP);
}

/* expr_lanes() of one and two operands. */
expr_id asimd_unary(struct a64_ctx *c, enum expr_op op, unsigned lane, expr_id a);
expr_id asimd_binary(struct a64_ctx *c, enum expr_op op, unsigned lane, expr_id a, expr_id b);
/* By a constant; ASHR if the row is signed for asimd_shift_right(). */
expr_id asimd_shift(struct a64_ctx *c, enum expr_op op, unsigned lane, expr_id a, unsigned amount);
expr_id asimd_shift_right(struct a64_ctx *c, unsigned lane, expr_id a, unsigned amount);

/* A constant in each lane. */
expr_id asimd_splat_const(struct a64_ctx *c, unsigned lane, unsigned width, uint64_t value);
/* A value of one lane's width in each lane. */
expr_id asimd_splat(struct a64_ctx *c, expr_id value, unsigned width);
/* Result lane i is lane index[i] of `from`. */
expr_id asimd_permute(struct a64_ctx *c, expr_id from, unsigned lane, unsigned width, const uint8_t *index);
/* Every second lane of a vector twice as wide, from lane `first` on. */
expr_id asimd_every_second(struct a64_ctx *c, expr_id from, unsigned lane, unsigned width, unsigned first);
/* A vector of 128 bits with one lane, of the value's width, replaced. */
expr_id asimd_insert(struct a64_ctx *c, expr_id vector, unsigned index, expr_id value);

/* ---- Operands ---- */

/* The register that the field names, `width` bits. */
expr_id asimd_read(struct a64_ctx *c, char letter, unsigned width);
/* Rm, zero in rows without one, or the element of it that fields H, L, M choose, in each lane. */
expr_id asimd_second(struct a64_ctx *c, const struct asimd *s);
/* The lanes of 32 bits of the register that the field names. */
enum { SIMD_WORDS = 4 };
void asimd_read_words(struct a64_ctx *c, char letter, expr_id ret[SIMD_WORDS]);
/* The 64 bits that field Q chooses; of a scalar, all of it. */
expr_id asimd_half(struct a64_ctx *c, const struct asimd *s, char letter);
/* asimd_second() for long instructions: as wide as asimd_half(). */
expr_id asimd_second_half(struct a64_ctx *c, const struct asimd *s);
/* Lanes extended to twice their width, as the row is signed. */
expr_id asimd_widen(struct a64_ctx *c, unsigned lane, expr_id a);

/* ---- Results ---- */

/* Writes Rd, with the row's SIMD_INVERT, SIMD_ADD and SIMD_SUB done. */
void asimd_finish(struct a64_ctx *c, unsigned lane, expr_id value);
/* Writes Rd, lane by lane. */
void asimd_finish_words(struct a64_ctx *c, const expr_id w[SIMD_WORDS]);
/* Writes Rd or, by field Q, its upper half and keeps the lower. */
void asimd_finish_narrow(struct a64_ctx *c, expr_id value);
/* Lanes cut to half their width, or saturated as the row's flags say; lane is the operand's. */
expr_id asimd_narrow(struct a64_ctx *c, unsigned lane, expr_id value);
/* Sets QC where the saturated value is not the exact one. */
void asimd_saturated(struct a64_ctx *c, expr_id saturated, expr_id exact);
/* Sets QC if the bit is set. */
void asimd_set_qc(struct a64_ctx *c, expr_id bit);

/* Shifts right by a constant of 1 to the lane's width, rounded if the row says so. */
expr_id asimd_shift_rounded(struct a64_ctx *c, unsigned lane, expr_id value, unsigned amount);

/* ---- Floating point, as FPCR says (Arm ARM C5.2.8, C5.2.10) ---- */

/* The format by field y, of an instruction that rounds as FPCR says; false if there is none: unallocated. */
bool a64_fp_type(struct a64_ctx *c, struct fp_spec *ret);

/* A bit of FPCR, FPCR_AH .. */
expr_id a64_fpcr(struct a64_ctx *c, unsigned bit);

/* An operator of one to three operands; those that it does not have are EXPR_NONE. */
expr_id a64_fp(struct a64_ctx *c, enum expr_op op, const struct fp_spec *s, expr_id x, expr_id y, expr_id z);

/*
 * Writes a scalar result to Rd: the bits above it become zero or, with FPCR.NEP (FEAT_AFP), those of the register that
 * field `merged` names: Rn of most that have two operands, Ra of the fused ones, else Rd (IsMerging()).
 */
void a64_fp_set_scalar(struct a64_ctx *c, expr_id value, char merged);
/* The same of an operator's node, whose flags are raised. */
void a64_fp_finish(struct a64_ctx *c, expr_id node, char merged);

/*
 * Conversions (fp_convert.c): what a row's parameter says, beside SIMD_SIGNED of the integer. How to round
 * is a letter of the mnemonic; without it, FPCR tells.
 */
enum {
	ROUND_N = FP_STATIC + FP_NEAREST,
	ROUND_P = FP_STATIC + FP_UP,
	ROUND_M = FP_STATIC + FP_DOWN,
	ROUND_Z = FP_STATIC + FP_TO_ZERO,
	ROUND_A = FP_STATIC + FP_AWAY,
	ROUND_FIELD = 7,        /* all of these */
	ROUND_EXACT = 1 << 3,   /* FRINTX: inexact results are told */
	ROUND_FITS_32 = 1 << 4, /* FRINT32Z, FRINT32X: to an integral number that a signed integer holds */
	ROUND_FITS_64 = 1 << 5,
};

/* Nodes of the operators, as the row says, all but format and rules of the spec being filled in. */
expr_id a64_fp_round_integral(struct a64_ctx *c, struct fp_spec s, expr_id a);
expr_id a64_fp_to_int(struct a64_ctx *c, struct fp_spec s, unsigned width, unsigned fraction, expr_id a);
expr_id a64_fp_from_int(struct a64_ctx *c, struct fp_spec s, unsigned width, unsigned fraction, expr_id a);

/* Adds exception flags, FP_NUM_FLAGS bits, to FPSR: FPProcessException(). No exception is trapped. */
void a64_fp_raise(struct a64_ctx *c, expr_id flags);

#endif
