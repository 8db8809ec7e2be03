#include "lib/target/guest_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/sys/initial_stack.h"

/* "V1f=" */
enum { NAME_SIZE = 24, HEADER_SIZE = 32 };

static int name_stand_in(size_t index, char ret[NAME_SIZE])
{
	return snprintf(ret, NAME_SIZE, "V%zx=", index);
}

static size_t stand_in_len(const char *variable, size_t index)
{
	char name[NAME_SIZE];
	size_t len = strlen(variable), least = (size_t)name_stand_in(index, name);

	return len > least ? len : least;
}

struct error *guest_env_stand_in(const char *variable, size_t index, char **ret)
{
	size_t len = stand_in_len(variable, index);
	char name[NAME_SIZE], *text = malloc(len + 1);

	if (!text)
		return &error_no_memory;
	int named = name_stand_in(index, name);
	memset(text, 'x', len);
	memcpy(text, name, (size_t)named);
	text[len] = '\0';
	*ret = text;
	return NULL;
}

/* ---- The guest's stack ---- */

static struct error *read_stack(void *ctx, uint64_t address, void *ret, size_t len)
{
	size_t got = 0;
	struct error *err = target_read_memory(ctx, address, ret, len, &got);

	return !err && got < len ? error_fault(address + got) : err;
}

struct stack {
	struct initial_stack now;
	uint64_t sp;
};

static struct error *read_whole(struct target *t, struct stack *ret)
{
	struct state regs;
	struct error *err = state_init(&regs, t->isa);

	if (err)
		return err;
	err = target_read_regs(t, &regs);
	ret->sp = state_get(&regs, t->isa->sp);
	state_deinit(&regs);
	return err ? err : initial_stack_read(read_stack, t, ret->sp, &ret->now);
}

/* Of which variable the guest has the stand-in at address; num: of none. */
static struct error *index_at(struct target *t, uint64_t address, size_t num, size_t *ret)
{
	char text[HEADER_SIZE] = {0}, name[NAME_SIZE], *end;
	size_t got = 0;
	struct error *err = target_read_memory(t, address, text, sizeof text - 1, &got);

	*ret = num;
	if (err || text[0] != 'V')
		return err;
	unsigned long index = strtoul(text + 1, &end, 16);
	if (*end == '=' && index < num && !strncmp(text, name, (size_t)name_stand_in(index, name)))
		*ret = index;
	return NULL;
}

/* Bytes of all stand-ins. */
static size_t all_stand_ins_len(const char *const *envp, size_t num)
{
	size_t len = 0;

	for (size_t i = 0; i < num; i++)
		len += stand_in_len(envp[i], i) + 1;
	return len;
}

/* Where the bytes of all stand-ins are, len of them. */
static struct error *find_room(struct target *t, const struct stack *stack, const char *const *envp, size_t num,
			       uint64_t *ret, size_t *ret_len)
{
	uint64_t start = UINT64_MAX, end = 0;
	size_t found = 0, index;

	*ret_len = all_stand_ins_len(envp, num);
	for (size_t i = 0; i < stack->now.env.len; i++) {
		uint64_t at = stack->now.env.at[i];
		struct error *err = index_at(t, at, num, &index);
		if (err)
			return err;
		if (index == num)
			continue;
		size_t len = stand_in_len(envp[index], index) + 1;
		start = at < start ? at : start;
		end = at + len > end ? at + len : end;
		found++;
	}
	if (found != num || (num && end - start != *ret_len))
		return error_create(
			ERROR_TARGET,
			"the emulator gave its guest %zu of %zu variables: the options -E and -U of QEMU have "
			"to come to it as they are",
			found, num);
	*ret = start;
	return NULL;
}

/* ---- What takes its place ---- */

typedef VEC(uint64_t) word_list;

/* The strings, one behind the other and zeros to the end of the room; and their addresses to *words. */
static struct error *put_strings(struct target *t, const char *const *envp, size_t num, uint64_t room, size_t len,
				 word_list *words)
{
	char *bytes = calloc(1, len + 1);
	size_t at = 0;
	bool ok = bytes;

	for (size_t i = 0; i < num && ok; i++) {
		size_t size = strlen(envp[i]) + 1;
		memcpy(bytes + at, envp[i], size);
		ok = vec_push(words, room + at);
		at += size;
	}
	struct error *err = ok ? target_write_memory(t, room, bytes, len) : &error_no_memory;
	free(bytes);
	return err;
}

/* What is behind the environment follows it, and zeros are where it was. */
static bool move_auxv(const struct stack *stack, size_t num, word_list *words)
{
	const struct initial_stack *s = &stack->now;
	bool ok = true;

	for (size_t i = 0; i < s->auxv.len && ok; i++)
		ok = vec_push(words, s->auxv.at[i].type) && vec_push(words, s->auxv.at[i].value);
	/* AT_NULL is two words, and as many as there were variables too many. */
	for (size_t i = num; i < s->env.len + 2 && ok; i++)
		ok = vec_push(words, 0);
	return ok;
}

static struct error *put(struct target *t, const struct stack *stack, const char *const *envp, size_t num)
{
	size_t pointers = 1 + stack->now.argv.len + 1;
	uint64_t room = 0;
	word_list words = {0};
	size_t len = 0;
	struct error *err = find_room(t, stack, envp, num, &room, &len);

	if (!err && len)
		err = put_strings(t, envp, num, room, len, &words);
	if (!err && !vec_push(&words, 0))
		err = &error_no_memory;
	if (!err && stack->now.env.len > num && !move_auxv(stack, num, &words))
		err = &error_no_memory;
	if (!err)
		err = target_write_memory(t, stack->sp + pointers * sizeof *words.at, words.at,
					  words.len * sizeof *words.at);
	vec_deinit(&words);
	return err;
}

struct error *guest_env_put(struct target *t, const char *const *envp, size_t num)
{
	struct stack stack;
	struct error *err = read_whole(t, &stack);

	if (err)
		return err;
	err = put(t, &stack, envp, num);
	initial_stack_deinit(&stack.now);
	return err;
}
