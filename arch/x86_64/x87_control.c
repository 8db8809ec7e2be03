/* x87 control: control and status word, environment, state, the stack's top, waiting (SDM vol. 1, 8.3.11). */
#include "arch/x86_64/x87.h"

#include "arch/x86_64/xstate.h"

/* What they make of the condition codes: they are undefined (SDM vol. 2, each instruction's "FPU Flags Affected"). */
static expr_id open_codes(struct x86_ctx *c, expr_id fsw)
{
	const unsigned codes = 1 << X87_C0 | 1 << X87_C1 | 1 << X87_C2 | 1 << X87_C3;
	struct expr_pool *p = c->pool;
	expr_id open = expr_and(p, expr_undef(p, 16), x86_const(c, 16, codes));

	return expr_or(p, expr_and(p, fsw, x86_const(c, 16, 0xffff & ~codes)), open);
}

static expr_id old_fcw(struct x86_ctx *c)
{
	return expr_reg(c->pool, 16, X86_fctrl);
}

static expr_id old_fsw(struct x86_ctx *c)
{
	return expr_reg(c->pool, 16, X86_fstat);
}

/* ---- Control and status word ---- */

static void build_fnstcw(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	transfer_add_store(c->t, EXPR_NONE, x86_address(c), old_fcw(c));
	transfer_set_reg(c->t, X86_fstat, open_codes(c, old_fsw(c)));
}

/* An exception that was told before may be pending now, and no longer (SDM vol. 2, FLDCW). */
static void build_fldcw(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x87_wait(c);
	expr_id fcw = x87_keep_fcw(c, transfer_load(c->t, 16, x86_address(c)));

	transfer_set_reg(c->t, X86_fctrl, fcw);
	transfer_set_reg(c->t, X86_fstat, x87_with_summary(c, open_codes(c, old_fsw(c)), fcw));
}

static void build_fnstsw(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	if (c->raw.is_mem)
		transfer_add_store(c->t, EXPR_NONE, x86_address(c), old_fsw(c));
	else
		x86_set_gpr(c, X86_rax, old_fsw(c));
	transfer_set_reg(c->t, X86_fstat, open_codes(c, old_fsw(c)));
}

static void build_fnclex(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id kept = expr_and(c->pool, old_fsw(c), x86_const(c, 16, 0x7f00));

	(void)f;
	transfer_set_reg(c->t, X86_fstat, open_codes(c, kept));
}

/* ---- Waiting, and nothing else ---- */

enum { WAITS = 1 };

static void build_nothing(struct x86_ctx *c, const struct x86_form *f)
{
	if (f->param & WAITS)
		x87_wait(c);
	transfer_set_reg(c->t, X86_fstat, open_codes(c, old_fsw(c)));
}

/* ---- The stack ---- */

/* FINCSTP, FDECSTP: the tags stay where they are. */
static void build_turn(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);

	x.shift = (int)f->param - 1;
	x87_commit(&x);
}

enum { POPS = 1 };

/* FFREE, and FFREEP, which pops too (APM vol. 5 and SDM vol. 2 do not list it; both makers' processors have it). */
static void build_ffree(struct x86_ctx *c, const struct x86_form *f)
{
	struct x87 x = x87_begin(c);

	x87_free(&x, x87_i(c));
	if (f->param & POPS)
		x87_pop(&x);
	x87_set_codes(&x, EXPR_NONE, EXPR_NONE, expr_undef(c->pool, 1), EXPR_NONE);
	x87_commit(&x);
}

/* ---- Environment and state ---- */

/* SDM vol. 2, FINIT/FNINIT. */
static void initialise(struct x86_ctx *c)
{
	x87_set_top(c, x86_const(c, 3, 0));
	transfer_set_reg(c->t, X86_fctrl, x86_const(c, 16, X87_FCW_INITIAL));
	transfer_set_reg(c->t, X86_fstat, x86_const(c, 16, 0));
	transfer_set_reg(c->t, X86_ftag, x86_const(c, 16, 0xffff));
	transfer_set_reg(c->t, X86_fop, x86_const(c, 16, 0));
}

static void build_fninit(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	initialise(c);
}

/* Bytes of the environment, places of fields (SDM vol. 1, figures 8-9, 8-11): words, in twice the room without 66. */
enum { ENV_LEN = 28, ENV_LEN_66 = 14, ENV_FOP = 18 };

static unsigned env_len(const struct x86_ctx *c)
{
	return x87_is_16bit(&c->raw) ? ENV_LEN_66 : ENV_LEN;
}

static expr_id env_word(struct x86_ctx *c, expr_id env, unsigned i)
{
	return expr_extract(c->pool, env, i * (x87_is_16bit(&c->raw) ? 16 : 32), 16);
}

/*
 * What is stored. Upper halves of words are reserved (figure 8-9), addresses and selectors of the last instruction not
 * in the model's state, and vendors differ in when they keep them and the opcode (8.1.8, 8.1.9; X87_POINTERS in
 * vendor.def).
 */
static expr_id environment(struct x86_ctx *c)
{
	struct expr_pool *p = c->pool;
	unsigned gap = x87_is_16bit(&c->raw) ? 0 : 16;
	expr_id word[3] = {old_fcw(c), old_fsw(c), x87_tag_word(c)}, env = word[0];

	for (unsigned i = 1; i < 3; i++) {
		if (gap)
			env = expr_concat(p, expr_undef(p, gap), env);
		env = expr_concat(p, word[i], env);
	}
	return expr_concat(p, expr_undef(p, 8 * env_len(c) - expr_width(p, env)), env);
}

