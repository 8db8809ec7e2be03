/* What is in the memory of a program in QEMU at its start: the images, and the initial stack. */
#include "lib/record/tracee_qemu_private.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys/initial_stack.h"

enum { STACK_MAX = 16 << 20 }; /* bytes of the initial stack: ARG_MAX is a quarter of its usual limit */

/* ---- The initial stack ---- */

static struct error *read_stack(void *ctx, uint64_t address, void *ret, size_t len)
{
	return tracee_read(ctx, address, ret, len);
}

/* A string or the like that is on the stack moves its end. */
static void reach(struct qemu_tracee *q, const struct initial_stack *s, uint64_t pointer)
{
	if (pointer > q->stack_end && pointer - s->end < STACK_MAX)
		q->stack_end = pointer;
}

static void reach_all(struct qemu_tracee *q, const struct initial_stack *s)
{
	static const uint64_t pointers[] = {AT_RANDOM, AT_PLATFORM, AT_EXECFN};

	q->stack_end = s->end;
	for (size_t i = 0; i < s->argv.len; i++)
		reach(q, s, s->argv.at[i]);
	for (size_t i = 0; i < s->env.len; i++)
		reach(q, s, s->env.at[i]);
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
		const struct auxv_entry *entry = initial_stack_auxv(s, pointers[i]);
		if (entry)
			reach(q, s, entry->value);
	}
}

/* Where the images are; the vDSO, which would answer calls without any, is hidden from the program. */
static struct error *place_images(struct qemu_tracee *q, const struct initial_stack *s)
{
	const struct auxv_entry *phdr = initial_stack_auxv(s, AT_PHDR), *base = initial_stack_auxv(s, AT_BASE);
	const struct auxv_entry *vdso = initial_stack_auxv(s, AT_SYSINFO_EHDR);
	struct image *program = &q->image[0];
	uint64_t ignore = AT_IGNORE;

	if (phdr && !elf_image_phdrs(program->elf))
		return error_create(ERROR_UNSUPPORTED, "%s has no program headers in memory", program->path);
	if (phdr)
		program->bias = phdr->value - elf_image_phdrs(program->elf);
	if (base)
		q->image[1].bias = base->value;
	return vdso ? target_write_memory(q->target, vdso->address, &ignore, sizeof ignore) : NULL;
}

/* Moves stack_end behind the string there, which is the last one, and to the end of its page. */
static struct error *find_stack_end(struct qemu_tracee *q)
{
	char byte = 1;
	struct error *err = NULL;

	for (; !err && byte && q->stack_end % PAGE; q->stack_end += !err)
		err = tracee_read(&q->base, q->stack_end, &byte, 1);
	q->stack_end = (q->stack_end + PAGE - 1) & -(uint64_t)PAGE;
	return err;
}

/* ---- Images ---- */

static struct error *scan_image(struct qemu_tracee *q, const struct image *image)
{
	size_t num;
	const struct elf_segment *s = elf_image_segments(image->elf, &num);
	struct error *err = NULL;

	for (size_t i = 0; !err && i < num; i++)
		if (s[i].flags & PF_X)
			err = qemu_calls_scan(q, image->bias + s[i].start, s[i].file_size);
	return err;
}

struct error *qemu_images_place(struct qemu_tracee *q)
{
	struct initial_stack s;
	struct error *err = initial_stack_read(read_stack, &q->base, state_get(&q->regs, q->base.isa->sp), &s);

	if (err)
		return error_prefix(err, "the program");
	reach_all(q, &s);
	err = place_images(q, &s);
	initial_stack_deinit(&s);
	if (!err)
		err = find_stack_end(q);
	for (size_t i = 0; !err && i < NUM_IMAGES && q->image[i].path; i++)
		err = scan_image(q, &q->image[i]);
	return err;
}

struct error *qemu_images_open(struct qemu_tracee *q, const struct tracee_qemu_options *o)
{
	struct image *program = &q->image[0], *interpreter = &q->image[1];
	char *inside = NULL;

	program->path = strdup(o->program.path);
	struct error *err = program->path ? elf_image_open(program->path, &program->elf) : &error_no_memory;
	const char *name = err ? NULL : elf_image_interp(program->elf);
	if (!name)
		return err;
	if (o->sysroot && asprintf(&inside, "%s/%s", o->sysroot, name) < 0)
		return &error_no_memory;
	interpreter->path = inside ? realpath(inside, NULL) : NULL;
	free(inside);
	if (!interpreter->path)
		interpreter->path = realpath(name, NULL);
	if (!interpreter->path)
		return error_os(errno, "find the program's loader (--sysroot says where its libraries are)", name);
	return elf_image_open(interpreter->path, &interpreter->elf);
}

static struct error *add_mapping(struct evlog_header *h, uint64_t start, uint64_t end, const char *name)
{
	struct evlog_mapping m = {.start = start & -(uint64_t)PAGE, .end = (end + PAGE - 1) & -(uint64_t)PAGE};

	m.name = strdup(name);
	if (m.name && vec_push(&h->mappings, m))
		return NULL;
	free(m.name);
	return &error_no_memory;
}

static struct error *map_image(const struct image *image, struct evlog_header *h)
{
	size_t num;
	const struct elf_segment *segments = elf_image_segments(image->elf, &num);
	struct error *err = NULL;

	for (size_t i = 0; !err && i < num; i++) {
		const struct elf_segment *s = &segments[i];
		err = add_mapping(h, image->bias + s->start, image->bias + s->end, image->path);
		if (err)
			return err;
		struct evlog_mapping *m = &h->mappings.at[h->mappings.len - 1];
		m->offset = s->offset & -(uint64_t)PAGE;
		snprintf(m->perms, sizeof m->perms, "%c%c%cp", s->flags & PF_R ? 'r' : '-', s->flags & PF_W ? 'w' : '-',
			 s->flags & PF_X ? 'x' : '-');
	}
	return err;
}

struct error *qemu_images_mappings(struct tracee *t, struct evlog_header *h)
{
	struct qemu_tracee *q = qemu_of(t);
	struct error *err = NULL;

	for (size_t i = 0; !err && i < NUM_IMAGES && q->image[i].path; i++)
		err = map_image(&q->image[i], h);
	if (!err)
		err = add_mapping(h, state_get(&q->regs, t->isa->sp), q->stack_end, "[stack]");
	if (!err)
		memcpy(h->mappings.at[h->mappings.len - 1].perms, "rw-p", 5);
	return err;
}
