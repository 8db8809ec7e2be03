#include "lib/batch/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/codec.h"
#include "lib/base/file.h"
#include "lib/batch/internal.h"
#include "lib/evlog/evlog.h"
#include "lib/evlog/json.h"
#include "lib/target/qemu.h"

/* The emulator that is no program of its own. */
static const char unicorn[] = "unicorn";

/* ---- Rows ---- */

static struct error *add_row(struct batch_plan *plan, const struct batch_job *job, unsigned variant)
{
	const struct batch_settings *s = plan->settings;
	struct batch_row row = {.job = job, .variant = s->num_emulators > 1 ? variant + 1 : 0};
	struct strbuf id = {0};

	if (s->num_emulators)
		row.emulator = s->emulators[variant];
	strbuf_append(&id, job->name);
	if (row.variant)
		strbuf_printf(&id, "@%u", row.variant);
	row.id = strbuf_take(&id);
	if (row.id && vec_push(&plan->rows, row))
		return NULL;
	free(row.id);
	return &error_no_memory;
}

static struct error *add_rows(struct batch_plan *plan, const struct batch_job *job)
{
	size_t n = plan->settings->num_emulators;
	struct error *err = NULL;

	if (n && (job->trace || job->remote))
		return error_create(ERROR_USAGE,
				    "job '%s' has no emulator to be replaced: --emulator goes with logs alone",
				    job->name);
	for (unsigned i = 0; i < (n ? n : 1) && !err; i++)
		err = add_row(plan, job, i);
	return err;
}

static void append_digest(struct strbuf *text, char ret[BATCH_DIGEST_LEN + 1])
{
	uint8_t digest[SHA256_LEN];
	struct strbuf hex = {0};

	codec_sha256(strbuf_text(text), text->len, digest);
	strbuf_append_hex(&hex, digest, sizeof digest);
	memcpy(ret, strbuf_text(&hex), hex.len + 1);
	strbuf_deinit(&hex);
}

/* The settings as text that differs where they do. */
static void describe_settings(struct strbuf *text, const struct batch_settings *s)
{
	for (size_t i = 0; i < s->num_emulators; i++)
		strbuf_printf(text, "emulator %s\n", s->emulators[i]);
	strbuf_printf(text, "qemu %d\nstrict %d\nfail on %s\n", s->qemu, s->strict, severity_name(s->fail_on));
	strbuf_printf(text, "cpu %s\nsysroot %s\nbaseline %s\n", s->cpu ? s->cpu : "", s->sysroot ? s->sysroot : "",
		      s->baseline ? s->baseline : "");
	for (size_t i = 0; i < s->num_emulator_args; i++)
		strbuf_printf(text, "argument %s\n", s->emulator_args[i]);
}

struct error *batch_plan_init(struct batch_plan *ret, const struct batch_jobs *jobs,
			      const struct batch_settings *settings)
{
	struct strbuf text = {0};
	struct error *err = NULL;

	*ret = (struct batch_plan){.settings = settings};
	describe_settings(&text, settings);
	for (size_t i = 0; i < jobs->list.len && !err; i++) {
		json_write_object(&text, &batch_job_object, &jobs->list.at[i]);
		strbuf_append_char(&text, '\n');
		err = add_rows(ret, &jobs->list.at[i]);
	}
	if (!err && strbuf_failed(&text))
		err = &error_no_memory;
	if (!err)
		append_digest(&text, ret->digest);
	strbuf_deinit(&text);
	if (err)
		batch_plan_deinit(ret);
	return err;
}

void batch_plan_deinit(struct batch_plan *plan)
{
	for (size_t i = 0; i < plan->rows.len; i++)
		free(plan->rows.at[i].id);
	vec_deinit(&plan->rows);
}

/* ---- Commands ---- */

/* A command being put together. */
struct command {
	batch_strings *words;
	bool failed;
};

static void add_owned(struct command *c, char *word)
{
	if (word && vec_push(c->words, word))
		return;
	free(word);
	c->failed = true;
}

static void add(struct command *c, const char *word)
{
	add_owned(c, strdup(word));
}

static void add_option(struct command *c, const char *option, const char *value)
{
	add(c, option);
	add(c, value);
}

static void add_path(struct command *c, const char *option, const char *base, const char *path)
{
	if (option)
		add(c, option);
	add_owned(c, file_join(base, path));
}

/* A name without a slash is searched on PATH. */
static void add_emulator(struct command *c, const char *base, const char *emulator)
{
	add_path(c, "--emulator", strchr(emulator, '/') ? base : NULL, emulator);
}

/* The emulator that runs the row: NULL for unicorn, "" for the usual QEMU, else its name. */
static const char *emulator_of(const struct batch_plan *plan, const struct batch_row *row)
{
	const struct batch_job *job = row->job;

	if (row->emulator)
		return strcmp(row->emulator, unicorn) != 0 ? row->emulator : NULL;
	if (job->emulator)
		return job->emulator;
	if (job->target)
		return !strcmp(job->target, "qemu") ? "" : NULL;
	return plan->settings->qemu ? "" : NULL;
}

