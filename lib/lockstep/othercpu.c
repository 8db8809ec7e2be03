#include "lib/lockstep/othercpu.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/strbuf.h"
#include "lib/lockstep/internal.h"
#include "lib/sys/signal.h"

void other_cpus_deinit(struct other_cpus *o)
{
	lift_cache_destroy(o->cache);
	prediction_deinit(&o->slot);
	judgement_deinit(&o->judgement);
	state_deinit(&o->after);
	*o = (struct other_cpus){0};
}

static struct error *prepare(struct lockstep *ls)
{
	struct other_cpus *o = &ls->others;

	if (o->cache)
		return NULL;
	struct error *err = state_init(&o->after, ls->target->isa);
	return err ? err : lift_cache_create(ls->target->isa, 0, &o->cache);
}

/* ---- What it would do ---- */

/* Bytes that were read for the prediction, as a store of the other one expects them. */
static bool find_seen(const struct lockstep *ls, const struct prediction *slot, const struct eval_store *s,
		      uint8_t *ret)
{
	for (size_t i = 0; i < slot->stores.len && i < TARGET_MAX_READS; i++) {
		const struct eval_store *read = &slot->stores.at[i];
		uint64_t at = s->address - read->address;
		if (!ls->reply.memory_ok[i] || at >= read->len || s->len > read->len - at)
			continue;
		memcpy(ret, ls->reply.memory[i] + at, s->len);
		return true;
	}
	return false;
}

static struct target_seen seen_stores(const struct lockstep *ls, const struct prediction *slot)
{
	const struct prediction *other = &ls->others.slot;
	struct target_seen ret = {.stop = ls->reply.stop};

	for (size_t i = 0; i < other->stores.len && i < TARGET_MAX_READS; i++)
		ret.memory_ok[i] = find_seen(ls, slot, &other->stores.at[i], ret.memory[i]);
	return ret;
}

/* Predicts the instruction anew; memory and the predictor are as before afterwards, but for its front. */
static struct error *predict_as(struct lockstep *ls, const struct prediction *slot, const struct isa_cpu *cpu)
{
	struct predictor *p = &ls->model, kept = *p;
	struct prediction *other = &ls->others.slot;
	struct given given;
	enum predict_result result = PREDICT_WAIT;
	struct error *err = NULL;

	lift_cache_set_cpu(ls->others.cache, cpu);
	p->cache = ls->others.cache;
	p->idle = p->waiting = false;
	p->blind = p->alone = true;
	state_copy(&p->front, &ls->before);
	state_set(&p->front, p->isa->pc, slot->pc);
	if (kept.given) {
		given = *kept.given;
		err = lift_cache_get(p->cache, slot->pc, slot->lifted->insn.bytes, slot->lifted->insn.len,
				     &given.lifted);
		p->given = &given;
	}
	memory_mark mark = memory_journal_mark(p->memory);
	other->kind = PREDICTED_NOTHING;
	if (!err)
		err = predict_next(p, other, &result);
	if (!err)
		err = memory_journal_rollback(p->memory, mark);
	p->cache = kept.cache;
	p->given = kept.given;
	p->idle = kept.idle;
	p->waiting = kept.waiting;
	p->blind = kept.blind;
	p->alone = kept.alone;
	return err;
}

/* *ret: that CPU does what the target did, or nobody knows what it does, for it has another instruction there, of which
 * there is no model. Where the model has one and an input is not known, it stays open and excuses nothing. */
static struct error *try_cpu(struct lockstep *ls, const struct prediction *slot, const struct isa_cpu *cpu, bool *ret)
{
	struct other_cpus *o = &ls->others;
	int signal = ls->reply.stop.kind == STOP_SIGNAL ? ls->reply.stop.signal : 0;
	struct error *err = predict_as(ls, slot, cpu);

	*ret = false;
	if (err)
		return err;
	if (o->slot.kind == PREDICTED_FAULT) {
		*ret = fault_signal(o->slot.fault)->signal == signal;
		if (*ret)
			keep_registers(ls->target, &ls->before, &ls->seen, &o->after);
		return NULL;
	}
	if (o->slot.kind == PREDICTED_NOTHING) {
		*ret = o->slot.lifted && o->slot.lifted->insn.status != LIFT_DONE;
		state_copy(&o->after, &ls->now);
		return NULL;
	}
	if (signal)
		return NULL;
	struct target_seen memory = seen_stores(ls, slot);
	judgement_clear(&o->judgement);
	err = judge_outputs(&o->judgement, ls->target, &o->slot, &ls->before, &ls->seen, &memory, NULL, &o->after);
	*ret = !err && !o->judgement.differences.len;
	return err;
}

/* ---- Which one it may be ---- */

/* One of the rows, or all of them. *ret_rows: those of the CPU that does what the target did; 0: there is none. */
static struct error *try_vendor(struct lockstep *ls, const struct prediction *slot, uint32_t *ret_rows)
{
	uint32_t rows = slot->lifted->insn.vendor_rows;
	struct isa_cpu cpu = *lift_cache_cpu(ls->model.cache);
	struct error *err = NULL;
	bool same = false;

