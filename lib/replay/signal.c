/*
 * What the log says of signals. One that kills the program ends the run. One that the program handles is delivered as
 * the kernel would: the frame that the log has is put on the guest's stack, with the guest's registers in it, and the
 * guest goes on at the handler; rt_sigreturn takes the registers back from there. The target's own kernel, or the
 * emulator in its place, never hears of it.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/replay/frame.h"
#include "lib/replay/internal.h"

/* ---- Events ---- */

/* The registers after the delivery are the handler's; the other kinds of event have none. */
static bool is_handled(const struct evlog_event *ev)
{
	return ev->kind == EVLOG_SIGNAL && ev->after.len;
}

/* siginfo_t starts with number, errno and code, of 32 bits each. */
enum { INFO_CODE = 8, INFO_ADDRESS = 16 };

/* How many of the next events are signals that do nothing to the program. */
static struct error *count_ignored(struct replay *r, size_t *ret)
{
	enum { LOOK_AHEAD = 8 };
	struct error *err = queue_fill(r, LOOK_AHEAD);
	size_t i = 0;

	while (!err && i < r->queue.list.len && r->queue.list.at[i].kind == EVLOG_SIGNAL &&
	       !is_handled(&r->queue.list.at[i]))
		i++;
	*ret = i;
	return err;
}

/* An instruction of the program's own raised it: signals that are sent have codes of 0 and less, or other numbers. */
static bool is_fault(const struct isa *isa, const struct evlog_event *ev)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	bool may_be = false;
	int32_t code;

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		may_be |= ev->number == (uint64_t)faults[i];
	if (!may_be || !ev->writes.len || ev->writes.at[0].range.len < isa->frame->size)
		return may_be;
	memcpy(&code, ev->writes.at[0].data + isa->frame->fault - INFO_ADDRESS + INFO_CODE, sizeof code);
	return code > 0;
}

static bool find_reg(const struct isa *isa, const evlog_regs *regs, uint32_t reg, uint64_t *ret)
{
	for (size_t i = 0; i < regs->len; i++) {
		if (strcmp(regs->at[i].name, isa->regs[reg].name) != 0)
			continue;
		*ret = regs->at[i].value;
		return true;
	}
	return false;
}

/* ---- Signals that cannot be delivered ---- */

static struct error *amid(const struct evlog_event *ev)
{
	return error_create(ERROR_UNSUPPORTED,
			    "event %" PRIu64 ": signal %s comes amid instructions of the program (pc 0x%" PRIx64
			    " of the recorded run), and no log counts those: it cannot be delivered there again",
			    ev->index, ev->name, ev->pc);
}

/* Such a place is none of the calls' instructions, nor behind one. */
static struct error *check_place(struct replay *r, const struct evlog_event *ev, uint64_t there)
{
	const size_t len = r->isa->sys.insn_len;
	uint8_t bytes[2 * ISA_MAX_INSN_LEN];
	size_t got = 0;
	struct error *err = target_read_memory(r->target, there - len, bytes, 2 * len, &got);

	if (err)
		return err;
	for (size_t at = 0; at + len <= got; at += len)
		if (!memcmp(bytes + at, r->isa->sys.insn, len))
			return NULL;
	return amid(ev);
}

struct error *replay_pass_signals(struct replay *r, const struct replay_call *call, size_t num)
{
	const struct evlog_event *ev = NULL;

	for (size_t i = 0; i < num && !ev; i++)
		if (is_handled(&r->queue.list.at[i]))
			ev = &r->queue.list.at[i];
	if (!ev)
		return NULL;
	if (is_fault(r->isa, ev))
		return replay_lose_at_call(r, call);
	return amid(ev);
}

