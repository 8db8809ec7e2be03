/* The self-test by cases with expected results, from a file. */
#include "cmd/validate/selftest.h"
#include "cmd/validate/selftest_tally.h"

static struct error *run_cases(struct vector_reader *reader, struct vectors *vectors, struct tally *tally)
{
	struct vector_case c;
	bool found = true;
	struct error *err = NULL;

	while (!err && found) {
		enum vectors_verdict verdict;
		const struct insn *insn;
		err = vector_reader_next(reader, &c, &found);
		if (err || !found)
			break;
		err = vectors_run(vectors, &c, &verdict, &insn);
		if (!err)
			err = tally_add(tally, vectors, insn, verdict);
	}
	return err;
}

struct error *selftest_vectors(const struct isa *isa, const struct selftest_options *options,
			       struct selftest_counts *counts)
{
	struct tally tally = {.counts = counts, .verbose = options->verbose};
	struct vectors *vectors = NULL;
	struct vector_reader *reader = NULL;
	struct error *err = vectors_create(isa, &vectors);

	if (!err)
		err = vector_reader_open(options->vectors, &reader);
	if (!err) {
		err = run_cases(reader, vectors, &tally);
		tally_report(&tally);
	}
	tally_deinit(&tally);
	vector_reader_close(reader);
	vectors_destroy(vectors);
	return err;
}
