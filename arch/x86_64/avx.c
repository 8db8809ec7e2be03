/* What AVX and AVX2 have and SSE has not: lanes across blocks, broadcasts, masked moves (SDM vol. 2). */
#include "arch/x86_64/simd.h"

/* VBROADCAST*, VPBROADCAST*: param is the width of what is repeated. */
static void build_broadcast(struct x86_ctx *c, const struct x86_form *f)
{
	static const uint8_t first[32] = {0};

	/* Lanes of VPERM may have any width, also that of a block. */
	x86_write(c, 0, simd_permute(c, simd_width(c), f->param, simd_read(c, 1, f->param), first));
}

/* VPERM2F128, VPERM2I128: each block is one of the four of both sources, by two bits, or zero, by the fourth. */
static void build_permute_blocks(struct x86_ctx *c, const struct x86_form *f)
{
	uint8_t index[4];
	expr_id b = simd_b(c), both = expr_concat(c->pool, b, simd_a(c));

	(void)f;
	for (unsigned i = 0; i < 4; i++) {
		unsigned control = simd_imm(c) >> i / 2 * 4;
		index[i] = (uint8_t)(control & 8 ? SIMD_ZERO : (control & 3) * 2 + i % 2);
	}
	x86_write(c, 0, simd_permute(c, 256, 64, both, index));
}

/* VINSERTF128, VINSERTI128 */
static void build_insert_block(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned first = simd_first(c);
	expr_id block = simd_read(c, first + 1, SIMD_BLOCK);

	(void)f;
	x86_write(c, 0, simd_insert(c, simd_read(c, first, 256), (simd_imm(c) & 1) * SIMD_BLOCK, block));
}

/* VEXTRACTF128, VEXTRACTI128 */
static void build_extract_block(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, expr_extract(c->pool, simd_read(c, 1, 256), (simd_imm(c) & 1) * SIMD_BLOCK, SIMD_BLOCK));
}

/* VPERMQ, VPERMPD: lanes of the whole source by two bits of the immediate each. */
static void build_permute_quads(struct x86_ctx *c, const struct x86_form *f)
{
	uint8_t index[4];

	(void)f;
	if (!c->raw.w && !x86_by_amd(c, VENDOR_PERMQ_W))
		transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
	for (unsigned i = 0; i < 4; i++)
		index[i] = simd_imm(c) >> 2 * i & 3;
	x86_write(c, 0, simd_permute(c, 256, 64, simd_read(c, 1, 256), index));
}

/* VPERMD, VPERMPS: lanes of the second source by the low bits of those of the first. */
static void build_permute_doubles(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id b = simd_b(c), index = expr_and(c->pool, simd_a(c), simd_splat(c, 256, 32, 7));

	(void)f;
	x86_write(c, 0, simd_lanes(c, EXPR_VPERM, 32, b, index));
}

/*
 * VPERMILPS, VPERMILPD: lanes within blocks; param is the lane width. The number of a single is in its low two bits,
 * that of a double in bit 1.
 */
static expr_id in_block_by_register(struct x86_ctx *c, unsigned lane)
{
	struct expr_pool *p = c->pool;
	unsigned width = simd_width(c);
	expr_id b = simd_b(c);
	expr_id index = lane == 32 ? expr_and(p, b, simd_splat(c, width, lane, 3))
				   : expr_and(p, simd_shift(c, EXPR_VLSHR, lane, b, 1), simd_splat(c, width, lane, 1));

	if (width > SIMD_BLOCK)
		index = expr_or(p, index,
				expr_concat(p, simd_splat(c, SIMD_BLOCK, lane, SIMD_BLOCK / lane),
					    x86_const(c, SIMD_BLOCK, 0)));
	return simd_lanes(c, EXPR_VPERM, lane, simd_a(c), index);
}

