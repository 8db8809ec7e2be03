#include "lib/expr/eval.h"

#include <stdlib.h>
#include <string.h>

#include "lib/expr/prog.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are copied between words and guest bytes");

struct eval_scratch {
	VEC(uint64_t) slots;
	VEC(struct eval_reg) regs;
	VEC(struct eval_bound) bounds;
	VEC(struct eval_store) stores;
	VEC(struct eval_load) loads;
	VEC(uint32_t) recorded; /* by version: how many of the stores before it took place */
};

enum run_end { RUN_DONE, RUN_FAULT, RUN_UNKNOWN, RUN_ERROR, RUN_NEEDS_FULL };

struct run {
	const struct prog_part *part;
	const struct eval_memory *memory;
	struct eval *e;
	uint64_t *slot;
	bool full;
};

/* ---- Up to 64 bits ---- */

static uint64_t rotate_left(uint64_t x, unsigned count, unsigned width)
{
	return count ? x << count | x >> (width - count) : x;
}

static uint64_t shift_signed(uint64_t x, uint64_t count, unsigned width)
{
	return (uint64_t)(bv_signed(x, width) >> (count < width ? count : width - 1));
}

/* The most negative value divided by -1 does not fit, and traps on some machines. */
static uint64_t divide_signed(uint64_t a, uint64_t b, unsigned width)
{
	int64_t divisor = bv_signed(b, width);

	if (!divisor)
		return UINT64_MAX;
	return divisor == -1 ? 0 - a : (uint64_t)(bv_signed(a, width) / divisor);
}

static uint64_t remainder_signed(uint64_t a, uint64_t b, unsigned width)
{
	int64_t divisor = bv_signed(b, width);

	if (!divisor)
		return a;
	return divisor == -1 ? 0 : (uint64_t)(bv_signed(a, width) % divisor);
}

static uint64_t reverse_bits(uint64_t x)
{
	x = (x & 0x5555555555555555) << 1 | (x >> 1 & 0x5555555555555555);
	x = (x & 0x3333333333333333) << 2 | (x >> 2 & 0x3333333333333333);
	x = (x & 0x0f0f0f0f0f0f0f0f) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0f);
	return __builtin_bswap64(x);
}

/* The operator and its result; A and B are the operands, N and M the instruction's n and imm. */
#define NARROW_OPERATORS(X) \
	X(NOT, ~A &M) \
	X(NEG, (0 - A) & M) \
	X(AND, A &B) \
	X(OR, A | B) \
	X(XOR, A ^ B) \
	X(ADD, (A + B) & M) \
	X(SUB, (A - B) & M) \
	X(MUL, (A * B) & M) \
	X(UDIV, B ? A / B : M) \
	X(UREM, B ? A % B : A) \
	X(SDIV, divide_signed(A, B, N) & M) \
	X(SREM, remainder_signed(A, B, N) & M) \
	X(SHL, B < N ? A << B & M : 0) \
	X(LSHR, B < N ? A >> B : 0) \
	X(ASHR, shift_signed(A, B, N) & M) \
	X(ROL, rotate_left(A, (unsigned)(B % N), N) & M) \
	X(ROR, rotate_left(A, (unsigned)((N - B % N) % N), N) & M) \
	X(POPCNT, (uint64_t)__builtin_popcountll(A) & M) \
	X(CLZ, (A ? (uint64_t)__builtin_clzll(A) - (64 - N) : N) & M) \
	X(CTZ, (A ? (uint64_t)__builtin_ctzll(A) : N) & M) \
	X(BSWAP, __builtin_bswap64(A) >> (64 - N)) \
	X(BITREV, reverse_bits(A) >> (64 - N)) \
	X(EQ, A == B) \
	X(ULT, A < B) \
	X(ULE, A <= B) \
	X(SLT, bv_signed(A, N) < bv_signed(B, N)) \
	X(SLE, bv_signed(A, N) <= bv_signed(B, N)) \
	X(ITE, A ? B : s[M]) \
	X(CONCAT, A << N | B) \
	X(EXTRACT, A >> N & M) \
	X(SEXT, (uint64_t)bv_signed(A, N) & M) \
	X(EQ2, A2 == B2) \
	X(ULT2, A2 < B2) \
	X(EXTRACT2, (A >> N | s[c->a + 1] << (64 - N)) & M)

