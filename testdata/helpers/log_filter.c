/*
 * A QEMU that is wrong on purpose, as far as its log tells: log_filter [--blocks] [--always=OPTION] [RULE...] -- QEMU
 * ARGUMENT...
 *
 * To be named as an emulator it needs a script: `exec log_filter RULE... -- qemu-x86_64 "$@"`, and --sandbox off. It
 * changes what QEMU writes into the file of its option -D before it is written, so that nothing comes later than it
 * would; without -D it becomes QEMU, and changes nothing. A RULE has these parts, with commas between them:
 *
 *   at=PC     hexadecimal: the states that are logged with that PC
 *   reg=NAME  as the log has it, before the `=`: RAX, YMM03, XMM03, X00, Q03, MXCSR
 *   xor=HEX   what its digits are changed by, the last of both being the lowest: a YMM's first 16 of 64 are the upper
 *   poke=ADDRESS:BYTE  instead of reg and xor: what a byte of the guest's memory is, hexadecimal both, right behind the
 *             instruction at PC, before QEMU tells anybody
 *   nth=N     from the Nth of these states on (1)
 *   for=N     so many of the states from there on, whatever their PCs are (1)
 *
 * --always=OPTION: QEMU logs states where it was not asked for them, too, so that rules for memory hold there; OPTION
 * is what makes blocks of one instruction (-one-insn-per-tb, -singlestep).
 *
 * --blocks: nothing is changed where QEMU makes blocks of one instruction (-one-insn-per-tb, -singlestep), as if only
 * its optimiser were wrong.
 *
 * QEMU is traced, and stopped at each write(2). Its pid is not ours; it ends with us, and we with it. A rule that
 * cannot be followed ends both, with a message.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_RULES = 16, MAX_WRITE = 1 << 16, MAX_ARGS = 1024, FAILED = 125 };

struct rule {
	uint64_t at, nth, times;
	char *reg, *xor; /* NULL: a byte is poked */
	uint64_t address;
	uint8_t byte;
	uint64_t seen, left; /* states with that PC; states that are still to be changed */
	bool pending;        /* in this state, or behind its instruction */
};

struct filter {
	struct rule rule[MAX_RULES];
	size_t num_rules;
	pid_t qemu;
	const char *log;  /* path */
	struct stat file; /* found: it */
	bool found;
	uint64_t guest_base;
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("log_filter: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(FAILED);
}

/* ---- Rules ---- */

static void set_part(struct rule *r, char *part)
{
	char *value = strchr(part, '='), *byte;

	if (!value)
		die("'%s' is no part of a rule", part);
	*value++ = '\0';
	if (!strcmp(part, "at")) {
		r->at = strtoull(value, NULL, 16);
	} else if (!strcmp(part, "nth")) {
		r->nth = strtoull(value, NULL, 10);
	} else if (!strcmp(part, "for")) {
		r->times = strtoull(value, NULL, 10);
	} else if (!strcmp(part, "reg")) {
		r->reg = value;
	} else if (!strcmp(part, "xor")) {
		r->xor = value;
	} else if (!strcmp(part, "poke") && (byte = strchr(value, ':'))) {
		r->address = strtoull(value, NULL, 16);
		r->byte = (uint8_t)strtoul(byte + 1, NULL, 16);
	} else {
		die("'%s' is no part of a rule", part);
	}
}

static struct rule parse_rule(char *text)
{
	struct rule r = {.nth = 1, .times = 1};
	char *rest = NULL;

