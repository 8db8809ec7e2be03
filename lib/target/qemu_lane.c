#include "lib/target/qemu_lane.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/target/qemu_lane_private.h"

enum {
	PIPE_SIZE = 1 << 20,    /* some 400 states, so that we and QEMU rarely wait for each other */
	DISCARD_SIZE = 1 << 16, /* bytes at once */
	SPILL_MAX = 16 << 20,   /* bytes: QEMU writes them more slowly than they are read */
};

struct error *qemu_lane_create(const char *path, struct qemu_lane **ret)
{
	struct qemu_lane *l = calloc(1, sizeof *l);

	if (!l)
		return &error_no_memory;
	l->fd = -1;
	struct error *err = qemu_log_create("QEMU's log", &l->log);
	if (!err && mkfifo(path, 0600))
		err = error_os(errno, "make", path);
	if (!err)
		l->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (!err && l->fd < 0)
		err = error_os(errno, "open", path);
	if (err) {
		qemu_lane_destroy(l);
		return err;
	}
	/* A smaller one does: users have a limit on the memory of all their pipes. */
	fcntl(l->fd, F_SETPIPE_SZ, PIPE_SIZE);
	*ret = l;
	return NULL;
}

void qemu_lane_destroy(struct qemu_lane *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	qemu_log_destroy(l->log);
	error_destroy(l->failed);
	vec_deinit(&l->map);
	vec_deinit(&l->spill);
	map_deinit(&l->breaks);
	free(l->stepped.hidden);
	free(l->flowing.hidden);
	free(l->on_request);
	state_deinit(&l->seen);
	state_deinit(&l->stood);
	free(l);
}

/* The options that make translation blocks of one instruction: of 8.1 and later, and of those before. */
static const char *const single[] = {"-one-insn-per-tb", "-singlestep"};

struct error *qemu_lane_options(const char *help, const char *path, enum qemu_lane_steps steps,
				const char *ret[QEMU_LANE_ARGS])
{
	size_t i = 0, n = 0;

	while (i < sizeof single / sizeof *single && !strstr(help, single[i]))
		i++;
	if (i == sizeof single / sizeof *single)
		return error_create(ERROR_UNSUPPORTED, "the emulator has no option for one instruction a block");
	if (steps == QEMU_LANE_INSNS)
		ret[n++] = single[i];
	ret[n++] = "-d";
	ret[n++] = steps == QEMU_LANE_STANDS ? "page" : "cpu,fpu,nochain,page";
	ret[n++] = "-D";
	ret[n++] = path;
	ret[n] = NULL;
	return NULL;
}

/* False: there is nothing. */
static bool feed_spilled(struct qemu_lane *l, void *space, size_t len)
{
	size_t left = l->spill.len - l->spill_at, n = left < len ? left : len;

	if (!n)
		return false;
	memcpy(space, l->spill.at + l->spill_at, n);
	qemu_log_fed(l->log, n);
	l->spill_at += n;
	if (l->spill_at == l->spill.len)
		l->spill.len = l->spill_at = 0;
	return true;
}

struct error *qemu_lane_feed(struct qemu_lane *l, bool *ret_more)
{
	size_t len;
	void *space = qemu_log_space(l->log, &len);
	ssize_t n;

	*ret_more = feed_spilled(l, space, len);
	if (*ret_more)
		return NULL;
	do
		n = read(l->fd, space, len);
	while (n < 0 && errno == EINTR);
	*ret_more = n > 0;
	if (n < 0)
		return errno == EAGAIN ? NULL : error_os(errno, "read", "QEMU's log");
	if (n)
		qemu_log_fed(l->log, (size_t)n);
	else
		l->at_end = true;
	return NULL;
}

struct error *qemu_lane_make_room(struct qemu_lane *l)
{
	ssize_t n = 1;

	while (n > 0 && l->spill.len < SPILL_MAX) {
		if (!vec_reserve(&l->spill, l->spill.len + PIPE_SIZE))
			return &error_no_memory;
		do
			n = read(l->fd, l->spill.at + l->spill.len, PIPE_SIZE);
		while (n < 0 && errno == EINTR);
		l->spill.len += n > 0 ? (size_t)n : 0;
	}
	return n < 0 && errno != EAGAIN ? error_os(errno, "read", "QEMU's log") : NULL;
}

void qemu_lane_discard(struct qemu_lane *l)
{
	uint8_t bytes[DISCARD_SIZE];
	ssize_t n;

	do
		n = read(l->fd, bytes, sizeof bytes);
	while (n > 0 || (n < 0 && errno == EINTR));
	l->at_end |= !n;
}

static struct error *note_mapping(struct qemu_lane *l, const struct qemu_log_item *item)
{
	const struct target_mapping m = {.start = item->address, .len = item->end - item->address, .prot = item->prot};

	if (item->kind == QEMU_LOG_MAP_BEGIN)
		l->map.len = 0;
	if (item->kind == QEMU_LOG_MAP && !vec_push(&l->map, m))
		return &error_no_memory;
	return NULL;
}

/* Of the start: the map. States that are there are of steps that others made. */
static struct error *take_start(struct qemu_lane *l)
{
	struct qemu_log_item item;
	bool more = true;
	struct error *err = NULL;

	while (!err) {
		err = qemu_log_next(l->log, &item);
		if (!err)
			err = note_mapping(l, &item);
		if (err || (item.kind == QEMU_LOG_MORE && !more))
			return err;
		if (item.kind == QEMU_LOG_MORE)
			err = qemu_lane_feed(l, &more);
	}
	return err;
}

/* Of rsp_drain_beside() */
static bool drain(void *ctx)
{
	struct qemu_lane *l = ctx;

	if (l->started)
		qemu_lane_discard(l);
	else if (!l->failed)
		l->failed = take_start(l);
	return !l->at_end && !l->failed;
}

void qemu_lane_attend(struct qemu_lane *l, struct rsp_client *client)
{
	rsp_drain_beside(client, l->fd, drain, l);
}

struct error *qemu_lane_end_start(struct qemu_lane *l)
{
	struct error *err = l->failed;
	struct qemu_log_item item = {.kind = QEMU_LOG_STATE};

	l->failed = NULL;
	if (err || l->started)
		return err;
	l->started = true;
	err = take_start(l);
	qemu_log_settle(l->log);
	while (!err && item.kind != QEMU_LOG_MORE) {
		err = qemu_log_next(l->log, &item);
		if (!err)
			err = note_mapping(l, &item);
	}
	return err;
}