/* ---- 65 to 128 bits ---- */

static bv_u128 read2(const uint64_t *s)
{
	return (bv_u128)s[1] << 64 | s[0];
}

static void write2(uint64_t *s, bv_u128 x, uint64_t top_mask)
{
	s[0] = (uint64_t)x;
	s[1] = (uint64_t)(x >> 64) & top_mask;
}

static bv_s128 signed2(bv_u128 x, unsigned width)
{
	return (bv_s128)(x << (128 - width)) >> (128 - width);
}

static bv_u128 divide2(bv_u128 a, bv_u128 b)
{
	return b ? a / b : ~(bv_u128)0;
}

static bv_u128 remainder2(bv_u128 a, bv_u128 b)
{
	return b ? a % b : a;
}

static bv_u128 divide_signed2(bv_u128 a, bv_u128 b, unsigned width)
{
	bv_s128 divisor = signed2(b, width);

	if (!divisor)
		return ~(bv_u128)0;
	return divisor == -1 ? 0 - a : (bv_u128)(signed2(a, width) / divisor);
}

static bv_u128 remainder_signed2(bv_u128 a, bv_u128 b, unsigned width)
{
	bv_s128 divisor = signed2(b, width);

	if (!divisor)
		return a;
	return divisor == -1 ? 0 : (bv_u128)(signed2(a, width) % divisor);
}

/* As above; A2 and B2 are the operands of two words, B a count of one. */
#define WIDE_OPERATORS(X) \
	X(NOT2, ~A2) \
	X(AND2, A2 &B2) \
	X(OR2, A2 | B2) \
	X(XOR2, A2 ^ B2) \
	X(ADD2, A2 + B2) \
	X(SUB2, A2 - B2) \
	X(MUL2, A2 *B2) \
	X(UDIV2, divide2(A2, B2)) \
	X(UREM2, remainder2(A2, B2)) \
	X(SDIV2, divide_signed2(A2, B2, N)) \
	X(SREM2, remainder_signed2(A2, B2, N)) \
	X(SHL2, B < N ? A2 << B : 0) \
	X(LSHR2, B < N ? A2 >> B : 0) \
	X(ASHR2, (bv_u128)(signed2(A2, N) >> (B < N ? B : N - 1u))) \
	X(CONCAT2, (bv_u128)A << N | B) \
	X(ZEXT2, A)

/* ---- Memory ---- */

/* Puts the stores before this version over what memory holds. */
static void patch(const struct run *r, uint64_t version, uint64_t address, unsigned len, uint8_t *data, uint8_t *mask)
{
	const struct eval_scratch *scratch = r->e->scratch;

	for (uint32_t i = 0; i < scratch->recorded.at[version]; i++) {
		const struct eval_store *store = &scratch->stores.at[i];

		for (unsigned k = 0; k < len; k++) {
			uint64_t from = address + k - store->address;

			if (from >= store->len)
				continue;
			data[k] = store->data[from];
			mask[k] = store->mask[from];
		}
	}
}

static bool any_byte(const uint8_t *bytes, unsigned len)
{
	uint8_t any = 0;

	for (unsigned i = 0; i < len; i++)
		any |= bytes[i];
	return any;
}

static enum run_end load(struct run *r, const struct code *c)
{
	uint64_t address = r->slot[c->a];
	unsigned len = c->n, words = (len + 7) / 8;
	uint8_t data[64], mask[64] = {0};
	struct eval_scratch *scratch = r->e->scratch;

