/*
 * The runner's code, at any place that has the control a page behind. IRET loads the last registers and the flags (NT
 * and TF as well) in one instruction, behind which the single step begins. The handler never returns: the next
 * instruction starts from it, and the kernel begins the signal stack anew for each signal. Of many cases, those that
 * end well come to runner_return, by a jump behind the instruction; a signal ends the turn.
 */
#include "lib/oracle/runner_code.h"

#if defined(__x86_64__)

#include <stddef.h>
#include <ucontext.h>

#define AT(what, offset) _Static_assert(offsetof(struct runner_control, what) == (offset), #what)
AT(call, 8);
AT(fs_base, 64);
AT(gpr, 80);
AT(frame, 200);
AT(info, 240);
AT(selectors, 258);
AT(touch, 272);
AT(probe, 288);
AT(many, 304);
AT(many_end, 312);
AT(images, 320);
AT(num_pages, 328);
AT(page, 336);
AT(rax, 368);
AT(xsave, 448);
_Static_assert(CONTROL_AT + sizeof(struct runner_control) <= LIST_AT, "the control's pages");

#define SAME(what) _Static_assert(offsetof(struct runner_entry, what) == offsetof(struct runner_control, what), #what)
SAME(fs_base);
SAME(gpr);
SAME(frame);
SAME(selectors);
SAME(xsave);
_Static_assert(offsetof(struct runner_entry, ss) == 266 && sizeof(struct runner_entry) == 1280, "an entry");
_Static_assert(ENTRIES_AT + RUNNER_MAX_MANY * sizeof(struct runner_entry) <= IMAGES_AT, "the entries' pages");
_Static_assert(IMAGES_END <= RUNNER_PAGES * MEMORY_PAGE && ENTRIES_AT == 30 * 4096 && RUNNER_MANY_PAGES == 4, "pages");
_Static_assert(LIST_AT + RUNNER_MAX_PROBES * sizeof(struct runner_probe) <= PROBES_AT && PROBES_AT == 12 * 4096,
	       "the list's pages");
_Static_assert(offsetof(struct runner_probe, bytes) == 8 && offsetof(struct runner_probe, after) == 24 &&
		       offsetof(struct runner_probe, address) == 32 && offsetof(struct runner_probe, signal) == 40 &&
		       offsetof(struct runner_probe, code) == 44 && sizeof(struct runner_probe) == 48,
	       "probes");
_Static_assert(offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP]) == 168 && offsetof(siginfo_t, si_code) == 8 &&
		       offsetof(siginfo_t, si_addr) == 16,
	       "the signal's frame");

#define BYTES(...)  BYTES_(__VA_ARGS__)
#define BYTES_(...) #__VA_ARGS__

