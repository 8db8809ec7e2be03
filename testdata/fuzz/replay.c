/*
 * The replay of logs: whatever a log says, the guest that FUZZ_GUEST names (testdata/guests/recorded.c) runs in unicorn
 * until the run is over, or the log is refused. fuzz-runs: 400
 */
#include <string.h>

#include "lib/lockstep/lockstep.h"
#include "lib/report/report.h"
#include "lib/target/unicorn.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size); /* libFuzzer's */

enum { MAX_INSTRUCTIONS = 3000, TIMEOUT_MS = 5000 };

static struct error *judge(struct target *target, struct replay *replay, const struct isa *isa)
{
	struct lockstep_options options = {.max_instructions = MAX_INSTRUCTIONS, .fail_on = SEVERITY_MODEL};
	struct run run = {0};
	struct state regs;
	struct error *err = state_init(&regs, isa);

	if (err)
		return err;
	err = target_read_regs(target, &regs);
	if (!err)
		err = replay_start(replay, &regs);
	state_deinit(&regs);
	if (err)
		return err;
	err = lockstep_run(target, replay, &options, &run);
	if (!err) {
		fuzz_refused(run.error);
		run.error = NULL;
		run_deinit(&run);
	}
	return err;
}

static struct error *run_log(struct evlog_reader *log)
{
	const struct evlog_header *header = evlog_reader_header(log);
	const struct isa *isa = isa_by_name("x86_64");
	const struct unicorn_options u = {.log = header, .program = getenv("FUZZ_GUEST"), .timeout_ms = TIMEOUT_MS};
	const struct replay_options options = {.output = NULL};
	struct target *target = NULL;
	struct replay *replay = NULL;

	struct error *err = target_unicorn_create(isa, &u, &target);
	if (!err)
		err = replay_create(log, target, &options, &replay);
	if (!err)
		err = judge(target, replay, isa);
	replay_destroy(replay);
	target_destroy(target);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	struct evlog_reader *log = NULL;
	int fd = fuzz_file(data, size, path);

	if (!getenv("FUZZ_GUEST"))
		abort();
	struct error *err = evlog_reader_open(path, &log);
	if (!err)
		err = run_log(log);
	fuzz_refused(err);
	evlog_reader_destroy(log);
	close(fd);
	return 0;
}

/* ---- Mutation that leaves most logs readable ---- */

static const char *const values[] = {
	"0x0",
	"0x1",
	"0x7",
	"0xfff",
	"0x1000",
	"0x7fffffff",
	"0x80000000",
	"0xffffffff",
	"0x7fffffffffff",
	"0x800000000000",
	"0x7ffffffffffff000",
	"0x8000000000000000",
	"0xfffffffffffff000",
	"0xffffffffffffffff",
	"0x401000",
};

/* The text between this quote and the next is replaced. */
static size_t replace(uint8_t *data, size_t size, size_t max_size, size_t at, const char *with)
{
	size_t end = at, len = strlen(with);

	while (end < size && data[end] != '"')
		end++;
	if (size - (end - at) + len > max_size)
		return 0;
	memmove(data + at + len, data + end, size - end);
	memcpy(data + at, with, len);
	return size - (end - at) + len;
}

/* One of the log's numbers, counted on from a random place, gets a value that somebody may not have thought of. */
static size_t mutate_number(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	const char *with = values[(seed >> 8) % (sizeof values / sizeof values[0])];

	for (size_t i = 0, at = seed % size; i < size; i++, at = at + 1 < size ? at + 1 : 0)
		if (at + 3 < size && !memcmp(data + at, "\"0x", 3))
			return replace(data, size, max_size, at + 1, with);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	unsigned scattered = (unsigned)(seed * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	size_t changed = size && seed % 8 ? mutate_number(data, size, max_size, scattered) : 0;

	return changed ? changed : LLVMFuzzerMutate(data, size, max_size);
}
