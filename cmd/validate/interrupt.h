/* Signals that ask the program to come to an end with what it has. */
#ifndef CMD_VALIDATE_INTERRUPT_H
#define CMD_VALIDATE_INTERRUPT_H

#include <signal.h>

#include "lib/base/error.h"

/* Set by interrupt(). */
extern volatile sig_atomic_t interrupted;

/* A handler. */
void interrupt(int signal);

/* flags: as of sigaction(). What whoever started us wants ignored (nohup) stays so. */
void catch_signal(int signal, void (*handler)(int), int flags);

/* SIGINT, SIGTERM and SIGHUP. */
void catch_interrupts(void (*handler)(int), int flags);

/* The time of limit_time() is over. */
extern volatile sig_atomic_t timed_out;

/* Sets interrupted and timed_out when so many seconds have passed, and interrupts waits every second from then on; 0:
 * never.
 */
void limit_time(double seconds);

/* What comes now may take its time: no signal of limit_time() comes any more. */
void unlimit_time(void);

/*
 * What an error means if the time was over when it came: that. ERROR_TIMEOUT then, with what was under way. Takes err
 * and returns it, or NULL for NULL.
 */
struct error *explain_timeout(struct error *err, double seconds);

/* A write beyond the limit of a file's size (ulimit -f) fails as any other, instead of ending the program; programs
 * that are started have the signal as it was. */
void survive_file_limit(void);

#endif
