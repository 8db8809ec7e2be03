/* The import of QEMU's own log. fuzz-runs: 6000 */
#include "lib/trace/import.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct error *import(struct qemu_log *log, bool blocks)
{
	char recorder[] = "validate", emulator[] = "qemu";
	struct trace_header header = {.isa = qemu_log_isa(log), .recorder = recorder, .emulator = emulator};
	const struct import_options options = {.blocks = blocks};
	struct import_counts counts;

	header.hidden = calloc(header.isa->num_words, sizeof *header.hidden);
	if (!header.hidden)
		abort();
	struct error *err = import_qemu_log(log, &header, &options, "/dev/null", &counts);
	free(header.hidden);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	struct qemu_log *log = NULL;
	int fd = fuzz_file(data, size, path);
	struct error *err = qemu_log_open(path, &log);

	if (!err)
		err = import(log, size % 2);
	fuzz_refused(err);
	qemu_log_close(log);
	close(fd);
	return 0;
}
