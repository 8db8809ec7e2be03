#include "lib/batch/slurm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"

enum {
	COMMAND_MS = 60000, /* for an answer of Slurm's programs */
	POLL_MS = 500,      /* between looks for the results */
	ASK_MS = 3000,      /* between questions to Slurm */
	LAG_MS = 10000,     /* in which a shared file system shows what another machine wrote */
	ANSWER_MAX = 16 << 20,
	NOT_FOUND = 127, /* a shell's exit status */
};

/* ---- Words for a shell ---- */

static void append_word(struct strbuf *out, const char *word)
{
	strbuf_append_char(out, '\'');
	for (const char *c = word; *c; c++) {
		if (*c == '\'')
			strbuf_append(out, "'\\''");
		else
			strbuf_append_char(out, *c);
	}
	strbuf_append_char(out, '\'');
}

/* Behind a blank. */
static void append_quoted(struct strbuf *out, const char *word)
{
	strbuf_append_char(out, ' ');
	append_word(out, word);
}

static void append_option(struct strbuf *out, const char *option, const char *value)
{
	if (!value)
		return;
	strbuf_printf(out, " %s", option);
	append_quoted(out, value);
}

/* ---- Slurm's programs ---- */

/* A path within the folder of the results; NULL when out of memory. */
static char *path_in(const struct batch_options *batch, const char *name)
{
	struct strbuf path = {0};

	strbuf_printf(&path, "%s/slurm/%s", batch->folder, name);
	return strbuf_take(&path);
}

/* Runs a command line of the shell; its standard output goes to answer. */
static struct error *run_command(const struct batch_options *batch, const char *line, struct pool_result *ret,
				 struct strbuf *answer)
{
	static const struct pool_limits limits = {.timeout_ms = COMMAND_MS};
	char *file = path_in(batch, "answer");
	struct strbuf script = {0};
	struct pool *pool = NULL;
	bool have = false;
	uint64_t id;

	strbuf_append(&script, "exec >");
	append_quoted(&script, file ? file : "");
	strbuf_printf(&script, "; exec %s", line);
	const char *const argv[] = {"/bin/sh", "-c", strbuf_text(&script), NULL};
	struct error *err = file && !strbuf_failed(&script) ? pool_create(1, &limits, &pool) : &error_no_memory;
	if (!err)
		err = pool_start(pool, argv, 0);
	while (!err && !have)
		err = pool_wait(pool, COMMAND_MS, &have, &id, ret);
	pool_destroy(pool);
	if (!err)
		err = file_read(file, ANSWER_MAX, answer);
	if (file)
		unlink(file);
	strbuf_deinit(&script);
	free(file);
	return err;
}

/* The number that `sbatch --parsable` prints, without the cluster behind it. */
static struct error *read_id(const char *answer, char ret[SLURM_ID_LEN])
{
	size_t len = strspn(answer, "0123456789");

	if (!len || len >= SLURM_ID_LEN || !strchr(";\n", answer[len]))
		return error_create(ERROR_PROTOCOL, "sbatch: expected the number of a job, not '%.40s'", answer);
	memcpy(ret, answer, len);
	ret[len] = '\0';
	return NULL;
}

static struct error *submit(const struct batch_options *batch, const char *line, char ret[SLURM_ID_LEN])
{
	struct pool_result result;
	struct strbuf answer = {0};
	struct error *err = run_command(batch, line, &result, &answer);

	if (!err && result.end == POOL_EXITED && result.status == NOT_FOUND)
		err = error_create(ERROR_UNSUPPORTED,
				   "--engine slurm: there is no sbatch on PATH: is Slurm installed?");
	else if (!err && (result.end != POOL_EXITED || result.status))
		err = error_create(ERROR_TARGET, "sbatch: %s",
				   *result.words ? result.words : "failed without saying why");
	if (!err)
		err = read_id(strbuf_text(&answer), ret);
	strbuf_deinit(&answer);
	return err;
}

