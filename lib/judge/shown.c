#include "lib/judge/shown.h"

#include <string.h>

#include "lib/state/memory.h"

/* Copies what an access has of the bytes; false if that is nothing. */
static bool read_access(const struct trace_access *a, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	bool any = false;

	for (unsigned i = 0; i < len; i++) {
		uint64_t at = address + i - a->address;
		if (at >= a->len)
			continue;
		any = true;
		if (!(a->known >> at & 1))
			continue;
		ret[i] = a->data[at];
		unknown[i] = 0;
	}
	return any;
}

static enum mem_result load(struct source *source, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	const struct shown *s = source->ctx;
	bool any = false;

	memset(ret, 0, len);
	memset(unknown, 0xff, len);
	for (size_t i = 0; i < s->num_accesses; i++)
		if (!s->accesses[i].store)
			any |= read_access(&s->accesses[i], address, len, ret, unknown);
	return any || !s->stopped ? MEM_OK : MEM_FAULT;
}

/* A recorder that predicted a store has it among the accesses, also if a signal came instead. */
static bool stored(struct source *source, const struct eval_store *store)
{
	const struct shown *s = source->ctx;
	bool any = !s->stopped;

	for (size_t i = 0; i < s->num_accesses && !any; i++)
		any = s->accesses[i].store && s->accesses[i].address == store->address;
	return any;
}

static bool accessed_page(struct source *source, uint64_t address, uint8_t *ret)
{
	const struct shown *s = source->ctx;
	bool any = false;

	memset(ret, 0, MEMORY_PAGE);
	for (size_t i = 0; i < s->num_accesses; i++) {
		const struct trace_access *a = &s->accesses[i];
		for (unsigned k = 0; k < a->len; k++) {
			uint64_t at = a->address + k - address;
			if (at >= MEMORY_PAGE)
				continue;
			any = true;
			if (!a->store)
				ret[at] = a->data[k];
		}
	}
	return any;
}

void shown_init(struct shown *s, const struct isa *isa)
{
	static const struct source_ops ops = {.load = load, .stored = stored, .accessed_page = accessed_page};

	*s = (struct shown){.source = {.ops = &ops, .ctx = s, .isa = isa, .stance = STANCE_AHEAD}};
}

struct error *shown_predict(struct shown *s, struct predictor *p, const struct state *before, uint64_t pc,
			    struct lifted *lifted, struct prediction *slot)
{
	enum predict_result result; /* nothing waits for a source that has been there */

	p->source = &s->source;
	state_copy(&p->front, before);
	state_set(&p->front, p->isa->pc, pc);
	predict_begin(p, slot);
	return predict_insn(p, slot, lifted, MEM_FAULT, &result);
}
