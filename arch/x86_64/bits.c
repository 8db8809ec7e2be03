/* Bit tests, scans, counts, extraction, and CRC32. */
#include "arch/x86_64/x86_64.h"

enum bit_change { BIT_KEEP, BIT_SET, BIT_RESET, BIT_COMPLEMENT };
enum blend { BLS_ISOLATE, BLS_MASK, BLS_RESET };

static expr_id ones(struct x86_ctx *c, unsigned width)
{
	return expr_not(c->pool, x86_const(c, width, 0));
}

/*
 * Where BT and its kin find their bit. A register offset into memory reaches beyond the operand: the word at
 * offset / width (rounded down, the offset is signed) holds the bit (SDM vol. 2, 3.1.1.9, "Bit(BitBase, BitOffset)").
 */
static expr_id bit_address(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width, log2_width = width == 64 ? 6 : width == 32 ? 5 : 4;
	expr_id offset = x86_offset(c);

	if (c->op[1].kind == X86_OPERAND_REG) {
		expr_id words = expr_ashr(p, expr_sext(p, x86_read(c, 1), 64), x86_const(c, 8, log2_width));
		offset = expr_add(p, offset, expr_shl(p, words, x86_const(c, 8, log2_width - 3)));
		if (c->raw.addrsize)
			offset = expr_zext(p, expr_extract(p, offset, 0, 32), 64);
	}
	return x86_operand_at(c, offset);
}

static expr_id change_bit(struct x86_ctx *c, uint32_t change, expr_id value, expr_id bit)
{
	switch (change) {
	case BIT_SET: return expr_or(c->pool, value, bit);
	case BIT_RESET: return expr_and(c->pool, value, expr_not(c->pool, bit));
	default: return expr_xor(c->pool, value, bit);
	}
}

/* BT, BTS, BTR, BTC */
static void build_bit_test(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;
	bool in_memory = c->op[0].kind == X86_OPERAND_MEM;
	expr_id address = in_memory ? bit_address(c) : EXPR_NONE;
	expr_id value = in_memory ? transfer_load(c->t, width, address) : x86_read(c, 0);

	c->op[1].width = (uint16_t)width;
	expr_id index = expr_and(p, x86_read(c, 1), x86_const(c, width, width - 1));
	expr_id bit = expr_shl(p, x86_const(c, width, 1), index);

	x86_set_flag(c, X86_cf, expr_bit(p, expr_lshr(p, value, index), 0));
	if (f->param == BIT_KEEP)
		return;
	value = change_bit(c, f->param, value, bit);
	if (in_memory)
		transfer_add_store(c->t, EXPR_NONE, address, value);
	else
		x86_write(c, 0, value);
}

/* What BSF and BSR of 0 leave in the destination, the upper half of a 64-bit register included. */
static expr_id scanned_zero(struct x86_ctx *c, unsigned written)
{
	return x86_by_amd(c, VENDOR_SCAN_ZERO) ? x86_gpr(c, c->op[0].reg, written) : expr_undef(c->pool, written);
}

/* BSF and BSR */
static void build_scan(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width, written = width == 16 ? 16 : 64;
	expr_id source = x86_read(c, 1), zero = expr_is_zero(p, source);
	expr_id index = expr_unary(p, f->param, source);

	if (f->param == EXPR_CLZ)
		index = expr_sub(p, x86_const(c, width, width - 1), index);
	x86_set_flag(c, X86_zf, zero);
	c->op[0].width = (uint16_t)written;
	x86_write(c, 0, expr_ite(p, zero, scanned_zero(c, written), expr_fit(p, index, written)));
}

/* TZCNT and LZCNT */
static void build_zero_count(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id source = x86_read(c, 1);
	expr_id count = expr_unary(c->pool, f->param, source);

	x86_set_flag(c, X86_cf, expr_is_zero(c->pool, source));
	x86_set_flag(c, X86_zf, expr_is_zero(c->pool, count));
	x86_write(c, 0, count);
}

static void build_popcnt(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id source = x86_read(c, 1);

	(void)f;
	x86_set_flag(c, X86_zf, expr_is_zero(c->pool, source));
	x86_write(c, 0, expr_unary(c->pool, EXPR_POPCNT, source));
}

