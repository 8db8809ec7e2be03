/*
 * XSAVE, XSAVEOPT, XSAVEC and XRSTOR (SDM vol. 1, chapter 13) of what the model
 * has of the state: x87, SSE and AVX. In the compacted format AVX lies where it
 * does in the standard one, for it comes first. Other components lie where
 * CPUID tells, which differs from CPU to CPU; what is saved of them the CPU
 * decides. Where one is to be saved of which that is not known nothing is
 * predicted; to restore them changes nothing that the model has.
 */
#include "arch/x86_64/xstate.h"

/* Bytes into the area. */
enum { AT_BV = 512, AT_COMPACTION = 520, AT_RESERVED = 528, AT_AVX = 576, RESERVED_LEN = 48, MAX_IMAGE = 4096 };

enum {
	AVX = 2,
	FIRST_OTHER = 3,
	MODELLED = (1 << FIRST_OTHER) - 1,
	AVX_LEN = 256,
	CHUNK = 64,     /* bytes of a store */
	MAX_LEN = 1024, /* of a component that is predicted: AMX's tiles are larger (8 KiB) */
};

enum kind {
	SAVE,         /* everything that is asked for */
	SAVE_CHANGED, /* not what is in its initial state, or unchanged since the last
			 XRSTOR: the CPU knows */
	SAVE_COMPACT, /* likewise the former; and the header is written as a whole */
};

struct components {
	expr_id mask;          /* 64 bits: asked for and enabled */
	expr_id x87, sse, avx; /* 1 bit each */
	enum kind kind;
};

static expr_id at(struct x86_ctx *c, unsigned offset)
{
	return expr_add(c->pool, x86_address(c), x86_const(c, 64, offset));
}

/* Where a component ends in the standard format. 0: that is not known. */
static uint32_t end_of(const struct isa_cpu *cpu, unsigned component)
{
	if (component >= ISA_MAX_COMPONENTS || !cpu->component[component].len)
		return 0;
	return cpu->component[component].offset + cpu->component[component].len;
}

/*
 * What XCR0 enables, as XGETBV told it, or else may enable, as CPUID did: not what lies beyond the size that the
 * enabled components take (CPUID.(EAX=0DH,ECX=0):EBX).
 */
static uint64_t known_components(const struct x86_ctx *c)
{
	const struct isa_cpu *cpu = c->cpu;
	uint64_t all = cpu->have_components ? cpu->components : UINT64_MAX;

	if (cpu->have_enabled)
		return all & cpu->enabled;
	for (unsigned i = FIRST_OTHER; i < ISA_MAX_COMPONENTS && cpu->have_components; i++)
		if (cpu->image_len && end_of(cpu, i) > cpu->image_len)
			all &= ~(UINT64_C(1) << i);
	return all;
}

/* EDX:EAX, and XCR0 as far as it is known. */
static struct components asked_for(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id asked = expr_concat(p, x86_gpr(c, X86_rdx, 32), x86_gpr(c, X86_rax, 32));
	expr_id mask = expr_and(p, asked, x86_const(c, 64, known_components(c)));

	x86_require_alignment(c, 64);
	if (c->raw.addrsize)
		x86_open(c, expr_ult(p, x86_const(c, 64, UINT32_MAX - 4096), x86_offset(c)), ENV_XSTATE);
	return (struct components){.mask = mask,
				   .x87 = expr_bit(p, mask, 0),
				   .sse = expr_bit(p, mask, 1),
				   .avx = expr_bit(p, mask, AVX)};
}

/* Others that may be enabled and whose place is known: in the compacted format that takes knowing which ones are. */
static uint64_t placed_others(const struct x86_ctx *c, bool compacted)
{
	uint64_t all = known_components(c), placed = 0;

	for (unsigned i = FIRST_OTHER; i < ISA_MAX_COMPONENTS; i++)
		if (all >> i & 1 && end_of(c->cpu, i) && c->cpu->component[i].len <= MAX_LEN)
			placed |= UINT64_C(1) << i;
	if (compacted && (!c->cpu->have_enabled || placed != (all & ~(uint64_t)MODELLED)))
		return 0;
	return placed;
}

/* Nothing is predicted where others are asked for. */
static void open_others(struct x86_ctx *c, const struct components *a, uint64_t but)
{
	struct expr_pool *p = c->pool;
	expr_id others = expr_and(p, a->mask, x86_const(c, 64, ~(but | MODELLED)));

	x86_open(c, expr_not(p, expr_is_zero(p, others)), ENV_XSTATE);
}

