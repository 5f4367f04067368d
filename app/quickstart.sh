#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# From a fresh Debian 12 to ten seconds of connection churn: install, build, run.
set -u
cd "$(dirname "$0")/.." || exit 1
. app/install.sh

need_root
# shellcheck disable=SC2086
install $BUILD_PACKAGES
hugepages 640
build build
step "run: build/app/spate -- --cmdline-file=config/churn.spate --duration=10 --json=out.json"
exec build/app/spate -- --cmdline-file=config/churn.spate --duration=10 --json=out.json
