#include "lib/sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <termios.h>

#include "lib/base/map.h"
#include "lib/sys/walk.h"
#include "lib/testing/assert.h"

/* ---- The tables ---- */

/* Every number of every ISA has a meaning: nothing unclassified can reach a kernel. */
START_TEST(all_classified)
{
	for (size_t i = 0; isas[i]; i++) {
		ck_assert_uint_gt(isas[i]->sys.num_rows, 0);
		for (uint32_t j = 0; j < isas[i]->sys.num_rows; j++) {
			const struct sysno *row = &isas[i]->sys.table[j];

			ck_assert_msg(sys_meaning(row) != SYS_UNCLASSIFIED, "%s: %s has no meaning", isas[i]->name,
				      row->name);
			ck_assert_ptr_eq(sys_lookup(isas[i], row->number), row);
		}
		ck_assert_ptr_null(sys_lookup(isas[i], 0xffff));
	}
}
END_TEST

START_TEST(most_work)
{
	for (size_t i = 0; isas[i]; i++) {
		unsigned count[SYS_PASS + 1] = {0};

		for (uint32_t j = 0; j < isas[i]->sys.num_rows; j++)
			count[sys_describe(sys_meaning(&isas[i]->sys.table[j]))->policy]++;
		for (unsigned policy = 0; policy <= SYS_PASS; policy++)
			printf("%s: %s: %u\n", isas[i]->name, sys_policy_name(policy), count[policy]);
		ck_assert_uint_ge(isas[i]->sys.num_rows - count[SYS_REJECT], 120);
	}
}
END_TEST

/* Rows that contradict themselves: a buffer without a length, a length from an argument that is none. */
START_TEST(consistent)
{
	const struct sys_desc *desc = sys_describe(_i);
	bool special = false, ended = false;

	for (unsigned i = 0; i < 6; i++) {
		const struct sys_arg *arg = &desc->arg[i];
		bool buffer = arg->kind >= ARG_IN, refers = arg->len >= LEN_ARG && arg->len <= LEN_LENGTH;

		ck_assert_msg(!(ended && arg->kind != ARG_NONE), "%s: a hole before argument %u", desc->name, i);
		ended = arg->kind == ARG_NONE;
		ck_assert_msg(buffer == (arg->len != LEN_NONE && arg->len != LEN_STRING), "%s: argument %u", desc->name,
			      i);
		ck_assert_msg(!refers || (arg->of < 6 && arg->of != i && desc->arg[arg->of].kind != ARG_NONE),
			      "%s: argument %u refers to nothing", desc->name, i);
		special |= arg->len == LEN_SPECIAL;
	}
	/* A rejected call's memory is never asked for. */
	ck_assert_msg(special == !!sys_special_of(desc->sem) || desc->policy == SYS_REJECT, "%s: its handler",
		      desc->name);
}
END_TEST

