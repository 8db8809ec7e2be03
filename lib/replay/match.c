/*
 * Finding the event of a call: by number and arguments. Paths between calls differ from CPU to CPU (the dynamic loader
 * looks for libraries in more folders on a newer one, and needs more memory to do so). So a guest may leave out calls
 * that the logged run made; it may make none that the log does not have, except those that concern its own memory only.
 */
#include <string.h>
#include <sys/mman.h> /* MAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/internal.h"

enum {
	LOOKAHEAD_EVENTS = 256,
	QUEUE_MAX_BYTES = 64 << 20,
	STRING_MAX = 4096, /* PATH_MAX of the kernel */
};

static size_t event_bytes(const struct evlog_event *ev)
{
	size_t bytes = sizeof *ev + evlog_event_bytes(ev);

	return ev->backing ? bytes + ev->backing->data_len : bytes;
}

struct error *queue_fill(struct replay *r, size_t want)
{
	struct event_queue *q = &r->queue;

	while (q->list.len < want && !q->at_end && q->bytes < QUEUE_MAX_BYTES) {
		struct evlog_event ev = {0};
		bool end = false;
		struct error *err = evlog_reader_next(r->reader, &ev, &end);
		if (err)
			return err;
		if (end) {
			q->at_end = true;
		} else if (!vec_push(&q->list, ev)) {
			evlog_event_deinit(&ev);
			return &error_no_memory;
		} else {
			q->bytes += event_bytes(&ev);
		}
	}
	return NULL;
}

void queue_drop(struct replay *r, size_t n)
{
	struct event_queue *q = &r->queue;

	for (size_t i = 0; i < n; i++) {
		q->bytes -= event_bytes(&q->list.at[i]);
		r->position = q->list.at[i].index + 1;
		evlog_event_deinit(&q->list.at[i]);
	}
	memmove(q->list.at, q->list.at + n, (q->list.len - n) * sizeof *q->list.at);
	q->list.len -= n;
}

void queue_deinit(struct event_queue *q)
{
	for (size_t i = 0; i < q->list.len; i++)
		evlog_event_deinit(&q->list.at[i]);
	vec_deinit(&q->list);
}

/* True if the guest's string at address is text. */
static struct error *string_equal(struct replay *r, uint64_t address, const struct evlog_string *s, bool *ret)
{
	char buf[STRING_MAX];
	size_t got = 0;

	*ret = false;
	if (s->len + 1 > sizeof buf)
		return NULL;
	struct error *err = target_read_memory(r->target, address, buf, s->len + 1, &got);
	if (err)
		return err;
	*ret = got == s->len + 1 && !memcmp(buf, s->text, s->len) && buf[s->len] == '\0';
	return NULL;
}

static const struct evlog_string *find_string(const struct evlog_event *ev, unsigned arg)
{
	for (size_t i = 0; i < ev->strings.len; i++)
		if (ev->strings.at[i].arg == arg)
			return &ev->strings.at[i];
	return NULL;
}

enum strictness {
	STRICT, /* pointers agree as far as anything is known of them */
	LOOSE, /* pointers agree unless one of them is null: what is allocated earlier may shift what is allocated later
		*/
};

/* Pointers agree if the logged one translates to the guest's, or if nothing is known of it (the stack, whose layout
 * depends on the auxiliary vector): only a null pointer never agrees with another. */
static bool pointers_agree(const struct replay *r, uint64_t logged, uint64_t guest, enum strictness strictness)
{
	uint64_t translated;

	if (!logged || !guest)
		return logged == guest;
	if (strictness == LOOSE)
		return true;
	return !regions_to_target(&r->regions, logged, &translated) || translated == guest;
}

/* What a program asks of its memory may depend on where it lies: a loader cuts off what it mapped too much. */
static bool sizes_agree(const struct replay *r, const struct replay_call *call, uint64_t logged, uint64_t guest)
{
	enum { SMALL = 0x10000 };

	return call->desc->flags & SYS_F_MAP && logged >= SMALL && pointers_agree(r, logged, guest, STRICT);
}

