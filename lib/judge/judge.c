#include "lib/judge/judge.h"

#include <stdlib.h>

struct error *judge_source_changed(struct judge *j)
{
	if (!j->source->on_request || j->seen_at)
		return NULL;
	j->seen_at = calloc(j->source->isa->num_regs, sizeof *j->seen_at);
	return j->seen_at ? NULL : &error_no_memory;
}

struct error *judge_init(struct judge *j)
{
	const struct isa *isa = j->source->isa;
	struct error *err = predictor_init(&j->model, j->source);

	if (!err)
		err = state_init(&j->now, isa);
	if (!err)
		err = state_init(&j->before, isa);
	if (!err)
		err = state_init(&j->seen, isa);
	if (!err)
		err = state_init(&j->span.start, isa);
	if (!err && j->options->vendor && lift_cache_cpu(j->model.cache)) {
		struct isa_cpu cpu = {.vendor = j->options->vendor, .told = true};
		lift_cache_set_cpu(j->model.cache, &cpu);
	}
	return err ? err : judge_source_changed(j);
}

void judge_deinit(struct judge *j)
{
	free(j->seen_at);
	span_deinit(&j->span);
	suspects_deinit(&j->suspects);
	judgement_deinit(&j->judgement);
	other_cpus_deinit(&j->others);
	state_deinit(&j->now);
	state_deinit(&j->before);
	state_deinit(&j->seen);
	predictor_deinit(&j->model);
}

/* ---- Registers that are not always shown ---- */

void judge_note_seen(struct judge *j, uint32_t reg)
{
	if (j->seen_at)
		j->seen_at[reg] = j->run->instructions;
}

uint64_t judge_since(const struct judge *j, uint32_t reg)
{
	uint64_t now = j->run->instructions;

	if (!j->seen_at || !j->source->on_request || !j->source->on_request[reg] || j->seen_at[reg] >= now)
		return now;
	return j->seen_at[reg] + 1;
}

/* ---- The guest's CPU ---- */

void judge_note_cpu(struct judge *j)
{
	const struct isa_cpu *cpu = lift_cache_cpu(j->model.cache);

	j->run->vendor = cpu ? cpu->vendor : CPU_VENDOR_UNKNOWN;
}

void judge_tidy_cache(struct judge *j)
{
	if (j->relift)
		lift_cache_empty(j->model.cache);
	j->relift = false;
	if (j->model.repeat != j->repeat)
		lift_cache_set_repeat(j->model.cache, j->model.repeat = j->repeat);
	lift_cache_trim(j->model.cache);
}

/* ---- Findings ---- */

bool judge_has_enough(struct judge *j)
{
	const struct judge_options *o = j->options;
	const struct findings *f = &j->run->findings;
	struct counted *c = &j->counted;

	for (; c->groups < f->list.len; c->groups++)
		c->counting += finding_counts(&f->list.at[c->groups], o->fail_on);
	return (o->stop_on_first && c->counting) || (o->max_findings && c->counting >= o->max_findings);
}

static bool writes_all(const struct prediction *slot, const struct judgement *made)
{
	for (size_t i = 0; i < made->differences.len; i++) {
		const struct finding *f = &made->differences.at[i];
		if (f->kind != LOCATION_REG || prediction_find(slot, f->reg) == slot->regs.len)
			return false;
	}
	return true;
}

struct error *judge_look(struct judge *j, const struct prediction *last, const struct state *before)
{
	const struct prediction nothing = {.kind = PREDICTED_OUTPUTS, .pc = state_get(&j->now, j->source->isa->pc)};

	judgement_clear(&j->judgement);
	state_copy(&j->before, &j->now);
	struct error *err = judge_outputs(&j->judgement, j->source, &nothing, &j->before, &j->seen, NULL, NULL,
					  &j->now);
	if (err || !j->judging || !j->judgement.differences.len)
		return err;
	if (!last || !writes_all(last, &j->judgement))
		return keep_differences(j, &nothing);
	state_copy(&j->before, before);
	return keep_differences(j, last);
}