/* ---- Saving ---- */

static void save(struct x86_ctx *c, const struct components *a, expr_id guard, unsigned offset, expr_id value)
{
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, value);

	if (a->kind != SAVE)
		value = expr_ite(p, expr_env(p, 1, ENV_XSTATE), value, x86_image_get(c, guard, offset, width));
	transfer_add_store(c->t, guard, at(c, offset), value);
}

/* `count` registers of up to 128 bits, in 16 bytes each: four a store. */
static void save_registers(struct x86_ctx *c, const struct components *a, expr_id guard, unsigned offset, uint32_t reg,
			   unsigned width, unsigned count)
{
	struct expr_pool *p = c->pool;

	for (unsigned i = 0; i < count; i += 4) {
		expr_id all = EXPR_NONE;
		for (unsigned k = 0; k < 4; k++) {
			expr_id one = expr_reg(p, width, reg + i + k);
			if (width < 128) /* see build_fxsave() */
				one = expr_concat(p, expr_undef(p, 128 - width), one);
			all = k ? expr_concat(p, one, all) : one;
		}
		save(c, a, guard, offset + 16 * i, all);
	}
}

/* The header tells which components are not in their initial state, which the
 * CPU knows. */
static void save_header(struct x86_ctx *c, const struct components *a)
{
	struct expr_pool *p = c->pool;
	expr_id in_use = expr_and(p, a->mask, expr_env(p, 64, ENV_XSTATE));

	if (a->kind == SAVE_COMPACT) {
		transfer_add_store(c->t, EXPR_NONE, at(c, AT_BV), in_use);
		transfer_add_store(c->t, EXPR_NONE, at(c, AT_COMPACTION),
				   expr_or(p, a->mask, x86_const(c, 64, UINT64_C(1) << 63)));
		return;
	}
	expr_id old = transfer_load(c->t, 64, at(c, AT_BV));
	expr_id kept = expr_and(p, old, expr_not(p, a->mask));
	transfer_add_store(c->t, EXPR_NONE, at(c, AT_BV), expr_or(p, kept, in_use));
}

/* Where it is stored: from the address on, if it is asked for. */
static void save_other(struct x86_ctx *c, expr_id guard, expr_id address, unsigned len)
{
	struct expr_pool *p = c->pool;

	for (unsigned i = 0; i < len; i += CHUNK) {
		unsigned here = len - i < CHUNK ? len - i : CHUNK;
		transfer_add_store(c->t, guard, expr_add(p, address, x86_const(c, 64, i)),
				   expr_env(p, 8 * here, ENV_XSTATE));
	}
}

/*
 * The components that the model does not have are as the CPU has them. In the compacted format each lies behind the
 * ones before it that are asked for, aligned to 64 bytes if CPUID says so (SDM vol. 1, 13.4.3).
 */
static void save_others(struct x86_ctx *c, const struct components *a)
{
	struct expr_pool *p = c->pool;
	bool compacted = a->kind == SAVE_COMPACT;
	uint64_t placed = placed_others(c, compacted);
	expr_id none = x86_const(c, 64, 0);
	expr_id next = expr_add(p, at(c, AT_AVX), expr_ite(p, a->avx, x86_const(c, 64, AVX_LEN), none));

	open_others(c, a, placed);
	for (unsigned i = FIRST_OTHER; i < ISA_MAX_COMPONENTS; i++) {
		uint32_t len = c->cpu->component[i].len;
		expr_id asked = expr_bit(p, a->mask, i);

		if (!(placed >> i & 1))
			continue;
		if (c->cpu->aligned_components >> i & 1) /* the area's start is */
			next = expr_and(p, expr_add(p, next, x86_const(c, 64, CHUNK - 1)),
					x86_const(c, 64, -(uint64_t)CHUNK));
		save_other(c, asked, compacted ? next : at(c, c->cpu->component[i].offset), len);
		next = expr_add(p, next, expr_ite(p, asked, x86_const(c, 64, len), none));
	}
}

static void build_xsave(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	struct components a = asked_for(c);
	expr_id control = x86_image_control(c);

	a.kind = f->param;
	expr_id mxcsr = a.kind == SAVE_COMPACT ? a.sse : expr_or(p, a.sse, a.avx);
	save(c, &a, a.x87, IMAGE_FCW, expr_extract(p, control, 0, 8 * IMAGE_MXCSR));
	save(c, &a, mxcsr, IMAGE_MXCSR, expr_extract(p, control, 8 * IMAGE_MXCSR, 64));
	save_registers(c, &a, a.x87, IMAGE_ST, X86_st0, 80, 8);
	save_registers(c, &a, a.sse, IMAGE_XMM, X86_xmm0, 128, 16);
	save_registers(c, &a, a.avx, AT_AVX, X86_ymm0h, 128, 16);
	save_others(c, &a);
	save_header(c, &a);
}

