/*
 * How fast the model is by itself: new instructions lifted and compiled a second, and cached transfers evaluated a
 * second, on the instructions that a real program executes, in their order. The program is stepped natively to learn
 * them.
 *
 * usage: bench_model [PROGRAM [ARG...]]
 * without arguments: busybox sha256sum of itself
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/map.h"
#include "lib/base/vec.h"
#include "lib/lift/lift.h"

enum { MAX_STEPS = 300000, MIN_SECONDS = 2 };

/* An instruction that was met. */
struct site {
	uint64_t pc;
	uint8_t bytes[ISA_MAX_INSN_LEN];
	size_t len;
	struct lifted *lifted;
};

struct walk {
	VEC(struct site) sites; /* each once */
	VEC(uint32_t) order;    /* indices into sites, as executed */
	struct map by_pc;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void check(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "bench_model: %s\n", err->message);
	exit(1);
}

static pid_t start(char *const *argv)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		personality(ADDR_NO_RANDOMIZE);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_EXITKILL);
	return pid;
}

static bool visit(struct walk *w, pid_t pid, uint64_t pc)
{
	uint64_t *index = map_get(&w->by_pc, pc);

	if (!index) {
		struct site site = {.pc = pc};
		struct iovec local = {site.bytes, sizeof site.bytes},
			     remote = {(void *)(uintptr_t)pc, sizeof site.bytes};
		ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
		index = map_put(&w->by_pc, pc);
		if (got <= 0 || !index || !vec_push(&w->sites, site))
			return false;
		w->sites.at[w->sites.len - 1].len = (size_t)got;
		*index = w->sites.len - 1;
	}
	return vec_push(&w->order, (uint32_t)*index);
}

static void step_through(struct walk *w, pid_t pid)
{
	for (int i = 0; i < MAX_STEPS; i++) {
		struct user_regs_struct regs;
		int status;
		if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0 || !visit(w, pid, regs.rip))
			break;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) < 0 ||
		    !WIFSTOPPED(status))
			return;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void lift_all(struct walk *w, struct lift_cache *cache)
{
	for (size_t i = 0; i < w->sites.len; i++) {
		struct site *s = &w->sites.at[i];
		check(lift_cache_get(cache, s->pc, s->bytes, s->len, &s->lifted));
	}
}

static enum mem_result load(void *ctx, uint64_t address, unsigned len, uint8_t *ret, uint8_t *unknown)
{
	(void)ctx;
	(void)unknown;
	memset(ret, (int)(address >> 4), len);
	return MEM_OK;
}

/* Evaluates every step once, on one state: what is measured is the model, not memory. Returns how many had a transfer.
 */
static uint64_t evaluate(const struct walk *w, struct eval *e, const uint64_t *state)
{
	const struct eval_memory memory = {.load = load};
	const struct site *sites = w->sites.at;
	uint64_t n = 0;

	for (size_t i = 0; sites && i < w->order.len; i++) {
		const struct lifted *l = sites[w->order.at[i]].lifted;
		if (!l || !l->prog)
			continue;
		check(prog_run(l->prog, state, NULL, &memory, e));
		n++;
	}
	return n;
}

static void measure_lifting(struct walk *w, const struct isa *isa)
{
	uint64_t lifted = 0, begin = clock_now(), elapsed;
	struct lift_cache *cache;

	do {
		check(lift_cache_create(isa, 0, &cache));
		lift_all(w, cache);
		lifted += w->sites.len;
		lift_cache_destroy(cache);
		elapsed = clock_now() - begin;
	} while (elapsed < MIN_SECONDS * CLOCK_S);
	printf("lifted and compiled: %.0f new instructions/s (%zu different ones)\n",
	       (double)lifted * 1e9 / (double)elapsed, w->sites.len);
}

static void measure_evaluation(struct walk *w, const struct isa *isa)
{
	uint64_t *state = calloc(isa->num_words, sizeof *state);
	uint64_t evaluated = 0, elapsed;
	struct lift_cache *cache;
	struct eval e = {0};

	if (!state)
		die("calloc");
	check(lift_cache_create(isa, 0, &cache));
	lift_all(w, cache);
	for (uint32_t r = 0; r < isa->num_regs; r++)
		if (isa->regs[r].class == REG_GENERAL)
			state[isa->regs[r].word] = 0x7fff0000 + 64 * r;
	uint64_t begin = clock_now();
	do {
		evaluated += evaluate(w, &e, state);
		elapsed = clock_now() - begin;
	} while (elapsed < MIN_SECONDS * CLOCK_S);
	printf("evaluated: %.0f cached transfers/s (a run of %zu instructions)\n",
	       (double)evaluated * 1e9 / (double)elapsed, w->order.len);
	eval_deinit(&e);
	lift_cache_destroy(cache);
	free(state);
}

int main(int argc, char **argv)
{
	static char program[] = "/bin/busybox", applet[] = "sha256sum";
	char *usual[] = {program, applet, program, NULL};
	const struct isa *isa = isa_by_name("x86_64");
	struct walk w = {0};

	step_through(&w, start(argc > 1 ? argv + 1 : usual));
	if (!w.order.len) {
		fprintf(stderr, "bench_model: %s cannot be stepped\n", argc > 1 ? argv[1] : program);
		return 1;
	}
	measure_lifting(&w, isa);
	measure_evaluation(&w, isa);
	vec_deinit(&w.sites);
	vec_deinit(&w.order);
	map_deinit(&w.by_pc);
	return 0;
}
