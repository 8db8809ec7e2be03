/*
 * Pages that a target does not let us write to, though the program may. QEMU write-protects pages from which it has
 * translated code, and the stub of 7.2 then refuses to write there. An mprotect() that the guest makes itself takes
 * that back: with all rights, which is what it must have had, for the kernel wrote there, and code was run. A log that
 * is not right may say so of other pages: from then on they are what they have become.
 */
#include <sys/mman.h> /* PROT_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/internal.h"

/* A call of ours, by the instruction of the last one that the guest made, from wherever it stands. */
static struct error *call_from_here(struct replay *r, const char *name, const uint64_t arg[6], int64_t *ret)
{
	const struct isa *isa = r->isa;
	VEC(uint32_t) changed = {0};
	struct state now, start;
	struct error *err = state_init(&now, isa);

	if (err)
		return err;
	err = state_init(&start, isa);
	bool ok = vec_push(&changed, isa->pc) && vec_push(&changed, isa->sys.number) &&
		  vec_push(&changed, isa->sys.result);
	for (unsigned i = 0; ok && i < 6; i++)
		ok = vec_push(&changed, isa->sys.arg[i]);
	for (uint32_t i = 0; ok && i < isa->sys.num_clobbered; i++)
		ok = vec_push(&changed, isa->sys.clobbered[i]);
	if (!err)
		err = ok ? target_read_regs(r->target, &now) : &error_no_memory;
	if (!err) {
		const struct replay_call call = {.before = &start,
						 .pc = r->call_pc,
						 .next_pc = r->call_pc + isa->sys.insn_len};
		state_copy(&start, &now);
		state_set(&start, isa->pc, call.pc);
		err = guest_call(r, &call, name, arg, ret);
	}
	if (!err)
		err = target_write_regs(r->target, &now, changed.at, changed.len);
	state_deinit(&now);
	state_deinit(&start);
	vec_deinit(&changed);
	return err;
}

static struct error *make_writable(struct replay *r, uint64_t page)
{
	enum { ALL = PROT_READ | PROT_WRITE | PROT_EXEC };
	int64_t result = 0;
	struct error *err = call_from_here(r, "mprotect", (const uint64_t[6]){page, MEMORY_PAGE, ALL}, &result);

	return err || sys_failed(result) ? err : replay_note_rights(r, page, MEMORY_PAGE, ALL);
}

struct error *replay_write(struct replay *r, uint64_t address, const void *data, size_t len)
{
	uint64_t next = 0; /* pages below have been tried */

	for (;;) {
		struct error *err = target_write_memory(r->target, address, data, len);
		if (!error_is(err, ERROR_FAULT) || err->address < next || !r->call_pc)
			return err;
		uint64_t page = err->address / MEMORY_PAGE * MEMORY_PAGE;
		error_destroy(err);
		next = page + MEMORY_PAGE;
		err = make_writable(r, page);
		if (err)
			return err;
	}
}