static struct error *argument_agrees(struct replay *r, const struct replay_call *call, const struct evlog_event *ev,
				     unsigned i, enum strictness strictness, bool *ret)
{
	struct sys_call past = call->guest;
	const struct evlog_string *s;
	unsigned bits;

	memcpy(past.arg, ev->arg, sizeof past.arg);
	uint64_t guest = sys_arg(&call->guest, i), logged = sys_arg(&past, i);
	switch (sys_look(&call->guest, i, &bits)) {
	case ARG_NONE: *ret = true; break;
	case ARG_INT:
	case ARG_FD: *ret = guest == logged; break;
	case ARG_UINT: *ret = guest == logged || (bits == 64 && sizes_agree(r, call, logged, guest)); break;
	case ARG_STRING:
		s = find_string(ev, i);
		if (s)
			return string_equal(r, guest, s, ret);
		*ret = pointers_agree(r, logged, guest, strictness);
		break;
	default: *ret = pointers_agree(r, logged, guest, strictness);
	}
	return NULL;
}

bool replay_is_private(const struct sys_desc *desc, const uint64_t arg[6])
{
	return desc->flags & SYS_F_MAP && (desc->sem != SYS_MMAP || arg[3] & MAP_ANONYMOUS);
}

/* A break is at the same distance from the heap's start; sizes differ where paths between calls do. */
static bool breaks_agree(const struct replay *r, uint64_t logged, uint64_t guest)
{
	if (!logged || !guest || !r->heap_known)
		return logged == guest || !r->heap_known;
	return logged - r->heap_log == guest - r->heap_target;
}

static struct error *event_agrees(struct replay *r, const struct replay_call *call, const struct evlog_event *ev,
				  enum strictness strictness, bool *ret)
{
	*ret = (ev->kind == EVLOG_SYSCALL || ev->kind == EVLOG_EXIT) && ev->number == call->guest.number;
	if (*ret && call->desc->sem == SYS_BRK) {
		*ret = breaks_agree(r, ev->arg[0], call->guest.arg[0]);
		return NULL;
	}
	for (unsigned i = 0; *ret && i < 6; i++) {
		struct error *err = argument_agrees(r, call, ev, i, strictness, ret);
		if (err)
			return err;
	}
	return NULL;
}

static void format_event(struct strbuf *out, const struct isa *isa, const struct evlog_event *ev)
{
	struct sys_call call = {.row = sys_lookup(isa, ev->number), .number = ev->number, .result = ev->result};

	if (ev->kind == EVLOG_SIGNAL || ev->kind == EVLOG_KILLED) {
		strbuf_printf(out, "signal %s", ev->name);
		return;
	}
	memcpy(call.arg, ev->arg, sizeof call.arg);
	sys_format(out, &call, NULL);
	for (size_t i = 0; i < ev->strings.len; i++)
		strbuf_printf(out, "%s\"%s\"", i ? ", " : " with ", ev->strings.at[i].text);
}

struct error *replay_lose(struct replay *r, uint64_t pc, const char *verb, struct strbuf *observed)
{
	struct strbuf expected = {0};
	struct replay_lost *lost = calloc(1, sizeof *lost);

	if (lost)
		*lost = (struct replay_lost){.event = r->position, .pc = pc, .observed = strbuf_take(observed)};
	strbuf_deinit(observed);
	if (!lost)
		return &error_no_memory;
	if (r->queue.list.len)
		format_event(&expected, r->isa, &r->queue.list.at[0]);
	else
		strbuf_append(&expected, "nothing more");
	lost->expected = strbuf_take(&expected);
	r->lost = lost;
	if (!lost->expected || !lost->observed)
		return &error_no_memory;

	struct error *err = error_create(
		ERROR_LOST_SYNC, "lost sync with the log at event %llu, pc 0x%llx: the log has %s, the guest %s%s",
		(unsigned long long)lost->event, (unsigned long long)pc, lost->expected, verb, lost->observed);
	if (err->code == ERROR_LOST_SYNC)
		err->place = lost->event;
	return err;
}

