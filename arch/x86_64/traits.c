/* What is special about an encoding, for the accounting of self-tests. */
#include <string.h>

#include "arch/x86_64/variants.h"
#include "arch/x86_64/x86_64.h"

const char *const x86_trait_names[X86_NUM_TRAITS] = {
	[X86_TRAIT_REDUNDANT] = "redundant prefixes",
	[X86_TRAIT_CONFLICTING] = "conflicting prefixes",
	[X86_TRAIT_LOCK] = "LOCK",
	[X86_TRAIT_TOO_LONG] = "more than 15 bytes",
	[X86_TRAIT_STRING] = "string instructions",
	[X86_TRAIT_STRING_67] = "these with 67",
	[X86_TRAIT_COUNT_67] = "LOOP and JrCXZ with 67",
	[X86_TRAIT_BIT_STRING] = "bit strings in memory",
};

/* Of which group a legacy prefix is: of each, one counts (SDM vol. 2, 2.1.1). */
static int prefix_group(uint8_t byte)
{
	switch (byte) {
	case 0xf0: return 0;
	case X86_REPNE:
	case X86_REP: return 1;
	case 0x66: return 2;
	case 0x67: return 3;
	default: return 4;
	}
}

static bool is_rex(uint8_t byte)
{
	return (byte & 0xf0) == 0x40;
}

/* Prefixes repeated, or overruled by another of their group or, as REX is, by one that follows. */
static unsigned prefix_traits(const uint8_t *bytes, size_t count)
{
	unsigned traits = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_rex(bytes[i]) && i + 1 < count)
			traits |= 1u << X86_TRAIT_CONFLICTING;
		for (size_t k = 0; k < i && !is_rex(bytes[i]); k++) {
			if (bytes[k] == bytes[i])
				traits |= 1u << X86_TRAIT_REDUNDANT;
			else if (!is_rex(bytes[k]) && prefix_group(bytes[k]) == prefix_group(bytes[i]))
				traits |= 1u << X86_TRAIT_CONFLICTING;
		}
	}
	return traits;
}

/* A row of the table. */
static bool is_of(const struct x86_raw *raw, const struct x86_table *table)
{
	const struct x86_form *form = raw->row ? raw->row->form : NULL;

	return form && form >= table->rows && form < table->rows + table->len;
}

/* LOOP and its like, and JrCXZ. */
static bool counts(const struct x86_raw *raw)
{
	return raw->map == X86_MAP_1 && raw->opcode >= 0xe0 && raw->opcode <= 0xe3;
}

/* BT, BTS, BTR, BTC of memory by a register: the bit may lie outside of the operand. */
static bool is_bit_string(const struct x86_raw *raw)
{
	return raw->map == X86_MAP_0F && !raw->vex && (raw->opcode & 0xe7) == 0xa3 && raw->is_mem;
}

unsigned x86_traits(const uint8_t bytes[ISA_MAX_INSN_LEN])
{
	struct x86_raw raw;

	if (x86_parse(bytes, ISA_MAX_INSN_LEN, 0, &raw) != LIFT_DONE)
		return 0;
	if (raw.too_long)
		return 1u << X86_TRAIT_TOO_LONG;
	unsigned traits = prefix_traits(bytes, raw.opcode_at);
	if (raw.lock)
		traits |= 1u << X86_TRAIT_LOCK;
	if (is_of(&raw, &x86_string_table))
		traits |= 1u << (raw.addrsize ? X86_TRAIT_STRING_67 : X86_TRAIT_STRING);
	if (counts(&raw) && raw.addrsize)
		traits |= 1u << X86_TRAIT_COUNT_67;
	if (is_bit_string(&raw))
		traits |= 1u << X86_TRAIT_BIT_STRING;
	return traits;
}
