/*
 * What the kernel looks at, against the running kernel: each call is made twice, the second time with other bits where
 * the table says that it does not look. What comes of it has to be the same.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys/walk.h"

#ifdef __x86_64__

/* ---- What the calls work on ---- */

static int file, folder, ends[2], pair[2], listener, epoll;
static uint32_t word;
static char bytes[256];
static struct iovec iov = {bytes, 8};
static struct timespec moment = {0, 1};
static sigset_t set;
static struct epoll_event event = {.events = EPOLLIN};
static char *pages;

static void set_up(void)
{
	char path[] = "/tmp/look-XXXXXX";

	ck_assert(mkdtemp(path));
	folder = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(folder, 0);
	ck_assert_int_eq(fchdir(folder), 0);
	file = openat(folder, "file", O_RDWR | O_CREAT, 0600);
	ck_assert_int_eq(ftruncate(file, 4096), 0);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(listener, &(struct sockaddr){.sa_family = AF_UNIX}, sizeof(sa_family_t)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	epoll = epoll_create1(0);
	pages = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
}

static void tear_down(void)
{
	char path[64];
	ssize_t len = readlink("/proc/self/cwd", path, sizeof path - 1);

	unlinkat(folder, "file", 0);
	unlinkat(folder, "new", 0);
	path[len < 0 ? 0 : len] = '\0';
	rmdir(path);
}

/* ---- The calls ---- */

/* What to do behind each of the two calls, so that the second meets what the first met. */
enum undo {
	NOTHING,
	CLOSE,  /* the descriptor that is the result, of which only the kind is compared */
	UNMAP,  /* the mapping that is the result, likewise */
	UNLINK, /* "new" */
	DROP,   /* the datagram that was sent */
	FORGET, /* the descriptor that epoll was given */
};

#define P(pointer) (uint64_t)(uintptr_t)(pointer)
#define MAX_ARGS   6

/* Descriptors and addresses are known when the test runs: a row is a function. */
struct made {
	long number;
	uint64_t arg[MAX_ARGS];
	enum undo undo;
};
#define CALL(name, what, ...) \
	(struct made) \
	{ \
		.number = SYS_##name, .undo = what, .arg = { __VA_ARGS__ } \
	}

enum { NUM_MADE = 86 };

static struct made make(size_t i)
{
	const uint64_t fd = (uint64_t)file, sock = (uint64_t)pair[0], cwd = (uint64_t)AT_FDCWD, mode = 0600;
	const struct made all[NUM_MADE] = {
		CALL(fcntl, CLOSE, fd, F_DUPFD, 30),
		CALL(fcntl, NOTHING, fd, F_GETFD),
		CALL(fcntl, NOTHING, fd, F_SETFD, FD_CLOEXEC),
		CALL(fcntl, NOTHING, fd, F_GETFL),
		CALL(fcntl, NOTHING, fd, F_SETFL, O_APPEND),
		CALL(fcntl, NOTHING, fd, F_GETOWN),
		CALL(fcntl, NOTHING, fd, F_SETOWN, 0),
		CALL(fcntl, NOTHING, fd, F_GETSIG),
		CALL(fcntl, NOTHING, fd, F_SETSIG, SIGIO),
		CALL(fcntl, NOTHING, fd, F_GETLEASE),
		CALL(fcntl, CLOSE, fd, F_DUPFD_CLOEXEC, 40),
		CALL(fcntl, NOTHING, (uint64_t)ends[0], F_GETPIPE_SZ),
		CALL(fcntl, NOTHING, (uint64_t)ends[0], F_SETPIPE_SZ, 8192),
		CALL(fcntl, NOTHING, fd, F_GET_SEALS),
		CALL(ioctl, NOTHING, fd, FIONCLEX),
		CALL(ioctl, NOTHING, fd, FIOCLEX),
		CALL(ioctl, NOTHING, (uint64_t)ends[0], FIONREAD, P(&word)),
		CALL(ioctl, NOTHING, fd, TIOCEXCL),
		CALL(prctl, NOTHING, PR_GET_DUMPABLE),
		CALL(prctl, NOTHING, PR_SET_DUMPABLE, 1),
		CALL(prctl, NOTHING, PR_GET_KEEPCAPS),
		CALL(prctl, NOTHING, PR_SET_KEEPCAPS, 0),
		CALL(prctl, NOTHING, PR_GET_NAME, P(bytes)),
		CALL(prctl, NOTHING, PR_SET_NAME, P("look")),
		CALL(prctl, NOTHING, PR_GET_TIMERSLACK),
		CALL(prctl, NOTHING, PR_SET_TIMERSLACK, 50000),
		CALL(prctl, NOTHING, PR_GET_PDEATHSIG, P(&word)),
		CALL(prctl, NOTHING, PR_SET_PDEATHSIG, 0),
		CALL(prctl, NOTHING, PR_GET_CHILD_SUBREAPER, P(&word)),
		CALL(prctl, NOTHING, PR_SET_CHILD_SUBREAPER, 0),
		CALL(prctl, NOTHING, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
		CALL(prctl, NOTHING, PR_GET_SECCOMP),
		CALL(prctl, NOTHING, PR_CAPBSET_READ, 1),
		CALL(prctl, NOTHING, PR_GET_SECUREBITS),
		CALL(prctl, NOTHING, PR_GET_TIMING),
		CALL(prctl, NOTHING, PR_GET_TSC, P(&word)),
		CALL(prctl, NOTHING, PR_MCE_KILL_GET, 0, 0, 0, 0),
		CALL(prctl, NOTHING, PR_GET_TID_ADDRESS, P(bytes)),
		CALL(arch_prctl, NOTHING, 0x1003 /* ARCH_GET_FS */, P(bytes)),
		CALL(futex, NOTHING, P(&word), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1),
		CALL(futex, NOTHING, P(&word), FUTEX_WAIT, 1, P(&moment)),
		CALL(futex, NOTHING, P(&word), FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 1, 0, 0, 3),
		CALL(futex, NOTHING, P(&word), FUTEX_WAKE_BITSET, 1, 0, 0, 3),
		CALL(futex, NOTHING, P(&word), FUTEX_REQUEUE, 1, 1, P(bytes)),
		CALL(futex, NOTHING, P(&word), FUTEX_CMP_REQUEUE, 1, 1, P(bytes), 7),
		CALL(futex, NOTHING, P(&word), FUTEX_UNLOCK_PI),
		CALL(futex, NOTHING, P(&word), 99, 1, 2, 3, 4),
		CALL(open, CLOSE, P("file"), O_RDONLY),
		CALL(openat, CLOSE, cwd, P("file"), O_RDONLY),
		CALL(openat, UNLINK, cwd, P("new"), O_CREAT | O_RDONLY, mode),
		CALL(creat, UNLINK, P("new"), mode),
		CALL(mknod, UNLINK, P("new"), S_IFIFO | 0600),
		CALL(mknodat, UNLINK, cwd, P("new"), S_IFREG | 0600),
		CALL(fchmod, NOTHING, fd, mode),
		CALL(chmod, NOTHING, P("file"), mode),
		CALL(umask, NOTHING, 022),
		CALL(mmap, UNMAP, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS),
		CALL(mmap, UNMAP, 0, 4096, PROT_READ, MAP_PRIVATE, fd, 0),
		CALL(mremap, NOTHING, P(pages), 8192, 4096, 0),
		CALL(madvise, NOTHING, P(pages), 4096, MADV_NORMAL),
		CALL(msync, NOTHING, P(pages), 4096, MS_ASYNC),
		CALL(epoll_ctl, FORGET, (uint64_t)epoll, EPOLL_CTL_ADD, (uint64_t)ends[0], P(&event)),
		CALL(epoll_ctl, NOTHING, (uint64_t)epoll, EPOLL_CTL_DEL, (uint64_t)ends[0]),
		CALL(epoll_pwait, NOTHING, (uint64_t)epoll, P(&event), 1, 0, 0),
		CALL(ppoll, NOTHING, 0, 0, P(&moment), 0),
		CALL(accept, NOTHING, (uint64_t)listener),
		CALL(accept4, NOTHING, (uint64_t)listener, 0, 0, SOCK_NONBLOCK),
		CALL(recvfrom, NOTHING, sock, P(bytes), 8, MSG_DONTWAIT),
		CALL(sendto, DROP, (uint64_t)pair[1], P(bytes), 8, MSG_DONTWAIT),
		CALL(setsockopt, NOTHING, sock, SOL_SOCKET, SO_PASSCRED, P(&word), 4),
		CALL(shutdown, NOTHING, sock, 5),
		CALL(rt_sigprocmask, NOTHING, SIG_BLOCK, 0, P(&set), 8),
		CALL(rt_sigaction, NOTHING, SIGUSR1, 0, P(bytes), 8),
		CALL(waitid, NOTHING, P_ALL, 0, P(bytes), WNOHANG | WEXITED, 0),
		CALL(wait4, NOTHING, UINT64_MAX, 0, WNOHANG, 0),
		CALL(kcmp, NOTHING, (uint64_t)getpid(), (uint64_t)getpid(), KCMP_VM),
		CALL(membarrier, NOTHING, MEMBARRIER_CMD_QUERY, 0),
		CALL(preadv, NOTHING, fd, P(&iov), 1, 0),
		CALL(pwritev2, NOTHING, fd, P(&iov), 1, 0, 0, 0),
		CALL(lseek, NOTHING, fd, 16, SEEK_SET),
		CALL(getcpu, NOTHING, 0, 0, 0),
		CALL(getpriority, NOTHING, PRIO_PROCESS, 0),
		CALL(clock_getres, NOTHING, CLOCK_MONOTONIC, P(bytes)),
		CALL(kill, NOTHING, (uint64_t)getpid(), 0),
		CALL(get_mempolicy, NOTHING, P(&word), 0, 0, 0, 0),
		CALL(read, NOTHING, fd, P(bytes), 0),
	};

	return all[i];
}

static long make_it(const struct made *m, const uint64_t arg[MAX_ARGS])
{
	register long result __asm__("rax") = m->number;
	register uint64_t r10 __asm__("r10") = arg[3], r8 __asm__("r8") = arg[4], r9 __asm__("r9") = arg[5];

	__asm__ volatile("syscall"
			 : "+r"(result)
			 : "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	switch (m->undo) {
	case NOTHING: return result;
	case CLOSE:
		if (result >= 0)
			close((int)result);
		break;
	case UNMAP:
		if (!sys_failed(result))
			munmap((void *)result, 4096);
		break;
	case UNLINK:
		if (result > 2)
			close((int)result);
		unlinkat(folder, "new", 0);
		break;
	case DROP: (void)!recv(pair[0], bytes, sizeof bytes, MSG_DONTWAIT); return result;
	case FORGET: epoll_ctl(epoll, EPOLL_CTL_DEL, ends[0], NULL); return result;
	}
	return sys_failed(result) ? result : 0;
}

START_TEST(the_kernel_looks_at_no_more)
{
	const struct made m = make((size_t)_i);
	struct sys_call call = {.row = sys_lookup(isa_by_name("x86_64"), (uint64_t)m.number),
				.number = (uint64_t)m.number};
	uint64_t other[MAX_ARGS], seed = 0x9e3779b97f4a7c15u + (uint64_t)_i;
	long first = make_it(&m, m.arg);

	ck_assert(call.row);
	memcpy(call.arg, m.arg, sizeof call.arg);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < MAX_ARGS; i++) {
			unsigned bits;
			sys_look(&call, i, &bits);
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			other[i] = bits < 64 ? (seed << bits) | sys_arg(&call, i) : m.arg[i];
		}
		long second = make_it(&m, other);
		ck_assert_msg(first == second, "%s: %ld, then %ld", call.row->name, first, second);
	}
}
END_TEST
#endif

