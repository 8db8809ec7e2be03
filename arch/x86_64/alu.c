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
static const struct x86_form x86_alu[] = {
	/* id           build        param                  oszapcd    props */
	{X86_INS_ADD,   build_add,   CARRY_OUT,             "WWWWWW-", X86_LOCK, 0},
	{X86_INS_ADC,   build_add,   CARRY_OUT | CARRY_IN,  "WWWWWM-", X86_LOCK, 0},
	{X86_INS_INC,   build_add,   0,                     "WWWWW--", X86_LOCK, 0},
	{X86_INS_SUB,   build_sub,   CARRY_OUT,             "WWWWWW-", X86_LOCK, 0},
	{X86_INS_SBB,   build_sub,   CARRY_OUT | CARRY_IN,  "WWWWWM-", X86_LOCK, 0},
	{X86_INS_DEC,   build_sub,   0,                     "WWWWW--", X86_LOCK, 0},
	{X86_INS_CMP,   build_cmp,   0,                     "WWWWWW-", 0,        0},
	{X86_INS_NEG,   build_neg,   0,                     "WWWWWW-", X86_LOCK, 0},
	{X86_INS_NOT,   build_not,   0,                     "-------", X86_LOCK, 0},
	{X86_INS_AND,   build_logic, LOGIC_AND,             "0WWUW0-", X86_LOCK, 0},
	{X86_INS_OR,    build_logic, LOGIC_OR,              "0WWUW0-", X86_LOCK, 0},
	{X86_INS_XOR,   build_logic, LOGIC_XOR,             "0WWUW0-", X86_LOCK, 0},
	{X86_INS_TEST,  build_test,  0,                     "0WWUW0-", 0,        0},
	{X86_INS_ADCX,  build_adx,   X86_cf,                "-----M-", 0,        0},
	{X86_INS_ADOX,  build_adx,   X86_of,                "M------", 0,        0},
};
/* clang-format on */

X86_TABLE(x86_alu);