/* ---- Signals that kill ---- */

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
	*ret_finished = num && killer == signal;
	if (*ret_finished) {
		queue_drop(r, num);
		return NULL;
	}
	const struct evlog_event *ev = r->queue.list.len ? &r->queue.list.at[0] : NULL;
	if (ev && is_handled(ev) && ev->number == (uint64_t)signal)
		return NULL;
	const char *name = sigabbrev_np(signal);
	if (name)
		strbuf_printf(&observed, "signal SIG%s", name);
	else
		strbuf_printf(&observed, "signal %d", signal);
	return replay_lose(r, pc, "is stopped by ", &observed);
}

/* ---- The guest's registers ---- */

/* Writes those of one kind that differ. What the target does not show cannot be written: there, `to` becomes what is.
 */
static struct error *write_some(struct replay *r, const struct state *from, struct state *to, bool control)
{
	const struct isa *isa = r->isa;
	VEC(uint32_t) changed = {0};
	bool ok = true;

	for (uint32_t reg = 0; ok && reg < isa->num_regs; reg++) {
		const struct reg_desc *desc = &isa->regs[reg];
		uint64_t differs = 0, hidden = 0;
		for (unsigned w = desc->word; w < desc->word + reg_words(desc); w++) {
			differs |= (from->value[w] ^ to->value[w]) | (from->unknown[w] ^ to->unknown[w]);
			hidden |= r->target->hidden[w];
		}
		if (!differs || (desc->class == REG_FLOAT && desc->width == 16) != control)
			continue;
		if (hidden)
			state_set_masked(to, reg, from->value + desc->word, from->unknown + desc->word);
		else
			ok = vec_push(&changed, reg);
	}
	struct error *err = ok ? NULL : &error_no_memory;
	if (!err && changed.len)
		err = target_write_regs(r->target, to, changed.at, changed.len);
	vec_deinit(&changed);
	return err;
}

/* The target has what `from` says, and gets what `to` says. Where the x87 stack has its top is said first: what is
 * written to its registers then may depend on it. */
struct error *replay_write_regs(struct replay *r, const struct state *from, struct state *to)
{
	struct error *err = write_some(r, from, to, true);

	return err ? err : write_some(r, from, to, false);
}

/* ---- Delivery ---- */

/* The frame in the log, and where it comes to stand. */
struct delivery {
	const struct evlog_event *event;
	const struct evlog_write *write;
	uint64_t logged; /* the frame's address in the logged run */
	uint64_t reach;  /* bytes from there that move with the frame: up to SP before it, if that is the same stack */
	struct frame frame;
};

static struct error *nonsense(const struct evlog_event *ev, const char *what)
{
	return error_create(ERROR_INPUT, "event %" PRIu64 ": signal %s %s: record it again", ev->index, ev->name, what);
}

/* On the guest's stack as far below its pointer, and aligned, as in the logged run; on another, where that is. */
static struct error *place_frame(struct replay *r, const struct state *before, struct delivery *d)
{
	const struct isa_frame *frame = r->isa->frame;
	uint64_t len = d->write->range.len, address, logged_sp, sp = state_get(before, r->isa->sp);

	d->logged = d->write->range.address;
	if (!find_reg(r->isa, &d->event->before, r->isa->sp, &logged_sp) || len < frame->size)
		return nonsense(d->event, "has no whole frame");
	bool same_stack = logged_sp - d->logged - len <= frame->red_zone;
	d->reach = same_stack ? logged_sp - d->logged : len;
	address = same_stack ? sp - d->reach : replay_translate(r, d->logged);
	address -= (address - d->logged) & (frame->align - 1u);
	d->frame = (struct frame){.isa = r->isa, .bytes = d->write->data, .len = (size_t)len, .address = address};
	return NULL;
}

/* What stands in the frame, or in a register when the handler starts: an address of the logged run, or a number. */
static uint64_t translate(const struct replay *r, const struct delivery *d, uint64_t logged)
{
	uint64_t offset = logged - d->logged;

	return offset <= d->reach ? d->frame.address + offset : replay_translate(r, logged);
}

