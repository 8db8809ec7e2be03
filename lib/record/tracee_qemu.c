/*
 * A program in QEMU's user mode, stopped at its system calls by breakpoints on every instruction that makes one, or
 * that enters the kernel in another way: at such a one the recording ends. They are found by scanning executable
 * memory, at the start and whenever some is mapped; the stub keeps breakpoints beside the code, so that bytes which
 * only look like such an instruction do no harm. One more is on each entry of the page of vsyscalls.
 *
 * A stop at a call is before its instruction here, and behind it on a real kernel: what is shown of the PC is behind.
 */
#include "lib/record/tracee_qemu_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h> /* PROT_ and MAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */
#include <sys/stat.h>

#include "lib/sys/signal.h"
#include "lib/target/gate.h"
#include "lib/target/qemu.h"

enum { START_TIMEOUT_MS = 20000 };

static uint64_t pc_of(const struct qemu_tracee *q)
{
	return state_get(&q->regs, q->base.isa->pc);
}

/* ---- Running ---- */

/* The guest's end or a signal in native terms; false for a breakpoint. */
static bool translate(const struct stop *from, struct native_stop *ret)
{
	static const enum native_stop_kind kinds[] = {
		[STOP_SIGNAL] = NATIVE_SIGNAL,
		[STOP_EXITED] = NATIVE_EXITED,
		[STOP_KILLED] = NATIVE_KILLED,
	};

	if (from->kind == STOP_STEPPED)
		return false;
	*ret = (struct native_stop){.kind = kinds[from->kind], .signal = from->signal, .status = from->status};
	return true;
}

/* Where a signal came that was not there when a call returned: what an instruction can raise, one has raised. */
static void find_place(const struct qemu_tracee *q, struct native_stop *stop)
{
	stop->fault = signal_is_synchronous(stop->signal);
	stop->at_once = pc_of(q) == q->behind || qemu_calls_has(q, pc_of(q));
}

static bool is_end(const struct native_stop *stop)
{
	return stop->kind == NATIVE_EXITED || stop->kind == NATIVE_KILLED;
}

static struct error *resume(struct qemu_tracee *q, int signal, struct stop *ret)
{
	struct error *err = target_resume(q->target, signal, ret);

	if (err || ret->kind == STOP_EXITED || ret->kind == STOP_KILLED)
		return err;
	q->base.tid = ret->tid;
	return target_read_regs(q->target, &q->regs);
}

/* Is the instruction there still one that makes a call? ERROR_UNSUPPORTED if it enters the kernel in another way. */
static struct error *check_call(struct qemu_tracee *q, uint64_t address, bool *ret)
{
	const struct isa *isa = q->base.isa;
	uint8_t bytes[ISA_MAX_INSN_LEN];
	size_t got = 0;
	struct error *err = target_read_memory(q->target, address, bytes, isa->max_insn_len, &got);

	if (err)
		return err;
	enum isa_entry entry = isa->sys.entry(bytes, got);
	*ret = entry == ISA_ENTRY_CALL;
	return entry != ISA_ENTRY_OTHER
		       ? NULL
		       : error_create(ERROR_UNSUPPORTED,
				      "the program enters a kernel at PC 0x%" PRIx64
				      " by another instruction than that of a system call: it cannot be recorded",
				      address);
}

/* Runs to the next call, signal, or the end. */
static struct error *run_free(struct qemu_tracee *q, struct native_stop *ret)
{
	for (;;) {
		int signal = q->signal;
		bool here = false;
		struct error *err = NULL;

		if (!signal && qemu_calls_has(q, pc_of(q)))
			err = check_call(q, pc_of(q), &here);
		if (!err && here) {
			q->at_call = true;
			q->call_pc = pc_of(q);
			*ret = (struct native_stop){.kind = NATIVE_ENTRY};
			return NULL;
		}
		if (!err && !signal)
			err = qemu_calls_drop(q, pc_of(q));
		uint64_t call;
		if (!err && !signal && isa_gate_call(q->base.isa, pc_of(q), &call)) {
			*ret = (struct native_stop){.kind = NATIVE_GATE};
			return NULL;
		}
		q->signal = 0;
		struct stop stop;
		if (!err)
			err = resume(q, signal, &stop);
		if (err)
			return err;
		bool signalled = translate(&stop, ret);
		if (!signalled && (qemu_calls_has(q, pc_of(q)) || isa_gate_call(q->base.isa, pc_of(q), &call)))
			continue;
		if (!signalled)
			*ret = (struct native_stop){.kind = NATIVE_SIGNAL, .signal = SIGTRAP};
		find_place(q, ret);
		return NULL;
	}
}

