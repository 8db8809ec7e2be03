/* Every state of the log against those that single steps by the GDB stub give, in each QEMU that is here. */
#include "lib/target/qemu_lane.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/target/qemu.h"
#include "lib/testing/assert.h"

enum { TIMEOUT_MS = 60000, MAX_STEPS = 4000, MAX_STARTS = 40, MAX_EMULATORS = 8, WINDOW = 256, MAX_PLACES = 4096 };

struct guest {
	const char *isa, *name, *arg, *cpu;
	enum stop_kind end; /* unless there are more than MAX_STEPS to it; STOP_STEPPED: at the first call, of which the
			     * results are each process's own */
	int code;           /* status or signal of the end */
	unsigned every;     /* interrupted behind so many steps; 0: never */
};

static const struct guest guests[] = {
	{"x86_64", "hello", NULL, NULL, STOP_EXITED, 0, 0},
	{"x86_64", "loop", "60", "max", STOP_EXITED, 0, 0},
	{"x86_64", "loop", "60", NULL, STOP_EXITED, 0, 7},
	{"x86_64", "simd", "gather", "max", STOP_EXITED, 0, 0},
	{"x86_64", "x87", NULL, "max", STOP_EXITED, 0, 0},
	{"x86_64", "avxfloat", NULL, "max", STOP_EXITED, 0, 0},
	{"x86_64", "yields", NULL, "max", STOP_EXITED, 0, 0},
	{"x86_64", "faulting", "cross", NULL, STOP_SIGNAL, 11, 0},
	{"x86_64", "faulting", "loop", NULL, STOP_SIGNAL, 8, 3},
	{"aarch64", "hello", NULL, NULL, STOP_EXITED, 0, 0},
	{"aarch64", "loop", "60", "max", STOP_EXITED, 0, 0},
	{"aarch64", "loop", "60", "cortex-a57", STOP_EXITED, 0, 7},
	{"aarch64", "a64fpu", NULL, "max", STOP_STEPPED, 0, 0},
	{"aarch64", "yields", NULL, "max", STOP_EXITED, 0, 0},
	{"aarch64", "a64faulting", NULL, NULL, STOP_SIGNAL, 11, 0},
};

enum { NUM_GUESTS = sizeof guests / sizeof *guests };

/* A guest that flows, and the same one stepped. */
struct pair {
	const struct isa *isa;
	struct target *flowing, *stepped;
	struct state seen, expect, before; /* before: what was collected before seen */
	uint64_t place[MAX_PLACES];        /* breakpoints of the one that flows */
	unsigned num_places, steps, looks, interrupts;
	unsigned stretches; /* that were stepped by the stub on the way */
	unsigned listed;    /* collected with a list of what it touched */
};

static struct target *start(const struct isa *isa, const char *emulator, const struct guest *g, bool log, bool sandbox)
{
	char path[256];
	const char *const argv[] = {g->name, g->arg, NULL};
	struct qemu_options o = {
		.emulator = emulator,
		.cpu = g->cpu,
		.program = path,
		.argv = argv,
		.sandbox = sandbox,
		.log = log ? QEMU_LANE_INSNS : QEMU_LANE_NONE,
		.timeout_ms = TIMEOUT_MS,
	};
	struct target *t = NULL;

	snprintf(path, sizeof path, "%s/guests/%s%s", getenv("BUILD") ? getenv("BUILD") : "build/rel",
		 strcmp(g->isa, "aarch64") ? "" : "aarch64/", g->name);
	ck_no_error(target_qemu_create(isa, &o, &t));
	return t;
}

static bool is_call(const struct isa *isa, const uint8_t *at)
{
	static const uint8_t syscall[] = {0x0f, 0x05}, svc[] = {0x01, 0x00, 0x00, 0xd4};

	return isa->insn_align == 1 ? !memcmp(at, syscall, sizeof syscall) : !memcmp(at, svc, sizeof svc);
}

