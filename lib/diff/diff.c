#include "lib/diff/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/diff/internal.h"

/* ---- Threads ---- */

/* Chunks by thread, the threads in the order of their first chunks. */
struct threads {
	size_t *chunk; /* indices, those of a thread together */
	size_t *first; /* by thread: of its first in chunk[]; one more at the end */
	size_t len;    /* threads */
};

struct chunk_order {
	size_t thread, chunk;
};

static int compare_order(const void *x, const void *y)
{
	const struct chunk_order *a = x, *b = y;

	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	return a->chunk < b->chunk ? -1 : a->chunk > b->chunk;
}

static bool number_threads(const struct trace_chunk_info *info, size_t num, struct chunk_order *order, size_t *ret_len)
{
	struct map seen = {0};
	bool ok = true;

	for (size_t i = 0; i < num && ok; i++) {
		uint64_t *at = map_put(&seen, info[i].tid);
		ok = at != NULL;
		if (!ok)
			break;
		if (!*at)
			*at = seen.len;
		order[i] = (struct chunk_order){(size_t)*at - 1, i};
	}
	*ret_len = seen.len;
	map_deinit(&seen);
	return ok;
}

static void threads_deinit(struct threads *t)
{
	free(t->chunk);
	free(t->first);
}

static struct error *threads_init(struct threads *t, const struct trace_reader *r)
{
	size_t num;
	const struct trace_chunk_info *info = trace_reader_chunks(r, &num);
	struct chunk_order *order = calloc(num + 1, sizeof *order);
	struct threads made = {.chunk = calloc(num + 1, sizeof *made.chunk)};
	bool ok = order && made.chunk && number_threads(info, num, order, &made.len);

	if (ok)
		made.first = calloc(made.len + 1, sizeof *made.first);
	if (!ok || !made.first) {
		free(order);
		threads_deinit(&made);
		return &error_no_memory;
	}
	qsort(order, num, sizeof *order, compare_order);
	for (size_t i = num; i-- > 0;) {
		made.chunk[i] = order[i].chunk;
		made.first[order[i].thread] = i;
	}
	made.first[made.len] = num;
	free(order);
	*t = made;
	return NULL;
}

/* ---- Endings ---- */

/* Why a trace has no more. */
static void append_why(struct strbuf *out, const char *which, const struct trace_reader *r)
{
	const struct trace_end *end = trace_reader_end(r);
	const char *separator = out->len ? "; " : "";

	if (trace_reader_cut(r))
		strbuf_printf(out, "%s%s was cut off", separator, which);
	else if (end && end->error)
		strbuf_printf(out, "%s%s ended early: %s", separator, which, end->error);
	else if (end && end->lost_expected)
		strbuf_printf(out, "%s%s lost its event log", separator, which);
	else if (end && (end->limit || end->interrupted))
		strbuf_printf(out, "%s%s was %s", separator, which, end->limit ? "limited" : "interrupted");
	else if (end && end->exited)
		strbuf_printf(out, "%s%s exited with status %d", separator, which, end->exit_status);
	else if (end && end->exit_signal)
		strbuf_printf(out, "%s%s was killed by signal %d", separator, which, end->exit_signal);
}

static struct error *list_ending(struct diff *d, struct diff_ending *e)
{
	struct strbuf why = {0};

	append_why(&why, "A", d->stream[A].reader);
	append_why(&why, "B", d->stream[B].reader);
	bool any = why.len > 0;
	e->why = strbuf_take(&why);
	if (any && !e->why)
		return &error_no_memory;
	if (vec_push(&d->result->endings, *e))
		return NULL;
	free(e->why);
	return &error_no_memory;
}

static bool same_end(const struct trace_reader *a, const struct trace_reader *b)
{
	const struct trace_end *x = trace_reader_end(a), *y = trace_reader_end(b);

	if (!x || !y)
		return true; /* what is there is equal; that it was cut off is said where it is read */
	return x->exited == y->exited && x->exit_status == y->exit_status && x->exit_signal == y->exit_signal;
}

/* Both threads are aligned up to the end of one. */
static struct error *compare_ends(struct diff *d)
{
	const struct stream *a = &d->stream[A], *b = &d->stream[B];
	struct diff_ending e = {.tid_a = a->tid,
				.tid_b = b->tid,
				.number_a = d->last.number[A],
				.number_b = d->last.number[B],
				.left_a = a->at_end ? 0 : stream_left(a) + 1,
				.left_b = b->at_end ? 0 : stream_left(b) + 1};

	if (!e.left_a && !e.left_b && same_end(a->reader, b->reader))
		return NULL;
	return list_ending(d, &e);
}

/* ---- The comparison ---- */

enum { ASK_INTERVAL = 4096 }; /* pairs */

static bool stop(struct diff *d)
{
	if (!d->options->interrupted || d->result->compared % ASK_INTERVAL)
		return false;
	d->result->interrupted |= d->options->interrupted(d->options->ctx);
	return d->result->interrupted;
}

