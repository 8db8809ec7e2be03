#include "lib/replay/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/replay/internal.h"

enum { KNOWN_MAX = 1 << 20 }; /* bytes written at once that the model is told of */

struct error *replay_create(struct evlog_reader *reader, struct target *target, const struct replay_options *options,
			    struct replay **ret)
{
	const struct evlog_header *header = evlog_reader_header(reader);

	if (strcmp(header->arch, target->isa->name))
		return error_create(ERROR_INPUT, "the log is of an %s program, the target runs %s", header->arch,
				    target->isa->name);

	struct replay *r = calloc(1, sizeof *r);
	if (!r)
		return &error_no_memory;
	r->reader = reader;
	r->header = header;
	r->target = target;
	r->isa = target->isa;
	r->options = options ? *options : (struct replay_options){0};
	*ret = r;
	return NULL;
}

void replay_destroy(struct replay *r)
{
	if (!r)
		return;
	if (r->lost) {
		free(r->lost->expected);
		free(r->lost->observed);
		free(r->lost);
	}
	queue_deinit(&r->queue);
	regions_deinit(&r->regions);
	procfs_deinit(&r->procfs);
	initial_stack_deinit(&r->start);
	vec_deinit(&r->counts);
	vec_deinit(&r->written);
	vec_deinit(&r->mapped);
	replay_deinit_objects(r);
	for (size_t i = 0; i < r->modules.len; i++)
		free(r->modules.at[i].path);
	vec_deinit(&r->modules);
	guest_map_deinit(&r->map);
	vec_deinit(&r->places);
	free(r);
}

static struct error *read_target(void *ctx, uint64_t address, void *ret, size_t len)
{
	struct replay *r = ctx;
	size_t got = 0;
	struct error *err = target_read_memory(r->target, address, ret, len, &got);

	if (err)
		return err;
	return got == len ? NULL : error_fault(address + got);
}

struct sys_memory replay_memory(struct replay *r)
{
	return (struct sys_memory){.ctx = r, .read = read_target};
}

struct error *replay_poke(struct replay *r, struct memory *memory, uint64_t address, const void *data, size_t len)
{
	struct error *err = replay_write(r, address, data, len);

	if (!err && !vec_push(&r->written, ((struct replay_written){address, len})))
		err = &error_no_memory;
	if (err || !memory)
		return err;
	/* Of so much, most will never be looked at: the model fetches what it needs. */
	return len > KNOWN_MAX ? memory_forget(memory, address, len) : memory_write(memory, address, data, NULL, len);
}

struct error *replay_add_module(struct replay *r, const char *path, uint64_t start, uint64_t end, uint64_t entry)
{
	char *copy = strdup(path);

	if (copy && vec_push(&r->modules, ((struct replay_module){copy, start, end, entry})))
		return NULL;
	free(copy);
	return &error_no_memory;
}

const struct replay_module *replay_modules(const struct replay *r, size_t *ret_len)
{
	*ret_len = r->modules.len;
	return r->modules.at;
}

/* ---- Counting ---- */

static struct error *count_call(struct replay *r, const char *name, enum sys_policy policy)
{
	struct replay_count *count = NULL;

	for (size_t i = 0; i < r->counts.len && !count; i++)
		if (!strcmp(r->counts.at[i].name, name))
			count = &r->counts.at[i];
	if (!count) {
		if (!vec_push(&r->counts, (struct replay_count){.name = name}))
			return &error_no_memory;
		count = &r->counts.at[r->counts.len - 1];
	}
	count->emulated += policy == SYS_EMULATE;
	count->executed += policy == SYS_EXECUTE;
	count->passed += policy == SYS_PASS;
	r->totals.total++;
	r->totals.emulated += policy == SYS_EMULATE;
	r->totals.executed += policy == SYS_EXECUTE;
	r->totals.passed += policy == SYS_PASS;
	return NULL;
}

/* ---- Emulation ---- */

/*
 * A word that the program had given the kernel: an address, or a number in its place, which stays. Frames of the stack
 * are as far from its start in every run; what lies above that is not the program's to pass.
 */
