/* The log's header: the program as it stands before its first instruction. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/elf/image.h"
#include "lib/record/internal.h"
#include "lib/sys/initial_stack.h"

/* Where a loader that a program names is: in the sysroot, if it is there. */
static struct error *find_interpreter(const char *sysroot, const char *name, char **ret)
{
	struct strbuf path = {0};

	strbuf_printf(&path, "%s/%s", sysroot ? sysroot : "", name);
	char *found = sysroot && !strbuf_failed(&path) ? realpath(strbuf_text(&path), NULL) : NULL;
	strbuf_deinit(&path);
	*ret = found ? found : strdup(name);
	return *ret ? NULL : &error_no_memory;
}

static struct error *identify(const struct recording *r, const char *path, struct evlog_header *h)
{
	struct elf_image *image;
	char *name = NULL;
	struct error *err = evlog_file_identify(path, &h->program);

	if (!err)
		err = elf_image_open(path, &image);
	if (err)
		return err;
	if (elf_image_interp(image))
		err = find_interpreter(r->options->sysroot, elf_image_interp(image), &name);
	if (!err && name)
		err = evlog_file_identify(name, &h->interpreter);
	elf_image_close(image);
	free(name);
	return err;
}

/* From the stack pointer to the mapping's end. */
static struct error *read_stack(struct recording *r, struct evlog_header *h)
{
	uint64_t sp = h->stack_pointer;

	for (size_t i = 0; i < h->mappings.len; i++) {
		const struct evlog_mapping *m = &h->mappings.at[i];
		if (sp < m->start || sp >= m->end)
			continue;
		h->stack_len = m->end - sp;
		h->stack = malloc(h->stack_len);
		return h->stack ? tracee_read(r->n, sp, h->stack, h->stack_len) : &error_no_memory;
	}
	return error_create(ERROR_TARGET, "the program's stack pointer 0x%" PRIx64 " is in no mapping", sp);
}

static struct error *find_auxv(struct evlog_header *h)
{
	struct initial_stack s;
	struct error *err = initial_stack_parse(h->stack, h->stack_len, h->stack_pointer, &s);

	if (err)
		return error_prefix(err, "the program");
	for (size_t i = 0; i < s.auxv.len && !err; i++)
		if (!vec_push(&h->auxv, ((struct evlog_auxv){s.auxv.at[i].type, s.auxv.at[i].value})))
			err = &error_no_memory;
	initial_stack_deinit(&s);
	return err;
}

/* Appends copies to a vector of strings, given by its members. */
static struct error *copy_strings(char *const *from, char ***at, size_t *len, size_t *cap)
{
	for (; *from; from++) {
		if (!vec_grow((void **)at, cap, *len + 1, sizeof **at))
			return &error_no_memory;
		char *copy = strdup(*from);
		if (!copy)
			return &error_no_memory;
		(*at)[(*len)++] = copy;
	}
	return NULL;
}

static char *recorder(const struct recording *r)
{
	struct strbuf text = {0};

	strbuf_printf(&text, "%s on %s", r->options->recorder, r->n->platform);
	return strbuf_take(&text);
}

struct error *record_header(struct recording *r, const char *path, struct evlog_header *ret)
{
	const struct evlog_cpu *cpu = &r->n->cpu;
	struct evlog_header *h = ret;

	*h = (struct evlog_header){
		.arch = strdup(r->isa->name),
		.recorder = recorder(r),
		.cpu = {.vendor = cpu->vendor ? strdup(cpu->vendor) : NULL, .family = cpu->family, .model = cpu->model},
		.cwd = get_current_dir_name(),
		.entry = tracee_reg(r->n, r->isa->pc),
		.stack_pointer = tracee_reg(r->n, r->isa->sp),
	};
	bool complete = h->arch && h->recorder && (h->cpu.vendor || !cpu->vendor);
	struct error *err = complete ? NULL : &error_no_memory;
	if (!err && !h->cwd)
		err = error_os(errno, "find the current folder", NULL);
	if (!err)
		err = identify(r, path, h);
	if (!err)
		err = copy_strings(r->options->argv, &h->argv.at, &h->argv.len, &h->argv.cap);
	if (!err)
		err = copy_strings(r->options->env, &h->env.at, &h->env.len, &h->env.cap);
	if (!err)
		err = tracee_mappings(r->n, h);
	if (!err)
		err = read_stack(r, h);
	if (!err)
		err = find_auxv(h);
	if (err)
		evlog_header_deinit(h);
	return err;
}
