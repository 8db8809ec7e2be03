/*
 * Signals that came between two instructions. No log counts those; but it has the PC and the general registers, by
 * which the place is found again: most often it is a loop that waits for the signal, all rounds of which are alike.
 */
#include <inttypes.h>
#include <string.h>

#include "lib/replay/internal.h"

enum {
	STEADY = 1000,        /* rounds */
	MOST_ROUNDS = 1 << 20 /* before we give up */
};

/* The signal whose handler runs or which kills next, with its index; NULL: the log has something else, or no place. */
static struct error *find(struct replay *r, size_t *ret_index, const struct evlog_event **ret)
{
	size_t i;
	struct error *err = replay_count_unhandled(r, &i);

	*ret = NULL;
	if (err || i == r->queue.list.len)
		return err;
	const struct evlog_event *next = &r->queue.list.at[i];
	if (next->kind == EVLOG_KILLED && i)
		next = &r->queue.list.at[--i];
	else if (!replay_is_handled(next))
		return NULL;
	*ret_index = i;
	if (next->place == EVLOG_BETWEEN && next->before.len)
		*ret = next;
	return NULL;
}

struct error *replay_next_between(struct replay *r, bool *ret, uint64_t *ret_pc)
{
	const struct evlog_event *ev;
	size_t index;
	struct error *err = find(r, &index, &ev);

	*ret = ev;
	if (ev)
		*ret_pc = replay_translate(r, ev->pc);
	return err;
}

/*
 * Are the registers those of the signal? What differs from the log and has not changed for many rounds of the loop is
 * what the program left there on its way, which is another's on another CPU.
 */
static bool alike(struct replay *r, const struct evlog_event *ev, const struct state *regs)
{
	struct replay_rounds *rounds = &r->rounds;
	bool all = true;

	for (size_t i = 0; i < ev->before.len; i++) {
		uint32_t reg;
		if (!isa_find_reg(r->isa, ev->before.at[i].name, strlen(ev->before.at[i].name), &reg))
			continue;
		uint64_t here = state_get(regs, reg);
		bool steady = rounds->num && state_known(regs, reg) && here == rounds->last[i];
		rounds->steady[i] = steady ? rounds->steady[i] + 1 : 0;
		rounds->last[i] = here;
		all = all && (replay_has_reg(r, &ev->before.at[i], regs) || rounds->steady[i] >= STEADY);
	}
	rounds->num++;
	return all;
}

struct error *replay_comes_between(struct replay *r, const struct state *regs, bool *ret)
{
	const struct evlog_event *ev;
	size_t index;
	struct error *err = find(r, &index, &ev);

	*ret = false;
	if (err || !ev)
		return err;
	if (r->rounds.event != ev->index)
		r->rounds = (struct replay_rounds){.event = ev->index};
	*ret = alike(r, ev, regs);
	if (*ret || r->rounds.num < MOST_ROUNDS)
		return NULL;
	return replay_lost_place(ev);
}

struct error *replay_take_between(struct replay *r, int *ret_killer)
{
	const struct evlog_event *ev;
	size_t index;
	struct error *err = find(r, &index, &ev);

	*ret_killer = 0;
	if (err || !ev)
		return err;
	if (!replay_is_handled(ev))
		return replay_die(r, ret_killer);
	queue_drop(r, index);
	return NULL;
}
