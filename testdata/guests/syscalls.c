/*
 * syscalls [all]: a great many different system calls with valid arguments, and some that fail or give less than was
 * asked for. With "all" also those that a replay rejects: a child process, signals with handlers.
 *
 * Prints the calls that failed where they should not have, then how many were made. A call that this kernel or its
 * configuration does not have (ENOSYS, EPERM, EACCES, EOPNOTSUPP) is no failure. Works in a new folder beneath /tmp.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

static unsigned made, wrong;
static char buffer[65536];

/* A call that should give `expected` (-1: anything but a failure; below that, that -errno). */
static long make(const char *text, long expected, long number, long a, long b, long c, long d, long e, long f)
{
	long result = syscall(number, a, b, c, d, e, f);
	int errnum = result == -1 ? errno : 0;
	int absent = errnum == ENOSYS || errnum == EPERM || errnum == EACCES || errnum == EOPNOTSUPP;

	made++;
	if (!absent && (expected < -1 ? errnum != -expected : expected >= 0 ? result != expected : errnum != 0)) {
		wrong++;
		printf("%s: %ld, %s\n", text, result, strerror(errnum));
	}
	return result;
}

#define ARG(n, ...)                  ARG_(n, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define ARG_(n, ...)                 ARG_##n(__VA_ARGS__)
#define ARG_1(a, ...)                ((long)(a))
#define ARG_2(a, b, ...)             ((long)(b))
#define ARG_3(a, b, c, ...)          ((long)(c))
#define ARG_4(a, b, c, d, ...)       ((long)(d))
#define ARG_5(a, b, c, d, e, ...)    ((long)(e))
#define ARG_6(a, b, c, d, e, f, ...) ((long)(f))
#define GIVES(expected, name, ...) \
	make(#name "(" #__VA_ARGS__ ")", expected, SYS_##name, ARG(1, __VA_ARGS__), ARG(2, __VA_ARGS__), \
	     ARG(3, __VA_ARGS__), ARG(4, __VA_ARGS__), ARG(5, __VA_ARGS__), ARG(6, __VA_ARGS__))
#define CALL(name, ...) GIVES(-1, name, __VA_ARGS__)

static void descriptors(void)
{
	struct iovec in[3] = {{buffer, 5}, {buffer + 100, 7}, {buffer + 200, 4000}},
		     out[2] = {{"abcdefgh", 8}, {"ijklmnopqrst", 12}};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
	struct f_owner_ex owner = {F_OWNER_PID, 0};
	uint64_t hint = 0;
	off_t from = 0, to = 100;
	int number, fd = CALL(openat, AT_FDCWD, "file", O_RDWR | O_CREAT, 0644), fd2, pair[2], other[2];

	CALL(write, fd, "0123456789", 10);
	GIVES(20, writev, fd, out, 2);
	GIVES(20, pwritev, fd, out, 2, 30, 0);
	GIVES(20, pwritev2, fd, out, 2, 50, 0, 0);
	GIVES(4, pwrite64, fd, "wxyz", 4, 200);
	GIVES(0, lseek, fd, 0, SEEK_SET);
	GIVES(10, read, fd, buffer, 10);
	GIVES(194, read, fd, buffer, sizeof buffer);
	GIVES(0, read, fd, buffer, sizeof buffer);
	GIVES(5, pread64, fd, buffer, 5, 3);
	GIVES(204, preadv, fd, in, 3, 0, 0);
	GIVES(9, preadv, fd, in, 3, 195, 0);
	GIVES(4, preadv2, fd, in, 3, 200, 0, 0);
	CALL(lseek, fd, 198, SEEK_SET);
	GIVES(6, readv, fd, in, 3);
	CALL(lseek, fd, 0, SEEK_SET);
	GIVES(-EFAULT, read, fd, 0, 5);
	GIVES(-EBADF, read, 999, buffer, 5);
	fd2 = CALL(dup, fd);
	CALL(dup2, fd, 40);
	CALL(dup3, fd, 41, O_CLOEXEC);
	CALL(fcntl, fd, F_GETFL);
	CALL(fcntl, fd, F_SETFD, FD_CLOEXEC);
	CALL(fcntl, fd, F_GETLK, &lock);
	lock.l_type = F_RDLCK;
	CALL(fcntl, fd, F_SETLK, &lock);
	lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
	CALL(fcntl, fd, F_OFD_GETLK, &lock);
	CALL(fcntl, fd, F_GETOWN_EX, &owner);
	CALL(fcntl, fd, F_GET_RW_HINT, &hint);
	CALL(fcntl, fd, F_DUPFD_CLOEXEC, 60);
	CALL(ioctl, fd, FIONREAD, &number);
	GIVES(-ENOTTY, ioctl, fd, TCGETS, buffer);
	CALL(flock, fd, LOCK_SH);
	CALL(fsync, fd);
	CALL(fdatasync, fd);
	CALL(sync_file_range, fd, 0, 10, 0);
	CALL(fallocate, fd, 0, 0, 4096);
	CALL(ftruncate, fd, 3000);
	CALL(fadvise64, fd, 0, 100, 0);
	CALL(readahead, fd, 0, 100);
	CALL(openat, AT_FDCWD, "copy", O_RDWR | O_CREAT, 0644);
	CALL(copy_file_range, fd, &from, fd2 + 1, &to, 100, 0);
	from = 0;
	CALL(pipe2, pair, O_NONBLOCK);
	CALL(sendfile, pair[1], fd, &from, 50);
	CALL(splice, fd, &from, pair[1], 0, 50, 0);
	CALL(pipe2, other, O_NONBLOCK);
	CALL(tee, pair[0], other[1], 10, 0);
	CALL(ioctl, pair[0], FIONREAD, &number);
	CALL(read, pair[0], buffer, 4096);
	GIVES(-EAGAIN, read, pair[0], buffer, 4096);
	CALL(fcntl, pair[0], F_SETPIPE_SZ, 8192);
#ifdef SYS_pipe
	CALL(pipe, pair);
#endif
	CALL(close, pair[0]);
	CALL(close_range, 100, 200, 0);
	fd = CALL(memfd_create, "name", 0);
	CALL(eventfd2, 5, 0);
}

