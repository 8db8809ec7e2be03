#include "lib/oracle/x86_64_class.h"

#include <stdio.h>
#include <string.h>

enum { VEX3 = 0xc4, VEX2 = 0xc5, EVEX = 0x62, MAP_1 = 0, MAP_0F, MAP_0F38, MAP_0F3A };

struct opcode {
	uint8_t map, byte, prefix; /* 66, F2, F3, or 0 */
	const char *vex;           /* "VEX ", "EVEX ", or "" */
	uint8_t modrm;             /* or what stands in its place */
};

static bool is_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};

	return memchr(prefixes, byte, sizeof prefixes) || (byte & 0xf0) == 0x40;
}

static void split_vex(const uint8_t *at, struct opcode *ret)
{
	static const uint8_t prefixes[] = {0, 0x66, 0xf3, 0xf2};
	bool two = at[0] == VEX2, evex = at[0] == EVEX;

	ret->vex = evex ? "EVEX " : "VEX ";
	ret->map = two ? MAP_0F : at[1] & (evex ? 7 : 31);
	ret->prefix = prefixes[(two ? at[1] : at[2]) & 3];
	ret->byte = at[two ? 2 : evex ? 4 : 3];
	ret->modrm = at[two ? 3 : evex ? 5 : 4];
}

/* at is followed by enough bytes. */
static void split_legacy(const uint8_t *at, struct opcode *ret)
{
	ret->vex = "";
	ret->map = MAP_1;
	if (at[0] == 0x0f)
		ret->map = at[1] == 0x38 ? MAP_0F38 : at[1] == 0x3a ? MAP_0F3A : MAP_0F;
	at += ret->map == MAP_1 ? 0 : ret->map == MAP_0F ? 1 : 2;
	ret->byte = at[0];
	ret->modrm = at[1];
}

static void split(const uint8_t *bytes, size_t len, struct opcode *ret)
{
	uint8_t padded[2 * ISA_MAX_INSN_LEN] = {0};
	const uint8_t *at = padded;

	memcpy(padded, bytes, len < ISA_MAX_INSN_LEN ? len : ISA_MAX_INSN_LEN);
	*ret = (struct opcode){0};
	for (; at < padded + ISA_MAX_INSN_LEN && is_prefix(*at); at++) {
		if (*at == 0xf2 || *at == 0xf3 || (*at == 0x66 && !ret->prefix))
			ret->prefix = *at;
	}
	if (*at == VEX2 || *at == VEX3 || *at == EVEX)
		split_vex(at, ret);
	else
		split_legacy(at, ret);
}

/* Opcodes of several instructions, and those of them in which the whole ModRM byte tells one from the other. */
static bool is_group(const struct opcode *o)
{
	static const uint8_t one[] = {0x8f, 0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff};
	static const uint8_t two[] = {0x00, 0x01, 0x0d, 0x18, 0x1c, 0x1e, 0xae, 0xba, 0xc7};

	if (o->map == MAP_1)
		return memchr(one, o->byte, sizeof one) != NULL;
	return o->map == MAP_0F && memchr(two, o->byte, sizeof two);
}

static bool is_whole_byte(const struct opcode *o)
{
	return o->map == MAP_0F && o->modrm >= 0xc0 && (o->byte == 0x01 || o->byte == 0x1e);
}

/* "/5 r", or the byte. */
static void print_modrm(const struct opcode *o, char ret[8])
{
	ret[0] = 0;
	if (is_whole_byte(o))
		snprintf(ret, 8, " %02X", o->modrm);
	else if (is_group(o))
		snprintf(ret, 8, " /%u %s", o->modrm >> 3 & 7, o->modrm >= 0xc0 ? "r" : "m");
}

static void print(const struct opcode *o, char name[ISA_FORM_LEN])
{
	static const char *const maps[] = {"", "0F ", "0F 38 ", "0F 3A "};
	char prefix[4] = "", other[16] = "", modrm[8];

	print_modrm(o, modrm);

	if (o->prefix)
		snprintf(prefix, sizeof prefix, "%02X ", o->prefix);
	if (o->map > MAP_0F3A)
		snprintf(other, sizeof other, "map %u ", o->map);
	snprintf(name, ISA_FORM_LEN, "%s%s%s%02X%s", o->vex, prefix, o->map > MAP_0F3A ? other : maps[o->map], o->byte,
		 modrm);
}

/* SDM vol. 2, tables: rows of the 0F map by what they compute with, with no prefix or with 66. */
static bool is_mmx(const struct opcode *o)
{
	if (o->prefix)
		return false;
	if (o->map == MAP_0F38)
		return o->byte < 0x40;
	if (o->map == MAP_0F3A)
		return o->byte == 0x0f;
	if (o->map != MAP_0F)
		return false;
	return (o->byte >= 0x60 && o->byte <= 0x7f && o->byte != 0x78 && o->byte != 0x79) || o->byte >= 0xd0 ||
	       o->byte == 0xc4 || o->byte == 0xc5;
}