static void translate_word(const struct replay *r, const struct delivery *d, size_t offset)
{
	uint64_t word;

	memcpy(&word, d->frame.bytes + offset, sizeof word);
	word = translate(r, d, word);
	memcpy(d->frame.bytes + offset, &word, sizeof word);
}

/* The frame as it would be in this run. */
static void make_frame(const struct replay *r, const struct state *before, const struct delivery *d)
{
	const struct isa_frame *frame = r->isa->frame;

	if (is_fault(r->isa, d->event))
		translate_word(r, d, frame->fault);
	for (uint32_t i = 0; i < frame->num_addresses; i++)
		translate_word(r, d, frame->addresses[i]);
	frame_save(&d->frame, before);
}

/* The handler returns to code that is no image's, but the kernel's or an emulator's: here it is ours. */
static void link_return(const struct replay *r, const struct delivery *d, struct state *ret)
{
	const struct isa_frame *frame = r->isa->frame;
	uint64_t logged, there;

	if (r->return_code && find_reg(r->isa, &d->event->after, frame->link, &logged) &&
	    !regions_to_target(&r->regions, logged, &there))
		state_set(ret, frame->link, r->return_code);
}

/* The registers that the handler starts with. */
static void make_regs(const struct replay *r, const struct delivery *d, struct state *ret)
{
	const struct evlog_event *ev = d->event;

	frame_reset_regs(ret);
	/* Its first argument; one that is in place already is not among those that changed. */
	state_set(ret, r->isa->sys.arg[0], ev->number);
	for (size_t i = 0; i < ev->after.len; i++) {
		uint32_t reg;
		if (isa_find_reg(r->isa, ev->after.at[i].name, strlen(ev->after.at[i].name), &reg))
			state_set(ret, reg, translate(r, d, ev->after.at[i].value));
	}
	state_set(ret, r->isa->sp, d->frame.address);
	link_return(r, d, ret);
}

/* Remembers what the handler interrupted. */
static struct error *keep(struct replay *r, uint64_t address, const struct state *regs)
{
	struct replay_interrupted kept = {.address = address};

	/* Handlers that are left by longjmp() never return: the oldest are forgotten. */
	if (r->interrupted.len == REPLAY_MAX_HANDLERS) {
		state_deinit(&r->interrupted.at[0].regs);
		r->interrupted.len--;
		memmove(r->interrupted.at, r->interrupted.at + 1, r->interrupted.len * sizeof kept);
	}
	struct error *err = state_init(&kept.regs, r->isa);
	if (err)
		return err;
	state_copy(&kept.regs, regs);
	if (vec_push(&r->interrupted, kept))
		return NULL;
	state_deinit(&kept.regs);
	return &error_no_memory;
}

struct error *replay_deliver(struct replay *r, const struct state *before, struct state *after, struct memory *memory,
			     struct replay_outcome *ret)
{
	struct delivery d = {.event = r->queue.list.len ? &r->queue.list.at[0] : NULL};

	r->written.len = 0;
	if (!d.event || !is_handled(d.event))
		return error_create(ERROR_BUG, "a signal was to be delivered that the log does not have");
	if (d.event->writes.len != 1)
		return nonsense(d.event, "has no frame");
	d.write = &d.event->writes.at[0];
	struct error *err = place_frame(r, before, &d);
	if (err)
		return err;
	make_frame(r, before, &d);
	state_copy(after, before);
	make_regs(r, &d, after);
	err = keep(r, d.frame.address, before);
	if (!err)
		err = replay_poke(r, memory, d.frame.address, d.frame.bytes, d.frame.len);
	if (!err)
		err = replay_write_regs(r, before, after);
	if (err)
		return error_prefix(err, "event %" PRIu64 ", delivery of %s", d.event->index, d.event->name);
	*ret = (struct replay_outcome){.event = d.event->index,
				       .policy = SYS_EMULATE,
				       .delivered = (int)d.event->number};
	r->totals.delivered++;
	queue_drop(r, 1);
	return NULL;
}