static void paths(void)
{
	struct stat st;
	struct statfs fs;
	struct timespec times[2] = {{1, 2}, {3, 4}};
	struct timeval old_times[2] = {{1, 2}, {3, 4}};
	struct {
		uint64_t flags, mode, resolve;
	} how = {O_RDONLY, 0, 0};
	struct {
		struct file_handle h;
		unsigned char bytes[128];
	} handle;
	int fd, mount;

	CALL(mkdir, "dir", 0755);
	CALL(mkdirat, AT_FDCWD, "dir2", 0755);
	fd = CALL(open, "dir", O_RDONLY | O_DIRECTORY, 0);
	CALL(openat2, AT_FDCWD, "file", &how, sizeof how);
	CALL(creat, "dir/a name that is longer", 0644);
	CALL(creat, "dir/b", 0644);
	CALL(mknodat, AT_FDCWD, "fifo", S_IFIFO | 0600, 0);
	CALL(getdents64, fd, buffer, sizeof buffer);
	CALL(lseek, fd, 0, SEEK_SET);
	CALL(getdents64, fd, buffer, 64);
	CALL(lseek, fd, 0, SEEK_SET);
	CALL(getdents, fd, buffer, sizeof buffer);
	CALL(stat, "file", &st);
	GIVES(-ENOENT, stat, "nothing", &st);
	CALL(lstat, "file", &st);
	CALL(fstat, 1, &st);
	CALL(newfstatat, AT_FDCWD, "file", &st, 0);
	CALL(statx, AT_FDCWD, "file", 0, 0xfff, buffer);
	CALL(statfs, "/", &fs);
	CALL(fstatfs, fd, &fs);
	CALL(access, "file", R_OK);
	CALL(faccessat, AT_FDCWD, "file", R_OK);
	CALL(faccessat2, AT_FDCWD, "file", R_OK, 0);
	CALL(symlink, "a rather long target", "link");
	CALL(symlinkat, "target", AT_FDCWD, "link2");
	GIVES(20, readlink, "link", buffer, 200);
	GIVES(6, readlink, "link", buffer, 6);
	GIVES(6, readlinkat, AT_FDCWD, "link2", buffer, 200);
	CALL(link, "file", "hard");
	CALL(linkat, AT_FDCWD, "file", AT_FDCWD, "hard2", 0);
	CALL(rename, "hard", "hard3");
	CALL(renameat, AT_FDCWD, "hard3", AT_FDCWD, "hard4");
	CALL(renameat2, AT_FDCWD, "hard4", AT_FDCWD, "hard5", 0);
	CALL(unlink, "hard5");
	CALL(unlinkat, AT_FDCWD, "hard2", 0);
	CALL(chmod, "file", 0600);
	CALL(fchmod, 40, 0644);
	CALL(fchmodat, AT_FDCWD, "file", 0640);
	CALL(chown, "file", getuid(), getgid());
	CALL(lchown, "link", getuid(), getgid());
	CALL(fchown, 40, -1, -1);
	CALL(fchownat, AT_FDCWD, "file", -1, -1, 0);
	CALL(truncate, "file", 2000);
	CALL(utimensat, AT_FDCWD, "file", times, 0);
	CALL(utimes, "file", old_times);
	CALL(futimesat, AT_FDCWD, "file", old_times);
	CALL(utime, "file", (&(struct utimbuf){1, 2}));
	CALL(umask, 022);
	CALL(getcwd, buffer, 4096);
	GIVES(-ERANGE, getcwd, buffer, 3);
	CALL(chdir, "dir2");
	CALL(chdir, "..");
	CALL(fchdir, fd);
	CALL(chdir, "..");
	CALL(rmdir, "dir2");
	CALL(setxattr, "file", "user.a", "value", 5, 0);
	CALL(fsetxattr, 40, "user.b", "other", 5, 0);
	CALL(getxattr, "file", "user.a", buffer, 100);
	CALL(getxattr, "file", "user.a", buffer, 0);
	CALL(lgetxattr, "file", "user.a", buffer, 100);
	CALL(fgetxattr, 40, "user.b", buffer, 5);
	CALL(listxattr, "file", buffer, 4096);
	CALL(listxattr, "file", 0, 0);
	CALL(llistxattr, "file", buffer, 4096);
	CALL(flistxattr, 40, buffer, 4096);
	CALL(fremovexattr, 40, "user.b");
	CALL(removexattr, "file", "user.a");
	handle.h.handle_bytes = 0;
	GIVES(-EOVERFLOW, name_to_handle_at, AT_FDCWD, "file", &handle, &mount, 0);
	handle.h.handle_bytes = 128;
	CALL(name_to_handle_at, AT_FDCWD, "file", &handle, &mount, 0);
	CALL(open_by_handle_at, fd, &handle, O_RDONLY);
	fd = CALL(inotify_init1, IN_NONBLOCK);
	CALL(inotify_add_watch, fd, "dir", IN_CREATE);
	CALL(creat, "dir/c", 0644);
	CALL(read, fd, buffer, 4096);
	CALL(inotify_rm_watch, fd, 1);
	CALL(sync, 0);
	CALL(syncfs, fd);
}