	switch (r->memory->load(r->memory->ctx, address, len, data, mask)) {
	case MEM_OK: break;
	case MEM_FAULT:
		r->e->fault_address = address;
		r->e->fault = FAULT_PAGE;
		return RUN_FAULT;
	default: return RUN_ERROR;
	}
	scratch->loads.at[scratch->loads.len++] = (struct eval_load){.address = address, .len = (uint8_t)len};
	if (c->imm)
		patch(r, c->imm, address, len, data, mask);
	if (!r->full && any_byte(mask, len))
		return RUN_NEEDS_FULL;
	r->slot[c->dst + words - 1] = 0;
	memcpy(&r->slot[c->dst], data, len);
	if (r->full) {
		r->slot[c->dst + 2 * words - 1] = 0;
		memcpy(&r->slot[c->dst + words], mask, len);
		for (unsigned i = 0; i < words; i++)
			r->slot[c->dst + i] &= ~r->slot[c->dst + words + i];
	}
	return RUN_DONE;
}

static void store(struct run *r, const struct code *c)
{
	uint16_t guard = (uint16_t)c->imm, mask = (uint16_t)(c->imm >> 16);
	struct eval_scratch *scratch = r->e->scratch;

	if (!guard || r->slot[guard]) {
		struct eval_store *to = &scratch->stores.at[scratch->stores.len++];

		to->address = r->slot[c->a];
		to->len = c->n;
		memcpy(to->data, &r->slot[c->b], c->n);
		if (mask)
			memcpy(to->mask, &r->slot[mask], c->n);
		else
			memset(to->mask, 0, c->n);
		to->masked = mask && any_byte(to->mask, c->n);
	}
	scratch->recorded.at[scratch->recorded.len++] = (uint32_t)scratch->stores.len;
}

/* ---- The machine ---- */

static bool any_word(const uint64_t *words, unsigned num)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < num; i++)
		any |= words[i];
	return any;
}

static void apply_wide(const struct run *r, const struct code *c)
{
	const uint64_t *s = r->slot;
	const uint64_t *const arg[EXPR_MAX_ARGS] = {&s[c->a], &s[c->b], &s[c->imm >> 32 & UINT16_MAX],
						    &s[c->imm >> 48]};

	bv_apply(&r->part->wide[(uint32_t)c->imm], &r->slot[c->dst], arg);
}

static enum run_end run_code(struct run *r)
{
	uint64_t *s = r->slot;
	enum run_end end;

#define A  s[c->a]
#define B  s[c->b]
#define N  c->n
#define M  c->imm
#define A2 read2(&s[c->a])
#define B2 read2(&s[c->b])
#define NARROW_CASE(name, result) \
	case CODE_##name: \
		s[c->dst] = (result); \
		break;
#define WIDE_CASE(name, result) \
	case CODE_##name: write2(&s[c->dst], (result), M); break;
	for (const struct code *c = r->part->code;; c++) {
		switch (c->op) {
			NARROW_OPERATORS(NARROW_CASE)
			WIDE_OPERATORS(WIDE_CASE)
		case CODE_ITE2: write2(&s[c->dst], A ? B2 : read2(&s[M]), UINT64_MAX); break;
		case CODE_WIDE: apply_wide(r, c); break;
		case CODE_LOAD:
			end = load(r, c);
			if (end != RUN_DONE)
				return end;
			break;
		case CODE_STORE: store(r, c); break;
		case CODE_CHECK:
			if (any_word(&A, N))
				return RUN_UNKNOWN;
			break;
		case CODE_FAULT:
		case CODE_LAST_FAULT:
			if (A) {
				r->e->fault = N;
				r->e->last_fault = c->op == CODE_LAST_FAULT;
				return RUN_FAULT;
			}
			break;
		default: return RUN_DONE;
		}
	}
}

