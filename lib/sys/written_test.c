/*
 * sys_written() against the kernel. Real programs run under ptrace. At each call all writable memory of the process is
 * kept, and what only the kernel should fill is filled with a pattern; when the call returns, each byte that changed
 * must be in a range, and a range in which the pattern survived is too long.
 */
#include "lib/sys/sys.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/map.h"
#include "lib/testing/assert.h"

enum { MAX_PATTERN = 1 << 16, MAX_ARGS = 16 };

/* So many surviving bytes in a row are no coincidence. */
enum { MIN_RUN = 4 };

struct area {
	uint64_t start, len;
	uint8_t *before, *now;
};

/* A byte range that was filled with the pattern, and what was there. */
struct filled {
	const struct area *area;
	uint64_t start, len;
	uint8_t *original;
};

struct tracee {
	const struct isa *isa;
	pid_t pid;
	int memory; /* /proc/PID/mem */
	struct sys_memory reader;
	VEC(struct area) areas;
	VEC(struct filled) filled;
	sys_ranges may, written, holes;
	struct sys_call call;
	bool in_call, checked; /* between entry and exit; the call's memory is compared */
	unsigned calls, bytes; /* compared, and bytes written in them */
	struct strbuf rejected;
	bool seen[SYS_NUM_SEMS];         /* succeeded */
	bool seen_writing[SYS_NUM_SEMS]; /* and wrote memory */
	uint64_t padding[SYS_NUM_SEMS];  /* bytes in holes */
	struct strbuf problems;
};

static uint8_t pattern(uint64_t address)
{
	return (uint8_t)(hash_u64(address) | 0x81); /* neither 0 nor text */
}

static struct error *read_tracee(void *ctx, uint64_t address, void *ret, size_t len)
{
	struct tracee *t = ctx;

	return pread(t->memory, ret, len, (off_t)address) == (ssize_t)len ? NULL : error_fault(address);
}

/* ---- Memory ---- */

static void forget_areas(struct tracee *t)
{
	for (size_t i = 0; i < t->areas.len; i++) {
		free(t->areas.at[i].before);
		free(t->areas.at[i].now);
	}
	t->areas.len = 0;
}

/* A line of /proc/PID/maps: "START-END rw-p ...". */
static void add_area(struct tracee *t, const char *line)
{
	char *rest;
	struct area area = {.start = strtoull(line, &rest, 16)};

	area.len = strtoull(rest + 1, &rest, 16) - area.start;
	if (strncmp(rest, " rw", 3) != 0)
		return;
	area.before = malloc(area.len);
	area.now = malloc(area.len);
	ck_assert(area.before && area.now && vec_push(&t->areas, area));
}

static void find_areas(struct tracee *t)
{
	char path[64], line[512];

	forget_areas(t);
	snprintf(path, sizeof path, "/proc/%d/maps", t->pid);
	FILE *f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		add_area(t, line);
	fclose(f);
}

static void read_areas(struct tracee *t, bool before)
{
	for (size_t i = 0; i < t->areas.len; i++) {
		struct area *area = &t->areas.at[i];
		uint8_t *to = before ? area->before : area->now;

		ck_assert_int_eq(pread(t->memory, to, area->len, (off_t)area->start), (ssize_t)area->len);
	}
}

static struct area *area_of(struct tracee *t, uint64_t address)
{
	for (size_t i = 0; i < t->areas.len; i++) {
		if (address - t->areas.at[i].start < t->areas.at[i].len)
			return &t->areas.at[i];
	}
	return NULL;
}

static bool covers(const sys_ranges *ranges, uint64_t address)
{
	for (size_t i = 0; i < ranges->len; i++) {
		if (address - ranges->at[i].address < ranges->at[i].len)
			return true;
	}
	return false;
}

/* In a range, and not in a hole of it. */
static bool is_written(const struct tracee *t, uint64_t address)
{
	return covers(&t->written, address) && !covers(&t->holes, address);
}

/* ---- The pattern ---- */

