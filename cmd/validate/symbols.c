#include "cmd/validate/symbols.h"

#include <string.h>

#include "cmd/validate/command.h"
#include "lib/base/escape.h"
#include "lib/base/file.h"

static const struct replay_module *modules_of(const struct symbols *s, size_t *ret_len)
{
	*ret_len = s->num_modules;
	return s->replay ? replay_modules(s->replay, ret_len) : s->modules;
}

/* Opens the images of modules that came since. */
static void open_images(struct symbols *s, const struct replay_module *modules, size_t len)
{
	while (s->images.len < len) {
		size_t i = s->images.len;
		struct elf_image *image = NULL;
		/* An image that cannot be read has no names: addresses are shown without. */
		const char *path = modules[i].entry ? s->program : modules[i].path;
		if (path)
			error_destroy(elf_image_open(path, &image)); /* a regular file, or none */
		if (!vec_push(&s->images, image)) {
			elf_image_close(image);
			return;
		}
	}
}

/* What was added to the file's addresses when the image was loaded. */
static uint64_t bias(const struct replay_module *module, const struct elf_image *image)
{
	if (!elf_image_is_pie(image))
		return 0;
	return module->entry ? module->entry - elf_image_entry(image) : module->start;
}

static void append_name(struct strbuf *out, const char *name, uint64_t offset)
{
	strbuf_append(out, " <");
	escape_line(out, name);
	if (offset)
		strbuf_printf(out, "+0x%llx", (unsigned long long)offset);
	strbuf_append(out, ">");
}

void symbols_append(void *ctx, uint64_t address, struct strbuf *out)
{
	struct symbols *s = ctx;
	size_t len;
	const struct replay_module *modules = modules_of(s, &len);

	open_images(s, modules, len);
	for (size_t i = 0; i < s->images.len; i++) {
		const struct replay_module *m = &modules[i];
		const struct elf_image *image = s->images.at[i];
		uint64_t offset;
		if (address < m->start || address >= m->end)
			continue;
		const char *name = image ? elf_image_symbol(image, address - bias(m, image), &offset) : NULL;
		if (!name) {
			const char *slash = strrchr(m->path, '/');
			name = slash ? slash + 1 : m->path;
			offset = address - m->start;
		}
		append_name(out, name, offset);
		return;
	}
}

static bool symbols_find(struct symbols *s, const char *name, uint64_t *ret)
{
	size_t len;
	const struct replay_module *modules = modules_of(s, &len);

	open_images(s, modules, len);
	for (size_t i = 0; i < s->images.len; i++) {
		const struct elf_image *image = s->images.at[i];
		if (!modules[i].entry || !image || !elf_image_address(image, name, ret))
			continue;
		*ret += bias(&modules[i], image);
		return true;
	}
	return false;
}

struct error *symbols_resolve(struct symbols *s, const char *option, const char *text, bool *ret_have, uint64_t *ret)
{
	if (!text)
		return NULL;
	*ret_have = true;
	struct error *err = option_number(text, ret);
	if (!err)
		return NULL;
	error_destroy(err);
	if (symbols_find(s, text, ret))
		return NULL;
	if (!s->program)
		return error_create(ERROR_USAGE, "%s: '%s' is not an address, and there is no program to look it up in",
				    option, text);
	return error_create(ERROR_USAGE, "%s: '%s' is neither an address nor a symbol of %s", option, text, s->program);
}

/* ---- Of traces ---- */

/* Is the file the one that was traced? */
static struct error *is_traced(const struct trace_reader *reader, const char *path, bool *ret)
{
	const struct evlog_file *traced = &trace_reader_header(reader)->program;
	struct evlog_file found = {0};
	struct error *err = path == traced->path ? file_check_named(NULL, path) : NULL;

	if (!err)
		err = evlog_file_identify(path, &found);
	/* An imported trace may not tell. */
	*ret = !err && (!traced->path || !memcmp(found.sha256, traced->sha256, sizeof found.sha256));
	evlog_file_deinit(&found);
	return err;
}

struct error *symbols_of_trace(struct symbols *s, const struct trace_reader *reader, const char *program)
{
	const char *traced = trace_reader_header(reader)->program.path;
	size_t num;
	const struct trace_module *m = trace_reader_modules(reader, &num);
	bool same = false;

	for (size_t i = 0; i < num; i++)
		if (!vec_push(&s->own, ((struct replay_module){m[i].path, m[i].start, m[i].end, m[i].entry})))
			return &error_no_memory;
	s->modules = s->own.at;
	s->num_modules = num;
	if (!program && !traced)
		return NULL;
	struct error *err = is_traced(reader, program ? program : traced, &same);
	if (!program && !error_is(err, ERROR_NO_MEMORY)) {
		error_destroy(err);
		err = NULL;
	}
	if (!err && program && !same)
		err = error_input(program, 0, "is not the program that was traced (%s): give that one", traced);
	if (same)
		s->program = program ? program : traced;
	return err;
}

void symbols_deinit(struct symbols *s)
{
	vec_deinit(&s->own);
	for (size_t i = 0; i < s->images.len; i++)
		elf_image_close(s->images.at[i]);
	vec_deinit(&s->images);
}
