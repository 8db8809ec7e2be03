/* The files behind mappings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/codec.h"
#include "lib/record/internal.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The path that the kernel gives for the open file; it may say " (deleted)" or be no path at all. */
static struct error *link_target(const char *link, char **ret)
{
	char path[4096 + 16];
	ssize_t len = readlink(link, path, sizeof path - 1);

	if (len < 0)
		return error_os(errno, "read the link", link);
	path[len] = '\0';
	*ret = strdup(path);
	return *ret ? NULL : &error_no_memory;
}

static struct error *add_file(struct recording *r, const char *link, const struct stat *st, struct record_file **ret)
{
	struct record_file f = {.st = *st};
	struct stat named;
	struct error *err = S_ISREG(st->st_mode) ? evlog_file_identify(link, &f.file) : NULL;

	if (err)
		return err;
	free(f.file.path);
	f.file.path = NULL;
	err = link_target(link, &f.file.path);
	if (!err && !vec_push(&r->files, f))
		err = &error_no_memory;
	if (err) {
		evlog_file_deinit(&f.file);
		return err;
	}
	*ret = &r->files.at[r->files.len - 1];
	(*ret)->found = S_ISREG(st->st_mode) && stat(f.file.path, &named) == 0 && same_file(st, &named);
	return NULL;
}

static struct error *find_file(struct recording *r, const char *link, const struct stat *st, struct record_file **ret)
{
	for (size_t i = 0; i < r->files.len; i++) {
		if (same_file(&r->files.at[i].st, st)) {
			*ret = &r->files.at[i];
			return NULL;
		}
	}
	return add_file(r, link, st, ret);
}

/* What the mapping shows of a regular file: its protection may forbid looking at it in memory. */
static struct error *read_file(const char *link, uint64_t offset, uint64_t len, struct evlog_backing *b)
{
	int fd = open(link, O_RDONLY | O_CLOEXEC);
	uint64_t done = 0;

	if (fd < 0)
		return error_os(errno, "open the mapped file", b->file.path);
	while (done < len) {
		ssize_t n = pread(fd, b->data + done, len - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			struct error *err = error_os(errno, "read the mapped file", b->file.path);
			close(fd);
			return err;
		}
		if (n == 0)
			break;
		done += (uint64_t)n;
	}
	close(fd);
	b->data_len = done;
	return NULL;
}

static struct error *embed(struct recording *r, const char *link, bool regular, struct evlog_backing *b)
{
	const struct sys_call *sys = &r->call.sys;
	uint64_t len = sys->arg[1];

	if (regular && b->file.size < b->offset)
		len = 0;
	else if (regular && b->file.size - b->offset < len)
		len = b->file.size - b->offset;
	if (len > EVLOG_DATA_MAX)
		return error_create(ERROR_UNSUPPORTED,
				    "the program maps %llu MiB of %s, more than an event can hold (%llu MiB)",
				    (unsigned long long)(len >> 20), b->file.path,
				    (unsigned long long)(EVLOG_DATA_MAX >> 20));
	b->data = malloc(len ? len : 1);
	if (!b->data)
		return &error_no_memory;
	if (regular)
		return read_file(link, b->offset, len, b);

	size_t got;
	struct error *err = tracee_read_some(r->n, (uint64_t)sys->result, b->data, len, &got);
	if (err)
		return err;
	/* Such a file has no contents but these to be known by. */
	b->data_len = b->file.size = got;
	codec_sha256(b->data, got, b->file.sha256);
	return NULL;
}

static struct error *copy_file(const struct evlog_file *from, struct evlog_file *ret)
{
	*ret = *from;
	ret->path = strdup(from->path);
	ret->build_id = from->build_id ? strdup(from->build_id) : NULL;
	return ret->path && (ret->build_id || !from->build_id) ? NULL : &error_no_memory;
}

static struct error *describe(struct recording *r, const char *link, struct evlog_backing *b)
{
	struct record_file *f = NULL;
	struct stat st;

	if (stat(link, &st) != 0)
		return error_os(errno, "look at the mapped file", link);
	struct error *err = find_file(r, link, &st, &f);
	if (!err)
		err = copy_file(&f->file, &b->file);
	if (!err && (!f->found || r->options->embed_files))
		err = embed(r, link, S_ISREG(st.st_mode), b);
	return err;
}

struct error *record_backing(struct recording *r, struct evlog_backing **ret)
{
	const struct sys_call *sys = &r->call.sys;
	char name[32], link[NATIVE_PROC_LEN];

	*ret = NULL;
	if (r->call.desc->sem != SYS_MMAP || sys->arg[3] & MAP_ANONYMOUS || (sys->result < 0 && sys->result >= -4095))
		return NULL;
	struct evlog_backing *b = calloc(1, sizeof *b);
	if (!b)
		return &error_no_memory;
	b->offset = sys->arg[5];
	snprintf(name, sizeof name, "fd/%d", (int)sys->arg[4]);
	tracee_proc_path(r->n, name, link);
	struct error *err = describe(r, link, b);
	if (err) {
		record_free_backing(b);
		return error_prefix(err, "file descriptor %d, which the program maps", (int)sys->arg[4]);
	}
	*ret = b;
	return NULL;
}

void record_free_backing(struct evlog_backing *backing)
{
	if (!backing)
		return;
	evlog_file_deinit(&backing->file);
	free(backing->data);
	free(backing);
}

void record_deinit_files(struct recording *r)
{
	for (size_t i = 0; i < r->files.len; i++)
		evlog_file_deinit(&r->files.at[i].file);
	vec_deinit(&r->files);
}
