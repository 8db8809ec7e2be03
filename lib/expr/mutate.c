#include "lib/expr/mutate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/expr/bv.h"
#include "lib/expr/fp_op.h"
#include "lib/expr/live.h"

enum { MAX_ATTEMPTS = 32, MAX_OTHERS = 3 };

enum kind {
	/* Of a node */
	OPERATOR, /* another operator */
	CONSTANT, /* a bit of a constant operand */
	PLACE,    /* an extract one bit higher or lower */
	WIDTH,    /* an extract one bit narrower, extended again */
	OPERANDS, /* swapped */
	BRANCHES, /* swapped */
	LANE,     /* lanes of half or of twice the width */
	ADDRESS,  /* a load from the next byte */
	ROUNDING, /* another rounding of floating point */
	FP_SPEC,  /* another attribute of a floating-point operator */
	FP_FLAG,  /* an exception flag that is never raised */
	/* Of an output */
	REG_DROPPED,
	REG_BIT,
	STORE_DROPPED,
	STORE_ADDRESS,
	STORE_SIZE,
	STORE_BIT,
	STORE_GUARD, /* a store that always happens */
	FAULT_DROPPED,
	FAULT_OTHER,
	BOUND_NARROWED,
	NUM_KINDS
};

/* Where a kind of change could be made: a node's id and operand, or an output's index. */
struct site {
	enum kind kind;
	uint32_t index, arg;
};

struct mutator {
	const struct transfer *t;
	struct expr_pool *pool;
	struct rng *rng;
	char *text;
	VEC(struct site) sites;
	expr_id *map; /* by id: what it becomes */
	bool failed;
};

