/* The import of QEMU's own log. fuzz-runs: 6000 */
#include "lib/trace/import.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct error *import(struct import *im, bool blocks)
{
	char recorder[] = "validate", emulator[] = "qemu";
	struct trace_header header = {.isa = import_isa(im), .recorder = recorder, .emulator = emulator};
	const struct import_options options = {.blocks = blocks};
	struct import_counts counts;

	header.hidden = calloc(header.isa->num_words, sizeof *header.hidden);
	if (!header.hidden)
		abort();
	struct error *err = import_run(im, &header, &options, "/dev/null", &counts);
	free(header.hidden);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	struct import *im = NULL;
	int fd = fuzz_file(data, size, path);
	struct error *err = import_open(path, &im);

	if (!err)
		err = import(im, size % 2);
	fuzz_refused(err);
	import_close(im);
	close(fd);
	return 0;
}
