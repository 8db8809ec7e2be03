#include "lib/diff/stream.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"

static uint64_t hash_bytes(const uint8_t *bytes, size_t len)
{
	uint64_t hash = len;

	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = 0;
		memcpy(&word, bytes + at, len - at < 8 ? len - at : 8);
		hash = hash_u64(hash ^ word);
	}
	return hash;
}

/* ---- Places ---- */

static const struct trace_chunk_info *chunk_info(const struct stream *s, size_t chunk)
{
	size_t num;

	return &trace_reader_chunks(s->reader, &num)[s->chunks[chunk]];
}

static struct error *place_open(const struct stream *s, struct stream_place *p, size_t chunk)
{
	p->chunk = chunk;
	if (chunk == s->num_chunks)
		return NULL;
	p->event = chunk_info(s, chunk)->first_event;
	return trace_decoder_open(p->decoder, s->chunks[chunk]);
}

/* The next step, and the index of the log's next event before it. */
static struct error *place_next(const struct stream *s, struct stream_place *p, struct trace_step *ret,
				uint64_t *ret_event, bool *ret_end)
{
	bool end = false;
	struct error *err = NULL;

	while (!err && p->chunk < s->num_chunks) {
		err = trace_decoder_next(p->decoder, ret, &end);
		if (err || !end)
			break;
		err = place_open(s, p, p->chunk + 1);
	}
	if (err)
		return err;
	*ret_end = p->chunk >= s->num_chunks;
	if (*ret_end)
		return NULL;
	*ret_event = p->event;
	p->index++;
	if (ret->event)
		p->event = ret->event->position;
	return NULL;
}

/* ---- The stream ---- */

struct error *stream_init(struct stream *s, const struct trace_reader *reader, const size_t *chunks, size_t num_chunks,
			  uint64_t window)
{
	*s = (struct stream){.reader = reader, .chunks = chunks, .num_chunks = num_chunks, .window = window};
	for (size_t i = 0; i < num_chunks; i++)
		s->len += chunk_info(s, i)->steps;
	s->tid = chunk_info(s, 0)->tid;
	s->ring = calloc(window, sizeof *s->ring);
	struct error *err = s->ring ? NULL : &error_no_memory;
	if (!err)
		err = trace_decoder_create(reader, &s->here.decoder);
	if (!err)
		err = trace_decoder_create(reader, &s->scout.decoder);
	if (!err)
		err = place_open(s, &s->here, 0);
	if (!err)
		err = place_open(s, &s->scout, 0);
	return err ? err : stream_next(s);
}

void stream_deinit(struct stream *s)
{
	trace_decoder_destroy(s->here.decoder);
	trace_decoder_destroy(s->scout.decoder);
	free(s->ring);
}

struct error *stream_next(struct stream *s)
{
	size_t chunk = s->here.chunk;

	s->index = s->here.index;
	struct error *err = place_next(s, &s->here, &s->step, &s->event, &s->at_end);
	if (!err && s->here.chunk != chunk)
		s->here_chunk_index = s->index;
	return err;
}

/* ---- Ahead ---- */

/* One step of the scout. */
static struct error *look_further(struct stream *s)
{
	struct trace_step step;
	struct stream_ahead *a = &s->ring[s->scout.index % s->window];
	uint64_t event = 0;
	bool end = false;
	struct error *err = place_next(s, &s->scout, &step, &event, &end);

	if (err)
		return err;
	if (end)
		return error_create(ERROR_BUG, "thread %llu has fewer steps than its chunks tell",
				    (unsigned long long)s->tid);
	uint32_t sp = step.before->isa->sp;
	a->pc = step.pc;
	a->sp = state_known(step.before, sp) ? state_get(step.before, sp) : 0;
	a->event = event;
	a->bytes = hash_bytes(step.bytes, step.len);
	return NULL;
}

/* Brings a scout that was left behind to the current step. */
static struct error *catch_up(struct stream *s)
{
	struct error *err = NULL;

	if (s->scout.index < s->index && s->scout.chunk < s->here.chunk) {
		err = place_open(s, &s->scout, s->here.chunk);
		s->scout.index = s->here_chunk_index;
	}
	while (!err && s->scout.index < s->index)
		err = look_further(s);
	return err;
}

struct error *stream_look(struct stream *s, uint64_t distance, struct stream_ahead *ret, bool *ret_end)
{
	*ret_end = s->at_end || distance >= s->len - s->index;
	if (*ret_end)
		return NULL;
	struct error *err = catch_up(s);
	while (!err && s->scout.index <= s->index + distance)
		err = look_further(s);
	if (!err)
		*ret = s->ring[(s->index + distance) % s->window];
	return err;
}
