/* The reader of QEMU's log, on text that QEMU wrote and on such text damaged. */
#include "lib/testing/assert.h"
#include "lib/testing/regs.h"
#include "lib/trace/qemu_log.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Of `qemu-x86_64 -d cpu,fpu,nochain,in_asm`, 7.2, shortened: its middle lines say nothing that is read. */
#define X86_STATE(rax, rip, flags) \
	"RAX=" rax " RBX=0000000000000002 RCX=0000000000000003 RDX=0000000000000004\n" \
	"RSI=0000000000000005 RDI=0000000000000006 RBP=0000000000000007 RSP=00000040008007c0\n" \
	"R8 =0000000000000008 R9 =0000000000000009 R10=000000000000000a R11=000000000000000b\n" \
	"R12=000000000000000c R13=000000000000000d R14=000000000000000e R15=000000000000000f\n" \
	"RIP=" rip " RFL=" flags " [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0\n" \
	"ES =0000 0000000000000000 00000000 00000000\n" \
	"CS =0033 0000000000000000 ffffffff 00effb00 DPL=3 CS64 [-RA]\n" \
	"SS =002b 0000000000000000 ffffffff 00cff300 DPL=3 DS   [-WA]\n" \
	"DS =0000 0000000000000000 00000000 00000000\n" \
	"FS =0000 00007ffff7ff0740 00000000 00000000\n" \
	"GS =0000 0000000000000000 00000000 00000000\n" \
	"LDT=0000 0000000000000000 00000000 00008200 DPL=0 LDT\n" \
	"CR0=80010001 CR2=0000000000000000 CR3=0000000000000000 CR4=00050220\n" \
	"CCS=0000000000000000 CCD=0000000000000000 CCO=EFLAGS\n" \
	"EFER=0000000000000500\n" \
	"FCW=037f FSW=3800 [ST=7] FTW=c0 MXCSR=00001f80\n" \
	"FPR0=0000000000000000 0000 FPR1=0000000000000000 0000\n" \
	"FPR2=0000000000000000 0000 FPR3=0000000000000000 0000\n" \
	"FPR4=0000000000000000 0000 FPR5=0000000000000000 0000\n" \
	"FPR6=0000000000000000 0000 FPR7=8000000000000000 3fff\n" \
	"YMM00=0000000000000004 0000000000000003 0000000000000002 0000000000000001\n" \
	"YMM15=0000000000000000 0000000000000000 0000000000000000 00000000000000ff\n"

static const char x86_text[] = "----------------\n"
			       "IN: \n"
			       "0x00401000:  31 ed                    xorl     %ebp, %ebp\n"
			       "0x00401002:  48 b8 88 77 66 55 44 33  movabsq  $0x1122334455667788, %rax\n"
			       "0x0040100a:  22 11\n"
			       "\n" X86_STATE("0000000000000001", "0000000000401000", "00000246")
				       X86_STATE("1122334455667788", "000000000040100c", "00000a03");

/* Of `qemu-aarch64 -d cpu,fpu,nochain`: 7.2 breaks the lines of long vectors, 11.1 does not. */
#define A64_GENERAL \
	" PC=000000000040010c X00=0000000000000001 X01=0000000000000000\n" \
	"X02=0000000000000000 X03=0000000000000000 X04=0000000000000000\n" \
	"X05=0000000000000000 X06=0000000000000000 X07=0000000000000000\n" \
	"X08=0000000000000000 X09=0000000000000000 X10=0000000000000000\n" \
	"X11=0000000000000000 X12=0000000000000000 X13=0000000000000000\n" \
	"X14=0000000000000000 X15=0000000000000000 X16=0000000000000000\n" \
	"X17=0000000000000000 X18=0000000000000000 X19=0000000000000000\n" \
	"X20=0000000000000000 X21=0000000000000000 X22=0000000000000000\n" \
	"X23=0000000000000000 X24=0000000000000000 X25=0000000000000000\n" \
	"X26=0000000000000000 X27=0000000000000000 X28=0000000000000000\n" \
	"X29=0000000000000000 X30=00000000004001f0  SP=00000055008007a0\n"