/* Copies the inputs in; false if one has unknown bits and the part does not follow them. */
static bool set_inputs(const struct run *r, const uint64_t *state, const uint64_t *unknown)
{
	const struct prog_part *part = r->part;

	memcpy(r->slot + PROG_FIRST_SLOT, part->consts, part->num_consts * sizeof *part->consts);
	for (uint32_t i = 0; i < part->num_inputs; i++) {
		const struct prog_input *input = &part->inputs[i];
		const uint64_t *from = (input->mask ? unknown : state) + input->from;

		if (!r->full && unknown && any_word(unknown + input->from, input->num))
			return false;
		for (unsigned k = 0; k < input->num; k++)
			r->slot[input->to + k] = input->mask && !unknown ? 0 : from[k];
	}
	return true;
}

static fp_bits read_fp(const uint64_t *s, enum fp_format format)
{
	return fp_width(format) > 64 ? read2(s) : *s;
}

/* The slots hold a value of width bits that is all zero; slot 0: there is none. */
static bool is_zero(const struct run *r, uint16_t slot, unsigned width)
{
	return !slot || !any_word(&r->slot[slot], bv_words(width));
}

static void set_bounds(struct run *r)
{
	struct eval_scratch *scratch = r->e->scratch;

	scratch->bounds.len = 0;
	for (uint32_t i = 0; i < r->part->num_bounds; i++) {
		const struct prog_bound *b = &r->part->bounds[i];
		unsigned width = fp_width(b->bound.format);
		struct eval_bound *to = &scratch->bounds.at[scratch->bounds.len];

		if (!is_zero(r, b->when_mask, 1) || (b->when && !r->slot[b->when]) ||
		    !is_zero(r, b->arg_mask[0], width) || !is_zero(r, b->arg_mask[1], width))
			continue;
		*to = (struct eval_bound){.reg = b->reg, .first = b->first, .bound = b->bound};
		for (unsigned k = 0; k < 2; k++)
			to->arg[k] = b->arg[k] ? read_fp(&r->slot[b->arg[k]], b->bound.format) : 0;
		scratch->bounds.len++;
	}
	r->e->num_bounds = scratch->bounds.len;
}

/* The first `num` registers, and the stores. */
static void set_outputs(struct run *r, uint32_t num)
{
	struct eval *e = r->e;

	for (uint32_t i = 0; i < num; i++) {
		const struct prog_output *o = &r->part->outputs[i];
		unsigned words = bv_words(o->width);
		bool masked = o->mask && any_word(&r->slot[o->mask], words);

		e->scratch->regs.at[i] = (struct eval_reg){
			.reg = o->reg,
			.width = o->width,
			.num_words = (uint16_t)words,
			.value = &r->slot[o->value],
			.mask = masked ? &r->slot[o->mask] : NULL,
		};
	}
	e->num_regs = num;
	e->num_stores = e->scratch->stores.len;
}

static enum run_end run_part(struct run *r, const uint64_t *state, const uint64_t *unknown)
{
	struct eval_scratch *scratch = r->e->scratch;

