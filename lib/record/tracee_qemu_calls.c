/* Where a program in QEMU enters the kernel, and the breakpoints there. */
#include "lib/record/tracee_qemu_private.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/search.h"

enum {
	SCAN_CHUNK = 1 << 16, /* bytes */
	MAX_CALLS = 1 << 20,  /* breakpoints */
};

/* Where address is among the calls, or belongs. */
static size_t find_call(const struct qemu_tracee *q, uint64_t address, bool *ret_found)
{
	size_t found;

	SEARCH_FIRST(found, q->calls.len, i, q->calls.at[i] < address);
	*ret_found = found < q->calls.len && q->calls.at[found] == address;
	return found;
}

bool qemu_calls_has(const struct qemu_tracee *q, uint64_t address)
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

struct error *qemu_calls_drop(struct qemu_tracee *q, uint64_t address)
{
	bool found;
	size_t at = find_call(q, address, &found);

	if (!found)
		return NULL;
	q->calls.len--;
	memmove(q->calls.at + at, q->calls.at + at + 1, (q->calls.len - at) * sizeof *q->calls.at);
	return target_set_break(q->target, address, false);
}

/* Calls among these bytes, which stand at address, and what else enters a kernel. */
static struct error *scan_bytes(struct qemu_tracee *q, uint64_t address, const uint8_t *bytes, size_t len)
{
	const struct isa *isa = q->base.isa;
	struct error *err = NULL;

	for (size_t i = 0; !err && i < len; i++) {
		size_t left = len - i < isa->max_insn_len ? len - i : isa->max_insn_len;
		if ((address + i) % isa->insn_align == 0 && isa->sys.entry(bytes + i, left) != ISA_ENTRY_NONE)
			err = add_call(q, address + i);
	}
	return err;
}

struct error *qemu_calls_scan(struct qemu_tracee *q, uint64_t address, uint64_t len)
{
	uint8_t *bytes = malloc(SCAN_CHUNK);
	size_t overlap = q->base.isa->max_insn_len - 1u;
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

struct error *qemu_calls_watch_gate(struct qemu_tracee *q)
{
	const struct isa_gate *gate = q->base.isa->sys.gate;
	struct error *err = NULL;

	for (uint32_t i = 0; gate && i < gate->num_entries && !err; i++)
		err = target_set_break(q->target, gate->page + gate->entries[i].offset, true);
	return err;
}
