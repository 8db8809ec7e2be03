/*
 * All rows by opcode. The texts are parsed once in a process, when the first instruction is decoded; what comes of it
 * never changes.
 */
#include <pthread.h>
#include <string.h>

#include "arch/x86_64/x86_64.h"

enum {
	NUM_LEGACY_MAPS = 4,
	NUM_VEX_MAPS = 3,
	NUM_XOP_MAPS = 3,
	NUM_MAPS = NUM_LEGACY_MAPS + NUM_VEX_MAPS + NUM_XOP_MAPS
};
enum { NUM_SLOTS = NUM_MAPS << 8, MAX_ROWS = 1 << 13, NO_SLOT = -1 };

static struct x86_row rows[MAX_ROWS];
static uint16_t first[NUM_SLOTS + 1]; /* where an opcode's rows begin; they end where the next one's begin */
static size_t num_rows;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int slot_of(unsigned space, unsigned map, unsigned opcode)
{
	unsigned base = space == X86_LEGACY ? X86_MAP_1 : space == X86_VEX ? X86_MAP_0F : X86_XOP_8;
	unsigned num = space == X86_LEGACY ? NUM_LEGACY_MAPS : space == X86_VEX ? NUM_VEX_MAPS : NUM_XOP_MAPS;
	unsigned before = space == X86_LEGACY ? 0 : space == X86_VEX ? NUM_LEGACY_MAPS : NUM_LEGACY_MAPS + NUM_VEX_MAPS;

	if (map < base || map >= base + num)
		return NO_SLOT;
	return (int)((before + map - base) << 8 | opcode);
}

/* ---- Building ---- */

/* Calls fn for each row that parses, an opcode with a register in it being eight. */
static void each_row(void (*fn)(int slot, const struct x86_encoding *e, const struct x86_form *form))
{
	for (size_t i = 0; i < x86_num_families; i++) {
		for (size_t k = 0; k < x86_families[i]->len; k++) {
			const struct x86_form *form = &x86_families[i]->rows[k];
			struct x86_encoding e;
			if (!form->encoding || !x86_encoding_parse(form->encoding, form->operands, &e))
				continue;
			for (unsigned r = 0; r < (e.plus_r ? 8 : 1); r++)
				fn(slot_of(e.space, e.map, e.opcode + r), &e, form);
		}
	}
}

static void count_row(int slot, const struct x86_encoding *e, const struct x86_form *form)
{
	(void)e;
	(void)form;
	if (slot != NO_SLOT && num_rows < MAX_ROWS) {
		first[slot + 1]++;
		num_rows++;
	}
}

static void place_row(int slot, const struct x86_encoding *e, const struct x86_form *form)
{
	static uint16_t at[NUM_SLOTS];
	static size_t placed;

	if (slot == NO_SLOT || placed == MAX_ROWS)
		return;
	struct x86_row *row = &rows[first[slot] + at[slot]++];
	*row = (struct x86_row){*e, form};
	row->encoding.opcode = (uint8_t)slot;
	placed++;
}

/* A counting sort by opcode, which keeps the order of the tables. */
static void build_index(void)
{
	each_row(count_row);
	for (size_t i = 0; i < NUM_SLOTS; i++)
		first[i + 1] = (uint16_t)(first[i + 1] + first[i]);
	each_row(place_row);
}

const struct x86_row *x86_rows(size_t *num)
{
	pthread_once(&once, build_index);
	*num = num_rows;
	return rows;
}

/* ---- Looking up ---- */

static unsigned space_of(const struct x86_raw *raw)
{
	return raw->xop ? X86_XOP : raw->vex ? X86_VEX : X86_LEGACY;
}

static int slot_of_raw(const struct x86_raw *raw)
{
	pthread_once(&once, build_index);
	return slot_of(space_of(raw), raw->map, raw->opcode);
}

struct x86_shape x86_opcode_shape(const struct x86_raw *raw)
{
	int slot = slot_of_raw(raw);
	struct x86_shape shape = {.exists = false};

	for (unsigned i = slot == NO_SLOT ? 0 : first[slot]; slot != NO_SLOT && i < first[slot + 1]; i++) {
		shape.exists = true;
		shape.has_modrm = rows[i].encoding.has_modrm;
		shape.mod_ignored = rows[i].encoding.mod_ignored;
		shape.has_suffix = rows[i].encoding.has_suffix;
		shape.has_digit |= rows[i].encoding.modrm_mask != 0;
	}
	return shape;
}

