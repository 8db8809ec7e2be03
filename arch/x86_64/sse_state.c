/* MXCSR, the FXSAVE image, the upper halves (SDM vol. 1, 10.2.3 and 10.5). */
#include "arch/x86_64/simd.h"
#include "arch/x86_64/xstate.h"

uint32_t x86_mxcsr_mask(struct x86_ctx *c)
{
	bool amd = x86_by_amd(c, VENDOR_MISALIGNED_SSE);

	return amd && isa_cpu_has(c->cpu, X86_HAS_MISALIGNED_SSE) ? MXCSR_MASK | MXCSR_MISALIGNED : MXCSR_MASK;
}

void x86_open_mxcsr(struct x86_ctx *c, expr_id cond, expr_id value)
{
	expr_id misaligned = expr_not(c->pool, expr_is_zero(c->pool, expr_and(c->pool, value,
									      x86_const(c, 32, MXCSR_MISALIGNED))));

	if (x86_by_amd(c, VENDOR_MISALIGNED_SSE) && !isa_cpu_knows(c->cpu, X86_HAS_MISALIGNED_SSE))
		x86_open(c, expr_and(c->pool, cond, misaligned), ENV_SYSTEM);
}

/* #GP if a reserved bit is set. `also`: what must be readable too before that, or EXPR_NONE. */
static void load_mxcsr(struct x86_ctx *c, expr_id value, expr_id also)
{
	struct expr_pool *p = c->pool;
	expr_id all = also ? expr_concat(p, also, value) : value;
	expr_id reserved = expr_and(p, all, x86_const(c, expr_width(p, all), (uint32_t)~x86_mxcsr_mask(c)));

	x86_open_mxcsr(c, x86_const(c, 1, 1), value);
	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, reserved)), FAULT_PROTECTION);
	transfer_set_reg(c->t, X86_mxcsr, value);
}

static void build_ldmxcsr(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	load_mxcsr(c, transfer_load(c->t, 32, x86_address(c)), EXPR_NONE);
}

static void build_stmxcsr(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	transfer_add_store(c->t, EXPR_NONE, x86_address(c), expr_reg(c->pool, 32, X86_mxcsr));
}

/* ---- FXSAVE, FXRSTOR ---- */

expr_id x86_image_get(struct x86_ctx *c, expr_id cond, unsigned at, unsigned width)
{
	return x86_load_if(c, cond, width, expr_add(c->pool, x86_address(c), x86_const(c, 64, at)));
}

static expr_id image_get(struct x86_ctx *c, unsigned at, unsigned width)
{
	return x86_image_get(c, x86_const(c, 1, 1), at, width);
}

/* Puts values side by side, the first one lowest. */
struct image {
	struct x86_ctx *c;
	expr_id address;
	unsigned at;    /* bytes */
	expr_id values; /* of the chunk at hand, or EXPR_NONE */
};

static void image_put(struct image *m, expr_id value)
{
	struct expr_pool *p = m->c->pool;

	m->at += expr_width(p, value) / 8;
	m->values = m->values ? expr_concat(p, value, m->values) : value;
	if (m->at % IMAGE_CHUNK)
		return;
	transfer_add_store(m->c->t, EXPR_NONE, expr_add(p, m->address, x86_const(m->c, 64, m->at - IMAGE_CHUNK)),
			   m->values);
	m->values = EXPR_NONE;
}

static void image_put_reg(struct image *m, unsigned width, uint32_t reg)
{
	image_put(m, expr_reg(m->c->pool, width, reg));
}

/* A bit for each physical register, set where its two bits in the tag word do not say "empty" (SDM vol. 1, 10.5.1.1).
 */
static expr_id abridged_tags(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id tags = expr_reg(p, 16, X86_ftag);
	expr_id empty = expr_and(p, tags, expr_lshr(p, tags, x86_const(c, 8, 1)));
	expr_id bits = expr_not(p, expr_bit(p, empty, 0));

	for (unsigned i = 1; i < 8; i++)
		bits = expr_concat(p, expr_not(p, expr_bit(p, empty, 2 * i)), bits);
	return bits;
}

/* Do AMD's processors save and restore the pointers though no exception is pending? Where they may or not, false. */
static bool keeps_pointers(const struct x86_ctx *c)
{
	return isa_cpu_knows(c->cpu, X86_HAS_X87_POINTERS) && isa_cpu_has(c->cpu, X86_HAS_X87_POINTERS);
}

/* An exception that is not masked is pending: bit 7 of the status word. */
static expr_id is_pending(struct x86_ctx *c, expr_id fsw)
{
	return expr_bit(c->pool, fsw, 7);
}

/* The last opcode as it is saved: 16 bits, of which AMD's processors may leave alone what is in memory. */
static expr_id saved_fop(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id fop = expr_zext(p, expr_extract(p, expr_reg(p, 16, X86_fop), 0, 11), 16);

	if (!x86_by_amd(c, VENDOR_X87_POINTERS) || keeps_pointers(c))
		return fop;
	return expr_ite(p, is_pending(c, expr_reg(p, 16, X86_fstat)), fop, expr_undef(p, 16));
}

