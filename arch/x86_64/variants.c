/*
 * Encodings of the opcode table's rows. A variant is a row with a choice of what it leaves open and what an instruction
 * can be told by: prefixes, W, L, a register or a memory operand. What else an encoding has is random: registers,
 * addressing, immediates, the address size, prefixes without effect. A row that stands before another may take some of
 * its encodings.
 */
#include "arch/x86_64/variants.h"

#include <string.h>

#include "arch/x86_64/x86_64.h"
#include "lib/base/rng.h"

/* Prefixes in front of legacy opcodes. */
struct prefixes {
	uint8_t pp; /* as x86_encoding.prefixes counts: none, 66, F3, F2 */
	bool opsize, lock;
};

static const struct prefixes legacy_prefixes[] = {
	{0, false, false}, {1, true, false}, {2, false, false}, {3, false, false},
	{2, true, false},  {3, true, false}, {0, false, true},  {1, true, true},
};

enum { NUM_PREFIXES = sizeof legacy_prefixes / sizeof *legacy_prefixes, NUM_VEX_PREFIXES = 4 };
enum { NUM_VARIANTS = NUM_PREFIXES * 8 }; /* of a row, whether they are there or not */

/* A variant, and the encoding that is being made of it. */
struct variant {
	const struct x86_encoding *e;
	unsigned props; /* of the row */
	unsigned prefix;
	bool l, w, mem;
	uint64_t window;
	struct rng *rng;
	uint8_t *bytes;
	size_t len;
};

/* ---- Which there are ---- */

/* Does 66 say something beside F2 and F3? */
static bool has_operand_size(const struct x86_encoding *e)
{
	if (e->osize != 7)
		return true;
	for (unsigned i = 0; i < e->num_fields; i++) {
		const struct x86_size *s = &e->fields[i].size;
		if (s->type == X86_TYPE_V || s->type == X86_TYPE_Z || s->type == X86_TYPE_P || s->bits != s->bits_66)
			return true;
	}
	return false;
}

static bool allows_legacy(const struct variant *v)
{
	static const uint8_t size_bit[] = {2, 1, 4, 4}; /* of osize, by 66 and W */
	const struct prefixes *p = &legacy_prefixes[v->prefix];

	if (v->l || !(v->e->prefixes >> p->pp & 1) || !(v->e->osize & size_bit[p->opsize | v->w << 1]))
		return false;
	if (p->lock && p->opsize)
		return v->props & X86_LOCK;
	return p->pp < 2 || !p->opsize || has_operand_size(v->e);
}

static bool allows(const struct variant *v)
{
	const struct x86_encoding *e = v->e;

	if (e->has_modrm ? !(e->mods >> !v->mem & 1) : v->mem)
		return false;
	if (!(e->w >> v->w & 1))
		return false;
	if (e->space == X86_LEGACY)
		return allows_legacy(v);
	return v->prefix < NUM_VEX_PREFIXES && e->prefixes >> v->prefix & 1 && e->l >> v->l & 1;
}

static size_t count_variants(void)
{
	size_t num;

	x86_rows(&num);
	return num * NUM_VARIANTS;
}

static bool find_variant(size_t number, struct variant *ret)
{
	size_t num, row = number / NUM_VARIANTS;
	const struct x86_row *rows = x86_rows(&num);

	if (row >= num)
		return false;
	ret->e = &rows[row].encoding;
	ret->props = rows[row].form->props;
	ret->prefix = (unsigned)(number / 8 % NUM_PREFIXES);
	ret->l = number >> 2 & 1;
	ret->w = number >> 1 & 1;
	ret->mem = number & 1;
	return allows(ret);
}

/* ---- Bytes ---- */

static uint32_t below(const struct variant *v, uint32_t n)
{
	return rng_below(v->rng, n);
}

static bool one_in(const struct variant *v, uint32_t n)
{
	return below(v, n) == 0;
}

static void put(struct variant *v, uint8_t byte)
{
	v->bytes[v->len++] = byte;
}

static void put_u32(struct variant *v, uint32_t value)
{
	memcpy(v->bytes + v->len, &value, sizeof value);
	v->len += sizeof value;
}

/* Segment overrides and the address size, which any instruction may have. */
static void put_common_prefixes(struct variant *v)
{
	enum { A64 = 1, A32 = 2 };
	static const uint8_t segments[] = {0x64, 0x65, 0x64, 0x65, 0x2e, 0x36, 0x3e, 0x26};
	bool has_address = v->mem || v->e->implied || v->e->f64;

	if (one_in(v, v->mem ? 8 : 32))
		put(v, segments[below(v, sizeof segments)]);
	if (v->e->asize == A32 || (v->e->asize != A64 && one_in(v, has_address ? 16 : 32)))
		put(v, 0x67);
}

/*
 * Prefixes without effect: segments that a later one or the mode overrules, REX that is not in front of the opcode, one
 * of F2 and F3 in front of the one that counts, LOCK and 66 once more. Now and then so many that the instruction is too
 * long.
 */
static void put_idle_prefixes(struct variant *v)
{
	static const uint8_t segments[] = {0x2e, 0x36, 0x3e, 0x26};
	const struct prefixes *p = &legacy_prefixes[v->prefix];
	unsigned count = one_in(v, 24) ? 1 + below(v, 3) : one_in(v, 96) ? 4 + below(v, 9) : 0;

	for (unsigned i = 0; i < count; i++) {
		switch (below(v, 4)) {
		case 0: put(v, p->lock ? 0xf0 : p->opsize ? 0x66 : segments[0]); break;
		case 1: put(v, p->pp == 2 ? X86_REPNE : p->pp == 3 ? X86_REP : segments[1]); break;
		case 2:
			put(v, (uint8_t)(0x40 | below(v, 16)));
			put(v, segments[below(v, sizeof segments)]);
			break;
		default: put(v, segments[below(v, sizeof segments)]); break;
		}
	}
}