static void set_sign_zero(struct x86_ctx *c, expr_id result)
{
	x86_set_flag(c, X86_sf, expr_msb(c->pool, result));
	x86_set_flag(c, X86_zf, expr_is_zero(c->pool, result));
}

static void build_andn(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id result = expr_and(c->pool, expr_not(c->pool, x86_read(c, 1)), x86_read(c, 2));

	(void)f;
	set_sign_zero(c, result);
	x86_write(c, 0, result);
}

/* BLSI, BLSMSK, BLSR */
static void build_lowest_bit(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id source = x86_read(c, 1), zero = expr_is_zero(p, source);
	expr_id less = expr_sub(p, source, x86_const(c, c->op[0].width, 1));
	expr_id result;

	switch (f->param) {
	case BLS_ISOLATE: result = expr_and(p, expr_neg(p, source), source); break;
	case BLS_MASK: result = expr_xor(p, less, source); break;
	default: result = expr_and(p, less, source); break;
	}
	x86_set_flag(c, X86_sf, expr_msb(p, result));
	if (f->param != BLS_MASK) /* whose result is never 0 */
		x86_set_flag(c, X86_zf, expr_is_zero(p, result));
	x86_set_flag(c, X86_cf, f->param == BLS_ISOLATE ? expr_not(p, zero) : zero);
	x86_write(c, 0, result);
}

/* The low `count` bits of value; all of them if there are fewer. */
static expr_id low_bits(struct x86_ctx *c, expr_id value, expr_id count)
{
	struct expr_pool *p = c->pool;
	expr_id above = expr_shl(p, ones(c, c->op[0].width), count);

	return expr_and(p, value, expr_not(p, above));
}

static void build_bextr(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id control = x86_read(c, 2);
	expr_id from = expr_lshr(p, x86_read(c, 1), expr_extract(p, control, 0, 8));
	expr_id result = low_bits(c, from, expr_extract(p, control, 8, 8));

	(void)f;
	x86_set_flag(c, X86_zf, expr_is_zero(p, result));
	x86_write(c, 0, result);
}

static void build_bzhi(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id count = expr_extract(p, x86_read(c, 2), 0, 8);
	expr_id result = low_bits(c, x86_read(c, 1), count);

	(void)f;
	set_sign_zero(c, result);
	x86_set_flag(c, X86_cf, expr_ult(p, x86_const(c, 8, c->op[0].width - 1), count));
	x86_write(c, 0, result);
}

/* Each set bit of the mask takes the source's next bit. */
static void build_pdep(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;
	expr_id rest = x86_read(c, 1), mask = x86_read(c, 2), result = EXPR_NONE;

	(void)f;
	for (unsigned i = 0; i < width; i++) {
		expr_id chosen = expr_bit(p, mask, i);
		expr_id bit = expr_and(p, chosen, expr_bit(p, rest, 0));
		result = i == 0 ? bit : expr_concat(p, bit, result);
		rest = expr_ite(p, chosen, expr_lshr(p, rest, x86_const(c, 8, 1)), rest);
	}
	x86_write(c, 0, result);
}

/* From the top down, each chosen bit enters the result at the bottom. */
static void build_pext(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	unsigned width = c->op[0].width;
	expr_id source = x86_read(c, 1), mask = x86_read(c, 2), result = x86_const(c, width, 0);

	(void)f;
	for (unsigned i = width; i-- > 0;) {
		expr_id longer = expr_concat(p, expr_extract(p, result, 0, width - 1), expr_bit(p, source, i));
		result = expr_ite(p, expr_bit(p, mask, i), longer, result);
	}
	x86_write(c, 0, result);
}

/* CRC-32C, polynomial 11EDC6F41H, bits reflected: a step takes the data's next bit, lowest first (SDM vol. 2, CRC32).
 */
static void build_crc32(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id crc = expr_extract(p, x86_read(c, 0), 0, 32), data = x86_read(c, 1);
	expr_id polynomial = x86_const(c, 32, 0x82f63b78), zero = x86_const(c, 32, 0);

	(void)f;
	for (unsigned i = 0; i < c->op[1].width; i++) {
		expr_id out = expr_xor(p, expr_bit(p, crc, 0), expr_bit(p, data, i));
		expr_id shifted = expr_lshr(p, crc, x86_const(c, 8, 1));
		crc = expr_xor(p, shifted, expr_ite(p, out, polynomial, zero));
	}
	x86_write(c, 0, expr_fit(p, crc, c->op[0].width));
}