static void waits(void)
{
	struct pollfd fds[3] = {{.fd = 0, .events = POLLOUT, .revents = -1}, {.fd = 1, .events = POLLOUT}, {.fd = -1}};
	struct epoll_event event = {EPOLLIN | EPOLLOUT, {.u64 = 0x1122334455667788}}, events[8];
	struct itimerspec timer = {.it_value = {100, 0}}, old;
	struct timespec left = {0, 1000000}, zero = {0, 0};
	struct timeval left_us = {0, 1000};
	struct {
		const void *set;
		size_t len;
	} mask = {NULL, 8};
	fd_set readable, writable;
	int pair[2], ep = CALL(epoll_create1, 0), fd;

	CALL(poll, fds, 3, 0);
	CALL(ppoll, fds, 2, &left, 0, 8);
	CALL(ppoll, 0, 0, &left, 0, 8);
	CALL(pipe2, pair, 0);
	FD_ZERO(&readable);
	FD_ZERO(&writable);
	FD_SET(pair[0], &readable);
	FD_SET(pair[1], &writable);
	CALL(select, pair[1] + 1, &readable, &writable, 0, &left_us);
	FD_SET(pair[0], &readable);
	FD_CLR(pair[1], &writable);
	CALL(select, pair[1] + 1, &readable, &writable, 0, &left_us);
	FD_SET(pair[0], &readable);
	left = (struct timespec){0, 1000000};
	CALL(pselect6, pair[1] + 1, &readable, 0, 0, &left, &mask);
	CALL(select, 1024, &readable, 0, 0, &left_us);
	CALL(epoll_create, 1);
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, pair[1], &event);
	event.events = EPOLLIN;
	CALL(epoll_ctl, ep, EPOLL_CTL_ADD, pair[0], &event);
	GIVES(1, epoll_wait, ep, events, 8, 0);
	CALL(write, pair[1], "x", 1);
	GIVES(2, epoll_wait, ep, events, 8, 0);
	GIVES(1, epoll_pwait, ep, events, 1, 0, 0, 8);
	CALL(epoll_pwait2, ep, events, 8, &zero, 0, 8);
	fd = CALL(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
	CALL(timerfd_settime, fd, 0, &timer, &old);
	CALL(timerfd_gettime, fd, &old);
	GIVES(-EAGAIN, read, fd, buffer, 8);
	CALL(signalfd4, -1, &(uint64_t){1 << 9}, 8, SFD_NONBLOCK);
}

