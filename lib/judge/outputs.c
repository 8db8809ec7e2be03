#include "lib/judge/outputs.h"

#include <stdlib.h>
#include <string.h>

void judgement_clear(struct judgement *j)
{
	j->differences.len = 0;
	j->as_other = AS_NO_OTHER;
	j->either = j->open = false;
	j->unseen = UNSEEN_NOTHING;
	j->as_logged = j->trapped = false;
	j->within_bound = false;
}

void judgement_deinit(struct judgement *j)
{
	vec_deinit(&j->differences);
	free(j->other_text);
	j->other_text = NULL;
}

static bool push(struct judgement *j, const struct finding *f)
{
	return vec_push(&j->differences, *f);
}

struct error *judge_fault(struct judgement *j, int expected_signal, int observed_signal)
{
	struct finding f = {.kind = LOCATION_FAULT, .width = 8};

	f.expected[0] = (uint64_t)expected_signal;
	f.observed[0] = (uint64_t)observed_signal;
	return push(j, &f) ? NULL : &error_no_memory;
}

/*
 * What the manuals give within an error: what is seen is expected if it keeps to that, else the true value is. Hidden
 * bits of it stay as they are, undetermined.
 */
static void settle_bounds(struct judgement *j, const struct source *source, const struct prediction *slot,
			  const struct state *seen, struct state *expect)
{
	uint64_t hidden[EXPR_MAX_WORDS];

	for (size_t i = 0; i < slot->bounds.len; i++) {
		const struct eval_bound *b = &slot->bounds.at[i];
		const struct reg_desc *desc = &expect->isa->regs[b->reg];
		for (unsigned k = 0; k < reg_words(desc); k++)
			hidden[k] = source->hidden[desc->word + k] | seen->unknown[desc->word + k];
		switch (eval_bound_settle(b, seen->value + desc->word, hidden, expect->value + desc->word,
					  expect->unknown + desc->word)) {
		case BOUND_HOLDS: j->within_bound = true; break;
		case BOUND_BROKEN: break;
		case BOUND_UNSEEN:
			j->unseen = UNSEEN_HIDDEN;
			j->hidden_reg = b->reg;
			break;
		}
	}
}

static struct error *add_register(struct judgement *j, const struct source *source, const struct prediction *slot,
				  uint32_t reg, const struct state *expect, const struct state *seen)
{
	const struct reg_desc *desc = &source->isa->regs[reg];
	struct finding f = {.kind = LOCATION_REG, .reg = reg, .width = desc->width};

	for (unsigned i = 0; i < reg_words(desc); i++) {
		unsigned w = desc->word + i;
		f.expected[i] = expect->value[w];
		f.observed[i] = seen->value[w];
		f.mask[i] = expect->unknown[w] | source->hidden[w] | seen->unknown[w];
	}
	for (size_t i = 0; i < slot->bounds.len && f.num_bounds < FINDING_MAX_BOUNDS; i++)
		if (slot->bounds.at[i].reg == reg)
			f.bounds[f.num_bounds++] = slot->bounds.at[i];
	return push(j, &f) ? NULL : &error_no_memory;
}

/* The bits of word w that differ and can be compared. */
static uint64_t word_difference(const struct source *source, size_t w, const struct state *expect,
				const struct state *seen)
{
	return (expect->value[w] ^ seen->value[w]) & ~(expect->unknown[w] | source->hidden[w] | seen->unknown[w]);
}

/* The words that are looked at: ret, or NULL for all of them. */
enum { TOUCHED_MAX = 64 };

static const uint16_t *list_words(const struct prediction *slot, const struct isa *isa, const struct touched *touched,
				  uint16_t ret[TOUCHED_MAX], size_t *ret_len)
{
	size_t n = 0;

	if (!touched || !touched->words || slot->words.len / 2 + touched->num_words + 1 > TOUCHED_MAX)
		return NULL;
	for (size_t i = 0; i < slot->regs.len; i++) {
		const struct reg_desc *desc = &isa->regs[slot->regs.at[i].reg];
		for (unsigned k = 0; k < reg_words(desc) && n < TOUCHED_MAX; k++)
			ret[n++] = (uint16_t)(desc->word + k);
	}
	for (size_t i = 0; i < touched->num_words && n < TOUCHED_MAX; i++)
		ret[n++] = touched->words[i];
	if (n == TOUCHED_MAX)
		return NULL;
	ret[n++] = isa->regs[isa->pc].word;
	*ret_len = n;
	return ret;
}

