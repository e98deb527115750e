//! How random a text looks.

/// The entropy of the bytes after Shannon, in thousandths of a bit a byte.
pub(super) fn of(bytes: &[u8]) -> u32 {
    let mut counts = [0u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let length = bytes.len() as f64;
    let share = |count: &u32| f64::from(*count) / length;
    let bits: f64 = counts.iter().filter(|count| **count > 0).map(share).map(|share| -share * share.log2()).sum();
    // At most 8000.
    (bits * 1000.0) as u32
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_texts() {
        assert_eq!([b"".as_slice(), b"aaaa", b"abab", b"abcd", b"aabbccdd"].map(super::of), [0, 0, 1000, 2000, 2000]);
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(super::of(&all), 8000);
    }
}