static void messages(int a, int b)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(3 * sizeof(int))];
	} control = {.header = {CMSG_LEN(3 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}}; /* and 4 bytes of padding */
	struct iovec out[2] = {{"12345", 5}, {"6789", 4}}, in[2] = {{buffer, 3}, {buffer + 50, 100}};
	struct msghdr send = {.msg_iov = out, .msg_iovlen = 2},
		      recv = {.msg_iov = in, .msg_iovlen = 2, .msg_flags = -1};
	struct mmsghdr many[3] = {{send, 0}, {send, 0}}, got[4];
	struct sockaddr_un name[4];
	struct timespec wait = {1, 0};

	memcpy(CMSG_DATA(&control.header), (int[]){0, 1, 2}, 3 * sizeof(int));
	GIVES(9, sendmsg, a, &send, 0);
	GIVES(9, recvmsg, b, &recv, 0);
	send.msg_control = &control;
	send.msg_controllen = CMSG_SPACE(3 * sizeof(int));
	CALL(sendmsg, a, &send, 0);
	memset(&control, 0, sizeof control);
	recv.msg_control = &control;
	recv.msg_controllen = sizeof control;
	recv.msg_name = name;
	recv.msg_namelen = sizeof *name;
	CALL(recvmsg, b, &recv, 0);
	CALL(sendmsg, a, (&(struct msghdr){.msg_iov = out, .msg_iovlen = 2}), 0);
	recv.msg_iovlen = 1;
	GIVES(3, recvmsg, b, &recv, 0);
	GIVES(2, sendmmsg, a, many, 2, 0);
	for (int i = 0; i < 4; i++)
		got[i] = (struct mmsghdr){
			{.msg_iov = in, .msg_iovlen = 2, .msg_name = &name[i], .msg_namelen = sizeof *name}, 0};
	GIVES(2, recvmmsg, b, got, 4, MSG_DONTWAIT, &wait);
	GIVES(-EAGAIN, recvmsg, b, &recv, MSG_DONTWAIT);
}

