#include "lib/judge/logged.h"

#include <signal.h>
#include <stdlib.h>

#include "lib/base/strbuf.h"
#include "lib/judge/judge.h"
#include "lib/sys/signal.h"

/* ---- Raising another ---- */

bool logged_by_cpu(const struct judge *j, uint64_t pc, int signal)
{
	const struct replay_fault *next = &j->logged.next;

	return next->signal == signal && next->pc == pc && j->log->header->cpu.vendor;
}

int logged_instead(const struct judge *j, uint64_t pc, int signal)
{
	const struct replay_fault *next = &j->logged.next;

	return next->signal && next->pc == pc && next->signal != signal ? next->signal : 0;
}

struct error *logged_goes_on(struct judge *j, int signal, bool *ret)
{
	bool logged = false;
	struct error *err = j->log->header ? j->log->has_signal(j->log->ctx, signal, &logged) : NULL;

	*ret = j->log->header && !logged;
	return err;
}

/* ---- What that proves ---- */

/* "the CPU that the log was recorded on (AuthenticAMD family 26) raised SIGILL here". */
static void append_witness(struct strbuf *out, const struct evlog_header *h, int signal)
{
	char name[SIGNAL_NAME_LEN];

	if (h->cpu.vendor)
		strbuf_printf(out, "the CPU that the log was recorded on (%s family %llu) ", h->cpu.vendor,
			      (unsigned long long)h->cpu.family);
	else
		strbuf_printf(out, "the run that the log is of, which was on no CPU (%s), ", h->recorder);
	if (signal)
		strbuf_printf(out, "raised %s here", signal_name(signal, name));
	else
		strbuf_append(out, "went on here");
}

/* Why what the guest did may be right all the same; NULL: it is not. */
static const char *doubt(const struct judge *j, const struct finding *f)
{
	const struct replay_fault *next = &j->logged.next;
	bool refused = f->expected[0] == SIGILL || f->observed[0] == SIGILL;
	/* Of a signal that killed the program the log has no code. */
	bool mapping = (next->signal == SIGSEGV && (!next->code || next->code == SEGV_MAPERR)) ||
		       (next->signal == SIGBUS && next->code == BUS_ADRERR);

	if (j->logged.doubt)
		return j->logged.doubt;
	if (!j->log->header->cpu.vendor)
		return "";
	if (refused && (f->insn.extension || (!f->expected[0] && f->insn.status == LIFT_UNDECODABLE)))
		return "; one of the two CPUs may lack the instruction";
	if (f->expected[0] && mapping)
		return ", where it had no memory: the address spaces may differ";
	return NULL;
}

struct error *logged_weigh(struct judge *j, struct finding *f)
{
	const struct replay_fault *next = &j->logged.next;
	bool same = next->signal && next->pc == f->insn.pc && f->kind == LOCATION_FAULT &&
		    (uint64_t)next->signal == f->expected[0];
	struct strbuf text = {0};

	if (!f->logged && (!same || f->severity <= SEVERITY_RECORDED))
		return NULL;
	const char *why = doubt(j, f);
	if (!f->logged && why)
		return NULL;
	append_witness(&text, j->log->header, (int)f->expected[0]);
	strbuf_append(&text, why ? why : "");
	f->severity = why ? SEVERITY_POSSIBLE : SEVERITY_RECORDED;
	free(f->opinion);
	f->opinion = strbuf_take(&text);
	return f->opinion ? NULL : &error_no_memory;
}
