/* validate batch: many runs in one call, and what they say together. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/validate/command.h"
#include "cmd/validate/interrupt.h"
#include "cmd/validate/print.h"
#include "cmd/validate/progress.h"
#include "lib/base/apart.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/batch/merge.h"
#include "lib/batch/run.h"
#include "lib/batch/slurm.h"
#include "lib/batch/summary.h"
#include "lib/report/baseline.h"
#include "lib/report/document.h"
#include "lib/sandbox/sandbox.h"

/* "2/5". */
struct shard {
	uint64_t number, of;
};

struct batch_command_options {
	const char *output, *manifest, *report, *baseline;
	uint64_t workers;
	double timeout;
	uint64_t memory;
	struct option_list emulators, emulator_args;
	bool qemu, strict, resume, retry, no_progress;
	enum severity fail_on;
	const char *cpu, *sysroot;
	struct shard shard;
	const char *engine;
	uint64_t shards;
	struct option_list sbatch_args;
	double wait;
	bool no_wait;
	unsigned quiet, verbose;
};

/* ---- Setters ---- */

static struct error *option_shard(const char *arg, void *target)
{
	struct shard *shard = target;
	unsigned long long number, of;
	char rest;

	if (strspn(arg, "0123456789/") != strlen(arg) || sscanf(arg, "%9llu/%9llu%c", &number, &of, &rest) != 2 ||
	    !number || number > of)
		return error_create(ERROR_USAGE, "'%s' is not a shard and their number, such as 2/5", arg);
	*shard = (struct shard){number, of};
	return NULL;
}

/* ---- Progress ---- */

struct progress {
	bool terminal;
	uint64_t next; /* when the line is to be written again */
};

