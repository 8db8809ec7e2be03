#include "lib/oracle/x86_64_gen.h"

#include <string.h>

#include "lib/oracle/selftest.h"

enum { MAP_1, MAP_0F, MAP_0F38, MAP_0F3A };

/* What selects an instruction besides its opcode. */
struct variant {
	uint8_t prefix; /* 66, F2, F3 or F0; 0: none */
	bool w;
};

static const struct variant legacy_variants[] = {
	{0, false},   {0, true},     {0x66, false}, {0x66, true},  {0xf3, false},
	{0xf3, true}, {0xf2, false}, {0xf2, true},  {0xf0, false}, {0xf0, true},
};

/* VEX: pp, W and L in the bits of a number. */
enum { NUM_LEGACY = sizeof legacy_variants / sizeof *legacy_variants, NUM_VEX = 16 };
enum { NUM_FORMS = 16 }; /* ModRM.reg, and whether there is a memory operand */

/*
 * Opcodes of a map as a picture: a row for each high digit, a column for each low one.
 *   .  no ModRM    m  ModRM    g  ModRM whose reg field is part of the opcode    x  not an opcode: prefixes and escapes
 */
static const char *const pictures[] = {
	[MAP_1] = "mmmm....mmmm...x"
		  "mmmm....mmmm...."
		  "mmmm..x.mmmm..x."
		  "mmmm..x.mmmm..x."
		  "xxxxxxxxxxxxxxxx"
		  "................"
		  "...mxxxx.m.m...."
		  "................"
		  "ggggmmmmmmmmmmmg"
		  "................"
		  "................"
		  "................"
		  "gg..xxgg........"
		  "gggg....gggggggg"
		  "................"
		  "x.xx..gg......gg",
	[MAP_0F] = "ggmm......x..g.m"
		   "mmmmmmmmgggggggg"
		   "mmmmmmmmmmmmmmmm"
		   "........x.x....."
		   "mmmmmmmmmmmmmmmm"
		   "mmmmmmmmmmmmmmmm"
		   "mmmmmmmmmmmmmmmm"
		   "mgggmmm.mmmmmmmm"
		   "................"
		   "mmmmmmmmmmmmmmmm"
		   "...mmm.....mmmgm"
		   "mmmmmmmmmmgmmmmm"
		   "mmmmmmmg........"
		   "mmmmmmmmmmmmmmmm"
		   "mmmmmmmmmmmmmmmm"
		   "mmmmmmmmmmmmmmmm",
};

static const struct {
	uint8_t map;
	bool vex;
	unsigned variants;
} spaces[] = {
	{MAP_1, false, NUM_LEGACY},    {MAP_0F, false, NUM_LEGACY}, {MAP_0F38, false, NUM_LEGACY},
	{MAP_0F3A, false, NUM_LEGACY}, {MAP_0F, true, NUM_VEX},     {MAP_0F38, true, NUM_VEX},
	{MAP_0F3A, true, NUM_VEX},
};

enum { NUM_SPACES = sizeof spaces / sizeof *spaces };

/* A shape, and the encoding that is being made of it. */
struct encoding {
	uint8_t map, opcode;
	bool vex, has_modrm, mem;
	unsigned variant;
	int digit; /* ModRM.reg, or -1: any */
	struct rng *rng;
	uint8_t *bytes;
	size_t len;
};

static size_t space_size(size_t space)
{
	return (size_t)256 * spaces[space].variants * NUM_FORMS;
}

size_t x86_64_gen_count(void)
{
	size_t count = 0;

	for (size_t i = 0; i < NUM_SPACES; i++)
		count += space_size(i);
	return count;
}

/* The column of the picture; the two maps without one have a ModRM byte throughout, and one group. */
static char kind_of(const struct encoding *e)
{
	if (e->map == MAP_0F38 && e->vex && e->opcode == 0xf3)
		return 'g';
	return e->map < sizeof pictures / sizeof *pictures ? pictures[e->map][e->opcode] : 'm';
}

