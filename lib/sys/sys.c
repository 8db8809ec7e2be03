#include "lib/sys/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/search.h"
#include "lib/sys/walk.h"

/* The words of sys.def; its legend explains them. */
#define REJECT  SYS_REJECT
#define EMULATE SYS_EMULATE
#define EXECUTE SYS_EXECUTE
#define PASS    SYS_PASS
#define NONE \
	{ \
		.kind = ARG_NONE \
	}
#define KIND_FD   .kind = ARG_FD, .bits = 32
#define KIND_INT  .kind = ARG_INT, .bits = 32
#define KIND_UINT .kind = ARG_UINT, .bits = 32
#define KIND_MODE .kind = ARG_UINT, .bits = 16
#define KIND_LONG .kind = ARG_INT, .bits = 64
#define KIND_SIZE .kind = ARG_UINT, .bits = 64
#define KIND_ADDR .kind = ARG_ADDR, .bits = 64
#define NUMBER(name) \
	{ \
		KIND_##name \
	}
#define FD   NUMBER(FD)
#define INT  NUMBER(INT)
#define UINT NUMBER(UINT)
#define MODE NUMBER(MODE)
#define LONG NUMBER(LONG)
#define SIZE NUMBER(SIZE)
#define ADDR NUMBER(ADDR)
#define LOW(number) \
	{ \
		.kind = ARG_UINT, .bits = (number) \
	}
#define UNUSED LOW(0)
#define IF_SET(name, of, mask) \
	{ \
		KIND_##name, .when = SYS_IF_SET, .when_of = (of), .when_bits = (mask) \
	}
#define IF_CLEAR_ELSE(name, of, mask, low) \
	{ \
		KIND_##name, .when = SYS_IF_CLEAR, .when_of = (of), .when_bits = (mask), .else_bits = (low) \
	}
#define IF_CLEAR(name, of, mask) \
	{ \
		KIND_##name, .when = SYS_IF_CLEAR, .when_of = (of), .when_bits = (mask) \
	}
#define IF_GIVEN(name, of) \
	{ \
		KIND_##name, .when = SYS_IF_GIVEN, .when_of = (of) \
	}
#define STR \
	{ \
		.kind = ARG_STRING, .len = LEN_STRING \
	}
#define IN(size) \
	{ \
		.kind = ARG_IN, .len = LEN_FIXED, .n = (size) \
	}
#define IN_IF_SET(size, arg, mask) \
	{ \
		.kind = ARG_IN, .len = LEN_FIXED, .n = (size), .when = SYS_IF_SET, .when_of = (arg), \
		.when_bits = (mask) \
	}
#define OUT(size) \
	{ \
		.kind = ARG_OUT, .len = LEN_FIXED, .n = (size) \
	}
#define INOUT(size) \
	{ \
		.kind = ARG_INOUT, .len = LEN_FIXED, .n = (size) \
	}
#define OUT_ADDR(size, words) \
	{ \
		.kind = ARG_OUT, .len = LEN_FIXED, .n = (size), .addresses = (words) \
	}
#define IN_ARGS(arg, size) \
	{ \
		.kind = ARG_IN, .len = LEN_ARG, .of = (arg), .n = (size) \
	}
#define OUT_ARGS(arg, size) \
	{ \
		.kind = ARG_OUT, .len = LEN_ARG, .of = (arg), .n = (size) \
	}
#define IN_ARG(arg)  IN_ARGS(arg, 1)
#define OUT_ARG(arg) OUT_ARGS(arg, 1)
#define INOUT_ARG(arg) \
	{ \
		.kind = ARG_INOUT, .len = LEN_ARG, .of = (arg), .n = 1 \
	}
#define OUT_RESULTS(arg, size) \
	{ \
		.kind = ARG_OUT, .len = LEN_RESULT, .of = (arg), .n = (size) \
	}