	for (uint32_t left = rows; left && !same && !err; left &= left - 1) {
		cpu.other_rows = left & -left;
		err = try_cpu(ls, slot, &cpu, &same);
	}
	if (!err && !same && rows & (rows - 1)) {
		cpu.other_rows = rows;
		err = try_cpu(ls, slot, &cpu, &same);
	}
	*ret_rows = same ? cpu.other_rows : 0;
	return err;
}

/* The first feature that the CPU lacks (lacks), or of which nobody knows; 0: none. */
static unsigned find_feature(const struct isa_cpu *cpu, const struct insn *insn, bool lacks)
{
	for (size_t i = 0; i < sizeof insn->feature; i++) {
		unsigned f = insn->feature[i];
		if (lacks ? !isa_cpu_has(cpu, f) : !isa_cpu_knows(cpu, f))
			return f;
	}
	return 0;
}

const char *lacking_feature(const struct lockstep *ls, const struct insn *insn)
{
	const struct isa_cpu *cpu = lift_cache_cpu(ls->model.cache);
	unsigned feature = cpu ? find_feature(cpu, insn, true) : 0;

	return feature ? ls->target->isa->features[feature].name : NULL;
}

/* A CPU with the features that the guest's lacks, or without one of which nobody knows. */
static struct error *try_features(struct lockstep *ls, const struct prediction *slot, bool *ret)
{
	const struct insn *insn = &slot->lifted->insn;
	struct isa_cpu cpu = *lift_cache_cpu(ls->model.cache);
	unsigned open = find_feature(&cpu, insn, false);

	*ret = false;
	if (find_feature(&cpu, insn, true)) {
		for (size_t i = 0; i < sizeof insn->feature; i++)
			if (insn->feature[i])
				isa_cpu_set(&cpu, insn->feature[i], true);
	} else if (open) {
		isa_cpu_set(&cpu, open, false);
	} else {
		return NULL;
	}
	return try_cpu(ls, slot, &cpu, ret);
}

/* ---- What comes of it ---- */

/* Do the manuals settle which of the vendors' CPUs does what? */
static bool is_settled(const struct isa *isa, uint32_t rows)
{
	for (uint32_t i = 0; i < isa->num_vendor_rows; i++)
		if (rows >> i & 1 && isa->vendor_rows[i].ground != VENDOR_SEEN)
			return true;
	return false;
}

static char *vendor_text(const struct lockstep *ls, const struct isa_cpu *cpu, uint32_t rows)
{
	const struct isa *isa = ls->target->isa;
	enum cpu_vendor other = cpu->vendor == CPU_VENDOR_AMD ? CPU_VENDOR_INTEL : CPU_VENDOR_AMD;
	struct strbuf text = {0};

	strbuf_printf(&text, "does what %s's manual allows", cpu_vendor_name(other));
	for (uint32_t i = 0; i < isa->num_vendor_rows; i++) {
		const struct isa_vendor_row *row = &isa->vendor_rows[i];
		if (rows >> i & 1)
			strbuf_printf(&text, " (%s: %s; %s)", row->what, row->says[other], row->manual[other]);
	}
	strbuf_printf(&text, "; the guest's CPU is %s's%s", cpu_vendor_name(cpu->vendor),
		      cpu->told ? ", as --vendor says" : "");
	return strbuf_take(&text);
}

static char *feature_text(const struct isa *isa, unsigned feature)
{
	struct strbuf text = {0};

	strbuf_printf(&text, "the guest's CPU says that it has no %s (%s)", isa->features[feature].name,
		      isa->features[feature].where);
	return strbuf_take(&text);
}

/* What was not seen of the other CPU's stores is not known. */
static struct error *forget_stores(struct lockstep *ls)
{
	struct prediction *other = &ls->others.slot;
	struct error *err = NULL;

	for (size_t i = 0; i < other->stores.len && other->kind == PREDICTED_OUTPUTS && !err; i++)
		err = memory_forget(ls->model.memory, other->stores.at[i].address, other->stores.at[i].len);
	return err;
}

static struct error *conclude(struct lockstep *ls, const struct isa_cpu *cpu, const struct insn *insn, uint32_t rows)
{
	struct judgement *j = &ls->judgement;
	unsigned lacks = find_feature(cpu, insn, true);
	bool either = rows ? cpu->vendor == CPU_VENDOR_UNKNOWN || !is_settled(ls->target->isa, rows) : !lacks;

	state_copy(&ls->now, &ls->others.after);
	if (either) {
		j->differences.len = 0;
		j->either = true;
		ls->run->either += ls->judging;
	} else {
		j->as_other = rows ? AS_OTHER_VENDOR : AS_OTHER_FEATURES;
		free(j->other_text);
		j->other_text = rows ? vendor_text(ls, cpu, rows) : feature_text(ls->target->isa, lacks);
		if (!j->other_text)
			return &error_no_memory;
	}
	return forget_stores(ls);
}

