#include "lib/lift/lift.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/base/vec.h"

/* Entries of one address: the one used last comes first. */
struct entry {
	struct lifted lifted;
	uint8_t given;      /* bytes that were there, at most max_insn_len */
	bool checks;        /* lift_cache_set_checks() */
	size_t index;       /* into the cache's entries */
	struct entry *next; /* of the same address */
};

/* Straight to the entry that was used last at an address. */
enum { FRONT_SIZE = 32768 };

struct lift_cache {
	const struct isa *isa;
	struct isa_lifter *lifter;
	bool checks;
	struct expr_pool *pool; /* scratch: of the instruction lifted last */
	struct transfer transfer;

	struct entry **front; /* NULL: free */
	VEC(struct entry *) entries;
	struct map first; /* pc -> index of the first of its list, + 1 */
	VEC(struct lift_form) forms;
	struct map form_index; /* hash of a form -> index + 1 */

	size_t limit;
	struct lift_stats stats;
};

struct error *lift_cache_create(const struct isa *isa, size_t limit, struct lift_cache **ret)
{
	struct lift_cache *cache = calloc(1, sizeof *cache);
	if (!cache)
		return &error_no_memory;

	cache->isa = isa;
	cache->limit = limit ? limit : LIFT_DEFAULT_LIMIT;
	cache->front = calloc(FRONT_SIZE, sizeof *cache->front);
	struct error *err = cache->front ? NULL : &error_no_memory;
	if (!err)
		err = expr_pool_create(true, &cache->pool);
	if (!err)
		err = isa->lifter_create(&cache->lifter);
	if (err) {
		lift_cache_destroy(cache);
		return err;
	}
	transfer_init(&cache->transfer, cache->pool);
	*ret = cache;
	return NULL;
}

static void entry_destroy(struct entry *e)
{
	prog_destroy(e->lifted.prog);
	free(e);
}

static void free_entries(struct lift_cache *cache)
{
	for (size_t i = 0; i < cache->entries.len; i++)
		entry_destroy(cache->entries.at[i]);
	vec_deinit(&cache->entries);
	map_deinit(&cache->first);
}

void lift_cache_destroy(struct lift_cache *cache)
{
	if (!cache)
		return;
	free_entries(cache);
	map_deinit(&cache->form_index);
	vec_deinit(&cache->forms);
	transfer_deinit(&cache->transfer);
	if (cache->lifter)
		cache->isa->lifter_destroy(cache->lifter);
	expr_pool_destroy(cache->pool);
	free(cache->front);
	free(cache);
}

void lift_cache_empty(struct lift_cache *cache)
{
	free_entries(cache);
	memset(cache->front, 0, FRONT_SIZE * sizeof *cache->front);
	cache->stats.entries = 0;
	cache->stats.bytes = 0;
}

void lift_cache_trim(struct lift_cache *cache)
{
	if (cache->stats.bytes <= cache->limit)
		return;
	lift_cache_empty(cache);
	cache->stats.emptied++;
}

void lift_cache_set_repeat(struct lift_cache *cache, enum repeat_step step)
{
	if (!cache->isa->lifter_set_repeat)
		return;
	cache->isa->lifter_set_repeat(cache->lifter, step);
	lift_cache_empty(cache);
}

void lift_cache_set_checks(struct lift_cache *cache, bool on)
{
	if (cache->checks == on || !cache->isa->lifter_set_checks)
		return;
	cache->isa->lifter_set_checks(cache->lifter, on);
	cache->checks = on;
}

const struct isa_cpu *lift_cache_cpu(const struct lift_cache *cache)
{
	return cache->isa->lifter_cpu ? cache->isa->lifter_cpu(cache->lifter) : NULL;
}

void lift_cache_set_cpu(struct lift_cache *cache, const struct isa_cpu *cpu)
{
	if (!cache->isa->lifter_cpu)
		return;
	cache->isa->lifter_set_cpu(cache->lifter, cpu);
	lift_cache_empty(cache);
}

bool lift_cache_observe(struct lift_cache *cache, const struct lifted *lifted, const uint64_t *before,
			const uint64_t *after)
{
	return cache->isa->lifter_observe && cache->isa->lifter_observe(cache->lifter, &lifted->insn, before, after);
}

/* ---- Finding ---- */

