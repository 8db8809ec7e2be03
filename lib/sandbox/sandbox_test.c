/* Children that are locked in try things. */
#include "lib/sandbox/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sandbox/private.h"
#include "lib/testing/assert.h"

static char folder[] = "/tmp/validate-test-XXXXXX", socket_path[64], victim[64], planted[64];

static void set_up(void)
{
	strcpy(folder + sizeof folder - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(socket_path, sizeof socket_path, "%s/gdb", folder);
	snprintf(victim, sizeof victim, "%s/victim", folder);
	snprintf(planted, sizeof planted, "%s/planted", folder);
	int fd = open(victim, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "whole", 5), 5);
	close(fd);
}

static void tear_down(void)
{
	unlink(socket_path);
	unlink(victim);
	unlink(planted);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* Nothing happened to the file, and there are no others. */
static void check_folder(void)
{
	char text[16] = {0};
	struct stat st;
	int fd = open(victim, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, text, sizeof text - 1), 5);
	ck_assert_str_eq(text, "whole");
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(st.st_nlink, 1);
	close(fd);
	ck_assert_int_ne(access(planted, F_OK), 0);
}

/* What a child does once it is locked in; its exit status. */
typedef int deed(void *ctx);

enum phase { AT_START, WITH_GUEST };

struct outcome {
	int status; /* of waitpid() */
	char refused[512];
	struct sandbox_state state;
};

static void do_it(const struct sandbox *s, int go, deed *what, void *ctx)
{
	char byte;

	setpgid(0, 0);
	if (!sandbox_enter(s) || read(go, &byte, 1) != 1)
		_exit(99);
	_exit(what(ctx));
}

static struct outcome try(struct sandbox *s, enum phase phase, deed *what, void *ctx)
{
	struct outcome ret = {0};
	int go[2];

	ck_assert_int_eq(pipe2(go, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (!pid)
		do_it(s, go[0], what, ctx);
	ck_assert_int_gt(pid, 0);
	setpgid(pid, pid);
	ck_no_error(sandbox_attend(s, pid));
	if (phase == WITH_GUEST)
		sandbox_shut(s);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(pid, &ret.status, 0), pid);
	close(go[0]);
	close(go[1]);
	const char *refused = sandbox_refused(s);
	snprintf(ret.refused, sizeof ret.refused, "%s", refused ? refused : "");
	ret.state = *sandbox_state(s);
	sandbox_destroy(s);
	return ret;
}

static struct outcome try_new(enum phase phase, deed *what, void *ctx)
{
	struct sandbox *s;

	ck_no_error(sandbox_create(socket_path, &s));
	return try(s, phase, what, ctx);
}

/* What this kernel can; found out in main(). */
static struct sandbox_state can;

static bool asks(void)
{
	return can.filter == SANDBOX_ASKS;
}

static struct error *find_out(void)
{
	struct sandbox *s;
	struct error *err = sandbox_create("/tmp/gdb", &s);

	if (err)
		return err;
	pid_t pid = fork();
	if (!pid)
		_exit(!sandbox_enter(s));
	err = sandbox_attend(s, pid);
	can = *sandbox_state(s);
	waitpid(pid, NULL, 0);
	sandbox_destroy(s);
	if (!err && !asks())
		printf("not tried: two ages and names, this kernel's filter is %d (%s)\n", can.filter,
		       strerror(can.filter_errnum));
	if (!err && !can.landlock)
		printf("not tried: Landlock (%s)\n", strerror(can.landlock_errnum));
	return err;
}

/* ---- A system call each ---- */

struct call {
	const char *name;
	long number;
	uintptr_t arg[6];
};

static int make_call(void *ctx)
{
	const struct call *c = ctx;
	long result = syscall(c->number, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4], c->arg[5]);

	return result < 0 ? 100 : 0;
}

static struct sockaddr_un host = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};
static char *const no_words[] = {NULL};
static uint64_t zeros[64];
static const struct timespec times[2];

#define P(x) (uintptr_t)(x)
#define ROW(name, ...) \
	{ \
#name, SYS_##name, \
		{ \
			__VA_ARGS__ \
		} \
	}

