/* The self-test on this machine's CPU: the walk over the opcode table, and single cases of it. */
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/validate/progress.h"
#include "cmd/validate/selftest.h"
#include "lib/base/clock.h"
#include "lib/base/codec.h"
#include "lib/oracle/walk.h"

enum { MAX_FAILING = 5, PROGRESS_MS = 200 };

/* What one run needs; sums over forms. */
struct session {
	const struct selftest_options *options;
	struct selftest_counts *counts;
	struct walk *walk;
	regex_t only;
	bool progress;
	uint64_t start, shown_at;
	uint64_t forms, undefined, failing, with_memory, faulted, skipped, left_open, repeated;
	struct strbuf failures;
};

struct error *selftest_only(const struct selftest_options *options, regex_t *ret)
{
	char text[128];
	int status = regcomp(ret, options->only ? options->only : "", REG_EXTENDED | REG_NOSUB);

	if (!status)
		return NULL;
	regerror(status, ret, text, sizeof text);
	return error_create(ERROR_USAGE, "selftest: --only: %s", text);
}

static bool is_chosen(const struct session *s, const struct walk_form *form)
{
	return regexec(&s->only, form->name, 0, NULL, 0) == 0;
}

/* ---- The walk ---- */

static void show_progress(struct session *s, size_t at, const char *form)
{
	if (!s->progress || clock_now() - s->shown_at < PROGRESS_MS * CLOCK_MS)
		return;
	s->shown_at = clock_now();
	struct strbuf text = {0};

	strbuf_printf(&text, "%zu/%zu forms, %" PRIu64 " cases passed, %" PRIu64 " failed: %s", at,
		      walk_num_forms(s->walk), s->counts->passed, s->counts->failed, form);
	progress_show(&text);
}

static void clear_progress(const struct session *s)
{
	if (s->progress)
		progress_clear();
}

static void add_form(struct session *s, const struct walk_form *f)
{
	s->counts->passed += f->passed;
	s->counts->failed += f->failed;
	s->counts->unmodelled += f->unmodelled;
	s->forms += f->status == LIFT_DONE;
	s->undefined += f->status == LIFT_DONE && f->undefined;
	s->failing += f->failed > 0;
	s->with_memory += f->with_memory;
	s->faulted += f->faulted;
	s->skipped += f->skipped;
	s->left_open += f->left_open;
	s->repeated += f->repeated;
}

static void show_form(struct session *s, const struct walk_form *f)
{
	bool shown = f->failed && (s->failing <= MAX_FAILING || s->options->verbose);

	if (shown || (s->options->verbose && f->status == LIFT_DONE)) {
		clear_progress(s);
		printf("%-40s %8" PRIu64 " passed %6" PRIu64 " failed %6" PRIu64 " skipped %6" PRIu64 " left open\n",
		       f->name, f->passed, f->failed, f->skipped, f->left_open);
	}
	if (shown)
		printf("%s", strbuf_text(&s->failures));
}

static struct error *run_form(struct session *s, size_t index)
{
	const struct walk_form *f = walk_form(s->walk, index);

	if (!is_chosen(s, f))
		return NULL;
	show_progress(s, index, f->name);
	strbuf_clear(&s->failures);
	struct error *err = walk_run(s->walk, index, (unsigned)s->options->cases, &s->failures);
	if (err)
		return err;
	add_form(s, f);
	show_form(s, f);
	return NULL;
}

static void show_unmodelled_form(const struct walk_form *f)
{
	struct strbuf hex = {0};

	strbuf_append_hex(&hex, f->example, f->example_len);
	printf("  %-40s %s\n", f->name, strbuf_text(&hex));
	strbuf_deinit(&hex);
}

/* Forms without a model that the CPU executes, of one family, or that it refuses to programs, of all. */
struct kind {
	const char *family;
	bool refused;
};

static bool is_of(const struct walk_form *f, const struct kind *kind)
{
	return f->unmodelled && f->refused == kind->refused && (f->refused || strcmp(f->family, kind->family) == 0);
}

/* From form `first` on. */
static uint64_t show_kind(const struct session *s, const struct kind *kind, size_t first)
{
	uint64_t count = 0;

	printf(kind->refused ? "refused by the CPU to programs, not modelled\n"
			     : "executed by the CPU, not modelled: %s\n",
	       kind->family);
	for (size_t i = first; i < walk_num_forms(s->walk); i++) {
		const struct walk_form *f = walk_form(s->walk, i);
		if (!is_of(f, kind))
			continue;
		count++;
		show_unmodelled_form(f);
	}
	return count;
}

/* By family, in the order of the walk; at the end the numbers. */
static void show_all_unmodelled(const struct session *s)
{
	struct strbuf sums = {0};

	for (size_t i = 0; i < walk_num_forms(s->walk); i++) {
		const struct walk_form *f = walk_form(s->walk, i);
		const struct kind kind = {f->family, f->refused};
		size_t before = 0;
		while (before < i && !is_of(walk_form(s->walk, before), &kind))
			before++;
		if (!f->unmodelled || before < i)
			continue;
		uint64_t count = show_kind(s, &kind, i);
		strbuf_printf(&sums, "%s %s: %" PRIu64, sums.len ? "," : "", f->refused ? "refused" : f->family, count);
	}
	printf("forms executed by the CPU but not modelled:%s; EVEX encodings are not among them\n",
	       sums.len ? strbuf_text(&sums) : " none");
	strbuf_deinit(&sums);
}

