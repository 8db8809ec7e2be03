#include "lib/oracle/vectors.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/lift/effects.h"
#include "lib/oracle/vectors_parts.h"
#include "lib/oracle/vectors_state.h"

/* Words come in any order and many are met once: what is kept is bounded, a word a place. */
enum { CACHE_SIZE = 8192 };

/* ---- Creation ---- */

static void reg_name_of(unsigned index, char *ret, size_t size)
{
	static const char flags[] = "nzcv";

	if (index < REG_SP_INDEX)
		snprintf(ret, size, "x%u", index);
	else if (index >= REG_V && index < REG_FLAGS)
		snprintf(ret, size, "v%u", index - REG_V);
	else if (index >= REG_FLAGS && index < REG_PC_INDEX)
		snprintf(ret, size, "%cf", flags[index - REG_FLAGS]);
	else
		snprintf(ret, size, "%s",
			 index == REG_SP_INDEX   ? "sp"
			 : index == REG_PC_INDEX ? "pc"
			 : index == REG_FPSR     ? "fpsr"
						 : "fpcr");
}

static const char *const monitor_names[VECTORS_NUM_MONITOR] = {"monitor", "monitor_address", "monitor_bytes",
							       "monitor_value"};

static struct error *find_monitor(struct vectors *v)
{
	for (unsigned i = 0; i < VECTORS_NUM_MONITOR; i++)
		if (!isa_find_reg(v->isa, monitor_names[i], strlen(monitor_names[i]), &v->monitor[i]))
			return error_create(ERROR_BUG, "%s has no register %s", v->isa->name, monitor_names[i]);
	return NULL;
}

static struct error *find_regs(struct vectors *v)
{
	for (unsigned i = 0; i < VECTORS_NUM_REGS; i++) {
		char name[8];
		reg_name_of(i, name, sizeof name);
		if (!isa_find_reg(v->isa, name, strlen(name), &v->regs[i]))
			return error_create(ERROR_UNSUPPORTED, "vectors are cases of AArch64; %s has no register %s",
					    v->isa->name, name);
	}
	return NULL;
}

void vectors_assume(struct vectors *v, const char *reg, uint64_t value)
{
	uint32_t id;

	if (isa_find_reg(v->isa, reg, strlen(reg), &id))
		state_set(&v->before, id, value);
}

void vectors_keep_fpcr(struct vectors *v, uint32_t bits)
{
	v->fpcr = bits;
}

static struct error *allocate(struct vectors *v)
{
	struct error *err = find_regs(v);

	if (!err)
		err = find_monitor(v);
	if (!err)
		err = v->isa->lifter_create(&v->lifter);
	if (!err)
		err = expr_pool_create(true, &v->pool);
	if (!err)
		err = state_init(&v->before, v->isa);
	if (!err)
		err = state_init(&v->expected, v->isa);
	if (!err)
		err = state_init(&v->after, v->isa);
	if (err)
		return err;
	v->cache = calloc(CACHE_SIZE, sizeof *v->cache);
	if (!v->cache)
		return &error_no_memory;
	transfer_init(&v->transfer, v->pool);
	vectors_assume(v, "naa", 1);
	vectors_assume(v, "tbi0", 0);
	vectors_keep_fpcr(v, UINT32_MAX);
	return NULL;
}

struct error *vectors_create(const struct isa *isa, struct vectors **ret)
{
	struct vectors *v = calloc(1, sizeof *v);

	if (!v)
		return &error_no_memory;
	v->isa = isa;
	struct error *err = allocate(v);
	if (err) {
		vectors_destroy(v);
		return err;
	}
	*ret = v;
	return NULL;
}

void vectors_destroy(struct vectors *v)
{
	if (!v)
		return;
	for (unsigned i = 0; v->cache && i < CACHE_SIZE; i++)
		prog_destroy(v->cache[i].prog);
	free(v->cache);
	eval_deinit(&v->eval);
	transfer_deinit(&v->transfer);
	expr_pool_destroy(v->pool);
	if (v->lifter)
		v->isa->lifter_destroy(v->lifter);
	state_deinit(&v->before);
	state_deinit(&v->expected);
	state_deinit(&v->after);
	free(v);
}

