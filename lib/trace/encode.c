#include "lib/trace/encode.h"

#include <endian.h>
#include <string.h>

/* ---- Values ---- */

/* Codes that a value is searched for among registers: the general ones stand first. */
enum { SEARCHED_WORDS = 34, NEAR_ADDRESS = 1 << 20, NEAR_VALUE = 1 << 12 };

static uint64_t magnitude(uint64_t difference)
{
	return difference >> 63 ? -difference : difference;
}

/* The register that the value is nearest to; false if none is near. */
static bool nearest_register(const struct values *v, uint64_t value, uint64_t limit, uint8_t *ret)
{
	size_t n = v->num_words < SEARCHED_WORDS ? v->num_words : SEARCHED_WORDS;
	uint64_t best = limit;

	for (size_t i = 0; i < n; i++) {
		uint64_t distance = magnitude(value - v->words[i]);
		if (distance < best) {
			best = distance;
			*ret = (uint8_t)i;
		}
	}
	return best < limit;
}

static bool find_loaded(const struct values *v, uint64_t value, uint8_t *ret)
{
	for (size_t i = 0; i < v->num_loaded; i++) {
		if (v->loaded[i] == value) {
			*ret = (uint8_t)i;
			return true;
		}
	}
	return false;
}

/* Bytes of a number, unsigned and signed. */
static unsigned length_of(uint64_t x)
{
	return x ? (71 - (unsigned)__builtin_clzll(x)) / 8 : 0;
}

static unsigned signed_length_of(uint64_t x)
{
	unsigned len = length_of((x ^ -(x >> 63)) << 1);

	return len ? len : 1;
}

struct value_place {
	struct value_slot *slot;
	uint64_t base, ones; /* what the value replaces; its bits */
	uint64_t near;       /* how far from a register it may be */
	trace_bytes *codes, *data;
};

static bool fits(const struct values *v, const struct value_place *p, uint8_t kind, uint8_t arg, uint64_t displacement,
		 uint64_t value)
{
	return ((value_of(v, kind, arg, displacement, p->slot, p->base) ^ value) & p->ones) == 0;
}

/* A difference as a signed number of the value's width. */
static uint64_t wrapped(uint64_t difference, uint64_t ones)
{
	difference &= ones;
	return difference > ones >> 1 ? difference | ~ones : difference;
}

/* The bytes themselves: as a difference if that is shorter. */
static bool put_literal(const struct value_place *p, uint64_t value)
{
	uint64_t difference = wrapped(value - p->base, p->ones);
	unsigned plain = length_of(value), delta = signed_length_of(difference);
	bool is_plain = plain <= delta;
	uint64_t bytes = htole64(is_plain ? value : difference);

	p->slot->kind = VALUE_STEP;
	return put_u8(p->codes, (uint8_t)(is_plain ? VALUE_LITERAL + plain : VALUE_DELTA + delta - 1)) &&
	       put_bytes(p->data, &bytes, is_plain ? plain : delta);
}

static bool put_register(const struct values *v, const struct value_place *p, uint8_t arg, uint64_t value)
{
	uint64_t displacement = wrapped(value - v->words[arg], p->ones);

	p->slot->kind = VALUE_REGISTER;
	p->slot->arg = arg;
	p->slot->displacement = displacement;
	return put_u8(p->codes, VALUE_REGISTER) && put_u8(p->data, arg) && put_number(p->data, zigzag(displacement));
}

/* A value that its slot did not foresee. */
static bool put_surprise(const struct values *v, const struct value_place *p, uint64_t value)
{
	static const uint8_t simple[] = {VALUE_STEP, VALUE_LAST, VALUE_NEXT};
	uint8_t arg = 0;

	for (size_t i = 0; i < sizeof simple; i++) {
		if (p->slot->kind != simple[i] && fits(v, p, simple[i], 0, 0, value)) {
			p->slot->kind = simple[i];
			return put_u8(p->codes, simple[i]);
		}
	}
	if (find_loaded(v, value, &arg)) {
		p->slot->kind = VALUE_LOADED;
		p->slot->arg = arg;
		return put_u8(p->codes, VALUE_LOADED) && put_u8(p->data, arg);
	}
	if (length_of(value) > 2 && nearest_register(v, value, p->near, &arg))
		return put_register(v, p, arg, value);
	return put_literal(p, value);
}

static inline bool put_value(const struct values *v, const struct value_place *p, uint64_t value)
{
	bool ok;

	if (fits(v, p, p->slot->kind, p->slot->arg, p->slot->displacement, value))
		ok = put_u8(p->codes, VALUE_AGAIN);
	else
		ok = put_surprise(v, p, value);
	value_seen(p->slot, p->base, value);
	return ok;
}