static bool overlaps(const struct sys_range *a, const sys_ranges *ranges)
{
	for (size_t i = 0; i < ranges->len; i++) {
		const struct sys_range *b = &ranges->at[i];

		if (a->address < b->address + b->len && b->address < a->address + a->len)
			return true;
	}
	return false;
}

static void fill_range(struct tracee *t, const struct sys_range *range)
{
	const struct area *area = area_of(t, range->address);

	if (!area)
		return;
	uint64_t len = range->len, room = area->start + area->len - range->address;
	if (len > room)
		len = room;
	if (len > MAX_PATTERN)
		len = MAX_PATTERN;
	uint8_t *at = area->before + (range->address - area->start), *original = malloc(len);
	ck_assert_ptr_nonnull(original);
	memcpy(original, at, len);
	for (uint64_t i = 0; i < len; i++)
		at[i] = pattern(range->address + i);
	ck_assert_int_eq(pwrite(t->memory, at, len, (off_t)range->address), (ssize_t)len);
	vec_reserve(&t->filled, t->filled.len + 1);
	ck_assert_uint_lt(t->filled.len, t->filled.cap);
	t->filled.at[t->filled.len++] = (struct filled){area, range->address, len, original};
}

/* Some bytes behind a range too, so that what the kernel writes there shows. */
static void fill_behind(struct tracee *t, const struct sys_range *range, sys_ranges *taken)
{
	struct sys_range behind = {.address = range->address + range->len, .len = 64};

	while (behind.len && (overlaps(&behind, taken) || overlaps(&behind, &t->may)))
		behind.len /= 2;
	if (!behind.len)
		return;
	fill_range(t, &behind);
	ck_assert(vec_push(taken, behind));
}

/* What the kernel does not read may hold anything before the call. */
static void fill(struct tracee *t)
{
	sys_ranges taken = {0};

	ck_no_error(sys_read(&t->call, &t->reader, &taken));
	for (size_t i = 0; i < t->may.len; i++) {
		const struct sys_range *range = &t->may.at[i];

		if (!overlaps(range, &taken)) {
			fill_range(t, range);
			ck_assert(vec_push(&taken, *range));
		}
		fill_behind(t, range, &taken);
	}
	vec_deinit(&taken);
}

/* How far the pattern survived from byte i of filled on. */
static uint64_t survived(const struct filled *filled, uint64_t i)
{
	const uint8_t *now = filled->area->now + (filled->start - filled->area->start);
	uint64_t j = i;

	while (j < filled->len && now[j] == pattern(filled->start + j))
		j++;
	return j - i;
}

/* Puts back what was beneath a pattern that the kernel did not touch. A written byte may look like the pattern. */
static void unfill_one(struct tracee *t, struct filled *filled)
{
	const uint8_t *now = filled->area->now + (filled->start - filled->area->start);

	for (uint64_t i = 0, run; i < filled->len; i += run ? run : 1) {
		run = survived(filled, i);
		if (!run || (run < MIN_RUN && is_written(t, filled->start + i)))
			memcpy(filled->original + i, now + i, run ? run : 1);
	}
	ck_assert_int_eq(pwrite(t->memory, filled->original, filled->len, (off_t)filled->start), (ssize_t)filled->len);
	free(filled->original);
}

static void unfill(struct tracee *t)
{
	for (size_t i = 0; i < t->filled.len; i++)
		unfill_one(t, &t->filled.at[i]);
	t->filled.len = 0;
}

/* ---- Judgement ---- */

static void problem(struct tracee *t, const char *what, uint64_t address, uint64_t len)
{
	sys_format(&t->problems, &t->call, &t->reader);
	sys_format_result(&t->problems, t->call.result);
	strbuf_printf(&t->problems, ": %s: %" PRIu64 " bytes at 0x%" PRIx64, what, len, address);
	for (unsigned i = 0; i < 6; i++) {
		if (address - t->call.arg[i] < 65536)
			strbuf_printf(&t->problems, " (argument %u + %" PRIu64 ")", i, address - t->call.arg[i]);
	}
	strbuf_append_char(&t->problems, '\n');
}

