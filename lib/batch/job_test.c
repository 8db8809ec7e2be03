/* Manifests, right and hostile, and folders. */
#include "lib/batch/job.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/rng.h"
#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

#define HEADER "{\"format\": \"validate-manifest\", \"version\": 1"

static char path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("m.json", path);
}

static struct error *read_text(const char *text, size_t len, struct batch_jobs *jobs)
{
	put_file(path, text, len);
	return batch_jobs_read(jobs, path);
}

static const char document[] = HEADER
	", \"jobs\": [\n"
	" {\"name\": \"a\", \"log\": \"a.json\", \"program\": \"bin/a\", \"cpu\": \"max\",\n"
	"  \"emulator_args\": [\"-d\", \"cpu\"], \"args\": [\"--until\", \"main\"]},\n"
	" {\"name\": \"b-1.x\", \"trace\": \"/t/b.trace\"}\n"
	"]}\n";

static const char lines[] = HEADER "}\n"
				   "{\"name\": \"a\", \"log\": \"a.json\", \"program\": \"bin/a\", \"cpu\": \"max\", "
				   "\"emulator_args\": [\"-d\", \"cpu\"], \"args\": [\"--until\", \"main\"]}\n\n"
				   "{\"name\": \"b-1.x\", \"trace\": \"/t/b.trace\"}";

static const char *const forms[] = {document, lines};

START_TEST(both_forms_are_read)
{
	struct batch_jobs jobs = {0};

	ck_no_error(read_text(forms[_i], strlen(forms[_i]), &jobs));
	ck_assert_uint_eq(jobs.list.len, 2);
	const struct batch_job *a = &jobs.list.at[0], *b = &jobs.list.at[1];
	ck_assert_str_eq(a->name, "a");
	ck_assert_str_eq(a->log, "a.json");
	ck_assert_str_eq(a->program, "bin/a");
	ck_assert_str_eq(a->cpu, "max");
	ck_assert_ptr_null(a->trace);
	ck_assert_uint_eq(a->emulator_args.len, 2);
	ck_assert_str_eq(a->args.at[1], "main");
	ck_assert_str_eq(b->name, "b-1.x");
	ck_assert_str_eq(b->trace, "/t/b.trace");
	ck_contains(a->base, scratch_folder());
	batch_jobs_deinit(&jobs);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	struct batch_jobs jobs = {0}, again = {0};
	char copy[SCRATCH_PATH_LEN], expected[SCRATCH_PATH_LEN];

	scratch_path("copy.json", copy);
	scratch_path("a.json", expected);
	ck_no_error(read_text(document, strlen(document), &jobs));
	ck_no_error(batch_jobs_make_absolute(&jobs));
	ck_no_error(batch_jobs_write(&jobs, copy));
	ck_no_error(batch_jobs_read(&again, copy));
	ck_assert_uint_eq(again.list.len, 2);
	ck_assert_str_eq(again.list.at[0].log, expected);
	ck_assert_str_eq(again.list.at[0].args.at[0], "--until");
	ck_assert_str_eq(again.list.at[1].trace, "/t/b.trace");
	batch_jobs_deinit(&jobs);
	batch_jobs_deinit(&again);
}
END_TEST

#define JOB(members) HEADER ", \"jobs\": [{\"name\": \"a\", " members "}]}"