/* Where nothing refused them, none of them would do harm: by their arguments they fail, or change the child alone. */
/* clang-format off */
static const struct call refused[] = {
	ROW(openat, P(AT_FDCWD), P(victim), O_WRONLY), ROW(openat, P(AT_FDCWD), P(victim), O_RDWR),
	ROW(openat, P(AT_FDCWD), P(planted), O_RDONLY | O_CREAT, 0600), ROW(openat, P(AT_FDCWD), P(victim), O_RDONLY | O_TRUNC),
	ROW(openat, P(AT_FDCWD), P("/etc/passwd"), O_RDONLY), ROW(openat, P(AT_FDCWD), P("/proc/1/mem"), O_RDWR),
	ROW(openat2, P(AT_FDCWD), P(victim), P(zeros), 24), ROW(truncate, P(victim), 0),
	ROW(mkdirat, P(AT_FDCWD), P(planted), 0700), ROW(unlinkat, P(AT_FDCWD), P(victim), 0),
	ROW(renameat2, P(AT_FDCWD), P(victim), P(AT_FDCWD), P(planted), 0), ROW(linkat, P(AT_FDCWD), P(victim), P(AT_FDCWD), P(planted), 0),
	ROW(symlinkat, P("/"), P(AT_FDCWD), P(planted)), ROW(mknodat, P(AT_FDCWD), P(planted), S_IFIFO | 0600, 0),
	ROW(fchmodat, P(AT_FDCWD), P(victim), 04777), ROW(fchownat, P(AT_FDCWD), P(victim), 1, 1, 0),
	ROW(utimensat, P(AT_FDCWD), P(victim), P(times), 0), ROW(setxattr, P(victim), P("user.x"), P("y"), 1, 0),
	ROW(fchmod, 0, 0777), ROW(ioctl, 0, FS_IOC_SETFLAGS, P(zeros)), ROW(ioctl, 0, TIOCSTI, 0),
	ROW(socket, AF_UNIX, SOCK_STREAM, 0), ROW(socket, AF_INET, SOCK_STREAM, 0), ROW(socketpair, AF_UNIX, SOCK_STREAM, 0, P(zeros)),
	ROW(connect, 0, P(&host), sizeof host), ROW(bind, 0, P(&host), sizeof host), ROW(listen, 0, 1),
	ROW(accept4, 0, 0, 0, 0), ROW(sendto, 0, P("x"), 1, 0, P(&host), sizeof host), ROW(sendmsg, 1, P(zeros), 0),
	ROW(sendmmsg, 1, P(zeros), 1, 0), ROW(shutdown, 0, 2),
	ROW(execve, P("/bin/true"), P(no_words), P(no_words)), ROW(execveat, P(AT_FDCWD), P("/bin/true"), P(no_words), P(no_words), 0),
	ROW(clone, SIGCHLD), ROW(clone3, P(zeros), 88), ROW(unshare, CLONE_NEWUSER), ROW(setns, 0, 0),
	ROW(kill, 1, 0), ROW(kill, P(-1), 0), ROW(tkill, 1, 0), ROW(tgkill, 1, 1, 0), ROW(rt_sigqueueinfo, 1, 0, 0),
	ROW(pidfd_open, 1, 0), ROW(pidfd_send_signal, 0, SIGTERM, 0, 0), ROW(pidfd_getfd, 0, 0, 0),
	ROW(ptrace, PTRACE_ATTACH, 0, 0, 0), ROW(ptrace, PTRACE_TRACEME, 0, 0, 0), ROW(process_vm_readv, 1, P(zeros), 1, P(zeros), 1, 0),
	ROW(process_vm_writev, 1, P(zeros), 1, P(zeros), 1, 0), ROW(kcmp, 1, 1, 0, 0, 0), ROW(prlimit64, 1, RLIMIT_CORE, 0, 0),
	ROW(setpriority, 0, 0, 5), ROW(sched_setaffinity, 1, 8, P(zeros)), ROW(prctl, PR_SET_DUMPABLE, 0), ROW(personality, 0),
	ROW(mount, P("none"), P("/nowhere"), P("tmpfs"), 0, 0), ROW(umount2, P("/nowhere"), 0), ROW(chroot, P(folder)), ROW(pivot_root, P("/"), P("/")),
	ROW(fsopen, P("tmpfs"), 0), ROW(open_tree, P(AT_FDCWD), P("/"), 0),
	ROW(setuid, 0), ROW(setgid, 0), ROW(setresuid, 0, 0, 0), ROW(setgroups, 0, 0), ROW(capset, P(zeros), P(zeros)),
	ROW(bpf, 0, P(zeros), 64), ROW(perf_event_open, P(zeros), 0, P(-1), P(-1), 0), ROW(userfaultfd, 0),
	ROW(io_uring_setup, 8, P(zeros)), ROW(io_setup, 8, P(zeros)), ROW(keyctl, 0, 0, 0, 0, 0), ROW(add_key, P("user"), P("x"), P("y"), 1, P(-3)),
	ROW(shmget, 0, 0, 01600), ROW(shmat, 0, 0, 0), ROW(msgget, 77, 0), ROW(semget, 77, 1, 0), ROW(mq_open, P("/nothing"), O_RDWR, 0600, 0),
	ROW(init_module, P(zeros), 8, P("")), ROW(kexec_load, 0, 0, 0, 0), ROW(reboot, 0, 0, 0, 0), ROW(sethostname, 0, 1),
	ROW(settimeofday, 1, 0), ROW(clock_settime, 0, 0), ROW(swapon, P("/x"), 0), ROW(quotactl, 0, 0, 0, 0), ROW(syslog, 5, 0, 0),
	ROW(seccomp, 1, 0, P(zeros)), ROW(memfd_secret, 0), ROW(vmsplice, 0, P(zeros), 0, 0), ROW(splice, 0, 0, 1, 0, 1, 0),
	ROW(sendfile, 1, 0, 0, 1), ROW(dup2, 0, 1), ROW(fcntl, 0, F_SETOWN, 1), ROW(inotify_init1, 0), ROW(fanotify_init, 0, 0),
	ROW(name_to_handle_at, P(AT_FDCWD), P("/"), P(zeros), P(zeros), 0), ROW(open_by_handle_at, P(AT_FDCWD), P(zeros), 0),
	ROW(setsid), ROW(setpgid, 0, 0), ROW(umask, 0), ROW(getdents64, 0, P(zeros), 8), ROW(newfstatat, P(AT_FDCWD), P("/etc"), P(zeros), 0),
};
/* clang-format on */

