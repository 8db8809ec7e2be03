/*
 * What is known of the instructions that no table models: x87, and the floating point of SSE and AVX. Enough to
 * run one on another CPU and compare: where its operand is, and what the manuals leave open.
 *
 * Only opcodes whose results follow from registers and memory are listed. What asks the environment, changes modes, has
 * a mask register or enters the kernel is not: such an instruction is never run to find out.
 */
#include <string.h>

#include "arch/x86_64/x86_64.h"

/*
 * Opcodes of the 0F, 0F38 and 0F3A maps, without a VEX prefix and with one; a row for each high digit, a bit for each
 * low one (SDM vol. 2, tables ). Of SSE4a, AMD's APM vol. 4. VEX 41-4B, 90-99 and 0F3A 30-33 are those of
 * mask registers, 0F38 49, 4B, 5C-5E those of tiles: not in the model's state.
 */
static const uint16_t listed[2][3][16] = {
	{
		{[1] = 0x00ff,
		 [2] = 0xff00,
		 [5] = 0xffff,
		 [6] = 0xffff,
		 [7] = 0xf3ff,
		 [0xc] = 0x0074,
		 [0xd] = 0xffff,
		 [0xe] = 0xffff,
		 [0xf] = 0x7fff},
		{[0] = 0x0fff, [1] = 0x7fb1, [2] = 0x0f3f, [3] = 0xffff, [4] = 0x0003},
		{[0] = 0xff00, [1] = 0x00f0, [2] = 0x0007, [4] = 0x0007, [6] = 0x000f},
	},
	{
		{[1] = 0x00ff,
		 [2] = 0xff00,
		 [5] = 0xffff,
		 [6] = 0xffff,
		 [7] = 0xf0ff,
		 [0xc] = 0x0074,
		 [0xd] = 0xffff,
		 [0xe] = 0xffff,
		 [0xf] = 0x7fff},
		{[0] = 0xffff,
		 [1] = 0x7fff,
		 [2] = 0xffff,
		 [3] = 0xffff,
		 [4] = 0x00e3,
		 [5] = 0x070f,
		 [7] = 0x0304,
		 [8] = 0x5000,
		 [9] = 0xffcf,
		 [0xa] = 0xffc0,
		 [0xb] = 0xfff3},
		{[0] = 0xffff, [1] = 0x3ff0, [2] = 0x0007, [3] = 0x0300, [4] = 0x1c57, [6] = 0x000f},
	},
};

/* Of the one-byte map (SDM vol. 2, table A-2): the x87's eight escapes, and FWAIT. */
enum { ESCAPES = 0xd8, ESCAPES_MASK = 0xf8, FWAIT = 0x9b };

/* Bits of the x87 status word (SDM vol. 1, 8.1.3), and those of the control word that are reserved (8.1.5). */
enum { C0 = 1 << 8, C1 = 1 << 9, C2 = 1 << 10, TOP = 7 << 11, C3 = 1 << 14, FCW_RESERVED = 0xe0c0, WHOLE = UINT16_MAX };

/*
 * The condition codes that an instruction leaves undefined: SDM vol. 1, table 8-1, and AMD's APM vol. 5, "Condition
 * Codes" of each instruction. C1 tells which way was rounded; behind a store that was exact, neither manual says what
 * it is.
 */
enum { ARITHMETIC = C0 | C2 | C3, STORING = C0 | C1 | C2 | C3 };

static bool is_listed(const struct x86_raw *raw)
{
	if (raw->evex)
		return false;
	if (raw->map == X86_MAP_1)
		return (raw->opcode & ESCAPES_MASK) == ESCAPES || raw->opcode == FWAIT;
	if (raw->map < X86_MAP_0F || raw->map > X86_MAP_0F3A)
		return false;
	return listed[raw->vex][raw->map - X86_MAP_0F][raw->opcode >> 4] >> (raw->opcode & 15) & 1;
}

static bool is_opcode(const struct x86_raw *raw, unsigned map, uint8_t mask, uint8_t opcode)
{
	return raw->map == map && (raw->opcode & mask) == opcode;
}

static void open_bits_and_nans(struct outline *o, uint32_t reg, uint16_t mask, uint8_t nans)
{
	if (mask || nans)
		o->open[o->num_open++] = (struct outline_open){(uint16_t)reg, mask, nans};
}

static void open_bits(struct outline *o, uint32_t reg, uint16_t mask)
{
	open_bits_and_nans(o, reg, mask, 0);
}

