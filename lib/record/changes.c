/*
 * What calls do to files that are mapped: the mappings show it. Which bytes a call wrote follows from its arguments and
 * its result; the bytes are read from the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/record/internal.h"

/* Where a call wrote. */
enum where {
	AT_POSITION,  /* the descriptor's, which is behind what was written */
	AT_ARGUMENT,  /* argument `at`; at the position if that is -1 (pwritev2) */
	AT_POINTED,   /* likewise, but in memory; at the position for NULL */
	AT_ALLOCATED, /* fallocate() */
	AT_ALL,       /* anywhere: FICLONE, FICLONERANGE */
	AT_NONE,      /* only the size may have changed */
};

enum { RESULT = 6, PATH = 7 }; /* in place of an argument's number */

static const struct row {
	enum sys_sem sem;
	uint8_t file; /* argument that is the descriptor; or RESULT; or PATH: argument 0 is the path */
	enum where where;
	uint8_t at;
} rows[] = {
	/* clang-format off */
	{SYS_WRITE,           0, AT_POSITION,  0},
	{SYS_WRITEV,          0, AT_POSITION,  0},
	{SYS_PWRITE64,        0, AT_ARGUMENT,  3},
	{SYS_PWRITEV,         0, AT_ARGUMENT,  3},
	{SYS_PWRITEV2,        0, AT_ARGUMENT,  3},
	{SYS_SENDFILE,        0, AT_POSITION,  0},
	{SYS_COPY_FILE_RANGE, 2, AT_POINTED,   3},
	{SYS_SPLICE,          2, AT_POINTED,   3},
	{SYS_FTRUNCATE,       0, AT_NONE,      0},
	{SYS_FALLOCATE,       0, AT_ALLOCATED, 0},
	{SYS_IOCTL,           0, AT_ALL,       0},
	{SYS_TRUNCATE,        PATH, AT_NONE,   0},
	{SYS_OPEN,            RESULT, AT_NONE, 0},
	{SYS_OPENAT,          RESULT, AT_NONE, 0},
	{SYS_OPENAT2,         RESULT, AT_NONE, 0},
	{SYS_CREAT,           RESULT, AT_NONE, 0},
	/* clang-format on */
};

/* NULL: such a call changes no file, or this one did not. */
static const struct row *find_row(const struct record_call *c)
{
	const struct row *row = NULL;

	for (size_t i = 0; i < sizeof rows / sizeof *rows && !row; i++)
		if (rows[i].sem == c->desc->sem)
			row = &rows[i];
	if (!row || c->sys.result < 0)
		return NULL;
	if (row->where == AT_ALL && c->sys.arg[1] != FICLONE && c->sys.arg[1] != FICLONERANGE)
		return NULL;
	bool counts = row->where == AT_POSITION || row->where == AT_ARGUMENT || row->where == AT_POINTED;
	return counts && !c->sys.result ? NULL : row;
}

void record_clear_changes(struct evlog_event *ev)
{
	for (size_t i = 0; i < ev->changes.len; i++)
		free(ev->changes.at[i].data);
	ev->changes.len = 0;
}

/* ---- The file ---- */

enum { LINK_LEN = NATIVE_PROC_LEN + 4096 };

/* A path by which the file can be opened from here; "" if there is none. */
static void find_link(const struct recording *r, const struct row *row, char ret[LINK_LEN])
{
	const struct record_call *c = &r->call;
	uint64_t fd = row->file == RESULT ? (uint64_t)c->sys.result : c->sys.arg[row->file % 6];
	char name[32], place[NATIVE_PROC_LEN];

	ret[0] = '\0';
	if (row->file != PATH) {
		snprintf(name, sizeof name, "fd/%d", (int)fd);
		tracee_proc_path(r->n, name, place);
		snprintf(ret, LINK_LEN, "%s", place);
		return;
	}
	if (!c->strings.len || c->strings.at[0].len >= 4096)
		return;
	tracee_proc_path(r->n, c->texts.at[0] == '/' ? "root" : "cwd", place);
	snprintf(ret, LINK_LEN, "%s/%.*s", place, (int)c->strings.at[0].len, c->texts.at);
}