enum { NUM_REFUSED = sizeof refused / sizeof *refused };

START_TEST(a_guest_is_refused)
{
	const struct call *c = &refused[_i];
	char begin[64];

	if (!asks())
		return;
	struct outcome o = try_new(WITH_GUEST, make_call, (void *)(uintptr_t)c);
	snprintf(begin, sizeof begin, "%s(", c->name);
	ck_assert_msg(WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGKILL, "%s: status 0x%x", c->name, o.status);
	ck_assert_msg(!strncmp(o.refused, begin, strlen(begin)), "%s: %s", c->name, o.refused);
	check_folder();
}
END_TEST

/* A kernel that cannot ask kills for what not even the start has a use for. */
START_TEST(a_fixed_filter_kills)
{
	static const char *const stays[] = {"execve", "execveat", "accept4",    "bind",       "clone",      "umask",
					    "listen", "dup2",     "getdents64", "newfstatat", "personality"};
	const struct call *c = &refused[_i];
	struct sandbox *s;
	bool allowed = !strcmp(c->name, "openat") && !(c->arg[2] & (O_ACCMODE | O_CREAT | O_TRUNC));

	allowed |= !strcmp(c->name, "socket") && c->arg[0] == AF_UNIX;
	allowed |= !strcmp(c->name, "prctl") && c->arg[0] == PR_SET_NAME;
	for (size_t i = 0; i < sizeof stays / sizeof *stays; i++)
		allowed |= !strcmp(c->name, stays[i]);
	if (allowed)
		return;
	ck_no_error(sandbox_create(socket_path, &s));
	s->asking.len = 0;
	s->asking_errnum = EBUSY;
	struct outcome o = try(s, WITH_GUEST, make_call, (void *)(uintptr_t)c);
	if (o.state.filter == SANDBOX_NO_FILTER)
		return;
	ck_assert_int_eq(o.state.filter, SANDBOX_FIXED);
	ck_assert_int_eq(o.state.filter_errnum, EBUSY);
	ck_assert_str_eq(o.refused, "");
	/* These get an error: there is another way, and the socket is removed by us. */
	bool error = !strcmp(c->name, "connect") || !strcmp(c->name, "clone3") || !strcmp(c->name, "openat2") ||
		     !strcmp(c->name, "unlinkat") || !strcmp(c->name, "setpgid");
	if (error)
		ck_assert_msg(WIFEXITED(o.status) && WEXITSTATUS(o.status) == 100, "%s: 0x%x", c->name, o.status);
	else
		ck_assert_msg(WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGSYS, "%s: 0x%x", c->name, o.status);
	check_folder();
}
END_TEST