/* memcmp() of an instruction's few bytes, without the call. */
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t n)
{
	if (n < 4) {
		for (size_t i = 0; i < n; i++)
			if (a[i] != b[i])
				return false;
		return true;
	}
	if (n < 8) {
		uint32_t head[2], tail[2];

		memcpy(&head[0], a, 4);
		memcpy(&head[1], b, 4);
		memcpy(&tail[0], a + n - 4, 4);
		memcpy(&tail[1], b + n - 4, 4);
		return head[0] == head[1] && tail[0] == tail[1];
	}
	uint64_t head[2], tail[2];

	memcpy(&head[0], a, 8);
	memcpy(&head[1], b, 8);
	memcpy(&tail[0], a + n - 8, 8);
	memcpy(&tail[1], b + n - 8, 8);
	return head[0] == head[1] && tail[0] == tail[1];
}

/*
 * Does the entry say what these bytes are? An instruction is its own bytes; that there is none also depends on how
 * many there were.
 */
static inline bool matches(const struct lift_cache *cache, const struct entry *e, const uint8_t *bytes, size_t len)
{
	const struct insn *insn = &e->lifted.insn;
	bool is_insn = insn->status == LIFT_DONE || insn->status == LIFT_UNMODELLED;

	return e->checks == cache->checks && (is_insn ? len >= insn->len : len == e->given) &&
	       same_bytes(insn->bytes, bytes, insn->len);
}

/* Neighbours in a page stay neighbours; pages are scattered, lest those of a program and its libraries meet. */
static inline struct entry **front_of(const struct lift_cache *cache, uint64_t pc)
{
	return &cache->front[(pc ^ (pc >> 12) * 0x9e3779b1u) % FRONT_SIZE];
}

static struct entry *first_of(const struct lift_cache *cache, uint64_t list)
{
	return list ? cache->entries.at[list - 1] : NULL;
}

/* Moves the matching entry to the start of its list. */
static struct entry *find(const struct lift_cache *cache, uint64_t *list, const uint8_t *bytes, size_t len)
{
	struct entry *before = NULL;

	for (struct entry *e = first_of(cache, *list); e; before = e, e = e->next) {
		if (!matches(cache, e, bytes, len))
			continue;
		if (before) {
			before->next = e->next;
			e->next = first_of(cache, *list);
			*list = e->index + 1;
		}
		return e;
	}
	return NULL;
}

/* ---- Making ---- */

/*
 * The number of the form; hashes that collide get the next free key. Forms are few: as many as the ISA has.
 */
static struct error *number_form(struct lift_cache *cache, const struct insn *insn, uint32_t *ret)
{
	struct lift_form form = {.status = insn->status, .family = insn->family};
	uint64_t key = insn->status;

	memcpy(form.form, insn->form, sizeof form.form);
	memcpy(form.encoding, insn->encoding, sizeof form.encoding);
	for (const char *c = form.form; *c; c++)
		key = hash_u64(key ^ (uint8_t)*c);
	for (const char *c = form.encoding; *c; c++)
		key = hash_u64(key ^ (uint8_t)*c);
	for (;; key++) {
		uint64_t *index = map_put(&cache->form_index, key);
		if (!index)
			return &error_no_memory;
		if (!*index) {
			if (!vec_push(&cache->forms, form))
				return &error_no_memory;
			*index = cache->forms.len;
		}
		const struct lift_form *known = &cache->forms.at[*index - 1];
		if (known->status == form.status && !strcmp(known->form, form.form) &&
		    !strcmp(known->encoding, form.encoding)) {
			*ret = (uint32_t)(*index - 1);
			return NULL;
		}
	}
}

/* In debug builds every transfer is checked against its invariants. */
static struct error *verify(const struct lift_cache *cache, const struct insn *insn)
{
#ifdef VALIDATE_DEBUG
	const struct transfer *t = &cache->transfer;
	struct error *err = transfer_verify(t, &cache->isa->layout);

	if (!err && !transfer_get_reg(t, cache->isa->pc))
		err = error_create(ERROR_BUG, "the program counter is not set");
	return err ? error_prefix(err, "%s", insn->text) : NULL;
#else
	(void)cache;
	(void)insn;
	return NULL;
#endif
}

/* Lifts into the scratch transfer, which is emptied when there is none. */
static struct error *lift(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len, struct insn *ret)
{
	expr_pool_reset(cache->pool);
	transfer_reset(&cache->transfer, cache->pool);
	struct error *err = cache->isa->lift(cache->lifter, pc, bytes, len, &cache->transfer, ret);
	if (!err)
		err = expr_pool_error(cache->pool);
	if (err)
		return err;
	if (ret->status == LIFT_DONE)
		return verify(cache, ret);
	transfer_reset(&cache->transfer, cache->pool);
	return NULL;
}