static const struct {
	const char *text, *message;
} hostile[] = {
	{"", "m.json:1: column 0: not JSON"},
	{"[]", "not a manifest: it does not start with {\"format\": \"validate-manifest\""},
	{"{\"format\": \"validate-log\", \"version\": 1}", "not a manifest"},
	{"{\"format\": \"validate-manifest\", \"version\": 2, \"jobs\": []}", "version: version 2 of the format"},
	{"{\"format\": \"validate-manifest\", \"jobs\": []}", "version: expected a number"},
	{HEADER "}", "has no jobs"},
	{HEADER ", \"jobs\": []}", "has no jobs"},
	{HEADER ", \"jobs\": {}}", "jobs: expected an array"},
	{HEADER ", \"jobs\": [], \"more\": 1}", "unknown members"},
	{HEADER ", \"jobs\": []} x", "text behind the document"},
	{HEADER "} {\"name\": \"a\", \"log\": \"x\"}", "m.json:1: expected the end of the line"},
	{"{\"format\": \"validate-manifest\",\n\"version\": 1}\n", "the header is to be one line"},
	{HEADER "}\n\n{\"name\": \"a\"}", "m.json:3: expected \"log\" or \"trace\""},
	{HEADER "}\n{\"name\": ", "m.json:2: column"},
	{HEADER ", \"jobs\": [1]}", "jobs[0]: expected an object"},
	{HEADER ", \"jobs\": [{}]}", "jobs[0].name: missing"},
	{JOB("\"log\": 1"), "jobs[0].log: expected a string"},
	{JOB("\"log\": \"x\", \"trace\": \"y\""), "expected \"log\" or \"trace\", one of them"},
	{JOB("\"log\": \"x\", \"log\": \"y\""), "duplicate"},
	{JOB("\"log\": \"x\", \"mode\": \"y\""), "jobs[0]: unknown member \"mode\""},
	{JOB("\"log\": \"a\\u0000b\""), "not JSON"},
	{JOB("\"log\": {\"base64\": \"AGE=\"}"), "jobs[0].log: a zero byte"},
	{JOB("\"log\": \"x\", \"target\": \"bochs\""), "target: expected \"unicorn\", \"qemu\" or \"remote\""},
	{JOB("\"log\": \"x\", \"target\": \"remote\""), "remote: goes with target \"remote\""},
	{JOB("\"log\": \"x\", \"target\": \"qemu\", \"remote\": \"h:1\""), "remote: goes with target \"remote\""},
	{JOB("\"log\": \"x\", \"remote\": \"h:1\", \"cpu\": \"max\""), "a remote target is there already"},
	{JOB("\"log\": \"x\", \"target\": \"unicorn\", \"emulator\": \"q\""), "go with target \"qemu\""},
	{JOB("\"trace\": \"x\", \"cpu\": \"max\""), "a trace is judged without an emulator"},
	{JOB("\"log\": \"x\", \"args\": [\"--strict\", 1]"), "jobs[0].args[1]: expected a string"},
	{JOB("\"log\": \"x\", \"args\": [\"--strict\", \"--report=/x\"]"),
	 "args[1]: --report=/x is no option that a job"},
	{JOB("\"log\": \"x\", \"args\": [\"--junit\", \"/x\"]"), "args[0]: --junit is no option that a job may set"},
	{JOB("\"log\": \"x\", \"args\": [\"--trace=/x\"]"), "args[0]: --trace=/x is no option that a job may set"},
	{JOB("\"log\": \"x\", \"args\": [\"--until\", \"--html\", \"--html=/x\"]"), "args[2]: --html=/x is no option"},
	{JOB("\"log\": \"x\", \"args\": [\"--until\"]"), "args[0]: --until needs an argument"},
	{JOB("\"log\": \"x\", \"args\": [\"--\", \"/bin/sh\"]"), "args[0]: -- is no option"},
	{JOB("\"log\": \"x\", \"args\": [\"/bin/sh\"]"), "args[0]: '/bin/sh': options are given by their long"},
	{JOB("\"log\": \"/dev/zero\""), "jobs[0].log: /dev/zero: is not a regular file"},
	{JOB("\"trace\": \"/proc/kmsg\""), "jobs[0].trace: /proc/kmsg: is not a regular file"},
	{JOB("\"log\": \"x\", \"program\": \"/proc/self/exe\""), "jobs[0].program: /proc/self/exe: is a symbolic link"},
	{JOB("\"log\": \"x\", \"args\": [\"-o\", \"/etc/passwd\"]"), "args[0]: '-o': options are given by their long"},
	{HEADER ", \"jobs\": [{\"name\": \"../a\", \"log\": \"x\"}]}", "jobs[0].name: expected at most 100 letters"},
	{HEADER ", \"jobs\": [{\"name\": \"a/b\", \"log\": \"x\"}]}", "jobs[0].name: expected"},
	{HEADER ", \"jobs\": [{\"name\": \"\", \"log\": \"x\"}]}", "jobs[0].name: expected"},
	{HEADER ", \"jobs\": [{\"name\": \"a\", \"log\": \"x\"}, {\"name\": \"a\", \"log\": \"y\"}]}",
	 "two jobs have the name 'a'"},
};

