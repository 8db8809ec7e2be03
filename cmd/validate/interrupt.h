/* Signals that ask the program to come to an end with what it has. */
#ifndef CMD_VALIDATE_INTERRUPT_H
#define CMD_VALIDATE_INTERRUPT_H

#include <signal.h>

/* Set by interrupt(). */
extern volatile sig_atomic_t interrupted;

/* A handler. */
void interrupt(int signal);

/* flags: as of sigaction(). What whoever started us wants ignored (nohup) stays so. */
void catch_signal(int signal, void (*handler)(int), int flags);

/* SIGINT, SIGTERM and SIGHUP. */
void catch_interrupts(void (*handler)(int), int flags);

#endif
