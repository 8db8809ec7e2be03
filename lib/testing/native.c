#include "lib/testing/native.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/oracle/oracle.h"
#include "lib/testing/assert.h"

const struct isa *test_native_isa(const char *name, const char *test, int *ret_status)
{
	const struct isa *isa = isa_by_name(name);
	struct oracle *probe;
	struct error *err = isa ? oracle_create_native(isa, &probe) : error_create(ERROR_BUG, "no ISA %s", name);

	if (!err) {
		oracle_destroy(probe);
		return isa;
	}
	*ret_status = err->code == ERROR_UNSUPPORTED ? TEST_SKIP : EXIT_FAILURE;
	printf("%s: %s\n", test, err->message);
	error_destroy(err);
	return NULL;
}