#define OUT_RESULT(arg) OUT_RESULTS(arg, 1)
#define OUT_ENTRIES(arg, what) \
	{ \
		.kind = ARG_OUT, .len = LEN_RESULT, .of = (arg), .n = 1, .layout = SYS_##what \
	}
#define OUT_POINTED(arg) \
	{ \
		.kind = ARG_OUT, .len = LEN_POINTED, .of = (arg) \
	}
#define LENGTH_OF(arg) \
	{ \
		.kind = ARG_INOUT, .len = LEN_LENGTH, .of = (arg), .n = 4, .when = SYS_IF_GIVEN, .when_of = (arg) \
	}
#define IN_SPECIAL \
	{ \
		.kind = ARG_IN, .len = LEN_SPECIAL \
	}
#define OUT_SPECIAL \
	{ \
		.kind = ARG_OUT, .len = LEN_SPECIAL \
	}
#define INOUT_SPECIAL \
	{ \
		.kind = ARG_INOUT, .len = LEN_SPECIAL \
	}

/* Of flags: the same on x86-64 and AArch64 (asm-generic/fcntl.h, asm-generic/mman-common.h, linux/mman.h). */
enum {
	O_CREAT = 0100,
	WILL_CREATE = O_CREAT | 020000000, /* __O_TMPFILE */
	ANONYMOUS = 0x20,                  /* MAP_ANONYMOUS */
	NEW_ADDRESS = 2 | 4,               /* MREMAP_FIXED, MREMAP_DONTUNMAP */
};

