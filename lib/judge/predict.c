#include "lib/judge/faulted.h"
#include "lib/judge/predict_parts.h"

struct error *predictor_init(struct predictor *p, struct source *source)
{
	*p = (struct predictor){.source = source, .isa = source->isa};

	struct error *err = lift_cache_create(source->isa, 0, &p->cache);
	if (!err)
		err = memory_create(&p->memory);
	if (!err)
		err = state_init(&p->front, source->isa);
	if (err)
		predictor_deinit(p);
	else
		memory_journal_start(p->memory);
	return err;
}

void predictor_deinit(struct predictor *p)
{
	lift_cache_destroy(p->cache);
	memory_destroy(p->memory);
	map_deinit(&p->mapped);
	state_deinit(&p->front);
	eval_deinit(&p->eval);
	error_destroy(p->error);
	*p = (struct predictor){0};
}

static struct error *apply(struct predictor *p, const struct prediction *slot)
{
	prediction_apply(slot, &p->front);
	for (size_t i = 0; i < slot->stores.len && !source_shows_accesses(p->source); i++) {
		const struct eval_store *s = &slot->stores.at[i];
		struct error *err = memory_write(p->memory, s->address, s->data, s->masked ? s->mask : NULL, s->len);
		if (err)
			return err;
	}
	return NULL;
}

static struct error *take_error(struct predictor *p)
{
	struct error *err = p->error;

	p->error = NULL;
	return err ? err : error_create(ERROR_BUG, "evaluation stopped without a reason");
}

/* Did it come to that? Its stores may fault, and what it does in front of a page that faults is to be known before. */
static enum eval_status reach_memory(struct predictor *p, struct prediction *slot)
{
	enum mem_result reach = MEM_OK;
	bool fault = p->eval.status == EVAL_FAULT && p->eval.fault == FAULT_PAGE;
	bool stores = p->eval.status == EVAL_DONE || p->eval.last_fault;
	bool keeps = !source_shows_accesses(p->source);

	if (stores)
		reach = predict_reach_stores(p);
	if (reach != MEM_ERROR && stores && p->eval.num_stores && keeps && !know_stores(p, slot))
		reach = MEM_ERROR;
	if (fault && keeps && !know_operand(p, slot))
		reach = MEM_ERROR;
	if (reach == MEM_OK)
		return p->eval.status;
	p->eval.fault = FAULT_PAGE;
	p->eval.last_fault = false;
	return reach == MEM_FAULT ? EVAL_FAULT : EVAL_ERROR;
}

struct error *predict_wait(struct predictor *p, enum predict_result *ret)
{
	*ret = PREDICT_WAIT;
	return p->waiting ? NULL : take_error(p);
}

/*
 * Moves the front behind the outputs of the slot. Undefined bytes in memory are whatever the guest makes of them: look
 * before going on. So is memory that takes more reads than a plan has.
 */
static struct error *advance(struct predictor *p, const struct prediction *slot, enum predict_result *ret)
{
	*ret = prediction_has_masked_store(slot) || slot->stores.len > OBSERVED_MAX_READS ? PREDICT_LAST : PREDICT_DONE;
	return apply(p, slot);
}

/* Of what cannot be predicted it is told (p->fault_at) if what its operand names is not there. */
static struct error *look_at_operand(struct predictor *p, const struct prediction *slot, enum predict_result *ret)
{
	return predict_reach_operand(p, &slot->lifted->insn) == MEM_ERROR ? predict_wait(p, ret) : NULL;
}

/* Some input bits were not known, and so are some of the outputs'. */
static bool is_imprecise(const struct eval *e)
{
	for (size_t i = 0; i < e->num_regs && e->used_unknown; i++)
		for (unsigned k = 0; e->regs[i].mask && k < e->regs[i].num_words; k++)
			if (e->regs[i].mask[k])
				return true;
	for (size_t i = 0; i < e->num_stores && e->used_unknown; i++)
		if (e->stores[i].masked)
			return true;
	return false;
}

