/*
 * Expressions from text. The grammar, as print.c writes it:
 *
 *     expr    = operand [("+" | "&" | ...) operand {the same operator, operand} | "?" operand ":" operand | ":"
 * operand] operand = {"~" | "-"} atom {"[" high [":" low] "]"} atom    = "(" expr ")" | "0x" digits ":" width |
 * register | "r" number ":" width | "undef" width "#" number | "env:" name width | "mem" width ["@" version] "[" expr
 * "]" | "unknown(" expr ")" | function [width] "(" expr {"," expr} ")" |
 *     fp-function [".flags" | ".all"] "(" word {" " word} "," mode {"," expr} ")"
 *
 * Operators have no precedence: mixed ones need parentheses. Text is hostile: every node is checked before it is made,
 * and nesting is limited.
 */
#include <ctype.h>
#include <string.h>

#include "lib/expr/bv.h"
#include "lib/expr/fp_op.h"
#include "lib/expr/pool.h"
#include "lib/expr/print.h"
#include "lib/expr/syntax.h"
#include "lib/expr/taint.h"

enum { MAX_DEPTH = 1000, MAX_NUMBER = INT32_MAX };

struct parser {
	struct expr_pool *pool;
	const struct expr_names *names;
	const char *text, *at;
	unsigned depth;
	struct error *err; /* the first; after it everything returns EXPR_NONE */
};

static expr_id parse_expr(struct parser *p);

static expr_id fail(struct parser *p, const char *what)
{
	if (!p->err)
		p->err = error_input("expression", (uint64_t)(p->at - p->text) + 1, "%s", what);
	return EXPR_NONE;
}

static void skip_space(struct parser *p)
{
	while (*p->at == ' ')
		p->at++;
}

/* Takes the text if it comes next. */
static bool take(struct parser *p, const char *text)
{
	size_t len = strlen(text);

	if (p->err || strncmp(p->at, text, len) != 0)
		return false;
	p->at += len;
	return true;
}

static void expect(struct parser *p, const char *text)
{
	if (!p->err && !take(p, text))
		fail(p, "something else was expected here");
}

static uint32_t parse_number(struct parser *p)
{
	uint32_t number = 0;

	if (!isdigit((unsigned char)*p->at))
		fail(p, "a number was expected here");
	while (!p->err && isdigit((unsigned char)*p->at)) {
		number = number * 10 + (uint32_t)(*p->at++ - '0');
		if (number > MAX_NUMBER / 10)
			fail(p, "a number is too large");
	}
	return p->err ? 0 : number;
}

static unsigned parse_width(struct parser *p)
{
	uint32_t width = parse_number(p);

	if (!p->err && (!width || width > EXPR_MAX_WIDTH))
		fail(p, "a width is not within 1 to 512");
	return p->err ? 0 : width;
}

/* The node, if it fits its operator. */
static expr_id make(struct parser *p, struct expr n)
{
	const char *wrong;

	for (unsigned i = 0; i < op_info[n.op].arity; i++)
		if (!n.arg[i] && !p->pool->failed)
			return p->err ? EXPR_NONE : fail(p, "an operand is missing");
	if (p->err || p->pool->failed)
		return EXPR_NONE;
	n.width = (uint16_t)op_width(p->pool, &n);
	wrong = op_check(p->pool, &n);
	return wrong ? fail(p, wrong) : expr_make(p->pool, n);
}

/* ---- Atoms ---- */

static unsigned hex_digit(char c)
{
	return isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)(tolower((unsigned char)c) - 'a' + 10);
}

/* Behind "0x". */
static expr_id parse_const(struct parser *p)
{
	uint64_t words[EXPR_MAX_WORDS + 1] = {0};
	const char *digits = p->at;
	unsigned num = 0, width;

	while (isxdigit((unsigned char)digits[num]) && num <= EXPR_MAX_WIDTH / 4)
		num++;
	p->at += num;
	if (!num || num > EXPR_MAX_WIDTH / 4)
		return fail(p, "a constant has no digits, or too many");
	for (unsigned i = 0; i < num; i++)
		bv_put(words, 4 * i, 4, hex_digit(digits[num - 1 - i]));
	expect(p, ":");
	width = parse_width(p);
	if (p->err)
		return EXPR_NONE;
	for (unsigned bit = width; bit < EXPR_MAX_WIDTH; bit++)
		if (bv_bit(words, bit))
			return fail(p, "a constant is larger than its width");
	return expr_const_wide(p->pool, width, words);
}

/* Behind "undef". */
static expr_id parse_undef(struct parser *p)
{
	unsigned width = parse_width(p);
	uint32_t number;

	expect(p, "#");
	number = p->err ? 0 : parse_number(p);
	return p->err ? EXPR_NONE : expr_undef_numbered(p->pool, width, number);
}

