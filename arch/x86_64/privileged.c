/*
 * Instructions that a program at privilege level 3 may not execute: #GP (SDM vol. 3, 5.9; for ports vol. 1, 19.5, where
 * neither IOPL nor the I/O permission bitmap allows any to programs of Linux that have not asked for it).
 */
#include "arch/x86_64/x86_64.h"

static void build_refused(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
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

/* #UD at privilege level 3, on AMD's processors, too (SDM vol. 2; APM vol. 3, CLAC), and outside of system management
 * mode (RSM). */
static void build_undefined(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	transfer_add_fault(c->t, x86_const(c, 1, 1), FAULT_UNDEFINED);
}

/* clang-format off */
#define REFUSED(name, encoding, operands) ROW(name, encoding, operands, BASE, "-------", 0, build_refused, 0)
#define REPEATED(name, encoding, operands) ROW(name, encoding, operands, BASE, "-------", X86_REPEATS, build_refused, 0)

static const struct x86_form x86_privileged[] = {
	/*      name  encoding  operands */
	/* Ports and interrupts. */
	REFUSED("in",    "E4",     "AL Ib"),
	REFUSED("in",    "E5",     "eAX Ib"),
	REFUSED("in",    "EC",     "AL DX"),
	REFUSED("in",    "ED",     "eAX DX"),
	REFUSED("out",   "E6",     "Ib AL"),
	REFUSED("out",   "E7",     "Ib eAX"),
	REFUSED("out",   "EE",     "DX AL"),
	REFUSED("out",   "EF",     "DX eAX"),
	REPEATED("insb", "6C", "Yb DX"),
	REPEATED("insw", "6D o16", "Yw DX"),
	REPEATED("insd", "6D", "Yd DX"),
	REPEATED("outsb", "6E", "DX Xb"),
	REPEATED("outsw", "6F o16", "DX Xw"),
	REPEATED("outsd", "6F", "DX Xd"),
	REFUSED("cli",   "FA",     ""),
	REFUSED("sti",   "FB",     ""),
	REFUSED("hlt",   "F4",     ""),
	/* Descriptor tables, control and debug registers, caches. */
	REFUSED("lldt",   "0F 00 /2", "Ew"),
	REFUSED("ltr",    "0F 00 /3", "Ew"),
	REFUSED("lgdt",   "0F 01 /2", "M10"),
	REFUSED("lidt",   "0F 01 /3", "M10"),
	REFUSED("lmsw",   "0F 01 /6", "Ew"),
	REFUSED("clts",   "0F 06",    ""),
	REFUSED("swapgs", "0F 01 F8", ""),
	REFUSED("invd",   "0F 08",    ""),
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("wbnoinvd", "F3 0F 09", "", WBNOINVD, "-------", X86_ELSE, build_refused, 0),
	REFUSED("wbinvd", "0F 09",    ""),
	REFUSED("invlpg", "0F 01 /7", "M"),
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("invpcid", "66 0F 38 82 /r", "Gq Mdq", INVPCID, "-------", 0, build_refused, 0),
	REFUSED("rdmsr",  "0F 32", ""),
	REFUSED("wrmsr",  "0F 30", ""),
	REFUSED("rdpmc",  "0F 33", ""),
	ROW("wrmsrns",   "NP 0F 01 C6",    "",   WRMSRNS, "-------", 0, build_refused,   0),
	ROW("rdmsrlist", "F2 0F 01 C6",    "",   MSRLIST, "-------", 0, build_refused,   0),
	ROW("wrmsrlist", "F3 0F 01 C6",    "",   MSRLIST, "-------", 0, build_refused,   0),
	ROW("hreset",    "F3 0F 3A F0 C0", "Ib", HRESET,  "-------", 0, build_refused,   0),
	ROW("pconfig",   "NP 0F 01 C5",    "",   PCONFIG, "-------", 0, build_refused,   0),
	ROW("encls",     "NP 0F 01 CF",    "",   SGX,     "-------", 0, build_undefined, 0),
	ROW("enclv",     "NP 0F 01 C0",    "",   SGX,     "-------", 0, build_undefined, 0),
	ROW("clac",      "NP 0F 01 CA",    "",   BASE,    "-------", 0, build_undefined, 0),
	ROW("stac",      "NP 0F 01 CB",    "",   BASE,    "-------", 0, build_undefined, 0),
	ROW("rsm",       "0F AA",          "",   BASE,    "-------", 0, build_undefined, 0),
	REFUSED("sysret", "0F 07", ""),
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("sysexit",   "0F 35",             "",      BASE,    "-------", 0,            build_sysexit, 0),
	ROW("xsetbv",    "NP 0F 01 D1",       "",      OSXSAVE, "-------", 0,            build_refused, 0),
	ROW("xsaves",    "NP W0 0F C7 /5",    "M",     XSAVES,  "-------", 0,            build_refused, 0),
	ROW("xsaves64",  "NP REX.W 0F C7 /5", "M",     XSAVES,  "-------", 0,            build_refused, 0),
	ROW("xrstors",   "NP W0 0F C7 /3",    "M",     XSAVES,  "-------", 0,            build_refused, 0),
	ROW("xrstors64", "NP REX.W 0F C7 /3", "M",     XSAVES,  "-------", 0,            build_refused, 0),
	ROW("mov",       "0F 20 /r",          "Rq Cq", BASE,    "-------", X86_LOCK_CR0, build_control, 0),
	ROW("mov",       "0F 21 /r",          "Rq Dq", BASE,    "-------", X86_LOCK_CR0, build_control, 0),
	ROW("mov",       "0F 22 /r",          "Cq Rq", BASE,    "-------", X86_LOCK_CR0, build_control, 0),
	ROW("mov",       "0F 23 /r",          "Dq Rq", BASE,    "-------", X86_LOCK_CR0, build_control, 0),
	/* Outside of a transaction (SDM vol. 2, XEND). */
	ROW("xend", "NP 0F 01 D5", "", RTM, "-------", 0, build_refused, 0),
};
/* clang-format on */

X86_TABLE(x86_privileged);

/* SDM vol. 2, 2.3.11: #GP, whatever the bytes are. */
const struct x86_form x86_too_long = {.name = "(too long)", .flags = "-------", .build = build_refused};
