#include "lib/record/record.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/codec.h"
#include "lib/target/native.h"
#include "lib/testing/assert.h"
#include "lib/testing/scratch.h"

/* testdata/guests/recorded.c tells what each of its modes does. */
static char guest[4096];
static char log_path[SCRATCH_PATH_LEN], part_path[SCRATCH_PATH_LEN];
static char file_path[SCRATCH_PATH_LEN], out_path[SCRATCH_PATH_LEN];

static void setup(void)
{
	scratch_setup();
	scratch_path("run.json", log_path);
	scratch_path("run.json.part", part_path);
	scratch_path("file", file_path);
	scratch_path("out", out_path);
}

/* ---- Recording and looking at the log ---- */

static struct error *try_record(char *const *argv, bool embed, struct record_result *ret)
{
	struct record_options options = {
		.log = log_path, .recorder = "test", .argv = argv, .env = environ, .embed_files = embed};
	int saved = fcntl(1, F_DUPFD_CLOEXEC, 3), out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(out, 0);
	ck_assert_int_eq(dup2(out, 1), 1);
	close(out);
	struct error *err = record_run(&options, ret);
	ck_assert_int_eq(dup2(saved, 1), 1);
	close(saved);
	return err;
}

struct recorded {
	struct evlog_reader *reader;
	const struct evlog_header *header;
	VEC(struct evlog_event) events;
	struct record_result result;
};

static void load(struct recorded *r, const char *path)
{
	struct evlog_event ev;
	bool end;

	ck_no_error(evlog_reader_open(path, &r->reader));
	r->header = evlog_reader_header(r->reader);
	for (;;) {
		ck_no_error(evlog_reader_next(r->reader, &ev, &end));
		if (end)
			break;
		ck_assert(vec_push(&r->events, ev));
	}
}

static void record_argv(struct recorded *r, char *const *argv, bool embed)
{
	*r = (struct recorded){0};
	ck_no_error(try_record(argv, embed, &r->result));
	load(r, log_path);
	ck_assert_uint_eq(r->result.events, r->events.len);
	struct stat st;
	ck_assert_int_eq(stat(log_path, &st), 0);
	ck_assert_uint_eq(r->result.bytes, (uint64_t)st.st_size);
}

static void record(struct recorded *r, const char *mode, const char *arg)
{
	record_argv(r, (char *[]){guest, (char *)(uintptr_t)mode, (char *)(uintptr_t)arg, NULL}, false);
}

static void unload(struct recorded *r)
{
	for (size_t i = 0; i < r->events.len; i++)
		evlog_event_deinit(&r->events.at[i]);
	vec_deinit(&r->events);
	evlog_reader_destroy(r->reader);
}

/* "open read kill SIGUSR1! write exit_group." */
static void sequence(const struct recorded *r, struct strbuf *out)
{
	for (size_t i = 0; i < r->events.len; i++) {
		const struct evlog_event *ev = &r->events.at[i];
		static const char marks[] = {
			[EVLOG_SYSCALL] = 0, [EVLOG_EXIT] = '.', [EVLOG_SIGNAL] = '!', [EVLOG_KILLED] = '+'};
		strbuf_printf(out, "%s%s", i ? " " : "", ev->name);
		if (marks[ev->kind])
			strbuf_append_char(out, marks[ev->kind]);
	}
}

static void expect_sequence(const struct recorded *r, const char *expected)
{
	struct strbuf names = {0};

	sequence(r, &names);
	ck_assert_str_eq(strbuf_text(&names), expected);
	strbuf_deinit(&names);
}