static const char a64_text[] = A64_GENERAL
	"PSTATE=40000000 -Z-- EL0t  SVCR=00000000 --  BTYPE=0     FPCR=00000000 FPSR=00000010\n"
	"P00=0000000000000000 P01=0000000000000000 P02=0000000000000000\n"
	"Z00[3-2]=0000000000000008:0000000000000007:0000000000000006:0000000000000005\n"
	"   [1-0]=0000000000000004:0000000000000003:0000000000000002:0000000000000001\n" A64_GENERAL
	"PSTATE=0000000090000000 N--V EL0t  SVCR=00000000 --  BTYPE=0     FPCR=00000000 FPSR=00000000 FPMR=0x0\n"
	"P00=0000000000000000 P01=0000000000000000 P02=0000000000000000\n"
	"Z00=0000000000000004:0000000000000003:000000000000000b:000000000000000a\n"
	"Z31=0000000000000000:0000000000000000:0000000000000000:00000000000000cc\n";

/* ---- Helpers ---- */

/* A log in memory that is fed to its parser in pieces. */
struct fed {
	struct qemu_log *log;
	const char *text;
	size_t len, at, piece; /* characters, given so far, at most at a time */
};

static struct fed open_text(const char *text, size_t len, size_t piece)
{
	struct fed f = {.text = text, .len = len, .piece = piece};
	struct error *err = qemu_log_create("the log", &f.log);

	ck_assert(!err);
	return f;
}

/* The next item of all that is fed in the end. */
static struct error *next_item(struct fed *f, struct qemu_log_item *ret)
{
	struct error *err = qemu_log_next(f->log, ret);

	while (!err && ret->kind == QEMU_LOG_MORE) {
		size_t room, left = f->len - f->at, n = left < f->piece ? left : f->piece;
		void *space = qemu_log_space(f->log, &room);
		ck_assert_uint_gt(room, 0);
		n = n < room ? n : room;
		memcpy(space, f->text + f->at, n);
		f->at += n;
		qemu_log_fed(f->log, n);
		err = qemu_log_next(f->log, ret);
	}
	return err;
}

static struct qemu_log_item next(struct fed *f, enum qemu_log_kind kind)
{
	struct qemu_log_item item;
	struct error *err = next_item(f, &item);

	ck_assert_msg(!err, "%s", err ? err->message : "");
	ck_assert_int_eq(item.kind, kind);
	return item;
}

static const uint64_t *words_of(const struct fed *f, const struct state *s, const char *name)
{
	uint32_t reg = test_reg(qemu_log_isa(f->log), name);

	ck_assert_msg(state_known(s, reg), "%s is not known", name);
	return s->value + qemu_log_isa(f->log)->regs[reg].word;
}

static void check_reg(const struct fed *f, const struct state *s, const char *name, uint64_t value)
{
	ck_assert_msg(*words_of(f, s, name) == value, "%s is 0x%llx", name, (unsigned long long)*words_of(f, s, name));
}

/* ---- Tests ---- */

