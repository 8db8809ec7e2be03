#include "lib/target/qemu.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/elf/image.h"
#include "lib/sys/initial_stack.h"
#include "lib/testing/assert.h"
#include "lib/testing/emulator.h"

static const char busybox[] = "/bin/busybox";

enum { TIMEOUT_MS = 60000 };

static const struct isa *isa;

static struct target *start(const struct qemu_options *options)
{
	struct qemu_options o = *options;
	struct target *t = NULL;

	o.timeout_ms = TIMEOUT_MS;
	if (!o.program)
		o.program = busybox;
	ck_no_error(target_qemu_create(isa, &o, &t));
	return t;
}

static uint64_t read_word(struct target *t, uint64_t address)
{
	uint64_t word;
	size_t got;

	ck_no_error(target_read_memory(t, address, &word, sizeof word, &got));
	ck_assert_uint_eq(got, sizeof word);
	return word;
}

static void check_text(struct target *t, uint64_t address, const char *expected)
{
	char text[64] = {0};
	size_t got;

	ck_no_error(target_read_memory(t, address, text, strlen(expected) + 1, &got));
	ck_assert_str_eq(text, expected);
}

static uint64_t read_reg(struct target *t, uint32_t reg)
{
	struct state s;

	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	uint64_t value = state_get(&s, reg);
	state_deinit(&s);
	return value;
}

START_TEST(stops_at_the_entry)
{
	struct target *t = start(&(struct qemu_options){0});
	struct elf_image *image;

	ck_no_error(elf_image_open(busybox, &image));
	ck_contains(t->identity, "qemu-x86_64 version");
	ck_assert_uint_eq(read_reg(t, isa->pc), elf_image_entry(image));
	elf_image_close(image);
	target_destroy(t);
}
END_TEST

START_TEST(hands_over_arguments_and_environment)
{
	const char *const argv[] = {"-own name", "true", "", NULL};
	const char *const envp[] = {"B=2,3", "A=", "LD_LIBRARY_PATH=/nowhere", "C=x y", NULL};
	struct target *t = start(&(struct qemu_options){.argv = argv, .envp = envp});
	uint64_t sp = read_reg(t, isa->sp);
	bool seen[4] = {false};

	ck_assert_uint_eq(read_word(t, sp), 3);
	for (unsigned i = 0; i < 3; i++)
		check_text(t, read_word(t, sp + 8 + 8 * i), argv[i]);
	ck_assert_uint_eq(read_word(t, sp + 8 + 8 * 3), 0);
	for (unsigned i = 0; i < 4; i++) {
		char text[64] = {0};
		size_t got;

		ck_no_error(target_read_memory(t, read_word(t, sp + 40 + 8 * i), text, sizeof text - 1, &got));
		for (unsigned k = 0; k < 4; k++)
			seen[k] |= !strcmp(text, envp[k]);
	}
	for (unsigned k = 0; k < 4; k++)
		ck_assert_msg(seen[k], "no %s", envp[k]);
	ck_assert_uint_eq(read_word(t, sp + 40 + 8 * 4), 0);
	target_destroy(t);
}
END_TEST

/* What no emulator could be told by its own environment or options. */
static const char *const odd_envp[] = {
	"TWICE=1",
	"LD_PRELOAD=/no/such.so",
	"TWICE=2",
	"COMMA=a,b=c,,",
	"NO_SIGN",
	"",
	"=",
	"QEMU_STRACE=1",
	"BASH_FUNC_x%%=() { touch /tmp/never; }",
	"V0=",
	"LINES=a\nb\x01",
	"PATH=",
	NULL,
};

enum { NUM_ODD = sizeof odd_envp / sizeof *odd_envp - 1 };

static void read_stack_of(struct target *t, struct initial_stack *ret)
{
	uint8_t bytes[1 << 14];
	size_t got;
	uint64_t sp = read_reg(t, isa->sp);

	ck_no_error(target_read_memory(t, sp, bytes, sizeof bytes, &got));
	ck_no_error(initial_stack_parse(bytes, got, sp, ret));
}

/* These variables in this order, one string behind the other, and an auxiliary vector behind them. */
static void check_environment(struct target *t, const char *const *envp, size_t num)
{
	struct initial_stack s;

	read_stack_of(t, &s);
	ck_assert_uint_eq(s.env.len, num);
	for (size_t i = 0; i < num; i++) {
		check_text(t, s.env.at[i], envp[i]);
		ck_assert(!i || s.env.at[i] == s.env.at[i - 1] + strlen(envp[i - 1]) + 1);
	}
	ck_assert_ptr_nonnull(initial_stack_auxv(&s, AT_RANDOM));
	ck_assert_ptr_nonnull(initial_stack_auxv(&s, AT_ENTRY));
	ck_assert_uint_eq(initial_stack_auxv(&s, AT_PAGESZ)->value, 4096);
	initial_stack_deinit(&s);
}

