#include "lib/trace/qemu_log_value.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/codec.h"

const char *qemu_log_skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

static bool is_at(const char *p, const char *end, char c)
{
	return p < end && *p == c;
}

static bool is_alnum_at(const char *p, const char *end)
{
	return p < end && isalnum((unsigned char)*p);
}

/* A group of digits, unless it is the name of what comes next. */
static const char *read_group(const struct qemu_log_text *l, const char *p, struct qemu_log_group *ret)
{
	const char *start = p;
	uint64_t value = 0;
	int digit;

	if (is_at(p, l->end, '0') && is_at(p + 1, l->end, 'x'))
		start = p += 2;
	for (; p < l->end && (digit = codec_hex_digit(*p)) >= 0; p++)
		value = value << 4 | (uint64_t)digit;
	if (p == start || p - start > 16 || is_alnum_at(p, l->end) ||
	    is_at(qemu_log_skip_blanks(p, l->end), l->end, '='))
		return NULL;
	*ret = (struct qemu_log_group){value, (uint16_t)(start - l->text), (uint16_t)(p - start)};
	return p;
}

static const char *read_groups(const struct qemu_log_text *l, const char *p, struct qemu_log_value *ret)
{
	const char *next;

	ret->num_groups = 0;
	while (ret->num_groups < QEMU_LOG_MAX_GROUPS &&
	       (next = read_group(l, qemu_log_skip_blanks(p, l->end), &ret->group[ret->num_groups]))) {
		ret->num_groups++;
		p = is_at(next, l->end, ':') ? next + 1 : next;
	}
	return p;
}

/* Skips "[3-2]" in "Z00[3-2]=" and "   [1-0]=". *ret_upper: the lowest group is not among these. */
static const char *skip_index(const struct qemu_log_text *l, const char *p, bool *ret_upper)
{
	*ret_upper = false;
	if (!is_at(p, l->end, '['))
		return p;
	const char *close = memchr(p, ']', (size_t)(l->end - p));
	if (!close)
		return p;
	*ret_upper = close[-1] != '0' || (close[-2] != '-' && close[-2] != '[');
	return close + 1;
}

const char *qemu_log_read_named(const struct qemu_log_text *l, const char *p, struct qemu_log_value *ret)
{
	size_t len = 0;

	while (is_alnum_at(p + len, l->end))
		len++;
	if (len >= QEMU_LOG_MAX_NAME)
		return NULL;
	const char *behind = qemu_log_skip_blanks(skip_index(l, p + len, &ret->upper), l->end);
	if (!is_at(behind, l->end, '=') || behind == p)
		return NULL;
	memcpy(ret->name, p, len);
	ret->name[len] = '\0';
	ret->at = (uint16_t)(p - l->text);
	ret->len = (uint16_t)(behind + 1 - p);
	return read_groups(l, behind + 1, ret);
}

const char *qemu_log_read_value(const struct qemu_log_text *l, const char *p, struct qemu_log_value *ret)
{
	for (;;) {
		p = qemu_log_skip_blanks(p, l->end);
		if (p == l->end)
			return NULL;
		const char *behind = qemu_log_read_named(l, p, ret);
		if (behind)
			return behind;
		if (!is_alnum_at(p, l->end))
			p++;
		else
			while (is_alnum_at(p, l->end))
				p++;
	}
}
