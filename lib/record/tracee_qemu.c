/*
 * A program in QEMU's user mode, stopped at its system calls by breakpoints on every instruction that makes one. They
 * are found by scanning executable memory, at the start and whenever some is mapped; the stub keeps breakpoints beside
 * the code, so that bytes which only look like such an instruction do no harm.
 * One more is on each entry of the page of vsyscalls.
 *
 * A stop at a call is before its instruction here, and behind it on a real kernel: what is shown of the PC is behind.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h> /* PROT_ and MAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */
#include <sys/stat.h>

#include "lib/base/search.h"
#include "lib/elf/image.h"
#include "lib/record/tracee.h"
#include "lib/sys/initial_stack.h"
#include "lib/sys/signal.h"
#include "lib/target/gate.h"
#include "lib/target/qemu.h"

enum {
	START_TIMEOUT_MS = 20000,
	PAGE = 4096,
	STACK_MAX = 16 << 20, /* bytes of the initial stack: ARG_MAX is a quarter of its usual limit */
	MAX_HANDLERS = 64,    /* that run at a time */
	SCAN_CHUNK = 1 << 16, /* bytes */
	MAX_CALLS = 1 << 20,  /* breakpoints */
	NUM_IMAGES = 2,       /* the program and its interpreter */
};

struct image {
	char *path;
	uint64_t bias;         /* what its addresses in the file are moved by */
	struct elf_image *elf; /* NULL: there is no such image */
};

struct qemu_tracee {
	struct tracee base;
	struct target *target;
	struct state regs; /* at the last stop */
	bool at_call;      /* the guest stands at a call's instruction that has been reported as begun */
	bool denied;
	uint64_t call_pc;
	int signal;      /* to be delivered when it goes on */
	bool have_later; /* a signal that came with a call's return */
	struct native_stop later;
	uint64_t behind;     /* where the guest went on behind the last call; 0: where it may come again without one */
	VEC(uint64_t) calls; /* addresses that have a breakpoint, ascending */
	uint64_t interrupted[MAX_HANDLERS]; /* where handlers return to, the innermost last */
	size_t num_interrupted;
	struct image image[NUM_IMAGES];
	uint64_t stack_end;
};

static struct qemu_tracee *of(struct tracee *t)
{
	return (struct qemu_tracee *)t;
}

static uint64_t pc_of(const struct qemu_tracee *q)
{
	return state_get(&q->regs, q->base.isa->pc);
}

/* ---- Breakpoints ---- */

/* Where address is among the calls, or belongs. */
static size_t find_call(const struct qemu_tracee *q, uint64_t address, bool *ret_found)
{
	size_t found;

	SEARCH_FIRST(found, q->calls.len, i, q->calls.at[i] < address);
	*ret_found = found < q->calls.len && q->calls.at[found] == address;
	return found;
}

static bool is_call(const struct qemu_tracee *q, uint64_t address)
{
	bool found;

	find_call(q, address, &found);
	return found;
}

static struct error *add_call(struct qemu_tracee *q, uint64_t address)
{
	bool found;
	size_t at = find_call(q, address, &found);

	if (found)
		return NULL;
	if (q->calls.len == MAX_CALLS)
		return error_create(ERROR_UNSUPPORTED, "the program has more than %d system call instructions",
				    MAX_CALLS);
	if (!vec_reserve(&q->calls, q->calls.len + 1))
		return &error_no_memory;
	memmove(q->calls.at + at + 1, q->calls.at + at, (q->calls.len - at) * sizeof *q->calls.at);
	q->calls.at[at] = address;
	q->calls.len++;
	return target_set_break(q->target, address, true);
}

static struct error *drop_call(struct qemu_tracee *q, uint64_t address)
{
	bool found;
	size_t at = find_call(q, address, &found);

	if (!found)
		return NULL;
	q->calls.len--;
	memmove(q->calls.at + at, q->calls.at + at + 1, (q->calls.len - at) * sizeof *q->calls.at);
	return target_set_break(q->target, address, false);
}

/* Calls among these bytes, which stand at address. */
static struct error *scan_bytes(struct qemu_tracee *q, uint64_t address, const uint8_t *bytes, size_t len)
{
	const struct isa *isa = q->base.isa;
	struct error *err = NULL;

	for (size_t i = 0; !err && i + isa->sys.insn_len <= len; i++)
		if ((address + i) % isa->insn_align == 0 && !memcmp(bytes + i, isa->sys.insn, isa->sys.insn_len))
			err = add_call(q, address + i);
	return err;
}

/* Finds the calls in a range of memory, as far as it can be read: a file's mapping may reach beyond its end. */
static struct error *scan(struct qemu_tracee *q, uint64_t address, uint64_t len)
{
	uint8_t *bytes = malloc(SCAN_CHUNK);
	size_t overlap = q->base.isa->sys.insn_len - 1u;
	struct error *err = bytes ? NULL : &error_no_memory;

