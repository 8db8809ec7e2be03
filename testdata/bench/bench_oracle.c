/*
 * How many cases the self-test runs in a second of processor time, its own and that of the processes in which it runs
 * them, beside loops of bare signals: what a case cost at least if each ended in one.
 *
 * usage: bench_oracle [CASES]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/oracle/walk.h"

enum { SIGNALS = 300000, CASES = 50000 };

static const char *const forms[] = {
	"add r64, r64",    "add r64, m64",   "add m64, r64",    "mov r64, m64",         "paddb xmm, xmm",
	"paddb xmm, m128", "addsd xmm, xmm", "addps xmm, m128", "vpaddb ymm, ymm, ymm", "vaddps ymm, ymm, ymm",
};

static void check(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "bench_oracle: %s\n", err->message);
	exit(1);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double cpu_time(const struct rusage *r)
{
	return seconds(r->ru_utime) + seconds(r->ru_stime);
}

static void report(const char *what, uint64_t count, double spent)
{
	printf("%-22s %8llu %9.0f/s %7.2f us", what, (unsigned long long)count, (double)count / spent,
	       spent * 1e6 / (double)count);
}

/* ---- Bare signals ---- */

static void nothing(int signal)
{
	(void)signal;
}

static double own_time(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return cpu_time(&r);
}

static void bench_signals(void)
{
	signal(SIGTRAP, nothing);
	double start = own_time();
	for (unsigned i = 0; i < SIGNALS; i++)
		raise(SIGTRAP);
	report("signals sent", SIGNALS, own_time() - start);
	printf("\n");
#if defined(__x86_64__)
	start = own_time();
	for (unsigned i = 0; i < SIGNALS; i++)
		__asm__ volatile("int3");
	report("INT3", SIGNALS, own_time() - start);
	printf("\n");
#endif
}

/* ---- Cases ---- */

static bool find_form(const struct walk *w, const char *name, size_t *ret)
{
	for (size_t i = 0; i < walk_num_forms(w); i++) {
		if (strcmp(walk_form(w, i)->name, name) == 0 && walk_form(w, i)->status == LIFT_DONE) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* In a process of its own, whose end tells the time that it and its own processes took. */
static void run_form(const char *name, unsigned cases, struct walk_form *ret)
{
	const struct isa *isa = isa_by_name("x86_64");
	struct oracle *oracle;
	struct walk *walk;
	size_t form;

	check(oracle_create_native(isa, &oracle));
	check(walk_create(isa, oracle, 1, CPU_VENDOR_UNKNOWN, &walk));
	if (find_form(walk, name, &form)) {
		check(walk_run(walk, form, cases, NULL));
		*ret = *walk_form(walk, form);
	}
	walk_destroy(walk);
	oracle_destroy(oracle);
}

static double measure(const char *name, unsigned cases, struct walk_form *ret)
{
	struct rusage r;
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		run_form(name, cases, ret);
		_exit(0);
	}
	if (pid < 0 || wait4(pid, &status, 0, &r) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "bench_oracle: %s: the process that runs it failed\n", name);
		exit(1);
	}
	return cpu_time(&r);
}

static void bench_form(const char *name, unsigned cases, struct walk_form *shared)
{
	*shared = (struct walk_form){.status = LIFT_UNMODELLED};
	double start = measure(name, 1, shared);

	if (shared->status != LIFT_DONE) {
		printf("%-22s not modelled\n", name);
		return;
	}
	double spent = measure(name, cases, shared) - start;
	report(name, shared->passed, spent);
	printf("  (%llu ended in a fault, %llu failed)\n", (unsigned long long)shared->faulted,
	       (unsigned long long)shared->failed);
}

int main(int argc, char **argv)
{
	unsigned long cases = argc > 1 ? strtoul(argv[1], NULL, 10) : CASES;
	struct oracle *oracle;

	if (cases < 2 || cases > UINT32_MAX) {
		fprintf(stderr, "usage: bench_oracle [CASES]\n");
		return 2;
	}
	bench_signals();
	struct error *err = oracle_create_native(isa_by_name("x86_64"), &oracle);
	if (error_is(err, ERROR_UNSUPPORTED)) {
		printf("cases: %s\n", err->message);
		error_destroy(err);
		return 0;
	}
	check(err);
	oracle_destroy(oracle);
	struct walk_form *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
					0);
	if (shared == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		bench_form(forms[i], (unsigned)cases, shared);
	return 0;
}
