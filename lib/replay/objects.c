/*
 * Stand-ins for the files that the logged run mapped: files in the guest's memory, with the logged contents. What one
 * mapping or a call writes, the others show, because the guest's own kernel sees to it; and where a file ends, it ends
 * here as well. The model is told which pages are the same.
 */
#include <errno.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h> /* PROT_ and MAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */
#include <unistd.h>

#include "lib/base/codec.h"
#include "lib/base/file.h"
#include "lib/replay/internal.h"

_Static_assert(MEMORY_PAGE == 1 << PAGE_SHIFT, "a page");

uint64_t replay_round(uint64_t len)
{
	return (len + MEMORY_PAGE - 1) & -(uint64_t)MEMORY_PAGE;
}

static struct replay_object *object_at(const struct replay *r, uint64_t object)
{
	return &r->objects.at[object - 1];
}

int64_t replay_object_fd(const struct replay *r, uint64_t object)
{
	return object_at(r, object)->fd;
}

void replay_deinit_objects(struct replay *r)
{
	for (size_t i = 0; i < r->objects.len; i++)
		views_deinit(&r->objects.at[i].filled);
	vec_deinit(&r->objects);
	views_deinit(&r->views);
	views_deinit(&r->growth);
	views_deinit(&r->images);
}

/* ---- What is where ---- */

/* Pages of mappings behind their files' ends. */
static struct error *tell_unbacked(struct replay *r)
{
	VEC(struct target_range) ranges = {0};
	struct error *err = NULL;

	for (size_t i = 0; i < r->views.list.len && !err; i++) {
		const struct view *v = &r->views.list.at[i];
		uint64_t pages = v->object ? replay_round(object_at(r, v->object)->size) >> PAGE_SHIFT : UINT64_MAX;
		uint64_t there = pages > v->at ? pages - v->at : 0;
		struct target_range range = {(v->first + there) << PAGE_SHIFT, (v->num - there) << PAGE_SHIFT};
		if (there < v->num && !vec_push(&ranges, range))
			err = &error_no_memory;
	}
	if (!err)
		err = target_set_unbacked(r->target, ranges.at, ranges.len);
	vec_deinit(&ranges);
	return err;
}

static struct error *note_in_map(struct replay *r, uint64_t address, uint64_t len, const struct view *v)
{
	if (!v)
		return guest_map_unset(&r->map, address, len);
	return guest_map_set(&r->map, address, len, (int)replay_readable((uint64_t)v->prot),
			     v->object ? GUEST_MAP_OTHER : GUEST_MAP_FRESH);
}

struct error *replay_note(struct replay *r, struct replay_call *call, uint64_t address, uint64_t len,
			  const struct view *v)
{
	uint64_t first = address >> PAGE_SHIFT, num = replay_round(len) >> PAGE_SHIFT;
	struct view now = v ? *v : (struct view){0};
	const struct memory_view view = {now.object, now.at << PAGE_SHIFT, now.private};

	now.first = first;
	now.num = num;
	struct error *err = v ? views_map(&r->views, &now) : views_unmap(&r->views, first, num);
	if (!err && !vec_push(&r->mapped, ((struct replay_written){address, len})))
		err = &error_no_memory;
	if (!err)
		err = views_unmap(&r->growth, first, num);
	if (!err)
		err = views_unmap(&r->images, first, num);
	replay_find_aliases(r);
	if (!err)
		err = memory_map(call->memory, address, len, now.object ? &view : NULL);
	if (!err)
		err = note_in_map(r, address, replay_round(len), v);
	r->remapped = true;
	return err ? err : tell_unbacked(r);
}

/* ---- Changing an object ---- */

static struct error *refused(const char *what, int64_t result)
{
	return error_create(ERROR_TARGET, "the target cannot %s: %s", what, strerror((int)-result));
}

/* A call on an object that has to succeed. */
static struct error *object_call(struct replay *r, struct replay_call *call, const char *name, const uint64_t arg[6],
				 const char *what)
{
	int64_t result = 0;
	struct error *err = guest_call(r, call, name, arg, &result);

	return err || !sys_failed(result) ? err : refused(what, result);
}

/* The model knows nothing any more of what is behind the smaller size. */
static struct error *resize(struct replay *r, struct replay_call *call, uint64_t object, uint64_t size)
{
	struct replay_object *o = object_at(r, object);
	uint64_t from = size < o->size ? size : o->size;
	struct error *err = object_call(r, call, "ftruncate", (const uint64_t[6]){(uint64_t)o->fd, size},
					"change a file's size");

