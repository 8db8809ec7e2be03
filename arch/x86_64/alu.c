/* Addition, subtraction, comparison, logic. */
#include "arch/x86_64/x86_64.h"

/* How the carry takes part. */
enum {
	CARRY_OUT = 1,
	CARRY_IN = 2,
};

enum logic { LOGIC_AND, LOGIC_OR, LOGIC_XOR };

/* The second operand, extended to the first one's width; 1 for INC and DEC. */
static expr_id second(struct x86_ctx *c)
{
	if (c->num_ops == 1)
		return x86_const(c, c->op[0].width, 1);
	c->op[1].width = c->op[0].width;
	return x86_read(c, 1);
}

static expr_id carry_in(struct x86_ctx *c, const struct x86_form *f)
{
	if (!(f->param & CARRY_IN))
		return x86_const(c, c->op[0].width, 0);
	return expr_zext(c->pool, x86_flag(c, X86_cf), c->op[0].width);
}

/* ADD, ADC, INC */
static void build_add(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id a = x86_read(c, 0), b = second(c);
	expr_id result = expr_add(p, expr_add(p, a, b), carry_in(c, f));

	x86_set_szp(c, result);
	x86_set_add_ao(c, a, b, result);
	if (f->param & CARRY_IN)
		x86_set_flag(c, X86_cf, x86_add_carry(c, a, b, result));
	else if (f->param & CARRY_OUT)
		x86_set_flag(c, X86_cf, expr_ult(p, result, a));
	x86_write(c, 0, result);
}

/* SUB, SBB, DEC */
static void build_sub(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id a = x86_read(c, 0), b = second(c);
	expr_id result = expr_sub(p, expr_sub(p, a, b), carry_in(c, f));

	x86_set_szp(c, result);
	x86_set_sub_ao(c, a, b, result);
	if (f->param & CARRY_IN)
		x86_set_flag(c, X86_cf, x86_sub_borrow(c, a, b, result));
	else if (f->param & CARRY_OUT)
		x86_set_flag(c, X86_cf, expr_ult(p, a, b));
	x86_write(c, 0, result);
}

static void build_cmp(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_set_compare(c, x86_read(c, 0), second(c));
}

static void build_neg(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id zero = x86_const(c, c->op[0].width, 0), a = x86_read(c, 0);

	(void)f;
	x86_set_compare(c, zero, a);
	x86_write(c, 0, expr_neg(c->pool, a));
}

static void build_not(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_write(c, 0, expr_not(c->pool, x86_read(c, 0)));
}

static expr_id logic(struct x86_ctx *c, uint32_t what, expr_id a, expr_id b)
{
	switch (what) {
	case LOGIC_AND: return expr_and(c->pool, a, b);
	case LOGIC_OR: return expr_or(c->pool, a, b);
	default: return expr_xor(c->pool, a, b);
	}
}

static void build_logic(struct x86_ctx *c, const struct x86_form *f)
{
	expr_id result = logic(c, f->param, x86_read(c, 0), second(c));

	x86_set_szp(c, result);
	x86_write(c, 0, result);
}

static void build_test(struct x86_ctx *c, const struct x86_form *f)
{
	(void)f;
	x86_set_szp(c, expr_and(c->pool, x86_read(c, 0), second(c)));
}

/* ADCX and ADOX: an addition whose carry is the one flag that param names. */
static void build_adx(struct x86_ctx *c, const struct x86_form *f)
{
	struct expr_pool *p = c->pool;
	expr_id a = x86_read(c, 0), b = x86_read(c, 1);
	expr_id carry = expr_zext(p, x86_flag(c, f->param), c->op[0].width);
	expr_id result = expr_add(p, expr_add(p, a, b), carry);

	x86_set_flag(c, f->param, x86_add_carry(c, a, b, result));
	x86_write(c, 0, result);
}

/* clang-format off */
/* The eight that share a scheme: opcodes 00 to 05, 08 to 0D..., and a digit of 80, 81 and 83. */
#define ARITHMETIC(name, b0, b1, b2, b3, b4, b5, digit, flags, props, build, param) \
	ROW(name, b0 " /r",     "Eb Gb",  BASE, flags, props, build, param), \
	ROW(name, b1 " /r",     "Ev Gv",  BASE, flags, props, build, param), \
	ROW(name, b2 " /r",     "Gb Eb",  BASE, flags, props, build, param), \
	ROW(name, b3 " /r",     "Gv Ev",  BASE, flags, props, build, param), \
	ROW(name, b4,           "AL Ib",  BASE, flags, props, build, param), \
	ROW(name, b5,           "rAX Iz", BASE, flags, props, build, param), \
	ROW(name, "80 " digit,  "Eb Ib",  BASE, flags, props, build, param), \
	ROW(name, "81 " digit,  "Ev Iz",  BASE, flags, props, build, param), \
	ROW(name, "83 " digit,  "Ev Ibs",  BASE, flags, props, build, param)

