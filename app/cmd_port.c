/* SPDX-License-Identifier: BSD-3-Clause */
/* port config N ip A/LEN [gateway A] [vlan N] [mtu N] [queues N] */
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>

#include "app.h"
#include "command.h"
#include "wire/ipv4.h"

static bool
take_ip(void *to, const char *value)
{
	struct port_config *p = to;

	if (!take_prefix(value, &p->ip, &p->prefix))
		return false;
	if (ipv4_is_unicast(p->ip))
		return true;
	wrong("'%s' is no address a host can have", value);
	return false;
}

static bool
take_gateway(void *to, const char *value)
{
	return take_address(value, &((struct port_config *)to)->gateway);
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

static const struct key port_keys[] = {
	{"ip", "A.B.C.D/LEN", "the port's address and its network", take_ip, true},
	{"gateway", "A.B.C.D", "next hop to other networks", take_gateway, false},
	{"vlan", "N", "802.1Q tag, 0: untagged", take_vlan, false},
	{"mtu", "N", "576 to 1500 bytes", take_mtu, false},
	{"queues", "N", "queue pairs, each with a worker", take_queues, false},
	{NULL, NULL, NULL, NULL, false},
};

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
	if (a->launched) {
		wrong("port %s is running: configure it before the first 'start'", id_text);
		return false;
	}
	if (!keys_parse(args, port_keys, &p))
		return false;
	a->config.port[id] = p;
	return true;
}

static void
port_help(void)
{
	keys_help(port_keys);
}

const struct command port_commands[] = {
	{"port config", "N ip A.B.C.D/LEN [gateway A.B.C.D] [vlan N] [mtu N] [queues N]", false,
		"give port N its address", port_config, port_help},
	{NULL, NULL, false, NULL, NULL, NULL},
};