/* ---- Scripts ---- */

static void append_settings(struct strbuf *out, const struct batch_settings *s)
{
	for (size_t i = 0; i < s->num_emulators; i++)
		append_option(out, "--emulator", s->emulators[i]);
	for (size_t i = 0; i < s->num_emulator_args; i++)
		append_option(out, "--emulator-arg", s->emulator_args[i]);
	append_option(out, "--cpu", s->cpu);
	append_option(out, "--sysroot", s->sysroot);
	append_option(out, "--baseline", s->baseline);
	append_option(out, "--fail-on", severity_name(s->fail_on));
	strbuf_append(out, s->qemu ? " --qemu" : "");
	strbuf_append(out, s->strict ? " --strict" : "");
}

static void append_limits(struct strbuf *out, const struct batch_options *batch)
{
	if (batch->limits.timeout_ms)
		strbuf_printf(out, " --timeout %.3f", (double)batch->limits.timeout_ms / 1e3);
	if (batch->limits.memory)
		strbuf_printf(out, " --memory %llu", (unsigned long long)batch->limits.memory >> 20);
	/* A task that Slurm starts again goes on with what it had. */
	strbuf_append(out, batch->reuse == BATCH_RETRY ? " --retry" : " --resume");
}

/* "FOLDER/slurm/shards/": what a task's number is put behind. */
static void print_shard(struct strbuf *out, const struct batch_settings *settings, const struct batch_options *batch,
			const struct slurm_options *options, const char *manifest, const char *shards)
{
	strbuf_append(out, "#!/bin/sh\n# A task of a job array of Slurm: one shard of a batch.\nexec");
	append_quoted(out, batch->validate);
	strbuf_append(out, " batch");
	append_option(out, "--manifest", manifest);
	strbuf_printf(out, " --shard \"$SLURM_ARRAY_TASK_ID/%llu\" -o", (unsigned long long)options->shards);
	append_quoted(out, shards);
	strbuf_append(out, "/\"$SLURM_ARRAY_TASK_ID\"");
	if (batch->workers)
		strbuf_printf(out, " -j %u", batch->workers);
	else
		strbuf_append(out, " -j \"${SLURM_CPUS_PER_TASK:-1}\"");
	append_limits(out, batch);
	append_settings(out, settings);
	strbuf_append_char(out, '\n');
}

/* A task that never came to its first row has no results; its rows are missing then. */
static void print_merge(struct strbuf *out, const struct batch_options *batch, const struct slurm_options *options,
			const char *shards)
{
	strbuf_append(out,
		      "#!/bin/sh\n# Behind the job array: puts the results of its tasks together.\nset --\nshard=1\n");
	strbuf_printf(out, "while [ $shard -le %llu ]; do\n\tfolder=", (unsigned long long)options->shards);
	append_word(out, shards);
	strbuf_append(out, "/$shard\n\t"
			   "if [ -e \"$folder/batch.json\" ] || [ -e \"$folder/batch.json.part\" ]; then\n"
			   "\t\tset -- \"$@\" \"$folder\"\n\tfi\n\tshard=$((shard + 1))\ndone\nexec");
	append_quoted(out, batch->validate);
	strbuf_append(out, " batch merge --resume");
	append_option(out, "-o", batch->folder);
	append_option(out, "--report", options->report);
	strbuf_append(out, " -- \"$@\"\n");
}

static struct error *write_script(const struct batch_options *batch, const char *name, const struct strbuf *text)
{
	char *path = path_in(batch, name);
	struct error *err = path && !strbuf_failed(text) ? file_write(path, text->at, text->len) : &error_no_memory;

	free(path);
	return err;
}

/* ---- Submitting ---- */

