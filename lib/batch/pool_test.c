/* Commands that end in every way there is, and that nothing of them stays. */
#include "lib/batch/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

enum { DEADLINE_S = 120 };

static char pid_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("pid", pid_path);
	ck_assert_int_eq(setenv("PID_FILE", pid_path, 1), 0);
}

static void start(struct pool *p, const char *script, uint64_t id)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	ck_no_error(pool_start(p, argv, id));
}

static struct pool_result wait_for(struct pool *p, uint64_t *ret_id)
{
	deadline_t deadline = deadline_after(DEADLINE_S * CLOCK_S);
	struct pool_result result;
	bool have = false;

	while (!have && !deadline_passed(deadline))
		ck_no_error(pool_wait(p, 100, &have, ret_id, &result));
	ck_assert_msg(have, "nothing ended");
	return result;
}

static struct pool *new_pool(unsigned workers, uint64_t timeout_ms, uint64_t memory)
{
	struct pool_limits limits = {.timeout_ms = timeout_ms, .memory = memory};
	struct pool *p;

	ck_no_error(pool_create(workers, &limits, &p));
	return p;
}

static struct pool_result run(const char *script, uint64_t timeout_ms, uint64_t memory)
{
	struct pool *p = new_pool(1, timeout_ms, memory);
	uint64_t id = 0;

	start(p, script, 7);
	struct pool_result result = wait_for(p, &id);
	ck_assert_uint_eq(id, 7);
	ck_assert_uint_eq(pool_running(p), 0);
	pool_destroy(p);
	return result;
}

/* The process whose number the script wrote. */
static pid_t written_pid(void)
{
	deadline_t deadline = deadline_after(DEADLINE_S * CLOCK_S);
	int pid = 0;

	while (!pid && !deadline_passed(deadline)) {
		FILE *f = fopen(pid_path, "r");
		if (f && fscanf(f, "%d\n", &pid) != 1)
			pid = 0;
		if (f)
			fclose(f);
		poll(NULL, 0, 5);
	}
	ck_assert_int_gt(pid, 1);
	return pid;
}

static void check_gone(pid_t pid)
{
	deadline_t deadline = deadline_after(DEADLINE_S * CLOCK_S);

	while (kill(pid, 0) == 0 && !deadline_passed(deadline))
		poll(NULL, 0, 5);
	ck_assert_msg(kill(pid, 0) < 0 && errno == ESRCH, "process %d is still there", (int)pid);
}

static const struct {
	const char *script;
	enum pool_end end;
	int status;
	const char *words;
} endings[] = {
	{"exit 0", POOL_EXITED, 0, ""},
	{"printf 'one\\n\\ntwo\\033\\n' >&2; exit 3", POOL_EXITED, 3, "one; two."},
	{"echo out; cat; exit 1", POOL_EXITED, 1, ""},
	{"kill -SEGV $$", POOL_SIGNALED, SIGSEGV, ""},
	{"exec 2>&-; exit 4", POOL_EXITED, 4, ""},
};

START_TEST(endings_are_told)
{
	struct pool_result result = run(endings[_i].script, 0, 0);

	ck_assert_int_eq(result.end, endings[_i].end);
	ck_assert_int_eq(result.status, endings[_i].status);
	ck_assert_str_eq(result.words, endings[_i].words);
	ck_assert_uint_lt(result.nanoseconds, DEADLINE_S * CLOCK_S);
}
END_TEST

START_TEST(last_words_are_bounded)
{
	struct pool_result result = run("seq 100000 >&2; echo the end >&2", 0, 0);

	ck_assert_uint_lt(strlen(result.words), POOL_WORDS_LEN);
	ck_contains(result.words, "; 100000; the end");
	result = run("yes '' | head -c 100000 >&2; for i in 1 2 3 4 5 6 7 8 9; do echo >&2; echo x >&2; done", 0, 0);
	ck_contains(result.words, "x; x; x; x");
}
END_TEST

START_TEST(what_cannot_be_executed)
{
	const char *const argv[] = {"/nosuchprogram", NULL};
	struct pool *p = new_pool(1, 0, 0);
	uint64_t id;

	ck_no_error(pool_start(p, argv, 1));
	struct pool_result result = wait_for(p, &id);
	ck_assert_int_eq(result.end, POOL_EXITED);
	ck_assert_int_eq(result.status, 127);
	ck_assert_str_eq(result.words, "cannot execute /nosuchprogram: No such file or directory");
	pool_destroy(p);
}
END_TEST

START_TEST(a_hang_ends_at_the_time_limit)
{
	struct pool_result result = run("trap 'echo asked >&2; exit 9' TERM; sleep 1000 & wait", 300, 0);

	ck_assert_int_eq(result.end, POOL_TIMEOUT);
	ck_assert_str_eq(result.words, "asked");
	ck_assert_uint_ge(result.nanoseconds, 300 * CLOCK_MS);
	/* One that does not listen is killed. */
	result = run("trap '' TERM; echo $$ >$PID_FILE; while :; do sleep 1; done", 300, 0);
	ck_assert_int_eq(result.end, POOL_TIMEOUT);
	ck_assert_uint_ge(result.nanoseconds, 2300 * CLOCK_MS);
	check_gone(written_pid());
}
END_TEST

