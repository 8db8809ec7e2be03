#include "lib/rsp/stop.h"

#include <string.h>

#include "lib/base/codec.h"

/*
 * By GDB's number. The standard signals are written as numbers because the guest's are meant, not the host's:
 * include/uapi/asm-generic/signal.h, the same on x86-64 and AArch64.
 */
static const uint8_t linux_by_gdb[] = {
	[1] = 1,   /* HUP */
	[2] = 2,   /* INT */
	[3] = 3,   /* QUIT */
	[4] = 4,   /* ILL */
	[5] = 5,   /* TRAP */
	[6] = 6,   /* ABRT */
	[8] = 8,   /* FPE; 7 is EMT */
	[9] = 9,   /* KILL */
	[10] = 7,  /* BUS */
	[11] = 11, /* SEGV */
	[12] = 31, /* SYS */
	[13] = 13, /* PIPE */
	[14] = 14, /* ALRM */
	[15] = 15, /* TERM */
	[16] = 23, /* URG */
	[17] = 19, /* STOP */
	[18] = 20, /* TSTP */
	[19] = 18, /* CONT */
	[20] = 17, /* CHLD */
	[21] = 21, /* TTIN */
	[22] = 22, /* TTOU */
	[23] = 29, /* IO */
	[24] = 24, /* XCPU */
	[25] = 25, /* XFSZ */
	[26] = 26, /* VTALRM */
	[27] = 27, /* PROF */
	[28] = 28, /* WINCH; 29 is LOST */
	[30] = 10, /* USR1 */
	[31] = 12, /* USR2 */
	[32] = 30, /* PWR */
	[33] = 29, /* POLL: the kernel's number is that of IO */
	[45] = 33, [46] = 34, [47] = 35, [48] = 36, [49] = 37, [50] = 38, [51] = 39, [52] = 40, /* REALTIME_33 on */
	[53] = 41, [54] = 42, [55] = 43, [56] = 44, [57] = 45, [58] = 46, [59] = 47, [60] = 48, [61] = 49,
	[62] = 50, [63] = 51, [64] = 52, [65] = 53, [66] = 54, [67] = 55, [68] = 56, [69] = 57, [70] = 58,
	[71] = 59, [72] = 60, [73] = 61, [74] = 62, [75] = 63, [77] = 32, /* REALTIME_32; 76 is CANCEL */
	[78] = 64,
};

int rsp_signal_to_linux(unsigned gdb)
{
	return gdb < sizeof linux_by_gdb ? linux_by_gdb[gdb] : 0;
}

unsigned rsp_signal_from_linux(int linux_signal)
{
	for (unsigned gdb = 1; gdb < sizeof linux_by_gdb; gdb++)
		if (linux_by_gdb[gdb] == linux_signal && linux_signal > 0)
			return gdb;
	return 0;
}

/* A hexadecimal number of up to 15 digits, or -1; returns the characters taken. */
static size_t parse_number(const char *text, size_t len, int64_t *ret)
{
	size_t n = 0;
	int64_t value = 0;

	if (len >= 2 && text[0] == '-' && text[1] == '1') {
		*ret = -1;
		return 2;
	}
	while (n < len && n < 15 && codec_hex_digit(text[n]) >= 0)
		value = value << 4 | codec_hex_digit(text[n++]);
	*ret = value;
	return n;
}

size_t rsp_parse_thread(const char *text, size_t len, struct rsp_thread *ret)
{
	struct rsp_thread thread = {0};
	size_t taken = 0, n;

	if (len && text[0] == 'p') {
		n = parse_number(text + 1, len - 1, &thread.pid);
		if (!n)
			return 0;
		taken = 1 + n;
		if (taken == len || text[taken] != '.') {
			thread.tid = -1; /* "p1": all threads of the process */
			*ret = thread;
			return taken;
		}
		taken++;
	}
	n = parse_number(text + taken, len - taken, &thread.tid);
	if (!n)
		return 0;
	*ret = thread;
	return taken + n;
}

/* One "name:value" of a T reply. */
static void take_pair(const char *pair, size_t len, struct rsp_stop *stop)
{
	static const char name[] = "thread:";
	size_t skip = sizeof name - 1;

	if (len > skip && !memcmp(pair, name, skip) && rsp_parse_thread(pair + skip, len - skip, &stop->thread))
		stop->have_thread = true;
}

static void take_pairs(const char *text, size_t len, struct rsp_stop *stop)
{
	while (len) {
		const char *end = memchr(text, ';', len);
		size_t n = end ? (size_t)(end - text) : len;

		take_pair(text, n, stop);
		if (!end)
			return;
		text += n + 1;
		len -= n + 1;
	}
}

/* ";process:1" behind W and X. */
static void take_process(const char *text, size_t len, struct rsp_stop *stop)
{
	static const char name[] = ";process:";
	size_t skip = sizeof name - 1;

	if (len > skip && !memcmp(text, name, skip))
		parse_number(text + skip, len - skip, &stop->thread.pid);
}

bool rsp_parse_stop(const char *text, size_t len, struct rsp_stop *ret)
{
	struct rsp_stop stop = {0};
	unsigned number = 0;
	size_t at = 1;

	for (; at < len && at < 3 && codec_hex_digit(text[at]) >= 0; at++)
		number = number << 4 | (unsigned)codec_hex_digit(text[at]);
	/* gdbserver writes the status of W and the signal of X without a zero in front. */
	if (at < 2 || (at < 3 && (text[0] == 'S' || text[0] == 'T')))
		return false;
	switch (text[0]) {
	case 'S':
		if (len != 3)
			return false;
		stop.signal = rsp_signal_to_linux(number);
		break;
	case 'T':
		stop.signal = rsp_signal_to_linux(number);
		take_pairs(text + 3, len - 3, &stop);
		break;
	case 'W':
		stop.kind = RSP_STOP_EXITED;
		stop.status = (int)number;
		take_process(text + at, len - at, &stop);
		break;
	case 'X':
		stop.kind = RSP_STOP_KILLED;
		stop.signal = rsp_signal_to_linux(number);
		take_process(text + at, len - at, &stop);
		break;
	default: return false;
	}
	*ret = stop;
	return true;
}
