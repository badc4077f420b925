#!/usr/bin/env bash
# What `make test` runs: set-up, the published binaries, then every test project, one after the other, since many of
# them work on the same kernel. Ends with the time of each, and the line "N passed, N failed, N skipped" over all.
#
#   hack/test.sh [FILTER]        FILTER as for dotnet test: FullyQualifiedName~Netlink
#
# A project whose run crashed, hung or held no test counts as one failure. Results lie in TestResults/ as .trx files.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/programs.sh
source hack/programs.sh
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

readonly RESULTS=TestResults
readonly TIME_LIMIT=20m
filter=${1:-}
passed=0 failed=0 skipped=0
times=()

# A missing snapshot is written for a developer to look at, but must not approve itself where nobody looks.
[ -z "${CI:-}" ] || export SNAPSHOOTER_STRICT_MODE=true

finish() {
    local code=$?
    if [ -n "${SUDO_UID:-}" ]; then
        find . \( -name bin -o -name obj -o -name TestResults \) -prune -exec chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" {} +
    fi
    if [ "$code" -ne 0 ] && [ $failed -eq 0 ]; then
        failed=1
    fi
    mkdir -p $RESULTS
    echo "$passed passed, $failed failed, $skipped skipped" | tee $RESULTS/total
}
trap finish EXIT

# counter FILE NAME: one number of the results file's <Counters total="12" executed="12" passed="12" failed="0" .../>.
counter() {
    sed -nE "s/.*<Counters .*\b$2=\"([0-9]+)\".*/\1/p" "$1" | head -n 1
}

# The tests that did not run, each with its reason: the name stands in one line, the message in a later one.
print_skipped() {
    awk '
        /<UnitTestResult .*outcome="NotExecuted"/ { match($0, /testName="[^"]*"/); name = substr($0, RSTART + 10, RLENGTH - 11) }
        name != "" && /<Message>/ { gsub(/ *<\/?Message>/, ""); print "  skipped " name ": " $0; name = "" }' "$1"
}

run_project() {
    local project=$1 name file code=0 total executed begin=$SECONDS
    name=$(basename "$project" .csproj)
    file=$RESULTS/$name.trx
    echo "test: $name"
    timeout --kill-after=30s $TIME_LIMIT dotnet test "$project" --configuration Release --no-build --verbosity quiet \
        --results-directory $RESULTS --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" \
        ${filter:+--filter "$filter"} </dev/null || code=$?
    times+=("$(printf '%5d s  %s' $((SECONDS - begin)) "$name")")

    if [ ! -f "$file" ]; then
        [ -n "$filter" ] && [ "$code" -eq 0 ] && return
        echo "test: $name left no results (exit code $code)"
        failed=$((failed + 1))
        return
    fi

    total=$(counter "$file" total) executed=$(counter "$file" executed)
    passed=$((passed + $(counter "$file" passed)))
    failed=$((failed + $(counter "$file" failed)))
    skipped=$((skipped + total - executed))
    print_skipped "$file"
    if [ "$code" -ne 0 ] && [ "$(counter "$file" failed)" -eq 0 ]; then
        echo "test: $name did not run to its end (exit code $code)"
        failed=$((failed + 1))
    elif [ "$total" -eq 0 ] && [ -z "$filter" ]; then
        echo "test: $name holds no test"
        failed=$((failed + 1))
    fi
}

programs_only test
hack/build.sh
rm -rf $RESULTS
echo "test: building the tests"
dotnet build CniTun.sln --configuration Release -m:2 -nodeReuse:false --verbosity quiet -consoleLoggerParameters:ErrorsOnly

for project in tests/*.Tests/*.csproj; do
    run_project "$project"
done
echo "test: took $SECONDS s, of which"
printf '%s\n' "${times[@]}"
[ $failed -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