/* Breakpoints on every call in the executable pages of the map. */
static void set_breaks(struct pair *p)
{
	target_mappings map = {0};
	static uint8_t bytes[1 << 22];
	bool known = false;
	size_t got;

	ck_no_error(target_map(p->flowing, &map, &known));
	ck_assert(known);
	ck_assert_uint_gt(map.len, 0);
	for (size_t i = 0; i < map.len; i++) {
		const struct target_mapping *m = &map.at[i];

		if (i)
			ck_assert_uint_le(map.at[i - 1].start + map.at[i - 1].len, m->start);
		if (!(m->prot & PROT_EXEC) || !(m->prot & PROT_READ) || m->len > sizeof bytes)
			continue;
		ck_no_error(target_read_memory(p->flowing, m->start, bytes, (size_t)m->len, &got));
		for (size_t at = 0; at + 4 <= got; at += p->isa->insn_align)
			if (is_call(p->isa, bytes + at)) {
				ck_assert_uint_lt(p->num_places, MAX_PLACES);
				p->place[p->num_places++] = m->start + at;
				ck_no_error(target_set_break(p->flowing, m->start + at, true));
			}
	}
	vec_deinit(&map);
	ck_error(target_map(p->flowing, &map, &known), ERROR_BUG, "once");
	ck_assert_uint_gt(p->num_places, 0);
}

static bool is_place(const struct pair *p, uint64_t pc)
{
	for (unsigned i = 0; i < p->num_places; i++)
		if (p->place[i] == pc)
			return true;
	return false;
}

static void check_same(const struct pair *p)
{
	for (uint32_t r = 0; r < p->isa->num_regs; r++)
		for (unsigned k = 0; k < reg_words(&p->isa->regs[r]); k++) {
			unsigned w = p->isa->regs[r].word + k;
			uint64_t known = ~(p->seen.unknown[w] | p->expect.unknown[w] | p->stepped->hidden[w]);

			ck_assert_msg(!((p->seen.value[w] ^ p->expect.value[w]) & known),
				      "step %u at 0x%llx (stepped 0x%llx): %s[%u] is 0x%llx, stepped 0x%llx", p->steps,
				      (unsigned long long)state_get(&p->seen, p->isa->pc),
				      (unsigned long long)state_get(&p->expect, p->isa->pc), p->isa->regs[r].name, k,
				      (unsigned long long)p->seen.value[w], (unsigned long long)p->expect.value[w]);
		}
}

/* Where both stand: the stack, and registers as the stub of the one that flows shows them. */
static void check_standing(struct pair *p)
{
	uint8_t a[WINDOW], b[WINDOW];
	uint64_t sp = state_get(&p->expect, p->isa->sp) - WINDOW / 2;
	size_t got_a, got_b;

	ck_no_error(target_read_memory(p->flowing, sp, a, sizeof a, &got_a));
	ck_no_error(target_read_memory(p->stepped, sp, b, sizeof b, &got_b));
	ck_assert_uint_eq(got_a, got_b);
	ck_assert_mem_eq(a, b, got_a);
	ck_no_error(target_read_regs(p->flowing, &p->seen));
	ck_no_error(target_read_regs(p->stepped, &p->expect));
	check_same(p);
}

/* Of the instruction there, which a step would overrun; NULL: it does not. */
static const struct isa_overrun *overrun_at(struct pair *p, uint64_t pc)
{
	uint8_t code[ISA_MAX_INSN_LEN];
	size_t got;

	ck_no_error(target_read_memory(p->stepped, pc, code, sizeof code, &got));
	for (uint32_t i = 0; i < p->isa->num_overruns; i++) {
		const struct isa_overrun *row = &p->isa->overruns[i];
		size_t len = row->len - row->lead;

		if (len <= got && target_overruns(p->stepped, (uint8_t)(i + 1)) &&
		    !memcmp(code, row->code + row->lead, len))
			return row;
	}
	return NULL;
}

/* The stepped one follows: a rep may be one step of the one and several of the other. */
static struct stop follow(struct pair *p)
{
	uint64_t before = state_get(&p->expect, p->isa->pc), pc = state_get(&p->seen, p->isa->pc);
	struct stop stop;

	do {
		const struct isa_overrun *row = overrun_at(p, before);

		if (row)
			ck_no_error(target_run_to(p->stepped, before + row->len - row->lead, &stop));
		else
			ck_no_error(target_step(p->stepped, 0, &stop));
		ck_no_error(target_read_regs(p->stepped, &p->expect));
	} while (stop.kind == STOP_STEPPED && state_get(&p->expect, p->isa->pc) == before && pc != before);
	return stop;
}

