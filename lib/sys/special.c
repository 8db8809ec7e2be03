/* What the kernel reads and writes where a length alone does not tell. Sizes and offsets are the uapi structures',
 * 64-bit. */
#include "lib/sys/walk.h"

#include <errno.h>

/* Returns the error of an expression that has one. */
#define TRY(call) \
	do { \
		struct error *try_err_ = (call); \
		if (try_err_) \
			return try_err_; \
	} while (0)

/* ---- struct iovec: base 0, len 8; 16 bytes ---- */

enum direction { TO_KERNEL, FROM_KERNEL };

/* count buffers, of which the first `limit` bytes are used. */
static struct error *walk_iovec(struct sys_walk *w, struct sys_range iov, uint64_t count, uint64_t limit,
				enum direction to)
{
	if (count > SYS_MAX_IOV)
		return NULL; /* EINVAL or EMSGSIZE */
	TRY(walk_in(w, iov, count * 16));
	for (uint64_t i = 0; i < count && limit; i++) {
		struct sys_range entry = walk_plus(iov, i * 16), buffer;
		uint64_t len;

		TRY(walk_peek(w, walk_plus(entry, 8), 8, &len));
		TRY(walk_follow(w, entry, &buffer));
		if (len > limit)
			len = limit;
		TRY(to == TO_KERNEL ? walk_in(w, buffer, len) : walk_out(w, buffer, len));
		limit -= len;
	}
	return NULL;
}

static struct error *special_readv(struct sys_walk *w)
{
	return walk_iovec(w, walk_arg(w, 1), w->call->arg[2], walk_used(w, SYS_MAX_RW), FROM_KERNEL);
}

static struct error *special_writev(struct sys_walk *w)
{
	return walk_iovec(w, walk_arg(w, 1), w->call->arg[2], walk_used(w, SYS_MAX_RW), TO_KERNEL);
}

/* ---- struct msghdr: name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48; 56 bytes ---- */

struct message {
	struct sys_range name, iov, control;
	uint64_t namelen, count, controllen;
};

static struct error *walk_message(struct sys_walk *w, struct sys_range msg, struct message *ret)
{
	TRY(walk_in(w, msg, 56));
	TRY(walk_follow(w, msg, &ret->name));
	TRY(walk_peek(w, walk_plus(msg, 8), 4, &ret->namelen));
	TRY(walk_follow(w, walk_plus(msg, 16), &ret->iov));
	TRY(walk_peek(w, walk_plus(msg, 24), 8, &ret->count));
	TRY(walk_follow(w, walk_plus(msg, 32), &ret->control));
	return walk_peek(w, walk_plus(msg, 40), 8, &ret->controllen);
}

static struct error *walk_sendmsg(struct sys_walk *w, struct sys_range msg)
{
	struct message m;

	TRY(walk_message(w, msg, &m));
	TRY(walk_in(w, m.name, m.namelen));
	TRY(walk_iovec(w, m.iov, m.count, SYS_MAX_RW, TO_KERNEL));
	return walk_in(w, m.control, m.controllen);
}

/* The lengths in the header are in and out: before the call they are the buffers', after it what was used of them. */
static struct error *walk_recvmsg(struct sys_walk *w, struct sys_range msg, uint64_t limit)
{
	struct message m;

	TRY(walk_message(w, msg, &m));
	if (m.name.address) {
		TRY(walk_out(w, walk_plus(msg, 8), 4));
		TRY(walk_out(w, m.name, m.namelen));
	}
	TRY(walk_out(w, walk_plus(msg, 40), 8));
	TRY(walk_out(w, walk_plus(msg, 48), 4));
	TRY(walk_iovec(w, m.iov, m.count, limit, FROM_KERNEL));
	m.control.layout = SYS_CMSGS;
	return walk_out(w, m.control, m.controllen);
}

static struct error *special_sendmsg(struct sys_walk *w)
{
	return walk_sendmsg(w, walk_arg(w, 1));
}

static struct error *special_recvmsg(struct sys_walk *w)
{
	return walk_recvmsg(w, walk_arg(w, 1), walk_used(w, SYS_MAX_RW));
}