static bool aligned(const struct diff *d)
{
	return places_equal(&d->places, d->stream[A].step.pc, d->stream[B].step.pc);
}

static struct error *compare_steps(struct diff *d)
{
	struct error *err = NULL;
	bool found = true;

	while (!err && found && !d->stream[A].at_end && !d->stream[B].at_end) {
		if (stop(d))
			return NULL;
		if (!aligned(d)) {
			err = path_resync(d, &found);
			continue;
		}
		err = compare_pair(d);
		rows_trim(&d->rows);
		for (unsigned i = 0; i < SIDES && !err; i++)
			err = stream_next(&d->stream[i]);
	}
	return err || !found ? err : compare_ends(d);
}

static struct error *start_thread(struct diff *d)
{
	const struct state *a = d->stream[A].step.before, *b = d->stream[B].step.before;
	struct error *err = NULL;

	if (d->stream[A].at_end || d->stream[B].at_end)
		return NULL;
	if (state_known(a, d->isa->sp) && state_known(b, d->isa->sp))
		err = places_stack(&d->places, state_get(a, d->isa->sp), state_get(b, d->isa->sp));
	return err ? err : compare_start(d);
}

static struct error *compare_thread(struct diff *d, const struct trace_reader *const reader[SIDES],
				    const struct threads threads[SIDES], size_t index)
{
	uint64_t window = d->options->window ? d->options->window : DIFF_WINDOW;
	struct error *err = NULL;

	d->last = (struct last_pair){.any = false};
	memset(d->stream, 0, sizeof d->stream);
	for (unsigned i = 0; i < SIDES && !err; i++) {
		const struct threads *t = &threads[i];
		err = stream_init(&d->stream[i], reader[i], t->chunk + t->first[index],
				  t->first[index + 1] - t->first[index], window);
	}
	if (!err)
		err = start_thread(d);
	if (!err)
		err = compare_steps(d);
	stream_deinit(&d->stream[A]);
	stream_deinit(&d->stream[B]);
	return err;
}

/* A thread that one trace alone has. */
static struct error *list_alone(struct diff *d, const struct trace_reader *const reader[SIDES],
				const struct threads threads[SIDES], unsigned side, size_t index)
{
	size_t num;
	const struct threads *t = &threads[side];
	const struct trace_chunk_info *info = trace_reader_chunks(reader[side], &num);
	struct diff_ending e = {0};
	uint64_t steps = 0;

	for (size_t i = t->first[index]; i < t->first[index + 1]; i++)
		steps += info[t->chunk[i]].steps;
	uint64_t tid = info[t->chunk[t->first[index]]].tid;
	*(side == A ? &e.tid_a : &e.tid_b) = tid;
	*(side == A ? &e.left_a : &e.left_b) = steps;
	d->stream[A].reader = reader[A];
	d->stream[B].reader = reader[B];
	return list_ending(d, &e);
}

static struct error *compare_threads(struct diff *d, const struct trace_reader *const reader[SIDES],
				     const struct threads threads[SIDES])
{
	size_t most = threads[A].len > threads[B].len ? threads[A].len : threads[B].len;
	struct error *err = NULL;

	for (size_t i = 0; i < most && !err && !d->result->interrupted; i++) {
		if (i < threads[A].len && i < threads[B].len)
			err = compare_thread(d, reader, threads, i);
		else
			err = list_alone(d, reader, threads, i < threads[A].len ? A : B, i);
	}
	d->result->threads = most;
	return err;
}

/* ---- Start ---- */

static struct error *check_identity(const struct trace_reader *a, const struct trace_reader *b, bool force)
{
	const struct trace_header *x = trace_reader_header(a), *y = trace_reader_header(b);

	if (x->isa != y->isa)
		return error_input(trace_reader_path(b), 0,
				   "is a trace of %s, %s is one of %s: they have nothing to compare", y->isa->name,
				   trace_reader_path(a), x->isa->name);
	bool known = x->program.path && y->program.path;
	if (force || (known && !memcmp(x->program.sha256, y->program.sha256, sizeof x->program.sha256)))
		return NULL;
	if (!known)
		return error_input(
			trace_reader_path(x->program.path ? b : a), 0,
			"does not name its program, which may be another one than that of %s (--force compares)",
			trace_reader_path(x->program.path ? a : b));
	return error_input(trace_reader_path(b), 0,
			   "is of another program (%s) than %s (%s), by its SHA-256 (--force compares)",
			   y->program.path, trace_reader_path(a), x->program.path);
}

static void ignore(struct diff *d, const uint32_t *regs, uint32_t num)
{
	for (uint32_t i = 0; i < num; i++)
		for (unsigned k = 0; k < reg_words(&d->isa->regs[regs[i]]); k++)
			d->ignored[d->isa->regs[regs[i]].word + k] = UINT64_MAX;
}

