#include "lib/target/space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/search.h"
#include "lib/base/vec.h"

struct area {
	uint64_t start, end;
	int prot;
	uint8_t *host;   /* of start */
	unsigned file;   /* number; 0: none */
	uint64_t offset; /* of start, in the file */
	bool shared;
	bool beyond; /* behind the file's end */
};

struct file {
	int fd; /* of the host */
	uint64_t size;
};

struct space {
	struct space_engine engine;
	VEC(struct file) files;
	VEC(struct area) areas; /* ascending, not overlapping */
	size_t num_writers;     /* shown areas through which a file can be written */
};

struct error *space_create(const struct space_engine *engine, struct space **ret)
{
	struct space *s = calloc(1, sizeof *s);

	if (!s)
		return &error_no_memory;
	s->engine = *engine;
	*ret = s;
	return NULL;
}

void space_destroy(struct space *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->areas.len; i++)
		munmap(s->areas.at[i].host, s->areas.at[i].end - s->areas.at[i].start);
	for (size_t i = 0; i < s->files.len; i++)
		close(s->files.at[i].fd);
	vec_deinit(&s->areas);
	vec_deinit(&s->files);
	free(s);
}

static struct error *check_range(uint64_t start, uint64_t len)
{
	if (len && start % SPACE_PAGE == 0 && len % SPACE_PAGE == 0 && len <= SPACE_END && start <= SPACE_END - len)
		return NULL;
	return error_create(ERROR_BUG, "0x%llx bytes at 0x%llx are no range of guest pages", (unsigned long long)len,
			    (unsigned long long)start);
}

/* Index of the first area that ends behind address. */
static size_t find(const struct space *s, uint64_t address)
{
	size_t found;

	SEARCH_FIRST(found, s->areas.len, i, s->areas.at[i].end <= address);
	return found;
}

/* The area around address, or NULL. */
static const struct area *area_at(const struct space *s, uint64_t address)
{
	size_t i = find(s, address);

	return i < s->areas.len && s->areas.at[i].start <= address ? &s->areas.at[i] : NULL;
}

/* ---- The engine ---- */

static bool is_shown(const struct area *a)
{
	return a->prot && !a->beyond;
}

static bool is_writer(const struct area *a)
{
	return is_shown(a) && a->file && a->shared && a->prot & PROT_WRITE;
}

static struct error *note_change(struct space *s, const struct area *a, uint64_t start, uint64_t len)
{
	return is_shown(a) && a->prot & PROT_EXEC ? s->engine.code_changed(s->engine.ctx, start, len) : NULL;
}

/* All that shows the file. */
static struct error *file_changed(struct space *s, unsigned file)
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < s->areas.len; i++)
		if (s->areas.at[i].file == file)
			err = note_change(s, &s->areas.at[i], s->areas.at[i].start,
					  s->areas.at[i].end - s->areas.at[i].start);
	return err;
}

static struct error *show(struct space *s, const struct area *a)
{
	s->num_writers += is_writer(a);
	return is_shown(a) ? s->engine.map(s->engine.ctx, a->start, a->end - a->start, a->prot, a->host) : NULL;
}

/* Code that was changed through a view that goes is not looked at any more (space_changing_code()). */
static struct error *hide(struct space *s, const struct area *a)
{
	struct error *err = is_writer(a) ? file_changed(s, a->file) : NULL;

	s->num_writers -= is_writer(a);
	if (err || !is_shown(a))
		return err;
	return s->engine.unmap(s->engine.ctx, a->start, a->end - a->start);
}

/* ---- The list ---- */

static bool insert(struct space *s, size_t i, const struct area *a)
{
	if (!vec_reserve(&s->areas, s->areas.len + 1))
		return false;
	memmove(s->areas.at + i + 1, s->areas.at + i, (s->areas.len - i) * sizeof *a);
	s->areas.at[i] = *a;
	s->areas.len++;
	return true;
}

static void drop(struct space *s, size_t i)
{
	s->areas.len--;
	memmove(s->areas.at + i, s->areas.at + i + 1, (s->areas.len - i) * sizeof s->areas.at[0]);
}

/* Makes address a border between areas, if it lies in one. */
static struct error *split(struct space *s, uint64_t address)
{
	size_t i = find(s, address);

	if (i == s->areas.len || s->areas.at[i].start >= address)
		return NULL;
	struct area low = s->areas.at[i], high = low;
	low.end = high.start = address;
	high.host += address - low.start;
	high.offset += address - low.start;
	struct error *err = hide(s, &s->areas.at[i]);
	if (err)
		return err;
	if (!insert(s, i + 1, &high))
		return &error_no_memory;
	s->areas.at[i] = low;
	err = show(s, &low);
	return err ? err : show(s, &high);
}

/* Makes the range whole areas: those from *ret_first to before *ret_end. */
static struct error *cut_out(struct space *s, uint64_t start, uint64_t len, size_t *ret_first, size_t *ret_end)
{
	struct error *err = check_range(start, len);

