/* The columns of a chunk back into steps. Whatever they hold, nothing outside of them is touched. */
#include <endian.h>
#include <string.h>

#include "lib/trace/reader.h"
#include "lib/trace/values.h"

struct decoded_entry {
	uint64_t pc;
	const uint8_t *bytes; /* in the chunk */
	uint16_t len;
	uint32_t next, shape; /* as encoded_entry's */
};

struct decoded_shape {
	uint8_t flags;
	uint16_t num_words, num_accesses;
	uint32_t first_word, first_access; /* in shape_words and shape_accesses */
};

struct shape_access {
	uint8_t len, seen;
	bool store;
};

struct trace_decoder {
	const struct trace_reader *reader;
	trace_bytes stored, raw;
	struct column_reader columns[NUM_COLUMNS];
	const struct trace_chunk_info *info;
	uint32_t done; /* steps of the chunk */

	uint64_t *words, *unseen, *fresh; /* layout.words.len; fresh: scratch, new values by place in the shape */
	uint64_t *seen_at;                /* by word */
	VEC(uint64_t) views;              /* as the encoder's */
	uint64_t end_pc;                  /* after the last step */
	struct state before, after, carried;
	struct decoded_shape last_shape; /* of the last step, whose changes `before` lacks */

	struct values values;
	VEC(struct decoded_entry) entries;
	VEC(struct decoded_shape) shapes;
	VEC(uint16_t) shape_words;
	uint16_t *differing; /* words of the state that the step changes: isa->num_words */
	size_t num_differing;
	VEC(struct shape_access) shape_accesses;
	uint32_t entry; /* of the next step */

	struct trace_access accesses[TRACE_MAX_ACCESSES];
	struct trace_event event;
	VEC(struct trace_write) writes;
	VEC(struct trace_observed) observed;
	enum repeat_step repeat;
};

/* ---- A decoder ---- */

struct error *trace_decoder_create(const struct trace_reader *r, struct trace_decoder **ret)
{
	struct trace_decoder *d = calloc(1, sizeof *d);
	size_t n = r->layout.words.len;

	if (!d)
		return &error_no_memory;
	d->reader = r;
	d->words = calloc(n, sizeof *d->words);
	d->unseen = calloc(n, sizeof *d->unseen);
	d->fresh = calloc(n, sizeof *d->fresh);
	d->seen_at = calloc(n, sizeof *d->seen_at);
	d->differing = calloc(r->header.isa->num_words, sizeof *d->differing);
	struct error *err = d->differing && d->words && d->unseen && d->fresh && d->seen_at ? NULL : &error_no_memory;
	if (!err)
		err = state_init(&d->before, r->header.isa);
	if (!err)
		err = state_init(&d->after, r->header.isa);
	if (!err)
		err = state_init(&d->carried, r->header.isa);
	if (err) {
		trace_decoder_destroy(d);
		return err;
	}
	d->values.words = d->words;
	d->values.num_words = n < UINT8_MAX ? n : UINT8_MAX;
	*ret = d;
	return NULL;
}

static void clear_observed(struct trace_decoder *d)
{
	for (size_t i = 0; i < d->observed.len; i++) {
		state_deinit(&d->observed.at[i].before);
		state_deinit(&d->observed.at[i].after);
	}
	d->observed.len = 0;
}

void trace_decoder_destroy(struct trace_decoder *d)
{
	if (!d)
		return;
	clear_observed(d);
	vec_deinit(&d->observed);
	vec_deinit(&d->stored);
	vec_deinit(&d->raw);
	free(d->words);
	free(d->unseen);
	free(d->fresh);
	free(d->seen_at);
	free(d->differing);
	vec_deinit(&d->views);
	state_deinit(&d->before);
	state_deinit(&d->after);
	state_deinit(&d->carried);
	vec_deinit(&d->entries);
	vec_deinit(&d->shapes);
	vec_deinit(&d->shape_words);
	vec_deinit(&d->shape_accesses);
	vec_deinit(&d->writes);
	free(d);
}

