/*
 * States of the x87 for the self-test: depth of the stack, control and status word, numbers of all kinds, also those
 * that no operation makes (SDM vol. 1, 8.2).
 */
#include <string.h>

#include "lib/oracle/selftest_parts.h"

enum { STACK = 8, FLAGS = 0x3f, SUMMARY = 0x8080, TOP_LOW = 11, BIAS = 0x3fff, LARGEST = 0x7fff };

/* An extended number: the significand, and sign and exponent above it. */
struct extended {
	uint64_t significand, sign_exponent;
};

void selftest_find_x87(struct selftest *t)
{
	const struct isa_frame *frame = t->isa->frame;

	t->has_x87 = frame && frame->image && frame->image->find_tags && isa_find_reg(t->isa, "st0", 3, &t->st0) &&
		     isa_find_reg(t->isa, "fctrl", 5, &t->fctrl) && isa_find_reg(t->isa, "fstat", 5, &t->fstat);
}

/* ---- Numbers ---- */

static uint64_t fraction(struct rng *r)
{
	uint64_t x = rng_next(r);

	switch (rng_below(r, 8)) {
	case 0: return 0;
	case 1: return UINT64_MAX >> 1;
	case 2: return (uint64_t)1 << x % 63;
	case 3: return (UINT64_MAX >> 1) ^ (uint64_t)1 << x % 63;
	case 4: return (x & 7) << rng_below(r, 60);
	case 5: return x & ~(UINT64_MAX >> rng_below(r, 64)) & UINT64_MAX >> 1; /* few bits: exact */
	default: return x & UINT64_MAX >> 1;
	}
}

/* Near to where other formats and integers end. */
static unsigned exponent(struct rng *r)
{
	static const uint16_t limits[] = {BIAS - 149, BIAS - 126, BIAS + 127,  BIAS - 1074, BIAS - 1022, BIAS + 1023,
					  1,          64,         LARGEST - 1, BIAS + 15,   BIAS + 31,   BIAS + 63};

	switch (rng_below(r, 8)) {
	case 0: return limits[rng_below(r, sizeof limits / sizeof *limits)] + rng_below(r, 5) - 2;
	case 1: return rng_below(r, LARGEST);
	case 2: return BIAS + rng_below(r, 70);
	case 3: return BIAS - rng_below(r, 80);
	default: return BIAS + rng_below(r, 6) - 3;
	}
}

static struct extended number(struct rng *r)
{
	const uint64_t integer = (uint64_t)1 << 63, quiet = integer >> 1;
	struct extended n = {integer | fraction(r), exponent(r) & LARGEST};

	switch (rng_below(r, 20)) {
	case 0: n = (struct extended){0, 0}; break;
	case 1: n = (struct extended){n.significand & ~integer, 0}; break; /* denormal */
	case 2: n.sign_exponent = 0; break;                                /* pseudo-denormal */
	case 3: n = (struct extended){integer, LARGEST}; break;            /* infinity */
	case 4: n = (struct extended){n.significand | quiet, LARGEST}; break;
	case 5: n = (struct extended){n.significand & ~quiet, LARGEST}; break; /* signalling */
	case 6: n.significand &= ~integer; break;                              /* unsupported */
	default: break;
	}
	n.sign_exponent |= rng_next(r) << 15 & 0x8000;
	return n;
}

/* As the other, or nearly so. */
static struct extended similar(struct rng *r, struct extended n)
{
	switch (rng_below(r, 5)) {
	case 0: n.sign_exponent ^= 0x8000; break;
	case 1: n.significand ^= 1; break;
	case 2: n.sign_exponent += rng_below(r, 140); break;
	case 3: n.significand = number(r).significand; break;
	default: break;
	}
	n.sign_exponent &= 0xffff;
	return n;
}

/* ---- Registers ---- */

/* Bit i: st(i) is in use. Mostly a stack that has a bottom. */
static unsigned choose_used(struct rng *r)
{
	switch (rng_below(r, 8)) {
	case 0: return rng_below(r, 256);
	case 1: return 0xff;
	case 2: return 0;
	default: return 0xffu >> rng_below(r, 7);
	}
}