/* ---- Lifting ---- */

struct error *vectors_lift(struct vectors *v, uint64_t pc, uint32_t word, struct insn *ret)
{
	uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};

	expr_pool_reset(v->pool);
	transfer_reset(&v->transfer, v->pool);
	struct error *err = v->isa->lift(v->lifter, pc, bytes, sizeof bytes, &v->transfer, ret);
	return err ? err : expr_pool_error(v->pool);
}

static struct error *compile(struct vectors *v, struct cached *c)
{
	struct error *err = transfer_verify(&v->transfer, &v->isa->layout);

	if (!err)
		err = prog_compile(&v->transfer, &v->isa->layout, &c->prog);
	if (error_is(err, ERROR_UNSUPPORTED)) {
		error_destroy(err);
		c->insn.status = LIFT_UNMODELLED;
		return NULL;
	}
	c->kind = v->transfer.kind;
	return err ? error_prefix(err, "%s", c->insn.text) : NULL;
}

struct error *vectors_find(struct vectors *v, uint64_t pc, uint32_t word)
{
	struct cached *c = &v->cache[hash_u64(word ^ pc << 32) % CACHE_SIZE];
	uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};

	v->cached = c;
	if (c->used && c->insn.pc == pc && !memcmp(c->insn.bytes, bytes, sizeof bytes))
		return NULL;
	prog_destroy(c->prog);
	*c = (struct cached){0};
	struct error *err = vectors_lift(v, pc, word, &c->insn);
	if (!err && c->insn.status == LIFT_DONE)
		err = compile(v, c);
	c->used = !err;
	return err;
}

/* ---- States ---- */

void vectors_set_state(const struct vectors *v, const struct vectors_state *from, struct state *to)
{
	for (unsigned i = 0; i < 31; i++)
		state_set(to, v->regs[REG_X + i], from->x[i]);
	for (unsigned i = 0; i < 32; i++)
		state_set_words(to, v->regs[REG_V + i], from->v[i]);
	for (unsigned i = 0; i < 4; i++)
		state_set(to, v->regs[REG_FLAGS + i], from->nzcv >> (31 - i) & 1);
	state_set(to, v->regs[REG_SP_INDEX], from->sp);
	state_set(to, v->regs[REG_PC_INDEX], from->pc);
	state_set(to, v->regs[REG_FPSR], from->fpsr);
	state_set(to, v->regs[REG_FPCR], from->fpcr);
}

static void set_monitor(struct vectors *v)
{
	const struct vectors_trial *t = &v->current;
	uint8_t bytes[16] = {0}, unknown[16];
	uint64_t words[2];

	vectors_load(v, t->marked, t->marked_bytes, bytes, unknown);
	memcpy(words, bytes, sizeof words);
	state_set(&v->before, v->monitor[0], t->marked_bytes != 0);
	state_set(&v->before, v->monitor[1], t->marked);
	state_set(&v->before, v->monitor[2], t->marked_bytes);
	state_set_words(&v->before, v->monitor[3], words);
}

void vectors_set_before(struct vectors *v)
{
	vectors_set_state(v, &v->current.before, &v->before);
	if (v->current.monitor_known)
		set_monitor(v);
}

static void make_states(struct vectors *v)
{
	const struct vectors_trial *t = &v->current;
	const struct vectors_state *after = t->end == VECTORS_ENDED ? &t->after : &t->before;

	vectors_set_before(v);
	vectors_set_state(v, after, &v->expected);
	memcpy(v->memory_expected, after->memory, VECTOR_WINDOW);
}

enum mem_result vectors_load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	const struct vectors *v = ctx;

	memset(unknown, 0, len);
	for (unsigned i = 0; i < len; i++) {
		uint64_t in_window = address + i - VECTORS_WINDOW, in_code = address + i - v->current.before.pc;
		ret[i] = in_window < VECTOR_WINDOW ? v->current.before.memory[in_window]
			 : in_code < 4             ? (uint8_t)(v->current.word >> (8 * in_code))
						   : 0;
	}
	return MEM_OK;
}

