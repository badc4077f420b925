#!/usr/bin/env bash
# Builds the container image from manifests/image/Dockerfile, without a network and without docker, as OCI archives:
#
#   dist/image/cnitun-amd64.tar, cnitun-arm64.tar    one machine each: ctr -n k8s.io images import FILE
#   dist/image/cnitun.tar                            both, for a registry
#
#   hack/image.sh [IMAGE:TAG]      docker.io/cnitun/cnitun:VERSION unless told
#
# The same binaries give the same digests.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=hack/programs.sh
source hack/programs.sh

readonly OUT=dist/image
readonly MOST_BYTES=20000000

fail() {
    echo "image: $*" >&2
    exit 1
}

programs_only image
[ "$(id -u)" -eq 0 ] || fail 'needs root (sudo make image): buildah makes its files as root'
VERSION=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
readonly IMAGE=${1:-docker.io/cnitun/cnitun:$VERSION}
[[ $IMAGE =~ ^[a-z0-9./_-]+(:[0-9]+/[a-z0-9./_-]+)?:[A-Za-z0-9._-]+$ ]] || fail "'$IMAGE' is not IMAGE:TAG, such as docker.io/cnitun/cnitun:$VERSION"

STORE=$(mktemp -d)
readonly STORE
trap 'rm -rf "$STORE"' EXIT
# What buildah would look for below /etc; nothing is pulled, so there is no signature to verify.
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$STORE/policy.json"

engine() { buildah --root "$STORE/root" --runroot "$STORE/run" --storage-driver vfs "$@"; }

# archive NAME SOURCE COMMAND...: what COMMAND writes of SOURCE becomes dist/image/NAME, complete or not at all.
archive() {
    engine "${@:3}" --signature-policy "$STORE/policy.json" --quiet "$2" "oci-archive:$STORE/$1:$IMAGE"
    mv "$STORE/$1" "$OUT/$1"
    echo "image: $OUT/$1, $(stat -c %s "$OUT/$1") bytes, $IMAGE"
}

# one MACHINE ARCHITECTURE: the image of one machine, in the names that .NET and Go have for it.
one() {
    engine bud --signature-policy "$STORE/policy.json" --isolation chroot --timestamp 0 --quiet --arch "$2" --build-arg PLATFORM="linux-$1" \
        --label org.opencontainers.image.version="$VERSION" --file manifests/image/Dockerfile --tag "cnitun-$2" . >/dev/null
    archive "cnitun-$2.tar" "cnitun-$2" push
    [ "$(stat -c %s "$OUT/cnitun-$2.tar")" -le $MOST_BYTES ] || fail "$OUT/cnitun-$2.tar is larger than $MOST_BYTES bytes"
    engine manifest add both "containers-storage:localhost/cnitun-$2" >/dev/null
}

hack/build.sh
hack/build.sh arm64
mkdir -p $OUT
engine manifest create both >/dev/null
one x64 amd64
one arm64 arm64
archive cnitun.tar both manifest push --all
