#include "lib/trace/store.h"

#include <endian.h>
#include <string.h>

/* ---- The file ---- */

/* Writes the contents of s->raw as a record. */
static struct error *write_record(struct store *s, struct record *record)
{
	s->out.len = 0;
	struct error *err = record_append(&s->out, record, s->raw.at, s->raw.len);
	return err ? err : file_output_write(&s->file, s->out.at, s->out.len);
}

static struct error *write_header(struct store *s, const struct trace_header *header, const struct layout *layout)
{
	uint8_t prefix[TRACE_PREFIX_LEN] = TRACE_MAGIC;
	uint32_t version = htole32(TRACE_VERSION);
	struct record record = {.type = RECORD_HEADER};

	memcpy(prefix + 8, &version, sizeof version);
	if (!header_put(&s->raw, header, layout))
		return &error_no_memory;
	struct error *err = file_output_write(&s->file, prefix, sizeof prefix);
	return err ? err : write_record(s, &record);
}

static struct error *close_chunk(struct store *s)
{
	struct trace_chunk_info *k = &s->chunk;

	if (!s->open)
		return NULL;
	k->steps = s->encoder.steps;
	k->offset = s->file.written;
	s->open = false;
	struct record record = {
		.type = RECORD_CHUNK,
		.steps = k->steps,
		.first = k->first,
		.first_event = k->first_event,
		.tid = k->tid,
	};
	struct error *err = encoder_end(&s->encoder, &s->raw);
	if (!err)
		err = write_record(s, &record);
	if (err)
		return err;
	k->stored = RECORD_HEADER_LEN + record.stored;
	k->raw = record.raw;
	return vec_push(&s->index.chunks, *k) ? NULL : &error_no_memory;
}

static struct error *store_chunk(struct store *s, void *item)
{
	struct parcel_chunk parcel;
	struct error *err = close_chunk(s);

	if (err)
		return err;
	parcel_get_chunk(s->state.isa, item, &parcel);
	const struct chunk_start start = {
		.pc = parcel.pc,
		.carried = &parcel.carried,
		.repeat = parcel.repeat,
		.observed = s->observed.at,
		.num_observed = s->observed.len,
	};
	s->chunk = parcel.info;
	s->open = true;
	s->raw.len = 0;
	if (!changes_put_start(&s->changes, &start, &s->raw))
		return &error_no_memory;
	return encoder_begin(&s->encoder, start.pc, s->raw.at, s->raw.len);
}

static void take_state(struct store *s, const struct parcel_step *parcel)
{
	const struct isa *isa = s->state.isa;
	const struct trace_step *step = &parcel->step;
	const uint64_t *words = parcel->words;

	if (!step->changed)
		return state_copy(&s->state, &parcel->after);
	for (size_t i = 0; i < step->num_changed; i++) {
		const struct reg_desc *reg = &isa->regs[step->changed[i]];
		unsigned n = reg_words(reg);
		/* Most have one. Compilers make of a memcpy() of some words what takes dozens of cycles to start. */
		if (n == 1)
			s->state.value[reg->word] = *words;
		else
			memcpy(s->state.value + reg->word, words, n * sizeof *words);
		words += n;
	}
	s->state.value[isa->regs[isa->pc].word] = *words;
}

static struct error *store_step(struct store *s, void *item)
{
	const struct changes *c = &s->changes;
	struct parcel_step parcel;

	parcel_get_step(s->state.isa, item, s->accesses, &parcel);
	take_state(s, &parcel);
	changes_step(&s->changes, &parcel.step, &s->state);
	const struct encoder_step step = {
		.pc = parcel.step.pc,
		.next_pc = c->words[c->layout.pc],
		.bytes = parcel.step.bytes,
		.len = parcel.step.len,
		.running = parcel.step.running,
		.signal = parcel.step.signal,
		.changed = c->changed,
		.values = c->values,
		.num_changed = c->num_changed,
		.unseen = c->seen_changes ? c->unseen : NULL,
		.accesses = parcel.step.accesses,
		.num_accesses = parcel.step.num_accesses,
		.event = parcel.event,
		.event_len = parcel.event_len,
	};
	return encoder_step(&s->encoder, &step);
}