/* Letters that there are, as many as there are arguments, and an address where there is memory. */
START_TEST(letters)
{
	enum sys_sem sem;
	const struct sys_request *row = sys_request_at((size_t)_i, &sem);
	const struct sys_desc *desc = sys_describe(sem);
	unsigned behind = 5 - sys_request_arg(sem), num = 0;

	while (num < behind && desc->arg[sys_request_arg(sem) + 1 + num].kind != ARG_NONE)
		num++;
	ck_assert_msg(strlen(row->args) <= num, "%s: %s", row->name, row->args);
	ck_assert_msg(strspn(row->args, "ilp-") == strlen(row->args), "%s: %s", row->name, row->args);
	ck_assert_msg((!row->in && !row->out) || row->args[0] == 'p', "%s: %s", row->name, row->args);
}
END_TEST

/* Every number says at how much of it the kernel looks. */
START_TEST(widths)
{
	const struct sys_desc *desc = sys_describe((enum sys_sem)_i);

	for (unsigned i = 0; i < 6; i++) {
		const struct sys_arg *arg = &desc->arg[i];
		bool number = arg->kind == ARG_INT || arg->kind == ARG_UINT || arg->kind == ARG_FD;
		ck_assert_msg(number || !arg->bits || arg->kind == ARG_ADDR, "%s: argument %u", desc->name, i);
		ck_assert_msg(arg->bits <= 64 && arg->else_bits < 64, "%s: argument %u", desc->name, i);
		ck_assert_msg(arg->kind != ARG_FD || arg->bits == 32, "%s: argument %u", desc->name, i);
		ck_assert_msg(arg->when == SYS_ALWAYS ||
				      (arg->when_of != i && desc->arg[arg->when_of].when == SYS_ALWAYS),
			      "%s: argument %u", desc->name, i);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("look");
	TCase *t = tcase_create("rows");

	tcase_add_loop_test(t, letters, 0, (int)sys_num_requests());
	tcase_add_loop_test(t, widths, 1, SYS_NUM_SEMS);
	suite_add_tcase(s, t);
#ifdef __x86_64__
	TCase *kernel = tcase_create("kernel");
	tcase_add_checked_fixture(kernel, set_up, tear_down);
	tcase_add_loop_test(kernel, the_kernel_looks_at_no_more, 0, NUM_MADE);
	suite_add_tcase(s, kernel);
#endif
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