struct error *replay_delivers(struct replay *r, uint64_t pc, bool at_call, bool *ret)
{
	size_t i;
	struct error *err = count_ignored(r, &i);

	*ret = false;
	if (err || i == r->queue.list.len)
		return err;
	const struct evlog_event *ev = &r->queue.list.at[i];
	if (!is_handled(ev) || is_fault(r->isa, ev))
		return NULL;
	uint64_t there = replay_translate(r, ev->pc);
	/* A call that is made again after the handler shows the PC behind it. */
	*ret = there == pc || (at_call && there == pc + r->isa->sys.insn_len);
	if (!*ret)
		return check_place(r, ev, there);
	queue_drop(r, i);
	return NULL;
}

/* ---- The handler's return ---- */

enum { FRAME_MAX = 16 << 10 }; /* bytes: AArch64's has 4 KiB for registers, that of x86-64 with AMX 11 KiB */

/* The innermost handler with that frame; those within it have ended. */
static struct replay_interrupted *find_interrupted(struct replay *r, uint64_t address)
{
	size_t i = r->interrupted.len;

	while (i && r->interrupted.at[i - 1].address != address)
		i--;
	if (!i)
		return NULL;
	while (r->interrupted.len > i)
		state_deinit(&r->interrupted.at[--r->interrupted.len].regs);
	return &r->interrupted.at[i - 1];
}

/* Vectors that the target does not show cannot be given back: they must be as they were. */
static struct error *check_hidden(const struct replay *r, const struct state *saved, const struct state *now)
{
	for (uint32_t reg = 0; reg < r->isa->num_regs; reg++) {
		const struct reg_desc *desc = &r->isa->regs[reg];
		uint64_t differs = 0;
		for (unsigned w = desc->word; w < desc->word + reg_words(desc); w++)
			differs |= (saved->value[w] ^ now->value[w]) & r->target->hidden[w] &
				   ~(saved->unknown[w] | now->unknown[w]);
		if (differs && desc->class == REG_VECTOR)
			return error_create(ERROR_UNSUPPORTED,
					    "the signal handler has changed %s, which cannot be restored: the target "
					    "does not let it be written (a CPU without it helps: --cpu)",
					    desc->name);
	}
	return NULL;
}

static struct error *load_frame(struct replay *r, uint64_t address, struct state *after)
{
	uint8_t *bytes = malloc(FRAME_MAX);
	struct frame frame = {.isa = r->isa, .bytes = bytes, .address = address};
	struct error *err = bytes ? target_read_memory(r->target, address, bytes, FRAME_MAX, &frame.len)
				  : &error_no_memory;

	if (!err && frame.len < r->isa->frame->size)
		err = error_fault(address + frame.len);
	if (!err)
		frame_load(&frame, after);
	free(bytes);
	return err;
}

/* The event of the call, if the log has it: one that an emulator makes out of the recorder's sight is not there, and
 * takes nothing from outside either. */
static struct error *drop_return(struct replay *r, const struct replay_call *call)
{
	size_t i;
	struct error *err = count_ignored(r, &i);

	if (err)
		return err;
	const struct evlog_event *ev = i < r->queue.list.len ? &r->queue.list.at[i] : NULL;
	if (ev && ev->kind == EVLOG_SYSCALL && ev->number == call->guest.number)
		queue_drop(r, i + 1);
	else
		r->totals.unlogged++;
	return NULL;
}

struct error *replay_return(struct replay *r, struct replay_call *call)
{
	uint64_t address = state_get(call->before, r->isa->sp) - r->isa->frame->popped;
	struct replay_interrupted *kept = find_interrupted(r, address);
	struct error *err = kept ? check_hidden(r, &kept->regs, call->before) : NULL;

	if (!err)
		err = load_frame(r, address, call->after);
	if (!err)
		err = replay_write_regs(r, call->before, call->after);
	if (kept)
		state_deinit(&r->interrupted.at[--r->interrupted.len].regs);
	return err ? err : drop_return(r, call);
}