	if (err)
		return err;
	o->size = size;
	r->remapped = true;
	err = memory_forget_object(call->memory, object, from, UINT64_MAX - from);
	if (!err)
		err = replay_object_changed(r, object, from, UINT64_MAX - from);
	return err ? err : tell_unbacked(r);
}

/* Shows any mapping the object? */
static bool is_viewed(const struct replay *r, uint64_t object)
{
	for (size_t i = 0; i < r->views.list.len; i++)
		if (r->views.list.at[i].object == object)
			return true;
	return false;
}

/* An object that is mapped nowhere any more becomes another: the guest has not more files open than are mapped.
 * Whatever was in it is in the log again when it is mapped once more. *ret 0: there is none. */
static struct error *reuse_object(struct replay *r, struct replay_call *call, uint64_t id, uint64_t *ret)
{
	*ret = r->objects.len;
	while (*ret && is_viewed(r, *ret))
		--*ret;
	if (!*ret)
		return NULL;
	struct replay_object *o = object_at(r, *ret);
	o->id = id;
	o->aliased = false;
	o->filled.list.len = 0;
	memset(o->sha256, 0, sizeof o->sha256);
	return resize(r, call, *ret, 0);
}

/* Its name is "", which a fresh page says as well. */
static struct error *new_object(struct replay *r, struct replay_call *call, uint64_t id, uint64_t *ret)
{
	uint64_t page[6] = {0, MEMORY_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
	int64_t name = 0, fd = 0, result = 0;
	struct error *err = guest_call(r, call, "mmap", page, &name);

	if (!err && sys_failed(name))
		err = refused("map a page", name);
	if (!err)
		err = guest_call(r, call, "memfd_create", (const uint64_t[6]){(uint64_t)name, 0}, &fd);
	if (!err && sys_failed(fd))
		err = refused("make a file in memory, as mapped files need (memfd_create)", fd);
	page[0] = (uint64_t)name;
	if (!err)
		err = guest_call(r, call, "munmap", page, &result);
	if (err)
		return err;
	if (!vec_push(&r->objects, ((struct replay_object){.id = id, .fd = fd})))
		return &error_no_memory;
	*ret = r->objects.len;
	return NULL;
}

struct error *replay_make_object(struct replay *r, struct replay_call *call, uint64_t id, uint64_t size, uint64_t *ret)
{
	struct error *err = reuse_object(r, call, id, ret);

