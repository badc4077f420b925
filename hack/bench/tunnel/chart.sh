#!/usr/bin/env bash
# Makes the chart out of the rows that report.sh makes: a group of bars for each row that is a rate or a time, a bar a contender.
set -Eeuo pipefail

awk -F '\t' '
    NR == 1 { for (i = 3; i <= NF; i++) name[i] = $i; most_columns = NF; next }
    $2 ~ /^TCP|UDP|p50/ { label[++rows] = $2 " (" $1 ")"; for (i = 3; i <= NF; i++) value[rows, i] = $i }
    END {
        split("#999999 #bbccdd #cc8855 #ddbb77 #225588 #5588bb #88bbee", colour, " ")
        for (r = 1; r <= rows; r++) { top[r] = 44 + total; total += 22; for (i = 3; i <= most_columns; i++) if (value[r, i] != "-") total += 13; total += 6 }
        printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", 54 + total
        print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
        print "<text x=\"10\" y=\"18\" font-weight=\"bold\">Medians: longer is better, but for request/response</text>"
        for (r = 1; r <= rows; r++) {
            printf "<text x=\"10\" y=\"%d\">%s</text>\n", top[r] + 8, label[r]
            most = 0; y = top[r] + 14
            for (i = 3; i <= most_columns; i++) if (value[r, i] + 0 > most) most = value[r, i] + 0
            for (i = 3; i <= most_columns; i++) {
                if (value[r, i] == "-") continue
                width = most > 0 ? 480 * value[r, i] / most : 0
                printf "<text x=\"120\" y=\"%d\" font-size=\"10\" text-anchor=\"end\">%s</text>", y + 9, name[i]
                printf "<rect x=\"126\" y=\"%d\" width=\"%.1f\" height=\"11\" fill=\"%s\"/>", y, width, colour[(i - 3) % 7 + 1]
                printf "<text x=\"%.1f\" y=\"%d\" font-size=\"10\">%s</text>\n", 132 + width, y + 9, value[r, i]
                y += 13
            }
        }
        print "</svg>"
    }'