/* What an operator is mistaken for: of the same shape, CONST where there is nothing (more). */
static const uint8_t others[EXPR_NUM_OPS][MAX_OTHERS] = {
	[EXPR_NOT] = {EXPR_NEG},
	[EXPR_NEG] = {EXPR_NOT},
	[EXPR_AND] = {EXPR_OR, EXPR_XOR},
	[EXPR_OR] = {EXPR_AND, EXPR_XOR},
	[EXPR_XOR] = {EXPR_OR, EXPR_AND},
	[EXPR_ADD] = {EXPR_SUB, EXPR_XOR, EXPR_OR},
	[EXPR_SUB] = {EXPR_ADD, EXPR_XOR},
	[EXPR_MUL] = {EXPR_ADD, EXPR_AND},
	[EXPR_UDIV] = {EXPR_SDIV, EXPR_UREM},
	[EXPR_UREM] = {EXPR_SREM, EXPR_UDIV},
	[EXPR_SDIV] = {EXPR_UDIV, EXPR_SREM},
	[EXPR_SREM] = {EXPR_UREM, EXPR_SDIV},
	[EXPR_SHL] = {EXPR_ROL, EXPR_LSHR},
	[EXPR_LSHR] = {EXPR_ASHR, EXPR_ROR, EXPR_SHL},
	[EXPR_ASHR] = {EXPR_LSHR, EXPR_ROR},
	[EXPR_ROL] = {EXPR_ROR, EXPR_SHL},
	[EXPR_ROR] = {EXPR_ROL, EXPR_LSHR},
	[EXPR_POPCNT] = {EXPR_CLZ, EXPR_CTZ},
	[EXPR_CLZ] = {EXPR_CTZ, EXPR_POPCNT},
	[EXPR_CTZ] = {EXPR_CLZ, EXPR_POPCNT},
	[EXPR_BSWAP] = {EXPR_BITREV},
	[EXPR_BITREV] = {EXPR_NOT},
	[EXPR_EQ] = {EXPR_ULE, EXPR_SLE},
	[EXPR_ULT] = {EXPR_ULE, EXPR_SLT},
	[EXPR_ULE] = {EXPR_ULT, EXPR_SLE},
	[EXPR_SLT] = {EXPR_SLE, EXPR_ULT},
	[EXPR_SLE] = {EXPR_SLT, EXPR_ULE},
	[EXPR_ZEXT] = {EXPR_SEXT},
	[EXPR_SEXT] = {EXPR_ZEXT},
	[EXPR_VADD] = {EXPR_VSUB, EXPR_VADDUS, EXPR_VADDSS},
	[EXPR_VSUB] = {EXPR_VADD, EXPR_VSUBUS, EXPR_VSUBSS},
	[EXPR_VNEG] = {EXPR_VABS},
	[EXPR_VABS] = {EXPR_VNEG},
	[EXPR_VMUL] = {EXPR_VADD, EXPR_VMULHU},
	[EXPR_VMULHU] = {EXPR_VMULHS, EXPR_VMUL},
	[EXPR_VMULHS] = {EXPR_VMULHU, EXPR_VMUL},
	[EXPR_VADDUS] = {EXPR_VADDSS, EXPR_VADD},
	[EXPR_VADDSS] = {EXPR_VADDUS, EXPR_VADD},
	[EXPR_VSUBUS] = {EXPR_VSUBSS, EXPR_VSUB},
	[EXPR_VSUBSS] = {EXPR_VSUBUS, EXPR_VSUB},
	[EXPR_VAVGU] = {EXPR_VADD, EXPR_VMAXU},
	[EXPR_VMINU] = {EXPR_VMINS, EXPR_VMAXU},
	[EXPR_VMINS] = {EXPR_VMINU, EXPR_VMAXS},
	[EXPR_VMAXU] = {EXPR_VMAXS, EXPR_VMINU},
	[EXPR_VMAXS] = {EXPR_VMAXU, EXPR_VMINS},
	[EXPR_VEQ] = {EXPR_VGTU, EXPR_VGTS},
	[EXPR_VGTU] = {EXPR_VGTS, EXPR_VEQ},
	[EXPR_VGTS] = {EXPR_VGTU, EXPR_VEQ},
	[EXPR_VPOPCNT] = {EXPR_VCLZ},
	[EXPR_VCLZ] = {EXPR_VPOPCNT},
	[EXPR_VSHL] = {EXPR_VLSHR},
	[EXPR_VLSHR] = {EXPR_VASHR, EXPR_VSHL},
	[EXPR_VASHR] = {EXPR_VLSHR},
	[EXPR_VSHLV] = {EXPR_VLSHRV},
	[EXPR_VLSHRV] = {EXPR_VASHRV, EXPR_VSHLV},
	[EXPR_VASHRV] = {EXPR_VLSHRV},
	[EXPR_VWIDENU] = {EXPR_VWIDENS},
	[EXPR_VWIDENS] = {EXPR_VWIDENU},
	[EXPR_VNARROW] = {EXPR_VNARROWSS, EXPR_VNARROWUU},
	[EXPR_VNARROWSS] = {EXPR_VNARROWSU, EXPR_VNARROWUU, EXPR_VNARROW},
	[EXPR_VNARROWSU] = {EXPR_VNARROWSS, EXPR_VNARROWUU, EXPR_VNARROW},
	[EXPR_VNARROWUU] = {EXPR_VNARROWSU, EXPR_VNARROWSS, EXPR_VNARROW},
	[EXPR_FADD] = {EXPR_FSUB, EXPR_FMUL},
	[EXPR_FSUB] = {EXPR_FADD, EXPR_FMAX},
	[EXPR_FMUL] = {EXPR_FADD, EXPR_FDIV},
	[EXPR_FMULX] = {EXPR_FMUL, EXPR_FADD},
	[EXPR_FDIV] = {EXPR_FMUL, EXPR_FSUB},
	[EXPR_FSQRT] = {EXPR_FRINT, EXPR_FGETEXP},
	[EXPR_FMIN] = {EXPR_FMAX, EXPR_FMINNUM},
	[EXPR_FMAX] = {EXPR_FMIN, EXPR_FMAXNUM},
	[EXPR_FMINNUM] = {EXPR_FMAXNUM, EXPR_FMIN},
	[EXPR_FMAXNUM] = {EXPR_FMINNUM, EXPR_FMAX},
	[EXPR_FRINT] = {EXPR_FSQRT},
	[EXPR_FRINTFIT] = {EXPR_FRINT},
	[EXPR_FSCALE] = {EXPR_FMUL},
	[EXPR_FGETEXP] = {EXPR_FGETSIG},
	[EXPR_FGETSIG] = {EXPR_FGETEXP},
	[EXPR_FRECPE] = {EXPR_FRSQRTE, EXPR_FRECPX},
	[EXPR_FRSQRTE] = {EXPR_FRECPE},
	[EXPR_FRECPX] = {EXPR_FRECPE},
	[EXPR_FRECPS] = {EXPR_FRSQRTS, EXPR_FMUL},
	[EXPR_FRSQRTS] = {EXPR_FRECPS, EXPR_FMUL},
	[EXPR_FBFDOT] = {EXPR_FMA},
};

