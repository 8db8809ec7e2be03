/*
 * The frame that the kernel leaves on the stack for a signal's handler, as bytes: its registers out and in. It is put
 * together from what the log has of it: what is no register is the logged run's. Private to lib/replay.
 */
#ifndef LIB_REPLAY_FRAME_H
#define LIB_REPLAY_FRAME_H

#include "lib/state/state.h"

struct frame {
	const struct isa *isa;
	uint8_t *bytes;   /* borrowed; at least isa->frame->size */
	size_t len;       /* bytes */
	uint64_t address; /* in the guest */
};

/* Puts the registers into the frame. Those of which a bit is not known stay as they are there. */
void frame_save(const struct frame *f, const struct state *regs);

/* Takes the registers from the frame; others stay. What the frame does not have is as at a program's start. */
void frame_load(const struct frame *f, struct state *ret);

/* Takes the registers from an image of them (isa->frame->image): all, or those of which a bit is not known. */
void frame_load_image(const uint8_t *image, bool only_unknown, struct state *ret);

/* The registers that a handler starts with, whatever it is: cleared, and as at a program's start. */
void frame_reset_regs(struct state *regs);

#endif
