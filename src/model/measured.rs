//! What was measured of a session, as its record keeps it: sums and shares, never texts, paths or ids of clients.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::canonical::{FormError, Printer, check_line};
use super::name::{PhaseName, Word};
use super::time::Timestamp;

/// What a share of the context window asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// Go on.
    Green,
    /// Prepare to hand over.
    Yellow,
    /// Begin a fresh session.
    Red,
}

impl Band {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// A context beside the window that it must fit into, and the bands of its phase in percent of that window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Tokens in the context.
    pub tokens: u64,
    /// Tokens that the window holds; at least 1.
    pub window: u64,
    /// Up to here all is well.
    pub green: u8,
    /// Up to here: prepare to hand over.
    pub yellow: u8,
}

impl Share {
    /// Where it lies. A share of exactly a limit is within it.
    pub fn band(&self) -> Band {
        let within = |percent: u8| u128::from(self.tokens) * 100 <= u128::from(percent) * u128::from(self.window);
        match (within(self.green), within(self.yellow)) {
            (true, _) => Band::Green,
            (false, true) => Band::Yellow,
            (false, false) => Band::Red,
        }
    }

    /// Tenths of a percent, rounded up: what is shown as 40.0 % is not above 40 %.
    pub fn tenths(&self) -> u64 {
        let tenths = (u128::from(self.tokens) * 1000).div_ceil(u128::from(self.window.max(1)));
        u64::try_from(tenths).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Share {
    /// `31.2 %`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} %", self.tenths() / 10, self.tenths() % 10)
    }
}

/// Sums of the calls of one phase, client and model. Each token counts once: the input is the sum of the first four.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// The phase; empty where none was under way.
    pub phase: String,
    /// The client.
    pub client: Word,
    /// The model, as the client names it, without folders.
    pub model: String,
    /// Calls.
    pub calls: u64,
    /// Input that no cache held.
    pub input_uncached: u64,
    /// Input read from a cache.
    pub cache_read: u64,
    /// Input written to a cache for five minutes, or for a time that the client does not say.
    pub cache_write_5m: u64,
    /// Input written to a cache for an hour.
    pub cache_write_1h: u64,
    /// Output, reasoning included.
    pub output: u64,
    /// The part of the output that was reasoning.
    pub reasoning: u64,
}

/// Whose word a window is, where it is not that of the client, or of the person who measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowOf {
    /// The `window` below `[budgets]` of the repository's config.
    Config,
}

impl WindowOf {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
        }
    }
}

/// The fullest context of one phase.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peak {
    /// The phase; empty where none was under way.
    pub phase: String,
    /// Tokens in the context.
    pub tokens: u64,
    /// The window, where it was stated.
    pub window: Option<u64>,
    /// Who stated it; `None`: the client, or who measured.
    pub window_of: Option<WindowOf>,
    /// The first limit of the phase in percent, where it has one and the window was stated.
    pub green: Option<u8>,
    /// The second.
    pub yellow: Option<u8>,
    /// Where the share lies.
    pub band: Option<Band>,
}

impl Peak {
    /// A peak; the share is known where a window was stated and the phase has bands.
    pub fn new(phase: String, tokens: u64, window: Option<u64>, bands: Option<(u8, u8)>) -> Self {
        let mut peak = Self { phase, tokens, window, window_of: None, green: None, yellow: None, band: None };
        if let (Some(_), Some((green, yellow))) = (window, bands) {
            (peak.green, peak.yellow) = (Some(green), Some(yellow));
            peak.band = peak.share().map(|share| share.band());
        }
        peak
    }

    /// Which of two contexts is fuller, whatever the limits of their phases. One whose window nobody states is the fuller.
    pub fn cmp_fullness(&self, other: &Self) -> Ordering {
        let part = |own: &Self, other: &Self| u128::from(own.tokens) * u128::from(other.window.unwrap_or(1));
        part(self, other).cmp(&part(other, self)).then(self.tokens.cmp(&other.tokens))
    }

    /// The share, where it is known.
    pub fn share(&self) -> Option<Share> {
        Some(Share { tokens: self.tokens, window: self.window?, green: self.green?, yellow: self.yellow? })
    }
}