const struct state *trace_decoder_carried(const struct trace_decoder *d)
{
	return &d->carried;
}

enum repeat_step trace_decoder_repeat(const struct trace_decoder *d)
{
	return d->repeat;
}

uint64_t trace_decoder_seen_at(const struct trace_decoder *d, uint32_t reg)
{
	uint16_t word = d->reader->layout.word_of_reg[reg];
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; word != UINT16_MAX && i < reg_words(&d->reader->header.isa->regs[reg]); i++)
		at = d->seen_at[word + i] < at ? d->seen_at[word + i] : at;
	return at == UINT64_MAX ? 0 : at;
}

const struct trace_observed *trace_decoder_observed(const struct trace_decoder *d, size_t *ret_len)
{
	*ret_len = d->observed.len;
	return d->observed.at;
}

static struct error *nonsense(const struct trace_decoder *d, const char *what)
{
	return error_input(d->reader->path, 0,
			   "offset 0x%llx: the chunk's step %llu: %s: copy or record the trace again",
			   (unsigned long long)d->info->offset, (unsigned long long)(d->info->first + d->done), what);
}

/* ---- The chunk's start ---- */

/* Where the columns begin and end. */
static bool split_columns(struct trace_decoder *d)
{
	struct column_reader all = {d->raw.at, d->raw.at + d->raw.len, false};
	uint64_t len[NUM_COLUMNS];

	for (size_t i = 0; i < NUM_COLUMNS; i++)
		len[i] = get_number(&all);
	for (size_t i = 0; i < NUM_COLUMNS && !all.failed; i++) {
		const uint8_t *bytes = get_bytes(&all, len[i]);
		if (bytes)
			d->columns[i] = (struct column_reader){bytes, bytes + len[i], false};
	}
	return !all.failed && all.at == all.end;
}

/* Words of the trace as a state with all of them known, but those in `unknown` (NULL: none). */
static void set_state(const struct trace_decoder *d, struct state *s, const uint64_t *words, const uint64_t *unknown)
{
	const struct layout *l = &d->reader->layout;

	for (size_t i = 0; i < l->words.len; i++) {
		uint64_t ones = l->words.at[i].ones, hide = unknown ? unknown[i] : 0;
		layout_put(l, s->value, (uint16_t)i, words[i] & ones & ~hide);
		layout_put(l, s->unknown, (uint16_t)i, hide & ones);
	}
}

static void get_words(struct column_reader *c, uint64_t *ret, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = get_u64(c);
}

static struct error *get_observed(struct trace_decoder *d, struct column_reader *c)
{
	const struct isa *isa = d->reader->header.isa;
	struct trace_observed o = {.pc = get_u64(c)};
	uint64_t len = get_number(c);
	const uint8_t *bytes = len <= sizeof o.bytes ? get_bytes(c, len) : NULL;

	if (!bytes)
		return nonsense(d, "what was observed of the CPU is incomplete");
	o.len = (uint8_t)len;
	memcpy(o.bytes, bytes, len);
	struct error *err = state_init(&o.before, isa);
	if (!err)
		err = state_init(&o.after, isa);
	if (!err && !vec_push(&d->observed, o))
		err = &error_no_memory;
	if (err) {
		state_deinit(&o.before);
		state_deinit(&o.after);
		return err;
	}
	get_words(c, d->fresh, d->reader->layout.words.len);
	set_state(d, &o.before, d->fresh, NULL);
	get_words(c, d->fresh, d->reader->layout.words.len);
	set_state(d, &o.after, d->fresh, NULL);
	return NULL;
}

