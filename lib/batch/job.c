#include "lib/batch/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/batch/internal.h"
#include "lib/evlog/json.h"

enum {
	MANIFEST_MAX = 16 << 20, /* bytes: the tree needs several times as much */
	VALUES_MAX = 2 * JSON_VALUES_MAX,
};

/* ---- The schema ---- */

static const struct json_list texts = {sizeof(char *), &json_text, NULL};

/* clang-format off */
#define TEXT(member) {#member, &json_text, offsetof(struct batch_job, member), NULL, true}
#define TEXTS(member) {#member, &json_vec, offsetof(struct batch_job, member), &texts, true}
static const struct json_field job_fields[] = {
	{"name", &json_text, offsetof(struct batch_job, name), NULL, false},
	TEXT(log), TEXT(trace), TEXT(program), TEXT(target), TEXT(remote), TEXT(emulator), TEXT(cpu), TEXT(sysroot),
	TEXTS(emulator_args), TEXTS(args),
};
/* clang-format on */

const struct json_object batch_job_object = {job_fields, sizeof job_fields / sizeof *job_fields};

/* ---- Checks ---- */

/* What a job may say of its run: what is judged, and how long. What reads or writes files is the batch's, or has a
 * member of its own. */
static const struct {
	const char *name;
	bool value;
} options[] = {
	{"--from", true},           {"--until", true},   {"--max-instructions", true}, {"--max-findings", true},
	{"--memory-audit", true},   {"--timeout", true}, {"--sweep-interval", true},   {"--vendor", true},
	{"--fail-on", true},        {"--jobs", true},    {"--trace-memory", true},     {"--strict", false},
	{"--stop-on-first", false},
};

/* An option at the first word of a job's args. *ret: how many words it takes. */
static struct error *check_option(const batch_strings *args, size_t at, size_t *ret)
{
	const char *word = args->at[at];
	size_t len = strcspn(word, "=");

	if (word[0] != '-' || word[1] != '-')
		return error_create(ERROR_USAGE, "'%.20s': options are given by their long names here", word);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		if (strlen(options[i].name) != len || memcmp(word, options[i].name, len) != 0)
			continue;
		*ret = options[i].value && !word[len] ? 2 : 1;
		if (*ret > args->len - at)
			return error_create(ERROR_USAGE, "%s needs an argument", word);
		return NULL;
	}
	return error_create(ERROR_USAGE,
			    "%.40s is no option that a job may set: files and targets are the batch's, or "
			    "have members of their own",
			    word);
}

bool batch_is_name(const char *name, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";

	return len > 0 && len <= BATCH_NAME_MAX && strspn(name, letters) >= len && name[0] != '.' && name[0] != '-';
}

static struct error *check_args(const struct place *at, const batch_strings *args)
{
	struct place list = {.up = at, .name = "args"};

	for (size_t i = 0, words; i < args->len; i += words) {
		struct place inner = {.up = &list, .index = i};
		struct error *err = check_option(args, i, &words);
		if (!err)
			continue;
		struct error *placed = place_error(&inner, "%s", err->message);
		error_destroy(err);
		return placed;
	}
	return NULL;
}

static bool is_target(const char *target)
{
	return !strcmp(target, "unicorn") || !strcmp(target, "qemu") || !strcmp(target, "remote");
}

static struct error *check_target(const struct place *at, const struct batch_job *job)
{
	const char *target = job->target ? job->target : job->remote ? "remote" : job->emulator ? "qemu" : "";
	bool emulated = job->emulator || job->sysroot || job->emulator_args.len;

	if (job->trace && (*target || job->cpu || emulated))
		return place_error(at, "a trace is judged without an emulator: take its members out");
	if (job->target && !is_target(target))
		return place_error(at, "target: expected \"unicorn\", \"qemu\" or \"remote\"");
	if (job->remote ? strcmp(target, "remote") != 0 : !strcmp(target, "remote"))
		return place_error(at, "remote: goes with target \"remote\", which needs it");
	if (job->remote && (job->cpu || emulated))
		return place_error(at,
				   "a remote target is there already: cpu, emulator and its like do not go with it");
	if (!strcmp(target, "unicorn") && emulated)
		return place_error(at, "emulator, emulator_args and sysroot go with target \"qemu\"");
	return NULL;
}

static struct error *check_job(const struct place *at, const struct batch_job *job)
{
	struct place name = {.up = at, .name = "name"};

	if (!batch_is_name(job->name, strlen(job->name)))
		return place_error(&name, "expected at most %d letters, digits and ._+- of ASCII, the first no . or -",
				   BATCH_NAME_MAX);
	if (!job->log == !job->trace)
		return place_error(at, "expected \"log\" or \"trace\", one of them");
	struct error *err = check_target(at, job);
	return err ? err : check_args(at, &job->args);
}

/* ---- Jobs ---- */

void batch_strings_deinit(batch_strings *strings)
{
	for (size_t i = 0; i < strings->len; i++)
		free(strings->at[i]);
	vec_deinit(strings);
}

