# conf/REFERENCE.md as weir.yaml(5).
function roff(text) {
    gsub(/\\/, "\\e", text)
    gsub(/\[section\]\(#[^)]*\)/, "section", text)
    while (match(text, /\]\([^)]*\)/)) text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
    gsub(/-/, "\\-", text)
    # What stands between backquotes is bold.
    n = split(text, parts, "`")
    out = parts[1]
    for (i = 2; i <= n; i++) out = out (i % 2 ? "\\fR" : "\\fB") parts[i]
    if (out ~ /^[.']/) out = "\\&" out
    return out
}

NR == 1 {
    print ".TH WEIR.YAML 5 \"\" \"weir\" \"File Formats\""
    print ".SH NAME"
    print "weir.yaml \\- the conf of weir, key by key"
    print ".SH DESCRIPTION"
    next
}
/^### / { sub(/^### /, ""); gsub(/`/, ""); print ".SS \"" roff($0) "\""; next }
/^## / { sub(/^## /, ""); gsub(/`/, ""); print ".SH \"" toupper($0) "\""; next }
/^- \*\*`/ {
    sub(/^- \*\*`/, "")
    at = index($0, "`**: ")
    print ".TP"
    print "\\fB" roff(substr($0, 1, at - 1)) "\\fR"
    print roff(substr($0, at + 5))
    next
}
/^$/ { gap = 1; next }
{
    if (gap) print ".PP"
    gap = 0
    print roff($0)
}

END {
    print ".SH SEE ALSO"
    print ".BR weir (1)"
}