static expr_id in_block_by_immediate(struct x86_ctx *c, unsigned lane)
{
	unsigned width = simd_width(c), n = SIMD_BLOCK / lane;
	uint8_t index[8];

	for (unsigned i = 0; i < width / lane; i++)
		index[i] = (uint8_t)(i / n * n + (lane == 32 ? simd_imm(c) >> 2 * (i % 4) & 3 : simd_imm(c) >> i & 1));
	return simd_permute(c, width, lane, simd_source(c, 1), index);
}

static void build_permute_in_block(struct x86_ctx *c, const struct x86_form *f)
{
	bool immediate = c->op[2].kind == X86_OPERAND_IMM;

	x86_write(c, 0, immediate ? in_block_by_immediate(c, f->param) : in_block_by_register(c, f->param));
}

/* ---- Masked moves ---- */

/* The lane at `address`, or 0 where the mask is clear. What the mask excludes is not read and does not fault. */
static expr_id load_lane(struct x86_ctx *c, unsigned lane, expr_id mask, expr_id address)
{
	expr_id value = x86_load_if(c, mask, lane, address);

	return expr_ite(c->pool, mask, value, x86_const(c, lane, 0));
}

/* VPMASKMOVD, VPMASKMOVQ, VMASKMOVPS, VMASKMOVPD: param is the lane width; top bits of the second operand choose. */
static void build_masked_move(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned lane = f->param;
	bool store = c->op[0].kind == X86_OPERAND_MEM;
	expr_id masks = x86_read(c, 1), value = store ? x86_read(c, 2) : EXPR_NONE, any = x86_const(c, 1, 0);

	for (unsigned i = 1; i <= simd_width(c) / lane; i++)
		any = expr_or(p, any, expr_bit(p, masks, i * lane - 1));
	expr_id address = x86_address_if(c, any);
	for (unsigned i = 0; i < simd_width(c) / lane; i++) {
		expr_id at = expr_add(p, address, x86_const(c, 64, i * lane / 8));
		expr_id mask = expr_bit(p, masks, (i + 1) * lane - 1);
		expr_id one;
		if (store) {
			transfer_add_store(c->t, mask, at, expr_extract(p, value, i * lane, lane));
			continue;
		}
		one = load_lane(c, lane, mask, at);
		value = i ? expr_concat(p, one, value) : one;
	}
	if (!store)
		x86_write(c, 0, value);
}