/* Behind "env:". */
static expr_id parse_env(struct parser *p)
{
	for (uint32_t input = 0; input < ENV_NUM_INPUTS; input++) {
		size_t len = strlen(syntax_env_names[input]);

		/* "tsc" is a part of "tsc_aux". */
		if (strncmp(p->at, syntax_env_names[input], len) || !isdigit((unsigned char)p->at[len]))
			continue;
		p->at += len;
		unsigned width = parse_width(p);
		return p->err ? EXPR_NONE : expr_env(p->pool, width, input);
	}

	uint32_t input = parse_number(p);
	expect(p, "_");
	unsigned width = p->err ? 0 : parse_width(p);
	return p->err ? EXPR_NONE : expr_env(p->pool, width, input);
}

/* Behind "mem". */
static expr_id parse_load(struct parser *p)
{
	struct expr n = {.op = EXPR_LOAD, .width = (uint16_t)parse_width(p)};

	if (take(p, "@"))
		n.attr = parse_number(p);
	expect(p, "[");
	n.arg[0] = p->err ? EXPR_NONE : parse_expr(p);
	expect(p, "]");
	return make(p, n);
}

/* Behind "unknown(": the mask of a register or of a load. */
static expr_id parse_unknown(struct parser *p)
{
	expr_id id = parse_expr(p);

	expect(p, ")");
	if (p->err || !id)
		return EXPR_NONE;

	struct expr n = *node(p->pool, id);
	if (n.op != EXPR_REG && n.op != EXPR_LOAD)
		return fail(p, "only registers and loads have unknown bits");
	n.attr |= TAINT_MASK_BIT;
	return pool_intern(p->pool, &n, NULL);
}

static void parse_arguments(struct parser *p, struct expr *n)
{
	expect(p, "(");
	for (unsigned i = 0; i < op_info[n->op].arity && !p->err; i++) {
		if (i) {
			expect(p, ",");
			skip_space(p);
		}
		n->arg[i] = p->err ? EXPR_NONE : parse_expr(p);
	}
	expect(p, ")");
}

/* Behind the function's name. */
static expr_id parse_call(struct parser *p, enum expr_op op)
{
	struct expr n = {.op = op};

	if (op_info[op].shape == SHAPE_EXTEND)
		n.width = (uint16_t)parse_width(p);
	else if (op_info[op].traits & TRAIT_L)
		n.lane = (uint16_t)parse_width(p);
	parse_arguments(p, &n);
	return make(p, n);
}

/* Operands, behind the words: the control register comes first. */
static void parse_fp_operands(struct parser *p, struct expr *n)
{
	unsigned last = op_info[n->op].arity - 1u;

	for (unsigned i = 0; i <= last && !p->err; i++) {
		expect(p, ",");
		skip_space(p);
		n->arg[i ? i - 1 : last] = p->err ? EXPR_NONE : parse_expr(p);
	}
	expect(p, ")");
}

static void parse_fp_words(struct parser *p, struct expr *n)
{
	do {
		size_t len = 0;

		while (isalnum((unsigned char)p->at[len]) || p->at[len] == '_')
			len++;
		if (!syntax_fp_parse(p->at, len, n->op, &n->attr))
			fail(p, "no such word");
		p->at += len;
	} while (take(p, " "));
	const struct fp_spec s = fp_spec_unpack(n->attr);
	n->lane = (uint16_t)fp_result_lane(n->op, &s);
}

/* Behind the function's name: the part that is meant. */
static expr_id parse_fp(struct parser *p, enum expr_op op)
{
	struct expr n = {.op = op};
	bool flags = take(p, ".flags"), all = !flags && take(p, ".all");

	expect(p, "(");
	if (!p->err)
		parse_fp_words(p, &n);
	parse_fp_operands(p, &n);
	expr_id id = make(p, n);
	if (!id || all)
		return id;
	n.width = (uint16_t)expr_width(p->pool, id);
	return flags ? expr_fp_flags(p->pool, id) : expr_extract(p->pool, id, 0, fp_value_width(&n));
}

/* The operator with this name, without the digits that follow; EXPR_NUM_OPS: none. */
static enum expr_op find_function(const char *name, size_t len)
{
	for (unsigned op = 0; op < EXPR_NUM_OPS; op++)
		if (op_info[op].arity && !syntax_is_symbol(op) && op != EXPR_LOAD && strlen(op_info[op].text) == len &&
		    !memcmp(op_info[op].text, name, len))
			return op;
	return EXPR_NUM_OPS;
}

static expr_id parse_reg(struct parser *p, const char *name, size_t len)
{
	uint32_t reg;
	unsigned width;

	if (name[0] == 'r' && len > 1 && isdigit((unsigned char)name[1]) && name[len] == ':' &&
	    isdigit((unsigned char)name[len + 1])) {
		p->at = name + 1;
		reg = parse_number(p);
		expect(p, ":");
		width = p->err ? 0 : parse_width(p);
		return p->err ? EXPR_NONE : expr_reg(p->pool, width, reg);
	}
	if (!p->names || !p->names->find || !p->names->find(name, len, &reg, &width))
		return fail(p, "no such register or function");
	p->at = name + len;
	return expr_reg(p->pool, width, reg);
}