/* ---- Sites ---- */

static void add_site(struct mutator *m, enum kind kind, uint32_t index, uint32_t arg)
{
	if (!vec_push(&m->sites, ((struct site){kind, index, arg})))
		m->failed = true;
}

static bool is_undef(const struct expr_pool *pool, expr_id id)
{
	return node(pool, id)->op == EXPR_UNDEF;
}

static bool can_swap(const struct expr *n)
{
	enum expr_shape shape = op_info[n->op].shape;
	bool same = shape == SHAPE_SAME || shape == SHAPE_COMPARE || shape == SHAPE_LANES;

	return op_info[n->op].arity == 2 && same && !(op_info[n->op].traits & TRAIT_C);
}

/* Swapped operands of the others make a difference where both are NaNs, if any. */
static bool can_swap_fp(enum expr_op op)
{
	return op == EXPR_FSUB || op == EXPR_FDIV || op == EXPR_FMIN || op == EXPR_FMAX || op == EXPR_FORDER ||
	       op == EXPR_FSCALE || op == EXPR_FREM;
}

/* Bits of the attribute that can change without changing widths, and matter without FPCR.AH. */
static uint32_t changeable_fields(enum expr_op op)
{
	if (op == EXPR_FRECPE || op == EXPR_FRSQRTE)
		return 0;
	const struct fp_spec own = {.quiet = op != EXPR_FMA,
				    .exact = true,
				    .nearest = true,
				    .is_signed = true,
				    .relations = 15,
				    .negate = {3, 3}};

	return fp_op_fields(op) & fp_spec_pack(&own);
}

static bool has_lanes(const struct expr *n)
{
	return op_info[n->op].shape == SHAPE_LANES || op_info[n->op].shape == SHAPE_LCOUNT;
}

static void add_node_sites(struct mutator *m, expr_id id)
{
	const struct expr *n = node(m->pool, id);

	if (others[n->op][0] != EXPR_CONST)
		add_site(m, OPERATOR, id, 0);
	for (uint32_t i = 0; i < op_info[n->op].arity; i++) {
		if (node(m->pool, n->arg[i])->op == EXPR_CONST)
			add_site(m, CONSTANT, id, i);
	}
	if (n->op == EXPR_EXTRACT && n->width < expr_width(m->pool, n->arg[0]))
		add_site(m, PLACE, id, 0);
	if (n->op == EXPR_EXTRACT && n->width > 1)
		add_site(m, WIDTH, id, 0);
	if (can_swap(n) || can_swap_fp(n->op))
		add_site(m, OPERANDS, id, 0);
	/* Branches that are undefined would only hide what the other one says. */
	if (n->op == EXPR_ITE && !is_undef(m->pool, n->arg[1]) && !is_undef(m->pool, n->arg[2]))
		add_site(m, BRANCHES, id, 0);
	if (has_lanes(n))
		add_site(m, LANE, id, 0);
	if (n->op == EXPR_LOAD)
		add_site(m, ADDRESS, id, 0);
	if (fp_op_rounds(n->op))
		add_site(m, ROUNDING, id, 0);
	if (op_info[n->op].shape == SHAPE_FP) {
		if (changeable_fields(n->op))
			add_site(m, FP_SPEC, id, 0);
		add_site(m, FP_FLAG, id, 0);
	}
}

