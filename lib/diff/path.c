/*
 * Two threads that went different ways: where do they meet again?
 *
 * First ahead on both sides, as far as the window reaches: the place with the fewest steps to it on both sides
 * together, where PC, stack pointer, bytes, and the log's next event are the same. Then at a system call that both make
 * as the same event.
 */
#include <string.h>

#include "lib/diff/internal.h"

/* ---- Ahead ---- */

struct search {
	struct diff *d;
	uint64_t window;
	bool ended[SIDES];
	bool found;
	uint64_t at[SIDES]; /* the best so far */
};

/* A place as a number; A's addresses are translated. */
static uint64_t key_of(const struct diff *d, unsigned side, const struct stream_ahead *p)
{
	uint64_t pc = side == A ? places_translate(&d->places, p->pc) : p->pc;
	uint64_t sp = side == A ? places_translate(&d->places, p->sp) : p->sp;

	return hash_u64(hash_u64(hash_u64(pc) + sp) + (d->same_log ? p->event : 0)) ^ p->bytes;
}

static bool same_place(const struct diff *d, const struct stream_ahead *a, const struct stream_ahead *b)
{
	return places_equal(&d->places, a->pc, b->pc) && places_equal(&d->places, a->sp, b->sp) &&
	       a->bytes == b->bytes && (!d->same_log || a->event == b->event);
}

/* The hash found them; they have to be the same, and nearer than the best. */
static struct error *consider(struct search *s, uint64_t at_a, uint64_t at_b)
{
	struct stream_ahead a, b;
	bool end_a, end_b;

	if (s->found && s->at[A] + s->at[B] <= at_a + at_b)
		return NULL;
	struct error *err = stream_look(&s->d->stream[A], at_a, &a, &end_a);
	if (!err)
		err = stream_look(&s->d->stream[B], at_b, &b, &end_b);
	if (err || end_a || end_b || !same_place(s->d, &a, &b))
		return err;
	s->found = true;
	s->at[A] = at_a;
	s->at[B] = at_b;
	return NULL;
}

/* Looks at the step of one side at this distance, and for the same place on the other side. */
static struct error *look(struct search *s, unsigned side, uint64_t distance)
{
	struct diff *d = s->d;
	struct stream_ahead p;
	struct error *err = s->ended[side] ? NULL : stream_look(&d->stream[side], distance, &p, &s->ended[side]);

	if (err || s->ended[side])
		return err;
	uint64_t key = key_of(d, side, &p);
	size_t known = d->ahead[side].len;
	uint64_t *first = map_put(&d->ahead[side], key);
	if (!first)
		return &error_no_memory;
	if (d->ahead[side].len > known)
		*first = distance;
	const uint64_t *other = map_get(&d->ahead[!side], key);
	if (!other)
		return NULL;
	return side == A ? consider(s, distance, *other) : consider(s, *other, distance);
}

/* A large map takes long to clear. */
static void forget(struct map *m)
{
	if (m->cap > 1 << 12)
		map_deinit(m);
	else
		map_clear(m);
}

static struct error *search_ahead(struct search *s)
{
	struct error *err = NULL;

	forget(&s->d->ahead[A]);
	forget(&s->d->ahead[B]);
	for (uint64_t distance = 0; distance < s->window && !err; distance++) {
		/* Whatever comes now is at least this far away. */
		if ((s->found && s->at[A] + s->at[B] <= distance) || (s->ended[A] && s->ended[B]))
			break;
		err = look(s, A, distance);
		if (!err)
			err = look(s, B, distance);
	}
	return err;
}

/* ---- Moving ---- */

/* A step that the other trace does not have: what it stores is not what the other trace has there. */
static void mark_stores(struct diff *d, unsigned side)
{
	const struct trace_step *step = &d->stream[side].step;

	for (size_t i = 0; i < step->num_accesses; i++)
		if (step->accesses[i].store)
			places_mark(&d->places, side, step->accesses[i].address, step->accesses[i].len, true);
}

static struct error *skip(struct diff *d, unsigned side, uint64_t steps)
{
	struct error *err = NULL;

	while (steps-- && !err) {
		mark_stores(d, side);
		err = stream_next(&d->stream[side]);
	}
	return err;
}

/* ---- Events ---- */

/* Moves on to the next system call. */
static struct error *skip_to_event(struct diff *d, unsigned side, uint64_t *steps)
{
	struct stream *s = &d->stream[side];
	struct error *err = NULL;

