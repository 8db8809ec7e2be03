/* SSE shuffles: lanes moved by a constant pattern (SDM vol. 2). */
#include "arch/x86_64/x86_64.h"

/* Both sources side by side: the first operand's lanes come first. */
static expr_id both(struct x86_ctx *c)
{
	if (c->op[1].kind == X86_OPERAND_MEM && c->op[1].width == 128)
		x86_require_alignment(c, x86_address(c), 16);
	expr_id a = x86_read(c, 0), b = x86_read(c, 1);
	if (expr_width(c->pool, a) == 128 && expr_width(c->pool, b) == 128)
		return expr_concat(c->pool, b, a);
	x86_unmodelled(c); /* MMX */
	return EXPR_NONE;
}

/* Lane i of the result is lane index[i] of the concatenated sources. */
static void permute(struct x86_ctx *c, unsigned lane, const uint8_t index[16])
{
	uint64_t words[2] = {0};
	expr_id lanes = both(c);

	for (unsigned i = 0; i < 128 / lane; i++)
		words[i * lane / 64] |= (uint64_t)index[i] << i * lane % 64;
	x86_write(c, 0, expr_lanes(c->pool, EXPR_VPERM, lane, lanes, expr_const_wide(c->pool, 128, words), EXPR_NONE));
}

/* PUNPCKL*, UNPCKLP*: param is the lane width; PUNPCKH*, UNPCKHP*: with this bit. */
enum { UNPACK_HIGH = 0x100 };

static void build_unpack(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = f->param & 0xff, n = 128 / lane;
	unsigned first = f->param & UNPACK_HIGH ? n / 2 : 0;
	uint8_t index[16];

	for (unsigned i = 0; i < n; i++)
		index[i] = (uint8_t)(first + i / 2 + (i % 2 ? n : 0));
	permute(c, lane, index);
}

/* PSHUFD, PSHUFLW, PSHUFHW: four lanes of the source from lane `first` on, by two bits of the immediate each; the
 * others are the source's own. */
enum { SHUFFLE_DWORDS, SHUFFLE_LOW_WORDS, SHUFFLE_HIGH_WORDS };

static void build_shuffle(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = f->param == SHUFFLE_DWORDS ? 32 : 16, n = 128 / lane;
	unsigned first = f->param == SHUFFLE_HIGH_WORDS ? 4 : 0;
	uint8_t index[16];

	for (unsigned i = 0; i < n; i++)
		index[i] = (uint8_t)(n + i);
	for (unsigned i = 0; i < 4; i++)
		index[first + i] = (uint8_t)(n + first + (c->op[2].imm >> 2 * i & 3));
	permute(c, lane, index);
}

/* SHUFPS, SHUFPD: the low half of the result from the first operand, the high half from the second. */
static void build_shuffle_pair(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned lane = f->param, n = 128 / lane, bits = lane == 32 ? 2 : 1;
	uint8_t index[16];

	for (unsigned i = 0; i < n; i++)
		index[i] = (uint8_t)((i < n / 2 ? 0 : n) + (c->op[2].imm >> i * bits & (n - 1)));
	permute(c, lane, index);
}

/* clang-format off */
static const struct x86_form x86_sse_shuffle[] = {
	/* id                  build               param               oszapcd    props map */
	{X86_INS_PUNPCKLBW,    build_unpack,       8,                  "-------", 0, 0},
	{X86_INS_PUNPCKLWD,    build_unpack,       16,                 "-------", 0, 0},
	{X86_INS_PUNPCKLDQ,    build_unpack,       32,                 "-------", 0, 0},
	{X86_INS_PUNPCKLQDQ,   build_unpack,       64,                 "-------", 0, 0},
	{X86_INS_PUNPCKHBW,    build_unpack,       8 | UNPACK_HIGH,    "-------", 0, 0},
	{X86_INS_PUNPCKHWD,    build_unpack,       16 | UNPACK_HIGH,   "-------", 0, 0},
	{X86_INS_PUNPCKHDQ,    build_unpack,       32 | UNPACK_HIGH,   "-------", 0, 0},
	{X86_INS_PUNPCKHQDQ,   build_unpack,       64 | UNPACK_HIGH,   "-------", 0, 0},
	{X86_INS_UNPCKLPS,     build_unpack,       32,                 "-------", 0, 0},
	{X86_INS_UNPCKLPD,     build_unpack,       64,                 "-------", 0, 0},
	{X86_INS_UNPCKHPS,     build_unpack,       32 | UNPACK_HIGH,   "-------", 0, 0},
	{X86_INS_UNPCKHPD,     build_unpack,       64 | UNPACK_HIGH,   "-------", 0, 0},
	{X86_INS_PSHUFD,       build_shuffle,      SHUFFLE_DWORDS,     "-------", 0, 0},
	{X86_INS_PSHUFLW,      build_shuffle,      SHUFFLE_LOW_WORDS,  "-------", 0, 0},
	{X86_INS_PSHUFHW,      build_shuffle,      SHUFFLE_HIGH_WORDS, "-------", 0, 0},
	{X86_INS_SHUFPS,       build_shuffle_pair, 32,                 "-------", 0, 0},
	{X86_INS_SHUFPD,       build_shuffle_pair, 64,                 "-------", 0, 0},
};
/* clang-format on */

X86_TABLE(x86_sse_shuffle);