START_TEST(the_environment_is_exact)
{
	struct target *t = start(&(struct qemu_options){.envp = odd_envp, .sandbox = _i});

	check_environment(t, odd_envp, NUM_ODD);
	target_destroy(t);
	t = start(&(struct qemu_options){.sandbox = _i});
	check_environment(t, NULL, 0);
	target_destroy(t);
}
END_TEST

START_TEST(a_large_environment_is_exact)
{
	enum { NUM = 600, LEN = 1500 };
	static char text[NUM][LEN];
	const char *envp[NUM + 1] = {NULL};

	for (unsigned i = 0; i < NUM; i++) {
		memset(text[i], 'a' + (int)(i % 26), LEN - 1 - i);
		text[i][1] = '=';
		envp[i] = text[i];
	}
	struct target *t = start(&(struct qemu_options){.envp = envp});
	uint64_t env = read_reg(t, isa->sp) + 24;
	char seen[LEN];
	for (unsigned i = 0; i < NUM; i++) {
		size_t got, len = strlen(envp[i]) + 1;

		ck_no_error(target_read_memory(t, read_word(t, env + 8 * i), seen, len, &got));
		ck_assert_uint_eq(got, len);
		ck_assert_str_eq(seen, envp[i]);
	}
	ck_assert_uint_eq(read_word(t, env + 8 * NUM), 0);
	target_destroy(t);
}
END_TEST

/* A program of this text; the caller unlinks it. */
static void write_script(char path[], const char *text)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	close(fd);
}

/* It adds variables of its own, as shells do, and hands its arguments on. */
START_TEST(the_environment_is_exact_behind_a_script)
{
	char path[] = "/tmp/validate-test-XXXXXX";
	char script[512], *qemu;

	ck_no_error(qemu_find_emulator(isa, NULL, &qemu));
	snprintf(script, sizeof script, "#!/bin/sh\nexport A=1 TWICE=3 ZZ=4\n(true)\nexec %s \"$@\"\n", qemu);
	write_script(path, script);
	struct target *t = start(&(struct qemu_options){.emulator = path, .envp = odd_envp, .sandbox = _i});
	check_environment(t, odd_envp, NUM_ODD);
	target_destroy(t);
	unlink(path);
	free(qemu);
}
END_TEST

/* Of an emulator that is a script, the guest's variables run nothing. */
START_TEST(the_environment_does_not_reach_the_emulator)
{
	char path[] = "/tmp/validate-test-XXXXXX", mark[] = "/tmp/validate-test-XXXXXX";
	char script[512], commands[512], bash_env[128], function[128], text[4096], *qemu;
	int fd = mkstemp(mark);

	ck_assert_int_ge(fd, 0);
	ck_no_error(qemu_find_emulator(isa, NULL, &qemu));
	/* The commands that the variables name; and a function in place of a command. */
	char sourced[] = "/tmp/validate-test-XXXXXX";
	snprintf(commands, sizeof commands, "echo BASH_ENV >>%s\n", mark);
	write_script(sourced, commands);
	snprintf(bash_env, sizeof bash_env, "BASH_ENV=%s", sourced);
	snprintf(function, sizeof function, "BASH_FUNC_basename%%%%=() { echo BASH_FUNC >>%s; }", mark);
	const char *const envp[] = {bash_env, function, "SECRET_OF_THE_LOG=1", "LD_PRELOAD=/x", NULL};

	snprintf(script, sizeof script, "#!/bin/bash\nenv >>%s\necho \"$@\" >>%s\nbasename x\nexec %s \"$@\"\n", mark,
		 mark, qemu);
	write_script(path, script);
	struct target *t = start(&(struct qemu_options){.emulator = path, .envp = envp});
	check_environment(t, envp, 4);
	target_destroy(t);
	ssize_t got = pread(fd, text, sizeof text - 1, 0);
	ck_assert_int_gt(got, 0);
	text[got] = '\0';
	ck_contains(text, "PATH=");
	ck_contains(text, "-E V0=");
	ck_assert_ptr_null(strstr(text, "BASH_"));
	ck_assert_ptr_null(strstr(text, "SECRET_OF_THE_LOG"));
	ck_assert_ptr_null(strstr(text, "LD_PRELOAD"));
	close(fd);
	unlink(mark);
	unlink(sourced);
	unlink(path);
	free(qemu);
}
END_TEST

