/* Names and operands by capstone, where the table below does not know better. */
#include "arch/x86_64/decode.h"

#include <string.h>

#include "arch/x86_64/x86_64.h"

/*
 * Instead of a required F2 or F3: it does not matter; none of 66, F2 and F3; one of them; 66 alone; VEX with 256 bits,
 * 66 and no register in vvvv.
 */
enum { ANY_REP = 1, NO_PREFIX = 2, SOME_PREFIX = 3, VEX_256_66 = 4, ONLY_66 = 5 };
enum { REGISTER = 1, MEMORY = 2, EITHER = REGISTER | MEMORY, ANY_RM = 2 };
#define ONLY(rm) (REGISTER | 1 << (ANY_RM + (rm)))

/*
 * What capstone 4 does not decode, or decodes as something else. The hint space 0F 18-1F is NOP with any operand (SDM
 * vol. 2, NOP and appendix A.2.4); RDSSP is one while shadow stacks are off.
 */
/* clang-format off */
static const struct x86_override overrides[] = {
	/* map        opcode rep       reg   operand   id                   mnemonic     operands */
	{X86_MAP_1,   0x90,  X86_REP,  0xff, EITHER,   X86_INS_PAUSE,       "pause",     0}, /* with REX.B too */
	{X86_MAP_0F,  0x01,  0,        0x20, ONLY(0),  X86_OWN_SERIALIZE,   "serialize", 0},
	{X86_MAP_0F,  0x01,  X86_REPNE, 0x20, ONLY(0),  X86_OWN_XSUSLDTRK,  "xsusldtrk", 0},
	{X86_MAP_0F,  0x01,  X86_REPNE, 0x20, ONLY(1),  X86_OWN_XRESLDTRK,  "xresldtrk", 0},
	{X86_MAP_0F,  0x01,  0,        0x20, ONLY(6),  X86_OWN_RDPKRU,      "rdpkru",    0},
	{X86_MAP_0F,  0x01,  0,        0x20, ONLY(7),  X86_OWN_WRPKRU,      "wrpkru",    0},
	{X86_MAP_0F,  0x01,  0,        0x80, ONLY(2),  X86_OWN_MONITORX,    "monitorx",  0},
	{X86_MAP_0F,  0x01,  0,        0x80, ONLY(3),  X86_OWN_MWAITX,      "mwaitx",    0},
	{X86_MAP_0F,  0x01,  0,        0x80, ONLY(4),  X86_OWN_CLZERO,      "clzero",    0},
	{X86_MAP_0F,  0x01,  0,        0x80, ONLY(5),  X86_OWN_RDPRU,       "rdpru",     0},
	{X86_MAP_0F,  0x0d,  ANY_REP,  0xff, EITHER,   X86_INS_PREFETCHW,   "prefetchw", 0},
	{X86_MAP_0F,  0x18,  ANY_REP,  0xff, REGISTER, X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x18,  ANY_REP,  0xf0, MEMORY,   X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x19,  ANY_REP,  0xff, EITHER,   X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1a,  ANY_REP,  0xff, EITHER,   X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1b,  ANY_REP,  0xff, EITHER,   X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1c,  ANY_REP,  0xff, EITHER,   X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1d,  ANY_REP,  0xff, EITHER,   X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1e,  X86_REP,  0x02, REGISTER, X86_OWN_RDSSP,       "rdssp",     0},
	{X86_MAP_0F,  0x1e,  ANY_REP,  0x7f, REGISTER, X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1e,  0,        0x80, REGISTER, X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1e,  X86_REP,  0x80, ONLY(2),  X86_INS_ENDBR64,     "endbr64",   0},
	{X86_MAP_0F,  0x1e,  X86_REP,  0x80, ONLY(3),  X86_INS_ENDBR32,     "endbr32",   0},
	{X86_MAP_0F,  0x1e,  ANY_REP,  0x80, REGISTER, X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1e,  ANY_REP,  0xff, MEMORY,   X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0x1f,  ANY_REP,  0xff, EITHER,   X86_INS_NOP,         "nop",       0},
	{X86_MAP_0F,  0xae,  ONLY_66,  0x40, MEMORY,   X86_INS_CLWB,        "clwb",      X86_OVERRIDE_M8},
	{X86_MAP_0F,  0xae,  X86_REP,  0x10, EITHER,   X86_OWN_PTWRITE,     "ptwrite",   X86_OVERRIDE_RM},
	{X86_MAP_0F,  0xae,  SOME_PREFIX, 0x2f, MEMORY, X86_OWN_INVALID,    "(bad)",     0},
	{X86_MAP_0F,  0xae,  NO_PREFIX, 0x20, REGISTER, X86_INS_LFENCE,     "lfence",    0},
	{X86_MAP_0F,  0xae,  NO_PREFIX, 0x40, REGISTER, X86_INS_MFENCE,     "mfence",    0},
	{X86_MAP_0F,  0xae,  NO_PREFIX, 0x80, REGISTER, X86_INS_SFENCE,     "sfence",    0},
	{X86_MAP_0F,  0xb9,  ANY_REP,  0xff, EITHER,   X86_OWN_UD1,         "ud1",       0},
	{X86_MAP_0F,  0xc7,  X86_REP,  0x80, REGISTER, X86_OWN_RDPID,       "rdpid",     X86_OVERRIDE_RM},
	{X86_MAP_0F,  0xff,  ANY_REP,  0xff, EITHER,   X86_OWN_UD0,         "ud0",       0},
	{X86_MAP_0F38, 0xf6, NO_PREFIX, 0xff, MEMORY,  X86_OWN_WRSS,        "wrss",      0},
	{X86_MAP_0F38, 0xf6, NO_PREFIX, 0xff, REGISTER, X86_OWN_INVALID,    "(bad)",     0},
	{X86_MAP_0F38, 0xcf, ONLY_66,  0xff, EITHER,   X86_OWN_GF2P8MULB,   "gf2p8mulb", X86_OVERRIDE_XMM},
	{X86_MAP_0F3A, 0xce, ONLY_66,  0xff, EITHER,   X86_OWN_GF2P8AFFINEQB, "gf2p8affineqb", X86_OVERRIDE_XMM_IMM},
	{X86_MAP_0F3A, 0xcf, ONLY_66,  0xff, EITHER,   X86_OWN_GF2P8AFFINEINVQB, "gf2p8affineinvqb",
	 X86_OVERRIDE_XMM_IMM},
	{X86_MAP_0F38, 0xf8, ONLY_66,  0xff, MEMORY,   X86_OWN_MOVDIR64B,   "movdir64b", X86_OVERRIDE_REG_M512},
	{X86_MAP_0F38, 0xf9, NO_PREFIX, 0xff, MEMORY,  X86_OWN_MOVDIRI,     "movdiri",   X86_OVERRIDE_RM_REG},
	{X86_MAP_0F38, 0xc8, SOME_PREFIX, 0xff, EITHER, X86_OWN_INVALID,    "(bad)",     0}, /* SHA */
	{X86_MAP_0F38, 0xc9, SOME_PREFIX, 0xff, EITHER, X86_OWN_INVALID,    "(bad)",     0}, /* SHA */
	{X86_MAP_0F38, 0xca, SOME_PREFIX, 0xff, EITHER, X86_OWN_INVALID,    "(bad)",     0}, /* SHA */
	{X86_MAP_0F38, 0xcb, SOME_PREFIX, 0xff, EITHER, X86_OWN_INVALID,    "(bad)",     0}, /* SHA */
	{X86_MAP_0F38, 0xcc, SOME_PREFIX, 0xff, EITHER, X86_OWN_INVALID,    "(bad)",     0}, /* SHA */
	{X86_MAP_0F38, 0xcd, SOME_PREFIX, 0xff, EITHER, X86_OWN_INVALID,    "(bad)",     0}, /* SHA */
	{X86_MAP_0F3A, 0xcc, SOME_PREFIX, 0xff, EITHER, X86_OWN_INVALID,    "(bad)",     0},
	{X86_MAP_0F38, 0x5a, VEX_256_66, 0xff, MEMORY, X86_OWN_VBROADCASTI128, "vbroadcasti128", X86_OVERRIDE_YMM_M128},
};
/* clang-format on */