/* struct mmsghdr: a msghdr, then msg_len 56; 64 bytes. The result counts messages. */
static struct error *special_sendmmsg(struct sys_walk *w)
{
	uint64_t vlen = (uint32_t)w->call->arg[2], count = walk_used(w, vlen < SYS_MAX_IOV ? vlen : SYS_MAX_IOV);

	for (uint64_t i = 0; i < count; i++) {
		struct sys_range message = walk_plus(walk_arg(w, 1), i * 64);

		if (w->phase == PHASE_READ)
			TRY(walk_sendmsg(w, message));
		TRY(walk_out(w, walk_plus(message, 56), 4));
	}
	return NULL;
}

static struct error *special_recvmmsg(struct sys_walk *w)
{
	uint64_t vlen = (uint32_t)w->call->arg[2], count = walk_used(w, vlen < SYS_MAX_IOV ? vlen : SYS_MAX_IOV);

	for (uint64_t i = 0; i < count; i++) {
		struct sys_range message = walk_plus(walk_arg(w, 1), i * 64);
		uint64_t limit = SYS_MAX_RW;

		if (w->phase == PHASE_WRITTEN)
			TRY(walk_peek(w, walk_plus(message, 56), 4, &limit));
		TRY(walk_recvmsg(w, message, limit));
		TRY(walk_out(w, walk_plus(message, 56), 4));
	}
	return walk_inout(w, walk_arg(w, 4), 16); /* the time that is left */
}

/* ---- Waiting ---- */

/* struct pollfd: fd 0, events 4, revents 6; 8 bytes. revents are stored before a signal is looked for. */
static struct error *walk_pollfds(struct sys_walk *w)
{
	uint64_t count = (uint32_t)w->call->arg[1];
	bool failed = w->phase == PHASE_WRITTEN && sys_failed(w->call->result) && !walk_interrupted(w);

	if (count > SYS_MAX_FDS || failed)
		return NULL;
	TRY(walk_in(w, walk_arg(w, 0), count * 8));
	for (uint64_t i = 0; i < count; i++)
		TRY(walk_out_always(w, walk_plus(walk_arg(w, 0), i * 8 + 6), 2));
	return NULL;
}

/* The time left is stored whatever the outcome (fs/select.c, poll_select_finish()). */
static struct error *walk_time_left(struct sys_walk *w, unsigned arg)
{
	TRY(walk_in(w, walk_arg(w, arg), 16));
	return walk_out_always(w, walk_arg(w, arg), 16);
}

static struct error *special_ppoll(struct sys_walk *w)
{
	TRY(walk_pollfds(w));
	return walk_time_left(w, 2);
}

/* Sets of as many bits as descriptors, in whole words. The kernel cuts the number to the size of its descriptor table.
 */
static struct error *special_select(struct sys_walk *w)
{
	int32_t num = (int32_t)w->call->arg[0];
	uint64_t bytes = num <= 0 ? 0 : ((uint64_t)num + 63) / 64 * 8;

	if (num <= SYS_MAX_FDS) {
		for (unsigned arg = 1; arg <= 3; arg++)
			TRY(walk_inout(w, walk_arg(w, arg), bytes));
	}
	return walk_time_left(w, 4);
}

/* struct epoll_event: events at 0, the data, which is the guest's and often a pointer, at data_at; size bytes. */
static struct error *walk_epoll_events(struct sys_walk *w, uint64_t data_at, uint64_t size)
{
	int32_t capacity = (int32_t)w->call->arg[2];
	uint64_t count = capacity <= 0 ? 0 : walk_used(w, (uint64_t)capacity);

	if (w->phase != PHASE_WRITTEN)
		return walk_out(w, walk_arg(w, 1), count * size);
	for (uint64_t i = 0; i < count; i++) {
		struct sys_range event = walk_plus(walk_arg(w, 1), i * size), data = walk_plus(event, data_at);

		data.addresses = 1;
		TRY(walk_out(w, event, 4));
		TRY(walk_out(w, data, 8));
	}
	return NULL;
}

/* Packed on x86-64. */
static struct error *special_epoll_wait(struct sys_walk *w)
{
	return walk_epoll_events(w, 4, 12);
}

static struct error *special_epoll_wait_generic(struct sys_walk *w)
{
	return walk_epoll_events(w, 8, 16);
}

static struct error *walk_remaining(struct sys_walk *w, unsigned arg)
{
	return walk_interrupted(w) ? walk_out_always(w, walk_arg(w, arg), 16) : NULL;
}

