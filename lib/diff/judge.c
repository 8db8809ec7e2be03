/* Why results differ; and those in registers. */
#include "lib/diff/judge.h"

#include <string.h>

#include "lib/base/search.h"

/* Not that a signal stopped it: what it would have loaded is not known then, and so are its results. */
static struct error *predict_side(struct judging *j, unsigned side, struct lifted *lifted)
{
	struct diff *d = j->d;
	const struct side *s = &d->side[side];
	struct prediction *slot = &d->predicted[side];

	d->shown[side].accesses = s->accesses;
	d->shown[side].num_accesses = s->num_accesses;
	struct error *err = shown_predict(&d->shown[side], &d->model, s->before, s->pc, lifted, slot);
	if (err)
		return err;
	j->predicted &= slot->kind == PREDICTED_OUTPUTS;
	j->unknown |= slot->kind == PREDICTED_NOTHING && lifted->prog;
	return NULL;
}

struct error *judge_predict(struct judging *j)
{
	struct diff *d = j->d;
	struct lifted *of_b = j->lifted;
	struct error *err = NULL;

	if (j->asked)
		return NULL;
	j->asked = true;
	if (!j->effects || d->merged || j->inputs == INPUTS_DIFFERENT)
		return NULL;
	if (d->side[A].pc != d->side[B].pc)
		err = lift_cache_get(d->model.cache, d->side[B].pc, d->side[B].bytes, d->side[B].len, &of_b);
	j->predicted = true;
	if (!err)
		err = predict_side(j, A, j->lifted);
	return err ? err : predict_side(j, B, of_b);
}

static uint64_t missing(const struct output *o, bool with_explained)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < o->words; i++)
		any |= o->differs[i] & ~o->mask[i] & ~(with_explained ? o->explained[i] : 0);
	return any;
}

/* Of a system call that no log was asked about, the result is the world's; so is what a signal's delivery does, and the
 * return from its handler: both are about the stack, which is elsewhere. */
static bool is_foreign_event(const struct diff *d)
{
	const struct trace_event *a = d->side[A].event, *b = d->side[B].event;

	return a && b &&
	       (a->unlogged || b->unlogged || a->delivery || b->delivery ||
		sys_meaning(sys_lookup(d->isa, a->number)) == SYS_RT_SIGRETURN);
}

enum diff_class judge_class(const struct judging *j, const struct output *o)
{
	if (j->inputs == INPUTS_DIFFERENT)
		return DIFF_CONSEQUENCE;
	if (is_foreign_event(j->d))
		return DIFF_OUTSIDE;
	if (!j->predicted)
		return j->unknown ? DIFF_ORIGIN_UNKNOWN : DIFF_INDEPENDENT;
	if (!missing(o, false))
		return o->undefined ? DIFF_UNDEFINED : j->lifted->env ? DIFF_OUTSIDE : DIFF_ORIGIN_UNKNOWN;
	if (j->inputs == INPUTS_TRANSLATED && !missing(o, true))
		return DIFF_ADDRESSES;
	return DIFF_INDEPENDENT;
}

struct error *judge_list(struct judging *j, enum diff_class class, enum diff_kind kind, struct finding *f,
			 uint64_t address_b)
{
	j->consequence |= class == DIFF_CONSEQUENCE;
	return list_add(j->d, class, kind, f, address_b, j->lifted, j->effects);
}

enum diff_class judge_plain_class(const struct judging *j)
{
	return j->inputs == INPUTS_DIFFERENT ? DIFF_CONSEQUENCE : DIFF_INDEPENDENT;
}

/* ---- Registers ---- */

static bool changed(const struct side *s, const struct reg_desc *desc)
{
	size_t size = reg_words(desc) * sizeof *s->before->value;

	return memcmp(s->before->value + desc->word, s->after->value + desc->word, size) != 0 ||
	       memcmp(s->before->unknown + desc->word, s->after->unknown + desc->word, size) != 0;
}

/* reg is one of the ascending list. */
static bool has(const uint32_t *list, size_t len, uint32_t reg)
{
	size_t found;

	SEARCH_FIRST(found, len, i, list[i] < reg);
	return found < len && list[found] == reg;
}

static bool is_written(const struct judging *j, uint32_t reg)
{
	const struct diff *d = j->d;
	const struct reg_desc *desc = &d->isa->regs[reg];

	if (j->effects && has(j->effects->writes.at, j->effects->writes.len, reg))
		return true;
	if (j->effects && !d->side[A].event && !d->side[B].event)
		return false;
	return changed(&d->side[A], desc) || changed(&d->side[B], desc);
}

/* The kernel leaves whatever it likes in it. */
static bool is_clobbered(const struct judging *j, uint32_t reg)
{
	const struct isa *isa = j->d->isa;
	bool call = j->d->side[A].event || j->d->side[B].event ||
		    (j->lifted->prog && j->lifted->kind == TRANSFER_SYSCALL);

	for (uint32_t i = 0; call && i < isa->sys.num_clobbered; i++)
		if (isa->sys.clobbered[i] == reg)
			return true;
	return false;
}

/*
 * What manuals give within an error is open where both sides keep to it; where one does not, the model tells that it
 * is wrong.
 */
static void settle_bounds(const struct judging *j, unsigned side, uint32_t reg, struct output *o)
{
	const struct prediction *p = &j->d->predicted[side];
	const struct state *after = j->d->side[side].after;
	const unsigned word = j->d->isa->regs[reg].word;

	for (size_t i = 0; i < p->bounds.len; i++) {
		const struct eval_bound *bound = &p->bounds.at[i];
		uint64_t value[EXPR_MAX_WORDS] = {0}, mask[EXPR_MAX_WORDS];
		if (bound->reg != reg)
			continue;
		memcpy(mask, o->mask, sizeof mask);
		if (eval_bound_settle(bound, after->value + word, after->unknown + word, value, mask) != BOUND_BROKEN)
			continue;
		for (unsigned k = 0; k < o->words; k++) {
			o->explained[k] &= ~(o->mask[k] & ~mask[k]);
			o->mask[k] = mask[k];
		}
	}
}