/* Both stand at a call: it is made. */
static bool make_call(struct pair *p, struct stop *ret)
{
	uint64_t pc = state_get(&p->expect, p->isa->pc), next = pc + (p->isa->insn_align == 1 ? 2 : 4);
	struct stop other;

	check_standing(p);
	ck_no_error(target_set_break(p->flowing, pc, false));
	ck_no_error(target_run_to(p->flowing, next, ret));
	ck_no_error(target_run_to(p->stepped, next, &other));
	ck_assert_int_eq(ret->kind, other.kind);
	if (ret->kind != STOP_STEPPED)
		return false;
	ck_no_error(target_set_break(p->flowing, pc, true));
	ck_no_error(target_read_regs(p->stepped, &p->expect));
	check_standing(p);
	return true;
}

/* All that changed is in the list. */
static void check_touched(struct pair *p, const struct observed *seen)
{
	const struct touched *list = &seen->touched;

	for (size_t i = 0; i < list->num_words; i++) {
		p->before.value[list->words[i]] = p->seen.value[list->words[i]];
		p->before.unknown[list->words[i]] = p->seen.unknown[list->words[i]];
	}
	if (list->words) {
		size_t len = p->isa->num_words * sizeof *p->seen.value;

		ck_assert_mem_eq(p->before.value, p->seen.value, len);
		ck_assert_mem_eq(p->before.unknown, p->seen.unknown, len);
		p->listed++;
	}
	state_copy(&p->before, &p->seen);
}

/* One answer of the one that flows; what the stepped one says to it. */
static void collect(struct pair *p, struct observed *ret)
{
	static const struct target_plan plan;

	ck_no_error(target_submit(p->flowing, &plan, 1));
	ck_no_error(target_collect(p->flowing, &p->seen, ret));
	if (!ret->have_regs)
		return;
	check_touched(p, ret);
	p->looks += ret->look;
	if (!ret->look) {
		struct stop stop = follow(p);
		p->steps++;
		ck_assert_int_eq(stop.kind, ret->stop.kind);
		ck_assert_int_eq(stop.signal, ret->stop.signal);
	}
	check_same(p);
}

/* Steps by the stub on the way: what they do is in the log, too, and is not to be taken for what comes next. */
static void step_a_while(struct pair *p)
{
	enum { NUM = 3 };
	static const struct target_plan plans[NUM];
	struct observed seen;

	ck_no_error(target_flow(p->flowing, false));
	ck_assert(!p->flowing->flows);
	ck_assert_mem_eq(p->flowing->hidden, p->stepped->hidden, p->isa->num_words * sizeof *p->stepped->hidden);
	ck_assert_uint_ge(p->flowing->max_ahead, NUM);
	ck_no_error(target_submit(p->flowing, plans, NUM));
	for (unsigned i = 0; i < NUM; i++) {
		struct stop stop;

		ck_no_error(target_collect(p->flowing, &p->seen, &seen));
		ck_assert_int_eq(seen.stop.kind, STOP_STEPPED);
		ck_no_error(target_step(p->stepped, 0, &stop));
		ck_no_error(target_read_regs(p->stepped, &p->expect));
		check_same(p);
	}
	ck_no_error(target_flow(p->flowing, true));
	p->stretches++;
}

static void run(struct pair *p, const struct guest *g, bool one_call)
{
	struct observed seen;
	struct stop stop = {.kind = STOP_STEPPED};

	set_breaks(p);
	while (p->steps < MAX_STEPS) {
		collect(p, &seen);
		stop = seen.stop;
		if (stop.kind != STOP_STEPPED)
			break;
		if (g->every && p->steps % g->every == 0 && p->flowing->running) {
			ck_no_error(target_interrupt(p->flowing));
			p->interrupts++;
		}
		if (p->flowing->running)
			continue;
		if (!is_place(p, state_get(&p->seen, p->isa->pc))) {
			check_standing(p);
			if (!g->code)
				step_a_while(p);
		} else if (one_call || !make_call(p, &stop)) {
			break;
		}
	}
	ck_assert_uint_gt(p->steps, 5);
	ck_assert_uint_gt(p->listed, 3);
	if (one_call || p->steps == MAX_STEPS)
		return;
	ck_assert_int_eq(stop.kind, g->end);
	ck_assert_int_eq(stop.kind == STOP_SIGNAL ? stop.signal : stop.status, g->code);
}

