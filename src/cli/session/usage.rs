//! What a session took, as programs and people read it, and what a full context asks for.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::{CommandError, Outcome};
use crate::engine::records::measure::Measured;
use crate::model::measured::{Band, Collapse, Peak, Spent, WindowOf};
use crate::model::record::Session;
use crate::ui::{Page, Ui, dim};

/// What was measured.
#[derive(Serialize)]
pub(super) struct MeasuredBody {
    /// Facts by name, numbers as texts.
    measured: BTreeMap<String, String>,
    spent: Vec<SpentBody>,
    peaks: Vec<ContextBody>,
    collapses: Vec<CollapseBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

#[derive(Serialize)]
struct SpentBody {
    phase: Option<String>,
    client: String,
    model: String,
    calls: u64,
    input_uncached: u64,
    cache_read: u64,
    cache_write_5m: u64,
    cache_write_1h: u64,
    output: u64,
    reasoning: u64,
}

/// How full a context is. What is not known is null.
#[derive(Serialize)]
pub(super) struct ContextBody {
    phase: Option<String>,
    tokens: u64,
    window: Option<u64>,
    /// `config` where neither the client nor the command says how many tokens the window holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    window_of: Option<WindowOf>,
    share_percent: Option<f64>,
    green_percent: Option<u8>,
    yellow_percent: Option<u8>,
    band: Option<Band>,
}

#[derive(Serialize)]
struct CollapseBody {
    at: String,
    phase: Option<String>,
    cause: &'static str,
}

fn named(phase: &str) -> Option<String> {
    (!phase.is_empty()).then(|| phase.to_owned())
}

impl MeasuredBody {
    /// Of a session that ended.
    pub(super) fn of_record(record: &Session) -> Self {
        let facts = record.measured.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        Self::of(facts, &record.spent, &record.peaks, &record.collapses)
    }

    /// Of a session under way.
    pub(super) fn until_now(measured: &Measured) -> Self {
        let facts = measured.facts.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let notes = measured.notes.clone();
        Self { notes, ..Self::of(facts, &measured.spent, &measured.peaks, &measured.collapses) }
    }

    fn of(facts: BTreeMap<String, String>, spent: &[Spent], peaks: &[Peak], collapses: &[Collapse]) -> Self {
        let spent = spent.iter().map(|own| SpentBody {
            phase: named(&own.phase),
            client: own.client.to_string(),
            model: own.model.clone(),
            calls: own.calls,
            input_uncached: own.input_uncached,
            cache_read: own.cache_read,
            cache_write_5m: own.cache_write_5m,
            cache_write_1h: own.cache_write_1h,
            output: own.output,
            reasoning: own.reasoning,
        });
        let collapses = collapses.iter().map(|own| CollapseBody {
            at: own.at.to_string(),
            phase: named(&own.phase),
            cause: own.cause.as_str(),
        });
        Self {
            measured: facts,
            spent: spent.collect(),
            peaks: peaks.iter().map(ContextBody::of).collect(),
            collapses: collapses.collect(),
            notes: Vec::new(),
        }
    }

    pub(super) fn fill(&self, page: &mut Page) {
        if self.spent.is_empty() {
            let facts: Vec<String> = self.measured.iter().map(|(name, value)| format!("{name} {value}")).collect();
            page.indented_label(2, [dim("usage")], format!("measured: {}", facts.join(", ")));
        }
        for own in &self.spent {
            let calls = if own.calls == 1 { "call" } else { "calls" };
            let written = own.cache_write_5m + own.cache_write_1h;
            let (phase, client, model) = (own.phase.as_deref().unwrap_or("no phase"), &own.client, &own.model);
            page.indented_label(
                2,
                [dim("usage")],
                format!(
                    "{phase}, {model} in {client}: {} {calls}, input {} uncached, {} from caches, {written} to caches, output {}",
                    own.calls, own.input_uncached, own.cache_read, own.output
                ),
            );
        }
        for peak in &self.peaks {
            page.indented_label(2, [dim("peak")], peak.line());
        }
        for own in &self.collapses {
            let phase = own.phase.as_deref().map_or_else(String::new, |phase| format!(" in {phase}"));
            let what = match own.cause {
                "red" => "the session ended above the second limit",
                _ => "the client replaced the conversation by a summary",
            };
            page.indented_label(2, [dim("collapse")], format!("{}{phase}: {what}", own.at));
        }
    }
}

impl ContextBody {
    pub(super) fn of(peak: &Peak) -> Self {
        Self {
            phase: named(&peak.phase),
            tokens: peak.tokens,
            window: peak.window,
            window_of: peak.window_of,
            share_percent: peak.share().map(|share| share.tenths() as f64 / 10.0),
            green_percent: peak.green,
            yellow_percent: peak.yellow,
            band: peak.band,
        }
    }

    /// One line for people.
    pub(super) fn line(&self) -> String {
        let Self { tokens, .. } = self;
        let phase = self.phase.as_deref().unwrap_or("no phase");
        let Some(window) = self.window else {
            return format!("{phase}: {tokens} tokens; no window is stated, so the share is unmeasured");
        };
        let whose = self.window_of.map_or("", |WindowOf::Config| ", the config's window");
        match (self.share_percent, self.band, self.green_percent, self.yellow_percent) {
            (Some(share), Some(band), Some(green), Some(yellow)) => format!(
                "{phase}: {tokens} tokens, {share:.1} % of {window}{whose}: {} (green to {green} %, yellow to {yellow} %)",
                band.as_str()
            ),
            _ => format!("{phase}: {tokens} tokens of {window}{whose}; without a phase there are no limits"),
        }
    }
}

/// What the band asks for: nothing where all is well.
pub(super) fn advise(ui: &Ui, measured: &Measured) {
    match measured.band() {
        None | Some(Band::Green) => {}
        Some(Band::Yellow) => {
            ui.warning("the context is past the first limit of its phase: finish the step, and hand over");
            ui.hint(HAND_OVER);
        }
        Some(Band::Red) => {
            ui.warning("the context is past the second limit of its phase: go on in a fresh session");
            ui.hint(HAND_OVER);
        }
    }
}

/// The command that hands over.
const HAND_OVER: &str = "agentops session end --summary \"…\" --improvement \"…\"   then begin a fresh session of the client: \
                         agentops session start --task ID";

/// Says how full the context is; that it is not too full, the engine found out.
pub(super) fn check(ui: &Ui, measured: &Measured) -> Result<Outcome, CommandError> {
    #[derive(Serialize)]
    struct CheckBody {
        context: Option<ContextBody>,
    }
    let body = CheckBody { context: measured.now.as_ref().map(ContextBody::of) };
    ui.show(&body, |page| {
        if let Some(context) = &body.context {
            page.text(context.line());
        }
    });
    measured.notes.iter().for_each(|note| ui.warning(note));
    advise(ui, measured);
    Ok(Outcome::Done)
}
