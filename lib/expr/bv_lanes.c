/* The lane-wise operators of bv.h. */
#include <string.h>

#include "lib/expr/bv.h"

#define OPERATOR(name) \
	static void name(const struct bv_op *o, uint64_t *ret, const uint64_t *a, const uint64_t *b, const uint64_t *c)

static void clear(uint64_t *ret, unsigned width)
{
	memset(ret, 0, bv_words(width) * sizeof *ret);
}

/* x limited to what n signed bits hold, as n bits. */
static uint64_t saturate_signed(bv_s128 x, unsigned n)
{
	bv_s128 max = (bv_s128)(bv_ones(n) >> 1), min = -max - 1;

	return (uint64_t)(x < min ? min : x > max ? max : x) & bv_ones(n);
}

/* x limited to what n unsigned bits hold. */
static uint64_t saturate_unsigned(bv_s128 x, unsigned n)
{
	bv_s128 max = (bv_s128)bv_ones(n);

	return (uint64_t)(x < 0 ? 0 : x > max ? max : x);
}

static uint64_t shift_left(uint64_t x, uint64_t count, unsigned n)
{
	return count < n ? x << count & bv_ones(n) : 0;
}

static uint64_t shift_right(uint64_t x, uint64_t count, unsigned n)
{
	return count < n ? x >> count : 0;
}

static uint64_t shift_signed(uint64_t x, uint64_t count, unsigned n)
{
	return (uint64_t)(bv_signed(x, n) >> (count < n ? count : n - 1)) & bv_ones(n);
}

static uint64_t leading_zeros(uint64_t x, unsigned n)
{
	return x ? (uint64_t)__builtin_clzll(x) - (64 - n) : n;
}

static uint64_t absolute(uint64_t x, unsigned n)
{
	return bv_signed(x, n) < 0 ? 0 - x : x;
}

typedef uint64_t lane_fn(uint64_t x, uint64_t y, unsigned n);

/*
 * ret = f(a, b) lane by lane, inlined into each operator. Lanes that do not cross words, which are nearly all there
 * are, are done a word at a time.
 */
__attribute__((always_inline)) static inline void each_lane(const struct bv_op *o, uint64_t *ret, const uint64_t *a,
							    const uint64_t *b, lane_fn *f)
{
	unsigned n = o->lane, width = o->width;
	uint64_t mask = bv_ones(n);

	clear(ret, width);
	for (unsigned i = 0; 64 % n && i < width; i += n)
		bv_put(ret, i, n, f(bv_get(a, i, n), bv_get(b, i, n), n) & mask);
	for (unsigned word = 0; 64 % n == 0 && word < bv_words(width); word++) {
		unsigned end = width - 64 * word < 64 ? width - 64 * word : 64;

		for (unsigned i = 0; i < end; i += n)
			ret[word] |= (f(a[word] >> i & mask, b[word] >> i & mask, n) & mask) << i;
	}
}