	if (!err && !*ret)
		err = new_object(r, call, id, ret);
	return err ? err : resize(r, call, *ret, size);
}

/*
 * Emulators that keep translated code by the address that it was fetched from do not see it change in another mapping
 * (QEMU's user mode); they drop it where the right to write comes or goes. What the program's stores may have changed
 * is dropped as well: all that was executed before is forgotten (struct replay_outcome).
 */
static struct error *refresh_code(struct replay *r, struct replay_call *call, uint64_t object, uint64_t offset,
				  uint64_t len)
{
	uint64_t first = offset >> PAGE_SHIFT, end = replay_round(offset + len) >> PAGE_SHIFT;
	struct error *err = NULL;

	for (size_t i = 0; i < r->views.list.len && !err; i++) {
		const struct view v = r->views.list.at[i];
		bool changed = v.object == object && v.at < end && v.at + v.num > first;
		if (!(v.prot & PROT_EXEC) || !v.object || !(changed || object_at(r, v.object)->aliased))
			continue;
		uint64_t prot = replay_readable((uint64_t)v.prot);
		uint64_t arg[6] = {v.first << PAGE_SHIFT, v.num << PAGE_SHIFT, prot ^ PROT_WRITE};
		err = object_call(r, call, "mprotect", arg, "protect a mapped file");
		arg[2] = prot;
		if (!err)
			err = object_call(r, call, "mprotect", arg, "protect a mapped file");
	}
	r->refreshed = !err;
	return err;
}

struct error *replay_clear_object(struct replay *r, struct replay_call *call, uint64_t object, uint64_t offset,
				  uint64_t len)
{
	const uint64_t arg[6] = {(uint64_t)object_at(r, object)->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
				 len};
	struct error *err = len ? object_call(r, call, "fallocate", arg, "clear a part of a file") : NULL;

	if (!err && len)
		err = refresh_code(r, call, object, offset, len);
	if (!err)
		err = memory_forget_object(call->memory, object, offset, len);
	return err ? err : replay_object_changed(r, object, offset, len);
}

/* ---- Contents ---- */

/* Where the guest is given bytes of an object: a mapping of its own for the time. */
struct window {
	uint64_t object, offset; /* bytes */
	uint64_t start, len;     /* in the guest; len is whole pages */
};

static struct error *open_window(struct replay *r, struct replay_call *call, uint64_t object, uint64_t offset,
				 uint64_t len, struct window *ret)
{
	uint64_t from = offset & -(uint64_t)MEMORY_PAGE;
	struct window w = {.object = object, .offset = from, .len = replay_round(offset + len - from)};
	const uint64_t arg[6] = {0,   w.len, PROT_READ | PROT_WRITE, MAP_SHARED, (uint64_t)object_at(r, object)->fd,
				 from};
	int64_t result = 0;
	struct error *err = guest_call(r, call, "mmap", arg, &result);

	if (!err && sys_failed(result))
		err = refused("map a file in memory", result);
	w.start = (uint64_t)result;
	if (!err)
		*ret = w;
	return err;
}

static struct error *close_window(struct replay *r, struct replay_call *call, const struct window *w)
{
	return object_call(r, call, "munmap", (const uint64_t[6]){w->start, w->len}, "unmap a file");
}

/* Writes bytes of the object, which the window shows. */
static struct error *put(struct replay *r, struct replay_call *call, const struct window *w, uint64_t offset,
			 const void *data, size_t len)
{
	struct error *err = target_write_memory(r->target, w->start + (offset - w->offset), data, len);

	if (!err)
		err = memory_forget_object(call->memory, w->object, offset, len);
	return err ? err : replay_object_changed(r, w->object, offset, len);
}

static struct error *write_object(struct replay *r, struct replay_call *call, uint64_t object, uint64_t offset,
				  const uint8_t *data, uint64_t len)
{
	struct window w;
	struct error *err = len ? open_window(r, call, object, offset, len, &w) : NULL;

	if (err || !len)
		return err;
	err = put(r, call, &w, offset, data, len);
	if (!err)
		err = refresh_code(r, call, object, offset, len);
	struct error *closed = close_window(r, call, &w);
	if (!err)
		return closed;
	error_destroy(closed);
	return err;
}

static struct error *has_changed(const struct evlog_file *recorded)
{
	return error_input(recorded->path, 0,
			   "has changed since the log was recorded, which maps it: record again, or with "
			   "--embed-files");
}

/* Opens the mapped file, if it is the recorded one. The path is the log's, and may be any. */
static struct error *open_recorded(const struct evlog_file *recorded, int *ret)
{
	uint8_t sha256[SHA256_LEN];
	uint64_t size = 0;
	int fd = -1;
	struct error *err = file_open_named(NULL, recorded->path, UINT64_MAX, &fd, &size);

