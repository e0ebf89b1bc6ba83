#!/bin/sh
# tarball-root.sh BINARY FOLDER: makes FOLDER what the tarball unpacks to: the program, the libraries that it is linked to beside it (those of
# the C library excepted: they belong to the kernel and the names of the machine), a conf to start from, pages and completions.
set -eu
binary=$1 root=$2
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)

mkdir -p "$root/bin" "$root/lib" "$root/conf" "$root/share/licences" "$root/share/man/man1" "$root/share/man/man5" "$root/share/bash-completion" "$root/share/zsh" "$root/share/systemd"
cp "$binary" "$root/bin/weir"
strip "$root/bin/weir"
# RPATH and not RUNPATH, since libraries' own libraries lie there too. As it was built the program looks where the system does, and nowhere else.
command -v patchelf > /dev/null || { echo "tarball-root.sh needs patchelf: apt-get install patchelf" >&2; exit 1; }
patchelf --force-rpath --set-rpath '$ORIGIN/../lib' "$root/bin/weir"

of_the_c_library() {
    case $(basename "$1") in
        ld-linux* | libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.*) true ;;
        *) false ;;
    esac
}
ldd "$binary" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | while read -r library; do
    if of_the_c_library "$library"; then continue; fi
    cp -L "$library" "$root/lib/"
    # Their licences want to go with them. dpkg may know the file by where it was before /lib became a link.
    real=$(readlink -f "$library")
    package=$( (dpkg-query -S "$real" || dpkg-query -S "${real#/usr}") 2> /dev/null | head -n 1 | cut -d: -f1)
    if [ -n "$package" ]; then cp -L "/usr/share/doc/$package/copyright" "$root/share/licences/$package"; fi
done
# Nothing is written there, and everybody may read it.
chmod 0644 "$root"/lib/*

cp "$source/conf/weir.yaml" "$source/conf/prices.yaml" "$source/conf/weir.schema.json" "$source/conf/REFERENCE.md" "$root/conf/"
cp -R "$source/conf/examples" "$root/conf/"
cp "$source/README.md" "$source/LICENSE" "$source/deploy/CHANGELOG.md" "$root/"
cp -R "$source/deploy/guide" "$root/"
cp "$here/tarball.md" "$root/INSTALL.md"
cp "$source/third_party/tokens/LICENSE" "$root/share/licences/vocabularies"
cp "$here/weir.1" "$root/share/man/man1/"
awk -f "$here/reference_to_man.awk" "$source/conf/REFERENCE.md" > "$root/share/man/man5/weir.yaml.5"
cp "$here/weir.bash" "$root/share/bash-completion/weir"
cp "$here/_weir" "$root/share/zsh/"
cp "$source/deploy/systemd/weir.service" "$source/deploy/systemd/weir.socket" "$source/deploy/systemd/weir.sysusers" "$root/share/systemd/"
