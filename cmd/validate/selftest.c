/* validate selftest: the models against truth that does not come from an emulator. */
#include "cmd/validate/selftest.h"

#include <inttypes.h>
#include <stdio.h>

#include "cmd/validate/command.h"
#include "lib/oracle/walk.h"

static struct error *find_isa(const char *name, const struct isa **ret)
{
	*ret = name ? isa_by_name(name) : isas[0];
	return *ret ? NULL : error_create(ERROR_USAGE, "selftest: no instruction set is called '%s'", name);
}

/* The options of the self-test on the CPU say nothing to the one by vectors. */
static struct error *check(const struct selftest_options *o)
{
	if ((o->vectors || (o->against && !o->mutate.given)) && (o->only || o->replay || o->mutate.given))
		return error_create(ERROR_USAGE,
				    "selftest: --only, --replay and --mutate are not for --vectors and --against");
	if ((o->vectors || o->against) && o->host_force)
		return error_create(ERROR_USAGE, "selftest: --host-force is not for --vectors and --against");
	if (o->vectors && o->against)
		return error_create(ERROR_USAGE, "selftest: --vectors and --against exclude each other");
	if (o->replay && o->mutate.given)
		return error_create(ERROR_USAGE, "selftest: --replay is of cases, not of --mutate");
	if (o->sweep && (o->vectors || o->against || o->replay || o->mutate.given))
		return error_create(ERROR_USAGE,
				    "selftest: --sweep excludes --vectors, --against, --replay and --mutate");
	if (o->cases == 0 || o->cases > UINT32_MAX)
		return error_create(ERROR_USAGE, "selftest: --cases: between 1 and %" PRIu32, UINT32_MAX);
	return NULL;
}

/* With one case alone, what it is about comes first. */
struct error *selftest_oracle(const struct isa *isa, const struct selftest_options *options, struct oracle **ret)
{
	struct strbuf text = {0};
	unsigned force = 0;
	struct error *err = options->host_force ? oracle_force_parse(options->host_force, &force) : NULL;

	if (err)
		return error_prefix(err, "selftest: --host-force");
	err = oracle_create_forced(isa, force, ret);
	if (err)
		return err;
	if (!options->replay || options->verbose)
		oracle_describe_host(*ret, options->verbose, &text);
	fputs(strbuf_text(&text), stdout);
	strbuf_deinit(&text);
	return NULL;
}

static void show_gap(const char *what, const char *why, uint64_t count)
{
	if (count)
		printf("left open: %s%s%s: %" PRIu64 " case%s\n", what, *what ? ": " : "", why, count, plural(count));
}

void selftest_show_gaps(const struct oracle *oracle, const struct selftest *test)
{
	struct oracle_gap gap;
	struct selftest_gap other;

	for (size_t i = 0; oracle && oracle_gap(oracle, i, &gap); i++)
		show_gap("", gap.reason, gap.count);
	for (size_t i = 0; test && selftest_gap(test, i, &other); i++)
		show_gap(other.what, other.why, other.count);
}

static struct error *run_kind(const struct isa *isa, const struct selftest_options *o, struct selftest_counts *counts)
{
	if (o->sweep)
		return isa->lifter_encoding ? selftest_words(isa, o, counts) : selftest_sweep(isa, o, counts);
	if (o->mutate.given)
		return selftest_mutants(isa, o, counts);
	if (o->against)
		return selftest_against(isa, o, counts);
	return o->vectors || !walk_supports(isa) ? selftest_vectors(isa, o, counts) : selftest_native(isa, o, counts);
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	const struct selftest_options *o = options;
	struct selftest_counts counts = {0};
	const struct isa *isa;

	if (operands->len)
		return fail(error_create(ERROR_USAGE, "selftest: what is '%s'? A file is given with --vectors",
					 operands->at[0]));
	struct error *err = check(o);
	if (!err)
		err = find_isa(o->arch, &isa);
	if (err)
		return fail(err);
	/* Long runs are watched, in files too. */
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	err = run_kind(isa, o, &counts);
	if (error_is(err, ERROR_USAGE))
		return fail(err);
	printf("selftest: %" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " not modelled\n", counts.passed,
	       counts.failed, counts.unmodelled);
	if (err)
		return fail(err);
	return counts.failed ? STATUS_DIVERGENT : STATUS_OK;
}

static struct error *option_seed(const char *arg, void *target)
{
	struct selftest_seed *seed = target;

	seed->given = true;
	return option_number(arg, &seed->value);
}

static const struct selftest_options defaults = {.cases = 200, .seed = 1, .mutants = 1};

static const struct option_row rows[] = {
	{"arch", 'a', "NAME", "the instruction set (x86_64)", offsetof(struct selftest_options, arch), option_text},
	{"vectors", 0, "FILE", "cases with expected results, for aarch64, plain or xz;\n- or nothing: standard input",
	 offsetof(struct selftest_options, vectors), option_text},
	{"against", 0, "EMULATOR",
	 "random words of each encoding, for aarch64, and what\nthat emulator makes of them: unicorn, qemu, qemu:PATH",
	 offsetof(struct selftest_options, against), option_text},
	{"cpu", 0, "NAME", "QEMU's model of a CPU, for --against qemu (max)", offsetof(struct selftest_options, cpu),
	 option_text},
	{"cases", 0, "N", "of each form of instruction, or at most of each mutant (200)",
	 offsetof(struct selftest_options, cases), option_number},
	{"seed", 0, "SEED", "of the encodings and states (1)", offsetof(struct selftest_options, seed), option_number},
	{"only", 0, "REGEX", "forms that this extended regular expression finds",
	 offsetof(struct selftest_options, only), option_text},
	{"replay", 0, "CASE", "one case again, as a failure names it", offsetof(struct selftest_options, replay),
	 option_text},
	{"sweep", 0, NULL,
	 "which encodings of the opcode maps the CPU executes, and\nhow long they are, against the models; of aarch64, what\nwords are to the decoder",
	 offsetof(struct selftest_options, sweep), option_flag},
	{"mutate", 0, "SEED", "make one model wrong, as the seed tells: some case must fail",
	 offsetof(struct selftest_options, mutate), option_seed},
	{"mutants", 0, "N", "that many wrong models, of this seed and those after it (1)",
	 offsetof(struct selftest_options, mutants), option_number},
	{"host-force", 0, "LIST",
	 "test as if this machine were of another kind: no-runner,\nlose-step-cpuid and others (see the manual), with commas",
	 offsetof(struct selftest_options, host_force), option_text},
	{"vendor", 0, "NAME", "models by the manual of this maker of CPUs, whatever this\nmachine's is: intel or amd",
	 offsetof(struct selftest_options, vendor), option_vendor},
	{"verbose", 'v', NULL, "more of the failures, and what is not modelled; twice: all",
	 offsetof(struct selftest_options, verbose), option_count},
	{.name = NULL},
};

const struct command command_selftest = {
	.name = "selftest",
	.operands = "",
	.summary = "check the models against this machine's CPU, or against expected results",
	.details =
		"Without --vectors, for x86_64: runs every instruction that the opcode maps hold from random states, by its\n"
		"model and on the CPU, and names what the CPU executes without a model.\n"
		"The last line counts cases: of those not modelled the CPU executed the instruction. The exit status is 0 if none failed.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct selftest_options),
	.run = run,
};