/* The program's memory as a file. */
static bool is_memory(const char *link, const struct stat *st)
{
	struct statfs fs;
	char path[64];

	if (!S_ISREG(st->st_mode) || st->st_size || statfs(link, &fs) != 0 || fs.f_type != PROC_SUPER_MAGIC)
		return false;
	ssize_t len = readlink(link, path, sizeof path);
	return len > 4 && !memcmp(path + len - 4, "/mem", 4);
}

/* ---- The bytes ---- */

/* The descriptor's position and flags. */
static struct error *look_at_descriptor(const struct recording *r, int fd, uint64_t *ret_position, bool *ret_appends)
{
	char name[32], path[NATIVE_PROC_LEN];
	unsigned flags = 0;

	snprintf(name, sizeof name, "fdinfo/%d", fd);
	tracee_proc_path(r->n, name, path);
	FILE *f = fopen(path, "r");
	if (!f)
		return error_os(errno, "open", path);
	bool ok = fscanf(f, "pos: %" SCNu64 " flags: %o", ret_position, &flags) == 2;
	fclose(f);
	*ret_appends = flags & O_APPEND;
	return ok ? NULL : error_create(ERROR_TARGET, "%s is not understood", path);
}

/* Bytes [*ret_from, *ret_from + *ret_len) of the file were written; size is what it has now. */
static struct error *find_bytes(const struct recording *r, const struct row *row, uint64_t size, uint64_t *ret_from,
				uint64_t *ret_len)
{
	const struct sys_call *sys = &r->call.sys;
	uint64_t position = 0, at = sys->arg[row->at], end;
	bool appends = false, pointed = row->where == AT_POINTED && at;

	*ret_from = *ret_len = 0;
	if (row->where == AT_NONE)
		return NULL;
	if (row->where == AT_ALL) {
		*ret_len = size;
		return NULL;
	}
	if (row->where == AT_ALLOCATED) {
		bool moves = sys->arg[1] & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE);
		*ret_from = sys->arg[2] < size ? sys->arg[2] : size;
		*ret_len = moves || sys->arg[3] > size - *ret_from ? size - *ret_from : sys->arg[3];
		return NULL;
	}
	*ret_len = (uint64_t)sys->result;
	struct error *err = look_at_descriptor(r, (int)sys->arg[row->file], &position, &appends);
	if (!err && pointed)
		err = tracee_read(r->n, at, &position, sizeof position);
	end = position;
	if (row->where == AT_ARGUMENT && at != UINT64_MAX)
		end = at + *ret_len;
	if (appends && row->where == AT_ARGUMENT)
		end = size; /* pwrite(2), BUGS */
	*ret_from = end - *ret_len;
	if (!err && (end > size || *ret_len > end))
		err = error_create(ERROR_TARGET, "%s has written behind the end of the file", sys->row->name);
	return err;
}

static struct error *read_bytes(const char *link, struct evlog_change *c)
{
	uint64_t done = 0;

	c->data = malloc(c->data_len ? c->data_len : 1);
	if (!c->data)
		return &error_no_memory;
	int fd = c->data_len ? open(link, O_RDONLY | O_CLOEXEC) : -1;
	while (fd >= 0 && done < c->data_len) {
		ssize_t n = pread(fd, c->data + done, c->data_len - done, (off_t)(c->offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (uint64_t)n;
	}
	int errnum = errno;
	if (fd >= 0)
		close(fd);
	return done == c->data_len ? NULL : error_os(errnum, "read the file that the program maps and writes to", link);
}

struct error *record_changes(struct recording *r)
{
	const struct row *row = find_row(&r->call);
	char link[LINK_LEN];
	struct stat st;

	if (!row)
		return NULL;
	find_link(r, row, link);
	if (!*link || stat(link, &st) != 0)
		return NULL; /* not a file of this system: a path in a QEMU sysroot */
	if (row->where != AT_NONE && is_memory(link, &st))
		return error_create(ERROR_UNSUPPORTED,
				    "the program writes to its own memory by /proc/self/mem (pc 0x%llx): that is not "
				    "recorded",
				    (unsigned long long)r->call.pc);
	struct evlog_change c = {.id = record_mapped_file(r, &st), .size = (uint64_t)st.st_size};
	if (!c.id)
		return NULL;
	struct error *err = find_bytes(r, row, c.size, &c.offset, &c.data_len);
	if (!err)
		err = read_bytes(link, &c);
	if (!err && !vec_push(&r->ev.changes, c))
		err = &error_no_memory;
	if (err)
		free(c.data);
	return err;
}
