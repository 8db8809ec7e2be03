/* Results in memory, of system calls, and signals. */
#include "lib/diff/judge.h"

#include <string.h>

/* ---- Memory ---- */

static void fill_store(const struct trace_access *a, const struct trace_access *b, const struct output *o,
		       enum diff_class class, struct finding *f)
{
	*f = (struct finding){.kind = LOCATION_MEMORY, .address = a->address, .width = (uint16_t)(8u * a->len)};
	memcpy(f->expected, a->data, a->len);
	memcpy(f->observed, b->data, b->len);
	for (unsigned i = 0; i < o->words; i++) {
		f->mask[i] = ~o->differs[i];
		if (class == DIFF_INDEPENDENT)
			f->mask[i] |= o->mask[i];
	}
}

/* Whole bytes of a mask with a bit a byte. */
static void spread(uint64_t bytes, unsigned len, uint64_t *ret)
{
	for (unsigned i = 0; i < len; i++)
		if (bytes >> i & 1)
			ret[i / 8] |= UINT64_C(0xff) << i % 8 * 8;
}

/* What the model says of a store that was seen; NULL: it has none like it. */
static const struct eval_store *find_store(const struct judging *j, unsigned side, const struct trace_access *seen)
{
	const struct prediction *p = &j->d->predicted[side];

	for (size_t i = 0; j->predicted && i < p->stores.len; i++)
		if (p->stores.at[i].address == seen->address && p->stores.at[i].len == seen->len)
			return &p->stores.at[i];
	return NULL;
}

static void consult_stores(const struct judging *j, const struct trace_access *a, const struct trace_access *b,
			   struct output *o)
{
	const struct eval_store *x = find_store(j, A, a), *y = find_store(j, B, b);

	if (!x || !y)
		return;
	o->undefined = j->lifted->undef;
	for (unsigned i = 0; i < a->len; i++) {
		unsigned shift = i % 8 * 8;
		o->mask[i / 8] |= (uint64_t)((x->masked ? x->mask[i] : 0) | (y->masked ? y->mask[i] : 0)) << shift;
		if (x->data[i] == a->data[i] && y->data[i] == b->data[i])
			o->explained[i / 8] |= UINT64_C(0xff) << shift;
	}
}

/* Stored to another place, or by one of them only (the other is NULL). */
static struct error *list_place(struct judging *j, const struct trace_access *a, const struct trace_access *b)
{
	struct finding f = {.kind = LOCATION_MEMORY, .unwritten = true, .width = 64};
	struct error *err = judge_predict(j);

	if (err)
		return err;
	f.address = a ? a->address : b ? b->address : 0;
	f.expected[0] = a ? a->address : 0;
	f.observed[0] = b ? b->address : 0;
	bool explained = a && b && find_store(j, A, a) && find_store(j, B, b);
	enum diff_class class = j->inputs == INPUTS_DIFFERENT                 ? DIFF_CONSEQUENCE
				: j->inputs == INPUTS_TRANSLATED && explained ? DIFF_ADDRESSES
				: j->unknown                                  ? DIFF_ORIGIN_UNKNOWN
									      : DIFF_INDEPENDENT;
	return judge_list(j, class, DIFF_PLACE, &f, f.observed[0]);
}

static struct error *compare_store(struct judging *j, const struct trace_access *a, const struct trace_access *b)
{
	struct diff *d = j->d;
	bool same_place = a && b && a->len == b->len && places_equal(&d->places, a->address, b->address);
	bool translated;
	uint64_t bytes = same_place ? data_difference(d, a, b, &translated) : 0;

	bool doubtful = bytes || !same_place || !access_known(a) || !access_known(b);
	if (a)
		places_mark(&d->places, A, a->address, a->len, doubtful);
	if (b)
		places_mark(&d->places, B, b->address, b->len, doubtful);
	if (!same_place)
		return list_place(j, a, b);
	if (!bytes)
		return NULL;

	struct output o = {.words = (a->len + 7u) / 8};
	struct finding f;
	struct error *err = judge_predict(j);
	if (err)
		return err;
	for (unsigned i = 0; i < a->len; i++)
		if (bytes >> i & 1)
			o.differs[i / 8] |= (uint64_t)(a->data[i] ^ b->data[i]) << i % 8 * 8;
	consult_stores(j, a, b, &o);
	enum diff_class class = judge_class(j, &o);
	fill_store(a, b, &o, class, &f);
	return judge_list(j, class, DIFF_VALUE, &f, b->address);
}

static struct error *compare_stores(struct judging *j)
{
	struct error *err = NULL;

