#include "lib/testing/fake.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "lib/testing/assert.h"
#include "lib/testing/regs.h"

static enum mem_result fake_load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	struct fake *f = ctx;

	return memory_read(f->memory, address, ret, unknown, len) ? MEM_OK : MEM_FAULT;
}

static struct error *fake_execute(struct fake *f)
{
	const struct eval_memory memory = {.ctx = f, .load = fake_load};
	uint64_t pc = state_get(&f->regs, f->base.isa->pc);
	uint8_t bytes[ISA_MAX_INSN_LEN], unknown[ISA_MAX_INSN_LEN];
	struct lifted *insn;

	memory_read(f->memory, pc, bytes, unknown, sizeof bytes);
	struct error *err = lift_cache_get(f->cache, pc, bytes, sizeof bytes, &insn);
	if (err)
		return err;
	if (insn->kind == TRANSFER_SYSCALL) {
		f->stop = (struct stop){.kind = STOP_EXITED};
		return NULL;
	}
	err = prog_run(insn->prog, f->regs.value, NULL, &memory, &f->eval);
	for (size_t i = 0; i < f->eval.num_regs && !err; i++)
		state_set_words(&f->regs, f->eval.regs[i].reg, f->eval.regs[i].value);
	for (size_t i = 0; i < f->eval.num_stores && !err; i++)
		err = memory_write(f->memory, f->eval.stores[i].address, f->eval.stores[i].data, NULL,
				   f->eval.stores[i].len);
	int signal = f->damage ? f->damage(f, pc) : 0;
	f->stop = (struct stop){.kind = signal ? STOP_SIGNAL : STOP_STEPPED, .signal = signal};
	return err;
}

/* ... and stops behind it. */
static struct error *execute_and_stop(struct fake *f)
{
	const struct isa *isa = f->base.isa;
	struct error *err;
	bool lost;

	do {
		lost = f->loses && f->loses(f, state_get(&f->regs, isa->pc));
		err = fake_execute(f);
	} while (!err && lost && f->stop.kind == STOP_STEPPED);
	for (uint32_t i = 0; f->base.stops_reset && i < isa->num_reset; i++)
		state_set(&f->regs, isa->reset[i], 0);
	return err;
}

static void fake_destroy(struct target *t)
{
	struct fake *f = (struct fake *)t;

	state_deinit(&f->regs);
	memory_destroy(f->memory);
	lift_cache_destroy(f->cache);
	eval_deinit(&f->eval);
	free(f->requested);
	free(f->base.hidden);
	free(f->base.identity);
	free(f);
}

static struct error *fake_read_regs(struct target *t, struct state *ret)
{
	state_copy(ret, &((struct fake *)t)->regs);
	return NULL;
}

static struct error *fake_write_regs(struct target *t, const struct state *from, const uint32_t *regs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		state_set_words(&((struct fake *)t)->regs, regs[i], from->value + t->isa->regs[regs[i]].word);
	return NULL;
}

static struct error *fake_read_memory(struct target *t, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	uint8_t unknown;
	size_t good = 0;

	while (good < len &&
	       memory_read(((struct fake *)t)->memory, address + good, (uint8_t *)ret + good, &unknown, 1))
		good++;
	*ret_len = good;
	return NULL;
}

static struct error *fake_write_memory(struct target *t, uint64_t address, const void *data, size_t len)
{
	return memory_write(((struct fake *)t)->memory, address, data, NULL, len);
}

static struct error *fake_step(struct target *t, int signal, struct stop *ret)
{
	struct error *err = execute_and_stop((struct fake *)t);

	(void)signal;
	*ret = ((struct fake *)t)->stop;
	return err;
}

static struct error *fake_set_break(struct target *t, uint64_t address, bool on)
{
	struct fake *f = (struct fake *)t;
	size_t i = 0;

	while (!on && i < f->num_breaks && f->breaks[i] != address)
		i++;
	ck_assert_uint_lt(on ? f->num_breaks : i, on ? FAKE_MAX_BREAKS : f->num_breaks);
	if (on)
		f->breaks[f->num_breaks++] = address;
	else
		f->breaks[i] = f->breaks[--f->num_breaks];
	return NULL;
}

static struct error *fake_resume(struct target *t, int signal, struct stop *ret)
{
	struct fake *f = (struct fake *)t;
	bool there = false;
	struct error *err = NULL;

	ck_assert_int_eq(signal, 0);
	f->resumed++;
	for (unsigned steps = 0; !err && !there; steps++) {
		ck_assert_uint_lt(steps, 1000);
		err = fake_execute(f);
		there = f->stop.kind != STOP_STEPPED;
		for (size_t i = 0; i < f->num_breaks; i++)
			there |= state_get(&f->regs, t->isa->pc) == f->breaks[i];
	}
	for (uint32_t i = 0; f->base.stops_reset && i < t->isa->num_reset; i++)
		state_set(&f->regs, t->isa->reset[i], 0);
	*ret = f->stop;
	return err;
}