/* Any rounding and precision; masks: all, all but one, any. */
static unsigned choose_control(struct rng *r)
{
	unsigned masks = FLAGS, modes = rng_below(r, 16) << 8;

	switch (rng_below(r, 6)) {
	case 0: masks &= ~(1u << rng_below(r, 6)); break;
	case 1: masks = rng_below(r, 64); break;
	default: break;
	}
	return 0x40 | masks | (rng_below(r, 4) ? modes : 0x300);
}

/* Any top and condition codes; now and then flags, seldom of an exception that is pending. */
static unsigned choose_status(struct rng *r, unsigned control)
{
	unsigned status = rng_below(r, 0x10000) & 0x7f00, flags = rng_below(r, 4) ? 0 : rng_below(r, 2 * FLAGS + 2);

	if (rng_below(r, 8))
		flags &= control | ~(unsigned)FLAGS;
	return status | flags | (flags & ~control & FLAGS ? SUMMARY : 0);
}

/* The tag word follows from the image that XSAVE makes (SDM vol. 1, 10.5.1.1). */
static uint64_t find_tags(const struct selftest *t, unsigned status, unsigned used)
{
	uint8_t image[32 + 16 * STACK] = {0};
	unsigned top = status >> TOP_LOW & 7;

	image[2] = (uint8_t)status;
	image[3] = (uint8_t)(status >> 8);
	image[4] = (uint8_t)(used << top | used << top >> 8);
	for (unsigned i = 0; i < STACK; i++)
		memcpy(image + 32 + 16 * i, &t->before.value[t->isa->regs[t->st0 + i].word], 10);
	return t->isa->frame->image->find_tags(image);
}

void selftest_set_x87(struct selftest *t)
{
	struct rng *r = &t->rng;

	if (!t->has_x87 || !(t->is_input.at[t->fstat] || t->is_input.at[t->fctrl] || t->is_input.at[t->st0]))
		return;
	unsigned control = choose_control(r), status = choose_status(r, control);
	struct extended first = number(r);
	/* MMX registers, and what goes between them and others, are integers, as they have been made. */
	unsigned numbers = strstr(t->insn.form, "mm") && rng_below(r, 8) ? 0 : STACK;

	for (unsigned i = 0; i < numbers; i++) {
		struct extended n = i == 0 ? first : rng_below(r, 4) ? number(r) : similar(r, first);
		const uint64_t words[2] = {n.significand, n.sign_exponent};
		state_set_words(&t->before, t->st0 + i, words);
	}
	state_set(&t->before, t->fctrl, control);
	state_set(&t->before, t->fstat, status);
	state_set(&t->before, t->isa->frame->image->tags, find_tags(t, status, choose_used(r)));
}

/* ---- Memory ---- */

/* Ten bytes of digits (SDM vol. 1, 4.7). */
static void packed_decimal(struct rng *r, uint8_t ret[10])
{
	for (unsigned i = 0; i < 10; i++)
		ret[i] = (uint8_t)(rng_below(r, 10) << 4 | rng_below(r, 10));
	ret[9] = (uint8_t)rng_next(r);
}

struct error *selftest_plant_x87(struct selftest *t)
{
	struct rng *r = &t->rng;
	bool planted = false;

	for (size_t i = 0; t->has_x87 && i < t->eval.num_loads; i++) {
		struct eval_load load = t->eval.loads[i];
		uint8_t bytes[10];
		if (load.len != sizeof bytes || rng_below(r, 8) == 0 ||
		    guest_find(&t->guest, load.address) == guest_find(&t->guest, t->insn.pc) ||
		    guest_find(&t->guest, load.address + load.len) == guest_find(&t->guest, t->insn.pc))
			continue;
		struct extended n = number(r);
		memcpy(bytes, &n.significand, 8);
		memcpy(bytes + 8, &n.sign_exponent, 2);
		if (rng_below(r, 2))
			packed_decimal(r, bytes);
		guest_write(&t->guest, load.address, bytes, sizeof bytes);
		planted = true;
	}
	return planted ? selftest_predict(t) : NULL;
}