static void sockets(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"}, peer;
	struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f};
	socklen_t len = sizeof peer, option_len = 4;
	struct ucred credentials;
	int pair[2], option, server, client, udp;

	CALL(socketpair, AF_UNIX, SOCK_DGRAM, 0, pair);
	messages(pair[0], pair[1]);
	server = CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	CALL(bind, server, &name, sizeof name);
	CALL(listen, server, 4);
	client = CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	CALL(connect, client, &name, sizeof name);
	CALL(accept4, server, &peer, &len, SOCK_CLOEXEC);
	client = CALL(socket, AF_UNIX, SOCK_STREAM, 0);
	CALL(connect, client, &name, sizeof name);
	CALL(accept, server, 0, 0);
	len = sizeof peer;
	CALL(getsockname, server, &peer, &len);
	len = 4; /* the address is cut, the length says what it would have been */
	CALL(getsockname, server, &peer, &len);
	len = sizeof peer;
	CALL(getpeername, client, &peer, &len);
	CALL(getsockopt, client, SOL_SOCKET, SO_TYPE, &option, &option_len);
	option_len = sizeof credentials;
	CALL(getsockopt, client, SOL_SOCKET, SO_PEERCRED, &credentials, &option_len);
	option_len = 2;
	CALL(getsockopt, client, SOL_SOCKET, SO_SNDBUF, &option, &option_len);
	CALL(setsockopt, client, SOL_SOCKET, SO_SNDBUF, &(int){4096}, 4);
	CALL(shutdown, client, SHUT_RDWR);
	udp = CALL(socket, AF_INET, SOCK_DGRAM, 0);
	if (udp < 0 || CALL(bind, udp, &inet, sizeof inet))
		return;
	len = sizeof inet;
	CALL(getsockname, udp, &inet, &len);
	CALL(sendto, udp, "datagram", 8, 0, &inet, sizeof inet);
	CALL(sendto, udp, "datagram", 8, 0, &inet, sizeof inet);
	CALL(sendto, udp, "datagram", 8, 0, &inet, sizeof inet);
	CALL(ioctl, udp, FIONREAD, &option);
	len = sizeof peer;
	GIVES(8, recvfrom, udp, buffer, 100, 0, &peer, &len);
	GIVES(3, recvfrom, udp, buffer, 3, 0, 0, 0);
	GIVES(8, recvfrom, udp, buffer, 3, MSG_TRUNC, 0, 0);
	GIVES(-EAGAIN, recvfrom, udp, buffer, 3, MSG_DONTWAIT, &peer, &len);
	CALL(ioctl, udp, FIONBIO, &(int){1});
}