static struct error *fake_run_to(struct target *t, uint64_t address, struct stop *ret)
{
	struct error *err = fake_set_break(t, address, true);

	if (!err)
		err = fake_resume(t, 0, ret);
	return err ? err : fake_set_break(t, address, false);
}

static struct error *fake_submit(struct target *t, const struct target_plan *plans, size_t num_plans)
{
	struct fake *f = (struct fake *)t;

	ck_assert_uint_le(num_plans, t->max_ahead);
	ck_assert_uint_le(f->queued + num_plans, FAKE_MAX_QUEUE);
	memcpy(f->queue + f->queued, plans, num_plans * sizeof *plans);
	f->queued += num_plans;
	return NULL;
}

/* What is shown on request only, and was not asked for, is unknown. */
static void show(const struct fake *f, const struct target_plan *plan, struct state *ret)
{
	state_copy(ret, &f->regs);
	for (uint32_t r = 0; f->base.on_request && !plan->all_regs && r < f->base.isa->num_regs; r++) {
		bool wanted = !f->base.on_request[r];
		for (unsigned i = 0; i < plan->num_regs; i++)
			wanted |= plan->reg[i] == r;
		if (!wanted)
			state_set_unknown(ret, r);
	}
}

static struct error *fake_collect(struct target *t, struct state *regs, struct observed *ret)
{
	struct fake *f = (struct fake *)t;
	struct target_plan plan = f->queue[0];
	struct error *err = f->stop.kind == STOP_STEPPED ? execute_and_stop(f) : NULL;

	ck_assert_uint_gt(f->queued, 0);
	memmove(f->queue, f->queue + 1, --f->queued * sizeof *f->queue);
	*ret = (struct observed){.stop = f->stop, .have_regs = true};
	for (unsigned i = 0; i < plan.num_reads; i++) {
		uint8_t unknown[64];
		ret->memory_ok[i] = memory_read(f->memory, plan.read[i].address, ret->memory[i], unknown,
						plan.read[i].len);
	}
	show(f, &plan, regs);
	return err;
}

static const struct target_ops fake_ops = {
	.destroy = fake_destroy,
	.read_regs = fake_read_regs,
	.write_regs = fake_write_regs,
	.read_memory = fake_read_memory,
	.write_memory = fake_write_memory,
	.step = fake_step,
	.run_to = fake_run_to,
	.set_break = fake_set_break,
	.resume = fake_resume,
	.submit = fake_submit,
	.collect = fake_collect,
};

/* argc 1, argv, no environment, an auxiliary vector without entries. */
static void fill_memory(struct fake *f, const void *program, size_t len)
{
	static uint8_t page[MEMORY_PAGE], stack[FAKE_STACK_LEN];
	uint64_t start[6] = {1, FAKE_SP + 0x100, 0, 0, AT_NULL, 0};

	ck_assert_uint_le(len, sizeof page);
	memcpy(page, program, len);
	memcpy(stack + (FAKE_SP - FAKE_STACK), start, sizeof start);
	ck_no_error(memory_write(f->memory, FAKE_CODE, page, NULL, sizeof page));
	ck_no_error(memory_write(f->memory, FAKE_STACK, stack, NULL, sizeof stack));
}

struct fake *fake_create(const struct isa *isa, const void *program, size_t len, size_t max_ahead)
{
	struct fake *f = calloc(1, sizeof *f);

	ck_assert_ptr_nonnull(f);
	f->base = (struct target){.ops = &fake_ops, .isa = isa, .max_ahead = max_ahead, .identity = strdup("fake")};
	f->base.hidden = calloc(isa->num_words, sizeof *f->base.hidden);
	f->stop.kind = STOP_STEPPED;
	ck_no_error(state_init(&f->regs, isa));
	ck_no_error(memory_create(&f->memory));
	ck_no_error(lift_cache_create(isa, 0, &f->cache));
	for (uint32_t r = 0; r < isa->num_regs; r++)
		state_set_words(&f->regs, r, (const uint64_t[EXPR_MAX_WORDS]){0});
	state_set(&f->regs, isa->pc, FAKE_CODE);
	state_set(&f->regs, isa->sp, FAKE_SP);
	fill_memory(f, program, len);
	return f;
}

void fake_show_on_request(struct fake *f, uint32_t reg)
{
	if (!f->requested)
		f->requested = calloc(f->base.isa->num_regs, sizeof *f->requested);
	ck_assert_ptr_nonnull(f->requested);
	f->requested[reg] = true;
	f->base.on_request = f->requested;
}

uint64_t fake_get(const struct fake *f, const char *name)
{
	return state_get(&f->regs, test_reg(f->base.isa, name));
}

void fake_set(struct fake *f, const char *name, uint64_t value)
{
	state_set(&f->regs, test_reg(f->base.isa, name), value);
}
