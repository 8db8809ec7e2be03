/*
 * Options of the sanitizers for test programs. Allocations that cannot succeed must return NULL, as they do without a
 * sanitizer, because tests ask for them.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