static void expect_output(const void *expected, size_t len)
{
	char output[4096];
	FILE *f = fopen(out_path, "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(output, 1, sizeof output, f), len);
	ck_bytes(output, expected, len);
	fclose(f);
}

static uint64_t reg(const evlog_regs *regs, const char *name)
{
	for (size_t i = 0; i < regs->len; i++) {
		if (!strcmp(regs->at[i].name, name))
			return regs->at[i].value;
	}
	ck_abort_msg("no register %s", name);
}

static bool has_reg(const evlog_regs *regs, const char *name)
{
	for (size_t i = 0; i < regs->len; i++) {
		if (!strcmp(regs->at[i].name, name))
			return true;
	}
	return false;
}

/* ---- Calls ---- */

START_TEST(every_byte_read_is_there)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV";
	enum { LEN = sizeof text - 1 };
	struct recorded r;

	put_file(file_path, text, LEN);
	record(&r, "reads", file_path);
	expect_sequence(&r, "open read pread64 readv read write exit_group.");
	const struct evlog_event *ev = r.events.at;

	ck_assert_uint_eq(ev[0].strings.len, 1);
	ck_assert_str_eq(ev[0].strings.at[0].text, file_path);

	ck_assert_int_eq(ev[1].result, 10);
	ck_assert_uint_eq(ev[1].writes.len, 1);
	ck_assert_uint_eq(ev[1].writes.at[0].range.address, ev[1].arg[1]);
	ck_assert_uint_eq(ev[1].writes.at[0].range.len, 10);
	ck_bytes(ev[1].writes.at[0].data, "0123456789", 10);

	ck_assert_int_eq(ev[2].result, 6);
	ck_assert_uint_eq(ev[2].arg[3], 20);
	ck_bytes(ev[2].writes.at[0].data, "klmnop", 6);

	/* 4, 0 and 100 bytes of room for the 48 that are left. */
	ck_assert_int_eq(ev[3].result, LEN - 10);
	ck_assert_uint_eq(ev[3].writes.len, 2);
	ck_assert_uint_eq(ev[3].writes.at[0].range.len, 4);
	ck_bytes(ev[3].writes.at[0].data, "abcd", 4);
	ck_assert_uint_eq(ev[3].writes.at[1].range.len, LEN - 14);
	ck_bytes(ev[3].writes.at[1].data, text + 14, LEN - 14);
	ck_assert_uint_eq(ev[3].writes.at[0].range.arg, 1);
	ck_assert_uint_eq(ev[3].writes.at[0].range.depth, 2);

	ck_assert_int_eq(ev[4].result, 0);
	ck_assert_uint_eq(ev[4].writes.len, 0);

	/* The program itself says what it got. */
	ck_assert_int_eq(ev[5].result, LEN + 6);
	expect_output("0123456789klmnopabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV", LEN + 6);
	ck_assert(!r.result.killed);
	ck_assert_int_eq(r.result.status, 7);
	ck_assert_uint_eq(ev[6].arg[0], 7);
	ck_assert_uint_eq(ev[6].number, SYS_exit_group);
	unload(&r);
}
END_TEST

START_TEST(registers_before_and_after)
{
	struct recorded r;

	record(&r, "rseq", NULL);
	expect_sequence(&r, "rseq exit_group.");
	const struct evlog_event *ev = &r.events.at[0];
	ck_assert_int_eq(ev->result, -ENOSYS);
	ck_assert_uint_eq(ev->number, SYS_rseq);
	ck_assert_uint_eq(ev->arg[3], 0x53053053);
	/* What the event tells already is not said again: of 18 registers the number, six arguments and the PC. SYSCALL
	 * destroys rcx and r11. */
	ck_assert(!has_reg(&ev->before, "rax") && !has_reg(&ev->before, "rdi") && !has_reg(&ev->before, "rip"));
	ck_assert(!has_reg(&ev->before, "rcx") && !has_reg(&ev->before, "r11"));
	ck_assert_uint_eq(ev->before.len, 9);
	ck_assert_uint_lt(r.header->stack_pointer - reg(&ev->before, "rsp"), 4096);
	ck_assert_uint_eq(reg(&ev->before, "fs_base"), 0);
	/* It leaves the next PC and the flags there; nothing else changes but the result. */
	ck_assert_uint_eq(ev->after.len, 2);
	ck_assert_uint_eq(reg(&ev->after, "rcx"), ev->pc + 2);
	ck_assert(has_reg(&ev->after, "r11"));
	ck_assert_int_eq(r.result.status, 0);
	unload(&r);
}
END_TEST

START_TEST(a_path_need_not_be_utf8_nor_be_there)
{
	struct recorded r;

	record(&r, "path", NULL);
	expect_sequence(&r, "open open exit_group.");
	ck_assert_int_eq(r.events.at[0].result, -ENOENT);
	ck_assert_uint_eq(r.events.at[0].strings.len, 1);
	ck_assert_str_eq(r.events.at[0].strings.at[0].text, "/nonexistent/\xff\xfe");
	ck_assert_int_eq(r.events.at[1].result, -EFAULT);
	ck_assert_uint_eq(r.events.at[1].strings.len, 0);
	unload(&r);
}
END_TEST

