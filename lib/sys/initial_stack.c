#include "lib/sys/initial_stack.h"

#include <elf.h>
#include <string.h>

enum {
	PAGE = 4096,
	/* Linux lets arguments and environment, strings included, have 6 MiB at most (fs/exec.c, bprm_stack_limits()).
	 */
	STACK_MAX = 8 << 20,
};

/* Where it is being read: a page at a time. */
struct walk {
	initial_stack_reader *reader;
	void *ctx;
	uint64_t at, end;
	uint64_t words[PAGE / sizeof(uint64_t)];
	size_t next, num; /* in words */
};

static struct error *next_word(struct walk *w, uint64_t *ret)
{
	if (w->next == w->num) {
		uint64_t left = w->end - w->at, len = PAGE - w->at % PAGE;
		len = len < left ? len : left;
		len -= len % sizeof *ret;
		if (!len)
			return error_create(ERROR_TARGET, "the initial stack has no end");
		struct error *err = w->reader(w->ctx, w->at, w->words, len);
		if (err)
			return err;
		w->next = 0;
		w->num = len / sizeof *ret;
	}
	*ret = w->words[w->next++];
	w->at += sizeof *ret;
	return NULL;
}

/* Pointers up to the NULL. */
static struct error *read_pointers(struct walk *w, stack_pointers *ret)
{
	uint64_t pointer = 0;
	struct error *err = next_word(w, &pointer);

	for (; !err && pointer; err = next_word(w, &pointer))
		if (!vec_push(ret, pointer))
			return &error_no_memory;
	return err;
}

static struct error *read_auxv(struct walk *w, struct initial_stack *s)
{
	struct auxv_entry entry = {.address = w->at};
	struct error *err = next_word(w, &entry.type);

	while (!err && entry.type != AT_NULL) {
		err = next_word(w, &entry.value);
		if (!err && !vec_push(&s->auxv, entry))
			err = &error_no_memory;
		entry.address = w->at;
		if (!err)
			err = next_word(w, &entry.type);
	}
	s->end = w->at;
	return err;
}

static struct error *read_all(struct walk *w, struct initial_stack *s)
{
	uint64_t argc = 0;
	struct error *err = next_word(w, &argc);

	if (!err)
		err = read_pointers(w, &s->argv);
	if (!err && s->argv.len != argc)
		err = error_create(ERROR_TARGET, "the initial stack says %llu arguments, but has %zu",
				   (unsigned long long)argc, s->argv.len);
	if (!err)
		err = read_pointers(w, &s->env);
	return err ? err : read_auxv(w, s);
}

static struct error *read_up_to(initial_stack_reader *reader, void *ctx, uint64_t sp, uint64_t len,
				struct initial_stack *ret)
{
	uint64_t left = UINT64_MAX - sp;
	struct walk w = {.reader = reader, .ctx = ctx, .at = sp, .end = sp + (len < left ? len : left)};
	struct initial_stack s = {.end = 0};
	struct error *err = read_all(&w, &s);

	if (err)
		initial_stack_deinit(&s);
	else
		*ret = s;
	return err;
}

struct error *initial_stack_read(initial_stack_reader *reader, void *ctx, uint64_t sp, struct initial_stack *ret)
{
	return read_up_to(reader, ctx, sp, STACK_MAX, ret);
}

/* ---- A copy ---- */

struct copy {
	const uint8_t *bytes;
	uint64_t sp;
};

static struct error *read_copy(void *ctx, uint64_t address, void *ret, size_t len)
{
	const struct copy *c = ctx;

	memcpy(ret, c->bytes + (address - c->sp), len);
	return NULL;
}

struct error *initial_stack_parse(const void *bytes, size_t len, uint64_t sp, struct initial_stack *ret)
{
	struct copy copy = {bytes, sp};

	return read_up_to(read_copy, &copy, sp, len < STACK_MAX ? len : STACK_MAX, ret);
}

/* ---- What was read ---- */

void initial_stack_deinit(struct initial_stack *s)
{
	vec_deinit(&s->argv);
	vec_deinit(&s->env);
	vec_deinit(&s->auxv);
}

const struct auxv_entry *initial_stack_auxv(const struct initial_stack *s, uint64_t type)
{
	for (size_t i = 0; i < s->auxv.len; i++)
		if (s->auxv.at[i].type == type)
			return &s->auxv.at[i];
	return NULL;
}

bool initial_stack_reaches(uint64_t first, uint64_t now, uint64_t address)
{
	/* Bytes: nothing else is mapped as near below a stack (mmap_base() in mm/util.c and arch/x86/mm/mmap.c). */
	enum { REACH = 8 << 20, OWN = 128 << 20 };
	uint64_t depth = first - now < OWN ? first - now : 0;

	return first - address <= depth + REACH;
}