	for (uint64_t done = 0; !err && done < len;) {
		size_t want = len - done < SCAN_CHUNK ? len - done : SCAN_CHUNK, got = 0;
		err = target_read_memory(q->target, address + done, bytes, want, &got);
		if (!err)
			err = scan_bytes(q, address + done, bytes, got);
		if (got < want || got <= overlap || done + got == len)
			break;
		done += got - overlap;
	}
	free(bytes);
	return err;
}

/* ---- The initial stack ---- */

static struct error *read_stack(void *ctx, uint64_t address, void *ret, size_t len)
{
	return tracee_read(ctx, address, ret, len);
}

/* A string or the like that is on the stack moves its end. */
static void reach(struct qemu_tracee *q, const struct initial_stack *s, uint64_t pointer)
{
	if (pointer > q->stack_end && pointer - s->end < STACK_MAX)
		q->stack_end = pointer;
}

static void reach_all(struct qemu_tracee *q, const struct initial_stack *s)
{
	static const uint64_t pointers[] = {AT_RANDOM, AT_PLATFORM, AT_EXECFN};

	q->stack_end = s->end;
	for (size_t i = 0; i < s->argv.len; i++)
		reach(q, s, s->argv.at[i]);
	for (size_t i = 0; i < s->env.len; i++)
		reach(q, s, s->env.at[i]);
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
		const struct auxv_entry *entry = initial_stack_auxv(s, pointers[i]);
		if (entry)
			reach(q, s, entry->value);
	}
}

/* Where the images are; the vDSO, which would answer calls without any, is hidden from the program. */
static struct error *place_images(struct qemu_tracee *q, const struct initial_stack *s)
{
	const struct auxv_entry *phdr = initial_stack_auxv(s, AT_PHDR), *base = initial_stack_auxv(s, AT_BASE);
	const struct auxv_entry *vdso = initial_stack_auxv(s, AT_SYSINFO_EHDR);
	struct image *program = &q->image[0];
	uint64_t ignore = AT_IGNORE;

	if (phdr && !elf_image_phdrs(program->elf))
		return error_create(ERROR_UNSUPPORTED, "%s has no program headers in memory", program->path);
	if (phdr)
		program->bias = phdr->value - elf_image_phdrs(program->elf);
	if (base)
		q->image[1].bias = base->value;
	return vdso ? target_write_memory(q->target, vdso->address, &ignore, sizeof ignore) : NULL;
}

/* Moves stack_end behind the string there, which is the last one, and to the end of its page. */
static struct error *find_stack_end(struct qemu_tracee *q)
{
	char byte = 1;
	struct error *err = NULL;

	for (; !err && byte && q->stack_end % PAGE; q->stack_end += !err)
		err = tracee_read(&q->base, q->stack_end, &byte, 1);
	q->stack_end = (q->stack_end + PAGE - 1) & -(uint64_t)PAGE;
	return err;
}

static struct error *look_at_stack(struct qemu_tracee *q)
{
	struct initial_stack s;
	struct error *err = initial_stack_read(read_stack, &q->base, state_get(&q->regs, q->base.isa->sp), &s);

	if (err)
		return error_prefix(err, "the program");
	reach_all(q, &s);
	err = place_images(q, &s);
	initial_stack_deinit(&s);
	return err ? err : find_stack_end(q);
}

/* ---- Images ---- */

static struct error *scan_image(struct qemu_tracee *q, const struct image *image)
{
	size_t num;
	const struct elf_segment *s = elf_image_segments(image->elf, &num);
	struct error *err = NULL;

	for (size_t i = 0; !err && i < num; i++)
		if (s[i].flags & PF_X)
			err = scan(q, image->bias + s[i].start, s[i].file_size);
	return err;
}

/* The interpreter as QEMU finds it: in the sysroot, if it is there. */
static struct error *open_images(struct qemu_tracee *q, const struct tracee_qemu_options *o)
{
	struct image *program = &q->image[0], *interpreter = &q->image[1];
	char *inside = NULL;

	program->path = strdup(o->program.path);
	struct error *err = program->path ? elf_image_open(program->path, &program->elf) : &error_no_memory;
	const char *name = err ? NULL : elf_image_interp(program->elf);
	if (!name)
		return err;
	if (o->sysroot && asprintf(&inside, "%s/%s", o->sysroot, name) < 0)
		return &error_no_memory;
	interpreter->path = inside ? realpath(inside, NULL) : NULL;
	free(inside);
	if (!interpreter->path)
		interpreter->path = realpath(name, NULL);
	if (!interpreter->path)
		return error_os(errno, "find the program's loader (--sysroot says where its libraries are)", name);
	return elf_image_open(interpreter->path, &interpreter->elf);
}

static struct error *add_mapping(struct evlog_header *h, uint64_t start, uint64_t end, const char *name)
{
	struct evlog_mapping m = {.start = start & -(uint64_t)PAGE, .end = (end + PAGE - 1) & -(uint64_t)PAGE};

	m.name = strdup(name);
	if (m.name && vec_push(&h->mappings, m))
		return NULL;
	free(m.name);
	return &error_no_memory;
}

static struct error *map_image(const struct image *image, struct evlog_header *h)
{
	size_t num;
	const struct elf_segment *segments = elf_image_segments(image->elf, &num);
	struct error *err = NULL;