/* x and y are the operands' lanes, SX and SY the same as signed numbers, n the lane width. */
#define LANES2(name, result) \
	static inline uint64_t name##_lane(uint64_t x, uint64_t y, unsigned n) \
	{ \
		(void)n; \
		return (uint64_t)(result); \
	} \
	OPERATOR(name) \
	{ \
		(void)c; \
		each_lane(o, ret, a, b, name##_lane); \
	}
#define LANES1(name, result) \
	static inline uint64_t name##_lane(uint64_t x, uint64_t y, unsigned n) \
	{ \
		(void)y, (void)n; \
		return (uint64_t)(result); \
	} \
	OPERATOR(name) \
	{ \
		(void)b, (void)c; \
		each_lane(o, ret, a, a, name##_lane); \
	}
#define SX bv_signed(x, n)
#define SY bv_signed(y, n)

LANES2(op_vadd, x + y)
LANES2(op_vsub, x - y)
LANES1(op_vneg, 0 - x)
LANES1(op_vabs, absolute(x, n))
LANES2(op_vmul, x *y)
LANES2(op_vmulhu, (bv_u128)x *y >> n)
LANES2(op_vmulhs, (bv_s128)SX *SY >> n)
LANES2(op_vaddus, saturate_unsigned((bv_s128)x + y, n))
LANES2(op_vaddss, saturate_signed((bv_s128)SX + SY, n))
LANES2(op_vsubus, saturate_unsigned((bv_s128)x - y, n))
LANES2(op_vsubss, saturate_signed((bv_s128)SX - SY, n))
LANES2(op_vavgu, ((bv_u128)x + y + 1) >> 1)
LANES2(op_vminu, x < y ? x : y)
LANES2(op_vmins, SX < SY ? x : y)
LANES2(op_vmaxu, x > y ? x : y)
LANES2(op_vmaxs, SX > SY ? x : y)
LANES2(op_veq, x == y ? UINT64_MAX : 0)
LANES2(op_vgtu, x > y ? UINT64_MAX : 0)
LANES2(op_vgts, SX > SY ? UINT64_MAX : 0)
LANES1(op_vpopcnt, (uint64_t)__builtin_popcountll(x))
LANES1(op_vclz, leading_zeros(x, n))
LANES2(op_vshlv, shift_left(x, y, n))
LANES2(op_vlshrv, shift_right(x, y, n))
LANES2(op_vashrv, shift_signed(x, y, n))

#define LANES_COUNT(name, shift) \
	OPERATOR(name) \
	{ \
		unsigned n = o->lane, count = bv_count(b, o->arg_width[1]); \
		(void)c; \
		clear(ret, o->width); \
		for (unsigned i = 0; i < o->width; i += n) \
			bv_put(ret, i, n, shift(bv_get(a, i, n), count, n)); \
	}
LANES_COUNT(op_vshl, shift_left)
LANES_COUNT(op_vlshr, shift_right)
LANES_COUNT(op_vashr, shift_signed)

/* The lane [low, low + n) as an index; anything too large is UINT16_MAX. Lanes may be wider than a word. */
static unsigned lane_index(const uint64_t *a, unsigned low, unsigned n)
{
	uint64_t index = bv_get(a, low, n < 64 ? n : 64);

	for (unsigned done = 64; done < n; done += 64)
		if (bv_get(a, low + done, n - done < 64 ? n - done : 64))
			return UINT16_MAX;
	return index < UINT16_MAX ? (unsigned)index : UINT16_MAX;
}

/* Lanes that do not cross words. */
static void permute_in_words(const struct bv_op *o, uint64_t *ret, const uint64_t *a, const uint64_t *b)
{
	unsigned n = o->lane, num = o->arg_width[0] / n;
	uint64_t mask = bv_ones(n);

	for (unsigned i = 0; i < o->width; i += n) {
		uint64_t index = b[i / 64] >> i % 64 & mask;
		/* No branch: which lanes exist is hard to foretell. */
		uint64_t exists = index < num ? mask : 0;
		unsigned low = (unsigned)(index & exists) * n;

		ret[i / 64] |= (a[low / 64] >> low % 64 & exists) << i % 64;
	}
}

OPERATOR(op_vperm)
{
	unsigned n = o->lane;
	(void)c;

	clear(ret, o->width);
	if (64 % n == 0) {
		permute_in_words(o, ret, a, b);
		return;
	}
	for (unsigned i = 0; i < o->width; i += n) {
		unsigned index = lane_index(b, i, n);

		if (index >= o->arg_width[0] / n)
			continue;
		for (unsigned done = 0; done < n; done += 64) {
			unsigned part = n - done < 64 ? n - done : 64;

			bv_put(ret, i + done, part, bv_get(a, index * n + done, part));
		}
	}
}

OPERATOR(op_vmsb)
{
	(void)b, (void)c;
	clear(ret, o->width);
	for (unsigned i = 0; i < o->width; i++)
		bv_put(ret, i, 1, bv_bit(a, (i + 1) * o->lane - 1));
}

/* The upper half of each result lane is zero, or copies of the operand lane's sign. */
static void widen(const struct bv_op *o, uint64_t *ret, const uint64_t *a, bool is_signed)
{
	unsigned n = o->lane;

	clear(ret, o->width);
	for (unsigned i = 0; i < o->arg_width[0]; i += n) {
		uint64_t x = bv_get(a, i, n);

		bv_put(ret, 2 * i, n, x);
		if (is_signed && bv_signed(x, n) < 0)
			bv_put(ret, 2 * i + n, n, bv_ones(n));
	}
}

OPERATOR(op_vwidenu)
{
	(void)b, (void)c;
	widen(o, ret, a, false);
}

OPERATOR(op_vwidens)
{
	(void)b, (void)c;
	widen(o, ret, a, true);
}

#define NARROW(name, result) \
	OPERATOR(name) \
	{ \
		unsigned n = o->lane, half = n / 2; \
		(void)b, (void)c; \
		clear(ret, o->width); \
		for (unsigned i = 0; i < o->arg_width[0]; i += n) { \
			uint64_t x = bv_get(a, i, n); \
			bv_put(ret, i / 2, half, (result)); \
		} \
	}
NARROW(op_vnarrow, x &bv_ones(half))
NARROW(op_vnarrowss, saturate_signed(SX, half))
NARROW(op_vnarrowsu, saturate_unsigned(SX, half))
NARROW(op_vnarrowuu, saturate_unsigned((bv_s128)x, half))

OPERATOR(op_vsum)
{
	(void)b, (void)c;
	ret[0] = 0;
	for (unsigned i = 0; i < o->arg_width[0]; i += o->lane)
		ret[0] += bv_get(a, i, o->lane);
	ret[0] &= bv_ones(o->lane);
}

bv_fn *const bv_lane_fn[EXPR_NUM_OPS] = {
	[EXPR_VADD] = op_vadd,
	[EXPR_VSUB] = op_vsub,
	[EXPR_VNEG] = op_vneg,
	[EXPR_VABS] = op_vabs,
	[EXPR_VMUL] = op_vmul,
	[EXPR_VMULHU] = op_vmulhu,
	[EXPR_VMULHS] = op_vmulhs,
	[EXPR_VADDUS] = op_vaddus,
	[EXPR_VADDSS] = op_vaddss,
	[EXPR_VSUBUS] = op_vsubus,
	[EXPR_VSUBSS] = op_vsubss,
	[EXPR_VAVGU] = op_vavgu,
	[EXPR_VMINU] = op_vminu,
	[EXPR_VMINS] = op_vmins,
	[EXPR_VMAXU] = op_vmaxu,
	[EXPR_VMAXS] = op_vmaxs,
	[EXPR_VEQ] = op_veq,
	[EXPR_VGTU] = op_vgtu,
	[EXPR_VGTS] = op_vgts,
	[EXPR_VPOPCNT] = op_vpopcnt,
	[EXPR_VCLZ] = op_vclz,
	[EXPR_VSHL] = op_vshl,
	[EXPR_VLSHR] = op_vlshr,
	[EXPR_VASHR] = op_vashr,
	[EXPR_VSHLV] = op_vshlv,
	[EXPR_VLSHRV] = op_vlshrv,
	[EXPR_VASHRV] = op_vashrv,
	[EXPR_VPERM] = op_vperm,
	[EXPR_VMSB] = op_vmsb,
	[EXPR_VWIDENU] = op_vwidenu,
	[EXPR_VWIDENS] = op_vwidens,
	[EXPR_VNARROW] = op_vnarrow,
	[EXPR_VNARROWSS] = op_vnarrowss,
	[EXPR_VNARROWSU] = op_vnarrowsu,
	[EXPR_VNARROWUU] = op_vnarrowuu,
	[EXPR_VSUM] = op_vsum,
};
