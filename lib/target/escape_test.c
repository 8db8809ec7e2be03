/*
 * System calls that a guest must not get through, made by a guest in QEMU's user mode without any replay in between:
 * the sandbox alone is in their way. The QEMU is the one of VALIDATE_QEMU_X86_64, or qemu-x86_64.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/elf/image.h"
#include "lib/target/qemu.h"
#include "lib/testing/assert.h"
#include "lib/testing/emulator.h"
#include "lib/testing/regs.h"

static const char busybox[] = "/bin/busybox";

enum { TIMEOUT_MS = 60000, PAGE = 4096, CODE = 0, PATH = 256, OTHER = 512, ADDRESS = 768, NONE = 1024, ZEROS = 2048 };

static const struct isa *isa;
static uint64_t syscall_at; /* an instruction of the program */
static char folder[64], victim[80], planted[80];

/* ---- The guest ---- */

/* By QEMU's numbers, which are x86-64's: arguments below PAGE are places in our page. */
#define NUMBER(n) (PAGE + (uint64_t)(n)) /* so that it is no place */

struct escape {
	const char *host; /* the call that QEMU makes of it */
	uint64_t number, arg[6];
};

static uint64_t argument(uint64_t page, uint64_t arg)
{
	return arg < PAGE ? page + arg : arg - PAGE;
}

/* clang-format off */
static const struct escape escapes[] = {
	{"openat", 2, {PATH, NUMBER(O_WRONLY)}}, {"openat", 2, {OTHER, NUMBER(O_CREAT), NUMBER(0600)}}, {"openat", 2, {PATH, NUMBER(O_TRUNC)}},
	{"openat", 257, {NUMBER(AT_FDCWD), PATH, NUMBER(O_RDWR)}}, {"openat", 257, {NUMBER(AT_FDCWD), PATH, NUMBER(O_RDONLY)}},
	{"creat", 85, {OTHER, NUMBER(0600)}}, {"mkdir", 83, {OTHER, NUMBER(0700)}}, {"mkdirat", 258, {NUMBER(AT_FDCWD), OTHER, NUMBER(0700)}},
	{"rmdir", 84, {PATH}}, {"unlink", 87, {PATH}}, {"unlinkat", 263, {NUMBER(AT_FDCWD), PATH, NUMBER(0)}},
	{"rename", 82, {PATH, OTHER}}, {"link", 86, {PATH, OTHER}}, {"symlink", 88, {PATH, OTHER}}, {"mknodat", 133, {OTHER, NUMBER(S_IFIFO | 0600), NUMBER(0)}},
	{"chmod", 90, {PATH, NUMBER(04777)}}, {"chown", 92, {PATH, NUMBER(1), NUMBER(1)}}, {"truncate", 76, {PATH, NUMBER(0)}},
	{"statfs", 137, {PATH, ZEROS}}, {"chdir", 80, {PATH}}, {"chroot", 161, {PATH}},
	{"setxattr", 188, {PATH, OTHER, OTHER, NUMBER(1), NUMBER(0)}}, {"socket", 41, {NUMBER(AF_INET), NUMBER(SOCK_STREAM), NUMBER(0)}},
	{"socket", 41, {NUMBER(AF_UNIX), NUMBER(SOCK_STREAM), NUMBER(0)}}, {"socketpair", 53, {NUMBER(AF_UNIX), NUMBER(SOCK_STREAM), NUMBER(0), ZEROS}},
	{"connect", 42, {NUMBER(0), ADDRESS, NUMBER(110)}}, {"bind", 49, {NUMBER(0), ADDRESS, NUMBER(110)}}, {"listen", 50, {NUMBER(0), NUMBER(1)}},
	{"sendto", 44, {NUMBER(1), PATH, NUMBER(1), NUMBER(0), ADDRESS, NUMBER(110)}}, {"accept4", 288, {NUMBER(0), NUMBER(0), NUMBER(0), NUMBER(0)}},
	{"kill", 62, {NUMBER(1), NUMBER(0)}}, {"tkill", 200, {NUMBER(1), NUMBER(0)}}, {"tgkill", 234, {NUMBER(1), NUMBER(1), NUMBER(0)}},
	{"execve", 59, {PATH, NONE, NONE}}, {"clone", 57, {NUMBER(0)}}, {"clone", 58, {NUMBER(0)}}, {"clone", 56, {NUMBER(SIGCHLD), NUMBER(0)}},
	{"mount", 165, {OTHER, OTHER, OTHER, NUMBER(0), NUMBER(0)}}, {"umount2", 166, {OTHER, NUMBER(0)}},
	{"setuid", 105, {NUMBER(0)}}, {"setgid", 106, {NUMBER(0)}}, {"setgroups", 116, {NUMBER(0), NUMBER(0)}}, {"unshare", 272, {NUMBER(0x10000000)}},
	{"setns", 308, {NUMBER(0), NUMBER(0)}}, {"inotify_init", 253, {NUMBER(0)}}, {"shmget", 29, {NUMBER(77), NUMBER(0), NUMBER(0)}},
	{"msgget", 68, {NUMBER(77), NUMBER(0)}}, {"semget", 64, {NUMBER(77), NUMBER(1), NUMBER(0)}}, {"sethostname", 170, {OTHER, NUMBER(UINT_MAX)}},
	{"dup2", 33, {NUMBER(0), NUMBER(1)}}, {"pipe2", 293, {ZEROS, NUMBER(0)}}, {"setsid", 112, {NUMBER(0)}}, {"setpgid", 109, {NUMBER(0), NUMBER(0)}},
	{"umask", 95, {NUMBER(0)}}, {"splice", 275, {NUMBER(0), NUMBER(0), NUMBER(1), NUMBER(0), NUMBER(1), NUMBER(0)}},
	{"setpriority", 141, {NUMBER(0), NUMBER(0), NUMBER(1)}}, {"sync", 162, {NUMBER(0)}}, {"getdents64", 217, {NUMBER(0), ZEROS, NUMBER(64)}},
};
/* clang-format on */

