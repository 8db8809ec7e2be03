#include "lib/trace/import.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/map.h"
#include "lib/base/vec.h"
#include "lib/lift/lift.h"
#include "lib/trace/import_code.h"
#include "lib/trace/import_walk.h"

enum { MAX_TARGETS = 4 }; /* of a branch: where it is taken and where not, and that for the end of a repetition */

/* The listing that is being read. */
struct listing {
	bool open;
	uint64_t start, end;
};

/* Where an instruction can lead. */
struct route {
	bool known;    /* it has a model */
	bool anywhere; /* the address is computed, or in the kernel */
	uint8_t len;   /* of the instruction; 0: it is none */
	uint8_t num;
	uint64_t target[MAX_TARGETS];
};

struct import {
	int fd; /* -1: none of its own */
	struct qemu_log *log;
	struct qemu_log_item item; /* that is to be looked at next */
	const struct isa *isa;
	const struct import_options *options;
	struct lift_cache *cache;
	VEC(struct route) routes; /* by lifted->count - 1 */
	const struct import_sink *sink;
	bool enough; /* the sink has */
	struct import_counts counts;

	struct import_code code; /* of listings */
	struct map blocks;       /* by start: bytes of the block that was listed last */
	struct listing listing;

	bool have_state;
	uint64_t line; /* of the state before */
	struct state before;
	uint64_t before_steps; /* that led to it */
	struct state nothing;  /* everything unknown */
	struct import_walk walk;
	uint8_t bytes[TRACE_MAX_BYTES];
};

/* ---- Code ---- */

/* Listed code is what QEMU translated; the program's file may be older than what the guest did to it. */
static size_t get_code(struct import *im, uint64_t address, uint8_t *ret, size_t len)
{
	size_t have = import_code_get(&im->code, address, ret, len);

	if (have < len && im->options->code)
		have += im->options->code(im->options->ctx, address + have, ret + have, len - have);
	return have;
}

/* ---- Listings ---- */

static struct error *close_listing(struct import *im)
{
	struct listing *l = &im->listing;

	if (l->open && l->end > l->start) {
		uint64_t *len = map_put(&im->blocks, l->start);
		if (!len)
			return &error_no_memory;
		*len = l->end - l->start;
	}
	l->open = false;
	return NULL;
}

static struct error *take_code(struct import *im, const struct qemu_log_item *item)
{
	struct listing *l = &im->listing;

	if (!l->open || (l->end != l->start && item->address != l->end))
		return error_input(qemu_log_name(im->log), item->line,
				   "the lines of this listing are not in a row: have one process write the log again");
	if (l->end == l->start)
		l->start = item->address;
	l->end = item->address + item->len;
	return import_code_add(&im->code, item->address, item->bytes, item->len);
}

/* ---- Steps ---- */

enum reach {
	REACH_NEXT,    /* the instruction behind it is the next, whatever the state */
	REACH_BRANCH,  /* it may go to the address asked for, or enters the kernel */
	REACH_OTHER,   /* it goes elsewhere */
	REACH_UNKNOWN, /* it has no model or no code */
};

/* Adds the addresses that this value of the program counter can be. One that is computed can be any. */
static void add_targets(const struct expr_pool *pool, expr_id pc, struct route *r)
{
	const struct expr *e = expr_get(pool, pc);
	uint64_t value;

	if (!expr_is_const(pool, pc, &value)) {
		if (e->op != EXPR_ITE || r->anywhere) {
			r->anywhere = true;
			return;
		}
		add_targets(pool, e->arg[1], r);
		add_targets(pool, e->arg[2], r);
	} else if (r->num < MAX_TARGETS) {
		r->target[r->num++] = value;
	} else {
		r->anywhere = true;
	}
}

/* Asks the model, once an instruction: its entry in the cache then counts the routes (lifted->count). */
static struct error *find_route(struct import *im, struct lifted *l, const uint8_t *bytes, size_t len)
{
	struct route r = {.len = l->insn.len};
	const struct transfer *t;
	struct insn insn;
	struct error *err = lift_again(im->cache, l->insn.pc, bytes, len, &insn, &t);

	if (err)
		return err;
	if (insn.status == LIFT_TRUNCATED || insn.status == LIFT_UNDECODABLE)
		r.len = 0;
	r.known = insn.status == LIFT_DONE;
	expr_id pc = r.known ? transfer_get_reg(t, im->isa->pc) : EXPR_NONE;
	r.anywhere = pc == EXPR_NONE || t->kind != TRANSFER_PLAIN;
	if (!r.anywhere)
		add_targets(t->pool, pc, &r);
	if (!vec_push(&im->routes, r))
		return &error_no_memory;
	l->count = im->routes.len;
	return NULL;
}

