/*
 * Execution. unicorn calls a hook before every instruction; there, the state is the one after the instruction before,
 * so that many steps are seen in one start of the emulator.
 */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/target/unicorn_private.h"

/* ---- Inside the emulator ---- */

static struct unicorn_step *step_at(struct unicorn_target *u, size_t i)
{
	return &u->steps[(u->first + i) % UNICORN_MAX_OUTSTANDING];
}

/* What is to be seen of a submitted step, now that it is over. */
static void record(struct unicorn_target *u, struct unicorn_step *step, struct stop stop)
{
	observed_clear(&step->seen);
	step->seen.stop = stop;
	step->seen.have_regs = true;
	if (!unicorn_read_raw(&u->layout, u->uc, step->raw))
		u->run.error = unicorn_error(UC_ERR_ARG, "read the registers");
	for (unsigned i = 0; i < step->plan.num_reads; i++) {
		const struct target_read *read = &step->plan.read[i];
		size_t got = space_read(u->space, read->address, step->seen.memory[i], read->len);

		step->seen.memory_ok[i] = got == read->len;
	}
}

/* The instruction at run->at is complete. */
static void complete(struct unicorn_target *u)
{
	enum { LOOK_AT_CLOCK = 1 << 16 };
	struct unicorn_run *run = &u->run;

	run->started = run->again = false;
	run->before = NULL;
	run->done++;
	if (run->corrected && !run->error)
		run->error = unicorn_error(u->machine->correct(u->uc, run->asked), "correct an instruction's result");
	run->corrected = false;
	if (run->record) {
		record(u, run->record, (struct stop){.kind = STOP_STEPPED});
		run->before = run->record->raw;
		u->num_done++;
		run->record = u->num_done < u->num_steps ? step_at(u, u->num_done) : NULL;
	}
	if (run->done % LOOK_AT_CLOCK == 0 && deadline_passed(run->deadline) && !run->error)
		run->error = error_create(ERROR_TIMEOUT, "unicorn has not come back within %u ms", u->timeout_ms);
}

/*
 * A store into the translated block that makes it: the emulator drops the block, goes back to before the instruction,
 * and begins it once more in a block of its own (QEMU's tb_invalidate_phys_page_range()), so that the hook is called
 * twice. It shows in registers that are what they were. So they are behind a jump to itself, which takes two turns
 * then.
 */
static bool is_begun_again(struct unicorn_target *u, uint64_t address)
{
	const struct unicorn_run *run = &u->run;
	uint8_t *now = run->record ? run->record->raw : u->scratch;

	return address == run->at && !run->again && run->before && unicorn_read_raw(&u->layout, u->uc, now) &&
	       !memcmp(now, run->before, u->layout.size);
}

/*
 * unicorn keeps translated code by the mapping that it was fetched from, and does not see a store through another one.
 * Where there is one, each page is compared with what it was. One that was not kept might be another by now.
 */
static bool page_is_stale(struct unicorn_target *u, uint64_t address)
{
	const uint8_t *now = space_changing_code(u->space, address);
	uint64_t start = address & -(uint64_t)SPACE_PAGE;

	if (!now)
		return false;
	if (!u->pages)
		u->pages = calloc(UNICORN_PAGES, sizeof *u->pages);
	if (!u->pages) {
		u->run.error = &error_no_memory;
		return false;
	}
	struct unicorn_page *page = &u->pages[start / SPACE_PAGE % UNICORN_PAGES];
	if (page->address == start && !memcmp(page->bytes, now, SPACE_PAGE))
		return false;
	page->address = start;
	memcpy(page->bytes, now, SPACE_PAGE);
	return true;
}

static bool is_stale(struct unicorn_target *u, uint64_t address, uint32_t size)
{
	uint64_t last = address + (size ? size - 1 : 0);
	bool stale = page_is_stale(u, address);

	return ((address ^ last) >= SPACE_PAGE && page_is_stale(u, last)) || stale;
}