/* Opcodes of the 0F map, a row for each high digit, where F2 and F3 select another instruction. Elsewhere they do
 * nothing. */
static const uint16_t rep_selects_0f[16] = {
	0x0202, 0x40ff, 0xff00, 0x0000, 0x0000, 0xffff, 0xffff, 0xffff,
	0x0000, 0x0000, 0x4000, 0x3100, 0x00f4, 0xffff, 0xffff, 0x7fff,
};

/*
 * Of these opcodes, a digit each: with which of no prefix (1), 66 (2), F3 (4) and F2 (8) there is an instruction, for
 * registers and for memory. Capstone 4 takes prefixes that select nothing for none; processors refuse them.
 */
static const char *const selectors_0f[16][2] = {
	[0x1] = {"ffd03350........", "fff33373........"}, [0x2] = {"........33f0ff33", "........33f3ff33"},
	[0x5] = {"3f553333fff7ffff", "0f553333fff7ffff"}, [0x6] = {"3333333333332237", "3333333333332237"},
	[0x7] = {"f333333.....aa77", "f000333.....aa77"}, [0xc] = {"..f0333.........", "..f1303........."},
	[0xd] = {"a33333e333333333", "a333332033333333"}, [0xe] = {"333333e033333333", "333333e333333333"},
	[0xf] = {"033333333333333.", "833333303333333."},
};