static int make_calls_of_32_bits(void *ctx)
{
	(void)ctx;
#ifdef __x86_64__
	/* mkdir, as the 32-bit ABI numbers it; the path is not looked at. */
	long number = 39;
	__asm__ volatile("int $0x80" : "+a"(number) : "b"(0), "c"(0700) : "memory");
#else
	raise(SIGSEGV);
#endif
	return 0;
}

/* Some machines have no such calls: they send SIGSEGV. */
START_TEST(another_architectures_calls_are_refused)
{
	if (!asks())
		return;
	struct outcome o = try_new(WITH_GUEST, make_calls_of_32_bits, NULL);
	ck_assert(WIFSIGNALED(o.status));
	if (WTERMSIG(o.status) == SIGSEGV) {
		printf("not tried: this machine has no calls by int 0x80\n");
		return;
	}
	ck_contains(o.refused, "mkdir(");
	ck_contains(o.refused, "of another architecture's interface");
}
END_TEST

#define NEED(condition) \
	do { \
		if (!(condition)) \
			return __LINE__ % 90 + 1; \
	} while (0)

static int serve_a_guest(void *ctx)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)ctx;
	NEED(page != MAP_FAILED);
	NEED(!mprotect(page, 4096, PROT_READ | PROT_EXEC));
	NEED(!madvise(page, 8192, MADV_DONTNEED));
	int fd = memfd_create("x", MFD_CLOEXEC);
	NEED(fd >= 0 && !ftruncate(fd, 1 << 20) && !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	char *view = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEED(view != MAP_FAILED);
	*view = 1;
	view = mremap(view, 4096, 8192, MREMAP_MAYMOVE);
	NEED(view != MAP_FAILED && *view == 1);
	NEED(!munmap(page, 8192));
	signal(SIGUSR1, SIG_IGN);
	NEED(!kill(getpid(), SIGUSR1) && !raise(SIGUSR1));
	NEED(sched_yield() == 0);
	NEED(unlink(socket_path) == -1 && errno == ENOENT);
	return 0;
}

START_TEST(a_guest_can_be_served)
{
	struct outcome o = try_new(WITH_GUEST, serve_a_guest, NULL);

	ck_assert_str_eq(o.refused, "");
	ck_assert_msg(WIFEXITED(o.status) && !WEXITSTATUS(o.status), "status 0x%x", o.status);
}
END_TEST

/* As where a container forbids seccomp(2). */
START_TEST(without_a_filter_it_goes_on)
{
	struct sandbox *s;

	ck_no_error(sandbox_create(socket_path, &s));
	s->asking.len = s->fixed.len = 0;
	s->asking_errnum = s->fixed_errnum = EOPNOTSUPP;
	struct outcome o = try(s, WITH_GUEST, serve_a_guest, NULL);
	ck_assert_int_eq(o.state.filter, SANDBOX_NO_FILTER);
	ck_assert_int_eq(o.state.filter_errnum, EOPNOTSUPP);
	ck_assert_msg(WIFEXITED(o.status) && !WEXITSTATUS(o.status), "status 0x%x", o.status);
}
END_TEST

/* ---- Before there is a guest ---- */

static int start_up(void *ctx)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int status = -1;

	(void)ctx;
	int fd = open(victim, O_RDONLY | O_CLOEXEC);
	NEED(fd >= 0 && !fstat(fd, &st) && !stat("/", &st) && !access("/", R_OK));
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	NEED(fd >= 0 && write(fd, "x", 1) == 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(address.sun_path, socket_path);
	NEED(fd >= 0 && !bind(fd, (void *)&address, sizeof address) && !listen(fd, 1));
	pid_t pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "true </dev/null >/dev/null && exec true", NULL);
		_exit(1);
	}
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	NEED(syscall(SYS_clone3, zeros, 88) == -1 && errno == ENOSYS);
	NEED(setpgid(0, 0) == -1 && errno == EPERM);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 5);
	NEED(fd >= 5 && !fcntl(fd, F_SETFD, 0) && !fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
	NEED(connect(fd, (void *)&host, sizeof host) == -1 && errno == ECONNREFUSED);
	NEED(open("/dev/tty", O_RDWR | O_CLOEXEC) == -1 && errno == ENXIO);
	return 0;
}