/// What ended a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The client replaced what was said by a summary.
    Compaction,
    /// The session ended above the second limit of its phase.
    Red,
}

impl Cause {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compaction => "compaction",
            Self::Red => "red",
        }
    }
}

/// A context that did not last.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collapse {
    /// When; that of the session's end where the client does not say.
    pub at: Timestamp,
    /// The phase; empty where none was under way.
    pub phase: String,
    /// What ended it.
    pub cause: Cause,
}

/// Writes the tables behind `[measured]`.
pub(super) fn print(out: &mut Printer, spent: &[Spent], peaks: &[Peak], collapses: &[Collapse]) {
    for own in spent {
        out.table_row("spent")
            .text("phase", &own.phase)
            .text("client", own.client.as_str())
            .text("model", &own.model)
            .number("calls", own.calls)
            .number("input_uncached", own.input_uncached)
            .number("cache_read", own.cache_read)
            .number("cache_write_5m", own.cache_write_5m)
            .number("cache_write_1h", own.cache_write_1h)
            .number("output", own.output)
            .number("reasoning", own.reasoning);
    }
    for peak in peaks {
        out.table_row("peak").text("phase", &peak.phase).number("tokens", peak.tokens);
        if let Some(window) = peak.window {
            out.number("window", window);
        }
        if let Some(of) = peak.window_of {
            out.text("window_of", of.as_str());
        }
        if let (Some(green), Some(yellow), Some(band)) = (peak.green, peak.yellow, peak.band) {
            out.number("green", green).number("yellow", yellow).text("band", band.as_str());
        }
    }
    for collapse in collapses {
        out.table_row("collapse")
            .text("at", collapse.at.as_str())
            .text("phase", &collapse.phase)
            .text("cause", collapse.cause.as_str());
    }
}

/// Rules that types alone do not express.
pub(super) fn validate(spent: &[Spent], peaks: &[Peak], collapses: &[Collapse]) -> Result<(), FormError> {
    let fail = |message: &str| Err(FormError::Value(message.to_owned()));
    let keys = |own: &Spent| (own.phase.clone(), own.client.clone(), own.model.clone());
    if !spent.is_sorted_by(|a, b| keys(a) < keys(b)) || !peaks.is_sorted_by(|a, b| a.phase < b.phase) {
        return fail("`spent` is sorted by phase, client and model, and `peak` by phase, both without repeats");
    }
    if spent.len() > MOST_ROWS || peaks.len() > MOST_ROWS || collapses.len() > MOST_ROWS {
        return fail("at most 64 rows each of `spent`, `peak` and `collapse`");
    }
    let counts = |own: &Spent| {
        let Spent { calls, input_uncached, cache_read, cache_write_5m, cache_write_1h, output, reasoning, .. } = *own;
        [calls, input_uncached, cache_read, cache_write_5m, cache_write_1h, output, reasoning]
    };
    let tokens = spent.iter().flat_map(counts).chain(peaks.iter().map(|peak| peak.tokens));
    if tokens.chain(peaks.iter().filter_map(|peak| peak.window)).any(|number| number > MOST_TOKENS) {
        return fail("more tokens than anybody counted: at most 10^15");
    }
    let phases = spent.iter().map(|own| &own.phase).chain(peaks.iter().map(|peak| &peak.phase));
    for phase in phases.chain(collapses.iter().map(|collapse| &collapse.phase)).filter(|phase| !phase.is_empty()) {
        PhaseName::parse(phase).map_err(|error| FormError::Value(error.to_string()))?;
    }
    for own in spent {
        check_line("a model", &own.model, MODEL, false)?;
        if !own.model.chars().all(is_of_model) {
            return fail("a model's name has letters, digits and `._:@+-`");
        }
        if own.reasoning > own.output {
            return fail("`reasoning` is a part of `output`");
        }
    }
    for peak in peaks {
        let bands = peak.green.zip(peak.yellow);
        let following = Peak::new(peak.phase.clone(), peak.tokens, peak.window, bands);
        let is_odd = peak.window_of.is_some() && peak.window.is_none();
        if peak.window == Some(0) || is_odd || *peak != (Peak { window_of: peak.window_of, ..following }) {
            return fail(
                "a peak has a window, both limits and the band that follows, or a window alone, or none of them",
            );
        }
    }
    Ok(())
}

