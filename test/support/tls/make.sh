#!/usr/bin/env bash
# Makes the certificates of test/hostile anew, in hostile/; needs OpenSSL 3. All are for localhost and valid for a
# hundred years unless their name says otherwise, and have the key of key.pem where they can: they secure nothing.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p hostile
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf '%s\n' '[ca]' default_ca=it '[it]' database="$work/index" serial="$work/serial" new_certs_dir="$work" \
  default_md=sha256 policy=any unique_subject=no rand_serial=yes '[any]' commonName=supplied >"$work/ca.cnf"
: >"$work/index"

# sign NAME CA EXTENSIONS [option of openssl ca ...]; KEY is the subject's key unless it is key.pem.
sign() {
  local name=$1 ca=$2 extensions=$3
  shift 3
  openssl req -new -key "${KEY:-key.pem}" -subj "/CN=$name" -out "$work/request"
  printf "$extensions" >"$work/extensions"
  openssl ca -batch -config "$work/ca.cnf" -notext -in "$work/request" -extfile "$work/extensions" \
    -cert "hostile/$ca.pem" -keyfile key.pem -days 36500 "$@" -out "hostile/$name.pem"
}

for root in root foreign-root; do
  openssl req -x509 -new -key key.pem -subj "/CN=$root" -days 36500 -out "hostile/$root.pem"
done
host='subjectAltName=DNS:localhost\n'
authority='basicConstraints=critical,CA:TRUE\n'
sign intermediate root "$authority"
sign constrained-intermediate root "${authority}nameConstraints=critical,permitted;DNS:example.com\n"
sign no-intermediate root 'basicConstraints=critical,CA:FALSE\n'

sign leaf intermediate "$host"
sign foreign foreign-root "$host"
sign constrained constrained-intermediate "$host"
sign not-by-a-ca no-intermediate "$host"
sign expired root "$host" -startdate 20200101000000Z -enddate 20200102000000Z
sign future root "$host" -startdate 21000101000000Z -enddate 21260101000000Z
sign elsewhere root 'subjectAltName=DNS:elsewhere.example\n'
sign for-clients root "${host}extendedKeyUsage=clientAuth\n"
sign sha1 root "$host" -md sha1
openssl genrsa -out hostile/rsa1024-key.pem 1024
KEY=hostile/rsa1024-key.pem sign rsa1024 root "$host"
