/*
 * What is known of the instructions that no table models: conversions of MMX. Enough to
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

enum { WHOLE = UINT16_MAX };

static bool is_listed(const struct x86_raw *raw)
{
	if (raw->evex)
		return false;
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

static void imply(struct outline *o, uint32_t reg)
{
	if (o->num_implied < OUTLINE_MAX)
		o->implied[o->num_implied++] = (uint16_t)reg;
}

/* ---- Vectors ---- */

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

/* In the registers of the destination, which is the first operand. */
static void open_nans(const struct x86_ctx *c, struct insn *insn, uint8_t lane)
{
	for (unsigned i = 0; i < 1u + (c->op[0].width == 256); i++)
		open_bits_and_nans(&insn->outline, insn->named[i], 0, lane);
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

static void outline_vector(const struct x86_ctx *c, struct insn *insn)
{
	struct outline *o = &insn->outline;

	/* A destination stands first. */
	insn->may_store = c->num_ops > 0 && c->op[0].kind == X86_OPERAND_MEM;
	o->num_fresh = num_fresh(c);
	if (sums_lanes(&c->raw))
		open_nans(c, insn, sums_lanes(&c->raw));
	imply(o, X86_mxcsr);
}

/* ---- All ---- */

void x86_outline(const struct x86_ctx *c, struct insn *insn)
{
	struct outline *o = &insn->outline;

	insn->may_store = true;
	if (!is_listed(&c->raw) || !c->raw.row || c->raw.lock)
		return;
	o->kind = OUTLINE_EXACT;
	o->unread = OUTLINE_NO_REG;
	memcpy(insn->flags, "-------", X86_NUM_FLAGS);
	outline_vector(c, insn);
	o->scattered |= c->raw.is_mem && !insn->operand.len;
}
