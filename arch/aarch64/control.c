/*
 * Branches. BTYPE, which indirect ones set, is not modelled: on pages that are not guarded it changes nothing. Targets
 * with the low bits set fault at the fetch that follows.
 */
#include "arch/aarch64/aarch64.h"

enum {
	BRANCH_LINK = 1,
	BRANCH_AUTH = 2,
	BRANCH_NONZERO = 4,
	BRANCH_KEY_B = 8,
};

/* What a comparison of FEAT_CMPBR asks (param). Rows of bytes and halfwords add their width; other rows have sf. */
enum {
	COMPARE_EQ,
	COMPARE_LT,
	COMPARE_LO,
	COMPARE_RELATION = 3,
	COMPARE_NOT = 4,
	COMPARE_SWAP = 8, /* of the second operand with the first */
	COMPARE_NE = COMPARE_EQ | COMPARE_NOT,
	COMPARE_GE = COMPARE_LT | COMPARE_NOT,
	COMPARE_GT = COMPARE_LT | COMPARE_SWAP,
	COMPARE_HS = COMPARE_LO | COMPARE_NOT,
	COMPARE_HI = COMPARE_LO | COMPARE_SWAP,
	COMPARE_BYTE = 1 << 4,
	COMPARE_HALF = 2 << 4,
};

static expr_id target(struct a64_ctx *c)
{
	return a64_const(c, 64, c->pc + ((uint64_t)a64_signed_field(c, 'i') << 2));
}

static void goto_if(struct a64_ctx *c, expr_id cond)
{
	a64_goto(c, expr_ite(c->pool, cond, target(c), a64_const(c, 64, c->pc + 4)));
}

static void link_if_asked(struct a64_ctx *c)
{
	if (c->row->param & BRANCH_LINK)
		a64_set_x(c, 30, a64_const(c, 64, c->pc + 4));
}

static void build_branch(struct a64_ctx *c)
{
	link_if_asked(c);
	a64_goto(c, target(c));
}

/* B.cond and BC.cond */
static void build_branch_condition(struct a64_ctx *c)
{
	goto_if(c, a64_condition_holds(c, a64_field(c, 'c')));
}

/* CBZ, CBNZ */
static void build_compare_branch(struct a64_ctx *c)
{
	expr_id zero = expr_is_zero(c->pool, a64_read(c, 't'));

	goto_if(c, c->row->param & BRANCH_NONZERO ? expr_not(c->pool, zero) : zero);
}

/* CB<cc>, CBB<cc>, CBH<cc>: registers, or one and an immediate without a sign. */
static void build_compare_pair(struct a64_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->row->param & COMPARE_BYTE ? 8 : c->row->param & COMPARE_HALF ? 16 : c->width;
	expr_id first = a64_x(c, a64_field(c, 't'), width);
	expr_id second = a64_has(c, 'm') ? a64_x(c, a64_field(c, 'm'), width) : a64_const(c, width, a64_field(c, 'j'));
	expr_id a = c->row->param & COMPARE_SWAP ? second : first, b = c->row->param & COMPARE_SWAP ? first : second;
	unsigned relation = c->row->param & COMPARE_RELATION;
	expr_id holds = relation == COMPARE_EQ   ? expr_eq(p, a, b)
			: relation == COMPARE_LT ? expr_slt(p, a, b)
						 : expr_ult(p, a, b);

	goto_if(c, c->row->param & COMPARE_NOT ? expr_not(p, holds) : holds);
}

/* TBZ, TBNZ: the tested bit's number is b5:b40. */
static void build_test_branch(struct a64_ctx *c)
{
	unsigned n = a64_field(c, 'h') << 5 | a64_field(c, 'b');
	expr_id bit = expr_bit(c->pool, a64_x(c, a64_field(c, 't'), 64), n);

	goto_if(c, c->row->param & BRANCH_NONZERO ? bit : expr_not(c->pool, bit));
}

/* BR, BLR, RET, and those that authenticate the target. */
static void build_branch_register(struct a64_ctx *c)
{
	expr_id to = a64_x(c, a64_has(c, 'n') ? a64_field(c, 'n') : 30, 64);

	if (c->row->param & BRANCH_AUTH)
		to = a64_authenticate(c, to, c->row->param & BRANCH_KEY_B, true);
	link_if_asked(c);
	a64_goto(c, a64_without_tag(c, to)); /* BranchAddr() */
}

/* Of registers; the size is sf and two bits: words and doublewords 00, bytes 10, halfwords 11. */
#define COMPARE_REG(sf, size, param, name) \
	{sf " 1110100 000 mmmmm " size " iiiiiiiii ttttt", build_compare_pair, COMPARE_GT | (param), "----", \
	 name "gt"}, \
		{sf " 1110100 001 mmmmm " size " iiiiiiiii ttttt", build_compare_pair, COMPARE_GE | (param), "----", \
		 name "ge"}, \
		{sf " 1110100 010 mmmmm " size " iiiiiiiii ttttt", build_compare_pair, COMPARE_HI | (param), "----", \
		 name "hi"}, \
		{sf " 1110100 011 mmmmm " size " iiiiiiiii ttttt", build_compare_pair, COMPARE_HS | (param), "----", \
		 name "hs"}, \
		{sf " 1110100 110 mmmmm " size " iiiiiiiii ttttt", build_compare_pair, COMPARE_EQ | (param), "----", \
		 name "eq"}, \
	{ \
		sf " 1110100 111 mmmmm " size " iiiiiiiii ttttt", build_compare_pair, COMPARE_NE | (param), "----", \
			name "ne" \
	}

