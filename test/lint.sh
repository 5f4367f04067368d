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
	found=$(grep -nE '^#include "' lib/"$layer"/*.[ch] |
		grep -vE "\"(spate\.h\"|($layer|${may// /|})/[a-z0-9_]+\.h\")" || true)
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

below=(lib/{wire,time,stats,flow,ip,tcp,stack}/*.[ch])
report "no clock and no random numbers below the engine" "$(grep -nE \
	'rdtsc|rte_get_(tsc|timer)_cycles|clock_(gettime|nanosleep)|gettimeofday|\btime\(|rte_rand|\b(s?random|rand|getrandom|getentropy|RAND_bytes)\(|randombytes' \
	"${below[@]}")"
# At the beginning of a line all that is no function; elsewhere what is static.
report "no variable state below the engine" "$(grep -nE \
	'^(static )?[a-z_][a-z0-9_ ]* \*?[a-z_0-9]+(\[[^]]*\])*( = .*)?;$|^\s+static [^(]*(;| = .*)$' \
	"${below[@]}" | grep -vE 'const |return|typedef|:[0-9]+:(enum|struct) [a-z_0-9]+;|inline')"
report "no atomic read-modify-write and no lock" "$(grep -nE \
	'__atomic_([a-z]+_fetch|fetch_[a-z]+|exchange|compare|test_and_set)|\batomic_(fetch|exchange|compare|flag)|rte_atomic|rte_(spin|rw|ticket|mcs)lock|pthread_(mutex|rwlock|spin)|\bmtx_|__sync_' \
	lib/*/*.[ch] app/*.[ch])"
report "an SPDX line in each file" "$(git ls-files '*.c' '*.h' '*.sh' '*.build' 2>/dev/null |
	xargs -r grep -L 'SPDX-License-Identifier: BSD-3-Clause')"
report "no file beyond 600 lines" "$(git ls-files '*.c' '*.h' '*.sh' '*.py' 2>/dev/null | xargs -r wc -l |
	awk '$2 != "total" && $1 > 600 {print $2 " has " $1}')"
report "no function beyond 60 lines" "$(git ls-files '*.c' 2>/dev/null | xargs -r awk '
	FNR == 1 { open = 0 }
	/^{/ { open = FNR }
	/^}$/ { if (open && FNR - open > 60) print FILENAME ":" open " has " FNR - open; open = 0 }')"
report "nothing left for later in the code" "$(git grep -nE '\b(TO''DO|FIX''ME|XX''X)\b' -- '*.c' '*.h' '*.sh')"
report "what README.md shows of the help is what is printed" "$(test/readme.py --check)"
test/matrix.sh --check || status=1
exit $status
