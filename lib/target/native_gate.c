/*
 * Calls into the page of vsyscalls (isa->sys.gate): the kernel makes them when the CPU faults there, without a stop for
 * a tracer. A seccomp filter that looks at the PC gets one (emulate_vsyscall() in arch/x86/entry/vsyscall/vsyscall_64.c
 * asks it); behind that stop there is no other, so that the call is made here, and the kernel only returns from it.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "lib/target/gate.h"
#include "lib/target/native_private.h"

/* Without the right to filter, a process has to give up that of executing set-user-ID programs, which are not traced
 * anyway. Where there are no filters, calls by the page are not seen, and a replay ends there. */
void native_watch_gate(const struct isa *isa)
{
	if (!isa->sys.gate)
		return;
	const uint64_t page = isa->sys.gate->page;
	const uint32_t pc = offsetof(struct seccomp_data, instruction_pointer), low_mask = (uint32_t)-ISA_GATE_LEN;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pc + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(page >> 32), 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, pc),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, low_mask),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)page, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog filter = {sizeof code / sizeof *code, code};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0 || errno != EACCES)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

/* Where the program itself could. */
static bool write_memory(void *ctx, uint64_t address, const void *data, size_t len)
{
	const struct native *n = ctx;
	struct iovec local = {(void *)(uintptr_t)data, len}, remote = {(void *)(uintptr_t)address, len};

	return process_vm_writev(n->pid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

struct error *native_make_gate_call(struct native *n, int64_t *ret, bool *ret_made)
{
	const struct isa *isa = n->isa;
	const struct gate_memory memory = {n, write_memory};
	const uint64_t arg[2] = {native_reg(n, isa->sys.arg[0]), native_reg(n, isa->sys.arg[1])};

	*ret_made = gate_make_call(native_number(n), arg, &memory, ret);
	return *ret_made ? native_skip_call(n, *ret) : NULL;
}
