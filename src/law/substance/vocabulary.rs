//! The words that say nothing about a particular change, in a table that is looked up in nanoseconds.
//!
//! A word that is in no list is taken to be about the matter. So the lists hold what people write when they have
//! nothing to say, not everything that is common: `replace`, `lock` and `retry` tell something, `update`, `code` and
//! `improve` do not.

/// What a word is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// In no list.
    Specific,
    /// Grammar.
    Function,
    /// Grammar that joins a cause, a condition or a contrast.
    Link,
    /// Could stand below any change.
    Filler,
    /// Stands for a text that is still to be written, or for none.
    Stub,
    /// Keys hit at random.
    Mash,
}

/// Grammar of English, German, French and Spanish.
const FUNCTION: &str = "
a an the this that these those it its is are was were be been being am have has had having do does will would can could
should may might must shall not no nor and or but so as at by for from in into of on onto off out over under to up down
with about i you he she we they me him her us them my your his our
their who whom whose what how why where there here one two too very just also even yet such any all both each every
either neither own same don doesn isn aren wasn weren didn won wouldn couldn shouldn ll ve re non etc via eg ie vs along around upon
der die das den dem des ein eine einen einem einer eines und oder aber nicht ist sind war waren wird werden wurde wurden
hat haben im auf aus bei mit nach seit von vom zu zum zur für über unter durch um als auch noch wie es er sie wir ich man
sich mehr dies diese dieser dieses kann können muss müssen soll bereits mal sehr schon hier da
le la les un une des du de et ou ne pas est sont était étaient ont dans en au aux sur pour par avec que qui ce cet cette
ces il elle nous vous on se plus très aussi être été avoir fait dont là ici où leur leurs son sa ses
el los las unos unas y o es son era eran fue ha han del al por con su sus lo más muy este esta estos estas ese esa hay
está están ser sido ya también todo toda entre desde hasta
o os as um uma e do da dos das em no na com por para il lo gli uno di del della è sono con per non";

const LINK: &str = "
because since therefore thus hence unless until while when whenever whereas although though however instead rather
otherwise without only before after if which than despite once else whether within across between among against during per through beyond
weil damit sonst bevor nachdem wenn obwohl statt anstatt denn dadurch daher nur ohne bis sodass falls während
parce car sinon avant après lorsque quand si afin donc sans mais seulement tant puisque
porque así antes después cuando sino aunque para sin pero solo sólo mientras";

