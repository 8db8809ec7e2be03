/*
 * Pointer authentication (Arm ARM D8.10). What code a pointer gets depends on keys, which no target shows: its bits are
 * taken over from the target, and all others of the result are known. An authentication may succeed or fail, and what
 * it leaves then is known but for which of both it was. Linux has all keys enabled (arch/arm64/kernel/pointer_auth.c).
 */
#include "arch/aarch64/aarch64.h"
#include "arch/aarch64/cpu.h"

/* What an encoding does (param), and the register of those that name none. */
enum {
	PA_KEY_B = 1,
	PA_LINK = 0 << 1, /* X30 */
	PA_X17 = 1 << 1,
	PA_WRITE_BACK = 1 << 2,
};

/* The bits that a code takes in this pointer: by bit 55, which keeps its value. */
static expr_id code_bits(struct a64_ctx *c, expr_id pointer)
{
	uint64_t lower, upper;

	a64_code_bits(c->cpu, false, &lower);
	a64_code_bits(c->cpu, true, &upper);
	return expr_ite(c->pool, expr_bit(c->pool, pointer, 55), a64_const(c, 64, upper), a64_const(c, 64, lower));
}

/* Is it known exactly which bits those are? */
static bool knows_bits(const struct a64_ctx *c)
{
	uint64_t bits;

	return a64_code_bits(c->cpu, false, &bits) && a64_code_bits(c->cpu, true, &bits);
}

static bool knows(const struct a64_ctx *c, unsigned feature, bool has)
{
	return isa_cpu_knows(c->cpu, feature) && isa_cpu_has(c->cpu, feature) == has;
}

/* AddPAC(): a code in its place. */
static expr_id add_code(struct a64_ctx *c, expr_id pointer)
{
	struct expr_pool *p = c->pool;
	expr_id bits = code_bits(c, pointer), code = expr_env(p, 64, ENV_POINTER_CODE);

	return expr_or(p, expr_and(p, pointer, expr_not(p, bits)), expr_and(p, code, bits));
}

/* Strip(): bit 55 in place of the code. Where it is not known how far that goes, bits below may be as they were. */
static expr_id strip(struct a64_ctx *c, expr_id pointer)
{
	struct expr_pool *p = c->pool;
	expr_id sign = expr_sext(p, expr_bit(p, pointer, 55), 64);
	expr_id code = expr_and(p, expr_xor(p, pointer, sign), code_bits(c, pointer));

	if (!knows_bits(c))
		code = expr_and(p, code, expr_env(p, 64, ENV_POINTER_CODE));
	return expr_xor(p, pointer, code);
}

/*
 * Auth() without FEAT_PAuth2, of a pointer whose code was wrong: the upper two bits that a code takes beside bit 55 are
 * 01 for key A and 10 for key B.
 */
static expr_id poison(struct a64_ctx *c, expr_id stripped, bool key_b)
{
	struct expr_pool *p = c->pool;
	expr_id high = expr_msb(p, code_bits(c, stripped));
	expr_id place = expr_ite(p, high, a64_const(c, 64, 61), a64_const(c, 64, 53));
	expr_id field = expr_shl(p, a64_const(c, 64, 3), place);
	expr_id code = expr_shl(p, a64_const(c, 64, key_b ? 2 : 1), place);

	return expr_or(p, expr_and(p, stripped, expr_not(p, field)), code);
}

expr_id a64_authenticate(struct a64_ctx *c, expr_id pointer, bool key_b, bool combined)
{
	struct expr_pool *p = c->pool;
	unsigned raises = combined ? FEAT_FPACCOMBINE : FEAT_FPAC;

	if (!knows(c, raises, false))
		c->may_fault |= 1u << FAULT_UNDEFINED;
	if (knows(c, raises, true))
		return strip(c, pointer);
	if (knows(c, FEAT_PAuth2, false) && knows_bits(c))
		return expr_ite(p, expr_env(p, 1, ENV_POINTER_CODE), strip(c, pointer),
				poison(c, strip(c, pointer), key_b));
	return add_code(c, pointer);
}

/* ---- In a register ---- */

/* PACIA, PACIZA and their kin on register d. */
static void build_pac(struct a64_ctx *c)
{
	a64_write(c, 'd', add_code(c, a64_read(c, 'd')));
}

static void build_aut(struct a64_ctx *c)
{
	a64_write(c, 'd', a64_authenticate(c, a64_read(c, 'd'), c->row->param & PA_KEY_B, false));
}

static void build_xpac(struct a64_ctx *c)
{
	a64_write(c, 'd', strip(c, a64_read(c, 'd')));
}

/* The hints, which do nothing without the feature. */
static void set_by_hint(struct a64_ctx *c, expr_id value)
{
	if (!knows(c, FEAT_PAuth, false))
		a64_set_x(c, c->row->param & PA_X17 ? 17 : 30, value);
	else
		c->may_fault = 0;
}

static expr_id read_for_hint(struct a64_ctx *c)
{
	return a64_x(c, c->row->param & PA_X17 ? 17 : 30, 64);
}

static void build_pac_hint(struct a64_ctx *c)
{
	set_by_hint(c, add_code(c, read_for_hint(c)));
}

static void build_aut_hint(struct a64_ctx *c)
{
	set_by_hint(c, a64_authenticate(c, read_for_hint(c), c->row->param & PA_KEY_B, false));
}

