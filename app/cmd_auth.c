/* SPDX-License-Identifier: BSD-3-Clause */
/* set auth add|remove|use peer A[/LEN] send-id N recv-id N ..., show auth */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "app.h"
#include "auth.h"
#include "command.h"
#include "run.h"

static const char *const algorithm_name[] = {
	[SPATE_AUTH_HMAC_SHA_1_96] = "hmac-sha-1-96",
	[SPATE_AUTH_AES_128_CMAC_96] = "aes-128-cmac-96",
};

static struct spate_auth_key *
key(void *to)
{
	return to;
}

static bool
take_peer(void *to, const char *value)
{
	const char *slash = strchr(value, '/');
	size_t len = slash ? (size_t)(slash - value) : strlen(value);
	char address[ADDR_TEXT];
	uint64_t prefix;

	if (len >= sizeof(address)) {
		wrong("peer '%s': expected an address or a network, as in 198.18.0.0/15", value);
		return false;
	}
	memcpy(address, value, len);
	address[len] = '\0';
	if (!take_address(address, &key(to)->peer))
		return false;
	prefix = key(to)->peer.family == AF_INET6 ? 128 : 32;
	if (slash && !take_number(slash + 1, 0, prefix, "prefix length", &prefix))
		return false;
	key(to)->prefix = prefix;
	return true;
}

static bool
take_byte(const char *value, const char *what, uint8_t *out)
{
	uint64_t n;

	if (!take_number(value, 0, UINT8_MAX, what, &n))
		return false;
	*out = n;
	return true;
}

static bool
take_send_id(void *to, const char *value)
{
	return take_byte(value, "send-id", &key(to)->send_id);
}

static bool
take_recv_id(void *to, const char *value)
{
	return take_byte(value, "recv-id", &key(to)->recv_id);
}

static bool
take_tcp_port(const char *value, const char *what, uint16_t *out)
{
	uint64_t n;

	if (!take_number(value, 1, UINT16_MAX, what, &n))
		return false;
	*out = rte_cpu_to_be_16(n);
	return true;
}

static bool
take_local_port(void *to, const char *value)
{
	return take_tcp_port(value, "local-port", &key(to)->local_port);
}

static bool
take_algorithm(void *to, const char *value)
{
	for (size_t i = SPATE_AUTH_HMAC_SHA_1_96; i < RTE_DIM(algorithm_name); i++) {
		if (strcmp(value, algorithm_name[i]) == 0) {
			key(to)->algorithm = i;
			return true;
		}
	}
	wrong("algorithm '%s': expected hmac-sha-1-96|aes-128-cmac-96", value);
	return false;
}

static bool
from_hex(const char *digits, struct spate_auth_key *k)
{
	size_t len = strlen(digits);

	if (len == 0 || len % 2 || len / 2 > sizeof(k->key) ||
		strspn(digits, "0123456789abcdefABCDEF") != len)
		return false;
	for (size_t i = 0; i < len / 2; i++) {
		unsigned int byte;

		sscanf(digits + 2 * i, "%2x", &byte);
		k->key[i] = byte;
	}
	k->key_len = len / 2;
	return true;
}

static bool
take_key(void *to, const char *value)
{
	size_t len = strlen(value);

	if (strncmp(value, "hex:", 4) == 0) {
		if (from_hex(value + 4, to))
			return true;
	} else if (len > 0 && len <= sizeof(key(to)->key)) {
		memcpy(key(to)->key, value, len);
		key(to)->key_len = len;
		return true;
	}
	wrong("key: expected 1 to %d characters, or hex: and two digits for each of as many bytes",
		SPATE_AUTH_KEY_LEN_MAX);
	return false;
}

static bool
take_exclude_options(void *to, const char *value)
{
	(void)value;
	key(to)->exclude_options = true;
	return true;
}

/* take_peer() writes the whole address, port 0 included: the port that is meant waits beside it. */
struct named_key {
	struct spate_auth_key key;
	uint16_t peer_port;
};

static bool
take_peer_port(void *to, const char *value)
{
	return take_tcp_port(value, "peer-port", &((struct named_key *)to)->peer_port);
}

#define NAMING_KEYS                                                                                \
	{"peer", "A[/LEN]", "address of the peer, or a network of peers", take_peer, true},        \
		{"send-id", "N", "KeyID of segments we send, 0 to 255", take_send_id, true},       \
		{"recv-id", "N", "KeyID of segments the peer sends", take_recv_id, true},          \
		{"peer-port", "N", "only connections to this TCP port (default any)",              \
			take_peer_port, false},                                                    \
	{                                                                                          \
		"local-port", "N", "only connections of this TCP port of ours (default any)",      \
			take_local_port, false                                                     \
	}