/// The most rows of one kind in a record.
pub(crate) const MOST_ROWS: usize = 64;

/// The greatest number in a record.
const MOST_TOKENS: u64 = 1_000_000_000_000_000;

/// The longest name of a model.
const MODEL: usize = 64;

fn is_of_model(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._:@+-".contains(c)
}

/// A model's name as records have it: its last part, because local models are named after files, and only letters, digits and
/// `._:@+-` of that.
pub fn model_name(told: &str) -> String {
    let last = told.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let name: String = last.chars().filter(|c| is_of_model(*c)).take(MODEL).collect();
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::canonical::Canonical as _;
    use crate::model::record::Session;

    #[test]
    fn limits_belong_to_the_lower_band() {
        let share = |tokens| Share { tokens, window: 200_000, green: 30, yellow: 40 };
        let bands = [0, 60_000, 60_001, 80_000, 80_001, u64::MAX].map(|tokens| share(tokens).band());
        assert_eq!(bands, [Band::Green, Band::Green, Band::Yellow, Band::Yellow, Band::Red, Band::Red]);
        let shown = [60_000, 60_001, 80_001].map(|tokens| share(tokens).to_string());
        assert_eq!(shown, ["30.0 %", "30.1 %", "40.1 %"]);
    }

    #[test]
    fn names_of_models_have_no_folders() {
        let names =
            ["claude-sonnet-4-5", "/home/alice/models/llama.gguf", "C:\\models\\x\\", "open router/Qwen 3", "  ", ""];
        let kept = names.map(model_name);
        assert_eq!(kept, ["claude-sonnet-4-5", "llama.gguf", "x", "Qwen3", "unnamed", "unnamed"]);
    }

    #[test]
    fn a_record_says_nothing_that_contradicts_itself() {
        let mut record = crate::law::testing::session();
        assert!(!record.print().contains("peak"), "what was not measured is not printed");
        record.usage = "measured".into();
        record.measured.insert(Word::parse("calls").unwrap(), "2".into());
        record.bundles = record.learnings.clone();
        record.spent = vec![Spent {
            phase: "research".into(),
            client: Word::parse("codex").unwrap(),
            model: "gpt-5".into(),
            calls: 2,
            input_uncached: 400,
            cache_read: 800,
            cache_write_5m: 0,
            cache_write_1h: 0,
            output: 34,
            reasoning: 7,
        }];
        record.peaks = vec![
            Peak::new(String::new(), 900, Some(10_000), None),
            Peak::new("plan".into(), 1200, None, Some((30, 40))),
            Peak {
                window_of: Some(WindowOf::Config),
                ..Peak::new("research".into(), 3100, Some(10_000), Some((30, 40)))
            },
        ];
        record.collapses =
            vec![Collapse { at: record.ended.clone(), phase: "research".into(), cause: Cause::Compaction }];
        let text = record.print();
        assert_eq!(Session::parse(text.as_bytes()).as_ref(), Ok(&record));
        for (right, wrong) in [
            ("band = \"yellow\"", "band = \"green\""),
            ("green = 30\n", ""),
            ("window = 10000\nwindow_of", "window = 0\nwindow_of"),
            ("window_of = \"config\"", "window_of = \"alice\""),
            ("tokens = 1200\n", "tokens = 1200\nwindow_of = \"config\"\n"),
            ("reasoning = 7", "reasoning = 35"),
            ("model = \"gpt-5\"", "model = \"/home/alice/gpt-5\""),
            ("phase = \"plan\"", "phase = \"tests\""),
            ("cause = \"compaction\"", "cause = \"boredom\""),
            ("usage = \"measured\"\n\n[measured]\ncalls = \"2\"", "usage = \"unmeasured\""),
        ] {
            assert!(text.contains(right), "{right}\n{text}");
            assert!(Session::parse(text.replace(right, wrong).as_bytes()).is_err(), "{wrong}");
        }
    }
}