static void terminals(void)
{
	struct winsize size = {24, 80, 0, 0};
	int number = 0, master = CALL(openat, AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY), slave;

	if (master < 0)
		return;
	CALL(ioctl, master, TIOCSPTLCK, &number);
	CALL(ioctl, master, TIOCGPTN, &number);
	slave = CALL(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	CALL(ioctl, slave, TCGETS, buffer);
	CALL(ioctl, slave, TCSETS, buffer);
	CALL(ioctl, slave, TCGETA, buffer);
	CALL(ioctl, slave, 0x802c542a /* TCGETS2 */, buffer);
	CALL(ioctl, slave, TIOCSWINSZ, &size);
	CALL(ioctl, slave, TIOCGWINSZ, &size);
	CALL(ioctl, slave, TIOCOUTQ, &number);
	CALL(ioctl, slave, TIOCGETD, &number);
	CALL(write, master, "line\n", 5);
	GIVES(5, read, slave, buffer, 100);
	GIVES(-ENOTTY, ioctl, slave, TIOCGPGRP, &number);
}

static void memory(void)
{
	unsigned long page = 4096, nodes[16];
	int mode, status[2] = {0};
	char *map = (char *)CALL(mmap, 0, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *pages[2] = {map, buffer};

	CALL(brk, 0);
	map[0] = 1;
	CALL(mincore, map, 8 * page, buffer);
	CALL(mincore, map, 3 * page - 100, buffer);
	CALL(mprotect, map + page, page, PROT_READ);
	GIVES(20, getrandom, map + page - 20, 40, 0);
	GIVES(-EFAULT, stat, "file", map + page - 20);
	GIVES(-EFAULT, uname, map + page - 20); /* the kernel may fill the part that it can */
	CALL(madvise, map, page, MADV_DONTNEED);
	CALL(msync, map, page, MS_ASYNC);
	CALL(mlock, map, page);
	CALL(mlock2, map, page, 0);
	CALL(munlock, map, page);
	CALL(get_mempolicy, &mode, nodes, 1024, 0, 0);
	CALL(get_mempolicy, &mode, nodes, 65, 0, 0);
	CALL(set_mempolicy, 0, 0, 0);
	CALL(mbind, map, page, 0, 0, 0, 0);
	CALL(move_pages, 0, 2, pages, 0, status, 0);
	map = (char *)CALL(mremap, map + 2 * page, 2 * page, 4 * page, MREMAP_MAYMOVE);
	CALL(munmap, map, page);
	CALL(membarrier, 0, 0, 0);
}

static void ipc(void)
{
	struct {
		long type;
		char text[32];
	} message = {7, "text of the message"};
	struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 64}, old;
	unsigned priority, words[2] = {0, 0};
	int id = CALL(msgget, IPC_PRIVATE, 0600), mq;

	CALL(msgsnd, id, &message, 20, 0);
	CALL(msgsnd, id, &message, 20, 0);
	CALL(msgsnd, id, &message, 20, 0);
	GIVES(20, msgrcv, id, &message, 32, 0, 0);
	GIVES(5, msgrcv, id, &message, 5, 0, MSG_NOERROR);
	GIVES(20, msgrcv, id, &message, 20, 7, IPC_NOWAIT);
	GIVES(-ENOMSG, msgrcv, id, &message, 20, 7, IPC_NOWAIT);
	id = CALL(semget, IPC_PRIVATE, 2, 0600);
	CALL(semop, id, (&(struct sembuf){1, 3, 0}), 1);
	CALL(semtimedop, id, (&(struct sembuf){1, -1, 0}), 1, (&(struct timespec){0, 1000}));
	CALL(shmget, IPC_PRIVATE, 4096, 0600);
	mq = CALL(mq_open, "validate-syscalls", O_RDWR | O_CREAT, 0600, &attr);
	if (mq >= 0) {
		CALL(mq_unlink, "validate-syscalls");
		CALL(mq_timedsend, mq, "posix message", 13, 5, 0);
		GIVES(13, mq_timedreceive, mq, buffer, 64, &priority, 0);
		CALL(mq_getsetattr, mq, 0, &old);
	}
	GIVES(0, futex, words, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	GIVES(-EAGAIN, futex, words, FUTEX_WAIT, 1, 0);
	GIVES(-ETIMEDOUT, futex, words, FUTEX_WAIT, 0, (&(struct timespec){0, 1000}));
	CALL(futex, words, FUTEX_WAKE_OP, 1, 1, words + 1, FUTEX_OP(FUTEX_OP_SET, 5, FUTEX_OP_CMP_EQ, 0));
	CALL(futex, words, FUTEX_LOCK_PI, 0, 0);
	CALL(futex, words, FUTEX_UNLOCK_PI, 0, 0);
	CALL(set_robust_list, buffer, 24);
	CALL(get_robust_list, 0, &(void *){NULL}, &(size_t){0});
}

static void signals(void)
{
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} action = {SIG_IGN, 0, NULL, 0}, old;
	stack_t stack = {.ss_sp = buffer, .ss_size = 16384}, old_stack;
	uint64_t set = 1ull << (SIGUSR1 - 1), before;
	siginfo_t info;

	CALL(rt_sigaction, SIGUSR2, &action, &old, 8);
	CALL(rt_sigaction, SIGUSR2, 0, &old, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, &set, &before, 8);
	CALL(rt_sigprocmask, SIG_BLOCK, 0, &before, 8);
	CALL(kill, getpid(), SIGUSR1);
	CALL(rt_sigpending, &before, 8);
	CALL(rt_sigtimedwait, &set, &info, 0, 8);
	GIVES(-EAGAIN, rt_sigtimedwait, &set, &info, (&(struct timespec){0, 1000}), 8);
	CALL(tgkill, getpid(), gettid(), SIGUSR2);
	CALL(tkill, gettid(), 0);
	CALL(sigaltstack, &stack, &old_stack);
	CALL(sigaltstack, 0, &old_stack);
}

static void clocks(void)
{
	struct timespec now, rest = {1, 1}, nap = {0, 1000};
	struct timeval tv;
	struct timezone zone;
	struct itimerval timer = {.it_value = {100, 0}}, old;
	struct itimerspec spec = {.it_value = {100, 0}}, old_spec;
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	struct timex timex = {.modes = 0};
	struct tms tms;
	time_t seconds;
	int id = 0;

	CALL(time, &seconds);
	CALL(gettimeofday, &tv, &zone);
	CALL(gettimeofday, &tv, 0);
	CALL(clock_gettime, CLOCK_MONOTONIC, &now);
	CALL(clock_getres, CLOCK_MONOTONIC, &now);
	CALL(nanosleep, &nap, &rest);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, &nap, &rest);
	CALL(adjtimex, &timex);
	CALL(clock_adjtime, CLOCK_REALTIME, &timex);
	CALL(times, &tms);
	CALL(setitimer, ITIMER_REAL, &timer, &old);
	CALL(getitimer, ITIMER_REAL, &old);
	CALL(setitimer, ITIMER_REAL, (&(struct itimerval){{0, 0}, {0, 0}}), 0);
	CALL(alarm, 0);
	CALL(timer_create, CLOCK_MONOTONIC, &event, &id);
	CALL(timer_settime, id, 0, &spec, &old_spec);
	CALL(timer_gettime, id, &old_spec);
	CALL(timer_getoverrun, id);
	CALL(timer_delete, id);
}

