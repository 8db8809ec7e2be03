/* System calls: from a stop at one to its event. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/record/internal.h"

/* ---- Events ---- */

static void clear_writes(struct evlog_event *ev)
{
	for (size_t i = 0; i < ev->writes.len; i++)
		vec_deinit(&ev->writes.at[i].holes);
	ev->writes.len = 0;
}

void record_begin_event(struct recording *r, enum evlog_kind kind, uint64_t number, const char *name, uint64_t pc)
{
	struct evlog_event *ev = &r->ev;

	ev->index = r->result.events;
	ev->tid = r->n->tid;
	ev->kind = kind;
	ev->number = number;
	ev->name = (char *)(uintptr_t)name; /* borrowed: this event is never freed as one */
	ev->pc = pc;
	ev->place = EVLOG_NO_PLACE;
	memset(ev->arg, 0, sizeof ev->arg);
	ev->result = 0;
	clear_writes(ev);
	ev->strings.len = 0;
	ev->backing = NULL;
	record_clear_changes(ev);
	ev->before.len = ev->after.len = 0;
}

static struct error *add_event(struct recording *r)
{
	struct error *err = evlog_writer_add(r->w, &r->ev);

	record_free_backing(r->ev.backing);
	r->ev.backing = NULL;
	if (!err)
		r->result.events++;
	return err;
}

bool record_has_more(const struct recording *r)
{
	return r->next < r->written.len;
}

/* Adds a write of the part of r->written that is next, at most room bytes of it. Its data is not there yet. */
static struct error *add_part(struct recording *r, uint64_t room)
{
	const struct sys_range *whole = &r->written.at[r->next];
	struct sys_range part = *whole;

	part.address += r->next_from;
	part.offset[part.depth - 1] += (uint32_t)r->next_from;
	part.len = whole->len - r->next_from < room ? whole->len - r->next_from : room;
	if (part.len != whole->len)
		part.layout = SYS_PLAIN;
	if (r->next_from)
		part.addresses = 0;
	r->next_from += part.len;
	if (r->next_from == whole->len) {
		r->next++;
		r->next_from = 0;
	}
	bool ok = vec_push(&r->ev.writes, ((struct evlog_write){.range = part})) &&
		  vec_push(&r->ranges, ((struct native_range){part.address, part.len}));
	return ok ? NULL : &error_no_memory;
}

/* The next piece of r->written, into r->ev. */
static struct error *read_piece(struct recording *r)
{
	struct error *err = NULL;
	uint64_t total = 0;

	r->ranges.len = 0;
	while (!err && record_has_more(r) && total < EVLOG_PIECE) {
		err = add_part(r, EVLOG_PIECE - total);
		total += err ? 0 : r->ranges.at[r->ranges.len - 1].len;
	}
	if (err)
		return err;
	if (!vec_reserve(&r->data, total))
		return &error_no_memory;
	err = tracee_read_ranges(r->n, r->ranges.at, r->ranges.len, r->data.at);
	if (err)
		return error_prefix(err, "what system call %s is expected to have written", r->ev.name);

	uint8_t *data = r->data.at;
	for (size_t i = 0; !err && i < r->ev.writes.len; i++) {
		struct evlog_write *write = &r->ev.writes.at[i];
		write->data = data;
		data = write->range.len ? data + write->range.len : data;
		err = sys_find_holes(&write->range, write->data, &write->holes);
	}
	return err;
}

struct error *record_read_written(struct recording *r)
{
	r->next = 0;
	r->next_from = 0;
	return read_piece(r);
}

struct error *record_add_event(struct recording *r)
{
	struct error *err = add_event(r);

	while (!err && record_has_more(r)) {
		r->ev.index = r->result.events;
		r->ev.kind = EVLOG_DATA;
		record_clear_changes(&r->ev);
		r->ev.strings.len = r->ev.before.len = r->ev.after.len = 0;
		clear_writes(&r->ev);
		err = read_piece(r);
		if (!err)
			err = add_event(r);
	}
	return err;
}