static void fill_page_file(uint8_t bytes[3 * 4096 - 100])
{
	for (size_t i = 0; i < 3 * 4096 - 100; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	put_file(file_path, bytes, 3 * 4096 - 100);
}

/* _i: with --embed-files */
START_TEST(mapped_files_are_known)
{
	static uint8_t bytes[3 * 4096 - 100];
	uint8_t digest[SHA256_LEN];
	struct recorded r;
	bool embed = _i;

	fill_page_file(bytes);
	record_argv(&r, (char *[]){guest, (char[]){"maps"}, file_path, NULL}, embed);
	expect_sequence(&r, "open mmap mmap open write unlink mmap exit_group.");

	const struct evlog_event *ev = &r.events.at[1];
	ck_assert_ptr_nonnull(ev->backing);
	ck_assert_str_eq(ev->backing->file.path, file_path);
	ck_assert_uint_eq(ev->backing->file.size, sizeof bytes);
	ck_assert_uint_eq(ev->backing->offset, 4096);
	codec_sha256(bytes, sizeof bytes, digest);
	ck_bytes(ev->backing->file.sha256, digest, sizeof digest);
	ck_assert_uint_eq(ev->backing->data_len, embed ? 2 * 4096 - 100 : 0);
	ck_bytes(ev->backing->data, bytes + 4096, ev->backing->data_len);

	/* Mapped without any access, the contents are known all the same. */
	ck_assert_uint_eq(r.events.at[2].backing->data_len, embed ? 4096 : 0);
	ck_bytes(r.events.at[2].backing->data, bytes, r.events.at[2].backing->data_len);

	/* What nobody can open any more is in the log in any case. */
	ev = &r.events.at[6];
	ck_assert_ptr_nonnull(ev->backing);
	ck_contains(ev->backing->file.path, "/tmp/recorded.deleted");
	ck_assert_uint_eq(ev->backing->data_len, 8);
	ck_bytes(ev->backing->data, "contents", 8);
	codec_sha256("contents", 8, digest);
	ck_bytes(ev->backing->file.sha256, digest, sizeof digest);
	unload(&r);
}
END_TEST

/* ---- The header ---- */

static uint64_t auxv(const struct evlog_header *h, uint64_t type)
{
	for (size_t i = 0; i < h->auxv.len; i++) {
		if (h->auxv.at[i].type == type)
			return h->auxv.at[i].value;
	}
	ck_abort_msg("no auxiliary value of type %d", (int)type);
}

START_TEST(the_header_tells_how_the_program_started)
{
	struct recorded r;
	struct strbuf digest = {0};
	char command[4200], expected[WORD_LEN];
	uint64_t word;

	record(&r, "auxv", NULL);
	const struct evlog_header *h = r.header;
	ck_assert_int_eq(r.result.status, 0); /* it sees no vDSO */
	ck_assert_str_eq(h->arch, "x86_64");
	ck_contains(h->recorder, "test on Linux ");
	first_word("sed -n 's/^vendor_id[^:]*: //p' /proc/cpuinfo", expected);
	ck_assert_str_eq(h->cpu.vendor, expected);
	first_word("sed -n 's/^cpu family[^:]*: //p' /proc/cpuinfo", expected);
	ck_assert_uint_eq(h->cpu.family, strtoull(expected, NULL, 10));
	first_word("sed -n 's/^model[^:a-z]*: //p' /proc/cpuinfo", expected);
	ck_assert_uint_eq(h->cpu.model, strtoull(expected, NULL, 10));
	ck_assert_str_eq(h->program.path, guest);
	snprintf(command, sizeof command, "sha256sum %s", guest);
	first_word(command, expected);
	strbuf_append_hex(&digest, h->program.sha256, sizeof h->program.sha256);
	ck_assert_str_eq(strbuf_text(&digest), expected);
	strbuf_deinit(&digest);
	snprintf(command, sizeof command, "readelf -h %s | sed -n 's/.*Entry point address: *//p'", guest);
	first_word(command, expected);
	ck_assert_uint_eq(h->entry, strtoull(expected, NULL, 16));
	ck_assert_uint_eq(auxv(h, AT_ENTRY), h->entry);
	ck_assert_ptr_null(h->interpreter.path);

	ck_assert_uint_eq(h->argv.len, 2);
	ck_assert_str_eq(h->argv.at[0], guest);
	ck_assert_str_eq(h->argv.at[1], "auxv");
	size_t env = 0;
	for (; environ[env]; env++)
		ck_assert_str_eq(h->env.at[env], environ[env]);
	ck_assert_uint_eq(h->env.len, env);

	memcpy(&word, h->stack, sizeof word);
	ck_assert_uint_eq(word, 2);
	/* The program writes the address of argv, which is behind argc. */
	char output[32];
	int len = snprintf(output, sizeof output, "%#llx\n", (unsigned long long)h->stack_pointer + 8);
	expect_output(output, (size_t)len);
	for (size_t i = 0; i < h->auxv.len; i++)
		ck_assert_uint_ne(h->auxv.at[i].type, AT_SYSINFO_EHDR);
	/* AT_EXECFN points to the path, near the stack's end. */
	uint64_t execfn = auxv(h, AT_EXECFN) - h->stack_pointer;
	ck_assert_uint_lt(execfn + strlen(guest), h->stack_len);
	ck_assert_str_eq((const char *)h->stack + execfn, guest);
	ck_assert_uint_eq(h->mappings.at[h->mappings.len - 1].start > 0, 1);
	unload(&r);
}
END_TEST

/* ---- Signals ---- */

/* _i: on the alternate stack */
START_TEST(a_handler_and_its_frame)
{
	struct recorded r;
	size_t at = _i ? 4 : 3;

	record(&r, _i ? "altstack" : "handler", NULL);
	expect_sequence(&r, _i ? "sigaltstack rt_sigaction getpid kill SIGUSR1! write rt_sigreturn write exit_group."
			       : "rt_sigaction getpid kill SIGUSR1! write rt_sigreturn write exit_group.");
	expect_output("0xa\ndone\n", 9);
	const struct evlog_event *ev = &r.events.at[at], *kill_event = ev - 1;
	ck_assert_uint_eq(ev->number, SIGUSR1);
	ck_assert_uint_eq(ev->pc, kill_event->pc + 2);
	ck_assert_uint_eq(ev->writes.len, 1);
	const struct evlog_write *frame = &ev->writes.at[0];
	uint64_t sp = reg(&ev->after, "rsp"), before = reg(&ev->before, "rsp");
	ck_assert_uint_eq(frame->range.address, sp);
	ck_assert_uint_eq(reg(&ev->after, "rdi"), SIGUSR1);
	if (_i)
		ck_assert(sp + frame->range.len < before || sp > before);
	else
		ck_assert_uint_eq(sp + frame->range.len, before - 128);

	/* struct rt_sigframe: the restorer, then ucontext, whose registers begin 40 bytes in; rip is the 17th. */
	uint64_t rip, rsp;
	ck_assert_uint_gt(frame->range.len, 500);
	memcpy(&rsp, frame->data + 8 + 40 + 15 * 8, 8);
	memcpy(&rip, frame->data + 8 + 40 + 16 * 8, 8);
	ck_assert_uint_eq(rip, ev->pc);
	ck_assert_uint_eq(rsp, before);
	/* Back from the handler, the program goes on behind the kill. */
	ck_assert_uint_eq(reg(&r.events.at[at + 2].after, "rip"), ev->pc);
	unload(&r);
}
END_TEST

START_TEST(an_interrupted_call_fails_once_or_is_made_again)
{
	struct recorded r;

	record(&r, "eintr", NULL);
	expect_sequence(&r, "pipe rt_sigaction setitimer read SIGALRM! rt_sigreturn exit_group.");
	ck_assert_int_eq(r.events.at[3].result, -EINTR);
	ck_assert_int_eq(r.result.status, EINTR);
	unload(&r);

	record(&r, "restart", NULL);
	expect_sequence(&r, "pipe rt_sigaction setitimer SIGALRM! close rt_sigreturn read exit_group.");
	ck_assert_int_eq(r.events.at[6].result, 0);
	ck_assert_int_eq(r.result.status, 0);
	unload(&r);
}
END_TEST

/* What another guest does, which has a mode that is like it. */
static const struct evlog_event *record_alarm(struct recorded *r, const char *mode)
{
	static char handlers[sizeof guest + 16];
	const struct evlog_event *ev = NULL;

	snprintf(handlers, sizeof handlers, "%.*s/handlers", (int)(strrchr(guest, '/') - guest), guest);
	record_argv(r, (char *[]){handlers, (char *)(uintptr_t)mode, NULL}, false);
	ck_assert_int_eq(r->result.status, 0);
	for (size_t i = 0; i < r->events.len && !ev; i++)
		if (r->events.at[i].kind == EVLOG_SIGNAL)
			ev = &r->events.at[i];
	ck_assert_ptr_nonnull(ev);
	ck_assert_uint_eq(ev->number, SIGALRM);
	/* siginfo_t is what it was when the signal came first: the kernel's, not a process's. */
	int32_t code;
	ck_assert_uint_ge(ev->writes.at[0].range.len, 440);
	memcpy(&code, ev->writes.at[0].data + 312 + 8, sizeof code);
	ck_assert_int_eq(code, SI_KERNEL);
	return ev;
}

/* Wherever the alarm comes, the handler runs at a call: before its instruction, or behind it. */
START_TEST(a_handler_waits_for_a_call)
{
	struct recorded r;
	const struct evlog_event *ev = record_alarm(&r, "amid");
	bool at_call = false;

	for (size_t i = 0; i < r.events.len; i++)
		at_call |= r.events.at[i].kind == EVLOG_SYSCALL &&
			   (ev->pc == r.events.at[i].pc || ev->pc == r.events.at[i].pc + 2);
	ck_assert_msg(at_call, "pc 0x%llx", (unsigned long long)ev->pc);
	unload(&r);
}
END_TEST

/* ... but not for ever. */
START_TEST(a_handler_does_not_wait_long)
{
	struct recorded r;
	uint64_t start = clock_now();
	const struct evlog_event *ev = record_alarm(&r, "spin");
	uint64_t took = clock_now() - start;

	ck_assert_uint_ge(took, 100 * CLOCK_MS);
	ck_assert_uint_lt(took, 5 * CLOCK_S);
	ck_assert_uint_ne(ev->pc, ev[-1].pc + 2);
	unload(&r);
}
END_TEST

/* The guest's pid is in no file before the log is complete: the child of this process. */
static pid_t wait_for_child(pid_t parent)
{
	char path[64];
	int pid = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	for (int tries = 0; tries < 1000 && !pid; tries++) {
		FILE *f = fopen(path, "r");
		if (f && fscanf(f, "%d", &pid) != 1)
			pid = 0;
		if (f)
			fclose(f);
		usleep(10000);
	}
	return pid;
}

/* A signal that is ignored interrupts the sleep; the kernel goes on with restart_syscall, which the program never made.
 */
START_TEST(a_call_that_the_kernel_goes_on_with_is_one_event)
{
	struct recorded r = {0};
	pid_t recorder = fork();

	ck_assert_int_ge(recorder, 0);
	if (recorder == 0) {
		struct record_result result;
		_exit(try_record((char *[]){guest, (char[]){"sleep"}, NULL}, false, &result) ? 1 : result.status);
	}
	pid_t pid = wait_for_child(recorder);
	ck_assert_int_gt(pid, 0);
	usleep(150000);
	kill(pid, SIGWINCH);
	int status;
	ck_assert_int_eq(waitpid(recorder, &status, 0), recorder);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	load(&r, log_path);
	struct strbuf names = {0};
	sequence(&r, &names);
	/* Where the signal falls depends on the machine's load; the sleep is one in any case. */
	ck_assert_msg(!strcmp(strbuf_text(&names), "SIGWINCH! nanosleep exit_group.") ||
			      !strcmp(strbuf_text(&names), "nanosleep SIGWINCH! exit_group."),
		      "%s", strbuf_text(&names));
	strbuf_deinit(&names);
	unload(&r);
}
END_TEST

START_TEST(a_program_may_be_killed)
{
	struct recorded r;

	record(&r, "fault", NULL);
	expect_sequence(&r, "SIGSEGV! SIGSEGV+");
	ck_assert_int_eq(r.events.at[0].place, EVLOG_AT_INSTRUCTION);
	ck_assert(r.result.killed);
	ck_assert_int_eq(r.result.signal, SIGSEGV);
	unload(&r);
	record(&r, "killed", NULL);
	expect_sequence(&r, "getpid SIGKILL+");
	ck_assert_int_eq(r.result.signal, SIGKILL);
	unload(&r);
}
END_TEST

/* ---- What is not recorded ---- */

static const struct {
	const char *mode, *message;
} refused[] = {
	{"fork", "the program calls fork"},
	{"exec", "the program calls execve"},
	{"x32", "1073741863"},
	{"seccomp", "PR_SET_SECCOMP"},
	{"int80", "another ABI"},
};

enum { NUM_REFUSED = sizeof refused / sizeof *refused };

START_TEST(a_call_that_cannot_be_recorded_is_not_made)
{
	struct record_result result;
	struct evlog_reader *reader;
	struct evlog_event ev;
	bool end;

	struct error *err = try_record((char *[]){guest, (char *)(uintptr_t)refused[_i].mode, NULL}, false, &result);
	if (!err && !strcmp(refused[_i].mode, "int80") && result.signal == SIGSEGV) {
		puts("not tried: recording a call of another ABI: this machine has no 32-bit calls");
		return;
	}
	ck_assert_ptr_nonnull(err);
	ck_contains(err->message, "1 events up to there are in ");
	ck_contains(err->message, part_path);
	ck_error(err, ERROR_UNSUPPORTED, refused[_i].message);
	expect_output("before\n", 7);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);

	ck_assert_int_ne(access(log_path, F_OK), 0);
	ck_no_error(evlog_reader_open(part_path, &reader));
	ck_no_error(evlog_reader_next(reader, &ev, &end));
	ck_assert_str_eq(ev.name, "write");
	evlog_event_deinit(&ev);
	ck_error(evlog_reader_next(reader, &ev, &end), ERROR_INPUT, "last whole event is 0 (write)");
	evlog_reader_destroy(reader);
}
END_TEST

