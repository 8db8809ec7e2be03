/*
 * Threads take chunks in order, judge each into a run of its own, and add it to the whole in order too: so the result
 * is that of one thread, and no more than a chunk's result a thread is held.
 */
#include "lib/lockstep/judge_trace.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/lockstep/traced_chunk.h"

struct judging {
	const struct trace_reader *reader;
	const struct judge_trace_options *options;
	struct traced_range range;
	enum run_limit limit; /* what ends the range before the trace does */
	size_t num_chunks;    /* that have steps of the range */
	unsigned jobs;
	struct run *run;
	trace_calls *calls;
	uint64_t pc; /* behind the last chunk that was added */
	uint64_t started, shown;

	pthread_mutex_t mutex;
	pthread_cond_t turn;
	size_t next, added; /* chunks taken, added to the whole */
	bool done;
	struct error *error;
};

/* ---- Which steps ---- */

/* The number of the first step at pc; one more than there are: none. */
static struct error *find_step(const struct trace_reader *reader, uint64_t pc, uint64_t *ret)
{
	struct trace_cursor *c;
	struct trace_step step;
	bool end = false;
	struct error *err = trace_cursor_create(reader, &c);

	if (err)
		return err;
	*ret = trace_reader_steps(reader) + 1;
	while (!err && !end) {
		err = trace_cursor_next(c, &step, &end);
		if (err || end || step.pc != pc)
			continue;
		*ret = step.number;
		break;
	}
	trace_cursor_destroy(c);
	return err;
}

static struct error *find_range(struct judging *j)
{
	const struct lockstep_options *o = j->options->run;
	uint64_t steps = trace_reader_steps(j->reader), until = steps + 1;
	struct error *err = NULL;

	j->range = (struct traced_range){.from = 1, .last = steps};
	if (o->have_from)
		err = find_step(j->reader, o->from, &j->range.from);
	if (!err && o->have_until)
		err = find_step(j->reader, o->until, &until);
	if (until - 1 < j->range.last) {
		j->range.last = until - 1;
		j->limit = RUN_LIMIT_UNTIL;
	}
	uint64_t before = j->range.from - 1;
	if (o->max_instructions && j->range.last > before && o->max_instructions < j->range.last - before) {
		j->range.last = before + o->max_instructions;
		j->limit = RUN_LIMIT_INSTRUCTIONS;
	}
	return err;
}

/* ---- Adding up ---- */

/* What one chunk came to; from is NULL where it was judged into the whole. */
static struct error *add_chunk(struct judging *j, size_t chunk, const struct traced *t, struct run *from)
{
	const struct lockstep_options *o = j->options->run;
	struct error *err = from ? run_merge(j->run, from, trace_reader_header(j->reader)->isa) : NULL;
	uint64_t now = clock_now();
	size_t num;

	j->pc = traced_pc(t);
	if (!err)
		err = traced_add(t, trace_reader_chunks(j->reader, &num)[chunk].first, j->run, j->calls);
	j->run->nanoseconds = now - j->started;
	if (o->progress && now - j->shown > CLOCK_S / 5) {
		j->shown = now;
		o->progress(o->progress_ctx, j->run);
	}
	return err;
}

/* ---- Threads ---- */

/* The next chunk to be judged; false if none is left. */
static bool take_chunk(struct judging *j, size_t *ret)
{
	pthread_mutex_lock(&j->mutex);
	bool more = !j->done && j->next < j->num_chunks;
	if (more)
		*ret = j->next++;
	pthread_mutex_unlock(&j->mutex);
	return more;
}

/* Waits for the chunk's turn and adds it, unless the run has ended before it. Takes err. */
static void give_chunk(struct judging *j, size_t chunk, const struct traced *t, struct run *from, struct error *err)
{
	pthread_mutex_lock(&j->mutex);
	while (j->added != chunk)
		pthread_cond_wait(&j->turn, &j->mutex);
	if (!j->done) {
		struct error *failed = add_chunk(j, chunk, t, from);
		j->error = err ? err : failed;
		if (err)
			error_destroy(failed);
		err = NULL;
		j->done = j->error || j->run->interrupted || j->run->limit;
	}
	j->added++;
	pthread_cond_broadcast(&j->turn);
	pthread_mutex_unlock(&j->mutex);
	error_destroy(err);
}

static struct error *judge_apart(struct judging *j, struct traced_chunk *c, size_t chunk, struct run *run)
{
	size_t num;

	run->instructions = trace_reader_chunks(j->reader, &num)[chunk].first - 1;
	return traced_chunk_judge(c, chunk, run);
}

/*
 * Capstone fills tables of its own when the first instruction is decoded, without a lock (utils.c, insn_find). Threads
 * that begin at once decode their first one after the other, and find them filled; those of x86 arch/x86_64/decode.c
 * has filled.
 */
static struct error *decode_first(struct judging *j, struct lift_cache *cache)
{
	const struct isa *isa = lift_cache_isa(cache);
	const struct transfer *t;
	struct insn insn;

	pthread_mutex_lock(&j->mutex);
	struct error *err = lift_again(cache, 0, isa->sys.insn, isa->sys.insn_len, &insn, &t);
	pthread_mutex_unlock(&j->mutex);
	return err;
}

