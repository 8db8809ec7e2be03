/* The reader of event logs. fuzz-runs: 6000 */
#include "lib/evlog/evlog.h"
#include "testdata/fuzz/file.h"
#include "testdata/fuzz/mutate_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

static struct error *read_events(struct evlog_reader *r)
{
	struct evlog_event event;
	struct error *err = NULL;
	bool end = false;

	while (!err && !end) {
		err = evlog_reader_next(r, &event, &end);
		if (!err && !end)
			evlog_event_deinit(&event);
	}
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	struct evlog_reader *r = NULL;
	int fd = fuzz_file(data, size, path);
	struct error *err = evlog_reader_open(path, &r);

	if (!err)
		err = read_events(r);
	fuzz_refused(err);
	evlog_reader_destroy(r);
	close(fd);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return seed % 4 ? fuzz_mutate_log(data, size, max_size, seed) : LLVMFuzzerMutate(data, size, max_size);
}