START_TEST(what_the_kernel_refuses_is_recorded)
{
	static const struct {
		const char *name;
		int64_t result;
	} want[] = {{"unknown", -ENOSYS}, {"ioctl", -ENOTTY}, {"ioctl", -ENOTTY},
		    {"ioctl", -EBADF},    {"prctl", -EINVAL}, {"fcntl", -EINVAL}};
	enum { NUM = sizeof want / sizeof *want };
	struct recorded r;

	record(&r, "unknown", NULL);
	expect_sequence(&r, "unknown ioctl ioctl ioctl prctl fcntl write exit_group.");
	ck_assert_uint_eq(r.result.refused, NUM);
	for (size_t i = 0; i < NUM; i++)
		ck_assert_int_eq(r.events.at[i].result, want[i].result);
	ck_assert_uint_eq(r.events.at[0].number, 9999);
	/* The third says by its number that it writes 8 bytes. */
	for (size_t i = 0; i < NUM; i++)
		ck_assert_uint_eq(r.events.at[i].writes.len, i == 2);
	ck_assert_uint_eq(r.events.at[2].writes.at[0].range.len, 8);
	ck_assert_mem_eq(r.events.at[2].writes.at[0].data, "as it is", 8);
	unload(&r);
}
END_TEST

START_TEST(what_the_kernel_does_not_refuse_ends_the_recording)
{
	struct record_result result;

	ck_error(try_record((char *[]){guest, (char *)(uintptr_t) "taken", NULL}, false, &result), ERROR_UNSUPPORTED,
		 ", 0x2) = 0, but what it does is not known here");
	expect_output("before\n", 7);
}
END_TEST