static void imply(struct outline *o, uint32_t reg)
{
	if (o->num_implied < OUTLINE_MAX)
		o->implied[o->num_implied++] = (uint16_t)reg;
}

/* ---- x87 ---- */

/* Of memory operands by opcode and ModRM.reg: bytes (0: no instruction), whether it is stored, and undefined condition
 * codes. Environments and states have half-size fields with 66 (SDM vol. 1, 8.1.10). */
struct x87_memory {
	uint8_t len, len_66;
	bool stores;
	uint16_t undefined;
};

/* clang-format off */
#define LOAD(len)         {len, len, false, ARITHMETIC}
#define COMPARE(len)      {len, len, false, 0}
#define STORE(len)        {len, len, true, STORING}
#define ARITHMETICS(len)  {LOAD(len), LOAD(len), COMPARE(len), COMPARE(len), LOAD(len), LOAD(len), LOAD(len), LOAD(len)}

static const struct x87_memory x87_memory[8][8] = {
	/* D8 */ ARITHMETICS(4),
	/* D9 */ {LOAD(4), {0}, STORE(4), STORE(4), {28, 14, false, 0}, {2, 2, false, STORING}, {28, 14, true, STORING}, STORE(2)},
	/* DA */ ARITHMETICS(4),
	/* DB */ {LOAD(4), STORE(4), STORE(4), STORE(4), {0}, LOAD(10), {0}, STORE(10)},
	/* DC */ ARITHMETICS(8),
	/* DD */ {LOAD(8), STORE(8), STORE(8), STORE(8), {108, 94, false, 0}, {0}, {108, 94, true, 0}, STORE(2)},
	/* DE */ ARITHMETICS(2),
	/* DF */ {LOAD(2), STORE(2), STORE(2), STORE(2), LOAD(10), LOAD(8), STORE(10), STORE(8)},
};
/* clang-format on */

/*
 * FLDENV, FRSTOR, FNSTENV, FNSAVE: addresses and the opcode of the last instruction are not in the model's state, and
 * vendors differ in when they are kept (SDM vol. 1, 8.1.8, 8.1.9; AMD: when an exception is pending alone, see
 * X87_POINTERS in vendor.def). Upper halves of the words in front of them are reserved (SDM vol. 1, figures 8-9 to
 * 8-12). A bit for each byte of the image, with 66 and without.
 */
#define BYTES(first, num)   (((UINT32_C(1) << (num)) - 1) << (first))
#define ENVIRONMENT_OPEN    (BYTES(2, 2) | BYTES(6, 2) | BYTES(10, 18))
#define ENVIRONMENT_OPEN_66 BYTES(6, 8)

static void outline_x87_memory(const struct x86_raw *raw, struct insn *insn)
{
	unsigned reg = raw->reg & 7;
	const struct x87_memory *row = &x87_memory[raw->opcode & 7][reg];
	struct outline *o = &insn->outline;
	bool environment = row->len > 10, fldcw = raw->opcode == 0xd9 && reg == 5;

	insn->may_store = row->stores;
	open_bits(o, X86_fstat, row->undefined);
	o->retags = environment && !row->stores;
	if (environment && row->stores)
		o->open_bytes = raw->opsize ? ENVIRONMENT_OPEN_66 : ENVIRONMENT_OPEN;
	if (o->retags || fldcw)
		open_bits(o, X86_fctrl, FCW_RESERVED);
}

/* FCMOVcc, by ModRM.reg: the flags that it reads, in the order of insn.flags. */
static const char *const fcmov_flags[4] = {"-----R-", "--R----", "--R--R-", "----R--"};

/* D9 E0-FF (SDM vol. 2, table A-10): the condition codes that are undefined after each. */
/* clang-format off */
static const uint16_t d9_undefined[32] = {
	/* FCHS, FABS */                        ARITHMETIC, ARITHMETIC, STORING, STORING,
	/* FTST, FXAM */                        0, 0, STORING, STORING,
	/* FLD1, FLDL2T, FLDL2E, FLDPI */       ARITHMETIC, ARITHMETIC, ARITHMETIC, ARITHMETIC,
	/* FLDLG2, FLDLN2, FLDZ */              ARITHMETIC, ARITHMETIC, ARITHMETIC, STORING,
	/* F2XM1, FYL2X, FPTAN, FPATAN */       STORING, STORING, STORING, STORING,
	/* FXTRACT, FPREM1, FDECSTP, FINCSTP */ ARITHMETIC, 0, ARITHMETIC, ARITHMETIC,
	/* FPREM, FYL2XP1, FSQRT, FSINCOS */    0, STORING, ARITHMETIC, STORING,
	/* FRNDINT, FSCALE, FSIN, FCOS */       ARITHMETIC, ARITHMETIC, STORING, STORING,
};
/* clang-format on */

