/* The guest's initial stack against the logged run's: what comes from outside, and where images are. */
#include <elf.h>
#include <string.h>

#include "lib/replay/internal.h"
#include "lib/sys/initial_stack.h"

enum { RANDOM_LEN = 16 /* bytes behind AT_RANDOM */ };

static struct error *note_images(struct replay *r, const struct initial_stack *s)
{
	const struct auxv_entry *phdr = initial_stack_auxv(s, AT_PHDR), *num = initial_stack_auxv(s, AT_PHNUM),
				*base = initial_stack_auxv(s, AT_BASE);
	struct error *err = phdr && num ? replay_note_image(r, phdr->value, num->value) : NULL;

	return err || !base || !base->value ? err : replay_note_interpreter(r, base->value);
}

static struct error *read_stack(void *ctx, uint64_t address, void *ret, size_t len)
{
	struct replay *r = ctx;
	size_t got = 0;
	struct error *err = target_read_memory(r->target, address, ret, len, &got);

	return !err && got < len ? error_fault(address + got) : err;
}

/* The logged run's bytes at a logged address on its initial stack. */
static const uint8_t *log_stack(const struct evlog_header *h, uint64_t address, size_t len)
{
	uint64_t offset = address - h->stack_pointer;

	return offset < h->stack_len && len <= h->stack_len - offset ? h->stack + offset : NULL;
}

static struct error *patch_random(struct replay *r, const struct initial_stack *s)
{
	const struct auxv_entry *entry = initial_stack_auxv(s, AT_RANDOM);
	uint64_t logged;

	if (!entry || !evlog_header_auxv(r->header, AT_RANDOM, &logged))
		return NULL;

	const uint8_t *bytes = log_stack(r->header, logged, RANDOM_LEN);
	if (!bytes)
		return error_create(ERROR_INPUT,
				    "the log's AT_RANDOM does not point into its initial stack: record it again");
	return replay_poke(r, NULL, entry->value, bytes, RANDOM_LEN);
}

/* Entries whose values come from outside the CPU and steer programs: the guest gets the logged run's. */
static const uint64_t identities[] = {AT_UID, AT_EUID, AT_GID, AT_EGID, AT_SECURE, AT_CLKTCK};

static struct error *patch_auxv(struct replay *r, const struct initial_stack *s)
{
	for (size_t i = 0; i < sizeof identities / sizeof *identities; i++) {
		const struct auxv_entry *entry = initial_stack_auxv(s, identities[i]);
		uint64_t logged;
		if (!entry || !evlog_header_auxv(r->header, identities[i], &logged) || logged == entry->value)
			continue;
		struct error *err = replay_poke(r, NULL, entry->address + 8, &logged, sizeof logged);
		if (err)
			return err;
	}
	return NULL;
}

/* A vDSO would answer clock and CPU queries without a call that could be replayed. */
static struct error *hide_vdso(struct replay *r, const struct initial_stack *s)
{
	const struct auxv_entry *entry = initial_stack_auxv(s, AT_SYSINFO_EHDR);
	uint64_t ignore = AT_IGNORE;

	return entry ? replay_poke(r, NULL, entry->address, &ignore, sizeof ignore) : NULL;
}

/* Bytes from the first to the last mapping of the same name. */
static bool image_extent(const struct evlog_header *h, uint64_t inside, uint64_t *ret_start, uint64_t *ret_len)
{
	const struct evlog_mapping *hit = NULL;
	uint64_t start = UINT64_MAX, end = 0;

	for (size_t i = 0; i < h->mappings.len && !hit; i++)
		if (inside >= h->mappings.at[i].start && inside < h->mappings.at[i].end)
			hit = &h->mappings.at[i];
	if (!hit)
		return false;
	for (size_t i = 0; i < h->mappings.len; i++) {
		const struct evlog_mapping *m = &h->mappings.at[i];
		if (strcmp(m->name, hit->name))
			continue;
		start = m->start < start ? m->start : start;
		end = m->end > end ? m->end : end;
	}
	/* Its zeros, of which no file has the pages. */
	for (size_t i = 0; i < h->mappings.len; i++)
		if (h->mappings.at[i].start == end && !*h->mappings.at[i].name)
			end = h->mappings.at[i].end;
	*ret_start = start;
	*ret_len = end - start;
	return true;
}

/* Pairs the image that an auxiliary vector entry points into, and remembers it as a module. */
static struct error *pair_image(struct replay *r, const struct initial_stack *s, uint64_t type, const char *path)
{
	const struct auxv_entry *entry = initial_stack_auxv(s, type), *at_entry = initial_stack_auxv(s, AT_ENTRY);
	uint64_t logged, start, len;

	if (!entry || !evlog_header_auxv(r->header, type, &logged) || !logged || !entry->value ||
	    !image_extent(r->header, logged, &start, &len))
		return NULL;
	uint64_t target = entry->value - (logged - start);
	struct error *err = regions_pair(&r->regions, start, target, len);
	if (err || !path)
		return err;
	return replay_add_module(r, path, target, target + len, type == AT_PHDR && at_entry ? at_entry->value : 0);
}

/* The end of the highest string on it, which is the program's name (fs/exec.c). */
static struct error *find_end(struct replay *r, const struct initial_stack *s)
{
	enum { STRING_MAX = 32 * MEMORY_PAGE /* MAX_ARG_STRLEN (linux/binfmts.h) */ };
	const struct auxv_entry *name = initial_stack_auxv(s, AT_EXECFN);
	uint64_t at = s->end;
	char byte = 1;

	for (size_t i = 0; i < s->argv.len; i++)
		at = s->argv.at[i] > at ? s->argv.at[i] : at;
	for (size_t i = 0; i < s->env.len; i++)
		at = s->env.at[i] > at ? s->env.at[i] : at;
	if (name && name->value - s->end < (UINT64_C(1) << 32))
		at = name->value > at ? name->value : at;
	struct error *err = NULL;
	for (unsigned i = 0; i < STRING_MAX && byte && !err; i++)
		err = read_stack(r, at++, &byte, 1);
	r->stack_end = (at + MEMORY_PAGE - 1) & -(uint64_t)MEMORY_PAGE;
	return err;
}

struct error *replay_start(struct replay *r, const struct state *regs)
{
	struct initial_stack s = {.end = 0};

	r->stack_pointer = state_get(regs, r->isa->sp);
	struct error *err = initial_stack_read(read_stack, r, r->stack_pointer, &s);

	if (err)
		err = error_prefix(err, "cannot read the guest's initial stack");
	else if (s.argv.len != r->header->argv.len)
		err = error_create(ERROR_TARGET, "the guest has %zu arguments, the log %zu: start it as the log says",
				   s.argv.len, r->header->argv.len);
	if (!err)
		err = replay_start_map(r);
	if (!err)
		err = patch_random(r, &s);
	if (!err)
		err = patch_auxv(r, &s);
	if (!err)
		err = hide_vdso(r, &s);
	if (!err)
		err = note_images(r, &s);
	if (!err)
		err = pair_image(r, &s, AT_PHDR, r->header->program.path);
	if (!err)
		err = pair_image(r, &s, AT_BASE, r->header->interpreter.path);
	if (!err)
		err = find_end(r, &s);
	initial_stack_deinit(&s);
	return err ? err : initial_stack_read(read_stack, r, r->stack_pointer, &r->start);
}
