#!/usr/bin/env bash
# Times the parts of the packet path one by one, and counts what they allocate, with BenchmarkDotNet: hack/bench/micro/.
# Half a minute. Prints its tables; appends lines of "NAME NANOSECONDS BYTES" to FILE if told one, for a report.
#
#   hack/bench/micro.sh [FILE [WORD]]        WORD: only the benchmarks whose names hold it, LookUp for one
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=hack/programs.sh
source hack/programs.sh
programs_only bench
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
readonly WORK=dist/micro

mkdir -p "$WORK"
if ! dotnet build hack/bench/micro/CniTun.Bench.csproj --configuration Release -m:2 -nodeReuse:false -v:quiet >"$WORK/build.log" 2>&1; then
    tail -n 20 "$WORK/build.log" >&2
    exit 1
fi
results=$(realpath "${1:-$WORK/results}")
[ $# -gt 0 ] || rm -f "$results"
cd "$WORK"
code=0
timeout -k 5 600 dotnet bin/Release/net10.0/CniTun.Bench.dll "$results" "${@:2}" >run.log 2>&1 || code=$?
# BenchmarkDotNet's table, the last thing that it prints; all else is in the log.
grep '^|' run.log || tail -n 20 run.log >&2
exit $code