/* What is expected is the log's, or it is no step of an instruction that was read. */
static bool is_beyond(const struct lockstep *ls, const struct prediction *slot)
{
	for (size_t i = 0; i < ls->judgement.differences.len; i++)
		if (ls->judgement.differences.at[i].logged)
			return true;
	return !slot->lifted || !lift_cache_cpu(ls->model.cache);
}

struct error *judge_other_cpus(struct lockstep *ls, const struct prediction *slot)
{
	uint32_t rows = 0;
	bool same = false;

	if (is_beyond(ls, slot))
		return NULL;
	const struct insn *insn = &slot->lifted->insn;
	if (!insn->vendor_rows && !insn->feature[0])
		return NULL;
	struct error *err = prepare(ls);
	if (!err && insn->vendor_rows)
		err = try_vendor(ls, slot, &rows);
	if (!err && !rows)
		err = try_features(ls, slot, &same);
	return err || (!rows && !same) ? err : conclude(ls, lift_cache_cpu(ls->model.cache), insn, rows);
}

/* ---- The oracle's CPU ---- */

static struct error *no_page(void *ctx, uint64_t address, uint8_t *ret, bool *ret_writable)
{
	(void)ctx, (void)ret, (void)ret_writable;
	return error_fault(address);
}

/* Asks it what it is. What it does not answer stays unknown. */
static struct error *ask_host(struct lockstep *ls, const struct isa_question *q, struct state *before)
{
	const struct isa *isa = ls->target->isa;
	const struct oracle_pages pages = {.read = no_page};
	const uint64_t pc = UINT64_C(0x401000);
	struct oracle_outcome out;
	struct lifted *lifted;
	struct error *err = lift_cache_get(ls->others.cache, pc, q->insn, q->insn_len, &lifted);

	if (!err)
		err = oracle_outcome_init(&out, isa);
	if (err)
		return err;
	state_set(before, isa->pc, pc);
	for (size_t i = 0; i < sizeof q->inputs / sizeof *q->inputs; i++)
		state_set(before, q->inputs[i].reg, q->inputs[i].value);
	err = oracle_adjudicate(ls->options->oracle, &lifted->insn, before, &pages, &out);
	if (!err && out.end == ORACLE_STEPPED)
		lift_cache_observe(ls->others.cache, lifted, before->value, out.after.value);
	if (err && !error_is(err, ERROR_NO_MEMORY)) {
		error_destroy(err);
		err = NULL;
	}
	oracle_outcome_deinit(&out);
	return err;
}

static struct error *find_host(struct lockstep *ls)
{
	const struct isa *isa = ls->target->isa;
	const struct isa_cpu nothing = {0};
	struct state before = {0};
	struct error *err = prepare(ls);

	if (!err)
		err = state_init(&before, isa);
	if (err)
		return err;
	oracle_initial_state(ls->options->oracle, &before);
	lift_cache_set_cpu(ls->others.cache, &nothing);
	for (uint32_t i = 0; i < isa->num_questions && !err; i++)
		err = ask_host(ls, &isa->questions[i], &before);
	ls->others.host = *lift_cache_cpu(ls->others.cache);
	ls->others.have_host = true;
	state_deinit(&before);
	return err;
}

static bool same_features(const struct isa_cpu *a, const struct isa_cpu *b, const struct insn *insn, unsigned *ret)
{
	for (size_t i = 0; i < sizeof insn->feature; i++) {
		*ret = insn->feature[i];
		if (isa_cpu_has(a, *ret) != isa_cpu_has(b, *ret))
			return false;
	}
	return true;
}

struct error *oracle_is_alike(struct lockstep *ls, const struct insn *insn, bool *ret, char **ret_why)
{
	const struct isa *isa = ls->target->isa;
	const struct isa_cpu *guest = lift_cache_cpu(ls->model.cache), *host = &ls->others.host;
	struct strbuf why = {0};
	unsigned feature;
	struct error *err = NULL;

	*ret = true;
	if (!guest || (!insn->vendor_rows && !insn->feature[0]))
		return NULL;
	if (!ls->others.have_host)
		err = find_host(ls);
	if (err)
		return err;
	bool known = guest->vendor != CPU_VENDOR_UNKNOWN && guest->vendor != host->vendor;
	if (insn->vendor_rows && known)
		strbuf_printf(&why, "is %s's, the guest's is %s's", cpu_vendor_name(host->vendor),
			      cpu_vendor_name(guest->vendor));
	else if (!same_features(guest, host, insn, &feature))
		strbuf_printf(&why, "is a CPU with%s %s", isa_cpu_has(host, feature) ? "" : "out",
			      isa->features[feature].name);
	*ret = !why.len;
	if (*ret)
		return NULL;
	*ret_why = strbuf_take(&why);
	return *ret_why ? NULL : &error_no_memory;
}