static const struct x86_form x86_alu[] = {
	/*         name   opcodes                             digit oszapcd    props     build        param */
	ARITHMETIC("add", "00", "01", "02", "03", "04", "05", "/0", "WWWWWW-", X86_LOCK, build_add,   CARRY_OUT),
	ARITHMETIC("or",  "08", "09", "0A", "0B", "0C", "0D", "/1", "0WWUW0-", X86_LOCK, build_logic, LOGIC_OR),
	ARITHMETIC("adc", "10", "11", "12", "13", "14", "15", "/2", "WWWWWM-", X86_LOCK, build_add,   CARRY_OUT | CARRY_IN),
	ARITHMETIC("sbb", "18", "19", "1A", "1B", "1C", "1D", "/3", "WWWWWM-", X86_LOCK, build_sub,   CARRY_OUT | CARRY_IN),
	ARITHMETIC("and", "20", "21", "22", "23", "24", "25", "/4", "0WWUW0-", X86_LOCK, build_logic, LOGIC_AND),
	ARITHMETIC("sub", "28", "29", "2A", "2B", "2C", "2D", "/5", "WWWWWW-", X86_LOCK, build_sub,   CARRY_OUT),
	ARITHMETIC("xor", "30", "31", "32", "33", "34", "35", "/6", "0WWUW0-", X86_LOCK, build_logic, LOGIC_XOR),
	ARITHMETIC("cmp", "38", "39", "3A", "3B", "3C", "3D", "/7", "WWWWWW-", 0,        build_cmp,   0),
	/*  name    encoding           operands  CPUID oszapcd    props     build       param */
	ROW("inc",  "FE /0",           "Eb",     BASE, "WWWWW--", X86_LOCK, build_add,  0),
	ROW("inc",  "FF /0",           "Ev",     BASE, "WWWWW--", X86_LOCK, build_add,  0),
	ROW("dec",  "FE /1",           "Eb",     BASE, "WWWWW--", X86_LOCK, build_sub,  0),
	ROW("dec",  "FF /1",           "Ev",     BASE, "WWWWW--", X86_LOCK, build_sub,  0),
	ROW("neg",  "F6 /3",           "Eb",     BASE, "WWWWWW-", X86_LOCK, build_neg,  0),
	ROW("neg",  "F7 /3",           "Ev",     BASE, "WWWWWW-", X86_LOCK, build_neg,  0),
	ROW("not",  "F6 /2",           "Eb",     BASE, "-------", X86_LOCK, build_not,  0),
	ROW("not",  "F7 /2",           "Ev",     BASE, "-------", X86_LOCK, build_not,  0),
	ROW("test", "84 /r",           "Eb Gb",  BASE, "0WWUW0-", 0,        build_test, 0),
	ROW("test", "85 /r",           "Ev Gv",  BASE, "0WWUW0-", 0,        build_test, 0),
	ROW("test", "A8",              "AL Ib",  BASE, "0WWUW0-", 0,        build_test, 0),
	ROW("test", "A9",              "rAX Iz", BASE, "0WWUW0-", 0,        build_test, 0),
	ROW("test", "F6 /0",           "Eb Ib",  BASE, "0WWUW0-", 0,        build_test, 0),
	ROW("test", "F6 /1",           "Eb Ib",  BASE, "0WWUW0-", 0,        build_test, 0),
	ROW("test", "F7 /0",           "Ev Iz",  BASE, "0WWUW0-", 0,        build_test, 0),
	ROW("test", "F7 /1",           "Ev Iz",  BASE, "0WWUW0-", 0,        build_test, 0),
	ROW("adcx", "66 0F 38 F6 /r",  "Gy Ey",  ADX,  "-----M-", 0,        build_adx,  X86_cf),
	ROW("adox", "F3 0F 38 F6 /r",  "Gy Ey",  ADX,  "M------", 0,        build_adx,  X86_of),
};
/* clang-format on */

X86_TABLE(x86_alu);
