#include "lib/lockstep/guard.h"

#include <stdio.h>
#include <string.h>

#include "lib/lockstep/ahead.h"

void guard_deinit(struct guard *g)
{
	map_deinit(&g->distance);
	map_deinit(&g->pages);
	map_deinit(&g->code);
}

void guard_forget(struct guard *g, bool refreshed)
{
	map_clear(&g->distance);
	if (refreshed)
		map_clear(&g->code);
	g->page = 0;
}

/* ---- Which code may change ---- */

/* Of a page that was executed: enum replay_code + 1 at the first time, 0: not since it was mapped; above that, how
 * often something was mapped there. */
enum { KIND_BITS = 8, KIND_MASK = (1 << KIND_BITS) - 1, MAPPED_SHIFT = 48 /* bits of an address */ };

/* Instructions of what was mapped there before are others. */
static uint64_t code_key(uint64_t pc, uint64_t executed)
{
	return pc ^ (executed >> KIND_BITS) << MAPPED_SHIFT;
}

void guard_forget_pages(struct guard *g, uint64_t address, uint64_t len)
{
	uint64_t first = address / MEMORY_PAGE, num = len / MEMORY_PAGE + (len % MEMORY_PAGE != 0);

	for (size_t i = 0; i < g->pages.cap; i++) {
		struct map_slot *slot = &g->pages.at[i];
		if (slot->used && slot->key - first < num)
			slot->value = ((slot->value >> KIND_BITS) + 1) << KIND_BITS;
	}
}

static enum replay_code kind_of_page(struct guard *g, uint64_t address)
{
	uint64_t page = address / MEMORY_PAGE;

	if (g->page != page + 1) {
		g->kind = replay_code_at(g->replay, address);
		g->page = page + 1;
	}
	return g->kind;
}

/* Of all the pages that the bytes are on. */
static enum replay_code kind_of(struct guard *g, uint64_t address, size_t len)
{
	enum replay_code last = kind_of_page(g, address + len - 1), first = kind_of_page(g, address);

	return first > last ? first : last;
}

static struct error *is_stale(uint64_t pc)
{
	return error_create(ERROR_UNSUPPORTED,
			    "the code at pc 0x%llx can be changed by another mapping than that by which it was "
			    "executed: the emulator may not see the change (unicorn does)",
			    (unsigned long long)pc);
}

/* Emulators that keep what they have translated by its address go on with that. */
static struct error *note_executed(struct guard *g, const struct target *target, uint64_t pc, const uint8_t *bytes,
				   size_t len, enum replay_code kind)
{
	uint64_t hash = len;

	if (!target->keeps_code)
		return NULL;
	uint64_t *first = map_put(&g->pages, pc / MEMORY_PAGE);
	if (!first)
		return &error_no_memory;
	if (!(*first & KIND_MASK))
		*first += 1 + (uint64_t)kind;
	if (kind != REPLAY_CODE_ALIASED)
		return NULL;
	if ((*first & KIND_MASK) != 1 + (uint64_t)kind)
		return is_stale(pc);
	for (size_t i = 0; i < len; i++)
		hash = hash_u64(hash ^ bytes[i]);
	uint64_t *known = map_put(&g->code, code_key(pc, *first));
	if (!known)
		return &error_no_memory;
	if (*known && *known != (hash | 1))
		return is_stale(pc);
	*known = hash | 1;
	return NULL;
}

/* ---- Doors ---- */

static struct error *refuse(const struct isa *isa, uint64_t pc, const uint8_t *bytes, size_t len, const char *why)
{
	char text[2 * ISA_MAX_INSN_LEN + 1] = "";
	struct isa_flow flow;

	isa->flow(pc, bytes, len, &flow);
	for (size_t i = 0; i < (flow.len ? flow.len : len); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return error_create(ERROR_UNSUPPORTED,
			    "at pc 0x%llx the program enters a kernel %s (%s): such a call is not replayed, and not "
			    "executed",
			    (unsigned long long)pc, why, text);
}

/* The target stands at pc: its own bytes count as well, if they are others than the model's. */
static struct error *look_at_target(struct target *target, uint64_t pc, enum isa_entry expected)
{
	const struct isa *isa = target->isa;
	uint8_t bytes[ISA_MAX_INSN_LEN];
	size_t got = 0;
	struct error *err = target_read_memory(target, pc, bytes, isa->max_insn_len, &got);

	if (err)
		return err;
	enum isa_entry entry = isa->sys.entry(bytes, got);
	return entry != ISA_ENTRY_NONE && entry != expected
		       ? refuse(isa, pc, bytes, got, "in code that was changed without its own doing")
		       : NULL;
}

/* Another mode has other instructions. */
static struct error *check_mode(const struct ahead *a, uint64_t pc)
{
	const struct isa *isa = a->target->isa;
	const struct state *front = &a->model->front;
	const struct reg_value *mode = &isa->mode;

