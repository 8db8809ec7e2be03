/*
 * Where an emulator has memory of its own. QEMU's user mode, 7.2 to 11.1, has a 64-bit guest's memory in the address
 * space of its own process, each address moved by the same distance (-B, else 0): an access of the guest that its own
 * map does not have may reach the emulator's code, heap or translations. On this machine that is seen in
 * /proc/PID/maps, at the guest's start: what the emulator maps later is not known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/target/gdb_private.h"

enum { PAGE = 4096 };

/* Of the process. */
struct process_map {
	uint64_t start, end;
	char right; /* 'r': it can be read */
};

static FILE *open_of(pid_t pid, const char *what)
{
	char name[48];

	snprintf(name, sizeof name, "/proc/%ld/%s", (long)pid, what);
	return fopen(name, "re");
}

/* What a line of /proc/PID/maps says (proc(5)). False at the file's end; *line and *size as of getline(). */
static bool next_map(FILE *f, char **line, size_t *size, struct process_map *ret)
{
	unsigned long long start, end;

	while (getline(line, size, f) > 0) {
		if (sscanf(*line, "%llx-%llx %c", &start, &end, &ret->right) != 3 || start >= end)
			continue;
		ret->start = start;
		ret->end = end;
		return true;
	}
	return false;
}

static bool is_mapped(pid_t pid, uint64_t address)
{
	FILE *f = open_of(pid, "maps");
	struct process_map map;
	char *line = NULL;
	size_t size = 0;
	bool mapped = false;

	while (f && !mapped && next_map(f, &line, &size, &map))
		mapped = address - map.start < map.end - map.start;
	free(line);
	if (f)
		fclose(f);
	return mapped;
}

/*
 * How far the guest's addresses are moved: by the first -B that leads from its stack to something. Further ones may be
 * arguments of the program, which whoever wrote the log has chosen.
 */
static uint64_t find_base(pid_t pid, uint64_t stack)
{
	FILE *f = open_of(pid, "cmdline");
	char *argument = NULL;
	size_t size = 0;
	bool next = false, found = false;
	uint64_t base = 0;

	while (f && !found && getdelim(&argument, &size, '\0', f) > 0) {
		if (next)
			base = strtoull(argument, NULL, 0);
		found = next && is_mapped(pid, stack + base);
		next = !strcmp(argument, "-B");
	}
	free(argument);
	if (f)
		fclose(f);
	return found ? base : 0;
}

/* The guest's own memory is what the stub reads there. */
static struct error *is_guests(struct gdb_target *g, uint64_t address, bool *ret)
{
	uint8_t byte;
	size_t got = 0;
	struct error *err = gdb_read_piece(g, address, &byte, 1, &got);

	*ret = got != 0;
	return err;
}

static struct error *note_own(struct gdb_target *g, uint64_t start, uint64_t end)
{
	if (start == end)
		return NULL;
	return vec_push(&g->own, ((struct target_range){start, end - start})) ? NULL : &error_no_memory;
}

/*
 * [start, end), as the guest has addresses, is mapped in the process. Kernels make one map of what lies side by side:
 * if its ends are not of the same, the border is looked for.
 */
static struct error *note_range(struct gdb_target *g, uint64_t start, uint64_t end)
{
	bool first = true, last = true, middle = true;
	uint64_t low = start, high = end - PAGE;
	struct error *err = start < end ? is_guests(g, low, &first) : NULL;

	if (!err && start < end)
		err = is_guests(g, high, &last);
	if (err || first == last)
		return err || first ? err : note_own(g, start, end);
	while (!err && high - low > PAGE) {
		uint64_t at = low + (high - low) / 2 / PAGE * PAGE;
		err = is_guests(g, at, &middle);
		if (middle == first)
			low = at;
		else
			high = at;
	}
	return err ? err : first ? note_own(g, high, end) : note_own(g, start, high);
}

/* The stack is the guest's in any case, and may lie between what is not. */
static struct error *find_stack(struct gdb_target *g, uint64_t *ret)
{
	struct state s;
	struct error *err = state_init(&s, g->base.isa);

	if (err)
		return err;
	err = target_read_regs(&g->base, &s);
	*ret = state_get(&s, g->base.isa->sp) / PAGE * PAGE;
	state_deinit(&s);
	return err;
}

static struct error *note_around(struct gdb_target *g, uint64_t start, uint64_t end, uint64_t stack)
{
	if (stack - start >= end - start)
		return note_range(g, start, end);
	struct error *err = note_range(g, start, stack + PAGE);
	return err ? err : note_range(g, stack, end);
}

struct error *gdb_find_own(struct gdb_target *g)
{
	pid_t pid = rsp_peer(g->client);
	FILE *f = pid && pid != getpid() ? open_of(pid, "maps") : NULL;
	uint64_t stack = 0;
	struct error *err = f ? find_stack(g, &stack) : NULL;
	uint64_t base = f && !err ? find_base(pid, stack) : 0;
	struct process_map map;
	char *line = NULL;
	size_t size = 0;

	while (f && !err && next_map(f, &line, &size, &map))
		if (map.right == 'r')
			err = note_around(g, map.start - base, map.end - base, stack);
	free(line);
	if (f)
		fclose(f);
	return err;
}

struct error *gdb_has_own(struct target *t, uint64_t address, uint64_t len, bool *ret)
{
	const struct gdb_target *g = to_gdb(t);

	*ret = false;
	for (size_t i = 0; i < g->own.len && !*ret; i++)
		*ret = address - g->own.at[i].start < g->own.at[i].len || g->own.at[i].start - address < len;
	return NULL;
}