enum { NUM_ESCAPES = sizeof escapes / sizeof *escapes };

enum way { BY_PROGRAM, BY_INT_80, BY_SYSCALL, NUM_WAYS };

static void set_registers(struct target *t, enum way way, uint64_t pc, uint64_t number, const uint64_t arg[6])
{
	static const char *const of_int_80[6] = {"rbx", "rcx", "rdx", "rsi", "rdi", "rbp"};
	uint32_t regs[8] = {isa->pc, isa->sys.number};
	struct state s;

	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	state_set(&s, isa->pc, pc);
	state_set(&s, isa->sys.number, number);
	for (int i = 0; i < 6; i++) {
		regs[2 + i] = way == BY_INT_80 ? test_reg(isa, of_int_80[i]) : isa->sys.arg[i];
		state_set(&s, regs[2 + i], arg[i]);
	}
	ck_no_error(target_write_regs(t, &s, regs, 8));
	state_deinit(&s);
}

/* By the program's own instruction, or by code that is written into the page at run time. */
static uint64_t place(uint64_t page, enum way way)
{
	const uint64_t places[NUM_WAYS] = {
		[BY_PROGRAM] = syscall_at,
		[BY_INT_80] = page + CODE,
		[BY_SYSCALL] = page + CODE + 4,
	};

	return places[way];
}

/* The instruction is two bytes long. */
static struct error *make_call(struct target *t, uint64_t page, enum way way, uint64_t number, const uint64_t arg[6],
			       uint64_t *ret)
{
	uint64_t pc = place(page, way);
	struct state s;
	struct stop stop;

	set_registers(t, way, pc, number, arg);
	struct error *err = target_run_to(t, pc + 2, &stop);
	if (err)
		return err;
	ck_no_error(state_init(&s, isa));
	ck_no_error(target_read_regs(t, &s));
	*ret = state_get(&s, isa->sys.result);
	state_deinit(&s);
	return NULL;
}

static void put_text(struct target *t, uint64_t at, const char *text)
{
	ck_no_error(target_write_memory(t, at, text, strlen(text) + 1));
}