	for (char *part = strtok_r(text, ",", &rest); part; part = strtok_r(NULL, ",", &rest))
		set_part(&r, part);
	if (!r.at || !r.reg != !r.xor || !r.reg != (r.address != 0))
		die("a rule is at=PC,reg=NAME,xor=HEX or at=PC,poke=ADDRESS:BYTE, and perhaps nth=N and for=N");
	return r;
}

/* ---- A state's text ---- */

static int digit_value(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool starts_state(const char *text, const char *at)
{
	return (at == text || at[-1] == '\n') && (!strncmp(at, "RAX=", 4) || !strncmp(at, " PC=", 4));
}

/* The next state's start behind at, or the text's end. */
static char *next_state(char *text, char *at)
{
	while (*at && !starts_state(text, at))
		at++;
	return at;
}

/* Where the register's digits begin, of the text up to end. */
static char *find_register(char *text, const char *end, const char *name)
{
	size_t len = strlen(name);

	for (char *at = text; (at = strstr(at, name)) && at < end; at++) {
		bool begins = at == text || at[-1] == '\n' || at[-1] == ' ';
		char *is = at + len;
		while (begins && *is == ' ')
			is++;
		if (begins && *is == '=')
			return is + 1;
	}
	return NULL;
}

/* Digits have blanks and colons between them; the value ends in front of another register. */
static char *find_end(char *digits)
{
	char *at = digits, *end = digits;

	for (; digit_value(*at) >= 0 || *at == ' ' || *at == ':'; at++)
		if (digit_value(*at) >= 0)
			end = at + 1;
	return *at == '\n' || *at == '\0' || !memchr(digits, ' ', (size_t)(end - digits)) ? end : strchr(digits, ' ');
}

static void change(char *digits, const char * xor)
{
	char *at = find_end(digits);

	for (size_t i = strlen(xor); i; i--) {
		do
			at--;
		while (at >= digits && digit_value(*at) < 0);
		if (at < digits || digit_value(xor[i - 1]) < 0)
			die("xor=%s has more digits than the register, or others", xor);
		*at = "0123456789abcdef"[digit_value(*at) ^ digit_value(xor[i - 1])];
	}
}

/* ---- Rules, by state ---- */

static void poke(const struct filter *f, const struct rule *r)
{
	uint8_t byte = r->byte;
	struct iovec from = {&byte, 1}, to = {(void *)(uintptr_t)(f->guest_base + r->address), 1};

	if (process_vm_writev(f->qemu, &from, 1, &to, 1, 0) != 1)
		die("guest memory at 0x%llx cannot be written to: %s", (unsigned long long)r->address, strerror(errno));
}

/* A state begins: which rules are for it? */
static void begin_state(struct filter *f, char *text, const char *end)
{
	char *digits = find_register(text, end, text[0] == ' ' ? "PC" : "RIP");

	if (!digits)
		die("a state's PC is not written together with its start");
	uint64_t pc = strtoull(digits, NULL, 16);
	for (size_t i = 0; i < f->num_rules; i++) {
		struct rule *r = &f->rule[i];
		if (r->pending && r->reg)
			die("the state at 0x%llx has no %s", (unsigned long long)r->at, r->reg);
		if (pc == r->at && ++r->seen == r->nth)
			r->left = r->times;
		r->pending = r->left > 0;
		r->left -= r->pending;
	}
}

/* QEMU is about to tell something: the instruction of the last state is executed. */
static void poke_behind(struct filter *f)
{
	for (size_t i = 0; i < f->num_rules; i++) {
		struct rule *r = &f->rule[i];
		if (!r->pending || r->reg)
			continue;
		poke(f, r);
		r->pending = false;
	}
}

static void go_on(struct filter *f, char *text, const char *end)
{
	for (size_t i = 0; i < f->num_rules; i++) {
		struct rule *r = &f->rule[i];
		char *digits = r->pending && r->reg ? find_register(text, end, r->reg) : NULL;
		if (!digits)
			continue;
		change(digits, r->xor);
		r->pending = false;
	}
}

static void filter_text(struct filter *f, char *text)
{
	char *base = strstr(text, "guest_base  0x"), *end = next_state(text, text);

	if (base)
		f->guest_base = strtoull(base + strlen("guest_base  "), NULL, 16);
	go_on(f, text, end);
	while (*end) {
		char *start = end;
		end = next_state(text, start + 1);
		begin_state(f, start, end);
		go_on(f, start, end);
	}
}

/* ---- QEMU's writes ---- */

/* Who reads a FIFO may have taken its name away since it was opened. */
static void find_log(struct filter *f)
{
	f->found = f->found || !stat(f->log, &f->file);
}

static bool is_log(struct filter *f, uint64_t fd)
{
	char link[64];
	struct stat file;

	find_log(f);
	snprintf(link, sizeof link, "/proc/%d/fd/%llu", (int)f->qemu, (unsigned long long)fd);
	return f->found && !stat(link, &file) && file.st_dev == f->file.st_dev && file.st_ino == f->file.st_ino;
}

static void filter_write(struct filter *f, pid_t tid)
{
	static char text[MAX_WRITE + 1];
	struct __ptrace_syscall_info info = {0};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof info, &info) < 0)
		return; /* it was killed */
	if (info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		die("an unexpected stop of QEMU");
	poke_behind(f);
	if (info.seccomp.nr != SYS_write || !is_log(f, info.seccomp.args[0]))
		return;
	size_t len = info.seccomp.args[2];
	struct iovec local = {text, len}, remote = {(void *)(uintptr_t)info.seccomp.args[1], len};
	if (len > MAX_WRITE || process_vm_readv(f->qemu, &local, 1, &remote, 1, 0) != (ssize_t)len)
		die("what QEMU logs cannot be read");
	text[len] = '\0';
	filter_text(f, text);
	if (process_vm_writev(f->qemu, &local, 1, &remote, 1, 0) != (ssize_t)len)
		die("what QEMU logs cannot be changed: %s", strerror(errno));
}

/* How QEMU ended. */
static void __attribute__((noreturn)) end_like(int status)
{
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : FAILED);
}

