/* A pair of steps: made one instruction of both traces, and judged where it is not plainly equal. */
#include <string.h>

#include "lib/diff/judge.h"

/* ---- What is compared ---- */

static void take_side(struct diff *d, unsigned i)
{
	const struct stream *s = &d->stream[i];
	const struct trace_step *step = &s->step;

	d->side[i] = (struct side){
		.before = step->before,
		.after = step->after,
		.accesses = step->accesses,
		.num_accesses = d->no_memory ? 0 : step->num_accesses,
		.event = step->event,
		.signal = step->signal,
		.tid = s->tid,
		.pc = step->pc,
		.number = step->number,
		.next_event = s->event,
		.running = step->running,
		.bytes = step->bytes,
		.len = step->len,
	};
}

static uint64_t next_pc(const struct side *s)
{
	return state_get(s->after, s->after->isa->pc);
}

static bool stays(const struct side *s)
{
	return next_pc(s) == s->pc;
}

/* The side gets further steps: what is before them, and the bytes, would be lost. */
static void keep(struct diff *d, unsigned i)
{
	struct side *s = &d->side[i];

	state_copy(&d->saved[i], s->before);
	s->before = &d->saved[i];
	memcpy(d->bytes[i], s->bytes, s->len);
	s->bytes = d->bytes[i];
	memcpy(d->accesses[i], s->accesses, s->num_accesses * sizeof *s->accesses);
	s->accesses = d->accesses[i];
	d->merged = true;
}

/* What a further step read and wrote. More than fits is not known to be equal. */
static void add_accesses(struct diff *d, unsigned i, const struct trace_step *step)
{
	struct side *s = &d->side[i];
	size_t room = TRACE_MAX_ACCESSES - s->num_accesses;

	if (d->no_memory)
		return;
	d->crowded |= step->num_accesses > room;
	for (size_t k = 0; k < step->num_accesses; k++) {
		if (d->crowded)
			places_mark(&d->places, i, step->accesses[k].address, step->accesses[k].len, true);
		else
			d->accesses[i][s->num_accesses++] = step->accesses[k];
	}
}

/* The memory of a merged step can be compared only if both traces have all of it. */
static void settle_accesses(struct diff *d)
{
	size_t num[SIDES] = {0};

	for (unsigned i = 0; i < SIDES; i++)
		for (size_t k = 0; k < d->side[i].num_accesses; k++)
			num[i] += d->side[i].accesses[k].store;
	if (num[A] == num[B] && d->side[A].num_accesses == d->side[B].num_accesses && !d->crowded)
		return;
	for (unsigned i = 0; i < SIDES; i++) {
		for (size_t k = 0; k < d->side[i].num_accesses; k++)
			if (d->side[i].accesses[k].store)
				places_mark(&d->places, i, d->side[i].accesses[k].address, d->side[i].accesses[k].len,
					    true);
		d->side[i].num_accesses = 0;
	}
}

static struct error *extend(struct diff *d, unsigned i)
{
	struct error *err = stream_next(&d->stream[i]);

	if (err || d->stream[i].at_end)
		return err;
	const struct trace_step *step = &d->stream[i].step;
	d->side[i].after = step->after;
	d->side[i].event = step->event;
	d->side[i].signal = step->signal;
	d->side[i].running = step->running;
	add_accesses(d, i, step);
	return NULL;
}

/* A repeated instruction that goes on in one trace where the other is done with it. */
static struct error *merge_repeats(struct diff *d, unsigned i)
{
	struct error *err = NULL;

	keep(d, i);
	while (!err && stays(&d->side[i]) && stream_left(&d->stream[i]))
		err = extend(d, i);
	return err;
}

/* A block that one trace has in one step, and the other in several. */
static struct error *merge_block(struct diff *d, unsigned i)
{
	struct side *s = &d->side[i];
	const struct side *block = &d->side[!i];
	struct error *err = NULL;

	keep(d, i);
	while (!err && s->len < block->len && stream_left(&d->stream[i])) {
		err = extend(d, i);
		const struct trace_step *step = &d->stream[i].step;
		if (err || s->len + step->len > block->len ||
		    memcmp(block->bytes + s->len, step->bytes, step->len) != 0)
			break;
		memcpy(d->bytes[i] + s->len, step->bytes, step->len);
		s->len += step->len;
		if (!step->len)
			break;
	}
	return err;
}