uint64_t replay_translate(const struct replay *r, uint64_t logged)
{
	uint64_t depth = r->header->stack_pointer - logged, translated;

	if (regions_to_target(&r->regions, logged, &translated))
		return translated;
	return initial_stack_reaches(r->header->stack_pointer, r->header->stack_pointer, logged)
		       ? r->stack_pointer - depth
		       : logged;
}

/* Translates the addresses among the bytes that the kernel wrote; holes between them are not written anyway. */
static void translate_words(const struct replay *r, const struct evlog_write *w)
{
	for (unsigned i = 0; i < 8; i++) {
		uint64_t word;
		if (!(w->range.addresses >> i & 1) || 8 * i + sizeof word > w->range.len)
			continue;
		memcpy(&word, w->data + 8 * i, sizeof word);
		word = replay_translate(r, word);
		memcpy(w->data + 8 * i, &word, sizeof word);
	}
}

/* Writes the bytes that the kernel wrote, and leaves those that it left alone. */
static struct error *write_around_holes(struct replay *r, struct memory *memory, const struct evlog_write *w,
					uint64_t address)
{
	uint64_t at = 0;

	translate_words(r, w);
	for (size_t i = 0; i <= w->holes.len; i++) {
		uint64_t end = i < w->holes.len ? w->holes.at[i].offset : w->range.len;
		if (end > at) {
			struct error *err = replay_poke(r, memory, address + at, w->data + at, end - at);
			if (err)
				return err;
		}
		if (i < w->holes.len)
			at = end + w->holes.at[i].len;
	}
	return NULL;
}

static struct error *write_memory(struct replay *r, struct replay_call *call, const struct evlog_event *ev)
{
	struct sys_memory memory = replay_memory(r);
	VEC(uint64_t) places = {0};
	struct error *err = NULL;

	/* All are located first: what is written may change the pointers by which others are found. */
	for (size_t i = 0; i < ev->writes.len && !err; i++) {
		uint64_t address = 0;
		err = sys_range_locate(&ev->writes.at[i].range, call->guest.arg, &memory, &address);
		if (!err && !vec_push(&places, address))
			err = &error_no_memory;
	}
	for (size_t i = 0; i < places.len && !err; i++)
		err = write_around_holes(r, call->memory, &ev->writes.at[i], places.at[i]);
	vec_deinit(&places);
	return err;
}

/* The registers that a call changes: the result, those that the kernel destroys, the PC; or the stack pointer. */
static struct error *write_result(struct replay *r, struct replay_call *call)
{
	const struct isa *isa = r->isa;
	VEC(uint32_t) changed = {0};
	bool ok = vec_push(&changed, isa->sys.result) && vec_push(&changed, call->gate ? isa->sp : isa->pc);

	if (call->gate)
		ok = ok && vec_push(&changed, isa->pc);
	for (uint32_t i = 0; i < isa->sys.num_clobbered && ok && !call->gate; i++)
		ok = vec_push(&changed, isa->sys.clobbered[i]);
	struct error *err = ok ? target_write_regs(r->target, call->after, changed.at, changed.len) : &error_no_memory;
	vec_deinit(&changed);
	return err;
}

/* Shows what the call would have written to the guest's standard output or error. */
static struct error *show_output(struct replay *r, const struct replay_call *call)
{
	uint64_t fd = call->guest.arg[0];
	struct sys_memory memory = replay_memory(r);
	sys_ranges ranges = {0};

	if (!r->options.output || !(call->desc->flags & SYS_F_OUTPUT) || (fd != 1 && fd != 2) ||
	    call->event->result <= 0)
		return NULL;