/* Registers as seen, then what a model carries in the rest. */
static void get_registers(struct trace_decoder *d, struct column_reader *c)
{
	const struct layout *l = &d->reader->layout;

	get_words(c, d->words, l->words.len);
	get_words(c, d->unseen, l->words.len);
	set_state(d, &d->after, d->words, d->unseen);
	state_copy(&d->before, &d->after);
	state_copy(&d->carried, &d->after);
	for (size_t i = 0; i < l->words.len; i++)
		d->seen_at[i] = get_number(c);
	for (size_t i = 0; i < l->words.len; i++) {
		uint64_t known = get_u64(c) & d->unseen[i] & l->words.at[i].ones, value = get_u64(c) & known;
		layout_put(l, d->carried.value, (uint16_t)i, (d->words[i] & ~d->unseen[i]) | value);
		layout_put(l, d->carried.unknown, (uint16_t)i, d->unseen[i] & ~known);
	}
}

static struct error *get_start(struct trace_decoder *d)
{
	struct column_reader *c = &d->columns[COLUMN_START];
	uint8_t repeat = get_u8(c);
	uint64_t num = get_number(c);
	struct error *err = NULL;

	if (repeat > REPEAT_LINGER || num > TRACE_MAX_OBSERVED)
		return nonsense(d, "the chunk's start is not one of this version");
	d->repeat = (enum repeat_step)repeat;
	for (uint64_t i = 0; i < num && !err; i++)
		err = get_observed(d, c);
	if (err)
		return err;
	get_registers(d, c);
	d->end_pc = get_u64(c);
	return c->failed || c->at != c->end ? nonsense(d, "the chunk's start has the wrong length") : NULL;
}

/* ---- Which instruction ---- */

/* An instruction that the chunk did not have yet; expected: its PC, most likely. */
static struct error *new_entry(struct trace_decoder *d, uint64_t expected)
{
	struct column_reader *c = &d->columns[COLUMN_CODE];
	struct decoded_entry entry = {.pc = expected + unzigzag(get_number(c))};
	uint64_t len = get_number(c);

	entry.bytes = len <= TRACE_MAX_BYTES ? get_bytes(c, len) : NULL;
	entry.len = (uint16_t)len;
	if (!entry.bytes || c->failed)
		return nonsense(d, "an instruction is incomplete");
	return vec_push(&d->entries, entry) ? NULL : &error_no_memory;
}

/* Reads which instruction comes next. last: index of the one before, UINT32_MAX: none. */
static struct error *next_entry(struct trace_decoder *d, uint32_t last)
{
	struct column_reader *c = &d->columns[COLUMN_ENTRIES];
	struct decoded_entry *before = last < d->entries.len ? &d->entries.at[last] : NULL;
	uint64_t n = get_number(c);

	if (n == 0) {
		if (c->failed || !before || !before->next)
			return nonsense(d, "no instruction is known to follow");
		d->entry = before->next - 1;
		return NULL;
	}
	if (n == 1) {
		struct error *err = new_entry(d, before ? before->pc + before->len : d->words[d->reader->layout.pc]);
		if (err)
			return err;
		n = d->entries.len + 1;
	}
	if (n - 2 >= d->entries.len)
		return nonsense(d, "an instruction that the chunk does not have");
	d->entry = (uint32_t)(n - 2);
	if (last < d->entries.len)
		d->entries.at[last].next = d->entry + 1;
	return NULL;
}

/* ---- What changed ---- */

static bool get_shape_words(struct trace_decoder *d, struct column_reader *c, struct decoded_shape *s)
{
	const struct layout *l = &d->reader->layout;
	uint64_t n = get_number(c);
	bool ok = n <= l->words.len;

	s->first_word = (uint32_t)d->shape_words.len;
	s->num_words = (uint16_t)n;
	for (uint64_t i = 0; i < n && ok; i++) {
		uint64_t word = get_number(c);
		ok = word < l->words.len && word != l->pc && vec_push(&d->shape_words, (uint16_t)word);
	}
	return ok;
}