static void build_xpac_hint(struct a64_ctx *c)
{
	set_by_hint(c, strip(c, read_for_hint(c)));
}

/* PACGA: a code of 32 bits. */
static void build_generic(struct a64_ctx *c)
{
	expr_id code = expr_env(c->pool, 32, ENV_POINTER_CODE);

	a64_write(c, 'd', expr_concat(c->pool, code, a64_const(c, 32, 0)));
}

/* ---- And what it points to ---- */

/*
 * LDRAA, LDRAB. A pointer that fails without an exception of its own is none that anything is mapped at: the access
 * faults. That the base is also what is loaded, with write-back, is CONSTRAINED UNPREDICTABLE (Arm ARM K1.2).
 */
static void build_load(struct a64_ctx *c)
{
	unsigned n = a64_field(c, 'n'), t = a64_field(c, 't');
	bool write_back = c->row->param & PA_WRITE_BACK;
	int64_t imm = a64_field(c, 'h') ? (int64_t)a64_field(c, 'i') - 512 : a64_field(c, 'i');
	expr_id base = a64_base(c);

	a64_authenticate(c, base, c->row->param & PA_KEY_B, true);
	if (!knows(c, FEAT_FPACCOMBINE, true))
		c->may_fault |= 1u << FAULT_PAGE;
	expr_id address = a64_offset(c, strip(c, base), 8 * imm);
	a64_set_x(c, t, a64_load(c, address, 64));
	if (write_back)
		a64_write_back(c, n == t && n != 31 ? expr_undef(c->pool, 64) : address);
}

#define HINT(crm, op2, build, param, name) \
	{ \
		"1101010100 0 00 011 0010 " crm " " op2 " 11111", build, param, "----", name \
	}
#define REGISTER(op, build, param, name) \
	{ \
		"1 1 0 11010110 00001 00 " op " ddddd", build, param, "----", name \
	}
#define LOAD(key, write_back, param, name) \
	{ \
		"11 111 0 00 " key " h 1 iiiiiiiii " write_back " 1 nnnnn ttttt", build_load, param, "----", name \
	}

/* clang-format off */
static const struct a64_row a64_pauth[] = {
	HINT("0000", "111", build_xpac_hint, PA_LINK,            "xpaclri"),
	HINT("0001", "000", build_pac_hint,  PA_X17,             "pacia1716"),
	HINT("0001", "010", build_pac_hint,  PA_X17,             "pacib1716"),
	HINT("0001", "100", build_aut_hint,  PA_X17,             "autia1716"),
	HINT("0001", "110", build_aut_hint,  PA_X17 | PA_KEY_B,  "autib1716"),
	HINT("0011", "000", build_pac_hint,  PA_LINK,            "paciaz"),
	HINT("0011", "001", build_pac_hint,  PA_LINK,            "paciasp"),
	HINT("0011", "010", build_pac_hint,  PA_LINK,            "pacibz"),
	HINT("0011", "011", build_pac_hint,  PA_LINK,            "pacibsp"),
	HINT("0011", "100", build_aut_hint,  PA_LINK,            "autiaz"),
	HINT("0011", "101", build_aut_hint,  PA_LINK,            "autiasp"),
	HINT("0011", "110", build_aut_hint,  PA_LINK | PA_KEY_B, "autibz"),
	HINT("0011", "111", build_aut_hint,  PA_LINK | PA_KEY_B, "autibsp"),

	REGISTER("0 000 nnnnn", build_pac,  0,        "pacia"),
	REGISTER("0 001 nnnnn", build_pac,  0,        "pacib"),
	REGISTER("0 010 nnnnn", build_pac,  0,        "pacda"),
	REGISTER("0 011 nnnnn", build_pac,  0,        "pacdb"),
	REGISTER("0 100 nnnnn", build_aut,  0,        "autia"),
	REGISTER("0 101 nnnnn", build_aut,  PA_KEY_B, "autib"),
	REGISTER("0 110 nnnnn", build_aut,  0,        "autda"),
	REGISTER("0 111 nnnnn", build_aut,  PA_KEY_B, "autdb"),
	REGISTER("1 000 11111", build_pac,  0,        "paciza"),
	REGISTER("1 001 11111", build_pac,  0,        "pacizb"),
	REGISTER("1 010 11111", build_pac,  0,        "pacdza"),
	REGISTER("1 011 11111", build_pac,  0,        "pacdzb"),
	REGISTER("1 100 11111", build_aut,  0,        "autiza"),
	REGISTER("1 101 11111", build_aut,  PA_KEY_B, "autizb"),
	REGISTER("1 110 11111", build_aut,  0,        "autdza"),
	REGISTER("1 111 11111", build_aut,  PA_KEY_B, "autdzb"),
	{"1 1 0 11010110 00001 01 0 000 11111 ddddd", build_xpac,    0, "----", "xpaci"},
	{"1 1 0 11010110 00001 01 0 001 11111 ddddd", build_xpac,    0, "----", "xpacd"},
	{"1 0 0 11010110 mmmmm 001100 nnnnn ddddd",   build_generic, 0, "----", "pacga"},

	LOAD("0", "0", 0,                        "ldraa"),
	LOAD("0", "1", PA_WRITE_BACK,            "ldraa pre"),
	LOAD("1", "0", PA_KEY_B,                 "ldrab"),
	LOAD("1", "1", PA_KEY_B | PA_WRITE_BACK, "ldrab pre"),
};
/* clang-format on */

A64_TABLE(a64_pauth);