static void consult_model(const struct judging *j, uint32_t reg, struct output *o)
{
	const struct diff *d = j->d;
	const struct prediction *a = &d->predicted[A], *b = &d->predicted[B];
	const unsigned word = d->isa->regs[reg].word;

	if (!j->predicted)
		return;
	size_t in_a = prediction_find(a, reg), in_b = prediction_find(b, reg);
	if (in_a == a->regs.len || in_b == b->regs.len)
		return;
	o->undefined = has(j->effects->undefined.at, j->effects->undefined.len, reg);
	for (unsigned i = 0; i < o->words; i++) {
		o->mask[i] = prediction_mask(a, in_a, d->isa)[i] | prediction_mask(b, in_b, d->isa)[i];
		o->explained[i] = ~((prediction_value(a, in_a)[i] ^ d->side[A].after->value[word + i]) |
				    (prediction_value(b, in_b)[i] ^ d->side[B].after->value[word + i]));
	}
	settle_bounds(j, A, reg, o);
	settle_bounds(j, B, reg, o);
}

/* The values, and which of their bits count. */
static void fill_register(const struct diff *d, uint32_t reg, const struct output *o, enum diff_class class,
			  struct finding *f)
{
	const struct reg_desc *desc = &d->isa->regs[reg];

	f->kind = LOCATION_REG;
	f->reg = reg;
	f->width = desc->width;
	for (unsigned i = 0; i < o->words; i++) {
		unsigned w = desc->word + i;
		f->expected[i] = d->side[A].after->value[w];
		f->observed[i] = d->side[B].after->value[w];
		f->mask[i] = d->side[A].after->unknown[w] | d->side[B].after->unknown[w] | d->ignored[w];
		if (class == DIFF_INDEPENDENT)
			f->mask[i] |= o->mask[i];
		/* Places that are the same under other addresses. */
		if (!o->differs[i])
			f->mask[i] = UINT64_MAX;
	}
}

/* Flags of a class are one finding. */
static void add_flag(struct judging *j, enum diff_class class, uint32_t reg, uint64_t differs)
{
	struct finding *f = &j->flags[class];

	if (!f->width) {
		*f = (struct finding){.kind = LOCATION_FLAGS, .reg = reg, .width = 32};
		f->expected[0] = state_get_flags(j->d->side[A].after, reg);
		f->observed[0] = state_get_flags(j->d->side[B].after, reg);
	}
	f->flags |= differs << j->d->isa->regs[reg].gdb_low;
	f->mask[0] = ~f->flags;
}

static struct error *list_flags(struct judging *j)
{
	struct error *err = NULL;

	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++) {
		if (!j->flags[c].width)
			continue;
		if (!err)
			err = judge_list(j, (enum diff_class)c, DIFF_VALUE, &j->flags[c], 0);
	}
	return err;
}

/* A register that the instruction does not write, and that changed nevertheless, or was not seen before. */
static enum diff_class classify_stray(const struct judging *j, uint32_t reg, const struct output *o)
{
	const struct diff *d = j->d;
	const struct reg_desc *desc = &d->isa->regs[reg];
	bool seen = true, equal = true, translated;

	for (unsigned i = 0; i < o->words; i++) {
		unsigned w = desc->word + i;
		seen &= !(o->differs[i] & (d->side[A].before->unknown[w] | d->side[B].before->unknown[w]));
		equal &= !word_difference(d, d->side[A].before, d->side[B].before, w, &translated);
	}
	return !equal ? DIFF_CONSEQUENCE : seen ? DIFF_INDEPENDENT : DIFF_ORIGIN_UNKNOWN;
}

static struct error *compare_register(struct judging *j, uint32_t reg, struct output *o)
{
	const struct diff *d = j->d;
	const struct reg_desc *desc = &d->isa->regs[reg];
	struct finding f = {.unwritten = !is_written(j, reg)};
	enum diff_class class;

	if (f.unwritten && !changed(&d->side[A], desc) && !changed(&d->side[B], desc))
		return NULL; /* as it was */
	struct error *err = f.unwritten ? NULL : judge_predict(j);
	if (err)
		return err;
	if (is_clobbered(j, reg)) {
		class = DIFF_OUTSIDE;
	} else if (f.unwritten) {
		class = classify_stray(j, reg, o);
	} else {
		consult_model(j, reg, o);
		class = judge_class(j, o);
	}
	if (d->is_flag[reg] && !f.unwritten) {
		add_flag(j, class, reg, class == DIFF_INDEPENDENT ? o->differs[0] & ~o->mask[0] : o->differs[0]);
		return NULL;
	}
	fill_register(d, reg, o, class, &f);
	return judge_list(j, class, DIFF_VALUE, &f, 0);
}

struct error *judge_registers(struct judging *j)
{
	const struct diff *d = j->d;
	struct error *err = NULL;

	for (uint32_t r = 0; r < d->isa->num_regs && !err; r++) {
		struct output o = {.words = reg_words(&d->isa->regs[r])};
		bool translated, any = false;
		for (unsigned i = 0; i < o.words; i++) {
			o.differs[i] = word_difference(d, d->side[A].after, d->side[B].after, d->isa->regs[r].word + i,
						       &translated);
			any |= o.differs[i] != 0;
		}
		if (any)
			err = compare_register(j, r, &o);
	}
	return err ? err : list_flags(j);
}
