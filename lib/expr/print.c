#include "lib/expr/print.h"

#include <ctype.h>
#include <string.h>

#include "lib/expr/bv.h"
#include "lib/expr/fp_op.h"
#include "lib/expr/live.h"
#include "lib/expr/syntax.h"
#include "lib/expr/taint.h"

const char *const syntax_env_names[ENV_NUM_INPUTS] = {
	[ENV_TSC] = "tsc",         [ENV_TSC_AUX] = "tsc_aux",   [ENV_CPUID_A] = "cpuid_a",
	[ENV_CPUID_B] = "cpuid_b", [ENV_CPUID_C] = "cpuid_c",   [ENV_CPUID_D] = "cpuid_d",
	[ENV_XCR0] = "xcr",        [ENV_RANDOM] = "random",     [ENV_COUNTER] = "counter",
	[ENV_SYSREG] = "sysreg",   [ENV_SELECTOR] = "selector", [ENV_POINTER_CODE] = "pointer_code",
	[ENV_SYSTEM] = "system",   [ENV_XSTATE] = "xstate",
};

struct printer {
	struct strbuf *out;
	const struct expr_pool *pool;
	const struct expr_names *names;
	const uint32_t *temps; /* by id: the number of its tN, or 0; NULL: none has one */
};

static void print(const struct printer *p, expr_id id);

bool syntax_is_symbol(enum expr_op op)
{
	return op_info[op].shape != SHAPE_LEAF && !isalpha((unsigned char)op_info[op].text[0]);
}

static void print_const(const struct printer *p, const struct expr *n)
{
	const uint64_t *words = node_words(p->pool, n);
	unsigned i = bv_words(n->width) - 1;

	while (i > 0 && !words[i])
		i--;
	strbuf_printf(p->out, "0x%llx", (unsigned long long)words[i]);
	while (i-- > 0)
		strbuf_printf(p->out, "%016llx", (unsigned long long)words[i]);
	strbuf_printf(p->out, ":%u", n->width);
}

/* By name if that names this register with this width, else by number. */
static void print_reg(const struct printer *p, uint32_t reg, unsigned width)
{
	const char *name = p->names && p->names->name ? p->names->name(reg) : NULL;
	uint32_t found;
	unsigned found_width;

	if (name && p->names->find && p->names->find(name, strlen(name), &found, &found_width) && found == reg &&
	    found_width == width)
		strbuf_append(p->out, name);
	else
		strbuf_printf(p->out, "r%u:%u", reg, width);
}

static void print_load(const struct printer *p, const struct expr *n, uint32_t version)
{
	strbuf_printf(p->out, "mem%u", n->width);
	if (version)
		strbuf_printf(p->out, "@%u", version);
	strbuf_append(p->out, "[");
	print(p, n->arg[0]);
	strbuf_append(p->out, "]");
}

static void print_leaf(const struct printer *p, const struct expr *n)
{
	switch (n->op) {
	case EXPR_CONST: print_const(p, n); break;
	case EXPR_REG: print_reg(p, n->attr & ~TAINT_MASK_BIT, n->width); break;
	case EXPR_LOAD: print_load(p, n, n->attr & ~TAINT_MASK_BIT); break;
	case EXPR_UNDEF: strbuf_printf(p->out, "undef%u#%u", n->width, n->attr); break;
	default:
		if (n->attr < ENV_NUM_INPUTS)
			strbuf_printf(p->out, "env:%s%u", syntax_env_names[n->attr], n->width);
		else
			strbuf_printf(p->out, "env:%u_%u", n->attr, n->width);
		break;
	}
}

/* What stands as an operand without parentheses around it. */
static bool is_simple(const struct printer *p, expr_id id)
{
	const struct expr *n = node(p->pool, id);

	return (p->temps && p->temps[id]) || !syntax_is_symbol(n->op) || n->op == EXPR_EXTRACT;
}

static void print_operand(const struct printer *p, expr_id id)
{
	bool simple = is_simple(p, id);

	strbuf_append(p->out, simple ? "" : "(");
	print(p, id);
	strbuf_append(p->out, simple ? "" : ")");
}

/* x + c with a small negative c, which the rules made of x - c and make of it again. */
static bool print_subtraction(const struct printer *p, const struct expr *n)
{
	uint64_t c;

	if (!p->pool->simplify || n->op != EXPR_ADD || n->width < 8 || !expr_is_const(p->pool, n->arg[1], &c) ||
	    bv_signed(c, n->width) >= 0 || (n->width == 64 && c == (uint64_t)1 << 63))
		return false;
	print_operand(p, n->arg[0]);
	strbuf_printf(p->out, " - 0x%llx:%u", (unsigned long long)((0 - c) & bv_ones(n->width)), n->width);
	return true;
}

/* Functions of their own are the two parts that are made use of; the control register, which is like an attribute,
 * comes first. */
