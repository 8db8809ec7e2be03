#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/codec.h"
#include "lib/base/file.h"
#include "lib/elf/build_id.h"
#include "lib/evlog/evlog.h"

struct error *evlog_file_identify(const char *path, struct evlog_file *ret)
{
	struct evlog_file file = {.path = strdup(path)};
	struct error *err;
	int fd = -1;

	if (!file.path)
		return &error_no_memory;
	err = file_open_regular(path, UINT64_MAX, &fd, &file.size);
	if (!err)
		err = codec_sha256_fd(fd, path, file.sha256);
	if (!err)
		err = elf_build_id(fd, &file.build_id);
	if (fd >= 0)
		close(fd);
	if (err) {
		evlog_file_deinit(&file);
		return err;
	}
	*ret = file;
	return NULL;
}