START_TEST(x86_64)
{
	struct fed in = open_text(x86_text, strlen(x86_text), SIZE_MAX), *f = &in;

	next(f, QEMU_LOG_BLOCK);
	struct qemu_log_item item = next(f, QEMU_LOG_CODE);
	ck_assert_uint_eq(item.address, 0x401000);
	ck_assert_uint_eq(item.len, 2);
	item = next(f, QEMU_LOG_CODE);
	ck_assert_uint_eq(item.len, 8);
	ck_assert_mem_eq(item.bytes, "\x48\xb8\x88\x77\x66\x55\x44\x33", 8);
	item = next(f, QEMU_LOG_CODE);
	ck_assert_uint_eq(item.address, 0x40100a);
	ck_assert_mem_eq(item.bytes, "\x22\x11", item.len);

	ck_assert(!qemu_log_isa(f->log));
	item = next(f, QEMU_LOG_STATE);
	ck_assert_str_eq(qemu_log_isa(f->log)->name, "x86_64");
	ck_assert_uint_eq(item.line, 7);
	check_reg(f, item.state, "rax", 1);
	check_reg(f, item.state, "rsp", 0x40008007c0);
	check_reg(f, item.state, "r15", 15);
	check_reg(f, item.state, "rip", 0x401000);
	check_reg(f, item.state, "zf", 1);
	check_reg(f, item.state, "of", 0);
	check_reg(f, item.state, "cs", 0x33);
	check_reg(f, item.state, "fs_base", 0x7ffff7ff0740);
	check_reg(f, item.state, "mxcsr", 0x1f80);
	ck_assert_mem_eq(words_of(f, item.state, "xmm0"), ((uint64_t[]){1, 2}), 16);
	ck_assert_mem_eq(words_of(f, item.state, "ymm0h"), ((uint64_t[]){3, 4}), 16);
	check_reg(f, item.state, "xmm15", 0xff);
	/* Register 7 is the top of the stack. */
	ck_assert_mem_eq(words_of(f, item.state, "st0"), ((uint64_t[]){UINT64_C(1) << 63, 0x3fff}), 16);
	/* A number, a zero, and none. */
	ck_assert_mem_eq(words_of(f, item.state, "ftag"), ((uint64_t[]){0x1fff, 0}), 16);
	item = next(f, QEMU_LOG_STATE);
	check_reg(f, item.state, "rip", 0x40100c);
	check_reg(f, item.state, "zf", 0);
	check_reg(f, item.state, "of", 1);
	next(f, QEMU_LOG_END);
	ck_assert(!qemu_log_cut(f->log));
	ck_assert_uint_eq(qemu_log_ignored(f->log), 0);
	qemu_log_destroy(f->log);
}
END_TEST

START_TEST(aarch64)
{
	struct fed in = open_text(a64_text, strlen(a64_text), SIZE_MAX), *f = &in;

	struct qemu_log_item item = next(f, QEMU_LOG_STATE);
	ck_assert_str_eq(qemu_log_isa(f->log)->name, "aarch64");
	check_reg(f, item.state, "pc", 0x40010c);
	check_reg(f, item.state, "x30", 0x4001f0);
	check_reg(f, item.state, "sp", 0x55008007a0);
	check_reg(f, item.state, "zf", 1);
	check_reg(f, item.state, "nf", 0);
	check_reg(f, item.state, "fpsr", 16);
	ck_assert_mem_eq(words_of(f, item.state, "v0"), ((uint64_t[]){1, 2}), 16);
	/* What the text does not tell is unknown. */
	ck_assert(!state_known(item.state, test_reg(qemu_log_isa(f->log), "v1")));
	item = next(f, QEMU_LOG_STATE);
	check_reg(f, item.state, "nf", 1);
	check_reg(f, item.state, "vf", 1);
	ck_assert_mem_eq(words_of(f, item.state, "v0"), ((uint64_t[]){10, 11}), 16);
	check_reg(f, item.state, "v31", 0xcc);
	next(f, QEMU_LOG_END);
	next(f, QEMU_LOG_END);
	qemu_log_destroy(f->log);
}
END_TEST

/* Other items of -d stand between states; they are counted. */
START_TEST(other_lines)
{
	static const char text[] = "Linking TBs 0x7f0000000100 index 0 -> 0x7f0000000200\n" X86_STATE(
		"0000000000000001", "0000000000401000",
		"00000246") "4242 write(1,0x402000,6) = 6\n" X86_STATE("0000000000000006", "0000000000401002",
								       "00000246");
	struct fed in = open_text(text, strlen(text), SIZE_MAX), *f = &in;

	next(f, QEMU_LOG_STATE);
	next(f, QEMU_LOG_STATE);
	next(f, QEMU_LOG_END);
	ck_assert_uint_eq(qemu_log_ignored(f->log), 2);
	qemu_log_destroy(f->log);
}
END_TEST

