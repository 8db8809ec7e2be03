/*
 * Segment registers, far transfers, INT and IRET at privilege level 3, as 64-bit programs of Linux see them.
 *
 * The descriptor tables are the kernel's. Known of them is what every 64-bit program has: its own code and data
 * segments (arch/x86/include/asm/segment.h, GDT_ENTRY_DEFAULT_USER_CS and _DS), and that null selectors are null. What
 * other selectors do is up to entries that the kernel or a program (modify_ldt(2), set_thread_area(2)) may have made.
 */
#include "arch/x86_64/x86_64.h"

/* Selectors without their privilege level. */
enum { SELECTOR_DATA = 5 << 3, SELECTOR_CODE = 6 << 3, SELECTOR_LEVEL = 3 };

static expr_id without_level(struct x86_ctx *c, expr_id selector)
{
	return expr_and(c->pool, selector, x86_const(c, 16, (uint16_t)~SELECTOR_LEVEL));
}

static expr_id is_segment(struct x86_ctx *c, expr_id selector, unsigned segment)
{
	return expr_eq(c->pool, without_level(c, selector), x86_const(c, 16, segment));
}

static expr_id is_level_3(struct x86_ctx *c, expr_id selector)
{
	return expr_eq(c->pool, expr_extract(c->pool, selector, 0, 2), x86_const(c, 2, SELECTOR_LEVEL));
}

/* #GP, except where the tables decide. */
static void require(struct x86_ctx *c, expr_id ok)
{
	transfer_add_fault(c->t, expr_not(c->pool, ok), FAULT_PROTECTION);
}

/* SDM vol. 2, MOV, "loading a segment register while in protected mode": SS at level 3 may not be null. */
static void load_stack_segment(struct x86_ctx *c, expr_id selector)
{
	struct expr_pool *p = c->pool;

	require(c, expr_and(p, is_level_3(c, selector), expr_not(p, is_segment(c, selector, 0))));
	x86_open(c, expr_not(p, is_segment(c, selector, SELECTOR_DATA)), ENV_SELECTOR);
	transfer_set_reg(c->t, X86_ss, selector);
}

/*
 * The base of the data segment is 0. A null selector clears it on Intel's processors, and on those of AMD's that tell
 * so; of others hypervisors may hide that they do.
 */
static void load_base(struct x86_ctx *c, uint32_t base, expr_id null)
{
	struct expr_pool *p = c->pool;
	bool known = isa_cpu_knows(c->cpu, X86_HAS_NULL_CLEARS_BASE) && isa_cpu_has(c->cpu, X86_HAS_NULL_CLEARS_BASE);
	bool open = x86_by_amd(c, VENDOR_NULL_BASE) && !known;
	expr_id left = open ? expr_and(p, expr_reg(p, 64, base), expr_env(p, 64, ENV_SELECTOR)) : x86_const(c, 64, 0);

	transfer_set_reg(c->t, base, expr_ite(p, null, left, x86_const(c, 64, 0)));
}

void x86_load_selector(struct x86_ctx *c, uint32_t reg, expr_id selector)
{
	struct expr_pool *p = c->pool;
	expr_id null = is_segment(c, selector, 0);

	if (reg == X86_ss) {
		load_stack_segment(c, selector);
		return;
	}
	x86_open(c, expr_not(p, expr_or(p, null, is_segment(c, selector, SELECTOR_DATA))), ENV_SELECTOR);
	/* The level of a null selector lasts until the kernel next returns to the program (SDM vol. 2, IRET). */
	expr_id lasting = expr_and(p, selector, expr_env(p, 16, ENV_SELECTOR));
	transfer_set_reg(c->t, reg, expr_ite(p, null, lasting, selector));
	if (reg == X86_fs || reg == X86_gs)
		load_base(c, reg == X86_fs ? X86_fs_base : X86_gs_base, null);
}

/*
 * A far pointer in memory, one access: an offset of the operand's size, on AMD's processors 32 bits at most, and a
 * selector behind it.
 */
