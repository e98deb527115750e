//! The classifier: a linear model over hashed features, read from one file that is never parsed.
//!
//! The file is part of the program. Its tables are looked up where they lie, so a start pays for the few features of one
//! text and not for the model. `benches/routing` makes the file; [`Parts::bytes`] is how.
//!
//! Layout, numbers little-endian: the magic and version, the length of the header and the header (text: what it was trained
//! on), then the numbers of [`Parts`] in their order, and the digest of all before it, in hex. A start does not check it; a
//! test does.

use super::features::{self, Counted};
use super::layer::{Layer, LayerView};
use super::pairs::{PAIRS, Pairs, Scale};
use crate::model::digest::Digest;

/// The profiles that the classifier knows, in the order of its classes; behind them comes `other`.
pub const PROFILES: [&str; 4] = ["product-dev", "devops", "sre", "data-eng"];

/// The classes: those of [`PROFILES`], then `other`.
pub const CLASSES: usize = PROFILES.len() + 1;

const MAGIC: &[u8; 8] = b"AOROUTE2";

/// The model of the program.
static SHIPPED: &[u8] = include_bytes!("model.bin");

/// Everything a model is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// What it was trained on, a line each.
    pub header: String,
    /// There are `1 << bits` buckets.
    pub bits: u32,
    /// Weight of the groups: words, characters, concepts.
    pub groups: [f64; 3],
    /// Divides the scores before they become probabilities.
    pub temperature: f64,
    /// How scores of pairs become probabilities.
    pub scale: Scale,
    /// Hash of a term, number of its concept; sorted.
    pub terms: Vec<(u64, u8)>,
    /// Rarity of each bucket's features, in [`IDF_STEP`]s.
    pub idf: Vec<u8>,
    /// Scores of the classes.
    pub classes: Layer<CLASSES>,
    /// Scores of the pairs.
    pub pairs: Layer<{ PAIRS.len() }>,
}

/// What one step of the stored rarity is worth.
pub const IDF_STEP: f64 = 1.0 / 24.0;

impl Parts {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let length = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
        let number = |value: f64| value.to_le_bytes();
        out.extend(length(self.header.len()));
        out.extend(self.header.as_bytes());
        out.extend(self.bits.to_le_bytes());
        out.extend(self.groups.into_iter().flat_map(number));
        out.extend(number(self.temperature));
        out.extend([self.scale.shares, self.scale.slope, self.scale.offset].into_iter().flat_map(number));
        out.extend(length(self.classes.concepts.len()));
        out.extend(length(self.terms.len()));
        for (hash, concept) in &self.terms {
            out.extend(hash.to_le_bytes());
            out.push(*concept);
        }
        out.extend(&self.idf);
        out.extend(self.classes.bytes());
        out.extend(self.pairs.bytes());
        let digest = Digest::of(&out).hex();
        out.extend(digest.as_bytes());
        out
    }
}

/// A model, looked at where its bytes lie.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    digest: &'a str,
    header: &'a str,
    bits: u32,
    groups: [f64; 3],
    temperature: f64,
    scale: Scale,
    terms: &'a [u8],
    idf: &'a [u8],
    classes: LayerView<'a, CLASSES>,
    pairs: LayerView<'a, { PAIRS.len() }>,
}

/// What a model says of one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Probability of each class, [`PROFILES`] first, then `other`.
    pub probabilities: [f64; CLASSES],
    /// Whether it needs two of them.
    pub pairs: Pairs,
}

/// Reads numbers from the front of bytes.
pub(super) struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(front)
    }

    fn length(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.length()?).ok()
    }

    pub(super) fn numbers<const N: usize>(&mut self) -> Option<[f64; N]> {
        let bytes = self.take(8 * N)?;
        let mut out = [0.0; N];
        for (value, bytes) in out.iter_mut().zip(bytes.chunks_exact(8)) {
            *value = f64::from_le_bytes(bytes.try_into().ok()?);
        }
        Some(out)
    }
}

/// What a text weighs: indices into the tables of a model, each with its value. Buckets come first, then concepts.
pub type Weighed = Vec<(usize, f64)>;

