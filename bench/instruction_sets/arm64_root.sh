#!/bin/sh
# Makes build/arm64: a Debian for ARM with Python, numpy and onnxruntime of the versions in use, for qemu-aarch64.
# Needs debootstrap, qemu-user and root. 330 MB; a minute.
set -eu
cd "$(dirname "$0")/../.."
root=build/arm64 python=${PYTHON:-.venv/bin/python}
version() { "$python" -c "import importlib.metadata as m; print(m.version('$1'))"; }

mkdir -p "$root/wheels"
"$python" -m pip download --quiet --no-deps --only-binary=:all: --dest "$root/wheels" \
  --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --platform manylinux2014_aarch64 \
  --implementation cp --python-version 3.11 "onnxruntime==$(version onnxruntime)" "numpy==$(version numpy)"
debootstrap --foreign --arch=arm64 --variant=minbase --include=python3,libstdc++6 bookworm "$root"
for package in "$root"/var/cache/apt/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --directory "$root"
done
rm -f "$root/proc" && mkdir -p "$root/proc" "$root/opt/packages"  # a link to this machine's
for wheel in "$root"/wheels/*.whl; do
  "$python" -m zipfile --extract "$wheel" "$root/opt/packages"
done