/// English by kind of word, then other languages. Looked up by stem, so one form of a word stands for its others.
const FILLER: &str = "
applies applied tries tried fix change update modify adjust improve enhance optimize optimise refactor clean cleanup tidy polish tweak make made do
did done doing add remove implement create write wrote written work ensure provide allow enable support handle address
resolve solve apply perform execute complete finish finalize introduce include contain follow use using used utilize
leverage need want require request ask discuss describe explain mention note see seen saw look check review test verify
validate learn learnt understand understood know known think thought try tried get got gotten set put keep kept help helped give given
take taken took bring brought come came go going gone went happen become start begin continue proceed achieve reach deliver meet satisfy
increase affect benefit simplify streamline facilitate organize organise structure restructure rework revise correct
repair break broke broken contribute accomplish incorporate strengthen boost demonstrate encounter identify investigate
aim lead serve offer let say said tell told show shown move forward maintain manage address fulfil fulfill align
found find felt feel left leave met became began begun held hold made meant mean ran run sat stood turned turn done
empower unlock drive driven elevate transform foster embrace promote encourage showcase underscore highlight reflect
enrich uphold champion harness pave ship matter care represent serve prepare involve consider choose chose chosen decide
decided wrap tie sort iron touch step moved wanted looked helped
thing stuff code codebase base project repo repository file system application app software program product feature
function functionality functionalities method class module component logic implementation solution approach way manner
modification adjustment alteration addition version commit message diff pr pull merge ticket issue task story requirement
user customer developer dev team people everyone everybody everything something anything nothing someone quality
performance maintainability readability reliability stability scalability usability efficiency robustness consistency
flexibility extensibility experience behavior behaviour result outcome effect impact context learning lesson insight
knowledge reason background situation status purpose goal objective case scenario part place area aspect bit lot kind
number amount level detail information info data future past day moment process standard practice convention principle
guideline architecture design bug error problem trouble defect improvement enhancement optimization optimisation
development maintenance option item point question answer step action activity effort job meeting conversation chat
discussion description documentation thread section instruction session summary attention communication collaboration confidence productivity clarity
transparency excellence alignment mindset culture journey foundation groundwork framework ecosystem landscape vision
strategy initiative synergy opportunity challenge success progress growth care edge end hand piece bits spot shape form
sense rest side idea concern expectation feedback suggestion guidance help assistance ability capability correctness
stakeholder iteration milestone roadmap deliverable paradigm stage height subsequent upcoming lay laid laying unblock
complexity simplicity readiness integrity trust awareness understanding overview importance value
good better best great nice cleaner clear clearer simple simpler easy easier fast faster quick quicker smooth smoother
robust scalable efficient effective reliable stable secure flexible seamless modern elegant powerful comprehensive
proper appropriate suitable relevant necessary important useful helpful valuable various several multiple many few some
small smaller minor major big bigger large larger huge little less least most more new newer old older current existing
previous latest recent other another different similar certain specific particular main whole entire full maintainable
readable reusable understandable positive negative significant overall obvious trivial self explanatory explainable
expected unexpected bad worse wrong due able possible impossible needed general common basic technical internal external
back along fully highly greatly deeply thorough careful high higher low lower critical crucial essential key vital solid sound sane neat awesome excellent
perfect fine okay ok right ideal optimal loose rough messy ugly tidier cohesive consistent coherent concise meaningful
thoughtful rigorous holistic strategic innovative invaluable remarkable pivotal intricate diligent straightforward successful long short real actual additional further extra crosscutting intuitive
enterprise grade ready world state art cutting edge high level end
now then well again always still already ever accordingly successful general basic much lots overall today tomorrow
yesterday later soon first second last next below above hereby thereby mostly mainly usually often sometimes
yes nope hi hello thanks please sorry hope
änderung änderungen anpassung anpassungen verbesserung verbesserungen optimierung optimierungen kleine kleinere kleiner
kleinigkeiten diverse einige verschiedene mehrere fehler behoben korrigiert korrektur korrekturen aufgeräumt
aufräumarbeiten bereinigung überarbeitet überarbeitung aktualisiert aktualisierung geändert verbessert angepasst
erweitert hinzugefügt siehe oben unten keine kein nichts neues neu neue neuen gelernt besser bessere funktioniert jetzt
wieder alles gut sauber sauberer sauberen probleme problem lösung umgesetzt umsetzung gemacht anforderung anforderungen
besprochen qualität wartbarkeit lesbarkeit leistung nötig notwendig notwendige notwendigen wichtig wichtige anwendung
programm benutzer gewünscht entsprechend allgemein allgemeine insgesamt läuft
quelques corrections correction améliorations amélioration modifications changements changement mise mises jour divers
diverses petit petite petits petites nettoyage problème problèmes résolu corrigé amélioré modifié ajouté mieux meilleur
meilleure qualité rien aucun aucune voir dessus comme discuté bogue bogues fonctionne maintenant tout refactorisation
lisibilité mineur mineure mineures mineurs
algunos algunas cambio cambios mejora mejoras corrección correcciones arreglos arreglo arreglado código actualizado
actualizada actualización varios varias pequeños pequeñas problema problemas solucionado mejor calidad nada ninguno
ninguna nuevo nueva nuevos ver arriba discutido limpieza funciona ahora rendimiento errores menores
melhorias correções alterações ajustes miglioramenti correzioni modifiche varie";

/// Stands for a text that is still to be written.
const STUB: &str = "
todo tbd tba fixme wip na none nil placeholder dummy foo bar baz blah bla xxx yyy zzz ditto idem pending unknown
lorem ipsum dolor amet consectetur adipiscing elit eiusmod tempor incididunt labore dolore magna aliqua";

const MASH: &str = "asdf asd qwer qwe zxcv hjkl jkl sdf fdsa dfg lkj jklö asdasd asdfasdf qweqwe aaa aaaa sss ddd hhh";

/// Pairs of letters that words of European languages hardly ever have.
const ODD_PAIRS: &str = "
jk kj fj jf jd jh hj jg gj jl jz zj jx xj jq qj jw wj jv vj jc qk kq qz zq qx xq qw wq qf fq qg qh qd dq qb qm qn qp
zx xz xk kx vx xv xd xg xr fk kf vb bv vf fv hx xn gk";

