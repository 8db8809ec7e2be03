/* What the log says of signals. One that the program handles cannot be replayed; one that kills it ends the run. */
#include <inttypes.h>
#include <string.h>

#include "lib/replay/internal.h"

/* The registers after the delivery are the handler's; the other kinds of event have none. */
static bool is_handled(const struct evlog_event *ev)
{
	return ev->kind == EVLOG_SIGNAL && ev->after.len;
}

static struct error *handled(const struct evlog_event *ev)
{
	return error_create(ERROR_UNSUPPORTED,
			    "event %" PRIu64 ": the program handles signal %s: handlers cannot be replayed", ev->index,
			    ev->name);
}

struct error *replay_pass_signals(const struct replay *r, size_t num)
{
	for (size_t i = 0; i < num; i++)
		if (is_handled(&r->queue.list.at[i]))
			return handled(&r->queue.list.at[i]);
	return NULL;
}

/* How many of the next events are a signal's that kills the program, with or without its delivery; 0: they are not. */
static struct error *next_kills(struct replay *r, size_t *ret, int *ret_signal)
{
	struct error *err = queue_fill(r, 2);
	size_t delivery = 0;

	*ret = 0;
	if (!err && r->queue.list.len && r->queue.list.at[0].kind == EVLOG_SIGNAL && !is_handled(&r->queue.list.at[0]))
		delivery = 1;
	if (err || r->queue.list.len <= delivery || r->queue.list.at[delivery].kind != EVLOG_KILLED)
		return err;
	*ret = delivery + 1;
	*ret_signal = (int)r->queue.list.at[delivery].number;
	return NULL;
}

struct error *replay_own_signal(struct replay *r, const struct replay_call *call, int *ret)
{
	size_t num = 0;
	int signal = 0;

	*ret = 0;
	switch (call->desc->sem) {
	case SYS_KILL:
	case SYS_TKILL:
	case SYS_TGKILL:
	case SYS_RT_SIGQUEUEINFO:
	case SYS_RT_TGSIGQUEUEINFO: break;
	default: return NULL;
	}
	struct error *err = next_kills(r, &num, &signal);
	if (err || !num)
		return err;
	queue_drop(r, num);
	*ret = signal;
	return NULL;
}

struct error *replay_has_signal(struct replay *r, int signal, bool *ret)
{
	struct error *err = queue_fill(r, 1);

	if (err)
		return err;
	const struct evlog_event *ev = r->queue.list.len ? &r->queue.list.at[0] : NULL;
	*ret = ev && (ev->kind == EVLOG_SIGNAL || ev->kind == EVLOG_KILLED) && ev->number == (uint64_t)signal;
	return NULL;
}

struct error *replay_signal(struct replay *r, uint64_t pc, int signal, bool *ret_finished)
{
	size_t num = 0;
	int killer = 0;
	struct strbuf observed = {0};
	struct error *err = next_kills(r, &num, &killer);

	if (err)
		return err;
	if (num && killer == signal) {
		queue_drop(r, num);
		*ret_finished = true;
		return NULL;
	}
	const struct evlog_event *ev = r->queue.list.len ? &r->queue.list.at[0] : NULL;
	if (ev && is_handled(ev) && ev->number == (uint64_t)signal)
		return handled(ev);
	const char *name = sigabbrev_np(signal);
	if (name)
		strbuf_printf(&observed, "signal SIG%s", name);
	else
		strbuf_printf(&observed, "signal %d", signal);
	return replay_lose(r, pc, "is stopped by ", &observed);
}
