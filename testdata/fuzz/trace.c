/* The reader of traces. fuzz-runs: 6000 */
#include "lib/trace/trace.h"
#include "testdata/fuzz/file.h"
#include "testdata/fuzz/mutate_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* Every chunk, as threads that share them out read it. */
static struct error *read_chunks(const struct trace_reader *r)
{
	struct trace_decoder *d;
	struct trace_step step;
	size_t num;
	struct error *err = trace_decoder_create(r, &d);

	if (err)
		return err;
	trace_reader_chunks(r, &num);
	for (size_t i = 0; !err && i < num; i++) {
		bool end = false;
		err = trace_decoder_open(d, i);
		while (!err && !end)
			err = trace_decoder_next(d, &step, &end);
	}
	trace_decoder_destroy(d);
	return err;
}

static struct error *read_steps(const struct trace_reader *r)
{
	struct trace_cursor *c;
	struct trace_step step;
	bool end = false;
	struct error *err = trace_cursor_create(r, &c);

	if (err)
		return err;
	err = trace_cursor_seek(c, trace_reader_steps(r) / 2);
	while (!err && !end)
		err = trace_cursor_next(c, &step, &end);
	trace_cursor_destroy(c);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	struct trace_reader *r = NULL;
	int fd = fuzz_file(data, size, path);
	struct error *err = trace_reader_open(path, &r);

	if (!err) {
		fuzz_refused(read_chunks(r));
		err = read_steps(r);
	}
	fuzz_refused(err);
	trace_reader_destroy(r);
	close(fd);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return fuzz_mutate_trace(data, size, max_size, seed);
}
