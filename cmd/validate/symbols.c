#include "cmd/validate/symbols.h"

#include <string.h>

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
		error_destroy(elf_image_open(modules[i].entry ? s->program : modules[i].path, &image));
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
	strbuf_printf(out, " <%s", name);
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

bool symbols_find(struct symbols *s, const char *name, uint64_t *ret)
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

void symbols_deinit(struct symbols *s)
{
	for (size_t i = 0; i < s->images.len; i++)
		elf_image_close(s->images.at[i]);
	vec_deinit(&s->images);
}
