#include "lib/testing/emulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/target/qemu.h"

bool test_has_emulator(const struct isa *isa, const char *program)
{
	char *path = NULL;
	struct error *err = qemu_find_emulator(isa, NULL, &path);
	bool there = !err && access(program, X_OK) == 0;

	if (err)
		printf("skipped: %s\n", err->message);
	else if (!there)
		printf("skipped: no %s\n", program);
	error_destroy(err);
	free(path);
	return there;
}