static struct error *special_nanosleep(struct sys_walk *w)
{
	return walk_remaining(w, 1);
}

static struct error *special_clock_nanosleep(struct sys_walk *w)
{
	enum { KERNEL_TIMER_ABSTIME = 1 };

	return w->call->arg[1] & KERNEL_TIMER_ABSTIME ? NULL : walk_remaining(w, 3);
}

/* ---- Processes ---- */

/* Nothing is stored when there was no child to report. */
static struct error *special_wait4(struct sys_walk *w)
{
	if (w->phase == PHASE_WRITTEN && w->call->result <= 0)
		return NULL;
	TRY(walk_out(w, walk_arg(w, 1), 4));
	return walk_out(w, walk_arg(w, 3), 144);
}

/*
 * The six fields of struct siginfo are stored one by one and around the padding at 12, and whatever the outcome
 * (kernel/exit.c, waitid()); the usage only for a child.
 */
static struct error *special_waitid(struct sys_walk *w)
{
	TRY(walk_out_always(w, walk_arg(w, 2), 12));
	TRY(walk_out_always(w, walk_plus(walk_arg(w, 2), 16), 12));
	return walk_out(w, walk_arg(w, 4), 144);
}

/* struct __user_cap_header: version, pid. An unknown version is answered by the kernel's own. */
static struct error *walk_cap_header(struct sys_walk *w, uint64_t *ret_data_len)
{
	enum { CAPABILITY_VERSION_1 = 0x19980330 };
	uint64_t version;
	bool asked = w->phase == PHASE_WRITTEN && !sys_failed(w->call->result) && !w->call->arg[1];

	TRY(walk_peek(w, walk_arg(w, 0), 4, &version));
	TRY(walk_in(w, walk_arg(w, 0), 8));
	if (asked || walk_failed_with(w, EINVAL))
		TRY(walk_out_always(w, walk_arg(w, 0), 4));
	*ret_data_len = version == CAPABILITY_VERSION_1 ? 12 : 24;
	return NULL;
}

static struct error *special_capget(struct sys_walk *w)
{
	uint64_t len;

	TRY(walk_cap_header(w, &len));
	return walk_out(w, walk_arg(w, 1), len);
}

static struct error *special_capset(struct sys_walk *w)
{
	uint64_t len;

	TRY(walk_cap_header(w, &len));
	return walk_in(w, walk_arg(w, 1), len);
}

/* struct sched_attr begins with its size; one that the kernel does not take is answered by the kernel's own (E2BIG). */
static struct error *special_sched_setattr(struct sys_walk *w)
{
	enum { SCHED_ATTR_SIZE_VER0 = 48 };
	uint64_t size;

	TRY(walk_peek(w, walk_arg(w, 1), 4, &size));
	if (size <= SYS_PAGE)
		TRY(walk_in(w, walk_arg(w, 1), size ? size : SCHED_ATTR_SIZE_VER0));
	return walk_failed_with(w, E2BIG) ? walk_out_always(w, walk_arg(w, 1), 4) : NULL;
}

/* ---- Futexes: what each operation does with the two words and with argument 3 ---- */

static struct error *special_futex(struct sys_walk *w)
{
	enum { FUTEX_COMMAND = 0x7f };
	static const struct {
		bool reads, writes; /* the first word */
		bool writes_second;
		bool timeout; /* argument 3 is a struct timespec */
	} commands[] = {
		[0] = {.reads = true, .timeout = true},                         /* WAIT */
		[4] = {.reads = true},                                          /* CMP_REQUEUE */
		[5] = {.writes_second = true},                                  /* WAKE_OP */
		[6] = {.reads = true, .writes = true, .timeout = true},         /* LOCK_PI */
		[7] = {.reads = true, .writes = true},                          /* UNLOCK_PI */
		[8] = {.reads = true, .writes = true},                          /* TRYLOCK_PI */
		[9] = {.reads = true, .timeout = true},                         /* WAIT_BITSET */
		[11] = {.reads = true, .writes_second = true, .timeout = true}, /* WAIT_REQUEUE_PI */
		[12] = {.reads = true, .writes_second = true},                  /* CMP_REQUEUE_PI */
		[13] = {.reads = true, .writes = true, .timeout = true},        /* LOCK_PI2 */
	};
	uint64_t command = w->call->arg[1] & FUTEX_COMMAND;