static struct error *judge_chunks(struct judging *j)
{
	struct traced_chunk c;
	struct oracle *oracle = NULL;
	struct lockstep_options options = *j->options->run;
	size_t chunk;
	struct run *run = j->jobs > 1 ? calloc(1, sizeof *run) : NULL;
	struct error *err = traced_chunk_init(&c, j->reader, &options);

	if (!err)
		err = decode_first(j, c.steps.judge.model.cache);
	if (!err && j->options->create_oracle)
		err = j->options->create_oracle(j->options->ctx, &oracle);
	if (!err && j->jobs > 1 && !run)
		err = &error_no_memory;
	options.judge.oracle = oracle;
	c.steps.range = j->range;
	while (!err && take_chunk(j, &chunk)) {
		if (!run) {
			give_chunk(j, chunk, &c.steps, NULL, traced_chunk_judge(&c, chunk, j->run));
			continue;
		}
		struct error *failed = judge_apart(j, &c, chunk, run);
		give_chunk(j, chunk, &c.steps, run, failed);
		run_deinit(run);
	}
	traced_chunk_deinit(&c);
	oracle_destroy(oracle);
	free(run);
	return err;
}

static void *worker(void *arg)
{
	struct judging *j = arg;
	struct error *err = judge_chunks(j);

	if (!err)
		return NULL;
	pthread_mutex_lock(&j->mutex);
	/* It took no chunk: the others go on without it, but the run is not what was asked for. */
	if (!j->error) {
		j->error = err;
		err = NULL;
	}
	j->done = true;
	pthread_mutex_unlock(&j->mutex);
	error_destroy(err);
	return NULL;
}

static struct error *run_threads(struct judging *j)
{
	pthread_t *threads = calloc(j->jobs, sizeof *threads);
	unsigned started = 0;

	if (!threads)
		return &error_no_memory;
	/* This thread is the first: where no other can be started, it does all. */
	while (started + 1 < j->jobs && pthread_create(&threads[started], NULL, worker, j) == 0)
		started++;
	worker(j);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return NULL;
}

/* ---- The end ---- */

static struct error *copy_text(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return *ret || !text ? NULL : &error_no_memory;
}

/* What the recorder ran out of, or had wrong, is no fault of whoever judges what it wrote. */
static enum error_code recorder_code(int code)
{
	return code == ERROR_NO_MEMORY || code == ERROR_BUG ? ERROR_INPUT : (enum error_code)code;
}

/* The run went on to the trace's end: it ended as that did. */
static struct error *take_end(struct judging *j, const struct trace_end *end)
{
	struct run *run = j->run;

	run->limit = end->limit;
	run->interrupted |= end->interrupted;
	run->exited = end->exited;
	run->exit_status = end->exit_status;
	run->exit_signal = end->exit_signal;
	run->lost_event = end->lost_event;
	run->lost_pc = end->lost_pc;
	if (end->error)
		j->error = error_create(recorder_code(end->error_code), "%s", end->error);
	struct error *err = copy_text(end->lost_expected, &run->lost_expected);
	return err ? err : copy_text(end->lost_observed, &run->lost_observed);
}

static struct error *conclude(struct judging *j)
{
	struct run *run = j->run;
	const struct trace_end *end = trace_reader_end(j->reader);
	bool all = !j->done && j->range.last == trace_reader_steps(j->reader);
	struct error *err = NULL;

	if (all && end)
		err = take_end(j, end);
	if (!err && all)
		err = copy_text(trace_reader_cut(j->reader), &run->cut);
	if (!j->done && !all)
		run->limit = j->limit;
	run->error = j->error;
	run->nanoseconds = clock_now() - j->started;
	traced_conclude(run, j->options->run, &j->range, j->pc, all && end ? end->nanoseconds : 0);
	return err;
}

unsigned judge_trace_threads(const struct trace_reader *reader, unsigned jobs, uint64_t memory)
{
	size_t num;
	const struct trace_chunk_info *chunks = trace_reader_chunks(reader, &num);
	uint64_t most = 1;

	for (size_t i = 0; i < num; i++)
		if (chunks[i].raw > most)
			most = chunks[i].raw;
	uint64_t threads = memory ? memory / (JUDGE_TRACE_FACTOR * most) : jobs;
	return threads < 1 || !jobs ? 1 : threads < jobs ? (unsigned)threads : jobs;
}

struct error *judge_trace(const struct trace_reader *reader, const struct judge_trace_options *options, struct run *ret,
			  trace_calls *ret_calls)
{
	struct judging j = {
		.reader = reader, .options = options, .run = ret, .calls = ret_calls, .started = clock_now()};
	size_t num;
	const struct trace_chunk_info *chunks = trace_reader_chunks(reader, &num);
	bool in_order = options->run->judge.stop_on_first || options->run->judge.max_findings;
	struct error *err = find_range(&j);

	if (err)
		return err;
	while (j.num_chunks < num && chunks[j.num_chunks].first <= j.range.last)
		j.num_chunks++;
	j.jobs = in_order ? 1 : judge_trace_threads(reader, options->jobs, options->memory);
	if (j.jobs > j.num_chunks)
		j.jobs = j.num_chunks ? (unsigned)j.num_chunks : 1;
	pthread_mutex_init(&j.mutex, NULL);
	pthread_cond_init(&j.turn, NULL);
	err = run_threads(&j);
	pthread_cond_destroy(&j.turn);
	pthread_mutex_destroy(&j.mutex);
	return err ? err : conclude(&j);
}
