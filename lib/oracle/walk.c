#include "lib/oracle/walk.h"

#include <string.h>

#include "lib/base/map.h"

/*
 * How often a variant is tried to find the forms it has, and to find one of a given form; how many encodings a form
 * gets at least if there are so many cases, and how many cases one encoding gets at most; how many encodings without a
 * model are shown to the CPU; of how many cases that a form gets one that is always #UD gets one.
 */
enum { SAMPLES = 6, MAX_TRIES = 64, ENCODINGS = 25, CASES_EACH = 16, UNMODELLED_TRIES = 32, UNDEFINED = 16 };

/* That a variant has encodings of a form. */
struct pair {
	uint32_t form, variant;
};

struct walk {
	const struct isa *isa;
	struct selftest *selftest;
	struct isa_lifter *lifter;
	struct expr_pool *pool;
	struct transfer transfer;
	struct map by_name;
	VEC(struct walk_form) forms;
	VEC(struct pair) pairs; /* by form once all are found */
	struct walk_coverage coverage[ISA_MAX_TRAITS];
	struct rng rng;
};

/* ---- Forms ---- */

static uint64_t hash_form(const char *name, enum lift_status status)
{
	uint64_t hash = (uint64_t)status + 1;

	for (const char *c = name; *c; c++)
		hash = hash_u64(hash ^ (uint8_t)*c);
	return hash;
}

static bool make(struct walk *w, uint32_t variant, struct rng *rng, uint8_t ret[ISA_MAX_INSN_LEN])
{
	return w->isa->variants->make(variant, rng, SELFTEST_LOW_WINDOW, ret);
}

static struct error *decode(struct walk *w, const uint8_t bytes[ISA_MAX_INSN_LEN], struct insn *ret)
{
	expr_pool_reset(w->pool);
	transfer_reset(&w->transfer, w->pool);
	return w->isa->lift(w->lifter, SELFTEST_CODE, bytes, ISA_MAX_INSN_LEN, &w->transfer, ret);
}

static struct error *find_form(struct walk *w, const struct insn *insn, uint32_t *ret)
{
	struct walk_form form = {.status = insn->status, .family = insn->family, .undefined = true};
	uint64_t *index = map_put(&w->by_name, hash_form(insn->form, insn->status));

	if (!index)
		return &error_no_memory;
	if (*index && strcmp(w->forms.at[*index - 1].name, insn->form) != 0)
		return error_create(ERROR_BUG, "the forms '%s' and '%s' have equal hashes", insn->form,
				    w->forms.at[*index - 1].name);
	if (!*index) {
		memcpy(form.name, insn->form, sizeof form.name);
		form.example_len = insn->len;
		memcpy(form.example, insn->bytes, sizeof form.example);
		if (!vec_push(&w->forms, form))
			return &error_no_memory;
		*index = w->forms.len;
	}
	*ret = (uint32_t)(*index - 1);
	w->forms.at[*ret].undefined &= insn->rule != NULL;
	return NULL;
}

static struct error *add_pair(struct walk *w, uint32_t form, uint32_t variant)
{
	for (size_t i = w->pairs.len; i > 0 && w->pairs.at[i - 1].variant == variant; i--) {
		if (w->pairs.at[i - 1].form == form)
			return NULL;
	}
	return vec_push(&w->pairs, ((struct pair){form, variant})) ? NULL : &error_no_memory;
}

static struct error *sample_variant(struct walk *w, uint32_t variant)
{
	struct error *err = NULL;

	for (unsigned i = 0; i < SAMPLES && !err; i++) {
		uint8_t bytes[ISA_MAX_INSN_LEN];
		struct insn insn;
		uint32_t form = 0;

		if (!make(w, variant, &w->rng, bytes))
			return NULL;
		err = decode(w, bytes, &insn);
		if (!err)
			err = find_form(w, &insn, &form);
		if (!err)
			err = add_pair(w, form, variant);
	}
	return err;
}

