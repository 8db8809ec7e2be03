/* Programs: their headers and symbols, and what a recorder reads of them. fuzz-runs: 6000 */
#include <stdlib.h>
#include <string.h>

#include "lib/elf/build_id.h"
#include "lib/elf/image.h"
#include "testdata/fuzz/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct elf_image *image)
{
	size_t num, len;
	uint64_t offset, found;
	const struct elf_segment *segments = elf_image_segments(image, &num);
	const char *interp = elf_image_interp(image);

	elf_image_bytes(image, &len);
	for (size_t i = 0; i < num; i++) {
		const uint64_t at[] = {segments[i].start, segments[i].end - 1, segments[i].end};
		if (segments[i].start >= segments[i].end)
			abort();
		for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
			const char *name = elf_image_symbol(image, at[k], &offset);
			if (name && !elf_image_address(image, name, &found))
				abort();
		}
	}
	if (interp && strlen(interp) >= len)
		abort();
	elf_image_symbol(image, elf_image_entry(image), &offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[FUZZ_PATH_LEN];
	struct elf_image *image;
	int fd = fuzz_file(data, size, path);
	struct error *err = elf_image_open(path, &image);

	if (!err) {
		check(image);
		elf_image_close(image);
	}
	fuzz_refused(err);
	char *id = NULL;
	err = elf_build_id(fd, &id);
	free(id);
	fuzz_refused(err);
	close(fd);
	return 0;
}