static void observed_deinit(struct trace_observed *o)
{
	state_deinit(&o->before);
	state_deinit(&o->after);
}

static struct error *store_observed(struct store *s, void *item)
{
	struct trace_observed parcel, o;

	parcel_get_observed(s->state.isa, item, &parcel);
	o = parcel;
	o.before = o.after = (struct state){0};
	struct error *err = state_init(&o.before, s->state.isa);
	if (!err)
		err = state_init(&o.after, s->state.isa);
	if (!err) {
		state_copy(&o.before, &parcel.before);
		state_copy(&o.after, &parcel.after);
		if (!vec_push(&s->observed, o))
			err = &error_no_memory;
	}
	if (err)
		observed_deinit(&o);
	return err;
}

static struct error *store_modules(struct store *s, const uint8_t *bytes, size_t len)
{
	struct record record = {.type = RECORD_MODULES};
	uint64_t offset = s->file.written;

	s->raw.len = 0;
	if (!put_bytes(&s->raw, bytes, len))
		return &error_no_memory;
	struct error *err = write_record(s, &record);
	if (!err)
		s->index.modules = offset;
	return err;
}

struct error *store_take(void *arg, unsigned kind, void *item, size_t len)
{
	struct store *s = arg;

	switch ((enum parcel_kind)kind) {
	case PARCEL_CHUNK: return store_chunk(s, item);
	case PARCEL_STEP: return store_step(s, item);
	case PARCEL_OBSERVED: return store_observed(s, item);
	case PARCEL_MODULES: return store_modules(s, item, len);
	}
	return error_create(ERROR_BUG, "a trace is given an item of kind %u", kind);
}

static struct error *write_end(struct store *s, const struct trace_end *end)
{
	struct record record = {.type = RECORD_END};

	s->index.end = s->file.written;
	s->raw.len = 0;
	return end_put(&s->raw, end) ? write_record(s, &record) : &error_no_memory;
}

static struct error *write_index(struct store *s)
{
	struct record record = {.type = RECORD_INDEX};
	uint8_t footer[TRACE_FOOTER_LEN] = {0};
	uint64_t longs[2] = {htole64(s->file.written)};

	s->raw.len = 0;
	if (!index_put(&s->raw, &s->index))
		return &error_no_memory;
	struct error *err = write_record(s, &record);
	if (err)
		return err;
	longs[1] = htole64(s->file.written + sizeof footer);
	memcpy(footer, longs, sizeof longs);
	record_check(footer, sizeof longs, footer + 16);
	memcpy(footer + 24, TRACE_FOOTER_MAGIC, 8);
	return file_output_write(&s->file, footer, sizeof footer);
}

struct error *store_finish(struct store *s, const struct trace_end *end)
{
	struct error *err = close_chunk(s);

	if (!err)
		err = write_end(s, end);
	if (!err)
		err = write_index(s);
	return err ? err : file_output_finish(&s->file);
}

void store_deinit(struct store *s)
{
	file_output_close(&s->file);
	changes_deinit(&s->changes);
	state_deinit(&s->state);
	encoder_deinit(&s->encoder);
	for (size_t i = 0; i < s->observed.len; i++)
		observed_deinit(&s->observed.at[i]);
	vec_deinit(&s->observed);
	vec_deinit(&s->index.chunks);
	vec_deinit(&s->raw);
	vec_deinit(&s->out);
}

struct error *store_open(struct store *s, const char *path, const struct trace_header *header,
			 const struct state *start)
{
	const struct changes *c = &s->changes;
	struct error *err = state_init(&s->state, header->isa);

	if (err)
		return err;
	state_copy(&s->state, start);
	err = changes_init(&s->changes, header, start);
	if (!err)
		err = encoder_init(&s->encoder, c->words, c->layout.words.len, c->layout.pc);
	if (!err)
		err = file_output_open(&s->file, path, "create the trace");
	return err ? err : write_header(s, header, &c->layout);
}