	for (size_t i = 0; !err && i < num; i++) {
		const struct elf_segment *s = &segments[i];
		err = add_mapping(h, image->bias + s->start, image->bias + s->end, image->path);
		if (err)
			return err;
		struct evlog_mapping *m = &h->mappings.at[h->mappings.len - 1];
		m->offset = s->offset & -(uint64_t)PAGE;
		snprintf(m->perms, sizeof m->perms, "%c%c%cp", s->flags & PF_R ? 'r' : '-', s->flags & PF_W ? 'w' : '-',
			 s->flags & PF_X ? 'x' : '-');
	}
	return err;
}

static struct error *mappings(struct tracee *t, struct evlog_header *h)
{
	struct qemu_tracee *q = of(t);
	struct error *err = NULL;

	for (size_t i = 0; !err && i < NUM_IMAGES && q->image[i].path; i++)
		err = map_image(&q->image[i], h);
	if (!err)
		err = add_mapping(h, state_get(&q->regs, t->isa->sp), q->stack_end, "[stack]");
	if (!err)
		memcpy(h->mappings.at[h->mappings.len - 1].perms, "rw-p", 5);
	return err;
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
	stop->at_once = pc_of(q) == q->behind || is_call(q, pc_of(q));
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

/* Is the instruction there still one that makes a call? */
static struct error *check_call(struct qemu_tracee *q, uint64_t address, bool *ret)
{
	uint8_t bytes[ISA_MAX_INSN_LEN];
	struct error *err = tracee_read(&q->base, address, bytes, q->base.isa->sys.insn_len);

	*ret = !err && !memcmp(bytes, q->base.isa->sys.insn, q->base.isa->sys.insn_len);
	return err;
}

/* Runs to the next call, signal, or the end. */
static struct error *run_free(struct qemu_tracee *q, struct native_stop *ret)
{
	for (;;) {
		int signal = q->signal;
		bool here = false;
		struct error *err = NULL;

		if (!signal && is_call(q, pc_of(q)))
			err = check_call(q, pc_of(q), &here);
		if (!err && here) {
			q->at_call = true;
			q->call_pc = pc_of(q);
			*ret = (struct native_stop){.kind = NATIVE_ENTRY};
			return NULL;
		}
		if (!err && !signal)
			err = drop_call(q, pc_of(q));
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
		if (!signalled && (is_call(q, pc_of(q)) || isa_gate_call(q->base.isa, pc_of(q), &call)))
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
	return maps ? scan(q, (uint64_t)result, backed(q, arg)) : scan(q, arg[0], arg[1]);
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
	/* A handler may return elsewhere than to what it interrupted; what stops the guest there comes of an
	 * instruction. */
	ret->fault = more && sem == SYS_RT_SIGRETURN && pc_of(q) != behind && signal_is_synchronous(ret->signal);
	ret->at_once = more && !ret->fault;
	q->behind = sem == SYS_RT_SIGRETURN ? 0 : behind;
	if (more && (is_end(ret) || pc_of(q) == q->call_pc))
		return NULL;
	if (!more && pc_of(q) != behind && !(sem == SYS_RT_SIGRETURN && is_call(q, pc_of(q))))
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
	of(t)->signal = signal;
	return NULL;
}

static struct error *wait_for(struct tracee *t, struct native_stop *ret)
{
	struct qemu_tracee *q = of(t);

	if (q->have_later) {
		q->have_later = false;
		*ret = q->later;
		return NULL;
	}
	return q->at_call ? finish_call(q, ret) : run_free(q, ret);
}

static struct error *deliver(struct tracee *t, int signal, uint64_t handler, struct native_stop *ret)
{
	struct qemu_tracee *q = of(t);
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
	struct qemu_tracee *q = of(t);

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
	struct qemu_tracee *q = of(t);
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
	return target_read_memory(of(t)->target, address, ret, len, ret_len);
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
	struct qemu_tracee *q = of(t);

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
	.mappings = mappings,
};

static struct error *watch_gate(struct qemu_tracee *q)
{
	const struct isa_gate *gate = q->base.isa->sys.gate;
	struct error *err = NULL;

	for (uint32_t i = 0; gate && i < gate->num_entries && !err; i++)
		err = target_set_break(q->target, gate->page + gate->entries[i].offset, true);
	return err;
}

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
		err = look_at_stack(q);
	for (size_t i = 0; !err && i < NUM_IMAGES && q->image[i].path; i++)
		err = scan_image(q, &q->image[i]);
	return err ? err : watch_gate(q);
}

struct error *tracee_qemu_create(const struct tracee_qemu_options *options, struct tracee **ret)
{
	struct qemu_tracee *q = calloc(1, sizeof *q);

	if (!q)
		return &error_no_memory;
	q->base.ops = &ops;
	q->base.isa = options->isa;
	struct error *err = open_images(q, options);
	if (!err)
		err = start(q, options);
	if (err)
		destroy(&q->base);
	else
		*ret = &q->base;
	return err;
}