static bool get_shape_accesses(struct trace_decoder *d, struct column_reader *c, struct decoded_shape *s)
{
	uint64_t n = get_number(c);
	bool ok = n <= TRACE_MAX_ACCESSES;

	s->first_access = (uint32_t)d->shape_accesses.len;
	s->num_accesses = (uint16_t)n;
	for (uint64_t i = 0; i < n && ok; i++) {
		uint8_t kind = get_u8(c), seen = get_u8(c), len = kind & (ACCESS_STORE - 1);
		struct shape_access a = {len, seen, kind & ACCESS_STORE};
		ok = len >= 1 && len <= 64 && seen <= ACCESS_PARTLY && vec_push(&d->shape_accesses, a);
	}
	return ok;
}

static struct error *get_shape(struct trace_decoder *d, uint32_t *last)
{
	struct column_reader *c = &d->columns[COLUMN_SHAPES], *defs = &d->columns[COLUMN_SHAPE_DEFS];
	uint64_t n = get_number(c);

	if (n == 0) {
		n = (uint64_t)*last + 1;
	} else if (n == 1) {
		struct decoded_shape s = {.flags = get_u8(defs)};
		if (s.flags & ~SHAPE_ALL || !get_shape_words(d, defs, &s) || !get_shape_accesses(d, defs, &s) ||
		    defs->failed)
			return nonsense(d, "a shape that cannot be");
		if (!vec_push(&d->shapes, s))
			return &error_no_memory;
		n = d->shapes.len + 1;
	}
	if (c->failed || n < 2 || n - 2 >= d->shapes.len)
		return nonsense(d, "a shape that the chunk does not have");
	*last = (uint32_t)(n - 1);
	return NULL;
}

/* ---- Values ---- */

struct value_place {
	struct value_slot *slot;
	uint64_t base, ones;
	struct column_reader *codes, *data;
};

/* A signed number of len bytes. */
static uint64_t sign_extend(uint64_t x, unsigned len)
{
	return (uint64_t)((int64_t)(x << (64 - 8 * len)) >> (64 - 8 * len));
}

/* A value that its slot does not tell. */
static uint64_t get_surprise(const struct values *v, const struct value_place *p, uint8_t code)
{
	struct value_slot *slot = p->slot;

	if (code >= VALUE_LITERAL) {
		slot->kind = VALUE_STEP;
		if (code >= VALUE_NUM_CODES)
			p->codes->failed = true;
		return code < VALUE_NUM_CODES ? get_word(p->data, code - VALUE_LITERAL) : 0;
	}
	if (code >= VALUE_DELTA) {
		unsigned len = code - VALUE_DELTA + 1u;
		slot->kind = VALUE_STEP;
		return p->base + sign_extend(get_word(p->data, len), len);
	}
	if (code > VALUE_NEXT)
		p->codes->failed = true;
	slot->kind = code;
	if (code == VALUE_REGISTER || code == VALUE_LOADED)
		slot->arg = get_u8(p->data);
	if (code == VALUE_REGISTER)
		slot->displacement = unzigzag(get_number(p->data));
	return value_of(v, slot->kind, slot->arg, slot->displacement, slot, p->base);
}

static inline uint64_t get_value(const struct values *v, const struct value_place *p)
{
	uint8_t code = get_u8(p->codes);
	uint64_t value;

	if (code == VALUE_AGAIN)
		value = value_of(v, p->slot->kind, p->slot->arg, p->slot->displacement, p->slot, p->base);
	else
		value = get_surprise(v, p, code);
	value &= p->ones;
	value_seen(p->slot, p->base, value);
	return value;
}

/* ---- The parts of a step ---- */