/* QEMU's own maps decide where the guest's stack is, and its threads in which order they are made: in one of a few
 * places.
 */
static void start_same(struct pair *p, const char *emulator, const struct guest *g, bool sandbox)
{
	for (unsigned i = 0; i < MAX_STARTS; i++) {
		p->stepped = start(p->isa, emulator, g, false, sandbox);
		ck_no_error(target_read_regs(p->stepped, &p->expect));
		if (state_get(&p->seen, p->isa->sp) == state_get(&p->expect, p->isa->sp))
			return;
		target_destroy(p->stepped);
	}
	ck_abort_msg("no two guests have their stack at the same address");
}

static void run_pair(const char *emulator, const struct guest *g, bool sandbox)
{
	struct pair p = {.isa = isa_by_name(g->isa)};

	p.flowing = start(p.isa, emulator, g, true, sandbox);
	ck_assert(p.flowing->flows && !p.flowing->running);
	ck_no_error(state_init(&p.seen, p.isa));
	ck_no_error(state_init(&p.expect, p.isa));
	ck_no_error(state_init(&p.before, p.isa));
	ck_no_error(target_read_regs(p.flowing, &p.seen));
	start_same(&p, emulator, g, sandbox);
	run(&p, g, sandbox || g->end == STOP_STEPPED);
	printf("%s %s %s: %u steps, %u looks, %u interrupts, %u stretches\n", p.flowing->identity, g->name,
	       g->arg ? g->arg : "", p.steps, p.looks, p.interrupts, p.stretches);
	target_destroy(p.flowing);
	target_destroy(p.stepped);
	state_deinit(&p.seen);
	state_deinit(&p.expect);
	state_deinit(&p.before);
}

/* Those of the environment: the ISA's usual one, and of the list QEMUS those that are for it. */
static unsigned find_emulators(const struct isa *isa, char *ret[MAX_EMULATORS])
{
	const char *list = getenv("QEMUS");
	char *copy = strdup(list ? list : ""), *rest = copy, *name;
	unsigned num = 0;

	ck_no_error(qemu_find_emulator(isa, NULL, &ret[num++]));
	while ((name = strsep(&rest, " ")) && num < MAX_EMULATORS) {
		const char *slash = strrchr(name, '/');
		if (*name && !strcmp(slash ? slash + 1 : name, isa->qemu_name))
			ret[num++] = strdup(name);
	}
	free(copy);
	return num;
}

static void run_all(const struct guest *g, bool sandbox)
{
	char *emulators[MAX_EMULATORS];
	unsigned num = find_emulators(isa_by_name(g->isa), emulators);

	for (unsigned i = 0; i < num; i++) {
		run_pair(emulators[i], g, sandbox);
		free(emulators[i]);
	}
}

START_TEST(the_log_shows_what_single_steps_show)
{
	run_all(&guests[_i], false);
}
END_TEST

START_TEST(the_log_passes_the_sandbox)
{
	run_all(&guests[_i], true);
}
END_TEST

START_TEST(options_are_found_in_the_help)
{
	const char *args[QEMU_LANE_ARGS];

	ck_no_error(qemu_lane_options("-x  y\n-singlestep  QEMU_SINGLESTEP  run in singlestep mode\n", "/p",
				      QEMU_LANE_INSNS, args));
	ck_assert_str_eq(args[0], "-singlestep");
	ck_no_error(qemu_lane_options("-one-insn-per-tb  QEMU_ONE_INSN_PER_TB\n", "/p", QEMU_LANE_INSNS, args));
	ck_assert_str_eq(args[0], "-one-insn-per-tb");
	ck_assert_str_eq(args[4], "/p");
	ck_assert_ptr_null(args[5]);
	ck_error(qemu_lane_options("usage: other\n", "/p", QEMU_LANE_INSNS, args), ERROR_UNSUPPORTED, "no option");
}
END_TEST

