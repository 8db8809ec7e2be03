/* What the log says of signals: which one comes where the guest stands, and which one kills the program. deliver.c does
 * the rest. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/replay/internal.h"
#include "lib/sys/signal.h"

/* ---- Events ---- */

/* The registers after the delivery are the handler's; the other kinds of event have none. */
bool replay_is_handled(const struct evlog_event *ev)
{
	return ev->kind == EVLOG_SIGNAL && ev->after.len;
}

static bool is_unhandled(const struct evlog_event *ev)
{
	return ev->kind == EVLOG_SIGNAL && !ev->after.len;
}

struct error *replay_count_unhandled(struct replay *r, size_t *ret)
{
	size_t i = 0;
	struct error *err = queue_fill(r, 1);

	while (!err && i < r->queue.list.len && is_unhandled(&r->queue.list.at[i]))
		err = queue_fill(r, ++i + 1);
	*ret = i;
	return err;
}

int replay_signal_code(const struct isa *isa, const struct evlog_event *ev)
{
	enum { INFO_CODE = 8, INFO_ADDRESS = 16 }; /* in siginfo_t, behind number and errno */
	int32_t code = 0;

	if (replay_is_handled(ev) && ev->writes.len && ev->writes.at[0].range.len >= isa->frame->size)
		memcpy(&code, ev->writes.at[0].data + isa->frame->fault - INFO_ADDRESS + INFO_CODE, sizeof code);
	return code;
}

bool replay_is_fault(const struct isa *isa, const struct evlog_event *ev)
{
	if (ev->place != EVLOG_NO_PLACE)
		return ev->place == EVLOG_AT_INSTRUCTION;
	return replay_is_handled(ev) ? signal_is_fault((int)ev->number, replay_signal_code(isa, ev))
				     : signal_is_synchronous((int)ev->number);
}

/* ---- Signals that cannot be delivered ---- */

struct error *replay_lost_place(const struct evlog_event *ev)
{
	const char *why = ev->before.len ? "the guest did not come there with the same registers"
					 : "nobody saw the registers";

	return error_create(ERROR_UNSUPPORTED,
			    "event %" PRIu64 ": signal %s came between two instructions (pc 0x%" PRIx64
			    " of the recorded run), which no log counts, and %s: it cannot be delivered there again",
			    ev->index, ev->name, ev->pc, why);
}

/* Such a place is none of the calls' instructions, nor behind one. */
static struct error *check_place(struct replay *r, const struct evlog_event *ev)
{
	const size_t len = r->isa->sys.insn_len;
	uint64_t there = replay_translate(r, ev->pc);
	uint8_t bytes[2 * ISA_MAX_INSN_LEN];
	size_t got = 0;

	/* Where those of the second kind came the registers tell: between.c. Of SIGKILL nobody saw them. */
	if (ev->place == EVLOG_AT_CALL || (ev->place == EVLOG_BETWEEN && ev->before.len))
		return NULL;
	if (ev->place == EVLOG_BETWEEN)
		return replay_lost_place(ev);
	struct error *err = target_read_memory(r->target, there - len, bytes, 2 * len, &got);
	if (err)
		return err;
	for (size_t at = 0; at + len <= got; at += len)
		if (!memcmp(bytes + at, r->isa->sys.insn, len))
			return NULL;
	return replay_lost_place(ev);
}

struct error *replay_pass_signals(struct replay *r, const struct replay_call *call, size_t num)
{
	const struct evlog_event *ev = NULL;

	for (size_t i = 0; i < num && !ev; i++)
		if (replay_is_handled(&r->queue.list.at[i]))
			ev = &r->queue.list.at[i];
	if (!ev)
		return NULL;
	if (replay_is_fault(r->isa, ev) || ev->place == EVLOG_AT_CALL)
		return replay_lose_at_call(r, call);
	return replay_lost_place(ev);
}

/* ---- Where the guest stands ---- */

/* Does the signal come here: at a call's instruction (at_call), or behind the last event? */
static bool comes_here(const struct replay *r, const struct evlog_event *ev, uint64_t pc, bool at_call)
{
	uint64_t there = replay_translate(r, ev->pc);

	if (ev->place == EVLOG_BETWEEN || replay_is_fault(r->isa, ev))
		return false;
	/* A call that is made again after the handler, or not any more, shows the PC behind it. */
	return there == pc || (at_call && there == pc + r->isa->sys.insn_len);
}