/* However the text ends, whole states are read, and the last one is either whole or said to be cut. */
static void check_cuts(const char *text)
{
	unsigned cuts = 0;

	for (size_t len = 0; len < strlen(text); len++) {
		struct qemu_log_item item = {.kind = QEMU_LOG_STATE};
		struct error *err = NULL;
		struct fed in = open_text(text, len, SIZE_MAX), *f = &in;
		unsigned states = 0;
		while (!err && item.kind != QEMU_LOG_END) {
			err = next_item(f, &item);
			states += !err && item.kind == QEMU_LOG_STATE;
		}
		if (err) {
			ck_assert_int_eq(err->code, ERROR_INPUT);
			ck_assert_msg(strstr(err->message, "no state of a CPU") != NULL, "%s", err->message);
			error_destroy(err);
		} else {
			ck_assert_uint_le(states, 1 + !qemu_log_cut(f->log));
			cuts += qemu_log_cut(f->log);
		}
		qemu_log_destroy(f->log);
	}
	ck_assert_uint_gt(cuts, strlen(text) / 3);
}

START_TEST(truncated)
{
	check_cuts(x86_text);
	check_cuts(a64_text);
}
END_TEST

static void check_refused(const char *text, size_t len, const char *message)
{
	struct error *err = NULL;
	struct qemu_log_item item = {.kind = QEMU_LOG_STATE};
	struct fed in = open_text(text, len, SIZE_MAX), *f = &in;

	while (!err && item.kind != QEMU_LOG_END)
		err = next_item(f, &item);
	ck_assert(err != NULL);
	ck_assert_int_eq(err->code, ERROR_INPUT);
	ck_assert_msg(strstr(err->message, message) != NULL, "%s", err->message);
	error_destroy(err);
	qemu_log_destroy(f->log);
}

START_TEST(refused)
{
	static const char zeroes[5000];

	check_refused("", 0, "no state of a CPU");
	check_refused("{}\n", 3, "no state of a CPU");
	check_refused(zeroes, sizeof zeroes, "no state of a CPU");
	/* Two processes that write one log. */
	const char *mixed = "RAX=0000000000000000 RBX=0000000000000000\nRAX=0000000000000000 RBX=0000000000000000\n";
	check_refused(mixed, strlen(mixed), ":1: this state lacks registers");
	/* ... within a line of each other, and a state that goes on behind its end. */
	static const char good[] = X86_STATE("0000000000000001", "0000000000401000", "00000246");
	static const char more[] = "YMM14=0000000000000000 0000000000000000 0000000000000000 0000000000000000\n";
	char text[3 * sizeof good];
	snprintf(text, sizeof text, "%sR8 =0000000000000008\n%s", good, good);
	check_refused(text, strlen(text), ":1: this state has registers twice");
	snprintf(text, sizeof text, "%s%s%s", good, good, more);
	check_refused(text, strlen(text), ": the state before goes on here");
}
END_TEST

/* Cut anywhere into pieces, the log has the same items. */
static void check_pieces(const char *text, size_t piece)
{
	struct fed in = open_text(text, strlen(text), SIZE_MAX), *whole = &in;
	struct fed cut = open_text(text, strlen(text), piece);
	struct qemu_log_item a = {.kind = QEMU_LOG_BLOCK}, b;
	unsigned items = 0;

	for (; a.kind != QEMU_LOG_END; items++) {
		ck_assert(!next_item(whole, &a));
		ck_assert(!next_item(&cut, &b));
		ck_assert_int_eq(a.kind, b.kind);
		ck_assert_uint_eq(a.line, b.line);
		ck_assert_uint_eq(a.address, b.address);
		ck_assert_uint_eq(a.num_touched, b.num_touched);
		if (a.kind == QEMU_LOG_STATE)
			ck_assert_mem_eq(a.state->value, b.state->value,
					 2 * a.state->isa->num_words * sizeof *a.state->value);
	}
	ck_assert_uint_gt(items, 2);
	qemu_log_destroy(whole->log);
	qemu_log_destroy(cut.log);
}

START_TEST(pieces)
{
	for (size_t piece = 1; piece < 200; piece++) {
		check_pieces(x86_text, piece);
		check_pieces(a64_text, piece);
	}
}
END_TEST

