#include "cmd/validate/interrupt.h"

#include <stddef.h>

volatile sig_atomic_t interrupted;

void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

void catch_signal(int signal, void (*handler)(int), int flags)
{
	const struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	struct sigaction old;

	if (sigaction(signal, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
		sigaction(signal, &action, NULL);
}

void catch_interrupts(void (*handler)(int), int flags)
{
	catch_signal(SIGINT, handler, flags);
	catch_signal(SIGTERM, handler, flags);
	catch_signal(SIGHUP, handler, flags);
}
