/* Vector lanes moved, blended, narrowed and widened, within blocks of 128 bits (SDM vol. 2). */
#include "arch/x86_64/simd.h"

/* PUNPCKL*, UNPCKLP*: param is the lane width; PUNPCKH*, UNPCKHP*: with this bit. */
enum { UNPACK_HIGH = 0x100 };

/*
 * The second source. Of low halves, memory is no more than that with MMX registers, and processors may read no more
 * with XMM ones, though all of it is to be aligned (SDM vol. 2, PUNPCKLBW): AMD's do (family 1Ah).
 */
static expr_id unpacked(struct x86_ctx *c, bool high)
{
	unsigned width = simd_width(c);

	if (high || c->raw.vex || c->op[1].kind != X86_OPERAND_MEM)
		return simd_b(c);
	if (width == SIMD_BLOCK)
		x86_require_sse_alignment(c);
	return expr_zext(c->pool, simd_read(c, 1, width / 2), width);
}

static void build_unpack(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = f->param & 0xff, n = simd_block(c) / lane;
	unsigned first = f->param & UNPACK_HIGH ? n / 2 : 0;
	uint8_t index[16];
	expr_id b = unpacked(c, first > 0);

	for (unsigned i = 0; i < n; i++)
		index[i] = (uint8_t)(first + i / 2 + (i % 2 ? n : 0));
	x86_write(c, 0, simd_permute_blocks(c, lane, simd_a(c), b, index));
}

/* ---- Patterns in the immediate ---- */

/* PSHUFD, PSHUFLW and PSHUFW, PSHUFHW: four lanes of the source from lane `first` on, by two bits of the immediate
 * each; the others are the source's own. */
enum { SHUFFLE_DWORDS, SHUFFLE_LOW_WORDS, SHUFFLE_HIGH_WORDS };

static void build_shuffle(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = f->param == SHUFFLE_DWORDS ? 32 : 16, first = f->param == SHUFFLE_HIGH_WORDS ? 4 : 0;
	uint8_t index[8];
	expr_id source = simd_source(c, 1);

	for (unsigned i = 0; i < simd_block(c) / lane; i++)
		index[i] = (uint8_t)i;
	for (unsigned i = 0; i < 4; i++)
		index[first + i] = (uint8_t)(first + (simd_imm(c) >> 2 * i & 3));
	x86_write(c, 0, simd_permute_blocks(c, lane, source, source, index));
}

/* SHUFPS: the low half of each block from the first source, the high half from the second. */
static void build_shuffle_singles(struct x86_ctx *c, const struct x86_form *f)
{
	uint8_t index[4];
	expr_id b = simd_b(c);

	(void)f;
	for (unsigned i = 0; i < 4; i++)
		index[i] = (uint8_t)((i < 2 ? 0 : 4) + (simd_imm(c) >> 2 * i & 3));
	x86_write(c, 0, simd_permute_blocks(c, 32, simd_a(c), b, index));
}

/* SHUFPD: likewise, with bits of the immediate of their own for the upper block. */
static void build_shuffle_doubles(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned width = simd_width(c), n = width / 64;
	uint8_t index[4];
	expr_id b = simd_b(c), a = simd_a(c);

	(void)f;
	for (unsigned i = 0; i < n; i++)
		index[i] = (uint8_t)((i % 2 ? n : 0) + i / 2 * 2 + (simd_imm(c) >> i & 1));
	x86_write(c, 0, simd_permute(c, width, 64, expr_concat(c->pool, b, a), index));
}

/* The bytes of the block of a, followed by that of b, from number `first` on; zero behind and before them. */
static expr_id window(struct x86_ctx *c, expr_id a, expr_id b, int first)
{
	int n = (int)simd_block(c) / 8;
	uint8_t index[16];

	for (int i = 0; i < n; i++)
		index[i] = first + i < 0 || first + i >= 2 * n ? SIMD_ZERO : (uint8_t)(first + i);
	return simd_permute_blocks(c, 8, a, b, index);
}

/* PALIGNR: the second source is the low half. */
static void build_align(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c);

	(void)f;
	x86_write(c, 0, window(c, b, simd_a(c), (int)simd_imm(c)));
}

