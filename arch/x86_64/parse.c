/* The format of instructions: SDM vol. 2, chapter 2, and the opcode maps of appendix A. */
#include <string.h>

#include "arch/x86_64/decode.h"

struct cursor {
	const uint8_t *bytes;
	size_t len, at;
	bool short_of; /* a read went past the end; reads then give 0 */
};

static uint8_t next_byte(struct cursor *s)
{
	if (s->at < s->len)
		return s->bytes[s->at++];
	s->short_of = true;
	return 0;
}

static uint8_t peek_byte(struct cursor *s)
{
	uint8_t byte = next_byte(s);
	if (!s->short_of)
		s->at--;
	return byte;
}

/* Little-endian, sign-extended. */
static uint64_t next_signed(struct cursor *s, unsigned len)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < len; i++)
		value |= (uint64_t)next_byte(s) << 8 * i;
	if (len == 0 || len >= 8)
		return value;
	uint64_t sign = 1ull << (8 * len - 1);
	return (value ^ sign) - sign;
}

static void take_segment(struct x86_raw *raw, uint8_t byte)
{
	raw->overruled |= raw->override && raw->override != byte;
	raw->override = byte;
	if (byte == X86_FS || byte == X86_GS)
		raw->segment = byte;
}

static bool take_legacy_prefix(struct x86_raw *raw, uint8_t byte)
{
	switch (byte) {
	case 0xf0: raw->lock = true; return true;
	case X86_REP:
	case X86_REPNE: raw->rep = byte; return true;
	case 0x66: raw->opsize = true; return true;
	case 0x67: raw->addrsize = true; return true;
	case X86_FS:
	case X86_GS:
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e: take_segment(raw, byte); return true;
	default: return false;
	}
}

/* REX counts only right before the opcode. */
static void parse_prefixes(struct cursor *s, struct x86_raw *raw)
{
	for (;;) {
		uint8_t byte = peek_byte(s);
		if (s->short_of)
			return;
		bool is_rex = (byte & 0xf0) == 0x40;
		if (!is_rex && !take_legacy_prefix(raw, byte))
			break;
		raw->overruled |= raw->rex != 0;
		raw->rex = is_rex ? byte : 0;
		s->at++;
	}
	raw->w = raw->rex & 8;
}

/* The VEX prefix, turned into the REX bits that it stands for. */
static void parse_vex(struct cursor *s, struct x86_raw *raw, bool three_bytes)
{
	uint8_t first = three_bytes ? next_byte(s) : 0;
	uint8_t last = next_byte(s);

	raw->vex = true;
	raw->vex_spoilt = raw->lock || raw->opsize || raw->rep || raw->rex;
	raw->map = three_bytes ? X86_MAP_1 + (first & 31) : X86_MAP_0F;
	raw->w = three_bytes && (last & 0x80);
	raw->rex = three_bytes ? 0x40 | (~first >> 5 & 7) : 0x40 | (~last >> 5 & 4);
	raw->vex_vvvv = ~last >> 3 & 15;
	raw->vex_l = last >> 2 & 1;
	raw->vex_pp = last & 3;
}

/* EVEX in so far as the instruction's length is concerned (SDM vol. 2, 2.7.1). */
static void parse_evex(struct cursor *s, struct x86_raw *raw)
{
	uint8_t first = next_byte(s), second = next_byte(s);

	raw->evex = true;
	raw->vex_spoilt = raw->lock || raw->opsize || raw->rep || raw->rex;
	raw->map = X86_MAP_1 + (first & 7);
	raw->rex = 0x40 | (~first >> 5 & 7);
	raw->w = second & 0x80;
	raw->vex_pp = second & 3;
	next_byte(s);
	raw->opcode = next_byte(s);
}

