//! FNV-1a: a hash that is the same on every machine and in every version, for tables that are written down.
//!
//! Made for short words, by Fowler, Noll and Vo; it withstands nobody who wants collisions.

/// The hash of `bytes` in 32 bits.
pub(crate) fn fnv32(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// The hash of `bytes` in 64 bits.
pub(crate) fn fnv64(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the test vectors that its authors published.
    #[test]
    fn hashes_are_those_of_the_authors() {
        assert_eq!((fnv32("".bytes()), fnv64("".bytes())), (0x811c_9dc5, 0xcbf2_9ce4_8422_2325));
        assert_eq!((fnv32("a".bytes()), fnv64("a".bytes())), (0xe40c_292c, 0xaf63_dc4c_8601_ec8c));
        assert_eq!((fnv32("foobar".bytes()), fnv64("foobar".bytes())), (0xbf9c_f968, 0x8594_4171_f739_67e8));
    }
}
