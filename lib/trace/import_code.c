#include "lib/trace/import_code.h"

#include <stdbool.h>
#include <stdlib.h>

enum {
	CODE_PAGE = 4096,
	MAX_CODE_PAGES = 1 << 16, /* of listings: 256 MiB of code */
};

struct code_page {
	uint8_t bytes[CODE_PAGE];
	uint8_t have[CODE_PAGE / 8];
};

static struct code_page *page_at(const struct import_code *code, uint64_t address)
{
	const uint64_t *at = map_get(&code->pages, address / CODE_PAGE);

	return at ? (struct code_page *)(uintptr_t)*at : NULL;
}

static struct error *make_page(struct import_code *code, uint64_t address, struct code_page **ret)
{
	*ret = page_at(code, address);
	if (*ret)
		return NULL;
	if (code->pages.len == MAX_CODE_PAGES)
		return error_create(ERROR_UNSUPPORTED, "the log lists more than %d MiB of code",
				    MAX_CODE_PAGES / (1048576 / CODE_PAGE));
	*ret = calloc(1, sizeof **ret);
	uint64_t *at = *ret ? map_put(&code->pages, address / CODE_PAGE) : NULL;
	if (!at) {
		free(*ret);
		return &error_no_memory;
	}
	*at = (uint64_t)(uintptr_t)*ret;
	return NULL;
}

struct error *import_code_add(struct import_code *code, uint64_t address, const uint8_t *bytes, size_t len)
{
	struct error *err = NULL;

	for (size_t i = 0; !err && i < len; i++) {
		uint64_t at = address + i;
		struct code_page *page;
		err = make_page(code, at, &page);
		if (err)
			break;
		page->bytes[at % CODE_PAGE] = bytes[i];
		page->have[at % CODE_PAGE / 8] |= (uint8_t)(1 << at % 8);
	}
	return err;
}

size_t import_code_get(const struct import_code *code, uint64_t address, uint8_t *ret, size_t len)
{
	const struct code_page *page = NULL;
	size_t have = 0;

	for (; have < len; have++) {
		unsigned at = (address + have) % CODE_PAGE;
		if (!have || !at)
			page = page_at(code, address + have);
		if (!page || !(page->have[at / 8] & 1 << at % 8))
			break;
		ret[have] = page->bytes[at];
	}
	return have;
}

void import_code_deinit(struct import_code *code)
{
	for (size_t i = 0; i < code->pages.cap; i++)
		if (code->pages.at[i].used)
			free((void *)(uintptr_t)code->pages.at[i].value);
	map_deinit(&code->pages);
}