/* ---- Registers ---- */

void record_take_regs(const struct recording *r, uint64_t ret[RECORD_REGS])
{
	for (size_t i = 0; i < r->num_regs; i++)
		ret[i] = tracee_reg(r->n, r->regs[i]);
}

static bool is_clobbered(const struct isa *isa, uint32_t reg)
{
	for (uint32_t i = 0; i < isa->sys.num_clobbered; i++) {
		if (isa->sys.clobbered[i] == reg)
			return true;
	}
	return false;
}

/* In an event's pc, number, args and result. */
static bool is_told(const struct isa *isa, uint32_t reg)
{
	bool told = reg == isa->pc || reg == isa->sys.number || reg == isa->sys.result;

	for (int i = 0; i < 6; i++)
		told = told || isa->sys.arg[i] == reg;
	return told;
}

static bool push_reg(const struct recording *r, evlog_regs *regs, size_t i, uint64_t value)
{
	if (!vec_reserve(regs, regs->len + 1))
		return false;
	regs->at[regs->len] = r->reg_names[i];
	regs->at[regs->len++].value = value;
	return true;
}

struct error *record_put_regs(struct recording *r, const uint64_t *before, const uint64_t *after, bool call)
{
	bool ok = true;

	for (size_t i = 0; ok && i < r->num_regs; i++) {
		bool unknown = call && r->clobbered[i];
		bool result = call && i == r->result_index;
		if (!unknown && !(call && r->told[i]))
			ok = push_reg(r, &r->ev.before, i, before[i]);
		if (ok && after && !result && (unknown || after[i] != before[i]))
			ok = push_reg(r, &r->ev.after, i, after[i]);
	}
	return ok ? NULL : &error_no_memory;
}

/* ---- Before the call ---- */

static void lookup(struct recording *r, uint64_t number, const struct sysno **ret_row, const struct sys_desc **ret_desc)
{
	if (number >= RECORD_NUMBERS) {
		*ret_row = sys_lookup(r->isa, number);
		*ret_desc = sys_describe(sys_meaning(*ret_row));
		return;
	}
	if (!r->known[number].desc) {
		r->known[number].row = sys_lookup(r->isa, number);
		r->known[number].desc = sys_describe(sys_meaning(r->known[number].row));
	}
	*ret_row = r->known[number].row;
	*ret_desc = r->known[number].desc;
}

/* Calls that are part of delivering signals to handlers, which lib/sys leaves to a replayer that does so. None of them
 * writes memory. */
static bool serves_signals(const struct sys_desc *desc)
{
	return desc->sem == SYS_RT_SIGRETURN || desc->sem == SYS_PAUSE || desc->sem == SYS_RT_SIGSUSPEND;
}

/*
 * Requests for memory that cannot be replayed. Guard regions (Linux 6.13) are refused as an older kernel does: programs
 * make do with mprotect(). A protection that is to spread to where a mapping may grow, nobody else supports.
 */
static struct error *admit_mapping(struct recording *r)
{
	const struct record_call *c = &r->call;
	const uint64_t *arg = c->sys.arg;
	enum { SOFT_OFFLINE = 101, GUARD_INSTALL = 102, GUARD_REMOVE = 103 }; /* asm-generic/mman-common.h */
	const char *what = NULL;

	if (c->desc->sem == SYS_MADVISE && (arg[2] == GUARD_INSTALL || arg[2] == GUARD_REMOVE))
		return tracee_deny(r->n, EINVAL);
	if (c->desc->sem == SYS_MADVISE && (arg[2] == MADV_HWPOISON || arg[2] == SOFT_OFFLINE))
		what = "madvise with MADV_HWPOISON or MADV_SOFT_OFFLINE";
	if (c->desc->sem == SYS_MPROTECT && arg[2] & (PROT_GROWSDOWN | PROT_GROWSUP))
		what = "mprotect with PROT_GROWSDOWN or PROT_GROWSUP";
	return what ? error_create(ERROR_UNSUPPORTED, "the program's call at PC 0x%llx cannot be recorded: %s",
				   (unsigned long long)c->pc, what)
		    : NULL;
}