START_TEST(an_emulator_can_start)
{
	struct outcome o = try_new(AT_START, start_up, NULL);

	ck_assert_str_eq(o.refused, "");
	ck_assert_msg(WIFEXITED(o.status) && !WEXITSTATUS(o.status), "status 0x%x", o.status);
}
END_TEST

static const struct call refused_at_start[] = {
	ROW(openat, P(AT_FDCWD), P(victim), O_WRONLY),
	ROW(openat, P(AT_FDCWD), P(planted), O_WRONLY | O_CREAT | O_EXCL, 0600),
	ROW(mkdirat, P(AT_FDCWD), P(planted), 0700),
	ROW(unlinkat, P(AT_FDCWD), P(victim), 0),
	ROW(socket, AF_INET, SOCK_STREAM, 0),
	ROW(sendto, 0, P("x"), 1, 0, P(&host), sizeof host),
	ROW(clone, CLONE_NEWUSER | SIGCHLD),
	ROW(unshare, CLONE_NEWUSER),
	ROW(ptrace, PTRACE_ATTACH, 0, 0, 0),
	ROW(mount, P("none"), P("/nowhere"), P("tmpfs"), 0, 0),
	ROW(kill, 1, 0),
	ROW(setuid, 0),
	ROW(ioctl, 0, TIOCSTI, 0),
	ROW(prlimit64, 1, RLIMIT_CORE, 0, 0),
	ROW(fcntl, 0, F_SETOWN, 1),
	ROW(fcntl, 0, F_SETSIG, SIGKILL),
	ROW(fcntl, 0, F_SETLEASE, F_RDLCK),
	ROW(fcntl, 0, F_SETLK, P(zeros)),
	ROW(setsid),
	ROW(sendmsg, 3, P(zeros), 0),
};

START_TEST(a_start_is_refused)
{
	const struct call *c = &refused_at_start[_i];

	if (!asks())
		return;
	struct outcome o = try_new(AT_START, make_call, (void *)(uintptr_t)c);
	ck_assert_msg(WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGKILL, "%s: status 0x%x", c->name, o.status);
	ck_assert_msg(!strncmp(o.refused, c->name, strlen(c->name)), "%s: %s", c->name, o.refused);
	check_folder();
}
END_TEST

START_TEST(a_refused_path_is_named)
{
	struct call c = ROW(openat, P(AT_FDCWD), P("/etc/\033[31mpasswd"), O_WRONLY);

	if (!asks())
		return;
	struct outcome o = try_new(WITH_GUEST, make_call, &c);
	ck_contains(o.refused, "openat(0x");
	ck_contains(o.refused, " of /etc/\xef\xbf\xbd[31mpasswd");
}
END_TEST

static int use_own_memory(void *ctx)
{
	static volatile int value = 1;
	int two = 2, fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	(void)ctx;
	NEED(fd >= 0);
	NEED(pwrite(fd, &two, sizeof two, (off_t)(uintptr_t)&value) == sizeof two);
	NEED(value == 2);
	return 0;
}

START_TEST(its_own_memory_is_granted)
{
	if (!asks())
		return;
	struct outcome o = try_new(WITH_GUEST, use_own_memory, NULL);
	ck_assert_str_eq(o.refused, "");
	ck_assert_msg(WIFEXITED(o.status) && !WEXITSTATUS(o.status), "status 0x%x", o.status);
}
END_TEST

/* ---- What is not the filter's ---- */

static int has_limits(void *ctx)
{
	struct rlimit limit;

	(void)ctx;
	NEED(!getrlimit(RLIMIT_CORE, &limit) && !limit.rlim_max);
	NEED(!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_max <= 1024);
	NEED(!getrlimit(RLIMIT_MEMLOCK, &limit) && !limit.rlim_max);
	return 0;
}

START_TEST(limits_are_set)
{
	struct outcome o = try_new(AT_START, has_limits, NULL);

	ck_assert_msg(WIFEXITED(o.status) && !WEXITSTATUS(o.status), "status 0x%x", o.status);
}
END_TEST

