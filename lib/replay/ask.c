/*
 * What the guest's CPU tells of itself (isa->questions), asked before the program starts: the instructions are executed
 * in the guest, where its own code has the bytes if they all are one, or else in a page of ours that is gone again
 * afterwards. Those that not every CPU has are not asked: the program that executes one tells.
 */
#include <string.h>
#include <sys/mman.h> /* PROT_ and MAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/internal.h"

enum {
	REACH = 128 * MEMORY_PAGE, /* bytes of code that are searched */
	SLOT = 16,                 /* bytes of the page of ours that a question has */
};

/* Where the guest has bytes that are the questions' only instruction, and a system call. 0: nowhere near. */
struct places {
	uint64_t question, call;
};

/* The instruction that all questions have that can be asked; NULL: they have several. */
static const struct isa_question *only_insn(const struct isa *isa)
{
	const struct isa_question *q = isa->questions, *only = NULL;

	for (uint32_t i = 0; i < isa->num_questions; i++) {
		if (!q[i].everywhere)
			continue;
		if (only && (q[i].insn_len != only->insn_len || memcmp(q[i].insn, only->insn, only->insn_len) != 0))
			return NULL;
		only = &q[i];
	}
	return only;
}

static void find_bytes(const uint8_t *page, size_t len, uint64_t address, const uint8_t *insn, size_t insn_len,
		       uint64_t *ret)
{
	for (size_t i = 0; i + insn_len <= len && !*ret; i++)
		if (!memcmp(page + i, insn, insn_len))
			*ret = address + i;
}

/* Behind the program's first instruction, up to where nothing is mapped. */
static struct error *search(struct replay *r, uint64_t pc, struct places *ret)
{
	const struct isa_question *q = only_insn(r->isa);
	uint64_t start = pc & -(uint64_t)MEMORY_PAGE;
	struct error *err = NULL;
	size_t got = MEMORY_PAGE;

	for (size_t at = 0; at < REACH && got == MEMORY_PAGE && !(q ? ret->question : ret->call) && !err;
	     at += MEMORY_PAGE) {
		uint8_t page[MEMORY_PAGE];
		err = target_read_memory(r->target, start + at, page, sizeof page, &got);
		if (err)
			break;
		if (q)
			find_bytes(page, got, start + at, q->insn, q->insn_len, &ret->question);
		find_bytes(page, got, start + at, r->isa->sys.insn, r->isa->sys.insn_len, &ret->call);
	}
	return err;
}

/* ---- A page of ours ---- */

/* Each question in its slot. */
static struct error *fill_page(struct replay *r, uint64_t address)
{
	struct error *err = NULL;

	for (uint32_t i = 0; i < r->isa->num_questions && !err; i++)
		err = target_write_memory(r->target, address + i * SLOT, r->isa->questions[i].insn,
					  r->isa->questions[i].insn_len);
	return err;
}

static struct error *put_page(struct replay *r, const struct replay_call *call, uint64_t *ret)
{
	const uint64_t map[6] = {0, MEMORY_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
	int64_t address = 0, result = 0;
	struct error *err = guest_call(r, call, "mmap", map, &address);

	if (err || sys_failed(address))
		return err;
	const uint64_t protect[6] = {(uint64_t)address, MEMORY_PAGE, PROT_READ | PROT_EXEC};
	err = fill_page(r, (uint64_t)address);
	if (!err)
		err = guest_call(r, call, "mprotect", protect, &result);
	*ret = !err && !sys_failed(result) ? (uint64_t)address : 0;
	return err;
}

static struct error *drop_page(struct replay *r, const struct replay_call *call, uint64_t address)
{
	const uint64_t unmap[6] = {address, MEMORY_PAGE};
	int64_t result = 0;

	return guest_call(r, call, "munmap", unmap, &result);
}

/* ---- Asking ---- */

struct asking {
	struct replay *r;
	const struct state *regs; /* the program's */
	struct state before, after;
	uint64_t at;     /* where the first question's instruction is */
	uint64_t stride; /* to that of the next */
};

/* *ret: it was executed. */
static struct error *ask(struct asking *a, const struct isa_question *q, uint64_t at, bool *ret)
{
	struct target *target = a->r->target;
	const uint32_t regs[] = {target->isa->pc, q->inputs[0].reg, q->inputs[1].reg};
	struct stop stop;

	state_copy(&a->before, a->regs);
	state_set(&a->before, target->isa->pc, at);
	for (size_t i = 0; i < sizeof q->inputs / sizeof *q->inputs; i++)
		state_set(&a->before, q->inputs[i].reg, q->inputs[i].value);
	struct error *err = target_write_regs(target, &a->before, regs, sizeof regs / sizeof *regs);
	if (!err)
		err = target_run_to(target, at + q->insn_len, &stop);
	*ret = !err && stop.kind == STOP_STEPPED;
	return err || !*ret ? err : target_read_regs(target, &a->after);
}

static struct error *ask_all(struct asking *a, replay_answer *answer, void *ctx)
{
	const struct isa *isa = a->r->isa;
	bool done = true;
	struct error *err = NULL;

	for (uint32_t i = 0; i < isa->num_questions && done && !err; i++) {
		const struct isa_question *q = &isa->questions[i];
		uint64_t at = a->at + i * a->stride;
		if (!q->everywhere)
			continue;
		err = ask(a, q, at, &done);
		if (!err && done)
			err = answer(ctx, at, q, &a->before, &a->after);
	}
	return err;
}

/* The program finds its registers as if nothing had been. */
static struct error *put_back(struct asking *a)
{
	const struct isa *isa = a->r->isa;
	VEC(uint32_t) regs = {0};
	struct error *err = NULL;

	for (uint32_t i = 0; i < isa->num_regs && !err; i++)
		if ((isa->regs[i].class == REG_GENERAL || i == isa->pc) && state_known(a->regs, i) &&
		    !vec_push(&regs, i))
			err = &error_no_memory;
	if (!err)
		err = target_write_regs(a->r->target, a->regs, regs.at, regs.len);
	vec_deinit(&regs);
	return err;
}

static struct error *ask_at(struct asking *a, const struct places *places, replay_answer *answer, void *ctx)
{
	struct state at_call = {0};
	struct error *err;

	a->at = places->question;
	if (a->at)
		return ask_all(a, answer, ctx);
	err = state_init(&at_call, a->r->isa);
	if (err)
		return err;
	state_copy(&at_call, a->regs);
	state_set(&at_call, a->r->isa->pc, places->call);
	const struct replay_call call = {.before = &at_call,
					 .pc = places->call,
					 .next_pc = places->call + a->r->isa->sys.insn_len};
	a->stride = SLOT;
	err = put_page(a->r, &call, &a->at);
	if (!err && a->at)
		err = ask_all(a, answer, ctx);
	if (!err && a->at)
		err = drop_page(a->r, &call, a->at);
	state_deinit(&at_call);
	return err;
}

struct error *replay_ask_cpu(struct replay *r, const struct state *regs, replay_answer *answer, void *ctx)
{
	struct asking a = {.r = r, .regs = regs};
	struct places places = {0};
	struct error *err = NULL;

	if (r->isa->num_questions)
		err = search(r, state_get(regs, r->isa->pc), &places);
	if (err || (!places.question && !places.call))
		return err;
	err = state_init(&a.before, r->isa);
	if (!err)
		err = state_init(&a.after, r->isa);
	if (!err)
		err = ask_at(&a, &places, answer, ctx);
	if (!err)
		err = put_back(&a);
	state_deinit(&a.before);
	state_deinit(&a.after);
	return err ? error_prefix(err, "asking the guest's CPU what it is") : NULL;
}
