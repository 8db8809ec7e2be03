/* Jobs out of folders and files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/strbuf.h"
#include "lib/batch/internal.h"
#include "lib/trace/format.h"

enum kind { KIND_OTHER, KIND_LOG, KIND_TRACE };

/* How the files start that make a job. */
static const struct {
	const char *start;
	enum kind kind;
} starts[] = {
	{"{\"format\": \"validate-log\"", KIND_LOG},
	{TRACE_MAGIC, KIND_TRACE},
};

enum { START_MAX = 64, MAX_DEPTH = 32 /* of folders within folders */ };

static struct error *find_kind(const char *path, enum kind *ret)
{
	char start[START_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_os(errno, "open", path);
	ssize_t len = read(fd, start, sizeof start);
	int errnum = errno;
	close(fd);
	if (len < 0)
		return error_os(errnum, "read", path);
	*ret = KIND_OTHER;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if ((size_t)len >= strlen(starts[i].start) && !memcmp(start, starts[i].start, strlen(starts[i].start)))
			*ret = starts[i].kind;
	return NULL;
}

/* ---- Names ---- */

/* The file's path without its last suffix, of letters that a name may have; of a long one the end. */
static void name_of(const char *path, char ret[BATCH_NAME_MAX + 1])
{
	enum { LONGEST = BATCH_NAME_MAX - 7 }; /* a number may have to follow */
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path, *dot = strrchr(file, '.');
	size_t len = dot && dot > file ? (size_t)(dot - path) : strlen(path);

	if (len > LONGEST) {
		path += len - LONGEST;
		len = LONGEST;
	}
	for (size_t i = 0; i < len; i++) {
		char c = path[i] == '/' ? '-' : path[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
		ret[i] = (char)(letter || (i > 0 && strchr(".+-", c)) ? c : '_');
	}
	ret[len] = '\0';
}

static bool is_taken(const struct batch_jobs *jobs, const char *name)
{
	for (size_t i = 0; i < jobs->list.len; i++)
		if (!strcmp(jobs->list.at[i].name, name))
			return true;
	return false;
}

/* Most names are free: the search for a number is short, and the search for a name is over few jobs. */
static char *free_name(const struct batch_jobs *jobs, const char *path)
{
	char name[BATCH_NAME_MAX + 1], numbered[BATCH_NAME_MAX + 16];

	name_of(path, name);
	if (!is_taken(jobs, name))
		return strdup(name);
	for (unsigned n = 2;; n++) {
		snprintf(numbered, sizeof numbered, "%s-%u", name, n);
		if (!is_taken(jobs, numbered))
			return strdup(numbered);
	}
}

/* ---- Files and folders ---- */

/* file is where it is in the folder base, or a path of its own; its name is made of `named`. */
static struct error *add_file(struct batch_jobs *jobs, const char *base, const char *file, const char *named,
			      enum kind kind)
{
	struct batch_job job = {.name = free_name(jobs, named)};
	char *path = strdup(file);

	if (base)
		job.base = strdup(base);
	*(kind == KIND_TRACE ? &job.trace : &job.log) = path;
	if (job.name && path && (job.base || !base))
		return batch_jobs_push(jobs, &job);
	batch_job_deinit(&job);
	return &error_no_memory;
}

/* A log that was cut off is called .part; a trace may be called anything. */
static bool may_be(enum kind kind, const char *name)
{
	const char *dot = strrchr(name, '.');

	return kind == KIND_TRACE ? !dot || strcmp(dot, ".part") != 0
				  : kind == KIND_LOG && dot && !strcmp(dot, ".json");
}

/* A folder that is searched: base, and the one within it, as a path from there. */
struct search {
	struct batch_jobs *jobs;
	const char *base;
	unsigned depth;
};

static struct error *search_folder(struct search *s, const char *within);

static struct error *add_regular(struct search *s, const char *path, const char *inner)
{
	enum kind kind;
	struct error *err = find_kind(path, &kind);

	return err || !may_be(kind, inner) ? err : add_file(s->jobs, s->base, inner, inner, kind);
}

/* A link to a folder is not followed: it may lead anywhere, and back. */
static struct error *add_entry(struct search *s, const char *within, const char *name)
{
	struct error *err = &error_no_memory;
	struct stat link, st;

	if (name[0] == '.')
		return NULL;
	char *inner = file_join(within, name), *path = inner ? file_join(s->base, inner) : NULL;
	if (!path) {
		free(inner);
		return err;
	}
	err = lstat(path, &link) || stat(path, &st) ? error_os(errno, "open", path) : NULL;
	if (!err && S_ISREG(st.st_mode))
		err = add_regular(s, path, inner);
	else if (!err && S_ISDIR(link.st_mode))
		err = search_folder(s, inner);
	free(path);
	free(inner);
	return err;
}

static struct error *search_entries(struct search *s, const char *within, const char *path)
{
	struct dirent **entries;
	struct error *err = NULL;
	int len = scandir(path, &entries, NULL, alphasort);

	if (len < 0)
		return error_os(errno, "read the folder", path);
	for (int i = 0; i < len; i++) {
		if (!err)
			err = add_entry(s, within, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return err;
}

static struct error *search_folder(struct search *s, const char *within)
{
	char *path = *within ? file_join(s->base, within) : strdup(s->base);

	if (!path)
		return &error_no_memory;
	struct error *err = s->depth == MAX_DEPTH
				    ? error_input(path, 0, "is more than %d folders deep in %s", MAX_DEPTH, s->base)
				    : NULL;
	s->depth++;
	if (!err)
		err = search_entries(s, within, path);
	s->depth--;
	free(path);
	return err;
}

static struct error *add_folder(struct batch_jobs *jobs, const char *folder)
{
	struct search s = {.jobs = jobs, .base = folder};
	size_t before = jobs->list.len;
	struct error *err = search_folder(&s, "");

	if (!err && jobs->list.len == before)
		err = error_input(folder, 0, "has neither event logs (*.json of validate record) nor traces");
	return err;
}

struct error *batch_jobs_add(struct batch_jobs *jobs, const char *path)
{
	struct stat st;
	enum kind kind;

	if (stat(path, &st))
		return error_os(errno, "open", path);
	if (S_ISDIR(st.st_mode))
		return add_folder(jobs, path);
	struct error *err = find_kind(path, &kind);
	if (!err && kind == KIND_OTHER)
		err = error_input(path, 0, "is neither an event log nor a trace; a manifest is given with --manifest");
	const char *slash = strrchr(path, '/');
	return err ? err : add_file(jobs, NULL, path, slash ? slash + 1 : path, kind);
}