/* Numbers written down against those of this machine's headers. */
/* clang-format off */
#define REQUEST(sem, name) {SYS_##sem, #name, name}
static const struct {
	enum sys_sem sem;
	const char *name;
	uint64_t number;
} requests[] = {
	REQUEST(IOCTL, TCGETS), REQUEST(IOCTL, TCSETS), REQUEST(IOCTL, TCSETSW), REQUEST(IOCTL, TCSETSF),
	REQUEST(IOCTL, TCGETA), REQUEST(IOCTL, TCSETA), REQUEST(IOCTL, TCSBRK), REQUEST(IOCTL, TCXONC),
	REQUEST(IOCTL, TCFLSH), REQUEST(IOCTL, TIOCEXCL), REQUEST(IOCTL, TIOCNXCL), REQUEST(IOCTL, TIOCSCTTY),
	REQUEST(IOCTL, TIOCGPGRP), REQUEST(IOCTL, TIOCSPGRP), REQUEST(IOCTL, TIOCOUTQ), REQUEST(IOCTL, TIOCSTI),
	REQUEST(IOCTL, TIOCGWINSZ), REQUEST(IOCTL, TIOCSWINSZ), REQUEST(IOCTL, TIOCMGET), REQUEST(IOCTL, TIOCMSET),
	REQUEST(IOCTL, FIONREAD), REQUEST(IOCTL, FIONBIO), REQUEST(IOCTL, TIOCNOTTY), REQUEST(IOCTL, TIOCSETD),
	REQUEST(IOCTL, TIOCGETD), REQUEST(IOCTL, TCSBRKP), REQUEST(IOCTL, TIOCGSID), REQUEST(IOCTL, TIOCGPTN),
	REQUEST(IOCTL, TIOCSPTLCK), REQUEST(IOCTL, TIOCGPTPEER), REQUEST(IOCTL, FIONCLEX), REQUEST(IOCTL, FIOCLEX),
	REQUEST(IOCTL, FIOASYNC), REQUEST(IOCTL, FIOQSIZE), REQUEST(IOCTL, FICLONE), REQUEST(IOCTL, FICLONERANGE),
	REQUEST(IOCTL, FS_IOC_GETFLAGS), REQUEST(IOCTL, FS_IOC_SETFLAGS), REQUEST(IOCTL, FS_IOC_GETVERSION),
	REQUEST(IOCTL, FS_IOC_FSGETXATTR), REQUEST(IOCTL, BLKROGET), REQUEST(IOCTL, BLKGETSIZE),
	REQUEST(IOCTL, BLKSSZGET), REQUEST(IOCTL, BLKBSZGET), REQUEST(IOCTL, BLKGETSIZE64),
	REQUEST(IOCTL, SIOCATMARK), REQUEST(IOCTL, SIOCGIFNAME), REQUEST(IOCTL, SIOCGIFFLAGS),
	REQUEST(IOCTL, SIOCGIFADDR), REQUEST(IOCTL, SIOCGIFNETMASK), REQUEST(IOCTL, SIOCGIFMTU),
	REQUEST(IOCTL, SIOCGIFHWADDR), REQUEST(IOCTL, SIOCGIFINDEX),
	REQUEST(FCNTL, F_DUPFD), REQUEST(FCNTL, F_GETLK), REQUEST(FCNTL, F_SETLK), REQUEST(FCNTL, F_SETLKW),
	REQUEST(FCNTL, F_SETOWN), REQUEST(FCNTL, F_GETOWN), REQUEST(FCNTL, F_SETSIG), REQUEST(FCNTL, F_SETOWN_EX),
	REQUEST(FCNTL, F_GETOWN_EX), REQUEST(FCNTL, F_OFD_GETLK), REQUEST(FCNTL, F_OFD_SETLK),
	REQUEST(FCNTL, F_OFD_SETLKW), REQUEST(FCNTL, F_SETLEASE), REQUEST(FCNTL, F_NOTIFY),
	REQUEST(FCNTL, F_DUPFD_CLOEXEC), REQUEST(FCNTL, F_SETPIPE_SZ), REQUEST(FCNTL, F_GETPIPE_SZ),
	REQUEST(FCNTL, F_ADD_SEALS), REQUEST(FCNTL, F_GET_SEALS), REQUEST(FCNTL, F_GET_RW_HINT),
	REQUEST(FCNTL, F_SET_FILE_RW_HINT),
	REQUEST(PRCTL, PR_SET_PDEATHSIG), REQUEST(PRCTL, PR_GET_PDEATHSIG), REQUEST(PRCTL, PR_GET_DUMPABLE),
	REQUEST(PRCTL, PR_SET_NAME), REQUEST(PRCTL, PR_GET_NAME), REQUEST(PRCTL, PR_SET_SECCOMP),
	REQUEST(PRCTL, PR_CAPBSET_READ), REQUEST(PRCTL, PR_GET_TSC), REQUEST(PRCTL, PR_SET_TSC),
	REQUEST(PRCTL, PR_SET_TIMERSLACK), REQUEST(PRCTL, PR_SET_MM), REQUEST(PRCTL, PR_GET_CHILD_SUBREAPER),
	REQUEST(PRCTL, PR_SET_NO_NEW_PRIVS), REQUEST(PRCTL, PR_GET_TID_ADDRESS), REQUEST(PRCTL, PR_SET_THP_DISABLE),
	REQUEST(PRCTL, PR_CAP_AMBIENT), REQUEST(PRCTL, PR_SET_SYSCALL_USER_DISPATCH), REQUEST(PRCTL, PR_SET_VMA),
	REQUEST(PRCTL, PR_SET_PTRACER),
};
/* clang-format on */

