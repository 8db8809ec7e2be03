/* A program on this machine's own CPU. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/record/tracee.h"

struct native_tracee {
	struct tracee base;
	struct native *n;
};

static struct native *of(const struct tracee *t)
{
	return ((const struct native_tracee *)t)->n;
}

static void destroy(struct tracee *t)
{
	native_destroy(of(t));
	free(t->platform);
	free(t->cpu.vendor);
	free(t);
}

static struct error *go(struct tracee *t, int signal)
{
	return native_go(of(t), signal);
}

static struct error *wait_for(struct tracee *t, struct native_stop *ret)
{
	return native_wait(of(t), ret);
}

static struct error *deliver(struct tracee *t, int signal, uint64_t handler, struct native_stop *ret)
{
	(void)handler;
	return native_deliver(of(t), signal, ret);
}

static struct error *hold(struct tracee *t, int signal, bool *ret)
{
	return native_hold(of(t), signal, ret);
}

static struct error *deny(struct tracee *t, int errnum)
{
	return native_deny(of(t), errnum);
}

static struct error *answer(struct tracee *t, int64_t result)
{
	return native_skip_call(of(t), result);
}

static struct error *make_gate_call(struct tracee *t, int64_t *ret, bool *ret_made)
{
	return native_make_gate_call(of(t), ret, ret_made);
}

static uint64_t number(const struct tracee *t)
{
	return native_number(of(t));
}

static uint64_t reg_value(const struct tracee *t, uint32_t reg)
{
	return native_reg(of(t), reg);
}

static struct error *read_some(struct tracee *t, uint64_t address, void *ret, size_t len, size_t *ret_len)
{
	return native_read_some(of(t), address, ret, len, ret_len);
}

static struct error *read_ranges(struct tracee *t, const struct native_range *ranges, size_t num, void *ret)
{
	return native_read_ranges(of(t), ranges, num, ret);
}

/* "start-end perms offset device inode   name" */
static struct error *parse_mapping(const char *line, struct evlog_header *h)
{
	struct evlog_mapping m = {0};
	int name = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &m.start, &m.end, m.perms, &m.offset,
		   &name) < 4 ||
	    name == 0)
		return error_create(ERROR_TARGET, "a line of /proc/PID/maps that is not understood: %s", line);
	m.name = strndup(line + name, strcspn(line + name, "\n"));
	if (m.name && vec_push(&h->mappings, m))
		return NULL;
	free(m.name);
	return &error_no_memory;
}

static struct error *mappings(struct tracee *t, struct evlog_header *h)
{
	char path[NATIVE_PROC_LEN], *line = NULL;
	size_t cap = 0;
	struct error *err = NULL;

	tracee_proc_path(t, "maps", path);
	FILE *f = fopen(path, "r");
	if (!f)
		return error_os(errno, "open", path);
	while (!err && getline(&line, &cap, f) > 0)
		err = parse_mapping(line, h);
	free(line);
	fclose(f);
	return err;
}

/* What CPUID told the program: the choice of instructions depends on it. */
static void append_cpu(struct strbuf *out)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];

	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, "model name", 10) != 0 || !strchr(line, ':'))
			continue;
		char *name = strchr(line, ':') + 1;
		name[strcspn(name, "\n")] = '\0';
		strbuf_printf(out, ",%s", name);
		break;
	}
	if (f)
		fclose(f);
}

static char *platform(void)
{
	struct strbuf text = {0};
	struct utsname uts;

	if (uname(&uts) == 0)
		strbuf_printf(&text, "%s %s %s", uts.sysname, uts.release, uts.machine);
	append_cpu(&text);
	return strbuf_take(&text);
}

static struct error *look_at_cpu(struct evlog_cpu *ret)
{
	struct native_cpu cpu;

	if (!native_cpu(&cpu))
		return NULL;
	ret->vendor = strdup(cpu.vendor);
	ret->family = cpu.family;
	ret->model = cpu.model;
	return ret->vendor ? NULL : &error_no_memory;
}

static const struct tracee_ops ops = {
	.destroy = destroy,
	.go = go,
	.wait = wait_for,
	.deliver = deliver,
	.hold = hold,
	.deny = deny,
	.answer = answer,
	.make_gate_call = make_gate_call,
	.number = number,
	.reg = reg_value,
	.read_some = read_some,
	.read_ranges = read_ranges,
	.mappings = mappings,
};

struct error *tracee_native_create(const struct native_options *options, struct tracee **ret)
{
	struct native_tracee *t = calloc(1, sizeof *t);

	if (!t)
		return &error_no_memory;
	t->base.ops = &ops;
	t->base.isa = native_isa();
	struct error *err = native_spawn(options, &t->n);
	if (!err) {
		t->base.pid = native_pid(t->n);
		t->base.tid = (uint64_t)t->base.pid;
		t->base.platform = platform();
		err = t->base.platform ? look_at_cpu(&t->base.cpu) : &error_no_memory;
	}
	if (err)
		destroy(&t->base);
	else
		*ret = &t->base;
	return err;
}