/* Which bits of MXCSR there are. Where it is not known of one, it is undefined. */
static expr_id saved_mxcsr_mask(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id misaligned = expr_and(p, expr_undef(p, 32), x86_const(c, 32, MXCSR_MISALIGNED));

	if (!x86_by_amd(c, VENDOR_MISALIGNED_SSE) || isa_cpu_knows(c->cpu, X86_HAS_MISALIGNED_SSE))
		return x86_const(c, 32, x86_mxcsr_mask(c));
	return expr_or(p, x86_const(c, 32, MXCSR_MASK), misaligned);
}

/*
 * The addresses and selectors of the last x87 instruction are not in the model's state. Processors differ in whether
 * they save them at all (CPUID.(EAX=07H,ECX=0H):EBX[6] and [13], and AMD's).
 */
expr_id x86_image_control(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id mask = saved_mxcsr_mask(c);
	expr_id all = expr_concat(p, expr_reg(p, 16, X86_fstat), expr_reg(p, 16, X86_fctrl));

	all = expr_concat(p, expr_zext(p, abridged_tags(c), 16), all);
	all = expr_concat(p, saved_fop(c), all);
	all = expr_concat(p, expr_undef(p, 128), all);
	return expr_concat(p, mask, expr_concat(p, expr_reg(p, 32, X86_mxcsr), all));
}

/* With 32-bit addresses, processors let parts of the image wrap at 4 GiB. */
static void refuse_wrap(struct x86_ctx *c)
{
	if (c->raw.addrsize)
		x86_open(c, expr_ult(c->pool, x86_const(c, 64, UINT32_MAX - IMAGE_END), x86_offset(c)), ENV_XSTATE);
}

/* The end of the image stays as it is, but it must be writable as the rest. */
static void build_fxsave(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	refuse_wrap(c);
	x86_require_alignment(c, 16);
	struct image m = {.c = c, .address = x86_address(c)};
	expr_id rest = image_get(c, IMAGE_REST, 8 * (IMAGE_CHUNK / 2));
	expr_id end = image_get(c, IMAGE_END - IMAGE_CHUNK, 8 * IMAGE_CHUNK);

	image_put(&m, x86_image_control(c));
	for (unsigned i = 0; i < 8; i++) {
		image_put_reg(&m, 80, X86_st0 + i);
		/* "Unused" (SDM vol. 1, 10.5.1.1): Intel's processors write 0, others need not touch them. */
		image_put(&m, expr_undef(c->pool, 48));
	}
	for (unsigned i = 0; i < 16; i++)
		image_put_reg(&m, 128, X86_xmm0 + i);
	image_put(&m, rest);
	image_put(&m, end);
}

/* The control word as processors keep it: bit 6 reads as 1, the other reserved bits as 0 (seen on Intel's). */
static expr_id restored_fcw(struct x86_ctx *c, expr_id cond)
{
	expr_id value = expr_and(c->pool, x86_image_get(c, cond, IMAGE_FCW, 16), x86_const(c, 16, 0x1f3f));

	return expr_or(c->pool, value, x86_const(c, 16, 0x40));
}

/* The status word: bits 7 and 15 tell of pending exceptions that are not masked, whatever was stored. */
static expr_id restored_fsw(struct x86_ctx *c, expr_id cond, expr_id fcw)
{
	struct expr_pool *p = c->pool;
	expr_id value = x86_image_get(c, cond, IMAGE_FSW, 16), open = expr_and(p, value, expr_not(p, fcw));
	expr_id none = expr_is_zero(p, expr_extract(p, open, 0, 6));
	expr_id rest = expr_and(p, value, x86_const(c, 16, 0x7f7f));

	return expr_or(p, rest, expr_ite(p, none, x86_const(c, 16, 0), x86_const(c, 16, 0x8080)));
}

expr_id x86_x87_tag(struct x86_ctx *c, expr_id st)
{
	struct expr_pool *p = c->pool;
	expr_id exponent = expr_extract(p, st, 64, 15);
	expr_id zero = expr_is_zero(p, expr_extract(p, st, 0, 79));
	expr_id end = expr_or(p, expr_is_zero(p, exponent), expr_eq(p, exponent, x86_const(c, 15, 0x7fff)));
	expr_id special = expr_or(p, end, expr_not(p, expr_bit(p, st, 63)));

	return expr_concat(p, expr_and(p, special, expr_not(p, zero)), zero);
}