	uint64_t left = (uint64_t)call->event->result;
	struct error *err = sys_read(&call->guest, &memory, &ranges);
	for (size_t i = 0; i < ranges.len && left && !err; i++) {
		uint64_t end = ranges.at[i].len < left ? ranges.at[i].len : left;
		char buf[4096];
		for (uint64_t at = 0; at < end && !err; at += sizeof buf) {
			size_t len = end - at < sizeof buf ? end - at : sizeof buf;
			err = memory.read(memory.ctx, ranges.at[i].address + at, buf, len);
			if (!err)
				r->options.output(r->options.output_ctx, (int)fd, buf, len);
		}
		left -= end;
	}
	vec_deinit(&ranges);
	return err;
}

struct error *replay_emulate(struct replay *r, struct replay_call *call)
{
	uint64_t result = (uint64_t)call->event->result;

	if (call->desc->flags & SYS_F_RESULT_ADDR)
		regions_to_target(&r->regions, result, &result);
	call->guest.result = (int64_t)result;
	state_set(call->after, r->isa->sys.result, result);

	bool changed = false;
	struct error *err = show_output(r, call);
	if (!err)
		err = procfs_follow(r, call);
	if (!err)
		err = write_memory(r, call, call->event);
	if (!err)
		err = replay_change_files(r, call, call->event, &changed);
	if (!err && changed)
		err = replay_put_back(r, call);
	return err ? err : write_result(r, call);
}

struct error *replay_skip(struct replay *r, struct replay_call *call, uint64_t result)
{
	call->guest.result = (int64_t)result;
	state_set(call->after, r->isa->sys.result, result);
	return write_result(r, call);
}

/* ---- Calls ---- */

/* Fails when it is half done: the kernel stops at the first page that it cannot change, or passes over gaps. */
static bool fails_in_part(const struct replay_call *call)
{
	int64_t result = call->event->result;

	return (call->desc->sem == SYS_MPROTECT || call->desc->sem == SYS_MADVISE) &&
	       (result == -ENOMEM || result == -EACCES);
}

/* A call that failed in the log changed nothing there: it is emulated whatever its policy. */
static enum sys_policy effective_policy(const struct replay_call *call, enum sys_policy policy)
{
	bool failed = call->event && call->event->kind == EVLOG_SYSCALL && sys_failed(call->event->result);

	return policy == SYS_EXECUTE && failed && !fails_in_part(call) ? SYS_EMULATE : policy;
}

static struct error *dispatch(struct replay *r, struct replay_call *call, enum sys_policy policy)
{
	if (call->desc->sem == SYS_RT_SIGRETURN)
		return replay_return(r, call);
	if (!call->event) {
		r->totals.unlogged++;
		return replay_execute(r, call);
	}
	struct error *err = call->desc->sem == SYS_RT_SIGACTION ? replay_put_helper(r, call) : NULL;
	if (err)
		return err;
	switch (policy) {
	case SYS_EMULATE: return replay_emulate(r, call);
	case SYS_EXECUTE: return replay_execute(r, call);
	case SYS_PASS: return replay_pass(r, call);
	case SYS_REJECT: break;
	}
	return error_create(ERROR_BUG, "a rejected call was to be replayed");
}

/* Drops the call's event, and handles what follows it of the same call. */
static struct error *finish_event(struct replay *r, struct replay_call *call, enum sys_policy policy)
{
	const struct evlog_event *ev = call->event;
	bool more;

	do {
		more = evlog_event_bytes(ev) >= EVLOG_PIECE;
		queue_drop(r, 1);
		struct error *err = more ? queue_fill(r, 1) : NULL;
		if (err)
			return err;
		more = more && r->queue.list.len && r->queue.list.at[0].kind == EVLOG_DATA;
		ev = more ? &r->queue.list.at[0] : NULL;
		if (more && policy == SYS_EMULATE)
			err = write_memory(r, call, ev);
		if (err)
			return err;
	} while (more);
	call->event = NULL;
	return NULL;
}

/* Where the kernel goes on behind a call of the gate: as RET does (arch/x86/entry/vsyscall/vsyscall_64.c). */
static struct error *return_from_gate(struct replay *r, struct replay_call *call)
{
	uint64_t sp = state_get(call->before, r->isa->sp), address;
	struct error *err = read_target(r, sp, &address, sizeof address);

