#include "lib/oracle/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/oracle/selftest.h"

enum { BATCH = 512 };

/* An encoding and what the model says of it. */
struct item {
	struct x86_64_encoding encoding;
	struct insn insn;
	bool executes; /* by the model */
	bool open;     /* by the model, whether it does is the CPU's choice */
	struct oracle_probe probe;
	enum sweep_verdict verdict;
	int cpu_len;
};

struct sweep {
	const struct isa *isa;
	struct oracle *oracle;
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer transfer;
	struct isa_cpu cpu;
	struct item items[BATCH];
	size_t num_items;
	uint64_t count[SWEEP_NUM_VERDICTS];
	VEC(struct sweep_kind) kinds;
	struct map by_opcode;
};

/* ---- Creation ---- */

/* The CPU as the self-test finds it. */
static struct error *find_cpu(struct sweep *s, enum cpu_vendor vendor)
{
	struct selftest *t;
	struct error *err = selftest_create(s->isa, s->oracle, &t);

	if (err)
		return err;
	if (vendor)
		selftest_set_vendor(t, vendor);
	if (selftest_cpu(t)) {
		s->cpu = *selftest_cpu(t);
		s->isa->lifter_set_cpu(s->lifter, &s->cpu);
	}
	selftest_destroy(t);
	return NULL;
}

struct error *sweep_create(const struct isa *isa, struct oracle *oracle, enum cpu_vendor vendor, struct sweep **ret)
{
	struct sweep *s = calloc(1, sizeof *s);

	if (!s)
		return &error_no_memory;
	s->isa = isa;
	s->oracle = oracle;
	struct error *err = isa->lifter_create(&s->lifter);
	if (!err)
		err = expr_pool_create(true, &s->pool);
	if (!err) {
		transfer_init(&s->transfer, s->pool);
		err = find_cpu(s, vendor);
	}
	if (err) {
		sweep_destroy(s);
		return err;
	}
	*ret = s;
	return NULL;
}

void sweep_destroy(struct sweep *s)
{
	if (!s)
		return;
	if (s->lifter)
		s->isa->lifter_destroy(s->lifter);
	transfer_deinit(&s->transfer);
	expr_pool_destroy(s->pool);
	map_deinit(&s->by_opcode);
	vec_deinit(&s->kinds);
	free(s);
}

/* ---- What the model says ---- */

/* The first fault that always happens decides. */
static bool always_undefined(const struct transfer *t)
{
	uint64_t cond;

	for (size_t i = 0; i < t->faults.len; i++) {
		if (expr_is_const(t->pool, t->faults.at[i].cond, &cond) && cond)
			return t->faults.at[i].kind == FAULT_UNDEFINED;
	}
	return false;
}

/* Whether it faults is the CPU's choice, whatever the state: the condition is an input alone. */
static bool is_open(const struct transfer *t)
{
	for (size_t i = 0; i < t->faults.len; i++) {
		if (expr_get(t->pool, t->faults.at[i].cond)->op == EXPR_ENV)
			return true;
	}
	return false;
}

static struct error *ask_model(struct sweep *s, struct item *item)
{
	expr_pool_reset(s->pool);
	transfer_reset(&s->transfer, s->pool);
	struct error *err = s->isa->lift(s->lifter, SELFTEST_CODE, item->encoding.bytes, sizeof item->encoding.bytes,
					 &s->transfer, &item->insn);

	if (err)
		return err;
	item->executes = item->insn.status == LIFT_UNMODELLED ||
			 (item->insn.status == LIFT_DONE && !always_undefined(&s->transfer));
	item->open = item->insn.status == LIFT_DONE && is_open(&s->transfer);
	return NULL;
}

static bool denied(const struct sweep *s, const struct item *item)
{
	for (size_t i = 0; i < sizeof item->insn.feature; i++) {
		if (!isa_cpu_has(&s->cpu, item->insn.feature[i]))
			return true;
	}
	return false;
}

/* Makers differ in it, and hypervisors are known to take the other one's part. */
static bool is_of_hosts(const struct sweep *s, const struct item *item)
{
	for (uint32_t i = 0; i < s->isa->num_vendor_rows; i++) {
		if (item->insn.vendor_rows >> i & 1 && s->isa->vendor_rows[i].ground == VENDOR_HOSTS)
			return true;
	}
	return false;
}

/* ---- What the CPU says ---- */

/* A probe of so many bytes; those that the encoding does not have are 0. */
static void prepare(struct item *item, uint8_t len)
{
	item->probe = (struct oracle_probe){.len = len};
	memcpy(item->probe.bytes, item->encoding.bytes, len);
}

static enum sweep_verdict refused(const struct sweep *s, const struct item *item)
{
	if (!item->executes || denied(s, item))
		return SWEEP_REFUSED;
	if (item->insn.switched && item->insn.status == LIFT_UNMODELLED)
		return SWEEP_SWITCHED;
	return item->open || is_of_hosts(s, item) ? SWEEP_HOST : SWEEP_WRONG;
}

static enum sweep_verdict executed(const struct sweep *s, const struct item *item)
{
	if (item->executes)
		return item->insn.status == LIFT_DONE ? SWEEP_EXECUTES : SWEEP_NAMED;
	return denied(s, item) || is_of_hosts(s, item) ? SWEEP_HOST : SWEEP_MISSING;
}

