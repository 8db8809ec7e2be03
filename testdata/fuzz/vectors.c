/* Files of vectors: read, and the cases run on the model. fuzz-runs: 2000 */
#include "lib/oracle/vectors.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct error *run_case(struct vectors *vectors, const struct vector_case *c)
{
	enum vectors_verdict verdict;
	const struct insn *insn;
	struct strbuf text = {0};
	struct error *err = vectors_run(vectors, c, &verdict, &insn);

	if (!err)
		err = vectors_describe(vectors, &text);
	strbuf_deinit(&text);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MAX_CASES = 20 };
	char path[FUZZ_PATH_LEN];
	struct vector_reader *r = NULL;
	struct vectors *vectors = NULL;
	struct vector_case c;
	bool found = true;
	int fd = fuzz_file(data, size, path);
	struct error *err = vector_reader_open(path, &r);

	if (!err)
		err = vectors_create(isa_by_name("aarch64"), &vectors);
	for (int i = 0; !err && found && i < MAX_CASES; i++) {
		err = vector_reader_next(r, &c, &found);
		if (!err && found)
			err = run_case(vectors, &c);
	}
	fuzz_refused(err);
	vectors_destroy(vectors);
	vector_reader_close(r);
	close(fd);
	return 0;
}