impl<'a> Model<'a> {
    /// The model of the program.
    pub fn shipped() -> Model<'static> {
        Model::read(SHIPPED).unwrap_or(Model::EMPTY)
    }

    /// Knows nothing: what a build has whose model file is damaged, which a test refuses.
    const EMPTY: Model<'static> = Model {
        digest: "",
        header: "",
        bits: 1,
        groups: [0.0; 3],
        temperature: 1.0,
        scale: Scale::plain(0.0),
        terms: &[],
        idf: &[0; 2],
        classes: LayerView::EMPTY,
        pairs: LayerView::EMPTY,
    };

    /// Looks at a model file; `None` where it is none, or cut off.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut from = Front(bytes);
        if from.take(MAGIC.len())? != MAGIC {
            return None;
        }
        let length = from.count()?;
        let header = std::str::from_utf8(from.take(length)?).ok()?;
        let bits = from.length().filter(|bits| (1..=24).contains(bits))?;
        let (groups, [temperature, shares, slope, offset]) = (from.numbers()?, from.numbers()?);
        let concepts = from.count()?;
        let terms = from.count()?;
        let terms = from.take(terms.checked_mul(TERM_BYTES)?)?;
        let idf = from.take(1 << bits)?;
        let classes = LayerView::take(&mut from, concepts, 1 << bits)?;
        let pairs = LayerView::take(&mut from, concepts, 1 << bits)?;
        let digest = std::str::from_utf8(from.take(DIGEST_BYTES)?).ok()?;
        let scale = Scale { shares, slope, offset };
        let model = Self { digest, header, bits, groups, temperature, scale, terms, idf, classes, pairs };
        from.0.is_empty().then_some(model)
    }

    /// What it was trained on, a line each.
    pub fn header(&self) -> &'a str {
        self.header
    }

    /// Its name: the first digits of its digest.
    pub fn name(&self) -> &'a str {
        self.digest.get(..12).unwrap_or_default()
    }

    /// The features of a text.
    pub fn count(&self, text: &str) -> Counted {
        features::count(text, self.bits, |hash| self.concepts(hash))
    }

    /// The concepts of the term with this hash.
    fn concepts(&self, hash: u64) -> impl Iterator<Item = u32> + use<'a> {
        let terms: &'a [u8] = self.terms;
        let at = |index: usize| {
            let term = terms.get(index * TERM_BYTES..(index + 1) * TERM_BYTES)?;
            Some((u64::from_le_bytes(term[..8].try_into().ok()?), u32::from(term[8])))
        };
        let (mut low, mut high) = (0, terms.len() / TERM_BYTES);
        while low < high {
            let middle = usize::midpoint(low, high);
            if at(middle).is_some_and(|(found, _)| found < hash) { low = middle + 1 } else { high = middle }
        }
        (low..).map_while(at).take_while(move |(found, _)| *found == hash).map(|(_, concept)| concept)
    }

    /// What a text weighs in this model.
    pub fn weigh(&self, counted: &Counted) -> Weighed {
        weigh(counted, self.bits, self.groups, |bucket| f64::from(self.idf[bucket]) * IDF_STEP)
    }

    /// What it says of a text.
    pub fn judge(&self, weighed: &Weighed) -> Judged {
        let probabilities = softmax(self.scores(weighed).map(|score| score / self.temperature));
        Judged { probabilities, pairs: Pairs { scores: self.pair_scores(weighed), scale: self.scale } }
    }

    /// The score of each class before it becomes a probability.
    pub fn scores(&self, weighed: &Weighed) -> [f64; CLASSES] {
        self.classes.scores(weighed, 1 << self.bits)
    }

    /// The score of each pair before it becomes a probability.
    pub fn pair_scores(&self, weighed: &Weighed) -> [f64; PAIRS.len()] {
        self.pairs.scores(weighed, 1 << self.bits)
    }
}

/// Bytes of the digest at the end of the file.
const DIGEST_BYTES: usize = 64;

/// Bytes of one term in the file.
const TERM_BYTES: usize = 9;