/* What the evaluation came to. */
static struct error *conclude(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	enum eval_status status = reach_memory(p, slot);
	struct error *err;

	/* What was fetched for it stays known when its stores are taken back. */
	slot->mark = memory_journal_mark(p->memory);

	switch (status) {
	case EVAL_DONE:
		err = predict_keep_outputs(p, slot, &p->eval);
		if (err)
			return err;
		slot->kind = PREDICTED_OUTPUTS;
		slot->imprecise = is_imprecise(&p->eval);
		return advance(p, slot, ret);
	case EVAL_FAULT:
		slot->kind = PREDICTED_FAULT;
		slot->fault = p->eval.fault;
		*ret = PREDICT_LAST;
		return p->eval.last_fault ? predict_keep_faulted(slot, &p->eval) : NULL;
	case EVAL_UNKNOWN:
		*ret = p->source->stance == STANCE_BEHIND ? PREDICT_WAIT : PREDICT_LAST;
		return *ret == PREDICT_LAST ? look_at_operand(p, slot, ret) : NULL;
	case EVAL_ERROR: return predict_wait(p, ret);
	}
	return error_create(ERROR_BUG, "unknown status of an evaluation");
}

/* There is no transfer. */
static struct error *predict_unmodelled(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	bool keeps = !source_shows_accesses(p->source);

	if (keeps && slot->lifted->insn.may_store && !know_operand(p, slot))
		return predict_wait(p, ret);
	struct error *err = slot->lifted->insn.confined ? predict_keep_changes(p, slot) : NULL;
	*ret = PREDICT_LAST;
	return err ? err : look_at_operand(p, slot, ret);
}

static struct error *predict_lifted(struct predictor *p, struct prediction *slot, enum predict_result *ret)
{
	const struct eval_memory memory = {.ctx = p, .load = predict_load};

	/* How much of it was done is found by following memory, which such a source does not have. */
	bool followed = !slot->lifted->insn.rest_len || !source_shows_accesses(p->source);
	if (!slot->lifted->prog || !followed)
		return predict_unmodelled(p, slot, ret);
	struct error *err = prog_run(slot->lifted->prog, p->front.value, p->front.unknown, &memory, &p->eval);
	return err ? err : conclude(p, slot, ret);
}

/* There is no instruction: the PC's page is not there, or what is there is not known. */
static struct error *predict_no_insn(struct predictor *p, struct prediction *slot, enum mem_result why,
				     enum predict_result *ret)
{
	if (why == MEM_ERROR)
		return predict_wait(p, ret);
	*ret = PREDICT_LAST;
	slot->kind = why == MEM_OK ? PREDICTED_NOTHING : PREDICTED_FAULT;
	slot->fault = FAULT_PAGE;
	return NULL;
}

void predict_begin(struct predictor *p, struct prediction *slot)
{
	predict_nothing(p, slot, state_get(&p->front, p->isa->pc));
}

void predict_nothing(struct predictor *p, struct prediction *slot, uint64_t pc)
{
	prediction_reset(slot, pc);
	slot->mark = memory_journal_mark(p->memory);
	p->waiting = false;
	p->fault_len = 0;
	p->current = slot;
}

struct error *predict_insn(struct predictor *p, struct prediction *slot, struct lifted *lifted, enum mem_result why,
			   enum predict_result *ret)
{
	slot->lifted = lifted;
	return lifted ? predict_lifted(p, slot, ret) : predict_no_insn(p, slot, why, ret);
}

struct error *predict_again(struct predictor *p, struct prediction *slot, const struct state *before)
{
	const struct eval_memory memory = {.ctx = p, .load = predict_load_again};

	p->current = slot;
	struct error *err = prog_run(slot->lifted->prog, before->value, before->unknown, &memory, &p->eval);
	if (err || p->eval.status != EVAL_DONE)
		return err;
	slot->imprecise = is_imprecise(&p->eval);
	return predict_keep_outputs(p, slot, &p->eval);
}
