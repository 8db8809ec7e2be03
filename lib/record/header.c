/* The log's header: the program as it stands before its first instruction. */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/record/internal.h"

/* The file that the program names as its interpreter, in a segment; *ret is NULL for a static program. */
static struct error *interpreter(const char *path, char **ret)
{
	FILE *f = fopen(path, "r");
	Elf64_Ehdr elf;
	char *name = NULL;

	if (!f)
		return error_os(errno, "open the program", path);
	bool ok = fread(&elf, sizeof elf, 1, f) == 1;
	for (unsigned i = 0; ok && !name && i < elf.e_phnum; i++) {
		Elf64_Phdr phdr;
		ok = fseek(f, (long)(elf.e_phoff + i * sizeof phdr), SEEK_SET) == 0 &&
		     fread(&phdr, sizeof phdr, 1, f) == 1;
		if (!ok || phdr.p_type != PT_INTERP)
			continue;
		ok = phdr.p_filesz < 4096 && (name = calloc(1, phdr.p_filesz + 1)) &&
		     fseek(f, (long)phdr.p_offset, SEEK_SET) == 0 && fread(name, phdr.p_filesz, 1, f) == 1;
	}
	fclose(f);
	if (!ok) {
		free(name);
		return error_input(path, 0, "the program's ELF header cannot be read");
	}
	*ret = name;
	return NULL;
}

static struct error *identify(const char *path, struct evlog_header *h)
{
	char *name;
	struct error *err = evlog_file_identify(path, &h->program);

	if (!err)
		err = interpreter(path, &name);
	if (err || !name)
		return err;
	err = evlog_file_identify(name, &h->interpreter);
	free(name);
	return err;
}

/* "start-end perms offset device inode   name" */
static struct error *parse_mapping(const char *line, struct evlog_header *h)
{
	struct evlog_mapping m = {0};
	int name = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &m.start, &m.end, m.perms, &m.offset,
		   &name) < 4 ||
	    name == 0)
		return error_create(ERROR_TARGET, "a line of /proc/PID/maps that is not understood: %s", line);
	m.name = strndup(line + name, strcspn(line + name, "\n"));
	if (m.name && vec_push(&h->mappings, m))
		return NULL;
	free(m.name);
	return &error_no_memory;
}

static struct error *read_mappings(struct recording *r, struct evlog_header *h)
{
	char path[NATIVE_PROC_LEN], *line = NULL;
	size_t cap = 0;
	struct error *err = NULL;

	native_proc_path(r->n, "maps", path);
	FILE *f = fopen(path, "r");
	if (!f)
		return error_os(errno, "open", path);
	while (!err && getline(&line, &cap, f) > 0)
		err = parse_mapping(line, h);
	free(line);
	fclose(f);
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
		return h->stack ? native_read(r->n, sp, h->stack, h->stack_len) : &error_no_memory;
	}
	return error_create(ERROR_TARGET, "the program's stack pointer 0x%" PRIx64 " is in no mapping", sp);
}

static uint64_t word_at(const struct evlog_header *h, uint64_t index)
{
	uint64_t word = 0;

	if (index < h->stack_len / sizeof word)
		memcpy(&word, h->stack + index * sizeof word, sizeof word);
	return word;
}

/* argc, argv and 0, environment and 0, then the pairs. */
static struct error *find_auxv(struct evlog_header *h)
{
	uint64_t at = 1 + word_at(h, 0) + 1, words = h->stack_len / sizeof(uint64_t);

	while (at < words && word_at(h, at))
		at++;
	for (at++; at < words && word_at(h, at) != AT_NULL; at += 2) {
		if (!vec_push(&h->auxv, ((struct evlog_auxv){word_at(h, at), word_at(h, at + 1)})))
			return &error_no_memory;
	}
	return NULL;
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

/* What CPUID told the program: the choice of instructions depends on it. */
static void append_cpu(struct strbuf *out)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, "model name", 10) != 0 || !strchr(line, ':'))
			continue;
		char *name = strchr(line, ':') + 1;
		name[strcspn(name, "\n")] = '\0';
		strbuf_printf(out, ",%s", name);
		break;
	}
	if (f)
		fclose(f);
}

static char *recorder(const struct recording *r)
{
	struct strbuf text = {0};
	struct utsname uts;

	strbuf_append(&text, r->options->recorder);
	if (uname(&uts) == 0)
		strbuf_printf(&text, " on %s %s %s", uts.sysname, uts.release, uts.machine);
	append_cpu(&text);
	return strbuf_take(&text);
}

struct error *record_header(struct recording *r, const char *path, struct evlog_header *ret)
{
	struct evlog_header *h = ret;

	*h = (struct evlog_header){
		.arch = strdup(r->isa->name),
		.recorder = recorder(r),
		.cwd = get_current_dir_name(),
		.entry = native_reg(r->n, r->isa->pc),
		.stack_pointer = native_reg(r->n, r->isa->sp),
	};
	struct error *err = h->arch && h->recorder ? NULL : &error_no_memory;
	if (!err && !h->cwd)
		err = error_os(errno, "find the current folder", NULL);
	if (!err)
		err = identify(path, h);
	if (!err)
		err = copy_strings(r->options->argv, &h->argv.at, &h->argv.len, &h->argv.cap);
	if (!err)
		err = copy_strings(r->options->env, &h->env.at, &h->env.len, &h->env.cap);
	if (!err)
		err = read_mappings(r, h);
	if (!err)
		err = read_stack(r, h);
	if (!err)
		err = find_auxv(h);
	if (err)
		evlog_header_deinit(h);
	return err;
}
