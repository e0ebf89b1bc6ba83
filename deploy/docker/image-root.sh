#!/bin/sh
# image-root.sh BINARY FOLDER: makes FOLDER the root of an image that holds weir and nothing else: the program, the libraries that it
# is linked to, the certificates of the public authorities, a user without rights, and a conf that the image starts with.
set -eu
binary=$1 root=$2
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/etc/weir" "$root/var/lib/weir" "$root/tmp"
cp "$binary" "$root/usr/bin/weir"
# Every library by its path, and the loader that the program names.
ldd "$binary" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
mkdir -p "$root/usr/lib/ssl"
ln -sf /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
printf 'weir:x:65532:65532:weir:/var/lib/weir:/sbin/nologin\n' > "$root/etc/passwd"
printf 'weir:x:65532:\n' > "$root/etc/group"
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
cp "$here/weir.yaml" "$here/../../conf/prices.yaml" "$root/etc/weir/"
chmod 1777 "$root/tmp"
# Copies may keep who owns a folder; only root can say so.
if [ "$(id -u)" = 0 ]; then chown 65532:65532 "$root/var/lib/weir"; fi
chmod -R go+rX "$root/etc" "$root/usr"
