/* What an instruction read: equal in both traces, equal but for the addresses of things, or different. */
#include <string.h>

#include "lib/diff/internal.h"

uint64_t word_difference(const struct diff *d, const struct state *a, const struct state *b, unsigned word,
			 bool *translated)
{
	uint64_t unknown = a->unknown[word] | b->unknown[word] | d->ignored[word];
	uint64_t differs = (a->value[word] ^ b->value[word]) & ~unknown;

	if (!differs || unknown || !places_equal(&d->places, a->value[word], b->value[word]))
		return differs;
	*translated = true;
	return 0;
}

const struct trace_access *access_at(const struct side *s, bool store, size_t n)
{
	for (size_t i = 0; i < s->num_accesses; i++)
		if (s->accesses[i].store == store && !n--)
			return &s->accesses[i];
	return NULL;
}

/* Bytes of a part of 8 or less that differ. */
static uint64_t part_difference(const struct diff *d, const struct trace_access *a, const struct trace_access *b,
				unsigned at, unsigned len, bool *translated)
{
	uint64_t known = a->known & b->known, differs = 0, x, y;

	for (unsigned i = at; i < at + len; i++)
		differs |= (uint64_t)(a->data[i] != b->data[i]) << i & known;
	if (!differs || len != 8 || (known >> at & 0xff) != 0xff)
		return differs;
	memcpy(&x, a->data + at, 8);
	memcpy(&y, b->data + at, 8);
	if (!places_equal(&d->places, x, y))
		return differs;
	*translated = true;
	return 0;
}

uint64_t data_difference(const struct diff *d, const struct trace_access *a, const struct trace_access *b,
			 bool *translated)
{
	uint64_t differs = 0;

	for (unsigned at = 0; at < a->len; at += 8)
		differs |= part_difference(d, a, b, at, a->len - at < 8 ? a->len - at : 8, translated);
	return differs;
}

static void compare_register(const struct diff *d, uint32_t reg, enum inputs *inputs)
{
	const struct reg_desc *desc = &d->isa->regs[reg];
	bool translated = false;

	if (d->stale[reg] && !(state_known(d->side[A].before, reg) && state_known(d->side[B].before, reg)))
		*inputs = INPUTS_DIFFERENT;
	for (unsigned i = 0; i < reg_words(desc); i++)
		if (word_difference(d, d->side[A].before, d->side[B].before, desc->word + i, &translated))
			*inputs = INPUTS_DIFFERENT;
	if (translated && *inputs == INPUTS_EQUAL)
		*inputs = INPUTS_TRANSLATED;
}

/* Nobody wrote it differently, and still it differs: the memory was so from the start, or written behind our back. */
static struct error *list_load(struct diff *d, const struct lifted *lifted, const struct trace_access *a,
			       const struct trace_access *b)
{
	struct finding f = {.kind = LOCATION_MEMORY, .address = a->address, .width = (uint16_t)(8u * a->len)};

	memcpy(f.expected, a->data, a->len);
	memcpy(f.observed, b->data, b->len);
	for (unsigned i = 0; i < a->len; i++)
		if (!((a->known & b->known) >> i & 1))
			f.mask[i / 8] |= UINT64_C(0xff) << i % 8 * 8;
	/* Once is enough. */
	places_mark(&d->places, A, a->address, a->len, true);
	return list_add(d, places_initial(&d->places, a->address) ? DIFF_OUTSIDE : DIFF_ORIGIN_UNKNOWN, DIFF_LOADED, &f,
			b->address, lifted, NULL);
}

static bool is_marked(const struct diff *d, const struct trace_access *a, const struct trace_access *b)
{
	return places_marked(&d->places, A, a->address, a->len) || places_marked(&d->places, B, b->address, b->len);
}

/* Pointers on the initial stack tell where its strings are. */
static struct error *learn_pointer(struct diff *d, const struct trace_access *a, const struct trace_access *b)
{
	uint64_t x, y;

	if (a->len != 8 || !access_known(a) || !access_known(b) || !places_initial(&d->places, a->address))
		return NULL;
	memcpy(&x, a->data, 8);
	memcpy(&y, b->data, 8);
	return places_pointer(&d->places, x, y);
}

static struct error *compare_load(struct diff *d, const struct lifted *lifted, const struct trace_access *a,
				  const struct trace_access *b, enum inputs *inputs)
{
	bool translated = a->address != b->address;
	struct error *err = NULL;

	if (a->len != b->len || !places_equal(&d->places, a->address, b->address)) {
		*inputs = INPUTS_DIFFERENT;
		return NULL;
	}
	bool unmarked = data_difference(d, a, b, &translated) && !is_marked(d, a, b);
	if (unmarked)
		err = learn_pointer(d, a, b);
	if (err)
		return err;
	if (data_difference(d, a, b, &translated)) {
		*inputs = INPUTS_DIFFERENT;
		return unmarked ? list_load(d, lifted, a, b) : NULL;
	}
	if (translated && *inputs == INPUTS_EQUAL)
		*inputs = INPUTS_TRANSLATED;
	return NULL;
}

static struct error *compare_loads(struct diff *d, const struct lifted *lifted, enum inputs *inputs)
{
	struct error *err = NULL;

	for (size_t n = 0; !err; n++) {
		const struct trace_access *a = access_at(&d->side[A], false, n), *b = access_at(&d->side[B], false, n);
		if (!a && !b)
			break;
		if (a && b)
			err = compare_load(d, lifted, a, b, inputs);
		else
			*inputs = INPUTS_DIFFERENT;
	}
	return err;
}

/* Of a system call: its number and arguments. */
static void compare_call(const struct diff *d, enum inputs *inputs)
{
	const struct sys_desc *desc = sys_describe(
		sys_meaning(sys_lookup(d->isa, state_get(d->side[A].before, d->isa->sys.number))));

	compare_register(d, d->isa->sys.number, inputs);
	for (unsigned i = 0; i < 6; i++)
		if (desc->arg[i].kind != ARG_NONE)
			compare_register(d, d->isa->sys.arg[i], inputs);
}

struct error *compare_inputs(struct diff *d, const struct lifted *lifted, const struct effects *effects,
			     enum inputs *ret)
{
	enum inputs inputs = d->side[A].pc == d->side[B].pc ? INPUTS_EQUAL : INPUTS_TRANSLATED;
	struct error *err = compare_loads(d, lifted, &inputs);

	if (err)
		return err;
	if (effects)
		for (size_t i = 0; i < effects->reads.len; i++)
			compare_register(d, effects->reads.at[i], &inputs);
	else
		for (uint32_t r = 0; r < d->isa->num_regs; r++)
			if (r != d->isa->pc)
				compare_register(d, r, &inputs);
	if (d->side[A].event || d->side[B].event)
		compare_call(d, &inputs);
	if (!same_code(&d->side[A], &d->side[B]))
		inputs = INPUTS_DIFFERENT;
	*ret = inputs;
	return NULL;
}