const SLOTS: usize = 4096;

/// Open addressing; a slot holds a hash whose low three bits are the class, or 0.
struct Table {
    slots: [u32; SLOTS],
    odd_pairs: [u32; 26],
}

/// Made by the compiler: a hook looks up a hundred words, and to enter two thousand first would cost it more.
static TABLE: Table = Table::build();

impl Table {
    const fn build() -> Self {
        let mut table = Self { slots: [0; SLOTS], odd_pairs: [0; 26] };
        // The first list that has a word wins.
        table.enter(LINK, Class::Link, false);
        table.enter(STUB, Class::Stub, false);
        table.enter(MASH, Class::Mash, false);
        table.enter(FUNCTION, Class::Function, false);
        table.enter(FILLER, Class::Filler, true);
        let mut rest = ODD_PAIRS.as_bytes();
        while let Some((pair, after)) = next_word(rest) {
            table.odd_pairs[(pair[0] - b'a') as usize] |= 1 << (pair[1] - b'a');
            rest = after;
        }
        table
    }

    const fn enter(&mut self, list: &str, class: Class, stemmed: bool) {
        let mut rest = list.as_bytes();
        while let Some((word, after)) = next_word(rest) {
            let end = if stemmed { stem(word) } else { word.len() };
            let hash = hash(word.split_at(end).0);
            let slot = self.slot(hash);
            if self.slots[slot] == 0 {
                self.slots[slot] = (hash & !7) | class as u32;
            }
            rest = after;
        }
    }

    /// The slot of `hash`, or the empty one where it belongs.
    const fn slot(&self, hash: u32) -> usize {
        let mut slot = (hash >> 3) as usize % SLOTS;
        while self.slots[slot] != 0 && self.slots[slot] & !7 != hash & !7 {
            slot = (slot + 1) % SLOTS;
        }
        slot
    }

    fn class(&self, hash: u32) -> Class {
        match self.slots[self.slot(hash)] & 7 {
            1 => Class::Function,
            2 => Class::Link,
            3 => Class::Filler,
            4 => Class::Stub,
            5 => Class::Mash,
            _ => Class::Specific,
        }
    }

    /// The class of a word from its hash and its stem's. Fillers stand in the table by their stems, which may happen to be
    /// other words.
    fn classify(&self, whole: u32, stem: u32) -> Class {
        match self.class(whole) {
            Class::Specific | Class::Filler if self.class(stem) == Class::Filler => Class::Filler,
            Class::Specific | Class::Filler => Class::Specific,
            class => class,
        }
    }

    /// Only in lower case: `XKCD` and `FJord` are names.
    fn is_mash(&self, word: &[u8]) -> bool {
        word.len() > 3
            && (word.windows(2).any(|pair| self.is_odd(pair[0], pair[1])) || word.iter().all(|byte| *byte == word[0]))
    }

    fn is_odd(&self, first: u8, second: u8) -> bool {
        let row = self.odd_pairs.get(usize::from(first.wrapping_sub(b'a'))).copied().unwrap_or_default();
        second.is_ascii_lowercase() && row >> (second - b'a') & 1 != 0
    }
}

/// The first word of a list, and what follows it.
const fn next_word(mut list: &[u8]) -> Option<(&[u8], &[u8])> {
    while let [b' ' | b'\n', rest @ ..] = list {
        list = rest;
    }
    let mut end = 0;
    while end < list.len() && !matches!(list[end], b' ' | b'\n') {
        end += 1;
    }
    if end == 0 { None } else { Some(list.split_at(end)) }
}

/// Bytes of a word that are looked at; longer words are in no list.
const LONGEST: usize = 40;

