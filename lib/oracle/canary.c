#include "lib/oracle/canary.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/codec.h"
#include "lib/state/memory.h"
#include "lib/sys/signal.h"

/* Where no loader and no guest puts anything. A canary on fresh pages takes new ones each time. */
#define CANARY_CODE UINT64_C(0x2e6100000000)
#define CANARY_DATA (CANARY_CODE + 0x1000000)
#define NOWHERE     UINT64_C(0x2e7000000000)
#define WILD        (UINT64_C(1) << 63) /* not canonical */

/* The trap may be lost now and then: that many tries. */
enum { FRESH_TRIES = 8, MAX_REGS = 3, PADDING = 16 };

struct named_value {
	const char *reg;
	uint64_t value;
};

struct canary {
	const char *name;
	enum host_trait trait;
	const char *hex;
	/* RBX and RSP point into a page of data, unless they are given. */
	struct named_value before[MAX_REGS];
	/* What is certain; code 0: any. */
	enum oracle_end end;
	int signal, code;
	uint64_t address;
	uint64_t moves; /* the PC, by so many bytes */
	struct named_value after;
	bool or_undefined;    /* #UD is as right: not every CPU has the instruction */
	enum host_trait lost; /* lacking if it ends elsewhere, but without a fault; HOST_BASICS: HOST_STEPS */
	struct canary_way way;
};

/* clang-format off */
#define STEP(len)                      .end = ORACLE_STEPPED, .moves = (len)
#define FAULT(number, reason)          .end = ORACLE_SIGNAL, .signal = (number), .code = (reason)
#define FAULT_AT(number, reason, at)   FAULT(number, reason), .address = (at)