/* clang-format off */
static const struct x86_form x86_bits[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("bt",     "0F A3 /r",             "Ev Gv",    BASE,   "UUVUUW-", 0,        build_bit_test,   BIT_KEEP),
	ROW("bt",     "0F BA /4",             "Ev Ib",    BASE,   "UUVUUW-", 0,        build_bit_test,   BIT_KEEP),
	ROW("bts",    "0F AB /r",             "Ev Gv",    BASE,   "UUVUUW-", X86_LOCK, build_bit_test,   BIT_SET),
	ROW("bts",    "0F BA /5",             "Ev Ib",    BASE,   "UUVUUW-", X86_LOCK, build_bit_test,   BIT_SET),
	ROW("btr",    "0F B3 /r",             "Ev Gv",    BASE,   "UUVUUW-", X86_LOCK, build_bit_test,   BIT_RESET),
	ROW("btr",    "0F BA /6",             "Ev Ib",    BASE,   "UUVUUW-", X86_LOCK, build_bit_test,   BIT_RESET),
	ROW("btc",    "0F BB /r",             "Ev Gv",    BASE,   "UUVUUW-", X86_LOCK, build_bit_test,   BIT_COMPLEMENT),
	ROW("btc",    "0F BA /7",             "Ev Ib",    BASE,   "UUVUUW-", X86_LOCK, build_bit_test,   BIT_COMPLEMENT),
	ROW("tzcnt",  "F3 0F BC /r",          "Gv Ev",    BMI1,   "UUWUUW-", X86_ELSE, build_zero_count, EXPR_CTZ),
	ROW("bsf",    "0F BC /r",             "Gv Ev",    BASE,   "UUWUUU-", 0,        build_scan,       EXPR_CTZ),
	ROW("lzcnt",  "F3 0F BD /r",          "Gv Ev",    LZCNT,  "UUWUUW-", X86_ELSE, build_zero_count, EXPR_CLZ),
	ROW("bsr",    "0F BD /r",             "Gv Ev",    BASE,   "UUWUUU-", 0,        build_scan,       EXPR_CLZ),
	ROW("popcnt", "F3 0F B8 /r",          "Gv Ev",    POPCNT, "00W000-", 0,        build_popcnt,     0),
	ROW("andn",   "VEX.LZ.NP.0F38 F2 /r", "Gy By Ey", BMI1,   "0WWUU0-", 0,        build_andn,       0),
	ROW("blsr",   "VEX.LZ.NP.0F38 F3 /1", "By Ey",    BMI1,   "0WWUUW-", 0,        build_lowest_bit, BLS_RESET),
	ROW("blsmsk", "VEX.LZ.NP.0F38 F3 /2", "By Ey",    BMI1,   "0W0UUW-", 0,        build_lowest_bit, BLS_MASK),
	ROW("blsi",   "VEX.LZ.NP.0F38 F3 /3", "By Ey",    BMI1,   "0WWUUW-", 0,        build_lowest_bit, BLS_ISOLATE),
	ROW("bextr",  "VEX.LZ.NP.0F38 F7 /r", "Gy Ey By", BMI1,   "0UWUU0-", 0,        build_bextr,      0),
	ROW("bzhi",   "VEX.LZ.NP.0F38 F5 /r", "Gy Ey By", BMI2,   "0WWUUW-", 0,        build_bzhi,       0),
	ROW("pdep",   "VEX.LZ.F2.0F38 F5 /r", "Gy By Ey", BMI2,   "-------", 0,        build_pdep,       0),
	ROW("pext",   "VEX.LZ.F3.0F38 F5 /r", "Gy By Ey", BMI2,   "-------", 0,        build_pext,       0),
	ROW("crc32",  "F2 0F 38 F0 /r",       "Gy Eb",    SSE42,  "-------", 0,        build_crc32,      0),
	ROW("crc32",  "F2 0F 38 F1 /r",       "Gy Ev",    SSE42,  "-------", 0,        build_crc32,      0),
};
/* clang-format on */

X86_TABLE(x86_bits);
