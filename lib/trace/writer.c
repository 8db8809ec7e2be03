/* Writing a trace: chunks as they fill, then the end, the index and the footer. */
#include <endian.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/trace/encode.h"

struct trace_writer {
	struct file_output file;
	struct encoder encoder;
	bool open;    /* a chunk is */
	bool running; /* the last step was: what it belongs to stays in one chunk */
	struct trace_chunk_info chunk;
	struct trace_index index;
	uint64_t steps, position; /* so far; index of the log's next event */
	enum repeat_step repeat;
	VEC(struct trace_observed) observed;
	trace_bytes raw, out;
};

/* ---- The file ---- */

/* Writes the contents of w->raw as a record. */
static struct error *write_record(struct trace_writer *w, struct record *record)
{
	w->out.len = 0;
	struct error *err = record_append(&w->out, record, w->raw.at, w->raw.len);
	return err ? err : file_output_write(&w->file, w->out.at, w->out.len);
}

static struct error *write_header(struct trace_writer *w, const struct trace_header *header)
{
	uint8_t prefix[TRACE_PREFIX_LEN] = TRACE_MAGIC;
	uint32_t version = htole32(TRACE_VERSION);
	struct record record = {.type = RECORD_HEADER};

	memcpy(prefix + 8, &version, sizeof version);
	w->raw.len = 0;
	if (!header_put(&w->raw, header, &w->encoder.layout))
		return &error_no_memory;
	struct error *err = file_output_write(&w->file, prefix, sizeof prefix);
	return err ? err : write_record(w, &record);
}

struct error *trace_writer_create(const char *path, const struct trace_header *header, const struct state *start,
				  struct trace_writer **ret)
{
	struct trace_writer *w = calloc(1, sizeof *w);

	if (!w)
		return &error_no_memory;
	w->file.fd = -1;
	struct error *err = encoder_init(&w->encoder, header, start);
	if (!err)
		err = file_output_open(&w->file, path, "create the trace");
	if (!err)
		err = write_header(w, header);
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
	file_output_close(&w->file);
	encoder_deinit(&w->encoder);
	for (size_t i = 0; i < w->observed.len; i++) {
		state_deinit(&w->observed.at[i].before);
		state_deinit(&w->observed.at[i].after);
	}
	vec_deinit(&w->observed);
	vec_deinit(&w->index.chunks);
	vec_deinit(&w->raw);
	vec_deinit(&w->out);
	free(w);
}

uint64_t trace_writer_bytes(const struct trace_writer *w)
{
	return w->file.written;
}

/* ---- Chunks ---- */

static struct error *close_chunk(struct trace_writer *w)
{
	struct trace_chunk_info *k = &w->chunk;

	if (!w->open)
		return NULL;
	k->steps = w->encoder.steps;
	k->offset = w->file.written;
	w->open = false;
	struct record record = {
		.type = RECORD_CHUNK,
		.steps = k->steps,
		.first = k->first,
		.first_event = k->first_event,
		.tid = k->tid,
	};
	struct error *err = encoder_end(&w->encoder, &w->raw);
	if (!err)
		err = write_record(w, &record);
	if (err)
		return err;
	k->stored = RECORD_HEADER_LEN + record.stored;
	k->raw = record.raw;
	return vec_push(&w->index.chunks, *k) ? NULL : &error_no_memory;
}

static struct error *open_chunk(struct trace_writer *w, const struct trace_step *step)
{
	const struct encoder_start start = {
		.first = w->steps + 1,
		.carried = step->before,
		.repeat = w->repeat,
		.observed = w->observed.at,
		.num_observed = w->observed.len,
	};

	w->chunk = (struct trace_chunk_info){
		.tid = step->tid,
		.first = w->steps + 1,
		.first_event = w->position,
	};
	w->open = true;
	return encoder_begin(&w->encoder, step->pc, &start);
}