static enum sys_sem meaning(const struct qemu_tracee *q)
{
	return sys_meaning(sys_lookup(q->base.isa, tracee_number(&q->base)));
}

/* Bytes of a new mapping that can be read: asked for what lies behind the last page of its file, QEMU 11.1 dies. */
static uint64_t backed(const struct qemu_tracee *q, const uint64_t arg[6])
{
	char name[16], path[NATIVE_PROC_LEN];
	struct stat st;

	if (arg[3] & MAP_ANONYMOUS)
		return arg[1];
	snprintf(name, sizeof name, "fd/%d", (int)arg[4]);
	tracee_proc_path(&q->base, name, path);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return arg[1];
	uint64_t left = (uint64_t)st.st_size > arg[5] ? (uint64_t)st.st_size - arg[5] : 0;
	return left < arg[1] ? left : arg[1];
}

/* Memory that the call has made executable is looked through. */
static struct error *scan_new_code(struct qemu_tracee *q, enum sys_sem sem, const uint64_t arg[6])
{
	int64_t result = (int64_t)state_get(&q->regs, q->base.isa->sys.result);
	bool maps = sem == SYS_MMAP, done = maps ? !sys_failed(result) && result : !result;

	if ((!maps && sem != SYS_MPROTECT) || !(arg[2] & PROT_EXEC) || !done)
		return NULL;
	if (arg[2] & PROT_WRITE)
		return error_create(ERROR_UNSUPPORTED,
				    "the program makes memory writable and executable at PC 0x%" PRIx64
				    ": system calls of code written there would be missed",
				    q->call_pc);
	return maps ? qemu_calls_scan(q, (uint64_t)result, backed(q, arg)) : qemu_calls_scan(q, arg[0], arg[1]);
}

/* Executes the call's instruction; the guest then stands at `behind`, or wherever else something stopped it. */
static struct error *run_call(struct qemu_tracee *q, uint64_t behind, struct stop *ret)
{
	struct error *err = target_set_break(q->target, q->call_pc, false);

	if (!err)
		err = target_set_break(q->target, behind, true);
	if (!err)
		err = resume(q, 0, ret);
	if (err || ret->kind == STOP_EXITED || ret->kind == STOP_KILLED)
		return err;
	err = target_set_break(q->target, behind, false);
	return err ? err : target_set_break(q->target, q->call_pc, true);
}

/* Where the guest goes on after the call. Behind a handler, where it was interrupted. */
static uint64_t return_address(struct qemu_tracee *q, enum sys_sem sem)
{
	if (sem == SYS_RT_SIGRETURN && q->num_interrupted)
		return q->interrupted[--q->num_interrupted];
	return q->call_pc + q->base.isa->sys.insn_len;
}

static struct error *finish_denied(struct qemu_tracee *q, struct native_stop *ret)
{
	const struct isa *isa = q->base.isa;
	const uint32_t regs[] = {isa->pc, isa->sys.result};

	q->denied = false;
	*ret = (struct native_stop){.kind = NATIVE_RETURN};
	return target_write_regs(q->target, &q->regs, regs, 2);
}

/*
 * A handler may return elsewhere than to what it interrupted, and the guest then runs on: does it stand at a
 * breakpoint of its own (int3, BRK)?
 */
static bool at_own_breakpoint(const struct qemu_tracee *q, enum sys_sem sem, uint64_t behind)
{
	uint64_t call;

	return sem == SYS_RT_SIGRETURN && pc_of(q) != behind && !qemu_calls_has(q, pc_of(q)) &&
	       !isa_gate_call(q->base.isa, pc_of(q), &call);
}

/*
 * The call's end. A signal that comes with it is told afterwards; one that comes before, or that makes QEMU go back to
 * the call's instruction, is told at once, and the call has not been made.
 */
static struct error *finish_call(struct qemu_tracee *q, struct native_stop *ret)
{
	const struct isa *isa = q->base.isa;
	enum sys_sem sem = meaning(q);
	uint64_t arg[6], behind = return_address(q, sem);
	struct stop stop;

