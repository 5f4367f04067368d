/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP options of a script's segments, in and out. */
#include "option.h"

static uint32_t
n_ranges(const struct range r[4])
{
	uint32_t n = 0;

	while (n < 4 && r[n].from != r[n].to)
		n++;
	return n;
}

/* SACK blocks about what we have sent. */
static uint32_t
build_sack(const struct tuple *t, const struct seg *g, uint8_t *p)
{
	uint32_t n = n_ranges(g->sack);

	if (n == 0)
		return 0;
	script_put32(p, 0x01010500 | (8 * n + 2));
	for (uint32_t i = 0; i < n; i++) {
		script_put32(p + 4 + 8 * i, t->iss + g->sack[i].from);
		script_put32(p + 8 + 8 * i, t->iss + g->sack[i].to);
	}
	return 4 + 8 * n;
}

/* The options of an injected segment, as usual or as told. */
uint32_t
option_build(struct script *s, const struct seg *g, uint8_t *p)
{
	struct tuple *t = s->t;
	bool syn = g->flags & SYN;
	uint64_t mss = g->mss ? g->mss : syn ? SET(1460) : ABSENT;
	uint64_t ws = g->wscale ? g->wscale : syn && s->peer_ws ? SET(7) : ABSENT;
	uint64_t sack_ok = g->sack_ok ? g->sack_ok : syn && s->peer_sack ? SET(1) : ABSENT;
	bool usual_ts = s->peer_ts && !(g->flags & RST) && (syn || s->conf.tcp.timestamps);
	uint32_t n = 0;

	if (g->raw) {
		memcpy(p, g->raw, g->raw_len);
		return g->raw_len;
	}
	if (IS_SET(mss)) {
		script_put32(p, 2 << 24 | 4 << 16 | (uint16_t)mss);
		n += 4;
	}
	if (IS_SET(ws)) {
		script_put32(p + n, 1 << 24 | 3 << 16 | 3 << 8 | (uint8_t)ws);
		n += 4;
	}
	if (IS_SET(g->tsval) || (usual_ts && g->tsval != ABSENT)) {
		t->ts_in = t->ts_base + (g->tsval ? (uint32_t)g->tsval : (uint32_t)((s->now - s->began) / MS));
		script_put32(p + n, 0x0101080a);
		script_put32(p + n + 4, t->ts_in);
		script_put32(p + n + 8, g->tsecr ? (uint32_t)g->tsecr : t->ts_out);
		n += 12;
	}
	if (IS_SET(sack_ok)) {
		script_put32(p + n, 0x01010402);
		n += 4;
	}
	if (IS_SET(g->uto)) {
		script_put32(p + n, 28 << 24 | 4 << 16 | (uint16_t)g->uto);
		n += 4;
	}
	return n + build_sack(t, g, p + n);
}

const char *
option_parse(const uint8_t *p, uint32_t len, struct option_view *v)
{
	memset(v, 0, sizeof(*v));
	v->mss = v->wscale = v->tsval = v->tsecr = v->sack_ok = v->uto = ABSENT;
	for (uint32_t i = 0; i < len;) {
		if (p[i] == 1) {
			i++;
			continue;
		}
		if (p[i] == 0 || i + 1 >= len || i + p[i + 1] > len)
			return "options end in nonsense";
		if (p[i] == 2 && p[i + 1] == 4)
			v->mss = SET(script_get16(p + i + 2));
		else if (p[i] == 3 && p[i + 1] == 3)
			v->wscale = SET(p[i + 2]);
		else if (p[i] == 8 && p[i + 1] == 10) {
			v->tsval = SET(script_get32(p + i + 2));
			v->tsecr = SET(script_get32(p + i + 6));
		} else if (p[i] == 4 && p[i + 1] == 2)
			v->sack_ok = SET(1);
		else if (p[i] == 28 && p[i + 1] == 4)
			v->uto = SET(script_get16(p + i + 2));
		else if (p[i] == 5 && p[i + 1] % 8 == 2 && p[i + 1] > 2 && v->n_sack == 0) {
			v->n_sack = p[i + 1] / 8;
			for (uint32_t k = 0; k < v->n_sack; k++)
				v->sack[k] = (struct range){script_get32(p + i + 2 + 8 * k),
					script_get32(p + i + 6 + 8 * k)};
		} else
			return "an option that was not asked for";
		i += p[i + 1];
	}
	return NULL;
}