static void on_instruction(uc_engine *uc, uint64_t address, uint32_t size, void *ctx)
{
	struct unicorn_target *u = ctx;
	struct unicorn_run *run = &u->run;

	if (run->ended || run->stale)
		return;
	if (run->started && is_begun_again(u, address)) {
		run->again = true;
		return;
	}
	if (run->started)
		complete(u);
	run->at_call = size == u->base.isa->sys.insn_len && unicorn_is_call(u, address);
	if (run->error || run->done == run->wanted || run->at_call || (run->have_target && address == run->target)) {
		run->ended = true;
		uc_emu_stop(uc);
		return;
	}
	if (is_stale(u, address, size)) {
		run->stale = true;
		uc_emu_stop(uc);
		return;
	}
	run->started = true;
	run->at = address;
}

/* Returns 0: the instruction is to be executed. */
static int on_corrected(uc_engine *uc, void *ctx)
{
	struct unicorn_target *u = ctx;

	u->run.corrected = !uc_reg_read(uc, u->machine->asked_reg, &u->run.asked);
	return 0;
}

static void on_exception(uc_engine *uc, uint32_t exception, void *ctx)
{
	struct unicorn_target *u = ctx;

	if (!u->run.have_exception) {
		u->run.have_exception = true;
		u->run.exception = exception;
	}
	uc_emu_stop(uc);
}

/* Returns false: the access is not made good. */
static bool on_bad_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value, void *ctx)
{
	struct unicorn_target *u = ctx;
	uint64_t last = address + (size > 0 ? (uint64_t)size - 1 : 0);

	(void)uc;
	(void)type;
	(void)value;
	u->run.beyond = space_is_beyond(u->space, address) || space_is_beyond(u->space, last);
	return false;
}

struct error *unicorn_add_hooks(struct unicorn_target *u)
{
	uc_hook hook;
	/* Every address: begin is above end. A hook is of one of many types, which the interface takes as data. */
	uc_err e = uc_hook_add(u->uc, &hook, UC_HOOK_CODE, (void *)(uintptr_t)on_instruction, u, UINT64_C(1),
			       UINT64_C(0));

	if (!e)
		e = uc_hook_add(u->uc, &hook, UC_HOOK_INTR, (void *)(uintptr_t)on_exception, u, UINT64_C(1),
				UINT64_C(0));
	if (!e)
		e = uc_hook_add(u->uc, &hook, UC_HOOK_MEM_INVALID, (void *)(uintptr_t)on_bad_access, u, UINT64_C(1),
				UINT64_C(0));
	if (!e && u->machine->corrected_insn)
		e = uc_hook_add(u->uc, &hook, UC_HOOK_INSN, (void *)(uintptr_t)on_corrected, u, UINT64_C(1),
				UINT64_C(0), u->machine->corrected_insn);
	return unicorn_error(e, "add a hook");
}

/* ---- Around it ---- */

/* The signal that Linux would send; 0: none. */
static int signal_of(const struct unicorn_target *u, uc_err code)
{
	switch (code) {
	case UC_ERR_READ_UNMAPPED:
	case UC_ERR_WRITE_UNMAPPED:
	case UC_ERR_FETCH_UNMAPPED:
	case UC_ERR_READ_PROT:
	case UC_ERR_WRITE_PROT:
	case UC_ERR_FETCH_PROT: return u->run.beyond ? SIGBUS : SIGSEGV;
	case UC_ERR_READ_UNALIGNED:
	case UC_ERR_WRITE_UNALIGNED:
	case UC_ERR_FETCH_UNALIGNED: return SIGBUS;
	case UC_ERR_INSN_INVALID: return SIGILL;
	default: return u->run.have_exception ? u->machine->signal(u->run.exception) : 0;
	}
}

static struct error *no_reason(const struct unicorn_target *u, uc_err code, uint64_t pc)
{
	if (u->run.have_exception)
		return error_create(ERROR_UNSUPPORTED, "exception 0x%" PRIx32 " of unicorn at pc 0x%" PRIx64,
				    u->run.exception, pc);
	return error_create(ERROR_TARGET, "unicorn stopped at pc 0x%" PRIx64 " without a reason (%s)", pc,
			    uc_strerror(code));
}

/* Why the emulator came back, when it was not us who ended it. *ret_more: it stands before the next instruction. */
static struct error *understand(struct unicorn_target *u, uc_err code, struct stop *ret, bool *ret_more)
{
	struct unicorn_run *run = &u->run;
	uint64_t pc;
	struct error *err = unicorn_pc(u, &pc);