/* A page of the guest that can be executed, with the two kinds of call. */
static uint64_t make_page(struct target *t)
{
	const uint64_t map[6] = {0,          PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
				 UINT64_MAX, 0};
	static const uint8_t code[] = {0xcd, 0x80, 0x90, 0x90, 0x0f, 0x05, 0x90, 0x90};
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/nowhere"};
	uint64_t page = 0;

	ck_no_error(make_call(t, 0, BY_PROGRAM, 9, map, &page));
	ck_assert_uint_lt(page, UINT64_MAX - PAGE);
	ck_no_error(target_write_memory(t, page + CODE, code, sizeof code));
	put_text(t, page + PATH, victim);
	put_text(t, page + OTHER, planted);
	ck_no_error(target_write_memory(t, page + ADDRESS, &address, sizeof address));
	return page;
}

static struct target *start(bool sandbox)
{
	struct qemu_options o = {.program = busybox, .sandbox = sandbox, .timeout_ms = TIMEOUT_MS};
	struct target *t = NULL;

	ck_no_error(target_qemu_create(isa, &o, &t));
	return t;
}

static void find_syscall(void)
{
	struct elf_image *image;
	size_t num, len;

	ck_no_error(elf_image_open(busybox, &image));
	const struct elf_segment *segments = elf_image_segments(image, &num);
	const uint8_t *bytes = elf_image_bytes(image, &len);
	for (size_t i = 0; i < num && !syscall_at; i++) {
		const struct elf_segment *s = &segments[i];
		const uint8_t *at = s->flags & 1 ? memmem(bytes + s->offset, s->file_size, "\x0f\x05", 2) : NULL;
		if (at)
			syscall_at = s->start + (uint64_t)(at - bytes - s->offset);
	}
	elf_image_close(image);
	ck_assert_uint_ne(syscall_at, 0);
}

static void set_up(void)
{
	struct stat st;

	strcpy(folder, "/tmp/validate-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(victim, sizeof victim, "%s/victim", folder);
	snprintf(planted, sizeof planted, "%s/planted", folder);
	int fd = open(victim, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "whole", 5), 5);
	ck_assert_int_eq(fstat(fd, &st), 0);
	close(fd);
	find_syscall();
}

/* Nothing has changed; and removes it. */
static void tear_down(void)
{
	struct stat st;

	ck_assert_int_eq(stat(victim, &st), 0);
	ck_assert_int_eq(st.st_size, 5);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(unlink(victim), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* QEMU makes calls of int 0x80, too, with the numbers of syscall. */
START_TEST(an_escape_is_refused)
{
	const struct escape *e = &escapes[_i / NUM_WAYS];
	enum way way = (enum way)(_i % NUM_WAYS);
	struct target *t = start(true);
	uint64_t page = make_page(t), arg[6], result = 0;
	char begin[64];

	snprintf(begin, sizeof begin, "was ended before it was done: %s(", e->host);
	for (int i = 0; i < 6; i++)
		arg[i] = argument(page, e->arg[i] ? e->arg[i] : NUMBER(0));
	struct error *err = make_call(t, page, way, e->number, arg, &result);
	ck_assert_msg(err, "%s, way %d: result %lld", e->host, way, (long long)result);
	/* Before it opens a file, QEMU looks whether there is one of its own in that place, or what folders on the way
	 * there are (realpath()). */
	bool looked = (!strcmp(e->host, "openat") || !strcmp(e->host, "statfs")) &&
		      (strstr(err->message, ": access(") || strstr(err->message, ": readlink("));
	ck_error(err, ERROR_SANDBOX, looked ? "" : begin);
	target_destroy(t);
}
END_TEST

START_TEST(without_a_sandbox_it_is_done)
{
	struct target *t = start(false);
	uint64_t page = make_page(t), result = 1;
	const uint64_t arg[6] = {page + OTHER, 0700};

	ck_no_error(make_call(t, page, (enum way)_i, 83, arg, &result));
	ck_assert_uint_eq(result, 0);
	ck_assert_int_eq(rmdir(planted), 0);
	target_destroy(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("escape");
	TCase *tests = tcase_create("escape");

	isa = isa_by_name("x86_64");
	if (!test_has_emulator(isa, busybox))
		return TEST_SKIP;
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, an_escape_is_refused, 0, NUM_ESCAPES * NUM_WAYS);
	tcase_add_loop_test(tests, without_a_sandbox_it_is_done, 0, NUM_WAYS);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
