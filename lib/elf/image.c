#include "lib/elf/image.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/search.h"
#include "lib/base/vec.h"

/* Bytes of a file, all of which are read. */
static const uint64_t MAX_FILE = UINT64_C(4) << 30;

struct symbol {
	uint64_t start, end; /* end == start: its size is not known */
	const char *name;
	bool global;
};

struct elf_image {
	char *path;
	int fd;
	Elf *elf;
	const uint8_t *bytes; /* the whole file; libelf's */
	size_t len;
	GElf_Ehdr header;
	const char *interp;
	uint64_t phdrs; /* address */
	VEC(struct elf_segment) segments;
	VEC(struct symbol) symbols; /* by start, then globals first, then by name */
};

static struct error *unusable(const struct elf_image *image, const char *why)
{
	return error_input(image->path, 0, "%s", why);
}

static struct error *from_libelf(const struct elf_image *image)
{
	return unusable(image, elf_errmsg(-1));
}

static struct error *read_header(struct elf_image *image)
{
	if (elf_kind(image->elf) != ELF_K_ELF || !gelf_getehdr(image->elf, &image->header))
		return unusable(image, "is not an ELF file");
	if (image->header.e_ident[EI_CLASS] != ELFCLASS64 || image->header.e_ident[EI_DATA] != ELFDATA2LSB)
		return unusable(image, "is not a 64-bit little-endian program");
	if (image->header.e_type != ET_EXEC && image->header.e_type != ET_DYN)
		return unusable(image, "is an ELF file, but not a program");
	return NULL;
}

/* The text of PT_INTERP, which must end within the file. */
static struct error *take_interp(struct elf_image *image, const GElf_Phdr *segment)
{
	const char *file = (const char *)image->bytes;

	if (segment->p_offset >= image->len || segment->p_filesz > image->len - segment->p_offset ||
	    !segment->p_filesz || file[segment->p_offset + segment->p_filesz - 1])
		return unusable(image, "names its dynamic loader outside of itself");
	image->interp = file + segment->p_offset;
	return NULL;
}

static struct error *read_segments(struct elf_image *image)
{
	size_t count;
	struct error *err = NULL;

	if (elf_getphdrnum(image->elf, &count))
		return from_libelf(image);
	for (size_t i = 0; !err && i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(image->elf, (int)i, &segment))
			return from_libelf(image);
		if (segment.p_type == PT_INTERP)
			err = take_interp(image, &segment);
		struct elf_segment loaded = {
			.start = segment.p_vaddr,
			.end = segment.p_vaddr + segment.p_memsz,
			.offset = segment.p_offset,
			.file_size = segment.p_filesz,
			.flags = segment.p_flags,
		};
		uint64_t inside = image->header.e_phoff - segment.p_offset;
		if (segment.p_type == PT_LOAD && inside < segment.p_filesz)
			image->phdrs = segment.p_vaddr + inside;
		if (segment.p_type == PT_LOAD && loaded.end > loaded.start && !vec_push(&image->segments, loaded))
			err = &error_no_memory;
	}
	if (!err && !image->segments.len)
		err = unusable(image, "has nothing to load");
	return err;
}

static struct error *take_symbol(struct elf_image *image, const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	struct symbol symbol = {
		.start = sym->st_value,
		.end = sym->st_value + sym->st_size,
		.name = name,
		.global = GELF_ST_BIND(sym->st_info) != STB_LOCAL,
	};

	/* "$x" and "$d" mark code and data on Arm. */
	if (!name || !*name || *name == '$' || sym->st_shndx == SHN_UNDEF || symbol.end < symbol.start)
		return NULL;
	if (type != STT_FUNC && type != STT_OBJECT && type != STT_NOTYPE && type != STT_GNU_IFUNC)
		return NULL;
	return vec_push(&image->symbols, symbol) ? NULL : &error_no_memory;
}

/* The symbols of one table. Damaged tables end early: symbols only name things. */
static struct error *read_table(struct elf_image *image, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
	struct error *err = NULL;

	for (size_t i = 0; !err && i < count && i < INT32_MAX; i++) {
		GElf_Sym sym;

		if (!gelf_getsym(data, (int)i, &sym))
			break;
		err = take_symbol(image, &sym, elf_strptr(image->elf, header->sh_link, sym.st_name));
	}
	return err;
}

static int by_place(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->global != y->global)
		return x->global ? -1 : 1;
	return strcmp(x->name, y->name);
}

