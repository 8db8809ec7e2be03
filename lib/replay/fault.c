/* What the log knows of faults: the instruction that raised a signal on the CPU that the log was recorded on. */
#include <signal.h>
#include <string.h>

#include "lib/replay/internal.h"
#include "lib/sys/signal.h"

/* Of a trap the PC is not that of its instruction. */
static bool is_about_pc(uint64_t signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

struct error *replay_next_fault(struct replay *r, struct replay_fault *ret)
{
	struct error *err = queue_fill(r, 1);
	const struct evlog_event *ev = !err && r->queue.list.len ? &r->queue.list.at[0] : NULL;

	*ret = (struct replay_fault){0};
	if (!ev || ev->kind != EVLOG_SIGNAL || !is_about_pc(ev->number))
		return err;
	int code = replay_signal_code(r->isa, ev);
	bool told = ev->place != EVLOG_NO_PLACE; /* older logs have the code alone */
	if (told ? ev->place != EVLOG_AT_INSTRUCTION : !signal_is_fault((int)ev->number, code))
		return NULL;
	*ret = (struct replay_fault){.signal = (int)ev->number, .code = code, .pc = replay_translate(r, ev->pc)};
	return NULL;
}

bool replay_has_reg(const struct replay *r, const struct evlog_reg *logged, const struct state *regs)
{
	uint32_t reg;

	if (!isa_find_reg(r->isa, logged->name, strlen(logged->name), &reg))
		return true;
	uint64_t here = state_get(regs, reg);
	return state_known(regs, reg) && (here == logged->value || here == replay_translate(r, logged->value));
}

bool replay_fault_has(const struct replay *r, const struct state *regs)
{
	const struct evlog_event *ev = r->queue.list.len ? &r->queue.list.at[0] : NULL;
	bool same = ev && ev->before.len;

	for (size_t i = 0; same && i < ev->before.len; i++)
		same = replay_has_reg(r, &ev->before.at[i], regs);
	return same;
}

const struct evlog_header *replay_header(const struct replay *r)
{
	return r->header;
}
