#include "lib/diff/places.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/map.h"
#include "lib/sys/sys.h"

enum {
	STACK_BELOW = 8 << 20,   /* the kernel's usual limit, and QEMU's */
	STACK_ABOVE = 256 << 10, /* arguments, environment and auxiliary vector */
	PAGE = 4096,
	MODULES_MAX = 4096,
};

/* ---- Regions ---- */

static bool wraps(uint64_t start, uint64_t len)
{
	return start + (len - 1) < start;
}

/* What is hostile or more than anyone maps is left unpaired: its values then count as different. */
static struct error *pair(struct places *p, uint64_t a, uint64_t b, uint64_t len)
{
	if (!len || wraps(a, len) || wraps(b, len) || p->regions.list.len >= PLACES_MAX_REGIONS)
		return NULL;
	return regions_pair(&p->regions, a, b, len);
}

/* How far from a stack pointer its stack may reach: not into an image. QEMU 7.2 maps the loader right behind the stack.
 */
static void limit_stack(const struct trace_reader *reader, uint64_t sp, uint64_t *below, uint64_t *above)
{
	size_t num;
	const struct trace_module *m = trace_reader_modules(reader, &num);

	*below = *below > sp ? sp : *below;
	for (size_t i = 0; i < num && i < MODULES_MAX; i++) {
		if (m[i].start > sp && m[i].start - sp < *above)
			*above = m[i].start - sp;
		if (m[i].end <= sp && sp - m[i].end < *below)
			*below = sp - m[i].end;
	}
}

struct error *places_stack(struct places *p, uint64_t sp_a, uint64_t sp_b)
{
	uint64_t below = STACK_BELOW, above = STACK_ABOVE;

	limit_stack(p->reader[0], sp_a, &below, &above);
	limit_stack(p->reader[1], sp_b, &below, &above);
	if (!p->stack_known) {
		p->stack_known = true;
		p->stack_a = sp_a;
		p->stack_b = sp_b;
		p->initial = above;
	}
	return pair(p, sp_a - below, sp_b - below, below + above);
}

bool places_initial(const struct places *p, uint64_t a)
{
	return p->stack_known && a - p->stack_a < p->initial;
}

struct error *places_pointer(struct places *p, uint64_t a, uint64_t b)
{
	uint64_t end = p->strings ? p->strings : p->stack_a + p->initial;

	if (!places_initial(p, a) || b - p->stack_b >= p->initial || a >= end)
		return NULL;
	p->strings = a;
	return pair(p, a, b, end - a);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The same image: the program itself, whatever its path, or a file of the same name. */
static bool same_image(const struct trace_module *a, const struct trace_module *b)
{
	return (a->entry && b->entry) || !strcmp(base_name(a->path), base_name(b->path));
}

struct pairing {
	struct places *places;
	const struct trace_module *b;
	size_t num_b;
	bool *taken; /* of B's */
};

/* The first image of B that is the same and was not paired yet: a file that is there twice is so in order. */
static struct error *pair_module(struct pairing *w, const struct trace_module *a)
{
	for (size_t i = 0; i < w->num_b; i++) {
		const struct trace_module *b = &w->b[i];
		if (w->taken[i] || !same_image(a, b))
			continue;
		uint64_t len = a->end - a->start, other = b->end - b->start;
		w->taken[i] = true;
		return a->end > a->start && b->end > b->start
			       ? pair(w->places, a->start, b->start, len < other ? len : other)
			       : NULL;
	}
	return NULL;
}

static struct error *pair_modules(struct places *p, const struct trace_reader *a, const struct trace_reader *b)
{
	size_t num_a, num_b;
	const struct trace_module *of_a = trace_reader_modules(a, &num_a), *of_b = trace_reader_modules(b, &num_b);
	struct pairing w = {p, of_b, num_b < MODULES_MAX ? num_b : MODULES_MAX, NULL};
	struct error *err = NULL;