/* Of D9 F0-FF a bit each: F2XM1, FYL2X, FPTAN, FPATAN; FYL2XP1, FSINCOS; FSIN, FCOS (SDM vol. 2, table A-10). */
enum { TRANSCENDENTAL = 1 << 0x0 | 1 << 0x1 | 1 << 0x2 | 1 << 0x3 | 1 << 0x9 | 1 << 0xb | 1 << 0xe | 1 << 0xf };

/*
 * Right but for an error below one unit in the last place (SDM vol. 1, 8.3.10). Results are in the first registers of
 * the stack; what was popped is the last then.
 */
static bool is_transcendental(const struct x86_raw *raw)
{
	return raw->opcode == 0xd9 && raw->modrm >= 0xf0 && TRANSCENDENTAL >> (raw->modrm & 15) & 1;
}

static void outline_transcendental(struct outline *o)
{
	o->kind = OUTLINE_APPROXIMATE;
	open_bits(o, X86_fstat, (uint16_t)~TOP);
	open_bits(o, X86_st0, WHOLE);
	open_bits(o, X86_st1, WHOLE);
	open_bits(o, X86_st7, WHOLE);
}

/* Of the register forms, undefined condition codes: SDM vol. 2, tables. */
static uint16_t undefined_codes(const struct x86_raw *raw)
{
	unsigned reg = raw->reg & 7;
	bool compares = reg == 2 || reg == 3;

	switch (raw->opcode) {
	case 0xd8:
	case 0xdc:
	case 0xde: return compares ? 0 : ARITHMETIC;
	case 0xd9:
		if (raw->modrm >= 0xe0)
			return d9_undefined[raw->modrm & 31];
		return reg < 2 ? ARITHMETIC : STORING;      /* FLD, FXCH; FNOP, FSTP */
	case 0xda: return raw->modrm == 0xe9 ? 0 : STORING; /* FUCOMPP, FCMOVcc */
	case 0xdb:                                          /* FNINIT; FUCOMI, FCOMI; FCMOVcc, FNCLEX */
		return raw->modrm == 0xe3 ? 0 : reg == 5 || reg == 6 ? ARITHMETIC : STORING;
	case 0xdd: return reg == 4 || reg == 5 ? 0 : reg == 1 ? ARITHMETIC : STORING; /* FUCOM; FXCH; FFREE, FST */
	case 0xdf: return reg == 1 || reg == 5 || reg == 6 ? ARITHMETIC : STORING; /* FXCH, FUCOMIP, FCOMIP; FNSTSW */
	default: return STORING;                                                   /* FWAIT */
	}
}

static void outline_x87_register(const struct x86_raw *raw, struct insn *insn)
{
	unsigned reg = raw->reg & 7;
	struct outline *o = &insn->outline;

	insn->may_store = false;
	if (is_transcendental(raw)) {
		outline_transcendental(o);
		return;
	}
	open_bits(o, X86_fstat, undefined_codes(raw));
	o->retags = raw->opcode == 0xdb && raw->modrm == 0xe3;                 /* FNINIT */
	if (raw->opcode == 0xd9 && (raw->modrm == 0xf5 || raw->modrm == 0xf8)) /* FPREM1, FPREM */
		o->partial = (struct outline_open){X86_fstat, C2, 0};
	if ((raw->opcode & 0xfe) == 0xda && reg < 4)
		memcpy(insn->flags, fcmov_flags[reg], X86_NUM_FLAGS);
	/* FUCOMI, FCOMI and those that pop. What becomes of OF, SF and AF, the manuals tell in different ways. */
	if ((raw->opcode == 0xdb || raw->opcode == 0xdf) && (reg == 5 || reg == 6))
		memcpy(insn->flags, "UUWUWW-", X86_NUM_FLAGS);
}

static void outline_x87(const struct x86_raw *raw, struct insn *insn)
{
	struct outline *o = &insn->outline;

	/* Intel's CPUs keep it of the last instruction or of the last that raised an exception (SDM vol. 1, 8.1.9.1),
	 * AMD's of the latter (X87_POINTERS in vendor.def). */
	open_bits(o, X86_fop, WHOLE);
	o->floats = true;
	o->unread = X86_fop;
	if (raw->is_mem)
		outline_x87_memory(raw, insn);
	else
		outline_x87_register(raw, insn);
	imply(o, X86_st0);
	if (!raw->is_mem)
		imply(o, raw->rm & 7 && raw->opcode != 0xd9 ? X86_st0 + (raw->rm & 7) : X86_st1);
	imply(o, X86_fctrl);
	imply(o, X86_fstat);
}

