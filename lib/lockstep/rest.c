/*
 * Instructions of which a step does as much as the implementation chooses (insn.rest): memory copy and set of AArch64.
 * How much it was the registers behind the step tell. So the step is seen first; then pieces are predicted, one after
 * the other, until the registers are those that were seen, and what all of them stored is what memory has to hold.
 * Where no number of pieces leads to what was seen, that differs from what all pieces come to.
 */
#include <string.h>

#include "lib/lockstep/internal.h"

/* The pieces of one step. Those of judge.span: slot 0 the instruction itself, slot 1 its last piece. */
struct pieces {
	const struct insn *insn;
	uint64_t pc, next;
	struct prediction *last;
	bool prologue; /* the instruction itself is no piece */
	bool left;     /* it went on behind a piece that is not the last */
	bool idle;     /* ... or without any */
	/* What was stored: since the step's start, or, of one that a signal stopped, since registers were as seen. */
	uint64_t low, high;
	memory_mark mark;
};

static struct pieces start(struct lockstep *ls)
{
	struct prediction *first = &ls->judge.span.slot[0];
	const struct insn *insn = &first->lifted->insn;
	struct pieces pieces = {.insn = insn, .pc = first->pc, .last = first, .mark = first->mark};

	pieces.next = pieces.pc + insn->len;
	pieces.prologue = memcmp(insn->rest, insn->bytes, insn->rest_len) != 0;
	return pieces;
}

static void note_range(struct pieces *pieces)
{
	const struct prediction *slot = pieces->last;

	for (size_t i = 0; i < slot->stores.len; i++) {
		const struct eval_store *s = &slot->stores.at[i];
		bool first = pieces->low == pieces->high;
		pieces->low = first || s->address < pieces->low ? s->address : pieces->low;
		pieces->high = first || s->address + s->len > pieces->high ? s->address + s->len : pieces->high;
	}
}

static bool is_done(const struct lockstep *ls, const struct pieces *pieces)
{
	const struct prediction *slot = pieces->last;
	bool itself = pieces->prologue && slot == &ls->judge.span.slot[0];

	if (slot->kind != PREDICTED_OUTPUTS)
		return true;
	return !itself && state_get(&ls->judge.model.front, ls->target->isa->pc) != pieces->pc;
}

/* Predicts one more: the front is behind it. */
static struct error *predict_piece(struct lockstep *ls, struct pieces *pieces)
{
	struct predictor *p = &ls->judge.model;
	struct prediction *slot = &ls->judge.span.slot[1];
	enum predict_result result;
	struct lifted *lifted;

	pieces->last = slot;
	state_set(&p->front, p->isa->pc, pieces->pc);
	predict_begin(p, slot);
	struct error *err = lift_cache_get(p->cache, pieces->pc, pieces->insn->rest, pieces->insn->rest_len, &lifted);
	return err ? err : predict_insn(p, slot, lifted, MEM_OK, &result);
}

/* ---- Which of them were made ---- */

/* Are registers as seen, but for a PC of that value? */
static bool is_as_seen_at(struct lockstep *ls, struct state *s, uint64_t pc)
{
	uint32_t reg = ls->target->isa->pc;
	uint64_t own = state_get(s, reg);

	state_set(s, reg, pc);
	bool as_seen = flow_is_as_seen(ls, s);
	state_set(s, reg, own);
	return as_seen;
}

/* The guest was seen behind the pieces so far. */
static bool has_ended(struct lockstep *ls, struct pieces *pieces)
{
	struct state *front = &ls->judge.model.front;
	uint32_t pc = ls->target->isa->pc;
	uint64_t seen = state_get(&ls->judge.seen, pc);

	if (seen == state_get(front, pc))
		return flow_is_as_seen(ls, front);
	pieces->left = pieces->insn->may_leave && seen == pieces->next && is_as_seen_at(ls, front, pieces->next);
	return pieces->left;
}

/* The main part of a copy may leave all to the epilogue. */
static bool was_idle(struct lockstep *ls, struct pieces *pieces)
{
	pieces->idle = !pieces->prologue && pieces->insn->may_leave && is_as_seen_at(ls, &ls->judge.now, pieces->next);
	return pieces->idle;
}

/* A step that completed. */
static struct error *follow_step(struct lockstep *ls, struct pieces *pieces)
{
	struct memory *memory = ls->judge.model.memory;
	struct error *err = NULL;

