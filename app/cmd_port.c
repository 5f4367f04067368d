/* SPDX-License-Identifier: BSD-3-Clause */
/* port config N impair ..., and: port config N [ip A/LEN] [gateway A] [ip6 A/LEN] [gateway6 A]
 * [vlan N] [mtu N] [queues N] [tso on|off] */
#include <string.h>
#include <sys/socket.h>

#include <rte_ethdev.h>

#include "app.h"
#include "cmd_impair.h"
#include "command.h"
#include "wire/ipv6.h"

static bool
take_ip(void *to, const char *value)
{
	struct port_config *p = to;

	return take_prefix(value, AF_INET, &p->ip, &p->prefix);
}

static bool
take_ip6(void *to, const char *value)
{
	struct port_config *p = to;

	return take_prefix(value, AF_INET6, &p->ip6, &p->prefix6);
}

static bool
take_router(const char *value, uint16_t family, struct spate_addr *out)
{
	if (!take_host(value, out))
		return false;
	if (out->family == family)
		return true;
	wrong("gateway '%s': expected an %s address", value, family == AF_INET ? "IPv4" : "IPv6");
	return false;
}

static bool
take_gateway(void *to, const char *value)
{
	return take_router(value, AF_INET, &((struct port_config *)to)->gateway);
}

static bool
take_gateway6(void *to, const char *value)
{
	return take_router(value, AF_INET6, &((struct port_config *)to)->gateway6);
}

static bool
take_vlan(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 0, 4094, "vlan", &n))
		return false;
	((struct port_config *)to)->vlan = n;
	return true;
}

static bool
take_mtu(void *to, const char *value)
{
	uint64_t n;

	/* A frame is one packet buffer of 2 KiB, headers included. */
	if (!take_number(value, 576, 1500, "mtu", &n))
		return false;
	((struct port_config *)to)->mtu = n;
	return true;
}

static bool
take_queues(void *to, const char *value)
{
	uint64_t n;

	if (!take_number(value, 1, PORT_QUEUES_MAX, "queues", &n))
		return false;
	((struct port_config *)to)->n_queues = n;
	return true;
}

static bool
take_tso(void *to, const char *value)
{
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0) {
		wrong("tso %s: expected on or off", value);
		return false;
	}
	((struct port_config *)to)->no_tso = strcmp(value, "off") == 0;
	return true;
}

static const struct key port_keys[] = {
	{"ip", "A.B.C.D/LEN", "the port's IPv4 address and its network", take_ip, false},
	{"gateway", "A.B.C.D", "next hop to other IPv4 networks", take_gateway, false},
	{"ip6", "A:B::C/LEN", "the port's IPv6 address and its network", take_ip6, false},
	{"gateway6", "A:B::C", "next hop to other IPv6 networks", take_gateway6, false},
	{"vlan", "N", "802.1Q tag, 0: untagged", take_vlan, false},
	{"mtu", "N", "576 to 1500 bytes", take_mtu, false},
	{"queues", "N", "queue pairs, each with a worker", take_queues, false},
	{"tso", "on|off", "frames of several segments (and LRO), if the device can", take_tso,
		false},
	{NULL, NULL, NULL, NULL, false},
};

/* What is right word by word can be wrong together. */
static bool
check(const char *id, const struct port_config *p)
{
	if (p->ip.family == 0 && p->ip6.family == 0) {
		wrong("port %s: expected an address: ip A.B.C.D/LEN, ip6 A:B::C/LEN, or both", id);
		return false;
	}
	if (p->gateway.family && p->ip.family == 0) {
		wrong("port %s: a gateway wants an address too: ip A.B.C.D/LEN", id);
		return false;
	}
	if (p->gateway6.family && p->ip6.family == 0) {
		wrong("port %s: a gateway6 wants an address too: ip6 A:B::C/LEN", id);
		return false;
	}
	if ((p->gateway.family && p->gateway.ip4 == p->ip.ip4) ||
		(p->gateway6.family &&
			memcmp(p->gateway6.ip6, p->ip6.ip6, sizeof(p->ip6.ip6)) == 0)) {
		wrong("port %s: the gateway is the port itself", id);
		return false;
	}
	if (p->ip6.family && p->mtu && p->mtu < IPV6_MTU_LEAST) {
		wrong("port %s: mtu %u: IPv6 needs at least %d", id, p->mtu, IPV6_MTU_LEAST);
		return false;
	}
	return true;
}

static bool
port_config(struct app *a, struct words *args)
{
	const char *id_text = words_next(args);
	struct port_config p = {.used = true};
	uint64_t id;

	if (!take_number(id_text, 0, PORTS_MAX - 1, "port", &id))
		return false;
	if (!rte_eth_dev_is_valid_port(id)) {
		wrong("port %s: there is no such port: %u found, numbered from 0", id_text,
			rte_eth_dev_count_avail());
		return false;
	}
	if (args->at < args->n && strcmp(args->word[args->at], "impair") == 0) {
		words_next(args);
		return impair_config(a, id, args);
	}
	if (a->launched) {
		wrong("port %s is running: configure it before the first 'start'", id_text);
		return false;
	}
	if (!keys_parse(args, port_keys, &p) || !check(id_text, &p))
		return false;
	/* The network is bad whatever the addresses are. */
	p.impaired = a->config.port[id].impaired;
	p.impair = a->config.port[id].impair;
	a->config.port[id] = p;
	return true;
}

static void
port_help(void)
{
	keys_help(port_keys);
	impair_help();
}

const struct command port_commands[] = {
	{"port config", "N [ip A.B.C.D/LEN] [ip6 A:B::C/LEN] [vlan N] ... | N impair ...", false,
		"give port N its addresses", port_config, port_help},
	{NULL, NULL, false, NULL, NULL, NULL},
};