static bool is_fp(const struct opcode *o)
{
	static const uint8_t opcodes[] = {0x2a, 0x2c, 0x2d, 0x2e, 0x2f, 0x51, 0x52, 0x53, 0x58, 0x59, 0x5a,
					  0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x7c, 0x7d, 0xc2, 0xd0, 0xe6};

	if (o->map == MAP_0F3A)
		return (o->byte >= 0x08 && o->byte <= 0x0b) || o->byte == 0x40 || o->byte == 0x41;
	return o->map == MAP_0F && memchr(opcodes, o->byte, sizeof opcodes);
}

/* Conversions between MMX registers and XMM ones count as the former. */
static bool converts_mmx(const struct opcode *o)
{
	bool cvt = o->byte == 0x2a || o->byte == 0x2c || o->byte == 0x2d;
	bool movq = o->byte == 0xd6 && (o->prefix == 0xf2 || o->prefix == 0xf3);

	return o->map == MAP_0F && ((cvt && (!o->prefix || o->prefix == 0x66)) || movq);
}

/* SYSENTER, and INT n for the system calls of 32-bit programs: what comes back is no longer this program's state. */
static bool is_gate(const struct opcode *o)
{
	return o->map == MAP_0F ? o->byte == 0x34 : o->map == MAP_1 && o->byte == 0xcd && o->modrm == 0x80;
}

enum walk_class x86_64_classify(const uint8_t *bytes, size_t len, char name[ISA_FORM_LEN])
{
	struct opcode o;

	split(bytes, len, &o);
	print(&o, name);
	if (o.vex[0])
		return o.vex[0] == 'E' ? WALK_AVX512 : WALK_AVX;
	if (is_gate(&o))
		return WALK_SYSTEM;
	if (o.map == MAP_1)
		return (o.byte & 0xf8) == 0xd8 || o.byte == 0x9b ? WALK_X87 : WALK_GENERAL;
	if (is_mmx(&o) || converts_mmx(&o))
		return WALK_MMX;
	return is_fp(&o) ? WALK_FP : WALK_GENERAL;
}

/* ---- Traits ---- */

/* Of which group a legacy prefix is: of each, one counts (SDM vol. 2, 2.1.1). */
static int prefix_group(uint8_t byte)
{
	switch (byte) {
	case 0xf0: return 0;
	case 0xf2:
	case 0xf3: return 1;
	case 0x66: return 2;
	case 0x67: return 3;
	default: return 4;
	}
}

/* Prefixes repeated, or overruled by another of their group or, as REX is, by one that follows. */
static unsigned prefix_traits(const uint8_t *bytes, size_t count)
{
	unsigned traits = 0;

	for (size_t i = 0; i < count; i++) {
		bool rex = (bytes[i] & 0xf0) == 0x40;
		if (rex && i + 1 < count)
			traits |= 1u << WALK_CONFLICTING;
		for (size_t k = 0; k < i && !rex; k++) {
			if (bytes[k] == bytes[i])
				traits |= 1u << WALK_REDUNDANT;
			else if ((bytes[k] & 0xf0) != 0x40 && prefix_group(bytes[k]) == prefix_group(bytes[i]))
				traits |= 1u << WALK_CONFLICTING;
		}
	}
	return traits;
}

static bool is_string(const struct opcode *o)
{
	return o->map == MAP_1 && !o->vex[0] &&
	       ((o->byte >= 0xa4 && o->byte <= 0xa7) || (o->byte >= 0xaa && o->byte <= 0xaf));
}

static bool is_count(const struct opcode *o)
{
	return o->map == MAP_1 && !o->vex[0] && o->byte >= 0xe0 && o->byte <= 0xe3;
}

/* BT, BTS, BTR, BTC of memory by a register: the bit may lie outside of the operand. */
static bool is_bit_string(const struct opcode *o)
{
	return o->map == MAP_0F && !o->vex[0] && (o->byte & 0xe7) == 0xa3 && o->modrm < 0xc0;
}

unsigned x86_64_traits(const struct insn *insn)
{
	size_t count = 0;
	struct opcode o;

	while (count < insn->len && is_prefix(insn->bytes[count]))
		count++;
	split(insn->bytes, insn->len, &o);

	unsigned traits = prefix_traits(insn->bytes, count);
	bool addrsize = memchr(insn->bytes, 0x67, count) != NULL;
	if (memchr(insn->bytes, 0xf0, count))
		traits |= 1u << WALK_LOCK;
	if (strcmp(insn->form, "(too long)") == 0)
		return 1u << WALK_TOO_LONG;
	if (is_string(&o))
		traits |= 1u << (addrsize ? WALK_STRING_67 : WALK_STRING);
	if (is_count(&o) && addrsize)
		traits |= 1u << WALK_COUNT_67;
	if (is_bit_string(&o))
		traits |= 1u << WALK_BIT_STRING;
	return traits;
}