static const struct canary canaries[] = {
	{"an addition", HOST_BASICS, "4801d0", {{"rax", 40}, {"rdx", 2}}, STEP(3), .after = {"rax", 42}},
	{"a jump", HOST_BASICS, "eb05", STEP(7)},
	{"a push", HOST_BASICS, "50", {{"rsp", CANARY_DATA + 64}}, STEP(1), .after = {"rsp", CANARY_DATA + 56}},
	{"an undefined instruction", HOST_BASICS, "0f0b", FAULT(SIGILL, 0)},
	{"a division by zero", HOST_BASICS, "f7f1", {{"rax", 7}, {"rcx", 0}}, FAULT(SIGFPE, FPE_INTDIV)},
	{"a privileged instruction", HOST_BASICS, "f4", FAULT(SIGSEGV, SI_KERNEL)},
	{"a load from nowhere", HOST_BASICS, "8a03", {{"rbx", NOWHERE}}, FAULT_AT(SIGSEGV, SEGV_MAPERR, NOWHERE)},
	{"a load across the end of a page", HOST_BASICS, "488b03", {{"rbx", CANARY_DATA + MEMORY_PAGE - 4}},
	 FAULT_AT(SIGSEGV, SEGV_MAPERR, CANARY_DATA + MEMORY_PAGE)},
	{"a store to a read-only page", HOST_BASICS, "8803", {{"rbx", CANARY_CODE}},
	 FAULT_AT(SIGSEGV, SEGV_ACCERR, CANARY_CODE)},
	{"a load from an address that is not canonical", HOST_BASICS, "8a03", {{"rbx", WILD}}, FAULT(SIGSEGV, SI_KERNEL)},

	{"a step over CPUID", HOST_STEPS, "0fa2", {{"rax", 0}}, STEP(2)},
	{"a step over RDTSC", HOST_STEPS, "0f31", STEP(2)},
	{"a step over RDTSCP", HOST_STEPS, "0f01f9", STEP(3), .or_undefined = true},
	{"a step over RDPID", HOST_STEPS, "f30fc7f8", STEP(4), .or_undefined = true},
	{"a step over RDRAND", HOST_STEPS, "480fc7f0", STEP(4), .or_undefined = true},
	{"a step over XGETBV", HOST_STEPS, "0f01d0", {{"rcx", 0}}, STEP(3), .or_undefined = true},
	{"a step over PAUSE", HOST_STEPS, "f390", STEP(2)},
	{"the first instruction of a page", HOST_STEPS, "90", STEP(1), .way.fresh = true},
	{"the first load from a page", HOST_STEPS, "8a03", STEP(2), .way.fresh = true},
	{"the first store to a page", HOST_STEPS, "8803", STEP(2), .way.fresh = true},

	{"a step with RSP not canonical", HOST_WILD_STACK, "90", {{"rsp", WILD}}, STEP(1)},
	{"a load with RSP not canonical", HOST_WILD_STACK, "8a03", {{"rsp", WILD}}, STEP(2)},
	{"a first load with RSP not canonical", HOST_WILD_STACK, "8a03", {{"rsp", WILD}}, STEP(2), .way.fresh = true},
	{"NT", HOST_NT, "90", {{"nt", 1}}, STEP(1), .after = {"nt", 1}},
	{"AC", HOST_ALIGNMENT, "8b4301", {{"ac", 1}}, FAULT(SIGBUS, BUS_ADRALN)},
	{"INT 80", HOST_CALLS_32, "cd80", {{"rax", 20}}, .end = ORACLE_SYSCALL, .moves = 2},
	{"RDFSBASE", HOST_FSGSBASE, "f3480faec0", {{"fs_base", 0x12345000}}, STEP(5), .after = {"rax", 0x12345000}},
	{"WRFSBASE", HOST_FSGSBASE, "f3480faed0", {{"rax", 0x12345000}}, STEP(5), .after = {"fs_base", 0x12345000}},
	{"RDGSBASE", HOST_FSGSBASE, "f3480faec8", {{"gs_base", 0x12345000}}, STEP(5), .after = {"rax", 0x12345000}},
	{"WRGSBASE", HOST_FSGSBASE, "f3480faed8", {{"rax", 0x12345000}}, STEP(5), .after = {"gs_base", 0x12345000}},
	{"SGDT", HOST_DESCRIPTORS, "0f0103", STEP(3), .lost = HOST_DESCRIPTOR_STEPS},
	{"SIDT", HOST_DESCRIPTORS, "0f010b", STEP(3), .lost = HOST_DESCRIPTOR_STEPS},
	{"SLDT", HOST_DESCRIPTORS, "0f00c0", STEP(3), .lost = HOST_DESCRIPTOR_STEPS},
	{"STR", HOST_DESCRIPTORS, "0f00c8", STEP(3), .lost = HOST_DESCRIPTOR_STEPS},
	{"SMSW", HOST_DESCRIPTORS, "0f01e0", STEP(3), .lost = HOST_DESCRIPTOR_STEPS},
	{"INT1", HOST_INT1, "f1", FAULT(SIGTRAP, 0), .moves = 1},

	{"an addition, untraced", HOST_RUNNER, "4801d0", {{"rax", 40}, {"rdx", 2}}, STEP(3), .after = {"rax", 42},
	 .way.runner = true},
	{"a load from nowhere, untraced", HOST_RUNNER, "8a03", {{"rbx", NOWHERE}},
	 FAULT_AT(SIGSEGV, SEGV_MAPERR, NOWHERE), .way.runner = true},
	{"a system call, untraced", HOST_RUNNER, "0f05", {{"rax", 39}}, .end = ORACLE_SYSCALL, .moves = 2,
	 .way.runner = true},
	{"a load with RSP not canonical, untraced", HOST_RUNNER, "8a03", {{"rsp", WILD}}, STEP(2), .way.runner = true},
	{"NT, untraced", HOST_RUNNER, "90", {{"nt", 1}}, STEP(1), .after = {"nt", 1}, .way.runner = true},
	{"a step over CPUID, untraced", HOST_STEPS, "0fa2", {{"rax", 0}}, STEP(2), .way.runner = true},
	{"the first load from a page, untraced", HOST_STEPS, "8a03", STEP(2), .way = {.runner = true, .fresh = true}},
};
/* clang-format on */