/* Of AVX-512, all of map 0F3A, and of map 0F the shuffles, shifts, comparisons and lanes, have an immediate byte. */
static unsigned evex_immediate_len(const struct x86_raw *raw)
{
	bool in_0f = raw->map == X86_MAP_0F && ((raw->opcode & 0xfc) == 0x70 || (raw->opcode & 0xf8) == 0xc0);

	return in_0f || raw->map == X86_MAP_0F3A ? 1 : 0;
}

/* 8F is XOP where its second byte cannot be the ModRM byte of POP (APM vol. 3, 1.9.1). */
static bool is_xop(struct cursor *s, const struct x86_raw *raw)
{
	return raw->opcode == 0x8f && (peek_byte(s) & 31) >= 8;
}

static void parse_opcode(struct cursor *s, struct x86_raw *raw)
{
	raw->opcode_at = (uint8_t)s->at;
	raw->map = X86_MAP_1;
	raw->opcode = next_byte(s);
	if (raw->opcode == 0x62) {
		parse_evex(s, raw);
	} else if (is_xop(s, raw)) {
		parse_vex(s, raw, true);
		raw->xop = true;
		raw->opcode = next_byte(s);
	} else if (raw->opcode == 0xc4 || raw->opcode == 0xc5) {
		parse_vex(s, raw, raw->opcode == 0xc4);
		raw->opcode = next_byte(s);
	} else if (raw->opcode == 0x0f) {
		raw->opcode = next_byte(s);
		raw->map = raw->opcode == 0x38 ? X86_MAP_0F38 : raw->opcode == 0x3a ? X86_MAP_0F3A : X86_MAP_0F;
		if (raw->map != X86_MAP_0F)
			raw->opcode = next_byte(s);
	}
}

static void parse_memory(struct cursor *s, struct x86_raw *raw)
{
	unsigned rex_x = raw->rex >> 1 & 1, rex_b = raw->rex & 1;
	unsigned disp_len = raw->mod == 1 ? 1 : raw->mod == 2 ? 4 : 0;
	unsigned base = raw->modrm & 7;

	raw->is_mem = true;
	raw->scale = 1;
	if (base == 4) {
		uint8_t sib = next_byte(s);
		unsigned index = (sib >> 3 & 7) | rex_x << 3;
		raw->index = index == 4 ? X86_NO_REG : (uint8_t)index;
		raw->scale = (uint8_t)(1u << (sib >> 6));
		base = sib & 7;
		raw->base = (uint8_t)(base | rex_b << 3);
		if (base == 5 && raw->mod == 0) {
			raw->base = X86_NO_REG;
			disp_len = 4;
		}
	} else if (base == 5 && raw->mod == 0) {
		raw->base = X86_RIP_BASE;
		disp_len = 4;
	} else {
		raw->base = (uint8_t)(base | rex_b << 3);
	}
	raw->disp = (int64_t)next_signed(s, disp_len);
}

static void parse_modrm(struct cursor *s, struct x86_raw *raw, bool mod_ignored)
{
	raw->has_modrm = true;
	raw->modrm = next_byte(s);
	raw->mod = raw->modrm >> 6;
	raw->reg = (uint8_t)((raw->modrm >> 3 & 7) | (raw->rex & 4) << 1);
	raw->rm = (uint8_t)((raw->modrm & 7) | (raw->rex & 1) << 3);
	if (raw->mod != 3 && !mod_ignored)
		parse_memory(s, raw);
}

bool x86_is_near_branch(const struct x86_raw *raw)
{
	uint8_t op = raw->opcode;

	if (raw->map == X86_MAP_0F)
		return (op & 0xf0) == 0x80;
	if (raw->map != X86_MAP_1)
		return false;
	if (op == 0xff)
		return (raw->reg & 7) == 2 || (raw->reg & 7) == 4;
	return (op & 0xf0) == 0x70 || op == 0xc2 || op == 0xc3 || (op >= 0xe0 && op <= 0xe3) || op == 0xe8 ||
	       op == 0xe9 || op == 0xeb;
}