START_TEST(hostile_texts_are_refused)
{
	struct batch_jobs jobs = {0};

	ck_error(read_text(hostile[_i].text, strlen(hostile[_i].text), &jobs), ERROR_INPUT, hostile[_i].message);
	batch_jobs_deinit(&jobs);
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
	struct batch_jobs jobs = {0};
	struct strbuf text = {0};

	strbuf_append(&text, HEADER ", \"jobs\": ");
	for (int i = 0; i < 1000000; i++)
		strbuf_append_char(&text, '[');
	ck_error(read_text(text.at, text.len, &jobs), ERROR_INPUT, "not JSON");
	ck_error(batch_jobs_read(&jobs, "/dev/zero"), ERROR_INPUT, "longer than");
	strbuf_deinit(&text);
	batch_jobs_deinit(&jobs);
}
END_TEST

/* Cut anywhere, or with any bit flipped, it is read or refused, and never crashes. */
START_TEST(damage_is_survived)
{
	const char *text = forms[_i];
	size_t len = strlen(text);
	struct rng rng = {7};

	for (size_t n = 0; n < len; n++) {
		struct batch_jobs jobs = {0};
		char damaged[sizeof document + sizeof lines];
		memcpy(damaged, text, len);
		damaged[n] ^= (char)(1u << rng_below(&rng, 8));
		error_destroy(read_text(damaged, len, &jobs));
		batch_jobs_deinit(&jobs);
		struct error *err = read_text(text, n, &jobs);
		/* The document ends with a newline that may be missing; a line may end behind any job. */
		if (!err && _i == 0)
			ck_assert_uint_ge(n, len - 1);
		else if (!err)
			ck_assert_int_eq(text[n - 1] == '}' || text[n - 1] == '\n', true);
		error_destroy(err);
		batch_jobs_deinit(&jobs);
	}
}
END_TEST

static void put_text(const char *name, const char *text)
{
	char at[SCRATCH_PATH_LEN];

	scratch_path(name, at);
	put_file(at, text, strlen(text));
}

