#!/usr/bin/env bash
# Prints the tables of what tunnel.sh measured, and writes tunnel.json, tunnel.md and tunnel.svg into DIRECTORY if told one.
# Called by tunnel.sh, which sets VERSIONS (lines of "name<TAB>version") for the page.
#
#   hack/bench/tunnel/report.sh MEASURED [DIRECTORY]
# shellcheck disable=SC2016
set -Eeuo pipefail
HERE=$(dirname "$0")
readonly HERE MEASURED=$1 OUT=${2:-}
results=$(awk -f "$HERE/medians.awk" "$HERE/goals.tsv" "$MEASURED")

# A row of the numbers: what, its unit, how many digits. What is not listed is not shown.
readonly LABELS='tcp1	TCP, 1 stream, Gbit/s	2
tcp1-cpu	1 stream: processor-seconds per GB	2
tcp1-own	1 stream: those of the tunnel	2
tcp4	TCP, 4 streams, Gbit/s	2
tcp4-cpu	4 streams: processor-seconds per GB	2
tcp4-own	4 streams: those of the tunnel	2
tcp6	TCP over IPv6, 1 stream, Gbit/s	2
both	TCP, both directions at once, Gbit/s	2
pps	64-byte UDP packets received per second	0
rr	request/response p50, us	0
rr99	request/response p99, us	0
rss	resident memory, MB	1
rss-peak	resident memory, peak, MB	1
idle	processor while idle, %	3'

# The numbers as rows, a column a contender: first a line of the contenders' names, then CONDITION, LABEL, values.
# "-" where nothing was measured.
rows() {
    awk -F '\t' -v OFS='\t' '
        FILENAME == ARGV[1] { label[$1] = $2; digits[$1] = $3; next }
        $1 == "median" && $2 != "micro" {
            if (!($4 in seen)) { seen[$4]; name[++names] = $4 }
            if (!(($2, $3) in known)) { known[$2, $3]; kind[++kinds] = $2 OFS $3 }
            value[$2, $3, $4] = $5
        }
        END {
            line = "" OFS ""
            for (n = 1; n <= names; n++) line = line OFS name[n]
            print line
            for (k = 1; k <= kinds; k++) {
                split(kind[k], part, OFS)
                if (!(part[2] in label)) continue
                line = part[1] OFS label[part[2]]
                for (n = 1; n <= names; n++)
                    line = line OFS (((part[1], part[2], name[n]) in value) ? sprintf("%." digits[part[2]] "f", value[part[1], part[2], name[n]]) : "-")
                print line
            }
        }' <(echo "$LABELS") <(echo "$results")
}

goals() { awk -F '\t' -v OFS='\t' '$1 == "goal" { $3 = $3 == "null" ? $3 : sprintf("%.3f", $3); print $2, $3, $4, $5, $6 }' <<<"$results"; }

print_numbers() {
    rows | awk -F '\t' '
        NR > 1 && $1 != condition { condition = $1; printf "%s\n", condition }
        { printf "  %-40s", $2; for (i = 3; i <= NF; i++) printf " %12s", $i; print "" }'
}

# NAME, nanoseconds, bytes.
micro() {
    awk -F '\t' -v OFS='\t' '
        $1 != "median" || $2 != "micro" { next }
        sub(/-ns$/, "", $3) { name[++count] = $3; time[$3] = $5 }
        sub(/-bytes$/, "", $3) { bytes[$3] = $5 }
        END { for (i = 1; i <= count; i++) print name[i], sprintf("%.1f", time[name[i]]), bytes[name[i]] + 0 }' <<<"$results"
}

print_second() {
    awk -F '\t' '$1 == "second" { if (!n++) print "cnitun-b to cnitun, medians of the rounds'\'' ratios"; printf "  %-8s %-12s %6.2f\n", $2, $3, $4 }' <<<"$results"
}

print_goals() {
    printf '%-52s %10s %11s\n' goals value goal
    # A short run measures a few: the others are not worth a line there.
    goals | awk -F '\t' -v all="$OUT" '
        $2 == "null" { if (all != "") printf "%-52s %10s %4s %6s  not measured\n", $1, "-", $3, $4; next }
        { printf "%-52s %10.2f %4s %6s  %s\n", $1, $2, $3, $4, $5 == "true" ? "met" : "NOT MET" }'
}

print_numbers
print_second
print_goals
[ -n "$OUT" ] || exit 0

mkdir -p "$OUT"
goals | jq -Rn '[inputs | split("\t") |
    {metric: .[0], value: (.[1] | if . == "null" then null else tonumber end), goal: (.[3] | tonumber), met: (.[4] == "true")}]' >"$OUT/tunnel.json"
rows | bash "$HERE/chart.sh" >"$OUT/tunnel.svg"
{
    echo '# The tunnel against its peers'
    echo
    echo "Written by \`hack/bench/tunnel.sh\` on $(date -u +%F). A goal's value is the median of the rounds' ratios; what was not measured is"
    echo 'not met. Both nodes, both pods and the load share one machine, so the ratios carry over and the numbers do not.'
    echo
    echo '| goal | value | | | |'
    echo '|---|---|---|---|---|'
    goals | awk -F '\t' '{ printf "| %s | %s | %s | %s | %s |\n", $1, $2 == "null" ? "" : sprintf("%.2f", $2), $3, $4,
        $2 == "null" ? "**not measured**" : $5 == "true" ? "met" : "**not met**" }'
    echo
    echo '![medians as a chart](tunnel.svg)'
    echo
    echo 'Medians. `offload`: the underlay passes superpackets; `single`: it does not; `gro`: it does not, but'
    echo 'the receiving kernel merges what arrives; `loss`: as single, 1 % of all datagrams is lost; `reorder`: as single, 2 % arrive 300 us late.'
    echo 'Loss and lateness hit single datagrams in both directions, at the same place for all.'
    echo
    rows | awk -F '\t' '
        NR == 1 { $1 = $2 = ""; printf "| | |"; for (i = 3; i <= NF; i++) printf " %s |", $i; printf "\n|---|---|"; for (i = 3; i <= NF; i++) printf "---|"; print ""; next }
        { sub(/^ +/, "", $2); printf "| %s | %s |", $1, $2; for (i = 3; i <= NF; i++) printf " %s |", $i; print "" }'
    echo
    echo 'The parts of the packet path one by one, each call waiting for the one before (`hack/bench/micro.sh`). A look-up is one of an'
    echo 'address among 10,000 prefixes of 5,000 peers: dense as a cluster hands them out, or scattered.'
    echo
    echo '| | ns | bytes allocated |'
    echo '|---|---|---|'
    micro | awk -F '\t' '{ printf "| %s | %s | %s |\n", $1, $2, $3 }'
    echo
    echo '| | |'
    echo '|---|---|'
    awk -F '\t' 'NF { printf "| %s | %s |\n", $1, $2 }' <<<"${VERSIONS:-}"
} >"$OUT/tunnel.md"
echo "bench: written to $OUT: tunnel.json, tunnel.md and tunnel.svg"