	if (command >= sizeof commands / sizeof *commands)
		return NULL;
	if (commands[command].reads)
		TRY(walk_in(w, walk_arg(w, 0), 4));
	if (commands[command].timeout)
		TRY(walk_in(w, walk_arg(w, 3), 16));
	/* The kernel marks waiters in the word also when the call then fails. */
	if (commands[command].writes)
		TRY(walk_out_always(w, walk_arg(w, 0), 4));
	return commands[command].writes_second ? walk_out_always(w, walk_arg(w, 4), 4) : NULL;
}

/* ---- Memory policy: masks of maxnode - 1 bits in whole words ---- */

static uint64_t node_bytes(uint64_t maxnode)
{
	if (maxnode < 2 || maxnode > (uint64_t)SYS_PAGE * 8 + 1)
		return 0;
	return (maxnode - 1 + 63) / 64 * 8;
}

static struct error *special_get_mempolicy(struct sys_walk *w)
{
	return walk_out(w, walk_arg(w, 1), node_bytes(w->call->arg[2]));
}

static struct error *special_set_mempolicy(struct sys_walk *w)
{
	return walk_in(w, walk_arg(w, 1), node_bytes(w->call->arg[2]));
}

static struct error *special_mbind(struct sys_walk *w)
{
	return walk_in(w, walk_arg(w, 3), node_bytes(w->call->arg[4]));
}

static struct error *special_migrate_pages(struct sys_walk *w)
{
	TRY(walk_in(w, walk_arg(w, 2), node_bytes(w->call->arg[1])));
	return walk_in(w, walk_arg(w, 3), node_bytes(w->call->arg[1]));
}

/* A byte a page. */
static struct error *special_mincore(struct sys_walk *w)
{
	uint64_t len = w->call->arg[1];

	return walk_out(w, walk_arg(w, 2), len / SYS_PAGE + (len % SYS_PAGE != 0));
}

/* ---- The rest ---- */

/* struct msgbuf: the type, 8 bytes, then the text, which alone the sizes count. */
static struct error *special_msgsnd(struct sys_walk *w)
{
	return w->call->arg[2] < SYS_MAX_RW ? walk_in(w, walk_arg(w, 1), 8 + w->call->arg[2]) : NULL;
}

static struct error *special_msgrcv(struct sys_walk *w)
{
	return w->call->arg[2] < SYS_MAX_RW ? walk_out(w, walk_arg(w, 1), 8 + walk_used(w, w->call->arg[2])) : NULL;
}

/*
 * struct file_handle: handle_bytes 0, handle_type 4, then the handle. When it does not fit (EOVERFLOW), the bytes
 * wanted and the mount are still stored (fs/fhandle.c, do_sys_name_to_handle()).
 */
static struct error *special_name_to_handle_at(struct sys_walk *w)
{
	enum { MAX_HANDLE_SZ = 128, AT_HANDLE_MNT_ID_UNIQUE = 1 };
	bool too_small = w->phase == PHASE_WRITTEN && walk_failed_with(w, EOVERFLOW);
	uint64_t bytes, mount = w->call->arg[4] & AT_HANDLE_MNT_ID_UNIQUE ? 8 : 4;

	TRY(walk_peek(w, walk_arg(w, 2), 4, &bytes));
	TRY(walk_in(w, walk_arg(w, 2), 8));
	if (too_small) {
		TRY(walk_out_always(w, walk_arg(w, 2), 8));
		return walk_out_always(w, walk_arg(w, 3), mount);
	}
	TRY(walk_out(w, walk_arg(w, 2), 8 + (bytes < MAX_HANDLE_SZ ? bytes : MAX_HANDLE_SZ)));
	return walk_out(w, walk_arg(w, 3), mount);
}

/* struct statmount begins with the length of what was stored. */
static struct error *special_statmount(struct sys_walk *w)
{
	uint64_t capacity = w->call->arg[2], len = capacity;

	if (w->phase == PHASE_WRITTEN)
		TRY(walk_peek(w, walk_arg(w, 1), 4, &len));
	return walk_out(w, walk_arg(w, 1), len < capacity ? len : capacity);
}