static bool find_shape(size_t shape, struct encoding *e)
{
	size_t space = 0;

	while (space < NUM_SPACES && shape >= space_size(space))
		shape -= space_size(space++);
	if (space == NUM_SPACES)
		return false;
	e->map = spaces[space].map;
	e->vex = spaces[space].vex;
	e->mem = shape % 2;
	e->digit = (int)(shape / 2 % 8);
	e->variant = (unsigned)(shape / NUM_FORMS % spaces[space].variants);
	e->opcode = (uint8_t)(shape / NUM_FORMS / spaces[space].variants);

	char kind = kind_of(e);
	e->has_modrm = kind == 'm' || kind == 'g';
	if (kind == 'x' || (!e->has_modrm && e->mem) || (kind != 'g' && e->digit != 0))
		return false;
	if (kind != 'g')
		e->digit = -1;
	return true;
}

/* Where the whole ModRM byte is part of the opcode. */
unsigned x86_64_gen_variety(size_t shape)
{
	struct encoding e = {0};

	return find_shape(shape, &e) && e.map == MAP_0F && !e.vex && !e.mem && (e.opcode == 0x01 || e.opcode == 0x1e)
		       ? 8
		       : 1;
}

static bool one_in(const struct encoding *e, uint32_t n)
{
	return rng_below(e->rng, n) == 0;
}

static void put(struct encoding *e, uint8_t byte)
{
	e->bytes[e->len++] = byte;
}

static void put_u32(struct encoding *e, uint32_t value)
{
	memcpy(e->bytes + e->len, &value, sizeof value);
	e->len += sizeof value;
}

/* String instructions, LOOP and JrCXZ, XLAT. */
static bool has_implied_address(const struct encoding *e)
{
	return e->map == MAP_1 && !e->vex &&
	       ((e->opcode >= 0xa4 && e->opcode <= 0xaf) || (e->opcode >= 0xe0 && e->opcode <= 0xe3) ||
		e->opcode == 0xd7);
}

/* Segment overrides and the address size, which any instruction may have. */
static void put_common_prefixes(struct encoding *e)
{
	static const uint8_t segments[] = {0x64, 0x65, 0x64, 0x65, 0x2e, 0x36, 0x3e, 0x26};

	if (one_in(e, e->mem ? 8 : 32))
		put(e, segments[rng_below(e->rng, sizeof segments)]);
	if (one_in(e, e->mem || has_implied_address(e) ? 16 : 32))
		put(e, 0x67);
}

/*
 * Prefixes without effect: segments that a later one or the mode overrules, REX that is not in front of the opcode, one
 * of F2 and F3 in front of the one that counts, 66 once more. Now and then so many that the instruction is too long.
 */
static void put_idle_prefixes(struct encoding *e, uint8_t prefix)
{
	static const uint8_t segments[] = {0x2e, 0x36, 0x3e, 0x26};
	unsigned count = one_in(e, 24) ? 1 + rng_below(e->rng, 3) : one_in(e, 96) ? 4 + rng_below(e->rng, 9) : 0;

	for (unsigned i = 0; i < count; i++) {
		switch (rng_below(e->rng, 4)) {
		case 0: put(e, prefix == 0x66 || prefix == 0xf0 ? prefix : segments[0]); break;
		case 1: put(e, prefix == 0xf2 || prefix == 0xf3 ? prefix ^ 1 : segments[1]); break;
		case 2:
			put(e, (uint8_t)(0x40 | rng_below(e->rng, 16)));
			put(e, segments[rng_below(e->rng, sizeof segments)]);
			break;
		default: put(e, segments[rng_below(e->rng, sizeof segments)]); break;
		}
	}
}

static void put_legacy(struct encoding *e)
{
	const struct variant *v = &legacy_variants[e->variant];
	uint8_t rex = (uint8_t)(0x40 | rng_below(e->rng, 8) | (v->w ? 8 : 0));

	put_idle_prefixes(e, v->prefix);
	put_common_prefixes(e);
	if (v->prefix)
		put(e, v->prefix);
	/* Both together where one selects the instruction (CRC32, POPCNT of 16 bits), or means nothing. */
	if ((v->prefix == 0xf2 || v->prefix == 0xf3) && one_in(e, 8))
		put(e, 0x66);
	if (v->w || one_in(e, 2))
		put(e, rex);
	if (e->map != MAP_1)
		put(e, 0x0f);
	if (e->map == MAP_0F38 || e->map == MAP_0F3A)
		put(e, e->map == MAP_0F38 ? 0x38 : 0x3a);
	put(e, e->opcode);
}