static bool selects_something(const struct x86_raw *raw)
{
	const char *row = raw->map == X86_MAP_0F && !raw->vex ? selectors_0f[raw->opcode >> 4][raw->is_mem] : NULL;
	char digit = row ? row[raw->opcode & 15] : '.';
	unsigned prefix = raw->rep == X86_REPNE ? 8 : raw->rep == X86_REP ? 4 : raw->opsize ? 2 : 1;

	if (digit == '.')
		return true;
	return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10) & prefix;
}

static bool is_string_opcode(uint8_t opcode)
{
	return (opcode >= 0x6c && opcode <= 0x6f) || (opcode >= 0xa4 && opcode <= 0xa7) ||
	       (opcode >= 0xaa && opcode <= 0xaf);
}

static bool rep_matters(const struct x86_raw *raw)
{
	switch (raw->map) {
	case X86_MAP_1: return is_string_opcode(raw->opcode) || (raw->opcode == 0x90 && raw->rep == X86_REP);
	case X86_MAP_0F:
		/* BSF and BSR ignore F2; with F3 they are TZCNT and LZCNT. */
		if (raw->opcode == 0xbc || raw->opcode == 0xbd)
			return raw->rep == X86_REP;
		return rep_selects_0f[raw->opcode >> 4] >> (raw->opcode & 15) & 1;
	default: return true;
	}
}

/* 66 is part of the opcode, not an operand size. */
static bool opsize_selects(const struct x86_raw *raw)
{
	uint8_t op = raw->opcode;

	switch (raw->map) {
	case X86_MAP_1: return false;
	case X86_MAP_0F: /* where F2 and F3 select, but for POPCNT, TZCNT, LZCNT */
		return (rep_selects_0f[op >> 4] >> (op & 15) & 1) && op != 0xb8 && op != 0xbc && op != 0xbd;
	case X86_MAP_0F38: return op != 0xf0 && op != 0xf1; /* but for MOVBE and CRC32 */
	default: return true;
	}
}

/*
 * As an operand size it gives way to REX.W, as part of the opcode to F2 and F3 (SDM vol. 2, 2.1.2, 2.2.1.2). What it is
 * to near branches x86_parse() knows.
 */
static bool opsize_matters(const struct x86_raw *raw)
{
	if (x86_is_near_branch(raw))
		return false;
	return opsize_selects(raw) ? !raw->rep : !raw->w;
}

/* Capstone 4 reads 67 with REX.W as another operand size where W means none. */
static bool w_misleads(const struct x86_raw *raw)
{
	bool means_size = raw->map == X86_MAP_0F && (raw->opcode == 0x6e || raw->opcode == 0x7e || raw->opcode == 0xc7);

	return raw->w && raw->addrsize && !raw->rep && !raw->opsize && opsize_selects(raw) && !means_size;
}

/* Without what does nothing: REX.R cannot extend a selector, nor REX.W the operand of a near branch. */
static uint8_t canonical_rex(const struct x86_raw *raw)
{
	bool selector = raw->map == X86_MAP_1 && (raw->opcode == 0x8c || raw->opcode == 0x8e);
	uint8_t rex = raw->rex;

	if (selector)
		rex &= ~4;
	if (x86_is_near_branch(raw) || w_misleads(raw))
		rex &= ~8;
	return rex;
}