static int by_form(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->form != y->form)
		return x->form < y->form ? -1 : 1;
	return x->variant < y->variant ? -1 : x->variant > y->variant;
}

static struct error *find_forms(struct walk *w)
{
	struct error *err = NULL;

	for (uint32_t variant = 0; variant < w->isa->variants->count() && !err; variant++)
		err = sample_variant(w, variant);
	if (err)
		return err;
	qsort(w->pairs.at, w->pairs.len, sizeof *w->pairs.at, by_form);
	for (uint32_t i = 0; i < w->pairs.len; i++) {
		struct walk_form *form = &w->forms.at[w->pairs.at[i].form];
		if (form->num_variants++ == 0)
			form->first = i;
	}
	return NULL;
}

/* ---- Creation ---- */

static struct error *allocate(struct walk *w, struct oracle *oracle, enum cpu_vendor vendor)
{
	struct error *err = selftest_create(w->isa, oracle, &w->selftest);

	if (!err && vendor)
		selftest_set_vendor(w->selftest, vendor);
	if (!err)
		err = w->isa->lifter_create(&w->lifter);
	if (!err && selftest_cpu(w->selftest))
		w->isa->lifter_set_cpu(w->lifter, selftest_cpu(w->selftest));
	if (!err)
		err = expr_pool_create(true, &w->pool);
	if (!err)
		transfer_init(&w->transfer, w->pool);
	return err;
}

bool walk_supports(const struct isa *isa)
{
	return isa->variants != NULL;
}

struct error *walk_create(const struct isa *isa, struct oracle *oracle, uint64_t seed, enum cpu_vendor vendor,
			  struct walk **ret)
{
	struct walk *w;

	if (!walk_supports(isa))
		return error_create(ERROR_UNSUPPORTED, "there are no encodings of %s to walk over", isa->name);
	w = calloc(1, sizeof *w);
	if (!w)
		return &error_no_memory;
	w->isa = isa;
	w->rng.state = hash_u64(seed);
	struct error *err = allocate(w, oracle, vendor);
	if (!err)
		err = find_forms(w);
	if (err) {
		walk_destroy(w);
		return err;
	}
	*ret = w;
	return NULL;
}

void walk_destroy(struct walk *w)
{
	if (!w)
		return;
	selftest_destroy(w->selftest);
	if (w->lifter)
		w->isa->lifter_destroy(w->lifter);
	transfer_deinit(&w->transfer);
	expr_pool_destroy(w->pool);
	map_deinit(&w->by_name);
	vec_deinit(&w->forms);
	vec_deinit(&w->pairs);
	free(w);
}

/* ---- Running ---- */

static struct error *encode_variant(struct walk *w, size_t form, uint32_t variant, struct rng *rng,
				    uint8_t ret[ISA_MAX_INSN_LEN], bool *ret_found)
{
	const struct walk_form *f = &w->forms.at[form];
	struct error *err = NULL;

	*ret_found = false;
	for (unsigned i = 0; i < MAX_TRIES && !err && !*ret_found; i++) {
		struct insn insn;

		if (!make(w, variant, rng, ret))
			return NULL;
		err = decode(w, ret, &insn);
		*ret_found = !err && insn.status == f->status && strcmp(insn.form, f->name) == 0;
	}
	return err;
}

struct error *walk_encode(struct walk *w, size_t form, struct rng *rng, uint8_t ret[ISA_MAX_INSN_LEN], bool *ret_found)
{
	const struct walk_form *f = &w->forms.at[form];
	uint32_t nth = rng_below(rng, f->num_variants);

	return encode_variant(w, form, w->pairs.at[f->first + nth].variant, rng, ret, ret_found);
}

static void count(struct walk_form *f, const struct selftest_result *r)
{
	f->passed += r->passed;
	f->failed += r->failed;
	f->skipped += r->skipped;
	f->left_open += r->left_open;
	f->repeated += r->repeated;
	f->with_memory += r->with_memory;
	f->faulted += r->faulted;
}

