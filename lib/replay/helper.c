/*
 * Two pages of ours in the guest's memory. The first has code: what handlers return to that name no place themselves,
 * and the instructions that save and load the floating-point and vector registers; the second is their image. Nothing
 * of it is the program's, which knows neither page.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h> /* PROT_ and MAP_ values: the same on x86-64 and AArch64 (asm-generic/mman-common.h) */

#include "lib/replay/frame.h"
#include "lib/replay/internal.h"

enum { SAVE_AT = 64, LOAD_AT = 128, NO_WAY = ISA_IMAGE_WAYS };

/* Away from where kernels put mappings, so that those of the program come to where they were. */
#define HELPER_HINT UINT64_C(0x2000000000)

/* ---- Putting it there ---- */

/* struct sigaction of the kernel starts with the handler (include/uapi/asm-generic/signal.h). */
static struct error *installs_handler(struct replay *r, const struct replay_call *call, bool *ret)
{
	uint64_t handler, at = call->guest.arg[1];
	size_t got = 0;

	*ret = false;
	if (!at)
		return NULL;
	struct error *err = target_read_memory(r->target, at, &handler, sizeof handler, &got);
	*ret = !err && got == sizeof handler && handler > (uintptr_t)SIG_IGN;
	return err;
}

static void make_code(const struct isa_frame *frame, uint8_t code[MEMORY_PAGE])
{
	memset(code, 0, MEMORY_PAGE);
	if (frame->return_code)
		memcpy(code, frame->return_code, frame->return_len);
	if (frame->image) {
		memcpy(code + SAVE_AT, frame->image->save, sizeof frame->image->save);
		memcpy(code + LOAD_AT, frame->image->load, sizeof frame->image->load);
	}
}

struct error *replay_put_helper(struct replay *r, const struct replay_call *call)
{
	const uint64_t map[6] = {
		HELPER_HINT, 2 * MEMORY_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
	uint8_t code[MEMORY_PAGE];
	bool needed = false;
	int64_t address = 0, result = 0;
	struct error *err = r->helper ? NULL : installs_handler(r, call, &needed);

	if (err || !needed)
		return err;
	make_code(r->isa->frame, code);
	err = guest_call(r, call, "mmap", map, &address);
	if (!err && !sys_failed(address))
		err = target_write_memory(r->target, (uint64_t)address, code, sizeof code);
	const uint64_t protect[6] = {(uint64_t)address, MEMORY_PAGE, PROT_READ | PROT_EXEC};
	if (!err && !sys_failed(address))
		err = guest_call(r, call, "mprotect", protect, &result);
	if (!err && (sys_failed(address) || sys_failed(result)))
		err = error_create(ERROR_TARGET, "the target has no room for what signal handlers need");
	r->helper = (uint64_t)address;
	if (!err)
		err = guest_map_set(&r->map, r->helper, MEMORY_PAGE, PROT_READ | PROT_EXEC, GUEST_MAP_OTHER);
	if (!err)
		err = guest_map_set(&r->map, r->helper + MEMORY_PAGE, MEMORY_PAGE, PROT_READ | PROT_WRITE,
				    GUEST_MAP_OTHER);
	return err ? err : replay_put_back(r, call);
}

/* ---- Running it ---- */

/* The pages are in the program's reach: it may have put something else there. */
static struct error *check_code(struct replay *r, uint64_t code_at, const uint8_t *code)
{
	uint8_t bytes[ISA_IMAGE_CODE];
	size_t got = 0;
	struct error *err = target_read_memory(r->target, code_at, bytes, sizeof bytes, &got);

	if (err || (got == sizeof bytes && !memcmp(bytes, code, sizeof bytes)))
		return err;
	return error_create(ERROR_UNSUPPORTED, "the program has changed what its signal handlers need at 0x%llx",
			    (unsigned long long)code_at);
}

/* Executes the instruction at code_at, for the guest that stands with the registers `now`; *ret: it could. */
static struct error *run(struct replay *r, const struct state *now, uint64_t code_at, const uint8_t *code, bool *ret)
{
	const struct isa_image *image = r->isa->frame->image;
	VEC(uint32_t) regs = {0};
	struct stop stop;
	struct state s;
	struct error *err = state_init(&s, r->isa);

	if (err)
		return err;
	state_copy(&s, now);
	state_set(&s, r->isa->pc, code_at);
	state_set(&s, image->address, r->helper + MEMORY_PAGE);
	bool ok = vec_push(&regs, r->isa->pc) && vec_push(&regs, image->address);
	for (uint32_t i = 0; ok && i < image->num_operands; i++) {
		state_set(&s, image->operands[i].reg, image->operands[i].value);
		ok = vec_push(&regs, image->operands[i].reg);
	}
	err = ok ? target_write_regs(r->target, &s, regs.at, regs.len) : &error_no_memory;
	if (!err)
		err = check_code(r, code_at, code);
	if (!err)
		err = target_step(r->target, 0, &stop);
	if (!err && stop.kind != STOP_STEPPED && stop.kind != STOP_SIGNAL)
		err = error_create(ERROR_TARGET, "the target ended where its registers were to be restored");
	if (!err)
		err = target_read_regs(r->target, &s);
	if (!err) {
		*ret = stop.kind == STOP_STEPPED && state_get(&s, r->isa->pc) == code_at + ISA_IMAGE_CODE;
		err = target_write_regs(r->target, now, regs.at, regs.len);
	}
	vec_deinit(&regs);
	state_deinit(&s);
	return err;
}

/* Tries the ways that are left; r->way becomes the one that worked. */
static struct error *run_some(struct replay *r, const struct state *now, uint64_t offset,
			      const uint8_t code[ISA_IMAGE_WAYS][ISA_IMAGE_CODE], bool *ret)
{
	struct error *err = NULL;

	for (*ret = false; !err && !*ret && r->way < NO_WAY; r->way += !*ret)
		err = run(r, now, r->helper + offset + r->way * ISA_IMAGE_CODE, code[r->way], ret);
	return err;
}

struct error *replay_save_image(struct replay *r, const struct state *now, uint8_t ret[ISA_IMAGE_MAX], bool *ret_done)
{
	const struct isa_image *image = r->isa->frame->image;
	size_t got = 0;

	*ret_done = false;
	if (!image || !r->helper)
		return NULL;
	memset(ret, 0, ISA_IMAGE_MAX);
	struct error *err = target_write_memory(r->target, r->helper + MEMORY_PAGE, ret, image->len);
	if (!err)
		err = run_some(r, now, SAVE_AT, image->save, ret_done);
	if (!err && *ret_done)
		err = target_read_memory(r->target, r->helper + MEMORY_PAGE, ret, image->len, &got);
	*ret_done = !err && *ret_done && got == image->len;
	if (*ret_done)
		image->complete(ret, r->way);
	return err;
}

struct error *replay_load_image(struct replay *r, const struct state *now, const uint8_t *bytes, bool *ret_done)
{
	const struct isa_image *image = r->isa->frame->image;

	*ret_done = false;
	if (!image || !r->helper)
		return NULL;
	struct error *err = target_write_memory(r->target, r->helper + MEMORY_PAGE, bytes, image->len);
	return err ? err : run_some(r, now, LOAD_AT, image->load, ret_done);
}
