#include "lib/trace/parcel.h"

#include <string.h>

/* ---- Pieces ---- */

/* Pieces follow one another, aligned as items are. */

static void put(uint8_t **at, const void *bytes, size_t len)
{
	if (len)
		memcpy(*at, bytes, len);
	*at += relay_room(len);
}

static void *get(uint8_t **at, size_t len)
{
	void *bytes = *at;

	*at += relay_room(len);
	return bytes;
}

static size_t state_room(const struct isa *isa)
{
	return 2 * isa->num_words * sizeof(uint64_t);
}

static void put_state(uint8_t **at, const struct state *s)
{
	put(at, s->value, s->isa->num_words * sizeof *s->value);
	put(at, s->unknown, s->isa->num_words * sizeof *s->unknown);
}

/* Lies in the item. */
static struct state get_state(uint8_t **at, const struct isa *isa)
{
	size_t len = isa->num_words * sizeof(uint64_t);
	uint64_t *value = get(at, len), *unknown = get(at, len);

	return (struct state){.isa = isa, .value = value, .unknown = unknown};
}

/* ---- Chunks ---- */

struct error *parcel_put_chunk(struct relay *r, const struct parcel_chunk *chunk)
{
	void *item;
	struct error *err = relay_item(r, PARCEL_CHUNK, relay_room(sizeof *chunk) + state_room(chunk->carried.isa),
				       &item);

	if (err)
		return err;
	uint8_t *at = item;
	put(&at, chunk, sizeof *chunk);
	put_state(&at, &chunk->carried);
	return NULL;
}

void parcel_get_chunk(const struct isa *isa, void *item, struct parcel_chunk *ret)
{
	uint8_t *at = item;

	memcpy(ret, get(&at, sizeof *ret), sizeof *ret);
	ret->carried = get_state(&at, isa);
}

/* ---- Steps ---- */

/* An item: this, then words, changed registers, accesses, instruction bytes, the event. */
struct step_header {
	uint64_t pc;
	uint32_t event_len, num_words; /* num_words: 0 for a whole state */
	int32_t signal;
	uint16_t len, num_accesses;
	uint16_t num_changed;
	bool running;
};

struct access_header {
	uint64_t address, known;
	uint8_t len;
	bool store;
};

static uint32_t count_words(const struct trace_step *step)
{
	const struct isa *isa = step->after->isa;
	uint32_t n = 1;

	for (size_t i = 0; i < step->num_changed; i++)
		n += reg_words(&isa->regs[step->changed[i]]);
	return n;
}

static size_t step_room(const struct step_header *h, const struct trace_step *step)
{
	size_t len = relay_room(sizeof *h) + relay_room(h->len) + relay_room(h->event_len) +
		     h->num_accesses * relay_room(sizeof(struct access_header));

	for (size_t i = 0; i < step->num_accesses; i++)
		len += relay_room(step->accesses[i].len);
	if (!h->num_words)
		return len + state_room(step->after->isa);
	return len + h->num_words * sizeof(uint64_t) + relay_room(h->num_changed * sizeof *step->changed);
}

static void put_word(uint8_t **at, uint64_t word)
{
	memcpy(*at, &word, sizeof word);
	*at += sizeof word;
}

static void put_named(uint8_t **at, const struct trace_step *step)
{
	const struct isa *isa = step->after->isa;

	for (size_t i = 0; i < step->num_changed; i++) {
		const struct reg_desc *reg = &isa->regs[step->changed[i]];
		for (unsigned k = 0; k < reg_words(reg); k++)
			put_word(at, step->after->value[reg->word + k]);
	}
	put_word(at, state_get(step->after, isa->pc));
	put(at, step->changed, step->num_changed * sizeof *step->changed);
}

static void put_access(uint8_t **at, const struct trace_access *a)
{
	const struct access_header h = {a->address, a->known, a->len, a->store};

	put(at, &h, sizeof h);
	put(at, a->data, a->len);
}

struct error *parcel_put_step(struct relay *r, const struct trace_step *step, const uint8_t *event, size_t event_len,
			      size_t *ret_len)
{
	const struct step_header h = {
		.pc = step->pc,
		.event_len = (uint32_t)event_len,
		.num_words = step->changed ? count_words(step) : 0,
		.signal = step->signal,
		.len = step->len,
		.num_accesses = (uint16_t)step->num_accesses,
		.num_changed = (uint16_t)step->num_changed,
		.running = step->running,
	};
	size_t len = step_room(&h, step);
	void *item;
	struct error *err = relay_item(r, PARCEL_STEP, len, &item);

	if (err)
		return err;
	uint8_t *at = item;
	put(&at, &h, sizeof h);
	if (h.num_words)
		put_named(&at, step);
	else
		put_state(&at, step->after);
	for (size_t i = 0; i < step->num_accesses; i++)
		put_access(&at, &step->accesses[i]);
	put(&at, step->bytes, step->len);
	put(&at, event, event_len);
	*ret_len = len;
	return NULL;
}

static void get_access(uint8_t **at, struct trace_access *ret)
{
	const struct access_header *h = get(at, sizeof *h);

	ret->address = h->address;
	ret->known = h->known;
	ret->len = h->len;
	ret->store = h->store;
	memcpy(ret->data, get(at, h->len), h->len);
}

void parcel_get_step(const struct isa *isa, void *item, struct trace_access *accesses, struct parcel_step *ret)
{
	uint8_t *at = item;
	const struct step_header *h = get(&at, sizeof *h);

	*ret = (struct parcel_step){.step = {.pc = h->pc,
					     .len = h->len,
					     .accesses = accesses,
					     .num_accesses = h->num_accesses,
					     .signal = h->signal,
					     .running = h->running}};
	if (h->num_words) {
		ret->words = get(&at, h->num_words * sizeof *ret->words);
		ret->step.changed = get(&at, h->num_changed * sizeof *ret->step.changed);
		ret->step.num_changed = h->num_changed;
	} else {
		ret->after = get_state(&at, isa);
	}
	for (size_t i = 0; i < h->num_accesses; i++)
		get_access(&at, &accesses[i]);
	ret->step.bytes = get(&at, h->len);
	ret->event = h->event_len ? get(&at, h->event_len) : NULL;
	ret->event_len = h->event_len;
}

/* ---- The others ---- */

struct error *parcel_put_observed(struct relay *r, const struct trace_step *step)
{
	struct trace_observed o = {.pc = step->pc, .len = (uint8_t)step->len};
	void *item;
	struct error *err = relay_item(r, PARCEL_OBSERVED, relay_room(sizeof o) + 2 * state_room(step->before->isa),
				       &item);

	if (err)
		return err;
	uint8_t *at = item;
	memcpy(o.bytes, step->bytes, step->len);
	put(&at, &o, sizeof o);
	put_state(&at, step->before);
	put_state(&at, step->after);
	return NULL;
}

void parcel_get_observed(const struct isa *isa, void *item, struct trace_observed *ret)
{
	uint8_t *at = item;

	memcpy(ret, get(&at, sizeof *ret), sizeof *ret);
	ret->before = get_state(&at, isa);
	ret->after = get_state(&at, isa);
}

struct error *parcel_put_bytes(struct relay *r, enum parcel_kind kind, const void *bytes, size_t len)
{
	void *item;
	struct error *err = relay_item(r, kind, len, &item);

	if (!err && len)
		memcpy(item, bytes, len);
	return err;
}
