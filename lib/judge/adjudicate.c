/* A second opinion on a finding: what the oracle makes of the instruction, with the inputs that it had. */
#include "lib/judge/adjudicate.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/strbuf.h"
#include "lib/judge/judge.h"

/* The second opinion's value of the finding's location; false if it has none. */
static bool opinion_value(const struct finding *f, const struct oracle_outcome *out, uint64_t *ret)
{
	int signal = out->end == ORACLE_SIGNAL ? out->signal : 0;

	memset(ret, 0, EXPR_MAX_WORDS * sizeof *ret);
	if (f->kind == LOCATION_FAULT) {
		ret[0] = (uint64_t)signal;
		return true;
	}
	if (out->end != (f->faulted ? ORACLE_SIGNAL : ORACLE_STEPPED))
		return false;
	if (f->kind == LOCATION_MEMORY && oracle_outcome_read(out, f->address, ret, f->width / 8u))
		return true;
	if (f->kind == LOCATION_MEMORY) {
		/* It faulted at another page before it came to this one. */
		memcpy(ret, f->expected, sizeof f->expected);
		return f->faulted;
	}
	if (f->kind == LOCATION_FLAGS) {
		ret[0] = state_get_flags(&out->after, f->reg);
		return true;
	}
	const struct reg_desc *desc = &out->after.isa->regs[f->reg];
	memcpy(ret, out->after.value + desc->word, reg_words(desc) * sizeof *ret);
	return state_known(&out->after, f->reg);
}

bool equal_under(const struct finding *f, const uint64_t *a, const uint64_t *b)
{
	for (unsigned i = 0; i < (f->width + 63u) / 64u; i++)
		if ((a[i] ^ b[i]) & ~f->mask[i])
			return false;
	return true;
}

/* Is it what is expected, or within the error of that? */
static bool is_expected(const struct finding *f, const uint64_t *value)
{
	static const uint64_t shown[EXPR_MAX_WORDS];
	uint64_t expected[EXPR_MAX_WORDS], mask[EXPR_MAX_WORDS] = {0};

	memcpy(expected, f->expected, sizeof expected);
	for (unsigned i = 0; i < f->num_bounds; i++)
		eval_bound_settle(&f->bounds[i], value, shown, expected, mask);
	return equal_under(f, value, expected);
}

static struct error *set_opinion(struct finding *f, const char *oracle, const char *what)
{
	struct strbuf text = {0};

	strbuf_printf(&text, "%s %s", oracle, what);
	free(f->opinion);
	f->opinion = strbuf_take(&text);
	return f->opinion ? NULL : &error_no_memory;
}

static struct error *leave_open(struct finding *f, const struct oracle *o, const char *reason)
{
	struct strbuf text = {0};

	strbuf_printf(&text, "leaves it open: %s", reason);
	struct error *err = set_opinion(f, oracle_name(o), strbuf_text(&text));
	strbuf_deinit(&text);
	return err;
}

/* A fault that CPUs have that lack the instruction. */
static bool is_refusal(const struct finding *f)
{
	return f->kind == LOCATION_FAULT && f->observed[0] == SIGILL && f->insn.extension;
}

static struct error *weigh(struct finding *f, const struct oracle *o, const struct oracle_outcome *out)
{
	uint64_t value[EXPR_MAX_WORDS];

	if (out->end == ORACLE_OPEN)
		return leave_open(f, o, out->reason);
	if (!opinion_value(f, out, value))
		return set_opinion(f, oracle_name(o), "gives no value here");
	bool refused = is_refusal(f);
	if (is_expected(f, value) && refused) {
		f->severity = SEVERITY_POSSIBLE;
		return set_opinion(
			f, oracle_name(o),
			"agrees with the model, but the target's CPU model (--cpu) may lack the instruction");
	}
	if (is_expected(f, value)) {
		f->severity = SEVERITY_CONFIRMED;
		return set_opinion(f, oracle_name(o), f->faulted ? "changes nothing" : "agrees with the model");
	}
	f->severity = SEVERITY_POSSIBLE;
	return set_opinion(f, oracle_name(o),
			   equal_under(f, value, f->observed) ? "agrees with the target" : "agrees with neither");
}

struct error *adjudicate(struct judge *j, struct finding *f, const struct state *before,
			 const struct oracle_pages *pages)
{
	struct oracle *o = j->options->oracle;
	struct oracle_outcome out;
	bool alike;
	char *unlike;

	if (f->weighed)
		return NULL;
	f->severity = SEVERITY_MODEL;
	if (!o)
		return NULL;
	struct error *err = oracle_is_alike(j, &f->insn, &alike, &unlike);
	if (err)
		return err;
	if (!alike) {
		err = f->opinion ? NULL : set_opinion(f, oracle_name(o), unlike);
		free(unlike);
		return err;
	}
	err = oracle_outcome_init(&out, j->source->isa);
	if (err)
		return err;
	err = oracle_adjudicate(o, &f->insn, before, pages, &out);
	if (!err) {
		err = weigh(f, o, &out);
	} else if (!error_is(err, ERROR_NO_MEMORY)) {
		struct error *why = err;
		err = set_opinion(f, oracle_name(o), why->message);
		error_destroy(why);
	}
	oracle_outcome_deinit(&out);
	return err;
}