/// A word's class and a hash by which it is recognised again, whatever its case.
pub(super) fn look_up(word: &str) -> (Class, u32) {
    if word.len() < 2 {
        return (Class::Function, 0);
    }
    if word.len() > LONGEST {
        return (Class::Specific, hash(word.as_bytes()));
    }
    let table = &TABLE;
    if !word.is_ascii() {
        let mut buffer = [0_u8; LONGEST];
        let lowered = lower(word, &mut buffer);
        let whole = hash(lowered);
        return (table.classify(whole, hash(&lowered[..stem(lowered)])), whole);
    }
    let word = word.as_bytes();
    let (stem, ending) = word.split_at(stem(word));
    let mix = |state, byte: &u8| mixed(state, byte.to_ascii_lowercase());
    let state = stem.iter().fold(BASIS, mix);
    let whole = finished(ending.iter().fold(state, mix));
    let class = table.classify(whole, finished(state));
    (if class == Class::Specific && table.is_mash(word) { Class::Mash } else { class }, whole)
}

/// Lower case in `buffer`. A letter whose lower case is longer may be cut at the end.
fn lower<'b>(word: &str, buffer: &'b mut [u8; LONGEST]) -> &'b [u8] {
    let mut length = 0;
    for c in word.chars().flat_map(char::to_lowercase) {
        let Some(room) = buffer.get_mut(length..length + c.len_utf8()) else { break };
        c.encode_utf8(room);
        length += c.len_utf8();
    }
    &buffer[..length]
}

const BASIS: u32 = 0x811c_9dc5;

/// FNV-1a.
pub(super) const fn hash(bytes: &[u8]) -> u32 {
    let mut state = BASIS;
    let mut rest = bytes;
    while let [byte, after @ ..] = rest {
        state = mixed(state, *byte);
        rest = after;
    }
    finished(state)
}

const fn mixed(state: u32, byte: u8) -> u32 {
    (state ^ byte as u32).wrapping_mul(0x0100_0193)
}

const fn finished(state: u32) -> u32 {
    state ^ (state >> 15)
}

/// Where a word's stem ends, in any case: without plural, past, participle and adverb endings of English.
const fn stem(word: &[u8]) -> usize {
    let length = word.len();
    let mut end = length;
    match letter(word, length) {
        b't' if length > 6 && ends(word, b"ment") => end -= 4,
        b'g' if length > 5 && ends(word, b"ing") => end -= 3,
        b'y' if length > 5 && ends(word, b"ly") => end -= 2,
        b'd' if length > 4 && ends(word, b"ed") => end -= 2,
        b's' if length > 7 && ends(word, b"ments") => end -= 5,
        b's' if length > 4 && ends(word, b"ies") => end -= 3,
        b's' if length > 4 && ends(word, b"es") => end -= 2,
        b's' if length > 3 && letter(word, length - 1) != b's' => end -= 1,
        _ => {}
    }
    // `ready` is not a form of `read`.
    if end > 3 && (letter(word, end) == b'e' || (end > 5 && letter(word, end) == b'y')) {
        end -= 1;
    }
    if end > 3 && letter(word, end) == letter(word, end - 1) && letter(word, end).is_ascii_alphabetic() {
        end -= 1;
    }
    end
}

/// The letter before the place `end`, in lower case; 0 where there is none.
const fn letter(word: &[u8], end: usize) -> u8 {
    if end == 0 { 0 } else { word[end - 1] | 0x20 }
}

const fn ends(word: &[u8], suffix: &[u8]) -> bool {
    let mut left = suffix.len();
    while left > 0 {
        if word.len() + left < suffix.len() + 1 || letter(word, word.len() + left - suffix.len()) != suffix[left - 1] {
            return false;
        }
        left -= 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_its_class() {
        for word in ["improve", "Improves", "IMPROVED", "improving", "improvements", "fixes", "Qualität", "properly"] {
            assert_eq!(look_up(word).0, Class::Filler, "{word}");
        }
        for word in ["lock", "worker", "string", "Wert", "property", "rsync", "nginx", "atomic", "retries"] {
            assert_eq!(look_up(word).0, Class::Specific, "{word}");
        }
        assert_eq!(look_up("because").0, Class::Link);
        assert_eq!(look_up("TODO").0, Class::Stub);
        assert_eq!(look_up("sdkjfh").0, Class::Mash);
        assert_eq!(look_up("the").0, Class::Function);
        assert_eq!(look_up("Lock").1, look_up("lock").1);
    }

    #[test]
    fn the_table_has_room() {
        let used = TABLE.slots.iter().filter(|slot| **slot != 0).count();
        assert!(used * 2 < SLOTS, "{used} of {SLOTS}");
    }
}