/* By the first probe. *ret: a length that is to be tried, too; 0: there is none. */
static uint8_t decide(const struct sweep *s, struct item *item)
{
	uint8_t len = item->insn.len;

	switch (item->probe.end) {
	case ORACLE_PROBE_OPEN: item->verdict = SWEEP_OPEN; return 0;
	case ORACLE_PROBE_REFUSED: item->verdict = refused(s, item); return 0;
	case ORACLE_PROBE_LONGER:
		/* More than 15 bytes are #GP, not a fetch. */
		item->verdict = SWEEP_LENGTH;
		return item->probe.len < ISA_MAX_INSN_LEN ? ISA_MAX_INSN_LEN : 0;
	case ORACLE_PROBE_DONE:
	case ORACLE_PROBE_FAULT: break;
	}
	item->verdict = executed(s, item);
	if (!item->executes || len <= 1 || (item->probe.end == ORACLE_PROBE_DONE && item->probe.moved == len))
		return 0;
	return len - 1;
}

/*
 * By the second one. A byte less must not do, where the first probe does not tell the length; where it was longer than
 * the model has it, it may be that the CPU refuses all of it.
 */
static void decide_length(const struct sweep *s, struct item *item)
{
	bool completed = item->probe.end == ORACLE_PROBE_DONE || item->probe.end == ORACLE_PROBE_FAULT;

	item->cpu_len = 0;
	if (item->probe.end == ORACLE_PROBE_OPEN)
		item->verdict = SWEEP_OPEN;
	else if (item->verdict == SWEEP_LENGTH && item->probe.end == ORACLE_PROBE_REFUSED)
		item->verdict = refused(s, item);
	else if (item->verdict != SWEEP_LENGTH && item->probe.end != ORACLE_PROBE_LONGER)
		item->verdict = SWEEP_LENGTH;
	if (item->verdict == SWEEP_LENGTH && completed && item->probe.moved > 0 &&
	    item->probe.moved <= ISA_MAX_INSN_LEN)
		item->cpu_len = (int)item->probe.moved;
}

static struct error *probe_items(struct sweep *s, struct item *const *which, size_t num)
{
	struct oracle_probe probes[BATCH];

	for (size_t i = 0; i < num; i++)
		probes[i] = which[i]->probe;
	struct error *err = oracle_run_probes(s->oracle, probes, num);
	for (size_t i = 0; i < num && !err; i++)
		which[i]->probe = probes[i];
	return err;
}

/* ---- Kinds ---- */

static uint64_t hash_kind(const struct item *item)
{
	uint64_t hash = (uint64_t)item->verdict + 1;

	for (const char *c = item->encoding.opcode; *c; c++)
		hash = hash_u64(hash ^ (uint8_t)*c);
	return hash;
}

static struct error *count(struct sweep *s, const struct item *item)
{
	s->count[item->verdict]++;
	if (item->verdict == SWEEP_EXECUTES || item->verdict == SWEEP_REFUSED)
		return NULL;
	uint64_t *index = map_put(&s->by_opcode, hash_kind(item));
	if (!index)
		return &error_no_memory;
	if (*index && strcmp(s->kinds.at[*index - 1].opcode, item->encoding.opcode) != 0)
		return error_create(ERROR_BUG, "the opcodes '%s' and '%s' have equal hashes", item->encoding.opcode,
				    s->kinds.at[*index - 1].opcode);
	if (!*index) {
		struct sweep_kind kind = {.verdict = item->verdict,
					  .len = item->insn.status == LIFT_UNDECODABLE ? ISA_MAX_INSN_LEN
										       : item->insn.len,
					  .cpu_len = item->cpu_len,
					  .family = item->insn.family};
		memcpy(kind.opcode, item->encoding.opcode, sizeof kind.opcode);
		memcpy(kind.name, item->encoding.name, sizeof kind.name);
		memcpy(kind.bytes, item->encoding.bytes, sizeof kind.bytes);
		memcpy(kind.text, item->insn.text, sizeof kind.text);
		if (!vec_push(&s->kinds, kind))
			return &error_no_memory;
		*index = s->kinds.len;
	}
	s->kinds.at[*index - 1].count++;
	return NULL;
}

/* ---- Running ---- */

static struct error *run_batch(struct sweep *s)
{
	struct item *which[BATCH];
	size_t num = 0;

	for (size_t i = 0; i < s->num_items; i++) {
		struct item *item = which[i] = &s->items[i];
		prepare(item, item->executes ? item->insn.len : ISA_MAX_INSN_LEN);
	}
	struct error *err = probe_items(s, which, s->num_items);
	for (size_t i = 0; i < s->num_items && !err; i++) {
		uint8_t len = decide(s, &s->items[i]);
		if (!len)
			continue;
		prepare(&s->items[i], len);
		which[num++] = &s->items[i];
	}
	if (!err)
		err = probe_items(s, which, num);
	for (size_t i = 0; i < num && !err; i++)
		decide_length(s, which[i]);
	for (size_t i = 0; i < s->num_items && !err; i++)
		err = count(s, &s->items[i]);
	s->num_items = 0;
	return err;
}

struct error *sweep_run(struct sweep *s, bool (*chosen)(void *ctx, const struct x86_64_encoding *e), void *ctx)
{
	struct x86_64_maps at = {0};
	struct error *err = NULL;

	while (!err) {
		struct item *item = &s->items[s->num_items];
		if (!x86_64_maps_next(&at, &item->encoding))
			break;
		if (chosen && !chosen(ctx, &item->encoding))
			continue;
		item->cpu_len = 0;
		err = ask_model(s, item);
		if (!err && ++s->num_items == BATCH)
			err = run_batch(s);
	}
	return err ? err : run_batch(s);
}

uint64_t sweep_count(const struct sweep *s, enum sweep_verdict verdict)
{
	return s->count[verdict];
}

size_t sweep_num_kinds(const struct sweep *s)
{
	return s->kinds.len;
}

const struct sweep_kind *sweep_kind(const struct sweep *s, size_t index)
{
	return &s->kinds.at[index];
}
