#!/usr/bin/env bash
# Makes the table on the terminal, cni.json, cni.md and cni.svg out of what cni.sh measured. Called by cni.sh.
#
#   hack/bench/cni-report.sh MEASURED DIRECTORY
set -Eeuo pipefail
readonly MEASURED=$1 OUT=$2
mkdir -p "$OUT"

# Every row of the report: what it is, its two medians (time in ms, size in MB), what counts, its goal, whether it is met.
rows() {
    sort -k1,2 -k3n "$MEASURED" | awk '
        { key = $1 " " $2; time[key, ++count[key]] = $3 / 1000; if ($4 / 1024 > rss[key]) rss[key] = $4 / 1024 }
        function median(key) { return time[key, int((count[key] + 1) / 2)] }
        function row(label, unit, ours, reference, value, goal) {
            printf "%s\t%s\t%.2f\t%.2f\t%.3f\t%s\t%s\n", label, unit, ours, reference, value, goal, value <= goal ? "true" : "false"
        }
        function ratio(label, metric, goal,    o, r) {
            o = median(metric " ours"); r = median(metric " reference")
            if (count[metric " ours"]) row(label, "ms", o, r, o / r, goal)
        }
        function filled(label, command,    full, empty) {
            full = median(command "-full ours"); empty = median(command "-empty ours")
            row(label, "ms", full, empty, full / empty, 1.2)
        }
        END {
            ratio("VERSION, ratio", "VERSION", 0.6)
            row("VERSION, peak memory in MB", "MB", rss["VERSION ours"], rss["VERSION reference"], rss["VERSION ours"], 8)
            ratio("ADD, ratio", "ADD", 0.33)
            ratio("CHECK, ratio", "CHECK", 0.33)
            ratio("DEL, ratio", "DEL", 0.5)
            ratio("ADD, two families, masquerade, ratio", "ADD-masquerade", 0.1)
            ratio("DEL, two families, masquerade, ratio", "DEL-masquerade", 0.2)
            ratio("50 ADDs at once, ratio", "ADD-together", 0.5)
            filled("ADD at 60,000 leases to ADD at none, ratio", "ADD")
            filled("DEL at 60,000 leases to DEL at none, ratio", "DEL")
            row("binary in MB", "MB", median("size ours") / 1000, median("size reference") / 1000, median("size ours") / 1000, 3.5)
        }'
}

table=$(rows)
floor=$(awk '$1 == "floor" { print $3 / 1000 }' "$MEASURED" | sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }')

echo "$table" | awk -F '\t' -v floor="$floor" '
    BEGIN { printf "%-44s %10s %10s %8s %6s\n", "medians", "ours", "other", "value", "goal" }
    { printf "%-44s %7.2f %s %7.2f %s %8.2f %6s  %s\n", $1, $3, $2, $4, $2, $5, $6, $7 == "true" ? "met" : "NOT MET" }
    END { printf "%-44s %7s ms   (/bin/true, started the same way)\n", "floor of any call", floor }'

echo "$table" | jq -Rn '[inputs | split("\t") | {metric: .[0], value: (.[4] | tonumber), goal: (.[5] | tonumber), met: (.[6] == "true")}]' >"$OUT/cni.json"

{
    echo '# CNI calls against the reference'
    echo
    echo "Written by \`hack/bench/cni.sh\` on $(date -u +%F). Medians of calls made in turns; \"other\" is the reference \`bridge\` with"
    echo '`host-local`, in the rows with 60,000 leases it is our own plugin with none. Both keep their leases on tmpfs.'
    echo
    echo '| | ours | other | value | goal | |'
    echo '|---|---|---|---|---|---|'
    echo "$table" | awk -F '\t' '{ printf "| %s | %.2f %s | %.2f %s | %.2f | %s | %s |\n", $1, $3, $2, $4, $2, $5, $6, $7 == "true" ? "met" : "**not met**" }'
    echo
    echo "Starting and waiting for \`/bin/true\` the same way takes $floor ms."
    echo
    echo '![medians as a chart](cni.svg)'
    echo
    echo '| | |'
    echo '|---|---|'
    echo "| machine | $(awk -F ': ' '/model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) processors, $(awk '/MemTotal/ { printf "%.0f GB", $2 / 1e6 }' /proc/meminfo) |"
    echo "| load | $(cut -d ' ' -f 1 /proc/loadavg) processes that want a processor, a minute's average at the end |"
    echo "| kernel | $(uname -sr) |"
    echo "| plugin | $(git describe --always --dirty 2>/dev/null || echo unknown) |"
    echo "| reference | containernetworking-plugins $(dpkg-query -W -f '${Version}' containernetworking-plugins 2>/dev/null || echo unknown) |"
    echo "| .NET SDK | $(DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 dotnet --version 2>/dev/null || echo unknown) |"
} >"$OUT/cni.md"

# A pair of bars for each row, the other as the full width.
echo "$table" | awk -F '\t' '
    { label[NR] = $1; unit[NR] = $2; ours[NR] = $3; other[NR] = $4; sub(/, ratio$/, "", label[NR]) }
    function bar(x, y, width, colour, text) {
        printf "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/><text x=\"%.1f\" y=\"%d\" font-size=\"10\">%s</text>\n",
            x, y, width, colour, x + width + 5, y + 9, text
    }
    END {
        printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", NR * 36 + 34
        print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
        print "<text x=\"10\" y=\"18\" font-weight=\"bold\">CNI calls: cnitun (dark) and the reference (light), shorter is better</text>"
        for (i = 1; i <= NR; i++) {
            y = i * 36
            most = ours[i] > other[i] ? ours[i] : other[i]
            printf "<text x=\"10\" y=\"%d\">%s</text>\n", y + 10, label[i]
            bar(300, y - 4, 320 * ours[i] / most, "#225588", ours[i] " " unit[i])
            bar(300, y + 9, 320 * other[i] / most, "#bbccdd", other[i] " " unit[i])
        }
        print "</svg>"
    }' >"$OUT/cni.svg"
echo "bench: written to $OUT: cni.json, cni.md, cni.svg"