/* A state is not held back until the next one begins, if it has the form of the one before. */
START_TEST(held_back)
{
	static const char text[] = X86_STATE("0000000000000001", "0000000000401000", "00000246")
		X86_STATE("0000000000000002", "0000000000401002", "00000246");
	size_t one = strlen(text) / 2, room;
	struct fed in = open_text(text, 0, 0), *f = &in;
	struct qemu_log_item item;

	memcpy(qemu_log_space(f->log, &room), text, one);
	qemu_log_fed(f->log, one);
	ck_assert(!qemu_log_next(f->log, &item));
	ck_assert_int_eq(item.kind, QEMU_LOG_MORE);
	/* The first one could go on, unless QEMU stands still. */
	qemu_log_settle(f->log);
	ck_assert(!qemu_log_next(f->log, &item));
	ck_assert_int_eq(item.kind, QEMU_LOG_STATE);
	ck_assert(!item.touched);
	check_reg(f, item.state, "rax", 1);
	ck_assert(!qemu_log_next(f->log, &item));
	ck_assert_int_eq(item.kind, QEMU_LOG_MORE);

	memcpy(qemu_log_space(f->log, &room), text + one, one - 1);
	qemu_log_fed(f->log, one - 1);
	qemu_log_settle(f->log);
	ck_assert(!qemu_log_next(f->log, &item));
	ck_assert_int_eq(item.kind, QEMU_LOG_MORE); /* its last line has not ended */
	memcpy(qemu_log_space(f->log, &room), "\n", 1);
	qemu_log_fed(f->log, 1);
	ck_assert(!qemu_log_next(f->log, &item));
	ck_assert_int_eq(item.kind, QEMU_LOG_STATE);
	check_reg(f, item.state, "rax", 2);
	ck_assert_uint_eq(item.num_touched, 2);
	qemu_log_destroy(f->log);
}
END_TEST