	q->at_call = false;
	if (q->denied)
		return finish_denied(q, ret);
	for (int i = 0; i < 6; i++)
		arg[i] = state_get(&q->regs, isa->sys.arg[i]);
	struct error *err = run_call(q, behind, &stop);
	if (err)
		return err;
	*ret = (struct native_stop){.kind = NATIVE_RETURN};
	bool more = translate(&stop, ret);
	if (!more && at_own_breakpoint(q, sem, behind)) {
		*ret = (struct native_stop){.kind = NATIVE_SIGNAL, .signal = SIGTRAP};
		more = true;
	}
	/* What stops the guest elsewhere than where a handler interrupted it comes of an instruction. */
	ret->fault = more && sem == SYS_RT_SIGRETURN && pc_of(q) != behind && signal_is_synchronous(ret->signal);
	ret->at_once = more && !ret->fault;
	q->behind = sem == SYS_RT_SIGRETURN ? 0 : behind;
	if (more && (is_end(ret) || pc_of(q) == q->call_pc))
		return NULL;
	if (!more && pc_of(q) != behind && !(sem == SYS_RT_SIGRETURN && qemu_calls_has(q, pc_of(q))))
		return error_create(ERROR_TARGET, "QEMU's guest did not come back from the call at PC 0x%" PRIx64,
				    q->call_pc);
	q->have_later = more;
	q->later = *ret;
	*ret = (struct native_stop){.kind = NATIVE_RETURN};
	return scan_new_code(q, sem, arg);
}

/* ---- The operations ---- */

static struct error *go(struct tracee *t, int signal)
{
	qemu_of(t)->signal = signal;
	return NULL;
}

static struct error *wait_for(struct tracee *t, struct native_stop *ret)
{
	struct qemu_tracee *q = qemu_of(t);

	if (q->have_later) {
		q->have_later = false;
		*ret = q->later;
		return NULL;
	}
	return q->at_call ? finish_call(q, ret) : run_free(q, ret);
}

static struct error *deliver(struct tracee *t, int signal, uint64_t handler, struct native_stop *ret)
{
	struct qemu_tracee *q = qemu_of(t);
	struct stop stop;

	/* Handlers that are left by longjmp() never return: the oldest are forgotten. */
	if (q->num_interrupted == MAX_HANDLERS)
		memmove(q->interrupted, q->interrupted + 1, --q->num_interrupted * sizeof *q->interrupted);
	q->interrupted[q->num_interrupted++] = pc_of(q);
	struct error *err = target_set_break(q->target, handler, true);
	if (!err)
		err = resume(q, signal, &stop);
	if (err)
		return err;
	q->have_later = translate(&stop, ret);
	if (q->have_later && is_end(ret)) {
		q->have_later = false;
		return NULL;
	}
	/* Another signal that was waiting, too, comes before the handler's first instruction. */
	q->later = *ret;
	q->later.at_once = true;
	*ret = (struct native_stop){.kind = NATIVE_RETURN};
	err = target_set_break(q->target, handler, false);
	if (!err && pc_of(q) != handler)
		err = error_create(ERROR_TARGET, "QEMU's guest did not come to its handler of signal %d", signal);
	return err;
}

static struct error *deny(struct tracee *t, int errnum)
{
	struct qemu_tracee *q = qemu_of(t);

	q->denied = true;
	state_set(&q->regs, t->isa->sys.result, (uint64_t) - (int64_t)errnum);
	state_set(&q->regs, t->isa->pc, q->call_pc + t->isa->sys.insn_len);
	return NULL;
}

static bool write_memory(void *ctx, uint64_t address, const void *data, size_t len)
{
	struct qemu_tracee *q = ctx;
	struct error *err = target_write_memory(q->target, address, data, len);

	error_destroy(err);
	return !err;
}

/* QEMU makes such calls itself, and no stop is behind them: it never comes to it. */
static struct error *make_gate_call(struct tracee *t, int64_t *ret, bool *ret_made)
{
	struct qemu_tracee *q = qemu_of(t);
	const struct isa *isa = t->isa;
	const uint32_t regs[] = {isa->sys.result, isa->pc, isa->sp};
	const struct gate_memory memory = {q, write_memory};
	const uint64_t arg[2] = {state_get(&q->regs, isa->sys.arg[0]), state_get(&q->regs, isa->sys.arg[1])};
	uint64_t sp = state_get(&q->regs, isa->sp), behind;
	struct error *err = tracee_read(t, sp, &behind, sizeof behind);