/*
 * Copies the instruction with its prefixes in canonical order and without those that mean nothing. Capstone 4 takes 66
 * beside F2 or F3 for no operand size, refuses LOCK wherever it is not allowed, refuses F3 66 0F B8, lets 66
 * shorten the displacement of near branches, and takes 67 with REX.W for 66 where 66 is part of the opcode: there REX.W
 * means nothing without a prefix, except to MOVD and group 9.
 */
static size_t canonical(const struct x86_raw *raw, const uint8_t *bytes, size_t len, uint8_t *ret)
{
	size_t n = 0;

	if (raw->segment)
		ret[n++] = raw->segment;
	if (raw->addrsize)
		ret[n++] = 0x67;
	if (raw->opsize && opsize_matters(raw))
		ret[n++] = 0x66;
	if (raw->rep && rep_matters(raw))
		ret[n++] = raw->rep;
	if (raw->rex && !raw->vex)
		ret[n++] = canonical_rex(raw);
	size_t rest = len - raw->opcode_at;
	memcpy(ret + n, bytes + raw->opcode_at, rest);
	/* The displacement that stands for the shortened one; RET's immediate is none. */
	if (raw->near16 && raw->imm_len == 2 && raw->opcode != 0xc2) {
		uint32_t whole = (uint32_t)raw->imm;
		memcpy(ret + n + rest - 2, &whole, sizeof whole);
		rest += sizeof whole - 2;
	}
	return n + rest;
}

static bool has_prefix(const struct x86_raw *raw, uint8_t rep)
{
	if (raw->vex || rep == VEX_256_66)
		return raw->vex && rep == VEX_256_66 && raw->vex_l && raw->vex_pp == 1 && raw->vex_vvvv == 0;
	switch (rep) {
	case ANY_REP: return true;
	case NO_PREFIX: return !raw->rep && !raw->opsize;
	case SOME_PREFIX: return raw->rep || raw->opsize;
	case ONLY_66: return raw->opsize && !raw->rep;
	default: return raw->rep == rep;
	}
}

/* VEX instructions of the 0F38 and 0F3A maps, a row for each high digit of the opcode, that VEX.W makes #UD. */
static const uint16_t w_refused[2][16] = {
	{[0x0] = 0xf000,
	 [0x1] = 0x0748,
	 [0x2] = 0xf000,
	 [0x3] = 0x0040,
	 [0x4] = 0x0040,
	 [0x5] = 0x0700,
	 [0x7] = 0x0300},
	{[0x0] = 0x0074, [0x1] = 0x2300, [0x3] = 0x0300, [0x4] = 0x1c40},
};

/* What capstone 4 takes for a VEX instruction, and processors do not. */
static bool vex_refused(const struct x86_raw *raw)
{
	bool has_row = raw->map == X86_MAP_0F38 || raw->map == X86_MAP_0F3A;

	if (!raw->vex || raw->vex_spoilt)
		return raw->vex;
	return raw->w && has_row && w_refused[raw->map - X86_MAP_0F38][raw->opcode >> 4] >> (raw->opcode & 15) & 1;
}

static const struct x86_override *find_override(const struct x86_raw *raw)
{
	static const struct x86_override invalid = {.id = X86_OWN_INVALID, .mnemonic = "(bad)"};
	static const struct x86_override too_long = {.id = X86_OWN_TOO_LONG, .mnemonic = "(too long)"};
	unsigned shape = raw->is_mem ? MEMORY : REGISTER;

	if (raw->too_long)
		return &too_long;
	if (vex_refused(raw))
		return &invalid;
	for (size_t i = 0; i < sizeof overrides / sizeof *overrides; i++) {
		const struct x86_override *o = &overrides[i];
		if (o->map == raw->map && o->opcode == raw->opcode && has_prefix(raw, o->rep) &&
		    (o->reg_mask >> (raw->reg & 7) & 1) && (o->shape & shape) &&
		    (o->shape >> ANY_RM == 0 || o->shape >> (ANY_RM + (raw->rm & 7)) & 1))
			return o;
	}
	return NULL;
}

/* Takes out the blanks in front of commas: capstone 4 puts one behind the destination of EVEX instructions. */
static void tidy(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		while (*from == ',' && to > text && to[-1] == ' ')
			to--;
		*to++ = *from;
	}
	*to = '\0';
}

static enum lift_status ask_capstone(struct x86_decoder *d, uint64_t pc, const uint8_t *bytes, size_t len,
				     struct x86_decoded *ret)
{
	if (!selects_something(&ret->raw))
		return LIFT_UNDECODABLE;

