/* validate selftest: the models against truth that does not come from an emulator. */
#include "cmd/validate/selftest.h"

#include <inttypes.h>

#include "cmd/validate/command.h"

static struct error *find_isa(const char *name, const struct isa **ret)
{
	*ret = name ? isa_by_name(name) : isas[0];
	return *ret ? NULL : error_create(ERROR_USAGE, "selftest: no instruction set is called '%s'", name);
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	const struct selftest_options *o = options;
	struct selftest_counts counts = {0};
	const struct isa *isa;

	if (operands->len)
		return fail(error_create(ERROR_USAGE, "selftest: what is '%s'? A file is given with --vectors",
					 operands->at[0]));
	struct error *err = find_isa(o->arch, &isa);
	if (err)
		return fail(err);
	err = selftest_vectors(isa, o, &counts);
	printf("selftest: %" PRIu64 " passed, %" PRIu64 " failed, %" PRIu64 " not modelled\n", counts.passed,
	       counts.failed, counts.unmodelled);
	if (err)
		return fail(err);
	return counts.failed ? STATUS_DIVERGENT : STATUS_OK;
}

static const struct option_row rows[] = {
	{"arch", 'a', "NAME", "the instruction set (x86_64)", offsetof(struct selftest_options, arch), option_text},
	{"vectors", 0, "FILE", "cases with expected results, for aarch64, plain or xz;\n- or nothing: standard input",
	 offsetof(struct selftest_options, vectors), option_text},
	{"verbose", 'v', NULL, "more of the failures, and what is not modelled; twice: all",
	 offsetof(struct selftest_options, verbose), option_count},
	{.name = NULL},
};

const struct command command_selftest = {
	.name = "selftest",
	.operands = "",
	.summary = "check the model against expected results",
	.details = "The last line counts the cases. The exit status is 0 if none failed.",
	.options = rows,
	.options_size = sizeof(struct selftest_options),
	.run = run,
};
