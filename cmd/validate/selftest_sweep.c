/* The sweep over the opcode maps on this machine's CPU: what executes, and how long it is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/validate/command.h"
#include "cmd/validate/selftest.h"
#include "lib/base/clock.h"
#include "lib/oracle/sweep.h"
#include "lib/oracle/walk.h"

/* Opcodes of one verdict that are named; the others with --verbose. */
enum { MAX_SHOWN = 20 };

static const struct {
	const char *name, *what;
	bool fails;
} verdicts[SWEEP_NUM_VERDICTS] = {
	[SWEEP_EXECUTES] = {"executed", "", false},
	[SWEEP_REFUSED] = {"refused", "", false},
	[SWEEP_NAMED] = {"named, not modelled", "the CPU executes it, and there is no model", false},
	[SWEEP_HOST] = {"by the host", "CPUID denies it, or it is a hypervisor's doing", false},
	[SWEEP_SWITCHED] = {"switched off", "no model, and the system has to switch it on", false},
	[SWEEP_OPEN] = {"left open", "this host cannot show it", false},
	[SWEEP_MISSING] = {"missing", "the CPU executes it, the model says #UD or knows no instruction", true},
	[SWEEP_WRONG] = {"wrong", "the CPU refuses it, the model says that it executes", true},
	[SWEEP_LENGTH] = {"wrong length", "the CPU has it end elsewhere", true},
};

static bool is_chosen(void *ctx, const struct x86_64_encoding *e)
{
	return regexec(ctx, e->name, 0, NULL, 0) == 0;
}

static void show_kind(const struct sweep_kind *k)
{
	struct strbuf hex = {0};

	strbuf_append_hex(&hex, k->bytes, k->len);
	printf("  %-24s %6" PRIu64 "  %s: %s", k->opcode, k->count, k->name, strbuf_text(&hex));
	strbuf_deinit(&hex);
	if (k->family)
		printf(" %s (%s)", k->text, k->family);
	if (k->cpu_len)
		printf(", %d bytes by the CPU", k->cpu_len);
	printf("\n");
}

static void show_verdict(const struct sweep *s, enum sweep_verdict verdict, bool all)
{
	size_t kinds = 0;

	for (size_t i = 0; i < sweep_num_kinds(s); i++) {
		const struct sweep_kind *k = sweep_kind(s, i);
		if (k->verdict != verdict)
			continue;
		if (kinds++ == 0)
			printf("%s (%s):\n", verdicts[verdict].name, verdicts[verdict].what);
		if (all || kinds <= MAX_SHOWN)
			show_kind(k);
	}
	if (!all && kinds > MAX_SHOWN)
		printf("  and %zu opcodes more (--verbose)\n", kinds - MAX_SHOWN);
}

/* The families of what is not modelled, each with its number of encodings. */
static void show_families(const struct sweep *s)
{
	size_t num = sweep_num_kinds(s);

	printf("not modelled, by family:");
	for (size_t i = 0; i < num; i++) {
		const struct sweep_kind *k = sweep_kind(s, i);
		uint64_t count = 0;
		bool first = true;

		for (size_t j = 0; j < num; j++) {
			const struct sweep_kind *other = sweep_kind(s, j);
			if (other->verdict != SWEEP_NAMED || k->verdict != SWEEP_NAMED ||
			    strcmp(other->family, k->family) != 0)
				continue;
			first &= j >= i;
			count += other->count;
		}
		if (count && first)
			printf(" %s %" PRIu64, k->family, count);
	}
	printf("\n");
}

static void show(const struct sweep *s, const struct selftest_options *options, struct selftest_counts *counts)
{
	for (enum sweep_verdict v = 0; v < SWEEP_NUM_VERDICTS; v++)
		show_verdict(s, v, options->verbose);
	show_families(s);
	printf("encodings:");
	for (enum sweep_verdict v = 0; v < SWEEP_NUM_VERDICTS; v++) {
		printf("%s %" PRIu64 " %s", v ? "," : "", sweep_count(s, v), verdicts[v].name);
		if (verdicts[v].fails)
			counts->failed += sweep_count(s, v);
	}
	printf("; EVEX encodings are not among them\n");
	counts->passed += sweep_count(s, SWEEP_EXECUTES) + sweep_count(s, SWEEP_REFUSED);
	counts->unmodelled += sweep_count(s, SWEEP_NAMED);
}

struct error *selftest_sweep(const struct isa *isa, const struct selftest_options *options,
			     struct selftest_counts *counts)
{
	struct oracle *oracle = NULL;
	struct sweep *sweep = NULL;
	uint64_t start = clock_now();
	regex_t only;
	struct error *err;

	if (!walk_supports(isa))
		return error_create(ERROR_USAGE, "selftest: --sweep: there are no opcode maps of %s", isa->name);
	err = selftest_only(options, &only);
	if (err)
		return err;
	err = selftest_oracle(isa, options, &oracle);
	if (!err)
		err = sweep_create(isa, oracle, options->vendor, &sweep);
	if (!err)
		err = sweep_run(sweep, options->only ? is_chosen : NULL, &only);
	if (!err) {
		show(sweep, options, counts);
		selftest_show_gaps(oracle, NULL);
		printf("%" PRIu64 " ms\n", (clock_now() - start) / CLOCK_MS);
	}
	regfree(&only);
	sweep_destroy(sweep);
	oracle_destroy(oracle);
	return err;
}