static struct error *special_open_by_handle_at(struct sys_walk *w)
{
	uint64_t bytes;

	TRY(walk_peek(w, walk_arg(w, 1), 4, &bytes));
	return bytes <= SYS_PAGE ? walk_in(w, walk_arg(w, 1), 8 + bytes) : NULL;
}

/* Of a request without a row, which the kernel has refused or will refuse, if the call is to be recorded at all. */
static struct error *walk_unknown_request(struct sys_walk *w, enum sys_sem sem)
{
	unsigned arg = sys_request_arg(sem);

	if (sem != SYS_IOCTL)
		return NULL;
	w->faulted = true; /* nothing need be there */
	return walk_out_always(w, walk_arg(w, arg + 1), sys_encoded_out(w->call->arg[arg]));
}

/* ioctl, fcntl, prctl, arch_prctl: by request. */
static struct error *special_request(struct sys_walk *w)
{
	enum sys_sem sem = sys_describe_call(w->call)->sem;
	const struct sys_request *request = NULL;

	sys_find_request(w->call, sem, &request);
	if (!request)
		return walk_unknown_request(w, sem);
	unsigned arg = sys_request_arg(sem) + 1;
	struct sys_range place = walk_arg(w, arg);
	place.addresses = request->addresses;
	/* One that has a size takes the whole: prctl(PR_GET_AUXV, buffer, size). */
	if (request->out == SYS_REQUEST_RESULT)
		return walk_out(w, place, walk_used(w, w->call->arg[arg + 1]));
	TRY(walk_in(w, place, request->in));
	return walk_out(w, place, request->out);
}

sys_special sys_special_of(enum sys_sem sem)
{
	static const sys_special handlers[SYS_NUM_SEMS] = {
		[SYS_READV] = special_readv,
		[SYS_PREADV] = special_readv,
		[SYS_PREADV2] = special_readv,
		[SYS_WRITEV] = special_writev,
		[SYS_PWRITEV] = special_writev,
		[SYS_PWRITEV2] = special_writev,
		[SYS_SENDMSG] = special_sendmsg,
		[SYS_RECVMSG] = special_recvmsg,
		[SYS_SENDMMSG] = special_sendmmsg,
		[SYS_RECVMMSG] = special_recvmmsg,
		[SYS_POLL] = walk_pollfds,
		[SYS_PPOLL] = special_ppoll,
		[SYS_SELECT] = special_select,
		[SYS_PSELECT6] = special_select,
		[SYS_EPOLL_WAIT] = special_epoll_wait,
		[SYS_EPOLL_PWAIT] = special_epoll_wait,
		[SYS_EPOLL_PWAIT2] = special_epoll_wait,
		[SYS_EPOLL_PWAIT_GENERIC] = special_epoll_wait_generic,
		[SYS_EPOLL_PWAIT2_GENERIC] = special_epoll_wait_generic,
		[SYS_NANOSLEEP] = special_nanosleep,
		[SYS_CLOCK_NANOSLEEP] = special_clock_nanosleep,
		[SYS_WAIT4] = special_wait4,
		[SYS_WAITID] = special_waitid,
		[SYS_CAPGET] = special_capget,
		[SYS_CAPSET] = special_capset,
		[SYS_SCHED_SETATTR] = special_sched_setattr,
		[SYS_FUTEX] = special_futex,
		[SYS_GET_MEMPOLICY] = special_get_mempolicy,
		[SYS_SET_MEMPOLICY] = special_set_mempolicy,
		[SYS_MBIND] = special_mbind,
		[SYS_MIGRATE_PAGES] = special_migrate_pages,
		[SYS_MINCORE] = special_mincore,
		[SYS_MSGSND] = special_msgsnd,
		[SYS_MSGRCV] = special_msgrcv,
		[SYS_NAME_TO_HANDLE_AT] = special_name_to_handle_at,
		[SYS_OPEN_BY_HANDLE_AT] = special_open_by_handle_at,
		[SYS_STATMOUNT] = special_statmount,
		[SYS_IOCTL] = special_request,
		[SYS_FCNTL] = special_request,
		[SYS_PRCTL] = special_request,
		[SYS_ARCH_PRCTL] = special_request,
	};

	return (unsigned)sem < SYS_NUM_SEMS ? handlers[sem] : NULL;
}
