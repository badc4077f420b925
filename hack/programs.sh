# Sourced in the root of the checkout, by each script before it does anything: hack/programs.txt, and a PATH that holds
# what stands in it. A program that this machine happens to have cannot hide that the list lacks it.
#
#   programs_only NEED     has setup.sh install what is missing, and sets PATH; NEED is build, demo, image, test or bench
#   programs_link NEED     makes the directory for that PATH, of links to what is here, and prints its name
#   programs_of NEED       prints lines "thing package"
# shellcheck shell=bash

programs_only() {
    hack/setup.sh "$1"
    PATH=$(programs_link "$1")
    export PATH
}

programs_link() {
    local directory=$PWD/dist/programs/$1 names path name
    mkdir -p "$directory"
    mapfile -t names < <(programs_of "$1" | awk '!/^\// { print $1 }')
    while read -r path; do
        name=${path##*/}
        # Whoever called us may have such a PATH already: no link to a link, which may go.
        [[ $path != "$PWD/dist/programs/"* ]] || path=$(readlink "$path")
        [ "$directory/$name" -ef "$path" ] || ln -sfn "$path" "$directory/$name"
    done < <(PATH=$PATH:/usr/sbin:/sbin type -P "${names[@]}" dotnet)
    for path in "$directory"/*; do
        [[ " ${names[*]} dotnet " == *" ${path##*/} "* ]] || rm "$path"
    done
    [ -z "${SUDO_UID:-}" ] || chown -h "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" dist dist/programs "$directory" "$directory"/*
    echo "$directory"
}

programs_of() {
    awk -v need="$1" '
        BEGIN { wanted["base"]; wanted["build"]; wanted[need]; if (need != "build" && need != "image") wanted["demo"] }
        /^[^#]/ {
            split($1, needs, ",")
            if (needs[1] in wanted || needs[2] in wanted) for (i = 3; i <= NF; i++) print $i, $2
        }' hack/programs.txt
}

# In place of bash's own "command not found".
command_not_found_handle() {
    echo "$1 is not among the programs of hack/programs.txt: list it there with its package, or do without it" >&2
    return 127
}