	w.taken = calloc(w.num_b + 1, sizeof *w.taken);
	if (!w.taken)
		return &error_no_memory;
	for (size_t i = 0; i < num_a && i < MODULES_MAX && !err; i++)
		err = pair_module(&w, &of_a[i]);
	free(w.taken);
	return err;
}

struct error *places_init(struct places *p, const struct trace_reader *a, const struct trace_reader *b)
{
	*p = (struct places){.reader = {a, b}};
	for (unsigned i = 0; i < 2; i++) {
		p->dirty[i] = calloc(DIRTY_SLOTS, sizeof **p->dirty);
		if (!p->dirty[i])
			return &error_no_memory;
	}
	return pair_modules(p, a, b);
}

void places_deinit(struct places *p)
{
	regions_deinit(&p->regions);
	free(p->dirty[0]);
	free(p->dirty[1]);
}

bool places_equal(const struct places *p, uint64_t a, uint64_t b)
{
	uint64_t other;

	if (a == b)
		return true;
	if (regions_to_target(&p->regions, a, &other) && other == b)
		return true;
	return a && regions_to_target(&p->regions, a - 1, &other) && other + 1 == b;
}

uint64_t places_translate(const struct places *p, uint64_t a)
{
	uint64_t other;

	return regions_to_target(&p->regions, a, &other) ? other : a;
}

/* ---- System calls that map ---- */

/* A call as one trace has it. */
struct mapping {
	uint64_t arg[6], result;
};

static bool get_mapping(const struct trace_step *step, struct mapping *ret)
{
	const struct isa *isa = step->before->isa;
	bool known = state_known(step->after, isa->sys.result);

	ret->result = state_get(step->after, isa->sys.result);
	for (unsigned i = 0; i < 6; i++) {
		known &= state_known(step->before, isa->sys.arg[i]);
		ret->arg[i] = state_get(step->before, isa->sys.arg[i]);
	}
	return known && !sys_failed((int64_t)ret->result);
}

static uint64_t whole_pages(uint64_t len)
{
	return (len + PAGE - 1) & -(uint64_t)PAGE;
}

static struct error *learn_break(struct places *p, const struct mapping *a, const struct mapping *b)
{
	if (!p->heap_known) {
		p->heap_known = true;
		p->heap_a = a->result;
		p->heap_b = b->result;
	}
	if (a->result < p->heap_a || a->result - p->heap_a != b->result - p->heap_b)
		return NULL;
	/* Before it grows, it is a place to compare all the same. */
	uint64_t len = a->result - p->heap_a;
	return pair(p, p->heap_a, p->heap_b, len ? len : 1);
}

struct error *places_event(struct places *p, const struct trace_step *a, const struct trace_step *b)
{
	enum sys_sem sem = sys_meaning(sys_lookup(a->before->isa, a->event->number));
	struct mapping of_a, of_b;
	struct error *err = NULL;

	if (sem != SYS_BRK && sem != SYS_MMAP && sem != SYS_MUNMAP && sem != SYS_MREMAP)
		return NULL;
	if (!get_mapping(a, &of_a) || !get_mapping(b, &of_b))
		return NULL;
	if (sem == SYS_BRK)
		return learn_break(p, &of_a, &of_b);
	uint64_t len = whole_pages(of_a.arg[1]);
	if (sem == SYS_MMAP)
		return pair(p, of_a.result, of_b.result, len);
	if (len && !wraps(of_a.arg[0], len))
		err = regions_unpair(&p->regions, of_a.arg[0], len);
	if (!err && sem == SYS_MREMAP)
		err = pair(p, of_a.result, of_b.result, whole_pages(of_a.arg[2]));
	return err;
}

/* ---- Memory that differs ---- */

static uint64_t *slot_of(const struct places *p, unsigned side, uint64_t word)
{
	return &p->dirty[side][hash_u64(word) % DIRTY_SLOTS];
}

void places_mark(struct places *p, unsigned side, uint64_t address, uint64_t len, bool differs)
{
	uint64_t last = (address + len - 1) / 8;

	/* One more than the word's number: 0 is a free slot. */
	for (uint64_t word = address / 8; len && word <= last; word++) {
		uint64_t *slot = slot_of(p, side, word);
		if (differs)
			*slot = word + 1;
		else if (*slot == word + 1 && address <= 8 * word && address + len >= 8 * word + 8)
			*slot = 0;
	}
}

bool places_marked(const struct places *p, unsigned side, uint64_t address, uint64_t len)
{
	uint64_t last = (address + len - 1) / 8;

	for (uint64_t word = address / 8; len && word <= last; word++)
		if (*slot_of(p, side, word) == word + 1)
			return true;
	return false;
}
