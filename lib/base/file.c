#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { CHUNK = 64 << 10 };

/* ---- Reading ---- */

struct error *file_wait(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	/* poll() is never restarted behind a handler (signal(7)), and no handler but that of an interrupt is installed.
	 */
	if (poll(&wait, 1, -1) < 0)
		return errno == EINTR ? error_create(ERROR_INTERRUPTED, "interrupted") : error_os(errno, "poll", NULL);
	return NULL;
}

static struct error *too_long(const char *path, size_t max)
{
	return error_input(path, 0, "is longer than %zu bytes", max);
}

/* At most max bytes, or what the file has. */
static struct error *read_all(int fd, const char *path, size_t max, struct strbuf *text)
{
	char chunk[CHUNK];
	size_t before = text->len;

	for (;;) {
		struct error *err = file_wait(fd);
		if (err)
			return err;
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(errno, "read", path);
		if (n == 0)
			return strbuf_failed(text) ? &error_no_memory : NULL;
		strbuf_append_bytes(text, chunk, (size_t)n);
		if (text->len - before > max)
			return too_long(path, max);
	}
}

struct error *file_read(const char *path, size_t max, struct strbuf *text)
{
	struct stat st;

	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", max, text);

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == EINTR)
		return error_create(ERROR_INTERRUPTED, "interrupted");
	if (fd < 0)
		return error_os(errno, "open", path);
	bool large = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size > max;
	struct error *err = large ? too_long(path, max) : read_all(fd, path, max, text);
	close(fd);
	return err;
}

/* ---- Files that documents name ---- */

/* procfs and sysfs have regular files whose reading waits, or does something. */
static bool is_kernels(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) != 0 || fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC;
}

/* Of a file that is only named (O_PATH) yet: to open a device or a FIFO does something, or waits. */
static struct error *check_plain(int fd, const char *path, uint64_t max, uint64_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_os(errno, "look at", path);
	if (S_ISLNK(st.st_mode))
		return error_input(path, 0, "is a symbolic link, which is not followed here: name the file itself");
	if (!S_ISREG(st.st_mode) || is_kernels(fd))
		return error_input(path, 0, "is not a regular file");
	if ((uint64_t)st.st_size > max)
		return error_input(path, 0, "is longer than %llu bytes", (unsigned long long)max);
	*ret_size = (uint64_t)st.st_size;
	return NULL;
}

/* Names the last component of name, O_PATH; none of them is a link, or leads up. -1 with errno. */
static int walk(int folder, const char *name)
{
	int at = folder;

	for (;;) {
		size_t len = strcspn(name, "/");
		bool last = !name[len];
		char part[NAME_MAX + 1];
		if (!len || len > NAME_MAX || (len <= 2 && !strncmp(name, "..", len))) {
			errno = ELOOP;
			break;
		}
		memcpy(part, name, len);
		part[len] = '\0';
		int next = openat(at, part, O_PATH | O_NOFOLLOW | O_CLOEXEC | (last ? 0 : O_DIRECTORY));
		if (at != folder)
			close(at);
		if (next < 0 || last)
			return next;
		at = next;
		name += len + 1;
	}
	if (at != folder)
		close(at);
	return -1;
}

static int name_file(const char *folder, const char *name)
{
	if (!folder)
		return open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -1;
	int fd = walk(at, name), errnum = errno;
	close(at);
	errno = errnum;
	return fd;
}

/* The file that fd names, for reading. */
static struct error *reopen(int fd, const char *path, int *ret)
{
	char link[32];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	*ret = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return *ret < 0 ? error_os(errno, "open", path) : NULL;
}

/* Takes fd, which names the file at path, or is -1 with errno. */
static struct error *open_checked(int fd, const char *path, uint64_t max, int *ret_fd, uint64_t *ret_size)
{
	uint64_t size = 0;
	int opened = -1;
	struct error *err = fd < 0 ? error_os(errno, "open", path) : check_plain(fd, path, max, &size);

	if (!err)
		err = reopen(fd, path, &opened);
	if (fd >= 0)
		close(fd);
	if (err)
		return err;
	*ret_fd = opened;
	*ret_size = size;
	return NULL;
}

struct error *file_open_regular(const char *path, uint64_t max, int *ret_fd, uint64_t *ret_size)
{
	return open_checked(open(path, O_PATH | O_CLOEXEC), path, max, ret_fd, ret_size);
}

struct error *file_open_named(const char *folder, const char *name, uint64_t max, int *ret_fd, uint64_t *ret_size)
{
	char *path = file_join(folder, name);
	struct error *err = path ? open_checked(name_file(folder, name), path, max, ret_fd, ret_size)
				 : &error_no_memory;