static void get_accesses(struct trace_decoder *d, const struct decoded_shape *s)
{
	for (uint32_t i = 0; i < s->num_accesses; i++) {
		const struct shape_access *shape = &d->shape_accesses.at[s->first_access + i];
		struct trace_access *a = &d->accesses[i];
		struct value_slot *slot = value_slot(&d->values, d->entry, PLACE_ADDRESS + i);
		uint64_t all = shape->len >= 64 ? UINT64_MAX : (UINT64_C(1) << shape->len) - 1;
		const struct value_place p = {slot, slot->last, UINT64_MAX, &d->columns[COLUMN_ADDRESS_CODES],
					      &d->columns[COLUMN_ADDRESS_DATA]};

		a->len = shape->len;
		a->store = shape->store;
		a->known = shape->seen == ACCESS_SEEN ? all : 0;
		if (shape->seen == ACCESS_PARTLY)
			a->known = get_u64(&d->columns[COLUMN_SEEN]) & all;
		if (shape->seen == ACCESS_UNSEEN)
			memset(a->data, 0, a->len);
		a->address = get_value(&d->values, &p);
	}
}

static void get_memory(struct trace_decoder *d, struct trace_access *a, uint32_t index)
{
	enum column codes = a->store ? COLUMN_STORE_CODES : COLUMN_LOAD_CODES;

	for (unsigned at = 0; at < a->len; at += 8) {
		unsigned n = a->len - at < 8 ? a->len - at : 8;
		const struct value_place p = {value_slot(&d->values, d->entry, PLACE_MEMORY + 8 * index + at / 8),
					      values_remembered(&d->values, a->address + at, n), value_ones(n),
					      &d->columns[codes], &d->columns[codes + 1]};
		uint64_t value = get_value(&d->values, &p), le = htole64(value);
		memcpy(a->data + at, &le, n);
		values_remember(&d->values, a->address + at, n, value);
		if (!a->store && d->values.num_loaded < VALUE_MAX_LOADED)
			d->values.loaded[d->values.num_loaded++] = value;
	}
}

static void get_memories(struct trace_decoder *d, const struct decoded_shape *s, bool stores)
{
	for (uint32_t i = 0; i < s->num_accesses; i++)
		if (d->accesses[i].store == stores && d->shape_accesses.at[s->first_access + i].seen != ACCESS_UNSEEN)
			get_memory(d, &d->accesses[i], i);
}

static void get_changed(struct trace_decoder *d, const struct decoded_shape *s)
{
	for (uint32_t i = 0; i < s->num_words; i++) {
		uint16_t word = d->shape_words.at[s->first_word + i];
		const struct value_place p = {value_slot(&d->values, d->entry, PLACE_WORD + word), d->words[word],
					      UINT64_MAX, &d->columns[COLUMN_WORD_CODES],
					      &d->columns[COLUMN_WORD_DATA]};
		d->fresh[i] = get_value(&d->values, &p);
	}
}

/* What is not seen from now on. */
static struct error *get_view(struct trace_decoder *d)
{
	size_t n = d->reader->layout.words.len;
	uint64_t index = get_number(&d->columns[COLUMN_SEEN]);

	if (index > d->views.len / n)
		return nonsense(d, "a set of unseen registers that the chunk does not have");
	if (index) {
		memcpy(d->unseen, d->views.at + (index - 1) * n, n * sizeof *d->unseen);
		return NULL;
	}
	get_words(&d->columns[COLUMN_SEEN], d->unseen, n);
	if (!vec_reserve(&d->views, d->views.len + n))
		return &error_no_memory;
	memcpy(d->views.at + d->views.len, d->unseen, n * sizeof *d->unseen);
	d->views.len += n;
	return NULL;
}

static struct error *get_writes(struct trace_decoder *d, struct column_reader *c, uint64_t num)
{
	d->writes.len = 0;
	for (uint64_t i = 0; i < num; i++) {
		struct trace_write w = {.address = get_number(c)};
		w.len = get_number(c);
		w.data_len = get_number(c);
		w.data = get_bytes(c, w.data_len);
		if (c->failed || w.data_len > w.len)
			return nonsense(d, "the memory that an event wrote is incomplete");
		if (!vec_push(&d->writes, w))
			return &error_no_memory;
	}
	return NULL;
}