static struct error *add_differing(struct judgement *j, const struct source *source, const struct prediction *slot,
				   const struct state *expect, const struct state *seen)
{
	const struct isa *isa = source->isa;

	for (uint32_t r = 0; r < isa->num_regs; r++) {
		uint64_t differs = 0;
		for (unsigned i = 0; i < reg_words(&isa->regs[r]); i++)
			differs |= word_difference(source, isa->regs[r].word + i, expect, seen);
		struct error *err = differs ? add_register(j, source, slot, r, expect, seen) : NULL;
		if (err)
			return err;
	}
	return NULL;
}

/* What came of looking at words: bits that differ, and bits that were not determined or are to be adopted. */
struct looked {
	uint64_t differ, loose;
};

static inline void look(struct looked *l, const struct source *source, size_t w, const struct state *expect,
			const struct state *seen)
{
	uint64_t shown = ~(source->hidden[w] | seen->unknown[w]), unknown = expect->unknown[w];

	l->differ |= (expect->value[w] ^ seen->value[w]) & shown & ~unknown;
	l->loose |= unknown & shown;
}

static struct looked look_at(const struct source *source, const struct state *expect, const struct state *seen,
			     const uint16_t *words, size_t num_words)
{
	struct looked l = {0};

	if (words)
		for (size_t i = 0; i < num_words; i++)
			look(&l, source, words[i], expect, seen);
	else
		for (size_t w = 0; w < num_words; w++)
			look(&l, source, w, expect, seen);
	return l;
}

/* Puts what was seen of a word in place of what was expected. */
static inline void adopt_word(const struct source *source, size_t w, const struct state *seen, struct state *expect)
{
	uint64_t hidden = source->hidden[w] | seen->unknown[w];

	expect->value[w] = (expect->value[w] & hidden) | (seen->value[w] & ~hidden);
	expect->unknown[w] &= hidden;
}

static struct error *compare_store(struct judgement *j, const struct eval_store *s, const uint8_t *seen)
{
	bool differs = false;

	for (unsigned i = 0; i < s->len; i++)
		differs |= ((s->data[i] ^ seen[i]) & (s->masked ? ~s->mask[i] : 0xff)) != 0;
	if (!differs)
		return NULL;

	struct finding f = {.kind = LOCATION_MEMORY, .address = s->address, .width = (uint16_t)(8 * s->len)};
	memcpy(f.expected, s->data, s->len);
	memcpy(f.observed, seen, s->len);
	if (s->masked)
		memcpy(f.mask, s->mask, s->len);
	return push(j, &f) ? NULL : &error_no_memory;
}

/* A later store of the same instruction decides what memory holds afterwards. */
static bool overwritten(const struct prediction *slot, size_t i, bool *ret_whole)
{
	const struct eval_store *s = &slot->stores.at[i];
	bool any = false;

	*ret_whole = false;
	for (size_t k = i + 1; k < slot->stores.len; k++) {
		const struct eval_store *later = &slot->stores.at[k];
		any |= later->address - s->address < s->len || s->address - later->address < later->len;
		*ret_whole |= s->address - later->address < later->len &&
			      s->address - later->address + s->len <= later->len;
	}
	return any;
}

static struct error *compare_memory(struct judgement *j, const struct source *source, const struct prediction *slot,
				    const struct observed *memory)
{
	if (source->stores_later)
		return NULL;

	for (size_t i = 0; i < slot->stores.len; i++) {
		bool whole, over = overwritten(slot, i, &whole);
		if (whole)
			continue;
		if (over || !memory || i >= OBSERVED_MAX_READS || !memory->memory_ok[i]) {
			j->unseen = UNSEEN_MEMORY;
			continue;
		}
		struct error *err = compare_store(j, &slot->stores.at[i], memory->memory[i]);
		if (err)
			return err;
	}
	return NULL;
}

static bool is_unjudged(const struct isa *isa, uint32_t reg)
{
	for (uint32_t i = 0; i < isa->num_unjudged; i++)
		if (isa->unjudged[i] == reg)
			return true;
	return false;
}

/* The instruction, whose condition does not hold, leaves the register as it was. */
static bool is_kept(const struct prediction *slot, size_t i, const struct state *before)
{
	uint32_t reg = slot->regs.at[i].reg;
	const struct reg_desc *desc = &before->isa->regs[reg];
	const uint64_t *mask = prediction_mask(slot, i, before->isa);
	bool same = slot->lifted && slot->lifted->conditional && state_known(before, reg);

	for (unsigned k = 0; k < reg_words(desc); k++)
		same &= !mask[k] && prediction_value(slot, i)[k] == before->value[desc->word + k];
	return same;
}