static void add_output_sites(struct mutator *m)
{
	for (uint32_t i = 0; i < m->t->regs.len; i++) {
		add_site(m, REG_DROPPED, i, 0);
		add_site(m, REG_BIT, i, 0);
	}
	for (uint32_t i = 0; i < m->t->stores.len; i++) {
		for (enum kind kind = STORE_DROPPED; kind <= STORE_BIT; kind++)
			add_site(m, kind, i, 0);
		if (m->t->stores.at[i].guard)
			add_site(m, STORE_GUARD, i, 0);
	}
	for (uint32_t i = 0; i < m->t->faults.len; i++) {
		add_site(m, FAULT_DROPPED, i, 0);
		add_site(m, FAULT_OTHER, i, 0);
	}
	for (uint32_t i = 0; i < m->t->bounds.len; i++)
		add_site(m, BOUND_NARROWED, i, 0);
}

static void find_sites(struct mutator *m)
{
	struct roots roots = {0};

	roots_add_transfer(&roots, m->t);
	uint32_t *uses = live_uses(m->pool, &roots);
	roots_deinit(&roots);
	m->failed |= !uses;
	for (expr_id id = 1; !m->failed && id < m->pool->nodes.len; id++) {
		if (uses[id])
			add_node_sites(m, id);
	}
	free(uses);
	add_output_sites(m);
}

/* Any kind that there is a site of, with equal chances; then any site of it. */
static const struct site *choose_site(struct mutator *m)
{
	uint32_t count[NUM_KINDS] = {0}, kinds[NUM_KINDS], num_kinds = 0;

	for (size_t i = 0; i < m->sites.len; i++)
		count[m->sites.at[i].kind]++;
	for (uint32_t kind = 0; kind < NUM_KINDS; kind++) {
		if (count[kind])
			kinds[num_kinds++] = kind;
	}
	if (!num_kinds)
		return NULL;
	uint32_t kind = kinds[rng_below(m->rng, num_kinds)], nth = rng_below(m->rng, count[kind]);
	const struct site *site = m->sites.at;
	while (site->kind != kind || nth-- > 0)
		site++;
	return site;
}

/* ---- Changes of nodes ---- */

static void say(struct mutator *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct mutator *m, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(m->text, MUTATION_TEXT_LEN, format, ap);
	va_end(ap);
}

/* The value with one bit inverted. */
static expr_id flip_bit(struct mutator *m, expr_id id, unsigned *ret_bit)
{
	unsigned width = expr_width(m->pool, id);
	uint64_t words[EXPR_MAX_WORDS] = {0};

	*ret_bit = rng_below(m->rng, width);
	words[*ret_bit / 64] = (uint64_t)1 << *ret_bit % 64;
	return expr_xor(m->pool, id, expr_const_wide(m->pool, width, words));
}

static expr_id other_operator(struct mutator *m, struct expr n)
{
	uint8_t old = n.op;
	uint32_t count = 0;

	while (count < MAX_OTHERS && others[old][count] != EXPR_CONST)
		count++;
	n.op = others[old][rng_below(m->rng, count)];
	if (op_info[n.op].shape == SHAPE_FP)
		n.attr &= fp_op_fields(n.op);
	say(m, "%s becomes %s", op_info[old].text, op_info[n.op].text);
	return op_check(m->pool, &n) ? EXPR_NONE : expr_make(m->pool, n);
}

static expr_id other_constant(struct mutator *m, struct expr n, uint32_t arg)
{
	uint64_t value = 0;
	unsigned bit;

	expr_is_const(m->pool, n.arg[arg], &value);
	n.arg[arg] = flip_bit(m, n.arg[arg], &bit);
	say(m, "bit %u of the constant 0x%" PRIx64 ", operand %u of %s", bit, value, arg + 1, op_info[n.op].text);
	return expr_make(m->pool, n);
}

static expr_id other_place(struct mutator *m, const struct expr *n)
{
	bool up = rng_below(m->rng, 2) || n->attr == 0;

	if (n->attr + n->width == expr_width(m->pool, n->arg[0]))
		up = false;
	say(m, "bits from %u become bits from %u", n->attr, up ? n->attr + 1 : n->attr - 1);
	return expr_extract(m->pool, n->arg[0], up ? n->attr + 1 : n->attr - 1, n->width);
}

