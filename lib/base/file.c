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

static bool write_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static struct error *write_part(const char *part, const char *path, const void *bytes, size_t len)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return error_os(errno, "create", part);
	bool ok = write_all(fd, bytes, len);
	int errnum = errno;
	if (close(fd) && ok) {
		ok = false;
		errnum = errno;
	}
	bool renamed = strcmp(part, path) != 0;
	if (ok && renamed && rename(part, path)) {
		ok = false;
		errnum = errno;
	}
	if (ok)
		return NULL;
	if (renamed)
		unlink(part);
	return error_os(errnum, "write", path);
}

/* The name to write under; NULL when out of memory. */
static char *part_of(const char *path)
{
	struct strbuf part = {0};
	struct stat st;
	bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);

	strbuf_printf(&part, "%s%s", path, special ? "" : ".part");
	return strbuf_take(&part);
}

struct error *file_write(const char *path, const void *bytes, size_t len)
{
	char *part = part_of(path);
	struct error *err = part ? write_part(part, path, bytes, len) : &error_no_memory;

	free(part);
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
	char *part = part_of(path);
	struct error *err = NULL;

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
