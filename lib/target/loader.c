#include "lib/target/loader.h"

#include <elf.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/elf/image.h"
#include "lib/sys/initial_stack.h"

/* What Linux lets a stack grow to (RLIMIT_STACK's usual value): here it is mapped from the beginning. */
enum { STACK_SIZE = 8 << 20 };

static uint64_t page_down(uint64_t address)
{
	return address & -(uint64_t)SPACE_PAGE;
}

static uint64_t page_up(uint64_t address)
{
	return page_down(address + SPACE_PAGE - 1);
}

/* ---- Images ---- */

/* An ELF file on its way into memory. */
struct image {
	const char *path;
	struct elf_image *elf;
	size_t len;    /* bytes of the file */
	unsigned file; /* in memory */
	uint64_t bias;
	uint64_t end; /* of the highest segment, in memory */
};

static struct error *broken(const struct image *image, const char *why)
{
	return error_input(image->path, 0, "%s", why);
}

static int rights(uint32_t flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

static struct error *check_segment(const struct image *image, const struct elf_segment *s)
{
	/* Where nothing comes from the file, the offset may be anything. */
	if (s->file_size &&
	    (s->offset > image->len || s->file_size > image->len - s->offset || s->file_size > s->end - s->start))
		return broken(image, "has a segment that is not all in the file");
	if ((s->offset - s->start) % SPACE_PAGE || image->bias % SPACE_PAGE)
		return broken(image, "has a segment that cannot be mapped");
	if (s->end > SPACE_END - SPACE_PAGE || image->bias > SPACE_END || s->end + image->bias > SPACE_END - SPACE_PAGE)
		return broken(image, "has a segment outside of the address space");
	return NULL;
}

/* What lies behind a segment's part of the file, up to end. */
static struct error *clear_rest(struct space *space, const struct elf_segment *s, uint64_t from, uint64_t end)
{
	static const uint8_t zeros[SPACE_PAGE];
	uint64_t next = page_up(from);
	struct error *err = next > from ? space_write(space, from, zeros, next - from) : NULL;

	return err || next >= end ? err : space_map(space, next, end - next, rights(s->flags));
}

/*
 * The kernel maps whole pages of the file, so that what surrounds a segment in the file is around it in memory too, and
 * pages that the program gives back show the file again; where a segment goes on behind its part of the file there are
 * zeroes (fs/binfmt_elf.c, padzero()).
 */
static struct error *load_segment(struct space *space, struct image *image, const struct elf_segment *s)
{
	struct error *err = check_segment(image, s);

	if (err)
		return err;
	uint64_t start = page_down(s->start + image->bias), end = page_up(s->end + image->bias);
	if (end > image->end)
		image->end = end;
	if (!s->file_size)
		return space_map(space, start, end - start, rights(s->flags));
	uint64_t before = s->start + image->bias - start, file_end = s->start + image->bias + s->file_size;
	err = space_map_file(space, start, page_up(file_end) - start, rights(s->flags), image->file, s->offset - before,
			     false);
	return err || s->file_size == s->end - s->start ? err : clear_rest(space, s, file_end, end);
}

static struct error *load_segments(struct space *space, struct image *image)
{
	size_t num;
	const struct elf_segment *segments = elf_image_segments(image->elf, &num);
	const uint8_t *bytes = elf_image_bytes(image->elf, &image->len);
	struct error *err = space_create_file(space, &image->file);

	if (!err)
		err = space_fill_file(space, image->file, bytes, image->len);
	for (size_t i = 0; !err && i < num; i++)
		err = load_segment(space, image, &segments[i]);
	return err;
}

/* The program, which AT_ENTRY tells the place of. *ret_has_interp: it wants a dynamic loader. */
static struct error *load_program(struct space *space, const struct evlog_header *log, struct image *image,
				  uint64_t *ret_entry, bool *ret_has_interp)
{
	struct error *err = elf_image_open(image->path, &image->elf);
	uint64_t entry;

	if (err)
		return err;
	if (!evlog_header_auxv(log, AT_ENTRY, &entry))
		return error_create(ERROR_INPUT, "the log's auxiliary vector has no AT_ENTRY: record it again");
	image->bias = entry - elf_image_entry(image->elf);
	*ret_entry = entry;
	*ret_has_interp = elf_image_interp(image->elf);
	if (image->bias && !elf_image_is_pie(image->elf))
		return broken(image, "is not where the log says that it was loaded");
	return load_segments(space, image);
}

/* Its dynamic loader, at AT_BASE. */
static struct error *load_interpreter(struct space *space, const struct evlog_header *log, struct image *image,
				      uint64_t *ret_entry)
{
	const struct evlog_file *recorded = &log->interpreter;
	struct evlog_file found = {0};

	if (!recorded->path || !evlog_header_auxv(log, AT_BASE, &image->bias))
		return error_create(ERROR_INPUT, "the log does not tell which dynamic loader the program ran with");
	image->path = recorded->path;
	struct error *err = evlog_file_identify(image->path, &found);
	if (!err && memcmp(found.sha256, recorded->sha256, sizeof found.sha256))
		err = broken(image, "has changed since the log was recorded: record it again");
	evlog_file_deinit(&found);
	if (!err)
		err = elf_image_open(image->path, &image->elf);
	if (err)
		return err;
	*ret_entry = elf_image_entry(image->elf) + image->bias;
	return load_segments(space, image);
}

/* ---- The stack ---- */

static struct error *map_stack(struct space *space, const struct evlog_header *log, struct loaded *ret)
{
	uint64_t start = page_down(log->stack_pointer), end = page_up(log->stack_pointer + log->stack_len);

	if (!log->stack_len || log->stack_pointer > SPACE_END || log->stack_len > SPACE_END - log->stack_pointer ||
	    end > SPACE_END || start < STACK_SIZE + SPACE_PAGE)
		return error_create(ERROR_INPUT, "the log's initial stack is outside of the address space");
	start -= STACK_SIZE;
	if (!space_is_free(space, start, end - start))
		return error_create(ERROR_INPUT, "the log's initial stack lies where the program is");
	*ret = (struct loaded){.stack = log->stack_pointer, .stack_bottom = start};
	struct error *err = space_map(space, start, end - start, PROT_READ | PROT_WRITE);
	return err ? err : space_write(space, log->stack_pointer, log->stack, log->stack_len);
}

static struct error *patch_auxv(struct space *space, const struct evlog_header *log,
				const struct loader_options *options)
{
	struct initial_stack s;
	struct error *err = initial_stack_parse(log->stack, log->stack_len, log->stack_pointer, &s);

	if (err)
		return error_prefix(err, "the log");
	for (size_t i = 0; !err && i < options->num_auxv; i++) {
		const struct auxv_entry *entry = initial_stack_auxv(&s, options->auxv[i].type);
		if (entry)
			err = space_write(space, entry->address + 8, &options->auxv[i].value, 8);
	}
	initial_stack_deinit(&s);
	return err;
}

/* ---- All ---- */

static struct error *load_images(struct space *space, const struct evlog_header *log, struct image *program,
				 struct image *interpreter, struct loaded *ret)
{
	uint64_t entry;
	bool has_interp;
	struct error *err = load_program(space, log, program, &entry, &has_interp);

	if (!err && has_interp)
		err = load_interpreter(space, log, interpreter, &entry);
	if (err)
		return err;
	if (entry != log->entry)
		return error_create(ERROR_INPUT, "the log begins at 0x%llx, but the program at 0x%llx: record it again",
				    (unsigned long long)log->entry, (unsigned long long)entry);
	ret->entry = entry;
	ret->heap = program->end;
	return NULL;
}

struct error *loader_load(struct space *space, const struct evlog_header *log, const struct loader_options *options,
			  struct loaded *ret)
{
	struct image program = {.path = options->program}, interpreter = {0};
	struct loaded images = {0}, all;
	struct error *err = load_images(space, log, &program, &interpreter, &images);

	elf_image_close(program.elf);
	elf_image_close(interpreter.elf);
	if (!err)
		err = map_stack(space, log, &all);
	if (!err)
		err = patch_auxv(space, log, options);
	if (err)
		return err;
	all.entry = images.entry;
	all.heap = images.heap;
	*ret = all;
	return NULL;
}