/* All exceptions are masked then. */
static void build_fnstenv(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id fcw = expr_or(p, old_fcw(c), x86_const(c, 16, 0x3f));

	(void)f;
	x87_refuse_wrap(c);
	transfer_add_store(c->t, EXPR_NONE, x86_address(c), environment(c));
	transfer_set_reg(c->t, X86_fctrl, fcw);
	transfer_set_reg(c->t, X86_fstat, x87_with_summary(c, open_codes(c, old_fsw(c)), fcw));
}

static expr_id behind_env(struct x86_ctx *c, unsigned offset)
{
	return expr_add(c->pool, x86_address(c), x86_const(c, 64, env_len(c) + offset));
}

static void build_fnsave(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;

	(void)f;
	x87_refuse_wrap(c);
	transfer_add_store(c->t, EXPR_NONE, x86_address(c), environment(c));
	for (unsigned i = 0; i < 8; i += 4) {
		expr_id all = expr_reg(p, 80, X86_st0 + i);
		for (unsigned k = 1; k < 4; k++)
			all = expr_concat(p, expr_reg(p, 80, X86_st0 + i + k), all);
		transfer_add_store(c->t, EXPR_NONE, behind_env(c, 10 * i), all);
	}
	initialise(c);
}

/*
 * The opcode as it is restored. The image of 16-bit environments has none, and where no exception is pending vendors
 * differ (see above).
 */
static expr_id restored_fop(struct x86_ctx *c, expr_id env, expr_id fsw)
{
	struct expr_pool *p = c->pool;
	expr_id open = expr_zext(p, expr_undef(p, 11), 16);

	if (x87_is_16bit(&c->raw))
		return open;
	expr_id stored = expr_zext(p, expr_extract(p, env, 8 * ENV_FOP, 11), 16);
	return expr_ite(p, expr_bit(p, fsw, X87_ES), stored, open);
}

/* Of the tags that are loaded only "empty" counts; the others are those of the contents, st[] by the new stack. */
static expr_id restored_tags(struct x86_ctx *c, expr_id stored, expr_id fsw, const expr_id *st)
{
	struct expr_pool *p = c->pool;
	expr_id empty = EXPR_NONE, tags = EXPR_NONE, top = expr_extract(p, fsw, X87_TOP, 3);

	for (unsigned i = 0; i < 8; i++) {
		expr_id both = expr_and(p, expr_bit(p, stored, 2 * i), expr_bit(p, stored, 2 * i + 1));
		expr_id tag = x86_x87_tag(c, st[i]);
		both = expr_concat(p, both, both);
		empty = i ? expr_concat(p, both, empty) : both;
		tags = i ? expr_concat(p, tag, tags) : tag;
	}
	return expr_or(p, empty, expr_rol(p, tags, expr_concat(p, top, x86_const(c, 1, 0))));
}

static void load_environment(struct x86_ctx *c, bool registers)
{
	struct expr_pool *p = c->pool;
	expr_id st[8];

	x87_wait(c);
	x87_refuse_wrap(c);
	expr_id env = transfer_load(c->t, 8 * env_len(c), x86_address(c));
	expr_id fcw = x87_keep_fcw(c, env_word(c, env, 0)), fsw = x87_with_summary(c, env_word(c, env, 1), fcw);

	x87_set_top(c, expr_extract(p, fsw, X87_TOP, 3));
	for (unsigned i = 0; registers && i < 8; i++)
		transfer_set_reg(c->t, X86_st0 + i, transfer_load(c->t, 80, behind_env(c, 10 * i)));
	for (unsigned i = 0; i < 8; i++)
		st[i] = transfer_get_reg(c->t, X86_st0 + i);
	transfer_set_reg(c->t, X86_fctrl, fcw);
	transfer_set_reg(c->t, X86_fstat, fsw);
	transfer_set_reg(c->t, X86_ftag, restored_tags(c, env_word(c, env, 2), fsw, st));
	transfer_set_reg(c->t, X86_fop, restored_fop(c, env, fsw));
}

static void build_fldenv(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	load_environment(c, false);
}

static void build_frstor(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	load_environment(c, true);
}

/* clang-format off */
static const struct x86_form x86_x87_control[] = {
	/*  name       encoding     operands  builder, parameter */
	X87("fnstcw",   "D9 /7",     "Mw",     build_fnstcw, 0),
	X87("fldcw",    "D9 /5",     "Mw",     build_fldcw, 0),
	X87("fnstsw",   "DD /7",     "Mw",     build_fnstsw, 0),
	X87("fnstsw",   "DF E0",     "AX",     build_fnstsw, 0),
	X87("fnclex",   "DB E2",     "",       build_fnclex, 0),
	X87("fninit",   "DB E3",     "",       build_fninit, 0),
	X87("fwait",    "9B",        "",       build_nothing, WAITS),
	X87("fnop",     "D9 D0",     "",       build_nothing, WAITS),
	X87("fneni",    "DB E0",     "",       build_nothing, 0),
	X87("fndisi",   "DB E1",     "",       build_nothing, 0),
	X87("fnsetpm",  "DB E4",     "",       build_nothing, 0),
	X87("fdecstp",  "D9 F6",     "",       build_turn, 0),
	X87("fincstp",  "D9 F7",     "",       build_turn, 2),
	X87("ffree",    "DD C0+i",   "STi",    build_ffree, 0),
	X87("ffreep",   "DF C0+i",   "STi",    build_ffree, POPS),
	X87("fnstenv",  "D9 /6",     "M14/28", build_fnstenv, 0),
	X87("fldenv",   "D9 /4",     "M14/28", build_fldenv, 0),
	X87("fnsave",   "DD /6",     "M94/108", build_fnsave, 0),
	X87("frstor",   "DD /4",     "M94/108", build_frstor, 0),
};
/* clang-format on */

X86_TABLE(x86_x87_control);
