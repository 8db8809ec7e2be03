/* Which call of the log a call of the guest is: by number and by what the kernel looks at of the arguments. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/replay/internal.h"
#include "lib/testing/assert.h"

enum { MAX_ARGS = 6, ANY = 0x5a5a, OFFSET = 0x1000 };
#define HIGH (UINT64_C(0xdeadbeef) << 32)
#define AT   UINT64_C(0x7ffff7d00000) /* of a mapping that is OFFSET higher in the target */

struct pair {
	const char *name;
	uint64_t logged[MAX_ARGS], guest[MAX_ARGS];
};

static const struct pair alike[] = {
	{"fcntl", {3, 3, ANY}, {3, 3}},                                 /* F_GETFL */
	{"fcntl", {3, 1, ANY}, {HIGH | 3, HIGH | 1, 77}},               /* F_GETFD */
	{"fcntl", {3, 0, 10}, {3, 0, HIGH | 10}},                       /* F_DUPFD */
	{"fcntl", {3, 5, AT}, {3, 5, AT + OFFSET}},                     /* F_GETLK */
	{"ioctl", {3, 0x5450, ANY}, {3, 0x5450, 0}},                    /* FIONCLEX */
	{"ioctl", {3, 0x540e, 1}, {3, 0x540e, HIGH | 1}},               /* TIOCSCTTY */
	{"prctl", {4, 1, ANY, ANY, ANY}, {HIGH | 4, 1, 0, 0, 0}},       /* PR_SET_DUMPABLE */
	{"prctl", {3, ANY, ANY, ANY, ANY}, {3, 0, 0, 0, 0}},            /* PR_GET_DUMPABLE */
	{"prctl", {15, AT, ANY, ANY, ANY}, {15, AT + OFFSET, 0, 0}},    /* PR_SET_NAME */
	{"futex", {AT, 129, 1, 0, ANY, ANY}, {AT + OFFSET, 129, 1}},    /* FUTEX_WAKE */
	{"futex", {AT, 1, 1, ANY}, {AT + OFFSET, 1, HIGH | 1}},         /* FUTEX_WAKE */
	{"futex", {AT, 0, 2, 0, ANY, ANY}, {AT + OFFSET, 0, 2}},        /* FUTEX_WAIT */
	{"futex", {AT, 9, 2, 0, ANY, 8}, {AT + OFFSET, 9, 2, 0, 0, 8}}, /* FUTEX_WAIT_BITSET */
	{"epoll_ctl", {4, 2, 5, AT}, {4, 2, 5, 0}},                     /* EPOLL_CTL_DEL */
	{"mmap", {0, 4096, 3, 0x22, 7, 0}, {0, 4096, 3, 0x22, HIGH | UINT32_MAX, 4096}},
	{"mremap", {AT, 4096, 8192, 1, ANY}, {AT + OFFSET, 4096, 8192, 1, 0}},
	{"recvfrom", {3, AT, 8, 0, 0, ANY}, {3, AT + OFFSET, 8, 0, 0, 0}},
	{"sendto", {3, AT, 8, 0, 0, ANY}, {3, AT + OFFSET, 8, 0, 0, 0}},
	{"accept", {3, 0, ANY}, {HIGH | 3, 0, 0}},
	{"rt_sigprocmask", {ANY, 0, AT, 8}, {0, 0, AT + OFFSET, 8}},
	{"ppoll", {AT, 1, 0, 0, ANY}, {AT + OFFSET, HIGH | 1, 0, 0, 8}},
	{"epoll_pwait", {3, AT, 1, 5, 0, ANY}, {3, AT + OFFSET, 1, HIGH | 5, 0, 8}},
	{"waitid", {0, ANY, 0, 4, 0}, {0, 0, 0, 4, 0}},
	{"preadv", {3, AT, 1, 16, ANY}, {3, AT + OFFSET, 1, 16, 0}},
	{"getcpu", {0, 0, ANY}, {0, 0, 0}},
	{"umask", {022}, {HIGH | 0xe00 | 022}},
	{"fchmod", {3, 0644}, {3, HIGH | 0x10000 | 0644}},
	{"exit_group", {1}, {HIGH | 0x101}},
	{"kcmp", {1, 1, 1, ANY, ANY}, {1, 1, 1, 0, 0}}, /* KCMP_VM */
	{"membarrier", {0, 0, ANY}, {0, 0, 0}},
	{"ioctl", {3, 0x12345678, ANY}, {3, 0x12345678, 0}}, /* without a row */
	{"prctl", {12345, ANY, ANY}, {12345, 0, 0}},
};