/* The tag word goes by physical registers, the image by the stack: its top is in bits 11-13 of the status word. */
static expr_id restored_tags(struct x86_ctx *c, expr_id cond, expr_id fsw)
{
	struct expr_pool *p = c->pool;
	expr_id used = x86_image_get(c, cond, IMAGE_FTW, 8), empty = EXPR_NONE, tags = EXPR_NONE;
	expr_id top = expr_extract(p, fsw, 11, 3);

	for (unsigned i = 0; i < 8; i++) {
		expr_id bit = expr_not(p, expr_bit(p, used, i)), two = expr_concat(p, bit, bit);
		expr_id tag = x86_x87_tag(c, x86_image_get(c, cond, IMAGE_ST + 16 * i, 80));
		empty = i ? expr_concat(p, two, empty) : two;
		tags = i ? expr_concat(p, tag, tags) : tag;
	}
	return expr_or(p, empty, expr_rol(p, tags, expr_concat(p, top, x86_const(c, 1, 0))));
}

/*
 * The last opcode as it is restored. AMD's processors that do so always set it to 0 where no exception is pending
 * (family 1Ah), the others leave it as it was: both pass where it is not known which ones they are.
 */
static expr_id restored_fop(struct x86_ctx *c, expr_id cond, expr_id fsw)
{
	struct expr_pool *p = c->pool;
	expr_id fop = expr_and(p, x86_image_get(c, cond, IMAGE_FOP, 16), x86_const(c, 16, 0x7ff));

	if (!x86_by_amd(c, VENDOR_X87_POINTERS))
		return fop;
	bool leaves = isa_cpu_knows(c->cpu, X86_HAS_X87_POINTERS) && !keeps_pointers(c);
	return expr_ite(p, is_pending(c, fsw), fop, leaves ? expr_reg(p, 16, X86_fop) : expr_undef(p, 16));
}

struct x86_x87 x86_image_x87(struct x86_ctx *c, expr_id cond)
{
	struct x86_x87 ret;

	ret.fctrl = restored_fcw(c, cond);
	ret.fstat = restored_fsw(c, cond, ret.fctrl);
	ret.ftag = restored_tags(c, cond, ret.fstat);
	ret.fop = restored_fop(c, cond, ret.fstat);
	for (unsigned i = 0; i < 8; i++)
		ret.st[i] = x86_image_get(c, cond, IMAGE_ST + 16 * i, 80);
	return ret;
}

static void build_fxrstor(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	refuse_wrap(c);
	x86_require_alignment(c, 16);
	expr_id ends = expr_concat(c->pool, image_get(c, IMAGE_END - 1, 8), image_get(c, 0, 8));

	load_mxcsr(c, image_get(c, IMAGE_MXCSR, 32), ends);
	struct x86_x87 x87 = x86_image_x87(c, x86_const(c, 1, 1));

	transfer_set_reg(c->t, X86_fctrl, x87.fctrl);
	transfer_set_reg(c->t, X86_fstat, x87.fstat);
	transfer_set_reg(c->t, X86_ftag, x87.ftag);
	transfer_set_reg(c->t, X86_fop, x87.fop);
	for (unsigned i = 0; i < 8; i++)
		transfer_set_reg(c->t, X86_st0 + i, x87.st[i]);
	for (unsigned i = 0; i < 16; i++)
		transfer_set_reg(c->t, X86_xmm0 + i, image_get(c, IMAGE_XMM + 16 * i, 128));
}

/* VZEROUPPER; VZEROALL, which has a vector length of 256 bits, clears the low halves too. */
static void build_vzero(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id zero = expr_const(c->pool, SIMD_BLOCK, 0);

	for (unsigned i = 0; i < 16; i++) {
		transfer_set_reg(c->t, X86_ymm0h + i, zero);
		if (f->param == 256)
			transfer_set_reg(c->t, X86_xmm0 + i, zero);
	}
}

/* clang-format off */
static const struct x86_form x86_sse_state[] = {
	/*       name  encoding  VEX  operands  CPUID: legacy, VEX, with 256 bits */
	SIMD_ROW("ldmxcsr", "NP 0F AE /2", "LZ.WIG", "Md", SSE, AVX, AVX, build_ldmxcsr, 0),
	SIMD_ROW("stmxcsr", "NP 0F AE /3", "LZ.WIG", "Md", SSE, AVX, AVX, build_stmxcsr, 0),
	SSE_ROW("fxsave",    "NP W0 0F AE /0",    "M512", BASE, build_fxsave,  0),
	SSE_ROW("fxsave64",  "NP REX.W 0F AE /0", "M512", BASE, build_fxsave,  0),
	SSE_ROW("fxrstor",   "NP W0 0F AE /1",    "M512", BASE, build_fxrstor, 0),
	SSE_ROW("fxrstor64", "NP REX.W 0F AE /1", "M512", BASE, build_fxrstor, 0),
	AVX_ROW("vzeroupper", "NP 0F 77", "128.WIG", "", AVX, AVX, build_vzero, 128),
	AVX_ROW("vzeroall",   "NP 0F 77", "256.WIG", "", AVX, AVX, build_vzero, 256),
};
/* clang-format on */

X86_TABLE(x86_sse_state);