static void print_fp(const struct printer *p, const struct expr *n, const char *part)
{
	unsigned last = op_info[n->op].arity - 1u;

	strbuf_printf(p->out, "%s%s(", op_info[n->op].text, part);
	syntax_fp_print(p->out, n->op, n->attr);
	strbuf_append(p->out, ", ");
	print(p, n->arg[last]);
	for (unsigned i = 0; i < last; i++) {
		strbuf_append(p->out, ", ");
		print(p, n->arg[i]);
	}
	strbuf_append(p->out, ")");
}

/* The number of the line of a floating-point operator; 0: it has none, or is none. */
static uint32_t fp_temp(const struct printer *p, expr_id id)
{
	return p->temps && op_info[node(p->pool, id)->op].shape == SHAPE_FP ? p->temps[id] : 0;
}

static void print_bits(const struct printer *p, unsigned low, unsigned width)
{
	if (width == 1)
		strbuf_printf(p->out, "[%u]", low);
	else
		strbuf_printf(p->out, "[%u:%u]", low + width - 1, low);
}

/*
 * Value or flags of a floating-point operator, as a whole; in transfers, which are not read again, also bits of either,
 * and by the name of an operator that has a line of its own: t1[63:0], t1.flags[5:0].
 */
static bool print_fp_part(const struct printer *p, const struct expr *n)
{
	const struct expr *of = node(p->pool, n->arg[0]);
	if (op_info[of->op].shape != SHAPE_FP)
		return false;

	unsigned flags = of->width - FP_NUM_FLAGS, first = n->attr >= flags ? flags : 0;
	unsigned whole = first ? FP_NUM_FLAGS : fp_value_width(of);
	const char *part = first ? ".flags" : "";
	if (n->attr + n->width > first + whole || (n->width != whole && !p->temps))
		return false;
	uint32_t temp = fp_temp(p, n->arg[0]);
	if (temp)
		strbuf_printf(p->out, "t%u%s", temp, part);
	else
		print_fp(p, of, part);
	if (n->width != whole)
		print_bits(p, n->attr - first, n->width);
	return true;
}

static void print_extract(const struct printer *p, const struct expr *n)
{
	if (print_fp_part(p, n))
		return;
	print_operand(p, n->arg[0]);
	print_bits(p, n->attr, n->width);
}

static void print_symbol(const struct printer *p, const struct expr *n)
{
	const char *text = op_info[n->op].text;

	if (n->op == EXPR_EXTRACT) {
		print_extract(p, n);
		return;
	}
	if (op_info[n->op].arity == 1) {
		strbuf_append(p->out, text);
		print_operand(p, n->arg[0]);
		return;
	}
	if (print_subtraction(p, n))
		return;
	print_operand(p, n->arg[0]);
	strbuf_printf(p->out, " %s ", text);
	print_operand(p, n->arg[1]);
	if (n->op == EXPR_ITE) {
		strbuf_append(p->out, " : ");
		print_operand(p, n->arg[2]);
	}
}

static void print_call(const struct printer *p, const struct expr *n)
{
	const struct op_info *info = &op_info[n->op];

	strbuf_append(p->out, info->text);
	if (info->shape == SHAPE_EXTEND)
		strbuf_printf(p->out, "%u", n->width);
	else if (n->lane)
		strbuf_printf(p->out, "%u", n->lane);
	for (unsigned i = 0; i < info->arity; i++) {
		strbuf_append(p->out, i ? ", " : "(");
		print(p, n->arg[i]);
	}
	strbuf_append(p->out, ")");
}

static void print_node(const struct printer *p, expr_id id)
{
	const struct expr *n = node(p->pool, id);
	bool leaf = op_info[n->op].shape == SHAPE_LEAF || n->op == EXPR_LOAD;

	if ((n->op == EXPR_REG || n->op == EXPR_LOAD) && n->attr & TAINT_MASK_BIT) {
		strbuf_append(p->out, "unknown(");
		print_leaf(p, n);
		strbuf_append(p->out, ")");
	} else if (leaf) {
		print_leaf(p, n);
	} else if (syntax_is_symbol(n->op)) {
		print_symbol(p, n);
	} else if (op_info[n->op].shape == SHAPE_FP) {
		print_fp(p, n, ".all");
	} else {
		print_call(p, n);
	}
}

static void print(const struct printer *p, expr_id id)
{
	if (p->temps && p->temps[id])
		strbuf_printf(p->out, "t%u%s", p->temps[id], fp_temp(p, id) ? ".all" : "");
	else
		print_node(p, id);
}

void expr_print(struct strbuf *out, const struct expr_pool *pool, expr_id id, const struct expr_names *names)
{
	struct printer p = {.out = out, .pool = pool, .names = names};

	print(&p, id);
}

/* ---- Transfers ---- */

static const char *const fault_names[FAULT_NUM_KINDS] = {
	[FAULT_NONE] = "none",
	[FAULT_DIVIDE] = "divide",
	[FAULT_UNDEFINED] = "undefined",
	[FAULT_BREAKPOINT] = "breakpoint",
	[FAULT_DEBUG] = "debug",
	[FAULT_OVERFLOW] = "overflow",
	[FAULT_PROTECTION] = "protection",
	[FAULT_STACK] = "stack",
	[FAULT_ALIGNMENT] = "alignment",
	[FAULT_FLOAT] = "float",
	[FAULT_PAGE] = "page",
};