struct error *replay_delivers(struct replay *r, uint64_t pc, bool at_call, bool *ret)
{
	size_t i;
	struct error *err = replay_count_unhandled(r, &i);

	*ret = false;
	if (err || i == r->queue.list.len)
		return err;
	const struct evlog_event *ev = &r->queue.list.at[i];
	if (!replay_is_handled(ev) || replay_is_fault(r->isa, ev))
		return NULL;
	*ret = comes_here(r, ev, pc, at_call);
	if (!*ret)
		return check_place(r, ev);
	queue_drop(r, i);
	return NULL;
}

/* The next events kill the program if there is nothing before that but signals without handlers: of a frame that could
 * not be written, or the one itself. *ret is how many they are, or 0. */
static struct error *next_kills(struct replay *r, size_t *ret)
{
	size_t i;
	struct error *err = replay_count_unhandled(r, &i);

	*ret = !err && i < r->queue.list.len && r->queue.list.at[i].kind == EVLOG_KILLED ? i + 1 : 0;
	return err;
}

static int die(struct replay *r, size_t num)
{
	int signal = (int)r->queue.list.at[num - 1].number;

	queue_drop(r, num);
	return signal;
}

struct error *replay_die(struct replay *r, int *ret)
{
	size_t num;
	struct error *err = next_kills(r, &num);

	*ret = !err && num ? die(r, num) : 0;
	return err;
}

struct error *replay_dies(struct replay *r, uint64_t pc, bool at_call, int *ret)
{
	size_t num;
	struct error *err = next_kills(r, &num);

	*ret = 0;
	if (err || !num)
		return err;
	/* Others may have come before and done nothing. Of SIGKILL there is no delivery. */
	const struct evlog_event *last = &r->queue.list.at[num > 1 ? num - 2 : 0];
	if (replay_is_fault(r->isa, last))
		return NULL;
	if (!comes_here(r, last, pc, at_call))
		return check_place(r, last);
	*ret = die(r, num);
	return NULL;
}

/* ---- Signals that the guest has raised ---- */

/* The event by which the log has the signal next, in *ret_index; false: it has something else. */
static struct error *find_raised(struct replay *r, int signal, size_t *ret_index, bool *ret)
{
	size_t num;
	struct error *err = replay_count_unhandled(r, &num);

	*ret = false;
	for (size_t i = 0; !err && !*ret && i <= num && i < r->queue.list.len; i++) {
		const struct evlog_event *ev = &r->queue.list.at[i];
		*ret_index = i;
		*ret = ev->kind == EVLOG_SIGNAL && ev->number == (uint64_t)signal && ev->place != EVLOG_AT_CALL &&
		       ev->place != EVLOG_BETWEEN;
	}
	return err;
}

struct error *replay_has_signal(struct replay *r, int signal, bool *ret)
{
	size_t index;

	return find_raised(r, signal, &index, ret);
}

struct error *replay_signal(struct replay *r, uint64_t pc, int signal, int *ret_killer)
{
	struct strbuf observed = {0};
	char name[SIGNAL_NAME_LEN];
	size_t num, index;
	bool raised;
	struct error *err = find_raised(r, signal, &index, &raised);

	*ret_killer = 0;
	if (!err && raised)
		err = next_kills(r, &num);
	if (err)
		return err;
	if (raised && num) {
		*ret_killer = die(r, num);
		return NULL;
	}
	/* The handler's is the first that has one: of this signal, or of that which its frame has raised. */
	if (raised)
		err = replay_count_unhandled(r, &num);
	if (!err && raised && num < r->queue.list.len && replay_is_handled(&r->queue.list.at[num])) {
		queue_drop(r, num);
		return NULL;
	}
	if (err)
		return err;
	signal_name(signal, name);
	strbuf_printf(&observed, "%s%s", strncmp(name, "SIG", 3) ? "" : "signal ", name);
	return replay_lose(r, pc, "is stopped by ", &observed);
}