	if (!mode->reg || !a->target->makes_calls || !state_known(front, mode->reg) ||
	    state_get(front, mode->reg) == mode->value)
		return NULL;
	return error_create(ERROR_UNSUPPORTED, "at pc 0x%llx the program is in another mode than that of %s programs",
			    (unsigned long long)pc, isa->name);
}

struct error *guard_look(struct ahead *a, uint64_t pc, const uint8_t *bytes, size_t len, bool *ret_alone,
			 bool *ret_call)
{
	const struct isa *isa = a->target->isa;
	enum stance stance = a->model->source->stance;
	struct guard *g = &a->guard;
	enum isa_entry entry = isa->sys.entry(bytes, len);

	*ret_alone = entry == ISA_ENTRY_OTHER;
	*ret_call = entry == ISA_ENTRY_CALL;
	if (!g->replay || stance == STANCE_AHEAD)
		return NULL;
	enum replay_code kind = kind_of(g, pc, len);
	*ret_alone |= kind != REPLAY_CODE_FIXED && a->target->makes_calls;
	if (*ret_alone && stance != STANCE_STILL)
		return NULL;
	if (entry == ISA_ENTRY_OTHER)
		return refuse(isa, pc, bytes, len, "by another instruction than that of a system call");
	struct error *err = check_mode(a, pc);
	if (!err && *ret_alone)
		err = look_at_target(a->target, pc, entry);
	return err ? err : note_executed(g, a->target, pc, bytes, len, kind);
}

/* ---- Memory that is not the guest's ---- */

struct error *guard_access(struct ahead *a, uint64_t pc, uint64_t address, size_t len, bool executed)
{
	bool own = false;
	struct error *err = a->guard.replay ? target_has_own(a->target, address, len, &own) : NULL;

	if (err || !own)
		return err;
	return error_create(ERROR_UNSUPPORTED,
			    "at pc 0x%llx the program accesses %zu bytes at 0x%llx, where it has nothing and the "
			    "emulator has memory of its own: it %s executed",
			    (unsigned long long)pc, len, (unsigned long long)address, executed ? "was" : "is not");
}

/* ---- How far to send ahead ---- */

/* Code at an address that was looked at before; nothing is asked for. */
static size_t known_code(const struct predictor *p, uint64_t pc, uint8_t *ret)
{
	uint8_t unknown[ISA_MAX_INSN_LEN];
	size_t len = p->isa->max_insn_len, known = 0;

	memory_read(p->memory, pc, ret, unknown, len);
	while (known < len && !unknown[known])
		known++;
	return known;
}

enum { LOOK_AT = 48 }; /* instructions on the ways from a place */

struct way {
	uint64_t pc[LOOK_AT], depth[LOOK_AT];
	size_t len;
};

/* False: there is no room for it. */
static bool add(struct way *w, uint64_t pc, uint64_t depth)
{
	for (size_t i = 0; i < w->len; i++)
		if (w->pc[i] == pc)
			return true;
	if (w->len == LOOK_AT)
		return false;
	w->pc[w->len] = pc;
	w->depth[w->len++] = depth;
	return true;
}

/*
 * The steps that can be made from one place of the way without coming to a door, if more than what is on it yet tells:
 * none where there may be one, one if the instruction may lead anywhere.
 */
static uint64_t look_from(struct ahead *a, struct way *w, size_t i)
{
	uint8_t bytes[ISA_MAX_INSN_LEN];
	uint64_t pc = w->pc[i], depth = w->depth[i];
	size_t len = known_code(a->model, pc, bytes);
	const struct isa *isa = a->target->isa;
	struct isa_flow flow;

	isa->flow(pc, bytes, len, &flow);
	if (!flow.len || isa->sys.entry(bytes, len) != ISA_ENTRY_NONE ||
	    kind_of(&a->guard, pc, flow.len) != REPLAY_CODE_FIXED)
		return depth;
	for (uint8_t k = 0; k < flow.num_next; k++)
		if (!add(w, flow.next[k], depth + 1))
			return depth + 1;
	return flow.num_next ? GUARD_FAR : depth + 1;
}

/* The steps that can be made from pc, whichever way the target goes, without executing what may be a door. */
static uint64_t distance(struct ahead *a, uint64_t pc)
{
	uint64_t *known = map_put(&a->guard.distance, pc), least = GUARD_FAR;
	struct way w = {.len = 0};

	if (known && *known)
		return *known - 1;
	add(&w, pc, 0);
	for (size_t i = 0; i < w.len && w.depth[i] < least; i++) {
		uint64_t found = look_from(a, &w, i);
		least = found < least ? found : least;
	}
	if (known)
		*known = least + 1;
	return least;
}

uint64_t guard_reach(struct ahead *a, const struct prediction *slot, uint64_t next)
{
	const struct insn *insn = slot->lifted ? &slot->lifted->insn : NULL;
	uint64_t least = GUARD_FAR;
	struct isa_flow flow;

	if (!a->target->makes_calls || !a->guard.replay)
		return GUARD_FAR;
	if (!insn)
		return 0;
	a->target->isa->flow(slot->pc, insn->bytes, insn->len, &flow);
	bool there = false;
	for (uint8_t k = 0; k < flow.num_next; k++) {
		uint64_t far = flow.next[k] == next ? GUARD_FAR : distance(a, flow.next[k]);

		there |= flow.next[k] == next;
		least = far < least ? far : least;
	}
	return there ? least : 0;
}