enum { SEQUENCE_MAX = 64 }; /* steps: an exclusive sequence has five or so */

static bool together(const struct diff *d)
{
	return !d->side[A].running && !d->side[B].running &&
	       places_equal(&d->places, next_pc(&d->side[A]), next_pc(&d->side[B]));
}

/* Instructions that a target ran without a stop: what is behind them is compared, where the other trace is there too.
 */
static struct error *merge_sequence(struct diff *d)
{
	unsigned length[SIDES] = {1, 1};
	struct error *err = NULL;

	d->sequence = true;
	keep(d, A);
	keep(d, B);
	for (unsigned n = 0; n < SEQUENCE_MAX && !err && !together(d); n++) {
		bool behind = d->side[A].running == d->side[B].running ? length[B] < length[A] : d->side[B].running;
		unsigned i = behind ? B : A;
		if (!stream_left(&d->stream[i]))
			break;
		err = extend(d, i);
		length[i]++;
	}
	return err;
}

/* Makes both sides the same instructions where the traces have them in steps of different size. *ret_whole: false if
 * that cannot be: one of the traces ends before. */
static struct error *merge(struct diff *d, const struct lifted *lifted, bool *ret_whole)
{
	const struct side *a = &d->side[A], *b = &d->side[B];
	size_t common = a->len < b->len ? a->len : b->len;
	struct error *err = NULL;

	*ret_whole = true;
	if (memcmp(a->bytes, b->bytes, common) != 0 || !common)
		return NULL;
	if (a->running || b->running) {
		err = merge_sequence(d);
		*ret_whole = together(d);
	} else if (a->len != b->len) {
		err = merge_block(d, a->len < b->len ? A : B);
		*ret_whole = a->len == b->len;
	} else if (lifted->insn.repeats && stays(a) != stays(b)) {
		err = merge_repeats(d, stays(a) ? A : B);
		*ret_whole = stays(a) == stays(b);
	}
	d->result->repeats += d->merged;
	return err;
}

/* ---- One pair ---- */

/* Nothing of a register's word says more than what was there before: it is equal, or as it was, or the same place. */
static bool settled(const struct diff *d, unsigned word, bool *carried)
{
	const struct state *a = d->side[A].after, *b = d->side[B].after;
	bool translated;

	if (!word_difference(d, a, b, word, &translated))
		return true;
	*carried = true;
	return a->value[word] == d->side[A].before->value[word] && b->value[word] == d->side[B].before->value[word] &&
	       a->unknown[word] == d->side[A].before->unknown[word] &&
	       b->unknown[word] == d->side[B].before->unknown[word];
}

/* Nearly all pairs end here. *carried: registers differ, as they did before. */
static bool registers_settled(const struct diff *d, bool *carried)
{
	const struct state *a = d->side[A].after, *b = d->side[B].after;
	bool all = true;

	for (uint32_t w = 0; w < d->isa->num_words && all; w++)
		if ((a->value[w] ^ b->value[w]) & ~(a->unknown[w] | b->unknown[w]))
			all = settled(d, w, carried);
	return all;
}

static bool same_access(const struct trace_access *a, const struct trace_access *b)
{
	return a->address == b->address && a->len == b->len && a->store == b->store && a->known == b->known &&
	       !memcmp(a->data, b->data, a->len);
}

static bool accesses_settled(const struct diff *d)
{
	const struct side *a = &d->side[A], *b = &d->side[B];
	bool all = a->num_accesses == b->num_accesses;

	for (size_t i = 0; i < a->num_accesses && all; i++)
		all = same_access(&a->accesses[i], &b->accesses[i]);
	return all;
}

/* What was stored is equal in both from now on; where it was not seen, nobody knows. */
static void note_stores(struct diff *d)
{
	for (size_t i = 0; i < d->side[A].num_accesses; i++) {
		const struct trace_access *a = &d->side[A].accesses[i];
		if (!a->store)
			continue;
		places_mark(&d->places, A, a->address, a->len, !access_known(a));
		places_mark(&d->places, B, a->address, a->len, !access_known(a));
	}
}