/* Nothing is missed: a changed byte is in a range. */
static void check_changes(struct tracee *t)
{
	for (size_t i = 0; i < t->areas.len; i++) {
		const struct area *area = &t->areas.at[i];

		if (!memcmp(area->before, area->now, area->len))
			continue;
		for (uint64_t j = 0; j < area->len; j++) {
			if (area->before[j] != area->now[j] && !is_written(t, area->start + j))
				problem(t, "written, but in no range or in a hole", area->start + j, 1);
		}
	}
}

/* Where the kernel's interface does not tell: EFAULT lists everything. */
static bool may_leave_gaps(const struct tracee *t)
{
	return t->call.result == -EFAULT;
}

/* Nothing is too long: the pattern does not survive in a range, but for a few bytes in a row that happen to be it. */
static void check_excess(struct tracee *t, const struct filled *filled)
{
	for (uint64_t i = 0, run; i < filled->len; i += run ? run : 1) {
		uint64_t address = filled->start + i;

		run = survived(filled, i);
		/* The part of the run that is in one range or in none. */
		for (uint64_t j = 1; j < run; j++) {
			if (is_written(t, address + j) != is_written(t, address))
				run = j;
		}
		if (is_written(t, address) && (run >= MIN_RUN || (run >= 2 && run == filled->len)))
			problem(t, "in a range, but not written", address, run);
	}
}

/* Each range was foreseen, and is found again from the arguments. */
static void check_range(struct tracee *t, const struct sys_range *range)
{
	bool foreseen = false;
	uint64_t address;

	for (size_t i = 0; i < t->may.len; i++) {
		const struct sys_range *may = &t->may.at[i];

		if (range->address >= may->address && range->address + range->len <= may->address + may->len)
			foreseen = true;
	}
	if (!foreseen)
		problem(t, "written, but not foreseen", range->address, range->len);
	ck_no_error(sys_range_locate(range, t->call.arg, &t->reader, &address));
	if (address != range->address)
		problem(t, "located elsewhere", address, range->len);
}

static void find_holes(struct tracee *t, const struct sys_range *range)
{
	uint8_t *data = malloc(range->len);
	sys_holes holes = {0};

	ck_assert_ptr_nonnull(data);
	ck_no_error(read_tracee(t, range->address, data, range->len));
	ck_no_error(sys_find_holes(range, data, &holes));
	for (size_t i = 0; i < holes.len; i++) {
		struct sys_range hole = {.address = range->address + holes.at[i].offset, .len = holes.at[i].len};
		ck_assert(vec_push(&t->holes, hole));
		t->padding[sys_meaning(t->call.row)] += hole.len;
	}
	vec_deinit(&holes);
	free(data);
}

static void judge(struct tracee *t)
{
	read_areas(t, false);
	ck_no_error(sys_written(&t->call, &t->reader, &t->written));
	sys_clip(&t->written, &t->may);
	t->holes.len = 0;
	for (size_t i = 0; i < t->written.len; i++)
		if (t->written.at[i].layout != SYS_PLAIN)
			find_holes(t, &t->written.at[i]);
	check_changes(t);
	for (size_t i = 0; i < t->filled.len && !may_leave_gaps(t); i++)
		check_excess(t, &t->filled.at[i]);
	for (size_t i = 0; i < t->written.len; i++) {
		check_range(t, &t->written.at[i]);
		t->bytes += t->written.at[i].len;
	}
	unfill(t);

	enum sys_sem sem = sys_meaning(t->call.row);
	if (t->call.result >= 0) {
		t->seen[sem] = true;
		t->seen_writing[sem] |= t->written.len != 0;
	}
	t->calls++;
}

/* ---- Tracing ---- */