/* May the kernel see the call? */
static struct error *admit(struct recording *r)
{
	const struct record_call *c = &r->call;
	enum sys_policy policy;

	if (c->desc->flags & SYS_F_PROCESS)
		return error_create(ERROR_UNSUPPORTED,
				    "the program calls %s at PC 0x%llx: other processes, threads and programs are not "
				    "recorded yet; record one program that runs alone",
				    c->sys.row->name, (unsigned long long)c->pc);
	/* The kernel writes to a registered area whenever it schedules the thread: nobody could tell when. */
	if (c->desc->sem == SYS_RSEQ)
		return tracee_deny(r->n, ENOSYS);
	if (serves_signals(c->desc))
		return NULL;
	/* If the kernel does not know it either, there is nothing to know: check_unknown(). */
	if (sys_is_unknown(&c->sys))
		return NULL;
	if (c->desc->flags & SYS_F_MAP) {
		struct error *err = admit_mapping(r);
		if (err)
			return err;
	}
	struct error *err = sys_decide(&c->sys, &policy);
	if (!err)
		return record_hide_filter(r);
	return error_prefix(err, "the program's call at PC 0x%llx cannot be recorded", (unsigned long long)c->pc);
}

/* Appends the string at address, as far as the kernel would read it, to texts; false if the kernel cannot read it
 * either. */
static struct error *read_string(struct recording *r, uint64_t address, struct strbuf *texts, size_t *ret_len,
				 bool *ret_ok)
{
	enum { STRING_MAX = 4096, PAGE = 4096, FIRST = 128 };
	size_t len = 0, want = FIRST;

	*ret_ok = false;
	while (len < STRING_MAX) {
		char chunk[PAGE];
		/* Never past a page's end: the next may not be there. */
		size_t room = PAGE - (address + len) % PAGE, got;
		size_t n = want < room ? want : room;
		struct error *err = tracee_read_some(r->n, address + len, chunk, n, &got);
		if (err || got < n)
			return err;
		const char *nul = memchr(chunk, '\0', n);
		strbuf_append_bytes(texts, chunk, nul ? (size_t)(nul - chunk) : n);
		len += nul ? (size_t)(nul - chunk) : n;
		want = PAGE;
		if (nul) {
			*ret_len = len;
			*ret_ok = true;
			return NULL;
		}
	}
	return NULL;
}

static struct error *read_strings(struct recording *r)
{
	struct record_call *c = &r->call;

	strbuf_clear(&c->texts);
	c->strings.len = 0;
	for (uint8_t i = 0; i < 6; i++) {
		size_t start = c->texts.len, len;
		bool ok;
		if (c->desc->arg[i].kind != ARG_STRING || !c->sys.arg[i])
			continue;
		struct error *err = read_string(r, c->sys.arg[i], &c->texts, &len, &ok);
		if (err)
			return err;
		if (!ok) {
			c->texts.len = start;
			continue;
		}
		if (!vec_push(&c->strings, ((struct evlog_string){.arg = i, .len = len})))
			return &error_no_memory;
	}
	return strbuf_failed(&c->texts) ? &error_no_memory : NULL;
}

/* sys_written() needs to know lengths that the kernel overwrites. */
static bool overwrites_lengths(const struct sys_desc *desc)
{
	for (int i = 0; i < 6; i++) {
		const struct sys_arg *arg = &desc->arg[i];
		if (arg->len == LEN_POINTED || (arg->len == LEN_SPECIAL && arg->kind != ARG_IN))
			return true;
	}
	return false;
}

static struct error *look_before(struct recording *r)
{
	struct record_call *c = &r->call;
	struct error *err = read_strings(r);