/* 66 before or behind the others. */
static void put_selecting_prefixes(struct variant *v)
{
	const struct prefixes *p = &legacy_prefixes[v->prefix];
	uint8_t other = p->lock ? 0xf0 : p->pp == 2 ? X86_REP : p->pp == 3 ? X86_REPNE : 0;
	bool opsize = p->opsize || (p->pp >= 2 && v->e->osize == 7 && one_in(v, 8)), first = one_in(v, 2);

	if (opsize && first)
		put(v, 0x66);
	if (other)
		put(v, other);
	if (opsize && !first)
		put(v, 0x66);
}

static void put_legacy(struct variant *v)
{
	uint8_t rex = (uint8_t)(0x40 | (below(v, 8) & (v->e->b0 ? 6 : 7)) | (v->w ? 8 : 0));

	put_idle_prefixes(v);
	put_common_prefixes(v);
	put_selecting_prefixes(v);
	if (v->w || one_in(v, 2))
		put(v, rex);
	if (v->e->map != X86_MAP_1)
		put(v, 0x0f);
	if (v->e->map == X86_MAP_0F38 || v->e->map == X86_MAP_0F3A)
		put(v, v->e->map == X86_MAP_0F38 ? 0x38 : 0x3a);
	put(v, v->e->opcode);
}

/* Inverted register bits: R, X, B and vvvv. */
static void put_vex(struct variant *v)
{
	enum { NO_REGISTER = 15 };
	uint8_t vvvv = v->e->uses_vvvv ? (uint8_t)below(v, 16) : NO_REGISTER;
	uint8_t low = (uint8_t)(v->w << 7 | vvvv << 3 | v->l << 2 | v->prefix);
	bool xop = v->e->space == X86_XOP;

	put_common_prefixes(v);
	if (!xop && v->e->map == X86_MAP_0F && !v->w && one_in(v, 2)) {
		put(v, 0xc5);
		put(v, (uint8_t)(low | below(v, 2) << 7));
	} else {
		put(v, xop ? 0x8f : 0xc4);
		put(v, (uint8_t)(below(v, 8) << 5 | (v->e->map - X86_MAP_1)));
		put(v, low);
	}
	put(v, v->e->opcode);
}

/* Displacements that no register can make up for point to where there is memory; the others are mostly small. */
static void put_disp32(struct variant *v, bool rip, bool absolute)
{
	uint32_t random = (uint32_t)rng_next(v->rng);

	if (rip)
		put_u32(v, random % 0x1000 - 0x800);
	else if (absolute)
		put_u32(v, (uint32_t)v->window + random % 0x2000);
	else
		put_u32(v, one_in(v, 8) ? random : random % 0x1000 - 0x800);
}

static void put_modrm(struct variant *v)
{
	enum { NUM_SEGMENTS = 6, RM_SIB = 4, RM_DISP = 5 };
	const struct x86_encoding *e = v->e;
	uint8_t mod = v->mem ? (uint8_t)below(v, 3) : 3, rm = (uint8_t)below(v, 8);
	uint8_t reg = (uint8_t)below(v, e->has_segment ? NUM_SEGMENTS : 8);

	if (e->vsib)
		rm = RM_SIB;
	uint8_t modrm = (uint8_t)(mod << 6 | reg << 3 | rm), base = rm;
	put(v, (uint8_t)((modrm & ~e->modrm_mask) | (e->modrm & e->modrm_mask)));
	if (!v->mem)
		return;
	if (rm == RM_SIB) {
		uint8_t sib = (uint8_t)rng_next(v->rng);
		base = sib & 7;
		put(v, sib);
	}
	if (mod == 2 || (mod == 0 && base == RM_DISP))
		put_disp32(v, mod == 0 && rm == RM_DISP, mod == 0);
	else if (mod == 1)
		put(v, (uint8_t)rng_next(v->rng));
}

/* Immediates, or what comes after: random, but often small or negative. */
static void put_tail(struct variant *v)
{
	uint64_t tail[2] = {rng_next(v->rng), rng_next(v->rng)};

	switch (below(v, 4)) {
	case 0: tail[0] = tail[0] % 72; break;
	case 1: tail[0] = 0 - tail[0] % 72; break;
	default: break;
	}
	/* Of 8 bytes, or of 4 with 67. */
	if (x86_has_absolute(v->e))
		tail[0] = v->window + below(v, 0x2000);
	if (v->len < ISA_MAX_INSN_LEN)
		memcpy(v->bytes + v->len, tail, ISA_MAX_INSN_LEN - v->len);
}

static bool make_variant(size_t number, struct rng *rng, uint64_t window, uint8_t ret[ISA_MAX_INSN_LEN])
{
	/* At most 28 prefixes, REX, 3 bytes of opcode, ModRM, SIB, 4 of displacement, and the suffix. */
	uint8_t bytes[64] = {0};
	struct variant v = {.rng = rng, .window = window, .bytes = bytes};

	if (!find_variant(number, &v))
		return false;
	if (v.e->space == X86_LEGACY)
		put_legacy(&v);
	else
		put_vex(&v);
	if (v.e->has_modrm)
		put_modrm(&v);
	if (v.e->has_suffix)
		put(&v, v.e->suffix);
	put_tail(&v);
	memcpy(ret, bytes, ISA_MAX_INSN_LEN);
	return true;
}

const struct isa_variants x86_variants = {
	.count = count_variants,
	.make = make_variant,
	.traits = x86_traits,
	.trait_names = x86_trait_names,
	.num_traits = X86_NUM_TRAITS,
};
