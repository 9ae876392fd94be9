# sums.sh: SHA-256 with whatever the machine has.
# shellcheck shell=sh
sha256_of() { # FILE      prints nothing if there is no tool for it
    if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1" | cut -d ' ' -f 1
    elif command -v shasum >/dev/null 2>&1; then shasum -a 256 <"$1" | cut -d ' ' -f 1
    elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 <"$1" | sed 's/.* //'
    fi
}