static void cover(struct walk *w, const uint8_t bytes[ISA_MAX_INSN_LEN], const struct selftest_result *r)
{
	unsigned traits = w->isa->variants->traits(bytes);

	for (uint32_t i = 0; i < w->isa->variants->num_traits; i++) {
		if (!(traits >> i & 1))
			continue;
		w->coverage[i].passed += r->passed;
		w->coverage[i].faulted += r->faulted;
	}
}

/* By turns an encoding of each variant, a few cases each. */
static struct error *run_modelled(struct walk *w, size_t form, unsigned cases, struct rng *rng, struct strbuf *failures)
{
	struct walk_form *f = &w->forms.at[form];
	struct error *err = NULL;
	unsigned missed = 0, each = cases / ENCODINGS < CASES_EACH ? cases / ENCODINGS + 1 : CASES_EACH;

	for (uint32_t turn = 0; cases > 0 && !err && missed < MAX_TRIES; turn++) {
		unsigned now = cases < each ? cases : each;
		uint32_t variant = w->pairs.at[f->first + turn % f->num_variants].variant;
		uint8_t bytes[ISA_MAX_INSN_LEN];
		struct selftest_result result;
		bool found;

		err = encode_variant(w, form, variant, rng, bytes, &found);
		if (err || !found) {
			missed++;
			continue;
		}
		err = selftest_insn(w->selftest, bytes, sizeof bytes, now, rng_next(rng), failures, &result);
		if (!err) {
			count(f, &result);
			cover(w, bytes, &result);
		}
		cases -= now;
	}
	return err;
}

static void keep_example(struct walk_form *f, const struct insn *insn)
{
	f->example_len = insn->len;
	memcpy(f->example, insn->bytes, sizeof f->example);
}

static struct error *run_unmodelled(struct walk *w, size_t form, struct rng *rng)
{
	struct walk_form *f = &w->forms.at[form];
	uint32_t tries = f->num_variants > UNMODELLED_TRIES ? f->num_variants : UNMODELLED_TRIES;
	struct error *err = NULL;
	uint64_t refused = 0;

	for (uint32_t turn = 0; turn < tries && !err; turn++) {
		uint32_t variant = w->pairs.at[f->first + turn % f->num_variants].variant;
		uint8_t bytes[ISA_MAX_INSN_LEN];
		struct selftest_result result;
		bool found;

		err = encode_variant(w, form, variant, rng, bytes, &found);
		if (err || !found)
			continue;
		err = selftest_insn(w->selftest, bytes, sizeof bytes, 1, rng_next(rng), NULL, &result);
		if (err)
			return err;
		f->left_open += result.left_open;
		if (!result.executes)
			continue;
		if (f->unmodelled == refused)
			keep_example(f, &result.insn);
		f->unmodelled++;
		/* With a memory operand it may be the address. */
		refused += result.refused && !result.insn.operand.len;
	}
	f->refused = f->unmodelled > 0 && refused == f->unmodelled;
	return err;
}

struct error *walk_run(struct walk *w, size_t form, unsigned cases, struct strbuf *failures)
{
	const struct walk_form *f = &w->forms.at[form];
	struct rng rng = {.state = w->rng.state ^ hash_form(f->name, f->status)};

	if (f->status == LIFT_DONE)
		return run_modelled(w, form, f->undefined ? cases / UNDEFINED + 1 : cases, &rng, failures);
	return run_unmodelled(w, form, &rng);
}

/* ---- Questions ---- */

size_t walk_num_forms(const struct walk *w)
{
	return w->forms.len;
}

const struct walk_form *walk_form(const struct walk *w, size_t form)
{
	return &w->forms.at[form];
}

const struct walk_coverage *walk_coverage(const struct walk *w, uint32_t trait)
{
	return &w->coverage[trait];
}

struct selftest *walk_selftest(const struct walk *w)
{
	return w->selftest;
}