	if (err)
		return err;
	state_set(call->after, r->isa->sp, sp + sizeof address);
	state_set(call->after, r->isa->pc, address);
	return NULL;
}

/* What is not known can be replayed where the kernel refused it. */
static struct error *check_unknown(const struct replay_call *call)
{
	struct sys_call logged = call->guest;
	enum sys_policy policy;

	if (!sys_is_unknown(&call->guest))
		return NULL;
	logged.result = call->event->result;
	return call->event->kind == EVLOG_SYSCALL && sys_is_refused(&logged)
		       ? NULL
		       : error_prefix(sys_decide(&call->guest, &policy), "pc 0x%llx", (unsigned long long)call->pc);
}

struct error *replay_syscall(struct replay *r, const struct state *before, struct state *after, struct memory *memory,
			     struct replay_outcome *ret)
{
	const struct isa *isa = r->isa;
	struct replay_call call = {.before = before, .after = after, .memory = memory};

	r->written.len = r->mapped.len = 0;
	r->remapped = r->refreshed = false;
	call.pc = state_get(before, isa->pc);
	call.gate = isa_gate_call(isa, call.pc, &call.guest.number);
	if (!call.gate)
		call.guest.number = sys_number(state_get(before, isa->sys.number));
	call.guest.row = sys_lookup(isa, call.guest.number);
	for (unsigned i = 0; i < 6; i++)
		call.guest.arg[i] = state_get(before, isa->sys.arg[i]);
	if (!call.gate)
		r->call_pc = call.pc;
	call.next_pc = call.pc + isa->sys.insn_len;

	enum sys_policy policy = SYS_EMULATE;
	struct error *err = call.gate ? return_from_gate(r, &call) : NULL;
	if (!err && !sys_is_unknown(&call.guest))
		err = sys_decide(&call.guest, &policy);
	if (err)
		return error_prefix(err, "pc 0x%llx", (unsigned long long)call.pc);
	call.desc = call.guest.desc = sys_describe(sys_meaning(call.guest.row));
	const struct sys_call raw = call.guest;
	for (unsigned i = 0; i < 6; i++)
		call.guest.arg[i] = sys_arg(&raw, i);
	if (call.desc->sem != SYS_RT_SIGRETURN)
		err = replay_find_event(r, &call);
	if (!err)
		err = check_unknown(&call);
	if (err)
		return err;
	policy = effective_policy(&call, policy);
	uint64_t index = call.event ? call.event->index : r->position;
	err = dispatch(r, &call, policy);
	if (!err)
		err = count_call(r, call.desc->name, policy);
	if (err)
		return error_prefix(err, "event %llu, %s", (unsigned long long)index, call.desc->name);
	if (call.event)
		err = finish_event(r, &call, policy);
	*ret = (struct replay_outcome){.event = index,
				       .number = call.guest.number,
				       .policy = policy,
				       .refreshed = r->refreshed,
				       .remapped = policy != SYS_EMULATE || r->remapped,
				       .finished = call.finished,
				       .status = (int)(call.guest.arg[0] & 0xff)};
	return err;
}

const struct replay_written *replay_written(const struct replay *r, size_t *ret_len)
{
	*ret_len = r->written.len;
	return r->written.at;
}

const struct replay_written *replay_mapped(const struct replay *r, size_t *ret_len)
{
	*ret_len = r->mapped.len;
	return r->mapped.at;
}

uint64_t replay_position(const struct replay *r)
{
	return r->position;
}

struct error *replay_at_end(struct replay *r, bool *ret)
{
	struct error *err = queue_fill(r, 1);

	if (!err)
		*ret = !r->queue.list.len;
	return err;
}

const struct replay_totals *replay_totals(const struct replay *r)
{
	return &r->totals;
}

const struct replay_count *replay_counts(const struct replay *r, size_t *ret_len)
{
	*ret_len = r->counts.len;
	return r->counts.at;
}

const struct replay_lost *replay_lost(const struct replay *r)
{
	return r->lost;
}