/// Values of counted features: each group is weighed by how often and how rare, and brought to the length that `groups`
/// says, so that a long text weighs what a short one does. Buckets have the indices below `1 << bits`.
pub fn weigh(counted: &Counted, bits: u32, groups: [f64; 3], idf: impl Fn(usize) -> f64) -> Weighed {
    let often = |times: u32| 1.0 + f64::from(times).ln();
    let buckets = 1usize << bits;
    let hashed = |list: &[(u32, u32)]| -> Weighed {
        list.iter().map(|(bucket, times)| (*bucket as usize, often(*times) * idf(*bucket as usize))).collect()
    };
    let concepts =
        counted.concepts.iter().map(|(concept, times)| (buckets + *concept as usize, often(*times))).collect();
    let mut out = Weighed::new();
    let lists = [hashed(&counted.words), hashed(&counted.characters), concepts];
    for (list, group) in lists.into_iter().zip(groups) {
        let length = list.iter().map(|(_, value)| value * value).sum::<f64>().sqrt();
        if length > 0.0 && group > 0.0 {
            out.extend(list.into_iter().map(|(index, value)| (index, group * value / length)));
        }
    }
    out
}

/// Probabilities from scores.
pub fn softmax<const N: usize>(scores: [f64; N]) -> [f64; N] {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers = scores.map(|score| (score - highest).exp());
    let sum: f64 = powers.iter().sum();
    powers.map(|power| power / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Parts {
        let bits = 8;
        Parts {
            header: "made for a test\n".to_owned(),
            bits,
            groups: [1.0, 1.0, 1.0],
            temperature: 1.0,
            scale: Scale::plain(0.5),
            terms: vec![(features::term_hash(&features::stems("outage")), 0)],
            idf: vec![24; 1 << bits],
            classes: Layer {
                bias: [0.0; CLASSES],
                concepts: vec![[0.0, 0.0, 3.0, 0.0, 0.0]],
                step: [0.01; CLASSES],
                buckets: vec![[0, 0, 0, -1, 0]; 1 << bits],
            },
            pairs: Layer {
                bias: [0.0; PAIRS.len()],
                concepts: vec![[0.0, 0.0, 0.0, 5.0, 0.0, 0.0]],
                step: [0.01; PAIRS.len()],
                buckets: vec![[0; PAIRS.len()]; 1 << bits],
            },
        }
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let bytes = parts().bytes();
        let model = Model::read(&bytes).unwrap();
        assert_eq!(model.header(), "made for a test\n");
        let Judged { probabilities, pairs } = model.judge(&model.weigh(&model.count("An outage")));
        assert!(probabilities[2] > 0.8, "{probabilities:?}");
        assert!(probabilities[3] < probabilities[0], "weights below zero are read: {probabilities:?}");
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!((pairs.scores, pairs.scale), ([0.0, 0.0, 0.0, 5.0, 0.0, 0.0], parts().scale));
    }

    #[test]
    fn a_damaged_file_is_none() {
        let bytes = parts().bytes();
        for cut in 0..bytes.len() {
            assert!(Model::read(&bytes[..cut]).is_none(), "cut at {cut}");
        }
        assert!(Model::read(&[&bytes[..], b"x"].concat()).is_none());
        assert!(Model::read(b"AOROUTE1").is_none());
    }

    #[test]
    fn the_shipped_model_is_whole_small_and_says_what_it_learned_from() {
        let (body, digest) = SHIPPED.split_at(SHIPPED.len() - DIGEST_BYTES);
        assert_eq!(Digest::of(body).hex().as_bytes(), digest);
        assert!(Model::read(SHIPPED).is_some());
        assert!(SHIPPED.len() < 2_000_000, "{} bytes", SHIPPED.len());
        assert!(Model::shipped().header().contains("lexicon.txt sha256 "));
    }

    #[test]
    fn a_text_without_words_is_no_work_of_a_profile() {
        let model = Model::shipped();
        let probabilities = model.judge(&model.weigh(&model.count("?!"))).probabilities;
        assert!(probabilities[..PROFILES.len()].iter().all(|probability| *probability < 0.3), "{probabilities:?}");
    }
}
