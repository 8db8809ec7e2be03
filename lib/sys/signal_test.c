/* The table of faults against what this kernel makes of them, and the names. */
#include "lib/sys/signal.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/testing/assert.h"

static const struct {
	int signal;
	const char *name;
} name_rows[] = {
	{SIGSEGV, "SIGSEGV"}, {SIGSYS, "SIGSYS"},   {SIGBUS, "SIGBUS"},
	{31, "SIGSYS"},       {32, "SIGRTMIN+0"},   {35, "SIGRTMIN+3"},
	{64, "SIGRTMIN+32"},  {0, "signal 0"},      {65, "signal 65"},
	{-1, "signal -1"},    {SIGTRAP, "SIGTRAP"}, {SIGILL, "SIGILL"},
	{SIGFPE, "SIGFPE"},   {SIGCHLD, "SIGCHLD"}, {1 << 30, "signal 1073741824"},
};

START_TEST(names)
{
	char buffer[SIGNAL_NAME_LEN];

	ck_assert_str_eq(signal_name(name_rows[_i].signal, buffer), name_rows[_i].name);
}
END_TEST

START_TEST(synchronous)
{
	static const int by_instruction[] = {SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};

	for (int signal = 0; signal <= SIGNAL_LAST; signal++) {
		bool is = false;
		for (size_t i = 0; i < sizeof by_instruction / sizeof *by_instruction; i++)
			is |= by_instruction[i] == signal;
		ck_assert_msg(signal_is_synchronous(signal) == is, "signal %d", signal);
		ck_assert(signal_is_fault(signal, SEGV_MAPERR) == is);
		ck_assert(!signal_is_fault(signal, SI_USER) && !signal_is_fault(signal, SI_TKILL));
	}
}
END_TEST

#if defined(__x86_64__)

static void leave(int signal, siginfo_t *info, void *context)
{
	(void)context;
	_exit(signal_is_fault(signal, info->si_code) ? signal : 0);
}

static void raise_fault(enum fault_kind fault)
{
	switch (fault) {
	case FAULT_DIVIDE: __asm__ volatile("xor %%eax, %%eax; cltd; div %%eax" ::: "eax", "edx", "cc"); break;
	case FAULT_UNDEFINED: __asm__ volatile("ud2"); break;
	case FAULT_BREAKPOINT: __asm__ volatile("int3"); break;
	case FAULT_PROTECTION: __asm__ volatile("hlt"); break;
	case FAULT_PAGE: __asm__ volatile("movl 8, %%eax" ::: "eax"); break;
	default: abort();
	}
}

static const enum fault_kind raised[] = {FAULT_DIVIDE, FAULT_UNDEFINED, FAULT_BREAKPOINT, FAULT_PROTECTION, FAULT_PAGE};

/* The test's process dies by its handler, with the signal's number as its status. */
START_TEST(kernel)
{
	const struct sigaction action = {.sa_sigaction = leave, .sa_flags = SA_SIGINFO};
	int signal = fault_signal(raised[_i])->signal;

	ck_assert_int_eq(sigaction(signal, &action, NULL), 0);
	raise_fault(raised[_i]);
}
END_TEST

static void add_kernel_tests(TCase *cases)
{
	for (int i = 0; i < (int)(sizeof raised / sizeof *raised); i++)
		tcase_add_loop_exit_test(cases, kernel, fault_signal(raised[i])->signal, i, i + 1);
}

#else

static void add_kernel_tests(TCase *cases)
{
	(void)cases;
}

#endif

int main(void)
{
	Suite *suite = suite_create("signal");
	TCase *cases = tcase_create("all");

	tcase_add_loop_test(cases, names, 0, sizeof name_rows / sizeof *name_rows);
	tcase_add_test(cases, synchronous);
	add_kernel_tests(cases);
	suite_add_tcase(suite, cases);
	return test_main(suite);
}