	while (!err && !s->at_end && !s->step.event) {
		err = skip(d, side, 1);
		++*steps;
	}
	return err;
}

static struct error *skip_event(struct diff *d, unsigned side, uint64_t *steps)
{
	struct error *err = skip(d, side, 1);

	++*steps;
	return err ? err : skip_to_event(d, side, steps);
}

static bool same_event(const struct diff *d, const struct trace_step *a, const struct trace_step *b)
{
	return a->event->index == b->event->index && a->event->number == b->event->number &&
	       a->event->delivery == b->event->delivery && !a->event->unlogged && !b->event->unlogged &&
	       places_equal(&d->places, a->pc, b->pc);
}

/* Events are numbered in the order in which they happen. */
static struct error *search_event(struct diff *d, uint64_t steps[SIDES], bool *ret_found)
{
	struct stream *a = &d->stream[A], *b = &d->stream[B];
	struct error *err = skip_to_event(d, A, &steps[A]);

	if (!err)
		err = skip_to_event(d, B, &steps[B]);
	while (!err && !a->at_end && !b->at_end) {
		*ret_found = same_event(d, &a->step, &b->step);
		if (*ret_found)
			break;
		uint64_t in_a = a->step.event->index, in_b = b->step.event->index;
		if (in_a <= in_b)
			err = skip_event(d, A, &steps[A]);
		if (!err && in_b <= in_a)
			err = skip_event(d, B, &steps[B]);
	}
	return err;
}

/* ---- The path ---- */

/* The instruction behind which they part. */
static struct error *name_last(struct diff *d, struct diff_path *path)
{
	const struct last_pair *last = &d->last;
	struct lifted *lifted = NULL;
	const struct effects *effects;

	path->insn.status = LIFT_TRUNCATED;
	if (!last->any || !last->len)
		return NULL;
	struct error *err = rows_get(&d->rows, last->pc[A], last->bytes, last->len, &lifted, &effects);
	if (!err)
		path->insn = lifted->insn;
	return err;
}

static bool same_path(const struct diff_path *p, const struct diff_path *q)
{
	return p->from_a == q->from_a && p->from_b == q->from_b && p->to_a == q->to_a && p->to_b == q->to_b;
}

static struct error *list_path(struct diff *d, struct diff_path *path)
{
	struct diff_result *r = d->result;

	r->num_paths++;
	r->path_steps_a += path->steps_a;
	r->path_steps_b += path->steps_b;
	for (size_t i = 0; i < r->paths.len; i++) {
		if (same_path(&r->paths.at[i], path)) {
			r->paths.at[i].count++;
			return NULL;
		}
	}
	if (r->paths.len >= d->options->max_findings) {
		r->paths_unlisted++;
		return NULL;
	}
	struct error *err = name_last(d, path);
	if (!err && !vec_push(&r->paths, *path))
		err = &error_no_memory;
	return err;
}

static struct error *list_lost(struct diff *d, struct diff_lost *lost)
{
	return vec_push(&d->result->lost, *lost) ? NULL : &error_no_memory;
}

struct error *path_resync(struct diff *d, bool *ret_found)
{
	struct stream *a = &d->stream[A], *b = &d->stream[B];
	struct search s = {.d = d, .window = a->window};
	struct diff_path path = {.tid = a->tid,
				 .from_a = a->step.pc,
				 .from_b = b->step.pc,
				 .number_a = a->step.number,
				 .number_b = b->step.number,
				 .count = 1};
	struct diff_lost lost = {a->tid,         b->tid,   a->step.pc, b->step.pc,         a->step.number,
				 b->step.number, a->event, b->event,   stream_left(a) + 1, stream_left(b) + 1};
	uint64_t steps[SIDES] = {0};
	bool found = false;
	struct error *err = search_ahead(&s);

	if (!err && s.found) {
		memcpy(steps, s.at, sizeof steps);
		err = skip(d, A, steps[A]);
		if (!err)
			err = skip(d, B, steps[B]);
		found = true;
	} else if (!err) {
		err = search_event(d, steps, &found);
	}
	if (err)
		return err;
	*ret_found = found;
	if (!found)
		return list_lost(d, &lost);
	path.to_a = a->step.pc;
	path.to_b = b->step.pc;
	path.steps_a = steps[A];
	path.steps_b = steps[B];
	path.by_event = !s.found;
	return list_path(d, &path);
}