/* ---- Restoring ---- */

/* Sets a register if it is asked for: to what is in memory, or else to its
 * initial value. */
static void restore(struct x86_ctx *c, expr_id asked, expr_id stored, uint32_t reg, expr_id value, uint64_t initial)
{
	struct expr_pool *p = c->pool;
	unsigned width = expr_width(p, value);
	expr_id other = expr_const(p, width, initial);

	transfer_set_reg(c->t, reg, expr_ite(p, asked, expr_ite(p, stored, value, other), expr_reg(p, width, reg)));
}

static void restore_x87(struct x86_ctx *c, expr_id asked, expr_id stored)
{
	struct x86_x87 x87 = x86_image_x87(c, expr_and(c->pool, asked, stored));

	restore(c, asked, stored, X86_fctrl, x87.fctrl, 0x37f);
	restore(c, asked, stored, X86_fstat, x87.fstat, 0);
	restore(c, asked, stored, X86_ftag, x87.ftag, 0xffff);
	restore(c, asked, stored, X86_fop, x87.fop, 0);
	for (unsigned i = 0; i < 8; i++)
		restore(c, asked, stored, X86_st0 + i, x87.st[i], 0);
}

static void restore_vectors(struct x86_ctx *c, expr_id asked, expr_id stored, unsigned offset, uint32_t reg)
{
	expr_id cond = expr_and(c->pool, asked, stored);

	for (unsigned i = 0; i < 16; i++)
		restore(c, asked, stored, reg + i, x86_image_get(c, cond, offset + 16 * i, 128), 0);
}

/*
 * MXCSR comes from memory with SSE or AVX, in the compacted format with SSE
 * alone and as its component does (SDM vol. 1, 13.8). #GP if a reserved bit is
 * set.
 */
static void restore_mxcsr(struct x86_ctx *c, const struct components *a, expr_id compacted, expr_id stored)
{
	struct expr_pool *p = c->pool;
	expr_id asked = expr_or(p, a->sse, expr_and(p, a->avx, expr_not(p, compacted)));
	expr_id from_memory = expr_or(p, stored, expr_not(p, compacted)), loaded = expr_and(p, asked, from_memory);
	expr_id value = x86_image_get(c, loaded, IMAGE_MXCSR, 32);
	expr_id reserved = expr_not(p, expr_is_zero(p, expr_and(p, value,
								x86_const(c, 32, (uint32_t)~x86_mxcsr_mask(c)))));

	x86_open_mxcsr(c, loaded, value);
	transfer_add_fault(c->t, expr_and(p, loaded, reserved), FAULT_PROTECTION);
	restore(c, asked, from_memory, X86_mxcsr, value, MXCSR_INITIAL);
}

/* What is wrong with a header (SDM vol. 1, 13.8.1 and 13.8.2). */
static void check_header(struct x86_ctx *c, expr_id bv, expr_id compaction, expr_id compacted)
{
	struct expr_pool *p = c->pool;
	expr_id always = x86_const(c, 1, 1), reserved = x86_image_get(c, always, AT_RESERVED, 8 * RESERVED_LEN);
	expr_id disabled = x86_const(c, 64, ~known_components(c)), format = expr_extract(p, compaction, 0, 63);
	expr_id here = expr_ite(p, compacted, reserved,
				expr_zext(p, expr_extract(p, reserved, 0, 64), 8 * RESERVED_LEN));
	expr_id no_format = expr_not(p, expr_is_zero(p, format));
	expr_id outside = expr_and(p, expr_or(p, bv, expr_zext(p, format, 64)), disabled);
	expr_id unlisted = expr_and(p, bv, expr_not(p, compaction));

	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, here)), FAULT_PROTECTION);
	transfer_add_fault(c->t, expr_and(p, expr_not(p, compacted), no_format), FAULT_PROTECTION);
	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, outside)), FAULT_PROTECTION);
	transfer_add_fault(c->t, expr_and(p, compacted, expr_not(p, expr_is_zero(p, unlisted))), FAULT_PROTECTION);
}

