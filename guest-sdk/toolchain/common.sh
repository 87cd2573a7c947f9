# What `setup` and `cargo-guest` share: where things are, and which toolchain builds guests.
# Sourced by both, with $root set to the top of the repository.
#
# A guest is a Rust crate compiled to the target wasm32-wasip2. Two toolchains can do that:
#
#   rustup   the toolchain that builds wask too, with the target's standard library added.
#   debian   where rustup's server cannot be reached: Debian's newer rustc (rustc-web) builds the
#            standard library from its source, against Debian's wasi-libc; the linker is the one
#            that rustup's toolchain already holds.
#
# WASK_GUEST_TOOLCHAIN=rustup or =debian insists on one of them.

target=wasm32-wasip2
wasi_libc=$root/target/toolchain/wasi-libc
debian_packages="rustc-web cargo-web rust-web-src"

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# Prints the toolchain that is complete on this machine; fails where none is.
guest_toolchain() {
    for toolchain in ${WASK_GUEST_TOOLCHAIN:-rustup debian}; do
        if "${toolchain}_ready"; then
            echo "$toolchain"
            return 0
        fi
    done
    return 1
}

rustup_ready() {
    [ -d "$(rustc --print target-libdir --target $target 2>/dev/null)" ]
}

debian_ready() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] &&
        [ -d /usr/lib/rustlib/src/rust/library/std ] &&
        [ -f "$wasi_libc/usr/lib/$target/libc.a" ] &&
        [ -x "$(linker_dir)/wasm-component-ld" ]
}

# The folder of rustup's toolchain that holds the linkers.
linker_dir() {
    host=$(rustc -vV | sed -n 's/^host: //p')
    echo "$(rustc --print sysroot)/lib/rustlib/$host/bin"
}