/* A text with one place of it changed. */
static char *edited(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *ret = NULL;

	ck_assert_ptr_nonnull(at);
	ck_assert_int_gt(asprintf(&ret, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
	return ret;
}

/* One state, and the same with something changed: are exactly the words that differ told? */
static void check_edit(const char *state, const char *from, const char *to, bool same_form, const char *reg,
		       uint64_t value)
{
	char *changed = edited(state, from, to), *text;

	ck_assert_int_gt(asprintf(&text, "%s%s%s", state, changed, state), 0);
	struct fed in = open_text(text, strlen(text), SIZE_MAX), *f = &in;
	struct state before = {0};
	ck_assert(!next(f, QEMU_LOG_STATE).touched);
	ck_assert(!state_init(&before, qemu_log_isa(f->log)));
	for (unsigned i = 0; i < 2; i++) {
		qemu_log_destroy(f->log);
		in = open_text(text, strlen(text), SIZE_MAX);
		state_copy(&before, next(f, QEMU_LOG_STATE).state);
		struct qemu_log_item item = next(f, QEMU_LOG_STATE);
		if (i) {
			state_copy(&before, item.state);
			item = next(f, QEMU_LOG_STATE);
		} else {
			check_reg(f, item.state, reg, value);
		}
		ck_assert_msg(same_form == (item.touched != NULL), "%s to %s", from, to);
		for (uint16_t word = 0; same_form && word < before.isa->num_words; word++) {
			bool told = false;
			for (size_t n = 0; n < item.num_touched; n++)
				told = told || item.touched[n] == word;
			ck_assert_msg(told == (item.state->value[word] != before.value[word]), "word %u", word);
			ck_assert_uint_eq(item.state->unknown[word], before.unknown[word]);
		}
	}
	state_deinit(&before);
	qemu_log_destroy(f->log);
	free(changed);
	free(text);
}

START_TEST(changes)
{
	static const char x86[] = X86_STATE("0000000000000001", "0000000000401000", "00000246");
	static const struct {
		const char *from, *to;
		bool same_form;
		const char *reg;
		uint64_t value;
	} rows[] = {
		{"RBX=0000000000000002", "RBX=000000000000abcd", true, "rbx", 0xabcd},
		{"R15=000000000000000f", "R15=ffffffffffffffff", true, "r15", UINT64_MAX},
		{"RFL=00000246 [---Z-P-]", "RFL=00000a47 [-O-Z-PC]", true, "of", 1},
		{"FS =0000 00007ffff7ff0740", "FS =0000 00007ffff7ff0741", true, "fs_base", 0x7ffff7ff0741},
		{"SS =002b", "SS =0053", true, "ss", 0x53},
		{"DPL=3 CS64 [-RA]", "DPL=0 CS16 [-R-]", true, "cs", 0x33},
		{"MXCSR=00001f80", "MXCSR=00001fa1", true, "mxcsr", 0x1fa1},
		{"FCW=037f", "FCW=027f", true, "fctrl", 0x27f},
		/* The top of the stack moves: so do all of its registers, whose lines are the same. */
		{"FSW=3800 [ST=7]", "FSW=3000 [ST=6]", true, "st1", UINT64_C(1) << 63},
		{"FTW=c0", "FTW=80", true, "ftag", 0x3fff},
		{"FPR7=8000000000000000 3fff", "FPR7=c000000000000000 4000", true, "st0", UINT64_C(3) << 62},
		{"YMM00=0000000000000004", "YMM00=1000000000000004", true, "xmm0", 1},
		{"0000000000000003 00", "0000000000000033 00", true, "ymm0h", 0x33},
		{"0000000000000001\nYMM15", "00000000000000f1\nYMM15", true, "xmm0", 0xf1},
		/* What tells nothing may be as long as it likes. */
		{"CCO=EFLAGS", "CCO=ADDQ", true, "rax", 1},
		{"CR2=0000000000000000", "CR2=0000000000401000", true, "rax", 1},
		/* Another form: by the names. */
		{" HLT=0", " HLT=0 NEW=1", false, "rip", 0x401000},
		{"RBX=0000000000000002 RCX=0000000000000003", "RCX=0000000000000003 RBX=0000000000000002", false, "rbx",
		 2},
		{" RFL=", " NEW=0 RFL=", false, "rip", 0x401000},
		{"RSI=0000000000000005", "RSI=5", false, "rsi", 5},
		{"RSI=0000000000000005", "RSI=00000000000000B5", true, "rsi", 0xb5},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_edit(x86, rows[i].from, rows[i].to, rows[i].same_form, rows[i].reg, rows[i].value);
}
END_TEST

/* AArch64 in both ways of writing long vectors; streaming mode, which changes what follows. */
START_TEST(changes_a64)
{
	static const char a64[] = A64_GENERAL
		"PSTATE=40000000 -Z-- EL0t  SVCR=00000000 --  BTYPE=0     FPCR=00000000 FPSR=00000010\n"
		"P00=0000000000000000 P01=0000000000000000 P02=0000000000000000\n"
		"Z00[3-2]=0000000000000008:0000000000000007:0000000000000006:0000000000000005\n"
		"   [1-0]=0000000000000004:0000000000000003:0000000000000002:0000000000000001\n"
		"Z01[2-1]=0000000000000008:0000000000000007:0000000000000006:0000000000000005\n"
		"     [0]=0000000000000004:0000000000000003\n";

	check_edit(a64, "X30=00000000004001f0", "X30=00000000004001f1", true, "x30", 0x4001f1);
	check_edit(a64, " SP=00000055", " SP=00000054", true, "sp", 0x54008007a0);
	check_edit(a64, "40000000 -Z--", "90000000 N--V", true, "nf", 1);
	check_edit(a64, "FPSR=00000010", "FPSR=08000010", true, "fpsr", 0x8000010);
	check_edit(a64, "P00=0", "P00=1", true, "fpsr", 16);
	check_edit(a64, "Z00[3-2]=0", "Z00[3-2]=f", true, "v0", 1);
	check_edit(a64, "2:0000000000000001\n", "2:000000000000000a\n", true, "v0", 10);
	check_edit(a64, "4:0000000000000003\n", "4:0000000000000033\n", true, "v1", 0x33);
	check_edit(a64, "SVCR=00000000 --", "SVCR=00000001 -S", false, "v0", 1);
	/* A line that goes on with the register before it is read by name, that one was not. */
	check_edit(a64, "[1-0]=0000000000000004:0000000000000003:0000000000000002:", "[1-0]=4:3:2:", false, "v0", 1);
}
END_TEST

/* `-d page` and `-d exec`, as 7.2 and 11.1 write them. */
START_TEST(maps)
{
	static const char text[] = "page layout changed following mmap\n"
				   "start            end              size             prot\n"
				   "0000000000400000-0000000002404000 0000000002004000 ---\n"
				   "ffffffffff600000-ffffffffff601000 0000000000001000 --x\n"
				   "guest_base  0x7f0000001000\n"
				   "page layout changed following binary load\n"
				   "start            end              size             prot\n"
				   "0000000000401000-0000000000403000 0000000000002000 r-x\n"
				   "0000000000403000-0000000000402000 0000000000001000 rw-\n"
				   "0000000000404000-0000000000405000 0000000000001000 rw-\n"
				   "start_brk   0x0000000000000000\n"
				   "0000000000404000-0000000000405000 0000000000001000 rw-\n"
				   "Trace 0: 0x7f692c000100 [0000000000000000/0000000000401000/1040c0b3/00000201] \n"
				   "Trace 0: 0x7f11cc000200 [00000000/0000000000401002/1040c0b3/00000201] main\n"
				   "Trace 0: 0x7f11cc000200 nothing\n" X86_STATE("0000000000000001", "0000000000401002",
										 "00000246");
	struct fed in = open_text(text, strlen(text), SIZE_MAX), *f = &in;

	ck_assert(!next(f, QEMU_LOG_MAP_BEGIN).have_guest_base);
	struct qemu_log_item item = next(f, QEMU_LOG_MAP);
	ck_assert_uint_eq(item.address, 0x400000);
	ck_assert_uint_eq(item.end, 0x2404000);
	ck_assert_int_eq(item.prot, PROT_NONE);
	ck_assert_int_eq(next(f, QEMU_LOG_MAP).prot, PROT_EXEC);
	item = next(f, QEMU_LOG_MAP_BEGIN);
	ck_assert(item.have_guest_base);
	ck_assert_uint_eq(item.guest_base, 0x7f0000001000);
	ck_assert_int_eq(next(f, QEMU_LOG_MAP).prot, PROT_READ | PROT_EXEC);
	/* The line behind it is none of a dump, which ends there. */
	ck_assert_uint_eq(next(f, QEMU_LOG_EXEC).address, 0x401000);
	ck_assert_uint_eq(next(f, QEMU_LOG_EXEC).address, 0x401002);
	next(f, QEMU_LOG_STATE);
	next(f, QEMU_LOG_END);
	ck_assert_uint_eq(qemu_log_ignored(f->log), 5);
	qemu_log_destroy(f->log);
}
END_TEST

/* Lines in front of the first state, about as long as one is kept: each is one line, and no byte behind it is touched.
 */
START_TEST(long_lines)
{
	static const char mixed[] = "RAX=0000000000000000 RBX=0000000000000000\nRAX=0000000000000000\n";
	char text[5000 + sizeof mixed];

	for (size_t len = 4090; len <= 5000; len += len < 4100 ? 1 : 450) {
		memset(text, 'x', len);
		text[len - 1] = '\n';
		memcpy(text + len, mixed, sizeof mixed);
		check_refused(text, len + strlen(mixed), ":2: this state lacks registers");
	}
}
END_TEST

/* A state that never ends, and lines that never do. */
START_TEST(endless)
{
	enum { LEN = 2 << 20 };
	static const char line[] = "YMM14=0000000000000000 0000000000000000 0000000000000000 0000000000000000\n";
	static const char good[] = X86_STATE("0000000000000001", "0000000000401000", "00000246");
	char *text = malloc(LEN);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', LEN);
	check_refused(text, LEN, "no state of a CPU");
	memcpy(text, good, sizeof good - 1);
	for (size_t at = sizeof good - 1; at + sizeof line < LEN; at += sizeof line - 1)
		memcpy(text + at, line, sizeof line - 1);
	check_refused(text, LEN, ":1: this state is longer than");
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qemu_log");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, x86_64);
	tcase_add_test(tc, aarch64);
	tcase_add_test(tc, other_lines);
	tcase_add_test(tc, truncated);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, long_lines);
	tcase_add_test(tc, pieces);
	tcase_add_test(tc, held_back);
	tcase_add_test(tc, changes);
	tcase_add_test(tc, changes_a64);
	tcase_add_test(tc, maps);
	tcase_add_test(tc, endless);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return test_main(suite);
}
