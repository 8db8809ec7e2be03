#include "lib/base/apart.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"

/* Where a file is, or will be: its folder and its name there. The caller frees both; NULL where nothing can be. */
struct spot {
	char *folder, *name;
};

static void spot_deinit(struct spot *s)
{
	free(s->folder);
	free(s->name);
}

/* Splits a path at its last slash, the folder without links. */
static struct spot split(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	struct spot s = {.folder = folder ? realpath(folder, NULL) : NULL, .name = strdup(slash ? slash + 1 : path)};

	free(folder);
	return s;
}

/* A link that leads to nothing yet: the file will be where it leads. */
static struct spot find_spot(const char *path)
{
	enum { LINKS = 40 }; /* as many as the kernel follows: path_resolution(7) */
	struct spot s = split(path);

	for (unsigned i = 0; i < LINKS && s.folder && s.name; i++) {
		char target[PATH_MAX];
		char *whole = file_join(s.folder, s.name), *next = NULL;
		ssize_t len = whole ? readlink(whole, target, sizeof target - 1) : -1;
		if (len > 0) {
			target[len] = '\0';
			next = file_join(s.folder, target);
		}
		free(whole);
		if (!next)
			break;
		spot_deinit(&s);
		s = split(next);
		free(next);
	}
	return s;
}

static bool same_spot(const char *a, const char *b)
{
	struct spot x = find_spot(a), y = find_spot(b);
	bool same = x.folder && y.folder && x.name && y.name && !strcmp(x.folder, y.folder) && !strcmp(x.name, y.name);

	spot_deinit(&x);
	spot_deinit(&y);
	return same;
}

static bool is_same(const char *a, const char *b)
{
	struct stat x, y;
	bool no_a = stat(a, &x) != 0, no_b = stat(b, &y) != 0;

	if (no_a || no_b)
		return no_a && no_b && same_spot(a, b);
	return S_ISREG(x.st_mode) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool is_file(const struct apart_file *f)
{
	return f->path && strcmp(f->path, "-") != 0;
}

static struct error *check_two(const struct apart_file *a, const struct apart_file *b)
{
	if (!is_same(a->path, b->path))
		return NULL;
	if (a->written && b->written)
		return error_create(ERROR_USAGE, "%s and %s both go to %s: give each a file of its own", a->name,
				    b->name, b->path);
	return error_create(ERROR_USAGE, "%s would be written over %s, %s: give another file",
			    (a->written ? a : b)->name, (a->written ? b : a)->name, (a->written ? b : a)->path);
}

struct error *apart_check(const struct apart_file *files, size_t num)
{
	struct error *err = NULL;

	for (size_t i = 0; i < num && !err; i++)
		for (size_t k = 0; k < i && !err; k++)
			if ((files[i].written || files[k].written) && is_file(&files[i]) && is_file(&files[k]))
				err = check_two(&files[k], &files[i]);
	return err;
}