void batch_job_deinit(struct batch_job *job)
{
	char *const owned[] = {job->name,   job->log,      job->trace, job->program, job->target,
			       job->remote, job->emulator, job->cpu,   job->sysroot, job->base};

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
	batch_strings_deinit(&job->emulator_args);
	batch_strings_deinit(&job->args);
}

void batch_jobs_deinit(struct batch_jobs *jobs)
{
	for (size_t i = 0; i < jobs->list.len; i++)
		batch_job_deinit(&jobs->list.at[i]);
	vec_deinit(&jobs->list);
}

struct error *batch_jobs_push(struct batch_jobs *jobs, struct batch_job *job)
{
	struct error *err = NULL;

	if (jobs->list.len >= BATCH_JOBS_MAX)
		err = error_create(ERROR_USAGE, "more than %d jobs: make several batches of them", BATCH_JOBS_MAX);
	else if (!vec_push(&jobs->list, *job))
		err = &error_no_memory;
	if (err)
		batch_job_deinit(job);
	return err;
}

/* ---- Reading ---- */

/* Where a manifest's text is being read. */
struct manifest {
	struct batch_jobs *jobs;
	const char *path;
	char *base;
	size_t first; /* of its own jobs */
};

static struct error *syntax_error(const char *path, uint64_t line, json_error_t *error)
{
	if (json_error_code(error) == json_error_out_of_memory)
		return &error_no_memory;
	/* What follows "near" is quoted from the file and may be anything. */
	char *quote = strstr(error->text, " near ");
	if (quote)
		*quote = '\0';
	return error_input(path, line, "column %d: not JSON: %s", error->column, error->text);
}

/* What is not there is the row's failure; what is no regular file must not be opened. */
static struct error *check_file(const struct place *at, const char *name, const char *base, const char *file)
{
	struct place member = {.up = at, .name = name};
	char *path = file ? file_join(base, file) : NULL;

	if (!file)
		return NULL;
	struct error *err = path ? file_check_named(NULL, path) : &error_no_memory, *placed = NULL;
	if (error_is(err, ERROR_INPUT))
		placed = place_error(&member, "%s", err->message);
	free(path);
	if (err == &error_no_memory)
		return err;
	error_destroy(err);
	return placed;
}

static struct error *check_files(const struct place *at, const struct batch_job *job, const char *base)
{
	struct error *err = check_file(at, "log", base, job->log);

	if (!err)
		err = check_file(at, "trace", base, job->trace);
	return err ? err : check_file(at, "program", base, job->program);
}

static struct error *add_job(struct manifest *m, const struct place *at, const json_t *json)
{
	struct batch_job job = {0};
	struct error *err = json_read_object(at, json, &batch_job_object, &job);

	if (!err)
		err = check_job(at, &job);
	if (!err)
		err = check_files(at, &job, m->base);
	if (!err && m->base && !(job.base = strdup(m->base)))
		err = &error_no_memory;
	if (!err)
		return batch_jobs_push(m->jobs, &job);
	batch_job_deinit(&job);
	return err;
}

static struct error *check_header(const struct place *at, const json_t *json)
{
	const char *format = json_string_value(json_object_get(json, "format"));
	struct place version = {.up = at, .name = "version"};
	uint64_t number;

	if (!format || strcmp(format, BATCH_MANIFEST_FORMAT) != 0)
		return place_error(at, "not a manifest: it does not start with {\"format\": \"" BATCH_MANIFEST_FORMAT
				       "\", \"version\": 1, ...");
	struct error *err = json_read_count(&version, json_object_get(json, "version"), INT64_MAX, &number);
	if (!err && number != BATCH_MANIFEST_VERSION)
		err = place_error(&version, "version %llu of the format; this program reads version %d",
				  (unsigned long long)number, BATCH_MANIFEST_VERSION);
	if (!err && json_object_size(json) != 2 + !!json_object_get(json, "jobs"))
		err = place_error(at, "unknown members beside format, version and jobs");
	return err;
}

static struct error *read_list(struct manifest *m, const struct place *at, const json_t *list)
{
	struct place jobs = {.up = at, .name = "jobs"};
	struct error *err = NULL;

	if (!json_is_array(list))
		return place_error(&jobs, "expected an array");
	for (size_t i = 0; i < json_array_size(list) && !err; i++) {
		struct place inner = {.up = &jobs, .index = i};
		err = add_job(m, &inner, json_array_get(list, i));
	}
	return err;
}

static struct error *read_line(struct manifest *m, uint64_t number, const char *text, size_t len)
{
	struct place at = {.path = m->path, .line = number};
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		return syntax_error(m->path, number, &error);
	struct error *err = add_job(m, &at, json);
	json_decref(json);
	return err;
}

static bool is_blank(const char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) && text[len - 1])
		len--;
	return len == 0;
}

/* What stands behind the header's line. */
static struct error *read_lines(struct manifest *m, const char *text, size_t len)
{
	const char *end = text + len;
	struct error *err = NULL;

