/* CMPPS, CMPPD, CMPSS, CMPSD and their VEX encodings: lanes of all ones where a relation holds (SDM vol. 2, CMPPD). */
#include "arch/x86_64/sse_fp.h"

enum { L = FP_LESS, E = FP_EQUAL, G = FP_GREATER, U = FP_UNORDERED };

/* The relations by the lower four bits of the predicate, and which of these signal quiet NaNs (SDM vol. 2, table 3-1):
 * with bit 4 it is the others that do. */
static const struct {
	uint8_t relations;
	bool signals;
} predicates[16] = {
	{E, false},         {L, true},         {L | E, true},     {U, false},             /* EQ LT LE UNORD */
	{L | G | U, false}, {E | G | U, true}, {G | U, true},     {L | E | G, false},     /* NEQ NLT NLE ORD */
	{E | U, false},     {L | U, true},     {L | E | U, true}, {0, false},             /* EQ_U NGE NGT FALSE */
	{L | G, false},     {E | G, true},     {G, true},         {L | E | G | U, false}, /* NEQ_O GE GT TRUE */
};

/* The legacy encodings have three bits of predicate; the others are reserved. */
static void build_compare(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned predicate = simd_imm(c) & (c->raw.vex ? 31 : 7), first = simd_first(c);
	struct fp_spec s = sse_spec(f);
	expr_id b = simd_fp_operand(c, first + 1, sse_is_packed(f), sse_lane(f));
	expr_id a = simd_fp_operand(c, first, sse_is_packed(f), sse_lane(f));

	s.relations = predicates[predicate & 15].relations;
	s.quiet = predicates[predicate & 15].signals == (predicate >> 4 & 1);
	sse_finish(c, f, simd_fp(c, EXPR_FCMP, &s, a, b, EXPR_NONE), first);
}

/* clang-format off */
static const struct x86_form x86_sse_compare[] = {
	SSE_FOUR("cmp", "C2", " Ib", build_compare, 0),
};
/* clang-format on */

X86_TABLE(x86_sse_compare);