/* AMD's processors read the area's beginning before they look at the header, though nothing of it is asked for. */
static void read_first(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	expr_id always = x86_const(c, 1, 1);

	if (!x86_by_amd(c, VENDOR_XRSTOR_ENDS))
		return;
	/* Its page fault comes first; for the rest, the fault is one of check_header()'s. */
	expr_id reserved = expr_bit(p, x86_image_get(c, always, AT_RESERVED, 8), 0);
	expr_id both = expr_and(p, expr_concat(p, x86_image_get(c, always, 0, 8), reserved), x86_const(c, 9, 1));
	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, both)), FAULT_PROTECTION);
}

/*
 * They also read the last byte of what is asked for, though the header says that it is not there. Where others lie in
 * the compacted format depends on the header, and of some it is not known at all: on another page, that may fault.
 */
static void read_last(struct x86_ctx *c, const struct components *a, expr_id compacted)
{
	struct expr_pool *p = c->pool;
	unsigned len = c->cpu->have_components && c->cpu->image_len ? c->cpu->image_len : MAX_IMAGE;
	uint64_t placed = placed_others(c, false);

	if (!x86_by_amd(c, VENDOR_XRSTOR_ENDS))
		return;
	expr_id pages = expr_extract(p, expr_xor(p, x86_address(c), at(c, len - 1)), 12, 52);
	expr_id others = expr_not(p, expr_is_zero(p, expr_extract(p, a->mask, FIRST_OTHER, 64 - FIRST_OTHER)));
	expr_id unplaced = expr_and(p, a->mask, x86_const(c, 64, ~(placed | MODELLED)));
	expr_id open = expr_or(p, expr_not(p, expr_is_zero(p, unplaced)), expr_and(p, compacted, others));
	x86_open(c, expr_and(p, open, expr_not(p, expr_is_zero(p, pages))), ENV_XSTATE);

	expr_id end = x86_const(c, 64, AT_AVX + AVX_LEN), any = a->avx, standard = expr_not(p, compacted);
	for (unsigned i = FIRST_OTHER; i < ISA_MAX_COMPONENTS; i++) {
		if (!(placed >> i & 1))
			continue;
		expr_id asked = expr_and(p, expr_bit(p, a->mask, i), standard);
		end = expr_ite(p, asked, x86_const(c, 64, end_of(c->cpu, i)), end);
		any = expr_or(p, any, asked);
	}
	x86_load_if(c, any, 8, expr_add(p, x86_address(c), expr_sub(p, end, x86_const(c, 64, 1))));
}

static void build_xrstor(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	struct components a = asked_for(c);
	expr_id always = x86_const(c, 1, 1), bv = x86_image_get(c, always, AT_BV, 64);
	expr_id compaction = x86_image_get(c, always, AT_COMPACTION, 64), compacted = expr_msb(p, compaction);

	(void)f;
	read_first(c);
	check_header(c, bv, compaction, compacted);
	restore_mxcsr(c, &a, compacted, expr_bit(p, bv, 1));
	restore_x87(c, a.x87, expr_bit(p, bv, 0));
	restore_vectors(c, a.sse, expr_bit(p, bv, 1), IMAGE_XMM, X86_xmm0);
	restore_vectors(c, a.avx, expr_bit(p, bv, 2), AT_AVX, X86_ymm0h);
	read_last(c, &a, compacted);
}

/* clang-format off */
static const struct x86_form x86_xsave[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("xsave",      "NP W0 0F AE /4",    "M832", OSXSAVE,  "-------", 0, build_xsave,  SAVE),
	ROW("xsave64",    "NP REX.W 0F AE /4", "M832", OSXSAVE,  "-------", 0, build_xsave,  SAVE),
	ROW("xsaveopt",   "NP W0 0F AE /6",    "M832", XSAVEOPT, "-------", 0, build_xsave,  SAVE_CHANGED),
	ROW("xsaveopt64", "NP REX.W 0F AE /6", "M832", XSAVEOPT, "-------", 0, build_xsave,  SAVE_CHANGED),
	ROW("xsavec",     "NP W0 0F C7 /4",    "M832", XSAVEC,   "-------", 0, build_xsave,  SAVE_COMPACT),
	ROW("xsavec64",   "NP REX.W 0F C7 /4", "M832", XSAVEC,   "-------", 0, build_xsave,  SAVE_COMPACT),
	ROW("xrstor",     "NP W0 0F AE /5",    "M832", OSXSAVE,  "-------", 0, build_xrstor, 0),
	ROW("xrstor64",   "NP REX.W 0F AE /5", "M832", OSXSAVE,  "-------", 0, build_xrstor, 0),
};
/* clang-format on */

X86_TABLE(x86_xsave);
