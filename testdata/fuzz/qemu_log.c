/* QEMU's own log, made a trace of or judged as it is. fuzz-runs: 6000 */
#include "lib/lockstep/judge_log.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct error *judge(struct import *im, const struct import_options *import, const struct trace_header *header)
{
	const struct lockstep_options options = {.judge.fail_on = SEVERITY_MODEL};
	const struct judge_trace_options judging = {.run = &options, .jobs = 1};
	struct run run = {.instructions = 0};
	trace_calls calls = {0};
	struct error *err = judge_log(im, import, header, &judging, &run, &calls);

	fuzz_refused(run.error);
	run.error = NULL;
	run_deinit(&run);
	vec_deinit(&calls);
	return err;
}

static struct error *import(struct import *im, bool blocks, bool judged)
{
	char recorder[] = "validate", emulator[] = "qemu";
	struct trace_header header = {.recorder = recorder, .emulator = emulator};
	const struct import_options options = {.blocks = blocks};
	struct error *err = import_describe(im, &header);

	if (!err)
		err = judged ? judge(im, &options, &header) : import_to_trace(im, &header, &options, "/dev/null");
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
		err = import(im, size % 2, size % 4 / 2);
	fuzz_refused(err);
	import_close(im);
	close(fd);
	return 0;
}
