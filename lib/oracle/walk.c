#include "lib/oracle/walk.h"

#include <string.h>

#include "lib/base/map.h"
#include "lib/oracle/x86_64_class.h"
#include "lib/oracle/x86_64_gen.h"

/*
 * How often a shape is tried to find the forms it has, and to find one of a given form; how many encodings a form gets
 * at least if there are so many cases, and how many cases one encoding gets at most; how many encodings without a model
 * are shown to the CPU; of how many cases that a form gets a reserved encoding gets one.
 */
enum { SAMPLES = 6, MAX_TRIES = 64, ENCODINGS = 25, CASES_EACH = 16, UNMODELLED_TRIES = 8, RESERVED = 16 };

_Static_assert((int)X86_64_GEN_LEN == (int)ISA_MAX_INSN_LEN, "encodings fill what an instruction may have");

/* That a shape has encodings of a form. */
struct pair {
	uint32_t form, shape;
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
	struct walk_coverage coverage[WALK_NUM_TRAITS];
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

/* Decodes; what cannot be decoded is called by its opcode. */
static struct error *look(struct walk *w, const uint8_t bytes[ISA_MAX_INSN_LEN], struct insn *ret,
			  enum walk_class *ret_class)
{
	char opcode[ISA_FORM_LEN];

	expr_pool_reset(w->pool);
	transfer_reset(&w->transfer, w->pool);
	struct error *err = w->isa->lift(w->lifter, SELFTEST_CODE, bytes, ISA_MAX_INSN_LEN, &w->transfer, ret);
	if (err)
		return err;
	*ret_class = x86_64_classify(bytes, ISA_MAX_INSN_LEN, opcode);
	if (ret->status == LIFT_UNDECODABLE || ret->status == LIFT_TRUNCATED) {
		ret->status = LIFT_UNDECODABLE;
		memcpy(ret->form, opcode, sizeof opcode);
	}
	return NULL;
}

static struct error *find_form(struct walk *w, const struct insn *insn, enum walk_class class, uint32_t *ret)
{
	struct walk_form form = {.status = insn->status, .reserved = insn->reserved, .class = class};
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
	return NULL;
}

static struct error *add_pair(struct walk *w, uint32_t form, uint32_t shape)
{
	for (size_t i = w->pairs.len; i > 0 && w->pairs.at[i - 1].shape == shape; i--) {
		if (w->pairs.at[i - 1].form == form)
			return NULL;
	}
	return vec_push(&w->pairs, ((struct pair){form, shape})) ? NULL : &error_no_memory;
}

static struct error *sample_shape(struct walk *w, uint32_t shape)
{
	struct error *err = NULL;

	for (unsigned i = 0; i < SAMPLES * x86_64_gen_variety(shape) && !err; i++) {
		uint8_t bytes[ISA_MAX_INSN_LEN];
		struct insn insn;
		enum walk_class class;
		uint32_t form = 0;

		if (!x86_64_gen(shape, &w->rng, bytes))
			return NULL;
		err = look(w, bytes, &insn, &class);
		if (!err)
			err = find_form(w, &insn, class, &form);
		if (!err)
			err = add_pair(w, form, shape);
	}
	return err;
}

static int by_form(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->form != y->form)
		return x->form < y->form ? -1 : 1;
	return x->shape < y->shape ? -1 : x->shape > y->shape;
}

static struct error *find_forms(struct walk *w)
{
	struct error *err = NULL;

	for (uint32_t shape = 0; shape < x86_64_gen_count() && !err; shape++)
		err = sample_shape(w, shape);
	if (err)
		return err;
	qsort(w->pairs.at, w->pairs.len, sizeof *w->pairs.at, by_form);
	for (uint32_t i = 0; i < w->pairs.len; i++) {
		struct walk_form *form = &w->forms.at[w->pairs.at[i].form];
		if (form->num_shapes++ == 0)
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
	return strcmp(isa->name, "x86_64") == 0;
}

struct error *walk_create(const struct isa *isa, struct oracle *oracle, uint64_t seed, enum cpu_vendor vendor,
			  struct walk **ret)
{
	struct walk *w;

	if (!walk_supports(isa))
		return error_create(ERROR_UNSUPPORTED, "there is no walk over the opcode maps of %s", isa->name);
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

static struct error *encode_shape(struct walk *w, size_t form, uint32_t shape, struct rng *rng,
				  uint8_t ret[ISA_MAX_INSN_LEN], bool *ret_found)
{
	const struct walk_form *f = &w->forms.at[form];
	struct error *err = NULL;

	*ret_found = false;
	for (unsigned i = 0; i < MAX_TRIES && !err && !*ret_found; i++) {
		struct insn insn;
		enum walk_class class;

		if (!x86_64_gen(shape, rng, ret))
			return NULL;
		err = look(w, ret, &insn, &class);
		*ret_found = !err && insn.status == f->status && strcmp(insn.form, f->name) == 0;
	}
	return err;
}

struct error *walk_encode(struct walk *w, size_t form, struct rng *rng, uint8_t ret[ISA_MAX_INSN_LEN], bool *ret_found)
{
	const struct walk_form *f = &w->forms.at[form];
	uint32_t nth = rng_below(rng, f->num_shapes);