/* Which encodings and states are among the cases that passed. */
static void show_coverage(const struct session *s, const struct isa_variants *variants)
{
	printf("of the cases passed (and ended in a fault):");
	for (uint32_t trait = 0; trait < variants->num_traits; trait++) {
		const struct walk_coverage *c = walk_coverage(s->walk, trait);
		printf("%s %s %" PRIu64 " (%" PRIu64 ")", trait ? "," : "", variants->trait_names[trait], c->passed,
		       c->faulted);
	}
	printf("\n");
}

/* What the makers' manuals differ in. */
static void show_rows(const struct isa *isa, const struct selftest *test)
{
	const struct isa_cpu *cpu = selftest_cpu(test);

	if (!cpu)
		return;
	printf("cases on which makers' manuals differ, by %s's (and that did as the other maker's says):",
	       cpu_vendor_name(cpu->vendor));
	for (uint32_t i = 0; i < isa->num_vendor_rows; i++) {
		const struct selftest_row row = selftest_row(test, i);
		printf("%s %s %" PRIu64 " (%" PRIu64 ")", i ? "," : "", isa->vendor_rows[i].name, row.cases,
		       row.failed);
	}
	printf("; of the cases failed %" PRIu64 " are none of these\n", selftest_unexplained(test));
}

static void show_sums(const struct session *s)
{
	uint64_t ms = (clock_now() - s->start) / CLOCK_MS;

	printf("%" PRIu64 " forms modelled (%" PRIu64 " always #UD), %" PRIu64
	       " of them with failures; of the cases passed %" PRIu64 " accessed memory, %" PRIu64
	       " ended in a fault, %" PRIu64 " only when repeated; %" PRIu64 " skipped, %" PRIu64 " left open; %" PRIu64
	       ".%03" PRIu64 " s\n",
	       s->forms, s->undefined, s->failing, s->with_memory, s->faulted, s->repeated, s->skipped, s->left_open,
	       ms / 1000, ms % 1000);
}

static struct error *run_walk(struct session *s, const struct isa *isa, struct oracle *oracle)
{
	struct error *err = walk_create(isa, oracle, s->options->seed, s->options->vendor, &s->walk);

	for (size_t i = 0; !err && i < walk_num_forms(s->walk); i++)
		err = run_form(s, i);
	clear_progress(s);
	if (err)
		return err;
	show_all_unmodelled(s);
	show_coverage(s, isa->variants);
	show_rows(isa, walk_selftest(s->walk));
	selftest_show_gaps(oracle, walk_selftest(s->walk));
	show_sums(s);
	return NULL;
}

/* ---- One case again ---- */

/* HEX:SEED:INDEX */
static struct error *parse_case(const char *text, uint8_t *bytes, size_t *ret_len, uint64_t *ret_seed,
				unsigned *ret_index)
{
	size_t len = strcspn(text, ":");
	int end = 0;

	if (len == 0 || len > (size_t)2 * ISA_MAX_INSN_LEN || !codec_decode_hex(text, len, bytes) ||
	    sscanf(text + len, ":%" SCNx64 ":%u%n", ret_seed, ret_index, &end) != 2 || text[len + (size_t)end])
		return error_create(ERROR_USAGE, "selftest: --replay: '%s' is no case (BYTES:SEED:INDEX)", text);
	*ret_len = len / 2;
	return NULL;
}

static struct error *run_again(struct session *s, const struct isa *isa, struct oracle *oracle)
{
	uint8_t bytes[ISA_MAX_INSN_LEN];
	size_t len;
	uint64_t seed;
	unsigned index;
	struct selftest *test;
	struct selftest_result result;
	struct error *err = parse_case(s->options->replay, bytes, &len, &seed, &index);

	if (!err)
		err = selftest_create(isa, oracle, &test);
	if (err)
		return err;
	if (s->options->vendor)
		selftest_set_vendor(test, s->options->vendor);
	err = selftest_replay(test, bytes, len, seed, index, &s->failures, &result);
	if (!err) {
		printf("%s%s: %s\n", strbuf_text(&s->failures), result.insn.text,
		       result.failed      ? "failed"
		       : result.passed    ? "passed"
		       : result.left_open ? "left open"
					  : "nothing was tried");
		s->counts->passed += result.passed;
		s->counts->failed += result.failed;
		s->counts->unmodelled += result.insn.status != LIFT_DONE && result.executes;
		selftest_show_gaps(oracle, test);
	}
	selftest_destroy(test);
	return err;
}

struct error *selftest_native(const struct isa *isa, const struct selftest_options *options,
			      struct selftest_counts *counts)
{
	struct session s = {.options = options,
			    .counts = counts,
			    .start = clock_now(),
			    .progress = isatty(STDERR_FILENO)};
	struct oracle *oracle = NULL;
	struct error *err = selftest_only(options, &s.only);

	if (err)
		return err;
	err = selftest_oracle(isa, options, &oracle);
	if (!err)
		err = options->replay ? run_again(&s, isa, oracle) : run_walk(&s, isa, oracle);
	regfree(&s.only);
	walk_destroy(s.walk);
	oracle_destroy(oracle);
	strbuf_deinit(&s.failures);
	return err;
}
