//! Links the program without position independence where that is plain: on Linux with the GNU C library.
//!
//! A hook is started three times a commit. A position-independent program of this size spends 0.4 ms of each start on
//! relocating itself and copying the pages where it did; the same code at a fixed address starts at once. What that gives
//! up, random addresses of the program's own code, guards against memory errors, which safe code does not have.

#![expect(clippy::disallowed_methods, reason = "cargo describes the target in the environment")]

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    let is_static = std::env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|features| features.contains("crt-static"));
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && !is_static {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