static struct error *make_folders(const struct batch_options *batch)
{
	char *folders[] = {strdup(batch->folder), file_join(batch->folder, "slurm"), path_in(batch, "shards")};
	char *state = file_join(batch->folder, BATCH_STATE_NAME);
	struct error *err = state && folders[0] && folders[1] && folders[2] ? NULL : &error_no_memory;

	if (!err && batch->reuse == BATCH_FRESH && (!access(folders[1], F_OK) || !access(state, F_OK)))
		err = error_create(ERROR_USAGE,
				   "%s has the results of a batch: give --resume to go on with it, or another folder",
				   batch->folder);
	for (size_t i = 0; i < 3 && !err; i++)
		if (mkdir(folders[i], 0777) && errno != EEXIST)
			err = error_os(errno, "make the folder", folders[i]);
	/* It is there again when all is done. */
	if (!err && unlink(state) && errno != ENOENT)
		err = error_os(errno, "remove", state);
	for (size_t i = 0; i < 3; i++)
		free(folders[i]);
	free(state);
	return err;
}

static struct error *write_files(struct batch_jobs *jobs, const struct batch_settings *settings,
				 const struct batch_options *batch, const struct slurm_options *options)
{
	char *manifest = path_in(batch, "manifest.json"), *shards = path_in(batch, "shards");
	struct strbuf text = {0};
	struct error *err = manifest && shards ? batch_jobs_make_absolute(jobs) : &error_no_memory;

	if (!err)
		err = batch_jobs_write(jobs, manifest);
	if (!err) {
		print_shard(&text, settings, batch, options, manifest, shards);
		err = write_script(batch, "shard.sh", &text);
	}
	strbuf_clear(&text);
	if (!err) {
		print_merge(&text, batch, options, shards);
		err = write_script(batch, "merge.sh", &text);
	}
	strbuf_deinit(&text);
	free(manifest);
	free(shards);
	return err;
}

/* The start of a command line of sbatch, up to what the two jobs do not share. */
static void start_sbatch(struct strbuf *line, const char *name, const struct slurm_options *options)
{
	strbuf_clear(line);
	strbuf_printf(line, "sbatch --parsable --job-name=%s", name);
	for (size_t i = 0; i < options->num_sbatch_args; i++)
		append_quoted(line, options->sbatch_args[i]);
}

static void end_sbatch(struct strbuf *line, const struct batch_options *batch, const char *output, const char *script)
{
	char *output_path = path_in(batch, output), *script_path = path_in(batch, script);

	line->failed |= !output_path || !script_path;
	append_option(line, "--output", output_path);
	append_quoted(line, script_path ? script_path : "");
	free(output_path);
	free(script_path);
}

static struct error *cancel(const struct batch_options *batch, const char *array, const char *merge)
{
	struct pool_result result;
	struct strbuf line = {0}, answer = {0};

	strbuf_printf(&line, "scancel %s %s", merge, array);
	struct error *err = run_command(batch, strbuf_text(&line), &result, &answer);
	if (!err && (result.end != POOL_EXITED || result.status))
		err = error_create(ERROR_TARGET, "scancel: %s", result.words);
	strbuf_deinit(&line);
	strbuf_deinit(&answer);
	return err;
}

struct error *slurm_submit(struct batch_jobs *jobs, const struct batch_settings *settings,
			   const struct batch_options *batch, const struct slurm_options *options,
			   struct slurm_jobs *ret)
{
	struct strbuf line = {0};
	struct error *err = make_folders(batch);

	if (!err)
		err = write_files(jobs, settings, batch, options);
	if (!err) {
		start_sbatch(&line, "validate-shard", options);
		strbuf_printf(&line, " --array=1-%llu", (unsigned long long)options->shards);
		if (batch->workers)
			strbuf_printf(&line, " --cpus-per-task=%u", batch->workers);
		end_sbatch(&line, batch, "shard-%a.out", "shard.sh");
		err = submit(batch, strbuf_text(&line), ret->array);
	}
	if (!err) {
		start_sbatch(&line, "validate-merge", options);
		strbuf_printf(&line, " --dependency=afterany:%s", ret->array);
		end_sbatch(&line, batch, "merge.out", "merge.sh");
		err = submit(batch, strbuf_text(&line), ret->merge);
		if (err)
			error_destroy(cancel(batch, ret->array, ""));
	}
	strbuf_deinit(&line);
	return err;
}

