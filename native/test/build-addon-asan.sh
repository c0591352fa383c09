#!/bin/sh
# Builds the addon with AddressSanitizer and UBSan into build/asan/pcapper.node, if a source is newer, and prints
# the library that must be preloaded into Node for it. Usage: sh native/test/build-addon-asan.sh
set -eu
cd "$(dirname "$0")/../.."

headers=node_modules/node-linux-$(node -p process.arch)/include/node
if [ ! -d "$headers" ]; then headers=$(node -p 'require("node:path").join(process.execPath, "../../include/node")'); fi
make -s -j"$(nproc)" -f native/test/Makefile BUILD=build/asan SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all -fPIC" \
  ADDON_FLAGS="-isystem $headers -isystem node_modules/node-addon-api -DNAPI_VERSION=9 -DNAPI_CPP_EXCEPTIONS" \
  build/asan/pcapper.node >&2
"${CXX:-g++}" -print-file-name=libasan.so
