#include "lib/sys/walk.h"

#include <errno.h>

/* What the kernel's own restart codes are (include/linux/errno.h, not for user space): a tracer sees them. */
enum { KERNEL_ERESTARTSYS = 512, KERNEL_ERESTART_RESTARTBLOCK = 516 };

/* After EFAULT: how much of a buffer is looked at for what the kernel may have written before it met the hole. */
enum { MAX_FAULTED = 16 << 20 };

struct sys_range walk_arg(const struct sys_walk *w, unsigned arg)
{
	return (struct sys_range){.address = w->call->arg[arg], .arg = arg, .depth = 1};
}

struct sys_range walk_plus(struct sys_range place, uint64_t offset)
{
	if (!place.address) /* NULL stays NULL */
		return place;
	place.address += offset;
	place.offset[place.depth - 1] += offset;
	return place;
}

struct error *walk_peek(const struct sys_walk *w, struct sys_range place, unsigned len, uint64_t *ret)
{
	uint8_t bytes[8] = {0};
	struct error *err = w->memory->read(w->memory->ctx, place.address, bytes, len);

	if (err)
		return err;
	uint64_t value = 0;
	for (unsigned i = 0; i < len; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	*ret = value;
	return NULL;
}

struct error *walk_follow(const struct sys_walk *w, struct sys_range place, struct sys_range *ret)
{
	uint64_t pointer;

	if (place.depth >= SYS_MAX_DEPTH)
		return error_create(ERROR_BUG, "a chain of more than %d pointers", SYS_MAX_DEPTH);
	struct error *err = walk_peek(w, place, 8, &pointer);
	if (err)
		return err;
	place.address = pointer;
	place.offset[place.depth++] = 0;
	*ret = place;
	return NULL;
}

static bool readable(const struct sys_walk *w, uint64_t address)
{
	uint8_t byte;
	struct error *err = w->memory->read(w->memory->ctx, address, &byte, 1);
	bool ok = !err;

	error_destroy(err);
	return ok;
}

static uint64_t readable_len(const struct sys_walk *w, uint64_t address, uint64_t len)
{
	uint64_t done = 0;

	if (len > MAX_FAULTED)
		len = MAX_FAULTED;
	while (done < len && readable(w, address + done))
		done += SYS_PAGE - (address + done) % SYS_PAGE;
	return done < len ? done : len;
}

static struct error *keep(struct sys_walk *w, struct sys_range place, uint64_t len)
{
	if (!place.address || !len)
		return NULL;
	place.len = len < SYS_MAX_RW ? len : SYS_MAX_RW;
	if (w->faulted)
		place.len = readable_len(w, place.address, place.len);
	if (place.len && !vec_push(w->ranges, place))
		return &error_no_memory;
	return NULL;
}

struct error *walk_in(struct sys_walk *w, struct sys_range place, uint64_t len)
{
	return w->phase == PHASE_READ ? keep(w, place, len) : NULL;
}

struct error *walk_out(struct sys_walk *w, struct sys_range place, uint64_t len)
{
	if (w->phase == PHASE_WRITTEN && sys_failed(w->call->result))
		return NULL;
	return walk_out_always(w, place, len);
}

struct error *walk_out_always(struct sys_walk *w, struct sys_range place, uint64_t len)
{
	return w->phase == PHASE_READ ? NULL : keep(w, place, len);
}

struct error *walk_inout(struct sys_walk *w, struct sys_range place, uint64_t len)
{
	return w->phase == PHASE_READ ? walk_in(w, place, len) : walk_out(w, place, len);
}

struct error *walk_string(struct sys_walk *w, struct sys_range place)
{
	uint64_t len = 0;

	if (w->phase != PHASE_READ || !place.address)
		return NULL;
	while (len < SYS_PATH_MAX) {
		uint8_t chunk[256];
		uint64_t at = place.address + len, n = sizeof chunk;

		if (n > SYS_PAGE - at % SYS_PAGE)
			n = SYS_PAGE - at % SYS_PAGE;
		if (n > SYS_PATH_MAX - len)
			n = SYS_PATH_MAX - len;
		struct error *err = w->memory->read(w->memory->ctx, at, chunk, n);
		if (err)
			return err;
		for (uint64_t i = 0; i < n; i++) {
			if (!chunk[i])
				return keep(w, place, len + i + 1);
		}
		len += n;
	}
	return keep(w, place, len);
}

uint64_t walk_used(const struct sys_walk *w, uint64_t capacity)
{
	if (w->phase != PHASE_WRITTEN)
		return capacity;
	if (sys_failed(w->call->result))
		return 0;
	uint64_t used = w->call->result;
	return used < capacity ? used : capacity;
}

bool walk_failed_with(const struct sys_walk *w, int errnum)
{
	return w->phase == PHASE_MAY_WRITE || (w->phase == PHASE_WRITTEN && w->call->result == -errnum);
}

bool walk_interrupted(const struct sys_walk *w)
{
	int64_t result = w->call->result;

	return walk_failed_with(w, EINTR) ||
	       (w->phase == PHASE_WRITTEN && result <= -KERNEL_ERESTARTSYS && result >= -KERNEL_ERESTART_RESTARTBLOCK);
}
