/*
 * The writer of a trace, as the caller sees it: says where chunks begin, and hands all on to a thread that stores it.
 */
#include "lib/trace/format.h"
#include "lib/trace/store.h"

struct trace_writer {
	struct store store; /* the thread's, until relay_finish() */
	struct relay *relay;
	const struct isa *isa;
	uint64_t steps, position; /* so far; index of the log's next event */
	enum repeat_step repeat;
	size_t num_observed;
	trace_bytes scratch;

	/* The chunk that steps go to. */
	bool open;
	bool running; /* the last step was: what it belongs to stays in one chunk */
	bool pc_seen; /* behind the last step */
	uint64_t pc, tid;
	uint32_t chunk_steps;
	size_t chunk_len; /* of its items: bytes */
};

/* ---- The writer ---- */

struct error *trace_writer_create(const char *path, const struct trace_header *header, const struct state *start,
				  struct trace_writer **ret)
{
	struct trace_writer *w = calloc(1, sizeof *w);

	if (!w)
		return &error_no_memory;
	w->isa = header->isa;
	w->pc_seen = state_known(start, header->isa->pc);
	w->store.file.fd = -1;
	struct error *err = store_open(&w->store, path, header, start);
	if (!err)
		err = relay_create(store_take, &w->store, &w->relay);
	if (err) {
		trace_writer_destroy(w);
		return err;
	}
	*ret = w;
	return NULL;
}

void trace_writer_destroy(struct trace_writer *w)
{
	if (!w)
		return;
	error_destroy(relay_finish(w->relay));
	store_deinit(&w->store);
	vec_deinit(&w->scratch);
	free(w);
}

struct error *trace_writer_finish(struct trace_writer *w, const struct trace_end *end)
{
	struct trace_end e = *end;
	struct error *err = relay_finish(w->relay);

	w->relay = NULL;
	e.steps = w->steps;
	return err ? err : store_finish(&w->store, &e);
}

/* ---- Chunks ---- */

static struct error *begin_chunk(struct trace_writer *w, const struct trace_step *step)
{
	const struct parcel_chunk chunk = {
		.info = {.tid = step->tid, .first = w->steps + 1, .first_event = w->position},
		.pc = step->pc,
		.repeat = w->repeat,
		.carried = *step->before,
	};
	struct error *err = parcel_put_chunk(w->relay, &chunk);

	if (err)
		return err;
	w->open = true;
	w->tid = step->tid;
	w->chunk_steps = 0;
	w->chunk_len = 0;
	return NULL;
}

/* The step does not belong to the open chunk. */
static bool begins_chunk(const struct trace_writer *w, const struct trace_step *step)
{
	if (w->open && w->running)
		return false;
	return !w->open || w->tid != step->tid || w->chunk_steps >= CHUNK_STEPS || w->chunk_len >= CHUNK_ITEMS ||
	       (w->pc_seen && w->pc != step->pc);
}

/* ---- Steps ---- */

static struct error *check_step(const struct trace_step *step)
{
	bool ok = step->len <= TRACE_MAX_BYTES && step->num_accesses <= TRACE_MAX_ACCESSES;

	for (size_t i = 0; i < step->num_accesses && ok; i++)
		ok = step->accesses[i].len >= 1 && step->accesses[i].len <= 64;
	return ok ? NULL
		  : error_create(ERROR_UNSUPPORTED, "pc 0x%llx: a step that does not fit in a trace",
				 (unsigned long long)step->pc);
}

/* Where the next step will be, if the target said so. */
static void note_pc(struct trace_writer *w, const struct trace_step *step)
{
	w->pc = state_get(step->after, w->isa->pc);
	if (!step->changed)
		w->pc_seen = state_known(step->after, w->isa->pc);
}

struct error *trace_writer_step(struct trace_writer *w, const struct trace_step *step)
{
	struct error *err = check_step(step);

	if (!err && begins_chunk(w, step))
		err = begin_chunk(w, step);
	if (err)
		return err;
	w->scratch.len = 0;
	if (step->event && !event_put(&w->scratch, step->event))
		return &error_no_memory;
	size_t len = 0;
	err = parcel_put_step(w->relay, step, w->scratch.at, w->scratch.len, &len);
	if (err)
		return err;
	note_pc(w, step);
	w->chunk_len += len;
	w->steps++;
	w->chunk_steps++;
	w->running = step->running;
	if (step->event)
		w->position = step->event->position;
	return NULL;
}

/* ---- What is not a step ---- */

void trace_writer_repeat(struct trace_writer *w, enum repeat_step repeat)
{
	w->repeat = repeat;
}

struct error *trace_writer_observed(struct trace_writer *w, const struct trace_step *step)
{
	if (w->num_observed == TRACE_MAX_OBSERVED || step->len > ISA_MAX_INSN_LEN)
		return NULL;
	w->num_observed++;
	return parcel_put_observed(w->relay, step);
}

struct error *trace_writer_modules(struct trace_writer *w, const struct trace_module *modules, size_t num_modules)
{
	w->scratch.len = 0;
	if (!modules_put(&w->scratch, modules, num_modules))
		return &error_no_memory;
	return parcel_put_bytes(w->relay, PARCEL_MODULES, w->scratch.at, w->scratch.len);
}
