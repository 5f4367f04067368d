# SPDX-License-Identifier: BSD-3-Clause
# Two spates joined by a socket, a server and a client; sourced behind lib.sh. What each does is in
# $TMP/NAME-server.spate and $TMP/NAME-client.spate; its report will be there as .json.

# start_end NAME ROLE CPU VDEV: one end; its pid in $server or $client, which ROLE is.
start_end()
{
	eal "$1-$2" "$3" "$4"
	start "$1-$2" "$SPATE" "${eal[@]}" -- --cmdline-file="$TMP/$1-$2.spate" --duration=150 \
		--json="$TMP/$1-$2.json"
	printf -v "$2" %s "$pid"
}

# pair NAME ROLE VDEV VDEV: both ends. ROLE's is the first device, which makes $TMP/NAME.sock.
pair()
{
	local other=client

	[ "$2" = server ] || other=server
	start_end "$1" "$2" 1 "$3"
	if ! wait_for 30 test -S "$TMP/$1.sock"; then
		fail "$1: the $2 makes the socket" "$(tail -n 1 "$TMP/$1-$2.err")"
		return 1
	fi
	ok "$1: the $2 makes the socket"
	start_end "$1" "$other" 0 "$4"
}

# ends_well NAME ROLE SECONDS: one end, by itself or told to.
ends_well()
{
	ended "${!2}" "$3"
	equal "$1: $2's exit status" "$status" 0
	sums "$1: $2" "$TMP/$1-$2.json"
}

# pair_ended NAME: the client has done all it had to; the server is told to stop.
pair_ended()
{
	ends_well "$1" client 170
	kill -INT "$server"
	ends_well "$1" server 30
}