/* ---- The chunk ---- */

struct error *encoder_init(struct encoder *e, const uint64_t *words, size_t num_words, uint16_t pc)
{
	*e = (struct encoder){.num_words = num_words, .pc = pc, .words = calloc(num_words, sizeof *e->words)};

	if (!e->words)
		return &error_no_memory;
	memcpy(e->words, words, num_words * sizeof *words);
	e->values.words = e->words;
	e->values.num_words = num_words < UINT8_MAX ? num_words : UINT8_MAX;
	return NULL;
}

void encoder_deinit(struct encoder *e)
{
	for (size_t i = 0; i < NUM_COLUMNS; i++)
		vec_deinit(&e->columns[i]);
	free(e->words);
	vec_deinit(&e->views);
	map_deinit(&e->view_of);
	vec_deinit(&e->entries);
	vec_deinit(&e->code);
	map_deinit(&e->entry_of);
	vec_deinit(&e->shapes);
	vec_deinit(&e->shape_bytes);
	vec_deinit(&e->shape);
	map_deinit(&e->shape_of);
}

struct error *encoder_begin(struct encoder *e, uint64_t pc, const uint8_t *start, size_t len)
{
	for (size_t i = 0; i < NUM_COLUMNS; i++)
		e->columns[i].len = 0;
	e->entries.len = e->code.len = e->shapes.len = e->shape_bytes.len = e->views.len = 0;
	map_clear(&e->entry_of);
	map_clear(&e->view_of);
	map_clear(&e->shape_of);
	values_clear(&e->values);
	e->steps = e->last_entry = 0;
	e->words[e->pc] = pc;
	return put_bytes(&e->columns[COLUMN_START], start, len) ? NULL : &error_no_memory;
}

struct error *encoder_end(struct encoder *e, trace_bytes *ret)
{
	/* The PC after the last step: those before it follow from the next step. */
	bool ok = put_u64(&e->columns[COLUMN_START], e->words[e->pc]);

	ret->len = 0;
	for (size_t i = 0; i < NUM_COLUMNS && ok; i++)
		ok = put_number(ret, e->columns[i].len);
	for (size_t i = 0; i < NUM_COLUMNS && ok; i++)
		ok = put_bytes(ret, e->columns[i].at, e->columns[i].len);
	return ok ? NULL : &error_no_memory;
}

/* ---- Which instruction ---- */

static bool is_entry(const struct encoder *e, uint32_t index, const struct encoder_step *step)
{
	const struct encoded_entry *entry = &e->entries.at[index];

	return entry->pc == step->pc && entry->len == step->len &&
	       (!step->len || memcmp(e->code.at + entry->at, step->bytes, step->len) == 0);
}

static struct error *new_entry(struct encoder *e, const struct encoder_step *step, uint64_t *place)
{
	const struct encoded_entry *last = e->last_entry ? &e->entries.at[e->last_entry - 1] : NULL;
	uint64_t expected = last ? last->pc + last->len : e->words[e->pc];
	struct encoded_entry entry = {.pc = step->pc, .at = (uint32_t)e->code.len, .len = step->len};
	trace_bytes *out = &e->columns[COLUMN_CODE];

	*place = e->entries.len + 1;
	bool ok = put_number(out, zigzag(step->pc - expected)) && put_number(out, step->len) &&
		  put_bytes(out, step->bytes, step->len) && put_bytes(&e->code, step->bytes, step->len) &&
		  vec_push(&e->entries, entry) && put_u8(&e->columns[COLUMN_ENTRIES], 1);
	return ok ? NULL : &error_no_memory;
}

/* Stores which instruction the step is of. 0: the one that followed last time; 1: a new one; n + 2: number n. */
static struct error *put_entry(struct encoder *e, const struct encoder_step *step, uint32_t *ret)
{
	struct encoded_entry *last = e->last_entry ? &e->entries.at[e->last_entry - 1] : NULL;
	struct error *err = NULL;

	if (last && last->next && is_entry(e, last->next - 1, step)) {
		*ret = last->next - 1;
		e->last_entry = last->next;
		return put_u8(&e->columns[COLUMN_ENTRIES], 0) ? NULL : &error_no_memory;
	}
	uint64_t *place = map_put(&e->entry_of, step->pc);
	if (!place)
		return &error_no_memory;
	if (!*place || !is_entry(e, (uint32_t)*place - 1, step))
		err = new_entry(e, step, place);
	else if (!put_number(&e->columns[COLUMN_ENTRIES], *place + 1))
		err = &error_no_memory;
	if (err)
		return err;
	if (e->last_entry)
		e->entries.at[e->last_entry - 1].next = (uint32_t)*place;
	e->last_entry = (uint32_t)*place;
	*ret = (uint32_t)*place - 1;
	return NULL;
}