	for (uint64_t number = 1; text < end && !err; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);
		if (!is_blank(text, n))
			err = number == 1 ? error_input(m->path, 1, "expected the end of the line behind the header")
					  : read_line(m, number, text, n);
		text += n + (newline != NULL);
	}
	return err;
}

static struct error *read_manifest(struct manifest *m, const struct strbuf *text)
{
	struct place at = {.path = m->path};
	json_error_t error;
	struct error *err = json_check_values(m->path, 0, strbuf_text(text), text->len, VALUES_MAX);
	if (err)
		return err;
	json_t *json = json_loadb(strbuf_text(text), text->len, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK,
				  &error);

	if (!json)
		return syntax_error(m->path, error.line > 0 ? (uint64_t)error.line : 0, &error);
	size_t end = (size_t)error.position;
	err = check_header(&at, json);
	const json_t *list = json_object_get(json, "jobs");
	if (!err && list && !is_blank(text->at + end, text->len - end))
		err = error_input(m->path, 0, "text behind the document");
	else if (!err && !list && memchr(text->at, '\n', end))
		err = error_input(m->path, 0,
				  "no \"jobs\"; or, if jobs follow line by line, the header is to be one line");
	else if (!err)
		err = list ? read_list(m, &at, list) : read_lines(m, text->at + end, text->len - end);
	json_decref(json);
	return err;
}

static int by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* Two rows of one name would write to the same files. */
static struct error *check_unique(const struct manifest *m)
{
	size_t len = m->jobs->list.len;
	const char **names = calloc(len + 1, sizeof *names);
	struct error *err = NULL;

	if (!names)
		return &error_no_memory;
	for (size_t i = 0; i < len; i++)
		names[i] = m->jobs->list.at[i].name;
	qsort(names, len, sizeof *names, by_name);
	for (size_t i = 1; i < len && !err; i++)
		if (!strcmp(names[i - 1], names[i]))
			err = error_input(m->path, 0, "two jobs have the name '%s'", names[i]);
	free(names);
	return err;
}

struct error *batch_jobs_read(struct batch_jobs *jobs, const char *path)
{
	bool in = !strcmp(path, "-");
	struct manifest m = {.jobs = jobs, .path = in ? "standard input" : path, .first = jobs->list.len};
	const char *slash = in ? NULL : strrchr(path, '/');
	struct strbuf text = {0};
	struct error *err = file_read(path, MANIFEST_MAX, &text);

	if (!err && slash && !(m.base = strndup(path, (size_t)(slash - path) + 1)))
		err = &error_no_memory;
	if (!err)
		err = read_manifest(&m, &text);
	if (!err && jobs->list.len == m.first)
		err = error_input(m.path, 0, "has no jobs");
	if (!err)
		err = check_unique(&m);
	free(m.base);
	strbuf_deinit(&text);
	return error_remedy(err, "mend the manifest, as validate-manifest(5) describes it");
}

/* ---- Writing ---- */

/* Makes a path of a job absolute; a name without a slash, if only_paths, is searched on PATH and stays. */
static bool make_absolute(char **path, const char *base, const char *cwd, bool only_paths)
{
	if (!*path || (only_paths && !strchr(*path, '/')))
		return true;
	char *joined = file_join(base, *path);
	char *absolute = joined ? file_join(cwd, joined) : NULL;
	free(joined);
	if (!absolute)
		return false;
	free(*path);
	*path = absolute;
	return true;
}

struct error *batch_jobs_make_absolute(struct batch_jobs *jobs)
{
	char *cwd = realpath(".", NULL);
	bool ok = cwd;

	if (!cwd)
		return error_os(errno, "find the current folder", NULL);
	for (size_t i = 0; i < jobs->list.len && ok; i++) {
		struct batch_job *job = &jobs->list.at[i];
		ok = make_absolute(&job->log, job->base, cwd, false) &&
		     make_absolute(&job->trace, job->base, cwd, false) &&
		     make_absolute(&job->program, job->base, cwd, false) &&
		     make_absolute(&job->sysroot, job->base, cwd, false) &&
		     make_absolute(&job->emulator, job->base, cwd, true);
	}
	free(cwd);
	return ok ? NULL : &error_no_memory;
}

struct error *batch_jobs_write(const struct batch_jobs *jobs, const char *path)
{
	struct strbuf text = {0};

	strbuf_printf(&text, "{\"format\": \"" BATCH_MANIFEST_FORMAT "\", \"version\": %d, \"jobs\": [",
		      BATCH_MANIFEST_VERSION);
	for (size_t i = 0; i < jobs->list.len; i++) {
		strbuf_append(&text, i ? ",\n" : "\n");
		json_write_object(&text, &batch_job_object, &jobs->list.at[i]);
	}
	strbuf_append(&text, "\n]}\n");
	struct error *err = strbuf_failed(&text) ? &error_no_memory : file_write(path, text.at, text.len);
	strbuf_deinit(&text);
	return err;
}
