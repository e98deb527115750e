//! The only reader of time and randomness.
//!
//! # Stable output in tests
//!
//! Where `AGENTOPS_TEST_NOW` (seconds since 1970) and `AGENTOPS_TEST_SEED` (a number) are both set, the clock starts at
//! that second, goes forward one second each time it is read, and "random" numbers follow from the seed. This is how
//! the tests of the real binary get the same ids, commits and digests each time. It opens no door: times and ids are
//! claims of whoever writes the file anyway, and no law trusts them. One variable without the other, or one that is no
//! number, is an error, so that a misspelt test cannot run on the real clock unseen.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ulid::Ulid;

use crate::env::Env;
use crate::model::name::RecordId;
use crate::model::time::Timestamp;

/// The test variables contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// One is set without the other.
    #[error("`AGENTOPS_TEST_NOW` and `AGENTOPS_TEST_SEED` fix the clock in tests: set both or neither")]
    Half,
    /// A value is not a number.
    #[error("`{name}` is not a whole number from 0")]
    NotANumber {
        /// The variable.
        name: &'static str,
    },
}

/// A source of time and randomness.
#[derive(Debug)]
pub struct Clock {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Real,
    Fixed { start: u64, seed: u64, ticks: AtomicU64, draws: AtomicU64 },
}

/// Measures how long one thing takes, apart from its clock: it can be sent to where the thing happens.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    start: Option<Instant>,
}

impl Stopwatch {
    /// Milliseconds since [`Clock::stopwatch`]; always 1 on a fixed clock.
    pub fn elapsed_ms(&self) -> u64 {
        self.start.map_or(1, |start| u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

impl Clock {
    /// A stopwatch that runs from now on.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch { start: matches!(self.source, Source::Real).then(Instant::now) }
    }

    /// The system's clock and random numbers.
    pub fn real() -> Self {
        Self { source: Source::Real }
    }

    /// A clock that starts at `start` seconds since 1970 and goes forward one second per reading; numbers follow from
    /// `seed`.
    pub fn fixed(start: u64, seed: u64) -> Self {
        Self { source: Source::Fixed { start, seed, ticks: AtomicU64::new(0), draws: AtomicU64::new(0) } }
    }

    /// The real clock, or a fixed one where the environment of a test asks for it.
    pub fn from_env(env: &Env) -> Result<Self, ClockError> {
        let number = |name, text: String| text.parse().map_err(|_| ClockError::NotANumber { name });
        match env.test_clock() {
            (None, None) => Ok(Self::real()),
            (Some(now), Some(seed)) => {
                Ok(Self::fixed(number("AGENTOPS_TEST_NOW", now)?, number("AGENTOPS_TEST_SEED", seed)?))
            }
            _ => Err(ClockError::Half),
        }
    }

    /// The current second. A system clock before 1970 reads as 1970.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_seconds(i64::try_from(self.seconds()).unwrap_or(i64::MAX))
    }

    /// 32 random bits.
    pub fn random_u32(&self) -> u32 {
        let [a, b, c, d, ..] = self.random_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// 128 random bits as 32 lower-case hex digits: a project's id.
    pub fn random_hex128(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.random_bytes()))
    }

    /// A new record id: the time in milliseconds, then 80 random bits.
    pub fn new_record_id(&self) -> RecordId {
        let id = Ulid::from_parts(self.milliseconds(), u128::from_be_bytes(self.random_bytes()));
        let text = id.to_string().to_ascii_lowercase();
        RecordId::parse(&text).expect("a ULID in lower case is a record id")
    }

    fn seconds(&self) -> u64 {
        match &self.source {
            Source::Real => since_1970().as_secs(),
            Source::Fixed { start, ticks, .. } => start.saturating_add(ticks.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Milliseconds since 1970, in the 48 bits that a ULID has for them.
    fn milliseconds(&self) -> u64 {
        const LARGEST: u64 = (1 << 48) - 1;
        let milliseconds = match &self.source {
            Source::Real => u64::try_from(since_1970().as_millis()).unwrap_or(LARGEST),
            Source::Fixed { .. } => self.seconds().saturating_mul(1000),
        };
        milliseconds.min(LARGEST)
    }

    /// 16 random bytes.
    ///
    /// # Panics
    /// Where the system has no random numbers at all: nothing this program would write then could be told apart.
    fn random_bytes(&self) -> [u8; 16] {
        match &self.source {
            Source::Real => {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes).expect("the operating system provides random numbers");
                bytes
            }
            Source::Fixed { seed, draws, .. } => {
                let draw = draws.fetch_add(2, Ordering::Relaxed);
                let high = u128::from(mix(*seed, draw));
                (high << 64 | u128::from(mix(*seed, draw + 1))).to_be_bytes()
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn since_1970() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The `draw`-th number of the splitmix64 sequence of `seed`. Good enough to tell ids of a test apart, and nothing
/// more.
fn mix(seed: u64, draw: u64) -> u64 {
    let mut z = seed.wrapping_add(draw.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_repeats_itself_and_goes_forward() {
        let (first, second) = (Clock::fixed(1_795_244_400, 7), Clock::fixed(1_795_244_400, 7));
        assert_eq!(first.now().as_str(), "2026-11-21T07:00:00Z");
        assert_eq!(first.now().as_str(), "2026-11-21T07:00:01Z");
        second.now();
        second.now();
        assert_eq!(first.new_record_id(), second.new_record_id());
        assert_eq!(first.random_hex128(), second.random_hex128());
        assert_ne!(first.random_u32(), Clock::fixed(1_795_244_400, 8).random_u32());
    }

    #[test]
    fn no_two_ids_are_alike() {
        for clock in [Clock::fixed(0, 0), Clock::real()] {
            let ids: std::collections::BTreeSet<_> = (0..1000).map(|_| clock.new_record_id()).collect();
            assert_eq!(ids.len(), 1000);
            let hex = clock.random_hex128();
            assert!(hex.len() == 32 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{hex}");
            assert_ne!(hex, clock.random_hex128());
        }
    }

    #[test]
    fn the_real_clock_is_in_this_century() {
        let clock = Clock::real();
        assert!(clock.now().as_str() > "2026-01-01T00:00:00Z");
        let watch = clock.stopwatch();
        assert!(watch.elapsed_ms() <= watch.elapsed_ms());
        assert_eq!(Clock::fixed(0, 0).stopwatch().elapsed_ms(), 1);
    }

    #[test]
    fn a_far_future_still_gives_an_id() {
        assert!(Clock::fixed(u64::MAX, 1).new_record_id().as_str().starts_with("7zzzzzzzzz"));
        assert_eq!(Clock::fixed(u64::MAX, 1).now().as_str().len(), 20);
    }

    #[test]
    fn half_a_test_clock_is_refused() {
        let env = Env::fixed().with("AGENTOPS_TEST_NOW", "1");
        assert_eq!(Clock::from_env(&env).err(), Some(ClockError::Half));
        let env = env.with("AGENTOPS_TEST_SEED", "one");
        assert_eq!(Clock::from_env(&env).err(), Some(ClockError::NotANumber { name: "AGENTOPS_TEST_SEED" }));
        let env = env.with("AGENTOPS_TEST_SEED", "1");
        assert!(Clock::from_env(&env).is_ok_and(|clock| clock.now().as_str() == "1970-01-01T00:00:01Z"));
        assert!(Clock::from_env(&Env::fixed()).is_ok_and(|clock| clock.now().as_str() > "2026"));
    }
}
