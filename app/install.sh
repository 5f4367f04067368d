# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Sourced by app/quickstart.sh, test/run.sh and perf/*.sh: packages, hugepages, build.

# What the program needs to be built and run.
BUILD_PACKAGES="gcc libc6-dev pkg-config meson ninja-build libdpdk-dev dpdk libnuma-dev libjansson-dev libsodium-dev libssl-dev"

step() {
	printf '== %s\n' "$*"
}

need_root() {
	if [ "$(id -u)" != 0 ]; then
		echo "$0: run it as root: it installs packages and reserves hugepages" >&2
		exit 2
	fi
}

# install PACKAGE...: those that are missing, with apt.
install() {
	local missing=() p
	for p in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -q '^installed$' ||
			missing+=("$p")
	done
	if [ ${#missing[@]} = 0 ]; then
		step "packages: all there"
		return
	fi
	step "packages: installing ${missing[*]}"
	apt-get update -qq >/dev/null &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			"${missing[@]}" >/tmp/spate-apt.$$ 2>&1 || {
		tail -20 /tmp/spate-apt.$$ >&2
		echo "$0: apt-get could not install ${missing[*]}" >&2
		exit 1
	}
	rm -f /tmp/spate-apt.$$
}

# hugepages N: have N free 2 MiB pages if the kernel has them to give.
hugepages() {
	local dir=/sys/kernel/mm/hugepages/hugepages-2048kB free total
	if [ ! -w $dir/nr_hugepages ]; then
		step "hugepages: this kernel has none to give; everything works without, slower"
		return
	fi
	free=$(cat $dir/free_hugepages)
	total=$(cat $dir/nr_hugepages)
	if [ "$free" -lt "$1" ]; then
		echo $((total + $1 - free)) >$dir/nr_hugepages 2>/dev/null
		free=$(cat $dir/free_hugepages)
	fi
	if [ "$free" -ge "$1" ]; then
		step "hugepages: $free of 2 MiB free"
	else
		step "hugepages: only $free of $1 wanted; everything works without, slower"
	fi
}

# build DIR [MESON OPTION...]: configure and build everything, or $BUILD_TARGETS alone.
build() {
	local dir=$1
	shift
	step "build: $dir"
	# Configured before: look again at what is installed by now.
	if [ -f "$dir/build.ninja" ]; then
		meson configure "$dir" --clearcache >/dev/null && set -- --reconfigure "$@"
	fi
	meson setup "$dir" "$@" >/tmp/spate-build.$$ 2>&1 || {
		tail -30 /tmp/spate-build.$$ >&2
		echo "$0: meson setup failed" >&2
		exit 1
	}
	# shellcheck disable=SC2086
	ninja -C "$dir" ${BUILD_TARGETS:-} >/tmp/spate-build.$$ 2>&1 || {
		grep -E 'error|FAILED|warning' -A5 /tmp/spate-build.$$ | head -40 >&2
		echo "$0: the build in $dir failed" >&2
		exit 1
	}
	rm -f /tmp/spate-build.$$
}
