/*
 * Stop replies of the GDB remote protocol, thread ids, and GDB's own numbering of signals. Pure: text in, values out.
 */
#ifndef LIB_RSP_STOP_H
#define LIB_RSP_STOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "p1.2f" (multiprocess) or "2f"; pid 0 when there is none. -1 stands for "all". */
struct rsp_thread {
	int64_t pid, tid;
};

enum rsp_stop_kind {
	RSP_STOP_SIGNAL, /* S, T: signal */
	RSP_STOP_EXITED, /* W: status */
	RSP_STOP_KILLED, /* X: signal */
};

struct rsp_stop {
	enum rsp_stop_kind kind;
	bool have_thread;
	struct rsp_thread thread;
	int signal; /* the Linux number that GDB's stands for; 0 when there is none */
	int status;
};

/* Takes a thread id from the start of len bytes of text; returns how many it has, 0 if there is none. */
size_t rsp_parse_thread(const char *text, size_t len, struct rsp_thread *ret);

/* False if the text is no stop reply. A pair of a T reply that is not understood is passed over. */
bool rsp_parse_stop(const char *text, size_t len, struct rsp_stop *ret);

/* GDB's number (include/gdb/signals.def) <-> the number of Linux on x86 and Arm; 0 when there is no counterpart. */
int rsp_signal_to_linux(unsigned gdb);
unsigned rsp_signal_from_linux(int linux_signal);

#endif