/* Inverted register bits: R, X, B and vvvv. Many instructions want vvvv to be none. */
static void put_vex(struct encoding *e)
{
	uint8_t pp = e->variant & 3, w = e->variant >> 2 & 1, l = e->variant >> 3 & 1;
	uint8_t vvvv = one_in(e, 2) ? 15 : (uint8_t)rng_below(e->rng, 16);
	uint8_t low = (uint8_t)(w << 7 | vvvv << 3 | l << 2 | pp);

	put_common_prefixes(e);
	if (e->map == MAP_0F && !w && one_in(e, 2)) {
		put(e, 0xc5);
		put(e, (uint8_t)((low & 0x7f) | rng_below(e->rng, 2) << 7));
	} else {
		put(e, 0xc4);
		put(e, (uint8_t)(rng_below(e->rng, 8) << 5 | e->map));
		put(e, low);
	}
	put(e, e->opcode);
}

/* Displacements that no register can make up for point to where there is memory; the others are mostly small. */
static void put_disp32(struct encoding *e, bool rip, bool absolute)
{
	uint32_t random = (uint32_t)rng_next(e->rng);

	if (rip)
		put_u32(e, random % 0x1000 - 0x800);
	else if (absolute)
		put_u32(e, (uint32_t)SELFTEST_LOW_WINDOW + random % 0x2000);
	else
		put_u32(e, one_in(e, 8) ? random : random % 0x1000 - 0x800);
}

static void put_modrm(struct encoding *e)
{
	uint8_t mod = e->mem ? (uint8_t)rng_below(e->rng, 3) : 3, rm = (uint8_t)rng_below(e->rng, 8);
	uint8_t reg = e->digit < 0 ? (uint8_t)rng_below(e->rng, 8) : (uint8_t)e->digit, base = rm;

	put(e, (uint8_t)(mod << 6 | reg << 3 | rm));
	if (!e->mem)
		return;
	if (rm == 4) {
		uint8_t sib = (uint8_t)rng_next(e->rng);
		base = sib & 7;
		put(e, sib);
	}
	if (mod == 2 || (mod == 0 && base == 5))
		put_disp32(e, mod == 0 && rm == 5, mod == 0);
	else if (mod == 1)
		put(e, (uint8_t)rng_next(e->rng));
}

/* Immediates, or what comes after: random, but often small or negative. */
static void put_tail(struct encoding *e)
{
	uint64_t tail[2] = {rng_next(e->rng), rng_next(e->rng)};

	switch (rng_below(e->rng, 4)) {
	case 0: tail[0] = tail[0] % 72; break;
	case 1: tail[0] = 0 - tail[0] % 72; break;
	default: break;
	}
	/* An absolute address of 8 bytes, or of 4 with the prefix. */
	if (e->map == MAP_1 && !e->vex && (e->opcode & 0xfc) == 0xa0)
		tail[0] = SELFTEST_LOW_WINDOW + rng_below(e->rng, 0x2000);
	if (e->len < X86_64_GEN_LEN)
		memcpy(e->bytes + e->len, tail, X86_64_GEN_LEN - e->len);
}

bool x86_64_gen(size_t shape, struct rng *rng, uint8_t ret[X86_64_GEN_LEN])
{
	uint8_t bytes[64] = {0};
	struct encoding e = {.rng = rng, .bytes = bytes};

	if (!find_shape(shape, &e))
		return false;
	if (e.vex)
		put_vex(&e);
	else
		put_legacy(&e);
	if (e.has_modrm)
		put_modrm(&e);
	/* At most 28 prefixes, REX, 3 bytes of opcode, ModRM, SIB and 4 of displacement: 38. */
	put_tail(&e);
	memcpy(ret, bytes, X86_64_GEN_LEN);
	return true;
}