	for (size_t n = 0; !err; n++) {
		const struct trace_access *a = access_at(&j->d->side[A], true, n),
					  *b = access_at(&j->d->side[B], true, n);
		if (!a && !b)
			break;
		err = compare_store(j, a, b);
	}
	return err;
}

/* ---- Events, signals, code ---- */

/* A part of up to 64 bytes of what an event wrote. */
static struct trace_access part_of(const struct trace_write *w, uint64_t at)
{
	uint64_t left = w->data_len - at, len = left < 64 ? left : 64;
	struct trace_access a = {.address = w->address + at, .len = (uint8_t)len, .store = true, .known = UINT64_MAX};

	memcpy(a.data, w->data + at, len);
	return a;
}

static struct error *compare_write(struct judging *j, const struct trace_write *a, const struct trace_write *b)
{
	struct diff *d = j->d;
	enum diff_class class = judge_plain_class(j);
	bool listed = false, translated;
	struct error *err = NULL;

	for (uint64_t at = 0; at < a->data_len && at < b->data_len && !err; at += 64) {
		struct trace_access x = part_of(a, at), y = part_of(b, at);
		struct output o = {.words = (x.len + 7u) / 8};
		struct finding f;
		if (x.len != y.len)
			x.len = y.len = x.len < y.len ? x.len : y.len;
		uint64_t bytes = data_difference(d, &x, &y, &translated);
		places_mark(&d->places, A, x.address, x.len, bytes != 0);
		places_mark(&d->places, B, y.address, y.len, bytes != 0);
		if (!bytes || listed)
			continue;
		spread(bytes, x.len, o.differs);
		fill_store(&x, &y, &o, class, &f);
		err = judge_list(j, class, DIFF_VALUE, &f, y.address);
		listed = true;
	}
	return err;
}

/* What the calls wrote, as far as they wrote the same places. */
static struct error *compare_writes(struct judging *j)
{
	const struct trace_event *a = j->d->side[A].event, *b = j->d->side[B].event;
	struct error *err = NULL;

	for (size_t i = 0; i < a->num_writes && i < b->num_writes && !err; i++)
		if (places_equal(&j->d->places, a->writes[i].address, b->writes[i].address))
			err = compare_write(j, &a->writes[i], &b->writes[i]);
	return err;
}

static struct error *compare_events(struct judging *j)
{
	const struct side *a = &j->d->side[A], *b = &j->d->side[B];
	enum diff_class class = judge_plain_class(j);
	struct finding f = {.kind = LOCATION_REG, .reg = j->d->isa->sys.number, .width = 64};

	if (!a->event && !b->event)
		return NULL;
	j->d->result->events++;
	if (a->event && b->event && a->event->number == b->event->number)
		return compare_writes(j);
	f.expected[0] = a->event ? a->event->number : UINT64_MAX;
	f.observed[0] = b->event ? b->event->number : UINT64_MAX;
	return judge_list(j, class, DIFF_VALUE, &f, 0);
}

static struct error *compare_signals(struct judging *j)
{
	const struct side *a = &j->d->side[A], *b = &j->d->side[B];
	struct finding f = {.kind = LOCATION_FAULT, .width = 8};

	if (a->signal == b->signal)
		return NULL;
	f.expected[0] = (uint64_t)a->signal;
	f.observed[0] = (uint64_t)b->signal;
	return judge_list(j, judge_plain_class(j), DIFF_VALUE, &f, 0);
}

/* Other instructions at the same place. */
static struct error *compare_code(struct judging *j)
{
	const struct side *a = &j->d->side[A], *b = &j->d->side[B];
	size_t len = a->len > b->len ? a->len : b->len;
	struct finding f = {.kind = LOCATION_MEMORY, .address = a->pc};

	if (same_code(a, b))
		return NULL;
	len = len > ISA_MAX_INSN_LEN ? ISA_MAX_INSN_LEN : len;
	f.width = (uint16_t)(8 * len);
	memcpy(f.expected, a->bytes, a->len < len ? a->len : len);
	memcpy(f.observed, b->bytes, b->len < len ? b->len : len);
	bool marked = places_marked(&j->d->places, A, a->pc, len) || places_marked(&j->d->places, B, b->pc, len);
	return judge_list(j, marked ? DIFF_CONSEQUENCE : DIFF_ORIGIN_UNKNOWN, DIFF_CODE, &f, b->pc);
}

struct error *judge_memory(struct judging *j)
{
	struct error *err = compare_code(j);

	if (!err)
		err = compare_stores(j);
	if (!err)
		err = compare_events(j);
	return err ? err : compare_signals(j);
}
