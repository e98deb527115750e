//! Tokens of model calls, counted the same way for every client.

/// More tokens than any call takes, or any window holds.
const TOO_MANY: u64 = 1_000_000_001;

/// The tokens that a window holds, unless none can hold so many, or so few.
pub(super) fn possible_window(told: u64) -> Option<u64> {
    (1..TOO_MANY).contains(&told).then_some(told)
}

/// What calls took, in tokens. Clients differ in what they call input and output; here each token counts once: the input is
/// the sum of its first four fields, and `reasoning` is a part of `output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Input that no cache held.
    pub input_uncached: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache for five minutes; also where the client does not say for how long.
    pub cache_write_5m: u64,
    /// Input written to a cache for an hour.
    pub cache_write_1h: u64,
    /// Output, thinking included.
    pub output: u64,
    /// The part of the output that was thinking.
    pub reasoning: u64,
}

impl Usage {
    /// The whole input: what the context held when the call was made.
    pub fn context(&self) -> u64 {
        [self.input_uncached, self.cache_read, self.cache_write_5m, self.cache_write_1h]
            .iter()
            .fold(0, |sum, part| sum.saturating_add(*part))
    }

    /// Whether one call can have taken it: a number that a damaged line made up would drown all others.
    pub(super) fn is_of_one_call(&self) -> bool {
        let Self { input_uncached, cache_read, cache_write_5m, cache_write_1h, output, reasoning } = *self;
        let all = [input_uncached, cache_read, cache_write_5m, cache_write_1h, output, reasoning];
        all.iter().all(|number| *number < TOO_MANY)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_uncached: self.input_uncached.saturating_add(other.input_uncached),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write_5m: self.cache_write_5m.saturating_add(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.saturating_add(other.cache_write_1h),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }

    /// What two accounts of the same call say together: of each number the greater. Clients write a call down while it is
    /// under way, and again in copies of a session, so neither the first nor the last account is the whole one. An account
    /// that splits what was written to caches and one that does not are of the same tokens.
    #[must_use]
    pub fn of_same_call(self, other: Self) -> Self {
        let written = |usage: &Self| usage.cache_write_5m.saturating_add(usage.cache_write_1h);
        let cache_write_1h = self.cache_write_1h.max(other.cache_write_1h);
        Self {
            input_uncached: self.input_uncached.max(other.input_uncached),
            cache_read: self.cache_read.max(other.cache_read),
            cache_write_5m: written(&self).max(written(&other)).saturating_sub(cache_write_1h),
            cache_write_1h,
            output: self.output.max(other.output),
            reasoning: self.reasoning.max(other.reasoning),
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_accounts_of_a_call_are_one_call() {
        let early = Usage { input_uncached: 10, cache_write_5m: 100, output: 1, ..Usage::default() };
        let late = Usage { input_uncached: 10, cache_write_1h: 100, output: 34, reasoning: 7, ..Usage::default() };
        for both in [early.of_same_call(late), late.of_same_call(early)] {
            assert_eq!((both.context(), both.cache_write_5m, both.cache_write_1h), (110, 0, 100));
            assert_eq!((both.output, both.reasoning), (34, 7));
        }
        let huge = Usage { cache_read: u64::MAX, ..early };
        assert_eq!(huge.plus(huge).context(), u64::MAX);
    }
}
