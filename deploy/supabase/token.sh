#!/usr/bin/env bash
# Prints the token that sam-callback shows to PostgREST: a JWT that names the role sam_callback.
#
#   token.sh hs256 DAYS      < the project's JWT secret (or PostgREST's jwt-secret)
#   token.sh es256 DAYS KID  < the private key, PEM, whose id in the project is KID
#
# The secret comes on standard input, so that it gets into no history. openssl takes it as an
# argument: for that moment other users of this machine can see it.
set -euo pipefail

fail() {
    printf 'token.sh: %s\n' "$1" >&2
    exit 1
}

base64url() {
    openssl base64 -A | tr '+/' '-_' | tr -d '='
}

# A JWT has the two numbers of the signature side by side, 32 bytes each; openssl wraps them in DER.
numbers_of_signature() {
    local number hex=
    while read -r number; do
        printf -v number '%64s' "$number"
        hex+=${number// /0}
    done < <(openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p')
    # shellcheck disable=SC2059 # the escapes are the bytes
    printf "$(sed 's/../\\x&/g' <<<"$hex")"
}

algorithm=${1-} days=${2-} kid=${3-}
[[ $days =~ ^[1-9][0-9]{0,4}$ ]] || fail 'say how: token.sh hs256 DAYS, or token.sh es256 DAYS KID'
secret=$(cat)

case $algorithm in
hs256)
    ((${#secret} >= 32)) || fail 'the secret on standard input must have 32 characters or more'
    header='{"alg":"HS256","typ":"JWT"}'
    ;;
es256)
    [[ $kid =~ ^[A-Za-z0-9._-]+$ ]] || fail 'say which key it is: token.sh es256 DAYS KID'
    openssl pkey -noout <<<"$secret" 2>/dev/null || fail 'no private key on standard input'
    header='{"alg":"ES256","typ":"JWT","kid":"'$kid'"}'
    ;;
*)
    fail 'the algorithm must be hs256 or es256'
    ;;
esac

now=$(date +%s)
claims='{"role":"sam_callback","iat":'$now',"exp":'$((now + days * 86400))'}'
signed=$(printf '%s' "$header" | base64url).$(printf '%s' "$claims" | base64url)
if [[ $algorithm = hs256 ]]; then
    signature=$(printf '%s' "$signed" | openssl dgst -sha256 -hmac "$secret" -binary | base64url)
else
    signature=$(printf '%s' "$signed" | openssl dgst -sha256 -sign <(printf '%s\n' "$secret") |
        numbers_of_signature | base64url)
fi
printf '%s.%s\n' "$signed" "$signature"
