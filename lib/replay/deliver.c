/*
 * Handlers of signals, run as the kernel would run them: the frame that the log has is put on the guest's stack, with
 * the guest's registers in it, and the guest goes on at the handler; rt_sigreturn takes the registers back from there.
 * The target's own kernel, or the emulator in its place, never hears of it.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/replay/frame.h"
#include "lib/replay/internal.h"

/* ---- Registers ---- */

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

/* No part of a CPU's state that anything shows: what the model alone has, and knows. */
static bool is_models_own(const struct reg_desc *desc)
{
	return desc->class == REG_SYSTEM && !desc->gdb_name;
}

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
		if (!differs || is_models_own(desc) || (desc->class == REG_FLOAT && desc->width == 16) != control)
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

/* Where the target cannot be given what it does not show, that must be there already. */
static struct error *check_hidden(const struct replay *r, const struct state *now, const struct state *to)
{
	for (uint32_t reg = 0; reg < r->isa->num_regs; reg++) {
		const struct reg_desc *desc = &r->isa->regs[reg];
		uint64_t differs = 0;
		for (unsigned w = desc->word; w < desc->word + reg_words(desc); w++)
			differs |= (now->value[w] ^ to->value[w]) & r->target->hidden[w] &
				   ~(now->unknown[w] | to->unknown[w]);
		if (differs && desc->class == REG_VECTOR)
			return error_create(ERROR_UNSUPPORTED,
					    "a signal changes %s, and the target does not let it be written (a CPU "
					    "without it helps: --cpu)",
					    desc->name);
	}
	return NULL;
}

/*
 * The guest, which has `from`, gets `to`; of the floating-point and vector registers what image has, which its CPU
 * loads itself if it can. image: ISA_IMAGE_MAX bytes.
 */
static struct error *give(struct replay *r, const struct state *from, const uint8_t *image, struct state *to)
{
	struct state shown;
	bool loaded;
	struct error *err = replay_load_image(r, from, image, &loaded);

	if (!err && !loaded)
		err = check_hidden(r, from, to);
	if (err || !loaded)
		return err ? err : replay_write_regs(r, from, to);
	err = state_init(&shown, r->isa);
	if (err)
		return err;
	frame_load_image(image, false, to);
	state_copy(&shown, to);
	err = replay_read_visible(r, &shown);
	if (!err)
		err = replay_write_regs(r, &shown, to);
	state_deinit(&shown);
	return err;
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

	int code = replay_signal_code(r->isa, d->event);
	if (replay_is_fault(r->isa, d->event))
		translate_word(r, d, frame->fault);
	else if (code >= SI_ASYNCIO && code <= SI_QUEUE) /* with a value, which may be an address */
		translate_word(r, d, frame->fault + 8u);
	for (uint32_t i = 0; i < frame->num_addresses; i++)
		translate_word(r, d, frame->addresses[i]);
	frame_save(&d->frame, before);
}

/* The handler returns to code that is no image's, but the kernel's or an emulator's: here it is ours. */
static void link_return(const struct replay *r, const struct delivery *d, struct state *ret)
{
	const struct isa_frame *frame = r->isa->frame;
	uint64_t logged, there;

	if (frame->return_code && r->helper && find_reg(r->isa, &d->event->after, frame->link, &logged) &&
	    !regions_to_target(&r->regions, logged, &there))
		state_set(ret, frame->link, r->helper);
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

/* What nobody knows of the registers that the frame will have, the guest itself saves. */
static struct error *save_unknown(struct replay *r, const struct state *now, struct state *ret)
{
	const struct isa_frame *frame = r->isa->frame;
	uint8_t image[ISA_IMAGE_MAX];
	bool unknown = false, saved;

	for (uint32_t i = 0; i < frame->num_regs; i++)
		unknown = unknown || (frame->regs[i].part && !state_known(now, frame->regs[i].reg));
	if (!unknown)
		return NULL;
	struct error *err = replay_save_image(r, now, image, &saved);
	if (!err && saved)
		frame_load_image(image, true, ret);
	return err;
}

/* A handler starts with the floating-point and vector registers of a program's start. */
static struct error *start_handler(struct replay *r, const struct state *before, struct state *after)
{
	uint8_t image[ISA_IMAGE_MAX];

	if (!r->isa->frame->image)
		return replay_write_regs(r, before, after);
	r->isa->frame->image->make(NULL, 0, 0, image);
	return give(r, before, image, after);
}

struct error *replay_deliver(struct replay *r, const struct state *before, struct state *after, struct memory *memory,
			     struct replay_outcome *ret)
{
	struct delivery d = {.event = r->queue.list.len ? &r->queue.list.at[0] : NULL};

	r->written.len = 0;
	if (!d.event || !replay_is_handled(d.event))
		return error_create(ERROR_BUG, "a signal was to be delivered that the log does not have");
	if (d.event->writes.len != 1)
		return nonsense(d.event, "has no frame");
	d.write = &d.event->writes.at[0];
	struct error *err = place_frame(r, before, &d);
	if (err)
		return err;
	state_copy(after, before);
	err = save_unknown(r, before, after);
	if (err)
		return err;
	make_frame(r, after, &d);
	make_regs(r, &d, after);
	err = replay_poke(r, memory, d.frame.address, d.frame.bytes, d.frame.len);
	if (!err)
		err = start_handler(r, before, after);
	if (err)
		return error_prefix(err, "event %" PRIu64 ", delivery of %s", d.event->index, d.event->name);
	*ret = (struct replay_outcome){.event = d.event->index,
				       .policy = SYS_EMULATE,
				       .delivered = (int)d.event->number};
	r->totals.delivered++;
	queue_drop(r, 1);
	return NULL;
}

/* ---- The handler's return ---- */

enum { FRAME_MAX = 16 << 10 }; /* bytes: AArch64's has 4 KiB for registers, that of x86-64 with AMX 11 KiB */

/* The registers of the frame at address. */
static struct error *load_frame(struct replay *r, uint64_t address, uint8_t *bytes, const struct state *before,
				struct state *after)
{
	const struct isa_image *image = r->isa->frame->image;
	struct frame frame = {.isa = r->isa, .bytes = bytes, .address = address};
	uint8_t made[ISA_IMAGE_MAX];
	struct error *err = target_read_memory(r->target, address, bytes, FRAME_MAX, &frame.len);

	if (!err && frame.len < r->isa->frame->size)
		err = error_fault(address + frame.len);
	if (err)
		return err;
	frame_load(&frame, after);
	if (!image)
		return replay_write_regs(r, before, after);
	image->make(bytes, frame.len, address, made);
	return give(r, before, made, after);
}

/* The event of the call, if the log has it: one that an emulator makes out of the recorder's sight is not there, and
 * takes nothing from outside either. */
static struct error *drop_return(struct replay *r, const struct replay_call *call)
{
	size_t i;
	struct error *err = replay_count_unhandled(r, &i);

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
	uint8_t *bytes = malloc(FRAME_MAX);
	struct error *err = bytes ? load_frame(r, address, bytes, call->before, call->after) : &error_no_memory;

	free(bytes);
	return err ? err : drop_return(r, call);
}
