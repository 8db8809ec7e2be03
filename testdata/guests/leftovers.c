/*
 * leftovers: system calls with leftovers of the time stamp counter, another one each time, in every register and every
 * upper half that the kernel does not look at. Writes a sum of the results, and ends with status 3.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static uint64_t some(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (((uint64_t)high << 32) | low) * UINT64_C(0x9e3779b97f4a7c15);
}

/* A number of that many bits, and leftovers above them. */
static uint64_t low(uint64_t value, unsigned bits)
{
	return some() << bits | value;
}

static uint64_t half(int value)
{
	return low((uint32_t)value, 32);
}

static long call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	const uint64_t rax = half((int)number);
	register uint64_t r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(rax), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

int main(void)
{
	static uint32_t word;
	static struct epoll_event event = {.events = EPOLLIN};
	static char bytes[16];
	int pair[2] = {0, 0}, sum = 0;

	sum += call(SYS_fcntl, half(1), half(F_GETFD), some(), some(), some(), some()) == 0;
	sum += call(SYS_fcntl, half(1), half(F_GETFL), some(), some(), some(), some()) >= 0;
	sum += call(SYS_ioctl, half(0), half(FIONCLEX), some(), some(), some(), some()) == 0;
	sum += call(SYS_prctl, half(PR_SET_DUMPABLE), 1, some(), some(), some(), some()) == 0;
	sum += call(SYS_prctl, half(PR_GET_DUMPABLE), some(), some(), some(), some(), some()) == 1;
	sum += call(SYS_futex, (uintptr_t)&word, half(FUTEX_WAKE), half(1), some(), some(), some()) == 0;
	sum += call(SYS_futex, (uintptr_t)&word, half(FUTEX_WAIT), half(1), 0, some(), some()) < 0;
	long pages = call(SYS_mmap, 0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, some(), 0);
	*(volatile char *)pages = 1;
	sum += *(volatile char *)pages;
	sum += call(SYS_mremap, (uint64_t)pages, 8192, 4096, 0, some(), some()) == pages;
	sum += call(SYS_madvise, (uint64_t)pages, 4096, half(MADV_NORMAL), some(), some(), some()) == 0;
	sum += call(SYS_munmap, (uint64_t)pages, 4096, some(), some(), some(), some()) == 0;
	long file = call(SYS_openat, half(AT_FDCWD), (uintptr_t) "/dev/null", half(O_RDWR), some(), some(), some());
	sum += call(SYS_lseek, half((int)file), 0, half(SEEK_SET), some(), some(), some()) == 0;
	sum += call(SYS_write, half((int)file), (uintptr_t)bytes, 4, some(), some(), some()) == 4;
	long epoll = call(SYS_epoll_create1, half(0), some(), some(), some(), some(), some());
	call(SYS_socketpair, half(AF_UNIX), half(SOCK_DGRAM), half(0), (uintptr_t)pair, some(), some());
	sum += call(SYS_epoll_ctl, half((int)epoll), half(EPOLL_CTL_ADD), half(pair[0]), (uintptr_t)&event, some(),
		    some()) == 0;
	sum += call(SYS_epoll_ctl, half((int)epoll), half(EPOLL_CTL_DEL), half(pair[0]), some(), some(), some()) == 0;
	sum += call(SYS_sendto, half(pair[1]), (uintptr_t)bytes, 8, half(0), 0, some()) == 8;
	sum += call(SYS_recvfrom, half(pair[0]), (uintptr_t)bytes, 16, half(0), 0, some()) == 8;
	sum += call(SYS_rt_sigprocmask, some(), 0, (uintptr_t)bytes, 8, some(), some()) == 0;
	sum += call(SYS_waitid, half(P_ALL), some(), 0, half(WNOHANG | WEXITED), 0, some()) < 0;
	sum += call(SYS_umask, low(022, 9), some(), some(), some(), some(), some()) >= 0;
	printf("%d\n", sum);
	fflush(stdout);
	call(SYS_exit_group, low(3, 8), some(), some(), some(), some(), some());
	return 1;
}