static struct error *judge(struct judging *j)
{
	struct error *err = compare_inputs(j->d, j->lifted, j->effects, &j->inputs);

	if (!err)
		err = judge_registers(j);
	if (!err)
		err = judge_memory(j);
	j->d->result->consequences += j->consequence;
	return err;
}

/* The registers that differ are such as the instruction does not write. */
static bool carried_only(const struct diff *d, const struct effects *effects)
{
	bool translated;

	for (size_t i = 0; effects && i < effects->writes.len; i++) {
		const struct reg_desc *desc = &d->isa->regs[effects->writes.at[i]];
		for (unsigned k = 0; k < reg_words(desc); k++)
			if (word_difference(d, d->side[A].after, d->side[B].after, desc->word + k, &translated))
				return false;
	}
	return true;
}

static void remember(struct diff *d)
{
	struct last_pair *last = &d->last;

	last->any = true;
	for (unsigned i = 0; i < SIDES; i++) {
		last->number[i] = d->side[i].number;
		last->pc[i] = d->side[i].pc;
	}
	last->len = (uint8_t)(d->side[A].len < ISA_MAX_INSN_LEN ? d->side[A].len : ISA_MAX_INSN_LEN);
	memcpy(last->bytes, d->side[A].bytes, last->len);
}

/* Learns what a system call mapped, before its result is compared. */
static struct error *learn(struct diff *d)
{
	const struct trace_step *a = &d->stream[A].step, *b = &d->stream[B].step;

	if (!a->event || !b->event || a->event->delivery || b->event->delivery || a->event->number != b->event->number)
		return NULL;
	return places_event(&d->places, a, b);
}

/* Registers that a target shows now and then: whether they differed when both were seen last. */
static void note_requested(struct diff *d)
{
	const struct state *a = d->side[A].after, *b = d->side[B].after;

	for (size_t i = 0; i < d->requested.len; i++) {
		uint32_t reg = d->requested.at[i];
		const struct reg_desc *desc = &d->isa->regs[reg];
		bool translated;
		if (!state_known(a, reg) || !state_known(b, reg))
			continue;
		d->stale[reg] = false;
		for (unsigned k = 0; k < reg_words(desc); k++)
			d->stale[reg] |= word_difference(d, a, b, desc->word + k, &translated) != 0;
	}
}

/* Registers and memory are all that it did. */
static bool is_plain(const struct side *s)
{
	return !s->event && !s->signal && !s->running;
}

struct error *compare_pair(struct diff *d)
{
	struct judging j = {.d = d};
	bool carried = false, whole;

	take_side(d, A);
	take_side(d, B);
	remember(d);
	d->merged = d->sequence = d->crowded = false;
	d->result->compared++;
	bool settled_now = is_plain(&d->side[A]) && is_plain(&d->side[B]) && same_code(&d->side[A], &d->side[B]) &&
			   accesses_settled(d) && registers_settled(d, &carried);
	if (settled_now)
		note_stores(d);
	if (settled_now && !carried) {
		note_requested(d);
		return NULL;
	}
	struct error *err = rows_get(&d->rows, d->side[A].pc, d->side[A].bytes, d->side[A].len, &j.lifted, &j.effects);
	if (err || (settled_now && carried_only(d, j.effects)))
		return err;
	err = merge(d, j.lifted, &whole);
	if (err || !whole)
		return err;
	if (d->merged)
		settle_accesses(d);
	if (d->sequence)
		j.effects = NULL;
	err = learn(d);
	if (!err)
		err = judge(&j);
	note_requested(d);
	return err;
}

struct error *compare_start(struct diff *d)
{
	bool translated, listed = false;

	for (uint32_t r = 0; r < d->isa->num_regs; r++) {
		uint64_t differs = 0;
		for (unsigned i = 0; i < reg_words(&d->isa->regs[r]); i++)
			differs |= word_difference(d, d->stream[A].step.before, d->stream[B].step.before,
						   d->isa->regs[r].word + i, &translated);
		for (size_t i = 0; i < d->result->start.len; i++)
			listed |= d->result->start.at[i] == r;
		if (differs && !listed && !vec_push(&d->result->start, r))
			return &error_no_memory;
		listed = false;
	}
	return NULL;
}