static bool has_masked_bits(const uint64_t *mask, unsigned words)
{
	for (unsigned i = 0; mask && i < words; i++)
		if (mask[i])
			return true;
	return false;
}

/* What lies outside the window leaves no trace; what the model calls undefined is not compared. */
static void store(struct vectors *v, const struct eval_store *s)
{
	for (unsigned i = 0; i < s->len; i++) {
		uint64_t offset = s->address + i - VECTORS_WINDOW;
		uint8_t mask = s->masked ? s->mask[i] : 0;
		if (offset >= VECTOR_WINDOW)
			continue;
		v->memory_after[offset] = s->data[i] & (uint8_t)~mask;
		v->memory_expected[offset] &= (uint8_t)~mask;
		v->from_outside |= mask && prog_uses_env(v->wrong ? v->wrong : v->cached->prog);
	}
}

static bool is_listed(const struct vectors *v, uint32_t reg)
{
	for (unsigned i = 0; i < VECTORS_NUM_REGS; i++)
		if (v->regs[i] == reg)
			return !(i == REG_FPSR && v->current.fpsr_unknown);
	return false;
}

/* The state after, by the model. */
static void apply_outputs(struct vectors *v)
{
	bool uses_env = prog_uses_env(v->wrong ? v->wrong : v->cached->prog);

	state_copy(&v->after, &v->before);
	memcpy(v->memory_after, v->current.before.memory, VECTOR_WINDOW);
	v->from_outside = false;
	for (size_t i = 0; i < v->eval.num_regs; i++) {
		const struct eval_reg *r = &v->eval.regs[i];
		state_set_masked(&v->after, r->reg, r->value, r->mask);
		v->from_outside |= uses_env && is_listed(v, r->reg) && has_masked_bits(r->mask, r->num_words);
	}
	for (size_t i = 0; i < v->eval.num_bounds; i++) {
		const struct eval_bound *b = &v->eval.bounds[i];
		unsigned word = v->isa->regs[b->reg].word;
		eval_bound_settle(b, v->expected.value + word, v->expected.unknown + word, v->after.value + word,
				  v->after.unknown + word);
	}
	for (size_t i = 0; i < v->eval.num_stores; i++)
		store(v, &v->eval.stores[i]);
}

/* ---- Comparison ---- */

/* Bits that the model calls undefined are not compared. */
static bool same_reg(const struct vectors *v, unsigned index)
{
	const struct reg_desc *desc = &v->isa->regs[v->regs[index]];

	if (index == REG_FPSR && v->current.fpsr_unknown)
		return true;
	for (unsigned i = desc->word; i < desc->word + reg_words(desc); i++)
		if ((v->expected.value[i] ^ v->after.value[i]) & ~v->after.unknown[i])
			return false;
	return true;
}

static bool is_as_expected(const struct vectors *v)
{
	if (v->eval.status != EVAL_DONE)
		return false;
	for (unsigned i = 0; i < VECTORS_NUM_REGS; i++)
		if (!same_reg(v, i))
			return false;
	return !memcmp(v->memory_after, v->memory_expected, VECTOR_WINDOW);
}

/* A fault has changed nothing. */
bool vectors_fault_is_open(const struct vectors *v)
{
	const struct insn *insn = &v->cached->insn;

	return v->current.end == VECTORS_FAULTED &&
	       (insn->may_fault >> v->current.fault & 1 || (insn->extension && v->current.fault == FAULT_UNDEFINED));
}

/* It faulted, and had to, or could. */
static bool is_as_faulted(const struct vectors *v)
{
	bool has_to = v->eval.status == EVAL_FAULT && v->eval.fault == v->current.fault;

	return v->current.end == VECTORS_FAULTED && (has_to || vectors_fault_is_open(v));
}