/* The step does not belong to the open chunk. */
static bool begins_chunk(const struct trace_writer *w, const struct trace_step *step)
{
	uint64_t pc;

	if (w->open && w->running)
		return false;
	uint32_t steps = w->encoder.steps;

	if (!w->open || w->chunk.tid != step->tid || steps >= CHUNK_STEPS)
		return true;
	/* Not looked at for every step: a step adds some kB at most, and what an event wrote. */
	if (steps % 32 == 0 && encoder_size(&w->encoder) >= CHUNK_RAW)
		return true;
	return encoder_pc(&w->encoder, &pc) && pc != step->pc;
}

static struct error *check_step(const struct trace_step *step)
{
	bool ok = step->len <= TRACE_MAX_BYTES && step->num_accesses <= TRACE_MAX_ACCESSES;

	for (size_t i = 0; i < step->num_accesses && ok; i++)
		ok = step->accesses[i].len >= 1 && step->accesses[i].len <= 64;
	return ok ? NULL
		  : error_create(ERROR_UNSUPPORTED, "pc 0x%llx: a step that does not fit in a trace",
				 (unsigned long long)step->pc);
}

struct error *trace_writer_step(struct trace_writer *w, const struct trace_step *step)
{
	struct error *err = check_step(step);

	if (!err && begins_chunk(w, step)) {
		err = close_chunk(w);
		if (!err)
			err = open_chunk(w, step);
	}
	if (!err)
		err = encoder_step(&w->encoder, step);
	if (err)
		return err;
	w->steps++;
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
	struct trace_observed o = {.pc = step->pc, .len = (uint8_t)step->len};

	if (w->observed.len == TRACE_MAX_OBSERVED || step->len > sizeof o.bytes)
		return NULL;
	memcpy(o.bytes, step->bytes, step->len);
	struct error *err = state_init(&o.before, step->before->isa);
	if (!err)
		err = state_init(&o.after, step->after->isa);
	if (!err) {
		state_copy(&o.before, step->before);
		state_copy(&o.after, step->after);
		if (!vec_push(&w->observed, o))
			err = &error_no_memory;
	}
	if (err) {
		state_deinit(&o.before);
		state_deinit(&o.after);
	}
	return err;
}

struct error *trace_writer_modules(struct trace_writer *w, const struct trace_module *modules, size_t num_modules)
{
	struct record record = {.type = RECORD_MODULES};
	uint64_t offset = w->file.written;

	w->raw.len = 0;
	if (!modules_put(&w->raw, modules, num_modules))
		return &error_no_memory;
	struct error *err = write_record(w, &record);
	if (!err)
		w->index.modules = offset;
	return err;
}

/* ---- The end ---- */

static struct error *write_end(struct trace_writer *w, const struct trace_end *end)
{
	struct record record = {.type = RECORD_END};
	struct trace_end e = *end;

	e.steps = w->steps;
	w->index.end = w->file.written;
	w->raw.len = 0;
	return end_put(&w->raw, &e) ? write_record(w, &record) : &error_no_memory;
}

static struct error *write_index(struct trace_writer *w)
{
	struct record record = {.type = RECORD_INDEX};
	uint8_t footer[TRACE_FOOTER_LEN] = {0};
	uint64_t longs[2] = {htole64(w->file.written)};

	w->raw.len = 0;
	if (!index_put(&w->raw, &w->index))
		return &error_no_memory;
	struct error *err = write_record(w, &record);
	if (err)
		return err;
	longs[1] = htole64(w->file.written + sizeof footer);
	memcpy(footer, longs, sizeof longs);
	record_check(footer, sizeof longs, footer + 16);
	memcpy(footer + 24, TRACE_FOOTER_MAGIC, 8);
	return file_output_write(&w->file, footer, sizeof footer);
}

struct error *trace_writer_finish(struct trace_writer *w, const struct trace_end *end)
{
	struct error *err = close_chunk(w);

	if (!err)
		err = write_end(w, end);
	if (!err)
		err = write_index(w);
	return err ? err : file_output_finish(&w->file);
}