	if (was_idle(ls, pieces))
		return memory_journal_rollback(memory, pieces->mark);
	while (!err && pieces->last->kind == PREDICTED_OUTPUTS) {
		note_range(pieces);
		if (has_ended(ls, pieces) || is_done(ls, pieces))
			return NULL;
		memory_journal_discard(memory, memory_journal_mark(memory));
		err = predict_piece(ls, pieces);
	}
	return err;
}

/* From here on memory may hold what it did, or what more pieces store. */
static void note_stop(struct lockstep *ls, struct pieces *pieces)
{
	const struct state *front = &ls->judge.model.front;

	if (pieces->prologue || !flow_is_as_seen(ls, front))
		return;
	state_copy(&ls->judge.now, front);
	pieces->low = pieces->high = 0;
	pieces->mark = memory_journal_mark(ls->judge.model.memory);
}

/*
 * A step that a signal stopped: the registers say how much was done for certain, which for a prologue is nothing. What
 * was stored besides is not known.
 */
static struct error *follow_signal(struct lockstep *ls, struct pieces *pieces)
{
	struct memory *memory = ls->judge.model.memory;
	struct error *err = NULL;

	while (!err && !is_done(ls, pieces)) {
		note_range(pieces);
		note_stop(ls, pieces);
		err = predict_piece(ls, pieces);
	}
	if (!err)
		err = memory_journal_rollback(memory, pieces->mark);
	return err || pieces->low == pieces->high ? err
						  : memory_forget(memory, pieces->low, pieces->high - pieces->low);
}

/* ---- All of them as one prediction ---- */

/* Of a register that is there twice the last value counts. */
static struct error *put_pc(struct prediction *whole, uint32_t pc, uint64_t value)
{
	bool ok = vec_push(&whole->regs, ((struct predicted_reg){.reg = pc, .word = (uint16_t)whole->words.len})) &&
		  vec_push(&whole->words, value) && vec_push(&whole->words, 0);

	return ok ? NULL : &error_no_memory;
}

/* The outputs in registers. */
static struct error *join_registers(struct lockstep *ls, const struct pieces *pieces)
{
	struct span *span = &ls->judge.span;
	struct prediction *whole = &span->whole;
	uint32_t pc = ls->target->isa->pc;

	span->len = pieces->last == &span->slot[0] ? 1 : 2;
	struct error *err = span_join(span);
	whole->stores.len = 0;
	if (pieces->idle) {
		whole->imprecise = false;
		whole->regs.len = whole->words.len = 0;
	}
	if (err || !(pieces->left || pieces->idle))
		return err;
	return put_pc(whole, pc, pieces->next);
}

static struct error *join(struct lockstep *ls, const struct pieces *pieces)
{
	struct prediction *whole = &ls->judge.span.whole, *last = pieces->last;
	struct lifted *lifted = ls->judge.span.slot[0].lifted;
	bool outputs = pieces->idle || last->kind == PREDICTED_OUTPUTS;
	struct error *err = NULL;

	predict_nothing(&ls->judge.model, whole, pieces->pc);
	if (outputs)
		err = join_registers(ls, pieces);
	whole->kind = outputs ? PREDICTED_OUTPUTS : last->kind;
	whole->fault = outputs ? FAULT_NONE : last->fault;
	whole->lifted = lifted;
	whole->joined = true;
	whole->mark = memory_journal_mark(ls->judge.model.memory);
	return err;
}

static struct error *push_store(struct lockstep *ls, uint64_t address, size_t len)
{
	struct prediction *whole = &ls->judge.span.whole;
	struct eval_store s = {.address = address, .len = (uint8_t)len};

	memory_read(ls->judge.model.memory, address, s.data, s.mask, len);
	for (size_t i = 0; i < len; i++)
		s.masked |= s.mask[i] != 0;
	return vec_push(&whole->stores, s) ? NULL : &error_no_memory;
}

enum { CHUNK = sizeof((struct eval_store *)0)->data };

static size_t chunk_len(const struct pieces *pieces, uint64_t at)
{
	uint64_t left = pieces->high - at;

	return left < CHUNK ? (size_t)left : CHUNK;
}

struct error *rest_follow(struct lockstep *ls)
{
	struct pieces pieces = start(ls);
	bool stepped = ls->judge.reply.stop.kind == STOP_STEPPED;
	struct error *err = stepped ? follow_step(ls, &pieces) : follow_signal(ls, &pieces);

	if (!err)
		err = join(ls, &pieces);
	for (uint64_t at = pieces.low; at < pieces.high && !err && stepped; at += CHUNK)
		err = push_store(ls, at, chunk_len(&pieces, at));
	return err;
}

/* ---- A target that is stepped ---- */

