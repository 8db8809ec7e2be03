/* The files behind mappings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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
	struct error *err = evlog_file_identify(link, &f.file);

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
	(*ret)->found = stat(f.file.path, &named) == 0 && same_file(st, &named);
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
	while (done && !b->data[done - 1])
		done--;
	b->data_len = done;
	return NULL;
}

/* Where the file's data ends at the latest: behind that are holes. */
static uint64_t data_end(const char *link, uint64_t size)
{
	int fd = open(link, O_RDONLY | O_CLOEXEC);
	off_t at = 0, hole = 0;

	while (fd >= 0 && (at = lseek(fd, hole, SEEK_DATA)) >= 0 && (hole = lseek(fd, at, SEEK_HOLE)) > at)
		continue;
	bool known = fd >= 0 && at < 0 && errno == ENXIO;
	if (fd >= 0)
		close(fd);
	return known && (uint64_t)hole < size ? (uint64_t)hole : size;
}

static struct error *embed(const char *link, uint64_t len, struct evlog_backing *b)
{
	uint64_t end = data_end(link, b->file.size);

	if (end < b->offset)
		len = 0;
	else if (end - b->offset < len)
		len = end - b->offset;
	if (len > EVLOG_DATA_MAX)
		return error_create(ERROR_UNSUPPORTED,
				    "the program maps %llu MiB of %s, more than an event can hold (%llu MiB)",
				    (unsigned long long)(len >> 20), b->file.path,
				    (unsigned long long)(EVLOG_DATA_MAX >> 20));
	b->data = malloc(len ? len : 1);
	return b->data ? read_file(link, b->offset, len, b) : &error_no_memory;
}

/* The number of the file, from 1. */
static struct error *number_file(struct recording *r, const struct stat *st, uint64_t *ret)
{
	*ret = record_mapped_file(r, st);
	if (*ret)
		return NULL;
	if (!vec_push(&r->mapped, ((struct record_mapped){st->st_dev, st->st_ino})))
		return &error_no_memory;
	*ret = r->mapped.len;
	return NULL;
}

uint64_t record_mapped_file(const struct recording *r, const struct stat *st)
{
	for (size_t i = 0; i < r->mapped.len; i++)
		if (r->mapped.at[i].dev == st->st_dev && r->mapped.at[i].ino == st->st_ino)
			return i + 1;
	return 0;
}

static struct error *copy_file(const struct evlog_file *from, struct evlog_file *ret)
{
	*ret = *from;
	ret->path = strdup(from->path);
	ret->build_id = from->build_id ? strdup(from->build_id) : NULL;
	return ret->path && (ret->build_id || !from->build_id) ? NULL : &error_no_memory;
}

static bool is_dev_zero(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 5);
}

/* The program can change the file, and it may have done so when the log is replayed. */
static bool is_writable(const char *link)
{
	struct stat st;

	return lstat(link, &st) == 0 && st.st_mode & S_IWUSR; /* proc_pid_fd: the mode tells how it was opened */
}

static uint64_t whole_pages(uint64_t len)
{
	enum { PAGE = 4096 };

	return (len + PAGE - 1) & -(uint64_t)PAGE;
}

static struct error *describe(struct recording *r, const char *link, struct evlog_backing *b)
{
	struct record_file *f = NULL;
	struct stat st;

	if (stat(link, &st) != 0)
		return error_os(errno, "look at the mapped file", link);
	if (is_dev_zero(&st)) {
		b->data = calloc(1, 1);
		return b->data ? link_target(link, &b->file.path) : &error_no_memory;
	}
	if (!S_ISREG(st.st_mode))
		return error_create(ERROR_UNSUPPORTED, "it is no file: what it shows changes by itself, and is not "
						       "recorded");
	struct error *err = find_file(r, link, &st, &f);
	if (!err)
		err = copy_file(&f->file, &b->file);
	if (!err)
		err = number_file(r, &st, &b->id);
	if (!err && (!f->found || r->options->embed_files || is_writable(link)))
		err = embed(link, whole_pages(r->call.sys.arg[1]), b);
	return err;
}

struct error *record_backing(struct recording *r, struct evlog_backing **ret)
{
	const struct sys_call *sys = &r->call.sys;
	char name[32], link[NATIVE_PROC_LEN];

	*ret = NULL;
	if (r->call.desc->sem != SYS_MMAP || sys->arg[3] & MAP_ANONYMOUS || sys_failed(sys->result))
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
	vec_deinit(&r->mapped);
}