	*ret_more = false;
	if (err)
		return err;
	/* A jump is complete when what it leads to cannot be fetched: that is the next instruction's fault. */
	bool fetch = code == UC_ERR_FETCH_UNMAPPED || code == UC_ERR_FETCH_PROT || code == UC_ERR_FETCH_UNALIGNED;
	if (fetch && run->started && pc != run->at) {
		complete(u);
		*ret_more = run->done < run->wanted && !(run->have_target && pc == run->target);
		return NULL;
	}
	int signal = signal_of(u, code);
	if (!signal)
		return no_reason(u, code, pc);
	*ret = (struct stop){.kind = STOP_SIGNAL, .signal = signal};
	return NULL;
}

/* ---- An emulator that gives up ---- */

/*
 * Where the emulator finds itself wrong it calls abort() (tcg_abort(), assertions), which is a result of the run and
 * not the end of this process. abort() raises SIGABRT in the thread that calls it, without holding a lock of the
 * library (glibc, stdlib/abort.c); the handler leaves it for where this thread entered the emulator. In any other place
 * the signal does what it does without us.
 */
static _Thread_local sigjmp_buf *entered;

static void on_abort(int signum)
{
	if (entered)
		siglongjmp(*entered, 1);
	signal(signum, SIG_DFL);
	raise(signum);
}

static void catch_aborts(void)
{
	struct sigaction old, action = {.sa_handler = on_abort, .sa_flags = SA_NODEFER};

	/* Ignored, as a parent may have left it, it ends the process all the same (abort(3)). */
	if (sigaction(SIGABRT, NULL, &old) == 0 && (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN))
		sigaction(SIGABRT, &action, NULL);
}

uc_err unicorn_guard(struct unicorn_target *u, unicorn_guarded call, const void *args)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sigjmp_buf here;

	pthread_once(&once, catch_aborts);
	/* SA_NODEFER: the handler runs with the mask that it is left for. */
	if (sigsetjmp(here, 0)) {
		entered = NULL;
		u->aborted = true;
		return UC_ERR_EXCEPTION;
	}
	entered = &here;
	uc_err code = call(u->uc, args);
	entered = NULL;
	return code;
}

struct stretch {
	uint64_t pc, until;
};

static uc_err start(uc_engine *uc, const void *args)
{
	const struct stretch *s = args;

	return uc_emu_start(uc, s->pc, s->until, 0, 0);
}

/* The PC is that of the instruction at hand, or of the block that was to be translated. To read it is to look into the
 * emulator's memory. */
static struct error *tell_abort(struct unicorn_target *u)
{
	uint64_t pc = u->run.at;
	struct error *err = unicorn_pc(u, &pc);

	error_destroy(err);
	error_destroy(u->run.error);
	u->run.error = NULL;
	return error_create(ERROR_TARGET, "unicorn aborted in the code at pc 0x%" PRIx64, pc);
}

/* Of the instruction that is next, which lies in two pages at most. */
static struct error *drop_code(struct unicorn_target *u)
{
	uint64_t pc;
	struct error *err = unicorn_pc(u, &pc);

	for (unsigned i = 0; i < 2 && !err; i++) {
		uint64_t start = (pc + i * (ISA_MAX_INSN_LEN - 1)) & -(uint64_t)SPACE_PAGE;
		if (space_changing_code(u->space, start))
			err = unicorn_error(uc_ctl_remove_cache(u->uc, start, start + SPACE_PAGE),
					    "drop translated code");
	}
	return err;
}

/*
 * Executes until run->wanted instructions are complete, the target is reached, a system call comes, or the guest gets a
 * signal, which is then in *ret; otherwise that is STOP_STEPPED.
 */
static struct error *execute(struct unicorn_target *u, struct stop *ret)
{
	/* An address where no instruction can be. */
	const uint64_t never = UINT64_MAX - 1;
	struct unicorn_run *run = &u->run;
	bool more = true;

	*ret = (struct stop){.kind = STOP_STEPPED};
	run->deadline = deadline_after(u->timeout_ms * CLOCK_MS);
	while (more) {
		uint64_t pc;
		struct error *err = unicorn_pc(u, &pc);

		if (err)
			return err;
		run->started = run->ended = run->at_call = run->have_exception = run->beyond = run->stale = more =
			false;
		run->before = u->raw;
		uc_err code = unicorn_guard(u, start, &(struct stretch){pc, never});
		if (u->aborted)
			return tell_abort(u);
		if (!run->error && run->stale) {
			run->error = drop_code(u);
			more = true;
		} else if (!run->error && !run->ended) {
			run->error = understand(u, code, ret, &more);
			if (!run->error && run->have_exception && run->exception == u->machine->double_fault)
				run->error = unicorn_forget_exceptions(u);
		}
		if (run->error) {
			err = run->error;
			run->error = NULL;
			return err;
		}
	}
	return NULL;
}

