#include "lib/expr/rewrite.h"

expr_id rewrite(struct expr_pool *pool, const struct expr *n)
{
	const struct rewrite_rule *rules = rewrite_rules[n->op];

	for (unsigned i = 0; rules && rules[i].name; i++) {
		if (!rules[i].match(pool, n))
			continue;
#ifdef VALIDATE_DEBUG
		pool->rule_hits[n->op][i]++;
#endif
		return rules[i].apply(pool, n);
	}
	return EXPR_NONE;
}

extern const struct rewrite_rule rewrite_not[], rewrite_and[], rewrite_or[], rewrite_xor[], rewrite_reversal[];
extern const struct rewrite_rule rewrite_neg[], rewrite_add[], rewrite_sub[], rewrite_mul[], rewrite_udiv[],
	rewrite_urem[], rewrite_shift[], rewrite_ashr[], rewrite_rotate[];
extern const struct rewrite_rule rewrite_eq[], rewrite_ult[], rewrite_ule[], rewrite_slt[], rewrite_sle[];
extern const struct rewrite_rule rewrite_ite[], rewrite_concat[], rewrite_extract[], rewrite_zext[], rewrite_sext[];
extern const struct rewrite_rule rewrite_vadd[], rewrite_vadds[], rewrite_vsub[], rewrite_vsubs[], rewrite_vmul[],
	rewrite_vminmax[], rewrite_veq[], rewrite_vgt[], rewrite_vshift[], rewrite_vunary[], rewrite_vperm[],
	rewrite_vresize[];

const struct rewrite_rule *const rewrite_rules[EXPR_NUM_OPS] = {
	[EXPR_NOT] = rewrite_not,         [EXPR_AND] = rewrite_and,         [EXPR_OR] = rewrite_or,
	[EXPR_XOR] = rewrite_xor,         [EXPR_BSWAP] = rewrite_reversal,  [EXPR_BITREV] = rewrite_reversal,
	[EXPR_NEG] = rewrite_neg,         [EXPR_ADD] = rewrite_add,         [EXPR_SUB] = rewrite_sub,
	[EXPR_MUL] = rewrite_mul,         [EXPR_UDIV] = rewrite_udiv,       [EXPR_SDIV] = rewrite_udiv,
	[EXPR_UREM] = rewrite_urem,       [EXPR_SHL] = rewrite_shift,       [EXPR_LSHR] = rewrite_shift,
	[EXPR_ASHR] = rewrite_ashr,       [EXPR_ROL] = rewrite_rotate,      [EXPR_ROR] = rewrite_rotate,
	[EXPR_EQ] = rewrite_eq,           [EXPR_ULT] = rewrite_ult,         [EXPR_ULE] = rewrite_ule,
	[EXPR_SLT] = rewrite_slt,         [EXPR_SLE] = rewrite_sle,         [EXPR_ITE] = rewrite_ite,
	[EXPR_CONCAT] = rewrite_concat,   [EXPR_EXTRACT] = rewrite_extract, [EXPR_ZEXT] = rewrite_zext,
	[EXPR_SEXT] = rewrite_sext,       [EXPR_VADD] = rewrite_vadd,       [EXPR_VADDUS] = rewrite_vadds,
	[EXPR_VADDSS] = rewrite_vadds,    [EXPR_VSUB] = rewrite_vsub,       [EXPR_VSUBUS] = rewrite_vsubs,
	[EXPR_VSUBSS] = rewrite_vsubs,    [EXPR_VMUL] = rewrite_vmul,       [EXPR_VAVGU] = rewrite_vminmax,
	[EXPR_VMINU] = rewrite_vminmax,   [EXPR_VMINS] = rewrite_vminmax,   [EXPR_VMAXU] = rewrite_vminmax,
	[EXPR_VMAXS] = rewrite_vminmax,   [EXPR_VEQ] = rewrite_veq,         [EXPR_VGTU] = rewrite_vgt,
	[EXPR_VGTS] = rewrite_vgt,        [EXPR_VSHL] = rewrite_vshift,     [EXPR_VLSHR] = rewrite_vshift,
	[EXPR_VASHR] = rewrite_vshift,    [EXPR_VSHLV] = rewrite_vshift,    [EXPR_VLSHRV] = rewrite_vshift,
	[EXPR_VASHRV] = rewrite_vshift,   [EXPR_VNEG] = rewrite_vunary,     [EXPR_VPERM] = rewrite_vperm,
	[EXPR_VMSB] = rewrite_vresize,    [EXPR_VWIDENU] = rewrite_vresize, [EXPR_VWIDENS] = rewrite_vresize,
	[EXPR_VNARROW] = rewrite_vresize, [EXPR_VSUM] = rewrite_vresize,
};