START_TEST(an_emulator_without_them_is_told)
{
	static const char script[] = "#!/bin/sh\necho another emulator\n";
	char path[] = "/tmp/validate-test-XXXXXX";
	int fd = mkstemp(path);
	struct qemu_options o = {.program = "/bin/sh",
				 .emulator = path,
				 .log = QEMU_LANE_INSNS,
				 .timeout_ms = TIMEOUT_MS};
	struct target *t;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, script, sizeof script - 1), sizeof script - 1);
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	close(fd);
	ck_error(target_qemu_create(isa_by_name("x86_64"), &o, &t), ERROR_UNSUPPORTED, "no option");
	unlink(path);
}
END_TEST

/* Its end is told while it runs, and what it needs be asked for only while it stands. */
START_TEST(a_guest_that_runs)
{
	static const struct guest loop = {"x86_64", "loop", "100000000", NULL, STOP_EXITED, 0, 0};
	static const struct target_plan plan;
	struct target *t = start(isa_by_name("x86_64"), NULL, &loop, true, true);
	struct observed seen;
	struct error *err = NULL;
	uint8_t byte;
	size_t got;

	ck_no_error(target_submit(t, &plan, 1));
	ck_assert(t->running);
	ck_error(target_submit(t, &plan, 1), ERROR_BUG, "not collected");
	ck_no_error(target_collect(t, NULL, &seen));
	ck_assert(seen.look);
	ck_assert(t->running);
	ck_error(target_collect(t, NULL, &seen), ERROR_BUG, "not submitted");
	ck_error(target_read_memory(t, 0x400000, &byte, 1, &got), ERROR_BUG, "the guest runs");
	ck_error(target_flow(t, false), ERROR_BUG, "the guest runs");
	ck_assert_int_eq(kill(target_qemu_pid(t), SIGKILL), 0);
	/* What is in the pipe comes first. */
	for (unsigned i = 0; i < 100000 && !err; i++) {
		ck_no_error(target_submit(t, &plan, 1));
		err = target_collect(t, NULL, &seen);
	}
	ck_error(err, ERROR_TARGET, "was killed by signal 9");
	target_destroy(t);
}
END_TEST

START_TEST(a_guest_that_runs_is_ended)
{
	static const struct guest loop = {"aarch64", "loop", "100000000", NULL, STOP_EXITED, 0, 0};
	static const struct target_plan plan;
	struct target *t = start(isa_by_name("aarch64"), NULL, &loop, true, true);
	struct observed seen;

	ck_no_error(target_submit(t, &plan, 1));
	ck_no_error(target_collect(t, NULL, &seen));
	target_destroy(t);
}
END_TEST

/* One that cannot do it says so, and is as it was. */
START_TEST(without_a_log_nothing_flows)
{
	static const struct guest hello = {"x86_64", "hello", NULL, NULL, STOP_EXITED, 0, 0};
	struct target *t = start(isa_by_name("x86_64"), NULL, &hello, false, true);
	target_mappings map = {0};
	bool known = true;

	ck_assert(!t->flows);
	ck_error(target_flow(t, true), ERROR_UNSUPPORTED, "does not flow");
	ck_no_error(target_flow(t, false));
	ck_no_error(target_interrupt(t));
	ck_no_error(target_map(t, &map, &known));
	ck_assert(!known);
	target_destroy(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qemu_lane");
	TCase *tests = tcase_create("qemu_lane");
	char *path = NULL;

	for (unsigned i = 0; i < NUM_GUESTS; i++) {
		struct error *err = qemu_find_emulator(isa_by_name(guests[i].isa), NULL, &path);
		if (err) {
			printf("skipped: %s\n", err->message);
			return TEST_SKIP;
		}
		free(path);
	}
	tcase_set_timeout(tests, 300);
	tcase_add_loop_test(tests, the_log_shows_what_single_steps_show, 0, NUM_GUESTS);
	tcase_add_loop_test(tests, the_log_passes_the_sandbox, 0, NUM_GUESTS);
	tcase_add_test(tests, options_are_found_in_the_help);
	tcase_add_test(tests, an_emulator_without_them_is_told);
	tcase_add_test(tests, a_guest_that_runs);
	tcase_add_test(tests, a_guest_that_runs_is_ended);
	tcase_add_test(tests, without_a_log_nothing_flows);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