const char *fault_name(enum fault_kind kind)
{
	return (unsigned)kind < FAULT_NUM_KINDS ? fault_names[kind] : "unknown";
}

enum { LARGE = 4 }; /* nodes from which on a shared sub-expression gets a line of its own */

/*
 * Numbers the sub-expressions that get names: used more than once and large, where what has a name itself counts as one
 * node. uses becomes the numbers.
 */
static bool number_temps(const struct expr_pool *pool, uint32_t *uses, uint32_t *ret_num)
{
	uint16_t *size = calloc(pool->nodes.len, sizeof *size);
	uint32_t num = 0;

	if (!size)
		return false;
	for (expr_id id = 1; id < pool->nodes.len; id++) {
		const struct expr *n = node(pool, id);
		uint32_t total = 1;

		for (unsigned i = 0; i < op_info[n->op].arity; i++)
			total += size[n->arg[i]];
		size[id] = (uint16_t)(total < UINT16_MAX ? total : UINT16_MAX);
		uses[id] = uses[id] > 1 && total >= LARGE ? ++num : 0;
		if (uses[id])
			size[id] = 1;
	}
	free(size);
	*ret_num = num;
	return true;
}

static void print_temps(const struct printer *p)
{
	for (expr_id id = 1; id < p->pool->nodes.len; id++) {
		if (!p->temps[id])
			continue;
		strbuf_printf(p->out, "t%u = ", p->temps[id]);
		if (fp_temp(p, id))
			print_fp(p, node(p->pool, id), "");
		else
			print_node(p, id);
		strbuf_append(p->out, "\n");
	}
}

static void print_lines(const struct printer *p, const struct transfer *t)
{
	for (size_t i = 0; i < t->faults.len; i++) {
		strbuf_printf(p->out, "fault %s if ", fault_name(t->faults.at[i].kind));
		print(p, t->faults.at[i].cond);
		strbuf_append(p->out, t->faults.at[i].last ? ", after all accesses\n" : "\n");
	}
	for (size_t i = 0; i < t->stores.len; i++) {
		const struct transfer_store *s = &t->stores.at[i];

		strbuf_printf(p->out, "mem%u[", expr_width(p->pool, s->value));
		print(p, s->address);
		strbuf_append(p->out, "] = ");
		print(p, s->value);
		if (s->guard) {
			strbuf_append(p->out, " if ");
			print(p, s->guard);
		}
		strbuf_append(p->out, "\n");
	}
	for (size_t i = 0; i < t->regs.len; i++) {
		print_reg(p, t->regs.at[i].reg, expr_width(p->pool, t->regs.at[i].value));
		strbuf_append(p->out, " = ");
		print(p, t->regs.at[i].value);
		strbuf_append(p->out, "\n");
	}
}

static void print_bounds(const struct printer *p, const struct transfer *t)
{
	for (size_t i = 0; i < t->bounds.len; i++) {
		const struct transfer_bound *b = &t->bounds.at[i];
		char error[32];

		fp_bound_print(&b->bound, error, sizeof error);
		print_reg(p, b->reg, expr_width(p->pool, transfer_get_reg(t, b->reg)));
		strbuf_printf(p->out, "[%u:%u] within %s of %s(", b->first + fp_width(b->bound.format) - 1, b->first,
			      error, fp_function_name(b->bound.function));
		print(p, b->arg[0]);
		if (b->arg[1]) {
			strbuf_append(p->out, ", ");
			print(p, b->arg[1]);
		}
		strbuf_append(p->out, ")");
		if (b->when) {
			strbuf_append(p->out, " if ");
			print(p, b->when);
		}
		strbuf_append(p->out, "\n");
	}
}

/* Loads that nothing else shows. */
static void print_accesses(const struct printer *p, const struct transfer *t, const uint32_t *uses)
{
	for (size_t i = 0; i < t->loads.len; i++) {
		if (uses[t->loads.at[i]])
			continue;
		strbuf_append(p->out, "access ");
		print(p, t->loads.at[i]);
		strbuf_append(p->out, "\n");
	}
}

void transfer_print(struct strbuf *out, const struct transfer *t, const struct expr_names *names)
{
	struct printer p = {.out = out, .pool = t->pool, .names = names};
	struct transfer shown = *t;
	struct roots roots = {0};
	uint32_t num;

	shown.loads.len = 0;
	roots_add_transfer(&roots, &shown);

	uint32_t *needed = live_uses(t->pool, &roots), *temps = live_uses(t->pool, &roots);
	if (!needed || !temps || !number_temps(t->pool, temps, &num)) {
		out->failed = true;
	} else {
		p.temps = temps;
		print_temps(&p);
		print_accesses(&p, t, needed);
		print_lines(&p, t);
		print_bounds(&p, t);
	}
	free(needed);
	free(temps);
	roots_deinit(&roots);
}
