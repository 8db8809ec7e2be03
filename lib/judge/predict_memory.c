/* What predictions see of memory: what the model knows, what it has the source asked for, or what a trace has. */
#include <string.h>

#include "lib/judge/faulted.h"
#include "lib/judge/predict_parts.h"
#include "lib/sys/initial_stack.h"

/* Reads the pages of a range from the guest. True if all of it is mapped. */
static bool fetch(struct predictor *p, uint64_t address, size_t len)
{
	uint64_t first = address & -(uint64_t)MEMORY_PAGE;
	size_t pages = (size_t)((address + len - 1 - first) / MEMORY_PAGE) + 1;

	for (size_t i = 0; i < pages; i++) {
		uint8_t page[MEMORY_PAGE];
		size_t got = 0;
		p->error = p->source->ops->read(p->source, first + i * MEMORY_PAGE, page, sizeof page, &got);
		if (!p->error && got == sizeof page)
			p->error = memory_fill(p->memory, first + i * MEMORY_PAGE, page, sizeof page);
		if (!p->error && got == sizeof page && !map_put(&p->mapped, first / MEMORY_PAGE + i))
			p->error = &error_no_memory;
		if (p->error || got != sizeof page)
			return false;
	}
	return true;
}

/* The guest cannot be asked. */
static enum mem_result reach_ahead(struct predictor *p, uint64_t address, size_t len)
{
	struct source *s = p->source;

	return s->ops->reach ? s->ops->reach(s, p->memory, address, len, &p->error) : MEM_OK;
}

enum mem_result predictor_read(struct predictor *p, uint64_t address, size_t len, uint8_t *ret, uint8_t *unknown)
{
	if (memory_read(p->memory, address, ret, unknown, len))
		return MEM_OK;
	if (p->source->stance == STANCE_AHEAD) {
		enum mem_result there = reach_ahead(p, address, len);
		if (there == MEM_OK)
			memory_read(p->memory, address, ret, unknown, len);
		return there;
	}
	if (p->source->stance == STANCE_BEHIND) {
		p->waiting = true;
		return MEM_ERROR;
	}
	if (!fetch(p, address, len))
		return p->error ? MEM_ERROR : MEM_FAULT;
	memory_read(p->memory, address, ret, unknown, len);
	return MEM_OK;
}

enum mem_result predictor_know(struct predictor *p, uint64_t address, size_t len)
{
	uint8_t bytes[64], unknown[64];
	enum mem_result result = len <= sizeof bytes ? predictor_read(p, address, len, bytes, unknown) : MEM_FAULT;

	return result;
}

static void note_fault(struct predictor *p, uint64_t address, size_t len)
{
	p->fault_at = address;
	p->fault_len = len;
}

enum mem_result predict_load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	struct predictor *p = ctx;
	enum mem_result result = source_shows_accesses(p->source)
					 ? p->source->ops->load(p->source, address, len, ret, unknown)
					 : predictor_read(p, address, len, ret, unknown);

	if (result == MEM_FAULT)
		note_fault(p, address, len);
	if (result != MEM_OK)
		return result;
	if (!vec_reserve(&p->current->loads, p->current->loads.len + 1)) {
		p->error = &error_no_memory;
		return MEM_ERROR;
	}
	struct predicted_load *l = &p->current->loads.at[p->current->loads.len++];
	l->address = address;
	l->len = (uint8_t)len;
	memcpy(l->data, ret, len);
	memcpy(l->unknown, unknown, len);
	return MEM_OK;
}

/* The loads of a prediction, seen once more. */
enum mem_result predict_load_again(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	struct predictor *p = ctx;

	for (size_t i = 0; i < p->current->loads.len; i++) {
		const struct predicted_load *l = &p->current->loads.at[i];
		if (l->address == address && l->len == len) {
			memcpy(ret, l->data, len);
			memcpy(unknown, l->unknown, len);
			return MEM_OK;
		}
	}
	memset(ret, 0, len);
	memset(unknown, 0xff, len);
	return MEM_OK;
}

/* The kernel makes the stack larger when the program reaches below it. */
static bool may_be_stack(const struct predictor *p, uint64_t page)
{
	return initial_stack_reaches(p->stack, state_get(&p->front, p->isa->sp), page * MEMORY_PAGE);
}

/* Is the page there? */
static enum mem_result reach_page(struct predictor *p, uint64_t page)
{
	uint8_t byte;
	size_t got = 0;

	if (map_get(&p->mapped, page))
		return MEM_OK;
	if (p->source->stance == STANCE_AHEAD) {
		enum mem_result there = reach_ahead(p, page * MEMORY_PAGE, 1);
		return there == MEM_FAULT && may_be_stack(p, page) ? MEM_OK : there;
	}
	if (p->source->stance == STANCE_BEHIND) {
		p->waiting = true;
		return MEM_ERROR;
	}
	p->error = p->source->ops->read(p->source, page * MEMORY_PAGE, &byte, 1, &got);
	if (!p->error && got && !map_put(&p->mapped, page))
		p->error = &error_no_memory;
	if (p->error)
		return MEM_ERROR;
	return got || may_be_stack(p, page) ? MEM_OK : MEM_FAULT;
}

static enum mem_result reach_shown(const struct predictor *p)
{
	for (size_t i = 0; i < p->eval.num_stores; i++)
		if (!p->source->ops->stored(p->source, &p->eval.stores[i]))
			return MEM_FAULT;
	return MEM_OK;
}

/* Stores to where nothing is fault. Whether what is there may be written to, no source tells. */
enum mem_result predict_reach_stores(struct predictor *p)
{
	enum mem_result result = MEM_OK;

	if (source_shows_accesses(p->source))
		return reach_shown(p);
	for (size_t i = 0; i < p->eval.num_stores && result == MEM_OK; i++) {
		const struct eval_store *s = &p->eval.stores[i];
		uint64_t first = s->address / MEMORY_PAGE, last = (s->address + s->len - 1) / MEMORY_PAGE;
		result = reach_page(p, first);
		if (result == MEM_OK && last != first)
			result = reach_page(p, last);
		if (result == MEM_FAULT)
			note_fault(p, s->address, s->len);
	}
	return result;
}

enum mem_result predict_reach_operand(struct predictor *p, const struct insn *insn)
{
	uint64_t address;
	size_t len = source_shows_accesses(p->source) ? 0 : operand_at(p, insn, &address);
	enum mem_result result = len ? reach_page(p, address / MEMORY_PAGE) : MEM_OK;

	if (len && result == MEM_OK)
		result = reach_page(p, (address + len - 1) / MEMORY_PAGE);
	if (result == MEM_FAULT)
		note_fault(p, address, len);
	return result;
}

void predictor_remap(struct predictor *p)
{
	map_clear(&p->mapped);
}