static void processes(void)
{
	struct __user_cap_header_struct cap = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct caps[2];
	unsigned attr[14]; /* struct sched_attr, which glibc 2.36 cannot include beside its own <sched.h> */
	struct sched_param param = {0};
	struct timespec interval;
	struct rusage usage;
	unsigned cpu, node;
	siginfo_t info;
	unsigned long base;
	int status;

	CALL(getpid, 0), CALL(getppid, 0), CALL(gettid, 0), CALL(getpgrp, 0), CALL(getpgid, 0), CALL(getsid, 0);
	CALL(setpgid, 0, 0);
	GIVES(-ECHILD, wait4, -1, &status, 0, &usage);
	GIVES(-ECHILD, waitid, P_ALL, 0, &info, WEXITED, &usage);
	CALL(prctl, PR_SET_NAME, "a name");
	CALL(prctl, PR_GET_NAME, buffer);
	CALL(prctl, PR_GET_PDEATHSIG, &status);
	CALL(prctl, PR_GET_DUMPABLE);
	CALL(prctl, PR_GET_CHILD_SUBREAPER, &status);
	CALL(prctl, PR_GET_TSC, &status);
	syscall(SYS_prctl, PR_GET_TID_ADDRESS, buffer);
	syscall(SYS_prctl, 0x41555856 /* PR_GET_AUXV, Linux 6.4 */, buffer, sizeof buffer, 0, 0);
	syscall(SYS_prctl, 0x41555856, buffer, 24, 0, 0);
	CALL(arch_prctl, 0x1003 /* ARCH_GET_FS */, &base);
	CALL(arch_prctl, 0x1004 /* ARCH_GET_GS */, &base);
	CALL(personality, 0xffffffff);
	CALL(capget, &cap, caps);
	CALL(capset, &cap, caps);
	cap.version = 1;
	CALL(capget, &cap, 0);
	cap.version = 1;
	GIVES(-EINVAL, capget, &cap, caps);
	CALL(sched_yield, 0);
	CALL(sched_getparam, 0, &param);
	CALL(sched_setparam, 0, &param);
	CALL(sched_getscheduler, 0);
	CALL(sched_setscheduler, 0, 0, &param);
	CALL(sched_getattr, 0, attr, sizeof attr, 0);
	CALL(sched_setattr, 0, attr, 0);
	memset(buffer, 1, 4096);
	memcpy(buffer, &(unsigned){1024}, 4);
	GIVES(-E2BIG, sched_setattr, 0, buffer, 0);
	CALL(sched_get_priority_max, 1), CALL(sched_get_priority_min, 1);
	CALL(sched_rr_get_interval, 0, &interval);
	CALL(sched_getaffinity, 0, 1024, buffer);
	CALL(sched_setaffinity, 0, 8, buffer);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(setpriority, PRIO_PROCESS, 0, 0);
	CALL(ioprio_get, 1, 0);
	CALL(getcpu, &cpu, &node, 0);
	status = CALL(pidfd_open, getpid(), 0);
	CALL(close, status);
	CALL(kcmp, getpid(), getpid(), 0, 1, 1);
}