static const struct pair different[] = {
	{"fcntl", {3, 3}, {4, 3}},
	{"fcntl", {3, 3}, {3, 1}},
	{"fcntl", {3, 0, 10}, {3, 0, 11}},
	{"fcntl", {3, 5, AT}, {3, 5, 0}},
	{"ioctl", {3, 0x5450}, {3, 0x5451}},
	{"prctl", {4, 1}, {4, 0}},
	{"prctl", {38, 1, 0, 0, 0}, {38, 1, 0, 0, 1}}, /* PR_SET_NO_NEW_PRIVS */
	{"prctl", {0x53564d41, 0, AT, 4096}, {0x53564d41, 0, AT + OFFSET, 8192}},
	{"futex", {AT, 1, 1}, {AT + OFFSET, 1, 2}},
	{"futex", {AT, 9, 2, 0, 0, 8}, {AT + OFFSET, 9, 2, 0, 0, 9}},
	{"futex", {AT, 4, 1, 1, AT, 5}, {AT + OFFSET, 4, 1, 2, AT + OFFSET, 5}},
	{"epoll_ctl", {4, 1, 5, AT}, {4, 1, 5, 0}},
	{"mmap", {0, 4096, 3, 2, 7, 0}, {0, 4096, 3, 2, 8, 0}},
	{"mmap", {0, 4096, 3, 2, 7, 0}, {0, 4096, 3, 2, 7, 4096}},
	{"mremap", {AT, 4096, 8192, 3, AT}, {AT + OFFSET, 4096, 8192, 3, AT}},
	{"recvfrom", {3, AT, 8, 0, AT, AT}, {3, AT + OFFSET, 8, 0, AT + OFFSET, 0}},
	{"accept", {3, AT, AT}, {3, AT + OFFSET, 0}},
	{"rt_sigprocmask", {0, AT, 0, 8}, {1, AT + OFFSET, 0, 8}},
	{"lseek", {3, 16, 0}, {3, HIGH | 16, 0}},
	{"ftruncate", {3, 16}, {3, HIGH | 16}},
	{"preadv", {3, AT, 1, 16}, {3, AT + OFFSET, 1, HIGH | 16}},
	{"read", {3, AT, 0x20000}, {3, AT + OFFSET, 0x10000}},
	{"umask", {022}, {0122}},
	{"fchmod", {3, 0644}, {3, 0600}},
	{"exit_group", {1}, {2}},
	{"waitid", {1, 7, 0, 4, 0}, {1, 8, 0, 4, 0}},
	{"getpid", {0}, {0}}, /* by its number: see below */
};

static const struct sysno *row_of(const struct isa *isa, const char *name)
{
	for (uint32_t i = 0; i < isa->sys.num_rows; i++)
		if (!strcmp(isa->sys.table[i].name, name))
			return &isa->sys.table[i];
	ck_abort_msg("no call %s", name);
}

/* Does the guest's call find the logged one? */
static bool finds(const struct pair *p)
{
	const struct isa *isa = isa_by_name("x86_64");
	struct replay r = {.isa = isa, .queue = {.at_end = true}};
	struct evlog_event ev = {.kind = EVLOG_SYSCALL, .name = NULL, .number = row_of(isa, p->name)->number};
	struct replay_call call = {.guest = {.row = row_of(isa, p->name)}};

	if (!strcmp(p->name, "exit_group"))
		ev.kind = EVLOG_EXIT;
	memcpy(ev.arg, p->logged, sizeof ev.arg);
	memcpy(call.guest.arg, p->guest, sizeof call.guest.arg);
	call.guest.number = call.guest.row->number + !strcmp(p->name, "getpid");
	call.desc = call.guest.desc = sys_describe(sys_meaning(call.guest.row));
	ck_assert_ptr_null(regions_pair(&r.regions, AT, AT + OFFSET, 1 << 20));
	ck_assert(vec_push(&r.queue.list, ev));
	struct error *err = replay_find_event(&r, &call);
	bool found = !err && call.event;
	ck_assert(!err || error_is(err, ERROR_LOST_SYNC));
	error_destroy(err);
	if (r.lost) {
		free(r.lost->expected);
		free(r.lost->observed);
		free(r.lost);
	}
	queue_deinit(&r.queue);
	regions_deinit(&r.regions);
	return found;
}

/* What a program leaves in registers that the kernel does not look at says nothing. */
START_TEST(leftovers)
{
	ck_assert_msg(finds(&alike[_i]), "%s", alike[_i].name);
}
END_TEST

START_TEST(others)
{
	ck_assert_msg(!finds(&different[_i]), "%s", different[_i].name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("match");
	TCase *t = tcase_create("match");

	tcase_add_loop_test(t, leftovers, 0, sizeof alike / sizeof *alike);
	tcase_add_loop_test(t, others, 0, sizeof different / sizeof *different);
	suite_add_tcase(s, t);
	return test_main(s);
}
