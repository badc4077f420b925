#!/usr/bin/env bash
# Runs a command of this machine on the kernel that Debian ships, in a virtual machine: for what the running kernel lacks.
#
#   hack/vm.sh COMMAND [ARGUMENT...]     prints what the command prints; exits with its exit code
#   hack/vm.sh --fetch                   only gets the kernel, once, into dist/vm
#
# The machine sees this machine's files as they are; what it writes is gone with it. It has no network device. The command
# is root there, begins in the current directory, has no input, and finds a module loaded when it asks the kernel for one.
# If there is no result of the command, the machine's console is printed, and the exit code is 124 if it hung, else 125.
#
#   VM_SECONDS=600       ends a machine that hangs
#   VM_MEGABYTES=512     its memory
#   VM_PROCESSORS=2
#   VM_ACCEL=tcg         emulation: slow, and the same everywhere. A /dev/kvm that opens need not work, as inside of other
#                        machines; kvm is for those who know that theirs does.
set -euo pipefail

HACK=$(cd "$(dirname "$0")" && pwd)
readonly HACK CACHE=${HACK%/*}/dist/vm
readonly KERNEL=$CACHE/kernel

fail() {
    echo "vm: $*" >&2
    exit 125
}

download() {
    local image
    image=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: //p')
    [ -n "$image" ] && apt-get -qq -o APT::Sandbox::User=root download "$image" busybox-static
}

# Unpacked, never installed: the running system's boot files stay as they are. Of the kernel's modules only those that are
# about networks, and those without which the machine cannot see our files.
fetch() {
    local work
    echo "vm: fetching Debian's kernel (70 MB)" >&2
    work=$(mktemp -d "$CACHE/new.XXXXXX")
    # What apt knows may be older than what the archive still has.
    (cd "$work" && { download || { apt-get -qq update && download; }; }) || fail "apt-get cannot download linux-image-amd64 and busybox-static"
    dpkg-deb --fsys-tarfile "$work"/busybox-static_*.deb | tar -xC "$work" ./bin/busybox
    dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb | tar -xC "$work" --wildcards './boot/vmlinuz-*' './lib/modules/*/modules.*' \
        ./lib/modules/*/kernel/{crypto,lib,net,drivers/net,drivers/virtio,fs/9p,fs/fscache,fs/netfs,fs/overlayfs}
    rm "$work"/*.deb
    "$work/bin/busybox" depmod -b "$work" "$(basename "$work"/lib/modules/*)"
    [ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$CACHE" "$work"
    mv "$work" "$KERNEL"
}

fetch_once() {
    mkdir -p "$CACHE"
    exec 9>"$CACHE/lock"
    flock 9
    [ -d "$KERNEL" ] || fetch
    exec 9>&-
}

# What the kernel begins with: busybox, hack/vm-init, and the modules by which it sees our files.
initramfs() {
    local root=$1 modules
    modules=$(cd "$KERNEL" && echo lib/modules/*)
    mkdir -p "$root"/{bin,dev,proc,sys,host,layer}
    cp "$KERNEL/bin/busybox" "$root/bin/"
    cp "$HACK/vm-init" "$root/init"
    (cd "$KERNEL" && cp -r --parents "$modules"/modules.* "$modules"/kernel/{fs,net/9p,drivers/virtio} "$root")
    (cd "$root" && find . | bin/busybox cpio -o -H newc 2>/dev/null)
}

# What the machine runs, in the directory that it shares with us; results come back there.
command_file() {
    printf 'export PATH=%q\ncd %q && exec' "$PATH" "$PWD"
    printf ' %q' "$@"
}

boot() {
    timeout --kill-after=10 "${VM_SECONDS:-600}" qemu-system-x86_64 \
        -nodefaults -no-user-config -display none -nic none -no-reboot \
        -accel "${VM_ACCEL:-tcg}" -cpu max -m "${VM_MEGABYTES:-512}" -smp "${VM_PROCESSORS:-2}" \
        -kernel "$KERNEL"/boot/vmlinuz-* -initrd "$1/initramfs" -append "console=ttyS0 panic=-1 quiet MODULES=$KERNEL/lib/modules" -serial "file:$1/console" \
        -virtfs "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap" \
        -virtfs "local,path=$1/share,mount_tag=share,security_model=none" >"$1/qemu" 2>&1 </dev/null
}

[ $# -gt 0 ] || fail "usage: hack/vm.sh --fetch | COMMAND [ARGUMENT...]"
fetch_once
if [ "$1" = --fetch ]; then
    exit 0
fi

dir=$(mktemp -d "$CACHE/run.XXXXXX")
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/share"
initramfs "$dir/root" >"$dir/initramfs"
command_file "$@" >"$dir/share/command"
code=0
boot "$dir" || code=$?
[ ! -e "$dir/share/stdout" ] || cat "$dir/share/stdout"
[ ! -e "$dir/share/stderr" ] || cat "$dir/share/stderr" >&2
[ ! -s "$dir/share/code" ] || exit "$(cat "$dir/share/code")"
echo "vm: the machine ended without a result; qemu's exit code is $code, and this is what qemu and the console said:" >&2
cat "$dir/qemu" "$dir/console" >&2
[ "$code" -eq 124 ] || code=125
exit "$code"