/* Of two immediates, the second has one byte. MOV has an absolute address: a memory operand without ModRM. */
static void parse_immediate(struct cursor *s, struct x86_raw *raw, unsigned len, bool two, bool absolute)
{
	raw->imm_at = (uint8_t)s->at;
	raw->imm_len = (uint8_t)len;
	raw->imm = next_signed(s, two ? len - 1 : len);
	if (two)
		raw->imm2 = next_byte(s);
	if (!absolute)
		return;
	raw->is_mem = true;
	raw->disp = (int64_t)raw->imm;
	raw->imm_len = 0;
}

static void find_row(struct x86_raw *raw)
{
	if (raw->vex_spoilt)
		raw->rule = "LOCK, 66, F2, F3 or REX in front of VEX, XOP or EVEX";
	else if (!raw->evex)
		raw->row = x86_find_row(raw, &raw->next_row, &raw->rule);
}

/*
 * Where no row is of the opcode: in the maps of vectors processors see a ModRM byte and, in two of them, immediates all
 * the same: it shows where the instruction is longer than 15 bytes. In the other two, there is nothing.
 */
static bool has_reserved_modrm(const struct x86_raw *raw)
{
	return raw->evex || raw->vex || raw->map > X86_MAP_0F;
}

static unsigned reserved_immediate_len(const struct x86_raw *raw)
{
	if (raw->evex)
		return evex_immediate_len(raw);
	return raw->map == X86_XOP_A ? 4 : raw->map == X86_MAP_0F3A || raw->map == X86_XOP_8 ? 1 : 0;
}

/* ENTER; EXTRQ and INSERTQ. */
static bool has_two_immediates(const struct x86_encoding *e)
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->num_fields; i++)
		n += e->fields[i].letter == 'I';
	return n == 2;
}

/* What is behind the opcode, by the row. */
static void parse_rest(struct cursor *s, struct x86_raw *raw, unsigned ways)
{
	struct x86_shape shape = x86_opcode_shape(raw);

	raw->group = shape.has_digit;
	if (shape.has_modrm || (!shape.exists && has_reserved_modrm(raw)))
		parse_modrm(s, raw, shape.mod_ignored);
	if (shape.has_suffix)
		raw->suffix = next_byte(s);
	raw->near16 = ways & X86_NEAR16 && raw->opsize && !raw->w && x86_is_near_branch(raw);
	find_row(raw);
	if (raw->row) {
		const struct x86_encoding *e = &raw->row->encoding;
		bool absolute = x86_has_absolute(e);
		unsigned len = absolute ? (raw->addrsize ? 4 : 8) : x86_immediate_len(e, raw);
		parse_immediate(s, raw, len, has_two_immediates(e), absolute);
	} else {
		parse_immediate(s, raw, reserved_immediate_len(raw), false, false);
	}
}

enum lift_status x86_parse(const uint8_t *bytes, size_t len, unsigned ways, struct x86_raw *ret)
{
	bool cut = len > ISA_MAX_INSN_LEN;
	struct cursor s = {.bytes = bytes, .len = cut ? ISA_MAX_INSN_LEN : len};
	struct x86_raw raw = {.base = X86_NO_REG, .index = X86_NO_REG};

	parse_prefixes(&s, &raw);
	parse_opcode(&s, &raw);
	raw.pause_r8 = raw.map == X86_MAP_1 && raw.opcode == 0x90 && raw.rep == X86_REP && raw.rex & 1;
	if (raw.pause_r8 && ways & X86_XCHG_R8)
		raw.rep = 0;
	if (!s.short_of)
		parse_rest(&s, &raw, ways);
	else
		raw.too_long = true; /* there are prefixes alone */
	if (s.short_of && s.len < ISA_MAX_INSN_LEN)
		return LIFT_TRUNCATED;
	raw.too_long |= s.short_of && (raw.row || (raw.evex && !raw.rule));
	if (raw.too_long)
		raw.row = NULL;
	raw.len = (uint8_t)s.at;
	*ret = raw;
	return LIFT_DONE;
}
