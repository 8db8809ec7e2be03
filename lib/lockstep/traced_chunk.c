#include "lib/lockstep/traced_chunk.h"

/* A signal that stopped the guest ended the run: the guest had left the log, unless that has the signal. */
static int logged_signal(const struct trace_end *end)
{
	bool lost = end && end->error && end->error_code == ERROR_LOST_SYNC;

	if (!end)
		return SIGNAL_NOT_TOLD;
	return lost ? 0 : end->exit_signal;
}

struct error *traced_chunk_init(struct traced_chunk *c, const struct trace_reader *reader,
				const struct lockstep_options *options)
{
	*c = (struct traced_chunk){.reader = reader};

	struct error *err = traced_init(&c->steps, trace_reader_header(reader), options);
	c->steps.steps = trace_reader_steps(reader);
	c->steps.end_signal = logged_signal(trace_reader_end(reader));
	c->steps.by_entry = true;
	return err ? err : trace_decoder_create(reader, &c->decoder);
}

void traced_chunk_deinit(struct traced_chunk *c)
{
	traced_deinit(&c->steps);
	trace_decoder_destroy(c->decoder);
}

static struct error *observe(struct traced_chunk *c)
{
	struct judge *j = &c->steps.judge;
	size_t num;
	const struct trace_observed *o = trace_decoder_observed(c->decoder, &num);
	struct error *err = NULL;

	for (size_t i = 0; i < num && !err; i++) {
		struct lifted *lifted;
		err = lift_cache_get(j->model.cache, o[i].pc, o[i].bytes, o[i].len, &lifted);
		if (!err)
			j->relift |= lift_cache_observe(j->model.cache, lifted, o[i].before.value, o[i].after.value);
	}
	return err;
}

static struct error *begin(struct traced_chunk *c, size_t chunk, struct run *run)
{
	struct traced *t = &c->steps;
	struct judge *j = &t->judge;
	size_t num;
	const struct trace_chunk_info *info = &trace_reader_chunks(c->reader, &num)[chunk];
	struct error *err = traced_begin(t, run);

	if (!err)
		err = trace_decoder_open(c->decoder, chunk);
	if (err)
		return err;
	state_copy(&j->now, trace_decoder_carried(c->decoder));
	t->position = info->first_event;
	j->repeat = trace_decoder_repeat(c->decoder);
	for (uint32_t reg = 0; j->seen_at && reg < j->source->isa->num_regs; reg++)
		j->seen_at[reg] = trace_decoder_seen_at(c->decoder, reg);
	lift_cache_trim(j->model.cache);
	err = observe(c);
	traced_relift(t);
	return err;
}

struct error *traced_chunk_judge(struct traced_chunk *c, size_t chunk, struct run *run)
{
	struct trace_step step;
	bool end = false, enough = false;
	struct error *err = begin(c, chunk, run);

	while (!err && !enough) {
		err = trace_decoder_next(c->decoder, &step, &end);
		if (err || end)
			break;
		err = traced_step(&c->steps, &step, &enough);
	}
	judge_note_cpu(&c->steps.judge);
	return err;
}