/* ---- Vectors ---- */

/* RSQRTPS, RSQRTSS, RCPPS, RCPSS: within 1.5 * 2^-12 of the true value (SDM vol. 2 and APM vol. 4, RCPPS, RSQRTPS). */
static bool is_approximate(const struct x86_raw *raw)
{
	return is_opcode(raw, X86_MAP_0F, 0xfe, 0x52);
}

/*
 * HADDPS, HADDPD, DPPS, DPPD: of two NaNs the first source operand's is the result (SDM vol. 1, table 4-7), but for
 * sums of lanes of one operand no manual says which of them is the first. 0: another instruction; else bits of a lane.
 */
static uint8_t sums_lanes(const struct x86_raw *raw)
{
	bool packed_double = raw->vex ? raw->vex_pp == 1 : raw->opsize && !raw->rep;

	if (is_opcode(raw, X86_MAP_0F, 0xff, 0x7c))
		return packed_double ? 64 : 32;
	if (is_opcode(raw, X86_MAP_0F3A, 0xfe, 0x40))
		return raw->opcode == 0x41 ? 64 : 32;
	return 0;
}

/* The registers of the destination, which is the first operand. */
static void open_destination(const struct x86_ctx *c, struct insn *insn, uint16_t mask, uint8_t nans)
{
	for (unsigned i = 0; i < 1u + (c->op[0].width == 256); i++)
		open_bits_and_nans(&insn->outline, insn->named[i], mask, nans);
}

/* FMA, VNNI and IFMA (SDM vol. 2, table A-4): the destination is an operand, too. */
static bool accumulates(const struct x86_raw *raw)
{
	uint8_t low = raw->opcode & 15, high = raw->opcode >> 4;

	return raw->map == X86_MAP_0F38 && (high == 5 || ((high == 9 || high == 10 || high == 11) && low >= 4));
}

/* VEX instructions write their destination without reading it. */
static uint8_t num_fresh(const struct x86_ctx *c)
{
	if (!c->raw.vex || !c->num_ops || c->op[0].kind != X86_OPERAND_REG || accumulates(&c->raw))
		return 0;
	for (unsigned i = 1; i < c->num_ops; i++)
		if (c->op[i].kind == X86_OPERAND_REG && c->op[i].reg == c->op[0].reg)
			return 0;
	return c->op[0].width == 256 ? 2 : 1;
}

/* Conversions from and to MMX registers. */
static bool is_mmx(const struct x86_raw *raw)
{
	return raw->map == X86_MAP_0F && (raw->opcode == 0x2a || raw->opcode == 0x2c || raw->opcode == 0x2d) &&
	       !raw->rep && !raw->vex;
}

static void outline_vector(const struct x86_ctx *c, struct insn *insn)
{
	struct outline *o = &insn->outline;
	bool first = c->num_ops > 0 && c->op[0].kind == X86_OPERAND_MEM;

	/* A destination stands first. */
	insn->may_store = first;
	o->num_fresh = num_fresh(c);
	if (is_approximate(&c->raw)) {
		o->kind = OUTLINE_APPROXIMATE;
		open_destination(c, insn, WHOLE, 0);
	}
	if (sums_lanes(&c->raw))
		open_destination(c, insn, 0, sums_lanes(&c->raw));
	imply(o, X86_mxcsr);
	if (!is_mmx(&c->raw))
		return;
	open_bits(o, X86_fop, WHOLE);
	o->floats = true;
	o->unread = X86_fop;
	imply(o, X86_fstat);
}

/* ---- All ---- */

void x86_outline(const struct x86_ctx *c, struct insn *insn)
{
	struct outline *o = &insn->outline;

	insn->may_store = true;
	if (!is_listed(&c->raw) || !c->raw.row || c->raw.lock)
		return;
	o->kind = OUTLINE_EXACT;
	o->partial.reg = o->unread = OUTLINE_NO_REG;
	memcpy(insn->flags, "-------", X86_NUM_FLAGS);
	if (c->raw.map == X86_MAP_1)
		outline_x87(&c->raw, insn);
	else
		outline_vector(c, insn);
	o->scattered |= c->raw.is_mem && !insn->operand.len;
}
