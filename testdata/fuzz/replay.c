/*
 * The replay of logs: whatever a log says, a guest runs in unicorn until the run is over, or the log is refused. It is
 * that of the folder FUZZ_GUESTS that the log's program is called after, or else "recorded". fuzz-runs: 600
 */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/lockstep/lockstep.h"
#include "lib/report/report.h"
#include "lib/target/unicorn.h"
#include "testdata/fuzz/file.h"
#include "testdata/fuzz/mutate_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { MAX_INSTRUCTIONS = 3000, TIMEOUT_MS = 5000 };

static struct error *judge(struct target *target, struct replay *replay, const struct isa *isa)
{
	struct lockstep_options options = {.max_instructions = MAX_INSTRUCTIONS, .judge.fail_on = SEVERITY_MODEL};
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

/* A log names no other file of this machine. */
static void choose_guest(const struct evlog_header *header, char ret[PATH_MAX])
{
	const char *name = strrchr(header->program.path, '/'), *folder = getenv("FUZZ_GUESTS");
	const char *below = strcmp(header->arch, "aarch64") ? "" : "/aarch64";
	struct stat st;

	if (!folder)
		abort();
	name = name ? name + 1 : header->program.path;
	snprintf(ret, PATH_MAX, "%s%s/%s", folder, below, name);
	if (!*name || stat(ret, &st) || !S_ISREG(st.st_mode))
		snprintf(ret, PATH_MAX, "%s/recorded", folder);
}

static struct error *run_log(struct evlog_reader *log)
{
	const struct evlog_header *header = evlog_reader_header(log);
	const struct isa *isa = isa_by_name(header->arch);
	char program[PATH_MAX];
	const struct unicorn_options u = {.log = header, .program = program, .timeout_ms = TIMEOUT_MS};
	const struct replay_options options = {.output = NULL};
	struct target *target = NULL;
	struct replay *replay = NULL;

	if (!isa)
		return NULL;
	choose_guest(header, program);
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

	struct error *err = evlog_reader_open(path, &log);
	if (!err)
		err = run_log(log);
	fuzz_refused(err);
	evlog_reader_destroy(log);
	close(fd);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	return fuzz_mutate_log(data, size, max_size, seed);
}
