#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Two spate processes, each on a CPU of its own, joined by net_memif and by net_vhost with
# net_virtio_user: churn with the client in one and the server in the other, and a peer that
# is killed. Both work on memory without hugepages, but for a memif used in place; with enough of
# them free, on those too.
. "$(dirname "$0")/lib.sh"
. "$here/pair.sh"
need python3

COUNT=300000
HUGEPAGES=512 # of 2 MiB: what the two processes take

cat >"$TMP/server.spate" <<-END
	port config 0 ip 198.18.0.1/16
	server add web port 0 listen 198.18.0.1:80 http size 64
	start all
END
cat >"$TMP/client.spate" <<-END
	port config 0 ip 198.18.0.2/16
	client add load port 0 from 198.18.0.2 ports 20000-21999 to 198.18.0.1:80 http size 64 verify \
		close last count $COUNT
	set client load concurrency 256
	start all
END
# The same without an end.
sed 's/ count [0-9]*//' "$TMP/client.spate" >"$TMP/endless.spate"

# wire KIND PATH: the devices of the two ends into $server_end and $client_end.
wire()
{
	case $1 in
	memif | memif-zero-copy)
		server_end=net_memif0,role=server,socket-abstract=no,socket=$2
		client_end=net_memif0,role=client,socket-abstract=no,socket=$2
		[ "$1" = memif ] || client_end+=,zero-copy=yes
		;;
	vhost)
		server_end=net_vhost0,iface=$2,queues=1
		client_end=net_virtio_user0,path=$2,queues=1
		;;
	esac
}

# both NAME KIND CLIENT-COMMANDS: the two processes.
both()
{
	cp "$TMP/server.spate" "$TMP/$1-server.spate"
	cp "$3" "$TMP/$1-client.spate"
	wire "$2" "$TMP/$1.sock"
	pair "$1" server "$server_end" "$client_end"
}

churn()
{
	local name=$1 c=$TMP/$1-client.json s=$TMP/$1-server.json

	both "$name" "$2" "$TMP/client.spate" || return
	pair_ended "$name"
	report "$name: client: all $COUNT connections, none failed" "$c" "client.attempted ==
		client.established == client.closed == client.requests == $COUNT and
		client.failed == 0"
	report "$name: server: the same number, none failed" "$s" "server.accepted ==
		server.closed == server.requests == $COUNT and server.failed == 0"
	equal "$name: what one end sent the other received" \
		"$(field "$c" tcp.tx_segments) $(field "$c" tcp.rx_segments)" \
		"$(field "$s" tcp.rx_segments) $(field "$s" tcp.tx_segments)"
	report "$name: TIME_WAIT was the server's, and reused" "$s" "time_wait.entered == $COUNT and
		time_wait.reused >= $COUNT - 2000"
	report "$name: none of it the client's" "$c" "time_wait.entered == 0"
}

# One end dies in the middle: the other goes on, ends when told to, and its sums agree.
peer_killed()
{
	local name=$1

	both "$name" "$2" "$TMP/endless.spate" || return
	if ! wait_for 30 written "$TMP/$name-client.out" 'client [1-9][0-9,]* conn/s'; then
		fail "$name: connections before" "$(tail -n 1 "$TMP/$name-client.err")"
		return
	fi
	killed "$server"
	equal "$name: the client is alive" "$(kill -0 "$client" 2>&1)" ""
	kill -INT "$client"
	ends_well "$name" client 60
	report "$name: client: some closed before, those open then were stopped" \
		"$TMP/$name-client.json" "client.closed > 0 and client.stopped > 0"
}

churn memif memif
churn vhost vhost
peer_killed memif-killed memif
peer_killed vhost-killed vhost

# Nobody at the other end: one line, after as long as was asked for.
for kind in memif vhost; do
	name=$kind-alone
	wire $kind "$TMP/$name.sock"
	eal $name 0 "$server_end"
	start $name "$SPATE" "${eal[@]}" -- --cmdline-file="$TMP/server.spate" --link-wait=1
	ended "$pid" 30
	equal "$name: exit status" "$status" 1
	matches "$name: says so" "$(cat "$TMP/$name.err")" \
		"^$TMP/server.spate:3: port 0 .*: link is down after 1 s: is the peer there\\?\$"
done

memory=(--in-memory --single-file-segments -m 256)
free=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages 2>/dev/null || echo 0)
# Packet buffers of one's own can be shared from hugepages only: a memif is used in place here.
for kind in memif memif-zero-copy vhost; do
	if [ "$free" -lt $HUGEPAGES ]; then
		skip "hugepages-$kind" "$free of $HUGEPAGES hugepages free: sysctl vm.nr_hugepages=1024"
		continue
	fi
	churn hugepages-$kind $kind
	[ $kind != memif-zero-copy ] || peer_killed $kind-killed $kind
done

# told NAME: what config/pair-client.spate tells people to run, as one line; the socket is ours.
told()
{
	sed -n "/--file-prefix=$1 /,/--cmdline-file/s/^# *//p" config/pair-client.spate |
		tr -d '\\\n' | sed "s|build/app/spate|exec $SPATE|; s/--duration=10/--duration=1/
			s/spate-pair/spate-pair-$$/; s/--file-prefix=/&$$-/"
}

if [ "$free" -ge $HUGEPAGES ]; then
	cd "$here/../.." || exit 1
	start told-server bash -c "$(told server)"
	server=$pid
	wait_for 30 grep -q "@spate-pair-$$" /proc/net/unix
	start told-client bash -c "$(told client)"
	ended "$pid" 60
	equal 'config/pair-client.spate: exit status' "$status" 0
	matches 'config/pair-client.spate: connections, none failed' "$(cat "$TMP/told-client.out")" \
		'closed [1-9][0-9,]*  failed 0'
	kill -INT "$server"
	ended "$server" 30
	equal 'config/pair-server.spate: exit status' "$status" 0
fi
finish
