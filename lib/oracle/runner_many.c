/* Turns of the runner in which it runs many instructions: probes, and cases of one instruction. */
#include "lib/base/error.h"
#include "lib/oracle/runner.h"

#if defined(__x86_64__)

#include <stddef.h>
#include <string.h>
#include <sys/user.h>

#include "lib/oracle/runner_code.h"
#include "lib/oracle/sets.h"

/* ---- Probes ---- */

uint64_t runner_probe_end(void)
{
	return RUNNER_HOME + PROBES_RUN_AT + MEMORY_PAGE;
}

uint64_t runner_probe_data(void)
{
	return RUNNER_HOME + DATA_RUN_AT + MEMORY_PAGE / 2;
}

struct error *runner_probe(struct runner *r, const uint8_t *general, const uint8_t *xsave, size_t xsave_len,
			   struct runner_probe *probes, size_t num, size_t *ret_done)
{
	struct runner_control *c = r->control;
	uint8_t *home = (uint8_t *)c - CONTROL_AT;
	struct user_regs_struct u;

	if (xsave_len > sizeof c->xsave || num > RUNNER_MAX_PROBES)
		return error_create(ERROR_BUG, "%zu probes, an XSAVE area of %zu bytes", num, xsave_len);
	memcpy(&u, general, sizeof u);
	runner_put_registers(c, &u, true);
	memcpy(c->xsave, xsave, xsave_len);
	sets_use_all(c->xsave);
	memset(home + DATA_AT, 0, MEMORY_PAGE);
	memcpy(home + LIST_AT, probes, num * sizeof *probes);
	c->probe[0] = RUNNER_HOME + LIST_AT;
	c->probe[1] = c->probe[0] + num * sizeof *probes;
	struct error *err = runner_take_turn(r, RUNNER_PROBE);
	/* It may have been written to by a probe, if only by one that meant to. */
	size_t done = (c->probe[0] - (RUNNER_HOME + LIST_AT)) / sizeof *probes;
	if (error_is(err, ERROR_TARGET) || error_is(err, ERROR_TIMEOUT)) {
		error_destroy(err);
		err = NULL;
	}
	if (err)
		return err;
	*ret_done = done < num ? done : num;
	memcpy(probes, home + LIST_AT, *ret_done * sizeof *probes);
	return NULL;
}

/* ---- Many cases ---- */

static uint8_t *home(const struct runner *r)
{
	return (uint8_t *)r->control - CONTROL_AT;
}

static struct runner_entry *entry_at(const struct runner *r, size_t index)
{
	void *entries = home(r) + ENTRIES_AT;

	return (struct runner_entry *)entries + index;
}

uint8_t *runner_many_page(const struct runner *r, size_t number)
{
	return home(r) + IMAGES_AT + number * MEMORY_PAGE;
}

/* JMP [RIP + 0], and the address (SDM vol. 2, JMP). */
void runner_many_stop(uint8_t ret[RUNNER_STOP_LEN])
{
	static const uint8_t jump[6] = {0xff, 0x25};
	uint64_t target = RUNNER_HOME + (uint64_t)(runner_return - runner_code);

	memcpy(ret, jump, sizeof jump);
	memcpy(ret + sizeof jump, &target, sizeof target);
}

void runner_many_begin(struct runner *r, const uint64_t *pages, size_t num_pages)
{
	r->control->num_pages = num_pages;
	for (size_t i = 0; i < num_pages; i++)
		r->control->page[i] = pages[i];
}

void runner_many_put(struct runner *r, size_t index, const uint8_t *general, const uint8_t *xsave)
{
	struct runner_entry *e = entry_at(r, index);
	struct user_regs_struct u;

	memcpy(&u, general, sizeof u);
	const uint64_t gpr[15] = {u.rax, u.rcx, u.rdx, u.rbx, u.rbp, u.rsi, u.rdi, u.r8,
				  u.r9,  u.r10, u.r11, u.r12, u.r13, u.r14, u.r15};
	const uint64_t frame[5] = {u.rip, u.cs, u.eflags, u.rsp, u.ss};
	memcpy(e->gpr, gpr, sizeof gpr);
	memcpy(e->frame, frame, sizeof frame);
	e->fs_base = u.fs_base;
	e->gs_base = u.gs_base;
	memcpy(e->xsave, xsave, RUNNER_XSAVE);
	sets_use_all(e->xsave);
}

void runner_many_get(const struct runner *r, size_t index, uint64_t pc, uint8_t *general, uint8_t *xsave)
{
	const struct runner_entry *e = entry_at(r, index);
	struct user_regs_struct u;
	const uint64_t *g = e->gpr;

	memcpy(&u, general, sizeof u);
	u.rax = g[0], u.rcx = g[1], u.rdx = g[2], u.rbx = g[3], u.rbp = g[4], u.rsi = g[5], u.rdi = g[6];
	u.r8 = g[7], u.r9 = g[8], u.r10 = g[9], u.r11 = g[10], u.r12 = g[11], u.r13 = g[12], u.r14 = g[13];
	u.r15 = g[14];
	u.rip = pc;
	u.eflags = e->frame[2];
	u.rsp = e->frame[3];
	u.ss = e->ss;
	u.ds = e->selectors[0];
	u.es = e->selectors[1];
	u.fs = e->selectors[2];
	u.gs = e->selectors[3];
	u.fs_base = e->fs_base;
	u.gs_base = e->gs_base;
	memcpy(general, &u, sizeof u);
	memcpy(xsave, e->xsave, RUNNER_XSAVE);
}

struct error *runner_many(struct runner *r, size_t num, size_t *ret_done)
{
	struct runner_control *c = r->control;
	const uint64_t entries = RUNNER_HOME + ENTRIES_AT;

	c->many = entries;
	c->many_end = entries + num * sizeof(struct runner_entry);
	c->images = RUNNER_HOME + IMAGES_AT;
	struct error *err = runner_take_turn(r, RUNNER_MANY);
	if (err)
		return err;
	size_t done = (c->many - entries) / sizeof(struct runner_entry);
	*ret_done = done < num ? done : num;
	return NULL;
}

#else

uint64_t runner_probe_end(void)
{
	return 0;
}

uint64_t runner_probe_data(void)
{
	return 0;
}

struct error *runner_probe(struct runner *r, const uint8_t *general, const uint8_t *xsave, size_t xsave_len,
			   struct runner_probe *probes, size_t num, size_t *ret_done)
{
	(void)r, (void)general, (void)xsave, (void)xsave_len, (void)probes, (void)num, (void)ret_done;
	return error_create(ERROR_BUG, "no runner");
}

uint8_t *runner_many_page(const struct runner *r, size_t number)
{
	(void)r, (void)number;
	return NULL;
}

void runner_many_stop(uint8_t ret[RUNNER_STOP_LEN])
{
	(void)ret;
}

void runner_many_begin(struct runner *r, const uint64_t *pages, size_t num_pages)
{
	(void)r, (void)pages, (void)num_pages;
}

void runner_many_put(struct runner *r, size_t index, const uint8_t *general, const uint8_t *xsave)
{
	(void)r, (void)index, (void)general, (void)xsave;
}

void runner_many_get(const struct runner *r, size_t index, uint64_t pc, uint8_t *general, uint8_t *xsave)
{
	(void)r, (void)index, (void)pc, (void)general, (void)xsave;
}

struct error *runner_many(struct runner *r, size_t num, size_t *ret_done)
{
	(void)r, (void)num, (void)ret_done;
	return error_create(ERROR_BUG, "no runner");
}

#endif