static expr_id other_width(struct mutator *m, const struct expr *n)
{
	say(m, "%u bits become %d", n->width, n->width - 1);
	return expr_zext(m->pool, expr_extract(m->pool, n->arg[0], n->attr, n->width - 1u), n->width);
}

static expr_id other_lane(struct mutator *m, struct expr n)
{
	unsigned old = n.lane;

	n.lane = (uint16_t)(rng_below(m->rng, 2) ? old * 2 : old / 2);
	if (n.lane == 0 || n.lane > 64 || op_check(m->pool, &n))
		return EXPR_NONE;
	say(m, "lanes of %u bits of %s become lanes of %u", old, op_info[n.op].text, n.lane);
	return expr_make(m->pool, n);
}

static expr_id swapped(struct mutator *m, struct expr n, unsigned first)
{
	expr_id arg = n.arg[first];

	say(m, "swapped operands of %s", op_info[n.op].text);
	n.arg[first] = n.arg[first + 1];
	n.arg[first + 1] = arg;
	return expr_make(m->pool, n);
}

static expr_id other_address(struct mutator *m, struct expr n)
{
	say(m, "a load of %u bits from the next byte", n.width);
	n.arg[0] = expr_add(m->pool, n.arg[0], expr_const(m->pool, 64, 1));
	return expr_make(m->pool, n);
}

static expr_id other_rounding(struct mutator *m, struct expr n)
{
	struct fp_spec s = fp_spec_unpack(n.attr);
	unsigned old = s.rounding ? s.rounding - (unsigned)FP_STATIC : FP_NEAREST;

	say(m, "another rounding of %s", op_info[n.op].text);
	s.rounding = (uint8_t)(FP_STATIC + ((old + 1 + rng_below(m->rng, 3)) & 3));
	n.attr = fp_spec_pack(&s) & fp_op_fields(n.op);
	return expr_make(m->pool, n);
}

static expr_id other_spec(struct mutator *m, struct expr n)
{
	uint32_t fields = changeable_fields(n.op), nth = rng_below(m->rng, (uint32_t)__builtin_popcount(fields));

	for (; nth; nth--)
		fields &= fields - 1;
	say(m, "bit %d of the attributes of %s", __builtin_ctz(fields), op_info[n.op].text);
	n.attr ^= fields & -fields;
	return op_check(m->pool, &n) ? EXPR_NONE : expr_make(m->pool, n);
}

static expr_id without_flag(struct mutator *m, expr_id id)
{
	static const char *const names[] = {"invalid", "denormal", "divide", "overflow", "underflow", "inexact"};
	unsigned flag = rng_below(m->rng, sizeof names / sizeof *names), width = expr_width(m->pool, id);
	uint64_t words[EXPR_MAX_WORDS] = {0};

	say(m, "%s raises no %s", op_info[node(m->pool, id)->op].text, names[flag]);
	bv_put(words, width - FP_NUM_FLAGS + flag, 1, 1);
	return expr_and(m->pool, id, expr_not(m->pool, expr_const_wide(m->pool, width, words)));
}

/* EXPR_NONE: no change can be made here. */
static expr_id change_node(struct mutator *m, const struct site *site)
{
	struct expr n = *node(m->pool, site->index);

	switch (site->kind) {
	case OPERATOR: return other_operator(m, n);
	case CONSTANT: return other_constant(m, n, site->arg);
	case PLACE: return other_place(m, &n);
	case WIDTH: return other_width(m, &n);
	case OPERANDS: return swapped(m, n, 0);
	case BRANCHES: return swapped(m, n, 1);
	case LANE: return other_lane(m, n);
	case ADDRESS: return other_address(m, n);
	case ROUNDING: return other_rounding(m, n);
	case FP_SPEC: return other_spec(m, n);
	case FP_FLAG: return without_flag(m, site->index);
	default: return EXPR_NONE;
	}
}

/* ---- The rest follows ---- */

static expr_id rebuild(struct mutator *m, expr_id id)
{
	struct expr n = *node(m->pool, id);
	bool same = true;

	for (unsigned i = 0; i < op_info[n.op].arity; i++) {
		same &= m->map[n.arg[i]] == n.arg[i];
		n.arg[i] = m->map[n.arg[i]];
	}
	return same ? id : expr_make(m->pool, n);
}