START_TEST(what_is_no_program_is_told_before_anything_runs)
{
	static const char script[] = "#! /usr/bin/env python3\nprint()\n";
	static const Elf32_Ehdr elf32 = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
					 .e_type = ET_EXEC,
					 .e_machine = EM_386,
					 .e_version = EV_CURRENT,
					 .e_ehsize = sizeof elf32};
	struct record_result result;
	char *argv[] = {file_path, NULL}, *folder = (char *)(uintptr_t)scratch_folder();

	put_file(file_path, script, sizeof script - 1);
	ck_error(try_record(argv, false, &result), ERROR_OS, "Permission denied");
	ck_assert_int_eq(chmod(file_path, 0700), 0);
	ck_error(try_record(argv, false, &result), ERROR_UNSUPPORTED, "validate record -- /usr/bin/env python3 /tmp/");
	put_file(file_path, "text", 4);
	ck_error(try_record(argv, false, &result), ERROR_INPUT, "is not an ELF file");
	put_file(file_path, &elf32, sizeof elf32);
	ck_error(try_record(argv, false, &result), ERROR_INPUT, "is not a 64-bit little-endian program");
	ck_error(try_record((char *[]){folder, NULL}, false, &result), ERROR_OS, "Permission denied");
	ck_error(try_record((char *[]){(char[]){"no-such-program"}, NULL}, false, &result), ERROR_OS,
		 "no-such-program");
	ck_assert_int_ne(access(log_path, F_OK), 0);
	ck_assert_int_ne(access(part_path, F_OK), 0);
}
END_TEST