static const struct key naming_keys[] = {NAMING_KEYS, {NULL, NULL, NULL, NULL, false}};

static const struct key adding_keys[] = {
	NAMING_KEYS,
	{"algorithm", "NAME", "hmac-sha-1-96 (default) or aes-128-cmac-96 (RFC 5926)",
		take_algorithm, false},
	{"key", "TEXT|hex:DIGITS", "the master key, 1 to 80 bytes", take_key, true},
	{"exclude-options", NULL, "MACs do not cover the other TCP options", take_exclude_options,
		false},
	{NULL, NULL, NULL, NULL, false},
};

static bool
parse(struct words *args, const struct key *keys, struct spate_auth_key *out)
{
	struct named_key k = {.key.algorithm = SPATE_AUTH_HMAC_SHA_1_96};

	if (!keys_parse(args, keys, &k))
		return false;
	*out = k.key;
	out->peer.port = k.peer_port;
	return true;
}

/* ---- on the stacks */

struct order {
	const struct spate_auth_key *key;
	int (*fn)(struct spate_stack *s, const struct spate_auth_key *key);
	int rc;
	uint32_t in_use;
};

static void
on_slot(struct engine_slot *slot, void *arg)
{
	struct order *o = arg;
	int rc = o->fn(slot->stack, o->key);

	o->rc = rc < 0 ? rc : o->rc;
}

static int
on_all(struct app *a, int (*fn)(struct spate_stack *s, const struct spate_auth_key *key),
	const struct spate_auth_key *k)
{
	struct order o = {.key = k, .fn = fn};

	run_each_slot(a, -1, on_slot, &o);
	return o.rc;
}

static bool
say(const char *what, int rc)
{
	switch (rc) {
	case 0:
		return true;
	case -EBUSY:
		wrong("set auth %s: connections use this key: 'set auth use' another first", what);
		break;
	case -ENOTSUP:
		wrong("set auth %s: this spate was built without OpenSSL: there is no TCP-AO",
			what);
		break;
	default:
		wrong("set auth %s: %s", what, strerror(-rc));
	}
	return false;
}