/* The map of all nodes that were there: those that depend on the changed one are made anew. */
static void map_nodes(struct mutator *m, size_t num, expr_id from, expr_id to)
{
	for (expr_id id = 0; id < num; id++)
		m->map[id] = id;
	if (!from)
		return;
	m->map[from] = to;
	for (expr_id id = from + 1; id < num; id++)
		m->map[id] = rebuild(m, id);
}

/* Not by transfer_add_store(): every store counts for the versions of loads. */
static void copy_mapped(struct mutator *m, struct transfer *ret)
{
	const struct transfer *t = m->t;

	transfer_reset(ret, m->pool);
	ret->kind = t->kind;
	for (size_t i = 0; i < t->regs.len; i++) {
		struct transfer_reg r = t->regs.at[i];
		r.value = m->map[r.value];
		m->failed |= !vec_push(&ret->regs, r);
	}
	for (size_t i = 0; i < t->stores.len; i++) {
		struct transfer_store s = t->stores.at[i];
		s = (struct transfer_store){m->map[s.guard], m->map[s.address], m->map[s.value]};
		m->failed |= !vec_push(&ret->stores, s);
	}
	for (size_t i = 0; i < t->faults.len; i++) {
		struct transfer_fault f = t->faults.at[i];
		f.cond = m->map[f.cond];
		m->failed |= !vec_push(&ret->faults, f);
	}
	for (size_t i = 0; i < t->bounds.len; i++) {
		struct transfer_bound b = t->bounds.at[i];
		b.arg[0] = m->map[b.arg[0]];
		b.arg[1] = m->map[b.arg[1]];
		b.when = m->map[b.when];
		transfer_add_bound(ret, &b);
	}
	for (size_t i = 0; i < t->loads.len; i++) {
		expr_id load = m->map[t->loads.at[i]];
		if (load && node(m->pool, load)->op == EXPR_LOAD)
			m->failed |= !vec_push(&ret->loads, load);
	}
}

/* ---- Changes of outputs ---- */

static void drop_bounds(struct transfer *ret, uint32_t reg)
{
	size_t kept = 0;

	for (size_t i = 0; i < ret->bounds.len; i++)
		if (ret->bounds.at[i].reg != reg)
			ret->bounds.at[kept++] = ret->bounds.at[i];
	ret->bounds.len = kept;
}

static void change_reg(struct mutator *m, const struct site *site, struct transfer *ret)
{
	struct transfer_reg *reg = &ret->regs.at[site->index];
	unsigned bit;

	if (site->kind == REG_DROPPED) {
		say(m, "the register is not written");
		drop_bounds(ret, reg->reg);
		*reg = ret->regs.at[--ret->regs.len];
		return;
	}
	reg->value = flip_bit(m, reg->value, &bit);
	say(m, "bit %u of the result", bit);
}

static void change_size(struct mutator *m, struct transfer_store *store)
{
	unsigned width = expr_width(m->pool, store->value);
	bool less = width > 8 && (rng_below(m->rng, 2) || width == EXPR_MAX_WIDTH);
	unsigned changed = less ? width - 8 : width + 8;

	store->value = expr_fit(m->pool, store->value, changed);
	say(m, "a store of %u bits becomes one of %u", width, changed);
}

static void change_store(struct mutator *m, const struct site *site, struct transfer *ret)
{
	struct transfer_store *store = &ret->stores.at[site->index];
	unsigned bit;

	switch (site->kind) {
	case STORE_DROPPED:
		store->guard = expr_const(m->pool, 1, 0);
		say(m, "no store");
		break;
	case STORE_ADDRESS:
		store->address = expr_add(m->pool, store->address, expr_const(m->pool, 64, 1));
		say(m, "a store to the next byte");
		break;
	case STORE_SIZE: change_size(m, store); break;
	case STORE_BIT:
		store->value = flip_bit(m, store->value, &bit);
		say(m, "bit %u of what is stored", bit);
		break;
	default:
		store->guard = EXPR_NONE;
		say(m, "a store without condition");
		break;
	}
}