START_TEST(a_program_is_found_in_path)
{
	char *path;

	put_file(file_path, "text", 4);
	ck_assert_int_eq(setenv("PATH", scratch_folder(), 1), 0);
	ck_error(record_find_program("file", native_isa(), &path), ERROR_OS, "No such file"); /* not executable */
	unlink(file_path);
	ck_assert_int_eq(symlink(guest, file_path), 0);
	ck_no_error(record_find_program("file", native_isa(), &path));
	ck_assert_str_eq(path, guest);
	free(path);
	ck_assert_int_eq(setenv("PATH", "/nonexistent", 1), 0);
	ck_error(record_find_program("file", native_isa(), &path), ERROR_OS, "find the program in PATH: file");
}
END_TEST

/* The sanitizer keeps freed memory, so that the peak says nothing there. */
#ifndef __SANITIZE_ADDRESS__
START_TEST(memory_does_not_grow_with_the_run)
{
	struct recorded r = {0};
	struct rusage before, after;

	ck_no_error(try_record((char *[]){guest, (char[]){"many"}, (char[]){"100"}, NULL}, false, &r.result));
	getrusage(RUSAGE_SELF, &before);
	ck_no_error(try_record((char *[]){guest, (char[]){"many"}, (char[]){"20000"}, NULL}, false, &r.result));
	getrusage(RUSAGE_SELF, &after);
	ck_assert_uint_eq(r.result.events, 20001);
	ck_assert_uint_gt(r.result.bytes, 7u << 20);
	ck_assert_int_le(after.ru_maxrss - before.ru_maxrss, 2 << 10);
}
END_TEST

