//! The calls of several transcripts together, each once.

use std::collections::HashMap;

use super::tokens::Usage;
use super::transcript::{Call, Client, Conversation, Transcript};

/// A call, counted once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Whose it is.
    pub client: Client,
    /// The call, with the greatest of each number that was told of it.
    pub call: Call,
    /// The conversations that tell of it, sorted: indices that mean nothing but which calls belong together. A copy of a session
    /// tells of its calls again.
    pub conversations: Vec<usize>,
}

/// When a client replaced what was said by a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compaction {
    /// Milliseconds since 1970; `None`: the client does not say.
    pub at: Option<i64>,
    /// The conversations that tell of it, as in [`Counted::conversations`].
    pub conversations: Vec<usize>,
}

fn enter_index(known: &mut Vec<usize>, index: usize) {
    if let Err(place) = known.binary_search(&index) {
        known.insert(place, index);
    }
}

/// Calls by their keys.
#[derive(Debug, Default)]
pub struct Ledger {
    calls: Vec<Counted>,
    by_key: HashMap<(Client, String), Vec<usize>>,
    conversations: Vec<(Client, String)>,
    compactions: Vec<Compaction>,
    unread: u64,
}

impl Ledger {
    /// Enters a transcript.
    pub fn enter(&mut self, transcript: Transcript) {
        self.unread += transcript.unread.count;
        for conversation in transcript.conversations {
            self.enter_conversation(conversation);
        }
    }

    fn enter_conversation(&mut self, told: Conversation) {
        let index = self.index_of(told.client, told.id);
        // A copy of a session tells again of what was compacted there, at the same time.
        for at in told.compactions {
            match self.compactions.iter_mut().find(|known| at.is_some() && known.at == at) {
                Some(known) => enter_index(&mut known.conversations, index),
                None => self.compactions.push(Compaction { at, conversations: vec![index] }),
            }
        }
        for call in told.calls {
            let accounts = self.by_key.entry((told.client, call.key.clone())).or_default();
            let is_same =
                |known: &Call| known.request.is_none() || call.request.is_none() || known.request == call.request;
            match accounts.iter().find(|known| is_same(&self.calls[**known].call)) {
                Some(known) => {
                    let Counted { call: known, conversations, .. } = &mut self.calls[*known];
                    enter_index(conversations, index);
                    known.usage = known.usage.of_same_call(call.usage);
                    known.is_main |= call.is_main;
                    known.window = known.window.or(call.window);
                    known.at = [known.at, call.at].into_iter().flatten().min();
                    known.request = known.request.take().or(call.request);
                }
                None => {
                    accounts.push(self.calls.len());
                    self.calls.push(Counted { client: told.client, call, conversations: vec![index] });
                }
            }
        }
    }

    /// The index of a conversation; a client may write one into several files.
    fn index_of(&mut self, client: Client, id: String) -> usize {
        let named = (client, id);
        let known = self.conversations.iter().position(|known| *known == named && !named.1.is_empty());
        known.unwrap_or_else(|| {
            self.conversations.push(named);
            self.conversations.len() - 1
        })
    }

    /// The calls that took something, in the order of time; those without a time first.
    pub fn calls(&self) -> Vec<&Counted> {
        let mut calls: Vec<&Counted> = self.calls.iter().filter(|counted| !counted.call.usage.is_empty()).collect();
        calls.sort_by_key(|counted| counted.call.at);
        calls
    }

    /// What a client calls a conversation.
    pub fn conversation(&self, index: usize) -> Option<&str> {
        self.conversations.get(index).map(|(_, id)| id.as_str())
    }

    /// When clients replaced what was said by a summary, in any of the conversations.
    pub fn compactions(&self) -> &[Compaction] {
        &self.compactions
    }

    /// Lines, or rows, that could not be read or counted.
    pub fn unread(&self) -> u64 {
        self.unread
    }

    /// All calls together.
    pub fn sum(&self) -> Usage {
        self.calls.iter().fold(Usage::default(), |sum, counted| sum.plus(counted.call.usage))
    }
}

#[cfg(test)]
mod tests {
    use super::super::transcript::Unread;
    use super::*;

    fn transcript(client: Client, id: &str, calls: &[(&str, i64, u64)]) -> Transcript {
        let call = |(key, at, output): &(&str, i64, u64)| Call {
            key: key.split(' ').next().unwrap_or_default().to_owned(),
            request: key.split_once(' ').map(|(_, request)| request.to_owned()),
            model: "m".into(),
            at: Some(*at),
            is_main: true,
            usage: Usage { input_uncached: 10, output: *output, ..Usage::default() },
            window: None,
        };
        let calls = calls.iter().map(call).collect();
        let conversation =
            Conversation { client, id: id.into(), folder: None, calls, compactions: vec![Some(5), None] };
        Transcript { client, conversations: vec![conversation], unread: Unread { count: 1, first: None } }
    }

    #[test]
    fn a_call_counts_once_across_files_and_with_its_greatest_numbers() {
        let mut ledger = Ledger::default();
        // Written as it came in, and again whole; then copied into the file of a session that was resumed.
        ledger.enter(transcript(Client::Claude, "one", &[("a", 1, 1), ("a", 1, 34), ("b", 3, 20)]));
        ledger.enter(transcript(Client::Claude, "two", &[("a", 1, 34), ("c", 2, 5)]));
        ledger.enter(transcript(Client::Codex, "three", &[("a", 4, 7)]));
        let calls: Vec<_> = ledger
            .calls()
            .iter()
            .map(|own| (own.call.key.as_str(), own.call.usage.output, &*own.conversations))
            .collect();
        assert_eq!(calls, [("a", 34, &[0, 1][..]), ("c", 5, &[1]), ("b", 20, &[0]), ("a", 7, &[2])]);
        assert_eq!((ledger.sum().output, ledger.sum().input_uncached), (66, 40));
        assert_eq!((ledger.compactions().len(), ledger.unread(), ledger.conversation(1)), (4, 3, Some("two")));
        assert_eq!(ledger.compactions()[0], Compaction { at: Some(5), conversations: vec![0, 1, 2] });
        // A further file of the second one, and one of a conversation that nothing names.
        ledger.enter(transcript(Client::Claude, "two", &[("d", 5, 1)]));
        ledger.enter(transcript(Client::Claude, "", &[("a", 1, 34), ("e", 6, 1)]));
        let told: Vec<&[usize]> = ledger.calls().iter().map(|own| &*own.conversations).collect();
        assert_eq!(told, [&[0, 1, 3][..], &[1], &[0], &[2], &[1], &[3]]);
    }

    #[test]
    fn requests_part_calls_only_where_both_are_named() {
        let mut ledger = Ledger::default();
        let accounts = [("a one", 1, 1), ("a", 1, 3), ("a two", 2, 5), ("a two", 2, 4), ("b", 3, 1), ("b one", 3, 2)];
        ledger.enter(transcript(Client::Claude, "s", &accounts));
        let outputs: Vec<u64> = ledger.calls().iter().map(|own| own.call.usage.output).collect();
        assert_eq!(outputs, [3, 5, 2]);
    }
}
