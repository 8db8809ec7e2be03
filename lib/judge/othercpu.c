#include "lib/judge/othercpu.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/strbuf.h"
#include "lib/judge/judge.h"
#include "lib/sys/signal.h"

void other_cpus_deinit(struct other_cpus *o)
{
	lift_cache_destroy(o->cache);
	prediction_deinit(&o->slot);
	judgement_deinit(&o->judgement);
	state_deinit(&o->after);
	*o = (struct other_cpus){0};
}

static struct error *prepare(struct judge *j)
{
	struct other_cpus *o = &j->others;

	if (o->cache)
		return NULL;
	struct error *err = state_init(&o->after, j->source->isa);
	return err ? err : lift_cache_create(j->source->isa, 0, &o->cache);
}

/* ---- What it would do ---- */

/* Bytes that were read for the prediction, as a store of the other one expects them. */
static bool find_seen(const struct judge *j, const struct prediction *slot, const struct eval_store *s, uint8_t *ret)
{
	for (size_t i = 0; i < slot->stores.len && i < OBSERVED_MAX_READS; i++) {
		const struct eval_store *read = &slot->stores.at[i];
		uint64_t at = s->address - read->address;
		if (!j->reply.memory_ok[i] || at >= read->len || s->len > read->len - at)
			continue;
		memcpy(ret, j->reply.memory[i] + at, s->len);
		return true;
	}
	return false;
}

static struct observed seen_stores(const struct judge *j, const struct prediction *slot)
{
	const struct prediction *other = &j->others.slot;
	struct observed ret = {.stop = j->reply.stop};

	for (size_t i = 0; i < other->stores.len && i < OBSERVED_MAX_READS; i++)
		ret.memory_ok[i] = find_seen(j, slot, &other->stores.at[i], ret.memory[i]);
	return ret;
}

/* Predicts the instruction anew; memory and the predictor are as before afterwards, but for its front. */
static struct error *predict_as(struct judge *j, const struct prediction *slot, const struct isa_cpu *cpu)
{
	struct predictor *p = &j->model;
	const struct insn *insn = &slot->lifted->insn;
	enum stance stance = p->source->stance;
	enum predict_result result;
	struct lifted *lifted;

	lift_cache_set_cpu(j->others.cache, cpu);
	if (p->isa->lifter_set_checks)
		lift_cache_set_checks(j->others.cache, state_get(&j->before, p->isa->checks_flag));
	struct error *err = lift_cache_get(j->others.cache, slot->pc, insn->bytes, insn->len, &lifted);
	if (err)
		return err;
	p->source->stance = STANCE_AHEAD;
	state_copy(&p->front, &j->before);
	state_set(&p->front, p->isa->pc, slot->pc);
	memory_mark mark = memory_journal_mark(p->memory);
	predict_begin(p, &j->others.slot);
	j->others.slot.lifted = lifted;
	if (lifted->kind != TRANSFER_SYSCALL)
		err = predict_insn(p, &j->others.slot, lifted, MEM_OK, &result);
	if (!err)
		err = memory_journal_rollback(p->memory, mark);
	p->source->stance = stance;
	return err;
}

/* *ret: that CPU does what the guest did, or nobody knows what it does, for it has another instruction there, of which
 * there is no model. Where the model has one and an input is not known, it stays open and excuses nothing. */
static struct error *try_cpu(struct judge *j, const struct prediction *slot, const struct isa_cpu *cpu, bool *ret)
{
	struct other_cpus *o = &j->others;
	int signal = j->reply.stop.kind == STOP_SIGNAL ? j->reply.stop.signal : 0;
	struct error *err = predict_as(j, slot, cpu);

	*ret = false;
	if (err)
		return err;
	if (o->slot.kind == PREDICTED_FAULT) {
		*ret = fault_signal(o->slot.fault)->signal == signal;
		if (*ret)
			keep_registers(j->source, &j->before, &j->seen, &o->after);
		return NULL;
	}
	if (o->slot.kind == PREDICTED_NOTHING) {
		*ret = o->slot.lifted && o->slot.lifted->insn.status != LIFT_DONE;
		state_copy(&o->after, &j->now);
		return NULL;
	}
	if (signal)
		return NULL;
	struct observed memory = seen_stores(j, slot);
	judgement_clear(&o->judgement);
	err = judge_outputs(&o->judgement, j->source, &o->slot, &j->before, &j->seen, &memory, NULL, &o->after);
	*ret = !err && !o->judgement.differences.len;
	return err;
}

/* ---- Which one it may be ---- */

/* One of the rows, or all of them. *ret_rows: those of the CPU that does what the guest did; 0: there is none. */
static struct error *try_vendor(struct judge *j, const struct prediction *slot, uint32_t *ret_rows)
{
	uint32_t rows = slot->lifted->insn.vendor_rows;
	struct isa_cpu cpu = *lift_cache_cpu(j->model.cache);
	struct error *err = NULL;
	bool same = false;