static expr_id far_pointer(struct x86_ctx *c, expr_id *ret_selector)
{
	enum { LENGTH = 10 };
	unsigned width = c->width == 64 && x86_by_amd(c, VENDOR_FAR_POINTER_64) ? 32 : c->width;
	expr_id both = transfer_load(c->t, width + 16, x86_address(c));

	/* With 32-bit addresses the selector may lie at the beginning of memory. */
	if (c->raw.addrsize)
		x86_open(c, expr_ult(c->pool, x86_const(c, 64, UINT32_MAX - LENGTH), x86_offset(c)), ENV_SELECTOR);
	*ret_selector = expr_extract(c->pool, both, width, 16);
	return expr_extract(c->pool, both, 0, width);
}

/* LSS, LFS, LGS; param is the segment register. */
static void build_load_pointer(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id selector, offset = far_pointer(c, &selector);

	x86_load_selector(c, f->param, selector);
	x86_set_gpr(c, c->op[0].reg, offset);
}

/* ---- Far transfers ---- */

/*
 * Continues at an offset in a code segment. `outer`: what comes from the stack must not be of a more privileged level.
 * Another code segment than the program's own makes it a 32-bit program, if it is there.
 */
static void far_goto(struct x86_ctx *c, expr_id selector, expr_id offset, bool outer)
{
	struct expr_pool *p = c->pool;
	expr_id ok = expr_not(p, is_segment(c, selector, 0));

	require(c, outer ? expr_and(p, ok, is_level_3(c, selector)) : ok);
	x86_open(c, expr_not(p, is_segment(c, selector, SELECTOR_CODE)), ENV_SELECTOR);
	transfer_set_reg(c->t, X86_cs, x86_const(c, 16, SELECTOR_CODE | SELECTOR_LEVEL));
	x86_goto(c, expr_zext(p, offset, 64));
}

/* Far jumps and calls through memory; param: a call. */
static void build_far(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id selector, offset = far_pointer(c, &selector);

	if (f->param) {
		x86_push(c, expr_fit(p, expr_reg(p, 16, X86_cs), c->width));
		x86_push(c, x86_const(c, c->width, c->next));
	}
	far_goto(c, selector, offset, false);
}

/*
 * RETF's and IRET's values are read in two accesses: a page fault of one comes before what is wrong with its values. Of
 * a selector that is the last one just 16 bits are read, but on AMD's processors.
 */
static expr_id read_values(struct x86_ctx *c, unsigned first, unsigned width)
{
	struct expr_pool *p = c->pool;

	return transfer_load(c->t, width,
			     x86_on_stack(c, expr_add(p, expr_reg(p, 64, X86_rsp),
						      x86_const(c, 64, first * c->width / 8))));
}

/* Two values, the latter a selector. */
static unsigned pair_width(struct x86_ctx *c)
{
	return c->width + (x86_by_amd(c, VENDOR_FAR_RETURN) ? c->width : 16);
}

static expr_id nth(struct x86_ctx *c, expr_id values, unsigned i)
{
	return expr_extract(c->pool, values, i * c->width, c->width);
}

static expr_id nth_selector(struct x86_ctx *c, expr_id values, unsigned i)
{
	return expr_extract(c->pool, values, i * c->width, 16);
}

/* #GP for a selector of another level; what is loaded may fault before. */
static void require_level_3(struct x86_ctx *c, expr_id selector, expr_id loaded)
{
	struct expr_pool *p = c->pool;
	expr_id other = expr_not(p, is_level_3(c, selector)), both = expr_concat(p, loaded, other);

	both = expr_and(p, both, x86_const(c, expr_width(p, both), 1));
	transfer_add_fault(c->t, expr_not(p, expr_is_zero(p, both)), FAULT_PROTECTION);
}

/* The outer level's RSP and SS lie behind the parameters. AMD's processors pop them before they look at CS. */
static void pop_outer_stack(struct x86_ctx *c, expr_id selector, unsigned drop)
{
	struct expr_pool *p = c->pool;

	if (!x86_by_amd(c, VENDOR_FAR_RETURN))
		return;
	expr_id address = expr_add(p, expr_reg(p, 64, X86_rsp), x86_const(c, 64, drop));
	expr_id outer = expr_not(p, is_level_3(c, selector));
	require_level_3(c, selector, x86_load_if(c, outer, pair_width(c), address));
}