	scratch->loads.len = 0;
	scratch->stores.len = 0;
	scratch->recorded.at[0] = 0;
	scratch->recorded.len = 1;
	r->slot = scratch->slots.at;
	if (!set_inputs(r, state, unknown))
		return RUN_NEEDS_FULL;
	return run_code(r);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static bool reserve(const struct prog *prog, struct eval *e)
{
	if (!e->scratch) {
		e->scratch = calloc(1, sizeof *e->scratch);
		if (!e->scratch)
			return false;
	}
	return vec_reserve(&e->scratch->slots, larger(prog->fast.num_slots, prog->full.num_slots)) &&
	       vec_reserve(&e->scratch->regs, larger(prog->fast.num_outputs, prog->full.num_outputs)) &&
	       vec_reserve(&e->scratch->bounds, larger(prog->fast.num_bounds, prog->full.num_bounds)) &&
	       vec_reserve(&e->scratch->loads, larger(prog->fast.num_loads, prog->full.num_loads)) &&
	       vec_reserve(&e->scratch->stores, prog->num_stores) &&
	       vec_reserve(&e->scratch->recorded, prog->num_stores + 1);
}

static void start(struct eval *e)
{
	e->fault = FAULT_NONE;
	e->fault_address = 0;
	e->last_fault = false;
	e->used_unknown = false;
	e->num_regs = 0;
	e->num_bounds = 0;
	e->num_stores = 0;
	e->num_loads = 0;
}

static const enum eval_status status_of[] = {
	[RUN_DONE] = EVAL_DONE,   [RUN_FAULT] = EVAL_FAULT,        [RUN_UNKNOWN] = EVAL_UNKNOWN,
	[RUN_ERROR] = EVAL_ERROR, [RUN_NEEDS_FULL] = EVAL_UNKNOWN,
};

struct error *prog_run(const struct prog *prog, const uint64_t *state, const uint64_t *unknown,
		       const struct eval_memory *memory, struct eval *e)
{
	struct run r = {.part = &prog->fast, .memory = memory, .e = e};
	enum run_end end = RUN_NEEDS_FULL;

	if (!reserve(prog, e))
		return &error_no_memory;
	start(e);
	if (prog->fast.num_code)
		end = run_part(&r, state, unknown);
	if (end == RUN_NEEDS_FULL) {
		e->used_unknown = true;
		r.part = &prog->full;
		r.full = true;
		if (prog->full.num_code)
			end = run_part(&r, state, unknown);
	}
	if (end == RUN_DONE || e->last_fault)
		set_outputs(&r, end == RUN_DONE ? r.part->num_outputs : r.part->num_on_fault);
	if (end == RUN_DONE)
		set_bounds(&r);
	e->status = status_of[end];
	e->regs = e->scratch->regs.at;
	e->bounds = e->scratch->bounds.at;
	e->stores = e->scratch->stores.at;
	e->loads = e->scratch->loads.at;
	e->num_loads = e->scratch->loads.len;
	return NULL;
}

void eval_deinit(struct eval *e)
{
	if (e->scratch) {
		vec_deinit(&e->scratch->slots);
		vec_deinit(&e->scratch->regs);
		vec_deinit(&e->scratch->bounds);
		vec_deinit(&e->scratch->stores);
		vec_deinit(&e->scratch->loads);
		vec_deinit(&e->scratch->recorded);
		free(e->scratch);
	}
	*e = (struct eval){0};
}

/* ---- Bounds ---- */

/* Replaces bits [first, first + width), up to 80 of them. */
static void put_bits(uint64_t *words, unsigned first, unsigned width, fp_bits bits)
{
	for (unsigned done = 0; done < width;) {
		unsigned at = (first + done) % 64, n = 64 - at < width - done ? 64 - at : width - done;
		uint64_t *word = &words[(first + done) / 64], ones = bv_ones(n);
		*word = (*word & ~(ones << at)) | ((uint64_t)(bits >> done) & ones) << at;
		done += n;
	}
}

enum bound_result eval_bound_settle(const struct eval_bound *b, const uint64_t *seen, const uint64_t *hidden,
				    uint64_t *value, uint64_t *mask)
{
	unsigned width = fp_width(b->bound.format);
	fp_bits result = bv_get2(seen, b->first, width);

	if (bv_get2(hidden, b->first, width))
		return BOUND_UNSEEN;
	bool holds = fp_bound_holds(&b->bound, b->arg[0], b->arg[1], result);
	put_bits(value, b->first, width, holds ? result : fp_bound_nearest(&b->bound, b->arg[0], b->arg[1]));
	put_bits(mask, b->first, width, 0);
	return holds ? BOUND_HOLDS : BOUND_BROKEN;
}

void eval_bound_print(struct strbuf *out, const struct eval_bound *b)
{
	char error[32], number[64];

	fp_bound_print(&b->bound, error, sizeof error);
	strbuf_printf(out, "%s of %s(", error, fp_function_name(b->bound.function));
	for (unsigned i = 0; i < fp_function_operands(b->bound.function); i++) {
		fp_print(b->bound.format, b->arg[i], number, sizeof number);
		strbuf_printf(out, "%s%s", i ? ", " : "", number);
	}
	strbuf_append(out, ")");
}