enum { NUM_CANARIES = sizeof canaries / sizeof *canaries };

_Static_assert((int)NUM_CANARIES <= (int)HOST_MAX_CANARIES, "room for what was seen");

const char *canary_name(size_t index)
{
	return canaries[index].name;
}

/* ---- One case ---- */

struct bench {
	const struct isa *isa;
	const struct state *initial;
	canary_run *run;
	void *ctx;
	uint64_t fresh; /* pages taken so far */
	struct state before;
	struct oracle_outcome out;
};

static uint32_t reg_of(const struct isa *isa, const char *name)
{
	uint32_t reg = 0;

	isa_find_reg(isa, name, strlen(name), &reg); /* verify() has found it */
	return reg;
}

/* The table names registers that there are, and bytes. */
static bool verify(const struct isa *isa, const struct canary *y)
{
	uint8_t bytes[PADDING];
	uint32_t reg;
	size_t len = strlen(y->hex);

	for (size_t i = 0; i < MAX_REGS && y->before[i].reg; i++) {
		if (!isa_find_reg(isa, y->before[i].reg, strlen(y->before[i].reg), &reg))
			return false;
	}
	if (y->after.reg && !isa_find_reg(isa, y->after.reg, strlen(y->after.reg), &reg))
		return false;
	return len / 2 < PADDING && codec_decode_hex(y->hex, len, bytes);
}

static void set(struct bench *b, const char *reg, uint64_t value)
{
	state_set(&b->before, reg_of(b->isa, reg), value);
}

static uint64_t after(const struct bench *b, const char *reg)
{
	return state_get(&b->out.after, reg_of(b->isa, reg));
}

/* What it does not give is zero, RBX and RSP point to data. */
static void make_state(struct bench *b, const struct canary *y, uint64_t pc, uint64_t data)
{
	state_copy(&b->before, b->initial);
	for (uint32_t r = 0; r < b->isa->num_regs; r++) {
		if (b->isa->regs[r].class == REG_GENERAL || b->isa->regs[r].class == REG_FLAG)
			state_set(&b->before, r, 0);
	}
	set(b, "rip", pc);
	set(b, "rbx", data);
	set(b, "rsp", data + MEMORY_PAGE / 2);
	for (size_t i = 0; i < MAX_REGS && y->before[i].reg; i++)
		set(b, y->before[i].reg, y->before[i].value);
}

/* With NOPs behind it, for when it does not stop there. */
static struct error *run_case(struct bench *b, const struct canary *y, bool *ret_done)
{
	static const uint8_t zeros[MEMORY_PAGE];
	uint8_t bytes[PADDING];
	uint64_t shift = y->way.fresh ? ++b->fresh * 4 * MEMORY_PAGE : 0;
	struct oracle_range ranges[] = {{CANARY_DATA + shift, MEMORY_PAGE, zeros, true},
					{CANARY_CODE + shift, PADDING, bytes, false}};
	struct oracle_case c = {.way = ORACLE_TRACED,
				.pc = CANARY_CODE + shift,
				.bytes = bytes,
				.len = strlen(y->hex) / 2,
				.before = &b->before,
				.ranges = ranges,
				.num_ranges = 2};

	memset(bytes, 0x90, sizeof bytes);
	codec_decode_hex(y->hex, 2 * c.len, bytes);
	make_state(b, y, c.pc, CANARY_DATA + shift);
	return b->run(b->ctx, &c, y->way, &b->out, ret_done);
}

static uint64_t moved(const struct bench *b)
{
	return after(b, "rip") - state_get(&b->before, reg_of(b->isa, "rip"));
}