unsigned x86_selecting_prefix(const struct x86_raw *raw)
{
	if (raw->vex || raw->evex)
		return raw->vex_pp;
	return raw->rep == X86_REP ? 2 : raw->rep == X86_REPNE ? 3 : raw->opsize;
}

/* Conditions in the order in which they are tried: the one that most others passed is the reason for #UD. */
enum {
	NO_OPCODE,
	NO_DIGIT,
	NO_REGISTER,
	NO_MEMORY,
	NO_MODRM,
	NO_SUFFIX,
	NO_PREFIX,
	L_NOT_0,
	L_NOT_1,
	W_NOT_0,
	W_NOT_1,
	VVVV,
	NO_SEGMENT,
	NO_SIB,
	NO_SIZE,
	MATCHES
};

static const char *const rules[MATCHES] = {
	[NO_OPCODE] = "no instruction has this opcode",
	[NO_DIGIT] = "no instruction has this digit in ModRM.reg",
	[NO_REGISTER] = "a register where only memory is allowed",
	[NO_MEMORY] = "memory where only a register is allowed",
	[NO_MODRM] = "no instruction has this ModRM byte",
	[NO_SUFFIX] = "no instruction has this byte behind its operands",
	[NO_PREFIX] = "no instruction with these prefixes",
	[L_NOT_0] = "VEX.L must be 0",
	[L_NOT_1] = "VEX.L must be 1",
	[W_NOT_0] = "VEX.W must be 0",
	[W_NOT_1] = "VEX.W must be 1",
	[VVVV] = "VEX.vvvv must be 1111b",
	[NO_SEGMENT] = "there is no such segment register",
	[NO_SIB] = "an instruction with a vector of indices needs a SIB byte",
	[NO_SIZE] = "no instruction of this size",
};

/* Which condition fails first: an index into rules, or MATCHES. */
static unsigned match(const struct x86_encoding *e, const struct x86_raw *raw)
{
	static const uint8_t size_bit[] = {2, 1, 4, 4}; /* by opsize, W */
	unsigned size = size_bit[raw->opsize | raw->w << 1];

	if ((raw->modrm & e->modrm_mask & 0x38) != (e->modrm & e->modrm_mask & 0x38))
		return NO_DIGIT;
	if (e->has_modrm && !(e->mods >> !raw->is_mem & 1))
		return raw->is_mem ? NO_MEMORY : NO_REGISTER;
	if (e->modrm_mask >= 0xf8 && (raw->modrm & e->modrm_mask) != e->modrm)
		return NO_MODRM;
	if (e->has_suffix && raw->suffix != e->suffix)
		return NO_SUFFIX;
	if (!(e->prefixes >> x86_selecting_prefix(raw) & 1))
		return NO_PREFIX;
	if (e->vsib && (raw->modrm & 7) != 4)
		return NO_SIB;
	if (e->space != X86_LEGACY) {
		if (!(e->l >> raw->vex_l & 1))
			return raw->vex_l ? L_NOT_0 : L_NOT_1;
		if (!(e->w >> raw->w & 1))
			return raw->w ? W_NOT_0 : W_NOT_1;
		return e->uses_vvvv || !raw->vex_vvvv ? MATCHES : VVVV;
	}
	if (e->has_segment && (raw->reg & 7) > 5)
		return NO_SEGMENT;
	bool fits = e->w >> raw->w & 1 && e->osize & size && e->asize >> raw->addrsize & 1 && !(e->b0 && raw->rex & 1);
	return fits ? MATCHES : NO_SIZE;
}

const struct x86_row *x86_find_row(const struct x86_raw *raw, size_t *at, const char **rule)
{
	int slot = slot_of_raw(raw);
	unsigned furthest = NO_OPCODE;

	for (; slot != NO_SLOT && first[slot] + *at < first[slot + 1]; (*at)++) {
		const struct x86_row *row = &rows[first[slot] + *at];
		unsigned failed = match(&row->encoding, raw);
		if (failed == MATCHES) {
			(*at)++;
			return row;
		}
		if (failed > furthest)
			furthest = failed;
	}
	*rule = rules[furthest];
	return NULL;
}
