#include "lib/base/temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/strbuf.h"

#define PREFIX "validate-"

enum { LETTERS = 6 /* of mkdtemp() */, YOUNG = 60 /* seconds: it may be locked yet */ };

static bool is_name(const char *name)
{
	size_t prefix = sizeof PREFIX - 1;

	return !strncmp(name, PREFIX, prefix) && strlen(name) == prefix + LETTERS;
}

/* The open folder is this user's, nobody else can enter it, and it was not made just now. */
static bool is_old_and_ours(int fd, struct stat *ret)
{
	return fstat(fd, ret) == 0 && ret->st_uid == geteuid() && (ret->st_mode & 07777) == 0700 &&
	       time(NULL) - ret->st_mtime > YOUNG;
}

static void remove_contents(int fd, const char *const *contents)
{
	for (size_t i = 0; contents[i]; i++)
		unlinkat(fd, contents[i], 0);
}

/* The name may by now be another folder's: of that, too, only an empty one goes. */
static void remove_left(int parent, const char *name, const char *const *contents)
{
	struct stat opened, named;
	int fd = parent < 0 ? -1 : openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Whoever has it holds the lock to its end. */
	bool left = is_old_and_ours(fd, &opened) && flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (left && fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_ino == opened.st_ino &&
	    named.st_dev == opened.st_dev) {
		remove_contents(fd, contents);
		unlinkat(parent, name, AT_REMOVEDIR);
	}
	close(fd);
}

static void remove_all_left(const char *parent, const char *const *contents)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (is_name(entry->d_name))
			remove_left(dirfd(dir), entry->d_name, contents);
	if (dir)
		closedir(dir);
}

static const char *find_parent(size_t max)
{
	const char *parent = getenv("TMPDIR");

	return parent && parent[0] == '/' && (!max || strlen(parent) <= max) ? parent : "/tmp";
}

/* mkdtemp() gives it the mode 0700. */
static struct error *make(struct temp_folder *t, const char *parent)
{
	if (asprintf(&t->path, "%s/" PREFIX "XXXXXX", parent) < 0) {
		t->path = NULL;
		return &error_no_memory;
	}
	if (!mkdtemp(t->path)) {
		struct error *err = error_create(
			ERROR_OS,
			"a temporary folder cannot be made in %s: %s: set TMPDIR to a folder that can be written to",
			parent, strerror(errno));
		free(t->path);
		t->path = NULL;
		return err;
	}
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return t->fd < 0 || flock(t->fd, LOCK_EX | LOCK_NB) != 0 ? error_os(errno, "lock", t->path) : NULL;
}

struct error *temp_folder_create(struct temp_folder *t, size_t max_parent, const char *const *contents)
{
	const char *parent = find_parent(max_parent);

	*t = (struct temp_folder){.fd = -1};
	remove_all_left(parent, contents);
	struct error *err = make(t, parent);
	if (err)
		temp_folder_remove(t, contents);
	return err;
}

void temp_folder_remove(struct temp_folder *t, const char *const *contents)
{
	if (t->path && t->fd >= 0)
		remove_contents(t->fd, contents);
	if (t->path)
		rmdir(t->path);
	if (t->path && t->fd >= 0)
		close(t->fd);
	free(t->path);
	*t = (struct temp_folder){.fd = -1};
}