/* "cond ? value : reg", of reg itself. */
static bool may_keep(const struct transfer *t, const struct transfer_reg *r)
{
	const struct expr *e = expr_get(t->pool, r->value);

	for (unsigned i = 1; i < 3 && e->op == EXPR_ITE; i++) {
		const struct expr *arm = expr_get(t->pool, e->arg[i]);
		if (arm->op == EXPR_REG && arm->attr == r->reg)
			return true;
	}
	return false;
}

static bool is_conditional(const struct transfer *t, const struct isa *isa)
{
	for (size_t i = 0; i < t->regs.len; i++)
		if (t->regs.at[i].reg != isa->pc && !may_keep(t, &t->regs.at[i]))
			return false;
	return t->regs.len > 1;
}

static struct error *compile(const struct lift_cache *cache, struct lifted *l)
{
	struct error *err = prog_compile(&cache->transfer, &cache->isa->layout, &l->prog);

	if (error_is(err, ERROR_UNSUPPORTED)) {
		error_destroy(err);
		l->insn.status = LIFT_UNMODELLED;
		l->insn.flags[0] = '\0';
		l->insn.may_store = cache->transfer.stores.len > 0;
		return NULL;
	}
	if (err)
		return error_prefix(err, "%s", l->insn.text);
	l->kind = cache->transfer.kind;
	l->conditional = is_conditional(&cache->transfer, cache->isa);
	l->env = prog_uses_env(l->prog);
	l->undef = prog_uses_undef(l->prog);
	return NULL;
}

static struct error *make(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len, struct entry **ret)
{
	struct entry *e = calloc(1, sizeof *e);
	if (!e)
		return &error_no_memory;

	struct error *err = lift(cache, pc, bytes, len, &e->lifted.insn);
	if (!err && e->lifted.insn.status == LIFT_DONE)
		err = compile(cache, &e->lifted);
	if (!err)
		err = number_form(cache, &e->lifted.insn, &e->lifted.form);
	if (err) {
		entry_destroy(e);
		return err;
	}
	e->given = (uint8_t)len;
	e->checks = cache->checks;
	*ret = e;
	return NULL;
}

static struct error *add(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len, uint64_t *list,
			 struct entry **ret)
{
	struct entry *e;
	struct error *err = make(cache, pc, bytes, len, &e);
	if (err)
		return err;

	e->index = cache->entries.len;
	if (!vec_push(&cache->entries, e)) {
		entry_destroy(e);
		return &error_no_memory;
	}
	e->next = first_of(cache, *list);
	*list = cache->entries.len;
	cache->stats.lifted++;
	cache->stats.entries++;
	cache->stats.bytes += sizeof *e + sizeof(void *) + sizeof(struct map_slot) * 2;
	cache->stats.bytes += e->lifted.prog ? prog_size(e->lifted.prog) : 0;
	*ret = e;
	return NULL;
}

/* The way to an entry that is not the last one used at its place in front. */
static struct error *get_slow(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len,
			      struct entry **ret)
{
	uint64_t *list = map_put(&cache->first, pc);
	if (!list)
		return &error_no_memory;

	struct entry *e = find(cache, list, bytes, len);
	if (!e)
		return add(cache, pc, bytes, len, list, ret);
	cache->stats.hits++;
	*ret = e;
	return NULL;
}

struct error *lift_cache_get(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len,
			     struct lifted **ret)
{
	struct entry **front = front_of(cache, pc), *e = *front;

	if (len > cache->isa->max_insn_len)
		len = cache->isa->max_insn_len;
	if (e && e->lifted.insn.pc == pc && matches(cache, e, bytes, len)) {
		cache->stats.hits++;
		*ret = &e->lifted;
		return NULL;
	}
	struct error *err = get_slow(cache, pc, bytes, len, &e);
	if (err)
		return err;
	*front = e;
	*ret = &e->lifted;
	return NULL;
}

struct error *lift_again(struct lift_cache *cache, uint64_t pc, const uint8_t *bytes, size_t len, struct insn *ret_insn,
			 const struct transfer **ret)
{
	struct insn insn;
	struct error *err = lift(cache, pc, bytes, len, &insn);
	if (err)
		return err;
	*ret_insn = insn;
	*ret = &cache->transfer;
	return NULL;
}

/* ---- Questions ---- */

const struct isa *lift_cache_isa(const struct lift_cache *cache)
{
	return cache->isa;
}

struct lift_stats lift_cache_stats(const struct lift_cache *cache)
{
	return cache->stats;
}

size_t lift_cache_num_forms(const struct lift_cache *cache)
{
	return cache->forms.len;
}

const struct lift_form *lift_cache_form(const struct lift_cache *cache, size_t index)
{
	return &cache->forms.at[index];
}