START_TEST(names_a_missing_emulator)
{
	struct qemu_options o = {.program = busybox, .emulator = "/no/such/qemu", .timeout_ms = TIMEOUT_MS};
	struct target *t;

	ck_error(target_qemu_create(isa, &o, &t), ERROR_TARGET, "no emulator /no/such/qemu");
	ck_error(target_qemu_create(isa, &o, &t), ERROR_TARGET, "qemu-user");
	o.emulator = "no-such-qemu";
	ck_error(target_qemu_create(isa, &o, &t), ERROR_TARGET, "VALIDATE_QEMU_X86_64");
}
END_TEST

START_TEST(takes_the_emulator_of_the_environment)
{
	struct qemu_options o = {.program = busybox, .timeout_ms = TIMEOUT_MS};
	struct target *t;

	setenv("VALIDATE_QEMU_X86_64", "/no/such/qemu-by-variable", 1);
	ck_error(target_qemu_create(isa, &o, &t), ERROR_TARGET, "/no/such/qemu-by-variable");
	unsetenv("VALIDATE_QEMU_X86_64");
}
END_TEST

START_TEST(tells_why_the_emulator_ended)
{
	const char *const bad[] = {"-no-such-option", NULL};
	struct qemu_options o = {.program = busybox, .extra_args = bad, .timeout_ms = TIMEOUT_MS};
	struct target *t;

	ck_error(target_qemu_create(isa, &o, &t), ERROR_TARGET, "no-such-option");
	o = (struct qemu_options){.program = "/no/such/program", .timeout_ms = TIMEOUT_MS};
	ck_error(target_qemu_create(isa, &o, &t), ERROR_OS, "/no/such/program");
}
END_TEST

START_TEST(an_emulator_that_never_listens_is_given_up)
{
	/* A program that prints a line, and later neither ends nor opens the socket. */
	char path[] = "/tmp/validate-test-XXXXXX";
	int fd = mkstemp(path);
	static const char script[] = "#!/bin/sh\necho fake\nexec sleep 60\n";
	struct qemu_options o = {.program = busybox, .emulator = path, .timeout_ms = 200};
	struct target *t;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, script, sizeof script - 1), sizeof script - 1);
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	close(fd);
	uint64_t before = clock_now();
	ck_error(target_qemu_create(isa, &o, &t), ERROR_TIMEOUT, "does not open its GDB socket");
	ck_assert_uint_lt(clock_now() - before, 10 * CLOCK_S);
	unlink(path);
}
END_TEST

/* Neither it nor what it started: all of them hold the pipe's end open. */
START_TEST(an_emulator_that_says_nothing_is_ended_whole)
{
	char path[] = "/tmp/validate-test-XXXXXX", lock[] = "/tmp/validate-test-XXXXXX", script[256], byte;
	int fd = mkstemp(path), fifo = mkstemp(lock);
	struct qemu_options o = {.program = busybox, .emulator = path, .timeout_ms = 500};
	struct target *t;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(fifo, 0);
	close(fifo);
	unlink(lock);
	ck_assert_int_eq(mkfifo(lock, 0600), 0);
	snprintf(script, sizeof script, "#!/bin/sh\nexec 5>%s\nsleep 1000\necho end\n", lock);
	ck_assert_int_eq(write(fd, script, strlen(script)), (ssize_t)strlen(script));
	ck_assert_int_eq(fchmod(fd, 0700), 0);
	close(fd);
	fifo = open(lock, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fifo, 0);
	ck_error(target_qemu_create(isa, &o, &t), ERROR_TIMEOUT, "says nothing");
	struct pollfd end = {.fd = fifo, .events = POLLIN};
	ck_assert_int_eq(poll(&end, 1, TIMEOUT_MS), 1);
	ck_assert_int_eq(read(fifo, &byte, 1), 0);
	close(fifo);
	unlink(lock);
	unlink(path);
}
END_TEST

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