/* sendmsg() is allowed over a descriptor of one number. */
static int take_channel(void *ctx)
{
	const struct sandbox *s = ctx;
	int number = s->channel[1], status = -1;

	close(number);
	NEED(dup2(0, number) == -1 && errno == EBADF);
	pid_t pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "ulimit -n 2000 2>/dev/null", NULL);
		_exit(0);
	}
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status));
	return 0;
}

START_TEST(nobody_takes_the_channel)
{
	struct sandbox *s;

	ck_no_error(sandbox_create(socket_path, &s));
	struct outcome o = try(s, AT_START, take_channel, s);
	ck_assert_str_eq(o.refused, "");
	ck_assert_msg(WIFEXITED(o.status) && !WEXITSTATUS(o.status), "status 0x%x", o.status);
}
END_TEST

/* The parent's pid, and whether Landlock's version has the rules. */
struct outside {
	pid_t parent;
	int version;
	int port_fd;
	struct sockaddr_in port;
};

static int try_outside(void *ctx)
{
	const struct outside *o = ctx;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || landlock_restrict(folder) != o->version)
		return 99;
	NEED(open(victim, O_WRONLY | O_CLOEXEC) == -1 && errno == EACCES);
	NEED(open(planted, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == -1 && errno == EACCES);
	NEED(mkdir(planted, 0700) == -1 && errno == EACCES);
	NEED(rename(victim, planted) == -1 && (errno == EACCES || errno == EXDEV));
	NEED(symlink("/", planted) == -1 && errno == EACCES);
	NEED(open(victim, O_RDONLY | O_CLOEXEC) >= 0);
	NEED(open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0);
	NEED(o->version < 3 || (truncate(victim, 0) == -1 && errno == EACCES));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	NEED(o->version < 4 || (connect(fd, (const void *)&o->port, sizeof o->port) == -1 && errno == EACCES));
	NEED(o->version < 6 || (kill(o->parent, 0) == -1 && errno == EPERM));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, socket_path);
	NEED(!bind(fd, (void *)&address, sizeof address) && !unlink(socket_path));
	return 0;
}

START_TEST(landlock_alone_keeps_it_in)
{
	struct outside o = {.parent = getpid(), .version = can.landlock};
	socklen_t len = sizeof o.port;
	int status;

	if (!o.version)
		return;
	o.port = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	o.port_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(o.port_fd, (void *)&o.port, sizeof o.port), 0);
	ck_assert_int_eq(listen(o.port_fd, 1), 0);
	ck_assert_int_eq(getsockname(o.port_fd, (void *)&o.port, &len), 0);
	pid_t pid = fork();
	if (!pid)
		_exit(try_outside(&o));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "status 0x%x", status);
	close(o.port_fd);
	check_folder();
}
END_TEST

/* ---- What validate gives up itself ---- */

static int work_on(void *ctx)
{
	char part[80];
	struct sandbox_state state;
	const char *const outputs[] = {NULL, planted};
	int status = -1;
	pid_t parent = getppid();

	(void)ctx;
	snprintf(part, sizeof part, "%s/part", folder);
	if (sandbox_drop(outputs, 2, &state))
		return 99;
	NEED(state.on && state.filter == SANDBOX_OWN && state.landlock == can.landlock);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	NEED(fd >= 0 && write(fd, "x", 1) == 1 && !rename(part, planted) && !unlink(planted));
	NEED(!can.landlock ||
	     (open("/tmp/validate-elsewhere", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == -1 && errno == EACCES));
	NEED(!can.landlock || (symlink("/", part) == -1 && errno == EACCES));
	NEED(can.landlock < 6 || (kill(parent, 0) == -1 && errno == EPERM));
	/* A program that needs no other file, if there is one. */
	int program = open("/bin/busybox", O_RDONLY | O_CLOEXEC), copy = memfd_create("copy", MFD_CLOEXEC);
	NEED(program < 0 || sendfile(copy, program, NULL, 1 << 30) > 0);
	pid_t pid = fork();
	if (!pid) {
		fexecve(program, no_words, no_words);
		_exit(errno == EACCES ? 4 : 5);
	}
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	NEED(program < 0 || !can.landlock || WEXITSTATUS(status) == 4);
	/* As the oracle does. */
	pid = fork();
	if (!pid) {
		close(2);
		fexecve(copy, no_words, no_words);
		_exit(77);
	}
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	NEED(program < 0 || WEXITSTATUS(status) != 77);
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(3);
	}
	NEED(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status));
	NEED(!ptrace(PTRACE_CONT, pid, NULL, NULL));
	NEED(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 3);
	return 0;
}