/* What changes the map is not compared; what is rejected is let through, for the sake of what follows it. */
static bool is_compared(struct tracee *t)
{
	const struct sys_desc *desc = sys_describe(sys_meaning(t->call.row));
	enum sys_policy policy;
	struct error *err = sys_decide(&t->call, &policy);

	ck_assert_msg(desc->sem != SYS_UNCLASSIFIED, "system call %" PRIu64 " is unclassified", t->call.number);
	if (!err)
		return !(desc->flags & (SYS_F_MAP | SYS_F_NORETURN));
	strbuf_printf(&t->rejected, "%s\n", err->message);
	error_destroy(err);
	return false;
}

static void on_entry(struct tracee *t, const struct __ptrace_syscall_info *info)
{
	t->call = (struct sys_call){.row = sys_lookup(t->isa, info->entry.nr), .number = info->entry.nr};
	for (unsigned i = 0; i < 6; i++)
		t->call.arg[i] = info->entry.args[i];
	t->in_call = true;
	t->checked = is_compared(t);
	if (!t->checked)
		return;
	t->may.len = t->written.len = 0;
	find_areas(t);
	ck_no_error(sys_may_write(&t->call, &t->reader, &t->may));
	read_areas(t, true);
	fill(t);
}

static void on_exit_stop(struct tracee *t, const struct __ptrace_syscall_info *info)
{
	if (!t->in_call)
		return;
	t->call.result = info->exit.rval;
	if (t->checked)
		judge(t);
	t->in_call = false;
}

static void on_syscall(struct tracee *t)
{
	struct __ptrace_syscall_info info;

	ck_assert_int_gt(ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof info, &info), 0);
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(t, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		on_exit_stop(t, &info);
}

static void start(struct tracee *t, const char *const argv[], bool quiet)
{
	char path[64];
	int status;

	t->pid = fork();
	ck_assert_int_ge(t->pid, 0);
	if (!t->pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		if (quiet) {
			dup2(null, 1);
			dup2(null, 2);
		}
		/* A registered rseq area would be written at every preemption, not by calls. */
		setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		char *copy[MAX_ARGS + 2] = {NULL};
		for (unsigned i = 0; argv[i]; i++)
			copy[i] = strdup(argv[i]);
		execv(argv[0], copy);
		_exit(126);
	}
	ck_assert_int_eq(waitpid(t->pid, &status, 0), t->pid);
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, t->pid, 0L, (long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)), 0);
	snprintf(path, sizeof path, "/proc/%d/mem", t->pid);
	t->memory = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(t->memory, 0);
}

/* Runs the program to its end and gives its exit status. libcheck's time limit is the deadline. */
static int trace(struct tracee *t, const char *const argv[], bool quiet)
{
	int status, signal = 0;

	start(t, argv, quiet);
	for (;;) {
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, t->pid, 0L, (long)signal), 0);
		ck_assert_int_eq(waitpid(t->pid, &status, 0), t->pid);
		if (!WIFSTOPPED(status))
			break;
		signal = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
		if (!signal)
			on_syscall(t);
	}
	close(t->memory);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void tracee_init(struct tracee *t)
{
	*t = (struct tracee){.isa = isa_by_elf_machine(EM_X86_64), .reader = {t, read_tracee}};
	ck_assert_ptr_nonnull(t->isa);
}

static void tracee_deinit(struct tracee *t)
{
	forget_areas(t);
	vec_deinit(&t->areas);
	vec_deinit(&t->filled);
	vec_deinit(&t->may);
	vec_deinit(&t->written);
	vec_deinit(&t->holes);
	strbuf_deinit(&t->problems);
	strbuf_deinit(&t->rejected);
}

static unsigned count(const bool *seen)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SYS_NUM_SEMS; i++)
		n += seen[i];
	return n;
}

static void guest_path(char *ret, size_t len)
{
	const char *build = getenv("BUILD");

	snprintf(ret, len, "%s/guests/syscalls", build ? build : "build/rel");
}

