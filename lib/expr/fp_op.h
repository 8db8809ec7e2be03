/*
 * The floating-point operators (op.def): lib/fp lane by lane, with value and exception flags in one node.
 *
 * The operators' last operand is the control register as it stands, FP_CONTROL_WIDTH bits: MXCSR, the x87 control word
 * or FPCR, as the rules tell. What does not change at run time is the node's attribute, a struct fp_spec. The node's
 * lane is the result's lane width, and its value is, from the lowest bit on: the lanes, FREM's quotient, the flags that
 * are told of all lanes together (fp_flags_told()).
 */
#ifndef LIB_EXPR_FP_OP_H
#define LIB_EXPR_FP_OP_H

#include "lib/expr/expr.h"
#include "lib/fp/fp.h"

/* struct fp_spec's rounding: FP_STATIC + enum fp_round. */
enum { FP_STATIC = 1 };

/* Fields that the operator has no use for are zero. */
struct fp_spec {
	/* enum fp_format: of operands and result; FCVT, ITOF: of the result, FTOI: of the operand; FBFDOT: FP_F32 */
	uint8_t format;
	uint8_t from;     /* FCVT: enum fp_format of the operand; F8DOT: one as wide as the lanes of its operands */
	uint8_t rules;    /* enum fp_rules_id */
	uint8_t rounding; /* the instruction's own: FP_STATIC + enum fp_round; 0: as the control register says */
	/* FCMP, FORDER: quiet NaNs are not invalid. FMA: with FPCR.AH as estimates are (Arm ARM, BFMulAdd()). */
	bool quiet;
	/* FRINT: inexact results are told. FRECPE, FRSQRTE: FP_F32 with FPCR.AH has 12 bits (FEAT_RPRES). */
	/* F8DOT: of the lowest bytes alone. */
	bool exact;
	bool nearest;      /* FREM: the quotient is rounded to nearest */
	bool is_signed;    /* FTOI, ITOF; FRINTFIT: true */
	uint8_t relations; /* FCMP: set of enum fp_relation for which a lane becomes all ones */
	uint8_t integer;   /* FTOI, ITOF, FRINTFIT: the integer's width: 8, 16, 32, 64 */
	uint8_t fraction;  /* FTOI, ITOF: the integer's fraction bits, 0-64 */
	/* FADD (FP_NEGATE_ADDEND) and FMA, in even lanes and in odd ones: ADDSUBPS subtracts in even lanes. */
	uint8_t negate[2];
};

/* The node's attribute, and back. */
uint32_t fp_spec_pack(const struct fp_spec *s);
struct fp_spec fp_spec_unpack(uint32_t attr);

/* The width of a lane of the result, and of the first operand; in bits. */
unsigned fp_result_lane(enum expr_op op, const struct fp_spec *s);
unsigned fp_operand_lane(enum expr_op op, const struct fp_spec *s);

/* What lib/fp is told where the control register holds `control`. */
struct fp_env fp_env_of(enum expr_op op, const struct fp_spec *s, uint32_t control);
/* The exception flags that are told of all lanes together. */
uint8_t fp_flags_told(enum expr_op op, const struct fp_spec *s, uint32_t control, unsigned flags);
/* The bits of the control register that such an operator depends on. */
uint32_t fp_control_needed(enum expr_op op, const struct fp_spec *s);

/* The node of an operator of one to three operands besides the control register; those that it does not have are
 * EXPR_NONE. */
expr_id expr_fp(struct expr_pool *pool, enum expr_op op, const struct fp_spec *s, expr_id control, expr_id a, expr_id b,
		expr_id c);

/* Parts of such a node: all lanes; the exception flags, FP_NUM_FLAGS bits; FREM's quotient. */
expr_id expr_fp_value(struct expr_pool *pool, expr_id id);
expr_id expr_fp_flags(struct expr_pool *pool, expr_id id);
expr_id expr_fp_quotient(struct expr_pool *pool, expr_id id);

#endif