static void add_qemu(struct command *c, const struct batch_plan *plan, const struct batch_row *row,
		     const char *emulator)
{
	const struct batch_settings *s = plan->settings;
	const struct batch_job *job = row->job;

	add(c, "--qemu");
	if (*emulator)
		add_emulator(c, row->emulator ? NULL : job->base, emulator);
	if (job->sysroot)
		add_path(c, "--sysroot", job->base, job->sysroot);
	else if (s->sysroot)
		add_option(c, "--sysroot", s->sysroot);
	for (size_t i = 0; i < job->emulator_args.len; i++)
		add_option(c, "--emulator-arg", job->emulator_args.at[i]);
	for (size_t i = 0; i < s->num_emulator_args; i++)
		add_option(c, "--emulator-arg", s->emulator_args[i]);
}

static void add_target(struct command *c, const struct batch_plan *plan, const struct batch_row *row)
{
	const struct batch_job *job = row->job;
	const char *emulator = emulator_of(plan, row), *cpu = job->cpu ? job->cpu : plan->settings->cpu;

	if (job->remote) {
		add_option(c, "--remote", job->remote);
		return;
	}
	if (emulator)
		add_qemu(c, plan, row, emulator);
	if (cpu)
		add_option(c, "--cpu", cpu);
}

struct error *batch_row_command(const struct batch_plan *plan, const struct batch_row *row, const char *validate,
				const char *report, batch_strings *ret)
{
	const struct batch_job *job = row->job;
	struct command c = {.words = ret};

	add(&c, validate);
	add(&c, "run");
	add_path(&c, job->trace ? "--trace-in" : "--log", job->base, job->trace ? job->trace : job->log);
	if (!job->trace)
		add_target(&c, plan, row);
	if (plan->settings->strict)
		add(&c, "--strict");
	add_option(&c, "--fail-on", severity_name(plan->settings->fail_on));
	if (plan->settings->baseline)
		add_option(&c, "--baseline", plan->settings->baseline);
	for (size_t i = 0; i < job->args.len; i++)
		add(&c, job->args.at[i]);
	add(&c, "--quiet");
	add_option(&c, "--report", report);
	if (job->program) {
		add(&c, "--");
		add_path(&c, NULL, job->base, job->program);
	}
	if (!c.failed && vec_push(ret, NULL))
		return NULL;
	return &error_no_memory;
}

/* ---- Keys ---- */

static void describe_file(struct strbuf *text, const char *base, const char *name)
{
	char *path = file_join(base, name);
	struct stat st;

	if (!path)
		text->failed = true;
	else if (!stat(path, &st))
		strbuf_printf(text, "%s %lld %lld.%09ld\n", path, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
			      st.st_mtim.tv_nsec);
	free(path);
}

/* The files that the log and the machine choose: the program that the log names, the emulator that is found. */
static void describe_chosen(struct strbuf *text, const struct batch_plan *plan, const struct batch_row *row)
{
	const struct batch_job *job = row->job;
	const char *emulator = emulator_of(plan, row);
	char *path = file_join(job->base, job->log), *found = NULL;
	struct evlog_reader *log = NULL;

	text->failed |= !path;
	struct error *err = path ? evlog_reader_open(path, &log) : NULL;
	if (log && !job->program)
		describe_file(text, NULL, evlog_reader_header(log)->program.path);
	const struct isa *isa = log ? isa_by_name(evlog_reader_header(log)->arch) : NULL;
	if (isa && emulator && !strchr(emulator, '/') && !err)
		err = qemu_find_emulator(isa, *emulator ? emulator : NULL, &found);
	if (found)
		describe_file(text, NULL, found);
	else if (emulator && strchr(emulator, '/'))
		describe_file(text, row->emulator ? NULL : job->base, emulator);
	error_destroy(err);
	evlog_reader_destroy(log);
	free(found);
	free(path);
}

struct error *batch_row_key(const struct batch_plan *plan, const struct batch_row *row, const char *validate,
			    char ret[BATCH_DIGEST_LEN + 1])
{
	const struct batch_job *job = row->job;
	batch_strings words = {0};
	struct strbuf text = {0};
	struct error *err = batch_row_command(plan, row, validate, "", &words);

	for (size_t i = 0; i < words.len && words.at[i]; i++)
		strbuf_printf(&text, "%s\n", words.at[i]);
	describe_file(&text, NULL, validate);
	describe_file(&text, job->base, job->log ? job->log : job->trace);
	if (job->program)
		describe_file(&text, job->base, job->program);
	if (plan->settings->baseline)
		describe_file(&text, NULL, plan->settings->baseline);
	if (job->log)
		describe_chosen(&text, plan, row);
	if (!err && strbuf_failed(&text))
		err = &error_no_memory;
	if (!err)
		append_digest(&text, ret);
	strbuf_deinit(&text);
	batch_strings_deinit(&words);
	return err;
}