static enum reach reach_of(const struct route *r, uint64_t behind, uint64_t next_pc)
{
	if (!r->known)
		return REACH_UNKNOWN;
	if (r->anywhere)
		return REACH_BRANCH;
	if (r->num == 1 && r->target[0] == behind)
		return REACH_NEXT;
	for (unsigned i = 0; i < r->num; i++)
		if (r->target[i] == next_pc)
			return REACH_BRANCH;
	return REACH_OTHER;
}

/* Looks at the instruction at address: how long it is, and whether it can lead to next_pc. */
static struct error *look(struct import *im, uint64_t address, uint64_t next_pc, uint8_t *ret_len, enum reach *ret)
{
	uint8_t bytes[ISA_MAX_INSN_LEN];
	struct lifted *l;
	size_t have = get_code(im, address, bytes, im->isa->max_insn_len);

	*ret = REACH_UNKNOWN;
	*ret_len = 0;
	if (!have)
		return NULL;
	struct error *err = lift_cache_get(im->cache, address, bytes, have, &l);
	if (!err && !l->count)
		err = find_route(im, l, bytes, have);
	if (err)
		return err;
	const struct route *r = &im->routes.at[l->count - 1];
	*ret_len = r->len;
	*ret = reach_of(r, address + r->len, next_pc);
	return NULL;
}

/*
 * Without a listing: a block goes on to the first instruction that may branch to the next state. If that one cannot,
 * the block ended before, in front of the next state, as at the end of a page.
 */
static struct error *measure_block(struct import *im, uint64_t pc, uint64_t next_pc, size_t *ret)
{
	enum reach reach = REACH_NEXT;
	struct error *err = NULL;
	size_t len = 0, before_next = 0;

	while (!err && reach == REACH_NEXT && len < TRACE_MAX_BYTES - ISA_MAX_INSN_LEN) {
		uint8_t insn_len;
		err = look(im, pc + len, next_pc, &insn_len, &reach);
		len += insn_len;
		if (!insn_len)
			break;
		if (pc + len == next_pc && reach != REACH_OTHER && !before_next)
			before_next = len;
	}
	*ret = reach == REACH_BRANCH ? len : before_next;
	return err;
}

/* Single instructions: the next state must be where this one leads. */
static struct error *measure_insn(struct import *im, uint64_t pc, uint64_t next_pc, uint64_t line, size_t *ret)
{
	enum reach reach;
	uint8_t len;
	struct error *err = look(im, pc, next_pc, &len, &reach);

	if (!err && reach == REACH_NEXT && pc + len != next_pc)
		return error_input(qemu_log_name(im->log), line,
				   "between this state, at 0x%" PRIx64 ", and the next, at 0x%" PRIx64
				   ", is more than one instruction: log with -one-insn-per-tb (-singlestep before QEMU "
				   "8.1) or with `-d in_asm`, or ask for --blocks",
				   pc, next_pc);
	*ret = len;
	return err;
}

static struct error *measure(struct import *im, uint64_t pc, uint64_t next_pc, uint64_t line, size_t *ret)
{
	const uint64_t *listed = map_get(&im->blocks, pc);

	if (listed) {
		*ret = *listed <= TRACE_MAX_BYTES ? *listed : 0;
		return NULL;
	}
	return im->options->blocks ? measure_block(im, pc, next_pc, ret) : measure_insn(im, pc, next_pc, line, ret);
}

/* ---- Giving steps ---- */

/* The call at the end of a step, as far as states tell of it. */
static bool find_event(const struct import *im, const uint8_t *bytes, size_t len, struct trace_event *ret)
{
	size_t call = im->isa->sys.insn_len;

	if (len < call || memcmp(bytes + len - call, im->isa->sys.insn, call) != 0)
		return false;
	*ret = (struct trace_event){.number = state_get(&im->before, im->isa->sys.number),
				    .policy = TRACE_PASSED,
				    .unlogged = true};
	return true;
}