/* PSLLDQ, PSRLDQ: whole blocks shifted by bytes; param is the direction. */
static void build_byte_shift(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned bytes = simd_imm(c) > 15 ? 16 : simd_imm(c);
	expr_id a = simd_read(c, simd_first(c), simd_width(c)), zero = expr_const(c->pool, simd_width(c), 0);

	x86_write(c, 0, window(c, a, zero, f->param == EXPR_SHL ? -(int)bytes : (int)bytes));
}

/* INSERTPS: bits 6-7 of the immediate choose the lane of a register, 4-5 where it goes; 0-3 clear lanes. */
static void build_insert_single(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned i = simd_first(c) + 1, imm = simd_imm(c), from = imm >> 6;
	uint8_t index[4];
	expr_id b;

	(void)f;
	if (c->op[i].kind == X86_OPERAND_MEM) {
		b = expr_fit(c->pool, simd_read(c, i, 32), SIMD_BLOCK);
		from = 0;
	} else {
		b = simd_read(c, i, SIMD_BLOCK);
	}
	for (unsigned k = 0; k < 4; k++)
		index[k] = (uint8_t)(imm >> k & 1 ? SIMD_ZERO : k == (imm >> 4 & 3) ? 4 + from : k);
	x86_write(c, 0, simd_permute_blocks(c, 32, simd_a(c), b, index));
}

/* PINSRB..PINSRQ: param is the lane width. */
static void build_insert(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned first = simd_first(c), lane = f->param, block = simd_block(c), i = simd_imm(c) % (block / lane);

	x86_write(c, 0, simd_insert(c, simd_read(c, first, block), i * lane, simd_read(c, first + 1, lane)));
}

/* PEXTRB..PEXTRQ, EXTRACTPS: registers are zero-extended, memory gets just the lane. */
static void build_extract(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = f->param, block = simd_block(c), i = simd_imm(c) % (block / lane);
	expr_id value = expr_extract(c->pool, simd_read(c, 1, block), i * lane, lane);

	if (c->op[0].kind != X86_OPERAND_MEM)
		value = expr_fit(c->pool, value, c->op[0].width);
	x86_write(c, 0, value);
}

/* PBLENDW, BLENDPS, BLENDPD, VPBLENDD: lanes of `param` bits from the second source where the immediate has a 1. */
static void build_blend(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c);

	x86_write(c, 0, simd_select(c, simd_lane_mask(c, simd_width(c), f->param, simd_imm(c)), simd_a(c), b));
}

/* ---- Patterns in a register ---- */

/* PBLENDVB, BLENDVPS, BLENDVPD: by the top bits of the lanes of XMM0, or of a fourth operand. */
static void build_blend_variable(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = f->param;
	expr_id b = simd_b(c);
	expr_id by = c->raw.vex ? simd_read(c, 3, simd_width(c)) : expr_reg(c->pool, SIMD_BLOCK, X86_xmm0);

	x86_write(c, 0, simd_select(c, simd_shift(c, EXPR_VASHR, lane, by, lane - 1), simd_a(c), b));
}

/* PSHUFB: bytes of the block of the first source by the second; zero where bit 7 of the number is set. */
static void build_shuffle_bytes(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = simd_width(c);
	/* No vector has 128 bytes: of the number, bit 7 makes one that selects nothing. */
	expr_id index = expr_and(p, simd_b(c), simd_splat(c, width, 8, 0x80 | (simd_block(c) / 8 - 1)));

	(void)f;
	if (width > SIMD_BLOCK)
		index = expr_or(p, index,
				expr_concat(p, simd_splat(c, SIMD_BLOCK, 8, 16), x86_const(c, SIMD_BLOCK, 0)));
	x86_write(c, 0, simd_lanes(c, EXPR_VPERM, 8, simd_a(c), index));
}

/* ---- Widths ---- */

/* PACK*: lanes of both sources narrowed by the operator. */
static void build_pack(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint8_t halves_of_blocks[4] = {0, 2, 1, 3};
	expr_id b = simd_b(c), both = expr_concat(c->pool, b, simd_a(c));
	expr_id value = simd_lanes(c, simd_operator(f), simd_lane(f), both, EXPR_NONE);

	if (simd_width(c) > SIMD_BLOCK)
		value = simd_permute(c, 256, 64, value, halves_of_blocks);
	x86_write(c, 0, value);
}

/* PMOVZX*, PMOVSX*: lanes of FROM bits become lanes of TO bits; memory is read at any alignment. */
#define WIDEN(op, from, to) (EXPR_##op << 16 | (to) << 8 | (from))