START_TEST(folders_are_searched)
{
	static const char log[] = "{\"format\": \"validate-log\", \"version\": 1,\n";
	struct batch_jobs jobs = {0};
	char folder[SCRATCH_PATH_LEN];

	put_text("b.json", log);
	put_text("a b.json", log);
	put_text("a_b.json", log);
	put_text("report.json", "{\n  \"format\": \"validate-report\"");
	put_text("log.txt", log);
	put_text(".hidden.json", log);
	put_text("b.json.part", log);
	put_text("t.vtrace", "VALTRACE...");
	put_text("t.vtrace.part", "VALTRACE...");
	scratch_path("folder.json", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_error(batch_jobs_add(&jobs, folder), ERROR_INPUT, "has neither event logs");
	ck_no_error(batch_jobs_add(&jobs, scratch_folder()));
	ck_assert_uint_eq(jobs.list.len, 4);
	ck_assert_str_eq(jobs.list.at[0].name, "a_b");
	ck_assert_str_eq(jobs.list.at[0].log, "a b.json");
	ck_assert_str_eq(jobs.list.at[1].name, "a_b-2");
	ck_assert_str_eq(jobs.list.at[2].name, "b");
	ck_assert_str_eq(jobs.list.at[3].trace, "t.vtrace");
	ck_assert_ptr_null(jobs.list.at[3].log);
	batch_jobs_deinit(&jobs);
}
END_TEST

static void make_folder(const char *name)
{
	char at[SCRATCH_PATH_LEN];

	scratch_path(name, at);
	ck_assert_int_eq(mkdir(at, 0700), 0);
}

START_TEST(folders_within_folders_are_searched)
{
	static const char log[] = "{\"format\": \"validate-log\", \"version\": 1,\n";
	static const char *const expected[][2] = {
		{"a", "a.json"},     {"b-a", "b/a.json"},   {"b-c-run", "b/c/run.json"},
		{"b-d", "b/d.json"}, {"b-a-2", "b-a.json"},
	};
	struct batch_jobs jobs = {0};
	char link[SCRATCH_PATH_LEN];

	make_folder("b");
	make_folder("b/c");
	make_folder("b/.git");
	put_text("a.json", log);
	put_text("b-a.json", log);
	put_text("b/d.json", log);
	put_text("b/a.json", log);
	put_text("b/c/run.json", log);
	put_text("b/.git/run.json", log);
	scratch_path("b/c/again", link);
	ck_assert_int_eq(symlink("..", link), 0);
	ck_no_error(batch_jobs_add(&jobs, scratch_folder()));
	ck_assert_uint_eq(jobs.list.len, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < jobs.list.len; i++) {
		ck_assert_str_eq(jobs.list.at[i].name, expected[i][0]);
		ck_assert_str_eq(jobs.list.at[i].log, expected[i][1]);
		ck_assert_str_eq(jobs.list.at[i].base, scratch_folder());
	}
	batch_jobs_deinit(&jobs);
}
END_TEST

START_TEST(folders_have_an_end)
{
	struct batch_jobs jobs = {0};
	char at[SCRATCH_PATH_LEN];

	scratch_path("", at);
	for (size_t i = strlen(at); i + 2 < 80 + strlen(scratch_folder()); i += 2) {
		memcpy(at + i, "d/", 3);
		ck_assert_int_eq(mkdir(at, 0700), 0);
	}
	ck_error(batch_jobs_add(&jobs, scratch_folder()), ERROR_INPUT, "folders deep");
	batch_jobs_deinit(&jobs);
}
END_TEST

START_TEST(long_paths_have_short_names)
{
	static const char log[] = "{\"format\": \"validate-log\", \"version\": 1,\n";
	struct batch_jobs jobs = {0};
	char name[200] = "";

	memset(name, 'x', 77);
	make_folder(name);
	strcat(name, "/busybox-sha256sum.json");
	put_text(name, log);
	ck_no_error(batch_jobs_add(&jobs, scratch_folder()));
	ck_assert_uint_eq(strlen(jobs.list.at[0].name), BATCH_NAME_MAX - 7);
	ck_assert_str_eq(strchr(jobs.list.at[0].name, '-'), "-busybox-sha256sum");
	batch_jobs_deinit(&jobs);
}
END_TEST

START_TEST(files_are_jobs)
{
	struct batch_jobs jobs = {0};

	put_text("m.json", "{\"format\": \"validate-log\", \"version\": 1,\n");
	ck_no_error(batch_jobs_add(&jobs, path));
	ck_assert_str_eq(jobs.list.at[0].log, path);
	put_text("m.json", "{}");
	ck_error(batch_jobs_add(&jobs, path), ERROR_INPUT, "neither an event log nor a trace");
	ck_error(batch_jobs_add(&jobs, "/nosuchfile"), ERROR_OS, "/nosuchfile: No such file");
	batch_jobs_deinit(&jobs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("job");
	TCase *tcase = tcase_create("job");

	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_add_loop_test(tcase, both_forms_are_read, 0, 2);
	tcase_add_test(tcase, what_is_written_is_read);
	tcase_add_loop_test(tcase, hostile_texts_are_refused, 0, sizeof hostile / sizeof *hostile);
	tcase_add_test(tcase, deep_nesting_is_refused);
	tcase_add_loop_test(tcase, damage_is_survived, 0, 2);
	tcase_add_test(tcase, folders_are_searched);
	tcase_add_test(tcase, folders_within_folders_are_searched);
	tcase_add_test(tcase, folders_have_an_end);
	tcase_add_test(tcase, long_paths_have_short_names);
	tcase_add_test(tcase, files_are_jobs);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