static bool is_right(const struct bench *b, const struct canary *y)
{
	const struct oracle_outcome *out = &b->out;

	if (y->or_undefined && out->end == ORACLE_SIGNAL && out->signal == SIGILL)
		return moved(b) == 0;
	if (out->end != y->end || moved(b) != y->moves)
		return false;
	if (y->end == ORACLE_SIGNAL && (out->signal != y->signal || (y->code && out->code != y->code)))
		return false;
	if (y->address && out->address != y->address)
		return false;
	return !y->after.reg || after(b, y->after.reg) == y->after.value;
}

static void describe(const struct bench *b, const struct canary *y, char ret[HOST_TEXT])
{
	const struct oracle_outcome *out = &b->out;
	char name[SIGNAL_NAME_LEN];
	int len;

	if (out->end == ORACLE_SIGNAL)
		len = snprintf(ret, HOST_TEXT, "%s, code %d, address 0x%" PRIx64, signal_name(out->signal, name),
			       out->code, out->address);
	else
		len = snprintf(ret, HOST_TEXT, "%s", out->end == ORACLE_SYSCALL ? "a system call" : "no fault");
	len += snprintf(ret + len, HOST_TEXT - (size_t)len, ", PC moved by %" PRId64, (int64_t)moved(b));
	if (y->after.reg)
		snprintf(ret + len, HOST_TEXT - (size_t)len, ", %s 0x%" PRIx64, y->after.reg, after(b, y->after.reg));
}

/* ---- All of them ---- */

static struct error *try_one(struct bench *b, const struct canary *y, char ret_seen[HOST_TEXT])
{
	unsigned tries = y->way.fresh ? FRESH_TRIES : 1;
	struct error *err = NULL;

	for (unsigned i = 0; i < tries && !err && !ret_seen[0]; i++) {
		bool done = false;
		err = run_case(b, y, &done);
		if (!err && !done)
			snprintf(ret_seen, HOST_TEXT, "cannot be run so");
		else if (!err && !is_right(b, y))
			describe(b, y, ret_seen);
	}
	return err;
}

/* Of a canary that went wrong. */
static enum host_trait what_is_lacking(const struct bench *b, const struct canary *y)
{
	if (y->end != ORACLE_STEPPED || b->out.end != ORACLE_STEPPED || moved(b) == y->moves)
		return y->trait;
	return y->lost ? y->lost : HOST_STEPS;
}

static struct error *try_all(struct bench *b, struct host *host)
{
	struct error *err = NULL;

	for (size_t i = 0; i < NUM_CANARIES && !err; i++) {
		const struct canary *y = &canaries[i];
		char *seen = host->canaries[i].seen;
		if (!verify(b->isa, y))
			return error_create(ERROR_BUG, "the canary of %s names what there is not", y->name);
		if (y->way.runner && host->lacks[HOST_RUNNER])
			continue;
		err = try_one(b, y, seen);
		enum host_trait trait = what_is_lacking(b, y);
		host->canaries[i].trait = trait;
		host->canaries[i].tried = true;
		host->lacks[trait] |= seen[0] != '\0';
		if (!err && host->lacks[HOST_BASICS])
			err = error_create(ERROR_UNSUPPORTED, "%s goes wrong on this host: %s", y->name, seen);
	}
	host->num_canaries = NUM_CANARIES;
	return err;
}

struct error *canaries_try(const struct isa *isa, const struct state *initial, canary_run *run, void *ctx,
			   struct host *host)
{
	struct bench b = {.isa = isa, .initial = initial, .run = run, .ctx = ctx};

	if (strcmp(isa->name, "x86_64") != 0)
		return NULL;
	struct error *err = state_init(&b.before, isa);
	if (!err)
		err = oracle_outcome_init(&b.out, isa);
	if (!err)
		err = try_all(&b, host);
	oracle_outcome_deinit(&b.out);
	state_deinit(&b.before);
	return err;
}
