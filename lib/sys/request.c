#include "lib/sys/walk.h"

#define REJECT  SYS_REJECT
#define EMULATE SYS_EMULATE
#define EXECUTE SYS_EXECUTE
#define RESULT  SYS_REQUEST_RESULT

#define ROW(text, value, what, reads, writes, words, ...) \
	{.number = (value), .in = (reads), .out = (writes), .policy = (what), .name = #text, .addresses = (words)},

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

#define TABLE(rows) (rows), sizeof(rows) / sizeof *(rows)

static const struct {
	enum sys_sem sem;
	unsigned arg; /* the request's */
	const struct sys_request *rows;
	size_t num_rows;
} calls[] = {
	{SYS_IOCTL, 1, TABLE(ioctls)},
	{SYS_FCNTL, 1, TABLE(fcntls)},
	{SYS_PRCTL, 0, TABLE(prctls)},
	{SYS_ARCH_PRCTL, 0, TABLE(arch_prctls)},
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

bool sys_find_request(const struct sys_call *call, enum sys_sem sem, const struct sys_request **ret_request)
{
	for (size_t i = 0; i < NUM_CALLS; i++) {
		if (calls[i].sem != sem)
			continue;
		*ret_request = NULL;
		for (size_t j = 0; j < calls[i].num_rows; j++) {
			/* The kernel takes the request as an int: the upper half of the register does not count. */
			if (calls[i].rows[j].number == (uint32_t)call->arg[calls[i].arg])
				*ret_request = &calls[i].rows[j];
		}
		return true;
	}
	return false;
}