static struct error *read_symbols(struct elf_image *image)
{
	Elf_Scn *section = NULL;
	struct error *err = NULL;

	while (!err && (section = elf_nextscn(image->elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			err = read_table(image, section, &header);
	}
	if (!err && image->symbols.len)
		qsort(image->symbols.at, image->symbols.len, sizeof image->symbols.at[0], by_place);
	return err;
}

static struct error *open_file(struct elf_image *image, const char *path)
{
	uint64_t size;

	image->path = strdup(path);
	if (!image->path)
		return &error_no_memory;
	struct error *err = file_open_regular(path, MAX_FILE, &image->fd, &size);
	if (err)
		return err;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return from_libelf(image);
	image->elf = elf_begin(image->fd, ELF_C_READ, NULL);
	if (!image->elf)
		return from_libelf(image);
	/* First of all: libelf forgets to free the sections that it read before the whole file (0.188). */
	image->bytes = (const uint8_t *)elf_rawfile(image->elf, &image->len);
	return image->bytes ? NULL : from_libelf(image);
}

struct error *elf_image_open(const char *path, struct elf_image **ret)
{
	struct elf_image *image = calloc(1, sizeof *image);

	if (!image)
		return &error_no_memory;
	image->fd = -1;
	struct error *err = open_file(image, path);
	if (!err)
		err = read_header(image);
	if (!err)
		err = read_segments(image);
	if (!err)
		err = read_symbols(image);
	if (err)
		elf_image_close(image);
	else
		*ret = image;
	return err;
}

void elf_image_close(struct elf_image *image)
{
	if (!image)
		return;
	elf_end(image->elf);
	if (image->fd >= 0)
		close(image->fd);
	vec_deinit(&image->segments);
	vec_deinit(&image->symbols);
	free(image->path);
	free(image);
}

uint16_t elf_image_machine(const struct elf_image *image)
{
	return image->header.e_machine;
}

uint64_t elf_image_entry(const struct elf_image *image)
{
	return image->header.e_entry;
}

bool elf_image_is_pie(const struct elf_image *image)
{
	return image->header.e_type == ET_DYN;
}

uint64_t elf_image_phdrs(const struct elf_image *image)
{
	return image->phdrs;
}

const char *elf_image_interp(const struct elf_image *image)
{
	return image->interp;
}

const struct elf_segment *elf_image_segments(const struct elf_image *image, size_t *ret_len)
{
	*ret_len = image->segments.len;
	return image->segments.at;
}

const uint8_t *elf_image_bytes(const struct elf_image *image, size_t *ret_len)
{
	*ret_len = image->len;
	return image->bytes;
}

/* The number of symbols that start at or before address. */
static size_t symbols_up_to(const struct elf_image *image, uint64_t address)
{
	size_t found;

	SEARCH_FIRST(found, image->symbols.len, i, image->symbols.at[i].start <= address);
	return found;
}

static bool in_same_segment(const struct elf_image *image, uint64_t a, uint64_t b)
{
	for (size_t i = 0; i < image->segments.len; i++) {
		const struct elf_segment *s = &image->segments.at[i];

		if (a >= s->start && a < s->end)
			return b >= s->start && b < s->end;
	}
	return false;
}

/* The first of the symbols that start where this one does and reach address. */
static const struct symbol *covering(const struct elf_image *image, size_t last, uint64_t address)
{
	const struct symbol *found = NULL;
	uint64_t start = image->symbols.at[last].start;

	for (size_t i = last + 1; i-- > 0 && image->symbols.at[i].start == start;) {
		const struct symbol *s = &image->symbols.at[i];

		if (address < s->end || s->end == s->start)
			found = s;
	}
	return found;
}

const char *elf_image_symbol(const struct elf_image *image, uint64_t address, uint64_t *ret_offset)
{
	size_t count = symbols_up_to(image, address);

	if (!count || !in_same_segment(image, address, image->symbols.at[count - 1].start))
		return NULL;
	const struct symbol *s = covering(image, count - 1, address);
	if (!s)
		return NULL;
	*ret_offset = address - s->start;
	return s->name;
}

bool elf_image_address(const struct elf_image *image, const char *name, uint64_t *ret)
{
	const struct symbol *found = NULL;

	for (size_t i = 0; i < image->symbols.len; i++) {
		const struct symbol *s = &image->symbols.at[i];

		if (!strcmp(s->name, name) && (!found || (s->global && !found->global)))
			found = s;
	}
	if (found)
		*ret = found->start;
	return found != NULL;
}