/* clang-format off */
__asm__(".pushsection .rodata\n"
	".set CALL, 8\n"
	".set BASES, 64\n"
	".set GPR, 80\n"
	".set FRAME, 200\n"
	".set INFO, 240\n"
	".set SELECTORS, 258\n"
	".set SS, 266\n"
	".set TOUCH, 272\n"
	".set PROBE, 288\n"
	".set MANY, 304\n"
	".set MANY_END, 312\n"
	".set IMAGES, 320\n"
	".set NUM_PAGES, 328\n"
	".set PAGE, 336\n"
	".set RAX, 368\n"
	".set XSAVE, 448\n"
	".set control, runner_code + 4096\n"
	".set probe_end, runner_code + 13 * 4096\n"
	".set stack_end, runner_code + 30 * 4096 - 64\n"
	".irp name, runner_code, runner_handler, runner_return, runner_touch, runner_code_end\n"
	".globl \\name\n"
	".hidden \\name\n"
	".endr\n"
	".balign 64\n"
	"runner_code:\n"
	"	lea control(%rip), %rbx\n"
	"	lea stack_end(%rip), %rsp\n"
	"turn_over:\n"
	"	movl $0, (%rbx)\n"
	"	mov $202, %eax\n" /* futex */
	"	mov %rbx, %rdi\n"
	"	mov $1, %esi\n" /* FUTEX_WAKE */
	"	mov $1, %edx\n"
	"	syscall\n"
	"1:	cmpl $0, (%rbx)\n"
	"	jne 2f\n"
	"	mov $202, %eax\n"
	"	mov %rbx, %rdi\n"
	"	xor %esi, %esi\n" /* FUTEX_WAIT */
	"	xor %edx, %edx\n"
	"	xor %r10d, %r10d\n"
	"	syscall\n"
	"	jmp 1b\n"
	"2:	cmpl $1, 4(%rbx)\n" /* RUNNER_RUN */
	"	je load\n"
	"	ja 3f\n"
	"	mov CALL(%rbx), %rax\n"
	"	mov CALL + 8(%rbx), %rdi\n"
	"	mov CALL + 16(%rbx), %rsi\n"
	"	mov CALL + 24(%rbx), %rdx\n"
	"	mov CALL + 32(%rbx), %r10\n"
	"	mov CALL + 40(%rbx), %r8\n"
	"	mov CALL + 48(%rbx), %r9\n"
	"	syscall\n"
	"	mov %rax, CALL(%rbx)\n"
	"	test %rax, %rax\n"
	"	js turn_over\n"
	"	cmpq $0, TOUCH(%rbx)\n"
	"	je turn_over\n"
	"	mov TOUCH + 8(%rbx), %rdi\n"
	"	call *TOUCH(%rbx)\n"
	"	jmp turn_over\n"
	"3:	cmpl $3, 4(%rbx)\n" /* RUNNER_MANY */
	"	je next_of_many\n"
	"next_probe:\n"
	"	mov PROBE(%rbx), %rbp\n"
	"	mov (%rbp), %rax\n"
	"	mov %rax, FRAME(%rbx)\n"
	"	movdqu 8(%rbp), %xmm0\n"
	"	movdqa %xmm0, probe_end - 16(%rip)\n"
	/* From the control, or an entry, at RBX. */
	"load:\n"
	"	mov $7, %eax\n"
	"	xor %edx, %edx\n"
	"	xrstor64 XSAVE(%rbx)\n"
	"	xor %eax, %eax\n"
	"	mov %eax, %ds\n"
	"	mov %eax, %es\n"
	"	mov %eax, %fs\n"
	"	mov %eax, %gs\n"
	"	mov BASES(%rbx), %rax\n"
	"	wrfsbase %rax\n"
	"	mov BASES + 8(%rbx), %rax\n"
	"	wrgsbase %rax\n"
	"	lea FRAME(%rbx), %rsp\n"
	"	mov GPR(%rbx), %rax\n"
	"	mov GPR + 8(%rbx), %rcx\n"
	"	mov GPR + 16(%rbx), %rdx\n"
	"	mov GPR + 32(%rbx), %rbp\n"
	"	mov GPR + 40(%rbx), %rsi\n"
	"	mov GPR + 48(%rbx), %rdi\n"
	"	mov GPR + 56(%rbx), %r8\n"
	"	mov GPR + 64(%rbx), %r9\n"
	"	mov GPR + 72(%rbx), %r10\n"
	"	mov GPR + 80(%rbx), %r11\n"
	"	mov GPR + 88(%rbx), %r12\n"
	"	mov GPR + 96(%rbx), %r13\n"
	"	mov GPR + 104(%rbx), %r14\n"
	"	mov GPR + 112(%rbx), %r15\n"
	"	mov GPR + 24(%rbx), %rbx\n"
	"	iretq\n"

	"runner_handler:\n"
	"	lea control(%rip), %rbx\n"
	"	pushq $2\n"
	"	popfq\n" /* NT would make IRET fault, and AC us */
	"	rdfsbase %rax\n"
	"	mov %rax, BASES(%rbx)\n"
	"	rdgsbase %rax\n"
	"	mov %rax, BASES + 8(%rbx)\n"
	"	mov %rsi, INFO(%rbx)\n"
	"	mov %rdx, INFO + 8(%rbx)\n"
	"	mov %ds, SELECTORS(%rbx)\n"
	"	mov %es, SELECTORS + 2(%rbx)\n"
	"	mov %fs, SELECTORS + 4(%rbx)\n"
	"	mov %gs, SELECTORS + 6(%rbx)\n"
	"	cmpl $2, 4(%rbx)\n" /* RUNNER_PROBE */
	"	jne turn_over\n"
	"	mov PROBE(%rbx), %rbp\n"
	"	mov (%rsi), %eax\n"
	"	mov %eax, 40(%rbp)\n"
	"	mov 8(%rsi), %eax\n"
	"	mov %eax, 44(%rbp)\n"
	"	mov 16(%rsi), %rax\n"
	"	mov %rax, 32(%rbp)\n"
	"	mov 168(%rdx), %rax\n"
	"	mov %rax, 24(%rbp)\n"
	"	add $48, %rbp\n"
	"	mov %rbp, PROBE(%rbx)\n"
	"	cmp %rbp, PROBE + 8(%rbx)\n"
	"	ja next_probe\n"
	"	jmp turn_over\n"

	"next_of_many:\n"
	"	mov IMAGES(%rbx), %rsi\n"
	"	xor %eax, %eax\n"
	"1:	cmp NUM_PAGES(%rbx), %rax\n"
	"	je 2f\n"
	"	mov PAGE(%rbx, %rax, 8), %rdi\n"
	"	mov $512, %ecx\n"
	"	rep movsq\n"
	"	inc %eax\n"
	"	jmp 1b\n"
	"2:	mov MANY(%rbx), %rbx\n"
	"	jmp load\n"

	"runner_return:\n"
	"	mov %rax, control + RAX(%rip)\n"
	"	mov control + MANY(%rip), %rax\n"
	"	mov %rcx, GPR + 8(%rax)\n"
	"	mov %rdx, GPR + 16(%rax)\n"
	"	mov %rbp, GPR + 32(%rax)\n"
	"	mov %rsi, GPR + 40(%rax)\n"
	"	mov %rdi, GPR + 48(%rax)\n"
	"	mov %r8, GPR + 56(%rax)\n"
	"	mov %r9, GPR + 64(%rax)\n"
	"	mov %r10, GPR + 72(%rax)\n"
	"	mov %r11, GPR + 80(%rax)\n"
	"	mov %r12, GPR + 88(%rax)\n"
	"	mov %r13, GPR + 96(%rax)\n"
	"	mov %r14, GPR + 104(%rax)\n"
	"	mov %r15, GPR + 112(%rax)\n"
	"	mov %rbx, GPR + 24(%rax)\n"
	"	mov %rsp, FRAME + 24(%rax)\n"
	"	mov control + RAX(%rip), %rcx\n"
	"	mov %rcx, GPR(%rax)\n"
	"	mov %rax, %rbp\n"
	"	lea stack_end(%rip), %rsp\n"
	"	pushfq\n"
	"	pop FRAME + 16(%rbp)\n"
	"	pushq $2\n"
	"	popfq\n"
	"	rdfsbase %rax\n"
	"	mov %rax, BASES(%rbp)\n"
	"	rdgsbase %rax\n"
	"	mov %rax, BASES + 8(%rbp)\n"
	"	mov %ds, SELECTORS(%rbp)\n"
	"	mov %es, SELECTORS + 2(%rbp)\n"
	"	mov %fs, SELECTORS + 4(%rbp)\n"
	"	mov %gs, SELECTORS + 6(%rbp)\n"
	"	mov %ss, SS(%rbp)\n"
	"	mov $7, %eax\n"
	"	xor %edx, %edx\n"
	"	xsave64 XSAVE(%rbp)\n"
	"	lea control(%rip), %rbx\n"
	"	mov IMAGES(%rbx), %rdi\n"
	"	xor %eax, %eax\n"
	"1:	cmp NUM_PAGES(%rbx), %rax\n"
	"	je 2f\n"
	"	mov PAGE(%rbx, %rax, 8), %rsi\n"
	"	mov $512, %ecx\n"
	"	rep movsq\n"
	"	inc %eax\n"
	"	jmp 1b\n"
	"2:	mov %rdi, IMAGES(%rbx)\n"
	"	add $1280, %rbp\n"
	"	mov %rbp, MANY(%rbx)\n"
	"	cmp %rbp, MANY_END(%rbx)\n"
	"	ja next_of_many\n"
	"	jmp turn_over\n"

	"runner_touch:\n"
	"	.byte " BYTES(TOUCH_READ) ", 0, " BYTES(TOUCH_WRITE) "\n"
	"runner_code_end:\n"
	".popsection\n");
/* clang-format on */

#endif