	for (uint32_t left = rows; left && !same && !err; left &= left - 1) {
		cpu.other_rows = left & -left;
		err = try_cpu(j, slot, &cpu, &same);
	}
	if (!err && !same && rows & (rows - 1)) {
		cpu.other_rows = rows;
		err = try_cpu(j, slot, &cpu, &same);
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

const char *lacking_feature(const struct judge *j, const struct insn *insn)
{
	const struct isa_cpu *cpu = lift_cache_cpu(j->model.cache);
	unsigned feature = cpu ? find_feature(cpu, insn, true) : 0;

	return feature ? j->source->isa->features[feature].name : NULL;
}

/* A CPU with the features that the guest's lacks, or without one of which nobody knows. */
static struct error *try_features(struct judge *j, const struct prediction *slot, bool *ret)
{
	const struct insn *insn = &slot->lifted->insn;
	struct isa_cpu cpu = *lift_cache_cpu(j->model.cache);
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
	return try_cpu(j, slot, &cpu, ret);
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

static char *vendor_text(const struct judge *j, const struct isa_cpu *cpu, uint32_t rows)
{
	const struct isa *isa = j->source->isa;
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
static struct error *forget_stores(struct judge *j)
{
	struct prediction *other = &j->others.slot;
	struct error *err = NULL;

	for (size_t i = 0; i < other->stores.len && other->kind == PREDICTED_OUTPUTS && !err; i++)
		err = memory_forget(j->model.memory, other->stores.at[i].address, other->stores.at[i].len);
	return err;
}

static struct error *conclude(struct judge *j, const struct isa_cpu *cpu, const struct insn *insn, uint32_t rows)
{
	struct judgement *made = &j->judgement;
	unsigned lacks = find_feature(cpu, insn, true);
	bool either = rows ? cpu->vendor == CPU_VENDOR_UNKNOWN || !is_settled(j->source->isa, rows) : !lacks;

	state_copy(&j->now, &j->others.after);
	if (either) {
		made->differences.len = 0;
		made->either = true;
		j->run->either += j->judging;
	} else {
		made->as_other = rows ? AS_OTHER_VENDOR : AS_OTHER_FEATURES;
		free(made->other_text);
		made->other_text = rows ? vendor_text(j, cpu, rows) : feature_text(j->source->isa, lacks);
		if (!made->other_text)
			return &error_no_memory;
	}
	return forget_stores(j);
}

/* What is expected is the log's, or it is no step of an instruction that was read. */
static bool is_beyond(const struct judge *j, const struct prediction *slot)
{
	for (size_t i = 0; i < j->judgement.differences.len; i++)
		if (j->judgement.differences.at[i].logged)
			return true;
	return !slot->lifted || !lift_cache_cpu(j->model.cache);
}

struct error *judge_other_cpus(struct judge *j, const struct prediction *slot)
{
	uint32_t rows = 0;
	bool same = false;

	if (is_beyond(j, slot))
		return NULL;
	const struct insn *insn = &slot->lifted->insn;
	if (!insn->vendor_rows && !insn->feature[0])
		return NULL;
	struct error *err = prepare(j);
	if (!err && insn->vendor_rows)
		err = try_vendor(j, slot, &rows);
	if (!err && !rows)
		err = try_features(j, slot, &same);
	return err || (!rows && !same) ? err : conclude(j, lift_cache_cpu(j->model.cache), insn, rows);
}

/* ---- The oracle's CPU ---- */

static struct error *no_page(void *ctx, uint64_t address, uint8_t *ret, bool *ret_writable)
{
	(void)ctx, (void)ret, (void)ret_writable;
	return error_fault(address);
}

/* Asks it what it is. What it does not answer stays unknown. */
static struct error *ask_host(struct judge *j, const struct isa_question *q, struct state *before)
{
	const struct isa *isa = j->source->isa;
	const struct oracle_pages pages = {.read = no_page};
	const uint64_t pc = UINT64_C(0x401000);
	struct oracle_outcome out;
	struct lifted *lifted;
	struct error *err = lift_cache_get(j->others.cache, pc, q->insn, q->insn_len, &lifted);

	if (!err)
		err = oracle_outcome_init(&out, isa);
	if (err)
		return err;
	state_set(before, isa->pc, pc);
	for (size_t i = 0; i < sizeof q->inputs / sizeof *q->inputs; i++)
		state_set(before, q->inputs[i].reg, q->inputs[i].value);
	err = oracle_adjudicate(j->options->oracle, &lifted->insn, before, &pages, &out);
	if (!err && out.end == ORACLE_STEPPED)
		lift_cache_observe(j->others.cache, lifted, before->value, out.after.value);
	if (err && !error_is(err, ERROR_NO_MEMORY)) {
		error_destroy(err);
		err = NULL;
	}
	oracle_outcome_deinit(&out);
	return err;
}

static struct error *find_host(struct judge *j)
{
	const struct isa *isa = j->source->isa;
	const struct isa_cpu nothing = {0};
	struct state before = {0};
	struct error *err = prepare(j);

	if (!err)
		err = state_init(&before, isa);
	if (err)
		return err;
	oracle_initial_state(j->options->oracle, &before);
	lift_cache_set_cpu(j->others.cache, &nothing);
	for (uint32_t i = 0; i < isa->num_questions && !err; i++)
		err = ask_host(j, &isa->questions[i], &before);
	j->others.host = *lift_cache_cpu(j->others.cache);
	j->others.have_host = true;
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

struct error *oracle_is_alike(struct judge *j, const struct insn *insn, bool *ret, char **ret_why)
{
	const struct isa *isa = j->source->isa;
	const struct isa_cpu *guest = lift_cache_cpu(j->model.cache), *host = &j->others.host;
	struct strbuf why = {0};
	unsigned feature;
	struct error *err = NULL;

	*ret = true;
	if (!guest || (!insn->vendor_rows && !insn->feature[0]))
		return NULL;
	if (!j->others.have_host)
		err = find_host(j);
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