	free(path);
	return err;
}

struct error *file_read_named(const char *folder, const char *name, size_t max, struct strbuf *text)
{
	uint64_t size = 0;
	int fd = -1;
	char *path = file_join(folder, name);
	struct error *err = path ? file_open_named(folder, name, max, &fd, &size) : &error_no_memory;

	if (!err)
		err = read_all(fd, path, max, text);
	if (fd >= 0)
		close(fd);
	free(path);
	return err;
}

struct error *file_check_named(const char *folder, const char *name)
{
	uint64_t size = 0;
	int fd = -1;
	struct error *err = file_open_named(folder, name, UINT64_MAX, &fd, &size);

	if (!err)
		close(fd);
	return err;
}

/* ---- Files that get their name when they are complete ---- */

/* What is there and no regular file is written as it is. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static struct error *check_folder(const char *path, const char *what)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? error_os(EISDIR, what, path) : NULL;
}

/*
 * A file of a name of its own next to path, which nobody has: what another run left there, or somebody put there, is
 * neither written to nor followed. *ret_part is the caller's, also where it fails.
 */
static struct error *create_part(const char *path, const char *what, char **ret_part, int *ret_fd)
{
	enum { PARTS = 100 };

	*ret_part = NULL;
	for (unsigned n = 1; n <= PARTS; n++) {
		struct strbuf part = {0};
		strbuf_printf(&part, n == 1 ? "%s.part" : "%s.%u.part", path, n);
		free(*ret_part);
		*ret_part = strbuf_take(&part);
		if (!*ret_part)
			return &error_no_memory;
		*ret_fd = open(*ret_part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (*ret_fd >= 0)
			return NULL;
		if (errno != EEXIST)
			return error_os(errno, what, *ret_part);
	}
	return error_input(path, 0, "%u unfinished files of its name (.part) stand beside it: remove them", PARTS);
}

static struct error *open_part(struct file_output *f, const char *path, const char *what)
{
	if (!is_special(path)) {
		f->final = strdup(path);
		return f->final ? create_part(path, what, &f->path, &f->fd) : &error_no_memory;
	}
	f->path = strdup(path);
	if (!f->path)
		return &error_no_memory;
	f->fd = open(path, O_WRONLY | O_CLOEXEC);
	return f->fd < 0 ? error_os(errno, what, path) : NULL;
}

struct error *file_output_open(struct file_output *f, const char *path, const char *what)
{
	*f = (struct file_output){.fd = -1};

	struct error *err = check_folder(path, what);
	if (!err)
		err = open_part(f, path, what);
	if (err)
		file_output_close(f);
	return err;
}

struct error *file_output_write(struct file_output *f, const void *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(f->fd, (const char *)bytes + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(errno, "write", f->path);
		done += (size_t)n;
		f->written += (size_t)n;
	}
	return NULL;
}

struct error *file_output_finish(struct file_output *f)
{
	int fd = f->fd;

	f->fd = -1;
	if (close(fd) != 0)
		return error_os(errno, "write", f->path);
	if (f->final && rename(f->path, f->final) != 0)
		return error_os(errno, "rename to its final name", f->path);
	return NULL;
}

void file_output_close(struct file_output *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->final);
	*f = (struct file_output){.fd = -1};
}

struct error *file_write(const char *path, const void *bytes, size_t len)
{
	struct file_output f;
	struct error *err = file_output_open(&f, path, "create");

	if (err)
		return err;
	err = file_output_write(&f, bytes, len);
	if (!err)
		err = file_output_finish(&f);
	if (err && f.final)
		unlink(f.path);
	file_output_close(&f);
	return err;
}

/* A file is made next to it, and goes again. */
static struct error *check_part(const char *path)
{
	char *part;
	int fd = -1;
	struct error *err = create_part(path, "write", &part, &fd);

	if (error_is(err, ERROR_OS)) {
		int errnum = err->errnum;
		error_destroy(err);
		err = error_os(errnum, "write", path);
	}
	if (fd >= 0) {
		unlink(part);
		close(fd);
	}
	free(part);
	return err;
}

struct error *file_check_write(const char *path)
{
	struct error *err = check_folder(path, "write");

	if (err)
		return err;
	if (!is_special(path))
		return check_part(path);
	return access(path, W_OK) != 0 ? error_os(errno, "write", path) : NULL;
}

char *file_join(const char *folder, const char *name)
{
	struct strbuf path = {0};

	if (folder && *folder && *name != '/')
		strbuf_printf(&path, "%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/");
	strbuf_append(&path, name);
	return strbuf_take(&path);
}
