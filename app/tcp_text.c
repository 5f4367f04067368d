/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int
hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

bool
tcp_unescape(const char *text, uint8_t *out, uint32_t *len)
{
	static const char escape[] = "n\nr\rt\t\\\\";

	for (*len = 0; *text; text++) {
		const char *e;

		if (*text != '\\') {
			out[(*len)++] = *text;
			continue;
		}
		text++;
		for (e = escape; *e && *e != *text; e += 2)
			;
		if (*text && *e) {
			out[(*len)++] = e[1];
		} else if (*text == 'x' && isxdigit((unsigned char)text[1]) &&
			   isxdigit((unsigned char)text[2])) {
			out[(*len)++] = hex(text[1]) << 4 | hex(text[2]);
			text += 2;
		} else {
			wrong("'\\%.3s': expected \\n, \\r, \\t, \\\\ or \\xHH", text);
			return false;
		}
	}
	return true;
}

bool
tcp_rest(struct words *args, uint8_t out[TCP_TEXT_MAX], uint32_t *len)
{
	char text[TCP_TEXT_MAX];
	const char *word;
	size_t at = 0;

	/* The line has no more than words_cut() takes, which is as much as this. */
	text[0] = '\0';
	while ((word = words_next(args)) != NULL)
		at += snprintf(text + at, sizeof(text) - at, "%s%s", at ? " " : "", word);
	return tcp_unescape(text, out, len);
}

bool
tcp_take_flags(const char *text, uint8_t *flags)
{
	static const char letter[] = "FSRPAU";

	*flags = 0;
	for (const char *c = text; *c; c++) {
		const char *at = strchr(letter, *c);

		if (at == NULL) {
			wrong("flags '%s': expected letters of %s (FIN, SYN, RST, PSH, ACK, URG)",
				text, letter);
			return false;
		}
		*flags |= 1u << (at - letter);
	}
	return true;
}

bool
tcp_take_offset(const char *text, const char *what, int64_t *out)
{
	const char *digits = text + (text[0] == '-' || text[0] == '+');
	uint64_t n;

	if (!isdigit((unsigned char)digits[0])) {
		wrong("%s '%s': expected a number, as in 1 or -10", what, text);
		return false;
	}
	if (!take_number(digits, 0, UINT32_MAX, what, &n))
		return false;
	*out = text[0] == '-' ? -(int64_t)n : (int64_t)n;
	return true;
}