	c->may.len = 0;
	if (!err && overwrites_lengths(c->desc))
		err = sys_may_write(&c->sys, &r->memory, &c->may);
	memset(c->action, 0, sizeof c->action);
	if (!err && c->desc->sem == SYS_RT_SIGACTION && c->sys.arg[1]) {
		size_t got;
		err = tracee_read_some(r->n, c->sys.arg[1], c->action, sizeof c->action, &got);
	}
	return err;
}

/* The call that is about to be made at pc. */
static void begin_call(struct recording *r, const struct sys_call *sys, uint64_t pc)
{
	struct record_call *c = &r->call;
	const struct isa *isa = r->isa;
	struct sys_call raw = *sys;

	c->interrupted = 0;
	c->sys = *sys;
	c->desc = sys->desc;
	for (int i = 0; i < 6; i++)
		c->raw[i] = raw.arg[i] = tracee_reg(r->n, isa->sys.arg[i]);
	for (unsigned i = 0; i < 6; i++)
		c->sys.arg[i] = sys_arg(&raw, i);
	c->pc = pc;
	record_take_regs(r, c->before);
	c->before[r->pc_index] = c->pc;
	/* The kernel's placeholder is there already. */
	if (isa->sys.number == isa->sys.result)
		c->before[r->result_index] = c->sys.number;
}

struct error *record_entry(struct recording *r)
{
	struct record_call *c = &r->call;
	struct sys_call sys = {.number = sys_number(tracee_number(r->n))};

	lookup(r, sys.number, &sys.row, &sys.desc);
	if (c->interrupted && sys.desc->sem == SYS_RESTART_SYSCALL) {
		/* The kernel goes on with the call that was interrupted; the program made only that one. */
		c->interrupted = 0;
		return NULL;
	}
	begin_call(r, &sys, tracee_reg(r->n, r->isa->pc) - r->isa->sys.insn_len);
	struct error *err = admit(r);
	return err ? err : look_before(r);
}

/* ---- After the call ---- */

/* The event of the call under way, without what it wrote. */
static struct error *begin_call_event(struct recording *r, enum evlog_kind kind)
{
	struct record_call *c = &r->call;
	char *text = c->texts.at;

	record_begin_event(r, kind, c->sys.number, c->sys.row ? c->sys.row->name : "unknown", c->pc);
	memcpy(r->ev.arg, c->raw, sizeof r->ev.arg);
	r->ev.result = c->sys.result;
	for (size_t i = 0; i < c->strings.len; i++) {
		struct evlog_string string = c->strings.at[i];
		string.text = text;
		text += string.len;
		if (!vec_push(&r->ev.strings, string))
			return &error_no_memory;
	}
	return NULL;
}

/* Of a call that lib/sys does not know, the kernel's refusal is all that can be recorded. */
static struct error *check_unknown(struct recording *r)
{
	const struct record_call *c = &r->call;
	struct strbuf text = {0};

	if (!sys_is_unknown(&c->sys))
		return NULL;
	if (sys_is_refused(&c->sys)) {
		r->result.refused++;
		return NULL;
	}
	sys_format(&text, &c->sys, NULL);
	sys_format_result(&text, c->sys.result);
	struct error *err = error_create(
		ERROR_UNSUPPORTED,
		"the program's call at PC 0x%llx cannot be recorded: the kernel knows %s, but what it does is not known here",
		(unsigned long long)c->pc, strbuf_text(&text));
	strbuf_deinit(&text);
	return err;
}

struct error *record_result_is(struct recording *r, int64_t result)
{
	struct record_call *c = &r->call;
	uint64_t after[RECORD_REGS];

	c->sys.result = result;
	r->written.len = 0;
	record_note_privileges(r);
	struct error *err = check_unknown(r);
	if (!err)
		err = begin_call_event(r, EVLOG_SYSCALL);
	if (!err && !serves_signals(c->desc)) {
		err = sys_written(&c->sys, &r->memory, &r->written);
		sys_clip(&r->written, &c->may);
	}
	if (!err)
		err = record_read_written(r);
	if (err)
		return err;

