#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Rules of the structure that a compiler does not check; a line each.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0

# report NAME TEXT: ok when TEXT is empty, otherwise what was found.
report() {
	if [ -z "$2" ]; then
		echo "ok $1"
	else
		echo "FAIL $1: $(echo "$2" | head -3 | tr '\n' ';')"
		status=1
	fi
}

# lib/A may include what is listed behind it (and itself).
while read -r layer may; do
	found=$(grep -nE '^#include "[a-z]+/' lib/"$layer"/*.[ch] |
		grep -vE "\"($layer|${may// /|})/" || true)
	report "includes of lib/$layer point downwards" "$found"
done <<'LAYERS'
wire none
time none
stats none
flow wire time stats
ip wire time stats
tcp wire time stats flow ip
stack wire time stats flow ip tcp
port wire
engine wire time stats port
LAYERS

report "no clock and no random numbers below the engine" "$(grep -nE \
	'rte_rdtsc|rte_get_(tsc|timer)_cycles|clock_gettime|gettimeofday|rte_rand|\b(s?random|rand)\(' \
	lib/wire/* lib/time/* lib/stats/* lib/flow/* lib/ip/* lib/tcp/* lib/stack/* | grep -v README)"
report "no variable state below the engine" "$(grep -nE '^(static )?[a-z_ ]+ \*?[a-z_]+(\[[^]]*\])*( = .*)?;$' \
	lib/{wire,time,stats,flow,ip,tcp,stack}/*.c | grep -vE 'const |return|typedef')"
report "no atomic read-modify-write and no lock" "$(grep -nE \
	'__atomic_(fetch|add|sub|exchange|compare)|rte_atomic|rte_spinlock|pthread_mutex|__sync_' \
	lib/*/*.[ch] app/*.[ch])"
report "an SPDX line in each file" "$(git ls-files '*.c' '*.h' '*.sh' '*.build' 2>/dev/null |
	xargs -r grep -L 'SPDX-License-Identifier: BSD-3-Clause')"
report "no file beyond 600 lines" "$(git ls-files '*.c' '*.h' 2>/dev/null | xargs -r wc -l |
	awk '$2 != "total" && $1 > 600 {print $2 " has " $1}')"
report "nothing left for later in the code" "$(git grep -nE '\b(TO''DO|FIX''ME|XX''X)\b' -- '*.c' '*.h' '*.sh')"
report "what README.md shows of the help is what is printed" "$(test/readme.py --check)"
test/matrix.sh --check || status=1
exit $status
