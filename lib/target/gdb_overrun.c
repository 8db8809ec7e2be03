/*
 * What a step overruns (struct isa_overrun). QEMU's own stub stops by its translator and no trap is lost, but it leaves
 * its loop at instructions that let other CPUs run, forgets that it was to stop, and executes the next one, too: 7.2,
 * 10.0 and 11.1. Any other stub steps by the CPU's trap, and what is lost there is found out by trying, when it first
 * matters: each instruction is put where the guest stands, with NOPs behind it, and stepped. Hypervisors also lose one
 * now and then that nobody can foresee (at the first touch of a page, say).
 */
#include <string.h>

#include "lib/target/gdb_private.h"

enum { TRIAL_LEN = 32, SCRATCH_LEN = 16 }; /* bytes */

/* The guest as it was, and where trials are run. */
struct trial {
	struct state before, now;
	uint64_t at, scratch;
	uint8_t code[TRIAL_LEN], memory[SCRATCH_LEN];
	size_t memory_len; /* that could be read */
	uint32_t overruns;
};

void gdb_expect_overruns(struct gdb_target *g)
{
	const struct isa *isa = g->base.isa;

	for (uint32_t i = 0; i < isa->num_overruns; i++)
		if (!g->is_qemu || isa->overruns[i].yields)
			g->base.overruns |= 1u << i;
	g->overruns_tried = g->is_qemu;
	g->base.loses_traps = !g->is_qemu;
}

/* Writes the instruction; *ret is false if the stub does not take it. */
static struct error *write_code(struct gdb_target *g, const struct trial *trial, const struct isa_overrun *row,
				bool *ret)
{
	const struct isa *isa = g->base.isa;
	uint8_t code[TRIAL_LEN];

	for (size_t i = 0; i < sizeof code; i++)
		code[i] = isa->nop[i % isa->insn_align];
	memcpy(code, row->code, row->len);
	struct error *err = target_write_memory(&g->base, trial->at, code, sizeof code);
	*ret = !err;
	if (!error_is(err, ERROR_FAULT))
		return err;
	error_destroy(err);
	return NULL;
}

/* One step: *ret_pc is where it ends, and 0 if that is a signal. */
static struct error *step(struct gdb_target *g, struct trial *trial, uint64_t *ret_pc)
{
	struct stop stop;
	struct error *err = target_step(&g->base, 0, &stop);

	if (!err && g->ended)
		err = error_create(ERROR_TARGET, "the guest ended while its stub was tried");
	if (!err)
		err = target_read_regs(&g->base, &trial->now);
	if (!err)
		*ret_pc = stop.kind == STOP_STEPPED ? state_get(&trial->now, g->base.isa->pc) : 0;
	return err;
}

/* An instruction that this CPU does not have, or not for programs, is as good as stepped. */
static struct error *try_row(struct gdb_target *g, struct trial *trial, const struct isa_overrun *row, bool *ret)
{
	uint32_t pc = g->base.isa->pc;
	uint64_t end = trial->at;

	*ret = true;
	state_set(&trial->now, pc, trial->at);
	struct error *err = target_write_regs(&g->base, &trial->now, &pc, 1);
	if (!err && row->lead)
		err = step(g, trial, &end);
	if (err || end != trial->at + row->lead)
		return err;
	err = step(g, trial, &end);
	*ret = end && end != trial->at + row->len;
	return err;
}

/* Puts the guest back. */
static struct error *restore(struct gdb_target *g, struct trial *trial)
{
	const struct isa *isa = g->base.isa;
	struct error *err = target_write_memory(&g->base, trial->at, trial->code, sizeof trial->code);

	if (!err)
		err = target_write_memory(&g->base, trial->scratch, trial->memory, trial->memory_len);
	for (uint32_t i = 0; !err && i < isa->num_regs; i++) {
		const struct reg_desc *reg = &isa->regs[i];
		size_t len = reg_words(reg) * sizeof(uint64_t);

		if (memcmp(trial->before.value + reg->word, trial->now.value + reg->word, len) != 0)
			err = target_write_regs(&g->base, &trial->before, &i, 1);
	}
	return err ? error_prefix(err, "restoring the guest behind a trial of its stub") : NULL;
}

/* A stub that cannot be tried, and has no breakpoints either, is stepped, come what may. */
static struct error *do_without(struct gdb_target *g, uint64_t address)
{
	struct error *err = target_set_break(&g->base, address, true);

	if (error_is(err, ERROR_UNSUPPORTED)) {
		g->base.overruns = 0;
		error_destroy(err);
		return NULL;
	}
	return err ? err : target_set_break(&g->base, address, false);
}

static struct error *run_trial(struct gdb_target *g, struct trial *trial)
{
	const struct isa *isa = g->base.isa;
	bool taken = true, overrun = false;
	size_t got = 0;
	struct error *err = target_read_regs(&g->base, &trial->before);

	if (err)
		return err;
	state_copy(&trial->now, &trial->before);
	trial->at = state_get(&trial->before, isa->pc) / TRIAL_LEN * TRIAL_LEN; /* within a page */
	trial->scratch = state_get(&trial->before, isa->sp) + (uint64_t)(int64_t)isa->overrun_scratch;
	err = target_read_memory(&g->base, trial->at, trial->code, TRIAL_LEN, &got);
	if (!err)
		err = target_read_memory(&g->base, trial->scratch, trial->memory, SCRATCH_LEN, &trial->memory_len);
	if (err || got != TRIAL_LEN)
		return err ? err : do_without(g, trial->at);
	for (uint32_t i = 0; !err && i < isa->num_overruns; i++) {
		err = write_code(g, trial, &isa->overruns[i], &taken);
		if (err || !taken)
			return err ? err : do_without(g, trial->at);
		err = try_row(g, trial, &isa->overruns[i], &overrun);
		trial->overruns |= (uint32_t)overrun << i;
	}
	if (!err)
		err = restore(g, trial);
	if (!err)
		g->base.overruns = trial->overruns;
	return err;
}

struct error *gdb_try_overruns(struct target *t)
{
	struct gdb_target *g = to_gdb(t);
	struct trial trial = {0};
	struct error *err;

	if (g->overruns_tried)
		return NULL;
	g->overruns_tried = true;
	err = state_init(&trial.before, t->isa);
	if (!err)
		err = state_init(&trial.now, t->isa);
	if (!err)
		err = run_trial(g, &trial);
	state_deinit(&trial.before);
	state_deinit(&trial.now);
	return err;
}