static void identity(void)
{
	struct rlimit limit;
	struct rusage usage;
	struct utsname name;
	struct sysinfo info;
	unsigned a, b, c;
	char request[24] = {24};

	CALL(getuid, 0), CALL(geteuid, 0), CALL(getgid, 0), CALL(getegid, 0);
	CALL(getresuid, &a, &b, &c);
	CALL(getresgid, &a, &b, &c);
	CALL(setreuid, -1, -1), CALL(setregid, -1, -1);
	CALL(setresuid, -1, -1, -1), CALL(setresgid, -1, -1, -1);
	CALL(setuid, getuid()), CALL(setgid, getgid()), CALL(setfsuid, getuid()), CALL(setfsgid, getgid());
	CALL(setgroups, 3, ((unsigned[]){0, 1, 2}));
	CALL(getgroups, 0, 0);
	CALL(getgroups, 100, buffer);
	CALL(getrlimit, RLIMIT_STACK, &limit);
	CALL(setrlimit, RLIMIT_CORE, (&(struct rlimit){0, 0}));
	CALL(prlimit64, 0, RLIMIT_STACK, 0, &limit);
	CALL(getrusage, RUSAGE_SELF, &usage);
	CALL(uname, &name);
	CALL(sysinfo, &info);
	GIVES(100, getrandom, buffer, 100, 0);
	CALL(landlock_create_ruleset, 0, 0, 1);
	/* Newer than this libc: cachestat, statmount of mount 1 (refused or not), listmount of all. */
	syscall(451, 40, (uint64_t[]){0, 0}, buffer, 0);
	memcpy(request + 8, &(uint64_t){UINT64_MAX}, 8);
	syscall(458, request, buffer, 8, 0);
	memcpy(request + 8, buffer, 8);
	memcpy(request + 16, &(uint64_t){0x3f}, 8);
	syscall(457, request, buffer + 64, 4096, 0);
}

static void ignore(int signal)
{
	(void)signal;
}

/* Again and again: on a busy machine the first may come before the call. */
static void alarm_in_ms(long ms)
{
	struct itimerval timer = {.it_interval = {0, ms ? 200000 : 0}, .it_value = {0, ms * 1000}};

	CALL(setitimer, ITIMER_REAL, &timer, 0);
}

/* Calls that a signal cuts short. */
static void interrupted(void)
{
	struct sigaction action = {.sa_handler = ignore};
	struct timespec second = {5, 0}, rest;
	struct timeval left = {5, 0};
	struct pollfd fd = {.fd = -1};
	int pair[2];

	sigaction(SIGALRM, &action, NULL);
	CALL(pipe2, pair, 0);
	alarm_in_ms(5);
	GIVES(-EINTR, nanosleep, &second, &rest);
	alarm_in_ms(5);
	GIVES(-EINTR, clock_nanosleep, CLOCK_REALTIME, 0, &second, &rest);
	alarm_in_ms(5);
	GIVES(-EINTR, ppoll, &fd, 1, &second, 0, 8);
	alarm_in_ms(5);
	GIVES(-EINTR, poll, &fd, 1, 5000);
	alarm_in_ms(5);
	GIVES(-EINTR, select, 0, 0, 0, 0, &left);
	alarm_in_ms(5);
	GIVES(-EINTR, read, pair[0], buffer, 10);
	alarm_in_ms(5);
	GIVES(-EINTR, epoll_wait, syscall(SYS_epoll_create1, 0), buffer, 10, 5000);
	alarm_in_ms(0);
}

static void children(void)
{
	struct rusage usage;
	siginfo_t info;
	int status;
	long pid = CALL(fork, 0);

	if (!pid)
		_exit(3);
	GIVES(0, waitid, P_PID, pid, &info, WEXITED | WNOWAIT, &usage);
	GIVES(pid, wait4, pid, &status, 0, &usage);
	pid = CALL(fork, 0);
	if (!pid)
		_exit(4);
	GIVES(pid, wait4, -1, &status, 0, 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

int main(int argc, char **argv)
{
	char folder[64];

	/* mkdtemp() makes a name of where its variables lie, which is another place in an emulator. */
	snprintf(folder, sizeof folder, "/tmp/validate-syscalls-%d", (int)getpid());
	if (mkdir(folder, 0700) || chdir(folder)) {
		perror(folder);
		return 1;
	}
	descriptors();
	paths();
	waits();
	sockets();
	terminals();
	memory();
	ipc();
	signals();
	clocks();
	processes();
	identity();
	if (argc > 1 && !strcmp(argv[1], "all")) {
		interrupted();
		children();
	}
	if (chdir("/") || nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS))
		wrong++;
	printf("%u calls, %u wrong\n", made, wrong);
	return wrong != 0;
}
