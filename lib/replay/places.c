/*
 * The places where a guest that runs by itself has to stop, kept up to date as code comes and goes: where it may enter
 * a kernel, where it may store what only it decides, and where it may read what comes from outside. They are looked for
 * in the target's own bytes: what becomes executable is forgotten by the model, and asked for.
 */
#include <string.h>
#include <sys/mman.h> /* PROT_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/base/search.h"
#include "lib/replay/internal.h"

enum { PIECE = 1 << 16 /* bytes that are looked at at once */ };

typedef VEC(struct known_place) known_places;

void replay_places_deinit(struct replay_places *places)
{
	vec_deinit(&places->set);
	vec_deinit(&places->clear);
}

/* ---- Looking ---- */

/* What an instruction is that may begin there. */
static enum replay_place kind_of(const struct isa *isa, const uint8_t *bytes, size_t len)
{
	if (isa->sys.entry(bytes, len) != ISA_ENTRY_NONE)
		return REPLAY_PLACE_ENTRY;
	switch (isa->undetermined(bytes, len)) {
	case ISA_UNDETERMINED_STORE: return REPLAY_PLACE_STORE;
	case ISA_UNDETERMINED_STATE: return REPLAY_PLACE_STATE;
	case ISA_UNDETERMINED_INPUT: return REPLAY_PLACE_INPUT;
	case ISA_DETERMINED:
	default: return REPLAY_PLACE_NONE;
	}
}

/* The end of what can be executed from the address on without a gap. */
static uint64_t executable_end(const struct replay *r, uint64_t address)
{
	struct guest_map_range range;

	while (guest_map_at(&r->map, address, &range) && range.prot & PROT_EXEC)
		address = range.start + range.len;
	return address;
}

/* Code that was asked for since it can be executed is known, and nobody has changed it. */
static struct error *read_code(struct replay *r, uint64_t address, uint8_t *ret, size_t len, size_t *ret_len)
{
	struct error *err = NULL;
	size_t part, got = 0;

	for (*ret_len = 0; !err && *ret_len < len; *ret_len += got) {
		uint64_t at = address + *ret_len, offset = at % MEMORY_PAGE;
		const uint8_t *known = r->memory ? memory_page(r->memory, at) : NULL;

		part = len - *ret_len;
		if (r->memory && part > MEMORY_PAGE - offset)
			part = MEMORY_PAGE - offset;
		got = part;
		if (known)
			memcpy(ret + *ret_len, known + offset, part);
		else
			err = target_read_memory(r->target, at, ret + *ret_len, part, &got);
		if (got < part)
			len = *ret_len + got;
	}
	return err;
}

/* In [start, end), of which instructions may reach up to `limit`. Behind what cannot be read the next page is tried. */
static struct error *scan(struct replay *r, uint64_t start, uint64_t end, uint64_t limit, known_places *ret)
{
	const struct isa *isa = r->isa;
	uint8_t bytes[PIECE + ISA_MAX_INSN_LEN];

	for (uint64_t at = start; at < end;) {
		uint64_t here = end - at < PIECE ? end - at : PIECE, behind = isa->max_insn_len - 1u;
		uint64_t want = here + behind < limit - at ? here + behind : limit - at;
		size_t got = 0;
		struct error *err = read_code(r, at, bytes, want, &got);

		if (err)
			return err;
		for (uint64_t i = -at & (isa->insn_align - 1u); i < here && i < got; i += isa->insn_align) {
			struct known_place place = {at + i, kind_of(isa, bytes + i, got - i)};
			if (place.kind && !vec_push(ret, place))
				return &error_no_memory;
		}
		at = got >= here ? at + here : (at + got + MEMORY_PAGE) & -(uint64_t)MEMORY_PAGE;
	}
	return NULL;
}

/* All places in [start, end). */
static struct error *scan_window(struct replay *r, uint64_t start, uint64_t end, known_places *ret)
{
	const struct views *ranges = &r->map.ranges;
	struct error *err = NULL;

	for (size_t i = views_find(ranges, start >> PAGE_SHIFT); i < ranges->list.len && !err; i++) {
		struct guest_map_range g = guest_map_get(&r->map, i);
		uint64_t from = g.start > start ? g.start : start;
		uint64_t to = g.start + g.len < end ? g.start + g.len : end;

		if (from >= end)
			break;
		if (g.prot & PROT_EXEC && !(g.prot & PROT_WRITE))
			err = scan(r, from, to, executable_end(r, from), ret);
	}
	return err;
}