static struct error *get_event(struct trace_decoder *d)
{
	struct column_reader *c = &d->columns[COLUMN_EVENTS];
	struct trace_event ev = {.number = get_number(c)};

	ev.index = get_number(c);
	ev.position = get_number(c);
	ev.skipped = get_number(c);
	uint8_t policy = get_u8(c), flags = get_u8(c);
	ev.policy = (enum trace_policy)policy;
	ev.unlogged = flags & EVENT_UNLOGGED;
	ev.finished = flags & EVENT_FINISHED;
	ev.delivery = flags & EVENT_DELIVERY;
	uint64_t status = unzigzag(get_number(c));
	ev.status = (int)status;
	ev.at = get_number(c);
	ev.nanoseconds = get_number(c);
	ev.num_writes = get_number(c);
	if (c->failed || policy > TRACE_PASSED || flags > EVENT_ALL || status > EXIT_STATUS_MAX ||
	    (ev.delivery && ev.number > SIGNAL_MAX))
		return nonsense(d, "an event that cannot be");
	struct error *err = get_writes(d, c, ev.num_writes);
	ev.writes = d->writes.at;
	d->event = ev;
	return err;
}

/* ---- Steps ---- */

/* Makes `before` what `after` is: the changes of the last step. */
static void catch_up(struct trace_decoder *d)
{
	const struct layout *l = &d->reader->layout;

	if (d->last_shape.flags & SHAPE_SEEN) {
		state_copy(&d->before, &d->after);
		return;
	}
	for (size_t i = 0; i < d->num_differing; i++)
		d->before.value[d->differing[i]] = d->after.value[d->differing[i]];
	layout_put(l, d->before.value, l->pc, d->words[l->pc] & ~d->unseen[l->pc]);
}

/* Gives a word of the state its value, and notes if it is another one. */
static void change(struct trace_decoder *d, uint16_t word, uint64_t value)
{
	if (d->after.value[word] == value)
		return;
	d->after.value[word] = value;
	/* A shape of damaged bytes may name a word more than once. */
	if (d->num_differing < d->reader->header.isa->num_words)
		d->differing[d->num_differing++] = word;
}

static void change_word(struct trace_decoder *d, uint16_t word, uint64_t value)
{
	const struct layout *l = &d->reader->layout;
	const struct layout_word *w = &l->words.at[word];

	if (!w->num_fields)
		change(d, w->state_word, value);
	for (uint16_t i = 0; i < w->num_fields; i++) {
		const struct layout_field *f = &l->fields.at[w->first + i];
		change(d, f->state_word, value >> f->low & f->ones);
	}
}

/* Makes `after` what follows the step: fresh values, the PC of the next step. */
static void apply(struct trace_decoder *d, const struct decoded_shape *s)
{
	const struct layout *l = &d->reader->layout;

	for (uint32_t i = 0; i < s->num_words; i++)
		d->words[d->shape_words.at[s->first_word + i]] = d->fresh[i];
	d->words[l->pc] = d->done + 1 < d->info->steps ? d->entries.at[d->entry].pc : d->end_pc;
	d->num_differing = 0;
	if (s->flags & SHAPE_SEEN) {
		set_state(d, &d->after, d->words, d->unseen);
		return;
	}
	for (uint32_t i = 0; i < s->num_words; i++) {
		uint16_t word = d->shape_words.at[s->first_word + i];
		change_word(d, word, d->words[word] & ~d->unseen[word]);
	}
	layout_put(l, d->after.value, l->pc, d->words[l->pc] & ~d->unseen[l->pc]);
}

static bool any_failed(const struct trace_decoder *d)
{
	bool failed = false;

	for (size_t i = 0; i < NUM_COLUMNS; i++)
		failed |= d->columns[i].failed;
	return failed;
}

struct error *trace_decoder_open(struct trace_decoder *d, size_t chunk)
{
	const struct trace_reader *r = d->reader;
	struct record record = {0};

