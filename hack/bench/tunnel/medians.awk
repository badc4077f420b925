# Makes medians and goals out of measurements: awk -f medians.awk goals.tsv measured. Lines out, separated by tabs:
#
#   median  CONDITION METRIC CONTENDER VALUE
#   second  CONDITION METRIC RATIO              cnitun-b to cnitun, the median of the rounds' ratios
#   goal    WHAT VALUE IS GOAL MET              VALUE null and MET false if it was not measured
BEGIN { FS = "\t"; OFS = "\t" }

FILENAME == ARGV[1] {
    if ($0 !~ /^#/) goals[++goal_count] = $0
    next
}

FNR == 1 { FS = " "; $0 = $0 }

{
    value[$1, $2, $3, $4] = $5
    if ($4 + 1 > rounds) rounds = $4 + 1
    if (!(($1, $2) in seen)) { seen[$1, $2]; order[++kinds] = $1 SUBSEP $2 }
    if (!($3 in contender)) { contender[$3]; names[++name_count] = $3 }
}

function median_of(list, count,    i, j, x) {
    for (i = 2; i <= count; i++) {
        x = list[i]
        for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
        list[j + 1] = x
    }
    return count == 0 ? "null" : (list[int((count + 1) / 2)] + list[int((count + 2) / 2)]) / 2
}

# Of the values, or of the rounds' quotients; the peak of a peak.
function median(condition, metric, of, to,    round, list, count, first, last, own) {
    count = 0; first = last = "null"
    for (round = 0; round < rounds; round++) {
        if (!((condition, metric, of, round) in value)) continue
        own = value[condition, metric, of, round] + 0
        if (first == "null") first = own
        last = own
        if (to == "-" || to == "first") list[++count] = own
        else if (value[condition, metric, to, round] > 0) list[++count] = own / value[condition, metric, to, round]
    }
    if (to == "first") return first == "null" ? "null" : last / first
    if (to == "-" && metric ~ /peak/) return last
    return median_of(list, count)
}

function met(value, relation, goal) {
    if (value == "null") return "false"
    return (relation == ">=" ? value >= goal + 0 : value <= goal + 0) ? "true" : "false"
}

END {
    for (k = 1; k <= kinds; k++) {
        split(order[k], kind, SUBSEP)
        for (n = 1; n <= name_count; n++) {
            result = median(kind[1], kind[2], names[n], "-")
            if (result != "null") print "median", kind[1], kind[2], names[n], result
        }
        result = median(kind[1], kind[2], "cnitun-b", "cnitun")
        if (result != "null") print "second", kind[1], kind[2], result
    }
    for (g = 1; g <= goal_count; g++) {
        split(goals[g], part, "\t")
        result = median(part[2], part[3], part[4], part[5])
        print "goal", part[1], result, part[6], part[7], met(result, part[6], part[7])
    }
}