#endif

/* ---- Against strace ---- */

/* Deterministic programs, static and dynamic. */
static char *const programs[][8] = {
	{(char[]){"busybox"}, (char[]){"ls"}, (char[]){"-l"}, (char[]){"testdata/guests"}},
	{(char[]){"busybox"}, (char[]){"md5sum"}, (char[]){"Makefile"}, (char[]){"COPYING"}},
	{(char[]){"busybox"}, (char[]){"find"}, (char[]){"lib"}, (char[]){"-name"}, (char[]){"*.h"}},
	{(char[]){"busybox"}, (char[]){"sort"}, (char[]){"Makefile"}},
	{(char[]){"ls"}, (char[]){"-l"}, (char[]){"testdata/guests"}},
	{(char[]){"sort"}, (char[]){"-r"}, (char[]){"Makefile"}},
	{(char[]){"perl"}, (char[]){"-e"}, (char[]){"print join(q( ), map { $_ * $_ } 1 .. 10), qq(\\n)"}},
};
enum { NUM_PROGRAMS = sizeof programs / sizeof *programs };

/* Calls whose results differ from run to run, or by what the recorder does to the program. */
static bool differs(const char *name)
{
	static const char *const names[] = {"set_tid_address", "getpid", "getppid", "gettid", "rseq"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

/* Calls that only a program without a vDSO makes. */
static bool is_vdso(const char *name)
{
	return !strcmp(name, "clock_gettime") || !strcmp(name, "gettimeofday") || !strcmp(name, "time") ||
	       !strcmp(name, "getcpu");
}

/* Writes strace's lines with numbers only, of the program under the same conditions, to file_path. */
static void run_strace(char *const *argv)
{
	char *strace[16] = {(char[]){"strace"}, (char[]){"-f"}, (char[]){"-o"},
			    file_path,          (char[]){"-e"}, (char[]){"raw=all"}};
	int status;

	for (size_t i = 0; argv[i]; i++)
		strace[6 + i] = argv[i];
	pid_t pid = fork();
	if (pid == 0) {
		personality(ADDR_NO_RANDOMIZE);
		int out = open(out_path, O_WRONLY | O_TRUNC | O_CLOEXEC);
		dup2(out, 1);
		execvp("strace", strace);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* Without a vDSO to look at, the dynamic linker needs less memory, and makes the small anonymous maps for it at other
 * times. */
static bool is_linkers_map(const struct evlog_event *ev)
{
	return !strcmp(ev->name, "mmap") && ev->arg[0] == 0 && ev->arg[1] <= 0x3000 && ev->arg[3] == 0x22;
}

static bool shows_linkers_map(const char *line)
{
	return strstr(line, " mmap(0, 0x2000, 0x3, 0x22,") || strstr(line, " mmap(0, 0x3000, 0x3, 0x22,");
}

static bool same_value(uint64_t shown, uint64_t logged)
{
	const uint64_t image = 0x400000, stack = UINT64_C(0x7ffffff00000);

	/* For the reason above the heap and the maps are elsewhere, but the stack is not. */
	if (shown >= image && shown < stack && shown != (uint32_t)logged)
		return logged >= image && logged < stack;
	/* Arguments of type int are shown as such. */
	return shown == (shown <= UINT32_MAX ? (uint32_t)logged : logged);
}

static void same_result(const char *equals, const struct evlog_event *ev, const char *line)
{
	int64_t result = (int64_t)strtoull(equals + 3, NULL, 0);

	/* "= -1 ENOENT (...)": the names of numbers are libc's. */
	if (result == -1) {
		const char *name = strerrorname_np((int)-ev->result);
		ck_assert_msg(name && strstr(equals, name), "event %d (%s) gives %lld, strace: %s", (int)ev->index,
			      ev->name, (long long)ev->result, line);
	} else if (ev->kind == EVLOG_SYSCALL) {
		ck_assert_msg(same_value((uint64_t)result, (uint64_t)ev->result),
			      "event %d (%s) gives 0x%llx, strace: %s", (int)ev->index, ev->name, (long long)ev->result,
			      line);
	}
}

/* Compares a line of strace's, "1234  read(0x3, 0x7ffe0, 0x10) = 0x10", with the event. */
static void same_call(const char *line, const struct evlog_event *ev)
{
	const char *name = line + strspn(line, "0123456789 "), *parenthesis = strchr(name, '(');
	const char *equals = strstr(line, " = ");

	ck_assert_msg(parenthesis && equals, "strace: %s", line);
	ck_assert_msg(strlen(ev->name) == (size_t)(parenthesis - name) && !strncmp(name, ev->name, strlen(ev->name)),
		      "event %d is %s, strace: %s", (int)ev->index, ev->name, line);
	if (differs(ev->name))
		return;
	const char *at = parenthesis + 1;
	for (int i = 0; i < 6 && *at != ')'; i++) {
		char *end;
		uint64_t value = strtoull(at, &end, 16);
		ck_assert_msg(same_value(value, ev->arg[i]), "event %d (%s), argument %d is 0x%llx, strace: %s",
			      (int)ev->index, ev->name, i, (unsigned long long)ev->arg[i], line);
		at = end + strspn(end, ", ");
	}
	same_result(equals, ev, line);
}

/* The next event from *at on that strace's program would have made too. */
static const struct evlog_event *next_shown(const struct recorded *r, size_t *at, const char *line)
{
	for (; *at < r->events.len; ++*at) {
		const struct evlog_event *ev = &r->events.at[*at];
		const char *name = line + strspn(line, "0123456789 ");
		bool absent = is_vdso(ev->name) && strncmp(name, ev->name, strlen(ev->name)) != 0;
		bool moved = r->header->interpreter.path && is_linkers_map(ev);
		if (!absent && !moved)
			return &r->events.at[(*at)++];
	}
	return NULL;
}

START_TEST(the_log_has_what_strace_shows)
{
	struct recorded r;
	char line[4096];
	size_t at = 0;

	record_argv(&r, programs[_i], false);
	ck_assert_int_eq(r.result.status, 0);
	run_strace(programs[_i]);
	FILE *f = fopen(file_path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		if (strstr(line, " execve(") || strstr(line, "+++"))
			continue;
		if (r.header->interpreter.path && shows_linkers_map(line))
			continue;
		const struct evlog_event *ev = next_shown(&r, &at, line);
		ck_assert_msg(ev, "the log has %zu events, strace goes on: %s", at, line);
		same_call(line, ev);
	}
	fclose(f);
	ck_assert_uint_eq(at, r.events.len);
	ck_assert_uint_gt(at, 10);
	unload(&r);
}
END_TEST

int main(void)
{
	const char *build = getenv("BUILD");
	char path[256];

	snprintf(path, sizeof path, "%s/guests/recorded", build ? build : "build/rel");
	if (!native_isa() || !realpath(path, guest)) {
		printf("%s cannot be executed here: make guests\n", path);
		return TEST_SKIP;
	}

	Suite *suite = suite_create("record");
	TCase *tcase = tcase_create("record");
	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_byte_read_is_there);
	tcase_add_test(tcase, registers_before_and_after);
	tcase_add_test(tcase, a_path_need_not_be_utf8_nor_be_there);
	tcase_add_loop_test(tcase, mapped_files_are_known, 0, 2);
	tcase_add_test(tcase, the_header_tells_how_the_program_started);
	tcase_add_loop_test(tcase, a_handler_and_its_frame, 0, 2);
	tcase_add_test(tcase, an_interrupted_call_fails_once_or_is_made_again);
	tcase_add_loop_test(tcase, a_handler_waits_for_a_call, 0, 10);
	tcase_add_test(tcase, a_handler_does_not_wait_long);
	tcase_add_test(tcase, a_call_that_the_kernel_goes_on_with_is_one_event);
	tcase_add_test(tcase, a_program_may_be_killed);
	tcase_add_loop_test(tcase, a_call_that_cannot_be_recorded_is_not_made, 0, NUM_REFUSED);
	tcase_add_test(tcase, what_the_kernel_refuses_is_recorded);
	tcase_add_test(tcase, what_the_kernel_does_not_refuse_ends_the_recording);
	tcase_add_test(tcase, what_is_no_program_is_told_before_anything_runs);
	tcase_add_test(tcase, a_program_is_found_in_path);
#ifndef __SANITIZE_ADDRESS__
	tcase_add_test(tcase, memory_does_not_grow_with_the_run);
#endif
	/* Without them there is nothing to compare with; strace is installed with what the tests need. */
	if (system("command -v strace busybox perl >/dev/null") == 0)
		tcase_add_loop_test(tcase, the_log_has_what_strace_shows, 0, NUM_PROGRAMS);
	suite_add_tcase(suite, tcase);
	return test_main(suite);
}