static struct error *note_page(struct map *pages, uint64_t address)
{
	return map_put(pages, address / MEMORY_PAGE) ? NULL : &error_no_memory;
}

static struct error *note_pages(struct map *pages, const struct prediction *slot)
{
	struct error *err = NULL;

	for (size_t i = 0; i < slot->loads.len && !err; i++)
		err = note_page(pages, slot->loads.at[i].address);
	for (size_t i = 0; i < slot->stores.len && !err; i++)
		err = note_page(pages, slot->stores.at[i].address);
	return err;
}

/* Predicts all that it may do, and takes it back: what memory holds before is known then. */
static struct error *fetch(struct lockstep *ls)
{
	struct predictor *p = &ls->judge.model;
	struct pieces pieces = start(ls);
	struct map pages = {0};
	struct error *err = note_pages(&pages, pieces.last);

	/* Of an instruction of which nothing is predicted there is nothing to fetch. */
	while (!err && !is_done(ls, &pieces)) {
		err = predict_piece(ls, &pieces);
		if (!err)
			err = note_pages(&pages, pieces.last);
	}
	if (!err)
		err = memory_journal_rollback(p->memory, pieces.mark);
	for (size_t i = 0; i < pages.cap && !err; i++)
		if (pages.at[i].used && predictor_know(p, pages.at[i].key * MEMORY_PAGE, 1) == MEM_ERROR)
			err = p->error;
	if (err == p->error)
		p->error = NULL;
	map_deinit(&pages);
	return err;
}

/* What the target has where the chunk is: what differs stays in the prediction, what is not known is taken over. */
static struct error *look_at(struct lockstep *ls, const struct eval_store *s, const uint8_t *seen, size_t *kept)
{
	struct observed *reply = &ls->judge.reply;
	bool differs = false;

	for (size_t i = 0; i < s->len; i++)
		differs |= ((s->data[i] ^ seen[i]) & ~s->mask[i]) != 0;
	if (!differs || *kept == OBSERVED_MAX_READS)
		return differs || s->masked ? memory_write(ls->judge.model.memory, s->address, seen, NULL, s->len)
					    : NULL;
	memcpy(reply->memory[*kept], seen, s->len);
	reply->memory_ok[*kept] = true;
	ls->judge.span.whole.stores.at[(*kept)++] = *s;
	return NULL;
}

/* Chunks lie one behind the other: as many as are read at once. */
static struct error *look_at_stores(struct lockstep *ls)
{
	struct prediction *whole = &ls->judge.span.whole;
	uint8_t seen[64 * CHUNK];
	size_t kept = 0;
	struct error *err = NULL;

	for (size_t i = 0, n; i < whole->stores.len && !err; i += n) {
		uint64_t address = whole->stores.at[i].address;
		size_t len = 0, got = 0;
		for (n = 0; n < sizeof seen / CHUNK && i + n < whole->stores.len; n++)
			len += whole->stores.at[i + n].len;
		err = target_read_memory(ls->target, address, seen, len, &got);
		for (size_t k = 0; k < n && !err; k++) {
			const struct eval_store s = whole->stores.at[i + k];
			if (s.address + s.len <= address + got)
				err = look_at(ls, &s, seen + (s.address - address), &kept);
			else
				err = memory_forget(ls->judge.model.memory, s.address, s.len);
		}
	}
	whole->stores.len = kept;
	return err;
}

static struct error *predict_first(struct lockstep *ls, enum ahead_result *ret)
{
	state_copy(&ls->judge.model.front, &ls->judge.now);
	ls->source.stance = STANCE_STILL;
	ls->ahead.alone = true;
	return ahead_next(&ls->ahead, &ls->judge.span.slot[0], ret);
}

struct error *run_rest(struct lockstep *ls)
{
	const struct target_plan plan = {.all_regs = true};
	enum ahead_result result;
	bool differs;
	struct error *err = predict_first(ls, &result);

	if (err || result == AHEAD_SYSCALL)
		return err;
	err = fetch(ls);
	if (!err)
		err = target_submit(ls->target, &plan, 1);
	if (!err)
		err = target_collect(ls->target, &ls->judge.seen, &ls->judge.reply);
	if (!err)
		err = predict_first(ls, &result);
	if (!err)
		err = rest_follow(ls);
	if (!err)
		err = look_at_stores(ls);
	if (!err)
		err = take_step(ls, &ls->judge.span.whole, &differs);
	if (!err)
		err = judge_settle(&ls->judge, true);
	if (!err)
		sweep_note(ls, &plan);
	return err;
}
