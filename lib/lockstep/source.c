/* The target, and the log, as the judge sees them. */
#include <sys/mman.h> /* PROT_WRITE */

#include "lib/lockstep/internal.h"

static struct error *read_target(struct source *source, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	return target_read_memory(((struct lockstep *)source->ctx)->target, address, ret, len, ret_len);
}

/* What is mapped, and what is known of it without asking: of a guest that runs. */
static enum mem_result reach_target(struct source *source, struct memory *memory, uint64_t address, size_t len,
				    struct error **error)
{
	struct lockstep *ls = source->ctx;
	const struct guest_map *map = replay_map(ls->replay);
	struct guest_map_range range;

	if (!ls->flow.on)
		return MEM_OK;
	for (uint64_t page = address / MEMORY_PAGE; page <= (address + len - 1) / MEMORY_PAGE; page++) {
		uint64_t at = page * MEMORY_PAGE;
		if (!guest_map_at(map, at, &range) || !range.prot || replay_is_beyond(ls->replay, at))
			return MEM_FAULT;
	}
	*error = replay_know_fresh(ls->replay, memory, address, len);
	return *error ? MEM_ERROR : MEM_OK;
}

/* Code that nobody can write to stays what it is. */
static struct error *forget_writable(struct source *source, struct memory *memory)
{
	struct lockstep *ls = source->ctx;
	const struct guest_map *map = replay_map(ls->replay);
	struct error *err = map->known ? NULL : memory_forget_all(memory);

	for (size_t i = 0; map->known && i < guest_map_num(map) && !err; i++) {
		struct guest_map_range range = guest_map_get(map, i);
		if (range.prot & PROT_WRITE)
			err = memory_forget(memory, range.start, range.len);
	}
	return err;
}

static void init_source(struct lockstep *ls)
{
	static const struct source_ops ops = {.read = read_target, .reach = reach_target, .forget = forget_writable};
	const struct target *t = ls->target;

	ls->source = (struct source){
		.ops = &ops,
		.ctx = ls,
		.isa = t->isa,
		.hidden = t->hidden,
		.on_request = t->on_request,
		.trap_is_step = t->trap_is_step,
		.stops_reset = t->stops_reset,
		.no_segments = t->no_segments,
	};
}

static uint64_t log_position(void *ctx)
{
	return replay_position(((struct lockstep *)ctx)->replay);
}

static struct error *log_has_signal(void *ctx, int signal, bool *ret)
{
	return replay_has_signal(((struct lockstep *)ctx)->replay, signal, ret);
}

/* Others than those of memory were raised where they are in the log, which its next fault tells. */
static struct error *log_has_fault(void *ctx, int signal, bool memory, bool *ret)
{
	*ret = false;
	return memory ? log_has_signal(ctx, signal, ret) : NULL;
}

static void init_log(struct lockstep *ls)
{
	ls->log = (struct log_view){
		.ctx = ls,
		.position = log_position,
		.has_signal = log_has_signal,
		.has_fault = log_has_fault,
		.header = replay_header(ls->replay),
	};
}

void source_init(struct lockstep *ls)
{
	init_source(ls);
	init_log(ls);
	ls->judge.source = &ls->source;
	ls->judge.log = &ls->log;
}