static void build_widen(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned from = f->param & 0xff, to = f->param >> 8 & 0xff;
	expr_id value = simd_read(c, 1, simd_width(c) / (to / from));

	for (unsigned lane = from; lane < to; lane *= 2)
		value = simd_lanes(c, simd_operator(f), lane, value, EXPR_NONE);
	x86_write(c, 0, value);
}

/* clang-format off */
static const struct x86_form x86_sse_shuffle[] = {
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW("punpcklbw",  "66 0F 60 /r",       "WIG",     "Vx Hx Wx",          SSE2,  AVX, AVX2, build_unpack,          8),
	SIMD_ROW("punpcklwd",  "66 0F 61 /r",       "WIG",     "Vx Hx Wx",          SSE2,  AVX, AVX2, build_unpack,          16),
	SIMD_ROW("punpckldq",  "66 0F 62 /r",       "WIG",     "Vx Hx Wx",          SSE2,  AVX, AVX2, build_unpack,          32),
	SIMD_ROW("punpcklqdq", "66 0F 6C /r",       "WIG",     "Vx Hx Wx",          SSE2,  AVX, AVX2, build_unpack,          64),
	SIMD_ROW("punpckhbw",  "66 0F 68 /r",       "WIG",     "Vx Hx Wx",          SSE2,  AVX, AVX2, build_unpack,          8 | UNPACK_HIGH),
	SIMD_ROW("punpckhwd",  "66 0F 69 /r",       "WIG",     "Vx Hx Wx",          SSE2,  AVX, AVX2, build_unpack,          16 | UNPACK_HIGH),
	SIMD_ROW("punpckhdq",  "66 0F 6A /r",       "WIG",     "Vx Hx Wx",          SSE2,  AVX, AVX2, build_unpack,          32 | UNPACK_HIGH),
	SIMD_ROW("punpckhqdq", "66 0F 6D /r",       "WIG",     "Vx Hx Wx",          SSE2,  AVX, AVX2, build_unpack,          64 | UNPACK_HIGH),
	SIMD_ROW("unpcklps",   "NP 0F 14 /r",       "WIG",     "Vps Hps Wps",       SSE,   AVX, AVX,  build_unpack,          32),
	SIMD_ROW("unpcklpd",   "66 0F 14 /r",       "WIG",     "Vpd Hpd Wpd",       SSE2,  AVX, AVX,  build_unpack,          64),
	SIMD_ROW("unpckhps",   "NP 0F 15 /r",       "WIG",     "Vps Hps Wps",       SSE,   AVX, AVX,  build_unpack,          32 | UNPACK_HIGH),
	SIMD_ROW("unpckhpd",   "66 0F 15 /r",       "WIG",     "Vpd Hpd Wpd",       SSE2,  AVX, AVX,  build_unpack,          64 | UNPACK_HIGH),
	SIMD_ROW("pshufd",     "66 0F 70 /r",       "WIG",     "Vx Wx Ib",          SSE2,  AVX, AVX2, build_shuffle,         SHUFFLE_DWORDS),
	SIMD_ROW("pshuflw",    "F2 0F 70 /r",       "WIG",     "Vx Wx Ib",          SSE2,  AVX, AVX2, build_shuffle,         SHUFFLE_LOW_WORDS),
	SIMD_ROW("pshufhw",    "F3 0F 70 /r",       "WIG",     "Vx Wx Ib",          SSE2,  AVX, AVX2, build_shuffle,         SHUFFLE_HIGH_WORDS),
	SIMD_ROW("shufps",     "NP 0F C6 /r",       "WIG",     "Vps Hps Wps Ib",    SSE,   AVX, AVX,  build_shuffle_singles, 0),
	SIMD_ROW("shufpd",     "66 0F C6 /r",       "WIG",     "Vpd Hpd Wpd Ib",    SSE2,  AVX, AVX,  build_shuffle_doubles, 0),
	SIMD_ROW("palignr",    "66 0F 3A 0F /r",    "WIG",     "Vx Hx Wx Ib",       SSSE3, AVX, AVX2, build_align,           0),
	SIMD_ROW("pslldq",     "66 0F 73 /7",       "WIG",     "Hx Ux Ib",          SSE2,  AVX, AVX2, build_byte_shift,      EXPR_SHL),
	SIMD_ROW("psrldq",     "66 0F 73 /3",       "WIG",     "Hx Ux Ib",          SSE2,  AVX, AVX2, build_byte_shift,      EXPR_LSHR),
	SIMD_ROW("insertps",   "66 0F 3A 21 /r",    "128.WIG", "Vdq Hdq Udq/Md Ib", SSE41, AVX, AVX,  build_insert_single,   0),
	SIMD_ROW("pinsrb",     "66 0F 3A 20 /r",    "128.WIG", "Vdq Hdq Rd/Mb Ib",  SSE41, AVX, AVX,  build_insert,          8),
	SIMD_ROW("pinsrw",     "66 0F C4 /r",       "128.WIG", "Vdq Hdq Rd/Mw Ib",  SSE2,  AVX, AVX,  build_insert,          16),
	SIMD_ROW("pinsrd",     "W0 66 0F 3A 22 /r", "128",     "Vdq Hdq Ed Ib",     SSE41, AVX, AVX,  build_insert,          32),
	SIMD_ROW("pinsrq",     "W1 66 0F 3A 22 /r", "128",     "Vdq Hdq Eq Ib",     SSE41, AVX, AVX,  build_insert,          64),
	SIMD_ROW("pextrb",     "66 0F 3A 14 /r",    "128.WIG", "Rd/Mb Vdq Ib",      SSE41, AVX, AVX,  build_extract,         8),
	SIMD_ROW("pextrw",     "66 0F 3A 15 /r",    "128.WIG", "Rd/Mw Vdq Ib",      SSE41, AVX, AVX,  build_extract,         16),
	SIMD_ROW("pextrw",     "66 0F C5 /r",       "128.WIG", "Gd Udq Ib",         SSE2,  AVX, AVX,  build_extract,         16),
	SIMD_ROW("pextrd",     "W0 66 0F 3A 16 /r", "128",     "Ed Vdq Ib",         SSE41, AVX, AVX,  build_extract,         32),
	SIMD_ROW("pextrq",     "W1 66 0F 3A 16 /r", "128",     "Eq Vdq Ib",         SSE41, AVX, AVX,  build_extract,         64),
	SIMD_ROW("extractps",  "66 0F 3A 17 /r",    "128.WIG", "Ed Vdq Ib",         SSE41, AVX, AVX,  build_extract,         32),
	SIMD_ROW("pblendw",    "66 0F 3A 0E /r",    "WIG",     "Vx Hx Wx Ib",       SSE41, AVX, AVX2, build_blend,           16),
	SIMD_ROW("blendps",    "66 0F 3A 0C /r",    "WIG",     "Vps Hps Wps Ib",    SSE41, AVX, AVX,  build_blend,           32),
	SIMD_ROW("blendpd",    "66 0F 3A 0D /r",    "WIG",     "Vpd Hpd Wpd Ib",    SSE41, AVX, AVX,  build_blend,           64),
	AVX_ROW("vpblendd", "66 0F 3A 02 /r", "W0", "Vx Hx Wx Ib", AVX2, AVX2, build_blend, 32),
	SSE_ROW("pblendvb", "66 0F 38 10 /r", "Vdq Wdq XMM0", SSE41, build_blend_variable, 8),
	SSE_ROW("blendvps", "66 0F 38 14 /r", "Vdq Wdq XMM0", SSE41, build_blend_variable, 32),
	SSE_ROW("blendvpd", "66 0F 38 15 /r", "Vdq Wdq XMM0", SSE41, build_blend_variable, 64),
	AVX_ROW("vpblendvb", "66 0F 3A 4C /r", "W0", "Vx Hx Wx Lx",     AVX, AVX2, build_blend_variable, 8),
	AVX_ROW("vblendvps", "66 0F 3A 4A /r", "W0", "Vps Hps Wps Lps", AVX, AVX,  build_blend_variable, 32),
	AVX_ROW("vblendvpd", "66 0F 3A 4B /r", "W0", "Vpd Hpd Wpd Lpd", AVX, AVX,  build_blend_variable, 64),
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW("pshufb",   "66 0F 38 00 /r", "WIG", "Vx Hx Wx", SSSE3, AVX, AVX2, build_shuffle_bytes, 0),
	SIMD_ROW("packsswb", "66 0F 63 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_pack,          LANES(VNARROWSS, 16)),
	SIMD_ROW("packssdw", "66 0F 6B /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_pack,          LANES(VNARROWSS, 32)),
	SIMD_ROW("packuswb", "66 0F 67 /r",    "WIG", "Vx Hx Wx", SSE2,  AVX, AVX2, build_pack,          LANES(VNARROWSU, 16)),
	SIMD_ROW("packusdw", "66 0F 38 2B /r", "WIG", "Vx Hx Wx", SSE41, AVX, AVX2, build_pack,          LANES(VNARROWSU, 32)),
	SIMD_ROW("pmovzxbw", "66 0F 38 30 /r", "WIG", "Vx Wh",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENU, 8, 16)),
	SIMD_ROW("pmovzxbd", "66 0F 38 31 /r", "WIG", "Vx Wf",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENU, 8, 32)),
	SIMD_ROW("pmovzxbq", "66 0F 38 32 /r", "WIG", "Vx We",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENU, 8, 64)),
	SIMD_ROW("pmovzxwd", "66 0F 38 33 /r", "WIG", "Vx Wh",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENU, 16, 32)),
	SIMD_ROW("pmovzxwq", "66 0F 38 34 /r", "WIG", "Vx Wf",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENU, 16, 64)),
	SIMD_ROW("pmovzxdq", "66 0F 38 35 /r", "WIG", "Vx Wh",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENU, 32, 64)),
	SIMD_ROW("pmovsxbw", "66 0F 38 20 /r", "WIG", "Vx Wh",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENS, 8, 16)),
	SIMD_ROW("pmovsxbd", "66 0F 38 21 /r", "WIG", "Vx Wf",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENS, 8, 32)),
	SIMD_ROW("pmovsxbq", "66 0F 38 22 /r", "WIG", "Vx We",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENS, 8, 64)),
	SIMD_ROW("pmovsxwd", "66 0F 38 23 /r", "WIG", "Vx Wh",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENS, 16, 32)),
	SIMD_ROW("pmovsxwq", "66 0F 38 24 /r", "WIG", "Vx Wf",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENS, 16, 64)),
	SIMD_ROW("pmovsxdq", "66 0F 38 25 /r", "WIG", "Vx Wh",    SSE41, AVX, AVX2, build_widen,         WIDEN(VWIDENS, 32, 64)),

	/* MMX */
	SSE_ROW("punpcklbw", "NP 0F 60 /r", "Pq Nq/Md", MMX, build_unpack, 8),
	SSE_ROW("punpcklwd", "NP 0F 61 /r", "Pq Nq/Md", MMX, build_unpack, 16),
	SSE_ROW("punpckldq", "NP 0F 62 /r", "Pq Nq/Md", MMX, build_unpack, 32),
	SSE_ROW("punpckhbw", "NP 0F 68 /r", "Pq Qq", MMX, build_unpack, 8 | UNPACK_HIGH),
	SSE_ROW("punpckhwd", "NP 0F 69 /r", "Pq Qq", MMX, build_unpack, 16 | UNPACK_HIGH),
	SSE_ROW("punpckhdq", "NP 0F 6A /r", "Pq Qq", MMX, build_unpack, 32 | UNPACK_HIGH),
	SSE_ROW("pshufw", "NP 0F 70 /r", "Pq Qq Ib", SSE, build_shuffle, SHUFFLE_LOW_WORDS),
	SSE_ROW("palignr", "NP 0F 3A 0F /r", "Pq Qq Ib", SSSE3, build_align, 0),
	SSE_ROW("pinsrw", "NP 0F C4 /r", "Pq Rd/Mw Ib", SSE, build_insert, 16),
	SSE_ROW("pextrw", "NP 0F C5 /r", "Gd Nq Ib", SSE, build_extract, 16),
	SSE_ROW("pshufb", "NP 0F 38 00 /r", "Pq Qq", SSSE3, build_shuffle_bytes, 0),
	SSE_ROW("packsswb", "NP 0F 63 /r", "Pq Qq", MMX, build_pack, LANES(VNARROWSS, 16)),
	SSE_ROW("packuswb", "NP 0F 67 /r", "Pq Qq", MMX, build_pack, LANES(VNARROWSU, 16)),
	SSE_ROW("packssdw", "NP 0F 6B /r", "Pq Qq", MMX, build_pack, LANES(VNARROWSS, 32)),
};
/* clang-format on */

X86_TABLE(x86_sse_shuffle);
