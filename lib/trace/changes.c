#include "lib/trace/changes.h"

#include <string.h>

static bool allocate(struct changes *c)
{
	size_t n = c->layout.words.len;

	c->hidden = calloc(n, sizeof *c->hidden);
	c->words = calloc(n, sizeof *c->words);
	c->unseen = calloc(n, sizeof *c->unseen);
	c->unknown = calloc(c->layout.isa->num_words, sizeof *c->unknown);
	c->seen_at = calloc(n, sizeof *c->seen_at);
	c->changed = calloc(n, sizeof *c->changed);
	c->values = calloc(n, sizeof *c->values);
	return c->hidden && c->words && c->unseen && c->unknown && c->seen_at && c->changed && c->values;
}

/* Takes what is not seen of a state. */
static void take_unknown(struct changes *c, const struct state *s)
{
	memcpy(c->unknown, s->unknown, c->layout.isa->num_words * sizeof *c->unknown);
	layout_get_all(&c->layout, s->unknown, c->unseen);
	for (size_t i = 0; i < c->layout.words.len; i++)
		c->unseen[i] |= c->hidden[i];
}

struct error *changes_init(struct changes *c, const struct trace_header *header, const struct state *start)
{
	*c = (struct changes){.number = 0};

	struct error *err = layout_init(&c->layout, header->isa);
	if (err)
		return err;
	if (c->layout.words.len > LAYOUT_MAX_WORDS || !allocate(c))
		return &error_no_memory;
	for (size_t i = 0; i < c->layout.words.len; i++) {
		c->hidden[i] = header->hidden ? layout_get(&c->layout, header->hidden, (uint16_t)i) &
							c->layout.words.at[i].ones
					      : 0;
	}
	take_unknown(c, start);
	layout_get_all(&c->layout, start->value, c->words);
	for (size_t i = 0; i < c->layout.words.len; i++)
		c->words[i] &= ~c->unseen[i];
	return NULL;
}

void changes_deinit(struct changes *c)
{
	layout_deinit(&c->layout);
	free(c->hidden);
	free(c->words);
	free(c->unseen);
	free(c->unknown);
	free(c->seen_at);
	free(c->changed);
	free(c->values);
}

/* ---- Steps ---- */

static void note_word(struct changes *c, const struct state *after, uint16_t word)
{
	uint64_t seen = ~c->unseen[word] & c->layout.words.at[word].ones;
	uint64_t value = (layout_get(&c->layout, after->value, word) & seen) | (c->words[word] & ~seen);

	if (value == c->words[word] || word == c->layout.pc)
		return;
	c->changed[c->num_changed] = word;
	c->values[c->num_changed++] = value;
	c->words[word] = value;
}

/* The words of the registers that the caller names; flags share one. */
static void note_named(struct changes *c, const struct trace_step *step, const struct state *after)
{
	uint64_t shared = 0; /* shared words that were looked at, from the end */

	for (size_t i = 0; i < step->num_changed; i++) {
		uint32_t reg = step->changed[i];
		uint16_t word = c->layout.word_of_reg[reg], n = (uint16_t)reg_words(&c->layout.isa->regs[reg]);
		if (c->layout.words.at[word].num_fields) {
			uint64_t bit = UINT64_C(1) << ((c->layout.words.len - 1 - word) & 63);
			if (shared & bit)
				continue;
			shared |= bit;
		}
		for (uint16_t k = 0; k < n; k++)
			note_word(c, after, (uint16_t)(word + k));
	}
}

/* What is seen changes with this step: until the one before it, this was seen. */
static void note_last_seen(struct changes *c)
{
	for (size_t i = 0; i < c->layout.words.len; i++)
		if (!(c->unseen[i] & ~c->hidden[i]))
			c->seen_at[i] = c->number - 1;
}

void changes_step(struct changes *c, const struct trace_step *step, const struct state *after)
{
	size_t len = c->layout.isa->num_words * sizeof *c->unknown;

	c->number++;
	c->num_changed = 0;
	/* Whoever names registers says that nothing else changed. */
	c->seen_changes = !step->changed && memcmp(c->unknown, after->unknown, len) != 0;
	if (c->seen_changes) {
		note_last_seen(c);
		take_unknown(c, after);
	}
	if (step->changed)
		note_named(c, step, after);
	else
		for (size_t i = 0; i < c->layout.words.len; i++)
			note_word(c, after, (uint16_t)i);
	c->words[c->layout.pc] = after->value[c->layout.isa->regs[c->layout.isa->pc].word];
}

/* ---- What a chunk starts from ---- */

static bool put_state(trace_bytes *out, const struct layout *l, const uint64_t *state)
{
	bool ok = true;

	for (size_t i = 0; i < l->words.len && ok; i++)
		ok = put_u64(out, layout_get(l, state, (uint16_t)i));
	return ok;
}

static bool put_observed(const struct changes *c, trace_bytes *out, const struct trace_observed *o)
{
	return put_u64(out, o->pc) && put_number(out, o->len) && put_bytes(out, o->bytes, o->len) &&
	       put_state(out, &c->layout, o->before.value) && put_state(out, &c->layout, o->after.value);
}

/* What a model carries in the bits that are not seen: values, and which of them it knows. */
static bool put_carried(const struct changes *c, trace_bytes *out, const struct state *carried)
{
	bool ok = true;

	for (size_t i = 0; i < c->layout.words.len && ok; i++) {
		uint64_t known = ~layout_get(&c->layout, carried->unknown, (uint16_t)i) & c->unseen[i] &
				 c->layout.words.at[i].ones;
		uint64_t value = layout_get(&c->layout, carried->value, (uint16_t)i) & known;
		ok = put_u64(out, known) && put_u64(out, value);
	}
	return ok;
}

/* Behind which step each word was last seen. */
static bool put_seen_at(const struct changes *c, trace_bytes *out)
{
	bool ok = true;

	for (size_t i = 0; i < c->layout.words.len && ok; i++)
		ok = put_number(out, (c->unseen[i] & ~c->hidden[i] ? c->seen_at[i] : c->number));
	return ok;
}

bool changes_put_start(struct changes *c, const struct chunk_start *start, trace_bytes *out)
{
	bool ok = put_u8(out, (uint8_t)start->repeat) && put_number(out, start->num_observed);

	c->words[c->layout.pc] = start->pc;
	for (size_t i = 0; i < start->num_observed && ok; i++)
		ok = put_observed(c, out, &start->observed[i]);
	return ok && put_words(out, c->words, c->layout.words.len) && put_words(out, c->unseen, c->layout.words.len) &&
	       put_seen_at(c, out) && put_carried(c, out, start->carried);
}