static const struct sys_desc descs[SYS_NUM_SEMS] = {
	[SYS_UNCLASSIFIED] = {.sem = SYS_UNCLASSIFIED, .name = "UNCLASSIFIED", .policy = SYS_REJECT},
#define SYS(meaning, what, bits, ...) \
	[SYS_##meaning] = {.sem = SYS_##meaning, .name = #meaning, .policy = what, .flags = bits, .arg = {__VA_ARGS__}},
#include "lib/sys/sys.def"
#undef SYS
};

const struct sysno *sys_lookup(const struct isa *isa, uint64_t number)
{
	const struct sysno *table = isa->sys.table;
	size_t found;

	SEARCH_FIRST(found, isa->sys.num_rows, i, table[i].number < number);
	return found < isa->sys.num_rows && table[found].number == number ? &table[found] : NULL;
}

/* Linear: a microsecond. A recorder that is to keep up with strace asks once for each number (struct sys_call.desc). */
enum sys_sem sys_meaning(const struct sysno *row)
{
	for (unsigned sem = SYS_UNCLASSIFIED + 1; row && sem < SYS_NUM_SEMS; sem++) {
		if (!strcmp(descs[sem].name, row->meaning))
			return sem;
	}
	return SYS_UNCLASSIFIED;
}

const struct sys_desc *sys_describe(enum sys_sem sem)
{
	return &descs[(unsigned)sem < SYS_NUM_SEMS ? sem : SYS_UNCLASSIFIED];
}

const struct sys_desc *sys_describe_call(const struct sys_call *call)
{
	return call->desc ? call->desc : sys_describe(sys_meaning(call->row));
}

const char *sys_policy_name(enum sys_policy policy)
{
	switch (policy) {
	case SYS_REJECT: return "reject";
	case SYS_EMULATE: return "emulate";
	case SYS_EXECUTE: return "execute";
	case SYS_PASS: return "pass";
	}
	return "?";
}

static const char *row_name(const struct sys_call *call)
{
	return call->row ? call->row->name : "unknown";
}

struct error *sys_decide(const struct sys_call *call, enum sys_policy *ret)
{
	const struct sys_desc *desc = sys_describe_call(call);
	const struct sys_request *request;
	enum sys_policy policy = desc->policy;

	if (desc->sem == SYS_UNCLASSIFIED)
		return error_create(ERROR_UNSUPPORTED, "system call %" PRIu64 " (%s) is not in the table of meanings",
				    call->number, row_name(call));
	if (sys_find_request(call, desc->sem, &request)) {
		if (!request || request->policy == SYS_REJECT)
			return error_create(ERROR_UNSUPPORTED,
					    "system call %s (%" PRIu64 ") with request 0x%" PRIx64
					    "%s%s cannot be replayed",
					    row_name(call), call->number, call->arg[sys_request_arg(desc->sem)],
					    request ? " " : "", request ? request->name : "");
		policy = request->policy;
	}
	if (policy == SYS_REJECT)
		return error_create(ERROR_UNSUPPORTED, "system call %s (%" PRIu64 ") cannot be replayed",
				    row_name(call), call->number);
	*ret = policy;
	return NULL;
}

/* ---- What the kernel looks at ---- */

static uint64_t low_bits(uint64_t value, unsigned bits)
{
	return bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
}

/* Conditions are about flags, numbers and pointers that the kernel always looks at. */
static bool holds(const struct sys_call *call, const struct sys_desc *desc, const struct sys_arg *arg)
{
	const struct sys_arg *other = &desc->arg[arg->when_of];
	uint64_t value = low_bits(call->arg[arg->when_of], other->kind >= ARG_ADDR ? 64 : other->bits);

	switch ((enum sys_when)arg->when) {
	case SYS_ALWAYS: break;
	case SYS_IF_SET: return value & arg->when_bits;
	case SYS_IF_CLEAR: return !(value & arg->when_bits);
	case SYS_IF_GIVEN: return value;
	}
	return true;
}

enum sys_arg_kind sys_look(const struct sys_call *call, unsigned i, unsigned *ret_bits)
{
	const struct sys_desc *desc = sys_describe_call(call);
	const struct sys_arg *arg = &desc->arg[i];
	unsigned bits = arg->kind >= ARG_ADDR ? 64 : arg->bits;

	switch (sys_command_letter(call, desc->sem, i)) {
	case '-': *ret_bits = 0; return ARG_NONE;
	case 'i': *ret_bits = 32; return ARG_INT;
	case 'l': *ret_bits = 64; return ARG_UINT;
	case 'p': *ret_bits = 64; return arg->kind >= ARG_ADDR ? arg->kind : ARG_ADDR;
	default: break;
	}
	if (!holds(call, desc, arg))
		bits = arg->else_bits;
	*ret_bits = bits;
	return bits ? arg->kind : ARG_NONE;
}

uint64_t sys_arg(const struct sys_call *call, unsigned i)
{
	unsigned bits;

	sys_look(call, i, &bits);
	return low_bits(call->arg[i], bits);
}

/* ---- The walk over the arguments ---- */

static uint64_t times(uint64_t count, uint32_t n)
{
	return count > SYS_MAX_RW / (n ? n : 1) ? SYS_MAX_RW : count * n;
}

/* How many bytes argument i's buffer has in this phase. A length that cannot be read makes the call fail: 0. */
static struct error *arg_len(struct sys_walk *w, const struct sys_arg *arg, uint64_t *ret)
{
	switch (arg->len) {
	case LEN_FIXED: *ret = arg->n; return NULL;
	case LEN_ARG: *ret = times(w->call->arg[arg->of], arg->n); return NULL;
	case LEN_RESULT: *ret = times(walk_used(w, w->call->arg[arg->of]), arg->n); return NULL;
	case LEN_LENGTH: *ret = w->call->arg[arg->of] ? arg->n : 0; return NULL;
	case LEN_POINTED: {
		struct sys_range length = walk_arg(w, arg->of);

		*ret = 0;
		if (!w->call->arg[arg->of])
			return NULL;
		return walk_peek(w, length, 4, ret);
	}
	case LEN_NONE:
	case LEN_STRING:
	case LEN_SPECIAL: break;
	}
	*ret = 0;
	return NULL;
}

static struct error *walk_one(struct sys_walk *w, unsigned i, const struct sys_arg *arg)
{
	struct sys_range place = walk_arg(w, i);
	uint64_t len;

	if (arg->kind == ARG_STRING)
		return walk_string(w, place);
	if (arg->kind < ARG_IN || arg->len == LEN_SPECIAL || !w->call->arg[i])
		return NULL;

	struct error *err = arg_len(w, arg, &len);
	if (err)
		return err;
	place.addresses = arg->addresses;
	place.layout = arg->layout;
	switch (arg->kind) {
	case ARG_IN: return walk_in(w, place, len);
	case ARG_OUT: return walk_out(w, place, len);
	default: return walk_inout(w, place, len);
	}
}

static struct error *walk_all(struct sys_walk *w)
{
	const struct sys_desc *desc = sys_describe_call(w->call);
	sys_special special = sys_special_of(desc->sem);
	/* What cannot be read here the kernel could not read either, or did not come to read. After a success it can be
	 * read. */
	bool tolerant = w->phase != PHASE_WRITTEN || sys_failed(w->call->result);

	for (unsigned i = 0; i < 6; i++) {
		struct error *err = walk_one(w, i, &desc->arg[i]);

		if (err && !(tolerant && error_is(err, ERROR_FAULT)))
			return err;
		error_destroy(err);
	}

	struct error *err = special ? special(w) : NULL;
	if (tolerant && error_is(err, ERROR_FAULT)) {
		error_destroy(err);
		err = NULL;
	}
	return err;
}

static struct error *walk_call(const struct sys_call *call, const struct sys_memory *memory, enum sys_phase phase,
			       sys_ranges *ranges)
{
	struct sys_call looked_at = *call;
	struct sys_walk w = {.call = &looked_at, .memory = memory, .phase = phase, .ranges = ranges};
	enum sys_policy policy;
	bool refused = sys_is_unknown(call) && (phase != PHASE_WRITTEN || sys_is_refused(call));
	struct error *err = refused ? NULL : sys_decide(call, &policy);

	if (err)
		return err;
	for (unsigned i = 0; i < 6; i++)
		looked_at.arg[i] = sys_arg(call, i);
	if (phase == PHASE_WRITTEN && call->result == -EFAULT) {
		w.phase = PHASE_MAY_WRITE;
		w.faulted = true;
	}

	size_t before = ranges->len;
	err = walk_all(&w);
	if (err)
		ranges->len = before;
	return err;
}

struct error *sys_written(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges)
{
	return walk_call(call, memory, PHASE_WRITTEN, ranges);
}

struct error *sys_may_write(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges)
{
	return walk_call(call, memory, PHASE_MAY_WRITE, ranges);
}

struct error *sys_read(const struct sys_call *call, const struct sys_memory *memory, sys_ranges *ranges)
{
	return walk_call(call, memory, PHASE_READ, ranges);
}

void sys_clip(sys_ranges *written, const sys_ranges *may)
{
	for (size_t i = 0; i < written->len; i++) {
		struct sys_range *range = &written->at[i];

		for (size_t j = 0; j < may->len; j++) {
			if (may->at[j].address == range->address && may->at[j].arg == range->arg &&
			    may->at[j].len < range->len)
				range->len = may->at[j].len;
		}
	}
}

struct error *sys_range_locate(const struct sys_range *range, const uint64_t arg[6], const struct sys_memory *memory,
			       uint64_t *ret)
{
	if (range->arg >= 6 || range->depth < 1 || range->depth > SYS_MAX_DEPTH)
		return error_create(ERROR_UNSUPPORTED, "a range that starts at argument %u with depth %u", range->arg,
				    range->depth);

	uint64_t address = arg[range->arg];
	for (unsigned i = 0; i + 1 < range->depth; i++) {
		uint8_t bytes[8];
		struct error *err = memory->read(memory->ctx, address + range->offset[i], bytes, sizeof bytes);

		if (err)
			return err;
		address = 0;
		for (unsigned b = 0; b < 8; b++)
			address |= (uint64_t)bytes[b] << 8 * b;
	}
	*ret = address + range->offset[range->depth - 1];
	return NULL;
}