static struct error *give_step(struct import *im, uint64_t pc, const uint8_t *bytes, size_t len,
			       const struct state *after)
{
	struct trace_event event;
	struct trace_step step = {
		.number = ++im->counts.steps,
		.pc = pc,
		.bytes = bytes,
		.len = (uint16_t)len,
		.before = &im->before,
		.after = after ? after : &im->nothing,
		.running = !after,
	};

	/* With the states of the log around it, which tells what differs between them. */
	if (after && im->counts.steps == im->before_steps + 1) {
		step.words = im->item.touched;
		step.num_words = im->item.num_touched;
	}

	if (after && find_event(im, bytes, len, &event))
		step.event = &event;
	return im->enough ? NULL : im->sink->step(im->sink->ctx, &step, &im->enough);
}

/* The instructions of a block, of which the last, executed so often, leads to the state after it. */
static struct error *give_block(struct import *im, uint64_t pc, size_t len, unsigned repeated,
				const struct state *after)
{
	size_t at = 0;
	struct error *err = NULL;

	while (!err && at < len) {
		enum reach reach;
		uint8_t insn_len;
		err = look(im, pc + at, 0, &insn_len, &reach);
		if (err)
			break;
		/* What is no instruction ends the block: it cannot be told from what follows. */
		if (!insn_len || insn_len > len - at)
			insn_len = (uint8_t)(len - at < ISA_MAX_INSN_LEN ? len - at : ISA_MAX_INSN_LEN);
		bool last = at + insn_len == len;
		for (unsigned i = 1; i < repeated && last && !err; i++)
			err = give_step(im, pc + at, im->bytes + at, insn_len, NULL);
		if (!err)
			err = give_step(im, pc + at, im->bytes + at, insn_len, last ? after : NULL);
		at += insn_len;
	}
	return err;
}

static struct error *add_steps(struct import *im, const struct state *after)
{
	uint64_t pc = state_get(&im->before, im->isa->pc), steps = im->counts.steps;
	unsigned repeated = 1;
	size_t len = 0;
	struct error *err = measure(im, pc, state_get(after, im->isa->pc), im->line, &len);

	if (err)
		return err;
	if (get_code(im, pc, im->bytes, len) < len)
		len = 0;
	const struct import_block block = {pc, im->bytes, len, &im->before, after};
	if (len)
		err = import_walk_count(&im->walk, &block, &repeated);
	im->counts.uncounted += !err && !repeated;
	if (!err && len && repeated)
		err = give_block(im, pc, len, repeated, after);
	else if (!err)
		err = give_step(im, pc, im->bytes, 0, after);
	im->counts.unknown += !len;
	im->counts.blocks += im->counts.steps > steps + 1;
	return err;
}

/* Code that changes all the time must not fill the memory. */
static void trim_cache(struct import *im)
{
	uint64_t emptied = lift_cache_stats(im->cache).emptied;

	lift_cache_trim(im->cache);
	if (lift_cache_stats(im->cache).emptied != emptied)
		im->routes.len = 0;
}

static void copy_touched(struct state *to, const struct qemu_log_item *item)
{
	if (!item->touched)
		state_copy(to, item->state);
	for (size_t i = 0; item->touched && i < item->num_touched; i++) {
		uint16_t w = item->touched[i];
		to->value[w] = item->state->value[w];
		to->unknown[w] = item->state->unknown[w];
	}
}

static struct error *take_state(struct import *im, const struct qemu_log_item *item)
{
	struct error *err = close_listing(im);

	trim_cache(im);
	im->counts.states++;
	if (!err && im->have_state)
		err = add_steps(im, item->state);
	if (err)
		return err;
	im->have_state = true;
	im->line = item->line;
	im->before_steps = im->counts.steps;
	copy_touched(&im->before, item);
	return NULL;
}

/* ---- The whole ---- */

static struct error *next_item(struct import *im)
{
	struct error *err = qemu_log_next(im->log, &im->item);

	while (!err && im->item.kind == QEMU_LOG_MORE) {
		size_t len;
		void *space = qemu_log_space(im->log, &len);
		int fd = im->fd < 0 ? STDIN_FILENO : im->fd;
		err = file_wait(fd);
		if (err)
			break;
		ssize_t n = read(fd, space, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_os(errno, "read", qemu_log_name(im->log));
		qemu_log_fed(im->log, (size_t)n);
		err = qemu_log_next(im->log, &im->item);
	}
	return err;
}

/* An item that is no state. */
static struct error *take_item(struct import *im)
{
	struct error *err = NULL;

