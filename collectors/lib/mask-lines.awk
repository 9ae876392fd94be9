# mask-lines.awk: masks a text, line by line.   awk -f mask.awk -f mask-lines.awk [-v counts=FILE]
# Private keys that go over several lines are masked as a block, also where only their end
# is in the file (a file that was cut): lines of base64 are held back until it is known
# what follows them. With env=1, "value:" lines (the environment in a pod's YAML) are masked.

/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/ && !/-----END [A-Z0-9 ]*PRIVATE KEY-----/ {
    release()
    match($0, /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/)
    print substr($0, 1, RSTART + RLENGTH - 1); print M
    count("private-key"); in_key = 1
    next
}
in_key && /-----END [A-Z0-9 ]*PRIVATE KEY-----/ { in_key = 0; print; next }
in_key && !/^<demarc: / { next }
{ in_key = 0 }

/^[ \t]*[A-Za-z0-9+\/=]+[ \t\r]*$/ && length($0) > 20 { held[++holding] = $0; if (holding > 200) release(); next }
/-----END [A-Z0-9 ]*PRIVATE KEY-----/ && holding { holding = 0; print M; count("private-key"); print; next }

env && /^[ \t]*(- )?value:[ \t]*[^ \t]/ { release(); sub(/value:.*/, "value: " M); count("env-value"); print; next }
{ release(); print mask_text($0) }

END { release(); write_counts() }

function release(   i) {
    for (i = 1; i <= holding; i++) print mask_text(held[i])
    holding = 0
}
