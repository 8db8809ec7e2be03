#include "cmd/validate/interrupt.h"

#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

volatile sig_atomic_t interrupted, timed_out;

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

static void time_over(int signal)
{
	/* Else a handler asks for the signal, since the user has interrupted already. */
	if (!interrupted)
		timed_out = 1;
	interrupt(signal);
	alarm(1);
}

void limit_time(double seconds)
{
	/* No call is made again behind it: it is to end waits. */
	const struct sigaction action = {.sa_handler = time_over};
	struct itimerval timer = {.it_value.tv_sec = (time_t)seconds};

	if (seconds > 0) {
		timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
		if (!timer.it_value.tv_sec && !timer.it_value.tv_usec)
			timer.it_value.tv_usec = 1;
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &timer, NULL);
	}
}

void unlimit_time(void)
{
	setitimer(ITIMER_REAL, &(const struct itimerval){.it_value.tv_sec = 0}, NULL);
}

struct error *explain_timeout(struct error *err, double seconds)
{
	if (!err || !timed_out || err == &error_no_memory)
		return err;
	struct error *timeout = error_create(ERROR_TIMEOUT, "--timeout: not done after %.1f s: %s", seconds,
					     err->message);
	error_destroy(err);
	return timeout;
}

static void do_nothing(int signal)
{
	(void)signal;
}

void survive_file_limit(void)
{
	/* A handler, and not SIG_IGN, which programs would inherit (execve(2)). */
	catch_signal(SIGXFSZ, do_nothing, SA_RESTART);
}