	record_take_regs(r, after);
	after[r->result_index] = (uint64_t)result;
	/* Going on behind the call is no change. */
	if (after[r->pc_index] == c->pc + r->isa->sys.insn_len)
		after[r->pc_index] = c->pc;
	err = record_put_regs(r, c->before, after, true);
	if (!err)
		err = record_backing(r, &r->ev.backing);
	if (!err)
		err = record_changes(r);
	return err ? err : record_signal_calls(r);
}

struct error *record_return(struct recording *r, bool *ret_event)
{
	int64_t result = (int64_t)tracee_reg(r->n, r->isa->sys.result);

	/* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, (none), ERESTART_RESTARTBLOCK: record_signal() decides. */
	if (result >= -516 && result <= -512 && !(r->call.desc->flags & SYS_F_NORETURN)) {
		r->call.interrupted = result;
		return NULL;
	}
	struct error *err = record_result_is(r, result);
	*ret_event = !err;
	return err;
}

struct error *record_gate_call(struct recording *r)
{
	struct sys_call sys = {.number = sys_number(tracee_number(r->n))};
	int64_t result = 0;
	bool made = false;

	lookup(r, sys.number, &sys.row, &sys.desc);
	begin_call(r, &sys, tracee_reg(r->n, r->isa->pc));
	struct error *err = look_before(r);
	if (!err)
		err = tracee_make_gate_call(r->n, &result, &made);
	if (err || !made)
		return err;
	err = record_result_is(r, result);
	return err ? err : record_add_event(r);
}

struct error *record_exit(struct recording *r)
{
	const struct record_call *c = &r->call;
	bool asked = c->desc && (c->desc->sem == SYS_EXIT || c->desc->sem == SYS_EXIT_GROUP);

	if (!asked)
		return error_create(ERROR_TARGET, "the program ended without a call that ends it");
	struct error *err = begin_call_event(r, EVLOG_EXIT);
	if (!err)
		err = record_put_regs(r, c->before, NULL, true);
	return err ? err : record_add_event(r);
}

/* ---- Set-up ---- */

static struct error *read_memory(void *ctx, uint64_t address, void *ret, size_t len)
{
	struct recording *r = ctx;

	return tracee_read(r->n, address, ret, len);
}

static bool is_carried(const struct reg_desc *reg)
{
	return reg->width == 64 && (reg->class == REG_GENERAL || reg->class == REG_PC || reg->class == REG_SEGMENT);
}

struct error *record_init_calls(struct recording *r)
{
	const struct isa *isa = r->isa;

	r->memory = (struct sys_memory){r, read_memory};
	for (uint32_t reg = 0; reg < isa->num_regs; reg++) {
		size_t i = r->num_regs;
		if (!is_carried(&isa->regs[reg]))
			continue;
		if (i == RECORD_REGS || strlen(isa->regs[reg].name) >= sizeof r->reg_names[i].name)
			return error_create(ERROR_BUG, "the registers of %s do not fit in an event", isa->name);
		r->regs[i] = reg;
		memcpy(r->reg_names[i].name, isa->regs[reg].name, strlen(isa->regs[reg].name));
		r->clobbered[i] = is_clobbered(isa, reg);
		r->told[i] = is_told(isa, reg);
		r->pc_index = reg == isa->pc ? i : r->pc_index;
		r->result_index = reg == isa->sys.result ? i : r->result_index;
		r->num_regs++;
	}
	return NULL;
}

void record_deinit_calls(struct recording *r)
{
	record_free_backing(r->ev.backing);
	record_clear_changes(&r->ev);
	vec_deinit(&r->ev.changes);
	vec_deinit(&r->call.may);
	vec_deinit(&r->call.strings);
	strbuf_deinit(&r->call.texts);
	clear_writes(&r->ev);
	vec_deinit(&r->ev.writes);
	vec_deinit(&r->ev.strings);
	vec_deinit(&r->ev.before);
	vec_deinit(&r->ev.after);
	vec_deinit(&r->written);
	vec_deinit(&r->ranges);
	vec_deinit(&r->data);
}