/* RETF, and RETF imm16, which also drops that many bytes. */
static void build_retf(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id values = read_values(c, 0, pair_width(c));
	unsigned drop = 2 * c->width / 8 + (c->raw.imm_len ? (uint16_t)c->raw.imm : 0);

	c->own_accesses = true;
	(void)f;
	pop_outer_stack(c, nth_selector(c, values, 1), drop);
	transfer_set_reg(c->t, X86_rsp, expr_add(c->pool, expr_reg(c->pool, 64, X86_rsp), x86_const(c, 64, drop)));
	far_goto(c, nth_selector(c, values, 1), nth(c, values, 0), true);
}

/*
 * IRET to the same level: in 64-bit mode RIP, CS, RFLAGS, RSP and SS (SDM vol. 2, IRET); NT would make it a task's
 * return. Intel's processors read the latter two when the selector is right, AMD's at once.
 */
static void build_iret(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	c->own_accesses = true;
	transfer_add_fault(c->t, x86_flag(c, X86_nt), FAULT_PROTECTION);
	expr_id values = read_values(c, 0, 3 * c->width), stack = read_values(c, 3, pair_width(c));
	if (x86_by_amd(c, VENDOR_FAR_RETURN))
		require_level_3(c, nth_selector(c, values, 1), stack);
	far_goto(c, nth_selector(c, values, 1), nth(c, values, 0), true);
	load_stack_segment(c, nth_selector(c, stack, 1));
	x86_set_rflags(c, nth(c, values, 2));
	transfer_set_reg(c->t, X86_rsp, expr_zext(c->pool, nth(c, stack, 0), 64));
}

/*
 * INT n: Linux lets programs use the gates of breakpoint and overflow, and that of 32-bit system calls, which are not
 * modelled (arch/x86/kernel/idt.c).
 */
static void build_int(struct x86_ctx *c, const struct x86_form *f)
{
	enum { BREAKPOINT = 3, OVERFLOW = 4, SYSTEM_CALL = 0x80 };
	unsigned number = c->raw.imm & 0xff;
	enum fault_kind fault = number == BREAKPOINT ? FAULT_BREAKPOINT
				: number == OVERFLOW ? FAULT_OVERFLOW
						     : FAULT_PROTECTION;

	(void)f;
	if (number == SYSTEM_CALL)
		x86_unmodelled(c);
	transfer_add_fault(c->t, x86_const(c, 1, 1), fault);
}

/* clang-format off */
static const struct x86_form x86_segment[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("lss",   "0F B2 /r", "Gv Mp", BASE, "-------", 0, build_load_pointer, X86_ss),
	ROW("lfs",   "0F B4 /r", "Gv Mp", BASE, "-------", 0, build_load_pointer, X86_fs),
	ROW("lgs",   "0F B5 /r", "Gv Mp", BASE, "-------", 0, build_load_pointer, X86_gs),
	ROW("lcall", "FF /3",    "Mp",    BASE, "-------", 0, build_far,          true),
	ROW("ljmp",  "FF /5",    "Mp",    BASE, "-------", 0, build_far,          false),
	ROW("retfq", "REX.W CB", "",      BASE, "-------", 0, build_retf,         0),
	ROW("retf",  "CB",       "",      BASE, "-------", 0, build_retf,         0),
	ROW("retfq", "REX.W CA", "Iw",    BASE, "-------", 0, build_retf,         0),
	ROW("retf",  "CA",       "Iw",    BASE, "-------", 0, build_retf,         0),
	ROW("iret",  "CF o16",   "",      BASE, "WWWWWWW", 0, build_iret,         0),
	ROW("iretd", "CF o32",   "",      BASE, "WWWWWWW", 0, build_iret,         0),
	ROW("iretq", "CF o64",   "",      BASE, "WWWWWWW", 0, build_iret,         0),
	ROW("int",   "CD",       "Ib",    BASE, "-------", 0, build_int,          0),
};
/* clang-format on */

X86_TABLE(x86_segment);
