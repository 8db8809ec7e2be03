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

/* The kernel takes every command as an int: the upper half of the register does not count. */
static const struct {
	enum sys_sem sem;
	unsigned arg;  /* the command's */
	uint32_t mask; /* its bits there; others are flags */
	bool decides;  /* the rows have policies, and what has no row is rejected */
	const struct sys_request *rows;
	size_t num_rows;
} calls[] = {
	{SYS_IOCTL, 1, UINT32_MAX, true, TABLE(ioctls)},
	{SYS_FCNTL, 1, UINT32_MAX, true, TABLE(fcntls)},
	{SYS_PRCTL, 0, UINT32_MAX, true, TABLE(prctls)},
	{SYS_ARCH_PRCTL, 0, UINT32_MAX, true, TABLE(arch_prctls)},
	{SYS_FUTEX, 1, ~UINT32_C(128 | 256), false, TABLE(futexes)}, /* FUTEX_CMD_MASK */
	{SYS_EPOLL_CTL, 1, UINT32_MAX, false, TABLE(epoll_ctls)},
	{SYS_EPOLL_CTL_GENERIC, 1, UINT32_MAX, false, TABLE(epoll_ctls)},
	{SYS_KCMP, 2, UINT32_MAX, false, TABLE(kcmps)},
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

char sys_command_letter(const struct sys_call *call, enum sys_sem sem, unsigned arg)
{
	for (size_t i = 0; i < NUM_CALLS; i++) {
		const struct sys_request *row = calls[i].sem == sem && arg > calls[i].arg ? find_row(i, call) : NULL;
		if (row)
			return arg - calls[i].arg <= strlen(row->args) ? row->args[arg - calls[i].arg - 1] : '-';
	}
	return 0;
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