	if (!err)
		err = split(s, start);
	if (!err)
		err = split(s, start + len);
	if (err)
		return err;
	*ret_first = find(s, start);
	for (*ret_end = *ret_first; *ret_end < s->areas.len && s->areas.at[*ret_end].start < start + len; ++*ret_end)
		continue;
	return NULL;
}

/* ---- Changes ---- */

struct error *space_unmap(struct space *s, uint64_t start, uint64_t len)
{
	size_t first, end;
	struct error *err = cut_out(s, start, len, &first, &end);

	for (size_t left = err ? 0 : end - first; left; left--) {
		struct area a = s->areas.at[first];

		err = hide(s, &a);
		if (err)
			return err;
		munmap(a.host, a.end - a.start);
		drop(s, first);
	}
	return err;
}

/* Takes the area's host memory. */
static struct error *add(struct space *s, const struct area *a)
{
	struct error *err = space_unmap(s, a->start, a->end - a->start);

	if (!err)
		err = show(s, a);
	if (!err && !insert(s, find(s, a->start), a))
		err = &error_no_memory;
	if (err)
		munmap(a->host, a->end - a->start);
	return err;
}

struct error *space_map(struct space *s, uint64_t start, uint64_t len, int prot)
{
	struct error *err = check_range(start, len);

	if (err)
		return err;
	void *host = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (host == MAP_FAILED)
		return error_os(errno, "map guest memory", NULL);
	return add(s, &(struct area){.start = start, .end = start + len, .prot = prot, .host = host});
}

/* How many bytes from the offset on have a page of the file. */
static uint64_t backed(const struct file *f, uint64_t offset)
{
	uint64_t end = (f->size + SPACE_PAGE - 1) & -(uint64_t)SPACE_PAGE;

	return offset < end ? end - offset : 0;
}

/* Shows what is not shown of the file and is not behind its end, which becomes a border between areas. */
static struct error *show_file(struct space *s, unsigned file)
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < s->areas.len; i++) {
		struct area *a = &s->areas.at[i];
		uint64_t there = a->file == file ? backed(&s->files.at[file - 1], a->offset) : 0;
		if (!there || !a->beyond)
			continue;
		if (there < a->end - a->start)
			err = split(s, a->start + there);
		a = &s->areas.at[i];
		a->beyond = false;
		err = err ? err : show(s, a);
	}
	return err;
}

/* Hides all that shows the file. */
static struct error *hide_file(struct space *s, unsigned file)
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < s->areas.len; i++) {
		struct area *a = &s->areas.at[i];
		if (a->file != file)
			continue;
		err = hide(s, a);
		a->beyond = true;
	}
	return err;
}

struct error *space_map_file(struct space *s, uint64_t start, uint64_t len, int prot, unsigned file, uint64_t offset,
			     bool shared)
{
	struct error *err = check_range(start, len);

	if (!err && !space_has_file(s, file))
		err = error_create(ERROR_BUG, "there is no file %u in memory", file);
	if (err)
		return err;
	void *host = mmap(NULL, len, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE,
			  s->files.at[file - 1].fd, (off_t)offset);
	if (host == MAP_FAILED)
		return error_os(errno, "map guest memory", NULL);
	const struct area a = {start, start + len, prot, host, file, offset, shared, true};
	err = add(s, &a);
	return err ? err : show_file(s, file);
}

struct error *space_map_next(struct space *s, uint64_t start, uint64_t len, uint64_t end)
{
	const struct area *a = area_at(s, end - 1);

	if (!a)
		return error_create(ERROR_BUG, "no mapping of the guest is before 0x%llx", (unsigned long long)end);
	if (!a->file)
		return space_map(s, start, len, a->prot);
	return space_map_file(s, start, len, a->prot, a->file, a->offset + (end - a->start), a->shared);
}

struct error *space_protect(struct space *s, uint64_t start, uint64_t len, int prot)
{
	size_t first, end;
	struct error *err = cut_out(s, start, len, &first, &end);

	for (size_t i = first; !err && i < end; i++) {
		struct area *a = &s->areas.at[i];

		if (a->prot == prot)
			continue;
		err = hide(s, a);
		a->prot = prot;
		if (!err)
			err = show(s, a);
	}
	return err;
}

struct error *space_move(struct space *s, uint64_t start, uint64_t len, uint64_t to)
{
	size_t first, end;
	struct error *err = space_unmap(s, to, len);

	if (!err)
		err = cut_out(s, start, len, &first, &end);
	if (err)
		return err;
	for (size_t left = end - first; !err && left; left--) {
		struct area a = s->areas.at[first];

		err = hide(s, &a);
		if (err)
			return err;
		drop(s, first);
		a.start += to - start;
		a.end += to - start;
		size_t place = find(s, a.start);
		if (!insert(s, place, &a)) {
			munmap(a.host, a.end - a.start);
			return &error_no_memory;
		}
		err = show(s, &a);
		first += place <= first; /* the areas that are left have moved up */
	}
	return err;
}

/* ---- Questions ---- */

bool space_is_free(const struct space *s, uint64_t start, uint64_t len)
{
	size_t i = find(s, start);

	return i == s->areas.len || s->areas.at[i].start >= start + len;
}