	uint8_t plain[ISA_MAX_INSN_LEN + 2];
	const uint8_t *at = plain;
	/* Capstone does not know EVEX lengths from us, but we from it. */
	size_t whole = ret->raw.evex ? (len < ISA_MAX_INSN_LEN ? len : ISA_MAX_INSN_LEN) : ret->raw.len;
	size_t size = canonical(&ret->raw, bytes, whole, plain);
	size_t removed = whole - size;
	/* Relative operands count from the end. */
	uint64_t address = pc + removed;

	size_t left = size;
	if (!cs_disasm_iter(d->handle, &at, &left, &address, d->insn))
		return ret->raw.evex && len < ISA_MAX_INSN_LEN ? LIFT_TRUNCATED : LIFT_UNDECODABLE;
	if (!ret->raw.evex && d->insn->size != size)
		return LIFT_UNDECODABLE;

	ret->raw.len = (uint8_t)(d->insn->size + removed);
	ret->id = d->insn->id;
	ret->mnemonic = d->insn->mnemonic;
	tidy(d->insn->op_str);
	ret->operands = d->insn->op_str;
	ret->cs = &d->insn->detail->x86;
	ret->groups = d->insn->detail->groups;
	ret->num_groups = d->insn->detail->groups_count;
	return LIFT_DONE;
}

/* Where the vendors' processors take bytes for different instructions. */
static void differ(struct x86_decoded *ret)
{
	struct x86_raw *raw = &ret->raw;

	if (raw->opsize && !raw->w && x86_is_near_branch(raw))
		ret->vendor_rows |= UINT32_C(1) << VENDOR_NEAR_BRANCH_66;
	if (raw->pause_r8)
		ret->vendor_rows |= UINT32_C(1) << VENDOR_PAUSE_R8;
}

static bool is_missing(const struct isa_cpu *cpu, const struct x86_form *form)
{
	return form->props & X86_ELSE && !isa_cpu_has(cpu, form->feature);
}

/* The row, if it has a builder: past those that are there with a feature alone that the CPU has not. */
static bool take_row(struct x86_decoder *d, uint64_t pc, struct x86_decoded *ret)
{
	struct x86_raw *raw = &ret->raw;

	while (raw->row && is_missing(d->cpu, raw->row->form))
		raw->row = x86_find_row(raw, &raw->next_row, &raw->rule);
	if (!raw->row || !raw->row->form->build)
		return false;
	ret->form = raw->row->form;
	x86_print_operands(raw, pc + raw->len, d->operands, sizeof d->operands);
	ret->operands = d->operands;
	ret->mnemonic = ret->form->name;
	return true;
}

enum lift_status x86_decode(struct x86_decoder *d, uint64_t pc, const uint8_t *bytes, size_t len,
			    struct x86_decoded *ret)
{
	struct x86_decoded out = {0};
	unsigned ways = (x86_is_by_amd(d->cpu, VENDOR_NEAR_BRANCH_66) ? X86_NEAR16 : 0) |
			(x86_is_by_amd(d->cpu, VENDOR_PAUSE_R8) ? X86_XCHG_R8 : 0);
	enum lift_status status = x86_parse(bytes, len, ways, &out.raw);

	if (status == LIFT_DONE)
		differ(&out);
	if (status == LIFT_DONE && (out.raw.too_long || !take_row(d, pc, &out))) {
		out.override = find_override(&out.raw);
		if (out.override) {
			out.id = out.override->id;
			out.mnemonic = out.override->mnemonic;
			out.operands = "";
		} else {
			status = ask_capstone(d, pc, bytes, len, &out);
		}
	}
	*ret = out;
	return status;
}

struct error *x86_decoder_init(struct x86_decoder *d)
{
	cs_err err = cs_open(CS_ARCH_X86, CS_MODE_64, &d->handle);
	if (err == CS_ERR_MEM)
		return &error_no_memory;
	if (err != CS_ERR_OK)
		return error_create(ERROR_UNSUPPORTED, "capstone cannot decode x86: %s", cs_strerror(err));

	err = cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
	d->insn = err == CS_ERR_OK ? cs_malloc(d->handle) : NULL;
	if (!d->insn) {
		cs_close(&d->handle);
		return &error_no_memory;
	}
	return NULL;
}

void x86_decoder_deinit(struct x86_decoder *d)
{
	cs_free(d->insn, 1);
	cs_close(&d->handle);
}