static int run_alone(deed *what, void *ctx)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid)
		_exit(what(ctx));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(the_judge_can_work)
{
	int status = run_alone(work_on, NULL);

	ck_assert_msg(WIFEXITED(status) && !WEXITSTATUS(status), "status 0x%x", status);
}
END_TEST

static const struct call dropped[] = {
	ROW(execve, P("/bin/true"), P(no_words), P(no_words)),
	ROW(execveat, P(AT_FDCWD), P("/bin/true"), P(no_words), P(no_words), 0),
	ROW(socket, AF_UNIX, SOCK_STREAM, 0),
	ROW(socket, AF_INET, SOCK_STREAM, 0),
	ROW(mount, P("none"), P("/nowhere"), P("tmpfs"), 0, 0),
	ROW(setuid, 0),
	ROW(unshare, CLONE_NEWUSER),
	ROW(bpf, 0, P(zeros), 64),
	ROW(process_vm_writev, 1, P(zeros), 1, P(zeros), 1, 0),
	ROW(io_uring_setup, 8, P(zeros)),
};

static int drop_and_call(void *ctx)
{
	struct sandbox_state state;

	return sandbox_drop(NULL, 0, &state) || state.filter != SANDBOX_OWN ? 99 : make_call(ctx);
}

START_TEST(the_judge_cannot_do_more)
{
	if (can.filter == SANDBOX_NO_FILTER)
		return;
	int status = run_alone(drop_and_call, (void *)(uintptr_t)&dropped[_i]);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: status 0x%x", dropped[_i].name, status);
}
END_TEST

/* ---- The FIFO of a log ---- */

static int write_to(void *ctx)
{
	int fd = open(ctx, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	return fd < 0 || write(fd, "state", 5) != 5;
}

START_TEST(a_fifo_is_opened_at_the_start_alone)
{
	static char fifo[sizeof folder + 8], other[sizeof folder + 8];
	char text[8] = {0};
	struct sandbox *s;

	if (!asks())
		return;
	snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	snprintf(other, sizeof other, "%s/other", folder);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(mkfifo(other, 0600), 0);
	int fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	for (int i = 0; i < 3; i++) {
		ck_no_error(sandbox_create(socket_path, &s));
		ck_no_error(sandbox_allow_fifo(s, fifo));
		struct outcome o = try(s, i == 1 ? WITH_GUEST : AT_START, write_to, i == 2 ? other : fifo);
		if (i)
			ck_assert(WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGKILL);
		else
			ck_assert_int_eq(o.status, 0);
		ck_assert_int_eq(read(fd, text, sizeof text), i ? 0 : 5);
	}
	close(fd);
	unlink(fifo);
	unlink(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tests = tcase_create("sandbox");
	struct error *err = find_out();

	if (err) {
		printf("%s\n", err->message);
		error_destroy(err);
		return 1;
	}
	tcase_add_test(tests, a_fifo_is_opened_at_the_start_alone);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, a_guest_is_refused, 0, NUM_REFUSED);
	tcase_add_loop_test(tests, a_fixed_filter_kills, 0, NUM_REFUSED);
	tcase_add_test(tests, another_architectures_calls_are_refused);
	tcase_add_test(tests, a_guest_can_be_served);
	tcase_add_test(tests, without_a_filter_it_goes_on);
	tcase_add_test(tests, an_emulator_can_start);
	tcase_add_loop_test(tests, a_start_is_refused, 0, sizeof refused_at_start / sizeof *refused_at_start);
	tcase_add_test(tests, a_refused_path_is_named);
	tcase_add_test(tests, its_own_memory_is_granted);
	tcase_add_test(tests, nobody_takes_the_channel);
	tcase_add_test(tests, limits_are_set);
	tcase_add_test(tests, landlock_alone_keeps_it_in);
	tcase_add_test(tests, the_judge_can_work);
	tcase_add_loop_test(tests, the_judge_cannot_do_more, 0, sizeof dropped / sizeof *dropped);
	suite_add_tcase(suite, tests);
	return test_main(suite);
}