struct error *replay_lose_at_call(struct replay *r, const struct replay_call *call)
{
	struct strbuf observed = {0};
	struct sys_memory memory = replay_memory(r);

	if (call->gate)
		strbuf_append(&observed, "by the page of vsyscalls, ");
	sys_format(&observed, &call->guest, &memory);
	return replay_lose(r, call->pc, "calls ", &observed);
}

static bool event_failed(const struct evlog_event *ev)
{
	return ev->kind == EVLOG_SYSCALL && sys_failed(ev->result);
}

/* A private call, or one that agrees loosely, is not looked for behind an event that gave the logged run something from
 * outside: the guest will ask for that too. */
static bool may_pass(const struct replay *r, const struct evlog_event *ev)
{
	/* It belongs to a call that was passed. */
	if (ev->kind == EVLOG_DATA)
		return true;
	if (ev->kind != EVLOG_SYSCALL)
		return ev->kind == EVLOG_SIGNAL && !replay_is_handled(ev);
	const struct sys_desc *desc = sys_describe(sys_meaning(sys_lookup(r->isa, ev->number)));
	/* What rt_sigreturn has put into the result's register is no result. */
	return desc->sem != SYS_RT_SIGRETURN && (event_failed(ev) || replay_is_private(desc, ev->arg));
}

/* What skipped events mapped or unmapped in the logged run is no longer paired with anything. */
static struct error *forget_skipped(struct replay *r, size_t n)
{
	struct error *err = NULL;

	for (size_t i = 0; i < n && !err; i++) {
		const struct evlog_event *ev = &r->queue.list.at[i];
		enum sys_sem sem = sys_meaning(sys_lookup(r->isa, ev->number));
		if (ev->kind != EVLOG_SYSCALL || event_failed(ev))
			continue;
		if (sem == SYS_MUNMAP || sem == SYS_MREMAP)
			err = regions_unpair(&r->regions, ev->arg[0], ev->arg[1]);
		if (!err && (sem == SYS_MMAP || sem == SYS_MREMAP))
			err = regions_unpair(&r->regions, (uint64_t)ev->result, ev->arg[sem == SYS_MMAP ? 1 : 2]);
	}
	return err;
}

static struct error *take_event(struct replay *r, struct replay_call *call, size_t index)
{
	struct error *err = replay_pass_signals(r, call, index);

	if (!err)
		err = forget_skipped(r, index);
	if (err)
		return err;
	for (size_t i = 0; i < index; i++)
		r->totals.skipped += r->queue.list.at[i].kind != EVLOG_DATA;
	queue_drop(r, index);
	call->event = &r->queue.list.at[0];
	return NULL;
}

/* The first event that agrees with the call; unless past_all, among those that are reached by passing what may_pass()
 * allows. *ret is SIZE_MAX if there is none. */
static struct error *search(struct replay *r, const struct replay_call *call, enum strictness strictness, bool past_all,
			    size_t *ret)
{
	*ret = SIZE_MAX;
	for (size_t i = 0; i < LOOKAHEAD_EVENTS; i++) {
		bool agrees = false;
		struct error *err = queue_fill(r, i + 1);
		if (err || i >= r->queue.list.len)
			return err;
		err = event_agrees(r, call, &r->queue.list.at[i], strictness, &agrees);
		if (err)
			return err;
		if (agrees) {
			*ret = i;
			return NULL;
		}
		if (!past_all && !may_pass(r, &r->queue.list.at[i]))
			return NULL;
	}
	return NULL;
}

struct error *replay_find_event(struct replay *r, struct replay_call *call)
{
	bool private = replay_is_private(call->desc, call->guest.arg);
	size_t index;
	struct error *err = search(r, call, STRICT, !private, &index);

	if (!err && index == SIZE_MAX && !private)
		err = search(r, call, LOOSE, false, &index);
	if (err)
		return err;
	if (index != SIZE_MAX)
		return take_event(r, call, index);
	return private ? NULL : replay_lose_at_call(r, call);
}