static struct error *check_idle(const struct unicorn_target *u)
{
	if (u->ended || u->aborted)
		return error_create(ERROR_TARGET, "the %s has ended", u->ended ? "guest" : "emulator");
	if (u->num_steps)
		return error_create(ERROR_BUG, "%zu submitted steps are not collected", u->num_steps);
	return NULL;
}

struct error *unicorn_step(struct target *t, int signal, struct stop *ret)
{
	struct unicorn_target *u = to_unicorn(t);
	struct error *err = check_idle(u);

	if (!err && signal)
		err = error_create(ERROR_UNSUPPORTED, "this target has no kernel that could deliver signal %d", signal);
	if (err)
		return err;
	u->run = (struct unicorn_run){.wanted = 1};
	err = execute(u, ret);
	return err || !u->run.at_call || u->run.done ? err : unicorn_call(u, ret);
}

struct error *unicorn_run_to(struct target *t, uint64_t address, struct stop *ret)
{
	struct unicorn_target *u = to_unicorn(t);
	struct error *err = check_idle(u);

	while (!err) {
		uint64_t pc;

		u->run = (struct unicorn_run){.wanted = UINT64_MAX, .have_target = true, .target = address};
		err = execute(u, ret);
		if (!err && ret->kind == STOP_STEPPED)
			err = unicorn_pc(u, &pc);
		if (err || ret->kind != STOP_STEPPED || pc == address)
			return err;
		err = unicorn_call(u, ret);
		if (!err && u->ended)
			return NULL;
	}
	return err;
}

/* ---- Submitted steps ---- */

/* Executes the submitted steps that are not, and remembers how that ended. */
static void execute_steps(struct unicorn_target *u)
{
	struct stop stop;

	u->run = (struct unicorn_run){.wanted = u->num_steps - u->num_done, .record = step_at(u, u->num_done)};
	u->failure = execute(u, &stop);
	if (u->failure || u->num_done == u->num_steps)
		return;
	if (stop.kind == STOP_STEPPED)
		stop.kind = STOP_SYSCALL;
	u->last = stop;
	u->halted = true;
}

struct error *unicorn_submit(struct target *t, const struct target_plan *plans, size_t num_plans)
{
	struct unicorn_target *u = to_unicorn(t);

	if (u->ended || u->aborted)
		return error_create(ERROR_TARGET, "stepping: the %s has ended", u->ended ? "guest" : "emulator");
	if (num_plans > UNICORN_MAX_OUTSTANDING - u->num_steps)
		return error_create(ERROR_BUG, "%zu steps submitted with %zu to be collected", num_plans, u->num_steps);
	if (!u->num_steps)
		u->halted = false;
	for (size_t i = 0; i < num_plans; i++)
		target_plan_copy(&step_at(u, u->num_steps++)->plan, &plans[i]);
	if (!u->halted && !u->failure)
		execute_steps(u);
	return NULL;
}

struct error *unicorn_collect(struct target *t, struct state *regs, struct observed *ret)
{
	struct unicorn_target *u = to_unicorn(t);
	struct unicorn_step *step = step_at(u, 0);

	if (!u->num_steps)
		return error_create(ERROR_BUG, "collecting a step that was not submitted");
	if (!u->num_done && u->failure) {
		struct error *err = u->failure;

		u->failure = NULL;
		u->num_steps = 0;
		return err;
	}
	/* What the steps behind a stop find is the stop. */
	if (!u->num_done)
		record(u, step, u->last);
	else
		u->num_done--;
	if (u->run.error) {
		struct error *err = u->run.error;

		u->run.error = NULL;
		return err;
	}
	observed_copy(ret, &step->seen, step->plan.num_reads);
	if (regs)
		unicorn_raw_to_state(&u->layout, step->raw, regs);
	u->first = (u->first + 1) % UNICORN_MAX_OUTSTANDING;
	u->num_steps--;
	return NULL;
}