/* ---- Comparing ---- */

static size_t find(const struct known_place *at, size_t len, uint64_t address)
{
	size_t found;

	SEARCH_FIRST(found, len, i, at[i].address < address);
	return found;
}

/* Tells what is in one of two lists and not in the other; what is of another kind is another. */
static bool tell(const struct known_place *old, size_t num_old, const known_places *now, struct replay_places *ret)
{
	bool ok = true;

	for (size_t i = 0, k = 0; ok && (i < num_old || k < now->len);) {
		if (k == now->len || (i < num_old && old[i].address < now->at[k].address))
			ok = vec_push(&ret->clear, old[i++].address);
		else if (i == num_old || now->at[k].address < old[i].address)
			ok = vec_push(&ret->set, now->at[k++].address);
		else if (old[i].kind == now->at[k].kind)
			i++, k++;
		else
			ok = vec_push(&ret->clear, old[i++].address) && vec_push(&ret->set, now->at[k++].address);
	}
	return ok;
}

/* The places in [start, end) are those of now. */
static struct error *replace(struct replay *r, uint64_t start, uint64_t end, const known_places *now,
			     struct replay_places *ret)
{
	size_t first = find(r->places.at, r->places.len, start), last = find(r->places.at, r->places.len, end);
	size_t len = r->places.len - (last - first) + now->len;

	if (!tell(r->places.at + first, last - first, now, ret) || !vec_reserve(&r->places, len))
		return &error_no_memory;
	if (len)
		memmove(r->places.at + first + now->len, r->places.at + last,
			(r->places.len - last) * sizeof *r->places.at);
	if (now->len)
		memcpy(r->places.at + first, now->at, now->len * sizeof *now->at);
	r->places.len = len;
	return NULL;
}

static struct error *tell_gate(struct replay *r, struct replay_places *ret)
{
	const struct isa_gate *gate = r->isa->sys.gate;

	for (uint32_t i = 0; gate && i < gate->num_entries && !r->gate_told; i++)
		if (!vec_push(&ret->set, gate->page + gate->entries[i].offset))
			return &error_no_memory;
	r->gate_told = true;
	return NULL;
}

struct error *replay_find_places(struct replay *r, struct replay_places *ret)
{
	struct page_runs *code = &r->map.code;
	uint64_t behind = 0; /* of the last window */
	struct error *err = NULL;

	ret->set.len = ret->clear.len = 0;
	page_runs_order(code);
	for (size_t i = 0; i < code->list.len && !err; i++) {
		/* Instructions that reach into the pages begin before them. */
		uint64_t start = code->list.at[i].first << PAGE_SHIFT, reach = r->isa->max_insn_len - 1u;
		uint64_t end = start + (code->list.at[i].num << PAGE_SHIFT);
		known_places now = {0};

		start = start > reach && start - reach > behind ? start - reach : behind;
		err = scan_window(r, start, end, &now);
		if (!err)
			err = replace(r, start, end, &now, ret);
		vec_deinit(&now);
		behind = end;
	}
	code->list.len = 0;
	return err || !r->map.known ? err : tell_gate(r, ret);
}

enum replay_place replay_place_at(const struct replay *r, uint64_t address)
{
	size_t i = find(r->places.at, r->places.len, address);
	uint64_t call;

	if (i < r->places.len && r->places.at[i].address == address)
		return r->places.at[i].kind;
	return r->gate_told && isa_gate_call(r->isa, address, &call) ? REPLAY_PLACE_ENTRY : REPLAY_PLACE_NONE;
}

bool replay_code_may_change(const struct replay *r)
{
	for (size_t i = 0; i < guest_map_num(&r->map); i++) {
		int prot = guest_map_get(&r->map, i).prot;
		if (prot & PROT_EXEC && prot & PROT_WRITE)
			return true;
	}
	for (size_t i = 0; i < r->views.list.len; i++) {
		const struct view *v = &r->views.list.at[i];
		if (v->prot & PROT_EXEC && v->object && r->objects.at[v->object - 1].aliased)
			return true;
	}
	return false;
}
