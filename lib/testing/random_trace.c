#include "lib/testing/random_trace.h"

#include "lib/testing/assert.h"

static uint64_t some_value(struct rng *rng, uint64_t old)
{
	switch (rng_below(rng, 5)) {
	case 0: return rng_next(rng);
	case 1: return old + 8;
	case 2: return rng_below(rng, 256);
	case 3: return 0;
	default: return old - rng_below(rng, 4096);
	}
}

static uint64_t place_pc(const struct random_trace *t, uint32_t place)
{
	return 0x400000 + UINT64_C(4) * place * t->isa->max_insn_len;
}

void random_trace_init(struct random_trace *t, const struct isa *isa, uint64_t seed)
{
	*t = (struct random_trace){.rng = {seed}, .isa = isa, .tid = 100};
	ck_no_error(state_init(&t->before, isa));
	ck_no_error(state_init(&t->after, isa));
	for (uint32_t r = 0; r < isa->num_regs; r++)
		if (rng_below(&t->rng, 8))
			state_set(&t->before, r, rng_next(&t->rng));
	for (uint32_t i = 0; i < RANDOM_TRACE_PLACES; i++)
		for (uint32_t k = 0; k < ISA_MAX_INSN_LEN; k++)
			t->bytes[i][k] = (uint8_t)rng_next(&t->rng);
	state_set(&t->before, isa->pc, place_pc(t, 0));
	state_copy(&t->after, &t->before);
}

void random_trace_deinit(struct random_trace *t)
{
	state_deinit(&t->before);
	state_deinit(&t->after);
}

static void change_register(struct random_trace *t, uint32_t reg)
{
	uint64_t value[EXPR_MAX_WORDS];
	const struct reg_desc *desc = &t->isa->regs[reg];

	if (reg == t->isa->pc || !state_known(&t->after, reg))
		return;
	for (unsigned i = 0; i < reg_words(desc); i++)
		value[i] = some_value(&t->rng, t->after.value[desc->word + i]);
	state_set_words(&t->after, reg, value);
	t->changed[t->step.num_changed++] = reg;
}

/* A register is no longer shown, or shown again. */
static void change_view(struct random_trace *t)
{
	uint32_t reg = rng_below(&t->rng, t->isa->num_regs);
	uint64_t mask[EXPR_MAX_WORDS], value[EXPR_MAX_WORDS];

	if (reg == t->isa->pc)
		return;
	for (unsigned i = 0; i < EXPR_MAX_WORDS; i++) {
		value[i] = rng_next(&t->rng);
		mask[i] = rng_below(&t->rng, 2) ? 0 : rng_next(&t->rng);
	}
	state_set_masked(&t->after, reg, value, mask);
	t->step.changed = NULL;
}

static void make_access(struct random_trace *t, struct trace_access *a)
{
	uint32_t kind = rng_below(&t->rng, 8);

	*a = (struct trace_access){
		.address = t->before.value[rng_below(&t->rng, 8)] + 8 * rng_below(&t->rng, 4),
		.len = (uint8_t)(1 + rng_below(&t->rng, rng_below(&t->rng, 4) ? 8 : 64)),
		.store = rng_below(&t->rng, 2),
	};
	a->known = a->len == 64 ? UINT64_MAX : (UINT64_C(1) << a->len) - 1;
	if (kind < 2)
		a->known &= kind ? rng_next(&t->rng) : 0;
	for (unsigned i = 0; i < a->len; i++)
		a->data[i] = a->known >> i & 1 ? (uint8_t)some_value(&t->rng, a->address) : 0;
}

static void make_event(struct random_trace *t)
{
	t->event = (struct trace_event){
		.number = rng_below(&t->rng, 400),
		.index = t->event.position + 1,
		.position = t->event.position + 2,
		.skipped = 1,
		.policy = (enum trace_policy)rng_below(&t->rng, 3),
		.unlogged = rng_below(&t->rng, 2),
		.finished = rng_below(&t->rng, 2),
		.status = (int)rng_below(&t->rng, 256),
		.at = rng_next(&t->rng),
		.nanoseconds = rng_below(&t->rng, 1000),
		.writes = t->writes,
		.num_writes = rng_below(&t->rng, 4),
	};
	for (size_t i = 0; i < t->event.num_writes; i++) {
		uint64_t len = rng_below(&t->rng, sizeof t->data[i]);
		memset(t->data[i], (int)rng_below(&t->rng, 256), sizeof t->data[i]);
		t->writes[i] = (struct trace_write){rng_next(&t->rng), len + rng_below(&t->rng, 100), t->data[i], len};
	}
	t->step.event = &t->event;
}

void random_trace_next(struct random_trace *t)
{
	uint32_t place = (uint32_t)((state_get(&t->after, t->isa->pc) - place_pc(t, 0)) / (4u * t->isa->max_insn_len));

	state_copy(&t->before, &t->after);
	if (!t->step.running && !rng_below(&t->rng, 200))
		t->tid++;
	if (!rng_below(&t->rng, 500))
		t->bytes[place][0]++;
	t->step = (struct trace_step){
		.tid = t->tid,
		.pc = place_pc(t, place),
		.bytes = t->bytes[place],
		.len = (uint16_t)(place % t->isa->max_insn_len),
		.before = &t->before,
		.after = &t->after,
		.accesses = t->accesses,
		.num_accesses = rng_below(&t->rng, 3) ? rng_below(&t->rng, 3) : rng_below(&t->rng, 12),
		.changed = t->named ? t->changed : NULL,
	};
	for (uint32_t n = rng_below(&t->rng, 6); n; n--)
		change_register(t,
				rng_below(&t->rng, 4) ? rng_below(&t->rng, 12) : rng_below(&t->rng, t->isa->num_regs));
	if (!rng_below(&t->rng, 30))
		change_view(t);
	for (size_t i = 0; i < t->step.num_accesses; i++)
		make_access(t, &t->accesses[i]);
	if (!rng_below(&t->rng, 20))
		make_event(t);
	if (!rng_below(&t->rng, 50))
		t->step.signal = 1 + (int)rng_below(&t->rng, 64);
	t->step.running = !rng_below(&t->rng, 40);
	place = rng_below(&t->rng, 5) ? (place + 1) % RANDOM_TRACE_PLACES : rng_below(&t->rng, RANDOM_TRACE_PLACES);
	state_set(&t->after, t->isa->pc, place_pc(t, place));
}