START_TEST(a_memory_hog_ends_at_the_limit)
{
	/* tail keeps what has no line break; it is not the command, but below it. */
	struct pool_result result = run("head -c 1G /dev/zero | tail; echo alive >&2", 0, 100 << 20);

	ck_assert_int_eq(result.end, POOL_MEMORY);
	ck_assert_uint_gt(result.memory, 100 << 20);
	ck_assert_str_eq(result.words, "");
	result = run("head -c 20M /dev/zero | tail", 0, 400 << 20);
	ck_assert_int_eq(result.end, POOL_EXITED);
}
END_TEST

START_TEST(nothing_stays_behind)
{
	struct pool_result result = run("setsid sh -c 'echo $$ >$PID_FILE; exec sleep 1000' & "
					"while [ ! -s $PID_FILE ]; do sleep 0.01; done; exit 5",
					0, 0);

	ck_assert_int_eq(result.end, POOL_EXITED);
	ck_assert_int_eq(result.status, 5);
	ck_assert_int_ne(kill(written_pid(), 0), 0);
}
END_TEST

static const char *const long_scripts[] = {
	"echo $$ >$PID_FILE; exec sleep 1000",
	"setsid sh -c 'echo $$ >$PID_FILE; exec sleep 1000' & wait",
	"trap '' TERM INT HUP; echo $$ >$PID_FILE; while :; do sleep 1; done",
};
enum { NUM_LONG_SCRIPTS = sizeof long_scripts / sizeof *long_scripts };

START_TEST(destroying_ends_all)
{
	struct pool *p = new_pool(3, 0, 0);

	start(p, long_scripts[_i], 1);
	start(p, "sleep 1000", 2);
	pid_t pid = written_pid();
	pool_destroy(p);
	ck_assert_int_ne(kill(pid, 0), 0);
}
END_TEST

/* Killed at once, when its wardens may not have come to anything yet. */
START_TEST(destroying_at_once_ends_all)
{
	uint64_t before = clock_now();
	struct pool *p = new_pool(8, 0, 0);

	for (int i = 0; i < 8; i++)
		start(p, "sleep 1000", (uint64_t)i);
	pool_destroy(p);
	ck_assert_uint_lt(clock_now() - before, 6 * CLOCK_S);
}
END_TEST

START_TEST(the_owners_death_ends_all)
{
	pid_t owner = fork();

	if (!owner) {
		start(new_pool(1, 0, 0), long_scripts[_i], 1);
		pause();
		_exit(0);
	}
	pid_t pid = written_pid();
	kill(owner, SIGKILL);
	ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
	check_gone(pid);
}
END_TEST

START_TEST(a_killed_warden_is_told)
{
	struct pool *p = new_pool(1, 0, 0);
	uint64_t id;

	start(p, "echo $PPID >$PID_FILE; exec sleep 1000", 1);
	kill(written_pid(), SIGKILL);
	struct pool_result result = wait_for(p, &id);
	ck_assert_int_eq(result.end, POOL_SIGNALED);
	ck_assert_int_eq(result.status, SIGKILL);
	ck_assert_str_eq(result.words, "its warden was killed");
	pool_destroy(p);
}
END_TEST

START_TEST(commands_run_side_by_side)
{
	enum { WORKERS = 4 };
	struct pool *p = new_pool(WORKERS, 0, 0);
	unsigned seen = 0;
	uint64_t id;

	/* The first three wait for the last one to run. */
	for (uint64_t i = 0; i < WORKERS; i++) {
		ck_assert(pool_has_room(p));
		start(p, i + 1 < WORKERS ? "while [ ! -s $PID_FILE ]; do sleep 0.01; done" : "echo $$ >$PID_FILE", i);
	}
	ck_assert(!pool_has_room(p));
	for (int i = 0; i < WORKERS; i++) {
		struct pool_result result = wait_for(p, &id);
		ck_assert_int_eq(result.end, POOL_EXITED);
		seen |= 1u << id;
	}
	ck_assert_uint_eq(seen, 15);
	pool_destroy(p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tcase = tcase_create("pool");

	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_add_loop_test(tcase, endings_are_told, 0, sizeof endings / sizeof *endings);
	tcase_add_test(tcase, last_words_are_bounded);
	tcase_add_test(tcase, what_cannot_be_executed);
	tcase_add_test(tcase, a_hang_ends_at_the_time_limit);
	tcase_add_test(tcase, a_memory_hog_ends_at_the_limit);
	tcase_add_test(tcase, nothing_stays_behind);
	tcase_add_loop_test(tcase, destroying_ends_all, 0, NUM_LONG_SCRIPTS);
	tcase_add_test(tcase, destroying_at_once_ends_all);
	tcase_add_loop_test(tcase, the_owners_death_ends_all, 0, NUM_LONG_SCRIPTS);
	tcase_add_test(tcase, a_killed_warden_is_told);
	tcase_add_test(tcase, commands_run_side_by_side);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
