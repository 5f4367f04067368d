/* SPDX-License-Identifier: BSD-3-Clause */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
	const char *file;
	int line;
	bool wrong;
} where;

void
wrong(const char *format, ...)
{
	va_list ap;

	where.wrong = true;
	fflush(stdout);
	if (where.file)
		fprintf(stderr, "%s:%d: ", where.file, where.line);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

void
say_where(const char *file, int line)
{
	where.file = file;
	where.line = line;
	where.wrong = false;
}

bool
say_was_wrong(void)
{
	return where.wrong;
}