/* ---- Waiting ---- */

struct wait {
	const struct slurm_jobs *jobs;
	const struct batch_options *batch;
	const struct slurm_options *options;
	char *state;         /* the file that is waited for */
	deadline_t ask, lag; /* lag: since the merge job is gone; DEADLINE_NEVER: it is not */
};

static uint64_t count_word(const char *text, const char *word)
{
	uint64_t n = 0;

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		n++;
	return n;
}

/* Asks for the states of all tasks and of the merge job: lines "NUMBER STATE", NUMBER being that of a task's array. */
static struct error *ask(struct wait *w)
{
	struct pool_result result;
	struct strbuf line = {0}, answer = {0}, merge = {0};

	strbuf_printf(&line, "squeue -h -r -o '%%F %%T' -j %s,%s", w->jobs->array, w->jobs->merge);
	struct error *err = run_command(w->batch, strbuf_text(&line), &result, &answer);
	strbuf_printf(&merge, "%s ", w->jobs->merge);
	if (!err) {
		/* Jobs that ended a while ago are forgotten, and asking for none but such ones is an error. */
		const char *text = result.end == POOL_EXITED && !result.status ? strbuf_text(&answer) : "";
		bool known = strstr(text, strbuf_text(&merge)) ||
			     (result.status && !strstr(result.words, "Invalid job"));
		if (known)
			w->lag = DEADLINE_NEVER;
		else if (w->lag == DEADLINE_NEVER)
			w->lag = deadline_after(LAG_MS * CLOCK_MS);
		w->options->progress(w->options->progress_ctx, count_word(text, " PENDING"),
				     count_word(text, " RUNNING"));
	}
	strbuf_deinit(&line);
	strbuf_deinit(&answer);
	strbuf_deinit(&merge);
	return err;
}

/* What ends the wait without results. */
static struct error *check(const struct wait *w)
{
	const struct slurm_jobs *jobs = w->jobs;

	if (*w->batch->interrupted) {
		struct error *err = cancel(w->batch, jobs->array, jobs->merge);
		return err ? error_prefix(err, "jobs %s and %s may go on", jobs->array, jobs->merge)
			   : error_create(ERROR_INTERRUPTED, "interrupted: jobs %s and %s of Slurm are cancelled",
					  jobs->array, jobs->merge);
	}
	if (deadline_passed(w->lag))
		return error_create(ERROR_TARGET, "job %s ended without results: see %s/slurm/merge.out", jobs->merge,
				    w->batch->folder);
	if (deadline_passed(w->options->deadline))
		return error_create(ERROR_TIMEOUT,
				    "not done yet; jobs %s and %s go on, and %s will have the results in the end",
				    jobs->array, jobs->merge, w->batch->folder);
	return NULL;
}

struct error *slurm_wait(const struct slurm_jobs *jobs, const struct batch_options *batch,
			 const struct slurm_options *options)
{
	struct wait w = {.jobs = jobs, .batch = batch, .options = options, .lag = DEADLINE_NEVER};
	struct error *err = NULL;

	w.state = file_join(batch->folder, BATCH_STATE_NAME);
	if (!w.state)
		return &error_no_memory;
	w.ask = deadline_after(0);
	while (!err && access(w.state, F_OK)) {
		if (deadline_passed(w.ask)) {
			err = ask(&w);
			w.ask = deadline_after(ASK_MS * CLOCK_MS);
		}
		if (!err)
			err = check(&w);
		if (!err)
			usleep(POLL_MS * 1000);
	}
	free(w.state);
	return err;
}