struct error *vectors_is_modelled(struct vectors *v, uint64_t pc, uint32_t word, bool *ret,
				  const struct insn **ret_insn)
{
	struct error *err = vectors_find(v, pc, word);

	if (err)
		return err;
	*ret_insn = &v->cached->insn;
	/* Of one with a rest nobody says how much of it is done. */
	*ret = v->cached->insn.status == LIFT_DONE && v->cached->kind == TRANSFER_PLAIN && !v->cached->insn.rest_len;
	return NULL;
}

/* ---- The CPU ---- */

bool vectors_question(const struct vectors *v, size_t index, struct vectors_trial *ret)
{
	struct vectors_trial t = {.word = 0};

	if (index >= v->isa->num_questions)
		return false;
	const struct isa_question *q = &v->isa->questions[index];
	for (unsigned i = 0; i < 4; i++)
		t.word |= (uint32_t)q->insn[i] << (8 * i);
	for (unsigned i = 0; i < sizeof q->inputs / sizeof *q->inputs; i++)
		for (unsigned k = 0; k < REG_SP_INDEX; k++)
			if (v->regs[REG_X + k] == q->inputs[i].reg)
				t.before.x[k] = q->inputs[i].value;
	*ret = t;
	return true;
}

static void drop_cache(struct vectors *v)
{
	for (unsigned i = 0; i < CACHE_SIZE; i++) {
		prog_destroy(v->cache[i].prog);
		v->cache[i] = (struct cached){0};
	}
}

struct error *vectors_observe(struct vectors *v, const struct vectors_trial *trial)
{
	v->current = *trial;
	make_states(v);
	struct error *err = vectors_find(v, trial->before.pc, trial->word);
	if (!err && v->isa->lifter_observe &&
	    v->isa->lifter_observe(v->lifter, &v->cached->insn, v->before.value, v->expected.value))
		drop_cache(v);
	return err;
}

/* ---- A case ---- */

static struct error *judge(struct vectors *v, enum vectors_verdict *ret, const struct insn **ret_insn)
{
	struct eval_memory memory = {.ctx = v, .load = vectors_load};
	bool modelled;
	struct error *err = vectors_is_modelled(v, v->current.before.pc, v->current.word, &modelled, ret_insn);

	if (err)
		return err;
	*ret = VECTORS_UNMODELLED;
	/* What is described has no results of another case. */
	v->eval.status = EVAL_UNKNOWN;
	v->eval.num_loads = 0;
	if (!modelled)
		return NULL;
	make_states(v);
	err = prog_run(v->wrong ? v->wrong : v->cached->prog, v->before.value, v->before.unknown, &memory, &v->eval);
	if (err || v->eval.status == EVAL_UNKNOWN)
		return err;
	v->from_outside = false;
	if (v->eval.status == EVAL_DONE)
		apply_outputs(v);
	if (!(v->current.end == VECTORS_ENDED ? is_as_expected(v) : is_as_faulted(v)))
		*ret = VECTORS_FAILED;
	else if (!v->from_outside)
		*ret = VECTORS_PASSED;
	return NULL;
}

struct error *vectors_judge(struct vectors *v, const struct vectors_trial *trial, enum vectors_verdict *ret,
			    const struct insn **ret_insn)
{
	v->current = *trial;
	return judge(v, ret, ret_insn);
}

/* Results after inputs, in whichever order the file has them. */
void vectors_make_trial(const struct vector_case *c, struct vectors_trial *ret)
{
	*ret = (struct vectors_trial){.number = c->number, .word = c->word, .seed = c->seed};
	vectors_make_state(c->word, c->seed, &ret->before);
	vectors_apply(c, true, &ret->before);
	ret->after = ret->before;
	ret->after.pc += 4;
	vectors_apply(c, false, &ret->after);
	for (unsigned i = 0; i < c->num_changes; i++)
		ret->fpsr_unknown |= c->changes[i].kind == VECTOR_UNKNOWN && c->changes[i].bytes[0] & 1;
}

struct error *vectors_run(struct vectors *v, const struct vector_case *c, enum vectors_verdict *ret,
			  const struct insn **ret_insn)
{
	vectors_make_trial(c, &v->current);
	return judge(v, ret, ret_insn);
}

/* ---- Texts ---- */

