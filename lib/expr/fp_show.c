#include "lib/expr/fp_show.h"

#include <inttypes.h>

#include "lib/expr/bv.h"
#include "lib/expr/fp_op.h"
#include "lib/expr/live.h"
#include "lib/expr/pool.h"
#include "lib/expr/syntax.h"

/* An operator with the values of its operands and of itself. */
struct shown {
	struct strbuf *out;
	const struct expr *n;
	struct fp_spec spec;
	uint64_t arg[EXPR_MAX_ARGS][EXPR_MAX_WORDS], value[EXPR_MAX_WORDS];
};

static fp_bits lane_of(const uint64_t *words, unsigned width, unsigned i)
{
	return bv_get2(words, i * width, width);
}

static void print_number(struct strbuf *out, enum fp_format format, fp_bits a)
{
	char text[64];

	fp_print(format, a, text, sizeof text);
	strbuf_append(out, text);
}

static void print_integer(struct strbuf *out, const struct fp_spec *s, uint64_t a)
{
	if (s->is_signed)
		strbuf_printf(out, "%" PRId64, bv_signed(a, s->integer));
	else
		strbuf_printf(out, "%" PRIu64, a);
}

/* Two of bfloat16, the lower first. */
static void print_pair(struct strbuf *out, fp_bits a)
{
	strbuf_append(out, "{");
	print_number(out, FP_BF16, a & 0xffff);
	strbuf_append(out, ", ");
	print_number(out, FP_BF16, a >> 16);
	strbuf_append(out, "}");
}

static void print_operand(const struct shown *s, unsigned arg, unsigned lane)
{
	unsigned width = fp_operand_lane(s->n->op, &s->spec);
	fp_bits a = lane_of(s->arg[arg], width, lane);

	if (s->n->op == EXPR_FBFDOT && arg < 2)
		print_pair(s->out, a);
	else if (s->n->op == EXPR_F8DOT && arg < 2)
		strbuf_printf(s->out, "0x%0*" PRIx64, (int)width / 4, (uint64_t)a);
	else if (s->n->op == EXPR_ITOF)
		print_integer(s->out, &s->spec, (uint64_t)a);
	else
		print_number(s->out, s->n->op == EXPR_FCVT ? s->spec.from : s->spec.format, a);
}

static const char *relation_name(fp_bits relation)
{
	return relation == FP_LESS      ? "less"
	       : relation == FP_EQUAL   ? "equal"
	       : relation == FP_GREATER ? "greater"
					: "unordered";
}

static void print_result(const struct shown *s, unsigned lane)
{
	fp_bits a = lane_of(s->value, s->n->lane, lane);

	switch (s->n->op) {
	case EXPR_FCMP: strbuf_append(s->out, a ? "true" : "false"); break;
	case EXPR_FORDER: strbuf_append(s->out, relation_name(a)); break;
	case EXPR_FTOI: print_integer(s->out, &s->spec, (uint64_t)a); break;
	default: print_number(s->out, s->spec.format, a); break;
	}
	if (s->n->op == EXPR_FREM)
		strbuf_printf(s->out, ", quotient %" PRIu64,
			      bv_get(s->value, s->n->lane, FP_REM_QUOTIENT_WIDTH) & (FP_REM_PARTIAL - 1));
}

/* "fadd(f32 sse)" */
static void print_name(const struct shown *s)
{
	strbuf_printf(s->out, "%s(", op_info[s->n->op].text);
	syntax_fp_print(s->out, s->n->op, s->n->attr);
	strbuf_append(s->out, ")");
}

static void print_lanes(const struct shown *s, unsigned num)
{
	for (unsigned lane = 0; lane < num; lane++) {
		print_name(s);
		if (num > 1)
			strbuf_printf(s->out, "[%u]", lane);
		for (unsigned arg = 0; arg + 1 < op_info[s->n->op].arity; arg++) {
			strbuf_append(s->out, arg ? ", " : ": ");
			print_operand(s, arg, lane);
		}
		strbuf_append(s->out, " -> ");
		print_result(s, lane);
		strbuf_append_char(s->out, '\n');
	}
}

static void print_flags(const struct shown *s)
{
	static const char *const rounds[] = {"nearest", "down", "up", "to zero", "away", "to odd", "?", "?"};
	static const struct {
		uint8_t bit;
		const char *text;
	} modes[] = {
		{FP_MODE_FLUSH_OPERANDS, ", flush operands"},
		{FP_MODE_FLUSH_RESULTS, ", flush results"},
		{FP_MODE_DEFAULT_NAN, ", default NaN"},
	};
	static const char *const flags[] = {"invalid", "denormal", "divide", "overflow", "underflow", "inexact"};
	const unsigned last = op_info[s->n->op].arity - 1u;
	const struct fp_env env = fp_env_of(s->n->op, &s->spec, (uint32_t)s->arg[last][0]);
	uint64_t raised = bv_get(s->value, s->n->width - FP_NUM_FLAGS, 6);
	const char *between = "";

	print_name(s);
	strbuf_printf(s->out, ": round %s", rounds[env.mode >> FP_MODE_ROUND & 7]);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		strbuf_append(s->out, env.mode >> modes[i].bit & 1 ? modes[i].text : "");
	strbuf_append(s->out, env.rules == FP_ARM_ALTERNATE ? ", FPCR.AH" : "");
	strbuf_append(s->out, ": raises ");
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (!(raised >> i & 1))
			continue;
		strbuf_printf(s->out, "%s%s", between, flags[i]);
		between = ", ";
	}
	strbuf_append(s->out, raised ? "\n" : "nothing\n");
}

static struct error *show(struct strbuf *out, const struct expr_pool *pool, expr_id id, const uint64_t *state,
			  const struct reg_layout *layout, const struct eval_memory *memory)
{
	struct shown s = {.out = out, .n = node(pool, id), .spec = fp_spec_unpack(node(pool, id)->attr)};
	struct error *err = expr_evaluate(pool, id, state, layout, memory, s.value);

	for (unsigned i = 0; i < op_info[s.n->op].arity && !err; i++)
		err = expr_evaluate(pool, s.n->arg[i], state, layout, memory, s.arg[i]);
	if (err)
		return err;
	print_lanes(&s, expr_width(pool, s.n->arg[0]) / fp_operand_lane(s.n->op, &s.spec));
	print_flags(&s);
	return NULL;
}

struct error *fp_show(struct strbuf *out, const struct expr_pool *pool, expr_id id, const uint64_t *state,
		      const struct reg_layout *layout, const struct eval_memory *memory)
{
	struct roots roots = {0};
	struct error *err = NULL;

	roots_add(&roots, id);
	uint32_t *uses = live_uses(pool, &roots);
	if (!uses)
		err = &error_no_memory;
	for (expr_id i = 1; i <= id && !err; i++)
		if (uses[i] && op_info[node(pool, i)->op].shape == SHAPE_FP)
			err = show(out, pool, i, state, layout, memory);
	free(uses);
	roots_deinit(&roots);
	return err;
}