static expr_id parse_word(struct parser *p)
{
	const char *name = p->at;
	size_t len = 0, letters;

	while (isalnum((unsigned char)name[len]) || name[len] == '_' || name[len] == '.')
		len++;
	for (letters = len; letters > 0 && isdigit((unsigned char)name[letters - 1]);)
		letters--;
	if (!len)
		return fail(p, "an operand was expected here");
	if (letters < len && letters == 3 && !memcmp(name, "mem", 3) && (name[len] == '[' || name[len] == '@')) {
		p->at += 3;
		return parse_load(p);
	}
	if (name[len] == '(') {
		const char *dot = memchr(name, '.', letters);
		if (dot)
			letters = (size_t)(dot - name);
		enum expr_op op = find_function(name, letters);

		if (op == EXPR_NUM_OPS)
			return fail(p, "no such function");
		p->at += letters;
		return op_info[op].shape == SHAPE_FP ? parse_fp(p, op) : parse_call(p, op);
	}
	return parse_reg(p, name, len);
}

static expr_id parse_atom(struct parser *p)
{
	if (take(p, "(")) {
		expr_id id = parse_expr(p);

		expect(p, ")");
		return p->err ? EXPR_NONE : id;
	}
	if (take(p, "0x"))
		return parse_const(p);
	if (take(p, "env:"))
		return parse_env(p);
	if (take(p, "unknown("))
		return parse_unknown(p);
	if (!strncmp(p->at, "undef", 5) && isdigit((unsigned char)p->at[5])) {
		p->at += 5;
		return parse_undef(p);
	}
	return parse_word(p);
}

/* ---- Operators ---- */

/* Behind "[". */
static expr_id parse_extract(struct parser *p, expr_id of)
{
	uint32_t high = parse_number(p), low = high;

	if (take(p, ":"))
		low = parse_number(p);
	expect(p, "]");
	if (!p->err && (low > high || high >= EXPR_MAX_WIDTH))
		return fail(p, "bits are out of range");
	return make(p, (struct expr){
			       .op = EXPR_EXTRACT,
			       .width = (uint16_t)(high - low + 1),
			       .attr = low,
			       .arg = {of},
		       });
}

static expr_id parse_operand(struct parser *p)
{
	expr_id id;

	if (p->err || p->depth >= MAX_DEPTH)
		return fail(p, "nested too deeply");
	p->depth++;
	if (take(p, "~")) {
		id = make(p, (struct expr){.op = EXPR_NOT, .arg = {parse_operand(p)}});
	} else if (take(p, "-")) {
		id = make(p, (struct expr){.op = EXPR_NEG, .arg = {parse_operand(p)}});
	} else {
		id = parse_atom(p);
		while (take(p, "["))
			id = parse_extract(p, id);
	}
	p->depth--;
	return id;
}

/* The infix operator that comes next, with spaces around it; EXPR_NUM_OPS: none. */
static enum expr_op take_infix(struct parser *p)
{
	const char *end = strchr(*p->at == ' ' ? p->at + 1 : "", ' ');

	for (unsigned op = 0; end && !p->err && op < EXPR_NUM_OPS; op++) {
		size_t len = strlen(op_info[op].text);

		if (op_info[op].arity < 2 || !syntax_is_symbol(op) || (size_t)(end - p->at - 1) != len ||
		    memcmp(p->at + 1, op_info[op].text, len))
			continue;
		p->at = end + 1;
		return op;
	}
	return EXPR_NUM_OPS;
}

static expr_id parse_infix(struct parser *p)
{
	expr_id id = parse_operand(p);
	enum expr_op first = take_infix(p), op = first;

	if (first == EXPR_ITE) {
		struct expr n = {.op = EXPR_ITE, .arg = {id, parse_operand(p), EXPR_NONE}};

		expect(p, " : ");
		n.arg[2] = p->err ? EXPR_NONE : parse_operand(p);
		return make(p, n);
	}
	for (; op != EXPR_NUM_OPS && !p->err; op = take_infix(p)) {
		if (op != first)
			return fail(p, "different operators need parentheses");
		id = make(p, (struct expr){.op = op, .arg = {id, parse_operand(p)}});
	}
	return id;
}

static expr_id parse_expr(struct parser *p)
{
	expr_id id = EXPR_NONE;

	if (p->depth >= MAX_DEPTH)
		return fail(p, "nested too deeply");
	p->depth++;
	id = parse_infix(p);
	p->depth--;
	return id;
}

struct error *expr_parse(struct expr_pool *pool, const char *text, const struct expr_names *names, expr_id *ret)
{
	struct parser p = {.pool = pool, .names = names, .text = text, .at = text};
	expr_id id = parse_expr(&p);

	if (!p.err && *p.at)
		fail(&p, "there is more than an expression");
	if (!p.err && pool->failed)
		p.err = &error_no_memory;
	if (!p.err)
		*ret = id;
	return p.err;
}
