/*
 * Instructions that a program at privilege level 3 may not execute: #GP (SDM vol. 3, 5.9; for ports vol. 1, 19.5, where
 * neither IOPL nor the I/O permission bitmap allows any to programs of Linux that have not asked for it).
 */
#include "arch/x86_64/x86_64.h"

/* param: 66, F2 and F3 make it none. */
static void build_refused(struct x86_ctx *c, const struct x86_form *f)
{
	if (f->param)
		x86_refuse_prefixes(c);
	transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_PROTECTION);
}

static void build_sysexit(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	transfer_add_fault(c->t, x86_const(c, 1, 1),
			   x86_by_amd(c, VENDOR_SYSENTER) ? FAULT_UNDEFINED : FAULT_PROTECTION);
}

/* MOV to and from CR0, CR2, CR3, CR4, CR8 (opcodes 20 and 22) and DR0 to DR7; there are no others. */
static void build_control(struct x86_ctx *c, const struct x86_form *f)
{
	unsigned exist = c->raw.opcode & 1 ? 0xff : 0x11d;

	(void)f;
	if (!(exist >> c->raw.reg & 1))
		transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
	transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_PROTECTION);
}

/* clang-format off */
#define PLAIN(name) {X86_INS_##name, build_refused, true, "-------", X86_ANY, 0}
#define REFUSED(name) {X86_INS_##name, build_refused, 0, "-------", X86_ANY, 0}

static const struct x86_form x86_privileged[] = {
	/* Ports and interrupts. */
	REFUSED(IN),
	REFUSED(OUT),
	REFUSED(INSB),
	REFUSED(INSW),
	REFUSED(INSD),
	REFUSED(OUTSB),
	REFUSED(OUTSW),
	REFUSED(OUTSD),
	REFUSED(CLI),
	REFUSED(STI),
	REFUSED(HLT),
	/* Descriptor tables, control and debug registers, caches. */
	REFUSED(LLDT),
	REFUSED(LTR),
	REFUSED(LGDT),
	REFUSED(LIDT),
	REFUSED(LMSW),
	REFUSED(CLTS),
	REFUSED(SWAPGS),
	REFUSED(INVD),
	REFUSED(WBINVD),
	REFUSED(INVLPG),
	REFUSED(INVPCID),
	REFUSED(RDMSR),
	REFUSED(WRMSR),
	REFUSED(RDPMC),
	{X86_INS_SYSEXIT, build_sysexit, 0, "-------", X86_ANY, 0},
	REFUSED(SYSRET),
	PLAIN(XSETBV),
	PLAIN(XSAVES),
	PLAIN(XSAVES64),
	PLAIN(XRSTORS),
	PLAIN(XRSTORS64),
	{X86_INS_MOV, build_control, 0, "-------", X86_ANY | X86_LOCK_CR0, X86_MAP_0F},
	/* SDM vol. 2, 2.3.11; what the bytes are does not matter any more. */
	{X86_OWN_TOO_LONG, build_refused, 0, "-------", X86_ANY, 0},
	/* Outside of a transaction (SDM vol. 2, XEND). */
	PLAIN(XEND),
};
/* clang-format on */

X86_TABLE(x86_privileged);