	if (chunk >= r->index.chunks.len)
		return error_create(ERROR_BUG, "the trace has no chunk %zu", chunk);
	d->info = &r->index.chunks.at[chunk];
	d->done = 0;
	clear_observed(d);
	d->views.len = d->entries.len = d->shapes.len = d->shape_words.len = d->shape_accesses.len = 0;
	d->last_shape = (struct decoded_shape){0};
	values_clear(&d->values);
	struct error *err = record_read(r->fd, r->path, d->info->offset, r->len, d->info->raw, &record, &d->stored,
					&d->raw);
	if (err)
		return err;
	if (record.type != RECORD_CHUNK || record.steps != d->info->steps || record.first != d->info->first ||
	    record.tid != d->info->tid || !record.steps || record.steps > CHUNK_STEPS_MAX)
		return nonsense(d, "the record is not the chunk that the index names");
	if (!split_columns(d))
		return nonsense(d, "the columns do not fill the chunk");
	err = get_start(d);
	return err ? err : next_entry(d, UINT32_MAX);
}

/* Behind the chunk's last step nothing may be left. */
static struct error *check_exhausted(const struct trace_decoder *d)
{
	for (size_t i = 0; i < NUM_COLUMNS; i++)
		if (d->columns[i].at != d->columns[i].end)
			return nonsense(d, "the chunk has more than its steps");
	return NULL;
}

/* Reads all that the shape announces, in the order of the encoder. */
static struct error *get_step(struct trace_decoder *d, const struct decoded_entry *entry,
			      const struct decoded_shape *shape, int *ret_signal)
{
	struct error *err = NULL;

	d->values.num_loaded = 0;
	d->values.next = entry->pc + entry->len;
	d->words[d->reader->layout.pc] = entry->pc;
	if (shape->flags & SHAPE_SEEN)
		err = get_view(d);
	get_accesses(d, shape);
	get_memories(d, shape, false);
	get_changed(d, shape);
	get_memories(d, shape, true);
	if (!err && shape->flags & SHAPE_EVENT)
		err = get_event(d);
	uint64_t signal = shape->flags & SHAPE_SIGNAL ? get_number(&d->columns[COLUMN_EVENTS]) : 0;
	if (!err && signal > SIGNAL_MAX)
		err = nonsense(d, "a signal that cannot be");
	*ret_signal = (int)signal;
	return err;
}

struct error *trace_decoder_next(struct trace_decoder *d, struct trace_step *ret, bool *ret_end)
{
	if (d->done == d->info->steps) {
		*ret_end = true;
		return check_exhausted(d);
	}
	if (d->done)
		catch_up(d);

	uint32_t index = d->entry;
	int signal;
	struct error *err = get_shape(d, &d->entries.at[index].shape);
	if (err)
		return err;
	struct decoded_entry entry = d->entries.at[index];
	struct decoded_shape shape = d->shapes.at[entry.shape - 1];
	err = get_step(d, &entry, &shape, &signal);
	if (!err && d->done + 1 < d->info->steps)
		err = next_entry(d, index);
	if (!err && any_failed(d))
		err = nonsense(d, "the columns end before the steps do");
	if (err)
		return err;
	apply(d, &shape);
	d->last_shape = shape;
	*ret = (struct trace_step){
		.number = d->info->first + d->done++,
		.tid = d->info->tid,
		.pc = entry.pc,
		.bytes = entry.bytes,
		.len = entry.len,
		.entry = index,
		.before = &d->before,
		.after = &d->after,
		.accesses = d->accesses,
		.num_accesses = shape.num_accesses,
		.event = shape.flags & SHAPE_EVENT ? &d->event : NULL,
		.signal = signal,
		.running = shape.flags & SHAPE_RUNNING,
		.words = shape.flags & SHAPE_SEEN ? NULL : d->differing,
		.num_words = shape.flags & SHAPE_SEEN ? 0 : d->num_differing,
	};
	*ret_end = false;
	return NULL;
}
