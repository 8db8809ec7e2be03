/*
 * Inside lib/sys: a walk over the memory of one call. The same description of a call serves three questions, told apart
 * by the phase; handlers name every place that the kernel reads or writes, and the walk keeps those that were asked
 * for.
 */
#ifndef LIB_SYS_WALK_H
#define LIB_SYS_WALK_H

#include "lib/sys/sys.h"

enum sys_phase {
	PHASE_READ,      /* before the call: what does the kernel read? */
	PHASE_MAY_WRITE, /* before the call: what may it write? */
	PHASE_WRITTEN,   /* after the call: what did it write? */
};

struct sys_walk {
	const struct sys_call *call;
	const struct sys_memory *memory;
	enum sys_phase phase;
	bool faulted; /* the call ended with EFAULT: the phase is PHASE_MAY_WRITE, and only readable memory is kept */
	sys_ranges *ranges;
};

/* More than the kernel takes in one call: keeps a guest's nonsense from becoming ours. */
enum { SYS_MAX_RW = 0x7ffff000, SYS_MAX_IOV = 1024, SYS_MAX_FDS = 1 << 20, SYS_PAGE = 4096, SYS_PATH_MAX = 4096 };

/* A place without length: what argument arg points to. */
struct sys_range walk_arg(const struct sys_walk *w, unsigned arg);
/* offset bytes further. */
struct sys_range walk_plus(struct sys_range place, uint64_t offset);
/* What the pointer at place points to. ERROR_FAULT if the pointer cannot be read. */
struct error *walk_follow(const struct sys_walk *w, struct sys_range place, struct sys_range *ret);

/* Reads len bytes (1-8) at place as a little-endian number. */
struct error *walk_peek(const struct sys_walk *w, struct sys_range place, unsigned len, uint64_t *ret);

/* The kernel reads len bytes at place. Nothing is kept of NULL places and empty ranges, here and below. */
struct error *walk_in(struct sys_walk *w, struct sys_range place, uint64_t len);
/* The kernel writes len bytes at place if the call succeeds. */
struct error *walk_out(struct sys_walk *w, struct sys_range place, uint64_t len);
/* The kernel writes len bytes at place whatever becomes of the call; the handler has looked at the result. */
struct error *walk_out_always(struct sys_walk *w, struct sys_range place, uint64_t len);
/* The kernel reads and, if the call succeeds, writes len bytes. */
struct error *walk_inout(struct sys_walk *w, struct sys_range place, uint64_t len);
/* The kernel reads a NUL-terminated string. */
struct error *walk_string(struct sys_walk *w, struct sys_range place);

/* How much of capacity the result says was used; all of it before the call. */
uint64_t walk_used(const struct sys_walk *w, uint64_t capacity);
/* True after a call that failed with -errnum, and in PHASE_MAY_WRITE. */
bool walk_failed_with(const struct sys_walk *w, int errnum);
/* True after a call that a signal cut short, and in PHASE_MAY_WRITE. */
bool walk_interrupted(const struct sys_walk *w);

/* The handler of a meaning's LEN_SPECIAL arguments; NULL if it needs none. */
typedef struct error *(*sys_special)(struct sys_walk *w);
sys_special sys_special_of(enum sys_sem sem);

/*
 * A request of a multiplexed call (ioctl, fcntl, prctl, arch_prctl): what it does with the memory that its pointer
 * argument points to.
 */
enum { SYS_REQUEST_RESULT = 0xffff };

struct sys_request {
	uint32_t number;
	uint16_t in, out;  /* bytes that the kernel reads and writes; out may be SYS_REQUEST_RESULT */
	uint8_t addresses; /* as in struct sys_range, of out */
	enum sys_policy policy;
	const char *args; /* what the kernel looks at behind the request, a letter each: request.def */
	const char *name;
};

/* True if the meaning is refined by requests; ret_request is then the call's row, or NULL for an unknown request. */
bool sys_find_request(const struct sys_call *call, enum sys_sem sem, const struct sys_request **ret_request);

/* Bytes that an ioctl of this number writes, by what the number itself says of it; 0: none. */
uint64_t sys_encoded_out(uint64_t number);

/* Which argument is the request, or another command. */
unsigned sys_request_arg(enum sys_sem sem);

/*
 * The letter of args for an argument behind the call's command; 0 if the call has none, or one without a row that does
 * not decide. Of a request without a row, which no kernel looks at further, the memory that its number speaks of alone
 * counts.
 */
char sys_command_letter(const struct sys_call *call, enum sys_sem sem, unsigned arg);

/* All rows of all calls, for tests. */
size_t sys_num_requests(void);
const struct sys_request *sys_request_at(size_t index, enum sys_sem *ret_sem);

#endif