START_TEST(guest)
{
	char path[4096];
	struct tracee t;

	guest_path(path, sizeof path);
	tracee_init(&t);
	int status = trace(&t, (const char *const[]){path, "all", NULL}, false);
	printf("%s: %u calls of %u meanings succeeded, %u of them wrote memory, %u bytes\n", path, t.calls,
	       count(t.seen), count(t.seen_writing), t.bytes);
	ck_assert_msg(!t.problems.len, "%s", strbuf_text(&t.problems));
	ck_assert_int_eq(status, 0);
	ck_assert_uint_ge(count(t.seen), 150);
	ck_assert_uint_ge(count(t.seen_writing), 60);
	ck_assert_uint_gt(t.padding[SYS_GETDENTS], 0);
	ck_assert_uint_gt(t.padding[SYS_GETDENTS64], 0);
	ck_assert_uint_eq(t.padding[SYS_RECVMSG], 4);
	tracee_deinit(&t);
}
END_TEST

/* Programs in which nothing is rejected: static ones, then what a dynamic loader and a large interpreter do at their
 * start. */
static const char *const programs[][MAX_ARGS + 2] = {
	{"/bin/busybox", "ls", "-la", "/etc"},
	{"/bin/busybox", "cat", "/etc/passwd"},
	{"/bin/busybox", "id"},
	{"/bin/busybox", "date"},
	{"/bin/busybox", "uname", "-a"},
	{"/bin/busybox", "df"},
	{"/bin/busybox", "ps"},
	{"/bin/busybox", "find", "/etc", "-maxdepth", "1"},
	{"/bin/busybox", "stat", "/"},
	{"/bin/busybox", "sh", "-c", "cd /; pwd; read x </etc/passwd; echo \"$x\"; kill -0 $$; umask; ulimit -a"},
	{"/bin/busybox", "grep", "-r", "root", "/etc/passwd"},
	{"/bin/busybox", "sort", "/etc/passwd"},
	{"/bin/busybox", "md5sum", "/etc/passwd"},
	{"/bin/busybox", "sleep", "0.01"},
	{"/bin/busybox", "free"},
	{"/bin/busybox", "uptime"},
	{"/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=4096", "count=4"},
	{"/bin/busybox", "hostname"},
	{"/bin/busybox", "tail", "-n", "2", "/etc/passwd"},
	{"/bin/busybox", "readlink", "-f", "/proc/self/exe"},
	{"/bin/busybox", "stty"},
	{"/bin/ls", "-la", "/"},
	{"/bin/cp", "/etc/passwd", "/dev/null"},
	{"/bin/date"},
	{"/bin/df"},
	{"/bin/stat", "-f", "/"},
	{"/usr/bin/id"},
	{"/usr/bin/sort", "/etc/passwd"},
	{"/usr/bin/nproc"},
	{"/usr/bin/head", "-c", "100", "/dev/urandom"},
	{"/usr/bin/perl", "-e", "print time, -s '/etc/passwd'"},
	{"/usr/bin/python3", "-c", "print(1)"},
};

enum { NUM_PROGRAMS = sizeof programs / sizeof *programs };

START_TEST(program)
{
	const char *const *argv = programs[_i];
	struct tracee t;

	if (access(argv[0], X_OK)) {
		printf("%s: not here\n", argv[0]);
		return;
	}
	tracee_init(&t);
	ck_assert_int_ge(trace(&t, argv, true), 0);
	ck_assert_msg(!t.problems.len, "%s %s", argv[0], strbuf_text(&t.problems));
	ck_assert_msg(!t.rejected.len, "%s %s", argv[0], strbuf_text(&t.rejected));
	ck_assert_uint_gt(t.calls, 0);
	tracee_deinit(&t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sys written");
	TCase *truth = tcase_create("kernel");
	char path[4096];

	guest_path(path, sizeof path);
	if (access(path, X_OK)) {
		printf("%s: not built (make guests)\n", path);
		return TEST_SKIP;
	}
	tcase_add_test(truth, guest);
	tcase_add_loop_test(truth, program, 0, NUM_PROGRAMS);
	tcase_set_timeout(truth, 60);
	suite_add_tcase(suite, truth);
	return test_main(suite);
}