/* ---- What changed ---- */

static uint64_t all_known(unsigned len)
{
	return len >= 64 ? UINT64_MAX : (UINT64_C(1) << len) - 1;
}

static enum access_seen seen_of(const struct trace_access *a)
{
	uint64_t known = a->known & all_known(a->len);

	if (known == all_known(a->len))
		return ACCESS_SEEN;
	return known ? ACCESS_PARTLY : ACCESS_UNSEEN;
}

static bool build_shape(struct encoder *e, const struct encoder_step *step)
{
	trace_bytes *out = &e->shape;

	out->len = 0;
	if (!vec_reserve(out, 16 + 3 * step->num_changed + 2 * step->num_accesses))
		return false;
	uint8_t flags = (uint8_t)((step->event ? SHAPE_EVENT : 0) | (step->signal ? SHAPE_SIGNAL : 0) |
				  (step->unseen ? SHAPE_SEEN : 0) | (step->running ? SHAPE_RUNNING : 0));
	bool ok = put_u8(out, flags) && put_number(out, step->num_changed);
	for (size_t i = 0; i < step->num_changed && ok; i++)
		ok = put_number(out, step->changed[i]);
	ok = ok && put_number(out, step->num_accesses);
	for (size_t i = 0; i < step->num_accesses && ok; i++) {
		const struct trace_access *a = &step->accesses[i];
		ok = put_u8(out, (uint8_t)(a->len | (a->store ? ACCESS_STORE : 0))) && put_u8(out, (uint8_t)seen_of(a));
	}
	return ok;
}

static bool is_shape(const struct encoder *e, uint32_t index)
{
	const struct encoded_shape *s = &e->shapes.at[index];

	return s->len == e->shape.len && (!s->len || memcmp(e->shape_bytes.at + s->at, e->shape.at, s->len) == 0);
}

static uint64_t hash_words(const uint64_t *words, size_t n)
{
	uint64_t hash = n;

	for (size_t i = 0; i < n; i++)
		hash = hash_u64(hash ^ words[i]);
	return hash;
}

static uint64_t hash_bytes(const uint8_t *bytes, size_t len)
{
	uint64_t hash = len;

	for (size_t i = 0; i < len; i++)
		hash = hash_u64(hash ^ bytes[i]);
	return hash;
}

/* 0: the shape that the instruction had last time; 1: a new one; n + 2: number n. */
static struct error *put_shape(struct encoder *e, uint32_t entry)
{
	uint32_t *last = &e->entries.at[entry].shape;
	bool ok;

	if (*last && is_shape(e, *last - 1))
		return put_u8(&e->columns[COLUMN_SHAPES], 0) ? NULL : &error_no_memory;
	uint64_t *place = map_put(&e->shape_of, hash_bytes(e->shape.at, e->shape.len));
	if (!place)
		return &error_no_memory;
	if (*place && is_shape(e, (uint32_t)*place - 1)) {
		ok = put_number(&e->columns[COLUMN_SHAPES], *place + 1);
	} else {
		struct encoded_shape s = {(uint32_t)e->shape_bytes.len, (uint32_t)e->shape.len};
		ok = vec_push(&e->shapes, s) && put_bytes(&e->shape_bytes, e->shape.at, e->shape.len) &&
		     put_bytes(&e->columns[COLUMN_SHAPE_DEFS], e->shape.at, e->shape.len) &&
		     put_u8(&e->columns[COLUMN_SHAPES], 1);
		*place = e->shapes.len;
	}
	*last = (uint32_t)*place;
	return ok ? NULL : &error_no_memory;
}

/* ---- The step ---- */

/* What is not seen from now on: 0 and the words, or n for the nth that the chunk had. */
static bool put_view(struct encoder *e, const uint64_t *unseen)
{
	size_t n = e->num_words, len = n * sizeof *unseen;
	trace_bytes *out = &e->columns[COLUMN_SEEN];
	uint64_t *place = map_put(&e->view_of, hash_words(unseen, n));

	if (!place)
		return false;
	if (*place && memcmp(e->views.at + (*place - 1) * n, unseen, len) == 0)
		return put_number(out, *place);
	if (!vec_reserve(&e->views, e->views.len + n))
		return false;
	memcpy(e->views.at + e->views.len, unseen, len);
	e->views.len += n;
	*place = e->views.len / n;
	return put_u8(out, 0) && put_words(out, unseen, n);
}