/*
 * The bits of a word of the register that are written. Where some of them are not determined, those others that change:
 * the last opcode of x87, 11 of 16 bits, is defined where an exception is pending.
 */
static uint64_t written_bits(const struct prediction *slot, size_t i, unsigned k, const struct state *before)
{
	const struct reg_desc *desc = &before->isa->regs[slot->regs.at[i].reg];
	uint64_t mask = prediction_mask(slot, i, before->isa)[k], value = prediction_value(slot, i)[k];
	uint64_t changed = (value ^ before->value[desc->word + k]) | before->unknown[desc->word + k];
	uint64_t all = desc->width >= 64 ? UINT64_MAX : (UINT64_C(1) << desc->width) - 1;

	return mask && mask != all ? ~mask & changed : UINT64_MAX;
}

/* Some of what the output writes cannot be seen. */
static bool is_hidden(const struct source *source, const struct prediction *slot, size_t i, const struct state *before)
{
	uint32_t reg = slot->regs.at[i].reg;
	const struct reg_desc *desc = &source->isa->regs[reg];
	bool any = false;

	for (unsigned k = 0; k < reg_words(desc) && !any; k++) {
		uint64_t hidden = source->hidden[desc->word + k]; /* mostly 0 */
		any = hidden && hidden & written_bits(slot, i, k, before);
	}
	return any && !is_unjudged(source->isa, reg) && !is_kept(slot, i, before);
}

bool judge_hides(const struct source *source, const struct prediction *slot, const struct state *before, uint32_t *ret)
{
	for (size_t i = 0; i < slot->regs.len; i++) {
		*ret = slot->regs.at[i].reg;
		if (is_hidden(source, slot, i, before))
			return true;
	}
	return false;
}

/* Rare in general registers, in flags often: BSF of zero. */
static bool has_open_bits(const struct source *source, const struct prediction *slot)
{
	for (size_t i = 0; i < slot->regs.len; i++) {
		const struct reg_desc *desc = &source->isa->regs[slot->regs.at[i].reg];
		if (desc->class == REG_GENERAL && *prediction_mask(slot, i, source->isa) & ~source->hidden[desc->word])
			return true;
	}
	return false;
}

struct error *judge_outputs(struct judgement *j, const struct source *source, const struct prediction *slot,
			    const struct state *before, const struct state *seen, const struct observed *memory,
			    const struct touched *touched, struct state *expect)
{
	uint16_t list[TOUCHED_MAX];
	size_t num_words = source->isa->num_words;
	const uint16_t *words = list_words(slot, source->isa, touched, list, &num_words);

	state_copy(expect, before);
	prediction_apply(slot, expect); /* what is unknown then is not compared */
	if (judge_hides(source, slot, before, &j->hidden_reg))
		j->unseen = UNSEEN_HIDDEN;
	settle_bounds(j, source, slot, seen, expect);

	/* Mostly all is as expected, to the bit, and nothing is left to adopt. */
	struct looked l = look_at(source, expect, seen, words, num_words);
	struct error *err = l.differ ? add_differing(j, source, slot, expect, seen) : NULL;
	j->open = l.loose && has_open_bits(source, slot);
	if (!err)
		err = compare_memory(j, source, slot, memory);
	for (size_t i = 0; i < num_words && (l.differ | l.loose); i++)
		adopt_word(source, words ? words[i] : i, seen, expect);
	return err;
}

void keep_registers(const struct source *source, const struct state *before, const struct state *seen,
		    struct state *after)
{
	state_copy(after, before);
	for (uint32_t w = 0; w < source->isa->num_words; w++)
		adopt_word(source, w, seen, after);
}

void adopt_registers(const struct source *source, const struct state *before, const struct state *seen,
		     struct state *after)
{
	const struct isa *isa = source->isa;

	state_copy(after, seen);
	for (uint32_t w = 0; w < isa->num_words; w++)
		after->unknown[w] |= source->hidden[w];
	for (uint32_t r = 0; r < isa->num_regs; r++) {
		const struct reg_desc *reg = &isa->regs[r];
		if (reg->class == REG_SYSTEM && !reg->gdb_name)
			state_set_masked(after, r, before->value + reg->word, before->unknown + reg->word);
	}
}