int
auth_apply(struct app *a)
{
	for (int i = 0; i < SPATE_AUTH_KEYS_MAX; i++) {
		const struct auth_config *k = &a->config.auth[i];
		int rc = k->used ? on_all(a, spate_auth_key_add, &k->key) : 0;

		if (rc == 0 && k->used && k->preferred)
			rc = on_all(a, spate_auth_key_use, &k->key);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- the commands */

static int
find(const struct config *c, const struct spate_auth_key *k)
{
	for (int i = 0; i < SPATE_AUTH_KEYS_MAX; i++)
		if (c->auth[i].used && spate_auth_key_same(&c->auth[i].key, k))
			return i;
	return -1;
}

static bool
find_or_say(struct app *a, struct words *args, const char *what, int *at)
{
	struct spate_auth_key k;

	if (!parse(args, naming_keys, &k))
		return false;
	*at = find(&a->config, &k);
	if (*at < 0)
		wrong("set auth %s: there is no such key: peer, ports and ids must be those of "
		      "'set auth add' ('show auth' lists them)",
			what);
	return *at >= 0;
}

static bool
auth_add(struct app *a, struct words *args)
{
	struct spate_auth_key k;
	int at = SPATE_AUTH_KEYS_MAX, rc;

	if (!spate_auth_supported())
		return say("add", -ENOTSUP);
	if (!parse(args, adding_keys, &k))
		return false;
	for (int i = SPATE_AUTH_KEYS_MAX - 1; i >= 0; i--) {
		if (!a->config.auth[i].used) {
			at = i;
		} else if (spate_auth_key_conflict(&a->config.auth[i].key, &k)) {
			wrong("set auth add: another key for some of the same connections has "
			      "send-id %u or recv-id %u: an id must name one key",
				k.send_id, k.recv_id);
			return false;
		}
	}
	if (at == SPATE_AUTH_KEYS_MAX) {
		wrong("set auth add: no more than %d keys", SPATE_AUTH_KEYS_MAX);
		return false;
	}
	rc = on_all(a, spate_auth_key_add, &k);
	if (rc < 0) {
		on_all(a, spate_auth_key_remove, &k);
		return say("add", rc);
	}
	a->config.auth[at] = (struct auth_config){.used = true, .key = k};
	return true;
}

static bool
auth_remove(struct app *a, struct words *args)
{
	struct auth_config *k;
	int at, rc;

	if (!find_or_say(a, args, "remove", &at))
		return false;
	k = &a->config.auth[at];
	rc = on_all(a, spate_auth_key_remove, &k->key);
	if (rc < 0) {
		/* Some stacks may have let go of it, and get it back. */
		on_all(a, spate_auth_key_add, &k->key);
		if (k->preferred)
			on_all(a, spate_auth_key_use, &k->key);
		return say("remove", rc);
	}
	memset(k, 0, sizeof(*k));
	return true;
}

static bool
auth_use(struct app *a, struct words *args)
{
	struct auth_config *k;
	int at;

	if (!find_or_say(a, args, "use", &at))
		return false;
	k = &a->config.auth[at];
	for (int i = 0; i < SPATE_AUTH_KEYS_MAX; i++)
		if (spate_auth_key_overlap(&a->config.auth[i].key, &k->key))
			a->config.auth[i].preferred = false;
	k->preferred = true;
	return say("use", on_all(a, spate_auth_key_use, &k->key));
}

static void
print_key(const struct spate_auth_key *k)
{
	bool text = strncmp((const char *)k->key, "hex:", 4) != 0;

	for (int i = 0; i < k->key_len; i++)
		text &= isalnum(k->key[i]) || (ispunct(k->key[i]) && !strchr("#\"'", k->key[i]));
	if (text) {
		printf("%.*s", k->key_len, k->key);
		return;
	}
	printf("hex:");
	for (int i = 0; i < k->key_len; i++)
		printf("%02x", k->key[i]);
}

/* "peer A/LEN send-id N ...": what names it. */
static void
print_name(const struct spate_auth_key *k)
{
	char text[ADDR_TEXT];

	printf("peer %s/%u send-id %u recv-id %u", addr_text(&k->peer, text), k->prefix, k->send_id,
		k->recv_id);
	if (k->peer.port)
		printf(" peer-port %u", rte_be_to_cpu_16(k->peer.port));
	if (k->local_port)
		printf(" local-port %u", rte_be_to_cpu_16(k->local_port));
}

static void
print_rest(const struct spate_auth_key *k)
{
	printf(" algorithm %s%s", algorithm_name[k->algorithm],
		k->exclude_options ? " exclude-options" : "");
}

void
auth_print(const struct config *c)
{
	for (int i = 0; i < SPATE_AUTH_KEYS_MAX; i++) {
		if (!c->auth[i].used)
			continue;
		printf("set auth add ");
		print_name(&c->auth[i].key);
		print_rest(&c->auth[i].key);
		printf(" key ");
		print_key(&c->auth[i].key);
		printf("\n");
	}
	for (int i = 0; i < SPATE_AUTH_KEYS_MAX; i++) {
		if (!c->auth[i].used || !c->auth[i].preferred)
			continue;
		printf("set auth use ");
		print_name(&c->auth[i].key);
		printf("\n");
	}
}

static void
count_in_use(struct engine_slot *slot, void *arg)
{
	((struct order *)arg)->in_use += spate_auth_in_use(slot->stack);
}

static bool
auth_show(struct app *a, struct words *args)
{
	struct order o = {.in_use = 0};

	(void)args;
	for (int i = 0; i < SPATE_AUTH_KEYS_MAX; i++) {
		const struct auth_config *k = &a->config.auth[i];

		if (!k->used)
			continue;
		print_name(&k->key);
		print_rest(&k->key);
		printf("%s\n", k->preferred ? " (preferred)" : "");
	}
	run_each_slot(a, -1, count_in_use, &o);
	printf("protected connections, TIME_WAIT included: %u\n", o.in_use);
	return true;
}

static void
naming_help(void)
{
	keys_help(naming_keys);
}

static void
adding_help(void)
{
	keys_help(adding_keys);
}

const struct command auth_commands[] = {
	{"set auth add",
		"peer A[/LEN] send-id N recv-id N key TEXT|hex:DIGITS [algorithm NAME] "
		"[exclude-options] ...",
		false, "protect connections with these peers by TCP-AO (RFC 5925)", auth_add,
		adding_help},
	{"set auth use", "peer A[/LEN] send-id N recv-id N ...", false,
		"begin new connections with this key, and ask the peers of others for it", auth_use,
		naming_help},
	{"set auth remove", "peer A[/LEN] send-id N recv-id N ...", false,
		"forget a key no connection uses", auth_remove, naming_help},
	{"show auth", NULL, false, "keys of TCP-AO, and how many connections they protect",
		auth_show, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};