static void append_time(struct strbuf *out, uint64_t nanoseconds)
{
	uint64_t s = nanoseconds / CLOCK_S;

	if (s >= 3600)
		strbuf_printf(out, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
	else
		strbuf_printf(out, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
}

static void append_left(struct strbuf *out, const char *before, const struct batch_progress *p)
{
	if (p->left < CLOCK_S || p->kept + p->done == p->rows)
		return;
	strbuf_append(out, before);
	append_time(out, p->left);
	strbuf_append(out, " left");
}

static void print_line(const struct batch_progress *p)
{
	struct strbuf text = {0};

	strbuf_printf(&text, "%zu of %zu rows, %zu running; %zu divergent, %zu failed; ", p->kept + p->done, p->rows,
		      p->running, p->divergent, p->failed);
	append_time(&text, p->nanoseconds);
	append_left(&text, " gone, about ", p);
	progress_show(&text);
}

static void print_row(const struct batch_progress *p)
{
	const struct batch_record *record = p->record;
	struct strbuf left = {0};

	fprintf(stderr, "%zu/%zu %s: %s", p->kept + p->done, p->rows, record->row, record->outcome);
	if (p->findings)
		fprintf(stderr, ", %zu finding%s", p->findings, plural(p->findings));
	append_left(&left, "; about ", p);
	fprintf(stderr, ", %.1f s%s\n", (double)record->milliseconds / 1e3, strbuf_text(&left));
	strbuf_deinit(&left);
}

static void show_progress(void *ctx, const struct batch_progress *p)
{
	struct progress *progress = ctx;
	uint64_t now = clock_now();

	if (!progress->terminal) {
		if (p->record)
			print_row(p);
		return;
	}
	if (now < progress->next)
		return;
	progress->next = now + 200 * CLOCK_MS;
	print_line(p);
}

static void show_nothing(void *ctx, const struct batch_progress *p)
{
	(void)ctx;
	(void)p;
}

/* Of tasks in Slurm: a line when their numbers changed. */
struct slurm_progress {
	bool shown;
	uint64_t pending, running;
};

static void show_tasks(void *ctx, uint64_t pending, uint64_t running)
{
	struct slurm_progress *p = ctx;

	if (p->shown && (pending != p->pending || running != p->running))
		fprintf(stderr, "%" PRIu64 " jobs are waiting, %" PRIu64 " running\n", pending, running);
	p->pending = pending;
	p->running = running;
}

/* ---- Checks ---- */

static struct error *check_engine(const struct batch_command_options *o)
{
	if (o->engine && strcmp(o->engine, "slurm") != 0)
		return error_create(ERROR_USAGE, "batch: --engine %s: only slurm is known", o->engine);
	if (!o->engine && (o->shards || o->sbatch_args.len || o->wait > 0 || o->no_wait))
		return error_create(ERROR_USAGE,
				    "batch: --shards, --sbatch-arg, --wait and --no-wait go with --engine slurm");
	if (o->engine && o->shard.of > 1)
		return error_create(ERROR_USAGE,
				    "batch: --shard and --engine exclude each other: it makes shards itself");
	if (o->wait > 0 && o->no_wait)
		return error_create(ERROR_USAGE, "batch: --wait and --no-wait exclude each other");
	return NULL;
}

/* What is read, against the summary; results have names of their own in their folder. */
static struct error *check_apart(const struct batch_command_options *o, const struct operands *operands)
{
	const struct apart_file report = {"--report", o->report, true};
	const struct apart_file files[] = {{"--manifest", o->manifest, false},
					   {"--baseline", o->baseline, false},
					   report};
	struct error *err = apart_check(files, sizeof files / sizeof *files);

	for (size_t i = 0; i < operands->len && !err; i++)
		err = apart_check((const struct apart_file[]){{"a job", operands->at[i], false}, report}, 2);
	for (size_t i = 0; i < o->emulators.len && !err; i++)
		err = apart_check((const struct apart_file[]){{"the emulator", o->emulators.at[i], false}, report}, 2);
	return err;
}

static struct error *check_usage(const struct batch_command_options *o, const struct operands *operands)
{
	if (!o->output)
		return error_create(ERROR_USAGE, "batch: no folder for the results given: -o RESULTS");
	if (!o->manifest && !operands->len)
		return error_create(ERROR_USAGE, "batch: nothing to do: name folders of event logs or --manifest FILE");
	if (o->manifest && operands->len)
		return error_create(ERROR_USAGE, "batch: --manifest and folders exclude each other");
	if (o->emulators.len > BATCH_EMULATORS_MAX)
		return error_create(ERROR_USAGE, "batch: --emulator can be given twice at most");
	if (o->memory > UINT64_MAX >> 20)
		return error_create(ERROR_USAGE, "batch: --memory: no machine has that much");
	struct error *err = check_apart(o, operands);
	return err ? err : check_engine(o);
}

static unsigned count_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

static struct error *find_self(char ret[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	if (len < 0)
		return error_os(errno, "read", "/proc/self/exe");
	ret[len] = '\0';
	return NULL;
}

static struct error *read_jobs(const struct batch_command_options *o, const struct operands *operands,
			       struct batch_jobs *jobs)
{
	struct error *err = o->manifest ? batch_jobs_read(jobs, o->manifest) : NULL;

	for (size_t i = 0; i < operands->len && !err; i++)
		err = batch_jobs_add(jobs, operands->at[i]);
	return err;
}

/* ---- What comes of it ---- */

static struct error *print_summary(const struct batch_command_options *o, const struct batch_summary *summary)
{
	struct strbuf text = {0}, json = {0};
	bool to_stdout = o->report && !strcmp(o->report, "-");
	struct error *err = o->report ? batch_summary_json(&json, summary) : NULL;

	if (!err)
		batch_summary_text(&text, summary, o->verbose);
	if (!err && !o->quiet && !to_stdout)
		print_text(&text);
	if (!err && o->report)
		err = document_write(&json, "report", o->report);
	strbuf_deinit(&text);
	strbuf_deinit(&json);
	return err;
}

static enum exit_status sum_up(const struct batch_command_options *o)
{
	struct batch_state state;
	struct batch_summary summary;
	struct error *err = batch_state_read(o->output, &state);

	if (err)
		return fail(err);
	err = batch_summary_make(&state, o->output, &summary);
	if (err) {
		batch_state_deinit(&state);
		return fail(err);
	}
	enum exit_status status = (enum exit_status)summary.status;
	err = print_summary(o, &summary);
	batch_summary_deinit(&summary);
	batch_state_deinit(&state);
	return err ? fail(err) : status;
}

/* ---- The batch ---- */

/* Their number that is asked for; 0: none is. */
static unsigned asked_workers(const struct batch_command_options *o)
{
	enum { MOST = 1024 };

	return o->workers < MOST ? (unsigned)o->workers : MOST;
}

static struct error *run_here(const struct batch_command_options *o, const struct batch_plan *plan,
			      struct batch_options *options)
{
	struct progress progress = {.terminal = isatty(STDERR_FILENO)};
	bool shown = !o->quiet && !o->no_progress;

	options->workers = options->workers ? options->workers : count_cpus();
	options->progress = shown ? show_progress : show_nothing;
	options->progress_ctx = &progress;
	struct error *err = batch_run(plan, options);
	if (shown && progress.terminal)
		progress_clear();
	return err;
}

static struct error *run_slurm(const struct batch_command_options *o, struct batch_jobs *jobs,
			       const struct batch_plan *plan, struct batch_options *options)
{
	enum { SHARDS = 8 };
	struct slurm_progress progress = {.shown = !o->quiet && !o->no_progress};
	const struct slurm_options slurm = {
		.shards = o->shards                 ? o->shards
			  : jobs->list.len < SHARDS ? jobs->list.len
						    : SHARDS,
		.sbatch_args = o->sbatch_args.at,
		.num_sbatch_args = o->sbatch_args.len,
		.report = o->no_wait ? o->report : NULL,
		.deadline = o->wait > 0 ? deadline_after((uint64_t)(o->wait * 1e9)) : DEADLINE_NEVER,
		.progress = show_tasks,
		.progress_ctx = &progress,
	};
	struct slurm_jobs submitted;
	char *here = realpath(".", NULL), *folder = here ? file_join(here, o->output) : NULL;

	/* Tasks run elsewhere. */
	options->folder = folder;
	struct error *err = folder ? slurm_submit(jobs, plan->settings, options, &slurm, &submitted) : &error_no_memory;
	if (!err && !o->quiet)
		fprintf(stderr, "validate: job array %s of %" PRIu64 " tasks and job %s behind it are submitted\n",
			submitted.array, slurm.shards, submitted.merge);
	if (!err && !o->no_wait)
		err = slurm_wait(&submitted, options, &slurm);
	free(here);
	free(folder);
	return err;
}

static struct error *run_plan(const struct batch_command_options *o, struct batch_jobs *jobs,
			      const struct batch_plan *plan)
{
	char self[PATH_MAX];
	struct batch_options options = {
		.folder = o->output,
		.validate = self,
		.workers = asked_workers(o),
		.limits = {.timeout_ms = (uint64_t)(o->timeout * 1e3), .memory = o->memory << 20},
		.shard = o->shard.number,
		.shards = o->shard.of,
		.reuse = o->retry    ? BATCH_RETRY
			 : o->resume ? BATCH_RESUME
				     : BATCH_FRESH,
		.interrupted = &interrupted,
	};

	struct error *err = find_self(self);
	if (err)
		return err;
	return o->engine ? run_slurm(o, jobs, plan, &options) : run_here(o, plan, &options);
}

static struct error *plan_and_run(const struct batch_command_options *o, const struct operands *operands)
{
	const struct batch_settings settings = {
		.emulators = o->emulators.at,
		.num_emulators = o->emulators.len,
		.qemu = o->qemu,
		.cpu = o->cpu,
		.sysroot = o->sysroot,
		.emulator_args = o->emulator_args.at,
		.num_emulator_args = o->emulator_args.len,
		.strict = o->strict,
		.fail_on = o->fail_on,
		.baseline = o->baseline,
	};
	struct batch_jobs jobs = {0};
	struct batch_plan plan = {0};
	struct error *err = read_jobs(o, operands, &jobs);

	if (!err)
		err = batch_plan_init(&plan, &jobs, &settings);
	if (!err) {
		err = run_plan(o, &jobs, &plan);
		batch_plan_deinit(&plan);
	}
	batch_jobs_deinit(&jobs);
	return err;
}

static struct error *merge(const struct batch_command_options *o, const struct operands *operands)
{
	if (!o->output)
		return error_create(ERROR_USAGE, "batch merge: no folder for the results given: -o RESULTS");
	if (operands->len < 2)
		return error_create(ERROR_USAGE, "batch merge: no folders of shards given");
	struct sandbox_state sandbox;
	struct error *err = sandbox_drop(&o->output, 1, &sandbox);
	if (err)
		return err;
	return batch_merge(o->output, operands->at + 1, operands->len - 1, o->resume);
}

/* One that is not there, or is none, would cost each row alike. */
static struct error *check_baseline(const struct batch_command_options *o)
{
	struct baseline b = {0};
	struct error *err = o->baseline ? baseline_read(o->baseline, &b) : NULL;

	baseline_deinit(&b);
	return err;
}

static enum exit_status run(const void *options, const struct operands *operands)
{
	const struct batch_command_options *o = options;
	bool merging = operands->len && !strcmp(operands->at[0], "merge");
	struct error *err = merging ? NULL : check_usage(o, operands);

	if (err)
		return fail(err);
	catch_interrupts(interrupt, 0);
	err = merging ? merge(o, operands) : check_baseline(o);
	if (!merging && !err)
		err = plan_and_run(o, operands);
	if (err)
		return fail(err);
	return o->no_wait ? STATUS_OK : sum_up(o);
}

/* clang-format off */
#define AT(member) offsetof(struct batch_command_options, member)
static const struct option_row rows[] = {
	{"output", 'o', "RESULTS", "folder for the results, made if it is not there", AT(output), option_text},
	{"manifest", 0, "FILE", "the jobs, instead of folders; -: from standard input", AT(manifest), option_text},
	{"jobs", 'j', "N", "rows that run at a time; default: one for each processor", AT(workers), option_number},
	{"timeout", 0, "S", "end a row after S seconds", AT(timeout), option_seconds},
	{"memory", 0, "MIB", "end a row that takes more resident memory, emulator included", AT(memory), option_number},
	{"resume", 0, NULL, "go on with RESULTS: rows that are done are not done again", AT(resume), option_flag},
	{"retry", 0, NULL, "the same, but do those again that failed", AT(retry), option_flag},
	{"shard", 0, "I/N", "do the Ith of N parts of the rows; validate batch merge puts them together", AT(shard), option_shard},
	{"engine", 0, "slurm", "do it as a job array of Slurm; RESULTS is on a file system that all machines share", AT(engine), option_text},
	{"shards", 0, "N", "tasks of the array; default: 8, or fewer if there are fewer jobs", AT(shards), option_number},
	{"sbatch-arg", 0, "ARG", "further argument of sbatch; may be repeated", AT(sbatch_args), option_list},
	{"wait", 0, "S", "wait at most S seconds for the array", AT(wait), option_seconds},
	{"no-wait", 0, NULL, "submit the array, and do not wait for it", AT(no_wait), option_flag},
	{"emulator", 'e', "PATH", "run every job on this emulator, or in unicorn; given twice, on both,\nand the second is compared with the first", AT(emulators), option_list},
	{"qemu", 0, NULL, "run jobs that name no target in QEMU, not in unicorn", AT(qemu), option_flag},
	{"cpu", 0, "MODEL", "CPU model for jobs that name none", AT(cpu), option_text},
	{"emulator-arg", 0, "ARG", "further argument of every emulator; may be repeated", AT(emulator_args), option_list},
	{"sysroot", 0, "DIR", "for jobs that name none", AT(sysroot), option_text},
	{"strict", 0, NULL, "a row that is incomplete counts as a failure", AT(strict), option_flag},
	{"fail-on", 0, "SEVERITY", "as for a run: findings at least that sure count; model if not given", AT(fail_on), option_fail_on},
	{"baseline", 0, "FILE", "known findings, as for a run: exit status 0 if there is no other", AT(baseline), option_text},
	{"report", 0, "FILE", "write the summary as JSON; -: to standard output, instead of the text", AT(report), option_text},
	{"quiet", 'q', NULL, "print no summary and no progress", AT(quiet), option_count},
	{"verbose", 'v', NULL, "list all rows, however many", AT(verbose), option_count},
	{"no-progress", 0, NULL, "print no progress", AT(no_progress), option_flag},
	{0},
};
#undef AT
/* clang-format on */

static const struct batch_command_options defaults = {.shard = {1, 1}, .fail_on = SEVERITY_MODEL};

const struct command command_batch = {
	.name = "batch",
	.operands = "[DIR...] | merge DIR...",
	.summary = "validate many logs in one call, and sum up what was found",
	.details =
		"DIR is a folder with event logs or traces, in it or in folders within it, or one of these. Each row runs\n"
		"in a process of its own: what crashes, hangs or takes all memory costs one row. `merge` puts the results\n"
		"of shards together.\n\n"
		"Exit status: as that of a run, the worst of all rows: 70 before 5 before 2 before 3 before 1 before 4.\n"
		"A row that crashed, timed out or took too much memory counts as 5. With two emulators 1 stands for\n"
		"findings that count and that only the second shows.",
	.options = rows,
	.defaults = &defaults,
	.options_size = sizeof(struct batch_command_options),
	.run = run,
};
