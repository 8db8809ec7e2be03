#include <errno.h>
#include <string.h>

#include "lib/sys/walk.h"

#define REJECT  SYS_REJECT
#define EMULATE SYS_EMULATE
#define EXECUTE SYS_EXECUTE
#define RESULT  SYS_REQUEST_RESULT

#define ROW(text, value, what, letters, reads, writes, words, ...) \
	{.number = (value), \
	 .in = (reads), \
	 .out = (writes), \
	 .policy = (what), \
	 .args = (letters), \
	 .name = #text, \
	 .addresses = (words)},
#define COMMAND(text, value, letters) {.number = (value), .args = (letters), .name = #text},

static const struct sys_request ioctls[] = {
#define IOCTL(...) ROW(__VA_ARGS__, 0)
#include "lib/sys/request.def"
};

static const struct sys_request fcntls[] = {
#define FCNTL(...) ROW(__VA_ARGS__, 0)
#include "lib/sys/request.def"
};

static const struct sys_request prctls[] = {
#define PRCTL(...) ROW(__VA_ARGS__, 0)
#include "lib/sys/request.def"
};

static const struct sys_request arch_prctls[] = {
#define ARCH_PRCTL(...) ROW(__VA_ARGS__, 0)
#include "lib/sys/request.def"
};

static const struct sys_request futexes[] = {
#define FUTEX(...) COMMAND(__VA_ARGS__)
#include "lib/sys/request.def"
};

static const struct sys_request epoll_ctls[] = {
#define EPOLL_CTL(...) COMMAND(__VA_ARGS__)
#include "lib/sys/request.def"
};

static const struct sys_request kcmps[] = {
#define KCMP(...) COMMAND(__VA_ARGS__)
#include "lib/sys/request.def"
};

#define TABLE(rows) (rows), sizeof(rows) / sizeof *(rows)

enum { MAX_REFUSALS = 4 };

/* The kernel takes every command as an int: the upper half of the register does not count. */
static const struct {
	enum sys_sem sem;
	unsigned arg;  /* the command's */
	uint32_t mask; /* its bits there; others are flags */
	bool decides;  /* the rows have policies, and what has no row is rejected */
	const struct sys_request *rows;
	size_t num_rows;
	int refusals[MAX_REFUSALS]; /* errors by which the kernel says that it has no such command (sys_is_refused()) */
} calls[] = {
	{SYS_IOCTL, 1, UINT32_MAX, true, TABLE(ioctls), {ENOTTY, EINVAL, EBADF}},
	{SYS_FCNTL, 1, UINT32_MAX, true, TABLE(fcntls), {EINVAL, EBADF}},
	{SYS_PRCTL, 0, UINT32_MAX, true, TABLE(prctls), {EINVAL}},
	{SYS_ARCH_PRCTL, 0, UINT32_MAX, true, TABLE(arch_prctls), {EINVAL}},
	{SYS_FUTEX, 1, ~UINT32_C(128 | 256), false, TABLE(futexes), {0}}, /* FUTEX_CMD_MASK */
	{SYS_EPOLL_CTL, 1, UINT32_MAX, false, TABLE(epoll_ctls), {0}},
	{SYS_EPOLL_CTL_GENERIC, 1, UINT32_MAX, false, TABLE(epoll_ctls), {0}},
	{SYS_KCMP, 2, UINT32_MAX, false, TABLE(kcmps), {0}},
};

enum { NUM_CALLS = sizeof calls / sizeof *calls };

unsigned sys_request_arg(enum sys_sem sem)
{
	for (size_t i = 0; i < NUM_CALLS; i++) {
		if (calls[i].sem == sem)
			return calls[i].arg;
	}
	return 0;
}

static const struct sys_request *find_row(size_t i, const struct sys_call *call)
{
	uint32_t number = (uint32_t)call->arg[calls[i].arg] & calls[i].mask;

	for (size_t j = 0; j < calls[i].num_rows; j++) {
		if (calls[i].rows[j].number == number)
			return &calls[i].rows[j];
	}
	return NULL;
}

bool sys_find_request(const struct sys_call *call, enum sys_sem sem, const struct sys_request **ret_request)
{
	for (size_t i = 0; i < NUM_CALLS; i++) {
		if (calls[i].sem != sem || !calls[i].decides)
			continue;
		*ret_request = find_row(i, call);
		return true;
	}
	return false;
}

uint64_t sys_encoded_out(uint64_t number)
{
	enum { IOC_READ = 2, SIZE_BITS = 14 };
	uint32_t request = (uint32_t)number;

	return request >> 30 & IOC_READ ? request >> 16 & ((1U << SIZE_BITS) - 1) : 0;
}

static char letter_of(size_t i, const struct sys_call *call, unsigned behind)
{
	const struct sys_request *row = find_row(i, call);

	if (row)
		return behind <= strlen(row->args) ? row->args[behind - 1] : '-';
	if (!calls[i].decides)
		return 0;
	return calls[i].sem == SYS_IOCTL && behind == 1 && sys_encoded_out(call->arg[calls[i].arg]) ? 'p' : '-';
}

char sys_command_letter(const struct sys_call *call, enum sys_sem sem, unsigned arg)
{
	for (size_t i = 0; i < NUM_CALLS; i++) {
		if (calls[i].sem == sem && arg > calls[i].arg)
			return letter_of(i, call, arg - calls[i].arg);
	}
	return 0;
}

bool sys_is_unknown(const struct sys_call *call)
{
	enum { X32_FIRST = 0x40000000, X32_NUMBERS = 0x1000 }; /* __X32_SYSCALL_BIT in asm/unistd.h */
	const struct sys_desc *desc = sys_describe_call(call);
	const struct sys_request *request;

	if (!call->row)
		return call->number < X32_FIRST || call->number >= X32_FIRST + X32_NUMBERS;
	return sys_find_request(call, desc->sem, &request) && !request;
}

bool sys_is_refused(const struct sys_call *call)
{
	enum sys_sem sem = sys_describe_call(call)->sem;

	if (!sys_failed(call->result) || !sys_is_unknown(call))
		return false;
	if (!call->row)
		return call->result == -ENOSYS;
	for (size_t i = 0; i < NUM_CALLS; i++) {
		for (size_t j = 0; calls[i].sem == sem && j < MAX_REFUSALS; j++) {
			if (call->result == -calls[i].refusals[j])
				return true;
		}
	}
	return false;
}

size_t sys_num_requests(void)
{
	size_t num = 0;

	for (size_t i = 0; i < NUM_CALLS; i++)
		num += calls[i].num_rows;
	return num;
}

const struct sys_request *sys_request_at(size_t index, enum sys_sem *ret_sem)
{
	size_t i = 0;

	while (index >= calls[i].num_rows)
		index -= calls[i++].num_rows;
	*ret_sem = calls[i].sem;
	return &calls[i].rows[index];
}