/* clang-format off */
static const struct x86_form x86_avx[] = {
	/*      name  encoding  VEX  operands  CPUID, with 256 bits */
	AVX_ROW("vbroadcastss",   "66 0F 38 18 /r", "W0",     "Vps Md",         AVX,  AVX,  build_broadcast,        32),
	AVX_ROW("vbroadcastss",   "66 0F 38 18 /r", "W0",     "Vps Udq",        AVX2, AVX2, build_broadcast,        32),
	AVX_ROW("vbroadcastsd",   "66 0F 38 19 /r", "256.W0", "Vpd Mq",         AVX,  AVX,  build_broadcast,        64),
	AVX_ROW("vbroadcastsd",   "66 0F 38 19 /r", "256.W0", "Vpd Udq",        AVX2, AVX2, build_broadcast,        64),
	AVX_ROW("vbroadcastf128", "66 0F 38 1A /r", "256.W0", "Vqq Mdq",        AVX,  AVX,  build_broadcast,        128),
	AVX_ROW("vbroadcasti128", "66 0F 38 5A /r", "256.W0", "Vqq Mdq",        AVX2, AVX2, build_broadcast,        128),
	AVX_ROW("vpbroadcastb",   "66 0F 38 78 /r", "W0",     "Vx Wb",          AVX2, AVX2, build_broadcast,        8),
	AVX_ROW("vpbroadcastw",   "66 0F 38 79 /r", "W0",     "Vx Ww",          AVX2, AVX2, build_broadcast,        16),
	AVX_ROW("vpbroadcastd",   "66 0F 38 58 /r", "W0",     "Vx Wd",          AVX2, AVX2, build_broadcast,        32),
	AVX_ROW("vpbroadcastq",   "66 0F 38 59 /r", "W0",     "Vx Wq",          AVX2, AVX2, build_broadcast,        64),
	AVX_ROW("vperm2f128",     "66 0F 3A 06 /r", "256.W0", "Vqq Hqq Wqq Ib", AVX,  AVX,  build_permute_blocks,   0),
	AVX_ROW("vperm2i128",     "66 0F 3A 46 /r", "256.W0", "Vqq Hqq Wqq Ib", AVX2, AVX2, build_permute_blocks,   0),
	AVX_ROW("vinsertf128",    "66 0F 3A 18 /r", "256.W0", "Vqq Hqq Wdq Ib", AVX,  AVX,  build_insert_block,     0),
	AVX_ROW("vinserti128",    "66 0F 3A 38 /r", "256.W0", "Vqq Hqq Wdq Ib", AVX2, AVX2, build_insert_block,     0),
	AVX_ROW("vextractf128",   "66 0F 3A 19 /r", "256.W0", "Wdq Vqq Ib",     AVX,  AVX,  build_extract_block,    0),
	AVX_ROW("vextracti128",   "66 0F 3A 39 /r", "256.W0", "Wdq Vqq Ib",     AVX2, AVX2, build_extract_block,    0),
	AVX_ROW("vpermq",         "66 0F 3A 00 /r", "256.WIG", "Vqq Wqq Ib",     AVX2, AVX2, build_permute_quads,    0),
	AVX_ROW("vpermpd",        "66 0F 3A 01 /r", "256.WIG", "Vqq Wqq Ib",     AVX2, AVX2, build_permute_quads,    0),
	AVX_ROW("vpermd",         "66 0F 38 36 /r", "256.W0", "Vqq Hqq Wqq",    AVX2, AVX2, build_permute_doubles,  0),
	AVX_ROW("vpermps",        "66 0F 38 16 /r", "256.W0", "Vqq Hqq Wqq",    AVX2, AVX2, build_permute_doubles,  0),
	AVX_ROW("vpermilps",      "66 0F 38 0C /r", "W0",     "Vps Hps Wps",    AVX,  AVX,  build_permute_in_block, 32),
	AVX_ROW("vpermilps",      "66 0F 3A 04 /r", "W0",     "Vps Wps Ib",     AVX,  AVX,  build_permute_in_block, 32),
	AVX_ROW("vpermilpd",      "66 0F 38 0D /r", "W0",     "Vpd Hpd Wpd",    AVX,  AVX,  build_permute_in_block, 64),
	AVX_ROW("vpermilpd",      "66 0F 3A 05 /r", "W0",     "Vpd Wpd Ib",     AVX,  AVX,  build_permute_in_block, 64),
	AVX_ROW("vpmaskmovd",     "66 0F 38 8C /r", "W0",     "Vx Hx Mx",       AVX2, AVX2, build_masked_move,      32),
	AVX_ROW("vpmaskmovd",     "66 0F 38 8E /r", "W0",     "Mx Hx Vx",       AVX2, AVX2, build_masked_move,      32),
	AVX_ROW("vpmaskmovq",     "66 0F 38 8C /r", "W1",     "Vx Hx Mx",       AVX2, AVX2, build_masked_move,      64),
	AVX_ROW("vpmaskmovq",     "66 0F 38 8E /r", "W1",     "Mx Hx Vx",       AVX2, AVX2, build_masked_move,      64),
	AVX_ROW("vmaskmovps",     "66 0F 38 2C /r", "W0",     "Vps Hps Mps",    AVX,  AVX,  build_masked_move,      32),
	AVX_ROW("vmaskmovps",     "66 0F 38 2E /r", "W0",     "Mps Hps Vps",    AVX,  AVX,  build_masked_move,      32),
	AVX_ROW("vmaskmovpd",     "66 0F 38 2D /r", "W0",     "Vpd Hpd Mpd",    AVX,  AVX,  build_masked_move,      64),
	AVX_ROW("vmaskmovpd",     "66 0F 38 2F /r", "W0",     "Mpd Hpd Vpd",    AVX,  AVX,  build_masked_move,      64),
};
/* clang-format on */

X86_TABLE(x86_avx);