static void show(struct diff *d, unsigned side, const struct trace_header *h)
{
	shown_init(&d->shown[side], h->isa);
	d->shown[side].source.hidden = h->hidden;
}

static struct error *init(struct diff *d, const struct trace_reader *a, const struct trace_reader *b)
{
	const struct trace_header *x = trace_reader_header(a), *y = trace_reader_header(b);
	const struct isa *isa = x->isa;
	struct error *err = NULL;

	d->isa = isa;
	d->no_memory = x->no_memory || y->no_memory;
	d->same_log = x->log.path && y->log.path && !memcmp(x->log.sha256, y->log.sha256, sizeof x->log.sha256);
	d->ignored = calloc(isa->num_words, sizeof *d->ignored);
	d->is_flag = calloc(isa->num_regs, sizeof *d->is_flag);
	d->stale = calloc(isa->num_regs, sizeof *d->stale);
	if (!d->ignored || !d->is_flag || !d->stale)
		return &error_no_memory;
	for (uint32_t r = 0; r < isa->num_regs; r++)
		if (((x->on_request && x->on_request[r]) || (y->on_request && y->on_request[r])) &&
		    !vec_push(&d->requested, r))
			return &error_no_memory;
	ignore(d, isa->unjudged, isa->num_unjudged);
	ignore(d, isa->reset, isa->num_reset);
	for (uint32_t r = 0; r < isa->num_regs; r++)
		d->is_flag[r] = isa_is_flag(isa, r);
	for (unsigned i = 0; i < SIDES && !err; i++)
		err = state_init(&d->saved[i], isa);
	show(d, A, x);
	show(d, B, y);
	if (!err)
		err = predictor_init(&d->model, &d->shown[A].source);
	if (!err)
		err = rows_init(&d->rows, d->model.cache);
	return err ? err : places_init(&d->places, a, b);
}

static void deinit(struct diff *d)
{
	free(d->ignored);
	free(d->is_flag);
	free(d->stale);
	vec_deinit(&d->requested);
	for (unsigned i = 0; i < SIDES; i++) {
		state_deinit(&d->saved[i]);
		map_deinit(&d->ahead[i]);
		prediction_deinit(&d->predicted[i]);
	}
	rows_deinit(&d->rows);
	predictor_deinit(&d->model);
	places_deinit(&d->places);
	free(d);
}

static struct error *run(struct diff *d, const struct trace_reader *a, const struct trace_reader *b)
{
	const struct trace_reader *const reader[SIDES] = {a, b};
	struct threads threads[SIDES] = {{0}};
	struct error *err = init(d, a, b);

	for (unsigned i = 0; i < SIDES && !err; i++)
		err = threads_init(&threads[i], reader[i]);
	if (!err)
		err = compare_threads(d, reader, threads);
	threads_deinit(&threads[A]);
	threads_deinit(&threads[B]);
	return err;
}

struct error *diff_run(const struct trace_reader *a, const struct trace_reader *b, const struct diff_options *options,
		       struct diff_result *ret)
{
	struct diff_result result = {.steps_a = trace_reader_steps(a), .steps_b = trace_reader_steps(b)};
	struct error *err = check_identity(a, b, options->force);

	if (err)
		return err;
	struct diff *d = calloc(1, sizeof *d);
	if (!d)
		return &error_no_memory;
	d->options = options;
	d->result = &result;
	err = run(d, a, b);
	deinit(d);
	if (err)
		diff_result_deinit(&result);
	else
		*ret = result;
	return err;
}

/* ---- The result ---- */

void diff_result_deinit(struct diff_result *r)
{
	for (unsigned c = 0; c < DIFF_NUM_CLASSES; c++) {
		findings_deinit(&r->list[c].findings);
		vec_deinit(&r->list[c].other);
	}
	for (size_t i = 0; i < r->endings.len; i++)
		free(r->endings.at[i].why);
	vec_deinit(&r->start);
	vec_deinit(&r->paths);
	vec_deinit(&r->endings);
	vec_deinit(&r->lost);
}

enum diff_verdict diff_verdict(const struct diff_result *r)
{
	if (r->lost.len)
		return DIFF_LOST;
	if (r->list[DIFF_INDEPENDENT].total || r->list[DIFF_ORIGIN_UNKNOWN].total || r->num_paths || r->endings.len)
		return DIFF_DIFFERENT;
	return DIFF_SAME;
}

const char *diff_class_name(enum diff_class class)
{
	static const char *const names[] = {
		[DIFF_INDEPENDENT] = "independent", [DIFF_ORIGIN_UNKNOWN] = "origin unknown",
		[DIFF_UNDEFINED] = "undefined",     [DIFF_OUTSIDE] = "outside",
		[DIFF_CONSEQUENCE] = "consequence", [DIFF_ADDRESSES] = "addresses",
	};

	return names[class];
}
