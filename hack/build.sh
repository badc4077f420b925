#!/usr/bin/env bash
# Publishes cmd/* by NativeAOT to dist/linux-x64/ (the binaries and nothing else) and holds them against their promises:
# no trim or AOT warning, size within hack/size-budgets.txt, and for the static ones no shared library, linked or opened.
#
#   hack/build.sh [--force] [arm64]
#
# Does nothing if no source changed since the last good build. Debug symbols go to dist/symbols/. With arm64 it
# cross-compiles to dist/linux-arm64/ instead, and leaves what must be executed to be checked (opened libraries) to the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/programs.sh
source hack/programs.sh
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

FORCE='' MACHINE=x64
for argument in "$@"; do
    case $argument in
        --force) FORCE=yes ;;
        x64 | arm64) MACHINE=$argument ;;
        *) echo 'usage: hack/build.sh [--force] [arm64]' >&2 && exit 2 ;;
    esac
done
readonly FORCE MACHINE
readonly OUT=dist/linux-$MACHINE
readonly STAMP=dist/built-from.$MACHINE
readonly LOG=dist/build.log
readonly STATIC='cnitun cnitun-tunnel cnitun-agent cnitunctl'

fail() {
    echo "build: $*" >&2
    exit 1
}

commands() {
    local project
    for project in cmd/*/*.csproj; do
        [ -e "$project" ] && basename "$project" .csproj
    done
}

# One digest over everything that can change a binary: sources, settings and the SDK.
fingerprint() {
    dotnet --version
    find src cmd hack/publish.proj hack/size-budgets.txt Directory.*.props global.json .editorconfig BannedSymbols.txt \
        \( -name bin -o -name obj \) -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
}

is_current() {
    local name
    for name in $(commands); do
        [ -x "$OUT/$name" ] || return 1
    done
    [ -f "$STAMP" ] && [ "$(fingerprint | sha256sum)" = "$(cat "$STAMP")" ]
}

publish() {
    # No stamp: the last attempt did not reach its end, or there was none. What it left half made would pass for finished.
    [ -f "$STAMP" ] || rm -rf cmd/*/{bin,obj}/Release/net10.0/"linux-$MACHINE"/{native,publish}
    rm -f "$STAMP"
    if ! dotnet msbuild hack/publish.proj -p:Machine="$MACHINE" -restore -m:2 -nodeReuse:false -v:minimal >"$LOG" 2>&1; then
        grep -E '(error|warning) [A-Z]+[0-9]+' "$LOG" | sort -u >&2 || tail -n 40 "$LOG" >&2
        fail "the publish failed; the whole output is in $LOG"
    fi
    # Warnings are errors already; this holds should a project switch that off. The linker's own notes on static
    # linking ("Using 'dlopen' in statically linked applications ...") have no code and are expected.
    if grep -E 'warning (IL|AOT|CS|CA)[0-9]+' "$LOG" >&2; then
        fail "the publish gave warnings"
    fi
}

# Moves each binary into place at once: a running one keeps its file, and nobody sees half of one.
collect() {
    local name from
    mkdir -p "$OUT" "dist/symbols/$MACHINE"
    for name in $(commands); do
        from=cmd/$name/bin/Release/net10.0/linux-$MACHINE/publish
        install -m 755 "$from/$name" "dist/$name.new"
        mv "dist/$name.new" "$OUT/$name"
        [ ! -e "$from/$name.dbg" ] || cp "$from/$name.dbg" "dist/symbols/$MACHINE/"
    done
    remove_strangers
}

# A binary whose command is gone from cmd/ must not ship.
remove_strangers() {
    local file
    for file in "$OUT"/*; do
        [ -e "cmd/$(basename "$file")" ] || rm -r "$file"
    done
}

check_size() {
    local name=$1 size budget
    size=$(stat -c %s "$OUT/$name")
    budget=$(awk -v name="$name" '$1 == name { print $2 }' hack/size-budgets.txt)
    [ -n "$budget" ] || fail "$name has no budget in hack/size-budgets.txt (it has $size bytes)"
    [ "$size" -le "$budget" ] || fail "$name has $size bytes, its budget is $budget (hack/size-budgets.txt)"
    printf 'build: %-14s %9d bytes, %3d %% of its budget\n' "$name" "$size" $((size * 100 / budget))
}

# A static binary names no interpreter, and opens no library either when it runs: a P/Invoke that the linker did not
# bind would look one up, work here, and fail on a host with another C library.
check_static() {
    local name=$1 linked opened
    linked=$(ldd "$OUT/$name" 2>&1 || true)
    [[ $linked == *"not a dynamic executable"* ]] || fail "$name is not static: $linked"
    [ "$MACHINE" = x64 ] || return 0
    CNI_COMMAND=VERSION strace -f -e trace=open,openat,openat2 -o dist/strace.log \
        "$OUT/$name" "${@:2}" <<<'{"cniVersion":"1.0.0"}' >dist/answer.log 2>&1 || fail "$name ${*:2} failed: $(cat dist/answer.log)"
    opened=$(grep -oE '"[^"]*\.so[^"]*"' dist/strace.log | sort -u | tr '\n' ' ' || true)
    rm -f dist/strace.log dist/answer.log
    [ -z "$opened" ] || fail "$name opens shared libraries at run time: $opened"
}

# Under sudo what we built belongs to whoever called sudo, so that a later build without it works.
give_back() {
    [ -z "${SUDO_UID:-}" ] || find dist src cmd tests \( -name bin -o -name obj -o -name dist \) -prune \
        -exec chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" {} +
}

NEED=build
[ "$MACHINE" = x64 ] || NEED=image
programs_only $NEED
mkdir -p dist
if [ -z "$FORCE" ] && is_current; then
    echo "build: nothing changed since the last build"
    exit 0
fi

[ -n "$(commands)" ] || fail "there is no command in cmd/"
trap give_back EXIT
echo "build: publishing $(commands | tr '\n' ' ')(about a minute)"
publish
collect
for name in $(commands); do
    check_size "$name"
    case " $STATIC " in
        *" $name "*)
            if [ "$name" = cnitun ]; then check_static "$name"; else check_static "$name" --version; fi
            ;;
    esac
done
fingerprint | sha256sum >"$STAMP"
