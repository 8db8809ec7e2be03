#include "lib/lockstep/judge_log.h"

#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/escape.h"
#include "lib/lockstep/traced.h"

/* Steps after which what they come to is added to the whole, that lists may not grow with the log. */
enum { STRETCH = 32768 };

struct log_judging {
	struct traced steps;
	const struct lockstep_options *options;
	struct run *run;
	trace_calls *calls;
	uint64_t first; /* number of the stretch's first step; 0: there is none yet */
	uint64_t last;  /* ... of the last step */
	uint64_t started, shown;
};

/* ---- Adding up ---- */

static struct error *add_stretch(struct log_judging *l)
{
	const struct lockstep_options *o = l->options;
	uint64_t now = clock_now();

	if (!l->first)
		return NULL;
	struct error *err = traced_add(&l->steps, l->first, l->run, l->calls);
	traced_clear(&l->steps);
	lift_cache_trim(l->steps.judge.model.cache);
	l->first = 0;
	l->run->nanoseconds = now - l->started;
	if (o->progress && now - l->shown > CLOCK_S / 5) {
		l->shown = now;
		o->progress(o->progress_ctx, l->run);
	}
	return err;
}

/* ---- Steps ---- */

/* Which limit ends the run in front of this step. */
static enum run_limit limit_at(const struct log_judging *l, const struct trace_step *step)
{
	const struct lockstep_options *o = l->options;
	uint64_t from = l->steps.range.from;

	if (o->have_until && step->pc == o->until)
		return RUN_LIMIT_UNTIL;
	if (o->max_instructions && step->number >= from && step->number - from >= o->max_instructions)
		return RUN_LIMIT_INSTRUCTIONS;
	return RUN_UNLIMITED;
}

/* The judge starts from what was seen before the first step. */
static void start_at(struct log_judging *l, const struct trace_step *step)
{
	if (!l->last)
		state_copy(&l->steps.judge.now, step->before);
	if (!l->first)
		l->first = step->number;
	l->last = step->number;
}

static struct error *take_step(void *ctx, const struct trace_step *step, bool *ret_enough)
{
	struct log_judging *l = ctx;

	if (l->steps.range.from == UINT64_MAX && step->pc == l->options->from)
		l->steps.range.from = step->number;
	l->run->limit = limit_at(l, step);
	if (l->run->limit) {
		*ret_enough = true;
		return NULL;
	}
	start_at(l, step);
	struct error *err = traced_step(&l->steps, step, ret_enough);
	bool full = step->number - l->first >= STRETCH && !l->steps.judge.span.len;
	return err || !full ? err : add_stretch(l);
}

/* ---- The whole ---- */

/* A signal that came while the log was waited for is no fault of it. */
static struct error *take_end(struct log_judging *l, const struct import *im, struct error *err)
{
	struct run *run = l->run;

	if (error_is(err, ERROR_INTERRUPTED)) {
		run->interrupted = true;
		error_destroy(err);
		err = NULL;
	}
	run->error = err;
	if (err || run->limit || run->interrupted)
		return NULL;
	/* The log just ends: whatever signals were seen on the way, nothing tells how the guest did. */
	run->exit_signal = 0;
	if (!import_counted(im).cut)
		return NULL;
	struct strbuf text = {0};
	escape_line(&text, import_name(im));
	strbuf_append(&text, ": the log ends within a state, which is left out");
	run->cut = strbuf_failed(&text) ? NULL : strdup(strbuf_text(&text));
	strbuf_deinit(&text);
	return run->cut ? NULL : &error_no_memory;
}

static struct error *judge_steps(struct log_judging *l, struct import *im, const struct import_options *import)
{
	const struct import_sink sink = {.step = take_step, .ctx = l};
	struct error *err = traced_begin(&l->steps, l->run);

	if (l->options->have_from)
		l->steps.range.from = UINT64_MAX;
	if (err)
		return err;
	err = take_end(l, im, import_run(im, import, &sink));
	judge_note_cpu(&l->steps.judge);
	return err ? err : add_stretch(l);
}

struct error *judge_log(struct import *im, const struct import_options *import, const struct trace_header *header,
			const struct judge_trace_options *options, struct run *ret, trace_calls *ret_calls)
{
	struct lockstep_options run = *options->run;
	struct log_judging l = {.options = &run, .run = ret, .calls = ret_calls, .started = clock_now()};
	struct oracle *oracle = NULL;
	struct error *err = traced_init(&l.steps, header, &run);

	if (!err && options->create_oracle)
		err = options->create_oracle(options->ctx, &oracle);
	run.judge.oracle = oracle;
	if (!err)
		err = judge_steps(&l, im, import);
	uint64_t pc = err ? 0 : traced_pc(&l.steps);
	traced_deinit(&l.steps);
	oracle_destroy(oracle);
	if (err)
		return err;
	ret->nanoseconds = clock_now() - l.started;
	traced_conclude(ret, &run, &l.steps.range, pc, 0);
	return NULL;
}