	switch (im->item.kind) {
	case QEMU_LOG_BLOCK:
		err = close_listing(im);
		im->listing = (struct listing){.open = true};
		break;
	case QEMU_LOG_CODE: err = take_code(im, &im->item); break;
	/* The trace has no memory; a state tells its place itself. */
	case QEMU_LOG_MAP_BEGIN:
	case QEMU_LOG_MAP:
	case QEMU_LOG_EXEC:
	case QEMU_LOG_MORE:
	case QEMU_LOG_STATE:
	case QEMU_LOG_END: break;
	}
	return err;
}

/* Listings stand before the first state, too. */
static struct error *find_first_state(struct import *im)
{
	struct error *err = next_item(im);

	while (!err && im->item.kind != QEMU_LOG_STATE && im->item.kind != QEMU_LOG_END) {
		err = take_item(im);
		if (!err)
			err = next_item(im);
	}
	if (!err && im->item.kind == QEMU_LOG_END)
		err = error_input(qemu_log_name(im->log), 0, "the log ends within its first state: write it again");
	return err;
}

static struct error *open_log(struct import *im, const char *path)
{
	bool standard = !strcmp(path, "-");

	im->fd = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (!standard && im->fd < 0)
		return error_os(errno, "open the log", path);
	struct error *err = qemu_log_create(standard ? "standard input" : path, &im->log);
	if (!err)
		err = find_first_state(im);
	im->isa = err ? NULL : qemu_log_isa(im->log);
	return err;
}

struct error *import_open(const char *path, struct import **ret)
{
	struct import *im = calloc(1, sizeof *im);
	struct error *err = im ? open_log(im, path) : &error_no_memory;

	if (err)
		import_close(im);
	else
		*ret = im;
	return err;
}

const char *import_name(const struct import *im)
{
	return qemu_log_name(im->log);
}

struct error *import_describe(const struct import *im, struct trace_header *ret)
{
	size_t num = im->isa->num_words;
	uint64_t *hidden = calloc(num, sizeof *hidden);

	if (!hidden)
		return &error_no_memory;
	memcpy(hidden, im->item.state->unknown, num * sizeof *hidden);
	ret->isa = im->isa;
	ret->hidden = hidden;
	ret->no_memory = true;
	return NULL;
}

static struct error *read_items(struct import *im)
{
	struct error *err = NULL;

	while (!err && !im->enough && im->item.kind != QEMU_LOG_END) {
		err = im->item.kind == QEMU_LOG_STATE ? take_state(im, &im->item) : take_item(im);
		if (!err && !im->enough)
			err = next_item(im);
	}
	return err;
}

struct error *import_run(struct import *im, const struct import_options *options, const struct import_sink *sink)
{
	struct error *err = lift_cache_create(im->isa, 0, &im->cache);

	im->options = options;
	im->sink = sink;
	if (!err)
		err = state_init(&im->before, im->isa);
	if (!err)
		err = state_init(&im->nothing, im->isa);
	if (!err)
		err = import_walk_init(&im->walk, im->isa, im->cache);
	return err ? err : read_items(im);
}

struct import_counts import_counted(const struct import *im)
{
	struct import_counts counts = im->counts;

	counts.ignored = qemu_log_ignored(im->log);
	counts.cut = qemu_log_cut(im->log);
	return counts;
}

/* ---- Into a trace ---- */

static struct error *write_step(void *ctx, const struct trace_step *step, bool *ret_enough)
{
	(void)ret_enough;
	return trace_writer_step(ctx, step);
}

struct error *import_to_trace(struct import *im, const struct trace_header *header,
			      const struct import_options *options, const char *path)
{
	struct trace_writer *writer = NULL;
	struct error *err = trace_writer_create(path, header, im->item.state, &writer);
	const struct import_sink sink = {.step = write_step, .ctx = writer};

	if (!err)
		err = import_run(im, options, &sink);
	if (!err)
		err = trace_writer_finish(writer, &(struct trace_end){.exited = false}); /* the log just ends */
	trace_writer_destroy(writer);
	return err;
}

void import_close(struct import *im)
{
	if (!im)
		return;
	vec_deinit(&im->routes);
	import_code_deinit(&im->code);
	map_deinit(&im->blocks);
	state_deinit(&im->before);
	state_deinit(&im->nothing);
	import_walk_deinit(&im->walk);
	lift_cache_destroy(im->cache);
	qemu_log_destroy(im->log);
	if (im->fd >= 0)
		close(im->fd);
	free(im);
}
