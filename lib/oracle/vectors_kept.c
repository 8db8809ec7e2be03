#include "lib/oracle/vectors_kept.h"

#include <string.h>

#include "lib/base/vec.h"
#include "lib/oracle/vectors_state.h"

struct kept {
	char encoding[ISA_ENCODING_LEN];
	uint32_t number, word;
	uint64_t seed;
	unsigned num_changes;
	size_t first_change; /* of the list of all */
};

struct kept_change {
	struct vector_change change;
	size_t first_byte; /* likewise */
};

struct kept_cases {
	VEC(struct kept) cases; /* by encoding and word */
	VEC(struct kept_change) changes;
	VEC(uint8_t) bytes;
	VEC(size_t) encodings; /* the first case of each */
	/* What is handed out: from the word's first case on, around. */
	size_t first, end, start, given;
};

/* ---- Reading ---- */

static bool keep_change(struct kept_cases *k, const struct vector_change *c)
{
	const struct kept_change kept = {.change = *c, .first_byte = k->bytes.len};

	if (!vec_push(&k->changes, kept))
		return false;
	for (unsigned i = 0; i < c->len; i++)
		if (!vec_push(&k->bytes, c->bytes[i]))
			return false;
	return true;
}

static struct error *keep(struct kept_cases *k, const struct vector_case *c, const struct insn *insn)
{
	struct kept kept = {.number = c->number,
			    .word = c->word,
			    .seed = c->seed,
			    .num_changes = c->num_changes,
			    .first_change = k->changes.len};

	memcpy(kept.encoding, insn->encoding, sizeof kept.encoding);
	for (unsigned i = 0; i < c->num_changes; i++)
		if (!keep_change(k, &c->changes[i]))
			return &error_no_memory;
	return vec_push(&k->cases, kept) ? NULL : &error_no_memory;
}

static struct error *read_all(struct kept_cases *k, struct vector_reader *reader, struct vectors *v)
{
	struct vector_case c;
	bool found = true, modelled;
	const struct insn *insn;
	struct error *err = NULL;

	while (!err && found) {
		err = vector_reader_next(reader, &c, &found);
		if (err || !found)
			break;
		err = vectors_is_modelled(v, VECTORS_CODE, c.word, &modelled, &insn);
		if (!err && modelled)
			err = keep(k, &c, insn);
	}
	return err;
}

static int by_encoding(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;
	int order = strcmp(x->encoding, y->encoding);

	if (order)
		return order;
	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static struct error *sort(struct kept_cases *k)
{
	if (k->cases.len)
		qsort(k->cases.at, k->cases.len, sizeof *k->cases.at, by_encoding);
	for (size_t i = 0; i < k->cases.len; i++)
		if (!i || strcmp(k->cases.at[i - 1].encoding, k->cases.at[i].encoding) != 0)
			if (!vec_push(&k->encodings, i))
				return &error_no_memory;
	return NULL;
}

struct error *kept_cases_read(const char *path, struct vectors *v, struct kept_cases **ret)
{
	struct kept_cases *k = calloc(1, sizeof *k);
	struct vector_reader *reader = NULL;

	if (!k)
		return &error_no_memory;
	struct error *err = vector_reader_open(path, &reader);
	if (!err)
		err = read_all(k, reader, v);
	if (!err)
		err = sort(k);
	vector_reader_close(reader);
	if (err)
		kept_cases_destroy(k);
	else
		*ret = k;
	return err;
}

void kept_cases_destroy(struct kept_cases *k)
{
	if (!k)
		return;
	vec_deinit(&k->cases);
	vec_deinit(&k->changes);
	vec_deinit(&k->bytes);
	vec_deinit(&k->encodings);
	free(k);
}

/* ---- The truth ---- */

bool kept_cases_draw(struct kept_cases *k, struct rng *rng, uint32_t *ret)
{
	if (!k->encodings.len)
		return false;
	size_t i = rng_below(rng, (uint32_t)k->encodings.len);
	k->first = k->encodings.at[i];
	k->end = i + 1 < k->encodings.len ? k->encodings.at[i + 1] : k->cases.len;
	k->start = k->first + rng_below(rng, (uint32_t)(k->end - k->first));
	*ret = k->cases.at[k->start].word;
	while (k->start > k->first && k->cases.at[k->start - 1].word == *ret)
		k->start--;
	k->given = 0;
	return true;
}

static void make_trial(const struct kept_cases *k, const struct kept *kept, struct vectors_trial *ret)
{
	struct vector_change changes[VECTOR_MAX_CHANGES];
	const struct vector_case c = {.number = kept->number,
				      .word = kept->word,
				      .seed = kept->seed,
				      .num_changes = kept->num_changes,
				      .changes = changes};

	for (unsigned i = 0; i < kept->num_changes; i++) {
		const struct kept_change *change = &k->changes.at[kept->first_change + i];
		changes[i] = change->change;
		changes[i].bytes = k->bytes.at + change->first_byte;
	}
	vectors_make_trial(&c, ret);
}

static struct error *more(void *ctx, uint32_t word, struct rng *rng, struct vectors_trial *ret, unsigned *ret_num)
{
	struct kept_cases *k = ctx;
	size_t num = k->end - k->first;

	(void)word, (void)rng;
	for (*ret_num = 0; *ret_num < VECTORS_TRUTH_BATCH && k->given < num; k->given++)
		make_trial(k, &k->cases.at[k->first + (k->start - k->first + k->given) % num], &ret[(*ret_num)++]);
	return NULL;
}

struct vectors_truth kept_cases_truth(struct kept_cases *k)
{
	return (struct vectors_truth){.ctx = k, .more = more};
}