	if (!err && size != recorded->size)
		err = has_changed(recorded);
	if (!err)
		err = codec_sha256_fd(fd, recorded->path, sha256);
	if (!err && memcmp(sha256, recorded->sha256, sizeof sha256) != 0)
		err = has_changed(recorded);
	if (!err)
		*ret = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}

/* Copies bytes [offset, offset + len) of the file, as far as it goes. */
static struct error *copy_bytes(struct replay *r, struct replay_call *call, const struct window *w, int fd,
				const char *path, uint64_t offset, uint64_t len)
{
	static const size_t chunk = 1 << 16;
	uint8_t *buf = malloc(chunk);
	struct error *err = buf ? NULL : &error_no_memory;

	for (uint64_t at = 0; at < len && !err; at += chunk) {
		ssize_t got = pread(fd, buf, len - at < chunk ? len - at : chunk, (off_t)(offset + at));
		if (got < 0)
			err = error_os(errno, "read", path);
		else if (got == 0)
			break;
		else
			err = put(r, call, w, offset + at, buf, (size_t)got);
	}
	free(buf);
	return err;
}

static struct error *copy_file(struct replay *r, struct replay_call *call, int fd, const char *path, uint64_t object,
			       uint64_t offset, uint64_t len)
{
	struct window w;
	struct error *err = open_window(r, call, object, offset, len, &w);

	if (err)
		return err;
	err = copy_bytes(r, call, &w, fd, path, offset, len);
	struct error *closed = close_window(r, call, &w);
	if (!err)
		return closed;
	error_destroy(closed);
	return err;
}

/* Gives pages [first, first + num) the contents that they have not yet: the file's, which nobody changes. */
static struct error *fill_from_file(struct replay *r, struct replay_call *call, const struct evlog_backing *b,
				    uint64_t object, uint64_t first, uint64_t num)
{
	struct replay_object *o = object_at(r, object);
	const struct views *filled = &o->filled;
	int fd = -1;
	struct error *err = NULL;

	if (memcmp(o->sha256, b->file.sha256, sizeof o->sha256) != 0)
		o->filled.list.len = 0; /* it was another then */
	memcpy(o->sha256, b->file.sha256, sizeof o->sha256);
	for (uint64_t at = first; at < first + num && !err;) {
		size_t i = views_find(filled, at);
		const struct view *next = i < filled->list.len ? &filled->list.at[i] : NULL;
		if (next && next->first <= at) {
			at = next->first + next->num;
			continue;
		}
		uint64_t end = next && next->first < first + num ? next->first : first + num;
		err = fd < 0 ? open_recorded(&b->file, &fd) : NULL;
		if (!err)
			err = copy_file(r, call, fd, b->file.path, object, at << PAGE_SHIFT, (end - at) << PAGE_SHIFT);
		at = end;
	}
	if (fd >= 0)
		close(fd);
	return err;
}

/* What the log has is what was there. Zeros at its end are left out: they are there, unless something else was. */
static struct error *fill_from_log(struct replay *r, struct replay_call *call, const struct evlog_backing *b,
				   uint64_t object, uint64_t first, uint64_t num)
{
	const struct views *filled = &object_at(r, object)->filled;
	size_t i = views_find(filled, first);
	uint64_t end = (first + num) << PAGE_SHIFT;
	struct error *err = write_object(r, call, object, b->offset, b->data, b->data_len);

	if (err || i == filled->list.len || filled->list.at[i].first >= first + num)
		return err;
	return replay_clear_object(r, call, object, b->offset + b->data_len, end - (b->offset + b->data_len));
}

/* Fills what a mapping of len bytes shows, up to the file's end. */
static struct error *fill(struct replay *r, struct replay_call *call, const struct evlog_backing *b, uint64_t object,
			  uint64_t len)
{
	uint64_t pages = replay_round(object_at(r, object)->size) >> PAGE_SHIFT, first = b->offset >> PAGE_SHIFT;
	uint64_t num = replay_round(len) >> PAGE_SHIFT;

	if (first >= pages)
		return NULL;
	num = num < pages - first ? num : pages - first;
	if (b->data && b->data_len > num << PAGE_SHIFT)
		return error_create(ERROR_INPUT, "the log has more of %s than the mapping shows", b->file.path);
	struct error *err = b->data ? fill_from_log(r, call, b, object, first, num)
				    : fill_from_file(r, call, b, object, first, num);
	return err ? err : views_map(&object_at(r, object)->filled, &(struct view){.first = first, .num = num});
}

struct error *replay_find_object(struct replay *r, struct replay_call *call, const struct evlog_backing *b,
				 uint64_t len, uint64_t *ret)
{
	uint64_t size = b->file.size;
	struct error *err = NULL;

	if (b->offset % MEMORY_PAGE || size > INT64_MAX)
		return error_create(ERROR_INPUT, "the log maps %s from within a page, or it is too large",
				    b->file.path);
	*ret = 0;
	for (size_t i = 0; i < r->objects.len && b->id; i++)
		if (r->objects.at[i].id == b->id)
			*ret = i + 1;
	if (!*ret)
		err = replay_make_object(r, call, b->id, size, ret);
	else if (object_at(r, *ret)->size != size)
		err = resize(r, call, *ret, size);
	return err ? err : fill(r, call, b, *ret, len);
}

struct error *replay_change_files(struct replay *r, struct replay_call *call, const struct evlog_event *ev,
				  bool *ret_any)
{
	struct error *err = NULL;

	*ret_any = false;
	for (size_t i = 0; i < ev->changes.len && !err; i++) {
		const struct evlog_change *c = &ev->changes.at[i];
		for (uint64_t object = 1; object <= r->objects.len && !err; object++) {
			if (object_at(r, object)->id != c->id)
				continue;
			*ret_any = true;
			if (object_at(r, object)->size != c->size)
				err = resize(r, call, object, c->size);
			if (!err)
				err = write_object(r, call, object, c->offset, c->data, c->data_len);
		}
	}
	return err;
}