static void trace(struct filter *f)
{
	for (;;) {
		int status, deliver = 0;
		pid_t tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			die("QEMU is lost");
		if (!WIFSTOPPED(status)) {
			if (tid == f->qemu)
				end_like(status);
			continue;
		}
		int event = status >> 16;
		if (event == PTRACE_EVENT_SECCOMP)
			filter_write(f, tid);
		else if (!event && WSTOPSIG(status) != SIGSTOP)
			deliver = WSTOPSIG(status);
		ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)deliver);
	}
}

/* ---- The start ---- */

static void __attribute__((noreturn)) become(char **command, bool traced)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof code / sizeof *code, code};

	if (traced) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
			die("no filter of system calls: %s", strerror(errno));
	}
	execvp(command[0], command);
	die("%s: %s", command[0], strerror(errno));
}

static void start(struct filter *f, char **command)
{
	const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
	int status;

	f->qemu = fork();
	if (f->qemu < 0)
		die("fork: %s", strerror(errno));
	if (!f->qemu)
		become(command, true);
	if (waitpid(f->qemu, &status, 0) != f->qemu || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, f->qemu, NULL, (void *)options) || ptrace(PTRACE_CONT, f->qemu, NULL, NULL))
		die("QEMU cannot be traced: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct filter f = {.num_rules = 0};
	bool only_blocks = false, single = false, page = false;
	char *always = NULL, states[] = "cpu,nochain,page", *command[MAX_ARGS];
	size_t len = 0;
	int i = 1;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "--blocks"))
			only_blocks = true;
		else if (!strncmp(argv[i], "--always=", 9))
			always = argv[i] + 9;
		else if (f.num_rules < MAX_RULES)
			f.rule[f.num_rules++] = parse_rule(argv[i]);
	}
	if (i + 1 >= argc)
		die("usage: log_filter [--blocks] [--always=OPTION] [RULE...] -- QEMU ARGUMENT...");
	for (int k = i + 1; k < argc && len < MAX_ARGS - 2; k++) {
		page = k > i + 1 && !strcmp(argv[k - 1], "-d") && !strcmp(argv[k], "page");
		command[len++] = page && always ? states : argv[k];
		if (page && always)
			command[len++] = always;
		if (!strcmp(argv[k], "-D") && k + 1 < argc)
			f.log = argv[k + 1];
		single |= !strcmp(argv[k], "-one-insn-per-tb") || !strcmp(argv[k], "-singlestep");
	}
	command[len] = NULL;
	if (!f.log || (only_blocks && single))
		become(command, false);
	find_log(&f);
	start(&f, command);
	trace(&f);
}