uint64_t space_mapped(const struct space *s, uint64_t start, uint64_t len)
{
	uint64_t done = 0;

	while (done < len) {
		const struct area *a = area_at(s, start + done);

		if (!a)
			break;
		done = a->end - start;
	}
	return done < len ? done : len;
}

bool space_find_free(const struct space *s, uint64_t top, uint64_t len, uint64_t *ret)
{
	for (size_t i = find(s, top - 1) + 1; i-- > 0;) {
		uint64_t low = i ? s->areas.at[i - 1].end : SPACE_PAGE;
		uint64_t high = i < s->areas.len && s->areas.at[i].start < top ? s->areas.at[i].start : top;

		if (high >= low && high - low >= len) {
			*ret = high - len;
			return true;
		}
	}
	return false;
}

bool space_rights(const struct space *s, uint64_t address, int *ret)
{
	const struct area *a = area_at(s, address);

	if (a)
		*ret = a->prot;
	return a;
}

bool space_area(const struct space *s, size_t i, uint64_t *ret_start, uint64_t *ret_len, int *ret_prot)
{
	if (i >= s->areas.len)
		return false;
	*ret_start = s->areas.at[i].start;
	*ret_len = s->areas.at[i].end - s->areas.at[i].start;
	*ret_prot = s->areas.at[i].prot;
	return true;
}

/* ---- Contents ---- */

/* Bytes of the range that lie in the area. */
static size_t within(const struct area *a, uint64_t address, uint64_t len)
{
	return a->end - address < len ? a->end - address : len;
}

size_t space_read(const struct space *s, uint64_t address, void *ret, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const struct area *a = area_at(s, address + done);

		if (!a || !is_shown(a))
			break;
		size_t n = within(a, address + done, len - done);
		memcpy((uint8_t *)ret + done, a->host + (address + done - a->start), n);
		done += n;
	}
	return done;
}

struct error *space_write(struct space *s, uint64_t address, const void *data, size_t len)
{
	struct error *err = NULL;

	for (size_t done = 0, n; !err && done < len; done += n) {
		const struct area *a = area_at(s, address + done);

		if (!a || a->beyond)
			return error_fault(address + done);
		n = within(a, address + done, len - done);
		memcpy(a->host + (address + done - a->start), (const uint8_t *)data + done, n);
		err = note_change(s, a, address + done, n);
	}
	return err;
}

struct error *space_drop(struct space *s, uint64_t start, uint64_t len)
{
	struct error *err = check_range(start, len);

	for (size_t i = find(s, start); !err && i < s->areas.len && s->areas.at[i].start < start + len; i++) {
		const struct area *a = &s->areas.at[i];
		uint64_t from = a->start > start ? a->start : start;
		size_t n = within(a, from, start + len - from);

		if (madvise(a->host + (from - a->start), n, MADV_DONTNEED) != 0)
			return error_os(errno, "give guest memory back", NULL);
		err = note_change(s, a, from, n);
	}
	return err;
}

/* ---- Files in memory ---- */

struct error *space_create_file(struct space *s, unsigned *ret)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);

	if (fd < 0)
		return error_os(errno, "make a file in memory", NULL);
	if (!vec_push(&s->files, ((struct file){fd, 0}))) {
		close(fd);
		return &error_no_memory;
	}
	*ret = (unsigned)s->files.len;
	return NULL;
}

bool space_has_file(const struct space *s, unsigned file)
{
	return file && file <= s->files.len;
}

struct error *space_fill_file(struct space *s, unsigned file, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(s->files.at[file - 1].fd, (const char *)data + done, len - done, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_os(errno, "fill a file in memory", NULL);
		done += (size_t)n;
	}
	return space_resize_file(s, file, len);
}

struct error *space_resize_file(struct space *s, unsigned file, uint64_t size)
{
	struct error *err = hide_file(s, file);

	if (err)
		return err;
	struct file *f = &s->files.at[file - 1];
	if (ftruncate(f->fd, (off_t)size) == 0)
		f->size = size;
	else
		err = error_os(errno, "resize a file in memory", NULL);
	struct error *more = show_file(s, file);
	if (!err)
		return more;
	error_destroy(more);
	return err;
}

struct error *space_clear_file(struct space *s, unsigned file, uint64_t offset, uint64_t len)
{
	if (fallocate(s->files.at[file - 1].fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
		      (off_t)len) != 0)
		return error_os(errno, "clear a file in memory", NULL);
	return file_changed(s, file);
}

bool space_is_beyond(const struct space *s, uint64_t address)
{
	const struct area *a = area_at(s, address);

	return a && a->beyond;
}

const uint8_t *space_changing_code(const struct space *s, uint64_t address)
{
	const struct area *a = s->num_writers ? area_at(s, address) : NULL;

	if (!a || !a->file || !is_shown(a) || !(a->prot & PROT_EXEC))
		return NULL;
	for (size_t i = 0; i < s->areas.len; i++)
		if (s->areas.at[i].file == a->file && &s->areas.at[i] != a && is_writer(&s->areas.at[i]))
			return a->host + ((address - a->start) & -(uint64_t)SPACE_PAGE);
	return NULL;
}
