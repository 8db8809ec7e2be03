/*
 * Near jumps, calls and returns. Their operands are 64 bits wide whatever the prefixes say (SDM vol. 1, Branch
 * Functions in 64-Bit Mode), but 16 with 66 on AMD's processors.
 */
#include "arch/x86_64/x86_64.h"

void x86_goto(struct x86_ctx *c, expr_id target)
{
	transfer_set_reg(c->t, X86_rip, target);
}

/* The decoder has asked for VENDOR_NEAR_BRANCH_66. */
static unsigned operand_width(const struct x86_ctx *c)
{
	return c->raw.near16 ? 16 : 64;
}

/* The operand as it becomes RIP. */
static expr_id target(struct x86_ctx *c)
{
	unsigned width = operand_width(c);

	if (c->op[0].kind == X86_OPERAND_IMM)
		return expr_fit(c->pool, x86_const(c, width, c->next + c->raw.imm), 64);
	c->op[0].width = (uint16_t)width;
	return expr_fit(c->pool, x86_read(c, 0), 64);
}

static void goto_if(struct x86_ctx *c, expr_id cond)
{
	x86_goto(c, expr_ite(c->pool, cond, target(c), x86_const(c, 64, c->next)));
}

static void build_jcc(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	goto_if(c, x86_condition(c, c->raw.opcode & 15));
}

static void build_jmp(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_goto(c, target(c));
}

static void build_call(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	expr_id to = target(c);
	x86_push(c, x86_const(c, operand_width(c), c->next));
	x86_goto(c, to);
}

/* RET, and RET imm16, which also drops that many bytes. */
static void build_ret(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id to = x86_pop(c, operand_width(c)), rsp = transfer_get_reg(c->t, X86_rsp);

	(void)f;
	if (c->raw.imm_len)
		rsp = expr_add(c->pool, rsp, x86_const(c, 64, (uint16_t)c->raw.imm));
	transfer_set_reg(c->t, X86_rsp, rsp);
	x86_goto(c, expr_fit(c->pool, to, 64));
}

/* The count register: ECX with a 67 prefix. */
static expr_id counter(struct x86_ctx *c)
{
	return x86_gpr(c, X86_rcx, c->raw.addrsize ? 32 : 64);
}

static void build_jrcxz(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	goto_if(c, expr_is_zero(c->pool, counter(c)));
}

enum loop_while { LOOP_ALWAYS, LOOP_ZERO, LOOP_NONZERO };

/* Which of LOOPE and LOOPNE it is: on AMD's processors F2 and F3 tell, as with repeated comparisons. */
static enum loop_while loop_while(struct x86_ctx *c, const struct x86_form *f)
{
	if (f->param == LOOP_ALWAYS || !c->raw.rep || !x86_by_amd(c, VENDOR_LOOP_REP))
		return f->param;
	return c->raw.rep == X86_REP ? LOOP_ZERO : LOOP_NONZERO;
}

/* LOOP, LOOPE, LOOPNE */
static void build_loop(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id count = counter(c);
	expr_id left = expr_sub(p, count, x86_const(c, c->raw.addrsize ? 32 : 64, 1));
	expr_id again = expr_not(p, expr_is_zero(p, left));
	enum loop_while which = loop_while(c, f);

	if (which == LOOP_ZERO)
		again = expr_and(p, again, x86_flag(c, X86_zf));
	else if (which == LOOP_NONZERO)
		again = expr_and(p, again, expr_not(p, x86_flag(c, X86_zf)));
	x86_set_gpr(c, X86_rcx, left);
	goto_if(c, again);
}

/* clang-format off */
#define JCC(cc, digit, flags) \
	ROW("j" cc, "7" digit " f64",    "Jb", BASE, flags, 0, build_jcc, 0), \
	ROW("j" cc, "0F 8" digit " f64", "Jz", BASE, flags, 0, build_jcc, 0)

static const struct x86_form x86_control[] = {
	/*  name  encoding  operands  CPUID  oszapcd  props  build  param */
	ROW("jmp",    "E9 f64",     "Jz", BASE, "-------", 0, build_jmp,   0),
	ROW("jmp",    "EB f64",     "Jb", BASE, "-------", 0, build_jmp,   0),
	ROW("jmp",    "FF /4 f64",  "Ev", BASE, "-------", 0, build_jmp,   0),
	ROW("call",   "E8 f64",     "Jz", BASE, "-------", 0, build_call,  0),
	ROW("call",   "FF /2 f64",  "Ev", BASE, "-------", 0, build_call,  0),
	ROW("ret",    "C3 f64",     "",   BASE, "-------", 0, build_ret,   0),
	ROW("ret",    "C2 f64",     "Iw", BASE, "-------", 0, build_ret,   0),
	ROW("jecxz",  "E3 f64 a32", "Jb", BASE, "-------", 0, build_jrcxz, 0),
	ROW("jrcxz",  "E3 f64 a64", "Jb", BASE, "-------", 0, build_jrcxz, 0),
	ROW("loop",   "E2 f64",     "Jb", BASE, "-------", 0, build_loop,  LOOP_ALWAYS),
	ROW("loope",  "E1 f64",     "Jb", BASE, "--R----", 0, build_loop,  LOOP_ZERO),
	ROW("loopne", "E0 f64",     "Jb", BASE, "--R----", 0, build_loop,  LOOP_NONZERO),
	JCC("o",  "0", "R------"),
	JCC("no", "1", "R------"),
	JCC("b",  "2", "-----R-"),
	JCC("ae", "3", "-----R-"),
	JCC("e",  "4", "--R----"),
	JCC("ne", "5", "--R----"),
	JCC("be", "6", "--R--R-"),
	JCC("a",  "7", "--R--R-"),
	JCC("s",  "8", "-R-----"),
	JCC("ns", "9", "-R-----"),
	JCC("p",  "A", "----R--"),
	JCC("np", "B", "----R--"),
	JCC("l",  "C", "RR-----"),
	JCC("ge", "D", "RR-----"),
	JCC("le", "E", "RRR----"),
	JCC("g",  "F", "RRR----"),
};
/* clang-format on */

X86_TABLE(x86_control);
