#include "lib/oracle/oracle.h"

#include <string.h>

#include "lib/oracle/kind.h"

void oracle_destroy(struct oracle *o)
{
	if (o)
		o->ops->destroy(o);
}

const char *oracle_name(const struct oracle *o)
{
	return o->ops->name;
}

const char *oracle_cpu(const struct oracle *o)
{
	return o->host->cpu;
}

void oracle_describe_host(const struct oracle *o, bool all, struct strbuf *ret)
{
	host_describe(o->host, all, ret);
}

bool oracle_gap(const struct oracle *o, size_t index, struct oracle_gap *ret)
{
	return host_gap(o->host, index, ret);
}

void oracle_initial_state(const struct oracle *o, struct state *ret)
{
	o->ops->initial_state(o, ret);
}

struct error *oracle_run(struct oracle *o, const struct oracle_case *c, struct oracle_outcome *ret)
{
	if (c->len == 0 || c->len > o->isa->max_insn_len)
		return error_create(ERROR_BUG, "an instruction of %zu bytes", c->len);
	return o->ops->run(o, c, ret);
}

struct error *oracle_run_many(struct oracle *o, const struct oracle_case *cases, size_t num, size_t *ret_done)
{
	if (num > ORACLE_MAX_MANY)
		return error_create(ERROR_BUG, "%zu cases at once", num);
	*ret_done = 0;
	return num ? o->ops->run_many(o, cases, num, ret_done) : NULL;
}

struct error *oracle_many_outcome(struct oracle *o, const struct oracle_case *c, size_t index,
				  struct oracle_outcome *ret)
{
	struct error *err = oracle_outcome_reserve(ret, c);

	return err ? err : o->ops->many_outcome(o, c, index, ret);
}

struct error *oracle_run_probes(struct oracle *o, struct oracle_probe *probes, size_t num)
{
	for (size_t i = 0; i < num; i++) {
		if (probes[i].len == 0 || probes[i].len > o->isa->max_insn_len)
			return error_create(ERROR_BUG, "an instruction of %u bytes", probes[i].len);
	}
	return o->ops->run_probes(o, probes, num);
}

struct error *oracle_outcome_init(struct oracle_outcome *out, const struct isa *isa)
{
	*out = (struct oracle_outcome){0};
	return state_init(&out->after, isa);
}

static void clear_memory(struct oracle_outcome *out)
{
	for (size_t i = 0; i < out->memory.len; i++)
		free(out->memory.at[i].data);
	out->memory.len = 0;
}

void oracle_outcome_deinit(struct oracle_outcome *out)
{
	clear_memory(out);
	vec_deinit(&out->memory);
	state_deinit(&out->after);
}

bool oracle_outcome_same(const struct oracle_outcome *a, const struct oracle_outcome *b)
{
	const struct isa *isa = a->after.isa;

	if (a->end != b->end || a->signal != b->signal || a->code != b->code || a->address != b->address ||
	    a->memory.len != b->memory.len)
		return false;
	for (uint32_t i = 0; i < isa->num_words; i++) {
		if ((a->after.value[i] ^ b->after.value[i]) & ~a->after.unknown[i] & ~b->after.unknown[i])
			return false;
	}
	for (size_t i = 0; i < a->memory.len; i++) {
		const struct oracle_memory *m = &a->memory.at[i], *o = &b->memory.at[i];
		if (m->address != o->address || m->len != o->len || memcmp(m->data, o->data, m->len) != 0)
			return false;
	}
	return true;
}

void oracle_outcome_leave_open(struct oracle_outcome *out, const char *reason)
{
	clear_memory(out);
	for (uint32_t r = 0; r < out->after.isa->num_regs; r++)
		state_set_unknown(&out->after, r);
	out->end = ORACLE_OPEN;
	out->signal = out->code = 0;
	out->address = 0;
	out->reason = reason;
}

/* The outcome's memory already has the shape of the case's ranges: usual when many cases follow each other. */
static bool has_shape(const struct oracle_outcome *out, const struct oracle_case *c)
{
	if (out->memory.len != c->num_ranges)
		return false;
	for (size_t i = 0; i < c->num_ranges; i++) {
		if (out->memory.at[i].len != c->ranges[i].len)
			return false;
	}
	return true;
}

struct error *oracle_outcome_reserve(struct oracle_outcome *out, const struct oracle_case *c)
{
	if (!has_shape(out, c)) {
		clear_memory(out);
		if (!vec_reserve(&out->memory, c->num_ranges))
			return &error_no_memory;
		for (size_t i = 0; i < c->num_ranges; i++) {
			uint8_t *data = malloc(c->ranges[i].len ? c->ranges[i].len : 1);
			if (!data)
				return &error_no_memory;
			out->memory.at[out->memory.len++] = (struct oracle_memory){.len = c->ranges[i].len,
										   .data = data};
		}
	}
	for (size_t i = 0; i < c->num_ranges; i++)
		out->memory.at[i].address = c->ranges[i].address;
	return NULL;
}

static bool read_byte(const struct oracle_outcome *out, uint64_t address, uint8_t *ret)
{
	for (size_t i = 0; i < out->memory.len; i++) {
		const struct oracle_memory *m = &out->memory.at[i];
		if (address - m->address < m->len) {
			*ret = m->data[address - m->address];
			return true;
		}
	}
	return false;
}

bool oracle_outcome_read(const struct oracle_outcome *out, uint64_t address, void *ret, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!read_byte(out, address + i, (uint8_t *)ret + i))
			return false;
	}
	return true;
}