static void print_reg(struct strbuf *text, const struct state *s, uint32_t reg)
{
	const struct reg_desc *desc = &s->isa->regs[reg];

	if (desc->width > 64)
		strbuf_printf(text, "0x%016" PRIx64 "%016" PRIx64, s->value[desc->word + 1], s->value[desc->word]);
	else
		strbuf_printf(text, "0x%" PRIx64, s->value[desc->word]);
}

static void print_bytes(struct strbuf *text, const uint8_t *bytes, unsigned len)
{
	strbuf_append_hex(text, bytes, len);
	strbuf_append(text, "\n");
}

/* Registers that the transfer reads, and memory that it loaded. */
static void print_inputs(struct vectors *v, const struct effects *effects, struct strbuf *text)
{
	for (size_t i = 0; i < effects->reads.len; i++) {
		strbuf_printf(text, "%s%s=", i ? " " : "  before: ", v->isa->regs[effects->reads.at[i]].name);
		print_reg(text, &v->before, effects->reads.at[i]);
	}
	strbuf_append(text, effects->reads.len ? "\n" : "");
	for (size_t i = 0; i < v->eval.num_loads; i++) {
		const struct eval_load *l = &v->eval.loads[i];
		uint8_t bytes[64], unknown[64];
		if (vectors_load(v, l->address, l->len, bytes, unknown) != MEM_OK)
			continue;
		strbuf_printf(text, "  before: [0x%" PRIx64 "]=", l->address);
		print_bytes(text, bytes, l->len);
	}
}

static const char *const fault_names[FAULT_NUM_KINDS] = {
	"no fault",   "divide error", "undefined instruction", "breakpoint",  "debug trap", "overflow",
	"protection", "stack fault",  "alignment fault",       "float fault", "page fault",
};

static void print_differences(const struct vectors *v, struct strbuf *text)
{
	for (unsigned i = 0; i < VECTORS_NUM_REGS; i++) {
		if (same_reg(v, i))
			continue;
		strbuf_printf(text, "  %s: expected ", v->isa->regs[v->regs[i]].name);
		print_reg(text, &v->expected, v->regs[i]);
		strbuf_append(text, ", model ");
		print_reg(text, &v->after, v->regs[i]);
		strbuf_append(text, "\n");
	}
	for (unsigned i = 0, end; i < VECTOR_WINDOW; i = end + 1) {
		for (end = i; end < VECTOR_WINDOW && v->memory_after[end] != v->memory_expected[end];)
			end++;
		if (end == i)
			continue;
		strbuf_printf(text, "  [0x%" PRIx64 "]: expected ", VECTORS_WINDOW + i);
		strbuf_append_hex(text, v->memory_expected + i, end - i);
		strbuf_append(text, ", model ");
		print_bytes(text, v->memory_after + i, end - i);
	}
}

struct error *vectors_describe(struct vectors *v, struct strbuf *text)
{
	const struct vectors_trial *c = &v->current;
	struct effects effects = {0};
	struct insn insn;
	struct error *err = vectors_lift(v, v->current.before.pc, c->word, &insn);

	strbuf_printf(text, "case %" PRIu32 ": %08" PRIx32 "  %s  (seed 0x%" PRIx64 ")\n", c->number, c->word,
		      v->cached->insn.text, c->seed);
	if (err || v->cached->insn.status != LIFT_DONE)
		return err;
	err = effects_collect(&v->transfer, &effects);
	if (err)
		return err;
	print_inputs(v, &effects, text);
	effects_deinit(&effects);
	if (c->end == VECTORS_DIED)
		strbuf_append(text, "  the emulator died of it\n");
	else if (c->end == VECTORS_FAULTED)
		strbuf_printf(text, "  expected: %s; model: %s\n", fault_names[c->fault], fault_names[v->eval.fault]);
	else if (v->eval.status == EVAL_FAULT)
		strbuf_printf(text, "  model: %s, which is not expected\n", fault_names[v->eval.fault]);
	else if (v->eval.status == EVAL_DONE)
		print_differences(v, text);
	return strbuf_failed(text) ? &error_no_memory : NULL;
}