	if (err)
		return err;
	*ret_made = gate_make_call(tracee_number(t), arg, &memory, ret);
	if (!*ret_made)
		return error_create(ERROR_UNSUPPORTED,
				    "the program calls by the page of vsyscalls (pc 0x%" PRIx64
				    ") with memory that cannot be written to: in QEMU that is not recorded",
				    pc_of(q));
	state_set(&q->regs, isa->sys.result, (uint64_t)*ret);
	state_set(&q->regs, isa->pc, behind);
	state_set(&q->regs, isa->sp, sp + sizeof behind);
	return target_write_regs(q->target, &q->regs, regs, 3);
}

static uint64_t number(const struct tracee *t)
{
	const struct qemu_tracee *q = (const struct qemu_tracee *)t;
	uint64_t call;

	if (isa_gate_call(t->isa, pc_of(q), &call))
		return call;
	return state_get(&q->regs, t->isa->sys.number);
}

static uint64_t reg_value(const struct tracee *t, uint32_t reg)
{
	const struct qemu_tracee *q = (const struct qemu_tracee *)t;

	if (reg == t->isa->pc && q->at_call)
		return q->call_pc + t->isa->sys.insn_len;
	return state_get(&q->regs, reg);
}

static struct error *read_some(struct tracee *t, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	return target_read_memory(qemu_of(t)->target, address, ret, len, ret_len);
}

static struct error *read_ranges(struct tracee *t, const struct native_range *ranges, size_t num, void *ret)
{
	struct error *err = NULL;
	uint8_t *to = ret;

	for (size_t i = 0; !err && i < num; i++) {
		if (!ranges[i].len)
			continue;
		err = tracee_read(t, ranges[i].address, to, ranges[i].len);
		to += ranges[i].len;
	}
	return err;
}

static void destroy(struct tracee *t)
{
	struct qemu_tracee *q = qemu_of(t);

	target_destroy(q->target);
	state_deinit(&q->regs);
	vec_deinit(&q->calls);
	for (size_t i = 0; i < NUM_IMAGES; i++) {
		elf_image_close(q->image[i].elf);
		free(q->image[i].path);
	}
	free(t->platform);
	free(t);
}

static const struct tracee_ops ops = {
	.destroy = destroy,
	.go = go,
	.wait = wait_for,
	.deliver = deliver,
	.deny = deny,
	.make_gate_call = make_gate_call,
	.number = number,
	.reg = reg_value,
	.read_some = read_some,
	.read_ranges = read_ranges,
	.mappings = qemu_images_mappings,
};

static struct error *start(struct qemu_tracee *q, const struct tracee_qemu_options *o)
{
	const struct qemu_options options = {
		.emulator = o->emulator,
		.cpu = o->cpu,
		.sysroot = o->sysroot,
		.extra_args = o->extra_args,
		.program = o->program.path,
		.argv = (const char *const *)o->program.argv,
		.envp = (const char *const *)o->program.env,
		.share_streams = true,
		.timeout_ms = START_TIMEOUT_MS,
	};
	struct error *err = target_qemu_create(o->isa, &options, &q->target);

	if (err)
		return err;
	target_gdb_be_patient(q->target, o->program.interrupted);
	q->base.pid = target_qemu_pid(q->target);
	q->base.platform = strdup(q->target->identity);
	err = q->base.platform ? state_init(&q->regs, o->isa) : &error_no_memory;
	if (!err)
		err = target_read_regs(q->target, &q->regs);
	if (!err)
		err = qemu_images_place(q);
	return err ? err : qemu_calls_watch_gate(q);
}

struct error *tracee_qemu_create(const struct tracee_qemu_options *options, struct tracee **ret)
{
	struct qemu_tracee *q = calloc(1, sizeof *q);

	if (!q)
		return &error_no_memory;
	q->base.ops = &ops;
	q->base.isa = options->isa;
	struct error *err = qemu_images_open(q, options);
	if (!err)
		err = start(q, options);
	if (err)
		destroy(&q->base);
	else
		*ret = &q->base;
	return err;
}