/* What is not in a shape and not a value. */
static bool put_extras(struct encoder *e, const struct encoder_step *step)
{
	trace_bytes *seen = &e->columns[COLUMN_SEEN];
	bool ok = !step->unseen || put_view(e, step->unseen);

	for (size_t i = 0; i < step->num_accesses && ok; i++)
		if (seen_of(&step->accesses[i]) == ACCESS_PARTLY)
			ok = put_u64(seen, step->accesses[i].known & all_known(step->accesses[i].len));
	if (ok && step->event)
		ok = put_bytes(&e->columns[COLUMN_EVENTS], step->event, step->event_len);
	if (ok && step->signal)
		ok = put_number(&e->columns[COLUMN_EVENTS], (uint64_t)(unsigned)step->signal);
	return ok;
}

static bool put_addresses(struct encoder *e, const struct encoder_step *step, uint32_t entry)
{
	bool ok = true;

	for (uint32_t i = 0; i < step->num_accesses && ok; i++) {
		struct value_slot *slot = value_slot(&e->values, entry, PLACE_ADDRESS + i);
		struct value_place p = {slot,
					slot->last,
					UINT64_MAX,
					NEAR_ADDRESS,
					&e->columns[COLUMN_ADDRESS_CODES],
					&e->columns[COLUMN_ADDRESS_DATA]};
		ok = put_value(&e->values, &p, step->accesses[i].address);
	}
	return ok;
}

/* The memory of one access, eight bytes at a time. */
static bool put_memory(struct encoder *e, const struct trace_access *a, uint32_t entry, uint32_t index)
{
	enum column codes = a->store ? COLUMN_STORE_CODES : COLUMN_LOAD_CODES;
	bool ok = true;

	for (unsigned at = 0; at < a->len && ok; at += 8) {
		unsigned n = a->len - at < 8 ? a->len - at : 8;
		uint64_t value = 0;
		memcpy(&value, a->data + at, n);
		value = le64toh(value);
		struct value_place p = {value_slot(&e->values, entry, PLACE_MEMORY + 8 * index + at / 8),
					values_remembered(&e->values, a->address + at, n),
					value_ones(n),
					NEAR_VALUE,
					&e->columns[codes],
					&e->columns[codes + 1]};
		ok = put_value(&e->values, &p, value);
		values_remember(&e->values, a->address + at, n, value);
		if (!a->store && e->values.num_loaded < VALUE_MAX_LOADED)
			e->values.loaded[e->values.num_loaded++] = value;
	}
	return ok;
}

static bool put_memories(struct encoder *e, const struct encoder_step *step, uint32_t entry, bool stores)
{
	bool ok = true;

	for (uint32_t i = 0; i < step->num_accesses && ok; i++)
		if (step->accesses[i].store == stores && seen_of(&step->accesses[i]) != ACCESS_UNSEEN)
			ok = put_memory(e, &step->accesses[i], entry, i);
	return ok;
}

static bool put_changed(struct encoder *e, const struct encoder_step *step, uint32_t entry)
{
	bool ok = true;

	for (size_t i = 0; i < step->num_changed && ok; i++) {
		uint16_t word = step->changed[i];
		struct value_place p = {value_slot(&e->values, entry, PLACE_WORD + word),
					e->words[word],
					UINT64_MAX,
					NEAR_VALUE,
					&e->columns[COLUMN_WORD_CODES],
					&e->columns[COLUMN_WORD_DATA]};
		ok = put_value(&e->values, &p, step->values[i]);
	}
	return ok;
}

struct error *encoder_step(struct encoder *e, const struct encoder_step *step)
{
	uint32_t entry;
	struct error *err = put_entry(e, step, &entry);

	if (err)
		return err;
	e->values.num_loaded = 0;
	e->values.next = step->pc + step->len;
	e->words[e->pc] = step->pc;
	if (!build_shape(e, step))
		return &error_no_memory;
	err = put_shape(e, entry);
	if (err)
		return err;
	bool ok = put_extras(e, step) && put_addresses(e, step, entry) && put_memories(e, step, entry, false) &&
		  put_changed(e, step, entry) && put_memories(e, step, entry, true);
	for (size_t i = 0; i < step->num_changed; i++)
		e->words[step->changed[i]] = step->values[i];
	e->words[e->pc] = step->next_pc;
	e->steps++;
	return ok ? NULL : &error_no_memory;
}