static void change_fault(struct mutator *m, const struct site *site, struct transfer *ret)
{
	struct transfer_fault *fault = &ret->faults.at[site->index];

	if (site->kind == FAULT_OTHER) {
		fault->kind = fault->kind == FAULT_UNDEFINED ? FAULT_PROTECTION : FAULT_UNDEFINED;
		say(m, "another fault");
		return;
	}
	say(m, "no fault");
	ret->faults.len--;
	memmove(fault, fault + 1, (ret->faults.len - site->index) * sizeof *fault);
}

enum { NARROWER = 8 }; /* by how many bits */

static void change_bound(struct mutator *m, const struct site *site, struct transfer *ret)
{
	struct transfer_bound *b = &ret->bounds.at[site->index];

	b->bound.shift += NARROWER;
	say(m, "an error bound of 2^-%u of what it is", NARROWER);
}

static void change_output(struct mutator *m, const struct site *site, struct transfer *ret)
{
	if (site->kind == REG_DROPPED || site->kind == REG_BIT)
		change_reg(m, site, ret);
	else if (site->kind >= STORE_DROPPED && site->kind <= STORE_GUARD)
		change_store(m, site, ret);
	else if (site->kind == BOUND_NARROWED)
		change_bound(m, site, ret);
	else if (site->kind > STORE_GUARD)
		change_fault(m, site, ret);
}

/* ---- Together ---- */

static bool is_same_bound(const struct transfer_bound *a, const struct transfer_bound *b)
{
	return a->arg[0] == b->arg[0] && a->arg[1] == b->arg[1] && a->when == b->when &&
	       a->bound.shift == b->bound.shift;
}

/* Equal expressions have equal ids. */
static bool is_same(const struct transfer *a, const struct transfer *b)
{
	bool same = a->regs.len == b->regs.len && a->faults.len == b->faults.len && a->bounds.len == b->bounds.len;

	for (size_t i = 0; same && i < a->regs.len; i++)
		same = a->regs.at[i].reg == b->regs.at[i].reg && a->regs.at[i].value == b->regs.at[i].value;
	for (size_t i = 0; same && i < a->stores.len; i++) {
		const struct transfer_store *x = &a->stores.at[i], *y = &b->stores.at[i];
		same = x->guard == y->guard && x->address == y->address && x->value == y->value;
	}
	for (size_t i = 0; same && i < a->faults.len; i++)
		same = a->faults.at[i].cond == b->faults.at[i].cond && a->faults.at[i].kind == b->faults.at[i].kind;
	for (size_t i = 0; same && i < a->bounds.len; i++)
		same = is_same_bound(&a->bounds.at[i], &b->bounds.at[i]);
	return same;
}

static bool attempt(struct mutator *m, struct transfer *ret)
{
	const struct site *site = choose_site(m);
	expr_id from = EXPR_NONE, to = EXPR_NONE;
	size_t num = m->pool->nodes.len;

	if (!site)
		return false;
	if (site->kind <= FP_FLAG) {
		from = site->index;
		to = change_node(m, site);
		if (!to || to == from)
			return false;
	}
	m->map = calloc(num, sizeof *m->map);
	m->failed |= !m->map;
	if (!m->failed) {
		map_nodes(m, num, from, to);
		copy_mapped(m, ret);
	}
	if (!m->failed)
		change_output(m, site, ret);
	free(m->map);
	return !m->failed && !is_same(m->t, ret);
}

struct error *transfer_mutate(const struct transfer *t, struct rng *rng, struct transfer *ret,
			      char text[MUTATION_TEXT_LEN], bool *ret_found)
{
	struct mutator m = {.t = t, .pool = t->pool, .rng = rng, .text = text};
	bool found = false;

	find_sites(&m);
	for (unsigned i = 0; i < MAX_ATTEMPTS && !found && !m.failed; i++)
		found = attempt(&m, ret);
	vec_deinit(&m.sites);
	if (m.failed)
		return &error_no_memory;
	struct error *err = expr_pool_error(t->pool);
	if (!err)
		*ret_found = found;
	return err;
}
