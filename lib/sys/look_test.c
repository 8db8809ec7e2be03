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
#include "lib/testing/assert.h"

#ifdef __x86_64__

/* ---- What the calls work on ---- */

static int file, folder, ends[2], pair[2], listener, epoll, self;
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
	self = getpid();
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

enum { MAX_ARGS = 6 };

/* An argument. Descriptors and mappings are known when the test runs: it is told where they stand then. */
struct value {
	uint64_t number;
	const int *is_at;        /* not NULL: this number */
	const void *pointer;     /* not NULL: this address */
	char *const *pointed_at; /* not NULL: the address that stands there */
};
/* clang-format off */
#define N(value)   {.number = (uint64_t)(value)}
#define D(name)    {.is_at = &(name)}
#define P(address) {.pointer = (address)}
#define A(name)    {.pointed_at = &(name)}
/* clang-format on */

struct made {
	long number;
	enum undo undo;
	struct value arg[MAX_ARGS];
};
/* clang-format off */
#define CALL(name, what, ...) {SYS_##name, what, {__VA_ARGS__}}
/* clang-format on */

static const struct made calls[] = {
	CALL(fcntl, CLOSE, D(file), N(F_DUPFD), N(30)),
	CALL(fcntl, NOTHING, D(file), N(F_GETFD)),
	CALL(fcntl, NOTHING, D(file), N(F_SETFD), N(FD_CLOEXEC)),
	CALL(fcntl, NOTHING, D(file), N(F_GETFL)),
	CALL(fcntl, NOTHING, D(file), N(F_SETFL), N(O_APPEND)),
	CALL(fcntl, NOTHING, D(file), N(F_GETOWN)),
	CALL(fcntl, NOTHING, D(file), N(F_SETOWN), N(0)),
	CALL(fcntl, NOTHING, D(file), N(F_GETSIG)),
	CALL(fcntl, NOTHING, D(file), N(F_SETSIG), N(SIGIO)),
	CALL(fcntl, NOTHING, D(file), N(F_GETLEASE)),
	CALL(fcntl, CLOSE, D(file), N(F_DUPFD_CLOEXEC), N(40)),
	CALL(fcntl, NOTHING, D(ends[0]), N(F_GETPIPE_SZ)),
	CALL(fcntl, NOTHING, D(ends[0]), N(F_SETPIPE_SZ), N(8192)),
	CALL(fcntl, NOTHING, D(file), N(F_GET_SEALS)),
	CALL(ioctl, NOTHING, D(file), N(FIONCLEX)),
	CALL(ioctl, NOTHING, D(file), N(FIOCLEX)),
	CALL(ioctl, NOTHING, D(ends[0]), N(FIONREAD), P(&word)),
	CALL(ioctl, NOTHING, D(file), N(TIOCEXCL)),
	CALL(prctl, NOTHING, N(PR_GET_DUMPABLE)),
	CALL(prctl, NOTHING, N(PR_SET_DUMPABLE), N(1)),
	CALL(prctl, NOTHING, N(PR_GET_KEEPCAPS)),
	CALL(prctl, NOTHING, N(PR_SET_KEEPCAPS), N(0)),
	CALL(prctl, NOTHING, N(PR_GET_NAME), P(bytes)),
	CALL(prctl, NOTHING, N(PR_SET_NAME), P("look")),
	CALL(prctl, NOTHING, N(PR_GET_TIMERSLACK)),
	CALL(prctl, NOTHING, N(PR_SET_TIMERSLACK), N(50000)),
	CALL(prctl, NOTHING, N(PR_GET_PDEATHSIG), P(&word)),
	CALL(prctl, NOTHING, N(PR_SET_PDEATHSIG), N(0)),
	CALL(prctl, NOTHING, N(PR_GET_CHILD_SUBREAPER), P(&word)),
	CALL(prctl, NOTHING, N(PR_SET_CHILD_SUBREAPER), N(0)),
	CALL(prctl, NOTHING, N(PR_GET_NO_NEW_PRIVS), N(0), N(0), N(0), N(0)),
	CALL(prctl, NOTHING, N(PR_GET_SECCOMP)),
	CALL(prctl, NOTHING, N(PR_CAPBSET_READ), N(1)),
	CALL(prctl, NOTHING, N(PR_GET_SECUREBITS)),
	CALL(prctl, NOTHING, N(PR_GET_TIMING)),
	CALL(prctl, NOTHING, N(PR_GET_TSC), P(&word)),
	CALL(prctl, NOTHING, N(PR_MCE_KILL_GET), N(0), N(0), N(0), N(0)),
	CALL(prctl, NOTHING, N(PR_GET_TID_ADDRESS), P(bytes)),
	CALL(arch_prctl, NOTHING, N(0x1003 /* ARCH_GET_FS */), P(bytes)),
	CALL(futex, NOTHING, P(&word), N(FUTEX_WAKE | FUTEX_PRIVATE_FLAG), N(1)),
	CALL(futex, NOTHING, P(&word), N(FUTEX_WAIT), N(1), P(&moment)),
	CALL(futex, NOTHING, P(&word), N(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG), N(1), N(0), N(0), N(3)),
	CALL(futex, NOTHING, P(&word), N(FUTEX_WAKE_BITSET), N(1), N(0), N(0), N(3)),
	CALL(futex, NOTHING, P(&word), N(FUTEX_REQUEUE), N(1), N(1), P(bytes)),
	CALL(futex, NOTHING, P(&word), N(FUTEX_CMP_REQUEUE), N(1), N(1), P(bytes), N(7)),
	CALL(futex, NOTHING, P(&word), N(FUTEX_UNLOCK_PI)),
	CALL(futex, NOTHING, P(&word), N(99), N(1), N(2), N(3), N(4)),
	CALL(open, CLOSE, P("file"), N(O_RDONLY)),
	CALL(openat, CLOSE, N(AT_FDCWD), P("file"), N(O_RDONLY)),
	CALL(openat, UNLINK, N(AT_FDCWD), P("new"), N(O_CREAT | O_RDONLY), N(0600)),
	CALL(creat, UNLINK, P("new"), N(0600)),
	CALL(mknod, UNLINK, P("new"), N(S_IFIFO | 0600)),
	CALL(mknodat, UNLINK, N(AT_FDCWD), P("new"), N(S_IFREG | 0600)),
	CALL(fchmod, NOTHING, D(file), N(0600)),
	CALL(chmod, NOTHING, P("file"), N(0600)),
	CALL(umask, NOTHING, N(022)),
	CALL(mmap, UNMAP, N(0), N(4096), N(PROT_READ), N(MAP_PRIVATE | MAP_ANONYMOUS)),
	CALL(mmap, UNMAP, N(0), N(4096), N(PROT_READ), N(MAP_PRIVATE), D(file), N(0)),
	CALL(mremap, NOTHING, A(pages), N(8192), N(4096), N(0)),
	CALL(madvise, NOTHING, A(pages), N(4096), N(MADV_NORMAL)),
	CALL(msync, NOTHING, A(pages), N(4096), N(MS_ASYNC)),
	CALL(epoll_ctl, FORGET, D(epoll), N(EPOLL_CTL_ADD), D(ends[0]), P(&event)),
	CALL(epoll_ctl, NOTHING, D(epoll), N(EPOLL_CTL_DEL), D(ends[0])),
	CALL(epoll_pwait, NOTHING, D(epoll), P(&event), N(1), N(0), N(0)),
	CALL(ppoll, NOTHING, N(0), N(0), P(&moment), N(0)),
	CALL(accept, NOTHING, D(listener)),
	CALL(accept4, NOTHING, D(listener), N(0), N(0), N(SOCK_NONBLOCK)),
	CALL(recvfrom, NOTHING, D(pair[0]), P(bytes), N(8), N(MSG_DONTWAIT)),
	CALL(sendto, DROP, D(pair[1]), P(bytes), N(8), N(MSG_DONTWAIT)),
	CALL(setsockopt, NOTHING, D(pair[0]), N(SOL_SOCKET), N(SO_PASSCRED), P(&word), N(4)),
	CALL(shutdown, NOTHING, D(pair[0]), N(5)),
	CALL(rt_sigprocmask, NOTHING, N(SIG_BLOCK), N(0), P(&set), N(8)),
	CALL(rt_sigaction, NOTHING, N(SIGUSR1), N(0), P(bytes), N(8)),
	CALL(waitid, NOTHING, N(P_ALL), N(0), P(bytes), N(WNOHANG | WEXITED), N(0)),
	CALL(wait4, NOTHING, N(UINT64_MAX), N(0), N(WNOHANG), N(0)),
	CALL(kcmp, NOTHING, D(self), D(self), N(KCMP_VM)),
	CALL(membarrier, NOTHING, N(MEMBARRIER_CMD_QUERY), N(0)),
	CALL(preadv, NOTHING, D(file), P(&iov), N(1), N(0)),
	CALL(pwritev2, NOTHING, D(file), P(&iov), N(1), N(0), N(0), N(0)),
	CALL(lseek, NOTHING, D(file), N(16), N(SEEK_SET)),
	CALL(getcpu, NOTHING, N(0), N(0), N(0)),
	CALL(getpriority, NOTHING, N(PRIO_PROCESS), N(0)),
	CALL(clock_getres, NOTHING, N(CLOCK_MONOTONIC), P(bytes)),
	CALL(kill, NOTHING, D(self), N(0)),
	CALL(get_mempolicy, NOTHING, P(&word), N(0), N(0), N(0), N(0)),
	CALL(read, NOTHING, D(file), P(bytes), N(0)),
};

static uint64_t resolve(const struct value *v)
{
	if (v->is_at)
		return (uint64_t)*v->is_at;
	const void *address = v->pointed_at ? *v->pointed_at : v->pointer;
	return address ? (uint64_t)(uintptr_t)address : v->number;
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
	const struct made *m = &calls[_i];
	struct sys_call call = {.row = sys_lookup(isa_by_name("x86_64"), (uint64_t)m->number),
				.number = (uint64_t)m->number};
	uint64_t other[MAX_ARGS], seed = 0x9e3779b97f4a7c15u + (uint64_t)_i;

	ck_assert(call.row);
	for (unsigned i = 0; i < MAX_ARGS; i++)
		call.arg[i] = resolve(&m->arg[i]);
	long first = make_it(m, call.arg);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < MAX_ARGS; i++) {
			unsigned bits;
			sys_look(&call, i, &bits);
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			other[i] = bits < 64 ? (seed << bits) | sys_arg(&call, i) : call.arg[i];
		}
		long second = make_it(m, other);
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
	tcase_add_loop_test(kernel, the_kernel_looks_at_no_more, 0, sizeof calls / sizeof *calls);
	suite_add_tcase(s, kernel);
#endif
	return test_main(s);
}
