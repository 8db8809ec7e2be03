#include "cmd/validate/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Columns that a line may have; the last one stays free, since some terminals wrap behind it. */
static int width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

void progress_show(struct strbuf *text)
{
	fprintf(stderr, "\r\033[K%.*s", width(), strbuf_text(text));
	fflush(stderr);
	strbuf_deinit(text);
}

void progress_clear(void)
{
	fputs("\r\033[K", stderr);
}
