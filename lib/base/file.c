#include "lib/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 << 10 };

static struct error *read_all(int fd, const char *path, size_t max, struct strbuf *text)
{
	char chunk[CHUNK];
	size_t before = text->len;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(errno, "read", path);
		if (n == 0)
			return strbuf_failed(text) ? &error_no_memory : NULL;
		strbuf_append_bytes(text, chunk, (size_t)n);
		if (text->len - before > max)
			return error_input(path, 0, "is longer than %zu bytes", max);
	}
}

struct error *file_read(const char *path, size_t max, struct strbuf *text)
{
	if (!strcmp(path, "-"))
		return read_all(STDIN_FILENO, "standard input", max, text);

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_os(errno, "open", path);
	struct error *err = read_all(fd, path, max, text);
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

/* The name to write under; NULL when out of memory. */
static char *part_of(const char *path)
{
	struct strbuf part = {0};

	strbuf_printf(&part, "%s%s", path, is_special(path) ? "" : ".part");
	return strbuf_take(&part);
}

static struct error *open_part(struct file_output *f, const char *path, const char *what)
{
	f->path = part_of(path);
	if (!f->path)
		return &error_no_memory;
	if (strcmp(f->path, path) != 0) {
		f->final = strdup(path);
		if (!f->final)
			return &error_no_memory;
	}
	f->fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return f->fd < 0 ? error_os(errno, what, f->path) : NULL;
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

/* A part that was not there before is made and goes again. */
static struct error *check_part(const char *part, const char *path)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		return error_os(errno, "write", path);
	close(fd);
	unlink(part);
	return NULL;
}

struct error *file_check_write(const char *path)
{
	struct error *err = check_folder(path, "write");
	char *part = err ? NULL : part_of(path);

	if (err)
		return err;
	if (!part)
		return &error_no_memory;
	if (strcmp(part, path) != 0)
		err = check_part(part, path);
	else if (access(path, W_OK) != 0)
		err = error_os(errno, "write", path);
	free(part);
	return err;
}

char *file_join(const char *folder, const char *name)
{
	struct strbuf path = {0};

	if (folder && *folder && *name != '/')
		strbuf_printf(&path, "%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/");
	strbuf_append(&path, name);
	return strbuf_take(&path);
}