START_TEST(request_numbers)
{
	struct sys_call call = {.number = 0};
	const struct sys_request *request;

	call.arg[sys_request_arg(requests[_i].sem)] = requests[_i].number;
	ck_assert(sys_find_request(&call, requests[_i].sem, &request));
	ck_assert_msg(request, "%s has no row", requests[_i].name);
	ck_assert_str_eq(request->name, requests[_i].name);
}
END_TEST

/* ---- Calls over a page of memory ---- */

enum { PAGE_AT = 0x10000, PAGE_LEN = 4096 };

struct page {
	uint8_t bytes[PAGE_LEN];
};

static struct error *read_page(void *ctx, uint64_t address, void *ret, size_t len)
{
	const struct page *page = ctx;

	if (address < PAGE_AT || address - PAGE_AT > PAGE_LEN || len > PAGE_LEN - (address - PAGE_AT))
		return error_fault(address);
	memcpy(ret, page->bytes + (address - PAGE_AT), len);
	return NULL;
}

static void put(struct page *page, uint64_t offset, uint64_t value, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		page->bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

static struct sys_call call_on(const struct isa *isa, const char *name)
{
	for (uint32_t i = 0; i < isa->sys.num_rows; i++) {
		if (!strcmp(isa->sys.table[i].name, name))
			return (struct sys_call){.row = &isa->sys.table[i], .number = isa->sys.table[i].number};
	}
	ck_abort_msg("%s: no such call", name);
}

static struct sys_call call_of(const char *name)
{
	return call_on(isa_by_name("x86_64"), name);
}

/* "arg+offset:len", pointers as "[offset]": "1[0]+0:5 1[16]+0:3". */
static const char *text_of(const sys_ranges *ranges, struct strbuf *out)
{
	strbuf_clear(out);
	for (size_t i = 0; i < ranges->len; i++) {
		const struct sys_range *range = &ranges->at[i];

		strbuf_printf(out, "%s%u", i ? " " : "", range->arg);
		for (unsigned j = 0; j + 1 < range->depth; j++)
			strbuf_printf(out, "[%u]", range->offset[j]);
		strbuf_printf(out, "+%u:%lu", range->offset[range->depth - 1], (unsigned long)range->len);
	}
	return strbuf_text(out);
}

static void check_written(const struct sys_call *call, struct page *page, const char *expected)
{
	struct sys_memory memory = {page, read_page};
	struct strbuf text = {0};
	sys_ranges ranges = {0};

	ck_no_error(sys_written(call, &memory, &ranges));
	ck_assert_str_eq(text_of(&ranges, &text), expected);
	for (size_t i = 0; i < ranges.len; i++) {
		uint64_t address;

		ck_no_error(sys_range_locate(&ranges.at[i], call->arg, &memory, &address));
		ck_assert_uint_eq(address, ranges.at[i].address);
	}
	vec_deinit(&ranges);
	strbuf_deinit(&text);
}

START_TEST(short_results)
{
	struct page page = {{0}};
	struct sys_call call = call_of("read");

	call.arg[1] = PAGE_AT;
	call.arg[2] = 100;
	call.result = 7;
	check_written(&call, &page, "1+0:7");
	call.result = 0;
	check_written(&call, &page, "");
	call.result = -EAGAIN;
	check_written(&call, &page, "");
	/* The result may be what would have fitted: recv with MSG_TRUNC. */
	call = call_of("recvfrom");
	call.arg[1] = PAGE_AT;
	call.arg[2] = 3;
	call.result = 8;
	check_written(&call, &page, "1+0:3");
	call = call_of("getgroups");
	call.result = 5;
	check_written(&call, &page, "");
}
END_TEST

START_TEST(chains)
{
	struct page page = {{0}};
	struct sys_call call = call_of("readv");

	put(&page, 0x100, PAGE_AT + 0x200, 8);
	put(&page, 0x108, 10, 8);
	put(&page, 0x110, PAGE_AT + 0x300, 8);
	put(&page, 0x118, 20, 8);
	call.arg[1] = PAGE_AT + 0x100;
	call.arg[2] = 2;
	call.result = 13;
	check_written(&call, &page, "1[0]+0:10 1[16]+0:3");
	call = call_of("recvmsg");
	put(&page, 0x10, PAGE_AT + 0x100, 8);
	put(&page, 0x18, 2, 8);
	call.arg[1] = PAGE_AT;
	call.result = 11;
	check_written(&call, &page, "1+40:8 1+48:4 1[16][0]+0:10 1[16][16]+0:1");
}
END_TEST

/* Structures of the generic ABI: struct stat, and struct epoll_event, of which the kernel leaves the padding alone. */
START_TEST(generic_layouts)
{
	const struct isa *isa = isa_by_name("aarch64");
	struct page page = {{0}};
	struct sys_call call = call_on(isa, "fstat");

	call.arg[1] = PAGE_AT;
	check_written(&call, &page, "1+0:128");
	call = call_on(isa, "newfstatat");
	call.arg[1] = PAGE_AT;
	call.arg[2] = PAGE_AT + 8;
	check_written(&call, &page, "2+0:128");
	call = call_on(isa, "epoll_pwait");
	call.arg[1] = PAGE_AT;
	call.arg[2] = 3;
	call.result = 2;
	check_written(&call, &page, "1+0:4 1+8:8 1+16:4 1+24:8");
}
END_TEST

START_TEST(faults)
{
	struct page page = {{0}};
	struct sys_call call = call_of("stat");

	call.arg[0] = PAGE_AT;
	call.arg[1] = PAGE_AT + PAGE_LEN - 40;
	call.result = -EFAULT;
	check_written(&call, &page, "1+0:40");
	call.arg[1] = PAGE_AT + PAGE_LEN;
	check_written(&call, &page, "");
	/* A failure before the kernel came to look at the pointer. */
	call = call_of("accept");
	call.arg[1] = call.arg[2] = 8;
	call.result = -EBADF;
	check_written(&call, &page, "");
}
END_TEST

START_TEST(interruptions)
{
	struct page page = {{0}};
	struct sys_call call = call_of("nanosleep");

	call.arg[0] = PAGE_AT;
	call.arg[1] = PAGE_AT + 16;
	check_written(&call, &page, "");
	call.result = -EINTR;
	check_written(&call, &page, "1+0:16");
	call.result = -516; /* ERESTART_RESTARTBLOCK */
	check_written(&call, &page, "1+0:16");
	call.result = -EINVAL;
	check_written(&call, &page, "");
}
END_TEST

/* A socket address that was cut: the kernel reports its true length. */
START_TEST(clipped)
{
	struct page page = {{0}};
	struct sys_memory memory = {&page, read_page};
	struct sys_call call = call_of("getsockname");
	struct strbuf text = {0};
	sys_ranges may = {0}, written = {0};

	call.arg[1] = PAGE_AT + 0x10;
	call.arg[2] = PAGE_AT;
	put(&page, 0, 4, 4);
	ck_no_error(sys_may_write(&call, &memory, &may));
	put(&page, 0, 110, 4);
	ck_no_error(sys_written(&call, &memory, &written));
	ck_assert_str_eq(text_of(&written, &text), "1+0:110 2+0:4");
	sys_clip(&written, &may);
	ck_assert_str_eq(text_of(&written, &text), "1+0:4 2+0:4");
	vec_deinit(&may);
	vec_deinit(&written);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(addresses)
{
	struct page page = {{0}};
	struct sys_memory memory = {&page, read_page};
	struct sys_call call = call_of("rt_sigaction");
	sys_ranges written = {0};

	call.arg[2] = PAGE_AT;
	ck_no_error(sys_written(&call, &memory, &written));
	ck_assert_uint_eq(written.len, 1);
	ck_assert_uint_eq(written.at[0].addresses, 5); /* handler and restorer */
	vec_deinit(&written);
}
END_TEST

START_TEST(strings)
{
	struct page page = {{0}};
	struct sys_memory memory = {&page, read_page};
	struct sys_call call = call_of("openat");
	struct strbuf text = {0};
	sys_ranges ranges = {0};

	memcpy(page.bytes + 0x800, "/etc/pass\"wd", 13);
	memset(page.bytes + 0xff0, 'x', 16);
	call.arg[0] = (uint64_t)AT_FDCWD;
	call.arg[1] = PAGE_AT + 0x800;
	call.arg[2] = O_CLOEXEC;
	ck_no_error(sys_read(&call, &memory, &ranges));
	ck_assert_str_eq(text_of(&ranges, &text), "1+0:13");
	strbuf_clear(&text);
	sys_format(&text, &call, &memory);
	sys_format_result(&text, -ENOENT);
	ck_assert_str_eq(strbuf_text(&text), "openat(AT_FDCWD, \"/etc/pass\\\"wd\", 0x80000) = -2 (ENOENT)");
	strbuf_clear(&text);
	sys_format(&text, &call, NULL);
	ck_assert_str_eq(strbuf_text(&text), "openat(AT_FDCWD, 0x10800, 0x80000)");
	/* A string that runs off the end of memory. */
	call.arg[1] = PAGE_AT + 0xff0;
	ranges.len = 0;
	ck_no_error(sys_read(&call, &memory, &ranges));
	ck_assert_uint_eq(ranges.len, 0);
	vec_deinit(&ranges);
	strbuf_deinit(&text);
}
END_TEST

START_TEST(decisions)
{
	enum sys_policy policy;
	struct sys_call call = call_of("read"), unknown = {.number = 9999};

	ck_no_error(sys_decide(&call, &policy));
	ck_assert_int_eq(policy, SYS_EMULATE);
	call = call_of("mmap");
	ck_no_error(sys_decide(&call, &policy));
	ck_assert_int_eq(policy, SYS_EXECUTE);
	call = call_of("clone3");
	ck_error(sys_decide(&call, &policy), ERROR_UNSUPPORTED, "clone3 (435)");
	ck_error(sys_decide(&unknown, &policy), ERROR_UNSUPPORTED, "9999");
	ck_assert_uint_eq(sys_describe(sys_meaning(unknown.row))->policy, SYS_REJECT);
	call = call_of("ioctl");
	call.arg[1] = 0xdead;
	ck_error(sys_decide(&call, &policy), ERROR_UNSUPPORTED, "ioctl (16) with request 0xdead");
	call = call_of("prctl");
	call.arg[0] = PR_SET_SECCOMP;
	ck_error(sys_decide(&call, &policy), ERROR_UNSUPPORTED, "PR_SET_SECCOMP");
	call.arg[0] = PR_SET_NAME;
	ck_no_error(sys_decide(&call, &policy));
	ck_assert_int_eq(policy, SYS_EMULATE);
}
END_TEST

START_TEST(refusals)
{
	static const struct {
		const char *name;
		uint64_t arg[3];
		int64_t result;
		bool unknown, refused;
	} rows[] = {
		{"ioctl", {0, 0xdead}, -ENOTTY, true, true},   {"ioctl", {0, 0xdead}, -EINVAL, true, true},
		{"ioctl", {0, 0xdead}, -EFAULT, true, false},  {"ioctl", {0, 0xdead}, 0, true, false},
		{"ioctl", {0, 0x5401}, -ENOTTY, false, false}, /* TCGETS */
		{"fcntl", {0, 999}, -EBADF, true, true},       {"prctl", {12345}, -EINVAL, true, true},
		{"prctl", {12345}, -EBADF, true, false},       {"prctl", {PR_SET_SECCOMP}, -EINVAL, false, false},
		{"clone3", {0}, -ENOSYS, false, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sys_call call = call_of(rows[i].name);
		memcpy(call.arg, rows[i].arg, sizeof rows[i].arg);
		call.result = rows[i].result;
		ck_assert_msg(sys_is_unknown(&call) == rows[i].unknown, "row %zu", i);
		ck_assert_msg(sys_is_refused(&call) == rows[i].refused, "row %zu", i);
	}
	struct sys_call call = {.number = 9999, .result = -ENOSYS};
	ck_assert(sys_is_refused(&call));
	call.result = -EPERM;
	ck_assert(sys_is_unknown(&call) && !sys_is_refused(&call));
	call.number = 0x40000000 + 39;
	ck_assert(!sys_is_unknown(&call));
}
END_TEST

/* What the number of an ioctl says that it writes, as far as it is there, and nothing else. */
START_TEST(refused_requests)
{
	struct page page = {{0}};
	struct sys_memory memory = {&page, read_page};
	struct sys_call call = call_of("ioctl");
	sys_ranges ranges = {0};

	call.arg[1] = 0x80105678;
	call.arg[2] = PAGE_AT + 0xff8;
	call.result = -EINVAL;
	ck_no_error(sys_written(&call, &memory, &ranges));
	ck_assert_uint_eq(ranges.len, 1);
	ck_assert_uint_eq(ranges.at[0].address, PAGE_AT + 0xff8);
	ck_assert_uint_eq(ranges.at[0].len, 8);
	ranges.len = 0;
	call.arg[1] = 0x40105678;
	ck_no_error(sys_written(&call, &memory, &ranges));
	ck_assert_uint_eq(ranges.len, 0);
	call.result = 0;
	ck_error(sys_written(&call, &memory, &ranges), ERROR_UNSUPPORTED, "0x40105678");
	vec_deinit(&ranges);
}
END_TEST

/* Arguments that a guest, or a log, may make up: bounded work, no memory beyond reason. */
START_TEST(nonsense)
{
	struct page page = {{0}};
	struct sys_memory memory = {&page, read_page};
	const struct isa *isa = isas[0];
	sys_ranges ranges = {0};

	memset(page.bytes, 0xff, sizeof page.bytes);
	for (uint32_t i = 0; i < isa->sys.num_rows; i++) {
		struct sys_call call = {.row = &isa->sys.table[i], .number = isa->sys.table[i].number};

		for (unsigned j = 0; j < 6; j++)
			call.arg[j] = (i + j) % 3 ? UINT64_MAX : PAGE_AT + PAGE_LEN - 8;
		for (call.result = -1; call.result <= INT32_MAX; call.result += INT32_MAX) {
			ranges.len = 0;
			error_destroy(sys_read(&call, &memory, &ranges));
			error_destroy(sys_may_write(&call, &memory, &ranges));
			error_destroy(sys_written(&call, &memory, &ranges));
			ck_assert_uint_le(ranges.len, 3 * SYS_MAX_FDS);
		}
	}
	vec_deinit(&ranges);

	struct sys_range range = {.arg = 6, .depth = 1};
	uint64_t args[6] = {0}, address;
	ck_error(sys_range_locate(&range, args, &memory, &address), ERROR_UNSUPPORTED, "argument 6");
	range = (struct sys_range){.depth = SYS_MAX_DEPTH + 1};
	ck_error(sys_range_locate(&range, args, &memory, &address), ERROR_UNSUPPORTED, "depth 5");
	range.depth = 2;
	ck_error(sys_range_locate(&range, args, &memory, &address), ERROR_FAULT, "");
}
END_TEST

/* Entries of any kind, whose lengths a damaged log or a lying emulator may have made up: holes are in order, not empty,
 * and in the range. The right ones are compared with the kernel's in written_test.c. */
START_TEST(holes_of_nonsense)
{
	uint8_t data[96];
	uint64_t seed = 1;

	for (unsigned i = 0; i < 30000; i++) {
		struct sys_range range = {.len = i % (sizeof data + 1), .layout = (uint8_t)(i % 4)};
		sys_holes holes = {0};
		uint64_t end = 0;

		for (size_t j = 0; j < sizeof data; j++)
			data[j] = (uint8_t)(hash_u64(seed++) % 3 ? 0 : hash_u64(seed++) % 48);
		ck_no_error(sys_find_holes(&range, data, &holes));
		ck_assert(range.layout != SYS_PLAIN || !holes.len);
		for (size_t j = 0; j < holes.len; end = holes.at[j].offset + holes.at[j].len, j++) {
			ck_assert_uint_gt(holes.at[j].len, 0);
			ck_assert_uint_ge(holes.at[j].offset, end);
			ck_assert_uint_le(holes.at[j].offset + holes.at[j].len, range.len);
		}
		vec_deinit(&holes);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sys");
	TCase *tables = tcase_create("tables"), *calls = tcase_create("calls");

	tcase_add_test(tables, all_classified);
	tcase_add_test(tables, most_work);
	tcase_add_loop_test(tables, consistent, SYS_UNCLASSIFIED, SYS_NUM_SEMS);
	tcase_add_loop_test(tables, request_numbers, 0, sizeof requests / sizeof *requests);
	tcase_add_test(calls, short_results);
	tcase_add_test(calls, chains);
	tcase_add_test(calls, generic_layouts);
	tcase_add_test(calls, faults);
	tcase_add_test(calls, interruptions);
	tcase_add_test(calls, clipped);
	tcase_add_test(calls, addresses);
	tcase_add_test(calls, strings);
	tcase_add_test(calls, decisions);
	tcase_add_test(calls, refusals);
	tcase_add_test(calls, refused_requests);
	tcase_add_test(calls, nonsense);
	tcase_add_test(calls, holes_of_nonsense);
	suite_add_tcase(suite, tables);
	suite_add_tcase(suite, calls);
	return test_main(suite);
}