	return encode_shape(w, form, w->pairs.at[f->first + nth].shape, rng, ret, ret_found);
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

static void cover(struct walk *w, const struct selftest_result *r)
{
	unsigned traits = x86_64_traits(&r->insn);

	for (unsigned i = 0; i < WALK_NUM_TRAITS; i++) {
		if (!(traits >> i & 1))
			continue;
		w->coverage[i].passed += r->passed;
		w->coverage[i].faulted += r->faulted;
	}
}

/* By turns an encoding of each shape, a few cases each. */
static struct error *run_modelled(struct walk *w, size_t form, unsigned cases, struct rng *rng, struct strbuf *failures)
{
	struct walk_form *f = &w->forms.at[form];
	struct error *err = NULL;
	unsigned missed = 0, each = cases / ENCODINGS < CASES_EACH ? cases / ENCODINGS + 1 : CASES_EACH;

	for (uint32_t turn = 0; cases > 0 && !err && missed < MAX_TRIES; turn++) {
		unsigned now = cases < each ? cases : each;
		uint32_t shape = w->pairs.at[f->first + turn % f->num_shapes].shape;
		uint8_t bytes[ISA_MAX_INSN_LEN];
		struct selftest_result result;
		bool found;

		err = encode_shape(w, form, shape, rng, bytes, &found);
		if (err || !found) {
			missed++;
			continue;
		}
		err = selftest_insn(w->selftest, bytes, sizeof bytes, now, rng_next(rng), failures, &result);
		if (!err) {
			count(f, &result);
			cover(w, &result);
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
	uint32_t tries = f->num_shapes > UNMODELLED_TRIES ? f->num_shapes : UNMODELLED_TRIES;
	struct error *err = NULL;
	uint64_t refused = 0;

	for (uint32_t turn = 0; turn < tries && !err; turn++) {
		uint32_t shape = w->pairs.at[f->first + turn % f->num_shapes].shape;
		uint8_t bytes[ISA_MAX_INSN_LEN];
		struct selftest_result result;
		bool found;

		err = encode_shape(w, form, shape, rng, bytes, &found);
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
		refused += result.refused;
	}
	/* Vector instructions are refused for addresses that are not aligned. */
	f->refused = f->unmodelled > 0 && refused == f->unmodelled && f->class == WALK_GENERAL;
	if (f->refused)
		f->class = WALK_SYSTEM;
	return err;
}

struct error *walk_run(struct walk *w, size_t form, unsigned cases, struct strbuf *failures)
{
	const struct walk_form *f = &w->forms.at[form];
	struct rng rng = {.state = w->rng.state ^ hash_form(f->name, f->status)};

	if (f->status == LIFT_DONE)
		return run_modelled(w, form, f->reserved ? cases / RESERVED + 1 : cases, &rng, failures);
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

const struct walk_coverage *walk_coverage(const struct walk *w, enum walk_trait trait)
{
	return &w->coverage[trait];
}

const char *walk_trait_name(enum walk_trait trait)
{
	static const char *const names[WALK_NUM_TRAITS] = {
		[WALK_REDUNDANT] = "redundant prefixes",
		[WALK_CONFLICTING] = "conflicting prefixes",
		[WALK_LOCK] = "LOCK",
		[WALK_TOO_LONG] = "more than 15 bytes",
		[WALK_STRING] = "string instructions",
		[WALK_STRING_67] = "these with 67",
		[WALK_COUNT_67] = "LOOP and JrCXZ with 67",
		[WALK_BIT_STRING] = "bit strings in memory",
	};

	return names[trait];
}

struct selftest *walk_selftest(const struct walk *w)
{
	return w->selftest;
}

const char *walk_class_name(enum walk_class class)
{
	static const char *const names[WALK_NUM_CLASSES] = {
		[WALK_GENERAL] = "general purpose and SSE integer",
		[WALK_X87] = "x87",
		[WALK_MMX] = "MMX",
		[WALK_FP] = "SSE floating point",
		[WALK_AVX] = "AVX",
		[WALK_AVX512] = "AVX-512",
		[WALK_SYSTEM] = "system",
	};

	return names[class];
}