int
option_describe(const struct option_view *v, const struct tuple *t, bool ours, char *to, size_t max)
{
	uint32_t base = ours ? t->isn : t->iss;
	int n = 0;

	to[0] = 0;
	if (IS_SET(v->mss))
		n += snprintf(to + n, max - n, " mss %u", (uint16_t)v->mss);
	if (IS_SET(v->wscale))
		n += snprintf(to + n, max - n, " ws %u", (uint8_t)v->wscale);
	if (IS_SET(v->tsval))
		n += snprintf(to + n, max - n, " ts %u", (uint32_t)v->tsval);
	if (IS_SET(v->tsval))
		n += snprintf(
			to + n, max - n, " ecr %u", (uint32_t)v->tsecr - (ours ? t->ts_base : 0));
	if (IS_SET(v->sack_ok))
		n += snprintf(to + n, max - n, " sackOK");
	for (uint32_t i = 0; i < v->n_sack; i++)
		n += snprintf(to + n, max - n, " sack %u-%u", v->sack[i].from - base,
			v->sack[i].to - base);
	return n;
}

/* Each block, in this order; and where none is told, none. */
static void
match_sack(struct script *s, const struct seg *g, const struct option_view *v, const char *line)
{
	bool syn = g->flags & SYN;
	bool ok = syn && s->conf.tcp.sack && (!(g->flags & ACK) || s->peer_sack);

	script_want(s, "SACK-permitted", v->sack_ok, g->sack_ok ? g->sack_ok : ok ? SET(1) : ABSENT, line);
	script_want(s, "number of SACK blocks", v->n_sack,
		s->conf.tcp.sack && s->peer_sack ? n_ranges(g->sack) : 0, line);
	for (uint32_t i = 0; i < v->n_sack; i++) {
		script_want(s, "SACK block's left edge", v->sack[i].from - s->t->isn, g->sack[i].from,
			line);
		script_want(s, "SACK block's right edge", v->sack[i].to - s->t->isn, g->sack[i].to, line);
	}
}

void
option_match(
	struct script *s, const struct seg *g, const struct option_view *v, uint64_t at, const char *line)
{
	struct tuple *t = s->t;
	const struct spate_tcp_conf *conf = &s->conf.tcp;
	bool syn = g->flags & SYN, first = syn && !(g->flags & ACK);
	bool ws = syn && conf->window_scale && (first || s->peer_ws);
	bool ts = !(g->flags & RST) && conf->timestamps && (first || s->peer_ts);
	uint32_t shift = 0;

	while (RTE_MAX(conf->receive_buffer, conf->receive_buffer_max) >> shift > 65535)
		shift++;
	script_want(s, "MSS", v->mss, g->mss ? g->mss : syn ? SET(s->conf.mtu - (script_v6 ? 60 : 40)) : ABSENT, line);
	script_want(s, "user timeout", v->uto, g->uto ? g->uto : ABSENT, line);
	script_want(s, "window scale", v->wscale, g->wscale ? g->wscale : ws ? SET(shift) : ABSENT, line);
	match_sack(s, g, v, line);
	if (!ts || g->tsval == ABSENT) {
		script_want(s, "TSval", v->tsval, ABSENT, line);
		return;
	}
	if (!IS_SET(v->tsval))
		script_fail(s, "no timestamps in: %s", line);
	/* The offset is the tuple's for good: learned once, over all incarnations. */
	if (!t->ts_offset_known) {
		t->ts_offset = (uint32_t)v->tsval - (uint32_t)(at / MS);
		t->ts_offset_known = true;
	}
	script_want(s, "TSval", v->tsval, SET(t->ts_offset + (uint32_t)(at / MS)), line);
	t->ts_out = v->tsval;
	if (IS_SET(g->tsecr))
		script_want(s, "TSecr", v->tsecr, SET(t->ts_base + (uint32_t)g->tsecr), line);
	else
		script_want(s, "TSecr", v->tsecr, SET(first ? 0 : t->ts_in), line);
}
