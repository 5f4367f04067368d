/* SPDX-License-Identifier: BSD-3-Clause */
#include "pcapng.h"

#include <stdio.h>
#include <string.h>

#define SECTION   0x0a0d0d0au
#define INTERFACE 1u
#define PACKET    6u
#define ETHERNET  1
#define OPT_NAME  2
#define OPT_TSRES 9
#define OPT_FLAGS 2
#define INBOUND   1u
#define OUTBOUND  2u

static void
put32(FILE *f, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, f);
}

static void
put16(FILE *f, uint16_t v)
{
	fwrite(&v, sizeof(v), 1, f);
}

/* Up to the next multiple of four. */
static void
pad(FILE *f, uint32_t len)
{
	fwrite("\0\0\0", 1, -len & 3, f);
}

static void
section(FILE *f)
{
	put32(f, SECTION);
	put32(f, 28);
	put32(f, 0x1a2b3c4d);
	put16(f, 1);
	put16(f, 0);
	put32(f, UINT32_MAX); /* length not said */
	put32(f, UINT32_MAX);
	put32(f, 28);
}

static void
interface(FILE *f, char name)
{
	uint32_t len = 20 + 8 + 8 + 4;

	put32(f, INTERFACE);
	put32(f, len);
	put16(f, ETHERNET);
	put16(f, 0);
	put32(f, 0);
	put16(f, OPT_NAME);
	put16(f, 1);
	fwrite((char[]){name, 0, 0, 0}, 1, 4, f);
	put16(f, OPT_TSRES);
	put16(f, 1);
	fwrite("\x09\0\0\0", 1, 4, f); /* nanoseconds */
	put32(f, 0);                   /* end of options */
	put32(f, len);
}

struct pcapng *
pcapng_open(const char *path)
{
	FILE *f = fopen(path, "wb");

	if (f) {
		section(f);
		interface(f, 'A');
		interface(f, 'B');
	}
	return (struct pcapng *)f;
}

void
pcapng_frame(struct pcapng *p, int side, bool out, uint64_t ns, const uint8_t *bytes, uint32_t len)
{
	FILE *f = (FILE *)p;
	uint32_t whole = 28 + len + (-len & 3) + 8 + 4 + 4;

	if (p == NULL)
		return;
	put32(f, PACKET);
	put32(f, whole);
	put32(f, side);
	put32(f, ns >> 32);
	put32(f, ns);
	put32(f, len);
	put32(f, len);
	fwrite(bytes, 1, len, f);
	pad(f, len);
	put16(f, OPT_FLAGS);
	put16(f, 4);
	put32(f, out ? OUTBOUND : INBOUND);
	put32(f, 0);
	put32(f, whole);
}

void
pcapng_close(struct pcapng *p)
{
	if (p)
		fclose((FILE *)p);
}
