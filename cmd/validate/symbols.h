/*
 * Names for addresses of a guest: of its program, and of the images that its run maps, which are opened as they are
 * asked for.
 */
#ifndef CMD_VALIDATE_SYMBOLS_H
#define CMD_VALIDATE_SYMBOLS_H

#include "lib/base/strbuf.h"
#include "lib/base/vec.h"
#include "lib/elf/image.h"
#include "lib/replay/replay.h"
#include "lib/trace/trace.h"

struct symbols {
	const struct replay *replay; /* NULL: the modules are these */
	const struct replay_module *modules;
	size_t num_modules;
	const char *program; /* the file that is run, which may be a copy of the recorded one; NULL: there is none */
	VEC(struct replay_module) own;  /* of a trace; paths are the reader's */
	VEC(struct elf_image *) images; /* by module; NULL: it cannot be read */
};

/* Appends " <name+0x10>", or " <libc.so.6+0x1234>" where the image has no symbol; nothing for an unknown address. ctx
 * is a struct symbols. */
void symbols_append(void *ctx, uint64_t address, struct strbuf *out);

/*
 * Names for the images of a trace, which is borrowed. program is the file that was traced, or NULL: the one at the path
 * where it was then, if that still has it, and otherwise its addresses have no names. ERROR_INPUT for a program that is
 * another one than the trace's.
 */
struct error *symbols_of_trace(struct symbols *s, const struct trace_reader *reader, const char *program);

/* An address, or a symbol of the program, as an option's argument; text NULL changes nothing. */
struct error *symbols_resolve(struct symbols *s, const char *option, const char *text, bool *ret_have, uint64_t *ret);

void symbols_deinit(struct symbols *s);

#endif