START_TEST(leaves_nothing_behind)
{
	char path[] = "/tmp/validate-test-XXXXXX";
	const char *const bad[] = {"-no-such-option", NULL};
	struct qemu_options o = {.program = busybox, .extra_args = bad, .timeout_ms = TIMEOUT_MS};
	unsigned fds = count_entries("/proc/self/fd");
	struct target *t;

	ck_assert_ptr_nonnull(mkdtemp(path));
	setenv("TMPDIR", path, 1);
	t = start(&(struct qemu_options){0});
	ck_assert_uint_eq(count_entries(path), 0);
	target_destroy(t);
	ck_error(target_qemu_create(isa, &o, &t), ERROR_TARGET, "");
	ck_assert_uint_eq(count_entries(path), 0);
	ck_assert_uint_eq(count_entries("/proc/self/fd"), fds);
	unsetenv("TMPDIR");
	rmdir(path);
}
END_TEST

START_TEST(an_emulator_killed_on_the_way_is_told)
{
	struct target *t = start(&(struct qemu_options){0});
	struct stop stop;
	char command[64];

	/* Its pid is the thread id that the stub gives. */
	ck_no_error(target_step(t, 0, &stop));
	snprintf(command, sizeof command, "kill -KILL %llu", (unsigned long long)stop.tid);
	ck_assert_int_eq(system(command), 0);
	struct error *err = NULL;
	for (int i = 0; i < 100 && !err; i++)
		err = target_step(t, 0, &stop);
	ck_error(err, ERROR_TARGET, "was killed by signal 9");
	target_destroy(t);
}
END_TEST

START_TEST(the_cpu_is_chosen)
{
	struct target *t;
	struct qemu_options o = {.program = busybox, .cpu = "no-such-cpu", .timeout_ms = TIMEOUT_MS};

	ck_error(target_qemu_create(isa, &o, &t), ERROR_UNSUPPORTED, "no-such-cpu");
	t = start(&(struct qemu_options){.cpu = "max"});
	target_destroy(t);
}
END_TEST

/* Of the process, where QEMU's variables are, as an address of the guest, which is moved by this. */
static uint64_t find_own(struct target *t, uint64_t base)
{
	char name[64], *line = NULL;
	size_t size = 0;
	unsigned long long start = 0;

	snprintf(name, sizeof name, "/proc/%d/maps", (int)target_qemu_pid(t));
	FILE *f = fopen(name, "re");
	ck_assert_ptr_nonnull(f);
	while (!start && getline(&line, &size, f) > 0)
		if (!strstr(line, " rw-p ") || !strstr(line, "qemu") || sscanf(line, "%llx", &start) != 1)
			start = 0;
	free(line);
	fclose(f);
	ck_assert_uint_ne(start, 0);
	return start - base;
}

/* What the program is given does not count, though it looks like an option of the emulator. */
START_TEST(the_memory_of_the_emulator_is_known)
{
	static const char *const of_program[] = {"busybox", "-B", "0", "-B", "0x200000000", NULL};
	static const char *const of_emulator[] = {"-B", "0x200000000", NULL};
	static const struct qemu_options starts[] = {{.argv = NULL},
						     {.argv = of_program},
						     {.argv = of_program, .extra_args = of_emulator}};
	struct target *t = start(&starts[_i]);
	uint64_t own = find_own(t, starts[_i].extra_args ? 0x200000000 : 0x100000000);
	bool has = false;

	ck_no_error(target_has_own(t, own, 8, &has));
	ck_assert(has);
	ck_no_error(target_has_own(t, read_reg(t, isa->sp), 8, &has));
	ck_assert(!has);
	target_destroy(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qemu");
	TCase *tests = tcase_create("qemu");

	isa = isa_by_name("x86_64");
	if (!test_has_emulator(isa, busybox))
		return TEST_SKIP;
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, stops_at_the_entry);
	tcase_add_test(tests, hands_over_arguments_and_environment);
	tcase_add_loop_test(tests, the_environment_is_exact, 0, 2);
	tcase_add_test(tests, a_large_environment_is_exact);
	tcase_add_loop_test(tests, the_environment_is_exact_behind_a_script, 0, 2);
	tcase_add_test(tests, the_environment_does_not_reach_the_emulator);
	tcase_add_test(tests, names_a_missing_emulator);
	tcase_add_test(tests, takes_the_emulator_of_the_environment);
	tcase_add_test(tests, tells_why_the_emulator_ended);
	tcase_add_test(tests, an_emulator_that_never_listens_is_given_up);
	tcase_add_test(tests, an_emulator_that_says_nothing_is_ended_whole);
	tcase_add_test(tests, leaves_nothing_behind);
	tcase_add_test(tests, an_emulator_killed_on_the_way_is_told);
	tcase_add_test(tests, the_cpu_is_chosen);
	tcase_add_loop_test(tests, the_memory_of_the_emulator_is_known, 0, 3);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
