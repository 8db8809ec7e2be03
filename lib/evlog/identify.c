#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/codec.h"
#include "lib/elf/build_id.h"
#include "lib/evlog/evlog.h"

struct error *evlog_file_identify(const char *path, struct evlog_file *ret)
{
	struct evlog_file file = {.path = strdup(path)};
	struct error *err = NULL;
	struct stat st;

	if (!file.path)
		return &error_no_memory;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0)
		err = error_os(errno, fd < 0 ? "open" : "stat", path);
	else if (!S_ISREG(st.st_mode))
		err = error_input(path, 0, "not a regular file, so it cannot be identified");
	else
		file.size = (uint64_t)st.st_size;
	if (!err)
		err = codec_sha256_file(path, file.sha256);
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
