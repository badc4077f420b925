#!/usr/bin/env bash
# Installs the Debian packages that a target needs and that are missing, and says so. Silent if nothing is missing.
#
#   hack/setup.sh build|demo|bench|test
#
# Needs root only if something is missing. On a system without apt-get it names what is missing and stops.
# The .NET SDK is never installed: it is the one thing that this project expects to find.
set -euo pipefail

# What must be there, and the package that brings it: a word is looked up on PATH, a path must exist.
readonly BUILD='
gcc                                 gcc
objcopy                             binutils
/usr/include/stdio.h                libc6-dev
/etc/ssl/certs/ca-certificates.crt  ca-certificates'
readonly DEMO="$BUILD
ip                                  iproute2
ping                                iputils-ping
iperf3                              iperf3
jq                                  jq"
readonly BENCH="$DEMO
nft                                 nftables
/usr/lib/cni/bridge                 containernetworking-plugins
iptables                            iptables
/usr/include/linux/if_packet.h      linux-libc-dev
ethtool                             ethtool
wg                                  wireguard-tools
openvpn                             openvpn
openssl                             openssl"
readonly TEST="$DEMO
make                                make
nft                                 nftables
wg                                  wireguard-tools
strace                              strace
/usr/lib/cni/bridge                 containernetworking-plugins
iptables                            iptables
qemu-system-x86_64                  qemu-system-x86
/usr/include/linux/if_tun.h         linux-libc-dev"

# Prints the packages of a table (lines of "thing package") whose thing is not here, each once.
missing_packages() {
    local thing package
    while read -r thing package; do
        case $thing in
            '') continue ;;
            /*) [ -e "$thing" ] || echo "$package" ;;
            *) command -v "$thing" >/dev/null || echo "$package" ;;
        esac
    done <<<"$1" | sort -u
}

# The SDK is found by asking it: a dotnet that is there but lacks the version of global.json fails here, with its own words.
require_dotnet() {
    local answer
    command -v dotnet >/dev/null || {
        echo "setup: the .NET 10 SDK is missing from PATH: https://dotnet.microsoft.com/download/dotnet/10.0" >&2
        echo "setup: (sudo has a PATH of its own: /usr/bin/dotnet is found, \$HOME/.dotnet is not)" >&2
        exit 1
    }
    answer=$(DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 dotnet --version 2>&1) || {
        echo "setup: the .NET 10 SDK is missing: dotnet says: $answer" >&2
        exit 1
    }
}

install_packages() {
    echo "setup: installing missing packages: $*"
    export DEBIAN_FRONTEND=noninteractive
    # A third-party source that does not answer must not stop us: what counts is whether the packages install.
    apt-get update -qq || echo "setup: apt-get update complained; going on"
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

case ${1:-} in
    build) table=$BUILD ;;
    demo) table=$DEMO ;;
    bench) table=$BENCH ;;
    test) table=$TEST ;;
    *)
        echo "usage: hack/setup.sh build|demo|bench|test" >&2
        exit 2
        ;;
esac

require_dotnet
# The kernel of the tests' virtual machine: unpacked below dist, not installed.
trap '[ $? -ne 0 ] || [ "$1" != test ] || hack/vm.sh --fetch || exit 1' EXIT
mapfile -t missing < <(missing_packages "$table")
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "setup: this is not Debian; please install what these Debian packages hold: ${missing[*]}" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: missing packages: ${missing[*]}" >&2
    echo "setup: run: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

install_packages "${missing[@]}"
mapfile -t missing < <(missing_packages "$table")
if [ ${#missing[@]} -ne 0 ]; then
    echo "setup: still missing after the installation: ${missing[*]}" >&2
    exit 1
fi
