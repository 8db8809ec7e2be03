/*
 * What the recorder has changed of the program's process and prctl(2) would show: the filter that a native program has
 * for the page of vsyscalls (native_watch_gate()), and that it may gain no privileges, without which the filter is not
 * to be had. The program inherits both from this process, whose own are what they would be without us. What is read
 * from /proc/self/status stays as it is.
 */
#include <sys/prctl.h>

#include "lib/record/internal.h"

/* The kernel wants the unused arguments to be 0. */
static bool asks_for_privileges(const struct sys_call *sys)
{
	return sys->arg[0] == PR_GET_NO_NEW_PRIVS && !sys->arg[1] && !sys->arg[2] && !sys->arg[3] && !sys->arg[4];
}

struct error *record_hide_filter(struct recording *r)
{
	const struct record_call *c = &r->call;

	if (c->desc->sem != SYS_PRCTL)
		return NULL;
	if (c->sys.arg[0] == PR_GET_SECCOMP)
		return tracee_answer(r->n, prctl(PR_GET_SECCOMP));
	if (asks_for_privileges(&c->sys))
		return tracee_answer(r->n, r->no_new_privs || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return NULL;
}

void record_note_privileges(struct recording *r)
{
	const struct record_call *c = &r->call;

	if (c->desc->sem == SYS_PRCTL && c->sys.arg[0] == PR_SET_NO_NEW_PRIVS && !sys_failed(c->sys.result))
		r->no_new_privs = true;
}