/* clang-format off */
static const struct a64_row a64_control[] = {
	/* encoding                                build                   param                             nzcv    name */
	{"0 00101 iiiiiiiiiiiiiiiiiiiiiiiiii",      build_branch,           0,                                        "----", "b"},
	{"1 00101 iiiiiiiiiiiiiiiiiiiiiiiiii",      build_branch,           BRANCH_LINK,                              "----", "bl"},
	{"01010100 iiiiiiiiiiiiiiiiiii 0 cccc",     build_branch_condition, 0,                                        "----", "b.cond"},
	{"01010100 iiiiiiiiiiiiiiiiiii 1 cccc",     build_branch_condition, 0,                                        "----", "bc.cond"},
	{"s 011010 0 iiiiiiiiiiiiiiiiiii ttttt",    build_compare_branch,   0,                                        "----", "cbz"},
	{"s 011010 1 iiiiiiiiiiiiiiiiiii ttttt",    build_compare_branch,   BRANCH_NONZERO,                           "----", "cbnz"},
	COMPARE_REG("s", "00", 0, "cb"),
	COMPARE_REG("0", "10", COMPARE_BYTE, "cbb"),
	COMPARE_REG("0", "11", COMPARE_HALF, "cbh"),
	{"s 1110101 000 jjjjjj 0 iiiiiiiii ttttt",  build_compare_pair,     COMPARE_GT,                               "----", "cbgt imm"},
	{"s 1110101 001 jjjjjj 0 iiiiiiiii ttttt",  build_compare_pair,     COMPARE_LT,                               "----", "cblt imm"},
	{"s 1110101 010 jjjjjj 0 iiiiiiiii ttttt",  build_compare_pair,     COMPARE_HI,                               "----", "cbhi imm"},
	{"s 1110101 011 jjjjjj 0 iiiiiiiii ttttt",  build_compare_pair,     COMPARE_LO,                               "----", "cblo imm"},
	{"s 1110101 110 jjjjjj 0 iiiiiiiii ttttt",  build_compare_pair,     COMPARE_EQ,                               "----", "cbeq imm"},
	{"s 1110101 111 jjjjjj 0 iiiiiiiii ttttt",  build_compare_pair,     COMPARE_NE,                               "----", "cbne imm"},
	{"h 011011 0 bbbbb iiiiiiiiiiiiii ttttt",   build_test_branch,      0,                                        "----", "tbz"},
	{"h 011011 1 bbbbb iiiiiiiiiiiiii ttttt",   build_test_branch,      BRANCH_NONZERO,                           "----", "tbnz"},
	{"1101011 0 0 00 11111 000000 nnnnn 00000", build_branch_register,  0,                                        "----", "br"},
	{"1101011 0 0 01 11111 000000 nnnnn 00000", build_branch_register,  BRANCH_LINK,                              "----", "blr"},
	{"1101011 0 0 10 11111 000000 nnnnn 00000", build_branch_register,  0,                                        "----", "ret"},
	{"1101011 0 0 00 11111 000010 nnnnn 11111", build_branch_register,  BRANCH_AUTH,                              "----", "braaz"},
	{"1101011 0 0 00 11111 000011 nnnnn 11111", build_branch_register,  BRANCH_AUTH | BRANCH_KEY_B,               "----", "brabz"},
	{"1101011 1 0 00 11111 000010 nnnnn mmmmm", build_branch_register,  BRANCH_AUTH,                              "----", "braa"},
	{"1101011 1 0 00 11111 000011 nnnnn mmmmm", build_branch_register,  BRANCH_AUTH | BRANCH_KEY_B,               "----", "brab"},
	{"1101011 0 0 01 11111 000010 nnnnn 11111", build_branch_register,  BRANCH_LINK | BRANCH_AUTH,                "----", "blraaz"},
	{"1101011 0 0 01 11111 000011 nnnnn 11111", build_branch_register,  BRANCH_LINK | BRANCH_AUTH | BRANCH_KEY_B, "----", "blrabz"},
	{"1101011 1 0 01 11111 000010 nnnnn mmmmm", build_branch_register,  BRANCH_LINK | BRANCH_AUTH,                "----", "blraa"},
	{"1101011 1 0 01 11111 000011 nnnnn mmmmm", build_branch_register,  BRANCH_LINK | BRANCH_AUTH | BRANCH_KEY_B, "----", "blrab"},
	{"1101011 0 0 10 11111 000010 11111 11111", build_branch_register,  BRANCH_AUTH,                              "----", "retaa"},
	{"1101011 0 0 10 11111 000011 11111 11111", build_branch_register,  BRANCH_AUTH | BRANCH_KEY_B,               "----", "retab"},
	/* Undefined at EL0: Arm ARM C6.2, ERET and DRPS. */
	{"1101011 0 100 11111 000000 11111 00000", a64_build_fault, FAULT_UNDEFINED, "----", "eret"},
	{"1101011 0 100 11111 00001x 11111 11111", a64_build_fault, FAULT_UNDEFINED, "----", "eretaa"},
	{"1101011 0 101 11111 000000 11111 00000", a64_build_fault, FAULT_UNDEFINED, "----", "drps"},
};
/* clang-format on */

A64_TABLE(a64_control);
