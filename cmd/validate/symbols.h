/*
 * Names for addresses of a guest: of its program, and of the images that its run maps, which are opened as they are
 * asked for.
 */
#ifndef CMD_VALIDATE_SYMBOLS_H
#define CMD_VALIDATE_SYMBOLS_H

#include "lib/base/strbuf.h"
#include "lib/base/vec.h"
#include "lib/replay/replay.h"
#include "lib/target/elf.h"

struct symbols {
	const struct replay *replay; /* NULL: the modules are these */
	const struct replay_module *modules;
	size_t num_modules;
	const char *program;            /* the file that is run, which may be a copy of the recorded one */
	VEC(struct elf_image *) images; /* by module; NULL: it cannot be read */
};

/* Appends " <name+0x10>", or " <libc.so.6+0x1234>" where the image has no symbol; nothing for an unknown address. ctx
 * is a struct symbols. */
void symbols_append(void *ctx, uint64_t address, struct strbuf *out);

/* The address of a symbol of the program; false if it has none. */
bool symbols_find(struct symbols *s, const char *name, uint64_t *ret);

void symbols_deinit(struct symbols *s);

#endif
